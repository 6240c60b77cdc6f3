"""The interview of 2020 on every database: 14 cases reach their ends, 8 moves are refused, each for its own reasons."""

from __future__ import annotations

from collections import Counter
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import Paper, WorkflowEngine, casefile, schema, verify_database, zones
from kfq_workflow.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: What each probe is refused for, papers supplied so that no missing paper hides the reason.
REFUSED = {
    ("guxian-etdz", "open_zone"): ["not_from_state"],
    ("guxian-etdz", "start_pay_reform"): ["guard_failed"],
    ("anze-agri", "approve_zone"): ["not_from_state"],
    ("xiangning-tourism", "submit_application"): ["not_from_state", "role_missing"],
    ("hongtong-etdz", "complete_pay_reform"): ["role_missing"],
    ("linfen-edz/upgrade", "approve_upgrade"): ["not_from_state", "role_missing"],
    ("linfen-edz", "approve_zone"): ["not_from_state"],
    ("hongtong-etdz", "complete_rollout"): ["guard_failed"],
}


@pytest.fixture
def cases() -> casefile.CaseFile:
    with as_file(files("kfq_workflow.zones")) as folder:
        return casefile.load(folder / "linfen_2020_events.yaml")


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    schema.init(database)
    engine = WorkflowEngine(database, via="tests")
    roles: set[str] = set()
    for definition in zones.shipped().values():
        engine.define(definition, by="system")
        roles |= definition.roles
    for role in sorted(roles):
        engine.enroll(role, by="system", roles=[role])
    return engine


def test_the_record_of_eleven_zones(engine: WorkflowEngine, cases: casefile.CaseFile) -> None:
    assert len(cases.cases) == 14
    outcome = casefile.enter(engine, cases, by="registrar")
    assert outcome.cases == 14
    for case in cases.cases:
        shown = engine.show(case.key)
        assert shown.snapshot.regions == dict(case.ends), case.key
    found = list(engine.instances(workflow="zone_lifecycle"))
    assert Counter(zone.row.phase for zone in found) == {
        "application": 1,
        "provincial_approval": 1,
        "staffing": 1,
        "reform_rollout": 6,
        "operation": 2,
    }
    assert sum(zone.is_open_for_business for zone in found) == 8
    moves = [
        entry
        for instance in engine.instances()
        for entry in engine.history(instance.key)
        if entry.row.kind in ("started", "fired", "adopted")
    ]
    assert all(entry.late for entry in moves)
    assert all(paper["filed"] is False for entry in moves for paper in entry.body.get("papers", ()))
    _probe(engine, cases)
    report = verify_database(engine.database)
    assert (report.verdict, [finding.text() for finding in report.findings]) == ("self-consistent", [])


def _probe(engine: WorkflowEngine, cases: casefile.CaseFile) -> None:
    assert {(probe.key, probe.trigger) for probe in cases.refused} == REFUSED.keys()
    for probe in cases.refused:
        before = engine.show(probe.key)
        papers = [Paper(name) for name in sorted(before.definition.papers)]
        with pytest.raises(Refused) as caught:
            engine.fire(probe.key, probe.trigger, by=probe.by, papers=papers)
        assert [refusal.code for refusal in caught.value.refusals] == REFUSED[probe.key, probe.trigger]
        assert engine.show(probe.key).snapshot == before.snapshot
        assert engine.history(probe.key)[-1].row.kind == "refused"


def test_the_import_is_all_or_nothing(engine: WorkflowEngine, cases: casefile.CaseFile) -> None:
    engine.start("zone_lifecycle", cases.cases[-1].key, by="registrar", name="已有")
    with pytest.raises(Exception, match=cases.cases[-1].key):
        casefile.enter(engine, cases, by="registrar")
    assert [instance.key for instance in engine.instances()] == [cases.cases[-1].key]
