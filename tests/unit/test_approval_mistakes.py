"""The mistakes of other engines, one test for each: this one does not make them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.pool import StaticPool

from kfq_workflow import open_database, verify_database
from kfq_workflow.definition import model as m
from kfq_workflow.edtf import day_of
from kfq_workflow.errors import InvalidInput
from tests.approvals import BASIS, BOSS, CLERKS, REASON, gate, guarded, in_review, prepared, submitted
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def memory() -> Iterator[Engine]:
    """A database in memory, whose log must verify when the test has ended."""
    database = open_database("sqlite://", poolclass=StaticPool)
    yield database
    assert [finding.text() for finding in verify_database(database).findings] == []
    database.dispose()


def test_approvals_are_counted_and_not_completions(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, quorum=m.Quorum("count", need=2)))
    case.act("approve", by="c1")
    case.act("reject", by="c2")
    assert (case.count, case.gate["state"], case.state) == ((1, 1, 2), "open", "review")  # two have done their part
    case.act("reject", by="boss")
    assert (case.gate["state"], case.state) == ("rejected", "review")


def test_the_opinion_of_a_delegate_is_no_vote(memory: Engine) -> None:
    case = submitted(memory, gate(BOSS))
    case.act("delegate", by="boss", to="x", question="可否")
    case.act("reply", by="x", opinion="同意")
    assert (case.count, case.tasks, case.state) == ((0, 1, 1), {"1": "open"}, "review")
    case.refuse("not_a_signer", "approve", by="x")


def test_weights_are_not_summed_over_other_branches(memory: Engine) -> None:
    other = m.Transition("close", "close", "main", ("review",), m.Target("state", "refused"), ("applicant",),
                         gate=gate(CLERKS, BOSS, quorum=m.Quorum("weight", need=3)))  # fmt: skip
    case = submitted(memory, gate(CLERKS, BOSS, quorum=m.Quorum("weight", need=3)), other)
    case.act("submit", "close", by="app")
    for voter in ("c1", "c2"):
        case.act("approve", "grant", by=voter)
        case.act("approve", "close", by=voter)
    gates = case.engine.show("p").snapshot.gates
    assert [(found["tally"]["approve"], found["state"]) for found in gates.values()] == [(2, "open"), (2, "open")]
    assert case.state == "review"


def test_the_last_signers_button_does_not_decide(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, quorum=m.Quorum("count", need=2, wait=True)))
    case.act("reject", by="c1")
    case.act("reject", by="c2")
    case.act("approve", by="boss")
    assert (case.gate["state"], case.state) == ("rejected", "review")


def test_removed_signers_keep_their_history(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    rows = case.rows
    case.act("delegate", by="boss", to="x")
    case.act("remove_signer", by="reg", task="3", **REASON)
    assert case.rows[: len(rows)] == rows
    removed = case.gate["tasks"]["3"]
    assert (removed["state"], removed["by"], removed["of"], removed["asked"]) == (
        "removed",
        "reg",
        "authority",
        {"x": {"seq": 4}},
    )
    assert case.count == (0, 2, 2)


def test_nothing_is_approved_in_an_officials_name(memory: Engine) -> None:
    case = in_review(prepared(memory, guarded(gate(BOSS))))
    today = day_of(time.time_ns() // 1000, 480)
    with pytest.raises(InvalidInput):
        case.engine.submit("p", "grant", by="app", due="2020-01-01")  # past before it begins
    case.act("submit", "grant", by="app", due=today)
    case.act("urge", by="app")
    case.act("comment", "逾期", by="x")
    assert (case.gate["state"], case.tasks, case.count) == ("open", {"1": "open"}, (0, 1, 1))
    for somebody in ("system", "x", "app"):
        with pytest.raises(Exception, match=r"system|not asked"):
            case.engine.approve("p", by=somebody)
    assert [row.kind for row in case.rows if row.kind == "voted"] == []


def test_a_return_leaves_somebody_with_a_duty(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, returns=("draft",)))
    case.act("send_back", by="boss", **REASON)
    assert (case.gate["state"], case.gate["by"]) == ("returned", "app")
    available = {found.trigger: found for found in case.engine.available("p", by="app")}
    assert available["grant"].allowed
    case.act("submit", "grant", by="app")
    case.act("send_back", by="c1", to="draft", **REASON)
    available = {found.trigger: found for found in case.engine.available("p", by="app")}
    assert available["submit"].missing == ("request",)


def test_a_return_leaves_no_task_twice(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    case.act("add_signer", by="reg", signer="x", **REASON)
    case.act("transfer", by="c1", to="c3", **REASON)
    case.act("send_back", by="boss", **REASON)
    case.act("submit", "grant", by="app")
    assert [task["of"] for task in case.gate["tasks"].values()] == ["clerk", "clerk", "authority"]
    case.act("transfer", by="c1", to="c3", **REASON)
    case.act("approve", by="c2")
    case.act("send_back", by="boss", **REASON)
    case.act("submit", "grant", by="app", direct=True)
    assert [task["of"] for task in case.gate["tasks"].values()] == ["authority", "c3"]


def test_deadlines_are_not_lost_after_a_return(memory: Engine) -> None:
    case = in_review(prepared(memory, guarded(gate(CLERKS, binds=("area",)))))
    case.act("submit", "grant", by="app", due="2999-01-01")
    case.act("send_back", by="c1", **REASON)
    case.act("submit", "grant", by="app", due="2999-02-01")
    case.act("amend", {"area": "2"}, by="app")
    assert (case.gate["round"], case.gate["due"]) == (3, "2999-02-01")


def test_a_suspension_is_enforced(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    case.act("suspend", by="reg", **BASIS)
    case.refuse("suspended", "approve", by="c1")
    case.refuse("suspended", "fire", "suspend", by="boss")
    assert set(case.tasks.values()) == {"blocked"}


def test_no_vote_survives_a_rewrite_of_what_was_approved(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, binds=("area",)))
    case.act("approve", by="c1")
    case.act("approve", by="c2")
    case.act("amend", {"area": "99"}, by="app")
    case.act("approve", by="boss")
    assert (case.count, case.gate["state"], case.state) == ((1, 2, 3), "open", "review")


def test_nothing_is_told_of_a_transaction_that_rolled_back(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, quorum="any"))
    rows, stored = case.rows, case.engine.show("p").row
    with memory.connect() as connection:
        assert case.engine.join(connection).approve("p", by="c1").seq == len(rows) + 1
        connection.rollback()
    assert (case.rows, case.engine.show("p").row) == (rows, stored)


def test_a_decision_that_another_instance_relies_on_is_not_taken_back(memory: Engine) -> None:
    case = in_review(prepared(memory, guarded(gate(BOSS))))
    follow = m.Definition(
        "follow", 1, {"main": m.Region("main", "new", {"new": m.State("new"), "open": m.State("open", terminal=True)})},
        (m.Transition("open", "open", "main", ("new",), m.Target("state", "open"), ("clerk",), guards=("granted",)),),
        m.Permissions(start=frozenset({"clerk"})), frozenset({"clerk", "registrar"}),
        guards={"granted": m.RootIn("main", frozenset({"granted"}))}, root=permit().name,
    )  # fmt: skip
    case.engine.define(follow, by="system")
    case.act("submit", "grant", by="app")
    case.act("approve", by="boss")
    case.engine.start("follow", "f", by="c1", name="后续", root="p")
    case.engine.fire("f", "open", by="c1")
    case.refuse("retract_relied", "retract", "grant", by="boss", **REASON)


def test_an_abstention_is_left_out_of_a_direct_round_too(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, quorum=m.Quorum("all", abstain="excluded")))
    case.act("approve", by="c1")
    case.act("send_back", by="boss", **REASON)
    case.act("submit", "grant", by="app", direct=True)
    case.act("approve", by="boss")
    case.act("abstain", by="c2")
    assert case.state == "granted"  # as it would be had the file not been returned


def test_a_signer_added_before_another_keeps_only_that_one_waiting(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    case.act("add_signer", by="boss", signer="x", place="before", **REASON)
    assert case.tasks == {"1": "open", "2": "open", "3": "waiting", "4": "open"}
    case.act("transfer", by="x", to="c3", **REASON)
    assert case.tasks["3"] == "waiting"
    case.act("approve", by="c3", task="5")
    assert (case.tasks["1"], case.tasks["3"]) == ("open", "open")


def test_a_signer_added_after_another_waits_for_that_one_only(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    case.act("add_signer", by="boss", signer="x", place="after", **REASON)
    assert case.tasks == {"1": "open", "2": "open", "3": "open", "4": "waiting"}
    case.act("approve", by="boss")
    assert case.tasks["4"] == "open"


def test_removing_a_signer_who_came_before_frees_the_one_who_waited(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS))
    case.act("add_signer", by="boss", signer="x", place="before", **REASON)
    case.act("remove_signer", by="c1", task="4", **REASON)
    assert case.tasks["3"] == "open"


def test_the_denominator_stays_when_a_gate_closes_early(memory: Engine) -> None:
    case = submitted(memory, gate(CLERKS, BOSS, quorum=m.Quorum("ratio", ratio="1/2")))
    case.act("approve", by="c1")
    case.act("approve", by="boss")
    assert case.gate["tally"] == {"abstain": 0, "approve": 2, "need": 2, "of": 3, "open": 0, "reject": 0}
