"""Commands that hand something to people who do not use the command line: report, export."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Argument, Option, command, key
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.cli.session import Session
    from kfq_workflow.report import HtmlReport
    from kfq_workflow.stored.source import Source

COMMANDS: dict[str, click.Command] = {}
SHAPES = ("jsonl", "csv", "xlsx")
#: Names that promise what no export is.
_OTHERS = (".doc", ".docx", ".htm", ".html", ".ods", ".pdf", ".xls", ".zip")


@command(
    COMMANDS, "report", key(required=False), Option("--all", "everything", is_flag=True),
    Option("--out", metavar="FILE", told="report.out"),
    Option("--file", metavar="FILE", told="report.file"), Option("--force", is_flag=True),
    Option("--as-of", metavar="DAY"), Option("--known-at", metavar="INSTANT"),
    Option("--anchor", "anchors", metavar="FILE", multiple=True),
    Option("--trust", "trust", metavar="VKEY", multiple=True),
    Option("--statement", "statements", metavar="FILE", multiple=True),
)  # fmt: skip
def report(
    session: Session, key: str | None, out: str | None, file: str | None, *, everything: bool, force: bool,
    as_of: str | None, known_at: str | None, anchors: tuple[str, ...], trust: tuple[str, ...],
    statements: tuple[str, ...],
) -> int:  # fmt: skip
    """Make one HTML file on an instance, or on all; 4 when verification found something."""
    if (key is None) is not everything:
        raise click.UsageError(say("usage.report"))
    from kfq_workflow.bundle import is_bundle, verify_bundle
    from kfq_workflow.cli.audit import held, relied

    against: dict[str, Any] = {"anchors": held(anchors), "trust": relied(trust, statements)}
    with opened(session, file) as source, Progress("verifying") as progress:
        if asked := as_of is not None or known_at is not None:
            from kfq_workflow.cli.replays import moment

            against["moment"] = moment(as_of, known_at, source.log().utc_offset)
        if asked and key is None:
            raise click.UsageError(say("usage.report_moment"))
        if file is not None and is_bundle(file):
            against["verified"] = verify_bundle(file, against["anchors"], trust=against["trust"], progress=progress)
        made = _made(source, key, progress, **against)
    if out is not None:
        from kfq_workflow.files import new_file

        with new_file(out, overwrite=force) as target:
            target.write(made.html.encode())
    if session.json:
        about = {"key": key, "path": out, "verdict": made.verdict, "findings": made.findings}
        print_json(about if out else {**about, "html": made.html})
    elif out is None:
        click.echo(made.html, nl=False)
    else:
        line(say("done.report", path=out))
        line(say(f"verdict.{made.verdict}"))
    return FOUND if made.verdict == "tampered" else 0


def _made(source: Source, key: str | None, progress: Progress, **against: Any) -> HtmlReport:
    from kfq_workflow.report import instance_report, overview_report

    lang = locale.language()
    if key is None:
        return overview_report(source, lang=lang, progress=progress, **against)
    return instance_report(source, key, lang=lang, progress=progress, **against)


@contextmanager
def opened(session: Session, file: str | None) -> Iterator[Source]:
    """Give the log: an exported file, that in a bundle, or one snapshot of the database."""
    if file is not None:
        from kfq_workflow.bundle import is_bundle, lines_of
        from kfq_workflow.export import ExportSource

        yield lines_of(file) if is_bundle(file) else ExportSource(file)
        return
    from kfq_workflow.verifying import reading

    with reading(session.database(), **session.place) as source:
        yield source


@command(
    COMMANDS, "export", Argument(["path"], metavar="FILE"),
    Option("--format", "shape", type=click.Choice(SHAPES), told="export.format"),
    Option("--bom", is_flag=True, told="export.bom"), Option("--force", is_flag=True),
)  # fmt: skip
def export(session: Session, path: str, shape: str | None, *, bom: bool, force: bool) -> None:
    """Write the whole log to one file: as it is, or as a table."""
    shape = shape or _shape(path)
    if bom and shape != "csv":
        raise click.UsageError(say("usage.bom"))
    with opened(session, None) as source, Progress("exporting") as progress:
        entries = _write(source, path, shape, progress, bom=bom, force=force)
    if session.json:
        print_json({"path": path, "format": shape, "entries": entries})
    else:
        line(say("done.export", entries=entries, path=path))


def _shape(path: str) -> str:
    """Return the format that the name of a file says, JSONL where it says none; refuse one that is not written."""
    suffix = Path(path).suffix.lower()
    if suffix in _OTHERS:
        raise click.UsageError(say("usage.suffix", suffix=suffix))
    return suffix[1:] if suffix[1:] in SHAPES else SHAPES[0]


def _write(source: Source, path: str, shape: str, progress: Progress, *, bom: bool, force: bool) -> int:
    lang = locale.language()
    if shape == "csv":
        from kfq_workflow.export.table import write_csv

        return write_csv(source, path, lang=lang, bom=bom, overwrite=force, progress=progress)
    if shape == "xlsx":
        from kfq_workflow.export.xlsx import write_xlsx

        return write_xlsx(source, path, lang=lang, overwrite=force, progress=progress)
    from kfq_workflow.export import write_export

    return write_export(source, path, overwrite=force, progress=progress)
