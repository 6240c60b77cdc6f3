"""Attacks on approvals, erasure, document numbers, calendars, keys and recoveries, by an owner.

Of the gated permit `g`: 1 started, 2 submitted, 3 opened, 4 delegated, 5 to 7 voted by c1, c2 and boss, who decides. Of
`r`: 3 a note, 4 its erasure proposed by rec, 5 confirmed by chief. Of `u`: 4 urged. `w` was voided by 3, with its number.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.numbers import numbered
from kfq_workflow.audit import keyfile
from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.note import Note, sign
from kfq_workflow.audit.statements import Handover, Revocation
from kfq_workflow.entry import canonical
from tests.attacked import ERASED, NUMBER, OTHER_NUMBER
from tests.attacks.model import MISSED, Anew, Attack, By, Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attacks.model import Hand

    Do = Callable[[Hand], None]
    Body = dict[str, Any]

DIFFERS = "anchor root_differs"


def edited(key: str, seq: int, edit: Callable[[Body], object], **columns: Any) -> Do:
    """Change what the body of an entry says, and columns beside it."""

    def do(hand: Hand) -> None:
        body = json.loads(hand.rows(key)[seq - 1].body)
        edit(body)
        hand.change("entry", {"instance": key, "seq": seq}, body=canonical(body), **columns)

    return do


def gates(body: Body) -> Body:
    """Return the patch of the gate in a body."""
    found: Body = body["gates"]["grant"]
    return found


def twice(attack: Attack, sealed: str, anchored: str = DIFFERS, *, verdict: str = "tampered") -> tuple[Attack, Attack]:
    """Return an attack as it is, and with everything hashed and sealed anew."""
    return attack, replace(
        attack, name=f"{attack.name}, sealed", alone=sealed, anchored=anchored, anew=Anew.ALL, verdict=verdict
    )


_VOTES: tuple[tuple[str, str, int, Callable[[Body], object], str], ...] = (
    ("同意改为不同意", "a vote turned round", 5, lambda body: body.update(vote="reject"), "gates_differs"),
    ("任务的结果", "the outcome of a duty", 5, lambda body: gates(body)["tasks"]["1"].update(state="rejected"), "gates_differs"),
    ("谁签的", "who signed", 5, lambda body: gates(body)["tasks"]["1"].update(by="c3"), "gates_differs"),
    ("票数", "a tally", 6, lambda body: gates(body)["tally"].update(approve=3), "gates_differs"),
    ("所需票数", "the need", 3, lambda body: gates(body)["tally"].update(need=1), "gates_differs"),
    ("由谁表决", "whom a duty is of", 3, lambda body: gates(body)["tasks"]["3"].update(of="clerk"), "gates_differs"),
    ("所绑定内容的摘要", "the digest of what was submitted", 3, lambda body: gates(body).update(bound="00" * 32), "gates_differs"),
    ("候选人", "a candidate", 3, lambda body: body["candidates"].update(boss=["x"]), "candidate"),
    ("关口的结果", "the outcome of the gate", 7, lambda body: gates(body).update(state="rejected"), "gates_differs"),
    ("决定性的一票而不转移", "a deciding vote that moves nothing", 7, lambda body: body.pop("set"), "set_differs"),
    ("问了谁", "who was asked", 4, lambda body: gates(body)["tasks"]["3"]["asked"].update(c3={"seq": 4}), "gates_differs"),
)  # fmt: skip
VOTES = tuple(
    attack
    for zh, en, seq, edit, kind in _VOTES
    for attack in twice(
        Attack(f"gate: {en}", Line.VOTE, f"改动表决记录：{zh}", f"edit an approval: {en}", edited("g", seq, edit),
               f"bytes leaf g {seq}; replay {kind} g {seq}; …"),
        f"replay {kind} g {seq}; …",
    )
)  # fmt: skip


def _dropped(seq: int) -> Do:
    return lambda hand: hand.remove("entry", instance="g", seq=seq)


def _other_voter(body: Body) -> None:
    gates(body)["tasks"]["2"].update(by="c3")


DROPPED = (
    *twice(Attack("vote dropped", Line.VOTE, "删除一票", "drop a vote", _dropped(6),
                  "chain gap g 7; chain prev g 7; replay gates_differs g 7; replay set_differs g 7; cache snapshot g 7; "
                  "cache task_differs g; tree place_orphan g 6"),
           "replay gates_differs g 6; replay set_differs g 6", "anchor size_shrunk"),
    *twice(Attack("deciding vote dropped", Line.VOTE, "删除决定性的一票", "drop the deciding vote", _dropped(7),
                  "cache seq g 6; cache head g 6; cache at g 6; cache rev g 6; cache state g 6; cache phase g 6; "
                  "cache snapshot g 6; cache task_differs g; tree place_orphan g 7"), MISSED, "anchor size_shrunk"),
    *twice(Attack("another voter", Line.VOTE, "把一票记到另一个也有权表决的人名下", "give a vote to another who could have cast it",
                  edited("g", 6, _other_voter, actor="c3"),
                  "bytes leaf g 6; cache snapshot g 7; cache task_differs g"), MISSED),
)  # fmt: skip

# Erasure


def _alone(hand: Hand) -> None:
    hand.change("entry", {"instance": "r", "seq": 5}, actor="rec")


def _unproposed(hand: Hand) -> None:
    """An erasure of another text that nobody proposed, and the text is gone."""
    body = json.loads(hand.rows("r")[4].body)
    body["erases"] = [{"field": "name", "seq": 1}]
    hand.act("r", "redacted", "chief", body)
    hand.remove("text", instance="r", seq=1, field="name")


def _never(body: Body) -> None:
    body["erases"] = [{"field": "never", "seq": ERASED[0]}]


ERASURE = (
    *twice(Attack("erasure: alone", Line.ERASURE, "一个人既提出又确认删除", "one person proposes an erasure and confirms it", _alone,
                  "bytes leaf r 5; replay actor_role r 5; replay second_person r 5"),
           "replay actor_role r 5; replay second_person r 5"),
    Attack("erasure: not proposed", Line.ERASURE, "没有提议就删除一段文字，并写成记录", "erase a text that nobody proposed, with an entry that says so",
           _unproposed, "replay erases_differs r 6; replay proposal_settled r 6"),
    *twice(Attack("erasure: of nothing", Line.ERASURE, "删除从未有过的文字", "erase what never was", edited("r", 5, _never),
                  "bytes leaf r 5; replay erased_unknown r 5; replay erases_differs r 5; text missing r 3"),
           "replay erased_unknown r 5; replay erases_differs r 5; text missing r 3"),
)  # fmt: skip

# Numbers and calendars

_RETIRED = numbered("request", NUMBER).chain


def _unretired(hand: Hand) -> None:
    hand.remove("instance", key=_RETIRED)
    hand.remove("entry", instance=_RETIRED)


def _reused(by: int) -> Do:
    def do(hand: Hand) -> None:
        row = hand.rows("r")[1]
        assert OTHER_NUMBER in row.body
        hand.change("entry", {"instance": "r", "seq": 2}, body=row.body.replace(OTHER_NUMBER, NUMBER))
        for each in hand.rows("r")[1:]:
            hand.change("entry", {"instance": "r", "seq": each.seq}, at=each.at + by)

    return do


def _urged(body: Body) -> None:
    gates(body)["urged"] = {"app": "2020-01-02"}


NUMBERS = (
    *twice(Attack("number: released", Line.NUMBER, "拿走作废文号的登记", "take away that a number was retired", _unretired,
                  f"replay retired_missing w 3; tree place_orphan {_RETIRED} 1"), "replay retired_missing w 3",
           "anchor size_shrunk"),
    *twice(Attack("number: used again", Line.NUMBER, "把作废的文号再用一次", "use a retired number again", _reused(0),
                  "bytes leaf r 2; replay number_overlap r 2"), "replay number_overlap r 2", verdict="self-consistent"),
    *twice(Attack("number: used again later", Line.NUMBER, "一小时后把作废的文号再用一次", "use a retired number again, an hour later",
                  _reused(3_600_000_000), "bytes leaf r 2-5; replay not_allowed r 2; cache at r 5"),
           "replay not_allowed r 2"),
    *twice(Attack("calendar: another day", Line.CALENDAR, "催办记在另一天", "urge for another day", edited("u", 4, _urged),
                  "bytes leaf u 4; replay gates_differs u 4; cache snapshot u 5"), "replay gates_differs u 4"),
    *twice(Attack("calendar: not in force", Line.CALENDAR, "催办依据没有生效的日历", "urge by a calendar that was not in force",
                  edited("u", 4, lambda body: body.update(calendar="00" * 32)),
                  "bytes leaf u 4; replay calendar u 4; replay gates_differs u 4"), "replay calendar u 4; replay gates_differs u 4"),
)  # fmt: skip

# Keys: in the scene the log's key was handed over, and the auditor trusts the first


def _public(hand: Hand, name: str) -> Any:
    return keyfile.load(hand.scene.folder / name).key


def _now(hand: Hand) -> Checkpoint:
    return hand.scene.anchors[0].checkpoint


def _says(hand: Hand, text: str, *names: str) -> None:
    """Put a statement on record that these keys have signed."""
    note = Note(text, tuple(sign(text, keyfile.load(hand.scene.folder / name)) for name in names))
    hand.act("~log", "keyed", "system", {"note": str(note)}, moves=True)


def _stolen(hand: Hand) -> None:
    _says(hand, str(Handover(_now(hand), _public(hand, "office.key"), _public(hand, "thief"))), "office.key", "thief")


def _unsigned(hand: Hand) -> None:
    _says(hand, str(Handover(_now(hand), _public(hand, "next"), _public(hand, "thief"))), "thief")


def _other_log(hand: Hand) -> None:
    now = _now(hand)
    there = Checkpoint("kfq/" + "0" * 32, now.size, now.root)
    _says(hand, str(Handover(there, _public(hand, "next"), _public(hand, "thief"))), "next", "thief")


def _foreign(hand: Hand) -> None:
    _says(hand, str(Revocation(_now(hand), _public(hand, "next"), "compromised", 1)), "office.key")


def _no_statement(hand: Hand) -> None:
    hand.act("~log", "keyed", "system", {"note": "x"}, moves=True)


def _rewritten(hand: Hand) -> None:
    """Name the thief's key in the place of the next one."""
    one, two = (str(_public(hand, name)) for name in ("next", "thief"))
    edited("~log", 4, lambda body: body.update(note=body["note"].replace(one, two)))(hand)


KEYS = (
    *(Attack(f"key: {name}", Line.KEY, zh, en, do, found, by=By.APPLICATION, scene="handed_over")
      for name, zh, en, do, found in (
        ("second handover", "用失窃的旧密钥再移交一次", "hand over a second time, with the old key that was stolen", _stolen, "tree handover_second ~log 6"),
        ("not signed", "移交声明没有原密钥的签名", "a handover that the key before has not signed", _unsigned, "tree statement_bad ~log 6"),
        ("of another log", "另一个日志的移交声明", "the handover of another log", _other_log, "tree other_log ~log 6"),
        ("foreign revocation", "由无权者吊销密钥", "a revocation by a key that may not", _foreign, "tree revocation_foreign ~log 6"),
        ("no statement", "不成形的声明", "a statement that is none", _no_statement, "replay malformed ~log 6"),
    )),
    Attack("key: handover rewritten", Line.KEY, "改写在案的移交声明并重算散列", "rewrite the handover on record, and re-hash",
           _rewritten, "tree statement_bad ~log 4; …", scene="handed_over", anew=Anew.HASHES),
)  # fmt: skip

# Recoveries: in the scene the log was restored from a backup, and says so in entry 4 of `~log`


def _recovery(**parts: Any) -> Do:
    return edited("~log", 4, lambda body: body.update(parts))


def _lost(body: Body) -> None:
    body["lost"][0]["root"] = "00" * 32


RECOVERIES = tuple(
    Attack(f"recovery: {en}", Line.RESTORE, f"登记的恢复另有说法：{zh}", f"a recovery that says otherwise: {en}", do, found,
           scene="recovered", anew=Anew.HASHES)
    for zh, en, do, found in (
        ("次数", "its number", _recovery(incarnation=1), "replay malformed ~log 4; …"),
        ("保留了多少", "what was left", _recovery(kept={"root": "00" * 32, "size": 12}),
         "tree recovery_kept ~log 4; tree recovery_overstated; tree recovered ~log 4; …"),
        ("丢失了哪个检查点", "which checkpoint was lost", edited("~log", 4, _lost), "tree fork; tree recovered ~log 4; …"),
        ("什么也没丢", "that nothing was lost", _recovery(lost=[]), "replay malformed ~log 4; …"),
    )
)  # fmt: skip

ATTACKS = (*VOTES, *DROPPED, *ERASURE, *NUMBERS, *KEYS, *RECOVERIES)
