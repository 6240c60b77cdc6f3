"""The pure operations at their edges: what a database test does not come to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.approval import opening, operations
from kfq_workflow.approval.deciding import asking
from kfq_workflow.approval.gate import merge, patch
from kfq_workflow.approval.opening import Asking
from kfq_workflow.approval.operations import Denied, Desk
from kfq_workflow.approval.quorum import share
from kfq_workflow.conditions import Outside
from kfq_workflow.definition import model as m
from kfq_workflow.machine import Rules
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor
from kfq_workflow.working_days import WEEKENDS
from tests.approvals import BOSS, CLERKS, gate, guarded

if TYPE_CHECKING:
    from collections.abc import Callable

NOBODY = Asking(lambda _: True, lambda _: ())
APP, BOSS_HIMSELF = Actor("app"), Actor("boss", frozenset({"authority"}))


def rule(asked: m.Gate | None) -> m.Transition:
    return replace(guarded(gate()).transitions[2], gate=asked)


def denied(operation: Callable[[], Any]) -> list[str]:
    with pytest.raises(Denied) as caught:
        operation()
    return [code for code, _ in caught.value.reasons]


def desk(asked: m.Gate | None, by: Actor = APP, **gates: Any) -> Desk:
    return Desk(rule(asked), Snapshot(gates=gates), 9, "2026-01-01", by, by)


def test_a_transition_without_a_gate_or_a_round_has_no_desk() -> None:
    stored = {"state": "open", "tasks": {}, "by": "app"}
    assert denied(lambda: operations.urge(desk(None, grant=stored), WEEKENDS)) == ["gate_closed"]
    assert denied(lambda: operations.urge(desk(gate()), WEEKENDS)) == ["gate_closed"]
    assert denied(lambda: opening.submit(rule(None), Snapshot(), 1, APP, NOBODY)) == ["no_gate"]


def test_a_round_that_nobody_need_approve_is_not_opened() -> None:
    asked = gate(BOSS, quorum=m.Quorum("count", need=0))
    assert denied(lambda: opening.submit(rule(asked), Snapshot(), 1, APP, NOBODY)) == ["would_decide"]


def test_code_that_names_nobody_leaves_nobody_to_ask() -> None:
    asked = gate(m.Signer("panel", "code", "panel@1"))
    assert denied(lambda: opening.submit(rule(asked), Snapshot(), 1, APP, NOBODY)) == ["nobody_to_ask"]


def test_code_is_asked_once_and_without_an_answer_nothing_is_made_up() -> None:
    rules = Rules(guarded(gate()))
    asked: list[str] = []

    def code(name: str) -> tuple[bool, dict[str, Any]]:
        asked.append(name)
        return True, {"actors": ("c1",)}

    named = asking(rules, Snapshot(), {}, Outside(code=code)).named
    assert [list(named("panel@1")), list(named("panel@1")), asked] == [["c1"], ["c1"], ["panel@1"]]
    with pytest.raises(LookupError):
        asking(rules, Snapshot(), {}, Outside()).named("panel@1")


def test_a_direct_round_without_approvals_asks_everybody_for_all() -> None:
    asked = gate(CLERKS, BOSS)
    first = opening.submit(rule(asked), Snapshot(), 3, APP, NOBODY)
    back = merge({"grant": first}, {"grant": operations.send_back(desk(asked, BOSS_HIMSELF, grant=first), None)[1]})
    again = opening.submit(rule(asked), Snapshot(gates=back), 10, APP, NOBODY, direct=True)
    assert ("settled" in again, "need" in again, again["tally"]["need"]) == (False, False, 3)


def test_approvals_stand_through_two_direct_rounds() -> None:
    asked = gate(m.Signer("one", "actor", "c1"), m.Signer("two", "actor", "c2"), CLERKS, BOSS)
    gates: dict[str, Any] = {"grant": opening.submit(rule(asked), Snapshot(), 3, APP, NOBODY)}
    for seq, voter in enumerate(("c1", "c2"), 4):
        voted = operations.vote(replace(desk(asked, Actor(voter), **gates), seq=seq), "approve").patch
        gates = merge(gates, {"grant": voted})
        gates = merge(gates, {"grant": operations.send_back(desk(asked, BOSS_HIMSELF, **gates), None)[1]})
        gates = merge(gates, {"grant": opening.submit(rule(asked), Snapshot(gates=gates), 9, APP, NOBODY, direct=True)})
    stored = gates["grant"]
    assert {vote["by"] for vote in stored["settled"].values()} == {"c1", "c2"}
    assert (stored["round"], stored["tally"]["approve"], stored["tally"]["need"], stored["tally"]["of"]) == (3, 2, 5, 5)


def test_a_new_round_keeps_the_papers_of_the_submission() -> None:
    asked = gate(CLERKS, papers=("notice",), binds=("area",))
    first = opening.submit(rule(asked), Snapshot(), 3, APP, NOBODY, papers=["request", "notice"], due="2999-01-01")
    (again,) = opening.rebind(
        [rule(asked)], Snapshot(gates={"grant": first}), 4, {"area": "2"}, lambda _: NOBODY
    ).values()
    assert (again["papers"], again["due"], again["round"]) == (["request"], "2999-01-01", 2)


def test_an_attribute_that_binds_nothing_is_noted_once() -> None:
    asked = gate(CLERKS)
    gates = {"grant": opening.submit(rule(asked), Snapshot(), 3, APP, NOBODY)}
    noted = opening.rebind([rule(asked)], Snapshot(gates=gates), 4, {"area": "2"}, lambda _: NOBODY)
    assert noted == {"grant": {"touched": ["area"]}}
    gates = merge(gates, noted)
    assert opening.rebind([rule(asked)], Snapshot(gates=gates), 5, {"area": "3"}, lambda _: NOBODY) == {}
    assert opening.rebind([rule(None)], Snapshot(gates=gates), 5, {"area": "3"}, lambda _: NOBODY) == {}


def test_gates_of_transitions_that_are_gone_are_left_alone() -> None:
    gates = {"gone": {"state": "open", "tasks": {}}}
    assert operations.stand(Snapshot(gates=gates), {}, 4, "suspended", "reg") == {}


def test_what_a_patch_says_merged_gives_what_was_meant() -> None:
    before = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": [1]}
    after = {"a": 1, "b": {"c": 4, "d": {"e": 3, "g": 5}}, "f": [1, 2], "h": {}}
    assert merge({"t": before}, {"t": patch(before, after)}) == {"t": after}
    assert before["b"] == {"c": 2, "d": {"e": 3}}


@pytest.mark.parametrize("text", ["0", "-1/2", "3/2", "x", "1/0"])
def test_a_share_is_more_than_nothing_and_no_more_than_all(text: str) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        share(text)
