"""Rounds of approval on every database: opened, voted on, closed; each act one entry, each refusal with its codes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import Paper
from kfq_workflow.definition import model as m
from kfq_workflow.errors import InvalidInput, KfqError, NotFound
from tests.approvals import BASIS, BOSS, CLERKS, REASON, gate, guarded, in_review, prepared, submitted
from tests.workflows import move

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow.verbs.transaction import Transaction

TWO = m.Quorum("count", need=2)


def test_a_submission_opens_a_round_and_says_all_of_it(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate(CLERKS, replace(BOSS, veto=True), binds=("area",)))))
    case.refuse("needs_approval", "fire", "grant", by="app")
    case.refuse("no_gate", "submit", "refuse", by="boss", papers=[Paper("notice")])
    case.refuse("role_missing", "submit", "grant", by="c1")
    case.act(
        "submit", "grant", by="app", params={"fee": 3}, papers=[Paper("request")], due="2999-01-01", opinion="请批"
    )
    stored = case.gate
    assert (stored["round"], stored["state"], stored["opened"], stored["by"], stored["org"]) == (
        1,
        "open",
        6,
        "app",
        "park",
    )
    assert (stored["params"], stored["papers"], stored["due"]) == ({"fee": 3}, ["request"], "2999-01-01")
    assert len(stored["bound"]) == 64
    assert stored["tasks"]["3"] == {
        "kind": "role", "of": "authority", "seat": "boss", "since": 6, "state": "open", "step": 1, "veto": True,
    }  # fmt: skip
    assert case.body["candidates"] == {"boss": ["boss"], "clerks": ["both", "c1", "c2", "c3"]}
    assert "请" not in case.rows[-1].body
    assert (case.state, case.count) == ("review", (0, 3, 3))
    case.refuse("gate_open", "submit", "grant", by="app")


def test_a_crowd_that_could_sign_is_listed_as_far_as_it_fits_and_counted(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate(CLERKS, BOSS))))

    def enroll(tx: Transaction) -> None:
        for number in range(98):
            tx.enroll(f"d{number:03}", by="system", roles=["clerk"])

    case.engine.run(enroll)
    case.act("submit", "grant", by="app")
    clerks = case.body["candidates"]["clerks"]
    assert (len(clerks), clerks[:5], clerks[-1]) == (100, ["both", "c1", "c2", "c3", "d000"], "d095")
    assert case.body["unlisted"] == {"clerks": 2}


def test_the_deciding_vote_closes_the_gate_and_moves_the_state_in_one_entry(database: Engine) -> None:
    case = submitted(database, gate(quorum=TWO))
    case.act("approve", by="c1", opinion="同意")
    assert (case.state, case.tasks, case.body["vote"]) == (
        "review",
        {"1": "approved", "2": "open", "3": "open"},
        "approve",
    )
    case.refuse("duty_voted", "approve", by="c1")
    case.refuse("not_a_signer", "approve", by="app")
    case.refuse("task_not_yours", "approve", by="c2", task="3")
    receipt = case.act("approve", by="boss")
    assert dict(receipt.set) == {"main": "granted"}
    assert (case.state, case.gate["state"], case.gate["closed"]) == ("granted", "approved", receipt.seq)
    assert case.tasks == {"1": "approved", "2": "superseded", "3": "approved"}
    assert case.body["was"] == {"main": "review"}
    with pytest.raises(KfqError, match="no open approval"):
        case.engine.approve("p", by="c2")
    case.refuse("gate_closed", "approve", "grant", by="c2")


def test_a_rejection_closes_the_gate_and_moves_nothing(database: Engine) -> None:
    case = submitted(database, gate())
    case.act("abstain", by="c1")
    assert (case.gate["state"], case.gate["tally"]["abstain"]) == ("rejected", 1)
    assert (case.state, case.tasks) == ("review", {"1": "abstained", "2": "superseded", "3": "superseded"})
    case.act("submit", "grant", by="app")
    case.act("reject", by="boss")
    assert (case.gate["round"], case.gate["state"], case.state) == (2, "rejected", "review")


@pytest.mark.parametrize(
    ("quorum", "votes", "outcome"),
    [
        (m.Quorum("all", abstain="excluded"), "c1+ c2. boss+", "approved"),
        (m.Quorum("any"), "c1- boss+", "approved"),
        (m.Quorum("any"), "c1- c2. boss-", "rejected"),
        (m.Quorum("ratio", ratio="1/2", strict=True), "c1+ c2- boss+", "approved"),
        (m.Quorum("ratio", ratio="2/3"), "c1- c2-", "rejected"),
        (m.Quorum("weight", need=5), "c1+ c2+ boss+", "approved"),
        (m.Quorum("weight", need=5), "boss-", "rejected"),
        (m.Quorum("count", need=0, wait=True), "c1- c2- boss-", "approved"),
        (m.Quorum("count", need=2, wait=True), "c1+ c2+ boss-", "approved"),
        (m.Quorum("count", need=2, wait=True), "c1- c2- boss+", "rejected"),
    ],
    ids=str,
)
def test_each_quorum_decides_at_the_vote_that_decides(
    database: Engine, quorum: m.Quorum, votes: str, outcome: str
) -> None:
    case = submitted(database, gate(CLERKS, replace(BOSS, weight=3), quorum=quorum))
    how = {"+": "approve", "-": "reject", ".": "abstain"}
    for vote in votes.split():
        assert case.gate["state"] == "open"
        case.act(how[vote[-1]], by=vote[:-1])
    assert (case.gate["state"], case.state) == (outcome, "granted" if outcome == "approved" else "review")


def test_a_veto_is_waited_for_and_rejects_alone(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, replace(BOSS, veto=True), quorum="any"))
    case.act("approve", by="c1")
    case.act("approve", by="c2")
    assert case.gate["state"] == "open"
    case.act("reject", by="boss")
    assert (case.gate["state"], case.state) == ("rejected", "review")


def test_one_after_another(database: Engine) -> None:
    case = submitted(
        database, gate(m.Signer("one", "actor", "c1"), BOSS, m.Signer("org", "org", "park"), sequential=True)
    )
    assert case.tasks == {"1": "open", "2": "waiting", "3": "waiting"}
    case.refuse("task_waiting", "approve", by="boss")
    case.refuse("task_waiting", "transfer", by="boss", to="c2", **REASON)
    case.act("approve", by="c1")
    case.refuse("task_done", "approve", by="c1")
    case.act("approve", by="boss")
    case.act("retract", by="c1", reason="再看")
    assert case.tasks == {"1": "retracted", "2": "approved", "3": "waiting", "4": "open"}
    case.refuse("task_waiting", "approve", by="c3")
    case.act("approve", by="c1")
    case.act("approve", by="c3")
    assert case.state == "granted"


def test_papers_come_with_every_vote_and_count_for_the_move(database: Engine) -> None:
    asked = gate(CLERKS, papers=("notice",))
    grant = replace(guarded(asked).transitions[2], papers=("request", "notice"))
    case = in_review(prepared(database, guarded(asked, transitions=_with(guarded(asked), grant))))
    case.refuse("paper_missing", "submit", "grant", by="app")
    case.act("submit", "grant", by="app", papers=[Paper("request")])
    case.refuse("paper_missing", "approve", by="c1")
    case.refuse("paper_missing", "reject", by="c1", papers=[Paper("request")])
    case.act("approve", by="c1", papers=[Paper("notice", number="1", title="意见")])
    case.act("approve", by="c2", papers=[Paper("notice")])
    assert (case.state, case.gate["papers"]) == ("granted", ["notice", "request"])


def _with(definition: m.Definition, changed: m.Transition) -> tuple[m.Transition, ...]:
    return tuple(changed if rule.id == changed.id else rule for rule in definition.transitions)


def test_a_deciding_vote_whose_move_is_not_allowed_is_refused_and_the_gate_stays_open(database: Engine) -> None:
    asked = gate(BOSS)
    guards = {"small": m.FieldIs("attribute", "area", "le", "2")}
    grant = replace(guarded(asked).transitions[2], guards=("small",))
    case = in_review(prepared(database, guarded(asked, transitions=_with(guarded(asked), grant), guards=guards)))
    case.act("submit", "grant", by="app")
    case.act("amend", {"area": "3"}, by="app")
    case.refuse("guard_failed", "approve", by="boss")
    assert (case.gate["state"], case.state) == ("open", "review")
    case.act("amend", {"area": "2"}, by="app")
    case.act("approve", by="boss")
    assert case.state == "granted"


def test_withdrawing_is_the_applicants_until_the_first_vote(database: Engine) -> None:
    case = submitted(database, gate())
    case.refuse("not_applicant", "withdraw", by="c1")
    case.act("approve", by="c1")
    case.refuse("withdraw_too_late", "withdraw", by="app")
    case.act("retract", by="c1", **REASON)
    case.act("withdraw", by="app")
    assert (case.gate["state"], set(case.tasks.values())) == ("withdrawn", {"retracted", "superseded"})
    case.refuse("gate_closed", "approve", "grant", by="c1")
    case.refuse("gate_closed retract_not_yours", "retract", "grant", by="c1", **REASON)
    case.act("submit", "grant", by="app")
    assert case.gate["round"] == 2


@pytest.mark.parametrize(("policy", "codes"), [("until_decided", ""), ("never", "withdraw_never")])
def test_until_when_one_may_withdraw_is_declared(database: Engine, policy: str, codes: str) -> None:
    case = submitted(database, gate(withdraw=policy))
    case.act("approve", by="c1")
    if codes:
        case.refuse(codes, "withdraw", by="app", reason="不办了")
    else:
        case.act("withdraw", by="app", reason="不办了")


def test_a_vote_is_taken_back_while_the_gate_is_open(database: Engine) -> None:
    case = submitted(database, gate())
    case.refuse("retract_not_yours", "retract", by="c1", **REASON)
    case.act("approve", by="c1")
    case.refuse("retract_not_yours", "retract", by="c2", **REASON)
    case.refuse("retract_not_yours", "retract", by="c1", task="2", **REASON)
    case.act("retract", by="c1", **REASON)
    assert case.tasks == {"1": "retracted", "2": "open", "3": "open", "4": "open"}
    assert case.gate["tasks"]["4"]["from"] == "1"
    assert case.count == (0, 3, 3)
    case.refuse("retract_not_yours", "retract", by="c1", **REASON)
    case.act("approve", by="c1")


def test_a_deciding_vote_is_taken_back_until_something_relies_on_it(database: Engine) -> None:
    case = submitted(database, gate(quorum=TWO))
    case.act("approve", by="c1")
    case.act("approve", by="c2")
    case.act("comment", "记一笔", by="x")
    receipt = case.act("retract", by="c2", **REASON)
    assert (dict(receipt.set), case.state) == ({"main": "review"}, "review")
    assert case.tasks == {"1": "approved", "2": "retracted", "3": "open", "4": "open"}
    assert case.gate["state"] == "open"
    case.act("approve", by="boss")
    case.act("fire", "suspend", by="boss")
    case.refuse("retract_relied", "retract", "grant", by="boss", **REASON)


def test_a_rejection_that_decided_is_taken_back(database: Engine) -> None:
    case = submitted(database, gate())
    case.act("reject", by="boss")
    case.act("retract", by="boss", **REASON)
    assert (case.gate["state"], case.tasks, case.body.get("set")) == (
        "open", {"1": "open", "2": "open", "3": "retracted", "4": "open"}, None,
    )  # fmt: skip
    for voter in ("c1", "c2", "boss"):
        case.act("approve", by=voter)
    assert case.state == "granted"


def test_taking_back_a_vote_that_was_not_needed_does_not_open_a_decided_gate(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, replace(BOSS, weight=9), quorum=m.Quorum("weight", need=5)))
    case.act("approve", by="c1")
    case.act("approve", by="boss")
    case.refuse("would_decide", "retract", by="c1", **REASON)
    assert (case.gate["state"], case.state) == ("approved", "granted")


def test_a_gate_without_returns_sends_back_to_the_applicant_only(database: Engine) -> None:
    case = submitted(database, gate())
    case.refuse("return_applicant", "send_back", by="c2", to="draft", **REASON)
    case.act("send_back", by="c2", **REASON)


def test_sending_back_ends_the_round_and_the_next_counts_anew(database: Engine) -> None:
    case = submitted(database, gate(returns=("draft",)))
    case.act("approve", by="c1")
    case.refuse("duty_voted", "send_back", by="c1", **REASON)
    case.refuse("not_a_signer", "send_back", by="app", **REASON)
    elsewhere = case.refuse("return_unknown", "send_back", by="c2", to="granted", **REASON)
    assert elsewhere.text("en").endswith("possible: the applicant, draft.")
    case.act("send_back", by="c2", **REASON)
    assert (case.gate["state"], case.gate["returned"]) == ("returned", {"by": "2"})
    assert (case.state, case.tasks) == ("review", {"1": "approved", "2": "returned", "3": "superseded"})
    case.act("submit", "grant", by="app")
    assert (case.gate["round"], case.count) == (2, (0, 3, 3))


def test_sending_back_to_a_state_moves_there(database: Engine) -> None:
    case = submitted(database, gate(returns=("draft", "suspended")))
    case.refuse("return_not_visited", "send_back", by="c2", to="suspended", **REASON)
    receipt = case.act("send_back", by="boss", to="draft", **REASON)
    assert dict(receipt.set) == {"main": "draft", "survey": None}
    case.refuse("not_from_state", "submit", "grant", by="app")
    case.act("fire", "submit", by="app", papers=[Paper("request")])
    case.refuse("direct_not_allowed", "submit", "grant", by="app", direct=True)
    case.act("submit", "grant", by="app")


def test_a_direct_resubmission_asks_only_who_had_not_approved(database: Engine) -> None:
    asked = gate(CLERKS, BOSS, direct=("area",))
    case = submitted(database, asked, attributes={"area": m.Field("area", "decimal"), "use": m.Field("use", "text")})
    case.refuse("gate_open", "submit", "grant", by="app", direct=True)
    case.act("approve", by="c1")
    case.act("send_back", by="boss", **REASON)
    case.act("amend", {"use": "办公"}, by="app")
    case.refuse("direct_not_allowed", "submit", "grant", by="app", direct=True)
    case.act("submit", "grant", by="app")
    case.act("approve", by="c1")
    case.act("send_back", by="boss", **REASON)
    case.act("amend", {"area": "2"}, by="app")
    case.refuse("direct_not_allowed", "submit", "grant", by="both", direct=True)
    case.act("submit", "grant", by="app", direct=True)
    assert (case.gate["round"], case.tasks, case.count) == (3, {"1": "open", "2": "open"}, (1, 2, 3))
    case.refuse("duty_voted", "approve", by="c1")
    case.act("approve", by="c2")
    case.act("approve", by="boss")
    assert case.state == "granted"


def test_what_a_vote_is_bound_to_changes_and_a_new_round_begins(database: Engine) -> None:
    case = submitted(database, gate(binds=("area",)))
    case.act("approve", by="c1")
    case.act("extend", by="reg", due="2999-01-01", **BASIS)
    case.act("amend", {"area": "1.5"}, by="app")
    assert case.gate["round"] == 1
    case.act("amend", {"area": "2"}, by="app")
    assert (case.gate["round"], case.count, case.gate["due"]) == (2, (0, 3, 3), "2999-01-01")
    assert case.body["candidates"]["boss"] == ["boss"]
    case.refuse("extended_before", "extend", by="reg", due="2999-01-02", **BASIS)
    for voter in ("c1", "c2", "boss"):
        case.act("approve", by=voter)
    assert case.state == "granted"
    case.act("amend", {"area": "3"}, by="app")
    assert case.gate["state"] == "approved"


def test_a_move_that_overtakes_a_gate_voids_it(database: Engine) -> None:
    case = submitted(database, gate())
    case.act("approve", by="c1")
    case.act("fire", "comment", by="c1")
    assert case.gate["state"] == "open"
    case.act("fire", "suspend", by="boss")
    assert (case.gate["state"], case.tasks) == ("void", {"1": "approved", "2": "void", "3": "void"})
    case.refuse("gate_closed", "retract", "grant", by="c1", **REASON)
    case.act("fire", "resume", by="boss")
    case.act("submit", "grant", by="app")
    case.act("adopt", {"main": "suspended"}, by="reg", source="纪要", reason="现状")
    assert (case.gate["round"], case.gate["state"]) == (2, "void")


def test_the_gate_that_decides_voids_the_other_and_each_is_named(database: Engine) -> None:
    close = replace(move("close", "review", "refused", roles=("applicant",)), gate=gate(BOSS))
    case = submitted(database, gate(CLERKS, quorum="any"), close)
    case.act("submit", "close", by="app")
    with pytest.raises(InvalidInput, match="grant"):
        case.engine.approve("p", by="boss")
    case.refuse("not_a_signer", "approve", "close", by="c1")
    case.act("approve", "close", by="boss")
    assert (case.state, case.gate["state"]) == ("refused", "void")
    with pytest.raises(NotFound):
        case.engine.approve("p", "fly", by="boss")
    with pytest.raises(KfqError) as caught:
        case.engine.approve("p", "survey", by="c1")
    assert caught.value.code == "no_gate_yet"


def test_two_transitions_of_one_trigger_have_one_open_gate(database: Engine) -> None:
    guards = {"small": m.FieldIs("attribute", "area", "lt", "2"), "big": m.FieldIs("attribute", "area", "ge", "2")}
    definition = guarded(gate(CLERKS))
    grant = replace(definition.transitions[2], guards=("small",))
    big = replace(grant, id="grant_big", guards=("big",), gate=gate(BOSS))
    case = in_review(
        prepared(database, guarded(gate(CLERKS), transitions=(*_with(definition, grant), big), guards=guards))
    )
    case.act("submit", "grant", by="app")
    case.act("amend", {"area": "5"}, by="app")
    case.refuse("gate_open guard_failed", "submit", "grant", by="app")
    case.act("withdraw", by="app")
    case.act("submit", "grant", by="app")
    case.act("approve", "grant", by="boss")
    assert case.state == "granted"
    case.act("copy", "grant", by="x", to=["c1"])
    assert "copies" in case.engine.show("p").snapshot.gates["grant_big"]
