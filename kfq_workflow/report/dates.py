"""Days and stretches of time as people say them, no surer than they are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from kfq_workflow.edtf import instant_text
from kfq_workflow.report.words import phrase

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_QUARTERS = {"33": 1, "34": 2, "35": 3, "36": 4}
_HALVES = {"40": "day.first_half", "41": "day.second_half"}
_PART = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_YEAR = 365.2425
#: From here on a stay is also said in years.
_LONG = 730


def spoken(edtf: str | None, lang: str) -> str:
    """Return EDTF text as people say it; None is an unknown day, and text that is none says itself."""
    if edtf is None or edtf == "promptly":
        return phrase("promptly" if edtf else "unknown_day", lang)
    inner = edtf[1:-1] if edtf.startswith("[") else edtf
    first, dots, last = inner.partition("..")
    if dots:
        code = "range" if first and last else "to" if last else "from"
        return phrase(f"day.{code}", lang, first=_one(first, lang), last=_one(last, lang))
    parts = [_one(part, lang) for part in inner.split(",")]
    if len(parts) == 1:
        return parts[0]
    return phrase("day.one_of", lang, days=("、" if lang == "zh" else ", ").join(parts))


def _one(part: str, lang: str) -> str:
    """Return a date without brackets."""
    found = _PART.fullmatch(part)
    if found is None:
        return part
    year, month, day = int(found[1]), found[2] or "", found[3]
    if month in _QUARTERS:
        return phrase("day.quarter", lang, year=year, n=_QUARTERS[month])
    if month in _HALVES:
        return phrase(_HALVES[month], lang, year=year)
    if not month:
        return phrase("day.year", lang, year=year)
    if not 1 <= int(month) <= len(_MONTHS):
        return part
    name = _MONTHS[int(month) - 1]
    return phrase("day.day" if day else "day.month", lang, year=year, n=int(month), name=name, day=int(day or 0))


def day_of(at: int, utc_offset: int) -> str:
    """Return the local ISO day of an instant."""
    return instant_text(at, utc_offset)[:10]


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a state lasted, in days: at least `low`, at most `high`; None is not known."""

    low: int
    high: int | None

    @classmethod
    def between(
        cls, entered: tuple[str | None, str | None], left: tuple[str | None, str | None], *, known: bool = True
    ) -> Stay:
        """Return what two days say that are known only so far, each as its earliest and its latest ISO day.

        Not `known`: the state may have begun before it was put on record.
        """
        low = _days(entered[1], left[0])
        high = _days(entered[0], left[1]) if known else None
        return cls(max(low or 0, 0), None if high is None else max(high, 0))

    @property
    def kind(self) -> str:
        """What can be told: unknown, least, most, same (day), days (exactly so many), range."""
        if self.high is None:
            return "least" if self.low else "unknown"
        if self.low >= self.high:
            return "days" if self.high else "same"
        return "range" if self.low else "most"

    def text(self, lang: str) -> str:
        """Return it in full: days, and from two years on about how many years."""
        low, high = self.low, self.high if self.high is not None else self.low
        one = "stay.day" if self.kind == "days" and high == 1 else f"stay.{self.kind}"
        n = low if self.kind == "least" else high
        said = phrase(one, lang, n=f"{n:,}", low=f"{low:,}", high=f"{high:,}")
        if max(low, high) < _LONG:
            return said
        code = "stay.years.range" if self.kind == "range" else "stay.years"
        years = _up(high) if self.kind == "most" else _down(low)
        return said + phrase(code, lang, n=years, low=_down(low), high=_up(high))

    def short(self, lang: str) -> str:
        """Return it in a few letters for the diagram: long ones in years, rounded outwards."""
        low, high = self.low, self.high if self.high is not None else self.low
        if max(low, high) >= _LONG:
            years = _up(high) if self.kind == "most" else _down(low)
            return phrase(f"short.years.{self.kind}", lang, n=years, low=_down(low), high=_up(high))
        if self.kind in ("least", "most"):
            return phrase(f"short.days.{self.kind}", lang, n=max(low, high))
        return self.text(lang)


def _days(first: str | None, last: str | None) -> int | None:
    if first is None or last is None:
        return None
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _down(days: int) -> str:
    return f"{int(days / _YEAR * 10) / 10:g}"


def _up(days: int) -> str:
    return f"{-int(-days / _YEAR * 10 // 1) / 10:g}"
