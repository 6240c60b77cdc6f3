"""An inbox: what lies before somebody, for himself and as the proxy of others, and what he may not sign although asked.

One statement reads the actor with those who have granted him a proxy, whose grants lie in their rows, as one reads the
actor of any act; the other is the inbox, along the indexes of `kfq_task`. A proxy of today reaches the tasks of whoever
granted it, within the roles and workflows of the grant. A duty that keeps the actor from a task is told by the snapshot
of its instance, which comes with the row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.duties import barred
from kfq_workflow.approval.proxies import covered, in_force
from kfq_workflow.approval.tasks import Reach
from kfq_workflow.refusals import refuse
from kfq_workflow.state import Snapshot
from kfq_workflow.verbs.registry import ACTORS, as_actor
from kfq_workflow.views import InboxItem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kfq_workflow.approval.tasks import Listed
    from kfq_workflow.stored.ledger import Ledger
    from kfq_workflow.values import Actor, Refusal
    from kfq_workflow.verbs.registry import Registry


class Inbox:
    """Reads inboxes in one transaction."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        self._ledger = ledger
        self._registry = registry

    def of(self, id: str, boxes: Collection[str], limit: int) -> list[InboxItem]:  # noqa: A002 - the field's word
        """Return at most `limit` rows of these boxes, each once. Raises NotFound."""
        store, cursor = self._ledger.store, self._ledger.cursor
        people, now = store.inbox_people(cursor, f"{ACTORS}/{id}", id)
        own = people.pop(f"{ACTORS}/{id}", None)
        me = as_actor(own) if own is not None and not self._registry.attests else self._registry.actor(id)
        grantors = {key: as_actor(row) for key, row in people.items()}
        reaches = [
            reach
            for key, row in sorted(people.items())
            for reach in _reaches(grantors[key], me, Snapshot.parse(row.snapshot), self._ledger.today(now))
        ]
        found: dict[tuple[Any, ...], InboxItem] = {}
        for listed in store.inbox(cursor, me.id, me.roles, me.org or None, boxes, limit, reaches):
            reach = reaches[listed.reach] if listed.reach >= 0 else None
            if listed.row[:4] not in found or reach is None:
                found[listed.row[:4]] = self._item(listed, me, reach)
        return list(found.values())

    def _item(self, listed: Listed, me: Actor, reach: Reach | None) -> InboxItem:
        row = listed.row
        people = (me,) if reach is None else (reach.principal, me)
        barred = tuple(self._barred(listed, people)) if row.box == "todo" else ()
        item = InboxItem(row.instance, listed.workflow, listed.state, *row[1:], barred=barred)
        return item if reach is None else replace(item, on_behalf_of=reach.principal.id, grant=reach.grant)

    def _barred(self, listed: Listed, people: Collection[Actor]) -> Iterator[Refusal]:
        """Yield why these people may not sign a task that they are asked for."""
        if listed.def_ is None:
            return
        rules = self._registry.rules(bytes(listed.def_))
        rule, snapshot = rules.gated.get(listed.row.gate), Snapshot.parse(listed.snapshot)
        gate = snapshot.gates.get(listed.row.gate)
        if rule is None or rule.gate is None or gate is None or gate["round"] != listed.row.round:
            return
        for person in people:
            for code, values in barred(rule.gate, gate, snapshot.did, person):
                yield refuse(rules.definition, code, **values)


def _reaches(principal: Actor, me: Actor, snapshot: Snapshot, today: str) -> Iterator[Reach]:
    """Yield what the grants of one person let another sign today, oldest grant first."""
    if not principal.acts_on(today):
        return
    grants = snapshot.attrs.get("grants", {})
    for number in sorted(grants, key=int):
        grant = grants[number]
        workflows = tuple(grant.get("workflows", ()))
        if in_force(grant, me.id, workflows[0] if workflows else "", today):
            yield Reach(covered(principal, grant), int(number), workflows)
