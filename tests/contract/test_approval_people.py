"""Who signs, on every database: tasks handed on, opinions, proxies, signers added and removed, duties kept apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Actor
from kfq_workflow.definition import model as m
from kfq_workflow.errors import InvalidInput, NotFound
from tests.approvals import BASIS, BOSS, CLERKS, PEOPLE, REASON, Case, gate, guarded, in_review, prepared, submitted

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from kfq_workflow.verbs.registry import GuardContext

DAYS = {"valid_from": "2020-01-01", "valid_to": "2999-12-31"}


def test_a_task_is_handed_on_and_the_old_one_stays_on_record(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",)))
    case.refuse("not_a_signer", "transfer", by="x", to="c1", **REASON)
    case.refuse("duty_applicant", "transfer", by="c1", to="app", **REASON)
    case.refuse("transfer_to_self", "transfer", by="c1", to="c1", **REASON)
    case.act("transfer", by="c1", to="x", task="2", **REASON)
    assert case.tasks == {"1": "open", "2": "transferred", "3": "open", "4": "open"}
    assert case.gate["tasks"]["4"] == {
        "from": "2", "kind": "actor", "of": "x", "seat": "clerks", "since": 7, "state": "open", "step": 1,
    }  # fmt: skip
    assert case.count == (0, 3, 3)
    case.refuse("task_not_yours", "approve", by="c1", task="2")
    case.act("approve", by="x")
    case.refuse("duty_voted", "transfer", by="c1", to="x", **REASON)
    with pytest.raises(NotFound):
        case.engine.transfer("p", by="c1", to="nobody", reason="r")
    with pytest.raises(InvalidInput):
        case.engine.transfer("p", by="c1", to="c2", reason=" ")


def test_nobody_hands_a_task_to_one_who_may_not_act(database: Engine) -> None:
    case = submitted(database, gate())
    case.engine.enroll("x", by="system", enabled=False)
    case.refuse("actor_not_valid", "transfer", by="c1", to="x", **REASON)
    case.refuse("actor_not_valid", "delegate", by="c1", to="x")
    case.refuse("actor_not_valid", "add_signer", by="c1", signer="x", **REASON)


def test_one_who_may_not_sign_does_not_choose_who_does(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",)), by="both")
    for verb, how in (
        ("approve", {}), ("send_back", REASON), ("transfer", {"to": "x", **REASON}), ("delegate", {"to": "x"}),
        ("add_signer", {"signer": "x", **REASON}), ("remove_signer", {"task": "3", **REASON}),
    ):  # fmt: skip
        case.refuse("duty_applicant", verb, by="both", **how)
    case.act("approve", by="c1")
    case.refuse("duty_voted", "transfer", by="c1", to="x", **REASON)
    case.refuse("duty_voted", "remove_signer", by="c1", task="3", **REASON)


def test_an_opinion_is_asked_for_and_given(database: Engine) -> None:
    case = submitted(database, gate(duties=("not_contributor",)))
    case.act("delegate", by="c1", to="c2", question="可否")
    case.refuse("delegate_twice", "delegate", by="c1", to="c2")
    case.refuse("delegate_twice", "delegate", by="c1", to="c1")
    case.refuse("not_asked", "reply", by="c3", opinion="可")
    case.refuse("not_asked", "reply", by="c2", opinion="可", task="2")
    before = case.count
    case.act("reply", by="c2", opinion="可")
    assert case.count == before
    assert case.gate["tasks"]["1"]["asked"] == {"c2": {"replied": 9, "seq": 4}}
    case.refuse("not_asked", "reply", by="c2", opinion="可")
    case.refuse("duty_contributor", "approve", by="c2")
    case.act("approve", by="c1")


def test_a_proxy_signs_within_days_workflow_and_roles(database: Engine) -> None:
    case = submitted(database, gate(BOSS, CLERKS))
    engine = case.engine
    sign = {"by": "x", "on_behalf_of": "boss"}
    case.refuse("proxy_none", "approve", **sign)
    for scope in (
        {**DAYS, "valid_to": "2020-12-31"},
        {**DAYS, "valid_from": "2999-01-01"},
        {**DAYS, "workflows": ["case"]},
    ):
        engine.grant_proxy("boss", by="boss", to="x", number="1", **scope)
    case.refuse("proxy_none", "approve", **sign)
    engine.grant_proxy("boss", by="boss", to="x", number="2", roles=["clerk"], **DAYS)
    case.refuse("not_a_signer", "approve", **sign)
    grant = engine.grant_proxy("boss", by="boss", to="x", number="3", roles=["authority"], **DAYS)
    case.act("approve", opinion="同意", **sign)
    assert (case.body["for"]["id"], case.body["for"]["grant"], case.rows[-1].actor) == ("boss", grant.seq, "x")
    task = case.gate["tasks"]["1"]
    assert (task["by"], task["for"]) == ("x", "boss")
    case.refuse("retract_not_yours", "retract", by="boss", **REASON)
    case.act("retract", by="x", **REASON)
    engine.revoke_proxy("boss", grant.seq, by="boss", reason="回来了")
    case.refuse("not_a_signer", "approve", **sign)
    case.act("approve", by="boss")


def test_a_proxy_passes_the_duties_of_both_and_signs_once(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",)), by="both")
    for principal, to in (("both", "c1"), ("c2", "both"), ("c1", "boss"), ("boss", "c2")):
        case.engine.grant_proxy(principal, by=principal, to=to, number="1", **DAYS)
    case.refuse("duty_applicant", "approve", by="c1", on_behalf_of="both")
    case.refuse("duty_applicant", "approve", by="both", on_behalf_of="c2")
    case.act("approve", by="boss", on_behalf_of="c1")
    case.refuse("duty_voted", "approve", by="c1")
    case.refuse("duty_voted", "approve", by="boss")
    case.refuse("duty_voted", "transfer", by="c2", on_behalf_of="boss", to="x", **REASON)
    case.act("send_back", by="c2", **REASON)


def test_granting_a_proxy_has_its_own_refusals(database: Engine) -> None:
    engine = prepared(database, guarded(gate()))
    with pytest.raises(InvalidInput):
        engine.grant_proxy("boss", by="boss", to="boss", number="1", **DAYS)
    with pytest.raises(InvalidInput):
        engine.grant_proxy("boss", by="boss", to="x", number="1", valid_from="2021-01-01", valid_to="2020-01-01")
    with pytest.raises(InvalidInput):
        engine.grant_proxy("boss", by="boss", to="x", number="", **DAYS)
    with pytest.raises(NotFound):
        engine.revoke_proxy("boss", 9, by="boss", reason="r")
    with pytest.raises(Exception, match="administrator"):
        engine.grant_proxy("boss", by="x", to="x", number="1", **DAYS)
    first = engine.grant_proxy("boss", by="boss", to="x", number="1", request="g", **DAYS)
    assert engine.grant_proxy("boss", by="boss", to="x", number="1", request="g", **DAYS).leaf == first.leaf
    revoked = engine.revoke_proxy("boss", first.seq, by="boss", reason="r", request="h")
    assert engine.revoke_proxy("boss", first.seq, by="boss", reason="r", request="h").leaf == revoked.leaf


@pytest.mark.parametrize(
    ("place", "after"),
    [
        ("parallel", {"1": "open", "2": "waiting", "3": "open"}),
        ("before", {"1": "waiting", "2": "waiting", "3": "open"}),
        ("after", {"1": "open", "2": "waiting", "3": "waiting"}),
    ],
)
def test_signers_are_added_before_beside_and_after(database: Engine, place: str, after: dict[str, str]) -> None:
    case = submitted(database, gate(m.Signer("one", "actor", "c1"), BOSS, sequential=True))
    case.refuse("not_a_signer", "add_signer", by="x", signer="c2", place=place, **REASON)
    case.act("add_signer", by="c1", signer="c2", place=place, **REASON)
    assert (case.tasks, case.count) == (after, (0, 3, 3))
    case.refuse("signer_twice", "add_signer", by="c1" if place != "before" else "c2", signer="c2", **REASON)
    order = {"parallel": "c2 c1 boss", "before": "c2 c1 boss", "after": "c1 c2 boss"}[place].split()
    for signer in order:
        assert case.state == "review"
        case.act("approve", by=signer)
    assert case.state == "granted"


def test_who_manages_adds_and_removes_signers_and_states_the_need(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, quorum=m.Quorum("count", need=2)))
    case.act("approve", by="c1")
    case.act("add_signer", by="reg", signer="c3", need=4, **REASON)
    assert (case.count, case.body["old"]) == ((1, 3, 4), {"need": 2, "of": 3})
    case.refuse("quorum_unreachable", "add_signer", by="reg", signer="x", need=9, **REASON)
    case.refuse("would_decide", "add_signer", by="reg", signer="x", need=1, **REASON)
    case.refuse("quorum_unreachable", "remove_signer", by="reg", task="4", **REASON)
    case.refuse("task_done", "remove_signer", by="reg", task="1", **REASON)
    case.refuse("no_task", "remove_signer", by="reg", task="9", **REASON)
    case.refuse("would_decide", "remove_signer", by="reg", task="4", need=1, **REASON)
    case.act("remove_signer", by="reg", task="4", need=3, **REASON)
    assert (case.tasks["4"], case.count, case.body["old"]) == ("removed", (1, 2, 3), {"need": 4, "of": 4})
    case.act("remove_signer", by="boss", task="2", need=2, **REASON)
    case.refuse("last_signer", "remove_signer", by="boss", task="3", **REASON)
    case.act("approve", by="boss")
    assert case.state == "granted"


@pytest.mark.parametrize(
    ("name", "value"), [("weight", 0), ("weight", -3), ("weight", True), ("need", 0), ("need", "2")]
)
def test_weights_and_needs_are_whole_numbers(database: Engine, name: str, value: Any) -> None:
    case = submitted(database, gate(quorum=m.Quorum("weight", need=2)))
    before = case.rows
    with pytest.raises(InvalidInput):
        case.engine.add_signer("p", by="c1", signer="x", reason="r", **{name: value})
    assert case.rows == before


def test_an_added_signer_has_his_weight(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, quorum=m.Quorum("weight", need=2)))
    case.act("add_signer", by="c1", signer="x", weight=5, need=6, **REASON)
    assert (case.count, case.gate["tally"]["of"]) == ((0, 7, 6), 7)
    case.act("approve", by="c1")
    case.act("approve", by="x")
    assert case.state == "granted"


def test_duties_are_kept_apart(database: Engine) -> None:
    case = submitted(
        database, gate(CLERKS, BOSS, duties=("not_applicant_org", "not_contributor"), not_by=("survey",))
    )  # fmt: skip
    case.act("fire", "survey", by="c1")
    case.refuse("duty_not_by", "approve", by="c1")
    case.refuse("duty_applicant_org", "approve", by="c3")
    case.act("transfer", by="c2", to="x", **REASON)
    case.refuse("duty_contributor", "approve", by="c2")
    case.refuse("duty_not_by", "add_signer", by="boss", signer="c1", **REASON)
    case.refuse("role_missing", "waive", by="c2", actor="c1", **REASON)
    case.act("waive", by="reg", actor="c1", **REASON)
    case.refuse("waive_second", "waive", by="reg", actor="c1", **REASON)
    case.refuse("waive_second", "waive", by="reg", actor="reg", **REASON)
    case.refuse("duty_not_by", "approve", by="c1")
    case.act("waive", by="reg2", actor="c1", **REASON)
    case.refuse("waive_second", "waive", by="reg2", actor="c1", **REASON)
    case.act("approve", by="c1")
    case.refuse("duty_voted", "transfer", by="boss", to="c1", **REASON)


def test_actors_from_a_resolver_sign_and_their_roles_are_kept(database: Engine) -> None:
    def resolver(name: str, _connection: Connection) -> Actor | None:
        roles, org = PEOPLE.get(name.removeprefix("u."), (None, ""))
        return Actor(name, frozenset(roles), org=org) if roles is not None and name.startswith("u.") else None

    case = in_review(prepared(database, guarded(gate(duties=("not_applicant",))), actors=resolver), by="u.app")
    case.act("submit", "grant", by="u.app")
    assert "candidates" not in case.body
    case.act("transfer", by="u.c1", to="u.x", **REASON)
    case.act("approve", by="u.x")
    assert case.body["attested"]["resolver"]["values"] == {"org": "street", "roles": []}
    case.refuse("not_a_signer", "approve", by="u.app")
    with pytest.raises(NotFound):
        case.engine.approve("p", by="c1")
    case.act("approve", by="u.c2")
    case.act("suspend", by="u.reg", **BASIS)
    case.act("resume", by="u.reg", **BASIS)
    case.act("approve", by="u.boss")
    assert case.state == "granted"


def panel(context: GuardContext) -> tuple[bool, dict[str, list[str]]]:
    """Name the panel by the area."""
    return True, {"actors": {"1.5": ["c1", "c2", "c1"], "2": ["c3"]}.get(context.attrs["area"], [])}


def test_code_names_signers_and_is_asked_again_for_a_new_round(database: Engine) -> None:
    asked = gate(m.Signer("panel", "code", "panel@1"), binds=("area",))
    case = in_review(prepared(database, guarded(asked), guards={"panel@1": panel}))
    case.act("submit", "grant", by="app")
    assert [task["of"] for task in case.gate["tasks"].values()] == ["c1", "c2"]
    assert case.body["candidates"] == {"panel": ["c1", "c2"]}
    assert case.body["attested"] == {"panel@1": {"answer": True, "values": {"actors": ["c1", "c2", "c1"]}}}
    case.refuse("not_a_signer", "approve", by="c3")
    case.act("approve", by="c1")
    case.act("amend", {"area": "2"}, by="app")
    assert ([task["of"] for task in case.gate["tasks"].values()], case.gate["round"]) == (["c3"], 2)
    case.refuse("nobody_to_ask", "amend", {"area": "7"}, by="app")
    case.act("approve", by="c3")
    assert case.state == "granted"


def test_a_signer_is_asked_only_when_a_guard_says_so(database: Engine) -> None:
    guards = {"big": m.FieldIs("attribute", "area", "gt", "1")}
    asked = gate(m.Signer("one", "actor", "c1"), m.Signer("big", "role", "authority", when="big"), binds=("area",))
    case = in_review(prepared(database, guarded(asked, guards=guards)))
    case.act("submit", "grant", by="app")
    assert case.tasks == {"1": "open", "2": "open"}
    case.act("amend", {"area": "1"}, by="app")
    assert case.tasks == {"1": "open"}
    case.act("approve", by="c1")
    assert case.state == "granted"


def test_nobody_to_ask_and_a_quorum_out_of_reach_open_no_round(database: Engine) -> None:
    guards = {"big": m.FieldIs("attribute", "area", "gt", "5")}
    when = [m.Signer(name, "actor", name, when="big") for name in ("c1", "c2")]
    more = m.Transition("close", "close", "main", ("review",), m.Target("state", "refused"), ("applicant",),
                        gate=gate(BOSS, when[0], quorum=m.Quorum("count", need=2)))  # fmt: skip
    case = Case(in_review(prepared(database, guarded(gate(*when), more, guards=guards))).engine)
    case.refuse("nobody_to_ask", "submit", "grant", by="app")
    case.refuse("quorum_unreachable", "submit", "close", by="app")
    case.act("amend", {"area": "6"}, by="app")
    case.act("submit", "grant", by="app")
