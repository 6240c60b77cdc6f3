"""A document that means harm, or half of what it says, is refused in words and in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kfq_workflow.definition import canonical, document
from kfq_workflow.errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
definition: permit
version: 1
zh: 许可
en: permit
may: {start: clerk}
roles:
  clerk: {zh: 经办, en: clerk}
attributes:
  area: {zh: 面积, en: area, type: decimal}
  floors: {zh: 层数, en: floors, type: integer}
  urgent: {zh: 加急, en: urgent, type: boolean}
  due: {zh: 期限, en: due, type: date}
  owner: {zh: 申请人, en: owner}
  kind:
    type: choice
    zh: 类别
    en: kind
    choices:
      new: {zh: 新建, en: new}
      rebuilt: {zh: 改建, en: rebuilt}
constants:
  strict: {zh: 从严, en: strict, value: true}
  most: {zh: 上限, en: most, value: 3}
  office: {zh: 窗口, en: office, value: east}
regions:
  main:
    zh: 主流程
    en: main line
    initial: draft
    states:
      draft: {zh: 起草, en: draft}
      over: {zh: 结束, en: over, terminal: true}
guards:
  fit:
    zh: 适合
    en: fit
    when: {attribute: area, at_most: '10.5'}
transitions:
  end:
    zh: 终止
    en: end
    from: draft
    to: over
    roles: clerk
    guards: fit
"""
WHEN = "{attribute: area, at_most: '10.5'}"


def codes(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in document.check(text)[1]]


def with_guard(condition: str) -> list[tuple[int, str]]:
    return codes(GOOD.replace(WHEN, condition))


def line_of(words: str, text: str = GOOD) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_document_that_is_attacked_is_good() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    "text",
    [
        "- " * 100_000,
        "? " * 100_000,
        "[" * 100_000,
        "{a: " * 100_000,
        GOOD.replace(WHEN, "{not: " * 300 + WHEN + "}" * 300),
        GOOD.replace(WHEN, "{all: [" * 30 + WHEN + "]}" * 30),
    ],
    ids=["lists", "keys", "brackets", "braces", "not", "all"],
)
def test_depth_is_refused_before_it_costs_anything(text: str) -> None:
    start = time.monotonic()
    assert [code for _, code in codes(text)] == ["yaml.too_deep"]
    assert time.monotonic() - start < 5  # it took a minute, or the whole process


@pytest.mark.parametrize(
    "condition",
    [
        "{region: main, in: [draft], actor_role: [clerk]}",
        "{region: main, in: [draft], attribute: area, is: '1'}",
        "{visited: draft, region: main, in: [draft]}",
        "{root: main, in: [open], region: main}",
        "{other: permit, region: main, in: [open], attribute: area}",
        "{not: {region: main, in: [draft]}, all: [{region: main, in: [draft]}]}",
        "{code: quota@1, unsupported: clock}",
    ],
)
def test_no_half_of_a_condition_is_lost(condition: str) -> None:
    found = with_guard(condition)
    assert found
    assert set(found) == {(line_of("when:"), "definition.unknown_key")}


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("{region: main, in: []}", "definition.expected"),
        ("{region: main}", "definition.missing_key"),
        ("{actor_role: []}", "definition.expected"),
        ("{root: main, in: [open.*]}", "definition.bad_name"),  # it would be compared as it stands and never hold
        ("{other: permit, region: main, in: []}", "definition.expected"),
        ("{any: []}", "definition.expected"),
        ("{attribute: area, one_of: []}", "definition.expected"),
        ("{attribute: area, at_most: ten}", "definition.expected"),
        ("{attribute: area, at_most: NaN}", "definition.expected"),
        ("{attribute: area, at_most: 1e3}", "definition.expected"),
        ("{attribute: area, at_most: 010}", "definition.expected"),
        ("{attribute: area, at_most: 10}", "definition.expected"),  # a decimal is written in quotes
        ("{attribute: area, is: true}", "definition.expected"),
        ("{attribute: area, is: null}", "definition.expected"),
        ("{attribute: area, is: ['1']}", "definition.expected"),
        ("{attribute: floors, more: '3'}", "definition.expected"),
        ("{attribute: urgent, is: yes}", "definition.expected"),
        ("{attribute: urgent, is: 1}", "definition.expected"),
        ("{attribute: urgent, less: true}", "definition.no_order"),
        ("{attribute: due, is: tomorrow}", "definition.expected"),
        ("{attribute: due, less: '2020-05-01'}", "definition.no_order"),
        ("{attribute: owner, less: b}", "definition.no_order"),
        ("{attribute: owner, is: 5}", "definition.expected"),
        ("{attribute: kind, is: rebulit}", "definition.expected"),
        ("{attribute: kind, one_of: [new, old]}", "definition.expected"),
        ("{constant: strict, is: 'true'}", "definition.expected"),
        ("{constant: most, less: '3'}", "definition.expected"),
        ("{constant: office, more: a}", "definition.no_order"),
        ("{attribute: aera, is: '1'}", "definition.unknown_attribute"),
        ("{parameter: area, is: '1'}", "definition.unknown_parameter"),
        ("{constant: area, is: '1'}", "definition.unknown_constant"),
    ],
)
def test_a_guard_that_could_never_hold_is_refused(condition: str, code: str) -> None:
    assert with_guard(condition) == [(line_of("when:"), code)]


@pytest.mark.parametrize(
    "condition",
    [
        "{attribute: area, at_most: 10.5}",
        "{attribute: floors, one_of: [1, 2]}",
        "{attribute: urgent, is_not: true}",
        "{attribute: due, is: '2020-05'}",
        "{attribute: owner, is: on}",
        "{attribute: kind, is: new}",
        "{constant: most, at_least: 2}",
        "{constant: strict, is: false}",
        "{all: [{any: [{visited: draft, region: main}]}, {not: {actor_role: clerk}}]}",
    ],
)
def test_a_guard_that_can_hold_is_not(condition: str) -> None:
    assert with_guard(condition) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "code"),
    [
        ("transitions:", "transition:", "transition:", "definition.unknown_key"),
        ("    states:", "    state:", "    state:", "definition.unknown_key"),
        ("      draft: {", "      draft: {zh: 草, ", "draft: {", "yaml.duplicate"),
        ("    en: end", "    en: end\n    en: finish", "en: finish", "yaml.duplicate"),
        ("    choices:", "    choices:\n      new: {zh: 新, en: new}", "      new: {zh: 新建", "yaml.duplicate"),
        ("version: 1", "version: 9999999999999999", "version:", "definition.expected"),
        ("version: 1", "version: 010", "version:", "definition.expected"),
        ("version: 1", "version: 0x1", "version:", "definition.expected"),
        ("definition: permit", "definition: " + "p" * 65, "definition:", "definition.bad_name"),
        ("en: clerk", 'en: "cle\\0rk"', "  clerk: {", "yaml.control"),
        ("en: clerk", 'en: "\\e[2Jclerk"', "  clerk: {", "yaml.control"),
        ("en: clerk", 'en: "clerk", "o\\0": x', "  clerk: {", "yaml.control"),
        ("en: clerk", "en: 2020", "2020", "definition.no_label"),
        ("    to: over", "    to: over\n    limits: {days: -5}", "limits:", "definition.expected"),
        (
            "    from: draft",
            "    from: draft\n    limits: [{days: 5, kind: false}]",
            "limits:",
            "definition.unknown_limit",
        ),
        ("    to: over", "    to: {left_by: end, or: over}", "left_by", "definition.unknown_key"),
        ("      new: {", '      "a=b": {', "a=b", "definition.bad_name"),
        ("    when: " + WHEN + "\n", "", "  fit:", "definition.missing_key"),
        ("value: 3", "origin: gk", "  most:", "definition.missing_key"),
        ("value: 3", "value: [3]", "  most:", "definition.expected"),
    ],
)
def test_what_is_wrong_is_reported_where_it_stands(old: str, new: str, place: str, code: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    assert (line_of(place, text), code) in codes(text)


def test_what_is_missing_is_reported_once() -> None:
    assert sorted(codes("definition: permit\nzh: 许可\nen: permit\n")) == [(1, "definition.missing_key")] * 5


def test_one_name_has_one_label() -> None:
    more = "  stop: {zh: 停, en: stop, trigger: end, from: draft, to: over, roles: clerk}\n"
    assert "definition.other_label" in [code for _, code in codes(GOOD + more)]
    same = more.replace("zh: 停, en: stop", "zh: 终止, en: end, origin: src")
    assert "definition.other_label" not in [code for _, code in codes(GOOD + same)]


def test_regions_may_stand_in_any_order() -> None:
    side = (
        "  side: {zh: 旁, en: side, active_in: {main: draft}, initial: x, "
        "states: {x: {zh: 一, en: x, terminal: true}}}\n"
    )
    before, after = GOOD.replace("regions:\n", "regions:\n" + side), GOOD.replace("guards:\n", side + "guards:\n")
    assert codes(before) == codes(after) == []
    rules = [canonical.rules_document(document.load(text)) for text in (before, after)]
    assert rules[0] == rules[1]


def test_numbers_of_things_are_bounded() -> None:
    many = "".join(
        f"  t{n}: {{zh: 终止, en: end, trigger: end, from: draft, to: over, roles: clerk}}\n" for n in range(1100)
    )
    assert "definition.too_many" in [code for _, code in codes(GOOD + many)]
    unknown = ", ".join(f"x{n}" for n in range(20_000))
    start = time.monotonic()
    assert len(codes(GOOD.replace("    roles: clerk", f"    roles: [{unknown}]"))) == 20_000
    assert time.monotonic() - start < 30


def test_composed_and_decomposed_labels_are_one(tmp_path: Path) -> None:
    composed, decomposed = GOOD.replace("en: clerk", "en: cl\u00e9rk"), GOOD.replace("en: clerk", "en: cle\u0301rk")
    first, second = (canonical.labels_document(document.load(text)) for text in (composed, decomposed))
    assert first == second
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + composed.replace("\n", "\r\n").encode())
    assert canonical.labels_document(document.load(file)) == first
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(DefinitionError, match="too large"):
        document.load(file)
    with pytest.raises(DefinitionError, match="cannot be read"):
        document.load(tmp_path)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_stored_document_that_is_too_deep_is_refused(depth: int) -> None:
    rules = '{"guards":{"g":' + '{"is":"Not","of":' * depth + "{}" + "}" * depth + '},"lang":1}'
    with pytest.raises(DefinitionError):
        canonical.from_documents(rules, None)
