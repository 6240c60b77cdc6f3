"""Odd logs on each database: no triggers, kinds that nobody knows, bytes that are no text. The rest: `test_attacks`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import verify_database
from kfq_workflow.stored import triggers
from tests.tampering import TABLES, build, places, rehash, rows, tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow import WorkflowEngine

pytestmark = pytest.mark.tampers


@pytest.fixture
def log(database: Engine) -> WorkflowEngine:
    engine = build(database)
    report = verify_database(database)
    assert (report.verdict, report.findings, report.not_checked) == ("self-consistent", (), ())
    assert (report.entries, report.instances) == (29, 12)
    assert (report.counts.decided, report.counts.witnessed, report.counts.late, report.counts.refused) == (11, 1, 2, 1)
    return engine


@pytest.mark.usefixtures("log")
def test_missing_triggers(database: Engine) -> None:
    expected = {trigger.name for trigger in triggers.expected(database.dialect, TABLES)}
    with tampering(database, put_back=False):
        pass
    report = verify_database(database)
    assert places(report) == {("database", "trigger_missing", None, None)}
    assert {finding.values["trigger"] for finding in report.findings} == expected


def test_unknown_versions_kinds_and_suites_are_incomplete(log: WorkflowEngine, database: Engine) -> None:
    chain = rows(database, "late")
    chain[4] = chain[4]._replace(kind="unheard", body="{}")
    with tampering(database) as connection:
        rehash(connection, log.log().log, chain)
    report = verify_database(database)
    assert (report.verdict, report.not_checked, places(report)) == (
        "tampered", ("kind unheard",), {("cache", "rev", "late", 5)},
    )  # fmt: skip
    log.rebuild()
    assert verify_database(database).verdict == "incomplete"


@pytest.mark.usefixtures("log")
@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("column", ["body", "via", "instance"])
def test_bytes_that_are_no_utf8_are_findings_and_no_crash(database: Engine, column: str) -> None:
    with tampering(database) as connection:
        where = "instance = 'p' AND seq = 4"
        connection.exec_driver_sql(f"UPDATE kfq_entry SET {column} = CAST(x'ff7b' AS TEXT) WHERE {where}")
    report = verify_database(database)
    place = "p" if column != "instance" else "\udcff{"
    assert ("bytes", "leaf", place, 4) in places(report)
    json.dumps(report.as_json(), ensure_ascii=False).encode()
    assert verify_database(database).entries == 29
