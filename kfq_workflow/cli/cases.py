"""Commands that enter cases of the past: import, and the demo that shows everything on the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Argument, Option, actor, command
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.progress import Progress
from kfq_workflow.cli.session import via
from kfq_workflow.cli.told import receipt_json
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.casefile import CaseFile, Outcome
    from kfq_workflow.cli.session import Session
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.verbs.transaction import Transaction

COMMANDS: dict[str, click.Command] = {}
_DEMOS = {"linfen-2020": "linfen_2020_events.yaml"}
_ADMINISTRATOR, _REGISTRAR = "administrator", "registrar"


@command(COMMANDS, "import", Argument(["file"]), actor(told="register.actor"), Option("--dry-run", is_flag=True))
def import_(session: Session, file: str, actor: str, *, dry_run: bool) -> None:
    """Enter the cases of a file, all or nothing."""
    from kfq_workflow import casefile

    found = casefile.load(Path(file))
    outcome = _enter(session.engine(), found, actor, dry_run=dry_run)
    if session.json:
        receipts = [] if dry_run else [receipt_json(receipt) for receipt in outcome.receipts]
        entries = len(outcome.receipts)
        print_json({"cases": outcome.cases, "entries": entries, "dry_run": dry_run, "receipts": receipts})
        return
    code = "dry.import" if dry_run else "done.import"
    line(say(code, cases=outcome.cases, entries=len(outcome.receipts)))
    if not dry_run:
        newest = {receipt.instance: receipt for receipt in outcome.receipts}  # whose check covers those before it
        sheet([(f"{key} #{each.seq}", each.check) for key, each in sorted(newest.items())], 2)


def _enter(engine: WorkflowEngine, found: CaseFile, by: str, *, dry_run: bool = False) -> Outcome:
    from kfq_workflow import casefile

    with Progress("importing") as progress:
        return casefile.enter(engine, found, by=by, dry_run=dry_run, progress=progress)


@command(COMMANDS, "demo", Argument(["name"], type=click.Choice(list(_DEMOS))))
def demo(session: Session, name: str) -> int:
    """Build the shipped record where there is none, then show it, replay it and verify it."""
    from kfq_workflow import casefile, zones
    from kfq_workflow.cli import audit, look, replays
    from kfq_workflow.stored import schema

    found = casefile.load(Path(zones.__file__).parent / _DEMOS[name])
    schema.init(session.database(create=True), via=via(), **session.place)
    engine = session.engine()
    built = not _is_there(engine, found, session)
    if built:
        _prepare(engine)
        _enter(engine, found, _REGISTRAR)
    instances, moves, same = replays.summary(session)
    report = audit.verified(session)
    bad = report.verdict == "tampered" or same != instances
    if session.json:
        replayed = {"instances": instances, "moves": moves, "agree": same}
        print_json(
            {"built": built, **look.board_json(engine), "replay": replayed, "verify": report.as_json(session.lang)}
        )
        return FOUND if bad else 0
    if built:
        line(say("demo.built", cases=len(found.cases), entries=found.size, source=found.source))
    else:
        line(say("demo.there"))
    line()
    look.print_board(engine)
    line()
    line(say("demo.replayed", instances=instances, moves=moves, same=same))
    audit.print_report(report)
    line()
    for row in say("demo.next").split("\n"):
        line(row)
    return FOUND if bad else 0


def _is_there(engine: WorkflowEngine, found: CaseFile, session: Session) -> bool:
    """Tell whether the log holds the demo's record. Refuses one that holds something else."""
    from kfq_workflow.errors import KfqError

    stored = [instance.key for instance in engine.instances()]
    if {case.key for case in found.cases} <= set(stored):
        return True
    if stored:
        url = session.database().url.render_as_string(hide_password=True)
        raise KfqError("demo_foreign", database=url, key=stored[0])
    return False


def _prepare(engine: WorkflowEngine) -> None:
    """Register the shipped workflows and one office per role, its id the role's name."""
    from kfq_workflow import zones
    from kfq_workflow.verbs.registry import ADMINISTRATOR, SYSTEM

    known = {actor.id: actor for actor in engine.actors()}
    admin = next((actor.id for actor in known.values() if ADMINISTRATOR in actor.roles), None)

    def work(tx: Transaction) -> None:
        by = admin or _ADMINISTRATOR
        if admin is None:
            tx.enroll(by, by=SYSTEM, roles=[ADMINISTRATOR], name="系统管理员 | administrator")
        labels: dict[str, str] = {}
        for definition in zones.shipped().values():
            tx.define(definition, by=by)
            for role in sorted(definition.roles):
                found = definition.labels.get(("role", role))
                labels.setdefault(role, f"{found.zh} | {found.en}" if found else role)
        for role, label in labels.items():
            if role not in known:
                tx.enroll(role, by=by, roles=[role], name=label, kind="system" if role == "system_timer" else "office")

    engine.run(work)
