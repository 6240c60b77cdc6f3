"""An export says what its database says, and a change to the file is found where it was made."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import reading
from kfq_workflow.errors import InvalidInput, NotFound, NotInitialised
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.verify import verify
from tests.beside import verify_export
from tests.tampering import build, change, places, tampering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.verify import Report

pytestmark = pytest.mark.tampers


@pytest.fixture
def file(database: Engine, tmp_path: Path) -> Path:
    build(database)
    path = tmp_path / "log.jsonl"
    with reading(database) as source:
        assert write_export(source, path) == 29
    return path


def edit(file: Path, work: Callable[[list[bytes]], object]) -> Report:
    lines = file.read_bytes().splitlines(keepends=True)
    work(lines)
    file.write_bytes(b"".join(lines))
    return verify_export(file)


def where(lines: list[bytes], start: str, *parts: str) -> int:
    """The index of the line that begins so and has all the parts."""
    found = [
        number
        for number, line in enumerate(lines)
        if line.startswith(start.encode()) and all(part.encode() in line for part in parts)
    ]
    return found[0]


def entry(lines: list[bytes], key: str, seq: int) -> int:
    return where(lines, '{"actor":', f'"instance":"{key}"', f'"seq":{seq},')


def test_an_export_verifies_like_its_database(database: Engine, file: Path) -> None:
    with reading(database) as source:
        stored, rows, texts = verify(source), list(source.entries()), list(source.texts())
        documents = sorted((document.digest, document.body) for document in source.documents())
    export = ExportSource(file)
    report = verify(export)
    assert (report.verdict, report.entries, report.instances, report.counts) == (
        "self-consistent", stored.entries, stored.instances, stored.counts,
    )  # fmt: skip
    assert report.not_checked == ("caches", "triggers")
    assert [tuple(row) for row in export.entries()] == [tuple(row) for row in rows]
    assert [tuple(text) for text in export.texts()] == [tuple(text) for text in texts]
    assert [(document.digest, document.body) for document in export.documents()] == documents
    for key in ("p", "o", "p/case", "~log", "~actor/clerk"):
        assert list(export.entries(key)) == [row for row in export.entries() if row.instance == key]
        assert list(export.texts(key)) == [text for text in export.texts() if text.instance == key]
    assert verify(export, key="p").entries == 7
    with pytest.raises(NotFound):
        verify(export, key="pp")


@pytest.mark.backends("sqlite")
def test_the_file_is_private_complete_and_never_replaced_unasked(database: Engine, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with reading(database) as source:
        with pytest.raises(InvalidInput, match="exists"):
            write_export(source, file)
        with pytest.raises(InvalidInput, match="cannot be written"):
            write_export(source, file.parent / "no" / "folder.jsonl")
        write_export(source, file, overwrite=True)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.backends("sqlite")
def test_an_entry_that_does_not_hash_to_its_leaf_is_not_exported(database: Engine, file: Path) -> None:
    with tampering(database) as connection:
        change(connection, "entry", {"instance": "p", "seq": 4}, {"via": "other"})
    other = file.with_name("other.jsonl")
    with reading(database) as source, pytest.raises(InvalidInput) as caught:
        write_export(source, other)
    assert caught.value.code == "export_tampered"
    assert not other.exists()


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_an_edited_entry(file: Path, seq: int) -> None:
    def work(lines: list[bytes]) -> None:
        number = entry(lines, "p", seq)
        lines[number] = lines[number].replace(b'"via":"tests"', b'"via":"other"')

    found = places(edit(file, work))
    assert (("cache", "head", "p", 7) if seq == 7 else ("chain", "prev", "p", seq + 1)) in found


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_deleted_entry(file: Path, seq: int) -> None:
    found = places(edit(file, lambda lines: lines.pop(entry(lines, "p", seq))))
    assert (("cache", "head", "p", 6) if seq == 7 else ("chain", "gap", "p", seq + 1)) in found


@pytest.mark.backends("sqlite")
def test_swapped_and_doubled_entries(file: Path) -> None:
    def swap(lines: list[bytes]) -> None:
        first, second = entry(lines, "p", 4), entry(lines, "p", 5)
        lines[first], lines[second] = lines[second], lines[first]

    found = places(edit(file, swap))
    assert {("chain", "gap", "p", 5), ("chain", "order", "p", 4)} <= found

    def double(lines: list[bytes]) -> None:
        swap(lines)
        lines.insert(entry(lines, "p", 4), lines[entry(lines, "p", 4)])

    assert ("chain", "duplicate", "p", 4) in places(edit(file, double))


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    ("change_to", "found"),
    [
        ({"value": "不同意"}, {("text", "differs", "p", 6)}),
        ({"salt": "01" * 16}, {("text", "differs", "p", 6)}),
        ({"seq": 60}, {("text", "missing", "p", 6), ("text", "orphan", "p", 60)}),
        (None, {("text", "missing", "p", 6)}),
    ],
)
def test_a_changed_text(file: Path, change_to: dict[str, Any] | None, found: set[Any]) -> None:
    def work(lines: list[bytes]) -> None:
        number = where(lines, '{"text":', '"field":"opinion","instance":"p"', '"seq":6')
        if change_to is None:
            del lines[number]
        else:
            text = json.loads(lines[number])["text"] | change_to
            told = json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            lines[number] = told.encode() + b"\n"

    assert places(edit(file, work)) == found


@pytest.mark.backends("sqlite")
def test_a_changed_document(file: Path) -> None:
    def work(lines: list[bytes]) -> None:
        number = where(lines, '{"document":', '"kind":"rules"')
        lines[number] = lines[number].replace(b"clerk", b"CLERK")

    assert ("document", "digest", None, None) in places(edit(file, work))


BROKEN: dict[str, Callable[[list[bytes]], object]] = {
    "not an entry": lambda lines: lines.__setitem__(10, lines[10].replace(b'"at":', b'"at": ')),
    "truncated": lambda lines: lines.__setitem__(-1, lines[-1][:-5]),
    "byte order mark": lambda lines: lines.__setitem__(0, b"\xef\xbb\xbf" + lines[0]),
    "CR LF": lambda lines: lines.__setitem__(10, lines[10][:-1] + b"\r\n"),
    "unknown": lambda lines: lines.insert(10, b"{}\n"),
    "out of place": lambda lines: lines.append(lines[0]),
    "not canonical": lambda lines: lines.__setitem__(-1, lines[-1].replace(b"{", b"{ ")[:-1] + b" \n"),
}


STRAYS = {
    "a text": lambda lines: lines[where(lines, '{"text":')],
    "no text": lambda lines: b'{"text":1}\n',  # noqa: ARG005
    "a head of no instance": lambda lines: b'{"head":{"instance":5,"leaf":"","seq":1}}\n',  # noqa: ARG005
}


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("stray", STRAYS)
def test_no_line_can_hide_behind_one_that_is_out_of_place(file: Path, stray: str) -> None:
    """An entry after a stray line is in no block that is read, and must not look as if it had been verified."""

    def hide(lines: list[bytes]) -> None:
        start = where(lines, '{"text":')
        forged = lines[entry(lines, "p", 7)].replace(b'"seq":7', b'"seq":8')
        lines[start:start] = [STRAYS[stray](lines), forged]

    report = edit(file, hide)
    assert report.verdict == "tampered"
    assert ("bytes", "line", None, None) in places(report)


@pytest.mark.backends("sqlite")
def test_documents_stand_once_and_in_order(file: Path) -> None:
    assert ("bytes", "line", None, None) in places(edit(file, lambda lines: lines.insert(0, lines[0])))
    assert ("bytes", "line", None, None) in places(edit(file, lambda lines: lines.insert(2, lines.pop(0))))


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_line_is_named(file: Path, reason: str) -> None:
    def work(lines: list[bytes]) -> None:
        BROKEN[reason](lines)

    report = edit(file, work)
    assert report.verdict == "tampered"
    line = [finding for finding in report.findings if finding.kind == "line"]
    wanted = "unknown" if reason == "not canonical" else reason
    assert [finding.values["reason"] for finding in line] == [wanted]
    assert str(line[0].values["line"]) in line[0].text("zh")


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    "line",
    [
        '{"actor":"a","actor":"b"}',
        '{"text":{"field":"f","instance":"i","salt":"0 0","seq":1,"value":"v"}}',
        '{"text":{"field":"f","instance":"i","salt":"00","seq":1.0,"value":"v"}}',
        '{"text":{"field":"f","instance":"i","salt":"00","seq":NaN,"value":"v"}}',
        '{"head":{"instance":"i","leaf":"AB","seq":1}}',
        '{"document":{"body":"b","digest":"zz","kind":"rules"}}',
        '{"actor":' + "[" * 100_000,
        "not JSON",
        "",
    ],
)
def test_a_strange_line_is_an_error_and_no_crash(file: Path, line: str) -> None:
    for place in (0, 10, -1):
        report = edit(file, lambda lines, at=place: lines.insert(at, line.encode() + b"\n"))
        assert report.verdict == "tampered"
        edit(file, lambda lines: lines.remove(line.encode() + b"\n"))
    assert verify_export(file).verdict == "self-consistent"


def test_files_that_are_no_log(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        ExportSource(tmp_path / "none")
    for content in (b"", b"\n", b"{}\n", b"\xff\xfe\n", b"x" * 100):
        (tmp_path / "log").write_bytes(content)
        with pytest.raises(NotInitialised):
            verify(ExportSource(tmp_path / "log"))
