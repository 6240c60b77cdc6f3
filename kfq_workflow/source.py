"""Where a log is read from: a database in one snapshot, or an exported file. Verify and replay take either.

Entries, texts, instances and the inbox come as streams in the same order, by instance bytewise, so that they can be
merged in one pass and constant memory.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kfq_workflow.approval.tasks import TaskRow
from kfq_workflow.entry import Row
from kfq_workflow.state import InstanceRow
from kfq_workflow.tree_source import DatabaseTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Engine

    from kfq_workflow.log import LogHead
    from kfq_workflow.store import Cursor, Store
    from kfq_workflow.tables import Tables
    from kfq_workflow.tree_source import TreeSource
    from kfq_workflow.verify.report import Book, Report

#: Rows that one query reads from a server, whose connection cannot stream several queries at once.
CHUNK = 2_000
#: Rows that are taken from SQLite at once.
_SOME = 64
_CLOCKS = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}


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


class DatabaseSource:
    """A log in a database, read through an open connection; see `reading` for one snapshot over all of it."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        name = connection.dialect.name
        self._dialect = "mysql" if name == "mariadb" else name
        self._quote = connection.dialect.identifier_preparer.quote
        self._mark = "?" if self._dialect == "sqlite" else "%s"
        self._open: list[Any] = []

    def log(self) -> LogHead:
        """Return the log's head. Raises NotInitialised, SchemaOutOfDate, DatabaseUnavailable."""
        from kfq_workflow import schema

        return schema.check(self._connection, self._tables)

    def documents(self) -> Iterator[Document]:
        """Yield every document, by digest."""
        for digest, kind, body in self._stream(self._tables.document, ("digest",), None):
            yield Document(_octets(digest), kind, body)

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""
        return map(Row._make, self._stream(self._tables.entry, ("instance", "seq"), instance))

    def raw_entries(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield entries as `raw` does: verify compares and hashes most bodies without ever decoding them."""
        return self._raw(self._tables.entry, ("instance", "seq"), instance)

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""
        return map(TextRow._make, self._stream(self._tables.text, ("instance", "seq", "field"), instance))

    def raw_texts(self, instance: str | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield texts as `raw` does."""
        return self._raw(self._tables.text, ("instance", "seq", "field"), instance)

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:
        """Yield the cached rows by key."""
        return map(InstanceRow._make, self._stream(self._tables.instance, ("key",), instance))

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:
        """Yield the cached rows of the inbox by (instance, gate, round, task)."""
        key = tuple(column.name for column in self._tables.task.primary_key.columns)
        return map(TaskRow._make, self._stream(self._tables.task, key, instance))

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:  # noqa: ARG002
        """Return None: the instances' rows have them."""
        return None

    def tree(self) -> TreeSource | None:
        """Return the tree as the database has it."""
        return DatabaseTree(self._tables, self._stream)

    def store(self) -> tuple[Store, Cursor]:
        """Return the statements that read single rows, and a cursor in this source's snapshot to run them on."""
        from kfq_workflow.store import Store

        return Store(self._tables, self._connection.dialect), self._connection.connection.cursor()

    def clock(self) -> int | None:
        """Return the database's clock in µs since 1970 UTC."""
        return clock_of(self._connection)

    def inspect(self, book: Book) -> None:
        """Look at the triggers. One that this account may not see is not checked."""
        from kfq_workflow import triggers

        for name, state in triggers.status(self._connection, self._tables).items():
            if state == triggers.UNKNOWN:
                book.not_checked(f"trigger {name}")
            elif state != triggers.PRESENT:
                book.error("database", f"trigger_{state}", trigger=name)

    def _raw(self, table: Any, key: Sequence[str], instance: str | None) -> Iterator[tuple[Any, ...]]:
        """Yield a table's rows with the bytes of its last column, which SQLite gives as they lie, if in UTF-8."""
        if self._dialect != "sqlite" or self._connection.exec_driver_sql("PRAGMA encoding").scalar_one() != "UTF-8":
            return raw(self._stream(table, key, instance))
        last = self._quote(list(table.columns)[-1].name)
        return self._stream(table, key, instance, last=f"CASE typeof({last}) WHEN 'text' THEN CAST({last} AS BLOB) END")

    def _stream(self, table: Any, key: Sequence[str], instance: str | None, *, last: str = "") -> Iterator[Any]:
        """Yield a table's rows in the order of its key, through the driver's cursor; `last` for the last column."""
        names = [self._quote(column.name) for column in table.columns]
        columns = ", ".join([*names[:-1], last or names[-1]])
        name = self._connection.dialect.identifier_preparer.format_table(table)
        order = ", ".join(self._quote(column) for column in key)
        where = f" WHERE {self._quote(key[0])} = {self._mark}" if instance is not None else ""
        sql = f"SELECT {columns} FROM {name}{where} ORDER BY {order}"
        values = () if instance is None else (instance,)
        if self._dialect == "sqlite":
            return self._sqlite(sql, values)
        return self._chunks(f"SELECT {columns} FROM {name}", table, key, instance)

    def _sqlite(self, sql: str, values: Sequence[Any]) -> Iterator[Any]:
        """Yield the rows of a query; bytes that are no UTF-8 become lone surrogates, which no entry may hold."""
        driver: Any = self._connection.connection.driver_connection
        return chain.from_iterable(self._some(driver, sql, values))

    def _some(self, driver: Any, sql: str, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Yield some rows at a time, which takes less of an interpreter's time than each by itself."""
        read = 0
        cursor = self._cursor(driver, sql, values)
        try:
            while rows := cursor.fetchmany(_SOME):
                yield rows
                read += len(rows)
        except driver.OperationalError as error:
            if "decode" not in str(error):
                raise
        else:
            return
        strict = driver.text_factory
        driver.text_factory = lambda data: data.decode(errors="surrogateescape")
        try:
            cursor = self._cursor(driver, f"{sql} LIMIT -1 OFFSET {read}", values)
            while rows := cursor.fetchmany(_SOME):
                yield rows
        finally:
            driver.text_factory = strict

    def _cursor(self, driver: Any, sql: str, values: Sequence[Any]) -> Any:
        """Run a query on a cursor of its own, which `close` ends: one that is not read out keeps the file locked."""
        cursor = driver.execute(sql, values)
        self._open.append(cursor)
        return cursor

    def close(self) -> None:
        """Close every query that was not read to its end."""
        while self._open:
            self._open.pop().close()

    def _chunks(self, select: str, table: Any, key: Sequence[str], instance: str | None) -> Iterator[Any]:
        """Read in chunks, each from the key after the last: a connection to a server streams one query at a time."""
        places = [[column.name for column in table.columns].index(name) for name in key]
        names = [self._quote(name) for name in key]
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
        cursor = self._connection.connection.cursor()
        only = f"{names[0]} = %s" if instance is not None else ""
        first: list[Any] = [instance] if instance is not None else []
        cursor.execute(f"{select}{' WHERE ' if only else ''}{only} {order}", first)
        while rows := cursor.fetchall():
            yield from rows
            if len(rows) < CHUNK:
                return
            last = [rows[-1][place] for place in places]
            values = [last[n] for part in spread for n in part]
            where = f"{only} AND ({after})" if only else after
            cursor.execute(f"{select} WHERE {where} {order}", [*first, *values])


def clock_of(connection: Connection) -> int:
    """Return the clock of a database in µs since 1970 UTC."""
    name = connection.dialect.name
    return int(connection.exec_driver_sql(f"SELECT {_CLOCKS['mysql' if name == 'mariadb' else name]}").scalar_one())


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


def _octets(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes(value) if isinstance(value, memoryview) else b""


@contextmanager
def reading(database: Engine, *, schema: str | None = None, prefix: str = "kfq_") -> Iterator[DatabaseSource]:
    """Open a connection that only reads, in one snapshot of the database, and yield it as a source.

    Raises NotInitialised, SchemaOutOfDate, DatabaseUnavailable.
    """
    from kfq_workflow.database_errors import translate
    from kfq_workflow.errors import KfqError
    from kfq_workflow.tables import Tables

    try:
        with database.connect() as connection:
            _begin(connection)
            source = DatabaseSource(connection, Tables(schema, prefix))
            try:
                yield source
            finally:
                with suppress(Exception):
                    source.close()
                    connection.rollback()
    except KfqError:
        raise
    except Exception as error:
        found = translate(error, database=database.url.render_as_string(hide_password=True))
        if found is None:
            raise
        raise found from error


def _begin(connection: Connection) -> None:
    """Begin a transaction that sees one state of the database from its first statement to its last."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.begin()
        return
    connection.begin()
    driver: Any = connection.connection.driver_connection
    if name == "sqlite":
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


def verify_database(
    database_or_connection: Engine | Connection,
    *,
    schema: str | None = None,
    prefix: str = "kfq_",
    key: str | None = None,
) -> Report:
    """Verify the log in a database, or with `key` one instance of it.

    A connection is read as it is: whether that is one snapshot is the caller's affair. Raises NotFound for an
    unknown key, NotInitialised, SchemaOutOfDate, DatabaseUnavailable.
    """
    from sqlalchemy import Connection as AConnection

    from kfq_workflow.tables import Tables
    from kfq_workflow.verify import verify

    if isinstance(database_or_connection, AConnection):
        return verify(DatabaseSource(database_or_connection, Tables(schema, prefix)), key=key)
    with reading(database_or_connection, schema=schema, prefix=prefix) as source:
        return verify(source, key=key)
