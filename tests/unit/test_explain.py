"""Why something waits: in words, and what would decide it tried against every way in which the votes may fall."""

from __future__ import annotations

import string
from itertools import permutations, product
from typing import Any

import pytest

from kfq_workflow.approval.explain import Made, Sources, explain
from kfq_workflow.approval.prospect import prospect
from kfq_workflow.approval.quorum import tally
from kfq_workflow.approval.sentences import WAITING
from kfq_workflow.approval.waiting import EndedRound, GateWaiting, MovesWaiting, Standstill, Waiting
from kfq_workflow.decision import available
from kfq_workflow.definition import model as m
from kfq_workflow.machine import Rules
from kfq_workflow.state import Snapshot
from tests.workflows import permit

SIGNERS = (m.Signer("clerks", "role", "clerk", seats=2), m.Signer("boss", "role", "authority", veto=True))
QUORUMS = [
    m.Quorum("all"),
    m.Quorum("any"),
    m.Quorum("count", need=2),
    m.Quorum("ratio", ratio="2/3"),
    m.Quorum("ratio", ratio="1/2", strict=True, abstain="excluded"),
    m.Quorum("weight", need=5),
    m.Quorum("all", abstain="excluded"),
]


def gated(quorum: m.Quorum, *, signers: tuple[m.Signer, ...] = SIGNERS, **more: Any) -> Rules:
    """A permit whose grant is signed; its survey guard is left out."""
    gate = m.Gate(signers, quorum, **more)
    transitions = tuple(
        m.Transition("grant", "grant", "main", ("review",), m.Target("state", "granted"), ("applicant",), gate=gate)
        if rule.id == "grant"
        else rule
        for rule in permit().transitions
    )
    may = m.Permissions(start=frozenset({"applicant"}), supervise=frozenset({"clerk"}))
    return Rules(permit(transitions=transitions, guards={}, permissions=may))


def task(of: str, state: str = "open", **more: Any) -> dict[str, Any]:
    kind = more.pop("kind", "role")
    return {"seat": of, "kind": kind, "of": of, "step": 1, "state": state, "since": 3, **more}


def gate(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "round": 1, "state": "open", "opened": 3, "by": "app",
        "tasks": {str(number): each for number, each in enumerate(tasks, 1)}, **more,
    }  # fmt: skip


NAMES = {"app": "申请人 | Applicant", "c1": "张三"}
SOURCES = Sources(lambda seq: Made(f"2026-01-{seq:02}", "c1", "文〔2026〕1号"), lambda id_: NAMES.get(id_, ""))


def waiting(rules: Rules, snapshot: Snapshot) -> list[Waiting]:
    return explain(rules.definition, snapshot, SOURCES, available(rules, snapshot))


def one(stored: dict[str, Any], quorum: m.Quorum, **more: Any) -> GateWaiting:
    rules = gated(quorum, **more)
    (found,) = waiting(rules, Snapshot(regions={"main": "review", "survey": "none"}, gates={"grant": stored}))
    assert isinstance(found, GateWaiting)
    return found


# What would decide it


@pytest.mark.parametrize("quorum", QUORUMS, ids=lambda quorum: f"{quorum.kind} {quorum.abstain}")
@pytest.mark.parametrize("veto", [False, True])
@pytest.mark.parametrize("voted", [(), ("approved",), ("rejected",), ("abstained",), ("approved", "abstained")])
def test_the_fewest_votes_are_those_that_brute_force_finds(
    quorum: m.Quorum,
    *,
    veto: bool,
    voted: tuple[str, ...],
) -> None:
    open_ = [task("boss", veto=veto, weight=3), task("clerk"), task("clerk", weight=2), task("clerk")]
    tasks = {str(n): each for n, each in enumerate([*(task("x", state) for state in voted), *open_], 1)}
    if tally(quorum, tasks.values()).outcome() is not None:
        return
    found = prospect(quorum, tasks)
    pending = [number for number, each in tasks.items() if each["state"] == "open"]

    def fewest(vote: str, outcome: str, among: list[str]) -> int | None:
        for count in range(1, len(among) + 1):
            for chosen in permutations(among, count):
                tried = {n: {**each, "state": vote} if n in chosen else each for n, each in tasks.items()}
                if tally(quorum, tried.values()).outcome() == outcome:
                    return count
        return None

    assert found.approvals == fewest("approved", "approved", pending)
    assert found.rejections == fewest("rejected", "rejected", [n for n in pending if not tasks[n].get("veto")])
    both = [fewest("abstained", outcome, pending) for outcome in ("approved", "rejected")]
    assert found.abstentions in both
    assert found.vetoes == tuple(n for n in pending if tasks[n].get("veto"))


@pytest.mark.parametrize("need", [0, 1, 2, 3])
def test_a_gate_that_waits_for_all_is_decided_by_the_votes_to_come_as_it_says(need: int) -> None:
    quorum = m.Quorum("count", need=need, wait=True)
    tasks = {str(n): task("clerk") for n in (1, 2, 3)}
    found = prospect(quorum, tasks)
    for votes in product(("approved", "rejected"), repeat=3):
        tried = [{**each, "state": vote} for each, vote in zip(tasks.values(), votes, strict=True)]
        approvals, outcome = votes.count("approved"), tally(quorum, tried).outcome(wait=True)
        assert found.approvals is not None
        assert (outcome == "approved") == (approvals >= found.approvals)
        assert (outcome == "rejected") == (found.rejections is not None and 3 - approvals >= found.rejections)


# In words


def test_an_open_gate_says_on_whom_by_which_rule_and_what_decides() -> None:
    stored = gate(
        task("clerk", "approved", by="c1", since=4, vote=4),
        task("clerk", asked={"x": {"seq": 5}, "y": {"seq": 5, "replied": 6}}),
        task("authority", veto=True),
        urged={"app": "2026-01-05"}, due="2026-02-01", extended=7, waived={"c1": ["a"], "c2": ["a", "b"]},
    )  # fmt: skip
    found = one(stored, m.Quorum("ratio", ratio="2/3"), papers=("notice",))
    assert found.text("en").splitlines() == [
        "grant the permit (grant) is under approval (round 1)",
        "  since: 2026-01-03 (entry 3), submitted by Applicant (app)",
        "  waits for: task 2: role clerk, since 2026-01-03",
        "    task 3: role authority, with a veto, since 2026-01-03",
        "  voted: task 1: 张三 (c1) approved, 2026-01-04",
        "  rule: at least 2/3 of those asked must approve (2 of 3); in any order; "
        "an abstention counts among those asked and is no approval; every vote needs: notice",
        "  so far: 1 approved, 0 rejected, 0 abstained, 2 to come (of 3)",
        "  decided by: 1 more approval, that of role authority, approves it",
        "    2 more abstentions reject it as well",
        "    a rejection by role authority rejects it (veto)",
        "  urged by: Applicant (app), 2026-01-05",
        "  asked: x (task 2), since 2026-01-05, no answer yet",
        "    y (task 2), answered 2026-01-06",
        "  waived for: 张三 (c1): by a; a second person must confirm",
        "    c2: by a, b",
        "  due: 2026-02-01 (extended, entry 7)",
    ]
    zh = found.text("zh")
    for words in (
        "“批准（grant）”正在审批（第 1 轮）", "提交人：申请人（app）", "等待：任务 2：角色 clerk",
        "主管部门（角色 authority），有否决权", "已签：任务 1：张三（c1），同意", "至少 2/3 同意（3 中的 2）",
        "再有 1 票同意（须是：主管部门（角色 authority））即通过", "一票否决：主管部门",
        "期限：2026-02-01（已延期，第 7 条记录）",
    ):  # fmt: skip
        assert words in zh


def test_those_behind_and_those_who_are_blocked_are_named() -> None:
    behind = one(gate(task("clerk"), task("authority", "waiting", step=2)), m.Quorum("all"))
    assert "  then: task 2: role authority, step 2, since 2026-01-03" in behind.text()
    assert "one after another" in behind.text()
    blocked = one(gate(task("clerk", "blocked")), m.Quorum("any"))
    assert blocked.blocked
    assert "stopped while it is suspended" in blocked.text()


@pytest.mark.parametrize(
    ("quorum", "more", "zh", "en"),
    [
        (m.Quorum("all"), {}, "全部同意（会签），共 3", "all 3 must approve"),
        (m.Quorum("any"), {}, "一人同意即可（或签）", "one approval is enough"),
        (m.Quorum("count", need=2), {}, "3 人中至少 2 人同意", "at least 2 of 3 must approve"),
        (m.Quorum("ratio", ratio="1/2", strict=True), {}, "超过 1/2 同意（3 中的 2）", "more than 1/2 of those asked"),
        (m.Quorum("ratio", ratio="1/2", strict=True), {"need": 3}, "签署人变更后须 3", "since the signers changed, 3"),
        (
            m.Quorum("ratio", ratio="1/2"),
            {"settled": {"2": {"by": "c1"}}},
            "退回前的 1 票同意继续有效",
            "1 approvals given before it was returned",
        ),
        (m.Quorum("weight", need=3), {}, "同意的权重至少 3", "approvals of weight 3 more approve it"),
        (m.Quorum("count", need=0, wait=True), {}, "听取意见", "approved when everybody has voted"),
        (m.Quorum("all", wait=True), {}, "人人签署后才有结果", "if 3 or more of the votes to come approve"),
        (m.Quorum("all", abstain="excluded"), {}, "弃权不计入总数", "an abstention is not counted"),
    ],
)
def test_quorums_in_words(quorum: m.Quorum, more: dict[str, Any], zh: str, en: str) -> None:
    found = one(gate(task("clerk"), task("clerk"), task("a", kind="org", weight=2), **more), quorum)
    assert zh in found.text("zh")
    assert en in found.text("en")
    assert "anybody of a, weight 2" in found.text("en")


def test_a_proxy_is_shown_with_whom_it_signed_for() -> None:
    voted = task("c9", "rejected", kind="actor", by="c1", since=4, **{"for": "c9"})
    assert "张三 (c1) (for c9) rejected" in one(gate(voted, task("clerk"), task("clerk")), m.Quorum("any")).text()


def test_suspended_void_returned_and_ended() -> None:
    rules = gated(m.Quorum("any"))
    at: dict[str, Any] = {"regions": {"main": "review", "survey": "none"}}
    (held,) = waiting(rules, Snapshot(**at, held={"seq": 4}))
    assert isinstance(held, Standstill)
    assert held.text().splitlines()[1:] == [
        "  since: 2026-01-04 (entry 4), by 张三 (c1)", "  on the basis of: 文〔2026〕1号",
        "  to lift it: kfq resume, by clerk",
    ]  # fmt: skip
    (void,) = waiting(
        rules, Snapshot(**at, voided={"seq": 4}, gates={"grant": gate(task("clerk"), state="void", closed=4)})
    )
    assert "kfq reinstate" in void.text("zh")
    for state, words in (
        ("returned", "waits to be corrected"), ("rejected", "was rejected"), ("withdrawn", "was withdrawn"),
        ("void", "was voided"),
    ):  # fmt: skip
        ended, moves = waiting(rules, Snapshot(**at, gates={"grant": gate(task("clerk"), state=state, closed=5)}))
        assert isinstance(ended, EndedRound)
        assert words in ended.text()
        assert ("kfq submit" in ended.text()) == (state == "returned")
        assert isinstance(moves, MovesWaiting)
    back = gate(task("clerk"), state="returned", closed=5, returned={"by": "1", "to": "draft"})
    ended, _ = waiting(rules, Snapshot(regions={"main": "draft"}, gates={"grant": back}))
    assert "returned to draft" in ended.text()
    (moves,) = waiting(rules, Snapshot(**at, gates={"grant": back}))
    assert isinstance(moves, MovesWaiting)


def test_without_an_open_gate_the_moves_are_named_with_roles_and_papers() -> None:
    rules = gated(m.Quorum("any"))
    (moves,) = waiting(rules, Snapshot(regions={"main": "draft"}))
    assert "submit → under review, by applicant, needs request" in moves.text()
    (moves,) = waiting(rules, Snapshot(regions={"main": "review", "survey": "none"}))
    assert "grant the permit (grant) → granted, submitted for approval by applicant" in moves.text()
    (moves,) = waiting(rules, Snapshot(regions={"main": "refused"}))
    assert moves.text() == "It is closed and waits for nobody"
    rules = Rules(permit())
    (moves,) = waiting(rules, Snapshot(regions={"main": "review", "survey": "none"}))
    assert "not yet: grant the permit (grant): " in moves.text()


def test_both_languages_take_the_same_values() -> None:
    for code, texts in WAITING.items():
        zh, en = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts)
        assert zh == en, code
