"""What an instance was at a moment equals brute force over every way to date what its entries say."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kfq_workflow.approval.gate import merge
from kfq_workflow.edtf import parse_instant
from kfq_workflow.entry import Row, encode_json
from kfq_workflow.history.order import Absence, ImpossibleDays
from kfq_workflow.history.picture import Known, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfq_workflow.history.picture import Picture

#: Dates are among the middle days. The outer two stand for all days before and after them.
DAYS = ("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05")
MIDDLE = DAYS[1:-1]
ASKED = DAYS[:-1]
CHINA = 480
KINDS = (
    "opened", "voted", "urged", "returned", "fired", "register", "adopted", "amended", "suspended", "resumed", "voided",
)  # fmt: skip
GATES, REGIONS, ATTRS = ("grant", "refuse"), ("main", "side"), ("area", "level")

Entry = tuple[Row, dict[str, Any]]
Part = tuple[str, str]


def row(seq: int, kind: str, at: int, body: Mapping[str, Any]) -> Row:
    return Row("p", seq, kind, at, "somebody", "tests", None, None, 1, b"", b"", encode_json(dict(body)))


def noon(day: str) -> int:
    return parse_instant(f"{day}T12:00", CHINA)


@st.composite
def an_on(draw: st.DrawFn, recorded: str) -> dict[str, str]:
    """A day as an act says it: never after the day on which it is recorded."""
    hi = draw(st.sampled_from([day for day in MIDDLE if day <= recorded]))
    lo = draw(st.sampled_from([None, *(day for day in MIDDLE if day <= hi)]))
    return {"edtf": hi, "hi": hi} | ({"lo": lo} if lo else {})


@st.composite
def a_patch(draw: st.DrawFn, seq: int) -> dict[str, Any]:
    """What an entry does to a gate: a new round, or a change of the one there is."""
    new = {"round": draw(st.integers(1, 2)), "state": "open", "opened": seq}
    return draw(st.sampled_from((new, {"tally": {"approve": seq}}, {"state": "approved", "closed": seq})))


@st.composite
def an_entry(draw: st.DrawFn, seq: int, recorded: str, earlier: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """One entry as the library makes them, with less in it."""
    kind = draw(st.sampled_from(("started", "adopted") if seq == 1 else KINDS))
    states = st.dictionaries(st.sampled_from(REGIONS), st.sampled_from(("x", "y", None)), min_size=1, max_size=2)
    on = draw(an_on(recorded))
    if kind in ("opened", "voted", "returned", "urged"):
        body: dict[str, Any] = {"mode": "live", "on": on, "gates": {draw(st.sampled_from(GATES)): draw(a_patch(seq))}}
        if kind in ("voted", "returned") and draw(st.booleans()):
            body["set"] = draw(states)
    elif kind in ("amended", "suspended", "resumed", "voided"):
        body = {"attrs": {draw(st.sampled_from(ATTRS)): draw(st.integers(1, 3))}} if kind == "amended" else {}
    else:
        late = kind in ("register", "adopted") or (kind == "started" and draw(st.booleans()))
        body = {"mode": "late" if late else "live", "set": draw(states)}
        body |= {} if late and draw(st.booleans()) else {"on": on}
        body |= {"rests": [draw(st.sampled_from(earlier))]} if earlier else {}
    body |= draw(a_consequence(seq, kind, body)) if draw(st.booleans()) else {}
    return "fired" if kind == "register" else kind, body


@st.composite
def a_consequence(draw: st.DrawFn, seq: int, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """What an entry does beside what it is about: a gate voided or begun anew, a first entry's name and attributes."""
    gate = draw(st.sampled_from(GATES))
    if kind == "started" or (kind == "adopted" and draw(st.booleans())):
        return {"attrs": {"area": 9}, "texts": {"name": "-"}}
    if kind == "amended":
        return {"gates": {gate: {"round": 3, "state": "open", "opened": seq}}}
    if kind in ("opened", "urged"):
        return {}
    return {"gates": body.get("gates", {}) | {gate: {"state": "void", "closed": seq}}}


@st.composite
def histories(draw: st.DrawFn, max_size: int = 5) -> tuple[Entry, ...]:
    """An instance's entries, dates agreeing or not; the days of recording never run back."""
    size = draw(st.integers(1, max_size))
    recorded = sorted(draw(st.lists(st.sampled_from(MIDDLE), min_size=size, max_size=size)))
    found: list[Entry] = []
    for seq, day in enumerate(recorded, 1):
        kind, body = draw(an_entry(seq, day, [other.seq for other, about in found if about.get("set")]))
        if seq > 1 and draw(st.integers(0, 4)) == 0:
            about, _ = draw(st.sampled_from(found))
            instead = draw(st.one_of(st.just({"struck": True}), an_on(day).map(lambda on: {"on": on})))
            if about.kind not in ("rectified", "amended", "suspended", "resumed", "voided"):
                kind, body = "rectified", {"corrects": about.seq, "instead": instead, "proposal": {"seq": 0}}
        found.append((row(seq, kind, noon(day), body), body))
    return tuple(found)


# Brute force, from the rules in words


def counting(entries: Sequence[Entry]) -> list[Entry]:
    """Put corrections in the place of what they correct; here none corrects another."""
    bodies = {each.seq: dict(body) for each, body in entries}
    for each, body in entries:
        if each.kind == "rectified":
            bodies[body["corrects"]] |= body["instead"]
    return [
        (each, bodies[each.seq])
        for each, _ in entries
        if each.kind != "rectified" and not bodies[each.seq].get("struck")
    ]


def parts(each: Row, body: Mapping[str, Any]) -> dict[Part, str]:
    """Return what an entry changed, line by line, and whether that belongs to its own day or to that of recording."""
    found: dict[Part, str] = {("region", region): "own" for region in body.get("set", {})}
    for gate, patch in body.get("gates", {}).items():
        if each.kind != "urged":
            signing = each.kind in ("opened", "voted", "returned") and patch.get("state") != "void"
            found["gate", gate] = "own" if signing else "recorded"
    for name in body.get("attrs", {}):
        found["attr", name] = "own" if each.seq == 1 else "recorded"
    if "name" in body.get("texts", {}):
        found["name", ""] = "own" if each.seq == 1 else "recorded"
    if each.kind in ("suspended", "resumed", "voided"):
        found["standing", ""] = "recorded"
    return found


def span(each: Row, body: Mapping[str, Any], which: str) -> list[str]:
    """Return the days that a part of an entry can belong to."""
    recorded = next(day for day in DAYS if noon(day) == each.at)
    if which == "recorded" or ("on" not in body and body.get("mode") != "late"):
        return [recorded]
    on = body.get("on", {})
    return [day for day in DAYS if on.get("lo", DAYS[0]) <= day <= on.get("hi", DAYS[-1])]


def datings(entries: Sequence[Entry]) -> Iterator[dict[tuple[int, str], str]]:
    """Yield every way to date both parts of each entry that its dates and the order allow."""
    told = [(each.seq, which, parts(each, body), span(each, body, which))
            for each, body in entries for which in ("own", "recorded")]  # fmt: skip
    lines = {(seq, which): {line for line, of in all_.items() if of == which} for seq, which, all_, _ in told}
    rests = {each.seq: body.get("rests", ()) for each, body in entries}
    pairs = [
        (i, j)
        for i, j in combinations(lines, 2)
        if i[0] < j[0] and (lines[i] & lines[j] or (i[1] == j[1] == "own" and i[0] in rests[j[0]]))
    ]
    for days in product(*(days for *_, days in told)):
        dating = dict(zip(lines, days, strict=True))
        if all(dating[i] <= dating[j] for i, j in pairs):
            # An act without a day of its own happens when it is recorded.
            yield dating


def steps(entries: Sequence[Entry], line: Part) -> list[tuple[Row, Mapping[str, Any], str]]:
    return [(each, body, parts(each, body)[line]) for each, body in entries if line in parts(each, body)]


def possible(entries: Sequence[Entry], line: Part, dating: Mapping[tuple[int, str], str], day: str) -> list[Any]:
    """Return what a line can be at the end of a day when every day is known: one thing, or two before an adoption."""
    kind, name = line
    along = steps(entries, line)
    gone = [step for step in along if dating[step[0].seq, step[2]] <= day]
    coming = along[len(gone) :]
    if kind == "region":
        states = [body["set"][name] for _, body, _ in gone]
        if not gone:
            return [Absence.NOT_ON_RECORD if coming[0][0].kind == "adopted" else Absence.NOT_YET_STARTED]
        now = Absence.INACTIVE if states[-1] is None else states[-1]
        unrecorded = coming and coming[0][0].kind == "adopted" and coming[0][1]["set"][name] != states[-1]
        return [now, Absence.NOT_ON_RECORD] if unrecorded else [now]
    if kind == "gate":
        gates: dict[str, Any] = {}
        for _, body, _ in gone:
            gates = merge(gates, {name: body["gates"][name]})
        return [gates.get(name, Absence.NOT_YET_STARTED)]
    if kind == "attr":
        return [gone[-1][1]["attrs"][name] if gone else Absence.NOT_ON_RECORD]
    if kind == "name":
        return [f"name {(gone or along)[-1 if gone else 0][0].seq}"]
    held: dict[str, int | None] = {"suspended": None, "void": None}
    for each, _, _ in gone:
        what = "void" if each.kind == "voided" else "suspended"
        held[what] = None if each.kind == "resumed" else each.seq
    return [Standing(held["suspended"], held["void"])]


def words(seq: int, field: str) -> str | None:
    return f"{field} {seq}"


def answers(found: Picture) -> dict[Part, Any]:
    given: dict[Part, Any] = {("region", name): answer for name, answer in found.regions.items()}
    given |= {("gate", name): answer for name, answer in found.gates.items()}
    given |= {("attr", name): answer for name, answer in found.attrs.items()}
    return given | {("name", ""): found.name, ("standing", ""): found.standing}


def distinct(values: Sequence[Any]) -> list[Any]:
    return [value for number, value in enumerate(values) if value not in values[:number]]


quick = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@quick
@given(histories(), st.sampled_from(ASKED), st.sampled_from((None, *MIDDLE)))
def test_every_answer_equals_brute_force(entries: tuple[Entry, ...], day: str, known: str | None) -> None:
    known_at = None if known is None else noon(known)
    counted = counting([each for each in entries if known_at is None or each[0].at <= known_at])
    every = list(datings(counted))
    assume(every)
    given_ = answers(Known(entries, utc_offset=CHINA, known_at=known_at, text=words).at(day))
    lines = {line for each, body in counted for line in parts(each, body)}
    assert lines <= given_.keys()
    for line in lines:
        expected = distinct([value for dating in every for value in possible(counted, line, dating, day)])
        found = given_[line]
        assert len(found.values) == len(expected), line
        assert all(value in expected for value in found.values), line
        assert found.certain == (len(expected) == 1)
        seqs = [(each.seq, which) for each, _, which in steps(counted, line)]
        certain = [part[0] for part in seqs if all(dating[part] <= day for dating in every)]
        can_have = [part[0] for part in seqs if any(dating[part] <= day for dating in every)]
        assert found.between == (max(certain, default=None), max(can_have, default=None)), line


@quick
@given(histories(), st.sampled_from(ASKED))
def test_what_has_happened_and_what_was_visited_equal_brute_force(entries: tuple[Entry, ...], day: str) -> None:
    counted = counting(entries)
    every = list(datings(counted))
    assume(every)
    found = Known(entries, utc_offset=CHINA, text=words).at(day)
    for each, _ in counted:
        had = {dating[each.seq, "own"] <= day for dating in every}
        assert found.happened[each.seq] == ("perhaps" if len(had) == 2 else "yes" if True in had else "no")
    for region, visited in found.visited.items():
        led = [
            {
                body["set"][region]
                for each, body, which in steps(counted, ("region", region))
                if dating[each.seq, which] <= day and each.kind != "adopted" and body["set"][region] is not None
            }
            for dating in every
        ]
        assert set(visited.certain) == set.intersection(*led)
        assert set(visited.perhaps) == set.union(*led) - set(visited.certain)


@quick
@given(histories(), st.sampled_from(ASKED))
def test_a_day_is_refused_only_if_no_days_agree(entries: tuple[Entry, ...], day: str) -> None:
    known = Known(entries, utc_offset=CHINA)
    if any(True for _ in datings(counting(entries))):
        known.at(day)
    else:
        with pytest.raises(ImpossibleDays):
            known.at(day)


@quick
@given(histories())
def test_without_a_day_everything_known_has_happened_and_is_certain(entries: tuple[Entry, ...]) -> None:
    found = Known(entries, utc_offset=CHINA, text=words).at()
    assert found.certain
    assert set(found.happened.values()) <= {"yes"}
