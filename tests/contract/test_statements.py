"""What one act costs on the wire: counted by SQLite, by libpq and by MariaDB themselves, not by our own code."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, open_database, schema
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

ACTS = 5

#: Lock, actor, entry, row; on PostgreSQL one statement writes entry, texts and row.
IN_A_TRANSACTION = {"sqlite": 4, "postgresql": 3, "mysql": 4}
#: BEGIN and COMMIT; MariaDB is told its isolation level, and PyMySQL sends the ROLLBACK of SQLAlchemy's pool.
AROUND = {"sqlite": 2, "postgresql": 2, "mysql": 3}
#: In a caller's transaction: BEGIN and COMMIT are the caller's; nobody sets the isolation level.
AROUND_JOINED = {"sqlite": 2, "postgresql": 2, "mysql": 2}
A_TEXT = {"sqlite": 1, "postgresql": 0, "mysql": 1}


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """Give an Engine that has one connection, with an instance that can be commented on."""
    database = open_database(database_url, pool_size=1, max_overflow=0)
    schema.init(database)
    yield database
    database.dispose()


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    for office in ("applicant", "clerk"):
        engine.enroll(office, by="system", roles=[office])
    engine.start("permit", "p", by="applicant", name="n")
    engine.fire("p", "submit", by="applicant", papers=[Paper("request")])
    for _ in range(10):  # psycopg prepares a statement once it has seen it a few times
        engine.fire("p", "comment", by="clerk")
        engine.fire("p", "comment", by="clerk", opinion="o")
    return engine


@contextmanager
def counted(database: Engine) -> Iterator[Callable[[], int]]:
    """Count round trips (on SQLite statements) until the answer is first asked for."""
    pooled = database.raw_connection()
    driver: Any = pooled.driver_connection
    pooled.close()
    if database.dialect.name == "sqlite":
        seen: list[str] = []
        driver.set_trace_callback(seen.append)
        yield lambda: len(list(groupby(seen)))  # a trigger's look is told under the statement that set it off
        driver.set_trace_callback(None)
    elif database.dialect.name == "postgresql":
        with tempfile.TemporaryFile() as file:
            driver.pgconn.trace(file.fileno())
            yield lambda: _trips(file)
            driver.pgconn.untrace()
    else:
        before = _questions(driver)
        yield lambda: _questions(driver) - before - 1


def _trips(file: Any) -> int:
    file.seek(0)
    sent = [line.split(b"\t")[1:4] for line in file.read().splitlines()]
    return sum(way == b"F" and message in (b"Query", b"Sync") for way, _, message in sent)


def _questions(driver: Any) -> int:
    with driver.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
        return int(cursor.fetchone()[1])


def name(database: Engine) -> str:
    return "mysql" if database.dialect.name == "mariadb" else database.dialect.name


def test_an_act_by_itself(database: Engine, engine: WorkflowEngine) -> None:
    with counted(database) as count:
        for _ in range(ACTS):
            engine.fire("p", "comment", by="clerk")
        assert count() == ACTS * (IN_A_TRANSACTION[name(database)] + AROUND[name(database)])


def test_texts_cost_one_statement_more_or_none(database: Engine, engine: WorkflowEngine) -> None:
    with counted(database) as count:
        engine.fire("p", "comment", by="clerk", opinion="o")
        dialect = name(database)
        assert count() == IN_A_TRANSACTION[dialect] + AROUND[dialect] + A_TEXT[dialect]


def test_a_paper_with_a_number_costs_no_statement_more(database: Engine, engine: WorkflowEngine) -> None:
    """Whether the number was retired is read together with the actor."""
    with counted(database) as count:
        engine.fire("p", "comment", by="clerk", papers=[Paper("request", number="市函〔2026〕1号")])
        assert count() == IN_A_TRANSACTION[name(database)] + AROUND[name(database)]


def test_acts_in_a_callers_transaction(database: Engine, engine: WorkflowEngine) -> None:
    with counted(database) as count:
        with database.begin() as connection:
            for _ in range(ACTS):
                engine.join(connection).fire("p", "comment", by="clerk")
        assert count() == ACTS * IN_A_TRANSACTION[name(database)] + AROUND_JOINED[name(database)]


def test_many_acts_in_one_transaction(database: Engine, engine: WorkflowEngine) -> None:
    def work(transaction: Any) -> None:
        for _ in range(ACTS):
            transaction.fire("p", "comment", by="clerk")

    with counted(database) as count:
        engine.run(work)
        assert count() == ACTS * IN_A_TRANSACTION[name(database)] + AROUND[name(database)]


def test_a_repeated_request_writes_nothing(database: Engine, engine: WorkflowEngine) -> None:
    first = engine.fire("p", "comment", by="clerk", request="r")
    with counted(database) as count:
        again = engine.fire("p", "comment", by="clerk", request="r")
        assert count() == 2 + AROUND[name(database)]  # lock, request
    assert (again.seq, again.replayed) == (first.seq, True)


@pytest.mark.backends("mariadb")
@pytest.mark.parametrize("isolation", [None, "AUTOCOMMIT", "SERIALIZABLE"])
def test_mariadb_reads_what_is_committed_and_can_roll_back(
    database: Engine, engine: WorkflowEngine, isolation: str | None
) -> None:
    def work(transaction: Any) -> str:
        transaction.fire("p", "comment", by="clerk")
        transaction.cursor.execute(
            "SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID()"
        )
        levels.append(transaction.cursor.fetchone()[0])
        raise LookupError

    options: dict[str, Any] = {"isolation_level": isolation} if isolation else {}
    engine.database = database.execution_options(**options)
    before, levels = len(engine.history("p")), list[str]()
    with pytest.raises(LookupError):
        engine.run(work)
    assert levels == ["READ COMMITTED"]
    assert len(engine.history("p")) == before
