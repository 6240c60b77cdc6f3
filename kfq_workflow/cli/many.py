"""The same act on many instances: `--many`, with a file of keys in place of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.options import Option
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.told import receipt_json
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.bulk import Outcome

_REFUSED, _ERROR = 3, 1
_MAX_BYTES = 20_000_000


def options() -> list[click.Parameter]:
    """Return the options that make one act many."""
    return [
        Option("--many", is_flag=True),
        Option("--batch", metavar="NAME"),
        Option("--dry-run", is_flag=True),
    ]


def act(
    session: Session,
    name: str,
    key: str,
    trigger: str | None,
    *,
    many: bool,
    batch: str | None,
    dry_run: bool,
    **how: Any,
) -> tuple[WorkflowEngine, Receipt] | None:
    """Do an act on one instance and return engine and receipt; with `many` on each of a file, reported here."""
    if many:
        if how.pop("request") is not None or how.pop("expect") is not None:
            raise click.UsageError(say("usage.not_many"))
        advance(session, name, key, trigger, batch=batch, dry_run=dry_run, **how)
        return None
    if batch is not None:
        raise click.UsageError(say("usage.alone", option="--batch"))
    engine = session.engine()
    if dry_run:
        engine.dry_run(lambda tx: getattr(tx, name)(key, trigger, **how))
        line(say("dry.would", key=key))
        return None
    receipt: Receipt = getattr(engine, name)(key, trigger, **how)
    return engine, receipt


def keys(source: str) -> list[str]:
    """Read keys, one a line, from a file or with `-` from standard input; empty lines are left out."""
    from kfq_workflow.errors import InvalidInput

    try:
        data = sys.stdin.buffer.read(_MAX_BYTES + 1) if source == "-" else Path(source).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InvalidInput("keys_file", path=source, reason=getattr(error, "strerror", None) or str(error)) from None
    return [row.strip() for row in text.splitlines() if row.strip()]


def advance(
    session: Session, act: str, source: str, trigger: str | None, *, batch: str | None, dry_run: bool, **how: Any
) -> None:
    """Do an act on every key of a file and report each; exits with 3 where one was refused, 1 where one failed."""
    if batch is None:
        raise click.UsageError(say("usage.batch"))
    counts: dict[str, int] = {}
    rows = []
    listed = keys(source)
    with Progress("progress.many") as progress:
        for done, outcome in enumerate(
            session.engine().advance_many(listed, act, trigger, batch=batch, dry_run=dry_run, **how), 1
        ):
            counts[outcome.what] = counts.get(outcome.what, 0) + 1
            if session.json:
                rows.append(_json(outcome))
            else:
                _print(outcome, dry_run=dry_run)
            progress(done, len(listed))
    if session.json:
        print_json({"batch": batch, "dry_run": dry_run, "outcomes": rows})
    else:
        told = say("and").join(say(f"many.{what}", count=count) for what, count in counts.items()) or say("many.none")
        line(say("many.dry_run", told=told) if dry_run else say("many.total", told=told, batch=batch))
    if "failed" in counts or "conflict" in counts:
        raise SystemExit(_ERROR)
    if "refused" in counts:
        raise SystemExit(_REFUSED)


def _print(outcome: Outcome, *, dry_run: bool) -> None:
    line(f"{outcome.key}  {say(f'outcome.{outcome.what}')}")
    for row in outcome.text(locale.language()).splitlines():
        line(f"  {row.strip()}")
    if outcome.receipt is not None and not dry_run:
        line(f"  {say('check')}  {outcome.receipt.check}")


def _json(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {"key": outcome.key, "outcome": outcome.what}
    if outcome.receipt is not None:
        found["receipt"] = receipt_json(outcome.receipt)
    if outcome.error is not None:
        found |= {"code": outcome.error.code, "message": outcome.text(locale.language())}
        refusals = getattr(outcome.error, "refusals", ())
        if refusals:
            found["refusals"] = [refusal.code for refusal in refusals]
    return found
