"""Attacks on files: an export, a bundle, the file of a SQLite database."""

from __future__ import annotations

import json
import zipfile
from random import Random
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import encode_json, leaf_hash
from tests.attacks.model import MISSED, Line, OnFile
from tests.attacks.tree import trailing_bits
from tests.bundles import LOG, MANIFEST, members, packed, summed
from tests.mutants import hashed_anew

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attacks.model import Files

    Lines = list[bytes]
    Work = Callable[[Lines], object]
    Do = Callable[[Files], Path]

OF_O = '"instance":"o"'
SHRUNK, DIFFERS = "anchor size_shrunk", "anchor root_differs"


def find(lines: Lines, start: str, *parts: str) -> int:
    """Return the index of the line that begins so and has all the parts."""
    return next(
        number
        for number, line in enumerate(lines)
        if line.startswith(start.encode()) and all(part.encode() in line for part in parts)
    )


def entry(lines: Lines, seq: int) -> int:
    """Return the index of an entry of `o`."""
    return find(lines, '{"actor":', OF_O, f'"seq":{seq},')


def exported(work: Work) -> Do:
    """Change the lines of the export."""

    def do(files: Files) -> Path:
        lines = files.export.read_bytes().splitlines(keepends=True)
        work(lines)
        path = files.folder / "changed.jsonl"
        path.write_bytes(b"".join(lines))
        return path

    return do


def bundled(work: Work, which: str = "one", member: str = LOG, **says: Any) -> Do:
    """Change the lines of a file in a bundle, and make every sum fit."""

    def do(files: Files) -> Path:
        found = members(getattr(files, which))
        lines = found[member].splitlines(keepends=True)
        work(lines)
        return packed(files.folder / "changed.zip", summed({**found, member: b"".join(lines)}, **says))

    return do


def replaced(seq: int, old: bytes, new: bytes) -> Work:
    """Change bytes of an entry's line."""

    def work(lines: Lines) -> None:
        number = entry(lines, seq)
        assert old in lines[number]
        lines[number] = lines[number].replace(old, new, 1)

    return work


def said(start: str, *parts: str, **values: Any) -> Work:
    """Change what a line of one object says."""

    def work(lines: Lines) -> None:
        number = find(lines, start, *parts)
        ((name, about),) = json.loads(lines[number]).items()
        lines[number] = encode_json({name: {**about, **values}}).encode() + b"\n"

    return work


def dropped(start: str, *parts: str) -> Work:
    """Take a line out."""
    return lambda lines: lines.pop(find(lines, start, *parts))


def _swapped(lines: Lines) -> None:
    one, two = entry(lines, 5), entry(lines, 6)
    lines[one], lines[two] = lines[two], lines[one]


def _doubled(lines: Lines) -> None:
    lines.insert(entry(lines, 5), lines[entry(lines, 5)])


def _hashed(lines: Lines) -> None:
    replaced(5, b'"via":"tests"', b'"via":"elsewhere"')(lines)
    bare = [line[:-1] for line in lines]
    entries = {number: json.loads(line) for number, line in enumerate(bare) if line.startswith(b'{"actor":')}
    lines[:] = hashed_anew(bare, entries).splitlines(keepends=True)


def _cut(lines: Lines) -> None:
    """Take the last entry of `o` away, with its text and its place, and let its head's line fit."""
    for start in ('{"actor":', '{"text":', '{"placed":'):
        dropped(start, OF_O, '"seq":8')(lines)
    said('{"head":', OF_O, seq=7, leaf=leaf_hash(lines[entry(lines, 7)][:-1]).hex())(lines)


def _text(**values: Any) -> Work:
    return said('{"text":', '"field":"opinion"', OF_O, '"seq":6', **values)


def _trailing(lines: Lines) -> None:
    number = find(lines, '{"checkpoint":')
    about = json.loads(lines[number])["checkpoint"]
    lines[number] = encode_json({"checkpoint": {**about, "note": trailing_bits(about["note"])}}).encode() + b"\n"


_EDITED = {
    1: "chain prev o 2; tree root_differs", 5: "chain prev o 6; tree root_differs",
    8: "cache head o 8; tree heads_differ ~log 4; tree root_differs",
}  # fmt: skip
_DELETED = {
    1: "chain gap o 2; chain prev o 2; replay not_allowed o 2; text orphan o 1; tree place_orphan o 1",
    5: "chain gap o 6; chain prev o 6; text orphan o 5; tree place_orphan o 5",
    8: "cache seq o 7; cache head o 7; text orphan o 8; tree place_orphan o 8; tree heads_differ ~log 4",
}
_HOLE = {1: "tree position_missing o 2", 5: "tree position_missing o 6"}
#: A line that cannot be read is gone, as if it had been deleted.
_UNREAD = ("bytes line; chain gap o 8; chain prev o 8; tree place_orphan o 7; tree position_missing p 1; "
           "tree heads_differ ~log 3")  # fmt: skip
_READ = "bytes not_canonical o 7; chain prev o 8; tree heads_differ ~log 3; tree root_differs"
_SPELT: tuple[tuple[str, str, Work, str], ...] = (
    ("同一个键两次", "a key twice", replaced(7, b'"body":{', b'"body":{"mode":"live",'), _READ),
    ("NaN", "NaN", replaced(7, b'"seq":7', b'"seq":NaN'), _UNREAD),
    ("小数", "a float", replaced(7, b'"seq":7', b'"seq":7.0'), _UNREAD),
    ("2⁵³", "2⁵³", replaced(7, b'"body":{', b'"body":{"a":9007199254740992,'), _READ),
    ("数字 1_0", "the number 1_0", replaced(7, b'"v":1', b'"v":1_0'), _UNREAD),
    ("空格", "a space", replaced(7, b'"at":', b'"at": '), _UNREAD),
    ("字节顺序标记", "a byte order mark", lambda lines: lines.__setitem__(0, b"\xef\xbb\xbf" + lines[0]), "bytes line; …"),
    ("回车换行", "CR LF", lambda lines: lines.__setitem__(entry(lines, 7), lines[entry(lines, 7)][:-1] + b"\r\n"), _UNREAD),
)  # fmt: skip

EXPORTS = (
    *(
        OnFile(f"export: edit {seq}", Line.BUNDLE, f"改动导出中第 {seq} 条记录", f"edit entry {seq} in an export",
               exported(replaced(seq, b'"via":"tests"', b'"via":"other"')), found)
        for seq, found in _EDITED.items()
    ),
    *(
        OnFile(f"export: delete {seq}", Line.BUNDLE, f"删除导出中第 {seq} 条记录", f"delete entry {seq} in an export",
               exported(lambda lines, seq=seq: lines.pop(entry(lines, seq))), f"{found}; {_HOLE.get(seq, 'tree position_missing ~log 4')}")
        for seq, found in _DELETED.items()
    ),
    OnFile("export: swap", Line.BUNDLE, "对调导出中的两条记录", "swap two entries in an export", exported(_swapped),
           "chain gap o 6-7; chain order o 5; chain prev o 5-7; chain clock_back o 5; text missing o 5; text orphan o 5; "
           "tree entry_unplaced o 5; tree place_orphan o 5; tree position_missing o 6"),
    OnFile("export: duplicate", Line.BUNDLE, "复制导出中的一条记录", "duplicate an entry in an export", exported(_doubled),
           "chain duplicate o 5; chain prev o 5; text missing o 5; tree entry_unplaced o 5"),
    OnFile("export: hashed", Line.BUNDLE, "改动导出并重算全部散列", "edit an export, and re-hash all of it", exported(_hashed),
           "tree heads_differ ~log 3-4; tree root_differs"),
    OnFile("export: cut", Line.BUNDLE, "截去导出中实例的最后一条，并使末条相符", "cut the last entry of an instance, and let its head fit",
           exported(_cut), "tree heads_differ ~log 4; tree position_missing ~log 4"),
    OnFile("export: text", Line.TEXT, "改写导出中的意见", "rewrite an opinion in an export", exported(_text(value="不同意")), "text differs o 6"),
    OnFile("export: rules", Line.DOCUMENT, "改动导出中的规则", "change the rules in an export", exported(
        lambda lines: lines.__setitem__(find(lines, '{"document":', "rules", "gated"),
                                        lines[find(lines, '{"document":', "rules", "gated")].replace(b"clerk", b"CLERK"))), "document digest"),
    *(
        OnFile(f"export spelt: {en}", Line.SPELLING, f"导出中的另一种写法：{zh}", f"an export spelt otherwise: {en}", exported(work), found)
        for zh, en, work, found in _SPELT
    ),
    OnFile("export: trailing bits", Line.SPELLING, "导出所载检查点的 base64 尾部有多余的位",
           "trailing bits in the base64 of a checkpoint in an export", exported(_trailing), "tree checkpoint_malformed"),
    OnFile("export: checkpoint gone", Line.TREE, "删除导出所载的检查点", "take the checkpoint out of an export",
           exported(dropped('{"checkpoint":')), MISSED, MISSED),
    OnFile("export: no first line", Line.BUNDLE, "删除导出中的创世记录", "take the genesis out of an export",
           exported(dropped('{"actor":', '"kind":"genesis"')), None),
)  # fmt: skip

# Bundles


def _flipped(files: Files) -> Path:
    data = bytearray(files.one.read_bytes())
    data[Random(7).randrange(len(data) // 3, len(data) // 2)] ^= 1
    path = files.folder / "changed.zip"
    path.write_bytes(data)
    return path


def _without(name: str) -> Do:
    def do(files: Files) -> Path:
        found = members(files.one)
        del found[name]
        return packed(files.folder / "changed.zip", found)

    return do


def _deflated(files: Files) -> Path:
    path = files.folder / "changed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members(files.one).items():
            archive.writestr(name, data)
    return path


def _twice(files: Files) -> Path:
    found = members(files.one)
    found[MANIFEST] = found[MANIFEST].replace(b'"bundle":1', b'"bundle":1,"bundle":1', 1)
    return packed(files.folder / "changed.zip", found)


BUNDLES = (
    OnFile("bundle: a bit", Line.BYTE, "改动审计包中的一位", "flip a bit of a bundle", _flipped, "bundle member_differs"),
    OnFile("bundle: a file gone", Line.BUNDLE, "删除审计包中的日志文件", "take the log out of a bundle", _without(LOG), "bundle member_missing"),
    OnFile("bundle: compressed", Line.BUNDLE, "另行压缩打包", "pack a bundle otherwise, compressed", _deflated, "bundle container"),
    OnFile("bundle: a key twice", Line.SPELLING, "清单里同一个键两次", "a key twice in the manifest", _twice, "bundle manifest"),
    OnFile("bundle: manifest", Line.BUNDLE, "清单说另一个条数，并使校验和相符", "a manifest that says another number of entries, its sums fitting",
           bundled(lambda _: None, entries=99), "bundle manifest_differs"),
    *(
        OnFile(f"bundle: edit {seq}", Line.BUNDLE, f"改动审计包中第 {seq} 条记录，并使校验和相符",
               f"edit entry {seq} in a bundle, and make every sum fit", bundled(replaced(seq, b'"via":"tests"', b'"via":"other"')),
               f"{found}; tree proof_differs; tree root_differs")
        for seq, found in ((1, "chain prev o 2"), (5, "chain prev o 6"), (8, "cache head o 8; tree newest_differs o 8"))
    ),
    *(
        OnFile(f"bundle: delete {seq}", Line.BUNDLE, f"删除审计包中第 {seq} 条记录，并使校验和相符",
               f"delete entry {seq} in a bundle, and make every sum fit", bundled(lambda lines, seq=seq: lines.pop(entry(lines, seq))),
               f"{found.partition('; tree heads')[0]}; tree position_missing; bundle manifest_differs")
        for seq, found in _DELETED.items()
    ),
    OnFile("bundle: text", Line.TEXT, "改写审计包中的意见，并使校验和相符", "rewrite an opinion in a bundle, and make every sum fit",
           bundled(_text(value="不同意")), "text differs o 6"),
    OnFile("bundle: older", Line.RESTORE, "交出较早的审计包", "hand over an older bundle", lambda files: files.older, MISSED, SHRUNK),
    OnFile("bundle: log hashed", Line.BUNDLE, "改动整本日志的审计包并重算散列和校验和",
           "edit a bundle of the whole log, and make every hash and sum fit", bundled(_hashed, "log"),
           "tree heads_differ ~log 3-4; tree root_differs; bundle manifest_differs"),
    OnFile("database: older", Line.RESTORE, "换上较早的数据库文件", "put an older file of the database in its place",
           lambda files: files.database, MISSED, SHRUNK),
)  # fmt: skip

ATTACKS = (*EXPORTS, *BUNDLES)
