"""Bad input gets a clear error, in both languages, and changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kfq_workflow import schema
from tests.acceptance.conftest import Kfq

FIRE = ("fire", "guxian-etdz", "approve_posts", "--actor", "staffing_commission", "--paper", "posts_reply=1")
REGISTER = ("register", "guxian-etdz", "approve_posts", "--actor", "registrar", "--performed-by", "staffing_commission",
            "--source", "s", "--basis", "stated")  # fmt: skip
START = ("--actor", "registrar", "--name", "n")
LONG = "长" * 129

#: what → (arguments, exit code, code in --json)
BAD: dict[str, tuple[tuple[str, ...], int, str]] = {
    "unknown trigger": (("fire", "guxian-etdz", "fly", "--actor", "registrar"), 1, "not_found.trigger"),
    "not from this state": (("fire", "guxian-etdz", "open_zone", "--actor", "county_government"), 3, "refused"),
    "refused by role": (("fire", "guxian-etdz", "approve_posts", "--actor", "auditor"), 1, "not_found.actor"),
    "unknown key": (("show", "nowhere"), 1, "not_found.instance"),
    "unknown key of an act": (("fire", "nowhere", "open_zone", "--actor", "registrar"), 1, "not_found.instance"),
    "unknown actor": ((*FIRE[:4], "nobody"), 1, "not_found.actor"),
    "unknown workflow": (("start", "zoo", "k", *START), 1, "not_found.workflow"),
    "unknown role": (("actor", "add", "x", "--role", "king", "--actor", "administrator"), 1, "not_found.role"),
    "unknown paper type": ((*FIRE[:5], "--paper", "novel=1"), 1, "not_found.paper"),
    "unknown parameter": ((*FIRE, "--param", "colour=red"), 1, "not_found.parameter"),
    "unknown attribute": (("amend", "guxian-etdz", "--set", "x=1", "--actor", "registrar"), 1, "not_found.attribute"),
    "value of a choice": (
        ("amend", "guxian-etdz", "--set", "level=lunar", "--actor", "registrar"), 1, "invalid_value",
    ),
    "unknown region": (("adopt", "guxian-etdz", "x=y", "--actor", "registrar", "--source", "s", "--reason", "r"), 1,
                       "not_found.region"),
    "unknown state": (("adopt", "guxian-etdz", "main=y", "--actor", "registrar", "--source", "s", "--reason", "r"), 1,
                      "not_found.state"),
    "malformed date": ((*FIRE, "--on", "yesterday"), 1, "invalid_date"),
    "impossible date": ((*FIRE, "--on", "2020-02-30"), 1, "invalid_date"),
    "date that EDTF allows": ((*FIRE, "--on", "2020?"), 1, "invalid_date"),
    "future date": ((*FIRE, "--on", "2999-01-01"), 1, "future_date"),
    "date that no order allows": ((*REGISTER, "--on", "2016"), 1, "date_order"),
    "future date of a dry run": ((*FIRE, "--on", "2999-01-01", "--dry-run"), 1, "future_date"),
    "order of days of a dry run": ((*FIRE, "--on", "2016", "--dry-run"), 1, "date_order"),
    "revision of a dry run": ((*FIRE, "--expect", "1", "--dry-run"), 1, "conflict"),
    "opinion of a dry run": ((*FIRE, "--opinion", "言" * 350_000, "--dry-run"), 1, "text_too_long"),
    "first adoption without a workflow": (
        ("adopt", "new", "main=x", "--actor", "registrar", "--source", "s", "--reason", "r"), 1,
        "not_found.first_adoption",
    ),
    "schema that is not there": (("--schema", "nosuch", "init"), 1, "database_no_schema"),
    "last administrator": (("actor", "disable", "administrator", "--actor", "administrator"), 1, "last_administrator"),
    "last administrator's role": (
        ("actor", "update", "administrator", "--role", "registrar", "--actor", "administrator"), 1,
        "last_administrator",
    ),
    "last administrator's time": (
        ("actor", "update", "administrator", "--to", "2020-01-01", "--actor", "administrator"), 1,
        "last_administrator",
    ),
    "known before anything was": (("replay", "guxian-etdz", "--known-at", "2020-01-01"), 1, "not_found.entry"),
    "as of no day": (("replay", "--as-of", "2020"), 1, "not_a_day"),
    "known at no instant": (("replay", "--known-at", "noon"), 1, "not_an_instant"),
    "NUL in an opinion": ((*FIRE, "--opinion", "a\0b"), 1, "text_has_nul"),
    "surrogate in an opinion": ((*FIRE, "--opinion", "a\udc80b"), 1, "text_has_surrogate"),
    "1 MB opinion": ((*FIRE, "--opinion", "言" * 350_000), 1, "text_too_long"),
    "key of 129": (("start", "zone_lifecycle", LONG, *START), 1, "invalid_key"),
    "reserved key": (("start", "zone_lifecycle", "~log", *START), 1, "invalid_key"),
    "key with a control": (("start", "zone_lifecycle", "a\x1b[31mb", *START), 1, "invalid_key"),
    "key with a right-to-left override": (("start", "zone_lifecycle", "a\u202eb", *START), 1, "invalid_key"),
    "empty key": (("start", "zone_lifecycle", "", *START), 1, "invalid_key"),
    "empty name": (("start", "zone_lifecycle", "k", "--actor", "registrar", "--name", " "), 1, "required_text"),
    "taken key": (("start", "zone_lifecycle", "guxian-etdz", *START), 1, "already_started"),
    "case without its zone": (("start", "zone_expansion", "k", *START), 1, "root_needed"),
    "stale revision": ((*FIRE, "--expect", "1"), 1, "conflict"),
    "bad request id": ((*FIRE, "--request-id", "a b"), 1, "invalid_request_id"),
    "paper's file that is not there": ((*FIRE[:5], "--paper", "posts_reply=1@/nowhere/x.pdf"), 1, "paper_file"),
    "paper's file that is a folder": ((*FIRE[:5], "--paper", "posts_reply=1@/"), 1, "paper_file"),
    "actor that is there": (
        ("actor", "add", "registrar", "--role", "registrar", "--actor", "administrator"), 1, "actor_exists",
    ),
    "actor added by nobody special": (
        ("actor", "add", "x", "--role", "registrar", "--actor", "registrar"), 3, "refused",
    ),
    "imprecise validity": (
        ("actor", "update", "registrar", "--from", "2020", "--actor", "administrator"), 1, "invalid_day",
    ),
    "file that is not there": (("import", "/nowhere/x.yaml", "--actor", "registrar"), 1, "casefile_error"),
    "definition that is not there": (("definition", "check", "/nowhere/x.yaml"), 1, "definition_error"),
    "export that is not there": (("verify", "--file", "/nowhere/x.jsonl"), 1, "export_unreadable"),
    "unknown instance to verify": (("verify", "nowhere"), 1, "not_found.instance"),
    # usage
    "unknown command": (("fly",), 2, "usage"),
    "unknown option": (("board", "--fast"), 2, "usage"),
    "missing option": (("fire", "a", "b"), 2, "usage"),
    "missing argument": (("show",), 2, "usage"),
    "too many arguments": (("show", "a", "b"), 2, "usage"),
    "no pair": ((*FIRE, "--param", "colour"), 2, "usage"),
    "no pair of a paper": ((*FIRE, "--paper", "posts_reply"), 2, "usage"),
    "pair given twice": ((*FIRE, "--param", "a=1", "--param", "a=2"), 2, "usage"),
    "no whole number": ((*FIRE, "--expect", "x"), 2, "usage"),
    "unknown basis": ((*REGISTER[:-1], "surely"), 2, "usage"),
    "nothing to update": (("actor", "update", "registrar", "--actor", "administrator"), 2, "usage"),
    "a file to verify as if it were a key": (("verify", __file__), 2, "usage"),
    "unknown language": (("--lang", "fr", "board"), 2, "usage"),
}  # fmt: skip
#: What leaves a trace on purpose: the record of a refusal.
TRACED = {"not from this state": 1, "actor added by nobody special": 1}


@pytest.mark.parametrize("what", BAD)
def test_bad_input(demo: Kfq, what: str) -> None:
    args, code, named = BAD[what]
    file = Path(demo.url.removeprefix("sqlite:///"))
    before, entries = file.read_bytes(), demo.entries()
    for count, lang in enumerate(("zh", "en"), 1):
        ran = demo(*args, lang=lang)
        assert ran.code == code, ran
        assert ran.out == ""
        _is_clear(ran.err, lang)
        assert demo.entries() == entries + count * TRACED.get(what, 0)
    if what not in TRACED:
        assert file.read_bytes() == before
    ran = demo(*args, "--json")
    assert ran.code == code
    error = ran.json["error"]
    assert error["code"] == named
    assert error["message"].splitlines()[-1].strip() in ran.err.replace("\\n", "\n")


def _is_clear(said: str, lang: str) -> None:
    assert said.strip()
    assert "Traceback" not in said
    assert "Unexpected" not in said
    assert "程序内部错误" not in said
    assert len(said) < 2000
    assert not [letter for letter in said if letter < " " and letter != "\n"]
    if lang == "zh":
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said)


def test_three_different_errors(demo: Kfq) -> None:
    unknown = demo("fire", "guxian-etdz", "fly", "--actor", "registrar", "--json").json["error"]
    state = demo("fire", "guxian-etdz", "open_zone", "--actor", "county_government", "--json").json["error"]
    guard = demo("fire", "hongtong-etdz", "complete_rollout", "--actor", "city_government", "--json").json["error"]
    assert unknown["code"] == "not_found.trigger"
    assert [refusal["code"] for refusal in state["refusals"]] == ["not_from_state"]
    assert "guard_failed" in [refusal["code"] for refusal in guard["refusals"]]
    assert guard["missing"]


@pytest.mark.parametrize("key", ["a/b/c", "临汾/扩区·2017", "长" * 128, "a b", "-x", "[red]x[/red]", "%s{0}"])
def test_odd_keys_are_good_keys(demo: Kfq, key: str) -> None:
    demo.ok("start", "zone_lifecycle", *START, "--", key)
    assert key in demo.ok("list").out.replace("\n", "")
    assert demo.ok("show", "--json", "--", key).json["key"] == key
    demo.ok("history", "--", key)
    demo.ok("board")


HOSTILE = "\x1b[2J[red]赤[/red]\nkfq: done\r\u202egnp.exe\x07"


def test_hostile_text_is_shown_harmless(demo: Kfq) -> None:
    demo.ok("start", "zone_lifecycle", "h", "--actor", "registrar", "--name", HOSTILE)
    demo.ok("annotate", "h", HOSTILE, "--actor", "registrar")
    demo.ok("actor", "add", "h", "--role", "registrar", "--name", HOSTILE, "--org", HOSTILE,
            "--actor", "administrator")  # fmt: skip
    for args in (["list"], ["board"], ["show", "h"], ["history", "h"], ["actor", "list"], ["next", "h"]):
        out = demo.ok(*args).out
        assert not [letter for letter in out if letter in "\x1b\r\x07\u202e"], args
        assert "\nkfq: done" not in out
    assert "[red]赤[/red]" in demo.ok("history", "h").out
    assert demo.ok("show", "h", "--json").json["name"] == HOSTILE


# Databases that are not as they should be


def _refused(kfq: Kfq, code: str, *args: str) -> None:
    for command in (args,) if args else (("board",), FIRE, ("verify",)):
        ran = kfq(*command, "--json")
        assert ran.code == 1, (command, ran)
        assert ran.json["error"]["code"] == code, ran


def test_a_database_that_is_not_there_is_not_made(empty: Kfq, tmp_path: Path) -> None:
    _refused(empty, "not_initialised")
    assert list(tmp_path.iterdir()) == []
    _refused(Kfq(f"sqlite:///{tmp_path}/no/such/folder/x.db"), "not_initialised")
    _refused(Kfq(f"sqlite:///{tmp_path}/no/such/folder/x.db"), "database_unreachable", "init")


def test_whoever_has_only_a_file_is_told_how_it_is_verified(empty: Kfq, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text("{}")
    ran = empty("verify", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert f"kfq verify --file {file}" in ran.err.replace("\n", "")


def test_a_database_without_a_log(empty: Kfq, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "kfq.db").close()
    (tmp_path / "kfq.db").touch()
    _refused(empty, "not_initialised")


def test_a_file_that_is_no_export(demo: Kfq, tmp_path: Path) -> None:
    for content in ("", "this is a letter and no log\n"):
        (tmp_path / "log.jsonl").write_text(content, "utf-8")
        _refused(demo, "export_no_log", "verify", "--file", str(tmp_path / "log.jsonl"))


def test_a_file_that_is_no_database(empty: Kfq, tmp_path: Path) -> None:
    (tmp_path / "kfq.db").write_text("this is a letter and no database" * 100, "utf-8")
    _refused(empty, "database_damaged")
    _refused(empty, "database_damaged", "init")


def test_tables_that_are_not_ours(empty: Kfq, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kfq.db")) as connection:
        connection.execute("CREATE TABLE kfq_log (note TEXT)")
    _refused(empty, "not_ours", "board")
    _refused(empty, "not_ours", "init")


@pytest.mark.parametrize(("revision", "code"), [("0000", "schema_unknown"), ("9999", "schema_too_new")])
def test_tables_of_another_revision(demo: Kfq, revision: str, code: str) -> None:
    path = demo.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE kfq_log SET schema_revision = ?", (revision,))
        connection.commit()
    assert schema.REVISION not in ("0000", "9999")
    _refused(demo, code)
    for args in (("db", "current"), ("db", "upgrade")):  # Alembic's table says something else
        _refused(demo, "revision_changed", *args)


def test_a_locked_database(demo: Kfq, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfq_workflow.stored.database.BUSY_SECONDS", 0.05)
    path = demo.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        _refused(demo, "database_locked", *FIRE)
        connection.execute("ROLLBACK")
    demo.ok(*FIRE)


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("args", [FIRE, ("board",), ("verify",)], ids=["fire", "board", "verify"])
def test_a_wait_for_a_lock_is_said_once(
    demo: Kfq, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], journal: str
) -> None:
    monkeypatch.setattr("kfq_workflow.stored.database.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("kfq_workflow.stored.database.TELL_SECONDS", 0.05)
    with closing(sqlite3.connect(demo.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("BEGIN EXCLUSIVE")
        waits = args == FIRE or journal == "delete"  # with a write-ahead log, readers do not wait for a writer
        for lang, words in (("zh", "占用，等待中"), ("en", "locked by another process; waiting")):
            ran = demo(*args, lang=lang)
            assert (ran.code, ran.err.count(words)) == ((1, 1) if waits else (0, 0)), ran
        connection.execute("ROLLBACK")
    assert "waiting" not in demo.ok(*args).err


def test_a_read_only_database(demo: Kfq) -> None:
    path = demo.url.removeprefix("sqlite:///")
    kfq = Kfq(f"sqlite:///file:{path}?mode=ro&uri=true")
    kfq.ok("board")
    _refused(kfq, "database_readonly", *FIRE)
    os.chmod(path, 0o600)  # noqa: PTH101 - beside sqlite3's own paths
    copy = Kfq(f"sqlite:///file:{path}?immutable=1&uri=true")
    for args in (("board",), ("history", "guxian-etdz"), ("verify",)):
        copy.ok(*args)


def test_what_is_wrong_is_said_in_chinese(demo: Kfq) -> None:
    for args, words in (
        ((*FIRE, "--on", "2020-02-30"), "没有这样的日期"),
        ((*FIRE, "--on", "2020?"), "这里不用的写法"),
        ((*FIRE, "--opinion", "言" * 350_000), "意见 过长"),
        (("annotate", "guxian-etdz", " ", "--actor", "registrar"), "备注 不能为空"),
        (("start", "zone_lifecycle", " k", *START), "首尾有空格"),
        ((*FIRE[:5], "--paper", "posts_reply=1@/nowhere/x.pdf"), "（系统原文：No such file or directory）"),
        (("definition", "check", "/nowhere/x.yaml"), "（系统原文：No such file or directory）"),
        (("verify", "--file", "/nowhere/x.jsonl"), "（系统原文：No such file or directory）"),
        (("export", "/nowhere/x.jsonl"), "（系统原文："),
    ):
        assert words in demo(*args, lang="zh").err


def test_a_server_that_is_gone() -> None:
    _refused(Kfq("postgresql://nobody:hunter2@127.0.0.1:1/none"), "database_unreachable", "board")


@pytest.mark.parametrize("url", ["postgresql://nobody:hunter2@127.0.0.1:1/none", "oracle://a:hunter2@h/x", "hunter2"])
def test_a_password_is_never_shown(url: str) -> None:
    ran = Kfq(url)("board", "--json")
    assert ran.code == 1
    if "@" in url:
        assert "hunter2" not in ran.out + ran.err


def test_a_stored_state_that_the_definition_does_not_know(demo: Kfq) -> None:
    path = demo.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        (snapshot,) = connection.execute("SELECT snapshot FROM kfq_instance WHERE key = 'guxian-etdz'").fetchone()
        found: dict[str, Any] = json.loads(snapshot)
        found["regions"]["main"] = "staffing.asleep"
        connection.execute(
            "UPDATE kfq_instance SET snapshot = ?, state = 'staffing.asleep' WHERE key = 'guxian-etdz'",
            (json.dumps(found),),
        )
        connection.commit()
    for lang, legend in (("zh", "! 存储的状态不在其定义中"), ("en", "! a stored state is not in its definition")):
        for args in (("board",), ("list",), ("list", "--root", "guxian-etdz"), ("replay",)):
            ran = demo(*args, lang=lang)
            assert ran.code == (0 if "--root" in args else 4), args
            assert (legend in ran.out) is ("--root" not in args), args
            assert "--root" in args or "hongtong-etdz" in ran.out
        assert "staffing.asleep" in demo("replay", "guxian-etdz", lang=lang).out
    assert demo("board", "--json").json["unknown"] == ["guxian-etdz"]
    marked = {i["key"]: i["unknown"] for i in demo("list", "--json").json["instances"]}
    assert {key for key, states in marked.items() if states} == {"guxian-etdz"}
    assert marked["guxian-etdz"] == ["main=staffing.asleep"]
    one = demo("replay", "guxian-etdz", "--json")
    assert (one.code, one.json["instances"][0]["agrees"]) == (4, False)
    assert one.json["instances"][0]["states"]["main"] == "staffing.posts_requested"
    _refused(demo, "unknown_stored_state", "show", "guxian-etdz")
    assert "posts under approval" in demo.ok("history", "guxian-etdz").out  # the entries are the truth
    found = demo("verify", "--json")
    assert (found.code, {finding["instance"] for finding in found.json["findings"]}) == (4, {"guxian-etdz"})
