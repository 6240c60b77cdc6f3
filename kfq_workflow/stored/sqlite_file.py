"""The rows of a SQLite file by their key, and whether its tables and their indexes say the same.

A file can be changed by whoever may write it, an index without its table; then what is read depends on how. So rows are
looked up through the index of their key, every column is the table's, and a row is left out where the two say another
key. If rows came in order, and so many as the index has, and the table, then every row is found where its key says.
Each other index must lead to as many. SQLite's own `integrity_check` says what is wrong. It takes more than twice the
time, and is asked only where something is wrong, of all tables then, and of those that are small.
"""

from __future__ import annotations

from collections import Counter
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
        #: The tables that verification reads to their end, and by which columns; how many rows it read of each.
        self._keys = {
            table: tuple(table.primary_key.columns.keys())
            for table in (tables.entry, tables.text, tables.instance, tables.task, tables.sealed)
        } | {tables.leaf: ("instance", "seq")}
        self.read: Counter[str] = Counter()
        self._indexes: dict[str, dict[tuple[str, ...], str]] = {}
        self._open: list[Any] = []

    # Rows

    @cached_property
    def utf8(self) -> bool:
        """Whether text is kept as UTF-8."""
        return bool(self._ask("PRAGMA encoding") == "UTF-8")

    def rows(
        self, table: Table, key: Sequence[str], span: Span, columns: Sequence[str], *, octets: bool, counted: bool
    ) -> Iterator[Any]:
        """Yield the rows of a span in the order of a key; bytes that are no UTF-8 become lone surrogates.

        With `octets` text of the last column comes as the bytes that it is kept as, and what is no text as None.
        Those that are `counted` are held to what the table has, by `read_out`.
        """
        index = self._of(table).get(tuple(key))
        by = "t" if index is None else "i"
        names = [f"t.{self._quote(name)}" for name in columns]
        if octets:
            names[-1] = f"CASE typeof({names[-1]}) WHEN 'text' THEN CAST({names[-1]} AS BLOB) END"
        where, values = span.within(f"{by}.{self._quote(key[0])}", "?")
        found = f"{self._name(table)} AS t" if index is None else self._through(table, key, first="i")
        order = ", ".join(f"{by}.{self._quote(name)}" for name in key)
        sql = f"SELECT {', '.join(names)} FROM {found}{' WHERE ' if where else ''}{where} ORDER BY {order}"
        return chain.from_iterable(self._some(sql, values, table.name if counted and index is not None else ""))

    def _through(self, table: Table, columns: Sequence[str], *, first: str) -> str:
        """Return what stands after FROM: the table as `t`, and as `i` an index of it, where both say the same.

        SQLite goes through the `first` of them, and looks each row up in the other.
        """
        index = self._quote(self._of(table)[tuple(columns)])
        sides = [f"{self._name(table)} AS i INDEXED BY {index}", f"{self._name(table)} AS t NOT INDEXED"]
        same = [f"t.{self._quote(column)} IS i.{self._quote(column)}" for column in columns]
        between = " CROSS JOIN ".join(sides if first == "i" else reversed(sides))
        return f"{between} ON {' AND '.join([*same, 't.rowid = i.rowid'])}"

    def _some(self, sql: str, values: Sequence[Any], counted: str) -> Iterator[list[Any]]:
        """Yield some rows at a time, which takes less of an interpreter's time than each by itself."""
        driver: Any = self._connection.connection.driver_connection
        read, in_order, last = 0, bool(counted), ()
        cursor = self._cursor(driver, sql, values)
        try:
            while rows := cursor.fetchmany(_SOME):
                if in_order:
                    in_order, last = _ascend(last, rows), rows[-1]
                yield rows
                read += len(rows)
        except driver.OperationalError as error:
            if "decode" not in str(error):
                raise
            strict = driver.text_factory
            driver.text_factory = lambda data: data.decode(errors="surrogateescape")
            try:
                cursor = self._cursor(driver, f"{sql} LIMIT -1 OFFSET {read}", values)
                while rows := cursor.fetchmany(_SOME):
                    yield rows
            finally:
                driver.text_factory = strict
            return  # such a text is a finding, so that all will be checked
        if in_order:
            self.read[counted] += read

    def _cursor(self, driver: Any, sql: str, values: Sequence[Any]) -> Any:
        """Run a query on a cursor of its own, which `close` ends: one that is not read out keeps the file locked."""
        cursor = driver.execute(sql, values)
        self._open.append(cursor)
        return cursor

    def close(self) -> None:
        """Close every query that was not read to its end."""
        while self._open:
            self._open.pop().close()

    # Whether tables and indexes say the same

    def sound(self, book: Book) -> None:
        """Note the tables that do not agree with their indexes, but for what only `read_out` shows."""
        for table in self._tables:
            if table not in self._keys or not self._led_to(table):
                self._check(table, book)

    def _led_to(self, table: Table) -> bool:
        """Tell whether all indexes of a table lead to all of its rows."""
        found = self._of(table)
        return len(found) == len(self._listed(table)) and all(self._leads(table, columns) for columns in found)

    def _leads(self, table: Table, columns: tuple[str, ...]) -> bool:
        """Tell whether an index has as many rows as its table, and, if nothing is read by it, leads to all of them."""
        rows = self._count(f"{self._name(table)} NOT INDEXED")
        if rows != self._count(self._indexed(table, self._of(table)[columns])):
            return False
        return columns == self._keys[table] or rows == self._count(self._through(table, columns, first="t"))

    def read_out(self, book: Book) -> None:
        """Note the tables that do not agree with the index by which they were read; all, where something is wrong."""
        for table, key in self._keys.items():
            index = self._of(table).get(key)
            if book.errors or index is None or self.read[table.name] != self._count(self._indexed(table, index)):
                self._check(table, book)

    def _indexed(self, table: Table, index: str) -> str:
        return f"{self._name(table)} INDEXED BY {self._quote(index)}"

    def _check(self, table: Table, book: Book) -> None:
        """Note what is wrong with a table, once."""
        if any(found.kind == "damaged" and found.values.get("table") == table.name for found in book.findings):
            return
        reason = self.damage(table)
        if reason is not None:
            book.error("database", "damaged", table=table.name, reason=reason)

    def damage(self, table: Table) -> str | None:
        """Return what SQLite's own check finds wrong with a table first, None where that is nothing."""
        query = f"PRAGMA {self._schema}.integrity_check({self._quote(table.name)})"
        told = self._connection.exec_driver_sql(query).fetchmany(1)
        return None if not told or told[0][0] == "ok" else str(told[0][0])

    # What SQLite says

    def _of(self, table: Table) -> dict[tuple[str, ...], str]:
        """Return the names of a table's indexes by their columns; those that are not plain are left out."""
        found = self._indexes.get(table.name)
        if found is None:
            names = (name for _, name, _, _, partial in self._listed(table) if not partial)
            found = {columns: name for name in names if (columns := self._columns(name))}
            self._indexes[table.name] = found
        return found

    def _listed(self, table: Table) -> Sequence[Any]:
        query = f"PRAGMA {self._schema}.index_list({self._quote(table.name)})"
        return self._connection.exec_driver_sql(query).fetchall()

    def _columns(self, index: str) -> tuple[str, ...]:
        """Return the columns of an index, none where it is of expressions or compares otherwise than the columns do."""
        told = self._connection.exec_driver_sql(f"PRAGMA {self._schema}.index_xinfo({self._quote(index)})").fetchall()
        columns = [(name, number >= 0 and collation == "BINARY") for _, number, name, _, collation, key in told if key]
        return tuple(name for name, _ in columns) if all(plain for _, plain in columns) else ()

    def _count(self, rows: str) -> int:
        return int(self._ask(f"SELECT COUNT(*) FROM {rows}"))

    def _ask(self, query: str) -> Any:
        return self._connection.exec_driver_sql(query).scalar_one()

    def _name(self, table: Table) -> str:
        return self._connection.dialect.identifier_preparer.format_table(table)


def _ascend(last: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]) -> bool:
    """Tell whether rows come in order, the first after `last`; their keys are their first columns."""
    try:
        return last < rows[0] and all(map(tuple.__lt__, rows, rows[1:]))
    except TypeError:  # columns of different types
        return False
