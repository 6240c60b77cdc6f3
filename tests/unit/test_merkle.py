"""The tree and its proofs give the published vectors, and every proof that is not exact is refused."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.audit import merkle
from kfq_workflow.audit.merkle import ProofError, Range
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import leaf_hash
from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/merkle.json").read_text("utf-8"))
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in GOLDEN["leaves"]]
ROOTS = [bytes.fromhex(root) for root in GOLDEN["roots"]]


def nodes(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    return lambda start, height: merkle.root_of(leaves[start : start + (1 << height)])


def test_the_roots_are_the_published_ones() -> None:
    assert [merkle.root_of(LEAVES[:size]) for size in range(9)] == ROOTS
    counted = [leaf_hash(number.to_bytes(2, "little")) for number in range(255)]
    for size, root in GOLDEN["counted"]["roots"].items():
        assert merkle.root_of(counted[: int(size)]) == base64.b64decode(root)


@pytest.mark.parametrize("told", GOLDEN["inclusion"], ids=lambda told: f"{told['index']}-{told['size']}")
def test_inclusion_proofs_are_the_published_ones(told: dict[str, Any]) -> None:
    proof = [bytes.fromhex(part) for part in told["proof"]]
    index, size = told["index"], told["size"]
    assert merkle.inclusion_proof(index, size, nodes(LEAVES)) == proof
    merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])


@pytest.mark.parametrize("told", GOLDEN["consistency"], ids=lambda told: f"{told['old']}-{told['size']}")
def test_consistency_proofs_are_the_published_ones(told: dict[str, Any]) -> None:
    proof = [bytes.fromhex(part) for part in told["proof"]]
    old, size = told["old"], told["size"]
    assert merkle.consistency_proof(old, size, nodes(LEAVES)) == proof
    merkle.verify_consistency(old, size, proof, ROOTS[old], ROOTS[size])


def wrong(proof: list[bytes]) -> list[list[bytes]]:
    """Proofs that differ in a bit, a hash, or the length."""
    found = [[*proof, bytes(32)], [bytes(32), *proof], [*proof, b""], [*proof, proof[-1]] if proof else [b"\x00"]]
    for place, part in enumerate(proof):
        found += [
            [*proof[:place], bytes([part[0] ^ 8]) + part[1:], *proof[place + 1 :]],
            [*proof[:place], part + b"\x00", *proof[place + 1 :]],
            [*proof[:place], part[:-1], *proof[place + 1 :]],
            proof[:place] + proof[place + 1 :],
        ]
    return found


def test_no_other_inclusion_proof_is_accepted() -> None:
    for size in range(1, 9):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, nodes(LEAVES))
            for bad in wrong(proof):
                with pytest.raises(ProofError):
                    merkle.verify_inclusion(index, size, LEAVES[index], bad, ROOTS[size])
            for other, of, leaf, root in (
                (index - 1, size, LEAVES[index], ROOTS[size]),
                (index + 1, size, LEAVES[index], ROOTS[size]),
                (index, size * 2, LEAVES[index], ROOTS[size]),
                (index, size // 2, LEAVES[index], ROOTS[size]),
                (index, size, LEAVES[index][::-1], ROOTS[size]),
                (index, size, b"", ROOTS[size]),
                (index, size, LEAVES[index], ROOTS[0]),
                (index, size, LEAVES[index], b""),
                (index, 2**64, LEAVES[index], ROOTS[size]),
            ):
                with pytest.raises(ProofError):
                    merkle.verify_inclusion(other, of, leaf, proof, root)


def test_no_other_consistency_proof_is_accepted() -> None:
    for size in range(1, 9):
        for old in range(size + 1):
            proof = merkle.consistency_proof(old, size, nodes(LEAVES))
            merkle.verify_consistency(old, size, proof, ROOTS[old], ROOTS[size])
            for bad in wrong(proof):
                with pytest.raises(ProofError):
                    merkle.verify_consistency(old, size, bad, ROOTS[old], ROOTS[size])
            if old:  # of an empty tree nothing can be proved
                with pytest.raises(ProofError):
                    merkle.verify_consistency(old, size, proof, ROOTS[old], ROOTS[old - 1])
            with pytest.raises(ProofError):
                merkle.verify_consistency(old, size, proof, ROOTS[old][::-1], ROOTS[size])
    with pytest.raises(ProofError, match="larger"):
        merkle.verify_consistency(3, 2, [], ROOTS[3], ROOTS[2])


def test_what_does_not_exist_has_no_proof() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no such leaf"):
            merkle.inclusion_proof(index, size, nodes(LEAVES))
    with pytest.raises(ValueError, match="no such trees"):
        merkle.consistency_proof(4, 3, nodes(LEAVES))


def test_a_tree_goes_on_from_its_peaks() -> None:
    for size in range(9):
        first = Range()
        for leaf in LEAVES[:size]:
            first.append(leaf)
        again = Range.resume(size, first.peaks)
        for leaf in LEAVES[size:]:
            again.append(leaf)
        assert again.root() == ROOTS[8]
        with pytest.raises(ValueError, match="peaks"):
            Range.resume(size, [*first.peaks, bytes(32)])


def test_only_neighbours_are_joined_and_only_the_whole_has_a_root() -> None:
    part = Range(3)
    part.append(LEAVES[3])
    with pytest.raises(ValueError, match="begin"):
        Range().join(part)
    with pytest.raises(ValueError, match="root"):
        part.root()


def test_a_suite_is_known_or_refused() -> None:
    assert hash_of("s1")(b"").digest() == ROOTS[0]
    assert hash_of("s2")(b"abc").hexdigest() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    with pytest.raises(InvalidInput, match="s3"):
        hash_of("s3")
