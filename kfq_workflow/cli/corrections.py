"""Commands that take two persons: rectify and redact propose, confirm and decline settle it; policy and scrub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli import options, shown
from kfq_workflow.cli.acts import BASES
from kfq_workflow.cli.options import Argument, Option, actor, command, key, mapping, pairs, words
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.papers import paper
from kfq_workflow.cli.told import receipt_json, told
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kfq_workflow.cli.session import Session
    from kfq_workflow.policy import Cited
    from kfq_workflow.values import Proposal
    from kfq_workflow.verbs.transaction import Transaction

COMMANDS: dict[str, click.Command] = {}
Pairs = tuple[tuple[str, str], ...]
#: The two acts and the two sides, in the order in which they are shown.
_SIDES = (("rectify", "propose"), ("rectify", "confirm"), ("redact", "propose"), ("redact", "confirm"))


def _seq() -> Argument:
    return Argument(["seq"], type=int)


def _dry_run() -> Option:
    return Option("--dry-run", is_flag=True)


@command(
    COMMANDS, "rectify", key(), _seq(), actor(told="propose.actor"), words("reason", required=True),
    Option("--struck", is_flag=True), options.on("rectify.on"), options.papers(),
    pairs("--set", "attrs", "NAME=VALUE", told="rectify.attrs"), Option("--basis", type=click.Choice(BASES)),
    words("source"), words("number"), options.expect(), options.request(), _dry_run(),
)  # fmt: skip
def rectify(
    session: Session, key: str, seq: int, actor: str, *, papers: Sequence[str], attrs: Pairs, dry_run: bool, **how: Any
) -> None:
    """Propose a correction of an entry."""
    laid, values = [paper(text) for text in papers], mapping(attrs, "--set")
    _do(session, lambda tx: tx.rectify(key, seq, by=actor, papers=laid, attrs=values, **how), dry_run=dry_run)


@command(
    COMMANDS, "redact", key(), _seq(), Argument(["fields"], nargs=-1, required=True, metavar="FIELD..."),
    actor(told="propose.actor"), words("reason", required=True), words("number", required=True), options.request(),
    _dry_run(),
)  # fmt: skip
def redact(
    session: Session, key: str, seq: int, fields: Sequence[str], actor: str, *, dry_run: bool, **how: Any
) -> None:
    """Propose to erase texts of an entry."""
    texts = [(seq, field) for field in fields]
    _do(session, lambda tx: tx.redact(key, texts, by=actor, **how), dry_run=dry_run)


@command(
    COMMANDS, "confirm", key(), Argument(["proposal"], type=int), actor(told="confirm.actor"), options.request(),
    _dry_run(),
)  # fmt: skip
def confirm(session: Session, key: str, proposal: int, actor: str, *, dry_run: bool, **how: Any) -> None:
    """Confirm what somebody else proposed, and so do it."""
    _do(session, lambda tx: tx.confirm(key, proposal, by=actor, **how), dry_run=dry_run)


@command(
    COMMANDS, "decline", key(), Argument(["proposal"], type=int), actor(told="confirm.actor"),
    words("reason", required=True), options.request(),
)  # fmt: skip
def decline(session: Session, key: str, proposal: int, actor: str, **how: Any) -> None:
    """Decline a proposal."""
    told(session, session.engine().decline(key, proposal, by=actor, **how))


def _do(session: Session, work: Callable[[Transaction], Proposal], *, dry_run: bool) -> None:
    """Propose or confirm, or only try; what rests on it is told first."""
    engine = session.engine()
    found = engine.dry_run(work) if dry_run else engine.run(work)
    if session.json:
        print_json(proposal_json(found, dry_run=dry_run))
        return
    if found.relied:
        line(say("relied"))
        sheet([(f"{one.instance}  {one.seq}", shown.word("kind", one.kind)) for one in found.relied], 2)
    elif found.act == "rectify":
        line(say("relied.none"))
    if found.copies:
        line(say("copies"))
        sheet([(f"{instance}  {seq}", field) for instance, seq, field in found.copies], 2)
    if dry_run:
        line(say("dry.proposal"))
        return
    told(session, found.receipt)
    _what_next(found)


def _what_next(found: Proposal) -> None:
    """Say who has to do what now."""
    receipt = found.receipt
    if receipt.kind == "proposed":
        line(say("next.confirm", key=receipt.instance, seq=receipt.seq))
    elif found.act == "redact":
        line(say("next.scrub"))
    else:
        line(say("next.effective", key=receipt.instance))


def proposal_json(found: Proposal, *, dry_run: bool) -> dict[str, Any]:
    """Return a proposal, or what came of it, as `--json` prints it."""
    return {
        "act": found.act,
        "dry_run": dry_run,
        "receipt": None if dry_run else receipt_json(found.receipt),
        "corrects": found.corrects,
        "relied": [{"instance": one.instance, "seq": one.seq, "kind": one.kind} for one in found.relied],
        "set": dict(found.set),
        "was": dict(found.was),
        "erases": [{"seq": seq, "field": field} for seq, field in found.erases],
        "copies": [{"instance": instance, "seq": seq, "field": field} for instance, seq, field in found.copies],
    }


@command(COMMANDS, "policy show")
def policy_show(session: Session) -> None:
    """Print who may correct and erase."""
    _print_policy(session, session.engine().ruled())


@command(
    COMMANDS, "policy set",
    *(Option(f"--{act}-{side}", metavar="ROLE", multiple=True, told=f"policy.{side}") for act, side in _SIDES),
    Option("--apart", is_flag=True), actor(told="admin.actor"), options.request(),
)  # fmt: skip
def policy_set(session: Session, actor: str, *, apart: bool, request: str | None, **roles: Sequence[str]) -> None:
    """Say who may correct and erase; what is not given is off."""
    given: dict[str, Any] = {}
    for act in ("rectify", "redact"):
        sides = (roles[f"{act}_propose"], roles[f"{act}_confirm"])
        given[act] = sides if any(sides) else None
    engine = session.engine()
    receipt = engine.rule(by=actor, apart=apart, request=request, **given)
    _print_policy(session, engine.ruled(), receipt.check)


def _print_policy(session: Session, found: Cited | None, check: str = "") -> None:
    """Print who may correct and erase; where that was just said, with the check of the entry that says it."""
    body = {} if found is None else found.body
    if session.json:
        rules = {act: body.get(act) for act in ("rectify", "redact")}
        more = {"check": check} if check else {}
        print_json({"seq": found and found.seq, **rules, "apart": body.get("apart", False), **more})
        return
    rows = [(say(f"policy.{act}.{side}"), ", ".join(body.get(act, {}).get(side, ())) or say("policy.nobody"))
            for act, side in _SIDES]  # fmt: skip
    rows.append((say("policy.apart"), say("yes" if body.get("apart") else "no")))
    sheet([*rows, (say("check"), check)] if check else rows)


@command(COMMANDS, "scrub")
def scrub(session: Session) -> int:
    """Take what was erased out of the database's files; 1 when a step was not done."""
    steps = session.engine().scrub()
    dialect = session.engine().database.dialect.name
    wrong = any(not step.done for step in steps)
    if session.json:
        print_json({"steps": [{"name": s.name, "done": s.done, "reason": s.reason} for s in steps], "done": not wrong})
        return int(wrong)
    for step in steps:
        line(
            say(f"scrub.{step.name}") + (say("scrub.done") if step.done else say("scrub.not_done", reason=step.reason))
        )
    line(say(f"scrub.left.{'mariadb' if dialect == 'mysql' else dialect}"))
    return int(wrong)
