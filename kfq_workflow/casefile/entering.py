"""Enter a file of cases: all of it or nothing, as the late entries that they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import KfqError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfq_workflow.casefile.model import Case, CaseFile, PastAct
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Receipt
    from kfq_workflow.verbs.transaction import Transaction

_BECAUSE = "依据来源补记 | put on record from the source"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was entered, or with `dry_run` what would be."""

    cases: int
    receipts: tuple[Receipt, ...]


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
