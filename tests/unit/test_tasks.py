"""The rows that a gate makes: whose they are and in which box; folding what changed gives the rows of each round."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.approval.tasks import BOXES, DUTIES, SHARED, TaskRow, changed, place, rows
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.tables import Tables

STATES = ("open", "waiting", "blocked", "approved", "rejected", "abstained", "transferred", "removed", "superseded",
          "returned", "void")  # fmt: skip
ENDS = ("approved", "rejected", "returned", "withdrawn", "void")


def gate(state: str = "open", **more: Any) -> dict[str, Any]:
    tasks = {
        "1": {"seat": "land", "kind": "role", "of": "land_bureau", "step": 1, "state": "open", "since": 3},
        "2": {"seat": "water", "kind": "org", "of": "water", "step": 1, "state": "waiting", "since": 3},
        "3": {"seat": "head", "kind": "actor", "of": "li", "step": 2, "state": "open", "since": 3},
    }
    return {"round": 1, "state": state, "opened": 3, "by": "zhao", "tasks": tasks} | more


def told(found: dict[str, TaskRow]) -> dict[str, tuple[Any, ...]]:
    """Return box, state, role, organisation and holder of each row."""
    return {task: row[4:9] for task, row in found.items()}


def one(changes: dict[str, Any], task: str = "1", state: str = "open") -> tuple[Any, ...]:
    value = gate(state)
    value["tasks"][task] |= changes
    return told(rows("k", "grant", value))[task]


def test_a_row_has_the_columns_of_the_table() -> None:
    assert TaskRow._fields == tuple(column.name for column in Tables().task.columns)
    assert tuple(column.name for column in Tables().task.primary_key.columns) == TaskRow._fields[:4]


def test_an_open_gate() -> None:
    found = rows("k", "grant", gate(), at=7)
    assert found["1"] == ("k", "grant", 1, "1", "todo", "open", "land_bureau", None, None, 7)
    assert told(found) == {
        "applicant": ("mine", "open", None, None, "zhao"),
        "1": ("todo", "open", "land_bureau", None, None),
        "2": ("wait", "waiting", None, "water", None),
        "3": ("todo", "open", None, None, "li"),
    }


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_a_task(state: str) -> None:
    box = {"open": "todo", "waiting": "wait", "blocked": "wait", "removed": "gone", "superseded": "gone",
           "void": "gone"}.get(state, "done")  # fmt: skip
    actor = "wang" if box == "done" else None
    assert one({"state": state, "by": "wang"}) == (box, state, "land_bureau", None, actor)
    assert one({"state": state, "by": "wang"}, "3") == (box, state, None, None, actor or "li")
    assert one({"state": state}, "3")[4] == "li"


def test_no_task_of_a_closed_gate_is_a_duty() -> None:
    for state in ENDS:
        for row in rows("k", "grant", gate(state)).values():
            assert row.box not in DUTIES | SHARED or (row.task, state) == ("applicant", "returned")


@pytest.mark.parametrize(
    ("state", "more", "box"),
    [
        ("open", {}, "mine"),
        ("approved", {}, "closed"),
        ("withdrawn", {}, "closed"),
        ("returned", {"returned": {"by": "1"}}, "back"),
        ("returned", {"returned": {"by": "1", "to": ""}}, "back"),
        ("returned", {"returned": {"by": "1", "to": "draft"}}, "closed"),
    ],
)
def test_the_applicants_row(state: str, more: dict[str, Any], box: str) -> None:
    assert told(rows("k", "grant", gate(state, **more)))["applicant"] == (box, state, None, None, "zhao")


def test_copies_and_opinions_are_numbered_as_they_came() -> None:
    value = gate(copies={"wu": {"seq": 5}, "an": {"seq": 6}, "be": {"seq": 5, "read": 8}})
    value["tasks"]["1"]["asked"] = {"qi": {"seq": 9}, "ma": {"seq": 4, "replied": 6}}
    found = told(rows("k", "grant", value))
    assert found["copy:1"] == ("read", "read", None, None, "be")
    assert found["copy:2"] == ("copy", "unread", None, None, "wu")
    assert found["copy:3"] == ("copy", "unread", None, None, "an")
    assert found["ask:1:1"] == ("done", "replied", None, None, "ma")
    assert found["ask:1:2"] == ("ask", "asked", None, None, "qi")
    value["tasks"]["1"]["state"] = "blocked"
    assert told(rows("k", "grant", value))["ask:1:2"] == ("wait", "asked", None, None, "qi")
    value["tasks"]["1"] |= {"state": "approved", "by": "wang"}
    assert told(rows("k", "grant", value))["ask:1:2"] == ("gone", "asked", None, None, "qi")


def test_every_word_fits_its_column() -> None:
    widths = {column.name: column.type.length for column in Tables().task.columns if hasattr(column.type, "length")}
    value = gate(copies={"a": {"seq": 1}})
    value["tasks"] = {"9999": value["tasks"]["1"] | {"asked": {f"a{n}": {"seq": n} for n in range(1, 9)}}}
    for state in STATES:
        value["tasks"]["9999"]["state"] = state
        for row in rows("k", "t" * 64, value).values():
            for name, word in row._asdict().items():
                assert not isinstance(word, str) or len(word) <= widths[name]
    assert {box for boxes in BOXES.values() for box in boxes} >= DUTIES | SHARED


def test_only_what_changed_is_stored_again() -> None:
    before = {"grant": gate(), "other": gate()}
    after = copy.deepcopy(before)
    assert changed("k", before, after, 9) == []
    after["grant"]["tasks"]["1"] |= {"state": "approved", "by": "wang", "vote": 4}
    assert [(row.gate, row.task, row.box, row.at) for row in changed("k", before, after, 9)] == [
        ("grant", "1", "done", 9)
    ]
    assert len(changed("k", {}, after, 9)) == 8


def test_a_new_round_leaves_no_duty_of_the_one_before() -> None:
    before = {"grant": gate("returned", returned={"by": "1"}, copies={"wu": {"seq": 5}})}
    before["grant"]["tasks"]["3"] |= {"state": "returned", "by": "li"}
    found = {place(row): (row.box, row.state) for row in changed("k", before, {"grant": gate(round=2)}, 9)}
    assert {task: box for (_, _, number, task), box in found.items() if number == 1} == {
        "applicant": ("closed", "returned"),
        "copy:1": ("read", "unread"),
    }
    assert {task for (_, _, number, task) in found if number == 2} == {"applicant", "1", "2", "3"}


_PEOPLE = st.sampled_from(("an", "be", "ci", "du"))
_TASK = st.fixed_dictionaries(
    {"state": st.sampled_from(STATES)},
    optional={
        "by": _PEOPLE,
        "asked": st.dictionaries(_PEOPLE, st.fixed_dictionaries({"seq": st.integers(1, 3)}, optional={
            "replied": st.integers(4, 5)}), max_size=2),
    },
)  # fmt: skip
_PATCH = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(("open", *ENDS)),
        "returned": st.fixed_dictionaries({"by": st.just("1")}, optional={"to": st.sampled_from(("", "draft"))}),
        "tasks": st.dictionaries(st.sampled_from(("1", "2", "3")), _TASK, max_size=3),
        "copies": st.dictionaries(_PEOPLE, st.fixed_dictionaries({"seq": st.integers(1, 3)}, optional={
            "read": st.integers(4, 5)}), max_size=2),
    },
)  # fmt: skip
_STEPS = st.lists(st.tuples(st.sampled_from(("grant", "other")), st.booleans(), _PATCH), max_size=12)


@given(_STEPS)
def test_folding_what_changed_gives_the_rows_of_each_rounds_last_gate(steps: list[Any]) -> None:
    """In the rounds that another one followed, what was a duty or unread has left its box; nothing else differs."""
    snapshot, stored = Snapshot(), dict[Any, TaskRow]()
    last: dict[tuple[str, int], Any] = {}
    changes: dict[Any, int] = {}
    for seq, (transition, again, patch) in enumerate(steps, 1):
        before = snapshot.gates
        frozen = copy.deepcopy(before)
        fresh = again or transition not in before
        number = before[transition]["round"] + fresh if transition in before else 1
        body = {transition: gate(round=number) | patch if fresh else patch}
        if fresh:
            body[transition]["tasks"] = gate()["tasks"]
        snapshot.apply(seq, "voted", {"gates": body})
        assert before == frozen
        for row in changed("k", before, snapshot.gates, seq):
            assert row._replace(at=0) != stored.get(place(row), row)._replace(at=0) or place(row) not in stored
            stored[place(row)], changes[place(row)] = row, seq
        last[transition, number] = snapshot.gates[transition]
    wanted = {}
    for (transition, number), value in last.items():
        over = number != snapshot.gates[transition]["round"]
        for row in rows("k", transition, value).values():
            gone = {"todo": "gone", "wait": "gone", "ask": "gone", "mine": "closed", "back": "closed", "copy": "read"}
            wanted[place(row)] = row._replace(
                box=gone.get(row.box, row.box) if over else row.box, at=changes[place(row)]
            )
    assert stored == wanted
