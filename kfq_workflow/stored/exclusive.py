"""The lock under which only one process makes or migrates the tables of a log."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from kfq_workflow.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from kfq_workflow.stored.tables import Tables

_LOCK_SECONDS = 60


@contextmanager
def exclusive(database: Engine, tables: Tables) -> Iterator[Connection]:
    """Open a transaction in which nobody else creates or migrates these tables, and commit it at the end.

    SQLite: BEGIN IMMEDIATE. PostgreSQL: an advisory lock of the transaction. MariaDB: GET_LOCK on the connection,
    since its DDL commits.
    """
    with database.connect() as connection:
        dialect = connection.dialect.name
        if dialect == "sqlite":
            _begin_immediate(connection)
            yield connection
            connection.commit()
            return
        if dialect != "postgresql" and not getattr(connection.dialect, "is_mariadb", False):
            raise DatabaseUnavailable("database_unsupported", dialect=dialect)
        # Whatever the host's engine does by default, AUTOCOMMIT and old snapshots would both be wrong here.
        connection.execution_options(isolation_level="READ COMMITTED")
        with (_advisory_lock if dialect == "postgresql" else _named_lock)(connection, tables):
            yield connection
            connection.commit()


def _begin_immediate(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    connection.begin()
    if driver is not None and driver.in_transaction:  # the host's own event said BEGIN
        connection.exec_driver_sql("ROLLBACK")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _advisory_lock(connection: Connection, tables: Tables) -> Iterator[None]:
    key = int.from_bytes(_lock_name(connection, tables)[:8], "big", signed=True)
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")
    yield


@contextmanager
def _named_lock(connection: Connection, tables: Tables) -> Iterator[None]:
    name = f"kfq_{_lock_name(connection, tables).hex()[:32]}"
    if connection.exec_driver_sql(f"SELECT GET_LOCK('{name}', {_LOCK_SECONDS})").scalar() != 1:
        raise DatabaseUnavailable("database_locked")
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):  # a connection that broke has given the lock back
            connection.rollback()
            connection.exec_driver_sql(f"DO RELEASE_LOCK('{name}')")


def _lock_name(connection: Connection, tables: Tables) -> bytes:
    scope = tables.schema
    if scope is None and connection.dialect.name != "sqlite":
        function = "current_schema()" if connection.dialect.name == "postgresql" else "DATABASE()"
        scope = connection.exec_driver_sql(f"SELECT {function}").scalar()
    return sha256(f"kfq_workflow.schema:{scope}:{tables.prefix}".encode()).digest()
