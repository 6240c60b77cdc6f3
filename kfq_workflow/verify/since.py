"""What has changed since a checkpoint: instances that have nothing newer need not be read again.

The stored leaves are cheap to read. Where their tree has the root of a checkpoint that was kept outside, they are those
of the entries of then. So an instance whose entries are exactly those that have leaves in that tree has had no act
since; whether their rows still are what was hashed is not looked at again, and the report says so. Every instance with
an act since is read from its first entry, as are the chains of actors, definitions and the log, on which all rest.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from kfq_workflow.stored.tree_source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.entry import Row
    from kfq_workflow.log import LogHead
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.source import Document, Source, TextRow
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

#: Reserved instances, and the first key after all of them.
_RESERVED, _AFTER = "~", "\x7f"
#: Spans that are kept; a log that has changed in more places is read as a whole.
_MOST = 20_000


@runtime_checkable
class Dated(Protocol):
    """A source that can tell which instances have changed."""

    def changed(self, size: int) -> Iterator[tuple[str, bool]]:
        """Yield every instance by key, and whether its entries are others than those of the first `size` leaves."""

    def part(self, span: Span) -> Source:
        """Return the same source, whose streams over all instances have those of a span only."""


def chosen(source: Source, size: int) -> Chosen | None:
    """Return the source without the instances that have nothing newer than a checkpoint of this size.

    None where all must be read: the source cannot tell, or changes are everywhere.
    """
    if not isinstance(source, Dated):
        return None
    spans: list[Span] = []
    first: str | None = None
    for instance, is_changed in source.changed(size):
        if is_changed or _RESERVED <= instance < _AFTER:
            first = instance if first is None else first
        elif first is not None:
            spans.append(Span(first, instance))
            first = None
        if len(spans) > _MOST:
            return None
    part, spans = source.part, [*spans, Span(first, None)] if first is not None else spans
    return Chosen(source, part, spans)


class Chosen:
    """A source of which only the instances of some spans are read, all of its tree, and any instance by its key."""

    def __init__(self, source: Source, part: Callable[[Span], Source], spans: list[Span]) -> None:
        self._source = source
        self._part = part
        self._spans = spans
        self._firsts: list[str] = [span.first for span in spans]

    def skips(self, instance: str) -> bool:
        """Tell whether an instance is not read."""
        place = bisect_right(self._firsts, instance) - 1
        before = self._spans[place].before if place >= 0 else ""
        return before is not None and instance >= before

    def log(self) -> LogHead:
        """Return the log's head."""
        return self._source.log()

    def documents(self) -> Iterator[Document]:
        """Yield every document."""
        return self._source.documents()

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""
        return self._source.entries(instance) if instance is not None else self._all("entries")

    def numbers(self) -> Iterator[Row]:
        """Yield the entries of the chains of document numbers."""
        found: Iterator[Row] = self._source.numbers()  # type: ignore[attr-defined]  # as every database has
        return found

    def raw_entries(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield entries as `source.raw` does."""
        del instance
        return self._all("raw_entries")

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""
        return self._source.texts(instance) if instance is not None else self._all("texts")

    def raw_texts(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield texts as `source.raw` does."""
        del instance
        return self._all("raw_texts")

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:
        """Yield the cached rows by key."""
        return self._source.instances(instance) if instance is not None else self._all("instances")

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:
        """Yield the cached rows of the inbox."""
        return self._source.tasks(instance) if instance is not None else self._all("tasks")

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:  # noqa: ARG002
        """Return None: the instances' rows have them."""
        return None

    def tree(self) -> TreeSource | None:
        """Return the tree over all entries."""
        return self._source.tree()

    def clock(self) -> int | None:
        """Return the source's clock."""
        return self._source.clock()

    def inspect(self, book: Book) -> None:
        """Note what only this kind of source can find."""
        self._source.inspect(book)

    def _all(self, name: str) -> Iterator[Any]:
        return chain.from_iterable(getattr(self._part(span), name)() for span in self._spans)
