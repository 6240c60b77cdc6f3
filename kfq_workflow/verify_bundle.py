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
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

LINE_LIMIT = 16_777_216
ENTRY_LIMIT = 65_535
LARGEST = 2**53 - 1
KEPT = 10_000

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


def _no_float(text: str) -> Any:
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


def is_int(value: Any, least: int = 0) -> bool:
    """Whether this is an integer that the format may hold; True and False are none."""
    return type(value) is int and least <= value <= LARGEST


def is_hex(value: Any) -> bool:
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


def _read_signature(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise Malformed("not a signature line")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    data = unbase64(encoded)
    if not _is_name(name) or len(data) < 5:
        raise Malformed("not a signature line")
    return Signature(name, data[:4], data[4:])


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint, with signatures or (as it is before it is signed) without; raises Malformed."""
    if not note.endswith("\n") or any(ord(letter) < 32 and letter != "\n" or ord(letter) == 127 for letter in note):
        raise Malformed("the text is empty, does not end with a line feed, or has control characters")
    text, empty, below = note.rpartition("\n\n")
    text = text + "\n" if empty else note
    signatures = tuple(_read_signature(line) for line in below.split("\n")[:-1]) if empty else ()
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

    def skip(self, what: str, needed: bool = False) -> None:
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


def _is_text(value: Any) -> bool:
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
    body = value["body"] if whole and isinstance(value["body"], dict) else None
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
            body = inner if isinstance(inner, dict) else None
        except Malformed:
            body = None
    return Entry(
        value["actor"], value["at"], body, value["def"], value["instance"], value["kind"], value["log"], value["prev"],
        value["req"], value["seq"], value["v"], value["via"], hash_(b"\x00" + data), len(data),
    )  # fmt: skip


class Lines:
    """The lines of an export, by block. Where each block lies is found in a first pass."""

    def __init__(self, path: str, book: Book) -> None:
        self.path, self.book = path, book
        self.spans: Dict[str, Tuple[int, int, int]] = {}  # block: offset, end, number of the first line
        self.bad: Set[int] = set()
        self.log_lines: List[Tuple[int, int]] = []  # where the entries of ~log may be: offset, number
        self._scan()

    def _scan(self) -> None:
        rank = offset = 0
        with open(self.path, "rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE_LIMIT), b""), 1):
                block = block_of(line)
                if block == "entry" and b'"instance":"~log"' in line:
                    self.log_lines.append((offset, number))
                if block is None:
                    self.refuse(number, "unknown")
                elif BLOCKS.index(block) < rank:
                    self.refuse(number, "out of place")
                else:
                    rank = BLOCKS.index(block)
                    first = self.spans.get(block, (offset, 0, number))
                    self.spans[block] = (first[0], offset + len(line), first[2])
                offset += len(line)

    def refuse(self, number: int, reason: str) -> None:
        """Say once that a line cannot be read."""
        if number not in self.bad:
            self.bad.add(number)
            self.book.find("bytes.line", say=f"line {number} cannot be read ({reason})")

    def raw(self, block: str) -> Iterator[Tuple[int, bytes]]:
        """Yield the number and bytes of each line of a block that ends with a line feed."""
        if block not in self.spans:
            return
        offset, end, number = self.spans[block]
        with open(self.path, "rb") as file:
            file.seek(offset)
            while offset < end:
                line = file.readline(LINE_LIMIT)
                if number not in self.bad:
                    if line.endswith(b"\n"):
                        yield number, line[:-1]
                    else:
                        self.refuse(number, "truncated")
                offset, number = offset + len(line), number + 1

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

    def log_entries(self, hash_: Hash) -> Iterator[Entry]:
        """Yield the entries of ~log, before all others are read: genesis and seals."""
        with open(self.path, "rb") as file:
            for offset, _ in self.log_lines:
                file.seek(offset)
                line = file.readline(LINE_LIMIT)
                try:
                    entry = read_entry(hash_, line[:-1]) if line.endswith(b"\n") else None
                except Malformed:
                    continue
                if entry is not None and entry.instance == "~log":
                    yield entry


# ------------------------------------------------------------------------------- chain, texts, documents, heads, places
#
#     genesis <- first entry <- second entry <- ... <- head
#
# `prev` is the leaf of the entry before; for an instance's first entry that of the genesis; for the genesis 64 zeros.

KINDS = frozenset(
    """
    genesis sealed defined enrolled granted revoked started fired adopted annotated amended refused
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
        self.missing: Dict[Tuple[int, str], None] = {}  # texts that are gone, until a redaction of them is met


class Genesis(NamedTuple):
    """What the first entry says of the whole log."""

    log: str
    leaf: bytes
    suite: str
    hash: Hash
    origin: str
    offset: int


def find_genesis(lines: Lines) -> Genesis:
    """Find the log's first entry, by which everything else is read; raises Unreadable."""
    for entry in lines.log_entries(sha256):
        if entry.seq == 1 and entry.kind == "genesis":
            body = entry.body or {}
            suite, origin, offset = body.get("suite"), body.get("origin"), body.get("utc_offset")
            hash_ = SUITES.get(suite, sha256) if isinstance(suite, str) else sha256
            for again in lines.log_entries(hash_):
                if again.seq == 1 and again.kind == "genesis":
                    entry = again
                    break
            host = origin if isinstance(origin, str) and origin else "kfq"
            return Genesis(
                entry.log, entry.leaf, str(suite), hash_, "%s/%s" % (host, entry.log), offset if is_int(offset, -900) else 0
            )
    raise Unreadable("no exported log: it does not hold the log's first entry")


class Places:
    """The `placed` lines, read beside the entries: where each entry lies in the tree."""

    def __init__(self, records: Iterable[Dict[str, Any]], book: Book) -> None:
        self._records, self._book = iter(records), book
        self._line = next(self._records, None)
        self._seq = self._line["seq"] if self._line else 0  # the first number of the line that was not met yet

    def _forward(self, instance: Optional[str], seq: int) -> None:
        """Say of all places before an entry that nothing lies there."""
        while self._line is not None:
            line, end = self._line, self._line["seq"] + self._line["count"]
            here = line["instance"] == instance
            if instance is not None and (line["instance"] > instance or here and self._seq > seq):
                return
            stop = min(end, seq) if here else end
            while self._seq < stop:
                self._book.find("tree.place_orphan", line["instance"], self._seq)
                self._seq += 1
                if self._book.left_out:
                    self._seq = stop
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
        self.hash, self.cuts, self.end = hash_, cuts, start
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
        self.heads = Peaks(self.hash)
        self.roots: Dict[int, bytes] = {}
        last = size = 0
        for entry in log:
            if entry.kind != "sealed" or entry.v != 1 or entry.log != genesis.log:
                continue
            said = (entry.body or {}).get("size")
            if not is_int(said) or said <= size:
                book.find("tree.seal_size", "~log", entry.seq)
                continue
            self.seals.append(Seal(self.hash, entry.seq, size, said, max(entry.seq - 1 - last, 0), cuts))
            last, size, self.newest = entry.seq, said, entry

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

    def head(self, chain: Chain) -> None:
        """Note the newest placed entry of a chain, as the newest seal says it in `heads`."""
        if chain.placed is not None:
            seq, leaf = chain.placed
            line = canonical({"head": {"instance": chain.instance, "leaf": leaf.hex(), "seq": seq}})
            self.heads.add(self.hash(b"\x00" + line))

    def close(self) -> None:
        """Compare the heads; put the runs together from left to right as far as they follow each other."""
        if self.newest is not None and self.newest.body is not None:
            said = self.newest.body
            if (said.get("heads"), said.get("instances")) != (self.heads.root().hex(), self.heads.end):
                self.book.find("tree.heads_differ", "~log", self.newest.seq)
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
            self.kinds[digest] = record["kind"]
            if record["kind"] == "rules":
                self.rules[digest] = body

    def defined(self, entry: Entry) -> None:
        """Note the documents that an entry `defined` names."""
        for kind in ("rules", "labels"):
            digest = (entry.body or {}).get(kind)
            if not is_hex(digest):
                continue
            self.named.add(digest)
            if kind == "rules":
                self.registered.add(digest)
            if digest not in self.kinds:
                self.book.find("document.missing", entry.instance, entry.seq, "the document %s is missing" % digest)
            elif self.kinds[digest] != kind:
                self.book.find("document.kind", entry.instance, entry.seq)

    def used(self, digest: Optional[str]) -> None:
        """Note the rules under which an entry stands."""
        if digest is not None:
            self.asked.add(digest)

    def close(self) -> None:
        """Say which documents are missing, never registered, or needed by nobody."""
        for digest in sorted(self.asked):
            if digest not in self.kinds:
                self.book.find("document.missing", say="the document %s is missing" % digest)
            elif digest not in self.registered:
                self.book.find("document.not_defined", say="the rules %s were never registered" % digest)
        for digest in sorted(set(self.kinds) - self.named - self.asked):
            self.book.warn("document.unused", say="no entry names the document %s" % digest)


def commitments(entry: Entry) -> Dict[str, Any]:
    """Return the commitments to texts that an entry holds, by field."""
    texts = (entry.body or {}).get("texts", {})
    return dict(texts) if isinstance(texts, dict) else {}


def commitment(hash_: Hash, text: Dict[str, Any]) -> str:
    """Return what an entry must hold for a text: H(02 || salt || u32 len || field || value)."""
    field = text["field"].encode()
    return hash_(b"\x02" + bytes.fromhex(text["salt"]) + struct.pack(">I", len(field)) + field + text["value"].encode()).hex()


class Verification:
    """The verification of an export."""

    def __init__(self, path: str, book: Book, anchors: List[Tuple[str, Checkpoint]], trust: List[Key]) -> None:
        self.book, self.anchors, self.trust = book, anchors, trust
        self.lines = Lines(path, book)
        self.genesis = find_genesis(self.lines)
        self.hash = self.genesis.hash
        if self.genesis.suite not in SUITES:
            book.skip("suite " + self.genesis.suite, needed=True)
        self.kept = self._checkpoints()
        cuts = {kept.size for _, kept in self.kept} | {anchor.size for _, anchor in anchors}
        self.tree = Tree(self.genesis, self.lines.log_entries(self.hash), cuts, book)
        self.documents = Documents(self.lines.records("document"), self.hash, book)
        self.texts = Stream(self.lines.records("text"), lambda text: (text["instance"], text["seq"]))
        self.heads = Stream(self.lines.records("head"), lambda head: head["instance"])
        self.places = Places(self.lines.records("placed"), book)

    def run(self) -> None:
        """Read everything once."""
        chain: Optional[Chain] = None
        for entry in self.lines.entries(self.hash, self.genesis.log):
            if chain is None or entry.instance != chain.instance:
                if chain is not None:
                    self._end(chain)
                    if entry.instance < chain.instance:
                        self.book.find("chain.sorted", entry.instance)
                chain = Chain(entry.instance)
                self.book.instances += 1
            self.book.entries += 1
            self._link(chain, entry)
            self._texts(chain, entry)
            self._place(chain, entry)
            self._bytes(entry)
        if chain is not None:
            self._end(chain)
        self._close()

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
        if entry.kind == "defined":
            self.documents.defined(entry)
        self.documents.used(entry.definition)

    def _link(self, chain: Chain, entry: Entry) -> None:
        find = self.book.find
        if chain.seq and entry.seq == chain.seq:
            find("chain.duplicate", entry.instance, entry.seq)
        elif entry.seq <= chain.seq:
            find("chain.order", entry.instance, entry.seq)
        elif entry.seq != chain.seq + 1:
            find("chain.gap", entry.instance, entry.seq)
        first = entry.seq == 1
        before = chain.leaf
        if first:
            before = bytes(32) if entry.instance == "~log" else self.genesis.leaf
        if bytes.fromhex(entry.prev) != before:
            find("chain.first_prev" if first else "chain.prev", entry.instance, entry.seq)
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
            chain.missing[entry.seq, field] = None

    def _place(self, chain: Chain, entry: Entry) -> None:
        position = self.places.of(entry.instance, entry.seq)
        if position is None:
            chain.unplaced = chain.unplaced or entry.seq
            return
        if chain.unplaced is not None:
            self.book.find("tree.entry_unplaced", entry.instance, chain.unplaced)
            chain.unplaced = None
        newest = self.tree.newest
        if newest is None or (entry.instance, entry.seq) != ("~log", newest.seq):
            chain.placed = entry.seq, entry.leaf
        self.tree.place(entry, position)

    def _end(self, chain: Chain) -> None:
        find = self.book.find
        for (seq, field), _ in chain.missing.items():
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
        self.places.close()
        self.tree.close()
        self.documents.close()
        self.book.skip("caches")
        self.book.skip("triggers")
        self._compare()

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
        seen: Dict[int, bytes] = {}
        for layer, checkpoints in (("tree", self.kept), ("anchor", self.anchors)):
            for label, checkpoint in checkpoints:
                held = self._holds(layer, label, checkpoint)
                if layer == "anchor" and seen.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
                    self.book.find("anchor.fork", say="%s and another say two roots of size %d" % (label, checkpoint.size))
                if layer == "anchor" and held is not None:
                    self._anchor(label, checkpoint, held)
        if (self.kept or self.anchors) and not self.trust:
            self.book.skip("signatures")

    def _holds(self, layer: str, label: str, checkpoint: Checkpoint) -> Optional[Tuple[List[str], List[int]]]:
        """Compare one checkpoint; return who has signed it and when, or None where it confirms nothing."""
        find, fine = self.book.find, True
        good, bad, when = signers(checkpoint, self.trust)
        for name in bad:
            find(layer + ".signature_bad", say="the signature of %s on %s is false" % (name, label))
            fine = False
        if self.trust and not good and not bad:
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

    def _anchor(self, label: str, checkpoint: Checkpoint, held: Tuple[List[str], List[int]]) -> None:
        best = self.book.anchored
        if best is None or checkpoint.size >= best["size"]:
            self.book.anchored = {
                "label": label, "origin": checkpoint.origin, "size": checkpoint.size,
                "newer": self.book.entries - checkpoint.size, "signed": held[0], "at": max(held[1], default=None),
            }  # fmt: skip


# -------------------------------------------------------------------------------------------------------- command line


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
        Verification(path, book, list(anchors), list(trust)).run()
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
    print(json.dumps(book.as_json(), ensure_ascii=False, indent=2))
    return 4 if book.verdict == "tampered" else 0


if __name__ == "__main__":
    sys.exit(main())
