"""Bytes and chain: each entry hashes to its leaf, and follows the one before it.

What is found here needs nothing but the entries themselves. A log that was re-hashed after a change, a tail that
was cut, or an instance that is gone altogether agree with themselves: only an anchor held outside shows them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import MAX_BYTES, NO_PREV, VERSION, encode_fields, is_hashed
from kfq_workflow.hashing import SUITES

if TYPE_CHECKING:
    from kfq_workflow.entry import Row
    from kfq_workflow.log import LogHead
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.report import Book

LOG = "~log"
#: What a column of a wrong type raises while the bytes are built.
_ODD = (TypeError, AttributeError, ValueError, UnicodeEncodeError)
#: Clocks of servers differ; an entry may be this far ahead of the database's without a word, in µs.
SKEW_US = 5_000_000


class ChainCheck:
    """Checks bytes, leaf, links and clock of each entry."""

    def __init__(self, head: LogHead, clock: int | None, book: Book, gaps: frozenset[str] = frozenset()) -> None:
        #: Chains of which not every entry is shown.
        self._gaps = gaps
        self.log = head.log
        self.hasher = known_hash(head.suite)
        self._book = book
        #: The latest time that an entry may have, in µs since 1970 UTC; None where nothing tells.
        self.latest = None if clock is None else clock + SKEW_US

    def entry(self, row: Row, run: Run) -> None:
        """Check one entry against the one before it in `run`."""
        at = row[3]
        try:
            data = encode_fields(row, row[9], self.log)
            same = self.hasher(b"\x00" + data).digest() == row[10] and type(at) is int and row[8] == VERSION
        except _ODD:
            same = False
        if not same:
            self._bytes(row)
        elif len(data) > MAX_BYTES:
            self._book.error("bytes", "too_large", row.instance, row.seq, size=len(data), limit=MAX_BYTES)
        if row[1] != run.seq + 1 or row[9] != run.head or run.seq == 0:
            self._link(row, run)
        if type(at) is int and (at < run.at or (self.latest is not None and at > self.latest)):
            self._clock(row, run)

    def _bytes(self, row: Row) -> None:
        """Tell an altered entry from one of a version that this library does not know."""
        if row.v != VERSION and isinstance(row.v, int):
            try:
                known = self.hasher(b"\x00" + encode_fields(row._replace(v=VERSION), row.prev, self.log)).digest()
            except _ODD:
                known = b""
            if known != row.leaf:
                self._book.not_checked(f"version {row.v}", needed=True)
                self._book.warning("bytes", "version", row.instance, row.seq, version=row.v)
                return
        self._book.error("bytes", "leaf", row.instance, row.seq)

    def _link(self, row: Row, run: Run) -> None:
        book, instance, seq = self._book, row.instance, row.seq
        if seq > run.seq + 1 and instance in self._gaps:
            return
        if seq == run.seq != 0:
            book.error("chain", "duplicate", instance, seq)
        elif seq <= run.seq:
            book.error("chain", "order", instance, seq, before=run.seq)
        elif seq > run.seq + 1:
            book.error("chain", "gap", instance, seq, first=run.seq + 1, last=seq - 1)
        expected = NO_PREV if instance == LOG and run.seq == 0 else run.head
        if row.prev != expected:
            book.error("chain", "first_prev" if seq == 1 else "prev", instance, seq)

    def _clock(self, row: Row, run: Run) -> None:
        if row.at < run.at:
            self._book.error("chain", "clock_back", row.instance, row.seq, before=run.seq)
        else:
            self._book.warning("chain", "clock_ahead", row.instance, row.seq)


def check_genesis(head: LogHead, first: Row | None, book: Book) -> None:
    """Compare the row of `kfq_log`, or the head of an export, with the genesis entry."""
    if first is None or first.seq != 1 or first.kind != "genesis":
        book.error("chain", "genesis_missing", LOG, 1)
        return
    if first.leaf != head.genesis:
        book.error("database", "genesis_differs", LOG, 1)


def genesis_head(head: LogHead, first: Row | None) -> LogHead:
    """Return the head with the suite that the genesis names, by whose hash it must have its own leaf.

    Where the row of `kfq_log` names another, that is one finding, and not one for each entry.
    """
    with suppress(*_ODD):
        suite = json.loads(first.body).get("suite") if first is not None else None
        if first is not None and suite in SUITES and is_hashed(first, head.log, known_hash(suite)):
            return replace(head, suite=suite)
    return head


def check_log(head: LogHead, body: dict[str, object], book: Book) -> None:
    """Compare what the head of the log says of itself with what its genesis says."""
    for name, found in (("suite", head.suite), ("utc_offset", head.utc_offset)):
        if body.get(name) != found:
            book.error("database", "log_differs", LOG, 1, name=name, expected=body.get(name, "-"), found=found)
