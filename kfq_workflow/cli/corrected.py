"""How a history shows what was corrected and what corrects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.cli.shown import label
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.views import HistoryEntry


def corrected(entry: HistoryEntry) -> str:
    """Return the mark of an entry that a correction is about, nothing for another."""
    mark = entry.mark
    if mark is None:
        return ""
    if mark.struck_by is not None:
        return f"  [{say('struck_by', seq=mark.struck_by)}]"
    return f"  [{say('corrected_by', seqs=', '.join(map(str, mark.corrected_by)))}]"


def correction(definition: Definition, entry: HistoryEntry) -> list[tuple[str, str]]:
    """Return what a proposal, a correction or an erasure says."""
    body, found = entry.body, []
    if "corrects" in body:
        found.append((say("corrects"), str(body["corrects"])))
    instead = body.get("instead", {})
    if instead.get("struck"):
        found.append(("", say("struck")))
    if "on" in instead:
        found.append(("", str(instead["on"].get("edtf", ""))))
    found += [("", f"{label(definition, 'paper', str(paper.get('type')))}  {paper.get('number', '')}".rstrip())
              for paper in instead.get("papers", ())]  # fmt: skip
    found += [("", f"{label(definition, 'attribute', name)}  {value}")
              for name, value in sorted(instead.get("attrs", {}).items())]  # fmt: skip
    if "basis" in instead:
        found.append(("", say(f"basis.{instead['basis']}")))
    if "erases" in body:
        found += [(say("erases"), f"{item['seq']}  {item['field']}") for item in body["erases"]]
    if "number" in body and ("erases" in body or "corrects" in body):
        found.append((say("document"), str(body["number"])))
    if "proposal" in body:
        found.append((say("proposal"), f"{body['proposal']['seq']}  {body['proposal']['by']}"))
    return found
