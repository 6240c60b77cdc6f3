"""The cooldown of urging: one for each person and working day, by the calendar in force, which is on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import WorkflowEngine, verify_database
from kfq_workflow.edtf import DAY_US
from kfq_workflow.errors import NotAuthorised, Refused
from kfq_workflow.stored.clock import CLOCKS
from kfq_workflow.working_days import WEEKENDS, Calendar
from tests.approvals import BOSS, CLERKS, Case, gate, guarded, in_review, prepared
from tests.tampering import places, tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOTICE = {"number": "国办发明电〔2025〕1号"}


@pytest.fixture
def case(database: Engine) -> Case:
    found = in_review(prepared(database, guarded(gate(CLERKS, BOSS))))
    found.act("submit", "grant", by="app")
    found.engine.enroll("adm", by="system", roles=["administrator"])
    return found


def day(engine: WorkflowEngine, after: int = 0) -> str:
    """Return today's ISO day, or one so many days later."""
    return (date.fromisoformat(engine.today()) + timedelta(days=after)).isoformat()


def working(case: Case, *, rest: int) -> Calendar:
    """Publish a calendar in which today and the days after it are rest, so many of them, and the next one is work."""
    days = [day(case.engine, after) for after in range(rest + 1)]
    calendar = Calendar(frozenset(days[:-1]), frozenset(days[-1:]))
    case.engine.publish_calendar(calendar, by="adm", **NOTICE)
    return calendar


def test_once_each_working_day_for_each_person(database: Engine, case: Case) -> None:
    case.act("urge", by="app")
    case.act("urge", by="x")
    counted = WEEKENDS.counts_for(day(case.engine))
    error = case.refuse("urged_today", "urge", by="app")
    again = (date.fromisoformat(counted) + timedelta(days=1)).isoformat()
    for lang in ("zh", "en"):
        assert counted in error.text(lang)
        assert again in error.text(lang)
    assert case.gate["urged"] == {"app": counted, "x": counted}
    assert verify_database(database).findings == ()


def test_a_day_of_rest_counts_for_the_next_working_day(database: Engine, case: Case) -> None:
    working(case, rest=3)
    case.act("urge", by="app")
    assert case.gate["urged"] == {"app": day(case.engine, 3)}
    assert case.body["calendar"] == case.engine.history("~calendar")[-1].body["calendar"]
    case.refuse("urged_today", "urge", by="app")
    report = verify_database(database)
    assert (report.verdict, report.findings) == ("self-consistent", ())
    assert case.engine.rebuild() == 0


def test_the_newest_calendar_holds(database: Engine, case: Case) -> None:
    working(case, rest=1)
    newest = working(case, rest=0)
    assert case.engine.calendar() == newest
    case.act("urge", by="app")
    assert case.gate["urged"] == {"app": day(case.engine)}
    assert verify_database(database).findings == ()


def test_only_an_administrator_publishes(case: Case) -> None:
    with pytest.raises(NotAuthorised):
        case.engine.publish_calendar(Calendar(frozenset({"2026-10-01"})), by="reg", **NOTICE)
    assert case.engine.calendar() == WEEKENDS
    first = case.engine.publish_calendar(Calendar(frozenset({"2026-10-01"})), by="adm", request="r", **NOTICE)
    again = case.engine.publish_calendar(Calendar(frozenset({"2026-10-01"})), by="adm", request="r", **NOTICE)
    assert (again.seq, again.replayed) == (first.seq, True)


def test_the_day_of_an_act_is_that_of_its_entry_when_the_clock_has_run_back(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "mysql" if database.dialect.name == "mariadb" else database.dialect.name
    with monkeypatch.context() as patched:
        patched.setitem(CLOCKS, name, f"({CLOCKS[name]} + {DAY_US})")
        case = in_review(prepared(database, guarded(gate(CLERKS, BOSS))))
        case.act("submit", "grant", by="app")
    case = Case(WorkflowEngine(database))
    tomorrow = (date.fromisoformat(case.engine.today()) + timedelta(days=1)).isoformat()
    days = {"valid_from": "2020-01-01", "valid_to": case.engine.today(), **NOTICE}
    case.engine.grant_proxy("boss", by="boss", to="x", **days)
    case.act("urge", by="app")
    assert (case.body["on"]["edtf"], case.gate["urged"]) == (tomorrow, {"app": WEEKENDS.counts_for(tomorrow)})
    case.refuse("proxy_none", "approve", by="x", on_behalf_of="boss")  # it ends today, and the vote would be tomorrow's
    assert {(found.kind, found.severity) for found in verify_database(database).findings} == {
        ("clock_ahead", "warning")
    }


@pytest.mark.tampers
def test_a_calendar_that_was_changed_is_found(database: Engine, case: Case) -> None:
    from kfq_workflow.stored.tables import Tables

    working(case, rest=3)
    case.act("urge", by="app")
    document = Tables().document
    with tampering(database) as connection:
        changed = document.update().where(document.c.kind == "calendar").values(body='{"rest":[],"work":[]}')
        connection.execute(changed)
        connection.commit()
    kinds = {(layer, kind) for layer, kind, _, _ in places(verify_database(database))}
    assert {("document", "digest"), ("replay", "malformed")} <= kinds
    with pytest.raises(Refused):
        case.engine.urge("p", by="app")
