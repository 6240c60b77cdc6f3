"""What is as usual is told so at a glance: most entries need no careful look.

Most entries follow the one before them and do what was found legal before, with other days and other words. A
*stretch*, some entries of one instance, is looked at in three loops, none of which reads a body as values:

1. the walk goes from node to node (see `fold`). A body is cut into the pieces that stay the same, which with kind,
   roles and definition are the key of a *way* that leads on, and those that change: days, commitments, papers,
   attributes. It ends before the first entry about which anything is not known already;
2. `ChainCheck.holds` builds the bytes of the entries walked and compares leaves, links and clock;
3. `TextCheck.opens` hashes the texts beside them, which must give the commitments cut out.

Nothing is changed before all three agree, and none of them notes a finding: their answer is "in order" or "look
yourself". An entry is passed over only when the careful checks would find nothing; every other one goes through
them from the state before it. For a way is learnt only from an edge that the careful checks found legal whatever
the changing pieces say, and the pieces are checked whenever they come: days against the entry's day and against
the days before it, commitments by their texts, papers and attributes by the code that cuts them for the careful
checks. Reserved instances, other versions, actors whose validity has days, roles that a resolver attested, and acts
that read attributes, answers or other instances have no ways. So a way may be missing, never wrong.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

from kfq_workflow.edtf import DAY_US
from kfq_workflow.entry import VERSION
from kfq_workflow.state import NOTES
from kfq_workflow.verify.fold import DAYS
from kfq_workflow.verify.legality import ODD
from kfq_workflow.verify.replayed import COUNTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.verify.chain import ChainCheck
    from kfq_workflow.verify.fold import Edge, Node, Run
    from kfq_workflow.verify.past import InForce, Span
    from kfq_workflow.verify.replayed import ReplayCheck
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.shapes import Body, Shape, Shapes
    from kfq_workflow.verify.texts import TextCheck

#: Ways, actors and dates that are kept; when there are more, all are forgotten and learnt again as they come.
_WAYS, _ACTORS, _DATES = 4_000, 1_000, 10_000


class Way:
    """A legal edge as it is met again: where it leads, and what an entry that takes it changes besides."""

    __slots__ = ("after", "field", "late", "move", "node", "refused", "sets", "shape", "silent")

    def __init__(self, edge: Edge, shape: Shape, kind: str) -> None:
        self.node = edge.node
        self.after = edge.after
        self.shape = shape
        self.sets = shape.sets
        #: The one text that the entry commits to.
        self.field = shape.fields[0] if shape.fields else ""
        self.silent = kind in NOTES
        self.refused = kind == "refused"
        self.move = kind == "fired"
        self.late = shape.late and kind in COUNTED


class Walk:
    """Where a walk over a stretch led, and what it met."""

    __slots__ = ("attrs", "earliest", "force", "node", "texts", "ways")

    def __init__(self, run: Run, force: InForce) -> None:
        self.node = run.node
        self.force = force
        self.earliest = run.earliest.copy()
        self.attrs: dict[str, Any] = {}
        self.ways: list[Way] = []
        #: What the entries commit to: number, field, commitment.
        self.texts: list[tuple[int, str, str]] = []


class Usual:
    """Passes over the entries that are as usual."""

    def __init__(self, chain: ChainCheck, texts: TextCheck, replay: ReplayCheck, shapes: Shapes, book: Book) -> None:
        self._chain = chain
        self._texts = texts
        self._replay = replay
        self._shapes = shapes
        self._book = book
        self._ways: dict[tuple[Any, ...], Way] = {}
        self._actors: dict[str, Span] = {}
        #: Earliest and latest day that `on` says, where an entry of that day may say so.
        self._dates: dict[tuple[str, int], tuple[str | None, str | None]] = {}

    def passes(self, rows: Sequence[Any], run: Run) -> tuple[int, int]:
        """Return how many entries, from the first on, are in order, and how many after them need a careful look.

        `run` then stands after the former.
        """
        try:
            walk = None if run.reserved else self._walk(rows, run)
        except ODD:
            walk = None
        if walk is None:
            return 0, len(rows)
        known = len(walk.ways)
        if not known:
            return 0, 1
        passed = rows if known == len(rows) else rows[:known]
        if not self._chain.holds(passed, run) or not self._texts.opens(run.instance, passed[-1][1], walk.texts):
            return 0, known
        self._arrive(walk, passed[-1], run)
        return known, min(len(rows) - known, 1)

    def _walk(self, rows: Sequence[Any], run: Run) -> Walk | None:  # noqa: C901, PLR0912 - calls double its time
        """Walk as far as there are ways."""
        seq, def_ = run.seq, run.def_ if run.seq else rows[0][7]
        force = run.force if seq else self._replay.force(def_, rows[0][3])
        if force is None:
            return None
        walk = Walk(run, force)
        node, earliest, passed, texts = walk.node, walk.earliest, walk.ways, walk.texts
        ways, actors, dates, offset = self._ways, self._actors, self._dates, self._replay.offset
        for row in rows:
            _, number, kind, at, actor, _, _, rules, version, _, _, text = row
            seq += 1
            who = actors.get(actor)
            if who is None or not who.since <= at < who.until:
                who = self._who(actor, at)
            if number != seq or rules != def_ or version != VERSION or who.roles is None or len(earliest) >= DAYS:
                break
            # One day and at most one commitment are cut out of what must be known to the letter.
            start = text.find('"on":{')
            end = text.find("}", start) + 1
            close = text.find('"texts":{', end)
            if close < 0:
                key = (node, kind, who.roles, def_, text[:start], text[end:])
            else:
                close = text.find("}", close) - 1
                key = (node, kind, who.roles, def_, text[:start], text[end : close - 64], text[close:])
            way, body = ways.get(key), None
            if way is None:
                body = self._shapes.cut(text)
                way = body and self._way(row, body, node, who.roles, key)
                if way is None:
                    break
            on = text[start + 5 : end] if start >= 0 else ""
            days = dates.get((on, (at + offset) // DAY_US)) or self._date(on, at)
            if days is None:
                break
            if way.sets:
                low, high = days
                for before in way.after:
                    day = earliest.get(before)
                    if day is not None and (low is None or day > low):
                        low = day
                if high is not None and low is not None and low > high:
                    break
                earliest[seq] = low
            if body is not None:
                texts += zip(repeat(seq), body.shape.fields, body.digests)
                walk.attrs.update(body.attrs or ())
            elif close >= 0:
                texts.append((seq, way.field, text[close - 64 : close]))
            passed.append(way)
            node = way.node
        walk.node = node
        return walk

    def _who(self, actor: str, at: int) -> Span:
        """Return an actor's roles at an instant, and keep them for the others."""
        if len(self._actors) >= _ACTORS:
            self._actors.clear()
        span = self._actors[actor] = self._replay.actors.span(actor, at)
        return span

    def _date(self, on: str, at: int) -> tuple[str | None, str | None] | None:
        """Return earliest and latest day of an `on` if an entry of this instant may say it."""
        if not on:
            return None, None
        said, day = self._shapes.day(on), self._replay.day(at)
        if not self._replay.fits(said, day):
            return None
        if len(self._dates) >= _DATES:
            self._dates.clear()
        days = self._dates[on, (at + self._replay.offset) // DAY_US] = said.lo, said.hi
        return days

    def _way(self, row: Any, body: Body, node: Node, roles: frozenset[str], key: tuple[Any, ...]) -> Way | None:
        """Return the way of an entry whose body was cut; learn it by its letters where a glance cuts as much."""
        shape, kind, def_, text = body.shape, row[2], row[7], row[11]
        if "attested" in shape.body or (shape.facts and body.attrs is None):
            return None
        place = self._replay.place(kind, shape, def_, roles, row[3])
        way = self._ways.get((node, *place))
        if way is None:
            edge = node.edges.get(place)
            if edge is None or not edge.legal:
                return None
            if len(self._ways) >= _WAYS:
                self._ways.clear()
            way = self._ways[node, *place] = Way(edge, shape, kind)
        if shape.performer is None and "on" in shape.parts and glanced(body, key):
            self._ways[key] = way
        return way

    def _arrive(self, walk: Walk, last: Any, run: Run) -> None:
        """Put the run after the entries walked, and count them."""
        book, seq = self._book, run.seq
        if not seq:
            about = walk.ways[0].shape.body
            run.def_, run.force = last[7], walk.force
            run.workflow, run.root = about.get("workflow"), about.get("root")
        for way in walk.ways:
            seq += 1
            if not way.silent:
                run.rev = seq
            book.moves["decided"] += way.move
            book.refused += way.refused
            book.late += way.late
        book.entries += len(walk.ways)
        run.node, run.earliest = walk.node, walk.earliest
        run.attrs.update(walk.attrs)
        run.seq, run.at, run.head = last[1], last[3], last[10]


def glanced(body: Body, key: tuple[Any, ...]) -> bool:
    """Tell whether a glance at a body cuts out the same as `Shapes`, so that its letters stand for its shape."""
    parts, letters = body.shape.parts, key[5:]
    if len(letters) == 1:
        return parts == {"on"}
    return parts == {"on", "texts"} and len(body.digests) == 1 and body.text.endswith(body.digests[0].join(letters))
