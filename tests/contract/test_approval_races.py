"""Two at the same instant on the same gate: one decision, one move, never half of one, on every database."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import reading
from kfq_workflow.entry import parse_canonical
from tests import racers
from tests.approvals import BOSS, CLERKS, gate, guarded, prepared
from tests.racers import Shot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from kfq_workflow import WorkflowEngine
    from kfq_workflow.definition import model as m

#: Pairs of last voters on each database, of voters who could each decide in threads and in processes, and others.
THREADED, EITHER, SPAWNED, OTHERS = 500, 100, 60, 25
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Race:
    """An engine, and instances that all wait for the same two."""

    engine: WorkflowEngine
    keys: list[str]

    def run(self, *pair: Shot) -> list[Counter[str]]:
        """Let both fire at once at each instance in turn; return how each one fared."""
        return racers.duel(self.engine, self.keys, pair)

    def ends(self) -> list[tuple[str, ...]]:
        """Return for each instance its kinds after the submission, refused ones left out, the gate's state, `main`."""
        chains: dict[str, list[str]] = {key: [] for key in self.keys}
        with reading(self.engine.database) as source:
            for row in source.entries():
                if row.instance in chains:
                    told = parse_canonical(row.body)
                    moved = "+" if "main" in told.get("set", {}) else ""
                    chains[row.instance] += [] if row.kind == "refused" else [row.kind + moved]
        gates = {shown.key: shown for shown in self.engine.instances()}
        return [
            (*chains[key][3:], gates[key].snapshot.gates["grant"]["state"], gates[key].row.state or "-")
            for key in self.keys
        ]


def begin(database: Engine, asked: m.Gate, rounds: int, *votes: str) -> Race:
    """Submit so many instances, and let these people approve them."""
    engine = prepared(database, guarded(asked))
    keys = [f"p/{number:03}" for number in range(rounds)]
    engine.run(lambda tx: racers.submit_all(tx, keys, votes))
    return Race(engine, keys)


def all_alike(ends: Sequence[tuple[str, ...]], *expected: tuple[str, ...]) -> None:
    assert set(ends) <= set(expected), Counter(ends)


def test_two_last_voters_give_one_decision_and_one_move(database: Engine) -> None:
    race = begin(database, gate(CLERKS, BOSS), THREADED, "c1")
    fared = race.run(Shot("approve", "c2"), Shot("approve", "boss"))
    assert fared == [Counter(done=THREADED)] * 2
    all_alike(race.ends(), ("voted", "voted", "voted+", "approved", "granted"))


def test_two_who_could_each_decide_give_one_decision_and_one_move(database: Engine) -> None:
    race = begin(database, gate(CLERKS, BOSS, quorum="any"), EITHER)
    fared = race.run(Shot("approve", "c1"), Shot("approve", "boss"))
    assert fared[0] + fared[1] == Counter(done=EITHER, gate_closed=EITHER)
    all_alike(race.ends(), ("voted+", "approved", "granted"))


def test_in_processes_of_their_own_too(database_url: str, database: Engine) -> None:
    race = begin(database, gate(CLERKS, BOSS, quorum="any"), SPAWNED)
    database.dispose()
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(2, mp_context=context) as pool:
        barrier = manager.Barrier(2)
        running = [
            pool.submit(racers.shoot, database_url, race.keys, Shot("approve", voter), barrier)
            for voter in ("c1", "boss")
        ]
        fared = [future.result() for future in running]
    assert fared[0] + fared[1] == Counter(done=SPAWNED, gate_closed=SPAWNED)
    all_alike(race.ends(), ("voted+", "approved", "granted"))


def test_approving_against_rejecting(database: Engine) -> None:
    race = begin(database, gate(CLERKS), OTHERS, "c1")
    race.run(Shot("approve", "c2"), Shot("reject", "c3"))
    all_alike(race.ends(), ("voted", "voted+", "approved", "granted"), ("voted", "voted", "rejected", "review"))


def test_approving_against_withdrawing(database: Engine) -> None:
    race = begin(database, gate(CLERKS, quorum="any"), OTHERS)
    fared = race.run(Shot("approve", "c1"), Shot("withdraw", "app"))
    assert fared[0] + fared[1] == Counter(done=OTHERS, gate_closed=OTHERS)
    all_alike(race.ends(), ("voted+", "approved", "granted"), ("withdrawn", "withdrawn", "review"))


def test_approving_against_a_plain_move(database: Engine) -> None:
    race = begin(database, gate(CLERKS, quorum="any"), OTHERS)
    race.run(Shot("approve", "c1"), Shot("fire", "boss", (("trigger", "suspend"),)))
    all_alike(race.ends(), ("voted+", "fired+", "approved", "suspended"), ("fired+", "void", "suspended"))


def test_taking_back_against_the_deciding_vote(database: Engine) -> None:
    race = begin(database, gate(CLERKS), OTHERS, "c1")
    race.run(Shot("approve", "c2"), Shot("retract", "c1", (("reason", "再看"),)))
    all_alike(
        race.ends(),
        ("voted", "voted+", "retracted+", "open", "review"),  # it was decided, and taken back at once
        ("voted", "retracted", "voted", "open", "review"),
    )


def test_a_double_click_is_one_vote(database: Engine) -> None:
    race = begin(database, gate(CLERKS), OTHERS, "c1")
    shot = Shot("approve", "c2", (("request", "click"),))
    fared = race.run(shot, shot)
    assert fared[0] + fared[1] == Counter(done=OTHERS, replayed=OTHERS)
    all_alike(race.ends(), ("voted", "voted+", "approved", "granted"))
