"""The one door to XlsxWriter: the table of entries as a workbook.

Every text is written as text: what looks like a formula, a link or a number stays what somebody wrote. Rows go to disk
as they come. A sheet holds 1,048,576 rows and a cell 32,767 letters; a longer cell is cut and ends with `…`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import InvalidInput, KfqError
from kfq_workflow.export.table import COLUMNS, rows, titles
from kfq_workflow.files import new_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kfq_workflow.stored.source import Source

#: What a sheet takes, its first row being the titles, and what a cell takes.
MOST_ROWS = 1_048_575
MOST_LETTERS = 32_767
_WIDTHS = {"instance": 24, "changes": 40, "papers": 30, "opinion": 30, "reason": 30, "note": 30, "values": 30}
_TOLD = 10_000


def write_xlsx(
    source: Source,
    path: str | Path,
    *,
    lang: str = "en",
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> int:
    """Write all entries to a workbook and return their number, in constant memory.

    Raises InvalidInput when the file exists and `overwrite` is not given, and for more entries than a sheet holds;
    KfqError `extra_missing` without XlsxWriter.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise KfqError("extra_missing", what="XlsxWriter", extra="xlsx") from None
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with new_file(path, overwrite=overwrite) as file:
        book = Workbook(file, options)
        try:
            count = _fill(book.add_worksheet("entries"), source, lang, progress)
        finally:
            book.close()  # it keeps a file of its own until then
        file.seek(0, io.SEEK_END)
    return count


def _fill(sheet: Any, source: Source, lang: str, progress: Callable[[int], object] | None) -> int:
    sheet.freeze_panes(1, 2)
    for column, (name, title) in enumerate(zip(COLUMNS, titles(lang), strict=True)):
        sheet.set_column(column, column, _WIDTHS.get(name, 14))
        sheet.write_string(0, column, title)
    count = 0
    for count, cells in enumerate(rows(source), 1):
        if count > MOST_ROWS:
            raise InvalidInput("sheet_full", limit=MOST_ROWS)
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(count, column, cell)
            elif cell:
                sheet.write_string(count, column, _fitting(cell))
        if progress is not None and not count % _TOLD:
            progress(count)
    return count


def _fitting(cell: str) -> str:
    return cell if len(cell) <= MOST_LETTERS else cell[: MOST_LETTERS - 1] + "…"
