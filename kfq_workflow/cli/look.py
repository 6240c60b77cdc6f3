"""Commands that look: board, list, show, next, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.options import Option, actor, command, key
from kfq_workflow.cli.output import Column, line, print_json, sheet, table
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.shown import ADOPTED, LATE, label, labelled, state_label
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.cli.session import Session
    from kfq_workflow.cli.shown import Remarks
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.values import Decision, Refusal
    from kfq_workflow.views import HistoryEntry, Instance

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "board")
def board(session: Session) -> None:
    """Print the instances that have phases, by phase, and how many of them are open for business."""
    if session.json:
        print_json(board_json(session.engine()))
    else:
        print_board(session.engine())


def board_json(engine: WorkflowEngine) -> dict[str, Any]:
    """Return keys by phase, and how many are open for business."""
    found = _with_phases(engine.instances())
    phases = {phase: [instance.key for instance in inside] for phase, inside in _phases(found).items()}
    return {"phases": phases, "open": sum(instance.is_open_for_business for instance in found)}


def print_board(engine: WorkflowEngine) -> None:
    """Print the board, its marks and flags explained below it."""
    with engine.reading() as reading:
        found = _with_phases(reading.instances())
        noted = {instance.key: shown.remarks(reading.history(instance.key)) for instance in found}
    if not found:
        line(say("empty.board"))
        return
    _print_board(_phases(found), noted)
    line(say("open_count", open=sum(instance.is_open_for_business for instance in found), all=len(found)))


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


def _print_board(phases: dict[str, list[Instance]], remarks: dict[str, Remarks]) -> None:
    rows: list[tuple[str, ...]] = []
    titles = {p: label(i.definition, "phase", p) for inside in phases.values() for i in inside for p in phases}
    for phase, inside in phases.items():
        rows.append((f"{titles[phase]} {len(inside)}", "", "", "", ""))
        for instance in inside:
            noted, state = remarks[instance.key], instance.row.state
            rows.append((
                f"  {instance.key}",
                shown.name_of(instance),
                label(instance.definition, "state", f"main={state}") if state else say("not_on_record"),
                (LATE if noted.late else "") + (ADOPTED if instance.snapshot.adopted else ""),
                " ".join(flag for flag, _ in noted.flags),
            ))  # fmt: skip
    heads = [Column(say("phase") + " / " + say("key"), whole=True), Column(say("name")), Column(say("state"))]
    table([*heads, Column("", whole=True), Column(say("flags"))], rows)
    line()
    _legend(remarks.values(), any(ADOPTED in row[3] for row in rows))


def _legend(remarks: Iterable[Remarks], adopted: bool) -> None:  # noqa: FBT001 - private
    noted = list(remarks)
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
def list_(session: Session, workflow: str | None, root: str | None) -> None:
    """Print every instance with its state."""
    found = list(session.engine().instances(workflow=workflow, root=root))
    if session.json:
        print_json({"instances": [shown.instance_json(instance) for instance in found]})
        return
    if not found:
        line(say("empty.list"))
        return
    titles = [Column(say("key"), whole=True), *(Column(say(word)) for word in ("name", "workflow", "state"))]
    rows = [
        (
            instance.key,
            shown.name_of(instance),
            label(instance.definition, "workflow", instance.row.workflow),
            _main(instance),
            str(instance.rev),
        )
        for instance in found
    ]
    table([*titles, Column(say("revision"), right=True)], rows)


def _main(instance: Instance) -> str:
    mark = ADOPTED if "main" in instance.snapshot.adopted else ""
    state = instance.row.state
    return (label(instance.definition, "state", f"main={state}") if state else say("not_on_record")) + mark


@command(COMMANDS, "show", key())
def show(session: Session, key: str) -> None:
    """Print one instance: states, revision, papers, plans, flags, and what may be done next."""
    with session.engine().reading() as reading:
        instance = reading.show(key)
        history = reading.history(key)
        decisions = () if instance.is_closed else reading.available(key)
    if session.json:
        noted = shown.remarks(history)
        print_json({
            **shown.instance_json(instance),
            "late": noted.late,
            "attributes": dict(instance.snapshot.attrs),
            "flags": [{"id": flag, "text": text} for flag, text in noted.flags],
            "plans": [{**plan, "note": text} for plan, text in noted.plans],
            "papers": [paper for entry in history for paper in entry.body.get("papers", ())],
            "next": [decision.trigger for decision in decisions if _near(decision)],
        })  # fmt: skip
        return
    _print_instance(instance, history)
    if decisions:
        line()
        _print_next(instance, decisions)
    elif instance.is_closed:
        line()
        line(say("empty.next", key=key))


def _near(decision: Decision) -> bool:
    """Tell whether a move leaves the present state, and only papers or parameters are missing for it."""
    return decision.allowed or all(refusal.category == "EvidenceMissing" for refusal in decision.refusals)


def _print_instance(instance: Instance, history: list[HistoryEntry]) -> None:
    definition, row, noted = instance.definition, instance.row, shown.remarks(history)
    line(f"{row.key}  {shown.name_of(instance)}")
    facts = [(say("workflow"), labelled(definition, "workflow", row.workflow))]
    if row.root:
        facts.append((say("root"), row.root))
    if row.phase:
        is_open = "  " + say("open") if instance.is_open_for_business else ""
        facts.append((say("phase"), labelled(definition, "phase", row.phase) + is_open))
    facts.append((say("revision"), say("revision.of", rev=row.rev, entries=row.seq, late=noted.late)))
    for name, value in sorted(instance.snapshot.attrs.items()):
        facts.append(_attribute(definition, name, value))
    sheet(facts)
    line()
    marks = _late_regions(history)
    sheet([(label(definition, "region", region), _state(instance, region, marks)) for region in _regions(instance)])
    _print_papers(definition, history)
    _print_remarks(noted)
    adopted, late = bool(instance.snapshot.adopted), any(marks.values())
    if adopted or late:
        line()
        line(say("legend.adopted")) if adopted else None
        line(say("legend.late")) if late else None


def _regions(instance: Instance) -> list[str]:
    known = sorted(instance.definition.regions, key=lambda region: (region != "main", region))
    return [region for region in known if region in instance.snapshot.regions or region in instance.snapshot.since]


def _state(instance: Instance, region: str, late: dict[str, bool]) -> str:
    state = instance.snapshot.regions.get(region)
    if state is None and not _is_on(instance, region):
        return say("not_active")
    mark = ADOPTED if region in instance.snapshot.adopted else LATE if late.get(region) else ""
    return state_label(instance.definition, region, state) + mark


def _is_on(instance: Instance, region: str) -> bool:
    active = instance.definition.regions[region].active_in
    return all(instance.snapshot.regions.get(other) in states for other, states in active.items())


def _late_regions(history: Iterable[HistoryEntry]) -> dict[str, bool]:
    """Return for each region whether the entry that set it last was late."""
    return {region: entry.late for entry in history for region in entry.body.get("set", ())}


def _print_papers(definition: Definition, history: Iterable[HistoryEntry]) -> None:
    rows = [
        (
            label(definition, "paper", str(paper.get("type"))),
            (str(paper.get("number") or "") + ("" if paper.get("filed") else f" ({say('not_filed')})")).strip(),
        )
        for entry in history
        for paper in entry.body.get("papers", ())
    ]
    if rows:
        line()
        line(say("papers"))
        sheet(rows, 2)


def _print_remarks(noted: Remarks) -> None:
    lang = locale.language()
    if noted.plans:
        line()
        line(say("plans"))
        for plan, text in noted.plans:
            days = [f"{say(day)} {shown.word('day', plan[day])}" for day in ("expected", "latest") if day in plan]
            about = "，" if lang == "zh" else ", "
            more = about.join([shown.word("basis", plan.get("basis", "")), *days])
            line(f"  {shown.word('plan', plan.get('kind', ''))}  {bilingual(text, lang)}  [{more}]")
    if noted.flags:
        line()
        line(say("flags"))
        sheet([(flag, bilingual(text, lang)) for flag, text in noted.flags], 2)


def _print_next(instance: Instance, decisions: tuple[Decision, ...]) -> None:
    definition = instance.definition
    near = [decision for decision in decisions if _near(decision)]
    line(say("may_next"))
    for decision in near:
        roles = [role for t in definition.transitions if t.id == decision.transition for role in t.roles]
        line(f"  {decision.trigger}  {label(definition, 'trigger', decision.trigger)} → {_target(definition, decision)}")
        needs = [label(definition, "paper", paper) for paper in decision.missing]
        said = [say("next.roles", roles=_joined(label(definition, "role", role) for role in roles))]
        line("    " + "  ".join(said + ([say("next.papers", papers=_joined(needs))] if needs else [])))
    rest = len(decisions) - len(near)
    if rest:
        line("  " + say("next.more", count=rest, key=instance.key))


def _joined(words: Iterable[str]) -> str:
    return ("、" if locale.language() == "zh" else ", ").join(words)


def _target(definition: Definition, decision: Decision) -> str:
    if decision.target is None or decision.region is None:
        return "-"
    return label(definition, "state", f"{decision.region}={decision.target}").rpartition("=")[2]


@command(COMMANDS, "next", key(), actor(required=False, told="next.actor"))
def next_(session: Session, key: str, actor: str | None) -> None:
    """Print every trigger: where it leads, or every reason why it may not be fired."""
    with session.engine().reading() as reading:
        instance = reading.show(key)
        decisions = reading.available(key, by=actor)
    if session.json:
        print_json({"key": key, "actor": actor, "triggers": [shown.decision_json(d) for d in decisions]})
        return
    near = [decision for decision in decisions if _near(decision)]
    if near:
        rows = [(d.trigger, label(instance.definition, "trigger", d.trigger), _target(instance.definition, d),
                 _reasons(instance.definition, d) or "✓") for d in near]  # fmt: skip
        table([Column(say("possible"), whole=True), Column(""), Column(say("target")), Column(say("missing"))], rows)
    if near and len(near) < len(decisions):
        line()
    if len(near) < len(decisions):
        others = [decision for decision in decisions if not _near(decision)]
        rows_ = [(d.trigger, label(instance.definition, "trigger", d.trigger), _reasons(instance.definition, d)) for d in others]
        table([Column(say("not_possible"), whole=True), Column(""), Column(say("reasons"))], rows_)


def _reasons(definition: Definition, decision: Decision) -> tuple[str, ...]:
    """Return every refusal in few words; the full sentences are in `--json` and in the error of the act."""
    return tuple(_reason(definition, refusal) for refusal in decision.refusals)


def _reason(definition: Definition, refusal: Refusal) -> str:
    values = refusal.values
    if refusal.code == "not_from_state":
        sources = (label(definition, "state", source).rpartition("=")[2] for source in values["sources"])
        return say("reason.not_from_state", sources=_joined(sources))
    if refusal.code == "role_missing":
        return say("reason.role_missing", needs=_joined(label(definition, "role", role) for role in values["needs"]))
    if refusal.code == "paper_missing":
        return label(definition, "paper", values["paper"])
    if refusal.code == "region_inactive":
        return say("reason.region_inactive", region=label(definition, "region", values["region"]))
    return refusal.text(locale.language())


@command(COMMANDS, "history", key())
def history(session: Session, key: str) -> None:
    """Print every entry: its day, who acted and for whom, what changed, and its check letters."""
    engine = session.engine()
    with engine.reading() as reading:
        instance = reading.show(key)
        entries = reading.history(key)
    if session.json:
        print_json({"key": key, "entries": [shown.entry_json(entry) for entry in entries]})
        return
    offset = engine.log().utc_offset
    for entry in entries:
        _print_entry(instance.definition, entry, offset)


def _print_entry(definition: Definition, entry: HistoryEntry, offset: int) -> None:
    body, row = entry.body, entry.row
    day = body.get("on", {}).get("edtf") or (say("unknown_day") if "set" in body else "")
    late = f"  {LATE}{say('late')}" if entry.late else ""
    line(f"{row.seq:>4}  {_what(definition, entry)}{late}  {day}".rstrip())
    office = body.get("for", {}).get("id")
    who = row.actor + (f" ({say('for_office', office=office)})" if office else "")
    rows = [
        (say("by"), f"{who}  {row.via}  {say('recorded')} {shown.instant(row.at, offset)}"),
        *_changes(definition, body),
        *((say("reason"), _refusal(definition, refusal)) for refusal in body.get("refusals", ())),
        *((say("papers"), _paper_words(definition, paper)) for paper in body.get("papers", ())),
        *((label(definition, "parameter", n), str(v)) for n, v in sorted(body.get("params", {}).items())),
        *(_attribute(definition, n, v) for n, v in sorted(body.get("attrs", {}).items())),
    ]
    if "basis" in body:
        rows.append((say("basis"), shown.word("basis", body["basis"])))
    plan = body.get("plan")
    if plan:
        rows.append((shown.word("plan", plan.get("kind", "")), "  ".join(v for k, v in sorted(plan.items()) if k != "kind")))
    for name, text in sorted(entry.texts.items()):
        rows.append((say(name) if name in _TEXTS else name, bilingual(text, locale.language())))
    rows.append((say("check"), entry.check))
    sheet(rows, 6)


_TEXTS = ("source", "note", "reason", "opinion", "name")


def _what(definition: Definition, entry: HistoryEntry) -> str:
    trigger, kind = entry.body.get("trigger"), shown.word("kind", entry.row.kind)
    if not trigger:
        return kind
    named = labelled(definition, "trigger", trigger)
    return named if entry.row.kind == "fired" else f"{kind} {named}"


def _attribute(definition: Definition, name: str, value: object) -> tuple[str, str]:
    return label(definition, "attribute", name), label(definition, "choice", f"{name}={value}").rpartition("=")[2]


def _paper_words(definition: Definition, paper: dict[str, object]) -> str:
    number = f"  {paper['number']}" if "number" in paper else ""
    digest = f"  sha256 {str(paper['sha256'])[:16]}…" if "sha256" in paper else ""
    filed = "" if paper.get("filed") else f"  {say('not_filed')}"
    return labelled(definition, "paper", str(paper.get("type"))) + number + digest + filed


def _changes(definition: Definition, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    was = body.get("was", {})
    rows = []
    for region, state in sorted(body.get("set", {}).items(), key=lambda item: (item[0] != "main", item[0])):
        before = f"{shown.state_word(definition, region, was[region])} → " if was.get(region) else ""
        now = say("not_active") if state is None and before else state_label(definition, region, state)
        rows.append((say("changes") if not rows else "", f"{label(definition, 'region', region)}: {before}{now}"))
    return rows


def _refusal(definition: Definition, refusal: Mapping[str, Any]) -> str:
    from kfq_workflow.decision import CATEGORIES, refuse

    code, values = str(refusal.get("code")), refusal.get("values")
    if code not in CATEGORIES or not isinstance(values, dict):
        return code
    return refuse(definition, code, **values).text(locale.language())
