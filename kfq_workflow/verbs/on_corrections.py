"""The engine's verbs of two persons, each in a transaction of its own; what each does is said in `correcting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from kfq_workflow.policy import Cited
    from kfq_workflow.values import Proposal, Receipt
    from kfq_workflow.verbs.reading import Reading
    from kfq_workflow.verbs.transaction import Transaction

T = TypeVar("T")


class CorrectionVerbs:
    """Mixed into the engine, whose `run` opens, retries and commits."""

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[Reading]:
        """Open a transaction that only reads."""
        raise NotImplementedError

    def rule(self, **how: Any) -> Receipt:
        """Say who may correct and erase; see `Transaction.rule`."""
        return self.run(lambda transaction: transaction.rule(**how))

    def ruled(self) -> Cited | None:
        """Return who may correct and erase, None while nobody may; see `Transaction.ruled`."""
        with self.reading() as reading:
            return reading.ruled()

    def rectify(self, key: str, seq: int, **how: Any) -> Proposal:
        """Propose a correction; see `Transaction.rectify`."""
        return self.run(lambda transaction: transaction.rectify(key, seq, **how))

    def redact(self, key: str, texts: Sequence[tuple[int, str]], **how: Any) -> Proposal:
        """Propose to erase texts; see `Transaction.redact`."""
        return self.run(lambda transaction: transaction.redact(key, texts, **how))

    def confirm(self, key: str, proposal: int, **how: Any) -> Proposal:
        """Confirm what somebody else proposed; see `Transaction.confirm`."""
        return self.run(lambda transaction: transaction.confirm(key, proposal, **how))

    def decline(self, key: str, proposal: int, **how: Any) -> Receipt:
        """Decline a proposal; see `Transaction.decline`."""
        return self.run(lambda transaction: transaction.decline(key, proposal, **how))
