"""A moment that one asks about: as of which day, and as known at which instant.

As it is written:

    2020-06-01                   at the end of that day, by all that is known now
    @2020-06-02                  all that was on record by the end of that day; @2020-06-02T09:30 to the minute
    2020-06-01@2020-06-02        at the end of the one day, by what was on record at the end of the other
    now                          by all that is on record, whatever its day
"""

from __future__ import annotations

from dataclasses import dataclass

from kfq_workflow.edtf import Day, InvalidDate, parse_instant
from kfq_workflow.errors import InvalidInput

NOW = "now"


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: the two questions, when something happened and when it was recorded, asked together.

    `as_of` is an ISO day, at whose end one asks what was, None for whenever; `known_at` is an instant in µs since 1970
    UTC by which it was recorded, None for all that is known.
    """

    as_of: str | None = None
    known_at: int | None = None

    @classmethod
    def parse(cls, text: str, utc_offset: int) -> Moment:
        """Read the notation above; an instant without an offset is at `utc_offset` minutes east of UTC.

        Raises InvalidInput `not_a_moment`.
        """
        if text == NOW:
            return cls()
        day, at, instant = text.partition("@")
        try:
            return cls(
                Day.exact(day).edtf if day or not at else None,
                parse_instant(instant, utc_offset) if at else None,
            )
        except InvalidDate:
            raise InvalidInput("not_a_moment", text=text[:80]) from None
