"""Verify a log: everything that can be checked without trusting who keeps it, all findings, in one pass.

    database   the triggers stand; the log's row agrees with its genesis
    bytes      every entry's columns, built into bytes again, hash to its leaf; bodies are canonical
    chain      no gap, no duplicate; each entry follows the one before it; the clock does not run back
    replay     every act decided again with the definition then in force; dates in an order that is possible
    text       every commitment opens; every text is committed to; nothing is missing but what an entry erased
    tree       every sealed entry at its place, the tree and the newest heads as sealing made them
    anchor     the tree as every checkpoint that was held outside says that it was
    document   every document under its own digest, every definition in force defined before its use
    cache      every instance's row and every row of the inbox equal the fold of the entries

Entries, texts and instances' rows are merged in the order of (instance, seq) in constant memory. The module needs
no database: a `Source` is one, or an exported file. Entries that are as usual are passed over together (`usual`),
which is several times as fast; every other one goes through the checks one by one, and only these note findings.
"""

from __future__ import annotations

from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import SUITES
from kfq_workflow.errors import NotFound
from kfq_workflow.source import plain, raw
from kfq_workflow.state import NOTES
from kfq_workflow.tree_source import NoTree
from kfq_workflow.verify.anchors import NOBODY, AnchorCheck, Trust, origin_said
from kfq_workflow.verify.caches import CacheCheck, HeadCheck, TaskCheck
from kfq_workflow.verify.chain import LOG, ChainCheck, check_genesis, check_log, genesis_head
from kfq_workflow.verify.days import DayCheck
from kfq_workflow.verify.erasure import Erasures
from kfq_workflow.verify.keys import KIND as KEYED
from kfq_workflow.verify.keys import keys_of
from kfq_workflow.verify.legality import ODD
from kfq_workflow.verify.recoveries import read_recoveries
from kfq_workflow.verify.replayed import ReplayCheck
from kfq_workflow.verify.report import Book, Counts, Finding, Report
from kfq_workflow.verify.shapes import Shapes
from kfq_workflow.verify.texts import TextCheck, TextsWithheld
from kfq_workflow.verify.tree import TreeCheck
from kfq_workflow.verify.usual import Usual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.source import Source
    from kfq_workflow.verify.fold import Run

__all__ = ["Counts", "Finding", "Report", "verify"]

#: Entries of one instance that are looked at together, and entries between two notes of progress.
_STRETCH, _TOLD = 128, 10_000
_INSTANCE = itemgetter(0)


def verify(
    source: Source,
    anchors: Iterable[Anchor] = (),
    *,
    key: str | None = None,
    trust: Trust = NOBODY,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Verify a log, or with `key` one instance of it.

    `anchors` are checkpoints that were held outside: the log is `anchored` when it agrees with them, and where
    `trust` names keys, one of these signed each. One instance alone has no tree to compare. `progress` is called now
    and then with the number of entries read. Raises NotFound for an unknown key and what the source raises when there
    is no log.
    """
    book = Book()
    reader = _Reader(source, book, key)
    reader.read(progress)
    reader.compare(tuple(anchors), trust)
    source.inspect(book)
    if key is not None:
        if not book.entries and not any(finding.instance == key for finding in book.findings):
            raise NotFound("instance", key)
        book.not_checked("other instances")
    return book.report()


def _rows(source: Source, table: str, key: str | None) -> Iterator[tuple[Any, ...]]:
    """Yield entries or texts with their bytes, as the source gives them if it can (see `source.raw`)."""
    own: Callable[[str | None], Iterator[tuple[Any, ...]]] | None = getattr(source, f"raw_{table}", None)
    return raw(getattr(source, table)(key)) if own is None else own(key)


class _Reader:
    """One pass over a log."""

    def __init__(self, source: Source, book: Book, key: str | None) -> None:
        head = source.log()
        self._book = book
        self._key = key
        self._source = source
        self._progress: Callable[[int], object] | None = None
        self._told = _TOLD
        first = next(iter(source.entries(LOG)), None)
        check_genesis(head, first, book)
        if head.suite not in SUITES:
            book.not_checked(f"suite {head.suite}", needed=True)
        self._head = head
        self._genesis = first
        head = genesis_head(head, first)
        self._chain = ChainCheck(head, source.clock(), book)
        erasures = Erasures(source, book)
        self._replay = ReplayCheck(source, head, book, erasures)
        self._texts = (
            TextsWithheld(book, erasures)
            if getattr(source, "withheld", False)
            else TextCheck(_rows(source, "texts", key), book, erasures, self._chain.hasher)
        )
        rows = source.instances(key)
        heads = source.heads(key) if rows is None else None
        self._caches: CacheCheck | HeadCheck | None = None
        if rows is not None:
            self._caches = CacheCheck(rows, book)
        else:
            book.not_checked("caches")
            if heads is not None:
                self._caches = HeadCheck(heads, book)
        self._days = DayCheck(source, head.utc_offset, book)
        self._tasks = TaskCheck(source.tasks(key), book)
        tree = source.tree() if key is None and self._head.suite in SUITES else None
        log = source.entries(LOG)
        self._tree = TreeCheck(tree or NoTree(), log if tree else (), book, self._chain.hasher)
        self._shapes = Shapes()
        self._usual = Usual(self._chain, self._texts, self._replay, self._shapes, book)

    def read(self, progress: Callable[[int], object] | None) -> None:
        """Read every entry once."""
        run: Run | None = None
        self._progress = progress
        for instance, group in groupby(_rows(self._source, "entries", self._key), _INSTANCE):
            if type(instance) is not str:
                for row in group:
                    self._book.error("bytes", "columns", str(row[0]), None)
                continue
            if run is None or instance != run.instance:
                run = self._begin(instance, run)
            self._instance(group, run)
        if run is not None:
            self._end(run)
        self._texts.skip()
        if self._caches is not None:
            self._caches.skip()
        self._tasks.skip()
        if self._key is None:
            self._replay.finish()

    def compare(self, anchors: Sequence[Anchor], trust: Trust) -> None:
        """Compare the tree with the checkpoints that the log keeps and with those held outside."""
        book, tree = self._book, self._source.tree()
        if self._key is not None or tree is None or self._head.suite not in SUITES:
            for anchor in anchors:
                book.not_checked(f"anchor {anchor.label}", needed=True)
            return
        base = origin_said(self._head.log, self._genesis)
        keys = keys_of([row for row in self._source.entries(LOG) if row.kind == KEYED], trust, base, book)
        roots = self._tree.finish()
        book.tree = self._tree.size, roots.get(self._tree.size)
        lineage = read_recoveries(base, self._source.entries(LOG), roots, book)
        check = AnchorCheck(lineage, roots, self._tree.size, keys, trust, book)
        check.statements()
        check.stored(tree.checkpoints())
        check.carried(getattr(self._source, "carried", ()))
        book.anchored = check.held(anchors)

    def _begin(self, instance: str, before: Run | None) -> Run:
        if before is not None:
            self._end(before)
            if instance < before.instance:
                self._book.error("chain", "sorted", instance, None, before=before.instance)
        self._book.instances += 1
        return self._replay.begin(instance)

    def _end(self, run: Run) -> None:
        self._days.end(run)
        if self._caches is not None:
            self._caches.instance(run, self._replay.phase(run))
        self._tasks.instance(run)

    def _instance(self, entries: Iterator[Any], run: Run) -> None:
        """Check the entries of one instance: pass over those that are as usual, look at the others one by one."""
        more = True
        while more:
            rows = list(islice(entries, _STRETCH))
            more = len(rows) == _STRETCH
            self._tree.entries(rows)
            while rows:
                passed, odd = self._usual.passes(rows, run)
                if passed == len(rows):
                    break
                for row in rows[passed : passed + odd]:
                    self._entry(plain(row), run)
                rows = rows[passed + odd :]
            if self._progress is not None and self._book.entries >= self._told:
                self._told = self._book.entries - self._book.entries % _TOLD + _TOLD
                self._progress(self._book.entries)

    def _entry(self, row: Any, run: Run) -> None:
        """Check one entry and make it the head of its instance."""
        if type(row[1]) is not int:
            self._book.error("bytes", "columns", row[0], None)
            return
        self._book.entries += 1
        self._chain.entry(row, run)
        try:
            body = self._shapes.read(row.body)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            self._book.error("bytes", "not_canonical", row.instance, row.seq, reason=str(error)[:200])
            self._texts.unreadable(row.instance, row.seq)
        else:
            text = self._texts.next
            if body.digests or (text is not None and text[0] <= row[0]):
                self._texts.entry(row[0], row[1], body.shape.fields, body.digests)
            try:
                self._replay.entry(row, body, run)
                self._days.entry(row, body, run, self._replay.day(row.at))
            except ODD as error:
                reason = f"{type(error).__name__}: {error}"[:200]
                self._book.error("replay", "malformed", row.instance, row.seq, reason=reason)
            if row.kind == "genesis" and row.instance == LOG:
                check_log(self._head, body.parsed(), self._book)
        run.seq, run.head = row[1], row[10]
        if type(row[3]) is int:
            run.at = row[3]
        if row[2] not in NOTES:
            run.rev = row[1]
