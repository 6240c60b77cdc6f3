"""What would decide a round that is open: found by trying the votes that are still to come, not by a second arithmetic.

Every count is the fewest votes that decide while nobody else votes, taken in the order in which people may sign; among
those who may sign at once, the heaviest first. With `wait` nothing decides before everybody has voted: then `approvals`
is the fewest approvals among the votes to come with which it is approved, `rejections` the fewest rejections with which
it is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.quorum import UNDECIDED, tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.definition.model import Quorum

    Tasks = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What would decide a round; None: these votes alone cannot.

    `abstentions` alone lead to `abstained`, an outcome. `vetoes` are the tasks whose rejection alone rejects, before
    whose vote nothing is approved. `weight` is what approvals must still bring together under a quorum by weight.
    """

    approvals: int | None
    rejections: int | None
    abstentions: int | None
    abstained: str
    vetoes: tuple[str, ...]
    weight: int
    wait: bool


def prospect(quorum: Quorum, tasks: Tasks, need: int | None = None) -> Prospect:
    """Try the votes to come of an open round's tasks; `need` as the round has it, if signers were changed."""
    pending = [number for number in sorted(tasks, key=int) if tasks[number]["state"] in UNDECIDED]
    vetoes = tuple(number for number in pending if tasks[number].get("veto"))
    trial = _Trial(quorum, tasks, need)
    for_ = sorted(pending, key=lambda n: (tasks[n]["step"], n not in vetoes, -tasks[n].get("weight", 1)))
    against = [number for number in for_ if number not in vetoes]
    approvals = trial.fewest(for_, "approved", "rejected")
    rejections = trial.fewest(against, "rejected", "approved", rest=vetoes)
    abstentions, outcome = trial.abstaining(for_)
    count = tally(quorum, tasks.values(), need)
    weight = max(count.need - count.approve, 0) if quorum.kind == "weight" else 0
    return Prospect(approvals, rejections, abstentions, outcome, vetoes, weight, quorum.wait)


class _Trial:
    """Tries votes on a copy of the tasks."""

    def __init__(self, quorum: Quorum, tasks: Tasks, need: int | None) -> None:
        self._quorum, self._tasks, self._need = quorum, tasks, need

    def fewest(self, order: Sequence[str], vote: str, other: str, *, rest: Sequence[str] = ()) -> int | None:
        """Return the fewest of these votes that bring about what they want.

        Under `wait` the others vote `other`, and so do the tasks of `rest`.
        """
        for count in range(0 if self._quorum.wait else 1, len(order) + 1):
            votes = dict.fromkeys(order[:count], vote)
            if self._quorum.wait:
                votes |= dict.fromkeys([*order[count:], *rest], other)
            if self._outcome(votes) == vote:
                return count
        return None

    def abstaining(self, order: Sequence[str]) -> tuple[int | None, str]:
        """Return how many abstentions alone decide, and the outcome."""
        for count in range(1, len(order) + 1):
            outcome = self._outcome(dict.fromkeys(order[:count], "abstained"))
            if outcome is not None:
                return count, outcome
        return None, ""

    def _outcome(self, votes: Mapping[str, str]) -> str | None:
        tried = [{**task, "state": votes.get(number, task["state"])} for number, task in self._tasks.items()]
        return tally(self._quorum, tried, self._need).outcome(wait=self._quorum.wait)
