"""The tree in an exported file: a line for each stretch of an instance's entries that lie together; checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.stored.tree_source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kfq_workflow.stored.seal_store import CheckpointRow, LeafRow, SealedRow
    from kfq_workflow.stored.tree_source import TreeSource

PLACED, CHECKPOINT = "placed", "checkpoint"
#: No line stands for more entries: a forged one must not keep a verifier busy.
MOST = 1_000_000


def placed(places: Iterable[Place]) -> Iterator[dict[str, Any]]:
    """Yield what `placed` lines say: from which entry on, how many, from which position on."""
    about: dict[str, Any] | None = None
    for instance, seq, position, *_ in places:
        if about is not None:
            count = about["count"]
            if (about["instance"], about["seq"] + count, about["position"] + count) == (instance, seq, position):
                about["count"] += 1
                if about["count"] < MOST:
                    continue
                yield about
                about = None
                continue
            yield about
        about = {"count": 1, "instance": instance, "position": position, "seq": seq}
    if about is not None:
        yield about


def lines(tree: TreeSource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what an export says of the tree, by the name of the line."""
    for about in placed(tree.places()):
        yield PLACED, about
    for size, root, note in tree.checkpoints():
        yield CHECKPOINT, {"note": note, "root": root.hex(), "size": size}


class ExportTree:
    """The tree in an exported file, given what its `placed` lines say and its checkpoints."""

    def __init__(
        self, stretches: Callable[[], Iterator[dict[str, Any]]], checkpoints: Callable[[], Iterator[CheckpointRow]]
    ) -> None:
        self._stretches = stretches
        self.checkpoints = checkpoints

    def places(self) -> Iterator[Place]:
        """Yield the places of entries by (instance, seq)."""
        for about in self._stretches():
            for number in range(min(about["count"], MOST)):
                yield Place(about["instance"], about["seq"] + number, about["position"] + number)

    def leaves(self) -> Iterator[LeafRow] | None:
        """Return None: an export has the leaves as its entries only."""
        return None

    def sealed(self) -> Iterator[SealedRow] | None:
        """Return None: an export has no caches."""
        return None
