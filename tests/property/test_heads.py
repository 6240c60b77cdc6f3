"""Heads that moved on stand in the places of the older ones, whichever keys are new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.audit.heads import moved_on

KEYS = st.text(st.sampled_from("ab~区\U0001f3d7"), min_size=1, max_size=3)
HEADS = st.dictionaries(KEYS, st.integers(1, 9))


@given(HEADS, HEADS)
def test_heads_that_moved_on_come_by_key(stored: dict[str, int], newer: dict[str, int]) -> None:
    def rows(heads: dict[str, int]) -> list[tuple[str, int, bytes]]:
        return [(key, heads[key], b"") for key in sorted(heads, key=str.encode)]

    assert list(moved_on(rows(stored), rows(newer)[::-1])) == rows(stored | newer)
