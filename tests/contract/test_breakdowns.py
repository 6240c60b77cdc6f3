"""Kills, cut connections and lost answers: an act is done once or not at all, and the caller knows which."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from sqlalchemy import select

from kfq_workflow import Paper, WorkflowEngine, open_database, schema, verify_database
from kfq_workflow.errors import DatabaseUnavailable, OutcomeUnknown
from tests import racers
from tests.workflows import permit

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow import Transaction

KEYS = [f"p/{number}" for number in range(5)]
ROOT = Path(__file__).parents[2]
CUT = {"postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend({})"),
       "mysql": ("SELECT CONNECTION_ID()", "KILL {}"), "mariadb": ("SELECT CONNECTION_ID()", "KILL {}")}  # fmt: skip


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    schema.init(database)
    racers.HOST.create(database)
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    for office in ("applicant", "clerk"):
        engine.enroll(office, by="system", roles=[office])
    for key in KEYS:
        engine.start("permit", key, by="applicant", name="n")
        engine.fire(key, "submit", by="applicant", papers=[Paper("request")])
    return engine


def test_a_killed_process_leaves_no_row_without_its_act(database_url: str, engine: WorkflowEngine) -> None:
    code = f"from tests.racers import work_until_killed; work_until_killed({database_url!r}, {KEYS!r})"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.4)
        process.kill()
        process.communicate()
    with engine.database.connect() as connection:
        hosts = Counter(connection.execute(select(racers.HOST.c.instance)).scalars())
    acts = {key: sum(entry.body.get("trigger") == "comment" for entry in engine.history(key)) for key in KEYS}
    assert sum(acts.values()) > 0
    assert acts == {key: hosts[key] for key in KEYS}
    engine.fire(KEYS[0], "comment", by="clerk")


def test_a_connection_cut_before_commit_is_run_again(engine: WorkflowEngine) -> None:
    if engine.database.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection to cut")
    own, cut = CUT[engine.database.dialect.name]
    runs = []

    def work(tx: Transaction) -> int:
        receipt = tx.fire("p/0", "comment", by="clerk")
        if not runs:
            cursor: Any = tx.cursor
            cursor.execute(own)
            number = cursor.fetchone()[0]
            with engine.database.connect() as other:
                other.exec_driver_sql(cut.format(number))
        runs.append(receipt.seq)
        return receipt.seq

    assert engine.run(work) == 3
    assert runs == [3, 3]
    assert len(engine.history("p/0")) == 3


def test_a_commit_whose_answer_was_lost_is_looked_up(engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_the_answer(monkeypatch, times=1)
    receipt = engine.fire("p/0", "comment", by="clerk")
    assert receipt.seq == 3
    assert len(engine.history("p/0")) == 3


def test_an_outcome_that_cannot_be_looked_up_is_said(engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_the_answer(monkeypatch, times=1)
    monkeypatch.setattr(engine.store, "request", lambda *_: 1 / 0)
    with pytest.raises(OutcomeUnknown) as caught:
        engine.fire("p/0", "comment", by="clerk")
    monkeypatch.undo()
    assert engine.fire("p/0", "comment", by="clerk", request=caught.value.values["request"]).replayed


def lose_the_answer(monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let a commit be done and its answer be lost on the way back."""
    commit, left = sqlalchemy.Connection.commit, [times]

    def commits(connection: sqlalchemy.Connection) -> None:
        commit(connection)
        if left[0]:
            left[0] -= 1
            error = sqlalchemy.exc.OperationalError("COMMIT", None, Exception("lost"))
            error.connection_invalidated = True
            raise error

    monkeypatch.setattr(sqlalchemy.Connection, "commit", commits)


@pytest.mark.backends("sqlite")
def test_a_locked_file_is_said_in_words(database_url: str, engine: WorkflowEngine) -> None:
    impatient = WorkflowEngine(sqlalchemy.create_engine(database_url, connect_args={"timeout": 0.01}))
    with engine.database.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable) as caught:
            impatient.fire("p/0", "comment", by="clerk")
        assert caught.value.code == "database_locked"
        holder.rollback()
    impatient.database.dispose()
    assert len(engine.history("p/0")) == 2


@pytest.mark.backends("sqlite")
def test_a_commit_that_found_the_file_busy_is_not_done_twice(database_url: str, engine: WorkflowEngine) -> None:
    engine.database.dispose()
    path = engine.database.url.database
    reader = sqlite3.connect(str(path), isolation_level=None)
    reader.execute("PRAGMA journal_mode = DELETE")  # here a reader keeps a writer from committing
    held = reader.execute("SELECT * FROM kfq_entry")
    held.fetchone()
    impatient = WorkflowEngine(sqlalchemy.create_engine(database_url, connect_args={"timeout": 0.01}))
    runs = []

    def work(tx: Transaction) -> int:
        runs.append(1)
        if len(runs) == 3:
            held.close()
        return tx.fire("p/0", "comment", by="clerk").seq

    assert impatient.run(work) == 3
    assert len(runs) == 3
    impatient.database.dispose()
    reader.close()
    assert len(engine.history("p/0")) == 3


def test_verifying_keeps_nobody_from_writing(database_url: str, engine: WorkflowEngine) -> None:
    reader = open_database(database_url)
    assert verify_database(reader).verdict == "self-consistent"
    engine.fire("p/0", "comment", by="clerk")
    assert verify_database(reader, key="p/0").verdict == "self-consistent"
    engine.fire("p/0", "comment", by="clerk")
    reader.dispose()
