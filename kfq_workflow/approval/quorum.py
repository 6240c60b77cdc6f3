"""The arithmetic of a quorum: what the votes add up to, and whether that decides the gate.

    asked      every task that is or was to be voted on, also where the gate closed without it; removed,
               transferred and retracted ones are asked no more
    of         the denominator: all asked, without the abstentions where those are `excluded`
    need       all: of · any: 1 · count, weight: as declared · ratio: ⌈of · p/q⌉, with `strict` ⌊of · p/q⌋ + 1

    approved   approve ≥ need, and no signer with a veto is still to vote
    rejected   approve + open < need: even if everybody who is left approves; or a signer with a veto rejects

Both are final as soon as they hold. A vote that is still to come can only move `of` down, and `need` with it, by
abstaining: approvals that suffice now suffice then; and abstaining never lowers `need` by more than approving raises
`approve`. With `wait` the same is asked only when nobody is left to vote. Votes weigh one each except under `weight`.
An abstention is no approval: where all abstain, nothing is approved, unless the gate needs none at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.definition.model import Quorum

#: Task states that still wait for a vote.
UNDECIDED = frozenset({"open", "waiting", "blocked"})
#: Task states of those who were asked and were not needed any more when the gate closed: they stay in the denominator.
_NOT_NEEDED = frozenset({"superseded", "returned", "void"})
_VOTES = {"approved": "approve", "rejected": "reject", "abstained": "abstain"}


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes as they count (by weight under a quorum by weight): of `of`, `need` must approve; `open` are to come."""

    approve: int
    reject: int
    abstain: int
    open: int
    of: int
    need: int
    vetoed: bool = False
    veto_open: bool = False

    def outcome(self, *, wait: bool = False) -> str | None:
        """Return `approved`, `rejected`, or None while it is undecided."""
        if wait and self.open:
            return None
        if self.vetoed:
            return "rejected"
        if self.approve >= self.need and not self.veto_open:
            return "approved"
        return "rejected" if self.approve + self.open < self.need else None

    def plain(self) -> dict[str, int]:
        """Return the tally as a gate keeps it in the snapshot and an entry says it."""
        return {
            "abstain": self.abstain, "approve": self.approve, "need": self.need,
            "of": self.of, "open": self.open, "reject": self.reject,
        }  # fmt: skip


def share(text: str) -> Fraction:
    """Read `p/q` or a whole number; ValueError unless 0 < share ≤ 1."""
    found = Fraction(text)
    if not 0 < found <= 1:
        raise ValueError(text)
    return found


def tally(quorum: Quorum, tasks: Iterable[Mapping[str, Any]], need: int | None = None) -> Tally:
    """Count the votes of a round's tasks. `need` takes the place of the declared one where signers have changed."""
    count = {"approve": 0, "reject": 0, "abstain": 0, "open": 0}
    idle = 0
    vetoed = veto_open = False
    for task in tasks:
        state = task["state"]
        weight = task.get("weight", 1) if quorum.kind == "weight" else 1
        if state in UNDECIDED:
            count["open"] += weight
            veto_open = veto_open or bool(task.get("veto"))
        elif state in _VOTES:
            count[_VOTES[state]] += weight
            vetoed = vetoed or (state == "rejected" and bool(task.get("veto")))
        elif state in _NOT_NEEDED:
            idle += weight
    excluded = count["abstain"] if quorum.abstain == "excluded" else 0
    of = sum(count.values()) + idle - excluded
    return Tally(**count, of=of, need=_need(quorum, of, need), vetoed=vetoed, veto_open=veto_open)


def _need(quorum: Quorum, of: int, given: int | None) -> int:
    if given is not None:
        return given
    match quorum.kind:
        case "all":
            return max(of, 1)
        case "any":
            return 1
        case "count" | "weight":
            return quorum.need
        case "ratio":
            wanted = share(quorum.ratio) * of
            return max(int(wanted) + 1 if quorum.strict else -int(-wanted // 1), 1)
