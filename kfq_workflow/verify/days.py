"""Whether the days of acts agree where approval gates tie them: a vote is not older than the round it was cast in.

What regions and conditions tie is checked entry by entry, from marks that the fold carries. Gates carry no days, and
an act of today cannot contradict them. So an instance is looked at as a whole, in a second reading, only if it has a
gate and an entry of it names a day that had passed, or a correction may have moved one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.history.lines import contradictions
from kfq_workflow.verify.legality import ODD

if TYPE_CHECKING:
    from kfq_workflow.entry import Row
    from kfq_workflow.stored.source import Source
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.shapes import Body


class DayCheck:
    """Looks at whole instances whose gates may contradict the days of their acts."""

    def __init__(self, source: Source, utc_offset: int, book: Book) -> None:
        self._source = source
        self._utc_offset = utc_offset
        self._book = book
        self._doubtful = ""

    def entry(self, row: Row, body: Body, run: Run, day: str) -> None:
        """Take note of an entry, which was recorded on `day`."""
        past = body.on.hi is not None and body.on.hi < day
        if (past or row.kind == RECTIFIED) and run.node.snapshot.gates:
            self._doubtful = row.instance

    def end(self, run: Run) -> None:
        """Look at an instance whose entries have all been read."""
        if self._doubtful != run.instance:
            return
        rows = list(self._source.entries(run.instance))
        try:
            told = [(row.seq, row.kind, row.at, json.loads(row.body)) for row in rows]
            found = list(contradictions(told, self._utc_offset))
        except ODD:  # what cannot be read is reported as such
            return
        for late in found:
            self._book.error(
                "replay", "date_order", run.instance, late.seq, text=late.text, number=late.before,
                earliest=late.earliest,
            )  # fmt: skip
