"""Approval workflows whose history can be proved.

State and audit entry commit together, refusals explain themselves, and anyone can replay and verify the log. The
public names are loaded when they are first used, so that a command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfq_workflow.approval.waiting import Waiting
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.errors import (
        AlreadyStarted,
        Conflict,
        DatabaseUnavailable,
        DefinitionError,
        EvidenceMissing,
        GuardFailed,
        IdempotencyMismatch,
        InvalidInput,
        KfqError,
        NotAllowed,
        NotAuthorised,
        NotFound,
        NotInitialised,
        OutcomeUnknown,
        Refused,
        SchemaOutOfDate,
        SignerRefused,
        TransactionLost,
        VerificationFailed,
        VerificationInterrupted,
    )
    from kfq_workflow.stored import schema
    from kfq_workflow.stored.database import open_database
    from kfq_workflow.values import Actor, Decision, Paper, Proposal, Receipt, Refusal, Relied
    from kfq_workflow.verbs.registry import GuardContext
    from kfq_workflow.verbs.transaction import Transaction
    from kfq_workflow.verifying import reading, verify_database
    from kfq_workflow.views import HistoryEntry, InboxItem, Instance, Proxy

__version__ = "0.1.0"

_ERRORS = (
    "AlreadyStarted", "Conflict", "DatabaseUnavailable", "DefinitionError", "EvidenceMissing", "GuardFailed",
    "IdempotencyMismatch", "InvalidInput", "KfqError", "NotAllowed", "NotAuthorised", "NotFound", "NotInitialised",
    "OutcomeUnknown", "Refused", "SchemaOutOfDate", "SignerRefused", "TransactionLost", "VerificationFailed",
    "VerificationInterrupted",
)  # fmt: skip
_HOMES = {
    **dict.fromkeys(_ERRORS, "errors"),
    **dict.fromkeys(("Actor", "Decision", "Paper", "Proposal", "Receipt", "Refusal", "Relied"), "values"),
    **dict.fromkeys(("HistoryEntry", "InboxItem", "Instance", "Proxy"), "views"),
    "Definition": "definition.model",
    "GuardContext": "verbs.registry",
    "Transaction": "verbs.transaction",
    "Waiting": "approval.waiting",
    "WorkflowEngine": "engine",
    "open_database": "stored.database",
    **dict.fromkeys(("reading", "verify_database"), "verifying"),
}
_MODULES = {"schema": "stored.schema"}

__all__ = [
    "Actor", "AlreadyStarted", "Conflict", "DatabaseUnavailable", "Decision", "Definition", "DefinitionError",
    "EvidenceMissing", "GuardContext", "GuardFailed", "HistoryEntry", "IdempotencyMismatch", "InboxItem",
    "Instance", "InvalidInput", "KfqError", "NotAllowed", "NotAuthorised", "NotFound", "NotInitialised",
    "OutcomeUnknown", "Paper", "Proposal", "Proxy", "Receipt", "Refusal", "Refused", "Relied", "SchemaOutOfDate",
    "SignerRefused", "Transaction", "TransactionLost", "VerificationFailed", "VerificationInterrupted", "Waiting",
    "WorkflowEngine", "__version__", "open_database", "reading", "schema", "verify_database",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
