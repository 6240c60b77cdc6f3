"""Who signs: handing a task on, asking for an opinion, adding and removing signers.

None of them is a vote and none decides a gate. Whoever comes to a task passes the duties like a voter, and so does
whoever hands one on or chooses signers: one who may not sign does not choose who does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.operations import Denied, asked_of, own_task

if TYPE_CHECKING:
    from kfq_workflow.approval.gate import Round
    from kfq_workflow.approval.operations import Desk
    from kfq_workflow.values import Actor

    State = dict[str, Any]


def transfer(desk: Desk, to: Actor, task: str | None = None) -> tuple[str, State]:
    """Hand one's task to somebody else, who must pass the duties; the old task is kept and linked."""
    work = desk.round()
    number = own_task(desk, work, task)
    reasons = desk.bars(work.gate, (*desk.people(), to))
    if to.id in (desk.by.id, desk.principal.id):
        reasons.append(("transfer_to_self", {"actor": to.id}))
    if reasons:
        raise Denied(*reasons)
    old = work.tasks[number]
    old |= {"state": "transferred", "by": desk.by.id}
    work.add({**asked_of(old), "kind": "actor", "of": to.id, "state": "open", "from": number})
    work.line_up()
    return number, work.patch()


def delegate(desk: Desk, to: Actor, task: str | None = None) -> tuple[str, State]:
    """Ask somebody for an opinion on one's task. It is no vote."""
    work = desk.round()
    number = own_task(desk, work, task)
    reasons = desk.bars(work.gate, desk.people())
    asked = work.tasks[number].setdefault("asked", {})
    if to.id in asked or to.id == desk.by.id:
        reasons.append(("delegate_twice", {"actor": to.id}))
    if reasons:
        raise Denied(*reasons)
    asked[to.id] = {"seq": desk.seq}
    return number, work.patch()


def reply(desk: Desk, task: str | None = None) -> tuple[str, State]:
    """Give the opinion that one was asked for."""
    work = desk.round()
    for number, found in work.undecided():
        asked = found.get("asked", {}).get(desk.by.id)
        if asked is not None and "replied" not in asked and number == (task or number):
            asked["replied"] = desk.seq
            return number, work.patch()
    raise Denied(("not_asked", {"actor": desk.by.id}))


def add(
    desk: Desk, signer: Actor, *, place: str = "parallel", weight: int = 1, need: int | None = None,
    task: str | None = None, manages: bool = False,
) -> tuple[str | None, State]:  # fmt: skip
    """Add a signer before, after or in parallel to one's own task; who manages the gate needs no task of his own."""
    work = desk.round()
    number = None if manages and task is None else own_task(desk, work, task)
    reasons = desk.bars(work.gate, (*(desk.people() if number else ()), signer))
    if any(found["kind"] == "actor" and found["of"] == signer.id for _, found in work.undecided()):
        reasons.append(("signer_twice", {"actor": signer.id}))
    if reasons:
        raise Denied(*reasons)
    last = max(found["step"] for found in work.tasks.values())
    step = work.tasks[number]["step"] if number else last
    if place != "parallel":
        step = _insert(work, step if place == "before" else step + 1, number if place == "before" else None)
    new: State = {"seat": signer.id, "kind": "actor", "of": signer.id, "step": step, "state": "open"}
    if number:
        new["from"] = number
    if weight != 1:
        new["weight"] = weight
    work.add(new)
    _require(work, need)
    work.line_up()
    return number, work.patch()


def _insert(work: Round, step: int, before: str | None) -> int:
    """Make room for a step of its own: undecided tasks from that step on move one further."""
    for number, task in work.undecided():
        if task["step"] > step or (task["step"] == step and (before is None or number == before)):
            task["step"] += 1
    return step


def remove(desk: Desk, task: str, *, need: int | None = None, manages: bool = False) -> State:
    """Remove a signer who has not voted; somebody must be left to vote, and removing decides nothing."""
    work = desk.round()
    if not manages:
        own_task(desk, work)
        if reasons := desk.bars(work.gate, desk.people()):
            raise Denied(*reasons)
    pending = dict(work.undecided())
    if task not in pending:
        raise Denied(("task_done" if task in work.tasks else "no_task", {"actor": task, "tasks": sorted(pending)}))
    if len(pending) == 1:
        raise Denied(("last_signer", {"task": task}))
    work.tasks[task] |= {"state": "removed", "by": desk.by.id}
    _require(work, need)
    work.line_up()
    return work.patch()


def _require(work: Round, need: int | None) -> None:
    """Set another need, if one is given, and refuse a change of signers that would decide the gate."""
    if need is not None:
        work.gate["need"] = need
    count = work.tally()
    if (need is not None and need < 1) or count.need > count.of:
        raise Denied(("quorum_unreachable", {"need": count.need, "of": count.of}))
    if count.outcome(wait=work.rule.quorum.wait) is not None:
        raise Denied(("would_decide", {"need": count.need, "approve": count.approve}))
