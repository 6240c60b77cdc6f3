"""`kfq report`: what the pages say, in both languages, of cases as they are and of logs that were tampered with."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import WorkflowEngine, open_database
from tests.reported import HOSTILE, LONG, prepare_reported

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq


class Words(HTMLParser):
    """The text of a page, without its style sheet, and the tags and attributes in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self._quiet = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._quiet = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._quiet = self._quiet and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def reported(gated: Kfq) -> Kfq:
    """Give the command on a database with a permit that went through everything, and one with hostile texts."""
    database = open_database(gated.url)
    prepare_reported(WorkflowEngine(database))
    database.dispose()
    return gated


def read(kfq: Kfq, *args: str, lang: str = "en") -> Words:
    return Words(kfq.ok("report", *args, lang=lang).out)


def test_a_case_in_chinese_says_what_is_known_and_no_more(demo: Kfq) -> None:
    page = read(demo, "guxian-etdz", lang="zh")
    for words in (
        "古县经济技术开发区", "guxian-etdz", "机构编制与班子配备", "机构编制审批中", "补录 4 条",
        "存疑 F1 F2 F3 F4 F7", "13 条，其中补录 4 条、被拒 0 条", "补记，未见过程", "不能断定", "至多 120 天",
        "2020 年 2 月至 2020 年 5 月之间",
        "仅有名称，未见原件", "自身一致，仅此而已", "没有与库外的检查点比对", "（registrar）补录，当时由省人民政府",
        "现在",
    ):  # fmt: skip
        assert words in page.text, words


def test_a_case_in_english(demo: Kfq) -> None:
    page = read(demo, "hongtong-etdz")
    for words in (
        "Hongtong Economic and Technological Development Zone", "reform rollout (open for business)",
        "SELF-CONSISTENT ONLY",
        "adopted, no procedure on record", "between January 2017 and May 2020", "not started → in progress",
        "only named, not seen", "Receipt of the newest entry", "None was compared.",
    ):  # fmt: skip
        assert words in page.text, words


def test_every_entry_is_there_with_its_receipt(demo: Kfq) -> None:
    page, history = read(demo, "linfen-edz"), demo.ok("history", "linfen-edz", "--json").json["entries"]
    assert len(history) > 10
    for entry in history:
        assert entry["check"] in page.text
        assert ("id", f"entry-{entry['seq']}") in page.attributes


def test_the_overview_counts_as_the_board_does(demo: Kfq) -> None:
    page, board = read(demo, "--all"), demo.ok("board", "--json").json
    assert f"{board['open']} of 11 are open for business." in page.text
    for phase in board["phases"].values():
        for key in phase:
            assert key in page.text
    for flag in range(1, 9):
        assert f" F{flag} " in page.text
    assert "linfen-edz/upgrade" in page.text
    assert "164 entries of 41 instances" in page.text
    assert "已成立运营 8 个" in read(demo, "--all", lang="zh").text


def test_approvals_are_told_round_by_round(reported: Kfq) -> None:
    page = read(reported, "p", lang="zh").text
    for words in (
        "批准 · 第 1 轮 由新一轮取代", "批准 · 第 2 轮 退回", "批准 · 第 3 轮 通过", "✓ 同意", "✕ 退回",
        "– 已转办", "– 已收回",
        "reg 代 自然资源局（boss）", "是否占用基本农田？", "申请被拒绝：批准", "c1 不具备所需角色",
        "临纪〔2026〕5号", "挂起",
        "同意 2，不同意 0，弃权 0", "收回签署", "征求意见", "催办", "抄送",
    ):  # fmt: skip
        assert words in page, words


def test_what_it_waits_for_is_said(reported: Kfq) -> None:
    page = read(reported, "q").text
    assert "SUSPENDED: until it is resumed nothing moves and nobody signs" in page
    assert "suspended" in page
    assert "stopped while suspended" in page


def test_hostile_text_is_shown_as_text(reported: Kfq) -> None:
    html = reported.ok("report", "p").out
    page = Words(html)
    assert "script" not in page.tags
    assert "<script>alert(1)</script>\"'&\\u202eevil" in page.text
    assert "\u202e" not in html
    assert HOSTILE not in html
    assert LONG in Words(reported.ok("report", "q").out).text
    assert "<b>9" in Words(reported.ok("report", "q").out).text


def test_the_page_needs_nothing_else(demo: Kfq) -> None:
    for args in (("guxian-etdz",), ("--all",)):
        page = read(demo, *args)
        assert page.tags & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
        links = [value for name, value in page.attributes if name in ("href", "src", "action", "xlink:href")]
        assert all(link.startswith("#") for link in links)
        targets = {value for name, value in page.attributes if name == "id"}
        assert {link[1:] for link in links} <= targets
        assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_a_file_is_written_once_and_for_its_owner(demo: Kfq, tmp_path: Path) -> None:
    out = tmp_path / "古县.html"
    ran = demo.ok("report", "guxian-etdz", "--out", str(out), lang="zh")
    assert ran.out.splitlines()[0] == f"报告已写入 {out}"
    assert out.stat().st_mode & 0o077 == 0
    again = demo("report", "guxian-etdz", "--out", str(out))
    assert again.code == 1
    assert "exists" in again.err
    found = demo.ok("report", "guxian-etdz", "--out", str(out), "--force", "--json").json
    assert found == {"key": "guxian-etdz", "path": str(out), "verdict": "self-consistent", "findings": 0}
    assert demo.ok("report", "--all", "--json").json["html"].startswith("<!DOCTYPE html>")


def test_an_exported_file_makes_the_same_report(demo: Kfq, tmp_path: Path) -> None:
    log = str(tmp_path / "log.jsonl")
    demo.ok("export", log)
    for args in (("guxian-etdz",), ("--all",)):
        ours, theirs = read(demo, *args).text, read(demo, *args, "--file", log).text
        assert "Made from an exported file whose newest entry was recorded at" in theirs
        assert theirs.split("Verification")[0].replace(" ", "") == ours.split("Verification")[0].replace(" ", "")


def test_a_corrected_entry_says_by_which(demo: Kfq) -> None:
    roles = ("--rectify-propose", "registrar", "--rectify-confirm", "provincial_government")
    demo.ok("policy", "set", *roles, "--actor", "administrator")
    demo.ok("rectify", "guxian-etdz", "4", "--on", "2020-03-02", "--reason", "the stamp", "--actor", "registrar")
    demo.ok("confirm", "guxian-etdz", "14", "--actor", "provincial_government")
    assert "→ corrected by entry 15" in read(demo, "guxian-etdz").text
    assert "由第 15 条更正" in read(demo, "guxian-etdz", lang="zh").text
    demo.ok("rectify", "guxian-etdz", "4", "--struck", "--reason", "not so", "--actor", "registrar")
    demo.ok("confirm", "guxian-etdz", "16", "--actor", "provincial_government")
    assert "struck by entry 17" in read(demo, "guxian-etdz").text


@pytest.mark.parametrize("args", [(), ("guxian-etdz", "--all")])
def test_one_of_key_and_all_is_needed(demo: Kfq, args: tuple[str, ...]) -> None:
    ran = demo("report", *args, lang="zh")
    assert ran.code == 2
    assert "请给出 KEY，或给 --all" in ran.err


@pytest.mark.parametrize("key", ["nowhere", "~log", "~actor/registrar"])
def test_an_unknown_key_is_an_error(demo: Kfq, key: str) -> None:
    ran = demo("report", key)
    assert ran.code == 1
    assert key in ran.err


def test_without_jinja_the_error_names_what_to_install(demo: Kfq, monkeypatch: pytest.MonkeyPatch) -> None:
    from kfq_workflow.report import render

    render._environment.cache_clear()  # noqa: SLF001 - made before
    monkeypatch.setitem(sys.modules, "jinja2", None)
    ran = demo("report", "guxian-etdz")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "kfq: Jinja2 is not installed. Run: pip install 'kfq-workflow[report]'"


_ENTRY = "UPDATE kfq_entry SET {set} WHERE instance = 'guxian-etdz' AND seq = 2"
TAMPERED = {
    "a body": _ENTRY.format(set="body = replace(body, '2020-02', '2019-02')"),
    "no JSON": _ENTRY.format(set="body = '{'"),
    "odd shapes": _ENTRY.format(set='body = \'{"papers":3,"set":[1]}\''),
    "a kind": _ENTRY.format(set="kind = 'invented'"),
    "a time": _ENTRY.format(set="at = 'noon'"),
    "all unread": "UPDATE kfq_entry SET body = '[' WHERE instance = 'guxian-etdz'",
    "no rules": "DELETE FROM kfq_document",
    "a state": "UPDATE kfq_instance SET state = 'nowhere' WHERE \"key\" = 'guxian-etdz'",
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("how", sorted(TAMPERED))
def test_a_log_that_was_tampered_with_still_makes_a_report(demo: Kfq, how: str, lang: str) -> None:
    database = open_database(demo.url)
    with database.begin() as connection:
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        connection.exec_driver_sql(TAMPERED[how])
    database.dispose()
    for args in (("guxian-etdz",), ("--all",)):
        ran = demo("report", *args, lang=lang)
        assert ran.code == 4, (how, ran.err)
        page = Words(ran.out).text
        assert {"zh": "已被改动", "en": "TAMPERED"}[lang] in page
        assert "guxian-etdz" in page


def test_an_anchor_from_outside_makes_the_verdict(demo: Kfq, tmp_path: Path) -> None:
    key, anchor = str(tmp_path / "log.key"), str(tmp_path / "june.checkpoint")
    public = demo.ok("key", "new", "zones.example.cn/log", "--out", key, "--json").json["key"]
    demo.ok("seal")
    demo.ok("checkpoint", "--key", key, "--out", anchor)
    demo.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    against = ("--anchor", anchor, "--trust", public)
    for args in (("guxian-etdz",), ("--all",)):
        english = demo.ok("report", *args, *against).out
        assert "INTACT, anchored" in english
        assert "The log agrees with the checkpoint" in english
        assert "the 1 newer ones rest on the database only" in english
        assert "It is signed by zones.example.cn/log" in english
        assert "None was compared" not in english
        chinese = demo.ok("report", *args, *against, lang="zh").out
        assert "完整，且与锚点一致" in chinese
        assert "检查点由 zones.example.cn/log 签名。为此核验了整个日志" in chinese
    assert "None was compared" in demo.ok("report", "guxian-etdz").out
    assert demo.ok("report", "guxian-etdz", *against, "--json").json["verdict"] == "anchored"
    assert demo("report", "guxian-etdz", "--anchor", "/nowhere", "--json").json["error"]["code"] == "anchor_bad"


def test_a_past_moment_is_shown_first(demo: Kfq) -> None:
    english = demo.ok("report", "hongtong-etdz", "--as-of", "2019-06-30").out
    assert "<h2>As of 2019-06-30</h2>" in english
    assert "cannot be told, one of: approved, being set up; (not on record); leadership in place" in english
    assert "(between entry 2 and entry 4)" in english
    chinese = demo.ok("report", "hongtong-etdz", "--as-of", "2019-06-30", "--known-at", "2999-01-01", lang="zh").out
    assert "截至 2019-06-30，按 2999-01-01 23:59:59 已登记的记录" in chinese
    assert (
        "不能断定，为其一：已批准·筹建；（未记录）；班子成员到位；已成立运营·改革推进（在第 2 条与第 4 条之间）"
        in chinese
    )
    assert "Nothing had been recorded by then." in demo.ok("report", "hongtong-etdz", "--known-at", "2020-06-01").out
    assert "As of" not in demo.ok("report", "hongtong-etdz").out
    assert demo("report", "--all", "--as-of", "2019-06-30").code == 2
    assert demo("report", "hongtong-etdz", "--as-of", "2019", "--json").json["error"]["code"] == "not_a_day"


def test_a_past_approval_and_standing_are_shown(reported: Kfq) -> None:
    for key in [each["key"] for each in reported.ok("list", "--json").json["instances"]]:
        page = reported.ok("report", key, "--as-of", "2999-01-01").out
        assert "As of 2999-01-01" in page
        assert "<script>alert" not in page
        past = reported.ok("report", key, "--as-of", "2000-01-01", lang="zh").out
        assert "截至 2000-01-01" in past
