"""Logs with effects, corrections and erasures as exported files, and copies in which entries say something else."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow import Paper, WorkflowEngine, open_database, reading, schema
from kfq_workflow.definition import model as m
from kfq_workflow.export import write_export
from tests import gated
from tests.contract import test_effects, test_families, test_rectify
from tests.mutants import canonical, hashed_anew
from tests.tampering import case
from tests.workflows import move, permit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Entry = dict[str, Any]

TYPES: dict[str, Any] = {"area": "decimal", "count": "integer", "open": "boolean", "day": "date", "words": "text"}
REASON = {"by": "rec", "reason": "笔误"}


def expanded(engine: WorkflowEngine) -> None:
    """An approved expansion amends its zone, reopens two plans and skips a third; one that was late does nothing."""
    test_effects.expansion(engine)
    engine.fire(
        "zone/1", "approve_expansion", by="provincial_government", papers=test_effects.REPLY,
        params={"total_area_km2": "12.5"},
    )  # fmt: skip
    test_effects.adopted(engine, "zone/2", "zone_expansion", {"main": "decision_pending", "integration": None})
    engine.register(
        "zone/2", "approve_expansion", by="registrar", performed_by="provincial_government", source="批复",
        basis="stated", on="2017",
    )  # fmt: skip


def merged(engine: WorkflowEngine) -> None:
    """A completed merger closes the zone that is absorbed; a decided exit, which the zone reads, revokes another."""
    test_effects.merger(engine)
    test_effects.merge(engine)
    test_families.zone(engine, "third")
    notice = [Paper("decision_notice")]
    test_effects.adopted(engine, "third/exit", "zone_exit", {"main": "exit_proposed"})
    engine.fire("third/exit", "decide_exit", by="provincial_government", papers=notice)
    engine.fire("third", "revoke_zone", by="provincial_government", papers=notice)


def siblings(engine: WorkflowEngine) -> None:
    """A case reads its zone and another case of it."""
    test_families.zone(engine)
    for key in ("zone/1", "zone/2"):
        test_families.case(engine, key)
    engine.fire("zone/2", "withdraw_expansion", by="city_government", papers=[Paper("withdrawal_letter")])
    engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=test_families.SCHEME)


def zones(database: Any) -> WorkflowEngine:
    """Prepare a log for what happens to zones."""
    engine = test_effects.prepared(database)
    engine.enroll("staffing_commission", by="system", roles=["staffing_commission"])
    return engine


def corrected(engine: WorkflowEngine) -> None:
    """Corrections of every kind, one of a correction, a strike that is struck, one that was declined, two erasures."""
    for seq, what in (
        (2, {"on": "2020-02-03", "papers": [Paper("request", number="2号", title="请示")]}),
        (4, {"struck": True}),
        (6, {"on": "2020-02-04"}),
        (1, {"attrs": {"area": "3", "owner": "另一人"}}),
        (8, {"on": "2020-05"}),
    ):
        done = engine.rectify("p", seq, number="9", **REASON, **what)  # type: ignore[arg-type]
        engine.confirm("p", done.receipt.seq, by="chief")
    engine.decline("p", engine.rectify("p", 3, **REASON, on="2020-03").receipt.seq, by="chief", reason="n")
    engine.register("p", "suspend", by="reg", performed_by="boss", source="旧档", basis="implied", on="2020-06")
    last = engine.history("p")[-1].row.seq
    done = engine.rectify("p", last, **REASON, basis="stated", source="原件")
    engine.confirm("p", done.receipt.seq, by="chief")
    engine.fire("p", "resume", by="boss")
    for key, texts in (("p", [(1, "name"), (2, "papers.0.title")]), ("~actor/clerk", [(2, "name")])):
        if key != "p":
            engine.enroll("clerk", by="system", name="某人")
        done = engine.redact(key, texts, by="rec", reason="r", number="1")
        engine.confirm(key, done.receipt.seq, by="chief")
    first, _, third = (engine.rectify("p", 3, **REASON, on=f"2020-03-0{day}").receipt.seq for day in (5, 6, 7))
    engine.decline("p", third, by="chief", reason="n")
    engine.confirm("p", first, by="chief")
    engine.decline("p", engine.rectify("p", 3, **REASON, on="2020-03-08").receipt.seq, by="chief", reason="n")


def voted(database: Any) -> WorkflowEngine:
    """Prepare a log with a gate that several people have decided."""
    gated.prepare(database)
    engine = WorkflowEngine(database)
    for id_, role in (("rec", "records"), ("chief", "chief")):
        engine.enroll(id_, by="admin", roles=[role])
    engine.rule(by="admin", rectify=test_rectify.WHO)
    engine.submit("p", "grant", by="app")
    for by in ("c1", "c2", "boss"):
        engine.approve("p", "grant", by=by)
    return engine


def redated(engine: WorkflowEngine) -> None:
    """Days of a start, a move and a vote are corrected, one of them twice."""
    entries = engine.history("p")
    day, last = entries[0].body["on"]["edtf"], entries[-1].row.seq
    for seq, on in ((1, "2020-01-01"), (2, "2020"), (last, f"[2020-01-01..{day}]"), (last, f"[2021-01-01..{day}]")):
        done = engine.rectify("p", seq, **REASON, on=on)
        engine.confirm("p", done.receipt.seq, by="chief")


def definitions() -> tuple[m.Definition, m.Definition]:
    """Return a permit with attributes of every type, and a case whose moves, one with a gate, give them values."""
    permitted = permit(
        attributes={
            **{name: m.Field(name, kind) for name, kind in TYPES.items()},
            "owner": m.Field("owner", "text", personal=True),
        },
        parameters={"who": m.Field("who", "text"), "secret": m.Field("secret", "text", personal=True)},
        transitions=(
            *permit().transitions,
            move("note", "draft", m.Target("same"), roles=("authority",), parameters=("who", "secret")),
        ),
    )
    values = {
        "area": m.Taken("parameter", "size"), "count": m.Taken("parameter", "many"), "open": m.Taken("literal", "true"),
        "day": m.Taken("attribute", "day"), "words": m.Taken("key"), "owner": m.Taken("attribute", "words"),
    }  # fmt: skip
    effects = (
        m.AmendEffect(m.Taken("root"), values, m.Taken("parameter", "size")),
        m.FireEffect(m.Taken("root"), ("note",), {"who": m.Taken("root"), "secret": m.Taken("attribute", "words")}),
    )
    more: dict[str, Any] = {"roles": ("clerk",), "parameters": ("size", "many"), "effects": effects}
    gate = m.Gate((m.Signer("clerks", "role", "clerk"),), m.Quorum("all"))
    return permitted, case(
        transitions=(move("open", "new", "open", gate=gate, **more), move("try", "new", m.Target("same"), **more)),
        attributes={"day": m.Field("day", "date"), "words": m.Field("words", "text")},
        parameters={"size": m.Field("size", "decimal"), "many": m.Field("many", "text")},
        guards={},
    )


def prepared(database: Any) -> WorkflowEngine:
    """Prepare a log for effects with values of every type."""
    schema.init(database)
    engine = WorkflowEngine(database)
    for definition in definitions():
        engine.define(definition, by="system")
    for id_, role in (("applicant", "applicant"), ("clerk", "clerk"), ("other", "clerk")):
        engine.enroll(id_, by="system", roles=[role])
    return engine


def valued(engine: WorkflowEngine) -> None:
    """What a move and a vote decide gives the root values, which are of another type there."""
    engine.start("permit", "p", by="applicant", name="地块")
    words = {"day": "2020-05", "words": "A\u0301 一"}
    engine.start("case", "p/1", by="clerk", name="案", root="p", attrs=words)
    engine.fire("p/1", "try", by="clerk", params={"size": "1.50", "many": "7"})
    engine.fire("p/1", "try", by="clerk")
    engine.submit("p/1", "open", by="clerk", params={"size": "2", "many": "9"})
    engine.approve("p/1", "open", by="other")


SCENES: dict[str, tuple[Callable[[Any], WorkflowEngine], Callable[[WorkflowEngine], None]]] = {
    "expanded": (zones, expanded),
    "merged": (zones, merged),
    "siblings": (zones, siblings),
    "valued": (prepared, valued),
    "corrected": (test_rectify.prepared, corrected),
    "redated": (voted, redated),
}


def made(name: str, folder: Path) -> WorkflowEngine:
    """Return an engine on a log of one of these scenes."""
    prepare, work = SCENES[name]
    engine = prepare(open_database(f"sqlite:///{folder / 'log.db'}"))
    work(engine)
    return engine


@cache
def log(name: str) -> bytes:
    """Return the export of a scene."""
    with tempfile.TemporaryDirectory() as folder:
        engine = made(name, Path(folder))
        with reading(engine.database) as source:
            write_export(source, Path(folder) / "log.jsonl")
        engine.database.dispose()
        return (Path(folder) / "log.jsonl").read_bytes()


def entries(data: bytes) -> list[Entry]:
    """Return the entries of an export."""
    return [json.loads(line) for line in data.splitlines() if line.startswith(b'{"actor":')]


def changed(data: bytes, key: str, seq: int, work: Callable[[Entry], object], *, cite: bool = True) -> bytes:
    """Return a copy in which one entry says something else, and every chain is hashed anew.

    With `cite` other entries cite the new leaves, as far as there are such entries.
    """
    lines = data.splitlines()
    parsed = {number: json.loads(line) for number, line in enumerate(lines) if line.startswith(b'{"actor":')}
    work(next(entry for entry in parsed.values() if (entry["instance"], entry["seq"]) == (key, seq)))
    return hashed_anew(lines, parsed, cite=cite)


def rechained(lines: list[bytes], key: str, seq: int, work: Callable[[Entry], object]) -> None:
    """Change one entry among the lines of a log, and hash its chain anew from there on, with the head's line."""
    leaf: str | None = None
    for number, line in enumerate(lines):
        if line.startswith(b'{"actor":') and (entry := json.loads(line))["instance"] == key and entry["seq"] >= seq:
            if leaf is None:
                work(entry)
            else:
                entry["prev"] = leaf
            lines[number] = canonical(entry) + b"\n"
            leaf = sha256(b"\0" + lines[number][:-1]).hexdigest()
        elif line.startswith(b'{"head":') and (head := json.loads(line)["head"])["instance"] == key:
            lines[number] = canonical({"head": {**head, "leaf": leaf}}) + b"\n"


def inside(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside of a body."""
    for name in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*place, name)
        yield from inside(value[name], (*place, name))


def put(body: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put a value at a place inside of a body; an ellipsis takes away what is there."""
    for name in place[:-1]:
        body = body[name]
    if value is ...:
        del body[place[-1]]
    else:
        body[place[-1]] = value
