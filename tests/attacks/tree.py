"""Attacks on the tree over all entries: leaves, seals, and the checkpoints that the log keeps."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import canonical
from tests.attacks.model import MISSED, Anew, Attack, Line
from tests.attacks.stored import APP, gone, more, other
from tests.tampering import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attacks.model import Hand
    from tests.attacks.stored import Do


def _places(hand: Hand) -> list[dict[str, Any]]:
    return sorted(
        (each for each in hand.scene.saved["kfq_leaf"] if each["instance"] == "o"), key=lambda each: each["seq"]
    )


def _exchanged(hand: Hand) -> None:
    one, two = (each["position"] for each in _places(hand)[2:4])
    for before, after in ((one, 999), (two, one), (999, two)):
        hand.change("leaf", {"position": before}, position=after)


def _unsealed(hand: Hand) -> None:
    """Place an entry that no seal placed."""
    size = len(hand.scene.saved["kfq_leaf"])
    hand.add("leaf", position=size, leaf=b"\x01" * 32, node=b"\x01" * 32, instance="o", seq=8)


def _node(hand: Hand) -> None:
    hand.change("leaf", {"position": 31}, node=b"\x01" * 32)


def _seal(**parts: Any) -> Do:
    def do(hand: Hand) -> None:
        seal = hand.rows("~log")[2]
        hand.change("entry", {"instance": "~log", "seq": 3}, body=canonical({**json.loads(seal.body), **parts}))

    return do


_SEAL = "tree heads_differ ~log 3; tree leaf_differs ~log 3; tree root_differs; cache sealed_differs ~log 3"
TREE = (
    Attack("leaf", Line.TREE, "改动封存的叶", "change a sealed leaf", other("leaf", {"instance": "o", "seq": 3}, leaf=b"\x01" * 32),
           "tree leaf_differs o 3; tree node_differs o 3"),
    Attack("leaf: node", Line.TREE, "改动由此作证的结点", "change a node that proofs are made from", _node,
           "tree node_differs r 2"),
    Attack("leaf: exchanged", Line.TREE, "对调两片叶的位置", "exchange the places of two leaves", _exchanged,
           "tree position_moved o 4; tree position_missing o 3; tree position_missing o 5; tree node_differs o 4"),
    Attack("leaf: gone", Line.TREE, "删除一片叶", "delete a leaf", gone("leaf", instance="o", seq=4),
           "tree entry_unplaced o 4; tree position_missing o 5"),
    Attack("leaf: last gone", Line.TREE, "删除实例的最后一片叶", "delete the last leaf of an instance", gone("leaf", instance="o", seq=7),
           "tree position_missing p 1; tree heads_differ ~log 3; cache sealed_differs o 6"),
    Attack("leaf: added", Line.TREE, "添一片没有封存的叶", "add a leaf that no seal placed", _unsealed,
           "tree position_unsealed o 8; tree place_orphan o 8; tree node_differs o 8; cache sealed_differs o 8", by=APP),
    Attack("sealed: seq", Line.TREE, "改动“封存到哪一条”", "change how far an instance is sealed",
           other("sealed", {"instance": "o"}, seq=6), "cache sealed_differs o 7", by=APP),
    Attack("sealed: leaf", Line.TREE, "改动“封存到哪片叶”", "change up to which leaf an instance is sealed",
           other("sealed", {"instance": "o"}, leaf=b"\x01" * 32), "cache sealed_differs o 7", by=APP),
    Attack("sealed: added", Line.TREE, "说不存在的实例已封存", "say that an instance is sealed that is none",
           more("sealed", instance="none", seq=1, leaf=b"\x01" * 32), "cache sealed_orphan none", by=APP),
    Attack("seal: heads", Line.TREE, "封存说另一个末条根，重算散列", "a seal that says other heads, re-hashed",
           _seal(heads="00" * 32), _SEAL, anew=Anew.HASHES),
    Attack("seal: instances", Line.TREE, "封存说另一个实例数，重算散列", "a seal that says another number of instances, re-hashed",
           _seal(instances=3), _SEAL, anew=Anew.HASHES),
    Attack("seal: size", Line.TREE, "封存说另一个大小，重算散列", "a seal that says another size, re-hashed",
           _seal(size=9), f"{_SEAL.replace('root_differs', 'size_shrunk')}; tree position_missing ~log 3; tree position_unsealed o 1-7; tree size_shrunk; …", anew=Anew.HASHES),
    Attack("seal: gone", Line.TREE, "删除封存", "delete the seal", gone("entry", instance="~log", seq=3),
           "tree place_orphan ~log 3; cache seq ~log 2; cache head ~log 2; tree position_unsealed o 1-7; tree size_shrunk; …"),
)  # fmt: skip

# Checkpoints that the log keeps; the application's account may add some, and only their text counts


def _kept(change_: Callable[[str], str], **columns: Any) -> Do:
    def do(hand: Hand) -> None:
        (kept,) = hand.scene.saved["kfq_checkpoint"]
        note = change_(kept["note"])
        assert columns or note != kept["note"]
        hand.add("checkpoint", **{**kept, "digest": b"\x03" * 32, "note": note, **columns})

    return do


def trailing_bits(note: str) -> str:
    """Set a bit of the signature's last base64 letter that belongs to no byte: 68 bytes leave two unused."""
    said, _, after = note.rpartition("=")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    changed = said[:-1] + letters[letters.index(said[-1]) + 1]
    old, new = (each.rpartition(" ")[2] + "=" for each in (said, changed))
    assert base64.b64decode(old) == base64.b64decode(new) != b""
    return f"{changed}={after}"


def _false(note: str) -> str:
    """Change a letter of the signature."""
    at = len(note) - 20
    return note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]


def _sized(spelled: str) -> Callable[[str], str]:
    def change_(note: str) -> str:
        origin, size, rest = note.split("\n", 2)
        return "\n".join((origin, spelled.format(size), rest))

    return change_


def _rooted(note: str) -> str:
    lines = note.split("\n")
    lines[2] = "AAAA" + lines[2][4:]
    return "\n".join(lines)


CHECKPOINTS = (
    Attack("checkpoint: no note", Line.TREE, "存一个不成形的检查点", "keep a checkpoint that is none", _kept(lambda _: "x"),
           "tree checkpoint_malformed", by=APP),
    Attack("checkpoint: root", Line.TREE, "存一个别的根的检查点", "keep a checkpoint of another root", _kept(_rooted),
           "tree root_differs; tree fork; tree checkpoint_malformed", by=APP),
    Attack("checkpoint: column", Line.TREE, "检查点的列与其文字不符", "a checkpoint whose columns differ from its text",
           _kept(str, size=7), "tree checkpoint_malformed", by=APP),
    Attack("checkpoint: trailing bits", Line.SPELLING, "签名的 base64 尾部有多余的位", "trailing bits in the base64 of a signature",
           _kept(trailing_bits), "tree checkpoint_malformed", by=APP),
    *(
        Attack(f"checkpoint: {name}", Line.SPELLING, f"检查点的大小另有写法：{spelled.format('67')!r}",
               f"a size spelt otherwise: {spelled.format('67')!r}", _kept(_sized(spelled)), "tree checkpoint_malformed", by=APP)
        for name, spelled in (("spaces", " {} "), ("underscore", "{}_0"), ("zero", "0{}"), ("plus", "+{}"))
    ),
    Attack("checkpoint: signature", Line.TREE, "存一个签名为假的检查点", "keep a checkpoint of a false signature",
           _kept(_false), "tree signature_bad", by=APP, scene="trusting"),
    Attack("checkpoint: gone", Line.TREE, "删除日志所存的检查点", "delete the checkpoint that the log keeps",
           lambda hand: hand.connection.execute(TABLES.checkpoint.delete()) and None, MISSED, MISSED),
)  # fmt: skip

ATTACKS = (*TREE, *CHECKPOINTS)
