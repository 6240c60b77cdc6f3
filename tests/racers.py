"""Workers that race for the same moves, in threads or in processes of their own."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kfq_workflow import Paper, WorkflowEngine
from kfq_workflow.database import open_database
from kfq_workflow.errors import Conflict, TransactionLost

if TYPE_CHECKING:
    from collections.abc import Sequence

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
