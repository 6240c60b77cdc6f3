"""Checkpoints, those that the log keeps and those that were kept outside, against the tree that the entries make.

A checkpoint of an incarnation that was cut (see `audit.incarnation`) is compared as any other as far as it was left.
One of more entries is evidence of what was lost: a warning where the recovery names so many, an error where it does
not; it anchors nothing.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow.audit.checkpoint import Anchor, origin_of
from kfq_workflow.audit.note import NoteError, verify
from kfq_workflow.verify.keys import Trust
from kfq_workflow.verify.report import Anchored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.audit.checkpoint import Checkpoint
    from kfq_workflow.audit.incarnation import Lineage
    from kfq_workflow.audit.note import Signed
    from kfq_workflow.entry import Row
    from kfq_workflow.stored.seal_store import CheckpointRow
    from kfq_workflow.verify.keys import Keys
    from kfq_workflow.verify.report import Book


__all__ = ["NOBODY", "AnchorCheck", "Trust", "origin_said", "trusted"]

NOBODY = Trust()


def origin_said(log: str, genesis: Row | None) -> str:
    """Return the origin line of a log, from its name and its genesis."""
    said: Any = None
    with suppress(ValueError, TypeError, AttributeError):
        said = json.loads(genesis.body).get("origin") if genesis is not None else None
    return origin_of(log, said if isinstance(said, str) else "")


def trusted(anchor: Anchor, keys: Keys, trust: Trust) -> bool:
    """Tell whether a signature of an anchor counts, and none is false; where no keys are trusted any anchor will do."""
    if keys.line is None or trust.check is None:
        return not trust.keys
    try:
        found = verify(anchor.note, keys.line.keys, trust.check)
    except NoteError:
        return False
    return bool(keys.line.counting(found, anchor.checkpoint.size))


class AnchorCheck:
    """Compares checkpoints with the roots after each seal; in a `partial` log not all of these can be told."""

    def __init__(
        self, lineage: Lineage, roots: Mapping[int, bytes], size: int, keys: Keys, trust: Trust, book: Book,
        *, partial: bool = False,
    ) -> None:  # fmt: skip
        self._partial = partial
        self._lineage = lineage
        self._roots = roots
        self._size = size
        self._keys = keys
        self._trust = trust
        self._book = book
        #: The first root that was said of each origin and size, and by whom.
        self._said: dict[tuple[str, int], tuple[bytes, str]] = {}
        #: Anchors of more entries than a recovery has left.
        self._losses: list[str] = []
        #: What a trusted key has signed.
        self._proved: set[Checkpoint] = set()
        for recovery in lineage.recoveries:
            for each in recovery.lost:
                said = each.checkpoint
                self._said.setdefault((said.origin, said.size), (said.root, f"~log #{recovery.seq}"))

    def statements(self) -> None:
        """Compare the tree with what statements about keys say of it."""
        for layer, each in self._keys.taken:
            self._compare(layer, Anchor(each.label, each.said.checkpoint, each.note))

    def stored(self, rows: Iterable[CheckpointRow]) -> None:
        """Check the checkpoints that the log keeps of itself."""
        for row in rows:
            label = f"kfq_checkpoint {row.size}"
            try:
                anchor = Anchor.parse(label, str(row.note).encode(errors="surrogateescape"))
            except NoteError as error:
                self._book.error("tree", "checkpoint_malformed", size=row.size, reason=str(error))
                continue
            said = anchor.checkpoint
            if (said.size, said.root) != (row.size, row.root):
                self._book.error("tree", "checkpoint_malformed", size=row.size, reason="size, root")
            self._compare("tree", anchor)
            self._signatures("tree", anchor)

    def carried(self, anchors: Iterable[Anchor]) -> None:
        """Compare checkpoints that came with the log and that no trusted key has signed: they anchor nothing."""
        for anchor in anchors:
            self._compare("anchor", anchor)

    def held(self, anchors: Iterable[Anchor]) -> Anchored | None:
        """Check the anchors that were kept outside; return the newest that the log agrees with.

        Of several as new that with most signatures is, or else the one that was given first: an auditor's own come
        before those in a bundle.
        """
        best: Anchored | None = None
        for anchor in sorted(anchors, key=lambda anchor: anchor.checkpoint.size):
            agrees = self._compare("anchor", anchor)
            signed = self._signatures("anchor", anchor)
            if agrees and signed is not None:
                names = tuple(one.key.name for one in signed)
                at = max((one.at for one in signed if one.at is not None), default=None)
                through = tuple(filter(None, (self._keys.path(one.key) for one in signed)))
                said = anchor.checkpoint
                newer = max(self._book.entries + self._book.skipped[0] - said.size, 0)
                found = Anchored(anchor.label, said.origin, said.size, newer, names, at, through)
                if best is None or (found.size, len(found.signed)) > (best.size, len(best.signed)):
                    best = found
        if best is None:  # evidence of what was lost, and nothing that what is left could be compared with
            for label in self._losses:
                self._book.not_checked(f"anchor {label}", needed=True)
        self._unproved()
        return best

    def _compare(self, layer: Literal["tree", "anchor"], anchor: Anchor) -> bool:
        """Compare one checkpoint with the tree, and with what others said of the same size."""
        said, book, lineage = anchor.checkpoint, self._book, self._lineage
        number = lineage.number_of(said.origin)
        if number is None:
            book.error(layer, "other_log", label=anchor.label, origin=said.origin, expected=lineage.origin)
            return False
        root, label = self._said.setdefault((said.origin, said.size), (said.root, anchor.label))
        if root != said.root:
            book.error(layer, "fork", label=anchor.label, other=label, size=said.size)
        if number > lineage.number:
            book.error(layer, "incarnation_missing", label=anchor.label, number=number, found=lineage.number)
            return False
        cut = lineage.cut(number)
        if cut is not None and said.size > cut:
            return self._beyond(layer, anchor, number, cut)
        if said.size > self._size:
            book.error(layer, "size_shrunk", label=anchor.label, size=said.size, found=self._size)
        elif self._roots.get(said.size) != said.root:
            if said.size in self._roots or (self._size in self._roots and not self._partial):
                book.error(layer, "root_differs", label=anchor.label, size=said.size)
            else:  # leaves are missing, which has been reported, or hidden, so that the root cannot be told
                book.not_checked(f"{layer} {anchor.label}", needed=True)
        else:
            return True
        return False

    def _beyond(self, layer: Literal["tree", "anchor"], anchor: Anchor, number: int, cut: int) -> bool:
        """Compare a checkpoint of more entries than a recovery has left with what the recovery says."""
        said, book = anchor.checkpoint, self._book
        named = self._lineage.named(number)
        if self._roots.get(said.size) == said.root:
            if said in named:
                book.error(layer, "recovery_false", label=anchor.label, size=said.size, kept=cut)
                return False
            book.warning(layer, "recovery_overstated", label=anchor.label, size=said.size, kept=cut)
            return True
        most = named[-1].size if named else cut
        if said.size > most:
            book.error(layer, "loss_unnamed", label=anchor.label, size=said.size, named=most, kept=cut)
        elif layer == "anchor":
            self._losses.append(anchor.label)
            book.warning(layer, "lost", label=anchor.label, first=cut + 1, last=said.size)
        return False

    def _unproved(self) -> None:
        """Note the checkpoints that recoveries name and of which there is no copy that a trusted key has signed."""
        if self._keys.line is None:
            return
        for recovery in self._lineage.recoveries:
            for each in recovery.lost:
                if each.checkpoint not in self._proved:
                    self._book.warning("tree", "recovery_unproved", "~log", recovery.seq, size=each.checkpoint.size)

    def _signatures(self, layer: Literal["tree", "anchor"], anchor: Anchor) -> list[Signed] | None:
        """Return the signatures of a checkpoint that count, None where none does."""
        line, check, book = self._keys.line, self._trust.check, self._book
        if line is None or check is None:
            if anchor.note.signatures:
                book.not_checked("signatures")
            return []
        try:
            found = verify(anchor.note, line.keys, check)
        except NoteError as error:
            book.error(layer, "signature_bad", label=anchor.label, reason=str(error))
            return None
        counting = line.counting(found, anchor.checkpoint.size)
        if not counting:
            names = ", ".join(one.key.name for one in found)
            book.warning(layer, "signature_revoked" if found else "signature_missing", label=anchor.label, names=names)
            if layer == "anchor":
                book.not_checked(f"anchor {anchor.label}", needed=True)
            return None
        self._proved.add(anchor.checkpoint)
        return counting
