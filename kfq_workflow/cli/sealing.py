"""Commands that make proofs: seal, checkpoint, cosign, receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kfq_workflow.cli.keys import trust, trusted
from kfq_workflow.cli.options import Argument, Option, command
from kfq_workflow.cli.output import aside, line, print_json, sheet
from kfq_workflow.cli.words import say
from kfq_workflow.files import add_file, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.audit.checkpoint import Checkpoint
    from kfq_workflow.audit.checkpoints import Found
    from kfq_workflow.audit.note import Note
    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}
#: In the place of a file: the terminal.
_SCREEN = "-"


def recovered_option() -> Option:
    """Return `--recovered`: the signer's word that the log was restored from a backup."""
    return Option("--recovered", is_flag=True)


def _sinks() -> list[Option]:
    """Return the options that say where a checkpoint goes to, besides the screen."""
    return [
        Option("--out", metavar="FILE"),
        Option("--page", metavar="FILE.html"),
        Option("--qr", metavar="FILE.png|.svg|-"),
    ]


@command(COMMANDS, "seal")
def seal(session: Session) -> None:
    """Give every entry its place in the tree."""
    made = session.engine().seal()
    if session.json:
        print_json({"size": made.size, "root": made.root.hex(), "placed": made.placed, "seals": made.seals})
    else:
        line(say("done.seal" if made.placed else "done.seal_nothing", size=made.size, placed=made.placed))


@command(
    COMMANDS, "checkpoint", Option("--key", "key_files", metavar="FILE", multiple=True), *_sinks(),
    Option("--since", type=int, metavar="SIZE"), Option("--no-store", is_flag=True), recovered_option(),
)  # fmt: skip
def checkpoint(
    session: Session, key_files: tuple[str, ...], since: int | None, *, no_store: bool, recovered: bool, **sinks: Any
) -> None:
    """Say what the log is now, signed."""
    from kfq_workflow.audit import checkpoints
    from kfq_workflow.audit.checkpoint import Checkpoint, Witnessed

    engine = session.engine()
    before = _remembered(*key_files)
    note = checkpoints.checkpoint(engine, *key_files, keep=not no_store, recovered=recovered)
    _say_first(before, note)
    text = None
    if since is not None:
        size = Checkpoint.parse(note.text).size
        text = str(Witnessed(since, checkpoints.consistency(engine, since, size), note))
    deliver(session, note, text, **sinks)


@command(
    COMMANDS, "cosign", Argument(["checkpoint"], metavar="CHECKPOINT"),
    Option("--key", "key_file", metavar="FILE", required=True), trust(required=True), *_sinks(), recovered_option(),
)  # fmt: skip
def cosign(
    session: Session, checkpoint: str, key_file: str, trust: tuple[str, ...], *, recovered: bool, **sinks: Any
) -> None:
    """Vouch as a second office for a checkpoint that goes on from what was vouched for before."""
    from kfq_workflow.audit import checkpoints, recovery

    def proof(old: int, size: int) -> tuple[bytes, ...]:
        return checkpoints.consistency(session.engine(), old, size)

    def shown(size: int) -> list[recovery.Shown]:
        return recovery.evidence(session.engine(), size)

    data = read_file(checkpoint)
    before = _remembered(key_file)
    note = checkpoints.cosigned(data, key_file, trusted(trust), proof, shown=shown, recovered=recovered)
    _say_first(before, note)
    deliver(session, note, **sinks)


def _remembered(*key_files: str) -> dict[str, list[Checkpoint]]:
    """Return, by the file of each key, what it has signed last of each log."""
    if not key_files:
        return {}
    from kfq_workflow.audit import keyfile

    return {path: keyfile.remembered(path) for path in key_files}


def _say_first(before: Mapping[str, list[Checkpoint]], note: Note) -> None:
    """Say of which keys nothing was remembered of this log: they would have signed any history."""
    from kfq_workflow.audit.checkpoint import Checkpoint
    from kfq_workflow.audit.incarnation import split

    log = split(Checkpoint.parse(note.text).origin)[0]
    for path, seen in before.items():
        if log not in {split(each.origin)[0] for each in seen}:
            aside(say("first.signed", path=f"{path}.seen"))


def deliver(
    session: Session, note: Note, text: str | None = None, *, out: str | None, page: str | None, qr: str | None
) -> None:
    """Put a checkpoint where it is wanted: in files that are not there yet, in a QR code on the screen, or print it.

    `text` is what goes to the file or the screen in place of the note.
    """
    from kfq_workflow.audit.checkpoint import Checkpoint

    found, plain = Checkpoint.parse(note.text), str(note) if note.signatures else note.text
    shown = plain if text is None else text
    made = _made(note, plain, page, qr) | ({out: shown.encode()} if out is not None else {})
    for path, data in made.items():
        add_file(path, data)
    if session.json:
        about = {"origin": found.origin, "size": found.size, "root": found.root.hex()}
        print_json({**about, "text": shown, "path": out, "page": page, "qr": qr})
        return
    for path in made:
        line(say("done.written", path=path, size=found.size))
    for each in _drawn(plain, qr) or ([] if made else shown.splitlines()):
        line(each)


def _made(note: Note, plain: str, page: str | None, qr: str | None) -> dict[str, bytes]:
    """Return the page and the image of a checkpoint, by path."""
    found = {}
    if page is not None:
        from kfq_workflow.report.checkpoint import checkpoint_sheet

        found[page] = checkpoint_sheet(note).encode()
    if qr not in (None, _SCREEN):
        from kfq_workflow.audit.qr import image

        found[str(qr)] = image(plain, str(qr))
    return found


def _drawn(plain: str, qr: str | None) -> list[str]:
    if qr != _SCREEN:
        return []
    from kfq_workflow.audit.qr import terminal

    return terminal(plain).splitlines()


@command(
    COMMANDS, "receipt", Argument(["check"], metavar="CHECK"), Option("--out", metavar="FILE"),
    Option("--file", metavar="FILE", told="receipt.file"),
)  # fmt: skip
def receipt(session: Session, check: str, out: str | None, file: str | None) -> None:
    """Find the entry that a receipt names, and prove that it is in the tree; in a file, find it only."""
    from kfq_workflow.audit import checkpoints

    if file is not None:
        if out is not None:
            raise click.UsageError(say("usage.receipt"))
        from kfq_workflow.cli.reports import opened

        with opened(session, file) as source:
            found = [checkpoints.Found(row, None, None) for row in checkpoints.receipt_among(source.entries(), check)]
    else:
        found = checkpoints.receipt(session.engine(), check)
    proofs = [str(each.proof) for each in found if each.proof is not None]
    if out is not None and proofs:
        add_file(out, proofs[0].encode())
    if session.json:
        print_json({"found": [_json(each) for each in found], "path": out if proofs else None})
        return
    for each in found:
        sheet(_rows(each, from_file=file is not None))
    if out is not None and proofs:
        line(say("done.proof", path=out))


def _json(each: Found) -> dict[str, Any]:
    row, proof, against = each.entry, each.proof, each.checkpoint
    return {
        "key": row.instance,
        "seq": row.seq,
        "kind": row.kind,
        "at": row.at,
        "leaf": bytes(row.leaf).hex(),
        "position": None if proof is None else proof.index,
        "proof": None if proof is None else [part.hex() for part in proof.proof],
        "size": None if against is None else against.size,
        "root": None if against is None else against.root.hex(),
        "signed": proof is not None and bool(proof.note.signatures),
    }


def _rows(each: Found, *, from_file: bool) -> list[tuple[str, str]]:
    from kfq_workflow.cli import shown

    row, proof, against = each.entry, each.proof, each.checkpoint
    rows = [
        (say("key"), row.instance),
        (say("entry"), f"{row.seq}  {shown.word('kind', row.kind)}"),
        (say("by"), row.actor),
    ]
    if proof is None or against is None:
        return [*rows, (say("tree"), say("tree.file" if from_file else "tree.unsealed"))]
    signed = say("tree.signed" if proof.note.signatures else "tree.unsigned")
    where = say("tree.place", position=proof.index, size=against.size, hashes=len(proof.proof))
    return [*rows, (say("tree"), where), ("", f"{against.root.hex()}  {signed}")]
