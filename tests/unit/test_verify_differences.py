"""Two values are told by where they differ first."""

from __future__ import annotations

from typing import Any

import pytest

from kfq_workflow.verify.differences import told

ROUND = {"round": 1, "tasks": {"1": {"by": "c1", "state": "approved"}, "2": {"state": "open"}}}


@pytest.mark.parametrize(
    ("found", "expected", "said", "wanted"),
    [
        (ROUND, ROUND, "round=1, tasks=1=by=c1, state=approved, 2=state=open", None),
        (ROUND | {"round": 2}, ROUND, "round = 2", "round = 1"),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, "a.b.c = 1", "a.b.c = 2"),
        ({"a": {"b": 1}}, {"a": {}}, "a.b = 1", "a.b = -"),
        ({}, {"a": {"b": 1, "c": None}}, "a = -", "a = b=1, c=-"),
        ({"a": 1, "b": 2}, {"a": 2, "b": 3}, "a = 1 (+1)", "a = 2 (+1)"),
        ({"a": [1, 2, 3]}, {"a": [1, 5, 3]}, "a.1 = 2", "a.1 = 5"),
        ({"a": [1]}, {"a": [1, 2]}, "a.1 = -", "a.1 = 2"),
        ({"a": 1}, {"a": True}, "a = 1", "a = True"),
        ([{"on": "z"}], [{"on": "y"}], "0.on = z", "0.on = y"),
        (None, {"a": 1}, "-", "a=1"),
        ("x" * 500, "y", "x" * 200, "y"),
    ],
)
def test_the_first_difference(found: Any, expected: Any, said: str, wanted: str | None) -> None:
    assert told(found, expected) == (said, said if wanted is None else wanted)
