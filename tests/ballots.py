"""A model of approval gates as plain as can be, to hold the engine against: lists, loops and every way of voting.

It knows nothing of patches, entries or refusals: each act answers whether it is allowed, and does it if so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.approvals import PEOPLE
from tests.quorums import VOTES, endings, final

if TYPE_CHECKING:
    from kfq_workflow.definition.model import Gate, Quorum

PENDING = ("open", "waiting", "blocked")
_VOTE = {"approve": "approved", "reject": "rejected", "abstain": "abstained"}


@dataclass
class Slip:
    """One who is asked: whom, in which step, and what became of it."""

    kind: str
    of: str
    step: int
    weight: int = 1
    veto: bool = False
    state: str = "open"
    by: str = ""
    asked: dict[str, bool] = field(default_factory=dict)
    needed: bool = True
    after: list[Slip] = field(default_factory=list)

    def may(self, person: str) -> bool:
        """Whether it asks this person."""
        roles, org = PEOPLE[person]
        return {"role": self.of in roles, "org": self.of == org, "actor": self.of == person}[self.kind]

    def again(self) -> Slip:
        """The same question, anew."""
        return Slip(self.kind, self.of, self.step, self.weight, self.veto, after=list(self.after))


@dataclass
class Ballot:
    """A permit in review and the gate of its grant."""

    gate: Gate
    round: int = 0
    state: str = "none"
    main: str = "review"
    by: str = ""
    held: bool = False
    void: bool = False
    relied: bool = False
    stated: int | None = None
    slips: list[Slip] = field(default_factory=list)
    standing: list[Slip] = field(default_factory=list)
    returned_to: str | None = None
    touched: bool = False

    # What it comes to

    @property
    def still(self) -> bool:
        return self.held or self.void

    @property
    def waits(self) -> bool:
        """Whether somebody is still to do something about the gate: a signer, or the applicant to whom it went back."""
        return self.state == "open" or (self.state == "returned" and self.returned_to is None)

    @property
    def pending(self) -> list[Slip]:
        return [slip for slip in self.slips if slip.state in PENDING]

    def counted(self) -> list[dict[str, Any]]:
        return [{"state": s.state, "weight": s.weight, "veto": s.veto} for s in (*self.slips, *self.standing)]

    def quorum(self) -> Quorum:
        declared = self.gate.quorum
        if self.stated is None:
            return declared
        return replace(declared, kind="weight" if declared.kind == "weight" else "count", need=self.stated)

    def outcome(self) -> str | None:
        """What the votes decide, by trying every way in which the others may vote."""
        if self.gate.quorum.wait:
            return final(self.quorum(), self.counted()) if not self.pending else None
        found = endings(self.quorum(), self.counted())
        return found.pop() if len(found) == 1 else None

    def reachable(self) -> bool:
        """Whether those who are asked, and do not abstain for nothing, are enough for what is needed."""
        quorum = self.quorum()
        if quorum.kind not in ("count", "weight"):
            return True
        out = ("abstained",) if quorum.abstain == "excluded" else ()
        asked = [s for s in (*self.slips, *self.standing) if s.state in (*PENDING, *VOTES) and s.state not in out]
        return quorum.need <= sum(slip.weight if quorum.kind == "weight" else 1 for slip in asked)

    def line_up(self) -> None:
        first = min((slip.step for slip in self.pending), default=0)
        for slip in self.pending:
            free = slip.step == first and all(other.state not in PENDING for other in slip.after)
            slip.state = "blocked" if self.held else "open" if free else "waiting"

    def hand_on(self, old: Slip, new: Slip) -> None:
        for slip in self.pending:
            if any(other is old for other in slip.after):
                slip.after.append(new)
        self.slips.append(new)

    def close(self, state: str, rest: str = "superseded") -> None:
        self.state, self.relied = state, False
        for slip in self.slips:
            slip.needed = slip.state not in PENDING
        for slip in self.pending:
            slip.state = rest

    # Who may

    def barred(self, person: str) -> bool:
        if any(person == slip.by for slip in self.slips if slip.state in VOTES):
            return True
        if any(person == slip.by for slip in self.standing):
            return True
        helped = {slip.by for slip in self.slips if slip.state == "transferred"} | {
            name for slip in self.slips for name in slip.asked
        }
        duties = self.gate.duties
        same = PEOPLE[person][1] == PEOPLE[self.by][1]
        return (
            ("not_applicant" in duties and person == self.by)
            or ("not_applicant_org" in duties and same)
            or ("not_contributor" in duties and person in helped)
        )

    def own(self, person: str) -> Slip | None:
        """The slip that somebody may sign now."""
        if self.state != "open" or self.still or self.barred(person):
            return None
        return next((slip for slip in self.slips if slip.state == "open" and slip.may(person)), None)

    # Acts

    def submit(self, by: str, *, direct: bool) -> bool:
        free = self.state != "open" and not self.still and self.main == "review" and "applicant" in PEOPLE[by][0]
        back = self.state == "returned" and self.returned_to is None and not self.touched and self.by == by
        if not free or (direct and not back):
            return False
        if direct:
            approved = [slip for slip in self.slips if slip.state == "approved"]
            dropped = ("retracted", "transferred", "removed", "approved")
            anew = {id(slip): slip.again() for slip in self.slips if slip.state not in dropped}
            for slip in anew.values():
                slip.after = [anew[id(other)] for other in slip.after if id(other) in anew]
            self.slips = list(anew.values())
            self.standing += approved
        else:
            self.begin()
        self.by, self.state, self.round, self.touched = by, "open", self.round + 1, False
        self.line_up()
        return True

    def begin(self) -> None:
        """Ask everybody anew."""
        self.standing, self.stated = [], None
        self.slips = [
            Slip(signer.kind, signer.of, step if self.gate.sequential else 1, signer.weight, signer.veto)
            for step, signer in enumerate(self.gate.signers, 1)
            for _ in range(signer.seats)
        ]

    def vote(self, by: str, how: str) -> bool:
        slip = self.own(by)
        if slip is None:
            return False
        slip.state, slip.by = _VOTE[how], by
        outcome = self.outcome()
        if outcome:
            self.close(outcome)
            self.main = "granted" if outcome == "approved" else self.main
        else:
            self.line_up()
        return True

    def retract(self, by: str) -> bool:
        closed = self.state in ("approved", "rejected")
        mine = next((slip for slip in self.slips if slip.by == by and slip.state in VOTES), None)
        if mine is None or self.still or not (self.state == "open" or (closed and not self.relied)):
            return False
        before = [(slip, slip.state) for slip in self.slips]
        if closed:
            for slip in self.slips:
                slip.state = slip.state if slip.needed else "open"
        mine.state = "retracted"
        new = mine.again()
        self.slips.append(new)
        if self.outcome():
            self.slips.pop()
            for slip, state in before:
                slip.state = state
            return False
        self.slips.pop()
        self.hand_on(mine, new)
        if self.state == "approved":
            self.main = "review"
        self.state = "open"
        self.line_up()
        return True

    def transfer(self, by: str, to: str) -> bool:
        slip = self.own(by)
        if slip is None or by == to or self.barred(to):
            return False
        slip.state, slip.by = "transferred", by
        self.hand_on(slip, replace(slip.again(), kind="actor", of=to))
        self.line_up()
        return True

    def delegate(self, by: str, to: str) -> bool:
        slip = self.own(by)
        if slip is None or by == to or to in slip.asked:
            return False
        slip.asked[to] = False
        return True

    def reply(self, by: str) -> bool:
        if self.state != "open" or self.still:
            return False
        slip = next((slip for slip in self.pending if slip.asked.get(by) is False), None)
        if slip is not None:
            slip.asked[by] = True
        return slip is not None

    def add(self, by: str, who: str, place: str, need: int | None) -> bool:
        manages = "registrar" in PEOPLE[by][0]
        slip = None if manages else self.own(by)
        if self.state != "open" or self.still or not (manages or slip) or self.barred(who):
            return False
        if any(other.kind == "actor" and other.of == who for other in self.pending):
            return False
        new = Slip("actor", who, slip.step if slip else max(other.step for other in self.slips))
        if slip and place == "after":
            new.after.append(slip)
        before = self.stated
        self.slips.append(new)
        if not self._changed(need, before):
            self.slips.pop()
            return False
        if slip and place == "before":
            slip.after.append(new)
        self.line_up()
        return True

    def remove(self, by: str, number: int, need: int | None) -> bool:
        manages = "registrar" in PEOPLE[by][0]
        if self.state != "open" or self.still or not (manages or self.own(by)) or len(self.slips) < number:
            return False
        slip = self.slips[number - 1]
        if slip.state not in PENDING or len(self.pending) == 1:
            return False
        before = self.stated
        was, slip.state = slip.state, "removed"
        if self._changed(need, before):
            slip.by = by
            return True
        slip.state = was
        return False

    def _changed(self, need: int | None, before: int | None) -> bool:
        """Keep a change of signers unless it puts the quorum out of reach or decides it."""
        if need is not None:
            self.stated = need
        if self.reachable() and not self.outcome():
            self.line_up()
            return True
        self.stated = before
        return False

    def send_back(self, by: str, to: str | None) -> bool:
        slip = self.own(by)
        if slip is None:
            return False
        slip.state, slip.by, self.returned_to = "returned", by, to
        self.close("returned")
        self.main = to or self.main
        return True

    def withdraw(self, by: str) -> bool:
        policy = self.gate.withdraw
        voted = any(slip.state in VOTES for slip in self.slips)
        if self.state != "open" or self.still or by != self.by or policy == "never":
            return False
        if policy == "until_first_vote" and voted:
            return False
        self.close("withdrawn")
        return True

    def amend(self) -> None:
        """Change what votes are bound to."""
        if self.state == "open" and self.gate.binds:
            self.begin()
            self.round += 1
            self.line_up()
        elif self.state in ("open", "returned"):
            self.touched = "area" not in self.gate.direct

    def move(self, to: str) -> None:
        """Move the permit away from under the gate, or back."""
        if self.waits and to != "review":
            self.close("void", "void")
        self.main = to
