"""Commands that look at many instances or ahead: board, list, next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, actor, command, key
from kfq_workflow.cli.output import Column, line, print_json, table
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.shown import ADOPTED, LATE, UNKNOWN, is_near, joined, label, target
from kfq_workflow.cli.words import say
from kfq_workflow.remarks import remarks

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.remarks import Remarks
    from kfq_workflow.values import Decision, Refusal
    from kfq_workflow.views import Instance

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "board")
def board(session: Session) -> int:
    """Print the instances that have phases, by phase, and how many of them are open for business."""
    if not session.json:
        return print_board(session.engine())
    found = board_json(session.engine())
    print_json(found)
    return FOUND if "unknown" in found else 0


def board_json(engine: WorkflowEngine) -> dict[str, Any]:
    """Return keys by phase, how many are open for business, and those whose stored states are unknown, if any."""
    found = _with_phases(engine.instances())
    phases = {phase: [instance.key for instance in inside] for phase, inside in _phases(found).items()}
    unknown = [instance.key for instance in found if instance.unknown]
    is_open = sum(instance.is_open_for_business for instance in found)
    return {"phases": phases, "open": is_open, **({"unknown": unknown} if unknown else {})}


def print_board(engine: WorkflowEngine) -> int:
    """Print the board, its marks and flags explained below it; return the exit code."""
    with engine.reading() as reading:
        found = _with_phases(reading.instances())
        noted = {instance.key: remarks(reading.history(instance.key)) for instance in found}
    if not found:
        line(say("empty.board"))
        return 0
    _print_board(_phases(found), noted)
    line(say("open_count", open=sum(instance.is_open_for_business for instance in found), all=len(found)))
    return _code(found)


def _code(found: Iterable[Instance]) -> int:
    """Explain the mark of stored states that are unknown, where there are any; return the exit code."""
    if not any(instance.unknown for instance in found):
        return 0
    line(say("legend.unknown"))
    return FOUND


def _with_phases(instances: Iterable[Instance]) -> list[Instance]:
    return [instance for instance in instances if instance.definition.phases and not instance.row.root]


def _phases(found: Iterable[Instance]) -> dict[str, list[Instance]]:
    """Sort instances into the phases of their workflows. A phase that only closed ones have shows when it has one."""
    phases: dict[str, list[Instance]] = {}
    closing = set()
    for instance in found:
        definition = instance.definition
        states = definition.regions["main"].states.values()
        for phase in definition.phases:
            phases.setdefault(phase, [])
            if all(state.terminal for state in states if state.phase == phase):
                closing.add(phase)
        phases.setdefault(instance.row.phase or "-", []).append(instance)
    return {phase: inside for phase, inside in phases.items() if inside or phase not in closing}


def _print_board(phases: dict[str, list[Instance]], noted_of: dict[str, Remarks]) -> None:
    rows: list[tuple[str, ...]] = []
    titles = {p: label(i.definition, "phase", p) for inside in phases.values() for i in inside for p in phases}
    for phase, inside in phases.items():
        rows.append((f"{titles[phase]} {len(inside)}", "", "", "", ""))
        for instance in inside:
            noted = noted_of[instance.key]
            rows.append((
                f"  {instance.key}",
                shown.name_of(instance),
                _state(instance),
                (LATE if noted.late else "") + (ADOPTED if instance.snapshot.adopted else ""),
                " ".join(flag for flag, _ in noted.flags),
            ))  # fmt: skip
    heads = [Column(say("phase") + " / " + say("key"), whole=True), Column(say("name")), Column(say("state"))]
    table([*heads, Column("", whole=True), Column(say("flags"))], rows)
    line()
    _legend(list(noted_of.values()), adopted=any(ADOPTED in row[3] for row in rows))


def _legend(noted: list[Remarks], *, adopted: bool) -> None:
    if any(each.late for each in noted):
        line(say("legend.late"))
    if adopted:
        line(say("legend.adopted"))
    flags = {flag: text for each in noted for flag, text in each.flags}
    for flag, text in sorted(flags.items()):
        line(f"{flag} {bilingual(text, locale.language())}")


@command(
    COMMANDS,
    "list",
    Option("--workflow", metavar="NAME", told="list.workflow"),
    Option("--root", metavar="KEY", told="list.root"),
)
def list_(session: Session, workflow: str | None, root: str | None) -> int:
    """Print every instance with its state."""
    engine = session.engine()
    if workflow is not None:
        engine.definition(workflow)
    if root is not None:
        engine.show(root, as_stored=True)
    found = list(engine.instances(workflow=workflow, root=root))
    if session.json:
        print_json({"instances": [shown.instance_json(instance) for instance in found]})
        return FOUND if any(instance.unknown for instance in found) else 0
    if not found:
        line(say("empty.filtered" if workflow or root else "empty.list"))
        return 0
    titles = [Column(say("key"), whole=True), *(Column(say(word)) for word in ("name", "workflow", "state"))]
    rows = [
        (
            instance.key,
            shown.name_of(instance),
            label(instance.definition, "workflow", instance.row.workflow),
            _state(instance, ADOPTED if "main" in instance.snapshot.adopted else ""),
            str(instance.rev),
        )
        for instance in found
    ]
    table([*titles, Column(say("revision"), right=True)], rows)
    return _code(found)


def _state(instance: Instance, mark: str = "") -> str:
    said = shown.state_word(instance.definition, "main", instance.row.state) + mark + _unknown(instance)
    return f"{said} {shown.standing(instance)}".rstrip()


def _unknown(instance: Instance) -> str:
    return UNKNOWN if instance.unknown else ""


@command(COMMANDS, "next", key(), actor(required=False, told="next.actor"))
def next_(session: Session, key: str, actor: str | None) -> None:
    """Print every trigger: where it leads, or every reason why it may not be fired."""
    with session.engine().reading() as reading:
        instance = reading.show(key)
        decisions = reading.available(key, by=actor)
    if session.json:
        print_json({"key": key, "actor": actor, "triggers": [shown.decision_json(d) for d in decisions]})
        return
    near = [decision for decision in decisions if is_near(decision)]
    if near:
        rows = [(d.trigger, label(instance.definition, "trigger", d.trigger), target(instance.definition, d),
                 _still(instance.definition, d)) for d in near]  # fmt: skip
        table([Column(say("possible"), whole=True), Column(""), Column(say("target")), Column(say("missing"))], rows)
    if near and len(near) < len(decisions):
        line()
    if len(near) < len(decisions):
        others = [decision for decision in decisions if not is_near(decision)]
        rows_ = [
            (d.trigger, label(instance.definition, "trigger", d.trigger), _reasons(instance.definition, d))
            for d in others
        ]
        table([Column(say("not_possible"), whole=True), Column(""), Column(say("reasons"))], rows_)


def _still(definition: Definition, decision: Decision) -> tuple[str, ...]:
    """Return what is still missing for a move, and that one with a gate is submitted."""
    papers = [refusal for refusal in decision.refusals if refusal.code == "paper_missing"]
    reasons = (
        *(label(definition, "paper", refusal.values["paper"]) for refusal in papers),
        *(_reason(definition, refusal) for refusal in decision.refusals if refusal not in papers),
    )
    return (*reasons, say("next.gated")) if decision.gated else reasons or ("✓",)


def _reasons(definition: Definition, decision: Decision) -> tuple[str, ...]:
    """Return every refusal in few words; the full sentences are in `--json` and in the error of the act."""
    return tuple(_reason(definition, refusal) for refusal in decision.refusals)


def _reason(definition: Definition, refusal: Refusal) -> str:
    values = refusal.values
    if refusal.code == "not_from_state":
        sources = (label(definition, "state", source).rpartition("=")[2] for source in values["sources"])
        return say("reason.not_from_state", sources=joined(sources))
    if refusal.code == "role_missing":
        return say("reason.role_missing", needs=joined(label(definition, "role", role) for role in values["needs"]))
    if refusal.code == "region_inactive":
        return say("reason.region_inactive", region=label(definition, "region", values["region"]))
    if refusal.code in ("gate_open", "suspended", "voided"):
        return say(f"reason.{refusal.code}")
    return refusal.text(locale.language())
