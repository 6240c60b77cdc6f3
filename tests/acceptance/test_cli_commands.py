"""Every command does what it says, in words and in JSON."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq

FIRE = ("fire", "guxian-etdz", "approve_posts", "--actor", "staffing_commission", "--paper", "posts_reply=临编2020-5")


def test_from_an_empty_folder_to_a_verified_history(empty: Kfq, tmp_path: Path) -> None:
    said = empty.ok("init", "--admin", "boss").out
    assert "Administrator: boss" in said
    assert "kfq definition load" in said
    assert "There are no instances yet" in empty.ok("list").out
    assert "There is nothing with phases yet" in empty.ok("board").out
    assert empty.ok("board", "--json").json == {"phases": {}, "open": 0}
    empty.ok("definition", "load", "zone_lifecycle", "--actor", "boss")
    empty.ok("actor", "add", "county", "--role", "county_government", "--name", "某县政府", "--actor", "boss")
    empty.ok("start", "zone_lifecycle", "区/新", "--actor", "county", "--name", "新区", "--set", "admin_level=county")
    scheme = tmp_path / "方案.pdf"
    scheme.write_bytes(b"scheme")
    fired = empty.ok("fire", "区/新", "start_drafting", "--actor", "county", "--paper", f"site_scheme=1@{scheme}",
                     "--opinion", "同意", "--json").json  # fmt: skip
    assert fired["set"] == {"main": "application.drafting"}
    assert len(fired["check"]) == 26
    history = empty.ok("history", "区/新", "--json").json["entries"]
    assert [entry["kind"] for entry in history] == ["started", "fired"]
    assert history[1]["body"]["papers"][0]["sha256"] == hashlib.sha256(b"scheme").hexdigest()
    assert history[1]["texts"]["opinion"] == "同意"
    assert history[1]["via"].startswith("cli:")
    assert history[1]["check"] == fired["check"]
    assert "同意" in empty.ok("history", "区/新").out
    assert empty.ok("show", "区/新", "--json").json["attributes"] == {"admin_level": "county"}
    assert empty.ok("verify", "--json").json["verdict"] == "self-consistent"


def test_init_twice_and_a_second_administrator(empty: Kfq) -> None:
    assert "There is no administrator yet" in empty.ok("init").out
    empty.ok("init", "--admin", "boss")
    before = empty.entries()
    assert empty.ok("init", "--admin", "boss", "--json").json["administrators"] == ["boss"]
    assert empty.entries() == before
    second = empty("init", "--admin", "usurper")
    assert second.code == 1
    assert "kfq actor add usurper --role administrator --actor boss" in second.err
    assert empty("init", "--admin", "no good").code == 1


def test_a_repeated_request_answers_with_the_old_receipt(demo: Kfq) -> None:
    first = demo.ok(*FIRE, "--request-id", "r-1", "--json").json
    again = demo.ok(*FIRE, "--request-id", "r-1", "--json").json
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["leaf"] == again["leaf"]
    assert "Nothing was written again" in demo.ok(*FIRE, "--request-id", "r-1").out
    other = demo("fire", "guxian-etdz", "return_posts", "--actor", "staffing_commission", "--paper",
                 "correction_notice=1", "--request-id", "r-1", "--json")  # fmt: skip
    assert other.code == 1
    assert other.json["error"]["code"] == "idempotency_mismatch"


def test_expect_compares_the_revision(demo: Kfq) -> None:
    revision = demo.ok("show", "guxian-etdz", "--json").json["revision"]
    demo.ok("annotate", "guxian-etdz", "a note moves nothing", "--actor", "registrar")
    demo.ok(*FIRE, "--expect", str(revision))
    assert demo(*FIRE, "--expect", str(revision)).code == 1


def test_a_dry_run_decides_and_writes_nothing(demo: Kfq) -> None:
    before = demo.entries()
    assert "Nothing was written" in demo.ok(*FIRE, "--dry-run").out
    found = demo.ok(*FIRE, "--dry-run", "--json").json
    assert (found["allowed"], found["target"]) == (True, "staffing.posts_approved")
    ran = demo(*FIRE[:5], "--dry-run", "--json")
    assert ran.code == 3
    assert ran.json["error"]["missing"] == ["posts_reply"]
    assert demo.entries() == before


def test_a_dry_run_knows_a_request_that_was_answered(demo: Kfq) -> None:
    done = demo.ok(*FIRE, "--request-id", "r-1", "--json").json
    before = demo.entries()
    assert "Nothing was written again" in demo.ok(*FIRE, "--request-id", "r-1", "--dry-run").out
    again = demo.ok(*FIRE, "--request-id", "r-1", "--dry-run", "--json").json
    assert (again["seq"], again["replayed"]) == (done["seq"], True)
    assert demo.entries() == before


def test_register_adopt_and_amend(demo: Kfq) -> None:
    registered = demo.ok(
        "register", "guxian-etdz", "approve_posts", "--actor", "registrar", "--performed-by", "staffing_commission",
        "--source", "年鉴", "--basis", "implied", "--on", "[2020-06..2020-12]", "--note", "补", "--json",
    ).json  # fmt: skip
    assert registered["set"] == {"main": "staffing.posts_approved"}
    adopted = demo.ok("adopt", "guxian-etdz", "plan_master=approved", "--actor", "registrar", "--source", "年鉴",
                      "--reason", "补记").out  # fmt: skip
    assert "approved" in adopted
    demo.ok("amend", "guxian-etdz", "--set", "level=national", "--actor", "registrar", "--reason", "升级")
    shown = demo.ok("show", "guxian-etdz", "--json").json
    assert shown["attributes"]["level"] == "national"
    assert "plan_master" in shown["adopted"]
    text = demo.ok("history", "guxian-etdz", lang="zh").out
    for words in ("补录", "补记状态", "修改属性", "年鉴", "推定", "代记 staffing_commission", "国家级"):
        assert words in text
    first = demo.ok("adopt", "new-zone", "main=application.scoping", "--actor", "registrar", "--source", "s",
                    "--reason", "r", "--workflow", "zone_lifecycle", "--name", "新", "--json").json  # fmt: skip
    assert first["seq"] == 1
    unknown = demo.ok("adopt", "new-zone", "main=null", "--actor", "registrar", "--source", "s", "--reason", "r")
    assert "not on record" in unknown.out


def test_next_says_why_not(demo: Kfq) -> None:
    found = {d["trigger"]: d for d in demo.ok("next", "guxian-etdz", "--json").json["triggers"]}
    assert found["approve_posts"]["missing"] == ["posts_reply"]
    assert found["open_zone"]["refusals"][0]["code"] == "not_from_state"
    mine = demo.ok("next", "guxian-etdz", "--actor", "registrar", "--json").json
    assert mine["actor"] == "registrar"
    assert not [d for d in mine["triggers"] if d["allowed"]]
    text = demo.ok("next", "guxian-etdz", "--actor", "zone_committee", lang="zh").out
    for words in ("可以办理", "现在不能办理", "须处于：", "须由 "):
        assert words in text


def test_actors(demo: Kfq) -> None:
    demo.ok("actor", "add", "zhang", "--role", "county_government", "--role", "zone_committee", "--org", "某局",
            "--name", "某人", "--post", "科长", "--kind", "person", "--from", "2020-01-01", "--to", "2999-12-31",
            "--actor", "administrator")  # fmt: skip
    demo.ok("actor", "update", "zhang", "--role", "zone_committee", "--actor", "administrator")
    zhang = next(a for a in demo.ok("actor", "list", "--json").json["actors"] if a["id"] == "zhang")
    assert zhang == {
        "id": "zhang", "roles": ["zone_committee"], "kind": "person", "org": "某局", "name": "某人", "post": "科长",
        "valid_from": "2020-01-01", "valid_to": "2999-12-31", "enabled": True,
    }  # fmt: skip
    demo.ok("actor", "disable", "zhang", "--actor", "administrator")
    assert "disabled" in demo.ok("actor", "list").out
    act = ("fire", "guxian-etdz", "start_boundary_survey", "--actor", "zhang")
    assert demo(*act).code == 3
    demo.ok("actor", "update", "zhang", "--enable", "--actor", "administrator")
    demo.ok(*act)


def test_an_auditor_reads_and_annotates_and_does_nothing_else(demo: Kfq) -> None:
    demo.ok("actor", "add", "audit", "--role", "auditor", "--actor", "administrator")
    for args in (["board"], ["show", "guxian-etdz"], ["next", "guxian-etdz", "--actor", "audit"], ["verify"]):
        demo.ok(*args)
    demo.ok("annotate", "guxian-etdz", "查看", "--actor", "audit")
    late = ("--actor", "audit", "--source", "s")
    office = ("--performed-by", "staffing_commission", "--basis", "stated")
    for args in (
        ["start", "zone_lifecycle", "new", "--actor", "audit", "--name", "n"],
        [*FIRE[:4], "audit", *FIRE[5:]],
        ["register", "guxian-etdz", "approve_posts", *office, *late],
        ["adopt", "guxian-etdz", "plan_master=approved", "--reason", "r", *late],
        ["amend", "guxian-etdz", "--set", "level=national", "--actor", "audit"],
        ["actor", "add", "x", "--role", "auditor", "--actor", "audit"],
    ):
        assert demo(*args).code == 3, args
    triggers = demo.ok("next", "guxian-etdz", "--actor", "audit", "--json").json["triggers"]
    assert not [decision for decision in triggers if decision["allowed"]]


def test_export_and_verify_the_file(demo: Kfq, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert demo.ok("export", str(file), "--json").json["entries"] == demo.entries()
    assert demo("export", str(file)).code == 1
    demo.ok("export", str(file), "--force")
    found = demo.ok("verify", "--file", str(file), "--json").json
    assert set(found) == {"verdict", "entries", "instances", "redacted", "not_checked", "findings"}
    assert found["verdict"] in ("self-consistent", "incomplete")
    assert "未核验：实例表" in demo.ok("verify", "--file", str(file), lang="zh").out
    assert "--force" in demo("export", str(file)).err
    file.write_text(file.read_text("utf-8").replace("zone_committee", "zone_comittee", 1), "utf-8")
    assert demo("verify", "--file", str(file)).code == 4


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_verify_finds_a_changed_state(demo: Kfq, lang: str) -> None:
    with closing(sqlite3.connect(demo.url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE kfq_instance SET state = 'operation.normal' WHERE key = 'guxian-etdz'")
        connection.commit()
    ran = demo("verify", lang=lang)
    assert ran.code == 4
    assert "guxian-etdz" in ran.out
    assert ("TAMPERED" if lang == "en" else "已被改动") in ran.out
    report = demo("verify", "--json").json
    assert report["verdict"] == "tampered"
    assert {"layer", "kind", "severity", "instance", "seq", "message"} == set(report["findings"][0])
    assert demo("verify", "guxian-etdz").code == 4
    assert demo("demo", "linfen-2020").code == 4
    assert demo.ok("rebuild", "--json").json == {"changed": 1}
    demo.ok("verify")


def test_definitions(demo: Kfq, tmp_path: Path) -> None:
    listed = demo.ok("definition", "list", "--json").json["definitions"]
    assert {(d["name"], d["registered"]) for d in listed} >= {("zone_lifecycle", True), ("zone_merge", True)}
    shown = demo.ok("definition", "show", "zone_merge", lang="zh").out
    assert "设区的市人民政府" in shown
    assert "submit_merge" in shown
    assert "上报整合方案" in shown
    assert demo.ok("definition", "diagram", "zone_merge", lang="zh").out.startswith(("stateDiagram", "%%", "---"))
    bad = tmp_path / "bad.yaml"
    bad.write_text("definition: x\nversion: one\ncolour: red\n", "utf-8")
    ran = demo("definition", "check", str(bad), "--json")
    assert ran.code == 1
    assert len(ran.json["error"]["problems"]) > 2
    assert demo("definition", "load", str(bad), "--actor", "administrator").code == 1
    assert demo("definition", "show", "nothing").code == 1


def test_definitions_are_shown_without_a_database(empty: Kfq, tmp_path: Path) -> None:
    assert "zone_merge" in empty.ok("definition", "show", "zone_merge").out
    empty.ok("definition", "diagram", "zone_merge")
    assert list(tmp_path.iterdir()) == []


def test_the_database_itself(demo: Kfq) -> None:
    assert demo.ok("db", "current", "--json").json == {"revision": schema.REVISION, "needed": schema.REVISION}
    assert demo.ok("db", "upgrade").out == demo.ok("db", "current").out
    assert demo.ok("db", "check", "--json").json["ok"] is True
    with closing(sqlite3.connect(demo.url.removeprefix("sqlite:///"))) as connection:
        (name,) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchone()
        connection.execute(f'DROP TRIGGER "{name}"')
        connection.commit()
    ran = demo("db", "check")
    assert ran.code == 4
    assert name in ran.out


def test_replay(demo: Kfq) -> None:
    found = demo.ok("replay", "--json").json["instances"]
    assert len(found) == 14
    assert all(each["agrees"] for each in found)
    assert "yes" in demo.ok("replay").out
    assert "staffing" not in demo.ok("replay", "guxian-etdz", lang="zh").out
    empty = demo.ok("replay", "--known-at", "2020-07-01", "--json").json["instances"]
    assert empty == []
    assert demo("replay", "guxian-etdz", "--known-at", "2020-07-01").code == 1
    both = demo.ok("replay", "guxian-etdz", "--as-of", "2020-02-01", "--known-at", "2999-01-01", "--json").json
    assert both["instances"][0]["left_out"] == 0
    before = both["instances"][0]["regions"]["main"]["states"]
    assert json.dumps(before).count("absent") <= 1


def test_a_day_to_come_is_no_fact(demo: Kfq) -> None:
    for args in (("replay",), ("replay", "guxian-etdz")):
        assert "assumes that nothing more happens" in demo.ok(*args, "--as-of", "2999-01-01").out
        assert "假定此后不再发生任何事" in demo.ok(*args, "--as-of", "2999-01-01", lang="zh").out
        assert "assumes" not in demo.ok(*args, "--as-of", "2020-05-31").out
    assert demo.ok("replay", "--as-of", "2999-01-01", "--json").json["as_of_is_future"] is True
    assert demo.ok("replay", "--as-of", "2020-05-31", "--json").json["as_of_is_future"] is False


def test_the_chains_of_actors_workflows_and_the_log_are_read_and_nothing_else(demo: Kfq) -> None:
    demo.ok("actor", "update", "registrar", "--role", "registrar", "--org", "局", "--to", "2999-01-01",
            "--actor", "administrator")  # fmt: skip
    assert demo("actor", "add", "x", "--role", "auditor", "--actor", "registrar").code == 3
    text = demo.ok("history", "~actor/registrar", lang="zh").out
    for words in ("登记办理人", "角色", "有效期至", "2999-01-01", "单位", "被拒绝"):
        assert words in text
    assert "digest of the rules" in demo.ok("history", "~definition/zone_merge").out
    assert "480" in demo.ok("history", "~log").out
    entries = demo.ok("history", "~actor/registrar", "--json").json["entries"]
    assert [entry["kind"] for entry in entries] == ["enrolled", "enrolled", "refused"]
    assert demo("history", "~actor/nobody").code == 1
    before = demo.entries()
    for args in (("annotate", "~actor/registrar", "n", "--actor", "registrar"),
                 ("fire", "~actor/registrar", "x", "--actor", "registrar"), ("show", "~actor/registrar")):  # fmt: skip
        assert demo(*args, "--json").json["error"]["code"] == "invalid_key"
    assert demo.entries() == before


def test_schema_and_prefix(empty: Kfq) -> None:
    empty.ok("--prefix", "zone_", "init", "--admin", "boss")
    assert empty.ok("actor", "list", "--prefix", "zone_", "--json").json["actors"][0]["id"] == "boss"
    assert empty("actor", "list").code == 1
    assert empty.ok("actor", "list", KFQ_PREFIX="zone_").code == 0


def test_list_is_narrowed(demo: Kfq) -> None:
    keys = [i["key"] for i in demo.ok("list", "--root", "linfen-edz", "--json").json["instances"]]
    assert keys == ["linfen-edz/expansion-2017", "linfen-edz/upgrade"]
    assert len(demo.ok("list", "--workflow", "zone_lifecycle", "--json").json["instances"]) == 11
    assert "No instance is like that" in demo.ok("list", "--workflow", "zone_merge").out
    assert demo("list", "--workflow", "zoo").code == 1
    assert demo("list", "--root", "nowhere").code == 1
