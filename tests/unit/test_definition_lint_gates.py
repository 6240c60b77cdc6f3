"""What the linter says of gates and effects, in a document or built in Python, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kfq_workflow import zones
from kfq_workflow.definition import model as m
from kfq_workflow.definition.lint import lint
from kfq_workflow.definition.names import taken
from tests.workflows import move, permit

CLERK = m.Signer("clerk", "role", "clerk")
CHAIR = m.Signer("chair", "actor", "chair")
ALL = m.Quorum("all")


def gated(*signers: m.Signer, quorum: m.Quorum = ALL, source: str = "review", **more: Any) -> m.Definition:
    """The permit of the tests, whose grant needs votes."""
    definition = permit()
    gate = m.Gate(signers or (CLERK,), quorum, **more)
    rules = tuple(replace(rule, gate=gate) if rule.id == "grant" else rule for rule in definition.transitions)
    if source != "review":
        rules = tuple(replace(rule, sources=(source,)) if rule.id == "grant" else rule for rule in rules)
    return replace(definition, transitions=rules)


def with_effect(effect: m.Effect, root: str | None = "zone") -> m.Definition:
    definition = permit(root=root, parameters={"area": m.Field("area", "decimal"), "who": m.Field("who", "text")})
    fields = {**definition.attributes, "other": m.Field("other", "text")}
    rules = tuple(
        replace(rule, effects=(effect,), parameters=("area",)) if rule.id == "grant" else rule
        for rule in definition.transitions
    )
    return replace(definition, transitions=rules, attributes=fields)


def found(definition: m.Definition) -> set[tuple[str, str]]:
    """The codes and severities that concern gates and effects; each has a sentence in both languages."""
    problems = [p for p in lint(definition) if p.code not in ("lint.no_label", "lint.unused")]
    for problem in problems:
        for lang in ("zh", "en"):
            assert problem.code not in problem.text(lang)
            assert "<" not in problem.text(lang)
    return {(problem.code, problem.severity) for problem in problems}


@pytest.mark.parametrize(
    ("signers", "quorum", "problem"),
    [
        ((CLERK,), ALL, None),
        ((CLERK,), m.Quorum("any"), None),
        ((replace(CLERK, seats=5),), m.Quorum("count", 5), None),
        ((replace(CLERK, seats=5),), m.Quorum("count", 6), ("lint.quorum_unreachable", "error")),
        ((CLERK, CHAIR), m.Quorum("count", 2), None),
        ((CLERK, CHAIR), m.Quorum("count", 3), ("lint.quorum_unreachable", "error")),
        ((CLERK, CHAIR), m.Quorum("count", 0), ("lint.quorum_nothing", "error")),
        ((CLERK, CHAIR), m.Quorum("count", 0, wait=True), None),
        ((CLERK, CHAIR), m.Quorum("weight", 0), ("lint.quorum_nothing", "error")),
        ((replace(CLERK, seats=2, weight=30), CHAIR), m.Quorum("weight", 61), None),
        ((replace(CLERK, seats=2, weight=30), CHAIR), m.Quorum("weight", 62), ("lint.quorum_unreachable", "error")),
        ((m.Signer("panel", "code", "panel@1"),), m.Quorum("count", 9), None),
        ((CLERK,), m.Quorum("ratio", ratio="1/1"), None),
        ((CLERK,), m.Quorum("ratio", ratio="999998/999999"), None),
        ((CLERK,), m.Quorum("ratio", ratio="2/3", strict=True), None),
        ((CLERK,), m.Quorum("ratio", ratio="0/3"), ("lint.quorum_share", "error")),
        ((CLERK,), m.Quorum("ratio", ratio="4/3"), ("lint.quorum_share", "error")),
        ((CLERK,), m.Quorum("ratio", ratio="3/3", strict=True), ("lint.quorum_share", "error")),
        ((CLERK,), m.Quorum("ratio", ratio="2/0"), ("definition.expected", "error")),
        ((CLERK,), m.Quorum("ratio"), ("definition.expected", "error")),
        ((replace(CLERK, when="survey_done"), CHAIR), m.Quorum("count", 2), ("lint.quorum_may_fail", "warning")),
        ((replace(CLERK, when="survey_done"), CHAIR), m.Quorum("count", 1), None),
        ((replace(CLERK, when="survey_done"),), ALL, ("lint.quorum_may_fail", "warning")),
        ((replace(CLERK, when="survey_done"),), m.Quorum("ratio", ratio="1/2"), ("lint.quorum_may_fail", "warning")),
        ((replace(CLERK, when="survey_done"),), m.Quorum("count", 0, wait=True), None),
    ],
)
def test_a_quorum_can_be_reached_and_is_not_before_anybody_votes(
    signers: tuple[m.Signer, ...], quorum: m.Quorum, problem: tuple[str, str] | None
) -> None:
    assert found(gated(*signers, quorum=quorum)) == ({problem} if problem else set())


def test_somebody_signs() -> None:
    definition = permit()
    rules = tuple(
        replace(rule, gate=m.Gate((), ALL)) if rule.id == "grant" else rule for rule in definition.transitions
    )
    assert found(replace(definition, transitions=rules)) == {("lint.no_signer", "error")}


def test_the_only_ones_who_may_sign_are_not_the_only_ones_who_may_submit() -> None:
    own = m.Signer("own", "role", "authority", seats=2)
    for duty in ("not_applicant", "not_applicant_org"):
        assert found(gated(own, duties=(duty,))) == {("lint.duty_pool", "warning")}
        assert found(gated(own, CLERK, duties=(duty,))) == set()
        assert found(gated(own, CHAIR, duties=(duty,))) == set()
    assert found(gated(own, duties=("not_contributor",))) == set()
    assert found(gated(own)) == set()


def test_a_named_person_signs_once() -> None:
    again = replace(CHAIR, name="again")
    assert found(gated(CHAIR, again)) == {("lint.signer_twice", "error")}
    assert found(gated(replace(CHAIR, when="survey_done"), again)) == {("lint.signer_twice", "error")}
    assert found(gated(CHAIR, replace(again, of="another"))) == set()
    guards = {
        "survey_done": m.InStates("survey", frozenset({"done"})),
        "survey_open": m.InStates("survey", frozenset({"none"})),
    }
    either = (CLERK, replace(CHAIR, when="survey_done"), replace(again, when="survey_open"))
    assert found(replace(gated(*either), guards=guards)) == set()


def test_who_is_kept_out_did_something_before() -> None:
    assert found(gated(not_by=("submit", "comment", "suspend", "survey"))) == set()
    assert found(gated(not_by=("refuse",))) == {("lint.duty_never", "error")}
    assert found(gated(not_by=("resume",))) == set()  # it comes back to what was left, the review among them


def test_a_file_goes_back_to_where_it_has_been() -> None:
    assert found(gated(returns=("draft", "suspended"))) == set()
    assert found(gated(returns=("review",))) == {("lint.return_unvisited", "error")}  # it is there
    assert found(gated(returns=("granted",))) == set()  # suspended from there, it may be resumed in review
    assert found(gated(returns=("refused",))) == {("lint.return_unvisited", "error")}
    definition = gated(returns=("draft",))
    main = definition.regions["main"]
    adopted = m.Region("main", "draft", {**main.states, "old": m.State("old", adopt_only=True)})
    more = replace(definition, regions={**definition.regions, "main": adopted})
    out = move("revive", "old", "review", roles=("clerk",))
    more = replace(more, transitions=(*more.transitions, out))
    rules = tuple(
        replace(rule, gate=replace(rule.gate, returns=("old",))) if rule.gate else rule for rule in more.transitions
    )
    assert found(more) == set()
    assert found(replace(more, transitions=rules)) == {("lint.return_unvisited", "error")}  # adopted, never moved into


def test_a_gate_on_a_move_that_stays_is_fine() -> None:
    definition = permit()
    rules = tuple(
        replace(rule, gate=m.Gate((CHAIR,), ALL, returns=("draft",), not_by=("comment",)))
        if rule.id == "comment"
        else rule
        for rule in definition.transitions
    )
    assert found(replace(definition, transitions=rules)) == set()


def test_votes_are_bound_to_what_the_log_holds_and_not_to_what_may_change() -> None:
    assert found(gated(binds=("area",))) == set()
    assert found(gated(direct=("area",))) == set()
    assert found(gated(binds=("owner",))) == {("lint.gate_personal", "error")}
    assert found(gated(direct=("owner",))) == {("lint.gate_personal", "error")}
    assert found(gated(binds=("area",), direct=("area",))) == {("lint.direct_bound", "error")}


@pytest.mark.parametrize(
    ("condition", "fine"),
    [
        (m.FieldIs("attribute", "area", "gt", "1"), True),
        (m.FieldIs("constant", "strict", "eq", value=True), True),
        (m.All((m.InStates("survey", frozenset({"done"})), m.Not(m.Visited("main", "suspended")))), True),
        (m.FieldIs("parameter", "size", "eq", "1"), False),
        (m.ActorHas(frozenset({"clerk"})), False),
        (m.GateIs("grant", "voted"), False),
        (m.CausedBy("merge", "main", frozenset({"approved"})), False),
        (m.Code("quota@1"), False),
        (m.OtherIn("permit", "main", frozenset({"review"})), False),
        (m.Unsupported("clock"), False),
        (m.Any((m.InStates("survey", frozenset({"done"})), m.ActorHas(frozenset({"clerk"})))), False),
    ],
)
def test_who_is_asked_hangs_on_the_instance_alone(condition: m.Condition, fine: bool) -> None:  # noqa: FBT001
    definition = replace(
        gated(CHAIR, replace(CLERK, when="some")),
        guards={**permit().guards, "some": condition},
        constants={"strict": True},
        parameters={"size": m.Field("size", "decimal")},
    )
    assert found(definition) == (set() if fine else {("lint.signer_when", "error")})


def test_a_guard_on_votes_needs_a_gate() -> None:
    guards = {"survey_done": m.Not(m.GateIs("grant", "unopposed"))}
    assert found(replace(gated(), guards=guards)) == set()
    assert found(permit(guards=guards)) == {("lint.no_gate", "error")}


ROOT = m.Taken("root")
AREA = m.Taken("parameter", "area")


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        (m.FireEffect(ROOT, ("close",), {"size": AREA, "case": m.Taken("key")}), None),
        (m.FireEffect(m.Taken("attribute", "other"), ("close",)), None),
        (m.AmendEffect(m.Taken("literal", "zone-1"), {"area": m.Taken("attribute", "area")}), None),
        (m.LaterEffect("zone.freeze"), None),
        (m.FireEffect(m.Taken("key"), ("close",)), "lint.effect_on_itself"),
        (m.FireEffect(AREA, ("close",)), "lint.effect_on"),
        (m.FireEffect(m.Taken("attribute", "area"), ("close",)), "lint.effect_on"),
        (m.AmendEffect(ROOT, {"owner": m.Taken("parameter", "who")}), "lint.effect_parameter"),
        (m.AmendEffect(ROOT, name=m.Taken("attribute", "owner")), "lint.effect_personal"),
        (m.AmendEffect(ROOT, {"a": m.Taken("attribute", "nothing")}), "definition.unknown_attribute"),
        (m.AmendEffect(ROOT, {"a": m.Taken("parameter", "nothing")}), "definition.unknown_parameter"),
        (m.AmendEffect(ROOT, {"No": AREA}), "definition.bad_name"),
        (m.FireEffect(ROOT, ("os.system", "Close")), "definition.bad_name"),
        (m.FireEffect(ROOT, ("close",), {"No": AREA}), "definition.bad_name"),
    ],
)
def test_an_effect_takes_what_there_is_and_acts_on_another(effect: m.Effect, code: str | None) -> None:
    assert found(with_effect(effect)) == ({(code, "error")} if code else set())


def test_an_effect_on_the_root_needs_one() -> None:
    elsewhere = m.FireEffect(m.Taken("attribute", "other"), ("join",), {"into": ROOT})
    for effect in (m.FireEffect(ROOT, ("close",)), elsewhere):
        assert found(with_effect(effect, root=None)) == {("lint.effect_no_root", "error")}


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (gated(replace(CLERK, of="king")), "definition.unknown_role"),
        (gated(replace(CLERK, name="The clerk")), "definition.bad_name"),
        (gated(CLERK, CLERK), "definition.twice"),
        (gated(replace(CLERK, kind="friend")), "definition.one_signer"),
        (gated(replace(CHAIR, of="a b")), "definition.bad_id"),
        (gated(m.Signer("bureau", "org", "")), "definition.bad_id"),
        (gated(m.Signer("panel", "code", "panel")), "definition.bad_code"),
        (gated(replace(CHAIR, seats=2)), "definition.expected"),
        (gated(m.Signer("panel", "code", "panel@1", seats=2)), "definition.expected"),
        (gated(replace(CLERK, seats=0)), "definition.expected"),
        (gated(replace(CLERK, weight=0)), "definition.expected"),
        (gated(replace(CLERK, when="luck")), "definition.unknown_guard"),
        (gated(replace(CLERK, seats=600), replace(CLERK, name="more", seats=600)), "definition.too_many"),
        (gated(quorum=m.Quorum("most")), "definition.no_quorum"),  # type: ignore[arg-type]
        (gated(quorum=m.Quorum("all", abstain="never")), "definition.unknown_choice"),  # type: ignore[arg-type]
        (gated(papers=("poem",)), "definition.unknown_paper"),
        (gated(duties=("not_me",)), "definition.unknown_choice"),
        (gated(not_by=("nap",)), "definition.unknown_transition"),
        (gated(binds=("size",)), "definition.unknown_attribute"),
        (gated(direct=("size",)), "definition.unknown_attribute"),
        (gated(withdraw="whenever"), "definition.unknown_choice"),
        (gated(returns=("nowhere",)), "definition.unknown_state"),
        (permit(guards={"survey_done": m.GateIs("nap", "voted")}), "definition.unknown_transition"),
        (permit(guards={"survey_done": m.GateIs("grant", "open")}), "definition.unknown_choice"),  # type: ignore[arg-type]
        (
            permit(permissions=m.Permissions(frozenset({"applicant"}), supervise=frozenset({"king"}))),
            "definition.unknown_role",
        ),
    ],
)
def test_names_of_gates_that_are_not_there_are_errors_in_python_too(definition: m.Definition, code: str) -> None:
    assert found(definition) == {(code, "error")}


def test_what_a_gate_uses_is_used_and_its_signers_have_labels() -> None:
    definition = gated(
        CLERK,
        m.Signer("inspector", "role", "inspector", when="some"),
        replace(CHAIR, of="chair"),
        papers=("opinion",),
    )
    definition = replace(
        definition,
        roles=definition.roles | {"inspector", "overseer", "idle"},
        papers=definition.papers | {"opinion"},
        guards={**definition.guards, "some": m.Visited("main", "suspended")},
        permissions=replace(definition.permissions, supervise=frozenset({"overseer"})),
    )
    problems = lint(definition)
    assert [problem.path for problem in problems if problem.code == "lint.unused"] == ["role.idle"]
    unlabelled = {problem.path for problem in problems if problem.path.startswith("signer.")}
    assert unlabelled == {"signer.grant=chair"}


def test_what_an_effect_does_elsewhere_exists_there() -> None:
    shipped = zones.shipped()
    zone, effects = shipped["zone_lifecycle"], []
    for definition in shipped.values():
        for rule in definition.transitions:
            for effect in rule.effects:
                effects.append(effect)
                if isinstance(effect, m.FireEffect):
                    there = [other for other in zone.transitions if other.trigger in effect.triggers]
                    assert {other.trigger for other in there} == set(effect.triggers)
                    assert effect.params.keys() <= {name for other in there for name in other.parameters}
                elif isinstance(effect, m.AmendEffect):
                    for name, value in effect.attrs.items():
                        field = zone.attributes[name]
                        assert value.source != "literal" or value.name in field.choices
                        assert value.source != "parameter" or definition.parameters[value.name].type == field.type
                else:
                    assert taken(effect) == ()
    assert len(effects) == 7


@pytest.mark.parametrize("name", ["zone_lifecycle", "zone_expansion"])
def test_the_zone_type_says_which_departments_countersign(name: str) -> None:
    definition = zones.shipped()[name]
    review = next(
        rule for rule in definition.transitions if rule.id.endswith("_review") and rule.id.startswith("complete")
    )
    assert review.gate is not None
    asked = {signer.of: signer.when for signer in review.gate.signers}
    assert sorted(role for role, when in asked.items() if when is None) == [
        "development_reform_commission", "ecology_environment_department",
        "housing_construction_department", "natural_resources_department",
    ]  # fmt: skip
    more = {role: definition.guards[when] for role, when in asked.items() if when is not None}
    assert more == {
        "agriculture_department": m.FieldIs("attribute", "zone_type", "eq", "modern_agriculture"),
        "culture_tourism_department": m.FieldIs("attribute", "zone_type", "eq", "culture_tourism"),
        "science_department": m.FieldIs("attribute", "zone_type", "eq", "high_tech"),
    }
