"""Commands that make proofs: seal, checkpoint, cosign, receipt, and the keys that sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow.cli.options import Argument, Option, command
from kfq_workflow.cli.output import line, print_json, sheet
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    import click

    from kfq_workflow.audit.note import VerifierKey
    from kfq_workflow.checkpoints import Found
    from kfq_workflow.cli.session import Session

COMMANDS: dict[str, click.Command] = {}


def _key(*, required: bool) -> Option:
    return Option("--key", "key_file", metavar="FILE", required=required)


def recovered_option() -> Option:
    """Return `--recovered`: the signer's word that the log was restored from a backup."""
    return Option("--recovered", is_flag=True)


def _trust(*, required: bool = False) -> Option:
    return Option("--trust", "trust", metavar="VKEY", multiple=True, required=required)


def _out() -> Option:
    return Option("--out", metavar="FILE")


@command(COMMANDS, "seal")
def seal(session: Session) -> None:
    """Give every entry its place in the tree."""
    made = session.engine().seal()
    if session.json:
        print_json({"size": made.size, "root": made.root.hex(), "placed": made.placed, "seals": made.seals})
    else:
        line(say("done.seal" if made.placed else "done.seal_nothing", size=made.size, placed=made.placed))


@command(
    COMMANDS, "checkpoint", _key(required=False), _out(), Option("--since", type=int, metavar="SIZE"),
    Option("--page", is_flag=True), Option("--no-store", is_flag=True), recovered_option(),
)  # fmt: skip
def checkpoint(
    session: Session, key_file: str | None, out: str | None, since: int | None, *, page: bool, no_store: bool,
    recovered: bool,
) -> None:  # fmt: skip
    """Say what the log is now, signed."""
    from kfq_workflow import checkpoints
    from kfq_workflow.audit.checkpoint import Checkpoint, Witnessed

    engine = session.engine()
    note = checkpoints.checkpoint(engine, key_file, keep=not no_store, recovered=recovered)
    found = Checkpoint.parse(note.text)
    text = str(note) if note.signatures else note.text
    if since is not None:
        text = str(Witnessed(since, checkpoints.consistency(engine, since, found.size), note))
    _deliver(session, text, out, {"origin": found.origin, "size": found.size, "root": found.root.hex()}, page=page)


@command(
    COMMANDS, "cosign", Argument(["checkpoint"], metavar="CHECKPOINT"), _key(required=True), _trust(required=True),
    _out(), recovered_option(),
)  # fmt: skip
def cosign(
    session: Session, checkpoint: str, key_file: str, trust: tuple[str, ...], out: str | None, *, recovered: bool
) -> None:
    """Vouch as a second office for a checkpoint that goes on from what was vouched for before."""
    from kfq_workflow import checkpoints, recovery
    from kfq_workflow.audit.checkpoint import Checkpoint

    def proof(old: int, size: int) -> tuple[bytes, ...]:
        return checkpoints.consistency(session.engine(), old, size)

    def shown(size: int) -> list[recovery.Shown]:
        return recovery.evidence(session.engine(), size)

    data = Path(checkpoint).read_bytes()
    note = checkpoints.cosigned(data, key_file, trusted(trust), proof, shown=shown, recovered=recovered)
    found = Checkpoint.parse(note.text)
    _deliver(session, str(note), out, {"origin": found.origin, "size": found.size, "root": found.root.hex()})


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


def _deliver(session: Session, text: str, out: str | None, about: dict[str, Any], *, page: bool = False) -> None:
    """Write a text to a file that is not there yet, or print it."""
    shown = _page(text, about) if page else text
    if out is not None:
        with Path(out).open("x", encoding="utf-8") as file:
            file.write(shown)
    if session.json:
        print_json({**about, "text": text, "path": out})
    elif out is not None:
        line(say("done.written", path=out, size=about["size"]))
    else:
        for each in shown.splitlines():
            line(each)


def _page(text: str, about: dict[str, Any]) -> str:
    """Return a page to print and sign by hand: the root in groups that can be read out, then the text itself."""
    root = about["root"]
    groups = [root[place : place + 8] for place in range(0, len(root), 8)]
    rows = ["  ".join(groups[:4]), "  ".join(groups[4:])]
    head = say("page.checkpoint", origin=about["origin"], size=about["size"], first=rows[0], second=rows[1])
    return f"{head}\n\n{text}"


@command(COMMANDS, "receipt", Argument(["check"], metavar="CHECK"), _out())
def receipt(session: Session, check: str, out: str | None) -> None:
    """Find the entry that a receipt names, and prove that it is in the tree."""
    from kfq_workflow import checkpoints

    found = checkpoints.receipt(session.engine(), check)
    proofs = [str(each.proof) for each in found if each.proof is not None]
    if out is not None and proofs:
        with Path(out).open("x", encoding="utf-8") as file:
            file.write(proofs[0])
    if session.json:
        print_json({"found": [_json(each) for each in found], "path": out if proofs else None})
        return
    for each in found:
        sheet(_rows(each))
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


def _rows(each: Found) -> list[tuple[str, str]]:
    from kfq_workflow.cli import shown

    row, proof, against = each.entry, each.proof, each.checkpoint
    rows = [
        (say("key"), row.instance),
        (say("entry"), f"{row.seq}  {shown.word('kind', row.kind)}"),
        (say("by"), row.actor),
    ]
    if proof is None or against is None:
        return [*rows, (say("tree"), say("tree.unsealed"))]
    signed = say("tree.signed" if proof.note.signatures else "tree.unsigned")
    where = say("tree.place", position=proof.index, size=against.size, hashes=len(proof.proof))
    return [*rows, (say("tree"), where), ("", f"{against.root.hex()}  {signed}")]


@command(
    COMMANDS, "key new", Argument(["key_name"], metavar="NAME"),
    Option("--out", metavar="FILE", required=True, told="key.out"), Option("--cosigner", is_flag=True),
)  # fmt: skip
def new(session: Session, key_name: str, out: str, *, cosigner: bool) -> None:
    """Make a key to sign with."""
    from kfq_workflow.audit import keyfile

    _told(session, out, keyfile.create(out, key_name, cosigner=cosigner))


@command(COMMANDS, "key show", Argument(["file"], metavar="FILE"))
def show(session: Session, file: str) -> None:
    """Print the public half of a key."""
    from kfq_workflow.audit import keyfile

    _told(session, file, keyfile.load(file).key)


def _told(session: Session, path: str, key: VerifierKey) -> None:
    from kfq_workflow.audit.note import COSIGNATURE

    if session.json:
        print_json({"path": path, "key": str(key), "cosigner": key.kind == COSIGNATURE})
    else:
        line(str(key))
