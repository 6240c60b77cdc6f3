"""How fast acts are fired, against the raw driver writing the same rows under the same triggers.

    python -m benchmarks.fire [--database URL]… [--acts N] [--rounds N] [--text] [--json]

Every way of writing takes its turn in short slices, in another order each time, on the same tables of the same
database, so that whatever drifts drifts for all of them; the ratio is the median over the rounds of one way's rate
to the floor's in the same round. `Floor` and `Firing` below say what each way does. How safely a commit is written
decides what both cost, so the output states it as the database itself answers: SQLite is a file with a write-ahead
log and synchronous = NORMAL.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from kfq_workflow import Paper, WorkflowEngine, open_database, schema, zones
from kfq_workflow.entry import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

INSTANCES = 100
SLICE = 50
BATCH = 1000
COUNTY, CITY = "county_government", "city_government"
PAPERS = (Paper("feasibility_report"), Paper("site_scheme"))
#: The zone goes to the city and back, again and again: one act with two papers, one with none.
MOVES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("submit_to_city", {"by": COUNTY, "papers": PAPERS}),
    ("return_to_county", {"by": CITY}),
)
OPINION = "材料齐全，同意上报；请按批复意见修改后再报。"

_MARKS = {"sqlite": "?", "postgresql": "%s", "mysql": "%s", "mariadb": "%s"}
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": None, "mysql": "START TRANSACTION", "mariadb": "START TRANSACTION"}
_CLOCKS = {
    "sqlite": "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
    "mysql": "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)",
}
#: What a commit waits for: a name and the question to the database.
_SAFETY = {
    "sqlite": {"journal_mode": "PRAGMA journal_mode", "synchronous": "PRAGMA synchronous"},
    "postgresql": {"fsync": "SHOW fsync", "synchronous_commit": "SHOW synchronous_commit"},
    "mysql": {"innodb_flush_log_at_trx_commit": "SELECT @@innodb_flush_log_at_trx_commit"},
}
_SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")


@dataclass(frozen=True)
class Template:
    """What the floor writes: an entry's columns as the engine wrote them, its bytes, its texts and the row after."""

    entry: tuple[Any, ...]
    data: bytes
    texts: tuple[tuple[str, bytes, str], ...]
    row: tuple[Any, ...]


class Floor:
    """The raw driver: lock and read the row, hash, insert the entry and its texts, update the row, commit."""

    def __init__(self, connection: Any, dialect: str, templates: Sequence[Template]) -> None:
        self.connection = connection
        self.cursor = connection.cursor()
        self.templates = templates
        self.begin = _BEGIN[dialect]
        key = "`key`" if dialect in ("mysql", "mariadb") else "key"
        lock = "" if dialect == "sqlite" else " FOR UPDATE"
        clock = _CLOCKS["mysql" if dialect == "mariadb" else dialect]

        def sql(text: str) -> str:
            return text.replace("?", _MARKS[dialect])

        self.select = sql(
            f"SELECT {key}, workflow, root, def, seq, rev, head, at, state, phase, snapshot, {clock} "
            f"FROM kfq_instance WHERE {key} = ?{lock}"
        )
        self.entry = sql("INSERT INTO kfq_entry VALUES (" + ", ".join("?" * 12) + ")")
        self.text = sql("INSERT INTO kfq_text VALUES (?, ?, ?, ?, ?)")
        self.update = sql(
            "UPDATE kfq_instance SET def = ?, seq = ?, rev = ?, head = ?, at = ?, state = ?, phase = ?, snapshot = ? "
            f"WHERE {key} = ? AND seq = ?"
        )

    def act(self, key: str, number: int) -> None:
        """Write one act inside a transaction."""
        cursor = self.cursor
        cursor.execute(self.select, (key,))
        row = cursor.fetchone()
        template = self.templates[number % 2]
        leaf = sha256(template.data).digest()
        seq, at = row[4] + 1, row[11]
        _, _, kind, _, actor, via, _, *middle, _, _, body = template.entry
        request = secrets.token_hex(12)
        cursor.execute(self.entry, (key, seq, kind, at, actor, via, request, *middle, row[6], leaf, body))
        if template.texts:
            cursor.executemany(self.text, [(key, seq, *text) for text in template.texts])
        new = template.row
        cursor.execute(self.update, (new[3], seq, seq, leaf, at, new[8], new[9], new[10], key, row[4]))
        if cursor.rowcount != 1:
            raise SystemExit("the floor lost its row")

    def alone(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        """Write each act in a transaction of its own."""
        for key, number in zip(keys, numbers, strict=True):
            if self.begin:
                self.cursor.execute(self.begin)
            self.act(key, number)
            self.connection.commit()

    def together(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        """Write all acts in one transaction."""
        if self.begin:
            self.cursor.execute(self.begin)
        for key, number in zip(keys, numbers, strict=True):
            self.act(key, number)
        self.connection.commit()


class Firing:
    """The library, in the three ways in which an act can be fired."""

    def __init__(self, engine: WorkflowEngine, how: dict[str, Any]) -> None:
        self.engine = engine
        self.moves = [(trigger, {**facts, **how}) for trigger, facts in MOVES]

    def alone(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        """Fire each act by itself."""
        for key, number in zip(keys, numbers, strict=True):
            trigger, how = self.moves[number % 2]
            self.engine.fire(key, trigger, **how)

    def joined(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        """Fire each act in a transaction that the caller begins and commits."""
        for key, number in zip(keys, numbers, strict=True):
            trigger, how = self.moves[number % 2]
            with self.engine.database.begin() as connection:
                self.engine.join(connection).fire(key, trigger, **how)

    def together(self, keys: Sequence[str], numbers: Sequence[int]) -> None:
        """Fire all acts in one `engine.run`."""

        def work(transaction: Any) -> None:
            for key, number in zip(keys, numbers, strict=True):
                trigger, how = self.moves[number % 2]
                transaction.fire(key, trigger, **how)

        self.engine.run(work)


def prepare(database: Engine, *, text: bool) -> tuple[Firing, list[Template]]:
    """Make the log, its offices and zones; return what fires, and what the floor is to write."""
    schema.init(database)
    engine = WorkflowEngine(database, via="benchmark")
    engine.define(zones.shipped()["zone_lifecycle"], by="system")
    for office in (COUNTY, CITY):
        engine.enroll(office, by="system", roles=[office])
    firing = Firing(engine, {"opinion": OPINION} if text else {})

    def begin(transaction: Any) -> None:
        for name in ("floor", "fire", "joined", "floor-batch", "batch"):
            for number in range(INSTANCES):
                key = f"{name}-{number:03}"
                transaction.start("zone_lifecycle", key, by=COUNTY, name="开发区")
                transaction.fire(key, "start_drafting", by=COUNTY, papers=PAPERS[1:])

    engine.run(begin)
    return firing, [_template(engine, firing, move) for move in range(2)]


def _template(engine: WorkflowEngine, firing: Firing, move: int) -> Template:
    """Fire twice round, so that the template is of an instance that has been everywhere; take the act `move`."""
    for number in (0, 1, *((0,) if move == 0 else (0, 1))):
        firing.alone(["floor-000"], [number])
    shown, last = engine.show("floor-000"), engine.history("floor-000")[-1]
    if move == 0:
        firing.alone(["floor-000"], [1])
    texts = tuple((field, secrets.token_bytes(16), value) for field, value in last.texts.items())
    return Template(tuple(last.row), encode(last.row, engine.log().log), texts, tuple(shown.row))


def measure(database: Engine, *, acts: int, rounds: int, text: bool, pin: Callable[[Any], bool]) -> dict[str, Any]:
    """Measure every way on one database; return rates, ratios to the floor, and whether both sides were pinned."""
    pinned: list[bool] = []
    event.listen(database, "connect", lambda driver, _record: pinned.append(pin(driver)))
    firing, templates = prepare(database, text=text)
    raw = database.raw_connection()
    floor = Floor(raw.driver_connection, database.dialect.name, templates)
    ways: dict[str, Callable[[Sequence[str], Sequence[int]], None]] = {
        "floor": floor.alone,
        "fire": firing.alone,
        "joined": firing.joined,
    }
    batches = {"floor-batch": floor.together, "batch": firing.together}
    rates: dict[str, list[float]] = {name: [] for name in (*ways, *batches)}
    counts = dict.fromkeys(rates, 0)
    for turn in range(rounds + 1):  # the first one warms up
        found = _round(ways, counts, acts, SLICE) | _round(batches, counts, BATCH, BATCH)
        for name, rate in found.items():
            if turn:
                rates[name].append(rate)
    raw.close()
    settings = safety(database)
    result: dict[str, Any] = {
        "settings": settings,
        "pinned": bool(pinned) and all(pinned),
        "acts": acts,
        "rounds": rounds,
        "rates": {},
    }
    result["rates"] = {name: statistics.median(found) for name, found in rates.items()}
    result["ratios"] = {
        name: statistics.median(a / b for a, b in zip(rates[name], rates[base], strict=True))
        for name, base in (("fire", "floor"), ("joined", "floor"), ("batch", "floor-batch"))
    }
    return result


def safety(database: Engine) -> dict[str, str]:
    """Return how the database writes a commit, as it answers on a connection that was measured."""
    name = "mysql" if database.dialect.name == "mariadb" else database.dialect.name
    with database.connect() as connection:
        found = {what: str(connection.exec_driver_sql(ask).scalar()) for what, ask in _SAFETY[name].items()}
    if name == "sqlite":
        found["synchronous"] = _SYNCHRONOUS[int(found["synchronous"])]
        if found != {"journal_mode": "wal", "synchronous": "NORMAL"}:
            raise SystemExit(f"SQLite is measured with a write-ahead log and synchronous = NORMAL, not {found}")
    return found


def _round(ways: dict[str, Any], counts: dict[str, int], acts: int, size: int) -> dict[str, float]:
    """Give each way its acts in slices that take turns, in another order each time; return rates per second."""
    spent = dict.fromkeys(ways, 0.0)
    order = list(ways)
    for _ in range(acts // size):
        random.shuffle(order)
        for name in order:
            first = counts[name]
            counts[name] += size
            keys = [f"{name}-{number % INSTANCES:03}" for number in range(first, first + size)]
            numbers = [number // INSTANCES for number in range(first, first + size)]
            began = time.perf_counter()
            ways[name](keys, numbers)
            spent[name] += time.perf_counter() - began
    return {name: acts // size * size / seconds for name, seconds in spent.items()}


# Pinning: a round trip within one core costs a fifth of one between two, and is what a loaded server sees.


def pinner() -> Callable[[Any], bool]:
    """Pin this process to one core, and return what pins the server's side of a connection to the same one."""
    cores = {max(os.sched_getaffinity(0))}
    os.sched_setaffinity(0, cores)

    def pin(driver: Any) -> bool:
        with suppress(PermissionError, ProcessLookupError):
            process = _server_process(driver)
            if process is not None:
                os.sched_setaffinity(process, cores)
            return True
        return False

    return pin


def _server_process(driver: Any) -> int | None:
    kind = type(driver).__module__.partition(".")[0]
    if kind == "sqlite3":
        return None
    if kind == "psycopg":
        return int(driver.info.backend_pid)
    with driver.cursor() as cursor:
        cursor.execute("SELECT tid FROM information_schema.processlist WHERE id = CONNECTION_ID()")
        return int(cursor.fetchone()[0])


def databases(urls: Sequence[str], stack: ExitStack) -> Iterator[tuple[str, Engine]]:
    """Yield a name and an Engine for each URL, or for SQLite in a file and for every server that the tests find."""
    if not urls:
        from tests.servers import ServerMissingError, Servers

        servers = Servers.begin()
        stack.callback(servers.end)
        yield "sqlite", _sqlite(f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/kfq.db")
        for name in ("postgresql18", "postgresql", "mariadb"):
            try:
                yield name, open_database(stack.enter_context(servers.database(name)))
            except ServerMissingError as error:
                print(f"{name}: {error}", file=sys.stderr)
    for url in urls:
        database = _sqlite(url) if url.startswith("sqlite") else open_database(url)
        yield database.url.render_as_string(), database


def _sqlite(url: str) -> Engine:
    database = open_database(url, synchronous="NORMAL")
    if database.url.database in (None, "", ":memory:"):
        raise SystemExit("SQLite is measured in a file: name a new one")
    if Path(str(database.url.database)).exists():
        raise SystemExit(f"{database.url.database} exists; name a new file")
    with database.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    database.dispose()
    return database


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.fire", description="Firing against the raw driver.")
    parser.add_argument("--database", action="append", default=[], metavar="URL", help="an empty database; repeatable")
    parser.add_argument("--acts", type=int, default=1000, help="acts a round (default 1000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default 7)")
    parser.add_argument("--text", action="store_true", help="an opinion with each act")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args(arguments)
    pin, results = pinner(), {}
    with ExitStack() as stack:
        for name, database in databases(told.database, stack):
            result = measure(database, acts=told.acts, rounds=told.rounds, text=told.text, pin=pin)
            database.dispose()
            results[name] = result
            if not told.json:
                _print(name, result)
    if told.json:
        print(json.dumps(results, indent=2))


def _print(name: str, result: dict[str, Any]) -> None:
    settings = ", ".join(f"{what} = {value}" for what, value in result["settings"].items())
    print(f"{name}{'' if result['pinned'] else '   (not pinned)'}   {settings}")
    for way, base in (("fire", "floor"), ("joined", "floor"), ("batch", "floor-batch")):
        rate, floor, ratio = result["rates"][way], result["rates"][base], result["ratios"][way]
        print(f"  {way:8}{rate:10,.0f}/s   floor {floor:10,.0f}/s   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
