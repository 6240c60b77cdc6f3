"""The report on all instances: the board by phase, the cases that belong to them, flags, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.remarks import remarks
from kfq_workflow.report.model import BoardPage, BoardPhase, BoardRow, Fact, Mark
from kfq_workflow.report.timeline import standing_marks
from kfq_workflow.report.verdict import verification

if TYPE_CHECKING:
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.remarks import Remarks
    from kfq_workflow.report.material import Case
    from kfq_workflow.report.speech import Speech
    from kfq_workflow.verify.report import Report


class Board:
    """Collects instances one by one; what it keeps of each is a row of words."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._phases: dict[str, tuple[str, bool, list[BoardRow]]] = {}
        self._closing: set[str] = set()
        self._cases: list[BoardRow] = []
        self._others: list[BoardRow] = []
        self._flags: dict[str, str] = {}
        self._legend: dict[str, Mark] = {}
        self._open = 0

    def add(self, case: Case) -> None:
        """Put an instance where it belongs."""
        noted = remarks(case.entries)
        self._flags.update({flag.id: self._speech.text(flag.note) for flag in noted.flags})
        row = self._row(case, noted)
        if case.root:
            self._cases.append(row)
        elif case.definition.phases:
            self._open += case.is_open
            self._declare(case.definition)
            name = case.phase or ""
            self._phases.setdefault(name, (name or self._speech.say("not_on_record"), False, []))[2].append(row)
        else:
            self._others.append(row)

    def _declare(self, definition: Definition) -> None:
        """Add a workflow's phases in their order; one that only closed instances have shows when it has one."""
        states = definition.regions["main"].states.values()
        for phase in definition.phases:
            if phase not in self._phases:
                label = self._speech.label(definition, "phase", phase)
                self._phases[phase] = (label, phase in definition.open_phases, [])
                if all(state.terminal for state in states if state.phase == phase):
                    self._closing.add(phase)

    def _row(self, case: Case, noted: Remarks) -> BoardRow:
        speech, state = self._speech, case.snapshot.regions.get("main")
        found = list(standing_marks(case, speech))
        if noted.late:
            found.append(Mark("late", speech.say("mark.late"), speech.say("legend.late")))
        found = [
            Mark("adopted", speech.say("mark.adopted"), mark.meaning) if mark.kind == "adopted" else mark
            for mark in found
        ]
        self._legend.update({mark.kind: mark for mark in found if mark.meaning})
        return BoardRow(
            key=case.key,
            name=speech.text(case.name) or speech.say("untitled"),
            state=speech.state(case.definition, "main", state),
            since=_since(case, speech),
            marks=tuple(mark for mark in found if mark.kind != "closed"),
            flags=" ".join(dict.fromkeys(flag.id for flag in noted.flags)),
            belongs=case.root or "",
            workflow=speech.label(case.definition, "workflow", case.workflow),
        )

    def page(self, report: Report, made: tuple[str, ...]) -> BoardPage:
        """Return the page."""
        speech = self._speech
        phases = tuple(
            BoardPhase(label, len(rows), is_open, tuple(rows))
            for name, (label, is_open, rows) in self._phases.items()
            if rows or name not in self._closing
        )
        count = sum(phase.count for phase in phases)
        return BoardPage(
            lang="zh-CN" if speech.lang == "zh" else "en",
            kind=speech.say("title.all"),
            title=speech.say("heading.all"),
            made=made,
            all=count,
            open=self._open,
            summary=speech.say("board.open.of", open=self._open, all=count) if count else speech.say("board.empty"),
            phases=phases,
            cases=tuple(self._cases),
            others=tuple(self._others),
            flags=tuple(Fact(flag, note) for flag, note in sorted(self._flags.items())),
            legend=tuple(self._legend.values()),
            verification=verification(report, speech),
        )


def _since(case: Case, speech: Speech) -> str:
    """Return when the present state of `main` was entered, as it was written."""
    mark = case.snapshot.since.get("main")
    if not mark or case.snapshot.regions.get("main") is None:
        return ""
    entries = {entry.row.seq: entry for entry in case.acts}
    return speech.day(entries[mark[0]].body.get("on", {}).get("edtf"))
