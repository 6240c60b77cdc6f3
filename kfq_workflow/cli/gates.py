"""How approval gates are shown: the round of a gate, what an entry did to it, and what an act on one prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import merge
from kfq_workflow.approval.waiting import counted
from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.shown import joined, label, labelled
from kfq_workflow.cli.told import receipt_json
from kfq_workflow.cli.words import say
from kfq_workflow.definition.wording import seat_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition, Transition
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Receipt
    from kfq_workflow.views import HistoryEntry

    Gates = Mapping[str, dict[str, Any]]
    Rows = Iterator[tuple[str, str]]

#: Entries after which the gate stands as before: its round and tally are not worth saying again.
_BESIDE = frozenset({"urged", "copied", "read", "delegated", "replied", "extended", "waived"})
#: What a body says of an approval beside the gate itself, in the order in which it is shown.
_FACTS = ("signer", "place", "weight", "need", "due", "number", "keep")


def acted(session: Session, engine: WorkflowEngine, receipt: Receipt) -> None:
    """Print what an act on a gate did: the receipt, the round as the entry left it, and where the instance moved."""
    with engine.reading() as reading:
        definition, history = reading.show(receipt.instance).definition, reading.history(receipt.instance)
    entry, gates = history[receipt.seq - 1], after(history[: receipt.seq])
    if session.json:
        touched = [gate_json(definition, name, gates[name]) for name in entry.body.get("gates", ())]
        print_json({**receipt_json(receipt), "gates": touched})
        return
    code = "done.replayed" if receipt.replayed else "done.act"
    line(say(code, key=receipt.instance, seq=receipt.seq, what=shown.entry_words(definition, entry)))
    rows = [*details(definition, entry, gates), *shown.changes(definition, entry.body)]
    sheet([*rows, (say("revision"), str(receipt.rev)), (say("check"), receipt.check)], 2)


def after(history: Iterable[HistoryEntry]) -> dict[str, dict[str, Any]]:
    """Return the gates as these entries leave them."""
    gates: dict[str, dict[str, Any]] = {}
    for entry in history:
        if "gates" in entry.body:
            gates = merge(gates, entry.body["gates"])
    return gates


def gate_json(definition: Definition, name: str, gate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the newest round of a gate as `--json` prints it."""
    rule = _rule(definition, name)
    return {
        "transition": name,
        "trigger": rule.trigger if rule else None,
        "round": gate["round"],
        "state": gate["state"],
        "by": gate["by"],
        "opened": gate["opened"],
        "closed": gate.get("closed"),
        "due": gate.get("due"),
        "tally": dict(gate["tally"]),
        "tasks": [{"task": number, **gate["tasks"][number]} for number in sorted(gate["tasks"], key=int)],
    }


def details(definition: Definition, entry: HistoryEntry, gates: Gates) -> Rows:
    """Yield what an entry says of approvals, `gates` being those after it."""
    body, kind = entry.body, entry.row.kind
    patches = body.get("gates", {})
    if "task" in body:
        found = next((gates[name]["tasks"].get(body["task"]) for name in patches), None)
        yield say("task"), task_words(definition, body["task"], found or {})
    if kind in ("opened", "returned", "transferred", "delegated", "copied"):
        yield from _whom(definition, entry, gates)
    yield from _facts(body, kind)
    for number, (seat, people) in enumerate(sorted(body.get("candidates", {}).items())):
        who = joined(people) if people else say("nobody")
        if more := body.get("unlisted", {}).get(seat):
            who = say("unlisted", people=who, count=more)
        yield "" if number else say("candidates"), f"{seat_label(definition, patches, seat, locale.language())}: {who}"
    if kind not in _BESIDE:
        for name in sorted(patches):
            if "state" in patches[name] or "tally" in patches[name]:
                yield say("gate"), round_words(definition, name, gates[name])


def _facts(body: Mapping[str, Any], kind: str) -> Rows:
    """Yield what an entry says beside the gate itself."""
    old = body.get("old", {})
    for name in _FACTS:
        if name in body and kind in shown.APPROVAL_KINDS:
            said = body[name]
            new = joined(said) if isinstance(said, list) else shown.word("place", str(said))
            yield say(f"gate.{name}"), f"{old[name]} → {new}" if name in old else new
    for verb in ("retire", "release"):
        if found := [str(effect["number"]) for effect in body.get("effects", ()) if verb in effect]:
            yield say(f"gate.{verb}"), joined(found)


def _whom(definition: Definition, entry: HistoryEntry, gates: Gates) -> Rows:
    """Yield to whom something went: handed on, asked, copied, returned, or straight back to the one who returned it."""
    body, kind = entry.body, entry.row.kind
    to = body.get("to")
    if kind == "opened":
        if body.get("direct"):
            yield say("gate.to"), say("gate.direct")
    elif kind == "transferred":
        yield say("gate.to"), f"{body.get('for', {}).get('id', entry.row.actor)} → {to}"
    elif kind == "returned":
        name = next(iter(body["gates"]))
        rule = _rule(definition, name)
        applicant = say("applicant", who=gates[name]["by"])
        yield say("gate.to"), shown.state_label(definition, rule.region, to) if rule and to else applicant
    else:
        yield say("gate.to"), joined(to) if isinstance(to, list) else str(to)


def task_words(definition: Definition, number: str, task: Mapping[str, Any]) -> str:
    """Return a task's number and whom it asks."""
    if not task:
        return number
    whom = labelled(definition, "role", task["of"]) if task["kind"] == "role" else task["of"]
    return say("task.of", task=number, who=whom)


def round_words(definition: Definition, name: str, gate: Mapping[str, Any]) -> str:
    """Return a gate's round, state and tally in a line."""
    rule = _rule(definition, name)
    if rule is None or rule.gate is None:
        return name
    tally = counted(rule.gate.quorum, gate["tally"], locale.language(), closed=gate["state"] != "open")
    state = say(f"gate.{gate['state']}")
    what = label(definition, "trigger", rule.trigger)
    return say("gate.round", name=what, round=gate["round"], state=state, tally=tally)


def _rule(definition: Definition, name: str) -> Transition | None:
    return next((rule for rule in definition.transitions if rule.id == name), None)
