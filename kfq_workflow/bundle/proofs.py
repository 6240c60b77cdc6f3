"""The hashes of a bundle of a part, line by line: hidden trees by position, then the newest heads by seal and instance.

{"hidden":{"hash":HEX,"position":I,"width":I}}
{"newest":{"hashes":[HEX],"index":I,"instance":S,"leaf":HEX,"seal":I,"seq":I}}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.audit.pruned import Hidden
from kfq_workflow.bundle.layout import PROOFS
from kfq_workflow.entry import encode_json, parse_canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.files import Part
    from kfq_workflow.verify.report import Book

MAX_LINE = 16 * 1024 * 1024
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HIDDEN, _NEWEST = b'{"hidden":', b'{"newest":'
#: No tree that is proved in has more levels.
_LEVELS = 63


class Newest(NamedTuple):
    """The newest entry of an instance when a seal was made, and the proof that the seal says so.

    `seal` is the size of the seal's tree, `place` that of the instance among all, by key.
    """

    seal: int
    instance: str
    seq: int
    leaf: bytes
    place: int
    hashes: tuple[bytes, ...]


def hidden_line(hidden: Hidden) -> bytes:
    """Return the line of a hidden tree."""
    about = {"hash": hidden.hash.hex(), "position": hidden.position, "width": hidden.width}
    return encode_json({"hidden": about}).encode() + b"\n"


def newest_line(newest: Newest) -> bytes:
    """Return the line of a newest entry."""
    hashes = [each.hex() for each in newest.hashes]
    about = {
        "hashes": hashes, "index": newest.place, "instance": newest.instance, "leaf": newest.leaf.hex(),
        "seal": newest.seal, "seq": newest.seq,
    }  # fmt: skip
    return encode_json({"newest": about}).encode() + b"\n"


class Proofs:
    """Reads `proofs.jsonl`: first all of `hidden`, then `newest`."""

    def __init__(self, part: Part, book: Book) -> None:
        self._part = part
        self._book = book
        #: The newest entries by seal and instance, complete once `hidden` was read to its end.
        self.newest: dict[tuple[int, str], Newest] = {}
        #: Leaves that are hidden alone, so that a citation can be compared with them; those of `cited` only.
        self.found: set[bytes] = set()
        #: How many positions are hidden in the stretch that was asked about.
        self.between = 0

    def hidden(self, cited: set[bytes], stretch: tuple[int, int]) -> Iterator[Hidden]:
        """Yield the hidden trees in their order, noting what is odd.

        Which of the `cited` leaves are among them is in `found` afterwards, and in `between` how many positions of
        the `stretch` [first, last) they hide.
        """
        last = 0, ""
        start, stop = stretch
        with self._part.open() as file:
            number = 0
            while line := file.readline(MAX_LINE):
                number += 1
                found = _read(line)
                if isinstance(found, Hidden) and not self.newest:
                    if found.width == 1 and found.hash in cited:
                        self.found.add(found.hash)
                    self.between += max(min(found.position + found.width, stop) - max(found.position, start), 0)
                    yield found
                elif isinstance(found, Newest) and ((found.seal, found.instance) > last or not self.newest):
                    last = found.seal, found.instance
                    self.newest[last] = found
                else:
                    reason = found if isinstance(found, str) else "out of place"
                    self._book.error("bundle", "line", member=PROOFS, line=number, reason=reason)


def _read(line: bytes) -> Hidden | Newest | str:
    """Return what a line says, or what is wrong with it."""
    if not line.endswith(b"\n"):
        return "truncated"
    try:
        value = parse_canonical(line[:-1].decode())
        if line.startswith(_HIDDEN):
            (about,) = value.values()
            return _hidden(about)
        if line.startswith(_NEWEST):
            (about,) = value.values()
            return _newest(about)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return "not canonical"
    return "unknown"


def _hidden(about: dict[str, Any]) -> Hidden:
    _exactly(about, {"hash", "position", "width"})
    return Hidden(_count(about["position"]), _count(about["width"]), _hash(about["hash"]))


def _newest(about: dict[str, Any]) -> Newest:
    _exactly(about, {"hashes", "index", "instance", "leaf", "seal", "seq"})
    hashes = about["hashes"]
    if not isinstance(hashes, list) or len(hashes) > _LEVELS or not isinstance(about["instance"], str):
        raise ValueError("hashes")
    seal, seq, index = _count(about["seal"]), _count(about["seq"]), _count(about["index"])
    return Newest(seal, about["instance"], seq, _hash(about["leaf"]), index, tuple(map(_hash, hashes)))


def _exactly(about: dict[str, Any], names: set[str]) -> None:
    if about.keys() != names:
        raise ValueError("names")


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a count")
    return value


def _hash(value: Any) -> bytes:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError("a hash")
    return bytes.fromhex(value)
