"""What the lines of an exported file say, and which block each belongs to; see `export` for how they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import MAX_INTEGER, Row, leaf_hash
from kfq_workflow.export import tree
from kfq_workflow.hashing import SUITE

if TYPE_CHECKING:
    from kfq_workflow.hashing import Hash

#: No line is longer: an entry has at most 65,535 bytes, a text 16,384, a document is far below.
MAX_LINE = 16 * 1024 * 1024
DOCUMENTS, ENTRIES, TEXTS, HEADS, PLACED, CHECKPOINTS = range(6)
_BLOCKS = {b'{"document":': DOCUMENTS, b'{"actor":': ENTRIES, b'{"text":': TEXTS, b'{"head":': HEADS}
_BLOCKS |= {b'{"placed":': PLACED, b'{"checkpoint":': CHECKPOINTS}
#: What the lines of a block say.
TOLD = {
    tree.PLACED: (PLACED, ("count", "instance", "position", "seq")),
    tree.CHECKPOINT: (CHECKPOINTS, ("note", "root", "size")),
}
_BODY = '"body":'
#: Bytes of a digest, in every suite.
_HASH = 32
#: Hex digits of a log\'s name.
_NAME, _HEX = 32, frozenset("0123456789abcdef")
_DECODER = json.JSONDecoder()


def block_of(line: bytes) -> int | None:
    """Return the block that a line belongs to, None for none."""
    return _BLOCKS.get(line[: line.find(b":") + 1])


def place_of(line: bytes) -> tuple[int, tuple[Any, ...]] | None:
    """Return a line's block and its place there, None for one that cannot be read."""
    block = block_of(line)
    try:
        value = json.loads(line)
        if block in (DOCUMENTS, CHECKPOINTS):
            return block, ("", 0)
        (about,) = (value,) if block == ENTRIES else value.values()
        if block is None or not isinstance(about["instance"], str):
            return None
        return block, (about["instance"], int(about["seq"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def typed(about: dict[str, Any]) -> bool:
    """Tell whether the values of a line are of their types and bytes are hex of lower case."""
    for name, value in about.items():
        if name in ("seq", "count", "position", "size"):
            good = type(value) is int and value >= (name == "count")
        elif name in ("salt", "leaf", "digest", "root"):
            size = 16 if name == "salt" else 32
            good = type(value) is str and len(value) == 2 * size and bytes.fromhex(value).hex() == value
        else:
            good = type(value) is str or (name == "kind" and value is None)
        if not good:
            return False
    return True


def suite_of(line: bytes) -> str:
    """Return the suite that a genesis names, which says how its own leaf is made; `s1` where it names none."""
    try:
        suite = json.loads(line)["body"]["suite"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return SUITE
    return suite if isinstance(suite, str) else SUITE


def parse_entry(text: str, hasher: Hash) -> tuple[Row, str]:
    """Return the row that an entry's line says, and the log's name; the body stays the text that it is."""
    found = json.loads(text)
    start = text.index(_BODY, text.index(f'"at":{found["at"]},')) + len(_BODY)
    _, end = _DECODER.raw_decode(text, start)
    def_ = found["def"]
    draft = Row(
        found["instance"], found["seq"], found["kind"], found["at"], found["actor"], found["via"], found["req"],
        None if def_ is None else bytes.fromhex(def_), found["v"], bytes.fromhex(found["prev"]), b"",
        text[start:end],
    )  # fmt: skip
    if not all(type(number) is int and abs(number) <= MAX_INTEGER for number in (draft.seq, draft.at, draft.v)):
        raise ValueError("a number is none")
    if any(digest is not None and len(digest) != _HASH for digest in (draft.prev, draft.def_)):
        raise ValueError("a hash is none")
    if len(found["log"]) != _NAME or not set(found["log"]) <= _HEX:
        raise ValueError("a name is none")
    return draft._replace(leaf=leaf_hash(text.encode(), hasher)), found["log"]
