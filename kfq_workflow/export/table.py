"""The entries of a log as a table, one row each, for those who want tables: CSV here, a workbook in `xlsx`.

A table is for reading and counting. It leaves out what its columns have no room for, so it proves nothing and nothing
can be restored from it; the JSONL export does both. Codes stand in it as they are in the log, in every language alike.

CSV is RFC 4180: commas, CR LF, quotes doubled; UTF-8, on request with a byte order mark, which Excel needs to see
Chinese. Spreadsheets take a cell that begins with = + - @, a tab or a line break for a formula; such a cell begins
with an apostrophe instead (OWASP, "CSV injection"; the full-width forms count too).
"""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from kfq_workflow.edtf import instant_text
from kfq_workflow.entry import parse_canonical
from kfq_workflow.files import new_file
from kfq_workflow.hashing import check_letters
from kfq_workflow.verify.erasure import erased_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from kfq_workflow.entry import Row
    from kfq_workflow.stored.source import Source

    Cells = list[str | int]

#: Column → (Chinese, English).
COLUMNS: dict[str, tuple[str, str]] = {
    "instance": ("实例", "instance"),
    "seq": ("序", "entry"),
    "kind": ("种类", "kind"),
    "trigger": ("动作", "trigger"),
    "day": ("发生日", "day"),
    "earliest": ("最早", "earliest"),
    "latest": ("最晚", "latest"),
    "late": ("补录", "late"),
    "actor": ("经办", "by"),
    "for": ("代", "for"),
    "changes": ("变化", "changes"),
    "vote": ("签署", "vote"),
    "papers": ("材料", "papers"),
    "refusals": ("拒绝的原因", "refused because"),
    "opinion": ("意见", "opinion"),
    "reason": ("理由", "reason"),
    "note": ("备注", "note"),
    "source": ("来源", "source"),
    "question": ("所问", "question"),
    "name": ("名称", "name"),
    "values": ("属性与参数", "attributes and parameters"),
    "recorded": ("登记时间", "recorded"),
    "via": ("途径", "via"),
    "check": ("校验码", "check"),
}
#: Stands in the place of a text that an entry erased, in both languages: the cells of a table have none.
REDACTED = "[已删除 redacted]"
_TEXTS = ("opinion", "reason", "note", "source", "question", "name")
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_TOLD = 10_000


def write_csv(
    source: Source,
    path: str | Path,
    *,
    lang: str = "en",
    bom: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> int:
    """Write all entries to a CSV file and return their number, in constant memory.

    Raises InvalidInput when the file exists and `overwrite` is not given.
    """
    with new_file(path, overwrite=overwrite) as file:
        words = io.TextIOWrapper(file, "utf-8-sig" if bom else "utf-8", newline="")
        table = csv.writer(words, lineterminator="\r\n")
        table.writerow(titles(lang))
        count = 0
        for cells in rows(source):
            table.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
            count += 1
            if progress is not None and not count % _TOLD:
                progress(count)
        words.flush()
        words.detach()
    return count


def titles(lang: str) -> list[str]:
    """Return the heads of the columns."""
    return [zh if lang == "zh" else en for zh, en in COLUMNS.values()]


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in _FORMULA else cell


def rows(source: Source) -> Iterator[Cells]:
    """Yield a row for each entry, by instance and number, its texts with it; one entry is in memory at a time."""
    offset = source.log().utc_offset
    erased = lru_cache(maxsize=1)(partial(erased_texts, source))
    texts = source.texts()
    text = next(texts, None)
    for row in source.entries():
        words: dict[str, str] = {}
        while text is not None and (text.instance, text.seq) <= (row.instance, row.seq):
            if (text.instance, text.seq) == (row.instance, row.seq):
                words[text.field] = text.value
            text = next(texts, None)
        yield _cells(row, words, offset, erased)


def _cells(row: Row, words: dict[str, str], offset: int, erased: Callable[[str], Collection[tuple[int, str]]]) -> Cells:
    try:
        body = parse_canonical(row.body)
        said = _said(body)
        if gone := body.get("texts", {}).keys() - words.keys():
            words |= {name: REDACTED for name in gone if (row.seq, name) in erased(row.instance)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        said = {"values": row.body}  # not one of ours: shown as it is
    found: dict[str, Any] = {
        "instance": row.instance, "seq": row.seq, "kind": row.kind, "actor": row.actor, "via": row.via,
        "recorded": instant_text(row.at, offset), "check": check_letters(bytes(row.leaf)), **said,
        **{name: words.get(name, "") for name in _TEXTS},
    }  # fmt: skip
    cells = (found.get(name, "") for name in COLUMNS)
    return [cell if isinstance(cell, int) else _sound(str(cell)) for cell in cells]


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells that an entry's body fills."""
    on, was = body.get("on", {}), body.get("was", {})
    changes = sorted((body.get("set") or {}).items())
    values = {**body.get("attrs", {}), **body.get("params", {})}
    return {
        "trigger": body.get("trigger", ""),
        "day": on.get("edtf", ""),
        "earliest": on.get("lo", ""),
        "latest": on.get("hi", ""),
        "late": "late" if body.get("mode") == "late" else "",
        "for": body.get("for", {}).get("id", ""),
        "changes": "; ".join(f"{name}: {was.get(name) or ''} → {state or ''}" for name, state in changes),
        "vote": body.get("vote", ""),
        "papers": "; ".join(_paper(paper) for paper in body.get("papers", ())),
        "refusals": "; ".join(str(refusal["code"]) for refusal in body.get("refusals", ())),
        "values": json.dumps(values, ensure_ascii=False, sort_keys=True) if values else "",
    }


def _paper(paper: Mapping[str, Any]) -> str:
    number = f" {paper['number']}" if paper.get("number") else ""
    return f"{paper['type']}{number} ({'filed' if paper.get('filed') else 'not filed'})"


def _sound(text: str) -> str:
    """Return text that any file takes: what was tampered with may hold lone surrogates."""
    return text.encode(errors="backslashreplace").decode()
