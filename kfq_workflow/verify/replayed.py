"""The replay check: each entry is folded, judged and dated, one after the other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow import edtf
from kfq_workflow.approval.gate import check_form
from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import VERSION
from kfq_workflow.history.effective import RECTIFIED
from kfq_workflow.state import Snapshot
from kfq_workflow.verify.consequences import unkept
from kfq_workflow.verify.corrections import CorrectionJudge
from kfq_workflow.verify.fold import Folds, Run
from kfq_workflow.verify.legality import ODD, Judge
from kfq_workflow.verify.numbers import Retired
from kfq_workflow.verify.past import Actors, Enrolled, Library, Witnesses
from kfq_workflow.verify.reserved import ADMINISTRATOR, SYSTEM
from kfq_workflow.verify.shapes import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfq_workflow.entry import Row
    from kfq_workflow.log import LogHead
    from kfq_workflow.values import Actor
    from kfq_workflow.verify.consequences import Effect
    from kfq_workflow.verify.erasure import Erasures
    from kfq_workflow.verify.fold import Edge
    from kfq_workflow.verify.past import Chains, InForce
    from kfq_workflow.verify.report import Book
    from kfq_workflow.verify.shapes import Body, On, Shape

_LIMIT = 10_000
#: What says something of this one entry, so that no other is judged by it.
_OWN = frozenset({"cause", "corrects", "did", "effects", "erases", "gates", "proposal"})
COUNTED = frozenset({"adopted", "fired", "refused", "voted"})


@dataclass(slots=True)
class Loose:
    """What a part of a log leaves open, for the whole to settle.

    `administrated` is the first time that an administrator was enrolled, `system` the last entry by the library's own
    account: time, instance and number. `effects` were promised and not seen, or seen and not promised yet; `stored`
    and `used` are digests of documents, `problems` what is wrong with documents themselves.
    """

    administrated: int | None
    system: tuple[int, str, int] | None
    effects: dict[Effect, int]
    stored: set[bytes]
    used: set[bytes]
    problems: dict[tuple[str, str], dict[str, str]]

    def merge(self, other: Loose) -> None:
        """Add what another part leaves open."""
        times = [at for at in (self.administrated, other.administrated) if at is not None]
        self.administrated = min(times, default=None)
        self.system = max(filter(None, (self.system, other.system)), default=None)
        for effect, count in other.effects.items():
            self.effects[effect] = self.effects.get(effect, 0) + count
        self.stored |= other.stored
        self.used |= other.used
        self.problems |= other.problems

    def without(self, skips: Callable[[str], bool]) -> None:
        """Forget the effects of which one side was not read."""
        for effect, count in list(self.effects.items()):
            case, _, target, _ = effect
            if skips(str(target if count > 0 else case)):
                del self.effects[effect]

    def settle(self, book: Book, shows: Callable[[str], bool], *, whole: bool) -> None:
        """Note what is wrong; of one instance only in documents. `shows` tells which instances the source has."""
        for (kind, digest), values in sorted(self.problems.items()):
            book.error("document", kind, document=digest, **values)
        if not whole:
            return
        for unused in sorted(self.stored - self.used):
            book.warning("document", "unused", document=unused.hex())
        unkept(self.effects, shows, book)
        if self.system and self.administrated is not None and self.system[0] > self.administrated:
            _, instance, seq = self.system
            book.error("replay", "actor_role", instance, seq, actor=SYSTEM, needs=sorted(ADMINISTRATOR))


class ReplayCheck:
    """Replays a log entry by entry and notes what cannot have happened so."""

    def __init__(self, source: Chains, head: LogHead, book: Book, erasures: Erasures | None = None) -> None:
        self._book = book
        self._head = head
        self.offset = head.utc_offset * edtf.MINUTE_US
        self.actors = Actors(source)
        self._library = Library(source, book, known_hash(head.suite))
        self.retired = Retired(source)
        self._judge = Judge(
            book, self._library, self.actors, Witnesses(source), self.retired, self.day,
            lambda judge: CorrectionJudge(judge, source, head, erasures).kinds,
        )  # fmt: skip
        self._folds = Folds()
        self._days: dict[int, str] = {}
        self._good: set[tuple[On, str]] = set()
        #: The first time that an administrator was enrolled, and the last entry by the library's own account.
        self._administrated: int | None = None
        self._system: tuple[int, str, int] | None = None

    def begin(self, instance: str) -> Run:
        """Begin to read an instance."""
        return Run(instance, self._folds.begin(), self._head.genesis)

    def entry(self, row: Row, body: Body, run: Run) -> None:
        """Replay one entry; chain and bytes are checked elsewhere."""
        shape, at = body.shape, row.at
        if row.def_ != run.def_ or run.seq == 0:
            self._define(row, run)
        day = self.day(at)
        actor = self._actor(row, shape, day)
        key = self.place(row.kind, shape, row.def_, None if actor is None else actor.roles, at)
        edge = run.node.edges.get(key) if row.seq == run.seq + 1 and row.v == VERSION else None
        if edge is None or not edge.legal or ("papers" in shape.parts and self.retired.touched(body.text)):
            edge = self._consider(row, body, run, actor, key, edge)
        if edge is None:
            return
        on = body.on
        if on is not UNKNOWN and not self.fits(on, day):
            self._note_day(row, on, day, run)
        if shape.sets:
            self._order(row, on, run, edge)
        run.node = edge.node
        if row.kind == RECTIFIED:
            run.become(shape.body["becomes"])
        if shape.facts or run.seq == 0 or run.reserved:
            self._facts(row, body, run)
        if row.kind in COUNTED:
            self._count(row, shape, actor)

    def place(
        self, kind: str, shape: Shape, def_: bytes | None, roles: frozenset[str] | None, at: int
    ) -> tuple[Any, ...]:
        """Return the key of an edge: all that the legality of an entry like this one depends on."""
        if shape.performer is None:
            return kind, shape, def_, roles
        performer = self.actors.at(shape.performer, at)
        return kind, shape, def_, roles, performer and performer.roles

    def force(self, def_: bytes | None, at: int) -> InForce | None:
        """Return the definition that an instance may begin with at an instant, None where that takes a closer look."""
        found = None if def_ is None else self._library.known(def_)
        return None if found is None or (found.since is not None and found.since > at) else found

    def _count(self, row: Row, shape: Shape, actor: Actor | None) -> None:
        book = self._book
        book.late += shape.late
        if row.kind == "refused":
            book.refused += 1
        elif self._judge.undecided == (row.instance, row.seq):
            pass  # which is among what was not checked
        elif row.kind == "fired" or (row.kind == "voted" and shape.sets):
            attested = actor is None or "attested" in shape.body
            book.moves["attested" if attested else "witnessed" if "seen" in shape.parts else "decided"] += 1

    def loose(self) -> Loose:
        """Return what only the whole log shows to be right or wrong."""
        library, effects = self._library, self._judge.consequences.open
        return Loose(self._administrated, self._system, effects, library.stored, library.used, library.problems)

    def phase(self, run: Run) -> str | None:
        """Return the phase of the state that `main` is in."""
        if run.force is None:
            return None
        return run.force.rules.definition.phase_of(run.node.snapshot.regions.get("main"))

    def _define(self, row: Row, run: Run) -> None:
        """Take note of the definition of an instance, which only its first entry chooses."""
        if run.seq:
            self._book.error("replay", "def_changed", row.instance, row.seq)
        run.def_ = row.def_
        run.force = self._library.rules(row.def_) if row.def_ is not None else None
        if run.force is not None and run.force.since is not None and run.force.since > row.at:
            self._book.error("document", "not_yet_defined", row.instance, row.seq, document=(row.def_ or b"").hex())

    def day(self, at: int) -> str:
        """Return the local day of an instant, and keep it for the others of that day."""
        known = self._days.get((at + self.offset) // edtf.DAY_US)
        if known is not None:
            return known
        if len(self._days) >= _LIMIT:
            self._days.clear()
        try:
            day = edtf.day_of(at, self._head.utc_offset)
        except edtf.InvalidDate:
            day = "9999-12-31"
        self._days[(at + self.offset) // edtf.DAY_US] = day
        return day

    def _actor(self, row: Row, shape: Shape, day: str) -> Enrolled | None:
        """Return the actor as of the entry, with the roles that a resolver attested or the log has."""
        if row.actor == SYSTEM and row.kind in ("genesis", "sealed", "keyed", "enrolled", "defined", "ruled"):
            if row.kind not in ("genesis", "sealed", "keyed") and type(row.at) is int:
                self._system = max(self._system or (0, "", 0), (row.at, row.instance, row.seq))
            return None
        if "attested" in shape.body and "resolver" in shape.body["attested"]:
            attested = shape.body["attested"]
            try:
                told = attested["resolver"]["values"]
                return Enrolled(row.actor, frozenset(told["roles"]), org=told.get("org", ""), always=True)
            except ODD:
                self._book.error("replay", "malformed", row.instance, row.seq, reason="resolver")
                return None
        actor = self.actors.at(row.actor, row.at)
        if actor is None:
            self._book.warning("replay", "actor_unknown", row.instance, row.seq, actor=row.actor)
        elif not (actor.always or row.kind == "refused" or actor.acts_on(day)):
            if any(other.acts_on(day) for other in self.actors.around(row.actor, row.at)):
                self._book.warning("replay", "actor_changed", row.instance, row.seq, actor=row.actor)
            else:
                self._book.error("replay", "actor_not_valid", row.instance, row.seq, actor=row.actor)
        return actor

    def _consider(
        self, row: Row, body: Body, run: Run, actor: Actor | None, key: tuple[Any, ...], edge: Edge | None
    ) -> Edge | None:
        """Fold an entry that has not come this way before, and judge one that is not legal for good."""
        shape, book = body.shape, self._book
        noted = book.noted
        keep = (
            shape.shared and _OWN.isdisjoint(shape.body) and not run.node.snapshot.gates
            and row.seq == run.seq + 1 and row.v == VERSION
        )  # fmt: skip
        try:
            edge = edge or self._folds.learn(run.node, key, row, shape, keep=keep)
            if "gates" in shape.body:
                check_form(edge.node.snapshot.gates)
                run.fold_tasks(edge.node, row.at)
        except ODD as error:
            book.error("replay", "malformed", row.instance, row.seq, reason=f"{type(error).__name__}: {error}"[:200])
            return None
        if row.v == VERSION and self._judge.knows(row.kind):
            content = body.parsed()
            self._judge.judge(row, content, run, run.snapshot(), actor)
            edge.legal = noted == book.noted and self._is_static(shape, content, run)
        elif row.v == VERSION:  # what is of another version is folded as far as it can be, and not judged
            book.not_checked(f"kind {row.kind}", needed=True)
        if "effects" in shape.body and (run.force is None or row.v != VERSION or not self._judge.knows(row.kind)):
            # What cannot be judged is taken at its word, or what it caused would look as if it were there twice.
            with suppress(*ODD):
                self._judge.consequences.expect(row, shape.body["effects"])
        return edge

    @staticmethod
    def _is_static(shape: Shape, body: dict[str, Any], run: Run) -> bool:
        """Tell whether an entry like this one, in an instance like this one, is legal whatever else differs."""
        trigger = body.get("trigger")
        return (
            shape.shared
            and run.force is not None
            and "seen" not in shape.parts
            and "root" not in body
            and _OWN.isdisjoint(body)
            and trigger not in run.force.attributes
            and trigger not in run.force.outside
        )

    def fits(self, on: On, day: str) -> bool:
        """Tell whether the days are those of the EDTF text, and none lies after the entry's own day."""
        if (on, day) in self._good:
            return True
        try:
            told = edtf.parse(on.edtf or "")
        except edtf.InvalidDate:
            return False
        latest = day if told.hi is None else min(told.hi, day)
        if on.lo != told.lo or on.hi != latest or (told.lo is not None and told.lo > latest):
            return False
        if len(self._good) >= _LIMIT:
            self._good.clear()
        self._good.add((on, day))
        return True

    def _note_day(self, row: Row, on: On, day: str, run: Run) -> None:
        """Note what is wrong with an act's days."""
        try:
            told = edtf.parse(on.edtf or "")
        except edtf.InvalidDate:
            self._book.error("replay", "date_malformed", row.instance, row.seq, text=on.edtf or "-")
            return
        latest = day if told.hi is None else min(told.hi, day)
        # The clock had run back over midnight: `at` is the previous entry's, "today" was an earlier day.
        clamped = row.at == run.at and on.lo == told.lo and (on.lo or "") <= (on.hi or "") <= latest
        if not clamped:
            self._book.error("replay", "date_differs", row.instance, row.seq, text=on.edtf)

    def _order(self, row: Row, on: On, run: Run, edge: Edge) -> None:
        """Fold the earliest day of an entry, and refuse it when what comes before it was certainly later."""
        low = on.lo
        bound = run.bound(edge.after) if edge.after else None
        if bound is not None:
            if on.hi is not None and bound[0] > on.hi:
                self._book.error(
                    "replay", "date_order", row.instance, row.seq, text=on.edtf, number=bound[1], earliest=bound[0]
                )
            if low is None or bound[0] > low:
                low = bound[0]
        run.dated(row.seq, low)

    def _facts(self, row: Row, body: Body, run: Run) -> None:
        """Merge the attributes that an entry says, and what the first says of the whole instance."""
        shape = body.shape
        if run.seq == 0 and not run.reserved:
            run.workflow, run.root = shape.body.get("workflow"), shape.body.get("root")
        if body.attrs is not None and not run.reserved:
            run.say(body.attrs)
        elif shape.facts or run.reserved:
            self._said(row, body.parsed(), run)

    def _said(self, row: Row, content: dict[str, Any], run: Run) -> None:
        run.fold_grants(row, content)
        run.told, said = None, Snapshot(attrs=run.attrs)
        said.apply(row.seq, row.kind, {name: value for name, value in content.items() if name != "set"})
        if row.kind == "enrolled" and type(row.at) is int and ADMINISTRATOR & set(map(str, content.get("roles", ()))):
            self._administrated = row.at if self._administrated is None else min(self._administrated, row.at)
