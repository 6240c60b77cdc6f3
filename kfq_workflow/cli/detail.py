"""Commands that look at one instance closely: show and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.gate import merge
from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.corrected import corrected, correction
from kfq_workflow.cli.gates import details, gate_json
from kfq_workflow.cli.options import Option, command, key
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.safe import bilingual
from kfq_workflow.cli.shown import ADOPTED, LATE, is_near, joined, label, labelled, state_label, target
from kfq_workflow.cli.waits import print_waiting
from kfq_workflow.cli.words import PHRASES, say
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.remarks import remarks
from kfq_workflow.views import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import click

    from kfq_workflow.approval.waiting import Waiting
    from kfq_workflow.cli.gates import Gates
    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.remarks import Remarks
    from kfq_workflow.values import Decision
    from kfq_workflow.views import HistoryEntry, Instance

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "show", key())
def show(session: Session, key: str) -> None:
    """Print one instance: states, revision, papers, plans, flags, and what may be done next."""
    with session.engine().reading() as reading:
        instance = reading.show(key)
        history = reading.history(key)
        decisions = () if instance.is_closed else reading.available(key)
        waiting = reading.explain(key) if _has_gates(instance) else []
    if session.json:
        noted = remarks(history)
        print_json({
            **shown.instance_json(instance),
            "late": noted.late,
            "attributes": dict(instance.snapshot.attrs),
            "flags": [{"id": flag, "text": text} for flag, text in noted.flags],
            "plans": [{**plan, "note": text} for plan, text in noted.plans],
            "gates": [gate_json(instance.definition, *item) for item in sorted(instance.snapshot.gates.items())],
            "papers": [paper for entry in counted(history) for paper in entry.body.get("papers", ())],
            "next": [decision.trigger for decision in decisions if is_near(decision)],
        })  # fmt: skip
        return
    _print_instance(instance, history)
    _print_waiting(waiting)
    if decisions:
        line()
        _print_next(instance, decisions)
    elif instance.is_closed:
        line()
        line(say("empty.next", key=key))


def _has_gates(instance: Instance) -> bool:
    return bool(instance.snapshot.gates or instance.snapshot.held or instance.snapshot.voided)


def _print_waiting(waiting: Sequence[Waiting]) -> None:
    """Print the open approvals and why it stands still; which moves are possible is said below."""
    from kfq_workflow.approval.waiting import MovesWaiting

    for each in waiting:
        if not isinstance(each, MovesWaiting):
            line()
            print_waiting(each)


def _print_instance(instance: Instance, history: list[HistoryEntry]) -> None:
    definition, row, noted = instance.definition, instance.row, remarks(history)
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
    acts = counted(history)
    marks = _late_regions(acts)
    sheet([(label(definition, "region", region), _state(instance, region, marks)) for region in _regions(instance)])
    _print_papers(definition, acts)
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
    near = [decision for decision in decisions if is_near(decision)]
    if not near:
        line(say("next.none", key=instance.key))
        return
    line(say("may_next"))
    for decision in near:
        roles = [role for t in definition.transitions if t.id == decision.transition for role in t.roles]
        line(f"  {decision.trigger}  {label(definition, 'trigger', decision.trigger)} → {target(definition, decision)}")
        needs = [label(definition, "paper", paper) for paper in decision.missing]
        code = "next.submit" if decision.gated else "next.roles"
        said = [say(code, roles=joined(label(definition, "role", role) for role in roles))]
        said += [say("next.papers", papers=joined(needs))] if needs else []
        absent = [refusal.values["parameter"] for refusal in decision.refusals if refusal.code == "parameter_missing"]
        if absent:
            said.append(
                say("next.parameters", names=joined(labelled(definition, "parameter", name) for name in absent))
            )
        line("    " + "  ".join(said))
    rest = len(decisions) - len(near)
    if rest:
        line("  " + say("next.more", count=rest, key=instance.key))


@command(COMMANDS, "history", key(), Option("--effective", is_flag=True))
def history(session: Session, key: str, *, effective: bool) -> None:
    """Print every entry: its day, who acted and for whom, what changed, and its check letters."""
    engine = session.engine()
    with engine.reading() as reading:
        entries = reading.history(key, effective=effective)
        # By the entries and not by the stored state, which may be what an auditor came for.
        digest = entries[-1].row.def_
        definition = reading.registry.rules(bytes(digest)).definition if digest is not None else no_definition()
    if session.json:
        print_json({"key": key, "entries": [shown.entry_json(entry) for entry in entries]})
        return
    offset = engine.log().utc_offset
    gates: dict[str, dict[str, Any]] = {}
    for entry in entries:
        gates = merge(gates, entry.body.get("gates", {}))
        _print_entry(definition, entry, gates, offset)


def no_definition() -> Definition:
    """Return what has no labels, for the chains that follow no workflow: those of actors, of workflows, of the log."""
    from kfq_workflow.definition.model import Definition, Permissions

    return Definition("", 0, {}, (), Permissions(frozenset()), frozenset())


def _facts(entry: HistoryEntry) -> list[tuple[str, str]]:
    """Return what an entry of a reserved chain says."""
    if not entry.row.instance.startswith("~"):
        return []
    found = [(f"fact.{name}", value) for name, value in entry.body.items() if value not in ("", None)]
    return [(say(name), _fact(value)) for name, value in found if name in PHRASES]


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, list):
        return joined(map(_fact, value))
    if isinstance(value, dict):
        return "  ".join(f"{name}={_fact(part)}" for name, part in sorted(value.items()))
    return str(value)


def _print_entry(definition: Definition, entry: HistoryEntry, gates: Gates, offset: int) -> None:
    body, row = entry.body, entry.row
    day = body.get("on", {}).get("edtf") or (say("unknown_day") if "set" in body and row.kind != RECTIFIED else "")
    late = f"  {LATE}{say('late')}" if entry.late else ""
    line(f"{row.seq:>4}  {shown.entry_words(definition, entry)}{late}{corrected(entry)}  {day}".rstrip())
    other = body.get("for", {})
    code = "for_principal" if other.get("ground") == "proxy" else "for_office"
    who = row.actor + (f" ({say(code, office=other['id'])})" if other else "")
    rows: list[tuple[str, str]] = [
        (say("by"), f"{who}  {row.via}  {say('recorded')} {shown.instant(row.at, offset)}"),
        *details(definition, entry, gates),
        *shown.changes(definition, body),
        *correction(definition, entry),
        *_facts(entry),
        *((say("reason"), _refusal(definition, refusal)) for refusal in body.get("refusals", ())),
        *((say("papers"), _paper_words(definition, paper)) for paper in body.get("papers", ())),
        *((label(definition, "parameter", n), str(v)) for n, v in sorted(body.get("params", {}).items())),
        *(_attribute(definition, n, v) for n, v in sorted(body.get("attrs", {}).items())),
    ]
    if "basis" in body:
        rows.append((say("basis"), shown.word("basis", body["basis"])))
    plan = body.get("plan")
    if plan:
        rows.append(
            (shown.word("plan", plan.get("kind", "")), "  ".join(v for k, v in sorted(plan.items()) if k != "kind"))
        )
    for name, text in sorted(entry.texts.items()):
        rows.append((_field(definition, name), bilingual(text, locale.language())))
    rows += [
        (_field(definition, name), say("text.missing") if by is None else say("redacted", seq=by))
        for name, by in entry.gone.items()
    ]
    rows.append((say("check"), entry.check))
    sheet(rows, 6)


_TEXTS = ("source", "note", "reason", "opinion", "name", "question")


def _field(definition: Definition, name: str) -> str:
    """Return what a text is called: a personal attribute has its label, and the name by which it is erased."""
    kind, _, rest = name.partition(".")
    if kind in _DECLARED:
        return labelled(definition, kind, rest, name)
    return say(name) if name in _TEXTS else name


_DECLARED = ("attribute", "parameter")


def _attribute(definition: Definition, name: str, value: object) -> tuple[str, str]:
    return label(definition, "attribute", name), label(definition, "choice", f"{name}={value}").rpartition("=")[2]


def _paper_words(definition: Definition, paper: dict[str, object]) -> str:
    number = f"  {paper['number']}" if "number" in paper else ""
    digest = f"  sha256 {str(paper['sha256'])[:16]}…" if "sha256" in paper else ""
    filed = "" if paper.get("filed") else f"  {say('not_filed')}"
    return labelled(definition, "paper", str(paper.get("type"))) + number + digest + filed


def _refusal(definition: Definition, refusal: Mapping[str, Any]) -> str:
    from kfq_workflow.refusals import CATEGORIES, refuse

    code, values = str(refusal.get("code")), refusal.get("values")
    if code not in CATEGORIES or not isinstance(values, dict):
        return code
    return refuse(definition, code, **values).text(locale.language())
