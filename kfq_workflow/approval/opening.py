"""How a round begins: who is asked, in which order, and what the votes are bound to.

The first round opens when a transition is submitted. The next one opens when it is submitted again after a return or
a refusal, or by itself when a field changes that votes are bound to: votes on another text are no votes on this one.
The entry that opens a round says the whole gate, so that the denominator is fixed and on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import Round
from kfq_workflow.approval.operations import Denied, asked_of
from kfq_workflow.entry import canonical, document_digest
from kfq_workflow.hashing import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kfq_workflow.definition.model import Gate, Signer, Transition
    from kfq_workflow.hashing import Hash
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor

    State = dict[str, Any]


#: Tasks of a returned round that are asked again when it goes straight back, and what stands of those that are not.
_AGAIN = frozenset({"returned", "superseded", "abstained", "rejected"})
_STANDS = ("by", "for", "weight")


@dataclass(frozen=True, slots=True)
class Asking:
    """What decides who is asked: `holds` answers a guard by name, `named` the people whom code names."""

    holds: Callable[[str], bool]
    named: Callable[[str], Iterable[str]]


def submit(
    rule: Transition, snapshot: Snapshot, seq: int, by: Actor, asking: Asking, *,
    papers: Iterable[str] = (), params: Mapping[str, Any] | None = None, due: str | None = None, direct: bool = False,
    hasher: Hash = DEFAULT,
) -> State:  # fmt: skip
    """Return the gate of a new round. With `direct` it goes straight back to the signer who returned it.

    Raises Denied: nobody is asked, or the quorum cannot be reached; for `direct` that it was not returned to the
    applicant, that somebody else submitted it, or that more was changed than may be.
    """
    if rule.gate is None:
        raise Denied(("no_gate", {"trigger": rule.trigger}))
    before = snapshot.gates.get(rule.id, {})
    opened: State = {"by": by.id}
    if by.org:
        opened["org"] = by.org
    if laid := sorted(set(papers)):
        opened["papers"] = laid
    if params:
        opened["params"] = dict(params)
    if due:
        opened["due"] = due
    if direct:
        opened |= _remaining(rule.gate, before, by)
    else:
        opened["tasks"] = _tasks(rule.gate, asking)
    return _begin(rule.gate, snapshot.attrs, before, opened, seq, hasher)


def rebind(
    rules: Iterable[Transition],
    snapshot: Snapshot,
    seq: int,
    attrs: Mapping[str, Any],
    asking: Callable[..., Asking],
    hasher: Hash = DEFAULT,
) -> dict[str, State]:
    """Return what a change of attributes does to gates: an open one begins anew where its votes are bound to them."""
    after = {**snapshot.attrs, **attrs}
    patches: dict[str, State] = {}
    for rule in rules:
        gate, stored = rule.gate, snapshot.gates.get(rule.id, {})
        if gate is None or stored.get("state") not in ("open", "returned"):
            continue
        if stored["state"] == "open" and bound(gate, after, hasher) != stored.get("bound"):
            kept = ("by", "org", "params", "due", "extended")
            opened: State = {name: stored[name] for name in kept if name in stored}
            if laid := sorted(set(stored.get("papers", ())) - set(gate.papers)):
                opened["papers"] = laid
            opened["tasks"] = _tasks(gate, asking(after))
            patches[rule.id] = _begin(gate, after, stored, opened, seq, hasher, held=bool(snapshot.held))
            continue
        touched = sorted({*stored.get("touched", ()), *attrs})
        if touched != stored.get("touched"):
            patches[rule.id] = {"touched": touched}
    return patches


def _begin(
    gate: Gate,
    attrs: Mapping[str, Any],
    before: Mapping[str, Any],
    opened: State,
    seq: int,
    hasher: Hash,
    *,
    held: bool = False,
) -> State:
    stored: State = {"round": before.get("round", 0) + 1, "state": "open", "opened": seq, **opened}
    if digest := bound(gate, attrs, hasher):
        stored["bound"] = digest
    work = Round(gate, {}, seq)
    work.gate = stored
    if not stored["tasks"]:
        raise Denied(("nobody_to_ask", {}))
    count = work.tally()
    outcome = work.settle()
    if outcome == "rejected":
        raise Denied(("quorum_unreachable", {"need": count.need, "of": count.of}))
    if outcome == "approved":  # by nobody
        raise Denied(("would_decide", {"need": count.need, "approve": 0}))
    if held:
        work.block()
    return work.patch()


def _tasks(gate: Gate, asking: Asking) -> dict[str, State]:
    found: dict[str, State] = {}
    asked = [signer for signer in gate.signers if signer.when is None or asking.holds(signer.when)]
    for step, signer in enumerate(asked, 1):
        for kind, of in _people(signer, asking):
            task: State = {"seat": signer.name, "kind": kind, "of": of, "step": step if gate.sequential else 1}
            if signer.weight != 1:
                task["weight"] = signer.weight
            if signer.veto:
                task["veto"] = True
            found[str(len(found) + 1)] = {**task, "state": "open"}
    return found


def _people(signer: Signer, asking: Asking) -> list[tuple[str, str]]:
    if signer.kind == "code":
        return [("actor", person) for person in dict.fromkeys(asking.named(signer.of))]
    return [(signer.kind, signer.of)] * signer.seats


def _remaining(gate: Gate, before: Mapping[str, Any], by: Actor) -> State:
    """Return who is still to be asked when a file goes straight back: those who had not approved.

    The approvals given are not asked again; they stand under `settled` and count as if it had not been returned.
    """
    changed = sorted(set(before.get("touched", ())) - set(gate.direct))
    returned = before.get("state") == "returned" and "to" not in before["returned"] and before["by"] == by.id
    if not returned or changed:
        raise Denied(("direct_not_allowed", {"fields": changed}))
    tasks = before["tasks"]
    again = [number for number in sorted(tasks, key=int) if tasks[number]["state"] in _AGAIN]
    places = {number: str(place) for place, number in enumerate(again, 1)}
    found: State = {"tasks": {places[number]: _anew(tasks[number], places) for number in again}}
    if "need" in before:
        found["need"] = before["need"]
    standing = [task for task in tasks.values() if task["state"] == "approved"]
    settled = {str(task["vote"]): {name: task[name] for name in _STANDS if name in task} for task in standing}
    if settled := {**before.get("settled", {}), **settled}:
        found["settled"] = settled
    return found


def _anew(task: Mapping[str, Any], places: Mapping[str, str]) -> State:
    """Return a task to be asked again, after those that it came after if they are asked again as well."""
    found = {**asked_of(task), "state": "open"}
    after = [places[number] for number in found.pop("after", ()) if number in places]
    return {**found, **({"after": after} if after else {})}


def bound(gate: Gate, attrs: Mapping[str, Any], hasher: Hash = DEFAULT) -> str | None:
    """Return the digest of the fields that votes are bound to, by the log's hash in hex; None when there are none."""
    if not gate.binds:
        return None
    return document_digest(canonical({name: attrs.get(name) for name in gate.binds}).encode(), hasher).hex()
