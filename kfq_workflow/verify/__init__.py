"""Verify a log: everything that can be checked without trusting who keeps it, all findings, in one pass.

    database   the triggers stand; the log's row agrees with its genesis; a SQLite file is sound
    bytes      every entry's columns, built into bytes again, hash to its leaf; bodies are canonical
    chain      no gap, no duplicate; each entry follows the one before it; the clock does not run back
    replay     every act decided again with the definition then in force; dates in an order that is possible
    text       every commitment opens; every text is committed to; nothing is missing but what an entry erased
    tree       every sealed entry at its place, the tree and the newest heads as sealing made them
    anchor     the tree as every checkpoint that was held outside says that it was
    document   every document under its own digest, every definition in force defined before its use
    cache      every instance's row and every row of the inbox equal the fold of the entries

Entries, texts and instances' rows are merged in the order of (instance, seq) in constant memory (`reader`). Several
processes can share the instances (`workers`); what each leaves open, such as an effect on an instance of another one's,
is settled here when all are done. So one reader and several give the same report. The module needs no database: a
`Source` is one, or an exported file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.audit.suite import known_hash
from kfq_workflow.errors import NotFound
from kfq_workflow.hashing import SUITES
from kfq_workflow.stored.source import Indexed
from kfq_workflow.verify import heads, nodes, workers
from kfq_workflow.verify.anchors import NOBODY, AnchorCheck, Trust, origin_said, trusted
from kfq_workflow.verify.chain import LOG, check_genesis, genesis_head
from kfq_workflow.verify.keys import KIND as KEYED
from kfq_workflow.verify.keys import keys_of
from kfq_workflow.verify.reader import Outcome, read
from kfq_workflow.verify.recoveries import read_recoveries
from kfq_workflow.verify.report import Book, Counts, Finding, Report
from kfq_workflow.verify.seals import Seals
from kfq_workflow.verify.since import chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.stored.source import Source
    from kfq_workflow.verify.since import Chosen

__all__ = ["Counts", "Finding", "Report", "settle", "verify"]


def verify(
    source: Source,
    anchors: Iterable[Anchor] = (),
    *,
    key: str | None = None,
    trust: Trust = NOBODY,
    since: Anchor | None = None,
    jobs: int | None = 1,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Verify a log, or with `key` one instance of it.

    `anchors` are checkpoints that were held outside: the log is `anchored` when it agrees with them, and where
    `trust` names keys, one of these signed each. One instance alone has no tree to compare.

    `since` is an anchor, too: of instances that have nothing newer only the leaves are read, where the source is a
    database and, if `trust` names keys, one of these signed it (module `since`). The report says how many there are,
    and then no more than `incomplete`: what their entries say now was not seen.

    `jobs` processes share the work, None: one for each core where the log is large enough. A source that only this
    process can read is read by it alone. `progress` is called now and then with the number of entries read.

    Raises NotFound for an unknown key, VerificationInterrupted when a process ended before its time, and what the
    source raises when there is no log.
    """
    anchors, outcomes = tuple(anchors), None
    newer = _newer(source, since, trust) if since is not None and key is None else None
    if newer is not None:
        outcome = read(newer, progress=progress)
        outcome.loose.without(newer.skips)
        outcomes = [outcome]
    elif key is None and jobs != 1:
        outcomes = workers.read(source, jobs, progress)
    if outcomes is None:
        outcomes = [read(source, key=key, progress=progress)]
        if key is None and isinstance(source, Indexed):
            source.sound(outcomes[0].book)
    book = settle(source, outcomes, anchors if since is None else (*anchors, since), trust, key)
    source.inspect(book)
    if since is not None and any(book.skipped):
        book.not_checked(f"since {book.skipped[0]} {book.skipped[1]} {since.label}", needed=True)
    if key is not None:
        if not book.entries and not any(finding.instance == key for finding in book.findings):
            raise NotFound("instance", key)
        book.not_checked("other instances")
    return book.report()


def _newer(source: Source, since: Anchor, trust: Trust) -> Chosen | None:
    """Return what is to be read since a checkpoint, None where that is everything."""
    head, log = source.log(), list(source.entries(LOG))
    origin = origin_said(head.log, log[0] if log else None)
    keys = keys_of([row for row in log if row.kind == KEYED], trust, origin, Book())
    if head.suite not in SUITES or not trusted(since, keys, trust):
        return None
    if not read_recoveries(origin, log, {}, Book(), partial=True).stands(since.checkpoint):
        return None
    return chosen(source, since.checkpoint.size)


def settle(
    source: Source, outcomes: Sequence[Outcome], anchors: Sequence[Anchor], trust: Trust, key: str | None
) -> Book:
    """Put together what was read of each part, and note what only the whole log shows."""
    head, book = source.log(), Book()
    first = next(iter(source.entries(LOG)), None)
    check_genesis(head, first, book)
    if head.suite not in SUITES:
        book.not_checked(f"suite {head.suite}", needed=True)
    loose = outcomes[0].loose
    for outcome in outcomes:
        book.merge(outcome.book)
        if outcome.loose is not loose:
            loose.merge(outcome.loose)
    loose.settle(book, getattr(source, "shows", lambda _instance: True), whole=key is None)
    tree = source.tree() if key is None and head.suite in SUITES else None
    if tree is None:
        for anchor in anchors:
            book.not_checked(f"anchor {anchor.label}", needed=True)
        return book
    hasher = known_hash(genesis_head(head, first).suite)
    seals = Seals(source.entries(LOG), book)
    roots = {0: hasher(b"").digest(), **dict(seals.join([outcome.leaves for outcome in outcomes], hasher))}
    heads.compare(seals, [outcome.heads for outcome in outcomes], hasher, book)
    if not seals.nodes_agree or any(outcome.leaves.odd for outcome in outcomes):
        nodes.compare(tree, hasher, book)
    origin = origin_said(head.log, first)
    keys = keys_of([row for row in source.entries(LOG) if row.kind == KEYED], trust, origin, book)
    book.tree = seals.size, roots.get(seals.size), sum(outcome.leaves.placed for outcome in outcomes)
    lineage = read_recoveries(origin, source.entries(LOG), roots, book)
    check = AnchorCheck(lineage, roots, seals.size, keys, trust, book)
    check.statements()
    check.stored(tree.checkpoints())
    check.carried(getattr(source, "carried", ()))
    book.anchored = check.held(anchors)
    return book
