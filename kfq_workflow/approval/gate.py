"""An approval gate as the snapshot keeps it and as entries change it.

    gate = {"round": n, "state": S, "opened": seq, "closed": seq, "by": applicant, "org": the applicant's,
            "tally": {…}, "need": n, "papers": [type], "params": {…}, "bound": HEX, "touched": [attribute],
            "settled": {vote: {"by", "for", "weight"}}, "returned": {"by": task, "to": state}, "due": day,
            "extended": seq, "copies": {actor: {"seq", "read"}}, "urged": {actor: working day}, "waived": {actor: [id]},
            "tasks": {"1": task, …}}
    task = {"seat", "kind", "of", "step", "after", "weight", "veto", "state", "by", "for", "vote", "from", "asked",
            "since"}

A gate's state is open, approved, rejected, returned, withdrawn or void. A task is open (whoever may sign, may now),
waiting (for those before it), blocked (the instance is suspended), approved, rejected or abstained (the vote),
transferred, retracted or removed (it is asked no more), superseded, returned or void (it was not needed any more).
Tasks are numbered within their round and never deleted; what is empty is left out.

An entry says in `gates` what it changed: a patch that brings a `round` is a new round and takes the gate's place, any
other is merged into it. Nothing is ever taken away, so that merging in order rebuilds the gate without its definition.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.quorum import UNDECIDED, Tally, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.definition.model import Gate
    from kfq_workflow.values import Actor

    State = dict[str, Any]

VOTES = {"approve": "approved", "reject": "rejected", "abstain": "abstained"}
VOTED = frozenset(VOTES.values())


def check_form(gates: Mapping[str, Any]) -> None:
    """Raise TypeError unless each gate has what makes it one, and that is what it must be."""
    for gate in gates.values():
        good = _says(gate, round=int, state=str, by=str) and all(
            _says(task, kind=str, of=str, state=str) and _are_people(task.get("asked", {}))
            for task in gate.get("tasks", {}).values()
        )
        if not good or not _are_people(gate.get("copies", {})):
            raise TypeError("gates")


def _says(value: Any, **types: type) -> bool:
    return isinstance(value, dict) and all(type(value.get(name)) is wanted for name, wanted in types.items())


def _are_people(value: Any) -> bool:
    return isinstance(value, dict) and all(_says(about, seq=int) for about in value.values())


def merge(gates: Mapping[str, State], patches: Mapping[str, State]) -> State:
    """Return the gates after an entry's patches; neither is changed."""
    return {**gates, **{name: _merged(gates.get(name), patch) for name, patch in patches.items()}}


def _merged(before: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(before, dict) or "round" in patch:
        return deepcopy(patch)
    return {**before, **{name: _merged(before.get(name), value) for name, value in patch.items()}}


def patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> State:
    """Return what merged into `before` gives `after`, which has everything that `before` has; nothing empty in it."""
    found: State = {}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := patch(old, value):
                found[name] = inner
        elif name not in before or old != value:
            found[name] = value
    return found


def replaced(before: Mapping[str, Any], changes: Mapping[str, Any]) -> State:
    """Return what a patch takes the place of: the day by which a gate is due, what its quorum needs and of how many."""
    old = {name: before[name] for name in ("due",) if name in before and name in changes}
    count, tally = before["tally"], changes.get("tally", {})
    return old | {name: count[name] for name in ("need", "of") if name in count and name in tally}


def counting(gate: Mapping[str, Any]) -> State:
    """Return what counts in a round: its tasks by number, and approvals of the round before that stand, below zero."""
    standing = {f"-{vote}": {**said, "state": "approved", "step": 0} for vote, said in gate.get("settled", {}).items()}
    return {**standing, **gate["tasks"]}


class Round:
    """The present round of a gate while an operation works on a copy of it; `patch` says what the entry changes."""

    def __init__(self, rule: Gate, stored: Mapping[str, Any], seq: int) -> None:
        self.rule = rule
        self.gate: State = deepcopy(dict(stored))
        self._before = stored
        self._seq = seq

    @property
    def tasks(self) -> dict[str, State]:
        """The round's tasks by number."""
        found: dict[str, State] = self.gate["tasks"]
        return found

    def undecided(self) -> Iterator[tuple[str, State]]:
        """Yield the tasks that nobody has voted on and that still count, in their order."""
        for number in sorted(self.tasks, key=int):
            if self.tasks[number]["state"] in UNDECIDED:
                yield number, self.tasks[number]

    def add(self, task: State) -> str:
        """Add a task under the next number and return that."""
        number = str(len(self.tasks) + 1)
        self.tasks[number] = task
        return number

    def tally(self) -> Tally:
        """Count the votes as they stand."""
        return tally(self.rule.quorum, counting(self.gate).values(), self.gate.get("need"))

    def settle(self) -> str | None:
        """Let the next in line sign, and close the gate where the votes decide it; return the outcome, if any."""
        outcome = self.tally().outcome(wait=self.rule.quorum.wait)
        if outcome is not None:
            self.close(outcome, "superseded")
        else:
            self.line_up()
        return outcome

    def line_up(self) -> None:
        """Open the tasks whose turn it is; the others wait for an earlier step or for those that they come `after`."""
        pending = dict(self.undecided())
        turn = min((task["step"] for task in pending.values()), default=0)
        for task in pending.values():
            free = task["step"] == turn and pending.keys().isdisjoint(task.get("after", ()))
            task["state"] = "open" if free else "waiting"

    def wait_for(self, number: str, other: str) -> None:
        """Let a task wait until another one is done."""
        task = self.tasks[number]
        task["after"] = [*task.get("after", ()), other]

    def hand_on(self, number: str, task: State) -> None:
        """Put a new task in the place of one that is asked no more: what waited for that one waits for this."""
        waiting = [name for name, found in self.undecided() if number in found.get("after", ())]
        new = self.add({**task, "from": number})
        for name in waiting:
            self.wait_for(name, new)

    def block(self) -> None:
        """Block what is undecided: the instance is suspended."""
        for _, task in self.undecided():
            task["state"] = "blocked"

    def close(self, state: str, rest: str) -> None:
        """Close the gate; tasks that nobody needs any more end in the state `rest`."""
        self.gate |= {"state": state, "closed": self._seq}
        for _, task in self.undecided():
            task["state"] = rest

    def patch(self) -> State:
        """Return what changed, each task with the entry since which it has been as it is, and the tally."""
        before = self._before.get("tasks", {})
        for number, task in self.tasks.items():
            if number not in before or before[number]["state"] != task["state"]:
                task["since"] = self._seq
        self.gate["tally"] = self.tally().plain()
        return patch(self._before, self.gate)


def with_applicant(gate: Mapping[str, Any]) -> bool:
    """Tell whether a file was returned to whoever submitted it; one returned to a state waits for who acts there."""
    return gate["state"] == "returned" and not gate.get("returned", {}).get("to")


def may_sign(task: Mapping[str, Any], actor: Actor) -> bool:
    """Tell whether an actor has the role, is of the organisation, or is the one whom a task asks."""
    match task["kind"]:
        case "role":
            return task["of"] in actor.roles
        case "org":
            return bool(actor.org) and task["of"] == actor.org
        case _:
            return bool(task["of"] == actor.id)
