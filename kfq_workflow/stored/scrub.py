"""Take what was erased out of the database's files, as far as a database does so at all.

A DELETE leaves the words in the file: SQLite in free space and in copies that pages left behind, PostgreSQL in dead
rows, MariaDB in free space of its pages. Here the table is written anew, so that its file has none of them:

    sqlite      VACUUM, then the write-ahead log is emptied into the file
    postgresql  VACUUM FULL of the texts; of the planner's statistics, which may hold samples of words that an earlier
                revision let it take; then a checkpoint and a new segment of the write-ahead log
    mariadb     ALTER TABLE … FORCE of the texts

What a server has written to its logs for recovery stays there until they are written over or removed: no account can
take words out of them. It is a matter of the tables' owner; each step tells whether it was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from kfq_workflow.stored.tables import Tables

StepName = Literal["file", "wal", "table", "statistics", "log"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was written anew, whether that was done, and in the database's words why not."""

    name: StepName
    done: bool
    reason: str = ""


def scrub(database: Engine, tables: Tables) -> tuple[Step, ...]:
    """Write anew what holds texts; other connections may have to wait. Raises nothing for a step that is denied."""
    steps = {"sqlite": _sqlite, "postgresql": _postgresql}.get(database.dialect.name, _mariadb)
    with database.connect() as plain:
        return tuple(steps(plain.execution_options(isolation_level="AUTOCOMMIT"), tables))


def _sqlite(connection: Connection, tables: Tables) -> Iterator[Step]:
    schema = "" if tables.schema is None else connection.dialect.identifier_preparer.quote(tables.schema)

    def vacuum() -> str:
        connection.exec_driver_sql("PRAGMA secure_delete = ON").all()
        connection.exec_driver_sql(f"VACUUM {schema}")
        return ""

    def checkpoint() -> str:
        place = f"{schema}." if schema else ""
        busy = connection.exec_driver_sql(f"PRAGMA {place}wal_checkpoint(TRUNCATE)").one()[0]
        return "busy" if busy else ""

    yield _tried("file", vacuum)
    yield _tried("wal", checkpoint)


def _postgresql(connection: Connection, tables: Tables) -> Iterator[Step]:
    text = _named(connection, tables)

    def rewritten(table: str, options: str) -> str:
        # To who may not, PostgreSQL only warns; a table that was written anew has another file.
        before = _file_of(connection, table)
        connection.exec_driver_sql(f"VACUUM ({options}) {table}")
        return "permission denied" if _file_of(connection, table) == before else ""

    def checkpoint() -> str:
        for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            connection.exec_driver_sql(statement)
        return ""

    yield _tried("table", lambda: rewritten(text, "FULL, ANALYZE"))
    yield _tried("statistics", lambda: rewritten("pg_catalog.pg_statistic", "FULL"))
    yield _tried("log", checkpoint)


def _mariadb(connection: Connection, tables: Tables) -> Iterator[Step]:
    def force() -> str:
        connection.exec_driver_sql(f"ALTER TABLE {_named(connection, tables)} FORCE")
        return ""

    yield _tried("table", force)


def _tried(name: StepName, work: Callable[[], str]) -> Step:
    try:
        reason = work()
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0] or type(error.orig).__name__
    return Step(name, done=not reason, reason=reason)


def _named(connection: Connection, tables: Tables) -> str:
    name: str = connection.dialect.identifier_preparer.format_table(tables.text)  # type: ignore[no-untyped-call,unused-ignore]
    return name


def _file_of(connection: Connection, table: str) -> Any:
    return connection.exec_driver_sql("SELECT pg_relation_filenode(%s::regclass)", (table,)).scalar_one()
