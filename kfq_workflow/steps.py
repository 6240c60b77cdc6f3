"""The steps that verbs share: each act is prepared, compared with what is on record, authorised and written alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval.operations import overtaken
from kfq_workflow.decision import refuse
from kfq_workflow.errors import AlreadyStarted, Conflict, InvalidInput, refused
from kfq_workflow.reading import Reading
from kfq_workflow.values import Decision, Receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kfq_workflow.acts import Act
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.ledger import Head
    from kfq_workflow.machine import Rules
    from kfq_workflow.values import Actor, Refusal


class Steps(Reading):
    """What every verb goes through, inside an open transaction."""

    @property
    def requests(self) -> list[tuple[str, str]]:
        """The (instance, request id) of every act done so far."""
        return self._ledger.requests

    def _resume(self, act: Act, head: Head, on: str | None, expect: int | None) -> Receipt | None:
        """Answer a repeated request with its old receipt, else compare the revision that the caller saw."""
        receipt = self._ledger.replayed(act, head.row, on=on)
        if receipt is None and expect is not None and expect != head.row.rev:
            raise Conflict(act.key, expected=expect, found=head.row.rev)
        return receipt

    def _started_before(self, act: Act, head: Head, on: str | None) -> Receipt:
        act.body["on"] = inputs.on(on, self._ledger.today(head.now), late=False)
        receipt = self._ledger.replayed(act, head.row, on=on)
        if receipt is None:
            raise AlreadyStarted(key=act.key)
        return receipt

    def _describe(self, act: Act, rules: Rules, name: str, root: str | None, attrs: Mapping[str, Any]) -> None:
        act.body["workflow"] = rules.definition.name
        if root is not None:
            act.body["root"] = root
        act.texts["name"] = inputs.text(name, "name", required=True)
        if attrs:
            act.put_attrs(rules, attrs)

    def _check_root(self, definition: Definition, root: str | None) -> None:
        if definition.root is None and root is None:
            return
        if root is None:
            raise InvalidInput("root_needed", workflow=definition.name, root=definition.root)
        found = self._ledger.look(root).row
        if found.workflow != definition.root or found.root is not None:
            raise InvalidInput(
                "root_wrong",
                root=root,
                found=found.workflow,
                workflow=definition.name,
                needed=definition.root or "-",
            )

    def _actor(self, act: Act, rules: Rules, now: int) -> Actor:
        """Resolve the actor inside the transaction; one who may not act today is refused."""
        actor = self._registry.actor(act.by)
        if self._registry.attests:
            told = {"roles": sorted(actor.roles)} | ({"org": actor.org} if actor.org else {})
            attest(act, {"resolver": {"answer": True, "values": told}})
        if not actor.acts_on(self._ledger.today(now)):
            self._refuse(act, refuse(rules.definition, "actor_not_valid", actor=actor.id))
        return actor

    def _authorise(self, act: Act, rules: Rules, roles: Collection[str], now: int) -> None:
        actor = self._actor(act, rules, now)
        if actor.roles.isdisjoint(roles):
            self._refuse(act, refuse(rules.definition, "role_missing", actor=actor.id, needs=sorted(roles)))

    def _refuse(self, act: Act, refusal: Refusal) -> None:
        raise refused(Decision(act.name, allowed=False, refusals=(refusal,)), key=act.key, act=act)

    def _move(self, act: Act, head: Head, rules: Rules, decision: Decision, doer: str) -> Receipt:
        if not decision.allowed:
            raise refused(decision, key=act.key, act=act)
        self._moved(act, head, rules, decision, doer)
        return self._ledger.append(act, head, rules.definition)

    def _moved(self, act: Act, head: Head, rules: Rules, decision: Decision, doer: str) -> None:
        """Say in the body all that an allowed decision changes, `doer` being whose act it is."""
        body, rule = act.body, rules.transitions[decision.transition or ""]
        body["set"], body["was"] = dict(decision.set), dict(decision.was)
        if decision.transition != decision.trigger:
            body["transition"] = decision.transition
        if decision.rests:
            body["rests"] = list(decision.rests)
        cite(act, decision)
        if decision.remembers:
            body["remembers"] = decision.remembers
        if rule.id in rules.watched:
            body["did"] = {rule.id: doer}
        self._overtake(act, head, rules, but=rule.id)
        check_order(head, act, decision.rests)

    def _overtake(self, act: Act, head: Head, rules: Rules, but: str = "") -> None:
        """Void the open gates of regions that an act moves away from under them."""
        patches = overtaken(head.snapshot, rules.gated, head.row.seq + 1, act.body["set"], but)
        if patches:
            act.body["gates"] = {**act.body.get("gates", {}), **patches}


def cite(act: Act, decision: Decision) -> None:
    """Say what the decision read of other instances, and what the application answered."""
    if decision.seen:
        act.body["seen"] = [{"instance": s.instance, "leaf": s.leaf, "seq": s.seq} for s in decision.seen]
    attest(act, decision.attested)


def attest(act: Act, answers: Mapping[str, Any]) -> None:
    """Keep what the application answered, so that the act can be decided again without it."""
    if answers:
        act.body["attested"] = {**act.body.get("attested", {}), **answers}


def check_order(head: Head, act: Act, rests: Sequence[int]) -> None:
    """Refuse a day only if it is certainly impossible: an act that must come before it happened later."""
    latest = act.body.get("on", {}).get("hi")
    bound = head.snapshot.earliest(rests, act.body["set"])
    if latest is not None and bound is not None and bound[1] > latest:
        raise InvalidInput("date_order", text=act.body["on"]["edtf"], seq=bound[0], earliest=bound[1])
