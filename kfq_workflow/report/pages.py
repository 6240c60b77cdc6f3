"""The report on one instance, put together from what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kfq_workflow.history.order import Bounds
from kfq_workflow.remarks import remarks
from kfq_workflow.report import drawing, path, rounds, timeline
from kfq_workflow.report.material import ODD
from kfq_workflow.report.model import Fact, InstancePage, Mark, Path
from kfq_workflow.report.then import then
from kfq_workflow.report.verdict import verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.history.picture import Picture
    from kfq_workflow.remarks import Remarks
    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.verify.report import Report

Made = TypeVar("Made")


def instance(
    case: Case, report: Report, speech: Speech, *, today: str, made: tuple[str, ...], picture: Picture | None = None
) -> InstancePage:
    """Return the page on an instance; `today` is the day up to which the present state has lasted.

    `picture` is what it was at a past moment, None where that is not asked for.
    """
    noted = remarks(case.entries)
    definition = case.definition
    days = _or(lambda: path.bounds(case), Bounds({}, {}, ()))
    return InstancePage(
        lang="zh-CN" if speech.lang == "zh" else "en",
        kind=speech.say("title.instance"),
        title=speech.text(case.name) or speech.say("untitled"),
        workflow=speech.label(definition, "workflow", case.workflow),
        key=case.key,
        facts=tuple(_facts(case, noted, speech)),
        marks=tuple(marks(case, noted, speech)),
        made=made,
        path=_or(lambda: _path(case, days, today, speech), Path((), "", (), speech.say("path.unreadable"))),
        courses=_or(lambda: path.courses(case, days, today, speech), ()),
        waits=_or(lambda: rounds.waits(case, speech), ()),
        rounds=_or(lambda: rounds.rounds(case, speech), ()),
        attributes=tuple(
            Fact(speech.label(definition, "attribute", name), speech.choice(definition, name, value), name)
            for name, value in sorted(case.snapshot.attrs.items())
        ),
        flags=tuple(Fact(flag.id, speech.text(flag.note)) for flag in noted.flags),
        plans=tuple(timeline.plan_fact(case, plan.about, speech.text(plan.note), speech) for plan in noted.plans),
        items=timeline.items(case, speech),
        verification=verification(report, speech, receipt=case.entries[-1].check),
        then=None if picture is None else _or(lambda: then(case, picture, speech), None),
    )


def _or(make: Callable[[], Made], otherwise: Made) -> Made:
    """Return a part of the page, or what stands for it where the entries cannot be read."""
    try:
        return make()
    except ODD:
        return otherwise


def _path(case: Case, days: Bounds, today: str, speech: Speech) -> Path:
    found = path.visits(case, "main", days, today)
    if not found:
        return Path((), "", (), speech.say("path.none" if case.known and not case.unread else "path.unreadable"))
    if not case.known:
        return Path((), "", path.steps(case, found, today, speech), speech.say("path.unreadable"))
    states = case.definition.regions["main"].states
    described = speech.say(
        "path.described", states=len(states), visited=len({visit.state for visit in found} & set(states)),
        now=speech.state(case.definition, "main", case.snapshot.regions.get("main")),
    )  # fmt: skip
    note = speech.say("path.partial", count=len(case.unread)) if case.unread else ""
    if days.impossible:
        note = speech.say("path.impossible", seqs=", ".join(map(str, days.impossible)))
    return Path(drawing.drawings(case, found, speech), described, path.steps(case, found, today, speech), note)


def _facts(case: Case, noted: Remarks, speech: Speech) -> Iterator[Fact]:
    definition, state = case.definition, case.snapshot.regions.get("main")
    if case.phase:
        phase = speech.label(definition, "phase", case.phase)
        if case.is_open:
            phase += f"（{speech.say('open')}）" if speech.lang == "zh" else f" ({speech.say('open')})"
        yield Fact(speech.say("phase"), phase, case.phase)
    yield Fact(speech.say("state"), speech.state(definition, "main", state), state or "")
    version = speech.say("version", version=definition.version)
    workflow = speech.label(definition, "workflow", case.workflow)
    yield Fact(speech.say("workflow"), f"{workflow} · {version}" if case.known else workflow, case.workflow)
    if case.root:
        yield Fact(speech.say("root"), case.root)
    refused = sum(entry.row.kind == "refused" for entry in case.entries)
    count = speech.say("entries.of", count=len(case.entries), late=noted.late, refused=refused)
    yield Fact(speech.say("entries"), count)


def marks(case: Case, noted: Remarks, speech: Speech) -> Iterator[Mark]:
    """Yield the marks of an instance: how it stands, what of it is late, and what is in doubt."""
    yield from timeline.standing_marks(case, speech)
    if noted.late:
        yield Mark("late", speech.say("mark.late.count", count=noted.late), speech.say("legend.late"))
    if noted.flags:
        flags = " ".join(dict.fromkeys(flag.id for flag in noted.flags))
        yield Mark("flags", speech.say("mark.flags", flags=flags), speech.say("flags.about"))
