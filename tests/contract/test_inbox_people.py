"""The inbox of real approvals: what lies there by proxy, and what a duty keeps somebody from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, verify_database
from kfq_workflow.approval.tasks import PROXY, Reach
from kfq_workflow.definition import model as m
from kfq_workflow.errors import Refused
from kfq_workflow.stored.store import Store
from kfq_workflow.stored.tables import Tables
from kfq_workflow.values import Actor
from tests.approvals import BASIS, BOSS, CLERKS, REASON, Case, gate, guarded, in_review, prepared
from tests.contract.test_inbox import Counted, _assert_ranges, _many
from tests.gates import stored
from tests.tampering import change, places, tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow import InboxItem, WorkflowEngine

DAYS = {"valid_from": "2020-01-01", "valid_to": "2999-12-31", "number": "〔2020〕7号"}


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    return prepared(database, guarded(gate(CLERKS, BOSS, duties=("not_applicant", "not_contributor"))))


@pytest.fixture
def case(engine: WorkflowEngine) -> Case:
    found = in_review(engine)
    found.act("submit", "grant", by="app")
    return found


def todo(engine: WorkflowEngine, actor: str, **how: Any) -> list[InboxItem]:
    return engine.inbox(actor, box="todo", **how)


def by_proxy(engine: WorkflowEngine, actor: str) -> list[tuple[str, str, str | None]]:
    return [(item.instance, item.task, item.on_behalf_of) for item in todo(engine, actor)]


def test_a_proxy_finds_the_tasks_of_whom_he_stands_for(database: Engine, case: Case) -> None:
    engine = case.engine
    assert todo(engine, "x") == []
    grant = engine.grant_proxy("boss", by="boss", to="x", **DAYS)
    (item,) = todo(engine, "x")
    assert (item.task, item.on_behalf_of, item.grant, item.role, item.barred) == (
        "3",
        "boss",
        grant.seq,
        "authority",
        (),
    )
    assert by_proxy(engine, "boss") == [("p", "3", None)]
    case.act("approve", by="x", on_behalf_of="boss")
    assert (todo(engine, "x"), by_proxy(engine, "boss")) == ([], [])
    assert [(found.holder, found.on_behalf_of) for found in engine.inbox("x", box="done")] == [("x", None)]
    assert verify_database(database).findings == ()
    assert engine.rebuild() == 0


@pytest.mark.parametrize(
    ("grant", "found"),
    [
        ({"roles": ("clerk",)}, []),
        ({"roles": ("authority", "clerk")}, ["3"]),
        ({"workflows": ("permit",)}, ["3"]),
        ({"workflows": ("other", "permit")}, ["3"]),
        ({"workflows": ("other",)}, []),
        ({"valid_to": "2020-12-31"}, []),
        ({"valid_from": "2999-01-01"}, []),
        ({"to": "c3"}, []),
    ],
)
def test_scope_and_days_of_a_grant(case: Case, grant: dict[str, Any], found: list[str]) -> None:
    case.engine.grant_proxy("boss", by="boss", **({"to": "x"} | DAYS | grant))
    assert [item.task for item in todo(case.engine, "x")] == found
    if not found:
        with pytest.raises(Refused):
            case.engine.approve("p", by="x", on_behalf_of="boss")


def test_a_grant_that_ended_reaches_nothing(database: Engine, case: Case) -> None:
    engine = case.engine
    first = engine.grant_proxy("boss", by="boss", to="x", **DAYS)
    engine.revoke_proxy("boss", first.seq, by="boss", reason="已返岗")
    assert todo(engine, "x") == []
    (row,) = stored(database, "~actor/boss")
    assert (row.round, row.box, row.state, row.holder) == (first.seq, "gone", "revoked", "x")
    engine.grant_proxy("boss", by="boss", to="x", **DAYS)
    assert len(todo(engine, "x")) == 1
    engine.enroll("boss", by="system", enabled=False)
    assert todo(engine, "x") == []  # who may not act cannot be stood for
    assert verify_database(database).findings == ()
    assert engine.rebuild() == 0


def test_what_is_ones_own_is_listed_once_and_as_ones_own(case: Case) -> None:
    case.engine.grant_proxy("c2", by="c2", to="c1", **DAYS)
    assert by_proxy(case.engine, "c1") == [("p", "1", None), ("p", "2", None)]
    case.act("transfer", by="c2", to="c3", task="2", **REASON)
    case.engine.grant_proxy("c3", by="c3", to="x", **DAYS)
    assert by_proxy(case.engine, "x") == [("p", "1", "c3"), ("p", "4", "c3")]  # a role's, and one in his own name


def test_named_tasks_and_those_of_an_organisation_are_reached(database: Engine) -> None:
    asked = gate(m.Signer("land", "org", "city"), m.Signer("head", "actor", "boss"))
    case = in_review(prepared(database, guarded(asked)))
    case.act("submit", "grant", by="app")
    case.engine.grant_proxy("boss", by="boss", to="x", **DAYS)
    assert by_proxy(case.engine, "x") == [("p", "1", "boss"), ("p", "2", "boss")]
    assert verify_database(database).findings == ()


# What one may not sign


def barred(item: InboxItem) -> list[str]:
    return [refusal.code for refusal in item.barred]


def test_an_applicant_is_told_that_he_may_not_sign_his_own(engine: WorkflowEngine) -> None:
    for key, by in (("p", "both"), ("q", "app")):
        in_review(engine, key, by=by).act("submit", "grant", by=by)
    items = todo(engine, "both")
    assert [(item.instance, barred(item)) for item in items] == [
        ("p", ["duty_applicant"]), ("p", ["duty_applicant"]), ("q", []), ("q", []),
    ]  # fmt: skip
    assert "职责分离" in items[0].barred[0].text("zh")
    with pytest.raises(Refused, match="submitted it"):
        engine.approve("p", by="both")


def test_who_contributed_and_who_is_of_the_same_organisation(database: Engine) -> None:
    duties = gate(CLERKS, BOSS, duties=("not_applicant_org", "not_contributor"), not_by=("submit",))
    case = in_review(prepared(database, guarded(duties)), by="both")
    case.act("submit", "grant", by="app")
    case.act("delegate", by="c1", to="c2")
    assert {barred_ for item in todo(case.engine, "c2") if item.box == "todo" for barred_ in barred(item)} == {
        "duty_contributor"
    }
    assert {code for item in todo(case.engine, "c3") for code in barred(item)} == {"duty_applicant_org"}
    assert {code for item in todo(case.engine, "both") for code in barred(item)} == {
        "duty_applicant_org",
        "duty_not_by",
    }
    assert [barred(item) for item in todo(case.engine, "c1")] == [[], []]


def test_a_proxy_is_kept_by_the_duties_of_both(case: Case) -> None:
    case.engine.grant_proxy("boss", by="boss", to="app", **DAYS)
    assert [(item.task, barred(item)) for item in todo(case.engine, "app")] == [("3", ["duty_applicant"])]
    case.engine.grant_proxy("c3", by="c3", to="x", **DAYS)
    case.act("approve", by="x", on_behalf_of="c3", task="1")
    assert [(item.task, barred(item)) for item in todo(case.engine, "c3")] == [("2", ["duty_voted"])]


def test_a_duty_that_was_waived_keeps_nobody(engine: WorkflowEngine) -> None:
    case = in_review(engine, by="both")
    case.act("submit", "grant", by="both")
    for supervisor in ("reg", "reg2"):
        case.act("waive", by=supervisor, actor="both", **REASON)
    assert [barred(item) for item in todo(engine, "both")] == [[], []]


# What it costs


@pytest.mark.tampers
def test_the_ranges_of_a_proxy_are_ranges_of_the_indexes(database: Engine, engine: WorkflowEngine) -> None:
    in_review(engine, "o")
    with database.begin() as connection:
        _many(connection, 5_000)
    with database.connect() as connection:
        name = "mysql" if connection.dialect.name == "mariadb" else connection.dialect.name
        connection.exec_driver_sql("ANALYZE TABLE kfq_task" if name == "mysql" else "ANALYZE")
        connection.commit()
    reach = Reach(Actor("boss", frozenset({"authority"}), org="water"), 2, ())
    with database.connect() as connection:
        cursor, store = Counted(connection.connection.cursor()), Store(Tables(), connection.dialect)
        for reaches in ([reach], [reach._replace(workflows=("permit", "other"))]):
            cursor.count = 0
            found = store.inbox(cursor, "x", [], None, ["todo"], 50, reaches)
            assert (len(found), cursor.count, {item.reach for item in found}) == (50, 1, {0})
        sql, values = store.inbox_statement("x", [], None, ["todo"], 50, [reach])
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if name == 'sqlite' else 'EXPLAIN'} {sql}", values)
        _assert_ranges(name, cursor.fetchall(), 4)


@pytest.mark.tampers
def test_a_proxys_row_that_was_changed_is_named_and_mended(database: Engine, case: Case) -> None:
    case.engine.grant_proxy("boss", by="boss", to="x", **DAYS)
    with tampering(database) as connection:
        change(connection, "task", {"instance": "~actor/boss", "gate": PROXY}, {"holder": "app"})
        connection.commit()
    assert places(verify_database(database)) == {("cache", "task_differs", "~actor/boss", None)}
    assert case.engine.rebuild() == 1
    assert by_proxy(case.engine, "x") == [("p", "3", "boss")]


# Nothing is a duty that nobody can do


def test_a_returned_file_that_moved_on_is_no_duty_of_its_applicant(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate(CLERKS, BOSS))))
    case.act("submit", "grant", by="app")
    case.act("send_back", by="boss", **REASON)
    assert [item.box for item in todo(case.engine, "app")] == ["back"]
    case.act("fire", "refuse", by="boss", papers=[Paper("notice")])
    assert (case.state, case.gate["state"], todo(case.engine, "app")) == ("refused", "void", [])
    assert verify_database(database).findings == ()


def test_a_returned_file_that_was_voided_is_no_duty_either(database: Engine) -> None:
    case = in_review(prepared(database, guarded(gate(CLERKS, BOSS))))
    case.act("submit", "grant", by="app")
    case.act("send_back", by="boss", **REASON)
    case.act("void", by="reg", **BASIS)
    assert todo(case.engine, "app") == []
    assert verify_database(database).findings == ()
