"""Keys change: a log's key hands over to the next one, and a key that is no longer good is revoked.

What is signed is a statement (see `audit.statements`). It is put on record in the log, so that its order among the
others is proved, and is a note that can be kept outside as a checkpoint is. Whoever trusts only the oldest key then
accepts the checkpoints of the newest.

Make the next key and hand over to it while all is well, and keep it elsewhere: a key that was lost or stolen can then
be revoked by the one after it. Without one, nothing but a new public key given to every auditor by hand helps.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from kfq_workflow.audit import keyfile, signers
from kfq_workflow.audit.checkpoint import log_of
from kfq_workflow.audit.checkpoints import admitted
from kfq_workflow.audit.keyline import KeyLine, StatementError
from kfq_workflow.audit.note import Note, NoteError, sign
from kfq_workflow.audit.sealing import LOG
from kfq_workflow.audit.statements import Handover, Revocation, Statement
from kfq_workflow.errors import InvalidInput, SignerRefused
from kfq_workflow.verify.keys import recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kfq_workflow.audit.keyfile import Held
    from kfq_workflow.audit.note import Signer, VerifierKey
    from kfq_workflow.engine import WorkflowEngine


def rotate(engine: WorkflowEngine, old: str | Path | Held, new: str | Path | Held) -> Note:
    """Let the key in the file `old` hand over to the one in `new`; return the statement, which is on record.

    Both sign, and go on signing checkpoints until the old one is revoked. Raises SignerRefused where the log is not
    the continuation of what either has signed, or the statement would not count, and InvalidInput.
    """
    both = keyfile.held(old), keyfile.held(new)
    giving, taking = (each.signer for each in both)
    with ExitStack() as stack:
        held = admitted(engine, both, stack)
        said = _said(lambda: Handover(held.found, giving.key, taking.key))
        note = _signed(str(said), giving, taking)
        _try(engine, note, giving.key, held.found.origin)
        held.put()
    return _keep(engine, note)


def revoke(
    engine: WorkflowEngine,
    key: VerifierKey,
    by: str | Path | Held,
    reason: str,
    *,
    now: Callable[[], float] = time.time,
) -> Note:
    """Revoke a key, by itself or by one after it in the line; return the statement, which is on record.

    `reason` is retired, lost or compromised. Checkpoints that it has signed count as far as the log goes now; on
    later ones its signature is worth nothing. Raises SignerRefused and InvalidInput, as `rotate`.
    """
    mine = keyfile.held(by)
    signer = mine.signer
    with ExitStack() as stack:
        held = admitted(engine, [mine], stack)
        said = _said(lambda: Revocation(held.found, key, reason, int(now())))
        note = _signed(str(said), signer)
        _try(engine, note, key, held.found.origin)
        held.put()
    return _keep(engine, note)


def statements(engine: WorkflowEngine) -> list[Statement]:
    """Return the statements on record, oldest first. Which of them count depends on whom one trusts."""
    with engine.reading() as reading:
        return [statement for _, statement in recorded(engine.store.chain(reading.cursor, LOG))]


def _said(make: Callable[[], Handover | Revocation]) -> Handover | Revocation:
    """Return a statement that can be read again."""
    from kfq_workflow.audit.statements import parse

    try:
        return parse(str(make()))
    except NoteError as error:
        raise InvalidInput("key_kind", reason=str(error)) from error


def _signed(text: str, *by: Signer) -> Note:
    try:
        return Note(text, tuple(sign(text, signer) for signer in by))
    except NoteError as error:
        raise InvalidInput("key_kind", reason=str(error)) from error


def _try(engine: WorkflowEngine, note: Note, about: VerifierKey, origin: str) -> None:
    """Refuse a statement that would not count for whoever trusts the key that it is about, or those before it."""
    known = [each for each in statements(engine) if log_of(each.said.checkpoint.origin) == log_of(origin)]
    roots = {about}
    while before := {s.said.old for s in known if isinstance(s.said, Handover) and s.said.new in roots} - roots:
        roots |= before
    line = KeyLine(roots, signers.check)
    for each in known:
        try:
            line.take(each)
        except StatementError:
            continue
    try:
        line.take(Statement.parse("", str(note).encode()))
    except StatementError as error:
        raise SignerRefused(f"signer_{error.code}", key=about.name) from error


def _keep(engine: WorkflowEngine, note: Note) -> Note:
    engine.run(lambda transaction: transaction.keyed(str(note)))
    return note
