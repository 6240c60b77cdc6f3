r"""Statements about keys, as signed notes: a key hands over to the next one, a key is revoked. No I/O.

    kfq-handover/v1\n                      kfq-revocation/v1\n
    zones.example.cn/0123…\n               zones.example.cn/0123…\n        origin: which log
    20852163\n                             20852163\n                      its size when this was said
    CsUYapGGPo4dkMgIAUqom/Xajj7…=\n        CsUYapGGPo4dkMgIAUqom/Xajj7…=\n its root
    office+530d903a+AekyeRrm56hA…\n        office+530d903a+AekyeRrm56hA…\n the key that hands over, or is revoked
    office-2027+1b8e7e3f+AYEKFAL…\n        compromised\n                   the key that takes over; retired, lost or …
                                           1679315147\n                    s since 1970 UTC
    both sign                              the key itself signs, or one after it in the line

Neither can be taken for a checkpoint, which has three lines, nor one for the other. What they mean is in `keyline`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_workflow.audit.checkpoint import Checkpoint, number
from kfq_workflow.audit.note import Note, NoteError, VerifierKey, check_text

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Why a key is revoked: its time is over, nobody has it any more, somebody else has it.
REASONS = ("retired", "lost", "compromised")
_HANDOVER, _REVOCATION = "kfq-handover/v1", "kfq-revocation/v1"
_CHECKPOINT = slice(1, 4)


@dataclass(frozen=True, slots=True)
class Handover:
    """`old` hands over to `new`, both of which sign; `checkpoint` is the log as both saw it."""

    checkpoint: Checkpoint
    old: VerifierKey
    new: VerifierKey

    def __str__(self) -> str:
        return f"{_HANDOVER}\n{self.checkpoint}{self.old}\n{self.new}\n"


@dataclass(frozen=True, slots=True)
class Revocation:
    """Signatures of `key` on more leaves than `checkpoint` has count no longer; `at` is in s since 1970 UTC."""

    checkpoint: Checkpoint
    key: VerifierKey
    reason: str
    at: int

    def __str__(self) -> str:
        return f"{_REVOCATION}\n{self.checkpoint}{self.key}\n{self.reason}\n{self.at}\n"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was found: `label` names the file or the entry."""

    label: str
    said: Handover | Revocation
    note: Note

    @classmethod
    def parse(cls, label: str, data: bytes) -> Statement:
        """Read a signed statement. Raises NoteError."""
        note = Note.parse(data)
        return cls(label, parse(note.text), note)


def is_statement(data: bytes) -> bool:
    """Tell whether a note begins as a statement does; whether it is one, `Statement.parse` tells."""
    return data.startswith((f"{_HANDOVER}\n".encode(), f"{_REVOCATION}\n".encode()))


def parse(text: str) -> Handover | Revocation:
    """Read the text of a statement. Raises NoteError."""
    lines = check_text(text)[:-1].split("\n")
    found: Handover | Revocation
    if lines[0] == _HANDOVER:
        found = _handover(lines)
    elif lines[0] == _REVOCATION:
        found = _revocation(lines)
    else:
        raise NoteError("not a statement about keys")
    if str(found) != text:
        raise NoteError("not a statement about keys")
    return found


def _checkpoint(lines: Sequence[str]) -> Checkpoint:
    return Checkpoint.parse("".join(f"{line}\n" for line in lines[_CHECKPOINT]))


def _handover(lines: Sequence[str]) -> Handover:
    first = _CHECKPOINT.stop
    if len(lines) != first + 2:
        raise NoteError("a handover names two keys")
    found = Handover(_checkpoint(lines), VerifierKey.parse(lines[first]), VerifierKey.parse(lines[first + 1]))
    if found.old.kind != found.new.kind or found.old.kind.timed or found.old == found.new:
        raise NoteError("a handover names two keys of one kind that sign checkpoints")
    return found


def _revocation(lines: Sequence[str]) -> Revocation:
    first = _CHECKPOINT.stop
    if len(lines) != first + 3 or lines[first + 1] not in REASONS:
        raise NoteError("a revocation names a key, a reason and a time")
    return Revocation(_checkpoint(lines), VerifierKey.parse(lines[first]), lines[first + 1], number(lines[first + 2]))
