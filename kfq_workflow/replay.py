"""Replay one instance: every move again, and what its regions were on a day, as known at an instant.

Two questions are answered together. *As of* a day is about when things happened: dates that are known only so far
can leave several states possible, and then the answer says which, and between which entries. *Known at* an instant is
about when they were recorded: entries made later are left out. Both look at the effective history of what was known:
corrections take the place of what they correct.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow import order
from kfq_workflow.effective import effective
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.state import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.entry import Row
    from kfq_workflow.source import Source


def fold(rows: Iterable[Row]) -> Snapshot:
    """Return the state after one instance's entries, given in their order. Raises ValueError for an unreadable body."""
    snapshot = Snapshot()
    for row in rows:
        snapshot.apply(row.seq, row.kind, parse_canonical(row.body))
    return snapshot


@dataclass(frozen=True, slots=True)
class Move:
    """One entry that set something: when it happened as far as is known, who acted, and what it set.

    `edtf` is its date as written, None for unknown; `earliest` and `latest` (ISO days, None open) are what the order
    of the entries leaves of it. `at` is when it was recorded, µs since 1970 UTC. `by` is whose act it was: for a late
    entry the office that decided, and `recorded_by` who entered it.
    """

    seq: int
    kind: str
    trigger: str | None
    set: Mapping[str, str | None]
    was: Mapping[str, str]
    edtf: str | None
    earliest: str | None
    latest: str | None
    at: int
    by: str
    recorded_by: str
    late: bool
    basis: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """An instance replayed.

    `snapshot` is the state after the last entry known; `regions` the answer for each region as of the day asked for,
    None when no day was asked for. Answers are exact one by one; over two regions at once they are an outer bound:
    not every pair of candidates can have been true together. `left_out` counts entries recorded after `known_at`.
    """

    key: str
    workflow: str | None
    definition: Definition | None
    moves: tuple[Move, ...]
    snapshot: Snapshot
    regions: Mapping[str, order.Answer] | None
    as_of: str | None
    known_at: int | None
    left_out: int


def replay(
    source: Source | Iterable[Row],
    definitions: Mapping[bytes, Definition] | None,
    key: str,
    *,
    as_of: str | None = None,
    known_at: int | None = None,
) -> Replay:
    """Replay an instance from a source, or from its rows in order.

    `definitions` by their digests name the definition for labels; replaying needs none. `as_of` is an ISO day,
    `known_at` µs since 1970 UTC. Raises NotFound when there is no entry (or none known at the instant), InvalidInput
    `impossible_days` when the dates on record contradict the order of the entries.
    """
    rows = source.entries(key) if hasattr(source, "entries") else iter(source)
    seen: list[tuple[Row, dict[str, Any]]] = []
    left_out = 0
    for row in rows:
        if row.instance != key:
            continue
        if known_at is not None and row.at > known_at:
            left_out += 1
        else:
            seen.append((row, parse_canonical(row.body)))
    if not seen:
        raise NotFound("entry" if left_out else "instance", key)
    snapshot = Snapshot()
    for row, body in seen:
        snapshot.apply(row.seq, row.kind, body)
    rows_by = {row.seq: row for row, _ in seen}
    told = [(rows_by[entry.seq], entry.body) for entry in effective((row.seq, row.kind, body) for row, body in seen)]
    acts = [_act(row, body) for row, body in told if body.get("set")]
    bounds = order.bounds(acts)
    regions = None
    if as_of is not None:
        try:
            regions = order.as_of(acts, as_of)
        except order.ImpossibleDays as error:
            raise InvalidInput("impossible_days", key=key, seqs=list(error.seqs)) from error
    first = seen[0]
    return Replay(
        key=key,
        workflow=first[1].get("workflow"),
        definition=(definitions or {}).get(bytes(first[0].def_ or b"")),
        moves=tuple(_move(row, body, bounds) for row, body in told if body.get("set")),
        snapshot=snapshot,
        regions=regions,
        as_of=as_of,
        known_at=known_at,
        left_out=left_out,
    )


def _act(row: Row, body: Mapping[str, Any]) -> order.Act:
    on = body.get("on", {})
    return order.Act(
        row.seq, tuple(body["set"].items()), on.get("lo"), on.get("hi"), tuple(body.get("rests", ())),
        row.kind == "adopted",
    )  # fmt: skip


def _move(row: Row, body: Mapping[str, Any], bounds: order.Bounds) -> Move:
    late = body.get("mode") == "late"
    return Move(
        seq=row.seq,
        kind=row.kind,
        trigger=body.get("trigger"),
        set=body["set"],
        was=body.get("was", {}),
        edtf=body.get("on", {}).get("edtf"),
        earliest=bounds.earliest[row.seq],
        latest=bounds.latest[row.seq],
        at=row.at,
        by=body.get("for", {}).get("id", row.actor),
        recorded_by=row.actor,
        late=late,
        basis=body.get("basis"),
    )
