"""Cases of the past in a YAML file, read strictly and entered all or nothing as the late entries that they are.

    kfq_cases: 1
    source: the article, yearbook or file that all of it is known from
    facts: FILE                 names, attributes and flags of the instances, beside this file; may be left out
    cases:
    - key: guxian-etdz
      workflow: zone_lifecycle
      name: {zh: …, en: …}      unless the facts have it
      root: KEY                 for a case that belongs to an instance
      acts:
      - {adopt: {main: provincial_approval.decision_pending}, on: '[..2020-02]', basis: implied, note: {zh: …, en: …}}
      - {register: approve_zone, by: provincial_government, on: 2020-02, basis: stated}
      - {start: true, on: '[..2020-05]'}
      ends: {main: staffing.preparing}
    plans:
    - {for: [KEY…], event: [TRIGGER…], zh: …, en: …, kind: deadline, expected: EDTF, latest: EDTF, basis: stated}
    refused:
    - {key: KEY, fire: TRIGGER, by: ROLE, why: {zh: …, en: …}}

`casefile_reader` reads it; all problems are reported at once, each with its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import KfqError
from kfq_workflow.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.transaction import Transaction

_BECAUSE = "依据来源补记 | put on record from the source"


@dataclass(frozen=True, slots=True)
class PastAct:
    """One act of a case. `kind` is adopt, register or start; `line` is its line in the file, from 1."""

    kind: str
    line: int
    on: str | None = None
    basis: str = "stated"
    note: str = ""
    trigger: str = ""
    by: str = ""
    states: Mapping[str, str | None] = field(default_factory=lambda: EMPTY)
    params: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Case:
    """One instance and its acts in order; `ends` are the states that it must have afterwards."""

    key: str
    workflow: str
    name: str
    line: int
    acts: tuple[PastAct, ...]
    root: str | None = None
    attrs: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    ends: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Remark:
    """A note on an instance with what machines need of it: a plan, or a flag (see `remarks`)."""

    key: str
    line: int
    note: str
    plan: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A move that the rules must refuse in the states that the cases end in."""

    key: str
    trigger: str
    by: str
    why: str
    line: int


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A whole file."""

    path: Path
    source: str
    cases: tuple[Case, ...]
    remarks: tuple[Remark, ...] = ()
    refused: tuple[Attempt, ...] = ()

    @property
    def size(self) -> int:
        """How many entries it makes."""
        return sum(len(case.acts) for case in self.cases) + len(self.remarks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was entered, or with `dry_run` what would be."""

    cases: int
    receipts: tuple[Receipt, ...]


def load(path: Path) -> CaseFile:
    """Read a file of cases. Raises CaseFileError with every problem, each with its line."""
    from kfq_workflow.casefile_reader import read_cases

    return read_cases(path)


def enter(
    engine: WorkflowEngine,
    casefile: CaseFile,
    *,
    by: str,
    dry_run: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Outcome:
    """Enter every act of the file in one transaction, `by` the registrar; with `dry_run` roll it back.

    Raises what the acts raise, with the place in the file as the error's note, and KfqError `casefile_ends` when a
    case ends in other states than it must. Then nothing of the file is on record. `progress` is called with the
    number of entries made and their total.
    """

    def work(tx: Transaction) -> Outcome:
        receipts = []
        for receipt in _enter(tx, casefile, by):
            receipts.append(receipt)
            if progress is not None:
                progress(len(receipts), casefile.size)
        return Outcome(len(casefile.cases), tuple(receipts))

    return engine.dry_run(work) if dry_run else engine.run(work)


def _enter(tx: Transaction, casefile: CaseFile, by: str) -> Iterator[Receipt]:
    place = f"{casefile.path.name}:0"
    try:
        for case in casefile.cases:
            for number, act in enumerate(case.acts):
                place = f"{casefile.path.name}:{act.line}"
                yield _act(tx, case, act, by=by, source=casefile.source, first=number == 0)
            place = f"{casefile.path.name}:{case.line}"
            _check_end(tx, case)
        for remark in casefile.remarks:
            place = f"{casefile.path.name}:{remark.line}"
            yield tx.annotate(remark.key, remark.note, by=by, plan=remark.plan)
    except KfqError as error:
        error.add_note(place)
        raise


def _act(tx: Transaction, case: Case, act: PastAct, *, by: str, source: str, first: bool) -> Receipt:
    if act.kind == "start":
        return tx.start(case.workflow, case.key, by=by, name=case.name, root=case.root, attrs=case.attrs, on=act.on)
    if act.kind == "adopt":
        begin: dict[str, Any] = {}
        if first:
            begin = {"workflow": case.workflow, "name": case.name, "root": case.root, "attrs": case.attrs}
        return tx.adopt(
            case.key, act.states, by=by, source=source, reason=act.note or _BECAUSE, on=act.on, basis=act.basis, **begin
        )
    return tx.register(
        case.key, act.trigger, by=by, performed_by=act.by, source=source, basis=act.basis, on=act.on,
        params=act.params, note=act.note or None,
    )  # fmt: skip


def _check_end(tx: Transaction, case: Case) -> None:
    if not case.ends:
        return
    found = tx.show(case.key).snapshot.regions
    if dict(case.ends) != found:
        wrong = sorted({*case.ends.items()} ^ {*found.items()})
        regions = dict.fromkeys(region for region, _ in wrong)
        said = [f"{region}={case.ends.get(region)}≠{found.get(region)}" for region in regions]
        raise KfqError("casefile_ends", key=case.key, regions=said)
