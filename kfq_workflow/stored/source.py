"""Where a log is read from: a database in one snapshot, or an exported file. Verify and replay take either.

Entries, texts, instances and the inbox come as streams in the same order, by instance bytewise, so that they can be
merged in one pass and constant memory. A source that others can open, too, is read by several processes (`Shared`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from kfq_workflow.entry import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.log import LogHead
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.tree_source import Span, TreeSource
    from kfq_workflow.verify.report import Book


class Document(NamedTuple):
    """A document under its digest, 32 bytes; `kind` is rules or labels, None where the source does not say."""

    digest: bytes
    kind: str | None
    body: str


class TextRow(NamedTuple):
    """A text as the database keeps it: whose entry it stands beside, which field, 16 bytes of salt, the words."""

    instance: str
    seq: int
    field: str
    salt: bytes
    value: str


class Source(Protocol):
    """What verify and replay read. With `instance` a stream has the rows of that one only."""

    def log(self) -> LogHead:
        """Return the log's head. Raises NotInitialised."""

    def documents(self) -> Iterator[Document]:
        """Yield every document."""

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:
        """Yield the cached rows by key; None where the source has none."""

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:
        """Yield the cached rows of the inbox by (instance, gate, round, task); None where the source has none."""

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:
        """Yield key, number and leaf of each instance's newest entry; None where `instances` has them."""

    def tree(self) -> TreeSource | None:
        """Return what the source says of the tree over the log; None where it says nothing."""

    def clock(self) -> int | None:
        """Return the source's clock in µs since 1970 UTC, None where it has none."""

    def inspect(self, book: Book) -> None:
        """Note what only this kind of source can find, and what it cannot check; asked after the log was read."""


class Opening(Protocol):
    """How another process opens a source: sent there, so it can be pickled."""

    def open(self) -> AbstractContextManager[Opened]:
        """Open the source; nothing of it is seen yet."""


class Opened(Protocol):
    """A source that was opened in another process."""

    def see(self, state: Any) -> Source | None:
        """Return the source as it is in a state that `Shared.settle` told; None where that cannot be seen here.

        Asked for the state None it returns the source as it is now.
        """


@runtime_checkable
class Shared(Protocol):
    """A source that several processes can read, each some of the instances."""

    def opening(self) -> Opening | None:
        """Return how others open it; None where they cannot."""

    def spans(self, parts: int, least: int) -> list[Span]:
        """Divide the instances into at most so many parts of about as many entries, at least `least` each."""

    def settle(self) -> Any:
        """Return the state that this source sees from now on, and others can see, too: something to be pickled."""

    def part(self, span: Span) -> Source:
        """Return the same source, whose streams over all instances have those of a span only."""

    def told(self) -> Any:
        """Return what is known of the source after it was read, something to be pickled."""

    def gather(self, told: Sequence[Any]) -> bool:
        """Take what the parts told; False where they do not make up the whole, which one must then read."""


@runtime_checkable
class Indexed(Protocol):
    """A source that keeps what it says twice, in tables and their indexes; reading does not show that these agree."""

    #: Whether this one has something to look at.
    indexed: bool

    def sound(self, book: Book) -> None:
        """Note the tables that do not agree with their indexes, so that what is read depends on how."""

    def interrupt(self) -> None:
        """End `sound` in another thread."""


def raw(rows: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield rows as tuples with their last column in UTF-8, as it is where that cannot be, None where it is no text."""
    for row in rows:
        value = row[-1]
        if type(value) is str:
            with suppress(UnicodeEncodeError):
                value = value.encode()
        else:
            value = None
        yield (*row[:-1], value)


def plain(row: tuple[Any, ...]) -> Row:
    """Return an entry from its raw row; bytes that are no UTF-8 become lone surrogates, which no entry may hold."""
    body = row[-1]
    return Row._make(row if type(body) is not bytes else (*row[:-1], body.decode(errors="surrogateescape")))
