"""Whether anything may be done to an instance at all: one that is suspended or void stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.state import Snapshot


def standing(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield why nothing may be done: a refusal's code and values. Notes, and what lifts it, are not asked."""
    if snapshot.voided:
        yield "voided", {"seq": snapshot.voided["seq"]}
    elif snapshot.held:
        yield "suspended", {"seq": snapshot.held["seq"]}
