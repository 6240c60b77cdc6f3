"""What is the same on every database: revision, triggers, clocks, how much is sealed and signed."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.audit.note import NoteError
from kfq_workflow.audit.recovery import lineage
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.doctor.model import Item, Limit
from kfq_workflow.errors import SchemaOutOfDate
from kfq_workflow.stored import schema, triggers
from kfq_workflow.stored.clock import clock_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.doctor.probe import Probe
    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.store import Store

_US, _MINUTE, _DAY = 1_000_000, 60, 86_400
#: Seconds that two clocks may differ by before it is odd, and before it is wrong.
_SKEW, _WRONG = 2.0, 60.0
#: Seconds after which entries that are not sealed, or not signed, have waited too long (docs/how-to/operate.md).
_SEAL_AGE, _CHECKPOINT_AGE = _DAY, 3 * _DAY


def revision(probe: Probe) -> tuple[Item, LogHead | None]:
    """Look at the tables' revision. Raises NotInitialised and DatabaseUnavailable where there is nothing to look at."""
    try:
        head = schema.check(probe.connection, probe.tables)
    except SchemaOutOfDate as error:
        values = {"found": error.values.get("found", "-"), "needed": schema.REVISION, "reason": str(error)}
        return Item("schema", "revision_other", "problem", values), None
    return Item("schema", "revision", "ok", {"found": head.revision}), head


def standing_triggers(probe: Probe) -> Iterator[Item]:
    """Look whether every trigger stands as the library makes it."""
    states = triggers.status(probe.connection, probe.tables)
    hidden = sorted(name for name, state in states.items() if state == triggers.UNKNOWN)
    for name, state in states.items():
        if state not in (triggers.PRESENT, triggers.UNKNOWN):
            yield Item("triggers", f"trigger_{state}", "problem", {"name": name})
    if hidden:
        yield Item("triggers", "triggers_hidden", "unknown", {"count": len(hidden), "names": hidden})
    present = sum(state == triggers.PRESENT for state in states.values())
    if present == len(states):
        yield Item("triggers", "triggers", "ok", {"count": present})


def clocks(probe: Probe, head: LogHead) -> Iterator[Item]:
    """Compare the database's clock with this machine's and with the newest entry."""
    before = time.time()
    now = clock_of(probe.connection)
    after = time.time()
    ahead = now / _US - (before + after) / 2
    off = max(abs(ahead) - (after - before) / 2, 0.0)
    values: dict[str, Any] = {"seconds": f"{abs(ahead):.1f}", "way": "ahead" if ahead > 0 else "behind"}
    if off <= _SKEW:
        yield Item("clock", "clock", "ok", values)
    else:
        yield Item("clock", f"clock_{values['way']}", "problem" if off > _WRONG else "warning", values)
    newest = probe.one(f"SELECT MAX(at) FROM {probe.named(probe.tables.instance)}")  # noqa: S608 - our own table's name
    if newest is not None and newest > now:
        yield Item("clock", "clock_back", "problem", {"seconds": f"{(newest - now) / _US:.1f}"})
    elif newest is not None:
        yield Item("clock", "clock_newest", "ok", {"age": (now - newest) // _US})
    yield Item("clock", "offset", "ok", {"log": _offset(head.utc_offset * _MINUTE), "here": _offset(_local_offset())})


def _local_offset() -> int:
    found = datetime.now().astimezone().utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def _offset(seconds: int) -> str:
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // _MINUTE
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def sealing(probe: Probe, head: LogHead, store: Store, cursor: Cursor) -> Iterator[Item]:
    """Look how many entries lie in the tree, and how many of these are signed, since when."""
    now = clock_of(probe.connection)
    total = int(probe.one(f"SELECT SUM(seq) FROM {probe.named(probe.tables.instance)}") or 0)  # noqa: S608 - as above
    size = store.tree_size(cursor)
    line = lineage(store, cursor, head.log, size)
    for each in line.recoveries:
        lost = sum(max(named[-1].size - each.size, 0) for n in range(1, each.incarnation) if (named := line.named(n)))
        yield Item("sealing", "recovered", "warning", {"number": each.incarnation, "kept": each.size, "lost": lost})
    if not size:
        yield Item("sealing", "never_sealed", "warning", {"open": total})
        yield Item("sealing", "no_checkpoint", "warning", {"newer": total})
        return
    sealed_at = _sealed_at(store, cursor, size)
    waited = (now - sealed_at) / _US
    values = {"size": size, "open": max(total - size, 0), "age": int(waited)}
    late = values["open"] and waited > _SEAL_AGE
    yield Item("sealing", "seal_old" if late else "sealed", "warning" if late else "ok", values)
    signed = 0
    for row in store.checkpoints(cursor):
        try:
            said = Anchor.parse("", str(row.note).encode(errors="surrogateescape")).checkpoint
        except NoteError:
            yield Item("sealing", "checkpoint_unreadable", "problem", {"size": row.size})
            continue
        signed = max(signed, said.size) if line.stands(said) and said.size <= size else signed
    if not signed:
        yield Item("sealing", "no_checkpoint", "warning", {"newer": total})
        return
    waited = (now - _sealed_at(store, cursor, signed)) / _US
    values = {"size": signed, "newer": max(total - signed, 0), "age": int(waited)}
    late = values["newer"] and waited > _CHECKPOINT_AGE
    yield Item("sealing", "checkpoint_old" if late else "checkpoint", "warning" if late else "ok", values)


def _sealed_at(store: Store, cursor: Cursor, size: int) -> int:
    """Return when the seal was made after which the tree had a size, in µs since 1970 UTC; 0 where it is not there."""
    leaf = store.leaf_at(cursor, size - 1)
    entry = None if leaf is None or leaf.instance != LOG else store.entry(cursor, LOG, leaf.seq)
    return 0 if entry is None else int(entry.at)


def limits(probe: Probe, items: list[Item]) -> tuple[Limit, ...]:
    """Return what an owner could still do."""
    newer = next(
        (i.values["newer"] for i in items if i.code in ("checkpoint", "checkpoint_old", "no_checkpoint")), None
    )
    found = [Limit("file")] if probe.dialect == "sqlite" else [Limit("server")]
    found += [Limit(code) for code in ("triggers", "rewrite", "cut", "replace", "clock", "name", "read")]
    if newer is not None:
        found.append(Limit("newer", {"newer": newer}))
    return (*found, Limit("outside"))
