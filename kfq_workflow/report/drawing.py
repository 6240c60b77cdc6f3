"""The state diagram of `main` as rectangles and lines: where everything stands, in the units of an SVG.

States stand on a grid. In the wide shape a phase is a column; in the narrow one, and where there are too many phases,
a phase is a band of rows. Lines run in the gaps between columns and rows, never through a state. Every stay is
numbered; a move made several times is one line. Dashed lines are the moves that the definition allows from the present
state.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from kfq_workflow.report.model import Box, Drawing, Heading
from kfq_workflow.report.routes import Grid, route
from kfq_workflow.visible import columns, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.definition.model import Definition, State
    from kfq_workflow.report.material import Case
    from kfq_workflow.report.path import Visit
    from kfq_workflow.report.speech import Speech

#: Widths in the units of the drawing; on paper and on a desk the wide one is about 1.1 px a unit.
_WIDE, _NARROW = 760.0, 360.0
_MOST_COLUMNS = 7
_GUTTER, _GAP = 22.0, 15.0
_LINE, _PAD, _STAY = 14.0, 5.5, 13.0
_LETTER = 11.5
_MOST_LINES = 3
#: Headings are bold and a little larger.
_BOLD = 0.92


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a drawing is laid out: its cells by state, headings by row or column, and how many columns it has."""

    name: str
    width: float
    columns: int
    cells: dict[str, tuple[int, int]]
    bands: dict[int, str]
    upright: bool


def drawings(case: Case, found: Sequence[Visit], speech: Speech) -> tuple[Drawing, ...]:
    """Return the wide drawing and the narrow one."""
    phases = _phases(case.definition)
    upright = 1 < len(phases) <= _MOST_COLUMNS
    wide = _columns(phases) if upright else _rows("wide", _WIDE, phases, 5)
    return tuple(_draw(shape, case, found, speech) for shape in (wide, _rows("narrow", _NARROW, phases, 2)))


def _phases(definition: Definition) -> dict[str, list[State]]:
    """Return the states of `main` by phase, in the order of the definition; "" is no phase."""
    found: dict[str, list[State]] = {phase: [] for phase in definition.phases}
    for state in definition.regions["main"].states.values():
        found.setdefault(state.phase or "", []).append(state)
    return {phase: states for phase, states in found.items() if states}


def _columns(phases: dict[str, list[State]]) -> _Shape:
    cells = {
        state.name: (column, row)
        for column, states in enumerate(phases.values())
        for row, state in enumerate(states)
    }  # fmt: skip
    return _Shape("wide", _WIDE, len(phases), cells, dict(enumerate(phases)), upright=True)


def _rows(name: str, width: float, phases: dict[str, list[State]], most: int) -> _Shape:
    """Let each phase take rows of so many states."""
    cells: dict[str, tuple[int, int]] = {}
    bands: dict[int, str] = {}
    row = 0
    for phase, states in phases.items():
        bands[row] = phase
        for number, state in enumerate(states):
            cells[state.name] = (number % most, row + number // most)
        row += -(-len(states) // most)
    return _Shape(name, width, most, cells, bands, upright=False)


def _draw(shape: _Shape, case: Case, found: Sequence[Visit], speech: Speech) -> Drawing:
    definition = case.definition
    wide = (shape.width - (shape.columns + 1) * _GUTTER) / shape.columns
    labels = {
        name: wrapped(visible(speech.state(definition, "main", name)), wide - 14, _MOST_LINES) for name in shape.cells
    }
    titles = {at: _title(shape, definition, phase, wide, speech) for at, phase in shape.bands.items()}
    seen = {visit.state for visit in found}
    rows = 1 + max((row for _, row in shape.cells.values()), default=0)
    highs = [2 * _PAD + _LINE] * rows
    for name, (_, row) in shape.cells.items():
        need = 2 * _PAD + _LINE * len(labels[name]) + (_STAY if name in seen else 2)
        highs[row] = max(highs[row], need)
    grid = _grid(shape, wide, tuple(highs), titles)
    boxes = tuple(_box(case, name, grid, labels[name], found, speech) for name in shape.cells)
    lines = (
        *(route(grid, *pair, lane, dashed=True) for lane, pair in enumerate(_next(case, shape, found))),
        *(route(grid, *pair, lane, dashed=False) for lane, pair in enumerate(_taken(shape, found))),
    )
    headings = tuple(_heading(shape, at, phase, titles[at], grid, case) for at, phase in shape.bands.items())
    return Drawing(shape.name, shape.width, grid.bottom, headings, boxes, lines)


def _title(shape: _Shape, definition: Definition, phase: str, wide: float, speech: Speech) -> tuple[str, ...]:
    if not phase:
        return ()
    words = visible(speech.label(definition, "phase", phase))
    return tuple(wrapped(words, (wide if shape.upright else shape.width - 2 * _GUTTER) * _BOLD, _MOST_LINES))


def _grid(shape: _Shape, wide: float, highs: tuple[float, ...], titles: dict[int, tuple[str, ...]]) -> Grid:
    """Place columns and rows; a heading takes room above its row, or above all."""
    xs = tuple(_GUTTER + column * (wide + _GUTTER) for column in range(shape.columns))
    ys: list[float] = []
    top = _LINE * max(map(len, titles.values()), default=0) + 13 if shape.upright else 8.0
    for row, high in enumerate(highs):
        if not shape.upright and row in titles:
            top += _LINE * len(titles[row]) + (12 if row else 2)
        ys.append(top + _GAP / 2)
        top += high + _GAP
    return Grid(xs, tuple(ys), wide, highs, _GUTTER, _GAP, dict(shape.cells))


def _heading(shape: _Shape, at: int, phase: str, lines: tuple[str, ...], grid: Grid, case: Case) -> Heading:
    present = bool(phase) and phase == case.phase
    if shape.upright:
        return Heading(grid.xs[at], _LINE, grid.wide, lines, present)
    y = grid.ys[at] - _LINE * (len(lines) - 1) - _GAP / 2 - 2
    return Heading(_GUTTER, y, shape.width - 2 * _GUTTER, lines, present)


def _box(case: Case, name: str, grid: Grid, lines: Sequence[str], found: Sequence[Visit], speech: Speech) -> Box:
    column, row = grid.cells[name]
    stays = [(number, visit) for number, visit in enumerate(found, 1) if visit.state == name]
    style, stay = "never", ""
    if stays:
        last = stays[-1][1]
        style = "present" if last.present else "adopted" if all(v.adopted for _, v in stays) else "visited"
        stay = last.stay.short(speech.lang) if len(stays) == 1 else speech.say("times", count=len(stays))
        if last.present and case.is_closed:
            stay = ""
    return Box(
        grid.xs[column], grid.ys[row], grid.wide, grid.highs[row], tuple(lines), style,
        "·".join(str(number) for number, _ in stays[:4]) + ("…" if len(stays) > 4 else ""),  # noqa: PLR2004 - room
        stay, speech.state(case.definition, "main", name),
    )  # fmt: skip


def _taken(shape: _Shape, found: Sequence[Visit]) -> Iterator[tuple[str, str]]:
    pairs = dict.fromkeys((a.state, b.state) for a, b in pairwise(found))
    return (pair for pair in pairs if pair[0] in shape.cells and pair[1] in shape.cells)


def _next(case: Case, shape: _Shape, found: Sequence[Visit]) -> list[tuple[str, str]]:
    """Return the moves that the definition allows from the present state and that were not made."""
    now = case.snapshot.regions.get("main")
    if now is None or case.snapshot.voided or case.snapshot.held:
        return []
    taken = set(_taken(shape, found))
    targets = dict.fromkeys(
        (now, rule.target.name)
        for rule in case.definition.transitions
        if rule.region == "main" and now in rule.sources and rule.target.kind == "state"
    )
    return [pair for pair in targets if pair not in taken and pair[0] != pair[1] and pair[1] in shape.cells]


def wrapped(text: str, room: float, most: int) -> list[str]:
    """Break a label into at most so many lines of this width; what does not fit ends with `…`.

    Chinese breaks between any two letters, other words at spaces, and a word that is too long anywhere.
    """
    lines, line = [], ""
    for piece in _pieces(text, room):
        if line and _measure(line + piece) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    lines.append(line.rstrip())
    if len(lines) <= most:
        return lines
    kept = lines[:most]
    while kept[-1] and _measure(kept[-1] + "…") > room:
        kept[-1] = kept[-1][:-1]
    return [*kept[:-1], kept[-1] + "…"]


def _pieces(text: str, room: float) -> Iterable[str]:
    """Yield what may stand on a line together: a wide letter, or a word with the spaces before it."""
    word = ""
    for letter in text:
        if columns(letter) == 2 or (letter == " " and word.strip()) or _measure(word + letter) > room:  # noqa: PLR2004
            if word:
                yield word
            word = letter
            if columns(letter) == 2:  # noqa: PLR2004 - wide
                yield word
                word = ""
        else:
            word += letter
    if word:
        yield word


def _measure(text: str) -> float:
    """Return about how wide a text is, erring on the side of wide."""
    return sum(_LETTER if columns(letter) == 2 else _LETTER * 0.58 * columns(letter) for letter in text)  # noqa: PLR2004
