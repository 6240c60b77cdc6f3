"""The workflows of development zones that the package ships, and the facts of the first city on record."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kfq_workflow.definition import document as documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.definition.model import Definition

NAMES = ("zone_lifecycle", "zone_expansion", "upgrade_to_national", "zone_exit", "zone_merge")


def document(name: str) -> str:
    """Return the YAML text of a shipped workflow; its name is one of `NAMES`."""
    return (files(__name__) / f"{name}.yaml").read_text("utf-8")


@cache
def shipped() -> Mapping[str, Definition]:
    """Return the shipped workflows by name, the zone's life first."""
    return {name: documents.load(document(name)) for name in NAMES}
