"""A definition as a Mermaid state diagram, written from the definition itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.definition.model import Definition, Region, Transition

# Mermaid reads these as its own signs, also inside quotes; it shows an entity code as the letter.
_ENTITIES = {ord(letter): f"#{ord(letter)};" for letter in '#;"<>{}[]|`\\'}


def mermaid(definition: Definition, lang: str = "en") -> str:
    """Return a `stateDiagram-v2` of all regions, `lang` being zh or en; the same definition gives the same text.

    The states of `main` stand in their phases; other regions stand beside it. A return to a remembered state is
    drawn to every state that may have been left, dashed by its label.
    """
    lines = ["---", f"title: {_quoted(definition.label('workflow', definition.name, lang))}", "---", "stateDiagram-v2"]
    for region in definition.regions.values():
        lines += _region(definition, region, lang)
    return "\n".join(lines) + "\n"


def _region(definition: Definition, region: Region, lang: str) -> Iterator[str]:
    yield f'  state "{_text(definition.label("region", region.name, lang))}" as {_id(region.name)} {{'
    phases: dict[str | None, list[str]] = {}
    for state in region.states.values():
        phases.setdefault(state.phase, []).append(state.name)
    for phase, states in phases.items():
        inside = "    "
        if phase is not None:
            yield f'    state "{_text(definition.label("phase", phase, lang))}" as {_id(region.name, phase)} {{'
            inside = "      "
        for name in states:
            label = definition.label("state", f"{region.name}={name}", lang)
            yield f'{inside}state "{_text(label)}" as {_id(region.name, name)}'
        if phase is not None:
            yield "    }"
    yield f"    [*] --> {_id(region.name, region.initial)}"
    for rule in definition.transitions:
        if rule.region == region.name:
            yield from _transition(definition, rule, lang)
    for state in region.states.values():
        if state.terminal:
            yield f"    {_id(region.name, state.name)} --> [*]"
    yield "  }"


def _transition(definition: Definition, rule: Transition, lang: str) -> Iterator[str]:
    label = _text(definition.label("trigger", rule.trigger, lang))
    for source in rule.sources:
        for target in _targets(definition, rule, source):
            mark = " ↩" if rule.target.kind == "left" else ""
            yield f"    {_id(rule.region, source)} --> {_id(rule.region, target)}: {label}{mark}"


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


def _id(*parts: str) -> str:
    return "__".join(part.replace(".", "_") for part in parts)


def _text(label: str) -> str:
    return label.translate(_ENTITIES).replace(":", "#58;")


def _quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"
