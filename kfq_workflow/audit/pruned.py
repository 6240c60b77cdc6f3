"""A tree of which only some leaves are shown, all others being hidden under the roots of perfect trees.

    leaves 2 and 3 of 7 are shown:    [0,2) hidden   2   3   [4,6) hidden   6 hidden

What is shown and what is hidden together cover every position once, so the root follows from left to right; and so does
the root of every earlier tree that ends where no hidden tree is cut. One list of hashes thus proves that all that is
shown lies in the log, and that each of its trees is the beginning of the next. No I/O, standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kfq_workflow.audit.merkle import Range, heights

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from kfq_workflow.hashing import Hash


class Hidden(NamedTuple):
    """A perfect tree of which only the root is known: its first position, its leaves, and the root."""

    position: int
    width: int
    hash: bytes


class Uncovered(ValueError):
    """Positions are not covered exactly once: nothing covers [first, last], or `first` is covered `twice`."""

    def __init__(self, first: int, last: int, *, twice: bool = False) -> None:
        super().__init__(first, last)
        self.first = first
        self.last = last
        self.twice = twice


def hidden_places(shown: Iterable[tuple[int, int]], size: int, cuts: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield (position, height) of the perfect trees that hide what is not shown in a tree of `size` leaves.

    `shown` has ranges of positions [start, end) in order; no tree is laid across one of `cuts`.
    """
    edges = sorted({cut for cut in cuts if 0 < cut < size} | {size})
    here, number = 0, 0
    for start, end in [*shown, (size, size)]:
        while here < start:
            while edges[number] <= here:
                number += 1
            stop = min(start, edges[number])
            for height in heights(here, stop):
                yield here, height
                here += 1 << height
        here = max(here, end)


def fold(
    leaves: Iterable[tuple[int, bytes]], hidden: Iterable[Hidden], size: int, wanted: Collection[int], hasher: Hash
) -> dict[int, bytes]:
    """Return the roots of the tree of `size` leaves and of those `wanted` smaller ones at which no hidden tree is cut.

    `leaves` are (position, leaf) and come in order, as `hidden` does. Raises Uncovered.
    """
    tree = Range(0, hasher)
    stops = sorted({stop for stop in wanted if 0 <= stop < size} | {size})
    roots: dict[int, bytes] = {}
    trees = iter(hidden)
    following = next(trees, None)

    def passed() -> None:
        while stops and stops[0] <= tree.end:
            stop = stops.pop(0)
            if stop == tree.end:
                roots[stop] = tree.root()

    def hide(until: int | None) -> None:
        nonlocal following
        while following is not None and (until is None or following.position < until):
            position, width, root = following
            if width < 1 or width & (width - 1) or position & (width - 1) or position + width > size:
                raise Uncovered(position, position, twice=True)
            _follows(tree.end, position, size)
            tree.push(root, width.bit_length() - 1)
            passed()
            following = next(trees, None)

    passed()
    for position, leaf in leaves:
        hide(position)
        _follows(tree.end, position, size)
        tree.append(leaf)
        passed()
    hide(None)
    _follows(tree.end, size, size)
    return roots


def _follows(end: int, position: int, size: int) -> None:
    """Check that a position is the next one. Raises Uncovered."""
    if position < end:
        raise Uncovered(position, position, twice=True)
    if position > end:
        raise Uncovered(end, min(position, size) - 1)
