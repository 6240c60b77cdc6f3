"""A quorum against brute force: it is decided exactly when no vote that is still to come could change the outcome."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.approval.quorum import tally
from kfq_workflow.definition.model import Quorum

VOTES = ("approved", "rejected", "abstained")
Tasks = list[dict[str, object]]


def final(quorum: Quorum, tasks: Tasks) -> str:
    """The outcome when everybody has voted, said as plainly as can be."""
    weigh = quorum.kind == "weight"
    weight = {
        state: sum(int(t.get("weight", 1)) if weigh else 1 for t in tasks if t["state"] == state) for state in VOTES
    }
    if any(task["state"] == "rejected" and task.get("veto") for task in tasks):
        return "rejected"
    asked = sum(weight.values()) - (weight["abstained"] if quorum.abstain == "excluded" else 0)
    yes = weight["approved"]
    match quorum.kind:
        case "all":
            enough = yes == asked and yes > 0
        case "any":
            enough = yes > 0
        case "count" | "weight":
            enough = yes >= quorum.need
        case _:
            part = Fraction(quorum.ratio) * asked
            enough = yes > 0 and (yes > part if quorum.strict else yes >= part)
    return "approved" if enough else "rejected"


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
    pending = [number for number, task in enumerate(tasks) if task["state"] in ("open", "waiting")]
    endings = set()
    for votes in product(VOTES, repeat=len(pending)):
        ended = [dict(task) for task in tasks]
        for number, vote in zip(pending, votes, strict=True):
            ended[number]["state"] = vote
        endings.add(final(quorum, ended))
    outcome = tally(quorum, tasks).outcome()
    assert endings == {outcome} if outcome else len(endings) == 2


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
