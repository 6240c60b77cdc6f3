"""Decisions: every refusal at once, what a move sets, and on which entries it rests."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kfq_workflow.conditions import Outside
from kfq_workflow.decision import adoption, available, decide
from kfq_workflow.definition import model as m
from kfq_workflow.errors import (
    EvidenceMissing,
    GuardFailed,
    InvalidInput,
    NotAllowed,
    NotAuthorised,
    NotFound,
    refused,
)
from kfq_workflow.machine import Rules
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor, Decision, Witness
from tests.workflows import move, permit

AUTHORITY = Actor("authority", frozenset({"authority"}))
CLERK = Actor("clerk", frozenset({"clerk"}))
APPLICANT = Actor("applicant", frozenset({"applicant"}))


class Life:
    """An instance of a definition without a database: decide, then fold."""

    def __init__(self, definition: m.Definition) -> None:
        self.rules = Rules(definition)
        self.snapshot = Snapshot()
        self.seq = 0
        self.put("started", {"set": self.rules.start()})

    def put(self, kind: str, body: dict[str, Any]) -> None:
        self.seq += 1
        self.snapshot.apply(self.seq, kind, body)

    def decide(self, trigger: str, actor: Actor | None = None, **how: Any) -> Decision:
        return decide(self.rules, self.snapshot, trigger, actor=actor, **how)

    def fire(self, trigger: str, day: str = "2020-01-01") -> Decision:
        decision = self.decide(trigger, papers=self.rules.definition.papers)
        assert decision.allowed, decision.refusals
        body = {
            "trigger": trigger,
            "set": dict(decision.set),
            "was": dict(decision.was),
            "on": {"edtf": day, "lo": day, "hi": day},
            "rests": list(decision.rests),
        }
        if decision.remembers:
            body["remembers"] = decision.remembers
        self.put("fired", body)
        return decision


def codes(decision: Decision) -> list[str]:
    return [refusal.code for refusal in decision.refusals]


def test_entering_a_state_activates_the_regions_that_depend_on_it() -> None:
    life = Life(permit())
    decision = life.fire("submit")
    assert decision.set == {"main": "review", "survey": "none"}
    assert decision.was == {"main": "draft"}


def test_leaving_keeps_the_last_state_and_coming_back_resumes_it() -> None:
    life = Life(permit())
    life.fire("submit")
    life.fire("survey")
    assert life.fire("suspend").set == {"main": "suspended", "survey": None}
    assert "survey" not in life.snapshot.regions
    assert life.fire("resume").set == {"main": "review", "survey": "done"}


def test_a_return_goes_to_the_state_that_was_left() -> None:
    life = Life(permit())
    for trigger in ("submit", "survey", "grant", "suspend"):
        life.fire(trigger)
    assert life.decide("resume").target == "granted"


def test_a_return_with_nothing_remembered_is_refused() -> None:
    life = Life(permit())
    life.put("adopted", {"set": {"main": "suspended"}})
    decision = life.decide("resume", AUTHORITY)
    assert codes(decision) == ["nothing_remembered"]
    assert isinstance(refused(decision, key="p"), NotAllowed)


def test_an_adoption_forgets_what_was_left() -> None:
    life = Life(permit())
    life.fire("submit")
    life.fire("suspend")
    life.put("adopted", {"set": {"main": "suspended"}})
    assert codes(life.decide("resume")) == ["nothing_remembered"]


def test_state_and_role_are_both_refused_at_once() -> None:
    decision = Life(permit()).decide("grant", CLERK)
    assert codes(decision) == ["not_from_state", "role_missing"]
    assert type(refused(decision, key="p")) is NotAllowed


def test_role_papers_and_guards_are_all_collected() -> None:
    definition = permit()
    both = dataclasses.replace(definition.transitions[2], papers=("notice",))
    life = Life(permit(transitions=(*definition.transitions[:2], both, *definition.transitions[3:])))
    life.fire("submit")
    decision = life.decide("grant", CLERK)
    assert codes(decision) == ["role_missing", "paper_missing", "guard_failed"]
    assert decision.missing == ("notice",)
    assert type(refused(decision, key="p")) is NotAuthorised


def test_a_condition_on_a_parameter_that_is_missing_is_not_said_to_fail() -> None:
    definition = permit()
    grant = dataclasses.replace(definition.transitions[2], parameters=("months",), guards=("survey_done", "short"))
    life = Life(
        permit(
            transitions=(*definition.transitions[:2], grant, *definition.transitions[3:]),
            parameters={"months": m.Field("months", "integer", required=True)},
            guards={**definition.guards, "short": m.FieldIs("parameter", "months", "le", 24)},
        )
    )
    life.fire("submit")
    assert codes(life.decide("grant")) == ["parameter_missing", "guard_failed"]  # the survey
    assert codes(life.decide("grant", params={"months": 25})) == ["guard_failed", "guard_failed"]
    life.fire("survey")
    assert codes(life.decide("grant")) == ["parameter_missing"]
    assert life.decide("grant", params={"months": 24}).allowed


def test_a_missing_paper_is_named_before_a_guard() -> None:
    definition = permit()
    both = dataclasses.replace(definition.transitions[2], papers=("notice",))
    life = Life(permit(transitions=(*definition.transitions[:2], both, *definition.transitions[3:])))
    life.fire("submit")
    assert type(refused(life.decide("grant", AUTHORITY), key="p")) is EvidenceMissing
    assert type(refused(life.decide("grant", AUTHORITY, papers={"notice"}), key="p")) is GuardFailed


def test_a_refusal_speaks_both_languages_with_labels() -> None:
    life = Life(permit())
    life.fire("submit")
    refusal = life.decide("submit", APPLICANT, papers={"request"}).refusals[0]
    assert "审查中（review）" in refusal.zh
    assert "under review (review)" in refusal.en
    assert dict(refusal.values)["state"] == "main=review"


def test_an_unknown_trigger_is_not_a_refusal() -> None:
    with pytest.raises(NotFound) as caught:
        Life(permit()).decide("fly")
    assert caught.value.kind == "trigger"
    assert "submit" in str(caught.value)


def test_a_region_that_is_not_active_and_one_not_on_record_differ() -> None:
    life = Life(permit())
    assert codes(life.decide("survey")) == ["region_inactive"]
    life.put("adopted", {"set": {"main": "review", "survey": None}})
    assert codes(life.decide("survey")) == ["not_on_record"]


def test_a_self_loop_sets_the_state_it_is_in() -> None:
    life = Life(permit())
    life.fire("submit")
    assert life.decide("comment", CLERK).set == {"main": "review"}


def test_anyone_means_no_role_is_asked() -> None:
    life = Life(permit())
    assert [d.trigger for d in available(life.rules, life.snapshot, papers={"request"}) if d.allowed] == ["submit"]


def test_a_late_record_needs_no_papers() -> None:
    life = Life(permit())
    assert life.decide("submit", APPLICANT, late=True).allowed
    assert not life.decide("submit", APPLICANT).allowed


def test_effects_are_refused_live_and_not_repeated_late() -> None:
    definition = permit()
    effect = dataclasses.replace(definition.transitions[0], effects=(m.LaterEffect("zone.fire:x"),))
    life = Life(permit(transitions=(effect, *definition.transitions[1:])))
    assert codes(life.decide("submit", APPLICANT, papers={"request"})) == ["effects_not_supported"]
    assert life.decide("submit", APPLICANT, late=True).allowed


def test_several_transitions_share_a_trigger_when_their_guards_exclude_each_other() -> None:
    big = m.FieldIs("attribute", "area", "ge", "10.5")
    shared = (
        move("submit", "draft", "review", roles=("applicant",), name="big", guards=("big",)),
        move("submit", "draft", "granted", roles=("applicant",), name="small", guards=("small",)),
    )
    definition = permit(
        transitions=(*shared, *permit().transitions[1:]),
        guards={"big": big, "small": m.Not(big), "survey_done": permit().guards["survey_done"]},
    )
    life = Life(definition)
    life.put("amended", {"attrs": {"area": "10.50"}})
    assert life.decide("submit").transition == "big"
    life.put("amended", {"attrs": {"area": "9.75"}})
    assert life.decide("submit").transition == "small"


def test_transitions_that_do_not_exclude_each_other_are_refused() -> None:
    shared = (
        move("submit", "draft", "review", roles=("applicant",), name="one"),
        move("submit", "draft", "granted", roles=("applicant",), name="two"),
    )
    life = Life(permit(transitions=(*shared, *permit().transitions[1:])))
    assert codes(life.decide("submit")) == ["guard_ambiguous"]


def test_what_this_version_cannot_decide_says_so() -> None:
    life = Life(permit(guards={"survey_done": m.Unsupported("clock")}))
    life.fire("submit")
    refusal = life.decide("grant", AUTHORITY).refusals[0]
    assert refusal.code == "not_supported"
    assert refusal.values["feature"] == "clock"


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (m.Any((m.InStates("survey", frozenset({"none"})), m.Unsupported("clock"))), []),
        (m.Any((m.InStates("survey", frozenset({"done"})), m.Unsupported("clock"))), ["not_supported"]),
        (m.All((m.InStates("survey", frozenset({"done"})), m.Unsupported("clock"))), ["guard_failed"]),
        (m.Not(m.Unsupported("clock")), ["not_supported"]),
        (m.Not(m.All((m.InStates("survey", frozenset({"done"})), m.Unsupported("clock")))), []),
    ],
)
def test_three_answers_combine(condition: m.Condition, answer: list[str]) -> None:
    life = Life(permit(guards={"survey_done": condition}))
    life.fire("submit")
    assert codes(life.decide("grant", AUTHORITY)) == answer


def test_a_move_rests_on_the_entry_since_which_its_condition_holds() -> None:
    life = Life(permit())
    life.fire("submit")  # 2
    life.fire("survey")  # 3
    life.fire("comment")  # 4: main is set again, the survey's answer still dates from 3
    assert life.decide("grant").rests == (3,)
    life.fire("undo")  # 5
    life.fire("survey")  # 6
    assert life.decide("grant").rests == (6,)


def test_a_negated_condition_rests_on_the_way_out() -> None:
    life = Life(permit(guards={"survey_done": m.Not(m.InStates("survey", frozenset({"done"})))}))
    life.fire("submit")
    assert life.decide("grant").rests == ()
    life.fire("survey")
    life.fire("undo")  # 4
    assert life.decide("grant").rests == (4,)


def test_visited_counts_moves_and_not_adoptions() -> None:
    life = Life(permit(guards={"survey_done": m.Visited("survey", "done")}))
    life.put("adopted", {"set": {"main": "review", "survey": "done"}})
    assert codes(life.decide("grant")) == ["guard_failed"]
    life.fire("undo")
    life.fire("survey")  # 4
    assert life.decide("grant").rests == (4,)


def test_an_alternative_that_failed_leaves_no_rests_behind() -> None:
    done, none = m.InStates("survey", frozenset({"done"})), m.InStates("survey", frozenset({"none"}))
    guard = m.Any((m.All((none, m.Visited("main", "granted"))), m.All((none, m.Not(done)))))
    life = Life(permit(guards={"survey_done": guard}))
    life.fire("submit")  # 2 activates the survey
    assert life.decide("grant").rests == (2,)


def test_witnesses_are_cited() -> None:
    zone = Witness("zone", "zone", 7, "aa", {"main": "open"})
    case = Witness("zone/case", "permit", 3, "bb", {"main": "review"})
    guards = {
        "survey_done": m.All(
            (m.RootIn("main", frozenset({"open"})), m.OtherIn("permit", "main", frozenset({"review"})))
        )
    }
    life = Life(permit(guards=guards))
    life.fire("submit")
    decision = life.decide("grant", outside=Outside("zone/me", "zone", {"zone": zone, "zone/case": case}))
    assert [(seen.instance, seen.seq, seen.leaf) for seen in decision.seen] == [
        ("zone", 7, "aa"),
        ("zone/case", 3, "bb"),
    ]
    assert life.rules.witnessed == {"grant"}
    assert codes(life.decide("grant", outside=Outside("zone/me", "zone", {"zone": zone}))) == ["guard_failed"]


def test_a_guard_in_code_is_attested() -> None:
    life = Life(permit(guards={"survey_done": m.Code("quota@1")}))
    life.fire("submit")
    decision = life.decide("grant", outside=Outside(code=lambda _name: (True, {"left": 3})))
    assert decision.attested == {"quota@1": {"answer": True, "values": {"left": 3}}}
    assert codes(life.decide("grant", outside=Outside(code=lambda _name: (False, {})))) == ["guard_failed"]


def test_an_actors_role_can_be_a_condition() -> None:
    life = Life(permit(guards={"survey_done": m.ActorHas(frozenset({"clerk"}))}))
    life.fire("submit")
    both = Actor("both", frozenset({"authority", "clerk"}))
    assert codes(life.decide("grant", AUTHORITY)) == ["guard_failed"]
    assert life.decide("grant", both).allowed
    assert life.decide("grant").allowed


def test_an_adoption_states_every_region_it_activates() -> None:
    life = Life(permit())
    with pytest.raises(InvalidInput) as caught:
        adoption(life.rules, life.snapshot, {"main": "review"})
    assert caught.value.code == "adopt_incomplete"
    changes, was = adoption(life.rules, life.snapshot, {"main": "review", "survey": None})
    assert (changes, was) == ({"main": "review", "survey": None}, {"main": "draft"})


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({}, "adopt_nothing"),
        ({"survey": "done"}, "adopt_inactive"),
        ({"main": "flying"}, "not_found.state"),
        ({"tower": "up"}, "not_found.region"),
    ],
)
def test_an_adoption_of_nonsense_is_refused(states: dict[str, str | None], code: str) -> None:
    life = Life(permit())
    with pytest.raises((InvalidInput, NotFound)) as caught:
        adoption(life.rules, life.snapshot, states)
    assert caught.value.code == code
