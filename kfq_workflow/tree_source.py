"""What a source says of the tree over the log: where each entry lies, how far instances are sealed, checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kfq_workflow.seal_store import CheckpointRow, LeafRow, SealedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kfq_workflow.tables import Tables


class Place(NamedTuple):
    """Where an entry lies in the tree; `leaf` is None where the source says only the place."""

    instance: str
    seq: int
    position: int
    leaf: bytes | None


class TreeSource(Protocol):
    """The tree as a source has it."""

    def places(self) -> Iterator[Place]:
        """Yield the places of entries by (instance, seq)."""

    def leaves(self) -> Iterator[LeafRow] | None:
        """Yield the stored leaves by position; None where the source has none."""

    def sealed(self) -> Iterator[SealedRow] | None:
        """Yield by instance how far it is sealed; None where the source has no such cache."""

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that were kept, by size."""


class NoTree:
    """A log of which nothing is sealed, or not asked for."""

    def places(self) -> Iterator[Place]:
        """Yield nothing."""
        return iter(())

    def leaves(self) -> Iterator[LeafRow] | None:
        """Return None."""
        return None

    def sealed(self) -> Iterator[SealedRow] | None:
        """Return None."""
        return None

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield nothing."""
        return iter(())


class DatabaseTree:
    """The tree in a database; `stream` yields a table's rows in the order of some columns."""

    def __init__(self, tables: Tables, stream: Callable[[Any, Sequence[str], str | None], Iterator[Any]]) -> None:
        self._tables = tables
        self._stream = stream

    def places(self) -> Iterator[Place]:
        """Yield the places of entries by (instance, seq)."""
        for position, leaf, _, instance, seq in self._stream(self._tables.leaf, ("instance", "seq"), None):
            yield Place(instance, seq, position, leaf)

    def leaves(self) -> Iterator[LeafRow] | None:
        """Yield the stored leaves by position."""
        return map(LeafRow._make, self._stream(self._tables.leaf, ("position",), None))

    def sealed(self) -> Iterator[SealedRow] | None:
        """Yield by instance how far it is sealed."""
        return map(SealedRow._make, self._stream(self._tables.sealed, ("instance",), None))

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that were kept, by size and note."""
        rows = [CheckpointRow._make(row[1:]) for row in self._stream(self._tables.checkpoint, ("digest",), None)]
        return iter(sorted(rows, key=lambda row: (str(row.size).zfill(20), str(row.note))))
