"""What only an anchor finds is found with one and missed without; on each database, and on its export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, reading, schema
from kfq_workflow.audit import ed25519
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, origin_of
from kfq_workflow.audit.merkle import Range
from kfq_workflow.audit.note import COSIGNATURE, ED25519, Note, cosign, sign
from kfq_workflow.entry import parse_canonical
from kfq_workflow.export import write_export
from kfq_workflow.stored.tables import Tables
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import verify_export
from tests.tampering import build, change, places, rehash, remove, rows, tampering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from kfq_workflow.verify import Report

pytestmark = pytest.mark.tampers

TABLES = Tables()
LOG = ed25519.signer("office", ED25519, bytes(32))
WITNESS = ed25519.signer("second-office", COSIGNATURE, bytes(range(32)))
TRUST = Trust((LOG.key, WITNESS.key), ed25519.check)
NOW = 1_700_000_000


def anchor(engine: WorkflowEngine, label: str = "held", *, signed: bool = True) -> Anchor:
    """Seal, and return what would be kept outside."""
    made = engine.seal()
    text = str(Checkpoint(origin_of(engine.log().log, ""), made.size, made.root))
    note = Note(text, (sign(text, LOG), cosign(text, WITNESS, NOW)) if signed else ())
    return Anchor(label, Checkpoint.parse(text), note)


def checked(database: Engine, tmp_path: Path, anchors: Sequence[Anchor] = (), trust: Trust = NOBODY) -> Report:
    """Verify the database and its export, and hold that both say the same of tree and anchors."""
    with reading(database) as source:
        report = verify(source, anchors, trust=trust)
        path = tmp_path / "log.jsonl"
        write_export(source, path, overwrite=True)
    exported = verify_export(path, anchors, trust)
    assert [f for f in exported.findings if f.layer == "anchor"] == [f for f in report.findings if f.layer == "anchor"]
    assert exported.anchored == report.anchored
    if report.verdict != "tampered":
        assert exported.verdict == report.verdict
    return report


def test_a_sealed_log_is_anchored_by_what_was_held(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    first = anchor(engine, "first")
    engine.annotate("p", "其后", by="clerk")
    second = anchor(engine, "second", signed=False)
    engine.annotate("p", "又", by="clerk")
    report = checked(database, tmp_path, [second, first])
    assert (report.verdict, report.findings) == ("anchored", ())
    assert report.anchored is not None
    assert (report.anchored.label, report.anchored.size, report.anchored.newer) == ("second", 32, 1)
    assert "signatures" in report.not_checked
    trusted = checked(database, tmp_path, [first], TRUST)
    assert (trusted.verdict, trusted.findings, trusted.not_checked) == ("anchored", (), ())
    assert trusted.anchored is not None
    assert (trusted.anchored.signed, trusted.anchored.at, trusted.anchored.newer) == (
        ("office", "second-office"),
        NOW,
        3,
    )
    assert checked(database, tmp_path).verdict == "self-consistent"
    with reading(database) as source:
        one = verify(source, [first], key="p")
    assert (one.verdict, one.not_checked) == ("incomplete", ("anchor first", "other instances"))


def test_an_unsigned_or_falsely_signed_anchor_is_none(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    plain = anchor(engine, signed=False)
    report = checked(database, tmp_path, [plain], TRUST)
    assert (report.verdict, report.anchored, report.not_checked) == ("incomplete", None, ("anchor held",))
    assert [(f.kind, f.severity) for f in report.findings] == [("signature_missing", "warning")]
    line = sign(plain.note.text.replace("held", "x") + "more\n", LOG)
    false = Anchor("held", plain.checkpoint, Note(plain.note.text, (line,)))
    report = checked(database, tmp_path, [false], TRUST)
    assert (report.verdict, places(report)) == ("tampered", {("anchor", "signature_bad", None, None)})


def reseal(database: Engine) -> None:
    """Do what an insider does who has all power: place everything anew, as if it had always been so."""
    with tampering(database) as connection:
        for table in (TABLES.leaf, TABLES.sealed):
            connection.execute(table.delete())
        seal = [row for row in rows(database, "~log") if row.kind == "sealed"]
        assert len(seal) == 1
        change(connection, "instance", {"key": "~log"}, {"seq": 1, "rev": 1, "head": seal[0].prev})
        remove(connection, "entry", {"instance": "~log", "seq": 2})
        connection.execute(
            TABLES.instance.update().where(TABLES.instance.c.key == "~log").values(at=rows(database, "~log")[0].at)
        )
    WorkflowEngine(database).seal()


def only_with(database: Engine, tmp_path: Path, held: Anchor, kind: str) -> None:
    """Hold that a change is found with the anchor, as this kind, and not without."""
    without = checked(database, tmp_path)
    assert (without.verdict, without.findings) == ("self-consistent", ())
    report = checked(database, tmp_path, [held])
    assert report.verdict == "tampered"
    assert places(report) == {("anchor", kind, None, None)}


def test_a_log_that_was_hashed_anew(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    held = anchor(engine)
    log, chain = engine.log().log, rows(database, "o")
    body = parse_canonical(chain[-1].body)
    body["on"] = {"edtf": "2019-12-31", "hi": "2019-12-31", "lo": "2019-12-31"}
    with tampering(database) as connection:
        chain[2] = chain[2]._replace(via="elsewhere")
        rehash(connection, log, chain)
    found = places(checked_database(database, [held]))
    assert {place[:3] for place in found} >= {("tree", "leaf_differs", "o"), ("anchor", "root_differs", None)}
    reseal(database)
    only_with(database, tmp_path, held, "root_differs")


def checked_database(database: Engine, anchors: Sequence[Anchor] = ()) -> Report:
    with reading(database) as source:
        return verify(source, anchors)


def drop(connection: Connection, key: str) -> None:
    for table, column in (("instance", "key"), ("text", "instance"), ("entry", "instance")):
        target = getattr(TABLES, table)
        connection.execute(target.delete().where(target.c[column] == key))


def test_a_removed_instance(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    held = anchor(engine)
    with tampering(database) as connection:
        drop(connection, "o")
    found = places(checked_database(database))
    assert ("tree", "place_orphan", "o", 1) in found
    assert checked_database(database).verdict == "tampered"
    reseal(database)
    only_with(database, tmp_path, held, "size_shrunk")
    for number in range(9):
        engine.annotate("p", str(number), by="clerk")
    reseal_later = engine.seal()
    assert reseal_later.size > held.checkpoint.size
    only_with(database, tmp_path, held, "root_differs")


def test_a_cut_tail(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    engine.annotate("o", "其后", by="clerk")
    held = anchor(engine)
    chain = rows(database, "o")
    with tampering(database) as connection:
        remove(connection, "text", {"instance": "o", "seq": 8})
        change(connection, "instance", {"key": "o"}, {"seq": 7, "head": chain[6].leaf, "at": chain[6].at})
        remove(connection, "entry", {"instance": "o", "seq": 8})
    assert ("tree", "place_orphan", "o", 8) in places(checked_database(database))
    reseal(database)
    only_with(database, tmp_path, held, "size_shrunk")


def test_a_replaced_database(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    held = anchor(engine)
    schema.init(database, prefix="other_")
    other = WorkflowEngine(database, prefix="other_")
    other.seal()
    with reading(database, prefix="other_") as source:
        assert verify(source).verdict == "self-consistent"
        report = verify(source, [held])
    assert places(report) == {("anchor", "other_log", None, None)}
    # one that took the name over as well
    text = str(Checkpoint(origin_of(other.log().log, ""), 2, bytes(32)))
    with reading(database, prefix="other_") as source:
        report = verify(source, [Anchor("held", Checkpoint.parse(text), Note(text, ()))])
    assert places(report) == {("anchor", "root_differs", None, None)}
    assert checked(database, tmp_path, [held]).verdict == "anchored"


def test_two_histories_shown_to_two_auditors(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    held = anchor(engine)
    other = Checkpoint(held.checkpoint.origin, held.checkpoint.size, bytes(32))
    shown = Anchor("shown elsewhere", other, Note(str(other), ()))
    found = places(checked(database, tmp_path, [held, shown]))
    assert found == {("anchor", "fork", None, None), ("anchor", "root_differs", None, None)}


def test_a_tail_cut_exactly_at_a_checkpoint(database: Engine, tmp_path: Path) -> None:
    """The older anchor agrees; only the newer one tells."""
    engine = build(database)
    older = anchor(engine, "older")
    engine.annotate("p", "其后", by="clerk")
    newer = anchor(engine, "newer")
    chain, log = rows(database, "p"), rows(database, "~log")
    with tampering(database) as connection:
        remove(connection, "text", {"instance": "p", "seq": 8})
        change(connection, "instance", {"key": "p"}, {"seq": 7, "head": chain[6].leaf, "at": chain[6].at})
        remove(connection, "entry", {"instance": "p", "seq": 8})
        change(connection, "instance", {"key": "~log"}, {"seq": 2, "rev": 2, "head": log[1].leaf, "at": log[1].at})
        remove(connection, "entry", {"instance": "~log", "seq": 3})
        connection.execute(TABLES.leaf.delete().where(TABLES.leaf.c.position >= older.checkpoint.size))
        change(connection, "sealed", {"instance": "p"}, {"seq": 7, "leaf": chain[6].leaf})
        change(connection, "sealed", {"instance": "~log"}, {"seq": 2, "leaf": log[1].leaf})
    assert checked(database, tmp_path, [older]).verdict == "anchored"
    assert places(checked(database, tmp_path, [older, newer])) == {("anchor", "size_shrunk", None, None)}


# What shows without an anchor


def stored(database: Engine) -> list[Any]:
    with database.connect() as connection:
        return list(connection.execute(TABLES.leaf.select().order_by(TABLES.leaf.c.position)))


def test_two_places_that_were_exchanged(database: Engine) -> None:
    build(database).seal()
    first, second = [row for row in stored(database) if row.instance == "p"][2:4]
    with tampering(database) as connection:
        change(connection, "leaf", {"position": first.position}, {"position": 999})
        change(connection, "leaf", {"position": second.position}, {"position": first.position})
        change(connection, "leaf", {"position": 999}, {"position": second.position})
    found = places(checked_database(database))
    assert ("tree", "position_missing", "p", first.seq) in found
    assert ("tree", "position_moved", "p", second.seq) in found


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_place_that_was_removed(database: Engine, seq: int) -> None:
    build(database).seal()
    with tampering(database) as connection:
        remove(connection, "leaf", {"instance": "p", "seq": seq})
    found = {place[:2] for place in places(checked_database(database))}
    assert ("tree", "position_missing") in found
    assert (("tree", "entry_unplaced") in found) == (seq < 7)


def test_a_place_after_the_last_seal(database: Engine) -> None:
    engine = build(database)
    engine.seal()
    engine.annotate("p", "其后", by="clerk")
    row = rows(database, "p")[-1]
    with tampering(database) as connection:
        values = {"position": 30, "leaf": row.leaf, "node": row.leaf, "instance": "p", "seq": 8}
        connection.execute(TABLES.leaf.insert(), values)
        change(connection, "sealed", {"instance": "p"}, {"seq": 8, "leaf": row.leaf})
    assert ("tree", "position_unsealed", "p", 8) in places(checked_database(database))


@pytest.mark.parametrize(
    ("table", "where", "values", "finding"),
    [
        ("leaf", {"instance": "p", "seq": 3}, {"leaf": bytes(32)}, ("tree", "leaf_differs", "p", 3)),
        ("leaf", {"position": 15}, {"node": bytes(32)}, ("tree", "node_differs", None, None)),
        ("sealed", {"instance": "p"}, {"seq": 6}, ("cache", "sealed_differs", "p", 7)),
        ("sealed", {"instance": "p"}, {"leaf": bytes(32)}, ("cache", "sealed_differs", "p", 7)),
        ("sealed", {"instance": "p"}, {"instance": "none"}, ("cache", "sealed_orphan", "none", None)),
    ],
)
def test_stored_values_that_were_changed(
    database: Engine, table: str, where: dict[str, Any], values: dict[str, Any], finding: tuple[Any, ...]
) -> None:
    build(database).seal()
    with tampering(database) as connection:
        change(connection, table, where, values)
    found = places(checked_database(database))
    assert any(place[:2] == finding[:2] and finding[2:] in (place[2:], (None, None)) for place in found)


def test_heads_that_a_seal_did_not_say(database: Engine) -> None:
    engine = build(database)
    engine.seal()
    chain = rows(database, "~log")
    body = parse_canonical(chain[1].body)
    for name, value in (("heads", "00" * 32), ("instances", 3)):
        with tampering(database) as connection:
            changed = chain[1]._replace(body=json.dumps({**body, name: value}, separators=(",", ":")))
            rehash(connection, engine.log().log, [chain[0], changed])
        assert ("tree", "heads_differ", "~log", 2) in places(checked_database(database))
    with tampering(database) as connection:
        changed = chain[1]._replace(body=json.dumps({**body, "size": 0}, separators=(",", ":")))
        rehash(connection, engine.log().log, [chain[0], changed])
    found = places(checked_database(database))
    assert {("tree", "seal_size", "~log", 2), ("replay", "malformed", "~log", 2)} <= found


def test_checkpoints_that_the_log_keeps(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    held = anchor(engine)
    good = {"digest": b"\x01" * 32, "size": held.checkpoint.size, "root": held.checkpoint.root, "note": str(held.note)}
    with database.begin() as connection:
        connection.execute(TABLES.checkpoint.insert(), good)
    report = checked(database, tmp_path, (), TRUST)
    assert (report.verdict, report.findings) == ("self-consistent", ())
    for number, (values, kind) in enumerate(
        (
            ({"note": "x"}, "checkpoint_malformed"),
            ({"size": 7}, "checkpoint_malformed"),
            ({"note": str(held.note).replace("\n30\n", "\n31\n"), "size": 31}, "size_shrunk"),
            ({"note": str(held.note).replace("\n30\n", "\n29\n"), "size": 29}, "root_differs"),
            ({"note": str(held.note).replace("\n30\n", "\n29\n"), "size": 29}, "signature_bad"),
        )
    ):
        with tampering(database) as connection:
            connection.execute(TABLES.checkpoint.delete())
            connection.execute(TABLES.checkpoint.insert(), {**good, "digest": bytes([number]) * 32, **values})
        assert ("tree", kind, None, None) in places(checked(database, tmp_path, (), TRUST))


def test_the_tree_is_that_of_the_leaves_in_the_order_of_their_places(database: Engine) -> None:
    engine = build(database)
    engine.start("permit", "临汾/甲", by="applicant", name="名")
    engine.seal(limit=4)
    tree = Range()
    tree.extend(bytes(row.leaf) for row in stored(database))
    text = str(Checkpoint(origin_of(engine.log().log, ""), tree.end, tree.root()))
    report = checked_database(database, [Anchor("held", Checkpoint.parse(text), Note(text, ()))])
    assert (report.verdict, report.findings) == ("anchored", ())
