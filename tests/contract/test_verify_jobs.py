"""Several processes verify a log and report what one does; each database, in one state of it."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine

from kfq_workflow import VerificationInterrupted, WorkflowEngine, reading, schema, verify_database
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.stored.database import open_database, recipe
from kfq_workflow.stored.tree_source import Span
from kfq_workflow.verify import reader, verify, workers
from tests.tampering import build, change, places, remove, tampering
from tests.workflows import permit

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.stored.source import Source


def prepared(database: Engine) -> WorkflowEngine:
    """Make a log with cited entries and two seals."""
    engine = build(database)
    engine.seal()
    engine.annotate("p", "其后", by="clerk")
    engine.seal()
    engine.annotate("o", "又", by="clerk")
    return engine


def shared(source: Source, jobs: int = 3) -> int:
    """Return how many processes read the log."""
    outcomes = workers.read(source, jobs, None)
    return 1 if outcomes is None else len(outcomes)


def test_several_processes_report_what_one_does(database: Engine, tmp_path: Path) -> None:
    prepared(database)
    with reading(database) as source:
        assert shared(source) == 3
        write_export(source, tmp_path / "log.jsonl")
    one = verify_database(database)
    assert (one.verdict, one.findings) == ("self-consistent", ())
    assert verify_database(database, jobs=2) == verify_database(database, jobs=5) == one
    assert shared(ExportSource(tmp_path / "log.jsonl")) == 3
    assert verify(ExportSource(tmp_path / "log.jsonl"), jobs=3) == verify(ExportSource(tmp_path / "log.jsonl"))


@pytest.mark.tampers
def test_several_processes_find_what_one_does(database: Engine) -> None:
    prepared(database)
    with tampering(database) as connection:
        for key in ("o", "p"):
            change(connection, "entry", {"instance": key, "seq": 3}, {"via": "elsewhere"})
        remove(connection, "entry", {"instance": "late", "seq": 2})
        change(connection, "leaf", {"position": 9}, {"node": bytes(32)})
        change(connection, "instance", {"key": "p/case"}, {"phase": "elsewhere"})
    one = verify_database(database)
    assert {("bytes", "leaf", "p", 3), ("chain", "gap", "late", 3)} < places(one)
    assert verify_database(database, jobs=2) == verify_database(database, jobs=4) == one


def test_a_log_that_is_written_meanwhile_is_read_in_one_state(database: Engine) -> None:
    engine = prepared(database)
    stop, fired = Event(), 0

    def write() -> None:
        nonlocal fired
        own = WorkflowEngine(open_database(database.url.render_as_string(hide_password=False)))
        while not stop.is_set():
            own.annotate(("o", "p", "late")[fired % 3], "记", by="clerk")
            fired += 1
        own.database.dispose()

    writer = Thread(target=write)
    writer.start()
    try:
        found = [verify_database(database, jobs=2) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [report.findings for report in found] == [()] * 3
    assert [report.verdict for report in found] == ["self-consistent"] * 3
    assert fired
    del engine


def test_what_cannot_be_opened_again_is_read_by_one(database: Engine) -> None:
    prepared(database)
    own = create_engine(database.url)
    assert recipe(own) is None
    assert recipe(open_database(database.url.render_as_string(hide_password=False), pool_pre_ping=True)) is None
    with reading(own) as source:
        assert shared(source) == 1
    with own.connect() as connection:
        assert verify_database(connection, jobs=4) == verify_database(own, jobs=4) == verify_database(database)
    own.dispose()


@pytest.mark.backends("sqlite")
def test_a_database_in_memory_is_read_by_one() -> None:
    from sqlalchemy.pool import StaticPool

    database = open_database("sqlite://", poolclass=StaticPool)
    assert recipe(open_database("sqlite://")) is None
    schema.init(database)
    WorkflowEngine(database).define(permit(), by="system")
    assert verify_database(database, jobs=4).verdict == "self-consistent"
    database.dispose()


@pytest.mark.backends("sqlite")
def test_a_file_that_may_only_be_read_is_read_by_several(database: Engine, tmp_path: Path) -> None:
    prepared(database)
    with database.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    own = open_database(f"sqlite:///file:{tmp_path / 'copy.db'}?immutable=1&uri=true")
    with reading(own) as source:
        assert shared(source) == 3
    assert verify_database(own, jobs=2) == verify_database(database)
    assert recipe(open_database("sqlite:///file::memory:?uri=true")) is None
    own.dispose()


@pytest.mark.backends("sqlite")
def test_a_small_log_is_not_worth_a_process(database: Engine) -> None:
    prepared(database)
    with reading(database) as source:
        assert workers.read(source, None, None) is None


def test_a_process_that_is_killed_is_told_of(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(database)
    ended: list[Any] = []
    send = workers.Worker.send

    def kill(self: workers.Worker, what: Any) -> None:
        if isinstance(what, Span):
            self.process.kill()
            self.process.wait()
            ended.append(self.process)
        send(self, what)

    monkeypatch.setattr(workers.Worker, "send", kill)
    with pytest.raises(VerificationInterrupted, match="signal 9"):
        verify_database(database, jobs=2)
    assert len(ended) == 1


def test_a_process_that_fails_is_told_of(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(database)
    send = workers.Worker.send

    def confuse(self: workers.Worker, what: Any) -> None:
        send(self, Span("\ud800", None) if isinstance(what, Span) else what)

    monkeypatch.setattr(workers.Worker, "send", confuse)
    with pytest.raises(VerificationInterrupted, match=r"[a-z]Error: "):
        verify_database(database, jobs=2)


def test_no_process_outlives_who_asked(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(database)
    started: list[Any] = []
    enter = workers.Worker.__enter__

    def entered(self: workers.Worker) -> workers.Worker:
        started.append(enter(self).process)
        return self

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workers.Worker, "__enter__", entered)
    monkeypatch.setattr(reader, "_TOLD", 1)
    with reading(database) as source, pytest.raises(KeyboardInterrupt):
        verify(source, jobs=3, progress=interrupt)
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


def test_progress_counts_the_entries_of_all(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(database)
    monkeypatch.setattr(reader, "_TOLD", 1)
    told: list[int] = []
    with reading(database) as source:
        report = verify(source, jobs=2, progress=told.append)
    assert told
    assert told == sorted(told)
    assert told[-1] <= report.entries
