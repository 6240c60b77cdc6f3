"""Many at once on the same instances: exactly one winner each, nothing lost, nothing half done."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from kfq_workflow import WorkflowEngine, schema
from kfq_workflow.errors import AlreadyStarted
from tests import racers
from tests.workflows import permit

if TYPE_CHECKING:
    from sqlalchemy import Engine

THREADS, PROCESSES, INSTANCES = 8, 4, 100
KEYS = [f"p/{number:03}" for number in range(INSTANCES)]


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    schema.init(database)
    racers.HOST.create(database)
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    engine.enroll("applicant", by="system", roles=["applicant"])

    def start_all(tx: object) -> None:
        for key in KEYS:
            tx.start("permit", key, by="applicant", name="n")  # type: ignore[attr-defined]

    engine.run(start_all)
    return engine


def check(engine: WorkflowEngine, won: list[str], *, joined: bool) -> None:
    assert Counter(won) == Counter(KEYS)
    for key in KEYS:
        assert [entry.row.kind for entry in engine.history(key)] == ["started", "fired"]
        assert engine.show(key).row.state == "review"
    with engine.database.connect() as connection:
        hosts = connection.execute(select(racers.HOST.c.instance)).scalars().all()
    assert sorted(hosts) == (KEYS if joined else [])
    assert engine.rebuild() == 0


@pytest.mark.parametrize("joined", [False, True], ids=["own", "joined"])
def test_threads_have_one_winner_each(database: Engine, engine: WorkflowEngine, *, joined: bool) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        tallies = list(pool.map(lambda racer: racers.race(database, KEYS, racer, joined=joined), range(THREADS)))
    assert sum(tally.conflicts for tally in tallies) == (THREADS - 1) * INSTANCES
    check(engine, [key for tally in tallies for key in tally.won], joined=joined)


@pytest.mark.parametrize("joined", [False, True], ids=["own", "joined"])
def test_processes_have_one_winner_each(
    database_url: str, database: Engine, engine: WorkflowEngine, *, joined: bool
) -> None:
    database.dispose()
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(racers.main, database_url, KEYS, racer, joined) for racer in range(PROCESSES)]
        won = [key for future in running for key in future.result()]
    check(engine, won, joined=joined)


def test_two_starters_of_one_key_have_one_winner(engine: WorkflowEngine) -> None:
    def start(racer: int) -> bool:
        try:
            engine.start("permit", "new", by="applicant", name=str(racer))
        except AlreadyStarted:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(start, range(THREADS))) == 1
    assert len(engine.history("new")) == 1


def test_a_start_that_waited_for_another_finds_it_done(database: Engine, engine: WorkflowEngine) -> None:
    if database.dialect.name == "sqlite":
        pytest.skip("one writer at a time: the second starter waits before it looks")
    with database.connect() as first, ThreadPoolExecutor(1) as pool:
        engine.join(first).start("permit", "new", by="applicant", name="a")
        second = pool.submit(engine.start, "permit", "new", by="applicant", name="b")
        time.sleep(0.3)
        assert not second.done()
        first.commit()
        with pytest.raises(AlreadyStarted):
            second.result()


def test_a_double_click_is_one_act(engine: WorkflowEngine) -> None:
    def click(_: int) -> tuple[int, bool]:
        receipt = engine.fire("p/000", "submit", by="applicant", papers=racers.PAPERS, request="click-1")
        return receipt.seq, receipt.replayed

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(click, range(THREADS)))
    assert sorted(answers) == [(2, False), *[(2, True)] * (THREADS - 1)]
