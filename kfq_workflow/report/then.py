"""What an instance was at a past moment, as far as it can be told, in labelled lines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kfq_workflow.history.order import Absence
from kfq_workflow.history.picture import Standing
from kfq_workflow.report.model import Fact, Waits
from kfq_workflow.report.rounds import closing_words, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.history.moment import Moment
    from kfq_workflow.history.order import Answer
    from kfq_workflow.history.picture import Picture
    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech

_ABSENT = {
    Absence.NOT_ON_RECORD: "not_on_record",
    Absence.NOT_YET_STARTED: "then.not_yet_started",
    Absence.INACTIVE: "inactive",
    Absence.NOT_KNOWN: "then.not_known",
    Absence.WITHHELD: "then.withheld",
}


def then(case: Case, picture: Picture, speech: Speech) -> Waits:
    """Return the moment in words, and the answers."""
    return Waits(_heading(picture.moment, speech), tuple(_facts(case, picture, speech)))


def _heading(moment: Moment, speech: Speech) -> str:
    at = "" if moment.known_at is None else speech.instant(moment.known_at)
    if moment.as_of is None:
        return speech.say("then.known", at=at)
    return speech.say("then.both" if at else "then.day", day=moment.as_of, at=at)


def _facts(case: Case, picture: Picture, speech: Speech) -> Iterator[Fact]:
    definition = case.definition
    for region, state in sorted(picture.regions.items(), key=lambda item: (item[0] != "main", item[0])):
        label = speech.label(definition, "region", region)
        yield Fact(label, _answer(state, partial(speech.state, definition, region), speech))
    if picture.standing.values != (Standing(),):
        yield Fact(speech.say("then.standing"), _answer(picture.standing, partial(_stands, speech=speech), speech))
    for name, gate in sorted(picture.gates.items()):
        rule = rule_of(definition, name)
        label = speech.label(definition, "trigger", rule.trigger if rule else name)
        said = _answer(gate, partial(closing_words, definition, name, speech=speech), speech)
        yield Fact(label, said)
    for name, value in sorted(picture.attrs.items()):
        label = speech.label(definition, "attribute", name)
        yield Fact(label, _answer(value, partial(speech.choice, definition, name), speech))


def _answer(answer: Answer[Any], say: Callable[[Any], str], speech: Speech) -> str:
    said = dict.fromkeys(
        speech.say(_ABSENT[value]) if isinstance(value, Absence) else say(value) for value in answer.values
    )
    if answer.certain:
        return next(iter(said))
    first, last = (str(seq) if seq is not None else "–" for seq in answer.between)
    between = speech.say("then.between", first=first, last=last)
    return speech.say("then.one_of", values=("；" if speech.lang == "zh" else "; ").join(said), between=between)


def _stands(standing: Standing, speech: Speech) -> str:
    said = [speech.say("then.voided", seq=standing.void)] if standing.void is not None else []
    said += [speech.say("then.suspended", seq=standing.suspended)] if standing.suspended is not None else []
    return speech.joined(said) or speech.say("then.stands")
