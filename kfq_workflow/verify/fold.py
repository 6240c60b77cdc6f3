"""The fold of many instances at once: what instances have gone through alike is folded and judged once.

A *node* is the state of an instance after some entries, with the numbers of entries but without their days; an
*edge* leads on by one more entry: its kind, the shape of its body, and the roles of whoever acted. Whether a move
was legal, what it sets and which entries it comes after depend on nothing else, unless its conditions read
attributes, other instances or the application's answers; then the edge keeps the fold and the judge is asked anew
each time. The days are folded beside, an earliest day for each entry that set something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.tasks import changed, granted, place
from kfq_workflow.entry import encode_json
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.state import NAMES, STANDING, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.past import InForce
    from kfq_workflow.verify.shapes import Shape
    from kfq_workflow.verify.ways import Way

_MARK = re.compile(r"\[([0-9]+),null\]")
_ATTRS = '"attrs":{"?":0},'
_FOLDED = ("did", "gates", "remembers", "rests", "set", "trigger", "was")
#: Edges that are kept; when there are more, all are forgotten and learnt again as they come.
_LIMIT = 2_000
#: Earliest days that are kept of one instance before those that no decision can ask for are forgotten.
DAYS = 256


class Edge:
    """One more entry: the node after it, the entries that it comes after, and whether it was found legal for good."""

    __slots__ = ("after", "legal", "node")

    def __init__(self, node: Node, after: tuple[int, ...]) -> None:
        self.node = node
        self.after = after
        self.legal = False


class Node:
    """The state after some entries, the days and attributes left out; `edges` lead on."""

    __slots__ = ("_beside", "_template", "edges", "sizes", "snapshot", "ways")

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.edges: dict[tuple[Any, ...], Edge] = {}
        #: Edges found legal as they are met again, and those whose body's size tells which it may be; see `usual`.
        self.ways: list[Way] = []
        self.sizes: dict[int, Way] = {}
        self._template: tuple[str, str, list[int]] | None = None
        self._beside = ""

    def encode(self, earliest: Mapping[int, str | None], attrs: str) -> str:
        """Return the snapshot as it is stored, with the days of entries and the attributes in canonical JSON."""
        if self._template is None:
            self._template = self._made()
        text, dated, seqs = self._template
        told = (f'"attrs":{attrs},' if attrs else "") + self._beside
        days = [*map(earliest.get, seqs)]
        # Only the adopted regions, which hold no day, come before the attributes; who did what and the gates come right
        # after. Words of people may stand in those, so that they are no part of what is searched for days.
        if None not in days:
            return dated % (told, *days)
        return text % (told, *("null" if day is None else f'"{day}"' for day in days))

    def _made(self) -> tuple[str, str, list[int]]:
        """Return the snapshot with a place for each day, the same with quotes around it, and the entries' numbers."""
        beside = {name: value for name in _BESIDE if (value := getattr(self.snapshot, name))}
        self._beside = f"{encode_json(beside)[1:-1]}," if beside else ""
        parts = _MARK.split(encode_json({**_dated(self.snapshot), "attrs": {"?": 0}}).replace("%", "%%"))
        made = [
            "".join(f"[{part},{day}]" if number % 2 else part for number, part in enumerate(parts))
            for day in ("%s", '"%s"')
        ]
        text, dated = (text.replace(_ATTRS, "%s", 1) for text in made)
        return text, dated, [int(seq) for seq in parts[1::2]]


class Run:
    """One instance while its entries are read."""

    __slots__ = (
        "at", "attrs", "def_", "earliest", "force", "head", "instance", "node", "reserved", "rev", "root", "seq",
        "tasks", "told", "workflow",
    )  # fmt: skip

    def __init__(self, instance: str, node: Node, genesis: bytes) -> None:
        self.instance = instance
        self.node = node
        self.head = genesis
        self.seq = 0
        self.rev = 0
        self.at = 0
        self.def_: bytes | None = None
        self.force: InForce | None = None
        self.reserved = instance.startswith("~")
        self.workflow: str | None = instance.partition("/")[0] if self.reserved else None
        self.root: str | None = None
        #: The earliest day L of each entry that set something.
        self.earliest: dict[int, str | None] = {}
        self.attrs: dict[str, Any] = {}
        #: The attributes in canonical JSON, None while that has to be made.
        self.told: str | None = None
        #: The rows of the inbox that its entries make, by their key.
        self.tasks: dict[tuple[str, str, int, str], TaskRow] = {}

    def snapshot(self) -> Snapshot:
        """Return what a decision needs; the days are not among it."""
        before = self.node.snapshot
        if not self.attrs:
            return before
        found = copy(before)
        found.attrs = self.attrs
        return found

    def encode(self) -> str:
        """Return the snapshot that the instance's row must hold."""
        snapshot = self.node.snapshot
        if not snapshot.regions and not _dated(snapshot):
            return Snapshot(attrs=self.attrs, gates=snapshot.gates, did=snapshot.did).encode()
        if self.told is None:
            self.told = encode_json(self.attrs) if self.attrs else ""
        return self.node.encode(self.earliest, self.told)

    def say(self, attrs: Mapping[str, Any], text: str | None = None) -> None:
        """Merge attributes that an entry says, given with their canonical JSON where it is at hand."""
        self.told = None if self.attrs else text
        self.attrs.update(attrs)

    def become(self, parts: Mapping[str, Any]) -> None:
        """Go on from what a correction leads to: its days and attributes, which no node holds."""
        for name in sorted(_DATED, key="since".__eq__):  # where marks of one entry differ, those of `since` count
            tables = parts.get(name, {})
            for table in tables.values() if name != "since" else (tables,):
                self.earliest.update((mark[0], mark[1]) for mark in table.values())
        if "attrs" in parts:
            self.attrs, self.told = dict(parts["attrs"]), None

    def fold_tasks(self, after: Node, at: int) -> None:
        """Merge the rows of the inbox that an entry changed, which leads to the node `after`."""
        gates = self.node.snapshot.gates
        self.tasks.update((place(row), row) for row in changed(self.instance, gates, after.snapshot.gates, at))

    def fold_grants(self, row: Row, body: Mapping[str, Any]) -> None:
        """Merge the row of the inbox that an entry of an actor makes; the proxies are still those before it."""
        made = granted(self.instance, row.kind, row.seq, body, self.attrs.get("grants", {}), row.at)
        self.tasks.update((place(task), task) for task in made)

    def bound(self, after: tuple[int, ...]) -> tuple[str, int] | None:
        """Return the latest of the earliest days of these entries, and which it is."""
        found, number = None, 0
        for seq in after:
            day = self.earliest.get(seq)
            if day is not None and (found is None or day >= found):
                found, number = day, seq
        return None if found is None else (found, number)

    def dated(self, seq: int, day: str | None) -> None:
        """Keep the earliest day of an entry, and forget those that nothing refers to any more."""
        if len(self.earliest) >= DAYS:
            wanted = marks(self.node.snapshot)
            self.earliest = {seq: day for seq, day in self.earliest.items() if seq in wanted}
        self.earliest[seq] = day


class Folds:
    """Nodes and edges of a whole log, in a bounded number."""

    def __init__(self) -> None:
        self._edges = 0
        self._root = Node(Snapshot())

    def begin(self) -> Node:
        """Return the node of an instance without entries."""
        if self._edges >= _LIMIT:
            self._edges = 0
            self._root = Node(Snapshot())
        return self._root

    def learn(self, node: Node, key: tuple[Any, ...], row: Row, shape: Shape, *, keep: bool) -> Edge:
        """Fold one more entry; raises KeyError, TypeError, AttributeError or ValueError for an odd body.

        With `keep` the edge is kept for other instances that come this way.
        """
        before, body = node.snapshot, shape.body
        snapshot = before
        if row.kind == RECTIFIED:
            Snapshot().apply(row.seq, row.kind, {"becomes": body["becomes"]})  # raises what is not of its form
            snapshot = copy(before)
            snapshot.apply(row.seq, row.kind, {"becomes": _undated(body["becomes"])})
            return Edge(Node(snapshot), ())
        after = _predecessors(before, body) if shape.sets else ()
        if shape.sets or "gates" in body or row.kind in STANDING:
            snapshot = copy(before)
            snapshot.apply(row.seq, row.kind, {name: body[name] for name in _FOLDED if name in body})
        edge = Edge(Node(snapshot), after)
        if keep and self._edges < _LIMIT:
            self._edges += 1
            node.edges[key] = edge
        return edge


def _undated(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a correction leads to without days and attributes."""
    found = {name: value for name, value in parts.items() if name != "attrs"}
    for name in _DATED & found.keys():
        found[name] = _without_days(found[name])
    return found


def _without_days(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_days(item) for name, item in value.items()}
    return [value[0], None]


def _predecessors(before: Snapshot, body: Mapping[str, Any]) -> tuple[int, ...]:
    found = {before.since[region][0] for region in body["set"] if region in before.since}
    if rests := body.get("rests"):
        found |= marks(before) & set(rests)
    return tuple(sorted(found))


def marks(snapshot: Snapshot) -> set[int]:
    """Return the numbers of the entries whose days the snapshot keeps."""
    tables = (snapshot.since, *snapshot.out.values(), *snapshot.visited.values())
    return {mark[0] for table in tables for mark in table.values()}


def copy(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot that can be changed; marks, adopted regions, gates and standing are never changed in place."""
    return Snapshot(
        dict(snapshot.regions),
        dict(snapshot.kept),
        {region: dict(states) for region, states in snapshot.left.items()},
        snapshot.adopted,
        dict(snapshot.since),
        {region: dict(states) for region, states in snapshot.out.items()},
        {region: dict(states) for region, states in snapshot.visited.items()},
        dict(snapshot.attrs),
        snapshot.gates,
        snapshot.did,
        snapshot.held,
        snapshot.voided,
    )


def _dated(snapshot: Snapshot) -> dict[str, Any]:
    """Return what of a snapshot may hold days."""
    return {name: value for name in NAMES if name not in _APART and (value := getattr(snapshot, name))}


#: The parts of a snapshot whose marks have days.
_DATED = frozenset({"out", "since", "visited"})
_BESIDE = ("did", "gates")
_APART = frozenset({"attrs", *_BESIDE})
