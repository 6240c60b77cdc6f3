"""Where gates and decisions meet: who is asked, as guards and code answer it, and the move that approval brings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.opening import Asking
from kfq_workflow.conditions import Context, holds
from kfq_workflow.decision import decide
from kfq_workflow.values import EMPTY, Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.conditions import Outside
    from kfq_workflow.definition.model import Transition
    from kfq_workflow.machine import Rules
    from kfq_workflow.state import Snapshot


def asking(
    rules: Rules,
    snapshot: Snapshot,
    params: Mapping[str, Any],
    outside: Outside,
    attrs: Mapping[str, Any] | None = None,
) -> Asking:
    """Return what says who is asked, with these `attrs` in place of the snapshot's if they are given."""
    now = snapshot if attrs is None else replace(snapshot, attrs=dict(attrs))

    def asked(guard: str) -> bool:
        context = Context(rules.definition, now, None, params, outside, attested=outside.attested)
        return holds(rules.definition.guards[guard], context) is True

    def named(code: str) -> Iterable[str]:
        if code not in outside.attested:
            if outside.code is None:
                raise LookupError(code)
            answer, values = outside.code(code)
            outside.attested[code] = {"answer": answer, "values": {"actors": list(values.get("actors", ()))}}
        people: Iterable[str] = outside.attested[code]["values"]["actors"]
        return people

    return Asking(asked, named)


def closing(rules: Rules, snapshot: Snapshot, rule: Transition, gates: Mapping[str, Any], outside: Outside) -> Decision:
    """Decide the move of a gate that its votes approve, `gates` being the gates after the deciding vote."""
    gate = gates[rule.id]
    return decide(
        rules, snapshot, rule.trigger, papers=gate.get("papers", ()), params=gate.get("params", EMPTY),
        outside=outside, stage="close", gates=gates, only=rule.id,
    )  # fmt: skip
