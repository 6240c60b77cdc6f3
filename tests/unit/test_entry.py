"""The frozen bytes of version 1: golden vectors, the profile, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from kfq_workflow.entry import (
    MAX_BYTES,
    NO_PREV,
    Row,
    canonical,
    commitment,
    document_digest,
    encode,
    leaf_hash,
    normal_text,
    parse_canonical,
    seal,
)
from kfq_workflow.errors import InvalidInput
from kfq_workflow.hashing import check_letters

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "entry-v1.json").read_text("utf-8"))


def row(columns: dict[str, Any]) -> Row:
    octets = {name: None if columns[name] is None else bytes.fromhex(columns[name]) for name in ("def", "prev", "leaf")}
    return Row(*(columns | octets).values())


@pytest.mark.parametrize("vector", GOLDEN["entries"])
def test_golden_entries(vector: dict[str, Any]) -> None:
    stored = row(vector["row"])
    data = encode(stored, GOLDEN["log"])
    assert data.decode() == vector["bytes"]
    assert leaf_hash(data).hex() == vector["leaf"] == stored.leaf.hex()
    assert check_letters(stored.leaf) == vector["check"]
    columns = (*stored[:9],)
    assert seal(GOLDEN["log"], columns, stored.prev, json.loads(stored.body)) == stored


@pytest.mark.parametrize("vector", GOLDEN["entries"])
def test_golden_entries_need_nothing_of_this_library(vector: dict[str, Any]) -> None:
    columns = vector["row"]
    whole = {name: value for name, value in columns.items() if name != "leaf"}
    whole |= {"body": json.loads(columns["body"]), "log": GOLDEN["log"]}
    data = json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    assert data == vector["bytes"].encode() == rfc8785.dumps(whole)
    assert hashlib.sha256(b"\x00" + data).hexdigest() == vector["leaf"]


@pytest.mark.parametrize("vector", GOLDEN["texts"])
def test_golden_texts(vector: dict[str, str]) -> None:
    salt, field, value = bytes.fromhex(vector["salt"]), vector["field"], vector["value"]
    length = len(field.encode()).to_bytes(4, "big")
    by_hand = hashlib.sha256(b"\x02" + salt + length + field.encode() + value.encode()).hexdigest()
    assert commitment(salt, field, value) == by_hand == vector["commitment"]


@pytest.mark.parametrize("vector", GOLDEN["documents"])
def test_golden_documents(vector: dict[str, str]) -> None:
    assert document_digest(vector["body"].encode()).hex() == vector["digest"]


@pytest.mark.parametrize("text", GOLDEN["not_canonical"])
def test_one_spelling_for_one_meaning(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        parse_canonical(text)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "bad_json_value"),
        (float("nan"), "bad_json_value"),
        ([float("inf")], "bad_json_value"),
        (2**53, "integer_too_large"),
        ({"a": -(2**53)}, "integer_too_large"),
        ({"é": 1}, "bad_json_key"),
        ({1: 1}, "bad_json_key"),
        ({"a\x00": 1}, "bad_json_key"),
        ("\x00", "text_has_nul"),
        ("é\x00", "text_has_nul"),
        (["\ud800"], "text_has_surrogate"),
        (b"bytes", "bad_json_value"),
        ({"a": {1, 2}}, "bad_json_value"),
    ],
)
def test_what_the_profile_forbids(value: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical(value)
    assert caught.value.code == code


def test_an_entry_has_at_most_65535_bytes() -> None:
    columns = ("key", 1, "annotated", 0, "a", "v", None, None, 1)
    room = MAX_BYTES - len(encode(seal("00" * 16, columns, NO_PREV, {"n": ""}), "00" * 16))
    assert len(encode(seal("00" * 16, columns, NO_PREV, {"n": "x" * room}), "00" * 16)) == MAX_BYTES
    with pytest.raises(InvalidInput) as caught:
        seal("00" * 16, columns, NO_PREV, {"n": "x" * (room + 1)})
    assert caught.value.code == "entry_too_large"


def test_texts_are_kept_in_nfc_and_within_their_limit() -> None:
    assert normal_text("e\u0301") == "é"
    assert normal_text("临" * 3, limit=9) == "临临临"
    with pytest.raises(InvalidInput, match="too long"):
        normal_text("临" * 3, limit=8)
