"""What is as usual is told so at a glance: most entries need no careful look.

Most entries follow the one before them and do what was found legal before, with other days and other words. An entry
is passed over when each of these agrees, in this order; none reads a body as values, and none notes a finding:

1. its body is of a *way* that leads on from the node where the instance stands (see `ways`, `fold`): the bytes that
   stay the same are a body's that the careful checks found legal whatever the pieces between them say;
2. those pieces are in order: the day against the entry's day and against the days before it, attributes and papers;
3. its bytes, built from its columns, give its leaf, link and clock are right (what `ChainCheck.entry` checks);
4. the texts beside it are those that it commits to (`TextCheck.opens`).

Nothing is changed before all agree. So an entry is passed over only when the careful checks would find nothing; the
first that is not goes through them, from the state after those passed over. Reserved instances, other versions,
actors whose validity has days, roles that a resolver attested, and acts that read attributes, answers or other
instances have no ways. So a way may be missing, never wrong.
"""

from __future__ import annotations

import sys
from binascii import hexlify
from json.encoder import encode_basestring as quote
from typing import TYPE_CHECKING, Any

from kfq_workflow.edtf import DAY_US
from kfq_workflow.entry import MAX_BYTES, VERSION
from kfq_workflow.verify.fold import DAYS
from kfq_workflow.verify.legality import ODD
from kfq_workflow.verify.ways import learn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfq_workflow.verify.chain import ChainCheck
    from kfq_workflow.verify.fold import Node, Run
    from kfq_workflow.verify.past import InForce
    from kfq_workflow.verify.replayed import ReplayCheck
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.shapes import Shapes
    from kfq_workflow.verify.texts import TextCheck
    from kfq_workflow.verify.ways import Cut, Way

#: Ways, actors and dates that are kept; when there are more, all are forgotten and learnt again as they come.
_WAYS, _ACTORS, _DATES = 4_000, 1_000, 10_000
#: Ways that are kept of one node.
_BRANCHES = 32
#: What an entry's bytes and its texts may raise besides, when a column is of a wrong type or no UTF-8.
_RAISED = (*ODD, UnicodeError)


class Known:
    """An actor as it is met again: its roles from an instant until another, and how its entries' bytes begin."""

    __slots__ = ("opening", "roles", "since", "until")

    def __init__(self, opening: bytes, roles: frozenset[str] | None, since: int, until: int) -> None:
        self.opening = opening
        self.roles = roles
        self.since = since
        self.until = until


class Usual:
    """Passes over the entries that are as usual."""

    def __init__(self, chain: ChainCheck, texts: TextCheck, replay: ReplayCheck, shapes: Shapes, book: Book) -> None:
        self._log = f',"log":"{chain.log}","prev":"'.encode()
        self._hasher = chain.hasher
        self._latest = sys.maxsize if chain.latest is None else chain.latest
        self._texts = texts
        self._replay = replay
        self._shapes = shapes
        self._book = book
        #: Entries to look at before the next try: more and more while no try succeeds.
        self._odd = 1
        #: The nodes that have ways, one for each way.
        self._nodes: list[Node] = []
        self._actors: dict[str, Known] = {}
        #: Each set of roles once, so that two are the same if they are one object.
        self._roles: dict[frozenset[str], frozenset[str]] = {}
        #: From when until when an entry may say an `on`, and the earliest and latest day that it says.
        self._dates: dict[bytes, tuple[int, int, str | None, str | None]] = {}

    def passes(self, rows: Sequence[Any], run: Run) -> tuple[int, int]:
        """Return how many entries, from the first on, are in order, and how many after them need a careful look.

        `run` then stands after the former.
        """
        if run.reserved:
            return 0, len(rows)
        try:
            force = run.force if run.seq else self._replay.force(rows[0][7], rows[0][3])
        except ODD:
            force = None
        room = DAYS - len(run.earliest)
        if force is None or room <= 0:
            return 0, len(rows)
        size = len(rows)
        passed = self._pass(rows if size <= room else rows[:room], run, force)
        if passed:
            self._odd = 1
            return passed, 0 if passed == size else 1
        self._odd = min(2 * self._odd, 16)
        return 0, min(size, self._odd)

    def _pass(self, rows: Sequence[Any], run: Run, force: InForce) -> int:  # noqa: C901, PLR0912, PLR0915 - calls take its time
        """Pass over entries up to the first that is not as usual; return how many.

        What is kept from one entry to the next stands in variables, and is changed after the last check of an entry.
        Constants take the place of a column only where the column was compared with what they were made from.
        """
        instance, node, earliest, head, before, rev = run.instance, run.node, run.earliest, run.head, run.at, run.rev
        first = seq = run.seq
        def_ = run.def_ if seq else rows[0][7]
        actors, dates, texts, book = self._actors, self._dates, self._texts, self._book
        latest, largest, log, one, other = self._latest, MAX_BYTES + 1, self._log, VERSION, 0
        hasher = self._hasher
        ahead = texts.ahead(instance)
        try:
            quoted = "null" if def_ is None else quote(def_.hex())
            place = f',"def":{quoted},"instance":{quote(instance)},"kind":'.encode()
            door = rows[0][5]
            closing = f',"v":{VERSION},"via":{quote(door)}}}'.encode()
            for _, number, kind, at, actor, via, req, rules, version, prev, leaf, text in rows:
                who = actors.get(actor)
                if who is None or not who.since <= at < who.until:
                    who = self._who(actor, at)
                # A small integer is one object, so that what is the same is one; 1.0 and True are not.
                if number != seq + 1 or rules != def_ or version is not one:
                    break
                if type(number) is not int or type(at) is not int:
                    break
                way = node.sizes.get(len(text))
                if (
                    way is not None
                    and text[: way.on] == way.head
                    and text[way.closed :] == way.tail
                    and text[way.end : way.digest] == way.middle
                    and kind == way.kind
                    and who.roles is way.roles
                    and def_ == way.def_
                ):
                    on, digest, attrs = text[way.on : way.end], text[way.digest : way.closed], None
                else:
                    found = self._way(text, node, kind, who.roles, def_, at)
                    if found is None:
                        break
                    way, (on, digest, attrs, told) = found
                dated = dates.get(on)
                if dated is None or not dated[0] <= at < dated[1]:
                    dated = self._date(on, at)
                    if dated is None:
                        break
                if way.sets:
                    _, _, low, high = dated
                    for after in way.after:
                        day = earliest.get(after)
                        if day is not None and (low is None or day > low):
                            low = day
                    if high is not None and low is not None and low > high:
                        break
                if via != door:
                    door, closing = via, f',"v":{VERSION},"via":{quote(via)}}}'.encode()
                data = b'%b%d,"body":%b%b%b%b%b","req":%b,"seq":%d%b' % (
                    who.opening, at, text, place, way.quoted, log, hexlify(head),
                    b"null" if req is None else quote(req).encode(), number, closing,
                )  # fmt: skip
                if hasher(data).digest() != leaf or prev != head or len(data) > largest or not before <= at <= latest:
                    break
                if digest:
                    if ahead != number:
                        break
                    ahead = texts.opens(way.field, digest)
                    if not ahead:
                        break
                elif ahead <= number:
                    break
                if not seq:
                    about = way.shape.body
                    run.def_, run.force = def_, force
                    run.workflow, run.root = about.get("workflow"), about.get("root")
                seq, head, before, node = number, leaf, at, way.node
                if way.sets:
                    earliest[seq] = low
                if attrs is not None:
                    run.say(attrs, told)
                if way.plain:
                    rev = seq
                else:
                    book.refused += way.refused
                    book.late += way.late
                    other += not way.move
                    if not way.silent:
                        rev = seq
        except _RAISED:
            pass  # a column of a wrong type
        if seq == first:
            return 0
        run.node, run.seq, run.head, run.at, run.rev = node, seq, head, before, rev
        book.entries += seq - first
        book.moves["decided"] += seq - first - other
        return seq - first

    def _who(self, actor: str, at: int) -> Known:
        """Return an actor as it is at an instant, and keep it for the others."""
        if len(self._actors) >= _ACTORS:
            self._actors.clear()
            self._roles.clear()
        span = self._replay.actors.span(actor, at)
        roles = span.roles if span.roles is None else self._roles.setdefault(span.roles, span.roles)
        opening = f'\x00{{"actor":{quote(actor)},"at":'.encode()
        who = self._actors[actor] = Known(opening, roles, span.since, span.until)
        return who

    def _date(self, on: bytes, at: int) -> tuple[int, int, str | None, str | None] | None:
        """Return from when until when an entry may say an `on`, at this instant among others, and its days.

        An `on` whose latest day is over will be as right ever after; one that ends with the entry's day need not.
        """
        if not on:
            return self._dates.setdefault(on, (0, sys.maxsize, None, None))
        said, today = self._shapes.day(on.decode()), self._replay.day(at)
        if said is None or not self._replay.fits(said, today):
            return None
        if len(self._dates) >= _DATES:
            self._dates.clear()
        offset = self._replay.offset
        since = (at + offset) // DAY_US * DAY_US - offset
        until = since + DAY_US
        if said.hi is not None and said.hi < today:
            since, until = min(since, self._dates.get(on, (since,))[0]), sys.maxsize
        dates = self._dates[on] = since, until, said.lo, said.hi
        return dates

    def _way(
        self, text: bytes, node: Node, kind: str, roles: frozenset[str] | None, def_: bytes | None, at: int
    ) -> tuple[Way, Cut] | None:
        """Return the way of a body among the others of a node, cut up; learn it from the edge known by its shape."""
        if roles is None or self._replay.retired.touched(text):
            return None
        for way in node.ways:
            if way.roles is not roles or way.kind != kind or way.def_ != def_:
                continue
            if way.performer is not None and self._their(way.performer, at) != way.their:
                continue
            cut = way.cut(text)
            if cut is not None:
                if way.even:
                    node.sizes[len(text)] = way
                return way, cut
        body = self._shapes.cut(text.decode())
        if body is None or "attested" in body.shape.body:
            return None
        edge = node.edges.get(self._replay.place(kind, body.shape, def_, roles, at))
        if edge is None or not edge.legal:
            return None
        their = None if body.shape.performer is None else self._their(body.shape.performer, at)
        learnt = learn(edge, body, text, (kind, roles, def_, their))
        if learnt is not None:
            self._keep(node, learnt[0])
        return learnt

    def _their(self, performer: str, at: int) -> frozenset[str] | None:
        """Return the roles of whom an entry is late for, as they are of another actor of that instant."""
        found = self._replay.actors.at(performer, at)
        return None if found is None else found.roles

    def _keep(self, node: Node, way: Way) -> None:
        """Keep a way, and forget others when there are too many."""
        if len(self._nodes) >= _WAYS:
            for known in self._nodes:
                known.ways.clear()
                known.sizes.clear()
            self._nodes.clear()
        if len(node.ways) >= _BRANCHES:
            node.ways.clear()
            node.sizes.clear()
        self._nodes.append(node)
        node.ways.append(way)
