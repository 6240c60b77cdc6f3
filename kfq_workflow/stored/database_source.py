"""A log in a database as a source: streams through the driver's cursor, in one snapshot, by one process or several."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.approval.tasks import TaskRow
from kfq_workflow.entry import Row
from kfq_workflow.state import InstanceRow
from kfq_workflow.stored.clock import clock_of
from kfq_workflow.stored.sharing import DatabaseOpening, begin
from kfq_workflow.stored.source import Document, TextRow, raw
from kfq_workflow.stored.sqlite_file import SqliteFile
from kfq_workflow.stored.tables import Tables
from kfq_workflow.stored.tree_source import ALL, DatabaseTree, Span, divided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.database import Recipe
    from kfq_workflow.stored.store import Store
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

#: The instance that an entry is of, counted by instance and number: by the index of the entries, in which SQLite counts
#: fast, or by what the instances' rows say, which servers add up faster; should one lie, a part is longer.
_KEY_AT_SQLITE = "SELECT instance FROM {entry} ORDER BY instance, seq LIMIT 1 OFFSET {number}"
_KEY_AT = (
    "SELECT MIN(name) FROM (SELECT {key} AS name, SUM(seq * 1.0) OVER (ORDER BY {key}) AS n FROM {instance}) i "
    "WHERE n > {number}"
)
#: Rows that one query reads from a server, whose connection cannot stream several queries at once.
CHUNK = 2_000


class DatabaseSource:
    """A log in a database, read through an open connection; see `reading` for one snapshot over all of it."""

    def __init__(
        self, connection: Connection, tables: Tables, *, recipe: Recipe | None = None, span: Span = ALL
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._recipe = recipe
        self._span = span
        name = connection.dialect.name
        self._dialect = "mysql" if name == "mariadb" else name
        self._quote = connection.dialect.identifier_preparer.quote
        self._mark = "?" if self._dialect == "sqlite" else "%s"
        self._file = SqliteFile(connection, tables) if self._dialect == "sqlite" else None
        #: Servers look after their indexes themselves; a file can be changed by whoever may write it.
        self.indexed = self._file is not None

    def log(self) -> LogHead:
        """Return the log's head. Raises NotInitialised, SchemaOutOfDate, DatabaseUnavailable."""
        from kfq_workflow.stored import schema

        return schema.check(self._connection, self._tables)

    def documents(self) -> Iterator[Document]:
        """Yield every document, by digest."""
        for digest, kind, body in self._stream(self._tables.document, ("digest",), ALL):
            yield Document(_octets(digest), kind, body)

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""
        return map(Row._make, self._stream(self._tables.entry, ("instance", "seq"), self._of(instance)))

    def numbers(self) -> Iterator[Row]:
        """Yield the entries of the chains of document numbers by (instance, seq)."""
        span = Span(f"{NUMBERS}/", f"{NUMBERS}0")
        return map(Row._make, self._stream(self._tables.entry, ("instance", "seq"), span))

    def raw_entries(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield entries as `raw` does: verify compares and hashes most bodies without ever decoding them."""
        return self._raw(self._tables.entry, ("instance", "seq"), self._of(instance))

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""
        return map(TextRow._make, self._stream(self._tables.text, ("instance", "seq", "field"), self._of(instance)))

    def raw_texts(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield texts as `raw` does."""
        return self._raw(self._tables.text, ("instance", "seq", "field"), self._of(instance))

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:
        """Yield the cached rows by key."""
        return map(InstanceRow._make, self._stream(self._tables.instance, ("key",), self._of(instance)))

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:
        """Yield the cached rows of the inbox by (instance, gate, round, task)."""
        key = tuple(column.name for column in self._tables.task.primary_key.columns)
        return map(TaskRow._make, self._stream(self._tables.task, key, self._of(instance)))

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:  # noqa: ARG002
        """Return None: the instances' rows have them."""
        return None

    def tree(self) -> TreeSource | None:
        """Return the tree as the database has it."""
        return DatabaseTree(self._tables, self._stream, self._span)

    def store(self) -> tuple[Store, Cursor]:
        """Return the statements that read single rows, and a cursor in this source's snapshot to run them on."""
        from kfq_workflow.stored.store import Store

        return Store(self._tables, self._connection.dialect), self._connection.connection.cursor()

    def clock(self) -> int | None:
        """Return the database's clock in µs since 1970 UTC."""
        return clock_of(self._connection)

    def inspect(self, book: Book) -> None:
        """Look at the triggers. One that this account may not see is not checked."""
        from kfq_workflow.stored import triggers

        for name, state in triggers.status(self._connection, self._tables).items():
            if state == triggers.UNKNOWN:
                book.not_checked(f"trigger {name}")
            elif state != triggers.PRESENT:
                book.error("database", f"trigger_{state}", trigger=name)

    def sound(self, book: Book) -> None:
        """Note the tables of a SQLite file that are damaged."""
        if self._file is not None:
            self._file.sound(book)

    def interrupt(self) -> None:
        """End `sound` in another thread."""
        driver: Any = self._connection.connection.driver_connection
        driver.interrupt()

    # Several processes

    def opening(self) -> DatabaseOpening | None:
        """Return how another process opens the database; None where only this connection can."""
        if self._recipe is None:
            return None
        return DatabaseOpening(self._recipe, partial(_reopened, schema=self._tables.schema, prefix=self._tables.prefix))

    def spans(self, parts: int, least: int) -> list[Span]:
        """Divide the instances, so that each part has about as many entries."""
        total = self.count()
        parts = min(parts, total // max(least, 1))
        key_at = _KEY_AT if self._file is None else _KEY_AT_SQLITE
        return divided(self._ask(key_at, number=total * part // parts) for part in range(1, parts))

    def settle(self) -> Any:
        """Return a snapshot's name on PostgreSQL; elsewhere begin anew, and return the number of entries seen.

        A log is only ever added to, and nothing that verification reads changes without a new entry, so that as many
        entries are the same entries.
        """
        if self._dialect == "postgresql":
            return self._connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        self.close()
        self._connection.rollback()
        begin(self._connection)
        return self.count()

    def count(self) -> int:
        """Return the number of entries."""
        return int(self._ask("SELECT COUNT(*) FROM {entry}"))

    def part(self, span: Span) -> DatabaseSource:
        """Return the same database, whose streams over all instances have those of a span only."""
        return DatabaseSource(self._connection, self._tables, span=span)

    def changed(self, size: int) -> Iterator[tuple[str, bool]]:
        """Yield every instance by key, and whether its entries are others than those of the first `size` leaves."""
        now = self._numbers(self._tables.entry, "")
        then = self._numbers(self._tables.leaf, f"position < {size}")
        left, right = next(now, None), next(then, None)
        while left is not None or right is not None:
            if right is None or (left is not None and left[0] < right[0]):
                yield left[0], True  # type: ignore[index]  # not both are None
                left = next(now, None)
            elif left is None or right[0] < left[0]:
                yield right[0], True
                right = next(then, None)
            else:
                yield left[0], left != right
                left, right = next(now, None), next(then, None)

    def _numbers(self, table: Table, condition: str) -> Iterator[tuple[str, int, int, int]]:
        """Yield by instance how many numbers a table has of it, the first and the last."""
        name = self._connection.dialect.identifier_preparer.format_table(table)
        select = f"SELECT instance, COUNT(*), MIN(seq), MAX(seq) FROM {name} WHERE {condition or '1 = 1'}"
        cursor, last = self._connection.connection.cursor(), ""
        while True:
            cursor.execute(
                f"{select} AND instance > {self._mark} GROUP BY instance ORDER BY instance LIMIT {CHUNK}", (last,)
            )
            rows = cursor.fetchall()
            yield from (tuple(row) for row in rows if isinstance(row[0], str))
            if len(rows) < CHUNK or not isinstance(rows[-1][0], str):
                return
            last = rows[-1][0]

    def told(self) -> Any:
        """Return None: all is noted while it is read."""
        return None

    def gather(self, told: Sequence[Any]) -> bool:  # noqa: ARG002
        """Return True: the parts are divided by key, in the database's own order."""
        return True

    def _ask(self, sql: str, **numbers: int) -> Any:
        preparer = self._connection.dialect.identifier_preparer
        names = {name: preparer.format_table(getattr(self._tables, name)) for name in ("entry", "instance")}
        return self._connection.exec_driver_sql(sql.format(key=self._quote("key"), **names, **numbers)).scalar()

    # Streams

    def close(self) -> None:
        """Close every query that was not read to its end."""
        if self._file is not None:
            self._file.close()

    def _of(self, instance: str | None) -> Span:
        """Return the span of one instance, or of those that this source is about."""
        return self._span if instance is None else Span(instance, instance)

    def _raw(self, table: Table, key: Sequence[str], span: Span) -> Iterator[tuple[Any, ...]]:
        """Yield a table's rows with the bytes of its last column, which SQLite gives as they lie, if in UTF-8."""
        if self._file is None or not self._file.utf8:
            return raw(self._stream(table, key, span))
        return self._stream(table, key, span, octets=True)

    def _stream(
        self, table: Table, key: Sequence[str], span: Span, columns: Sequence[str] = (), *, octets: bool = False
    ) -> Iterator[Any]:
        """Yield a table's rows in the order of its key, through the driver's cursor."""
        columns = columns or table.columns.keys()
        if self._file is not None:
            return self._file.rows(table, key, span, columns, octets=octets)
        return self._chunks(table, key, span, columns)

    def _chunks(self, table: Table, key: Sequence[str], span: Span, columns: Sequence[str]) -> Iterator[Any]:
        """Read in chunks, each from the key after the last: a connection to a server streams one query at a time."""
        found = ", ".join(map(self._quote, columns))
        select = f"SELECT {found} FROM {self._connection.dialect.identifier_preparer.format_table(table)}"
        names, places = [self._quote(name) for name in key], [list(columns).index(name) for name in key]
        order = f"ORDER BY {', '.join(names)} LIMIT {CHUNK}"
        if self._dialect == "postgresql":
            after = f"({', '.join(names)}) > ({', '.join(['%s'] * len(names))})"
            spread = [range(len(names))]
        else:  # MariaDB reads this as a range, row values not
            after = " OR ".join(
                "(" + " AND ".join([*(f"{name} = %s" for name in names[:n]), f"{names[n]} > %s"]) + ")"
                for n in range(len(names))
            )
            spread = [range(n + 1) for n in range(len(names))]
        only, first = span.within(names[0], self._mark)
        cursor = self._connection.connection.cursor()
        cursor.execute(f"{select}{' WHERE ' if only else ''}{only} {order}", first)
        while rows := cursor.fetchall():
            yield from rows
            if len(rows) < CHUNK:
                return
            last = [rows[-1][place] for place in places]
            values = [last[n] for part in spread for n in part]
            where = f"{only} AND ({after})" if only else after
            cursor.execute(f"{select} WHERE {where} {order}", [*first, *values])


def _octets(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes(value) if isinstance(value, memoryview) else b""


def _reopened(connection: Connection, *, schema: str | None, prefix: str) -> DatabaseSource:
    """Return the same log, read through the connection of another process."""
    return DatabaseSource(connection, Tables(schema, prefix))
