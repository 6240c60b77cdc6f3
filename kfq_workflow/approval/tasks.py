"""The inbox: which rows of `kfq_task` a gate makes. A cache: everything here follows from the entries.

A gate, as the snapshot keeps it, is one round of approval on one transition. Each round makes these rows:

    task        whose row it is                       box                                       state
    1, 2, …     a signer's duty; while it is open     todo   open                               the task's
                its role's, organisation's or         wait   waiting for its turn, or blocked
                holder's, then whoever acted          done   he voted, transferred or returned
                                                      gone   nobody acted: removed, superseded, void
    applicant   who submitted                         mine   the gate is open                   the gate's
                                                      back   returned to him: his duty
                                                      closed the gate is over
    copy:N      who was sent a copy                   copy   not read                           unread
                                                      read   read, or the round is over         read
    ask:TASK:N  who was asked for an opinion          ask    while the task is open             asked
                                                      wait   while the task waits               asked
                                                      done   he replied                         replied
                                                      gone   no longer wanted                   asked

On the chain of an actor each proxy that he grants makes a row with gate and task `proxy` and the number of its entry as
the round, held by the proxy: in the box `proxy`, and `gone` when it is revoked. Its days are in the entry.

N counts copies, and the opinions asked of one task, in the order of their entries. A row with a holder is his alone;
without one it is everybody's who has its role and is of its organisation, where they are set. Rows are never
deleted. When a new round begins the rows of the one before stay as they ended; only what would remain a duty or
unread for ever leaves its box (`ended`).

`BOXES` says which boxes answer each question of an inbox. What is a duty (`DUTIES`) is listed oldest first, the rest
newest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.approval.gate import with_applicant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfq_workflow.values import Actor

#: What an inbox is asked for, and the boxes that answer it.
BOXES: Mapping[str, tuple[str, ...]] = {
    "todo": ("todo", "back", "ask"),
    "waiting": ("wait",),
    "done": ("done",),
    "copied": ("copy", "read"),
    "started": ("mine", "back", "closed"),
}
#: Boxes of what somebody must do.
DUTIES = frozenset({"todo", "back", "ask"})
#: Boxes whose rows may be a role's or an organisation's; the rows of all others have a holder.
SHARED = frozenset({"todo", "wait"})
APPLICANT = "applicant"
#: Gate, task and box of a proxy's row.
PROXY = "proxy"

_OF_A_TASK = {
    "open": "todo",
    "waiting": "wait",
    "blocked": "wait",
    "approved": "done",
    "rejected": "done",
    "abstained": "done",
    "transferred": "done",
    "returned": "done",
}
_ENDED = {"todo": "gone", "wait": "gone", "ask": "gone", "mine": "closed", "back": "closed", "copy": "read"}


class TaskRow(NamedTuple):
    """A row of `kfq_task`, the columns in their order.

    `gate` is the id of a transition, `round` counts from 1, `at` is the time of the entry that last changed the row, in
    µs since 1970 UTC. `role`, `org` and `holder` say whose row it is; None for what does not matter.
    """

    instance: str
    gate: str
    round: int
    task: str
    box: str
    state: str
    role: str | None
    org: str | None
    holder: str | None
    at: int


class Listed(NamedTuple):
    """A row of an inbox with the workflow, state, snapshot and definition of its instance, whose key is `row.instance`.

    `reach` is the number of the proxy by which it is listed, -1 for what is the actor's own.
    """

    row: TaskRow
    workflow: str
    state: str | None
    snapshot: str
    def_: bytes | None
    reach: int


class Reach(NamedTuple):
    """Whom a proxy of today stands for, with the roles that the grant covers, and its workflows; none: all."""

    principal: Actor
    grant: int
    workflows: tuple[str, ...]


def rows(key: str, transition: str, gate: Mapping[str, Any], at: int = 0) -> dict[str, TaskRow]:
    """Return the rows of one round of a gate by task, each with the time `at`.

    `key` is the instance's, `gate` the JSON of its snapshot. Raises KeyError, TypeError or AttributeError when that is
    not a gate.
    """

    def row(
        task: str, box: str, state: str, holder: str | None, role: str | None = None, org: str | None = None
    ) -> None:
        found[task] = TaskRow(key, transition, gate["round"], task, box, state, role, org, holder, at)

    found: dict[str, TaskRow] = {}
    row(APPLICANT, _box_of_applicant(gate), gate["state"], gate["by"])
    for name, task in gate.get("tasks", {}).items():
        kind, state, box = task["kind"], task["state"], _box_of_task(gate, task)
        named = task["of"] if kind == "actor" else None
        holder = task.get("by") or named if box == "done" else named
        row(name, box, state, holder, task["of"] if kind == "role" else None, task["of"] if kind == "org" else None)
        for number, asked, about in _numbered(task.get("asked", {})):
            replied = bool(about.get("replied"))
            wanted = {"todo": "ask", "wait": "wait"}.get(box, "gone")
            row(f"ask:{name}:{number}", "done" if replied else wanted, "replied" if replied else "asked", asked)
    for number, to, about in _numbered(gate.get("copies", {})):
        read = bool(about.get("read"))
        row(f"copy:{number}", "read" if read else "copy", "read" if read else "unread", to)
    return found


def changed(
    key: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], at: int
) -> list[TaskRow]:
    """Return the rows to store after an entry, in the order of the table's key.

    `before` and `after` are the gates of the instance's snapshot before and after it, `at` is its time. Raises as
    `rows`.
    """
    found: list[TaskRow] = []
    for transition, gate in after.items():
        earlier = before.get(transition)
        if earlier == gate:
            continue
        known = rows(key, transition, earlier) if earlier is not None else {}
        if earlier is not None and earlier["round"] != gate["round"]:
            found += _ended(known.values(), at)
            known = {}
        for task, row in rows(key, transition, gate, at).items():
            if known.get(task) != row._replace(at=0):
                found.append(row)
    return sorted(found, key=place)


def granted(
    key: str, kind: str, seq: int, body: Mapping[str, Any], grants: Mapping[str, Any], at: int
) -> list[TaskRow]:
    """Return the row of a proxy that an entry `granted` or `revoked` on an actor's chain, `grants` being those before.

    It is the row of whom it was granted to, so that a proxy finds by the index for whom he may sign.
    """
    if not key.startswith("~actor/"):
        return []
    if kind == "granted":
        return [TaskRow(key, PROXY, seq, PROXY, PROXY, "granted", None, None, body["grant"]["to"], at)]
    if kind != "revoked":
        return []
    number = body["grant"]
    return [TaskRow(key, PROXY, number, PROXY, "gone", "revoked", None, None, grants[str(number)]["to"], at)]


def place(row: TaskRow) -> tuple[str, str, int, str]:
    """Return the primary key of a row."""
    return row[:4]


def _ended(found: Iterable[TaskRow], at: int) -> Iterator[TaskRow]:
    """Yield the rows of a round that another one follows which would otherwise stay a duty, or unread, for ever."""
    for row in found:
        if (box := _ENDED.get(row.box)) is not None:
            yield row._replace(box=box, at=at)


def _box_of_task(gate: Mapping[str, Any], task: Mapping[str, Any]) -> str:
    box = _OF_A_TASK.get(task["state"], "gone")
    return "gone" if box in SHARED and gate["state"] != "open" else box


def _box_of_applicant(gate: Mapping[str, Any]) -> str:
    """Return the box of the applicant; a file that was returned to a state is a duty of whoever may act there."""
    if gate["state"] == "open":
        return "mine"
    return "back" if with_applicant(gate) else "closed"


def _numbered(people: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield people with their numbers, in the order of the entries that named them."""
    ordered = sorted(people.items(), key=lambda item: (item[1]["seq"], item[0]))
    for number, (actor, about) in enumerate(ordered, 1):
        yield number, actor, about
