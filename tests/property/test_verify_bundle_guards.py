"""Guards and votes as the library and the independent verifier decide them: the same answer, the same rests."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow import verify_bundle as alone
from kfq_workflow.approval.quorum import tally
from kfq_workflow.conditions import Context, holds
from kfq_workflow.definition import model as m
from kfq_workflow.definition.canonical import rules_document
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor
from tests.property.test_quorum import quorums, tasks_
from tests.workflows import permit

REGIONS = {"main": ["draft", "review", "granted"], "survey": ["none", "done", "unknown"]}
FIELDS = {"area": m.Field("area", "decimal"), "size": m.Field("size", "integer"), "word": m.Field("word", "text")}
WORDS = st.sampled_from(["1", "1.0", "2", "x"])
VALUES = {"area": st.sampled_from(["1", "1.0", "2.5"]), "size": st.integers(0, 2), "word": WORDS}


def _in_states(region: str) -> st.SearchStrategy[m.Condition]:
    states = st.frozensets(st.sampled_from(REGIONS[region]), min_size=1)
    return st.builds(m.InStates, st.just(region), states)


def _field(name: str) -> st.SearchStrategy[m.Condition]:
    operators = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
    one = st.builds(m.FieldIs, st.just("attribute"), st.just(name), operators, VALUES[name])
    some = st.builds(m.FieldIs, st.just("attribute"), st.just(name), st.just("in"), st.tuples(VALUES[name]))
    return one | some


LEAVES = st.one_of(
    *map(_in_states, REGIONS),
    *map(_field, FIELDS),
    st.builds(m.Visited, st.just("main"), st.sampled_from(REGIONS["main"])),
    st.builds(m.ActorHas, st.frozensets(st.sampled_from(["clerk", "authority"]), min_size=1)),
    st.builds(m.GateIs, st.just("grant"), st.sampled_from(["voted", "unopposed"])),
    st.builds(m.Unsupported, st.just("clock")),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda of: st.one_of(
        st.builds(m.Not, of),
        st.builds(m.All, st.lists(of, min_size=1, max_size=3).map(tuple)),
        st.builds(m.Any, st.lists(of, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
SETS = st.dictionaries(st.sampled_from(["main", "survey"]), st.integers(0, 3), min_size=1).map(
    lambda sets: {name: [*REGIONS[name], None][place] for name, place in sets.items()}
)
ENTRIES = st.lists(st.tuples(st.sampled_from(["fired", "fired", "adopted"]), SETS), max_size=6)
ATTRS = st.fixed_dictionaries({}, optional=VALUES)
ROUND = st.none() | st.lists(st.sampled_from(["approved", "rejected", "open", "removed"]), max_size=3)


def _entry(seq: int, kind: str, body: dict[str, Any]) -> alone.Entry:
    return alone.Entry("x", 0, body, None, "p", kind, "", "", None, seq, 1, "", b"", 0)


@given(CONDITIONS, ENTRIES, ATTRS, ROUND, st.none() | st.frozensets(st.sampled_from(["clerk", "applicant"])))
def test_a_guard_holds_for_both_and_rests_on_the_same_entries(
    condition: m.Condition, entries: Any, attrs: Any, states: Any, roles: Any
) -> None:
    definition = permit(guards={"asked": condition}, attributes=FIELDS)
    snapshot, case = Snapshot(attrs=dict(attrs)), alone.Case("p")
    case.attrs = dict(attrs)
    for seq, (kind, sets) in enumerate(entries, 1):
        body = {"set": sets}
        snapshot.apply(seq, kind, body)
        case.fold(_entry(seq, kind, body))
    tasks = {str(number): {"state": state} for number, state in enumerate(states or (), 1)}
    gates = None if states is None else {"grant": {"tasks": tasks}}
    context = Context(definition, snapshot, None if roles is None else Actor("x", roles), {}, gates=gates)
    case.rules = alone.Rules(json.loads(rules_document(definition)))
    act = alone.Act(cast("Any", SimpleNamespace(book=None)), case, _entry(9, "fired", {}), None, "2020-01-01")
    performer = None if roles is None else alone.Actor("x", roles)
    looking = alone.Looking(alone.Question(act, "", performer, {}, gates=gates))
    expected = holds(condition, context)
    assert looking.holds(case.rules.guards["asked"]) is expected
    if expected:
        assert looking.rests == context.rests


@given(quorums, tasks_)
def test_votes_are_counted_alike(quorum: m.Quorum, tasks: list[dict[str, Any]]) -> None:
    asked = m.Gate((m.Signer("clerks", "role", "clerk"),), quorum)
    definition = permit(
        transitions=(m.Transition("go", "go", "main", ("draft",), m.Target("same"), ("clerk",), gate=asked),)
    )
    way = json.loads(rules_document(definition))["transitions"][0]
    round_ = alone.Round(way, {"tasks": {str(number): task for number, task in enumerate(tasks, 1)}}, 9)
    found = tally(quorum, tasks)
    assert round_.count() == (found.plain(), found.outcome(wait=quorum.wait))
