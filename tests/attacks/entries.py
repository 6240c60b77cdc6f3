"""Attacks on entries, by an owner: as they are, with every hash computed anew, and with everything sealed anew.

Of the permit `o`: 1 started, 2 submitted, 3 annotated, 4 surveyed, 5 and 6 remarks, 7 granted; all are sealed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import canonical
from tests.attacks.model import FIRST, LAST, MIDDLE, MISSED, Anew, Attack, Line, everywhere
from tests.tampering import rehash

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfq_workflow.entry import Row
    from tests.attacks.model import Hand

    Found = str | dict[str, str]
    Work = Callable[[list[Row], int], list[Row]]
    Do = Callable[[Hand], None]

DIFFERS, SHRUNK = "anchor root_differs", "anchor size_shrunk"
_LEAF = everywhere("bytes leaf o {n}")
#: What the seal shows of a chain that was hashed anew from entry {n} on.
RIPPLE = "tree leaf_differs o {n}-7; tree root_differs; tree heads_differ ~log 3; cache sealed_differs o 7"


def three(
    attack: Attack, hashed: Found, sealed: Found = MISSED, anchored: str = DIFFERS, *, do: Do | None = None
) -> tuple[Attack, Attack, Attack]:
    """Return an attack as it is, hashed anew, and sealed anew; `do` is how somebody does it who hashes anew."""
    if isinstance(hashed, dict) and isinstance(sealed, str):
        sealed = dict.fromkeys(hashed, sealed)
    held = anchored if isinstance(sealed, str) else dict.fromkeys(sealed, anchored)
    careful = replace(attack, do=do or attack.do)
    return (
        attack,
        replace(careful, name=f"{attack.name}, hashed", alone=hashed, anew=Anew.HASHES),
        replace(careful, name=f"{attack.name}, sealed", alone=sealed, anchored=held, anew=Anew.ALL),
    )


def rippling(**judged: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is found of a change that was hashed anew, and sealed anew: there, what the rules say of it."""
    said = {FIRST: MISSED, MIDDLE: MISSED, LAST: MISSED} | judged
    hashed = {place: ripple if not said[place] else f"{ripple}; {said[place]}"
              for place, ripple in everywhere(RIPPLE).items()}  # fmt: skip
    return hashed, said


def both(*found: dict[str, str]) -> dict[str, str]:
    """Return what is found together, place by place."""
    return {place: "; ".join(filter(None, (each.get(place) for each in found))) for place in found[0]}


def edit(**columns: Any) -> Do:
    """Change columns of the entry."""
    return lambda hand: hand.change("entry", {"instance": "o", "seq": hand.seq}, **columns)


def written(work: Work) -> Do:
    """Put other entries in the place of those of `o`."""
    return lambda hand: hand.write("o", work)


# A whole entry more, less, or elsewhere


def _deleted(rows: list[Row], seq: int) -> list[Row]:
    return [row for row in rows if row.seq != seq]


def _inserted(rows: list[Row], seq: int) -> list[Row]:
    """A remark that nobody made, after the entry."""
    body = json.loads(rows[4].body)
    del body["texts"]
    forged = rows[4]._replace(seq=0, at=rows[seq - 1].at, req=None, body=canonical(body))
    return [*rows[:seq], forged, *rows[seq:]]


def _doubled(rows: list[Row], seq: int) -> list[Row]:
    return [*rows[:seq], rows[seq - 1]._replace(req=None), *rows[seq:]]


def _swapped(rows: list[Row], seq: int) -> list[Row]:
    """The entry and the next one, or the last and the one before it, each in the other's place and at its time."""
    first = min(seq, len(rows) - 1)
    one, two = rows[first - 1], rows[first]
    return [*rows[: first - 1], two._replace(at=one.at), one._replace(at=two.at), *rows[first + 1 :]]


def _remove(hand: Hand) -> None:
    hand.remove("entry", instance="o", seq=hand.seq)


def _copy_at_the_end(hand: Hand) -> None:
    hand.append(hand.rows("o")[hand.seq - 1]._replace(seq=8, req=None))


def _from_elsewhere(hand: Hand) -> None:
    hand.remove("entry", instance="o", seq=5)
    hand.append(hand.rows("p")[4]._replace(instance="o"))


def _earlier(by: int) -> Do:
    def do(hand: Hand) -> None:
        edit(at=hand.rows("o")[hand.seq - 1].at - by)(hand)

    return do


_ROW = (
    "cache seq o 6; cache head o 6; cache at o 6; cache rev o 6; cache state o 6; cache phase o 6; cache snapshot o 6"
)
_MORE = "cache seq o 8; cache rev o 8; cache snapshot o 8"
_ELSE = "cache head o 8; cache state o 8; cache phase o 8"
_SHORT = "tree place_orphan o 7"
_DELETED_AS_IT_IS = {
    FIRST: "chain gap o 2; chain prev o 2; text orphan o 1; tree place_orphan o 1; replay not_allowed o 2; "
           "cache workflow o 7; cache snapshot o 7",
    MIDDLE: "chain gap o 6; chain prev o 6; text orphan o 5; tree place_orphan o 5",
    LAST: f"{_ROW}; {_SHORT}",
}  # fmt: skip
_NEVER_BEGUN = "replay not_started o 1; replay not_allowed o 1; cache workflow o 6"
_DELETED_HASHED = {
    FIRST: f"{_NEVER_BEGUN}; tree leaf_differs o 1-6; {_SHORT}; tree root_differs",
    MIDDLE: f"tree leaf_differs o 5-6; {_SHORT}; tree root_differs",
    LAST: _SHORT,
}
_INSERTED_AS_IT_IS = {
    FIRST: f"bytes leaf o 2-8; chain prev o 2-3; replay not_allowed o 2-3; {_MORE}; {RIPPLE.format(n=2)}",
    MIDDLE: f"bytes leaf o 6-8; chain prev o 6; {_MORE}; {RIPPLE.format(n=6)}",
    LAST: f"bytes leaf o 8; chain prev o 8; replay not_allowed o 8; {_MORE}; {_ELSE}",
}
_INSERTED_HASHED = {
    FIRST: f"replay not_allowed o 2-3; {RIPPLE.format(n=2)}", MIDDLE: RIPPLE.format(n=6), LAST: "replay not_allowed o 8",
}  # fmt: skip
_DOUBLED_AS_IT_IS = {
    FIRST: f"bytes leaf o 2-8; chain prev o 2; replay not_first o 2; {_MORE}; {RIPPLE.format(n=2)}",
    MIDDLE: f"bytes leaf o 6-8; chain prev o 6; {_MORE}; {RIPPLE.format(n=6)}",
    LAST: f"bytes leaf o 8; chain prev o 8; replay not_allowed o 8; {_MORE}",
}
_DOUBLED_HASHED = _INSERTED_HASHED | {FIRST: f"replay not_first o 2; {RIPPLE.format(n=2)}"}
_OUT_OF_ORDER = ("replay not_started o 1; replay not_allowed o 1; replay not_first o 2; replay not_allowed o 5; "
                 "cache workflow o 7")  # fmt: skip
_SWAPPED_AS_IT_IS = {
    FIRST: "bytes leaf o 1-2; chain first_prev o 1; chain prev o 2-3; tree leaf_differs o 1-2; tree root_differs; "
           f"{_OUT_OF_ORDER}; cache snapshot o 7",
    MIDDLE: "bytes leaf o 5-6; chain prev o 5-7; tree leaf_differs o 5-6; tree root_differs",
    LAST: "bytes leaf o 6-7; chain prev o 6-7; replay not_allowed o 7; cache head o 7; cache state o 7; cache phase o 7; "
          f"cache snapshot o 7; {RIPPLE.format(n=6)}",
}  # fmt: skip
_SWAPPED_HASHED = {
    FIRST: f"{_OUT_OF_ORDER}; {RIPPLE.format(n=1)}", MIDDLE: RIPPLE.format(n=5),
    LAST: f"replay not_allowed o 7; {RIPPLE.format(n=6)}",
}  # fmt: skip
_TOO_EARLY = {
    FIRST: "document not_yet_defined o 1; replay actor_unknown o 1",
    MIDDLE: "chain clock_back o 5; replay actor_unknown o 5",
    LAST: "chain clock_back o 7; replay actor_unknown o 7",
}
_COPIED = f"bytes leaf o 8; chain prev o 8; chain clock_back o 8; text missing o 8; cache at o 8; {_ELSE}; {_MORE}"

WHOLE: tuple[Attack, ...] = (
    *three(Attack("delete", Line.DELETE, "删除一条记录", "delete an entry", _remove, _DELETED_AS_IT_IS),
           _DELETED_HASHED, {FIRST: _NEVER_BEGUN, MIDDLE: MISSED, LAST: MISSED}, SHRUNK, do=written(_deleted)),
    *three(Attack("insert", Line.INSERT, "插入一条记录", "insert an entry", written(_inserted), _INSERTED_AS_IT_IS),
           _INSERTED_HASHED, {FIRST: "replay not_allowed o 2-3", MIDDLE: MISSED, LAST: "replay not_allowed o 8"}),
    *three(Attack("duplicate", Line.DUPLICATE, "复制一条记录", "duplicate an entry", written(_doubled), _DOUBLED_AS_IT_IS),
           _DOUBLED_HASHED, {FIRST: "replay not_first o 2", MIDDLE: MISSED, LAST: "replay not_allowed o 8"}),
    *three(Attack("swap", Line.SWAP, "对调两条记录", "swap two entries", written(_swapped), _SWAPPED_AS_IT_IS),
           _SWAPPED_HASHED, {FIRST: _OUT_OF_ORDER, MIDDLE: MISSED, LAST: "replay not_allowed o 7"}),
    *three(Attack("back-date", Line.BACKDATE, "时刻倒填 1 微秒", "back-date by 1 µs", _earlier(1),
                  _LEAF | {LAST: "bytes leaf o 7; cache at o 7"}), *rippling()),
    *three(Attack("back-date, an hour", Line.BACKDATE, "时刻倒填一小时", "back-date by an hour", _earlier(3_600_000_000),
                  both(_LEAF, _TOO_EARLY) | {LAST: f"bytes leaf o 7; {_TOO_EARLY[LAST]}; cache at o 7"}),
           *rippling(**_TOO_EARLY)),
    Attack("append a copy", Line.DUPLICATE, "把一条记录的副本添在末尾", "append a copy of an entry", _copy_at_the_end,
           {FIRST: f"{_COPIED}; replay not_first o 8", MIDDLE: f"{_COPIED}; replay not_allowed o 8",
            LAST: f"bytes leaf o 8; chain prev o 8; replay not_allowed o 8; {_MORE}"}),
    Attack("from elsewhere", Line.INSERT, "换入另一实例的记录", "put in an entry of another instance", _from_elsewhere,
           "bytes leaf o 5; chain prev o 5-6; chain clock_back o 6; text differs o 5; tree leaf_differs o 5; tree root_differs"),
)  # fmt: skip

# Each column


def _column(
    name: str, value: Any, alone: Found, again: tuple[Found, Found] | None = None, *, verdict: str = "tampered"
) -> tuple[Attack, ...]:
    attack = Attack(
        f"edit-{name}", Line.COLUMN, f"改动 `{name}` 列", f"edit the column `{name}`",
        edit(**{"def_" if name == "def" else name: value}), alone,
    )  # fmt: skip
    if again is None:
        return (attack,)
    as_it_is, hashed, sealed = three(attack, *again)
    return as_it_is, hashed, replace(sealed, verdict=verdict)


_LATE = everywhere("replay actor_role o {n}; replay late_flags o {n}; replay mode o {n}")
_ROLE = {FIRST: MISSED, MIDDLE: "replay not_allowed o 5", LAST: "replay not_allowed o 7"}
_LONG_AGO = both(_TOO_EARLY, everywhere("replay date_differs o {n}"))
_OTHER_RULES = {
    FIRST: "document missing; replay def_changed o 2", MIDDLE: "document missing; replay def_changed o 5-6",
    LAST: "document missing; replay def_changed o 7",
}  # fmt: skip
_NO_DEF = {LAST: "cache def o 7; cache phase o 7"}
_NOTHING_SAID = {
    FIRST: "replay date_missing o 1; replay mode o 1; replay not_allowed o 2; replay set_differs o 1; "
           "replay was_differs o 1; replay workflow_differs o 1; text uncommitted o 1; cache workflow o 7",
    MIDDLE: "replay date_missing o 5; replay mode o 5; replay unknown_trigger o 5; text uncommitted o 5",
    LAST: "replay date_missing o 7; replay mode o 7; replay unknown_trigger o 7",
}  # fmt: skip
COLUMNS: tuple[Attack, ...] = (
    *_column("instance", "q", {
        FIRST: "bytes leaf q 1; cache row_missing q 1; text missing q 1; text orphan o 1; chain gap o 2; chain prev o 2; "
               "replay not_allowed o 2; tree place_orphan o 1; cache workflow o 7; cache snapshot o 7",
        MIDDLE: "bytes leaf q 5; chain gap q 5; chain prev q 5; replay not_allowed q 5; cache row_missing q 5; "
                "text missing q 5; text orphan o 5; chain gap o 6; chain prev o 6; tree place_orphan o 5",
        LAST: "bytes leaf q 7; chain gap q 7; chain prev q 7; replay not_allowed q 7; cache row_missing q 7; "
              f"{_ROW}; {_SHORT}",
    }),
    *_column("seq", 40, {
        FIRST: "bytes leaf o 40; chain gap o 40; chain gap o 2; chain prev o 2; chain prev o 40; chain clock_back o 40; "
               "replay not_allowed o 2; replay not_first o 40; text missing o 40; text orphan o 1; tree place_orphan o 1; …",
        MIDDLE: "bytes leaf o 40; chain gap o 40; chain gap o 6; chain prev o 6; chain prev o 40; chain clock_back o 40; "
                "replay not_allowed o 40; text missing o 40; text orphan o 5; tree place_orphan o 5; …",
        LAST: "bytes leaf o 40; chain gap o 40; cache seq o 40; cache rev o 40; cache snapshot o 40; tree place_orphan o 7",
    }),
    *_column("kind", "adopted", both(_LEAF, _LATE, {FIRST: "cache snapshot o 7", LAST: "cache snapshot o 7"}),
             rippling(**_LATE)),
    *_column("at", 1, both(_LEAF, _LONG_AGO, {LAST: "cache at o 7"}), rippling(**_LONG_AGO)),
    *_column("actor", "registrar", both(_LEAF, _ROLE), rippling(**_ROLE)),
    *_column("via", "elsewhere", _LEAF, rippling()),
    *_column("req", "r-99", _LEAF, rippling()),
    *_column("def", b"\x01" * 32, both(_LEAF, _OTHER_RULES, _NO_DEF), rippling(**both(_OTHER_RULES, _NO_DEF))),
    *_column("v", 2, _LEAF, rippling(**everywhere("bytes version o {n}")), verdict="incomplete"),
    *_column("prev", b"\x01" * 32, both(_LEAF, {FIRST: "chain first_prev o 1", MIDDLE: "chain prev o 5", LAST: "chain prev o 7"})),
    *_column("leaf", b"\x01" * 32, {
        FIRST: "bytes leaf o 1; chain prev o 2; tree leaf_differs o 1; tree root_differs",
        MIDDLE: "bytes leaf o 5; chain prev o 6; tree leaf_differs o 5; tree root_differs",
        LAST: f"bytes leaf o 7; cache head o 7; {RIPPLE.format(n=7)}",
    }),
    *_column("body", "{}",
             both(_LEAF, _NOTHING_SAID, {FIRST: "cache snapshot o 7",
                                         LAST: "cache state o 7; cache phase o 7; cache snapshot o 7"}),
             rippling(**_NOTHING_SAID)),
)  # fmt: skip

# Instances and citations


def _instance(key: str) -> Do:
    def do(hand: Hand) -> None:
        for table, column in (("text", "instance"), ("instance", "key"), ("entry", "instance")):
            hand.remove(table, **{column: key})

    return do


def _forgotten(hand: Hand) -> None:
    """Hash `p` anew and forget the case that cites it."""
    chain = hand.rows("p")
    chain[4] = chain[4]._replace(via="elsewhere")
    rehash(hand.connection, hand.scene.engine.log().log, chain)


def _cited(hand: Hand) -> None:
    hand.change("entry", {"instance": "p", "seq": 5}, via="elsewhere")


_OF_P = RIPPLE.replace(" o ", " p ").format(n=5)
OTHERS = (
    *three(Attack("instance", Line.INSTANCE, "删除整个实例，连同文字和状态行", "delete an instance with its texts and its row",
                  _instance("o"), "tree place_orphan o 1-7"), "tree place_orphan o 1-7", MISSED, SHRUNK),
    Attack("instance, cited", Line.INSTANCE, "删除别的实例引用的实例", "delete an instance that another one cites",
           _instance("p"), "replay root_missing p/case 1; replay not_allowed p/case 2; replay seen_missing p/case 2; "
           "tree place_orphan p 1-7"),
    *three(Attack("cited", Line.COLUMN, "改动被引用的记录", "edit an entry that another instance cites", _cited, "bytes leaf p 5"),
           f"{_OF_P}; tree leaf_differs p/case 2; cache sealed_differs p/case 2"),
    Attack("citation forgotten", Line.COLUMN, "重算散列，却忘了引用它的实例", "re-hash, and forget who cites it",
           _forgotten, f"{_OF_P}; replay seen_leaf p/case 2"),
)  # fmt: skip

ATTACKS = (*WHOLE, *COLUMNS, *OTHERS)
