"""The path that an instance took: its stays in the states of a region, and how long each lasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_workflow.history import order
from kfq_workflow.report.dates import Stay
from kfq_workflow.report.model import Course, Mark, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.views import HistoryEntry


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay of a region in a state: the entry that led to it, the days between which that happened, and its length.

    `earliest` and `latest` are ISO days, None for open. `stay` is up to the day of the report for the present state.
    """

    state: str
    entry: HistoryEntry
    earliest: str | None
    latest: str | None
    stay: Stay
    present: bool

    @property
    def adopted(self) -> bool:
        """Whether the state was put on record without the procedure that led to it."""
        return self.entry.row.kind == "adopted"


def bounds(case: Case) -> order.Bounds:
    """Return the days between which each entry that set something happened."""
    return order.bounds([
        order.Act(
            entry.row.seq, tuple(entry.body["set"].items()), entry.body.get("on", {}).get("lo"),
            entry.body.get("on", {}).get("hi"), tuple(entry.body.get("rests", ())), entry.row.kind == "adopted",
        )
        for entry in case.acts
        if entry.body.get("set")
    ])  # fmt: skip


def visits(case: Case, region: str, days: order.Bounds, today: str) -> tuple[Visit, ...]:
    """Return the stays of a region in its states, oldest first; acts that left the state as it was are none."""
    moves: list[tuple[str | None, HistoryEntry]] = []
    for entry in case.acts:
        changes = entry.body.get("set") or {}
        if region in changes and (not moves or moves[-1][0] != changes[region]):
            moves.append((changes[region], entry))
    found = []
    for number, (state, entry) in enumerate(moves):
        if state is None:
            continue
        after = moves[number + 1][1] if number + 1 < len(moves) else None
        seq = entry.row.seq
        earliest, latest = days.earliest[seq], days.latest[seq]
        left = _left(after, days, today)
        stay = Stay.between((earliest, latest), left, known=entry.row.kind != "adopted")
        found.append(Visit(state, entry, earliest, latest, stay, after is None))
    return tuple(found)


def _left(after: HistoryEntry | None, days: order.Bounds, today: str) -> tuple[str | None, str | None]:
    """Return between which days a state was left: an adoption only tells that it was left by then."""
    if after is None:
        return today, today
    seq = after.row.seq
    return (None if after.row.kind == "adopted" else days.earliest[seq]), days.latest[seq]


def steps(case: Case, found: Sequence[Visit], today: str, speech: Speech) -> tuple[Step, ...]:
    """Return the stays as the table of steps lists them."""
    return tuple(_step(case, number, visit, today, speech) for number, visit in enumerate(found, 1))


def _step(case: Case, number: int, visit: Visit, today: str, speech: Speech) -> Step:
    body, row = visit.entry.body, visit.entry.row
    stay = visit.stay.text(speech.lang)
    if visit.present and not case.is_closed:
        stay = speech.say("stay.to_date", stay=stay, day=today)
    return Step(
        number=number,
        state=speech.state(case.definition, "main", visit.state),
        code=visit.state,
        entered=speech.day(body.get("on", {}).get("edtf")),
        bounds=_bounds(visit, speech),
        act=_act(case, visit, speech),
        seq=row.seq,
        stay="" if visit.present and case.is_closed else stay,
        marks=entry_marks(visit.entry, speech),
        present=visit.present,
    )


def _act(case: Case, visit: Visit, speech: Speech) -> str:
    if visit.adopted:
        return speech.say("by.adopted")
    trigger = visit.entry.body.get("trigger")
    if trigger:
        return speech.label(case.definition, "trigger", trigger)
    return speech.word("kind", visit.entry.row.kind)


def _bounds(visit: Visit, speech: Speech) -> str:
    """Return what the order of the entries tells of a day beyond what was written, if anything."""
    on = visit.entry.body.get("on", {})
    first, last = visit.earliest, visit.latest
    if (first, last) in ((on.get("lo"), on.get("hi")), (None, None)):
        return ""
    if first is None:
        return speech.say("bounds.to", last=last)
    return speech.say("bounds.from", first=first) if last is None else speech.say("bounds", first=first, last=last)


def entry_marks(entry: HistoryEntry, speech: Speech) -> tuple[Mark, ...]:
    """Return the marks of an entry: adopted, late, corrected or struck."""
    found = []
    if entry.row.kind == "adopted":
        found.append(Mark("adopted", speech.say("mark.adopted")))
    if entry.late:
        found.append(Mark("late", speech.say("mark.late")))
    if entry.mark is not None:
        struck, others = entry.mark.struck_by, ", ".join(map(str, entry.mark.corrected_by))
        said = speech.say("mark.corrected", seqs=others) if struck is None else speech.say("mark.struck", seq=struck)
        found.append(Mark("corrected", said))
    return tuple(found)


def courses(case: Case, days: order.Bounds, today: str, speech: Speech) -> tuple[Course, ...]:
    """Return the lines beside the main one that were ever set, in the order of the definition."""
    touched = {region for entry in case.acts for region in entry.body.get("set") or {}}
    names = [name for name in case.definition.regions if name in touched and name != "main"]
    return tuple(_course(case, name, days, today, speech) for name in names)


def _course(case: Case, region: str, days: order.Bounds, today: str, speech: Speech) -> Course:
    found = visits(case, region, days, today)
    state = case.snapshot.regions.get(region)
    last = found[-1] if found and state is not None else None
    return Course(
        name=speech.label(case.definition, "region", region),
        state=speech.state(case.definition, region, state) if state is not None else speech.say("inactive"),
        since=speech.day(last.entry.body.get("on", {}).get("edtf")) if last else "",
        seq=last.entry.row.seq if last else None,
        course=tuple(speech.state(case.definition, region, visit.state) for visit in found) if len(found) > 1 else (),
        marks=entry_marks(last.entry, speech) if last else (),
    )
