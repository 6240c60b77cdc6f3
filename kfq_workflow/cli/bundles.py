"""The command that writes a bundle for an auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kfq_workflow.cli import shown
from kfq_workflow.cli.options import Argument, Option, command, completing
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.bundle import Scope
    from kfq_workflow.cli.session import Session
    from kfq_workflow.stored.database_source import DatabaseSource

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "bundle", Argument(["path"], metavar="OUT"),
    Option("--instance", metavar="KEY", told="bundle.instance", shell_complete=completing("keys")),
    Option("--from", "first", metavar="DAY|INSTANT", told="bundle.from"),
    Option("--to", "last", metavar="DAY|INSTANT", told="bundle.to"),
    Option("--no-texts", is_flag=True),
    Option("--anchor", "anchors", metavar="FILE", multiple=True, told="bundle.anchors"),
    Option("--force", is_flag=True),
)  # fmt: skip
def bundle(
    session: Session, path: str, instance: str | None, first: str | None, last: str | None, anchors: tuple[str, ...],
    *, no_texts: bool, force: bool,
) -> None:  # fmt: skip
    """Write the log, or a part of it, with what proves it."""
    from kfq_workflow.bundle import write_bundle
    from kfq_workflow.cli.audit import held
    from kfq_workflow.verifying import reading

    given = held(anchors)
    with reading(session.database(), **session.place) as source, Progress("bundling") as progress:
        _check_origin(source, given)
        scope = _scope(instance, first, last, source.log().utc_offset)
        made = write_bundle(
            source, path, scope, texts=not no_texts, anchors=given, overwrite=force, progress=progress
        )  # fmt: skip
    if session.json:
        print_json({
            "path": path, "scope": scope.as_json(), "entries": made.entries, "unsealed": made.unsealed,
            "size": made.size, "root": made.root.hex(), "mentions": list(made.mentions), "anchors": made.anchors,
            "texts": not no_texts,
        })  # fmt: skip
        return
    line(say("done.bundle", path=path, entries=made.entries, size=made.size))
    if made.unsealed:
        line(say("bundle.unsealed", count=made.unsealed))
    if made.mentions:
        line(say("bundle.mentions", keys=shown.joined(made.mentions)))


def _check_origin(source: DatabaseSource, anchors: Iterable[Anchor]) -> None:
    """Refuse a checkpoint of another log: whoever gets the bundle would read that the log was replaced."""
    from kfq_workflow.audit.incarnation import split
    from kfq_workflow.errors import InvalidInput
    from kfq_workflow.verify.anchors import origin_said
    from kfq_workflow.verify.chain import LOG

    expected = origin_said(source.log().log, next(iter(source.entries(LOG)), None))
    for anchor in anchors:
        if split(anchor.checkpoint.origin)[0] != expected:
            raise InvalidInput(
                "bundle_other_log", path=anchor.label, origin=anchor.checkpoint.origin, expected=expected
            )  # fmt: skip


def _scope(instance: str | None, first: str | None, last: str | None, utc_offset: int) -> Scope:
    from kfq_workflow.bundle import Scope

    if instance is not None:
        if first is not None or last is not None:
            raise click.UsageError(say("usage.bundle"))
        return Scope(instance)
    return Scope() if first is None and last is None else Scope.between(first, last, utc_offset)
