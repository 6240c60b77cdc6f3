"""The drivers' real exceptions, told apart: each is provoked on the database that raises it."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from kfq_workflow.errors import DatabaseUnavailable, NotInitialised, TransactionLost
from kfq_workflow.stored.database_errors import connection_lost, translate, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kfq_workflow.errors import KfqError


@pytest.fixture
def pairs(database_url: str) -> Iterator[Engine]:
    """Give a database with a table of two rows."""
    database = create_engine(database_url)
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE pair (id INTEGER PRIMARY KEY, n INTEGER)")
        connection.exec_driver_sql("INSERT INTO pair VALUES (1, 0), (2, 0)")
    yield database
    database.dispose()


def raised(act: Callable[[], Any]) -> BaseException:
    """Return what SQLAlchemy raises."""
    with pytest.raises(DBAPIError) as caught:
        act()
    return caught.value


def translated(act: Callable[[], Any]) -> KfqError:
    """Return what becomes of it, the same from SQLAlchemy's wrapper and from the driver's own exception."""
    error = raised(act)
    found = translate(error, database="here")
    assert found is not None, error
    assert isinstance(error, DBAPIError)
    assert error.orig is not None
    again = translate(error.orig, database="here")
    assert again is not None
    assert (type(found), found.code, str(found)) == (type(again), again.code, str(again))
    assert "<" not in found.text("en") + found.text("zh")
    return found


def run(database: Engine, *statements: str) -> Callable[[], None]:
    """Return a function that runs statements in one transaction and rolls back."""

    def act() -> None:
        with database.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    return act


def test_a_missing_table(pairs: Engine) -> None:
    found = translated(run(pairs, "SELECT * FROM kfq_log"))
    assert isinstance(found, NotInitialised)
    assert "here" in str(found)


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO pair VALUES (1, 1)", "SELECT nothing FROM pair", "SELEKT", "SELECT 1 FROM pair WHERE"],
)
def test_other_errors_are_not_ours(pairs: Engine, statement: str) -> None:
    error = raised(run(pairs, statement))
    assert translate(error) is None
    assert not connection_lost(error)


def test_errors_that_are_no_databases() -> None:
    assert translate(ValueError("x")) is None
    assert not connection_lost(KeyboardInterrupt())


def test_a_deadlock_is_lost(pairs: Engine) -> None:
    """Each of two holds a row and asks for the other's; the database lets one of them go."""
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    errors: list[BaseException] = []
    both = threading.Barrier(2, timeout=20)

    def act(first: int, second: int) -> None:
        with pairs.connect() as connection:
            try:
                connection.exec_driver_sql(f"UPDATE pair SET n = n + 1 WHERE id = {first}")
                both.wait()
                connection.exec_driver_sql(f"UPDATE pair SET n = n + 1 WHERE id = {second}")
            except DBAPIError as error:
                errors.append(error)

    threads = [threading.Thread(target=act, args=ids) for ids in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = errors
    found = translate(error)
    assert isinstance(found, TransactionLost)
    assert found.code == "transaction_lost"
    assert unavailable(found) is found
    assert not connection_lost(error)


def test_a_serialization_failure_is_lost(pairs: Engine) -> None:
    if pairs.dialect.name != "postgresql":
        pytest.skip("PostgreSQL's 40001")
    repeatable = pairs.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM pair")
        with pairs.begin() as other:
            other.exec_driver_sql("UPDATE pair SET n = 1")
        found = translated(lambda: connection.exec_driver_sql("UPDATE pair SET n = 2"))
    assert isinstance(found, TransactionLost)


def test_a_wait_that_timed_out(pairs: Engine) -> None:
    short = {
        "sqlite": "PRAGMA busy_timeout = 50",
        "postgresql": "SET lock_timeout = 50",
        "mariadb": "SET SESSION innodb_lock_wait_timeout = 0",
    }[pairs.dialect.name]
    with pairs.connect() as holder:
        holder.exec_driver_sql("UPDATE pair SET n = 1")
        found = translated(run(pairs, short, "UPDATE pair SET n = 2"))
    assert isinstance(found, TransactionLost)
    assert found.code == "database_locked"
    assert isinstance(unavailable(found), DatabaseUnavailable)


def test_a_stale_snapshot_is_lost(tmp_path: Any) -> None:
    database = create_engine(f"sqlite:///{tmp_path}/wal.db")
    run(database, "PRAGMA journal_mode = WAL", "CREATE TABLE pair (n INTEGER)")()
    with database.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM pair").all()
        with database.begin() as writer:
            writer.exec_driver_sql("INSERT INTO pair VALUES (1)")
        found = translated(lambda: reader.exec_driver_sql("INSERT INTO pair VALUES (2)"))
    assert isinstance(found, TransactionLost)
    assert found.values["reason"] == "SQLITE_BUSY_SNAPSHOT"
    database.dispose()


def test_a_read_only_database(pairs: Engine) -> None:
    begin = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET TRANSACTION READ ONLY",
        "mariadb": "START TRANSACTION READ ONLY",
    }[pairs.dialect.name]
    found = translated(run(pairs, begin, "UPDATE pair SET n = 1"))
    assert isinstance(found, DatabaseUnavailable)
    assert found.code == "database_readonly"


def test_a_file_that_cannot_be_opened_where_nothing_can_be_made_says_how_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kfq.db"
    file.touch()
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = 14
    codes = []
    for writable in (True, False):
        monkeypatch.setattr("os.access", lambda *_, answer=writable: answer)
        codes.append(translate(error, database=f"sqlite:///{file}").code)  # type: ignore[union-attr]
    assert codes == ["database_unreachable", "database_readonly_folder"]


def test_a_database_in_a_read_only_folder_says_how_to_read_it() -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = 1544
    found = translate(error)
    assert isinstance(found, DatabaseUnavailable)
    for lang in ("zh", "en"):
        assert "immutable=1" in found.text(lang)


def test_a_connection_that_was_cut(pairs: Engine) -> None:
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")
    own = "SELECT pg_backend_pid()" if pairs.dialect.name == "postgresql" else "SELECT CONNECTION_ID()"
    cut = "SELECT pg_terminate_backend({})" if pairs.dialect.name == "postgresql" else "KILL {}"
    with pairs.connect() as connection:
        number = connection.exec_driver_sql(own).scalar()
        run(pairs, cut.format(number))()
        error = raised(lambda: connection.exec_driver_sql("UPDATE pair SET n = 1"))
        connection.invalidate()
    found = translate(error)
    assert isinstance(found, DatabaseUnavailable)
    assert found.code == "database_gone"
    assert connection_lost(error)
    assert isinstance(error, DBAPIError)
    assert error.orig is not None
    assert connection_lost(error.orig)


def test_a_commit_on_a_connection_that_was_cut(pairs: Engine) -> None:
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")
    own = "SELECT pg_backend_pid()" if pairs.dialect.name == "postgresql" else "SELECT CONNECTION_ID()"
    cut = "SELECT pg_terminate_backend({})" if pairs.dialect.name == "postgresql" else "KILL {}"
    with pairs.connect() as connection:
        connection.exec_driver_sql("UPDATE pair SET n = 1")
        number = connection.exec_driver_sql(own).scalar()
        run(pairs, cut.format(number))()
        driver: Any = connection.connection.driver_connection
        with pytest.raises(Exception, match=r"(?i)closed|lost|killed|terminat|gone away") as caught:
            driver.commit()
        assert connection_lost(caught.value)
        with pytest.raises(Exception, match=r"(?i)closed|lost|interface|^\(0") as caught:
            driver.cursor().execute("SELECT 1")
        assert connection_lost(caught.value)
        connection.invalidate()


def test_a_closed_sqlite_connection() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        pass
    with pytest.raises(sqlite3.ProgrammingError) as caught:
        connection.execute("SELECT 1")
    assert connection_lost(caught.value)


def test_an_unknown_database(pairs: Engine) -> None:
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite makes the file")
    found = translated(run(create_engine(pairs.url.set(database="kfq_no_such_database")), "SELECT 1"))
    assert isinstance(found, DatabaseUnavailable)
    assert found.code == "database_unknown"


def test_a_server_that_does_not_answer(pairs: Engine) -> None:
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")
    url = pairs.url.set(host="127.0.0.1", port=1, query={})
    found = translated(run(create_engine(url), "SELECT 1"))
    assert isinstance(found, DatabaseUnavailable)
    assert found.code == "database_unreachable"
    assert "here" in str(found)


def test_an_account_that_may_not(pairs: Engine) -> None:
    if pairs.dialect.name == "sqlite":
        pytest.skip("SQLite has no accounts")
    name = f"d_{os.getpid()}"
    at = "@'%%'" if pairs.dialect.name == "mariadb" else ""
    password = "IDENTIFIED BY 'denied'" if at else "PASSWORD 'denied'"
    with pairs.begin() as connection:
        connection.exec_driver_sql(f"CREATE USER {name}{at} {password}")
        if at:
            connection.exec_driver_sql(f"GRANT CREATE ON `{pairs.url.database}`.* TO {name}{at}")
    stranger = create_engine(pairs.url.set(username=name, password="denied"))  # noqa: S106
    try:
        found = translated(run(stranger, "SELECT * FROM pair"))
    finally:
        stranger.dispose()
        with pairs.begin() as connection:
            connection.exec_driver_sql(f"DROP USER {name}{at}")
    assert isinstance(found, DatabaseUnavailable)
    assert found.code == "database_denied"


def test_a_wrong_password(pairs: Engine) -> None:
    if pairs.dialect.name != "mariadb":
        pytest.skip("the PostgreSQL of the tests trusts everybody")
    found = translated(run(create_engine(pairs.url.set(username="nobody_at_all", password="no")), "SELECT 1"))  # noqa: S106
    assert found.code == "database_denied"
