"""What a proposal, a correction or an erasure says, as facts of the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.report.model import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech


def correction(case: Case, body: Mapping[str, Any], speech: Speech) -> Iterator[Fact]:
    """Yield what is to be other, or which words are to go, and on whose proposal."""
    if "corrects" in body:
        yield Fact(speech.say("fact.corrects"), str(body["corrects"]))
        for said in _instead(case, body["instead"], speech):
            yield Fact("", said)
    for item in body.get("erases", ()):
        yield Fact(speech.say("fact.erases"), f"{item['seq']}: {item['field']}")
    if "proposal" in body:
        cited = body["proposal"]
        yield Fact(speech.say("fact.proposal"), f"{cited['seq']} ({speech.person(str(cited['by']))})")


def _instead(case: Case, instead: Mapping[str, Any], speech: Speech) -> Iterator[str]:
    if instead.get("struck"):
        yield speech.say("fact.struck")
    if "on" in instead:
        yield speech.day(instead["on"].get("edtf"))
    for paper in instead.get("papers", ()):
        label = speech.label(case.definition, "paper", str(paper.get("type")))
        yield f"{label} {paper.get('number', '')}".rstrip()
    for name, value in sorted(instead.get("attrs", {}).items()):
        label = speech.label(case.definition, "attribute", name)
        yield f"{label}: {speech.choice(case.definition, name, value)}"
    if "basis" in instead:
        yield speech.word("basis", str(instead["basis"]))
