"""Attacks on the log as a whole: what agrees with itself from end to end, and only a checkpoint held outside shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.entry import commitment
from tests.attacked import put_back
from tests.attacks.model import MISSED, Anew, Attack, By, Line
from tests.tampering import TABLES

if TYPE_CHECKING:
    from tests.attacks.model import Hand


def _nothing(_hand: Hand) -> None:
    """All is done in the scene."""


def _another(hand: Hand) -> None:
    """The same acts under another log's name."""
    hand.change("log", {"id": 1}, log="cd" * 16)


def _same_name(hand: Hand) -> None:
    """Another genesis, and so another hash of everything, under the same name."""
    hand.change("entry", {"instance": "~log", "seq": 1}, at=hand.rows("~log")[0].at - 1)


def _older(hand: Hand) -> None:
    assert hand.scene.older is not None
    put_back(hand.connection, hand.scene.older)


def _cut(hand: Hand) -> None:
    """Take away the entries after the older checkpoint and its seal, with their places."""
    size = hand.scene.anchors[0].checkpoint.size
    chain, log = hand.rows("o"), hand.rows("~log")
    hand.remove("text", instance="o", seq=8)
    for key, row, newest in (("o", chain[6], 8), ("~log", log[2], 4)):
        rev = {"rev": row.seq} if key == "~log" else {}
        hand.change("instance", {"key": key}, seq=row.seq, head=row.leaf, at=row.at, **rev)
        hand.change("sealed", {"instance": key}, seq=row.seq, leaf=row.leaf)
        hand.remove("entry", instance=key, seq=newest)
    hand.connection.execute(TABLES.leaf.delete().where(TABLES.leaf.c.position >= size))
    hand.connection.execute(TABLES.checkpoint.delete().where(TABLES.checkpoint.c.size > size))


def _newest(hand: Hand) -> None:
    hand.change("entry", {"instance": "o", "seq": 8}, via="elsewhere")


def _impersonated(hand: Hand) -> None:
    salt, words = b"\x01" * 16, "同意"
    hand.act("o", "annotated", "authority", {"texts": {"note": commitment(salt, "note", words)}})
    hand.add("text", instance="o", seq=8, field="note", salt=salt, value=words)


ATTACKS = (
    Attack("replaced", Line.REPLACE, "换成另一个自洽的数据库", "replace the database by another one that agrees with itself",
           _another, MISSED, "anchor other_log", anew=Anew.ALL),
    Attack("replaced, same name", Line.REPLACE, "换成同名、全部重算的数据库", "replace it by one of the same name, all re-hashed",
           _same_name, MISSED, "anchor root_differs", anew=Anew.ALL),
    Attack("two histories", Line.FORK, "给两名审计人员看两种历史", "show two histories to two auditors, who compare",
           _nothing, MISSED, "anchor fork; anchor root_differs", scene="two_histories"),
    Attack("restored", Line.RESTORE, "恢复昨天的备份", "restore yesterday's backup", _older, MISSED, "anchor size_shrunk",
           scene="later"),
    Attack("restored, went on", Line.RESTORE, "恢复备份后又长过了原来的长度", "restore a backup, and grow beyond what was there",
           _nothing, MISSED, "anchor root_differs", scene="went_on"),
    Attack("cut", Line.CUT, "恰在较早的检查点处截尾", "cut the tail exactly at an older checkpoint", _cut, MISSED,
           "anchor size_shrunk", scene="later"),
    Attack("cut, older held", Line.CUT, "恰在所持的唯一检查点处截尾", "cut the tail exactly at the only checkpoint that is held",
           _cut, MISSED, MISSED, scene="older_held"),
    Attack("newest", Line.COLUMN, "改动比所持检查点都新的记录", "edit an entry newer than every checkpoint held",
           _newest, MISSED, MISSED, anew=Anew.HASHES, scene="newer"),
    Attack("impersonated", Line.INSERT, "以他人名义办理，写得与本库所写一样", "act in another's name, written as the library writes",
           _impersonated, MISSED, MISSED, by=By.APPLICATION),
)  # fmt: skip
