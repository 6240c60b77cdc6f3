"""Conditions on votes and on the case that causes an act: what holds, when it is not asked, and what was seen."""

from __future__ import annotations

from typing import Any

import pytest

from kfq_workflow.conditions import Context, holds
from kfq_workflow.definition import model as m
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Seen, Witness
from tests.workflows import permit

VOTED, UNOPPOSED = m.GateIs("grant", "voted"), m.GateIs("grant", "unopposed")


def asked(condition: m.Condition, **more: Any) -> bool | None:
    return holds(condition, Context(permit(), Snapshot(), None, {}, **more))


def tasks(*states: str) -> dict[str, Any]:
    return {"grant": {"round": 1, "tasks": {str(n): {"state": state} for n, state in enumerate(states, 1)}}}


@pytest.mark.parametrize(
    ("gates", "voted", "unopposed"),
    [
        (tasks("approved", "approved"), True, True),
        (tasks("approved", "abstained", "transferred", "removed", "superseded"), True, True),
        (tasks("approved", "rejected"), True, False),
        (tasks("approved", "open"), False, True),
        (tasks("approved", "waiting"), False, True),
        (tasks("approved", "blocked"), False, True),
        (tasks("rejected", "open"), False, False),
        ({"grant": {"round": 1}}, True, True),
        ({"refuse": {"round": 1}}, False, False),  # no round: nobody has voted
        ({}, False, False),
    ],
)
def test_votes_are_those_of_the_round(gates: dict[str, Any], voted: bool, unopposed: bool) -> None:  # noqa: FBT001
    assert asked(VOTED, gates=gates) is voted
    assert asked(UNOPPOSED, gates=gates) is unopposed
    assert asked(m.Not(VOTED), gates=gates) is not voted
    assert asked(m.Not(UNOPPOSED), gates=gates) is not unopposed


def test_where_votes_are_not_asked_for_they_do_not_stand_in_the_way() -> None:
    for condition in (VOTED, UNOPPOSED, m.Not(VOTED), m.Not(UNOPPOSED), m.All((VOTED, m.Not(VOTED)))):
        assert asked(condition) is True


CASE = Witness("merge-1", "zone_merge", 7, "ab" * 32, {"main": "completed"})
CAUSED = m.CausedBy("zone_merge", "main", frozenset({"approved", "completed"}))


@pytest.mark.parametrize(
    ("condition", "cause", "answer"),
    [
        (CAUSED, CASE, True),
        (CAUSED, None, False),
        (m.CausedBy("zone_exit", "main", frozenset({"completed"})), CASE, False),
        (m.CausedBy("zone_merge", "main", frozenset({"approved"})), CASE, False),
        (m.CausedBy("zone_merge", "side", frozenset({"completed"})), CASE, False),
    ],
)
def test_an_act_is_caused_by_a_case_or_is_not(condition: m.Condition, cause: Witness | None, answer: bool) -> None:  # noqa: FBT001
    assert asked(condition, cause=cause) is answer
    assert asked(m.Not(condition), cause=cause) is not answer


def test_the_case_that_causes_an_act_is_cited() -> None:
    context = Context(permit(), Snapshot(), None, {}, cause=CASE)
    holds(CAUSED, context)
    assert context.seen == {"merge-1": Seen("merge-1", 7, "ab" * 32)}
    context = Context(permit(), Snapshot(), None, {})
    holds(CAUSED, context)
    assert context.seen == {}


@pytest.mark.parametrize("value", ["NaN", "sNaN", "-Infinity", "x"])
def test_an_attribute_that_is_no_number_is_neither_less_nor_more(value: str) -> None:
    """Only a log that was tampered with says one; looking at it must not stop verification."""
    snapshot = Snapshot(attrs={"area": value})
    for op, answer in (("lt", False), ("ge", False), ("eq", False), ("ne", True), ("in", False)):
        condition = m.FieldIs("attribute", "area", op, ("5",) if op == "in" else "5")  # type: ignore[arg-type]
        assert holds(condition, Context(permit(), snapshot, None, {})) is answer
