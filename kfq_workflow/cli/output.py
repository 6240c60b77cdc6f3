"""Results on stdout: tables, sheets of labelled lines, JSON. Whatever comes from a log goes through `safe`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kfq_workflow.cli.safe import pad, safe, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How wide output is where nobody looks at it on a terminal.
PIPED = 100
#: Columns between two columns of a table.
_GAP = 3


class Column(NamedTuple):
    """A column of a table. A `whole` one is never broken or cut: keys, names of triggers, numbers."""

    title: str
    whole: bool = False
    right: bool = False


def print_json(data: Any) -> None:
    """Print JSON: two spaces deep, Chinese as it is."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def line(text: str = "") -> None:
    """Print one line; what would break out of it is shown escaped."""
    click.echo(safe(text))


def aside(text: str) -> None:
    """Print one line on stderr: what is no result, and is to be known."""
    click.echo(f"kfq: {safe(text)}", err=True)


def warning(text: str) -> None:
    """Print one line that must not be overlooked: in red, where somebody looks at it in colour."""
    click.echo(safe(text) if os.environ.get("NO_COLOR") else click.style(safe(text), fg="red", bold=True))


def columns() -> int:
    """Return how wide the output is, in columns."""
    return shutil.get_terminal_size((PIPED, 24)).columns if sys.stdout.isatty() else PIPED


def sheet(rows: Iterable[tuple[str, str]], indent: int = 0) -> None:
    """Print labelled lines, the values aligned below each other; an empty label goes on with the one above."""
    found = [(safe(label), safe(value)) for label, value in rows]
    wide = max((width(label) for label, _ in found), default=0)
    for label, value in found:
        click.echo(f"{' ' * indent}{pad(label, wide)}  {value}".rstrip())


def table(titles: Sequence[Column], rows: Sequence[Sequence[str | tuple[str, ...]]]) -> None:
    """Print a table; a cell of several lines is a tuple.

    It is as wide as its whole columns need, if need be wider than the terminal.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[safe(c) if isinstance(c, str) else "\n".join(map(safe, c)) for c in row] for row in rows]
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    least = 0
    for place, column in enumerate(titles):
        widest = max([width(column.title), *(_widest(row[place]) for row in cells)])
        need = widest if column.whole else min(widest, 16)
        least += need + _GAP
        made.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            min_width=need,
            no_wrap=column.whole,
            overflow="fold",
        )
    for row in cells:
        made.add_row(*(Text(cell) for cell in row))
    console = Console(width=max(columns(), least), highlight=False, markup=False, emoji=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(made)
    for row_text in captured.get().splitlines():
        click.echo(row_text.rstrip())


def _widest(cell: str) -> int:
    return max(map(width, cell.split("\n")))
