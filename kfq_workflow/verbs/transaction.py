"""The verbs: what may be done to an instance, each one act in one transaction.

Each verb goes the same way: prepare the act → lock the instance → answer a repeated request → compare the expected
revision → resolve the actor → decide → hand the entry to the ledger. A `Transaction` never commits: `engine.run`
does, or the caller whose transaction was joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.audit.recovery import Recovered, recover
from kfq_workflow.audit.sealing import LOG, SYSTEM, Planned, Seal, seal
from kfq_workflow.decision import adoption
from kfq_workflow.errors import AlreadyStarted, InvalidInput, NotFound
from kfq_workflow.values import EMPTY, Decision, Receipt
from kfq_workflow.verbs.act import Act, prepare
from kfq_workflow.verbs.correcting import Correcting
from kfq_workflow.verbs.proxies import Proxies
from kfq_workflow.verbs.steps import check_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.values import Paper
    from kfq_workflow.working_days import Calendar


class Transaction(Correcting):
    """The verbs of one unit of work, inside an open transaction."""

    def start(
        self,
        workflow: str,
        key: str,
        *,
        by: str,
        name: str,
        root: str | None = None,
        attrs: Mapping[str, Any] = EMPTY,
        on: str | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Begin an instance of the newest version of a workflow; `root` is the instance that a case belongs to.

        A start whose day (`on`, EDTF, default today) lies wholly in the past is marked late for ever.
        Raises AlreadyStarted, NotAuthorised, NotFound, InvalidInput.
        """
        act = prepare("started", "start", key, by, request)
        head = self._ledger.open(act.key, None if root is None else inputs.is_text(root, "root"))
        def_, rules = self._registry.newest(workflow)
        self._describe(act, rules, name, root, attrs)
        if head is not None:
            return self._started_before(act, head, on)
        self._check_root(rules.definition, root)
        head = self._ledger.vacant(act, rules.definition.name, root, def_)
        today = self._ledger.today(head.now)
        day = inputs.on(on, today, late=False)
        act.body |= {"mode": "late" if day["hi"] < today else "live", "on": day, "set": rules.start(), "was": {}}
        self._authorise(act, rules, rules.definition.permissions.start, head.now)
        return self._ledger.append(act, head, rules.definition)

    def fire(
        self,
        key: str,
        trigger: str,
        *,
        by: str,
        papers: Sequence[Paper] = (),
        params: Mapping[str, Any] = EMPTY,
        opinion: str | None = None,
        on: str | None = None,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Fire a trigger. `on` is the act's day (EDTF, default today); `expect` is the revision that the caller saw.

        Raises Refused (NotAllowed, NotAuthorised, EvidenceMissing, GuardFailed), Conflict, NotFound, InvalidInput,
        IdempotencyMismatch, TransactionLost.
        """
        act = prepare("fired", trigger, key, by, request)
        head = self._ledger.lock(act.key)
        rules = self._rules(head)
        laid, titles = inputs.papers(rules.definition, papers)
        act.body |= {"trigger": trigger, "mode": "live"} | ({"papers": laid} if laid else {})
        act.texts |= titles
        clear = act.put_params(rules, trigger, params)
        act.put_text("opinion", opinion)
        act.body["on"] = inputs.on(on, self._ledger.today(head.now), late=False)
        if (receipt := self._resume(act, head, on, expect)) is not None:
            return receipt
        actor = self._actor(act, rules, head.now)
        types = {paper["type"] for paper in laid}
        decision = self._decide(head, rules, trigger, actor=actor, papers=types, params=clear, retired=act.retired)
        return self._move(act, head, rules, decision, act.by, clear)

    def register(
        self,
        key: str,
        trigger: str,
        *,
        by: str,
        performed_by: str,
        source: str,
        basis: str,
        on: str | None = None,
        params: Mapping[str, Any] = EMPTY,
        note: str | None = None,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Put a past move on record (补录): `by` the registrar, decided then by the office `performed_by`.

        State, the office's role, guards and dates are checked; the `source` replaces papers and parameters, and
        effects are not run again. The entry is marked late for ever. `basis` is stated, implied or inferred; `on`
        None is an unknown day.
        """
        act = prepare("fired", trigger, key, by, request)
        head = self._ledger.lock(act.key)
        rules = self._rules(head)
        performer = self._registry.actor(inputs.identifier(performed_by))
        act.body |= {"trigger": trigger, "mode": "late", "basis": inputs.basis(basis)}
        act.put_performer(rules.definition, trigger, performer)
        clear = act.put_params(rules, trigger, params)
        act.texts["source"] = inputs.text(source, "source", required=True)
        act.put_text("note", note)
        act.put_day(on, self._ledger.today(head.now))
        if (receipt := self._resume(act, head, on, expect)) is not None:
            return receipt
        self._authorise(act, rules, rules.definition.permissions.register, head.now)
        decision = self._decide(head, rules, trigger, actor=performer, params=clear, late=True)
        return self._move(act, head, rules, decision, performer.id)

    def adopt(
        self,
        key: str,
        states: Mapping[str, str | None],
        *,
        by: str,
        source: str,
        reason: str,
        on: str | None = None,
        basis: str = "stated",
        workflow: str | None = None,
        name: str | None = None,
        root: str | None = None,
        attrs: Mapping[str, Any] = EMPTY,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Put states on record without a move: an observation, not an event, marked so for ever.

        It states every region that it activates (None: not on record). It may be an instance's first entry; then
        `workflow` and `name` are needed.
        """
        act = prepare("adopted", "adopt", key, by, request)
        act.body |= {"mode": "late", "basis": inputs.basis(basis), "set": dict(states)}
        act.texts["source"] = inputs.text(source, "source", required=True)
        act.put_text("reason", reason)
        head = self._ledger.open(act.key, None if root is None else inputs.is_text(root, "root"))
        def_ = None
        if workflow is not None:
            def_, rules = self._registry.newest(workflow)
            self._describe(act, rules, name or "", root, attrs)
        elif head is None:
            raise NotFound("first_adoption", act.key)
        if head is None:
            self._check_root(rules.definition, root)
            head = self._ledger.vacant(act, rules.definition.name, root, def_)
        else:
            rules = self._rules(head)
        act.put_day(on, self._ledger.today(head.now))
        if head.row.seq and (receipt := self._resume(act, head, on, expect)) is not None:
            return receipt
        if head.row.seq and workflow is not None:
            raise AlreadyStarted(key=act.key)
        self._authorise(act, rules, rules.definition.permissions.adopt, head.now)
        act.body["set"], act.body["was"] = adoption(rules, head.snapshot, states)
        self._overtake(act, head, rules)
        check_order(head, act, ())
        return self._ledger.append(act, head, rules.definition)

    def annotate(
        self,
        key: str,
        note: str,
        *,
        by: str,
        plan: Mapping[str, str] | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Add a note, or a plan: what is expected, by when. Neither moves anything nor changes the revision."""
        act = prepare("annotated", "annotate", key, by, request)
        head = self._ledger.lock(act.key)
        act.texts["note"] = inputs.text(note, "note", required=True)
        if plan:
            act.body["plan"] = {name: inputs.text(value, f"plan {name}") for name, value in plan.items()}
        if (receipt := self._resume(act, head, None, None)) is not None:
            return receipt
        rules = self._rules(head)
        self._actor(act, rules, head.now)
        return self._ledger.append(act, head, rules.definition)

    def comment(self, key: str, text: str, *, by: str, request: str | None = None) -> Receipt:
        """Say something about an instance (评论), outside of any vote: a note."""
        return self.annotate(key, text, by=by, request=request)

    def amend(
        self,
        key: str,
        attrs: Mapping[str, Any],
        *,
        by: str,
        reason: str | None = None,
        expect: int | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Change declared attributes of an instance."""
        act = prepare("amended", "amend", key, by, request)
        head = self._ledger.lock(act.key)
        rules = self._rules(head)
        if not attrs:
            raise InvalidInput("no_attributes")
        act.put_attrs(rules, attrs)
        act.put_text("reason", reason)
        if (receipt := self._resume(act, head, None, expect)) is not None:
            return receipt
        self._authorise(act, rules, rules.definition.permissions.amend, head.now)
        self._rebind(act, head, rules)
        return self._ledger.append(act, head, rules.definition)

    def enroll(self, id: str, *, by: str, **facts: Any) -> Receipt:  # noqa: A002 - the field's word
        """Register an actor or change one; see `Registry.enroll`."""
        return self._registry.enroll(id, by=by, **facts)

    def grant_proxy(self, id: str, *, by: str, **facts: Any) -> Receipt:  # noqa: A002
        """Let somebody sign for an actor; see `Proxies.grant`."""
        return Proxies(self._ledger, self._registry).grant(id, by=by, **facts)

    def revoke_proxy(self, id: str, grant: int, *, by: str, reason: str, request: str | None = None) -> Receipt:  # noqa: A002
        """End a proxy; see `Proxies.revoke`."""
        return Proxies(self._ledger, self._registry).revoke(id, grant, by=by, reason=reason, request=request)

    def define(self, definition: Definition, *, by: str) -> Receipt:
        """Register a workflow definition; see `Registry.define`."""
        return self._registry.define(definition, by=by)

    def publish_calendar(self, calendar: Calendar, *, by: str, number: str, request: str | None = None) -> Receipt:
        """Publish which days are working days; see `Registry.publish`."""
        return self._registry.publish(calendar, by=by, number=number, request=request)

    def rebuild(self) -> int:
        """Make every instance's row anew from its entries; return how many were different."""
        return self._ledger.rebuild(lambda digest: self._registry.rules(digest).definition)

    def seal(self, limit: int | None = None, planned: Planned | None = None) -> tuple[Seal, bool]:
        """Give entries that have none yet their place in the tree, those of a plan if it stands; see `sealing.seal`."""
        return seal(self._ledger, limit, planned)

    def recover(self, lost: Sequence[Anchor], *, by: str, reason: str, kept: int | None = None) -> Recovered:
        """Say, after a restore from a backup, which published checkpoints lost entries; an administrator may.

        `lost` are the last checkpoints that were published, of each incarnation that lost something. `kept` is the
        number of sealed entries that the backup brought back; by default, all that are sealed now.
        Raises InvalidInput where nothing was lost, NotAuthorised.
        """
        return recover(self._ledger, self._registry, lost, by=by, reason=reason, kept=kept)

    def keyed(self, note: str) -> Receipt:
        """Put a signed statement about keys on record; see `keys`, which refuses those that would not count."""
        ledger = self._ledger
        return ledger.append(Act("keyed", LOG, SYSTEM, None, "key", {"note": note}), ledger.lock(LOG))

    def record(self, act: Act, decision: Decision) -> Receipt:
        """Append the record of a refused attempt; one on a reserved instance goes to the actor's own chain."""
        key = f"~actor/{act.by}" if act.key.startswith("~") else act.key
        note = Act("refused", key, act.by, None, act.name)
        head = self._ledger.lock(key)
        note.body["act"] = act.kind
        note.body["trigger"] = decision.trigger
        note.body["refusals"] = [
            {"code": refusal.code, "values": dict(refusal.values)} for refusal in decision.refusals
        ]
        if act.request:
            note.body["tried_req"] = act.request
        return self._ledger.append(note, head, self._rules(head).definition if head.row.def_ else None)
