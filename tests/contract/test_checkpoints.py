"""The signer and the cosigner refuse a log that shrank or forked; receipts are found and proved; on each database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import InvalidInput, NotFound, SignerRefused, WorkflowEngine, reading
from kfq_workflow.audit import checkpoints, ed25519, keyfile, merkle
from kfq_workflow.audit.checkpoint import Checkpoint, Witnessed
from kfq_workflow.audit.note import Note, verify
from kfq_workflow.bundle import Scope, write_bundle
from kfq_workflow.export import write_export
from kfq_workflow.hashing import check_letters
from kfq_workflow.stored.tables import Tables
from tests.alongside import alike
from tests.beside import verify_bundled, verify_export
from tests.tampering import build, change, places, rows, tampering

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

TABLES = Tables()


@pytest.fixture
def office(tmp_path: Path) -> Path:
    keyfile.create(tmp_path / "office.key", "office")
    return tmp_path / "office.key"


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    keyfile.create(tmp_path / "witness.key", "witness", cosigner=True)
    return tmp_path / "witness.key"


def no_proof(old: int, size: int) -> tuple[bytes, ...]:
    raise AssertionError((old, size))


def test_each_checkpoint_goes_on_from_the_one_before(database: Engine, office: Path, witness: Path) -> None:
    engine = build(database)
    log, sealed, sizes = keyfile.load(office).key, 0, []
    for number in range(3):
        engine.annotate("p", str(number), by="clerk")
        made = engine.seal()
        note = checkpoints.checkpoint(engine, office)
        found = Checkpoint.parse(note.text)
        assert (found.size, found.root) == (made.size, made.root)
        assert verify(note, [log], ed25519.check)[0].key == log
        sent = str(Witnessed(sealed, checkpoints.consistency(engine, sealed, found.size), note))
        both = checkpoints.cosigned(sent.encode(), witness, [log], no_proof, now=lambda: 1e9)
        keys = [log, keyfile.load(witness).key]
        assert [one.at for one in verify(Note.parse(str(both).encode()), keys, ed25519.check)] == [None, 10**9]
        sealed = found.size
        sizes.append(sealed)
    assert checkpoints.checkpoint(engine, office) == note  # the same again is the same, and kept once
    with database.connect() as connection:
        kept = connection.execute(TABLES.checkpoint.select().order_by(TABLES.checkpoint.c.size)).all()
    assert [row.size for row in kept] == sizes
    assert checkpoints.checkpoint(engine).signatures == ()
    with pytest.raises(InvalidInput):
        checkpoints.consistency(engine, sealed + 1, sealed)
    # without a proof in hand the cosigner asks for one
    engine.annotate("p", "又", by="clerk")
    engine.seal()
    plain = str(checkpoints.checkpoint(engine, office, keep=False))
    checkpoints.cosigned(plain.encode(), witness, [log], lambda *of: checkpoints.consistency(engine, *of))
    checkpoints.cosigned(plain.encode(), witness, [log], lambda *_: ())


@pytest.mark.tampers
def test_a_log_that_shrank_is_not_signed(database: Engine, office: Path, witness: Path) -> None:
    engine = build(database)
    engine.seal(limit=10)
    note = checkpoints.checkpoint(engine, office)
    log = keyfile.load(office).key
    checkpoints.cosigned(str(note).encode(), witness, [log], no_proof)
    older = Note.parse(str(note).encode())
    with tampering(database) as connection:
        connection.execute(TABLES.leaf.delete().where(TABLES.leaf.c.position >= 12))
    with pytest.raises(SignerRefused, match="32 entries and the log now has 12"):
        checkpoints.checkpoint(engine, office)
    other = keyfile.create(office.with_name("other.key"), "other")
    small = checkpoints.checkpoint(engine, office.with_name("other.key"), keep=False)
    with pytest.raises(SignerRefused, match="now has 12"):
        checkpoints.cosigned(str(small).encode(), witness, [other], no_proof)
    with pytest.raises(SignerRefused, match="--trust"):
        checkpoints.cosigned(str(older).encode(), witness, [other], no_proof)


@pytest.mark.tampers
def test_a_log_that_forked_is_not_signed(database: Engine, office: Path, witness: Path) -> None:
    engine = build(database)
    engine.seal()
    first = checkpoints.checkpoint(engine, office)
    log = keyfile.load(office).key
    checkpoints.cosigned(str(first).encode(), witness, [log], no_proof)
    size = Checkpoint.parse(first.text).size
    with tampering(database) as connection:
        connection.execute(TABLES.leaf.delete())
        connection.execute(TABLES.sealed.delete())
    engine.seal()  # other places, all consistent: ~log's first seal lies before the others now
    with pytest.raises(SignerRefused, match="does not go on"):
        checkpoints.checkpoint(engine, office)
    other = keyfile.create(office.with_name("other.key"), "other")
    forked = checkpoints.checkpoint(engine, office.with_name("other.key"), keep=False)
    assert Checkpoint.parse(forked.text).size == size + 1
    proof = checkpoints.consistency(engine, size, size + 1)
    for given in (str(forked), str(Witnessed(size, proof, forked)), str(Witnessed(size, (), forked))):
        with pytest.raises(SignerRefused, match="does not go on"):
            checkpoints.cosigned(given.encode(), witness, [other], lambda *_: proof)


def test_two_signers_at_once_agree(database_url: str, office: Path) -> None:
    """The lock on the key orders them: what the later one signs goes on from what the earlier one did."""
    from kfq_workflow import open_database

    database = open_database(database_url)
    engine = build(database)
    barrier = threading.Barrier(3)

    def work(number: int) -> Checkpoint:
        barrier.wait(60)
        engine.annotate("p", str(number), by="clerk")
        engine.seal()
        return Checkpoint.parse(checkpoints.checkpoint(engine, office).text)

    with ThreadPoolExecutor(3) as pool:
        made = sorted(pool.map(work, range(3)), key=lambda each: each.size)
    for older, newer in pairwise(made):
        proof = checkpoints.consistency(engine, older.size, newer.size)
        merkle.verify_consistency(older.size, newer.size, proof, older.root, newer.root)
    database.dispose()


def test_a_receipt_finds_its_entry_and_proves_it(database: Engine, office: Path) -> None:
    engine = build(database)
    receipt = engine.annotate("p", "其后", by="clerk")
    letters = check_letters(bytes.fromhex(receipt.leaf))
    (found,) = checkpoints.receipt(engine, letters)
    assert (found.entry.instance, found.entry.seq, found.proof) == ("p", 8, None)
    engine.seal()
    (found,) = checkpoints.receipt(engine, letters)
    assert found.proof is not None
    assert found.proof.note.signatures == ()
    note = checkpoints.checkpoint(engine, office)
    engine.annotate("p", "又", by="clerk")
    engine.seal()
    (found,) = checkpoints.receipt(engine, f" {letters[:13].lower()}-{letters[13:]} ")
    assert found.proof is not None
    assert found.checkpoint is not None
    assert found.proof.note == note
    leaf, told = bytes.fromhex(receipt.leaf), found.checkpoint
    merkle.verify_inclusion(found.proof.index, told.size, leaf, found.proof.proof, told.root)
    assert str(found.proof).startswith(f"c2sp.org/tlog-proof@v1\nindex {found.proof.index}\n")
    for row in rows(database, "o"):
        assert checkpoints.receipt(engine, check_letters(row.leaf))[0].entry.seq == row.seq
    for bad in ("", letters[:-1], letters + "A", "1" * 26, "é" * 26):
        with pytest.raises(InvalidInput):
            checkpoints.receipt(engine, bad)
    for unknown in ("A" * 26, "7" * 26):
        with pytest.raises(NotFound):
            checkpoints.receipt(engine, unknown)


@pytest.mark.tampers
@pytest.mark.parametrize(
    "values", [{"actor": "mallory"}, {"body": "{}"}, {"leaf": bytes(32)}, {"kind": "voided"}], ids=min
)
def test_a_receipt_of_an_entry_that_was_altered_proves_nothing(database: Engine, values: dict[str, Any]) -> None:
    """The tree still has its leaf, and the letters still find it: what is shown would be another entry."""
    engine = build(database)
    letters = check_letters(rows(database, "o")[2].leaf)
    engine.seal()
    assert checkpoints.receipt(engine, letters)[0].proof is not None
    with tampering(database) as connection:
        change(connection, "entry", {"instance": "o", "seq": 3}, values)
        connection.commit()
    with pytest.raises((InvalidInput, NotFound)) as caught:
        checkpoints.receipt(engine, letters)
    assert caught.value.code in ("check_altered", "not_found.check")


def test_what_is_no_checkpoint_is_not_cosigned(witness: Path, office: Path) -> None:
    log = keyfile.load(office).key
    for data in (b"", b"x", b"old 0\n\nx", b"a\n1\nAAAA\n\n"):
        with pytest.raises(InvalidInput):
            checkpoints.cosigned(data, witness, [log], no_proof)


def test_a_key_is_for_one_purpose(database: Engine, office: Path, witness: Path) -> None:
    engine: WorkflowEngine = build(database)
    engine.seal()
    with pytest.raises(InvalidInput, match="kind"):
        checkpoints.checkpoint(engine, witness)
    note = checkpoints.checkpoint(engine, office)
    with pytest.raises(InvalidInput, match="kind"):
        checkpoints.cosigned(str(note).encode(), office, [keyfile.load(office).key], lambda *_: ())


def test_a_checkpoint_that_two_keys_signed_one_after_the_other_is_kept_twice(
    database: Engine, office: Path, tmp_path: Path
) -> None:
    """Two notes of one size, as while one key takes over from another, and as SM2 signs each time anew."""
    engine = build(database)
    engine.seal()
    keyfile.create(tmp_path / "next.key", "next")
    notes = {str(checkpoints.checkpoint(engine, key)) for key in (office, tmp_path / "next.key")}
    with reading(database) as source:
        tree = source.tree()
        assert tree is not None
        assert {row.note for row in tree.checkpoints()} == notes
        write_export(source, tmp_path / "log.jsonl")
        for scope in (Scope(), Scope("p")):
            path = tmp_path / f"{scope.instance}.zip"
            write_bundle(source, path, scope)
            assert verify_bundled(path).findings == ()
    report = verify_export(tmp_path / "log.jsonl")
    assert (report.verdict, report.findings) == ("self-consistent", ())
    text = (tmp_path / "log.jsonl").read_text()
    lines = text.splitlines(keepends=True)
    (tmp_path / "log.jsonl").write_text("".join([*lines[:-2], lines[-1], lines[-2]]))
    assert places(verify_export(tmp_path / "log.jsonl")) == {("bytes", "line", None, None)}
    (tmp_path / "log.jsonl").write_text(text + lines[-1])
    assert places(verify_export(tmp_path / "log.jsonl")) == {("bytes", "line", None, None)}


@pytest.mark.tampers
def test_a_checkpoint_under_two_digests_is_exported_once(database: Engine, office: Path) -> None:
    engine = build(database)
    engine.seal()
    checkpoints.checkpoint(engine, office)
    with tampering(database) as connection:
        kept = connection.execute(TABLES.checkpoint.select()).mappings().one()
        connection.execute(TABLES.checkpoint.insert(), {**kept, "digest": bytes(32)})
    assert alike(database).verdict == "self-consistent"
