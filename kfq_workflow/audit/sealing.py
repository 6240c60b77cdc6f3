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

On SQLite whoever locks keeps all others from acting, and most of a seal is reading and hashing, of all heads for a few
entries. There it is planned before the lock; under it the plan is compared with what is there, and written. Acts
meanwhile do no harm, they are for the next seal. What `~log` says meanwhile makes the plan void: then all is done
under the lock.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from kfq_workflow.audit import merkle
from kfq_workflow.audit.heads import heads_root, moved_on
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.errors import DatabaseUnavailable, NotFound, TransactionLost
from kfq_workflow.verbs.act import Act

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfq_workflow.audit.merkle import Node
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.hashing import Hash
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.stored.store import Store

LOG, SYSTEM = "~log", "system"
#: Entries of one seal at most. SQLite's writers wait while they are written, other databases' do not.
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


@dataclass(frozen=True, slots=True)
class Planned:
    """A seal that is worked out and not written: nothing of it stands unless `seal` finds what it goes on from.

    It goes on from entry `seq` of `~log`, whose leaf is `head`, and from a tree of `size` leaves. `leaves` are rows of
    `kfq_leaf`, `newest` of `kfq_sealed`; `peaks` are those of the tree with these leaves; then what the entry says.
    """

    seq: int
    head: bytes
    size: int
    leaves: Sequence[tuple[int, bytes, bytes, str, int]]
    newest: Sequence[tuple[str, int, bytes]]
    peaks: Sequence[bytes]
    instances: int
    heads: bytes
    more: bool

    def tree(self, hasher: Hash) -> merkle.Range:
        """Return the tree with the planned leaves."""
        return merkle.Range.resume(self.size + len(self.leaves), self.peaks, hasher)


def seal_all(engine: WorkflowEngine, limit: int | None = None) -> Seal:
    """Make as many seals as it takes, each of at most `limit` entries beside its own, in a transaction of its own."""
    placed = seals = 0
    while True:
        made, more = _planned_seal(engine, limit) if engine.store.dialect == "sqlite" else _seal(engine, limit)
        placed, seals = placed + made.placed, seals + made.seals
        if not more:
            return Seal(made.size, made.root, placed, seals)


def _planned_seal(engine: WorkflowEngine, limit: int | None) -> tuple[Seal, bool]:
    planned, limit = None, _planned_at_most(limit)
    with suppress(TransactionLost):  # then it is done under the lock, and tried again
        hasher = hash_of(engine.log().suite)
        with engine.reading() as reading:
            planned = plan(engine.store, reading.cursor, hasher, limit)
        if not planned.leaves:
            return Seal(planned.size, planned.tree(hasher).root()), False
    return _seal(engine, limit, planned)


def _seal(engine: WorkflowEngine, limit: int | None, planned: Planned | None = None) -> tuple[Seal, bool]:
    return engine.run(lambda transaction: transaction.seal(limit, planned))


def _planned_at_most(limit: int | None) -> int:
    """Return how many entries a seal has that is kept in memory until it is written."""
    return _CHUNK if limit is None else min(limit, _CHUNK)


def plan(store: Store, cursor: Cursor, hasher: Hash, limit: int | None = None) -> Planned:
    """Work out the next seal without a lock, of at most `limit` entries and what one chunk holds, beside its own."""
    limit = _planned_at_most(limit)
    # The order matters where each statement sees what is committed by then: a seal in between is later than this row.
    log = store.instance(cursor, LOG)
    if log is None:
        raise NotFound("instance", LOG)
    tree = read_tree(store, cursor, hasher)
    size, own = tree.end, store.unsealed_of(cursor, LOG)
    # Its own are among the others as well: nothing is written in between.
    others = [row for row in store.unsealed(cursor, "", limit + len(own)) if row[0] != LOG][:limit]
    leaves = [leaf for rows in (own, others) for block in _blocks(tree, rows) for leaf in block]
    newest = _newest([*own, *others])
    instances, heads = heads_root(moved_on(store.heads(cursor), newest), hasher) if leaves else (0, b"")
    more = len(others) == limit
    return Planned(log.seq, bytes(log.head), size, leaves, newest, tree.peaks, instances, heads, more)


def seal(ledger: Ledger, limit: int | None = None, planned: Planned | None = None) -> tuple[Seal, bool]:
    """Make one seal in an open transaction, of at most `limit` entries beside its own, or the one that was planned.

    Returns the tree, and whether there may be more to place. Where nothing is to be placed, nothing is written.
    """
    store, cursor, hasher = ledger.store, ledger.cursor, ledger.hasher
    head = ledger.lock(LOG)
    if planned is not None and _stands(store, cursor, planned, head.row):
        placed, more, tree = len(planned.leaves), planned.more, planned.tree(hasher)
        instances, heads = planned.instances, planned.heads
        if placed:
            store.add_leaves(cursor, [planned.leaves])
            store.put_sealed(cursor, planned.newest)
    else:
        tree = read_tree(store, cursor, hasher)
        limit = BATCH[store.dialect] if limit is None else limit
        own = store.unsealed_of(cursor, LOG)
        if own:
            _append(store, cursor, tree, own)
        others = _place(store, cursor, tree, limit)
        placed, more = len(own) + others, others == limit
        instances, heads = heads_root(store.heads(cursor), hasher) if placed else (0, b"")
    if not placed:
        return Seal(tree.end, tree.root()), False
    body = {"heads": heads.hex(), "instances": instances, "size": tree.end + 1}
    receipt = ledger.append(Act("sealed", LOG, SYSTEM, None, "seal", body), head)
    _append(store, cursor, tree, [(LOG, receipt.seq, bytes.fromhex(receipt.leaf))])
    return Seal(tree.end, tree.root(), placed + 1, 1), more


def _stands(store: Store, cursor: Cursor, planned: Planned, log: InstanceRow) -> bool:
    """Tell, under the lock, whether a plan goes on from what is there, and seals what is there.

    Others only add entries, so these are compared for what does not act: a backup that was put back meanwhile.
    """
    return (
        (log.seq, bytes(log.head)) == (planned.seq, planned.head)
        and store.tree_size(cursor) == planned.size
        and all(_has(store, cursor, *newest) for newest in planned.newest)
    )


def _has(store: Store, cursor: Cursor, key: str, seq: int, leaf: bytes) -> bool:
    row = store.entry(cursor, key, seq)
    return row is not None and bytes(row.leaf) == leaf


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
    store.put_sealed(cursor, _newest(rows))


def _newest(rows: Sequence[tuple[str, int, bytes]]) -> list[tuple[str, int, bytes]]:
    return list({row[0]: row for row in rows}.values())


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
