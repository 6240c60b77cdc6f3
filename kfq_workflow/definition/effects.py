"""Effects as people write them: acts on another instance, read into the model.

{on: root, fire: [revoke_zone]}                                   fire triggers there, one after the other
{on: {attribute: absorbed}, fire: [merge_into], params: {successor: root}}
{on: root, fire: [redo_plan, resurvey], where_allowed: true}      skip what cannot run
{on: root, amend: {level: {is: national}}, name: {parameter: new_name}}
{later: 'province.freeze=2y'}                                     this version cannot do it: it refuses and says so

A value is `key` or `root` (of the case), {attribute: A} of the case, {parameter: P} of the act, or {is: WORD}.
Triggers, parameters and attributes of the other instance belong to another definition: their form can be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import model
from kfq_workflow.definition.reader import EMPTY, at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kfq_workflow.definition.reader import Reader
    from kfq_workflow.strict_yaml import Node

    Known = Mapping[str, Collection[str]]

KINDS = ("fire", "amend", "name", "later")
VALUES = ("key", "root", "{attribute: …}", "{parameter: …}", "{is: …}")


def effects(reader: Reader, node: Node, path: str, known: Known) -> tuple[model.Effect, ...]:
    """Read a list of effects; `known` are the declared names of this definition by kind."""
    found = (_effect(reader, item, f"{path}[{n}]", known) for n, item in enumerate(reader.items(node)))
    return tuple(effect for effect in found if effect is not None)


def _effect(reader: Reader, node: Node, path: str, known: Known) -> model.Effect | None:
    items = reader.mapping(node, path)
    kind = next((kind for kind in KINDS if kind in items), None)
    if kind is None:
        reader.fault("definition.no_effect", node, path, known=list(KINDS))
        return None
    if kind == "later":
        reader.mapping(node, path, known=("later",))
        return model.LaterEffect(reader.text(items["later"], path))
    if kind == "fire":
        reader.mapping(node, path, required=("on", "fire"), known=("params", "where_allowed"))
        triggers = reader.names(items["fire"], f"{path}.fire")
        for trigger in triggers:
            reader.name(type(node)(trigger, items["fire"].line), f"{path}.fire")
        if not triggers:
            reader.fault("definition.expected", items["fire"], f"{path}.fire", wanted="list")
        params = _values(reader, at(items, "params"), f"{path}.params", known)
        skip = reader.flag(items.get("where_allowed"), path)
        return model.FireEffect(_value(reader, at(items, "on"), f"{path}.on", known), triggers, params, skip)
    reader.mapping(node, path, required=("on",), known=("amend", "name"))
    attrs = _values(reader, at(items, "amend"), f"{path}.amend", known)
    if not attrs and "name" not in items:
        reader.fault("definition.expected", items["amend"], f"{path}.amend", wanted="mapping")
    name = _value(reader, items["name"], f"{path}.name", known) if "name" in items else None
    return model.AmendEffect(_value(reader, at(items, "on"), f"{path}.on", known), attrs, name)


def _values(reader: Reader, node: Node, path: str, known: Known) -> dict[str, model.Taken]:
    found = {}
    for name, item in reader.mapping(node, path).items():
        reader.name(type(item)(name, item.line), f"{path}.{name}")
        found[name] = _value(reader, item, f"{path}.{name}", known)
    return found


def _value(reader: Reader, node: Node, path: str, known: Known) -> model.Taken:
    if node.value in ("key", "root"):
        source: Any = node.value
        return model.Taken(source)
    items = node.value if isinstance(node.value, dict) else {}
    kind = next((kind for kind in ("attribute", "parameter", "is") if kind in items), None)
    if kind is None:
        if node is not EMPTY:  # one that is missing is reported where it is missing
            reader.fault("definition.no_value", node, path, known=list(VALUES))
        return model.Taken("literal")
    reader.mapping(node, path, known=(kind,))
    name = reader.text(items[kind], path)
    if kind == "is":
        return model.Taken("literal", name)
    reader.known(name, known[kind], items[kind], path, kind)
    return model.Taken("attribute" if kind == "attribute" else "parameter", name)
