"""The diagram: nothing overlaps, no line runs through a state, labels keep to their boxes."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.definition import model as m
from kfq_workflow.entry import Row
from kfq_workflow.report.dates import Stay
from kfq_workflow.report.drawing import drawings, wrapped
from kfq_workflow.report.material import Case
from kfq_workflow.report.path import Visit
from kfq_workflow.report.speech import Speech
from kfq_workflow.state import Snapshot
from kfq_workflow.views import HistoryEntry
from kfq_workflow.zones import shipped
from tests.workflows import permit

if TYPE_CHECKING:
    from kfq_workflow.report.model import Drawing

SPEECH = Speech("en", 480, lambda _: "")
NAMES = sorted(shipped())


def row(seq: int) -> Row:
    return Row("k", seq, "fired", 0, "a", "t", None, None, 1, b"", b"", "{}")


def case(definition: m.Definition, states: list[str]) -> tuple[Case, list[Visit]]:
    snapshot = Snapshot(regions={"main": states[-1]} if states else {})
    found = [
        Visit(state, HistoryEntry(row(number), {}, {}), None, None, Stay(0, None), number == len(states))
        for number, state in enumerate(states, 1)
    ]
    made = Case(
        key="k", workflow=definition.name, root=None, name="", definition=definition, known=True, entries=(),
        unread=frozenset(), snapshot=snapshot,
    )  # fmt: skip
    return made, found


def walk(name: str, picks: list[int]) -> tuple[Case, list[Visit]]:
    definition = shipped()[name]
    states = list(definition.regions["main"].states)
    path = [states[pick % len(states)] for pick in picks]
    return case(definition, [state for at, state in enumerate(path) if not at or state != path[at - 1]])


def corners(path: str) -> list[tuple[float, float]]:
    """The points of a line; of a round corner its two ends are enough."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@given(st.sampled_from(NAMES), st.lists(st.integers(0, 40), max_size=9))
def test_lines_never_run_through_a_state(name: str, picks: list[int]) -> None:
    for drawing in drawings(*walk(name, picks), SPEECH):
        for line in drawing.lines:
            for (x1, y1), (x2, y2) in pairwise(corners(line.path)):
                for box in drawing.boxes:
                    inside_x = max(min(x1, x2), box.x + 1) < min(max(x1, x2), box.x + box.width - 1) or (
                        x1 == x2 and box.x + 1 < x1 < box.x + box.width - 1
                    )
                    inside_y = max(min(y1, y2), box.y + 1) < min(max(y1, y2), box.y + box.height - 1) or (
                        y1 == y2 and box.y + 1 < y1 < box.y + box.height - 1
                    )
                    assert not (inside_x and inside_y), (drawing.shape, line, box)


@given(st.sampled_from(NAMES), st.lists(st.integers(0, 40), max_size=9))
def test_nothing_overlaps_or_leaves_the_drawing(name: str, picks: list[int]) -> None:
    for drawing in drawings(*walk(name, picks), SPEECH):
        for at, box in enumerate(drawing.boxes):
            assert box.x >= 0
            assert box.x + box.width <= drawing.width
            assert box.y + box.height <= drawing.height
            for other in drawing.boxes[:at]:
                apart = (
                    box.x >= other.x + other.width or other.x >= box.x + box.width or box.y >= other.y + other.height
                    or other.y >= box.y + box.height
                )  # fmt: skip
                assert apart, (box, other)
        for line in drawing.lines:
            assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in corners(line.path)), line


def find(drawing: Drawing, title: str) -> str:
    return next(box.style for box in drawing.boxes if box.title == title)


def test_states_are_drawn_by_what_became_of_them() -> None:
    wide, narrow = drawings(*case(permit(), ["draft", "review", "draft", "review"]), SPEECH)
    assert (wide.shape, narrow.shape) == ("wide", "narrow")
    for drawing in (wide, narrow):
        assert find(drawing, "under review") == "present"
        assert find(drawing, "draft") == "visited"
        assert find(drawing, "granted") == "never"
        assert {box.steps for box in drawing.boxes} == {"", "1·3", "2·4"}
        assert [line.dashed for line in drawing.lines].count(False) == 2
        assert any(line.dashed for line in drawing.lines)


@pytest.mark.parametrize(("phases", "shape"), [(1, 5), (9, 5), (4, 4)])
def test_few_phases_are_columns_and_many_are_bands(phases: int, shape: int) -> None:
    states = {f"s{n}": m.State(f"s{n}", f"p{n % phases}") for n in range(12)}
    definition = m.Definition(
        "many", 1, {"main": m.Region("main", "s0", states)}, (), m.Permissions(start=frozenset()), frozenset(),
        phases=tuple(f"p{n}" for n in range(phases)),
    )  # fmt: skip
    wide, _ = drawings(*case(definition, ["s0", "s5"]), SPEECH)
    assert len({box.x for box in wide.boxes}) <= shape
    assert len(wide.headings) == phases


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("运营", ["运营"]),
        ("正常运营三制到位", ["正常运营三", "制到位"]),
        ("operating normally", ["operating", "normally"]),
        ("", [""]),
        ("W" * 40, ["WWWWWWWWW", "WWWWWWWWW", "WWWWWWWW…"]),
        ("一" * 40, ["一一一一一", "一一一一一", "一一一一…"]),
    ],
)
def test_labels_are_broken_to_fit(text: str, lines: list[str]) -> None:
    assert wrapped(text, 62, 3) == lines
