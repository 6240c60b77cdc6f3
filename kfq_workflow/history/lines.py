"""What the entries of an instance changed, line by line, and on which days.

A line is anything that acts change one after the other: a region, an approval gate, an attribute, the name, and
whether the instance is suspended or void. A region's acts are ordered by `order`; those of the other lines are, too,
and a vote that closes a gate and moves a region ties both. So one set of bounds holds for everything.

Which day an entry's part belongs to:

    what it set                      its `on`; unknown where a late entry has none
    what it did to its gate          its `on`: submitting, voting, returning and so on are acts of a day
    a first entry's name and         its `on`: they describe what began or was found
    attributes
    all else                         the day on which it was recorded: an amendment, a suspension, and the gates that
                                     an act voids or begins anew under way, which stood until somebody recorded it

An entry whose parts have two days is two acts, which nothing ties. Acts are numbered 2n (what entry n says of its day)
and 2n + 1 (what happened by recording it). Urging, copies and marks of having read are no acts of a gate.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.edtf import InvalidDate, day_of
from kfq_workflow.history import order
from kfq_workflow.history.effective import effective
from kfq_workflow.history.order import Absence, Act
from kfq_workflow.state import NOTES, STANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    #: Returns a text by the number of the entry beside which it stands and its field, None where it is gone.
    Text = Callable[[int, str], str | None]

NAME, STANDS = "name", "standing"
_PERSONAL = "attribute."


class Told(NamedTuple):
    """An entry as it counts: `body` and `words` as in `effective`, `at` when it was recorded, µs since 1970 UTC."""

    seq: int
    kind: str
    at: int
    body: Mapping[str, Any]
    words: Mapping[str, int]


class Late(NamedTuple):
    """An entry that is dated too early, `text` being its date: `before` must come before it, on `earliest` or later."""

    seq: int
    text: str
    before: int
    earliest: str


@dataclass(slots=True)
class Lines:
    """An instance's acts in order, and for each line beside regions the act and the value, or patch, of each step.

    `attrs` and `name` hold values, `standing` what `Snapshot.held` and `voided` are then (None for neither), `gates`
    patches. `papers` are those that an entry laid or named, with the act that did.
    """

    acts: list[Act] = field(default_factory=list)
    gates: dict[str, list[tuple[int, Mapping[str, Any]]]] = field(default_factory=dict)
    attrs: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    name: list[tuple[int, str | Absence]] = field(default_factory=list)
    standing: list[tuple[int, tuple[str, int | None]]] = field(default_factory=list)
    papers: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)


def contradictions(entries: Iterable[tuple[int, str, int, Mapping[str, Any]]], utc_offset: int) -> Iterator[Late]:
    """Yield each entry that is dated before something that must come before it, because of an approval gate.

    `entries` are number, kind, instant of recording and body of one instance, in order. What regions alone forbid is
    left out: it is refused, and found by verify, from the snapshot's marks.
    """
    told = list(entries)
    at = {seq: recorded for seq, _, recorded, _ in told}
    counts = effective((seq, kind, body) for seq, kind, _, body in told)
    days = {each.seq: str(each.body.get("on", {}).get("edtf", "")) for each in counts}
    acts = lines((Told(each.seq, each.kind, at[each.seq], each.body, each.words) for each in counts), utc_offset).acts
    alone = {act for act, _, _ in order.contradictions([replace(act, also=()) for act in acts])}
    for act, before, earliest in order.contradictions(acts):
        if act not in alone:
            yield Late(act // 2, days[act // 2], before // 2, earliest)


def lines(entries: Iterable[Told], utc_offset: int, text: Text | None = None) -> Lines:
    """Return the lines of one instance from its effective history; `utc_offset` is minutes east of UTC.

    Without `text` names and personal attributes are withheld. An entry that rests on one which was struck, or is not
    given, is not bound by it. Raises ValueError where the entries are no history: a region set twice, an entry that
    rests on a later one.
    """
    made = Lines()
    given: set[int] = set()
    for told in entries:
        body, own = told.body, 2 * told.seq
        recorded = _recorded(told.at, utc_offset)
        dated = "on" in body or body.get("mode") == "late"
        on = body.get("on", {}) if dated else {"lo": recorded, "hi": recorded}
        beside = own + 1 if dated else own
        also = _split(made, told, own, beside, text or _none)
        sets, rests = tuple(body.get("set", {}).items()), [seq for seq in body.get("rests", ()) if seq in given]
        made.acts.append(
            Act(own, sets, on.get("lo"), on.get("hi"), tuple(2 * seq for seq in rests), told.kind == "adopted",
                tuple(also[own]))
        )  # fmt: skip
        if dated and also[beside]:
            made.acts.append(Act(beside, (), recorded, recorded, (), adopted=False, also=tuple(also[beside])))
        given.add(told.seq)
    return made


def _none(seq: int, field: str) -> str | None:
    del seq, field
    return None


def _split(made: Lines, told: Told, own: int, beside: int, text: Text) -> Mapping[int, list[str]]:
    """Add what an entry changed to the lines, and return the lines of either of its acts."""
    seq, kind, _, body, words = told
    also: dict[int, list[str]] = {own: [], beside: []}
    first = own if seq == 1 else beside
    for name, patch in body.get("gates", {}).items():
        if kind not in NOTES:
            act = own if _is_own(kind, body, patch) else beside
            made.gates.setdefault(name, []).append((act, patch))
            also[act].append(f"gate:{name}")
    for name, value in _attributes(told, text):
        made.attrs.setdefault(name, []).append((first, value))
        also[first].append(f"attribute:{name}")
    if NAME in body.get("texts", {}):
        made.name.append((first, text(words.get(NAME, seq), NAME) or Absence.WITHHELD))
        also[first].append(NAME)
    if kind in STANDING:
        what, on = STANDING[kind]
        made.standing.append((beside, (what, seq if on else None)))
        also[beside].append(STANDS)
    made.papers += [(own, paper) for paper in body.get("papers", ())]
    return also


def _is_own(kind: str, body: Mapping[str, Any], patch: Mapping[str, Any]) -> bool:
    """Tell whether a gate was changed by an act on it, and not voided or begun anew by an act on something else."""
    return kind not in ("fired", "adopted", "amended") and body.get("mode") == "live" and patch.get("state") != "void"


def _attributes(told: Told, text: Text) -> Iterator[tuple[str, Any]]:
    """Yield attributes with their values, those marked personal from the texts beside the entry."""
    attrs = told.body.get("attrs")
    yield from (attrs if isinstance(attrs, dict) else {}).items()
    for name in told.body.get("texts", {}):
        if name.startswith(_PERSONAL):
            value = text(told.words.get(name, told.seq), name)
            yield name.removeprefix(_PERSONAL), Absence.WITHHELD if value is None else value


def _recorded(at: int, utc_offset: int) -> str | None:
    """Return the day of recording; None for an instant outside of time, which verify reports."""
    try:
        return day_of(at, utc_offset)
    except (InvalidDate, TypeError):
        return None
