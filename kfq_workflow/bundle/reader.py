"""Opens a bundle: what lies in it is what its manifest lists, under names and in sizes that a bundle may have.

Nothing here believes the bundle: what is wrong is noted, and what is not there or not of this format is not read.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow.bundle import layout
from kfq_workflow.bundle.container import ContainerError, folder, unpack
from kfq_workflow.bundle.layout import LOG, MANIFEST, PROOFS, Manifest, ManifestError, MemberSum
from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.files import Part
    from kfq_workflow.verify.report import Book

_CHUNK = 1 << 20
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle whose members are those that its manifest lists; `parts` has those that may be read."""

    manifest: Manifest
    parts: Mapping[str, Part]


def is_bundle(path: str | Path) -> bool:
    """Tell whether something that is to be verified is a bundle, a zip file or a folder, and not an export."""
    try:
        if Path(path).is_dir():
            return True
        with Path(path).open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError:
        return False


def open_bundle(path: str | Path, book: Book) -> Opened | None:
    """Open a bundle and note what is wrong with its members; None where there is too little left to go on.

    Raises InvalidInput when there is nothing that can be read at this place.
    """
    try:
        parts = _members(Path(path), book)
        if parts is None:
            return None
        manifest = _manifest(parts, book)
        if manifest is None:
            return None
        _compare(parts, manifest, book)
    except OSError as error:
        raise InvalidInput("bundle_unreadable", path=str(path), reason=error.strerror or str(error)) from error
    if LOG not in parts or LOG not in manifest.members:
        return None
    if not manifest.scope.whole and (PROOFS not in parts or PROOFS not in manifest.members):
        return None
    return Opened(manifest, parts)


def _members(path: Path, book: Book) -> dict[str, Part] | None:
    """Return the members that have a name of the format and a size that can be read."""
    folded = path.is_dir()
    found: dict[str, Part] = {}
    if folded:
        files, others = folder(path)
        for name in others:
            book.warning("bundle", "member_name", member=name)
    else:
        try:
            unpacked = unpack(path)
        except ContainerError as error:
            book.error("bundle", "container", offset=error.offset)
            return None
        files = []
        for member, part in unpacked:
            files.append((member.name, part))
            if _crc(part) != member.crc:
                book.error("bundle", "member_differs", member=member.name)
    for name, part in files:
        limit = layout.limit_of(name)
        if not layout.is_name(name):
            (book.warning if folded else book.error)("bundle", "member_name", member=name)
        elif name in found:
            book.error("bundle", "member_twice", member=name)
        elif limit is not None and part.size > limit:
            book.error("bundle", "member_size", member=name, size=part.size, limit=limit)
        else:
            found[name] = part
    return found


def _manifest(parts: Mapping[str, Part], book: Book) -> Manifest | None:
    part = parts.get(MANIFEST)
    if part is None:
        book.error("bundle", "member_missing", member=MANIFEST)
        return None
    with part.open() as file:
        data = file.read()
    try:
        version, manifest = layout.parse_manifest(data)
    except ManifestError as error:
        book.error("bundle", "manifest", reason=str(error))
        return None
    if manifest is None:
        book.not_checked(f"bundle {version}", needed=True)
    return manifest


def _compare(parts: dict[str, Part], manifest: Manifest, book: Book) -> None:
    """Compare the members with what the manifest lists; take out those that are none of its."""
    for name in sorted(manifest.members.keys() - parts.keys()):
        book.error("bundle", "member_missing", member=name)
    for name in sorted(parts.keys() - manifest.members.keys() - {MANIFEST}):
        book.warning("bundle", "member_extra", member=name)
        del parts[name]
    if manifest.scope.whole and parts.pop(PROOFS, None) is not None:
        book.warning("bundle", "member_extra", member=PROOFS)
    for needed in (LOG,) if manifest.scope.whole else (LOG, PROOFS):
        if needed not in manifest.members:
            book.error("bundle", "member_missing", member=needed)
    for name, said in sorted(manifest.members.items()):
        if name in parts and _sum(parts[name]) != said:
            book.error("bundle", "member_differs", member=name)


def _sum(part: Part) -> MemberSum:
    found = sha256()
    with part.open() as file:
        while data := file.read(_CHUNK):
            found.update(data)
    return MemberSum(part.size, found.hexdigest())


def _crc(part: Part) -> int:
    found = 0
    with part.open() as file:
        while data := file.read(_CHUNK):
            found = zlib.crc32(data, found)
    return found
