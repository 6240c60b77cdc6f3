"""A zone and its cases: guards that read each other, cite what they saw, and never wait for each other in a circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from kfq_workflow import GuardContext, Paper, WorkflowEngine, schema, verify_database, zones
from kfq_workflow.definition import model
from kfq_workflow.errors import GuardFailed, InvalidInput, NotFound
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

OFFICES = ("zone_committee", "provincial_commerce_office", "provincial_government", "city_government", "registrar")
UNREPORTED = dict.fromkeys(
    ("reform_tenure", "reform_appointment", "reform_performance_pay", "plan_master", "plan_regulatory", "plan_eia",
     "boundary_survey"), "unreported")  # fmt: skip
SCHEME = [Paper("feasibility_report"), Paper("site_scheme"), Paper("area_schedule")]


def prepared(database: Engine, **where: str) -> WorkflowEngine:
    schema.init(database, **where)  # type: ignore[arg-type]
    engine = WorkflowEngine(database, **where)  # type: ignore[arg-type]
    for definition in zones.shipped().values():
        engine.define(definition, by="system")
    for office in OFFICES:
        engine.enroll(office, by="system", roles=[office])
    return engine


def zone(engine: WorkflowEngine, key: str = "zone", state: str = "operation.normal") -> None:
    engine.adopt(
        key, {"main": state, **UNREPORTED}, by="registrar", source="年鉴", reason="已在运营", on="[..2017]",
        workflow="zone_lifecycle", name="某开发区",
    )  # fmt: skip


def case(engine: WorkflowEngine, key: str, workflow: str = "zone_expansion") -> None:
    engine.start(workflow, key, by="registrar", name="案件", root="zone")


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    return prepared(database)


def test_a_case_reads_its_zone_and_cites_it(engine: WorkflowEngine) -> None:
    zone(engine)
    case(engine, "zone/1")
    engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
    last = engine.history("zone/1")[-1]
    assert last.body["seen"] == [
        {"instance": "zone", "leaf": bytes(engine.history("zone")[-1].row.leaf).hex(), "seq": 1}
    ]
    assert verify_database(engine.database).counts.witnessed == 1


def test_a_suspended_zone_stops_its_case(engine: WorkflowEngine) -> None:
    zone(engine)
    case(engine, "zone/1")
    engine.fire("zone", "suspend_operation", by="provincial_government", papers=[Paper("decision_notice")])
    with pytest.raises(GuardFailed) as caught:
        engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
    assert [refusal.values["guard"] for refusal in caught.value.refusals] == ["zone_operating"]
    engine.fire("zone", "resume_operation", by="provincial_government", papers=[Paper("decision_notice")])
    assert engine.show("zone").row.state == "operation.normal"
    engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)


def test_another_open_case_of_the_same_zone_stops_it(engine: WorkflowEngine) -> None:
    zone(engine)
    zone(engine, "other")
    case(engine, "zone/1")
    case(engine, "zone/2")
    engine.start("zone_expansion", "other/1", by="registrar", name="别区案件", root="other")
    with pytest.raises(GuardFailed) as caught:
        engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
    assert [refusal.values["guard"] for refusal in caught.value.refusals] == ["no_open_boundary_case"]
    engine.fire("zone/2", "withdraw_expansion", by="city_government", papers=[Paper("withdrawal_letter")])
    engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
    assert [seen["instance"] for seen in engine.history("zone/1")[-1].body["seen"]] == ["zone", "zone/2"]


@pytest.mark.parametrize(
    ("workflow", "states", "stops"),
    [
        ("upgrade_to_national", "goal_set", True),  # a goal can be withdrawn, so it is a case that is open
        ("upgrade_to_national", "preparing", True),
        ("upgrade_to_national", "upgraded", False),
        ("zone_merge", "posts_merging", True),
        ("zone_merge", "completed", False),
        ("zone_exit", "rectification", False),
    ],
)
def test_every_open_case_that_changes_the_bounds_stops_an_expansion(
    engine: WorkflowEngine, workflow: str, states: str, *, stops: bool
) -> None:
    zone(engine)
    case(engine, "zone/1")
    engine.adopt(
        "zone/2", {"main": states}, by="registrar", source="文件", reason="补记", workflow=workflow, name="案件",
        root="zone", attrs={"absorbed_zone": "other"} if workflow == "zone_merge" else {},
    )  # fmt: skip
    decision = engine.decide("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
    assert [refusal.values["guard"] for refusal in decision.refusals] == ["no_open_boundary_case"] * stops


def test_a_decided_exit_lets_the_zone_be_revoked(engine: WorkflowEngine) -> None:
    zone(engine)
    notice = [Paper("decision_notice")]
    with pytest.raises(GuardFailed):
        engine.fire("zone", "revoke_zone", by="provincial_government", papers=notice)
    engine.adopt(
        "zone/exit", {"main": "exit_proposed"}, by="registrar", source="文件", reason="已建议退出",
        workflow="zone_exit", name="退出", root="zone",
    )  # fmt: skip
    engine.fire("zone/exit", "decide_exit", by="provincial_government", papers=notice)
    engine.fire("zone", "revoke_zone", by="provincial_government", papers=notice)
    shown = engine.show("zone")
    assert (shown.row.state, shown.is_closed, shown.snapshot.regions) == (
        "closed.revoked", True, {"main": "closed.revoked"},
    )  # fmt: skip
    assert engine.history("zone")[-1].body["seen"][0]["instance"] == "zone/exit"


@pytest.mark.parametrize(
    ("workflow", "root", "code"),
    [
        ("zone_expansion", None, "root_needed"),
        ("zone_expansion", "case", "root_wrong"),
        ("zone_lifecycle", "zone", "root_wrong"),
    ],
)
def test_a_case_needs_the_right_root(engine: WorkflowEngine, workflow: str, root: str | None, code: str) -> None:
    zone(engine)
    case(engine, "case")
    with pytest.raises(InvalidInput) as caught:
        engine.start(workflow, "new", by="registrar", name="n", root=root)
    assert caught.value.code == code
    with pytest.raises(NotFound):
        engine.start("zone_expansion", "new", by="registrar", name="n", root="nowhere")


def test_a_zone_and_its_cases_never_wait_in_a_circle(engine: WorkflowEngine) -> None:
    zone(engine)
    for number in range(4):
        case(engine, f"zone/{number}")
    keys = ["zone", *(f"zone/{number}" for number in range(4))]

    def annotate(racer: int) -> None:
        for step in range(10):
            engine.annotate(keys[(racer + step) % 5], "记一笔", by="registrar")

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(annotate, range(5)))
    assert [len(engine.history(key)) for key in keys] == [11] * 5


def test_another_schema_and_prefix(database: Engine) -> None:
    where = {"prefix": "gov_"}
    if database.dialect.name == "postgresql":
        with database.begin() as connection:
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS kfqtest_workflow"))
        where["schema"] = "kfqtest_workflow"
    try:
        engine = prepared(database, **where)
        zone(engine)
        case(engine, "zone/1")
        engine.fire("zone/1", "submit_expansion_to_city", by="zone_committee", papers=SCHEME)
        assert verify_database(database, **where).verdict == "self-consistent"
        with pytest.raises(Exception, match="kfq init"):
            WorkflowEngine(database).show("zone")
    finally:
        if "schema" in where:
            with database.begin() as connection:
                connection.execute(text("DROP SCHEMA kfqtest_workflow CASCADE"))


def test_a_guard_in_code_is_asked_inside_the_transaction_and_kept(database: Engine) -> None:
    schema.init(database)
    left = [1]

    def quota(context: GuardContext) -> tuple[bool, Mapping[str, Any]]:
        assert context.regions["main"] == "review"
        assert context.connection.in_transaction()
        return left[0] > 0, {"left": left[0]}

    engine = WorkflowEngine(database, guards={"quota@1": quota})
    engine.define(permit(guards={"survey_done": model.Code("quota@1")}), by="system")
    for office in ("applicant", "authority"):
        engine.enroll(office, by="system", roles=[office])
    for key in ("a", "b"):
        engine.start("permit", key, by="applicant", name="n")
        engine.fire(key, "submit", by="applicant", papers=[Paper("request")])
    engine.fire("a", "grant", by="authority")
    left[0] = 0
    with pytest.raises(GuardFailed):
        engine.fire("b", "grant", by="authority")
    assert engine.history("a")[-1].body["attested"] == {"quota@1": {"answer": True, "values": {"left": 1}}}
    with pytest.raises(NotFound, match="quota@1"):
        WorkflowEngine(database).fire("b", "grant", by="authority")
    assert verify_database(database).counts.attested == 1
