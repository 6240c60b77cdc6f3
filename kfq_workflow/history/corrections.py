"""What may be corrected, what a correction changes, and what rests on what it corrects: pure functions of entries.

A correction says what of an act is other, or that the act did not take place (see `effective`):

    struck               a move, an adoption, an amendment; not the first entry, no act of a gate and none with effects
    attrs basis texts    what a start, a move, an adoption or an amendment says of them
    on papers            the same, and every act of a gate: votes are never corrected, their days and papers are

A vote, an opinion or a gate's outcome cannot be corrected: whoever signed has signed. A gate is voided, a vote taken
back, by the acts that are there for it. Whether the history that a correction leads to is possible is asked of the
judge that verification uses (`verify.again`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import parse_canonical
from kfq_workflow.history.effective import RECTIFIED, Effective, Mark, effective, marks
from kfq_workflow.state import NAMES, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.history.effective import Told

    #: A reason against a correction: its code and values.
    Objection = tuple[str, dict[str, Any]]

#: The kinds of entries that settle a proposal.
SETTLED = frozenset({"declined", "rectified", "redacted"})
STRUCK = frozenset({"adopted", "amended", "fired"})
#: Kinds of which everything that a correction can say may be corrected.
FREE = frozenset({"started", *STRUCK})
_PAPER = ("dates", "number", "sha256")
_EMPTY = Mark(None, (), {}, {})


@dataclass(frozen=True, slots=True)
class Change:
    """What a correction changes of the state: the states that are others, those before, and parts of the snapshot."""

    set: Mapping[str, str | None]
    was: Mapping[str, str]
    becomes: Mapping[str, Any]


def final(told: Iterable[Told], seq: int) -> Told | None:
    """Return the entry that a correction of entry `seq` is about in the end: that itself unless it is a correction."""
    entries = {number: (number, kind, body) for number, kind, body in told}
    found = entries.get(seq)
    while found is not None and found[1] == RECTIFIED:
        # One that says it corrects itself, or a later one, corrects nothing; else this would go on for ever.
        found = entries.get(found[2]["corrects"]) if found[2]["corrects"] < found[0] else None
    return found


def objections(told: Sequence[Told], corrects: int, instead: Mapping[str, Any]) -> list[Objection]:
    """Return what of its form speaks against a correction of entry `corrects`; nothing when it may be tried."""
    entries = {seq: kind for seq, kind, _ in told}
    about = final(told, corrects)
    if about is None:
        return [("rectify_unknown", {"seq": corrects})]
    known = marks(told)
    for seq in dict.fromkeys((corrects, about[0])):
        by = known.get(seq, _EMPTY).struck_by
        # What struck an act is corrected, not the act: otherwise nobody could tell which of the two counts.
        if by is not None and not (entries[corrects] == RECTIFIED and seq != corrects):
            return [("rectify_struck", {"seq": seq, "by": by})]
    seq, kind, body = about
    told_by = {entry.seq: entry.body for entry in effective(told)}
    body = told_by.get(seq, body)
    if instead.get("struck"):
        return [] if entries[corrects] == RECTIFIED else _strike(seq, kind, body)
    return [objection for part in sorted(instead) for objection in _part(seq, kind, body, part, instead[part])]


def _strike(seq: int, kind: str, body: Mapping[str, Any]) -> list[Objection]:
    if seq == 1:
        return [("rectify_first", {"seq": seq})]
    if kind not in STRUCK or "gates" in body or "task" in body:
        return [("rectify_gate", {"seq": seq, "kind": kind})]
    if "effects" in body or "cause" in body:
        return [("rectify_effects", {"seq": seq})]
    return []


def _part(seq: int, kind: str, body: Mapping[str, Any], part: str, value: Any) -> list[Objection]:
    if part == "texts":
        return [each for name in value for each in _text(seq, kind, body, name)]
    if part not in ("on", "papers") and kind not in FREE:
        return [("rectify_gate", {"seq": seq, "kind": kind})]
    if part not in body and not (part == "on" and body.get("mode") == "late"):
        return [("rectify_absent", {"seq": seq, "part": part})]
    if part == "attrs" and (names := sorted(value.keys() - body["attrs"].keys())):
        return [("rectify_absent", {"seq": seq, "part": ", ".join(names)})]
    if part == "papers" and [_fixed(paper) for paper in value] != [_fixed(paper) for paper in body["papers"]]:
        return [("rectify_papers", {"seq": seq, "types": [paper["type"] for paper in body["papers"]]})]
    return []


def _text(seq: int, kind: str, body: Mapping[str, Any], name: str) -> list[Objection]:
    if name not in body.get("texts", {}):
        return [("rectify_absent", {"seq": seq, "part": name})]
    of_paper = name.startswith("papers.")
    if not of_paper and not (kind in FREE and (name == "source" or name.startswith("attribute."))):
        return [("rectify_gate", {"seq": seq, "kind": kind})]
    return []


def _fixed(paper: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in paper.items() if name not in _PAPER}


def change(before: Iterable[Effective], after: Iterable[Effective]) -> Change:
    """Return what leads from the state after one effective history to that after another."""
    old, new = folded(before), folded(after)
    regions = sorted(old.regions.keys() | new.regions.keys())
    other = [name for name in regions if old.regions.get(name) != new.regions.get(name)]
    return Change(
        {name: new.regions.get(name) for name in other},
        {name: old.regions[name] for name in other if name in old.regions},
        {name: getattr(new, name) for name in NAMES if getattr(new, name) != getattr(old, name)},
    )


def folded(entries: Iterable[Effective]) -> Snapshot:
    """Return the state after an effective history."""
    snapshot = Snapshot()
    for entry in entries:
        snapshot.apply(entry.seq, entry.kind, entry.body)
    return snapshot


def relied(entries: Iterable[Effective], seq: int) -> tuple[int, ...]:
    """Return the entries that rest on entry `seq`, of the same instance.

    Those of which a condition has held since it, those that moved a region on from the state that it set, and those on
    gates that were opened in that state; directly, not what rests on them in turn.
    """
    snapshot, found, opened = Snapshot(), [], set[str]()
    for entry in entries:
        body, gates = entry.body, entry.body.get("gates", {})
        if entry.seq > seq:
            regions = set(body.get("was", {}))
            rests = seq in body.get("rests", ()) or any(snapshot.since.get(region, [0])[0] == seq for region in regions)
            if entry.kind == "opened" and any(mark[0] == seq for mark in snapshot.since.values()):
                opened |= gates.keys()
            if rests or not opened.isdisjoint(gates):
                found.append(entry.seq)
        snapshot.apply(entry.seq, entry.kind, body)
    return tuple(found)


def rested_on(entries: Iterable[Effective], seq: int) -> frozenset[int]:
    """Return the entries after which a region was in a state that entry `seq` had set last."""
    snapshot, found = Snapshot(), set()
    for entry in entries:
        snapshot.apply(entry.seq, entry.kind, entry.body)
        if any(mark[0] == seq for mark in snapshot.since.values()):
            found.add(entry.seq)
    return frozenset(found)


def tell(row: Row) -> Told:
    """Return number, kind and body of an entry."""
    return row.seq, row.kind, parse_canonical(row.body)


def standing(told: Sequence[Told], *, settled: bool = False) -> dict[int, tuple[str, int]]:
    """Return the proposals that are open, or those that are `settled`, with how and by which entry.

    A proposal is settled by the entry that confirms or declines it, and it lapses when another correction of the same
    entry, or another erasure of one of the same texts, is confirmed after it.
    """
    found: dict[int, tuple[str, int]] = {}
    proposals = {seq: body for seq, kind, body in told if kind == "proposed"}
    for seq, kind, body in told:
        if kind not in SETTLED:
            continue
        found.setdefault(body["proposal"]["seq"], ("proposal_settled", seq))
        for number, proposed in proposals.items():
            if number < seq and number not in found and kind != "declined" and _same(proposed, kind, body):
                found[number] = ("proposal_lapsed", seq)
    if settled:
        return found
    return {seq: ("proposal_open", seq) for seq in proposals if seq not in found}


def _same(proposed: Any, kind: str, body: Any) -> bool:
    if kind == RECTIFIED:
        return bool(proposed.get("corrects") == body["corrects"])
    return any(item in body["erases"] for item in proposed.get("erases", ()))
