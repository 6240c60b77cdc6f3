"""The tree over the whole log: every sealed entry at its place, the roots those of every checkpoint and anchor.

    tree     the places are those that sealing gives, with nothing missing, double or moved; the leaves are those of
             the entries; the newest seal's heads are those of the instances; stored nodes, caches and checkpoints
             are what the leaves make them
    anchor   each checkpoint that was held outside has the root of the log's first entries, so many as it says

An instance that is gone with its leaves, a cut tail, a log that was hashed and sealed anew agree with themselves. They
do not agree with an anchor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.merkle import Range
from kfq_workflow.audit.suite import DEFAULT
from kfq_workflow.verify.seals import LOG, Seals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.audit.suite import Hash
    from kfq_workflow.entry import Row
    from kfq_workflow.seal_store import LeafRow, SealedRow
    from kfq_workflow.tree_source import Place, TreeSource
    from kfq_workflow.verify.report import Book


class TreeCheck:
    """Merges the places of entries with the entries, and makes the tree from them."""

    def __init__(self, tree: TreeSource, log: Iterable[Row], book: Book, hasher: Hash = DEFAULT) -> None:
        self._book = book
        self._hasher = hasher
        self._source = tree
        self._seals = Seals(log, self._hasher, book)
        self._places = tree.places()
        self._next = self._advance()
        sealed = tree.sealed()
        self._sealed: Iterator[SealedRow] | None = sealed
        self._cached = next(sealed, None) if sealed is not None else None
        self._heads = Range(0, self._hasher)
        #: The newest sealed entry of the instance that is being read, and that before the newest seal's own.
        self._head: tuple[str, int, bytes] | None = None
        self._told: tuple[str, int, bytes] | None = None
        #: The first entry of an instance that has no place: none after it may have one.
        self._open: tuple[str, int] | None = None

    def entries(self, rows: Sequence[Any]) -> None:
        """Give some entries of one instance, in order, their places."""
        place = self._next
        if place is None or not rows or place[0] > rows[0][0]:
            return
        for row in rows:
            instance, seq, leaf = row[0], row[1], row[10]
            place = self._next
            if place is None or place[1] != seq or place[0] != instance:
                if type(seq) is not int:
                    continue
                self._skip(instance, seq)
                place = self._next
                if place is None or (place[0], place[1]) != (instance, seq):
                    self._open = self._open if self._open and self._open[0] == instance else (instance, seq)
                    continue
            if place[3] is not None and place[3] != leaf:
                self._book.error("tree", "leaf_differs", instance, seq, position=place[2])
            self._take(place, leaf)
            self._next = self._advance()

    def _take(self, place: Place, leaf: bytes) -> None:
        instance, seq, position, _ = place
        if self._open is not None and self._open[0] == instance:
            self._book.error("tree", "entry_unplaced", instance, self._open[1], before=seq)
        self._open = None
        self._seals.place(instance, seq, position, leaf)
        if self._head is not None and self._head[0] != instance:
            self._close()
        self._head = instance, seq, leaf
        if not (instance == LOG and self._seals.parts and seq == self._seals.parts[-1].seq):
            self._told = self._head

    def _skip(self, instance: str | None = None, seq: int = 0) -> None:
        """Note places that no entry is at: all that stand before an entry, or all that are left."""
        while (place := self._next) is not None and (instance is None or (place[0], place[1]) < (instance, seq)):
            self._book.error("tree", "place_orphan", place[0], place[1], position=place[2])
            if place[3] is not None:
                self._take(place, place[3])
            self._next = self._advance()

    def _advance(self) -> Place | None:
        for place in self._places:
            if type(place[0]) is str and type(place[1]) is int and type(place[2]) is int:
                return place
            self._book.error("tree", "columns", str(place[0]), None)
        return None

    def _close(self) -> None:
        """Note the head of an instance whose places have all been read, and compare the cache with it."""
        if self._told is not None:
            self._heads.append(head_leaf(*self._told, self._hasher))
        while self._head is not None and self._cached is not None and self._cached[0] < self._head[0]:
            self._book.error("cache", "sealed_orphan", str(self._cached[0]), None)
            self._cached = self._following()
        if self._sealed is not None and self._head is not None and self._head != self._cached:
            self._book.error("cache", "sealed_differs", self._head[0], self._head[1])
        if self._head is not None and self._cached is not None and self._cached[0] == self._head[0]:
            self._cached = self._following()
        self._head = self._told = None

    def _following(self) -> SealedRow | None:
        return next(self._sealed, None) if self._sealed is not None else None

    def finish(self) -> dict[int, bytes]:
        """Note what only the whole tree shows; return the root after each seal, by size, as far as it is known."""
        self._skip()
        self._close()
        while self._cached is not None:
            self._book.error("cache", "sealed_orphan", str(self._cached[0]), None)
            self._cached = self._following()
        parts = self._seals.parts
        if parts and (self._heads.root().hex(), self._heads.end) != (parts[-1].heads, parts[-1].instances):
            self._book.error("tree", "heads_differ", LOG, parts[-1].seq)
        roots = {0: self._hasher(b"").digest(), **dict(self._seals.roots())}
        leaves = self._source.leaves()
        if leaves is not None:
            self._nodes(leaves)
        return roots

    @property
    def size(self) -> int:
        """The number of leaves that the newest seal says."""
        return self._seals.size

    def _nodes(self, leaves: Iterator[LeafRow]) -> None:
        """Compare the nodes that are stored, from which proofs are made, with those that the leaves make."""
        tree = Range(0, self._hasher)
        for position, leaf, node, instance, seq in leaves:
            if type(position) is not int or position != tree.end or type(leaf) is not bytes:
                return  # the places have been reported
            if tree.append(leaf) != node:
                self._book.error("tree", "node_differs", instance, seq, position=position)
                return
