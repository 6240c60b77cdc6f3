"""Why not: the codes of refusals, the error that each one raises, and the sentence that it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.messages import render
from kfq_workflow.values import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.definition.model import Definition

#: Which error class a refusal's code belongs to.
CATEGORIES = {
    "not_from_state": "NotAllowed",
    "region_inactive": "NotAllowed",
    "not_on_record": "NotAllowed",
    "needs_approval": "NotAllowed",
    "no_gate": "NotAllowed",
    "gate_open": "NotAllowed",
    "gate_closed": "NotAllowed",
    "suspended": "NotAllowed",
    "voided": "NotAllowed",
    "not_suspended": "NotAllowed",
    "not_voided": "NotAllowed",
    "task_done": "NotAllowed",
    "task_waiting": "NotAllowed",
    "no_task": "NotAllowed",
    "withdraw_too_late": "NotAllowed",
    "withdraw_never": "NotAllowed",
    "return_unknown": "NotAllowed",
    "return_applicant": "NotAllowed",
    "return_not_visited": "NotAllowed",
    "retract_relied": "NotAllowed",
    "quorum_unreachable": "NotAllowed",
    "nobody_to_ask": "NotAllowed",
    "would_decide": "NotAllowed",
    "last_signer": "NotAllowed",
    "signer_twice": "NotAllowed",
    "urged_today": "NotAllowed",
    "already_copied": "NotAllowed",
    "delegate_twice": "NotAllowed",
    "direct_not_allowed": "NotAllowed",
    "extended_before": "NotAllowed",
    "transfer_to_self": "NotAllowed",
    "not_a_signer": "NotAuthorised",
    "task_not_yours": "NotAuthorised",
    "not_applicant": "NotAuthorised",
    "not_asked": "NotAuthorised",
    "not_copied": "NotAuthorised",
    "retract_not_yours": "NotAuthorised",
    "duty_applicant": "NotAuthorised",
    "duty_applicant_org": "NotAuthorised",
    "duty_not_by": "NotAuthorised",
    "duty_contributor": "NotAuthorised",
    "duty_voted": "NotAuthorised",
    "duty_handler": "NotAuthorised",
    "waive_second": "NotAuthorised",
    "proxy_none": "NotAuthorised",
    "approver_may_not_void": "NotAuthorised",
    "nothing_remembered": "NotAllowed",
    "role_missing": "NotAuthorised",
    "actor_not_valid": "NotAuthorised",
    "paper_missing": "EvidenceMissing",
    "number_retired": "EvidenceMissing",
    "parameter_missing": "EvidenceMissing",
    "guard_failed": "GuardFailed",
    "guard_ambiguous": "GuardFailed",
    "effect_target": "GuardFailed",
    "effect_refused": "GuardFailed",
    "not_supported": "GuardFailed",
    "effects_not_supported": "GuardFailed",
    "policy_off": "NotAllowed",
    "proposal_lapsed": "NotAllowed",
    "proposal_settled": "NotAllowed",
    "rectify_absent": "NotAllowed",
    "rectify_breaks": "NotAllowed",
    "rectify_effects": "NotAllowed",
    "rectify_first": "NotAllowed",
    "rectify_gate": "NotAllowed",
    "rectify_nothing": "NotAllowed",
    "rectify_papers": "NotAllowed",
    "rectify_relied": "NotAllowed",
    "rectify_struck": "NotAllowed",
    "rectify_unknown": "NotAllowed",
    "redact_gone": "NotAllowed",
    "second_org": "NotAuthorised",
    "second_person": "NotAuthorised",
    "second_proxy": "NotAuthorised",
}

#: Which kind of label a refusal's value is shown by.
_LABELLED = {
    "trigger": "trigger",
    "state": "state",
    "sources": "state",
    "region": "region",
    "needs": "role",
    "paper": "paper",
    "parameter": "parameter",
    "guard": "guard",
    "states": "state",
    "gate": "trigger",
    "transition": "trigger",
    "signers": "role",
}


def refuse(definition: Definition | None, code: str, **values: Any) -> Refusal:
    """Build a refusal whose sentences use the definition's labels; `values` hold bare codes."""
    return Refusal(
        code,
        CATEGORIES[code],
        values,
        zh=render(code, _labelled(definition, values, "zh"), "zh"),
        en=render(code, _labelled(definition, values, "en"), "en"),
    )


def _labelled(definition: Definition | None, values: Mapping[str, Any], lang: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in values.items():
        kind = _LABELLED.get(name)
        if name == "found":  # what verification would find, with the values beside it
            about = values.get("about", {})
            known = {"reasons": ", ".join(about.get("codes", ()))}  # all that entries said before they gave reasons
            shown[name] = render(f"finding.{value}", {**known, **about}, lang)
        elif kind is None:
            shown[name] = value
        elif isinstance(value, (list, tuple)):
            shown[name] = [_named(definition, kind, item, lang) for item in value]
        else:
            shown[name] = _named(definition, kind, value, lang)
    return shown


def _named(definition: Definition | None, kind: str, name: str, lang: str) -> str:
    bare = name.rpartition("=")[2] if kind == "state" else name
    return definition.named(kind, name, lang, bare) if definition else bare
