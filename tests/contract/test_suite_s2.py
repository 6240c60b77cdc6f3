"""A log of suite s2, SM3 with SM2, keeps every promise that one of s1 keeps; on each database.

The tests of the engine and of tampering run again as they are, on logs of s2. A digest that was made with another hash
is a finding, so that none can be forgotten.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import InvalidInput, SignerRefused, reading, schema, verify_database
from kfq_workflow.audit import checkpoints, keyfile, keys, merkle, signers, sm2
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, Witnessed
from kfq_workflow.audit.note import SM2, Note, VerifierKey, verify
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import encode
from kfq_workflow.export import write_export
from kfq_workflow.hashing import SUITE, check_letters
from kfq_workflow.verify import verify as verify_log
from kfq_workflow.verify.anchors import Trust
from tests.alongside import alike
from tests.beside import verify_export
from tests.contract.test_approvals import *  # noqa: F403 - the same tests on another suite
from tests.contract.test_engine import *  # noqa: F403
from tests.contract.test_tamper_database import *  # noqa: F403
from tests.tampering import TABLES, build, places, rehash, reseal, rows, tampering

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

SM3 = hash_of("s2")


@pytest.fixture(autouse=True)
def s2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every new log be one of s2."""
    monkeypatch.setattr(schema, "SUITE", "s2")


@pytest.fixture
def office(tmp_path: Path) -> Path:
    keyfile.create(tmp_path / "office.key", "office", suite="s2")
    return tmp_path / "office.key"


@pytest.mark.tampers
def test_every_digest_is_sm3(database: Engine) -> None:
    engine = build(database)
    name = engine.log().log
    assert engine.log().suite == "s2"
    engine.seal()
    for key in ("~log", "~definition/permit", "p", "late"):
        for row in rows(database, key):
            assert row.leaf == hashlib.new("sm3", b"\x00" + encode(row, name)).digest()
    with reading(database) as source:
        documents, texts = list(source.documents()), list(source.texts("p"))
    assert documents
    assert texts
    for document in documents:
        assert document.digest == hashlib.new("sm3", b"\x03" + document.body.encode()).digest()
    with database.connect() as connection:
        leaves = [bytes(row.leaf) for row in connection.execute(TABLES.leaf.select().order_by(TABLES.leaf.c.position))]
    assert engine.seal().root == merkle.root_of(leaves, SM3)
    assert verify_database(database).verdict == "self-consistent"


def test_a_log_keeps_its_suite(database: Engine) -> None:
    schema.init(database, suite="s2")
    schema.init(database)
    schema.init(database, suite="s2")
    with pytest.raises(InvalidInput, match="s2, not s1"):
        schema.init(database, suite=SUITE)
    with pytest.raises(InvalidInput, match="s9"):
        schema.init(database, suite="s9")


def test_a_checkpoint_that_was_signed_twice_is_no_disorder(database: Engine, office: Path) -> None:
    """SM2 signs each time anew, so that the log keeps both; an export has them in order."""
    engine = build(database)
    engine.seal()
    assert checkpoints.checkpoint(engine, office) != checkpoints.checkpoint(engine, office)
    assert alike(database).findings == ()


def test_checkpoints_cosignatures_and_receipts(database: Engine, office: Path, tmp_path: Path) -> None:
    engine = build(database)
    receipt = engine.annotate("p", "其后", by="clerk")
    engine.seal()
    note = checkpoints.checkpoint(engine, office)
    log = keyfile.load(office).key
    keyfile.create(tmp_path / "w", "second", cosigner=True, suite="s2")
    both = checkpoints.cosigned(str(note).encode(), tmp_path / "w", [log], lambda *_: (), now=lambda: 1e9)
    engine.annotate("p", "又", by="clerk")
    engine.seal()
    size = Checkpoint.parse(note.text).size
    later = checkpoints.checkpoint(engine, office)
    found = Checkpoint.parse(later.text)
    sent = Witnessed(size, checkpoints.consistency(engine, size, found.size), later)
    checkpoints.cosigned(str(sent).encode(), tmp_path / "w", [log], lambda *_: ())
    trusted = [log, VerifierKey.parse(str(keyfile.load(tmp_path / "w").key))]
    assert [one.at for one in verify(Note.parse(str(both).encode()), trusted, signers.check)] == [None, 10**9]
    (entry,) = checkpoints.receipt(engine, check_letters(bytes.fromhex(receipt.leaf)))
    assert entry.proof is not None
    assert entry.checkpoint is not None
    proof, leaf = entry.proof, bytes.fromhex(receipt.leaf)
    merkle.verify_inclusion(proof.index, entry.checkpoint.size, leaf, proof.proof, entry.checkpoint.root, SM3)
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(proof.index, entry.checkpoint.size, leaf, proof.proof, entry.checkpoint.root)
    held, trust = [Anchor.parse("held", str(both).encode())], Trust(tuple(trusted), signers.check)
    with reading(database) as source:
        report = verify_log(source, held, trust=trust)
        write_export(source, tmp_path / "log.jsonl")
    exported = verify_export(tmp_path / "log.jsonl", held, trust)
    for each in (report, exported):
        assert (each.verdict, each.findings) == ("anchored", ())
        assert each.anchored is not None
        assert (each.anchored.signed, each.anchored.at) == (("office", "second"), 10**9)


def test_keys_of_another_suite_sign_nothing(database: Engine, office: Path, tmp_path: Path) -> None:
    engine = build(database)
    engine.seal()
    keyfile.create(tmp_path / "ed", "ed")
    keyfile.create(tmp_path / "edw", "edw", cosigner=True)
    with pytest.raises(InvalidInput, match="suite s1"):
        checkpoints.checkpoint(engine, tmp_path / "ed")
    note = checkpoints.checkpoint(engine, office)
    with pytest.raises(InvalidInput, match="suite s1"):
        checkpoints.cosigned(str(note).encode(), tmp_path / "edw", [keyfile.load(office).key], lambda *_: ())
    with pytest.raises(InvalidInput, match="one kind"):
        keys.rotate(engine, office, office)


def test_a_key_that_is_elsewhere_signs(database: Engine, tmp_path: Path) -> None:
    """A module that keeps its key signs behind two members; what it signed last lies beside a file without a key."""

    class Module:
        def __init__(self) -> None:
            self._inside = sm2.signer("模块", SM2, sm2.new_secret())
            self.asked: list[bytes] = []

        @property
        def key(self) -> VerifierKey:
            return self._inside.key

        def sign(self, message: bytes) -> bytes:
            self.asked.append(message)
            return self._inside.sign(message)

    engine, module = build(database), Module()
    engine.seal()
    held = keyfile.Held(module, tmp_path / "module")
    note = checkpoints.checkpoint(engine, held)
    assert module.asked == [note.text.encode()]
    assert verify(note, [module.key], signers.check)[0].key == module.key
    with keyfile.hold(tmp_path / "module") as seen:
        assert seen.last(Checkpoint.parse(note.text).origin) == Checkpoint.parse(note.text)
    assert (tmp_path / "module").stat().st_size == 0
    keyfile.create(tmp_path / "next", "next", suite="s2")
    keys.rotate(engine, held, tmp_path / "next")


@pytest.mark.tampers
def test_a_log_that_was_hashed_anew_shows_against_an_anchor(database: Engine, office: Path) -> None:
    engine = build(database)
    engine.seal()
    held = [Anchor.parse("held", str(checkpoints.checkpoint(engine, office)).encode())]
    with tampering(database) as connection:
        chain = rows(database, "o")
        chain[2] = chain[2]._replace(via="elsewhere")
        rehash(connection, engine.log().log, chain)
        connection.execute(TABLES.checkpoint.delete())
    reseal(database)
    with reading(database) as source:
        assert verify_log(source).verdict != "anchored"
        assert ("anchor", "root_differs", None, None) in places(verify_log(source, held))
    with pytest.raises(SignerRefused, match="does not go on"):
        checkpoints.checkpoint(engine, office)
