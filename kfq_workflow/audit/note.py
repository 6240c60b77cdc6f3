r"""Signed notes: a text, and lines in which keys sign it (C2SP signed-note v1). No I/O, standard library only.

    example.com/behind-the-sofa\n                       text: UTF-8, no control characters but \n, ends with \n
    20852163\n
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n
    \n                                                  the last empty line ends the text
    — example.com/behind-the-sofa Az3grlgtzPICa5OS…\n   em dash, space, key's name, space, base64(id ‖ signature)

    id     = SHA-256(name ‖ \n ‖ kind ‖ public key)[:4]
    key    = name+id in hex+base64(kind ‖ public key)   a "vkey", as auditors are given it

    kind   what is signed                                          signature
    01     the text                                                Ed25519, 64 bytes
    04     cosignature/v1\ntime T\n ‖ the text                     T, 8 bytes big endian, s since 1970 ‖ Ed25519
    FF ‖ kfq-workflow/sm2             as 01, by SM2 with SM3       r ‖ s, 64 bytes
    FF ‖ kfq-workflow/sm2-cosignature as 04, by SM2 with SM3       T ‖ r ‖ s

C2SP has assigned no byte to SM2 and reserves FF, followed by a longer name, for such kinds; others ignore these lines.
The id of a key is SHA-256 in every suite: it finds the key that is held, and is trusted with nothing.

A note that has two spellings is refused: base64 with trailing bits or white space, a second space, a missing \n.
Signatures themselves are behind `Signer` and the function that `verify` is given.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    #: Tells whether a signature of a message is a public key's: `check(key, signature, message)`.
    Check = Callable[["VerifierKey", bytes, bytes], bool]
#: Signature lines and bytes of a note; C2SP asks for 16 lines at least.
MAX_SIGNATURES, MAX_NOTE = 64, 256 * 1024
_ID, _STAMP, _SIGNATURE = 4, 8, 64
_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_HEX_ID = re.compile(r"[0-9a-f]{8}")
#: A signature line has a dash, a name and the signature.
_PARTS = 3
_LAST_SECOND = 2**63 - 1


class NoteError(ValueError):
    """The text is no note, or no key, in the one spelling that is allowed."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a key signs with: the bytes that name the algorithm, those of a public key, and the suite of logs it is for.

    A `timed` one makes cosignatures, which say when.
    """

    code: bytes
    public: int
    suite: str
    timed: bool = False


ED25519, COSIGNATURE = Kind(b"\x01", 32, "s1"), Kind(b"\x04", 32, "s1", timed=True)
SM2 = Kind(b"\xffkfq-workflow/sm2", 65, "s2")
SM2_COSIGNATURE = Kind(b"\xffkfq-workflow/sm2-cosignature", 65, "s2", timed=True)
KINDS = (ED25519, COSIGNATURE, SM2, SM2_COSIGNATURE)


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key: its name, its kind, and its bytes: 32 of Ed25519, 65 of SM2."""

    name: str
    kind: Kind
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that signature lines name the key by, together with its name."""
        return sha256(self.name.encode() + b"\n" + self.kind.code + self.public).digest()[:_ID]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode(self.kind.code + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+id+base64`. Raises NoteError, also when the id is not that of the key."""
        name, _, rest = text.partition("+")
        id_, _, data = rest.partition("+")
        check_name(name)
        material = decode(data)
        kind = kind_in(material)
        found = cls(name, kind, material[len(kind.code) :])
        if not _HEX_ID.fullmatch(id_) or len(found.public) != kind.public:
            raise NoteError("not a key of a kind that is known")
        if found.id.hex() != id_:
            raise NoteError("the key's id is not that of the key")
        return found


class Signer(Protocol):
    """Who can sign: a key in a file, a signing server, a hardware module."""

    @property
    def key(self) -> VerifierKey:
        """The public key under which the signatures are found."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes: Ed25519's, or r ‖ s of SM2."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: the key's name and id, and the bytes after the id."""

    name: str
    id: bytes
    data: bytes

    def __str__(self) -> str:
        return f"— {self.name} {encode(self.id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a line feed, and its signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Read a note, which must have at least one signature line. Raises NoteError."""
        if len(data) > MAX_NOTE:
            raise NoteError("the note is too long")
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise NoteError("the note is not UTF-8") from None
        head, found, tail = whole.rpartition("\n\n")
        if not found or not tail.endswith("\n"):
            raise NoteError("the note has no signatures, or does not end with a line feed")
        lines = tail[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise NoteError("the note has too many signatures")
        return cls(check_text(head + "\n"), tuple(map(_signature, lines)))


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was checked: whose it is, and for a cosignature when it was made, in s since 1970 UTC."""

    key: VerifierKey
    at: int | None


def kind_in(material: bytes) -> Kind:
    """Return the kind whose bytes stand before those of a key. Raises NoteError."""
    # The longest first: one code may begin another.
    for kind in sorted(KINDS, key=lambda kind: len(kind.code), reverse=True):
        if material.startswith(kind.code):
            return kind
    raise NoteError("not a key of a kind that is known")


def check_name(name: str) -> str:
    """Return a key's name: at least one letter, no spaces, no plus. Raises NoteError."""
    if not _NAME.fullmatch(name):
        raise NoteError("a key's name has no spaces and no plus, and is not empty")
    return name


def check_text(text: str) -> str:
    """Return the text of a note: it ends with a line feed and has no other control character. Raises NoteError."""
    if not text.endswith("\n") or text == "\n" or _CONTROL.search(text):
        raise NoteError("the text is empty, does not end with a line feed, or has control characters")
    return text


def sign(text: str, signer: Signer) -> Signature:
    """Return a signature line without a time. Raises NoteError when the key is one for cosignatures."""
    if signer.key.kind.timed:
        raise NoteError("the key is one for cosignatures")
    return Signature(signer.key.name, signer.key.id, signer.sign(check_text(text).encode()))


def cosign(text: str, signer: Signer, at: int) -> Signature:
    """Return a cosignature line, made at `at` s since 1970 UTC. Raises NoteError when the key is of another kind."""
    if not signer.key.kind.timed:
        raise NoteError("the key is not one for cosignatures")
    data = at.to_bytes(_STAMP, "big") + signer.sign(_cosigned(check_text(text), at))
    return Signature(signer.key.name, signer.key.id, data)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def verify(note: Note, keys: Iterable[VerifierKey], check: Check) -> list[Signed]:
    """Return the signatures of these keys. Lines of other keys say nothing; one of these that is false refuses all.

    Raises NoteError for a false one. No signature of these keys is an empty list: the note must then be ignored.
    """
    known = {(key.name, key.id): key for key in keys}
    found = []
    for line in note.signatures:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        at, message, data = None, note.text.encode(), line.data
        if key.kind.timed:
            at, data = int.from_bytes(data[:_STAMP], "big"), data[_STAMP:]
            message = _cosigned(note.text, at)
        if len(data) != _SIGNATURE or (at or 0) > _LAST_SECOND or not check(key, data, message):
            raise NoteError(f"the signature of {key.name} is false")
        found.append(Signed(key, at))
    return found


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != _PARTS or parts[0] != "—":
        raise NoteError("not a signature line")
    name, data = parts[1], decode(parts[2])
    if len(data) <= _ID:
        raise NoteError("the signature is too short")
    return Signature(check_name(name), data[:_ID], data[_ID:])


def decode(text: str) -> bytes:
    """Read base64 (RFC 4648 §4) that is exactly what its bytes are written as. Raises NoteError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteError("not base64") from None
    if encode(data) != text:
        raise NoteError("base64 with a second spelling")
    return data


def encode(data: bytes) -> str:
    """Return base64 (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")
