"""A log that agrees with what was held outside, on each database and in its export. Attacks: `test_attacks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, reading, verify_database
from kfq_workflow.audit import ed25519
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, origin_of
from kfq_workflow.audit.merkle import Range
from kfq_workflow.audit.note import COSIGNATURE, ED25519, Note, cosign, sign
from kfq_workflow.export import write_export
from kfq_workflow.stored.tables import Tables
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import verify_export
from tests.tampering import build, change, places, tampering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine

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


def checked_database(database: Engine, anchors: Sequence[Anchor] = ()) -> Report:
    with reading(database) as source:
        return verify(source, anchors)


# What shows without an anchor


def stored(database: Engine) -> list[Any]:
    with database.connect() as connection:
        return list(connection.execute(TABLES.leaf.select().order_by(TABLES.leaf.c.position)))


def test_the_tree_is_that_of_the_leaves_in_the_order_of_their_places(database: Engine) -> None:
    engine = build(database)
    engine.start("permit", "临汾/甲", by="applicant", name="名")
    engine.seal(limit=4)
    tree = Range()
    tree.extend(bytes(row.leaf) for row in stored(database))
    text = str(Checkpoint(origin_of(engine.log().log, ""), tree.end, tree.root()))
    report = checked_database(database, [Anchor("held", Checkpoint.parse(text), Note(text, ()))])
    assert (report.verdict, report.findings) == ("anchored", ())


@pytest.mark.tampers
def test_a_leaf_at_the_last_of_all_positions_is_found(database: Engine) -> None:
    build(database).seal()
    last = stored(database)[-2]
    with tampering(database) as connection:
        change(connection, "leaf", {"position": last.position}, {"position": 2**63 - 1})
    found = places(verify_database(database))
    assert ("tree", "position_unsealed", last.instance, last.seq) in found
    with tampering(database) as connection:  # no line of an export says so large a number
        change(connection, "leaf", {"position": 2**63 - 1}, {"position": last.position})
