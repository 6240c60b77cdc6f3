"""Workers that race for the same moves, in threads or in processes of their own."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kfq_workflow import Paper, WorkflowEngine, open_database
from kfq_workflow.errors import Conflict, Refused, TransactionLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.verbs.transaction import Transaction

HOST = Table(
    "host_rows",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("instance", String(64)),
    Column("racer", Integer),
)
PAPERS = [Paper("request")]


@dataclass
class Tally:
    """What one racer met."""

    won: list[str] = field(default_factory=list)
    conflicts: int = 0
    lost: int = 0


def race(database: Engine, keys: Sequence[str], racer: int, *, joined: bool) -> Tally:
    """Try to submit every instance once, in an order of this racer's own, seeing revision 1."""
    engine = WorkflowEngine(database, via=f"racer-{racer}")
    tally = Tally()
    for key in random.Random(racer).sample(list(keys), len(keys)):
        try:
            if joined:
                _joined(database, engine, key, racer, tally)
            else:
                engine.fire(key, "submit", by="applicant", papers=PAPERS, expect=1)
            tally.won.append(key)
        except Conflict:
            tally.conflicts += 1
    return tally


def _joined(database: Engine, engine: WorkflowEngine, key: str, racer: int, tally: Tally) -> None:
    """A host's unit of work: its own row first or last, the act in the same transaction; run again when lost."""
    for _ in range(60):
        try:
            with Session(database) as session, session.begin():
                act_first = database.dialect.name == "sqlite" or racer % 2
                if not act_first:
                    session.execute(insert(HOST).values(instance=key, racer=racer))
                engine.join(session).fire(key, "submit", by="applicant", papers=PAPERS, expect=1)
                if act_first:
                    session.execute(insert(HOST).values(instance=key, racer=racer))
        except (TransactionLost, DBAPIError):
            tally.lost += 1
        else:
            return
    raise AssertionError(f"{key}: lost 60 times")


def main(url: str, keys: list[str], racer: int, joined: bool) -> list[str]:  # noqa: FBT001 - called by a process pool
    """Race in a process of its own."""
    database = open_database(url)
    try:
        return race(database, keys, racer, joined=joined).won
    finally:
        database.dispose()


def work_until_killed(url: str, keys: list[str]) -> None:
    """Do a host's unit of work again and again: its row and its act, in one transaction."""
    database = open_database(url)
    engine = WorkflowEngine(database)
    print("ready", flush=True)
    number = 0
    while True:
        key = keys[number % len(keys)]
        number += 1
        with Session(database) as session, session.begin():
            engine.join(session).fire(key, "comment", by="clerk", opinion="好" * 50)
            session.execute(insert(HOST).values(instance=key, racer=number))


# Two who fire at once at the same gates


@dataclass(frozen=True)
class Shot:
    """An act on the gate of each instance: a verb, who acts, and how."""

    verb: str
    by: str
    how: tuple[tuple[str, str], ...] = ()

    def fire(self, engine: WorkflowEngine, key: str) -> str:
        """Do it; return `done`, `replayed`, or why not."""
        how = dict(self.how) if self.verb == "fire" else {"trigger": "grant", **dict(self.how)}
        try:
            receipt = getattr(engine, self.verb)(key, by=self.by, **how)
        except Refused as error:
            return error.refusals[0].code
        return "replayed" if receipt.replayed else "done"


def duel(engine: WorkflowEngine, keys: Sequence[str], pair: Sequence[Shot]) -> list[Counter[str]]:
    """Let all of a pair fire at once at each key in turn, each on a connection of its own; return how each fared."""
    barrier = threading.Barrier(len(pair))
    with ThreadPoolExecutor(len(pair)) as pool:
        return list(pool.map(lambda shot: _shoot(engine, keys, shot, barrier), pair))


def shoot(url: str, keys: list[str], shot: Shot, barrier: threading.Barrier) -> Counter[str]:
    """Fire at each key in a process of its own, together with the others at the barrier."""
    database = open_database(url)
    try:
        return _shoot(WorkflowEngine(database), keys, shot, barrier)
    finally:
        database.dispose()


def _shoot(engine: WorkflowEngine, keys: Sequence[str], shot: Shot, barrier: threading.Barrier) -> Counter[str]:
    fared: Counter[str] = Counter()
    for key in keys:
        barrier.wait(60)
        fared[shot.fire(engine, key)] += 1
    return fared


def submit_all(tx: Transaction, keys: Sequence[str], voters: Sequence[str]) -> None:
    """Bring permits before their gate, and let these people approve."""
    for key in keys:
        tx.start("permit", key, by="app", name="n")
        tx.fire(key, "submit", by="app", papers=PAPERS)
        tx.submit(key, "grant", by="app")
        for voter in voters:
            tx.approve(key, by=voter)
