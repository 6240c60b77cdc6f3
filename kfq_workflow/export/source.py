"""An exported file as a source: its lines as streams, found by bisection, read by one process or several."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import Row, encode, parse_canonical
from kfq_workflow.errors import InvalidInput, NotInitialised
from kfq_workflow.export import tree
from kfq_workflow.export.lines import (
    DOCUMENTS,
    ENTRIES,
    HEADS,
    MAX_LINE,
    PLACED,
    TEXTS,
    TOLD,
    block_of,
    parse_entry,
    place_of,
    suite_of,
    typed,
)  # fmt: skip
from kfq_workflow.export.tree import ExportTree
from kfq_workflow.files import Part
from kfq_workflow.hashing import SUITE
from kfq_workflow.log import LogHead
from kfq_workflow.stored.seal_store import CheckpointRow
from kfq_workflow.stored.sharing import ExportOpening, Region, Told, stamp
from kfq_workflow.stored.source import Document, TextRow
from kfq_workflow.stored.tree_source import ALL, Span, divided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.hashing import Hash
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

LOG = "~log"
#: Bytes of an entry's line, about.
_LINE = 600
#: What is wrong with a line that stands in another block's place, where nothing else is.
_ELSEWHERE = "out of place"


class ExportSource:
    """A log in an exported file. Lines that cannot be read are left out of the streams and noted by `inspect`."""

    def __init__(self, path: str | Path | Part, span: Span = ALL) -> None:
        self._span = span
        #: What is wrong with lines, by offset; and what was read of each block, where streams are over all instances.
        self._bad: dict[int, str] = {}
        self._regions: dict[int, Region] = {}
        self._head: LogHead | None = None
        self._hasher: Hash | None = None
        try:
            self._path = path if isinstance(path, Part) else Part(path)
            self._size = self._path.size
            with self._path.open():
                pass
        except OSError as error:
            raise InvalidInput("export_unreadable", path=str(path), reason=error.strerror or str(error)) from error

    def log(self) -> LogHead:
        """Return the log's head as its genesis entry tells it. Raises NotInitialised when there is none."""
        if self._head is None:
            # In a file that is out of order bisection may miss the genesis, which must not pass for a file without one.
            self._head = self._genesis(self._lines(ENTRIES, (LOG,))) or self._genesis(self._anywhere())
        if self._head is None:
            raise NotInitialised("export_no_log", path=str(self._path))
        return self._head

    def _genesis(self, lines: Iterator[tuple[int, bytes]]) -> LogHead | None:
        """Return what the first entry of ~log among these lines says."""
        for start, line in lines:
            row = self._entry(start, line, known_hash(suite_of(line)))
            if row is not None and row.instance == LOG:
                body: dict[str, Any] = {}
                with suppress(ValueError, RecursionError):  # by what is not canonical no log is read
                    body = parse_canonical(row.body)
                suite, offset = body.get("suite"), body.get("utc_offset")
                if row.seq == 1 and isinstance(suite, str) and type(offset) is int:
                    return LogHead(json.loads(line)["log"], suite, row.leaf, offset, "-")
        return None

    def _anywhere(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of entries of ~log wherever they stand."""
        with self._path.open() as file:
            position = 0
            while line := file.readline(MAX_LINE):
                if block_of(line) == ENTRIES and b'"instance":"~log"' in line:
                    yield position, line
                position += len(line)

    def documents(self) -> Iterator[Document]:
        """Yield every document."""
        for about in self._ascending(("digest",), DOCUMENTS, ("body", "digest", "kind")):
            yield Document(bytes.fromhex(about["digest"]), about["kind"], about["body"])

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""
        region = self._region(ENTRIES) if instance is None else None
        for start, line in self._lines(ENTRIES, (self._from(instance),), region):
            row = self._entry(start, line)
            if row is None:
                continue
            if (row.instance != instance) if region is None else region.ends(row.instance, start):
                return
            yield row

    def numbers(self) -> Iterator[Row]:
        """Yield the entries of the chains of document numbers by (instance, seq)."""
        for start, line in self._lines(ENTRIES, (f"{NUMBERS}/",)):
            row = self._entry(start, line)
            if row is not None and not row.instance.startswith(f"{NUMBERS}/"):
                return
            if row is not None:
                yield row

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""
        for _, about in self._said(TEXTS, ("field", "instance", "salt", "seq", "value"), instance):
            yield TextRow(about["instance"], about["seq"], about["field"], bytes.fromhex(about["salt"]), about["value"])

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:
        """Yield the newest entry of each instance: key, number and leaf."""
        return (
            (about["instance"], about["seq"], bytes.fromhex(about["leaf"]))
            for _, about in self._said(HEADS, ("instance", "leaf", "seq"), instance)
        )

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:  # noqa: ARG002
        """Return None: an export has no caches."""
        return None

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:  # noqa: ARG002
        """Return None: an export has no caches."""
        return None

    def tree(self) -> TreeSource | None:
        """Return the tree as the file has it."""
        return ExportTree(self.stretches, self.checkpoints)

    def stretches(self) -> Iterator[dict[str, Any]]:
        """Yield what the `placed` lines say: count, instance, position and seq."""
        return (about for _, about in self._said(*TOLD[tree.PLACED], None))

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that the file has."""
        for about in self._ascending(("size", "note", "root"), *TOLD[tree.CHECKPOINT]):
            yield CheckpointRow(about["size"], bytes.fromhex(about["root"]), about["note"])

    def clock(self) -> int | None:
        """Return None: a file has no clock."""
        return None

    def inspect(self, book: Book) -> None:
        """Note the lines that cannot be read, and those that no stream reads because they stand in no block's place."""
        book.not_checked("triggers")
        highest = position = 0
        with self._path.open() as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), 1):
                block = block_of(line)
                if block is None or block < highest:
                    self._note(position, line, "unknown" if block is None else _ELSEWHERE)
                highest = max(highest, block or 0)
                if position in self._bad:
                    book.error("bytes", "line", line=number, reason=self._bad[position])
                position += len(line)

    def _hash(self) -> Hash:
        """Return the hash of the log's suite, that of `s1` where there is no log."""
        if self._hasher is None:
            with suppress(NotInitialised):
                self._hasher = known_hash(self.log().suite)
            self._hasher = self._hasher or known_hash(SUITE)
        return self._hasher

    # Several processes

    def opening(self) -> ExportOpening | None:
        """Return how another process opens the file; None for what is more than a file of lines."""
        return ExportOpening(self._path, ExportSource) if type(self) is ExportSource else None

    def spans(self, parts: int, least: int) -> list[Span]:
        """Divide the instances where the entries of a file are divided into parts of about as many bytes."""
        with self._path.open() as file:
            first, last = self._find(file, (ENTRIES, ("",))), self._find(file, (TEXTS, ("",)))
            parts = min(parts, (last - first) // max(least * _LINE, 1))
            return divided(self._key_at(file, first + (last - first) * number // parts) for number in range(1, parts))

    def _key_at(self, file: BinaryIO, position: int) -> str | None:
        """Return the instance of the first whole line after a position."""
        file.seek(position)
        file.readline(MAX_LINE)
        place = place_of(file.readline(MAX_LINE))
        return None if place is None or place[0] != ENTRIES else place[1][0]

    def settle(self) -> tuple[int, int]:
        """Return the file's size and when it was changed last."""
        return stamp(self._path.path)

    def part(self, span: Span) -> ExportSource:
        """Return the same file, whose streams over all instances have those of a span only."""
        part = ExportSource(self._path, span)
        part._head = self._head
        return part

    def told(self) -> Told:
        """Return what is wrong with lines, and which part of the file was read of each block."""
        return Told(self._bad, self._regions)

    def gather(self, told: Sequence[Told]) -> bool:
        """Take what is wrong with lines. False where a block is not in order: something was read twice, or never."""
        for block in (ENTRIES, TEXTS, HEADS, PLACED):
            regions = [each.regions[block] for each in told if block in each.regions]
            if any(not region.sorted for region in regions):
                return False
            if any(left.end != right.start for left, right in pairwise(regions)):
                return False
        for each in told:
            for start, reason in each.bad.items():
                self._blame(start, reason)
        return True

    def _entry(self, start: int, line: bytes, hasher: Hash | None = None) -> Row | None:
        """Read an entry's line, which must be exactly the bytes of the entry that it says."""
        try:
            row, log = parse_entry(line[:-1].decode(), hasher or self._hash())
            same = encode(row, log) == line[:-1]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            same = False
        if not same:
            self._note(start, line, "not an entry")
            return None
        if self._head is not None and log != self._head.log:
            self._note(start, line, "of another log")
            return None
        return row

    def _said(self, block: int, names: tuple[str, ...], instance: str | None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield what the lines of a block say, each a canonical object of one object with these names."""
        region = self._region(block) if instance is None and "instance" in names else None
        for start, line in self._lines(block, (self._from(instance) if "instance" in names else "",), region):
            try:
                (about,) = parse_canonical(line[:-1].decode()).values()
                good = sorted(about) == list(names) and typed(about)
            except (ValueError, TypeError, AttributeError, RecursionError):
                good = False
            if not good:
                self._note(start, line, "not canonical")
                continue
            if region is not None:
                if region.ends(about["instance"], start):
                    return
            elif instance is not None and about["instance"] != instance:
                return
            yield start, about

    def _ascending(self, keys: tuple[str, ...], block: int, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Yield what the lines of a block say whose keys ascend all through it; note those that stand elsewhere."""
        last: tuple[Any, ...] = ()
        for start, about in self._said(block, names, None):
            here = tuple(about[key] for key in keys)
            if last and here <= last:
                self._blame(start, "out of order")
                continue
            last = here
            yield about

    def _from(self, instance: str | None) -> str:
        return instance if instance is not None else self._span.first or ""

    def _region(self, block: int) -> Region:
        region = self._regions[block] = Region(self._span)
        return region

    def _lines(self, block: int, place: tuple[str], region: Region | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield a block's lines with their offsets, from the first that is not before a place; note what is odd."""
        with self._path.open() as file:
            position = self._find(file, (block, place)) if block or place[0] else 0
            if region is not None:
                region.start = region.end = position
            file.seek(position)
            while line := file.readline(MAX_LINE):
                start, position = position, position + len(line)
                found = block_of(line)
                if region is not None:
                    region.end = start if found is not None and found > block else position
                if not line.endswith(b"\n"):
                    self._note(start, line, "truncated")
                elif found is None:
                    self._note(start, line, "unknown")
                elif found < block:
                    self._note(start, line, _ELSEWHERE)
                elif found > block:
                    return
                else:
                    yield start, line

    def _find(self, file: BinaryIO, wanted: tuple[int, tuple[Any, ...]]) -> int:
        """Return the offset of the first line that is not before a place, by bisection of the file."""
        low, high = 0, self._size
        while low < high:
            middle = (low + high) // 2
            file.seek(middle - 1 if middle else 0)
            if middle:
                file.readline()
            start = file.tell()
            where = None
            while start < high and where is None:
                line = file.readline()
                where = place_of(line)
                if where is None:
                    start = file.tell()
            if where is None or where >= wanted:
                high = middle
            else:
                low = start + len(line)
        file.seek(low - 1 if low else 0)
        if low:
            file.readline()
        return file.tell()

    def _note(self, start: int, line: bytes, reason: str) -> None:
        if line.startswith(b"\xef\xbb\xbf"):
            reason = "byte order mark"
        elif line.endswith(b"\r\n"):
            reason = "CR LF"
        self._blame(start, reason)

    def _blame(self, start: int, reason: str) -> None:
        """Keep the first reason that says what is wrong with a line itself, whichever stream comes to it first."""
        if self._bad.get(start, _ELSEWHERE) == _ELSEWHERE:
            self._bad[start] = reason
