"""What the rest of the log said at the time: actors, definitions and cited entries, read beside the main stream.

Each is read when it is first asked for and kept in a bounded number; a reserved chain is a handful of entries.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kfq_workflow import working_days
from kfq_workflow.definition import canonical
from kfq_workflow.definition.model import LANG, FieldIs, leaves
from kfq_workflow.entry import document_digest
from kfq_workflow.errors import DefinitionError
from kfq_workflow.machine import Rules
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor
from kfq_workflow.verify.shapes import readable
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.source import Document
    from kfq_workflow.verify.report import Book
    from kfq_workflow.working_days import Calendar

#: Actors, and cited instances, that are kept at a time.
_ACTORS, _CITED = 1_000, 32
#: An act may have read its actor before a change that the clock puts first was committed.
OVERLAP_US = 60_000_000


class Chains(Protocol):
    """What replaying reads of a source: the documents, and the entries of one instance at a time."""

    def documents(self) -> Iterator[Document]:
        """Yield every document."""

    def entries(self, instance: str) -> Iterator[Row]:
        """Yield the entries of an instance in their order."""


def bodies(rows: Iterable[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield the entries whose body can be read, with it; the main stream reports the others."""
    for row in rows:
        if (body := readable(row.body)) is not None:
            yield row, body


@dataclass(frozen=True, slots=True)
class Enrolled(Actor):
    """An actor as one entry enrolled it; `always` tells that no day limits what it may do."""

    always: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, in µs since 1970 UTC, an actor has these roles; None where that takes a closer look."""

    since: int
    until: int
    roles: frozenset[str] | None


class Actors:
    """Actors as their chains say that they were at an instant."""

    def __init__(self, source: Chains) -> None:
        self._source = source
        self._chains: OrderedDict[str, tuple[list[int], list[Enrolled]]] = OrderedDict()

    def at(self, id: str, at: int) -> Enrolled | None:  # noqa: A002 - the field's word
        """Return an actor as of an instant in µs since 1970 UTC, None when it was not enrolled by then."""
        times, actors = self._chains.get(id) or self._read(id)
        found = bisect_right(times, at)
        return actors[found - 1] if found else None

    def span(self, id: str, at: int) -> Span:  # noqa: A002
        """Return the roles that an actor has at an instant whatever the day, and how long."""
        times, actors = self._chains.get(id) or self._read(id)
        found = bisect_right(times, at)
        if times != sorted(times):
            return Span(at, at, None)
        since = times[found - 1] if found else at
        until = times[found] if found < len(times) else sys.maxsize
        return Span(since, until, actors[found - 1].roles if found and actors[found - 1].always else None)

    def around(self, id: str, at: int) -> list[Enrolled]:  # noqa: A002
        """Return every version of an actor that was in force at the instant or shortly before it."""
        times, actors = self._chains.get(id) or self._read(id)
        first = bisect_right(times, at - OVERLAP_US)
        return actors[max(first - 1, 0) : bisect_right(times, at)]

    def _read(self, id: str) -> tuple[list[int], list[Enrolled]]:  # noqa: A002
        times: list[int] = []
        actors: list[Enrolled] = []
        for row, body in bodies(self._source.entries(f"~actor/{id}")):
            if row.kind == "enrolled" and isinstance(row.at, int):
                times.append(row.at)
                actors.append(_actor(id, body))
        if len(self._chains) >= _ACTORS:
            self._chains.popitem(last=False)
        self._chains[id] = times, actors
        return times, actors


def _actor(id: str, body: Mapping[str, Any]) -> Enrolled:  # noqa: A002
    roles = body.get("roles", ())
    enabled = body.get("enabled", True) is True
    return Enrolled(
        id,
        roles=frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset(),
        org=org if isinstance(org := body.get("org"), str) else "",
        valid_from=body.get("valid_from"),
        valid_to=body.get("valid_to"),
        enabled=enabled,
        always=enabled and body.get("valid_from") is None and body.get("valid_to") is None,
    )


class InForce(NamedTuple):
    """Rules under their digest: ready to decide, defined since an instant, and what their decisions read.

    `attributes` are the triggers whose conditions read attributes, `outside` those that read other instances or
    answers of the application.
    """

    rules: Rules
    since: int | None
    attributes: frozenset[str]
    outside: frozenset[str]


class Library:
    """The documents of a log, checked when they are read, and the definitions in force."""

    def __init__(self, source: Chains, book: Book, hasher: Hash) -> None:
        self._source = source
        self._book = book
        self.hasher = hasher
        self._rules: dict[bytes, str] = {}
        self._kinds: dict[bytes, str | None] = {}
        self._calendars: dict[bytes, Calendar] = {}
        self._published: list[tuple[int, str]] | None = None
        self._known: dict[bytes, InForce | None] = {}
        self.used: set[bytes] = set()
        #: What is wrong with documents by themselves, by kind and digest: noted once, whoever asks for them.
        self.problems: dict[tuple[str, str], dict[str, str]] = {}
        for digest, kind, body in source.documents():
            self._add(digest, kind, body)

    def _add(self, digest: bytes, kind: str | None, body: str) -> None:
        try:
            same = document_digest(body.encode(), self.hasher) == digest
        except (AttributeError, UnicodeEncodeError):
            same = False
        if not same:
            self.problems["digest", digest.hex()] = {}
        self._kinds[digest] = kind
        if kind in ("rules", None):
            self._rules[digest] = body if same else ""
        if kind == "calendar" and same:
            with suppress(ValueError, TypeError):
                self._calendars[digest] = working_days.parse(body)

    def calendar(self, digest: str) -> Calendar | None:
        """Return the calendar under a digest in hex, None where it cannot be had."""
        return self._calendars.get(bytes.fromhex(digest))

    def calendars(self, at: int) -> list[str]:
        """Return the digests of the calendars that were in force at an instant or shortly before it; "" is none."""
        if self._published is None:
            found = bodies(self._source.entries(CALENDAR))
            self._published = [(0, ""), *((row.at, str(body.get("calendar"))) for row, body in found)]
        times = [since for since, _ in self._published]
        first, last = bisect_left(times, at - OVERLAP_US), bisect_right(times, at)
        return [digest for _, digest in self._published[max(first - 1, 0) : last]]

    def named(self, digest: bytes, kind: str, instance: str, seq: int) -> None:
        """Check that a document which a `defined` entry names is there and of this kind."""
        self.used.add(digest)
        if digest not in self._kinds:
            self._book.error("document", "missing", instance, seq, document=digest.hex())
        elif self._kinds[digest] not in (kind, None):
            self._book.error("document", "kind", instance, seq, document=digest.hex(), found=self._kinds[digest])

    @property
    def stored(self) -> set[bytes]:
        """The digests under which there are documents."""
        return set(self._kinds)

    def rules(self, digest: bytes) -> InForce | None:
        """Return the rules under a digest, None where they cannot be had, which is noted once."""
        if digest not in self._known:
            self._known[digest] = self._read(digest)
        return self._known[digest]

    def known(self, digest: bytes) -> InForce | None:
        """Return the rules under a digest if they were asked for and found before."""
        return self._known.get(digest)

    def _read(self, digest: bytes) -> InForce | None:
        name = digest.hex()
        text = self._rules.get(digest)
        if text is None:
            self.problems["missing", name] = {}
        if not text:
            return None
        try:
            rules = Rules(canonical.from_documents(text, None))
        except (DefinitionError, ValueError, KeyError, IndexError, TypeError, AttributeError):
            self.problems["unreadable", digest.hex()] = {}
            return None
        definition = rules.definition
        if definition.lang > LANG:
            self._book.not_checked(f"rules language {definition.lang}", needed=True)
            return None
        since = self._defined(definition.name, digest)
        if since is None:
            self.problems["not_defined", digest.hex()] = {"workflow": definition.name}
        attributes = {
            rule.trigger
            for rule in definition.transitions
            for name in rule.guards
            for leaf in leaves(definition.guards[name])
            if isinstance(leaf, FieldIs) and leaf.source == "attribute"
        }
        return InForce(rules, since, frozenset(attributes), rules.witnessed)

    def _defined(self, name: str, digest: bytes) -> int | None:
        for row, body in bodies(self._source.entries(f"~definition/{name}")):
            if row.kind == "defined" and body.get("rules") == digest.hex():
                return row.at
        return None


class Cited(NamedTuple):
    """An entry as another one cites it: what it says, and its instance's workflow, states, facts and gates then."""

    row: Row
    body: Mapping[str, Any]
    workflow: str | None
    root: str | None
    regions: Mapping[str, str]
    attrs: Mapping[str, Any]
    gates: Mapping[str, Any]

    @property
    def leaf(self) -> bytes:
        """The entry's leaf."""
        return bytes(self.row.leaf)

    @property
    def at(self) -> int:
        """When it was written, in µs since 1970 UTC."""
        return self.row.at

    @property
    def effects(self) -> Sequence[Mapping[str, Any]]:
        """What it says that it did to other instances."""
        found: Sequence[Mapping[str, Any]] = self.body.get("effects", ())
        return found

    @property
    def number(self) -> str:
        """The document that it rests on."""
        found: str = self.body.get("number", "")
        return found


class Undisclosed(Exception):
    """What is to be decided needs an instance that the source does not show."""

    def __init__(self, instance: str) -> None:
        super().__init__(instance)
        self.instance = instance


class Witnesses:
    """A second reader: the states of instances after the entries that others cite.

    A source that shows only some instances has a method `shows` that tells which.
    """

    def __init__(self, source: Chains) -> None:
        self._source = source
        self.shows: Callable[[str], bool] = getattr(source, "shows", lambda _instance: True)
        self._open: OrderedDict[str, _Reader] = OrderedDict()

    def after(self, instance: str, seq: int) -> Cited | None:
        """Return an entry and the states after it, None when there is none. Raises Undisclosed.

        Raises TypeError for what is no key, and for a number that is none: True is not 1.
        """
        if type(seq) is not int or type(instance) is not str:
            raise TypeError("not a citation")
        if not self.shows(instance):
            raise Undisclosed(instance)
        reader = self._open.get(instance)
        if reader is None or reader.seq > seq:
            if reader is None and len(self._open) >= _CITED:
                self._open.popitem(last=False)
            reader = self._open[instance] = _Reader(self._source.entries(instance))
        self._open.move_to_end(instance)
        return reader.forward(seq)


class _Reader:
    """Folds one instance forward and stays where it was asked for last."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = bodies(rows)
        self._states = Snapshot()
        self._workflow: str | None = None
        self._root: str | None = None
        self._last: tuple[Row, dict[str, Any]] | None = None
        self.seq = 0

    def forward(self, seq: int) -> Cited | None:
        """Return the entry of this number, which is not before the last one asked for."""
        while self.seq < seq:
            self._last = next(self._rows, None)
            if self._last is None:
                self.seq = seq
                break
            row, body = self._last
            self._workflow = body.get("workflow", self._workflow)
            self._root = body.get("root", self._root)
            with suppress(KeyError, TypeError, AttributeError, ValueError):
                self._states.apply(row.seq, row.kind, body)
            self.seq = row.seq
        if self._last is None or self.seq != seq:
            return None
        row, body = self._last
        states = self._states
        return Cited(
            row, body, self._workflow, self._root, dict(states.regions), dict(states.attrs), states.gates
        )  # fmt: skip
