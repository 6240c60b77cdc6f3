"""How what an instance was at a moment is shown: answers with their candidates, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import VOTED
from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.gates import gate_json, round_words, task_words
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.history.difference import What
    from kfq_workflow.history.order import Answer
    from kfq_workflow.history.picture import Picture, Standing

    Rows = list[tuple[str, str]]


def main_first(item: tuple[str, Any]) -> tuple[bool, str]:
    """Return what sorts regions."""
    return item[0] != "main", item[0]


def label(definition: Definition, what: What, name: str) -> str:
    """Return what an answer is about."""
    if what == "gate":
        rule = next((rule for rule in definition.transitions if rule.id == name), None)
        return say("gate.of", name=shown.label(definition, "trigger", rule.trigger if rule else name))
    if what in ("region", "attribute"):
        return shown.label(definition, what, name)
    return say(what)


def value_words(definition: Definition, what: What, name: str, value: Any) -> str:
    """Return one candidate in words."""
    from kfq_workflow.history.order import Absence

    if isinstance(value, Absence):
        return say(f"absent.{value.value}")
    match what:
        case "region":
            return state_words(definition, name, value)
        case "gate":
            return round_words(definition, name, value)
        case "attribute":
            code = f"{name}={value}"
            found = shown.label(definition, "choice", code)
            return say("yes" if value else "no") if isinstance(value, bool) else str(value) if found == code else found
        case "standing":
            return standing_words(value)
        case "name":
            return bilingual(str(value), locale.language())


def state_words(definition: Definition, region: str, state: object) -> str:
    """Return a state, or why there is none."""
    from kfq_workflow.history.order import Absence

    if isinstance(state, Absence):
        return say(f"absent.{state.value}")
    return say("not_active") if state is None else shown.state_word(definition, region, str(state))


def standing_words(standing: Standing) -> str:
    """Return since when an instance is void or suspended, or that it is neither."""
    said = [
        say(f"standing.{what}", seq=seq)
        for what, seq in (("void", standing.void), ("suspended", standing.suspended))
        if seq is not None
    ]
    return shown.joined(said) or say("standing.none")


def answer_words(definition: Definition, what: What, name: str, answer: Answer[Any]) -> tuple[str, ...]:
    """Return an answer in lines: what it was, or that it cannot be told and the candidates."""
    said = list(dict.fromkeys(value_words(definition, what, name, value) for value in answer.values))
    if answer.certain:
        return (said[0],)
    first, last = (str(seq) if seq is not None else "–" for seq in answer.between)
    return (say("replay.uncertain", first=first, last=last), *(f"  {word}" for word in said))


def answer_rows(definition: Definition, what: What, name: str, answer: Answer[Any]) -> Iterator[str]:
    """Yield an answer below what it is about; one that is certain in the same line."""
    first, *more = answer_words(definition, what, name, answer)
    gate = answer.values[0] if what == "gate" and answer.certain else None
    if isinstance(gate, dict):
        yield f"{say('gate')}: {first}"
        yield from (f"  {line}" for line in _tasks(definition, gate))
        return
    yield f"{label(definition, what, name)}: {first}"
    yield from (f"  {line}" for line in more)


def _tasks(definition: Definition, gate: Mapping[str, Any]) -> Iterator[str]:
    """Yield each task of a round: on whom it waits, or who voted how, in which entry."""
    for number in sorted(gate["tasks"], key=int):
        task = gate["tasks"][number]
        state = shown.word("task.state", task["state"])
        if task["state"] in VOTED:
            who = task.get("for", task.get("by", ""))
            state = say("replay.voted", who=who, state=state, seq=task.get("vote", task.get("since")))
        yield f"{task_words(definition, number, task)} · {state}"


def picture_rows(definition: Definition, picture: Picture) -> Iterator[str]:
    """Yield everything of an instance but its regions, as far as there is anything to say."""
    from kfq_workflow.history.picture import Standing

    yield from answer_rows(definition, "name", "", picture.name)
    if picture.standing.values != (Standing(),):
        yield from answer_rows(definition, "standing", "", picture.standing)
    for name, value in sorted(picture.attrs.items()):
        yield from answer_rows(definition, "attribute", name, value)
    for name, gate in sorted(picture.gates.items()):
        yield from answer_rows(definition, "gate", name, gate)


# JSON


def answer_json(definition: Definition, what: What, name: str, answer: Answer[Any]) -> dict[str, Any]:
    """Return an answer: its candidates, where there is nothing {"absent": WHY}, and the entries it lies between."""
    values = [value_json(definition, what, name, value) for value in answer.values]
    kind = "states" if what == "region" else "values"
    return {"certain": answer.certain, kind: values, "between": list(answer.between)}


def value_json(definition: Definition, what: What, name: str, value: Any) -> Any:
    """Return one candidate."""
    from kfq_workflow.history.order import Absence

    if isinstance(value, Absence):
        return {"absent": value.value}
    if what == "gate":
        return gate_json(definition, name, value)
    return {"suspended": value.suspended, "void": value.void} if what == "standing" else value


def picture_json(definition: Definition, picture: Picture) -> dict[str, Any]:
    """Return everything of an instance at a moment but its regions."""

    def table(what: What, answers: Mapping[str, Answer[Any]]) -> dict[str, Any]:
        return {name: answer_json(definition, what, name, answer) for name, answer in sorted(answers.items())}

    return {
        "certain": picture.certain,
        "name": answer_json(definition, "name", "", picture.name),
        "standing": answer_json(definition, "standing", "", picture.standing),
        "attributes": table("attribute", picture.attrs),
        "gates": table("gate", picture.gates),
        "visited": {
            region: {"certain": list(visited.certain), "perhaps": list(visited.perhaps)}
            for region, visited in sorted(picture.visited.items(), key=main_first)
        },
        "papers": [{"entry": laid.seq, "certain": laid.certain, **laid.paper} for laid in picture.papers],
        "happened": {str(seq): happened for seq, happened in picture.happened.items()},
    }
