"""Quorums as plainly as can be: try every way of voting that is left."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfq_workflow.definition.model import Quorum

    Tasks = list[dict[str, Any]]

#: How one can vote.
VOTES = ("approved", "rejected", "abstained")


def final(quorum: Quorum, tasks: Tasks) -> str:
    """The outcome when everybody has voted, said as plainly as can be."""
    weigh = quorum.kind == "weight"
    weight = {
        state: sum(int(t.get("weight", 1)) if weigh else 1 for t in tasks if t["state"] == state) for state in VOTES
    }
    if any(task["state"] == "rejected" and task.get("veto") for task in tasks):
        return "rejected"
    asked = sum(weight.values()) - (weight["abstained"] if quorum.abstain == "excluded" else 0)
    yes = weight["approved"]
    match quorum.kind:
        case "all":
            enough = yes == asked and yes > 0
        case "any":
            enough = yes > 0
        case "count" | "weight":
            enough = yes >= quorum.need
        case _:
            part = Fraction(quorum.ratio) * asked
            enough = yes > 0 and (yes > part if quorum.strict else yes >= part)
    return "approved" if enough else "rejected"


def endings(quorum: Quorum, tasks: Tasks) -> set[str]:
    """Every outcome that there can be, whatever those vote who have not."""
    pending = [number for number, task in enumerate(tasks) if task["state"] in ("open", "waiting", "blocked")]
    found = set()
    for votes in product(VOTES, repeat=len(pending)):
        ended = [dict(task) for task in tasks]
        for number, vote in zip(pending, votes, strict=True):
            ended[number]["state"] = vote
        found.add(final(quorum, ended))
    return found
