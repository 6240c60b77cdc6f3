"""What is wrong with a definition although it can be read.

Errors: a name that is not declared (nothing else is looked at then), a region that is never active or hangs on another
than `main`, an unreachable state, a state that nobody can leave although it is not terminal, a way out of a terminal
state, a transition that nobody may fire, a return to what nobody remembers, two transitions that are the same, personal
data in a guard, a guard on a root that there is none of. Warnings: transitions that share a trigger and do not plainly
exclude each other, missing labels, declared names that nothing uses, a workflow that nobody may start. What is wrong
with approval gates and effects is found by `lint_gates`.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kfq_workflow.definition import model
from kfq_workflow.definition.exclusion import exclude
from kfq_workflow.definition.lint_gates import effect_problems, gate_problems
from kfq_workflow.definition.names import misnamed
from kfq_workflow.definition.ways import possible, targets, ways
from kfq_workflow.values import EMPTY, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def lint(definition: model.Definition, lines: Mapping[str, int] = EMPTY) -> list[Problem]:
    """Return every problem. `lines` maps `transitions.ID` and `KIND.NAME` to the line where the item stands."""
    found = list(misnamed(definition))
    if not found:  # the checks look names up
        checks = (
            _regions, _transitions, gate_problems, effect_problems, _overlaps, _personal, _no_root, _labels, _unused,
        )  # fmt: skip
        found = [problem for check in checks for problem in check(definition)]
    return [_placed(problem, lines) for problem in found]


def _placed(problem: Problem, lines: Mapping[str, int]) -> Problem:
    line = lines.get(problem.path, 0)
    return Problem(problem.code, line, problem.path, problem.severity, problem.values) if line else problem


def _regions(definition: model.Definition) -> Iterator[Problem]:
    for region in definition.regions.values():
        path = f"region.{region.name}"
        if any(other != "main" or other == region.name for other in region.active_in):
            yield Problem("lint.depends_on_other", path=path, values={"region": region.name})
        if any(not states & possible(definition, other) for other, states in region.active_in.items()):
            yield Problem("lint.never_active", path=path, values={"region": region.name})
        steps = ways(definition, region.name)
        reachable = possible(definition, region.name)
        for state in region.states.values():
            place = f"state.{region.name}={state.name}"
            values = {"state": state.name, "region": region.name}
            if state.adopt_only and any(state.name in found for found in steps.values()):
                yield Problem("lint.adopt_only_reached", path=place, values=values)
            if state.name not in reachable:
                yield Problem("lint.unreachable", path=place, values=values)
            if state.terminal and steps.get(state.name):
                yield Problem("lint.terminal_left", path=place, values=values)
            if not state.terminal and not steps.get(state.name, set()) - {state.name}:
                yield Problem("lint.trap", path=place, values=values)


def _transitions(definition: model.Definition) -> Iterator[Problem]:
    for rule in definition.transitions:
        path = f"transitions.{rule.id}"
        if not rule.roles:
            yield Problem("lint.nobody", path=path, values={"transition": rule.id})
        if not rule.sources:
            yield Problem("lint.no_source", path=path, values={"transition": rule.id})
        if rule.target.kind == "left" and not targets(definition, rule, ""):
            values = {"transition": rule.id, "trigger": rule.target.name}
            yield Problem("lint.not_remembered", path=path, values=values)


def _overlaps(definition: model.Definition) -> Iterator[Problem]:
    shared: dict[str, list[model.Transition]] = {}
    for rule in definition.transitions:
        shared.setdefault(rule.trigger, []).append(rule)
    for trigger, rules in shared.items():
        for one, two in combinations(rules, 2):
            source = next(_both_allowed(definition, one, two), None)
            if source is not None:
                same = one.region == two.region and set(one.guards) == set(two.guards)
                yield Problem(
                    "lint.same" if same else "lint.overlap",
                    path=f"transitions.{two.id}",
                    severity="error" if same else "warning",
                    values={"one": one.id, "two": two.id, "trigger": trigger, "state": source},
                )


def _both_allowed(definition: model.Definition, one: model.Transition, two: model.Transition) -> Iterator[str]:
    """Yield the states of the first from which both may be allowed, as far as can be told."""
    guards = [[definition.guards[name] for name in rule.guards] for rule in (one, two)]
    for source in one.sources:
        left = [*guards[0], *_where(definition, one, source)]
        others = two.sources if one.region != two.region else [source] if source in two.sources else []
        for other in others:
            right = [*guards[1], *_where(definition, two, other)]
            if not any(exclude(definition, a, b) for a in left for b in right):
                yield source


def _where(definition: model.Definition, rule: model.Transition, source: str) -> Iterator[model.Condition]:
    """Yield what is known of the regions while a transition leaves this state."""
    yield model.InStates(rule.region, frozenset({source}))
    for other, states in definition.regions[rule.region].active_in.items():
        yield model.InStates(other, states)


def _personal(definition: model.Definition) -> Iterator[Problem]:
    declared = {"attribute": definition.attributes, "parameter": definition.parameters}
    for name, guard in definition.guards.items():
        for leaf in model.leaves(guard):
            if isinstance(leaf, model.FieldIs) and leaf.source in declared:
                field = declared[leaf.source].get(leaf.name)
                if field is not None and field.personal:
                    yield Problem("lint.personal", path=f"guard.{name}", values={"guard": name, "name": leaf.name})


def _no_root(definition: model.Definition) -> Iterator[Problem]:
    if definition.root is None:
        for name, guard in definition.guards.items():
            if any(isinstance(leaf, model.RootIn) for leaf in model.leaves(guard)):
                yield Problem("lint.no_root", path=f"guard.{name}", values={"guard": name})


def _labels(definition: model.Definition) -> Iterator[Problem]:
    """Warn of what people would see as a code. A document without a label is refused as it is read."""
    fields = (*definition.attributes.values(), *definition.parameters.values())
    shown: dict[str, Iterable[str]] = {
        "workflow": (definition.name,),
        "phase": definition.phases,
        "role": sorted(definition.roles),
        "paper": sorted(definition.papers),
        "attribute": definition.attributes,
        "parameter": definition.parameters,
        "choice": dict.fromkeys(f"{field.name}={choice}" for field in fields for choice in field.choices),
        "constant": definition.constants,
        "region": definition.regions,
        "state": [f"{region.name}={state}" for region in definition.regions.values() for state in region.states],
        "guard": definition.guards,
        "trigger": definition.triggers(),
        "signer": [
            f"{rule.id}={signer.name}"
            for rule in definition.transitions
            if rule.gate
            for signer in rule.gate.signers
            if signer.kind != "role"
        ],
    }
    for kind, names in shown.items():
        for name in names:
            label = definition.labels.get((kind, name), model.Label("", ""))
            for lang in ("zh", "en"):
                if not label.text(lang):
                    values = {"kind": kind, "name": name, "lang": lang}
                    yield Problem("lint.no_label", path=f"{kind}.{name}", severity="warning", values=values)


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
    gates = [rule.gate for rule in rules if rule.gate is not None]
    signers = [signer for gate in gates for signer in gate.signers]
    used = {
        "role": {role for rule in rules for role in rule.roles}
        | {signer.of for signer in signers if signer.kind == "role"}
        | asked.union(may.start, may.register, may.adopt, may.amend, may.supervise),
        "paper": {paper for rule in rules for paper in rule.papers}
        | {paper for gate in gates for paper in gate.papers},
        "parameter": {name for rule in rules for name in rule.parameters},
        "guard": {name for rule in rules for name in rule.guards} | {signer.when or "" for signer in signers},
    }
    declared = {
        "role": definition.roles,
        "paper": definition.papers,
        "parameter": definition.parameters,
        "guard": definition.guards,
    }
    if not may.start:
        yield Problem("lint.nobody_starts", path="may.start", severity="warning")
    for kind, names in declared.items():
        for name in sorted(set(names) - used[kind]):
            yield Problem("lint.unused", path=f"{kind}.{name}", severity="warning", values={"kind": kind, "name": name})
