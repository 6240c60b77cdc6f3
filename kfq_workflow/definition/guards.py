"""Guards as people write them, read into conditions.

{region: main, in: [a, b.*]}              the region is in one of the states
{visited: review, region: main}           it has been moved into the state at least once
{attribute: area, at_least: "10.5"}       is, is_not, less, at_most, more, at_least, one_of
{parameter: result, is: passed}           {constant: notice_required, is: false}
{actor_role: [city_government]}           the actor has one of the roles
{root: main, in: [open, paused]}          the root instance's region; states of another definition, written out
{other: zone_exit, region: main, in: [x]} some other instance of that workflow and the same root
{code: quota@1}                           the application's own code answers
{gate: joint_review, is: voted}           the votes of that transition's gate: voted, unopposed
{caused_by: zone_merge, region: main, in: [x]} the act is the effect of an act of a case of that workflow
{unsupported: clock}                      this version cannot decide it: it refuses and says so
{all: [...]} {any: [...]} {not: {...}}

One mapping says one thing: a key that does not belong is an error, so that no half of a condition is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import model
from kfq_workflow.definition.literals import unfit
from kfq_workflow.definition.names import CODE, FEATURES, GATE_IS
from kfq_workflow.definition.reader import EMPTY, at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.definition.reader import Reader
    from kfq_workflow.strict_yaml import Node

OPERATORS = {
    "is": "eq",
    "is_not": "ne",
    "less": "lt",
    "at_most": "le",
    "more": "gt",
    "at_least": "ge",
    "one_of": "in",
}
KINDS = ("all", "any", "not", "other", "caused_by", "root", "visited", "region", "attribute", "parameter", "constant",
         "actor_role", "code", "gate", "unsupported")  # fmt: skip
NEVER = model.Unsupported("policy")


@dataclass(frozen=True, slots=True)
class Names:
    """What a guard may name."""

    regions: Mapping[str, model.Region]
    attributes: Mapping[str, model.Field]
    parameters: Mapping[str, model.Field]
    constants: Mapping[str, Any]
    roles: Mapping[str, Any]
    transitions: Mapping[str, Any]


def condition(reader: Reader, node: Node, path: str, names: Names) -> model.Condition:
    """Read one condition; a problem leaves a placeholder behind."""
    items = reader.mapping(node, path)
    kind = next((kind for kind in KINDS if kind in items), None)
    if kind is None:
        reader.fault("definition.no_condition", node, path, known=list(KINDS))
        return NEVER
    read = {
        "all": _parts,
        "any": _parts,
        "not": _not,
        "other": _other,
        "caused_by": _other,
        "root": _root,
        "visited": _visited,
        "region": _region,
        "actor_role": _role,
        "code": _code,
        "gate": _gate,
        "unsupported": _unsupported,
    }.get(kind, _field)
    return read(reader, node, path, names, kind)


def _parts(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, known=(kind,))
    parts = reader.items(items[kind])
    if not parts:
        reader.fault("definition.expected", items[kind], path, wanted="list")
    found = tuple(condition(reader, part, f"{path}.{kind}[{n}]", names) for n, part in enumerate(parts))
    return model.All(found) if kind == "all" else model.Any(found)


def _not(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, known=(kind,))
    return model.Not(condition(reader, items[kind], f"{path}.not", names))


def _other(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    del names
    items = reader.mapping(node, path, required=(kind, "region", "in"), known=())
    states = _foreign(reader, at(items, "in"), f"{path}.in")
    read = model.CausedBy if kind == "caused_by" else model.OtherIn
    return read(reader.name(items[kind], path), reader.name(at(items, "region"), path), states)


def _root(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    del names
    items = reader.mapping(node, path, required=(kind, "in"), known=())
    return model.RootIn(reader.name(items[kind], path), _foreign(reader, at(items, "in"), f"{path}.in"))


def _foreign(reader: Reader, node: Node, path: str) -> frozenset[str]:
    """Read states of another definition: their form can be checked, and `phase.*` cannot be resolved."""
    return frozenset(reader.name(item, path) for item in _some(reader, node, path))


def _some(reader: Reader, node: Node, path: str) -> list[Node]:
    """Return a list's items, of which there must be one: nothing is ever in an empty list."""
    found = reader.items(node)
    if not found and node is not EMPTY:
        reader.fault("definition.expected", node, path, wanted="list")
    return found


def _visited(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, required=(kind, "region"), known=())
    region = reader.name(at(items, "region"), path)
    state = reader.text(items[kind], path)
    if reader.known(region, names.regions, at(items, "region"), path, "region"):
        reader.known(state, names.regions[region].states, items[kind], path, "state")
    return model.Visited(region, state)


def _region(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, required=(kind, "in"), known=())
    region = reader.name(items[kind], path)
    _some(reader, at(items, "in"), f"{path}.in")
    if not reader.known(region, names.regions, items[kind], path, "region"):
        return NEVER
    return model.InStates(region, frozenset(states(reader, at(items, "in"), f"{path}.in", names.regions[region])))


def _role(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, known=(kind,))
    _some(reader, items[kind], path)
    roles = reader.names(items[kind], path)
    for role in roles:
        reader.known(role, names.roles, items[kind], path, "role")
    return model.ActorHas(frozenset(roles))


def _code(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    del names
    items = reader.mapping(node, path, known=(kind,))
    name = reader.text(items[kind], path)
    if name and not CODE.fullmatch(name):
        reader.fault("definition.bad_code", items[kind], path, name=name)
    return model.Code(name)


def _gate(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    items = reader.mapping(node, path, required=(kind, "is"), known=())
    transition = reader.text(items[kind], path)
    reader.known(transition, names.transitions, items[kind], path, "transition")
    what: Any = reader.text(at(items, "is"), path)
    reader.known(what, GATE_IS, at(items, "is"), path, "choice")
    return model.GateIs(transition, what)


def _unsupported(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    del names
    items = reader.mapping(node, path, known=(kind,))
    feature = reader.text(items[kind], path)
    reader.known(feature, FEATURES, items[kind], path, "feature")
    return model.Unsupported(feature)


def _field(reader: Reader, node: Node, path: str, names: Names, kind: str) -> model.Condition:
    declared = {"attribute": names.attributes, "parameter": names.parameters, "constant": names.constants}[kind]
    items = reader.mapping(node, path, known=(kind, *OPERATORS))
    name = reader.name(items[kind], path)
    reader.known(name, declared, items[kind], path, kind)
    operators = [operator for operator in OPERATORS if operator in items]
    if len(operators) != 1:
        reader.fault("definition.one_operator", node, path, known=list(OPERATORS))
        return NEVER
    value, op = items[operators[0]], OPERATORS[operators[0]]
    parts = _some(reader, value, f"{path}.one_of") if op == "in" else [value]
    for part in parts:
        code, wanted = unfit(declared.get(name), op, part.value)
        if code:
            reader.fault(code, part, path, name=name, wanted=wanted)
    literals: Any = tuple(part.value for part in parts)
    return model.FieldIs(kind, name, op, literals if op == "in" else literals[0])  # type: ignore[arg-type]


def states(reader: Reader, node: Node, path: str, region: model.Region) -> tuple[str, ...]:
    """Return the states of a region that a list names; `phase.*` stands for every state that begins so."""
    found: list[str] = []
    for name in reader.names(node, path):
        if name == "*" or name.endswith(".*"):
            match = [state for state in region.states if state.startswith(name[:-1])]
            if not match:
                reader.known(name, region.states, node, path, "state")
            found += match
        elif reader.known(name, region.states, node, path, "state"):
            found.append(name)
    return tuple(dict.fromkeys(found))
