"""Sealing: every entry that has none yet gets its place in the tree over the whole log.

    one seal, in one transaction
    1. lock `~log`: there is one sealer at a time
    2. read the entries after each instance's last sealed one and append them to the tree: those of `~log` first, so
       that the genesis is leaf 0, then the others by (instance, seq)
    3. append to `~log` an entry `sealed`, and place that one last

    body of `sealed`   {"heads":HEX,"instances":N,"size":N}
    heads              root over {"head":{"instance":S,"leaf":HEX,"seq":I}} of every instance, by key: the newest
                       entry of each in the tree before this one; so "this zone has no later entry" can be proved
    size               leaves of the tree, this entry's included: its own position is size - 1

Entries are sealed afterwards, not when they are written: an act takes no lock that all acts share. What commits
late is not lost, for nothing is skipped by number or time: an instance's committed entries are a prefix of its
chain, and the next seal goes on where this one ended. Entries that are not sealed are in no proof yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from kfq_workflow.audit import merkle
from kfq_workflow.audit.heads import heads_root
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.errors import DatabaseUnavailable
from kfq_workflow.verbs.act import Act

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfq_workflow.audit.merkle import Node
    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.stored.store import Store

LOG, SYSTEM = "~log", "system"
#: Entries of one seal at most. SQLite's writers wait while it lasts, other databases' do not.
BATCH = {"sqlite": 20_000, "postgresql": 1_000_000, "mysql": 1_000_000}
#: Entries that are read at once, and leaves that are stored at once.
_CHUNK, _BLOCK = 20_000, 1_000


@dataclass(frozen=True, slots=True)
class Seal:
    """The tree after sealing: its size, its root of 32 bytes, how many entries were placed, in how many seals."""

    size: int
    root: bytes
    placed: int = 0
    seals: int = 0


def seal(ledger: Ledger, limit: int | None = None) -> tuple[Seal, bool]:
    """Make one seal in an open transaction, of at most `limit` entries beside its own.

    Returns the tree, and whether there may be more to place. Where nothing is to be placed, nothing is written.
    """
    store, cursor = ledger.store, ledger.cursor
    head = ledger.lock(LOG)
    hasher = hash_of(ledger.log.suite)
    tree = read_tree(store, cursor, hasher)
    limit = BATCH[store.dialect] if limit is None else limit
    own = store.unsealed_of(cursor, LOG)
    if own:
        _append(store, cursor, tree, own)
    placed = _place(store, cursor, tree, limit)
    if not placed and not own:
        return Seal(tree.end, tree.root()), False
    number, heads = heads_root(store.heads(cursor), hasher)
    body = {"heads": heads.hex(), "instances": number, "size": tree.end + 1}
    receipt = ledger.append(Act("sealed", LOG, SYSTEM, None, "seal", body), head)
    _append(store, cursor, tree, [(LOG, receipt.seq, bytes.fromhex(receipt.leaf))])
    return Seal(tree.end, tree.root(), len(own) + placed + 1, 1), placed == limit


def _place(store: Store, cursor: Cursor, tree: merkle.Range, limit: int) -> int:
    """Append unsealed entries to the tree, in chunks by (instance, seq); return how many."""
    placed, start = 0, ""
    while placed < limit:
        wanted = min(_CHUNK, limit - placed)
        rows = store.unsealed(cursor, start, wanted)
        if rows:
            _append(store, cursor, tree, rows)
            placed, start = placed + len(rows), rows[-1][0]
        if len(rows) < wanted:
            break
    return placed


def _append(store: Store, cursor: Cursor, tree: merkle.Range, rows: Sequence[tuple[str, int, bytes]]) -> None:
    store.add_leaves(cursor, _blocks(tree, rows))
    store.put_sealed(cursor, list({row[0]: row for row in rows}.values()))


def _blocks(
    tree: merkle.Range, rows: Sequence[tuple[str, int, bytes]]
) -> Iterator[list[tuple[int, bytes, bytes, str, int]]]:
    """Append entries to the tree; yield their leaves in blocks, each while the next is not yet hashed."""
    for start in range(0, len(rows), _BLOCK):
        first = tree.end
        instances, numbers, leaves = zip(*rows[start : start + _BLOCK], strict=True)
        nodes = tree.extend(leaves)
        yield list(zip(count(first), leaves, nodes, instances, numbers, strict=False))


def read_tree(store: Store, cursor: Cursor, hasher: Hash, size: int | None = None) -> merkle.Range:
    """Return the tree as it is stored, or as it was at a size. Raises DatabaseUnavailable when leaves are missing."""
    size = store.tree_size(cursor) if size is None else size
    node = nodes(store, cursor, hasher)
    peaks = [node(start, height) for start, height in merkle.peaks_of(size)]
    return merkle.Range.resume(size, peaks, hasher)


def inclusion_proof(store: Store, cursor: Cursor, hasher: Hash, index: int, size: int) -> list[bytes]:
    """Return the proof that a leaf is in the tree of a size. Raises DatabaseUnavailable when leaves are missing."""
    return merkle.inclusion_proof(index, size, nodes(store, cursor, hasher), hasher)


def consistency_proof(store: Store, cursor: Cursor, hasher: Hash, old: int, size: int) -> list[bytes]:
    """Return the proof that a tree is the beginning of a later one. Raises DatabaseUnavailable, as above."""
    return merkle.consistency_proof(old, size, nodes(store, cursor, hasher), hasher)


def nodes(store: Store, cursor: Cursor, hasher: Hash) -> Node:
    """Return what knows the root of a perfect tree: stored with its last leaf, or made from two that are smaller."""

    def node(start: int, height: int) -> bytes:
        end = start + (1 << height)
        row = store.leaf_at(cursor, end - 1)
        if row is None:
            raise DatabaseUnavailable("leaf_missing", position=end - 1)
        if height == 0 or (end & -end).bit_length() - 1 == height:
            return bytes(row.node if height else row.leaf)
        left = node(start, height - 1)
        return hasher(b"\x01" + left + node(start + (1 << height - 1), height - 1)).digest()

    return node
