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
FEATURES = ("approvals", "clock", "effects", "policy", "ranking")
#: The most ways from a state to a state; `from: ['*']` makes many of them out of little text.
MAX_WAYS = 20_000
_MAX_KNOWN = 100


def nearest(name: str, names: Collection[str]) -> dict[str, Any]:
    """Return what a problem says of an unknown name: the nearest known one and those that there are."""
    import difflib

    some = sorted(names)[:_MAX_KNOWN]
    near = difflib.get_close_matches(name[:64], some, 1)
    known = [*some, "…"] if len(names) > len(some) else some
    return {"name": name[:64], "near": near[0] if near else "-", "known": known}


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
    yield from _transitions(definition)
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
