"""The order of one instance's acts, and what its regions were on a day: pure functions of the acts.

Acts are written in the order in which they count, but most of their days are known only so far. Act i comes before
act j if and only if i has the lower entry number and both set a region, or both belong to another line in which acts
follow each other (an approval gate, an attribute: see `lines`), or j rests on i, the entry since which a condition
that j needed has held. Acts that the order does not tie may have happened in any order; acts that it does
may share a day. From this alone, with lo and hi the earliest and latest day that an act's own date allows:

    L_j = max(lo_j, L of what comes before j)          the earliest day on which j can have happened
    U_i = min(hi_i, U of what comes after i)           the latest

The dates are impossible if and only if some L > U. Otherwise all acts together can have happened each on its L, or
each on its U (earliest and latest schedule: Dechter, Meiri and Pearl, "Temporal constraint networks", 1991), or some
on their L and the rest on their U, as long as whatever comes before an act on its L is on its L too.

Hence the answer for a region, or for any other line, at the end of a day D. Of its acts 1 … n, a = #{U ≤ D} have
certainly happened and b = #{L ≤ D} can have. For every k from a to b there is a way to date everything such that
exactly k have: act k and all that comes before it on their L, the rest on their U. So the answer for one line is
exact. Lines may depend on each other, and then not every pair of their states can have been at once: the answers of
several lines, taken together, are an outer bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class Absence(Enum):
    """What a region can have in place of a state. An enum and no text, so that no state's id can be mistaken for it."""

    #: Before an adoption: an adoption observes a state, and how the region came to it is not recorded.
    NOT_ON_RECORD = "not_on_record"
    #: Before the region's first act, which is a move.
    NOT_YET_STARTED = "not_yet_started"
    #: An act took the region's state away, or said that it has none.
    INACTIVE = "inactive"
    #: Nothing about it had been recorded by then.
    NOT_KNOWN = "not_known"
    #: It was said in words that lie beside the entry, and they are gone or not at hand.
    WITHHELD = "withheld"


State: TypeAlias = str | Absence
T = TypeVar("T")


class ImpossibleDays(ValueError):
    """No days agree with the dates and the order of the acts. `seqs` are the entries with L > U, ascending."""

    def __init__(self, seqs: tuple[int, ...]) -> None:
        super().__init__(seqs)
        self.seqs = seqs

    def __str__(self) -> str:
        return f"the dates of entries {', '.join(map(str, self.seqs))} contradict the order of the entries"


@dataclass(frozen=True, slots=True)
class Act:
    """What the order needs to know of an entry.

    `seq` is the entry's number; `sets` pairs each region that it set with the state, None for no state, every region
    once; `lo` and `hi` are ISO days `YYYY-MM-DD`, both included, None for open; `rests` are the entries that it rests
    on, all of them earlier; `adopted` tells that it put states on record without a move; `also` names the lines beside
    regions that it belongs to. Raises ValueError for a region set twice and for resting on itself or on a later entry.
    """

    seq: int
    sets: tuple[tuple[str, str | None], ...]
    lo: str | None
    hi: str | None
    rests: tuple[int, ...]
    adopted: bool
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(dict(self.sets)) != len(self.sets):
            raise ValueError(f"entry {self.seq} sets a region twice")
        if any(seq >= self.seq for seq in self.rests):
            raise ValueError(f"entry {self.seq} rests on an entry that is not before it")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The days on which acts can have happened, by entry number: `earliest` is L, `latest` is U, None is open.

    `impossible` are the entries with L > U, ascending; it is empty if and only if some days agree with everything.
    """

    earliest: Mapping[int, str | None]
    latest: Mapping[int, str | None]
    impossible: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What one region, or anything else that acts change one after the other, was at the end of a day.

    `values` are the candidates, each once, in the order of the acts that lead to them; there is always one. `between`
    are the numbers of entry a and entry b: the newest of the region's entries that has certainly happened by then,
    and the newest that can have; None where there is none. The two are equal unless it cannot be told which of the
    region's entries had happened. That can be certain nevertheless, when they all lead to one state, and uncertain
    although they are equal, when the next entry is an adoption of another state.
    """

    values: tuple[T, ...]
    between: tuple[int | None, int | None]

    @property
    def certain(self) -> bool:
        """Tell whether there is one candidate only."""
        return len(self.values) == 1


class Step(NamedTuple):
    """One act as one region sees it."""

    seq: int
    state: str | None
    adopted: bool


def bounds(acts: Sequence[Act]) -> Bounds:
    """Return the earliest and the latest day of each act, in two passes and linear time.

    `acts` are of one instance, in ascending order of `seq`, and hold every act that another rests on. Raises
    ValueError if they are not.
    """
    before = _predecessors(acts)
    earliest: dict[int, str | None] = {}
    for act in acts:
        earliest[act.seq] = _latest_of([act.lo, *(earliest[seq] for seq in before[act.seq])])
    latest = {act.seq: act.hi for act in acts}
    for act in reversed(acts):
        # Everything that comes after this act has been seen: its own U is final and can be handed on.
        for seq in before[act.seq]:
            latest[seq] = _earliest_of([latest[seq], latest[act.seq]])
    impossible = tuple(seq for seq, low in earliest.items() if _certainly_after(low, latest[seq]))
    return Bounds(earliest, latest, impossible)


def contradictions(acts: Sequence[Act]) -> Iterator[tuple[int, int, str]]:
    """Yield each act whose latest day lies before the earliest one of an act that comes directly before it.

    With the number of that act and its earliest day, the latest if there are several. `acts` are as for `bounds`. Where
    there is none, some days agree with everything.
    """
    before, earliest = _predecessors(acts), bounds(acts).earliest
    for act in acts:
        later = [(low, seq) for seq in before[act.seq] if (low := earliest[seq]) and _certainly_after(low, act.hi)]
        if later:
            low, seq = max(later)
            yield act.seq, seq, low


def interval(seqs: Iterable[int], found: Bounds, day: str) -> tuple[int, int]:
    """Return how many acts of a line have certainly happened by the end of a day (ISO text), and how many can have.

    `seqs` are the line's acts in order, along which L and U rise, so that counting is enough.
    """
    happened = can_have = 0
    for seq in seqs:
        happened += _by(found.latest[seq], day, if_open=False)
        can_have += _by(found.earliest[seq], day, if_open=True)
    return happened, can_have


def as_of(acts: Sequence[Act], day: str) -> Mapping[str, Answer[State]]:
    """Return what each region that the acts set was at the end of `day` (ISO text `YYYY-MM-DD`).

    `acts` are as for `bounds`; give those entries only that were known at an instant to ask what was known then. A
    region's candidates are its states after k of its acts, a ≤ k ≤ b. After act k of which the next is an adoption of
    another state, the region went on unrecorded: it has the state of act k, or one that is not on record. Each answer
    is exact by itself; over two regions at once the answers are an outer bound. Raises ImpossibleDays when no days
    agree with the acts.
    """
    found = bounds(acts)
    if found.impossible:
        raise ImpossibleDays(found.impossible)
    return {
        region: answer(chain, *interval((step.seq for step in chain), found, day))
        for region, chain in chains(acts).items()
    }


def chains(acts: Iterable[Act]) -> Mapping[str, Sequence[Step]]:
    """Return the acts of each region, in order."""
    found: dict[str, list[Step]] = {}
    for act in acts:
        for region, state in act.sets:
            found.setdefault(region, []).append(Step(act.seq, state, act.adopted))
    return found


def _predecessors(acts: Sequence[Act]) -> dict[int, frozenset[int]]:
    """Return, for each act, what comes directly before it.

    That is the previous act of each of its lines, and what it rests on: earlier acts of a line come before that
    previous one, so L and U reach them through it.
    """
    before: dict[int, frozenset[int]] = {}
    setter: dict[tuple[str, str], int] = {}
    newest: int | None = None
    for act in acts:
        if newest is not None and act.seq <= newest:
            raise ValueError(f"entry {act.seq} stands after entry {newest}")
        if missing := [seq for seq in act.rests if seq not in before]:
            raise ValueError(f"entry {act.seq} rests on entry {missing[0]}, which is not given")
        lines = [*(("region", region) for region, _ in act.sets), *(("", line) for line in act.also)]
        before[act.seq] = frozenset(act.rests).union(setter[line] for line in lines if line in setter)
        setter.update(dict.fromkeys(lines, act.seq))
        newest = act.seq
    return before


def answer(chain: Sequence[Step], happened: int, can_have: int) -> Answer[State]:
    """Return the answer for a region of whose acts some have certainly happened and some more can have."""
    states = dict.fromkeys(state for k in range(happened, can_have + 1) for state in _after(chain, k))
    return Answer(tuple(states), (_seq(chain, happened), _seq(chain, can_have)))


def _after(chain: Sequence[Step], k: int) -> tuple[State, ...]:
    """Return what a region can have after k of its acts and before the next one."""
    if k == 0:
        return (Absence.NOT_ON_RECORD if chain[0].adopted else Absence.NOT_YET_STARTED,)
    state = chain[k - 1].state
    held: State = Absence.INACTIVE if state is None else state
    if k < len(chain) and chain[k].adopted and chain[k].state != state:
        return (held, Absence.NOT_ON_RECORD)
    return (held,)


def _seq(chain: Sequence[Step], k: int) -> int | None:
    return chain[k - 1].seq if k else None


def _by(bound: str | None, day: str, *, if_open: bool) -> bool:
    return if_open if bound is None else bound <= day


def _latest_of(lows: Iterable[str | None]) -> str | None:
    return max((day for day in lows if day is not None), default=None)


def _earliest_of(highs: Iterable[str | None]) -> str | None:
    return min((day for day in highs if day is not None), default=None)


def _certainly_after(low: str | None, high: str | None) -> bool:
    return low is not None and high is not None and low > high
