"""What the linter says of definitions that can be read, and of those built in Python; how diagrams name things."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kfq_workflow import zones
from kfq_workflow.definition import model as m
from kfq_workflow.definition.diagram import mermaid
from kfq_workflow.definition.exclusion import exclude
from kfq_workflow.definition.lint import lint
from tests.workflows import move, permit


def found(definition: m.Definition, severity: str = "error") -> set[tuple[str, str]]:
    return {(problem.code, problem.path) for problem in lint(definition) if problem.severity == severity}


def with_rule(*rules: m.Transition, **changes: object) -> m.Definition:
    definition = permit(**changes)
    return replace(definition, transitions=(*definition.transitions, *rules))


def test_the_definition_of_the_tests_is_good() -> None:
    assert found(permit()) == set()


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        (permit(name="Permit"), ("definition.bad_name", "definition.Permit")),
        (permit(root="no root"), ("definition.bad_name", "root.no root")),
        (permit(version=0), ("definition.expected", "version")),
        (permit(open_phases=frozenset({"ended"})), ("definition.unknown_phase", "phases")),
        (permit(phases=("asking", "running")), ("definition.unknown_phase", "region.main")),
        (permit(permissions=m.Permissions(frozenset({"king"}))), ("definition.unknown_role", "may.start")),
        (permit(attributes={"a": m.Field("a", "choice")}), ("definition.missing_key", "attribute.a")),
        (permit(attributes={"a": m.Field("a", "float")}), ("definition.unknown_type", "attribute.a")),  # type: ignore[arg-type]
        (with_rule(move("x", "nowhere", "review", roles=("clerk",))), ("definition.unknown_state", "transitions.x")),
        (with_rule(move("x", "draft", "nowhere", roles=("clerk",))), ("definition.unknown_state", "transitions.x")),
        (with_rule(move("x", "draft", "review", roles=("king",))), ("definition.unknown_role", "transitions.x")),
        (
            with_rule(move("x", "draft", "review", roles=("clerk",), papers=("map",))),
            ("definition.unknown_paper", "transitions.x"),
        ),
        (
            with_rule(move("x", "draft", "review", roles=("clerk",), parameters=("size",))),
            ("definition.unknown_parameter", "transitions.x"),
        ),
        (
            with_rule(move("x", "draft", "review", roles=("clerk",), guards=("luck",))),
            ("definition.unknown_guard", "transitions.x"),
        ),
        (
            with_rule(move("x", "draft", m.Target("left", "nap"), roles=("clerk",))),
            ("definition.unknown_trigger", "transitions.x"),
        ),
        (with_rule(move("grant", "draft", "review", roles=("clerk",))), ("definition.twice", "transitions.grant")),
        (
            with_rule(move("x", "draft", "draft", roles=("clerk",), name="too long " * 9)),
            ("definition.bad_name", "transitions." + ("too long " * 9)[:64]),
        ),
        (permit(attributes={"a": m.Field("b", "text")}), ("definition.expected", "attribute.a")),
        (permit(regions={}), ("definition.missing_key", "regions")),
    ],
)
def test_names_that_are_not_there_are_errors_in_python_too(definition: m.Definition, problem: tuple[str, str]) -> None:
    assert problem in found(definition)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (m.InStates("side", frozenset({"x"})), "definition.unknown_region"),
        (m.InStates("main", frozenset({"x"})), "definition.unknown_state"),
        (m.Visited("main", "x"), "definition.unknown_state"),
        (m.ActorHas(frozenset({"king"})), "definition.unknown_role"),
        (m.FieldIs("constant", "x", "eq", 1), "definition.unknown_constant"),
        (m.FieldIs("attribute", "area", "le", 5), "definition.expected"),
        (m.FieldIs("attribute", "owner", "eq", "x"), "lint.personal"),
        (m.Not(m.All((m.FieldIs("attribute", "owner", "eq", "x"),))), "lint.personal"),
        (m.Code("os.system"), "definition.bad_code"),
        (m.Unsupported("magic"), "definition.unknown_feature"),
        (m.RootIn("main", frozenset({"x"})), "lint.no_root"),
    ],
)
def test_a_guard_built_in_python_is_held_to_the_same(condition: m.Condition, code: str) -> None:
    assert (code, "guard.survey_done") in found(permit(guards={"survey_done": condition}))


def test_a_return_leads_to_no_state_that_could_not_be_left() -> None:
    definition = permit()
    main = definition.regions["main"]
    ghost = m.Region("main", "draft", {**main.states, "ghost": m.State("ghost", "running")})
    rules = tuple(
        replace(rule, sources=(*rule.sources, "ghost")) if rule.id == "suspend" else rule
        for rule in definition.transitions
    )
    haunted = replace(definition, regions={**definition.regions, "main": ghost}, transitions=rules)
    assert found(haunted) == {("lint.unreachable", "state.main=ghost")}


def test_a_region_that_waits_for_what_cannot_be_is_never_active() -> None:
    definition = permit()
    main, survey = definition.regions["main"], definition.regions["survey"]
    ghost = m.Region("main", "draft", {**main.states, "ghost": m.State("ghost", "over", terminal=True)})
    lost = replace(survey, active_in={"main": frozenset({"ghost"})})
    assert ("lint.never_active", "region.survey") in found(replace(definition, regions={"main": ghost, "survey": lost}))
    circle = replace(survey, active_in={"survey": frozenset({"none"})})
    hung = replace(definition, regions={"main": main, "survey": circle})
    assert ("lint.depends_on_other", "region.survey") in found(hung)


def test_one_trigger_in_two_regions_is_seen() -> None:
    step = m.Transition("both", "submit", "survey", ("none",), m.Target("state", "done"), ("clerk",))
    # `submit` leaves draft, in which the survey is not active: they exclude each other.
    assert not [problem for problem in found(with_rule(step), "warning") if problem[0] == "lint.overlap"]
    clash = replace(step, trigger="comment")
    assert ("lint.overlap", "transitions.both") in found(with_rule(clash), "warning")


def test_ways_are_counted() -> None:
    many = {f"s{n}": m.State(f"s{n}") for n in range(1000)}
    rules = tuple(move(f"t{n}", "s0", "s1", roles=("clerk",)) for n in range(21))
    crowd = permit(
        regions={"main": m.Region("main", "s0", many)},
        transitions=tuple(replace(rule, sources=tuple(many)) for rule in rules),
        guards={},
    )
    assert found(crowd) == {("definition.too_many", "transitions")}


def test_missing_labels_and_starters_are_warnings() -> None:
    warnings = found(permit(permissions=m.Permissions(frozenset())), "warning")
    assert {("lint.no_label", "workflow.permit"), ("lint.nobody_starts", "may.start")} <= warnings
    half = {("workflow", "permit"): m.Label("许可", "")}
    told = [problem.values["lang"] for problem in lint(permit(labels=half)) if problem.path == "workflow.permit"]
    assert told == ["en"]


AREA = "attribute", "area"
KIND = "parameter", "kind"


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        (m.FieldIs(*AREA, "le", "10"), m.FieldIs(*AREA, "gt", "10.0"), True),
        (m.FieldIs(*AREA, "le", "10"), m.FieldIs(*AREA, "ge", "10.00"), False),
        (m.FieldIs(*AREA, "lt", "10"), m.FieldIs(*AREA, "ge", "10.00"), True),
        (m.FieldIs(*AREA, "lt", "9"), m.FieldIs(*AREA, "gt", "10"), True),  # as decimals, not as text
        (m.FieldIs(*AREA, "lt", "10"), m.FieldIs(*AREA, "gt", "9"), False),
        (m.FieldIs(*AREA, "eq", "10.5"), m.FieldIs(*AREA, "eq", "10.50"), False),
        (m.FieldIs(*AREA, "eq", "10.5"), m.FieldIs(*AREA, "ne", "10.50"), True),
        (m.FieldIs(*AREA, "eq", "11"), m.FieldIs(*AREA, "le", "10.5"), True),
        (m.FieldIs(*AREA, "in", ("1", "2")), m.FieldIs(*AREA, "in", ("3",)), True),
        (m.FieldIs(*AREA, "in", ("1", "2")), m.FieldIs(*AREA, "eq", "2.0"), False),
        (m.FieldIs(*AREA, "ne", "1"), m.FieldIs(*AREA, "ne", "2"), False),
        (m.FieldIs(*KIND, "eq", "a"), m.FieldIs(*KIND, "eq", "b"), True),
        (m.FieldIs(*KIND, "eq", "a"), m.FieldIs(*AREA, "eq", "1"), False),
        (m.InStates("main", frozenset("ab")), m.InStates("main", frozenset("c")), True),
        (m.InStates("main", frozenset("ab")), m.InStates("main", frozenset("bc")), False),
        (m.InStates("main", frozenset("ab")), m.InStates("side", frozenset("c")), False),
        (m.InStates("main", frozenset("a")), m.Not(m.InStates("main", frozenset("ab"))), True),
        (m.InStates("main", frozenset("ac")), m.Not(m.InStates("main", frozenset("ab"))), False),
        (m.Code("q@1"), m.Not(m.Code("q@1")), True),
        (m.Code("q@1"), m.Code("q@1"), False),
        (m.All((m.Code("q@1"), m.FieldIs(*KIND, "eq", "a"))), m.FieldIs(*KIND, "eq", "b"), True),
        (m.Any((m.Code("q@1"), m.FieldIs(*KIND, "eq", "a"))), m.FieldIs(*KIND, "eq", "b"), False),
        (m.Any((m.FieldIs(*KIND, "eq", "c"), m.FieldIs(*KIND, "eq", "a"))), m.FieldIs(*KIND, "eq", "b"), True),
    ],
)
def test_conditions_that_cannot_hold_together(one: m.Condition, two: m.Condition, apart: bool) -> None:  # noqa: FBT001
    assert exclude(permit(), one, two) is exclude(permit(), two, one) is apart


def test_what_a_case_asks_of_others_exists_there() -> None:
    shipped = zones.shipped()
    asked = 0
    for definition in shipped.values():
        for guard in definition.guards.values():
            for leaf in m.leaves(guard):
                if isinstance(leaf, (m.RootIn, m.OtherIn, m.CausedBy)):
                    name = definition.root if isinstance(leaf, m.RootIn) else leaf.workflow
                    assert leaf.states <= shipped[name or ""].regions[leaf.region].states.keys()
                    asked += 1
    assert asked == 10


def test_a_case_that_changes_the_bounds_is_open_until_it_has_or_will_not() -> None:
    shipped = zones.shipped()
    leaves = list(m.leaves(shipped["zone_expansion"].guards["no_open_boundary_case"]))
    found = {leaf.workflow: set(leaf.states) for leaf in leaves if isinstance(leaf, m.OtherIn)}
    assert found.keys() == {"zone_expansion", "upgrade_to_national", "zone_merge"}
    done = {"upgraded", "interviewed", "downgrade_candidate"}  # only an upgrade goes on when the bounds have changed
    for workflow, states in found.items():
        known = shipped[workflow].regions["main"].states.values()
        assert states == {state.name for state in known if not state.terminal and state.name not in done}


def test_a_diagram_keeps_apart_what_is_named_alike() -> None:
    states = {name: m.State(name, "over") for name in ("a.b", "a_b", "over", "b")}
    regions = {"main": m.Region("main", "over", states), "main__a": m.Region("main__a", "b", {"b": m.State("b")})}
    text = mermaid(permit(regions=regions, transitions=(), phases=("over",)), "en")
    ids = re.findall(r" as (\S+)", text)
    assert len(ids) == len(set(ids)) == 8


@pytest.mark.parametrize("name", zones.NAMES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_diagram_draws_every_way_and_opens_and_closes(name: str, lang: str) -> None:
    definition = zones.shipped()[name]
    text = mermaid(definition, lang)
    assert text.count("{") == text.count("}")
    drawn = sum(line.startswith("    ") and " --> " in line and "[*]" not in line for line in text.splitlines())
    ways = sum(
        len(rule.sources)
        * (
            1
            if rule.target.kind != "left"
            else sum(len(r.sources) for r in definition.transitions if r.trigger == rule.target.name)
        )
        for rule in definition.transitions
    )
    assert drawn == ways
