"""Signed statements of what the log is, and proofs against them: checkpoint, cosign, receipt.

The signer trusts nothing that the database says of the past: it compares with what it signed last, which it keeps
itself, and refuses a log that shrank or forked. So does the cosigner, of another office with a key of its own.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit import keyfile, merkle, recovery, signers
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, EntryProof, Witnessed
from kfq_workflow.audit.note import Note, NoteError, cosign, sign, verify
from kfq_workflow.audit.sealing import consistency_proof, inclusion_proof, read_tree
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import document_digest, is_hashed
from kfq_workflow.errors import InvalidInput, NotFound, SignerRefused
from kfq_workflow.stored.seal_store import CheckpointRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kfq_workflow.audit.keyfile import Held
    from kfq_workflow.audit.note import VerifierKey
    from kfq_workflow.audit.recovery import Shown
    from kfq_workflow.engine import WorkflowEngine
    from kfq_workflow.entry import Row
    from kfq_workflow.hashing import Hash

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CHECK, _UNUSED_BITS, _LEAF_BYTES = 26, 256 - 130, 32
#: What is written for a letter that looks like it; 1 may be either of two, and so many of them are tried.
_MISREAD, _EITHER, _MOST_EITHER = str.maketrans("08", "OB"), "1", 4


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that a receipt's letters name; `proof` is None while it is not sealed."""

    entry: Row
    proof: EntryProof | None
    checkpoint: Checkpoint | None


def current(engine: WorkflowEngine) -> Checkpoint:
    """Return the tree as it is now, unsigned."""
    with engine.reading() as reading:
        head = engine.log()
        tree = read_tree(engine.store, reading.cursor, hash_of(head.suite))
        origin = recovery.lineage(engine.store, reading.cursor, head.log, tree.end).origin
        return Checkpoint(origin, tree.end, tree.root())


def consistency(engine: WorkflowEngine, old: int, size: int) -> tuple[bytes, ...]:
    """Return the proof that the first `size` entries of the log go on from the first `old`. Raises InvalidInput."""
    if not 0 <= old <= size:
        raise InvalidInput("size_unknown", size=old, found=size)
    with engine.reading() as reading:
        return tuple(consistency_proof(engine.store, reading.cursor, hash_of(engine.log().suite), old, size))


@dataclass(slots=True)
class Admitted:
    """The log as it is now, which goes on from what each of some keys has signed before; these are held."""

    found: Checkpoint
    _seen: list[keyfile.Seen]

    def put(self) -> None:
        """Note, for each key, what is about to be signed."""
        for seen in self._seen:
            seen.put(self.found)


def admitted(engine: WorkflowEngine, keys: Iterable[Held], stack: ExitStack, *, recovered: bool = False) -> Admitted:
    """Compare the log with what each key has signed last, holding the keys until `stack` is closed.

    `recovered` is the word that the log was restored from a backup (see `recovery`). Raises SignerRefused when the log
    is not the continuation of that, InvalidInput for a key of another suite.
    """
    suite = engine.log().suite
    paths = set()
    for each in keys:
        _fits(each.signer.key, suite)
        paths.add(str(each.path))
    held = [stack.enter_context(keyfile.hold(path)) for path in sorted(paths)]  # in one order: no deadlock
    found = current(engine)

    def go_on(last: Checkpoint, found: Checkpoint) -> None:
        _continues(last, found, consistency(engine, last.size, found.size), hash_of(suite))

    for seen in held:
        recovery.admit(
            found, seen.all(), lambda: recovery.evidence(engine, found.size), go_on, hash_of(suite), told=recovered
        )
        last = seen.last(found.origin)
        if last is not None and found.size >= last.size:
            go_on(last, found)
        elif last is not None:
            raise SignerRefused("signer_shrank", old=last.size, size=found.size)
    return Admitted(found, held)


def checkpoint(
    engine: WorkflowEngine,
    key: str | Path | Held | None = None,
    *more: str | Path | Held,
    keep: bool = True,
    recovered: bool = False,
) -> Note:
    """Return a checkpoint of the log as it is sealed, signed by the key in a file; without one it is the bare text.

    A key that is elsewhere, in a module or behind a server, is given as `Held`.

    While one key takes over from another, `more` of them sign the same checkpoint. A signed one is kept in the
    database too, unless `keep` is off. `recovered` is the signer's word that the log was restored from a backup,
    needed for the first checkpoint of a new incarnation (see `recovery`). Raises SignerRefused when the log is not the
    continuation of what this key has signed before, and InvalidInput when the file is no key or open to others.
    """
    if key is None:
        return Note(str(current(engine)), ())
    keys = [keyfile.held(each) for each in (key, *more)]
    with ExitStack() as stack:
        held = admitted(engine, keys, stack, recovered=recovered)
        found, text = held.found, str(held.found)
        lines = _signed(lambda: tuple(sign(text, each.signer) for each in keys))
        held.put()
    note = Note(text, lines)
    if keep:
        _keep(engine, found, note)
    return note


def _fits(key: VerifierKey, suite: str) -> None:
    """Refuse a key whose signatures are not those of the log's suite."""
    if key.kind.suite != suite:
        raise InvalidInput("key_suite", key=key.name, found=key.kind.suite, suite=suite)


def _continues(last: Checkpoint, found: Checkpoint, proof: Sequence[bytes], hasher: Hash) -> None:
    try:
        merkle.verify_consistency(last.size, found.size, proof, last.root, found.root, hasher)
    except merkle.ProofError as error:
        raise SignerRefused("signer_forked", old=last.size, size=found.size) from error


def _signed(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except NoteError as error:
        raise InvalidInput("key_kind", reason=str(error)) from error


def _keep(engine: WorkflowEngine, found: Checkpoint, note: Note) -> None:
    digest = document_digest(str(note).encode(), hash_of(engine.log().suite))
    row = CheckpointRow(found.size, found.root, str(note))
    engine.run(lambda tx: engine.store.add_checkpoint(tx.cursor, digest, row))


def cosigned(
    data: bytes,
    key: str | Path | Held,
    trust: Sequence[VerifierKey],
    proof: Callable[[int, int], Sequence[bytes]],
    *,
    now: Callable[[], float] = time.time,
    shown: Callable[[int], Iterable[Shown]] = lambda _: (),
    recovered: bool = False,
) -> Note:
    """Return a checkpoint with the cosignature of the key in a file added, made now.

    `data` is a signed checkpoint, or one with a proof as `Witnessed` writes it; where the proof does not begin with
    what this key cosigned last, `proof(old, size)` is asked. `trust` has the log's keys, one of which must have
    signed. After a restore `shown(size)` gives the recoveries with their proofs, and `recovered` is the cosigner's
    word for it (see `recovery`).
    Raises SignerRefused when none has, or when the log shrank or forked, and InvalidInput.
    """
    mine = keyfile.held(key)
    signer = mine.signer
    try:
        sent = Witnessed.parse(data) if data.startswith(b"old ") else None
        note = Note.parse(data) if sent is None else sent.note
        found = Checkpoint.parse(note.text)
        signed = verify(note, trust, signers.check)
        if not signed:
            raise SignerRefused("cosign_untrusted")
    except NoteError as error:
        raise InvalidInput("checkpoint_bad", reason=str(error)) from error
    for one in signed:  # a note does not name its suite; the keys of the log do
        _fits(signer.key, one.key.kind.suite)
    hasher = hash_of(signer.key.kind.suite)
    with keyfile.hold(mine.path) as seen:
        recovery.admit(
            found, seen.all(), lambda: shown(found.size),
            lambda old, new: _continues(old, new, proof(old.size, new.size), hasher), hasher, told=recovered,
        )  # fmt: skip
        last = seen.last(found.origin)
        if last is not None:
            if found.size < last.size:
                raise SignerRefused("signer_shrank", old=last.size, size=found.size)
            fits = sent is not None and sent.old == last.size
            given = sent.proof if sent is not None and fits else proof(last.size, found.size)
            _continues(last, found, given, hasher)
        line = _signed(lambda: cosign(note.text, signer, int(now())))
        seen.put(found)
    return Note(note.text, (*note.signatures, line))


def receipt(engine: WorkflowEngine, check: str) -> list[Found]:
    """Return the entry that the 26 letters of a receipt name, with the proof that it is in the tree if it is sealed.

    The proof leads to the newest checkpoint that the log keeps, else to the tree as it is now. Case, spaces and
    hyphens in the letters do not count; 0 is read as O, 8 as B and 1 as I or L. Raises InvalidInput for what is no
    check and for an entry that was altered since, NotFound for the check of no entry.
    """
    readings = _readings(check)
    with engine.reading() as reading:
        log = engine.log()
        store, cursor, hasher = engine.store, reading.cursor, hash_of(log.suite)
        kept = [Anchor.parse("", row.note.encode()) for row in store.checkpoints(cursor)]
        now = current(engine)
        line = recovery.lineage(store, cursor, log.log, now.size)
        found = []
        for instance, seq, position, leaf in (
            each for letters in readings for each in store.find_leaves(cursor, *_bounds(letters))
        ):
            entry = store.entry(cursor, instance, seq)
            if entry is None:
                raise NotFound("check", check)
            if entry.leaf != leaf or not is_hashed(entry, log.log, hasher):
                raise InvalidInput("check_altered", key=instance, seq=seq)
            if position is None:
                found.append(Found(entry, None, None))
                continue
            covering = [
                anchor for anchor in kept if anchor.checkpoint.size > position and line.stands(anchor.checkpoint)
            ]
            note, against = (covering[-1].note, covering[-1].checkpoint) if covering else (Note(str(now), ()), now)
            proof = inclusion_proof(store, cursor, hasher, position, against.size)
            merkle.verify_inclusion(position, against.size, leaf, proof, against.root, hasher)
            found.append(Found(entry, EntryProof(position, tuple(proof), note), against))
    if not found:
        raise NotFound("check", check)
    return found


def receipt_among(entries: Iterable[Row], check: str) -> list[Row]:
    """Return the entries of an export or a bundle that the 26 letters of a receipt may name, read as `receipt` does.

    That the file is as it was written is for verification to tell. Raises InvalidInput, NotFound.
    """
    bounds = [_bounds(letters) for letters in _readings(check)]
    found = [row for row in entries if any(first <= row.leaf <= last for first, last in bounds)]
    if not found:
        raise NotFound("check", check)
    return found


def _readings(check: str) -> list[str]:
    """Return what the letters on a receipt may be: none of 0, 1 and 8 is one, and each looks like one that is."""
    letters = "".join(check.upper().split()).replace("-", "").translate(_MISREAD)
    wrong = "".join(sorted({letter for letter in letters if letter not in _LETTERS and letter != _EITHER}))
    if len(letters) != _CHECK or wrong or letters.count(_EITHER) > _MOST_EITHER:
        raise InvalidInput("check_bad", check=check[:80], count=len(letters), wrong=wrong or "-")
    parts = letters.split(_EITHER)
    choices = product("IL", repeat=len(parts) - 1)
    return ["".join(chain(*zip(parts, (*each, ""), strict=True))) for each in choices]


def _bounds(letters: str) -> tuple[bytes, bytes]:
    """Return the first and the last leaf that begin with the letters."""
    value = 0
    for letter in letters:
        value = value << 5 | _LETTERS.index(letter)
    first = (value << _UNUSED_BITS).to_bytes(_LEAF_BYTES, "big")
    last = ((value + 1 << _UNUSED_BITS) - 1).to_bytes(_LEAF_BYTES, "big")
    return first, last
