"""The verbs of approval gates: submit, sign, hand on, return, withdraw, urge and copy.

Each goes the way of every act: lock → repeated request → who acts → ask the operation (`approval/`), which is pure and
which verification asks again → one entry, with the patch of the gate in it. The deciding vote's entry also moves the
state, so that vote, outcome and move are one fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow import inputs
from kfq_workflow.approval import opening, operations, signers
from kfq_workflow.approval.deciding import asking, closing
from kfq_workflow.approval.gate import VOTES, merge
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput, refused
from kfq_workflow.refusals import refuse
from kfq_workflow.values import EMPTY
from kfq_workflow.verbs.act import prepare
from kfq_workflow.verbs.desk import Open
from kfq_workflow.verbs.steps import attest, cite
from kfq_workflow.verbs.supervising import Supervising
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.approval.operations import Desk
    from kfq_workflow.definition.model import Transition
    from kfq_workflow.stored.ledger import Head
    from kfq_workflow.values import Paper, Receipt

Place = Literal["parallel", "before", "after"]


class Approving(Supervising):
    """The verbs of approval gates, inside an open transaction."""

    def submit(
        self,
        key: str,
        trigger: str,
        *,
        by: str,
        papers: Sequence[Paper] = (),
        params: Mapping[str, Any] = EMPTY,
        opinion: str | None = None,
        direct: bool = False,
        due: str | None = None,
        on: str | None = None,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Submit a transition for approval (提交): a round of its gate opens, and names everybody who is asked.

        `direct` sends a file that was returned straight back to whoever returned it; `due` is an ISO day, kept and
        shown. Raises Refused, Conflict, NotFound, InvalidInput, IdempotencyMismatch, TransactionLost.
        """
        act = prepare("opened", trigger, key, by, request)
        head = self._ledger.lock(act.key)
        rules = self._rules(head)
        laid, titles = inputs.papers(rules.definition, papers)
        act.body |= {"trigger": trigger, "mode": "live"} | ({"papers": laid} if laid else {})
        act.body |= {"direct": True} if direct else {}
        act.body |= {"due": inputs.exact_day(due)} if due else {}
        act.texts |= titles
        clear = act.put_params(rules, trigger, params)
        act.put_text("opinion", opinion)
        act.body["on"] = inputs.on(on, self._ledger.today(head.now), late=False)
        if (receipt := self._resume(act, head, on, expect)) is not None:
            return receipt
        if due:
            inputs.due(due, self._ledger.today(head.now))
        actor = self._actor(act, rules, head.now)
        types = {paper["type"] for paper in laid}
        decision = self._decide(
            head, rules, trigger, actor=actor, papers=types, params=clear, stage="submit", retired=act.retired
        )
        if not decision.allowed:
            raise refused(decision, key=act.key, act=act, definition=rules.definition)
        rule = rules.transitions[decision.transition or ""]
        outside = self._outside(head, rules, clear, actor)
        ask = asking(rules, head.snapshot, clear, outside)
        gate = self._ask(act, rules, lambda: opening.submit(
            rule, head.snapshot, head.row.seq + 1, actor, ask,
            papers=types, params=act.body.get("params"), due=due, direct=direct,
            hasher=self._ledger.hasher,
        ))  # fmt: skip
        act.body["gates"] = {rule.id: gate}
        cite(act, decision)
        attest(act, outside.attested)
        if not self._registry.attests:
            act.body |= self._registry.candidates(gate["tasks"].values())
        return self._ledger.append(act, head, rules.definition)

    # Votes

    def approve(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Approve (同意); see `vote`."""
        return self.vote(key, trigger, how="approve", **how)

    def reject(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Reject (不同意); see `vote`."""
        return self.vote(key, trigger, how="reject", **how)

    def abstain(self, key: str, trigger: str | None = None, **how: Any) -> Receipt:
        """Abstain (弃权); see `vote`."""
        return self.vote(key, trigger, how="abstain", **how)

    def vote(
        self,
        key: str,
        trigger: str | None = None,
        *,
        how: str,
        by: str,
        opinion: str | None = None,
        papers: Sequence[Paper] = (),
        on_behalf_of: str | None = None,
        task: str | None = None,
        on: str | None = None,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Cast a vote: `how` is approve, reject or abstain. The vote that decides the gate also moves the state.

        `trigger` None is the one gate that is open. `on_behalf_of` signs for somebody who granted a proxy. If the
        move's conditions do not hold, the deciding vote is refused and the gate stays open.
        """
        act = prepare("voted", how, key, by, request)
        act.body["vote"] = inputs.choice(how, "vote", tuple(VOTES))
        opened = self._desk(
            act, trigger, on_behalf_of, task=task, opinion=opinion, papers=papers, on=on, expect=expect
        )  # fmt: skip
        if not isinstance(opened, Open):
            return opened
        head, rules, desk = opened.head, opened.rules, opened.desk
        laid = [paper["type"] for paper in act.body.get("papers", ())]
        cast = self._ask(act, rules, lambda: operations.vote(desk, how, papers=laid, task=task, retired=act.retired))
        act.body |= {"task": cast.task, "gates": {desk.rule.id: cast.patch}}
        if cast.outcome == "approved":
            gates = merge(head.snapshot.gates, act.body["gates"])
            gate = gates[desk.rule.id]
            outside = self._outside(head, rules, gate.get("params", EMPTY), None)
            decision = closing(rules, head.snapshot, desk.rule, gates, outside)
            return self._move(act, head, rules, decision, gate["by"], gate.get("params", EMPTY))
        return self._ledger.append(act, head, rules.definition)

    def retract(
        self, key: str, trigger: str | None = None, *, by: str, reason: str, task: str | None = None,
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Take one's own vote back (收回): while the gate is open, or closed and nothing has come after it."""
        act = prepare("retracted", "retract", key, by, request)
        opened = self._desk(act, trigger, None, task=task, reason=reason, closed=True)
        if not isinstance(opened, Open):
            return opened
        head, rules, desk = opened.head, opened.rules, opened.desk
        rev = head.row.rev
        number, patch, reopened = self._ask(act, rules, lambda: operations.retract(desk, rev, task))
        if reopened and self._cited(head, desk.stored()["closed"]):
            self._refuse(act, refuse(rules.definition, "retract_relied", seq=rev))
        act.body |= {"task": number, "gates": {desk.rule.id: patch}}
        if reopened and desk.stored()["state"] == "approved":
            self._set_region(act, head, rules, desk.rule, self._before(head, desk.rule))
        return self._ledger.append(act, head, rules.definition)

    def _cited(self, head: Head, since: int) -> bool:
        """Tell whether another instance of the family has acted on what this one has been since an entry."""
        return any(
            seen["instance"] == head.row.key and seen["seq"] >= since
            for other in self._ledger.family(head.row)
            for row in self._ledger.store.chain(self._ledger.cursor, other)
            for seen in parse_canonical(row.body).get("seen", ())
        )

    def _before(self, head: Head, rule: Transition) -> str:
        """Return the state that the gate's transition left with the newest act."""
        body = self.history(head.row.key)[head.snapshot.gates[rule.id]["closed"] - 1].body
        return str(body["was"][rule.region])

    # Who signs

    def transfer(
        self, key: str, trigger: str | None = None, *, by: str, to: str, reason: str, task: str | None = None,
        on_behalf_of: str | None = None, request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Hand one's task on (转办): the receiver must pass the duties, the old task stays on record."""
        act = prepare("transferred", "transfer", key, by, request)
        act.body["to"] = inputs.identifier(to)
        opened = self._desk(act, trigger, on_behalf_of, task=task, reason=reason)
        return self._apply(opened, lambda desk: signers.transfer(desk, self._receiver(desk, to), task))

    def delegate(
        self, key: str, trigger: str | None = None, *, by: str, to: str, question: str | None = None,
        task: str | None = None, request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Ask somebody for an opinion on one's task (委派). An opinion is not a vote."""
        act = prepare("delegated", "delegate", key, by, request)
        act.body["to"] = inputs.identifier(to)
        act.put_text("question", question)
        opened = self._desk(act, trigger, None, task=task)
        return self._apply(opened, lambda desk: signers.delegate(desk, self._receiver(desk, to), task))

    def reply(
        self, key: str, trigger: str | None = None, *, by: str, opinion: str, task: str | None = None,
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Give the opinion that one was asked for."""
        act = prepare("replied", "reply", key, by, request)
        act.texts["opinion"] = inputs.text(opinion, "opinion", required=True)
        return self._apply(self._desk(act, trigger, None, task=task), lambda desk: signers.reply(desk, task))

    def add_signer(
        self, key: str, trigger: str | None = None, *, by: str, signer: str, reason: str, place: Place = "parallel",
        weight: int = 1, need: int | None = None, task: str | None = None, request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Add a signer (加签) before, after or in parallel to one's own task; a supervisor needs no task.

        `need` states how many approvals (or how much weight) are needed from now on.
        """
        act = prepare("added", "add_signer", key, by, request)
        act.body |= {"place": inputs.choice(place, "place", ("parallel", "before", "after"))}
        act.body |= {"signer": inputs.identifier(signer)}
        act.body |= {"weight": weight} if inputs.count(weight, "weight") != 1 else {}
        act.body |= {} if need is None else {"need": inputs.count(need, "need")}
        opened = self._desk(act, trigger, None, task=task, reason=reason)

        def change(desk: Desk) -> tuple[str | None, dict[str, Any]]:
            person, manages = self._receiver(desk, signer), self._supervises(desk, opened)
            return signers.add(desk, person, place=place, weight=weight, need=need, task=task, manages=manages)

        return self._apply(opened, change)

    def remove_signer(
        self, key: str, trigger: str | None = None, *, by: str, task: str, reason: str, need: int | None = None,
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Remove a signer who has not voted (减签), by the number of the task. Somebody is always left to vote."""
        act = prepare("removed", "remove_signer", key, by, request)
        act.body |= {} if need is None else {"need": inputs.count(need, "need")}
        opened = self._desk(act, trigger, None, task=task, reason=reason)
        return self._apply(
            opened,
            lambda desk: (task, signers.remove(desk, task, need=need, manages=self._supervises(desk, opened))),
        )

    # The round as a whole

    def send_back(
        self, key: str, trigger: str | None = None, *, by: str, reason: str, to: str | None = None,
        task: str | None = None, on_behalf_of: str | None = None, request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Return the file (退回) to the applicant, or to a state that the gate declares, for a new round."""
        act = prepare("returned", "return", key, by, request)
        act.body |= {"to": to} if to else {}
        opened = self._desk(act, trigger, on_behalf_of, task=task, reason=reason)
        if not isinstance(opened, Open):
            return opened
        head, rules, desk = opened.head, opened.rules, opened.desk
        number, patch = self._ask(act, rules, lambda: operations.send_back(desk, to, task))
        act.body |= {"task": number, "gates": {desk.rule.id: patch}}
        if to:
            self._set_region(act, head, rules, desk.rule, to)
        return self._ledger.append(act, head, rules.definition)

    def withdraw(
        self, key: str, trigger: str | None = None, *, by: str, reason: str | None = None, request: str | None = None
    ) -> Receipt:
        """Take one's own request back (撤回), as long as the gate lets the applicant."""
        act = prepare("withdrawn", "withdraw", key, by, request)
        opened = self._desk(act, trigger, None, reason=reason, needs_reason=False)
        return self._apply(opened, lambda desk: (None, operations.withdraw(desk)))

    def urge(
        self, key: str, trigger: str | None = None, *, by: str, note: str | None = None, request: str | None = None
    ) -> Receipt:
        """Urge those whose turn it is (催办), once a working day for each; one of rest counts for the next."""
        act = prepare("urged", "urge", key, by, request)
        act.put_text("note", note)
        opened = self._desk(act, trigger, None)
        facts = act.beside.get(CALENDAR, EMPTY)
        act.body |= {"calendar": facts["calendar"]} if facts else {}
        return self._apply(opened, lambda desk: (None, operations.urge(desk, self._registry.calendar(facts))))

    def copy(
        self, key: str, trigger: str | None = None, *, by: str, to: Sequence[str], note: str | None = None,
        request: str | None = None,
    ) -> Receipt:  # fmt: skip
        """Send copies (抄送), once to each person."""
        act = prepare("copied", "copy", key, by, request)
        act.body["to"] = [inputs.identifier(person) for person in to]
        if not act.body["to"] or len(set(act.body["to"])) != len(act.body["to"]):
            raise InvalidInput("copy_to")
        act.put_text("note", note)
        people = act.body["to"]
        opened = self._desk(act, trigger, None, closed=True)
        return self._apply(
            opened, lambda desk: (None, operations.copy_to(desk, [self._registry.actor(person) for person in people]))
        )

    def mark_read(self, key: str, trigger: str | None = None, *, by: str, request: str | None = None) -> Receipt:
        """Mark a copy that one was sent as read (已阅)."""
        act = prepare("read", "read", key, by, request)
        opened = self._desk(act, trigger, None, closed=True)
        return self._apply(opened, lambda desk: (None, operations.mark_read(desk)))
