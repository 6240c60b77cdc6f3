"""Lines between states on a grid: through the gaps, with round corners, none through a state.

Gutter i lies left of column i, one more at the right edge; gap j lies above row j. A line leaves a state at its side,
runs in a gutter, where it has to pass columns in a gap, and enters the other state at its side. States that stand next
to each other are joined straight. Lines that share a gutter run beside each other in lanes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_workflow.report.model import Line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Point = tuple[float, float]

_ROUND = 5.0
#: Room for the head of an arrow.
_HEAD = 2.0
_LANES, _APART = 5, 3.0
#: How far down the side of a state lines enter and leave it, so that one does not seem to go on in the other.
_ENTERS, _LEAVES = 0.36, 0.68


@dataclass(frozen=True, slots=True)
class Grid:
    """Where columns and rows begin, how large states are, the room between them, and which state stands where."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    wide: float
    highs: tuple[float, ...]
    gutter: float
    gap: float
    cells: Mapping[str, tuple[int, int]]

    @property
    def bottom(self) -> float:
        """Where the last row ends."""
        return self.ys[-1] + self.highs[-1] + self.gap / 2

    def gutter_x(self, number: int) -> float:
        """Return the middle of a gutter."""
        if number < len(self.xs):
            return self.xs[number] - self.gutter / 2
        return self.xs[-1] + self.wide + self.gutter / 2

    def gap_y(self, row: int) -> float:
        """Return the middle of the gap above a row."""
        return self.ys[row] - self.gap / 2


def route(grid: Grid, source: str, target: str, lane: int, *, dashed: bool) -> Line:
    """Return the line from one state to another; `lane` numbers the lines of a drawing."""
    points = _points(grid, grid.cells[source], grid.cells[target], _offset(lane))
    return Line(_rounded(points), dashed)


def _offset(lane: int) -> float:
    return ((lane + _LANES // 2) % _LANES - _LANES // 2) * _APART


def _points(grid: Grid, source: tuple[int, int], target: tuple[int, int], aside: float) -> list[Point]:
    (column, row), (to_column, to_row) = source, target
    straight = _straight(grid, source, target)
    if straight:
        return straight
    right, left = to_column >= column, to_column <= column
    start_x = grid.xs[column] + (grid.wide if right else 0)
    end_x = grid.xs[to_column] + (grid.wide if left else 0)
    start_y = grid.ys[row] + grid.highs[row] * _LEAVES + aside
    end_y = grid.ys[to_row] + grid.highs[to_row] * _ENTERS + aside
    first = grid.gutter_x(column + 1 if right else column) + aside
    last = grid.gutter_x(to_column + 1 if left else to_column) + aside
    end = (end_x + (_HEAD if left else -_HEAD), end_y)
    if abs(first - last) < 1:
        return [(start_x, start_y), (first, start_y), (first, end_y), end]
    across = grid.gap_y(max(to_row, min(row, to_row) + 1) if to_row != row else row) + aside
    return [(start_x, start_y), (first, start_y), (first, across), (last, across), (last, end_y), end]


def _straight(grid: Grid, source: tuple[int, int], target: tuple[int, int]) -> list[Point] | None:
    """Return the line between neighbours: to the right, or down where no heading stands between."""
    (column, row), (to_column, to_row) = source, target
    if row == to_row and to_column == column + 1:
        y = grid.ys[row] + grid.highs[row] / 2
        return [(grid.xs[column] + grid.wide, y), (grid.xs[to_column] - _HEAD, y)]
    near = to_row == row + 1 and abs(grid.ys[to_row] - grid.ys[row] - grid.highs[row] - grid.gap) < 1
    if column == to_column and near:
        x = grid.xs[column] + grid.wide / 2
        return [(x, grid.ys[row] + grid.highs[row]), (x, grid.ys[to_row] - _HEAD)]
    return None


def _rounded(points: Sequence[Point]) -> str:
    """Return SVG path data through points, the corners round."""
    kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
    parts = [f"M{_number(kept[0][0])} {_number(kept[0][1])}"]
    for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False):
        start, end = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{_pair(start)}Q{_pair(corner)} {_pair(end)}")
    parts.append(f"L{_pair(kept[-1])}")
    return "".join(parts)


def _towards(corner: Point, other: Point) -> Point:
    """Return the point before or after a corner where its round begins."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(across), abs(down))
    part = min(_ROUND, length / 2) / length if length else 0
    return corner[0] + across * part, corner[1] + down * part


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
