"""Verify what was recorded in an interval: bytes, links, texts and heads. What came before is not there."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from kfq_workflow.audit.sealing import LOG
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.source import raw
from kfq_workflow.verify.caches import HeadCheck
from kfq_workflow.verify.chain import ChainCheck
from kfq_workflow.verify.erasure import Erasures
from kfq_workflow.verify.fold import Node, Run
from kfq_workflow.verify.report import Book
from kfq_workflow.verify.shapes import Shapes
from kfq_workflow.verify.texts import TextCheck, TextsWithheld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kfq_workflow.bundle.source import PartSource
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.report import Report

_TOLD = 10_000


def verify_interval(source: PartSource, progress: Callable[[int], object] | None = None) -> Report:
    """Verify a bundle of what was recorded in an interval. Raises NotInitialised where it has no genesis."""
    book, head = Book(), source.log()
    book.not_checked("caches")
    book.not_checked("earlier entries")
    book.not_checked("replay", needed=True)
    check = _Chains(source, book)
    for instance, rows in groupby(source.entries(), key=lambda row: row.instance):
        book.instances += 1
        check.instance(Run(instance, Node(Snapshot()), head.genesis), rows, progress)
    check.finish()
    source.inspect(book)
    return book.report()


class _Elsewhere(Erasures):
    """A text that is missing may have been erased by an entry that the interval has not, so that is not checked."""

    def covers(self, instance: str, seq: int, field: str) -> bool:
        """Tell that nothing is wrong, and where no entry here erased the text, that it could not be told."""
        if not super().covers(instance, seq, field):
            self._book.not_checked("missing texts", needed=True)
        return True


class _Chains:
    """The links, texts and heads of chains that may begin after their first entry."""

    def __init__(self, source: PartSource, book: Book) -> None:
        self._book = book
        self._chain = ChainCheck(source.log(), None, book)
        self._texts = (
            TextsWithheld(book, Erasures(source, book))
            if source.withheld
            else TextCheck(raw(source.texts()), book, _Elsewhere(source, book), self._chain.hasher)
        )
        self._heads = HeadCheck(source.heads() or iter(()), book)
        self._shapes = Shapes()

    def instance(self, run: Run, rows: Iterable[Row], progress: Callable[[int], object] | None) -> None:
        for row in rows:
            self._book.entries += 1
            if progress is not None and self._book.entries % _TOLD == 0:
                progress(self._book.entries)
            first = run.seq == 0 and row.seq > 1
            gap = run.instance == LOG and row.seq > run.seq + 1
            if first or gap:  # what it is linked to is not there
                run.seq, run.head = row.seq - 1, row.prev
            self._chain.entry(row, run)
            self._words(row)
            run.seq, run.head, run.at = row.seq, row.leaf, row.at
        self._heads.instance(run, None)

    def _words(self, row: Row) -> None:
        try:
            body = self._shapes.read(row.body)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            self._book.error("bytes", "not_canonical", row.instance, row.seq, reason=str(error)[:200])
            self._texts.unreadable(row.instance, row.seq)
        else:
            self._texts.entry(row.instance, row.seq, body.shape.fields, body.digests)

    def finish(self) -> None:
        """Note texts and heads of no entry."""
        self._texts.skip()
        self._heads.skip()
