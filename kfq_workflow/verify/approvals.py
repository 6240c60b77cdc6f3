"""Was this act on an approval gate right when it was done? The same pure operations are asked again.

Each entry is given to the operation that made it, with its own words, on the gate as the entries before it left it.
The operation must give the patch that the entry carries; a vote that decides must bring the move that the definition
then in force allows. What is refused now was not allowed then.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kfq_workflow.approval import numbers, opening, operations, signers
from kfq_workflow.approval.deciding import asking, closing
from kfq_workflow.approval.gate import may_sign, merge, replaced
from kfq_workflow.approval.operations import Denied, Desk
from kfq_workflow.approval.proxies import covered, in_force
from kfq_workflow.conditions import Outside
from kfq_workflow.values import EMPTY, Actor
from kfq_workflow.verify.past import OVERLAP_US
from kfq_workflow.working_days import WEEKENDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kfq_workflow.definition.model import Transition
    from kfq_workflow.values import Decision
    from kfq_workflow.verify.case import Case
    from kfq_workflow.verify.legality import Judge
    from kfq_workflow.verify.past import Cited
    from kfq_workflow.working_days import Calendar

    Patches = Mapping[str, dict[str, Any]]

_STANDS = ("suspended", "resumed", "voided", "reinstated")
KINDS = (
    "opened", "voted", "retracted", "transferred", "delegated", "replied", "added", "removed", "returned", "withdrawn",
    "urged", "copied", "read", "extended", "waived", *_STANDS,
)  # fmt: skip


#: What is done only for a reason in words, and what only on the basis of a document.
_BASED = frozenset({"extended", *_STANDS})
_REASONED = frozenset({"added", "removed", "retracted", "returned", "transferred", "waived", *_BASED})


class ApprovalJudge:
    """Judges the entries of approval gates, on behalf of `Judge`."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._simple: dict[str, Callable[[Case, Desk], dict[str, Any]]] = {
            "transferred": lambda case, desk: signers.transfer(desk, self._person(case, "to"), case.body["task"])[1],
            "delegated": lambda case, desk: signers.delegate(desk, self._person(case, "to"), case.body["task"])[1],
            "replied": lambda case, desk: signers.reply(desk, case.body["task"])[1],
            "added": self._added,
            "removed": lambda case, desk: signers.remove(
                desk, case.body["task"], need=case.body.get("need"), manages=case.supervises(desk.by)
            ),
            "withdrawn": lambda _case, desk: operations.withdraw(desk),
            "urged": lambda case, desk: operations.urge(desk, self._calendar(case)),
            "copied": lambda case, desk: operations.copy_to(desk, [Actor(name) for name in case.body["to"]]),
            "read": lambda _case, desk: operations.mark_read(desk),
            "extended": lambda case, desk: operations.extend(desk, case.body["due"]),
            "waived": lambda case, desk: operations.waive(desk, self._person(case, "signer")),
        }

    def judge(self, case: Case) -> None:
        """Judge one entry of a kind in `KINDS`."""
        kind = case.row.kind
        self._grounds(case, kind)
        if kind in _STANDS:
            self._stood(case, kind)
            return
        case.live(late=False)
        special = {
            "opened": self._opened,
            "voted": self._voted,
            "retracted": self._retracted,
            "returned": self._returned,
        }
        try:
            if kind in special:
                special[kind](case)
            else:
                self._simply(case)
        except Denied as denied:
            case.not_allowed(case.body.get("trigger"), denied.reasons)
        except LookupError as error:
            guard = str(error.args[0]) if error.args else "-"
            if "@" not in guard:
                raise  # nothing that code answers: the body is malformed
            case.error("attested_missing", guard=guard)

    @staticmethod
    def _grounds(case: Case, kind: str) -> None:
        """Check that an entry has a reason and names a document where there must be one."""
        missing = ["reason"] if kind in _REASONED and "reason" not in case.body.get("texts", {}) else []
        number = case.body.get("number")
        if kind in _BASED and not (isinstance(number, str) and number):
            missing.append("number")
        if missing:
            case.error("grounds_missing", names=missing)

    # Rounds

    def _opened(self, case: Case) -> None:
        body, rules = case.body, case.rules
        if body.get("trigger") not in rules.table:
            case.error("unknown_trigger", trigger=body.get("trigger"))
            return
        decision = self._judge.decide(case, case.actor, stage="submit")
        if decision is None or not self._judge.allowed(case, decision):
            return
        rule = rules.transitions[decision.transition or ""]
        outside = self.outside(case)
        ask = asking(rules, case.before, self._judge.params(case), outside)
        gate = opening.submit(
            rule, case.before, case.row.seq, self._who(case), ask,
            papers=[paper["type"] for paper in body.get("papers", ())], params=body.get("params"),
            due=body.get("due"), direct=bool(body.get("direct")),
            hasher=self._judge.hasher,
        )  # fmt: skip
        self._same(case, {rule.id: gate})
        case.equal("seen", self._judge.seen(decision), body.get("seen", []))
        case.equal("attested", {**decision.attested, **outside.attested}, case.answers())
        self._candidates(case, {rule.id: gate})

    def _candidates(self, case: Case, gates: Patches) -> None:
        """Check that everybody who is said to have been able to sign in a new round was."""
        tasks = [task for gate in gates.values() if "round" in gate for task in gate["tasks"].values()]
        for seat, people in case.body.get("candidates", {}).items():
            asked = [task for task in tasks if task["seat"] == seat]
            for name in people:
                known = self._judge.actors.around(name, case.row.at)
                if not asked or (known and not any(may_sign(task, who) for task in asked for who in known)):
                    case.error("candidate", seat=seat, actor=name)

    def rebound(self, case: Case) -> None:
        """Check what a change of attributes did to gates whose votes are bound to them."""
        outside, rules = self.outside(case), case.rules
        try:
            patches = opening.rebind(
                rules.gated.values(), case.before, case.row.seq, case.body.get("attrs", {}),
                lambda after: asking(rules, case.before, EMPTY, outside, after), self._judge.hasher,
            )  # fmt: skip
        except Denied as denied:
            case.not_allowed("amend", denied.reasons)
            return
        self._same(case, patches)
        case.equal("attested", outside.attested, case.answers())
        self._candidates(case, patches)

    # What a vote or a return brings

    def _voted(self, case: Case) -> None:
        body, desk = case.body, self._desk(case)
        papers = [paper["type"] for paper in body.get("papers", ())]
        retired = self._judge.numbers(case)
        cast = operations.vote(desk, body["vote"], papers=papers, task=body["task"], retired=retired)
        if cast.outcome != "approved":
            self._same(case, {desk.rule.id: cast.patch})
            case.still()
            return
        gates = merge(case.before.gates, {desk.rule.id: cast.patch})
        gate = gates[desk.rule.id]
        decision: Decision = closing(case.rules, case.before, desk.rule, gates, self.outside(case))
        if self._judge.allowed(case, decision):
            self._judge.moved(case, decision, gate["by"], {desk.rule.id: cast.patch}, gate.get("params", EMPTY))

    def _retracted(self, case: Case) -> None:
        body, desk = case.body, self._desk(case)
        task, patch, reopened = operations.retract(desk, case.run.rev, body["task"])
        case.equal("task", task, body["task"])
        state = None
        if reopened and desk.stored()["state"] == "approved":
            before = self._judge.witnesses.after(case.row.instance, desk.stored()["closed"] - 1)
            state = before.regions.get(desk.rule.region) if before else None
        self._placed(case, desk.rule, state, patch)

    def _returned(self, case: Case) -> None:
        body, desk = case.body, self._desk(case)
        _, patch = operations.send_back(desk, body.get("to"), body["task"])
        self._placed(case, desk.rule, body.get("to"), patch)

    def _placed(self, case: Case, rule: Transition, state: str | None, patch: dict[str, Any]) -> None:
        """Check a region that is set without a transition, or that nothing is."""
        before, rules = case.before, case.rules
        changes = rules.moved(before.regions, before.kept, {rule.region: state}) if state else {}
        was = {region: before.regions[region] for region in changes if region in before.regions}
        case.equal("set", changes, case.body.get("set", {}))
        case.equal("was", was, case.body.get("was", {}))
        overtaken = operations.overtaken(before, rules.gated, case.row.seq, changes, rule.id)
        self._same(case, {rule.id: patch, **overtaken})

    # The others

    def _simply(self, case: Case) -> None:
        desk = self._desk(case)
        if case.row.kind in ("extended", "waived"):
            self._judge.authorise(case, case.rules.definition.permissions.supervise)
        patch = self._simple[case.row.kind](case, desk)
        self._same(case, {desk.rule.id: patch})
        case.equal("old", replaced(desk.stored(), patch), case.body.get("old", {}))
        case.still()

    def _calendar(self, case: Case) -> Calendar:
        """Return the calendar that an entry says decided which day it counts for: the one then in force."""
        said = case.body.get("calendar", "")
        if said not in self._judge.library.calendars(case.row.at):
            case.error("calendar", document=said or "-")
        return (self._judge.library.calendar(said) if said else None) or WEEKENDS

    def _added(self, case: Case, desk: Desk) -> dict[str, Any]:
        body = case.body
        _, patch = signers.add(
            desk, self._person(case, "signer"), place=body["place"], weight=body.get("weight", 1),
            need=body.get("need"), task=body.get("task"), manages=case.supervises(desk.by),
        )  # fmt: skip
        return patch

    def _stood(self, case: Case, kind: str) -> None:
        self._judge.authorise(case, case.rules.definition.permissions.supervise)
        try:
            patches = operations.stand(case.before, case.rules.gated, case.row.seq, kind, case.row.actor)
        except Denied as denied:
            case.not_allowed(kind, denied.reasons)
            return
        self._same(case, patches)
        case.still()
        self._renumbered(case, kind)

    def _renumbered(self, case: Case, kind: str) -> None:
        """Check which document numbers an entry retires or releases: those of the papers before it, and its own."""
        retired, key = self._judge.retired, case.row.instance
        effects: list[dict[str, Any]] = []
        if kind == "voided":
            laid = retired.laid(key, case.row.seq)
            effects = numbers.told(numbers.retiring(laid, case.body["number"], case.body.get("keep", ())), "retire")
        elif kind == "reinstated":
            effects = numbers.told(numbers.retired(retired.body(key, case.before.voided["seq"])), "release")
        self._judge.renumbered(case, effects)

    # What they share

    def _desk(self, case: Case) -> Desk:
        """Return the desk on which the entry was made: the gate that it names, who acted and for whom."""
        rules, gates = case.rules, case.body["gates"]
        named = [
            name for name in gates if name in rules.gated and rules.gated[name].trigger == case.body.get("trigger")
        ]
        if len(named) != 1:
            raise Denied(("gate_closed", {}))
        actor = self._who(case)
        return Desk(rules.gated[named[0]], case.before, case.row.seq, case.day, actor, self._principal(case, actor))

    def _who(self, case: Case) -> Actor:
        """Return who acted; one who was not enrolled by then as he was later, and one who never was as a nobody."""
        return case.actor or self._judge.actors.at(case.row.actor, sys.maxsize) or Actor(case.row.actor)

    def _principal(self, case: Case, actor: Actor) -> Actor:
        """Return for whom the actor signed, as the grant that the entry cites lets him."""
        about = case.body.get("for")
        if about is None:
            return actor
        chain, number = f"~actor/{about['id']}", str(about["grant"])
        cited = self._judge.witnesses.after(chain, about["seq"])
        if about.get("ground") != "proxy" or cited is None or cited.at > case.row.at:
            raise Denied(("proxy_none", {}))
        if cited.leaf.hex() != about["leaf"]:
            case.error("seen_leaf", cited=chain, number=about["seq"])
        facts = cited.attrs
        for newer in self._since(chain, about["seq"], case.row.at - OVERLAP_US):
            facts = newer.attrs
        grant = facts.get("grants", {}).get(number)
        if grant is None or not in_force(grant, actor.id, case.rules.definition.name, case.day):
            raise Denied(("proxy_none", {}))
        person = Actor(
            about["id"], frozenset(facts.get("roles", ())), facts.get("org", ""), valid_from=facts.get("valid_from"),
            valid_to=facts.get("valid_to"), enabled=facts.get("enabled", True),
        )  # fmt: skip
        if not person.acts_on(case.day):
            raise Denied(("proxy_none", {}))
        return covered(person, grant)

    def _since(self, chain: str, seq: int, at: int) -> Iterator[Cited]:
        """Yield the entries of an actor after one that a vote cites, which it should have cited: those up to `at`."""
        while (newer := self._judge.witnesses.after(chain, seq := seq + 1)) is not None and newer.at <= at:
            yield newer

    def _person(self, case: Case, name: str) -> Actor:
        """Return somebody whom the entry names, as enrolled then; one that a resolver knows has only an id here."""
        known = self._judge.actors.around(case.body[name], case.row.at)
        if known and case.row.kind != "waived" and not any(person.acts_on(case.day) for person in known):
            raise Denied(("actor_not_valid", {}))
        return known[-1] if known else Actor(case.body[name])

    def outside(self, case: Case) -> Outside:
        """Return what the entry says was read outside of its chain."""
        return Outside(case.row.instance, case.run.root, self._judge.cited(case), self._judge.answers(case))

    @staticmethod
    def _same(case: Case, expected: Patches) -> None:
        case.equal("gates", dict(expected), case.body.get("gates", {}))
