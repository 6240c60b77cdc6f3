"""Checkpoints, those that the log keeps and those that were kept outside, against the tree that the entries make."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow.audit.checkpoint import Anchor, origin_of
from kfq_workflow.audit.note import NoteError, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.audit.note import Check, VerifierKey
    from kfq_workflow.entry import Row
    from kfq_workflow.seal_store import CheckpointRow
    from kfq_workflow.verify.report import Book


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys whose signatures count, and what checks one; no keys: signatures are not checked."""

    keys: tuple[VerifierKey, ...] = ()
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Anchored:
    """The anchor that a verdict rests on: where it was found, its origin and size, and how many entries are newer.

    `signed` names the trusted keys that signed it; `at` is the latest time that a cosigner vouches for, in s since
    1970 UTC.
    """

    label: str
    origin: str
    size: int
    newer: int
    signed: tuple[str, ...] = ()
    at: int | None = None


NOBODY = Trust()


def origin_said(log: str, genesis: Row | None) -> str:
    """Return the origin line of a log, from its name and its genesis."""
    said: Any = None
    with suppress(ValueError, TypeError, AttributeError):
        said = json.loads(genesis.body).get("origin") if genesis is not None else None
    return origin_of(log, said if isinstance(said, str) else "")


def signed(anchor: Anchor, trust: Trust) -> bool:
    """Tell whether a trusted key signed an anchor, and none falsely."""
    try:
        return trust.check is not None and bool(verify(anchor.note, trust.keys, trust.check))
    except NoteError:
        return False


class AnchorCheck:
    """Compares checkpoints with the roots after each seal."""

    def __init__(self, origin: str, roots: Mapping[int, bytes], size: int, trust: Trust, book: Book) -> None:
        self._origin = origin
        self._roots = roots
        self._size = size
        self._trust = trust
        self._book = book
        #: The first root that was said of each size, and by whom.
        self._said: dict[int, tuple[bytes, str]] = {}

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

    def held(self, anchors: Iterable[Anchor]) -> Anchored | None:
        """Check the anchors that were kept outside; return the newest that the log agrees with."""
        best: Anchored | None = None
        for anchor in sorted(anchors, key=lambda anchor: anchor.checkpoint.size):
            agrees = self._compare("anchor", anchor)
            signed = self._signatures("anchor", anchor)
            if agrees and signed is not None:
                names, at = signed
                size = anchor.checkpoint.size
                newer = max(self._book.entries + self._book.skipped[0] - size, 0)
                best = Anchored(anchor.label, self._origin, size, newer, names, at)
        return best

    def _compare(self, layer: Literal["tree", "anchor"], anchor: Anchor) -> bool:
        """Compare one checkpoint with the tree, and with what others said of the same size."""
        said, book = anchor.checkpoint, self._book
        if said.origin != self._origin:
            book.error(layer, "other_log", label=anchor.label, origin=said.origin, expected=self._origin)
            return False
        root, label = self._said.setdefault(said.size, (said.root, anchor.label))
        if root != said.root:
            book.error(layer, "fork", label=anchor.label, other=label, size=said.size)
        if said.size > self._size:
            book.error(layer, "size_shrunk", label=anchor.label, size=said.size, found=self._size)
        elif self._roots.get(said.size) != said.root:
            if self._size in self._roots or said.size in self._roots:
                book.error(layer, "root_differs", label=anchor.label, size=said.size)
            else:  # leaves are missing, which has been reported, so that the root cannot be told
                book.not_checked(f"{layer} {anchor.label}", needed=True)
        else:
            return True
        return False

    def _signatures(
        self, layer: Literal["tree", "anchor"], anchor: Anchor
    ) -> tuple[tuple[str, ...], int | None] | None:
        """Return who signed a checkpoint and when, None where no trusted key did."""
        trust, book = self._trust, self._book
        if not trust.keys or trust.check is None:
            if anchor.note.signatures:
                book.not_checked("signatures")
            return (), None
        try:
            found = verify(anchor.note, trust.keys, trust.check)
        except NoteError as error:
            book.error(layer, "signature_bad", label=anchor.label, reason=str(error))
            return None
        if not found:
            book.warning(layer, "signature_missing", label=anchor.label)
            if layer == "anchor":
                book.not_checked(f"anchor {anchor.label}", needed=True)
            return None
        times = [one.at for one in found if one.at is not None]
        return tuple(one.key.name for one in found), max(times, default=None)
