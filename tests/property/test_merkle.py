"""The tree against the recursive definition of RFC 9162 §2.1, by brute force."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.audit import merkle
from kfq_workflow.audit.merkle import ProofError, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = st.integers(0, 200)


def leaf(number: int) -> bytes:
    return sha256(b"\x00" + number.to_bytes(4, "big")).digest()


LEAVES = [leaf(number) for number in range(200)]


def split(width: int) -> int:
    return max(1 << power for power in range(9) if 1 << power < width)


def tree(leaves: Sequence[bytes]) -> bytes:
    """MTH(D_n) as the RFC writes it."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = split(len(leaves))
    return sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D_n)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree(leaves[:k])]


def subproof(old: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D_n, b)."""
    if old == len(leaves):
        return [] if whole else [tree(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], whole=whole), tree(leaves[k:])]
    return [*subproof(old - k, leaves[k:], whole=False), tree(leaves[:k])]


def node(start: int, height: int) -> bytes:
    return tree(LEAVES[start : start + (1 << height)])


@given(SIZES)
def test_roots(size: int) -> None:
    assert merkle.root_of(LEAVES[:size]) == tree(LEAVES[:size])


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_inclusion(case: tuple[int, int]) -> None:
    index, size = case
    proof = merkle.inclusion_proof(index, size, node)
    assert proof == path(index, LEAVES[:size])
    merkle.verify_inclusion(index, size, LEAVES[index], proof, tree(LEAVES[:size]))


@given(SIZES.flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size))), st.integers(0, 200))
def test_consistency(case: tuple[int, int], other: int) -> None:
    old, size = case
    proof = merkle.consistency_proof(old, size, node)
    if old:
        assert proof == subproof(old, LEAVES[:size], whole=True)
    roots = tree(LEAVES[:old]), tree(LEAVES[:size])
    merkle.verify_consistency(old, size, proof, *roots)
    if other not in {old, size} and old not in {0, size}:
        with pytest.raises(ProofError):
            merkle.verify_consistency(other, size, proof, tree(LEAVES[:other]), roots[1])


@given(st.lists(st.integers(0, 200), max_size=6))
def test_parts_are_joined_to_the_whole(cuts: list[int]) -> None:
    """Parts may be made in any order; joined they are the tree, with the same peaks."""
    places = [0, *sorted(cuts), 200]
    parts = []
    for start, end in reversed(list(pairwise(places))):
        part = Range(start)
        for each in LEAVES[start:end]:
            part.append(each)
        parts.append(part)
    whole = Range()
    for part in reversed(parts):
        whole.join(part)
    straight = Range()
    for each in LEAVES:
        straight.append(each)
    assert (whole.end, whole.peaks) == (200, straight.peaks)


@given(st.integers(1, 200))
def test_append_returns_the_largest_perfect_tree_that_ends_there(size: int) -> None:
    found = Range()
    for number, each in enumerate(LEAVES[:size]):
        last = found.append(each)
        end = number + 1
        assert last == tree(LEAVES[end - (end & -end) : end])
