"""What differs between two moments of an instance: what was, what had happened, what was on record.

A moment has two sides (see `moment`), so the difference has as well. Between two days, things happened. Between two
instants, entries were recorded, corrections among them, and what is said about one and the same day changed. What
cannot be told at a moment is a difference like any other: to certainty, from it, or to other candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput
from kfq_workflow.history import order
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.history.order import Absence, Answer
from kfq_workflow.history.picture import Known, texts_of
from kfq_workflow.history.replay import instances_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfq_workflow.entry import Row
    from kfq_workflow.history.lines import Text
    from kfq_workflow.history.moment import Moment
    from kfq_workflow.history.picture import Laid, Picture
    from kfq_workflow.stored.source import Source

What = Literal["name", "standing", "region", "gate", "attribute"]
#: What is to be said of an entry at a moment: not yet recorded, struck by a correction, or whether it had happened.
Status = Literal["unrecorded", "struck", "no", "perhaps", "yes"]
_UNKNOWN: Answer[Any] = Answer((Absence.NOT_KNOWN,), (None, None))


@dataclass(frozen=True, slots=True)
class Change:
    """One thing of an instance at the two moments. `name` is a region, a gate's transition or an attribute, else empty.

    The values of the answers are those of `picture.Picture`, or `Absence.NOT_KNOWN`.
    """

    what: What
    name: str
    before: Answer[Any]
    after: Answer[Any]


@dataclass(frozen=True, slots=True)
class Shift:
    """An entry that is not the same at the two moments: recorded, happened, struck or corrected in between.

    `at` is when it was recorded, µs since 1970 UTC; `edtf` its day as written, None for unknown or none; `corrects` the
    entry that it corrects. `corrected_before` and `corrected_after` are the corrections of it that count. `act` is the
    kind of entry that a refused act would have made.
    """

    seq: int
    kind: str
    trigger: str | None
    at: int
    actor: str
    edtf: str | None
    late: bool
    corrects: int | None
    before: Status
    after: Status
    corrected_before: tuple[int, ...]
    corrected_after: tuple[int, ...]
    act: str | None = None


@dataclass(frozen=True, slots=True)
class PaperChange:
    """A paper that an entry laid, at the two moments: None where it was not laid, or not on record."""

    seq: int
    before: Laid | None
    after: Laid | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between the moments `a` and `b` of an instance.

    `definition` is the digest of the rules of its newest entry. `unsure` are the things that are the same at both and
    cannot be told at either.
    """

    key: str
    definition: bytes | None
    a: Moment
    b: Moment
    changes: tuple[Change, ...]
    entries: tuple[Shift, ...]
    papers: tuple[PaperChange, ...]
    unsure: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.changes or self.entries or self.papers)


def diff(entries: Iterable[Row], a: Moment, b: Moment, *, utc_offset: int, text: Text | None = None) -> Difference:
    """Return what differs between two moments of one instance, from its rows in order; there must be one.

    `utc_offset` is minutes east of UTC; `text` returns a text that stands beside an entry, by number and field. Where
    nothing was known at a moment, all is `NOT_KNOWN` there. Raises InvalidInput `impossible_days` when the dates known
    at a moment contradict the order of the entries.
    """
    seen = [(row, parse_canonical(row.body)) for row in entries]
    known = {at: Known(seen, utc_offset=utc_offset, known_at=at, text=text) for at in {a.known_at, b.known_at}}
    sides = known[a.known_at], known[b.known_at]
    try:
        before, after = sides[0].at(a.as_of), sides[1].at(b.as_of)
    except order.ImpossibleDays as error:
        raise InvalidInput("impossible_days", key=seen[0][0].instance, seqs=list(error.seqs)) from error
    compared = list(_compared(before, after))
    newest = seen[-1][0]
    return Difference(
        newest.instance,
        None if newest.def_ is None else bytes(newest.def_),
        a,
        b,
        tuple(change for change in compared if change.before.values != change.after.values),
        tuple(_shifts(seen, (before, after), sides)),
        tuple(_papers(before, after)),
        tuple(each for each in compared if each.before.values == each.after.values and not each.after.certain),
    )


def diffs(source: Source, a: Moment, b: Moment) -> Iterator[Difference]:
    """Yield the difference of every instance, reserved ones left out, where there is one, in the order of keys.

    Entries and texts are read in one pass each, and one instance is in memory at a time. Raises as `diff` does.
    """
    utc_offset = source.log().utc_offset
    for _, rows, words in instances_of(source):
        text = texts_of((each.seq, each.field, each.value) for each in words)
        found = diff(rows, a, b, utc_offset=utc_offset, text=text)
        if not found.is_empty:
            yield found


def _compared(before: Picture, after: Picture) -> Iterator[Change]:
    """Yield each thing that either moment knows of, at both."""
    yield Change("name", "", before.name, after.name)
    yield Change("standing", "", before.standing, after.standing)
    tables: tuple[tuple[What, Mapping[str, Answer[Any]], Mapping[str, Answer[Any]]], ...] = (
        ("region", before.regions, after.regions),
        ("gate", before.gates, after.gates),
        ("attribute", before.attrs, after.attrs),
    )
    for what, first, then in tables:
        for name in sorted(first.keys() | then.keys(), key=lambda name: (name != "main", name)):
            yield Change(what, name, first.get(name, _UNKNOWN), then.get(name, _UNKNOWN))


def _shifts(
    seen: Iterable[tuple[Row, Mapping[str, Any]]], pictures: tuple[Picture, Picture], sides: tuple[Known, Known]
) -> Iterator[Shift]:
    known = [frozenset(picture.entries) for picture in pictures]
    for row, body in seen:
        before, after = (_status(row, picture, of) for picture, of in zip(pictures, known, strict=True))
        was, now = (_corrections(row.seq, side) for side in sides)
        if before == after and was == now:
            continue
        corrects = body["corrects"] if row.kind == RECTIFIED else None
        yield Shift(
            row.seq, row.kind, body.get("trigger"), row.at, body.get("for", {}).get("id", row.actor),
            body.get("on", {}).get("edtf"), body.get("mode") == "late", corrects, before, after, was, now,
            body.get("act"),
        )  # fmt: skip


def _status(row: Row, picture: Picture, known: frozenset[int]) -> Status:
    if row.seq not in known:
        return "unrecorded"
    if row.kind == RECTIFIED:  # it is no act: it counts since it is on record, for every day
        return "yes"
    return picture.happened.get(row.seq, "struck")


def _corrections(seq: int, known: Known) -> tuple[int, ...]:
    mark = known.marks.get(seq)
    return () if mark is None else mark.corrected_by


def _papers(before: Picture, after: Picture) -> Iterator[PaperChange]:
    first, then = _numbered(before.papers), _numbered(after.papers)
    for place in sorted(first.keys() | then.keys()):
        if first.get(place) != then.get(place):
            yield PaperChange(place[0], first.get(place), then.get(place))


def _numbered(papers: Iterable[Laid]) -> dict[tuple[int, int], Laid]:
    """Return papers by their entry and their place among its papers."""
    found: dict[tuple[int, int], Laid] = {}
    for laid in papers:
        found[laid.seq, sum(seq == laid.seq for seq, _ in found)] = laid
    return found
