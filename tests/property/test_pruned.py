"""Trees of which only some leaves are shown, against the whole tree."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.audit.merkle import root_of
from kfq_workflow.audit.pruned import Hidden, Uncovered, fold, hidden_places

LEAVES = [sha256(bytes([number])).digest() for number in range(200)]


def ranges(shown: set[int]) -> list[tuple[int, int]]:
    return [(place, place + 1) for place in sorted(shown)]


def hidden(size: int, shown: set[int], cuts: set[int]) -> list[Hidden]:
    return [
        Hidden(place, 1 << height, root_of(LEAVES[place : place + (1 << height)]))
        for place, height in hidden_places(ranges(shown), size, cuts)
    ]


@st.composite
def trees(draw: st.DrawFn) -> tuple[int, set[int], set[int]]:
    size = draw(st.integers(0, 120))
    some = st.sets(st.integers(0, max(size - 1, 0)), max_size=12)
    return size, draw(some) if size else set(), draw(st.sets(st.integers(0, 130), max_size=5))


@given(trees())
def test_the_roots_are_those_of_the_whole_tree(tree: tuple[int, set[int], set[int]]) -> None:
    size, shown, cuts = tree
    trees = hidden(size, shown, cuts)
    roots = fold([(place, LEAVES[place]) for place in sorted(shown)], trees, size, cuts, sha256)
    assert roots == {wanted: root_of(LEAVES[:wanted]) for wanted in {*cuts, size} if wanted <= size}
    assert all(each.position % each.width == 0 for each in trees)
    covered = [place for each in trees for place in range(each.position, each.position + each.width)]
    assert sorted([*covered, *shown]) == list(range(size))


@given(trees())
def test_there_are_no_more_hidden_trees_than_needed(tree: tuple[int, set[int], set[int]]) -> None:
    size, shown, _ = tree
    found = hidden(size, shown, set())
    for left, right in pairwise(found):
        joined = left.width == right.width and left.position + left.width == right.position
        assert not (joined and left.position % (2 * left.width) == 0)


@given(trees(), st.data())
def test_a_tree_that_is_left_out_or_there_twice_is_found(
    tree: tuple[int, set[int], set[int]], data: st.DataObject
) -> None:
    size, shown, cuts = tree
    trees = hidden(size, shown, cuts)
    if not trees:
        return
    leaves = [(place, LEAVES[place]) for place in sorted(shown)]
    number = data.draw(st.integers(0, len(trees) - 1))
    one = trees[number]
    with pytest.raises(Uncovered) as caught:
        fold(leaves, trees[:number] + trees[number + 1 :], size, (), sha256)
    assert (caught.value.twice, caught.value.first) == (False, one.position)
    with pytest.raises(Uncovered) as caught:
        fold(leaves, trees[: number + 1] + trees[number:], size, (), sha256)
    assert (caught.value.twice, caught.value.first) == (True, one.position)


def test_leaves_that_do_not_follow_are_found() -> None:
    with pytest.raises(Uncovered) as caught:
        fold([(0, LEAVES[0]), (2, LEAVES[2])], (), 3, (), sha256)
    assert (caught.value.first, caught.value.last, caught.value.twice) == (1, 1, False)
    with pytest.raises(Uncovered) as caught:
        fold([(0, LEAVES[0]), (0, LEAVES[0])], (), 1, (), sha256)
    assert caught.value.twice
    with pytest.raises(Uncovered) as caught:
        fold([], (), 3, (), sha256)
    assert (caught.value.first, caught.value.last) == (0, 2)
    assert fold([], (), 0, {0}, sha256) == {0: sha256(b"").digest()}
