"""How fast a log on SQLite is verified, against the raw driver reading the same rows and hashing stored bytes.

    python -m benchmarks.verify [ENTRIES] [FOLDER]

Builds a log of permits directly (each with its own days, papers' numbers, texts and attributes), and a second one that
is sealed besides. Of each it measures in turn, three times, and prints the medians:

    floor     every row of the tables in order with the driver alone, SHA-256 of each stored body
    hashed    the same, and SHA-256 of each text and each leaf of the tree, which verification has to hash, too
    one       `verify` in one process
    several   `verify` in as many processes as there are cores
    command   `kfq verify` as a user types it, interpreter and imports included, by the wall clock

Each runs in a process of its own; memory is above the process's own start, and of the processes that it starts the
largest, above one that has done no more than import what they import. So is the building: a process begins with the
peak of the one that started it, and a large one would hide what verification takes.
"""

from __future__ import annotations

import json
import random
import resource
import secrets
import sqlite3
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow import Paper, WorkflowEngine, open_database, schema, verify_database
from kfq_workflow.edtf import DAY_US, day_of
from kfq_workflow.entry import Row, commitment, seal
from kfq_workflow.state import InstanceRow, Snapshot
from kfq_workflow.verify import workers

if TYPE_CHECKING:
    from collections.abc import Callable

#: One permit's way: kind, what the body says, whose act, how many texts.
_PATHS = (
    ("submit", "survey", "grant", "suspend", "resume", "suspend", "resume"),
    ("submit", "comment", "comment", "survey", "undo", "survey", "grant"),
    ("submit", "comment", "refuse"),
    ("submit", "suspend", "resume", "survey", "grant", "suspend"),
)


def build(path: str, entries: int) -> None:
    """Make a log of about so many entries."""
    from tests.workflows import permit

    database = open_database(f"sqlite:///{path}", synchronous="NORMAL")
    schema.init(database)
    engine = WorkflowEngine(database, via="benchmark")
    engine.define(permit(), by="system")
    for office in ("applicant", "clerk", "authority", "registrar"):
        engine.enroll(office, by="system", roles=[office], name=office)
    template = [_recorded(engine, f"template-{number}", path_) for number, path_ in enumerate(_PATHS)]
    log = engine.log()
    database.dispose()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    _multiply(connection, template, log, entries)
    connection.commit()
    connection.close()


def _recorded(engine: WorkflowEngine, key: str, path: tuple[str, ...]) -> list[tuple[Row, dict[str, Any]]]:
    by = {"submit": "applicant", "comment": "clerk", "survey": "clerk", "undo": "clerk"}
    engine.start("permit", key, by="applicant", name="许可", attrs={"area": "12.50"})
    for trigger in path:
        papers = {"submit": [Paper("request", number="1")], "refuse": [Paper("notice", number="2")]}.get(trigger, [])
        opinion = "请批示" if trigger in ("submit", "grant", "refuse") else None
        engine.fire(key, trigger, by=by.get(trigger, "authority"), papers=papers, opinion=opinion)
    return [(entry.row, dict(entry.body)) for entry in engine.history(key)]


def _multiply(connection: sqlite3.Connection, template: list[Any], log: Any, entries: int) -> None:
    chance = random.Random(7)
    rows: list[Row] = []
    texts: list[tuple[Any, ...]] = []
    instances: list[InstanceRow] = []
    written = number = 0
    phases = {"draft": "asking", "review": "asking", "granted": "running", "suspended": "running", "refused": "over"}
    now = time.time_ns() // 1000
    while written < entries:
        number += 1
        key, prev, snapshot = f"permit-{chance.randrange(1 << 40):010x}-{number}", log.genesis, Snapshot()
        at, day = now, now - (300 + chance.randrange(900)) * DAY_US
        for row, told_body in chance.choice(template):
            at, day = at + 1, day + chance.randrange(20) * DAY_US
            body = {**told_body}
            if "on" in body:
                told = day_of(day, log.utc_offset)
                body["on"] = {"edtf": told, "hi": told, "lo": told}
            if "papers" in body:
                body["papers"] = [{**body["papers"][0], "number": f"晋政函〔2020〕{number}号"}]
            if "attrs" in body:
                body["attrs"] = {"area": f"{number % 977}.5"}
            if "texts" in body:
                salts = {field: secrets.token_bytes(16) for field in body["texts"]}
                value = f"第 {number} 号的意见"
                texts += [(key, row.seq, field, salt, value) for field, salt in salts.items()]
                body["texts"] = {field: commitment(salt, field, value) for field, salt in salts.items()}
            sealed = seal(log.log, (key, row.seq, row.kind, at, row.actor, row.via, f"{number}-{row.seq}", row.def_, 1),
                          prev, body)  # fmt: skip
            prev = sealed.leaf
            rows.append(sealed)
            snapshot.apply(row.seq, row.kind, body)
        state = snapshot.regions["main"]
        instances.append(InstanceRow(key, "permit", None, sealed.def_, sealed.seq, sealed.seq, prev, at, state,
                                     phases[state], snapshot.encode()))  # fmt: skip
        if len(rows) > 20_000 or written + len(rows) >= entries:
            written += len(rows)
            for table, found in (("entry", rows), ("text", texts), ("instance", instances)):
                marks = ", ".join("?" * len(found[0]))
                connection.executemany(f"INSERT INTO kfq_{table} VALUES ({marks})", found)
                found.clear()


def place(path: str) -> None:
    """Seal the log."""
    database = open_database(f"sqlite:///{path}", synchronous="NORMAL")
    WorkflowEngine(database, via="benchmark").seal()
    database.dispose()


_ROWS = (
    "text ORDER BY instance, seq, field", "instance ORDER BY key", "leaf ORDER BY instance, seq",
    "sealed ORDER BY instance",
)  # fmt: skip


def floor(path: str, *, also: bool = False) -> int:
    """Read every row in order with the driver alone and hash the stored bodies; return the number of entries.

    `also`: hash each text and each leaf as well.
    """
    connection = sqlite3.connect(path)
    found = 0
    for row in connection.execute("SELECT * FROM kfq_entry ORDER BY instance, seq"):
        sha256(row[11].encode()).digest()
        found += 1
    texts, instances, leaves, sealed = (connection.execute(f"SELECT * FROM kfq_{rows}") for rows in _ROWS)
    for row in texts:
        if also:
            sha256(row[4].encode()).digest()
    for row in leaves:
        if also:
            sha256(row[1]).digest()
    for rows in (instances, sealed):
        for _ in rows:
            pass
    return found


def checked(path: str, jobs: int) -> int:
    """Verify the log; return the number of entries."""
    report = verify_database(open_database(f"sqlite:///{path}"), jobs=jobs)
    if report.verdict != "self-consistent":
        raise SystemExit(str(report.findings[:5]))
    return report.entries


def command(path: str) -> int:
    """Run the command; return the number of entries."""
    line = [sys.executable, "-c", "from kfq_workflow.cli import main; main()", "--database", f"sqlite:///{path}"]
    done = subprocess.run([*line, "verify", "--json"], check=True, capture_output=True, text=True)
    return int(json.loads(done.stdout)["entries"])


_SIDES: dict[str, Callable[[str], int]] = {
    "floor": floor,
    "hashed": lambda path: floor(path, also=True),
    "one": lambda path: checked(path, 1),
    "several": lambda path: checked(path, workers.available()),
    "command": command,
}
#: What the processes import that verification starts.
_IMPORTS = "; ".join(
    f"import kfq_workflow.{name}"
    for name in ("stored.database_source", "stored.database", "verify.worker", "stored.schema")
)


def measure(what: str, path: str) -> None:
    """Run one side in this process and print entries, seconds, and the memory above the start, in MB, of both kinds."""
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True)
    bare = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    entries = _SIDES[what](path)
    seconds = time.perf_counter() - began
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - bare
    print(entries, seconds, own / 1024, others / 1024)


def compare(path: str) -> None:
    """Measure all sides of one log in turn, and print their rates, how they compare, and the memory."""
    rates: dict[str, list[float]] = {what: [] for what in _SIDES}
    memory: dict[str, tuple[float, float]] = {}
    for _ in range(3):
        for what, found in rates.items():
            line = [sys.executable, "-m", "benchmarks.verify", what, path]
            told = subprocess.run(line, check=True, capture_output=True, text=True).stdout.split()
            found.append(int(told[0]) / float(told[1]))
            before = memory.get(what, (0.0, 0.0))
            memory[what] = max(before[0], float(told[2])), max(before[1], float(told[3]))
    best = {what: sorted(found)[1] for what, found in rates.items()}
    print(Path(path).stem)
    for what, rate in best.items():
        ratios = "  ".join(f"{rate / best[side]:5.2f} of {side}" for side in ("floor", "hashed", "one"))
        own, others = memory[what]
        print(f"  {what:8} {rate:9,.0f} entries/s  {ratios}  memory {own:4.1f} MB, others {others:4.1f} MB")


def main() -> None:
    """Build what is not there yet, and measure it."""
    if len(sys.argv) > 2 and sys.argv[1] in _SIDES:
        measure(sys.argv[1], sys.argv[2])
        return
    if len(sys.argv) > 3 and sys.argv[1] == "build":
        build(sys.argv[2], int(sys.argv[3]))
        if sys.argv[2].endswith("-sealed.db"):
            place(sys.argv[2])
        return
    entries = sys.argv[1] if len(sys.argv) > 1 else "400000"
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp")
    for name in (f"kfq-verify-{entries}.db", f"kfq-verify-{entries}-sealed.db"):
        path = str(folder / name)
        if not Path(path).exists():
            subprocess.run([sys.executable, "-m", "benchmarks.verify", "build", path, entries], check=True)
        compare(path)


if __name__ == "__main__":
    main()
