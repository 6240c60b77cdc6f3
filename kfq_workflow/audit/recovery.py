"""Recovery after a restore from a backup, which to the log is a truncation: say what was lost, and go on.

    one recovery, in one transaction
    1. lock `~log`; compare the checkpoints that are named with the tree: they must have lost entries
    2. append to `~log` an entry `recovered` (see `audit.incarnation`)
    3. seal, so that no checkpoint of the new incarnation lacks it

The log says it of itself; whoever keeps checkpoints decides whether to believe it. A key that has signed an earlier
incarnation signs the new one only if every checkpoint that it remembers is still a beginning of the log or is named
as lost, and only if it is told so in so many words: a restore is what an insider would claim who cut the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_workflow import inputs
from kfq_workflow.audit import merkle
from kfq_workflow.audit.incarnation import Lineage, Lost, Recovery, split
from kfq_workflow.audit.sealing import LOG, inclusion_proof, read_tree, seal
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import document_digest, encode, leaf_hash, parse_canonical
from kfq_workflow.errors import InvalidInput, SignerRefused
from kfq_workflow.stored.seal_store import CheckpointRow
from kfq_workflow.verbs.act import Act
from kfq_workflow.verify.anchors import origin_said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.entry import Row
    from kfq_workflow.hashing import Hash
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.stored.store import Store
    from kfq_workflow.verbs.registry import Registry

    #: An entry `recovered`, its position in a tree, and the proof that it lies there.
    Shown = tuple[Row, int, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery put on record: the entry's number on `~log` and its check, the new incarnation and its origin.

    `kept` entries were left; `lost` is the number of entries that were sealed, published, and are gone.
    """

    seq: int
    check: str
    incarnation: int
    origin: str
    kept: int
    lost: int


def lineage(store: Store, cursor: Cursor, log: str, size: int | None = None) -> Lineage:
    """Return the incarnations of a log, as of a size of its tree."""
    rows = [row for row in store.recoveries(cursor) if size is None or _placed(store, cursor, row, size)]
    return Lineage(origin_said(log, store.entry(cursor, LOG, 1)), tuple(map(_parsed, rows)))


def _parsed(row: Row) -> Recovery:
    return Recovery.parse(row.seq, parse_canonical(row.body))


def _placed(store: Store, cursor: Cursor, row: Row, size: int) -> bool:
    leaf = store.leaf_of(cursor, row.instance, row.seq)
    return leaf is not None and leaf.position < size


def recover(
    ledger: Ledger,
    registry: Registry,
    lost: Sequence[Anchor],
    *,
    by: str,
    reason: str,
    kept: int | None = None,
) -> Recovered:
    """Put a restore on record in an open transaction; see `Transaction.recover`."""
    act = Act("recovered", LOG, inputs.identifier(by), None, "recover")
    act.texts["reason"] = inputs.text(reason, "reason", required=True)
    head = ledger.lock(LOG)
    registry.administer(act, head)
    if registry.attests:
        told = sorted(registry.actor(act.by).roles)
        act.body["attested"] = {"resolver": {"answer": True, "values": {"roles": told}}}
    store, cursor = ledger.store, ledger.cursor
    before = lineage(store, cursor, ledger.log.log)
    hasher = ledger.hasher
    tree = read_tree(store, cursor, hasher)
    kept = tree.end if kept is None else kept
    _check_kept(store, cursor, before, kept, tree.end)
    found = _named(lost, hasher)
    for each in found:
        _check_lost(before, each.checkpoint, kept)
        size = each.checkpoint.size
        if size <= tree.end and read_tree(store, cursor, hasher, size).root() == each.checkpoint.root:
            raise InvalidInput("recover_nothing", size=size)
    number = max(before.number, *(before.number_of(each.checkpoint.origin) or 1 for each in found)) + 1
    root = read_tree(store, cursor, hasher, kept).root()
    recovery = Recovery(head.row.seq + 1, number, kept, root, tuple(found))
    act.body |= recovery.body()
    receipt = ledger.append(act, head)
    _keep(ledger, lost)
    seal(ledger)
    now = Lineage(before.base, (*before.recoveries, recovery))
    return Recovered(receipt.seq, receipt.check, number, now.origin, kept, count_lost(now, recovery))


def count_lost(now: Lineage, recovery: Recovery) -> int:
    """Return how many entries a recovery says were lost, all incarnations together."""
    newest: dict[int, int] = {}
    for each in recovery.lost:
        number = now.number_of(each.checkpoint.origin) or 1
        newest[number] = max(newest.get(number, 0), each.checkpoint.size)
    return sum(size - (now.cut(number) or 0) for number, size in newest.items())


def _named(lost: Sequence[Anchor], hasher: Hash) -> list[Lost]:
    """Return what the entry says of the checkpoints, by (origin, size). Raises InvalidInput."""
    if not lost:
        raise InvalidInput("recover_none")
    found: dict[tuple[str, int], Lost] = {}
    for anchor in lost:
        said = anchor.checkpoint
        other = found.setdefault((said.origin, said.size), Lost(said, document_digest(_text(anchor).encode(), hasher)))
        if other.checkpoint != said:
            raise InvalidInput("recover_fork", size=said.size)
    return [found[place] for place in sorted(found)]


def _text(anchor: Anchor) -> str:
    """Return a checkpoint as it was published: the note, or its text alone where nobody signed it."""
    return str(anchor.note) if anchor.note.signatures else anchor.note.text


def _keep(ledger: Ledger, lost: Iterable[Anchor]) -> None:
    """Keep the checkpoints that were lost: the restored table has older ones only."""
    for anchor in lost:
        text = _text(anchor)
        row = CheckpointRow(anchor.checkpoint.size, anchor.checkpoint.root, text)
        ledger.store.add_checkpoint(ledger.cursor, document_digest(text.encode(), ledger.hasher), row)


def _check_kept(store: Store, cursor: Cursor, before: Lineage, kept: int, size: int) -> None:
    """Refuse a size that the log did not have after a seal of its present incarnation."""
    last = before.recoveries[-1].seq if before.recoveries else 0
    row = store.leaf_at(cursor, kept - 1) if 0 < kept <= size else None
    entry = store.entry(cursor, LOG, row.seq) if row is not None and row.instance == LOG else None
    if not (kept == 0 and not last) and (entry is None or entry.kind != "sealed" or entry.seq < last):
        raise InvalidInput("recover_kept", kept=kept, size=size)


def _check_lost(before: Lineage, named: Checkpoint, kept: int) -> None:
    """Refuse a checkpoint of another log, one that is named already, and one of which everything is left."""
    number = before.number_of(named.origin)
    if number is None:
        raise InvalidInput("recover_other_log", origin=named.origin, expected=before.base)
    if named in before.named(number):
        raise InvalidInput("recover_known", size=named.size)
    left = before.cut(number)
    left = kept if left is None else left
    if named.size <= left:
        raise InvalidInput("recover_kept_all", size=named.size, kept=left)


# The other side: who has signed an earlier incarnation


def evidence(engine: WorkflowEngine, size: int) -> list[Shown]:
    """Return the recoveries in the tree of a size, each with its position and the proof that it lies there."""
    with engine.reading() as reading:
        store, cursor, hasher = engine.store, reading.cursor, hash_of(engine.log().suite)
        found = []
        for row in store.recoveries(cursor):
            leaf = store.leaf_of(cursor, LOG, row.seq)
            if leaf is not None and leaf.position < size:
                proof = inclusion_proof(store, cursor, hasher, leaf.position, size)
                found.append((row, leaf.position, tuple(proof)))
        return found


def proved(found: Checkpoint, shown: Iterable[Shown], hasher: Hash) -> Lineage:
    """Return the incarnations that entries of a checkpoint's own tree say. Raises SignerRefused for false proofs."""
    base, number = split(found.origin)
    log = base.rpartition("/")[2]
    recoveries = []
    for row, position, proof in shown:
        try:
            leaf = leaf_hash(encode(row, log), hasher)
            merkle.verify_inclusion(position, found.size, leaf, proof, found.root, hasher)
            recoveries.append(_parsed(row))
        except (merkle.ProofError, ValueError, KeyError, TypeError) as error:
            raise SignerRefused("signer_unexplained", number=number) from error
    told = Lineage(base, tuple(recoveries))
    if told.number != number:
        raise SignerRefused("signer_unexplained", number=number)
    return told


def admit(
    found: Checkpoint,
    seen: Sequence[Checkpoint],
    shown: Callable[[], Iterable[Shown]],
    go_on: Callable[[Checkpoint, Checkpoint], None],
    hasher: Hash,
    *,
    told: bool,
) -> None:
    """Refuse to sign a checkpoint whose incarnation is not explained by the log to who signed `seen` before.

    `shown` gives the recoveries in the checkpoint's tree, `go_on` refuses unless a checkpoint is the beginning of
    another; `told` is the operator's word that there was a restore, needed once for each incarnation.
    Raises SignerRefused.
    """
    base, number = split(found.origin)
    others = [(split(each.origin)[1], each) for each in seen if split(each.origin)[0] == base]
    newest = max((n for n, _ in others), default=number)
    if newest > number:
        raise SignerRefused("signer_superseded", number=number, newest=newest)
    earlier = [(n, each) for n, each in others if n < number]
    if not earlier or newest == number:
        return
    lineage = proved(found, shown(), hasher)
    for n, each in earlier:
        cut = lineage.cut(n)
        if cut is None or each.size <= cut:
            go_on(each, found)
        elif each not in lineage.named(n):
            named = [other.size for other in lineage.named(n)]
            raise SignerRefused("signer_unnamed", old=each.size, origin=each.origin, named=named or ["-"])
    if not told:
        last = lineage.recoveries[-1]
        lost = count_lost(lineage, last)
        raise SignerRefused("signer_recovered", number=number, kept=last.size, lost=lost, old=earlier[-1][1].size)
