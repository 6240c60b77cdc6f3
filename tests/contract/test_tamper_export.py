"""An export says what its database says, and a change to the file is found where it was made."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import reading
from kfq_workflow.errors import InvalidInput, NotFound, NotInitialised
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.verify import Finding, verify
from tests.alongside import alike, hold
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
@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    "change_",
    [
        "kfq_text SET value = CAST(x'ff7b' AS TEXT) WHERE instance = 'p' AND field = 'name'",
        "kfq_text SET value = x'ff7b' WHERE instance = 'p' AND field = 'name'",
        "kfq_text SET salt = 'x' WHERE instance = 'p' AND field = 'name'",
        "kfq_document SET body = CAST(x'ff7b' AS TEXT) WHERE kind = 'labels'",
    ],
)
def test_what_is_no_text_is_not_exported(database: Engine, tmp_path: Path, change_: str) -> None:
    """SQLite keeps anything in a column: that is an error that says so, and no crash."""
    with tampering(database) as connection:
        connection.exec_driver_sql(f"UPDATE {change_}")
    with reading(database) as source, pytest.raises(InvalidInput) as caught:
        write_export(source, tmp_path / "other.jsonl")
    assert caught.value.code == "export_odd"
    assert alike(database).verdict == "tampered"


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


def test_a_first_entry_with_the_number_0_is_none_that_occurs_twice(file: Path) -> None:
    def renumber(lines: list[bytes]) -> None:
        number = entry(lines, "p", 1)
        lines[number] = lines[number].replace(b'"seq":1,', b'"seq":0,')

    found = {(finding.layer, finding.kind) for finding in edit(file, renumber).findings if finding.seq == 0}
    assert ("chain", "order") in found
    assert ("chain", "duplicate") not in found


def test_files_that_are_no_log(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        ExportSource(tmp_path / "none")
    for content in (b"", b"\n", b"{}\n", b"\xff\xfe\n", b"x" * 100):
        (tmp_path / "log").write_bytes(content)
        with pytest.raises(NotInitialised):
            verify(ExportSource(tmp_path / "log"))


@pytest.mark.backends("sqlite")
@pytest.mark.usefixtures("file")
def test_an_export_that_says_something_else_than_its_database_is_noticed(database: Engine) -> None:
    """Every test ends with this comparison, so it must be able to fail."""
    with reading(database) as source:
        stored = verify(source)
        hold(source, replace(stored, not_checked=("trigger kfq_entry_no_update",)))
        for layer, kind in (("cache", "rev"), ("tree", "node_differs")):
            hold(source, replace(stored, verdict="tampered", findings=(Finding(layer, kind),)))  # type: ignore[arg-type]
        for other in (
            {"entries": stored.entries - 1},
            {"counts": replace(stored.counts, late=9)},
            {"not_checked": ("kind unheard",)},
            {"verdict": "incomplete"},
            {"verdict": "tampered", "findings": (Finding("replay", "not_allowed", "error", "p", 4),)},
            {"findings": (Finding("chain", "odd", "warning", "p", 4),)},
        ):
            with pytest.raises(AssertionError, match="the database and its export"):
                hold(source, replace(stored, **other))
