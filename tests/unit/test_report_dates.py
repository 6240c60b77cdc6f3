"""Days and stays are said as people say them, and never surer than they are known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_workflow.report.dates import Stay, spoken

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("edtf", "zh", "en"),
    [
        (None, "日期不详", "day unknown"),
        ("2017", "2017 年", "2017"),
        ("2020-05", "2020 年 5 月", "May 2020"),
        ("2020-05-09", "2020 年 5 月 9 日", "9 May 2020"),
        ("2020-40", "2020 年上半年", "first half of 2020"),
        ("2020-41", "2020 年下半年", "second half of 2020"),
        ("2020-33", "2020 年第 1 季度", "Q1 2020"),
        ("[..2017]", "2017 年或更早", "2017 or earlier"),
        ("[2017-06..]", "2017 年 6 月或更晚", "June 2017 or later"),
        ("[2018-01..2020-05]", "2018 年 1 月至 2020 年 5 月之间", "between January 2018 and May 2020"),
        ("[2017,2019-05]", "2017 年、2019 年 5 月之一", "one of 2017, May 2019"),
        ("promptly", "尽快", "promptly"),
        ("2020-99", "2020-99", "2020-99"),
        ("soon", "soon", "soon"),
    ],
)
def test_a_day_is_said_in_both_languages(edtf: str | None, zh: str, en: str) -> None:
    assert spoken(edtf, "zh") == zh
    assert spoken(edtf, "en") == en


@pytest.mark.parametrize(
    ("entered", "left", "en", "short"),
    [
        (("2020-01-01", "2020-01-01"), ("2020-01-01", "2020-01-01"), "same day", "same day"),
        (("2020-01-01", "2020-01-01"), ("2020-01-02", "2020-01-02"), "1 day", "1 day"),
        (("2020-01-01", "2020-01-01"), ("2020-02-01", "2020-02-01"), "31 days", "31 days"),
        (("2020-01-01", "2020-01-31"), ("2020-02-01", "2020-02-29"), "1–59 days", "1–59 days"),
        (("2020-01-01", "2020-12-31"), ("2020-01-01", "2020-12-31"), "at most 365 days", "≤ 365 days"),
        ((None, "2020-01-31"), ("2020-02-29", "2020-02-29"), "at least 29 days", "≥ 29 days"),
        ((None, "2017-12-31"), (None, "2020-05-31"), "cannot be told", "cannot be told"),
        ((None, "2016-01-01"), ("2020-01-01", None), "at least 1,461 days (about 4 years)", "≥ 4 years"),
        (
            ("2017-01-01", "2017-12-31"), ("2020-01-01", "2020-05-31"),
            "731–1,246 days (about 2–3.5 years)", "2–3.5 years",
        ),
        (
            ("2017-01-01", "2020-05-31"), ("2017-01-01", "2020-05-31"),
            "at most 1,246 days (about 3.5 years)", "≤ 3.5 years",
        ),
        (("2017-01-01", "2017-01-01"), ("2020-01-01", "2020-01-01"), "1,095 days (about 2.9 years)", "2.9 years"),
    ],
)  # fmt: skip
def test_a_stay_is_no_surer_than_its_days(
    entered: tuple[str | None, str | None], left: tuple[str | None, str | None], en: str, short: str
) -> None:
    stay = Stay.between(entered, left)
    assert stay.text("en") == en
    assert stay.short("en") == short
    assert stay.text("zh")
    assert stay.short("zh")


def test_a_state_that_was_only_observed_may_have_begun_earlier() -> None:
    days = ("2020-01-01", "2020-01-01"), ("2020-02-01", "2020-02-01")
    assert Stay.between(*days, known=False).text("en") == "at least 31 days"


@given(DAYS, st.integers(0, 900), st.integers(0, 900), st.integers(0, 900), st.data())
def test_the_true_length_lies_between(start: date, wide: int, after: int, wide_too: int, data: st.DataObject) -> None:
    """Whatever day in its bounds an act really happened on, the stay says a range that holds the true length."""
    entered = start, start + timedelta(wide)
    left = start + timedelta(after), start + timedelta(after) + timedelta(wide_too)
    really = data.draw(st.dates(*entered))
    gone = data.draw(st.dates(max(really, left[0]), max(really, left[1])))
    stay = Stay.between((entered[0].isoformat(), entered[1].isoformat()), (left[0].isoformat(), left[1].isoformat()))
    if gone <= left[1]:
        assert stay.low <= (gone - really).days <= (stay.high or 0)
