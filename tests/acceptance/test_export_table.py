"""`kfq export --format csv|xlsx`: every entry a row, no cell a formula, whatever people wrote."""

from __future__ import annotations

import csv
import io
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from kfq_workflow import WorkflowEngine, open_database
from kfq_workflow.entry import Row
from kfq_workflow.export import xlsx as export_xlsx
from kfq_workflow.export.table import COLUMNS, harmless, rows, write_csv
from kfq_workflow.log import LogHead
from tests.reported import HOSTILE, prepare_reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kfq_workflow.stored.source import TextRow
    from tests.acceptance.conftest import Kfq

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("http://x","y")')  # fmt: skip


@pytest.fixture
def noted(gated: Kfq) -> Kfq:
    """Give the command on a log whose notes look like formulas, and which holds much else."""
    database = open_database(gated.url)
    engine = WorkflowEngine(database)
    prepare_reported(engine)
    for text in FORMULAS:
        engine.annotate("q", note=text, by="reg")
    database.dispose()
    return gated


def read(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def test_csv_has_a_row_for_each_entry(noted: Kfq, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    told = noted.ok("export", str(path), "--format", "csv", "--json").json
    found = read(path)
    assert told == {"path": str(path), "format": "csv", "entries": len(found)}
    assert len(found) == noted.entries()
    assert list(found[0]) == [en for _, en in COLUMNS.values()]
    history = noted.ok("history", "p", "--json").json["entries"]
    of_p = [row for row in found if row["instance"] == "p"]
    assert [row["check"] for row in of_p] == [entry["check"] for entry in history]
    assert of_p[0]["changes"] == "main:  → draft"
    assert of_p[1]["papers"] == "request 1 (filed)"
    assert of_p[2]["refused because"] == "role_missing"
    assert [row["opinion"] for row in of_p if row["vote"]][1] == HOSTILE
    assert path.stat().st_mode & 0o077 == 0


def test_csv_is_rfc_4180_with_a_mark_where_asked_for(noted: Kfq, tmp_path: Path) -> None:
    plain, marked = tmp_path / "a.csv", tmp_path / "b.csv"
    noted.ok("export", str(plain), "--format", "csv", lang="zh")
    noted.ok("export", str(marked), "--format", "csv", "--bom", lang="zh")
    assert marked.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    assert plain.read_bytes().startswith("实例,序,".encode())
    assert plain.read_bytes().endswith(b"\r\n")


def test_no_cell_of_csv_begins_a_formula(noted: Kfq, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    noted.ok("export", str(path), "--format", "csv")
    cells = [cell for row in read(path) for cell in row.values()]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r\n＝＋－＠" and cell] == []
    for text in FORMULAS:
        assert f"'{text}" in cells, text
    assert harmless("面积 = 2") == "面积 = 2"
    assert harmless("") == ""


def test_a_workbook_holds_text_as_text(noted: Kfq, tmp_path: Path) -> None:
    path = tmp_path / "log.xlsx"
    noted.ok("export", str(path), "--format", "xlsx", lang="zh")
    book = openpyxl.load_workbook(path)
    sheet = book["entries"]
    assert sheet.max_row == noted.entries() + 1
    assert [cell.value for cell in sheet[1]] == [zh for zh, _ in COLUMNS.values()]
    kinds = {cell.data_type for line in sheet.iter_rows(min_row=2) for cell in line}
    assert kinds == {"n", "s"}  # numbers and strings (and empty cells), no formula
    assert {cell.hyperlink for line in sheet.iter_rows() for cell in line} == {None}
    notes = [line[list(COLUMNS).index("note")].value for line in sheet.iter_rows(min_row=2)]
    assert "=1+1" in notes
    assert {type(line[1].value) for line in sheet.iter_rows(min_row=2)} == {int}
    book.close()


def test_jsonl_stays_as_it_is(noted: Kfq, tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    noted.ok("export", str(first))
    noted.ok("export", str(second), "--format", "jsonl")
    assert first.read_bytes() == second.read_bytes()
    assert noted.ok("verify", "--file", str(first)).code == 0


def test_the_name_says_the_format(noted: Kfq, tmp_path: Path) -> None:
    shapes = {"a.CSV": "csv", "a.xlsx": "xlsx", "a.jsonl": "jsonl", "a": "jsonl", "a.json": "jsonl"}
    for name, shape in shapes.items():
        assert noted.ok("export", str(tmp_path / name), "--json").json["format"] == shape
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    assert (tmp_path / "a.CSV").read_text("utf-8").startswith("instance,")
    for lang, words in (("en", ".jsonl, .csv or .xlsx, not .pdf"), ("zh", ".csv 或 .xlsx，不是 .pdf")):
        ran = noted("export", str(tmp_path / "a.pdf"), lang=lang)
        assert (ran.code, words in ran.err, (tmp_path / "a.pdf").exists()) == (2, True, False)
    assert noted.ok("export", str(tmp_path / "a.zip"), "--format", "csv", "--json").json["format"] == "csv"


def test_what_cannot_be_is_refused(noted: Kfq, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    noted.ok("export", str(path), "--format", "csv")
    again = noted("export", str(path), "--format", "csv")
    assert again.code == 1
    assert "--force" in again.err
    assert noted("export", str(tmp_path / "x"), "--bom").code == 2
    assert noted("export", str(tmp_path / "x.xlsx"), "--bom").code == 2
    assert noted("export", str(tmp_path / "x"), "--format", "pdf").code == 2
    assert noted("export", str(tmp_path / "no" / "x"), "--format", "csv").code == 1


def test_without_xlsxwriter_the_error_names_what_to_install(
    noted: Kfq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    ran = noted("export", str(tmp_path / "log.xlsx"), "--format", "xlsx", lang="zh")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "kfq: 缺少 XlsxWriter。请安装：pip install 'kfq-workflow[xlsx]'"
    assert not (tmp_path / "log.xlsx").exists()


class Made:
    """A log of any size that is nowhere kept."""

    def __init__(self, count: int, body: str = '{"mode":"live","set":{"main":"a"}}') -> None:
        self.count = count
        self.body = body

    def log(self) -> LogHead:
        return LogHead("0" * 32, "s1", bytes(32), 480, "-")

    def texts(self, _instance: str | None = None) -> Iterator[TextRow]:
        return iter(())

    def entries(self, _instance: str | None = None) -> Iterator[Row]:
        for seq in range(1, self.count + 1):
            yield Row("k", seq, "fired", seq, "a", "t", None, None, 1, bytes(32), bytes(32), self.body)


def test_bodies_that_are_not_ours_are_shown_as_they_are() -> None:
    source: Any = Made(1, '["\ud800"]')
    (cells,) = rows(source)
    assert cells[list(COLUMNS).index("values")] == '["\\ud800"]'


def test_a_sheet_that_is_full_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kfq_workflow.errors import InvalidInput

    monkeypatch.setattr(export_xlsx, "MOST_ROWS", 3)
    source: Any = Made(4)
    with pytest.raises(InvalidInput, match="--format csv"):
        export_xlsx.write_xlsx(source, tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(export_xlsx, "MOST_LETTERS", 5)
    source = Made(2, "123456789")
    assert export_xlsx.write_xlsx(source, tmp_path / "y.xlsx") == 2
    sheet = openpyxl.load_workbook(tmp_path / "y.xlsx").active
    assert sheet.cell(2, list(COLUMNS).index("values") + 1).value == "1234…"


@pytest.mark.parametrize("write", [write_csv, export_xlsx.write_xlsx])
def test_tables_are_written_in_constant_memory(write: Any, tmp_path: Path) -> None:
    peaks = []
    for count in (300, 3_000):
        tracemalloc.start()
        told: list[int] = []
        write(Made(count), tmp_path / f"{count}", progress=told.append)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 400_000
