"""Separation of duties: who may not sign although the role fits.

not_applicant       not whoever submitted                 not_applicant_org   nor anybody of the same organisation
not_by              not whoever last did these transitions
not_contributor     not who handed a task on or was asked for an opinion in this round
(always)            nobody signs twice in a round, for whomever, nor beside an approval of his that stands

Asked of everybody an act puts at the desk: the voter and whom a proxy signs for, who takes over a task or is added.
A duty is waived by two people with an entry each; that nobody signs twice is never waived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import VOTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.definition.model import Gate
    from kfq_workflow.values import Actor

    Reason = tuple[str, dict[str, Any]]

#: So many people waive a duty, none of them the one it binds.
WAIVERS = 2


def barred(rule: Gate, gate: Mapping[str, Any], did: Mapping[str, str], person: Actor) -> Iterator[Reason]:
    """Yield why a person may not sign in this round: a refusal's code and values."""
    votes = [task for task in gate.get("tasks", {}).values() if task["state"] in VOTED]
    if any(person.id in (vote.get("by"), vote.get("for")) for vote in (*votes, *gate.get("settled", {}).values())):
        yield "duty_voted", {"actor": person.id}
    if len(gate.get("waived", {}).get(person.id, ())) >= WAIVERS:
        return
    if "not_applicant" in rule.duties and person.id == gate["by"]:
        yield "duty_applicant", {"actor": person.id}
    elif "not_applicant_org" in rule.duties and person.org and person.org == gate.get("org"):
        yield "duty_applicant_org", {"actor": person.id, "org": person.org}
    for transition in rule.not_by:
        if did.get(transition) == person.id:
            yield "duty_not_by", {"actor": person.id, "transition": transition}
    if "not_contributor" in rule.duties and person.id in _contributors(gate):
        yield "duty_contributor", {"actor": person.id}


def _contributors(gate: Mapping[str, Any]) -> set[str]:
    tasks = gate.get("tasks", {}).values()
    handed = {task["by"] for task in tasks if task["state"] == "transferred"}
    return handed | {delegate for task in tasks for delegate in task.get("asked", ())}
