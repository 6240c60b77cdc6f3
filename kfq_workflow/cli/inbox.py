"""The command that shows an inbox: what somebody has to do, has done, was copied or has started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.options import Option, actor, command
from kfq_workflow.cli.output import Column, line, print_json, table
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.views import InboxItem

COMMANDS: dict[str, click.Command] = {}
BOXES = ("todo", "waiting", "done", "copied", "started", "all")


@command(
    COMMANDS, "inbox", actor(told="inbox.actor"), Option("--box", type=click.Choice(BOXES), default="todo"),
    Option("--limit", type=int, default=100, metavar="N"), Option("--keys", is_flag=True),
)  # fmt: skip
def inbox(session: Session, actor: str, box: str, *, limit: int, keys: bool) -> None:
    """Print an actor's inbox, or only the keys in it, which `--many` takes."""
    engine = session.engine()
    found = engine.inbox(actor, box=None if box == "all" else box, limit=limit)
    if session.json:
        print_json({"actor": actor, "box": box, "items": [_json(item) for item in found]})
        return
    if keys:
        for key in dict.fromkeys(item.instance for item in found if not item.barred and not item.on_behalf_of):
            line(key)
        return
    if not found:
        line(say("empty.inbox", actor=actor, box=shown.word("inbox", box)))
        return
    definitions = {definition.name: definition for definition in engine.definitions()}
    offset = engine.log().utc_offset
    titles = [Column(say("key"), whole=True), Column(say("gate")), Column(say("box")), Column(say("task"), whole=True)]
    more = [Column(say("as")), Column(say("round"), right=True), Column(say("at"), whole=True)]
    table([*titles, *more], [_row(definitions[item.workflow], item, offset) for item in found])
    for item in (item for item in found if item.barred):
        why = " ".join(refusal.text(locale.language()) for refusal in item.barred)
        line(say("inbox.barred", key=item.instance, task=item.task, why=why))


def _row(definition: Definition, item: InboxItem, offset: int) -> tuple[str, ...]:
    rule = next((rule for rule in definition.transitions if rule.id == item.gate), None)
    role = shown.label(definition, "role", item.role) if item.role else None
    return (
        item.instance,
        shown.label(definition, "trigger", rule.trigger) if rule else item.gate,
        say("box.barred") if item.barred else shown.word("box", item.box),
        item.task if item.task.isdigit() else "",
        _as(item, item.holder or " ".join(filter(None, (item.org, role)))),
        str(item.round),
        shown.instant(item.at, offset)[:16],
    )


def _as(item: InboxItem, who: str) -> str:
    """Return as whom a task is signed: by whose role, organisation or name, and for whom."""
    if item.on_behalf_of is None:
        return who
    return say("inbox.for", principal=item.on_behalf_of, who="" if who == item.on_behalf_of else who).strip()


def _json(item: InboxItem) -> dict[str, Any]:
    return {
        "instance": item.instance,
        "workflow": item.workflow,
        "instance_state": item.instance_state,
        "gate": item.gate,
        "round": item.round,
        "task": item.task,
        "box": item.box,
        "state": item.state,
        "role": item.role,
        "org": item.org,
        "holder": item.holder,
        "at": item.at,
        "on_behalf_of": item.on_behalf_of,
        "grant": item.grant,
        "barred": [
            {"code": refusal.code, "values": dict(refusal.values), "message": refusal.text(locale.language())}
            for refusal in item.barred
        ],
    }
