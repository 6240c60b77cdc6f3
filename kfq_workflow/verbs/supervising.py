"""The verbs of those who supervise: extend a deadline, waive a duty, suspend and resume, void and reinstate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval import numbers, operations
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput
from kfq_workflow.verbs.act import Act, prepare
from kfq_workflow.verbs.desk import AtDesk
from kfq_workflow.verbs.steps import attest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.stored.ledger import Head
    from kfq_workflow.values import Receipt

#: What voiding and reinstating do to document numbers: the kind of entry on a number's chain, and the word for it.
_VERBS = {"voided": ("retired", "retire"), "reinstated": ("released", "release")}


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
        return self._apply(opened, lambda desk: (None, operations.extend(desk, inputs.due(due, desk.today))))

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

    def void(self, key: str, *, keep: Sequence[str] = (), **how: Any) -> Receipt:
        """Void an instance (作废): its open gates end, and nothing moves any more. Not by one of its approvers.

        The numbers of its papers, and `number` itself, are never used again for a paper, unless it is reinstated;
        those to `keep` are, as other files have those papers as well.
        """
        return self._stand(key, "voided", "void", keep=keep, **how)

    def reinstate(self, key: str, **how: Any) -> Receipt:
        """Reinstate a void instance: its numbers may be used again; gates that were voided must be submitted again."""
        return self._stand(key, "reinstated", "reinstate", **how)

    def _stand(
        self, key: str, kind: str, name: str, *, by: str, reason: str, number: str, keep: Sequence[str] = (),
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        act = prepare(kind, name, key, by, request)
        act.body["number"] = inputs.text(number, "number", required=True)
        if kept := sorted(set(inputs.texts(keep, "keep"))):
            act.body["keep"] = kept
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
        if kind in _VERBS:
            return self._retire(act, head, rules.definition)
        return self._ledger.append(act, head, rules.definition)

    def _retire(self, act: Act, head: Head, definition: Definition) -> Receipt:
        """Write that an instance is void or reinstated, then, on the chains of its numbers, what that does to them."""
        kind, verb = _VERBS[act.kind]
        bodies = [parse_canonical(row.body) for row in self._ledger.store.chain(self._ledger.cursor, act.key)]
        if verb == "retire":
            self._check_kept(act, bodies)
            retired = numbers.retiring(bodies, act.body["number"], act.body.get("keep", ()))
        else:
            retired = numbers.retired(bodies[head.snapshot.voided["seq"] - 1])
        if retired:
            act.body["effects"] = numbers.told(retired, verb)
        receipt = self._ledger.append(act, head, definition)
        for each in retired:
            effect = Act(kind, each.chain, act.by, None, act.name)
            effect.body = {"cause": {"instance": act.key, "leaf": receipt.leaf, "seq": receipt.seq}}
            effect.body |= {"number": each.number, "type": each.type}
            if verb == "retire":
                effect.body |= {"day": self._ledger.today(receipt.at), "document": act.body["number"]}
            if "resolver" in act.body.get("attested", {}):
                attest(effect, {"resolver": act.body["attested"]["resolver"]})
            chain = self._ledger.open(each.chain, None) or self._ledger.vacant(effect, numbers.NUMBERS)
            self._ledger.append(effect, chain)
        return receipt

    def _check_kept(self, act: Act, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Refuse to keep a number that no paper of the instance has: it was meant for another, or is mistyped."""
        found = {
            numbers.form(each.number): each.number for each in numbers.retiring(bodies, "-") if each.type != numbers.ANY
        }
        for number in act.body.get("keep", ()):
            if numbers.form(number) not in found:
                raise InvalidInput("keep_unknown", key=act.key, number=number, known=sorted(found.values()))
