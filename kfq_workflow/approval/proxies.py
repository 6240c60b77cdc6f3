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


def in_force(grant: Grant, actor: str, workflow: str, today: str) -> bool:
    """Tell whether a grant lets an actor sign in a workflow today."""
    return (
        grant["to"] == actor
        and grant["from"] <= today <= grant["until"]
        and workflow in grant.get("workflows", (workflow,))
    )


def covered(person: Actor, grant: Grant) -> Actor:
    """Return whom a proxy stands for, with only the roles that the grant covers."""
    return replace(person, roles=person.roles & frozenset(grant.get("roles", person.roles)))
