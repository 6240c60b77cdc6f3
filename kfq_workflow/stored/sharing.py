"""How other processes open a source, and see that it is in the state that the first one sees (`source.Shared`).

PostgreSQL   the first process exports its snapshot, the others take it
SQLite       each begins to read, and counts the entries; where another number is seen, all begin again
MariaDB      the same
export       the file's size and time of change
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from kfq_workflow.files import Part
    from kfq_workflow.stored.database import Recipe
    from kfq_workflow.stored.source import Source
    from kfq_workflow.stored.tree_source import Span

    class Counted(Source, Protocol):
        """A source that tells how many entries it sees."""

        def count(self) -> int:
            """Return the number of entries."""


@dataclass(frozen=True, slots=True)
class DatabaseOpening:
    """How another process opens the same database; `read` makes a source of its connection, and can be pickled."""

    recipe: Recipe
    read: Callable[[Connection], Counted]

    @contextmanager
    def open(self) -> Iterator[OpenedDatabase]:
        """Open a connection of its own."""
        database = self.recipe.open()
        try:
            with database.connect() as connection:
                yield OpenedDatabase(connection, self.read)
                connection.rollback()
        finally:
            database.dispose()


class OpenedDatabase:
    """A connection in another process, which looks for the state that the first one sees."""

    def __init__(self, connection: Connection, read: Callable[[Connection], Counted]) -> None:
        self._connection = connection
        self._read = read

    def see(self, state: Any) -> Source | None:
        """Begin a transaction; return None where it sees another number of entries."""
        self._connection.rollback()
        source = self._read(self._connection)
        if isinstance(state, str):
            begin(self._connection, snapshot=state)
            return source
        begin(self._connection)
        return source if state in (None, source.count()) else None


def begin(connection: Connection, *, snapshot: str | None = None) -> None:
    """Begin a transaction that sees one state of the database from its first statement to its last.

    On PostgreSQL this can be the `snapshot` that another transaction exported and still holds.
    """
    name = connection.dialect.name
    if name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.begin()
        if snapshot is not None:
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        return
    connection.begin()
    driver: Any = connection.connection.driver_connection
    if name == "sqlite":
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


@dataclass(slots=True)
class Region:
    """What was read of a block, in bytes from the file's beginning, for the instances of a span."""

    span: Span
    start: int = 0
    end: int = 0
    sorted: bool = True
    last: str = ""

    def ends(self, instance: str, start: int) -> bool:
        """Tell whether a line is after the span, which then ends where that line starts."""
        if self.span.before is not None and instance >= self.span.before:
            self.end = start
            return True
        self.sorted = self.sorted and instance >= max(self.last, self.span.first or "")
        self.last = instance
        return False


class Told(NamedTuple):
    """What a part of a file tells: lines that cannot be read, by offset, and the region of each block."""

    bad: dict[int, str]
    regions: dict[int, Region]


@dataclass(frozen=True, slots=True)
class ExportOpening:
    """How another process opens the same file, or the same stretch of one."""

    path: Part
    read: Callable[[Part], Source]

    @contextmanager
    def open(self) -> Iterator[OpenedExport]:
        """Open the file."""
        yield OpenedExport(self.path, self.read)


class OpenedExport:
    """A file that another process reads, too."""

    def __init__(self, path: Part, read: Callable[[Part], Source]) -> None:
        self._path = path
        self._read = read

    def see(self, state: tuple[int, int] | None) -> Source | None:
        """Return the file, None where it has changed."""
        return self._read(self._path) if state in (None, stamp(self._path.path)) else None


def stamp(path: Path) -> tuple[int, int]:
    """Return a file's size and when it was changed last, in ns since 1970 UTC."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
