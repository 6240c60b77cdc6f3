"""The approval verbs of the engine, each in a transaction of its own; what each does is said in `approving`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.bulk import Outcome
    from kfq_workflow.verbs.transaction import Transaction
    from kfq_workflow.working_days import Calendar

T = TypeVar("T")


class ApprovalVerbs:
    """Mixed into the engine, whose `run` opens, retries and commits."""

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own."""
        raise NotImplementedError

    def submit(self, key: str, trigger: str, **how: Any) -> Receipt:
        """Submit a transition for approval; see `Transaction.submit`."""
        return self.run(lambda transaction: transaction.submit(key, trigger, **how))

    def approve(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Approve; see `Transaction.approve`."""
        return self.run(lambda transaction: transaction.approve(key, trigger, **how))

    def reject(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Reject; see `Transaction.reject`."""
        return self.run(lambda transaction: transaction.reject(key, trigger, **how))

    def abstain(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Abstain; see `Transaction.abstain`."""
        return self.run(lambda transaction: transaction.abstain(key, trigger, **how))

    def retract(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Take one's own vote back; see `Transaction.retract`."""
        return self.run(lambda transaction: transaction.retract(key, trigger, **how))

    def transfer(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Hand one's task on; see `Transaction.transfer`."""
        return self.run(lambda transaction: transaction.transfer(key, trigger, **how))

    def delegate(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Ask somebody for an opinion; see `Transaction.delegate`."""
        return self.run(lambda transaction: transaction.delegate(key, trigger, **how))

    def reply(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Give the opinion that one was asked for; see `Transaction.reply`."""
        return self.run(lambda transaction: transaction.reply(key, trigger, **how))

    def add_signer(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Add a signer; see `Transaction.add_signer`."""
        return self.run(lambda transaction: transaction.add_signer(key, trigger, **how))

    def remove_signer(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Remove a signer; see `Transaction.remove_signer`."""
        return self.run(lambda transaction: transaction.remove_signer(key, trigger, **how))

    def send_back(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Return the file; see `Transaction.send_back`."""
        return self.run(lambda transaction: transaction.send_back(key, trigger, **how))

    def withdraw(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Take one's own request back; see `Transaction.withdraw`."""
        return self.run(lambda transaction: transaction.withdraw(key, trigger, **how))

    def urge(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Urge those whose turn it is; see `Transaction.urge`."""
        return self.run(lambda transaction: transaction.urge(key, trigger, **how))

    def copy(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Send copies; see `Transaction.copy`."""
        return self.run(lambda transaction: transaction.copy(key, trigger, **how))

    def mark_read(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Mark a copy as read; see `Transaction.mark_read`."""
        return self.run(lambda transaction: transaction.mark_read(key, trigger, **how))

    def extend(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Set another day by which a gate is due; see `Transaction.extend`."""
        return self.run(lambda transaction: transaction.extend(key, trigger, **how))

    def waive(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Let somebody sign whom a duty bars; see `Transaction.waive`."""
        return self.run(lambda transaction: transaction.waive(key, trigger, **how))

    def comment(self, key: str, text: str, **how: Any) -> Receipt:
        """Say something about an instance; see `Transaction.comment`."""
        return self.run(lambda transaction: transaction.comment(key, text, **how))

    def suspend(self, key: str, **how: Any) -> Receipt:
        """Suspend an instance; see `Transaction.suspend`."""
        return self.run(lambda transaction: transaction.suspend(key, **how))

    def resume(self, key: str, **how: Any) -> Receipt:
        """Resume a suspended instance; see `Transaction.resume`."""
        return self.run(lambda transaction: transaction.resume(key, **how))

    def void(self, key: str, **how: Any) -> Receipt:
        """Void an instance; see `Transaction.void`."""
        return self.run(lambda transaction: transaction.void(key, **how))

    def reinstate(self, key: str, **how: Any) -> Receipt:
        """Reinstate a void instance; see `Transaction.reinstate`."""
        return self.run(lambda transaction: transaction.reinstate(key, **how))

    def publish_calendar(self, calendar: Calendar, **how: Any) -> Receipt:
        """Publish which days are working days; see `Registry.publish`."""
        return self.run(lambda transaction: transaction.publish_calendar(calendar, **how))

    def grant_proxy(self, id: str, **how: Any) -> Receipt:  # noqa: A002 - the field's word
        """Let somebody sign for an actor; see `Proxies.grant`."""
        return self.run(lambda transaction: transaction.grant_proxy(id, **how))

    def revoke_proxy(self, id: str, grant: int, **how: Any) -> Receipt:  # noqa: A002
        """End a proxy; see `Proxies.revoke`."""
        return self.run(lambda transaction: transaction.revoke_proxy(id, grant, **how))

    def advance_many(self, keys: Iterable[str], act: str, trigger: str | None = None, **how: Any) -> Iterator[Outcome]:
        """Do one act on many instances; see `bulk.advance_many`."""
        from kfq_workflow.verbs.bulk import advance_many

        return advance_many(self, keys, act, trigger, **how)  # type: ignore[arg-type]
