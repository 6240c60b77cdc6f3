"""Take what was erased out of the database's files, as far as a database does so at all.

A DELETE leaves the words in the file: SQLite in free space and in copies that pages left behind, PostgreSQL in dead
rows, MariaDB in free space of its pages. Here the table is written anew, so that its file has none of them:

    sqlite      VACUUM, then the write-ahead log is emptied into the file
    postgresql  VACUUM FULL of the texts; of the planner's statistics, which may hold samples of words that an earlier
                revision let it take; then a checkpoint and a new segment of the write-ahead log. A dead row that a
                transaction may still see is written anew as well: then it is tried again, as the server's own upkeep
                is soon over, and at last told as not done
    mariadb     ALTER TABLE … FORCE of the texts

What a server has written to its logs for recovery stays there until they are written over or removed: no account can
take words out of them. It is a matter of the tables' owner; each step tells whether it was done.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from kfq_workflow.stored.tables import Tables

#: How often PostgreSQL is asked to write a table anew while a transaction keeps dead rows, and s in between.
_TRIES, _PAUSE = 5, 1.0
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
        kept = _vacuum(connection, table, options)
        if _file_of(connection, table) == before:
            return "permission denied"
        for _ in range(_TRIES - 1):
            if not kept:
                break
            time.sleep(_PAUSE)
            kept = _vacuum(connection, table, options)
        return kept

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


def _vacuum(connection: Connection, table: str, options: str) -> str:
    """Write a table anew; return what PostgreSQL says of dead rows that it kept, nothing where it kept none."""
    driver: Any = connection.connection.driver_connection
    kept: list[str] = []

    def hear(said: Any) -> None:
        detail = str(said.message_detail or "").partition("\n")[0]  # in whatever language: a number comes first
        if re.match("[1-9]", detail):
            kept.append(detail)

    driver.add_notice_handler(hear)
    try:
        connection.exec_driver_sql(f"VACUUM (VERBOSE, {options}) {table}")
    finally:
        driver.remove_notice_handler(hear)
    return "; ".join(kept)


def _file_of(connection: Connection, table: str) -> Any:
    return connection.exec_driver_sql("SELECT pg_relation_filenode(%s::regclass)", (table,)).scalar_one()
