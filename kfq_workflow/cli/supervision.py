"""Commands of supervisors: suspend, resume, void, reinstate, extend, waive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import options
from kfq_workflow.cli.gates import acted
from kfq_workflow.cli.options import Option, actor, command, key, person, words

if TYPE_CHECKING:
    import click

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


def _basis() -> list[click.Parameter]:
    return [words("reason", required=True), words("number", required=True), options.request()]


@command(COMMANDS, "suspend", key(), actor(told="supervisor.actor"), *_basis())
def suspend(session: Session, key: str, actor: str, **how: Any) -> None:
    """Suspend an instance."""
    engine = session.engine()
    acted(session, engine, engine.suspend(key, by=actor, **how))


@command(COMMANDS, "resume", key(), actor(told="supervisor.actor"), *_basis())
def resume(session: Session, key: str, actor: str, **how: Any) -> None:
    """Resume a suspended instance."""
    engine = session.engine()
    acted(session, engine, engine.resume(key, by=actor, **how))


@command(
    COMMANDS, "void", key(), actor(told="supervisor.actor"), *_basis(),
    Option("--keep", metavar="TEXT", multiple=True),
)  # fmt: skip
def void(session: Session, key: str, actor: str, **how: Any) -> None:
    """Void an instance."""
    engine = session.engine()
    acted(session, engine, engine.void(key, by=actor, **how))


@command(COMMANDS, "reinstate", key(), actor(told="supervisor.actor"), *_basis())
def reinstate(session: Session, key: str, actor: str, **how: Any) -> None:
    """Reinstate a void instance."""
    engine = session.engine()
    acted(session, engine, engine.reinstate(key, by=actor, **how))


@command(
    COMMANDS, "extend", key(), options.trigger(required=False), actor(told="supervisor.actor"),
    Option("--due", metavar="DAY", required=True), *_basis(),
)  # fmt: skip
def extend(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Set another day by which an approval is due."""
    engine = session.engine()
    acted(session, engine, engine.extend(key, trigger, by=actor, **how))


@command(
    COMMANDS, "waive", key(), options.trigger(required=False), actor(told="supervisor.actor"),
    person("--signer", "signer", required=True, told="waive.signer"), words("reason", required=True), options.request(),
)  # fmt: skip
def waive(session: Session, key: str, trigger: str | None, actor: str, signer: str, **how: Any) -> None:
    """Let somebody sign whom a duty bars."""
    engine = session.engine()
    acted(session, engine, engine.waive(key, trigger, by=actor, actor=signer, **how))
