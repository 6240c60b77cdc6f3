"""What is wrong with a definition although it can be read.

Errors: a region that is never active or hangs on another than `main`, an unreachable state, a state that nobody can
leave although it is not terminal, a way out of a terminal state, a transition that nobody may fire, a return to what
nobody remembers, two transitions that are the same, personal data in a guard. Warnings: transitions that share trigger
and source while their guards do not plainly exclude each other, and declared names that nothing uses.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kfq_workflow.definition import model
from kfq_workflow.values import EMPTY, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Ways = dict[str, set[str]]


def lint(definition: model.Definition, lines: Mapping[str, int] = EMPTY) -> list[Problem]:
    """Return every problem. `lines` maps `transitions.ID` and `KIND.NAME` to the line where the item stands."""
    checks = (_regions, _transitions, _overlaps, _personal, _unused)
    found = [problem for check in checks for problem in check(definition)]
    return [_placed(problem, lines) for problem in found]


def _placed(problem: Problem, lines: Mapping[str, int]) -> Problem:
    line = lines.get(problem.path, 0)
    return Problem(problem.code, line, problem.path, problem.severity, problem.values) if line else problem


def _regions(definition: model.Definition) -> Iterator[Problem]:
    for region in definition.regions.values():
        path = f"region.{region.name}"
        if any(other != "main" for other in region.active_in):
            yield Problem("lint.depends_on_other", path=path, values={"region": region.name})
        if any(not states for states in region.active_in.values()):
            yield Problem("lint.never_active", path=path, values={"region": region.name})
        ways = _ways(definition, region)
        reached = _reached(region.initial, ways)
        for state in region.states.values():
            place = f"state.{region.name}={state.name}"
            values = {"state": state.name, "region": region.name}
            if state.adopt_only and any(state.name in targets for targets in ways.values()):
                yield Problem("lint.adopt_only_reached", path=place, values=values)
            if not state.adopt_only and state.name not in reached:
                yield Problem("lint.unreachable", path=place, values=values)
            if state.terminal and ways.get(state.name):
                yield Problem("lint.terminal_left", path=place, values=values)
            if not state.terminal and not ways.get(state.name, set()) - {state.name}:
                yield Problem("lint.trap", path=place, values=values)


def _ways(definition: model.Definition, region: model.Region) -> Ways:
    """Return where each state of a region leads."""
    ways: Ways = {}
    for rule in definition.transitions:
        if rule.region == region.name:
            for source in rule.sources:
                ways.setdefault(source, set()).update(_targets(definition, rule, source))
    return ways


def _targets(definition: model.Definition, rule: model.Transition, source: str) -> set[str]:
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


def _reached(initial: str, ways: Ways) -> set[str]:
    reached, waiting = {initial}, [initial]
    while waiting:
        new = ways.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _transitions(definition: model.Definition) -> Iterator[Problem]:
    for rule in definition.transitions:
        path = f"transitions.{rule.id}"
        if not rule.roles:
            yield Problem("lint.nobody", path=path, values={"transition": rule.id})
        if not rule.sources:
            yield Problem("lint.no_source", path=path, values={"transition": rule.id})
        if rule.target.kind == "left" and not _targets(definition, rule, ""):
            values = {"transition": rule.id, "trigger": rule.target.name}
            yield Problem("lint.not_remembered", path=path, values=values)


def _overlaps(definition: model.Definition) -> Iterator[Problem]:
    shared: dict[tuple[str, str, str], list[model.Transition]] = {}
    for rule in definition.transitions:
        for source in rule.sources:
            shared.setdefault((rule.trigger, rule.region, source), []).append(rule)
    seen = set()
    for (trigger, _region, source), rules in shared.items():
        for one, two in combinations(rules, 2):
            if (one.id, two.id) in seen or _exclude(definition, one, two):
                continue
            seen.add((one.id, two.id))
            same = set(one.guards) == set(two.guards)
            yield Problem(
                "lint.same" if same else "lint.overlap",
                path=f"transitions.{two.id}",
                severity="error" if same else "warning",
                values={"one": one.id, "two": two.id, "trigger": trigger, "state": source},
            )


def _exclude(definition: model.Definition, one: model.Transition, two: model.Transition) -> bool:
    """Tell whether two transitions plainly cannot both be allowed: one asks for what the other rules out."""
    left = [definition.guards[name] for name in one.guards]
    right = [definition.guards[name] for name in two.guards]
    return any(_contradict(a, b) for a in left for b in right)


def _contradict(a: model.Condition, b: model.Condition) -> bool:
    if a == model.Not(b) or b == model.Not(a):
        return True
    if isinstance(a, model.InStates) and isinstance(b, model.InStates):
        return a.region == b.region and a.states.isdisjoint(b.states)
    if isinstance(a, model.FieldIs) and isinstance(b, model.FieldIs):
        same = (a.source, a.name, a.op, b.op) == (b.source, b.name, "eq", "eq")
        return same and a.value != b.value
    return False


def _personal(definition: model.Definition) -> Iterator[Problem]:
    declared = {"attribute": definition.attributes, "parameter": definition.parameters}
    for name, guard in definition.guards.items():
        for leaf in model.leaves(guard):
            if isinstance(leaf, model.FieldIs) and leaf.source in declared:
                field = declared[leaf.source].get(leaf.name)
                if field is not None and field.personal:
                    yield Problem("lint.personal", path=f"guard.{name}", values={"guard": name, "name": leaf.name})


def _unused(definition: model.Definition) -> Iterator[Problem]:
    rules = definition.transitions
    asked = {
        role
        for guard in definition.guards.values()
        for leaf in model.leaves(guard)
        if isinstance(leaf, model.ActorHas)
        for role in leaf.roles
    }
    may = definition.permissions
    used = {
        "role": {role for rule in rules for role in rule.roles}
        | asked
        | may.start
        | may.register
        | may.adopt
        | may.amend,
        "paper": {paper for rule in rules for paper in rule.papers},
        "parameter": {name for rule in rules for name in rule.parameters},
        "guard": {name for rule in rules for name in rule.guards},
    }
    declared = {
        "role": definition.roles,
        "paper": definition.papers,
        "parameter": definition.parameters,
        "guard": definition.guards,
    }
    for kind, names in declared.items():
        for name in sorted(set(names) - used[kind]):
            yield Problem("lint.unused", path=f"{kind}.{name}", severity="warning", values={"kind": kind, "name": name})
