"""The command of a recovery: recover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.cli.options import Option, actor, command, words
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    import click

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "recover", Option("--checkpoint", "checkpoints", metavar="FILE", multiple=True, required=True),
    actor(told="admin.actor"), words("reason", required=True), Option("--kept", type=int, metavar="SIZE"),
)  # fmt: skip
def recover(session: Session, checkpoints: tuple[str, ...], actor: str, reason: str, kept: int | None) -> None:
    """Say after a restore which published checkpoints lost entries, and begin a new incarnation."""
    from kfq_workflow.cli.audit import held

    made = session.engine().recover(held(checkpoints), by=actor, reason=reason, kept=kept)
    if session.json:
        print_json({
            "seq": made.seq, "check": made.check, "incarnation": made.incarnation, "origin": made.origin,
            "kept": made.kept, "lost": made.lost,
        })  # fmt: skip
        return
    line(say("done.recover", number=made.incarnation, kept=made.kept, lost=made.lost))
    sheet([(say("check"), made.check)], 2)
    line(say("next.recover", origin=made.origin))
