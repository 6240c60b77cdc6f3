"""Retired document numbers: what the chains of the numbers say, and whether a paper was laid with one of them.

The chains are read once and before all else: they are few, and whoever laid a paper may come before them in the order
of the log. Which of two acts on different instances came first is told by the database's clock alone. So a number laid
within a minute of its retirement is a warning: the one may not have seen the other, since both were under way.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval import numbers
from kfq_workflow.verify.past import OVERLAP_US, bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.verify.past import Chains

    Facts = Mapping[str, Any]

_NUMBER = re.compile(r'"number":("(?:[^"\\]|\\.)*")')


class Retired:
    """The numbers that were ever retired, and from when until when."""

    def __init__(self, source: Chains) -> None:
        self._source = source
        #: For each chain when its entries were made, and what each left: before the first one nothing.
        self._chains: dict[str, tuple[list[int], list[Facts]]] = {}
        self._forms: set[str] = set()
        for row, body in bodies(_entries(source)):
            times, facts = self._chains.setdefault(row.instance, ([], [{}]))
            try:
                after = numbers.apply(facts[-1], row.kind, body)
                self._forms.add(numbers.form(body["number"]))
            except (KeyError, TypeError, AttributeError):
                continue  # the judge of the chain reports it
            times.append(row.at)
            facts.append(after)

    def touched(self, text: str | bytes) -> bool:
        """Tell whether a body may lay a number that was ever retired, so that it must be looked at by itself."""
        if not self._forms:
            return False
        text = text if isinstance(text, str) else text.decode(errors="surrogateescape")
        return any(numbers.form(json.loads(found)) in self._forms for found in _NUMBER.findall(text))

    def reasons(
        self, papers: Sequence[Mapping[str, Any]], at: int
    ) -> tuple[list[numbers.Reason], list[numbers.Reason]]:
        """Return why papers could not be laid at an instant (µs since 1970 UTC), and why perhaps they could not.

        The latter are numbers that were retired, but not yet a minute before.
        """
        if not self._forms:
            return [], []
        keys = [key for key in numbers.chains(papers) if key in self._chains]
        perhaps, certain = (self._throughout(papers, keys, since, at) for since in (at, at - OVERLAP_US))
        return certain, [reason for reason in perhaps if reason not in certain]

    def _throughout(
        self, papers: Sequence[Mapping[str, Any]], keys: Iterable[str], since: int, until: int
    ) -> list[numbers.Reason]:
        """Return why papers could not be laid at any time from one instant to another, both included."""
        found: list[numbers.Reason] = []
        for key in keys:
            times, facts = self._chains[key]
            states = facts[bisect_left(times, since) : bisect_right(times, until) + 1]
            each = [numbers.reasons(papers, {key: state}) for state in states]
            found += [reason for reason in each[0] if all(reason in others for others in each[1:])]
        return found

    def laid(self, instance: str, before: int) -> Iterable[Mapping[str, Any]]:
        """Yield the bodies of an instance's entries before one."""
        for row, body in bodies(self._source.entries(instance)):
            if row.seq >= before:
                return
            yield body

    def body(self, instance: str, seq: int) -> Mapping[str, Any]:
        """Return the body of one entry; empty where there is none."""
        found: Iterator[tuple[Row, dict[str, Any]]] = bodies(self._source.entries(instance))
        return next((body for row, body in found if row.seq == seq), {})


def _entries(source: Chains) -> Iterable[Row]:
    """Return the entries of the numbers' chains, as the source gives them if it can, else by looking at all of them."""
    own: Callable[[], Iterable[Row]] | None = getattr(source, "numbers", None)
    if own is not None:
        return own()
    every: Callable[[], Iterable[Row]] = source.entries  # type: ignore[assignment]  # a whole log yields all without
    return (row for row in every() if str(row.instance).startswith(f"{numbers.NUMBERS}/"))
