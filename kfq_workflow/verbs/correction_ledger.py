"""What a correction reads of a log inside its own transaction, as verification reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.entry import parse_canonical
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.entry import Row
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.stored.source import Document


class LedgerSource:
    """The rows of one open transaction as verification reads them: entries, and the documents of one instance."""

    def __init__(self, ledger: Ledger, row: InstanceRow) -> None:
        self._ledger = ledger
        self._def = None if row.def_ is None else bytes(row.def_)

    def documents(self) -> Iterator[Document]:
        """Yield the rules under which the instance was started, and every calendar of working days."""
        from kfq_workflow.stored.source import Document

        body = None if self._def is None else self._ledger.store.document(self._ledger.cursor, self._def)
        if body is not None and self._def is not None:
            yield Document(self._def, "rules", body)
        for row in self.entries(CALENDAR):
            digest = bytes.fromhex(parse_canonical(row.body)["calendar"])
            if (body := self._ledger.store.document(self._ledger.cursor, digest)) is not None:
                yield Document(digest, "calendar", body)

    def numbers(self) -> Iterator[Row]:
        """Yield the entries of the chains of document numbers."""
        return iter(self._ledger.store.number_chains(self._ledger.cursor))

    def entries(self, instance: str) -> Iterator[Row]:
        """Yield the entries of an instance."""
        return iter(self._ledger.store.chain(self._ledger.cursor, instance, current=True))
