#!/usr/bin/env python3
"""Verify an exported log, or a bundle, with one file: Python 3.9 or newer and nothing else.

    python3 verify.py FILE [--anchor FILE]... [--trust KEY]... [--json] [--lang zh|en]

FILE is an export (log.jsonl), a bundle (a zip), or the folder that a bundle unpacks to. Exit code 0: nothing contradicts
itself, or an anchor confirms it (the words say which); 1: it cannot be read; 2: usage; 4: it was tampered with.

This program shares no line with the library that writes the logs. It was written from the description of the format, so
that two programs must be wrong in the same way before an altered log passes both. Read it from top to bottom:

    JSON          one spelling for each value
    hashes        SHA-256, and SM3 by hand
    signatures    Ed25519 by hand; checkpoints, which are signed notes
    tree          the Merkle tree of RFC 6962
    report        findings, and what they make of the verdict
    export        the file's six blocks, each read in one pass
    chain, texts, documents, heads, places
    replay        the states that follow from the entries, and whether the moves were legal
    approvals, effects, corrections: what of an entry is decided there
    bundle        a zip of one spelling; parts of a log, and the hashes that place them in the whole
    command line

Memory does not grow with the number of entries: the blocks of an export are sorted alike, so they are read side by side.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import struct
import sys
from datetime import date, timedelta
from decimal import Decimal
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
    Tuple,
)

if TYPE_CHECKING:
    from typing import TypeGuard  # Python 3.10 has it

LINE_LIMIT = 16_777_216
ENTRY_LIMIT = 65_535
LARGEST = 2**53 - 1
KEPT = 10_000
HEADS = 100_000  # so many heads of seals are compared, or a quarter of the entries, those of the newest seals first

HEX64 = re.compile(r"[0-9a-f]{64}\Z")
HEX32 = re.compile(r"[0-9a-f]{32}\Z")


class Unreadable(Exception):
    """This is no log, bundle, anchor or key at all: there is nothing to verify."""


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
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None
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

_DASH = "\u2014 "
ED25519, COSIGNATURE = 1, 4


class Key(NamedTuple):
    """A public key that somebody trusts."""

    name: str
    id: bytes
    kind: int
    public: bytes


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def read_key(text: str) -> Key:
    """Read a public key; raises Malformed."""
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    data = unbase64(encoded)
    if not _is_name(name) or re.match(r"[0-9a-f]{8}\Z", digits) is None or len(data) != 33:
        raise Malformed("not a key")
    if sha256(name.encode() + b"\n" + data)[:4].hex() != digits:
        raise Malformed("not the key's id")
    if data[0] not in (ED25519, COSIGNATURE):
        raise Malformed("a kind of key that is not known")
    return Key(name, bytes.fromhex(digits), data[0], data[1:])


class Signature(NamedTuple):
    """A line under a note."""

    name: str
    id: bytes
    data: bytes


class Checkpoint(NamedTuple):
    """What a checkpoint says, and who signed it."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: Tuple[Signature, ...]


def read_signature(line: str) -> Signature:
    """Read a line under a note; raises Malformed."""
    if not line.startswith(_DASH):
        raise Malformed("not a signature line")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    data = unbase64(encoded)
    if not _is_name(name) or len(data) < 5:
        raise Malformed("not a signature line")
    return Signature(name, data[:4], data[4:])


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint, with signatures or (as it is before it is signed) without; raises Malformed."""
    if not note.endswith("\n") or any((ord(letter) < 32 and letter != "\n") or ord(letter) == 127 for letter in note):
        raise Malformed("the text is empty, does not end with a line feed, or has control characters")
    text, empty, below = note.rpartition("\n\n")
    text = text + "\n" if empty else note
    signatures = tuple(read_signature(line) for line in below.split("\n")[:-1]) if empty else ()
    if empty and not signatures:
        raise Malformed("no signature")
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0]:
        raise Malformed("not three lines")
    if re.match(r"(0|[1-9][0-9]{0,15})\Z", lines[1], re.ASCII) is None or int(lines[1]) > LARGEST:
        raise Malformed("not a size")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise Malformed("not a root")
    return Checkpoint(lines[0], int(lines[1]), root, text, signatures)


def signers(checkpoint: Checkpoint, trust: Iterable[Key]) -> Tuple[List[str], List[str], List[int]]:
    """Return the trusted keys that have signed, those whose signature is false, and when cosigners did (s, UTC)."""
    good: List[str] = []
    bad: List[str] = []
    when: List[int] = []
    text = checkpoint.text.encode()
    for signature in checkpoint.signatures:
        for key in trust:
            if (key.name, key.id) != (signature.name, signature.id):
                continue
            message, data = text, signature.data
            if key.kind == COSIGNATURE:
                time = int.from_bytes(data[:8], "big")
                message, data = b"cosignature/v1\ntime %d\n" % time + text, data[8:]
            if not ed25519(key.public, message, data):
                bad.append(key.name)
                continue
            if key.name not in good:
                good.append(key.name)
            if key.kind == COSIGNATURE:
                when.append(time)
    return good, bad, when


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


#: What this program does not decide again, in English and in Chinese. A log that has it is INCOMPLETE at best.
AREAS = {
    "effects": ("effects on other instances", "对其他实例的影响"),
    "corrections": ("corrections and erasures", "更正与删除"),
    "proxies": ("proxies", "委托代理"),
    "numbers": ("document numbers that are not used again", "不再使用的文号"),
    "calendars": ("working calendars", "工作日历"),
}


class Finding(NamedTuple):
    """Something that was found: in which layer, of what kind, where."""

    layer: str
    kind: str
    severity: str
    instance: Optional[str]
    seq: Optional[int]
    message: str


class Book:
    """What was found, and what could not be looked at."""

    def __init__(self) -> None:
        self.findings: List[Finding] = []
        self.errors = 0
        self.left_out = 0
        self.worst = ""
        self.unchecked: Dict[str, bool] = {}
        self.entries = self.instances = 0
        self.counts = dict.fromkeys(("decided", "witnessed", "attested", "late", "refused"), 0)
        self.anchored: Optional[Dict[str, Any]] = None

    def find(self, code: str, instance: Optional[str] = None, seq: Optional[int] = None, say: str = "") -> None:
        """Note an error, by LAYER.KIND."""
        self._note(code, "error", instance, seq, say)
        self.worst = "error"
        self.errors += 1

    def warn(self, code: str, instance: Optional[str] = None, seq: Optional[int] = None, say: str = "") -> None:
        """Note what somebody should look at."""
        self._note(code, "warning", instance, seq, say)

    def _note(self, code: str, severity: str, instance: Optional[str], seq: Optional[int], say: str) -> None:
        if len(self.findings) >= KEPT:
            self.left_out += 1
            return
        layer, kind = code.split(".")
        self.findings.append(Finding(layer, kind, severity, instance, seq, say or kind.replace("_", " ")))

    def skip(self, what: str, *, needed: bool = False) -> None:
        """Note what was not looked at; needed: whoever relies on the verdict would expect it to have been."""
        self.unchecked[what] = self.unchecked.get(what, False) or needed

    def leave(self, area: str) -> None:
        """Note that an entry is of an area that is not decided again, so that the verdict is INCOMPLETE at best."""
        self.skip(area, needed=True)

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
        found["not_checked"] = sorted(self.unchecked)
        found["findings"] = [finding._asdict() for finding in self.findings]
        if self.left_out:
            found["left_out"] = self.left_out
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
#     {"checkpoint":{"note":S,"root":HEX,"size":I}}                        by size
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
_SHORTEST = min(len(start) for start in _STARTS)


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
            self.book.find("bytes.line", say=f"line {number} cannot be read ({reason})")

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
        ascending = {"document": "digest", "checkpoint": "size"}.get(block)
        last: Any = None
        for number, data in self.raw(block):
            try:
                record = read_record(block, data)
                if ascending is not None:
                    if last is not None and record[ascending] <= last:
                        raise Malformed("out of order")
                    last = record[ascending]
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

KINDS = frozenset(
    """
    genesis sealed keyed ruled defined enrolled granted revoked retired released published
    proposed rectified redacted declined started fired adopted annotated amended refused
    opened voted retracted returned withdrawn transferred delegated replied added removed urged copied read extended waived
    suspended resumed voided reinstated
    """.split()
)


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
                return None
            hash_ = SUITES.get(suite, sha256)
            for again in lines.log_entries(hash_):
                if again.seq == 1:
                    entry = again
                    break
            host = origin if isinstance(origin, str) and origin else "kfq"
            return Genesis(entry.log, entry.leaf, suite, hash_, "%s/%s" % (host, entry.log), int(offset or 0))
    return None


class Places:
    """The `placed` lines, read beside the entries: where each entry lies in the tree."""

    def __init__(self, records: Iterable[Dict[str, Any]], book: Book) -> None:
        self._records, self._book = iter(records), book
        self.once = False  # whether a line is named once only, at its first number
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
                self._book.find("tree.place_orphan", line["instance"], self._seq)
                self._seq = stop if self.once or self._book.left_out else self._seq + 1
            if self._seq < end:
                return
            self._line = next(self._records, None)
            self._seq = self._line["seq"] if self._line else 0

    def of(self, instance: str, seq: int) -> Optional[int]:
        """Return the position of an entry; None where it has none."""
        self._forward(instance, seq)
        line = self._line
        if line is None or line["instance"] != instance or self._seq != seq:
            return None
        self._seq += 1
        return int(line["position"]) + seq - int(line["seq"])

    def close(self) -> None:
        """Say of all places that are left that nothing lies there."""
        self._forward(None, 0)


class Run:
    """Leaves that are to follow each other from a position on, cut where a checkpoint's root will be wanted."""

    def __init__(self, hash_: Hash, start: int, cuts: Set[int]) -> None:
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

    def __init__(self, hash_: Hash, seq: int, start: int, size: int, logs: int, cuts: Set[int]) -> None:
        self.seq, self.start, self.size = seq, start, size
        self.logs = Run(hash_, start, cuts)
        self.others = Run(hash_, start + logs, cuts)
        self.own = Run(hash_, size - 1, cuts)
        self.said: Dict[str, Any] = {}
        self.heads = Peaks(hash_)

    @property
    def runs(self) -> Tuple[Run, Run, Run]:
        """Return its runs from left to right."""
        return self.logs, self.others, self.own


class Tree:
    """The tree over all sealed entries, put together while the entries are read."""

    def __init__(self, genesis: Genesis, log: Iterable[Entry], cuts: Set[int], book: Book) -> None:
        self.hash, self.book, self.cuts = genesis.hash, book, cuts
        self.seals: List[Seal] = []
        self.newest: Optional[Entry] = None
        self.roots: Dict[int, bytes] = {}
        last = size = 0
        for entry in log:
            if entry.kind != "sealed" or entry.v != 1 or entry.log != genesis.log:
                continue
            said = (entry.body or {}).get("size")
            if (
                not is_int(said)
                or not is_int((entry.body or {}).get("instances"))
                or said <= size + max(entry.seq - 1 - last, 0)
            ):
                book.find("tree.seal_size", "~log", entry.seq)
                continue
            self.seals.append(Seal(self.hash, entry.seq, size, said, max(entry.seq - 1 - last, 0), cuts))
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
            self.book.find("tree.position_unsealed", entry.instance, entry.seq)
            return
        seal = self._seal(position)
        run = seal.others
        if entry.instance == "~log":
            run = seal.own if entry.seq == seal.seq else seal.logs
        if position != run.end:
            kind = "tree.position_missing" if position > run.end else "tree.position_moved"
            self.book.find(kind, entry.instance, entry.seq)
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
                self.book.find("tree.heads_differ", "~log", seal.seq)
        whole = Peaks(self.hash)
        self.roots[0] = whole.root()
        for seal in self.seals:
            if any(run.broken for run in seal.runs):
                return
            for run in seal.runs:
                for part in run.parts:
                    if part.start != whole.end:
                        break
                    whole.extend(part)
                    if whole.end in self.cuts:
                        self.roots[whole.end] = whole.root()
            if whole.end != seal.size:
                self.book.find("tree.position_missing", "~log", seal.seq)
                return


class Documents:
    """Rules and labels, each under its digest."""

    def __init__(self, records: Iterable[Dict[str, Any]], hash_: Hash, book: Book) -> None:
        self.book = book
        self.kinds: Dict[str, Optional[str]] = {}
        self.rules: Dict[str, str] = {}
        self.calendars: Dict[str, Body] = {}
        self.named: Set[str] = set()  # by entries `defined`
        self.registered: Set[str] = set()  # of these, rules
        self.asked: Set[str] = set()
        for record in records:
            digest, body = record["digest"], record["body"]
            if hash_(b"\x03" + body.encode()).hex() != digest:
                book.find("document.digest", say="the document %s does not hash to its digest" % digest)
                record["kind"] = record["kind"] and "altered " + record["kind"]
            self.kinds[digest] = record["kind"]
            if record["kind"] == "rules":
                self.rules[digest] = body
            elif record["kind"] == "calendar":  # which only entries name that are not checked here
                self.named.add(digest)
                self.calendars[digest] = _object(json.loads(body))

    def defined(self, entry: Entry) -> None:
        """Note the documents that an entry `defined` names."""
        for kind in ("rules", "labels") if entry.kind == "defined" else ("calendar",):
            digest = (entry.body or {}).get(kind)
            if not is_hex(digest):
                continue
            self.named.add(digest)
            if kind == "rules":
                self.registered.add(digest)
            if digest not in self.kinds:
                self.book.find("document.missing", entry.instance, entry.seq, "the document %s is missing" % digest)
            elif self.kinds[digest] not in (kind, "altered " + kind):
                self.book.find("document.kind", entry.instance, entry.seq)

    def used(self, digest: Optional[str]) -> None:
        """Note the rules under which an entry stands."""
        if digest is not None:
            self.asked.add(digest)

    def close(self) -> None:
        """Say which documents are missing, never registered, or needed by nobody."""
        for digest in sorted(self.asked | self.registered):
            if digest not in self.kinds:
                self.book.find("document.missing", say="the document %s is missing" % digest)
            elif digest not in self.registered:
                self.book.find("document.not_defined", say="the rules %s were never registered" % digest)
        for digest in sorted(set(self.kinds) - self.named):
            self.book.warn("document.unused", say="no entry names the document %s" % digest)


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


class Verification:
    """The verification of an export."""

    came_along: FrozenSet[str] = frozenset()  # anchors that are part of what is verified
    with_documents = True

    def __init__(self, lines: Lines, genesis: Genesis, anchors: List[Tuple[str, Checkpoint]], trust: List[Key]) -> None:
        self.lines, self.genesis, self.anchors, self.trust = lines, genesis, anchors, trust
        book = self.book = lines.book
        self.hash = self.genesis.hash
        if self.genesis.suite not in SUITES:
            book.skip("suite " + self.genesis.suite, needed=True)
        self.known = genesis.suite in SUITES
        self.kept = self._checkpoints() if self.known else []
        self.cuts = {kept.size for _, kept in self.kept} | {anchor.size for _, anchor in anchors}
        self.tree = self._tree()
        self.documents = Documents(self.lines.records("document"), self.hash, book)
        self.texts = Stream(self.lines.records("text"), lambda text: (text["instance"], text["seq"]))
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
        return (e for e in self.lines.reserved_entries(self.hash, prefix) if e.log == self.genesis.log and e.v == 1)

    def _tree(self) -> Any:
        return Tree(self.genesis, self.lines.log_entries(self.hash), self.cuts, self.book)

    def run(self) -> None:
        """Read everything once."""
        chain: Optional[Chain] = None
        genesis = False
        for entry in self.lines.entries(self.hash, self.genesis.log):
            if chain is None or entry.instance != chain.instance:
                if chain is not None:
                    self._end(chain)
                    if entry.instance < chain.instance:
                        self.book.find("chain.sorted", entry.instance)
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
            self.book.find("chain.genesis_missing")
        self._close()

    def _see(self, entry: Entry) -> None:
        """Note what else is wanted of an entry."""

    def _bytes(self, entry: Entry) -> None:
        if entry.v != 1:
            self.book.warn("bytes.version", entry.instance, entry.seq)
            self.book.skip("version %d" % entry.v, needed=True)
            return
        if entry.size > ENTRY_LIMIT:
            self.book.find("bytes.too_large", entry.instance, entry.seq)
        if entry.body is None:
            self.book.find("bytes.not_canonical", entry.instance, entry.seq)
        if entry.kind not in KINDS:
            self.book.skip("kind " + entry.kind, needed=True)
        if entry.kind in ("defined", "published") and self.with_documents:
            self.documents.defined(entry)
        if entry.kind == "keyed":
            self.book.skip("keys", needed=bool(self.trust))  # a key that another one handed over to may count
        self.documents.used(entry.definition)

    def _link(self, chain: Chain, entry: Entry) -> None:
        find = self.book.find
        if chain.seq and entry.seq == chain.seq:
            find("chain.duplicate", entry.instance, entry.seq)
        elif entry.seq <= chain.seq:
            find("chain.order", entry.instance, entry.seq)
        elif entry.seq != chain.seq + 1:
            find("chain.gap", entry.instance, entry.seq)
        before = chain.leaf or (bytes(32) if entry.instance == "~log" else self.genesis.leaf)
        if bytes.fromhex(entry.prev) != before:
            find("chain.first_prev" if entry.seq == 1 else "chain.prev", entry.instance, entry.seq)
        if chain.at is not None and entry.at < chain.at:
            find("chain.clock_back", entry.instance, entry.seq)
        chain.seq, chain.leaf, chain.at = entry.seq, entry.leaf, entry.at

    def _texts(self, chain: Chain, entry: Entry) -> None:
        key, find = (entry.instance, entry.seq), self.book.find
        for text in self.texts.before(key):
            find("text.orphan", text["instance"], text["seq"], "the text %s stands beside no entry" % text["field"])
        if entry.v != 1 or entry.body is None:
            list(self.texts.at(key))
            return
        wanted = commitments(entry)
        for text in self.texts.at(key):
            field = text["field"]
            if field not in wanted:
                find("text.uncommitted", *key, "the text %s is not committed to" % field)
            elif wanted.pop(field) != commitment(self.hash, text):
                find("text.differs", *key, "the text %s does not open its commitment" % field)
        for field in wanted:
            chain.missing.add((entry.seq, field))
        chain.opened.update((entry.seq, field) for field in commitments(entry) if field not in wanted)
        if entry.kind == "redacted":
            self._erased(chain, entry.body)

    def _erased(self, chain: Chain, body: Dict[str, Any]) -> None:
        """Take away what an entry has erased: it must be gone, and nothing else may be."""
        erases = body.get("erases")
        for about in erases if isinstance(erases, list) else ():
            if not isinstance(about, dict) or not is_int(about.get("seq")) or not isinstance(about.get("field"), str):
                continue
            place = about["seq"], about["field"]
            if place in chain.opened:
                self.book.find(
                    "text.present", chain.instance, place[0], "the text %s was erased and is there" % place[1]
                )
            chain.missing.discard(place)

    def _place(self, chain: Chain, entry: Entry) -> None:
        self._at(chain, entry, self.places.of(entry.instance, entry.seq))

    def _at(self, chain: Chain, entry: Entry, position: Optional[int]) -> None:
        if not self.known:
            return
        if position is None:
            chain.unplaced = chain.unplaced or entry.seq
            return
        if chain.unplaced is not None:
            self.book.find("tree.entry_unplaced", entry.instance, chain.unplaced)
            chain.unplaced = None
        chain.placed = entry.seq, entry.leaf
        self.tree.note(chain, position, entry)
        self.tree.place(entry, position)

    def _end(self, chain: Chain) -> None:
        find = self.book.find
        for seq, field in sorted(chain.missing):
            find("text.missing", chain.instance, seq, "the text %s is gone, and no redaction is on record" % field)
        for head in self.heads.before(chain.instance):
            find("cache.row_orphan", head["instance"], head["seq"])
        head = next(self.heads.at(chain.instance), None)
        if head is None:
            find("cache.row_missing", chain.instance, chain.seq)
        else:
            if head["seq"] != chain.seq:
                find("cache.seq", chain.instance, chain.seq)
            if head["leaf"] != chain.leaf.hex():
                find("cache.head", chain.instance, chain.seq)
        self.tree.head(chain)

    def _close(self) -> None:
        for text in self.texts.before(None):
            self.book.find("text.orphan", text["instance"], text["seq"])
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

    def _checkpoints(self) -> List[Tuple[str, Checkpoint]]:
        """Read the checkpoints that the log has kept."""
        found: List[Tuple[str, Checkpoint]] = []
        for record in self.lines.records("checkpoint"):
            try:
                checkpoint = read_checkpoint(record["note"])
            except Malformed as error:
                self.book.find("tree.checkpoint_malformed", say="the checkpoint of %d: %s" % (record["size"], error))
                continue
            if (checkpoint.size, checkpoint.root.hex()) != (record["size"], record["root"]):
                self.book.find("tree.checkpoint_malformed", say="the checkpoint of %d: size, root" % record["size"])
            found.append(("kfq_checkpoint %d" % checkpoint.size, checkpoint))
        return found

    def _compare(self) -> None:
        """Compare the checkpoints with the tree, and take the largest one from outside that holds as the anchor."""
        if not self.known:
            for label, _ in self.anchors:
                self.book.skip("anchor " + label, needed=True)
            return
        seen: Dict[int, bytes] = {}
        for layer, checkpoints in (("tree", self.kept), ("anchor", self.anchors)):
            for label, checkpoint in checkpoints:
                held = self._holds(layer, label, checkpoint)
                if layer == "anchor" and seen.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
                    self.book.find(
                        "anchor.fork", say="%s and another say two roots of size %d" % (label, checkpoint.size)
                    )
                if layer == "anchor" and held is not None:
                    self._anchor(label, checkpoint, held)
        if (self.kept or self.anchors) and not self.trust:
            self.book.skip("signatures")
        self._rests_on()

    def _rests_on(self) -> None:
        """Nothing: the anchor of a whole log covers the ends of all chains."""

    def _holds(self, layer: str, label: str, checkpoint: Checkpoint) -> Optional[Tuple[List[str], List[int]]]:
        """Compare one checkpoint; return who has signed it and when, or None where it confirms nothing."""
        find, fine = self.book.find, True
        good, bad, when = signers(checkpoint, self.trust)
        for name in bad:
            find(layer + ".signature_bad", say="the signature of %s on %s is false" % (name, label))
            fine = False
        if label in self.came_along and not good:
            fine = False
        elif self.trust and not good and not bad:
            self.book.warn(layer + ".signature_missing", say="no trusted key has signed " + label)
            if layer == "anchor":
                self.book.skip("anchor " + label, needed=True)
            fine = False
        if checkpoint.origin != self.genesis.origin:
            find(layer + ".other_log", say="%s is of another log, %s" % (label, checkpoint.origin))
            return None
        if checkpoint.size > self.tree.size:
            find(layer + ".size_shrunk", say="%s was made of %d entries" % (label, checkpoint.size))
            return None
        root = self.tree.roots.get(checkpoint.size)
        if root is None:
            self.book.skip("%s %s" % (layer, label), needed=True)
            return None
        if root != checkpoint.root:
            find(layer + ".root_differs", say="the first %d entries are not those of %s" % (checkpoint.size, label))
            return None
        return (good, when) if fine else None

    def _newer(self, size: int) -> int:
        return max(self.book.entries - size, 0)

    def _anchor(self, label: str, checkpoint: Checkpoint, held: Tuple[List[str], List[int]]) -> None:
        best = self.book.anchored
        if best is None or checkpoint.size >= best["size"]:
            self.book.anchored = {
                "label": label, "origin": checkpoint.origin, "size": checkpoint.size,
                "newer": self._newer(checkpoint.size), "signed": held[0], "at": max(held[1], default=None),
                "through": [],
            }  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- replay
#
# States follow from the entries alone: merge `set` in order; `was` says what `set` replaced, without what was null. The
# rules document that `def` names says whether a move was legal; who had which role is in the chains ~actor/ID.
#
#     rules  {"attributes":{NAME:FIELD},"constants":{NAME:VALUE},"guards":{NAME:COND},"lang":1,"name":S,"papers":[S],
#             "parameters":{NAME:FIELD},"permissions":{"start":[ROLE],"adopt"..,"amend"..,"register"..,"supervise":..},
#             "regions":{NAME:{"active_in":{"main":[STATE]},"initial":STATE,"name":S,"states":{NAME:{"adopt_only":B,..}}}},
#             "root":WORKFLOW,"transitions":[{"effects":[..],"gate":{..},"guards":[NAME],"id":S,"papers":[S],
#             "parameters":[S],"region":S,"remembers":B,"roles":[ROLE],"sources":[STATE],"target":TARGET,"trigger":S}],..}
#     TARGET {"kind":"state","name":S} | {"kind":"same"} | {"kind":"left","name":TRIGGER}
#     COND   {"is":K,..}, K one of InStates RootIn OtherIn CausedBy Visited FieldIs ActorHas Code GateIs Unsupported All Any Not
#
# What a guard says is True, False, or None: this program cannot tell. Only what is certainly not allowed is a finding.

Body = Dict[str, Any]
Answer = Optional[bool]
_REGISTRAR = ["registrar"]
_CLOSE = 60_000_000  # µs: an actor's roles may have been read before an enrolment that was written a moment earlier
_RESERVED_KINDS = {
    "~log": ("genesis", "sealed", "keyed", "ruled"),
    "~definition/": ("defined",),
    "~actor/": ("enrolled", "granted", "revoked"),
    "~number/": ("retired", "released"),
    "~calendar": ("published",),
}
_MOVES = ("started", "fired", "adopted")


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


def _strings(value: Any) -> List[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _object(value: Any) -> Body:
    return value if isinstance(value, dict) else {}


def _is_citation(value: Any) -> bool:
    return (
        isinstance(value, dict) and _is_text(value.get("instance")) and is_int(value.get("seq"), 1) and is_hex(value.get("leaf"))
    )  # fmt: skip


def _is_map(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(of, value.values()))


def _is_list(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(of, value))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


#: What the parts of a body are, whatever its kind. Anything else is malformed, and is not decided.
_PARTS: Dict[str, Callable[[Any], bool]] = {
    "attested": _is_map(lambda value: isinstance(value, dict)),
    "attrs": _is_map(lambda value: isinstance(value, (str, int))),
    "basis": _is_text,
    "cause": _is_citation,
    "did": _is_map(_is_text),
    "effects": _is_list(lambda value: isinstance(value, dict) and _is_text(value.get("on"))),
    "for": _is_map(lambda value: isinstance(value, (str, int))),
    "gates": _is_map(lambda value: isinstance(value, dict)),
    "papers": _is_list(_is_object),
    "params": _is_map(lambda value: isinstance(value, (str, int))),
    "remembers": _is_text,
    "rests": _is_list(lambda value: is_int(value, 1)),
    "root": _is_text,
    "seen": _is_list(_is_citation),
    "set": _is_map(lambda value: not isinstance(value, (list, dict))),
    "workflow": _is_text,
}


#: Those without which an entry cannot be folded.
_FOLDED = ("attrs", "did", "gates", "set")


def is_well_formed(body: Body, only: Iterable[str] = tuple(_PARTS)) -> bool:
    """Whether each part of a body, or those named, is what it must be."""
    return all(name not in body or _PARTS[name](body[name]) for name in only)


class Rules:
    """A rules document, with what is looked up in it often."""

    def __init__(self, document: str) -> None:
        told = parse(document.encode())
        self.told = _object(told)
        self.name = self.told.get("name")
        self.regions: Dict[str, Body] = {
            name: _object(about) for name, about in _object(self.told.get("regions")).items()
        }
        self.transitions = [about for about in self.told.get("transitions") or [] if isinstance(about, dict)]
        if self.told.get("lang") != 1 or "main" not in self.regions or not isinstance(self.name, str):
            raise Malformed("not rules")
        self.guards = _object(self.told.get("guards"))
        self.asked = {name for about in self.transitions for name in _strings(_object(about.get("gate")).get("not_by"))}

    def ways(self, trigger: Any, only: Optional[str] = None) -> List[Body]:
        """Return the transitions of a trigger, or the one with this id."""
        return [
            about for about in self.transitions if about.get("trigger") == trigger and only in (None, about.get("id"))
        ]

    def required(self, way: Body) -> Set[str]:
        """Return the parameters that must be given with a transition."""
        told = _object(self.told.get("parameters"))
        return {name for name in _strings(way.get("parameters")) if _object(told.get(name)).get("required")}

    def permitted(self, act: str) -> List[str]:
        """Return the roles that may start, register, adopt, amend or supervise."""
        nobody: List[str] = [] if act in ("start", "supervise") else _REGISTRAR
        return _strings(_object(self.told.get("permissions")).get(act, nobody))

    def active(self, region: str, main: Optional[str]) -> bool:
        """Whether a region has a state while the main line is in this one."""
        where = self.regions[region].get("active_in")
        return where is None or main in _object(where).get("main", [])


class Actors:
    """Who could do what, when: the chains ~actor/ID."""

    def __init__(self, entries: Iterable[Entry], offset: int) -> None:
        self.offset = offset
        self.known: Dict[str, List[Tuple[int, Body]]] = {}
        for entry in entries:
            if entry.kind == "enrolled" and entry.body is not None:
                self.known.setdefault(entry.instance[len("~actor/") :], []).append((entry.at, entry.body))

    def day(self, at: int) -> str:
        """Return the day of a moment, at the log's own offset from UTC."""
        days = (at // 1_000_000 + 60 * self.offset) // 86_400 + 719_468  # from 0000-03-01; H. Hinnant's civil_from_days
        era, rest = divmod(days, 146_097)
        year = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
        left = rest - (365 * year + year // 4 - year // 100)
        month = (5 * left + 2) // 153
        return "%04d-%02d-%02d" % (
            year + 400 * era + (month >= 10), month + 3 - 12 * (month >= 10), left - (153 * month + 2) // 5 + 1,
        )  # fmt: skip

    def at(self, actor: str, at: int) -> Tuple[Optional[Body], Optional[Body]]:
        """Return the enrolment in force at a moment, and the one before where it had only just been changed."""
        past = [(when, body) for when, body in self.known.get(actor, ()) if when <= at]
        if not past:
            return None, None
        before = past[-2][1] if len(past) > 1 and at - past[-1][0] <= _CLOSE else None
        return past[-1][1], before

    def around(self, actor: str, at: int) -> List[Body]:
        """Return every enrolment that was in force at a moment or within the minute before it, oldest first."""
        past = [(when, body) for when, body in self.known.get(actor, ()) if when <= at]
        before = sum(when <= at - _CLOSE for when, _ in past)
        return [body for _, body in past[max(before - 1, 0) :]]

    def valid(self, body: Body, at: int) -> bool:
        """Whether an enrolment held on the day of a moment."""
        day, start, end = self.day(at), body.get("valid_from"), body.get("valid_to")
        return (
            body.get("enabled") is True
            and (not isinstance(start, str) or start <= day)
            and (not isinstance(end, str) or day <= end)
        )  # fmt: skip


class Case:
    """An instance as far as its entries were read."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.states: Dict[str, Optional[str]] = {}
        self.last: Dict[str, str] = {}  # of a region that is not active, the state that it will resume
        self.left: Dict[str, Dict[str, str]] = {}  # of a region, by trigger, the state that it left
        self.history: Dict[str, List[Tuple[int, Optional[str]]]] = {}  # of a region, every change: entry and new state
        self.visited: Dict[Tuple[str, str], int] = {}  # of a region and a state, the first move into it
        self.attrs: Body = {}
        self.definition: Optional[str] = None
        self.rules: Optional[Rules] = None
        self.root: Optional[str] = None
        self.workflow: Optional[str] = None
        self.first = True
        self.unknown = False  # an entry was met that this program cannot read
        self.earliest: Dict[str, Tuple[str, int]] = {}  # of a region, the earliest day of its newest act, and the act
        self.days: Dict[int, str] = {}  # of an entry, its earliest day
        self.gates: Dict[str, Body] = {}  # of a transition, the newest round of its gate
        self.did: Dict[str, str] = {}  # of a transition, who did it last
        self.standing: Dict[str, bool] = {}  # whether it is suspended, and whether it is void
        self.at: Optional[int] = None  # when the newest entry was made
        self.rev = 0  # the newest entry that is no note
        self.backdated = False  # whether an entry says a day that had passed, where there is a gate

    def passed(self, entry: Entry, today: str) -> None:
        """Take note of an entry, whether it could be read or not."""
        self.at = entry.at
        if entry.kind not in _NOTES:
            self.rev = entry.seq
        latest = _object((entry.body or {}).get("on")).get("hi")
        if self.gates and isinstance(latest, str) and latest < today:
            self.backdated = True

    def before(self, region: str, seq: int) -> Optional[str]:
        """Return the state that a region was in before an entry."""
        return ([None] + [state for number, state in self.history.get(region, []) if number < seq])[-1]

    def fold(self, entry: Entry) -> None:
        """Take in what an entry sets."""
        body = entry.body or {}
        states = _object(body.get("set"))
        if not all(state is None or isinstance(state, str) for state in states.values()):
            states = {}
        for region, state in states.items():
            old = self.states.get(region)
            if entry.kind == "adopted":
                self.last.pop(region, None)
                self.left.pop(region, None)
            elif old is not None and state is None:
                self.last[region] = old
            if state != old:
                self.history.setdefault(region, []).append((entry.seq, state))
            self.states[region] = state
            if state is not None and entry.kind != "adopted":
                self.visited.setdefault((region, state), entry.seq)
        remembered = _object(body.get("was")).get(str(body.get("remembers")))
        if states and isinstance(remembered, str):
            self.left.setdefault(str(body["remembers"]), {})[str(body.get("trigger"))] = remembered
        self.gates = with_patches(self.gates, _object(body.get("gates")))
        self.did.update(_object(body.get("did")))
        if entry.kind in _STANDING:
            name, stands = _STANDING[entry.kind]
            self.standing[name] = stands
        self.attrs.update(_object(body.get("attrs")))
        if isinstance(body.get("workflow"), str):
            self.workflow = body["workflow"]
        if isinstance(body.get("root"), str):
            self.root = body["root"]


class Past:
    """Another instance at the entry that is cited."""

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        self._kept: Tuple[str, List[Tuple[Entry, Dict[str, Optional[str]], Optional[str]]]] = ("", [])

    def entries(self, instance: str) -> Iterator[Entry]:
        """Yield the entries of a chain."""
        return self.verification.chain(instance)

    def chain(self, instance: str) -> List[Tuple[Entry, Dict[str, Optional[str]], Optional[str]]]:
        """Return the entries of a chain, each with the states and the workflow after it; empty if there is none."""
        if self._kept[0] != instance or not self._kept[1]:
            case, found = Case(instance), []
            for entry in self.verification.chain(instance):
                case.fold(entry)
                found.append((entry, dict(case.states), case.workflow))
            self._kept = instance, found
        return self._kept[1]

    def cited(self, about: Body, at: int) -> Tuple[str, Dict[str, Optional[str]], Optional[str]]:
        """Return what there is to say of a citation (a finding's kind, or nothing), states and workflow then."""
        instance, seq = about.get("instance"), about.get("seq")
        if isinstance(instance, str) and is_int(seq):
            for entry, states, workflow in self.chain(instance):
                if entry.seq == seq and entry.at <= at:
                    return ("" if entry.leaf.hex() == about.get("leaf") else "replay.seen_leaf"), states, workflow
        return "replay.seen_missing", {}, None


_OPERATORS: Dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, two: one == two,
    "ne": lambda one, two: one != two,
    "lt": lambda one, two: one < two,
    "le": lambda one, two: one <= two,
    "gt": lambda one, two: one > two,
    "ge": lambda one, two: one >= two,
}


class Unanswered(Exception):
    """The application's answer that a guard asks for is not in the entry."""


class Judge:
    """One act, decided again: what it lays before the rules, and what they asked of other instances and of the application."""

    def __init__(self, case: Case, entry: Entry, body: Body, roles: Optional[Set[str]], seen: List[Body]) -> None:
        self.case, self.entry, self.body, self.roles, self.seen = case, entry, body, roles, seen
        self.hidden = False  # whether it cites what is not shown, so that it is not decided
        self.late = body.get("mode") == "late"
        self.attrs = case.attrs
        personal = {name[len("parameter.") :]: "" for name in commitments(entry) if name.startswith("parameter.")}
        self.params: Body = {**_object(body.get("params")), **personal}
        self.papers = {str(about.get("type")) for about in body.get("papers", ())}
        self.gates: Optional[Dict[str, Body]] = None  # the votes, where guards may ask for them
        self.asks = "cause" not in body  # whether roles, papers and parameters are asked for
        self.read: Dict[str, Body] = {}
        self.answers: Body = {}

    def asking(self, **changes: Any) -> Judge:
        """Return the same act with something else to lay before the rules, of which nothing was asked yet."""
        other = Judge(self.case, self.entry, self.body, self.roles, self.seen)
        for name, value in {"params": self.params, "papers": self.papers, **changes}.items():
            setattr(other, name, value)
        return other

    def holds(self, rules: Rules, told: Any, *, no: bool = False) -> Tuple[Answer, Set[int]]:
        """Return whether a guard, or with `no` its contrary, holds, and the entries on which that rests.

        What nobody is asked for holds, and so does its contrary; of what no version can do neither does.
        """
        told = _object(rules.guards.get(told) if isinstance(told, str) else told)
        kind, rests = told.get("is"), set()
        answer: Answer
        if kind in ("All", "Any"):
            return self._many(rules, told.get("of") or [], every=(kind == "All") is not no, no=no)
        if kind == "Not":
            return self.holds(rules, told.get("of"), no=not no)
        if kind == "InStates":
            return self._in(str(told.get("region")), told.get("states") or [], no=no)
        if kind == "Unsupported":
            return False, set()
        if kind == "Visited":
            since = self.case.visited.get((str(told.get("region")), str(told.get("state"))))
            answer = since is not None
            rests = {since} if since is not None and not no else set()
        elif kind == "ActorHas":
            answer = no is False if self.roles is None else bool(self.roles & set(_strings(told.get("roles"))))
        elif kind == "GateIs":
            answer = no is False if self.gates is None else self._votes(self.gates, told)
        else:
            answer = self._field(rules, told) if kind == "FieldIs" else self._elsewhere(kind, told)
        answer = None if answer is None else answer is not no
        return answer, rests if answer else set()

    def _in(self, region: str, states: List[Any], *, no: bool) -> Tuple[Answer, Set[int]]:
        """Return whether a region is in one of the states, and the entry since which that has been so."""
        if (self.case.states.get(region) in states) is no:
            return False, set()
        since: Set[int] = set()
        for seq, state in reversed(self.case.history.get(region, [])):
            if (state in states) is no:
                return True, since
            since = {seq}
        return True, set() if no else since  # before its first entry it was in none

    def _many(self, rules: Rules, parts: List[Any], *, every: bool, no: bool) -> Tuple[Answer, Set[int]]:
        """Ask several: every one is to hold, or one of them, of which the first that does is the one to rest on."""
        rests: Set[int] = set()
        unknown = False
        for part in parts:
            answer, on = self.holds(rules, part, no=no)
            if answer is None:
                unknown = True
            elif answer is not every:
                return answer, on
            rests |= on
        return (None if unknown else every), rests if every else set()

    def _field(self, rules: Rules, told: Body) -> Answer:
        name, source, wanted = str(told.get("name")), str(told.get("source")), told.get("value")
        fields = {"attribute": "attributes", "parameter": "parameters"}.get(source, "")
        values = {"attribute": self.attrs, "parameter": self.params}.get(source, _object(rules.told.get("constants")))
        kind = _object(_object(rules.told.get(fields)).get(name)).get("type")

        def comparable(value: Any) -> Any:
            try:
                return Decimal(value) if kind == "decimal" and not isinstance(value, bool) else value
            except (ArithmeticError, ValueError, TypeError):
                return value

        value, op = values.get(name), str(told.get("op"))
        if value is None:
            return op == "ne"
        if op == "in":
            return any(
                comparable(value) == comparable(item) for item in (wanted if isinstance(wanted, list) else [wanted])
            )
        one, two = comparable(value), comparable(wanted)
        try:
            return op == "ne" if type(one) is not type(two) else _OPERATORS[op](one, two)
        except (KeyError, TypeError, ArithmeticError):
            return None

    @staticmethod
    def _votes(gates: Dict[str, Body], told: Body) -> bool:
        """Whether everybody has voted in the newest round of a gate, or nobody objects."""
        gate = gates.get(str(told.get("transition")))
        wrong = _PENDING if told.get("what") == "voted" else ("rejected",)
        return gate is not None and not any(task["state"] in wrong for task in _object(gate.get("tasks")).values())

    def _elsewhere(self, kind: Any, told: Body) -> Answer:
        """Answer what another instance, or the application, decides."""
        if kind == "Code":
            name = str(told.get("name"))
            about = _object(_object(self.body.get("attested")).get(name))
            if "answer" not in about:
                raise Unanswered(name)
            values = {"values": about["values"]} if about.get("values") else {}
            self.answers.setdefault(name, {"answer": about["answer"], **values})
            return bool(about["answer"])
        here = []
        if kind == "RootIn":
            here = [about for about in self.seen if about["instance"] == self.case.root]
        if kind == "OtherIn":
            own = (self.case.instance, self.case.root)
            here = [
                about
                for about in self.seen
                if about["workflow"] == told.get("workflow") and about["instance"] not in own
            ]
        if kind in ("RootIn", "OtherIn"):
            self.read.update((about["instance"], about) for about in here)
            return any(about["states"].get(str(told.get("region"))) in told.get("states", ()) for about in here)
        return None  # CausedBy: not decided again by this program

    def cited(self) -> List[Body]:
        """Return what an entry must say that was read of other instances."""
        return [
            {"instance": name, "leaf": about["leaf"], "seq": about["seq"]} for name, about in sorted(self.read.items())
        ]


#: What changes an instance, whatever kind of entry says it; who may say it; and the kinds that set no state.
_CHANGES = ("attrs", "did", "gates", "remembers", "rests", "root", "set", "workflow")
_SAID_BY: Dict[str, Tuple[str, ...]] = {
    "attrs": ("started", "amended"), "did": ("fired", "decided"), "remembers": ("fired", "decided"),
    "rests": ("fired", "decided"), "set": ("started", "fired", "adopted", "rectified", "decided", "returned", "retracted"),
    "gates": ("fired", "adopted", "amended", "decided"),
}  # fmt: skip


def _may_say(name: str, kind: str, seq: int) -> bool:
    """Whether entries of a kind may say something that changes the instance."""
    first = seq == 1 and kind in ("started", "adopted") and name in ("attrs", "root", "workflow")
    gates = name == "gates" and kind in Approvals.kinds
    return first or gates or kind in _SAID_BY.get(name, ()) or (name == "set" and kind in _STILL)


class Replay:
    """The replay of all instances, one after the other."""

    def __init__(self, verification: Verification) -> None:
        self.book, self.documents, self.hash = verification.book, verification.documents, verification.hash
        self.past = Past(verification)
        self.actors = Actors(verification.reserved("~actor/"), verification.genesis.offset)
        self.calendars = Calendars(verification.reserved("~calendar"), verification.documents)
        self.defined: Dict[str, int] = {}  # when rules were registered first
        for entry in verification.reserved("~definition/"):
            rules = (entry.body or {}).get("rules")
            if entry.kind == "defined" and isinstance(rules, str):
                self.defined.setdefault(rules, entry.at)
        self.administrator = min(
            (at for chain in self.actors.known.values() for at, body in chain if "administrator" in _strings(body.get("roles"))),
            default=None,
        )  # fmt: skip
        self.rules: Dict[str, Optional[Rules]] = {}
        self.shown = verification.shown
        self.partly = not verification.shown("")  # whether this is a bundle of one instance only
        self.case = Case("")
        self.approvals, self.effects, self.corrections = Approvals(self), Effects(self), Corrections(self)

    def read(self, entry: Entry) -> None:
        """Decide an entry again, and take in what it changed."""
        if entry.instance != self.case.instance or (self.case.first and not entry.instance):
            self.approvals.end(self.case)
            self.case = Case(entry.instance)
        self._entry(entry)
        self.case.passed(entry, self.actors.day(entry.at))

    def _entry(self, entry: Entry) -> None:
        if entry.v != 1:
            self.case.unknown = True
        if self.case.unknown or entry.body is None or entry.kind not in KINDS:
            if entry.instance.startswith("~") and entry.kind not in KINDS and entry.v == 1:
                self._roles(entry)
            self.case.first = False
            self.case.fold(entry)
            return
        rules = None if entry.instance.startswith("~") else self._under(entry)
        if not is_well_formed(entry.body, only=_FOLDED) or not are_gates(
            with_patches(self.case.gates, entry.body.get("gates", {}))
        ):
            self.book.find("replay.malformed", entry.instance, entry.seq)
            self.case.first = False
            return
        if not is_well_formed(entry.body):
            self.book.find("replay.malformed", entry.instance, entry.seq)
            self.case.first = False
            self.case.fold(entry)
            return
        if entry.instance.startswith("~"):
            self._reserved(entry, entry.body)
        else:
            self._ordinary(rules, entry, entry.body)
        self.case.first = False
        self.case.fold(entry)

    def _reserved(self, entry: Entry, body: Body) -> None:
        for prefix, kinds in _RESERVED_KINDS.items():
            if entry.instance == prefix or (prefix.endswith("/") and entry.instance.startswith(prefix)):
                corrects = entry.kind in self.corrections.kinds and prefix == "~actor/"
                if entry.kind not in (*kinds, "refused") and not corrects:
                    self.book.find("replay.kind_place", entry.instance, entry.seq)
                    return
        for prefix, what in (("~number/", "numbers"), ("~calendar", "calendars")):
            if entry.instance.startswith(prefix):
                self.book.leave(what)
        if entry.kind in ("granted", "revoked"):
            self.book.leave("proxies")
        if entry.kind == "ruled" or entry.kind in self.corrections.kinds:
            self.corrections.read(None, Judge(self.case, entry, body, None, []))
        if entry.kind in ("granted", "revoked") or (entry.kind == "sealed" and entry.actor != "system"):
            self._roles(entry)
        if entry.kind == "sealed":
            if not (
                is_hex(body.get("heads"))
                and is_int(body.get("instances"), 1)
                and is_int(body.get("size"), 1)
                and len(body) == 3
            ):
                self.book.find("replay.malformed", entry.instance, entry.seq)
        if entry.kind == "enrolled" and not (
            _is_list(_is_text)(body.get("roles")) and isinstance(body.get("enabled"), bool)
        ):
            self.book.find("replay.malformed", entry.instance, entry.seq)
        if entry.kind in ("defined", "enrolled"):
            self._administrator(entry)
        rules = self._compiled(str(body.get("rules"))) if entry.kind == "defined" else None
        if rules is not None:
            for name in ("name", "version"):
                if body.get(name) != rules.told.get(name):
                    self.book.find("replay.%s_differs" % name, entry.instance, entry.seq)

    def _administrator(self, entry: Entry) -> None:
        if entry.actor == "system":
            if self.administrator is not None and entry.at > self.administrator:
                self.book.find("replay.actor_role", entry.instance, entry.seq)
            return
        self.authorise(entry, self._roles(entry), ["administrator"])

    def authorise(self, entry: Entry, roles: Optional[Set[str]], needed: Iterable[str]) -> None:
        """Say that an actor had none of the roles that an act takes, unless he had one within the minute before."""
        if roles is None or roles & set(needed):
            return
        known = [set(_strings(body.get("roles"))) for body in self.actors.around(entry.actor, entry.at)]
        if any(others & set(needed) for others in known):
            self.book.warn("replay.actor_changed", entry.instance, entry.seq)
        else:
            self.book.find("replay.actor_role", entry.instance, entry.seq)

    def _roles(self, entry: Entry) -> Optional[Set[str]]:
        """Return the roles that an entry's actor had; None where this log cannot say."""
        resolver = _object(_object((entry.body or {}).get("attested")).get("resolver")).get("values")
        if isinstance(resolver, dict):
            self.book.counts["attested"] += 1
            return set(_strings(resolver.get("roles")))
        known = self.actors.around(entry.actor, entry.at)
        if not known and self.partly:
            self.book.skip("actor " + entry.actor, needed=True)
            return None
        if not known:
            self.book.counts["attested"] += 1
            self.book.warn("replay.actor_unknown", entry.instance, entry.seq)
            return None
        if entry.kind != "refused" and not self.actors.valid(known[-1], entry.at):
            if any(self.actors.valid(body, entry.at) for body in known):
                self.book.warn("replay.actor_changed", entry.instance, entry.seq)
            else:
                self.book.find("replay.actor_not_valid", entry.instance, entry.seq)
        return set(_strings(known[-1].get("roles")))

    def _under(self, entry: Entry) -> Optional[Rules]:
        """Return the rules under which an entry stands, which only the first entry chooses; None: they cannot be told."""
        case, find, digest = self.case, self.book.find, entry.definition
        if case.first or digest != case.definition:
            if not case.first:
                find("replay.def_changed", entry.instance, entry.seq)
            if digest is not None and self.defined.get(digest, entry.at) > entry.at:
                find("document.not_yet_defined", entry.instance, entry.seq)
            case.definition, case.rules = digest, self._compiled(digest) if digest is not None else None
        return case.rules

    def _compiled(self, digest: str) -> Optional[Rules]:
        if digest not in self.rules:
            self.rules[digest] = None
            if digest in self.documents.rules:
                try:
                    self.rules[digest] = Rules(self.documents.rules[digest])
                except (Malformed, TypeError, KeyError):
                    self.book.find("document.unreadable", say="the document %s is no rules" % digest)
        return self.rules[digest]

    def _ordinary(self, rules: Optional[Rules], entry: Entry, body: Body) -> None:
        case, find = self.case, self.book.find
        if any(entry.kind in kinds for kinds in _RESERVED_KINDS.values()):
            find("replay.kind_place", entry.instance, entry.seq)
            return
        if entry.seq == 1 and entry.kind not in ("started", "adopted"):
            find("replay.not_started", entry.instance, entry.seq)
        if entry.seq != 1 and entry.kind == "started":
            find("replay.not_first", entry.instance, entry.seq)
        if entry.definition is None:
            find("replay.def_missing", entry.instance, entry.seq)
        self._day(entry, body)
        roles = self._roles(entry)
        if entry.kind == "refused":
            self.book.counts["refused"] += 1
        act = Judge(case, entry, body, roles, [])
        act.seen, act.hidden = self._seen(entry, body)
        errors = self.book.errors
        self.effects.read(rules, act)
        compared = self.approvals.read(rules, act)
        self.corrections.read(rules, act)
        if rules is None:
            return
        if entry.kind in ("started", "adopted"):
            self._begin(rules, entry, body, roles)
        if entry.kind == "amended":
            self._amended(rules, entry, body, roles)
        if entry.kind == "fired":
            self._fired(rules, entry, body, act)
        if compared:
            self._says(entry, body, decided=self.book.errors == errors and not act.hidden)

    def _says(self, entry: Entry, body: Body, *, decided: bool) -> None:
        """Check that an entry which moves nothing sets nothing, and that a legal one changes nothing that nobody decided."""
        kind = "decided" if entry.kind == "voted" and body.get("set") else entry.kind
        if kind in _STILL and body.get("set"):
            self.book.find("replay.set_differs", entry.instance, entry.seq)
        elif decided and any(name in body and not _may_say(name, kind, entry.seq) for name in _CHANGES):
            self.book.find("replay.says_more", entry.instance, entry.seq)

    def _day(self, entry: Entry, body: Body) -> None:
        """Check the day of an act: its text, its bounds, and whether something before it happened later."""
        find, case = self.book.find, self.case
        mode, on = body.get("mode"), body.get("on")
        approval = entry.kind in self.approvals.kinds and entry.kind not in _STANDING
        if approval or entry.kind in _MOVES:
            right = ("late",) if entry.kind == "adopted" else ("live",) if approval else ("live", "late")
            if mode not in right:
                find("replay.mode", entry.instance, entry.seq)
            if on is None and (approval or mode == "live"):
                find("replay.date_missing", entry.instance, entry.seq)
            self.book.counts["late"] += mode == "late"
        low, high = _object(on).get("lo"), _object(on).get("hi")
        if on is not None:
            try:
                if not self._fits(entry, read_day(str(on.get("edtf"))), low, high):
                    find("replay.date_differs", entry.instance, entry.seq)
            except Malformed:
                find("replay.date_malformed", entry.instance, entry.seq)
        before = [case.earliest[region] for region in _object(body.get("set")) if region in case.earliest]
        before += [(case.days[seq], seq) for seq in body.get("rests", ()) if seq in case.days]
        floor = max(before, default=("", 0))
        if isinstance(high, str) and high < floor[0]:
            find("replay.date_order", entry.instance, entry.seq)
        earliest = max(low or "", floor[0])
        if earliest:
            case.days[entry.seq] = earliest
            for region in _object(body.get("set")):
                case.earliest[region] = earliest, entry.seq

    def _fits(
        self, entry: Entry, told: Tuple[Optional[str], Optional[str]], low: Optional[str], high: Optional[str]
    ) -> bool:
        """Whether the bounds on record are those of a day, which is not after the entry's own.

        Where the clock stood still, as it does when it had run back, the day may be one that the clock had left again.
        """
        today = self.actors.day(entry.at)
        latest = min(told[1] or today, today)
        right = (low, high) == (told[0], latest) and (low or "") <= latest
        return right or (entry.at == self.case.at and low == told[0] and (low or "") <= (high or "") <= latest)

    def _seen(self, entry: Entry, body: Body) -> Tuple[List[Body], bool]:
        """Check what an entry cites; return each with the states that it had, and whether something is not shown."""
        found: Dict[str, Body] = {}
        hidden = False
        for about in body.get("seen", ()):
            instance = about["instance"]
            if self.unseen(instance):
                hidden = True
                continue
            wrong, states, workflow = self.past.cited(about, entry.at)
            if wrong:
                self.book.find(wrong, entry.instance, entry.seq)
            if wrong != "replay.seen_missing":
                found[instance] = {**about, "states": states, "workflow": workflow}
        return list(found.values()), hidden

    def close(self) -> None:
        """Say what only the end of the log shows."""
        self.approvals.end(self.case)
        for part in (self.approvals, self.effects, self.corrections):
            part.close()

    def unseen(self, instance: Any) -> bool:
        """Whether an instance is not shown; then say so."""
        if self.shown(instance):
            return False
        self.book.skip("cited %s" % instance, needed=True)
        return True

    def _begin(self, rules: Rules, entry: Entry, body: Body, roles: Optional[Set[str]]) -> None:
        find, case = self.book.find, self.case
        act = "start" if entry.kind == "started" else "adopt"
        self.authorise(entry, roles, rules.permitted(act))
        names = _object(rules.told.get("attributes"))
        if any(name not in names for name in _object(body.get("attrs"))):
            find("replay.attributes", entry.instance, entry.seq)
        if case.first:
            if body.get("workflow") != rules.name:
                find("replay.workflow_differs", entry.instance, entry.seq)
            self._root(rules, entry, body)
        states = _object(body.get("set"))
        self._was(entry, body, states if entry.kind == "adopted" else {})
        if entry.kind == "started":
            main = rules.regions["main"].get("initial")
            wanted = {name: about.get("initial") for name, about in rules.regions.items() if rules.active(name, main)}
            if states != wanted:
                find("replay.set_differs", entry.instance, entry.seq)
            return
        main = states.get("main", case.states.get("main"))
        for region, state in states.items():
            known = _object(rules.regions.get(region, {}).get("states"))
            if region not in rules.regions or (state is not None and state not in known):
                find("replay.adoption", entry.instance, entry.seq)
                return
            if state is not None and not rules.active(region, main):
                find("replay.adoption", entry.instance, entry.seq)
                return
        self.approvals.same(entry, body, self.approvals.overtaken(rules, entry.seq, states))

    def _was(self, entry: Entry, body: Body, wanted: Dict[str, Optional[str]]) -> None:
        """Compare `was` with the states that `set` replaces."""
        states = self.case.states
        was = {region: states[region] for region in wanted if states.get(region) is not None}
        if body.get("was", {}) != was:
            self.book.find("replay.was_differs", entry.instance, entry.seq)

    def _root(self, rules: Rules, entry: Entry, body: Body) -> None:
        root, wanted = body.get("root"), rules.told.get("root")
        if root is None or not isinstance(root, str):
            return
        if self.unseen(root):
            return
        chain = self.past.chain(root)
        if not chain or chain[0][2] is None or chain[0][0].at > entry.at:
            self.book.find("replay.root_missing", entry.instance, entry.seq)
        elif chain[0][2] != wanted:
            self.book.find("replay.root_differs", entry.instance, entry.seq)

    def _amended(self, rules: Rules, entry: Entry, body: Body, roles: Optional[Set[str]]) -> None:
        names = _object(rules.told.get("attributes"))
        if any(name not in names for name in _object(body.get("attrs"))):
            self.book.find("replay.attributes", entry.instance, entry.seq)
        if "cause" not in body:
            self.authorise(entry, roles, rules.permitted("amend"))

    def _fired(self, rules: Rules, entry: Entry, body: Body, act: Judge) -> None:
        """Decide a move again: who may do it from where, on which papers, and what it changes."""
        if not rules.ways(body.get("trigger")):
            self.book.find("replay.unknown_trigger", entry.instance, entry.seq)
            return
        self.book.counts["decided"] += 1
        self.book.counts["witnessed"] += bool(act.seen)
        doer = entry.actor
        if act.late:
            doer = self._late(rules, act)
        elif "for" in body:
            self.book.find("replay.late_unmarked", entry.instance, entry.seq)
        if act.hidden:
            return
        found = self.decide(rules, act, "fire" if act.asks else "effect", doer)
        if found is not None:
            self.moved(rules, *found, doer, {})

    def _late(self, rules: Rules, act: Judge) -> str:
        """Check how a late act is marked, and return whose it was; his roles are those that count."""
        entry, body, about = act.entry, act.body, _object(act.body.get("for"))
        filed = any(paper.get("filed") for paper in body.get("papers", ()))
        marked = about.get("ground") == "late" and body.get("basis") in ("stated", "implied", "inferred")
        if filed or not marked or "source" not in commitments(entry):
            self.book.find("replay.late_flags", entry.instance, entry.seq)
        self.authorise(entry, act.roles, rules.permitted("register"))
        office = str(about.get("id"))
        known = self.actors.around(office, entry.at)
        act.roles = set(_strings(known[-1].get("roles"))) if known else None
        if "resolver" in _object(body.get("attested")):
            act.roles = {str(about["role"])} if "role" in about else set()
        elif about and not known:
            self.book.warn("replay.actor_unknown", entry.instance, entry.seq)
        return office

    def decide(
        self, rules: Rules, act: Judge, stage: str, who: str, only: Optional[str] = None
    ) -> Optional[Tuple[Body, Judge]]:
        """Decide a move again; return the way that it takes, as it was asked; None: not allowed, or it cannot be told.

        `stage` is fire, submit, close (the votes are there) or effect (on the authority of another instance's act).
        """
        entry, tries = act.entry, [act.roles]
        if act.roles is not None and "resolver" not in _object(act.body.get("attested")):
            tries += [set(_strings(body.get("roles"))) for body in self.actors.around(who, entry.at)]
        for roles in tries if stage in ("fire", "submit") else [None]:
            answers = []
            for way in rules.ways(act.body.get("trigger"), only):
                asked = act.asking(roles=roles, gates=act.gates, attrs=act.attrs)
                try:
                    answers.append((self._allowed(rules, way, asked, stage), way, asked))
                except Unanswered:
                    self.book.find("replay.attested_missing", entry.instance, entry.seq)
                    return None
            open_ = [(way, asked) for answer, way, asked in answers if answer is not False]
            if len(open_) > 1 and any(answer is None for answer, _, _ in answers):
                return None
            if len(open_) == 1:
                if roles != act.roles and stage in ("fire", "submit"):
                    self.book.warn("replay.actor_changed", entry.instance, entry.seq)
                return open_[0]
        self.book.find("replay.not_allowed", entry.instance, entry.seq)
        return None

    def _allowed(self, rules: Rules, way: Body, act: Judge, stage: str) -> Answer:
        """Whether a way may be taken: from this state, at this stage, by these roles, on these papers, as its guards say."""
        region = str(way.get("region"))
        if self.case.states.get(region) not in way.get("sources", ()) or self._target(rules, way) is None:
            return False
        if not act.late and not self.approvals.stage(rules, way, stage):
            return False
        if act.roles is not None and not act.roles & set(_strings(way.get("roles"))):
            return False
        if not act.late and stage != "effect":
            later = _strings(_object(way.get("gate")).get("papers")) if stage != "close" else []
            if not act.papers >= set(_strings(way.get("papers"))) - set(later):
                return False
            if stage != "close" and not set(act.params) >= rules.required(way):
                return False
        if not act.late and any(isinstance(effect, str) for effect in way.get("effects", ())):
            return False
        answers = [act.holds(rules, name)[0] for name in way.get("guards", ())]
        return False if False in answers else None if None in answers else True

    def _target(self, rules: Rules, way: Body) -> Optional[str]:
        """Return the state to which a way leads, None where nothing is remembered."""
        region, target = str(way.get("region")), _object(way.get("target"))
        if target.get("kind") != "left":
            return str(target.get("name")) if target.get("kind") == "state" else self.case.states.get(region)
        trigger = str(target.get("name"))
        left = self.case.left.get(region, {}).get(trigger)
        remembering = [one for one in rules.ways(trigger) if one.get("remembers") and one.get("region") == region]
        return left if any(left in one.get("sources", ()) for one in remembering) else None

    def changes(self, rules: Rules, region: str, state: Optional[str]) -> Dict[str, Optional[str]]:
        """Return all that a change of one region sets: regions that it begins, and regions that it ends."""
        case, wanted = self.case, {region: state}
        if region == "main":
            for name in rules.regions:
                now, then = rules.active(name, case.states.get("main")), rules.active(name, state)
                if name != "main" and then and not now:
                    wanted[name] = case.last.get(name, rules.regions[name].get("initial"))
                elif name != "main" and now and not then:
                    wanted[name] = None
        return wanted

    def moved(self, rules: Rules, way: Body, act: Judge, doer: str, gates: Dict[str, Body]) -> None:
        """Compare all that an entry says a move changed; `gates` are the rounds that it leaves besides."""
        entry, body, id_ = act.entry, act.body, str(way.get("id"))
        wanted = self.changes(rules, str(way.get("region")), self._target(rules, way))
        if body.get("set") != wanted:
            self.book.find("replay.set_differs", entry.instance, entry.seq)
        self._was(entry, body, wanted)
        rests: Set[int] = set()
        answers = [act.holds(rules, name) for name in way.get("guards", ())]
        known = all(answer is not None for answer, _ in answers)
        rests.update(*(on for _, on in answers))
        said = {name: about for name, about in _object(body.get("attested")).items() if name != "resolver"}
        for name, found, expected in (
            ("transition", body.get("transition", body.get("trigger")), id_),
            ("rests", body.get("rests", []), sorted(rests)),
            ("remembers", body.get("remembers"), way.get("region") if way.get("remembers") else None),
            ("seen", body.get("seen", []), act.cited()),
            ("attested", said, act.answers),
            ("did", body.get("did", {}), {id_: doer} if id_ in rules.asked else {}),
        ):
            if found != expected and (known or name not in ("rests", "seen", "attested")):
                self.book.find("replay.%s_differs" % name, entry.instance, entry.seq)
        self.approvals.same(entry, body, {**gates, **self.approvals.overtaken(rules, entry.seq, wanted, id_)})


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
_STANDING = {
    "suspended": ("held", True), "resumed": ("held", False), "voided": ("void", True), "reinstated": ("void", False),
}  # fmt: skip
_NOTES = ("annotated", "copied", "declined", "proposed", "read", "redacted", "refused", "urged")
_WAIVERS = 2
#: The kinds that set no state: a vote that decides is a kind of its own here.
_STILL = frozenset(
    """
    annotated amended refused voted withdrawn transferred delegated replied added removed urged copied read extended waived
    suspended resumed voided reinstated proposed redacted declined
    """.split()
)


class Refused(Exception):
    """An act on a gate that was not allowed."""


def overlay(below: Any, above: Any) -> Any:
    """Return a value with another one laid over it: objects key by key; a new round, and all else, as a whole."""
    if not isinstance(below, dict) or not isinstance(above, dict) or "round" in above:
        return above
    return {key: overlay(below.get(key), above[key]) if key in above else below[key] for key in {**below, **above}}


def with_patches(gates: Dict[str, Body], patches: Body) -> Dict[str, Body]:
    """Return the gates of an instance after the patches of an entry."""
    return {**gates, **{name: overlay(gates.get(name), patch) for name, patch in patches.items()}}


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
    """Whether each gate has what every gate has."""

    def people(value: Any) -> bool:
        return isinstance(value, dict) and all(isinstance(about, dict) and "seq" in about for about in value.values())

    def task(value: Any) -> bool:
        return (
            isinstance(value, dict) and all(name in value for name in ("kind", "of", "state"))
            and not isinstance(value["state"], (list, dict)) and people(value.get("asked", {}))
        )  # fmt: skip

    return all(
        isinstance(gate, dict) and all(name in gate for name in ("by", "round", "state"))
        and _is_map(task)(gate.get("tasks", {})) and people(gate.get("copies", {}))
        for gate in gates.values()
    )  # fmt: skip


class Person(NamedTuple):
    """Somebody as he was enrolled."""

    id: str
    roles: FrozenSet[str] = frozenset()
    org: str = ""

    @classmethod
    def told(cls, id_: str, body: Body) -> Person:
        """Return somebody as an enrolment, or whatever else says roles and organisation, has him."""
        org = body.get("org")
        return cls(id_, frozenset(_strings(body.get("roles"))), org if isinstance(org, str) else "")

    def may_sign(self, task: Body) -> bool:
        """Whether a task asks this person."""
        if task["kind"] == "role":
            return task["of"] in self.roles
        return bool(task["of"] == self.id) if task["kind"] != "org" else bool(self.org) and task["of"] == self.org


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
            part, _, whole = quorum["ratio"].partition("/")
            parts, wholes = int(part) * of, int(whole or 1)
            return max(parts // wholes + 1 if quorum.get("strict") else -(-parts // wholes), 1)
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
        return {**self.gate, "tally": self.count()[0], "tasks": self.tasks}


def again(task: Body) -> Body:
    """Return what a task asks of whom."""
    return {name: task[name] for name in _ASKED if name in task}


class Desk(NamedTuple):
    """An act on a gate: the transition, the gate before, who acts and for whom."""

    rules: Rules
    act: Judge
    way: Body
    gate: Body
    by: Person
    principal: Person

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
        return bool(self.by.roles & set(self.rules.permitted("supervise")))

    def round(self) -> Round:
        """Return the round as it was, which must be open and the instance in good standing."""
        if self.gate["state"] != "open" or any(self.act.case.standing.values()):
            raise Refused
        return Round(self.way, self.gate, self.act.entry.seq)

    def own(self, work: Round, *, named: bool = True) -> str:
        """Return the principal's own task, the one that the entry names where it must."""
        number = self.body["task"] if named else None
        mine = [name for name, task in work.tasks.items() if task["state"] == "open" and self.principal.may_sign(task)]
        if (number is not None and number not in mine) or not mine:
            raise Refused
        return str(number) if number is not None else min(mine, key=int)

    def unbar(self, *others: Person) -> None:
        """Refuse if who acts, for whom, or one of these others may not sign."""
        if any(self.barred(person) for person in (self.by, self.principal, *others)):
            raise Refused

    def barred(self, person: Person) -> bool:
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


class Act(NamedTuple):
    """An act of a day: its entry's number (negative: what happened by recording it), and what orders it.

    `lines` are those that it changes beside regions; `low` is empty where the day is open, `high` None.
    """

    number: int
    regions: Set[str]
    lines: Set[str]
    rests: Iterable[int]
    low: str
    high: Optional[str]


class Calendars:
    """Which calendars were published when, and which day is a working day."""

    def __init__(self, entries: Iterable[Entry], documents: Documents) -> None:
        self.documents = documents
        self.published = [(0, "")] + [
            (e.at, str((e.body or {}).get("calendar"))) for e in entries if e.body is not None
        ]

    def at(self, at: int) -> List[str]:
        """Return the calendars that were in force at a moment or within the minute before it; "" is none."""
        past = [digest for when, digest in self.published if when <= at]
        before = sum(when < at - _CLOSE for when, _ in self.published)
        return past[max(before - 1, 0) :]

    def working_day(self, day: str, digest: str) -> str:
        """Return the working day that a day counts for: itself, or the next one after days of rest."""
        told = self.documents.calendars.get(digest, {})
        while day in told.get("rest", ()) or (
            day not in told.get("work", ()) and date.fromisoformat(day).weekday() > 4
        ):
            day = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        return day


class Approvals:
    """Judges the entries of approvals."""

    kinds = frozenset(
        """
        opened voted retracted returned withdrawn transferred delegated replied added removed urged copied read extended
        waived suspended resumed voided reinstated
        """.split()
    )

    def __init__(self, replay: Replay) -> None:
        self.replay, self.book = replay, replay.book

    @property
    def case(self) -> Case:
        """Return the instance that is read."""
        return self.replay.case

    def read(self, rules: Optional[Rules], act: Judge) -> bool:
        """Decide again what an entry does on gates; return whether all that it says was compared."""
        kind, entry = act.entry.kind, act.entry
        if rules is None or kind not in (*self.kinds, "amended"):
            return True
        try:
            if kind in _STANDING:
                self._stood(rules, act)
            elif kind == "amended":
                self._amended(rules, act)
            elif kind == "opened":
                self._opened(rules, act)
            else:
                self._on_gate(self._desk(rules, act))
        except Refused:
            self.book.find("replay.not_allowed", entry.instance, entry.seq)
        except Unanswered:
            self.book.find("replay.attested_missing", entry.instance, entry.seq)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):  # no body that the library makes
            self.book.find("replay.malformed", entry.instance, entry.seq)
        else:
            return True
        return kind == "amended"

    def close(self) -> None:
        """Say what only the end of the log shows."""

    # What is compared

    def same(self, entry: Entry, body: Body, rounds: Dict[str, Body]) -> None:
        """Compare the rounds that an entry leaves with what it says of them, which is what differs and no more."""
        said, before = body.get("gates", {}), self.case.gates
        if set(said) != set(rounds) or not all(
            overlay(before.get(name), said[name]) == gate and is_tight(before.get(name), said[name])
            for name, gate in rounds.items()
        ):
            self.book.find("replay.gates_differs", entry.instance, entry.seq)

    def attested(self, act: Judge, answers: Body) -> None:
        """Compare the application's answers that an entry says with those that were asked for."""
        said = {name: about for name, about in _object(act.body.get("attested")).items() if name != "resolver"}
        if said != answers:
            self.book.find("replay.attested_differs", act.entry.instance, act.entry.seq)

    # What else is asked of gates

    def stage(self, rules: Rules, way: Body, stage: str) -> bool:
        """Whether a move may be made, or submitted, as far as standing and gates are concerned."""
        if any(self.case.standing.values()):
            return False
        if "gate" not in way:
            return stage != "submit"
        open_ = [self.case.gates.get(str(one.get("id")), {}).get("state") for one in rules.ways(way.get("trigger"))]
        return stage == "close" or (stage == "submit" and "open" not in open_)

    def overtaken(self, rules: Rules, seq: int, states: Dict[str, Optional[str]], but: str = "") -> Dict[str, Body]:
        """Return the rounds that end because their region was moved out of the states that their transition leaves."""
        return {
            str(way["id"]): gate
            for way in rules.transitions
            if way.get("id") != but and way.get("region") in states
            and states[way["region"]] not in way.get("sources", ())
            for gate in self._ended(way, seq)
        }  # fmt: skip

    def _ended(self, way: Body, seq: int) -> Iterator[Body]:
        """Yield the round of a gate, void, if it was open or had gone back to its applicant."""
        gate = self.case.gates.get(str(way.get("id")))
        if "gate" not in way or gate is None:
            return
        if gate["state"] == "open" or (gate["state"] == "returned" and not gate.get("returned", {}).get("to")):
            work = Round(way, gate, seq)
            work.close("void", "void")
            yield work.after()

    # People

    def _who(self, act: Judge) -> Person:
        """Return who acted; one who was enrolled only later as he was then."""
        entry, told = act.entry, _object(act.body.get("attested")).get("resolver")
        if told is not None:
            return Person.told(entry.actor, _object(_object(told).get("values")))
        known = self.replay.actors.around(entry.actor, entry.at)
        known = known or [body for _, body in self.replay.actors.known.get(entry.actor, ())]
        return Person.told(entry.actor, known[-1]) if known else Person(entry.actor)

    def _named(self, act: Judge, name: str, *, valid: bool = True) -> Person:
        """Return somebody whom an entry names, who must be one who may act; of whom nothing is known, he may."""
        id_, actors = act.body[name], self.replay.actors
        known = actors.around(id_, act.entry.at)
        if known and valid and not any(actors.valid(body, act.entry.at) for body in known):
            raise Refused
        return Person.told(id_, known[-1]) if known else Person(id_)

    def _desk(self, rules: Rules, act: Judge) -> Desk:
        """Return the gate that an entry is about, who acts and for whom."""
        said = act.body["gates"]
        ways = [way for way in rules.ways(act.body.get("trigger")) if "gate" in way and way["id"] in said]
        if len(ways) != 1:
            raise Refused
        by = self._who(act)
        principal = self._principal(rules, act, by)
        gate = self.case.gates.get(ways[0]["id"])
        if gate is None:
            raise Refused
        return Desk(rules, act, ways[0], gate, by, principal)

    def _principal(self, rules: Rules, act: Judge, by: Person) -> Person:
        """Return for whom somebody signed, as far as the grant reaches that the entry cites."""
        about, entry = act.body.get("for"), act.entry
        if about is None:
            return by
        chain, seq = "~actor/%s" % about["id"], about["seq"]
        facts: Body = {}
        grants: Dict[str, Body] = {}
        cited: Optional[Entry] = None
        for other in self.replay.past.entries(chain):
            if other.seq > seq and other.at > entry.at - _CLOSE:
                break
            told = other.body or {}
            if other.kind == "enrolled":
                facts = {**facts, **told}
            elif other.kind == "granted":
                grants = {**grants, str(other.seq): _object(told.get("grant"))}
            elif other.kind == "revoked":
                grants = {number: grant for number, grant in grants.items() if number != str(told.get("grant"))}
            cited = other if other.seq == seq else cited
        grant = grants.get(str(about["grant"]))
        if about.get("ground") != "proxy" or cited is None or cited.at > entry.at:
            raise Refused
        if cited.leaf.hex() != about["leaf"]:
            self.book.find("replay.seen_leaf", entry.instance, entry.seq)
        if (
            grant is None or grant["to"] != by.id or not grant["from"] <= self.replay.actors.day(entry.at) <= grant["until"]
            or rules.name not in grant.get("workflows", (rules.name,))
        ):  # fmt: skip
            raise Refused
        person = Person.told(about["id"], facts)
        return person._replace(roles=person.roles & frozenset(grant.get("roles", person.roles)))

    # Rounds begin

    def _opened(self, rules: Rules, act: Judge) -> None:
        entry, body = act.entry, act.body
        if not rules.ways(body.get("trigger")):
            self.book.find("replay.unknown_trigger", entry.instance, entry.seq)
            return
        if act.hidden:
            return
        found = self.replay.decide(rules, act, "submit", entry.actor)
        if found is None:
            return
        way, asked = found
        by, before = self._who(act), self.case.gates.get(str(way["id"]), {})
        gate: Body = {"by": by.id}
        if by.org:
            gate["org"] = by.org
        if act.papers:
            gate["papers"] = sorted(act.papers)
        gate.update({name: body[name] for name in ("params", "due") if body.get(name)})
        outside = act.asking(roles=None)
        if body.get("direct"):
            gate.update(self._remaining(way, before, by))
        else:
            gate["tasks"] = self._tasks(rules, way, outside)
        gate = self._begun(way, gate, before, entry.seq, self.case.attrs)
        self.same(entry, body, {str(way["id"]): gate})
        if body.get("seen", []) != asked.cited():
            self.book.find("replay.seen_differs", entry.instance, entry.seq)
        self.attested(act, {**asked.answers, **outside.answers})
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
        return self.replay.hash(b"\x03" + document).hex() if binds else None

    @staticmethod
    def _tasks(rules: Rules, way: Body, act: Judge) -> Dict[str, Body]:
        """Return the tasks of those whom a gate asks."""
        told, found = _object(way.get("gate")), []
        signers = [one for one in told["signers"] if "when" not in one or act.holds(rules, one["when"])[0]]
        for step, signer in enumerate(signers, 1):
            people = [(signer["kind"], signer["of"])] * signer.get("seats", 1)
            if signer["kind"] == "code":
                about = _object(_object(act.body.get("attested")).get(signer["of"]))
                if not about:
                    raise Unanswered
                named = act.answers.setdefault(
                    signer["of"],
                    {"answer": about["answer"], "values": {"actors": list(about.get("values", {}).get("actors", ()))}},
                )
                people = [("actor", person) for person in dict.fromkeys(named["values"]["actors"])]
            more = {name: signer[name] for name in ("weight", "veto") if name in signer}
            step = step if told.get("sequential") else 1
            found += [
                {"seat": signer["name"], "kind": kind, "of": of, "step": step, "state": "open", **more}
                for kind, of in people
            ]
        return {str(number): task for number, task in enumerate(found, 1)}

    @staticmethod
    def _remaining(way: Body, before: Body, by: Person) -> Body:
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

    def _candidates(self, act: Judge, rounds: List[Body]) -> None:
        """Check that everybody who is said to have been able to sign in a new round was."""
        tasks = [task for gate in rounds for task in gate["tasks"].values()]
        for seat, people in act.body.get("candidates", {}).items():
            asked = [task for task in tasks if task["seat"] == seat]
            for name in people:
                known = [Person.told(name, body) for body in self.replay.actors.around(name, act.entry.at)]
                if not asked or (known and not any(one.may_sign(task) for task in asked for one in known)):
                    self.book.find("replay.candidate", act.entry.instance, act.entry.seq)

    def _amended(self, rules: Rules, act: Judge) -> None:
        """Begin those rounds anew whose votes were bound to what was amended."""
        if act.hidden:
            return
        entry, case, attrs = act.entry, self.case, act.body.get("attrs", {})
        after = {**case.attrs, **attrs}
        outside = act.asking(roles=None, attrs=after, params={})
        rounds: Dict[str, Body] = {}
        anew: List[Body] = []
        for way in rules.transitions:
            gate = case.gates.get(str(way.get("id")), {})
            if "gate" not in way or gate.get("state") not in ("open", "returned"):
                continue
            told = _object(way["gate"])
            if gate["state"] == "open" and self._bound(told, after) != gate.get("bound"):
                opened: Body = {name: gate[name] for name in ("by", "org", "params", "due", "extended") if name in gate}
                laid = sorted(set(gate.get("papers", ())) - set(told.get("papers", ())))
                opened.update({"papers": laid} if laid else {}, tasks=self._tasks(rules, way, outside))
                anew.append(self._begun(way, opened, gate, entry.seq, after, held=case.standing.get("held", False)))
                rounds[way["id"]] = anew[-1]
                continue
            touched = sorted({*gate.get("touched", ()), *attrs})
            if touched != gate.get("touched"):
                rounds[way["id"]] = {**gate, "touched": touched}
        self.same(entry, act.body, rounds)
        self.attested(act, outside.answers)
        self._candidates(act, anew)

    # Entries on one gate

    def _on_gate(self, desk: Desk) -> None:
        kind, entry, body = desk.act.entry.kind, desk.act.entry, desk.body
        if kind in ("extended", "waived"):
            self.replay.authorise(entry, desk.act.roles, desk.rules.permitted("supervise"))
        gate, state = getattr(self, "_%s" % kind)(desk)
        if kind == "voted" and gate["state"] == "approved":
            self._decided(desk, gate)
            return
        if kind == "voted" and body.get("set"):
            self.book.find("replay.set_differs", entry.instance, entry.seq)
        region = str(desk.way["region"])
        wanted = self.replay.changes(desk.rules, region, state) if state else {}
        if kind in ("returned", "retracted"):
            was = {name: self.case.states[name] for name in wanted if self.case.states.get(name) is not None}
            for name, expected in (("set", wanted), ("was", was)):
                if body.get(name, {}) != expected:
                    self.book.find("replay.%s_differs" % name, entry.instance, entry.seq)
        self.same(entry, body, {desk.way["id"]: gate, **self.overtaken(desk.rules, entry.seq, wanted, desk.way["id"])})

    def _decided(self, desk: Desk, gate: Body) -> None:
        """Decide the move that a vote brings."""
        act, id_ = desk.act, str(desk.way["id"])
        if act.hidden:
            return
        gates = {**self.case.gates, id_: gate}
        closing = act.asking(
            roles=None, gates=gates, papers=set(gate.get("papers", ())), params=_object(gate.get("params"))
        )
        found = self.replay.decide(desk.rules, closing, "close", gate["by"], only=id_)
        if found is not None:
            self.book.counts["decided"] += 1
            self.replay.moved(desk.rules, found[0], found[1], gate["by"], {id_: gate})

    def _voted(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        work, seq = desk.round(), desk.act.entry.seq
        number = desk.own(work)
        desk.unbar()
        papers = {about["type"] for about in desk.body.get("papers", ())}
        if not papers >= set(desk.told.get("papers", ())):
            raise Refused
        work.tasks[number].update(state=_VOTES[desk.body["vote"]], by=desk.by.id, vote=seq)
        if desk.principal.id != desk.by.id:
            work.tasks[number]["for"] = desk.principal.id
        if papers or work.gate.get("papers"):
            work.gate["papers"] = sorted({*work.gate.get("papers", ()), *papers})
        work.settle()
        return work.after(), None

    def _retracted(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        gate, number, case = desk.gate, desk.body["task"], self.case
        closed = gate["state"] in ("approved", "rejected")
        if any(case.standing.values()) or not (closed or gate["state"] == "open"):
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
        back = case.before(str(desk.way["region"]), gate["closed"]) if gate["state"] == "approved" else None
        return work.after(), back

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
            to not in desk.told.get("returns", ()) or (str(desk.way["region"]), to) not in self.case.visited
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
        digest = desk.body.get("calendar", "")
        if digest not in self.replay.calendars.at(desk.act.entry.at):
            self.book.find("replay.calendar", desk.act.entry.instance, desk.act.entry.seq)
        day = self.replay.calendars.working_day(self.replay.actors.day(desk.act.entry.at), digest)
        if urged.get(desk.by.id) == day:
            raise Refused
        work.gate["urged"] = {**urged, desk.by.id: day}
        return work.after(), None

    def _copied(self, desk: Desk) -> Tuple[Body, Optional[str]]:
        people, copies = desk.body["to"], desk.gate.get("copies", {})
        if self.case.standing.get("void") or any(person in copies for person in people):
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
        if "extended" in work.gate or any(desk.by.may_sign(work.tasks[number]) for number in work.pending()):
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

    def _stood(self, rules: Rules, act: Judge) -> None:
        entry, case, kind = act.entry, self.case, act.entry.kind
        self.replay.authorise(entry, act.roles, rules.permitted("supervise"))
        held, void = case.standing.get("held", False), case.standing.get("void", False)
        may = {"suspended": not held and not void, "resumed": held, "voided": not void, "reinstated": void}[kind]
        if not may or (kind == "voided" and self._approved(entry.actor)):
            raise Refused
        rounds: Dict[str, Body] = {}
        for way in rules.transitions:
            gate = case.gates.get(str(way.get("id")))
            if "gate" not in way or gate is None:
                continue
            if kind == "voided":
                rounds.update((way["id"], ended) for ended in self._ended(way, entry.seq))
            elif kind in ("suspended", "resumed") and gate["state"] == "open":
                work = Round(way, gate, entry.seq)
                work.line_up()
                for number in work.pending() if kind == "suspended" else ():
                    work.tasks[number]["state"] = "blocked"
                rounds[way["id"]] = work.after()
        self.same(entry, act.body, rounds)

    def _approved(self, person: str) -> bool:
        """Whether somebody, or somebody for him, has approved in a newest round."""
        return any(
            person in (vote.get("by"), vote.get("for"))
            for gate in self.case.gates.values()
            for vote in (*gate["tasks"].values(), *gate.get("settled", {}).values())
            if vote.get("state", "approved") == "approved"
        )

    # Days

    def end(self, case: Case) -> None:
        """Check, when an instance has been read, that no act is dated before one that it must come after."""
        if not case.backdated:
            return
        try:
            acts = [act for entry in self.replay.past.entries(case.instance) for act in self._acts(entry)]
            late = self._late(acts, gates=True) - self._late(acts, gates=False)
        except (KeyError, TypeError, AttributeError, ValueError):
            return  # what cannot be read is reported as such
        for seq in sorted(late):
            self.book.find("replay.date_order", case.instance, seq)

    def _acts(self, entry: Entry) -> Iterator[Act]:
        """Yield what an entry says of its day, and, apart, what happened by recording it."""
        body, kind, today = entry.body or {}, entry.kind, self.replay.actors.day(entry.at)
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
        yield Act(entry.seq, set(body.get("set", {})), own, body.get("rests", ()), on.get("lo") or "", on.get("hi"))
        if dated and beside:
            yield Act(-entry.seq, set(), beside, (), today, today)

    @staticmethod
    def _late(acts: Iterable[Act], *, gates: bool) -> Set[int]:
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


class Effects:
    """What an act does to other instances: what its entry promises, and the entries there."""

    def __init__(self, replay: Replay) -> None:
        self.replay, self.book = replay, replay.book

    def read(self, rules: Optional[Rules], act: Judge) -> None:  # noqa: ARG002
        """Note what an entry promises, and decide again what it does because of another one."""
        for about in [act.body["cause"]["instance"]] if "cause" in act.body else []:
            self.replay.unseen(about)
        for about in act.body.get("effects", ()):
            self.replay.unseen(about["on"])
        if "effects" in act.body or "cause" in act.body:
            self.book.leave("effects")

    def close(self) -> None:
        """Say which promises were not kept."""


# --------------------------------------------------------------------------------------------------------- corrections


class Corrections:
    """Corrections and erasures: who may propose and confirm, and what history they lead to."""

    kinds = frozenset(("proposed", "rectified", "redacted", "declined"))

    def __init__(self, replay: Replay) -> None:
        self.replay, self.book = replay, replay.book

    def read(self, rules: Optional[Rules], act: Judge) -> None:  # noqa: ARG002
        """Decide an entry again that corrects or erases, or says who may; of reserved instances those entries only."""
        if act.entry.kind in self.kinds or act.entry.kind == "ruled":
            self.book.leave("corrections")
        if act.entry.kind == "rectified":
            act.case.unknown = True

    def close(self) -> None:
        """Say what only the end of the log shows."""


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
            book.find("bundle.container", say="not packed as bundles are; unpack it and verify the folder")
            self.readable = False
            return
        for member in members:
            name = member.name.decode()
            if not _NAME.match(name):
                book.find("bundle.member_name", say="%r is no part of a bundle; it was not read" % name)
            elif name in self.parts:
                book.find("bundle.member_twice", say=name)
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
                self.book.warn("bundle.member_name", say="%r is no part of a bundle; it was not read" % name)
            else:
                self._take(name, Part(file, 0, os.path.getsize(file)))

    def _take(self, name: str, part: Part) -> None:
        if part.size > _LIMITS.get(name.split("/", maxsplit=1)[0], part.size):
            self.book.find("bundle.member_size", say=name)
        else:
            self.parts[name] = part

    def compare(self, said: Dict[str, Any], *, whole: bool) -> bool:
        """Compare the members with the manifest; return whether what must be there is."""
        find, needed = self.book.find, {"log.jsonl"} if whole else {"log.jsonl", "proofs.jsonl"}
        for name in sorted(needed - set(said)):
            find("bundle.member_missing", say=name)
        for name in sorted(set(said) - set(self.parts)):
            find("bundle.member_missing", say=name)
        for name, part in self.parts.items():
            if name == "manifest.json":
                continue
            if name not in said:
                self.book.warn("bundle.member_extra", say=name)
                continue
            digest = hashlib.sha256()
            for data in part.chunks():
                digest.update(data)
            if (part.size, digest.hexdigest()) != (said[name]["size"], said[name]["sha256"]):
                find("bundle.member_differs", say=name)
        if whole and "proofs.jsonl" in self.parts and "proofs.jsonl" in said:
            self.book.warn("bundle.member_extra", say="proofs.jsonl")
        return "log.jsonl" in self.parts and "log.jsonl" in said and needed <= set(self.parts)

    def sums(self) -> None:
        """Compare the members of a zip with the sums in their headers."""
        for name, crc in self.crcs.items():
            found = 0
            if name not in self.parts:
                continue
            for data in self.parts[name].chunks():
                found = binascii.crc32(data, found)
            if found != crc:
                self.book.find("bundle.member_differs", say=name)


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
    if set(value) != set(_MANIFEST) or not all(check(value[name]) for name, check in _MANIFEST.items()):
        raise Malformed("a key or a value")
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
            self.book.find("bundle.line", say="line %d of proofs.jsonl cannot be read (%s)" % (number, reason))

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
            width = record["width"]
            good = (
                is_hex(record["hash"]) and is_int(record["position"]) and is_int(width, 1) and width & (width - 1) == 0
            )
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
        raise Malformed("a key, a value or its place")


class PartTree:
    """The tree of which a bundle shows a part: runs of leaves, and hidden trees between them."""

    def __init__(self, hash_: Hash, said: Dict[str, Any], cuts: Set[int], book: Book) -> None:
        self.hash, self.cuts, self.book = hash_, cuts, book
        self.size, self.root = int(said["size"]), str(said["root"])
        self.roots: Dict[int, bytes] = {}
        self.newest: Optional[Entry] = None
        self.runs: List[Run] = []
        self.genesis = False
        self.seals: Dict[int, Body] = {}  # by size, what the entries `sealed` say that are shown at their places
        self.whole = False  # whether all positions are covered

    def place(self, entry: Entry, position: int) -> None:
        """Put an entry at its place."""
        if position >= self.size:
            self.book.find("tree.position_unsealed", entry.instance, entry.seq)
            return
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

    def _pieces(self, hidden: Iterable[Dict[str, Any]]) -> Iterator[Tuple[int, Peaks]]:
        """Yield what covers the positions, from left to right where it is in order."""
        shown = sorted((part for run in self.runs for part in run.parts), key=lambda part: part.start)
        for record in hidden:
            while shown and shown[0].start < record["position"]:
                yield 0, shown.pop(0)
            tree = Peaks(self.hash, record["position"])
            tree.add(bytes.fromhex(record["hash"]), record["width"])
            yield record["width"], tree
        for part in shown:
            yield 0, part

    def join(self, hidden: Iterable[Dict[str, Any]], look: Callable[[Dict[str, Any]], None]) -> None:
        """Put everything together, and compare the root; `look` is shown every hidden tree."""

        def watched() -> Iterator[Dict[str, Any]]:
            for record in hidden:
                look(record)
                yield record

        whole = Peaks(self.hash)
        self.roots[0] = whole.root()
        wrong = ""
        for width, piece in self._pieces(watched()):
            if wrong:
                continue  # the rest of proofs.jsonl is still to be read
            if piece.start < whole.end or (width and (piece.start % width or piece.end > self.size)):
                wrong = "tree.position_twice"
            elif piece.start > whole.end:
                wrong = "tree.position_missing"
            else:
                whole.extend(piece)
                if whole.end in self.cuts:
                    self.roots[whole.end] = whole.root()
        if not wrong and whole.end != self.size:
            wrong = "tree.position_missing"
        if wrong:
            self.book.find(wrong, say="at position %d" % whole.end)
            self.roots.clear()
            return
        self.whole = True
        self.roots[self.size] = whole.root()
        if whole.root().hex() != self.root:
            self.book.find("tree.proof_differs")
        if self.size and (not self.genesis or self.size not in self.seals):
            self.book.find("tree.seal_missing")


class PartVerification(Verification):
    """The verification of a bundle that shows one instance, or what was recorded in an interval."""

    def __init__(
        self, lines: Lines, genesis: Genesis, anchors: List[Tuple[str, Checkpoint]], trust: List[Key],
        manifest: Dict[str, Any], proofs: Proofs,
    ) -> None:  # fmt: skip
        self.manifest, self.scope, self.proofs = manifest, manifest["scope"], proofs
        self.sizes = [anchor.size for _, anchor in anchors]
        self.unsealed = 0
        self.covered = dict.fromkeys(self.sizes, 0)
        self.hidden = 0  # positions of an interval's entries that are not shown
        self.mentions: Set[str] = set()
        self.cited: Dict[str, List[Tuple[str, int]]] = {}  # leaves of entries that are not shown: who cites them
        self.sealed: List[Tuple[int, int]] = []  # when, and how many leaves, by every entry `sealed` that is there
        self.newest: Dict[Tuple[int, str], Tuple[int, bytes]] = {}  # of a seal and a chain, its newest entry then
        self.chains: Dict[str, bool] = {}  # whether a chain has an entry with a place
        super().__init__(lines, genesis, anchors, trust)
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
        return instance == self.scope.get("instance") or str(instance).startswith("~")

    def _belongs(self, entry: Entry) -> bool:
        if self.scope["kind"] == "instance":
            own = (self.scope["instance"], "~log", "~calendar")
            return entry.instance in own or entry.instance.startswith(("~actor/", "~definition/", "~number/"))
        after = self.scope["from"] is None or entry.at >= self.scope["from"]
        return entry.instance == "~log" or (after and (self.scope["to"] is None or entry.at < self.scope["to"]))

    def _see(self, entry: Entry) -> None:
        if not self._belongs(entry):
            self.book.find("bundle.scope", entry.instance, entry.seq)
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
                    self.book.find("chain.clock_back", entry.instance, entry.seq)
                chain.seq, chain.leaf, chain.at = entry.seq, entry.leaf, entry.at
                return
        super()._link(chain, entry)

    def _texts(self, chain: Chain, entry: Entry) -> None:
        if self.manifest["texts"]:
            super()._texts(chain, entry)

    def _place(self, chain: Chain, entry: Entry) -> None:
        self.position = self.places.of(entry.instance, entry.seq)
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
        if chain.instance != "~log":
            self.chains[chain.instance] = chain.placed is not None

    def _newer(self, size: int) -> int:
        return self.book.entries - self.covered.get(size, 0)

    def _close_tree(self) -> None:
        self.places.close()
        self.tree.join(self.proofs.hidden(), self._look)
        if self.scope["kind"] == "instance":
            if self.tree.whole:
                self._newest()
            for places in self.cited.values():
                for instance, seq in places:
                    self.book.warn("tree.cited_unplaced", instance, seq)
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
        for instance, placed in self.chains.items():
            if not placed:
                self.book.skip("later " + instance, needed=True)
        for (size, instance), newest in self.newest.items():
            if size in self.tree.seals:
                proof = proofs.pop((size, instance), None)
                self._newest_of(self.tree.seals[size], instance, newest, proof)
        for (_, instance), proof in proofs.items():
            self.book.find("tree.newest_orphan", instance, proof["seq"])

    def _newest_of(self, seal: Body, instance: str, newest: Tuple[int, bytes], proof: Optional[Body]) -> None:
        find = self.book.find
        if proof is None:
            find("tree.newest_missing", instance)
            return
        line = {"head": {"instance": instance, "leaf": proof["leaf"], "seq": proof["seq"]}}
        leaf, hashes = self.hash(b"\x00" + canonical(line)), [bytes.fromhex(told) for told in proof["hashes"]]
        size = seal.get("instances")
        root = root_of_proof(self.hash, leaf, proof["index"], size, hashes) if is_int(size) else None
        if root is None or root.hex() != seal.get("heads"):
            find("tree.newest_differs", instance, proof["seq"])
        elif proof["seq"] > newest[0]:
            find("tree.entries_hidden", instance, proof["seq"])
        elif (proof["seq"], proof["leaf"]) != (newest[0], newest[1].hex()):
            find("tree.newest_differs", instance, proof["seq"])

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
                self.book.find("bundle.manifest_differs", say="the manifest says another %s" % name)


def verify_bundle(path: str, book: Book, anchors: List[Tuple[str, Checkpoint]], trust: List[Key]) -> None:
    """Verify a bundle, in the order of the format's description."""
    members = Members(path, book)
    if not members.readable:
        return
    members.sums()
    if "manifest.json" not in members.parts:
        book.find("bundle.member_missing", say="manifest.json")
        return
    try:
        manifest = read_manifest(members.parts["manifest.json"])
    except Malformed as error:
        book.find("bundle.manifest", say=str(error))
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
        book.find("chain.genesis_missing")
        return
    for name, value in (("log", genesis.log), ("suite", genesis.suite)):
        if manifest[name] != value:
            book.find("bundle.manifest_differs", say="the manifest says another %s" % name)
    if not manifest["texts"] and "text" in lines.spans:
        book.find("bundle.manifest_differs", say="there are texts")
    came: List[Tuple[str, Checkpoint]] = []
    for name in sorted(name for name in members.parts if name.startswith("anchors/") and name in manifest["members"]):
        try:
            came.append((name, read_checkpoint(members.parts[name].read().decode())))
        except ValueError as error:
            book.find("bundle.anchor", say="%s is no checkpoint (%s)" % (name, error))
    check: Verification
    if whole:
        check = WholeVerification(lines, genesis, came + anchors, trust, manifest)
    else:
        check = PartVerification(
            lines, genesis, came + anchors, trust, manifest, Proofs(members.parts["proofs.jsonl"], book)
        )
    check.came_along = frozenset(label for label, _ in came)
    check.run()


class WholeVerification(Verification):
    """The verification of a bundle that has the whole log: as an export, and the manifest."""

    def __init__(
        self, lines: Lines, genesis: Genesis, anchors: List[Tuple[str, Checkpoint]], trust: List[Key],
        manifest: Dict[str, Any],
    ) -> None:  # fmt: skip
        super().__init__(lines, genesis, anchors, trust)
        self.manifest, self.unsealed = manifest, 0

    def _texts(self, chain: Chain, entry: Entry) -> None:
        if self.manifest["texts"]:
            super()._texts(chain, entry)

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
                self.book.find("bundle.manifest_differs", say="the manifest says another %s" % name)
        root = self.tree.roots.get(self.tree.size)
        if self.manifest["tree"]["size"] != self.tree.size or (
            root is not None and root.hex() != self.manifest["tree"]["root"]
        ):
            self.book.find("bundle.manifest_differs", say="the manifest says another tree")


# --------------------------------------------------------------------------------------------------------------- words

_VERDICTS = {
    "anchored": ("intact, and as it was when the anchor was made", "完好，且与锚定时一致"),
    "self-consistent": ("SELF-CONSISTENT ONLY: no anchor to compare with", "仅自洽：没有可对照的锚点"),
    "incomplete": ("INCOMPLETE: not everything could be checked", "不完整：有内容无法核验"),
    "tampered": ("TAMPERED", "被篡改"),
}
_LAYERS_ZH = {
    "bytes": "字节", "chain": "链", "text": "文字", "document": "文档", "cache": "末条", "tree": "日志树", "anchor": "锚点",
    "replay": "重演", "bundle": "审计包",
}  # fmt: skip
#: What was found, in Chinese; the English is the kind's name, or a sentence that says more.
_KINDS_ZH = {
    "line": "此行无法读取", "version": "格式版本未知", "too_large": "记录过大", "not_canonical": "正文不是规范 JSON",
    "genesis_missing": "缺少创世记录", "gap": "此前缺少记录", "duplicate": "记录号重复", "order": "次序不对",
    "sorted": "实例次序不对或重复", "prev": "没有接在上一条之后", "first_prev": "没有接在创世记录之后", "clock_back": "时刻早于上一条",
    "orphan": "文字没有对应的记录", "uncommitted": "文字没有被承诺", "differs": "文字与承诺不符", "missing": "不在了",
    "present": "已删除的文字仍在", "digest": "文档与摘要不符", "kind": "文档类别不对", "not_defined": "规则没有登记",
    "not_yet_defined": "规则当时尚未登记", "unreadable": "不是流程规则", "unused": "没有记录提到此文档",
    "row_orphan": "有末条而无记录", "row_missing": "有记录而无末条", "seq": "末条的记录号不符", "head": "末条的散列不符",
    "place_orphan": "位置上没有记录", "entry_unplaced": "记录不在树中而其后的却在", "position_unsealed": "位置在最近一次封存之后",
    "position_missing": "缺少位置", "position_moved": "位置被移动", "position_twice": "位置重复", "seal_size": "封存的大小不对",
    "heads_differ": "封存所说的末条与记录不符", "checkpoint_malformed": "检查点无法读取", "other_log": "是另一个日志的检查点",
    "size_shrunk": "日志比检查点短", "root_differs": "与检查点的根不符", "signature_bad": "签名是假的",
    "signature_missing": "没有受信任的签名", "fork": "两份检查点的根不同", "malformed": "内容不合格式", "kind_place": "此类记录不应在此",
    "def_missing": "没有指明规则", "def_changed": "规则中途更换", "not_started": "首条不是启动或补记", "not_first": "只能是首条",
    "root_missing": "所属实例当时不存在", "attributes": "属性未声明", "late_unmarked": "没有标为补录", "late_flags": "补录缺少标记",
    "not_allowed": "按规则不应获准", "unknown_trigger": "没有此动作", "seen_missing": "所引记录不存在", "seen_leaf": "所引记录不同",
    "adoption": "补记的状态不合规则", "actor_unknown": "办理人没有登记", "actor_role": "办理人不具备角色",
    "actor_not_valid": "办理人当时无效", "mode": "方式不对", "date_missing": "没有日期", "date_malformed": "日期无效",
    "date_differs": "日期与所记的最早、最晚日不符", "date_order": "日期与先后矛盾", "container": "打包方式不对，请解包后核验文件夹",
    "member_name": "不属于审计包的文件", "member_twice": "文件重复", "member_size": "文件过大", "member_missing": "缺少文件",
    "member_extra": "清单外的文件", "member_differs": "文件与清单不符", "manifest": "清单无法读取", "manifest_differs": "与清单不符",
    "scope": "记录不属于此包", "anchor": "不是检查点", "proof_differs": "证明通向另一个根", "seal_missing": "缺少封存或创世记录",
    "newest_missing": "缺少末条的证明", "newest_differs": "末条的证明不符", "newest_orphan": "证明没有对应的链",
    "entries_hidden": "有记录被隐去", "cited_unplaced": "所引记录不在树中",
}  # fmt: skip


#: What was not checked: the whole of it, or what a name follows, in English and in Chinese.
_UNCHECKED = {
    "caches": ("the table of present states", "实例表"), "triggers": ("triggers", "触发器"),
    "other instances": ("other instances", "其他实例"), "texts": ("texts", "文字"),
    "missing texts": ("texts that are missing", "缺失的文字"), "signatures": ("signatures of checkpoints", "检查点的签名"),
    "replay": ("whether the moves were allowed", "各步是否合规"), "earlier entries": ("earlier entries", "此前的记录"),
    "keys": ("statements about keys", "关于密钥的声明"), "version": ("version", "记录版本"),
    "suite": ("suite", "算法套件"), "kind": ("kind", "记录种类"), "bundle": ("version of bundles", "审计包版本"),
    "anchor": ("anchor", "锚点"), "tree": ("a checkpoint that the log keeps,", "日志所存的检查点"),
    "cited": ("what rests on an instance that is not shown,", "所引而未出示的实例"),
    "actor": ("an actor that is not shown,", "未出示的办理人"), "later": ("later entries of", "更晚的记录："),
    "ends": ("whether all was shown that is covered by", "截至锚点时各链是否完整："),
    "before": ("whether there were entries, when the anchor was made, of", "锚点之时是否已有记录："),
    "hidden": ("entries sealed in between that are not shown:", "其间封存而未出示的记录数"),
    "unsealed": ("entries that are not sealed, and so not proved:", "未封存、无从证明的记录数"),
    "heads": ("the heads that the oldest seals say, of so many:", "最早若干次封存所记的末条，封存次数"),
}  # fmt: skip


def unchecked(what: str, *, zh: bool) -> str:
    """Return in words what was not checked."""
    if what in AREAS:
        return ("不重新判断：%s" if zh else "%s: not decided again") % AREAS[what][zh]
    if what in _UNCHECKED:
        return _UNCHECKED[what][zh]
    kind, space, name = what.partition(" ")
    return _UNCHECKED[kind][zh] + space + name if kind in _UNCHECKED else what


def say(book: Book, *, zh: bool) -> Iterator[str]:
    """Yield the report for people."""
    yield _VERDICTS[book.verdict][zh]
    anchored = book.anchored
    if anchored:
        told = (anchored["label"], anchored["size"], anchored["newer"], ", ".join(anchored["signed"]) or "-")
        yield (
            "锚点 %s：%d 条；更新的 %d 条；签名：%s" if zh else "Anchor %s: %d entries; newer: %d; signed by: %s"
        ) % told
    yield ("核验了 %d 条记录、%d 个实例" if zh else "Verified %d entries of %d instances") % (
        book.entries,
        book.instances,
    )
    counts = tuple(book.counts[name] for name in ("decided", "witnessed", "attested", "late", "refused"))
    yield (
        "重新判断 %d 次；其中依据其他实例 %d；依据应用程序或未登记者 %d；补录 %d；被拒绝 %d"
        if zh
        else "Decided again: %d; also from other instances: %d; on the application's word: %d; late: %d; refused: %d"
    ) % counts
    for what in sorted(book.unchecked):
        yield ("未核验：" if zh else "Not checked: ") + unchecked(what, zh=zh)
    for found in book.findings:
        place = " ".join(str(part) for part in (found.instance, found.seq) if part is not None) or "-"
        words = found.message
        if zh:
            words = "%s：%s" % (_LAYERS_ZH.get(found.layer, found.layer), _KINDS_ZH.get(found.kind, "与重新判断的不同"))
        yield "  %s %s.%s  %s  %s" % (found.severity, found.layer, found.kind, place, words)
    if book.left_out:
        yield ("另有 %d 项" if zh else "%d more findings") % book.left_out


# -------------------------------------------------------------------------------------------------------- command line


def _begins(path: str, with_: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(with_)) == with_


def read_anchor(path: str) -> Tuple[str, Checkpoint]:
    """Read a checkpoint from a file; raises Unreadable."""
    try:
        with open(path, "rb") as file:
            text = file.read(262_145).decode()
        return os.path.basename(path), read_checkpoint(text)
    except (OSError, ValueError) as error:
        raise Unreadable("the anchor %s cannot be read (%s)" % (path, error)) from None


def verify(path: str, anchors: Iterable[Tuple[str, Checkpoint]] = (), trust: Iterable[Key] = ()) -> Book:
    """Verify a file; raises Unreadable."""
    book = Book()
    try:
        if os.path.isdir(path) or _begins(path, b"PK"):
            verify_bundle(path, book, list(anchors), list(trust))
            return book
        lines = Lines(Part(path, 0, os.path.getsize(path)), book)
        genesis = find_genesis(lines)
        if genesis is None:
            raise Unreadable("no exported log: it does not hold the log's first entry")
        Verification(lines, genesis, list(anchors), list(trust)).run()
    except OSError as error:
        raise Unreadable("%s cannot be read (%s)" % (path, error.strerror)) from None
    return book


def main(arguments: Optional[List[str]] = None) -> int:
    """Read the command line, verify, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="verify", description="Verify an exported log or a bundle.")
    parser.add_argument("file")
    parser.add_argument("--anchor", action="append", default=[], metavar="FILE")
    parser.add_argument("--trust", action="append", default=[], metavar="KEY")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    options = parser.parse_args(arguments)
    try:
        trust = [read_key(text) for text in options.trust]
    except Malformed as error:
        parser.error("--trust: %s" % error)
    try:
        book = verify(options.file, [read_anchor(path) for path in options.anchor], trust)
    except Unreadable as error:
        print("verify: %s" % error, file=sys.stderr)
        return 1
    lines = (
        [json.dumps(book.as_json(), ensure_ascii=False, indent=2)]
        if options.json
        else say(book, zh=options.lang == "zh")
    )
    for line in lines:
        # Words from the log must not steer a terminal, and an odd locale must not stop the report.
        clean = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in line)
        sys.stdout.buffer.write((clean + "\n").encode())
    sys.stdout.flush()
    return 4 if book.verdict == "tampered" else 0


if __name__ == "__main__":
    sys.exit(main())
