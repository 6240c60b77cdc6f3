"""The tree over the whole log: every sealed entry at its place, the roots those of every checkpoint and anchor.

    tree     the places are those that sealing gives, with nothing missing, double or moved; the leaves are those of
             the entries; the seals' heads are those of the instances; stored nodes, caches and checkpoints are what
             the leaves make them
    anchor   each checkpoint that was held outside has the root of the log's first entries, so many as it says

An instance that is gone with its leaves, a cut tail, a log that was hashed and sealed anew agree with themselves. They
do not agree with an anchor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.verify.heads import Heads
from kfq_workflow.verify.seals import RUN, Planting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.seal_store import SealedRow
    from kfq_workflow.stored.tree_source import Place, TreeSource
    from kfq_workflow.verify.heads import HeadLeaves
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.seals import Leaves, Seals


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
        self._places = tree.places()
        self._next = self._advance()
        sealed = tree.sealed()
        self._sealed: Iterator[SealedRow] | None = sealed
        self._cached = self._following()
        #: The newest sealed entry of the instance that is being read.
        self._head: tuple[str, int, bytes] | None = None
        #: The first entry of an instance that has no place: none after it may have one.
        self._open: tuple[str, int] | None = None

    def entries(self, rows: Sequence[Any]) -> None:
        """Give some entries of one instance, in order, their places."""
        place = self._next
        if place is None or not rows or place[0] > rows[0][0]:
            return
        planting, places, head = self._planting, self._places, self._head
        run, placed = planting.run, 0
        for row in rows:
            instance, seq, leaf = row[0], row[1], row[10]
            if place is None or place[1] != seq or place[0] != instance or type(place[2]) is not int:
                if type(seq) is not int:
                    continue
                self._next, self._head = self._sound(place), head
                self._skip(instance, seq)
                place, head = self._next, self._head
                if place is None or place[1] != seq or place[0] != instance:
                    self._open = self._open if self._open and self._open[0] == instance else (instance, seq)
                    continue
            if (place[3] is not None and place[3] != leaf) or type(leaf) is not bytes:
                self._book.error("tree", "leaf_differs", instance, seq, position=place[2])
                leaf = _octets(leaf)
            if (
                place[2] == planting.due
                and planting.due < planting.limit
                and self._open is None
                and head is not None
                and head[0] == instance
            ):
                run.append(leaf)
                planting.due += 1
            else:
                self._head = head
                self._take(place, leaf)
            placed += 1
            head = (instance, seq, leaf)
            place = next(places, None)
        self._next, self._head = self._sound(place), head
        planting.flush(RUN)
        planting.leaves.placed += placed

    def _take(self, place: Place, leaf: bytes) -> None:
        instance, seq, position, _ = place
        if self._open is not None and self._open[0] == instance:
            self._book.error("tree", "entry_unplaced", instance, self._open[1], before=seq)
        self._open = None
        if self._head is not None and self._head[0] != instance:
            self._close()
        self._heads.reach(position, self._head)
        self._planting.take(instance, seq, position, leaf)
        self._head = instance, seq, leaf

    def _skip(self, instance: str | None = None, seq: int = 0) -> None:
        """Note places that no entry is at: all that stand before an entry, or all that are left."""
        while (place := self._next) is not None and (instance is None or (place[0], place[1]) < (instance, seq)):
            if self._skips is not None and self._skips(place[0]):
                self._book.skip(new=self._head is None or self._head[0] != place[0])
            else:
                self._book.error("tree", "place_orphan", place[0], place[1], position=place[2])
            if place[3] is not None:
                self._put(place, _octets(place[3]))
            self._next = self._advance()
        self._planting.flush(RUN)

    def _put(self, place: Place, leaf: bytes) -> None:
        """Put a stored leaf, of which no entry was read, at its place."""
        planting, head = self._planting, self._head
        follows = place[2] == planting.due and planting.due < planting.limit and self._open is None
        if follows and head is not None and head[0] == place[0]:
            planting.run.append(leaf)
            planting.due += 1
            self._head = place[0], place[1], leaf
        else:
            self._take(place, leaf)

    def _advance(self) -> Place | None:
        return self._sound(next(self._places, None))

    def _sound(self, place: Place | None) -> Place | None:
        """Return a place, or the next whose columns can be compared."""
        while place is not None and [type(column) for column in place[:3]] != [str, int, int]:
            self._book.error("tree", "columns", str(place[0]), None)
            place = next(self._places, None)
        return place

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
