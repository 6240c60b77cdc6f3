"""Commands of an approval: submit, the votes, and what ends a round without a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import many, options
from kfq_workflow.cli.gates import acted
from kfq_workflow.cli.options import Option, actor, command, key, mapping, pairs, person, words
from kfq_workflow.cli.papers import paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}

Pairs = tuple[tuple[str, str], ...]


@command(
    COMMANDS, "submit", key(), options.trigger(), actor(), options.papers(), pairs("--param", "params", "NAME=VALUE"),
    words("opinion"), Option("--due", metavar="DAY"), Option("--direct", is_flag=True), options.on(),
    options.expect(), options.request(), *many.options(),
)  # fmt: skip
def submit(
    session: Session, key: str, trigger: str, actor: str, *, papers: Sequence[str], params: Pairs, **how: Any
) -> None:
    """Submit a move for approval: a round of its gate opens."""
    laid, values = [paper(text) for text in papers], mapping(params, "--param")
    done = many.act(session, "submit", key, trigger, by=actor, papers=laid, params=values, **how)
    if done is not None:
        acted(session, *done)


def _task() -> Option:
    return Option("--task", metavar="N")


def _for() -> Option:
    return person("--for", "on_behalf_of")


def _vote(how: str) -> None:
    """Add the command of one way to vote."""

    @command(
        COMMANDS, how, key(), options.trigger(required=False), actor(), words("opinion"), options.papers(), _for(),
        _task(), options.on(), options.expect(), options.request(), *many.options(),
    )  # fmt: skip
    def vote(session: Session, key: str, trigger: str | None, actor: str, papers: Sequence[str], **given: Any) -> None:
        """Cast a vote; if it decides the gate, the instance moves."""
        done = many.act(session, how, key, trigger, by=actor, papers=[paper(text) for text in papers], **given)
        if done is not None:
            acted(session, *done)


for _how in ("approve", "reject", "abstain"):
    _vote(_how)


@command(
    COMMANDS, "retract", key(), options.trigger(required=False), actor(), words("reason", required=True), _task(),
    options.request(),
)  # fmt: skip
def retract(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Take one's own vote back."""
    engine = session.engine()
    acted(session, engine, engine.retract(key, trigger, by=actor, **how))


@command(
    COMMANDS, "return", key(), options.trigger(required=False), actor(), words("reason", required=True),
    Option("--to", metavar="STATE", told="return.to"), _task(), _for(), options.request(),
)  # fmt: skip
def return_(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Return it to the applicant or to a state, for a new round."""
    engine = session.engine()
    acted(session, engine, engine.send_back(key, trigger, by=actor, **how))


@command(COMMANDS, "withdraw", key(), options.trigger(required=False), actor(), words("reason"), options.request())
def withdraw(session: Session, key: str, trigger: str | None, actor: str, **how: Any) -> None:
    """Take one's own request back."""
    engine = session.engine()
    acted(session, engine, engine.withdraw(key, trigger, by=actor, **how))
