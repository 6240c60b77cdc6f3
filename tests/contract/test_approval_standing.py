"""What happens around votes, on every database: suspended and void instances, urging, copies, deadlines, repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kfq_workflow import Paper
from kfq_workflow.definition import model as m
from kfq_workflow.errors import Conflict, IdempotencyMismatch, InvalidInput, KfqError, NotFound, Refused
from tests import racers
from tests.approvals import BASIS, BOSS, CLERKS, KINDS, REASON, Case, gate, guarded, in_review, prepared, submitted

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_suspended_instance_stands_still_until_it_is_resumed(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, binds=("area",)))
    case.act("approve", by="c1")
    case.refuse("role_missing", "suspend", by="c1", **BASIS)
    case.refuse("not_suspended", "resume", by="reg", **BASIS)
    case.act("suspend", by="reg", **BASIS)
    assert (case.tasks, case.count) == ({"1": "approved", "2": "blocked", "3": "blocked"}, (1, 2, 3))
    refused: dict[str, dict[str, Any]] = {
        "approve": {"by": "c2"}, "withdraw": {"by": "app"}, "urge": {"by": "app"}, "send_back": {"by": "c2", **REASON},
        "retract": {"by": "c1", **REASON}, "transfer": {"by": "c2", "to": "x", **REASON},
        "add_signer": {"by": "reg", "signer": "x", **REASON}, "remove_signer": {"by": "reg", "task": "2", **REASON},
        "extend": {"by": "reg", "due": "2999-01-01", **BASIS}, "waive": {"by": "reg", "actor": "c1", **REASON},
        "suspend": {"by": "reg", **BASIS},
    }  # fmt: skip
    for verb, how in refused.items():
        case.refuse("suspended", verb, **how)
    case.refuse("suspended", "fire", "comment", by="c1")
    case.act("copy", by="app", to=["x"])
    case.act("comment", "等文件", by="app")
    case.act("amend", {"area": "9"}, by="app")
    assert (case.gate["round"], set(case.tasks.values())) == (2, {"blocked"})
    case.act("resume", by="reg2", **BASIS)
    assert case.tasks == {"1": "open", "2": "open", "3": "open"}
    assert case.engine.show("p").snapshot.held == {}
    case.act("approve", by="c2")


def test_resuming_lets_only_those_sign_whose_turn_it_is(database: Engine) -> None:
    case = submitted(database, gate(m.Signer("one", "actor", "c1"), BOSS, sequential=True))
    case.act("suspend", by="reg", **BASIS)
    case.act("resume", by="reg", **BASIS)
    assert case.tasks == {"1": "open", "2": "waiting"}


def test_a_void_instance_ends_its_gates_and_not_by_an_approver(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, m.Signer("reg", "role", "registrar")))
    case.act("approve", by="reg")
    case.refuse("not_voided", "reinstate", by="reg", **BASIS)
    case.refuse("approver_may_not_void", "void", by="reg", **BASIS)
    case.act("suspend", by="reg", **BASIS)
    case.act("void", by="reg2", **BASIS)
    assert (case.gate["state"], case.tasks) == ("void", {"1": "void", "2": "void", "3": "approved"})
    case.refuse("voided", "void", by="reg2", **BASIS)
    case.refuse("voided", "suspend", by="reg2", **BASIS)
    case.refuse("voided", "submit", "grant", by="app")
    case.refuse("voided gate_closed", "approve", "grant", by="c1")
    case.act("reinstate", by="reg2", **BASIS)
    case.refuse("suspended", "submit", "grant", by="app")
    case.act("resume", by="reg2", **BASIS)
    case.act("submit", "grant", by="app")
    assert (case.gate["round"], case.gate["state"]) == (2, "open")


def test_an_approval_that_stands_keeps_its_signer_from_voiding(database: Engine) -> None:
    case = submitted(database, gate(BOSS, m.Signer("reg", "role", "registrar")))
    case.act("approve", by="reg")
    case.act("send_back", by="boss", **REASON)
    case.act("submit", "grant", by="app", direct=True)
    case.refuse("approver_may_not_void", "void", by="reg", **BASIS)


def test_urging_copies_and_deadlines(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, m.Signer("reg", "actor", "reg")))
    rev = case.engine.show("p").rev
    case.act("urge", by="x", note="请尽快")
    case.refuse("urged_today", "urge", by="x")
    case.act("urge", by="app")
    case.act("copy", by="app", to=["x", "c3"])
    case.refuse("already_copied", "copy", by="c1", to=["boss", "x"])
    case.act("copy", by="c1", to=["boss"])
    for to in ([], ["x", "x"]):
        with pytest.raises(InvalidInput):
            case.engine.copy("p", by="app", to=to)
    with pytest.raises(NotFound):
        case.engine.copy("p", by="app", to=["nobody"])
    case.refuse("not_copied", "mark_read", by="c1")
    case.act("mark_read", by="x")
    case.refuse("not_copied", "mark_read", by="x")
    assert case.engine.show("p").rev == rev
    assert "read" in case.gate["copies"]["x"]
    assert "read" not in case.gate["copies"]["c3"]
    case.refuse("role_missing", "extend", by="app", due="2999-01-01", **BASIS)
    case.refuse("duty_handler", "extend", by="reg", due="2999-01-01", **BASIS)
    with pytest.raises(InvalidInput):
        case.engine.extend("p", by="reg2", due="2999", **BASIS)
    case.act("extend", by="reg2", due="2999-01-01", **BASIS)
    assert "old" not in case.body  # there was no day before
    case.refuse("extended_before", "extend", by="reg2", due="2999-02-01", **BASIS)
    case.act("reject", by="c1")
    case.act("mark_read", by="c3")
    case.act("copy", by="app", to=["c2"])


def test_another_day_names_the_one_that_it_takes_the_place_of(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate(CLERKS))))
    case.act("submit", "grant", by="app", due="2998-12-31")
    case.act("extend", by="reg", due="2999-01-01", **BASIS)
    assert (case.body["due"], case.body["old"]) == ("2999-01-01", {"due": "2998-12-31"})


#: How each verb is called, what is changed to ask for something else, and what must have been done before.
REPEATED: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, Any]]] = {
    "submit": ((), {"trigger": "grant", "by": "app", "due": "2999-01-01"}, {"due": "2999-01-02"}),
    "approve": (("submit",), {"by": "c1"}, {"task": "2"}),
    "reject": (("submit",), {"by": "c1", "opinion": "不行"}, {"opinion": "不"}),
    "abstain": (("submit",), {"by": "c1", "task": "2"}, {"task": "1"}),
    "retract": (("submit", "approve"), {"by": "c1", **REASON}, {"task": "9"}),
    "transfer": (("submit",), {"by": "c1", "to": "x", **REASON}, {"to": "app"}),
    "delegate": (("submit",), {"by": "c1", "to": "x"}, {"question": "可否"}),
    "reply": (("submit", "delegate"), {"by": "x", "opinion": "可"}, {"opinion": "否"}),
    "add_signer": (("submit",), {"by": "reg", "signer": "x", **REASON}, {"place": "after"}),
    "remove_signer": (("submit",), {"by": "reg", "task": "1", **REASON}, {"task": "2"}),
    "send_back": (("submit",), {"by": "c1", **REASON}, {"to": "draft"}),
    "withdraw": (("submit",), {"by": "app"}, {"reason": "不办"}),
    "suspend": ((), {"by": "reg", **BASIS}, {"number": "2"}),
    "resume": (("suspend",), {"by": "reg", **BASIS}, {"by": "reg2"}),
    "void": ((), {"by": "reg", **BASIS}, {"reason": "别的"}),
    "reinstate": (("void",), {"by": "reg", **BASIS}, {"number": "2"}),
    "urge": (("submit",), {"by": "x"}, {"note": "快"}),
    "copy": (("submit",), {"by": "app", "to": ["x"]}, {"to": ["x", "c1"]}),
    "mark_read": (("submit", "copy"), {"by": "x"}, {"by": "c1"}),
    "comment": ((), {"text": "记", "by": "x"}, {"text": "改"}),
    "extend": (("submit",), {"by": "reg", "due": "2999-01-01", **BASIS}, {"due": "2999-02-01"}),
    "waive": (("submit",), {"by": "reg", "actor": "c1", **REASON}, {"actor": "c2"}),
}


def test_every_verb_may_be_repeated_and_its_request_id_is_for_nothing_else(database: Engine) -> None:
    engine = prepared(database, guarded(gate(CLERKS, BOSS, returns=("draft",))))
    for verb, (first, how, changed) in REPEATED.items():
        case = in_review(engine, verb)
        for step in first:
            case.act(step, **REPEATED[step][1])
        receipt = case.act(verb, request="r-1", **how)
        engine.annotate(verb, "在后", by="x")
        rows = case.rows
        again = getattr(engine, verb)(verb, request="r-1", **how)
        assert (again.replayed, again.leaf, again.seq) == (True, receipt.leaf, receipt.seq), verb
        with pytest.raises(IdempotencyMismatch):
            getattr(engine, verb)(verb, request="r-1", **(how | changed))
        assert case.rows == rows
    assert set(REPEATED) == set(KINDS) - {"fire", "amend", "adopt", "register"}


def test_for_whom_one_signed_belongs_to_the_request(database: Engine) -> None:
    case = submitted(database, gate())
    days = {"valid_from": "2020-01-01", "valid_to": "2999-12-31", "number": "1"}
    for principal in ("c1", "c2"):
        case.engine.grant_proxy(principal, by=principal, to="boss", **days)
    first = case.act("approve", by="boss", on_behalf_of="c1", request="r")
    assert case.engine.approve("p", by="boss", on_behalf_of="c1", request="r").leaf == first.leaf
    for other in ({}, {"on_behalf_of": "c2"}):
        with pytest.raises(IdempotencyMismatch):
            case.engine.approve("p", by="boss", request="r", **other)


def test_votes_and_the_hosts_rows_commit_or_roll_back_together(database: Engine) -> None:
    case = submitted(database, gate(quorum="any"))
    racers.HOST.create(database)
    rows = case.rows
    with database.connect() as connection:
        case.engine.join(connection).approve("p", by="c1")
        connection.execute(insert(racers.HOST).values(instance="p", racer=1))
        connection.rollback()
    assert (case.rows, case.state) == (rows, "review")
    with database.begin() as connection:
        with pytest.raises(Refused) as caught:
            case.engine.join(connection).approve("p", by="x")
        connection.execute(insert(racers.HOST).values(instance="p", racer=2))
    assert case.rows == rows
    case.engine.record(caught.value)
    case.hold(rows, "refused")
    with Session(database) as session, session.begin():
        tx = case.engine.join(session)
        tx.delegate("p", by="c1", to="x", question="可否")
        tx.reply("p", by="x", opinion="可")
        tx.approve("p", by="c1")
        session.execute(insert(racers.HOST).values(instance="p", racer=3))
    assert case.state == "granted"
    with database.connect() as connection:
        assert connection.execute(select(racers.HOST.c.racer)).scalars().all() == [2, 3]


def test_what_does_not_exist_is_an_error_and_never_an_entry(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate())))
    rows = case.rows
    attempts: list[tuple[type[KfqError], str, dict[str, Any]]] = [
        (KfqError, "approve", {"by": "c1"}),
        (NotFound, "approve", {"trigger": "fly", "by": "c1"}),
        (NotFound, "submit", {"trigger": "fly", "by": "app"}),
        (NotFound, "submit", {"trigger": "grant", "by": "nobody"}),
        (NotFound, "submit", {"trigger": "grant", "by": "app", "papers": [Paper("napkin")]}),
        (InvalidInput, "submit", {"trigger": "grant", "by": "app", "due": "soon"}),
        (NotFound, "suspend", {"by": "nobody", **BASIS}),
        (InvalidInput, "suspend", {"by": "reg", "reason": "r", "number": ""}),
        (InvalidInput, "vote", {"by": "c1", "how": "shrug"}),
        (InvalidInput, "approve", {"by": "c1", "task": "第一"}),
    ]
    for error, verb, how in attempts:
        with pytest.raises(error):
            case.engine.run(lambda tx, verb=verb, how=how: getattr(tx, verb)("p", **how))
    assert case.rows == rows
    case.act("submit", "grant", by="app")
    with pytest.raises(NotFound):
        case.engine.approve("p", by="x", on_behalf_of="nobody")
    with pytest.raises(NotFound):
        Case(case.engine, "nowhere").act("approve", by="c1")


def test_expect_and_days(database: Engine) -> None:
    case = submitted(database, gate())
    rows = case.rows
    for verb, how in (("approve", {"by": "c1"}), ("submit", {"by": "app"})):
        with pytest.raises(Conflict):
            getattr(case.engine, verb)("p", "grant", expect=2, **how)
    for on, code in (("2999", "future_date"), ("昨天", "invalid_date"), ("2026-01", "date_order")):
        with pytest.raises(InvalidInput) as caught:
            case.engine.approve("p", by="c1", on=on)
        assert caught.value.code == code
    assert case.rows == rows
    month = case.engine.today()[:7]
    case.act("approve", by="c1", expect=len(rows), on=month)
    assert case.body["on"]["lo"] == f"{month}-01"
