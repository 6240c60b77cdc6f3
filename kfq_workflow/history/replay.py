"""Replay one instance: every move again, and what it was on a day, as known at an instant.

Two questions are answered together. *As of* a day is about when things happened: dates that are known only so far
can leave several answers possible, and then it is said which, and between which entries. *Known at* an instant is
about when they were recorded: entries made later are left out, corrections made later as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.history import order
from kfq_workflow.history.picture import Known, texts_of
from kfq_workflow.state import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.entry import Row
    from kfq_workflow.history.lines import Told
    from kfq_workflow.history.picture import Picture
    from kfq_workflow.stored.source import Source, TextRow

#: Minutes east of UTC where nothing else is said: China's.
CHINA = 480


def fold(rows: Iterable[Row]) -> Snapshot:
    """Return the state after one instance's entries, given in their order. Raises ValueError for an unreadable body."""
    snapshot = Snapshot()
    for row in rows:
        snapshot.apply(row.seq, row.kind, parse_canonical(row.body))
    return snapshot


@dataclass(frozen=True, slots=True)
class Move:
    """One entry that set something: when it happened as far as is known, who acted, and what it set.

    `edtf` is its date as it counts, None for unknown; `earliest` and `latest` (ISO days, None open) are what the order
    of the entries leaves of it. `at` is when it was recorded, µs since 1970 UTC. `by` is whose act it was: for a late
    entry the office that decided, and `recorded_by` who entered it. `corrected_by` are the corrections that count.
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
    corrected_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """An instance replayed.

    `moves` are those that count; `struck` says of each entry that was struck by which correction. `snapshot` is the
    state after the last entry known, `picture` what the instance was at the moment asked for. `regions` are the
    picture's, None when no day was asked for. `left_out` counts entries recorded after `known_at`.
    """

    key: str
    workflow: str | None
    definition: Definition | None
    moves: tuple[Move, ...]
    struck: Mapping[int, int]
    snapshot: Snapshot
    picture: Picture
    left_out: int

    @property
    def as_of(self) -> str | None:
        """The day asked for."""
        return self.picture.moment.as_of

    @property
    def known_at(self) -> int | None:
        """The instant asked for, µs since 1970 UTC."""
        return self.picture.moment.known_at

    @property
    def regions(self) -> Mapping[str, order.Answer[order.State]] | None:
        """The answer for each region as of the day asked for, None when no day was asked for."""
        return None if self.as_of is None else self.picture.regions


def replay(
    source: Source | Iterable[Row],
    definitions: Mapping[bytes, Definition] | None,
    key: str,
    *,
    as_of: str | None = None,
    known_at: int | None = None,
    utc_offset: int | None = None,
) -> Replay:
    """Replay an instance from a source, or from its rows in order, whose texts are then not at hand.

    `definitions` by their digests name the definition for labels; replaying needs none. `as_of` is an ISO day,
    `known_at` µs since 1970 UTC, `utc_offset` minutes east of UTC, by default the source's, else that of China. Raises
    NotFound when there is no entry (or none known at the instant), InvalidInput `impossible_days` when the dates on
    record contradict the order of the entries.
    """
    rows, texts, offset = _opened(source, key)
    return _replayed(
        rows, texts, definitions or {}, key,
        as_of=as_of, known_at=known_at, utc_offset=offset if utc_offset is None else utc_offset,
    )  # fmt: skip


def _opened(source: Source | Iterable[Row], key: str) -> tuple[list[Row], Iterable[TextRow], int]:
    """Return rows, texts and the offset from UTC that there are of an instance."""
    if hasattr(source, "entries"):
        log = cast("Source", source)
        return list(log.entries(key)), log.texts(key), log.log().utc_offset
    return [row for row in source if row.instance == key], (), CHINA


def replays(
    source: Source,
    definitions: Mapping[bytes, Definition] | None = None,
    *,
    as_of: str | None = None,
    known_at: int | None = None,
) -> Iterator[Replay]:
    """Replay every instance in the order of keys, reserved ones and those not yet known left out.

    Entries and texts are read in one pass each, and one instance is in memory at a time. Raises as `replay` does.
    """
    utc_offset = source.log().utc_offset
    for key, rows, texts in instances_of(source):
        try:
            yield _replayed(rows, texts, definitions or {}, key, as_of=as_of, known_at=known_at, utc_offset=utc_offset)
        except NotFound:
            continue


def instances_of(source: Source) -> Iterator[tuple[str, list[Row], list[TextRow]]]:
    """Yield key, rows and texts of each instance that is not reserved, one at a time, in the order of keys."""
    texts = groupby(source.texts(), attrgetter("instance"))
    of, words = "", list[Any]()
    for key, rows in groupby(source.entries(), attrgetter("instance")):
        while of < key and (found := next(texts, None)) is not None:
            of, words = found[0], list(found[1])
        if not key.startswith("~"):
            yield key, list(rows), words if of == key else []


def _replayed(
    rows: list[Row], texts: Iterable[TextRow], definitions: Mapping[bytes, Definition], key: str, *,
    as_of: str | None, known_at: int | None, utc_offset: int,
) -> Replay:  # fmt: skip
    seen = [(row, parse_canonical(row.body)) for row in rows if known_at is None or row.at <= known_at]
    if not seen:
        raise NotFound("entry" if rows else "instance", key)
    snapshot = Snapshot()
    for row, body in seen:
        snapshot.apply(row.seq, row.kind, body)
    text = texts_of((each.seq, each.field, each.value) for each in texts)
    known = Known(seen, utc_offset=utc_offset, known_at=known_at, text=text)
    try:
        picture = known.at(as_of)
    except order.ImpossibleDays as error:
        raise InvalidInput("impossible_days", key=key, seqs=list(error.seqs)) from error
    first, about = seen[0]
    by_seq = {row.seq: row for row, _ in seen}
    return Replay(
        key=key,
        workflow=about.get("workflow"),
        definition=definitions.get(bytes(first.def_ or b"")),
        moves=tuple(_move(by_seq[told.seq], told, known) for told in known.told if told.body.get("set")),
        struck={seq: mark.struck_by for seq, mark in known.marks.items() if mark.struck_by is not None},
        snapshot=snapshot,
        picture=picture,
        left_out=len(rows) - len(seen),
    )


def _move(row: Row, told: Told, known: Known) -> Move:
    body = told.body
    earliest, latest = known.bounds(row.seq)
    mark = known.marks.get(row.seq)
    return Move(
        seq=row.seq,
        kind=row.kind,
        trigger=body.get("trigger"),
        set=body["set"],
        was=body.get("was", {}),
        edtf=body.get("on", {}).get("edtf"),
        earliest=earliest,
        latest=latest,
        at=row.at,
        by=body.get("for", {}).get("id", row.actor),
        recorded_by=row.actor,
        late=body.get("mode") == "late",
        basis=body.get("basis"),
        corrected_by=() if mark is None else mark.corrected_by,
    )
