"""The desk at which every act on an approval gate is done: which gate, who acts and for whom, and what is written.

A verb of `approving` or `supervising` asks for the desk, asks one pure operation of `approval/`, and writes one entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval import opening
from kfq_workflow.approval.deciding import asking
from kfq_workflow.approval.gate import replaced
from kfq_workflow.approval.operations import Denied, Desk
from kfq_workflow.errors import InvalidInput, KfqError, NotFound, refused
from kfq_workflow.refusals import refuse
from kfq_workflow.values import EMPTY, Decision
from kfq_workflow.verbs.proxies import Proxies
from kfq_workflow.verbs.steps import Steps, attest, check_order

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from kfq_workflow.definition.model import Transition
    from kfq_workflow.machine import Rules
    from kfq_workflow.stored.ledger import Head
    from kfq_workflow.values import Actor, Paper, Receipt
    from kfq_workflow.verbs.act import Act

_REASONED = frozenset({"transferred", "added", "removed", "returned", "withdrawn", "retracted", "extended", "waived"})


@dataclass(slots=True)
class Open:
    """An act on a gate under way: the act, its instance, its rules, and what the operation looks at."""

    act: Act
    head: Head
    rules: Rules
    desk: Desk


class AtDesk(Steps):
    """What the verbs on gates share, inside an open transaction."""

    def _desk(
        self, act: Act, trigger: str | None, on_behalf_of: str | None, *, task: str | None = None,
        reason: str | None = None, needs_reason: bool = True, opinion: str | None = None,
        papers: Sequence[Paper] = (), on: str | None = None, expect: int | None = None, closed: bool = False,
        supervise: bool = False,
    ) -> Open | Receipt:  # fmt: skip
        """Lock the instance and find the gate; return the old receipt of a request that is repeated."""
        head = self._ledger.lock(act.key)
        rules = self._rules(head)
        if trigger is not None:
            act.body["trigger"] = trigger
        if task is not None:
            act.body["task"] = inputs.identifier(task)
        if on_behalf_of is not None:
            act.body["for"] = {"id": inputs.identifier(on_behalf_of)}
        laid, titles = inputs.papers(rules.definition, papers)
        act.body |= {"papers": laid} if laid else {}
        act.texts |= titles
        act.put_text("opinion", opinion)
        if reason or (needs_reason and act.kind in _REASONED):
            act.texts["reason"] = inputs.text(reason or "", "reason", required=True)
        act.body |= {"mode": "live", "on": inputs.on(on, self._ledger.today(head.now), late=False)}
        if (receipt := self._resume(act, head, on, expect)) is not None:
            return receipt
        rule = self._gate(head, rules, trigger, closed=closed)
        act.body["trigger"] = rule.trigger
        actor = self._actor(act, rules, head.now)
        if supervise:
            self._authorise(act, rules, rules.definition.permissions.supervise, head.now)
        today = self._ledger.today(head.now)
        tasks = head.snapshot.gates[rule.id]["tasks"].values()
        principal = self._proxy(act, rules, actor, on_behalf_of, today, tasks) if on_behalf_of else actor
        desk = Desk(rule, head.snapshot, head.row.seq + 1, today, actor, principal)
        return Open(act, head, rules, desk)

    def _gate(self, head: Head, rules: Rules, trigger: str | None, *, closed: bool) -> Transition:
        """Return the transition whose gate is meant: the one named, or the only one that is open."""
        gates = head.snapshot.gates
        if trigger is not None:
            if trigger not in rules.table:
                raise NotFound("trigger", trigger, known=rules.definition.triggers())
            named = [name for name in gates if name in rules.gated and rules.gated[name].trigger == trigger]
        else:
            named = [name for name, gate in gates.items() if gate["state"] == "open" and name in rules.gated]
            if not named and closed:
                named = [name for name in gates if name in rules.gated]
        open_ = [name for name in named if gates[name]["state"] == "open"]
        found = open_ or sorted(named, key=lambda name: gates[name].get("closed", 0))[-1:]
        if not found:
            code = "no_open_gate" if trigger is None else "no_gate_yet"
            raise KfqError(code, key=head.row.key, **({} if trigger is None else {"trigger": trigger}))
        if len(found) > 1:
            raise InvalidInput("gate_which", key=head.row.key, triggers=[rules.gated[name].trigger for name in found])
        return rules.gated[found[0]]

    def _receiver(self, desk: Desk, name: str) -> Actor:
        """Return somebody who comes to a task, and may act today."""
        person = self._registry.actor(name)
        if not person.acts_on(desk.today):
            raise Denied(("actor_not_valid", {"actor": name}))
        return person

    def _proxy(
        self, act: Act, rules: Rules, actor: Actor, principal: str, today: str, tasks: Collection[Mapping[str, Any]]
    ) -> Actor:
        """Return the one whom the actor signs for, as far as a grant that is in force reaches."""
        found = Proxies(self._ledger, self._registry).find(principal, actor.id, rules.definition.name, today, tasks)
        if found is None:
            self._refuse(act, refuse(rules.definition, "proxy_none", actor=actor.id, principal=principal))
        person, said = found
        act.body["for"] = said
        return person

    def _supervises(self, desk: Desk, opened: Open | Receipt) -> bool:
        supervisors = opened.rules.definition.permissions.supervise if isinstance(opened, Open) else frozenset()
        return not desk.by.roles.isdisjoint(supervisors)

    def _apply(self, opened: Open | Receipt, change: Callable[[Desk], tuple[str | None, dict[str, Any]]]) -> Receipt:
        """Ask an operation that only changes the gate, and write its entry."""
        if not isinstance(opened, Open):
            return opened
        act, desk = opened.act, opened.desk
        task, patch = self._ask(act, opened.rules, lambda: change(desk))
        act.body |= {"gates": {desk.rule.id: patch}} | ({"task": task} if task else {})
        act.body |= {"old": old} if (old := replaced(desk.stored(), patch)) else {}
        return self._ledger.append(act, opened.head, opened.rules.definition)

    def _ask(self, act: Act, rules: Rules, operation: Callable[[], Any]) -> Any:
        """Ask a pure operation; what it denies becomes a refusal with every reason."""
        try:
            return operation()
        except Denied as denied:
            reasons = tuple(refuse(rules.definition, code, **values) for code, values in denied.reasons)
            decision = Decision(act.body.get("trigger", act.name), allowed=False, refusals=reasons)
            raise refused(decision, key=act.key, act=act, definition=rules.definition) from None

    def _set_region(self, act: Act, head: Head, rules: Rules, rule: Transition, state: str) -> None:
        """Move the gate's region without a transition: a return, or the retraction of a deciding vote."""
        snapshot = head.snapshot
        act.body["set"] = rules.moved(snapshot.regions, snapshot.kept, {rule.region: state})
        act.body["was"] = {name: snapshot.regions[name] for name in act.body["set"] if name in snapshot.regions}
        self._overtake(act, head, rules, but=rule.id)
        check_order(head, act, ())

    def _rebind(self, act: Act, head: Head, rules: Rules) -> None:
        """Begin anew every open gate whose votes are bound to an attribute that the act changes."""
        attrs = act.body.get("attrs", {})
        if not attrs or not head.snapshot.gates:
            return
        changed = replace(head, snapshot=replace(head.snapshot, attrs={**head.snapshot.attrs, **attrs}))
        outside = self._outside(changed, rules, EMPTY, None)
        patches = self._ask(act, rules, lambda: opening.rebind(
            rules.gated.values(), head.snapshot, head.row.seq + 1, attrs,
            lambda after: asking(rules, head.snapshot, EMPTY, outside, after), self._ledger.hasher,
        ))  # fmt: skip
        if patches:
            act.body["gates"] = patches
        if not self._registry.attests:
            asked = [task for gate in patches.values() if "round" in gate for task in gate["tasks"].values()]
            act.body |= self._registry.candidates(asked)
        attest(act, outside.attested)
