"""Commands about working days: load a calendar, show the one in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow.cli import options
from kfq_workflow.cli.options import Argument, actor, command, words
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.told import told
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    import click

    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "calendar load", Argument(["file"]), actor(told="admin.actor"),
    words("number", required=True, told="calendar.number"), options.request(),
)  # fmt: skip
def load(session: Session, file: str, actor: str, number: str, request: str | None) -> None:
    """Publish a calendar from a file; it takes the place of the one before."""
    from kfq_workflow import working_days
    from kfq_workflow.errors import InvalidInput

    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput("calendar_file", path=file, reason=reason) from None
    calendar = working_days.read(lines)
    told(session, session.engine().publish_calendar(calendar, by=actor, number=number, request=request))


@command(COMMANDS, "calendar show")
def show(session: Session) -> None:
    """Print the calendar in force as a file that `load` takes."""
    found = session.engine().calendar()
    rest, work = sorted(found.rest), sorted(found.work)
    if session.json:
        print_json({"rest": rest, "work": work})
        return
    if not rest and not work:
        line(say("empty.calendar"))
    for day in sorted([*rest, *work]):
        line(f"{day} {'work' if day in found.work else 'rest'}")
