"""What a source says of the tree over the log: where each entry lies, how far instances are sealed, checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kfq_workflow.stored.seal_store import CheckpointRow, LeafRow, SealedRow, in_order, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.stored.tables import Tables


class Place(NamedTuple):
    """Where an entry lies in the tree; `leaf` and `node` are None where the source says only the place.

    `node` is the root of the largest perfect tree that ends with the leaf.
    """

    instance: str
    seq: int
    position: int
    leaf: bytes | None = None
    node: bytes | None = None


class Span(NamedTuple):
    """A range of keys of a table, `first` and all after it that are before `before`; None: no bound."""

    first: Any = None
    before: Any = None

    def within(self, column: str, mark: str) -> tuple[str, list[Any]]:
        """Return the condition of a query, and its values; a span that ends where it begins is one key."""
        if self.first is not None and self.first == self.before:
            return f"{column} = {mark}", [self.first]
        bounds = ((">=", self.first), ("<", self.before))
        conditions = [f"{column} {sign} {mark}" for sign, bound in bounds if bound is not None]
        return " AND ".join(conditions), [bound for _, bound in bounds if bound is not None]


ALL = Span()


def divided(keys: Iterable[Any]) -> list[Span]:
    """Return the spans between keys, of which some may be the same or none."""
    found = sorted({key for key in keys if isinstance(key, str)})
    return [Span(first, before) for first, before in zip([None, *found], [*found, None], strict=True)]


class TreeSource(Protocol):
    """The tree as a source has it."""

    def places(self) -> Iterator[Place]:
        """Yield the places of entries by (instance, seq)."""

    def leaves(self) -> Iterator[LeafRow] | None:
        """Yield the stored leaves by position; None where the source has none."""

    def sealed(self) -> Iterator[SealedRow] | None:
        """Yield by instance how far it is sealed; None where the source has no such cache."""

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that were kept, by size, note and root."""


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


class Stream(Protocol):
    """Yields a table's rows in the order of some columns: these columns of them, in a range of the first column."""

    def __call__(self, table: Any, key: Sequence[str], span: Span, columns: Sequence[str] = ()) -> Iterator[Any]:
        """Yield the rows."""


class DatabaseTree:
    """The tree in a database; `span` are the instances whose places are read."""

    def __init__(self, tables: Tables, stream: Stream, span: Span = ALL) -> None:
        self._tables = tables
        self._stream = stream
        self._span = span

    def places(self) -> Iterator[Place]:
        """Yield the places of entries by (instance, seq)."""
        return named(Place, self._stream(self._tables.leaf, ("instance", "seq"), self._span, Place._fields))

    def leaves(self) -> Iterator[LeafRow] | None:
        """Yield the stored leaves by position, and what has no position that is one."""
        return self._stream(self._tables.leaf, ("position",), ALL)

    def sealed(self) -> Iterator[SealedRow] | None:
        """Yield by instance how far it is sealed."""
        return named(SealedRow, self._stream(self._tables.sealed, ("instance",), self._span))

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that were kept, by size, note and root."""
        rows = self._stream(self._tables.checkpoint, ("digest",), ALL)
        return iter(in_order(CheckpointRow._make(row[1:]) for row in rows))
