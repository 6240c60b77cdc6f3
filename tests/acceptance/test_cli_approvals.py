"""Approvals on the command line: each command in both languages, a story in Chinese, refusals and wrong input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kfq_workflow.cli.safe import width
from tests.gated import PEOPLE

if TYPE_CHECKING:
    from tests.acceptance.conftest import Kfq

Args = tuple[str, ...]


def words(line: str) -> Args:
    return tuple(line.split())


OPEN = words("submit p grant --actor app")
ALL_BUT_ONE = (OPEN, words("approve p --actor c1"))
DECIDED = (*ALL_BUT_ONE, words("approve p --actor boss"))
BASIS = ("--reason", "r", "--number", "2026-5")

PROXY = words("proxy grant boss --to c3 --from 2026-01-01 --until 2999-12-31 --number 7 --actor boss")

#: command → (what is done before, the command, words of its output in Chinese, in English)
DONE: dict[str, tuple[tuple[Args, ...], Args, tuple[str, ...], tuple[str, ...]]] = {
    "submit": (
        (), (*OPEN, "--opinion", "请批", "--due", "2999-12-31"),
        ("提交审批 批准（grant）", "经办科室: c1、c2、c3", "主管部门: boss", "“批准”第 1 轮审批中", "2999-12-31"),
        ("submitted grant the permit (grant)", "clerk: c1, c2, c3", "authority: boss", "round 1, open: 0", "due"),
    ),
    "submit direct": (
        (OPEN, words("return p --actor c1 --reason r")), (*OPEN, "--direct"),
        ("直接送回退回人", "第 2 轮"), ("straight back to whoever returned it", "round 2"),
    ),
    "approve": (
        (OPEN,), words("approve p --actor c1 --opinion ok"),
        ("同意 批准（grant）", "1：经办科室（clerk）", "审批中：同意 1，不同意 0，弃权 0，待签 2（共 3）"),
        ("approved grant the permit", "1: clerk", "open: 1 approved, 0 rejected, 0 abstained, 2 to come (of 3)"),
    ),
    "approve decides": (
        ALL_BUT_ONE, words("approve p grant --actor boss --opinion ok"),
        ("已通过：同意 2，不同意 0，弃权 0", "主流程: 审查中 → 准予用地（granted）"),
        ("APPROVED: 2 approved, 0 rejected, 0 abstained", "main line: under review → granted"),
    ),
    "reject": (
        (OPEN,), words("reject p --actor c1"),
        ("不同意 批准（grant）", "审批中：同意 0，不同意 1"),
        ("rejected grant the permit", "open: 0 approved, 1 rejected"),
    ),
    "reject by veto": (
        (OPEN,), words("reject p --actor boss"), ("第 1 轮未通过：同意 0，不同意 1",),
        ("REJECTED: 0 approved, 1 rejected",),
    ),
    "abstain": (
        (OPEN,), words("abstain p --actor c1"), ("弃权 批准（grant）", "弃权 1"),
        ("abstained from grant", "1 abstained"),
    ),
    "retract": (
        ALL_BUT_ONE, words("retract p --actor c1 --reason oops"),
        ("收回签署 批准（grant）", "同意 0，不同意 0，弃权 0，待签 3"), ("took back the vote on grant", "3 to come"),
    ),
    "retract the deciding vote": (
        DECIDED, words("retract p --actor boss --reason oops"),
        ("主流程: 准予用地 → 审查中（review）", "审批中：同意 1"),
        ("granted → under review (review)", "open: 1 approved"),
    ),
    "transfer": (
        (OPEN,), words("transfer p --actor c1 --to c3 --reason leave"),
        ("转办 批准（grant）", "c1 → c3"), ("handed on grant the permit (grant)", "c1 → c3"),
    ),
    "delegate": (
        (OPEN,), words("delegate p --actor boss --to other --question why"),
        ("征求意见 批准（grant）", "other"), ("asked for an opinion on grant", "other"),
    ),
    "reply": (
        (OPEN, words("delegate p --actor boss --to other")), words("reply p --actor other --opinion fine"),
        ("答复意见 批准（grant）",), ("gave an opinion on grant",),
    ),
    "signer add": (
        (OPEN,), words("signer add p --actor boss --signer c3 --reason more --place before --need 3"),
        ("加签 批准（grant）", "c3", "之前", "须同意"), ("signer added to grant", "c3", "before", "needed"),
    ),
    "signer remove": (
        (OPEN,), words("signer remove p --actor reg --task 2 --reason less --need 2"),
        ("减签 批准（grant）", "2：经办科室（clerk）", "待签 2（共 2）"),
        ("signer removed from grant", "2 to come (of 2)"),
    ),
    "return": (
        (OPEN,), words("return p --actor c1 --reason incomplete"),
        ("退回 批准（grant）", "提交人 app", "已退回"), ("returned grant the permit", "the applicant, app"),
    ),
    "return to a state": (
        (OPEN,), words("return p --actor c1 --to draft --reason again"),
        ("起草（draft）", "主流程: 审查中 → 起草"), ("main line: under review → draft",),
    ),
    "withdraw": (
        (OPEN,), words("withdraw p --actor app"), ("撤回 批准（grant）", "已撤回"), ("withdrew grant", "withdrawn"),
    ),
    "urge": ((OPEN,), words("urge p --actor app --note quick"), ("催办 批准（grant）",), ("urged grant the permit",)),
    "copy": (
        (OPEN,), words("copy p --actor app --to other --to c3"),
        ("抄送 批准（grant）", "other、c3"), ("sent copies of grant", "other, c3"),
    ),
    "read": (
        (OPEN, words("copy p --actor app --to other")), words("read p --actor other"),
        ("已阅 批准（grant）",), ("read the copy of grant",),
    ),
    "comment": ((), words("comment p well --actor other"), ("加注",), ("note",)),
    "suspend": ((OPEN,), ("suspend", "p", "--actor", "reg", *BASIS), ("挂起", "2026-5"), ("suspended", "2026-5")),
    "resume": (
        (OPEN, ("suspend", "p", "--actor", "reg", *BASIS)), ("resume", "p", "--actor", "reg", *BASIS),
        ("恢复",), ("resumed",),
    ),
    "void": (
        (OPEN,), ("void", "p", "--actor", "reg", *BASIS), ("作废", "“批准”第 1 轮已作废"), ("voided", "round 1, void"),
    ),
    "reinstate": (
        (("void", "p", "--actor", "reg", *BASIS),), ("reinstate", "p", "--actor", "reg2", *BASIS),
        ("撤销作废",), ("reinstated",),
    ),
    "extend": (
        (OPEN,), ("extend", "p", "--actor", "reg", "--due", "2999-01-31", *BASIS),
        ("延期 批准（grant）", "2999-01-31", "2026-5"), ("extended grant", "2999-01-31"),
    ),
    "waive": (
        (OPEN,), words("waive p --actor reg --signer app --reason alone"),
        ("豁免回避 批准（grant）", "app"), ("waived a duty of grant", "app"),
    ),
    "proxy grant": (
        (), (*PROXY, "--role", "authority"),
        ("授权代理",), ("proxy granted",),
    ),
    "proxy revoke": (
        (PROXY,),
        words("proxy revoke boss 2 --reason back --actor admin"), ("撤销代理",), ("proxy revoked",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("what", DONE)
def test_each_command_says_what_it_did(gated: Kfq, what: str, lang: str) -> None:
    before, args, zh, en = DONE[what]
    for earlier in before:
        gated.ok(*earlier)
    out = gated.ok(*args, lang=lang).out
    for said in zh if lang == "zh" else en:
        assert said in out, out
    assert {"zh": "校验码", "en": "check"}[lang] in out
    history = gated.ok("history", "p", lang=lang).out
    for said in () if what.startswith("proxy") else zh if lang == "zh" else en:
        assert said in history, history


@pytest.mark.parametrize("what", DONE)
def test_each_command_prints_its_receipt_as_json(gated: Kfq, what: str) -> None:
    before, args, _, _ = DONE[what]
    for earlier in before:
        gated.ok(*earlier)
    found = gated.ok(*args, "--request-id", "r-1", "--json").json
    assert found["replayed"] is False
    assert len(found["check"]) == 26
    again = gated.ok(*args, "--request-id", "r-1", "--json").json
    assert again == {**found, "replayed": True, "revision": again["revision"]}
    if "gates" in found:
        assert all(gate["transition"] == "grant" for gate in found["gates"])
    assert "Recorded before" in gated.ok(*args, "--request-id", "r-1").out


def test_an_old_receipt_shows_the_round_as_it_was(gated: Kfq) -> None:
    gated.ok(*OPEN)
    gated.ok(*words("approve p --actor c1 --request-id r-1"))
    gated.ok(*words("approve p --actor boss"))
    again = gated.ok(*words("approve p --actor c1 --request-id r-1")).out
    assert "open: 1 approved, 0 rejected, 0 abstained, 2 to come (of 3)" in again


# A story


def test_a_permit_from_submission_to_grant_in_chinese(gated: Kfq) -> None:
    def ok(line: str) -> str:
        return gated.ok(*words(line), lang="zh").out

    assert "提交审批：kfq submit" in ok("next p")
    refused = gated(*words("fire p grant --actor app"), lang="zh")
    assert refused.code == 3
    assert "须经审批，不能直接办理；请提交：kfq submit" in refused.err
    assert gated(*words("fire p grant --actor app --dry-run")).code == 3
    ok("submit p grant --actor app --opinion 请予批准")
    assert "审批中：kfq explain" in ok("next p")
    explained = ok("explain p")
    for said in (
        "“批准（grant）”正在审批（第 1 轮）", "提交人：开发区管委会（app）", "任务 1：经办科室（角色 clerk）",
        "主管部门（角色 authority），有否决权", "至少 2/3 同意（3 中的 2）", "再有 2 票同意（须含：主管部门",
    ):  # fmt: skip
        assert said in explained
    ok("approve p --actor c1 --opinion 同意")
    ok("transfer p --actor c2 --to c3 --reason 出差")
    ok("delegate p --actor boss --to other --question 有无异议")
    ok("reply p --actor other --opinion 无异议")
    ok("urge p --actor app")
    ok("copy p --actor app --to other")
    ok("suspend p --actor reg --reason 复核 --number 2026-1")
    shown = ok("show p")
    assert "已挂起：恢复之前不能办理、不能签署" in shown
    assert "因挂起而停办" in shown
    assert "审查中 【已挂起】" in ok("list")
    assert "【已挂起】" in ok("board")
    stopped = gated(*words("approve p --actor c3"), lang="zh")
    assert stopped.code == 3
    assert "恢复之前不能办理" in stopped.err
    ok("resume p --actor reg --reason 已核 --number 2026-2")
    explained = ok("explain p")
    for said in ("张三（c1），同意", "催办", "已答复", "再有 1 票同意（须是：主管部门"):
        assert said in explained
    decided = ok("approve p --actor boss --opinion 同意批准")
    assert "已通过：同意 2" in decided
    assert "审查中 → 准予用地（granted）" in decided
    history = ok("history p")
    for said in ("c2 → c3", "有无异议", "无异议", "第 1 轮已通过", "依据文号  2026-1", "同意批准"):
        assert said in history
    assert gated.ok("verify", "--json").json["findings"] == []


def test_a_proxy_signs_for_somebody(gated: Kfq) -> None:
    grant = words("proxy grant boss --to c3 --from 2026-01-01 --until 2999-12-31 --number 〔2026〕7号 --actor boss")
    gated.ok(*grant)
    assert gated.ok("proxy", "list", "boss", "--json").json == {
        "id": "boss",
        "proxies": [{
            "grant": 2, "to": "c3", "from": "2026-01-01", "until": "2999-12-31", "number": "〔2026〕7号",
            "workflows": [], "roles": [],
        }],
    }  # fmt: skip
    listed = gated.ok("proxy", "list", "boss", lang="zh").out
    for said in ("编号", "代理人", "c3", "2026-01-01–2999-12-31", "〔2026〕7号", "全部"):
        assert said in listed
    gated.ok(*ALL_BUT_ONE[0])
    gated.ok(*ALL_BUT_ONE[1])
    gated.ok(*words("approve p --actor c3 --for boss"))
    assert "c3 (代 boss 签署)" in gated.ok("history", "p", lang="zh").out
    gated.ok(*words("proxy revoke boss 2 --reason back --actor boss"))
    assert "boss has granted no proxy" in gated.ok("proxy", "list", "boss").out
    assert gated("proxy", "list", "nobody", "--json").json["error"]["code"] == "not_found.actor"


# Explain


def test_explain_as_json(gated: Kfq) -> None:
    gated.ok(*OPEN)
    gated.ok(*words("approve p --actor c1"))
    found = gated.ok("explain", "p", "--json").json
    assert found["key"] == "p"
    (gate,) = found["waiting"]
    assert gate["what"] == "gate"
    assert gate["since"]["by"] == "app"
    assert [task["state"] for task in gate["tasks"]] == ["approved", "open", "open"]
    assert gate["tasks"][2]["of"] == "authority"
    assert gate["prospect"] == {
        "approvals": 1, "rejections": None, "abstentions": 2, "abstained": "rejected", "vetoes": ["3"], "weight": 0,
        "wait": False,
    }  # fmt: skip
    assert gate["text"].startswith("grant the permit (grant) is under approval")


def test_explain_without_an_open_gate(gated: Kfq) -> None:
    assert "grant the permit (grant) → granted, submitted for approval by applicant" in gated.ok("explain", "p").out
    (moves,) = gated.ok("explain", "p", "--json").json["waiting"]
    assert moves["what"] == "moves"
    assert {move["trigger"]: move["gated"] for move in moves["possible"]}["grant"] is True
    gated.ok(*OPEN)
    gated.ok(*words("return p --actor c1 --reason r"))
    assert "等待改正后重新提交" in gated.ok("explain", "p", lang="zh").out
    gated.ok("void", "p", "--actor", "reg", *BASIS)
    for lang, said in (("zh", "已作废：不能再办理"), ("en", "VOID: nothing can be done any more")):
        for command in ("explain", "show"):
            assert said in gated.ok(command, "p", lang=lang).out
    (void,) = gated.ok("explain", "p", "--json").json["waiting"]
    assert (void["what"], void["number"], void["roles"]) == ("void", "2026-5", ["registrar"])
    assert "[void]" in gated.ok("list").out
    assert gated.ok("list", "--json").json["instances"][0]["void"] == void["since"]["seq"]


def test_two_open_gates_are_both_explained(gated: Kfq) -> None:
    gated.ok(*OPEN)
    gated.ok(*words("submit p refuse --actor app"))
    assert [each["trigger"] for each in gated.ok("explain", "p", "--json").json["waiting"]] == ["grant", "refuse"]
    assert [gate["state"] for gate in gated.ok("show", "p", "--json").json["gates"]] == ["open", "open"]
    gated.ok(*words("approve p grant --actor c1"))
    gated.ok(*words("approve p refuse --actor boss --paper notice=1"))
    assert [gate["state"] for gate in gated.ok("show", "p", "--json").json["gates"]] == ["void", "approved"]
    assert "grant the permit, round 1, void" in gated.ok("history", "p").out


def test_next_as_json_says_which_moves_are_submitted(gated: Kfq) -> None:
    found = {d["trigger"]: d for d in gated.ok("next", "p", "--json").json["triggers"]}
    assert (found["grant"]["gated"], found["grant"]["allowed"]) == (True, True)
    assert found["suspend"]["gated"] is False
    gated.ok(*OPEN)
    found = {d["trigger"]: d for d in gated.ok("next", "p", "--json").json["triggers"]}
    assert [refusal["code"] for refusal in found["grant"]["refusals"]] == ["gate_open"]


def test_a_new_round_after_the_bound_field_changed_is_in_the_history(gated: Kfq) -> None:
    gated.ok(*OPEN)
    gated.ok(*words("approve p --actor c1"))
    gated.ok(*words("amend p --set area=2 --actor app"))
    assert "“批准”第 2 轮审批中：同意 0" in gated.ok("history", "p", lang="zh").out


@pytest.mark.parametrize(("command", "indent"), [("explain", 2), ("history", 6)])
def test_wide_characters_are_aligned(gated: Kfq, command: str, indent: int) -> None:
    gated.ok(*OPEN, "--due", "2999-12-31")
    gated.ok(*words("approve p --actor c1 --opinion 同意"))
    blocks: list[list[str]] = []
    for row in gated.ok(command, "p", lang="zh").out.splitlines():
        if row[:indent].strip():
            blocks.append([])
        else:
            blocks[-1].append(row)
    assert len(blocks[-1]) > 4
    for block in blocks:
        labels = [re.match(r" +(?:[^ ]+  +)?", row) for row in block]
        assert len({width(label[0]) for label in labels if label}) == 1, block


# Wrong on purpose

BAD: dict[str, tuple[tuple[Args, ...], Args, int, str]] = {
    "fired instead": ((), words("fire p grant --actor app"), 3, "needs_approval"),
    "submitted without a gate": ((), words("submit p survey --actor c1"), 3, "no_gate"),
    "submitted twice": ((OPEN,), OPEN, 3, "gate_open"),
    "submitted with the wrong role": ((), words("submit p grant --actor c1"), 3, "role_missing"),
    "submitted from another state": (DECIDED, OPEN, 3, "not_from_state"),
    "no signer": ((OPEN,), words("approve p --actor other"), 3, "not_a_signer"),
    "twice": (ALL_BUT_ONE, words("approve p --actor c1"), 3, "duty_voted"),
    "another's task": ((OPEN,), words("approve p --actor c1 --task 3"), 3, "task_not_yours"),
    "closed gate": (DECIDED, words("approve p grant --actor c2"), 3, "gate_closed"),
    "no open gate": ((), words("approve p --actor c1"), 1, "no_open_gate"),
    "never submitted": ((), words("approve p grant --actor c1"), 1, "no_gate_yet"),
    "several open gates": (
        (OPEN, words("submit p refuse --actor app")), words("approve p --actor boss"), 1, "gate_which",
    ),
    "a paper that every vote needs": (
        (words("submit p refuse --actor app"),), words("approve p --actor boss"), 3, "paper_missing",
    ),
    "suspended": (
        (OPEN, ("suspend", "p", "--actor", "reg", *BASIS)), words("approve p --actor c1"), 3, "suspended",
    ),
    "suspended by nobody special": ((), ("suspend", "p", "--actor", "app", *BASIS), 3, "role_missing"),
    "resumed for nothing": ((), ("resume", "p", "--actor", "reg", *BASIS), 3, "not_suspended"),
    "reinstated for nothing": ((), ("reinstate", "p", "--actor", "reg", *BASIS), 3, "not_voided"),
    "returned to nowhere": ((OPEN,), words("return p --actor c1 --to granted --reason r"), 3, "return_unknown"),
    "withdrawn by another": ((OPEN,), words("withdraw p --actor other"), 3, "not_applicant"),
    "withdrawn too late": (ALL_BUT_ONE, words("withdraw p --actor app"), 3, "withdraw_too_late"),
    "retracted by another": (ALL_BUT_ONE, words("retract p --actor c2 --reason r"), 3, "retract_not_yours"),
    "urged twice": ((OPEN, words("urge p --actor app")), words("urge p --actor app"), 3, "urged_today"),
    "copied twice": (
        (OPEN, words("copy p --actor app --to c3")), words("copy p --actor app --to c3"), 3, "already_copied",
    ),
    "copied twice at once": ((OPEN,), words("copy p --actor app --to c3 --to c3"), 1, "copy_to"),
    "read without a copy": ((OPEN,), words("read p --actor c3"), 3, "not_copied"),
    "reply unasked": ((OPEN,), words("reply p --actor other --opinion x"), 3, "not_asked"),
    "transferred to the applicant": ((OPEN,), words("transfer p --actor c1 --to app --reason r"), 3, "duty_applicant"),
    "transferred to oneself": ((OPEN,), words("transfer p --actor c1 --to c1 --reason r"), 3, "transfer_to_self"),
    "transferred to nobody": ((OPEN,), words("transfer p --actor c1 --to nobody --reason r"), 1, "not_found.actor"),
    "unknown task to remove": ((OPEN,), words("signer remove p --actor reg --task 9 --reason r"), 3, "no_task"),
    "too much needed": (
        (OPEN,), words("signer add p --actor boss --signer c3 --reason r --need 9"), 3, "quorum_unreachable",
    ),
    "extended twice": (
        (OPEN, ("extend", "p", "--actor", "reg", "--due", "2999-01-01", *BASIS)),
        ("extend", "p", "--actor", "reg", "--due", "2999-01-02", *BASIS), 3, "extended_before",
    ),
    "due some month": ((), (*OPEN, "--due", "2999-01"), 1, "invalid_day"),
    "waived by the one it binds": ((OPEN,), words("waive p --actor reg --signer reg --reason r"), 3, "waive_second"),
    "a proxy that nobody granted": ((OPEN,), words("approve p --actor c3 --for boss"), 3, "proxy_none"),
    "a proxy for nobody": ((OPEN,), words("approve p --actor c3 --for nobody"), 1, "not_found.actor"),
    "a proxy of nobody": (
        (), words("proxy grant nobody --to c3 --from 2026-01-01 --until 2026-02-01 --number 7 --actor admin"), 1,
        "not_found.actor",
    ),
    "a proxy that ends before it begins": (
        (), words("proxy grant boss --to c3 --from 2026-02-01 --until 2026-01-01 --number 7 --actor boss"), 1,
        "proxy_days",
    ),
    "an unknown proxy": ((), words("proxy revoke boss 9 --reason r --actor boss"), 1, "not_found.grant"),
    "an unknown trigger": ((OPEN,), words("approve p fly --actor c1"), 1, "not_found.trigger"),
    "an unknown key": ((), words("explain nowhere"), 1, "not_found.instance"),
    "an empty reason": ((OPEN,), ("return", "p", "--actor", "c1", "--reason", " "), 1, "required_text"),
    # usage
    "no reason": ((), words("return p --actor c1"), 2, "usage"),
    "no basis": ((), words("suspend p --actor reg --reason r"), 2, "usage"),
    "no actor": ((), words("approve p"), 2, "usage"),
    "no receiver": ((), words("copy p --actor app"), 2, "usage"),
    "no place": ((), words("signer add p --actor boss --signer c3 --reason r --place above"), 2, "usage"),
    "no number": ((), words("proxy revoke boss x --reason r --actor boss"), 2, "usage"),
    "no pair of a paper": ((), words("approve p --actor c1 --paper notice"), 2, "usage"),
    "no such command": ((), words("signer fly"), 2, "usage"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_said_and_changes_nothing(gated: Kfq, what: str) -> None:
    before, args, code, named = BAD[what]
    for earlier in before:
        gated.ok(*earlier)
    entries = gated.entries()
    revision = gated.ok("show", "p", "--json").json["revision"]
    for lang in ("zh", "en"):
        ran = gated(*args, lang=lang)
        assert ran.code == code, ran
        assert ran.out == ""
        assert ran.err.strip()
        assert "Traceback" not in ran.err
        assert any("\u4e00" <= letter <= "\u9fff" for letter in ran.err) == (lang == "zh")
    error = gated(*args, "--json").json["error"]
    assert named in [error["code"], *(refusal["code"] for refusal in error.get("refusals", ()))]
    assert gated.entries() == entries + (3 if code == 3 else 0)
    assert gated.ok("show", "p", "--json").json["revision"] == revision


def test_everybody_of_the_example_is_there(gated: Kfq) -> None:
    assert {actor["id"] for actor in gated.ok("actor", "list", "--json").json["actors"]} == {*PEOPLE, "admin"}


# Inbox


def test_an_inbox_says_what_to_do_what_was_done_and_what_was_started(gated: Kfq) -> None:
    for line in (
        "submit p grant --actor app", "approve p --actor c1", "copy p --actor app --to other",
        "delegate p --actor boss --to other",
    ):  # fmt: skip
        gated.ok(*words(line))

    def boxes(actor: str, box: str) -> list[tuple[str, str]]:
        found = gated.ok("inbox", "--actor", actor, "--box", box, "--json").json
        assert (found["actor"], found["box"]) == (actor, box)
        return [(item["task"], item["box"]) for item in found["items"]]

    assert boxes("c2", "todo") == [("2", "todo")]
    assert boxes("c1", "todo") == []
    assert boxes("c1", "done") == [("1", "done")]
    assert boxes("app", "started") == [("applicant", "mine")]
    assert boxes("other", "todo") == [("ask:3:1", "ask")]
    assert boxes("other", "copied") == [("copy:1", "copy")]
    assert boxes("other", "all") == [("ask:3:1", "ask"), ("copy:1", "copy")]
    text = gated.ok("inbox", "--actor", "c2", lang="zh").out
    for said in ("审批", "以何身份", "批准", "待签署", "经办科室"):
        assert said in text
    assert "The inbox of c1 is empty (to do)" in gated.ok("inbox", "--actor", "c1").out
    assert "c1 的收件箱中没有事项（待办）" in gated.ok("inbox", "--actor", "c1", lang="zh").out
    gated.ok(*words("return p --actor c2 --reason r"))
    assert boxes("app", "todo") == [("applicant", "back")]
    assert "returned" in gated.ok("inbox", "--actor", "app").out


@pytest.mark.parametrize(
    ("args", "code", "named"),
    [
        (("--actor", "nobody"), 1, "not_found.actor"),
        (("--actor", "c1", "--limit", "0"), 1, "invalid_value"),
        (("--actor", "c1", "--limit", "1001"), 1, "invalid_value"),
        (("--actor", "c1", "--box", "attic"), 2, "usage"),
        ((), 2, "usage"),
    ],
)
def test_an_inbox_that_cannot_be_shown(gated: Kfq, args: Args, code: int, named: str) -> None:
    ran = gated("inbox", *args, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (code, named)
