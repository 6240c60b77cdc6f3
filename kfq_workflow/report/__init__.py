"""Reports that people look at: one HTML file on one instance, or on all of them.

    source ─▶ material ─▶ path, rounds, timeline, verdict, drawing ─▶ model ─▶ render ─▶ HTML

Everything up to the model is pure and knows no markup; Jinja2 comes in by `render` alone. A report and the
verification in it are made from one snapshot of the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.history.moment import Moment
    from kfq_workflow.history.picture import Picture
    from kfq_workflow.report.material import Case, Library
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.stored.source import Source
    from kfq_workflow.verify.anchors import Trust
    from kfq_workflow.verify.report import Report, Verdict

    Progress = Callable[[int], object]

__all__ = ["HtmlReport", "instance_report", "overview_report"]


@dataclass(frozen=True, slots=True)
class HtmlReport:
    """A report: the page, the verdict of the verification in it, and how many findings it lists."""

    html: str
    verdict: Verdict
    findings: int


def instance_report(
    source: Source, key: str, *, lang: str = "en", anchors: Sequence[Anchor] = (), trust: Trust | None = None,
    moment: Moment | None = None, verified: Report | None = None, progress: Progress | None = None,
) -> HtmlReport:  # fmt: skip
    """Make the report on one instance as an HTML page, `lang` being `zh` or `en`.

    With `anchors`, checkpoints that were kept outside, the whole log is verified and compared with them: one instance
    by itself cannot be. `trust` says whose signatures count. With a `moment`, what the instance was then is shown
    first. `verified` is a verification that was made already, such as that of the bundle in which the log came.

    Raises NotFound for an unknown key, InvalidInput for one that is reserved, NotInitialised, and KfqError
    `extra_missing` without Jinja2; with a moment InvalidInput `impossible_days`.
    """
    from kfq_workflow import inputs
    from kfq_workflow.report import pages
    from kfq_workflow.report.material import Library, read_case
    from kfq_workflow.report.render import render
    from kfq_workflow.verify import verify

    library = Library(source)
    speech, clock = _speech(library, lang), source.clock()
    case = read_case(library, inputs.key(key))
    if verified is None and not anchors:
        verified = verify(source, key=case.key, progress=progress)
    report = verified or _anchored(source, anchors, trust, progress)
    newest = _newest(case)
    today = speech.local_day(clock if clock is not None else newest)
    made = _made(source, speech, clock, newest)
    picture = None if moment is None else _picture(case, moment, speech)
    page = pages.instance(case, report, speech, today=today, made=made, picture=picture)
    return HtmlReport(render(page), report.verdict, len(report.findings))


def overview_report(
    source: Source, *, lang: str = "en", anchors: Sequence[Anchor] = (), trust: Trust | None = None,
    verified: Report | None = None, progress: Progress | None = None,
) -> HtmlReport:  # fmt: skip
    """Make the report on all instances as an HTML page, `lang` being `zh` or `en`; the others are as above.

    Raises NotInitialised, and KfqError `extra_missing` without Jinja2.
    """
    from kfq_workflow.report.board import Board
    from kfq_workflow.report.material import Library, read_cases
    from kfq_workflow.report.render import render

    library = Library(source)
    speech, clock = _speech(library, lang), source.clock()
    board, newest = Board(speech), 0
    for case in read_cases(library):
        board.add(case)
        newest = max(newest, _newest(case))
    report = verified or _anchored(source, anchors, trust, progress)
    page = board.page(report, _made(source, speech, clock, newest))
    return HtmlReport(render(page), report.verdict, len(report.findings))


def _picture(case: Case, moment: Moment, speech: Speech) -> Picture:
    """Return what an instance was at a moment."""
    from kfq_workflow.errors import InvalidInput
    from kfq_workflow.history.order import ImpossibleDays
    from kfq_workflow.history.picture import Known

    def text(seq: int, field: str) -> str | None:
        return case.entries[seq - 1].texts.get(field)

    rows = ((entry.row, entry.body) for entry in case.entries)
    known = Known(rows, utc_offset=speech.utc_offset, known_at=moment.known_at, text=text)
    try:
        return known.at(moment.as_of)
    except ImpossibleDays as error:
        raise InvalidInput("impossible_days", key=case.key, seqs=list(error.seqs)) from error


def _anchored(
    source: Source, anchors: Sequence[Anchor], trust: Trust | None, progress: Progress | None
) -> Report:  # fmt: skip
    """Verify the whole log against what was kept outside."""
    from kfq_workflow.verify import verify
    from kfq_workflow.verify.anchors import NOBODY

    return verify(source, anchors, trust=trust or NOBODY, progress=progress)


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
