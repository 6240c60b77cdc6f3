"""Days that are known only so far: a strict reader of a small part of EDTF (ISO 8601-2:2019), and days of instants.

    2017                          a year, 0001 to 9999
    2020-40   2020-41             a half year                   EDTF level 2, sub-year groupings 40 and 41
    2020-33 … 2020-36             a quarter                     the same, 33 to 36
    2020-05                       a month
    2020-05-09                    a day
    [2017-01..2020-05]            one unknown day in the range, both ends of one precision
    [..2017]   [2017..]           … on or before, on or after
    [2017,2019,2020-05]           one of these, in their order, none touching another

Every text means one day that is known only so far, between its earliest and its latest day. A meaning has one
spelling: ASCII digits, no spaces, no range of one, no list out of order. Seasons are refused because their days
depend on the hemisphere and on the calendar meant; `?`, `~` and `X` because they widen a date by an amount that
nobody has said; intervals (`a/b`) and `{}` because they are not one moment.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000

_EPOCH = date(1970, 1, 1).toordinal()
_PART = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
#: Made of EDTF's characters, at least one of which only its richer forms use: real EDTF, very likely, but not ours.
_RICHER = re.compile(r"[-+0-9.,:\[\]EZ]*[?~%X/{}YTS][-+0-9.,:\[\]EZ?~%X/{}YTS]*")

#: What stands where the month stands: its precision, its first month and its last.
_MONTHS: dict[str, tuple[str, int, int]] = {
    **{f"{month:02}": ("month", month, month) for month in range(1, 13)},
    **{str(33 + quarter): ("quarter", 3 * quarter + 1, 3 * quarter + 3) for quarter in range(4)},
    **{str(40 + half): ("half", 6 * half + 1, 6 * half + 6) for half in range(2)},
}
#: Codes that ISO 8601-2 gives a meaning and this parser does not take: seasons (21 to 32), thirds of a year (37 to 39).
_REFUSED_CODES = frozenset(str(code) for code in (*range(21, 33), *range(37, 40)))

Order = Literal["before", "after", "same", "unknown"]


class InvalidDate(ValueError):
    """A text is no date, or not one that is taken here.

    `text` is the whole text as it was given. `reason` is a code: `malformed` (no such notation), `impossible` (no
    such day, month or time), `reversed` (the end lies before the beginning), `redundant` (a range or list that has
    a shorter spelling), `mixed_precision` (a range from a year to a day), `unsupported` (EDTF, but not taken here).
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.text[:80]!a} is not a valid date: {self.reason}"


@dataclass(frozen=True, slots=True)
class Day:
    """One day that may be known only so far.

    `edtf` is the text as it was written; `lo` and `hi` are the earliest and the latest day it can be, both included,
    as ISO text `YYYY-MM-DD`, so that comparing the texts compares the days. None is open: nothing is said on that
    side. Between the members of a list `lo` and `hi` also span the gaps. A day of which nothing at all is known is
    no `Day`, but the absence of one.
    """

    edtf: str
    lo: str | None
    hi: str | None

    @classmethod
    def exact(cls, day: date | str) -> Day:
        """Return a day that is known exactly, from a date or from ISO text `YYYY-MM-DD`.

        Raises InvalidDate for text of another precision, and for a datetime: which day it falls on depends on an
        offset, see `day_of`.
        """
        text = day if isinstance(day, str) else day.isoformat()
        if not _ISO_DAY.fullmatch(text):
            raise InvalidDate(text, "malformed")
        return parse(text)


class _Span(NamedTuple):
    """One date without brackets: how precise it is, and its first and last day."""

    precision: str
    lo: str
    hi: str


def parse(text: str) -> Day:
    """Read a date in the notation above.

    Raises InvalidDate, and nothing else, for every other text.
    """
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        return _range(inner, text) if ".." in inner else _one_of(inner, text)
    span = _span(text, text)
    return Day(text, span.lo, span.hi)


def _range(inner: str, text: str) -> Day:
    """Read `a..b`, `..b` or `a..`: one unknown day of the range, not all of them."""
    if "," in inner:
        raise InvalidDate(text, "unsupported")
    first, _, last = inner.partition("..")
    if not first and not last:
        raise InvalidDate(text, "malformed")
    low = _span(first, text) if first else None
    high = _span(last, text) if last else None
    if low is not None and high is not None:
        if low.precision != high.precision:
            raise InvalidDate(text, "mixed_precision")
        _check_ascending(low, high, text)
    return Day(text, None if low is None else low.lo, None if high is None else high.hi)


def _one_of(inner: str, text: str) -> Day:
    """Read `a,b,c`: two members or more, each wholly after the one before it; precisions may differ."""
    members = [_span(part, text) for part in inner.split(",")]
    if len(members) == 1:
        raise InvalidDate(text, "redundant")
    for earlier, later in pairwise(members):
        _check_ascending(earlier, later, text)
    return Day(text, members[0].lo, members[-1].hi)


def _check_ascending(earlier: _Span, later: _Span, text: str) -> None:
    if later.lo > earlier.hi:
        return
    raise InvalidDate(text, "reversed" if later.lo < earlier.lo else "redundant")


def _span(part: str, text: str) -> _Span:
    """Read one date without brackets; `text` is the whole that an error names."""
    found = _PART.fullmatch(part)
    if found is None:
        raise InvalidDate(text, "unsupported" if _RICHER.fullmatch(part) else "malformed")
    year, code, day = found.groups()
    if year == "0000":
        raise InvalidDate(text, "impossible")
    if code is None:
        return _Span("year", f"{year}-01-01", f"{year}-12-31")
    if code not in _MONTHS:
        raise InvalidDate(text, "unsupported" if code in _REFUSED_CODES and day is None else "impossible")
    precision, first, last = _MONTHS[code]
    last_day = monthrange(int(year), last)[1]
    if day is None:
        return _Span(precision, f"{year}-{first:02}-01", f"{year}-{last:02}-{last_day}")
    if precision != "month" or not 1 <= int(day) <= last_day:
        raise InvalidDate(text, "impossible")
    return _Span("day", part, part)


def compare(a: Day, b: Day) -> Order:
    """Tell whether `a` is certainly before, after or the same day as `b`, else `unknown`.

    Two equal texts are the same day only if they are exact: two things of 2017 need not share a day.
    """
    if a.hi is not None and b.lo is not None and a.hi < b.lo:
        return "before"
    if a.lo is not None and b.hi is not None and a.lo > b.hi:
        return "after"
    if a.lo is not None and a.lo == a.hi == b.lo == b.hi:
        return "same"
    return "unknown"


def day_of(at_us: int, utc_offset_minutes: int) -> str:
    """Return the local day of an instant as ISO text `YYYY-MM-DD`.

    `at_us` is µs since 1970 UTC and may be negative; `utc_offset_minutes` counts east of UTC (480 in China). Raises
    InvalidDate (`impossible`) outside the years 0001 to 9999.
    """
    days = (at_us + utc_offset_minutes * MINUTE_US) // DAY_US
    try:
        return date.fromordinal(_EPOCH + days).isoformat()
    except (ValueError, OverflowError):
        raise InvalidDate(str(at_us), "impossible") from None


def instant_text(at_us: int, utc_offset_minutes: int) -> str:
    """Return an instant, µs since 1970 UTC, as local text to the second; one outside of time as its number."""
    try:
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us, minutes=utc_offset_minutes)
    except (OverflowError, TypeError):
        return str(at_us)
    return local.strftime("%Y-%m-%d %H:%M:%S")


def parse_instant(text: str, utc_offset_minutes: int) -> int:
    """Read an instant and return it in µs since 1970 UTC.

    `YYYY-MM-DD` is the last microsecond of that local day, so that what was recorded on it counts as known.
    `YYYY-MM-DDTHH:MM[:SS[.ffffff]]` is that instant, one to six decimals, with `Z` or `±HH:MM` after it; without, and
    for a day, `utc_offset_minutes` east of UTC holds. Raises InvalidDate for every other text, also for `24:00` and
    `-00:00`, which are second spellings, and for leap seconds, which µs since 1970 do not count.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise InvalidDate(text, "malformed")
    day, hour, minute, second, fraction, zone = found.groups()
    midnight = (date.fromisoformat(_span(day, text).lo).toordinal() - _EPOCH) * DAY_US
    if hour is None:
        return midnight + DAY_US - 1 - utc_offset_minutes * MINUTE_US
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise InvalidDate(text, "impossible")
    seconds = (int(hour) * 60 + int(minute)) * 60 + int(second or 0)
    offset = utc_offset_minutes if zone is None else _offset(zone, text)
    return midnight + seconds * 1_000_000 + int((fraction or "").ljust(6, "0")) - offset * MINUTE_US


def _offset(zone: str, text: str) -> int:
    """Return `Z` or `±HH:MM` in minutes east of UTC."""
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 23 or minutes > 59 or zone == "-00:00":
        raise InvalidDate(text, "impossible")
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)
