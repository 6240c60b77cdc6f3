"""The vectors of suite s2: entry to bytes to leaf, texts, documents, log to root, notes; and where SM3 comes from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kfq_workflow.audit import ed25519, merkle, signers, suite
from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.note import Note, VerifierKey, verify
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import NO_PREV, Row, commitment, document_digest, encode, leaf_hash, seal
from kfq_workflow.errors import KfqError
from kfq_workflow.hashing import check_letters

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden/suite-s2.json").read_text("utf-8"))
SM3 = hash_of("s2")


@pytest.mark.parametrize("vector", GOLDEN["entries"], ids=lambda vector: vector["row"]["kind"])
def test_entries(vector: dict[str, Any]) -> None:
    told = vector["row"]
    raw = {name: bytes.fromhex(told[name]) for name in ("prev", "leaf")}
    rules = None if told["def"] is None else bytes.fromhex(told["def"])
    row = Row(**{**{k: v for k, v in told.items() if k != "def"}, **raw, "def_": rules})
    data = encode(row, GOLDEN["log"])
    assert data.decode() == vector["bytes"]
    assert leaf_hash(data, SM3).hex() == vector["leaf"] == row.leaf.hex()
    assert check_letters(row.leaf) == vector["check"]
    assert seal(GOLDEN["log"], row[:9], row.prev, json.loads(row.body), SM3) == row
    assert leaf_hash(data) != row.leaf


def test_each_entry_follows_the_genesis_or_the_one_before() -> None:
    leaves = {vector["leaf"] for vector in GOLDEN["entries"]} | {NO_PREV.hex()}
    assert all(vector["row"]["prev"] in leaves for vector in GOLDEN["entries"])


def test_texts_and_documents() -> None:
    for text in GOLDEN["texts"]:
        assert commitment(bytes.fromhex(text["salt"]), text["field"], text["value"], SM3) == text["commitment"]
    for document in GOLDEN["documents"]:
        assert document_digest(document["body"].encode(), SM3).hex() == document["digest"]


def test_the_tree() -> None:
    leaves = [bytes.fromhex(leaf) for leaf in GOLDEN["leaves"]]
    assert [merkle.root_of(leaves[:size], SM3).hex() for size in range(10)] == GOLDEN["roots"]
    head = GOLDEN["head"]
    assert head_leaf(head["instance"], head["seq"], bytes.fromhex(head["leaf"]), SM3).hex() == head["hash"]
    assert leaf_hash(head["line"].encode(), SM3).hex() == head["hash"]


@pytest.mark.parametrize("told", GOLDEN["notes"])
def test_notes(told: dict[str, Any]) -> None:
    note, keys = Note.parse(told["note"].encode()), [VerifierKey.parse(key) for key in told["keys"]]
    assert str(note) == told["note"]
    assert [str(key) for key in keys] == told["keys"]
    assert [(one.key, one.at) for one in verify(note, keys, signers.check)] == list(zip(keys, told["at"], strict=True))


def test_sm3_without_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    """An OpenSSL without SM3, as in some distributions, takes it from `cryptography`; without either it is said."""

    def none(name: str, data: bytes = b"") -> None:
        raise ValueError(name, data)

    suite._sm3.cache_clear()  # noqa: SLF001 - what is under test
    monkeypatch.setattr(hashlib, "new", none)
    try:
        assert hash_of("s2")(b"abc").hexdigest().startswith("66c7f0f462eeedd9")
        assert hash_of("s2")(b"abc").digest().hex() == hash_of("s2")(b"abc").hexdigest()
        suite._sm3.cache_clear()  # noqa: SLF001
        monkeypatch.setattr(ed25519, "sm3", lambda: None)
        with pytest.raises(KfqError, match=r"kfq-workflow\[sign\]"):
            hash_of("s2")
    finally:
        monkeypatch.undo()
        suite._sm3.cache_clear()  # noqa: SLF001
