"""The verbs of those who supervise: extend a deadline, waive a duty, suspend and resume, void and reinstate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.acts import prepare
from kfq_workflow.approval import operations
from kfq_workflow.desk import AtDesk

if TYPE_CHECKING:
    from kfq_workflow.values import Receipt


class Supervising(AtDesk):
    """The verbs of supervisors, inside an open transaction."""

    def extend(
        self, key: str, trigger: str | None = None, *, by: str, due: str, reason: str, number: str,
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Set another day by which a gate is due (延期): once, by a supervisor who does not sign it."""
        act = prepare("extended", "extend", key, by, request)
        act.body |= {"due": inputs.exact_day(due), "number": inputs.text(number, "number", required=True)}
        opened = self._desk(act, trigger, None, reason=reason, supervise=True)
        return self._apply(opened, lambda desk: (None, operations.extend(desk, act.body["due"])))

    def waive(
        self, key: str, trigger: str | None = None, *, by: str, actor: str, reason: str, request: str | None = None
    ) -> Receipt:
        """Let somebody sign whom a duty bars: two supervisors must, each with an entry."""
        act = prepare("waived", "waive", key, by, request)
        act.body["signer"] = inputs.identifier(actor)
        opened = self._desk(act, trigger, None, reason=reason, supervise=True)
        return self._apply(opened, lambda desk: (None, operations.waive(desk, self._registry.actor(actor))))

    def suspend(self, key: str, **how: Any) -> Receipt:
        """Suspend an instance (挂起): nothing moves and nobody signs until it is resumed."""
        return self._stand(key, "suspended", "suspend", **how)

    def resume(self, key: str, **how: Any) -> Receipt:
        """Resume a suspended instance (恢复)."""
        return self._stand(key, "resumed", "resume", **how)

    def void(self, key: str, **how: Any) -> Receipt:
        """Void an instance (作废): its open gates end, and nothing moves any more. Not by one of its approvers."""
        return self._stand(key, "voided", "void", **how)

    def reinstate(self, key: str, **how: Any) -> Receipt:
        """Reinstate a void instance; gates that were voided must be submitted again."""
        return self._stand(key, "reinstated", "reinstate", **how)

    def _stand(
        self, key: str, kind: str, name: str, *, by: str, reason: str, number: str, request: str | None = None
    ) -> Receipt:
        act = prepare(kind, name, key, by, request)
        act.body["number"] = inputs.text(number, "number", required=True)
        act.texts["reason"] = inputs.text(reason, "reason", required=True)
        head = self._ledger.lock(act.key)
        if (receipt := self._resume(act, head, None, None)) is not None:
            return receipt
        rules = self._rules(head)
        self._authorise(act, rules, rules.definition.permissions.supervise, head.now)
        patches = self._ask(
            act, rules, lambda: operations.stand(head.snapshot, rules.gated, head.row.seq + 1, kind, by)
        )
        if patches:
            act.body["gates"] = patches
        return self._ledger.append(act, head, rules.definition)
