"""Verify a bundle: what it is made of, then its log as an export, then that what it shows lies in the log whole.

What is found has layer, kind and place as everywhere; the layer `bundle` is the file that was handed over.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.audit.note import NoteError
from kfq_workflow.audit.note import verify as signatures_of
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.bundle import interval
from kfq_workflow.bundle.cited import citations, mentioned
from kfq_workflow.bundle.layout import LOG as LINES
from kfq_workflow.bundle.layout import is_anchor
from kfq_workflow.bundle.part import PartTree, leaves_file
from kfq_workflow.bundle.reader import is_bundle, open_bundle
from kfq_workflow.bundle.selection import ACTOR, DEFINITION, NUMBER
from kfq_workflow.bundle.source import PartSource, WholeSource, body_of
from kfq_workflow.errors import InvalidInput, NotInitialised
from kfq_workflow.export import ExportSource
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, AnchorCheck, Trust, origin_said
from kfq_workflow.verify.keys import KIND, keys_of
from kfq_workflow.verify.recoveries import read_recoveries
from kfq_workflow.verify.report import Book
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kfq_workflow.bundle.cited import Citation
    from kfq_workflow.bundle.reader import Opened
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.keys import Keys
    from kfq_workflow.verify.report import Report

__all__ = ["is_bundle", "lines_of", "verify_bundle"]


def lines_of(path: str | Path) -> ExportSource:
    """Return the log that lies in a bundle, to be shown: nothing of it is verified here.

    Raises InvalidInput when it cannot be read, or is of an interval, in which instances begin in the middle.
    """
    opened = open_bundle(path, Book())
    if opened is None or opened.manifest.scope.recorded:
        raise InvalidInput("bundle_not_shown", path=str(path))
    return ExportSource(opened.parts[LINES])


def verify_bundle(
    path: str | Path,
    anchors: Iterable[Anchor] = (),
    *,
    trust: Trust = NOBODY,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Verify a bundle, a zip file or the folder that it unpacks to, and tell what was found as for any log.

    `anchors` are checkpoints that the auditor brings, and anchor the verdict. Those in the bundle do so only where one
    of the keys that `trust` names has signed them: they came by the same hand. Raises InvalidInput when nothing can
    be read there.
    """
    book = Book()
    opened = open_bundle(path, book)
    if opened is None:
        return book.report()
    try:
        hash_of(opened.manifest.suite)
    except InvalidInput:
        book.not_checked(f"suite {opened.manifest.suite}", needed=True)
        return book.report()
    try:
        signed, carried = _carried(opened, trust, book)
        held = (*anchors, *signed)
        if opened.manifest.scope.whole:
            return verify(WholeSource(opened, book, carried), held, trust=trust, progress=progress)
        source = _Part(opened, book, carried, held, trust)
        source.log()
        if opened.manifest.scope.recorded:
            return interval.verify_interval(source, progress)
        return verify(source, trust=trust, progress=progress)
    except NotInitialised:
        ExportSource(opened.parts[LINES]).inspect(book)
        book.error("chain", "genesis_missing", LOG, 1)
        return book.report()


def keyed(source: ExportSource) -> list[Row]:
    """Return the entries in which keys are handed over or revoked."""
    return [row for row in source.entries(LOG) if row.kind == KIND]


def origin_of_log(source: ExportSource) -> str:
    """Return the origin line of the log that lines are of."""
    return origin_said(source.log().log, next(source.entries(LOG), None))


def _carried(opened: Opened, trust: Trust, book: Book) -> tuple[tuple[Anchor, ...], tuple[Anchor, ...]]:
    """Return the checkpoints in a bundle that a trusted key has signed, and the others."""
    lines = ExportSource(opened.parts[LINES])
    keys = keys_of(keyed(lines), trust, origin_of_log(lines), Book())
    signed: list[Anchor] = []
    others: list[Anchor] = []
    for name, part in sorted(opened.parts.items()):
        if not is_anchor(name):
            continue
        try:
            with part.open() as file:
                anchor = Anchor.parse(name, file.read())
        except NoteError as error:
            book.error("bundle", "anchor", member=name, reason=str(error))
            continue
        (signed if _counts(anchor, keys, trust) else others).append(anchor)
    return tuple(signed), tuple(others)


def _counts(anchor: Anchor, keys: Keys, trust: Trust) -> bool:
    """Tell whether a trusted key has signed; a false signature counts as one, so that it is found."""
    if keys.line is None or trust.check is None:
        return False
    try:
        return bool(signatures_of(anchor.note, keys.line.keys, trust.check))
    except NoteError:
        return True


class _Part(PartSource):
    """A bundle of a part: when verify asks what it has to say, it compares tree, scope, manifest and checkpoints."""

    def __init__(
        self, opened: Opened, before: Book, carried: tuple[Anchor, ...], held: tuple[Anchor, ...], trust: Trust
    ) -> None:
        super().__init__(opened, before, carried)
        self._held = held
        self._trust = trust
        self._cited: list[tuple[int, Citation]] = []
        self._mentions: set[str] = set()

    def inspect(self, book: Book) -> None:
        """Compare what the bundle has with the tree, with its manifest and with checkpoints."""
        book.merge(self._before)
        with closing(leaves_file()) as file:
            tree = PartTree(self, hash_of(self.log().suite), book, file)
            self._read(tree, book)
            kept = list(self.checkpoints())
            origin = origin_of_log(self)
            keys = keys_of(keyed(self), self._trust, origin, book)
            sizes = {row.size for row in kept} | {each.checkpoint.size for each in (*self._held, *self.carried)}
            sizes |= {statement.said.checkpoint.size for _, statement in keys.taken}
            roots = tree.roots(sizes, {leaf for _, (_, _, leaf) in self._cited})
            if roots:
                tree.uncited(self._cited)
            self._told(tree, book)
            lineage = read_recoveries(origin, self.entries(LOG), roots, book, partial=True)
            check = AnchorCheck(lineage, roots, tree.size, keys, self._trust, book, partial=True)
            check.statements()
            check.stored(kept)
            check.carried(self.carried)
            best = check.held(self._held)
            if best is not None:
                tree.ends(best.size, best.label)
                book.anchored = replace(best, newer=tree.entries - tree.shown(0, best.size))
        ExportSource.inspect(self, book)

    def _read(self, tree: PartTree, book: Book) -> None:
        """Read every entry with its place, and hold it to the scope."""
        scope = self.manifest.scope
        for row, position in tree.read():
            if row.instance != LOG and not self._belongs(row):
                book.error("bundle", "scope", row.instance, row.seq)
            elif row.instance == scope.instance:
                self._mention(row, position)

    def _belongs(self, row: Row) -> bool:
        scope = self.manifest.scope
        if scope.recorded:
            return scope.holds(row.at)
        return row.instance in (scope.instance, CALENDAR) or row.instance.startswith((ACTOR, DEFINITION, NUMBER))

    def _mention(self, row: Row, position: int | None) -> None:
        key, body = row.instance, body_of(row)
        self._mentions |= mentioned(key, body)
        if position is not None:
            self._cited += [(row.seq, cited) for cited in citations(key, body) if not self.has(cited.instance)]

    def _told(self, tree: PartTree, book: Book) -> None:
        """Compare the manifest with what was found, and say what was not checked."""
        self.tells(book, tree.entries, tree.placed)
        said = self.manifest
        pairs: list[tuple[str, Any, Any]] = [("mentions", list(said.mentions), sorted(self._mentions))]
        for name, found, expected in pairs:
            if found != expected:
                book.error("bundle", "manifest_differs", name=name, found=found, expected=expected)
        if tree.entries > tree.placed:
            book.not_checked(f"unsealed {tree.entries - tree.placed}")
        if said.scope.recorded:
            if tree.left_out:
                book.not_checked(f"hidden {tree.left_out}")
            return
        book.not_checked("other instances")
        for name in tree.bare:
            book.not_checked(f"later {name}", needed=True)
        for name in sorted(self.absent):
            book.not_checked(f"actor {name}", needed=True)
