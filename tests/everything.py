"""A log of few entries with everything in it: what verification decides again, and what it says of the log itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kfq_workflow import Paper, WorkflowEngine, open_database, reading, schema
from kfq_workflow.audit import checkpoints, keyfile, keys
from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.definition import model as m
from kfq_workflow.errors import Refused
from kfq_workflow.export import write_export
from kfq_workflow.working_days import Calendar
from tests.workflows import move, permit

if TYPE_CHECKING:
    from pathlib import Path

    from kfq_workflow.audit.note import Note, VerifierKey

#: Everybody's roles and organisation.
PEOPLE = {
    "app": (["applicant"], "park"),
    "c1": (["clerk"], "city"),
    "c2": (["clerk"], "city"),
    "reg": (["registrar", "records"], "city"),
    "boss": (["authority", "chief", "clerk", "administrator"], "province"),
}
BASIS = {"reason": "依据文件", "number": "市函〔2026〕1号"}


@dataclass(frozen=True, slots=True)
class Everything:
    """The log as an export, the key that is trusted, checkpoints: of the larger log from before and after a restore."""

    log: bytes
    trust: VerifierKey
    anchors: tuple[Anchor, ...]


def definitions() -> tuple[m.Definition, m.Definition]:
    """Return a permit that two clerks or their proxies grant, and a case that amends it."""
    signers = (m.Signer("clerks", "role", "clerk", seats=2),)
    asked = m.Gate(signers, m.Quorum("count", 2), duties=("not_applicant",), binds=("area",), not_by=("survey",))
    guards = {
        "survey_done": m.InStates("survey", frozenset({"done"})),
        "fit": m.All((m.FieldIs("attribute", "area", "le", "500"), m.Not(m.Visited("main", "refused")))),
        "unopposed": m.GateIs("grant", "unopposed"),
    }
    transitions = [
        replace(rule, roles=("applicant",), guards=("survey_done", "fit", "unopposed"), gate=asked)
        if rule.id == "grant"
        else rule
        for rule in permit().transitions
    ]
    rules = permit(
        transitions=(
            *transitions,
            move("reply", "granted", m.Target("same"), roles=("authority",), guards=("caused",)),
        ),
        guards={**guards, "caused": m.CausedBy("case", "main", frozenset({"open", "new"}))},
        permissions=m.Permissions(
            start=frozenset({"applicant"}), supervise=frozenset({"registrar"}), amend=frozenset({"applicant"})
        ),
    )
    effects = (
        m.AmendEffect(m.Taken("root"), {"area": m.Taken("parameter", "area")}),
        m.FireEffect(m.Taken("root"), ("reply", "undo"), where_allowed=True),
    )
    opened = move(
        "open", "new", "open", roles=("clerk",), guards=("permitted",), parameters=("area",), effects=effects
    )  # fmt: skip
    case = m.Definition(
        "case", 1, {"main": m.Region("main", "new", {"new": m.State("new"), "open": m.State("open", terminal=True)})},
        transitions=(opened,), permissions=m.Permissions(start=frozenset({"clerk"})),
        roles=frozenset({"clerk", "registrar"}), parameters={"area": m.Field("area", "decimal", required=True)},
        guards={"permitted": m.RootIn("main", frozenset({"review", "granted"}))}, root="permit",
    )  # fmt: skip
    return rules, case


def everything(folder: Path) -> Everything:
    """Make it."""
    path = folder / "everything.db"
    engine = WorkflowEngine(open_database(f"sqlite:///{path}"), via="tests")
    for name in ("one", "two"):
        keyfile.create(folder / name, name)
    _prepare(engine)
    _decide(engine)
    engine.seal()
    before = _anchor("before", checkpoints.checkpoint(engine, folder / "one"))
    keys.rotate(engine, folder / "one", folder / "two")
    lost = _restored(engine, path, folder / "two")
    engine.recover([lost], by="boss", reason="磁盘损坏")
    _correct(engine)
    engine.seal()
    after = _anchor("after", checkpoints.checkpoint(engine, folder / "two", recovered=True))
    engine.annotate("p", "其后", by="c1")
    return _exported(engine, folder / "one", (before, lost, after))


def something(folder: Path) -> Everything:
    """Make a log of a few entries, a fifth of the work to verify: a permit, sealed, and a note after the checkpoint."""
    engine = WorkflowEngine(open_database(f"sqlite:///{folder / 'something.db'}"), via="tests")
    keyfile.create(folder / "key", "one")
    schema.init(engine.database)
    engine.define(permit(), by="system")
    for id_ in ("applicant", "clerk", "authority"):
        engine.enroll(id_, by="system", roles=[id_], org="city")
    engine.start("permit", "p", by="applicant", name="许可", attrs={"area": "12.50", "owner": "某人"}, on="2018")
    papers = [Paper("request", number="晋政函〔2020〕9号", title="请示")]
    engine.fire("p", "submit", by="applicant", papers=papers, opinion="请批示", on="2019")
    engine.fire("p", "survey", by="clerk", on="[..2020]")
    engine.fire("p", "grant", by="authority", opinion="同意")
    engine.seal()
    anchor = _anchor("before", checkpoints.checkpoint(engine, folder / "key"))
    engine.annotate("p", "其后", by="clerk")
    return _exported(engine, folder / "key", (anchor,))


def _exported(engine: WorkflowEngine, key: Path, anchors: tuple[Anchor, ...]) -> Everything:
    """Export the log beside the key that is trusted."""
    path = key.with_name("log.jsonl")
    with reading(engine.database) as source:
        write_export(source, path)
    engine.database.dispose()
    return Everything(path.read_bytes(), keyfile.load(key).key, anchors)


def _anchor(label: str, note: Note) -> Anchor:
    return Anchor.parse(label, str(note).encode())


def _prepare(engine: WorkflowEngine) -> None:
    """Definitions, people, who may correct, a calendar, a proxy."""
    schema.init(engine.database)
    for definition in definitions():
        engine.define(definition, by="system")
    for id_, (roles, org) in PEOPLE.items():
        engine.enroll(id_, by="system", roles=roles, org=org)
    engine.rule(by="boss", rectify=(["records"], ["chief"]), redact=(["records"], ["chief"]), apart=True)
    engine.publish_calendar(Calendar(frozenset({"2026-10-01"}), frozenset({"2026-10-10"})), by="boss", number="1号")
    engine.grant_proxy("c2", by="c2", to="reg", valid_from=engine.today(), valid_to="2999-12-31", number="委托1号")


def _decide(engine: WorkflowEngine) -> None:
    """A permit that is granted by two votes, and a case that amends it and fires on it."""
    engine.start("permit", "p", by="app", name="许可", attrs={"area": "12.50", "owner": "某人"})
    engine.fire("p", "submit", by="app", papers=[Paper("request", number="晋政函〔2020〕9号", title="请示")])
    engine.fire("p", "survey", by="boss")
    engine.submit("p", "grant", by="app", opinion="请审批")
    engine.urge("p", by="app")
    engine.approve("p", by="c1", opinion="同意")
    engine.approve("p", by="reg", on_behalf_of="c2")
    engine.start("case", "p/case", by="c1", name="案", root="p")
    engine.fire("p/case", "open", by="c1", params={"area": "13"})


def _restored(engine: WorkflowEngine, path: Path, key: Path) -> Anchor:
    """Write what a restore loses; return the checkpoint that was published of it."""
    with closing(sqlite3.connect(":memory:")) as kept, closing(sqlite3.connect(path)) as live:
        live.backup(kept)
        engine.annotate("p", "将丢失", by="c1")
        engine.seal()
        lost = _anchor("lost", checkpoints.checkpoint(engine, key))
        engine.database.dispose()
        kept.backup(live)
    return lost


def _correct(engine: WorkflowEngine) -> None:
    """An instance that is void, one from old files, a refusal, a correction and an erasure."""
    engine.start("permit", "q", by="app", name="另一", on="2019")
    engine.fire("q", "submit", by="app", papers=[Paper("request", number="2号")])
    with suppress(Refused):
        engine.fire("q", "suspend", by="app")
    engine.void("q", by="reg", **BASIS)
    states = {"main": "granted", "survey": None}
    engine.adopt(
        "r", states, name="旧", workflow="permit", by="reg", source="旧卷", basis="implied",
        reason="补录", on="[..2017]",
    )  # fmt: skip
    papers = [Paper("request", number="晋政函〔2020〕10号", title="请示")]
    engine.confirm("p", engine.rectify("p", 2, by="reg", reason="笔误", papers=papers).receipt.seq, by="boss")
    erased = engine.redact("p", [(1, "attribute.owner")], by="reg", reason="本人申请", number="个保法第47条")
    engine.confirm("p", erased.receipt.seq, by="boss")
