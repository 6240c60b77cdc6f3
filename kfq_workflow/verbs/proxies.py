"""Standing proxies (代理) on the chains of those who grant them: who may sign for whom, and on what authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.approval.gate import may_sign
from kfq_workflow.approval.proxies import covered, in_force
from kfq_workflow.approval.quorum import UNDECIDED
from kfq_workflow.errors import InvalidInput, NotFound, refused
from kfq_workflow.refusals import refuse
from kfq_workflow.values import Actor, Decision
from kfq_workflow.verbs.act import Act
from kfq_workflow.verbs.registry import ACTORS, as_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfq_workflow.stored.ledger import Head, Ledger
    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.registry import Registry


class Proxies:
    """Grants and revokes proxies, and finds the one by which somebody signs, in one transaction."""

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        self._ledger = ledger
        self._registry = registry

    def grant(
        self,
        id: str,  # noqa: A002
        *,
        by: str,
        to: str,
        valid_from: str,
        valid_to: str,
        number: str,
        workflows: Sequence[str] = (),
        roles: Sequence[str] = (),
        request: str | None = None,
    ) -> Receipt:
        """Let actor `to` sign for actor `id` (代理) from one ISO day to another, on the authority of a document.

        `workflows` and `roles` narrow it; empty: all. Only `id` itself or an administrator grants.
        """
        act = Act("granted", f"{ACTORS}/{inputs.identifier(id)}", inputs.identifier(by), request, "grant_proxy")
        head = self._chain(self._ledger.lock, id)
        first, last = inputs.exact_day(valid_from), inputs.exact_day(valid_to)
        if last < first:
            raise InvalidInput("proxy_days", first=first, last=last)
        act.body["grant"] = {
            "from": first,
            "number": inputs.text(number, "number", required=True),
            "to": self._registry.actor(inputs.identifier(to)).id,
            "until": last,
            **({"workflows": sorted(set(inputs.identifiers(workflows, "workflows")))} if workflows else {}),
            **({"roles": sorted(set(inputs.identifiers(roles, "roles")))} if roles else {}),
        }
        if to == id:
            raise InvalidInput("proxy_self", id=id)
        return self._on_actor(act, head)

    def revoke(
        self,
        id: str,  # noqa: A002
        grant: int,
        *,
        by: str,
        reason: str,
        request: str | None = None,
    ) -> Receipt:
        """End a proxy before its last day; `grant` is the entry that granted it."""
        act = Act("revoked", f"{ACTORS}/{inputs.identifier(id)}", inputs.identifier(by), request, "revoke_proxy")
        head = self._chain(self._ledger.lock, id)
        act.body["grant"] = grant
        act.texts["reason"] = inputs.text(reason, "reason", required=True)
        if (receipt := self._ledger.replayed(act, head.row)) is not None:
            return receipt
        if str(grant) not in head.snapshot.attrs.get("grants", {}):
            raise NotFound("grant", f"{id}/{grant}", known=sorted(head.snapshot.attrs.get("grants", {})))
        return self._on_actor(act, head)

    def _on_actor(self, act: Act, head: Head) -> Receipt:
        """Write an entry that the actor himself or an administrator makes on the actor's chain."""
        if (receipt := self._ledger.replayed(act, head.row)) is not None:
            return receipt
        if act.key != f"{ACTORS}/{act.by}":
            self._registry.administer(act, head)
        elif not self._registry.actor(act.by).acts_on(self._ledger.today(head.now)):
            refusal = refuse(None, "actor_not_valid", actor=act.by)
            raise refused(Decision(act.name, allowed=False, refusals=(refusal,)), key=act.key, act=act)
        return self._ledger.append(act, head)

    def of(self, id: str) -> Mapping[str, Mapping[str, Any]]:  # noqa: A002
        """Return the proxies that an actor has granted, by the number of the entry. Raises NotFound."""
        found: Mapping[str, Mapping[str, Any]] = self._chain(self._ledger.look, id).snapshot.attrs.get("grants", {})
        return found

    def _chain(self, read: Callable[[str], Head], id: str) -> Head:  # noqa: A002
        """Read an actor's chain. Raises NotFound in the actor's name, not the chain's."""
        try:
            return read(f"{ACTORS}/{id}")
        except NotFound:
            raise NotFound("actor", id) from None

    def find(
        self, principal: str, actor: str, workflow: str, today: str, tasks: Iterable[Mapping[str, Any]]
    ) -> tuple[Actor, dict[str, Any]] | None:
        """Return whom the actor signs for, with the roles that a grant covers, and what the entry says of it.

        Of several grants in force the first counts that reaches one of the `tasks`.
        """
        head = self._chain(self._ledger.look, principal)
        person = as_actor(head.row)
        if not person.acts_on(today):
            return None
        grants = head.snapshot.attrs.get("grants", {})
        valid = [number for number in sorted(grants, key=int) if in_force(grants[number], actor, workflow, today)]
        if not valid:
            return None
        pending = [task for task in tasks if task["state"] in UNDECIDED]
        reach = (name for name in valid if any(may_sign(task, covered(person, grants[name])) for task in pending))
        number = next(reach, valid[0])
        said = {
            "grant": int(number), "ground": "proxy", "id": principal,
            "leaf": bytes(head.row.head).hex(), "seq": head.row.seq,
        }  # fmt: skip
        return covered(person, grants[number]), said
