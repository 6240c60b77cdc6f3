"""What of a log goes into a bundle: all of it, one instance with what is needed to judge it, or an interval.

A selection is a source that shows only this, so it is written as an export is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.bundle.cited import citations, mentioned
from kfq_workflow.errors import NotFound
from kfq_workflow.stored.tree_source import NoTree
from kfq_workflow.verify import verify
from kfq_workflow.verify.keys import recorded
from kfq_workflow.verify.past import bodies
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.bundle.cited import Citation
    from kfq_workflow.bundle.layout import Scope
    from kfq_workflow.bundle.proofs import Newest
    from kfq_workflow.bundle.snapshot import Snapshot
    from kfq_workflow.entry import Row
    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.seal_store import CheckpointRow
    from kfq_workflow.stored.source import Document, TextRow
    from kfq_workflow.stored.tree_source import Place, TreeSource
    from kfq_workflow.verify.report import Book

SEALED = "sealed"
DEFINITION, ACTOR, NUMBER = "~definition/", "~actor/", f"{NUMBERS}/"


class _Placed(Protocol):
    @property
    def instance(self) -> str: ...
    @property
    def seq(self) -> int: ...


T = TypeVar("T", bound=_Placed)


class Selection(NoTree):
    """The whole log; what shows only a part of it says less. Its tree says where the entries shown lie."""

    #: The keys of other instances that the entries mention.
    mentions: tuple[str, ...] = ()

    def __init__(self, snapshot: Snapshot, *, texts: bool) -> None:
        self._snapshot = snapshot
        self._source = snapshot.source
        self._texts = texts

    def log(self) -> LogHead:
        """Return the log's head."""
        return self._snapshot.head

    def documents(self) -> Iterator[Document]:
        """Yield the documents that are shown."""
        return self._source.documents()

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield the entries that are shown, by (instance, seq)."""
        return self._source.entries(instance)

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield the texts beside the entries that are shown, where texts are wanted."""
        return self._source.texts(instance) if self._texts else iter(())

    def tree(self) -> TreeSource | None:
        """Return this itself: it knows where its entries lie."""
        return self

    def places(self) -> Iterator[Place]:
        """Yield where the entries that are shown lie in the tree."""
        tree = self._source.tree()
        return iter(()) if tree is None else tree.places()

    def checkpoints(self) -> Iterator[CheckpointRow]:
        """Yield every checkpoint that the log has kept."""
        return iter(self._snapshot.store.checkpoints(self._snapshot.cursor))

    def stated(self) -> Iterator[int]:
        """Yield the sizes of the trees that statements about keys speak of."""
        for _, statement in recorded(self.entries(LOG)):
            yield statement.said.checkpoint.size

    def newest(self) -> Iterator[Newest]:
        """Yield the proofs of which entries were the newest of their chains."""
        return iter(())

    def citations(self) -> Iterator[Citation]:
        """Yield the entries that are cited and not shown."""
        return iter(())


class OneInstance(Selection):
    """One instance, and the reserved chains without which its entries, and theirs, cannot be decided again.

    Which these are verification itself tells: it is run on the instance, and on what it asked for, until it asks for
    nothing new. Raises NotFound.
    """

    def __init__(self, snapshot: Snapshot, key: str, anchors: Sequence[int], *, texts: bool) -> None:
        super().__init__(snapshot, texts=texts)
        self._key = key
        if next(iter(self._source.entries(key)), None) is None:
            raise NotFound("instance", key)
        self._chains = frozenset([key])
        while True:
            asking = _Asking(snapshot, self._chains)
            verify(asking)
            found = self._chains | {name for name in asking.asked if self._exists(name)}
            if found == self._chains:
                break
            self._chains = found
        self._chains |= set(self._numbers())
        self.mentions = tuple(sorted({name for _, body in self._own() for name in mentioned(key, body)}))
        kept = max((row.size for row in self.checkpoints()), default=0)
        sealed = {row.seq: row for size in (*anchors, kept, snapshot.size) if (row := snapshot.seal_of(size))}
        #: The seals that are shown: the newest, and those that anchors were made of.
        self.seals = [sealed[seq] for seq in sorted(sealed)]
        wanted = {1, *(row.seq for row in self.seals)}
        self._log = [row for row in snapshot.source.entries(LOG) if row.seq in wanted or row.kind != SEALED]

    def _exists(self, name: str) -> bool:
        needed = name == CALENDAR or name.startswith((ACTOR, DEFINITION))
        return needed and next(iter(self._source.entries(name)), None) is not None

    def _numbers(self) -> Iterator[str]:
        """Yield the chains of document numbers that this instance retired and no other: those would name others."""
        for _, body in self._own():
            for item in effects if isinstance(effects := body.get("effects"), list) else ():
                chain = item.get("on") if isinstance(item, dict) else None
                if isinstance(chain, str) and chain.startswith(NUMBER) and self._alone(chain):
                    yield chain

    def _alone(self, chain: str) -> bool:
        causes = [body.get("cause") for _, body in bodies(self._source.entries(chain))]
        return all(isinstance(cause, dict) and cause.get("instance") == self._key for cause in causes)

    def _own(self) -> Iterator[tuple[Row, dict[str, object]]]:
        return bodies(self._source.entries(self._key))

    def documents(self) -> Iterator[Document]:
        """Yield the documents that the definitions name, and calendars."""
        named = set()
        for name in self._chains:
            if name.startswith(DEFINITION):
                for _, body in bodies(self._source.entries(name)):
                    named |= {body.get("rules"), body.get("labels")}
            elif name == CALENDAR:
                named |= {body.get("calendar") for _, body in bodies(self._source.entries(name))}
        return (document for document in self._source.documents() if document.digest.hex() in named)

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield the entries of these chains, and of the log's own all but the other seals."""
        for name in sorted({*self._chains, LOG}) if instance is None else [instance]:
            yield from self._log if name == LOG else self._source.entries(name)

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield the texts beside them, that of a recovery included: why the log was restored."""
        for name in sorted({*self._chains, LOG}) if instance is None else [instance]:
            yield from super().texts(name)

    def places(self) -> Iterator[Place]:
        """Yield where these entries lie."""
        shown = {row.seq for row in self._log}
        for name in sorted({*self._chains, LOG}):
            yield from (place for place in self._snapshot.places(name) if name != LOG or place.seq in shown)

    def newest(self) -> Iterator[Newest]:
        """Yield, for each seal that is shown, which entries were the newest of its chains, but for ~log's."""
        for seal in self.seals:
            yield from self._snapshot.newest(seal, self._chains - {LOG})

    def citations(self) -> Iterator[Citation]:
        """Yield what the instance's own entries cite of others."""
        for _, body in self._own():
            yield from citations(self._key, body)


class Interval(Selection):
    """What was recorded in an interval, with the seals around it and what else the log says of itself."""

    def __init__(self, snapshot: Snapshot, scope: Scope, *, texts: bool) -> None:
        super().__init__(snapshot, texts=texts)
        self._scope = scope
        before: Row | None = None
        after: Row | None = None
        for row in snapshot.source.entries(LOG):
            if row.kind == SEALED:
                if scope.since is not None and row.at < scope.since:
                    before = row
                if scope.until is not None and row.at >= scope.until and after is None:
                    after = row
        self._seals = {1, *(row.seq for row in (before, after, snapshot.seal) if row is not None)}

    def documents(self) -> Iterator[Document]:
        """Yield nothing: nothing is decided again."""
        return iter(())

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        """Yield the entries of the interval."""
        for row in self._source.entries(instance):
            extra = row.instance == LOG and (row.seq in self._seals or row.kind != SEALED)
            if extra or self._scope.holds(row.at):
                yield row

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        """Yield the texts beside them."""
        return _beside(self.entries(instance), super().texts(instance))

    def places(self) -> Iterator[Place]:
        """Yield where they lie."""
        return _beside(self.entries(), super().places())


def _beside(rows: Iterable[Row], items: Iterable[T]) -> Iterator[T]:
    """Yield the items that stand beside one of the entries; both come by (instance, seq)."""
    entries = iter(rows)
    row = next(entries, None)
    for item in items:
        while row is not None and (row.instance, row.seq) < (item.instance, item.seq):
            row = next(entries, None)
        if row is None:
            return
        if (row.instance, row.seq) == (item.instance, item.seq):
            yield item


class _Asking:
    """A source of some chains that notes which others verification asks for, and shows none that is an instance's."""

    gaps = frozenset([LOG])

    def __init__(self, snapshot: Snapshot, chains: frozenset[str]) -> None:
        self._snapshot = snapshot
        self._chains = chains
        self.asked: set[str] = set()

    def shows(self, instance: str) -> bool:
        return instance in self._chains or instance.startswith("~")

    def log(self) -> LogHead:
        return self._snapshot.head

    def documents(self) -> Iterator[Document]:
        return self._snapshot.source.documents()

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        if instance is not None:
            self.asked.add(instance)
            yield from self._snapshot.source.entries(instance)
            return
        for name in sorted({*self._chains, LOG}):
            rows = self._snapshot.source.entries(name)
            yield from rows if name != LOG else (row for row in rows if row.kind != SEALED)

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:  # noqa: ARG002
        return iter(())

    def instances(self, instance: str | None = None) -> None:  # noqa: ARG002
        return None

    tasks = heads = instances

    def tree(self) -> None:
        return None

    def clock(self) -> None:
        return None

    def inspect(self, book: Book) -> None:
        pass
