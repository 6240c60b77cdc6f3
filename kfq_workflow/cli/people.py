"""Commands about who may act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.options import Argument, Option, actor, command
from kfq_workflow.cli.output import Column, line, print_json, table
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.told import told
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.cli.session import Session
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Actor

COMMANDS: dict[str, click.Command] = {}
KINDS = ("office", "person", "system")


def _facts(told_roles: str, *, roles: bool) -> list[click.Parameter]:
    return [
        Argument(["id"]),
        Option("--role", "roles", metavar="ROLE", multiple=True, required=roles, told=told_roles),
        Option("--org", metavar="TEXT"),
        Option("--name", metavar="TEXT", told="actor.name"),
        Option("--post", metavar="TEXT"),
        Option("--kind", type=click.Choice(KINDS)),
        Option("--from", "valid_from", metavar="DAY"),
        Option("--to", "valid_to", metavar="DAY"),
        actor(told="admin.actor"),
    ]


def _add(session: Session, id: str, actor: str, facts: dict[str, Any]) -> None:  # noqa: A002 - the field's word
    engine = session.engine()
    if facts.get("roles"):
        _check_roles(engine, facts["roles"])
    told(session, engine.enroll(id, by=actor, **{k: v for k, v in facts.items() if v is not None}))


def _check_roles(engine: WorkflowEngine, roles: Sequence[str]) -> None:
    """Refuse a role that neither the library knows, nor any workflow, registered or shipped, nor the policy."""
    from kfq_workflow import zones
    from kfq_workflow.errors import NotFound
    from kfq_workflow.policy import ACTS
    from kfq_workflow.verbs.registry import OWN_ROLES

    definitions = [*engine.definitions(), *zones.shipped().values()]
    ruled = engine.ruled()
    sides = [] if ruled is None else [rule for act in ACTS if (rule := ruled.policy(act)) is not None]
    known = OWN_ROLES.union(*(definition.roles for definition in definitions))
    known = known.union(*(side.propose | side.confirm for side in sides))
    for role in roles:
        if role not in known:
            raise NotFound("role", role, known=sorted(known))


@command(COMMANDS, "actor add", *_facts("roles", roles=True))
def add(session: Session, id: str, actor: str, **facts: Any) -> None:  # noqa: A002 - the field's word
    """Register an actor. One that is there already is an error: `update` changes it."""
    from kfq_workflow.errors import AlreadyStarted, NotFound

    try:
        session.engine().actor(id)
    except NotFound:
        _add(session, id, actor, facts)
        return
    raise AlreadyStarted("actor_exists", id=id)


@command(COMMANDS, "actor update", *_facts("update.roles", roles=False), Option("--enable", is_flag=True))
def update(session: Session, id: str, actor: str, *, enable: bool, **facts: Any) -> None:  # noqa: A002 - the field's word
    """Change what is given of an actor and leave the rest."""
    facts = {name: value for name, value in facts.items() if value}
    if not facts and not enable:
        raise click.UsageError(say("usage.nothing"), click.get_current_context())
    session.engine().actor(id)
    _add(session, id, actor, {**facts, "enabled": True if enable else None})


@command(COMMANDS, "actor disable", Argument(["id"]), actor(told="admin.actor"))
def disable(session: Session, id: str, actor: str) -> None:  # noqa: A002 - the field's word
    """Disable an actor: from now on every act of theirs is refused."""
    session.engine().actor(id)
    _add(session, id, actor, {"enabled": False})


@command(COMMANDS, "actor list")
def list_(session: Session) -> None:
    """Print every actor."""
    found = session.engine().actors()
    if session.json:
        print_json({"actors": [_json(actor) for actor in found]})
        return
    if not found:
        line(say("empty.actors"))
        return
    titles = [Column(say("actor.id"), whole=True), *(Column(say(word)) for word in ("name", "roles", "org", "valid"))]
    lang = locale.language()
    table(titles, [(a.id, bilingual(a.name, lang), ", ".join(sorted(a.roles)), a.org, _valid(a)) for a in found])


def _valid(actor: Actor) -> str:
    if not actor.enabled:
        return say("disabled")
    if actor.valid_from or actor.valid_to:
        return f"{actor.valid_from or ''}–{actor.valid_to or ''}"
    return ""


def _json(actor: Actor) -> dict[str, Any]:
    return {
        "id": actor.id,
        "roles": sorted(actor.roles),
        "kind": actor.kind,
        "org": actor.org,
        "name": actor.name,
        "post": actor.post,
        "valid_from": actor.valid_from,
        "valid_to": actor.valid_to,
        "enabled": actor.enabled,
    }
