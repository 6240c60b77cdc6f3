"""Random gates, random people, random acts: the engine against a plain model beside it, and every invariant."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.pool import StaticPool

from kfq_workflow import Paper, open_database, verify_database
from kfq_workflow.definition import model as m
from kfq_workflow.errors import Refused
from tests.alongside import alike
from tests.approvals import BASIS, KINDS, PEOPLE, REASON, Case, gate, guarded, in_review, prepared
from tests.ballots import PENDING, Ballot
from tests.quorums import VOTES

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow import WorkflowEngine

people = st.sampled_from(sorted(PEOPLE))
#: Who acts, see `who`.
numbers = st.integers(0, 17)
applicants = st.sampled_from(["app", "app", "both", "c1"])
signers = st.lists(
    st.sampled_from(
        [
            m.Signer("clerks", "role", "clerk", seats=2),
            m.Signer("boss", "role", "authority", weight=3),
            m.Signer("veto", "actor", "c2", veto=True),
            m.Signer("city", "org", "city", weight=2),
            m.Signer("x", "actor", "x"),
        ]
    ),
    min_size=1, max_size=3, unique_by=lambda signer: signer.name,
)  # fmt: skip
quorums = st.one_of(
    st.builds(
        m.Quorum, st.sampled_from(["all", "any"]), abstain=st.sampled_from(["counts", "excluded"]), wait=st.booleans()
    ),
    st.builds(m.Quorum, st.sampled_from(["count", "weight"]), need=st.integers(1, 2), wait=st.booleans()),
    st.builds(m.Quorum, st.just("ratio"), ratio=st.sampled_from(["1/2", "2/3", "3/4"])),
    st.just(m.Quorum("ratio", ratio="1/2", strict=True, abstain="excluded")),
    st.just(m.Quorum("count", need=0, wait=True)),
)
duties = st.sets(st.sampled_from(["not_applicant", "not_applicant_org", "not_contributor"])).map(sorted).map(tuple)


def seldom(machine: Machine) -> bool:
    """Now and then: what ends a round must leave time for it."""
    return machine.steps % 6 == 5


def in_a_round(machine: Machine) -> bool:
    """While votes count, and now and then when they do not."""
    return machine.model.round > 0 and (machine.model.state == "open" or seldom(machine))


class Machine(RuleBasedStateMachine):
    """One permit after the other in one log, each under another gate."""

    engine: WorkflowEngine
    versions: count[int]

    @initialize(
        asked=signers, quorum=quorums, sequential=st.booleans(), duties=duties, binds=st.sampled_from([(), ("area",)]),
        withdraw=st.sampled_from(["until_first_vote", "until_decided", "never"]), direct=st.booleans(),
    )  # fmt: skip
    def begin(self, asked: list[m.Signer], quorum: m.Quorum, *, direct: bool, **how: Any) -> None:
        if quorum.kind in ("count", "weight") and sum(signer.seats for signer in asked) < quorum.need:
            quorum = m.Quorum("any")
        fields = ("area",) if direct and not how["binds"] else ()
        self.gate = gate(*asked, quorum=quorum, returns=("draft",), direct=fields, **how)
        number = next(self.versions)
        self.engine.define(guarded(self.gate, version=number), by="system")
        self.case: Case = in_review(self.engine, f"p/{number}")
        self.model = Ballot(self.gate)
        self.area = self.steps = 1
        self.submit("app", direct=False)

    def act(self, allowed: bool, verb: str, *args: Any, **how: Any) -> None:  # noqa: FBT001 - it reads as said
        """Do what the model has answered, and see that the engine answers the same; each is exactly one entry."""
        self.steps += 1
        before, stood = self.case.rows, self.model.state
        try:
            receipt = getattr(self.engine, verb)(self.case.key, *args, **how)
        except Refused as error:
            assert not allowed, error  # noqa: PT017 - whether it is raised is the question
            self.case.hold(before, "refused")
        else:
            assert allowed, receipt
            self.case.hold(before, KINDS[verb])
            closed = self.stored().get("closed", 0) == receipt.seq
            relied = self.model.relied or (stood != "open" and not closed)
            self.model.relied = relied and self.model.state != "open"

    def who(self, number: int, able: list[str] | None = None) -> str:
        """Mostly somebody who may, those whose turn it is where none are given, else anybody."""
        able = able or [person for person in PEOPLE if self.model.own(person)]
        return able[number % len(able)] if number < 15 and able else list(PEOPLE)[number % len(PEOPLE)]

    def stored(self) -> dict[str, Any]:
        return self.engine.show(self.case.key).snapshot.gates.get("grant", {})

    # Acts

    @precondition(lambda self: self.model.state != "open" or seldom(self))
    @rule(by=applicants, direct=st.booleans())
    def submit(self, by: str, *, direct: bool) -> None:
        self.act(self.model.submit(by, direct=direct), "submit", "grant", by=by, direct=direct)

    @precondition(in_a_round)
    @rule(by=numbers, how=st.sampled_from(["approve", "approve", "reject", "abstain"]))
    def vote(self, by: int, how: str) -> None:
        who = self.who(by)
        self.act(self.model.vote(who, how), how, "grant", by=who)

    @precondition(lambda self: any(map(self.model.own, PEOPLE)))
    @rule()
    def approve_until_it_is_decided(self) -> None:
        while any(map(self.model.own, PEOPLE)):
            self.vote(0, "approve")

    @precondition(in_a_round)
    @rule(by=numbers)
    def retract(self, by: int) -> None:
        who = self.who(by, [slip.by for slip in self.model.slips if slip.state in VOTES])
        self.act(self.model.retract(who), "retract", "grant", by=who, **REASON)

    @precondition(in_a_round)
    @rule(by=numbers, to=people)
    def transfer(self, by: int, to: str) -> None:
        who = self.who(by)
        self.act(self.model.transfer(who, to), "transfer", "grant", by=who, to=to, **REASON)

    @precondition(in_a_round)
    @rule(by=numbers, to=people)
    def delegate(self, by: int, to: str) -> None:
        who = self.who(by)
        self.act(self.model.delegate(who, to), "delegate", "grant", by=who, to=to)

    @precondition(in_a_round)
    @rule(by=numbers)
    def reply(self, by: int) -> None:
        who = self.who(by, [name for slip in self.model.slips for name in slip.asked])
        self.act(self.model.reply(who), "reply", "grant", by=who, opinion="可")

    @precondition(in_a_round)
    @rule(
        by=numbers,
        signer=people,
        place=st.sampled_from(["parallel", "before", "after"]),
        need=st.sampled_from([None, 1, 2, 4]),
    )
    def add(self, by: int, signer: str, place: str, need: int | None) -> None:
        who = self.who(by)
        allowed = self.model.add(who, signer, place, need)
        self.act(allowed, "add_signer", "grant", by=who, signer=signer, place=place, need=need, **REASON)

    @precondition(in_a_round)
    @rule(by=people, number=st.integers(1, 5), need=st.sampled_from([None, None, 1, 2]))
    def remove(self, by: str, number: int, need: int | None) -> None:
        allowed = self.model.remove(by, number, need)
        self.act(allowed, "remove_signer", "grant", by=by, task=str(number), need=need, **REASON)

    @precondition(in_a_round)
    @rule(by=numbers, to=st.sampled_from([None, "draft"]))
    def send_back(self, by: int, to: str | None) -> None:
        who = self.who(by)
        self.act(self.model.send_back(who, to), "send_back", "grant", by=who, to=to, **REASON)

    @precondition(in_a_round)
    @rule(by=numbers)
    def withdraw(self, by: int) -> None:
        who = self.who(by, [self.model.by])
        self.act(self.model.withdraw(who), "withdraw", "grant", by=who)

    @precondition(seldom)
    @rule()
    def amend(self) -> None:
        self.area += 1
        self.model.amend()
        self.act(True, "amend", {"area": str(self.area)}, by="app")  # noqa: FBT003

    @precondition(lambda self: self.model.still or seldom(self))
    @rule(verb=st.sampled_from(["suspend", "resume", "resume", "reinstate", "reinstate", "void"]))
    def stand(self, verb: str) -> None:
        model = self.model
        approved = any(slip.by == "reg" and slip.state == "approved" for slip in (*model.slips, *model.standing))
        allowed = {
            "suspend": not model.still, "resume": model.held, "void": not model.void and not approved,
            "reinstate": model.void,
        }[verb]  # fmt: skip
        if allowed:
            model.held = {"suspend": True, "resume": False}.get(verb, model.held)
            model.void = {"void": True, "reinstate": False}.get(verb, model.void)
            if model.waits and verb == "void":
                model.close("void", "void")
            elif model.state == "open":
                model.line_up()
        self.act(allowed, verb, by="reg", **BASIS)

    @precondition(lambda self: self.model.main != "review" or seldom(self))
    @rule()
    def move(self) -> None:
        """Whatever plain move there is from here."""
        to, trigger, how = {
            "draft": ("review", "submit", {"by": "app", "papers": [Paper("request")]}),
            "review": ("suspended", "suspend", {"by": "boss"}),
            "granted": ("suspended", "suspend", {"by": "boss"}),
            "suspended": ("", "resume", {"by": "boss"}),
        }[self.model.main]
        if not self.model.still:
            self.left = self.model.main if trigger == "suspend" else self.left
            self.model.move(to or self.left)
        self.act(not self.model.still, "fire", trigger, **how)

    left = "review"

    # What always holds

    @invariant()
    def the_model_agrees(self) -> None:
        if not hasattr(self, "case"):
            return
        stored, model = self.stored(), self.model
        assert self.case.state == model.main
        if not model.round:
            assert stored == {}
            return
        assert (stored["state"], stored["round"]) == (model.state, model.round)
        tasks = [stored["tasks"][number] for number in sorted(stored["tasks"], key=int)]
        assert [task["state"] for task in tasks] == [slip.state for slip in model.slips]
        votes = [slip for slip in (*model.slips, *model.standing) if slip.state == "approved"]
        assert stored["tally"]["approve"] == sum(
            slip.weight if self.gate.quorum.kind == "weight" else 1 for slip in votes
        )

    @invariant()
    def an_open_gate_has_an_open_duty_and_is_undecided(self) -> None:
        if not hasattr(self, "case") or self.model.state != "open":
            return
        states = {task["state"] for task in self.stored()["tasks"].values()}
        assert ("blocked" if self.model.held else "open") in states
        assert self.model.outcome() is None

    @invariant()
    def a_closed_gate_has_none(self) -> None:
        if hasattr(self, "case") and self.model.state != "open":
            assert not any(task["state"] in PENDING for task in self.stored().get("tasks", {}).values())

    def teardown(self) -> None:
        report = verify_database(self.engine.database)
        assert [finding.text() for finding in report.findings] == []
        assert report.verdict == "self-consistent"


def run(database: Engine, examples: int) -> None:
    """Run the machine on a database."""

    class Bound(Machine):
        engine = prepared(database, guarded(gate()))
        versions = count(2)

    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    steps = settings(max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=quiet)
    run_state_machine_as_test(Bound, settings=steps)
    alike(database)


@pytest.mark.slow
def test_the_engine_and_the_model_agree() -> None:
    database = open_database("sqlite://", poolclass=StaticPool)
    try:
        run(database, 40)
    finally:
        database.dispose()


@pytest.mark.slow
@pytest.mark.backends("postgresql18", "postgresql", "mariadb")
def test_they_agree_on_every_database(database: Engine) -> None:
    run(database, 5)
