"""Reading days that are known only so far, and the days of instants."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kfq_workflow.edtf import DAY_US, Day, InvalidDate, compare, day_of, parse, parse_instant

CHINA = 480


@pytest.mark.parametrize(
    ("text", "lo", "hi"),
    [
        ("2017", "2017-01-01", "2017-12-31"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2019-02", "2019-02-01", "2019-02-28"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("2000-02-29", "2000-02-29", "2000-02-29"),
        ("2020-05-09", "2020-05-09", "2020-05-09"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("2020-40", "2020-01-01", "2020-06-30"),
        ("2020-41", "2020-07-01", "2020-12-31"),
        ("2020-33", "2020-01-01", "2020-03-31"),
        ("2020-34", "2020-04-01", "2020-06-30"),
        ("2020-35", "2020-07-01", "2020-09-30"),
        ("2020-36", "2020-10-01", "2020-12-31"),
        ("[..2017]", None, "2017-12-31"),
        ("[..2020-02]", None, "2020-02-29"),
        ("[2017..]", "2017-01-01", None),
        ("[2017..2018]", "2017-01-01", "2018-12-31"),
        ("[2017-01..2020-05]", "2017-01-01", "2020-05-31"),
        ("[2017-06-01..2017-07-12]", "2017-06-01", "2017-07-12"),
        ("[2020-40..2021-41]", "2020-01-01", "2021-12-31"),
        ("[2017,2019]", "2017-01-01", "2019-12-31"),
        ("[1667,1760-12]", "1667-01-01", "1760-12-31"),
        ("[2017-03-01,2017-03-08,2018]", "2017-03-01", "2018-12-31"),
    ],
)
def test_a_date_has_an_earliest_and_a_latest_day(text: str, lo: str | None, hi: str | None) -> None:
    assert parse(text) == Day(text, lo, hi)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("promptly", "malformed"),
        ("unreported", "malformed"),
        ("17", "malformed"),
        ("20170", "malformed"),
        ("2017-5", "malformed"),
        ("2017-05-9", "malformed"),
        ("201705", "malformed"),
        ("2017-0509", "malformed"),
        ("2017/05", "unsupported"),
        ("2017-W05", "malformed"),
        ("+2017", "malformed"),
        ("-2017", "malformed"),
        (" 2017", "malformed"),
        ("2017 ", "malformed"),
        ("2017\n", "malformed"),
        ("[2017\n]", "malformed"),
        ("2_17", "malformed"),
        ("２０１７", "malformed"),
        ("٢٠١٧", "malformed"),
        ("2017\N{EN DASH}05", "malformed"),
        ("\x00", "malformed"),
        ("\ud800", "malformed"),
        ("[]", "malformed"),
        ("[..]", "malformed"),
        ("..", "malformed"),
        ("2017..2018", "malformed"),
        ("[2017...2018]", "malformed"),
        ("[2017.. 2018]", "malformed"),
        ("[2017..2018..2019]", "malformed"),
        ("[[2017..2018]]", "malformed"),
        ("[2017..2018", "malformed"),
        ("[2017,,2019]", "malformed"),
        ("[2017, 2019]", "malformed"),
        ("[2017,2019,]", "malformed"),
        ("0000", "impossible"),
        ("[..0000]", "impossible"),
        ("2019-02-29", "impossible"),
        ("1900-02-29", "impossible"),
        ("2019-04-31", "impossible"),
        ("2019-04-00", "impossible"),
        ("2019-00", "impossible"),
        ("2019-13", "impossible"),
        ("2019-20", "impossible"),
        ("2019-42", "impossible"),
        ("2019-99", "impossible"),
        ("2019-33-01", "impossible"),
        ("2019-40-01", "impossible"),
        ("2019-21-01", "impossible"),
        ("[2019..2018]", "reversed"),
        ("[2019-05-02..2019-05-01]", "reversed"),
        ("[2019,2018]", "reversed"),
        ("[2019-05,2019]", "reversed"),
        ("[2019..2019]", "redundant"),
        ("[2019,2019]", "redundant"),
        ("[2019]", "redundant"),
        ("[2019,2019-05]", "redundant"),
        ("[2019-01,2019]", "redundant"),
        ("[2017..2018-05]", "mixed_precision"),
        ("[2019-01..2019-01-31]", "mixed_precision"),
        ("[2020-40..2020-12]", "mixed_precision"),
        ("[2020-33..2020-41]", "mixed_precision"),
        ("[2019-05..2017]", "mixed_precision"),
        ("2019-21", "unsupported"),
        ("2019-24", "unsupported"),
        ("2019-25", "unsupported"),
        ("2019-32", "unsupported"),
        ("2019-37", "unsupported"),
        ("2019?", "unsupported"),
        ("2019-05~", "unsupported"),
        ("2019-05-01%", "unsupported"),
        ("201X", "unsupported"),
        ("Y17000", "unsupported"),
        ("2017/2018", "unsupported"),
        ("{2017,2018}", "unsupported"),
        ("2019-05-01T10:00", "unsupported"),
        ("[2017..2018]?", "unsupported"),
        ("[2017?..2018]", "unsupported"),
        ("[2015,2017..2018]", "unsupported"),
    ],
)
def test_everything_else_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        parse(text)
    assert (caught.value.text, caught.value.reason) == (text, reason)


def test_the_error_is_a_value_error_that_can_be_shown_and_pickled() -> None:
    error = InvalidDate("２０１７" + "x" * 200, "malformed")
    assert isinstance(error, ValueError)
    assert str(error).isascii()
    assert len(str(error)) < 200
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (copy.text, copy.reason) == (error.text, error.reason)


def test_an_exact_day() -> None:
    assert Day.exact("2020-05-09") == Day.exact(date(2020, 5, 9)) == Day("2020-05-09", "2020-05-09", "2020-05-09")
    assert Day.exact(date(7, 1, 2)).lo == "0007-01-02"


@pytest.mark.parametrize("text", ["2020", "2020-05", "[2020..2021]", "20200509", "2020-05-09\n"])
def test_exact_refuses_other_precisions(text: str) -> None:
    with pytest.raises(InvalidDate, match="malformed"):
        Day.exact(text)


def test_exact_refuses_impossible_days_and_datetimes() -> None:
    with pytest.raises(InvalidDate, match="impossible"):
        Day.exact("2019-02-29")
    with pytest.raises(InvalidDate, match="malformed"):
        Day.exact(datetime(2020, 5, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        ("2017", "2018", "before"),
        ("2018", "2017", "after"),
        ("2017-12-31", "2018-01-01", "before"),
        ("2017", "2017", "unknown"),
        ("2017", "2017-12-31", "unknown"),
        ("2017-05-09", "2017-05-09", "same"),
        ("2020-40", "2020-06-30", "unknown"),
        ("2020-40", "2020-07-01", "before"),
        ("[..2017]", "2018", "before"),
        ("2018", "[..2017]", "after"),
        ("[..2017]", "[..2018]", "unknown"),
        ("[..2017]", "[2018..]", "before"),
        ("[2018..]", "[2019..]", "unknown"),
        ("[..2018]", "[2018..]", "unknown"),
    ],
)
def test_comparing_has_certain_answers_only(a: str, b: str, answer: str) -> None:
    assert compare(parse(a), parse(b)) == answer


def test_two_open_days_are_not_the_same() -> None:
    nothing = Day("", None, None)
    assert compare(nothing, nothing) == "unknown"


@pytest.mark.parametrize(
    ("at", "offset", "day"),
    [
        (0, 0, "1970-01-01"),
        (-1, 0, "1969-12-31"),
        (-DAY_US, 0, "1969-12-31"),
        (-DAY_US - 1, 0, "1969-12-30"),
        (DAY_US - 1, 0, "1970-01-01"),
        (DAY_US, 0, "1970-01-02"),
        (16 * 3_600_000_000 - 1, CHINA, "1970-01-01"),
        (16 * 3_600_000_000, CHINA, "1970-01-02"),
        (0, -1, "1969-12-31"),
    ],
)
def test_the_local_day_of_an_instant(at: int, offset: int, day: str) -> None:
    assert day_of(at, offset) == day


@pytest.mark.parametrize("at", [10**18, -(10**18), 10**40, -(10**40)])
def test_an_instant_outside_the_years_has_no_day(at: int) -> None:
    with pytest.raises(InvalidDate, match="impossible"):
        day_of(at, 0)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T08:00", 0),
        ("1970-01-01T08:00+08:00", 0),
        ("1969-12-31T18:30-05:30", 0),
        ("1970-01-01T00:00+00:00", 0),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01", 16 * 3_600_000_000 - 1),
        ("0001-01-01T00:00+14:00", -62_135_596_800_000_000 - 14 * 3_600_000_000),
    ],
)
def test_an_instant_is_read_at_the_logs_offset(text: str, at: int) -> None:
    assert parse_instant(text, CHINA) == at


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("2020", "malformed"),
        ("2020-05", "malformed"),
        ("[2020-05-01..2020-05-02]", "malformed"),
        ("2020-05-09Z", "malformed"),
        ("2020-05-09 10:00", "malformed"),
        ("2020-05-09t10:00", "malformed"),
        ("2020-05-09T10", "malformed"),
        ("2020-05-09T10:0", "malformed"),
        ("2020-05-09T1000", "malformed"),
        ("2020-05-09T10:00z", "malformed"),
        ("2020-05-09T10:00+08", "malformed"),
        ("2020-05-09T10:00+0800", "malformed"),
        ("2020-05-09T10:00.5", "malformed"),
        ("2020-05-09T10:00:00.", "malformed"),
        ("2020-05-09T10:00:00,5", "malformed"),
        ("2020-05-09T10:00:00.1234567", "malformed"),
        ("2020-05-09T１0:00", "malformed"),
        ("2020-05-09\n", "malformed"),
        ("0000-05-09", "impossible"),
        ("2020-33-09", "impossible"),
        ("2020-02-30T10:00", "impossible"),
        ("2020-05-09T24:00", "impossible"),
        ("2020-05-09T10:60", "impossible"),
        ("2020-06-30T23:59:60Z", "impossible"),
        ("2020-05-09T10:00+24:00", "impossible"),
        ("2020-05-09T10:00+08:60", "impossible"),
        ("2020-05-09T10:00-00:00", "impossible"),
    ],
)
def test_no_other_instant_is_read(text: str, reason: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        parse_instant(text, CHINA)
    assert (caught.value.text, caught.value.reason) == (text, reason)


PARTS = st.one_of(
    st.integers(1, 9999).map("{:04}".format),
    st.builds(
        "{:04}-{:02}".format,
        st.integers(1, 9999),
        st.sampled_from([*range(1, 13), 33, 34, 35, 36, 40, 41]),
    ),
    st.dates().map(date.isoformat),
)
TEXTS = st.one_of(
    PARTS,
    st.builds("[{}..{}]".format, PARTS | st.just(""), PARTS | st.just("")),
    st.lists(PARTS, min_size=1, max_size=4, unique=True).map(lambda parts: f"[{','.join(sorted(parts))}]"),
)
NEARLY = st.text(alphabet="0123456789-.,[]?~XTZ:+/ \n０", max_size=24)


def is_read(text: str) -> Day | None:
    try:
        return parse(text)
    except InvalidDate as error:
        assert error.text == text  # noqa: PT017
        return None


@given(TEXTS | NEARLY | st.text())
@example("[2017-01..2020-05]")
def test_what_is_read_keeps_its_text_and_bounds_that_are_days(text: str) -> None:
    day = is_read(text)
    if day is None:
        return
    assert day.edtf == text
    for bound in (day.lo, day.hi):
        assert bound is None or date.fromisoformat(bound).isoformat() == bound
    if day.lo is not None and day.hi is not None:
        assert day.lo <= day.hi
    assert (day.lo is None) == text.startswith("[..")
    assert (day.hi is None) == text.endswith("..]")


@given(PARTS)
def test_every_single_date_is_read_and_is_its_own_span(part: str) -> None:
    day = parse(part)
    assert day.lo is not None
    assert day.hi is not None
    assert parse(f"[..{part}]").hi == day.hi
    assert parse(f"[{part}..]").lo == day.lo
    if day.lo != day.hi:
        assert parse(f"[{day.lo}..{day.hi}]") == Day(f"[{day.lo}..{day.hi}]", day.lo, day.hi)


@given(st.dates())
def test_a_day_goes_there_and_back(day: date) -> None:
    assert Day.exact(day) == Day.exact(day.isoformat()) == parse(day.isoformat())
    assert Day.exact(day).lo == day.isoformat()


@given(TEXTS, TEXTS)
def test_comparing_both_ways_agrees(first: str, second: str) -> None:
    a, b = is_read(first), is_read(second)
    assume(a is not None and b is not None)
    assert a is not None
    assert b is not None
    mirrored = {"before": "after", "after": "before", "same": "same", "unknown": "unknown"}
    assert compare(b, a) == mirrored[compare(a, b)]


@given(st.dates(), st.integers(-14 * 60, 14 * 60))
def test_a_day_ends_with_its_last_microsecond(day: date, offset: int) -> None:
    end = parse_instant(day.isoformat(), offset)
    assert day_of(end, offset) == day.isoformat()
    assert day_of(end - DAY_US + 1, offset) == day.isoformat()
    if day < date.max:
        assert day_of(end + 1, offset) == (day + timedelta(days=1)).isoformat()


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    ),
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_what_the_standard_library_reads(moment: datetime, offset: int) -> None:
    at = parse_instant(moment.isoformat(), CHINA)
    assert at == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert day_of(at, offset) == moment.astimezone(timezone(timedelta(minutes=offset))).date().isoformat()


@given(NEARLY | st.text() | st.datetimes().map(lambda moment: moment.isoformat(timespec="minutes")))
def test_an_instant_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_instant(text, CHINA), int)
    except InvalidDate as error:
        assert error.text == text  # noqa: PT017
