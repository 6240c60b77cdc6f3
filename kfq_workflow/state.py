"""An instance's state, rebuilt by merging its entries: the fold.

Folding needs no definition: an entry says in `set` all that it changed. A `Snapshot` is what a decision needs to
know of an instance, kept as canonical JSON in the one row that an act locks. Verify compares it with the fold.

    regions   {region: state}          those that have a state; another one is inactive, or not on record
    kept      {region: state}          the last state of a region that went out of activity
    left      {region: {trigger: state}}   states that a remembering move left
    adopted   [region]                 those whose present state was put on record without a move
    since     {region: [seq, L]}       the act that set the region last, and its earliest day L (null: open)
    out       {region: {state: [seq, L]}}  the last act that took the region out of a state ("" for no state)
    visited   {region: {state: [seq, L]}}  the first move into a state; adoptions do not count
    attrs     {name: value}            declared attributes that are not personal
    gates     {transition: gate}       the newest round of each approval gate, see `approval.gate`
    did       {transition: actor}      who last did a transition that separation of duties asks about
    held      {"seq": n}               suspended since entry n
    voided    {"seq": n}               void since entry n

A correction (`rectified`) says in `becomes` which of these are others from then on, so that the fold goes on from the
effective history; see `effective`.

What is empty is left out. On the chain of an actor `attrs` also holds `grants`, the proxies in force by their entry; on
that of a document number the instances that keep it retired.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.approval import numbers
from kfq_workflow.approval.gate import merge
from kfq_workflow.entry import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Entries of these kinds say something and change nothing: they do not move `rev`.
NOTES = frozenset({"annotated", "copied", "declined", "proposed", "read", "redacted", "refused", "urged"})


class InstanceRow(NamedTuple):
    """An instance as the database keeps it, the columns in the order of `kfq_instance`: a cache of its entries.

    `def_` and `head` are 32 raw bytes; `seq` is the newest entry, `rev` the newest that changed something, `at` the
    newest entry's time in µs since 1970 UTC; `state` is that of `main`; `snapshot` is `Snapshot.encode()`.
    """

    key: str
    workflow: str
    root: str | None
    def_: bytes | None
    seq: int
    rev: int
    head: bytes
    at: int
    state: str | None
    phase: str | None
    snapshot: str


Mark = list[Any]  # [seq, L]: an entry number and an ISO day or None

#: The reserved instances' entries say their facts at the top of the body; the newest are the instance's attributes.
_FACTS = {
    "enrolled": ("enabled", "kind", "org", "roles", "valid_from", "valid_to"),
    "defined": ("labels", "name", "rules", "version"),
    "published": ("calendar", "number"),
    "ruled": ("apart", "rectify", "redact"),
}
_GRANTS = frozenset({"granted", "revoked"})
_NUMBERS = frozenset({"retired", "released"})
#: What an entry of these kinds does to the instance as a whole.
STANDING = {
    "suspended": ("held", True),
    "resumed": ("held", False),
    "voided": ("voided", True),
    "reinstated": ("voided", False),
}
NAMES = ("adopted", "attrs", "did", "gates", "held", "kept", "left", "out", "regions", "since", "visited", "voided")


@dataclass(slots=True)
class Snapshot:
    """The state of one instance after some entry. `apply` changes it in place."""

    regions: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    left: dict[str, dict[str, str]] = field(default_factory=dict)
    adopted: list[str] = field(default_factory=list)
    since: dict[str, Mark] = field(default_factory=dict)
    out: dict[str, dict[str, Mark]] = field(default_factory=dict)
    visited: dict[str, dict[str, Mark]] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
    gates: dict[str, dict[str, Any]] = field(default_factory=dict)
    did: dict[str, str] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    voided: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Read the stored form; raises ValueError or TypeError when it is not one."""
        return cls(**json.loads(text))

    def encode(self) -> str:
        """Return the canonical JSON that is stored."""
        return encode_json({name: value for name in NAMES if (value := getattr(self, name))})

    def earliest(self, seqs: Iterable[int], regions: Iterable[str]) -> tuple[int, str] | None:
        """Return the entry that bounds a new act from below, and its earliest day, or None when nothing does.

        The new act comes after the last setter of each of the `regions` and after each of the entries `seqs` on
        which it rests; of those, the one with the latest earliest day counts.
        """
        marks = [self.since[region] for region in regions if region in self.since]
        wanted = set(seqs)
        if wanted:
            marks += [mark for mark in self._marks() if mark[0] in wanted]
        bounds = [(mark[1], mark[0]) for mark in marks if mark[1] is not None]
        if not bounds:
            return None
        day, seq = max(bounds)
        return seq, day

    def _marks(self) -> Iterable[Mark]:
        yield from self.since.values()
        for table in (*self.out.values(), *self.visited.values()):
            yield from table.values()

    def apply(self, seq: int, kind: str, body: Mapping[str, Any]) -> None:
        """Merge one entry: its number, kind and body. Kinds that are not known fold by their `set` alike.

        Raises KeyError, TypeError, AttributeError or ValueError for a body that is not as the library makes them.
        """
        if kind == "rectified":
            self._become(body["becomes"])
            return
        changes: Mapping[str, str | None] = body.get("set") or {}
        self._say(seq, kind, body)
        if "gates" in body or kind in STANDING or "did" in body:
            self._approve(seq, kind, body)
        if not changes:
            return
        if not all(state is None or type(state) is str for state in changes.values()):
            raise TypeError("set: a state is text or null")
        adopted = kind == "adopted"
        mark = [seq, self._earliest_of(body, changes)]
        if "remembers" in body:
            region = body["remembers"]
            self.left.setdefault(region, {})[body["trigger"]] = body["was"][region]
        for region, state in changes.items():
            before = self.regions.get(region)
            if before != state or region not in self.since:
                self.out.setdefault(region, {})[before or ""] = mark
            self.since[region] = mark
            self._put(region, before, state, adopted=adopted)
            self._mark_origin(region, state, adopted=adopted, mark=mark)

    def _say(self, seq: int, kind: str, body: Mapping[str, Any]) -> None:
        """Merge the facts that an entry says of its instance."""
        if kind in _FACTS:
            self.attrs.update({name: body[name] for name in _FACTS[kind] if name in body})
        elif kind in _GRANTS and "grant" in body:
            self._grant(seq, kind, body)
        elif kind in _NUMBERS and "number" in body:
            self.attrs.update(numbers.apply(self.attrs, kind, body))
        elif "attrs" in body:
            self.attrs.update(body["attrs"])

    def _become(self, parts: Mapping[str, Any]) -> None:
        """Go on from the state that a correction leads to. Raises TypeError for parts that are not as they are kept."""
        for name, value in parts.items():
            if name not in _CORRECTED or not _CORRECTED[name](value):
                raise TypeError(f"becomes: {name}")
            setattr(self, name, json.loads(encode_json(value)))  # a copy: the fold changes what it holds

    def _approve(self, seq: int, kind: str, body: Mapping[str, Any]) -> None:
        """Merge what an entry says of gates, of who did what, and of the instance's standing."""
        if "gates" in body:
            self.gates = merge(self.gates, body["gates"])
        if "did" in body:
            self.did = {**self.did, **body["did"]}
        if kind in STANDING:
            name, set_ = STANDING[kind]
            setattr(self, name, {"seq": seq} if set_ else {})

    def _grant(self, seq: int, kind: str, body: Mapping[str, Any]) -> None:
        grants = dict(self.attrs.get("grants", {}))
        if kind == "granted":
            grants[str(seq)] = dict(body["grant"])
        else:
            grants.pop(str(body["grant"]), None)
        self.attrs["grants"] = grants

    def _put(self, region: str, before: str | None, state: str | None, *, adopted: bool) -> None:
        if state is not None:
            self.regions[region] = state
            self.kept.pop(region, None)
            return
        self.regions.pop(region, None)
        if adopted:
            self.kept.pop(region, None)
        elif before is not None:
            self.kept[region] = before

    def _mark_origin(self, region: str, state: str | None, *, adopted: bool, mark: Mark) -> None:
        if adopted:
            self.left.pop(region, None)
            if region not in self.adopted:
                self.adopted = sorted([*self.adopted, region])
            return
        if region in self.adopted:
            self.adopted = [name for name in self.adopted if name != region]
        if state is not None:
            self.visited.setdefault(region, {}).setdefault(state, mark)

    def _earliest_of(self, body: Mapping[str, Any], changes: Mapping[str, str | None]) -> str | None:
        day: str | None = body.get("on", {}).get("lo")
        bound = self.earliest(body.get("rests", ()), changes)
        if bound is None:
            return day
        return bound[1] if day is None else max(day, bound[1])


def _is_words(value: Any) -> bool:
    return type(value) is dict and all(type(word) is str for word in value.values())


def _is_mark(value: Any) -> bool:
    return type(value) is list and [type(part) for part in value] in ([int, str], [int, type(None)])


def _is_marks(value: Any) -> bool:
    return type(value) is dict and all(map(_is_mark, value.values()))


def _is_each(value: Any, kind: Callable[[Any], bool]) -> bool:
    return type(value) is dict and all(map(kind, value.values()))


#: The parts of a snapshot that a correction may change, and how each is known for one.
_CORRECTED: dict[str, Callable[[Any], bool]] = {
    "adopted": lambda value: type(value) is list and all(type(region) is str for region in value),
    "attrs": lambda value: type(value) is dict,
    "did": _is_words,
    "kept": _is_words,
    "left": lambda value: _is_each(value, _is_words),
    "out": lambda value: _is_each(value, _is_marks),
    "regions": _is_words,
    "since": _is_marks,
    "visited": lambda value: _is_each(value, _is_marks),
}
