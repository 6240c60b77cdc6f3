"""Names: their form, what may have been meant by one that is unknown, and whether everything named is there.

The reader of documents checks names as it reads, line by line; a definition built in Python or read back from its
stored documents is checked here, before the linter or a machine relies on it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from kfq_workflow.definition import model
from kfq_workflow.definition.literals import unfit
from kfq_workflow.values import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

NAME = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?", re.ASCII)
CODE = re.compile(r"[a-z][a-z0-9_]*@[1-9][0-9]{0,5}", re.ASCII)
ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
RATIO = re.compile(r"[0-9]{1,6}/[1-9][0-9]{0,5}", re.ASCII)
FEATURES = ("clock", "policy", "ranking")
GATE_IS = ("voted", "unopposed")
DUTIES: tuple[str, ...] = get_args(model.Duty)
WITHDRAW = ("until_first_vote", "until_decided", "never")
ABSTAIN = ("counts", "excluded")
#: The most people whom one gate asks: each is a task in the row that an act locks.
MAX_SEATS = 1000
#: The most ways from a state to a state; `from: ['*']` makes many of them out of little text.
MAX_WAYS = 20_000
_MAX_KNOWN = 100
_QUORUMS = ("all", "any", "count", "ratio", "weight")


def nearest(name: str, names: Collection[str]) -> dict[str, Any]:
    """Return what a problem says of an unknown name: the nearest known one and those that there are."""
    import difflib

    some = sorted(names)[:_MAX_KNOWN]
    near = difflib.get_close_matches(name[:64], some, 1)
    known = [*some, "…"] if len(names) > len(some) else some
    return {"name": name[:64], "near": near[0] if near else "-", "known": known}


def taken(effect: model.Effect) -> tuple[model.Taken, ...]:
    """Return every value that an effect takes from somewhere, the instance that it acts on first."""
    if isinstance(effect, model.FireEffect):
        return (effect.on, *effect.params.values())
    if isinstance(effect, model.AmendEffect):
        return (effect.on, *effect.attrs.values(), *((effect.name,) if effect.name else ()))
    return ()


def misnamed(definition: model.Definition) -> Iterator[Problem]:
    """Yield everything that names what is not there, or is named as nothing may be."""
    yield from _forms(definition)
    yield from _declarations(definition)
    for region in definition.regions.values():
        yield from _region(definition, region)
    if "main" not in definition.regions:
        yield Problem("definition.missing_key", path="regions", values={"key": "main"})
    yield from _all("phase", definition.open_phases, definition.phases, "phases")
    yield from _all("role", definition.permissions.start, definition.roles, "may.start")
    yield from _all("role", definition.permissions.supervise, definition.roles, "may.supervise")
    yield from _transitions(definition)
    for rule in definition.transitions:
        if rule.gate is not None:
            yield from _gate(definition, rule, rule.gate)
        for effect in rule.effects:
            yield from _effect(definition, effect, f"transitions.{rule.id}")
    for name, guard in definition.guards.items():
        for leaf in model.leaves(guard):
            yield from _leaf(definition, leaf, f"guard.{name}")


def _forms(definition: model.Definition) -> Iterator[Problem]:
    named: dict[str, Collection[str]] = {
        "definition": (definition.name,),
        "root": (definition.root,) if definition.root is not None else (),
        "region": definition.regions,
        "state": {state for region in definition.regions.values() for state in region.states},
        "transitions": {rule.id for rule in definition.transitions},
        "trigger": set(definition.triggers()),
        "phase": definition.phases,
        "role": definition.roles,
        "paper": definition.papers,
        "attribute": definition.attributes,
        "parameter": definition.parameters,
        "constant": definition.constants,
        "guard": definition.guards,
    }
    for kind, names in named.items():
        for name in sorted(names):
            if not NAME.fullmatch(name):
                yield Problem("definition.bad_name", path=f"{kind}.{name[:64]}", values={"name": name[:64]})


def _declarations(definition: model.Definition) -> Iterator[Problem]:
    filed: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("region", definition.regions),
        ("attribute", definition.attributes),
        ("parameter", definition.parameters),
        *((f"state.{region.name}", region.states) for region in definition.regions.values()),
    )
    for kind, items in filed:
        for name, item in items.items():
            if item.name != name:
                yield Problem("definition.expected", path=f"{kind}.{name[:64]}", values={"wanted": item.name})
    if definition.version < 1:
        yield Problem("definition.expected", path="version", values={"wanted": "1, 2, …"})
    for kind, fields in (("attribute", definition.attributes), ("parameter", definition.parameters)):
        for field in fields.values():
            path = f"{kind}.{field.name}"
            yield from _all("type", (field.type,), get_args(model.ValueType), path)
            if field.type == "choice" and not field.choices:
                yield Problem("definition.missing_key", path=path, values={"key": "choices"})


def _region(definition: model.Definition, region: model.Region) -> Iterator[Problem]:
    path = f"region.{region.name}"
    yield from _all("state", (region.initial,), region.states, path)
    for other, states in region.active_in.items():
        yield from _all("region", (other,), definition.regions, path)
        if other in definition.regions:
            yield from _all("state", states, definition.regions[other].states, path)
    phases = {state.phase for state in region.states.values() if state.phase is not None}
    yield from _all("phase", phases, definition.phases, path)


def _transitions(definition: model.Definition) -> Iterator[Problem]:
    seen: set[str] = set()
    triggers = definition.triggers()
    for rule in definition.transitions:
        path = f"transitions.{rule.id}"
        if rule.id in seen:
            yield Problem("definition.twice", path=path, values={"name": rule.id})
        seen.add(rule.id)
        yield from _all("region", (rule.region,), definition.regions, path)
        if rule.region in definition.regions:
            target = (rule.target.name,) if rule.target.kind == "state" else ()
            yield from _all("state", (*rule.sources, *target), definition.regions[rule.region].states, path)
        if rule.target.kind == "left":
            yield from _all("trigger", (rule.target.name,), triggers, path)
        yield from _all("role", rule.roles, definition.roles, path)
        yield from _all("paper", rule.papers, definition.papers, path)
        yield from _all("parameter", rule.parameters, definition.parameters, path)
        yield from _all("guard", rule.guards, definition.guards, path)
    if sum(len(rule.sources) for rule in definition.transitions) > MAX_WAYS:
        yield Problem("definition.too_many", path="transitions", values={"what": "from", "limit": MAX_WAYS})


def _gate(definition: model.Definition, rule: model.Transition, gate: model.Gate) -> Iterator[Problem]:
    path = f"transitions.{rule.id}"
    yield from _all("paper", gate.papers, definition.papers, path)
    yield from _all("transition", gate.not_by, {other.id for other in definition.transitions}, path)
    yield from _all("attribute", (*gate.binds, *gate.direct), definition.attributes, path)
    yield from _all("choice", gate.duties, DUTIES, path)
    yield from _all("choice", (gate.withdraw,), WITHDRAW, path)
    yield from _all("choice", (gate.quorum.abstain,), ABSTAIN, path)
    if rule.region in definition.regions:
        yield from _all("state", gate.returns, definition.regions[rule.region].states, path)
    if gate.quorum.kind not in _QUORUMS:
        yield Problem("definition.no_quorum", path=path, values={"known": list(_QUORUMS)})
    if gate.quorum.kind == "ratio" and not RATIO.fullmatch(gate.quorum.ratio):
        yield Problem("definition.expected", path=path, values={"wanted": "2/3"})
    seen: set[str] = set()
    for signer in gate.signers:
        if signer.name in seen:
            yield Problem("definition.twice", path=path, values={"name": signer.name})
        seen.add(signer.name)
        yield from _signer(definition, signer, path)
    if sum(signer.seats for signer in gate.signers) > MAX_SEATS:
        yield Problem("definition.too_many", path=path, values={"what": "seats", "limit": MAX_SEATS})


def _signer(definition: model.Definition, signer: model.Signer, path: str) -> Iterator[Problem]:
    if not NAME.fullmatch(signer.name):
        yield Problem("definition.bad_name", path=path, values={"name": signer.name[:64]})
    if signer.kind == "role":
        yield from _all("role", (signer.of,), definition.roles, path)
    elif signer.kind == "code":
        if not CODE.fullmatch(signer.of):
            yield Problem("definition.bad_code", path=path, values={"name": signer.of[:64]})
    elif signer.kind not in ("org", "actor"):
        yield Problem("definition.one_signer", path=path, values={"known": ["role", "org", "actor", "code"]})
    elif not ID.fullmatch(signer.of):
        yield Problem("definition.bad_id", path=path, values={"name": signer.of[:64]})
    if signer.seats < 1 or signer.weight < 1 or (signer.seats > 1 and signer.kind in ("actor", "code")):
        yield Problem("definition.expected", path=path, values={"wanted": "1"})
    if signer.when is not None:
        yield from _all("guard", (signer.when,), definition.guards, path)


def _effect(definition: model.Definition, effect: model.Effect, path: str) -> Iterator[Problem]:
    if isinstance(effect, model.LaterEffect):
        return
    foreign = effect.triggers if isinstance(effect, model.FireEffect) else ()
    given = effect.params if isinstance(effect, model.FireEffect) else effect.attrs
    for name in (*foreign, *given):
        if not NAME.fullmatch(name):
            yield Problem("definition.bad_name", path=path, values={"name": name[:64]})
    for item in taken(effect):
        if item.source == "attribute":
            yield from _all("attribute", (item.name,), definition.attributes, path)
        elif item.source == "parameter":
            yield from _all("parameter", (item.name,), definition.parameters, path)


def _leaf(definition: model.Definition, leaf: model.Condition, path: str) -> Iterator[Problem]:
    match leaf:
        case model.InStates(region, states):
            yield from _states(definition, region, states, path)
        case model.Visited(region, state):
            yield from _states(definition, region, (state,), path)
        case model.ActorHas(roles):
            yield from _all("role", roles, definition.roles, path)
        case model.Unsupported(feature):
            yield from _all("feature", (feature,), FEATURES, path)
        case model.GateIs(transition, what):
            yield from _all("transition", (transition,), {rule.id for rule in definition.transitions}, path)
            yield from _all("choice", (what,), GATE_IS, path)
        case model.Code(name) if not CODE.fullmatch(name):
            yield Problem("definition.bad_code", path=path, values={"name": name})
        case model.FieldIs():
            yield from _field(definition, leaf, path)


def _states(definition: model.Definition, region: str, states: Collection[str], path: str) -> Iterator[Problem]:
    yield from _all("region", (region,), definition.regions, path)
    if region in definition.regions:
        yield from _all("state", states, definition.regions[region].states, path)


def _field(definition: model.Definition, leaf: model.FieldIs, path: str) -> Iterator[Problem]:
    sources: dict[str, Mapping[str, Any]] = {
        "attribute": definition.attributes,
        "parameter": definition.parameters,
        "constant": definition.constants,
    }
    declared = sources[leaf.source]
    yield from _all(leaf.source, (leaf.name,), declared, path)
    for value in leaf.value if isinstance(leaf.value, tuple) else (leaf.value,):
        code, wanted = unfit(declared.get(leaf.name), leaf.op, value)
        if code:
            yield Problem(code, path=path, values={"name": leaf.name, "wanted": wanted})


def _all(kind: str, found: Collection[str], known: Collection[str], path: str) -> Iterator[Problem]:
    for name in found:
        if name not in known:
            yield Problem(f"definition.unknown_{kind}", path=path, values=nearest(name, known))
