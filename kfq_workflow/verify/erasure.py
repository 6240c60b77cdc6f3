"""Texts that are gone because an entry says so: of one instance at a time, looked up when the first one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.verify.past import bodies

if TYPE_CHECKING:
    from kfq_workflow.verify.past import Chains
    from kfq_workflow.verify.report import Book


class Erasures:
    """Knows which texts entries of kind `redacted` erased; see `kfq_workflow.verbs.correcting`."""

    def __init__(self, source: Chains, book: Book) -> None:
        self._source = source
        self._book = book
        self._instance: str | None = None
        self._erased: frozenset[tuple[int, str]] = frozenset()
        self._gone: set[tuple[int, str]] = set()

    def covers(self, instance: str, seq: int, field: str) -> bool:
        """Tell whether an entry erased a text that is missing, and count it if so."""
        if instance != self._instance:
            self._instance, self._gone = instance, set()
            self._erased = erased_texts(self._source, instance)
        self._gone.add((seq, field))
        covered = (seq, field) in self._erased
        self._book.redacted += covered
        return covered

    def is_gone(self, instance: str, seq: int, field: str) -> bool:
        """Tell whether a text was found missing while the entries of its instance were read."""
        return instance == self._instance and (seq, field) in self._gone


def erased_texts(source: Chains, instance: str) -> frozenset[tuple[int, str]]:
    """Return the texts of an instance that entries of it erased, by entry and field."""
    found = set()
    for row, body in bodies(source.entries(instance)):
        erases = body.get("erases") if row.kind == "redacted" else None
        for item in erases if isinstance(erases, list) else ():
            if isinstance(item, dict) and isinstance(item.get("seq"), int) and isinstance(item.get("field"), str):
                found.add((item["seq"], item["field"]))
    return frozenset(found)
