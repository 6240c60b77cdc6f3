"""The seals of a log, each with its part of the tree, which grows in whatever order the entries are read.

The entries `sealed` on `~log` say where each part ends. Within it the log's own entries come first, then the others
by (instance, seq), the entry `sealed` last: so a part grows by one leaf after the other while the log is read in the
order of (instance, seq), and at the end the parts are joined. Memory grows with the seals, not with the entries.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.merkle import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfq_workflow.audit.suite import Hash
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.report import Book

LOG = "~log"


class Stretch:
    """Leaves that follow each other in a part, and the position that the next must have."""

    __slots__ = ("next", "tree")

    def __init__(self, start: int, hasher: Hash) -> None:
        self.tree = Range(start, hasher)
        self.next = start


class Part:
    """The leaves that one seal placed: those of the log's own entries, the others, and its own entry's."""

    __slots__ = ("broken", "end", "heads", "instances", "last", "others", "own", "seq")

    def __init__(self, start: int, own: int, seq: int, body: dict[str, Any], hasher: Hash) -> None:
        self.end: int = body["size"]
        self.seq = seq
        self.heads: str = body["heads"]
        self.instances: int = body["instances"]
        self.own = Stretch(start, hasher)
        self.others = Stretch(start + own, hasher)
        self.last: bytes | None = None
        self.broken = False


class Seals:
    """All seals of a log, oldest first."""

    def __init__(self, log: Iterable[Row], hasher: Hash, book: Book) -> None:
        self._hasher = hasher
        self._book = book
        self.parts: list[Part] = []
        for row in log:
            if row.kind == "sealed":
                self._seal(row)
        self._ends = [part.end for part in self.parts]
        self.size = self._ends[-1] if self._ends else 0

    def _seal(self, row: Row) -> None:
        start, before = (self.parts[-1].end, self.parts[-1].seq) if self.parts else (0, 0)
        try:
            part = Part(start, row.seq - before - 1, row.seq, json.loads(row.body), self._hasher)
            if part.end > start + row.seq - before - 1:
                self.parts.append(part)
                return
        except (ValueError, KeyError, TypeError):
            pass  # the main stream reports it as malformed
        self._book.error("tree", "seal_size", row.instance, row.seq, before=start)

    def place(self, instance: str, seq: int, position: int, leaf: bytes) -> None:
        """Note the place of an entry; places come in the order of (instance, seq)."""
        number = bisect_right(self._ends, position)
        if number == len(self.parts) or position < 0:
            self._book.error("tree", "position_unsealed", instance, seq, position=position, size=self.size)
            return
        part = self.parts[number]
        if instance == LOG and seq == part.seq:
            if position != part.end - 1:
                self._moved(part, instance, seq, position, part.end - 1)
            part.last = leaf
            return
        stretch = part.own if instance == LOG else part.others
        if position != stretch.next:
            self._moved(part, instance, seq, position, stretch.next)
        stretch.tree.append(leaf)
        stretch.next = position + 1

    def _moved(self, part: Part, instance: str, seq: int, position: int, expected: int) -> None:
        part.broken = True
        if position > expected:
            self._book.error("tree", "position_missing", instance, seq, first=expected, last=position - 1)
        else:
            self._book.error("tree", "position_moved", instance, seq, position=position, expected=expected)

    def roots(self) -> Iterator[tuple[int, bytes]]:
        """Yield size and root after each seal, as far as every leaf is known; note the places where nothing is."""
        tree = Range(0, self._hasher)
        for part in self.parts:
            for stretch, end in ((part.own, part.others.tree.start), (part.others, part.end - 1)):
                if not part.broken and stretch.next != end:
                    self._missing(part, stretch.next, end - 1)
            if not part.broken and part.last is None:
                self._missing(part, part.end - 1, part.end - 1)
            if part.broken or part.last is None:
                return
            tree.join(part.own.tree)
            tree.join(part.others.tree)
            tree.append(part.last)
            yield tree.end, tree.root()

    def _missing(self, part: Part, first: int, last: int) -> None:
        part.broken = True
        if last < first:
            first, last = last + 1, first - 1
        self._book.error("tree", "position_missing", LOG, part.seq, first=first, last=last)
