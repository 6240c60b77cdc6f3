"""Caches: every instance's row and every row of the inbox equal the fold of the entries, and have entries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.tasks import place
from kfq_workflow.verify import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.report import Book


class CacheCheck:
    """Merges the stream of instances' rows with the instances that the entries make."""

    def __init__(self, rows: Iterator[InstanceRow], book: Book) -> None:
        self._rows = rows
        self._book = book
        self._next = next(rows, None)

    def instance(self, run: Run, phase: str | None) -> None:
        """Compare the row of an instance whose entries have all been read."""
        row = self._next
        if row is None or row.key != run.instance:
            self.skip(run.instance)
            row = self._next
            if row is None or row.key != run.instance:
                self._book.error("cache", "row_missing", run.instance, run.seq)
                return
        self._next = next(self._rows, None)
        snapshot = run.encode()
        state = run.node.snapshot.regions.get("main")
        expected = (run.workflow, run.root, run.def_, run.seq, run.rev, run.head, run.at, state, phase, snapshot)
        if row[1:] == expected:
            return
        for name, found, wanted in zip(row._fields[1:], row[1:], expected, strict=True):
            if found != wanted:
                self._differs(run, name.rstrip("_"), found, wanted)

    def _differs(self, run: Run, name: str, found: Any, wanted: Any) -> None:
        if name == "snapshot":
            found, wanted = _told(found, wanted)
        self._book.error("cache", name, run.instance, run.seq, found=_shown(found), expected=_shown(wanted))

    def skip(self, instance: str | None = None) -> None:
        """Note rows before an instance, which have no entries; all that are left when no instance is given."""
        while (row := self._next) is not None and (instance is None or _before(row.key, instance)):
            self._book.error("cache", "row_orphan", _shown(row.key), row.seq if type(row.seq) is int else None)
            self._next = next(self._rows, None)


class HeadCheck:
    """The same for a source that keeps no rows but each instance's newest entry: its number and leaf."""

    def __init__(self, heads: Iterator[tuple[str, int, bytes]], book: Book) -> None:
        self._heads = heads
        self._book = book
        self._next = next(heads, None)

    def instance(self, run: Run, _phase: str | None) -> None:
        """Compare the head of an instance whose entries have all been read."""
        self.skip(run.instance)
        if self._next is None or self._next[0] != run.instance:
            self._book.error("cache", "row_missing", run.instance, run.seq)
            return
        _, seq, leaf = self._next
        self._next = next(self._heads, None)
        for name, found, wanted in (("seq", seq, run.seq), ("head", leaf, run.head)):
            if found != wanted:
                self._book.error("cache", name, run.instance, run.seq, found=_shown(found), expected=_shown(wanted))

    def skip(self, instance: str | None = None) -> None:
        """Note heads before an instance, which have no entries; all that are left when no instance is given."""
        while (head := self._next) is not None and (instance is None or head[0] < instance):
            self._book.error("cache", "row_orphan", head[0], head[1])
            self._next = next(self._heads, None)


class TaskCheck:
    """Merges the stream of the inbox's rows with those that the entries of each instance make."""

    def __init__(self, rows: Iterator[TaskRow] | None, book: Book) -> None:
        self._rows = rows if rows is not None else iter(())
        self._absent = rows is None
        self._book = book
        self._next = next(self._rows, None)

    def instance(self, run: Run) -> None:
        """Compare the rows of an instance whose entries have all been read."""
        if self._absent:
            return
        self.skip(run.instance)
        expected = dict(run.tasks)
        while (row := self._next) is not None and row.instance == run.instance:
            wanted = expected.pop(place(row), None)
            if wanted is None:
                self._error("task_orphan", row)
            elif row != wanted:
                self._differs(row, wanted)
            self._next = next(self._rows, None)
        for wanted in sorted(expected.values(), key=place):
            self._error("task_missing", wanted)

    def skip(self, instance: str | None = None) -> None:
        """Note rows before an instance, which have no entries; all that are left when no instance is given."""
        while (row := self._next) is not None and (instance is None or _before(row.instance, instance)):
            self._error("task_orphan", row)
            self._next = next(self._rows, None)

    def _differs(self, row: TaskRow, wanted: TaskRow) -> None:
        for name, found, expected in zip(row._fields, row, wanted, strict=True):
            if found != expected:
                self._error("task_differs", row, name=name, found=_shown(found), expected=_shown(expected))

    def _error(self, kind: str, row: TaskRow, **values: str) -> None:
        where = {"gate": _shown(row.gate), "round": _shown(row.round), "task": _shown(row.task)}
        self._book.error("cache", kind, _shown(row.instance), None, **where, **values)


def _before(key: Any, instance: str) -> bool:
    """Compare keys; what is not text, which SQLite takes, comes after all text there."""
    return isinstance(key, str) and key < instance


def _told(found: Any, wanted: str) -> tuple[Any, Any]:
    """Return only where two snapshots differ; both as they are where that cannot be told."""
    try:
        stored, expected = json.loads(found), json.loads(wanted)
    except (ValueError, TypeError, RecursionError):
        return found, wanted
    return (found, wanted) if stored == expected else differences.told(stored, expected)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)[:500]
