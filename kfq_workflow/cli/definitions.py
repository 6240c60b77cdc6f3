"""Commands about workflow definitions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.audit.suite import hash_of
from kfq_workflow.cli import locale, shown
from kfq_workflow.cli.options import Argument, actor, command, named
from kfq_workflow.cli.output import Column, line, print_json, sheet, table
from kfq_workflow.cli.told import receipt_json
from kfq_workflow.cli.words import say
from kfq_workflow.hashing import DEFAULT

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition, Transition

COMMANDS: dict[str, click.Command] = {}


@command(COMMANDS, "definition list")
def list_(session: Session) -> None:
    """Print the definitions that are registered, and those that are shipped and are not."""
    from kfq_workflow import zones

    registered = {definition.name: definition for definition in session.engine().definitions()}
    found = [*registered.values(), *(d for name, d in zones.shipped().items() if name not in registered)]
    if session.json:
        print_json({"definitions": [_json(session, d, registered=d.name in registered) for d in found]})
        return
    titles = [
        Column(say("name"), whole=True),
        Column(""),
        *(Column(say(w), right=True) for w in ("version", "states", "triggers")),
    ]
    rows = [
        (
            definition.name,
            shown.label(definition, "workflow", definition.name),
            str(definition.version),
            str(sum(len(region.states) for region in definition.regions.values())),
            str(len(definition.triggers())),
            say("registered" if definition.name in registered else "shipped"),
        )
        for definition in found
    ]
    table([*titles, Column("")], rows)


def _json(session: Session, definition: Definition, *, registered: bool) -> dict[str, Any]:
    from kfq_workflow.definition import canonical

    hasher = hash_of(session.engine().log().suite) if registered else DEFAULT
    return {
        "name": definition.name,
        "version": definition.version,
        "registered": registered,
        "rules": canonical.digest(canonical.rules_document(definition), hasher).hex(),
        "roles": sorted(definition.roles),
        "regions": {name: list(region.states) for name, region in definition.regions.items()},
        "triggers": list(definition.triggers()),
    }


@command(COMMANDS, "definition show", named("name"))
def show(session: Session, name: str) -> None:
    """Print a registered or shipped definition: its regions and what leads from where to where."""
    definition, registered = _named(session, name)
    if session.json:
        print_json(_json(session, definition, registered=registered))
        return
    line(f"{shown.labelled(definition, 'workflow', definition.name)}  {say('version')} {definition.version}")
    line()
    regions = definition.regions.items()
    sheet(
        [
            (shown.labelled(definition, "region", r), shown.label(definition, "state", f"{r}={region.initial}"))
            for r, region in regions
        ]
    )
    line()
    titles = [Column(say("trigger"), whole=True), *(Column(say(w)) for w in ("", "from", "target", "roles", "papers"))]
    table(titles, [_row(definition, transition) for transition in definition.transitions])


def _row(definition: Definition, transition: Transition) -> tuple[str | tuple[str, ...], ...]:
    target = transition.target
    where = say("left", trigger=target.name) if target.kind == "left" else say("same") if target.kind == "same" else ""
    return (
        transition.trigger,
        shown.label(definition, "trigger", transition.trigger),
        tuple(shown.label(definition, "state", f"{transition.region}={s}") for s in transition.sources),
        where or shown.label(definition, "state", f"{transition.region}={target.name}"),
        tuple(shown.label(definition, "role", role) for role in transition.roles),
        tuple(shown.label(definition, "paper", paper) for paper in transition.papers),
    )


def _named(session: Session, name: str) -> tuple[Definition, bool]:
    """Return a registered definition, else a shipped one, for which no database is needed."""
    from kfq_workflow import zones
    from kfq_workflow.errors import KfqError

    try:
        return session.engine().definition(name), True
    except KfqError:
        if name not in zones.NAMES:
            raise
    return zones.shipped()[name], False


@command(COMMANDS, "definition check", Argument(["file"]))
def check(session: Session, file: str) -> None:
    """Check a file and print every problem with its line; an error when the definition cannot be used."""
    from kfq_workflow.definition import document
    from kfq_workflow.errors import DefinitionError

    _, problems = document.check(Path(file))
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise DefinitionError(problems, source=file)
    lang = locale.language()
    if session.json:
        warnings = [{"code": p.code, "line": p.line, "path": p.path, "message": p.text(lang)} for p in problems]
        print_json({"file": file, "errors": [], "warnings": warnings})
        return
    for problem in problems:
        line(f"{file}:{problem.text(lang)}")
    line(say("done.check", source=file, warnings=len(problems)))


@command(COMMANDS, "definition load", named("file"), actor(told="admin.actor"))
def load(session: Session, file: str, actor: str) -> None:
    """Register a definition from a file, or a shipped one by its name."""
    from kfq_workflow import zones
    from kfq_workflow.definition import canonical, document

    shipped = file in zones.NAMES and not Path(file).exists()
    definition = zones.shipped()[file] if shipped else document.load(Path(file))
    engine = session.engine()
    receipt = engine.define(definition, by=actor)
    digest = canonical.digest(canonical.rules_document(definition), hash_of(engine.log().suite)).hex()
    if session.json:
        print_json({"name": definition.name, "version": definition.version, "rules": digest, **receipt_json(receipt)})
    else:
        line(say("done.load", name=definition.name, version=definition.version, digest=digest[:12]))
        sheet([(say("check"), receipt.check)], 2)


@command(COMMANDS, "definition diagram", named("name"), json=False)
def diagram(session: Session, name: str) -> None:
    """Print a definition as a Mermaid diagram; NAME may be a file."""
    from kfq_workflow.definition import document
    from kfq_workflow.definition.diagram import mermaid

    definition = document.load(Path(name)) if name.endswith((".yaml", ".yml")) else _named(session, name)[0]
    click.echo(mermaid(definition, session.lang))
