"""Standing proxies (代理): who may sign for whom, from when to when, for which workflows and roles.

A grant stands on the chain of whoever granted it. It is looked up when the proxy signs, and the vote cites it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.values import Actor

    Grant = Mapping[str, Any]


def grant_in_force(grants: Mapping[str, Grant], actor: str, workflow: str, today: str) -> tuple[str, Grant] | None:
    """Return the first grant, with the number of its entry, that lets an actor sign in a workflow today."""
    for number in sorted(grants, key=int):
        grant = grants[number]
        if (
            grant["to"] == actor
            and grant["from"] <= today <= grant["until"]
            and workflow in grant.get("workflows", (workflow,))
        ):
            return number, grant
    return None


def covered(person: Actor, grant: Grant) -> Actor:
    """Return whom a proxy stands for, with only the roles that the grant covers."""
    return replace(person, roles=person.roles & frozenset(grant.get("roles", person.roles)))
