"""What the notes on an instance say beside its states: plans, and flags on facts that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.views import HistoryEntry

#: The kind of a plan that is a flag: a fact of the source that contradicts another, or that cannot be told.
FLAG = "flag"


class Flag(NamedTuple):
    """A flag: its id in the source, and what is in doubt."""

    id: str
    note: str


class Plan(NamedTuple):
    """A planned event as its note has it: event, kind, basis, and expected and latest where they are known."""

    about: Mapping[str, str]
    note: str


class Remarks(NamedTuple):
    """The flags and plans of an instance, and how many of its entries are late."""

    flags: tuple[Flag, ...]
    plans: tuple[Plan, ...]
    late: int


def remarks(history: Iterable[HistoryEntry]) -> Remarks:
    """Collect the remarks from an instance's history."""
    flags, plans, late = [], [], 0
    for entry in history:
        late += entry.late
        about = entry.body.get("plan")
        if not isinstance(about, dict):
            continue
        note = entry.texts.get("note", "")
        if about.get("kind") == FLAG:
            flags.append(Flag(str(about.get("event", "")), note))
        else:
            plans.append(Plan(about, note))
    return Remarks(tuple(flags), tuple(plans), late)
