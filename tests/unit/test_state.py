"""The fold: merging `set` rebuilds the state, without the definition."""

from __future__ import annotations

import json

import pytest

from kfq_workflow.state import Snapshot


def on(lo: str | None, hi: str) -> dict[str, str]:
    return {"edtf": hi, "hi": hi} | ({"lo": lo} if lo else {})


def test_an_empty_snapshot_is_an_empty_object() -> None:
    assert Snapshot().encode() == "{}"
    assert Snapshot.parse("{}") == Snapshot()


def test_unknown_future_kinds_fold_by_their_set() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "started", {"set": {"main": "a"}})
    snapshot.apply(2, "voted", {"set": {"main": "b"}, "was": {"main": "a"}, "gate": {"outcome": "approved"}})
    assert snapshot.regions == {"main": "b"}


def test_notes_and_refusals_change_nothing() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "started", {"set": {"main": "a"}})
    before = snapshot.encode()
    snapshot.apply(2, "annotated", {"texts": {}})
    snapshot.apply(3, "refused", {"trigger": "x", "refusals": []})
    assert snapshot.encode() == before


def test_the_stored_form_reads_back() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "adopted", {"set": {"main": "a", "side": None}, "on": on(None, "2017-12-31")})
    snapshot.apply(2, "fired", {"trigger": "t", "set": {"main": "b"}, "was": {"main": "a"}, "remembers": "main"})
    assert Snapshot.parse(snapshot.encode()) == snapshot
    assert json.loads(snapshot.encode())["left"] == {"main": {"t": "a"}}


def test_the_earliest_day_is_carried_forward() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "fired", {"set": {"main": "a"}, "on": on("2018-01-01", "2018-12-31")})
    snapshot.apply(2, "fired", {"set": {"main": "b"}, "on": on(None, "2020-05-31")})
    snapshot.apply(3, "fired", {"set": {"side": "x"}, "rests": [2], "on": on("2017-01-01", "2020-05-31")})
    assert snapshot.since["side"] == [3, "2018-01-01"]
    assert snapshot.earliest((), ["side"]) == (3, "2018-01-01")
    assert snapshot.earliest((), ["nowhere"]) is None
    assert snapshot.earliest([1], []) == (1, "2018-01-01")


def test_a_region_that_is_left_is_kept_and_an_adoption_to_nothing_is_not() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "fired", {"set": {"main": "a", "side": "x"}})
    snapshot.apply(2, "fired", {"set": {"main": "b", "side": None}, "was": {"side": "x"}})
    assert (snapshot.regions, snapshot.kept) == ({"main": "b"}, {"side": "x"})
    snapshot.apply(3, "adopted", {"set": {"main": "a", "side": None}})
    assert snapshot.kept == {}


def test_an_adopted_state_is_marked_until_a_move_sets_the_region() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "adopted", {"set": {"main": "a", "side": "x"}})
    assert snapshot.adopted == ["main", "side"]
    assert snapshot.visited == {}
    snapshot.apply(2, "fired", {"set": {"main": "b"}})
    assert snapshot.adopted == ["side"]


def test_facts_of_reserved_instances_are_their_newest() -> None:
    snapshot = Snapshot()
    snapshot.apply(1, "enrolled", {"roles": ["a"], "org": "", "kind": "office", "enabled": True, "texts": {}})
    snapshot.apply(2, "enrolled", {"roles": ["b"], "org": "", "kind": "office", "enabled": False})
    assert snapshot.attrs == {"roles": ["b"], "org": "", "kind": "office", "enabled": False}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"unknown":1}', "null"])
def test_what_is_no_snapshot_does_not_parse(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Snapshot.parse(text)


def test_a_gate_is_merged_until_a_new_round_replaces_it() -> None:
    snapshot = Snapshot()
    first = {"round": 1, "state": "open", "tasks": {"1": {"state": "open", "of": "a"}}, "due": "2020-01-01"}
    snapshot.apply(1, "opened", {"gates": {"grant": first}})
    before = snapshot.gates
    vote = {"tasks": {"1": {"state": "approved", "by": "b"}, "2": {"state": "open"}}, "due": "2020-02-01"}
    snapshot.apply(2, "voted", {"gates": {"grant": vote, "other": {"round": 1}}})
    assert before == {"grant": first}
    assert snapshot.gates == {
        "grant": {
            "round": 1,
            "state": "open",
            "tasks": {"1": {"state": "approved", "of": "a", "by": "b"}, "2": {"state": "open"}},
            "due": "2020-02-01",
        },
        "other": {"round": 1},
    }
    assert Snapshot.parse(snapshot.encode()) == snapshot
    snapshot.apply(3, "opened", {"gates": {"grant": {"round": 2, "state": "open"}}})
    assert snapshot.gates["grant"] == {"round": 2, "state": "open"}
