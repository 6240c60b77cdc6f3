"""Definitions as two documents: nothing is lost on the way there and back, and the digest is of the rules alone."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kfq_workflow import zones
from kfq_workflow.definition import canonical, document
from kfq_workflow.definition import model as m
from kfq_workflow.errors import DefinitionError
from tests.unit.test_definition_gates import GOOD as GATED

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.text("ab_.1", min_size=1, max_size=4)  # the form of a name is the linter's business, and a regex is slow
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
PLAIN = st.one_of(WORDS, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans())
SETS = st.frozensets(NAMES, max_size=3)
TUPLES = st.lists(NAMES, max_size=3).map(tuple)

FIELD_IS = st.one_of(
    st.builds(
        m.FieldIs,
        st.sampled_from(["attribute", "parameter", "constant"]),
        NAMES,
        st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
        PLAIN,
    ),
    st.builds(m.FieldIs, st.just("constant"), NAMES, st.just("in"), st.lists(PLAIN, max_size=3).map(tuple)),
)
LEAVES = st.one_of(
    st.builds(m.InStates, NAMES, SETS),
    st.builds(m.Visited, NAMES, NAMES),
    FIELD_IS,
    st.builds(m.ActorHas, SETS),
    st.builds(m.RootIn, NAMES, SETS),
    st.builds(m.OtherIn, NAMES, NAMES, SETS),
    st.builds(m.Code, NAMES),
    st.builds(m.GateIs, NAMES, st.sampled_from(["voted", "unopposed"])),
    st.builds(m.CausedBy, NAMES, NAMES, SETS),
    st.builds(m.Unsupported, NAMES),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(m.Not, inner),
        st.builds(m.All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(m.Any, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
FIELDS = st.builds(
    m.Field,
    NAMES,
    st.sampled_from(["text", "integer", "decimal", "boolean", "date", "choice"]),
    TUPLES,
    st.booleans(),
    st.booleans(),
)
STATES = st.builds(m.State, NAMES, st.none() | NAMES, st.booleans(), st.booleans())
REGIONS = st.builds(
    m.Region,
    NAMES,
    NAMES,
    st.lists(STATES, max_size=4).map(lambda states: {state.name: state for state in states}),
    st.dictionaries(NAMES, SETS, max_size=2),
)
SIGNERS = st.builds(
    m.Signer,
    NAMES,
    st.sampled_from(["role", "org", "actor", "code"]),
    WORDS,
    st.integers(1, 9),
    st.integers(1, 99),
    st.booleans(),
    st.none() | NAMES,
)
QUORUMS = st.builds(
    m.Quorum,
    st.sampled_from(["all", "any", "count", "ratio", "weight"]),
    st.integers(0, 99),
    st.sampled_from(["", "1/2", "2/3"]),
    st.booleans(),
    st.sampled_from(["counts", "excluded"]),
    st.booleans(),
)
GATES = st.builds(
    m.Gate,
    st.lists(SIGNERS, max_size=2).map(tuple),
    QUORUMS,
    st.booleans(),
    TUPLES,
    st.lists(st.sampled_from(["not_applicant", "not_applicant_org", "not_contributor"]), max_size=2).map(tuple),
    TUPLES,
    TUPLES,
    st.sampled_from(["until_first_vote", "until_decided", "never"]),
    TUPLES,
    TUPLES,
)
TAKEN = st.builds(m.Taken, st.sampled_from(["key", "root", "attribute", "parameter", "literal"]), WORDS)
VALUES = st.dictionaries(NAMES, TAKEN, max_size=1)
EFFECTS = st.one_of(
    st.builds(m.FireEffect, TAKEN, TUPLES, VALUES, st.booleans()),
    st.builds(m.AmendEffect, TAKEN, VALUES, st.none() | TAKEN),
    st.builds(m.LaterEffect, WORDS),
)
TRANSITIONS = st.builds(
    m.Transition,
    NAMES,
    NAMES,
    NAMES,
    TUPLES,
    st.builds(m.Target, st.sampled_from(["state", "same", "left"]), NAMES),
    TUPLES,
    TUPLES,
    TUPLES,
    TUPLES,
    st.lists(
        st.builds(
            m.Limit,
            st.none() | st.integers(0, 999),
            st.sampled_from(["working", "calendar"]),
            st.sampled_from(["maximum", "minimum"]),
        ),
        max_size=2,
    ).map(tuple),
    st.booleans(),
    st.lists(EFFECTS, max_size=1).map(tuple),
    st.none() | GATES,
)
KINDS = st.sampled_from(["workflow", "state", "trigger", "role", "choice", "signer"])
DEFINITIONS = st.builds(
    m.Definition,
    NAMES,
    st.integers(1, 10_000),
    st.lists(REGIONS, max_size=3).map(lambda regions: {region.name: region for region in regions}),
    st.lists(TRANSITIONS, max_size=2).map(tuple),
    st.builds(m.Permissions, SETS, SETS, SETS, SETS, SETS),
    SETS,
    SETS,
    TUPLES,
    SETS,
    st.dictionaries(NAMES, FIELDS, max_size=2),
    st.dictionaries(NAMES, FIELDS, max_size=2),
    st.dictionaries(NAMES, PLAIN, max_size=2),
    st.dictionaries(NAMES, CONDITIONS, max_size=2),
    st.dictionaries(st.tuples(KINDS, NAMES), st.builds(m.Label, WORDS, WORDS, TUPLES), max_size=4),
    st.none() | NAMES,
    st.integers(1, 3),
)


def exact(value: Any) -> Any:
    """A value with its types, so that True is not 1."""
    if is_dataclass(value):
        return type(value).__name__, [exact(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, dict):
        return sorted((key, exact(item)) for key, item in value.items())
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [exact(item) for item in value]
    return type(value).__name__, value


@given(DEFINITIONS)
def test_a_definition_comes_back_as_it_was(definition: m.Definition) -> None:
    rules, labels = canonical.rules_document(definition), canonical.labels_document(definition)
    again = canonical.from_documents(rules, labels)
    assert exact(again) == exact(definition)
    assert (canonical.rules_document(again), canonical.labels_document(again)) == (rules, labels)
    bare = canonical.from_documents(rules, None)
    assert bare == definition
    assert canonical.rules_document(bare) == rules


@given(DEFINITIONS, DEFINITIONS)
def test_the_rules_are_the_same_exactly_when_they_decide_alike(one: m.Definition, two: m.Definition) -> None:
    same = canonical.rules_document(one) == canonical.rules_document(two)
    assert same is (exact(replace(one, labels={})) == exact(replace(two, labels={})))
    assert canonical.rules_document(replace(one, labels=two.labels)) == canonical.rules_document(one)


def changed(value: Any) -> Iterator[Any]:  # noqa: C901 - a branch for each kind of value
    """Every definition that differs from this one in a single place of its rules."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name != "labels":
                yield from (replace(value, **{field.name: new}) for new in changed(getattr(value, field.name)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield {name: item for name, item in value.items() if name != key}
            yield from ({**value, key: new} for new in changed(item))
    elif isinstance(value, frozenset):
        yield value | {"one_more"}
        yield from (value - {item} for item in value)
    elif isinstance(value, tuple):
        yield (*value, *value[:1]) if value else ("one_more",)
        for place, item in enumerate(value):
            yield value[:place] + value[place + 1 :]
            yield from ((*value[:place], new, *value[place + 1 :]) for new in changed(item))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield value + "x"
    else:
        yield "was_none"


def test_every_single_change_of_a_rule_changes_the_digest() -> None:
    definition = zones.shipped()["zone_expansion"]
    before = canonical.digest(canonical.rules_document(definition))
    count = 0
    for other in changed(definition):
        count += 1
        assert canonical.digest(canonical.rules_document(other)) != before
    assert count > 500


@given(st.data())
@settings(max_examples=200)
def test_a_stored_document_with_one_letter_changed_is_refused_or_another(data: st.DataObject) -> None:
    rules = canonical.rules_document(zones.shipped()["zone_exit"])
    place = data.draw(st.integers(0, len(rules) - 1))
    letter = data.draw(st.sampled_from('{}[]":,0a.\x00\\'))
    broken = rules[:place] + letter + rules[place + 1 :]
    try:
        found = canonical.from_documents(broken, None)
    except DefinitionError:
        return
    assert canonical.rules_document(found) == broken


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_yaml_document_with_a_piece_torn_out_is_read_or_refused_in_words(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([zones.document("zone_exit"), GATED]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    put = data.draw(
        st.sampled_from(["", "\t", ": ", "- ", "[", "{", "&a ", "*a", "!x ", "\x00", "on", "'", "\n\n", "1e3"])
    )
    definition, problems = document.check(text[:start] + put + text[end:])
    assert definition is not None or problems
    for problem in problems:
        for lang in ("zh", "en"):
            sentence = problem.text(lang)
            assert problem.code not in sentence, "every problem has its sentence"
            assert not re.search(r"<[a-z_]+>", sentence), "a value of the sentence is missing"
