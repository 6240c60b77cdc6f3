"""The zip file of a bundle (PKWARE APPNOTE 6.3), in one spelling: nothing compressed, nothing before, between or after.

What a member is follows from its place alone, so no two programs can read two things from one file; a member that is
not compressed cannot grow, and is read where it lies. A reader builds every record anew from names, sizes and sums and
compares: whatever differs is no bundle.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kfq_workflow.files import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

#: Sizes and places from here on stand in the records of zip64.
_HUGE = 0xFFFFFFFF
#: Midnight of 1 January 1980, the first that zip can say; and a plain file that only its owner may read.
_DAY, _MODE, _UNIX = 0x21, 0o100600 << 16, 3
_PLAIN, _ZIP64 = 20, 45
_MEMBER, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
_FIXED, _EXTRA = 30, 20
#: Members that a bundle has at most: anchors and the others. Names are short.
MOST = 1_100
_LONGEST, _CHUNK = 64, 1 << 20


class ContainerError(ValueError):
    """The file is not packed as bundles are, from this offset on."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Member(NamedTuple):
    """A member as the records of the container name it: its CRC-32, its size and where its record begins."""

    name: str
    crc: int
    size: int
    offset: int

    @property
    def record(self) -> bytes:
        """The bytes before its data."""
        name, huge = self.name.encode(), self._huge
        shown = _HUGE if huge else self.size
        extra = struct.pack("<HHQQ", 1, 16, self.size, self.size) if huge else b""
        head = struct.pack(
            "<HHHHHIIIHH", self._version, 0, 0, 0, _DAY, self.crc, shown, shown, len(name), len(extra)
        )  # fmt: skip
        return _MEMBER + head + name + extra

    @property
    def entry(self) -> bytes:
        """Its bytes in the directory."""
        name, huge = self.name.encode(), self._huge
        shown = _HUGE if huge else self.size
        extra = struct.pack("<HHQQQ", 1, 24, self.size, self.size, self.offset) if huge else b""
        head = struct.pack(
            "<BBHHHHHIIIHHHHHII", self._version, _UNIX, self._version, 0, 0, 0, _DAY, self.crc, shown, shown, len(name),
            len(extra), 0, 0, 0, _MODE, _HUGE if huge else self.offset,
        )  # fmt: skip
        return _ENTRY + head + name + extra

    @property
    def _huge(self) -> bool:
        return self.size >= _HUGE or self.offset >= _HUGE

    @property
    def _version(self) -> int:
        return _ZIP64 if self._huge else _PLAIN


def pack(file: BinaryIO, members: Iterable[tuple[str, BinaryIO]]) -> None:
    """Write the container of members, each given with a file that is read from its beginning."""
    found, offset = [], 0
    for name, data in members:
        crc, size = _measured(data)
        member = Member(name, crc, size, offset)
        file.write(member.record)
        data.seek(0)
        while part := data.read(_CHUNK):
            file.write(part)
        found.append(member)
        offset += len(member.record) + size
    file.write(ending(found, offset))


def _measured(data: BinaryIO) -> tuple[int, int]:
    crc = size = 0
    data.seek(0)
    while part := data.read(_CHUNK):
        crc, size = zlib.crc32(part, crc), size + len(part)
    return crc, size


def ending(members: Sequence[Member], start: int) -> bytes:
    """Return the directory, which begins at `start`, and what ends the file."""
    listed = b"".join(member.entry for member in members)
    count, end, shown = len(members), b"", start
    if start >= _HUGE:
        shown = _HUGE
        end = _END64 + struct.pack(
            "<QBBHIIQQQQ", 44, _ZIP64, _UNIX, _ZIP64, 0, 0, count, count, len(listed), start
        )  # fmt: skip
        end += _LOCATOR + struct.pack("<IQI", 0, start + len(listed), 1)
    return listed + end + _END + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), shown, 0)


def unpack(path: str | Path) -> list[tuple[Member, Part]]:
    """Return the members of a container in their order, with where their data lies. Raises ContainerError, OSError."""
    path = Path(path)
    found: list[tuple[Member, Part]] = []
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        offset = 0
        while len(found) < MOST:
            file.seek(offset)
            head = file.read(_FIXED + _LONGEST + _EXTRA)
            if not head.startswith(_MEMBER):
                break
            member = _member(head, offset)
            start = offset + len(member.record)
            offset = start + member.size
            if offset > total:
                raise ContainerError(member.offset)
            found.append((member, Part(path, start, member.size)))
        wanted = ending([member for member, _ in found], offset)
        file.seek(offset)
        if not found or file.read(len(wanted) + 1) != wanted:
            raise ContainerError(offset)
    return found


def _member(head: bytes, offset: int) -> Member:
    """Read a member's record. Raises ContainerError unless it is exactly what such a member's record is."""
    try:
        crc, size, _, length, extra = struct.unpack_from("<IIIHH", head, 14)
        name = head[_FIXED : _FIXED + length].decode("ascii")
        if extra:
            (size,) = struct.unpack_from("<Q", head, _FIXED + length + 4)
    except (struct.error, UnicodeDecodeError):
        raise ContainerError(offset) from None
    member = Member(name, crc, size, offset)
    if length > _LONGEST or not head.startswith(member.record):
        raise ContainerError(offset)
    return member


def folder(path: str | Path) -> tuple[list[tuple[str, Part]], list[str]]:
    """Return the files of an unpacked bundle by name, and the names of what else lies there: links, other folders."""
    files, others = [], []
    for each, prefix in ((Path(path), ""), (Path(path) / "anchors", "anchors/")):
        if prefix and (each.is_symlink() or not each.is_dir()):
            break
        for item in sorted(os.scandir(each), key=lambda item: item.name):
            name = prefix + item.name
            if item.is_file(follow_symlinks=False):
                files.append((name, Part(item.path)))
            elif name != "anchors" or not item.is_dir(follow_symlinks=False):
                others.append(name)
    return files, others
