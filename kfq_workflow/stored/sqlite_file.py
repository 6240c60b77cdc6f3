"""The rows of a SQLite file, which anybody who may write it can have changed, and whether the file is sound."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

    from kfq_workflow.stored.tables import Tables
    from kfq_workflow.stored.tree_source import Span
    from kfq_workflow.verify.report import Book

#: Rows that are taken at once.
_SOME = 64


class SqliteFile:
    """The tables of a log in a SQLite file, read through an open connection."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._quote = connection.dialect.identifier_preparer.quote
        self._schema = self._quote(tables.schema or "main")
        self._open: list[Any] = []

    # Rows

    @cached_property
    def utf8(self) -> bool:
        """Whether text is kept as UTF-8."""
        return bool(self._ask("PRAGMA encoding") == "UTF-8")

    def rows(
        self, table: Table, key: Sequence[str], span: Span, columns: Sequence[str], *, octets: bool
    ) -> Iterator[Any]:
        """Yield the rows of a span in the order of a key; bytes that are no UTF-8 become lone surrogates.

        With `octets` text of the last column comes as the bytes that it is kept as, and what is no text as None. The
        first of several spans has the rows that have no key.
        """
        names = [self._quote(name) for name in columns]
        if octets:
            names[-1] = f"CASE typeof({names[-1]}) WHEN 'text' THEN CAST({names[-1]} AS BLOB) END"
        select = f"SELECT {', '.join(names)} FROM {self._name(table)}"
        order = f"ORDER BY {', '.join(map(self._quote, key))}"
        queries = [span.within(self._quote(key[0]), "?")]
        if span.first is None and span.before is not None:
            queries.insert(0, (f"{self._quote(key[0])} IS NULL", []))
        some = (self._some(f"{select}{' WHERE ' if where else ''}{where} {order}", values) for where, values in queries)
        return chain.from_iterable(chain.from_iterable(some))

    def _some(self, sql: str, values: Sequence[Any]) -> Iterator[list[Any]]:
        """Yield some rows at a time, which takes less of an interpreter's time than each by itself."""
        driver: Any = self._connection.connection.driver_connection
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

    # Whether the file is sound

    def sound(self, book: Book) -> None:
        """Note our tables that are damaged, or do not agree with their indexes: what is read then depends on how."""
        for table in self._tables:
            for reason in self.damage(table):
                book.error("database", "damaged", table=table.name, reason=reason)

    def damage(self, table: Table | None = None) -> list[str]:
        """Return what SQLite finds wrong with a table, or with the file, first; nothing where all is well.

        Nothing of our own stands in for SQLite's check: whoever writes a file also decides by its statistics and its
        schema how SQLite reads it.
        """
        about = "1" if table is None else self._quote(table.name)
        told = self._connection.exec_driver_sql(f"PRAGMA {self._schema}.integrity_check({about})").fetchmany(1)
        return [reason for (reason,) in told if reason != "ok"]

    def _ask(self, query: str) -> Any:
        return self._connection.exec_driver_sql(query).scalar_one()

    def _name(self, table: Table) -> str:
        return self._connection.dialect.identifier_preparer.format_table(table)
