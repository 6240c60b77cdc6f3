"""What a transition does to other instances, in the same transaction, on the authority of the act that has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Taken:
    """Where an effect takes a value from: the case's key or root, its attribute, the act's parameter, or as written."""

    source: Literal["key", "root", "attribute", "parameter", "literal"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class FireEffect:
    """Fire triggers on another instance: states and guards hold there, roles and papers are not asked again.

    `where_allowed` skips what cannot run; otherwise the whole act is refused.
    """

    on: Taken
    triggers: tuple[str, ...]
    params: Mapping[str, Taken] = field(default_factory=dict)
    where_allowed: bool = False


@dataclass(frozen=True, slots=True)
class AmendEffect:
    """Change attributes of another instance, and its name. A value that the act does not say is left as it is."""

    on: Taken
    attrs: Mapping[str, Taken] = field(default_factory=dict)
    name: Taken | None = None


@dataclass(frozen=True, slots=True)
class LaterEffect:
    """An effect that this version cannot carry out, in the words of the chart: the act is refused."""

    what: str


Effect = FireEffect | AmendEffect | LaterEffect
