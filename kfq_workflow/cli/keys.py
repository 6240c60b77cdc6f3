"""Commands about the keys that sign: made, shown, handed over, revoked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfq_workflow.audit.statements import REASONS
from kfq_workflow.cli import shown
from kfq_workflow.cli.options import Argument, Option, command
from kfq_workflow.cli.output import Column, line, print_json, table
from kfq_workflow.cli.words import say
from kfq_workflow.files import add_file
from kfq_workflow.hashing import SUITE, SUITES

if TYPE_CHECKING:
    from kfq_workflow.audit.note import Note, VerifierKey
    from kfq_workflow.audit.statements import Statement
    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


def trust(*, required: bool = False) -> Option:
    """Return the option that names public keys."""
    return Option("--trust", "trust", metavar="VKEY", multiple=True, required=required)


def trusted(given: tuple[str, ...]) -> list[VerifierKey]:
    """Read public keys. Raises InvalidInput."""
    from kfq_workflow.audit.note import NoteError, VerifierKey
    from kfq_workflow.errors import InvalidInput

    found = []
    for text in given:
        try:
            found.append(VerifierKey.parse(text))
        except NoteError as error:
            raise InvalidInput("trust_bad", key=text[:120]) from error
    return found


def stated(paths: tuple[str, ...]) -> tuple[Statement, ...]:
    """Read statements about keys that were kept outside. Raises InvalidInput."""
    from kfq_workflow.audit.note import NoteError
    from kfq_workflow.audit.statements import Statement
    from kfq_workflow.errors import InvalidInput

    found = []
    for path in paths:
        try:
            found.append(Statement.parse(path, Path(path).read_bytes()))
        except (NoteError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InvalidInput("statement_bad", path=path, reason=reason) from error
    return tuple(found)


@command(
    COMMANDS, "key new", Argument(["key_name"], metavar="NAME"),
    Option("--out", metavar="FILE", required=True, told="key.out"), Option("--cosigner", is_flag=True),
    Option("--suite", type=click.Choice(SUITES), default=SUITE, told="key.suite"),
)  # fmt: skip
def new(session: Session, key_name: str, out: str, suite: str, *, cosigner: bool) -> None:
    """Make a key to sign with."""
    from kfq_workflow.audit import keyfile

    _told(session, out, keyfile.create(out, key_name, cosigner=cosigner, suite=suite))


@command(COMMANDS, "key show", Argument(["file"], metavar="FILE"))
def show(session: Session, file: str) -> None:
    """Print the public half of a key."""
    from kfq_workflow.audit import keyfile

    _told(session, file, keyfile.load(file).key)


def _told(session: Session, path: str, key: VerifierKey) -> None:
    if session.json:
        print_json({"path": path, "key": str(key), "cosigner": key.kind.timed})
    else:
        line(str(key))


@command(
    COMMANDS, "key rotate", Option("--key", "key_file", metavar="FILE", required=True, told="rotate.key"),
    Option("--to", "to", metavar="FILE", required=True, told="rotate.to"),
    Option("--out", metavar="FILE", told="statement.out"),
)  # fmt: skip
def rotate(session: Session, key_file: str, to: str, out: str | None) -> None:
    """Let a key hand over to the next one."""
    from kfq_workflow.audit import keys

    _said(session, keys.rotate(session.engine(), key_file, to), out)


@command(
    COMMANDS, "key revoke", Argument(["vkey"], metavar="VKEY"),
    Option("--key", "key_file", metavar="FILE", required=True, told="revoke.key"),
    Option("--reason", type=click.Choice(REASONS), required=True, told="revoke.reason"),
    Option("--out", metavar="FILE", told="statement.out"),
)  # fmt: skip
def revoke(session: Session, vkey: str, key_file: str, reason: str, out: str | None) -> None:
    """Revoke a key, by itself or by one that it has handed over to."""
    from kfq_workflow.audit import keys

    (key,) = trusted((vkey,))
    _said(session, keys.revoke(session.engine(), key, key_file, reason), out)


def _said(session: Session, note: Note, out: str | None) -> None:
    """Print a statement that was made, or write it to a file that is not there yet."""
    text = str(note)
    if out is not None:
        add_file(out, text.encode())
    if session.json:
        print_json({"text": text, "path": out})
    elif out is not None:
        line(say("done.statement", path=out))
    else:
        for each in text.splitlines():
            line(each)


@command(COMMANDS, "key list")
def list_(session: Session) -> None:
    """Print the statements about keys that are on record."""
    from kfq_workflow.audit import keys

    found = keys.statements(session.engine())
    if session.json:
        print_json({"statements": [_json(each) for each in found]})
        return
    if not found:
        line(say("empty.keys"))
        return
    titles = [
        Column(say("entry"), whole=True),
        Column(say("keys.what")),
        Column(say("keys.key")),
        Column(say("keys.size")),
    ]
    table(titles, [(each.label, _what(each), _about(each), str(each.said.checkpoint.size)) for each in found])
    line(say("legend.keys"))


def _about(statement: Statement) -> str:
    from kfq_workflow.audit.statements import Handover

    said = statement.said
    keys = (said.old, said.new) if isinstance(said, Handover) else (said.key,)
    return " → ".join(f"{key.name} ({key.id.hex()})" for key in keys)


def _what(statement: Statement) -> str:
    from kfq_workflow.audit.statements import Handover

    said = statement.said
    return say("keys.handover") if isinstance(said, Handover) else shown.word("keys.reason", said.reason)


def _json(statement: Statement) -> dict[str, object]:
    from kfq_workflow.audit.statements import Handover

    said = statement.said
    about: dict[str, object] = (
        {"old": str(said.old), "new": str(said.new)}
        if isinstance(said, Handover)
        else {"key": str(said.key), "reason": said.reason, "at": said.at}
    )
    return {"place": statement.label, **about, "size": said.checkpoint.size, "text": str(statement.note)}
