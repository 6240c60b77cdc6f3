"""An effective history decided again from its beginning, by the judge that judged what was written.

What a correction leads to is possible if and only if the acts of the effective history would all have been allowed,
each with the definition, the actors and the answers of its time, and on days that follow each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.entry import encode_json
from kfq_workflow.state import NOTES
from kfq_workflow.verify.replayed import ReplayCheck
from kfq_workflow.verify.report import Book
from kfq_workflow.verify.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.entry import Row
    from kfq_workflow.history.effective import Effective
    from kfq_workflow.log import LogHead
    from kfq_workflow.verify.past import Chains
    from kfq_workflow.verify.report import Finding

#: Entries that no other one rests on, and that were judged where they stand.
_ASIDE = frozenset({"declined", "proposed", "redacted"})


def decided_again(
    source: Chains, head: LogHead, rows: Mapping[int, Row], entries: Iterable[Effective]
) -> list[Finding]:
    """Return the errors of replaying an effective history of one instance; `rows` are its entries by number."""
    book, shapes = Book(), Shapes()
    check = ReplayCheck(source, head, book)
    run = None
    for entry in entries:
        if entry.kind in _ASIDE:
            continue
        row = rows[entry.seq]
        run = run or check.begin(row.instance)
        check.entry(row._replace(body=encode_json(entry.body)), shapes.read(encode_json(entry.body)), run)
        run.seq, run.at = row.seq, row.at
        run.rev = run.rev if row.kind in NOTES else row.seq
    return [finding for finding in book.findings if finding.severity == "error" and finding.seq is not None]
