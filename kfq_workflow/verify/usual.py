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

from typing import TYPE_CHECKING, Any

from kfq_workflow.edtf import DAY_US
from kfq_workflow.entry import VERSION
from kfq_workflow.state import NOTES
from kfq_workflow.verify.fold import DAYS
from kfq_workflow.verify.legality import ODD
from kfq_workflow.verify.letters import alike, letters
from kfq_workflow.verify.replayed import COUNTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.verify.chain import ChainCheck
    from kfq_workflow.verify.fold import Edge, Node, Run
    from kfq_workflow.verify.letters import Letters
    from kfq_workflow.verify.past import InForce, Span
    from kfq_workflow.verify.replayed import ReplayCheck
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.shapes import Shape, Shapes
    from kfq_workflow.verify.texts import TextCheck

#: Ways, actors and dates that are kept; when there are more, all are forgotten and learnt again as they come.
_WAYS, _ACTORS, _DATES = 4_000, 1_000, 10_000
#: Parts of a body whose letters stand at the same places wherever it is as long.
_GLANCED = frozenset({"on", "texts"})


class Way:
    """A legal edge as it is met again: where it leads, and what an entry that takes it changes besides."""

    __slots__ = (
        "after", "closed", "def_", "digest", "end", "fields", "head", "kind", "late", "middle", "move", "node", "on",
        "plain", "refused", "roles", "sets", "shape", "silent", "tail",
    )  # fmt: skip

    def __init__(self, edge: Edge, shape: Shape, kind: str, roles: frozenset[str], def_: bytes | None) -> None:
        self.kind = kind
        self.roles = roles
        self.def_ = def_
        self.node = edge.node
        self.after = edge.after
        self.shape = shape
        self.sets = shape.sets
        self.fields = shape.fields
        self.silent = kind in NOTES
        self.move = kind == "fired"
        self.refused = kind == "refused"
        self.late = shape.late and kind in COUNTED
        #: Whether it is a move that counts as nothing else, as most are.
        self.plain = self.move and not self.late

    def spell(self, text: str, digest: str) -> None:
        """Note the letters of a body before, between and after its day and its commitment, and their places."""
        self.on = text.find('"on":{') + 5
        self.end = text.find("}", self.on) + 1
        self.closed = text.find("}", text.find('"texts":{', self.end)) - 1 if digest else len(text)
        self.digest = self.closed - len(digest)
        self.head, self.middle, self.tail = text[: self.on], text[self.end : self.digest], text[self.closed :]


class Walk:
    """Where a walk over a stretch led, and what it met."""

    __slots__ = ("earliest", "force", "node", "said", "texts", "ways")

    def __init__(self, run: Run, force: InForce) -> None:
        self.node = run.node
        self.force = force
        self.earliest = run.earliest.copy()
        self.ways: list[Way] = []
        #: What the entries commit to: number, field, commitment.
        self.texts: list[tuple[int, str, str]] = []
        #: The attributes that they say, read and as they stand there.
        self.said: list[tuple[dict[str, Any], str]] = []


class Usual:
    """Passes over the entries that are as usual."""

    def __init__(self, chain: ChainCheck, texts: TextCheck, replay: ReplayCheck, shapes: Shapes, book: Book) -> None:
        self._chain = chain
        self._texts = texts
        self._replay = replay
        self._shapes = shapes
        self._book = book
        #: Entries to look at before the next try: more and more while no try succeeds.
        self._odd = 1
        #: The nodes that have ways, one for each way.
        self._nodes: list[Node] = []
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
            self._odd = min(2 * self._odd, 16)
            return 0, min(len(rows), self._odd)
        passed = rows if known == len(rows) else rows[:known]
        if not self._chain.holds(passed, run) or not self._texts.opens(run.instance, passed[-1][1], walk.texts):
            return 0, known
        self._arrive(walk, passed[-1], run)
        self._odd = 1
        return known, min(len(rows) - known, 1)

    def _walk(self, rows: Sequence[Any], run: Run) -> Walk | None:  # noqa: C901, PLR0912 - calls double its time
        """Walk as far as there are ways."""
        seq, def_ = run.seq, run.def_ if run.seq else rows[0][7]
        force = run.force if seq else self._replay.force(def_, rows[0][3])
        if force is None:
            return None
        walk = Walk(run, force)
        node, earliest, passed, texts = walk.node, walk.earliest, walk.ways, walk.texts
        actors, dates, offset = self._actors, self._dates, self._replay.offset
        for _, number, kind, at, actor, _, _, rules, version, _, _, text in rows:
            seq += 1
            who = actors.get(actor)
            if who is None or not who.since <= at < who.until:
                who = self._who(actor, at)
            if number != seq or rules != def_ or version != VERSION or who.roles is None or len(earliest) >= DAYS:
                break
            way, cut = node.ways.get(len(text)), None
            if way is not None and (
                text[: way.on] == way.head
                and text[way.end : way.digest] == way.middle
                and text[way.closed :] == way.tail
                and kind == way.kind
                and who.roles == way.roles
                and def_ == way.def_
            ):
                on, digest = text[way.on : way.end], text[way.digest : way.closed]
            else:
                cut = letters(text)
                if cut is None:
                    break
                way = self._way(cut, text, node, (kind, who.roles, def_))
                if way is None:
                    break
                _, on, digest, told, attrs = cut
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
            if digest:
                texts.append((seq, way.fields[0], digest))
            if cut is not None and attrs is not None:
                walk.said.append((attrs, told))
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
        said = self._shapes.day(on)
        if said is None or not self._replay.fits(said, self._replay.day(at)):
            return None
        if len(self._dates) >= _DATES:
            self._dates.clear()
        days = self._dates[on, (at + self._replay.offset) // DAY_US] = said.lo, said.hi
        return days

    def _way(self, cut: Letters, text: str, node: Node, who: tuple[str, frozenset[str], bytes | None]) -> Way | None:
        """Return the way of an entry by its letters; learn it from the edge that is known by their shape."""
        way: Way | None = node.ways.get((who, cut.letters))
        if way is not None:
            return way
        kind, roles, def_ = who
        body = self._shapes.cut(text)
        if body is None or "attested" in body.shape.body or body.shape.performer is not None or not alike(cut, body):
            return None
        edge = node.edges.get((kind, body.shape, def_, roles))
        if edge is None or not edge.legal:
            return None
        if len(self._nodes) >= _WAYS:
            for known in self._nodes:
                known.ways.clear()
            self._nodes.clear()
        self._nodes.append(node)
        way = node.ways[who, cut.letters] = Way(edge, body.shape, kind, roles, def_)
        if "on" in body.shape.parts <= _GLANCED:
            way.spell(text, cut.digest)
            node.ways[len(text)] = way
        return way

    def _arrive(self, walk: Walk, last: Any, run: Run) -> None:
        """Put the run after the entries walked, and count them."""
        book, seq = self._book, run.seq
        if not seq:
            about = walk.ways[0].shape.body
            run.def_, run.force = last[7], walk.force
            run.workflow, run.root = about.get("workflow"), about.get("root")
        others = 0
        for way in walk.ways:
            seq += 1
            if not way.plain:
                book.refused += way.refused
                book.late += way.late
                others += not way.move
            if not way.silent:
                run.rev = seq
        book.moves["decided"] += len(walk.ways) - others
        book.entries += len(walk.ways)
        run.node, run.earliest = walk.node, walk.earliest
        for attrs, told in walk.said:
            run.say(attrs, told)
        run.seq, run.at, run.head = last[1], last[3], last[10]
