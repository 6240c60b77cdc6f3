"""Reports that people look at: one HTML file on one instance, or on all of them.

    source ─▶ material ─▶ path, rounds, timeline, verdict, drawing ─▶ model ─▶ render ─▶ HTML

Everything up to the model is pure and knows no markup; Jinja2 comes in by `render` alone. A report and the
verification in it are made from one snapshot of the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfq_workflow.report.material import Case, Library
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.source import Source
    from kfq_workflow.verify.report import Verdict

    Progress = Callable[[int], object]

__all__ = ["HtmlReport", "instance_report", "overview_report"]


@dataclass(frozen=True, slots=True)
class HtmlReport:
    """A report: the page, the verdict of the verification in it, and how many findings it lists."""

    html: str
    verdict: Verdict
    findings: int


def instance_report(source: Source, key: str, *, lang: str = "en", progress: Progress | None = None) -> HtmlReport:
    """Make the report on one instance as an HTML page, `lang` being `zh` or `en`.

    Raises NotFound for an unknown key, InvalidInput for one that is reserved, NotInitialised, and KfqError
    `extra_missing` without Jinja2.
    """
    from kfq_workflow import inputs
    from kfq_workflow.report import pages
    from kfq_workflow.report.material import Library, read_case
    from kfq_workflow.report.render import render
    from kfq_workflow.verify import verify

    library = Library(source)
    speech, clock = _speech(library, lang), source.clock()
    case = read_case(library, inputs.key(key))
    report = verify(source, key=case.key, progress=progress)
    newest = _newest(case)
    today = speech.local_day(clock if clock is not None else newest)
    page = pages.instance(case, report, speech, today=today, made=_made(source, speech, clock, newest))
    return HtmlReport(render(page), report.verdict, len(report.findings))


def overview_report(source: Source, *, lang: str = "en", progress: Progress | None = None) -> HtmlReport:
    """Make the report on all instances as an HTML page, `lang` being `zh` or `en`.

    Raises NotInitialised, and KfqError `extra_missing` without Jinja2.
    """
    from kfq_workflow.report.board import Board
    from kfq_workflow.report.material import Library, read_cases
    from kfq_workflow.report.render import render
    from kfq_workflow.verify import verify

    library = Library(source)
    speech, clock = _speech(library, lang), source.clock()
    board, newest = Board(speech), 0
    for case in read_cases(library):
        board.add(case)
        newest = max(newest, _newest(case))
    report = verify(source, progress=progress)
    page = board.page(report, _made(source, speech, clock, newest))
    return HtmlReport(render(page), report.verdict, len(report.findings))


def _speech(library: Library, lang: str) -> Speech:
    from kfq_workflow.report.speech import Speech

    return Speech(lang, library.source.log().utc_offset, library.name)


def _newest(case: Case) -> int:
    """Return the newest instant that entries name; what was tampered with may name none."""
    return max((entry.row.at for entry in case.entries if type(entry.row.at) is int), default=0)


def _made(source: Source, speech: Speech, clock: int | None, newest: int) -> tuple[str, ...]:
    """Return from what a report was made, and when."""
    at = speech.instant(newest if clock is None else clock)
    return speech.say("as_of.file" if clock is None else "as_of", at=at), speech.say("log", log=source.log().log)
