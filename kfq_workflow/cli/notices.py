"""Commands that tell people of an approval and change nothing of it: urge, copy, read, comment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import options
from kfq_workflow.cli.gates import acted
from kfq_workflow.cli.options import Argument, actor, command, key, person, words

if TYPE_CHECKING:
    import click

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "urge", key(), options.trigger(required=False), actor(), words("note"), options.request())
def urge(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Urge those whose turn it is."""
    engine = session.engine()
    acted(session, engine, engine.urge(key, trigger, by=actor, **how))


@command(
    COMMANDS, "copy", key(), options.trigger(required=False), actor(),
    person("--to", "to", required=True, multiple=True, told="copy.to"), words("note"), options.request(),
)  # fmt: skip
def copy(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Send copies."""
    engine = session.engine()
    acted(session, engine, engine.copy(key, trigger, by=actor, **how))


@command(COMMANDS, "read", key(), options.trigger(required=False), actor(), options.request())
def read(session: Session, key: str, trigger: str | None, actor: str, request: str | None) -> None:
    """Mark a copy as read."""
    engine = session.engine()
    acted(session, engine, engine.mark_read(key, trigger, by=actor, request=request))


@command(COMMANDS, "comment", key(), Argument(["text"]), actor(), options.request())
def comment(session: Session, key: str, text: str, actor: str, request: str | None) -> None:
    """Say something outside of any vote."""
    engine = session.engine()
    acted(session, engine, engine.comment(key, text, by=actor, request=request))
