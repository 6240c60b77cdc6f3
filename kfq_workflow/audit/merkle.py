r"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1 over a log's leaves, its proofs, and how they are checked.

    root of no leaf    = H()
    root of one leaf   = the leaf, H(00 ‖ bytes of the entry): the leaf of the entry's own chain
    root of n leaves   = H(01 ‖ root of the first k ‖ root of the others), k the largest power of two below n

          root of 7                peaks of 7 leaves: [0,4) [4,6) [6,7), the perfect trees that 7 = 4 + 2 + 1
         /         \
      [0,4)       [4,7)            inclusion of leaf 5 in 7:    leaf 4, leaf 6, [0,4)
      /   \       /   \            consistency of 3 with 7:     leaf 2, leaf 3, [0,2), [4,7)
    [0,2) [2,4) [4,6)  6
     0 1   2 3   4 5

Proofs are exact: too few hashes, too many, or one of another length prove nothing. No I/O, standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.hashing import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kfq_workflow.hashing import Hash

    #: Gives the hash of the perfect tree of 2^height leaves that begins at a leaf: `node(start, height)`.
    Node = Callable[[int, int], bytes]

#: No log has more leaves: positions are 64-bit integers in every database.
MAX_SIZE = 2**63 - 1


class ProofError(ValueError):
    """The hashes do not prove what they are said to prove."""


class Range:
    """The leaves from `start` up to `end`, as the hashes of the perfect trees that make them up: at most 126.

    With `start` 0 these are the peaks of a whole tree, which then has a root. Leaves are appended one by one, and a
    range that begins where this one ends can be joined to it: so a tree can be made from parts in any order.
    """

    __slots__ = ("_hash", "end", "peaks", "start")

    def __init__(self, start: int = 0, hasher: Hash = DEFAULT) -> None:
        self.start = start
        self.end = start
        #: From left to right.
        self.peaks: list[bytes] = []
        self._hash = hasher

    @classmethod
    def resume(cls, size: int, peaks: Sequence[bytes], hasher: Hash = DEFAULT) -> Range:
        """Return a whole tree of `size` leaves again from its peaks, left to right. Raises ValueError."""
        if len(peaks) != size.bit_count():
            raise ValueError("the number of peaks does not fit the size")
        found = cls(0, hasher)
        found.end, found.peaks = size, list(peaks)
        return found

    def append(self, leaf: bytes) -> bytes:
        """Append a leaf; return the hash of the largest perfect tree that ends with it."""
        return self.extend((leaf,))[0]

    def extend(self, leaves: Iterable[bytes]) -> list[bytes]:
        """Append leaves; return for each what `append` returns."""
        found, peaks, hasher, start, end = [], self.peaks, self._hash, self.start, self.end
        for leaf in leaves:
            node, place, height = leaf, end, 0
            while place & 1 and (place - 1) << height >= start:
                node = hasher(b"\x01" + peaks.pop() + node).digest()
                place >>= 1
                height += 1
            peaks.append(node)
            found.append(node)
            end += 1
        self.end = end
        return found

    def join(self, other: Range) -> dict[int, bytes]:
        """Append all leaves of a range that begins where this one ends. Raises ValueError for another.

        Returns, for the end of each of its perfect trees, the root of the largest one here that ends there.
        """
        if other.start != self.end:
            raise ValueError("the range does not begin where this one ends")
        found = {}
        for height, peak in zip(heights(other.start, other.end), other.peaks, strict=True):
            node = self.push(peak, height)
            found[self.end] = node
        return found

    def push(self, node: bytes, height: int) -> bytes:
        """Append all leaves of a perfect tree, given its root; it must be able to begin where this range ends.

        Returns the root of the largest perfect tree that now ends the range.
        """
        width = 1 << height
        place = self.end >> height
        while place & 1 and (place - 1) << height >= self.start:
            node = self._hash(b"\x01" + self.peaks.pop() + node).digest()
            place >>= 1
            height += 1
        self.peaks.append(node)
        self.end += width
        return node

    def root(self) -> bytes:
        """Return the root of a whole tree. Raises ValueError when `start` is not 0."""
        if self.start:
            raise ValueError("only a tree that begins with its first leaf has a root")
        if not self.peaks:
            return self._hash(b"").digest()
        return _fold(self.peaks, self._hash)


def _fold(peaks: Sequence[bytes], hasher: Hash) -> bytes:
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = hasher(b"\x01" + peak + found).digest()
    return found


def heights(start: int, end: int) -> list[int]:
    """Return the heights of the perfect trees that make up [start, end), from left to right."""
    found = []
    while start < end:
        room = (end - start).bit_length() - 1
        height = room if start == 0 else min(room, (start & -start).bit_length() - 1)
        found.append(height)
        start += 1 << height
    return found


def peaks_of(size: int) -> list[tuple[int, int]]:
    """Return the perfect trees that make up a tree, as (start, height), from left to right."""
    found, start = [], 0
    for height in heights(0, size):
        found.append((start, height))
        start += 1 << height
    return found


# Proofs, from a function that knows the perfect trees


def inclusion_proof(index: int, size: int, node: Node, hasher: Hash = DEFAULT) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 9162 §2.1.3.1). Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    proof, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_subtree(middle, end, node, hasher))
            end = middle
        else:
            proof.append(_subtree(start, middle, node, hasher))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, node: Node, hasher: Hash = DEFAULT) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `size` (RFC 9162 §2.1.4.1).

    Nothing has to be proved of an empty tree, nor of one of the same size. Raises ValueError when `old` is larger.
    """
    if not 0 <= old <= size:
        raise ValueError("no such trees")
    if old in {0, size}:
        return []
    proof, start, end = [], 0, size
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_subtree(middle, end, node, hasher))
            end = middle
        else:
            proof.append(_subtree(start, middle, node, hasher))
            start = middle
    if start:
        proof.append(_subtree(start, end, node, hasher))
    return proof[::-1]


def _split(width: int) -> int:
    """Return the largest power of two below a width of at least two."""
    return 1 << (width - 1).bit_length() - 1


def _subtree(start: int, end: int, node: Node, hasher: Hash) -> bytes:
    """Return the root of the leaves [start, end), which begin where a tree of this width may begin."""
    parts = [node(start + place, height) for place, height in peaks_of(end - start)]
    return _fold(parts, hasher)


# Checking


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes, hasher: Hash = DEFAULT
) -> None:
    """Check that a leaf is in the tree of this size and root (RFC 9162 §2.1.3.2). Raises ProofError."""
    _sized(leaf, root, *proof, hasher=hasher)
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError("no such leaf in a tree of this size")
    found = leaf
    for part, left in zip(proof, _sides(index, size - 1, len(proof)), strict=True):
        found = hasher(b"\x01" + (part + found if left else found + part)).digest()
    if found != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes, hasher: Hash = DEFAULT
) -> None:
    """Check that the older tree is the beginning of the newer one (RFC 9162 §2.1.4.2). Raises ProofError."""
    _sized(old_root, root, *proof, hasher=hasher)
    if not 0 <= old <= size <= MAX_SIZE:
        raise ProofError("the older tree is larger than the newer one")
    if old in {0, size}:
        if proof:
            raise ProofError("the proof is too long")
        if old_root != (root if old else hasher(b"").digest()):
            raise ProofError("the roots of one size are two")
        return
    parts = list(proof) if old & (old - 1) else [old_root, *proof]
    if not parts:
        raise ProofError("the proof is too short")
    shift = (old & -old).bit_length() - 1
    first = second = parts[0]
    sides = _sides((old - 1) >> shift, (size - 1) >> shift, len(parts) - 1)
    for part, left in zip(parts[1:], sides, strict=True):
        if left:
            first = hasher(b"\x01" + part + first).digest()
        second = hasher(b"\x01" + (part + second if left else second + part)).digest()
    if first != old_root or second != root:
        raise ProofError("the proof leads to other roots")


def _sides(place: int, last: int, count: int) -> list[bool]:
    """Tell of each hash of a proof whether it stands left of the path up from `place`, `last` being the tree's edge.

    Raises ProofError unless exactly so many hashes lead to the top.
    """
    found = []
    for _ in range(count):
        if last == 0:
            raise ProofError("the proof is too long")
        left = bool(place & 1) or place == last
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        found.append(left)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return found


def _sized(*hashes: bytes, hasher: Hash) -> None:
    size = len(hasher(b"").digest())
    if any(len(found) != size for found in hashes):
        raise ProofError("a hash has another length")


def root_of(leaves: Iterable[bytes], hasher: Hash = DEFAULT) -> bytes:
    """Return the root over these leaves."""
    found = Range(0, hasher)
    found.extend(leaves)
    return found.root()
