"""What must be seen after `kfq demo linfen-2020`: phases, end states, refusals, late marks, flags, plans."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, open_database, zones
from kfq_workflow.casefile import enter, load
from kfq_workflow.strict_yaml import read
from tests.acceptance.conftest import Kfq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.values import Decision

EVENTS = Path(zones.__file__).parent / "linfen_2020_events.yaml"
CASES = load(EVENTS)
#: The exact codes of each move that must be refused, papers supplied.
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


@pytest.fixture(scope="module")
def engine(demo_file: Path) -> Iterator[WorkflowEngine]:
    database = open_database(f"sqlite:///{demo_file}")
    yield WorkflowEngine(database)
    database.dispose()


def test_demo_on_every_database(database_url: str) -> None:
    kfq = Kfq(database_url)
    started = time.monotonic()
    first = kfq.ok("demo", "linfen-2020", "--json").json
    took = time.monotonic() - started
    assert {phase: len(keys) for phase, keys in first["phases"].items()} == {
        "application": 1,
        "provincial_approval": 1,
        "staffing": 1,
        "reform_rollout": 6,
        "operation": 2,
    }
    assert first["open"] == 8
    assert first["built"] is True
    assert first["replay"]["agree"] == first["replay"]["instances"] == 14
    assert first["verify"]["verdict"] == "self-consistent"
    assert first["verify"]["findings"] == []
    entries = first["verify"]["entries"]
    again = kfq.ok("demo", "linfen-2020", "--json").json
    assert again["built"] is False
    assert again["verify"]["entries"] == entries
    assert took < 10, "3 s on a machine of its own"
    assert kfq.ok("board", "--json").json == {"phases": first["phases"], "open": 8}


@pytest.mark.parametrize("case", CASES.cases, ids=[case.key for case in CASES.cases])
def test_each_case_ends_as_expected(engine: WorkflowEngine, case: Any) -> None:
    assert engine.show(case.key).snapshot.regions == dict(case.ends)


def test_there_are_fourteen_cases_on_eleven_zones() -> None:
    assert len(CASES.cases) == 14
    assert len([case for case in CASES.cases if case.root is None]) == 11
    assert len(CASES.refused) == len(REFUSED) == 8


@pytest.mark.parametrize("attempt", CASES.refused, ids=[f"{a.key} {a.trigger}" for a in CASES.refused])
def test_each_probe_is_refused_for_its_own_reason(engine: WorkflowEngine, attempt: Any) -> None:
    definition = engine.show(attempt.key).definition
    needed = {p for rule in definition.transitions if rule.trigger == attempt.trigger for p in rule.papers}
    decision: Decision = engine.decide(
        attempt.key, attempt.trigger, by=attempt.by, papers=[Paper(kind) for kind in sorted(needed)]
    )
    assert [refusal.code for refusal in decision.refusals] == REFUSED[attempt.key, attempt.trigger]


def test_a_refused_attempt_is_on_record(demo: Kfq) -> None:
    ran = demo("fire", "guxian-etdz", "open_zone", "--actor", "county_government")
    assert ran.code == 3
    last = demo.ok("history", "guxian-etdz", "--json").json["entries"][-1]
    assert last["kind"] == "refused"
    assert demo.ok("show", "guxian-etdz", "--json").json["states"]["main"] == "staffing.posts_requested"


def test_every_act_of_the_past_is_late_and_names_office_and_source(engine: WorkflowEngine) -> None:
    for case in CASES.cases:
        acts = [entry for entry in engine.history(case.key) if entry.row.kind in ("fired", "adopted", "started")]
        assert len(acts) == len(case.acts)
        for entry, act in zip(acts, case.acts, strict=True):
            assert entry.late
            assert entry.row.actor == "registrar"
            if act.kind != "start":
                assert entry.texts["source"] == "000_c505a107ba94e81f.txt"
                assert entry.body["basis"] == act.basis
            if act.kind == "register":
                assert entry.body["for"]["id"] == act.by
                assert all(paper["filed"] is False for paper in entry.body.get("papers", ()))
            assert entry.body.get("on", {}).get("edtf") == act.on


def test_late_entries_adopted_states_and_flags_are_seen(demo: Kfq) -> None:
    shown = demo.ok("show", "huozhou-etdz").out
    assert "†" in shown
    assert "*" in shown
    assert "F6" in shown
    assert "whether 23 counts posts or people hired is unclear" in shown
    assert "late" in demo.ok("history", "huozhou-etdz").out
    board = demo.ok("board", lang="zh").out
    assert all(f"F{number} " in board for number in range(1, 9))
    assert "8 个" in board


def test_plans_move_nothing_and_none_is_lost(demo: Kfq) -> None:
    found = {case.key: demo.ok("show", case.key, "--json").json for case in CASES.cases}
    plans = {(key, plan["event"], plan["kind"]) for key, shown in found.items() for plan in shown["plans"]}
    assert ("anze-agri", "approve_zone", "expectation") in plans
    assert ("linfen-edz/upgrade", "approve_upgrade", "goal") in plans
    assert len([1 for _, event, _ in plans if event == "five_looks_review"]) == 11
    assert len([1 for _, _, kind in plans if kind == "deadline"]) == 2 * 9
    assert len(plans) == len([r for r in CASES.remarks if r.plan["kind"] != "flag"])
    assert found["anze-agri"]["states"]["main"] == "provincial_approval.submitted"
    assert found["anze-agri"]["revision"] < found["anze-agri"]["entries"]


def test_one_office_for_each_role(demo: Kfq) -> None:
    actors = {actor["id"]: actor for actor in demo.ok("actor", "list", "--json").json["actors"]}
    roles = {role for definition in zones.shipped().values() for role in definition.roles}
    assert set(actors) == {*roles, "administrator"}
    assert all(actors[role]["roles"] == [role] for role in roles)


def test_the_hongtong_example(demo: Kfq) -> None:
    args = ("replay", "hongtong-etdz", "--json", "--as-of")
    unsure = demo.ok(*args, "2019-06-30").json["instances"][0]["regions"]["main"]
    assert unsure["certain"] is False
    assert len(unsure["states"]) == 4
    sure = demo.ok(*args, "2020-05-31").json["instances"][0]["regions"]["main"]
    assert sure == {"certain": True, "states": ["reform_rollout.underway"], "between": sure["between"]}
    text = demo.ok("replay", "hongtong-etdz", "--as-of", "2019-06-30").out
    assert "cannot be told" in text
    assert "outer bound" in text


def test_a_foreign_log_is_left_alone(empty: Kfq) -> None:
    empty.ok("init", "--admin", "boss")
    empty.ok("definition", "load", "zone_merge", "--actor", "boss")
    empty.ok("definition", "load", "zone_lifecycle", "--actor", "boss")
    empty.ok("actor", "add", "clerk", "--role", "county_government", "--actor", "boss")
    empty.ok("start", "zone_lifecycle", "mine", "--actor", "clerk", "--name", "我的")
    before = empty.entries()
    ran = empty("demo", "linfen-2020")
    assert ran.code == 1
    assert "mine" in ran.err
    assert empty.entries() == before


def test_the_demo_follows_an_init_with_an_administrator(empty: Kfq) -> None:
    empty.ok("init", "--admin", "boss")
    empty.ok("demo", "linfen-2020")
    assert empty.ok("board", "--json").json["open"] == 8


def test_more_acts_on_the_demo_leave_it_the_demos(demo: Kfq) -> None:
    demo.ok("fire", "guxian-etdz", "approve_posts", "--actor", "staffing_commission", "--paper", "posts_reply=2020-5")
    assert "here already" in demo.ok("demo", "linfen-2020").out


def test_an_import_is_all_or_nothing(demo: Kfq, tmp_path: Path) -> None:
    before = demo.entries()
    again = demo("import", str(EVENTS), "--actor", "registrar")
    assert again.code == 1
    assert "exists already" in again.err
    assert demo.entries() == before
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "kfq_cases: 1\nsource: s\ncases:\n"
        "- {key: n1, workflow: zone_lifecycle, name: 新区, acts: [{start: true}]}\n"
        "- {key: n2, workflow: zone_lifecycle, name: 新区, ends: {main: operation.normal},"
        " acts: [{start: true}, {register: open_zone, by: county_government, basis: stated}]}\n",
        "utf-8",
    )
    ran = demo("import", str(bad), "--actor", "registrar")
    assert ran.code == 3
    assert "bad.yaml:5" in ran.err
    assert "n1" not in demo.ok("list").out
    good = tmp_path / "good.yaml"
    good.write_text(bad.read_text("utf-8").replace("operation.normal", "application.drafting").replace(
        "open_zone", "start_drafting"), "utf-8")  # fmt: skip
    dry = demo.ok("import", str(good), "--actor", "registrar", "--dry-run", "--json").json
    assert (dry["cases"], dry["entries"], dry["receipts"]) == (2, 3, [])
    assert "n1" not in demo.ok("list").out
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(good.read_text("utf-8").replace("application.drafting", "operation.normal"), "utf-8")
    ran = demo("import", str(wrong), "--actor", "registrar")
    assert ran.code == 1
    assert "does not end as the file says" in ran.err
    assert demo.entries() == before
    demo.ok("import", str(good), "--actor", "registrar")
    assert demo.ok("show", "n2", "--json").json["states"] == {"main": "application.drafting"}
    assert demo("import", str(good), "--actor", "nobody").code == 1


def test_every_problem_of_a_file_is_told_with_its_line(demo: Kfq, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(
        "kfq_cases: 2\nsource: s\ncolour: red\ncases:\n"
        "- key: ~x\n  workflow: zone_lifecycle\n  name: a\n  acts: [{register: t, by: b, basis: sure, on: 2020-13}]\n"
        "- key: '~y'\n  workflow: zone_lifecycle\n  acts: []\n"
        "plans:\n- {for: [q], event: [e], zh: 一, en: one, kind: dream, basis: stated}\n",
        "utf-8",
    )
    ran = demo("import", str(file), "--actor", "registrar", "--json")
    assert ran.code == 1
    problems = ran.json["error"]["problems"]
    lines = {problem["line"] for problem in problems}
    assert {1, 3, 8, 9, 13} <= lines
    codes = {problem["code"] for problem in problems}
    assert {"casefile.version", "definition.unknown_key", "casefile.choice", "invalid_date", "casefile.first",
            "invalid_key", "casefile.no_acts", "casefile.unknown_key"} <= codes  # fmt: skip


def test_entering_twice_in_one_process_is_refused(engine: WorkflowEngine) -> None:
    with pytest.raises(Exception, match="exists already"):
        enter(engine, CASES, by="registrar", dry_run=True)


def test_facts_and_events_agree() -> None:
    root, problems = read((EVENTS.parent / "linfen_2020.yaml").read_text("utf-8"))
    assert root is not None
    assert problems == []
    facts = root.value["zones"].value
    assert set(facts) == {case.key for case in CASES.cases if case.root is None}
    for case in CASES.cases:
        if case.root is None:
            name = facts[case.key].value["name"].value
            assert case.name == f"{name['zh'].value} | {name['en'].value}"
    flags = {flag.value["id"].value for flag in root.value["flags"].value}
    assert flags == {f"F{number}" for number in range(1, 9)}
