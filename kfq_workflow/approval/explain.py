"""Why an instance waits: on whom, since when, by which rule, and what would decide it.

Pure: what is outside the snapshot, who made which entry on which day and what people are called, is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from kfq_workflow.approval.duties import WAIVERS
from kfq_workflow.approval.gate import counting
from kfq_workflow.approval.prospect import prospect
from kfq_workflow.approval.quorum import tally
from kfq_workflow.approval.sentences import said
from kfq_workflow.approval.waiting import (
    Asked,
    EndedRound,
    GateWaiting,
    Mark,
    Move,
    MovesWaiting,
    Named,
    Opinion,
    Standstill,
    Waiting,
    Waiver,
)  # fmt: skip
from kfq_workflow.messages.bilingual import bilingual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kfq_workflow.definition.model import Definition, Gate, Transition
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Decision

_ENDED = ("returned", "rejected", "withdrawn", "void")


@dataclass(frozen=True, slots=True)
class Made:
    """An entry as far as this asks: its local ISO day, its actor, and the number of the document that it cites."""

    day: str
    by: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is looked up beside the snapshot: `entry` by its number, the `name` of a person by id ("" for none)."""

    entry: Callable[[int], Made]
    name: Callable[[str], str]

    def person(self, id: str) -> Named:  # noqa: A002 - the field's word
        """Return a person as people read him: name and id."""
        name = self.name(id)
        if name in ("", id):
            return Named(id, id, id)
        zh, en = (said("person", lang, label=bilingual(name, lang), of=id) for lang in ("zh", "en"))
        return Named(id, zh, en)

    def mark(self, seq: int) -> Mark:
        """Return an entry's mark."""
        made = self.entry(seq)
        return Mark(seq, made.day, self.person(made.by))


def explain(
    definition: Definition, snapshot: Snapshot, sources: Sources, decisions: Sequence[Decision]
) -> list[Waiting]:
    """Return all that an instance waits for; `decisions` are those on every trigger, for anyone."""
    rules = {rule.id: rule for rule in definition.transitions}
    found: list[Waiting] = list(_standstill(definition, snapshot, sources))
    gates = [(rules[name], gate) for name, gate in sorted(snapshot.gates.items()) if name in rules]
    open_ = [_open(definition, rule, rule.gate, gate, sources) for rule, gate in gates if rule.gate and _is_open(gate)]
    found += open_
    if open_ or snapshot.voided:
        return found
    found += [ended for rule, gate in gates if (ended := _ended(definition, snapshot, rule, gate, sources))]
    if not snapshot.held:
        found.append(_moves(definition, snapshot, rules, decisions))
    return found


def _is_open(gate: Mapping[str, Any]) -> bool:
    return bool(gate["state"] == "open")


def _standstill(definition: Definition, snapshot: Snapshot, sources: Sources) -> Iterator[Standstill]:
    roles = tuple(_label(definition, "role", role) for role in sorted(definition.permissions.supervise))
    marks: tuple[tuple[Literal["void", "suspended"], Mapping[str, int]], ...] = (
        ("void", snapshot.voided),
        ("suspended", snapshot.held),
    )
    for what, mark in marks:
        if mark:
            yield Standstill(what, sources.mark(mark["seq"]), sources.entry(mark["seq"]).number, roles)


# Rounds


def _open(
    definition: Definition, rule: Transition, declared: Gate, gate: Mapping[str, Any], sources: Sources
) -> GateWaiting:
    tasks = gate["tasks"]
    return GateWaiting(
        transition=rule.id,
        trigger=rule.trigger,
        name=named(definition, "trigger", rule.trigger),
        round=gate["round"],
        since=_submitted(gate, sources),
        tasks=tuple(_asked(definition, number, tasks[number], sources) for number in sorted(tasks, key=int)),
        quorum=declared.quorum,
        papers=tuple(_label(definition, "paper", paper) for paper in declared.papers),
        tally=tally(declared.quorum, counting(gate).values(), gate.get("need")),
        prospect=prospect(declared.quorum, counting(gate), gate.get("need")),
        changed="need" in gate,
        settled=len(gate.get("settled", ())),
        urged=tuple((sources.person(who), day) for who, day in sorted(gate.get("urged", {}).items())),
        opinions=tuple(_opinions(tasks, sources)),
        waived=tuple(
            Waiver(sources.person(who), tuple(map(sources.person, by)), holds=len(by) >= WAIVERS)
            for who, by in sorted(gate.get("waived", {}).items())
        ),
        due=gate.get("due"),
        extended=gate.get("extended"),
    )


def _submitted(gate: Mapping[str, Any], sources: Sources) -> Mark:
    """Return the entry that opened the round, in the name of whoever submitted: a new round may open by itself."""
    return Mark(gate["opened"], sources.entry(gate["opened"]).day, sources.person(gate["by"]))


def _asked(definition: Definition, number: str, task: Mapping[str, Any], sources: Sources) -> Asked:
    kind, of = task["kind"], task["of"]
    whom = (
        _label(definition, "role", of) if kind == "role" else Named(of, of, of) if kind == "org" else sources.person(of)
    )
    return Asked(
        number, kind, whom, task["state"], task["step"], task.get("weight", 1), bool(task.get("veto")),
        sources.mark(task["since"]),
        sources.person(task["by"]) if "by" in task else None,
        sources.person(task["for"]) if "for" in task else None,
    )  # fmt: skip


def _opinions(tasks: Mapping[str, Mapping[str, Any]], sources: Sources) -> Iterator[Opinion]:
    for number in sorted(tasks, key=int):
        for who, asked in sorted(tasks[number].get("asked", {}).items()):
            answered = sources.entry(asked["replied"]).day if "replied" in asked else None
            yield Opinion(number, sources.person(who), sources.entry(asked["seq"]).day, answered)


def _ended(
    definition: Definition, snapshot: Snapshot, rule: Transition, gate: Mapping[str, Any], sources: Sources
) -> EndedRound | None:
    """Return a round that ended without approval, where that is why the instance is where it is."""
    to = gate.get("returned", {}).get("to")
    present = snapshot.regions.get(rule.region)
    if gate["state"] not in _ENDED or (present != to if to else present not in rule.sources):
        return None
    return EndedRound(
        rule.id,
        rule.trigger,
        named(definition, "trigger", rule.trigger),
        gate["round"],
        cast("Literal['returned', 'rejected', 'withdrawn', 'void']", gate["state"]),
        sources.mark(gate["closed"]),
        sources.person(gate["by"]),
        _state(definition, rule.region, to) if to else None,
    )


# Moves


def _moves(
    definition: Definition, snapshot: Snapshot, rules: Mapping[str, Transition], decisions: Sequence[Decision]
) -> MovesWaiting:
    possible: list[Move] = []
    not_yet: list[Move] = []
    for decision in decisions:
        rule = rules.get(decision.transition or "")
        if rule is None:  # it does not leave the present state
            continue
        near = decision.allowed or all(refusal.category == "EvidenceMissing" for refusal in decision.refusals)
        move = Move(
            decision.trigger,
            named(definition, "trigger", decision.trigger),
            _state(definition, rule.region, decision.target),
            tuple(_label(definition, "role", role) for role in rule.roles),
            tuple(_label(definition, "paper", paper) for paper in decision.missing),
            gated=decision.gated,
            refusals=() if near else decision.refusals,
        )
        (possible if near else not_yet).append(move)
    closed = definition.is_terminal("main", snapshot.regions.get("main"))
    return MovesWaiting(tuple(possible), tuple(not_yet), closed=closed and not possible)


# Labels


def _label(definition: Definition, kind: str, name: str) -> Named:
    return Named(name, definition.label(kind, name, "zh"), definition.label(kind, name, "en"))


def _state(definition: Definition, region: str, state: str | None) -> Named:
    label = _label(definition, "state", f"{region}={state}")
    return Named(str(state), label.zh.removeprefix(f"{region}="), label.en.removeprefix(f"{region}="))


def named(definition: Definition, kind: str, name: str) -> Named:
    """Return an item's label with its code, or the code alone where it has no label."""
    label = _label(definition, kind, name)
    return Named(
        name,
        name if label.zh == name else f"{label.zh}（{name}）",
        name if label.en == name else f"{label.en} ({name})",
    )
