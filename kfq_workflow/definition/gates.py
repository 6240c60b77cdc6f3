"""Approval gates as people write them, read into the model.

gate:
  signers:
    land: {role: land_office}              whoever has the role; its label is used unless zh and en are given
    experts: {role: expert, seats: 5, …}   five different people
    bureau: {org: planning-bureau, …}      somebody of the organisation
    chair: {actor: chair-1, veto: true, weight: 2, …}
    panel: {code: panel@1, …}              the application names the people
    science: {role: science_office, when: zone_is_high_tech}
  quorum: all                              or any, {count: 3}, {ratio: 2/3}, {more_than: 1/2}, {weight: 60};
                                           {all: true, abstain: excluded, wait: true} says more of any of them
  order: sequential                        parallel unless it says so
  papers, duties, not_by, binds, withdraw, returns, direct

As with guards, one mapping says one thing: a key that does not belong is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import model
from kfq_workflow.definition.guards import states
from kfq_workflow.definition.names import ABSTAIN, CODE, DUTIES, ID, MAX_SEATS, RATIO, WITHDRAW
from kfq_workflow.definition.reader import EMPTY, at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kfq_workflow.definition.reader import Reader
    from kfq_workflow.strict_yaml import Node

    #: Called with (kind, name, node, items): keeps the label that stands in the items.
    Labels = Callable[[str, str, Node, dict[str, Node]], None]

ORDERS = ("parallel", "sequential")
_LABEL = ("zh", "en", "origin")
_WHO = ("role", "org", "actor", "code")
_SIGNER = (*_LABEL, *_WHO, "weight", "veto", "when")
_QUORUM = ("all", "any", "count", "ratio", "more_than", "weight")
_LISTS = ("papers", "duties", "not_by", "binds", "direct")
_GATE = (*_LISTS, "order", "withdraw", "returns")
#: What the names in a list are; they are declared elsewhere in the document.
_KINDS = {"papers": "paper", "duties": "choice", "not_by": "transition", "binds": "attribute", "direct": "attribute"}


def gate(
    reader: Reader, node: Node, path: str, region: model.Region, known: Mapping[str, Collection[str]], labels: Labels
) -> model.Gate:
    """Read the gate of a transition of a region. `path` is the transition's; `known` are the declared names by kind."""
    place = f"{path}.gate"
    items = reader.mapping(node, place, required=("signers", "quorum"), known=_GATE)
    lists: dict[str, Any] = {}
    for name in _LISTS:
        part, kind = at(items, name), _KINDS[name]
        names = DUTIES if name == "duties" else known[kind]
        found = reader.names(part, f"{place}.{name}")
        lists[name] = tuple(item for item in found if reader.known(item, names, part, f"{place}.{name}", kind))
    withdraw: Any = choice(reader, items, "withdraw", place, WITHDRAW)
    return model.Gate(
        signers=_signers(reader, at(items, "signers"), path, known, labels),
        quorum=_quorum(reader, at(items, "quorum"), f"{place}.quorum"),
        sequential=choice(reader, items, "order", place, ORDERS) == "sequential",
        withdraw=withdraw,
        returns=states(reader, at(items, "returns"), f"{place}.returns", region),
        **lists,
    )


def choice(reader: Reader, items: Mapping[str, Node], key: str, path: str, options: tuple[str, ...]) -> str:
    """Read one of several words, the first of which is meant where the key is left out."""
    if key not in items:
        return options[0]
    word = reader.text(items[key], f"{path}.{key}")
    return word if reader.known(word, options, items[key], f"{path}.{key}", "choice") else options[0]


def _signers(
    reader: Reader, node: Node, path: str, known: Mapping[str, Collection[str]], labels: Labels
) -> tuple[model.Signer, ...]:
    found = []
    for name, item in reader.mapping(node, f"{path}.gate.signers").items():
        place = f"{path}.gate.signers.{name}"
        reader.name(type(item)(name, item.line), place)
        kinds = [kind for kind in _WHO if isinstance(item.value, dict) and kind in item.value]
        many = kinds[:1] in (["role"], ["org"])  # an id is one person's, and code names each by himself
        items = reader.mapping(item, place, known=(*_SIGNER, "seats") if many else _SIGNER)
        if len(kinds) != 1:
            reader.fault("definition.one_signer", item, place, known=list(_WHO))
            continue
        if kinds != ["role"] or any(key in items for key in _LABEL):
            labels("signer", f"{path.removeprefix('transitions.')}={name}", item, items)
        found.append(_signer(reader, items, place, name, kinds[0], known))
    return tuple(found)


def _signer(
    reader: Reader, items: dict[str, Node], place: str, name: str, kind: Any, known: Mapping[str, Collection[str]]
) -> model.Signer:
    node = items[kind]
    of = reader.text(node, place)
    if kind == "role":
        reader.known(of, known["role"], node, place, "role")
    elif of and kind == "code" and not CODE.fullmatch(of):
        reader.fault("definition.bad_code", node, place, name=of)
    elif of and kind in ("org", "actor") and not ID.fullmatch(of):
        reader.fault("definition.bad_id", node, place, name=of[:64])
    when = reader.text(items["when"], place) if "when" in items else None
    if when is not None:
        reader.known(when, known["guard"], items["when"], place, "guard")
    return model.Signer(
        name,
        kind,
        of,
        seats=_count(reader, items, "seats", place, MAX_SEATS),
        weight=_count(reader, items, "weight", place),
        veto=reader.flag(items.get("veto"), place),
        when=when,
    )


def _count(reader: Reader, items: Mapping[str, Node], key: str, path: str, most: int = 1_000_000) -> int:
    if key not in items:
        return 1
    found = reader.integer(items[key], f"{path}.{key}", 1)
    if not 1 <= found <= most:
        reader.fault("definition.expected", items[key], f"{path}.{key}", wanted=f"1, 2, … {most}")
    return found


def _quorum(reader: Reader, node: Node, path: str) -> model.Quorum:
    if node.value in ("all", "any"):
        return model.Quorum(node.value)
    items = node.value if isinstance(node.value, dict) else {}
    kinds = [kind for kind in _QUORUM if kind in items]
    if len(kinds) != 1:
        if node is not EMPTY:  # one that is missing is reported where it is missing
            reader.fault("definition.no_quorum", node, path, known=list(_QUORUM))
        return model.Quorum("all")
    kind = kinds[0]
    reader.mapping(node, path, known=(kind, "abstain", "wait"))
    abstain: Any = choice(reader, items, "abstain", path, ABSTAIN)
    more = {"abstain": abstain, "wait": reader.flag(items.get("wait"), path)}
    value = items[kind]
    if kind in ("all", "any"):
        if value.value is not True:
            reader.fault("definition.expected", value, path, wanted="true")
        return model.Quorum("all" if kind == "all" else "any", **more)
    if kind in ("count", "weight"):
        need = reader.integer(value, path)
        if need < 0:
            reader.fault("definition.expected", value, path, wanted="0, 1, 2, …")
        return model.Quorum("count" if kind == "count" else "weight", need, **more)
    if not isinstance(value.value, str) or not RATIO.fullmatch(value.value):
        reader.fault("definition.expected", value, path, wanted="2/3")
        return model.Quorum("all", **more)
    return model.Quorum("ratio", ratio=value.value, strict=kind == "more_than", **more)
