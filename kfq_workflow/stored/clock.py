"""The database's clock in µs since 1970 UTC, as SQL: the one clock that a log goes by.

It is read when the expression is evaluated, after a lock was waited for, and not when the statement began. SQLite's
has milliseconds. MariaDB's `UNIX_TIMESTAMP(SYSDATE(6))` would be an hour off while summer time ends, as it goes by
the session's time zone; so the instant at which the statement began is taken in UTC, and what has passed is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLOCKS = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    "mysql": "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
    " + TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)))",
}


def clock_of(connection: Connection) -> int:
    """Return what the clock of a database says now, in µs since 1970 UTC."""
    name = connection.dialect.name
    return int(connection.exec_driver_sql(f"SELECT {CLOCKS['mysql' if name == 'mariadb' else name]}").scalar_one())
