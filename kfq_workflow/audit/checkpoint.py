r"""Checkpoints (C2SP tlog-checkpoint) and the two texts that carry a proof with one. No I/O, standard library only.

    zones.example.cn/0123456789abcdef0123456789abcdef\n     origin: which log
    20852163\n                                              size: how many leaves
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n          root of the tree of these leaves

    for a witness (tlog-witness)        for one entry (tlog-proof)
    old 20852014\n                      c2sp.org/tlog-proof@v1\n
    PlRNCrwHpqhGrupue0L7gxbjbMi…\n      index 73894\n
    jrJZDmY8Y7SyJE0MWLpLozkIVMS…\n      gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n
    \n                                  \n
    the signed checkpoint               the signed checkpoint

Lines after the root are refused: no cosigner vouches for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_workflow.audit.merkle import MAX_SIZE
from kfq_workflow.audit.note import MAX_NOTE, Note, NoteError, check_text, decode, encode
from kfq_workflow.audit.typed import is_typed, read

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?:/[A-Za-z0-9._~-]+)*")
_LOG = re.compile(r".*/[0-9a-f]{32}(?=/|$)")
_ROOT, _LINES, _MOST_HASHES = 32, 3, 63
_PROOF = "c2sp.org/tlog-proof@v1\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was: its origin, the number of its leaves, and the root of the tree over them, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint. Raises NoteError."""
        lines = check_text(text)[:-1].split("\n")
        if len(lines) != _LINES or not lines[0]:
            raise NoteError("a checkpoint has three lines: origin, size and root")
        size = number(lines[1])
        root = decode(lines[2])
        if len(root) != _ROOT:
            raise NoteError("the root is not 32 bytes")
        return cls(lines[0], size, root)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that was kept outside the log, as it was found: `label` names the file, `note` is what it says.

    A note without signature lines is the bare text. It anchors as well as a signed one for whoever kept it, and
    proves nothing to anybody else.
    """

    label: str
    checkpoint: Checkpoint
    note: Note

    @property
    def data(self) -> bytes:
        """The bytes that it is read from again."""
        return (str(self.note) if self.note.signatures else self.note.text).encode()

    @classmethod
    def parse(cls, label: str, data: bytes) -> Anchor:
        """Read a checkpoint: a signed note, its text alone, or what was typed in from paper. Raises NoteError."""
        if is_typed(data):
            note = read(data)
            return cls(label, Checkpoint.parse(note.text), note)
        note = Note.parse(data) if b"\n\n" in data else Note(_bare(data), ())
        return cls(label, Checkpoint.parse(note.text), note)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint on its way to a cosigner: the size that it cosigned last, and the proof from there."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        return f"old {self.old}\n" + _lines(self.proof) + f"\n{self.note}"

    @classmethod
    def parse(cls, data: bytes) -> Witnessed:
        """Read what `str` writes. Raises NoteError."""
        head, rest = _halves(data, "old ")
        return cls(number(head[0][4:]), _hashes(head[1:]), Note.parse(rest))


@dataclass(frozen=True, slots=True)
class EntryProof:
    """That one entry is in a log: its place from 0, the inclusion proof, and the checkpoint that it leads to."""

    index: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        note = str(self.note) if self.note.signatures else self.note.text
        return f"{_PROOF}index {self.index}\n" + _lines(self.proof) + f"\n{note}"


def origin_of(log: str, said: str) -> str:
    """Return the origin line of a log: what its genesis says, if that is a host and path, and the log's name."""
    return f"{said if _HOST.fullmatch(said) else 'kfq'}/{log}"


def log_of(origin: str) -> str:
    """Return an origin up to the log's name: what follows it tells states of one log apart."""
    found = _LOG.match(origin)
    return origin if found is None else found[0]


def number(text: str) -> int:
    """Read a size: decimal, no sign, no leading zeros. Raises NoteError."""
    if not _SIZE.fullmatch(text) or int(text) > MAX_SIZE:
        raise NoteError("not a size")
    return int(text)


def _bare(data: bytes) -> str:
    if len(data) > MAX_NOTE:
        raise NoteError("the note is too long")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None


def _halves(data: bytes, begins: str) -> tuple[list[str], bytes]:
    head, found, rest = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteError("not a proof") from None
    if not found or not lines[0].startswith(begins):
        raise NoteError("not a proof")
    return lines, rest


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    found = tuple(map(decode, lines))
    if len(found) > _MOST_HASHES or any(len(each) != _ROOT for each in found):
        raise NoteError("not the hashes of a proof")
    return found


def _lines(proof: Sequence[bytes]) -> str:
    return "".join(f"{encode(each)}\n" for each in proof)
