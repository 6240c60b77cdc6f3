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
_CORRECTIONS = ("proposed", "rectified", "redacted", "declined")
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
    "trigger": _is_text,
    "workflow": _is_text,
}


def is_well_formed(body: Body) -> bool:
    """Whether each part of a body is what it must be."""
    return all(name not in _PARTS or _PARTS[name](value) for name, value in body.items())


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

    def permitted(self, act: str) -> List[str]:
        """Return the roles that may start, register, adopt or amend."""
        return _strings(_object(self.told.get("permissions")).get(act, [] if act == "start" else _REGISTRAR))

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
        self.left: Dict[str, str] = {}  # by trigger, the state that it left
        self.history: Dict[str, List[Tuple[int, Optional[str]]]] = {}  # of a region, every change: entry and new state
        self.visited: Set[Tuple[str, str]] = set()
        self.attrs: Body = {}
        self.definition: Optional[str] = None
        self.rules: Optional[Rules] = None
        self.root: Optional[str] = None
        self.workflow: Optional[str] = None
        self.first = True
        self.unknown = False  # an entry was met that this program cannot read
        self.earliest: Dict[str, Tuple[str, int]] = {}  # of a region, the earliest day of its newest act, and the act
        self.days: Dict[int, str] = {}  # of an entry, its earliest day

    def fold(self, entry: Entry) -> None:
        """Take in what an entry sets."""
        body = entry.body or {}
        states = _object(body.get("set"))
        if not all(state is None or isinstance(state, str) for state in states.values()):
            states = {}
        for region, state in states.items():
            old = self.states.get(region)
            if old is not None and state is None:
                self.last[region] = old
            if state != old:
                self.history.setdefault(region, []).append((entry.seq, state))
            self.states[region] = state
            if state is not None and entry.kind != "adopted":
                self.visited.add((region, state))
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
    "in": lambda one, two: one in two,
}


class Judge:
    """One act, decided again."""

    def __init__(self, case: Case, entry: Entry, body: Body, roles: Optional[Set[str]], seen: List[Body]) -> None:
        self.case, self.entry, self.body, self.roles, self.seen = case, entry, body, roles, seen
        self.late = body.get("mode") == "late" and "for" in body

    def holds(self, rules: Rules, told: Any) -> Tuple[Answer, Set[int]]:
        """Return whether a guard holds, and the entries on which that rests."""
        told = _object(rules.guards.get(told) if isinstance(told, str) else told)
        kind = told.get("is")
        if kind in ("All", "Any"):
            return self._many(rules, told.get("of") or [], any_=kind == "Any")
        if kind == "Not":
            answer, rests = self.holds(rules, told.get("of"))
            return (None if answer is None else not answer), rests
        if kind == "InStates":
            region = str(told.get("region"))
            return self._in(region, told.get("states") or [])
        if kind == "Visited":
            return (told.get("region"), told.get("state")) in self.case.visited, set()
        if kind == "FieldIs":
            return self._field(rules, told), set()
        if kind == "ActorHas":
            return (None if self.roles is None else bool(self.roles & set(_strings(told.get("roles"))))), set()
        return self._elsewhere(kind, told), set()

    def _in(self, region: str, states: List[Any]) -> Tuple[Answer, Set[int]]:
        """Return whether a region is in one of the states, and the entry since which that has been so."""
        answer = self.case.states.get(region) in states
        since: Set[int] = set()
        for seq, state in reversed(self.case.history.get(region, [])):
            if (state in states) is not answer:
                break
            since = {seq}
        return answer, since

    def _many(self, rules: Rules, parts: List[Any], *, any_: bool) -> Tuple[Answer, Set[int]]:
        rests: Set[int] = set()
        unknown = False
        for part in parts:
            answer, on = self.holds(rules, part)
            if answer is None:
                unknown = True
            elif answer is any_:
                return (None, set()) if unknown and any_ else (answer, on if any_ else set())
            rests |= on
        return (None if unknown else not any_), (set() if any_ else rests)

    def _field(self, rules: Rules, told: Body) -> Answer:
        name, source, wanted = told.get("name"), told.get("source"), told.get("value")
        fields = {"attribute": "attributes", "parameter": "parameters"}.get(str(source), "")
        values = {"attribute": self.case.attrs, "parameter": _object(self.body.get("params"))}.get(
            str(source), _object(rules.told.get("constants"))
        )
        value = values.get(str(name))
        if value is None:
            return told.get("op") == "ne"
        kind = _object(_object(rules.told.get(fields)).get(str(name))).get("type")
        try:
            if kind == "decimal":
                value = Decimal(value)
                wanted = [Decimal(item) for item in wanted] if isinstance(wanted, list) else Decimal(str(wanted))
            return _OPERATORS[str(told.get("op"))](value, wanted)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return None

    def _elsewhere(self, kind: Any, told: Body) -> Answer:
        """Answer what another instance, or the application, decides."""
        if kind == "RootIn":
            for about in self.seen:
                if about["instance"] == self.case.root:
                    return about["states"].get(str(told.get("region"))) in told.get("states", ())
            return None
        if kind == "OtherIn":
            here = [about for about in self.seen if about["workflow"] == told.get("workflow")]
            return any(about["states"].get(str(told.get("region"))) in told.get("states", ()) for about in here)
        if kind == "Code":
            answer = _object(_object(self.body.get("attested")).get(str(told.get("name")))).get("answer")
            return answer if isinstance(answer, bool) else None
        if kind == "Unsupported" and not self.late:
            return False
        return None  # CausedBy, GateIs: not decided again by this program


class Replay:
    """The replay of all instances, one after the other."""

    def __init__(self, verification: Verification) -> None:
        self.book, self.documents = verification.book, verification.documents
        self.past = Past(verification)
        self.actors = Actors(verification.reserved("~actor/"), verification.genesis.offset)
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

    def read(self, entry: Entry) -> None:
        """Decide an entry again, and take in what it changed."""
        if entry.instance != self.case.instance or (self.case.first and not entry.instance):
            self.case = Case(entry.instance)
        if entry.v != 1:
            self.case.unknown = True
        if self.case.unknown or entry.body is None or entry.kind not in KINDS:
            if entry.body is None and self.case.first:
                self.case.definition = ""
            if entry.instance.startswith("~") and entry.kind not in KINDS and entry.v == 1:
                self._roles(entry)
            self.case.first = False
            self.case.fold(entry)
            return
        if not is_well_formed(entry.body):
            self.book.find("replay.malformed", entry.instance, entry.seq)
            self.case.first = False
            return
        if entry.instance.startswith("~"):
            self._reserved(entry, entry.body)
        else:
            self._ordinary(entry, entry.body)
        self.case.first = False
        self.case.fold(entry)

    def _reserved(self, entry: Entry, body: Body) -> None:
        for prefix, kinds in _RESERVED_KINDS.items():
            if entry.instance == prefix or (prefix.endswith("/") and entry.instance.startswith(prefix)):
                if entry.kind not in (*kinds, "refused") and (entry.kind not in _CORRECTIONS or prefix != "~actor/"):
                    self.book.find("replay.kind_place", entry.instance, entry.seq)
                    return
        for prefix, what in (("~number/", "numbers"), ("~calendar", "calendars")):
            if entry.instance.startswith(prefix):
                self.book.skip(what)
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
        roles = self._roles(entry)
        if roles is not None and "administrator" not in roles:
            self.book.find("replay.actor_role", entry.instance, entry.seq)

    def _roles(self, entry: Entry) -> Optional[Set[str]]:
        """Return the roles that an entry's actor had; None where this log cannot say."""
        resolver = _object(_object((entry.body or {}).get("attested")).get("resolver")).get("values")
        if isinstance(resolver, dict):
            self.book.counts["attested"] += 1
            return set(_strings(resolver.get("roles")))
        now, before = self.actors.at(entry.actor, entry.at)
        if now is None and self.partly:
            self.book.skip("actor " + entry.actor, needed=True)
            return None
        if now is None:
            self.book.counts["attested"] += 1
            self.book.warn("replay.actor_unknown", entry.instance, entry.seq)
            return None
        if (
            entry.kind != "refused"
            and not self.actors.valid(now, entry.at)
            and (before is None or not self.actors.valid(before, entry.at))
        ):
            self.book.find("replay.actor_not_valid", entry.instance, entry.seq)
        return set(_strings(now.get("roles"))) | set(_strings((before or {}).get("roles")))

    def _under(self, entry: Entry) -> Optional[Rules]:
        """Return the rules under which an entry stands; None where they cannot be told."""
        case, find = self.case, self.book.find
        if entry.definition is None:
            find("replay.def_missing", entry.instance, entry.seq)
            return case.rules
        if case.definition is None and self.defined.get(entry.definition, entry.at) > entry.at:
            find("document.not_yet_defined", entry.instance, entry.seq)
        if case.definition is not None and entry.definition != case.definition:
            find("replay.def_changed", entry.instance, entry.seq)
        case.definition = entry.definition
        case.rules = self._compiled(entry.definition)
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

    def _ordinary(self, entry: Entry, body: Body) -> None:
        case, find = self.case, self.book.find
        if any(entry.kind in kinds for kinds in _RESERVED_KINDS.values()):
            find("replay.kind_place", entry.instance, entry.seq)
            return
        if entry.seq == 1 and entry.kind not in ("started", "adopted"):
            find("replay.not_started", entry.instance, entry.seq)
        if entry.seq != 1 and entry.kind == "started":
            find("replay.not_first", entry.instance, entry.seq)
        rules = self._under(entry)
        if entry.kind in _MOVES:
            self._day(entry, body)
        roles = self._roles(entry)
        if entry.kind == "refused":
            self.book.counts["refused"] += 1
            return
        for about in [body["cause"]["instance"]] if "cause" in body else []:
            self._unseen(about)
        for about in body.get("effects", ()):
            self._unseen(about["on"])
        if "effects" in body or "cause" in body:
            self.book.skip("effects")
        seen = self._seen(entry, body)
        if entry.kind in _CORRECTIONS:
            self.book.skip("corrections")
            case.unknown = case.unknown or entry.kind == "rectified"
            return
        if entry.kind not in (*_MOVES, "annotated", "amended"):
            self.book.skip("approvals")
            return
        if rules is not None and entry.kind in ("started", "adopted"):
            self._begin(rules, entry, body, roles)
        if rules is not None and entry.kind == "amended":
            self._amended(rules, entry, body, roles)
        if rules is not None and entry.kind == "fired":
            self._fired(rules, entry, body, Judge(case, entry, body, roles, seen))

    def _day(self, entry: Entry, body: Body) -> None:
        """Check the day of a move: its text, its bounds, and whether something before it happened later."""
        find, case = self.book.find, self.case
        mode, on = body.get("mode"), body.get("on")
        if mode not in ("live", "late") or (entry.kind == "adopted" and mode != "late"):
            find("replay.mode", entry.instance, entry.seq)
        if mode == "late":
            self.book.counts["late"] += 1
        if on is None:
            if mode == "live":
                find("replay.date_missing", entry.instance, entry.seq)
            on = {}
        low, high = _object(on).get("lo"), _object(on).get("hi")
        today = self.actors.day(entry.at)
        if on:
            try:
                if read_day(str(on.get("edtf"))) != (low, high) or (low or "") > today:
                    find("replay.date_differs", entry.instance, entry.seq)
            except Malformed:
                find("replay.date_malformed", entry.instance, entry.seq)
                return
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

    def _seen(self, entry: Entry, body: Body) -> List[Body]:
        """Check what an entry cites, and return each with the states that it had."""
        found: List[Body] = []
        for about in body.get("seen", ()):
            instance = about["instance"]
            if self._unseen(instance):
                continue
            wrong, states, workflow = self.past.cited(about, entry.at)
            if wrong:
                self.book.find(wrong, entry.instance, entry.seq)
            found.append({"instance": instance, "states": states, "workflow": workflow})
        return found

    def _unseen(self, instance: Any) -> bool:
        """Whether an instance is not shown; then say so."""
        if self.shown(instance):
            return False
        self.book.skip("cited %s" % instance, needed=True)
        return True

    def _begin(self, rules: Rules, entry: Entry, body: Body, roles: Optional[Set[str]]) -> None:
        find, case = self.book.find, self.case
        act = "start" if entry.kind == "started" else "adopt"
        if roles is not None and not roles & set(rules.permitted(act)):
            find("replay.actor_role", entry.instance, entry.seq)
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

    def _was(self, entry: Entry, body: Body, wanted: Body) -> None:
        """Compare `was` with the states that `set` replaces."""
        states = self.case.states
        was = {region: states[region] for region in wanted if states.get(region) is not None}
        if body.get("was", {}) != was:
            self.book.find("replay.was_differs", entry.instance, entry.seq)

    def _root(self, rules: Rules, entry: Entry, body: Body) -> None:
        root, wanted = body.get("root"), rules.told.get("root")
        if root is None or not isinstance(root, str):
            return
        if self._unseen(root):
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
        if "cause" not in body and roles is not None and not roles & set(rules.permitted("amend")):
            self.book.find("replay.actor_role", entry.instance, entry.seq)

    def _fired(self, rules: Rules, entry: Entry, body: Body, judge: Judge) -> None:
        """Decide a move again: who may do it from where, on which papers, and what it changes."""
        find, trigger = self.book.find, body.get("trigger")
        ways = [about for about in rules.transitions if about.get("trigger") == trigger]
        if not ways:
            find("replay.unknown_trigger", entry.instance, entry.seq)
            return
        self.book.counts["decided"] += 1
        self.book.counts["witnessed"] += bool(judge.seen)
        self._late(rules, entry, body, judge)
        open_ = [way for way in ways if self._allowed(rules, way, body, judge) is not False]
        if not open_:
            find("replay.not_allowed", entry.instance, entry.seq)
        way = open_[0] if len(open_) == 1 else ways[0] if len(ways) == 1 else None
        if way is None:
            return
        if self.case.states.get(str(way.get("region"))) in way.get("sources", ()):
            self._changes(rules, way, entry, body)
        if way in open_:
            self._rests(rules, way, entry, body, judge)
        if way.get("remembers"):
            self.case.left[str(trigger)] = self.case.states.get(str(way.get("region"))) or ""

    def _late(self, rules: Rules, entry: Entry, body: Body, judge: Judge) -> None:
        late, for_ = body.get("mode") == "late", _object(body.get("for"))
        if for_ and not late:
            self.book.find("replay.late_unmarked", entry.instance, entry.seq)
        filed = any(about.get("filed") is not False for about in body.get("papers", ()))
        if late and not (
            not filed
            and for_
            and body.get("basis") in ("stated", "implied", "inferred")
            and "source" in commitments(entry)
        ):
            self.book.find("replay.late_flags", entry.instance, entry.seq)
        if late and judge.roles is not None and not judge.roles & set(rules.permitted("register")):
            self.book.find("replay.actor_role", entry.instance, entry.seq)

    def _allowed(self, rules: Rules, way: Body, body: Body, judge: Judge) -> Answer:
        if self.case.states.get(str(way.get("region"))) not in way.get("sources", ()):
            return False
        roles: Optional[Set[str]] = judge.roles
        if judge.late:
            office, _ = self.actors.at(str(_object(body["for"]).get("id")), judge.entry.at)
            roles = set(_strings(office.get("roles"))) if office is not None else None
        if "cause" not in body and roles is not None and not roles & set(_strings(way.get("roles"))):
            return False
        if not judge.late and "cause" not in body:
            laid = {about.get("type") for about in body.get("papers", ()) if isinstance(about, dict)}
            if "gate" in way or not laid >= set(_strings(way.get("papers"))):
                return False
            if not set(_object(body.get("params"))) >= set(_strings(way.get("parameters"))) and not self._optional(
                rules, way, body
            ):
                return False
        answers = [judge.holds(rules, name)[0] for name in way.get("guards", ())]
        if any(answer is False for answer in answers):
            return False
        return None if None in answers else True

    @staticmethod
    def _optional(rules: Rules, way: Body, body: Body) -> bool:
        """Whether every parameter that is missing need not be given."""
        told = _object(rules.told.get("parameters"))
        missing = set(_strings(way.get("parameters"))) - set(_object(body.get("params")))
        return not any(_object(told.get(name)).get("required") for name in missing)

    def _changes(self, rules: Rules, way: Body, entry: Entry, body: Body) -> None:
        case, region, target = self.case, str(way.get("region")), _object(way.get("target"))
        state = {"state": target.get("name"), "same": case.states.get(region)}.get(
            str(target.get("kind")), case.left.get(str(target.get("name")))
        )
        wanted: Dict[str, Any] = {region: state}
        if region == "main":
            for name in rules.regions:
                if name == "main":
                    continue
                now, then = rules.active(name, case.states.get("main")), rules.active(name, state)
                if then and not now:
                    wanted[name] = case.last.get(name, rules.regions[name].get("initial"))
                elif now and not then:
                    wanted[name] = None
        if body.get("set") != wanted:
            self.book.find("replay.set_differs", entry.instance, entry.seq)
        self._was(entry, body, wanted)
        if body.get("remembers") != (region if way.get("remembers") else None):
            self.book.find("replay.remembers_differs", entry.instance, entry.seq)

    def _rests(self, rules: Rules, way: Body, entry: Entry, body: Body, judge: Judge) -> None:
        rests: Set[int] = set()
        for name in way.get("guards", ()):
            answer, on = judge.holds(rules, name)
            if answer is None:
                return
            rests |= on
        if body.get("rests", []) != sorted(rests):
            self.book.find("replay.rests_differs", entry.instance, entry.seq)


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
        yield ("未核验：" if zh else "Not checked: ") + what
    for found in book.findings:
        place = " ".join(str(part) for part in (found.instance, found.seq) if part is not None) or "-"
        words = found.message
        if zh:
            words = "%s：%s" % (_LAYERS_ZH.get(found.layer, found.layer), _KINDS_ZH.get(found.kind, "与重新判断的不同"))
        yield "  %s %s.%s  %s  %s" % (found.severity, found.layer, found.kind, place, words)
    if book.left_out:
        yield ("另有 %d 项" if zh else "%d more findings") % book.left_out


# -------------------------------------------------------------------------------------------------------- command line


def language() -> str:
    """Return the language to speak: what KFQ_LANG says, else the locale, Chinese or English."""
    said = next((value for value in map(os.environ.get, ("KFQ_LANG", "LC_ALL", "LC_MESSAGES", "LANG")) if value), "")
    return "zh" if said.lower().startswith("zh") else "en"


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
    parser.add_argument("--lang", choices=("zh", "en"), default=language())
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
