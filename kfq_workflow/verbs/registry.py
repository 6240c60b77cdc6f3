"""Who may act, and by which definitions: two kinds of reserved chains in the same log.

`~actor/ID` is the chain of an actor, `~definition/NAME` that of a workflow. Their facts are in their entries like
everybody else's; the row of the instance caches them. An application replaces the registry of actors by a resolver.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs, working_days
from kfq_workflow.approval.gate import may_sign
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.definition import canonical
from kfq_workflow.definition.model import Definition
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import DefinitionError, InvalidInput, KfqError, NotFound, refused
from kfq_workflow.machine import Rules
from kfq_workflow.refusals import refuse
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor, Decision
from kfq_workflow.verbs.act import Act
from kfq_workflow.working_days import CALENDAR, WEEKENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.ledger import Head, Ledger
    from kfq_workflow.values import Receipt
    from kfq_workflow.working_days import Calendar

    GuardAnswer = bool | tuple[bool, Mapping[str, Any]]
    Guard = Callable[["GuardContext"], GuardAnswer]
    #: Answers an actor's id inside the transaction, whose SQLAlchemy connection it is handed; None: unknown.
    Resolver = Callable[[str, Any], Actor | None]

ADMINISTRATOR = "administrator"
#: The role of who checks: it gives no right, since reading and annotating need none, and so no workflow has to name it.
AUDITOR = "auditor"
#: The roles that the library knows by itself, beside those of the workflows.
OWN_ROLES = frozenset({ADMINISTRATOR, AUDITOR})
#: The account of the library itself; it may enroll and define only until there is an administrator.
SYSTEM = "system"
ACTORS = "~actor"
DEFINITIONS = "~definition"
_CANDIDATES = 100
KINDS = ("office", "person", "system")
GUARD_NAME = re.compile(r"[a-z][a-z0-9_]*@[1-9][0-9]{0,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GuardContext:
    """What a guard in code is asked about: the instance, its states and attributes, and the act's parameters.

    `connection` is the transaction's SQLAlchemy connection: read what you must, write nothing.
    """

    key: str
    workflow: str
    regions: Mapping[str, str]
    attrs: Mapping[str, Any]
    params: Mapping[str, Any]
    actor: str | None
    connection: Any


class Catalog:
    """The definitions that were read, by the digest of their rules; shared by all transactions of an engine."""

    def __init__(self, guards: Mapping[str, Guard]) -> None:
        for name in guards:
            if not GUARD_NAME.fullmatch(name):
                raise InvalidInput("invalid_value", name="guard", value=name, type="name@version")
        self.guards = dict(guards)
        self.rules: dict[bytes, Rules] = {}
        self.calendars: dict[bytes, Calendar] = {}


class Registry:
    """Actors and definitions as one transaction sees them."""

    def __init__(self, ledger: Ledger, catalog: Catalog, resolver: Resolver | None, connection: Any) -> None:
        self._ledger = ledger
        self._catalog = catalog
        self._resolver = resolver
        self._connection = connection

    @property
    def attests(self) -> bool:
        """Tell whether roles come from the application's resolver, whose answer an entry must then keep."""
        return self._resolver is not None

    def actor(self, id: str) -> Actor:  # noqa: A002 - the field's word
        """Return an actor by id. Raises NotFound."""
        return self.actor_beside(id, ())[0]

    def actor_beside(self, id: str, keys: Sequence[str]) -> tuple[Actor, dict[str, InstanceRow]]:  # noqa: A002
        """Return an actor by id, and the rows of other instances read in the same statement. Raises NotFound."""
        own = f"{ACTORS}/{id}"
        wanted = [*keys, *(() if self._resolver is not None else (own,))]
        rows = self._ledger.store.instances(self._ledger.cursor, wanted) if wanted else {}
        row = rows.pop(own, None)
        if self._resolver is not None:
            found = self._resolver(id, self._connection)
        else:
            found = as_actor(row) if row is not None else None
        if found is None:
            raise NotFound("actor", id)
        return found, rows

    def name(self, id: str) -> str:  # noqa: A002
        """Return what an actor is called, or nothing where that is not known."""
        if self._resolver is not None:
            found = self._resolver(id, self._connection)
            return found.name if found is not None else ""
        return self._ledger.store.newest_text(self._ledger.cursor, f"{ACTORS}/{id}", "name")

    def enroll(
        self,
        id: str,  # noqa: A002
        *,
        by: str,
        roles: Sequence[str] | None = None,
        org: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        post: str | None = None,
        valid_from: str | None = None,
        valid_to: str | None = None,
        enabled: bool | None = None,
        request: str | None = None,
    ) -> Receipt:
        """Register an actor, or change one: what is not given stays. `valid_from` and `valid_to` are ISO days.

        Only an administrator may; `system` may until there is one. Raises NotAuthorised, InvalidInput.
        """
        act = Act("enrolled", f"{ACTORS}/{inputs.identifier(id)}", inputs.identifier(by), request, "enroll")
        head = self._ledger.open(act.key, None)
        before = as_actor(head.row) if head else Actor(id)
        if kind is not None and kind not in KINDS:
            raise InvalidInput("invalid_value", name="kind", value=kind, type=", ".join(KINDS))
        if enabled is not None and not isinstance(enabled, bool):
            raise InvalidInput("invalid_value", name="enabled", value=enabled, type="boolean")
        act.body = {
            "enabled": before.enabled if enabled is None else enabled,
            "kind": kind or before.kind,
            "org": before.org if org is None else inputs.text(org, "org"),
            "roles": sorted(before.roles if roles is None else set(inputs.identifiers(roles, "roles"))),
        }
        for field, value, old in (
            ("valid_from", valid_from, before.valid_from),
            ("valid_to", valid_to, before.valid_to),
        ):
            if value or old:
                act.body[field] = inputs.exact_day(value) if value else old
        act.put_text("name", name)
        act.put_text("post", post)
        return self._write(act, head, ACTORS)

    def candidates(self, tasks: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return who could sign each seat now, those who may act: at most 100 by id, the others by their number.

        {"candidates": {seat: [id, …]}, "unlisted": {seat: n}}        what is empty is not there
        """
        people = [person for person in self._enrolled() if person.enabled]
        found: dict[str, set[str]] = {}
        for task in tasks:
            able = (person.id for person in people if may_sign(task, person))
            found.setdefault(task["seat"], set()).update(able)
        said: dict[str, dict[str, Any]] = {
            "candidates": {seat: sorted(able)[:_CANDIDATES] for seat, able in found.items()},
            "unlisted": {seat: len(able) - _CANDIDATES for seat, able in found.items() if len(able) > _CANDIDATES},
        }
        return {name: seats for name, seats in said.items() if seats}

    def define(self, definition: Definition, *, by: str) -> Receipt:
        """Register a definition; the same again does nothing, new labels for the same rules are a new entry.

        Raises DefinitionError for what the linter refuses, KfqError `definition_changed` when this version is
        registered with other rules, and NotAuthorised.
        """
        from kfq_workflow.definition.lint import lint  # most runs define nothing

        inputs.expect(definition, Definition, "definition")
        problems = [problem for problem in lint(definition) if problem.severity == "error"]
        if problems:
            raise DefinitionError(problems, source=definition.name)
        rules, labels = canonical.rules_document(definition), canonical.labels_document(definition)
        hasher = hash_of(self._ledger.log.suite)
        digest, labels_digest = canonical.digest(rules, hasher), canonical.digest(labels, hasher)
        act = Act("defined", f"{DEFINITIONS}/{definition.name}", inputs.identifier(by), None, "define")
        act.body = {
            "labels": labels_digest.hex(),
            "name": definition.name,
            "rules": digest.hex(),
            "version": definition.version,
        }
        head = self._ledger.open(act.key, None)
        if head is not None:
            receipt = self._defined_before(act, head)
            if receipt is not None:
                return receipt
        self._ledger.store.add_document(self._ledger.cursor, digest, "rules", rules)
        self._ledger.store.add_document(self._ledger.cursor, labels_digest, "labels", labels)
        receipt = self._write(act, head, DEFINITIONS)
        self._catalog.rules.pop(digest, None)
        return receipt

    def publish(self, calendar: Calendar, *, by: str, number: str, request: str | None = None) -> Receipt:
        """Publish which days are working days from now on, by a document; only an administrator may."""
        act = Act("published", CALENDAR, inputs.identifier(by), request, "publish")
        body = calendar.document()
        digest = canonical.digest(body, hash_of(self._ledger.log.suite))
        act.body = {"calendar": digest.hex(), "number": inputs.text(number, "number", required=True)}
        head = self._ledger.open(act.key, None)
        self._ledger.store.add_document(self._ledger.cursor, digest, "calendar", body)
        return self._write(act, head, CALENDAR)

    def calendar(self, facts: Mapping[str, Any]) -> Calendar:
        """Return the calendar in force, `facts` being what its chain says: nothing where none is published."""
        if not facts:
            return WEEKENDS
        digest = bytes.fromhex(facts["calendar"])
        found = self._catalog.calendars.get(digest)
        if found is None:
            found = self._catalog.calendars[digest] = working_days.parse(self._document(digest))
        return found

    def _defined_before(self, act: Act, head: Head) -> Receipt | None:
        for row in self._ledger.store.chain(self._ledger.cursor, act.key):
            body = parse_canonical(row.body)
            if row.kind == "defined" and body["version"] == act.body["version"]:
                if body["rules"] != act.body["rules"]:
                    raise KfqError("definition_changed", name=body["name"], version=body["version"])
                if body == act.body and row.seq == head.row.seq:
                    return self._ledger.receipt(row, head.row)
        newest = head.snapshot.attrs["version"]
        if act.body["version"] < newest:
            raise KfqError("definition_old", name=act.body["name"], version=act.body["version"], newest=newest)
        return None

    def _write(self, act: Act, head: Head | None, workflow: str) -> Receipt:
        if head is not None and (receipt := self._ledger.replayed(act, head.row)) is not None:
            return receipt
        head = head or self._ledger.vacant(act, workflow)
        self.administer(act, head)
        self._keep_an_administrator(act, head)
        return self._ledger.append(act, head)

    def administer(self, act: Act, head: Head) -> None:
        """Refuse an act that only an administrator may do; `system` may until there is one."""
        if act.by == SYSTEM and not self.has_administrator():
            return
        if act.by == SYSTEM:
            raise InvalidInput("system_retired")
        actor = self.actor(act.by)
        if ADMINISTRATOR not in actor.roles:
            refusal = refuse(None, "role_missing", actor=actor.id, needs=[ADMINISTRATOR])
        elif not actor.acts_on(self._ledger.today(head.now)):
            refusal = refuse(None, "actor_not_valid", actor=actor.id)
        else:
            return
        raise refused(Decision(act.name, allowed=False, refusals=(refusal,)), key=act.key, act=act)

    def _keep_an_administrator(self, act: Act, head: Head) -> None:
        """Refuse to retire the only administrator who may act: nobody could register anything ever after."""
        if act.kind != "enrolled" or ADMINISTRATOR not in as_actor(head.row).roles:
            return
        body, today = act.body, self._ledger.today(head.now)
        after = Actor(act.key.partition("/")[2], frozenset(body["roles"]), valid_from=body.get("valid_from"),
                      valid_to=body.get("valid_to"), enabled=body["enabled"])  # fmt: skip
        administrators = [after, *(actor for actor in self._enrolled() if actor.id != after.id)]
        if not any(ADMINISTRATOR in actor.roles and actor.acts_on(today) for actor in administrators):
            raise InvalidInput("last_administrator", id=after.id)

    def _enrolled(self) -> Iterator[Actor]:
        return map(as_actor, self._ledger.store.of_workflow(self._ledger.cursor, ACTORS))

    def has_administrator(self) -> bool:
        """Tell whether an administrator is registered (a disabled one counts)."""
        return any(ADMINISTRATOR in actor.roles for actor in self._enrolled())

    def newest(self, workflow: str) -> tuple[bytes, Rules]:
        """Return the digest and the rules of a workflow's newest version. Raises NotFound."""
        row = self._ledger.store.instance(self._ledger.cursor, f"{DEFINITIONS}/{inputs.identifier(workflow)}")
        if row is None:
            known = [row.key.partition("/")[2] for row in self._definitions()]
            raise NotFound("workflow", workflow, known=known)
        digest = bytes.fromhex(Snapshot.parse(row.snapshot).attrs["rules"])
        return digest, self.rules(digest)

    def _definitions(self) -> Sequence[InstanceRow]:
        return self._ledger.store.of_workflow(self._ledger.cursor, DEFINITIONS)

    def definitions(self) -> list[Definition]:
        """Return the newest version of every workflow, by name."""
        return [self.newest(row.key.partition("/")[2])[1].definition for row in self._definitions()]

    def actors(self) -> list[Actor]:
        """Return every registered actor by id, with name and post."""
        store, cursor = self._ledger.store, self._ledger.cursor
        return [
            as_actor(
                row,
                name=store.newest_text(cursor, row.key, "name"),
                post=store.newest_text(cursor, row.key, "post"),
            )
            for row in store.of_workflow(cursor, ACTORS)
        ]

    def rules(self, digest: bytes) -> Rules:
        """Return a definition ready to decide, by the digest of its rules. Raises NotFound, DefinitionError."""
        found = self._catalog.rules.get(digest)
        if found is None:
            rules = self._document(digest)
            name = parse_canonical(rules)["name"]
            labels = None
            for row in self._ledger.store.chain(self._ledger.cursor, f"{DEFINITIONS}/{name}"):
                body = parse_canonical(row.body)
                if row.kind == "defined" and body["rules"] == digest.hex():
                    labels = self._document(bytes.fromhex(body["labels"]))
            found = Rules(canonical.from_documents(rules, labels))
            self._catalog.rules[digest] = found
        return found

    def _document(self, digest: bytes) -> str:
        body = self._ledger.store.document(self._ledger.cursor, digest)
        if body is None:
            raise NotFound("document", digest.hex())
        return body

    def code_answers(
        self, head: Head, rules: Rules, params: Mapping[str, Any], actor: Actor | None
    ) -> Callable[[str], tuple[bool, Mapping[str, Any]]]:
        """Return what answers the guards in code for one instance. Raises NotFound for one that is not registered."""

        def answer(name: str) -> tuple[bool, Mapping[str, Any]]:
            guard = self._catalog.guards.get(name)
            if guard is None:
                raise NotFound("guard", name, known=sorted(self._catalog.guards))
            snapshot = head.snapshot
            context = GuardContext(
                head.row.key, rules.definition.name, dict(snapshot.regions), dict(snapshot.attrs), dict(params),
                actor.id if actor else None, self._connection,
            )  # fmt: skip
            given = guard(context)
            held, values = given if isinstance(given, tuple) else (given, {})
            return bool(held), values

        return answer


def as_actor(row: InstanceRow, *, name: str = "", post: str = "") -> Actor:
    """Read an actor from the row of its chain."""
    return _actor(row.key.partition("/")[2], row.snapshot, name, post)


@lru_cache(maxsize=1024)
def _actor(id: str, snapshot: str, name: str, post: str) -> Actor:  # noqa: A002 - the field's word
    """Read what the row says now; the same text says the same, so that it is read once."""
    facts = Snapshot.parse(snapshot).attrs
    return Actor(
        id=id,
        roles=frozenset(facts.get("roles", ())),
        org=facts.get("org", ""),
        kind=facts.get("kind", "office"),
        valid_from=facts.get("valid_from"),
        valid_to=facts.get("valid_to"),
        enabled=facts.get("enabled", True),
        name=name,
        post=post,
    )
