"""Corrections and erasures on the command line: policy, rectify, redact, confirm, decline, history, scrub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Kfq

SIDES = (
    "--rectify-propose", "archivist", "--rectify-confirm", "head", "--redact-propose", "archivist",
    "--redact-confirm", "head",
)  # fmt: skip


@pytest.fixture
def kfq(gated: Kfq) -> Kfq:
    """Give the permit `p` with two persons who may correct and erase."""
    off = gated.ok("policy", "show", "--json").json
    assert off == {"seq": None, "rectify": None, "redact": None, "apart": False}
    assert gated("actor", "add", "a", "--role", "archivist", "--actor", "admin").code == 1
    made = gated.ok("policy", "set", *SIDES, "--actor", "admin", "--json").json
    assert made["rectify"] == {"propose": ["archivist"], "confirm": ["head"]}
    assert gated.ok("receipt", made["check"], "--json").json["found"][0]["key"] == "~log"
    for id_, role in (("a", "archivist"), ("h", "head")):
        gated.ok("actor", "add", id_, "--role", role, "--actor", "admin")
    return gated


def test_a_correction_is_proposed_tried_and_confirmed(kfq: Kfq) -> None:
    before = kfq.entries()
    what = ("rectify", "p", "2", "--on", "2020-01-01", "--reason", "r", "--actor", "a")
    ran = kfq(*what)  # the permit was begun later
    assert (ran.code, "would be impossible" in ran.err) == (3, True)
    ran = kfq(*what, "--json", lang="zh")
    assert [refusal["code"] for refusal in ran.json["error"]["refusals"]] == ["rectify_breaks"]
    assert "不可能" in ran.json["error"]["refusals"][0]["message"]
    assert "<found>" not in kfq.ok("history", "p").out
    paper = ("rectify", "p", "2", "--paper", "request=9", "--number", "7", "--reason", "slip", "--actor", "a")
    tried = kfq.ok(*paper, "--dry-run", "--json").json
    assert (tried["receipt"], tried["dry_run"], tried["relied"]) == (None, True, [])
    assert "No entry rests on it." in kfq.ok(*paper, "--dry-run").out
    assert kfq.entries() == before + 2  # the two refusals
    made = kfq.ok(*paper, "--json").json
    seq = str(made["receipt"]["seq"])
    assert kfq("confirm", "p", seq, "--actor", "a").code == 3
    assert "kfq history p --effective" in kfq.ok("confirm", "p", seq, "--actor", "h").out
    assert "request" in kfq.ok("show", "p").out
    assert kfq.ok("show", "p", "--json").json["papers"][0]["number"] == "9"
    full = kfq.ok("history", "p", "--json").json["entries"]
    counted = kfq.ok("history", "p", "--effective", "--json").json["entries"]
    assert (full[1]["body"]["papers"][0]["number"], counted[1]["body"]["papers"][0]["number"]) == ("1", "9")
    assert full[1]["corrected_by"] == [full[-1]["seq"]]
    assert "由第" in kfq.ok("history", "p", lang="zh").out
    assert kfq("rectify", "p", "2", "--reason", "r", "--actor", "a").code == 1
    assert kfq("rectify", "p", "99", "--struck", "--reason", "r", "--actor", "a").code == 1
    assert kfq("rectify", "nowhere", "1", "--struck", "--reason", "r", "--actor", "a").code == 1
    assert kfq.ok("verify").out.startswith("SELF-CONSISTENT")


def test_a_diff_calls_what_was_refused_as_the_history_does(kfq: Kfq) -> None:
    assert kfq("rectify", "p", "2", "--on", "2020-01-01", "--reason", "r", "--actor", "a").code == 3
    assert kfq("redact", "p", "2", "name", "--reason", "r", "--number", "7", "--actor", "h").code == 3
    words = {"zh": ("被拒绝：更正", "被拒绝：删除文字"), "en": ("refused: rectify", "refused: redact")}
    for lang, said in words.items():
        for command in (("history", "p"), ("diff", "p", "@2020-01-01", "now")):
            out = kfq.ok(*command, lang=lang).out
            assert [word in out for word in said] == [True, True], out


def test_a_proposal_is_declined(kfq: Kfq) -> None:
    made = kfq.ok("rectify", "p", "2", "--paper", "request=2", "--reason", "r", "--actor", "a", "--json")
    seq = str(made.json["receipt"]["seq"])
    assert kfq.ok("decline", "p", seq, "--reason", "no", "--actor", "h", "--json").json["kind"] == "declined"
    assert "办结" in kfq("confirm", "p", seq, "--actor", "h", lang="zh").err


def test_words_are_erased(kfq: Kfq) -> None:
    kfq.ok("annotate", "p", "secret words", "--actor", "app")
    made = kfq.ok("redact", "p", "3", "note", "--reason", "r", "--number", "5", "--actor", "a", "--json").json
    assert made["erases"] == [{"seq": 3, "field": "note"}]
    assert "kfq scrub" in kfq.ok("confirm", "p", str(made["receipt"]["seq"]), "--actor", "h").out
    shown = kfq.ok("history", "p").out
    assert "secret words" not in shown
    assert "(redacted by entry 5)" in shown
    assert "（已删除，见第 5 条）" in kfq.ok("history", "p", lang="zh").out
    assert kfq.ok("verify", "--json").json["redacted"] == 1
    assert "Redacted texts: 1, each by an entry." in kfq.ok("verify").out
    assert kfq.ok("scrub", "--json").json["done"] is True
    assert kfq.ok("scrub", lang="zh").out.startswith("重写数据库文件：完成")
    report = kfq.ok("report", "p").out
    assert "secret words" not in report
    assert "redacted by entry 5" in report
    assert kfq("redact", "p", "3", "note", "--reason", "r", "--number", "5", "--actor", "a").code == 3


def test_a_policy_needs_two_sides(kfq: Kfq) -> None:
    ran = kfq("policy", "set", "--redact-propose", "x", "--actor", "admin")
    assert (ran.code, "two persons" in ran.err) == (1, True)
    assert kfq("policy", "set", *SIDES, "--actor", "app").code == 3
    said = kfq.ok("policy", "set", "--apart", "--actor", "admin", lang="zh").out
    assert (said.count("无人"), "须为不同单位    是" in said) == (4, True)
    assert "fact." not in kfq.ok("history", "~log").out
