"""What is wrong with the approval gates and effects of a definition, all of whose names are known.

Errors in a gate: nobody signs it; its quorum can never be reached, or is reached before anybody votes; the same named
person twice, who may sign once; a `not_by` transition that cannot come before; a return to a state that cannot have
been visited before; personal data that a vote would be bound to; one attribute both bound and open to change; a
signer's guard that reads more than attributes, constants and states; a guard on the votes of a transition without one.
Errors in an effect: it acts on its own case, or on a root that there is none of; it takes a parameter that the move
lacks, personal data, or a key that is not text. Warnings: those who may submit are the only ones who may sign although
an applicant may not; a quorum that is out of reach when signers with a guard are not asked.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import model
from kfq_workflow.definition.exclusion import exclude
from kfq_workflow.definition.names import taken
from kfq_workflow.definition.ways import moved_into, reached, targets, ways
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


def gate_problems(definition: model.Definition) -> Iterator[Problem]:
    """Yield what is wrong with the gates, and with guards on their votes."""
    for rule in definition.transitions:
        if rule.gate is not None:
            yield from _quorum(rule, rule.gate)
            yield from _duties(definition, rule, rule.gate)
            yield from _returns(definition, rule, rule.gate)
            yield from _bound(definition, rule, rule.gate)
            yield from _when(definition, rule, rule.gate)
    gated = {rule.id for rule in definition.transitions if rule.gate is not None}
    for name, guard in definition.guards.items():
        for leaf in model.leaves(guard):
            if isinstance(leaf, model.GateIs) and leaf.transition not in gated:
                values = {"guard": name, "transition": leaf.transition}
                yield Problem("lint.no_gate", path=f"guard.{name}", values=values)


def _problem(code: str, rule: model.Transition, severity: str = "error", **values: Any) -> Problem:
    return Problem(code, path=f"transitions.{rule.id}", severity=severity, values={"transition": rule.id, **values})


def _quorum(rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    """Compare what is needed with what all who can be asked have together; code names any number of people."""
    quorum = gate.quorum
    if not gate.signers:
        yield _problem("lint.no_signer", rule)
        return
    share = Fraction(quorum.ratio) if quorum.kind == "ratio" else Fraction(1)
    if share <= 0 or share > 1 or (quorum.strict and share == 1):
        yield _problem("lint.quorum_share", rule, ratio=quorum.ratio)
    if quorum.kind in ("count", "weight") and quorum.need <= 0 and not quorum.wait:
        yield _problem("lint.quorum_nothing", rule)
    if any(signer.kind == "code" for signer in gate.signers):
        return
    need = quorum.need if quorum.kind in ("count", "weight") else 1
    most = _together(gate.signers, quorum)
    always = _together([signer for signer in gate.signers if signer.when is None], quorum)
    if need > most:
        yield _problem("lint.quorum_unreachable", rule, need=need, most=most)
    elif need > always:
        yield _problem("lint.quorum_may_fail", rule, "warning", need=need, most=always)


def _together(signers: Collection[model.Signer], quorum: model.Quorum) -> int:
    return sum(signer.seats * (signer.weight if quorum.kind == "weight" else 1) for signer in signers)


def _duties(definition: model.Definition, rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    people = [signer for signer in gate.signers if signer.kind == "actor"]
    for one, two in combinations(people, 2):
        if one.of == two.of and not _never_both(definition, one, two):
            yield _problem("lint.signer_twice", rule, name=one.of)
    roles = {signer.of if signer.kind == "role" else None for signer in gate.signers}
    if {"not_applicant", "not_applicant_org"} & set(gate.duties) and roles == set(rule.roles) and len(roles) == 1:
        yield _problem("lint.duty_pool", rule, "warning", role=rule.roles[0])
    steps = ways(definition, rule.region)
    for name in gate.not_by:
        other = next(item for item in definition.transitions if item.id == name)
        ends = {end for source in other.sources for end in targets(definition, other, source)}
        if other.region == rule.region and reached(ends, steps).isdisjoint(rule.sources):
            yield _problem("lint.duty_never", rule, other=name)


def _never_both(definition: model.Definition, one: model.Signer, two: model.Signer) -> bool:
    if one.when is None or two.when is None:
        return False
    return exclude(definition, definition.guards[one.when], definition.guards[two.when])


def _returns(definition: model.Definition, rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    """Return a file only to where it has been: moved into, and on from there to a state that the gate leaves."""
    steps, moved = ways(definition, rule.region), moved_into(definition, rule.region)
    for state in gate.returns:
        others = set(rule.sources) - {state}
        if state not in moved or reached({state}, steps).isdisjoint(others):
            yield _problem("lint.return_unvisited", rule, state=state)


def _bound(definition: model.Definition, rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    for name in dict.fromkeys((*gate.binds, *gate.direct)):
        if definition.attributes[name].personal:
            yield _problem("lint.gate_personal", rule, name=name)
        if name in gate.binds and name in gate.direct:
            yield _problem("lint.direct_bound", rule, name=name)


def _when(definition: model.Definition, rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    for signer in gate.signers:
        if signer.when is not None and not all(map(_lasting, model.leaves(definition.guards[signer.when]))):
            yield _problem("lint.signer_when", rule, signer=signer.name, guard=signer.when)


def _lasting(leaf: model.Condition) -> bool:
    """Tell whether a condition reads the instance alone: who is asked does not hang on who asks or votes."""
    if isinstance(leaf, model.FieldIs):
        return leaf.source != "parameter"
    return isinstance(leaf, (model.InStates, model.Visited))


def effect_problems(definition: model.Definition) -> Iterator[Problem]:
    """Yield what is wrong with the effects."""
    declared = {"attribute": definition.attributes, "parameter": definition.parameters}
    for rule in definition.transitions:
        for effect in rule.effects:
            values = taken(effect)
            if definition.root is None and any(item.source == "root" for item in values):
                yield _problem("lint.effect_no_root", rule)
            for item in values:
                if item.source == "parameter" and item.name not in rule.parameters:
                    yield _problem("lint.effect_parameter", rule, name=item.name)
                if item.source in declared and declared[item.source][item.name].personal:
                    yield _problem("lint.effect_personal", rule, name=item.name)
            if values and values[0].source == "key":
                yield _problem("lint.effect_on_itself", rule)
            if values and values[0].source in declared:
                field = declared[values[0].source][values[0].name]
                if field.type != "text":
                    yield _problem("lint.effect_on", rule, name=field.name, type=field.type)
