"""Effects: an act of a case does something to a zone, in one transaction, and each entry cites the other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from kfq_workflow import GuardFailed, NotAllowed, Paper, WorkflowEngine, verify_database
from tests.contract.test_families import UNREPORTED, prepared, zone
from tests.tampering import tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

REPLY, NOTICE = [Paper("approval_reply")], [Paper("decision_notice")]
PLANNED = UNREPORTED | {"plan_master": "approved", "plan_eia": "approved", "boundary_survey": "not_started"}


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    found = prepared(database)
    found.enroll("staffing_commission", by="system", roles=["staffing_commission"])
    return found


def adopted(engine: WorkflowEngine, key: str, workflow: str, states: dict[str, str | None], **more: object) -> None:
    engine.adopt(
        key, states, by="registrar", source="文件", reason="在办", workflow=workflow, name="案件",
        root=key.partition("/")[0], **more,
    )  # fmt: skip


def expansion(engine: WorkflowEngine) -> None:
    engine.adopt(
        "zone", {"main": "operation.normal", **PLANNED}, by="registrar", source="年鉴", reason="已在运营",
        workflow="zone_lifecycle", name="某开发区",
    )  # fmt: skip
    adopted(engine, "zone/1", "zone_expansion", {"main": "decision_pending", "integration": None})


def merger(engine: WorkflowEngine, state: str = "posts_merging", absorbed: str = "small") -> None:
    zone(engine)
    zone(engine, "small")
    adopted(engine, "zone/merge", "zone_merge", {"main": state}, attrs={"absorbed_zone": absorbed})


def merge(engine: WorkflowEngine) -> None:
    engine.fire("zone/merge", "complete_merge", by="city_government", papers=[Paper("committee_notice")])


def test_an_approved_expansion_reopens_the_plans_that_it_can_and_amends_the_area(engine: WorkflowEngine) -> None:
    expansion(engine)
    receipt = engine.fire(
        "zone/1", "approve_expansion", by="provincial_government", papers=REPLY, params={"total_area_km2": "12.5"}
    )
    shown = engine.show("zone")
    assert shown.snapshot.attrs["area_km2"] == "12.5"
    assert [shown.snapshot.regions[name] for name in ("plan_master", "plan_eia", "boundary_survey")] == [
        "revising", "revising", "not_started",
    ]  # fmt: skip
    said = engine.history("zone/1")[-1].body["effects"]
    assert said == [
        {"amend": ["area_km2"], "on": "zone"},
        {"fire": ["revise_master_plan", "redo_planning_eia"], "on": "zone", "skipped": ["resurvey_boundary"]},
    ]
    cause = {"instance": "zone/1", "leaf": receipt.leaf, "seq": receipt.seq}
    assert [entry.body["cause"] for entry in engine.history("zone")[1:]] == [cause] * 3
    assert [effect.instance for effect in receipt.effects] == ["zone"] * 3


def test_conditions_of_an_expansion_are_fulfilled_when_what_it_reopened_is_approved_again(
    engine: WorkflowEngine,
) -> None:
    expansion(engine)
    engine.fire("zone/1", "approve_expansion", by="provincial_government", papers=REPLY)
    papers = [Paper("boundary_coordinates"), Paper("eia_review_opinion")]
    with pytest.raises(GuardFailed) as caught:
        engine.fire("zone/1", "fulfil_conditions", by="provincial_commerce_office", papers=papers)
    assert [refusal.values["guard"] for refusal in caught.value.refusals] == ["all_obligations_closed"]
    engine.adopt(
        "zone", {"plan_master": "approved", "plan_eia": "approved", "boundary_survey": "approved"}, by="registrar",
        source="文件", reason="均已批复",
    )  # fmt: skip
    engine.fire("zone/1", "fulfil_conditions", by="provincial_commerce_office", papers=papers)
    assert engine.show("zone/1").is_closed


def test_a_finished_exit_revokes_its_zone(engine: WorkflowEngine) -> None:
    zone(engine)
    adopted(engine, "zone/exit", "zone_exit", {"main": "winding_up"})
    engine.fire("zone/exit", "finish_exit", by="city_government", papers=NOTICE)
    assert engine.show("zone").row.state == "closed.revoked"


def test_a_completed_merger_closes_the_zone_that_is_absorbed(engine: WorkflowEngine) -> None:
    merger(engine)
    merge(engine)
    last = engine.history("small")[-1].body
    assert engine.show("small").row.state == "closed.merged"
    assert last["params"] == {"successor_zone": "zone"}
    assert engine.show("zone").row.state == "operation.normal"


def test_nobody_merges_a_zone_by_hand(engine: WorkflowEngine) -> None:
    merger(engine)
    with pytest.raises(GuardFailed) as caught:
        engine.fire("small", "merge_into", by="provincial_government", papers=REPLY)
    assert [refusal.values["guard"] for refusal in caught.value.refusals] == ["merge_case_approved"]


def test_an_effect_that_cannot_run_refuses_the_act_and_changes_nothing(engine: WorkflowEngine) -> None:
    merger(engine)
    adopted(engine, "small/exit", "zone_exit", {"main": "winding_up"})
    engine.fire("small/exit", "finish_exit", by="city_government", papers=NOTICE)
    with pytest.raises(NotAllowed) as caught:
        merge(engine)
    assert [refusal.code for refusal in caught.value.refusals] == ["effect_refused", "not_from_state"]
    assert engine.show("zone/merge").row.state == "posts_merging"
    assert engine.history("zone/merge")[-1].row.kind == "refused"


@pytest.mark.parametrize("absorbed", ["zone/merge", "nowhere"])
def test_a_target_that_is_none_is_refused_or_unknown(engine: WorkflowEngine, absorbed: str) -> None:
    merger(engine, absorbed=absorbed)
    with pytest.raises(Exception, match=r"which instance|nowhere"):
        merge(engine)
    assert engine.show("zone/merge").row.state == "posts_merging"


def test_a_suspended_zone_is_not_acted_upon(engine: WorkflowEngine) -> None:
    merger(engine)
    engine.suspend("small", by="provincial_government", reason="核查", number="1")
    with pytest.raises(NotAllowed) as caught:
        merge(engine)
    assert [refusal.code for refusal in caught.value.refusals] == ["effect_refused", "suspended"]


def test_an_effect_of_a_later_version_is_refused(engine: WorkflowEngine) -> None:
    zone(engine)
    adopted(engine, "zone/up", "upgrade_to_national", {"main": "downgrade_candidate"})
    engine.enroll("state_council", by="system", roles=["state_council"])
    with pytest.raises(GuardFailed) as caught:
        engine.fire("zone/up", "approve_downgrade", by="state_council", papers=NOTICE)
    assert [refusal.code for refusal in caught.value.refusals] == ["effects_not_supported"]


def test_a_past_decision_is_registered_without_its_effects(engine: WorkflowEngine) -> None:
    expansion(engine)
    engine.register(
        "zone/1", "approve_expansion", by="registrar", performed_by="provincial_government", source="批复",
        basis="stated", on="2017",
    )  # fmt: skip
    assert engine.show("zone/1").row.state == "approved_open"
    assert len(engine.history("zone")) == 1


def test_a_dry_run_has_no_effects(engine: WorkflowEngine) -> None:
    merger(engine)
    engine.dry_run(
        lambda tx: tx.fire("zone/merge", "complete_merge", by="city_government", papers=[Paper("committee_notice")])
    )
    assert engine.show("small").row.state == "operation.normal"


@pytest.mark.tampers
def test_an_effect_that_was_taken_away_is_missed_where_it_was_promised(engine: WorkflowEngine) -> None:
    merger(engine)
    merge(engine)
    with tampering(engine.database) as connection:
        key = connection.dialect.identifier_preparer.quote("key")
        connection.execute(text(f"DELETE FROM kfq_instance WHERE {key} = 'small'"))
        connection.execute(text("DELETE FROM kfq_text WHERE instance = 'small'"))
        connection.execute(text("DELETE FROM kfq_entry WHERE instance = 'small'"))
    found = [
        (item.layer, item.kind, item.instance, item.values["target"])
        for item in verify_database(engine.database).findings
        if item.severity == "error"
    ]
    assert found == [("replay", "effect_missing", "zone/merge", "small")]
