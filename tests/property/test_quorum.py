"""A quorum against brute force: it is decided exactly when no vote that is still to come could change the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.approval.quorum import tally
from kfq_workflow.definition.model import Quorum
from tests.quorums import VOTES, endings, final

if TYPE_CHECKING:
    from tests.quorums import Tasks

quorums = st.builds(
    Quorum,
    kind=st.sampled_from(["all", "any", "count", "ratio", "weight"]),
    need=st.integers(1, 6),
    ratio=st.sampled_from(["1/3", "1/2", "2/3", "3/4", "1"]),
    strict=st.booleans(),
    abstain=st.sampled_from(["counts", "excluded"]),
)
tasks_ = st.lists(
    st.fixed_dictionaries(
        {"state": st.sampled_from(["open", "waiting", *VOTES, "removed", "transferred"])},
        optional={"weight": st.integers(1, 3), "veto": st.booleans()},
    ),
    min_size=1,
    max_size=6,
)


@given(quorums, tasks_)
def test_a_quorum_is_decided_exactly_when_nothing_can_change_it(quorum: Quorum, tasks: Tasks) -> None:
    outcome = tally(quorum, tasks).outcome()
    assert endings(quorum, tasks) == {outcome} if outcome else len(endings(quorum, tasks)) == 2


@given(quorums, tasks_)
def test_with_wait_it_is_decided_when_all_have_voted_and_as_they_voted(quorum: Quorum, tasks: Tasks) -> None:
    outcome = tally(quorum, tasks).outcome(wait=True)
    if any(task["state"] in ("open", "waiting") for task in tasks):
        assert outcome is None
    else:
        assert outcome == final(quorum, tasks)


@pytest.mark.parametrize(
    ("quorum", "states", "outcome"),
    [
        (Quorum("all"), "oo", None),
        (Quorum("all"), "yo", None),
        (Quorum("all"), "no", "rejected"),
        (Quorum("all"), "ya", "rejected"),
        (Quorum("all", abstain="excluded"), "ya", "approved"),
        (Quorum("all", abstain="excluded"), "aa", "rejected"),
        (Quorum("any"), "yo", "approved"),
        (Quorum("any"), "nno", None),
        (Quorum("any"), "nnn", "rejected"),
        (Quorum("count", need=3), "yyyoo", "approved"),
        (Quorum("count", need=3), "yynno", None),
        (Quorum("count", need=3), "nnnoo", "rejected"),
        (Quorum("ratio", ratio="2/3"), "yyo", "approved"),
        (Quorum("ratio", ratio="1/2", strict=True), "yyoo", None),
        (Quorum("ratio", ratio="1/2", strict=True), "yynn", "rejected"),
        (Quorum("ratio", ratio="1/2"), "yynn", "approved"),
        (Quorum("count", need=0, wait=True), "nno", None),
        (Quorum("count", need=0, wait=True), "nna", "approved"),
    ],
)
def test_worked_examples(quorum: Quorum, states: str, outcome: str | None) -> None:
    names = {"o": "open", "y": "approved", "n": "rejected", "a": "abstained"}
    assert tally(quorum, [{"state": names[letter]} for letter in states]).outcome(wait=quorum.wait) == outcome


def test_weights_count_only_under_a_quorum_by_weight() -> None:
    tasks = [{"state": "approved", "weight": 60}, {"state": "rejected", "weight": 40}]
    assert tally(Quorum("weight", need=60), tasks).outcome() == "approved"
    assert tally(Quorum("all"), tasks).outcome() == "rejected"


def test_a_veto_rejects_alone() -> None:
    tasks = [{"state": "rejected", "veto": True}, {"state": "approved"}, {"state": "open"}]
    assert tally(Quorum("any"), tasks).outcome() == "rejected"
