#!/usr/bin/env python3
"""Verify an exported log, or a bundle, with one file: Python 3.9 or newer and nothing else.

    python3 verify.py FILE [--anchor FILE]... [--trust KEY]... [--statement FILE]... [--json] [--lang zh|en]

FILE is an export (log.jsonl), a bundle (a zip), or the folder that a bundle unpacks to. Exit code 0: nothing contradicts
itself, or an anchor confirms it (the words say which); 1: it cannot be read; 2: usage; 4: it was tampered with.

This program shares no line with the library that writes the logs. It is written from the pages that describe the format
and how an entry is judged (docs/reference), so that two programs must be wrong in the same way before an altered log
passes both. Read it from top to bottom:

    JSON          one spelling for each value
    hashes        SHA-256, and SM3 by hand
    signatures    Ed25519 and SM2 by hand; checkpoints, which are signed notes
    keys          which keys count: those that are trusted, and those that these have handed over to
    tree          the Merkle tree of RFC 6962
    report        findings, and what they make of the verdict
    export        the file's six blocks, each read in one pass
    chain, texts, documents, heads, places
    incarnations  what a log says that was restored from a backup
    anchors       checkpoints, against the tree
    replay        the states that follow from the entries, guards, decisions, and one method for each kind of entry
    numbers and calendars; approvals; effects; corrections
    bundle        a zip of one spelling; parts of a log, and the hashes that place them in the whole
    words         what people read, in Chinese and English
    command line

Memory does not grow with the number of entries: the blocks of an export are sorted alike, so they are read side by side.
Kept are what is read of reserved instances (actors, numbers), of each seal, and of the instance that is being read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import copy
import datetime as dt
import hashlib
import json
import os
import re
import struct
import sys
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Set,
    TextIO,
    Tuple,
)

if TYPE_CHECKING:
    from typing import TypeGuard  # Python 3.10 has it

LINE_LIMIT = 16_777_216
ENTRY_LIMIT = 65_535
LARGEST = 2**53 - 1
KEPT = 1000  # findings that are kept of one layer and kind, the first by place
HEADS = 100_000  # so many heads of seals are compared, or a quarter of the entries, those of the newest seals first

HEX64 = re.compile(r"[0-9a-f]{64}\Z")
HEX32 = re.compile(r"[0-9a-f]{32}\Z")


class Unreadable(Exception):
    """This is no log, bundle, anchor or key at all: there is nothing to verify. By a code of SENTENCES, and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, {name: shown(value) for name, value in facts.items()}

    def __str__(self) -> str:
        return sentence(self.code, self.facts, zh=False)


class Malformed(ValueError):
    """Some bytes have not the one spelling that they may have."""


# ---------------------------------------------------------------------------------------------------------------- JSON
#
# RFC 8785, restricted: strings, integers of at most 2**53-1 in size, booleans, null, arrays, objects with ASCII keys.
# A value has one spelling only, so the check is to write it again and to compare. That finds spaces, double keys,
# "1_0", -0, other escapes and wrong order alike.


def _no_float(_text: str) -> Any:
    raise Malformed("a number that is no integer")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST:
        raise Malformed("a number that is too large")
    return int(text)


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Malformed("NUL")
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if not name.isascii():
                raise Malformed("a key that is not ASCII")
            _check_strings(name)
            _check_strings(item)


_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode
_read = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float, parse_int=_integer).decode


def canonical(value: Any) -> bytes:
    """Return the one spelling of a value."""
    return _write(value).encode()


def parse(data: bytes) -> Any:
    """Read canonical JSON; raises Malformed for everything else."""
    try:
        value = _read(data.decode())
        if canonical(value) != data:
            raise Malformed("not canonical")
        if not data.isascii() or b"\\u0000" in data:
            _check_strings(value)
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON: %s" % error) from None
    return value


def is_int(value: Any, least: int = 0) -> TypeGuard[int]:
    """Whether this is an integer that the format may hold; True and False are none."""
    return type(value) is int and least <= value <= LARGEST


def is_hex(value: Any) -> TypeGuard[str]:
    """Whether this is a hash: 64 hex digits in lower case."""
    return isinstance(value, str) and HEX64.match(value) is not None


def unbase64(text: str) -> bytes:
    """Read base64 in its one spelling: padded, no bits to spare, no other characters."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Malformed("not base64")
    return data


# -------------------------------------------------------------------------------------------------------------- hashes
#
#     leaf      H(00 || bytes)                    node      H(01 || left || right)
#     text      H(02 || salt || u32 len || field || value)
#     document  H(03 || bytes)                    H: SHA-256 in suite s1, SM3 in s2

Hash = Callable[[bytes], bytes]


def sha256(data: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    """Return SM3 (GB/T 32905-2016), from OpenSSL where it has it."""
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        return sm3_by_hand(data)


def _rotated(word: int, by: int) -> int:
    by %= 32
    return (word << by | word >> (32 - by)) & 0xFFFFFFFF


_SM3_T = [_rotated(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64)]


def sm3_by_hand(data: bytes) -> bytes:
    """Return SM3: the padding of 5.2, the message's expansion of 5.3.2, the compression of 5.3.3."""
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data += b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack(">Q", 8 * len(data))
    for start in range(0, len(data), 64):
        w = list(struct.unpack(">16I", data[start : start + 64]))
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _rotated(w[j - 3], 15)
            w.append(x ^ _rotated(x, 15) ^ _rotated(x, 23) ^ _rotated(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            ss1 = _rotated((_rotated(a, 12) + e + _SM3_T[j]) & 0xFFFFFFFF, 7)
            ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
            gg = e ^ f ^ g if j < 16 else e & f | ~e & g
            tt1 = (ff + d + (ss1 ^ _rotated(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, _rotated(b, 9), c
            e, f, g, h = tt2 ^ _rotated(tt2, 9) ^ _rotated(tt2, 17), e, _rotated(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h))]
    return struct.pack(">8I", *state)


SUITES: Dict[str, Hash] = {"s1": sha256, "s2": sm3}


# ---------------------------------------------------------------------------------------------------------- signatures
#
# Ed25519 as RFC 8032 5.1 has it, for verifying only; nothing here is secret, so nothing needs to be fast or blind.
# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
Point = Tuple[int, int, int, int]


def _add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point, scalar = _add(point, point), scalar >> 1
    return total


def _point(data: bytes) -> Optional[Point]:
    """Decode a point (RFC 8032 5.1.3), or None: y must be below p, and there is no x = 0 with a sign."""
    y, sign = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point(bytes.fromhex("58" + "66" * 31))


def ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes is this key's: S below the order, both points in their one spelling."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _ORDER or _BASE is None:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _ORDER
    x, y, z, _ = _add(_times(s, _BASE), _times(k, (_P - a[0], a[1], 1, _P - a[3])))  # sB - kA is to be R
    return (x - r[0] * z) % _P == 0 and (y - r[1] * z) % _P == 0


# SM2 as GB/T 32918.2 has it, on the curve of GB/T 32918.5, y^2 = x^3 - 3x + b, for verifying only.
#
#     Z = SM3(bits of the id, 2 bytes || id || a || b || xG || yG || xA || yA)    the id is 1234567812345678
#     e = SM3(Z || message)     t = r + s     (x, y) = sG + tA     it is A's signature where r = e + x, all modulo n
#
# Points are (X, Y, Z) with x = X/Z^2, y = Y/Z^3; Z is 0 at infinity.

SM2_P = 2**256 - 2**224 - 2**96 + 2**64 - 1
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SM2_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SM2_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Jacobian = Tuple[int, int, int]


def _sm2_double(p: Jacobian) -> Jacobian:
    x, y, z = p
    delta, gamma = z * z % SM2_P, y * y % SM2_P
    beta, alpha = x * gamma % SM2_P, 3 * (x - delta) * (x + delta) % SM2_P
    new = (alpha * alpha - 8 * beta) % SM2_P
    return new, (alpha * (4 * beta - new) - 8 * gamma * gamma) % SM2_P, 2 * y * z % SM2_P


def _sm2_add(p: Jacobian, q: Jacobian) -> Jacobian:
    if not p[2] or not q[2]:
        return q if not p[2] else p
    square, other = p[2] * p[2] % SM2_P, q[2] * q[2] % SM2_P
    u, s = p[0] * other % SM2_P, p[1] * q[2] * other % SM2_P
    h, r = (q[0] * square - u) % SM2_P, (q[1] * p[2] * square - s) % SM2_P
    if not h:
        return _sm2_double(p) if not r else (1, 1, 0)
    v, cube = u * h * h % SM2_P, h * h * h % SM2_P
    x = (r * r - cube - 2 * v) % SM2_P
    return x, (r * (v - x) - s * cube) % SM2_P, p[2] * q[2] * h % SM2_P


def sm2(key: bytes, message: bytes, signature: bytes, id_: bytes = b"1234567812345678") -> bool:
    """Whether r || s, 64 bytes, is the signature of this key, 04 || x || y."""
    if len(key) != 65 or key[0] != 4 or len(signature) != 64:
        return False
    x, y = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % SM2_N
    on = x < SM2_P and y < SM2_P and (y * y - x * x * x + 3 * x - SM2_B) % SM2_P == 0
    if not on or not 0 < r < SM2_N or not 0 < s < SM2_N or not t:
        return False
    total: Jacobian = (1, 1, 0)
    base, own = (*SM2_G, 1), (x, y, 1)
    both = _sm2_add(base, own)
    for bit in range(255, -1, -1):
        total = _sm2_double(total)
        chosen = {(1, 0): base, (0, 1): own, (1, 1): both}.get((s >> bit & 1, t >> bit & 1))
        total = _sm2_add(total, chosen) if chosen else total
    if not total[2]:
        return False
    numbers = b"".join(n.to_bytes(32, "big") for n in (SM2_P - 3, SM2_B, *SM2_G))
    z = sm3(struct.pack(">H", 8 * len(id_)) + id_ + numbers + key[1:])
    found = total[0] * pow(total[2] * total[2], SM2_P - 2, SM2_P) % SM2_P
    return (int.from_bytes(sm3(z + message), "big") + found - r) % SM2_N == 0


# A checkpoint (c2sp.org/tlog-checkpoint) is a signed note (c2sp.org/signed-note):
#
#     zones.example.cn/0123456789abcdef0123456789abcdef         origin
#     20852163                                                  size: the number of leaves
#     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=              root
#
#     - zones.example.cn/log base64(ID, 4 bytes || signature)   (with a dash that is U+2014)
#
#     key      NAME+ID+base64(kind || public key)     ID = SHA-256(NAME || 0A || kind || public key)[:4]
#     kind 01  Ed25519 over the text
#     kind 04  T, 8 bytes, s since 1970 UTC || Ed25519 over "cosignature/v1\ntime T\n" || the text
#     kind FF || "kfq-workflow/sm2"                SM2 over the text
#     kind FF || "kfq-workflow/sm2-cosignature"    T, 8 bytes || SM2 as kind 04

_DASH = "\u2014"
#: By the kind's bytes, the longest first: how long a public key is, what verifies, whether a time is signed.
ALGORITHMS: Dict[bytes, Tuple[int, Callable[[bytes, bytes, bytes], bool], bool]] = {
    b"\xffkfq-workflow/sm2-cosignature": (65, sm2, True),
    b"\xffkfq-workflow/sm2": (65, sm2, False),
    b"\x01": (32, ed25519, False),
    b"\x04": (32, ed25519, True),
}
_KEY_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+\Z")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_LAST_SECOND = _LARGEST_SIZE = 2**63 - 1
_NOTE_LIMIT, _NOTE_SIGNATURES = 262_144, 64


class Key(NamedTuple):
    """A public key that somebody trusts."""

    name: str
    id: bytes
    kind: bytes
    public: bytes

    @property
    def timed(self) -> bool:
        """Whether it makes cosignatures, which say when."""
        return ALGORITHMS[self.kind][2]

    @property
    def short(self) -> str:
        """Return what people tell it by: its name and id."""
        return "%s+%s" % (self.name, self.id.hex())


class Signature(NamedTuple):
    """A line under a note."""

    name: str
    id: bytes
    data: bytes


class Note(NamedTuple):
    """A text that ends with a line feed, and the lines under it."""

    text: str
    signatures: Tuple[Signature, ...]


class Checkpoint(NamedTuple):
    """What a log was: which one, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes


class Anchor(NamedTuple):
    """A checkpoint where it was found."""

    label: str
    said: Checkpoint
    note: Note


def read_key(text: str) -> Key:
    """Read a public key; raises Malformed."""
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    data = unbase64(encoded)
    kind = next((kind for kind in ALGORITHMS if data.startswith(kind)), None)
    if kind is None:
        raise Malformed("a kind of key that is not known")
    if not _KEY_NAME.match(name) or re.match(r"[0-9a-f]{8}\Z", digits) is None:
        raise Malformed("not a key")
    if len(data) != len(kind) + ALGORITHMS[kind][0]:
        raise Malformed("not a key")
    if sha256(name.encode() + b"\n" + data)[:4].hex() != digits:
        raise Malformed("not the key's id")
    return Key(name, bytes.fromhex(digits), kind, data[len(kind) :])


def read_signature(line: str) -> Signature:
    """Read a line under a note; raises Malformed."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH or not _KEY_NAME.match(parts[1]):
        raise Malformed("not a signature line")
    data = unbase64(parts[2])
    if len(data) < 5:
        raise Malformed("not a signature line")
    return Signature(parts[1], data[:4], data[4:])


def _check_text(text: str) -> str:
    if not text.endswith("\n") or text == "\n" or _CONTROLS.search(text):
        raise Malformed("the text is empty, does not end with a line feed, or has control characters")
    return text


def read_note(data: bytes) -> Note:
    """Read a signed note; raises Malformed."""
    if len(data) > _NOTE_LIMIT:
        raise Malformed("too long")
    try:
        text, empty, below = data.decode().rpartition("\n\n")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    lines = below.split("\n")
    if not empty or lines.pop() or len(lines) > _NOTE_SIGNATURES:
        raise Malformed("no signatures, too many, or no line feed at the end")
    return Note(_check_text(text + "\n"), tuple(map(read_signature, lines)))


def _read_size(text: str) -> int:
    if re.match(r"(0|[1-9][0-9]{0,18})\Z", text, re.ASCII) is None or int(text) > _LARGEST_SIZE:
        raise Malformed("not a size")
    return int(text)


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; raises Malformed."""
    lines = _check_text(text).split("\n")
    if len(lines) != 4 or not lines[0]:
        raise Malformed("not three lines")
    size, root = _read_size(lines[1]), unbase64(lines[2])
    if len(root) != 32:
        raise Malformed("not a root")
    return Checkpoint(lines[0], size, root)


# From paper a checkpoint is typed in line by line, each with three letters that check it:
#
#     CHECKPOINT 9                              how many lines
#     1  zones.example.cn/0123...  QPN          origin; then size, two lines of base32 for the root,
#     5  @zones.example.cn/log     VZA          and for each signature the key's name and lines of base32
#
#     letters = base32(SHA-256(number || : || what the line says, without spaces))[:3]
#
# Spaces and case of base32 do not count, and 0, 1, 8 are read as O, I, B there.

_TYPED = re.compile(r"([0-9]{1,4})\s+(\S.*?)\s+([A-Za-z0-9]{3})\Z", re.ASCII)
_MISREAD = str.maketrans("018", "OIB")


def _typed(data: bytes) -> List[str]:
    """Return what the typed lines say; raises Malformed, which names those that are mistyped or missing."""
    try:
        rows = [row.strip() for row in data.decode().splitlines() if row.strip()]
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    head = re.match(r"CHECKPOINT ([1-9][0-9]{0,3})\Z", " ".join(rows[0].upper().split()), re.ASCII)
    if head is None:
        raise Malformed("the first line is CHECKPOINT and the number of lines")
    said: Dict[int, str] = {}
    wrong: Set[int] = set()
    for row, line in enumerate(rows[1:], 1):
        found = _TYPED.match(line)
        if found is None or int(found.group(1)) in said:
            wrong.add(int(found.group(1)) if found else row)
            continue
        number, content = int(found.group(1)), "".join(found.group(2).split())
        if number > 2 and not content.startswith("@"):
            content = content.upper().translate(_MISREAD)
        said[number] = content
        letters = base64.b32encode(sha256(b"%d:%s" % (number, content.encode())))[:3].decode()
        if letters != found.group(3).upper().translate(_MISREAD):
            wrong.add(number)
    wrong |= set(range(1, int(head.group(1)) + 1)) - set(said)
    if wrong:
        raise Malformed("mistyped or missing line: %s" % ", ".join(map(str, sorted(wrong))))
    if len(said) != int(head.group(1)):
        raise Malformed("more lines than the first one says")
    return [said[number] for number in sorted(said)]


def _base32(rows: Iterable[str]) -> bytes:
    letters = "".join(rows)
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error:
        raise Malformed("not base32") from None
    if base64.b32encode(data).decode().rstrip("=") != letters or not letters:
        raise Malformed("not base32")
    return data


def read_typed(data: bytes) -> Note:
    """Read a checkpoint that was typed in from paper; raises Malformed."""
    said = _typed(data)
    starts = [number for number, content in enumerate(said) if number >= 4 and content.startswith("@")]
    if len(said) < 4 or any(content.startswith("@") for content in said[:4]) or (len(said) > 4 and starts[:1] != [4]):
        raise Malformed("origin, size and root come first, then the name of each key with its signature")
    text = "%s\n%s\n%s\n" % (said[0], said[1], base64.b64encode(_base32(said[2:4])).decode())
    lines = [
        "%s %s %s\n" % (_DASH, said[start][1:], base64.b64encode(_base32(said[start + 1 : end])).decode())
        for start, end in zip(starts, [*starts[1:], len(said)])
    ]
    return read_note((text + "\n" + "".join(lines)).encode()) if lines else Note(text, ())


def read_anchor(label: str, data: bytes) -> Anchor:
    """Read a checkpoint with signatures, its text alone, or what was typed in from paper; raises Malformed."""
    if data.lstrip()[:10].upper() == b"CHECKPOINT" and b"\n" in data:
        note = read_typed(data)
    elif b"\n\n" in data:
        note = read_note(data)
    else:
        try:
            note = Note(data[: _NOTE_LIMIT + 1].decode(), ())
        except UnicodeDecodeError:
            raise Malformed("not UTF-8") from None
        if len(data) > _NOTE_LIMIT:
            raise Malformed("too long")
    return Anchor(label, read_checkpoint(note.text), note)


Signed = List[Tuple[Key, Optional[int]]]


def signed_by(note: Note, keys: Iterable[Key]) -> Signed:
    """Return which of these keys have signed, and when cosigners say that they did; raises Malformed for a false line.

    Lines of other keys say nothing.
    """
    known = {(key.name, key.id): key for key in keys}
    found: Signed = []
    for line in note.signatures:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        at, message, data = None, note.text.encode(), line.data
        if key.timed:
            at, data = int.from_bytes(data[:8], "big"), data[8:]
            message = b"cosignature/v1\ntime %d\n" % at + message
        if (at or 0) > _LAST_SECOND or not ALGORITHMS[key.kind][1](key.public, message, data):
            raise Malformed("false signature: %s" % key.name)
        found.append((key, at))
    return found


# ---------------------------------------------------------------------------------------------------------------- keys
#
# A key hands over to the next one, or is revoked, by a signed note on ~log (an entry `keyed`), or one kept outside:
#
#     kfq-handover/v1               kfq-revocation/v1
#     ORIGIN, SIZE, ROOT            ORIGIN, SIZE, ROOT           three lines: the log when this was said
#     KEY, which hands over         KEY, which is revoked
#     KEY, which takes over         retired | lost | compromised
#                                   T                            s since 1970 UTC
#     signed by both                signed by the key itself, or by one after it in the line

_HANDOVER, _REVOCATION = "kfq-handover/v1", "kfq-revocation/v1"


class Statement(NamedTuple):
    """A statement: by which key, `new` which takes over, or None where `key` is revoked since `at`."""

    label: str
    said: Checkpoint
    note: Note
    key: Key
    new: Optional[Key]
    at: int


def read_statement(label: str, data: bytes) -> Statement:
    """Read a statement about keys; raises Malformed."""
    note = read_note(data)
    lines = note.text[:-1].split("\n")
    wanted = {_HANDOVER: 6, _REVOCATION: 7}.get(lines[0])
    if len(lines) != wanted:
        raise Malformed("not a statement about keys")
    said = read_checkpoint("".join(line + "\n" for line in lines[1:4]))
    key = read_key(lines[4])
    if lines[0] == _HANDOVER:
        new = read_key(lines[5])
        if key.kind != new.kind or key.timed or key == new:
            raise Malformed("not two keys of one kind that sign checkpoints")
        return Statement(label, said, note, key, new, 0)
    if lines[5] not in ("retired", "lost", "compromised"):
        raise Malformed("no reason")
    return Statement(label, said, note, key, None, _read_size(lines[6]))


def _log_of(origin: str) -> str:
    """Return an origin up to the log's name, without the number of an incarnation."""
    found = re.match(r".*/[0-9a-f]{32}(?=/|\Z)", origin)
    return found.group() if found else origin


class Keys:
    """The keys that count for a log: those that somebody trusts, and those that these have handed over to."""

    def __init__(self, trust: Iterable[Key], origin: str, book: Book) -> None:
        self.origin, self.book = origin, book
        self.through: Dict[Key, Tuple[Key, ...]] = dict.fromkeys(trust, ())  # those by which one is trusted
        self.next: Dict[Key, Key] = {}
        self.revoked: Dict[Key, Statement] = {}
        self.found: Dict[Key, str] = {}  # where the handover to a key was found
        self.taken: List[Tuple[str, Statement]] = []  # layer, statement

    def __bool__(self) -> bool:
        return bool(self.through)

    def take(self, layer: str, statement: Statement, seq: Optional[int] = None) -> None:
        """Take note of a statement; find what is wrong with it."""
        where: Tuple[Optional[str], Optional[int]] = ("~log" if seq is not None else None, seq)
        if _log_of(statement.said.origin) != _log_of(self.origin):
            self.book.find(
                layer + ".other_log", *where, label=statement.label, origin=statement.said.origin, expected=self.origin
            )
            return
        if statement.key not in self.through:
            return
        wrong = self._wrong(statement)
        if wrong:
            new, other = statement.new, self.next.get(statement.key)
            self.book.find(
                "%s.%s" % (layer, wrong), *where, label=statement.label, key=statement.key.short,
                new=new and new.short, other=other and other.short,
            )  # fmt: skip
            return
        self.taken.append((layer, statement))
        if statement.new is not None:
            self.next[statement.key] = statement.new
            self.through.setdefault(statement.new, (*self.through[statement.key], statement.key))
            self.found.setdefault(statement.new, statement.label)
        else:
            before = self.revoked.get(statement.key)
            if before is None or statement.said.size < before.said.size:
                self.revoked[statement.key] = statement

    def _wrong(self, statement: Statement) -> str:
        key, new = statement.key, statement.new
        try:
            signed = {one for one, _ in signed_by(statement.note, [*self.through, *([new] if new else [])])}
        except Malformed:
            return "statement_bad"
        if new is None:
            able = {key, *(one for one in self._after(key) if one not in self.revoked)}
            return "" if able & signed else "revocation_foreign"
        if not {key, new} <= signed:
            return "statement_bad"
        if key in self._after(new):
            return "handover_loop"
        if self.next.get(key, new) != new:
            return "handover_second"
        return "handover_revoked" if key in self.revoked and key not in self.next else ""

    def _after(self, key: Key) -> Iterator[Key]:
        while key in self.next:
            key = self.next[key]
            yield key

    def counting(self, signed: Signed, size: int) -> Signed:
        """Return those signatures under a checkpoint of so many leaves that count."""
        times = [at for key, at in signed if at is not None and key not in self.revoked]
        return [
            (key, at) for key, at in signed
            if key not in self.revoked
            or size <= self.revoked[key].said.size
            or (times and min(times) <= self.revoked[key].at)
        ]  # fmt: skip

    def path(self, key: Key) -> str:
        """Return the way to a key from one that is trusted by itself; empty for such a one."""
        way = self.through[key]
        steps = [*way[1:], key] if way else []
        return "".join(
            [one.name for one in way[:1]] + [" \u2192 %s (%s)" % (one.name, self.found[one]) for one in steps]
        )


def in_order(statements: Iterable[Statement]) -> List[Statement]:
    """Return statements that were kept outside in the order in which they are taken."""
    given = list(statements)
    own = [one for one in given if one.new is None and any(
        (line.name, line.id) == (one.key.name, one.key.id) for line in one.note.signatures
    )]  # fmt: skip
    found, left = list(own), [one for one in given if one.new is not None]
    while left:
        led = {one.new for one in left}
        ready = [one for one in left if one.key not in led] or left
        found, left = found + ready, [one for one in left if one not in ready]
    return found + [one for one in given if one.new is None and one not in own]


# ---------------------------------------------------------------------------------------------------------------- tree


class Peaks:
    """A run of leaves, from a position on, as the roots of the perfect trees that it consists of.

    Of leaves 5 to 12 these are the roots over 5, 6-7, 8-11 and 12: each width is a power of two, and each position a
    multiple of its width. Two neighbours of one width are joined where they are siblings.
    """

    def __init__(self, hash_: Hash, start: int = 0) -> None:
        self.hash, self.start, self.end = hash_, start, start
        self.trees: List[Tuple[int, int, bytes]] = []  # position, width, root

    def add(self, root: bytes, width: int = 1) -> None:
        """Add the perfect tree that begins where the run ends."""
        self.trees.append((self.end, width, root))
        self.end += width
        while len(self.trees) > 1:
            (position, left, one), (_, right, two) = self.trees[-2:]
            if left != right or position % (2 * left):
                return
            self.trees[-2:] = [(position, 2 * left, self.hash(b"\x01" + one + two))]

    def extend(self, other: Peaks) -> None:
        """Add a run that begins where this one ends."""
        for _, width, root in other.trees:
            self.add(root, width)

    def root(self) -> bytes:
        """Return the root over all leaves, where the run begins with the first."""
        if not self.trees:
            return self.hash(b"")
        root = self.trees[-1][2]
        for _, _, left in reversed(self.trees[:-1]):
            root = self.hash(b"\x01" + left + root)
        return root


def root_of_proof(hash_: Hash, leaf: bytes, index: int, size: int, proof: List[bytes]) -> Optional[bytes]:
    """Return the root to which an inclusion proof leads (RFC 9162 2.1.3.2), or None if it is too short or too long."""
    if index >= size:
        return None
    fn, sn, root = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = hash_(b"\x01" + sibling + root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = hash_(b"\x01" + root + sibling)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


# -------------------------------------------------------------------------------------------------------------- report


class Finding(NamedTuple):
    """Something that was found: in which layer, of what kind, where."""

    layer: str
    kind: str
    severity: str
    instance: Optional[str]
    seq: Optional[int]
    facts: Dict[str, str]


_SHOWN = 300


def shown(value: Any) -> str:
    """Return a value as a finding shows it: words as they are, all else as JSON, and of what is long the beginning."""
    try:
        text = value if isinstance(value, str) else "-" if value is None else _write(value)
    except (TypeError, ValueError, RecursionError):
        text = "?"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\u2026"


def listed(values: Iterable[Any]) -> str:
    """Return names in order, with commas."""
    return ", ".join(sorted(map(str, values)))


_LAYERS = ("database", "bytes", "chain", "replay", "cache", "text", "document", "tree", "anchor", "bundle")


def place(finding: Finding) -> Tuple[Any, ...]:
    """Return where a finding stands among others."""
    seq = -1 if finding.seq is None else finding.seq
    return finding.instance is not None, finding.instance or "", seq, _LAYERS.index(finding.layer)


class Book:
    """What was found, and what could not be looked at."""

    def __init__(self) -> None:
        self.kept: Dict[str, List[Finding]] = {}
        self.noted = 0
        self.worst = ""
        self.unchecked: Dict[str, bool] = {}
        self.entries = self.instances = self.redacted = self.lost = 0
        self.counts = dict.fromkeys(("decided", "witnessed", "attested", "late", "refused"), 0)
        self.anchored: Optional[Dict[str, Any]] = None

    def find(self, code: str, instance: Optional[str] = None, seq: Optional[int] = None, **facts: Any) -> None:
        """Note an error, by LAYER.KIND, with the facts that its sentence wants."""
        self._note(code, "error", instance, seq, facts)
        self.worst = "error"

    def warn(self, code: str, instance: Optional[str] = None, seq: Optional[int] = None, **facts: Any) -> None:
        """Note what somebody should look at."""
        self._note(code, "warning", instance, seq, facts)

    def _note(
        self, code: str, severity: str, instance: Optional[str], seq: Optional[int], facts: Dict[str, Any]
    ) -> None:
        layer, kind = code.split(".")
        kept = self.kept.setdefault(code, [])
        told = {name: shown(value) for name, value in facts.items()}
        kept.append(Finding(layer, kind, severity, instance, seq, told))
        self.noted += 1
        if len(kept) > 2 * KEPT:
            kept.sort(key=place)
            del kept[KEPT:]

    @property
    def findings(self) -> List[Finding]:
        """Return what is kept: what concerns the whole log, then by instance, entry and layer."""
        return sorted((one for kept in self.kept.values() for one in sorted(kept, key=place)[:KEPT]), key=place)

    def skip(self, what: str, *, needed: bool = False) -> None:
        """Note what was not looked at; needed: whoever relies on the verdict would expect it to have been."""
        self.unchecked[what] = self.unchecked.get(what, False) or needed

    @property
    def verdict(self) -> str:
        """Return what may be said."""
        if self.worst:
            return "tampered"
        if any(self.unchecked.values()):
            return "incomplete"
        return "anchored" if self.anchored else "self-consistent"

    def as_json(self) -> Dict[str, Any]:
        """Return the report as `kfq verify --json` has it."""
        found: Dict[str, Any] = {"verdict": self.verdict, "entries": self.entries, "instances": self.instances}
        if self.anchored:
            found["anchored"] = self.anchored
        if self.lost:
            found["lost"] = self.lost
        found["redacted"] = self.redacted
        found["not_checked"] = sorted(self.unchecked)
        found["findings"] = [
            {
                "layer": one.layer, "kind": one.kind, "severity": one.severity, "instance": one.instance,
                "seq": one.seq, "message": sentence("%s.%s" % (one.layer, one.kind), one.facts, zh=False),
            }
            for one in self.findings
        ]  # fmt: skip
        return found


# -------------------------------------------------------------------------------------------------------------- export
#
# One value a line, in six blocks, each sorted bytewise:
#
#     {"document":{"body":S,"digest":HEX,"kind":S|null}}                   by digest
#     {"actor":S,"at":I,"body":{...},...}                                  by instance, seq
#     {"text":{"field":S,"instance":S,"salt":HEX,"seq":I,"value":S}}       by instance, seq, field
#     {"head":{"instance":S,"leaf":HEX,"seq":I}}                           by instance
#     {"placed":{"count":I,"instance":S,"position":I,"seq":I}}             by instance, seq
#     {"checkpoint":{"note":S,"root":HEX,"size":I}}                        by size, note, root
#
# How a line begins says to which block it belongs, whether it can be read or not.


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str)


_FIELDS: Dict[str, Dict[str, Callable[[Any], bool]]] = {
    "document": {"body": _is_text, "digest": is_hex, "kind": lambda value: value is None or isinstance(value, str)},
    "entry": {},
    "text": {
        "field": _is_text, "instance": _is_text, "salt": lambda value: _is_text(value) and bool(HEX32.match(value)),
        "seq": is_int, "value": _is_text,
    },
    "head": {"instance": _is_text, "leaf": is_hex, "seq": is_int},
    "placed": {"count": lambda value: is_int(value, 1), "instance": _is_text, "position": is_int, "seq": is_int},
    "checkpoint": {"note": _is_text, "root": is_hex, "size": is_int},
}  # fmt: skip
BLOCKS = tuple(_FIELDS)
_STARTS = {b'{"actor":' if block == "entry" else b'{"%s":' % block.encode(): block for block in BLOCKS}


def block_of(line: bytes) -> Optional[str]:
    """Return the block to which a line belongs, by how it begins."""
    return _STARTS.get(line[: line.find(b":") + 1])


def read_record(block: str, data: bytes) -> Dict[str, Any]:
    """Read a line that is no entry, without its line feed; raises Malformed."""
    value = parse(data)
    fields = _FIELDS[block]
    record = value[block]
    if len(value) != 1 or not isinstance(record, dict) or set(record) != set(fields):
        raise Malformed("other keys")
    if not all(check(record[name]) for name, check in fields.items()):
        raise Malformed("a value of the wrong type")
    return record


class Entry(NamedTuple):
    """An entry: what its columns say, its leaf, and its body (None where that is not canonical)."""

    actor: str
    at: int
    body: Optional[Dict[str, Any]]
    definition: Optional[str]
    instance: str
    kind: str
    log: str
    prev: str
    req: Optional[str]
    seq: int
    v: int
    via: str
    leaf: bytes
    size: int


_COLUMNS = ("actor", "at", "body", "def", "instance", "kind", "log", "prev", "req", "seq", "v", "via")


def _columns(value: Any) -> bool:
    """Whether the columns of an entry, body aside, are of the types that they must have."""
    return (
        isinstance(value, dict)
        and len(value) == len(_COLUMNS)
        and all(name in value for name in _COLUMNS)
        and all(isinstance(value[name], str) for name in ("actor", "instance", "kind", "log", "via"))
        and is_int(value["at"], -LARGEST) and is_int(value["seq"], -LARGEST) and is_int(value["v"], -LARGEST)
        and (value["def"] is None or is_hex(value["def"]))
        and (value["req"] is None or isinstance(value["req"], str))
        and is_hex(value["prev"])
        and HEX32.match(value["log"]) is not None
    )  # fmt: skip


def _says_words(body: Any) -> bool:
    """Whether a body is an object, of which `texts` and `on`, where there are any, hold words only."""
    return isinstance(body, dict) and all(
        isinstance(part, dict) and all(map(_is_text, part.values()))
        for part in (body[name] for name in ("texts", "on") if name in body)
    )


def read_entry(hash_: Hash, data: bytes) -> Entry:
    """Read an entry from its line, without the line feed; raises Malformed.

    A body in another spelling leaves an entry that hashes to a leaf and says nothing; of everything else in another
    spelling nothing can be told.
    """
    body: Optional[Dict[str, Any]]
    try:
        value = parse(data)
        whole = True
    except Malformed:
        try:
            value = json.loads(data.decode())
        except (ValueError, RecursionError):
            raise Malformed("not an entry") from None
        whole = False
    if not _columns(value):
        raise Malformed("not an entry")
    body = value["body"] if whole and _says_words(value["body"]) else None
    if not whole:
        told = {**value, "body": 0}
        try:
            start, end = canonical(told).split(b',"body":0,"def":', 1)
        except UnicodeEncodeError:
            raise Malformed("not an entry") from None
        start, end = start + b',"body":', b',"def":' + end
        if not (data.startswith(start) and data.endswith(end) and len(start) + len(end) < len(data)):
            raise Malformed("not an entry")
        try:
            json.loads(data[len(start) : -len(end)].decode())  # one value, and nothing after it
        except (ValueError, RecursionError):
            raise Malformed("not an entry") from None
        try:
            inner = parse(data[len(start) : -len(end)])
            body = inner if _says_words(inner) else None
        except Malformed:
            body = None
    return Entry(
        value["actor"], value["at"], body, value["def"], value["instance"], value["kind"], value["log"], value["prev"],
        value["req"], value["seq"], value["v"], value["via"], hash_(b"\x00" + data), len(data),
    )  # fmt: skip


class Part(NamedTuple):
    """A file, or the bytes of a member inside a file."""

    path: str
    start: int
    size: int

    def read(self) -> bytes:
        """Return all of it."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it, in pieces."""
        with open(self.path, "rb") as file:
            file.seek(self.start)
            left = self.size
            while left and (data := file.read(min(left, 1 << 20))):
                left -= len(data)
                yield data

    def lines(self, offset: int = 0) -> Iterator[Tuple[int, bytes]]:
        """Yield lines with their offsets, with their line feeds; one that is too long comes in pieces without."""
        with open(self.path, "rb") as file:
            file.seek(self.start + offset)
            while offset < self.size and (line := file.readline(min(LINE_LIMIT, self.size - offset))):
                yield offset, line
                offset += len(line)


class Lines:
    """The lines of an export, by block. Where each block lies is found in a first pass."""

    def __init__(self, part: Part, book: Book) -> None:
        self.part, self.book = part, book
        self.spans: Dict[str, Tuple[int, int, int]] = {}  # block: offset, end, number of the first line
        self.bad: Set[int] = set()
        self.reserved: List[int] = []  # the offsets at which entries of ~log, ~actor/ID and ~definition/NAME may be
        self._scan()

    def _scan(self) -> None:
        rank = 0
        for number, (offset, line) in enumerate(self.part.lines(), 1):
            block = block_of(line)
            if block == "entry" and b'"instance":"~' in line:
                self.reserved.append(offset)
            if block is None:
                self.refuse(number, "unknown")
            elif BLOCKS.index(block) < rank:
                self.refuse(number, "out of place")
            else:
                rank = BLOCKS.index(block)
                first = self.spans.get(block, (offset, 0, number))
                self.spans[block] = (first[0], offset + len(line), first[2])

    def refuse(self, number: int, reason: str) -> None:
        """Say once that a line cannot be read."""
        if number not in self.bad:
            self.bad.add(number)
            self.book.find("bytes.line", line=number, reason=reason)

    def raw(self, block: str) -> Iterator[Tuple[int, bytes]]:
        """Yield the number and bytes of each line of a block that ends with a line feed."""
        if block not in self.spans:
            return
        start, end, number = self.spans[block]
        for offset, line in self.part.lines(start):
            if offset >= end:
                return
            if number not in self.bad:
                if line.endswith(b"\n"):
                    yield number, line[:-1]
                else:
                    self.refuse(number, "truncated")
            number += 1

    def records(self, block: str) -> Iterator[Dict[str, Any]]:
        """Yield what the lines of a block say that is not that of the entries."""
        ascending = {"document": ("digest",), "checkpoint": ("size", "note", "root")}.get(block, ())
        last: Tuple[Any, ...] = ()
        for number, data in self.raw(block):
            try:
                record = read_record(block, data)
                here = tuple(record[name] for name in ascending)
                if last and here <= last:
                    raise Malformed("out of order")
                last = here
            except Malformed as error:
                self.refuse(number, str(error))
                continue
            yield record

    def entries(self, hash_: Hash, log: str) -> Iterator[Entry]:
        """Yield the entries of this log."""
        for number, data in self.raw("entry"):
            try:
                entry = read_entry(hash_, data)
                if entry.log != log:
                    raise Malformed("of another log")
            except Malformed as error:
                self.refuse(number, str(error))
                continue
            yield entry

    def reserved_entries(self, hash_: Hash, prefix: str) -> Iterator[Entry]:
        """Yield the entries of reserved instances, before all others are read: genesis and seals, actors, definitions."""
        for offset in self.reserved:
            _, line = next(self.part.lines(offset))
            try:
                entry = read_entry(hash_, line[:-1]) if line.endswith(b"\n") else None
            except Malformed:
                continue
            if entry is not None and entry.instance.startswith(prefix):
                yield entry

    def log_entries(self, hash_: Hash) -> Iterator[Entry]:
        """Yield the entries of ~log."""
        return (entry for entry in self.reserved_entries(hash_, "~log") if entry.instance == "~log")

    def _line_at(self, offset: int) -> Tuple[int, bytes]:
        """Return the first line that begins at an offset or after it."""
        if offset == 0:
            return next(self.part.lines(0), (0, b""))
        skipped, rest = next(self.part.lines(offset - 1), (0, b""))
        return next(self.part.lines(skipped + len(rest)), (self.part.size, b""))

    def chain(self, hash_: Hash, log: str, instance: str) -> Iterator[Entry]:
        """Yield the entries of one instance, which is looked for by halves."""
        low, high, _ = self.spans.get("entry", (0, 0, 0))
        first = low
        while low < high:
            middle = (low + high) // 2
            offset, line = self._line_at(middle)
            found = self._key(hash_, line) if offset < high else None
            while found is None and offset + len(line) < high and line:
                offset, line = self._line_at(offset + len(line))
                found = self._key(hash_, line)
            if found is None or found >= instance:
                high = middle
            else:
                low = offset + len(line)
        begun = False
        for _, line in self.part.lines(self._line_at(max(low, first))[0]):
            if block_of(line) not in (None, "entry"):
                return
            try:
                entry = read_entry(hash_, line[:-1])
            except Malformed:
                continue
            if entry.instance != instance:
                if begun:
                    return
                begun = True
                continue
            begun = True
            if entry.log == log:
                yield entry

    @staticmethod
    def _key(hash_: Hash, line: bytes) -> Optional[str]:
        if block_of(line) != "entry":
            return None
        try:
            return read_entry(hash_, line[:-1]).instance
        except Malformed:
            return None


# ------------------------------------------------------------------------------- chain, texts, documents, heads, places
#
#     genesis <- first entry <- second entry <- ... <- head
#
# `prev` is the leaf of the entry before; for an instance's first entry that of the genesis; for the genesis 64 zeros.


class Stream:
    """Sorted records beside the sorted entries: those before an entry, and those at it."""

    def __init__(self, records: Iterable[Any], key: Callable[[Any], Any]) -> None:
        self._records, self._key = iter(records), key
        self._next = next(self._records, None)

    def before(self, key: Any) -> Iterator[Any]:
        """Yield the records that come before a key; all that are left for None."""
        while self._next is not None and (key is None or self._key(self._next) < key):
            found, self._next = self._next, next(self._records, None)
            yield found

    def at(self, key: Any) -> Iterator[Any]:
        """Yield the records that stand at a key."""
        while self._next is not None and self._key(self._next) == key:
            found, self._next = self._next, next(self._records, None)
            yield found


class Chain:
    """Where the reading of one instance stands."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.seq = 0
        self.leaf = b""
        self.at: Optional[int] = None
        self.unplaced: Optional[int] = None
        self.placed: Optional[Tuple[int, bytes]] = None  # number and leaf of the newest entry that has a place
        self.places: List[Tuple[int, int, bytes]] = []  # position, number and leaf of the newest entry in each seal
        self.missing: Set[Tuple[int, str]] = set()  # texts that are gone, until an entry that erased them is met
        self.opened: Set[Tuple[int, str]] = set()  # texts that are there


_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(/[A-Za-z0-9._~-]+)*\Z")


class Genesis(NamedTuple):
    """What the first entry says of the whole log."""

    log: str
    leaf: bytes
    suite: str
    hash: Hash
    origin: str
    offset: int


def find_genesis(lines: Lines) -> Optional[Genesis]:
    """Find the log's first entry, by which everything else is read."""
    for entry in lines.log_entries(sha256):
        if entry.seq == 1:
            body = entry.body or {}
            suite, origin, offset = body.get("suite"), body.get("origin"), body.get("utc_offset")
            if not isinstance(suite, str) or not is_int(offset, -900):
                continue
            hash_ = SUITES.get(suite, sha256)
            for again in lines.log_entries(hash_):
                if again.seq == 1 and (again.body or {}).get("suite") == suite:
                    entry = again
                    break
            host = origin if isinstance(origin, str) and _HOST.match(origin) else "kfq"
            return Genesis(entry.log, entry.leaf, suite, hash_, "%s/%s" % (host, entry.log), int(offset or 0))
    return None


class Places:
    """The `placed` lines, read beside the entries: where each entry lies in the tree."""

    def __init__(self, records: Iterable[Dict[str, Any]], book: Book) -> None:
        self._records, self._book = iter(records), book
        #: Whether a line is named once only, at its first number, and an entry that stands twice has its place twice.
        self.once = False
        self._last: Tuple[str, int, int] = ("", 0, 0)
        self._told = False
        self._line = next(self._records, None)
        self._seq = self._line["seq"] if self._line else 0  # the first number of the line that was not met yet

    def _forward(self, instance: Optional[str], seq: int) -> None:
        """Say of all places before an entry that nothing lies there."""
        while self._line is not None:
            line, end = self._line, self._line["seq"] + self._line["count"]
            here = line["instance"] == instance
            if instance is not None and (line["instance"] > instance or (here and self._seq > seq)):
                return
            stop = min(end, seq) if here else end
            while self._seq < stop:
                if not (self.once and self._told):
                    position = line["position"] + self._seq - line["seq"]
                    self._book.find("tree.place_orphan", line["instance"], self._seq, position=position)
                self._told = True
                full = len(self._book.kept["tree.place_orphan"]) >= KEPT
                self._seq = stop if self.once or full else self._seq + 1
            if self._seq < end:
                return
            self._line, self._told = next(self._records, None), False
            self._seq = self._line["seq"] if self._line else 0

    def of(self, instance: str, seq: int) -> Optional[int]:
        """Return the position of an entry; None where it has none."""
        if self.once and self._last[:2] == (instance, seq):
            return self._last[2]
        self._forward(instance, seq)
        line = self._line
        if line is None or line["instance"] != instance or self._seq != seq:
            return None
        self._seq += 1
        self._last = instance, seq, int(line["position"]) + seq - int(line["seq"])
        return self._last[2]

    def close(self) -> None:
        """Say of all places that are left that nothing lies there."""
        self._forward(None, 0)


class Run:
    """Leaves that are to follow each other from a position on, cut where a checkpoint's root will be wanted."""

    def __init__(self, hash_: Hash, start: int, cuts: FrozenSet[int] = frozenset()) -> None:
        self.hash, self.cuts, self.start, self.end = hash_, cuts, start, start
        self.parts: List[Peaks] = []
        self.broken = False

    def add(self, leaf: bytes) -> None:
        """Add the next leaf."""
        if not self.parts or self.end in self.cuts:
            self.parts.append(Peaks(self.hash, self.end))
        self.parts[-1].add(leaf)
        self.end += 1

    def jump(self, position: int) -> None:
        """Go on elsewhere: what was read cannot be put together any more."""
        self.broken, self.parts, self.end = True, [], position


class Seal:
    """One seal: the positions that it gave, in the three runs that come in the order of the file each.

    ~log's entries | all others, by (instance, seq) | its own entry `sealed`
    """

    def __init__(self, hash_: Hash, seq: int, start: int, size: int, logs: int) -> None:
        self.seq, self.start, self.size = seq, start, size
        self.logs = Run(hash_, start)
        self.others = Run(hash_, start + logs)
        self.own = Run(hash_, size - 1)
        self.said: Dict[str, Any] = {}
        self.heads = Peaks(hash_)

    @property
    def runs(self) -> Tuple[Run, Run, Run]:
        """Return its runs from left to right."""
        return self.logs, self.others, self.own


class Tree:
    """The tree over all sealed entries, put together while the entries are read."""

    def __init__(self, genesis: Genesis, log: Iterable[Entry], book: Book) -> None:
        self.hash, self.book = genesis.hash, book
        self.seals: List[Seal] = []
        self.newest: Optional[Entry] = None
        self.roots: Dict[int, bytes] = {}
        last = size = 0
        for entry in log:
            if entry.kind != "sealed" or entry.log != genesis.log:
                continue
            said = (entry.body or {}).get("size")
            if (
                not is_int(said)
                or not is_int((entry.body or {}).get("instances"))
                or "heads" not in (entry.body or {})
                or said <= size + max(entry.seq - 1 - last, 0)
            ):
                book.find("tree.seal_size", "~log", entry.seq, size=said, before=size)
                continue
            self.seals.append(Seal(self.hash, entry.seq, size, said, max(entry.seq - 1 - last, 0)))
            last, size, self.newest = entry.seq, said, entry
            self.seals[-1].said = entry.body or {}
        room, first = max(HEADS, size // 4), len(self.seals)
        while first and (room >= self.seals[first - 1].said["instances"] or first == len(self.seals)):
            first -= 1
            room -= self.seals[first].said["instances"]
        if first:
            book.skip("heads %d" % first)
        self.compared = self.seals[first:]

    @property
    def size(self) -> int:
        """Return the number of leaves, as the newest seal says."""
        return self.seals[-1].size if self.seals else 0

    def _seal(self, position: int) -> Seal:
        low, high = 0, len(self.seals) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if position < self.seals[middle].size else (middle + 1, high)
        return self.seals[low]

    def place(self, entry: Entry, position: int) -> None:
        """Put an entry at its place, and say where that is not the next one of its run."""
        if position >= self.size:
            self.book.find("tree.position_unsealed", entry.instance, entry.seq, position=position, size=self.size)
            return
        seal = self._seal(position)
        run = seal.others
        if entry.instance == "~log":
            run = seal.own if entry.seq == seal.seq else seal.logs
        if position != run.end:
            where = entry.instance, entry.seq
            if position > run.end:
                self.book.find("tree.position_missing", *where, first=run.end, last=position - 1)
            else:
                self.book.find("tree.position_moved", *where, position=position, expected=run.end)
            run.jump(position + 1)
        else:
            run.add(entry.leaf)

    def note(self, chain: Chain, position: int, entry: Entry) -> None:
        """Keep the newest entry of a chain in each seal."""
        if position >= self.size:
            return
        own = position == self._seal(position).size - 1
        place = position, entry.seq, entry.leaf
        if chain.places and not own and self._seal(chain.places[-1][0]) is self._seal(position):
            chain.places[-1] = place
        else:
            chain.places.append(place)

    def head(self, chain: Chain) -> None:
        """Note the newest entry of a chain below each seal, as `heads` says it."""
        at = 0
        newest: Optional[Tuple[int, bytes]] = None
        for seal in self.compared:
            while at < len(chain.places) and chain.places[at][0] < seal.size - 1:
                newest = chain.places[at][1:]
                at += 1
            if newest is not None:
                line = canonical({"head": {"instance": chain.instance, "leaf": newest[1].hex(), "seq": newest[0]}})
                seal.heads.add(self.hash(b"\x00" + line))

    def close(self) -> None:
        """Compare the heads; put the runs together from left to right as far as they follow each other."""
        for seal in self.compared:
            if (seal.said.get("heads"), seal.said.get("instances")) != (seal.heads.root().hex(), seal.heads.end):
                self.book.find(
                    "tree.heads_differ", "~log", seal.seq, size=seal.size, expected=seal.said.get("instances"),
                    found=seal.heads.end,
                )  # fmt: skip
        whole = Peaks(self.hash)
        self.roots[0] = whole.root()
        for seal in self.seals:
            if any(run.broken for run in seal.runs):
                return
            ends = zip(seal.runs, (seal.others.start, seal.own.start, seal.size))
            wrong = next(((run.end, end) for run, end in ends if run.end != end), None)
            if wrong:
                self.book.find("tree.position_missing", "~log", seal.seq, first=min(wrong), last=max(wrong) - 1)
                return
            for run in seal.runs:
                for part in run.parts:
                    whole.extend(part)
            self.roots[whole.end] = whole.root()


class Documents:
    """Rules, labels and calendars, each under its digest."""

    def __init__(self, records: Iterable[Dict[str, Any]], hash_: Hash, book: Book) -> None:
        self.book = book
        self.kinds: Dict[str, Optional[str]] = {}
        self.rules: Dict[str, str] = {}  # only what hashes to its digest can be read
        self.calendars: Dict[str, Calendar] = {}
        self.named: Set[str] = set()
        for record in records:
            digest, kind, body = record["digest"], record["kind"], record["body"]
            self.kinds[digest] = kind
            if hash_(b"\x03" + body.encode()).hex() != digest:
                book.find("document.digest", document=digest)
            elif kind in ("rules", None):
                self.rules[digest] = body
            elif kind == "calendar":
                try:
                    self.calendars[digest] = read_calendar(body)
                except Malformed:
                    continue  # which the replay finds

    def name(self, digest: str, kind: str, entry: Entry) -> None:
        """Note a document that an entry registers; raises Malformed where it names none."""
        if not is_hex(digest):
            raise Malformed("not a digest")
        self.named.add(digest)
        if digest not in self.kinds:
            self.book.find("document.missing", entry.instance, entry.seq, document=digest)
        elif self.kinds[digest] not in (kind, None):
            self.book.find(
                "document.kind", entry.instance, entry.seq, document=digest, found=self.kinds[digest], expected=kind
            )

    def used(self, digest: str) -> None:
        """Note the rules under which an entry stands."""
        if digest not in self.kinds or self.kinds[digest] not in ("rules", None):
            self.book.find("document.missing", document=digest)

    def close(self) -> None:
        """Say which documents nobody needs."""
        for digest in sorted(set(self.kinds) - self.named):
            self.book.warn("document.unused", document=digest)


def commitments(entry: Entry) -> Dict[str, Any]:
    """Return the commitments to texts that an entry holds, by field."""
    texts = (entry.body or {}).get("texts", {})
    return dict(texts) if isinstance(texts, dict) else {}


def commitment(hash_: Hash, text: Dict[str, Any]) -> str:
    """Return what an entry must hold for a text: H(02 || salt || u32 len || field || value)."""
    field = text["field"].encode()
    return hash_(
        b"\x02" + bytes.fromhex(text["salt"]) + struct.pack(">I", len(field)) + field + text["value"].encode()
    ).hex()


class Given(NamedTuple):
    """What an auditor brings: checkpoints, keys that are trusted, statements about keys."""

    anchors: Tuple[Anchor, ...] = ()
    trust: Tuple[Key, ...] = ()
    statements: Tuple[Statement, ...] = ()


class Verification:
    """The verification of an export."""

    partly = False  # whether not all of the log is there
    withheld = False  # whether it was made without texts

    with_documents = True

    def __init__(self, lines: Lines, genesis: Genesis, given: Given, came: Iterable[Anchor] = ()) -> None:
        self.lines, self.genesis = lines, genesis
        book = self.book = lines.book
        self.hash = self.genesis.hash
        if self.genesis.suite not in SUITES:
            book.skip("suite " + self.genesis.suite, needed=True)
        self.known = genesis.suite in SUITES
        self.keys = Keys(given.trust, genesis.origin, book)
        self._statements(given.statements)
        self.kept = self._checkpoints() if self.known else []
        self.held, self.carried = list(given.anchors), list(given.anchors[:0])
        for anchor in came:
            (self.held if self._vouched(anchor) else self.carried).append(anchor)
        anchors = [*self.kept, *self.held, *self.carried]
        sizes = [anchor.said.size for anchor in anchors] + [one.said.size for _, one in self.keys.taken]
        self.cuts = frozenset(sizes)
        self.tree = self._tree()
        self.documents = Documents(self.lines.records("document"), self.hash, book)
        texts = iter(()) if self.withheld else self.lines.records("text")
        self.texts = Stream(texts, lambda text: (text["instance"], text["seq"]))
        self.heads = Stream(self.lines.records("head"), lambda head: head["instance"])
        self.places = Places(self.lines.records("placed"), book)
        self.replay: Optional[Replay] = Replay(self)

    def shown(self, instance: Any) -> bool:  # noqa: ARG002
        """Whether the chain of an instance is there to be looked at."""
        return True

    def chain(self, instance: str) -> Iterator[Entry]:
        """Yield the entries of one instance."""
        return self.lines.chain(self.hash, self.genesis.log, instance)

    def reserved(self, prefix: str) -> Iterator[Entry]:
        """Yield the entries of reserved instances whose keys begin so."""
        return (entry for entry in self.lines.reserved_entries(self.hash, prefix) if entry.log == self.genesis.log)

    def _tree(self) -> Any:
        return Tree(self.genesis, self.lines.log_entries(self.hash) if self.known else (), self.book)

    def run(self) -> None:
        """Read everything once."""
        chain: Optional[Chain] = None
        genesis = False
        for entry in self.lines.entries(self.hash, self.genesis.log):
            if chain is None or entry.instance != chain.instance:
                if chain is not None:
                    self._end(chain)
                    if entry.instance < chain.instance:
                        self.book.find("chain.sorted", entry.instance, before=chain.instance)
                chain = Chain(entry.instance)
                self.book.instances += 1
            self.book.entries += 1
            genesis = genesis or (entry.instance, entry.seq, entry.kind) == ("~log", 1, "genesis")
            self._link(chain, entry)
            self._texts(chain, entry)
            self._place(chain, entry)
            self._bytes(entry)
            self._see(entry)
            if self.replay is not None:
                self.replay.read(entry)
        if chain is not None:
            self._end(chain)
        if self.replay is not None:
            self.replay.close()
        if not genesis:
            self.book.find("chain.genesis_missing", "~log", 1)
        self._close()

    def _see(self, entry: Entry) -> None:
        """Note what else is wanted of an entry."""

    def _bytes(self, entry: Entry) -> None:
        if entry.v != 1:
            self.book.warn("bytes.version", entry.instance, entry.seq, version=entry.v)
            self.book.skip("version %d" % entry.v, needed=True)
            return
        if entry.size > ENTRY_LIMIT:
            self.book.find("bytes.too_large", entry.instance, entry.seq, size=entry.size, limit=ENTRY_LIMIT)
        if entry.body is None:
            self.book.find("bytes.not_canonical", entry.instance, entry.seq)

    def _link(self, chain: Chain, entry: Entry) -> None:
        find = self.book.find
        if chain.seq and entry.seq == chain.seq:
            find("chain.duplicate", entry.instance, entry.seq)
        elif entry.seq <= chain.seq:
            find("chain.order", entry.instance, entry.seq, before=chain.seq)
        elif entry.seq != chain.seq + 1:
            find("chain.gap", entry.instance, entry.seq, first=chain.seq + 1, last=entry.seq - 1)
        before = chain.leaf or (bytes(32) if entry.instance == "~log" else self.genesis.leaf)
        if bytes.fromhex(entry.prev) != before:
            if entry.seq == 1:
                find("chain.first_prev", entry.instance, entry.seq)
            else:
                find("chain.prev", entry.instance, entry.seq, before=chain.seq or entry.seq - 1)
        if chain.at is not None and entry.at < chain.at:
            find("chain.clock_back", entry.instance, entry.seq, before=chain.seq)
        chain.seq, chain.leaf, chain.at = entry.seq, entry.leaf, entry.at

    def _texts(self, chain: Chain, entry: Entry) -> None:
        key, find = (entry.instance, entry.seq), self.book.find
        for text in self.texts.before(key):
            find("text.orphan", text["instance"], text["seq"], field=text["field"])
        if entry.body is None:
            list(self.texts.at(key))
            return
        wanted = commitments(entry)
        for text in self.texts.at(key):
            field = text["field"]
            if field not in wanted:
                find("text.uncommitted", *key, field=field)
            elif wanted.pop(field) != commitment(self.hash, text):
                find("text.differs", *key, field=field)
        for field in wanted:
            chain.missing.add((entry.seq, field))
        chain.opened.update((entry.seq, field) for field in commitments(entry) if field not in wanted)
        if entry.kind == "redacted":
            self._erased(chain, entry.seq, entry.body)

    def _erased(self, chain: Chain, by: int, body: Dict[str, Any]) -> None:
        """Take away what an entry has erased: it must be gone, and nothing else may be."""
        erases = body.get("erases")
        for about in erases if isinstance(erases, list) else ():
            if not isinstance(about, dict) or not is_int(about.get("seq")) or not isinstance(about.get("field"), str):
                continue
            place = about["seq"], about["field"]
            if place in chain.opened:
                self.book.find("text.present", chain.instance, place[0], field=place[1], by=by)
            self.book.redacted += place in chain.missing
            chain.missing.discard(place)

    def _gone(self, instance: str, seq: int, field: str) -> None:
        """Say of a text that it is gone, and that no entry of its chain erased it."""
        if not self.withheld:
            self.book.find("text.missing", instance, seq, field=field)

    def _place(self, chain: Chain, entry: Entry) -> None:
        if self.known:
            self._at(chain, entry, self.places.of(entry.instance, entry.seq))

    def _at(self, chain: Chain, entry: Entry, position: Optional[int]) -> None:
        if position is None:
            chain.unplaced = chain.unplaced or entry.seq
            return
        if chain.unplaced is not None:
            self.book.find("tree.entry_unplaced", entry.instance, chain.unplaced, after=entry.seq)
            chain.unplaced = None
        chain.placed = entry.seq, entry.leaf
        self.tree.note(chain, position, entry)
        self.tree.place(entry, position)

    def _end(self, chain: Chain) -> None:
        find = self.book.find
        for seq, field in sorted(chain.missing):
            self._gone(chain.instance, seq, field)
        for head in self.heads.before(chain.instance):
            find("cache.row_orphan", head["instance"], head["seq"])
        head = next(self.heads.at(chain.instance), None)
        if head is None:
            find("cache.row_missing", chain.instance, chain.seq)
        else:
            if head["seq"] != chain.seq:
                find("cache.seq", chain.instance, chain.seq, found=head["seq"], expected=chain.seq)
            if head["leaf"] != chain.leaf.hex():
                leaf = chain.leaf.hex()
                find("cache.head", chain.instance, chain.seq, found=head["leaf"], expected=leaf)
        self.tree.head(chain)

    def _close(self) -> None:
        for text in self.texts.before(None):
            self.book.find("text.orphan", text["instance"], text["seq"], field=text["field"])
        for head in self.heads.before(None):
            self.book.find("cache.row_orphan", head["instance"], head["seq"])
        self._close_tree()
        if self.with_documents:
            self.documents.close()
        self.book.skip("caches")
        self.book.skip("triggers")
        self._compare()

    def _close_tree(self) -> None:
        if self.known:
            self.places.close()
            self.tree.close()

    def log(self) -> Iterator[Entry]:
        """Yield the entries of ~log."""
        return (entry for entry in self.lines.log_entries(self.hash) if entry.log == self.genesis.log)

    def _statements(self, kept: Iterable[Statement]) -> None:
        """Take the statements about keys that are on record, then those that were kept outside."""
        outside, keyed = list(kept), [entry for entry in self.log() if entry.kind == "keyed"] if self.known else []
        if not self.keys:
            if outside or keyed:
                self.book.skip("signatures")
            return
        for entry in keyed:
            try:
                statement = read_statement("~log #%d" % entry.seq, str((entry.body or {}).get("note")).encode())
            except (Malformed, UnicodeEncodeError):
                continue  # which the replay finds
            self.keys.take("tree", statement, entry.seq)
        for statement in in_order(outside):
            self.keys.take("anchor", statement)

    def _vouched(self, anchor: Anchor) -> bool:
        """Whether a trusted key has signed a checkpoint that came along; a false signature is one, so that it is found."""
        try:
            return bool(signed_by(anchor.note, self.keys.through))
        except Malformed:
            return True

    def _checkpoints(self) -> List[Anchor]:
        """Read the checkpoints that the log has kept."""
        found: List[Anchor] = []
        for record in self.lines.records("checkpoint"):
            try:
                anchor = read_anchor("kfq_checkpoint %d" % record["size"], record["note"].encode())
            except (Malformed, UnicodeEncodeError) as error:
                self.book.find("tree.checkpoint_malformed", size=record["size"], reason=str(error))
                continue
            if (anchor.said.size, anchor.said.root.hex()) != (record["size"], record["root"]):
                reason = "it says another size or root than its line"
                self.book.find("tree.checkpoint_malformed", size=record["size"], reason=reason)
            found.append(anchor)
        return found

    def _compare(self) -> None:
        """Compare checkpoints and statements with the tree; the largest from outside that holds is the anchor."""
        if not self.known:
            for anchor in self.held:
                self.book.skip("anchor " + anchor.label, needed=True)
            return
        lines = Incarnations(self.genesis.origin)
        lines.read(self.log(), self.tree.roots, self.book, partly=self.partly)
        check = Comparison(lines, self.keys, self.tree.roots, self.tree.size, self.book, partly=self.partly)
        for layer, one in self.keys.taken:
            check.compare(layer, Anchor(one.label, one.said, one.note))
        for anchor in self.kept:
            check.kept(anchor)
        for anchor in self.carried:
            check.compare("anchor", anchor)
        check.held(self.held, self._newer)
        self._rests_on()

    def _rests_on(self) -> None:
        """Nothing: the anchor of a whole log covers the ends of all chains."""

    def _newer(self, size: int) -> int:
        return max(self.book.entries - size, 0)


# -------------------------------------------------------------------------------------------------------- incarnations
#
# A restore from a backup cuts the tree; the log goes on as a new incarnation, which an entry `recovered` begins:
#
#     {"incarnation":N,"kept":{"root":HEX,"size":I},"lost":[{"note":HEX,"origin":S,"root":HEX,"size":I}],..}
#
# The origin of incarnation N > 1 is that of the first, a slash and N. What is left of one, its cut, is the smallest
# `kept` of the recoveries after it.

_ORIGIN = re.compile(r"(.+/[0-9a-f]{32})(?:/([2-9]|[1-9][0-9]{1,8}))?\Z", re.ASCII)


class Recovery(NamedTuple):
    """What an entry `recovered` says: the incarnation that it begins, the tree that was left, what was published."""

    seq: int
    incarnation: int
    size: int
    root: bytes
    lost: Tuple[Checkpoint, ...]


def read_recovery(seq: int, body: Dict[str, Any]) -> Recovery:
    """Read the body of an entry `recovered`; raises Malformed."""
    number, kept, lost = body.get("incarnation"), body.get("kept"), body.get("lost")
    if not is_int(number, 2) or not isinstance(kept, dict) or not isinstance(lost, list) or not lost:
        raise Malformed("incarnation, kept, lost")
    if not is_int(kept.get("size")) or not is_hex(kept.get("root")):
        raise Malformed("kept")
    found = []
    for one in lost:
        if not isinstance(one, dict) or set(one) != {"note", "origin", "root", "size"}:
            raise Malformed("lost")
        if not isinstance(one["origin"], str) or not is_int(one["size"], 1):
            raise Malformed("lost")
        if not is_hex(one["root"]) or not is_hex(one["note"]):
            raise Malformed("lost")
        found.append(Checkpoint(one["origin"], one["size"], bytes.fromhex(one["root"])))
    places = [one[:2] for one in found]
    if places != sorted(set(places)):
        raise Malformed("lost: not in order")
    return Recovery(seq, number, kept["size"], bytes.fromhex(kept["root"]), tuple(found))


class Incarnations:
    """The lines of a log, `base` being the origin of the first, and its recoveries, oldest first."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.recoveries: List[Recovery] = []

    @property
    def number(self) -> int:
        """The incarnation that the log is in."""
        return max((one.incarnation for one in self.recoveries), default=1)

    def number_of(self, origin: str) -> Optional[int]:
        """Return the incarnation that an origin names; None where it is another log's."""
        found = _ORIGIN.match(origin)
        base, number = (found.group(1), int(found.group(2) or 1)) if found else (origin, 1)
        return number if base == self.base else None

    def cut(self, number: int) -> Optional[int]:
        """Return how many leaves are left of an incarnation; None where nothing of it was lost."""
        return min((one.size for one in self.recoveries if one.incarnation > number), default=None)

    def named(self, number: int) -> List[Checkpoint]:
        """Return the checkpoints of an incarnation that recoveries name, by size."""
        after = (one for one in self.recoveries if one.incarnation > number)
        found = [lost for one in after for lost in one.lost if self.number_of(lost.origin) == number]
        return sorted(found, key=lambda lost: lost.size)

    def read(self, log: Iterable[Entry], roots: Dict[int, bytes], book: Book, *, partly: bool) -> None:
        """Take the entries of ~log, and find what cannot be true of recoveries; partly: not all seals are there."""
        sizes: Set[int] = {0}
        for entry in log:
            body = entry.body or {}
            if entry.kind == "sealed" and is_int(body.get("size")):
                sizes.add(body["size"])
            if entry.kind != "recovered":
                continue
            try:
                recovery = read_recovery(entry.seq, body)
            except Malformed:
                continue  # which the replay finds
            self._check(recovery, sizes | {recovery.size} if partly else sizes, roots, book)
            self.recoveries.append(recovery)
            sizes = set()
        for recovery in self.recoveries:
            for number in sorted({self.number_of(lost.origin) or 0 for lost in recovery.lost} - {0}):
                book.warn("tree.recovered", "~log", recovery.seq, number=number, left=recovery.size)
        for number in range(1, self.number):
            named = self.named(number)
            if named:
                book.lost += max(named[-1].size - (self.cut(number) or 0), 0)

    def _check(self, recovery: Recovery, sizes: Set[int], roots: Dict[int, bytes], book: Book) -> None:
        where = "~log", recovery.seq
        if recovery.incarnation <= self.number:
            book.find("tree.recovery_number", *where, number=recovery.incarnation, before=self.number)
        if recovery.size not in sizes or roots.get(recovery.size, recovery.root) != recovery.root:
            book.find("tree.recovery_kept", *where, size=recovery.size)
        for lost in recovery.lost:
            number = self.number_of(lost.origin)
            if number is None or number >= recovery.incarnation:
                book.find("tree.recovery_origin", *where, origin=lost.origin, size=lost.size)
                continue
            cut = self.cut(number)
            left = recovery.size if cut is None else min(recovery.size, cut)
            if lost.size <= left:
                book.find("tree.recovery_nothing", *where, origin=lost.origin, size=lost.size, left=left)


# ------------------------------------------------------------------------------------------------------------- anchors


class Comparison:
    """Compares checkpoints with the roots of the tree; partly: not all of these can be told."""

    def __init__(
        self, lines: Incarnations, keys: Keys, roots: Dict[int, bytes], size: int, book: Book, *, partly: bool
    ) -> None:
        self.lines, self.keys, self.roots, self.size = lines, keys, roots, size
        self.book, self.partly = book, partly
        #: The first root that was said, and by what, by origin and size.
        self.said: Dict[Tuple[str, int], Tuple[bytes, str]] = {}
        self.losses: List[str] = []
        self.proved: Set[Checkpoint] = set()
        for recovery in lines.recoveries:
            for lost in recovery.lost:
                self.said.setdefault((lost.origin, lost.size), (lost.root, "~log #%d" % recovery.seq))

    def kept(self, anchor: Anchor) -> None:
        """Compare a checkpoint that the log keeps."""
        self.compare("tree", anchor)
        self._signed("tree", anchor)

    def held(self, anchors: Iterable[Anchor], newer: Callable[[int], int]) -> None:
        """Compare the checkpoints that were held outside; the largest that holds is what the verdict rests on."""
        for anchor in sorted(anchors, key=lambda anchor: anchor.said.size):
            agrees, signed = self.compare("anchor", anchor), self._signed("anchor", anchor)
            before = self.book.anchored
            if not agrees or signed is None:
                continue
            if before and before["size"] == anchor.said.size and len(before["signed"]) >= len(signed):
                continue  # the first that was given: the auditor's own come before those of the bundle
            self.book.anchored = {
                "label": anchor.label, "origin": anchor.said.origin, "size": anchor.said.size,
                "newer": newer(anchor.said.size), "signed": [key.name for key, _ in signed],
                "at": max((at for _, at in signed if at is not None), default=None),
                "through": [way for way in (self.keys.path(key) for key, _ in signed) if way],
            }  # fmt: skip
        if self.book.anchored is None:
            for label in self.losses:
                self.book.skip("anchor " + label, needed=True)
        for recovery in self.lines.recoveries if self.keys else ():
            for lost in recovery.lost:
                if lost not in self.proved:
                    where = "~log", recovery.seq
                    self.book.warn("tree.recovery_unproved", *where, origin=lost.origin, size=lost.size)

    def compare(self, layer: str, anchor: Anchor) -> bool:
        """Compare one checkpoint with the tree, and with what others said of its size; whether it confirms the tree."""
        label, said, find = anchor.label, anchor.said, self.book.find
        number = self.lines.number_of(said.origin)
        if number is None:
            find(layer + ".other_log", label=label, origin=said.origin, expected=self.lines.base)
            return False
        root, other = self.said.setdefault((said.origin, said.size), (said.root, label))
        if root != said.root:
            find(layer + ".fork", label=label, other=other, size=said.size)
        if number > self.lines.number:
            find(layer + ".incarnation_missing", label=label, number=number, found=self.lines.number)
            return False
        cut = self.lines.cut(number)
        if cut is not None and said.size > cut:
            return self._beyond(layer, anchor, number, cut)
        if said.size > self.size:
            find(layer + ".size_shrunk", label=label, size=said.size, found=self.size)
        elif self.roots.get(said.size) == said.root:
            return True
        elif said.size in self.roots or (self.size in self.roots and not self.partly):
            find(layer + ".root_differs", label=label, size=said.size)
        else:
            self.book.skip("%s %s" % (layer, label), needed=True)
        return False

    def _beyond(self, layer: str, anchor: Anchor, number: int, cut: int) -> bool:
        """Compare a checkpoint of more leaves than a recovery has left with what that names."""
        label, said, named = anchor.label, anchor.said, self.lines.named(number)
        if self.roots.get(said.size) == said.root:
            if said in named:
                self.book.find(layer + ".recovery_false", label=label, size=said.size)
                return False
            self.book.warn(layer + ".recovery_overstated", label=label, size=said.size)
            return True
        known = named[-1].size if named else cut
        if said.size > known:
            self.book.find(layer + ".loss_unnamed", label=label, size=said.size, known=known)
        elif layer == "anchor":
            self.losses.append(label)
            self.book.warn(layer + ".lost", label=label, size=said.size, left=cut)
        return False

    def _signed(self, layer: str, anchor: Anchor) -> Optional[Signed]:
        """Return the signatures that count; None where none does."""
        if not self.keys:
            if anchor.note.signatures:
                self.book.skip("signatures")
            return []
        try:
            signed = signed_by(anchor.note, self.keys.through)
        except Malformed as error:
            self.book.find(layer + ".signature_bad", label=anchor.label, reason=str(error))
            return None
        counting = self.keys.counting(signed, anchor.said.size)
        if counting:
            self.proved.add(anchor.said)
            return counting
        if signed:
            names = listed(key.short for key, _ in signed)
            self.book.warn(layer + ".signature_revoked", label=anchor.label, names=names)
        else:
            self.book.warn(layer + ".signature_missing", label=anchor.label)
        if layer == "anchor":
            self.book.skip("anchor " + anchor.label, needed=True)
        return None


# -------------------------------------------------------------------------------------------------------------- replay
#
# Every entry is decided again, on the state of its instance after the entries before it. How: docs/reference/judging.md.
#
#     rules  {"attributes":{NAME:FIELD},"constants":{NAME:VALUE},"guards":{NAME:COND},"lang":1,"name":S,"papers":[S],
#             "parameters":{NAME:FIELD},"permissions":{"start":[ROLE],"adopt"..,"amend"..,"register"..,"supervise":..},
#             "regions":{NAME:{"active_in":{"main":[STATE]},"initial":STATE,"name":S,"states":{NAME:{"adopt_only":B,..}}}},
#             "root":WORKFLOW,"transitions":[{"effects":[..],"gate":{..},"guards":[NAME],"id":S,"papers":[S],
#             "parameters":[S],"region":S,"remembers":B,"roles":[ROLE],"sources":[STATE],"target":TARGET,"trigger":S}],..}
#     TARGET {"kind":"state","name":S} | {"kind":"same"} | {"kind":"left","name":TRIGGER}
#     COND   {"is":K,..}, K one of InStates RootIn OtherIn CausedBy Visited FieldIs ActorHas Code GateIs Unsupported All Any Not
#
# What an entry says is looked at as if it were what it must be; whatever goes wrong then (ODD) makes it malformed.

Body = Dict[str, Any]
Answer = Optional[bool]
Mark = List[Any]  # the number of an entry and its earliest day, None where that is open
ODD = (KeyError, IndexError, TypeError, AttributeError, ValueError)
SYSTEM, ADMINISTRATOR = "system", frozenset(["administrator"])
CLOSE = 60_000_000  # us: of two acts that are so close the clock cannot tell which was written first
_BASES = frozenset(["stated", "implied", "inferred"])
_REGISTRAR = ["registrar"]
#: The kinds of entries that stand on reserved instances, by what these begin with up to a slash.
_RESERVED: Dict[str, FrozenSet[str]] = {
    "~log": frozenset("genesis sealed recovered keyed ruled".split()),
    "~actor": frozenset("enrolled refused granted revoked proposed redacted declined".split()),
    "~definition": frozenset(["defined"]),
    "~number": frozenset(["retired", "released"]),
    "~calendar": frozenset(["published"]),
}
#: What an entry says that changes its instance, whatever its kind.
_CHANGES = ("attrs", "did", "gates", "remembers", "rests", "root", "set", "workflow")
_STANDING = {
    "suspended": ("held", True), "resumed": ("held", False), "voided": ("voided", True), "reinstated": ("voided", False),
}  # fmt: skip


def _month_end(year: int, month: int) -> str:
    long = month in (1, 3, 5, 7, 8, 10, 12)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return "%04d-%02d-%02d" % (year, month, 31 if long else 30 if month != 2 else 29 if leap else 28)


def _span(text: str) -> Tuple[str, str]:
    """Return the first and the last day of a date, month, quarter, half or year; raises Malformed."""
    found = re.match(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z", text, re.ASCII)
    if found is None or found.group(1) == "0000":
        raise Malformed("not a day")
    year, month = int(found.group(1)), int(found.group(2) or 0)
    if found.group(3) is not None:
        if not 1 <= month <= 12 or not "01" <= found.group(3) <= _month_end(year, month)[8:]:
            raise Malformed("not a day")
        return text, text
    first, last = month, month
    if found.group(2) is None:
        first, last = 1, 12
    elif 33 <= month <= 36:
        first, last = 3 * (month - 33) + 1, 3 * (month - 33) + 3
    elif month in (40, 41):
        first, last = (1, 6) if month == 40 else (7, 12)
    if not 1 <= first <= 12:
        raise Malformed("not a day")
    return "%04d-%02d-01" % (year, first), _month_end(year, last)


def read_day(text: str) -> Tuple[Optional[str], Optional[str]]:
    """Return the earliest and the latest day that EDTF text allows, None where that is open; raises Malformed."""
    if not (text.startswith("[") and text.endswith("]")):
        return _span(text)
    if ".." in text:
        low, high = text[1:-1].split("..", 1)
        if (not low and not high) or (low and high and (len(low) != len(high) or low >= high)):
            raise Malformed("not a span")
        return _span(low)[0] if low else None, _span(high)[1] if high else None
    spans = [_span(part) for part in text[1:-1].split(",")]
    if len(spans) < 2:
        raise Malformed("not a set")
    return min(low for low, _ in spans), max(high for _, high in spans)


def day_of(at: int, offset: int) -> str:
    """Return the day of a moment, in us since 1970 UTC, at an offset from UTC in minutes."""
    days = (at // 1_000_000 + 60 * offset) // 86_400 + 719_468  # from 0000-03-01; H. Hinnant's civil_from_days
    era, rest = divmod(days, 146_097)
    year = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    left = rest - (365 * year + year // 4 - year // 100)
    month = (5 * left + 2) // 153
    year, day = year + 400 * era + (month >= 10), left - (153 * month + 2) // 5 + 1
    return "%04d-%02d-%02d" % (year, month + 3 - 12 * (month >= 10), day) if 1 <= year <= 9999 else "9999-12-31"


def alike(one: Any, two: Any) -> bool:
    """Whether two JSON values are the same; True is not 1."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(alike(value, two[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(two) and all(map(alike, one, two))
    return bool(one == two)


def _strings(value: Any) -> List[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _object(value: Any) -> Body:
    return value if isinstance(value, dict) else {}


def _is_list(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(of, value))


class Rules:
    """A rules document, with what is looked up in it often."""

    def __init__(self, told: Body) -> None:
        self.told = told
        self.name: str = told["name"]
        self.regions: Dict[str, Body] = told["regions"]
        self.ways: List[Body] = told.get("transitions", [])
        self.by_trigger: Dict[str, List[Body]] = {}
        for way in self.ways:
            self.by_trigger.setdefault(way["trigger"], []).append(way)
        self.by_id = {way["id"]: way for way in self.ways}
        self.guards: Dict[str, Body] = told.get("guards", {})
        self.attributes: Dict[str, Body] = told.get("attributes", {})
        self.parameters: Dict[str, Body] = told.get("parameters", {})
        self.watched = {name for way in self.ways for name in way.get("gate", {}).get("not_by", ())}

    def permitted(self, act: str) -> FrozenSet[str]:
        """Return the roles that may start, register, adopt, amend or supervise."""
        default = [] if act in ("start", "supervise") else _REGISTRAR
        return frozenset(_object(self.told.get("permissions")).get(act, default))

    def active(self, region: str, states: Dict[str, str]) -> bool:
        """Whether a region has a state while the others are in these."""
        return all(states.get(other) in where for other, where in self.regions[region].get("active_in", {}).items())

    def begin(self) -> Dict[str, str]:
        """Return the states in which an instance begins."""
        states = {name: about["initial"] for name, about in self.regions.items() if not about.get("active_in")}
        more = {name: about["initial"] for name, about in self.regions.items() if self.active(name, states)}
        return {**states, **more}

    def moved(self, before: Dict[str, str], kept: Dict[str, str], changes: Dict[str, str]) -> Dict[str, Optional[str]]:
        """Return all that a change of states sets: the change, and what begins or ceases to be active by it."""
        after = {**before, **changes}
        result: Dict[str, Optional[str]] = {**changes}
        for name, about in self.regions.items():
            was, now = self.active(name, before), self.active(name, after)
            if was is not now and name not in changes:
                result[name] = kept.get(name, about["initial"]) if now else None
        return result


class Actor(NamedTuple):
    """Somebody who acts, as an entry `enrolled` or the application's resolver says."""

    id: str
    roles: FrozenSet[str] = frozenset()
    org: str = ""
    start: Any = None
    end: Any = None
    enabled: bool = True

    def acts_on(self, day: str) -> bool:
        """Whether the actor may act on a day."""
        return (
            self.enabled and (self.start is None or self.start <= day) and (self.end is None or day <= self.end)
        )  # fmt: skip


class Actors:
    """Who could do what, when: the chains ~actor/ID."""

    def __init__(self, entries: Iterable[Entry], missing: Callable[[str], None]) -> None:
        self.missing = missing
        self.known: Dict[str, List[Tuple[int, Actor]]] = {}
        for entry in entries:
            if entry.kind == "enrolled" and entry.body is not None:
                id_, body = entry.instance[len("~actor/") :], entry.body
                org, enabled = body.get("org"), body.get("enabled", True) is True
                actor = Actor(
                    id_, frozenset(_strings(body.get("roles"))), org if isinstance(org, str) else "",
                    body.get("valid_from"), body.get("valid_to"), enabled,
                )  # fmt: skip
                self.known.setdefault(id_, []).append((entry.at, actor))

    def _of(self, actor: str) -> List[Tuple[int, Actor]]:
        if actor not in self.known:
            self.missing(actor)
        return self.known.get(actor, [])

    def at(self, actor: str, at: int) -> Optional[Actor]:
        """Return an actor as of a moment; None where nobody was enrolled under that name by then."""
        return next((version for when, version in reversed(self._of(actor)) if when <= at), None)

    def around(self, actor: str, at: int) -> List[Actor]:
        """Return the versions that were in force at a moment or in the minute before."""
        known = self._of(actor)
        before = sum(when < at - CLOSE or when == at - CLOSE for when, _ in known)
        return [version for when, version in known[max(before - 1, 0) :] if when <= at]


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _is_mark(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] in ([int, str], [int, type(None)])


def _is_marks(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_mark, value.values()))


#: The parts of a snapshot that a correction may change.
_BECOMES: Dict[str, Callable[[Any], bool]] = {
    "adopted": lambda value: isinstance(value, list) and all(isinstance(region, str) for region in value),
    "attrs": lambda value: isinstance(value, dict),
    "did": _is_words,
    "kept": _is_words,
    "left": lambda value: isinstance(value, dict) and all(map(_is_words, value.values())),
    "out": lambda value: isinstance(value, dict) and all(map(_is_marks, value.values())),
    "regions": _is_words,
    "since": _is_marks,
    "visited": lambda value: isinstance(value, dict) and all(map(_is_marks, value.values())),
}


def merged(before: Any, patch: Any) -> Any:
    """Return a gate, or a part of one, after a patch."""
    if not isinstance(before, dict) or not isinstance(patch, dict) or "round" in patch:
        return patch
    return {**before, **{name: merged(before.get(name), value) for name, value in patch.items()}}


class Case:
    """An instance as far as its entries were read: its snapshot, and what else is to be known of it."""

    PARTS = ("adopted", "attrs", "did", "gates", "held", "kept", "left", "out", "regions", "since", "visited", "voided")

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.regions: Dict[str, str] = {}
        self.kept: Dict[str, str] = {}
        self.left: Dict[str, Dict[str, str]] = {}
        self.adopted: List[str] = []
        self.since: Dict[str, Mark] = {}
        self.out: Dict[str, Dict[str, Mark]] = {}
        self.visited: Dict[str, Dict[str, Mark]] = {}
        self.attrs: Body = {}
        self.gates: Dict[str, Body] = {}
        self.did: Body = {}
        self.held: Body = {}
        self.voided: Body = {}
        self.seq = self.at = 0
        self.first = True
        self.rev = 0  # the newest entry that is no note
        self.backdated = False  # whether an entry says a day that had passed, where there is a gate
        self.definition: Optional[str] = None
        self.rules: Optional[Rules] = None
        self.workflow: Any = None
        self.root: Any = None

    def copy(self) -> Case:
        """Return a case that can be changed without changing this one."""
        found = Case(self.instance)
        found.__dict__.update(self.__dict__)
        for name in ("regions", "kept", "since", "attrs"):
            setattr(found, name, dict(getattr(self, name)))
        for name in ("left", "out", "visited"):
            setattr(found, name, {region: dict(table) for region, table in getattr(self, name).items()})
        return found

    def earliest(self, rests: Iterable[int], regions: Iterable[str]) -> Optional[str]:
        """Return the latest of the earliest days of what comes before an act; None where nothing bounds it."""
        marks = [self.since[region] for region in regions if region in self.since]
        tables = [self.since, *self.out.values(), *self.visited.values()]
        wanted = set(rests)
        marks += [mark for table in tables for mark in table.values() if mark[0] in wanted]
        return max((mark[1] for mark in marks if mark[1] is not None), default=None)

    def fold(self, entry: Entry) -> None:
        """Take in what an entry changes. Raises ODD for one that is not of the form that this needs."""
        body = entry.body or {}
        if entry.kind == "rectified":
            for name, value in body["becomes"].items():
                if name not in _BECOMES or not _BECOMES[name](value):
                    raise TypeError("becomes")
                setattr(self, name, json.loads(json.dumps(value)))
            return
        changes = body.get("set") or {}
        if not all(state is None or isinstance(state, str) for state in changes.values()):
            raise TypeError("set")
        low, bound = body.get("on", {}).get("lo"), None
        if changes:
            bound = self.earliest(body.get("rests", ()), changes)
        gates, did = dict(self.gates), {**self.did, **body.get("did", {})}
        for name, patch in body.get("gates", {}).items():
            gates[name] = merged(self.gates.get(name), patch)
        if "remembers" in body and changes:
            region = body["remembers"]
            self.left.setdefault(region, {})[body["trigger"]] = body["was"][region]
        self.gates, self.did = gates, did
        if entry.kind in _STANDING:
            name, set_ = _STANDING[entry.kind]
            setattr(self, name, {"seq": entry.seq} if set_ else {})
        mark: Mark = [entry.seq, low if bound is None or (low is not None and low > bound) else bound]
        for region, state in changes.items():
            self._set(region, state, mark, adopted=entry.kind == "adopted")

    def _set(self, region: str, state: Any, mark: Mark, *, adopted: bool) -> None:
        before = self.regions.get(region)
        if before != state or region not in self.since:
            self.out.setdefault(region, {})[before or ""] = mark
        self.since[region] = mark
        self.kept.pop(region, None)
        if state is not None:
            self.regions[region] = state
        else:
            self.regions.pop(region, None)
            if before is not None and not adopted:
                self.kept[region] = before
        self.adopted = sorted({*self.adopted, region} if adopted else {*self.adopted} - {region})
        if adopted:
            self.left.pop(region, None)
        elif state is not None:
            self.visited.setdefault(region, {}).setdefault(state, mark)

    def say(self, entry: Entry) -> None:
        """Take in the facts that an entry says of its instance; raises ODD."""
        body = entry.body or {}
        if entry.instance.startswith("~"):
            if "grant" not in body:
                return
            if entry.kind == "granted":
                self.attrs["grants"] = {**self.attrs.get("grants", {}), str(entry.seq): dict(body["grant"])}
            elif entry.kind == "revoked":
                grants = self.attrs.get("grants", {})
                self.attrs["grants"] = {seq: grant for seq, grant in grants.items() if seq != str(body["grant"])}
            return
        if self.first:
            self.workflow, self.root = body.get("workflow"), body.get("root")
        if entry.kind != "rectified":
            self.attrs.update(body.get("attrs", {}))


class Witness(NamedTuple):
    """An entry of another instance as one cites it, and what that instance was after it."""

    instance: str
    seq: int
    leaf: str
    at: int
    workflow: Any
    root: Any
    regions: Dict[str, str]
    attrs: Body
    gates: Dict[str, Body]
    entry: Entry

    @property
    def body(self) -> Body:
        """What the entry says."""
        return self.entry.body or {}


class Undisclosed(Exception):
    """What is to be decided rests on an instance that is not shown."""


class Past:
    """Other instances, as they were at the entries that are cited."""

    KEPT = 32

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        self._open: Dict[str, Tuple[Case, Iterator[Entry], Optional[Entry]]] = {}

    def after(self, instance: Any, seq: Any) -> Optional[Witness]:
        """Return an entry with the state after it; None where there is none. Raises Undisclosed."""
        if not isinstance(instance, str) or type(seq) is not int:
            raise TypeError("not a citation")
        if not self.verification.shown(instance):
            raise Undisclosed(instance)
        case, entries, last = self._open.pop(instance, (Case(instance), iter(()), None))
        if case.first or case.seq > seq:
            case, entries, last = Case(instance), self.verification.chain(instance), None
        while case.seq < seq:
            last = next((entry for entry in entries if entry.body is not None), None)
            case.seq = seq if last is None else last.seq
            if last is not None and last.body is not None:
                case.workflow = last.body.get("workflow", case.workflow)
                case.root = last.body.get("root", case.root)
                case.first = False
                for take in (case.say, case.fold):
                    try:
                        take(last)
                    except ODD:
                        break
            case.first = False
        while len(self._open) >= self.KEPT:
            del self._open[next(iter(self._open))]
        self._open[instance] = case, entries, last
        if last is None or case.seq != seq:
            return None
        return Witness(
            instance, seq, last.leaf.hex(), last.at, case.workflow, case.root, dict(case.regions), dict(case.attrs),
            case.gates, last,
        )  # fmt: skip


class Act:
    """One entry before the judge."""

    def __init__(self, replay: Replay, case: Case, entry: Entry, actor: Optional[Actor], day: str) -> None:
        self.replay, self.book = replay, replay.book
        self.case, self.entry, self.actor, self.day = case, entry, actor, day
        self.body: Body = entry.body or {}
        self.compared: Set[str] = set()
        self.failed = self.undecided = False

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        if self.case.rules is None:
            raise TypeError("no rules")
        return self.case.rules

    @property
    def late(self) -> bool:
        """Whether the entry was made after the fact."""
        return self.body.get("mode") == "late"

    def find(self, wrong: str, **facts: Any) -> None:
        """Note what is wrong with the entry."""
        self.failed = True
        told = {"kind": self.entry.kind, "actor": self.entry.actor, **facts}
        self.book.find("replay." + wrong, self.entry.instance, self.entry.seq, **told)

    def warn(self, odd: str, **facts: Any) -> None:
        """Note what is odd about the entry."""
        told = {"kind": self.entry.kind, "actor": self.entry.actor, **facts}
        self.book.warn("replay." + odd, self.entry.instance, self.entry.seq, **told)

    def equal(self, name: str, expected: Any, found: Any) -> None:
        """Compare what the entry says with what it must say."""
        self.compared.add(name)
        if not alike(expected, found):
            self.find(name + "_differs", expected=expected, found=found)

    def still(self) -> None:
        """Find an entry that sets something and may not."""
        self.compared.add("set")
        if self.body.get("set"):
            self.find("set_differs", expected={}, found=self.body["set"])

    def live(self, *, late: bool) -> None:
        """Check what an entry says of when it was made."""
        expected = "late" if late else "live"
        if self.body.get("mode") != expected:
            self.find("mode", expected=expected, found=self.body.get("mode"))
        if not late and "on" not in self.body:
            self.find("date_missing")

    def nothing_else(self) -> None:
        """Find an entry that says more of its instance than was compared."""
        more = [name for name in _CHANGES if name in self.body and name not in self.compared]
        if not self.failed and more:
            self.find("says_more", names=listed(more))

    def answers(self) -> Body:
        """Return the application's answers, without those of its resolver."""
        return {name: told for name, told in self.body.get("attested", {}).items() if name != "resolver"}

    @property
    def resolved(self) -> bool:
        """Whether the application's resolver said who acted."""
        return "resolver" in self.body.get("attested", {})

    def params(self) -> Body:
        """Return the parameters; of the personal ones only that they were given."""
        start = "parameter."
        personal = {name[len(start) :]: "" for name in self.body.get("texts", {}) if name.startswith(start)}
        return {**self.body.get("params", {}), **personal}

    def papers(self) -> FrozenSet[str]:
        """Return the types of the papers that were laid."""
        return frozenset(paper["type"] for paper in self.body.get("papers", ()))


class Question(NamedTuple):
    """What is asked of the rules: whether this move may be made.

    `performer` None: whoever it may be. `stage` is fire, submit, close (with the `gates` after the deciding vote, and
    `only` the transition whose gate it is) or effect, of the act `cause`. `attrs` and `params` are those of the instance
    and of the entry where they are not given.
    """

    act: Act
    trigger: str
    performer: Optional[Actor]
    seen: Dict[str, Witness]
    late: bool = False
    stage: str = "fire"
    cause: Optional[Witness] = None
    gates: Optional[Dict[str, Body]] = None
    only: Optional[str] = None
    retired: bool = False
    papers: FrozenSet[str] = frozenset()
    attrs: Optional[Body] = None
    params: Optional[Body] = None


class Decision(NamedTuple):
    """What a move leads to, where it is allowed."""

    way: Body
    set: Dict[str, Optional[str]]
    was: Dict[str, str]
    rests: List[int]
    seen: List[Body]
    attested: Body


_OPERATORS: Dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, two: one == two,
    "ne": lambda one, two: one != two,
    "lt": lambda one, two: one < two,
    "le": lambda one, two: one <= two,
    "gt": lambda one, two: one > two,
    "ge": lambda one, two: one >= two,
}


class NoAnswer(LookupError):
    """The entry has no answer of a guard in the application's code."""


class Looking:
    """Guards, and what they look at: the entries on which their answers rest, what was read elsewhere, what code said.

    A guard holds (True), does not (False), or nobody can tell (None). Negation is handed down to the leaves, so that
    each knows what it is asked.
    """

    def __init__(self, question: Question) -> None:
        self.question, self.act, self.case = question, question.act, question.act.case
        self.rests: Set[int] = set()
        self.seen: Dict[str, Witness] = {}
        self.attested: Body = {}

    def holds(self, told: Body, *, negated: bool = False) -> Answer:
        """Whether a condition, or its negation, holds."""
        kind = told["is"]
        if kind == "Not":
            return self.holds(told["of"], negated=not negated)
        if kind in ("All", "Any"):
            parts = told.get("of", ())
            return self._every(parts, negated) if (kind == "All") is not negated else self._some(parts, negated)
        if kind == "Unsupported":
            return None
        if kind == "InStates":
            return self._in_states(told, negated)
        if kind == "Visited":
            return self._visited(told, negated)
        if kind == "ActorHas" and self.question.performer is None:
            return True
        if kind == "GateIs" and self.question.gates is None:
            return True
        return self._leaf(kind, told) is not negated

    def _every(self, parts: Iterable[Body], negated: bool) -> Answer:  # noqa: FBT001
        answer: Answer = True
        for part in parts:
            found = self.holds(part, negated=negated)
            if found is False:
                return False
            answer = None if found is None else answer
        return answer

    def _some(self, parts: Iterable[Body], negated: bool) -> Answer:  # noqa: FBT001
        answer: Answer = False
        before = set(self.rests)
        for part in parts:
            self.rests = set(before)
            found = self.holds(part, negated=negated)
            if found:
                return True
            answer = None if found is None else answer
        self.rests = before
        return answer

    def _in_states(self, told: Body, negated: bool) -> bool:  # noqa: FBT001
        region, states = told["region"], told["states"]
        if (self.case.regions.get(region) in states) is negated:
            return False
        marks = [mark[0] for state, mark in self.case.out.get(region, {}).items() if (state in states) is negated]
        if marks:
            self.rests.add(max(marks))
        return True

    def _visited(self, told: Body, negated: bool) -> bool:  # noqa: FBT001
        mark = self.case.visited.get(told["region"], {}).get(told["state"])
        if mark is not None and not negated:
            self.rests.add(mark[0])
        return (mark is not None) is not negated

    def _leaf(self, kind: str, told: Body) -> bool:
        question = self.question
        if kind == "FieldIs":
            return self._field(told)
        if kind == "ActorHas":
            return question.performer is not None and not question.performer.roles.isdisjoint(told["roles"])
        if kind == "RootIn":
            root = question.seen.get(self.case.root or "")
            return root is not None and self._there(root, told)
        if kind == "OtherIn":
            others = [
                one for key, one in question.seen.items()
                if one.workflow == told["workflow"] and key not in (self.case.instance, self.case.root)
            ]  # fmt: skip
            return True in [self._there(one, told) for one in others]  # all of them are looked at
        if kind == "CausedBy":
            cause = question.cause
            return cause is not None and self._there(cause, told) and cause.workflow == told["workflow"]
        if kind == "GateIs":
            gate = (question.gates or {}).get(told["transition"])
            against = ("open", "waiting", "blocked") if told["what"] == "voted" else ("rejected",)
            return gate is not None and not any(task["state"] in against for task in gate.get("tasks", {}).values())
        if kind == "Code":
            return self._code(told["name"])
        raise ValueError("a condition that is not known")

    def _there(self, witness: Witness, told: Body) -> bool:
        self.seen[witness.instance] = witness
        return witness.regions.get(told["region"]) in told["states"]

    def _code(self, name: str) -> bool:
        if name not in self.attested:
            answers = self.act.body.get("attested", {})
            if name not in answers or "answer" not in answers[name]:
                raise NoAnswer(name)
            answer, values = answers[name]["answer"], answers[name].get("values", {})
            self.attested[name] = {"answer": answer, **({"values": dict(values)} if values else {})}
        return bool(self.attested[name]["answer"])

    def people(self, name: str) -> List[str]:
        """Return the people whom code names."""
        if name not in self.attested:
            about = self.act.body.get("attested", {}).get(name, {})
            if "answer" not in about:
                raise NoAnswer(name)
            people = list(about.get("values", {}).get("actors", ()))
            self.attested[name] = {"answer": about["answer"], "values": {"actors": people}}
        found: List[str] = self.attested[name]["values"]["actors"]
        return found

    def _field(self, told: Body) -> bool:
        rules, name, op, wanted = self.act.rules, told["name"], told["op"], told["value"]
        values, fields = {
            "attribute": (self.case.attrs if self.question.attrs is None else self.question.attrs, rules.attributes),
            "parameter": (
                self.act.params() if self.question.params is None else self.question.params,
                rules.parameters,
            ),
        }.get(told["source"], (_object(rules.told.get("constants")), {}))
        value, kind = values.get(name), fields.get(name, {}).get("type")
        if value is None:
            return bool(op == "ne")
        if op == "in":
            options = wanted if isinstance(wanted, list) else [wanted]
            return any(_number(value, kind) == _number(option, kind) for option in options)
        left, right = _number(value, kind), _number(wanted, kind)
        return _OPERATORS[op](left, right) if type(left) is type(right) else bool(op == "ne")


def _number(value: Any, kind: Optional[str]) -> Any:
    if kind == "decimal" and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except ArithmeticError:
            return value
        return number if number.is_finite() else value
    return value


def decide(question: Question) -> Optional[Decision]:
    """Decide a move again; None where it is not allowed. Raises NoAnswer, and ODD."""
    rules, case = question.act.rules, question.act.case
    tried = [
        _try(question, way) for way in rules.by_trigger[question.trigger]
        if case.regions.get(way["region"]) in way["sources"] and question.only in (None, way["id"])
    ]  # fmt: skip
    allowed = [decision for decision in tried if decision is not None]
    return allowed[0] if len(allowed) == 1 else None


def _try(question: Question, way: Body) -> Optional[Decision]:
    rules, case, late = question.act.rules, question.act.case, question.late
    looking = Looking(question)
    target = _target(rules, way, case)
    refused = target is None or not (late or _stands(question, way))
    performer = question.performer
    refused |= performer is not None and performer.roles.isdisjoint(way.get("roles", ()))
    if not late and question.stage != "effect":
        gate = way.get("gate", {})
        later = gate.get("papers", ()) if question.stage != "close" else ()
        refused |= any(paper not in question.papers and paper not in later for paper in way.get("papers", ()))
        if question.stage != "close":
            given = question.act.params()
            refused |= any(
                rules.parameters[name].get("required") and name not in given for name in way.get("parameters", ())
            )
        refused |= question.retired
    for name in way.get("guards", ()):
        refused |= looking.holds(rules.guards[name]) is not True
    refused |= not late and any(isinstance(effect, str) for effect in way.get("effects", ()))
    if refused or target is None:
        return None
    changes = rules.moved(case.regions, case.kept, {way["region"]: target})
    return Decision(
        way, changes, {region: case.regions[region] for region in changes if region in case.regions},
        sorted(looking.rests), [_citation(looking.seen[key]) for key in sorted(looking.seen)], looking.attested,
    )  # fmt: skip


def _citation(witness: Witness) -> Body:
    return {"instance": witness.instance, "leaf": witness.leaf, "seq": witness.seq}


def _target(rules: Rules, way: Body, case: Case) -> Optional[str]:
    """Return the state that a transition leads to; None where nothing is remembered."""
    target, region = way["target"], way["region"]
    if target["kind"] == "state":
        return str(target["name"])
    if target["kind"] == "same":
        return case.regions[region]
    state = case.left.get(region, {}).get(target["name"])
    could = {
        source for other in rules.by_trigger.get(target["name"], ())
        if other.get("remembers") and other["region"] == region for source in other["sources"]
    }  # fmt: skip
    return state if state in could else None


def _stands(question: Question, way: Body) -> bool:
    """Whether the instance is neither held nor void, and this is the way of doing it."""
    case, stage = question.act.case, question.stage
    if case.held or case.voided or ("gate" in way) is not (stage in ("submit", "close")):
        return False
    same = question.act.rules.by_trigger[question.trigger]
    return stage == "close" or not any(case.gates.get(other["id"], {}).get("state") == "open" for other in same)


class Replay:
    """The replay of all instances, one after the other."""

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        self.book, self.documents = verification.book, verification.documents
        self.past = Past(verification)
        self.actors = Actors(verification.reserved("~actor/"), self._missing)
        self.numbers = Numbers(verification.reserved("~number/"))
        self.defined: Dict[Tuple[str, str], int] = {}  # when rules were registered first, by chain and digest
        for entry in verification.reserved("~definition/"):
            rules = (entry.body or {}).get("rules")
            if entry.kind == "defined" and isinstance(rules, str):
                self.defined.setdefault((entry.instance, rules), entry.at)
        self.administrated: Optional[int] = None  # when an administrator was enrolled first
        self.system: Tuple[int, str, int] = (0, "", 0)  # the last entry that the library's own account made
        self.rules: Dict[str, Optional[Rules]] = {}
        self.equip()

    def equip(self) -> None:
        """Begin at no instance, with parts that have read nothing."""
        self.case = Case("")
        self.approvals = Approvals(self, self.verification.reserved("~calendar"))
        self.effects, self.corrections = Effects(self), Corrections(self)
        self.ordinary = frozenset(
            [
                "started",
                "fired",
                "adopted",
                "annotated",
                "amended",
                "refused",
                *self.approvals.kinds,
                *self.corrections.kinds,
            ]
        )
        self.kinds: Dict[str, Callable[[Act], None]] = {
            "started": self._started, "fired": self._fired, "adopted": self._adopted, "amended": self._amended,
            "annotated": Act.still, "refused": self._refused,
            "enrolled": self._enrolled, "defined": self._defined, "genesis": self._genesis, "sealed": self._sealed,
            "recovered": self._recovered, "keyed": self._keyed, "granted": self._granted, "revoked": self._granted,
            "published": self._published, "retired": self._retired, "released": self._retired,
            **dict.fromkeys(self.approvals.kinds, self.approvals.read),
            **dict.fromkeys(self.corrections.kinds, self.corrections.read), "ruled": self._ruled,
        }  # fmt: skip

    def anew(self) -> Replay:
        """Return a replay of the same log that begins at no instance, and notes what it finds in a book of its own."""
        other = copy.copy(self)
        other.book = Book()
        other.equip()
        return other

    def _missing(self, actor: str) -> None:
        if self.verification.partly and next(self.verification.chain("~actor/" + actor), None) is None:
            self.book.skip("actor " + actor, needed=True)

    def day(self, at: int) -> str:
        """Return the day of a moment, at the log's own offset from UTC."""
        return day_of(at, self.verification.genesis.offset)

    def read(self, entry: Entry) -> None:
        """Decide an entry again, and take in what it changed."""
        if entry.instance != self.case.instance or (self.case.first and not entry.instance):
            self.approvals.end(self.case)
            self.case = Case(entry.instance)
        if entry.body is not None:
            try:
                self._read(self.case, entry)
            except ODD:
                self.book.find("replay.malformed", entry.instance, entry.seq, kind=entry.kind)
        self.case.seq, self.case.at, self.case.first = entry.seq, entry.at, False
        if entry.kind not in _NOTES:
            self.case.rev = entry.seq
        latest = _object((entry.body or {}).get("on")).get("hi")
        past = latest is not None and latest < self.day(entry.at)
        if self.case.gates and (past or entry.kind == "rectified"):
            self.case.backdated = True

    def _read(self, case: Case, entry: Entry) -> None:
        body = entry.body or {}
        if case.first or entry.definition != case.definition:
            self._under(case, entry)
        day = self.day(entry.at)
        act = Act(self, case, entry, self._actor(entry, day), day)
        after = case.copy()
        after.fold(entry)
        if "gates" in body and not are_gates(after.gates):
            raise TypeError("gates")
        if entry.v == 1:
            self._judge(act)
        if case.rules is None or entry.v != 1 or entry.kind not in self.kinds:
            self.effects.taken(act)
        if "on" in body:
            self._on(act)
        self.case = after
        after.say(entry)
        if entry.kind == "enrolled" and ADMINISTRATOR & set(map(str, body.get("roles", ()))):
            self.administrated = entry.at if self.administrated is None else min(self.administrated, entry.at)
        self._count(act)

    def _under(self, case: Case, entry: Entry) -> None:
        """Take note of the rules under which an entry stands: those of its instance's first one."""
        if not case.first:
            self.book.find(
                "replay.def_changed", entry.instance, entry.seq, found=entry.definition, before=case.definition
            )
        case.definition = entry.definition
        case.rules = self.compiled(entry.definition) if entry.definition is not None else None
        since = entry.at
        if case.rules is not None:
            since = self.defined.get(("~definition/" + case.rules.name, entry.definition or ""), entry.at)
        if since > entry.at:
            self.book.find("document.not_yet_defined", entry.instance, entry.seq, document=entry.definition)

    def compiled(self, digest: str) -> Optional[Rules]:
        """Return the rules under a digest; None where they cannot be had."""
        if digest not in self.rules:
            self.rules[digest] = None
            self.documents.used(digest)
            if digest in self.documents.rules:
                self.rules[digest] = self._compile(digest, self.documents.rules[digest])
        return self.rules[digest]

    def _compile(self, digest: str, document: str) -> Optional[Rules]:
        try:
            told = parse(document.encode())
            if told["lang"] > 1:
                self.book.skip("rules language %d" % told["lang"], needed=True)
                return None
            rules = Rules(told)
            rules.begin()
        except ODD:
            self.book.find("document.unreadable", document=digest)
            return None
        if ("~definition/" + rules.name, digest) not in self.defined:
            self.book.find("document.not_defined", document=digest, workflow=rules.name)
        return rules

    def _actor(self, entry: Entry, day: str) -> Optional[Actor]:
        """Return who acted, as of the entry; None where nothing tells."""
        if entry.actor == SYSTEM and entry.kind in ("genesis", "sealed", "keyed", "enrolled", "defined", "ruled"):
            if entry.kind not in ("genesis", "sealed", "keyed"):
                self.system = max(self.system, (entry.at, entry.instance, entry.seq))
            return None
        attested = (entry.body or {}).get("attested", {})
        if "resolver" in attested:
            try:
                told = attested["resolver"]["values"]
                return Actor(entry.actor, frozenset(told["roles"]), told.get("org", ""))
            except ODD:
                self.book.find("replay.malformed", entry.instance, entry.seq, kind=entry.kind)
                return None
        actor = self.actors.at(entry.actor, entry.at)
        if actor is None:
            self.book.warn("replay.actor_unknown", entry.instance, entry.seq, actor=entry.actor)
        elif entry.kind != "refused" and not actor.acts_on(day):
            if any(other.acts_on(day) for other in self.actors.around(entry.actor, entry.at)):
                self.book.warn("replay.actor_changed", entry.instance, entry.seq, actor=entry.actor)
            else:
                self.book.find("replay.actor_not_valid", entry.instance, entry.seq, actor=entry.actor)
        return actor

    def _judge(self, act: Act) -> None:
        entry, judge = act.entry, self.kinds.get(act.entry.kind)
        reserved = entry.instance.partition("/")[0] if entry.instance.startswith("~") else ""
        if judge is None:
            self.book.skip("kind " + entry.kind, needed=True)
            return
        kinds = _RESERVED.get(reserved, frozenset()) if reserved else self.ordinary
        try:
            if entry.kind not in kinds:
                act.find("kind_place")
            elif reserved or act.case.rules is not None:
                judge(act)
                act.nothing_else()
            elif entry.definition is None:
                act.find("def_missing")
            if entry.seq == 1 and not reserved and entry.kind not in ("started", "adopted"):
                act.find("not_started")
        except Undisclosed as error:
            self.undisclosed(act, error)
        except ODD:
            act.find("malformed")

    def undisclosed(self, act: Act, error: Undisclosed) -> None:
        """Note an entry that cannot be decided again without an instance that is not shown."""
        act.failed = act.undecided = True
        self.book.skip("cited %s" % error, needed=True)

    def _on(self, act: Act) -> None:
        """Check the day of an act: its text, its bounds, and that nothing before it happened later."""
        on, entry, case = act.body["on"], act.entry, act.case
        low, high = on.get("lo"), on.get("hi")
        try:
            first, last = read_day(on.get("edtf", ""))
        except Malformed:
            act.find("date_malformed", text=on.get("edtf"))
        else:
            last = act.day if last is None else min(last, act.day)
            fits = low == first and high == last and (first is None or first <= last)
            clamped = entry.at == case.at and low == first and (low or "") <= (high or "") <= last
            if not fits and not clamped:
                act.find("date_differs", text=on.get("edtf"), low=low, high=high)
        changes = act.body.get("set")
        bound = case.earliest(act.body.get("rests", ()), changes) if changes else None
        if bound is not None and high is not None and bound > high:
            act.find("date_order", text=on.get("edtf"))

    def _count(self, act: Act) -> None:
        kind, counts = act.entry.kind, self.book.counts
        moves = kind == "fired" or (kind == "voted" and bool(act.body.get("set")))
        counts["late"] += act.late and kind in ("adopted", "fired", "refused", "voted")
        counts["refused"] += kind == "refused"
        if moves and not act.undecided:
            attested = act.actor is None or "attested" in act.body
            counts["attested" if attested else "witnessed" if "seen" in act.body else "decided"] += 1

    # Who may, and what other instances were

    def authorise(self, act: Act, roles: Iterable[str]) -> None:
        """Find an actor who had none of the roles; one whose roles were changed shortly before is a warning."""
        needed, entry = frozenset(roles), act.entry
        if act.actor is None or not act.actor.roles.isdisjoint(needed):
            return
        if any(not other.roles.isdisjoint(needed) for other in self.actors.around(entry.actor, entry.at)):
            act.warn("actor_changed")
        else:
            act.find("actor_role", needs=listed(needed))

    def cited(self, act: Act) -> Dict[str, Witness]:
        """Return the instances that an entry cites; find what is cited otherwise than it is. Raises Undisclosed."""
        found: Dict[str, Witness] = {}
        for about in act.body.get("seen", ()):
            witness = self.past.after(about["instance"], about["seq"])
            if witness is None or witness.at > act.entry.at:
                act.find("seen_missing", cited=about["instance"], number=about["seq"])
                continue
            if witness.leaf != about["leaf"]:
                act.find("seen_leaf", cited=about["instance"], number=about["seq"])
            found[about["instance"]] = witness._replace(leaf=about["leaf"])
        return found

    def retired(self, act: Act) -> bool:
        """Whether a paper of the entry bears a number that was retired; that it may have been is a warning."""
        certain, perhaps = self.numbers.retired(act.body.get("papers", ()), act.entry.at)
        if perhaps:
            papers = act.body.get("papers", ())
            numbers = listed({str(_object(paper).get("number")) for paper in papers if _object(paper).get("filed")})
            act.warn("number_overlap", numbers=numbers)
        return certain

    def decide(
        self, act: Act, performer: Optional[Actor], *, stage: str = "fire", late: bool = False,
        cause: Optional[Witness] = None, gates: Optional[Dict[str, Body]] = None, only: Optional[str] = None,
    ) -> Optional[Decision]:  # fmt: skip
        """Decide the trigger of an entry again; None where that is not allowed or cannot be told, which is noted."""
        try:
            seen = self.cited(act)
        except Undisclosed as error:
            self.undisclosed(act, error)
            return None
        retired = not late and self.retired(act)
        trigger, papers = act.body["trigger"], act.papers()
        question = Question(act, trigger, performer, seen, late, stage, cause, gates, only, retired, papers)
        try:
            found = decide(question)
            if found is None and performer is not None and not act.resolved:
                for other in self.actors.around(performer.id, act.entry.at):
                    if other.roles != performer.roles and found is None:
                        found = decide(question._replace(performer=other))
                if found is not None:
                    act.warn("actor_changed")
        except NoAnswer as error:
            act.find("attested_missing", guard=str(error.args[0]))
            return None
        if found is None:
            act.find("not_allowed", what=trigger)
        return found

    def moved(self, act: Act, decision: Decision, doer: str, gates: Dict[str, Body], params: Optional[Body]) -> None:
        """Compare all that an entry says a move changed; `params` None: a late entry, whose effects were then."""
        body, way, rules = act.body, decision.way, act.rules
        act.equal("set", decision.set, body.get("set"))
        act.equal("was", decision.was, body.get("was"))
        act.equal("transition", way["id"], body.get("transition", way["trigger"]))
        act.equal("rests", decision.rests, body.get("rests", []))
        act.equal("remembers", way["region"] if way.get("remembers") else None, body.get("remembers"))
        act.equal("seen", decision.seen, body.get("seen", []))
        act.equal("attested", decision.attested, act.answers())
        act.equal("did", {way["id"]: doer} if way["id"] in rules.watched else {}, body.get("did", {}))
        self.approvals.moved(act, decision.set, way["id"], gates)
        if params is None:
            act.equal("effects", [], body.get("effects", []))
        else:
            self.effects.promised(act, way, params)

    # One method for each kind

    def _started(self, act: Act) -> None:
        body, rules = act.body, act.rules
        if act.entry.seq != 1:
            act.find("not_first")
        act.equal("set", rules.begin(), body.get("set"))
        act.equal("was", {}, body.get("was"))
        act.equal("workflow", rules.name, body.get("workflow"))
        act.live(late=act.late)
        self._root(act)
        self._attributes(act)
        self.authorise(act, rules.permitted("start"))

    def _root(self, act: Act) -> None:
        wanted, root = act.rules.told.get("root"), act.body.get("root")
        act.compared.add("root")
        if wanted is None and root is None:
            return
        try:
            witness = self.past.after(root, 1) if isinstance(root, str) else None
        except Undisclosed as error:
            self.undisclosed(act, error)
            return
        if witness is None or witness.at > act.entry.at:
            act.find("root_missing", root=root)
        elif witness.workflow != wanted or witness.root is not None:
            act.find("root_differs", root=root, expected=wanted, found=witness.workflow)

    def _attributes(self, act: Act) -> None:
        declared, start = act.rules.attributes, "attribute."
        act.compared.add("attrs")
        attrs = act.body.get("attrs", {})
        clear = any(name not in declared or declared[name].get("personal") for name in attrs)
        texts = [field[len(start) :] for field in act.body.get("texts", {}) if field.startswith(start)]
        if clear or any(name not in declared for name in texts):
            open_ = [name for name in attrs if name in declared and _object(declared[name]).get("personal")]
            unknown = [name for name in [*attrs, *texts] if name not in declared]
            act.find("attributes", names=listed({*open_, *unknown}))

    def _fired(self, act: Act) -> None:
        late, performer = act.late, act.actor
        act.live(late=late)
        if late:
            self.authorise(act, act.rules.permitted("register"))
            performer = self._performer(act)
        elif "for" in act.body:
            act.find("late_unmarked")
        if act.body.get("trigger") not in act.rules.by_trigger:
            act.find("unknown_trigger", trigger=act.body.get("trigger"))
            return
        if "cause" in act.body:
            cause = self.effects.cause(act, act.body["trigger"])
            decision = self.decide(act, None, stage="effect", cause=cause)
        else:
            decision = self.decide(act, performer, late=late)
        if decision is not None:
            doer = act.body["for"]["id"] if late else act.entry.actor
            self.moved(act, decision, doer, {}, None if late else act.params())

    def _performer(self, act: Act) -> Optional[Actor]:
        """Return the office that decided what is entered late, as it was at the entry."""
        about, body = act.body.get("for"), act.body
        good = isinstance(about, dict) and about.get("ground") == "late" and body.get("basis") in _BASES
        if (
            not good
            or "source" not in body.get("texts", {})
            or any(paper.get("filed") for paper in body.get("papers", ()))
        ):
            act.find("late_flags")
        if not isinstance(about, dict):
            return None
        if act.resolved:
            return Actor(about["id"], frozenset([about["role"]] if "role" in about else ()))
        found = self.actors.at(about["id"], act.entry.at)
        if found is None:
            act.warn("actor_unknown", actor=about["id"])
        return found

    def _adopted(self, act: Act) -> None:
        body, rules, case = act.body, act.rules, act.case
        act.live(late=True)
        if body.get("basis") not in _BASES or "source" not in body.get("texts", {}):
            act.find("late_flags")
        if act.entry.seq == 1:
            act.equal("workflow", rules.name, body.get("workflow"))
            self._root(act)
            self._attributes(act)
        self.authorise(act, rules.permitted("adopt"))
        said = body["set"]
        stated = {region: state for region, state in said.items() if state is not None}
        known = all(region in rules.regions for region in said)
        known = known and all(state in rules.regions[region]["states"] for region, state in stated.items())
        moved = rules.moved(case.regions, case.kept, stated)
        silent = any(name not in said and state is not None for name, state in moved.items())
        after = {**case.regions, **stated}
        idle = not known or any(
            not rules.active(name, after) for name, state in said.items() if state is not None or moved.get(name, "") is not None
        )  # fmt: skip
        states = [name for name, state in said.items() if state is not None or moved.get(name, "") is not None]
        if not known or not states or silent or idle:
            act.find("adoption", states=said)
            return
        wanted = {**moved, **{name: said[name] for name in states}}
        act.equal("set", wanted, said)
        act.equal("was", {name: case.regions[name] for name in wanted if name in case.regions}, body.get("was"))
        self.approvals.moved(act, wanted, "", {})

    def _amended(self, act: Act) -> None:
        act.still()
        self._attributes(act)
        if "cause" in act.body:
            self.effects.cause(act, "amend")
        else:
            self.authorise(act, act.rules.permitted("amend"))
        self.approvals.amended(act)

    def _refused(self, act: Act) -> None:
        act.still()
        if not isinstance(act.body.get("refusals"), list):
            act.find("malformed")

    # Reserved instances

    def _administer(self, act: Act) -> None:
        """Check that an administrator acted; the library's own account may until there is one."""
        act.still()
        if act.entry.actor != SYSTEM:
            self.authorise(act, ADMINISTRATOR)

    def _enrolled(self, act: Act) -> None:
        self._administer(act)
        if not isinstance(act.body.get("roles"), list) or not isinstance(act.body.get("enabled"), bool):
            act.find("malformed")

    def _defined(self, act: Act) -> None:
        self._administer(act)
        for kind in ("rules", "labels"):
            self.documents.name(act.body[kind], kind, act.entry)
        rules = self.compiled(act.body["rules"])
        if rules is not None:
            act.equal("name", rules.name, act.body.get("name"))
            act.equal("version", rules.told.get("version"), act.body.get("version"))
            act.equal("name", rules.name, act.entry.instance.partition("/")[2])

    @staticmethod
    def _genesis(act: Act) -> None:
        if act.entry.seq != 1:
            act.find("kind_place")

    @staticmethod
    def _sealed(act: Act) -> None:
        act.still()
        counts = act.body.get("instances"), act.body.get("size")
        if act.entry.seq == 1 or not is_hex(act.body.get("heads")) or not all(is_int(count, 1) for count in counts):
            act.find("malformed")

    def _recovered(self, act: Act) -> None:
        act.still()
        if act.entry.actor == SYSTEM:
            act.find("actor_role", needs=listed(ADMINISTRATOR))
        self.authorise(act, ADMINISTRATOR)
        read_recovery(act.entry.seq, act.body)

    @staticmethod
    def _keyed(act: Act) -> None:
        act.still()
        read_statement("", act.body["note"].encode())

    def _granted(self, act: Act) -> None:
        """Check a proxy: who gives it, or an administrator, grants and revokes it."""
        act.still()
        if act.entry.instance != "~actor/" + act.entry.actor:
            self._administer(act)
        grant = act.body["grant"]
        if act.entry.kind == "revoked":
            good = str(grant) in act.case.attrs.get("grants", {})
        else:
            good = grant["from"] <= grant["until"] and isinstance(grant["to"], str) and bool(grant["number"])
        if not good:
            act.find("malformed")

    def _published(self, act: Act) -> None:
        self._administer(act)
        self.documents.name(act.body["calendar"], "calendar", act.entry)
        if not act.body["number"] or act.body["calendar"] not in self.documents.calendars:
            act.find("malformed")

    def _ruled(self, act: Act) -> None:
        self._administer(act)
        self.corrections.read(act)

    def _retired(self, act: Act) -> None:
        """Check what became of a document number: the entry that it cites says so, and the chain is that number's."""
        act.still()
        body, kind = act.body, act.entry.kind
        if number_chain(body["type"], body["number"]) != act.entry.instance:
            act.find("malformed")
        cause = self.effects.cause(act, kind)
        if cause is not None and kind == "retired":
            if (self.day(cause.at), cause.body.get("number", "")) != (body["day"], body["document"]):
                act.find("malformed")

    def close(self) -> None:
        """Say what only the end of the log shows."""
        self.approvals.end(self.case)
        for part in (self.approvals, self.effects, self.corrections):
            part.close()
        at, instance, seq = self.system
        if at and self.administrated is not None and at > self.administrated:
            self.book.find("replay.actor_role", instance, seq, actor=SYSTEM, needs=listed(ADMINISTRATOR))


# ------------------------------------------------------------------------------------------------ numbers and calendars
#
# A document number that is never used again has a chain, ~number/HEX: SHA-256(03 || ["TYPE","FORM"]), FORM being what
# the number says however it is typed, TYPE a type of paper, or * for any. A calendar is {"rest":[day],"work":[day]}.

_BRACKETS = str.maketrans(
    {**dict.fromkeys("\u3014[\uff3b\u3010\ufe5d", "("), **dict.fromkeys("\u3015]\uff3d\u3011\ufe5e", ")")}
)


def number_form(number: str) -> str:
    """Return what a document number says: brackets, wide letters, spaces and case are no part of it."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", number.translate(_BRACKETS))).casefold()


def number_chain(type_: str, number: str) -> str:
    """Return the reserved instance of a number of a type of paper."""
    return "~number/" + sha256(b"\x03" + canonical([type_, number_form(number)])).hex()


class Numbers:
    """The numbers that were ever retired, by which instances and when."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        #: For each chain when its entries were made, and by which instances the number was retired after each.
        self.chains: Dict[str, Tuple[List[int], List[Dict[str, Any]]]] = {}
        for entry in entries:
            times, facts = self.chains.setdefault(entry.instance, ([], [{}]))
            try:
                body = entry.body or {}
                by = {key: about for key, about in facts[-1].items() if key != body["cause"]["instance"]}
                if entry.kind == "retired":
                    by[body["cause"]["instance"]] = body["day"], body["document"], body["cause"]["seq"]
                number_form(body["number"])
                body["type"]
            except ODD:
                continue
            times.append(entry.at)
            facts.append(by)

    def retired(self, papers: Iterable[Body], at: int) -> Tuple[bool, bool]:
        """Whether a paper could not be laid at a moment, and whether another one perhaps could not.

        The latter bears a number that was retired, but not yet a minute before.
        """
        certain, perhaps = False, False
        for paper in papers if self.chains else ():
            if paper.get("filed") and paper.get("number"):
                for type_ in (paper["type"], "*"):
                    times, facts = self.chains.get(number_chain(type_, paper["number"]), ([], [{}]))
                    late = self._throughout(times, facts, at, at)
                    early = self._throughout(times, facts, at - CLOSE, at)
                    certain, perhaps = certain or bool(early), perhaps or bool(late - early)
        return certain, perhaps

    @staticmethod
    def _throughout(times: List[int], facts: List[Dict[str, Any]], since: int, until: int) -> Set[Tuple[str, Any]]:
        """Return by which instances a number was retired all the time from one moment to another."""
        first, last = sum(at < since for at in times), sum(at <= until for at in times)
        found = [set(state.items()) for state in facts[first : last + 1]]
        return set.intersection(*found)


class Calendar(NamedTuple):
    """The days that are not what their weekday says."""

    rest: FrozenSet[str] = frozenset()
    work: FrozenSet[str] = frozenset()

    def works(self, day: str) -> bool:
        """Whether a day is a working day."""
        if day in self.rest or day in self.work:
            return day in self.work
        return dt.date.fromisoformat(day).weekday() < 5

    def counts_for(self, day: str) -> str:
        """Return the working day that a day counts for: itself, or the next one after days of rest."""
        while not self.works(day):
            found = dt.date.fromisoformat(day)
            if found == dt.date.max:
                break
            day = (found + dt.timedelta(days=1)).isoformat()
        return day


def read_calendar(document: str) -> Calendar:
    """Read the document of a calendar; raises Malformed."""
    told = parse(document.encode())
    if not isinstance(told, dict) or set(told) != {"rest", "work"}:
        raise Malformed("no calendar")
    for days in told.values():
        if not _is_list(_is_text)(days) or days != sorted(set(days)) or not all(map(_is_day, days)):
            raise Malformed("no days in order")
    if set(told["rest"]) & set(told["work"]):
        raise Malformed("a day of rest and of work")
    return Calendar(frozenset(told["rest"]), frozenset(told["work"]))


def _is_day(text: str) -> bool:
    try:
        return read_day(text) == (text, text)
    except Malformed:
        return False


# ----------------------------------------------------------------------------------------------------------- approvals
#
# What the entries of an approval say and when they are legal. A gate is what the patches of its entries come to; an entry
# is judged on the gate that those before it left. So each kind of entry says here what makes it legal (who may, and when)
# and what becomes of the tasks; the votes are then counted again, and the round that this gives is compared with the one
# that the entry says.
#
#     gate  {"round","state","opened","closed","by","org","tally","need","papers","params","bound","touched","settled":
#            {VOTE:{"by","for","weight"}},"returned":{"by","to"},"due","extended","copies","urged","waived","tasks":{"1":TASK}}
#     task  {"seat","kind","of","step","after","weight","veto","state","by","for","vote","from","asked","since"}

_PENDING = ("open", "waiting", "blocked")
_VOTES = {"approve": "approved", "reject": "rejected", "abstain": "abstained"}
_SIGNED = tuple(_VOTES.values())
#: In which heap of the count a task lies, by its state; those handed on, taken back or removed are in none.
_HEAPS = {
    **dict.fromkeys(_PENDING, "open"), "approved": "approve", "rejected": "reject", "abstained": "abstain",
    **dict.fromkeys(("superseded", "returned", "void"), "idle"),
}  # fmt: skip
_ASKED = ("seat", "kind", "of", "step", "after", "weight", "veto")
_NOTES = ("annotated", "copied", "declined", "proposed", "read", "redacted", "refused", "urged")
_WAIVERS = 2


#: What is done only on the basis of a document, and what only for a reason in words.
_BASED = ("extended", "suspended", "resumed", "voided", "reinstated")
_REASONED = ("added", "removed", "retracted", "returned", "transferred", "waived", *_BASED)


class Refused(Exception):
    """An act on a gate that was not allowed."""


def is_tight(before: Any, patch: Any) -> bool:
    """Whether a patch says nothing that was so before."""
    if not isinstance(before, dict) or not isinstance(patch, dict) or "round" in patch:
        return True
    return all(
        bool(value) and is_tight(before[name], value)
        if isinstance(value, dict) and isinstance(before[name], dict)
        else value != before[name]
        for name, value in patch.items()
        if name in before
    )


def are_gates(gates: Body) -> bool:
    """Whether each gate has what makes it one."""

    def says(value: Any, words: str, number: str = "") -> bool:
        return (
            isinstance(value, dict) and all(_is_text(value.get(word)) for word in words.split())
            and (not number or type(value.get(number)) is int)
        )  # fmt: skip

    def people(value: Any) -> bool:
        return isinstance(value, dict) and all(says(about, "", "seq") for about in value.values())

    return all(
        says(gate, "state by", "round") and people(gate.get("copies", {}))
        and all(says(task, "kind of state") and people(task.get("asked", {})) for task in gate.get("tasks", {}).values())
        for gate in gates.values()
    )  # fmt: skip


def may_sign(task: Body, person: Actor) -> bool:
    """Whether a task asks somebody."""
    if task["kind"] == "role":
        return task["of"] in person.roles
    return bool(task["of"] == person.id) if task["kind"] != "org" else bool(person.org) and task["of"] == person.org


class Round:
    """A round as an entry leaves it: the gate and the tasks before it, and what is done to them here."""

    def __init__(self, way: Body, before: Body, seq: int) -> None:
        self.told, self.before, self.seq = _object(way.get("gate")), before, seq
        self.gate = {name: value for name, value in before.items() if name != "tasks"}
        self.tasks: Dict[str, Body] = {number: dict(task) for number, task in before.get("tasks", {}).items()}

    def pending(self) -> List[str]:
        """Return the tasks that are still to be voted on, in their order."""
        return [number for number in sorted(self.tasks, key=int) if self.tasks[number]["state"] in _PENDING]

    def count(self) -> Tuple[Dict[str, int], Optional[str]]:
        """Count the votes; return the tally, and what they decide if they do."""
        quorum = _object(self.told.get("quorum"))
        heaps = dict.fromkeys(("approve", "reject", "abstain", "open", "idle"), 0)
        standing = [{**vote, "state": "approved"} for vote in self.gate.get("settled", {}).values()]
        for task in (*standing, *self.tasks.values()):
            heap = _HEAPS.get(task["state"])
            if heap is not None:
                heaps[heap] += task.get("weight", 1) if quorum["kind"] == "weight" else 1
        idle = heaps.pop("idle")
        of = sum(heaps.values()) + idle - (heaps["abstain"] if quorum.get("abstain") == "excluded" else 0)
        need = self.gate.get("need")
        tally = {**heaps, "of": of, "need": self._need(quorum, of) if need is None else need}
        vetoes = [task["state"] for task in self.tasks.values() if task.get("veto")]
        if quorum.get("wait") and tally["open"]:
            return tally, None
        if "rejected" in vetoes:
            return tally, "rejected"
        if tally["approve"] >= tally["need"] and not any(state in _PENDING for state in vetoes):
            return tally, "approved"
        return tally, "rejected" if tally["approve"] + tally["open"] < tally["need"] else None

    @staticmethod
    def _need(quorum: Body, of: int) -> int:
        kind = quorum["kind"]
        if kind == "ratio":
            share = Fraction(quorum["ratio"]) * of
            return max(int(share) + 1 if quorum.get("strict") else -int(-share // 1), 1)
        return max(of, 1) if kind == "all" else 1 if kind == "any" else int(quorum.get("need", 0))

    def line_up(self) -> None:
        """Let those sign whose turn it is, and the others wait."""
        pending = self.pending()
        turn = min((self.tasks[number]["step"] for number in pending), default=0)
        for number in pending:
            task = self.tasks[number]
            first = task["step"] == turn and not any(other in pending for other in task.get("after", ()))
            task["state"] = "open" if first else "waiting"

    def close(self, state: str, rest: str) -> None:
        """Close the gate; what is pending ends in the state `rest`."""
        self.gate.update(state=state, closed=self.seq)
        for number in self.pending():
            self.tasks[number]["state"] = rest

    def settle(self) -> Optional[str]:
        """Close the gate if the votes decide it, else line up; return what they decide."""
        _, outcome = self.count()
        if outcome is None:
            self.line_up()
        else:
            self.close(outcome, "superseded")
        return outcome

    def replace(self, number: str, **more: Any) -> None:
        """Let a new task come from one that is asked no more; what waited for that one waits for both."""
        new = str(len(self.tasks) + 1)
        waiting = [other for other in self.pending() if number in self.tasks[other].get("after", ())]
        self.tasks[new] = {**again(self.tasks[number]), **more, "state": "open", "from": number}
        for other in waiting:
            self.wait(other, new)

    def wait(self, number: str, other: str) -> None:
        """Let a task wait for another one."""
        self.tasks[number]["after"] = [*self.tasks[number].get("after", ()), other]

    def require(self, need: Any) -> None:
        """State what is needed now, if it is stated; signers may not change so that it is out of reach, or decided."""
        if need is not None:
            self.gate["need"] = need
        tally, outcome = self.count()
        if (need is not None and need < 1) or tally["need"] > tally["of"] or outcome is not None:
            raise Refused

    def after(self) -> Body:
        """Return the gate after the entry, the votes counted."""
        known = self.before.get("tasks", {})
        for number, task in self.tasks.items():
            if number not in known or known[number]["state"] != task["state"]:
                task["since"] = self.seq
        return {**self.gate, "tally": {**self.gate.get("tally", {}), **self.count()[0]}, "tasks": self.tasks}


def again(task: Body) -> Body:
    """Return what a task asks of whom."""
    return {name: task[name] for name in _ASKED if name in task}


class Desk(NamedTuple):
    """An act on a gate: the transition, the gate before, who acts and for whom."""

    act: Act
    way: Body
    gate: Body
    by: Actor
    principal: Actor

    @property
    def body(self) -> Body:
        """Return what the entry says."""
        return self.act.body

    @property
    def told(self) -> Body:
        """Return what the definition says of the gate."""
        return _object(self.way.get("gate"))

    @property
    def supervises(self) -> bool:
        """Whether who acts supervises the workflow."""
        return not self.by.roles.isdisjoint(self.act.rules.permitted("supervise"))

    def round(self) -> Round:
        """Return the round as it was, which must be open and the instance in good standing."""
        if self.gate["state"] != "open" or self.act.case.held or self.act.case.voided:
            raise Refused
        return Round(self.way, self.gate, self.act.entry.seq)

    def own(self, work: Round, *, named: bool = True) -> str:
        """Return the principal's own task, the one that the entry names where it must."""
        number = self.body["task"] if named else None
        mine = [name for name, task in work.tasks.items() if task["state"] == "open" and may_sign(task, self.principal)]
        if (number is not None and number not in mine) or not mine:
            raise Refused
        return str(number) if number is not None else min(mine, key=int)

    def unbar(self, *others: Actor) -> None:
        """Refuse if who acts, for whom, or one of these others may not sign."""
        if any(self.barred(person) for person in (self.by, self.principal, *others)):
            raise Refused

    def barred(self, person: Actor) -> bool:
        """Whether duties are kept apart from somebody."""
        tasks, gate = list(self.gate["tasks"].values()), self.gate
        signed = [task for task in tasks if task["state"] in _SIGNED] + list(gate.get("settled", {}).values())
        if any(person.id in (vote.get("by"), vote.get("for")) for vote in signed):
            return True
        if len(gate.get("waived", {}).get(person.id, ())) >= _WAIVERS:
            return False
        helped = [task["by"] for task in tasks if task["state"] == "transferred"]
        helped += [name for task in tasks for name in task.get("asked", ())]
        duties = self.told.get("duties", ())
        return (
            ("not_applicant" in duties and person.id == gate["by"])
            or ("not_applicant_org" in duties and bool(person.org) and person.org == gate.get("org"))
            or ("not_contributor" in duties and person.id in helped)
            or any(self.act.case.did.get(name) == person.id for name in self.told.get("not_by", ()))
        )


class Dated(NamedTuple):
    """An act of a day: its entry's number (negative: what happened by recording it), and what orders it.

    `lines` are those that it changes beside regions; `low` is empty where the day is open, `high` None.
    """

    number: int
    regions: Set[str]
    lines: Set[str]
    rests: Iterable[int]
    low: str
    high: Optional[str]


class Approvals:
    """Judges the entries of approvals."""

    kinds = frozenset(
        """
        opened voted retracted returned withdrawn transferred delegated replied added removed urged copied read extended
        waived suspended resumed voided reinstated
        """.split()
    )

    def __init__(self, replay: Replay, calendars: Iterable[Entry]) -> None:
        self.replay, self.book = replay, replay.book
        #: When which calendar was published; before the first there is none.
        self.published = [(0, "")] + [(e.at, str(e.body.get("calendar"))) for e in calendars if e.body is not None]

    @property
    def case(self) -> Case:
        """Return the instance that is read."""
        return self.replay.case

    def read(self, act: Act) -> None:
        """Decide an entry of one of these kinds again."""
        kind, number = act.entry.kind, act.body.get("number")
        missing = ["reason"] if kind in _REASONED and "reason" not in commitments(act.entry) else []
        missing += ["number"] if kind in _BASED and not (_is_text(number) and number) else []
        if missing:
            act.find("grounds_missing", names=listed(missing))
        try:
            if kind in _STANDING:
                self._stood(act)
                return
            act.live(late=False)
            if kind == "opened":
                self._opened(act)
            else:
                self._on_gate(self._desk(act))
        except Refused:
            act.find("not_allowed", what=kind)
        except NoAnswer as error:
            act.find("attested_missing", guard=str(error.args[0]))

    def moved(self, act: Act, changes: Dict[str, Optional[str]], way: str, gates: Dict[str, Body]) -> None:
        """Compare the rounds that a move, or an adoption, leaves: `gates`, and those that it overtakes."""
        self.same(act, {**gates, **self._overtaken(act, changes, way)})

    def amended(self, act: Act) -> None:
        """Compare what a change of attributes does to gates whose votes are bound to them."""
        try:
            self._amended(act)
        except Refused:
            act.find("not_allowed", what=act.entry.kind)

    def close(self) -> None:
        """Say what only the end of the log shows."""

    # What is compared

    def same(self, act: Act, rounds: Dict[str, Body]) -> None:
        """Compare the rounds that an entry leaves with what it says of them, which is what differs and no more."""
        said, before = act.body.get("gates", {}), act.case.gates
        act.compared.add("gates")
        wrong = set(said) ^ set(rounds)
        for name, gate in rounds.items() if not wrong else ():
            after = merged(before.get(name), said[name])
            if canonical(after) != canonical(gate) or not is_tight(before.get(name), said[name]):
                wrong = {name}
                break
        if wrong:
            act.find("gates_differs", names=listed(wrong))

    def _overtaken(self, act: Act, states: Dict[str, Optional[str]], but: str = "") -> Dict[str, Body]:
        """Return the rounds that end because their region was moved out of the states that their transition leaves."""
        return {
            way["id"]: gate
            for way in act.rules.ways
            if way["id"] != but and way["region"] in states and states[way["region"]] not in way["sources"]
            for gate in self._ended(act, way)
        }

    @staticmethod
    def _ended(act: Act, way: Body) -> Iterator[Body]:
        """Yield the round of a gate, void, if it was open or had gone back to its applicant."""
        gate = act.case.gates.get(way["id"])
        if "gate" not in way or gate is None:
            return
        if gate["state"] == "open" or (gate["state"] == "returned" and not gate.get("returned", {}).get("to")):
            work = Round(way, gate, act.entry.seq)
            work.close("void", "void")
            yield work.after()

    # People

    def _who(self, act: Act) -> Actor:
        """Return who acted; one who was enrolled only later as he was then."""
        later = self.replay.actors.known.get(act.entry.actor, ())
        return act.actor or (later[-1][1] if later else Actor(act.entry.actor))

    def _named(self, act: Act, name: str, *, valid: bool = True) -> Actor:
        """Return somebody whom an entry names, who must be one who may act; of whom nothing is known, he may."""
        known = self.replay.actors.around(act.body[name], act.entry.at)
        if known and valid and not any(actor.acts_on(act.day) for actor in known):
            raise Refused
        return known[-1] if known else Actor(act.body[name])

    def _desk(self, act: Act) -> Desk:
        """Return the gate that an entry is about, who acts and for whom."""
        said, trigger = act.body["gates"], act.body.get("trigger")
        ways = [way for way in act.rules.ways if "gate" in way and way["trigger"] == trigger and way["id"] in said]
        if len(ways) != 1:
            raise Refused
        by = self._who(act)
        principal = self._principal(act, by)
        gate = act.case.gates.get(ways[0]["id"])
        if gate is None:
            raise Refused
        return Desk(act, ways[0], gate, by, principal)

    def _principal(self, act: Act, by: Actor) -> Actor:
        """Return for whom somebody signed, as far as the grant reaches that the entry cites."""
        about, entry = act.body.get("for"), act.entry
        if about is None:
            return by
        chain, seq = "~actor/%s" % about["id"], about["seq"]
        person, cited = Case(chain), None
        facts: Body = {}
        for other in self.replay.verification.chain(chain):
            if other.seq > seq and other.at > entry.at - CLOSE:
                break
            person.say(other)
            facts = {**facts, **(other.body or {})} if other.kind == "enrolled" else facts
            cited = other if other.seq == seq and other.body is not None else cited
        if about.get("ground") != "proxy" or cited is None or cited.at > entry.at:
            raise Refused
        if cited.leaf.hex() != about["leaf"]:
            act.find("seen_leaf", cited=chain, number=seq)
        grant, workflow = person.attrs.get("grants", {}).get(str(about["grant"])), act.rules.name
        if grant is None or grant["to"] != by.id or not grant["from"] <= act.day <= grant["until"]:
            raise Refused
        if workflow not in grant.get("workflows", (workflow,)):
            raise Refused
        roles, org = frozenset(facts.get("roles", ())), facts.get("org", "")
        days = facts.get("valid_from"), facts.get("valid_to"), facts.get("enabled", True)
        principal = Actor(about["id"], roles & frozenset(grant.get("roles", roles)), org, *days)
        if not principal.acts_on(act.day):
            raise Refused
        return principal

    # Rounds begin

    def _opened(self, act: Act) -> None:
        body = act.body
        if body.get("trigger") not in act.rules.by_trigger:
            act.find("unknown_trigger", trigger=act.body.get("trigger"))
            return
        decision = self.replay.decide(act, act.actor, stage="submit")
        if decision is None:
            return
        way, by = decision.way, self._who(act)
        before = act.case.gates.get(way["id"], {})
        gate: Body = {"by": by.id}
        if by.org:
            gate["org"] = by.org
        if body.get("papers"):
            gate["papers"] = sorted({paper["type"] for paper in body["papers"]})
        gate.update({name: body[name] for name in ("params", "due") if body.get(name)})
        looking = Looking(Question(act, "", None, self.replay.cited(act)))
        if body.get("direct"):
            gate.update(self._remaining(way, before, by))
        else:
            gate["tasks"] = self._tasks(way, looking)
        gate = self._begun(way, gate, before, act.entry.seq, act.case.attrs)
        self.same(act, {way["id"]: gate})
        act.equal("seen", decision.seen, body.get("seen", []))
        act.equal("attested", {**decision.attested, **looking.attested}, act.answers())
        self._candidates(act, [gate])

    def _begun(self, way: Body, opened: Body, before: Body, seq: int, attrs: Body, *, held: bool = False) -> Body:
        """Return a new round: bound, numbered, and the first in line asked."""
        work = Round(way, {}, seq)
        work.gate = {"round": before.get("round", 0) + 1, "state": "open", "opened": seq, **opened}
        work.tasks = work.gate.pop("tasks")
        binds = work.told.get("binds", ())
        if binds:
            work.gate["bound"] = self._bound(work.told, attrs)
        if not work.tasks or work.settle() is not None:
            raise Refused
        for number in work.pending() if held else ():
            work.tasks[number]["state"] = "blocked"
        return work.after()

    def _bound(self, told: Body, attrs: Body) -> Optional[str]:
        """Return the digest of what votes are bound to."""
        binds = told.get("binds", ())
        document = canonical({name: attrs.get(name) for name in binds})
        return self.replay.verification.hash(b"\x03" + document).hex() if binds else None

    @staticmethod
    def _tasks(way: Body, looking: Looking) -> Dict[str, Body]:
        """Return the tasks of those whom a gate asks."""
        told, found, guards = way["gate"], [], looking.act.rules.guards
        asked = [one for one in told["signers"] if "when" not in one or looking.holds(guards[one["when"]]) is True]
        for step, signer in enumerate(asked, 1):
            people = [(signer["kind"], signer["of"])] * signer.get("seats", 1)
            if signer["kind"] == "code":
                people = [("actor", person) for person in dict.fromkeys(looking.people(signer["of"]))]
            more = {name: signer[name] for name in ("weight", "veto") if name in signer}
            place = {"seat": signer["name"], "step": step if told.get("sequential") else 1, "state": "open", **more}
            found += [{**place, "kind": kind, "of": of} for kind, of in people]
        return {str(number): task for number, task in enumerate(found, 1)}

    @staticmethod
    def _remaining(way: Body, before: Body, by: Actor) -> Body:
        """Return what is left of a round that goes straight back to whoever returned it."""
        changed = set(before.get("touched", ())) - set(_object(way.get("gate")).get("direct", ()))
        if before.get("state") != "returned" or "to" in before["returned"] or before["by"] != by.id or changed:
            raise Refused
        tasks = before["tasks"]
        left = [
            n
            for n in sorted(tasks, key=int)
            if tasks[n]["state"] in ("returned", "superseded", "abstained", "rejected")
        ]
        numbers = {old: str(new) for new, old in enumerate(left, 1)}
        found: Body = {"tasks": {}}
        for old, new in numbers.items():
            task = {**again(tasks[old]), "state": "open"}
            after = [numbers[other] for other in task.pop("after", ()) if other in numbers]
            found["tasks"][new] = {**task, **({"after": after} if after else {})}
        settled = dict(before.get("settled", {}))
        for task in tasks.values():
            if task["state"] == "approved":
                settled[str(task["vote"])] = {name: task[name] for name in ("by", "for", "weight") if name in task}
        need = {"need": before["need"]} if "need" in before else {}
        return {**found, **need, **({"settled": settled} if settled else {})}

    def _candidates(self, act: Act, rounds: List[Body]) -> None:
        """Check that everybody who is said to have been able to sign in a new round was."""
        tasks = [task for gate in rounds for task in gate["tasks"].values()]
        for seat, people in act.body.get("candidates", {}).items():
            asked = [task for task in tasks if task["seat"] == seat]
            for name in people:
                known = self.replay.actors.around(name, act.entry.at)
                if not asked or (known and not any(may_sign(task, one) for task in asked for one in known)):
                    act.find("candidate", name=name, seat=seat)

    def _amended(self, act: Act) -> None:
        """Begin those rounds anew whose votes were bound to what was amended."""
        case, attrs = act.case, act.body.get("attrs", {})
        after = {**case.attrs, **attrs}
        looking = Looking(Question(act, "", None, self.replay.cited(act), attrs=after, params={}))
        rounds: Dict[str, Body] = {}
        anew: List[Body] = []
        for way in act.rules.ways:
            gate = case.gates.get(way["id"], {})
            if "gate" not in way or gate.get("state") not in ("open", "returned"):
                continue
            if gate["state"] == "open" and self._bound(way["gate"], after) != gate.get("bound"):
                opened: Body = {name: gate[name] for name in ("by", "org", "params", "due", "extended") if name in gate}
                laid = sorted(set(gate.get("papers", ())) - set(way["gate"].get("papers", ())))
                opened.update({"papers": laid} if laid else {}, tasks=self._tasks(way, looking))
                anew.append(self._begun(way, opened, gate, act.entry.seq, after, held=bool(case.held)))
                rounds[way["id"]] = anew[-1]
                continue
            touched = sorted({*gate.get("touched", ()), *attrs})
            if touched != gate.get("touched"):
                rounds[way["id"]] = {**gate, "touched": touched}
        self.same(act, rounds)
        act.equal("attested", looking.attested, act.answers())
        self._candidates(act, anew)

    # Entries on one gate

    def _on_gate(self, desk: Desk) -> None:
        act, kind, body = desk.act, desk.act.entry.kind, desk.body
        if kind in ("extended", "waived"):
            self.replay.authorise(act, act.rules.permitted("supervise"))
        gate, state = getattr(self, "_" + kind)(desk)
        if kind == "voted" and gate["state"] == "approved":
            self._decided(desk, gate)
            return
        changes = act.rules.moved(act.case.regions, act.case.kept, {desk.way["region"]: state}) if state else {}
        self.moved(act, changes, desk.way["id"], {desk.way["id"]: gate})
        if kind in ("returned", "retracted"):
            was = {name: act.case.regions[name] for name in changes if name in act.case.regions}
            act.equal("set", changes, body.get("set", {}))
            act.equal("was", was, body.get("was", {}))
            return
        act.still()
        if kind != "voted":
            act.equal("old", self._replaced(desk.gate, gate), body.get("old", {}))

    @staticmethod
    def _replaced(before: Body, gate: Body) -> Body:
        """Return what an entry must say that it took the place of: a day by which a gate is due, and what it needs."""
        due = {"due": before["due"]} if before.get("due", gate.get("due")) != gate.get("due") else {}
        tally = before["tally"]
        count = {name: tally[name] for name in ("need", "of") if name in tally and tally[name] != gate["tally"][name]}
        return {**due, **count}

    def _decided(self, desk: Desk, gate: Body) -> None:
        """Decide the move that a vote brings."""
        act, id_, params = desk.act, desk.way["id"], gate.get("params", {})
        question = Question(
            act, desk.way["trigger"], None, self.replay.cited(act), stage="close", only=id_, params=params,
            gates={**act.case.gates, id_: gate}, papers=frozenset(gate.get("papers", ())),
        )  # fmt: skip
        decision = decide(question)
        if decision is None:
            raise Refused
        self.replay.moved(act, decision, gate["by"], {id_: gate}, params)

    def _voted(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, seq = desk.round(), desk.act.entry.seq
        number = desk.own(work)
        desk.unbar()
        papers, retired = {paper["type"] for paper in desk.body.get("papers", ())}, self.replay.retired(desk.act)
        if retired or not papers >= set(desk.told.get("papers", ())):
            raise Refused
        work.tasks[number].update(state=_VOTES[desk.body["vote"]], by=desk.by.id, vote=seq)
        if desk.principal.id != desk.by.id:
            work.tasks[number]["for"] = desk.principal.id
        if papers or work.gate.get("papers"):
            work.gate["papers"] = sorted({*work.gate.get("papers", ()), *papers})
        work.settle()
        return work.after(), None

    def _retracted(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        gate, number, case = desk.gate, desk.body["task"], desk.act.case
        closed = gate["state"] in ("approved", "rejected")
        if case.held or case.voided or not (closed or gate["state"] == "open"):
            raise Refused
        if closed and (case.rev != gate["closed"] or desk.way.get("effects")):
            raise Refused
        work = Round(desk.way, gate, desk.act.entry.seq)
        task = work.tasks.get(number)
        if task is None or task["state"] not in _SIGNED or task.get("by") != desk.by.id:
            raise Refused
        if closed:
            work.gate.update(state="open", closed=0)
            for other in work.tasks.values():
                if other["state"] == "superseded" and other["since"] == gate["closed"]:
                    other["state"] = "open"
        task["state"] = "retracted"
        work.replace(number)
        if work.count()[1] is not None:
            raise Refused
        work.line_up()
        before = self.replay.past.after(case.instance, gate["closed"] - 1) if gate["state"] == "approved" else None
        return work.after(), None if before is None else before.regions.get(desk.way["region"])

    def _transferred(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        receiver = self._named(desk.act, "to")
        work = desk.round()
        number = desk.own(work)
        desk.unbar(receiver)
        if receiver.id in (desk.by.id, desk.principal.id):
            raise Refused
        work.tasks[number].update(state="transferred", by=desk.by.id)
        work.replace(number, kind="actor", of=receiver.id)
        work.line_up()
        return work.after(), None

    def _delegated(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        other = self._named(desk.act, "to")
        work = desk.round()
        number = desk.own(work)
        desk.unbar()
        asked = work.tasks[number].get("asked", {})
        if other.id in asked or other.id == desk.by.id:
            raise Refused
        work.tasks[number]["asked"] = {**asked, other.id: {"seq": desk.act.entry.seq}}
        return work.after(), None

    def _replied(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, number = desk.round(), desk.body["task"]
        asked = work.tasks[number].get("asked", {}) if number in work.pending() else {}
        if desk.by.id not in asked or "replied" in asked[desk.by.id]:
            raise Refused
        work.tasks[number]["asked"] = {**asked, desk.by.id: {**asked[desk.by.id], "replied": desk.act.entry.seq}}
        return work.after(), None

    def _added(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        signer, place, body = self._named(desk.act, "signer"), desk.body["place"], desk.body
        work = desk.round()
        named = body.get("task") is not None
        own = None if desk.supervises and not named else desk.own(work, named=named)
        if any(desk.barred(person) for person in ((desk.by, desk.principal, signer) if own else (signer,))):
            raise Refused
        if any((work.tasks[n]["kind"], work.tasks[n]["of"]) == ("actor", signer.id) for n in work.pending()):
            raise Refused
        step = work.tasks[own]["step"] if own else max(task["step"] for task in work.tasks.values())
        new, weight = str(len(work.tasks) + 1), body.get("weight", 1)
        task = {"seat": signer.id, "kind": "actor", "of": signer.id, "step": step, "state": "open"}
        task.update({"from": own} if own else {}, **({"weight": weight} if weight != 1 else {}))
        work.tasks[new] = task
        if own and place in ("after", "before"):
            work.wait(*((new, own) if place == "after" else (own, new)))
        work.require(body.get("need"))
        work.line_up()
        return work.after(), None

    def _removed(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, number = desk.round(), desk.body["task"]
        if not desk.supervises:
            desk.own(work, named=False)
            desk.unbar()
        pending = work.pending()
        if number not in pending or len(pending) == 1:
            raise Refused
        work.tasks[number].update(state="removed", by=desk.by.id)
        work.require(desk.body.get("need"))
        work.line_up()
        return work.after(), None

    def _returned(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, to = desk.round(), desk.body.get("to")
        number = desk.own(work)
        desk.unbar()
        if to is not None and (
            to not in desk.told.get("returns", ()) or to not in desk.act.case.visited.get(desk.way["region"], {})
        ):
            raise Refused
        work.tasks[number].update(state="returned", by=desk.by.id)
        work.close("returned", "superseded")
        work.gate["returned"] = {"by": number, **({"to": to} if to else {})}
        return work.after(), to

    def _withdrawn(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, until = desk.round(), desk.told.get("withdraw", "until_first_vote")
        voted = any(task["state"] in _SIGNED for task in work.tasks.values())
        if desk.by.id != desk.gate["by"] or until == "never" or (until == "until_first_vote" and voted):
            raise Refused
        work.close("withdrawn", "superseded")
        return work.after(), None

    def _urged(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, urged = desk.round(), desk.gate.get("urged", {})
        day = self._calendar(desk.act).counts_for(desk.act.day)
        if urged.get(desk.by.id) == day:
            raise Refused
        work.gate["urged"] = {**urged, desk.by.id: day}
        return work.after(), None

    def _calendar(self, act: Act) -> Calendar:
        """Return the calendar that an entry names, which must have been in force; without one weekends are rest."""
        digest, at = act.body.get("calendar", ""), act.entry.at
        before = sum(when < at - CLOSE for when, _ in self.published)
        if digest not in [name for when, name in self.published[max(before - 1, 0) :] if when <= at]:
            act.find("calendar", document=digest)
        bytes.fromhex(digest)
        return self.replay.documents.calendars.get(digest, Calendar())

    def _copied(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        people, copies = desk.body["to"], desk.gate.get("copies", {})
        if desk.act.case.voided or any(person in copies for person in people):
            raise Refused
        work = Round(desk.way, desk.gate, desk.act.entry.seq)
        work.gate["copies"] = {**copies, **{person: {"seq": work.seq} for person in people}}
        return work.after(), None

    def _read(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        copies = desk.gate.get("copies", {})
        if "read" in copies.get(desk.by.id, {"read": 0}):
            raise Refused
        work = Round(desk.way, desk.gate, desk.act.entry.seq)
        work.gate["copies"] = {**copies, desk.by.id: {**copies[desk.by.id], "read": work.seq}}
        return work.after(), None

    def _extended(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        due, work = desk.body["due"], desk.round()
        if "extended" in work.gate or any(may_sign(work.tasks[number], desk.by) for number in work.pending()):
            raise Refused
        work.gate.update(due=due, extended=work.seq)
        return work.after(), None

    def _waived(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        person = self._named(desk.act, "signer", valid=False)
        work, waived = desk.round(), desk.gate.get("waived", {})
        signed = list(waived.get(person.id, ()))
        if desk.by.id == person.id or desk.by.id in signed or len(signed) >= _WAIVERS:
            raise Refused
        work.gate["waived"] = {**waived, person.id: [*signed, desk.by.id]}
        return work.after(), None

    # The instance as a whole

    def _stood(self, act: Act) -> None:
        case, kind = act.case, act.entry.kind
        self.replay.authorise(act, act.rules.permitted("supervise"))
        free = not case.held and not case.voided
        may = {"suspended": free, "resumed": case.held, "voided": not case.voided, "reinstated": case.voided}[kind]
        if not may or (kind == "voided" and self._approved(act)):
            raise Refused
        rounds: Dict[str, Body] = {}
        for way in act.rules.ways:
            gate = case.gates.get(way["id"])
            if "gate" not in way or gate is None:
                continue
            if kind == "voided":
                rounds.update((way["id"], ended) for ended in self._ended(act, way))
            elif kind in ("suspended", "resumed") and gate["state"] == "open":
                work = Round(way, gate, act.entry.seq)
                work.line_up()
                for number in work.pending() if kind == "suspended" else ():
                    work.tasks[number]["state"] = "blocked"
                rounds[way["id"]] = work.after()
        self.same(act, rounds)
        act.still()
        effects = self._numbers(act)
        act.equal("effects", effects, act.body.get("effects", []))
        self.replay.effects.expect(act, effects)

    @staticmethod
    def _approved(act: Act) -> bool:
        """Whether who acts, or somebody for him, has approved in a newest round."""
        return any(
            act.entry.actor in (vote.get("by"), vote.get("for"))
            for gate in act.case.gates.values()
            for vote in (*gate["tasks"].values(), *gate.get("settled", {}).values())
            if vote.get("state", "approved") == "approved"
        )

    def _numbers(self, act: Act) -> List[Body]:
        """Return which document numbers an entry retires, or releases again."""
        body, before = act.body, self.replay.verification.chain(act.entry.instance)
        if act.entry.kind == "voided":
            kept = {number_form(number) for number in body.get("keep", ())}
            found = {number_chain("*", body["number"]): ("*", body["number"])}
            for entry in before:
                for paper in (entry.body or {}).get("papers", ()) if entry.seq < act.entry.seq else ():
                    if paper.get("filed") and paper.get("number") and number_form(paper["number"]) not in kept:
                        found[number_chain(paper["type"], paper["number"])] = paper["type"], paper["number"]
            return [{"number": number, "on": key, "retire": type_} for key, (type_, number) in sorted(found.items())]
        if act.entry.kind == "reinstated":
            told = [one for e in before if e.seq == act.case.voided["seq"] for one in (e.body or {}).get("effects", ())]
            return [
                {"number": one["number"], "on": one["on"], "release": one["retire"]} for one in told if "retire" in one
            ]
        return []

    # Days

    def end(self, case: Case) -> None:
        """Check, when an instance has been read, that no act is dated before one that it must come after."""
        if not case.backdated:
            return
        try:
            entries = [entry for entry in self.replay.verification.chain(case.instance) if entry.body is not None]
            counts = {seq: body for seq, _, body in effective([(e.seq, e.kind, e.body or {}) for e in entries])}
            counting = [entry._replace(body=counts[entry.seq]) for entry in entries if entry.seq in counts]
            acts = [act for entry in counting for act in self._acts(entry)]
            late = self._late(acts, gates=True) - self._late(acts, gates=False)
        except (KeyError, TypeError, AttributeError, ValueError):
            return  # what cannot be read is reported as such
        for seq in sorted(late):
            text = _object(_object(counts.get(seq)).get("on")).get("edtf")
            self.book.find("replay.date_order", case.instance, seq, text=text)

    def _acts(self, entry: Entry) -> Iterator[Dated]:
        """Yield what an entry says of its day, and, apart, what happened by recording it."""
        body, kind, today = entry.body or {}, entry.kind, self.replay.day(entry.at)
        recorded = {"lo": today, "hi": today}
        dated = "on" in body or body.get("mode") == "late"
        own: Set[str] = set()
        beside: Set[str] = set() if dated else own
        for name, patch in body.get("gates", {}).items() if kind not in _NOTES else ():
            is_own = (
                kind not in ("fired", "adopted", "amended")
                and body.get("mode") == "live"
                and patch.get("state") != "void"
            )
            (own if is_own else beside).add("gate " + name)
        facts = ["attribute " + name for name in _object(body.get("attrs"))]
        facts += [field for field in body.get("texts", {}) if field == "name"]
        facts += ["attribute " + field[10:] for field in body.get("texts", {}) if field.startswith("attribute.")]
        (own if entry.seq == 1 else beside).update(facts)
        if kind in _STANDING:
            beside.add("standing")
        on = body.get("on", {}) if dated else recorded
        yield Dated(entry.seq, set(body.get("set", {})), own, body.get("rests", ()), on.get("lo") or "", on.get("hi"))
        if dated and beside:
            yield Dated(-entry.seq, set(), beside, (), today, today)

    @staticmethod
    def _late(acts: Iterable[Dated], *, gates: bool) -> Set[int]:
        """Return the entries of the acts that are dated too early, with or without what gates tie."""
        late: Set[int] = set()
        earliest: Dict[int, str] = {}
        newest: Dict[Tuple[str, str], int] = {}
        for act in acts:
            lines = [("region", name) for name in act.regions] + [("", name) for name in act.lines if gates]
            before = [newest[line] for line in lines if line in newest] + [seq for seq in act.rests if seq in earliest]
            floor = max((earliest[number] for number in before), default="")
            if act.high is not None and floor > act.high:
                late.add(abs(act.number))
            earliest[act.number] = max(act.low, floor)
            newest.update(dict.fromkeys(lines, act.number))
        return late


# ------------------------------------------------------------------------------------------------------------- effects
#
# An entry says what it does elsewhere: {"effects":[{"on":KEY,"fire":[T],"skipped":[T]} | {"on":KEY,"amend":[A]} |
# {"on":"~number/HEX","retire"|"release":TYPE,"number":S}]}. The entry there says in `cause` which entry that was.

_NUMBERED = {"retire": "retired", "release": "released"}


def does(effect: Body) -> List[str]:
    """Return what stands for an effect on the other instance: triggers, `amend`, `retired` or `released`."""
    for verb, kind in _NUMBERED.items():
        if verb in effect:
            return [kind]
    return list(effect.get("fire", ["amend"]))


class Plan(NamedTuple):
    """An effect of a transition: what an entry says of it where all of it ran, its values, whether it may be skipped."""

    told: Body
    values: Body
    skips: bool


def given(body: Body, part: str, start: str) -> Set[str]:
    """Return the attributes or parameters that an entry says, in clear or as texts."""
    return {*body.get(part, {}), *(name[len(start) :] for name in body.get("texts", {}) if name.startswith(start))}


def amends(effect: Body, body: Body) -> bool:
    """Whether an amendment changes what the effect says, and nothing else."""
    renamed, names = "name" in body.get("texts", {}), sorted(given(body, "attrs", "attribute."))
    return bool(effect.get("amend") == names and effect.get("renamed", False) is renamed)


def as_declared(value: Any, kind: Any) -> Any:
    """Return a value from another definition as one of this type, where it may have been text; raises one of ODD."""
    if kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}[value]
    if kind == "integer":
        value = (
            int(value) if isinstance(value, str) and re.match(r"-?(0|[1-9][0-9]{0,15})\Z", value, re.ASCII) else value
        )
        if not is_int(value, -LARGEST):
            raise ValueError("no integer")
        return value
    return unicodedata.normalize("NFC", value)


class Effects:
    """What an act does to other instances: what its entry promises, and the entries there."""

    def __init__(self, replay: Replay) -> None:
        self.replay, self.book = replay, replay.book
        #: Promised and not met yet: 1; met before its promise: -1. By case, entry, other instance, and what is done.
        self.open: Dict[Tuple[str, int, str, str], int] = {}

    def _count(self, effect: Tuple[str, int, str, str], by: int) -> None:
        found = self.open.pop(effect, 0) + by
        if found:
            self.open[effect] = found

    def expect(self, act: Act, effects: Iterable[Body]) -> None:
        """Expect the entries on other instances that an entry says."""
        for effect in effects:
            for what in does(effect):
                self._count((act.entry.instance, act.entry.seq, effect["on"], what), 1)

    def taken(self, act: Act) -> None:
        """Take an entry that cannot be judged at its word, or what it caused would be there once too often."""
        try:
            self.expect(act, act.body.get("effects", ()))
        except ODD:
            return

    def cause(self, act: Act, what: str) -> Optional[Witness]:
        """Return the entry that caused this one; find one that did not. Raises Undisclosed."""
        said, here = act.body["cause"], act.entry.instance
        witness = self.replay.past.after(said["instance"], said["seq"])
        if witness is None or witness.at > act.entry.at:
            act.find("seen_missing", cited=said["instance"], number=said["seq"])
            return None
        if witness.leaf != said["leaf"]:
            act.find("seen_leaf", cited=said["instance"], number=said["seq"])
        meant = [item for item in witness.body.get("effects", ()) if item["on"] == here and what in does(item)]
        if not meant or (what == "amend" and not any(amends(item, act.body) for item in meant)):
            act.find("effect_unknown", cited=said["instance"], number=said["seq"], what=what)
        elif what not in _NUMBERED.values():
            plans = [plan for plan in self._plans(witness) if plan.told["on"] == here and what in does(plan.told)]
            if plans and not any(self._agrees(act, plan) for plan in plans):
                act.find("effect_values", cited=said["instance"], number=said["seq"], what=what)
        self._count((said["instance"], said["seq"], here, what), -1)
        return witness._replace(leaf=said["leaf"])

    def promised(self, act: Act, way: Body, params: Body) -> None:
        """Compare the effects that an entry says with those of its transition, and expect them."""
        plans = list(self._planned(way, act.entry.instance, act.case.root, act.case.attrs, params))
        said = act.body.get("effects", [])
        ran = [tuple(item.get("fire", ())) for item in said]
        if len(said) != len(plans):
            ran = [plan.told.get("fire", ()) for plan in plans]
        act.equal("effects", [self._told(plan.told, fired) for plan, fired in zip(plans, ran)], said)
        for plan, item in zip(plans, said):
            if "skipped" in item and not plan.skips:
                act.find("effect_skipped", target=item.get("on"), what=item["skipped"])
        self.expect(act, said)

    @staticmethod
    def _told(plan: Body, ran: Iterable[str]) -> Body:
        """Return what an entry says of an effect of which these triggers were fired."""
        if "fire" not in plan:
            return plan
        fired = [trigger for trigger in plan["fire"] if trigger in ran]
        skipped = [trigger for trigger in plan["fire"] if trigger not in ran]
        return {"fire": fired, "on": plan["on"], **({"skipped": skipped} if skipped else {})}

    def _plans(self, cause: Witness) -> List[Plan]:
        """Return the effects that the move of a cause has; none where that move is not known."""
        body, digest = cause.body, cause.entry.definition
        rules = self.replay.compiled(digest) if digest is not None else None
        way = rules.by_id.get(body.get("transition", body.get("trigger"))) if rules is not None else None
        if way is None:
            return []
        said = cause.gates.get(way["id"], {}) if cause.entry.kind == "voted" else body
        return list(self._planned(way, cause.instance, cause.root, cause.attrs, said.get("params", {})))

    @staticmethod
    def _agrees(act: Act, plan: Plan) -> bool:
        """Whether an entry has the values that its cause had for it; of those that are personal here, only that they are."""
        part, start, declared = "attrs", "attribute.", act.rules.attributes
        if "fire" in plan.told:
            part, start, declared = "params", "parameter.", act.rules.parameters
        if given(act.body, part, start) != set(plan.values):
            return False
        said = act.body.get(part, {})
        try:
            wanted = {name: as_declared(plan.values[name], declared[name].get("type")) for name in said}
        except ODD:
            return False
        return canonical(wanted) == canonical(said)

    @staticmethod
    def _planned(way: Body, key: str, root: Any, attrs: Body, params: Body) -> Iterator[Plan]:
        """Yield what a transition does to others."""

        def take(told: Body) -> Any:
            source, name = told["source"], told.get("name", "")
            fixed = {"key": key, "root": root, "literal": name}
            return fixed[source] if source in fixed else (attrs if source == "attribute" else params).get(name)

        def values(told: Body) -> Body:
            return {
                name: value
                for name, value in ((name, take(taken)) for name, taken in told.items())
                if value is not None
            }

        for effect in way.get("effects", ()):
            if isinstance(effect, str):
                continue
            on = str(take(effect["on"]) or "")
            if effect["is"] == "FireEffect":
                told = {"fire": effect["triggers"], "on": on}
                yield Plan(told, values(effect.get("params", {})), bool(effect.get("where_allowed")))
                continue
            found = values(effect.get("attrs", {}))
            renamed = {"renamed": True} if effect.get("name") and take(effect["name"]) else {}
            if found or renamed:
                yield Plan({"amend": sorted(found), "on": on, **renamed}, found, skips=False)

    def close(self) -> None:
        """Say which promises were not kept."""
        for (instance, seq, target, what), count in sorted(self.open.items(), key=repr):
            if not self.replay.verification.shown(target):
                self.book.skip("cited %s" % target, needed=True)
            elif count > 0:
                kind = what if what in _NUMBERED.values() else "effect"
                self.book.find("replay.%s_missing" % kind, instance, seq, target=target, what=what)
            else:
                self.book.find("replay.effect_twice", target, cited=instance, number=seq, what=what)


# --------------------------------------------------------------------------------------------------------- corrections
#
#     ruled       on ~log, who may: rectify{propose[role] confirm[role]}  redact{propose[role] confirm[role]}  apart: true
#     proposed    by one person: act  corrects of instead number | erases number   policy
#     rectified   by another one: corrects instead number  proposal  set was becomes   policy
#     redacted    by another one: erases number  proposal   policy        declined  proposal  policy
#
# A correction stands in the place of what it corrects in the effective history, and that is judged from its beginning.

Told = Tuple[int, str, Body]  # number, kind and body of an entry
_FREE = ("adopted", "amended", "fired", "started")
_SAME = ("dates", "number", "sha256")  # of a paper, what a correction may change


class Corrected(NamedTuple):
    """What became of an entry by the corrections that count: whether it was struck, what is said of it instead.

    `words` says of each field of `texts` beside which entry the words stand.
    """

    struck: bool
    instead: Body
    words: Dict[str, int]


def _over(first: Body, then: Body) -> Body:
    """Put what a newer correction says over what an older one says: attributes by name, all else as a whole."""
    both = {"attrs": {**first["attrs"], **then["attrs"]}} if "attrs" in first and "attrs" in then else {}
    return {**first, **then, **both}


def marks(told: List[Told]) -> Dict[int, Corrected]:
    """Return what became of each entry that a correction is about, corrections among them."""
    found: Dict[int, Corrected] = {}
    nothing = Corrected(False, {}, {})  # noqa: FBT003
    for seq, kind, body in reversed(told):
        own = found.get(seq, nothing)
        if kind != "rectified" or own.struck:
            continue
        said, words = body["instead"], dict.fromkeys(body["instead"].get("texts", ()), body["proposal"]["seq"])
        struck = bool(said.get("struck")) and seq not in found  # what takes its place strikes no more
        said = _over({name: value for name, value in said.items() if name not in ("struck", "texts")}, own.instead)
        newer = found.get(body["corrects"], nothing)
        found[body["corrects"]] = Corrected(
            struck or newer.struck, _over(said, newer.instead), {**words, **own.words, **newer.words}
        )
    return found


def effective(told: List[Told]) -> List[Told]:
    """Return the entries that count, in their order, each as corrected; without the corrections themselves."""
    known, bodies, found = marks(told), {seq: body for seq, _, body in told}, []
    for seq, kind, body in told:
        mark = known.get(seq)
        if kind == "rectified" or (mark is not None and mark.struck):
            continue
        if mark is not None:
            body = {**body, **_over({"attrs": body["attrs"]} if "attrs" in body else {}, mark.instead)}
            texts = {field: bodies[at]["texts"][field] for field, at in mark.words.items()}
            if texts:
                body["texts"] = {**body.get("texts", {}), **texts}
        found.append((seq, kind, body))
    return found


def final(told: List[Told], seq: int) -> Optional[Told]:
    """Return the entry that a correction of this one is about in the end; None where there is none."""
    entries = {number: (number, kind, body) for number, kind, body in told}
    found = entries.get(seq)
    while found is not None and found[1] == "rectified":
        found = entries.get(found[2]["corrects"]) if found[2]["corrects"] < found[0] else None
    return found


def in_form(told: List[Told], corrects: int, instead: Body) -> bool:
    """Whether nothing of its form speaks against a correction."""
    about, known = final(told, corrects), marks(told)
    if about is None:
        return False
    own = corrects == about[0]
    if corrects in known and known[corrects].struck:
        return False
    seq, kind, body = next((each for each in effective(told) if each[0] == about[0]), about)
    if instead.get("struck"):
        may = seq != 1 and kind in _FREE[:3] and not body.keys() & {"gates", "task", "effects", "cause"}
        return may or not own
    return all(_may_say(kind, body, part, value) for part, value in instead.items())


def _may_say(kind: str, body: Body, part: str, value: Any) -> bool:
    """Whether a correction may say this of an entry."""
    if part == "texts":
        starts = ("papers.", "attribute.") if kind in _FREE else ("papers.",)
        free = {"source"} if kind in _FREE else set()
        return all(name in body.get("texts", {}) and (name in free or name.startswith(starts)) for name in value)
    if part not in ("on", "papers") and kind not in _FREE:
        return False
    if part not in body:
        return part == "on" and body.get("mode") == "late"
    if part == "attrs":
        return bool(value.keys() <= body["attrs"].keys())
    if part == "papers":
        kept = [[{name: said for name, said in paper.items() if name not in _SAME} for paper in papers]
                for papers in (value, body["papers"])]  # fmt: skip
        return kept[0] == kept[1]
    return True


def settled(told: List[Told]) -> Set[int]:
    """Return the proposals that were confirmed or declined, or have lapsed since the like of them was confirmed."""
    found: Set[int] = set()
    proposals = {seq: body for seq, kind, body in told if kind == "proposed"}
    for seq, kind, said in told:
        if kind not in ("declined", "rectified", "redacted"):
            continue
        found.add(said["proposal"]["seq"])
        for number in [number for number in proposals if number < seq and number not in found]:
            body = proposals[number]
            if kind == "rectified" and body.get("corrects") == said["corrects"]:
                found.add(number)
            if kind == "redacted" and any(item in said["erases"] for item in body.get("erases", ())):
                found.add(number)
    return found


class Policy(NamedTuple):
    """Who may propose and who may confirm."""

    propose: FrozenSet[str]
    confirm: FrozenSet[str]
    apart: bool


def _is_rule(rule: Any) -> bool:
    """Whether a rule names roles for both persons, and none for both."""
    return (
        isinstance(rule, dict) and rule.keys() == {"propose", "confirm"}
        and all(isinstance(roles, list) and roles and all(map(_is_text, roles)) for roles in rule.values())
        and not set(rule["propose"]) & set(rule["confirm"])
    )  # fmt: skip


class Corrections:
    """Corrections and erasures: who may propose and confirm, and what history they lead to."""

    kinds = frozenset(("proposed", "rectified", "redacted", "declined"))

    def __init__(self, replay: Replay) -> None:
        self.replay, self.book = replay, replay.book
        self._policies: Optional[List[Entry]] = None

    def read(self, act: Act) -> None:
        """Decide an entry again that corrects or erases, or says who may."""
        if act.entry.kind == "ruled":
            rules = [act.body[name] for name in ("rectify", "redact") if name in act.body]
            if not all(map(_is_rule, rules)) or act.body.get("apart", True) is not True:
                act.find("malformed")
            return
        if act.entry.kind != "rectified":
            act.still()
        before = self._before(act)
        told = [(entry.seq, entry.kind, entry.body or {}) for entry in before.values()]
        {
            "proposed": self._proposed,
            "rectified": self._rectified,
            "redacted": self._redacted,
            "declined": self._declined,
        }[act.entry.kind](act, before, told)

    def close(self) -> None:
        """Nothing: a correction is judged where it stands."""

    def _before(self, act: Act) -> Dict[int, Entry]:
        """Return the entries of the instance before one, by number: corrections are rare, and so they are read again."""
        found: Dict[int, Entry] = {}
        for entry in self.replay.verification.chain(act.entry.instance):
            if entry.seq >= act.entry.seq:
                break
            if entry.body is not None:
                found[entry.seq] = entry
        return found

    def _proposed(self, act: Act, before: Dict[int, Entry], told: List[Told]) -> None:
        body = act.body
        rule = self._policy(act, body["act"])
        if rule is not None:
            self.replay.authorise(act, rule.propose)
        if body["act"] == "redact":
            self._committed(act, before)
            return
        target = before.get(body["corrects"])
        if target is None or target.leaf.hex() != body["of"] or not in_form(told, body["corrects"], body["instead"]):
            act.find("correction", number=body["corrects"])

    def _rectified(self, act: Act, before: Dict[int, Entry], told: List[Told]) -> None:
        body = act.body
        self._second(act, before, told, "rectify", ("corrects", "instead", "number"))
        if not in_form(told, body["corrects"], body["instead"]):
            act.find("correction", number=body["corrects"])
            return
        old, new = effective(told), effective([*told, (act.entry.seq, "rectified", body)])
        was, now = self._folded(before, old), self._folded(before, new)
        states = [name for name in {**was.regions, **now.regions} if was.regions.get(name) != now.regions.get(name)]
        becomes = {name: getattr(now, name) for name in Case.PARTS if getattr(now, name) != getattr(was, name)}
        act.equal("set", {region: now.regions.get(region) for region in states}, body.get("set"))
        act.equal("was", {region: was.regions[region] for region in states if region in was.regions}, body.get("was"))
        act.equal("becomes", becomes, body.get("becomes"))
        broken = self._again(before, new)
        if broken and not broken <= self._again(before, old):
            act.find("correction_breaks", found=listed("#%s %s" % each for each in broken))

    @staticmethod
    def _folded(before: Dict[int, Entry], told: List[Told]) -> Case:
        """Return the instance after a history."""
        case = Case("")
        for seq, _, body in told:
            case.fold(before[seq]._replace(body=body))
            case.say(before[seq]._replace(body=body))
        return case

    def _again(self, before: Dict[int, Entry], told: List[Told]) -> Set[Tuple[Optional[int], str]]:
        """Judge a history of the instance from its beginning; return the errors by entry and kind."""
        replay = self.replay.anew()
        for seq, kind, body in told:
            if not _says_words(body):
                raise Malformed("texts, on")
            if kind not in self.kinds:
                replay.read(before[seq]._replace(body=body))
        errors = (found for found in replay.book.findings if found.severity == "error")
        return {(found.seq, found.kind) for found in errors if found.seq is not None}

    def _redacted(self, act: Act, before: Dict[int, Entry], told: List[Told]) -> None:
        self._second(act, before, told, "redact", ("erases", "number"))
        self._committed(act, before)

    def _declined(self, act: Act, before: Dict[int, Entry], told: List[Told]) -> None:
        proposal = self._proposal(act, before, told)
        if proposal is None:
            return
        rule = self._policy(act, (proposal.body or {})["act"])
        if rule is not None and act.entry.actor != proposal.actor:
            self.replay.authorise(act, rule.confirm)

    def _committed(self, act: Act, before: Dict[int, Entry]) -> None:
        """Say which texts are to be erased that there never were."""
        for item in act.body["erases"]:
            if item["seq"] not in before or item["field"] not in commitments(before[item["seq"]]):
                act.find("erased_unknown", number=item["seq"], field=item["field"])

    def _proposal(self, act: Act, before: Dict[int, Entry], told: List[Told]) -> Optional[Entry]:
        """Return the proposal that an entry cites, and say where it is none, is another one, or was settled."""
        cited = act.body["proposal"]
        found = before.get(cited["seq"])
        if found is None or found.kind != "proposed":
            act.find("proposal_missing", number=cited["seq"])
            return None
        if cited["leaf"] != found.leaf.hex() or cited["by"] != found.actor:
            act.find("proposal_differs", number=found.seq)
        if found.seq in settled(told):
            act.find("proposal_settled", number=found.seq)
        return found

    def _second(self, act: Act, before: Dict[int, Entry], told: List[Told], what: str, names: Tuple[str, ...]) -> None:
        """Check that a second person did what a first one had proposed."""
        rule, proposal = self._policy(act, what), self._proposal(act, before, told)
        if proposal is None:
            return
        proposed = proposal.body or {}
        act.equal("act", what, proposed["act"])
        for name in names:
            act.equal(name, proposed.get(name), act.body.get(name))
        if rule is None or act.actor is None:
            return
        self.replay.authorise(act, rule.confirm)
        at = act.entry.at
        if self._alone(rule, proposal, act, at):
            if self._alone(rule, proposal, act, at - CLOSE):
                act.find("second_person", first=proposal.actor)
            else:
                act.warn("actor_changed")

    def _alone(self, rule: Policy, proposal: Entry, act: Act, at: int) -> bool:
        """Whether who confirms is who proposed, or signs for him, by the proxies of a moment; or is not of another office."""
        second = act.actor or Actor(act.entry.actor, frozenset())
        first = self._proposer(proposal, act.entry.at)
        pairs = ((first.id, second.id), (second.id, first.id))
        proxies = [(of, grant) for of in {first.id, second.id} for grant in self._grants(of, at)]
        return (
            first.id == second.id
            or any((of, g["to"]) in pairs and g["from"] <= act.day <= g["until"] for of, g in proxies)
            or (rule.apart and (not second.org or second.org == first.org))
        )

    def _proposer(self, proposal: Entry, at: int) -> Actor:
        told = (proposal.body or {}).get("attested", {}).get("resolver")
        if told is not None:
            return Actor(proposal.actor, frozenset(told["values"]["roles"]), told["values"].get("org", ""))
        return self.replay.actors.at(proposal.actor, at) or Actor(proposal.actor, frozenset())

    def _grants(self, of: str, at: int) -> List[Body]:
        """Return the proxies that somebody had granted by a moment."""
        found: Dict[str, Body] = {}
        for entry in self.replay.verification.chain("~actor/" + of):
            if entry.at > at:
                break
            if entry.kind == "granted":
                found[str(entry.seq)] = (entry.body or {})["grant"]
            elif entry.kind == "revoked":
                found.pop(str((entry.body or {})["grant"]), None)
        return list(found.values())

    def _policy(self, act: Act, what: str) -> Optional[Policy]:
        """Return who may do it by the policy that an entry cites, and say where that was not in force."""
        if self._policies is None:
            self._policies = [entry for entry in self.replay.verification.reserved("~log") if entry.kind == "ruled"]
        known = [entry for entry in self._policies if entry.at <= act.entry.at]
        cited = [entry for entry in known if act.body.get("policy") == {"leaf": entry.leaf.hex(), "seq": entry.seq}]
        rule = (cited[0].body or {}).get(what) if cited else None
        newer = cited and any(entry.seq > cited[0].seq and entry.at <= act.entry.at - CLOSE for entry in known)
        if newer or rule is None:
            act.find("policy", act=what)
        if rule is None:
            return None
        apart = (cited[0].body or {}).get("apart") is True
        return Policy(frozenset(rule["propose"]), frozenset(rule["confirm"]), apart)


# -------------------------------------------------------------------------------------------------------------- bundle
#
# A zip of one spelling: nothing compressed, nothing before, between or after. It is read from left to right; from what
# the members' headers say, all else is written again and compared. M is FF FF FF FF, and stands for what is too large.
#
#     member     50 4B 03 04 | version | 0000 0000 0000 2100 | crc32 | size | size | len(name) | len(x) | name | x | data
#     directory  50 4B 01 02 | version 03 | version | 0000 0000 0000 2100 | crc32 | size | size | len(name) | len(y)
#                | 0000 0000 0000 0000 8081 | offset | name | y                  one for each member, same order
#     end        50 4B 05 06 | 0000 0000 | n | n | directory's size | directory's offset | 0000

_M = 0xFFFFFFFF
_MEMBERS = 1100
_DATE = bytes(6) + b"\x21\x00"
_NAME = re.compile(
    r"(log\.jsonl|proofs\.jsonl|README\.md|verify\.py|manifest\.json|anchors/(?!000)[0-9]{3}\.checkpoint)\Z"
)
_LIMITS = {"manifest.json": 1_048_576, "README.md": 1_048_576, "verify.py": 1_048_576, "anchors": 262_144}


class Member(NamedTuple):
    """A member of a zip: what its header says, where it begins and where its data lie."""

    name: bytes
    crc: int
    size: int
    offset: int
    data: int

    @property
    def large(self) -> bool:
        """Whether its numbers need eight bytes."""
        return self.size >= _M or self.offset >= _M

    def header(self) -> bytes:
        """Return the only header that it may have."""
        version, size, extra = b"\x14\x00", self.size, b""
        if self.large:
            version, size, extra = b"\x2d\x00", _M, struct.pack("<HHQQ", 1, 16, self.size, self.size)
        told = struct.pack("<IIIHH", self.crc, size, size, len(self.name), len(extra))
        return b"PK\x03\x04" + version + _DATE + told + self.name + extra

    def entry(self) -> bytes:
        """Return the only line of the directory that it may have."""
        version, size, offset, extra = b"\x14", self.size, self.offset, b""
        if self.large:
            version, size, offset = b"\x2d", _M, _M
            extra = struct.pack("<HHQQQ", 1, 24, self.size, self.size, self.offset)
        told = struct.pack("<IIIHH", self.crc, size, size, len(self.name), len(extra)) + bytes(8) + b"\x80\x81"
        return (
            b"PK\x01\x02"
            + version
            + b"\x03"
            + version
            + b"\x00"
            + _DATE
            + told
            + struct.pack("<I", offset)
            + self.name
            + extra
        )


def read_container(path: str) -> Optional[List[Member]]:
    """Return the members of a zip; None where a byte of it, outside of the members' data, is not as it must be."""
    members: List[Member] = []
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        offset = 0
        while True:
            file.seek(offset)
            head = file.read(30)
            if head[:4] != b"PK\x03\x04" or len(head) < 30:
                break
            crc, length, _, named, extra = struct.unpack("<IIIHH", head[14:])
            rest = file.read(named + extra)
            if len(rest) == named + 20 and length == _M:
                length = struct.unpack("<Q", rest[-8:])[0]
            member = Member(rest[:named], crc, length, offset, offset + 30 + len(rest))
            if member.header() != head + rest or not 1 <= named <= 64 or not member.name.isascii():
                return None
            members.append(member)
            offset = member.data + length
            if offset > size or len(members) > _MEMBERS:
                return None
        file.seek(offset)
        directory = b"".join(member.entry() for member in members)
        end, far = b"", offset
        if offset >= _M:
            end = b"PK\x06\x06" + struct.pack("<Q", 44) + b"\x2d\x03\x2d\x00" + bytes(8)
            end += struct.pack("<QQQQ", len(members), len(members), len(directory), offset)
            end += b"PK\x06\x07" + struct.pack("<IQI", 0, offset + len(directory), 1)
            far = _M
        end += b"PK\x05\x06" + bytes(4) + struct.pack("<HHIIH", len(members), len(members), len(directory), far, 0)
        tail = file.read(len(directory) + len(end) + 1)
    return members if members and tail == directory + end else None


class Members:
    """The files of a bundle, in a zip or a folder, each opened only if its name is one that a bundle has."""

    def __init__(self, path: str, book: Book) -> None:
        self.book = book
        self.parts: Dict[str, Part] = {}
        self.crcs: Dict[str, int] = {}
        self.readable = True
        if os.path.isdir(path):
            self._folder(path)
            return
        members = read_container(path)
        if members is None:
            book.find("bundle.container")
            self.readable = False
            return
        for member in members:
            name = member.name.decode()
            if not _NAME.match(name):
                book.find("bundle.member_name", name=repr(name))
            elif name in self.parts:
                book.find("bundle.member_twice", name=name)
            else:
                self._take(name, Part(path, member.data, member.size))
                self.crcs[name] = member.crc

    def _folder(self, path: str) -> None:
        def names() -> Iterator[str]:
            for name in os.listdir(path):
                inside = os.path.join(path, name)
                if name == "anchors" and os.path.isdir(inside) and not os.path.islink(inside):
                    for anchor in os.listdir(inside):
                        yield "anchors/" + anchor
                else:
                    yield name

        for name in sorted(names()):
            file = os.path.join(path, *name.split("/"))
            if not _NAME.match(name) or os.path.islink(file) or not os.path.isfile(file):
                self.book.warn("bundle.member_name", name=repr(name))
            else:
                self._take(name, Part(file, 0, os.path.getsize(file)))

    def _take(self, name: str, part: Part) -> None:
        limit = _LIMITS.get(name.split("/", maxsplit=1)[0], part.size)
        if part.size > limit:
            self.book.find("bundle.member_size", name=name, size=part.size, limit=limit)
        else:
            self.parts[name] = part

    def compare(self, said: Dict[str, Any], *, whole: bool) -> bool:
        """Compare the members with the manifest; return whether what must be there is."""
        find, needed = self.book.find, {"log.jsonl"} if whole else {"log.jsonl", "proofs.jsonl"}
        for name in sorted(needed - set(said)):
            find("bundle.member_missing", name=name)
        for name in sorted(set(said) - set(self.parts)):
            find("bundle.member_missing", name=name)
        for name, part in self.parts.items():
            if name == "manifest.json":
                continue
            if name not in said:
                self.book.warn("bundle.member_extra", name=name)
                continue
            digest = hashlib.sha256()
            for data in part.chunks():
                digest.update(data)
            if (part.size, digest.hexdigest()) != (said[name]["size"], said[name]["sha256"]):
                find("bundle.member_differs", name=name)
        if whole and "proofs.jsonl" in self.parts and "proofs.jsonl" in said:
            self.book.warn("bundle.member_extra", name="proofs.jsonl")
        return needed <= set(self.parts) & set(said)

    def sums(self) -> None:
        """Compare the members of a zip with the sums in their headers."""
        for name, crc in self.crcs.items():
            found = 0
            if name not in self.parts:
                continue
            for data in self.parts[name].chunks():
                found = binascii.crc32(data, found)
            if found != crc:
                self.book.find("bundle.member_differs", name=name)


def _is_scope(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if value.get("kind") == "log":
        return len(value) == 1
    if value.get("kind") == "instance":
        return len(value) == 2 and isinstance(value.get("instance"), str)
    bounds = [value.get("from", ""), value.get("to", "")]
    return value.get("kind") == "recorded" and len(value) == 3 and all(b is None or is_int(b, -LARGEST) for b in bounds)


def _is_member(name: str, value: Any) -> bool:
    return (
        name != "manifest.json" and _NAME.match(name) is not None and isinstance(value, dict)
        and set(value) == {"sha256", "size"} and is_hex(value["sha256"]) and is_int(value["size"])
    )  # fmt: skip


_MANIFEST: Dict[str, Callable[[Any], bool]] = {
    "bundle": is_int,
    "entries": is_int,
    "log": lambda value: _is_text(value) and bool(HEX32.match(value)),
    "made_at": lambda value: is_int(value, -LARGEST),
    "made_by": _is_text,
    "members": lambda value: isinstance(value, dict) and all(_is_member(name, about) for name, about in value.items()),
    "mentions": lambda value: isinstance(value, list) and all(map(_is_text, value)) and value == sorted(set(value)),
    "scope": _is_scope,
    "suite": _is_text,
    "texts": lambda value: isinstance(value, bool),
    "tree": lambda value: isinstance(value, dict) and set(value) == {"root", "size"}
    and is_hex(value["root"]) and is_int(value["size"]),
    "unsealed": is_int,
}  # fmt: skip


def read_manifest(part: Part) -> Dict[str, Any]:
    """Read a manifest; raises Malformed."""
    data = part.read()
    value = parse(data[:-1]) if data.endswith(b"\n") else None
    if not isinstance(value, dict):
        raise Malformed("not canonical")
    if is_int(value.get("bundle")) and value["bundle"] != 1:
        return value
    wrong = set(value) ^ set(_MANIFEST) or {name for name, check in _MANIFEST.items() if not check(value[name])}
    if wrong:
        raise Malformed("wrong key or value: %s" % listed(wrong))
    return value


# proofs.jsonl: hashes that lead from the entries of a part to the root over all.
#
#     {"hidden":{"hash":HEX,"position":I,"width":I}}                           by position
#     {"newest":{"hashes":[HEX],"index":I,"instance":S,"leaf":HEX,"seal":I,"seq":I}}    by seal, instance


class Proofs:
    """The lines of proofs.jsonl."""

    def __init__(self, part: Part, book: Book) -> None:
        self.part, self.book = part, book
        self.newest: Dict[Tuple[int, str], Dict[str, Any]] = {}
        self.bad: Set[int] = set()

    def _refuse(self, number: int, reason: str) -> None:
        if number not in self.bad:
            self.bad.add(number)
            self.book.find("bundle.line", line=number, reason=reason)

    def hidden(self) -> Iterator[Dict[str, Any]]:
        """Yield the hidden trees, and keep the proofs of newest entries, which come after them."""
        last: Optional[Tuple[int, str]] = None
        for number, (_, line) in enumerate(self.part.lines(), 1):
            try:
                block, record = self._read(line, last)
            except Malformed as error:
                self._refuse(number, str(error))
                continue
            if block == "hidden":
                yield record
            else:
                last = record["seal"], record["instance"]
                self.newest[last] = record

    @staticmethod
    def _read(line: bytes, last: Optional[Tuple[int, str]]) -> Tuple[str, Dict[str, Any]]:
        value = parse(line[:-1]) if line.endswith(b"\n") else None
        if not isinstance(value, dict) or len(value) != 1:
            raise Malformed("not canonical")
        ((block, record),) = value.items()
        if not isinstance(record, dict):
            raise Malformed("not an object")
        if block == "hidden" and set(record) == {"hash", "position", "width"}:
            good = is_hex(record["hash"]) and is_int(record["position"]) and is_int(record["width"])
            if good and last is None:
                return block, record
        if block == "newest" and set(record) == {"hashes", "index", "instance", "leaf", "seal", "seq"}:
            hashes = record["hashes"]
            good = (
                isinstance(hashes, list) and len(hashes) <= 63 and all(map(is_hex, hashes)) and is_hex(record["leaf"])
            )
            good = (
                good and _is_text(record["instance"]) and all(is_int(record[name]) for name in ("index", "seal", "seq"))
            )
            if good and (last is None or (record["seal"], record["instance"]) > last):
                return block, record
        raise Malformed("wrong key, value or place")


class PartTree:
    """The tree of which a bundle shows a part: runs of leaves, and hidden trees between them."""

    def __init__(self, hash_: Hash, said: Dict[str, Any], cuts: FrozenSet[int], book: Book) -> None:
        self.hash, self.cuts, self.book = hash_, cuts, book
        self.size, self.root = int(said["size"]), str(said["root"])
        self.roots: Dict[int, bytes] = {}
        self.newest: Optional[Entry] = None
        self.runs: List[Run] = []
        self.genesis = False
        self.seals: Dict[int, Body] = {}  # by size, what the entries `sealed` say that are shown at their places
        self.whole = self.sealed = False  # whether all positions are covered, and the newest seal is there

    def place(self, entry: Entry, position: int) -> None:
        """Put an entry at its place."""
        if position == 0 and (entry.instance, entry.seq) == ("~log", 1):
            self.genesis = True
        if entry.instance == "~log" and entry.kind == "sealed":
            if (entry.body or {}).get("size") == position + 1:
                self.seals[position + 1] = entry.body or {}
        if not self.runs or self.runs[-1].end != position:
            self.runs.append(Run(self.hash, position, self.cuts))
        self.runs[-1].add(entry.leaf)

    def note(self, chain: Chain, position: int, entry: Entry) -> None:
        """Nothing: as for heads."""

    def head(self, chain: Chain) -> None:
        """Nothing: a part does not show the heads of all."""

    def _pieces(self, hidden: Iterable[Dict[str, Any]]) -> Iterator[Tuple[Optional[int], Peaks]]:
        """Yield what covers the positions, from left to right where it is in order; of a hidden tree its width."""
        shown = sorted((part for run in self.runs for part in run.parts), key=lambda part: part.start)
        for record in hidden:
            while shown and shown[0].start < record["position"]:
                yield None, shown.pop(0)
            tree = Peaks(self.hash, record["position"])
            tree.add(bytes.fromhex(record["hash"]), record["width"])
            yield record["width"], tree
        for part in shown:
            yield None, part

    def join(self, hidden: Iterable[Dict[str, Any]], look: Callable[[Dict[str, Any]], None]) -> None:
        """Put everything together, and compare the root; `look` is shown every hidden tree."""

        def watched() -> Iterator[Dict[str, Any]]:
            for record in hidden:
                look(record)
                yield record

        whole = Peaks(self.hash)
        self.roots[0] = whole.root()
        wrong = ""
        facts: Dict[str, Any] = {}
        for width, piece in self._pieces(watched()):
            if wrong:
                continue  # the rest of proofs.jsonl is still to be read
            perfect = width is None or (width > 0 and width & (width - 1) == 0 and piece.start % width == 0)
            if piece.start < whole.end or not perfect or piece.end > self.size:
                wrong = "tree.position_twice"
                facts = {"position": piece.start, "expected": whole.end}
            elif piece.start > whole.end:
                wrong = "tree.position_missing"
                facts = {"first": whole.end, "last": piece.start - 1}
            else:
                whole.extend(piece)
                if whole.end in self.cuts:
                    self.roots[whole.end] = whole.root()
        if not wrong and whole.end != self.size:
            wrong = "tree.position_missing"
            facts = {"first": whole.end, "last": self.size - 1}
        if wrong:
            self.book.find(wrong, **facts)
            self.roots.clear()
            return
        self.whole = True
        self.roots[self.size] = whole.root()
        if whole.root().hex() != self.root:
            self.book.find("tree.proof_differs", found=whole.root().hex(), expected=self.root)
        self.sealed = not self.size or (self.genesis and self.size in self.seals)
        if not self.sealed:
            self.book.find("tree.seal_missing", size=self.size)


class PartVerification(Verification):
    """The verification of a bundle that shows one instance, or what was recorded in an interval."""

    partly = True

    def __init__(
        self,
        lines: Lines,
        genesis: Genesis,
        given: Given,
        came: Iterable[Anchor],
        manifest: Dict[str, Any],
        proofs: Proofs,
    ) -> None:
        self.manifest, self.scope, self.proofs = manifest, manifest["scope"], proofs
        self.withheld, self.unsealed = not manifest["texts"], 0
        self.hidden = 0  # positions of an interval's entries that are not shown
        self.mentions: Set[str] = set()
        self.cited: Dict[str, List[Tuple[str, int]]] = {}  # leaves of entries that are not shown: who cites them
        self.sealed: List[Tuple[int, int]] = []  # when, and how many leaves, by every entry `sealed` that is there
        self.newest: Dict[Tuple[int, str], Tuple[int, bytes]] = {}  # of a seal and a chain, its newest entry then
        self.chains: List[str] = []  # those that have an entry with a place, but for ~log
        super().__init__(lines, genesis, given, came)
        self.covered = dict.fromkeys((anchor.said.size for anchor in self.held), 0)
        self.places.once = True
        self.with_documents = self.scope["kind"] == "instance"
        if not self.with_documents:
            self.replay = None
        self.position: Optional[int] = None
        said = ((entry.body or {}).get("size") for entry in lines.log_entries(self.hash) if entry.kind == "sealed")
        self.sizes_sealed = sorted({size for size in said if is_int(size)})

    def _tree(self) -> Any:
        return PartTree(self.hash, self.manifest["tree"], self.cuts, self.book)

    def shown(self, instance: Any) -> bool:
        """Whether the chain of an instance is there to be looked at."""
        if not isinstance(instance, str):  # an effect on what is no key
            return False
        reserved = instance.startswith("~") and not instance.startswith("~number/")
        return reserved or next(self.chain(instance), None) is not None

    def _belongs(self, entry: Entry) -> bool:
        if self.scope["kind"] == "instance":
            own = (self.scope["instance"], "~log", "~calendar")
            return entry.instance in own or entry.instance.startswith(("~actor/", "~definition/", "~number/"))
        after = self.scope["from"] is None or entry.at >= self.scope["from"]
        return entry.instance == "~log" or (after and (self.scope["to"] is None or entry.at < self.scope["to"]))

    def _see(self, entry: Entry) -> None:
        if not self._belongs(entry):
            self.book.find("bundle.scope", entry.instance, entry.seq, scope=self.scope)
        size = (entry.body or {}).get("size")
        if entry.instance == "~log" and entry.kind == "sealed" and is_int(size):
            self.sealed.append((entry.at, size))
        if entry.instance == self.scope.get("instance") and entry.body is not None:
            self._mention(entry, entry.body)

    def _mention(self, entry: Entry, body: Dict[str, Any]) -> None:
        cited = [body.get("cause"), *(body["seen"] if isinstance(body.get("seen"), list) else ())]
        cited = [about for about in cited if isinstance(about, dict)]
        effects = body["effects"] if isinstance(body.get("effects"), list) else []
        keys = [body.get("root"), *(about.get("instance") for about in cited)]
        keys += [about.get("on") for about in effects if isinstance(about, dict)]
        for key in keys:
            if isinstance(key, str) and key != self.scope["instance"] and not key.startswith("~"):
                self.mentions.add(key)
        for about in cited:
            key, leaf = about.get("instance"), about.get("leaf")
            if isinstance(key, str) and key in self.mentions and isinstance(leaf, str) and self.position is not None:
                self.cited.setdefault(leaf, []).append((entry.instance, entry.seq))

    def _link(self, chain: Chain, entry: Entry) -> None:
        fresh = chain.seq == 0
        if self.scope["kind"] == "recorded" or entry.instance == "~log":
            apart = entry.seq != 1 if fresh else entry.instance == "~log" and entry.seq > chain.seq + 1
            if apart:
                if chain.at is not None and entry.at < chain.at:
                    self.book.find("chain.clock_back", entry.instance, entry.seq, before=chain.seq)
                chain.seq, chain.leaf, chain.at = entry.seq, entry.leaf, entry.at
                return
        super()._link(chain, entry)

    def _place(self, chain: Chain, entry: Entry) -> None:
        self.position = self.places.of(entry.instance, entry.seq)
        if self.position is not None and self.position >= self.tree.size:
            self.book.find(
                "tree.position_unsealed", entry.instance, entry.seq, position=self.position, size=self.tree.size
            )
            self.position = None
        super()._at(chain, entry, self.position)
        if self.position is None:
            self.unsealed += 1
            return
        for size in self.covered:
            self.covered[size] += self.position < size
        for size in self.sizes_sealed if entry.instance != "~log" else ():
            if self.position < size - 1:
                self.newest[size, entry.instance] = entry.seq, entry.leaf

    def _end(self, chain: Chain) -> None:
        super()._end(chain)
        if chain.placed is None and self.scope["kind"] == "instance":
            self.book.skip("later " + chain.instance, needed=True)
        if chain.placed is not None and chain.instance != "~log":
            self.chains.append(chain.instance)

    def _gone(self, instance: str, seq: int, field: str) -> None:
        if self.scope["kind"] == "instance" or self.withheld:
            super()._gone(instance, seq, field)
        else:  # an entry that is not shown may have erased it
            self.book.skip("missing texts", needed=True)

    def _newer(self, size: int) -> int:
        return self.book.entries - self.covered.get(size, 0)

    def _close_tree(self) -> None:
        self.places.close()
        self.tree.join(self.proofs.hidden(), self._look)
        if self.scope["kind"] == "instance":
            if self.tree.sealed:
                self._newest()
            for leaf, places in self.cited.items() if self.tree.whole else ():
                for instance, seq in places:
                    self.book.warn("tree.cited_unplaced", instance, seq, leaf=leaf)
        if self.unsealed:
            self.book.skip("unsealed %d" % self.unsealed)
        self._scope_skips()
        self._manifest()

    def _look(self, hidden: Dict[str, Any]) -> None:
        if hidden["width"] == 1:
            self.cited.pop(hidden["hash"], None)
        if self.scope["kind"] != "recorded":
            return
        low, high = self._bounds()
        self.hidden += max(0, min(hidden["position"] + hidden["width"], high) - max(hidden["position"], low))

    def _bounds(self) -> Tuple[int, int]:
        """Return the sizes of the tree between which everything lies that was recorded in the interval and sealed."""
        start, end = self.scope["from"], self.scope["to"]
        before = [size for at, size in self.sealed if start is not None and at < start]
        after = [size for at, size in self.sealed if end is not None and at >= end]
        return max(before, default=0), min(after, default=max((size for _, size in self.sealed), default=0))

    def _newest(self) -> None:
        """Compare each chain with the proofs of what its newest entry was when a seal was made."""
        proofs = dict(self.proofs.newest)
        for (size, instance), newest in self.newest.items():
            if size in self.tree.seals:
                proof = proofs.pop((size, instance), None)
                self._newest_of(self.tree.seals[size], instance, newest, proof)
        for size, instance in proofs:
            self.book.find("tree.newest_orphan", instance, size=size)

    def _newest_of(self, seal: Body, instance: str, newest: Tuple[int, bytes], proof: Optional[Body]) -> None:
        find = self.book.find
        if proof is None:
            find("tree.newest_missing", instance, size=seal.get("size"))
            return
        line = {"head": {"instance": instance, "leaf": proof["leaf"], "seq": proof["seq"]}}
        leaf, hashes = self.hash(b"\x00" + canonical(line)), [bytes.fromhex(told) for told in proof["hashes"]]
        size = seal.get("instances")
        root = root_of_proof(self.hash, leaf, proof["index"], size, hashes) if is_int(size) else None
        if root is None or root.hex() != seal.get("heads"):
            find("tree.newest_differs", instance, proof["seq"], size=seal.get("size"), newest=newest[0])
        elif proof["seq"] > newest[0]:
            find("tree.entries_hidden", instance, newest[0], size=seal.get("size"), newest=proof["seq"])
        elif (proof["seq"], proof["leaf"]) != (newest[0], newest[1].hex()):
            find("tree.newest_differs", instance, proof["seq"], size=seal.get("size"), newest=newest[0])

    def _rests_on(self) -> None:
        """Say what the anchor does not show of the chains' ends."""
        anchored = self.book.anchored
        if anchored is None or self.scope["kind"] != "instance":
            return
        if anchored["size"] not in self.tree.seals:
            self.book.skip("ends %s" % anchored["label"], needed=True)
            return
        for instance in self.chains:
            if (anchored["size"], instance) not in self.newest:
                self.book.skip("before " + instance, needed=True)

    def _scope_skips(self) -> None:
        if not self.manifest["texts"]:
            self.book.skip("texts")
        if self.scope["kind"] == "instance":
            self.book.skip("other instances")
            return
        self.book.skip("replay", needed=True)
        self.book.skip("earlier entries")
        if self.hidden:
            self.book.skip("hidden %d" % self.hidden)

    def _manifest(self) -> None:
        """Compare what the manifest says with what was found."""
        found = {
            "entries": self.book.entries, "unsealed": self.unsealed,
            "mentions": sorted(self.mentions) if self.scope["kind"] == "instance" else [],
        }  # fmt: skip
        for name, value in found.items():
            if self.manifest[name] != value:
                self.book.find("bundle.manifest_differs", part=name, said=self.manifest[name], found=value)


def verify_bundle(path: str, book: Book, given: Given) -> None:
    """Verify a bundle, in the order of the format's description."""
    members = Members(path, book)
    if not members.readable:
        return
    members.sums()
    if "manifest.json" not in members.parts:
        book.find("bundle.member_missing", name="manifest.json")
        return
    try:
        manifest = read_manifest(members.parts["manifest.json"])
    except Malformed as error:
        book.find("bundle.manifest", reason=str(error))
        return
    if manifest["bundle"] != 1 or manifest["suite"] not in SUITES:
        book.skip(
            "bundle %d" % manifest["bundle"] if manifest["bundle"] != 1 else "suite " + manifest["suite"], needed=True
        )
        return
    whole = manifest["scope"]["kind"] == "log"
    if not members.compare(manifest["members"], whole=whole):
        return
    lines = Lines(members.parts["log.jsonl"], book)
    genesis = find_genesis(lines)
    if genesis is None:
        book.skip("triggers")
        book.find("chain.genesis_missing", "~log", 1)
        return
    for name, value in (("log", genesis.log), ("suite", genesis.suite)):
        if manifest[name] != value:
            book.find("bundle.manifest_differs", part=name, said=manifest[name], found=value)
    if not manifest["texts"] and "text" in lines.spans:
        book.find("bundle.manifest_differs", part="texts", said=False, found=True)
    came: List[Anchor] = []
    for name in sorted(name for name in members.parts if name.startswith("anchors/") and name in manifest["members"]):
        try:
            came.append(read_anchor(name, members.parts[name].read()))
        except Malformed as error:
            book.find("bundle.anchor", name=name, reason=str(error))
    if whole:
        WholeVerification(lines, genesis, given, came, manifest).run()
    else:
        proofs = Proofs(members.parts["proofs.jsonl"], book)
        PartVerification(lines, genesis, given, came, manifest, proofs).run()


class WholeVerification(Verification):
    """The verification of a bundle that has the whole log: as an export, and the manifest."""

    def __init__(
        self, lines: Lines, genesis: Genesis, given: Given, came: Iterable[Anchor], manifest: Dict[str, Any]
    ) -> None:
        self.withheld = not manifest["texts"]
        super().__init__(lines, genesis, given, came)
        self.manifest, self.unsealed = manifest, 0

    def _at(self, chain: Chain, entry: Entry, position: Optional[int]) -> None:
        self.unsealed += position is None
        super()._at(chain, entry, position)

    def _close_tree(self) -> None:
        super()._close_tree()
        if not self.manifest["texts"]:
            self.book.skip("texts")
        found = {"entries": self.book.entries, "unsealed": self.unsealed, "mentions": []}
        for name, value in found.items():
            if self.manifest[name] != value:
                self.book.find("bundle.manifest_differs", part=name, said=self.manifest[name], found=value)
        root = self.tree.roots.get(self.tree.size)
        if self.manifest["tree"]["size"] != self.tree.size or (
            root is not None and root.hex() != self.manifest["tree"]["root"]
        ):
            found = {"root": root and root.hex(), "size": self.tree.size}
            self.book.find("bundle.manifest_differs", part="tree", said=self.manifest["tree"], found=found)


# --------------------------------------------------------------------------------------------------------------- words

#: The report's sentences in English and in Chinese: those of `kfq verify`, so that two reports are compared by eye.
WORDS = {
    "anchored": ("INTACT, anchored.", "完整，且与锚点一致。"),
    "self-consistent": ("SELF-CONSISTENT ONLY: no anchor to compare with.", "自身一致（没有库外锚点可比对）。"),
    "incomplete": ("INCOMPLETE: not everything could be checked.", "未能全部核验。"),
    "tampered": ("TAMPERED.", "已被改动。"),
    "anchor": (
        "Anchored by {label}: the first {size} entries. The {newer} newer ones are protected by the database only.",
        "锚点：{label}（前 {size} 条）；其后有 {newer} 条只受数据库权限保护。",
    ),
    "signed": ("Signed by: {names}", "签名：{names}"),
    "through": ("Trusted through handovers: {path}", "该密钥经交接受信任：{path}"),
    "verified": (
        "Verified {entries} entries of {instances} instances.",
        "核验了 {instances} 个实例的 {entries} 条记录。",
    ),
    "counts": (
        "Decided again: {decided} moves; {witnessed} also from other instances, {attested} on answers of the "
        "application. Late: {late}. Refused attempts: {refused}.",
        "重新判定 {decided} 步，其中参照其他实例 {witnessed} 步，依应用程序答复 {attested} 步；补录 {late} 条，被拒 {refused} 条。",
    ),
    "lost": (
        "Restored from a backup: {count} entries that were sealed and published are lost; see the findings.",
        "曾从备份恢复：丢失已封存并发布的 {count} 条记录，见下列各项。",
    ),
    "redacted": ("Redacted texts: {count}, each by an entry.", "已删除的文字：{count} 处，各有记录为据。"),
    "not_checked": ("Not checked: {what}", "未核验：{what}"),
    "left_out": ("{count} more findings are not listed.", "另有 {count} 处发现未列出。"),
    "error": ("error", "错误"),
    "warning": ("warning", "提示"),
    "limits": (
        "A log hashed anew, a cut tail or a removed instance would show only against an anchor kept outside.",
        "整库被重算、末尾被截去或整个实例被删，要有存在库外的锚点才能发现。",
    ),
}

#: What was found, in English and in Chinese, by LAYER.KIND or by the kind alone; and why nothing could be verified.
SENTENCES = {
    "unreadable": ("the {part} {path} cannot be read ({reason})", "{part} {path} 无法读取（{reason}）"),
    "no_log": (
        "{path} is no exported log: it does not hold the log's first entry",
        "{path} 不是导出的日志：其中没有日志的首条记录",
    ),
    "bad_key": ("--trust: {key} is no key ({reason})", "--trust：{key} 不是公钥（{reason}）"),
    # the file
    "container": (
        "not packed as bundles are; unpack it and verify the folder",
        "打包方式不对，请解包后核验文件夹",
    ),
    "member_name": ("{name} is no part of a bundle; it was not read", "{name} 不属于核验包，未读取"),
    "member_twice": ("the file {name} is there twice", "文件 {name} 重复"),
    "member_size": ("the file {name} has {size} bytes; at most {limit} are read", "文件 {name} 为 {size} 字节，超过上限 {limit}"),
    "member_missing": ("the file {name} is missing", "缺少文件 {name}"),
    "member_extra": ("the manifest does not name the file {name}", "文件 {name} 不应在包内：清单未列，或用不到"),
    "member_differs": (
        "the file {name} is not what the manifest, or its own header, says",
        "文件 {name} 与清单或文件头所记的不符",
    ),
    "manifest": ("the manifest cannot be read ({reason})", "清单无法读取（{reason}）"),
    "manifest_differs": (
        "the manifest says another {part}: {said}; found: {found}",
        "清单所记的{part}不符：清单为 {said}，实为 {found}",
    ),
    "bundle.line": (
        "line {line} of proofs.jsonl cannot be read ({reason})",
        "proofs.jsonl 第 {line} 行无法读取（{reason}）",
    ),
    "scope": ("the entry is not of what the bundle shows: {scope}", "记录不在此包的范围之内：{scope}"),
    "anchor": ("{name} is no checkpoint ({reason})", "{name} 不是检查点（{reason}）"),
    "line": ("line {line} cannot be read ({reason})", "第 {line} 行无法读取（{reason}）"),
    "version": ("format version {version} is not known", "格式版本 {version} 未知"),
    "too_large": ("the entry has {size} bytes; at most {limit} are allowed", "记录为 {size} 字节，超过上限 {limit}"),
    "not_canonical": ("the body is not canonical JSON, or not of its form", "正文不是规范 JSON，或不成形"),
    # the chain
    "genesis_missing": ("the genesis entry is missing", "缺少创世记录"),
    "gap": ("entries {first} to {last} are missing before it", "此前缺少第 {first} 至 {last} 条记录"),
    "duplicate": ("this number occurs twice", "记录号重复"),
    "order": ("its number must be larger than {before}", "次序不对：记录号应当大于 {before}"),
    "sorted": ("it stands after {before}: wrong order, or twice", "实例排在“{before}”之后：次序不对或重复"),
    "prev": ("it does not follow entry {before}: that was altered, removed or moved", "没有接在第 {before} 条之后：该条被改动、删除或调换"),
    "first_prev": ("it does not follow the log's genesis", "没有接在创世记录之后"),
    "clock_back": ("its time lies before that of entry {before}", "时刻早于第 {before} 条"),
    # texts, documents, heads
    "text.orphan": ("the text {field} stands beside no entry", "文字“{field}”没有对应的记录"),
    "text.uncommitted": ("the text {field} is not committed to", "文字“{field}”没有被承诺"),
    "text.differs": ("the text {field} does not open its commitment", "文字“{field}”与承诺不符"),
    "text.missing": ("the text {field} is gone, and nothing erased it", "文字“{field}”不在了，也没有删除的记录"),
    "text.present": ("entry {by} erased the text {field}, which is there", "第 {by} 条已删除文字“{field}”，而文字仍在"),
    "document.missing": ("the document {document} is missing", "缺少文档 {document}"),
    "digest": ("the document {document} does not hash to its digest", "文档 {document} 与其摘要不符"),
    "document.kind": (
        "the document {document} is kept as {found}; it is {expected}",
        "文档 {document} 的类别记为 {found}，应为 {expected}",
    ),
    "unused": ("no entry names the document {document}", "没有记录提到文档 {document}"),
    "document.unreadable": ("the document {document} is no rules", "文档 {document} 不是流程规则"),
    "not_defined": (
        "the rules {document} of {workflow} were never registered",
        "流程 {workflow} 的规则 {document} 没有登记",
    ),
    "not_yet_defined": ("the rules {document} were not registered yet", "规则 {document} 当时尚未登记"),
    "row_orphan": ("there is a head, and no entry", "有末条而无记录"),
    "row_missing": ("there are entries, and no head", "有记录而无末条"),
    "seq": ("the head says entry {found}; the newest is {expected}", "末条的记录号为 {found}，应为 {expected}"),
    "head": ("the head's hash is {found}, not {expected}", "末条的散列为 {found}，应为 {expected}"),
    # the tree
    "seal_size": (
        "the seal's size {size} after {before}, or what it says of the heads, is not possible",
        "封存的大小 {size}（上一次为 {before}）或所记的末条不可能",
    ),
    "place_orphan": ("no entry is there for position {position}", "位置 {position} 上的记录不存在"),
    "entry_unplaced": ("it is not in the tree, though entry {after} after it is", "记录不在树中，而其后的第 {after} 条却在"),
    "position_unsealed": (
        "position {position} lies after the newest seal, of {size}",
        "位置 {position} 在最近一次封存（共 {size} 条）之后",
    ),
    "position_missing": (
        "positions {first} to {last} are missing, or not where they belong",
        "位置 {first} 至 {last} 缺少或错位",
    ),
    "position_moved": ("it lies at position {position}, not {expected}", "记录位于 {position}，应在 {expected}"),
    "position_twice": (
        "what covers position {position} does not fit where {expected} is next",
        "覆盖位置 {position} 的部分重复或不合，下一个应为 {expected}",
    ),
    "heads_differ": (
        "the seal of {size} entries says other newest entries, of {expected} instances, than are there, of {found}",
        "大小为 {size} 的封存记下 {expected} 个实例的末条，与现有 {found} 个实例的不符",
    ),
    "checkpoint_malformed": ("the kept checkpoint of {size}: {reason}", "所存大小为 {size} 的检查点：{reason}"),
    "proof_differs": ("the proofs lead to the root {found}, not {expected}", "证明通向的根为 {found}，应为 {expected}"),
    "seal_missing": (
        "the seal of {size} entries, or the genesis, is missing",
        "缺少大小为 {size} 的封存记录，或创世记录",
    ),
    "newest_missing": (
        "no proof of its newest entry when {size} were sealed",
        "缺少封存 {size} 条时末条的证明",
    ),
    "newest_differs": (
        "the proof of its newest entry when {size} were sealed does not hold, or is not of entry {newest}",
        "封存 {size} 条时末条的证明不成立，或所证不是第 {newest} 条",
    ),
    "newest_orphan": (
        "a proof of its newest entry when {size} were sealed, and no such entry",
        "有封存 {size} 条时末条的证明，而没有对应的记录",
    ),
    "entries_hidden": (
        "when {size} were sealed its newest entry was {newest}: entries are hidden",
        "封存 {size} 条时末条为第 {newest} 条：有记录被隐去",
    ),
    "cited_unplaced": ("an entry that it cites is not in the tree: {leaf}", "所引记录不在树中：{leaf}"),
    # restores
    "recovered": (
        "restored from a backup of {left} entries: incarnation {number} lost those after them",
        "曾从备份恢复，留存 {left} 条：第 {number} 代有记录丢失",
    ),
    "recovery_number": (
        "the recovery begins incarnation {number}; the log was in {before}",
        "恢复记录自称第 {number} 代，而此前已是第 {before} 代",
    ),
    "recovery_kept": (
        "it says that {size} entries were kept; no seal before it had these, or they have another root",
        "所称留存的 {size} 条不是此前任何一次封存，或其根不同",
    ),
    "recovery_origin": (
        "the lost checkpoint of {size} is of another log or incarnation: {origin}",
        "所列大小为 {size} 的检查点属于另一日志或另一代：{origin}",
    ),
    "recovery_nothing": (
        "the lost checkpoint of {size} ({origin}) lost nothing: {left} are left",
        "所列大小为 {size} 的检查点（{origin}）并未丢失记录：留存 {left} 条",
    ),
    "recovery_unproved": (
        "no trusted signature proves the lost checkpoint of {size} ({origin})",
        "所列大小为 {size} 的检查点（{origin}）没有受信任签名的副本",
    ),
    "recovery_false": ("{label}: said to be lost, but all {size} entries are there", "{label}：所称丢失的记录都在，共 {size} 条"),
    "recovery_overstated": (
        "{label}: less was lost than was said: its {size} entries are there",
        "{label}：所称丢失的多于实际，其 {size} 条都在",
    ),
    "loss_unnamed": (
        "{label} is of {size} entries: more were lost than the {known} that are named",
        "{label} 有 {size} 条：丢失的多于所称（至第 {known} 条）",
    ),
    "lost": (
        "{label}: of its {size} entries a restore has left {left}",
        "{label}：其 {size} 条在恢复后只留存 {left} 条，不能证明现存的记录",
    ),
    "incarnation_missing": (
        "{label} is of incarnation {number}; the log knows {found}",
        "{label} 属于第 {number} 代，日志只到第 {found} 代：另有恢复，或恢复记录被截去",
    ),
    # checkpoints and keys
    "other_log": ("{label} is of another log: {origin}, not {expected}", "{label} 属于另一日志（{origin}），本日志为 {expected}"),
    "fork": ("{label} and {other} say two roots of size {size}", "{label} 与 {other} 对大小 {size} 给出不同的根"),
    "size_shrunk": (
        "{label} was made of {size} entries; here {found} are sealed: entries are gone, or the file is older than {label}",
        "{label} 有 {size} 条，这里只封存 {found} 条：有记录丢失，或文件早于 {label}",
    ),
    "root_differs": ("the first {size} entries are not those of {label}", "前 {size} 条记录与检查点 {label} 的根不符"),
    "signature_bad": ("{label}: {reason}", "{label} 的签名是假的：{reason}"),
    "signature_missing": ("no trusted key has signed {label}", "{label} 没有受信任的签名"),
    "signature_revoked": ("only revoked keys have signed {label}: {names}", "{label} 只有已作废的密钥签名：{names}"),
    "statement_bad": (
        "{label}: the statement about the key {key} is not signed as it must be",
        "{label}：关于密钥 {key} 的声明缺少应有的签名，或签名是假的",
    ),
    "handover_second": (
        "{label}: the key {key} hands over to {new}, and had to {other} before",
        "{label}：密钥 {key} 交接给 {new}，而此前已交接给 {other}",
    ),
    "handover_loop": (
        "{label}: the key {key} hands over to {new}, which came before it",
        "{label}：密钥 {key} 交接给更早的密钥 {new}",
    ),
    "handover_revoked": (
        "{label}: the key {key}, which hands over to {new}, had been revoked",
        "{label}：交接给 {new} 的密钥 {key} 此前已作废",
    ),
    "revocation_foreign": (
        "{label}: neither the key {key} nor one after it has signed its revocation",
        "{label}：密钥 {key} 的作废声明不是该密钥或其后的密钥所签",
    ),
    # every entry decided again
    "decided": ("the entry says {part} {found}; decided again: {expected}", "{part}记为 {found}，重新判断应为 {expected}"),
    "malformed": ("what this entry of kind {kind} says is malformed", "{kind} 类记录的内容不合格式"),
    "kind_place": ("an entry of kind {kind} does not belong here", "{kind} 类记录不应在此"),
    "def_missing": ("it names no rules", "没有指明规则"),
    "def_changed": ("the rules changed from {before} to {found}", "规则中途由 {before} 换成 {found}"),
    "not_started": ("the first entry is of kind {kind}, no start or adoption", "首条是 {kind}，不是启动或补记"),
    "not_first": ("an entry of kind {kind} can only be the first", "{kind} 只能是首条"),
    "root_missing": ("the root {root} did not exist then", "所属实例“{root}”当时不存在"),
    "replay.root_differs": (
        "the root {root} is of the workflow {found}; it must be one of {expected}",
        "所属实例“{root}”的流程为 {found}，应为 {expected}",
    ),
    "attributes": ("the rules do not have these attributes so: {names}", "属性未声明，或不应以明文记载：{names}"),
    "late_unmarked": ("it names for whom it was made, and is not marked late", "写明代何机构，却没有标为补录"),
    "late_flags": ("a late entry lacks its office, its basis or its source", "补录缺少标记：机构、依据或来源"),
    "not_allowed": ("{what} was not allowed by the rules then in force", "按当时的规则，“{what}”不应获准"),
    "attested_missing": ("the application's answer to {guard} is missing", "没有记下应用程序对 {guard} 的答复"),
    "unknown_trigger": ("the rules have no trigger {trigger}", "规则中没有动作“{trigger}”"),
    "seen_missing": ("entry {number} of {cited}, which it cites, did not exist", "所引“{cited}”第 {number} 条当时不存在"),
    "seen_leaf": ("entry {number} of {cited} is not the one that it cites", "所引“{cited}”第 {number} 条与现存的不同"),
    "adoption": ("the rules do not allow these states: {states}", "补记的状态不合规则：{states}"),
    "actor_unknown": ("the actor {actor} is not enrolled", "办理人 {actor} 没有登记"),
    "actor_changed": ("the actor {actor} was changed just before", "办理人 {actor} 的登记刚刚变更"),
    "actor_role": ("the actor {actor} had none of the roles: {needs}", "办理人 {actor} 不具备角色：{needs}"),
    "actor_not_valid": ("the actor {actor} was not valid then", "办理人 {actor} 当时已停用或不在有效期内"),
    "mode": ("its mode is {found}, and must be {expected}", "方式为 {found}，应为 {expected}"),
    "says_more": ("an entry of kind {kind} may not say: {names}", "{kind} 类记录不得写有：{names}"),
    "date_missing": ("it has no day", "没有日期"),
    "date_malformed": ("the date {text} is not valid", "日期 {text} 无效"),
    "date_differs": (
        "the date {text} does not have the earliest and latest day {low}, {high}",
        "日期 {text} 与所记的最早日 {low}、最晚日 {high} 不符",
    ),
    "date_order": (
        "the date {text} lies before that of something that comes before it",
        "日期 {text} 与先后矛盾：必在其前的事发生得更晚",
    ),
    "candidate": ("{name} could not sign for {seat} then", "所列 {name} 当时不能签署“{seat}”"),
    "calendar": ("the calendar {document} was not in force then", "所依日历 {document} 当时不在用"),
    "number_overlap": (
        "a document number was laid within a minute of its retirement; it is one of: {numbers}",
        "有文号与其作废几乎同时使用，为下列之一：{numbers}",
    ),
    "grounds_missing": ("it lacks the grounds that it must have: {names}", "缺少理由或依据文件：{names}"),
    "replay.gates_differs": (
        "what it says of the gates {names} is not what follows",
        "所记的审批 {names} 与重新判断的不同",
    ),
    "effect_skipped": ("the effects {what} on {target} must not be skipped", "对“{target}”的联动 {what} 不得略过"),
    "effect_missing": (
        "it says that it had the effect {what} on {target}; there it is missing",
        "所述对“{target}”的联动 {what} 在对方实例上不存在",
    ),
    "effect_twice": (
        "the effect {what} of entry {number} of {cited} is here too often",
        "“{cited}”第 {number} 条的联动 {what} 在此多出",
    ),
    "effect_unknown": (
        "entry {number} of {cited} does not say that it had the effect {what}",
        "“{cited}”第 {number} 条没有说过联动 {what}",
    ),
    "effect_values": (
        "the effect {what} has other parameters or attributes than entry {number} of {cited} has for it",
        "联动 {what} 的参数或属性不是“{cited}”第 {number} 条所定的",
    ),
    "retired_missing": ("it says that a number is retired; it is not: {target}", "所称收回的文号没有相应的记录：{target}"),
    "released_missing": ("it says that a number is released; it is not: {target}", "所称放开的文号没有相应的记录：{target}"),
    "policy": ("the policy that it cites does not allow it to {act}, or was not in force", "所引规定当时无效，或不许此事：{act}"),
    "proposal_missing": ("entry {number} is no proposal", "第 {number} 条不是提议"),
    "proposal_differs": ("the proposal, entry {number}, is not the one cited", "第 {number} 条不是所引的提议"),
    "proposal_settled": ("the proposal, entry {number}, had been settled", "第 {number} 条提议此前已经了结"),
    "second_person": (
        "{actor} is no second person beside {first}, who proposed it",
        "确认人 {actor} 不是提议人 {first} 之外的合格第二人",
    ),
    "correction": ("entry {number} cannot be corrected so", "第 {number} 条不能这样更正"),
    "correction_breaks": ("after this correction these are impossible: {found}", "更正后不可能成立：{found}"),
    "erased_unknown": ("the text {field} of entry {number} never was", "要删除的文字（第 {number} 条的“{field}”）从未有过"),
}  # fmt: skip

#: What {part} names: what of an entry was decided again, what of a manifest differs, what cannot be read.
PARTS = {
    "set": ("the states", "改变的状态"), "was": ("the states before", "改变前的状态"), "workflow": ("the workflow", "流程"),
    "transition": ("the transition", "转换"), "rests": ("the entries that it rests on", "所依据的记录"),
    "remembers": ("the region remembered", "保留的区域"), "seen": ("the entries cited", "所引其他实例的记录"),
    "attested": ("the answers attested", "应用程序的答复"), "did": ("who did it", "办理人"),
    "effects": ("the effects", "对其他实例的联动"), "name": ("the name", "名称"), "version": ("the version", "版本"),
    "act": ("the act proposed", "所提议的事项"), "becomes": ("what it becomes", "更正后的状态"),
    "corrects": ("the entry corrected", "所更正的记录"), "instead": ("the correction", "更正内容"),
    "erases": ("the texts erased", "所删除的文字"), "number": ("the document number", "文号"),
    "log": ("log", "日志"), "suite": ("suite", "算法套件"), "entries": ("number of entries", "记录数"),
    "unsealed": ("number of unsealed entries", "未封存的记录数"), "mentions": ("list of mentions", "所提及的实例"),
    "tree": ("tree", "日志树"), "texts": ("answer whether there are texts", "有无文字"),
    "file": ("file", "文件"), "checkpoint": ("anchor", "锚点"), "statement": ("statement", "声明"),
}  # fmt: skip

#: Why something cannot be read: the Chinese; what follows a colon stays as it is.
REASONS_ZH = {
    "a number that is no integer": "不是整数", "a number that is too large": "数太大", "NUL": "有空字符",
    "a key that is not ASCII": "键不是 ASCII", "not canonical": "不是规范 JSON", "not JSON": "不是 JSON", "not base64": "不是 base64",
    "a kind of key that is not known": "密钥种类未知", "not a key": "不是公钥", "not the key's id": "密钥编号不符",
    "not a signature line": "签名行不合格式", "too long": "过长", "not UTF-8": "不是 UTF-8",
    "the text is empty, does not end with a line feed, or has control characters": "文本为空、末尾没有换行或含控制字符",
    "no signatures, too many, or no line feed at the end": "没有签名、签名过多或末尾没有换行",
    "not a size": "大小不合格式", "not three lines": "不是三行", "not a root": "根不合格式", "not base32": "不是 base32",
    "the first line is CHECKPOINT and the number of lines": "首行应为 CHECKPOINT 和行数",
    "mistyped or missing line": "录入有误或缺行", "more lines than the first one says": "行数多于首行所说",
    "origin, size and root come first, then the name of each key with its signature":
        "应先有来源、大小和根，再有各密钥的名称和签名",
    "false signature": "密钥", "not a statement about keys": "不是关于密钥的声明",
    "not two keys of one kind that sign checkpoints": "不是两把同类的签发密钥", "no reason": "没有作废原因",
    "other keys": "键不对", "a value of the wrong type": "值的类型不对", "not an entry": "不是记录", "unknown": "未知",
    "out of place": "位置不对", "out of order": "次序不对", "truncated": "被截断", "of another log": "属于另一日志",
    "it says another size or root than its line": "所说的大小或根与所在行不同", "wrong key or value": "键或值不对",
    "not an object": "不是对象", "wrong key, value or place": "键、值或位置不对",
    "No such file or directory": "文件不存在", "Permission denied": "没有权限", "Is a directory": "是文件夹",
}  # fmt: skip


def sentence(code: str, facts: Dict[str, str], *, zh: bool) -> str:
    """Return in words what was found, by LAYER.KIND; in both languages with the same facts."""
    layer, _, kind = code.rpartition(".")
    told = dict(facts)
    pair = SENTENCES.get(code) or SENTENCES.get(kind)
    if pair is None and layer == "replay" and kind.endswith("_differs"):
        pair, told["part"] = SENTENCES["decided"], kind[: -len("_differs")]
    if pair is None:
        return ", ".join([kind.replace("_", " "), *("%s: %s" % each for each in sorted(facts.items()))])
    if told.get("part") in PARTS:
        told["part"] = PARTS[told["part"]][zh]
    if zh and "reason" in told:
        reason, colon, rest = told["reason"].partition(": ")
        told["reason"] = (
            REASONS_ZH[reason] + colon.replace(": ", "：") + rest if reason in REASONS_ZH else told["reason"]
        )
    return pair[zh].format(**told)


#: What was not checked: the whole of it, or what a name follows, in English and in Chinese.
UNCHECKED = {
    "caches": ("the table of present states", "实例表"), "triggers": ("triggers", "触发器"),
    "other instances": ("other instances", "其他实例"), "texts": ("texts", "文字"),
    "missing texts": ("missing texts", "缺失的文字"), "signatures": ("the signatures of checkpoints", "检查点的签名"),
    "replay": ("whether the moves were allowed", "各步是否合规"), "earlier entries": ("earlier entries", "此前的记录"),
    "keys": ("statements about keys", "关于密钥的声明"), "version": ("version", "记录版本"),
    "suite": ("suite", "算法套件"), "kind": ("kind", "记录种类"), "bundle": ("version of bundles", "核验包版本"),
    "anchor": ("anchor", "锚点"), "tree": ("the tree", "日志树"),
    "cited": ("what rests on an instance that is not shown,", "所引而未出示的实例"),
    "actor": ("an actor that is not shown,", "未出示的办理人"), "later": ("whether there are later entries of", "是否另有更晚的记录："),
    "ends": ("whether nothing was left out of what is covered by", "截至锚点时各链是否完整："),
    "before": ("whether there were entries, when the anchor was made, of", "锚点之时是否已有记录："),
    "hidden": ("entries sealed in between that are not shown:", "其间封存而未出示的记录数"),
    "unsealed": ("entries that are not sealed, and so not proved:", "未封存、无从证明的记录数"),
    "heads": ("the heads that the oldest seals say, of so many:", "最早若干次封存所记的末条，封存次数"),
}  # fmt: skip


def unchecked(what: str, *, zh: bool) -> str:
    """Return in words what was not checked."""
    if what in UNCHECKED:
        return UNCHECKED[what][zh]
    kind, space, name = what.partition(" ")
    return UNCHECKED[kind][zh] + space + name if kind in UNCHECKED else what


def say(book: Book, *, zh: bool) -> Iterator[str]:
    """Yield the report for people."""

    def told(code: str, **values: Any) -> str:
        return WORDS[code][zh].format(**values)

    yield told(book.verdict)
    if book.anchored:
        yield told("anchor", **{name: book.anchored[name] for name in ("label", "size", "newer")})
        if book.anchored["signed"]:
            yield told("signed", names=", ".join(book.anchored["signed"]))
        for path in book.anchored["through"]:
            yield told("through", path=path)
    yield told("verified", entries=book.entries, instances=book.instances)
    yield told("counts", **book.counts)
    for code, count in (("lost", book.lost), ("redacted", book.redacted)):
        if count:
            yield told(code, count=count)
    for what in sorted(book.unchecked):
        yield told("not_checked", what=unchecked(what, zh=zh))
    for found in book.findings:
        where = (found.instance or "-") + (" #%d" % found.seq if found.seq is not None else "")
        code = "%s.%s" % (found.layer, found.kind)
        yield "  %s %s  %s  %s" % (told(found.severity), code, where, sentence(code, found.facts, zh=zh))
    if book.noted > len(book.findings):
        yield told("left_out", count=book.noted - len(book.findings))
    if book.verdict == "self-consistent":
        yield told("limits")


# -------------------------------------------------------------------------------------------------------- command line


def language() -> str:
    """Return the language to speak: what KFQ_LANG says, else the locale, Chinese or English."""
    said = next((value for value in map(os.environ.get, ("KFQ_LANG", "LC_ALL", "LC_MESSAGES", "LANG")) if value), "")
    return "zh" if said.lower().startswith("zh") else "en"


def _begins(path: str, with_: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(with_)) == with_


def _outside(path: str, read: Callable[[str, bytes], Any], what: str) -> Any:
    """Read what was kept outside; raises Unreadable."""
    try:
        with open(path, "rb") as file:
            return read(os.path.basename(path), file.read(_NOTE_LIMIT + 1))
    except OSError as error:
        raise Unreadable("unreadable", part=what, path=path, reason=error.strerror) from None
    except Malformed as error:
        raise Unreadable("unreadable", part=what, path=path, reason=str(error)) from None


def verify(path: str, given: Given = Given()) -> Book:  # noqa: B008
    """Verify a file; raises Unreadable."""
    book = Book()
    try:
        if os.path.isdir(path) or _begins(path, b"PK"):
            verify_bundle(path, book, given)
            return book
        lines = Lines(Part(path, 0, os.path.getsize(path)), book)
        genesis = find_genesis(lines)
        if genesis is None:
            raise Unreadable("no_log", path=path)
        Verification(lines, genesis, given).run()
    except OSError as error:
        raise Unreadable("unreadable", part="file", path=path, reason=error.strerror) from None
    return book


def _print(line: str, stream: TextIO) -> None:
    """Print a line: words from the log must not steer a terminal, and an odd locale must not stop the report."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in line)
    stream.buffer.write((clean + "\n").encode())
    stream.flush()


def main(arguments: Optional[List[str]] = None) -> int:
    """Read the command line, verify, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="verify", description="Verify an exported log or a bundle.")
    parser.add_argument("file")
    parser.add_argument("--anchor", action="append", default=[], metavar="FILE")
    parser.add_argument("--trust", action="append", default=[], metavar="KEY")
    parser.add_argument("--statement", action="append", default=[], metavar="FILE")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=("zh", "en"), default=language())
    options = parser.parse_args(arguments)
    zh, trust = options.lang == "zh", []
    for text in options.trust:
        try:
            trust.append(read_key(text))
        except Malformed as error:
            parser.error(sentence("bad_key", {"key": shown(text), "reason": str(error)}, zh=zh))
    try:
        anchors = tuple(_outside(path, read_anchor, "checkpoint") for path in options.anchor)
        statements = tuple(_outside(path, read_statement, "statement") for path in options.statement)
        book = verify(options.file, Given(anchors, tuple(trust), statements))
    except Unreadable as error:
        _print("verify: " + sentence(error.code, error.facts, zh=zh), sys.stderr)
        return 1
    told = json.dumps(book.as_json(), ensure_ascii=False, indent=2).split("\n") if options.json else say(book, zh=zh)
    for line in told:
        _print(line, sys.stdout)
    return 4 if book.verdict == "tampered" else 0


if __name__ == "__main__":
    sys.exit(main())
