r"""A log as one file of JSON lines, for an auditor, an archive or another machine.

    {"document":{"body":S,"digest":HEX,"kind":S|null}}                    one line each, by digest
    {"actor":S,"at":I,"body":{…},"def":…,…}                               an entry: exactly the bytes that were hashed
    {"text":{"field":S,"instance":S,"salt":HEX,"seq":I,"value":S}}        a text beside its entry
    {"head":{"instance":S,"leaf":HEX,"seq":I}}                            the newest entry of an instance
    {"placed":{"count":I,"instance":S,"position":I,"seq":I}}              entries that lie together in the tree
    {"checkpoint":{"note":S,"root":HEX,"size":I}}                         a checkpoint that the log has kept

Six blocks in this order; entries and places by (instance, seq), texts by (instance, seq, field), heads by instance
and checkpoints by size, bytewise, so that one instance is found by bisection. UTF-8, `\n` after every line, nothing
else. The log's name, suite and offset stand in its genesis entry (`~log`, 1). Leaves are not written: an entry's is
the hash of its line. So an entry whose stored leaf is not that of its columns cannot be exported.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import SUITE, Row, encode, encode_json, leaf_hash, parse_canonical
from kfq_workflow.errors import InvalidInput, NotInitialised
from kfq_workflow.export_tree import CHECKPOINT, PLACED, ExportTree, lines
from kfq_workflow.files import Part, new_file
from kfq_workflow.log import LogHead
from kfq_workflow.seal_store import CheckpointRow
from kfq_workflow.source import Document, TextRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.audit.suite import Hash
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

LOG = "~log"
#: No line is longer: an entry has at most 65,535 bytes, a text 16,384, a document is far below.
MAX_LINE = 16 * 1024 * 1024
_DOCUMENTS, _ENTRIES, _TEXTS, _HEADS, _PLACED, _CHECKPOINTS = range(6)
_BLOCKS = {b'{"document":': _DOCUMENTS, b'{"actor":': _ENTRIES, b'{"text":': _TEXTS, b'{"head":': _HEADS}
_BLOCKS |= {b'{"placed":': _PLACED, b'{"checkpoint":': _CHECKPOINTS}
#: What the lines of a block say.
_TOLD = {
    PLACED: (_PLACED, ("count", "instance", "position", "seq")),
    CHECKPOINT: (_CHECKPOINTS, ("note", "root", "size")),
}
_BODY = '"body":'
#: Bytes of a digest, in every suite.
_HASH = 32


class Lines(Protocol):
    """What an export is written from: a source, or what shows only a part of one."""

    def log(self) -> LogHead:
        """Return the log's head. Raises NotInitialised."""

    def documents(self) -> Iterator[Document]:
        """Yield every document."""

    def entries(self) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""

    def texts(self) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""

    def tree(self) -> TreeSource | None:
        """Return what the source says of the tree over the log; None where it says nothing."""


def write_export(
    source: Lines, path: str | Path, *, overwrite: bool = False, progress: Callable[[int], object] | None = None
) -> int:
    """Write a log to a file and return the number of entries.

    The file appears complete or not at all: it is written beside its place, flushed to disk and renamed; only its
    owner may read it, for texts are in it in clear. Raises InvalidInput when the file exists and `overwrite` is not
    given, or when an entry does not hash to its leaf.
    """
    with new_file(path, overwrite=overwrite) as file:
        return write_lines(source, file, progress)


def write_lines(source: Lines, file: BinaryIO, progress: Callable[[int], object] | None = None) -> int:
    """Write the lines of an export of what a source has to an open file, and return the number of entries."""
    head = source.log()
    hasher = known_hash(head.suite)
    for document in source.documents():
        about = {"body": document.body, "digest": document.digest.hex(), "kind": document.kind}
        file.write(_line("document", about))
    heads = tempfile.TemporaryFile()  # noqa: SIM115 - closed below; constant memory, whatever the number of instances
    with heads:
        written = 0
        last: Row | None = None
        for row in source.entries():
            data = encode(row, head.log)
            if leaf_hash(data, hasher) != row.leaf:
                raise InvalidInput("export_tampered", key=row.instance, seq=row.seq)
            file.write(data + b"\n")
            if last is not None and last.instance != row.instance:
                heads.write(_head_line(last))
            last = row
            written += 1
            if progress is not None and not written % 10_000:
                progress(written)
        if last is not None:
            heads.write(_head_line(last))
        for text in source.texts():
            where = {"field": text.field, "instance": text.instance, "salt": text.salt.hex(), "seq": text.seq}
            file.write(_line("text", {**where, "value": text.value}))
        heads.seek(0)
        shutil.copyfileobj(heads, file)
    tree = source.tree()
    for name, about in () if tree is None else lines(tree):
        file.write(_line(name, about))
    return written


def _line(name: str, about: dict[str, Any]) -> bytes:
    return encode_json({name: about}).encode() + b"\n"


def _head_line(row: Row) -> bytes:
    return _line("head", {"instance": row.instance, "leaf": row.leaf.hex(), "seq": row.seq})


class ExportSource:
    """A log in an exported file. Lines that cannot be read are left out of the streams and noted by `inspect`."""

    def __init__(self, path: str | Path | Part) -> None:
        self._bad: dict[int, str] = {}
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
            self._head = self._genesis(self._lines(_ENTRIES, (LOG,))) or self._genesis(self._anywhere())
        if self._head is None:
            raise NotInitialised("export_no_log", path=str(self._path))
        return self._head

    def _genesis(self, lines: Iterator[tuple[int, bytes]]) -> LogHead | None:
        """Return what the first entry of ~log among these lines says."""
        for start, line in lines:
            row = self._entry(start, line, known_hash(_suite(line)))
            if row is not None and row.instance == LOG:
                body = json.loads(row.body)
                suite, offset = body.get("suite"), body.get("utc_offset")
                if row.seq == 1 and isinstance(suite, str) and isinstance(offset, int):
                    return LogHead(json.loads(line)["log"], suite, row.leaf, offset, "-")
        return None

    def _anywhere(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of entries of ~log wherever they stand."""
        with self._path.open() as file:
            position = 0
            while line := file.readline(MAX_LINE):
                if _block(line) == _ENTRIES and b'"instance":"~log"' in line:
                    yield position, line
                position += len(line)

    def documents(self) -> Iterator[Document]:
        """Yield every document."""
        for about in self._ascending("digest", _DOCUMENTS, ("body", "digest", "kind")):
            yield Document(bytes.fromhex(about["digest"]), about["kind"], about["body"])

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield entries by (instance, seq)."""
        for start, line in self._lines(_ENTRIES, (instance or "",)):
            row = self._entry(start, line)
            if row is None:
                continue
            if instance is not None and row.instance != instance:
                return
            yield row

    def numbers(self) -> Iterator[Row]:
        """Yield the entries of the chains of document numbers by (instance, seq)."""
        for start, line in self._lines(_ENTRIES, (f"{NUMBERS}/",)):
            row = self._entry(start, line)
            if row is not None and not row.instance.startswith(f"{NUMBERS}/"):
                return
            if row is not None:
                yield row

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield texts by (instance, seq, field)."""
        for _, about in self._said(_TEXTS, ("field", "instance", "salt", "seq", "value"), instance):
            yield TextRow(about["instance"], about["seq"], about["field"], bytes.fromhex(about["salt"]), about["value"])

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:
        """Yield the newest entry of each instance: key, number and leaf."""
        return (
            (about["instance"], about["seq"], bytes.fromhex(about["leaf"]))
            for _, about in self._said(_HEADS, ("instance", "leaf", "seq"), instance)
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
        return (about for _, about in self._said(*_TOLD[PLACED], None))

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield the checkpoints that the file has."""
        for about in self._ascending("size", *_TOLD[CHECKPOINT]):
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
                block = _block(line)
                if block is None or block < highest:
                    self._note(position, line, "unknown" if block is None else "out of place")
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

    def _entry(self, start: int, line: bytes, hasher: Hash | None = None) -> Row | None:
        """Read an entry's line, which must be exactly the bytes of the entry that it says."""
        try:
            row, log = _parse_entry(line[:-1].decode(), hasher or self._hash())
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
        for start, line in self._lines(block, (instance or "",)):
            try:
                (about,) = parse_canonical(line[:-1].decode()).values()
                good = sorted(about) == list(names) and _typed(about)
            except (ValueError, TypeError, AttributeError, RecursionError):
                good = False
            if not good:
                self._note(start, line, "not canonical")
                continue
            if instance is not None and about["instance"] != instance:
                return
            yield start, about

    def _ascending(self, key: str, block: int, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Yield what the lines of a block say that have one key which ascends; note those that stand elsewhere."""
        last: Any = None
        for start, about in self._said(block, names, None):
            if last is not None and about[key] <= last:
                self._bad.setdefault(start, "out of order")
                continue
            last = about[key]
            yield about

    def _lines(self, block: int, place: tuple[str]) -> Iterator[tuple[int, bytes]]:
        """Yield a block's lines with their offsets, from the first that is not before a place; note what is odd."""
        with self._path.open() as file:
            position = self._find(file, (block, place)) if block or place[0] else 0
            file.seek(position)
            while line := file.readline(MAX_LINE):
                start, position = position, position + len(line)
                found = _block(line)
                if not line.endswith(b"\n"):
                    self._note(start, line, "truncated")
                elif found is None:
                    self._note(start, line, "unknown")
                elif found < block:
                    self._note(start, line, "out of place")
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
                where = _place(line)
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
        self._bad.setdefault(start, reason)


def _block(line: bytes) -> int | None:
    return _BLOCKS.get(line[: line.find(b":") + 1])


def _place(line: bytes) -> tuple[int, tuple[Any, ...]] | None:
    """Return a line's block and its place there, None for one that cannot be read."""
    block = _block(line)
    try:
        value = json.loads(line)
        if block in (_DOCUMENTS, _CHECKPOINTS):
            return block, ("", 0)
        (about,) = (value,) if block == _ENTRIES else value.values()
        if block is None or not isinstance(about["instance"], str):
            return None
        return block, (about["instance"], int(about["seq"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _typed(about: dict[str, Any]) -> bool:
    """Tell whether the values of a line are of their types and bytes are hex of lower case."""
    for name, value in about.items():
        if name in ("seq", "count", "position", "size"):
            good = type(value) is int and value >= (name == "count")
        elif name in ("salt", "leaf", "digest", "root"):
            size = 16 if name == "salt" else 32
            good = type(value) is str and len(value) == 2 * size and bytes.fromhex(value).hex() == value
        else:
            good = type(value) is str or (name == "kind" and value is None)
        if not good:
            return False
    return True


def _suite(line: bytes) -> str:
    """Return the suite that a genesis names, which says how its own leaf is made; `s1` where it names none."""
    try:
        suite = json.loads(line)["body"]["suite"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return SUITE
    return suite if isinstance(suite, str) else SUITE


def _parse_entry(text: str, hasher: Hash) -> tuple[Row, str]:
    """Return the row that an entry's line says, and the log's name; the body stays the text that it is."""
    found = json.loads(text)
    start = text.index(_BODY, text.index(f'"at":{found["at"]},')) + len(_BODY)
    _, end = _DECODER.raw_decode(text, start)
    def_ = found["def"]
    draft = Row(
        found["instance"], found["seq"], found["kind"], found["at"], found["actor"], found["via"], found["req"],
        None if def_ is None else bytes.fromhex(def_), found["v"], bytes.fromhex(found["prev"]), b"",
        text[start:end],
    )  # fmt: skip
    if not all(type(number) is int for number in (draft.seq, draft.at, draft.v)):
        raise ValueError("a number is none")
    if any(digest is not None and len(digest) != _HASH for digest in (draft.prev, draft.def_)):
        raise ValueError("a hash is none")
    if len(found["log"]) != len("01" * 16) or not set(found["log"]) <= set("0123456789abcdef"):
        raise ValueError("a name is none")
    return draft._replace(leaf=leaf_hash(text.encode(), hasher)), found["log"]


_DECODER = json.JSONDecoder()
