"""A definition as a Mermaid state diagram, written from the definition itself."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from kfq_workflow.definition.wording import quorum_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.definition.model import Definition, Region, Transition

    Ids = dict[tuple[str, ...], str]

# Mermaid reads these as its own signs, also inside quotes; it shows an entity code as the letter.
_ENTITIES = {ord(letter): f"#{ord(letter)};" for letter in '#;"<>{}[]|`\\'}


def mermaid(definition: Definition, lang: str = "en") -> str:
    """Return a `stateDiagram-v2` of all regions, `lang` being zh or en; the same definition gives the same text.

    The states of `main` stand in their phases; other regions stand beside it. A return to a remembered state is
    drawn to every state that may have been left, dashed by its label. A move that needs votes shows ⚖ and its quorum.
    """
    lines = ["---", f"title: {_quoted(definition.label('workflow', definition.name, lang))}", "---", "stateDiagram-v2"]
    ids = _ids(definition)
    for region in definition.regions.values():
        lines += _region(definition, region, lang, ids)
    return "\n".join(lines) + "\n"


def _region(definition: Definition, region: Region, lang: str, ids: Ids) -> Iterator[str]:
    yield f'  state "{_text(definition.label("region", region.name, lang))}" as {ids[region.name,]} {{'
    phases: dict[str | None, list[str]] = {}
    for state in region.states.values():
        phases.setdefault(state.phase, []).append(state.name)
    for phase, states in phases.items():
        inside = "    "
        if phase is not None:
            label = _text(definition.label("phase", phase, lang))
            yield f'    state "{label}" as {ids[region.name, "phase", phase]} {{'
            inside = "      "
        for name in states:
            label = definition.label("state", f"{region.name}={name}", lang)
            yield f'{inside}state "{_text(label)}" as {ids[region.name, "state", name]}'
        if phase is not None:
            yield "    }"
    yield f"    [*] --> {ids[region.name, 'state', region.initial]}"
    for rule in definition.transitions:
        if rule.region == region.name:
            yield from _transition(definition, rule, lang, ids)
    for state in region.states.values():
        if state.terminal:
            yield f"    {ids[region.name, 'state', state.name]} --> [*]"
    yield "  }"


def _transition(definition: Definition, rule: Transition, lang: str, ids: Ids) -> Iterator[str]:
    label = _text(definition.label("trigger", rule.trigger, lang))
    gate = f" ⚖ {_text(quorum_text(rule.gate, lang))}" if rule.gate else ""
    for source in rule.sources:
        for target in _targets(definition, rule, source):
            mark = gate + (" ↩" if rule.target.kind == "left" else "")
            start, end = ids[rule.region, "state", source], ids[rule.region, "state", target]
            yield f"    {start} --> {end}: {label}{mark}"


def _targets(definition: Definition, rule: Transition, source: str) -> list[str]:
    if rule.target.kind == "same":
        return [source]
    if rule.target.kind == "state":
        return [rule.target.name]
    return [
        state
        for other in definition.transitions
        if other.remembers and other.trigger == rule.target.name and other.region == rule.region
        for state in other.sources
    ]


def _ids(definition: Definition) -> Ids:
    """Return an id for each region, state and phase that Mermaid reads and that no other has.

    `a.b` and `a_b` would both be `a_b`, and a phase may be called like a state: the later one gets a number.
    """
    things: list[tuple[str, ...]] = []
    for region in definition.regions.values():
        things += [(region.name, "state", state) for state in region.states]
    for region in definition.regions.values():
        things += [(region.name,), *((region.name, "phase", phase) for phase in definition.phases)]
    ids: Ids = {}
    taken: set[str] = set()
    for thing in things:
        wanted = "__".join(part.replace(".", "_") for part in (thing[0], *thing[2:]))
        ids[thing] = next(name for n in count(1) if (name := f"{wanted}_{n}" if n > 1 else wanted) not in taken)
        taken.add(ids[thing])
    return ids


def _text(label: str) -> str:
    return label.translate(_ENTITIES).replace(":", "#58;")


def _quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"
