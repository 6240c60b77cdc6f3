"""What a report is made of, read from a log: one instance with its definition, its entries, and what people are called.

A source is a database in one snapshot or an exported file. The entries are the truth here, not the stored states, and
what cannot be read is kept as such: a report on a log that was tampered with must still open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import canonical
from kfq_workflow.definition import model as m
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import DefinitionError, NotFound
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.source import TextRow
from kfq_workflow.views import HistoryEntry, counted, marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.stored.source import Source

#: What reading a body raises that was not written by this library.
ODD = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
_ACTORS, _DEFINITIONS = "~actor/", "~definition/"


@dataclass(frozen=True, slots=True)
class Case:
    """One instance: `known` tells that its definition was found; `unread` are the entries whose body cannot be read."""

    key: str
    workflow: str
    root: str | None
    name: str
    definition: m.Definition
    known: bool
    entries: tuple[HistoryEntry, ...]
    unread: frozenset[int]
    snapshot: Snapshot

    @property
    def acts(self) -> Sequence[HistoryEntry]:
        """The effective history; the full one where corrections cannot be read."""
        try:
            return counted(self.entries)
        except ODD:
            return [entry for entry in self.entries if entry.row.kind != RECTIFIED]

    @property
    def phase(self) -> str | None:
        """The phase of the present state."""
        return self.definition.phase_of(self.snapshot.regions.get("main"))

    @property
    def is_open(self) -> bool:
        """Whether it is in a phase that counts as open for business."""
        return self.phase in self.definition.open_phases

    @property
    def is_closed(self) -> bool:
        """Whether nothing leaves the present state."""
        return self.definition.is_terminal("main", self.snapshot.regions.get("main"))


@dataclass(slots=True)
class Library:
    """The definitions and the people of a log, looked up when they are first needed."""

    source: Source
    _documents: dict[bytes, str] | None = None
    _definitions: dict[bytes, m.Definition | None] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def definition(self, digest: bytes | None) -> m.Definition | None:
        """Return the definition whose rules have this digest, None where it is missing or cannot be read."""
        if digest is None:
            return None
        if digest not in self._definitions:
            self._definitions[digest] = self._read(digest)
        return self._definitions[digest]

    def _read(self, digest: bytes) -> m.Definition | None:
        if self._documents is None:
            self._documents = {bytes(each.digest): each.body for each in self.source.documents()}
        rules = self._documents.get(digest)
        if rules is None:
            return None
        try:
            labels = self._labels(parse_canonical(rules)["name"], digest)
            return canonical.from_documents(rules, labels)
        except (DefinitionError, *ODD):
            return None

    def _labels(self, name: str, digest: bytes) -> str | None:
        """Return the newest labels that were registered with these rules."""
        found = None
        for row in list(self.source.entries(f"{_DEFINITIONS}{name}")):
            body = parse_canonical(row.body)
            if row.kind == "defined" and body["rules"] == digest.hex():
                found = (self._documents or {}).get(bytes.fromhex(body["labels"]))
        return found

    def name(self, actor: str) -> str:
        """Return what an actor is called, or nothing where that is not on record."""
        if actor not in self._names:
            found = [text.value for text in self.source.texts(f"{_ACTORS}{actor}") if text.field == "name"]
            self._names[actor] = found[-1] if found else ""
        return self._names[actor]


def read_case(library: Library, key: str) -> Case:
    """Read one instance. Raises NotFound when nothing of it is on record."""
    rows = list(library.source.entries(key))
    if not rows:
        raise NotFound("instance", key)
    return make_case(library, rows, list(library.source.texts(key)))


def read_cases(library: Library) -> Iterator[Case]:
    """Yield every instance in the order of keys, reserved ones left out; one of them is in memory at a time."""
    texts = groupby(library.source.texts(), attrgetter("instance"))
    of, words = "", list[TextRow]()
    for key, rows in groupby(library.source.entries(), attrgetter("instance")):
        while of < key and (found := next(texts, None)) is not None:
            of, words = found[0], list(found[1])
        if not key.startswith("~"):
            yield make_case(library, list(rows), words if of == key else [])


def make_case(library: Library, rows: list[Row], texts: list[TextRow]) -> Case:
    """Put an instance together from its rows and texts."""
    words: dict[int, dict[str, str]] = {}
    for text in texts:
        words.setdefault(text.seq, {})[text.field] = text.value
    entries: list[HistoryEntry] = []
    unread: set[int] = set()
    snapshot = Snapshot()
    for row in rows:
        body: Mapping[str, Any] = {}
        try:
            body = parse_canonical(row.body)
            snapshot.apply(row.seq, row.kind, body)
        except ODD:
            unread.add(row.seq)
            body = {}
        entries.append(HistoryEntry(row, body, words.get(row.seq, {})))
    first = entries[0].body
    definition = library.definition(None if rows[-1].def_ is None else bytes(rows[-1].def_))
    named = [entry.texts["name"] for entry in entries if "name" in entry.texts]
    workflow = str(first.get("workflow", ""))
    root = first.get("root")
    return Case(
        rows[0].instance,
        workflow or (definition.name if definition else ""),
        root if isinstance(root, str) else None,
        named[-1] if named else "",
        definition or _unknown(workflow, snapshot),
        definition is not None,
        _marked(entries),
        frozenset(unread),
        snapshot,
    )


def _marked(entries: list[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    try:
        return tuple(marked(entries))
    except ODD:
        return tuple(entries)


def _unknown(workflow: str, snapshot: Snapshot) -> m.Definition:
    """Return what stands in for a definition that is missing: the states that were seen, without labels."""
    regions = {name: m.Region(name, state, {state: m.State(state)}) for name, state in snapshot.regions.items()} or {
        "main": m.Region("main", "", {})
    }
    regions.setdefault("main", m.Region("main", "", {}))
    return m.Definition(workflow, 0, regions, (), m.Permissions(start=frozenset()), frozenset())
