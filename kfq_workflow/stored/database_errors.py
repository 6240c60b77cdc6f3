"""What a database's exception means to the engine: lost, locked, read-only, gone, not ours, or something else.

Drivers are told apart by the attributes of their exceptions, so none of them is imported: `sqlite_errorcode` is
sqlite3's, `sqlstate` psycopg's, and an integer as first argument PyMySQL's. SQLAlchemy's wrappers are opened.

    TransactionLost       run the unit of work again; its code is `database_locked` when a wait timed out
    NotInitialised        a table is missing
    DatabaseUnavailable   its code says how: database_readonly, _readonly_folder, _gone, _unreachable, _unknown,
                          _no_schema, _denied, _full, _damaged
    None                  nothing that this module knows: a constraint, a trigger, a mistake in the SQL
"""

from __future__ import annotations

import os
from pathlib import Path

from kfq_workflow.errors import DatabaseUnavailable, KfqError, NotInitialised, TransactionLost

_LOST = "transaction_lost"
_LOCKED = "database_locked"
_READONLY = "database_readonly"
_READONLY_FOLDER = "database_readonly_folder"
_GONE = "database_gone"
_UNREACHABLE = "database_unreachable"
_NO_SCHEMA = "database_no_schema"
_UNKNOWN = "database_unknown"
_DENIED = "database_denied"
_FULL = "database_full"
_DAMAGED = "database_damaged"
_NO_TABLE = "not_initialised"

#: SQLite's primary result codes. 1, SQLITE_ERROR, says "no such table" in words only.
_SQLITE = {
    3: _DENIED,
    5: _LOCKED,
    6: _LOCKED,
    8: _READONLY,
    10: _DAMAGED,
    11: _DAMAGED,
    13: _FULL,
    14: _UNREACHABLE,
    23: _DENIED,
    26: _DAMAGED,
}
#: Extended codes that say more: a snapshot gone stale is lost at once, whatever the timeout.
_SQLITE_EXTENDED = {517: _LOST, 1032: _GONE, 1544: _READONLY_FOLDER}

#: PostgreSQL's SQLSTATEs, by all five characters or by class.
_POSTGRESQL = {
    "40001": _LOST,
    "40P01": _LOST,
    "55P03": _LOCKED,
    "25006": _READONLY,
    "3D000": _UNKNOWN,
    "42501": _DENIED,
    "42P01": _NO_TABLE,
    "57P01": _GONE,
    "57P02": _GONE,
    "57P03": _UNREACHABLE,
    "57P05": _GONE,
    "25P03": _GONE,
    "08": _GONE,
    "28": _DENIED,
    "53": _FULL,
    "58": _DAMAGED,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}

#: MariaDB's error numbers, server's and client's.
_MARIADB = {
    1213: _LOST,
    1020: _LOST,
    1205: _LOCKED,
    1290: _READONLY,
    1792: _READONLY,
    1836: _READONLY,
    1049: _UNKNOWN,
    1044: _DENIED,
    1045: _DENIED,
    1142: _DENIED,
    1143: _DENIED,
    1227: _DENIED,
    1370: _DENIED,
    1698: _DENIED,
    1146: _NO_TABLE,
    1040: _UNREACHABLE,
    1047: _UNREACHABLE,
    2002: _UNREACHABLE,
    2003: _UNREACHABLE,
    2005: _UNREACHABLE,
    0: _GONE,
    1053: _GONE,
    1927: _GONE,
    2006: _GONE,
    2013: _GONE,
    2014: _GONE,
    2055: _GONE,
    4031: _GONE,
    1021: _FULL,
    1114: _FULL,
}


def translate(error: BaseException, *, database: str = "-") -> KfqError | None:
    """Return the library's error for a driver's or SQLAlchemy's exception, or None when there is none for it.

    `database` names the database in the sentence; give no password in it. The caller raises the result
    `from` the exception. A TransactionLost is worth another try; nothing else is.
    """
    found = _classify(error)
    if found is None:
        return None
    code, reason = found
    if code == _UNREACHABLE and _in_a_closed_folder(database):
        code = _READONLY_FOLDER
    if code in (_LOST, _LOCKED):
        return TransactionLost(code, reason=reason)
    if code == _NO_TABLE:
        return NotInitialised(database=database)
    return DatabaseUnavailable(code, reason=reason, database=database)


def _in_a_closed_folder(database: str) -> bool:
    """Tell whether it is a SQLite file that is there, in a folder in which nothing can be made: SQLite says neither."""
    scheme, _, path = database.partition(":///")
    file = Path(path)
    return scheme == "sqlite" and file.is_file() and not os.access(file.parent, os.W_OK)


def unreadable(error: BaseException, *, database: str = "-") -> DatabaseUnavailable | None:
    """Return the library's error for a database that does not understand what only reads our own tables."""
    raw = getattr(error, "orig", None) or error
    if isinstance(raw, UnicodeDecodeError):  # Python's module cannot read what SQLite says of tables that are no text
        return DatabaseUnavailable(_DAMAGED, reason=str(raw), database=database)
    if type(raw).__module__.partition(".")[0] not in ("sqlite3", "psycopg", "pymysql"):
        return None
    return DatabaseUnavailable(_DAMAGED, reason=str(raw).splitlines()[0], database=database)


def connection_lost(error: BaseException) -> bool:
    """Tell whether the connection broke: at a COMMIT, then, nobody knows whether it was done."""
    if getattr(error, "connection_invalidated", False):
        return True
    found = _classify(error)
    return found is not None and found[0] == _GONE


def unavailable(lost: TransactionLost) -> DatabaseUnavailable | TransactionLost:
    """Return what to raise when no further try is made: for a wait that timed out DatabaseUnavailable."""
    return DatabaseUnavailable(lost.code, **lost.values) if lost.code == _LOCKED else lost


def _classify(error: BaseException) -> tuple[str, str] | None:
    orig = getattr(error, "orig", None)
    raw = error if orig is None else orig
    module = type(raw).__module__.partition(".")[0]
    if module == "sqlite3":
        return _sqlite(raw)
    if module == "psycopg":
        return _postgresql(raw)
    if module == "pymysql":
        return _mariadb(raw)
    return None


def _sqlite(error: BaseException) -> tuple[str, str] | None:
    extended = getattr(error, "sqlite_errorcode", None)
    message = str(error)
    if extended is None:  # raised by Python's module itself
        closed = "closed database" in message
        return (_GONE, message) if closed else None
    if extended == 1:
        table = message.removeprefix("no such table: ")
        if table.endswith(".sqlite_master"):
            return _NO_SCHEMA, table.removesuffix(".sqlite_master")
        return (_NO_TABLE, message) if table != message else None
    code = _SQLITE_EXTENDED.get(extended) or _SQLITE.get(extended & 0xFF)
    name = getattr(error, "sqlite_errorname", None) or f"SQLite {extended}"
    return None if code is None else (code, name if code in (_LOST, _LOCKED) else message)


def _postgresql(error: BaseException) -> tuple[str, str] | None:
    state = getattr(error, "sqlstate", None)
    lines = str(error).strip().splitlines()
    message = lines[0] if lines else type(error).__name__
    if state is not None:
        code = _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
        return None if code is None else (code, f"PostgreSQL {state}" if code in (_LOST, _LOCKED) else message)
    if type(error).__name__ == "ConnectionTimeout":
        return _UNREACHABLE, message
    if type(error).__name__ == "OperationalError":
        return _postgresql_client(error, message)
    return None


def _postgresql_client(error: BaseException, message: str) -> tuple[str, str]:
    """Sort what psycopg reports without a SQLSTATE: while connecting, or of a broken connection.

    While connecting libpq gives the server's sentence only, in the server's language; what it does not
    recognise in it is "unreachable", with the sentence as reason.
    """
    text = str(error)
    if "connection failed" not in text and "failed to resolve host" not in text and "could not" not in text:
        return _GONE, message
    if 'database "' in text and "does not exist" in text:
        return _UNKNOWN, message
    if "authentication failed" in text or "no pg_hba.conf entry" in text or "permission denied for" in text:
        return _DENIED, message
    return _UNREACHABLE, message


def _mariadb(error: BaseException) -> tuple[str, str] | None:
    number = error.args[0] if error.args else None
    if not isinstance(number, int):
        return (_GONE, str(error)) if type(error).__name__ == "InterfaceError" else None
    code = _MARIADB.get(number)
    if code is None:
        return None
    detail = str(error.args[1]) if len(error.args) > 1 and error.args[1] else ""
    return code, f"MariaDB {number}" if code in (_LOST, _LOCKED) or not detail else detail
