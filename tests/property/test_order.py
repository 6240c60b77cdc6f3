"""The answers as of a day equal brute force over every way to date the acts."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kfq_workflow.history.order import Absence, Act, ImpossibleDays, State, as_of, bounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Bounds are among the middle days. The outer two stand for all days before and after them, on which open ends lie.
DAYS = ("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05")
MIDDLE = DAYS[1:-1]
#: On the last day an act without a latest day would have to have happened: nobody asks about that one.
ASKED = DAYS[:-1]
REGIONS = ("main", "reform", "plan")

Dating = dict[int, str]


@st.composite
def an_act(draw: st.DrawFn, seq: int, earlier: tuple[int, ...]) -> Act:
    """One act of an instance whose earlier entries have these numbers."""
    lo = draw(st.sampled_from((None, *MIDDLE)))
    hi = draw(st.sampled_from((None, *(day for day in MIDDLE if lo is None or lo <= day))))
    regions = draw(st.lists(st.sampled_from(REGIONS), unique=True, max_size=2))
    sets = tuple((region, draw(st.sampled_from(("x", "y", "z", None)))) for region in regions)
    rests = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else []
    return Act(seq, sets, lo, hi, tuple(rests), adopted=draw(st.integers(0, 3)) == 0)


@st.composite
def instances(draw: st.DrawFn, max_size: int = 5) -> tuple[Act, ...]:
    """The acts of one instance, dates agreeing or not; some numbers are left out, as by notes."""
    seqs = sorted(draw(st.sets(st.integers(1, 9), min_size=1, max_size=max_size)))
    return tuple(draw(an_act(seq, tuple(seqs[:index]))) for index, seq in enumerate(seqs))


def tied(earlier: Act, later: Act) -> bool:
    """Tell whether one act comes before another, as the rule says it and nothing cleverer."""
    common = {region for region, _ in earlier.sets} & {region for region, _ in later.sets}
    return bool(common) or earlier.seq in later.rests


def datings(acts: Sequence[Act]) -> Iterator[Dating]:
    """Yield every way to date the acts that their own dates and their order allow."""
    pairs = [(i.seq, j.seq) for i, j in combinations(acts, 2) if tied(i, j)]
    choices = [
        [day for day in DAYS if (act.lo is None or act.lo <= day) and (act.hi is None or day <= act.hi)] for act in acts
    ]
    for days in product(*choices):
        dating = dict(zip((act.seq for act in acts), days, strict=True))
        if all(dating[i] <= dating[j] for i, j in pairs):
            yield dating


def possible(acts: Sequence[Act], region: str, dating: Dating, day: str) -> set[State]:
    """Return what a region can be at the end of a day when every act's day is known.

    Not more than one thing, unless the next act of the region is an adoption of another state.
    """
    setters = [(act, state) for act in acts for name, state in act.sets if name == region]
    gone = [state for act, state in setters if dating[act.seq] <= day]
    coming = [(act.adopted, state) for act, state in setters if dating[act.seq] > day]
    if not gone:
        return {Absence.NOT_ON_RECORD if coming[0][0] else Absence.NOT_YET_STARTED}
    now: State = Absence.INACTIVE if gone[-1] is None else gone[-1]
    if coming and coming[0][0] and coming[0][1] != gone[-1]:
        return {now, Absence.NOT_ON_RECORD}
    return {now}


def regions_of(acts: Sequence[Act]) -> set[str]:
    return {region for act in acts for region, _ in act.sets}


@settings(deadline=None)
@given(instances(), st.sampled_from(ASKED))
def test_as_of_equals_brute_force(acts: tuple[Act, ...], day: str) -> None:
    every = list(datings(acts))
    assume(every)
    answers = as_of(acts, day)
    assert set(answers) == regions_of(acts)
    for region, answer in answers.items():
        expected = set[State]().union(*(possible(acts, region, dating, day) for dating in every))
        assert set(answer.values) == expected
        assert len(answer.values) == len(expected)
        assert answer.certain == (len(expected) == 1)


@settings(deadline=None)
@given(instances(), st.sampled_from(ASKED))
def test_between_names_the_newest_certain_and_the_newest_possible_entry(acts: tuple[Act, ...], day: str) -> None:
    every = list(datings(acts))
    assume(every)
    for region, answer in as_of(acts, day).items():
        setters = [act.seq for act in acts if region in dict(act.sets)]
        certain = [seq for seq in setters if all(dating[seq] <= day for dating in every)]
        can_have = [seq for seq in setters if any(dating[seq] <= day for dating in every)]
        assert answer.between == (max(certain, default=None), max(can_have, default=None))


@settings(deadline=None)
@given(instances())
def test_bounds_are_the_first_and_the_last_day_of_any_dating(acts: tuple[Act, ...]) -> None:
    every = list(datings(acts))
    found = bounds(acts)
    assert bool(every) == (not found.impossible)
    if not every:
        return
    for act in acts:
        assert (found.earliest[act.seq] or DAYS[0]) == min(dating[act.seq] for dating in every)
        assert (found.latest[act.seq] or DAYS[-1]) == max(dating[act.seq] for dating in every)


@settings(deadline=None)
@given(instances(), st.sampled_from(ASKED))
def test_as_of_refuses_impossible_days_and_nothing_else(acts: tuple[Act, ...], day: str) -> None:
    try:
        as_of(acts, day)
    except ImpossibleDays as error:
        assert error.seqs == bounds(acts).impossible  # noqa: PT017
        assert not any(datings(acts))
    else:
        assert any(datings(acts))


@given(instances(max_size=8))
@example(
    (
        Act(1, (("main", "x"),), MIDDLE[2], None, (), adopted=False),
        Act(2, (("main", "y"),), None, MIDDLE[1], (), adopted=False),
    )
)
def test_an_act_is_refusable_from_what_comes_directly_before_it(acts: tuple[Act, ...]) -> None:
    *earlier, last = acts
    before = bounds(earlier)
    assume(not before.impossible)
    direct = [max((act.seq for act in earlier if region in dict(act.sets)), default=None) for region, _ in last.sets]
    lows = [before.earliest[seq] for seq in (*direct, *last.rests) if seq is not None]
    too_late = any(low is not None and last.hi is not None and low > last.hi for low in lows)
    assert bool(bounds(acts).impossible) == too_late


@given(instances(max_size=8))
def test_bounds_of_what_was_known_before_are_never_narrower(acts: tuple[Act, ...]) -> None:
    whole, known = bounds(acts), bounds(acts[:-1])
    assert set(known.impossible) <= set(whole.impossible)
    for act in acts[:-1]:
        assert whole.earliest[act.seq] == known.earliest[act.seq]
        assert (whole.latest[act.seq] or DAYS[-1]) <= (known.latest[act.seq] or DAYS[-1])
