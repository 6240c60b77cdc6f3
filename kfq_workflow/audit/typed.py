r"""A checkpoint as it can be typed in again from paper: numbered lines, each with letters that check it.

    CHECKPOINT 9
     1  zones.example.cn/0123456789abcdef0123456789abcdef  QPN      origin
     2  20852163  7KD                                               size
     3  BLCRV BQKRR RMO67 …  E2M                                    root, base32, 30 letters in a line
     4  …                                                           and what is left
     5  @zones.example.cn/log  VZA                                  the key that signs, and on the next lines
     6  …                                                           base32 of id and signature

    letters = base32(SHA-256(number ‖ : ‖ what the line says, without spaces))[:3]

Spaces do not count, nor case in base32, where 0, 1 and 8 are read as O, I and B. Everything else must be exact, and
every line that is not is named. What comes out is the note, byte for byte. No I/O, standard library only.
"""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from kfq_workflow.audit.note import Note, NoteError, Signature, check_name, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TITLE = "CHECKPOINT"
_WIDTH, _GROUP, _LETTERS, _ID = 30, 5, 3, 4
_HEAD = re.compile(r"CHECKPOINT ([1-9][0-9]{0,3})", re.ASCII)
_LINE = re.compile(r"([0-9]{1,4})\s+(\S.*?)\s+([A-Za-z0-9]{3})", re.ASCII)
_BASE32 = re.compile(r"[A-Z2-7]+")
_MISREAD = str.maketrans("018", "OIB")
#: Origin and size, which are not base32; so are the names of keys, which begin with @.
_PLAIN, _ROOT_LINES = 2, 2
_NAME = "@"


class Line(NamedTuple):
    """One line to type: its number from 1, what it says in groups, and its letters."""

    number: int
    groups: tuple[str, ...]
    letters: str

    def __str__(self) -> str:
        return f"{self.number:>2}  {' '.join(self.groups)}  {self.letters}"


def lines_of(note: Note) -> list[Line]:
    """Return the lines of a checkpoint. Raises NoteError where the note is none that can be typed."""
    text = note.text[:-1].split("\n")
    if len(text) != _PLAIN + 1:
        raise NoteError("a checkpoint has three lines: origin, size and root")
    said = [(text[0],), (text[1],), *_rows(decode(text[2]))]
    for line in note.signatures:
        said += [(_NAME + line.name,), *_rows(line.id + line.data)]
    return [Line(number, groups, _check(number, "".join(groups))) for number, groups in enumerate(said, 1)]


def written(note: Note) -> str:
    """Return the whole text to type. Raises NoteError, as `lines_of`."""
    lines = lines_of(note)
    return f"{_TITLE} {len(lines)}\n" + "".join(f"{line}\n" for line in lines)


def is_typed(data: bytes) -> bool:
    """Tell whether something begins as what was typed does."""
    return data.lstrip()[: len(_TITLE)].upper() == _TITLE.encode() and b"\n" in data


def read(data: bytes) -> Note:
    """Return the note that was typed. Raises NoteError, which names every line that is mistyped or missing."""
    try:
        typed = [row.strip() for row in data.decode().splitlines() if row.strip()]
    except UnicodeDecodeError:
        raise NoteError("what was typed is not UTF-8") from None
    head = _HEAD.fullmatch(" ".join(typed[0].upper().split())) if typed else None
    if head is None:
        raise NoteError("the first line is CHECKPOINT and the number of lines")
    said: dict[int, str] = {}
    wrong = []
    for place, row in enumerate(typed[1:], 1):
        found = _LINE.fullmatch(row)
        if found is None or int(found[1]) in said:
            wrong.append(str(int(found[1]) if found else place))
            continue
        number, content, letters = int(found[1]), "".join(found[2].split()), found[3].upper().translate(_MISREAD)
        content = content if _is_plain(number, content) else content.upper().translate(_MISREAD)
        said[number] = content
        if _check(number, content) != letters:
            wrong.append(str(number))
    missing = [str(number) for number in range(1, int(head[1]) + 1) if number not in said]
    if wrong or missing or len(said) != int(head[1]):
        raise NoteError(_complaint(wrong, missing))
    return _note([said[number] for number in sorted(said)])


def _complaint(wrong: Sequence[str], missing: Sequence[str]) -> str:
    parts = [f"mistyped: line {', '.join(wrong)}"] if wrong else []
    parts += [f"missing: line {', '.join(number for number in missing if number not in wrong)}"] if missing else []
    return "; ".join(parts) or "there are more lines than the first one says"


def _is_plain(number: int, content: str) -> bool:
    return number <= _PLAIN or content.startswith(_NAME)


def _note(said: Sequence[str]) -> Note:
    """Make the note again from what the lines say, which their letters have confirmed."""
    first = _PLAIN + _ROOT_LINES
    if len(said) < first or any(content.startswith(_NAME) for content in said[:first]):
        raise NoteError("origin, size and root come first")
    text = f"{said[0]}\n{said[1]}\n{encode(_unrows(said[_PLAIN:first]))}\n"
    signatures: list[Signature] = []
    names = [place for place, content in enumerate(said) if place >= first and content.startswith(_NAME)]
    if len(said) > first and names[:1] != [first]:
        raise NoteError("a signature begins with the name of its key")
    for place, end in zip(names, [*names[1:], len(said)], strict=False):
        data = _unrows(said[place + 1 : end])
        signatures.append(Signature(check_name(said[place][1:]), data[:_ID], data[_ID:]))
    note = Note(text, tuple(signatures))
    return Note.parse(str(note).encode()) if signatures else note


def _rows(data: bytes) -> Iterator[tuple[str, ...]]:
    letters = base64.b32encode(data).decode().rstrip("=")
    for start in range(0, len(letters), _WIDTH):
        row = letters[start : start + _WIDTH]
        yield tuple(row[place : place + _GROUP] for place in range(0, len(row), _GROUP))


def _unrows(rows: Sequence[str]) -> bytes:
    letters = "".join(rows)
    if not _BASE32.fullmatch(letters):
        raise NoteError("letters are A to Z and 2 to 7")
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        raise NoteError("not base32") from None
    if "".join(map("".join, _rows(data))) != letters:
        raise NoteError("base32 with a second spelling")
    return data


def _check(number: int, content: str) -> str:
    return base64.b32encode(sha256(f"{number}:{content}".encode()).digest())[:_LETTERS].decode()
