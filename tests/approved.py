"""A log on which every operation of approvals was done at least once, for what reads logs: its export."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow import open_database, reading
from kfq_workflow.definition import model as m
from kfq_workflow.export import write_export
from kfq_workflow.values import Paper
from tests.approvals import BASIS, BOSS, CLERKS, REASON, gate, guarded, in_review, prepared

if TYPE_CHECKING:
    from pathlib import Path

    from kfq_workflow import WorkflowEngine


def _shares() -> m.Definition:
    """Two thirds of two clerks and the boss, who has a veto; nobody objects; bound to the area."""
    signers = (CLERKS, replace(BOSS, veto=True))
    asked = gate(
        *signers, quorum=m.Quorum("ratio", ratio="2/3"), duties=("not_applicant", "not_contributor"),
        not_by=("submit",), binds=("area",), returns=("draft",), direct=("remark",), papers=("notice",),
        withdraw="until_decided",
    )  # fmt: skip
    definition = guarded(
        asked,
        attributes={"area": m.Field("area", "decimal"), "remark": m.Field("remark", "text")},
        guards={"unopposed": m.Any((m.GateIs("grant", "unopposed"), m.InStates("main", frozenset({"review"}))))},
    )
    return _with_guard(definition, "unopposed")


def _weights() -> m.Definition:
    """By weight, one after the other: an organisation, those whom code names, the boss where the area is large."""
    signers = (
        m.Signer("park", "org", "park", weight=2),
        m.Signer("panel", "code", "panel@1"),
        m.Signer("boss", "role", "authority", when="large"),
    )
    quorum = m.Quorum("weight", need=3, abstain="excluded", wait=True)
    asked = gate(*signers, quorum=quorum, sequential=True, binds=("area",), returns=("draft",))
    guards = {
        "large": m.FieldIs("attribute", "area", "gt", "1"),
        "reviewed": m.Not(m.Not(m.Visited("main", "review"))),
    }
    return replace(_with_guard(guarded(asked, guards=guards), "reviewed"), name="weights")


def _with_guard(definition: m.Definition, guard: str) -> m.Definition:
    rules = (replace(rule, guards=(guard,)) if rule.id == "grant" else rule for rule in definition.transitions)
    return replace(definition, transitions=tuple(rules))


def _first(engine: WorkflowEngine) -> None:
    """One permit from its submission to the grant, taken back, and its end."""
    case = in_review(engine)
    laid = {"papers": [Paper("notice", number="告〔2026〕1号")]}
    case.act("submit", "grant", by="app", due="2999-12-31", params={"fee": 7}, opinion="请批准")
    case.act("delegate", by="boss", to="x", question="可否")
    case.act("reply", by="x", opinion="可")
    case.act("approve", by="c1", **laid)
    case.act("retract", by="c1", **REASON)
    case.act("approve", by="c1", **laid)
    case.act("transfer", by="c2", to="c3", **REASON)
    case.act("add_signer", by="boss", signer="both", place="before", **REASON)
    case.act("add_signer", by="reg", signer="reg2", need=2, **REASON)
    case.act("remove_signer", by="reg", task="6", **REASON)
    case.act("urge", by="app")
    case.act("copy", by="app", to=["c2", "x"])
    case.act("mark_read", by="x")
    case.act("comment", "无异议", by="x")
    case.act("send_back", by="c3", **REASON)
    case.act("amend", {"remark": "已补正"}, by="app")
    case.act("submit", "grant", by="app", params={"fee": 7}, direct=True)
    case.act("amend", {"area": "2.5"}, by="app")
    case.act("suspend", by="reg", **BASIS)
    case.act("resume", by="reg", **BASIS)
    case.act("extend", by="reg", due="2999-12-30", **BASIS)
    case.act("waive", by="reg", actor="both", **REASON)
    case.act("waive", by="reg2", actor="both", **REASON)
    case.act("approve", by="both", **laid)
    case.act("approve", by="x", on_behalf_of="boss", **laid)
    case.act("retract", by="x", **REASON)
    case.act("reject", by="boss", opinion="不同意", **laid)
    case.act("submit", "grant", by="app")
    case.act("send_back", by="c1", to="draft", **REASON)
    case.act("fire", "submit", by="app", papers=[Paper("request")])
    case.act("submit", "grant", by="app")
    case.act("fire", "refuse", by="boss", papers=[Paper("notice")])


def _second(engine: WorkflowEngine) -> None:
    """One permit by weight, voided and reinstated on its way."""
    engine.start("weights", "q", by="app", name="许可", attrs={"area": "0.5"})
    engine.fire("q", "submit", by="app", papers=[Paper("request")])
    engine.submit("q", "grant", by="app", on="2020-01-02")
    engine.approve("q", by="c3")
    engine.suspend("q", by="reg", **BASIS)
    engine.amend("q", {"area": "3"}, by="app")
    engine.resume("q", by="reg", **BASIS)
    engine.void("q", by="reg", **BASIS)
    engine.reinstate("q", by="reg", **BASIS)
    engine.submit("q", "grant", by="app")
    engine.abstain("q", by="both")
    engine.approve("q", by="c1")
    engine.approve("q", by="c2")
    engine.approve("q", by="boss")
    engine.start("weights", "r", by="app", name="许可", attrs={"area": "0.5"})
    engine.fire("r", "submit", by="app", papers=[Paper("request")])
    engine.submit("r", "grant", by="app")
    engine.withdraw("r", by="app")
    engine.submit("r", "grant", by="app")
    engine.adopt("r", {"main": "draft"}, by="reg", source="报", reason="不详")


def _third(engine: WorkflowEngine) -> None:
    """One permit whose days had passed when they were put on record."""
    engine.start("permit", "s", by="app", name="许可", attrs={"area": "1.5"}, on="2020-01-01")
    engine.fire("s", "submit", by="app", papers=[Paper("request")], on="2020-02-01")
    engine.submit("s", "grant", by="app", on="2020-03")
    engine.approve("s", by="c1", papers=[Paper("notice")], on="2020-03-05")
    engine.approve("s", by="boss", papers=[Paper("notice")], on="2020-04")


def approved(folder: Path) -> WorkflowEngine:
    """Return an engine on such a log, in a new database."""
    database = open_database(f"sqlite:///{folder / 'approved.db'}")

    def panel(_question: Any) -> Any:
        return True, {"actors": ["c1", "c2"]}

    engine = prepared(database, _shares(), guards={"panel@1": panel})
    engine.define(_weights(), by="system")
    engine.grant_proxy("boss", by="boss", to="x", valid_from="2020-01-01", valid_to="2999-12-31", number="1")
    _first(engine)
    _second(engine)
    _third(engine)
    return engine


def approved_log(folder: Path) -> bytes:
    """Return the export of such a log."""
    database = approved(folder).database
    with reading(database) as source:
        write_export(source, folder / "approved.jsonl")
    database.dispose()
    return (folder / "approved.jsonl").read_bytes()
