"""The replay check on logs of pure rows: who might act then, and what alike instances share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.history.order import Absence
from kfq_workflow.history.replay import fold, replay
from kfq_workflow.messages import LANGUAGES
from kfq_workflow.verify import Finding, verify
from kfq_workflow.verify.report import KEPT, Book
from tests.logs import MINUTE, NOON, ON, Log
from tests.tampering import places
from tests.workflows import permit

STARTED = {"mode": "live", "on": ON, "set": {"main": "draft"}, "was": {}, "workflow": "permit"}
SUBMITTED: dict[str, Any] = {
    "mode": "live", "on": ON, "papers": [{"filed": True, "type": "request"}],
    "set": {"main": "review", "survey": "none"}, "trigger": "submit", "was": {"main": "draft"},
}  # fmt: skip
SURVEYED = {"mode": "live", "on": ON, "set": {"survey": "done"}, "trigger": "survey", "was": {"survey": "none"}}


def begun(*keys: str, at: int = NOON) -> tuple[Log, bytes]:
    log = Log()
    rules = log.define()
    log.enroll("applicant", ["applicant"])
    for key in keys:
        log.add("started", key, STARTED, actor="applicant", def_=rules, at=at)
        log.add("fired", key, SUBMITTED, actor="applicant", def_=rules, at=at)
    return log, rules


def test_an_intact_log() -> None:
    log, _ = begun("a", "b", "c")
    report = verify(log)
    assert (report.verdict, report.findings, report.entries, report.instances) == ("self-consistent", (), 9, 6)
    assert report.as_json() == {
        "verdict": "self-consistent", "entries": 9, "instances": 6, "redacted": 0, "not_checked": ["caches"],
        "findings": [],
    }  # fmt: skip
    with pytest.raises(NotFound):
        verify(log, key="d")


def test_roles_are_those_of_the_time() -> None:
    log, rules = begun("a")
    log.enroll("clerk", ["clerk"], at=NOON)
    log.enroll("clerk", ["applicant"], at=NOON + 10 * MINUTE)
    log.add("fired", "a", SURVEYED, actor="clerk", def_=rules, at=NOON + 5 * MINUTE)
    assert verify(log).verdict == "self-consistent"
    for late, kind, severity in ((5, "actor_changed", "warning"), (20 * 6, "not_allowed", "error")):
        log.rows.pop()
        log.add("fired", "a", SURVEYED, actor="clerk", def_=rules, at=NOON + 10 * MINUTE + late * MINUTE // 6)
        (finding,) = verify(log).findings
        assert (finding.kind, finding.severity, finding.instance, finding.seq) == (kind, severity, "a", 3)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"valid_from": "2020-03-01", "valid_to": "2020-03-01"}, set()),
        ({"valid_to": "2020-02-29"}, {("replay", "actor_not_valid", "a", 3)}),
        ({"valid_from": "2020-03-02"}, {("replay", "actor_not_valid", "a", 3)}),
        ({"enabled": False}, {("replay", "actor_not_valid", "a", 3)}),
    ],
)
def test_an_actor_acts_within_its_validity(more: dict[str, Any], found: set[Any]) -> None:
    log, rules = begun("a")
    log.enroll("clerk", ["clerk"], **more)
    log.add("fired", "a", SURVEYED, actor="clerk", def_=rules)
    assert places(verify(log)) == found


def test_an_actor_not_in_the_log_is_a_warning_and_counts_as_attested() -> None:
    log, rules = begun("a")
    log.add("fired", "a", SURVEYED, actor="stranger", def_=rules)
    report = verify(log)
    assert (report.verdict, report.counts.attested, report.counts.decided) == ("self-consistent", 1, 1)
    assert places(report) == {("replay", "actor_unknown", "a", 3)}


def test_a_resolvers_roles_are_attested() -> None:
    log, rules = begun("a")
    answer = {"resolver": {"answer": True, "values": {"roles": ["clerk"]}}}
    log.add("fired", "a", SURVEYED | {"attested": answer}, actor="somebody", def_=rules)
    report = verify(log)
    assert (report.verdict, report.findings, report.counts.attested) == ("self-consistent", (), 1)
    log.rows.pop()
    answer["resolver"]["values"] = {"roles": ["applicant"]}
    log.add("fired", "a", SURVEYED | {"attested": answer}, actor="somebody", def_=rules)
    assert places(verify(log)) == {("replay", "not_allowed", "a", 3)}


def test_the_librarys_own_account_may_not_enroll_once_there_is_an_administrator() -> None:
    log, _ = begun()
    log.enroll("root", ["administrator"], at=NOON)
    assert verify(log).verdict == "self-consistent"
    log.enroll("clerk", ["clerk"], at=NOON + MINUTE)
    assert places(verify(log)) == {("replay", "actor_role", "~actor/clerk", 1)}


def test_a_definition_in_force_was_defined_before() -> None:
    log, rules = begun("a", at=NOON - 950 * MINUTE)
    assert ("document", "not_yet_defined", "a", 1) in places(verify(log))
    other = permit(version=2)
    log.rows = [row for row in log.rows if not row.instance.startswith("~definition")]
    assert ("document", "not_defined", None, None) in places(verify(log))
    log.stored = [document for document in log.stored if document.digest != rules]
    assert ("document", "missing", None, None) in places(verify(log))
    assert other.version == 2


def test_what_instances_share_is_not_judged_by_what_they_do_not() -> None:
    log, rules = begun("a", "b", "c", "d")
    log.enroll("clerk", ["clerk"])
    for key in ("a", "b", "c"):
        log.add("fired", key, SURVEYED, actor="clerk" if key != "b" else "applicant", def_=rules)
    early = {"edtf": "2020-02-29", "hi": "2020-02-29", "lo": "2020-02-29"}
    log.add("fired", "d", SURVEYED | {"on": early}, actor="clerk", def_=rules)
    assert places(verify(log)) == {("replay", "not_allowed", "b", 3), ("replay", "date_order", "d", 3)}


@pytest.mark.parametrize("comments", [250, 255, 300])
def test_of_long_instances_the_newest_days_are_remembered(comments: int) -> None:
    log, rules = begun("a")
    log.enroll("clerk", ["clerk"])
    comment = {"mode": "live", "on": ON, "set": {"main": "review"}, "trigger": "comment", "was": {"main": "review"}}
    for _ in range(comments):
        log.add("fired", "a", comment, actor="clerk", def_=rules)
    assert places(verify(log)) == set()
    early = {"edtf": "2020-02-29", "hi": "2020-02-29", "lo": "2020-02-29"}
    log.add("fired", "a", comment | {"on": early}, actor="clerk", def_=rules)
    assert places(verify(log)) == {("replay", "date_order", "a", comments + 3)}


@pytest.mark.parametrize("at", [1.5, "x", None])
def test_a_time_of_a_wrong_type_is_a_finding_wherever_it_stands(at: Any) -> None:
    log, _ = begun("a")
    log.rows[-2] = log.rows[-2]._replace(at=at)
    assert ("bytes", "leaf", "a", 1) in places(verify(log))


def test_unknown_versions_are_incomplete_and_clocks_ahead_a_warning() -> None:
    log, rules = begun("a")
    log.add("annotated", "a", {"whatever": 2}, actor="applicant", def_=rules, v=2)
    report = verify(log)
    assert (report.verdict, report.not_checked) == ("incomplete", ("caches", "version 2"))
    assert places(report) == {("bytes", "version", "a", 3)}
    log.rows[-1] = log.rows[-1]._replace(v=1)
    assert places(verify(log)) == {("bytes", "leaf", "a", 3)}
    log.rows.pop()
    log.now = NOON - MINUTE
    report = verify(log)
    assert {(finding.kind, finding.severity) for finding in report.findings} == {("clock_ahead", "warning")}
    assert report.verdict == "self-consistent"


@pytest.mark.parametrize(
    "columns",
    [{"at": 1.5}, {"at": "x"}, {"actor": b"a"}, {"prev": None}, {"leaf": "x"}, {"body": None}, {"def_": "x"},
     {"via": "\ud800"}, {"v": None}, {"kind": 3}, {"req": 4}],
)  # fmt: skip
def test_columns_of_a_wrong_type_are_findings_and_no_crash(columns: dict[str, Any]) -> None:
    log, _ = begun("a", "b")
    log.rows[-1] = log.rows[-1]._replace(**columns)
    assert ("bytes", "leaf", "b", 2) in places(verify(log))


def test_findings_of_a_kind_are_kept_up_to_a_thousand() -> None:
    book = Book()
    for number in range(KEPT + 5):
        book.error("chain", "gap", "a", number, first=1, last=2)
    assert (len(book.report().findings), book.report().left_out) == (KEPT, 5)


def test_every_finding_is_said_in_both_languages() -> None:
    for lang in LANGUAGES:
        told = Finding("replay", "set_differs", "error", "a", 1, {"expected": "x", "found": "y"}).text(lang)
        assert "x" in told
        assert "y" in told
        assert "finding." not in told


def test_replay_as_of_a_day_and_as_known_at_an_instant() -> None:
    log, rules = begun("a")
    log.enroll("clerk", ["clerk"])
    vague = {"edtf": "2020-03", "hi": "2020-03-02", "lo": "2020-03-01"}
    log.add("fired", "a", SURVEYED | {"on": vague}, actor="clerk", def_=rules, at=NOON + 1440 * MINUTE)
    rows = list(log.entries("a"))
    found = replay(log, {rules: permit()}, "a", as_of="2020-03-01")
    assert found.regions is not None
    assert found.regions["main"].values == ("review",)
    assert found.regions["survey"].values == ("none", "done")
    assert found.regions["survey"].between == (2, 3)
    assert (found.workflow, found.left_out, found.moves[2].earliest, found.moves[2].latest) == (
        "permit", 0, "2020-03-01", "2020-03-02",
    )  # fmt: skip
    known = replay(rows, None, "a", as_of="2020-02-01", known_at=NOON)
    assert known.regions is not None
    assert (known.left_out, len(known.moves), known.snapshot) == (1, 2, fold(rows[:2]))
    assert known.regions["main"].values == (Absence.NOT_YET_STARTED,)
    assert replay(rows, None, "a").regions is None
    with pytest.raises(NotFound):
        replay(rows, None, "a", known_at=0)


def test_replay_of_dates_that_contradict_their_order() -> None:
    log, rules = begun("a")
    early = {"edtf": "2020-02", "hi": "2020-02-29", "lo": "2020-02-01"}
    log.add("fired", "a", SURVEYED | {"on": early}, actor="clerk", def_=rules)
    with pytest.raises(InvalidInput, match="contradict") as caught:
        replay(log, None, "a", as_of="2020-03-01")
    assert caught.value.values["seqs"] == [1, 2, 3]
    assert json.loads(log.rows[-1].body)["on"] == early


def test_a_state_that_is_no_text_is_found_and_does_not_stop_verification() -> None:
    log, rules = begun("a")
    log.add("fired", "a", {**SURVEYED, "set": {"main": ["x"]}}, actor="applicant", def_=rules)
    assert [(finding.kind, finding.seq) for finding in verify(log).findings] == [("malformed", 3)]


def test_a_past_decision_says_no_effects() -> None:
    log, rules = begun("a")
    log.enroll("registrar", ["registrar"])
    log.enroll("clerk", ["clerk"])
    late: dict[str, Any] = {
        "basis": "stated", "for": {"ground": "late", "id": "clerk"}, "mode": "late", "on": ON,
        "set": {"survey": "done"}, "texts": {"source": "0" * 64}, "trigger": "survey", "was": {"survey": "none"},
    }  # fmt: skip
    for more, kinds in (({}, set()), ({"effects": [{"amend": ["area"], "on": "b"}]}, {"effects_differs"})):
        log.add("fired", "a", {**late, **more}, actor="registrar", def_=rules)
        found = {finding.kind for finding in verify(log).findings if finding.layer == "replay"}
        assert found == kinds
        log.rows.pop()
