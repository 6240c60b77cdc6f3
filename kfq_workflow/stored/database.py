"""Open a database the way the log wants it: foreign keys on, waits bounded, words compared bytewise.

An application that has an Engine of its own passes that instead; on SQLite it should do what `open_database` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from kfq_workflow.errors import DatabaseUnavailable, InvalidInput

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

DEFAULT_URL = "sqlite:///kfq.db"
#: Seconds that a writer waits for another one before it gives up.
BUSY_SECONDS = 5
#: Seconds after which a wait for a locked SQLite file is told to who asked for it.
TELL_SECONDS = 1.0
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a database was opened by its URL alone, for another process to open it the same way."""

    url: str = field(repr=False)
    synchronous: str

    def open(self) -> Engine:
        """Open the database."""
        return open_database(self.url, synchronous=self.synchronous)


#: How each Engine was made that is still in use.
_RECIPES: WeakKeyDictionary[Engine, Recipe] = WeakKeyDictionary()


def recipe(database: Engine) -> Recipe | None:
    """Return how a database was opened; None where another process could not do the same.

    That is so for an Engine of the application's own, for one with options, and for SQLite in memory.
    """
    path = database.url.database or ""
    is_memory = not path or ":memory:" in path or database.url.query.get("mode") == "memory"
    if database.url.get_backend_name() == "sqlite" and is_memory:
        return None
    return _RECIPES.get(database)


def open_database(
    url: str = DEFAULT_URL, *, synchronous: str = "FULL", waiting: Callable[[], None] | None = None, **options: Any
) -> Engine:
    """Return an Engine for a URL: SQLite, PostgreSQL (psycopg 3) or MariaDB (PyMySQL).

    `synchronous` is SQLite's: FULL survives a power cut, NORMAL is faster and may lose the last commits in one.
    `waiting` is called, in a thread of its own, each time that a locked SQLite file keeps us waiting for over a second.
    `options` go to `create_engine`. Raises InvalidInput for a URL that is none, DatabaseUnavailable without driver.
    """
    if not isinstance(url, (str, URL)):
        raise InvalidInput("not_text", what="database URL", type=type(url).__name__)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidInput("invalid_database_url", url=url.partition("@")[2] or url[:40]) from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", *_EXTRAS):
        raise InvalidInput("unknown_database", backend=backend)
    plain = not options
    if backend == "sqlite":
        connect = options.setdefault("connect_args", {})
        connect.setdefault("timeout", BUSY_SECONDS)
        if waiting is not None:
            connect["factory"] = _telling(waiting)
    try:
        database = create_engine(parsed, **options)
    except (ImportError, NoSuchModuleError):
        raise DatabaseUnavailable("driver_missing", backend=backend, extra=_EXTRAS.get(backend, backend)) from None
    if backend == "sqlite":
        _prepare_sqlite(database, synchronous)
    if plain:
        _RECIPES[database] = Recipe(url, synchronous)  # as given: SQLAlchemy would write a file: URI otherwise
    return database


def _telling(waiting: Callable[[], None]) -> type[sqlite3.Connection]:
    """Return a class of connections that tells when they wait for a lock.

    sqlite3 waits inside of a statement and has no hook. These do nothing else that takes a second: BEGIN IMMEDIATE, and
    whatever first opens the file, a PRAGMA or a question about the log's head.
    """
    import sqlite3
    from threading import Timer

    class Telling(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Self:
            connection: Any = self.connection
            if sql != "BEGIN IMMEDIATE" and connection.reached:
                return super().execute(sql, parameters)
            timer = Timer(TELL_SECONDS, waiting)
            timer.daemon = True
            timer.start()
            try:
                found = super().execute(sql, parameters)
            finally:
                timer.cancel()
            connection.reached = connection.reached or not sql.startswith(("PRAGMA", "BEGIN"))
            return found

    class Connection(sqlite3.Connection):
        reached = False

        def cursor(self, factory: Any = Telling) -> Any:
            return super().cursor(factory)

    return Connection


def _prepare_sqlite(database: Engine, synchronous: str) -> None:
    if synchronous not in ("FULL", "NORMAL", "EXTRA"):
        raise InvalidInput("invalid_value", name="synchronous", value=synchronous, type="FULL, NORMAL, EXTRA")

    @event.listens_for(database, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.close()
