"""Commands that act on an instance: start, fire, register, adopt, annotate, amend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import many, options, shown
from kfq_workflow.cli.options import Argument, Option, actor, command, key, mapping, pairs
from kfq_workflow.cli.output import line, print_json
from kfq_workflow.cli.papers import paper
from kfq_workflow.cli.told import told
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.cli.session import Session
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.values import Decision, Receipt
    from kfq_workflow.verbs.transaction import Transaction

COMMANDS: dict[str, click.Command] = {}
BASES = ("stated", "implied", "inferred")

Pairs = tuple[tuple[str, str], ...]


@command(
    COMMANDS, "start", options.workflow(), options.new_key(), actor(),
    Option("--name", metavar="TEXT", required=True), Option("--root", metavar="KEY"),
    pairs("--set", "attrs", "NAME=VALUE"), options.on(), options.request(),
)  # fmt: skip
def start(session: Session, workflow: str, key: str, actor: str, attrs: Pairs, **how: Any) -> None:
    """Begin an instance of a workflow."""
    engine = session.engine()
    receipt = engine.start(workflow, key, by=actor, attrs=mapping(attrs, "--set"), **how)
    told(session, receipt, engine.definition(workflow))


@command(
    COMMANDS, "fire", key(), options.trigger(), actor(),
    options.papers(), options.on(),
    Option("--opinion", metavar="TEXT"), pairs("--param", "params", "NAME=VALUE"), options.expect(), options.request(),
    *many.options(),
)  # fmt: skip
def fire(
    session: Session,
    key: str,
    trigger: str,
    actor: str,
    *,
    papers: Sequence[str],
    params: Pairs,
    **how: Any,
) -> None:
    """Fire a trigger, or with --dry-run only say whether it may be."""
    laid, values = [paper(text) for text in papers], mapping(params, "--param")
    if how["dry_run"] and not how["many"]:
        more = {name: value for name, value in how.items() if name not in ("many", "batch", "dry_run")}
        _dry_run(session, key, trigger, more, by=actor, papers=laid, params=values)
        return
    done = many.act(session, "fire", key, trigger, by=actor, papers=laid, params=values, **how)
    if done is None:
        return
    engine, receipt = done
    definition = None if session.json else engine.show(key).definition
    what = shown.labelled(definition, "trigger", trigger) if definition else ""
    told(session, receipt, definition, what)


def _dry_run(session: Session, key: str, trigger: str, more: Mapping[str, Any], **asked: Any) -> None:
    """Decide, then do it and roll it back: day, revision, opinion and request id are judged as well."""

    def work(tx: Transaction) -> tuple[Decision, Definition, Receipt]:
        decision, definition = tx.decide(key, trigger, **asked), tx.show(key).definition
        return decision, definition, tx.fire(key, trigger, **asked, **more)

    decision, definition, receipt = session.engine().dry_run(work)
    trigger = shown.labelled(definition, "trigger", trigger)
    if receipt.replayed:
        told(session, receipt, definition, trigger)
        return
    if session.json:
        print_json({"key": key, "dry_run": True, **shown.decision_json(decision)})
        return
    target = shown.state_label(definition, decision.region or "", decision.target)
    line(say("dry.allowed", key=key, trigger=trigger, target=target))


@command(
    COMMANDS, "register", key(), options.trigger(), actor(told="register.actor"),
    Option("--performed-by", metavar="ID", required=True), Option("--source", metavar="TEXT", required=True),
    Option("--basis", type=click.Choice(BASES), required=True), options.on("late.on"),
    pairs("--param", "params", "NAME=VALUE"), Option("--note", metavar="TEXT"), options.expect(), options.request(),
)  # fmt: skip
def register(session: Session, key: str, trigger: str, actor: str, params: Pairs, **how: Any) -> None:
    """Put a past move on record."""
    engine = session.engine()
    receipt = engine.register(key, trigger, by=actor, params=mapping(params, "--param"), **how)
    definition = None if session.json else engine.show(key).definition
    what = shown.labelled(definition, "trigger", trigger) if definition else ""
    told(session, receipt, definition, what)


@command(
    COMMANDS, "adopt", key(), options.states(),
    actor(told="register.actor"), Option("--source", metavar="TEXT", required=True),
    Option("--reason", metavar="TEXT", required=True), options.on("late.on"),
    Option("--basis", type=click.Choice(BASES), default="stated"),
    Option("--workflow", metavar="NAME", told="adopt.workflow"), Option("--name", metavar="TEXT", told="adopt.name"),
    Option("--root", metavar="KEY"), pairs("--set", "attrs", "NAME=VALUE"), options.expect(), options.request(),
)  # fmt: skip
def adopt(session: Session, key: str, states: Pairs, actor: str, attrs: Pairs, **how: Any) -> None:
    """Put states on record without a move; `null` is a state that is not known."""
    given = {region: None if state == "null" else state for region, state in mapping(states, "REGION=STATE").items()}
    engine = session.engine()
    receipt = engine.adopt(key, given, by=actor, attrs=mapping(attrs, "--set"), **how)
    told(session, receipt, None if session.json else engine.show(key).definition)


@command(COMMANDS, "annotate", key(), Argument(["text"]), actor(), options.request())
def annotate(session: Session, key: str, text: str, actor: str, request: str | None) -> None:
    """Add a note. It moves nothing."""
    told(session, session.engine().annotate(key, text, by=actor, request=request))


@command(
    COMMANDS, "amend", key(), pairs("--set", "attrs", "NAME=VALUE"), actor(told="register.actor"),
    Option("--reason", metavar="TEXT"), options.expect(), options.request(),
)  # fmt: skip
def amend(session: Session, key: str, attrs: Pairs, actor: str, **how: Any) -> None:
    """Change declared attributes."""
    told(session, session.engine().amend(key, mapping(attrs, "--set"), by=actor, **how))
