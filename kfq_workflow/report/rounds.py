"""The rounds of approval of an instance: who was asked, how each voted, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.explain import Made, Sources, explain
from kfq_workflow.approval.gate import VOTED, merge
from kfq_workflow.approval.quorum import tally
from kfq_workflow.approval.waiting import MovesWaiting, counted, quorum_words
from kfq_workflow.report.model import Fact, Round, Signature, Waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.definition.model import Definition, Transition
    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech

_STYLES = {
    "approved": "yes", "rejected": "no", "abstained": "none", "open": "open", "waiting": "open", "blocked": "open",
    "returned": "none", "withdrawn": "none", "void": "none",
}  # fmt: skip


def rounds(case: Case, speech: Speech) -> tuple[Round, ...]:
    """Return every round of every approval, in the order in which they were opened."""
    found: list[tuple[str, dict[str, Any]]] = []
    gates: dict[str, dict[str, Any]] = {}
    for entry in case.entries:
        patches = entry.body.get("gates", {})
        found += [(name, gates[name]) for name, patch in patches.items() if "round" in patch and name in gates]
        gates = merge(gates, patches)
    found += gates.items()
    found.sort(key=lambda item: item[1]["opened"])
    made = (_round(case, name, _closed(gate, gates[name]), speech) for name, gate in found)
    return tuple(each for each in made if each is not None)


def _closed(gate: dict[str, Any], newest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a round as it ended: one that was still open when the next began was replaced by it."""
    return {**gate, "state": "replaced"} if gate is not newest and gate["state"] == "open" else gate


def _round(case: Case, name: str, gate: Mapping[str, Any], speech: Speech) -> Round | None:
    rule = rule_of(case.definition, name)
    if rule is None or rule.gate is None:
        return None
    numbers = sorted(gate["tasks"], key=int)
    label = speech.label(case.definition, "trigger", rule.trigger)
    return Round(
        title=speech.say("gate.title", name=label, round=gate["round"]),
        outcome=speech.word("gate", gate["state"]),
        style="no" if gate["state"] == "returned" else _STYLES.get(gate["state"], "none"),
        facts=tuple(_facts(case, rule, gate, speech)),
        signatures=tuple(_signature(case, number, gate, speech) for number in numbers),
    )  # fmt: skip


def _facts(case: Case, rule: Transition, gate: Mapping[str, Any], speech: Speech) -> Iterator[Fact]:
    assert rule.gate is not None  # noqa: S101 - asked by the caller
    quorum = rule.gate.quorum
    made = speech.say(
        "gate.submitted.by", day=_day(case, gate["opened"], speech), by=speech.person(gate["by"]), seq=gate["opened"]
    )
    yield Fact(speech.say("gate.submitted"), made)
    count = tally(quorum, gate["tasks"].values(), gate.get("need"))
    declared = "need" not in gate and not gate.get("settled")
    yield Fact(speech.say("gate.rule"), quorum_words(quorum, count, speech.lang, declared=declared))
    yield Fact(speech.say("gate.tally"), counted(quorum, gate["tally"], speech.lang, closed=gate["state"] != "open"))
    if gate.get("due"):
        yield Fact(speech.say("gate.due"), speech.day(gate["due"]))
    if gate.get("closed"):
        said = (speech.word("gate", gate["state"]), _day(case, gate["closed"], speech), speech.entry(gate["closed"]))
        yield Fact(speech.say("gate.closed"), " · ".join(said))
    to = gate.get("returned", {}).get("to")
    if to:
        yield Fact(speech.say("gate.returned.to"), speech.state(case.definition, rule.region, to))


def _signature(case: Case, number: str, gate: Mapping[str, Any], speech: Speech) -> Signature:
    task = gate["tasks"][number]
    asked, state = task_whom(case.definition, task, speech), task["state"]
    more = [speech.say("task.veto")] if task.get("veto") else []
    if task.get("weight", 1) != 1:
        more.append(speech.say("task.weight", weight=task["weight"]))
    if more:
        asked += f"（{speech.joined(more)}）" if speech.lang == "zh" else f" ({speech.joined(more)})"
    who, style = "", _STYLES.get(state, "none")
    if "by" in task and state in VOTED:
        voter = speech.person(task["by"])
        if "for" in task:
            voter = speech.say("task.for", by=voter, principal=speech.person(task["for"]))
        who = speech.say("task.day", who=voter, day=_day(case, task["since"], speech), seq=task["since"])
    elif gate.get("returned", {}).get("by") == number:
        back = case.entries[gate["closed"] - 1].row
        voter, state, style = speech.person(back.actor), "sent_back", "no"
        who = speech.say("task.day", who=voter, day=_day(case, back.seq, speech), seq=back.seq)
    elif gate["state"] == "replaced" and style == "open":
        state, style = "lapsed", "none"
    return Signature(number, asked, speech.word("task", state), style, who)


def task_whom(definition: Definition, task: Mapping[str, Any], speech: Speech) -> str:
    """Return whom a task asks."""
    if task["kind"] == "role":
        return speech.label(definition, "role", task["of"])
    return str(task["of"]) if task["kind"] == "org" else speech.person(task["of"])


def rule_of(definition: Definition, name: str) -> Transition | None:
    """Return the transition of this id."""
    return next((rule for rule in definition.transitions if rule.id == name), None)


def closing_words(definition: Definition, name: str, gate: Mapping[str, Any], speech: Speech) -> str:
    """Return a gate's round, state and tally in a line."""
    rule = rule_of(definition, name)
    if rule is None or rule.gate is None:
        return name
    votes = counted(rule.gate.quorum, gate["tally"], speech.lang, closed=gate["state"] != "open")
    title = speech.say("gate.title", name=speech.label(definition, "trigger", rule.trigger), round=gate["round"])
    return f"{title} · {speech.word('gate', gate['state'])} · {votes}"


def _day(case: Case, seq: int, speech: Speech) -> str:
    return speech.day(speech.local_day(case.entries[seq - 1].row.at))


def waits(case: Case, speech: Speech) -> tuple[Waits, ...]:
    """Return what the instance waits for: open approvals, rounds that ended, and that it stands still."""

    def entry(seq: int) -> Made:
        made = case.entries[seq - 1]
        return Made(speech.local_day(made.row.at), made.row.actor, str(made.body.get("number", "")))

    found = explain(case.definition, case.snapshot, Sources(entry, speech.names), ())
    return tuple(
        Waits(each.heading(speech.lang), tuple(Fact(label, words) for label, words in each.rows(speech.lang)))
        for each in found
        if not isinstance(each, MovesWaiting)
    )
