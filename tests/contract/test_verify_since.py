"""Verification goes on from a checkpoint: what has changed since is read, the rest is named and held to its leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfq_workflow import reading
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.verify import since as module
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.contract.test_anchors import TRUST, anchor
from tests.contract.test_effects import merge, merger
from tests.contract.test_families import prepared as family
from tests.tampering import build, change, places, rehash, remove, rows, tampering

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow import WorkflowEngine
    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.verify import Report


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    return build(database)


@pytest.fixture
def held(engine: WorkflowEngine) -> Anchor:
    """Give a checkpoint; after it `p` is annotated and sealed, and `p/case` once more, which is not."""
    found = anchor(engine)
    engine.annotate("p", "其后", by="clerk")
    engine.seal()
    engine.annotate("p/case", "又", by="clerk")
    return found


def checked(database: Engine, held: Anchor, trust: Trust = NOBODY) -> Report:
    with reading(database) as source:
        return verify(source, since=held, trust=trust)


def test_what_has_nothing_newer_is_not_read_again(database: Engine, held: Anchor, tmp_path: Path) -> None:
    with reading(database) as source:
        everything = verify(source, [held], trust=TRUST)
        write_export(source, tmp_path / "log.jsonl")
    report = checked(database, held, TRUST)
    assert (report.verdict, report.findings, report.anchored) == ("incomplete", (), everything.anchored)
    # Of 14 instances `late` with 5 entries and `o` with 7 had no act since.
    assert report.not_checked == ("since 12 2 held",)
    assert (report.entries, report.instances) == (everything.entries - 12, everything.instances - 2)
    file = verify(ExportSource(tmp_path / "log.jsonl"), since=held, trust=TRUST)
    assert (file.verdict, file.entries, file.anchored) == ("anchored", everything.entries, everything.anchored)
    assert not any(what.startswith("since") for what in file.not_checked)


@pytest.mark.tampers
def test_what_an_old_entry_says_is_not_looked_at_but_that_it_is_there(database: Engine, held: Anchor) -> None:
    with tampering(database) as connection:
        change(connection, "entry", {"instance": "o", "seq": 3}, {"via": "elsewhere"})
    assert checked(database, held).findings == ()
    with reading(database) as source:
        assert places(verify(source)) == {("bytes", "leaf", "o", 3)}
    with tampering(database) as connection:
        remove(connection, "text", {"instance": "o", "seq": 3})
        remove(connection, "entry", {"instance": "o", "seq": 3})
    found = places(checked(database, held))
    assert {("chain", "gap", "o", 4), ("tree", "place_orphan", "o", 3)} <= found


@pytest.mark.tampers
def test_an_instance_that_is_gone_is_missed_by_its_leaves(database: Engine, held: Anchor) -> None:
    with tampering(database) as connection:
        for table, column in (("instance", "key"), ("text", "instance"), ("entry", "instance")):
            remove(connection, table, {column: "o"})
    assert ("tree", "place_orphan", "o", 1) in places(checked(database, held))


@pytest.mark.tampers
def test_what_has_something_newer_is_read_from_its_first_entry(database: Engine, held: Anchor) -> None:
    with tampering(database) as connection:
        change(connection, "entry", {"instance": "p", "seq": 2}, {"via": "elsewhere"})
        change(connection, "instance", {"key": "p/case"}, {"phase": "elsewhere"})
    assert places(checked(database, held)) == {("bytes", "leaf", "p", 2), ("cache", "phase", "p/case", 3)}


@pytest.mark.tampers
def test_old_leaves_that_were_changed_are_not_those_of_the_checkpoint(
    database: Engine, engine: WorkflowEngine, held: Anchor
) -> None:
    log, chain = engine.log().log, rows(database, "o")
    chain[2] = chain[2]._replace(via="elsewhere")
    with tampering(database) as connection:
        rehash(connection, log, chain)
    assert checked(database, held).findings == ()  # the leaves are the old ones: the next full run finds it
    with tampering(database) as connection:
        for row in rows(database, "o"):
            change(connection, "leaf", {"instance": "o", "seq": row.seq}, {"leaf": row.leaf})
    report = checked(database, held)
    assert (report.verdict, report.anchored) == ("tampered", None)
    assert {("anchor", "root_differs", None, None), ("cache", "sealed_differs", "o", 7)} <= places(report)


@pytest.mark.usefixtures("held")
def test_a_checkpoint_that_nobody_trusted_signed_passes_over_nothing(database: Engine, engine: WorkflowEngine) -> None:
    plain = anchor(engine, "plain", signed=False)
    report = checked(database, plain, TRUST)
    with reading(database) as source:
        assert report == verify(source, [plain], trust=TRUST)
    assert (report.verdict, report.not_checked) == ("incomplete", ("anchor plain",))


def test_an_effect_on_what_was_not_read_is_no_finding(database: Engine) -> None:
    engine = family(database)
    merger(engine)
    merge(engine)
    held = anchor(engine)
    engine.annotate("zone/merge", "又", by="registrar")
    report = checked(database, held)
    assert (report.verdict, report.findings) == ("incomplete", ())
    engine.annotate("small", "又", by="registrar")
    assert checked(database, held).findings == ()


def test_a_log_that_changed_everywhere_is_read_as_a_whole(
    database: Engine, engine: WorkflowEngine, held: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 0)
    # `o` has nothing newer, `a` comes before it: there are two stretches of what has.
    engine.start("permit", "a", by="applicant", name="许可", attrs={"area": "1"})
    with reading(database) as source:
        assert checked(database, held) == verify(source, [held])
