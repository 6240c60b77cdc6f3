"""A bundle as a source for verify: the lines of its log, and what they are compared with besides.

What an export's checks do not look at is looked at when verify asks the source what it has to say (`inspect`): the
manifest, and in a bundle of a part the proofs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.bundle.layout import LOG as LINES
from kfq_workflow.bundle.selection import ACTOR
from kfq_workflow.errors import NotInitialised
from kfq_workflow.export import ExportSource
from kfq_workflow.verify.shapes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.bundle.layout import Manifest
    from kfq_workflow.bundle.reader import Opened
    from kfq_workflow.entry import Row
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

#: Instances of which is kept whether they are shown.
_KEPT = 10_000


class WholeSource(ExportSource):
    """A whole log in a bundle: an export, and a manifest to compare with it.

    `carried` are the checkpoints in the bundle that no trusted key has signed; `before` has what was found so far.
    """

    def __init__(self, opened: Opened, before: Book, carried: tuple[Anchor, ...] = ()) -> None:
        super().__init__(opened.parts[LINES])
        self.manifest: Manifest = opened.manifest
        self.withheld = not opened.manifest.texts
        self.carried = carried
        self._before = before

    def log_name(self) -> str:
        """Return the log's name. Raises NotInitialised."""
        return self.log().log

    def tells(self, book: Book, entries: int, placed: int) -> None:
        """Compare what the manifest says with what was found, as far as both kinds of bundles have it."""
        said, head = self.manifest, self.log()
        pairs: list[tuple[str, Any, Any]] = [
            ("log", said.log, head.log),
            ("suite", said.suite, head.suite),
            ("entries", said.entries, entries),
            ("unsealed", said.unsealed, entries - placed),
        ]
        if self.withheld:
            pairs.append(("texts", 0, sum(1 for _ in self.texts())))
        for name, found, expected in pairs:
            if found != expected:
                book.error("bundle", "manifest_differs", name=name, found=found, expected=expected)

    def inspect(self, book: Book) -> None:
        """Compare the manifest with what was read, and note lines that cannot be read."""
        book.merge(self._before)
        size, root, placed = book.tree or (0, None, 0)
        self.tells(book, book.entries, placed)
        said = self.manifest
        if said.size != size or (root is not None and said.root != root):
            book.error("bundle", "manifest_differs", name="tree", found=said.size, expected=size)
        if said.mentions:
            book.error("bundle", "manifest_differs", name="mentions", found=list(said.mentions), expected=[])
        super().inspect(book)


class PartSource(WholeSource):
    """One instance in a bundle, with the reserved chains that it needs; no other instance can be asked for."""

    #: The chain of the log itself is shown with gaps.
    gaps = frozenset([LOG])

    def __init__(self, opened: Opened, before: Book, carried: tuple[Anchor, ...] = ()) -> None:
        super().__init__(opened, before, carried)
        self.proofs = opened.parts["proofs.jsonl"]
        self._shown: dict[str, bool] = {}
        #: Actors that were asked for and have no chain here.
        self.absent: set[str] = set()

    def shows(self, instance: object) -> bool:
        """Tell whether there is an answer to what is asked of an instance.

        Of reserved chains there always is, but for a document number that another instance has retired as well.
        """
        if not isinstance(instance, str):
            return False
        return self.has(instance) or (instance.startswith("~") and not instance.startswith(f"{NUMBERS}/"))

    def has(self, instance: str) -> bool:
        """Tell whether the bundle has entries of an instance."""
        if instance not in self._shown:
            if len(self._shown) >= _KEPT:
                self._shown.clear()
            self._shown[instance] = next(super().entries(instance), None) is not None
        return self._shown[instance]

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield the entries of a chain, or of all, and note an actor that has none."""
        if instance is not None and instance.startswith(ACTOR) and not self.has(instance):
            self.absent.add(instance.removeprefix(ACTOR))
        return super().entries(instance)

    def tree(self) -> TreeSource | None:
        """Return None: of a part of a log there is no tree, but proofs."""
        return None


def body_of(row: Row) -> dict[str, Any]:
    """Return the body of an entry, empty where it cannot be read."""
    return readable(row.body) or {}


__all__ = ["NotInitialised", "PartSource", "WholeSource", "body_of"]
