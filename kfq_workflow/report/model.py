"""The view model of a report: what its pages show, in words, ready for a template. No markup and no log in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kfq_workflow.audit.typed import Line as TypedLine

#: Letters of opinions and notes that stay together on paper.
_LONG = 400


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that must not be overlooked: its kind, which the style sheet knows, its words, and what it means."""

    kind: str
    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value. `code` is what it is called in the definition, where that differs."""

    label: str
    value: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A state in the drawing: its rectangle, its label in lines, how it is drawn, its steps and the time spent.

    `style` is never, visited, adopted or present.
    """

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    style: str
    steps: str
    stay: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the drawing as SVG path data; `dashed` is a move that is possible and was not made."""

    path: str
    dashed: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """The name of a phase in the drawing, at the left end of its baseline."""

    x: float
    y: float
    width: float
    lines: tuple[str, ...]
    present: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A state diagram in one shape, `wide` or `narrow`."""

    shape: str
    width: float
    height: float
    headings: tuple[Heading, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One stay in a state of the main line, as the table below the drawing lists it."""

    number: int
    state: str
    code: str
    entered: str
    bounds: str
    act: str
    seq: int
    stay: str
    marks: tuple[Mark, ...]
    present: bool


@dataclass(frozen=True, slots=True)
class Path:
    """The path taken on the main line: two drawings of it, its steps; `note` where it cannot be drawn or trusted."""

    drawings: tuple[Drawing, ...]
    described: str
    steps: tuple[Step, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A line beside the main one: its present state, since when, and how it came there."""

    name: str
    state: str
    since: str
    seq: int | None
    course: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A task of a round: whom it asks, what became of it, by whom and when. `style` is yes, no, none or open."""

    task: str
    asked: str
    result: str
    style: str
    who: str


@dataclass(frozen=True, slots=True)
class Round:
    """A round of an approval. `style` as for a signature."""

    title: str
    outcome: str
    style: str
    facts: tuple[Fact, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper that an entry names; `filed` tells whether it was seen."""

    name: str
    number: str
    filed: bool
    standing: str
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a person wrote."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the timeline: `facts` are who did what, `more` what else it says.

    `style` is plain, move, late, refused or unread.
    """

    seq: int
    title: str
    code: str
    day: str
    style: str
    marks: tuple[Mark, ...]
    facts: tuple[Fact, ...]
    papers: tuple[Paper, ...]
    reasons: tuple[str, ...]
    quotes: tuple[Quote, ...]
    more: tuple[Fact, ...]
    recorded: str
    receipt: str

    @property
    def long(self) -> bool:
        """Whether so much was written that it may be broken between two pages of paper."""
        return sum(len(quote.text) for quote in self.quotes) > _LONG


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding of verification; `style` is error or warning."""

    severity: str
    style: str
    kind: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What verification found, in plain words; `style` is the verdict's code."""

    style: str
    verdict: str
    meaning: str
    facts: tuple[Fact, ...]
    findings: tuple[FindingLine, ...]
    more: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Something that the instance waits for: its heading and labelled lines."""

    heading: str
    rows: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class InstancePage:
    """The report on one instance."""

    lang: str
    kind: str
    title: str
    workflow: str
    key: str
    facts: tuple[Fact, ...]
    marks: tuple[Mark, ...]
    made: tuple[str, ...]
    path: Path
    courses: tuple[Course, ...]
    waits: tuple[Waits, ...]
    rounds: tuple[Round, ...]
    attributes: tuple[Fact, ...]
    flags: tuple[Fact, ...]
    plans: tuple[Fact, ...]
    items: tuple[Item, ...]
    verification: Verification
    #: What it was at a past moment, where that was asked for.
    then: Waits | None = None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """An instance on the overview."""

    key: str
    name: str
    state: str
    since: str
    marks: tuple[Mark, ...]
    flags: str
    belongs: str = ""
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class BoardPhase:
    """A phase of the overview: how many are in it, and whether they count as open for business."""

    name: str
    count: int
    open: bool
    rows: tuple[BoardRow, ...]


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The report on all instances."""

    lang: str
    kind: str
    title: str
    made: tuple[str, ...]
    all: int
    open: int
    summary: str
    phases: tuple[BoardPhase, ...]
    cases: tuple[BoardRow, ...]
    others: tuple[BoardRow, ...]
    flags: tuple[Fact, ...]
    legend: tuple[Mark, ...]
    verification: Verification


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    """What the sheet shows: the log and its size, the root in groups of hex, who signed, lines to type, the code."""

    origin: str
    size: str
    root: tuple[str, ...]
    keys: tuple[str, ...]
    lines: tuple[TypedLine, ...]
    code: str
