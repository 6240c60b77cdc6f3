"""The stored nodes of the tree, from which proofs are made, against those that the stored leaves make.

Read in the order of positions, by one reader or by several that share the positions: each but the first takes the
nodes that lie before its own as they are stored, and it is seen afterwards that they are those that the one before
it has found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kfq_workflow.audit.merkle import Range, peaks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.seal_store import LeafRow
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

_BLOCK = 512


@dataclass(slots=True)
class Nodes:
    """What one reader found from `start` to `end`: the peaks before and after, the first node that differs.

    Not `whole` is what ends before its time, at a leaf that is missing or no leaf, which the places have shown.
    """

    start: int
    before: list[bytes]
    end: int = 0
    after: list[bytes] = field(default_factory=list)
    differs: tuple[str, int, int] | None = None
    whole: bool = True


def read(tree: TreeSource, start: int, end: int | None, hasher: Hash) -> Nodes | None:
    """Compare the nodes from position `start` to before `end`, None: to the last; None where the source has none."""
    rows = tree.leaves(start, end)
    if rows is None:
        return None
    peaks = _peaks(tree, start)
    found = Nodes(start, peaks)
    if len(peaks) != start.bit_count():
        found.whole = False
        return found
    made = Range.resume(start, peaks, hasher)
    while found.whole and found.differs is None and (block := list(islice(rows, _BLOCK))):
        _block(made, block, found)
    found.end, found.after = made.end, made.peaks
    return found


def _peaks(tree: TreeSource, size: int) -> list[bytes]:
    """Return the peaks of the tree of this size as they are stored."""
    found: list[bytes] = []
    for start, height in peaks_of(size):
        last = start + (1 << height) - 1
        found += [row[2] for row in tree.leaves(last, last + 1) or () if type(row[2]) is bytes]
    return found


def _block(tree: Range, rows: Sequence[LeafRow], found: Nodes) -> None:
    """Compare some nodes and append their leaves, up to one that is none."""
    due = tree.end
    for place, row in enumerate(rows):
        if row[0] != due + place or type(row[0]) is not int or type(row[1]) is not bytes:
            found.whole, rows = False, rows[:place]
            break
    for row, node in zip(rows, tree.extend(row[1] for row in rows), strict=True):
        if row[2] != node:
            found.differs = row[3], row[4], row[0]
            return


def settle(readings: Sequence[Nodes | None], tree: TreeSource, hasher: Hash, book: Book) -> None:
    """Note the first node that differs."""
    before: Nodes | None = None
    for reading in readings:
        if reading is None:
            return
        if before is not None and (reading.start, reading.before) != (before.end, before.after):
            settle([read(tree, 0, None, hasher)], tree, hasher, book)
            return
        if reading.differs is not None:
            instance, seq, position = reading.differs
            book.error("tree", "node_differs", str(instance), seq, position=position)
        if reading.differs is not None or not reading.whole:
            return
        before = reading
