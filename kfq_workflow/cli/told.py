"""What a command that wrote says: the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import shown
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.values import Receipt


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as `--json` prints it."""
    return {
        "instance": receipt.instance,
        "seq": receipt.seq,
        "revision": receipt.rev,
        "kind": receipt.kind,
        "at": receipt.at,
        "set": dict(receipt.set),
        "was": dict(receipt.was),
        "leaf": receipt.leaf,
        "check": receipt.check,
        "request": receipt.request,
        "replayed": receipt.replayed,
    }


def told(session: Session, receipt: Receipt, definition: Definition | None = None, what: str = "") -> None:
    """Print a receipt: what was recorded, what changed, and the check letters to keep."""
    if session.json:
        print_json(receipt_json(receipt))
        return
    code = "done.replayed" if receipt.replayed else "done.act"
    line(say(code, key=receipt.instance, seq=receipt.seq, what=what or shown.word("kind", receipt.kind)))
    rows = []
    for region, state in receipt.set.items():
        name = shown.label(definition, "region", region) if definition else region
        rows.append((name, shown.state_label(definition, region, state) if definition else str(state)))
    sheet([*rows, (say("revision"), str(receipt.rev)), (say("check"), receipt.check)], 2)
