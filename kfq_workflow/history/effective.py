"""The effective history: what counts of one instance's entries once corrections take the place of what they correct.

A correction is an entry of kind `rectified`; it never changes the entry that it corrects, and the full history keeps
both. Of a correction:

    corrects  n                the entry that it corrects, which may be a correction itself
    instead   {}               what of that entry is other: any of
              struck: true     the act did not take place; then nothing else
              on {edtf,lo,hi}  its day
              papers [...]     its papers, of the same types in the same order, with other numbers, digests or days
              attrs {name: value}   these of the attributes that it says
              basis            how sure its source is: stated, implied, inferred
              texts [field]    these words, which stand beside the proposal
    proposal  {by,leaf,seq}    the entry that proposed it, by another person
    set       {region: state}  the states that are others from now on
    becomes   {part: value}    the parts of the snapshot that are others from now on, whole (see `state`)

Several corrections of one entry all count, what a later one says before what an earlier one says. A correction that is
corrected counts with what the later one says in its place; one that is struck counts as if it had never been made.

`effective` is a pure function of (seq, kind, body), so that it can be asked of what was known at an instant as well:
give it only the entries recorded by then. The fold of the effective history is the state that the entries all
together lead to, marks and days included, because each correction says in `becomes` what it changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: One entry: its number, its kind and its body.
Told: TypeAlias = "tuple[int, str, Mapping[str, Any]]"

#: What a correction may put in the place of what an entry says.
PARTS = ("attrs", "basis", "on", "papers")
RECTIFIED = "rectified"


@dataclass(frozen=True, slots=True)
class Effective:
    """One entry as it counts: `body` with the corrections in place.

    `corrected_by` are the corrections that count, ascending. `words` says of each text that was corrected beside which
    entry its words stand; those of every other field stand beside the entry itself.
    """

    seq: int
    kind: str
    body: Mapping[str, Any]
    corrected_by: tuple[int, ...] = ()
    words: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one entry: the correction that struck it, those that changed it, ascending, and what they say."""

    struck_by: int | None
    corrected_by: tuple[int, ...]
    instead: Mapping[str, Any]
    words: Mapping[str, int]


def marks(entries: Iterable[Told]) -> dict[int, Mark]:
    """Return what became of each entry that a correction which counts is about, corrections among them.

    A correction's own mark tells what of it was corrected; what it says of an entry is told with that entry's mark.
    """
    found = [(seq, body) for seq, kind, body in entries if kind == RECTIFIED]
    told: dict[int, Mark] = {}
    # A correction is always newer than what it corrects: from the newest on, each one is final when it is reached.
    for seq, body in reversed(found):
        own = told.get(seq)
        if own is not None and own.struck_by is not None:
            continue
        target = body["corrects"]
        after = told.get(target)
        told[target] = _before(after, seq, *_says(body, own))
    return told


def _says(body: Mapping[str, Any], own: Mark | None) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Return what a correction says, and where its words stand, its own corrections in place."""
    said = body["instead"]
    words = dict.fromkeys(said.get("texts", ()), body["proposal"]["seq"])
    if own is None:
        return said, words
    # What stands in the place of a correction that struck an act strikes it no more.
    merged = _merged({name: value for name, value in said.items() if name != "struck"}, own.instead)
    return merged, {**words, **own.words}


def _before(after: Mark | None, seq: int, instead: Mapping[str, Any], words: Mapping[str, int]) -> Mark:
    """Put a correction before those of the same entry that came after it, whose word counts."""
    if after is None:
        after = Mark(None, (), {}, {})
    struck = after.struck_by if not instead.get("struck") else seq
    told = {name: value for name, value in instead.items() if name not in ("struck", "texts")}
    return Mark(struck, (seq, *after.corrected_by), _merged(told, after.instead), {**words, **after.words})


def _merged(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two corrections say together; attributes are merged by name, all else is replaced."""
    found = {**first, **then}
    if "attrs" in first and "attrs" in then:
        found["attrs"] = {**first["attrs"], **then["attrs"]}
    return found


def effective(entries: Iterable[Told]) -> list[Effective]:
    """Return the effective history of one instance's entries, in their order.

    Acts that were struck and the corrections themselves are left out; everything else is there, its body as corrected.
    """
    told = list(entries)
    known = marks(told)
    bodies = {seq: body for seq, _, body in told} if known else {}
    found = []
    for seq, kind, body in told:
        mark = known.get(seq)
        if kind == RECTIFIED or (mark is not None and mark.struck_by is not None):
            continue
        found.append(Effective(seq, kind, body) if mark is None else _corrected(seq, kind, body, mark, bodies))
    return found


def _corrected(
    seq: int, kind: str, body: Mapping[str, Any], mark: Mark, bodies: Mapping[int, Mapping[str, Any]]
) -> Effective:
    put = _merged({"attrs": body["attrs"]} if "attrs" in body else {}, mark.instead)
    changed = {**body, **put}
    if mark.words:
        texts = {name: bodies[at]["texts"][name] for name, at in mark.words.items()}
        changed["texts"] = {**body.get("texts", {}), **texts}
    return Effective(seq, kind, changed, mark.corrected_by, mark.words)
