"""How long an inbox takes at 100,000 open tasks, on each database that the tests find or on those named.

    python -m benchmarks.inbox [--database URL] [--tasks N] [--runs N] [--explain]

Four tasks an instance are open, a half of them of one role, the others of fifty roles, of organisations and of
people; as many are done, by people whose inboxes are read too. Two people read: one of six roles, among them the one
that has half of all tasks, and one who has signed one seat of each of the oldest 1,000 instances and waits for others;
and two proxies of the first, one of them for a workflow that has no tasks: there all tasks of the first are read.
Printed are the median and the slowest of the runs in ms, for each question of an inbox and for all at once, 100 rows
each. A database that is named must be empty.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from kfq_workflow import open_database, schema
from kfq_workflow.approval.tasks import BOXES, Reach, TaskRow
from kfq_workflow.stored.store import Store
from kfq_workflow.stored.tables import Tables
from kfq_workflow.values import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine

LIMIT = 100
SEATS = 4
SIGNED = 1_000
ROLES = [f"role_{number}" for number in range(50)]
_READER = Actor("reader", frozenset(["common", *ROLES[:5]]), org="org_1")
#: Who asks: id, roles, organisation, and for whom he is a proxy: in all workflows, or in one of which there is nothing.
READERS: tuple[tuple[str, Sequence[str], str | None, Sequence[Reach]], ...] = (
    ("reader", ["common", *ROLES[:5]], "org_1", ()),
    ("signer", ["common"], "org_2", ()),
    ("proxy", [], None, [Reach(_READER, 2, ())]),
    ("elsewhere", [], None, [Reach(_READER, 2, ("other",))]),
)
BATCH = 10_000


def tasks(key: str, number: int, chance: random.Random) -> Iterator[TaskRow]:
    """Yield the rows of one instance: a gate that is over and one that is open."""
    at = 1_700_000_000_000_000 + number * 1_000_000
    people = [f"person_{chance.randrange(2_000)}" for _ in range(2 * SEATS)]
    for gate, box, state in (("first", "closed", "approved"), ("second", "mine", "open")):
        yield TaskRow(key, gate, 1, "applicant", box, state, None, None, people[0], at)
    for seat in range(1, SEATS + 1):
        holder = "reader" if chance.randrange(20) == 0 else people[seat]
        yield TaskRow(key, "first", 1, f"{seat}", "done", "approved", ROLES[seat], None, holder, at)
        role, org, named = None, None, None
        draw = chance.randrange(20)
        if draw < 10:
            role = "common"
        elif draw < 16:
            role = chance.choice(ROLES)
        elif draw < 18:
            org = f"org_{chance.randrange(200)}"
        else:
            named = people[SEATS + seat - 1]
        yield TaskRow(key, "second", 1, f"{seat}", "todo", "open", role, org, named, at)
    if number < SIGNED:
        yield TaskRow(key, "second", 1, "9", "done", "approved", "common", None, "signer", at)
    if number % 7 == 0:
        yield TaskRow(key, "second", 1, "copy:1", "copy", "unread", None, None, "reader", at)


def build(database: Engine, count: int) -> None:
    """Make a log in which so many tasks are open; its entries are there only to be referred to."""
    schema.init(database)
    tables, chance = Tables(), random.Random(7)
    with database.begin() as connection:
        for first in range(0, count // SEATS, BATCH):
            numbers = range(first, min(first + BATCH, count // SEATS))
            keys = [f"case-{number:06}" for number in numbers]
            common = {"seq": 1, "at": 1}
            entry = {"kind": "started", "actor": "a", "via": "b", "v": 1, "prev": bytes(32), "leaf": bytes(32)}
            entries = [common | entry | {"instance": key, "body": "{}"} for key in keys]
            instance = {"workflow": "permit", "rev": 1, "head": bytes(32), "state": "review", "snapshot": "{}"}
            _insert(connection, tables.entry, entries)
            _insert(connection, tables.instance, [common | instance | {"key": key} for key in keys])
            found = [row for key, number in zip(keys, numbers, strict=True) for row in tasks(key, number, chance)]
            _insert(connection, tables.task, [row._asdict() for row in found])
    with database.connect() as connection:
        statement = "ANALYZE TABLE kfq_task, kfq_instance" if _dialect(database) == "mysql" else "ANALYZE"
        connection.exec_driver_sql(statement)
        connection.commit()


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    for first in range(0, len(rows), BATCH):
        connection.execute(table.insert(), rows[first : first + BATCH])


def _dialect(database: Engine) -> str:
    return "mysql" if database.dialect.name in ("mysql", "mariadb") else database.dialect.name


def measure(database: Engine, runs: int, *, explain: bool) -> Iterator[tuple[str, str, int, float, float]]:
    """Yield reader, question, rows, median and slowest of the runs in ms."""
    store = Store(Tables(), database.dialect)
    questions = {**BOXES, "all": tuple(sorted({box for boxes in BOXES.values() for box in boxes}))}
    with database.connect() as connection:
        cursor: Any = connection.connection.cursor()
        for actor, roles, org, reaches in READERS:
            for question, boxes in questions.items():
                if explain:
                    _explain(cursor, store, *store.inbox_statement(actor, roles, org, boxes, LIMIT, reaches))
                spent, found = [], 0
                for _ in range(runs):
                    began = time.perf_counter()
                    found = len(store.inbox(cursor, actor, roles, org, boxes, LIMIT, reaches))
                    spent.append((time.perf_counter() - began) * 1000)
                yield actor, question, found, statistics.median(spent), max(spent)


def _explain(cursor: Any, store: Store, sql: str, values: Sequence[Any]) -> None:
    """Print how the database runs the statement."""
    word = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN (ANALYZE, BUFFERS)"}.get(store.dialect, "EXPLAIN")
    cursor.execute(f"{word} {sql}", values)
    for row in cursor.fetchall():
        print("   ", *row)


def databases(urls: Sequence[str], stack: ExitStack) -> Iterator[tuple[str, Engine]]:
    """Yield a name and an Engine for each URL, or for SQLite in a file and for every server that the tests find."""
    if not urls:
        from tests.servers import ServerMissingError, Servers

        servers = Servers.begin()
        stack.callback(servers.end)
        yield "sqlite", open_database(f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/kfq.db")
        for name in ("postgresql18", "postgresql", "mariadb"):
            try:
                yield name, open_database(stack.enter_context(servers.database(name)))
            except ServerMissingError as error:
                print(f"{name}: {error}", file=sys.stderr)
    for url in urls:
        yield url, open_database(url)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.inbox", description="An inbox at 100,000 open tasks.")
    parser.add_argument("--database", action="append", default=[], metavar="URL", help="an empty database; repeatable")
    parser.add_argument("--tasks", type=int, default=100_000, help="open tasks (default 100000)")
    parser.add_argument("--runs", type=int, default=21, help="runs of each (default 21)")
    parser.add_argument("--explain", action="store_true", help="print each plan")
    told = parser.parse_args(arguments)
    with ExitStack() as stack:
        for name, database in databases(told.database, stack):
            build(database, told.tasks)
            print(name)
            for actor, question, found, median, slowest in measure(database, told.runs, explain=told.explain):
                print(f"  {actor:8}{question:9}{found:4} rows   median {median:7.2f} ms   slowest {slowest:7.2f} ms")
            database.dispose()


if __name__ == "__main__":
    main()
