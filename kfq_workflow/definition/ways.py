"""Where moves lead: from each state of a region, in one step or in many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfq_workflow.definition import model

    Ways = dict[str, set[str]]


def ways(definition: model.Definition, region: str) -> Ways:
    """Return where each state of a region leads."""
    found: Ways = {}
    for rule in definition.transitions:
        if rule.region == region:
            for source in rule.sources:
                found.setdefault(source, set()).update(targets(definition, rule, source))
    return found


def targets(definition: model.Definition, rule: model.Transition, source: str) -> set[str]:
    """Return where a transition may lead from a state: a return, to every state that may have been left."""
    if rule.target.kind == "same":
        return {source}
    if rule.target.kind == "state":
        return {rule.target.name}
    return {
        state
        for other in definition.transitions
        if other.remembers and other.trigger == rule.target.name and other.region == rule.region
        for state in other.sources
    }


def moved_into(definition: model.Definition, region: str) -> set[str]:
    """Return the states of a region that moves lead to, the initial one first.

    A return leads to no state in which the region has not been before.
    """
    steps: Ways = {}
    for rule in definition.transitions:
        if rule.region == region and rule.target.kind == "state":
            for source in rule.sources:
                steps.setdefault(source, set()).add(rule.target.name)
    return reached({definition.regions[region].initial}, steps)


def possible(definition: model.Definition, region: str) -> set[str]:
    """Return the states in which a region can be: reached by moves, or there by adoption only."""
    states = definition.regions[region].states.values()
    return moved_into(definition, region) | {state.name for state in states if state.adopt_only}


def reached(starts: Iterable[str], steps: Ways) -> set[str]:
    """Return the states to which any number of steps leads, the starts among them."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        new = steps.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
