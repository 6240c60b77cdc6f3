"""The tree over the whole log: every sealed entry at its place, the roots those of every checkpoint and anchor.

    tree     the places are those that sealing gives, with nothing missing, double or moved; the leaves are those of
             the entries; the seals' heads are those of the instances; stored nodes, caches and checkpoints are what
             the leaves make them
    anchor   each checkpoint that was held outside has the root of the log's first entries, so many as it says

An instance that is gone with its leaves, a cut tail, a log that was hashed and sealed anew agree with themselves. They
do not agree with an anchor.
"""

from __future__ import annotations

from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.verify.heads import Heads
from kfq_workflow.verify.seals import LOG, RUN, Planting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.seal_store import SealedRow
    from kfq_workflow.stored.tree_source import Place, TreeSource
    from kfq_workflow.verify.heads import HeadLeaves
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.seals import Leaves, Seals

#: The columns of a raw entry.
_SEQ, _LEAF = itemgetter(1), itemgetter(10)


class TreeCheck:
    """Merges the places of entries with the entries, and makes the tree from them."""

    def __init__(
        self, tree: TreeSource, seals: Seals, hasher: Hash, book: Book, skips: Callable[[str], bool] | None = None
    ) -> None:
        self._book = book
        #: Tells of an instance whether its entries are not read: then its leaves are taken as they are stored.
        self._skips = skips
        self._planting = Planting(seals, hasher, book)
        self._heads = Heads(seals, hasher)
        self._ahead = _Ahead(tree.places(), self._planting.leaves, book)
        sealed = tree.sealed()
        self._sealed: Iterator[SealedRow] | None = sealed
        self._cached = self._following()
        #: The newest sealed entry of the instance that is being read.
        self._head: tuple[str, int, bytes] | None = None
        #: The first entry of an instance that has no place: none after it may have one.
        self._open: tuple[str, int] | None = None

    def entries(self, rows: Sequence[Any]) -> None:
        """Give some entries of one instance, in order, their places."""
        first = self._ahead.instance
        if first is None or not rows or first > rows[0][0]:
            return
        if first != rows[0][0] or not self._together(rows, first):
            for row in rows:
                if type(row[1]) is int:
                    self._entry(row[0], row[1], row[10])
        self._planting.flush(RUN)

    def _together(self, rows: Sequence[Any], instance: str) -> bool:
        """Give entries their places together, where they follow each other and each has its leaf there, as most do."""
        ahead, planting, count = self._ahead, self._planting, len(rows)
        if not ahead.has(count) or self._open is not None or instance == LOG:
            return False
        some = slice(ahead.first, ahead.first + count)
        position, leaves = ahead.positions[ahead.first], ahead.leaves[some]
        end = position + count
        if (
            position != planting.due
            or end > planting.limit
            or ahead.positions[some] != tuple(range(position, end))
            or ahead.seqs[some] != tuple(map(_SEQ, rows))
            or leaves != tuple(map(_LEAF, rows))
            or ahead.instances[some] != (instance,) * count
        ):
            return False
        self._reach(instance, position)
        planting.run += leaves
        planting.nodes += ahead.nodes[some]
        planting.due = end
        planting.leaves.placed += count
        self._head = instance, rows[-1][1], leaves[-1]
        ahead.drop(count)
        return True

    def _entry(self, instance: str, seq: int, leaf: Any) -> None:
        """Give one entry its place."""
        self._skip(instance, seq)
        place = self._ahead.next()
        if place is None or (place.instance, place.seq) != (instance, seq):
            self._open = self._open if self._open and self._open[0] == instance else (instance, seq)
            return
        if (place.leaf is not None and place.leaf != leaf) or type(leaf) is not bytes:
            self._planting.leaves.odd = True
            self._book.error("tree", "leaf_differs", instance, seq, position=place.position)
            leaf = _octets(leaf)
        self._take(place, leaf)
        self._planting.leaves.placed += 1
        self._ahead.drop()

    def _take(self, place: Place, leaf: bytes) -> None:
        if self._open is not None and self._open[0] == place.instance:
            self._book.error("tree", "entry_unplaced", place.instance, self._open[1], before=place.seq)
        self._open = None
        self._reach(place.instance, place.position)
        self._planting.take(place, leaf)
        self._head = place.instance, place.seq, leaf

    def _reach(self, instance: str, position: int) -> None:
        """Take note of the next place, and with the first of an instance that the one before it has ended."""
        if self._head is not None and self._head[0] != instance:
            self._close()
        if position >= self._heads.due:
            self._heads.reach(position, self._head)

    def _skip(self, instance: str | None = None, seq: int = 0) -> None:
        """Note places that no entry is at: all that stand before an entry, or all that are left."""
        while (place := self._ahead.next()) is not None and (
            instance is None or (place[0], place[1]) < (instance, seq)
        ):
            if self._skips is not None and self._skips(place.instance):
                self._book.skip(new=self._head is None or self._head[0] != place.instance)
            else:
                self._planting.leaves.odd = True
                self._book.error("tree", "place_orphan", place.instance, place.seq, position=place.position)
            if place.leaf is not None:
                self._take(place, _octets(place.leaf))
                self._planting.flush(RUN)
            self._ahead.drop()

    def _close(self) -> None:
        """Note the head of an instance whose places have all been read, and compare the cache with it."""
        self._heads.close(self._head)
        while self._head is not None and self._cached is not None and self._cached[0] < self._head[0]:
            self._book.error("cache", "sealed_orphan", self._cached[0], None)
            self._cached = self._following()
        if self._sealed is not None and self._head is not None and self._head != self._cached:
            self._book.error("cache", "sealed_differs", self._head[0], self._head[1])
        if self._head is not None and self._cached is not None and self._cached[0] == self._head[0]:
            self._cached = self._following()
        self._head = None

    def _following(self) -> SealedRow | None:
        for row in self._sealed or ():
            if type(row[0]) is str:
                return row
            self._book.error("cache", "sealed_orphan", str(row[0]), None)
        return None

    def finish(self) -> tuple[Leaves, HeadLeaves]:
        """Note what is left; return the leaves by part, and the heads of its instances."""
        self._skip()
        self._close()
        while self._cached is not None:
            self._book.error("cache", "sealed_orphan", self._cached[0], None)
            self._cached = self._following()
        self._planting.flush()
        return self._planting.leaves, self._heads.leaves


def _octets(leaf: Any) -> bytes:
    """Return a leaf that is none of an entry's as bytes, whatever it is."""
    return leaf if isinstance(leaf, bytes) else b""


class _Ahead:
    """The places to come, some of them by column. Those whose columns cannot be compared are noted and left out."""

    def __init__(self, places: Iterator[Place], leaves: Leaves, book: Book) -> None:
        self._places = places
        self._noted = leaves
        self._book = book
        self._rows: list[Place] = []
        self.first = 0
        #: The instance of the next place.
        self.instance: str | None = None
        self.instances: tuple[str, ...] = ()
        self.seqs: tuple[int, ...] = ()
        self.positions: tuple[int, ...] = ()
        self.leaves: tuple[bytes, ...] = ()
        self.nodes: tuple[bytes | None, ...] = ()
        self._all_leaves = False
        self.drop(0)

    def has(self, count: int) -> bool:
        """Tell whether so many are there, all with leaves; the columns have them then, from `first` on."""
        if self.first + count > len(self._rows):
            self._more(count)
        return self._all_leaves and self.first + count <= len(self._rows)

    def next(self) -> Place | None:
        """Return the next one."""
        return None if self.instance is None else self._rows[self.first]

    def drop(self, count: int = 1) -> None:
        """Go on behind so many."""
        self.first += count
        if self.first >= len(self._rows):
            self._more(1)
        self.instance = self._rows[self.first].instance if self.first < len(self._rows) else None

    def _more(self, count: int) -> None:
        """Read on until so many are there, or all that are left."""
        rows = self._rows[self.first :]
        while len(rows) < count and (more := list(islice(self._places, RUN))):
            rows += self._sound(more)
        self._rows, self.first = rows, 0
        columns: Iterator[tuple[Any, ...]] = zip(*rows, strict=True)
        self.instances, self.seqs, self.positions, self.leaves, self.nodes = columns if rows else ((),) * 5
        self._all_leaves = {*map(type, self.leaves)} == {bytes}

    def _sound(self, places: list[Place]) -> Iterator[Place]:
        """Yield the places whose columns can be compared."""
        for place in places:
            if type(place[0]) is str and type(place[1]) is type(place[2]) is int:
                yield place
            else:
                self._noted.odd = True
                self._book.error("tree", "columns", str(place[0]), None)
