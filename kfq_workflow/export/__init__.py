r"""A log as one file of JSON lines, for an auditor, an archive or another machine.

    {"document":{"body":S,"digest":HEX,"kind":S|null}}                    one line each, by digest
    {"actor":S,"at":I,"body":{…},"def":…,…}                               an entry: exactly the bytes that were hashed
    {"text":{"field":S,"instance":S,"salt":HEX,"seq":I,"value":S}}        a text beside its entry
    {"head":{"instance":S,"leaf":HEX,"seq":I}}                            the newest entry of an instance
    {"placed":{"count":I,"instance":S,"position":I,"seq":I}}              entries that lie together in the tree
    {"checkpoint":{"note":S,"root":HEX,"size":I}}                         a checkpoint that the log has kept

Six blocks in this order; entries and places by (instance, seq), texts by (instance, seq, field), heads by instance
and checkpoints by (size, note, root), bytewise, so that one instance is found by bisection. UTF-8, `\n` after every
line, nothing else. The log's name, suite and offset stand in its genesis entry (`~log`, 1). Leaves are not written: an
entry's is the hash of its line. So an entry whose stored leaf is not that of its columns cannot be exported.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, Any, Protocol

from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import encode, encode_json, leaf_hash
from kfq_workflow.errors import InvalidInput
from kfq_workflow.export.source import ExportSource
from kfq_workflow.export.tree import lines
from kfq_workflow.files import new_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from kfq_workflow.entry import Row
    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.source import Document, TextRow
    from kfq_workflow.stored.tree_source import TreeSource

__all__ = ["ExportSource", "Lines", "write_export", "write_lines"]

#: What a column raises that is not of its type, or no text in UTF-8: SQLite keeps anything anywhere.
_ODD = (TypeError, AttributeError, UnicodeEncodeError)


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
    given, when an entry does not hash to its leaf, or when anything else cannot be written as it is.
    """
    with new_file(path, overwrite=overwrite) as file:
        return write_lines(source, file, progress)


def write_lines(source: Lines, file: BinaryIO, progress: Callable[[int], object] | None = None) -> int:
    """Write the lines of an export of what a source has to an open file, and return the number of entries.

    Raises InvalidInput as `write_export` does.
    """
    try:
        return _write(source, file, progress)
    except _ODD as error:
        raise InvalidInput("export_odd", reason=str(error)) from error


def _write(source: Lines, file: BinaryIO, progress: Callable[[int], object] | None) -> int:
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
            try:
                data = encode(row, head.log)
            except _ODD:
                data = b""
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
