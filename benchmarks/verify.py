"""How fast a log on SQLite is verified, against the raw driver reading the same rows and hashing stored bytes.

    python -m benchmarks.verify [ENTRIES] [FILE]

Builds a log of permits directly (each with its own days, papers' numbers, texts and attributes), then reads it in
turn: the floor (every row of entries, texts and instances in order, SHA-256 of each stored body), and `verify`. Each
runs in a process of its own; peaks are above the process's own start. So does the building: a process begins with the
peak of the one that started it, and a large one would hide what verification takes.
"""

from __future__ import annotations

import random
import resource
import secrets
import sqlite3
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from kfq_workflow import Paper, WorkflowEngine, schema
from kfq_workflow.database import open_database
from kfq_workflow.edtf import DAY_US, day_of
from kfq_workflow.entry import Row, commitment, seal
from kfq_workflow.source import verify_database
from kfq_workflow.state import InstanceRow, Snapshot

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


def floor(path: str) -> int:
    """Read every row in order with the driver alone and hash the stored bodies; return the number of entries."""
    connection = sqlite3.connect(path)
    found = 0
    for row in connection.execute("SELECT * FROM kfq_entry ORDER BY instance, seq"):
        sha256(row[11].encode()).digest()
        found += 1
    for _ in connection.execute("SELECT * FROM kfq_text ORDER BY instance, seq, field"):
        pass
    for _ in connection.execute("SELECT * FROM kfq_instance ORDER BY key"):
        pass
    return found


def checked(path: str) -> int:
    """Verify the log; return the number of entries."""
    report = verify_database(open_database(f"sqlite:///{path}"))
    if report.verdict != "self-consistent":
        raise SystemExit(str(report.findings[:5]))
    return report.entries


def measure(what: str, path: str) -> None:
    """Run one side in this process and print entries, seconds and the memory above the start, in MB."""
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    entries = {"floor": floor, "verify": checked}[what](path)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    print(entries, seconds, peak / 1024)


def main() -> None:
    """Build if needed, measure both in turn, print the rates, their ratio and the memory."""
    if len(sys.argv) > 2 and sys.argv[1] in ("floor", "verify"):
        measure(sys.argv[1], sys.argv[2])
        return
    if len(sys.argv) > 3 and sys.argv[1] == "build":
        build(sys.argv[2], int(sys.argv[3]))
        return
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    path = sys.argv[2] if len(sys.argv) > 2 else f"/tmp/kfq-verify-{entries}.db"
    if not Path(path).exists():
        subprocess.run([sys.executable, "-m", "benchmarks.verify", "build", path, str(entries)], check=True)
    rates: dict[str, list[float]] = {"floor": [], "verify": []}
    memory = 0.0
    for _ in range(3):
        for what, found in rates.items():
            command = [sys.executable, "-m", "benchmarks.verify", what, path]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            found.append(int(told[0]) / float(told[1]))
            if what == "verify":
                memory = max(memory, float(told[2]))
    best = {what: sorted(found)[1] for what, found in rates.items()}
    ratio = best["verify"] / best["floor"]
    print(f"floor {best['floor']:,.0f}/s  verify {best['verify']:,.0f}/s  ratio {ratio:.2f}  memory {memory:.1f} MB")


if __name__ == "__main__":
    main()
