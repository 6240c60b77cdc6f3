"""Working days: weekends, what a calendar says otherwise, and files of calendars."""

from __future__ import annotations

import pytest

from kfq_workflow.errors import InvalidInput
from kfq_workflow.working_days import WEEKENDS, Calendar, next_day, parse, read

# Around the 1st of October 2026, a Thursday; the week after it is made up on the 10th.
CALENDAR = read(
    ["2026-10-01 rest # 国庆节", "", "# 调休", *(f"2026-10-0{day} rest" for day in range(2, 8)), "2026-10-10 work"]
)


def test_saturday_and_sunday_are_rest() -> None:
    week = [f"2026-11-{day}" for day in range(23, 30)]
    assert [WEEKENDS.works(day) for day in week] == [True] * 5 + [False] * 2
    assert [WEEKENDS.counts_for(day) for day in week] == [*week[:5], "2026-11-30", "2026-11-30"]


def test_a_calendar_says_otherwise_for_the_days_that_it_names() -> None:
    assert CALENDAR.counts_for("2026-09-30") == "2026-09-30"
    assert {CALENDAR.counts_for(f"2026-10-0{day}") for day in range(1, 9)} == {"2026-10-08"}
    assert CALENDAR.counts_for("2026-10-10") == "2026-10-10"
    assert CALENDAR.counts_for("2026-10-11") == "2026-10-12"


def test_the_end_of_all_days() -> None:
    assert next_day("9999-12-31") == "9999-12-31"
    assert next_day("2026-12-31") == "2027-01-01"


def test_a_calendar_is_read_from_its_document() -> None:
    assert parse(CALENDAR.document()) == CALENDAR
    assert Calendar().document() == '{"rest":[],"work":[]}'


@pytest.mark.parametrize(
    "body",
    ["", "[]", '{"rest":[]}', '{"rest":[],"work":[],"x":[]}', '{"rest":["2026-10-02","2026-10-01"],"work":[]}',
     '{"rest":["2026-02-30"],"work":[]}', '{"rest":["2026-10-01"],"work":["2026-10-01"]}', '{"rest":"a","work":[]}',
     '{"rest": [],"work":[]}'],
)  # fmt: skip
def test_what_is_no_calendar(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        parse(body)


@pytest.mark.parametrize(
    ("lines", "number"),
    [(["2026-10-01"], 1), (["2026-10-01 rest", "2026-10-01 work"], 2), (["2026-10 rest"], 1), (["20261001 rest"], 1),
     (["", "2026-02-30 rest"], 2), (["2026-10-01 rest work"], 1), (["2026-10-01 休"], 1)],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named(lines: list[str], number: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(lines)
    assert (caught.value.code, caught.value.values["line"]) == ("calendar_line", number)
    assert str(number) in caught.value.text("zh")


def test_an_empty_file_is_no_calendar() -> None:
    with pytest.raises(InvalidInput):
        read(["# nothing", ""])
