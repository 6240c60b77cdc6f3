"""Change a log in thousands of ways, let the library and the independent verifier read it, and compare what they say.

    python -m tests.mutants 100000 [--small] [--hashed] [--seed 1] [--first N] [--jobs 2] [--keep FOLDER]

The log has everything in it, with --small it is a short one (`tests.everything`). Mutants are made of bytes: flipped,
removed, inserted, doubled; of lines: removed, doubled, exchanged, moved; cut off. With --hashed they are made of what
entries say, and the chains are hashed anew, so that only replay can object. Every fourth one is held to the
checkpoints and the key of an auditor. Mutants are numbered, and a log made anew has other hashes but the same places:
with --first another run goes on where one ended, which tells after every thousand, and at Ctrl-C, how far it is.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow import verify_bundle
from kfq_workflow.audit import signers
from kfq_workflow.errors import KfqError
from kfq_workflow.export import ExportSource
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import given, is_in_order
from tests.everything import Everything, everything, something

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.audit.checkpoint import Anchor

#: Mutants after which a run tells how far it is.
_TOLD = 1_000
#: Layer, kind, severity, instance and number of each finding.
Findings = frozenset[tuple[str, str, str, str | None, int | None]]


@dataclass(slots=True)
class Said:
    """What a verifier says of a file; `None` as a verdict: that it is no log."""

    verdict: str | None
    findings: Findings = frozenset()
    not_checked: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: dict[str, Any]) -> Said:
        """Take it from the report as JSON."""
        found = report["findings"]
        keys = ("layer", "kind", "severity", "instance", "seq")
        return cls(
            report["verdict"], frozenset(tuple(f[key] for key in keys) for f in found), tuple(report["not_checked"])
        )

    def of_lines(self) -> Said:
        """Leave the findings of lines only: of a file that is out of order both find that."""
        return Said(self.verdict, frozenset(f for f in self.findings if f[:2] == ("bytes", "line")))

    def settled(self, other: Said) -> Said:
        """Leave one finding of each entry that either calls malformed and both find something wrong with.

        Where an entry is not of the form that it must have, what else is wrong with it depends on how it is read.
        """
        odd = {f[3:] for f in self.findings | other.findings if f[:2] == ("replay", "malformed")}
        wrong = [{f[3:] for f in each.findings if f[0] == "replay" and f[2] == "error"} for each in (self, other)]
        both = odd & wrong[0] & wrong[1]
        left = {f for f in self.findings if f[0] != "replay" or f[3:] not in both}
        return replace(self, findings=frozenset(left | {("replay", "malformed", "error", *place) for place in both}))


@dataclass(frozen=True, slots=True)
class Auditor:
    """What an auditor brings, for either."""

    anchors: tuple[Anchor, ...] = ()
    trust: Trust = NOBODY

    @property
    def given(self) -> verify_bundle.Given:
        """The same for the independent verifier."""
        return given(self.anchors, self.trust)


NONE = Auditor()


def by_library(path: Path, auditor: Auditor = NONE) -> Said:
    """Let the library verify an export."""
    try:
        return Said.of(verify(ExportSource(path), auditor.anchors, trust=auditor.trust).as_json())
    except KfqError:
        return Said(None)


def by_file(path: Path, auditor: Auditor = NONE) -> Said:
    """Let the independent verifier verify it."""
    try:
        return Said.of(verify_bundle.verify(str(path), auditor.given).as_json())
    except verify_bundle.Unreadable:
        return Said(None)


# Bytes and lines


def _flipped(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.choice(b'0123456789abcdefz"{}[]:,\\ \n\r\0\xff-.~')


def _removed(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 1, 1, 2, 8, 64, 700))]


def _inserted(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start:start] = rng.choice(
        (b"0", b" ", b'"', b"\n", b"\0", b"1", b"e1", b".0", b"_", b"\\u0000", bytes([rng.randrange(256)]))
    )


def _doubled(data: bytearray, rng: random.Random) -> None:
    start, source = rng.randrange(len(data)), rng.randrange(len(data))
    data[start:start] = data[source : source + rng.choice((1, 2, 9, 64, 300))]


def _number(data: bytearray, rng: random.Random) -> None:
    places = [place for place, byte in enumerate(data) if byte in b"0123456789"]
    if places:
        data[rng.choice(places)] = rng.choice(b"0123456789")


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _lines(work: Callable[[list[bytes], random.Random], None]) -> Callable[[bytearray, random.Random], None]:
    def mutate(data: bytearray, rng: random.Random) -> None:
        lines = bytes(data).splitlines(keepends=True)
        work(lines, rng)
        data[:] = b"".join(lines)

    return mutate


def _remove_line(lines: list[bytes], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines))]


def _double_line(lines: list[bytes], rng: random.Random) -> None:
    source = rng.randrange(len(lines))
    lines.insert(source if rng.random() < 0.5 else rng.randrange(len(lines)), lines[source])


def _swap_lines(lines: list[bytes], rng: random.Random) -> None:
    one = rng.randrange(len(lines))
    two = (one + 1) % len(lines) if rng.random() < 0.5 else rng.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def _move_line(lines: list[bytes], rng: random.Random) -> None:
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), line)


def _remove_lines(lines: list[bytes], rng: random.Random) -> None:
    start = rng.randrange(len(lines))
    del lines[start : start + rng.randrange(1, 12)]


_WAYS = (
    _flipped, _flipped, _flipped, _set, _set, _removed, _removed, _inserted, _inserted, _doubled, _number, _number,
    _cut,
    *map(_lines, (_remove_line, _double_line, _swap_lines, _move_line, _remove_lines)),
)  # fmt: skip


def of_bytes(log: bytes, rng: random.Random) -> bytes:
    """Return a copy of a log with one change, sometimes with a second one."""
    data = bytearray(log)
    for _ in range(2 if rng.random() < 0.1 else 1):
        if data:
            rng.choice(_WAYS)(data, rng)
    return bytes(data)


# What entries say


def canonical(value: Any) -> bytes:
    """Return canonical JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (container, key) inside a JSON value."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places_in(value[key])


def _other(old: Any, pool: list[Any], rng: random.Random) -> Any:
    alike = [value for value in pool if type(value) is type(old) and value != old]
    if alike and rng.random() < 0.8:
        return copy.deepcopy(rng.choice(alike))  # it may hold what it takes the place of
    return rng.choice([None, True, 0, 1, 7, "", "x", [], {}, old])


def of_meaning(log: bytes, rng: random.Random) -> bytes:
    """Return a copy of a log in which an entry says something else, and all that follows is hashed anew."""
    lines = log.splitlines()
    entries = [number for number, line in enumerate(lines) if line.startswith(b'{"actor":')]
    parsed = {number: json.loads(lines[number]) for number in entries}
    pool = [container[key] for entry in parsed.values() for container, key in places_in(entry["body"])]
    pool += [entry[name] for entry in parsed.values() for name in ("actor", "kind", "def")]
    for _ in range(rng.choice((1, 1, 1, 2))):
        entry = parsed[rng.choice(entries)]
        spots = [*places_in(entry["body"]), *((entry, name) for name in ("actor", "kind", "def", "at"))]
        container, key = rng.choice(spots)
        if container is entry and key == "at":
            entry["at"] += rng.choice((-1, 1, 60_000_000, -86_400_000_000))
        elif isinstance(container, dict) and container is not entry and rng.random() < 0.2:
            del container[key]
        else:
            container[key] = deepcopy(_other(container[key], pool, rng))
    return hashed_anew(lines, parsed)


def hashed_anew(lines: list[bytes], parsed: dict[int, Any], *, cite: bool = True) -> bytes:
    """Return a log whose entries, by their lines, say something else: chains hashed anew, and with `cite` citations."""
    genesis = next(e for e in parsed.values() if (e["instance"], e["seq"]) == ("~log", 1))
    first = sha256(b"\0" + canonical(genesis)).hexdigest()
    leaves: dict[tuple[str, int], str] = {}
    # Entries that cite others come after them by time, so two rounds settle all that can be settled.
    for _ in range(3):
        before: dict[str, str] = {}
        for number, entry in parsed.items():
            if entry is not genesis:
                entry["prev"] = before.get(entry["instance"], first)
            for container, key, *cited in _cites(entry) if cite else ():
                try:
                    container[key] = leaves.get((cited[0], cited[1]), container[key])
                except TypeError:
                    continue
            lines[number] = canonical(entry)
            before[entry["instance"]] = sha256(b"\0" + lines[number]).hexdigest()
            leaves[entry["instance"], entry["seq"]] = before[entry["instance"]]
    for number, line in enumerate(lines):
        if line.startswith(b'{"head":'):
            head = json.loads(line)["head"]
            lines[number] = canonical({"head": {**head, "leaf": before[head["instance"]]}})
    return b"".join(line + b"\n" for line in lines)


def _cites(entry: dict[str, Any]) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield where an entry says a leaf, and the instance and number of the entry that has it."""
    body, own = entry["body"], entry["instance"]
    for container, key in places_in(body):
        if key == "leaf" and isinstance(container, dict) and "seq" in container:
            person = f"~actor/{container['id']}" if container is body.get("for") and "id" in container else own
            whole = "~log" if container is body.get("policy") else person
            yield container, key, container.get("instance", whole), container["seq"]
        elif key == "of" and container is body and "corrects" in body:
            yield body, key, own, body["corrects"]


@dataclass(slots=True)
class Result:
    """How often the two differ, and some of the mutants for which they do."""

    mutants: int = 0
    verdicts: int = 0
    findings: int = 0
    skipped: int = 0
    tampered: int = 0
    disordered: int = 0
    how: Counter[str] = field(default_factory=Counter)
    which: dict[str, int] = field(default_factory=dict)

    def add(self, other: Result) -> None:
        """Take in what another worker found."""
        for name in ("mutants", "verdicts", "findings", "skipped", "tampered", "disordered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.how += other.how
        self.which = other.which | self.which


def compare(path: Path, number: int, result: Result, auditor: Auditor = NONE) -> bool:
    """Compare what both say of a file; return whether they differ."""
    library, file = by_library(path, auditor), by_file(path, auditor)
    if not is_in_order(path.read_bytes()):
        library, file = library.of_lines(), file.of_lines()
        result.disordered += 1
    library, file = library.settled(file), file.settled(library)
    result.mutants += 1
    result.tampered += library.verdict == "tampered"
    tags = []
    if library.verdict != file.verdict:
        result.verdicts += 1
        tags.append(f"verdict {library.verdict} {file.verdict}")
    if library.findings != file.findings:
        result.findings += 1
        more = {f"library {f[0]}.{f[1]}" for f in library.findings - file.findings}
        tags += sorted(more | {f"file {f[0]}.{f[1]}" for f in file.findings - library.findings})
    if library.not_checked != file.not_checked:
        result.skipped += 1
        tags.append(f"not checked {sorted(set(library.not_checked) ^ set(file.not_checked))}")
    if tags:
        tag = "; ".join(tags)
        result.how[tag] += 1
        result.which.setdefault(tag, number)
    return bool(tags)


def mutant(log: bytes, seed: int, number: int, *, hashed: bool) -> bytes:
    """Return the mutant of a number: the same for each seed and log."""
    rng = random.Random(f"{seed}/{number}")
    return (of_meaning if hashed else of_bytes)(log, rng)


def auditor_of(made: Everything) -> Auditor:
    """Return what an auditor of a log brings."""
    return Auditor(made.anchors, Trust((made.trust,), signers.check))


def work(made: Everything, seed: int, numbers: range, *, hashed: bool = False, keep: Path | None = None) -> Result:
    """Make the mutants of these numbers, and compare; keep those that are told differently in a folder."""
    result, auditor = Result(), auditor_of(made)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        for number in numbers:
            path.write_bytes(mutant(made.log, seed, number, hashed=hashed))
            if compare(path, number, result, auditor if number % 4 == 0 else NONE) and keep is not None:
                (keep / f"{number}.jsonl").write_bytes(path.read_bytes())
    return result


@contextmanager
def ended(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Leave at Ctrl-C what was not begun."""
    try:
        yield
    except KeyboardInterrupt:
        pool.shutdown(cancel_futures=True)


def main() -> int:
    """Run it; return 1 if a verdict differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mutants", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first mutant")
    parser.add_argument("--hashed", action="store_true")
    parser.add_argument("--small", action="store_true", help="of a short log, which takes a fifth of the time")
    parser.add_argument("--keep", type=Path, help="a folder for the log, and for mutants of which the two differ")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = (something if options.small else everything)(Path(folder))
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / "log.jsonl").write_bytes(made.log)
    result, end = Result(), options.first + options.mutants
    ranges = [range(start, min(start + _TOLD, end)) for start in range(options.first, end, _TOLD)]
    one = partial(_worked, made, options.seed, hashed=options.hashed, keep=options.keep)
    with ProcessPoolExecutor(options.jobs) as pool, ended(pool):
        for found in pool.map(one, ranges):
            result.add(found)
            print(f"{options.first + result.mutants} ({result.verdicts + result.findings + result.skipped})",
                  file=sys.stderr, flush=True)  # fmt: skip
    told = f"{result.tampered} tampered, {result.disordered} out of order"
    print(f"{result.mutants} mutants from {options.first} on, of {len(made.log)} bytes, seed {options.seed}: {told}")
    print(f"differ: {result.verdicts} verdicts, {result.findings} findings, {result.skipped} of what is not checked")
    worst_first = sorted(result.how.items(), key=lambda about: (not about[0].startswith("verdict"), -about[1]))
    for tag, times in worst_first[:25]:
        print(f"{times:7} {tag}   (such as mutant {result.which[tag]})")
    return 1 if result.verdicts else 0


def _worked(made: Everything, seed: int, numbers: range, *, hashed: bool, keep: Path | None) -> Result:
    # The same few signatures are looked at again and again; what the file computes by hand is remembered here.
    for kind, (size, check, timed) in verify_bundle.ALGORITHMS.items():
        if not hasattr(check, "cache_info"):
            verify_bundle.ALGORITHMS[kind] = size, lru_cache(4096)(check), timed
    return work(made, seed, numbers, hashed=hashed, keep=keep)


if __name__ == "__main__":
    sys.exit(main())
