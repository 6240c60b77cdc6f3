"""One pass over the instances of a log, or over some of them: what is wrong with them, and what they leave open.

Entries that are as usual are passed over together (`usual`), which is several times as fast; every other one goes
through the checks one by one, and only these note findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.hashing import SUITES
from kfq_workflow.state import NOTES
from kfq_workflow.stored.source import Shared, plain, raw
from kfq_workflow.stored.tree_source import ALL, NoTree, Span
from kfq_workflow.verify.caches import CacheCheck, HeadCheck, TaskCheck
from kfq_workflow.verify.chain import LOG, ChainCheck, check_log, genesis_head
from kfq_workflow.verify.days import DayCheck
from kfq_workflow.verify.erasure import Erasures
from kfq_workflow.verify.legality import ODD
from kfq_workflow.verify.replayed import ReplayCheck
from kfq_workflow.verify.report import Book
from kfq_workflow.verify.seals import Seals
from kfq_workflow.verify.shapes import Shapes
from kfq_workflow.verify.texts import TextCheck, TextsWithheld
from kfq_workflow.verify.tree import TreeCheck
from kfq_workflow.verify.usual import Usual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.stored.source import Source
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.heads import HeadLeaves
    from kfq_workflow.verify.replayed import Loose
    from kfq_workflow.verify.seals import Leaves

#: Entries of one instance that are looked at together, and entries between two notes of progress.
_STRETCH, _TOLD = 128, 10_000
_INSTANCE = itemgetter(0)


@dataclass(slots=True)
class Outcome:
    """What one reader found, and what it leaves open until all parts are there."""

    book: Book
    loose: Loose
    leaves: Leaves
    heads: HeadLeaves
    told: Any = None


def read(
    source: Source, span: Span = ALL, *, key: str | None = None, progress: Callable[[int], object] | None = None
) -> Outcome:
    """Read a log, the instances of a span of it, or with `key` one, and check them."""
    book = Book()
    own = source.part(span) if span is not ALL and isinstance(source, Shared) else source
    reader = _Reader(own, book, key)
    reader.read(progress)
    leaves, heads = reader.tree.finish()
    told = own.told() if span is not ALL and isinstance(own, Shared) else None
    return Outcome(book, reader.replay.loose(), leaves, heads, told)


def _rows(source: Source, table: str, key: str | None) -> Iterator[tuple[Any, ...]]:
    """Yield entries or texts with their bytes, as the source gives them if it can (see `source.raw`)."""
    own: Callable[[str | None], Iterator[tuple[Any, ...]]] | None = getattr(source, f"raw_{table}", None)
    return raw(getattr(source, table)(key)) if own is None else own(key)


class _Reader:
    """One pass over a log or a part of it."""

    def __init__(self, source: Source, book: Book, key: str | None) -> None:
        head = source.log()
        self._book = book
        self._key = key
        self._source = source
        self._progress: Callable[[int], object] | None = None
        self._told = _TOLD
        self._head = head
        head = genesis_head(head, next(iter(source.entries(LOG)), None))
        self._chain = ChainCheck(head, source.clock(), book, getattr(source, "gaps", frozenset()))
        erasures = Erasures(source, book)
        self.replay = ReplayCheck(source, head, book, erasures)
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
        tree = (source.tree() if key is None and self._head.suite in SUITES else None) or NoTree()
        seals = Seals(() if isinstance(tree, NoTree) else source.entries(LOG), Book())
        self.tree = TreeCheck(tree, seals, self._chain.hasher, book, getattr(source, "skips", None))
        self._shapes = Shapes()
        self._usual = Usual(self._chain, self._texts, self.replay, self._shapes, book)

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

    def _begin(self, instance: str, before: Run | None) -> Run:
        if before is not None:
            self._end(before)
            if instance < before.instance:
                self._book.error("chain", "sorted", instance, None, before=before.instance)
        self._book.instances += 1
        return self.replay.begin(instance)

    def _end(self, run: Run) -> None:
        self._days.end(run)
        if self._caches is not None:
            self._caches.instance(run, self.replay.phase(run))
        self._tasks.instance(run)

    def _instance(self, entries: Iterator[Any], run: Run) -> None:
        """Check the entries of one instance: pass over those that are as usual, look at the others one by one."""
        more = True
        while more:
            rows = list(islice(entries, _STRETCH))
            more = len(rows) == _STRETCH
            self.tree.entries(rows)
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
                self.replay.entry(row, body, run)
                self._days.entry(row, body, run, self.replay.day(row.at))
            except ODD as error:
                reason = f"{type(error).__name__}: {error}"[:200]
                self._book.error("replay", "malformed", row.instance, row.seq, reason=reason)
            if row.kind == "genesis" and row.instance == LOG and row.seq == 1:
                check_log(self._head, body.parsed(), self._book)
        run.seq, run.head = row[1], row[10]
        if type(row[3]) is int:
            run.at = row[3]
        if row[2] not in NOTES:
            run.rev = row[1]
