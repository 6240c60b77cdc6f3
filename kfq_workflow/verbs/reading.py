"""What may be asked of a log without writing: an instance, its history, and what may be done to it now."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval import numbers
from kfq_workflow.approval.tasks import BOXES
from kfq_workflow.conditions import Outside
from kfq_workflow.decision import available, decide
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput, KfqError, NotFound
from kfq_workflow.policy import RULED, Cited
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.ledger import Head
from kfq_workflow.values import EMPTY, Decision
from kfq_workflow.verbs.act import Act
from kfq_workflow.verbs.inbox import Inbox
from kfq_workflow.verbs.proxies import Proxies
from kfq_workflow.views import HistoryEntry, InboxItem, Instance, Proxy, histories, unknown
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from kfq_workflow.approval.waiting import Waiting
    from kfq_workflow.decision import Stage
    from kfq_workflow.machine import Rules
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.values import Actor, Paper
    from kfq_workflow.verbs.registry import Registry
    from kfq_workflow.working_days import Calendar


#: So many rows an inbox has at most.
_MOST = 1000


class Reading:
    """The questions of one unit of work, inside an open transaction; `registry` answers for actors and definitions."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        self._ledger = ledger
        self._registry = self.registry = registry

    @property
    def cursor(self) -> Cursor:
        """The driver's cursor of this transaction, for the caller's own statements beside the acts."""
        return self._ledger.cursor

    def decide(
        self,
        key: str,
        trigger: str,
        *,
        by: str | None = None,
        papers: Sequence[Paper] = (),
        params: Mapping[str, Any] = EMPTY,
        stage: Stage = "fire",
    ) -> Decision:
        """Say what firing would do (or submitting, as `stage`), without writing: allowed, or every refusal."""
        head = self._ledger.look(inputs.key(key))
        rules = self._rules(head)
        laid, _ = inputs.papers(rules.definition, papers)
        clear = Act("fired", key, "", None, trigger).put_params(rules, trigger, params)
        actor = self._registry.actor(inputs.identifier(by)) if by is not None else None
        types = {paper["type"] for paper in laid}
        return self._decide(
            head, rules, trigger, actor=actor, papers=types, params=clear, stage=stage, retired=self._retired(laid)
        )

    def _retired(self, papers: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """Return why papers may not be laid: their numbers were retired."""
        keys = numbers.chains(papers)
        return (
            numbers.reasons(papers, facts_of(self._ledger.store.instances(self._ledger.cursor, keys))) if keys else []
        )

    def available(self, key: str, *, by: str | None = None) -> tuple[Decision, ...]:
        """Decide every trigger, for one actor or for anyone, no papers laid: missing ones are listed as refusals."""
        head = self._ledger.look(inputs.key(key))
        rules = self._rules(head)
        actor = self._registry.actor(inputs.identifier(by)) if by is not None else None
        return available(
            rules,
            head.snapshot,
            actor=actor,
            outside=self._outside(head, rules, EMPTY, actor),
        )

    def show(self, key: str, *, as_stored: bool = False) -> Instance:
        """Return an instance as it stands. Raises NotFound.

        A stored state that its definition does not know raises KfqError `unknown_stored_state`, or, `as_stored`, is
        in the `unknown` of what is returned.
        """
        head = self._ledger.look(inputs.key(key))
        if not as_stored:
            self._rules(head)
        return self._view(head)

    def today(self) -> str:
        """Return the ISO day that it is now, by the database's clock and the log's UTC offset."""
        return self._ledger.today(self._ledger.store.now(self._ledger.cursor))

    def calendar(self) -> Calendar:
        """Return the calendar of working days that is in force; without one published, weekends are rest."""
        row = self._ledger.store.instance(self._ledger.cursor, CALENDAR)
        return self._registry.calendar({} if row is None else Snapshot.parse(row.snapshot).attrs)

    def history(self, key: str, *, effective: bool = False) -> list[HistoryEntry]:
        """Return every entry of an instance, oldest first; of a reserved one, too: `~actor/ID`. Raises NotFound.

        Each entry that was corrected tells so in its `mark`. With `effective` corrections take the place of what they
        correct: acts that were struck, and the corrections themselves, are left out.
        """
        store, cursor = self._ledger.store, self._ledger.cursor
        self._ledger.look(key := inputs.key(key, reserved=True))
        return histories(store.chain(cursor, key), store.chain_texts(cursor, key), effective=effective)

    def instances(self, *, workflow: str | None = None, root: str | None = None) -> Iterator[Instance]:
        """Yield instances in key order, reserved ones left out; each tells which of its stored states are `unknown`."""
        for row in self._ledger.store.rows(self._ledger.cursor):
            if row.def_ is None or (workflow or row.workflow) != row.workflow or (root or row.root) != row.root:
                continue
            yield self._view(Head(row, Snapshot.parse(row.snapshot), 0))

    def explain(self, key: str) -> list[Waiting]:
        """Say why an instance waits: on whom, since when, by which rule, and what would decide it. Raises NotFound.

        Each has a `text(lang)`; an instance without an open approval says which moves are possible, and for whom.
        """
        from kfq_workflow.approval.explain import Made, Sources, explain  # most runs explain nothing

        instance = self.show(key)
        decisions = () if instance.is_closed else self.available(key)
        rows = {row.seq: row for row in self._ledger.store.chain(self._ledger.cursor, instance.key)}

        def entry(seq: int) -> Made:
            row = rows[seq]
            number = str(parse_canonical(row.body).get("number", ""))
            return Made(self._ledger.today(row.at), row.actor, number)

        return explain(instance.definition, instance.snapshot, Sources(entry, cache(self.registry.name)), decisions)

    def inbox(self, actor: str, *, box: str | None = None, limit: int = 100) -> list[InboxItem]:
        """Return an actor's inbox: what must be done first, the oldest first; then the rest, the newest first.

        What those are asked for whose proxy he is today is in it as well, and says so (`on_behalf_of`); a task that a
        duty keeps him from says why (`barred`). `box` is todo, waiting, done, copied or started; None is all of them.
        `limit` is 1 to 1000 rows. Raises NotFound, InvalidInput.
        """
        boxes = BOXES if box is None else (inputs.choice(box, "box", tuple(BOXES)),)
        if not 1 <= limit <= _MOST:
            raise InvalidInput("invalid_value", name="limit", value=limit, type=f"1–{_MOST}")
        wanted = {name for each in boxes for name in BOXES[each]}
        return Inbox(self._ledger, self._registry).of(inputs.identifier(actor), wanted, limit)

    def proxies(self, id: str) -> list[Proxy]:  # noqa: A002 - the field's word
        """Return the proxies that an actor has granted and not revoked, oldest first. Raises NotFound."""
        grants = Proxies(self._ledger, self._registry).of(inputs.identifier(id))
        return [
            Proxy(
                int(number), grant["to"], grant["from"], grant["until"], grant["number"],
                tuple(grant.get("workflows", ())), tuple(grant.get("roles", ())),
            )
            for number, grant in sorted(grants.items(), key=lambda item: int(item[0]))
        ]  # fmt: skip

    def ruled(self) -> Cited | None:
        """Return the entry that says who may correct and erase; None while there is none, and so nobody may."""
        rows = self._ledger.store.chain(self._ledger.cursor, "~log", current=True)
        found = next((row for row in reversed(rows) if row.kind == RULED), None)
        return None if found is None else Cited(found.seq, bytes(found.leaf).hex(), parse_canonical(found.body))

    def _view(self, head: Head) -> Instance:
        if head.row.def_ is None:
            raise NotFound("instance", head.row.key)
        definition = self._registry.rules(bytes(head.row.def_)).definition
        name = self._ledger.store.newest_text(self._ledger.cursor, head.row.key, "name")
        return Instance(head.row, head.snapshot, definition, name)

    def _rules(self, head: Head) -> Rules:
        if head.row.def_ is None:
            raise NotFound("instance", head.row.key)
        rules = self._registry.rules(bytes(head.row.def_))
        for region, state in unknown(rules.definition, head.snapshot.regions.items()):
            raise KfqError("unknown_stored_state", key=head.row.key, region=region, state=state)
        return rules

    def _decide(
        self,
        head: Head,
        rules: Rules,
        trigger: str,
        *,
        actor: Actor | None,
        papers: Collection[str] = (),
        params: Mapping[str, Any] = EMPTY,
        **how: Any,
    ) -> Decision:
        return decide(
            rules,
            head.snapshot,
            trigger,
            actor=actor,
            papers=papers,
            params=params,
            outside=self._outside(head, rules, params, actor, trigger),
            **how,
        )

    def _outside(
        self, head: Head, rules: Rules, params: Mapping[str, Any], actor: Actor | None, trigger: str | None = None
    ) -> Outside:
        """Return what guards may read outside the instance's chain, those of one trigger or of any."""
        reads = rules.witnessed if trigger is None else rules.witnessed & {trigger}
        return Outside(
            head.row.key,
            head.row.root,
            self._ledger.family(head.row) if reads else EMPTY,
            self._registry.code_answers(head, rules, params, actor),
        )


def facts_of(rows: Mapping[str, InstanceRow]) -> dict[str, Mapping[str, Any]]:
    """Return what the rows of reserved instances say, by key."""
    return {key: Snapshot.parse(row.snapshot).attrs for key, row in rows.items()}
