"""Commands about who signs: transfer, delegate and reply, signers added and removed, standing proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import options
from kfq_workflow.cli.gates import acted
from kfq_workflow.cli.options import Argument, Option, actor, command, key, person, words
from kfq_workflow.cli.output import Column, line, print_json, table
from kfq_workflow.cli.shown import joined
from kfq_workflow.cli.told import told
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}
PLACES = ("parallel", "before", "after")


def _task() -> Option:
    return Option("--task", metavar="N")


@command(
    COMMANDS, "transfer", key(), options.trigger(required=False), actor(),
    person("--to", "to", required=True, told="transfer.to"), words("reason", required=True), _task(),
    person("--for", "on_behalf_of"), options.request(),
)  # fmt: skip
def transfer(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Hand one's task to somebody else."""
    engine = session.engine()
    acted(session, engine, engine.transfer(key, trigger, by=actor, **how))


@command(
    COMMANDS, "delegate", key(), options.trigger(required=False), actor(),
    person("--to", "to", required=True, told="delegate.to"), words("question"), _task(), options.request(),
)  # fmt: skip
def delegate(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Ask somebody for an opinion."""
    engine = session.engine()
    acted(session, engine, engine.delegate(key, trigger, by=actor, **how))


@command(
    COMMANDS, "reply", key(), options.trigger(required=False), actor(), words("opinion", required=True), _task(),
    options.request(),
)  # fmt: skip
def reply(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Give the opinion that one was asked for."""
    engine = session.engine()
    acted(session, engine, engine.reply(key, trigger, by=actor, **how))


@command(
    COMMANDS, "signer add", key(), options.trigger(required=False), actor(),
    person("--signer", "signer", required=True), words("reason", required=True),
    Option("--place", type=click.Choice(PLACES), default="parallel"),
    Option("--weight", type=int, default=1, metavar="N"), Option("--need", type=int, metavar="N"), _task(),
    options.request(),
)  # fmt: skip
def add(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Add a signer."""
    engine = session.engine()
    acted(session, engine, engine.add_signer(key, trigger, by=actor, **how))


@command(
    COMMANDS, "signer remove", key(), options.trigger(required=False), actor(),
    Option("--task", metavar="N", required=True, told="remove.task"), words("reason", required=True),
    Option("--need", type=int, metavar="N"), options.request(),
)  # fmt: skip
def remove(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Remove a signer who has not voted."""
    engine = session.engine()
    acted(session, engine, engine.remove_signer(key, trigger, by=actor, **how))


def _id() -> Argument:
    return Argument(["id"], shell_complete=options.completing("actors"))


@command(
    COMMANDS, "proxy grant", _id(), actor(told="proxy.actor"),
    person("--to", "to", required=True, told="proxy.to"),
    Option("--from", "valid_from", metavar="DAY", required=True, told="proxy.from"),
    Option("--until", "valid_to", metavar="DAY", required=True, told="proxy.until"), words("number", required=True),
    Option("--workflow", "workflows", metavar="NAME", multiple=True, told="proxy.workflows"),
    Option("--role", "roles", metavar="ROLE", multiple=True, told="proxy.roles"), options.request(),
)  # fmt: skip
def grant(session: Session, id: str, actor: str, **how: Any) -> None:  # noqa: A002 - the field's word
    """Let somebody sign for an actor."""
    told(session, session.engine().grant_proxy(id, by=actor, **how))


@command(
    COMMANDS, "proxy revoke", _id(), Argument(["grant"], type=int), actor(told="proxy.actor"),
    words("reason", required=True), options.request(),
)  # fmt: skip
def revoke(session: Session, id: str, grant: int, actor: str, **how: Any) -> None:  # noqa: A002
    """End a proxy before its last day."""
    told(session, session.engine().revoke_proxy(id, grant, by=actor, **how))


@command(COMMANDS, "proxy list", _id())
def list_(session: Session, id: str) -> None:  # noqa: A002
    """Print the proxies that an actor has granted."""
    found = session.engine().proxies(id)
    if session.json:
        print_json({"id": id, "proxies": [
            {
                "grant": p.grant, "to": p.to, "from": p.valid_from, "until": p.valid_to, "number": p.number,
                "workflows": list(p.workflows), "roles": list(p.roles),
            } for p in found
        ]})  # fmt: skip
        return
    if not found:
        line(say("empty.proxies", id=id))
        return
    titles = [Column(say("proxy.grant"), whole=True, right=True), Column(say("proxy.to"), whole=True)]
    more = [Column(say(word)) for word in ("valid", "gate.number", "workflow", "roles")]
    table([*titles, *more], [
        (str(p.grant), p.to, f"{p.valid_from}–{p.valid_to}", p.number, _all(p.workflows), _all(p.roles)) for p in found
    ])  # fmt: skip


def _all(names: Sequence[str]) -> str:
    return joined(names) if names else say("all")
