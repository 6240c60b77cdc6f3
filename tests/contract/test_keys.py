"""Handovers and revocations on record: what a verifier who trusts the oldest key accepts, and what nobody can forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfq_workflow import InvalidInput, SignerRefused, WorkflowEngine, reading, schema
from kfq_workflow.audit import checkpoints, keyfile, keys, signers
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
from kfq_workflow.audit.note import Note, cosign, sign
from kfq_workflow.audit.statements import Handover, Revocation, Statement
from kfq_workflow.export import write_export
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import verify_export
from tests.tampering import build, places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.audit.note import VerifierKey
    from kfq_workflow.verify import Report

ONE, NEXT, THIRD, THIEF = "one", "next", "third", "thief"


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """Give the folder of the keys."""
    for name in (ONE, NEXT, THIRD, THIEF):
        keyfile.create(tmp_path / name, name)
    return tmp_path


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    engine = build(database)
    engine.seal()
    return engine


def public(office: Path, name: str = ONE) -> VerifierKey:
    return keyfile.load(office / name).key


def trusting(office: Path, *names: str, statements: Sequence[Statement] = ()) -> Trust:
    return Trust(tuple(public(office, name) for name in names or (ONE,)), signers.check, tuple(statements))


def held(note: Note) -> Anchor:
    return Anchor.parse("held", str(note).encode())


def checked(engine: WorkflowEngine, office: Path, anchors: Sequence[Anchor], trust: Trust = NOBODY) -> Report:
    """Verify the database and its export, which must say the same."""
    with reading(engine.database) as source:
        report = verify(source, anchors, trust=trust)
        write_export(source, office / "log.jsonl", overwrite=True)
    exported = verify_export(office / "log.jsonl", anchors, trust)
    assert (exported.verdict, exported.anchored) == (report.verdict, report.anchored)
    assert places(exported) == places(report)
    return report


def sealed(engine: WorkflowEngine) -> WorkflowEngine:
    engine.annotate("p", "又", by="clerk")
    engine.seal()
    return engine


def test_who_trusts_the_first_key_accepts_the_last(engine: WorkflowEngine, office: Path) -> None:
    keys.rotate(engine, office / ONE, office / NEXT)
    keys.rotate(sealed(engine), office / NEXT, office / THIRD)
    note = checkpoints.checkpoint(sealed(engine), office / THIRD)
    report = checked(engine, office, [held(note)], trusting(office))
    assert (report.verdict, report.findings) == ("anchored", ())
    assert report.anchored is not None
    assert (report.anchored.signed, report.anchored.through) == (
        (THIRD,), ("one → next (~log #3) → third (~log #5)",),
    )  # fmt: skip
    told = checked(engine, office, [held(note)], trusting(office, THIRD)).anchored
    assert told is not None
    assert told.through == ()
    assert checked(engine, office, [held(note)], trusting(office, THIEF)).verdict == "incomplete"
    assert "signatures" in checked(engine, office, []).not_checked
    assert [each.label for each in keys.statements(engine)] == ["~log #3", "~log #5"]


def test_both_keys_sign_while_one_takes_over(engine: WorkflowEngine, office: Path) -> None:
    keys.rotate(engine, office / ONE, office / NEXT)
    note = checkpoints.checkpoint(sealed(engine), office / ONE, office / NEXT)
    assert [line.name for line in note.signatures] == [ONE, NEXT]
    report = checked(engine, office, [held(note)], trusting(office))
    assert report.anchored is not None
    assert (report.anchored.signed, len(report.anchored.through)) == ((ONE, NEXT), 1)
    with keyfile.hold(office / NEXT) as seen:
        assert seen.last(Checkpoint.parse(note.text).origin) == Checkpoint.parse(note.text)


def test_a_revoked_key_signs_in_vain(engine: WorkflowEngine, office: Path) -> None:
    before = checkpoints.checkpoint(engine, office / ONE)
    keys.rotate(engine, office / ONE, office / NEXT)
    said = keys.revoke(engine, public(office), office / NEXT, "compromised", now=lambda: 1000)
    stolen = checkpoints.checkpoint(sealed(engine), office / ONE, keep=False)
    report = checked(engine, office, [held(before)], trusting(office))
    assert (report.verdict, report.findings) == ("anchored", ())  # it covers no more than the revocation vouches for
    report = checked(engine, office, [held(stolen)], trusting(office))
    assert (report.verdict, {f.kind for f in report.findings}) == ("incomplete", {"signature_revoked"})
    # a cosigner's time tells that it was before, or that it was not
    keyfile.create(office / "w", "witness", cosigner=True)
    for when, verdict in ((1000, "anchored"), (1001, "incomplete")):
        line = cosign(stolen.text, keyfile.load(office / "w"), when)
        both = held(Note(stolen.text, (*stolen.signatures, line)))
        found = checked(engine, office, [both], trusting(office, ONE, "w"))
        signed = found.anchored.signed if found.anchored else ()
        assert (found.verdict, ONE in signed) == ("anchored", when == 1000), verdict
    # the statement kept outside says so of a copy of the log that lacks it
    statement = Statement.parse("kept", str(said).encode())
    with reading(engine.database) as source:
        again = verify(source, [held(stolen)], trust=trusting(office, statements=[statement]))
    assert again.verdict == "incomplete"


def test_the_signer_makes_no_statement_that_would_not_count(engine: WorkflowEngine, office: Path) -> None:
    keys.rotate(engine, office / ONE, office / NEXT)
    with pytest.raises(SignerRefused, match="handed over to another"):
        keys.rotate(engine, office / ONE, office / THIEF)
    with pytest.raises(SignerRefused, match="before it"):
        keys.rotate(engine, office / NEXT, office / ONE)
    with pytest.raises(SignerRefused, match="only the key"):
        keys.revoke(engine, public(office, NEXT), office / ONE, "compromised")
    keys.revoke(engine, public(office, NEXT), office / NEXT, "lost")
    with pytest.raises(SignerRefused, match="revoked"):
        keys.rotate(engine, office / NEXT, office / THIRD)
    keyfile.create(office / "w", "witness", cosigner=True)
    with pytest.raises(InvalidInput, match="one kind"):
        keys.rotate(engine, office / THIRD, office / "w")
    with pytest.raises(InvalidInput):
        keys.revoke(engine, public(office), office / ONE, "whim")
    assert len(keys.statements(engine)) == 2


def said(engine: WorkflowEngine, text: str, office: Path, *names: str) -> None:
    """Put on record what the application's account could: any text with the signatures of these keys."""
    note = Note(text, tuple(sign(text, keyfile.load(office / name)) for name in names))
    engine.run(lambda tx: tx.keyed(str(note)))


@pytest.mark.tampers
def test_forged_statements_on_record_are_found_and_count_for_nothing(engine: WorkflowEngine, office: Path) -> None:
    now = checkpoints.current(engine)
    other = Checkpoint("kfq/" + "0" * 32, now.size, now.root)
    forged = Handover(now, public(office), public(office, THIEF))
    said(engine, str(forged), office, THIEF)  # 3: not signed by the first key
    said(engine, str(Handover(other, public(office), public(office, NEXT))), office, ONE, NEXT)  # 4: of another log
    said(engine, str(Handover(now, public(office, THIEF), public(office, THIRD))), office, THIEF, THIRD)  # of nobody
    said(engine, str(Revocation(now, public(office), "lost", 1)), office, THIEF)  # 6
    said(engine, str(Handover(Checkpoint(now.origin, now.size, bytes(32)), public(office), public(office, NEXT))),
         office, ONE, NEXT)  # fmt: skip  # 7: of a tree that never was
    engine.seal()
    note = checkpoints.checkpoint(engine, office / THIEF, keep=False)
    report = checked(engine, office, [held(note)], trusting(office))
    assert report.verdict == "tampered"
    assert {(f.layer, f.kind, f.seq) for f in report.findings} == {
        ("tree", "statement_bad", 3), ("tree", "other_log", 4), ("tree", "revocation_foreign", 6),
        ("tree", "root_differs", None), ("anchor", "signature_missing", None),
    }  # fmt: skip
    assert report.anchored is None


@pytest.mark.tampers
def test_a_thief_who_comes_later_gets_nothing(engine: WorkflowEngine, office: Path) -> None:
    keys.rotate(engine, office / ONE, office / NEXT)
    keys.revoke(engine, public(office), office / NEXT, "compromised")
    now = checkpoints.current(engine)
    said(engine, str(Handover(now, public(office), public(office, THIEF))), office, ONE, THIEF)
    said(engine, str(Revocation(now, public(office, NEXT), "compromised", 1)), office, ONE)
    engine.seal()
    note = checkpoints.checkpoint(engine, office / NEXT)
    report = checked(engine, office, [held(note)], trusting(office))
    assert places(report) == {("tree", "handover_second", "~log", 5), ("tree", "revocation_foreign", "~log", 6)}
    assert report.anchored is not None
    thief = checkpoints.checkpoint(engine, office / THIEF, keep=False)
    assert checked(engine, office, [held(thief)], trusting(office)).anchored is None


@pytest.mark.tampers
def test_what_is_no_statement_is_found_by_its_form(engine: WorkflowEngine, office: Path) -> None:
    engine.run(lambda tx: tx.keyed("x"))
    assert ("replay", "malformed", "~log", 3) in places(checked(engine, office, [], trusting(office)))


@pytest.mark.tampers
def test_the_handover_of_another_log_leads_nowhere(engine: WorkflowEngine, office: Path, tmp_path: Path) -> None:
    from kfq_workflow import open_database

    elsewhere = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    schema.init(elsewhere)
    other = WorkflowEngine(elsewhere)
    other.seal()
    statement = keys.rotate(other, office / ONE, office / NEXT)
    note = checkpoints.checkpoint(engine, office / NEXT)
    trust = trusting(office, statements=[Statement.parse("kept", str(statement).encode())])
    report = checked(engine, office, [held(note)], trust)
    assert ("anchor", "other_log", None, None) in places(report)
    assert (report.verdict, report.anchored) == ("tampered", None)
    engine.run(lambda tx: tx.keyed(str(statement)))  # nor does it hinder one of this log
    keys.rotate(engine, office / ONE, office / THIRD)
    elsewhere.dispose()
