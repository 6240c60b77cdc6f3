"""The command for auditors that checks everything: verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, command, key
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.words import say
from kfq_workflow.messages.unchecked import unchecked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.cli.session import Session
    from kfq_workflow.verify.anchors import Trust
    from kfq_workflow.verify.report import Report

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "verify", key(required=False), Option("--file", metavar="FILE"),
    Option("--anchor", "anchors", metavar="FILE", multiple=True),
    Option("--trust", "trust", metavar="VKEY", multiple=True),
    Option("--statement", "statements", metavar="FILE", multiple=True),
    Option("--since", metavar="FILE", told="verify.since"),
    Option("--jobs", metavar="N", type=click.IntRange(min=1)),
)  # fmt: skip
def verify(
    session: Session, key: str | None, file: str | None, anchors: tuple[str, ...], trust: tuple[str, ...],
    statements: tuple[str, ...], since: str | None, jobs: int | None,
) -> int:  # fmt: skip
    """Verify a log in a database, an exported file or a bundle; 4 when something was found."""
    start = None if since is None else held((since,))[0]
    report = verified(session, key, file, held(anchors), relied(trust, statements), since=start, jobs=jobs)
    if session.json:
        print_json(report.as_json(locale.language()))
    else:
        print_report(report)
    return FOUND if report.verdict == "tampered" else 0


def held(paths: tuple[str, ...]) -> list[Anchor]:
    """Read checkpoints that were kept outside. Raises InvalidInput."""
    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.audit.note import NoteError
    from kfq_workflow.errors import InvalidInput

    found = []
    for path in paths:
        try:
            found.append(Anchor.parse(path, Path(path).read_bytes()))
        except (NoteError, OSError) as error:
            raise InvalidInput(
                "anchor_bad", path=path, reason=getattr(error, "strerror", None) or str(error)
            ) from error
    return found


def relied(given: tuple[str, ...], statements: tuple[str, ...]) -> Trust:
    """Return whose signatures count: by public keys, and statements about keys. Raises InvalidInput."""
    from kfq_workflow.audit import signers
    from kfq_workflow.cli.keys import stated, trusted
    from kfq_workflow.verify.anchors import NOBODY, Trust

    said = stated(statements)
    return Trust(tuple(trusted(given)), signers.check, said) if given or said else NOBODY


def verified(
    session: Session, key: str | None = None, file: str | None = None, anchors: Sequence[Anchor] = (),
    trust: Trust | None = None, *, since: Anchor | None = None, jobs: int | None = None,
) -> Report:  # fmt: skip
    """Run the verification with progress on stderr; `jobs` None: in as many processes as are worth it."""
    from kfq_workflow.verify import verify
    from kfq_workflow.verify.anchors import NOBODY

    trust = trust or NOBODY

    if file is not None:
        from kfq_workflow.bundle import is_bundle, verify_bundle
        from kfq_workflow.export import ExportSource

        if is_bundle(file):
            if key is not None:
                raise click.UsageError(say("usage.verify_key"))
            with Progress("verifying") as progress:
                given = anchors if since is None else [*anchors, since]
                return verify_bundle(file, given, trust=trust, progress=progress)
        with Progress("verifying") as progress:
            return verify(ExportSource(file), anchors, key=key, trust=trust, since=since, jobs=jobs, progress=progress)
    from kfq_workflow.errors import DatabaseUnavailable, NotFound, NotInitialised
    from kfq_workflow.verifying import reading

    try:
        with reading(session.database(), **session.place) as source, Progress("verifying") as progress:
            return verify(source, anchors, key=key, trust=trust, since=since, jobs=jobs, progress=progress)
    except (NotFound, NotInitialised, DatabaseUnavailable):
        if key is None or not Path(key).is_file():
            raise
        raise click.UsageError(say("usage.verify_file", file=key)) from None


def print_report(report: Report) -> None:
    """Print a verdict and every finding with its place."""
    line(say(f"verdict.{report.verdict}"))
    if report.anchored is not None:
        anchored = report.anchored
        line(say("verdict.anchor", label=anchored.label, size=anchored.size, newer=anchored.newer))
        if anchored.signed:
            line(say("verdict.signed", names=", ".join(anchored.signed)))
        for path in anchored.through:
            line(say("verdict.through", path=path))
    _print_counts(report)
    lang = locale.language()
    for what in report.not_checked:
        line(say("not_checked", what=unchecked(what, lang)))
    for finding in report.findings:
        place = finding.instance or "-"
        if finding.seq is not None:
            place += f" #{finding.seq}"
        severity = shown.word("severity", finding.severity)
        line(f"  {severity} {finding.layer}.{finding.kind}  {place}  {finding.text(lang)}")
    if report.left_out:
        line(say("findings_left_out", count=report.left_out))
    if report.verdict == "self-consistent":
        line(say("verdict.limits"))


def _print_counts(report: Report) -> None:
    line(say("verified", entries=report.entries, instances=report.instances))
    counts = report.counts
    line(say("verified.counts", decided=counts.decided, witnessed=counts.witnessed, attested=counts.attested,
             late=counts.late, refused=counts.refused))  # fmt: skip
    if counts.lost:
        line(say("verdict.lost", count=counts.lost))
    if counts.redacted:
        line(say("verified.redacted", count=counts.redacted))
