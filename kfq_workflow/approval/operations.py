"""What each approval operation does to a gate: who may, what is refused, and the patch that the entry carries.

Pure. The engine asks here before it writes and verification asks again, with the entry's own words; what both get is
the same patch. An operation raises `Denied` with every reason that it found.

`Desk` is what an operation looks at: the transition with its gate, the snapshot before the act, the number of the
entry that is being made, today, and who acts (`by`), for whom (`principal`, the same without a proxy).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.duties import WAIVERS, barred
from kfq_workflow.approval.gate import VOTED, VOTES, Round, may_sign, with_applicant
from kfq_workflow.approval.standing import standing
from kfq_workflow.working_days import next_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfq_workflow.definition.model import Gate, Transition
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor
    from kfq_workflow.working_days import Calendar

    State = dict[str, Any]
    Reason = tuple[str, dict[str, Any]]


class Denied(Exception):
    """An operation is refused: `reasons` are codes of refusals with their values."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons)
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Desk:
    """What an operation on an open gate looks at."""

    rule: Transition
    snapshot: Snapshot
    seq: int
    today: str
    by: Actor
    principal: Actor

    @property
    def gate(self) -> Gate:
        """The gate as the definition declares it."""
        if self.rule.gate is None:
            raise Denied(("gate_closed", {"gate": self.rule.trigger}))
        return self.rule.gate

    def stored(self) -> State:
        """Return the gate as the snapshot has it, which must be there."""
        found = self.snapshot.gates.get(self.rule.id)
        if found is None:
            raise Denied(("gate_closed", {"gate": self.rule.trigger}))
        return found

    def round(self) -> Round:
        """Return the open round. Raises Denied when the gate is not open or the instance is suspended or voided."""
        stored = self.stored()
        reasons = list(standing(self.snapshot))
        if stored["state"] != "open":
            reasons.append(("gate_closed", {"gate": self.rule.trigger}))
        if reasons:
            raise Denied(*reasons)
        return Round(self.gate, stored, self.seq)

    def people(self) -> tuple[Actor, ...]:
        """Return who acts and for whom, each once."""
        return (self.by,) if self.by.id == self.principal.id else (self.principal, self.by)

    def bars(self, gate: Mapping[str, Any], people: Iterable[Actor]) -> list[Reason]:
        """Return why these people may not sign."""
        return [reason for person in people for reason in barred(self.gate, gate, self.snapshot.did, person)]


def own_task(desk: Desk, work: Round, number: str | None = None) -> str:
    """Return the open task that the actor may sign, the lowest number if several, or the one asked for.

    Raises Denied: not a signer, not yet, done already.
    """
    mine = {name: task for name, task in work.tasks.items() if may_sign(task, desk.principal)}
    if number is not None:
        if number not in work.tasks:
            raise Denied(("no_task", {"actor": number, "tasks": sorted(name for name, _ in work.undecided())}))
        ready, state = _ready(mine), mine.get(number, {}).get("state")
        if ready and state not in {"open", "waiting"} | VOTED:
            raise Denied(("task_not_yours", {"actor": desk.principal.id, "task": number, "tasks": ready}))
        mine = {number: mine[number]} if number in mine else {}
    if ready := _ready(mine):
        return ready[0]
    states = {task["state"] for task in mine.values()}
    if "waiting" in states:
        raise Denied(("task_waiting", {"actor": desk.principal.id}))
    if states & VOTED:
        raise Denied(("task_done", {"actor": desk.principal.id}))
    asked = sorted({task["of"] for _, task in work.undecided()})
    raise Denied(("not_a_signer", {"actor": desk.principal.id, "signers": asked}))


def _ready(tasks: Mapping[str, State]) -> list[str]:
    return sorted((name for name, task in tasks.items() if task["state"] == "open"), key=int)


# Votes


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote's task, what it changes of the gate, and the outcome if it decides the gate."""

    task: str
    patch: State
    outcome: str | None


def vote(
    desk: Desk, how: str, *, papers: Sequence[str] = (), task: str | None = None, retired: Iterable[Reason] = ()
) -> Voted:
    """Approve, reject or abstain (`how`), laying these types of papers; `retired` is why some may not be laid."""
    work = desk.round()
    number = own_task(desk, work, task)
    reasons = desk.bars(work.gate, desk.people())
    reasons += [("paper_missing", {"paper": paper}) for paper in desk.gate.papers if paper not in papers]
    reasons += retired
    if reasons:
        raise Denied(*reasons)
    signed: State = {"state": VOTES[how], "by": desk.by.id, "vote": desk.seq}
    if desk.principal.id != desk.by.id:
        signed["for"] = desk.principal.id
    work.tasks[number] |= signed
    laid = sorted({*work.gate.get("papers", ()), *papers})
    if laid:
        work.gate["papers"] = laid
    outcome = work.settle()
    return Voted(number, work.patch(), outcome)


def retract(desk: Desk, rev: int, task: str | None = None) -> tuple[str, State, bool]:
    """Take one's own vote back: return the task, the patch, and whether a closed gate is opened again.

    A closed gate only while nothing that changes the instance has come after it (`rev` is the newest that did).
    """
    stored = desk.stored()
    reasons = list(standing(desk.snapshot))
    closed = stored["state"] in ("approved", "rejected")
    if not closed and stored["state"] != "open":
        reasons.append(("gate_closed", {"gate": desk.rule.trigger}))
    if closed and (rev != stored["closed"] or desk.rule.effects):
        reasons.append(("retract_relied", {"seq": rev}))
    work = Round(desk.gate, stored, desk.seq)
    mine = [
        number
        for number in sorted(work.tasks, key=int)
        if work.tasks[number].get("by") == desk.by.id
        and work.tasks[number]["state"] in VOTED
        and number == (task or number)
    ]
    if not mine:
        reasons.append(("retract_not_yours", {"actor": desk.by.id}))
    if reasons:
        raise Denied(*reasons)
    if closed:
        work.gate |= {"state": "open", "closed": 0}
        for other in work.tasks.values():
            if other["state"] == "superseded" and other["since"] == stored["closed"]:
                other["state"] = "open"
    old = work.tasks[mine[0]]
    old["state"] = "retracted"
    work.hand_on(mine[0], {**asked_of(old), "state": "open"})
    count = work.tally()
    if count.outcome(wait=work.rule.quorum.wait) is not None:  # it was not needed: the others decide as they did
        raise Denied(("would_decide", {"need": count.need, "approve": count.approve}))
    work.line_up()
    return mine[0], work.patch(), closed


def asked_of(task: Mapping[str, Any]) -> State:
    """Return what a task asks of whom, without what became of it."""
    return {name: task[name] for name in ("seat", "kind", "of", "step", "after", "weight", "veto") if name in task}


# The round as a whole


def send_back(desk: Desk, to: str | None, task: str | None = None) -> tuple[str, State]:
    """Return the file to the applicant, or to a state that the gate declares and the instance has been in."""
    work = desk.round()
    number = own_task(desk, work, task)
    reasons = desk.bars(work.gate, desk.people())
    if to is not None:
        region = desk.rule.region
        if not desk.gate.returns:
            reasons.append(("return_applicant", {"gate": desk.rule.trigger}))
        elif to not in desk.gate.returns:
            states = [f"{region}={state}" for state in desk.gate.returns]
            reasons.append(("return_unknown", {"state": f"{region}={to}", "states": states}))
        elif to not in desk.snapshot.visited.get(region, {}):
            reasons.append(("return_not_visited", {"state": f"{region}={to}"}))
    if reasons:
        raise Denied(*reasons)
    work.tasks[number] |= {"state": "returned", "by": desk.by.id}
    work.close("returned", "superseded")
    work.gate["returned"] = {"by": number, **({"to": to} if to else {})}
    return number, work.patch()


def withdraw(desk: Desk) -> State:
    """Let the applicant take the request back, as long as the gate lets him."""
    work = desk.round()
    reasons: list[Reason] = []
    if desk.by.id != work.gate["by"]:
        reasons.append(("not_applicant", {"actor": desk.by.id, "applicant": work.gate["by"]}))
    if desk.gate.withdraw == "never":
        reasons.append(("withdraw_never", {}))
    elif desk.gate.withdraw == "until_first_vote" and any(task["state"] in VOTED for task in work.tasks.values()):
        reasons.append(("withdraw_too_late", {}))
    if reasons:
        raise Denied(*reasons)
    work.close("withdrawn", "superseded")
    return work.patch()


def urge(desk: Desk, calendar: Calendar) -> State:
    """Urge those whose turn it is; everybody once a working day, a day of rest being one with the next working day."""
    work = desk.round()
    day = calendar.counts_for(desk.today)
    if work.gate.get("urged", {}).get(desk.by.id) == day:
        raise Denied(("urged_today", {"actor": desk.by.id, "day": day, "next": next_day(day)}))
    work.gate.setdefault("urged", {})[desk.by.id] = day
    return work.patch()


def copy_to(desk: Desk, people: Sequence[Actor]) -> State:
    """Send a copy to these people, once each; they owe nothing for it. Nothing is copied of what is void."""
    if desk.snapshot.voided:
        raise Denied(*standing(desk.snapshot))
    work = Round(desk.gate, desk.stored(), desk.seq)
    copies = work.gate.setdefault("copies", {})
    twice = [person.id for person in people if person.id in copies]
    if twice:
        raise Denied(("already_copied", {"actors": twice}))
    copies |= {person.id: {"seq": desk.seq} for person in people}
    return work.patch()


def mark_read(desk: Desk) -> State:
    """Note that a copy was read."""
    work = Round(desk.gate, desk.stored(), desk.seq)
    copy = work.gate.get("copies", {}).get(desk.by.id)
    if copy is None or "read" in copy:
        raise Denied(("not_copied", {"actor": desk.by.id}))
    copy["read"] = desk.seq
    return work.patch()


def extend(desk: Desk, due: str) -> State:
    """Set another day by which the gate is due: once, and by nobody who handles it."""
    work = desk.round()
    reasons: list[Reason] = []
    if "extended" in work.gate:
        reasons.append(("extended_before", {"seq": work.gate["extended"]}))
    if any(may_sign(task, desk.by) for _, task in work.undecided()):
        reasons.append(("duty_handler", {"actor": desk.by.id}))
    if reasons:
        raise Denied(*reasons)
    work.gate |= {"due": due, "extended": desk.seq}
    return work.patch()


def waive(desk: Desk, person: Actor) -> State:
    """Let somebody sign whom a duty bars: it takes two people, neither of them the one it binds."""
    work = desk.round()
    signed = list(work.gate.get("waived", {}).get(person.id, ()))
    if desk.by.id == person.id or desk.by.id in signed or len(signed) >= WAIVERS:
        raise Denied(("waive_second", {"actor": person.id}))
    work.gate.setdefault("waived", {})[person.id] = [*signed, desk.by.id]
    return work.patch()


# Every open gate of an instance at once


def each_open(
    snapshot: Snapshot,
    rules: Mapping[str, Transition],
    seq: int,
    change: Callable[[Round], None],
    *,
    returned: bool = False,
) -> dict[str, State]:
    """Return the patches that a change of every open gate makes, with `returned` also of those that went back."""
    patches = {}
    for name in sorted(snapshot.gates):
        stored = snapshot.gates[name]
        gate = rules[name].gate if name in rules else None
        if gate is not None and (stored["state"] == "open" or (returned and with_applicant(stored))):
            work = Round(gate, stored, seq)
            change(work)
            patches[name] = work.patch()
    return patches


def _end(work: Round) -> None:
    work.close("void", "void")


def stand(snapshot: Snapshot, rules: Mapping[str, Transition], seq: int, kind: str, by: str) -> dict[str, State]:
    """Return what suspending, resuming, voiding or reinstating an instance does to its gates.

    Raises Denied where it stands so already, or where one of its approvers would void it.
    """
    reasons: list[Reason] = []
    if kind in ("suspended", "voided") and (snapshot.voided or (kind == "suspended" and snapshot.held)):
        reasons += standing(snapshot)
    if kind == "resumed" and not snapshot.held:
        reasons.append(("not_suspended", {}))
    if kind == "reinstated" and not snapshot.voided:
        reasons.append(("not_voided", {}))
    if kind == "voided" and any(
        by in (task.get("by"), task.get("for"))
        for gate in snapshot.gates.values()
        for task in (*gate["tasks"].values(), *gate.get("settled", {}).values())
        if task.get("state", "approved") == "approved"
    ):
        reasons.append(("approver_may_not_void", {"actor": by}))
    if reasons:
        raise Denied(*reasons)
    if kind == "voided":
        return each_open(snapshot, rules, seq, _end, returned=True)
    changes: dict[str, Callable[[Round], None]] = {"suspended": Round.block, "resumed": Round.line_up}
    return each_open(snapshot, rules, seq, changes[kind]) if kind in changes else {}


def overtaken(
    snapshot: Snapshot, rules: Mapping[str, Transition], seq: int, changes: Mapping[str, str | None], but: str = ""
) -> dict[str, State]:
    """Return the patches that void gates whose region is moved out of the states that they leave.

    Open ones, and those that were returned to their applicant, who cannot submit them from where the instance is now.
    """
    left = {
        name: rule
        for name, rule in rules.items()
        if name != but and rule.region in changes and changes[rule.region] not in rule.sources
    }
    return each_open(snapshot, left, seq, _end, returned=True)
