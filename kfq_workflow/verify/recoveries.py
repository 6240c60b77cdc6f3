"""What the log says of its own recoveries, against its seals and its tree.

    recovered            the log was restored from a backup: a warning for each incarnation that lost entries, never
                         silent, however well it is explained
    recovery_number      its incarnation does not follow the one before
    recovery_origin      it names a checkpoint of another log, or of an incarnation that was not before it
    recovery_kept        what it says was left is not the tree after a seal before it
    recovery_nothing     a checkpoint that it names has no more entries than were left

Whether what it names was ever published, and whether more was lost, only checkpoints that were kept outside can tell
(`anchors`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.audit.incarnation import Lineage, Recovery
from kfq_workflow.verify.shapes import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.entry import Row
    from kfq_workflow.verify.report import Book

LOG = "~log"


def read_recoveries(
    base: str, log: Iterable[Row], roots: Mapping[int, bytes], book: Book, *, partial: bool = False
) -> Lineage:
    """Return the incarnations that a log's own entries say; note what cannot be true of them.

    `base` is the origin of the first, `roots` has the root after each seal, by size, as far as it is known. Of a
    `partial` log not all seals are shown.
    """
    found: list[Recovery] = []
    sizes = {0}
    for row in log:
        try:
            if row.kind == "sealed":
                sizes.add(parsed(row.body)["size"])
            elif row.kind == "recovered":
                recovery = Recovery.parse(row.seq, parsed(row.body))
                shown = sizes | {recovery.size} if partial else sizes
                _check(recovery, Lineage(base, tuple(found)), shown, roots, book)
                found.append(recovery)
                sizes = set()
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # the main stream reports it as malformed
    lineage = Lineage(base, tuple(found))
    _tell(lineage, book)
    return lineage


def _check(recovery: Recovery, before: Lineage, sizes: set[int], roots: Mapping[int, bytes], book: Book) -> None:
    seq = recovery.seq
    if recovery.incarnation <= before.number:
        book.error("tree", "recovery_number", LOG, seq, found=recovery.incarnation, before=before.number)
    if recovery.size not in sizes or roots.get(recovery.size, recovery.root) != recovery.root:
        book.error("tree", "recovery_kept", LOG, seq, size=recovery.size)
    for each in recovery.lost:
        said = each.checkpoint
        number = before.number_of(said.origin)
        if number is None or number >= recovery.incarnation:
            book.error("tree", "recovery_origin", LOG, seq, origin=said.origin)
        elif said.size <= min(recovery.size, before.cut(number) or recovery.size):
            book.error("tree", "recovery_nothing", LOG, seq, size=said.size, kept=recovery.size)


def _tell(lineage: Lineage, book: Book) -> None:
    """Note each recovery, and count what each incarnation lost."""
    for recovery in lineage.recoveries:
        for number in sorted({lineage.number_of(each.checkpoint.origin) or 0 for each in recovery.lost} - {0}):
            last = max(
                c.size for c in (each.checkpoint for each in recovery.lost) if lineage.number_of(c.origin) == number
            )
            kept = lineage.cut(number) or 0
            book.warning(
                "tree", "recovered", LOG, recovery.seq, number=recovery.incarnation, of=number, kept=kept,
                first=kept + 1, last=last,
            )  # fmt: skip
    for number in range(1, lineage.number):
        named = lineage.named(number)
        if named:
            book.lost += max(named[-1].size - (lineage.cut(number) or 0), 0)
