"""Commands about the database itself: init, db …, rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kfq_workflow.cli.boundary import FOUND
from kfq_workflow.cli.options import Option, command
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.session import via
from kfq_workflow.cli.words import say
from kfq_workflow.hashing import SUITES

if TYPE_CHECKING:
    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


@command(
    COMMANDS, "init", Option("--admin", metavar="ID"), Option("--origin", metavar="TEXT", default=""),
    Option("--utc-offset", type=int, default=480, metavar="MINUTES"), Option("--suite", type=click.Choice(SUITES)),
)  # fmt: skip
def init(session: Session, admin: str | None, origin: str, utc_offset: int, suite: str | None) -> None:
    """Create or upgrade the database, and register its first administrator."""
    from kfq_workflow import inputs
    from kfq_workflow.stored import schema

    if admin is not None:
        inputs.identifier(admin)
    database = session.database(create=True)
    schema.init(database, utc_offset=utc_offset, origin=origin, suite=suite, via=via(), **session.place)
    administrators = first_administrator(session, admin)
    url = database.url.render_as_string(hide_password=True)
    if session.json:
        print_json({"database": url, "revision": schema.REVISION, "administrators": administrators})
        return
    line(say("done.init", database=url, revision=schema.REVISION))
    for id_ in administrators:
        line(say("done.admin", id=id_))
    line(say("next.define", id=administrators[0]) if administrators else say("next.admin"))


def first_administrator(session: Session, admin: str | None) -> list[str]:
    """Register the first administrator where one is asked for; return all that there are."""
    from kfq_workflow.errors import KfqError
    from kfq_workflow.verbs.registry import ADMINISTRATOR, SYSTEM

    engine = session.engine()
    known = [actor.id for actor in engine.actors() if ADMINISTRATOR in actor.roles]
    if admin is not None and admin not in known:
        if known:
            raise KfqError("administrator_exists", id=admin, known=known[0])
        engine.enroll(admin, by=SYSTEM, roles=[ADMINISTRATOR])
        known.append(admin)
    return known


@command(COMMANDS, "db upgrade")
def upgrade(session: Session) -> None:
    """Run the migrations that are missing."""
    from kfq_workflow.stored import schema

    database = session.database()
    schema.upgrade(database, **session.place)
    _print_revision(session, schema.current(database, **session.place))


@command(COMMANDS, "db current")
def current(session: Session) -> None:
    """Print the revision of the stored tables and the one that this version needs."""
    from kfq_workflow.errors import NotInitialised
    from kfq_workflow.stored import schema

    database = session.database()
    revision = schema.current(database, **session.place)
    if revision is None:
        raise NotInitialised(database=database.url.render_as_string(hide_password=True))
    _print_revision(session, revision)


def _print_revision(session: Session, revision: str | None) -> None:
    from kfq_workflow.stored import schema

    if session.json:
        print_json({"revision": revision, "needed": schema.REVISION})
    else:
        line(say("done.upgrade", revision=revision))


@command(COMMANDS, "db check")
def check(session: Session) -> int:
    """Check that the tables are of this revision and every trigger stands; 4 when one does not."""
    from kfq_workflow.stored import schema, triggers
    from kfq_workflow.stored.tables import Tables

    engine = session.engine()
    engine.log()
    with session.database().connect() as connection:
        found = triggers.status(connection, Tables(session.schema, session.prefix))
    wrong = {name: state for name, state in found.items() if state not in (triggers.PRESENT, triggers.UNKNOWN)}
    if session.json:
        print_json({"revision": schema.REVISION, "triggers": dict(found), "ok": not wrong})
        return FOUND if wrong else 0
    for name, state in found.items():
        if state != triggers.PRESENT:
            line(say("check.trigger", name=name, state=say(f"trigger.{state}")))
    if not wrong:
        line(say("check.ok", revision=schema.REVISION))
    return FOUND if wrong else 0


@command(COMMANDS, "rebuild")
def rebuild(session: Session) -> None:
    """Make the stored states anew from the entries."""
    count = session.engine().rebuild()
    if session.json:
        print_json({"changed": count})
    else:
        line(say("done.rebuild", count=count))
