"""Was this act legal when it was done? Every entry is decided again with the definition then in force.

decided     from the fold of its own chain
witnessed   also from the entries of other instances that it cites: their leaves must be those on record
attested    the application's answers are taken from the entry, counted, and never run again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.operations import overtaken
from kfq_workflow.conditions import Outside
from kfq_workflow.decision import adoption, decide
from kfq_workflow.errors import KfqError
from kfq_workflow.values import EMPTY, Actor, Witness
from kfq_workflow.verify.approvals import KINDS, ApprovalJudge
from kfq_workflow.verify.case import Case
from kfq_workflow.verify.consequences import AMEND, Consequences
from kfq_workflow.verify.past import Undisclosed
from kfq_workflow.verify.reserved import RESERVED, ReservedJudge

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kfq_workflow.decision import Reason, Stage
    from kfq_workflow.entry import Row
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Decision
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.numbers import Retired
    from kfq_workflow.verify.past import Actors, Cited, Library, Witnesses
    from kfq_workflow.verify.report import Book

BASES = frozenset({"stated", "implied", "inferred"})
#: What a body that is not made as this library makes bodies can raise while it is read.
ODD = (KeyError, IndexError, TypeError, AttributeError, ValueError)
ACTS = (
    "started", "fired", "adopted", "annotated", "amended", "refused", *KINDS,
    "proposed", "rectified", "redacted", "declined",
)  # fmt: skip
FIRST = ("started", "adopted")


class NoAnswer(LookupError):
    """The entry does not say what the application's code answered."""


class Judge:
    """Decides entries again and notes what does not agree."""

    def __init__(
        self, book: Book, library: Library, actors: Actors, witnesses: Witnesses, retired: Retired,
        day: Callable[[int], str],
        corrections: Callable[[Judge], Mapping[str, Callable[[Case], None]]] | None = None,
    ) -> None:  # fmt: skip
        self._book = book
        self.library = library
        self.hasher = library.hasher
        self.actors = actors
        self.witnesses = witnesses
        self.retired = retired
        self.day = day
        self._approvals = ApprovalJudge(self)
        self.consequences = Consequences(witnesses, library)
        #: The newest entry that could not be decided again.
        self.undecided: tuple[str, int] | None = None
        self._kinds: dict[str, Callable[[Case], None]] = {
            "started": self._started,
            "fired": self._fired,
            "adopted": self._adopted,
            "annotated": self._annotated,
            "amended": self._amended,
            "refused": self._refused,
            **dict.fromkeys(KINDS, self._approvals.judge),
            **ReservedJudge(self, library).kinds,
            **(corrections(self) if corrections is not None else {}),
        }

    def knows(self, kind: str) -> bool:
        """Tell whether entries of this kind can be judged."""
        return kind in self._kinds

    def judge(self, row: Row, body: dict[str, Any], run: Run, before: Snapshot, actor: Actor | None) -> None:
        """Judge one entry; findings go to the book."""
        case = Case(self._book, row, body, run, before, actor, self.day(row.at))
        try:
            reserved = run.instance.partition("/")[0] if run.instance.startswith("~") else ""
            allowed = RESERVED.get(reserved, ()) if reserved else ACTS
            if row.kind not in allowed:
                case.error("kind_place", kind=row.kind)
            elif reserved or run.force is not None:
                self._kinds[row.kind](case)
                case.nothing_else()
            elif row.def_ is None:
                case.error("def_missing")
            if row.seq == 1 and not reserved and row.kind not in FIRST:
                case.error("not_started", kind=row.kind)
        except Undisclosed as error:
            self._undisclosed(case, error)
        except ODD as error:
            case.error("malformed", reason=f"{type(error).__name__}: {error}"[:200])

    def _undisclosed(self, case: Case, error: Undisclosed) -> None:
        """Note an entry that cannot be decided again, because it rests on what the source does not show."""
        self.undecided = case.row.instance, case.row.seq
        case.failed = True
        self._book.not_checked(f"cited {error.instance}", needed=True)

    # One method for each kind

    def _started(self, case: Case) -> None:
        rules, body = case.rules, case.body
        case.first()
        case.equal("set", rules.start(), body.get("set"))
        case.equal("was", {}, body.get("was"))
        case.equal("workflow", rules.definition.name, body.get("workflow"))
        case.live(late=body.get("mode") == "late")
        self._root(case)
        self._attrs(case)
        self.authorise(case, rules.definition.permissions.start)

    def _root(self, case: Case) -> None:
        """Check that a case belongs to an instance of the workflow that its definition names."""
        wanted, root = case.rules.definition.root, case.body.get("root")
        case.compared.add("root")
        if wanted is None and root is None:
            return
        try:
            cited = self.witnesses.after(root, 1) if isinstance(root, str) else None
        except Undisclosed as error:
            self._undisclosed(case, error)
            return
        if cited is None or cited.at > case.row.at:
            case.error("root_missing", root=root or "-")
        elif cited.workflow != wanted or cited.root is not None:
            case.error("root_differs", root=root, found=cited.workflow, expected=wanted or "-")

    def _attrs(self, case: Case) -> None:
        declared = case.rules.definition.attributes
        case.compared.add("attrs")
        clear = case.body.get("attrs", {})
        names = {name for name in clear if name not in declared or declared[name].personal}
        names |= {
            field.removeprefix("attribute.")
            for field in case.body.get("texts", {})
            if field.startswith("attribute.") and field.removeprefix("attribute.") not in declared
        }
        if names:
            case.error("attributes", names=sorted(names))

    def _fired(self, case: Case) -> None:
        body, late = case.body, case.body.get("mode") == "late"
        case.live(late=late)
        performer = case.actor
        if late:
            self.authorise(case, case.rules.definition.permissions.register)
            performer = self._performer(case)
        elif "for" in body:
            case.error("late_unmarked")
        if body.get("trigger") not in case.rules.table:
            case.error("unknown_trigger", trigger=body.get("trigger"))
            return
        if "cause" in body:
            cause = self.consequences.cause(case, body["trigger"])
            decision = self.decide(case, None, stage="effect", cause=cause)
        else:
            decision = self.decide(case, performer, late=late)
        if decision is not None and self.allowed(case, decision):
            doer = body["for"]["id"] if late else case.row.actor
            self.moved(case, decision, doer, {}, None if late else self.params(case))

    def allowed(self, case: Case, decision: Decision) -> bool:
        """Note a move that was not allowed."""
        if not decision.allowed:
            case.not_allowed(decision.trigger, ((refusal.code, refusal.values) for refusal in decision.refusals))
        return decision.allowed

    def moved(
        self, case: Case, decision: Decision, doer: str, gates: Mapping[str, Any], params: Mapping[str, Any] | None
    ) -> None:
        """Compare all that an entry says a move changed.

        `gates` are the patches that it must bring besides; `params` None: a late entry, whose effects were then.
        """
        body, rules = case.body, case.rules
        case.equal("set", dict(decision.set), body.get("set"))
        case.equal("was", dict(decision.was), body.get("was"))
        case.equal("transition", decision.transition, body.get("transition", decision.trigger))
        case.equal("rests", list(decision.rests), body.get("rests", []))
        case.equal("remembers", decision.remembers, body.get("remembers"))
        case.equal("seen", self.seen(decision), body.get("seen", []))
        case.equal("attested", dict(decision.attested), case.answers())
        case.equal(
            "did", {decision.transition: doer} if decision.transition in rules.watched else {}, body.get("did", {})
        )
        voided = overtaken(case.before, rules.gated, case.row.seq, decision.set, decision.transition or "")
        case.equal("gates", {**gates, **voided}, body.get("gates", {}))
        if params is None:
            case.equal("effects", [], body.get("effects", []))
        else:
            self.consequences.promised(case, rules.transitions[decision.transition or ""], params)

    @staticmethod
    def seen(decision: Decision) -> list[dict[str, Any]]:
        """Return what an entry must say that a decision read of other instances."""
        return [{"instance": seen.instance, "leaf": seen.leaf, "seq": seen.seq} for seen in decision.seen]

    def _performer(self, case: Case) -> Actor | None:
        """Return the office that decided what is entered late, with the roles that it had at the entry."""
        about, body = case.body.get("for"), case.body
        flags = isinstance(about, dict) and about.get("ground") == "late" and body.get("basis") in BASES
        if not flags or "source" not in body.get("texts", {}) or any(p.get("filed") for p in body.get("papers", [])):
            case.error("late_flags")
        if not isinstance(about, dict):
            return None
        if "resolver" in body.get("attested", {}):
            return Actor(about["id"], frozenset({about["role"]} if "role" in about else ()))
        found = self.actors.at(about["id"], case.row.at)
        if found is None:
            self._book.warning("replay", "actor_unknown", case.run.instance, case.row.seq, actor=about["id"])
        return found

    @staticmethod
    def params(case: Case) -> dict[str, Any]:
        """Return the parameters of an act; of the personal ones only that they were given."""
        texts = case.body.get("texts", {})
        personal = {name.removeprefix("parameter."): "" for name in texts if name.startswith("parameter.")}
        return {**case.body.get("params", {}), **personal}

    @staticmethod
    def answers(case: Case) -> Callable[[str], tuple[bool, Mapping[str, Any]]]:
        """Return what answers guards in code: what the entry says that they answered."""

        def answer(name: str) -> tuple[bool, Mapping[str, Any]]:
            given = case.body.get("attested", {}).get(name, {})
            if "answer" not in given:
                raise NoAnswer(name)
            return given["answer"], given.get("values", EMPTY)

        return answer

    def decide(
        self, case: Case, who: Actor | None, *, late: bool = False, stage: Stage = "fire", cause: Witness | None = None
    ) -> Decision | None:
        """Decide a move again; one that only an actor of shortly before may make is allowed with a warning."""
        body, row = case.body, case.row
        try:
            witnesses = self.cited(case)
        except Undisclosed as error:
            self._undisclosed(case, error)
            return None
        retired = () if late else self.numbers(case)

        def again(actor: Actor | None) -> Decision:
            return decide(
                case.rules, case.before, body["trigger"], actor=actor,
                papers={paper["type"] for paper in body.get("papers", ())}, params=self.params(case),
                outside=Outside(row.instance, case.run.root, witnesses, self.answers(case)), late=late, stage=stage,
                cause=cause, retired=retired,
            )  # fmt: skip

        try:
            decision = again(who)
        except NoAnswer as error:
            case.error("attested_missing", guard=str(error))
            return None
        if decision.allowed or who is None or "resolver" in body.get("attested", {}):
            return decision
        for other in self.actors.around(who.id, row.at):
            if other.roles != who.roles and (tried := again(other)).allowed:
                self._book.warning("replay", "actor_changed", row.instance, row.seq, actor=who.id)
                return tried
        return decision

    def numbers(self, case: Case) -> list[Reason]:
        """Return why the papers of an entry could not be laid; that perhaps they could not is a warning."""
        certain, perhaps = self.retired.reasons(case.body.get("papers", ()), case.row.at)
        for _, about in perhaps:
            values = {"number": about["number"], "other": about["instance"], "entry": about["seq"]}
            self._book.warning("replay", "number_overlap", case.row.instance, case.row.seq, **values)
        return certain

    def renumbered(self, case: Case, effects: list[dict[str, Any]]) -> None:
        """Check what an entry does to document numbers, and expect it on their chains."""
        case.equal("effects", effects, case.body.get("effects", []))
        self.consequences.expect(case.row, effects)

    def caused(self, case: Case, kind: str) -> Cited | None:
        """Return the entry that caused one on a number's chain; note one that did not."""
        said = case.body["cause"]
        found = self.consequences.cause(case, kind)
        return None if found is None else self.witnesses.after(said["instance"], said["seq"])

    def cited(self, case: Case) -> dict[str, Witness]:
        """Return the instances that the entry cites as they were after the entries cited."""
        found: dict[str, Witness] = {}
        for seen in case.body.get("seen", ()):
            key, seq = seen["instance"], seen["seq"]
            cited = self.witnesses.after(key, seq)
            if cited is None or cited.at > case.row.at:
                case.error("seen_missing", cited=key, number=seq)
                continue
            if cited.leaf.hex() != seen["leaf"]:
                case.error("seen_leaf", cited=key, number=seq)
            found[key] = Witness(key, cited.workflow or "", seq, seen["leaf"], cited.regions)
        return found

    def _adopted(self, case: Case) -> None:
        body, rules = case.body, case.rules
        case.live(late=True)
        if body.get("basis") not in BASES or "source" not in body.get("texts", {}):
            case.error("late_flags")
        if case.row.seq == 1:
            case.equal("workflow", rules.definition.name, body.get("workflow"))
            self._root(case)
            self._attrs(case)
        self.authorise(case, rules.definition.permissions.adopt)
        changes = body["set"]
        stated = {region: state for region, state in changes.items() if state is not None}
        moved = rules.moved(case.before.regions, case.before.kept, stated)
        implied = {region for region, state in moved.items() if state is None}
        states = {region: state for region, state in changes.items() if state is not None or region not in implied}
        try:
            wanted, was = adoption(rules, case.before, states)
        except KfqError as error:
            case.error("adoption", reason=str(error))
            return
        case.equal("set", wanted, changes)
        case.equal("was", was, body.get("was"))
        voided = overtaken(case.before, rules.gated, case.row.seq, wanted)
        case.equal("gates", voided, body.get("gates", {}))

    def _annotated(self, case: Case) -> None:
        case.still()

    def _amended(self, case: Case) -> None:
        case.still()
        self._attrs(case)
        if "cause" in case.body:
            self.consequences.cause(case, AMEND)
        else:
            self.authorise(case, case.rules.definition.permissions.amend)
        self._approvals.rebound(case)

    def _refused(self, case: Case) -> None:
        case.still()
        if not isinstance(case.body.get("refusals"), list):
            case.error("malformed", reason="refusals")

    def authorise(self, case: Case, roles: Collection[str]) -> None:
        """Note an actor who had none of the roles; one whose roles changed shortly before is a warning."""
        actor, row = case.actor, case.row
        if actor is None or not actor.roles.isdisjoint(roles):
            return
        if any(not other.roles.isdisjoint(roles) for other in self.actors.around(row.actor, row.at)):
            self._book.warning("replay", "actor_changed", row.instance, row.seq, actor=row.actor)
            return
        case.error("actor_role", actor=row.actor, needs=sorted(roles))
