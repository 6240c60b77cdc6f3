"""The steps that verbs share: each act is prepared, compared with what is on record, authorised and written alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from kfq_workflow import inputs
from kfq_workflow.approval import numbers
from kfq_workflow.approval.operations import overtaken
from kfq_workflow.effects import planned
from kfq_workflow.errors import AlreadyStarted, Conflict, InvalidInput, refused
from kfq_workflow.refusals import refuse
from kfq_workflow.values import EMPTY, Decision, Receipt, Witness
from kfq_workflow.verbs.act import Act
from kfq_workflow.verbs.reading import Reading, facts_of
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kfq_workflow.definition.model import Definition, Transition
    from kfq_workflow.effects import Planned
    from kfq_workflow.machine import Rules
    from kfq_workflow.stored.ledger import Head
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

    def _actor(self, act: Act, rules: Rules | None, now: int) -> Actor:
        """Resolve the actor inside the transaction; one who may not act today is refused."""
        keys = [CALENDAR] if act.kind == "urged" else numbers.chains(act.body.get("papers", ()))
        actor, rows = self._registry.actor_beside(act.by, keys)
        act.beside = facts_of(rows)
        if self._registry.attests:
            told = {"roles": sorted(actor.roles)} | ({"org": actor.org} if actor.org else {})
            attest(act, {"resolver": {"answer": True, "values": told}})
        if not actor.acts_on(self._ledger.today(now)):
            self._refuse(act, refuse(rules.definition if rules else None, "actor_not_valid", actor=actor.id))
        return actor

    def _authorise(self, act: Act, rules: Rules, roles: Collection[str], now: int) -> None:
        actor = self._actor(act, rules, now)
        if actor.roles.isdisjoint(roles):
            self._refuse(act, refuse(rules.definition, "role_missing", actor=actor.id, needs=sorted(roles)))

    def _refuse(self, act: Act, *refusals: Refusal) -> NoReturn:
        raise refused(Decision(act.name, allowed=False, refusals=refusals), key=act.key, act=act)

    def _move(
        self, act: Act, head: Head, rules: Rules, decision: Decision, doer: str, params: Mapping[str, Any] = EMPTY
    ) -> Receipt:
        """Write an allowed move with its effects; `doer` is whose act it is, `params` are its parameters in clear."""
        if not decision.allowed:
            raise refused(decision, key=act.key, act=act, definition=rules.definition)
        self._moved(act, head, rules, decision, doer)
        rule = rules.transitions[decision.transition or ""]
        if rule.effects and act.body["mode"] == "live":
            return self._carry_out(act, head, rules, rule, params)
        return self._ledger.append(act, head, rules.definition)

    def _carry_out(self, act: Act, head: Head, rules: Rules, rule: Transition, params: Mapping[str, Any]) -> Receipt:
        """Plan the effects, write the act, then write the effects, which cite it."""
        row = head.row
        plans = planned(rule, key=row.key, root=row.root, attrs=head.snapshot.attrs, params=params)
        after = {**head.snapshot.regions, **act.body["set"]}
        cause = Witness(row.key, row.workflow, row.seq + 1, "", after)
        runs = [self._foresee(act, rules, plan, cause) for plan in plans]
        if plans:
            act.body["effects"] = [plan.told(ran) for plan, ran in zip(plans, runs, strict=True)]
        receipt = self._ledger.append(act, head, rules.definition)
        cause = replace(cause, leaf=receipt.leaf)
        done = [
            self._take_effect(act, plan, trigger, cause)
            for plan, ran in zip(plans, runs, strict=True)
            for trigger in ran
        ]
        return replace(receipt, effects=tuple(done))

    def _foresee(self, act: Act, rules: Rules, plan: Planned, cause: Witness) -> tuple[str, ...]:
        """Return the triggers that will be fired, `amend` for an amendment; refuse the act if one cannot be.

        The other instance is locked after the case: a circle of cases is broken by the database, and tried again.
        """
        if not plan.on or plan.on == act.key:
            self._refuse(act, refuse(rules.definition, "effect_target", target=plan.on or "-"))
        other = self._ledger.lock(plan.on)
        theirs, ran = self._rules(other), []
        if not plan.fire:
            return ("amend",)
        for number, trigger in enumerate(plan.fire, 1):
            decision = self._decide(other, theirs, trigger, actor=None, params=plan.params, stage="effect", cause=cause)
            if decision.allowed:
                ran.append(trigger)
                other.snapshot.apply(
                    other.row.seq + number, "fired", {"set": dict(decision.set), "was": dict(decision.was)}
                )
            elif not plan.where_allowed:
                blocked = refuse(rules.definition, "effect_refused", effect=trigger, target=plan.on)
                self._refuse(act, blocked, *decision.refusals)
        return tuple(ran)

    def _take_effect(self, act: Act, plan: Planned, trigger: str, cause: Witness) -> Receipt:
        """Write one effect as an entry of the other instance."""
        other = self._ledger.lock(plan.on)
        rules = self._rules(other)
        effect = Act("fired" if plan.fire else "amended", plan.on, act.by, None, trigger)
        effect.body["cause"] = {"instance": cause.key, "leaf": cause.leaf, "seq": cause.seq}
        if "resolver" in act.body.get("attested", {}):
            attest(effect, {"resolver": act.body["attested"]["resolver"]})
        if not plan.fire:
            effect.put_attrs(rules, plan.attrs)
            effect.put_text("name", plan.name)
            self._rebind(effect, other, rules)
            return self._ledger.append(effect, other, rules.definition)
        effect.body |= {"trigger": trigger, "mode": "live", "on": act.body["on"]}
        clear = effect.put_params(rules, trigger, plan.params)
        decision = self._decide(other, rules, trigger, actor=None, params=clear, stage="effect", cause=cause)
        if not decision.allowed:
            raise refused(decision, key=plan.on, definition=rules.definition)
        self._moved(effect, other, rules, decision, act.by)
        return self._ledger.append(effect, other, rules.definition)

    def _rebind(self, act: Act, head: Head, rules: Rules) -> None:
        """Begin anew every open gate whose votes are bound to an attribute that the act changes."""
        raise NotImplementedError  # pragma: no cover - `Approving` has it

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
