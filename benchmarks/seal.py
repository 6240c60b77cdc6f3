"""How fast entries are sealed, and how much slower acts are while somebody seals, on each database.

    python -m benchmarks.seal [--database URL] [--entries N] [--instances N] [--seconds S]

Makes a log of entries in the size of real ones, loaded as they are (sealing checks none), and seals it: once from
nothing, then a hundredth more. Then two threads act on permits with and without another process that seals every
second, in turn; a ratio of 0.90 is what the design allows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import secrets
import statistics
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inbox import databases
from kfq_workflow import WorkflowEngine, open_database, schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

BODY = (
    '{"mode":"live","on":{"edtf":"2020-03-01","hi":"2020-03-01","lo":"2020-03-01"},"rests":[1,2],"set":{"main":"review"'
)
BODY += ',"survey":null},"texts":{"opinion":"' + "ab" * 32 + '"},"trigger":"submit","was":{"main":"draft"}}'
_CHUNK = 5_000


def load(engine: WorkflowEngine, keys: Sequence[str], first: int, last: int) -> int:
    """Put entries `first` to `last` of each instance into the tables; return how many."""
    rows, written = [], 0
    with engine.database.begin() as connection:
        for key in keys:
            leaf = b""
            for seq in range(first, last + 1):
                leaf = secrets.token_bytes(32)
                rows.append(
                    {"instance": key, "seq": seq, "kind": "fired", "at": 1, "actor": "clerk", "via": "bench",
                     "req": f"r-{seq}", "v": 1, "prev": bytes(32), "leaf": leaf, "body": BODY}
                )  # fmt: skip
            if len(rows) >= _CHUNK or key == keys[-1]:
                connection.execute(engine.tables.entry.insert(), rows)
                heads = {row["instance"]: row for row in rows}
                _heads(connection, engine, heads, last, new=first == 1)
                written += len(rows)
                rows = []
    return written


def _heads(connection: Any, engine: WorkflowEngine, heads: dict[str, Any], last: int, *, new: bool) -> None:
    table = engine.tables.instance
    if new:
        rows = [{"key": key, "workflow": "w", "seq": last, "rev": last, "head": row["leaf"], "at": 1, "snapshot": "{}"}
                for key, row in heads.items()]  # fmt: skip
        connection.execute(table.insert(), rows)
        return
    for key, row in heads.items():
        connection.execute(table.update().where(table.c.key == key).values(seq=last, head=row["leaf"]))


def sealed(engine: WorkflowEngine) -> tuple[int, float, float]:
    """Seal, and return how many entries were placed, in how many seconds, with how many of processors on both sides."""
    server, own, began = _backends(engine.database), time.process_time(), time.perf_counter()
    made = engine.seal()
    spent = time.perf_counter() - began
    return made.placed, spent, time.process_time() - own + _backends(engine.database) - server


def _backends(database: Engine) -> float:
    """Return the processor seconds that a PostgreSQL server on this machine has spent on this database, else 0."""
    if database.dialect.name != "postgresql":
        return 0
    found = 0
    with database.connect() as connection:
        pids = connection.exec_driver_sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database()").all()
    for (pid,) in pids:
        with suppress(OSError):
            found += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return found / os.sysconf("SC_CLK_TCK")


def acts(engine: WorkflowEngine, keys: Sequence[str], seconds: float, *, sealing: bool) -> float:
    """Return acts per second of two threads, a process of its own sealing every second or not."""
    done = [0, 0]

    def act(place: int, over: float) -> None:
        while time.perf_counter() < over:
            engine.fire(keys[(done[place] * 2 + place) % len(keys)], "comment", by="clerk")
            done[place] += 1

    with ExitStack() as stack:
        if sealing:
            stack.enter_context(sealer(engine.database.url.render_as_string(hide_password=False)))
        over = time.perf_counter() + seconds
        threads = [threading.Thread(target=act, args=(place, over)) for place in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return sum(done) / seconds


@contextmanager
def sealer(url: str) -> Iterator[None]:
    """Let another process seal every second, as a timer on the server does; it is ready when this is entered."""
    spawn = multiprocessing.get_context("spawn")
    ready, over = spawn.Event(), spawn.Event()
    process = spawn.Process(target=keep_sealing, args=(url, ready, over))
    process.start()
    ready.wait(60)
    try:
        yield
    finally:
        over.set()
        process.join()


def keep_sealing(url: str, ready: Any, over: Any) -> None:
    """Seal every second until told to stop."""
    database = open_database(url)
    engine = WorkflowEngine(database)
    engine.seal()
    ready.set()
    while not over.wait(1):
        engine.seal()
    database.dispose()


def slowed(engine: WorkflowEngine, seconds: float) -> tuple[float, float]:
    """Return the median rates of acts without and with sealing."""
    from kfq_workflow import Paper
    from tests.workflows import permit

    engine.define(permit(), by="system")
    for office in ("applicant", "clerk"):
        engine.enroll(office, by="system", roles=[office])
    keys = [f"permit-{number}" for number in range(200)]
    for key in keys:
        engine.start("permit", key, by="applicant", name="n")
        engine.fire(key, "submit", by="applicant", papers=[Paper("request")])
    engine.seal()
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(3):
        for sealing, found in rates.items():
            found.append(acts(engine, keys, seconds, sealing=sealing))
    return statistics.median(rates[False]), statistics.median(rates[True])


def measured(database: Engine, entries: int, instances: int, seconds: float) -> Iterator[str]:
    """Yield what to print of one database."""
    schema.init(database)
    engine = WorkflowEngine(database)
    each = max(entries // instances, 1)
    keys = [f"zone-{number:07d}" for number in range(instances)]
    load(engine, keys, 1, each)
    for what, before in (("from nothing", 0), ("a hundredth more", 1)):
        if before:
            load(engine, keys[:: 100 // each or 1], each + 1, each + 1)
        placed, spent, busy = sealed(engine)
        yield f"{what}: {placed:,} entries, {placed / spent:,.0f}/s; {placed / busy:,.0f} a second of processors' time"
    if seconds:
        without, with_ = slowed(engine, seconds)
        yield f"acts: {without:,.0f}/s, with a seal every second {with_:,.0f}/s, {with_ / without:.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.seal", description="Sealing, and acts beside it.")
    parser.add_argument("--database", action="append", default=[], metavar="URL", help="an empty database; repeatable")
    parser.add_argument("--entries", type=int, default=200_000, help="entries (default 200000)")
    parser.add_argument("--instances", type=int, default=20_000, help="instances (default 20000)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds of each run of acts, 0 for none (default 5)")
    told = parser.parse_args(arguments)
    with ExitStack() as stack:
        for name, database in databases(told.database, stack):
            print(name)
            for line in measured(database, told.entries, told.instances, told.seconds):
                print(f"  {line}")
            database.dispose()


if __name__ == "__main__":
    main()
