"""The container of a bundle has one spelling: whatever bit is changed, it is no container or another member."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from kfq_workflow.bundle import container
from kfq_workflow.bundle.container import ContainerError, pack, unpack

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [("log.jsonl", b"one\ntwo\n"), ("anchors/001.checkpoint", b""), ("manifest.json", b"{}\n")]


def packed(path: Path, parts: list[tuple[str, bytes]] = PARTS) -> Path:
    with path.open("wb") as file:
        pack(file, [(name, io.BytesIO(data)) for name, data in parts])
    return path


def content(path: Path) -> list[tuple[str, bytes]]:
    found = []
    for member, part in unpack(path):
        with part.open() as file:
            data = file.read()
        assert zlib.crc32(data) == member.crc
        found.append((member.name, data))
    return found


def test_what_is_packed_is_unpacked_here_and_by_others(tmp_path: Path) -> None:
    path = packed(tmp_path / "c.zip")
    assert content(path) == PARTS
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert [(info.filename, archive.read(info)) for info in archive.infolist()] == PARTS
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100600}


def test_every_changed_bit_is_found(tmp_path: Path) -> None:
    data = packed(tmp_path / "c.zip").read_bytes()
    for place in range(len(data)):
        for bit in range(8):
            mutant = bytearray(data)
            mutant[place] ^= 1 << bit
            (tmp_path / "m.zip").write_bytes(mutant)
            with pytest.raises((ContainerError, AssertionError)):
                assert [name for name, _ in content(tmp_path / "m.zip")] == [name for name, _ in PARTS]


def test_every_length_but_the_whole_is_found(tmp_path: Path) -> None:
    data = packed(tmp_path / "c.zip").read_bytes()
    for other in (*(data[:size] for size in range(len(data))), data + b"\0", b"\0" + data, data + data):
        (tmp_path / "m.zip").write_bytes(other)
        with pytest.raises(ContainerError):
            unpack(tmp_path / "m.zip")


def test_there_is_no_end_of_members(tmp_path: Path) -> None:
    most = [(f"{number}", b"") for number in range(container.MOST)]
    assert len(unpack(packed(tmp_path / "c.zip", most))) == container.MOST
    with pytest.raises(ContainerError):
        unpack(packed(tmp_path / "c.zip", [*most, ("more", b"")]))
    for name in ("x" * 65, "log.jsonl\0"):
        parts = packed(tmp_path / "c.zip", [(name, b"")])
        if len(name) > 64:
            with pytest.raises(ContainerError):
                unpack(parts)
        else:
            assert content(parts) == [(name, b"")]


@pytest.mark.parametrize("huge", [1, 8, 60, 100])
def test_what_is_too_large_for_zip_is_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, huge: int) -> None:
    """The records of zip64 begin at 4 GiB; here they begin earlier, and only our own reader is told so."""
    monkeypatch.setattr(container, "_HUGE", huge)
    path = packed(tmp_path / "c.zip")
    assert content(path) == PARTS
    data = path.read_bytes()
    assert b"PK\x06\x06" in data
    assert b"PK\x06\x07" in data
    for place in range(len(data)):
        mutant = bytearray(data)
        mutant[place] ^= 1
        (tmp_path / "m.zip").write_bytes(mutant)
        with pytest.raises((ContainerError, AssertionError)):
            assert [name for name, _ in content(tmp_path / "m.zip")] == [name for name, _ in PARTS]


def test_the_records_of_zip64_are_those_that_others_read(tmp_path: Path) -> None:
    """A member of more than 4 GiB, all of it a hole in the file, is found by the standard library at its place."""
    size = 2**32 + 5
    members = [container.Member("log.jsonl", 0, size, 0)]
    offset = len(members[0].record) + size
    members.append(container.Member("manifest.json", zlib.crc32(b"{}\n"), 3, offset))
    path = tmp_path / "c.zip"
    with path.open("wb") as file:
        file.write(members[0].record)
        file.seek(size, io.SEEK_CUR)
        file.write(members[1].record + b"{}\n")
        file.write(container.ending(members, file.tell()))
    with zipfile.ZipFile(path) as archive:
        assert [(info.filename, info.file_size) for info in archive.infolist()] == [
            ("log.jsonl", size), ("manifest.json", 3),
        ]  # fmt: skip
        assert archive.read("manifest.json") == b"{}\n"
    assert [member for member, _ in unpack(path)] == members
