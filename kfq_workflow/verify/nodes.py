"""The stored nodes of the tree, from which proofs are made, against those that the stored leaves make.

That they agree is seen while the tree is made from the entries (`seals.Piece`). Where anything of the tree is not as
it should be, the stored leaves are read once more, by their positions, to find the first node that differs.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kfq_workflow.audit.merkle import Range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.seal_store import LeafRow
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

_BLOCK = 512


def compare(tree: TreeSource, hasher: Hash, book: Book) -> None:
    """Note the first node that differs, up to a leaf that is missing or no leaf, which the places have shown."""
    rows, made = tree.leaves() or iter(()), Range(0, hasher)
    while block := list(islice(rows, _BLOCK)):
        if not _agrees(made, block, book):
            return


def _agrees(tree: Range, rows: Sequence[LeafRow], book: Book) -> bool:
    """Append leaves and compare their nodes; tell whether the next may be compared."""
    whole, due = True, tree.end
    for place, (position, leaf, *_) in enumerate(rows):
        if position != due + place or type(position) is not int or type(leaf) is not bytes:
            whole, rows = False, rows[:place]
            break
    for (position, _, node, instance, seq), made in zip(rows, tree.extend(row[1] for row in rows), strict=True):
        if node != made:
            book.error("tree", "node_differs", str(instance), seq, position=position)
            return False
    return whole
