"""May this be done now? The pure answer that everything uses: acts, dry runs, the command line, replay, tests.

A decision either allows a move, with everything it would set, or holds every refusal at once, in the order state,
role, papers and parameters, guards. Papers and guards are asked only of transitions that leave the present state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.conditions import Context, holds
from kfq_workflow.definition.wording import effect_text
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.messages import render
from kfq_workflow.values import EMPTY, Decision, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kfq_workflow.definition.model import Definition, Transition
    from kfq_workflow.machine import Edge, Rules
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor, Witness

    CodeAnswers = Callable[[str], tuple[bool, Mapping[str, Any]]]

#: Which error class a refusal's code belongs to.
CATEGORIES = {
    "not_from_state": "NotAllowed",
    "region_inactive": "NotAllowed",
    "not_on_record": "NotAllowed",
    "nothing_remembered": "NotAllowed",
    "role_missing": "NotAuthorised",
    "actor_not_valid": "NotAuthorised",
    "paper_missing": "EvidenceMissing",
    "parameter_missing": "EvidenceMissing",
    "guard_failed": "GuardFailed",
    "guard_ambiguous": "GuardFailed",
    "not_supported": "GuardFailed",
    "effects_not_supported": "GuardFailed",
}

#: Which kind of label a refusal's value is shown by.
_LABELLED = {
    "trigger": "trigger",
    "state": "state",
    "sources": "state",
    "region": "region",
    "needs": "role",
    "paper": "paper",
    "parameter": "parameter",
    "guard": "guard",
}


def refuse(definition: Definition | None, code: str, **values: Any) -> Refusal:
    """Build a refusal whose sentences use the definition's labels; `values` hold bare codes."""
    return Refusal(
        code,
        CATEGORIES[code],
        values,
        zh=render(code, _labelled(definition, values, "zh"), "zh"),
        en=render(code, _labelled(definition, values, "en"), "en"),
    )


def _labelled(definition: Definition | None, values: Mapping[str, Any], lang: str) -> dict[str, Any]:
    shown = {}
    for name, value in values.items():
        kind = _LABELLED.get(name)
        if kind is None:
            shown[name] = value
        elif isinstance(value, (list, tuple)):
            shown[name] = [_named(definition, kind, item, lang) for item in value]
        else:
            shown[name] = _named(definition, kind, value, lang)
    return shown


def _named(definition: Definition | None, kind: str, name: str, lang: str) -> str:
    label = definition.label(kind, name, lang) if definition else name
    bare = name.partition("=")[2] if kind == "state" else name
    if label == name:
        return bare
    return f"{label}（{bare}）" if lang == "zh" else f"{label} ({bare})"


def decide(
    rules: Rules,
    snapshot: Snapshot,
    trigger: str,
    *,
    actor: Actor | None = None,
    papers: Collection[str] = (),
    params: Mapping[str, Any] = EMPTY,
    key: str = "",
    root: str | None = None,
    witnesses: Mapping[str, Witness] = EMPTY,
    code: CodeAnswers | None = None,
    late: bool = False,
) -> Decision:
    """Decide whether a trigger may be fired.

    `actor` None asks for anyone. `papers` are the types laid before the move. `late` records a past decision: its
    source stands for papers and parameters, and effects are not run again. Raises NotFound for an unknown trigger.
    """
    definition = rules.definition
    regions = rules.table.get(trigger)
    if regions is None:
        raise NotFound("trigger", trigger, known=definition.triggers())
    edges = [edge for region, sources in regions.items() for edge in sources.get(snapshot.regions.get(region, ""), ())]
    if not edges:
        return _unreachable(rules, snapshot, trigger, actor)
    tried = []
    for edge in edges:
        context = Context(definition, snapshot, actor, params, key, root, witnesses, code)
        tried.append(_try(rules, edge, context, papers=papers, late=late))
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
    return tuple(decide(rules, snapshot, trigger, **how) for trigger in rules.definition.triggers())


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


def _try(rules: Rules, edge: Edge, context: Context, *, papers: Collection[str], late: bool) -> Decision:
    rule, snapshot = edge.transition, context.snapshot
    refusals: list[Refusal] = []
    target = _target(edge, snapshot)
    if target is None:
        refusals.append(refuse(context.definition, "nothing_remembered", trigger=rule.trigger))
    refusals += _role_refusals(context.definition, context.actor, rule.roles)
    missing: tuple[str, ...] = ()
    if not late:
        missing = tuple(paper for paper in rule.papers if paper not in papers)
        refusals += _evidence(context, rule, missing)
    refusals += _guards(context, rule)
    effects = unsupported_effects(rule)
    if effects and not late:
        refusals.append(refuse(context.definition, "effects_not_supported", trigger=rule.trigger, effects=effects))
    if refusals or target is None:
        return Decision(
            rule.trigger, allowed=False, transition=rule.id, region=rule.region, target=target,
            refusals=tuple(refusals), missing=missing,
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
    )


def unsupported_effects(rule: Transition) -> list[str]:
    """Return, in words, the effects of a transition that this version cannot carry out."""
    return [effect_text(effect) for effect in rule.effects]


def _target(edge: Edge, snapshot: Snapshot) -> str | None:
    rule = edge.transition
    if rule.target.kind == "left":
        left = snapshot.left.get(rule.region, {}).get(rule.target.name)
        return left if left in edge.targets else None
    return next(iter(edge.targets))


def _evidence(context: Context, rule: Transition, missing: tuple[str, ...]) -> list[Refusal]:
    found = [refuse(context.definition, "paper_missing", paper=paper) for paper in missing]
    declared = context.definition.parameters
    absent = (name for name in rule.parameters if declared[name].required and name not in context.params)
    return found + [refuse(context.definition, "parameter_missing", parameter=name) for name in absent]


def _guards(context: Context, rule: Transition) -> list[Refusal]:
    found = []
    for name in rule.guards:
        context.unsupported.clear()
        answer = holds(context.definition.guards[name], context)
        if answer is False:
            found.append(refuse(context.definition, "guard_failed", guard=name))
        elif answer is None:
            features = ", ".join(dict.fromkeys(context.unsupported))
            found.append(refuse(context.definition, "not_supported", guard=name, feature=features))
    return found


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
