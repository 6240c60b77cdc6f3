"""Working days: Saturday and Sunday are rest, and a calendar says otherwise for the days that it names.

Which days are holidays, and which weekends are worked on, the General Office of the State Council says for each year
(国务院办公厅关于部分节假日安排的通知). An administrator publishes them in the log; the library ships none. A
calendar is a document under its digest, so that what was decided by it can be decided again.

    {"rest":["2026-10-01",…],"work":["2026-10-10",…]}      ISO days, each list sorted
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import canonical, parse_canonical
from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The reserved instance on which calendars are published; the newest is in force.
CALENDAR = "~calendar"
_SATURDAY = 5
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are not what their weekday says, as ISO days: `rest` on weekdays, `work` on weekends."""

    rest: frozenset[str] = frozenset()
    work: frozenset[str] = frozenset()

    def works(self, day: str) -> bool:
        """Tell whether an ISO day is a working day."""
        if day in self.rest or day in self.work:
            return day in self.work
        return date.fromisoformat(day).weekday() < _SATURDAY

    def counts_for(self, day: str) -> str:
        """Return the working day that an ISO day counts for: itself, or the next after days of rest."""
        while not self.works(day):
            day = next_day(day)
        return day

    def document(self) -> str:
        """Return the document, canonical JSON."""
        return canonical({"rest": sorted(self.rest), "work": sorted(self.work)})


#: What holds where no calendar is published.
WEEKENDS = Calendar()


def next_day(day: str) -> str:
    """Return the ISO day after one; the last day that there is stays itself."""
    found = date.fromisoformat(day)
    return day if found == date.max else (found + _ONE).isoformat()


def parse(body: str) -> Calendar:
    """Read the document of a calendar. Raises ValueError for what is none."""
    found: Any = parse_canonical(body)
    if not isinstance(found, dict) or found.keys() != {"rest", "work"}:
        raise ValueError("no calendar")
    for days in found.values():
        if not isinstance(days, list) or days != sorted(set(days)):
            raise ValueError("days not sorted")
        if not all(map(_is_day, days)):
            raise ValueError("no day")
    if set(found["rest"]) & set(found["work"]):
        raise ValueError("a day of rest and of work")
    return Calendar(frozenset(found["rest"]), frozenset(found["work"]))


def read(lines: Iterable[str]) -> Calendar:
    """Read a calendar as people write it: `2026-10-01 rest` or `2026-10-10 work` in each line, `#` begins a comment.

    Raises InvalidInput `calendar_line` with the line's number.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        day, what = (*words, "")[:2]
        good = len(words) == len((day, what)) and what in ("rest", "work") and found.setdefault(day, what) == what
        if not good or not _is_day(day):
            raise InvalidInput("calendar_line", line=number, text=line.strip()[:80])
    if not found:
        raise InvalidInput("calendar_empty")
    rest, work = (frozenset(day for day, what in found.items() if what == kind) for kind in ("rest", "work"))
    return Calendar(rest, work)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
