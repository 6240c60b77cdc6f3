"""The command that looks after the log's protection: doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, command
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session
    from kfq_workflow.doctor import Examination
    from kfq_workflow.doctor.model import Role

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "doctor", Option("--key", "key_files", metavar="FILE", multiple=True, told="doctor.key"),
    Option("--as", "meant", type=click.Choice(("owner", "application", "redactor", "auditor"))),
)  # fmt: skip
def doctor(session: Session, key_files: tuple[str, ...], meant: Role | None) -> int:
    """Look how the log is protected, and from whom it is not; 4 when something is a problem."""
    from kfq_workflow.doctor import examine

    found = examine(session.database(), key_files=key_files, meant=meant, **session.place)
    if session.json:
        print_json(found.as_json(locale.language()))
    else:
        _print(found)
    return 0 if found.sound else FOUND


def _print(found: Examination) -> None:
    lang, account = locale.language(), found.account
    line(say("doctor.account", server=account.server, name=account.name, role=say(f"role.{account.role}")))
    area = ""
    for item in found.items:
        if item.area != area:
            area = item.area
            line(say(f"area.{area}"))
        line(f"  {say(f'standing.{item.standing}')}  {item.text(lang)}")
        if advice := item.advice(lang):
            line(f"      → {advice}")
    line(say("doctor.limits"))
    for limit in found.limits:
        line(f"  - {limit.text(lang)}")
    counts = {kind: sum(item.standing == kind for item in found.items) for kind in ("problem", "warning", "unknown")}
    line(say("doctor.sum", **counts))
