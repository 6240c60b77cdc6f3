"""The order of one instance's acts, and what its regions were on a day."""

from __future__ import annotations

import pickle

import pytest

from kfq_workflow.history.order import Absence, Act, Answer, ImpossibleDays, as_of, bounds

NOT_ON_RECORD = Absence.NOT_ON_RECORD
NOT_YET_STARTED = Absence.NOT_YET_STARTED

PREPARING = "staffing.preparing"
COMMITTEE = "staffing.committee_established"
LEADERSHIP = "staffing.leadership_in_place"
UNDERWAY = "reform_rollout.underway"
PENDING = "provincial_approval.decision_pending"
REFORMS = ("reform_tenure", "reform_appointment", "reform_performance_pay")
PLANS = ("plan_master", "plan_regulatory", "plan_eia", "boundary_survey")


def act(
    seq: int,
    sets: dict[str, str | None],
    lo: str | None = None,
    hi: str | None = None,
    *,
    rests: tuple[int, ...] = (),
    adopted: bool = False,
) -> Act:
    return Act(seq, tuple(sets.items()), lo, hi, rests, adopted)


def exactly(seq: int, sets: dict[str, str | None], day: str, *, adopted: bool = False) -> Act:
    return act(seq, sets, day, day, adopted=adopted)


APPROVED: dict[str, str | None] = {
    "main": PREPARING,
    **dict.fromkeys(REFORMS, "not_started"),
    **dict.fromkeys(PLANS, "not_started"),
}
UNREPORTED: dict[str, str | None] = dict.fromkeys(PLANS, "unreported")

# The Hongtong zone of the 2020 interview. `[..2017]`, `2017`, then seven times `[2017-01..2020-05]`.
# Entry 3 puts the leadership on record: since then leadership and committee are both in place.
LATER = ("2017-01-01", "2020-05-31")
HONGTONG = (
    act(1, {"main": PENDING}, None, "2017-12-31", adopted=True),
    act(2, APPROVED, "2017-01-01", "2017-12-31"),
    act(3, {"main": LEADERSHIP, **UNREPORTED}, *LATER, adopted=True),
    act(4, {"main": UNDERWAY}, *LATER),
    act(5, {"reform_tenure": "in_progress"}, *LATER),
    act(6, {"reform_tenure": "in_place"}, *LATER, rests=(3,)),
    act(7, {"reform_appointment": "in_progress"}, *LATER, rests=(3,)),
    act(8, {"reform_appointment": "in_place"}, *LATER, rests=(3,)),
    act(9, {"reform_performance_pay": "in_progress"}, *LATER, rests=(3,)),
)

# The Xiangfen zone: approved in 2018, adopted with a committee, then leadership and opening by 2020-05.
SINCE_2018 = ("2018-01-01", "2020-05-31")
XIANGFEN = (
    act(1, {"main": PENDING}, None, "2018-12-31", adopted=True),
    act(2, APPROVED, "2018-01-01", "2018-12-31"),
    act(3, {"main": COMMITTEE, **dict.fromkeys(REFORMS, "unreported"), **UNREPORTED}, *SINCE_2018, adopted=True),
    act(4, {"main": LEADERSHIP}, *SINCE_2018),
    act(5, {"main": UNDERWAY}, *SINCE_2018),
)


def test_hongtong_in_the_middle_of_2019_cannot_be_told() -> None:
    answer = as_of(HONGTONG, "2019-06-30")["main"]
    assert answer.values == (PREPARING, NOT_ON_RECORD, LEADERSHIP, UNDERWAY)
    assert not answer.certain
    assert answer.between == (2, 4)


def test_hongtong_at_the_time_of_the_interview_is_certain() -> None:
    answers = as_of(HONGTONG, "2020-05-31")
    assert answers["main"] == Answer((UNDERWAY,), (4, 4))
    assert answers["main"].certain
    assert {region: answers[region].values for region in REFORMS} == {
        "reform_tenure": ("in_place",),
        "reform_appointment": ("in_place",),
        "reform_performance_pay": ("in_progress",),
    }
    assert {answers[plan].values for plan in PLANS} == {("unreported",)}


def test_hongtong_before_and_during_its_year_of_approval() -> None:
    assert as_of(HONGTONG, "2016-12-31")["main"] == Answer((NOT_ON_RECORD, PENDING), (None, 1))
    during = as_of(HONGTONG, "2017-06-30")
    assert during["main"] == Answer((NOT_ON_RECORD, PENDING, PREPARING, LEADERSHIP, UNDERWAY), (None, 4))
    assert during["reform_tenure"].values == (NOT_YET_STARTED, "not_started", "in_progress", "in_place")
    at_its_end = as_of(HONGTONG, "2017-12-31")
    assert at_its_end["main"].between == (2, 4)
    assert at_its_end["plan_eia"] == Answer(("not_started", NOT_ON_RECORD, "unreported"), (2, 3))


def test_hongtong_known_early_says_less() -> None:
    assert as_of(HONGTONG[:2], "2019-06-30")["main"] == Answer((PREPARING,), (2, 2))
    assert as_of((), "2019-06-30") == {}


def test_a_reform_in_place_bounds_the_leadership_that_it_rests_on() -> None:
    earlier = (*HONGTONG[:5], act(6, {"reform_tenure": "in_place"}, "2018-05-01", "2018-05-31", rests=(3,)))
    found = bounds(earlier)
    assert [found.latest[seq] for seq in (3, 4, 5)] == ["2018-05-31", "2020-05-31", "2018-05-31"]
    assert as_of(earlier, "2019-06-30")["main"].values == (LEADERSHIP, UNDERWAY)


def test_xiangfen_in_the_middle_of_2019_cannot_be_told() -> None:
    answer = as_of(XIANGFEN, "2019-06-30")["main"]
    assert answer == Answer((PREPARING, NOT_ON_RECORD, COMMITTEE, LEADERSHIP, UNDERWAY), (2, 5))
    assert as_of(XIANGFEN, "2020-05-31")["main"].certain


def test_bounds_come_from_all_that_is_before_and_after() -> None:
    found = bounds(
        (
            act(1, {"a": "x"}, "2018-01-01", "2020-12-31"),
            act(2, {"b": "x"}, None, None),
            act(3, {"a": "y"}, None, "2019-12-31", rests=(2,)),
            act(4, {"c": "x"}, None, None),
            act(5, {"a": "z", "c": "y"}, "2017-01-01", "2019-06-30"),
        )
    )
    assert found.earliest == {1: "2018-01-01", 2: None, 3: "2018-01-01", 4: None, 5: "2018-01-01"}
    assert found.latest == {1: "2019-06-30", 2: "2019-06-30", 3: "2019-06-30", 4: "2019-06-30", 5: "2019-06-30"}
    assert found.impossible == ()


def test_acts_that_nothing_ties_may_have_happened_in_any_order() -> None:
    acts = (exactly(1, {"a": "x"}, "2020-05-01"), exactly(2, {"b": "x"}, "2017-05-01"))
    assert bounds(acts).impossible == ()
    assert as_of(acts, "2018-01-01") == {
        "a": Answer((NOT_YET_STARTED,), (None, None)),
        "b": Answer(("x",), (2, 2)),
    }


def test_a_contradiction_is_found_beyond_the_previous_entry() -> None:
    acts = (
        exactly(1, {"a": "x"}, "2020-01-01"),
        act(2, {"a": "y"}, None, None),
        exactly(3, {"a": "z"}, "2019-12-31"),
    )
    assert bounds(acts).impossible == (1, 2, 3)
    with pytest.raises(ImpossibleDays, match=r"entries 1, 2, 3 ") as caught:
        as_of(acts, "2020-01-01")
    assert caught.value.seqs == (1, 2, 3)
    assert pickle.loads(pickle.dumps(caught.value)).seqs == (1, 2, 3)  # noqa: S301


def test_resting_on_an_entry_orders_two_regions() -> None:
    leadership = act(1, {"main": LEADERSHIP}, "2020-01-01", None)
    reform = act(2, {"reform": "in_place"}, "2019-01-01", "2019-12-31")
    assert bounds((leadership, reform)).impossible == ()
    assert bounds((leadership, act(2, {"reform": "in_place"}, reform.lo, reform.hi, rests=(1,)))).impossible == (1, 2)


def test_acts_on_one_day_keep_their_order() -> None:
    acts = (exactly(1, {"a": "x"}, "2020-05-01"), exactly(2, {"a": "y"}, "2020-05-01"))
    assert as_of(acts, "2020-04-30")["a"] == Answer((NOT_YET_STARTED,), (None, None))
    assert as_of(acts, "2020-05-01")["a"] == Answer(("y",), (2, 2))


def test_different_acts_that_lead_to_one_state_are_certain() -> None:
    acts = (exactly(1, {"a": "x"}, "2017-05-01"), act(2, {"a": "x"}, "2018-01-01", "2018-12-31"))
    answer = as_of(acts, "2018-06-30")["a"]
    assert answer == Answer(("x",), (1, 2))
    assert answer.certain


def test_a_state_that_comes_back_is_named_once() -> None:
    acts = (
        exactly(1, {"a": "x"}, "2017-05-01"),
        act(2, {"a": "y"}, "2018-01-01", "2018-12-31"),
        act(3, {"a": "x"}, "2018-01-01", "2018-12-31"),
    )
    assert as_of(acts, "2018-06-30")["a"] == Answer(("x", "y"), (1, 3))


def test_a_region_without_a_state_is_inactive() -> None:
    acts = (exactly(1, {"a": "x"}, "2017-05-01"), exactly(2, {"a": None}, "2018-05-01"))
    assert as_of(acts, "2018-05-01")["a"].values == (Absence.INACTIVE,)
    adopted = (exactly(1, {"a": None}, "2017-05-01", adopted=True),)
    assert as_of(adopted, "2017-04-30")["a"].values == (NOT_ON_RECORD,)
    assert as_of(adopted, "2017-05-01")["a"].values == (Absence.INACTIVE,)


def test_before_an_adoption_of_another_state_a_region_went_on_unrecorded() -> None:
    acts = (exactly(1, {"a": "x"}, "2017-05-01"), exactly(2, {"a": "z"}, "2020-05-01", adopted=True))
    assert as_of(acts, "2019-01-01")["a"] == Answer(("x", NOT_ON_RECORD), (1, 1))
    assert as_of(acts, "2020-05-01")["a"] == Answer(("z",), (2, 2))


def test_an_adoption_that_finds_the_recorded_state_confirms_it() -> None:
    acts = (exactly(1, {"a": "x"}, "2017-05-01"), exactly(2, {"a": "x"}, "2020-05-01", adopted=True))
    assert as_of(acts, "2019-01-01")["a"] == Answer(("x",), (1, 1))


def test_an_entry_that_sets_nothing_can_still_be_rested_on() -> None:
    acts = (exactly(2, {}, "2018-01-01"), act(5, {"a": "x"}, None, None, rests=(2,)))
    assert bounds(acts).earliest == {2: "2018-01-01", 5: "2018-01-01"}
    assert as_of(acts, "2017-12-31") == {"a": Answer((NOT_YET_STARTED,), (None, None))}
    assert as_of(acts, "2018-01-01") == {"a": Answer((NOT_YET_STARTED, "x"), (None, 5))}


def test_an_act_cannot_rest_on_itself_or_set_a_region_twice() -> None:
    with pytest.raises(ValueError, match="entry 3 rests on an entry that is not before it"):
        act(3, {}, rests=(3,))
    with pytest.raises(ValueError, match="entry 3 sets a region twice"):
        Act(3, (("a", "x"), ("a", "y")), None, None, (), adopted=False)


def test_acts_are_given_in_order_and_whole() -> None:
    with pytest.raises(ValueError, match="entry 1 stands after entry 2"):
        bounds((act(2, {}), act(1, {})))
    with pytest.raises(ValueError, match="entry 1 stands after entry 1"):
        bounds((act(1, {}), act(1, {})))
    with pytest.raises(ValueError, match="entry 4 rests on entry 2, which is not given"):
        as_of((act(1, {}), act(4, {}, rests=(1, 2))), "2020-01-01")
