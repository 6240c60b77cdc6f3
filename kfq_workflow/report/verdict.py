"""What verification found, in plain words, and what it does not prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.messages.unchecked import unchecked
from kfq_workflow.report.model import Fact, FindingLine, Verification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.report.speech import Speech
    from kfq_workflow.verify.report import Finding, Report


def verification(report: Report, speech: Speech, *, receipt: str = "") -> Verification:
    """Return the verdict; `receipt` is that of the newest entry, where the report is on one instance."""
    return Verification(
        style=report.verdict,
        verdict=speech.say(f"verdict.{report.verdict}"),
        meaning=speech.say(f"meaning.{report.verdict}"),
        facts=tuple(_facts(report, speech, receipt)),
        findings=tuple(_finding(finding, speech) for finding in report.findings),
        more=speech.say("findings.more", count=report.left_out) if report.left_out else "",
        anchor=_anchor(report, speech),
    )


def _anchor(report: Report, speech: Speech) -> str:
    """Return which checkpoint the log agrees with, and who signed that; or that there is none."""
    found = report.anchored
    if found is None:
        return speech.say("anchor.none")
    said = speech.say("anchor.held", label=found.label, size=found.size, newer=found.newer)
    signed = speech.say("anchor.signed", names=speech.joined(found.signed)) if found.signed else ""
    paths = "".join(speech.say("anchor.through", path=path) for path in found.through)
    return said + signed + paths + speech.say("anchor.whole")


def _facts(report: Report, speech: Speech, receipt: str) -> Iterator[Fact]:
    code = "checked.one" if receipt and report.instances == 1 else "checked.of"
    counts = report.counts
    yield Fact(speech.say("scope"), speech.say(code, entries=report.entries, instances=report.instances))
    yield Fact(
        speech.say("decided"),
        speech.say("decided.of", decided=counts.decided, witnessed=counts.witnessed, attested=counts.attested),
    )
    yield Fact(speech.say("late_refused"), speech.say("late_refused.of", late=counts.late, refused=counts.refused))
    if counts.lost:
        yield Fact(speech.say("lost"), speech.say("lost.of", count=counts.lost))
    if counts.redacted:
        yield Fact(speech.say("redacted"), speech.say("redacted.of", count=counts.redacted))
    left_out = speech.joined(unchecked(what, speech.lang) for what in report.not_checked)
    yield Fact(speech.say("not_checked"), left_out or speech.say("nothing_left_out"))
    if receipt:
        yield Fact(speech.say("head"), receipt, speech.say("head.about"))


def _finding(finding: Finding, speech: Speech) -> FindingLine:
    place = finding.instance or "–"
    if finding.seq is not None:
        place += f" · {speech.entry(finding.seq)}"
    return FindingLine(
        speech.word("severity", finding.severity), finding.severity, f"{finding.layer}.{finding.kind}", place,
        finding.text(speech.lang),
    )  # fmt: skip
