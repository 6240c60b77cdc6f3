"""The heads that seals say: for each seal a tree over the newest entry of every instance that it knew, by key.

A later entry of an instance changes one leaf of it, a new instance moves all leaves after its own; so each seal's tree
is made by itself, and the time for all would grow with seals times instances. The newest seals are compared, as many
as together have no more heads than `compared` allows, the newest always; those before them are named as not checked.

Readers that share a log know only their own instances, and not how many come before: each keeps the leaves of its
heads, in a file once they are many, and the trees are made when all are there.
"""

from __future__ import annotations

import math
import sys
from itertools import groupby
from operator import itemgetter
from struct import Struct
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING
from weakref import finalize

from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.merkle import Range
from kfq_workflow.verify.seals import LOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.seals import Seals

#: Heads that may be compared in any log, and what part of a log's entries in a large one.
_HEADS, _SHARE = 100_000, 4
#: A head as a reader keeps it: the first seal that says it and the one after the last, counted from the first compared.
_RECORD = Struct(">II32s")
_MEMORY, _RECORDS = 1 << 18, 1_000


def compared(seals: Seals) -> int:
    """Return the number of the first seal whose heads are compared, as are those of all after it."""
    room = max(_HEADS, seals.size // _SHARE)
    for number in range(len(seals.parts) - 1, -1, -1):
        room -= seals.parts[number].instances
        if room < 0:
            return min(number + 1, len(seals.parts) - 1)
    return 0


class HeadLeaves:
    """The heads of one reader's instances, by key, in constant memory. Pickled it is empty: they are sent apart."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - closed when nobody has it any more:
        finalize(self, self._file.close)

    def __reduce__(self) -> tuple[type[HeadLeaves], tuple[()]]:
        return HeadLeaves, ()

    def add(self, first: int, end: int, leaf: bytes) -> None:
        """Add an instance's head at the seals from `first` to before `end`."""
        self._file.write(_RECORD.pack(first, end, leaf))

    def write(self, data: bytes) -> None:
        """Add what `chunks` of another one gave."""
        self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it, many heads at a time."""
        self._file.seek(0)
        while data := self._file.read(_RECORD.size * _RECORDS):
            yield data


class Heads:
    """Collects the heads of one reader's instances, at each seal that is compared."""

    def __init__(self, seals: Seals, hasher: Hash) -> None:
        self._hasher = hasher
        #: Where each seal's own entry lies, which is not among its heads; none lies behind the last.
        self._ends = [*(part.end - 1 for part in seals.parts[compared(seals) :]), math.inf]
        self.leaves = HeadLeaves()
        self._told = 0
        #: Nothing is to be noted of places before this one.
        self.due = self._ends[0]

    def reach(self, position: int, head: tuple[str, int, bytes] | None) -> None:
        """Take note of an instance's next place: `head`, the entry before it, is its head at all seals in between."""
        first = self._told
        while self._ends[self._told] <= position:
            self._told += 1
        self.due = self._ends[self._told]
        if self._told > first and head is not None:
            self.leaves.add(first, self._told, head_leaf(*head, self._hasher))

    def close(self, head: tuple[str, int, bytes] | None) -> None:
        """Take note of the end of an instance."""
        self.reach(sys.maxsize, head)
        self._told, self.due = 0, self._ends[0]


def compare(seals: Seals, readings: Iterable[HeadLeaves], hasher: Hash, book: Book) -> None:
    """Compare the heads that seals say with those of the instances; `readings` have them by key."""
    first = compared(seals)
    parts: Sequence[tuple[Range, str, int, int]] = [
        (Range(0, hasher), part.heads, part.instances, part.seq) for part in seals.parts[first:]
    ]
    if first:
        book.not_checked(f"heads {first}")
    for reading in readings:
        for data in reading.chunks():
            for (start, end), heads in groupby(_RECORD.iter_unpack(data), itemgetter(0, 1)):
                leaves = [leaf for _, _, leaf in heads]
                for tree, *_ in parts[start:end]:
                    tree.extend(leaves)
    for tree, root, instances, seq in parts:
        if (tree.root().hex(), tree.end) != (root, instances):
            book.error("tree", "heads_differ", LOG, seq)
