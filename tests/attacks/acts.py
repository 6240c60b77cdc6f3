"""Attacks on what an entry says: acts that the rules forbid, with everything made anew; and a second spelling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import canonical
from tests.attacks.entries import RIPPLE, edit, three
from tests.attacks.model import Anew, Attack, Line

if TYPE_CHECKING:
    from tests.attacks.entries import Do
    from tests.attacks.model import Hand


def said(**parts: Any) -> Do:
    """Change what the body of the entry says; None takes a part out."""

    def do(hand: Hand) -> None:
        body = {**json.loads(hand.rows("o")[hand.seq - 1].body), **parts}
        edit(body=canonical({name: value for name, value in body.items() if value is not None}))(hand)

    return do


def at(seq: int, do: Do) -> Do:
    """Do it to one entry."""

    def there(hand: Hand) -> None:
        hand.seq = seq
        do(hand)

    return there


_FORBIDDEN: tuple[tuple[str, int, Do, str], ...] = (
    ("without the role", 4, edit(actor="authority"), "replay not_allowed o 4"),
    ("another state before", 7, said(was={"main": "draft"}), "replay was_differs o 7"),
    ("another state after", 7, said(set={"main": "refused"}), "replay set_differs o 7"),
    ("a state that is none", 7, said(set={"main": "nowhere"}), "replay set_differs o 7"),
    ("no states", 7, said(set=["main"]),
     "replay malformed o 7; cache state o 7; cache phase o 7; cache snapshot o 7"),
    ("an unknown trigger", 7, said(trigger="nothing"), "replay unknown_trigger o 7"),
    ("not from this state", 7, said(trigger="submit"), "replay not_allowed o 7"),
    ("rests on nothing", 7, said(rests=None), "replay rests_differs o 7"),
    ("another transition", 7, said(transition="other"), "replay transition_differs o 7"),
    ("another memory", 7, said(remembers="main"), "replay remembers_differs o 7"),
    ("late, and not so marked", 7, said(**{"for": {"ground": "late", "id": "clerk"}}), "replay late_unmarked o 7"),
    ("marked late, and not so", 7, said(mode="late"),
     "replay late_flags o 7; replay actor_role o 7; replay malformed o 7"),
    ("a day that is another", 7, said(on={"edtf": "2020", "hi": "2020-12-31", "lo": "2020-01-02"}),
     "replay date_differs o 7; replay date_order o 7"),
    ("a day that is none", 7, said(on={"edtf": "2020-13", "hi": "2020-12-31", "lo": "2020-01-01"}),
     "replay date_malformed o 7; replay date_order o 7"),
    ("a day before its reasons", 7, said(on={"edtf": "2001", "hi": "2001-12-31", "lo": "2001-01-01"}),
     "replay date_order o 7"),
    ("no day", 7, said(on=None), "replay date_missing o 7"),
    ("cites what is not there", 7, said(seen=[{"instance": "o", "leaf": "00" * 32, "seq": 99}]),
     "replay seen_missing o 7; replay seen_differs o 7"),
    ("an answer that nobody gave", 7, said(attested={"quota@1": {"answer": True}}), "replay attested_differs o 7"),
    ("a kind for elsewhere", 7, edit(kind="genesis"), "replay kind_place o 7"),
    ("a move called a note", 7, edit(kind="annotated"), "replay set_differs o 7"),
    ("not started", 1, edit(kind="fired"), "replay not_started o 1; replay unknown_trigger o 1"),
    ("started twice", 7, edit(kind="started"),
     "replay not_first o 7; replay actor_role o 7; replay set_differs o 7; replay was_differs o 7; "
     "replay workflow_differs o 7"),
    ("another workflow", 1, said(workflow="case"), "replay workflow_differs o 1; cache workflow o 7"),
    ("an attribute that is none", 1, said(attrs={"colour": "red"}), "replay attributes o 1"),
    ("of another root", 1, said(root="o"), "replay root_differs o 1; cache root o 7"),
    ("of a root that is none", 1, said(root="nowhere"), "replay root_missing o 1; cache root o 7"),
)  # fmt: skip
_FORBIDDEN_ZH = (
    "没有角色", "另一个原状态", "另一个新状态", "不存在的状态", "状态不成形", "未知的动作", "此状态下不许", "不依据任何条件", "另一条转移",
    "另一处记忆", "补录而未标明", "标为补录而不是", "另一个日子", "不成日期", "早于其依据的日子", "没有日子", "引用不存在的记录",
    "没有人给过的答复", "不属此处的种类", "把转移写成备注", "没有启动", "启动两次", "另一个流程", "未声明的属性", "另一个所属", "不存在的所属",
)  # fmt: skip
FORBIDDEN = (
    *(
        Attack(f"forbidden: {en}", Line.ILLEGAL, f"写成规则不许的行为：{zh}", f"an act that the rules forbid: {en}",
               at(seq, do), found, anew=Anew.ALL)
        for (en, seq, do, found), zh in zip(_FORBIDDEN, _FORBIDDEN_ZH, strict=True)
    ),
    Attack("unknown actor", Line.ILLEGAL, "写成没有登记的人所办", "an act of somebody who is not on record",
           at(7, edit(actor="nobody")), "replay actor_unknown o 7", anew=Anew.ALL, verdict="self-consistent"),
)  # fmt: skip

# A second spelling, in the body


def _spelled(old: str, new: str) -> Do:
    def do(hand: Hand) -> None:
        row = hand.rows("o")[6]
        assert old in row.body
        edit(body=row.body.replace(old, new, 1))(hand)

    return at(7, do)


_UNREAD = "bytes not_canonical o 7; cache state o 7; cache phase o 7; cache snapshot o 7"
_SPELLINGS = (
    ('{"', '{"mode":"live","', "同一个键两次", "a key twice"),
    ('{"', '{"a":NaN,"', "NaN", "NaN"),
    ('{"', '{"a":1.0,"', "小数", "a float"),
    ('{"', '{"a":9007199254740993,"', "2⁵³+1", "2⁵³+1"),
    ('{"', '{"a":1_0,"', "数字 1_0", "the number 1_0"),
    ('":', '": ', "多一个空格", "a space more"),
    ('"trigger"', '"tri\\u0067ger"', "另一种转义", "another escape"),
)
SPELLINGS = tuple(
    attack
    for old, new, zh, en in _SPELLINGS
    for attack in three(
        Attack(f"spelt: {en}", Line.SPELLING, f"正文的另一种写法：{zh}", f"a body spelt otherwise: {en}",
               _spelled(old, new), f"bytes leaf o 7; {_UNREAD}"),
        f"{_UNREAD}; {RIPPLE.format(n=7)}", _UNREAD,
    )
)  # fmt: skip

ATTACKS = (*FORBIDDEN, *SPELLINGS)
