"""A permit whose grant is signed by several people, and a hand that holds each act on it to one entry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, schema
from kfq_workflow.definition import model as m
from kfq_workflow.errors import Refused
from kfq_workflow.history.replay import fold
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from kfq_workflow import Receipt
    from kfq_workflow.entry import Row

#: Everybody's roles and organisation.
PEOPLE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "app": (("applicant",), "park"),
    "both": (("applicant", "clerk"), "park"),
    "c1": (("clerk",), "city"),
    "c2": (("clerk",), "city"),
    "c3": (("clerk",), "park"),
    "boss": (("authority",), "city"),
    "reg": (("registrar",), "city"),
    "reg2": (("registrar",), "city"),
    "x": ((), "street"),
}
CLERKS = m.Signer("clerks", "role", "clerk", seats=2)
BOSS = m.Signer("boss", "role", "authority")
#: Which kind of entry each verb makes.
KINDS = {
    "submit": "opened", "approve": "voted", "reject": "voted", "abstain": "voted", "retract": "retracted",
    "transfer": "transferred", "delegate": "delegated", "reply": "replied", "add_signer": "added",
    "remove_signer": "removed", "send_back": "returned", "withdraw": "withdrawn", "suspend": "suspended",
    "resume": "resumed", "void": "voided", "reinstate": "reinstated", "urge": "urged", "copy": "copied",
    "mark_read": "read", "extend": "extended", "waive": "waived", "comment": "annotated", "fire": "fired",
    "amend": "amended", "adopt": "adopted", "register": "fired",
}  # fmt: skip
REASON = {"reason": "另有原因"}
BASIS = {"reason": "依据文件", "number": "市函〔2026〕1号"}


def gate(*signers: m.Signer, quorum: m.Quorum | str = "all", **more: Any) -> m.Gate:
    """A gate; the quorum by its kind, or a whole one."""
    return m.Gate(signers or (CLERKS, BOSS), m.Quorum(quorum) if isinstance(quorum, str) else quorum, **more)  # type: ignore[arg-type]


def guarded(asked: m.Gate, *more: m.Transition, **changes: Any) -> m.Definition:
    """The permit with this gate on `grant`; `more` transitions beside the permit's own."""
    transitions = tuple(
        replace(rule, roles=("applicant",), guards=(), parameters=("fee",), gate=asked) if rule.id == "grant" else rule
        for rule in permit().transitions
    )
    parts: dict[str, Any] = {
        "transitions": (*transitions, *more),
        "permissions": m.Permissions(
            start=frozenset({"applicant"}), supervise=frozenset({"registrar"}), amend=frozenset({"applicant"})
        ),
        "parameters": {"fee": m.Field("fee", "integer")},
        "guards": {},
    }
    return permit(**(parts | changes))


class Case:
    """One instance in review, with a gate before it; its acts are held to what every act must leave behind."""

    def __init__(self, engine: WorkflowEngine, key: str = "p") -> None:
        self.engine = engine
        self.key = key

    @property
    def rows(self) -> list[Row]:
        """The entries so far."""
        return [entry.row for entry in self.engine.history(self.key)]

    @property
    def body(self) -> Mapping[str, Any]:
        """The body of the newest entry."""
        return self.engine.history(self.key)[-1].body

    @property
    def state(self) -> str | None:
        """The state of the instance."""
        return self.engine.show(self.key).row.state

    @property
    def gate(self) -> dict[str, Any]:
        """The gate of `grant` as it is stored."""
        return self.engine.show(self.key).snapshot.gates["grant"]

    @property
    def tasks(self) -> dict[str, str]:
        """The state of every task by its number."""
        return {number: task["state"] for number, task in self.gate["tasks"].items()}

    @property
    def count(self) -> tuple[int, int, int]:
        """How many approve, how many are still to vote, and how many must approve."""
        return self.gate["tally"]["approve"], self.gate["tally"]["open"], self.gate["tally"]["need"]

    def act(self, verb: str, *args: Any, **how: Any) -> Receipt:
        """Act: exactly one entry more, of the verb's kind, no earlier one changed, and the row equals the fold."""
        before = self.rows
        receipt: Receipt = getattr(self.engine, verb)(self.key, *args, **how)
        self.hold(before, KINDS[verb])
        assert (receipt.seq, receipt.kind, receipt.replayed) == (len(before) + 1, KINDS[verb], False)
        return receipt

    def refuse(self, codes: str, verb: str, *args: Any, **how: Any) -> Refused:
        """Act in vain: refused for exactly these codes, in this order; only the attempt is put on record."""
        before, shown = self.rows, self.engine.show(self.key)
        with pytest.raises(Refused) as caught:
            getattr(self.engine, verb)(self.key, *args, **how)
        assert " ".join(refusal.code for refusal in caught.value.refusals) == codes
        assert type(caught.value).__name__ == min(
            (refusal.category for refusal in caught.value.refusals),
            key=["NotAllowed", "NotAuthorised", "EvidenceMissing", "GuardFailed"].index,
        )
        assert "{" not in caught.value.text("zh") + caught.value.text("en")
        self.hold(before, "refused")
        after = self.engine.show(self.key)
        assert (after.row.snapshot, after.rev) == (shown.row.snapshot, shown.rev)
        return caught.value

    def hold(self, before: list[Row], kind: str) -> None:
        """Hold that one entry of this kind has come, that the others are as they were, and the row is their fold."""
        after = self.rows
        assert (after[:-1], after[-1].kind) == (before, kind)
        assert fold(after).encode() == self.engine.show(self.key).row.snapshot


def prepared(database: Engine, definition: m.Definition, **how: Any) -> WorkflowEngine:
    """An engine on a fresh log with the definition and the people; `how` goes to the engine."""
    schema.init(database)
    engine = WorkflowEngine(database, via="tests", **how)

    def all_at_once(tx: Any) -> None:
        tx.define(definition, by="system")
        for name, (roles, org) in PEOPLE.items():
            tx.enroll(name, by="system", roles=roles, org=org, name=name)

    engine.run(all_at_once)
    return engine


def in_review(engine: WorkflowEngine, key: str = "p", by: str = "app", **attrs: Any) -> Case:
    """A permit that has come into review."""

    def begin(tx: Any) -> None:
        tx.start("permit", key, by=by, name="许可", attrs={"area": "1.5"} | attrs)
        tx.fire(key, "submit", by=by, papers=[Paper("request")])

    engine.run(begin)
    return Case(engine, key)


def submitted(database: Engine, asked: m.Gate, *more: m.Transition, by: str = "app", **changes: Any) -> Case:
    """A permit whose grant has been submitted for approval."""
    case = in_review(prepared(database, guarded(asked, *more, **changes)), by=by)
    case.act("submit", "grant", by=by)
    return case
