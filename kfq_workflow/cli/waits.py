"""The command that says why an instance waits: explain."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import locale
from kfq_workflow.cli.options import command, key
from kfq_workflow.cli.output import line, print_json, sheet, warning

if TYPE_CHECKING:
    import click

    from kfq_workflow.approval.waiting import Waiting
    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "explain", key())
def explain(session: Session, key: str) -> None:
    """Print on whom an instance waits, since when, by which rule, and what would decide it."""
    found = session.engine().explain(key)
    if session.json:
        print_json({"key": key, "waiting": [waiting_json(waiting) for waiting in found]})
        return
    for number, waiting in enumerate(found):
        if number:
            line()
        print_waiting(waiting)


def print_waiting(waiting: Waiting) -> None:
    """Print one reason: its heading, in red where the instance stands still, and its rows."""
    from kfq_workflow.approval.waiting import Standstill

    lang = locale.language()
    (warning if isinstance(waiting, Standstill) else line)(waiting.heading(lang))
    sheet(waiting.rows(lang), 2)


_WHAT = {"GateWaiting": "gate", "EndedRound": "ended", "MovesWaiting": "moves"}


def waiting_json(waiting: Waiting) -> dict[str, Any]:
    """Return one reason as `--json` prints it: what it is, its facts by code, and its words."""
    what = _WHAT.get(type(waiting).__name__)
    return {**({"what": what} if what else {}), **_plain(waiting), "text": waiting.text(locale.language())}


def _plain(value: Any) -> Any:
    """Return values as JSON has them; what has a code is its code."""
    from kfq_workflow.approval.waiting import Named
    from kfq_workflow.values import Refusal

    if isinstance(value, Named):
        return value.code
    if isinstance(value, Refusal):
        return {"code": value.code, "values": dict(value.values), "message": value.text(locale.language())}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
