"""May this be done now? The pure answer that everything uses: acts, dry runs, the command line, replay, tests.

A decision either allows a move, with everything it would set, or holds every refusal at once, in the order state,
role, papers and parameters, guards. Papers and guards are asked only of transitions that leave the present state.

A transition with an approval gate is decided twice. At the `submit` stage state, role, papers, parameters and guards
are asked as for any other, without the papers that come with the votes and the conditions on the votes themselves. At
the `close` stage, when the deciding vote is cast, papers and guards are asked again, and the votes as well; the
applicant's role is not. It cannot be fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow.approval.standing import standing
from kfq_workflow.conditions import ALONE, Context, Outside, holds
from kfq_workflow.definition.model import FieldIs, LaterEffect, leaves
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.refusals import refuse
from kfq_workflow.values import EMPTY, Decision, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kfq_workflow.definition.model import Condition, Definition, Transition
    from kfq_workflow.machine import Edge, Rules
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor, Witness

    Stage = Literal["fire", "submit", "close", "next", "effect"]
    Reason = tuple[str, dict[str, Any]]


def decide(
    rules: Rules,
    snapshot: Snapshot,
    trigger: str,
    *,
    actor: Actor | None = None,
    papers: Collection[str] = (),
    params: Mapping[str, Any] = EMPTY,
    outside: Outside = ALONE,
    late: bool = False,
    stage: Stage = "fire",
    gates: Mapping[str, Any] | None = None,
    only: str | None = None,
    cause: Witness | None = None,
    retired: Collection[Reason] = (),
) -> Decision:
    """Decide whether a trigger may be fired.

    `actor` None asks for anyone. `papers` are the types laid before the move. `outside` is what guards may read beside
    the instance's own chain. `late` records a past decision: its
    source stands for papers, parameters and votes, and effects are not run again. `stage` is what is asked for:
    `fire`, `submit`, `close` (with the `gates` after the deciding vote, and `only` the transition whose gate it is), or
    `next`: whichever of fire and submit the transition takes, or `effect`: on the authority of the act of a case, the
    `cause`, which stands for role, papers and parameters. `retired` is why some of the papers may not be laid. Raises
    NotFound for an unknown trigger.
    """
    definition = rules.definition
    regions = rules.table.get(trigger)
    if regions is None:
        raise NotFound("trigger", trigger, known=definition.triggers())
    edges = [
        edge
        for region, sources in regions.items()
        for edge in sources.get(snapshot.regions.get(region, ""), ())
        if only is None or edge.transition.id == only
    ]
    if not edges:
        return _unreachable(rules, snapshot, trigger, actor)
    tried = []
    for edge in edges:
        context = Context(definition, snapshot, actor, params, outside, gates=gates, cause=cause)
        tried.append(_try(rules, edge, context, papers=papers, late=late, stage=stage, retired=retired))
    allowed = [decision for decision in tried if decision.allowed]
    if len(allowed) == 1:
        return allowed[0]
    if len(allowed) > 1:
        names = [decision.transition for decision in allowed]
        ambiguous = refuse(definition, "guard_ambiguous", trigger=trigger, transitions=names)
        return Decision(trigger, allowed=False, region=edges[0].transition.region, refusals=(ambiguous,))
    return _refused(trigger, edges[0].transition.region, tried)


def available(rules: Rules, snapshot: Snapshot, **how: Any) -> tuple[Decision, ...]:
    """Decide every trigger of the definition, in its order; the keywords are those of `decide`."""
    return tuple(decide(rules, snapshot, trigger, stage="next", **how) for trigger in rules.definition.triggers())


def _refused(trigger: str, region: str, tried: list[Decision]) -> Decision:
    refusals = {(refusal.code, refusal.en): refusal for decision in tried for refusal in decision.refusals}
    missing = dict.fromkeys(paper for decision in tried for paper in decision.missing)
    only = tried[0] if len(tried) == 1 else None
    return Decision(
        trigger,
        allowed=False,
        transition=only.transition if only else None,
        region=region,
        target=only.target if only else None,
        refusals=tuple(refusals.values()),
        missing=tuple(missing),
        gated=any(decision.gated for decision in tried),
    )


def _unreachable(rules: Rules, snapshot: Snapshot, trigger: str, actor: Actor | None) -> Decision:
    """Refuse a trigger that does not leave the present state, and say at once if the role is wrong as well."""
    definition = rules.definition
    transitions = [rule for rule in definition.transitions if rule.trigger == trigger]
    region = definition.regions[transitions[0].region]
    state = snapshot.regions.get(region.name)
    if state is not None:
        sources = [f"{rule.region}={source}" for rule in transitions for source in rule.sources]
        where = refuse(definition, "not_from_state", trigger=trigger, state=f"{region.name}={state}", sources=sources)
    elif rules.active(region, snapshot.regions):
        where = refuse(definition, "not_on_record", trigger=trigger, region=region.name)
    else:
        where = refuse(definition, "region_inactive", trigger=trigger, region=region.name)
    roles = tuple(dict.fromkeys(role for rule in transitions for role in rule.roles))
    refusals = (where, *_role_refusals(definition, actor, roles))
    return Decision(trigger, allowed=False, region=region.name, refusals=refusals)


def _role_refusals(definition: Definition, actor: Actor | None, roles: tuple[str, ...]) -> tuple[Refusal, ...]:
    if actor is None or not actor.roles.isdisjoint(roles):
        return ()
    return (refuse(definition, "role_missing", actor=actor.id, needs=list(roles)),)


def _try(
    rules: Rules, edge: Edge, context: Context, *, papers: Collection[str], late: bool, stage: Stage,
    retired: Collection[Reason],
) -> Decision:  # fmt: skip
    rule, snapshot = edge.transition, context.snapshot
    refusals = [] if late else _stage(context, rule, stage)
    target = _target(edge, snapshot)
    if target is None:
        refusals.append(refuse(context.definition, "nothing_remembered", trigger=rule.trigger))
    refusals += _role_refusals(context.definition, context.actor, rule.roles)
    missing: tuple[str, ...] = ()
    if not late and stage != "effect":
        later = rule.gate.papers if rule.gate is not None and stage != "close" else ()
        missing = tuple(paper for paper in rule.papers if paper not in papers and paper not in later)
        refusals += _evidence(context, rule, missing, stage)
        refusals += [refuse(context.definition, code, **values) for code, values in retired]
    absent = {refusal.values["parameter"] for refusal in refusals if refusal.code == "parameter_missing"}
    refusals += _guards(context, rule, absent)
    effects = unsupported_effects(rule)
    if effects and not late:
        refusals.append(refuse(context.definition, "effects_not_supported", trigger=rule.trigger, effects=effects))
    if refusals or target is None:
        return Decision(
            rule.trigger, allowed=False, transition=rule.id, region=rule.region, target=target,
            refusals=tuple(refusals), missing=missing, gated=rule.gate is not None,
        )  # fmt: skip
    changes = rules.moved(snapshot.regions, snapshot.kept, {rule.region: target})
    return Decision(
        rule.trigger,
        allowed=True,
        transition=rule.id,
        region=rule.region,
        target=target,
        set=changes,
        was={region: snapshot.regions[region] for region in changes if region in snapshot.regions},
        rests=tuple(sorted(context.rests)),
        seen=tuple(context.seen[name] for name in sorted(context.seen)),
        attested=context.attested,
        remembers=rule.region if rule.remembers else None,
        gated=rule.gate is not None,
    )


def _stage(context: Context, rule: Transition, stage: Stage) -> list[Refusal]:
    """Refuse what the instance's standing forbids, and the wrong way of doing what is right."""
    found = [refuse(context.definition, code, **values) for code, values in standing(context.snapshot)]
    if rule.gate is None:
        if stage == "submit":
            found.append(refuse(context.definition, "no_gate", trigger=rule.trigger))
    elif stage in ("fire", "effect"):
        found.append(refuse(context.definition, "needs_approval", trigger=rule.trigger))
    elif stage != "close" and _under_approval(context, rule.trigger):
        found.append(refuse(context.definition, "gate_open", gate=rule.trigger))
    return found


def _under_approval(context: Context, trigger: str) -> bool:
    """Tell whether a gate of the trigger is open: votes name the trigger, so that it has one at a time."""
    gates = context.snapshot.gates
    return any(
        gates.get(rule.id, {}).get("state") == "open"
        for rule in context.definition.transitions
        if rule.trigger == trigger
    )


def unsupported_effects(rule: Transition) -> list[str]:
    """Return, in words, the effects of a transition that this version cannot carry out."""
    return [effect.what for effect in rule.effects if isinstance(effect, LaterEffect)]


def _target(edge: Edge, snapshot: Snapshot) -> str | None:
    rule = edge.transition
    if rule.target.kind == "left":
        left = snapshot.left.get(rule.region, {}).get(rule.target.name)
        return left if left in edge.targets else None
    return next(iter(edge.targets))


def _evidence(context: Context, rule: Transition, missing: tuple[str, ...], stage: Stage) -> list[Refusal]:
    found = [refuse(context.definition, "paper_missing", paper=paper) for paper in missing]
    if stage == "close":  # parameters were asked for when it was submitted
        return found
    declared = context.definition.parameters
    absent = (name for name in rule.parameters if declared[name].required and name not in context.params)
    return found + [refuse(context.definition, "parameter_missing", parameter=name) for name in absent]


def _guards(context: Context, rule: Transition, absent: set[str]) -> list[Refusal]:
    found = []
    for name in rule.guards:
        guard = context.definition.guards[name]
        if absent and absent & _parameters(guard):
            continue  # nobody can tell before the parameter is there, and that is refused already
        context.unsupported.clear()
        answer = holds(guard, context)
        if answer is False:
            found.append(refuse(context.definition, "guard_failed", guard=name))
        elif answer is None:
            features = ", ".join(dict.fromkeys(context.unsupported))
            found.append(refuse(context.definition, "not_supported", guard=name, feature=features))
    return found


def _parameters(guard: Condition) -> set[str]:
    return {leaf.name for leaf in leaves(guard) if isinstance(leaf, FieldIs) and leaf.source == "parameter"}


def adoption(
    rules: Rules, snapshot: Snapshot, states: Mapping[str, str | None]
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return what an adoption of these states would set, and the states before.

    It must state every region that it activates, null being "not on record", and none that stays inactive. Raises
    NotFound for an unknown region or state, InvalidInput for a region left out or not active.
    """
    definition = rules.definition
    for region, state in states.items():
        if region not in definition.regions:
            raise NotFound("region", region, known=tuple(definition.regions))
        if state is not None and state not in definition.regions[region].states:
            raise NotFound("state", state, known=tuple(definition.regions[region].states))
    if not states:
        raise InvalidInput("adopt_nothing")
    stated = {region: state for region, state in states.items() if state is not None}
    moved = rules.moved(snapshot.regions, snapshot.kept, stated)
    silent = [name for name, state in moved.items() if name not in states and state is not None]
    if silent:
        raise InvalidInput("adopt_incomplete", regions=silent)
    after = {**snapshot.regions, **stated}
    idle = [name for name in states if not rules.active(definition.regions[name], after)]
    if idle:
        raise InvalidInput("adopt_inactive", regions=idle)
    changes: dict[str, str | None] = {**moved, **states}
    was = {region: snapshot.regions[region] for region in changes if region in snapshot.regions}
    return changes, was
