"""Asks a database questions, each of which this account may not be allowed to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from kfq_workflow.stored.tables import Tables


class Probe:
    """One connection that only reads, and where the log's tables are."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self.connection = connection
        self.tables = tables
        name = connection.dialect.name
        self.dialect = "mysql" if name == "mariadb" else name

    @property
    def names(self) -> list[str]:
        """The names of the log's tables."""
        return [table.name for table in self.tables]

    def ask(self, sql: str, **values: Any) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query, None where it is refused; a list among the values is spread out.

        The transaction goes on after a refusal.
        """
        statement = text(sql)
        for name, value in values.items():
            if isinstance(value, list):
                statement = statement.bindparams(bindparam(name, expanding=True))
        try:
            if self.dialect != "postgresql":
                return list(map(tuple, self.connection.execute(statement, values)))
            with self.connection.begin_nested():
                return list(map(tuple, self.connection.execute(statement, values)))
        except DBAPIError:
            return None

    def one(self, sql: str, **values: Any) -> Any:
        """Return the first column of the only row, None where there is none or it is refused."""
        rows = self.ask(sql, **values)
        return rows[0][0] if rows else None

    def named(self, table: Any) -> str:
        """Return a table's name as it is written in a query."""
        name: str = self.connection.dialect.identifier_preparer.format_table(table)  # type: ignore[no-untyped-call,unused-ignore]
        return name


def pairs(rows: Sequence[tuple[Any, ...]] | None) -> dict[str, Any]:
    """Return rows of two columns as a mapping."""
    return {str(row[0]): row[1] for row in rows or ()}
