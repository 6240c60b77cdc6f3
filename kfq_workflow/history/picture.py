"""What an instance was at a moment, as far as it can be told: regions, gates, attributes, name, standing, papers.

Every answer is made alike. Of the acts of its line, those after which it is asked are k, with a ≤ k ≤ b: a have
certainly happened by the end of the day, b can have (see `order`). The candidates are what the line was after each of
them. Where no day is asked for, all that is known has happened, and everything is certain.

Each answer is exact by itself. Several of them, taken together, are an outer bound: not every choice of candidates
can have been true at once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from kfq_workflow.approval.gate import merge
from kfq_workflow.history import order
from kfq_workflow.history.effective import effective, marks
from kfq_workflow.history.lines import Told, lines
from kfq_workflow.history.moment import Moment
from kfq_workflow.history.order import Absence, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfq_workflow.entry import Row
    from kfq_workflow.history.lines import Lines, Text

T = TypeVar("T")
Gate: TypeAlias = "Mapping[str, Any] | Absence"
#: Whether something has happened: certainly not by then, perhaps, certainly.
Happened = Literal["no", "perhaps", "yes"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Since which entries an instance is suspended and void; None where it is not."""

    suspended: int | None = None
    void: int | None = None


@dataclass(frozen=True, slots=True)
class Visited:
    """States of a region into which a move had led: certainly, and perhaps beside those, in the order of the moves."""

    certain: tuple[str, ...]
    perhaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """A paper that an entry laid or named, as its body has it; `certain` is False where that may have been later."""

    seq: int
    paper: Mapping[str, Any]
    certain: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """An instance at a moment.

    `gates` has the newest round of each approval by its transition, in the form of `approval.gate` without copies and
    urging, or that it was not yet begun. The first `name` on record holds for the days before it, too: it says which
    instance this is. `visited` has the states that moves led into, by region. `happened` says of
    every entry known by then and not struck whether its act had taken place. `entries` are all those known, struck or
    not, ascending.
    """

    moment: Moment
    regions: Mapping[str, Answer[order.State]]
    gates: Mapping[str, Answer[Gate]]
    attrs: Mapping[str, Answer[Any]]
    name: Answer[str | Absence]
    standing: Answer[Standing]
    visited: Mapping[str, Visited]
    papers: tuple[Laid, ...]
    happened: Mapping[int, Happened]
    entries: tuple[int, ...]

    @property
    def certain(self) -> bool:
        """Whether everything of it can be told."""
        lines_: list[Answer[Any]] = [*self.regions.values(), *self.gates.values(), *self.attrs.values()]
        answers = [*lines_, self.name, self.standing]
        sure = all(answer.certain for answer in answers) and all(paper.certain for paper in self.papers)
        return sure and not any(each.perhaps for each in self.visited.values())


class Known:
    """What was known of an instance, by its rows up to an instant with their bodies: looked at from any day.

    `told` is its effective history, `marks` what became of the entries that were corrected (see `effective`).
    `utc_offset` is minutes east of UTC; `text` returns a text that stands beside an entry, by number and field; without
    it names are withheld.
    """

    def __init__(
        self, entries: Iterable[tuple[Row, Mapping[str, Any]]], *, utc_offset: int, known_at: int | None = None,
        text: Text | None = None,
    ) -> None:  # fmt: skip
        known = [(row, body) for row, body in entries if known_at is None or row.at <= known_at]
        at = {row.seq: row.at for row, _ in known}
        history = [(row.seq, row.kind, body) for row, body in known]
        self.told = [Told(each.seq, each.kind, at[each.seq], each.body, each.words) for each in effective(history)]
        self.marks = marks(history)
        self._entries = tuple(at)
        self._known_at = known_at
        self._lines = lines(self.told, utc_offset, text)
        self._bounds = order.bounds(self._lines.acts)

    def bounds(self, seq: int) -> tuple[str | None, str | None]:
        """Return the earliest and the latest day on which an entry's act can have happened, None for open."""
        return self._bounds.earliest[2 * seq], self._bounds.latest[2 * seq]

    def at(self, day: str | None = None) -> Picture:
        """Return what the instance was at the end of a day, ISO text; None for all that is known, whatever its day.

        Raises order.ImpossibleDays when no days agree with the dates on record and the order of the entries.
        """
        if day is not None and self._bounds.impossible:
            raise order.ImpossibleDays(tuple(dict.fromkeys(act // 2 for act in self._bounds.impossible)))
        return _Look(self._lines, self._bounds, day).picture(Moment(day, self._known_at), self.told, self._entries)


class _Look:
    """The lines of an instance, looked at from a day."""

    def __init__(self, found: Lines, bounds: order.Bounds, day: str | None) -> None:
        self._lines = found
        self._bounds = bounds
        self._day = day

    def picture(self, moment: Moment, told: Sequence[Told], entries: tuple[int, ...]) -> Picture:
        found = self._lines
        chains = order.chains(found.acts)
        states = {region: order.answer(chain, *self._interval([step.seq for step in chain]))
                  for region, chain in chains.items()}  # fmt: skip
        return Picture(
            moment,
            {region: Answer(answer.values, _entries(answer.between)) for region, answer in states.items()},
            {name: self._answer(steps, _begun, Absence.NOT_YET_STARTED) for name, steps in found.gates.items()},
            {name: self._answer(steps, _newest, Absence.NOT_ON_RECORD) for name, steps in found.attrs.items()},
            self._answer(found.name, _newest, found.name[0][1] if found.name else Absence.NOT_KNOWN),
            self._answer(found.standing, _stood, Standing()),
            {region: self._visited(chain) for region, chain in chains.items()},
            tuple(self._papers()),
            {each.seq: self._happened(2 * each.seq) for each in told},
            entries,
        )

    def _interval(self, acts: Sequence[int]) -> tuple[int, int]:
        if self._day is None:
            return len(acts), len(acts)
        return order.interval(acts, self._bounds, self._day)

    def _answer(self, steps: Sequence[tuple[int, Any]], then: Callable[[Any, Any], T], before: T) -> Answer[T]:
        """Return what a line was: `before` its first act, after each what `then` makes of it and what was before."""
        acts = [act for act, _ in steps]
        happened, can_have = self._interval(acts)
        value: T = before
        found: list[T] = [] if happened else [value]
        for number, (_, said) in enumerate(steps[:can_have], 1):
            value = then(value, said)
            if number >= happened and value not in found:
                found.append(value)
        between = [acts[k - 1] if k else None for k in (happened, can_have)]
        return Answer(tuple(found), _entries((between[0], between[1])))

    def _visited(self, chain: Sequence[order.Step]) -> Visited:
        happened, can_have = self._interval([step.seq for step in chain])
        reached = [step.state if not step.adopted else None for step in chain]
        certain = dict.fromkeys(state for state in reached[:happened] if state is not None)
        perhaps = dict.fromkeys(state for state in reached[happened:can_have] if state is not None)
        return Visited(tuple(certain), tuple(state for state in perhaps if state not in certain))

    def _papers(self) -> Iterable[Laid]:
        for act, paper in self._lines.papers:
            if (happened := self._happened(act)) != "no":
                yield Laid(act // 2, paper, happened == "yes")

    def _happened(self, act: int) -> Happened:
        surely, perhaps = self._interval([act])
        return "yes" if surely else "perhaps" if perhaps else "no"


def _begun(gate: Gate, patch: Mapping[str, Any]) -> Gate:
    before = {} if isinstance(gate, Absence) else {"": dict(gate)}
    merged: Mapping[str, Any] = merge(before, {"": dict(patch)})[""]
    return merged


def _newest(before: Any, said: Any) -> Any:
    del before
    return said


def _stood(before: Standing, said: tuple[str, int | None]) -> Standing:
    what, seq = said
    if what == "voided":
        return Standing(before.suspended, seq)
    return Standing(seq, before.void)


def _entries(between: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    """Return entries' numbers for those of acts."""
    first, last = (None if act is None else act // 2 for act in between)
    return first, last


def texts_of(rows: Iterable[tuple[int, str, str]]) -> Text:
    """Return how texts are looked up, from (entry, field, words) of one instance."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for seq, field, value in rows:
        found[seq][field] = value

    def text(seq: int, field: str) -> str | None:
        return found.get(seq, {}).get(field)

    return text
