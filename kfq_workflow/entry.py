"""One entry of the log: its bytes, its leaf, and the commitments to what people wrote.

    {"actor":S,"at":I,"body":O,"def":HEX|null,"instance":S,"kind":S,"log":HEX,"prev":HEX,"req":S|null,"seq":I,"v":1,"via":S}

    leaf     = H(00 ‖ bytes)                      RFC 6962, leaf of the Merkle log
    node     = H(01 ‖ left ‖ right)               RFC 6962
    text     = H(02 ‖ salt16 ‖ u32 len(field) ‖ field ‖ value)
    document = H(03 ‖ bytes)

H is the hash of the log's suite (see `audit.suite`): SHA-256 in s1, which is meant where none is given, SM3 in s2.

The bytes are UTF-8 of RFC 8785 JSON, in the profile of strings, integers |n| ≤ 2⁵³−1, booleans, null, arrays and
objects with ASCII keys. `prev` is the leaf of the same instance's previous entry; for its first entry the leaf of
the log's genesis; for the genesis 32 zero bytes. Version 1 is frozen by golden vectors.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring as quote
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.hashing import Hash

VERSION = 1
NO_PREV = bytes(32)
MAX_BYTES = 65_535
MAX_INTEGER = 2**53 - 1

#: Canonical JSON text of what is known to lie in the profile, and so is a tree; `canonical` checks first.
encode_json = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


class Row(NamedTuple):
    """An entry as the database keeps it; the columns in the order of `kfq_entry`.

    `def_`, `prev` and `leaf` are 32 raw bytes, `at` is µs since 1970 UTC, `body` is canonical JSON text.
    """

    instance: str
    seq: int
    kind: str
    at: int
    actor: str
    via: str
    req: str | None
    def_: bytes | None
    v: int
    prev: bytes
    leaf: bytes
    body: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text beside an entry: which field, its 16 bytes of salt, and the words."""

    field: str
    salt: bytes
    value: str


def encode(row: Row, log: str) -> bytes:
    """Return the bytes of an entry, exactly as they were hashed; `log` is the log's name in hex."""
    return encode_fields(row, row.prev, log)


def encode_fields(row: Row | tuple[Any, ...], prev: bytes, log: str) -> bytes:
    """Return the bytes for an entry's columns (the order of `Row`) under another `prev`.

    The keys stand in the order of RFC 8785, sorted; the template is 2.5 times as fast as an encoder.
    """
    instance, seq, kind, at, actor, via, req, def_, v, _, _, body = row
    rules = "null" if def_ is None else f'"{def_.hex()}"'
    request = "null" if req is None else quote(req)
    return (
        f'{{"actor":{quote(actor)},"at":{at},"body":{body},"def":{rules},"instance":{quote(instance)},'
        f'"kind":{quote(kind)},"log":"{log}","prev":"{prev.hex()}","req":{request},"seq":{seq},"v":{v},"via":{quote(via)}}}'
    ).encode()


def seal(log: str, columns: tuple[Any, ...], prev: bytes, body: Mapping[str, Any], hasher: Hash = sha256) -> Row:
    """Build the row of a new entry from its first nine columns, the head it follows and its body.

    Raises InvalidInput when the entry would be larger than 65,535 bytes or hold what the profile forbids.
    """
    text = canonical(body)
    data = encode_fields((*columns, prev, b"", text), prev, log)
    if len(data) > MAX_BYTES:
        raise InvalidInput("entry_too_large", size=len(data), limit=MAX_BYTES)
    return Row._make((*columns, prev, leaf_hash(data, hasher), text))


def leaf_hash(data: bytes, hasher: Hash = sha256) -> bytes:
    """Return the leaf of an entry's bytes (RFC 6962 §2.1)."""
    return hasher(b"\x00" + data).digest()


def is_hashed(row: Row, log: str, hasher: Hash = sha256) -> bool:
    """Tell whether an entry's bytes, built from its columns, whatever these are, hash to its leaf."""
    try:
        return leaf_hash(encode(row, log), hasher) == row.leaf
    except (TypeError, AttributeError, ValueError):  # a column of another type, or no text
        return False


def document_digest(data: bytes, hasher: Hash = sha256) -> bytes:
    """Return the digest under which a document is stored."""
    return hasher(b"\x03" + data).digest()


def commitment(salt: bytes, field: str, value: str, hasher: Hash = sha256) -> str:
    """Return the salted commitment to a text as 64 hex digits; `salt` is 16 bytes."""
    name = field.encode()
    return hasher(b"\x02" + salt + len(name).to_bytes(4, "big") + name + value.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Return RFC 8785 JSON text of a value in the entry profile.

    Raises InvalidInput for floats, integers beyond 2⁵³−1, non-ASCII keys, NUL and lone surrogates.
    """
    _check(value)
    return encode_json(value)


def _check(value: Any) -> None:  # noqa: C901 - one branch for each kind of JSON value
    kind = type(value)
    if kind is str:
        if not value.isprintable():  # neither NUL nor a surrogate is printable
            _check_text(value)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidInput("integer_too_large", value=str(value))
    elif kind is dict:
        for name, item in value.items():
            _check_name(name)
            if type(item) is not str or not item.isprintable():
                _check(item)
    elif kind is list or kind is tuple:
        for item in value:
            _check(item)
    elif kind is not bool and value is not None:
        raise InvalidInput("bad_json_value", value=kind.__name__)


def _check_name(name: Any) -> None:
    if type(name) is not str or not name.isascii() or "\x00" in name:
        raise InvalidInput("bad_json_key", value=repr(name))


def _check_text(value: str) -> None:
    if value.isascii():
        if "\x00" in value:
            raise InvalidInput("text_has_nul")
        return
    if "\x00" in value:
        raise InvalidInput("text_has_nul")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput("text_has_surrogate") from None


def normal_text(value: str, *, limit: int = MAX_BYTES, what: str = "text") -> str:
    """Return a person's text as it is stored: NFC, no NUL, no lone surrogate, at most `limit` bytes of UTF-8."""
    if not isinstance(value, str):
        raise InvalidInput("not_text", what=what, type=type(value).__name__)
    _check_text(value)
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit:
        raise InvalidInput("text_too_long", what=what, size=size, limit=limit)
    return text


def parse_canonical(text: str) -> Any:
    """Read JSON text strictly: no duplicate keys, no floats, no NaN, and it must re-encode to itself.

    Raises ValueError otherwise: one spelling for one meaning.
    """
    value = json.loads(text, object_pairs_hook=_no_duplicates, parse_float=_no_float, parse_constant=_no_float)
    try:
        same = canonical(value) == text
    except InvalidInput as error:
        raise ValueError(str(error)) from None
    if not same:
        raise ValueError("not canonical JSON")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"not an integer: {text}")
