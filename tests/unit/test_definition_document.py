"""The document that people write: what it says is read exactly, and everything wrong is reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfq_workflow import zones
from kfq_workflow.definition import canonical, document, model
from kfq_workflow.definition.diagram import mermaid
from kfq_workflow.errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
definition: permit
version: 1
zh: 许可
en: permit
may: {start: [clerk]}
roles:
  clerk: {zh: 经办, en: clerk}
  registrar: {zh: 补录员, en: registrar}
papers:
  request: {zh: 申请, en: request}
attributes:
  area: {zh: 面积, en: area, type: decimal}
  owner: {zh: 申请人, en: owner, personal: true}
constants:
  limit: {zh: 上限, en: limit, value: '10.5'}
regions:
  main:
    zh: 主流程
    en: main line
    initial: draft
    states:
      draft: {zh: 起草, en: draft}
      on: {zh: 启用, en: in force}
      over: {zh: 结束, en: over, terminal: true}
guards:
  small: {zh: 面积不超限, en: the area is small, when: {attribute: area, at_most: '10.5'}}
transitions:
  issue:
    zh: 发证
    en: issue
    from: draft
    to: on
    roles: [clerk]
    papers: [request]
    guards: [small]
    limits: [{days: 5, calendar: working}]
    origin: [src]
  end: {zh: 终止, en: end, from: [draft, on], to: over, roles: [clerk], remember: true}
"""


def problems(text: str, severity: str = "error") -> list[tuple[int, str]]:
    _, found = document.check(text)
    return [(problem.line, problem.code) for problem in found if problem.severity == severity]


def test_a_good_document_says_what_it_says() -> None:
    definition = document.load(GOOD)
    assert (definition.name, definition.version, definition.lang) == ("permit", 1, 1)
    assert definition.regions["main"].states["on"] == model.State("on")
    assert definition.attributes["owner"].personal
    assert definition.constants == {"limit": "10.5"}
    assert definition.guards["small"] == model.FieldIs("attribute", "area", "le", "10.5")
    issue = definition.transitions[0]
    assert issue.limits == (model.Limit(5, "working"),)
    assert (issue.trigger, issue.region, issue.target) == ("issue", "main", model.Target("state", "on"))
    assert definition.label("trigger", "issue", "zh") == "发证"
    assert definition.labels["trigger", "issue"].origin == ("src",)
    assert problems(GOOD, "warning") == []


def test_on_yes_and_no_are_words_and_numbers_stay_as_written() -> None:
    assert "on" in document.load(GOOD).regions["main"].states
    assert "definition.expected" in [code for _, code in problems(GOOD.replace("terminal: true", "terminal: yes"))]
    assert "definition.expected" in [code for _, code in problems(GOOD.replace("version: 1", "version: 1.0"))]
    assert "definition.expected" in [code for _, code in problems(GOOD.replace("version: 1", "version: 01"))]
    assert "definition.expected" in [code for _, code in problems(GOOD.replace("version: 1", "version: 1e3"))]
    assert "definition.expected" in [code for _, code in problems(GOOD.replace("version: 1", "version: '1'"))]


def test_everything_wrong_is_reported_at_once_each_with_its_line() -> None:
    text = (
        GOOD.replace("version: 1", "version: 0")
        .replace("initial: draft", "initial: draf")
        .replace("papers: [request]", "papers: [napkin]")
        .replace("zh: 终止, ", "")
        .replace("roles: [clerk], remember: true", "roles: [clark], remember: true, colour: red")
    )
    found = problems(text)
    lines = {text.splitlines()[line - 1].strip()[:12] for line, _ in found}
    assert {code for _, code in found} == {
        "definition.expected",
        "definition.unknown_state",
        "definition.unknown_paper",
        "definition.no_label",
        "definition.unknown_role",
        "definition.unknown_key",
    }
    assert lines == {"version: 0", "initial: dra", "papers: [nap", "end: {en: en"}


def test_a_near_name_is_suggested_in_both_languages() -> None:
    with pytest.raises(DefinitionError) as caught:
        document.load(GOOD.replace("guards: [small]", "guards: [smal]"))
    assert "Nearest: small" in caught.value.text("en")
    assert "最接近的：small" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("version: 1\n", "version: 1\nversion: 2\n", "yaml.duplicate"),
        ("  clerk: {", "  clerk: {zh: a, ", "yaml.duplicate"),
        ("roles:\n", "roles: &r\n", "yaml.anchor"),
        ("version: 1", "version: !!int 1", "yaml.tag"),
        ("definition: permit", "definition: permit\n---\na: b", "yaml.two_documents"),
        ("version: 1", "version: [1", "yaml.broken"),
        ("version: 1", "\tversion: 1", "yaml.broken"),
        ("version: 1", "? [a]\n: 1\nversion: 1", "yaml.key"),
        ("version: 1\n", "", "definition.missing_key"),
        ("definition: permit", "definition: Permit", "definition.bad_name"),
        ("version: 1\n", "version: 1\nlang: 2\n", "definition.unknown_lang"),
        ("{attribute: area, at_most: '10.5'}", "{attribute: area}", "definition.one_operator"),
        ("{attribute: area, at_most: '10.5'}", "{area: 1}", "definition.no_condition"),
        ("{attribute: area, at_most: '10.5'}", "{code: quota}", "definition.bad_code"),
        ("{attribute: area, at_most: '10.5'}", "{unsupported: magic}", "definition.unknown_feature"),
        ("{attribute: area, at_most: '10.5'}", "{attribute: owner, is: x}", "lint.personal"),
        ("from: [draft, on]", "from: [draft, onn]", "definition.unknown_state"),
        ("from: [draft, on]", "from: [x.*]", "definition.unknown_state"),
        ("from: [draft, on]", "from: [draft, draft]", "definition.twice"),
        ("from: [draft, on]", "from: [draft]", "lint.trap"),
        ("from: [draft, on]", "from: [draft, on, over]", "lint.terminal_left"),
        ("to: on", "to: over", "lint.unreachable"),
        ("to: on", "to: {left_by: issue}", "lint.not_remembered"),
        ("to: over, roles: [clerk]", "to: over, roles: []", "lint.nobody"),
        ("may: {start: [clerk]}", "may: {start: [nobody]}", "definition.unknown_role"),
        ("type: decimal", "type: float", "definition.unknown_type"),
        ("type: decimal", "type: choice", "definition.missing_key"),
    ],
)
def test_one_thing_wrong(old: str, new: str, code: str) -> None:
    assert old in GOOD
    assert code in [found for _, found in problems(GOOD.replace(old, new))]


def test_two_ways_that_do_not_exclude_each_other() -> None:
    again = "  again: {zh: 发证, en: issue, trigger: issue, from: draft, to: on, roles: [clerk]}\n"
    assert [code for _, code in problems(GOOD + again, "warning")] == ["lint.overlap"]
    assert [code for _, code in problems(GOOD + again.replace("roles", "guards: [small], roles"))] == ["lint.same"]
    large = "  large: {zh: 超限, en: too large, when: {not: {attribute: area, at_most: '10.5'}}}\n"
    text = GOOD.replace("transitions:\n", large + "transitions:\n") + again.replace("roles", "guards: [large], roles")
    assert problems(text) == problems(text, "warning") == []


def test_what_is_declared_and_not_used_is_a_warning() -> None:
    text = GOOD.replace("    papers: [request]\n", "").replace("    guards: [small]\n", "")
    assert [code for _, code in problems(text, "warning")] == ["lint.unused", "lint.unused"]
    assert document.load(text).papers == {"request"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "a: b", "\x00", "\ud800", "{" * 3000, "a:\n" + " b:\n" * 5])
def test_what_is_no_definition_is_refused_in_words(text: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        document.load(text)
    assert caught.value.problems
    assert caught.value.text("zh") != caught.value.text("en")


def test_a_bomb_does_not_go_off() -> None:
    bomb = "a: &a [x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)
    )
    assert {code for _, code in problems(bomb)} == {"yaml.anchor"}
    assert problems("a: " + "x" * 1_100_000) == [(0, "yaml.too_large")]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be read"):
        document.load(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("zh: 许可".encode("gbk"))
    with pytest.raises(DefinitionError, match="not UTF-8"):
        document.load(tmp_path / "gbk.yaml")


# The shipped workflows


@pytest.mark.parametrize("name", zones.NAMES)
def test_a_shipped_workflow_is_complete_and_clean(name: str) -> None:
    definition, found = document.check(zones.document(name))
    assert found == ()
    assert definition is not None
    assert all(label.zh and label.en for label in definition.labels.values())
    rules, labels = canonical.rules_document(definition), canonical.labels_document(definition)
    again = canonical.from_documents(rules, labels)
    assert again == definition
    assert (canonical.rules_document(again), canonical.labels_document(again)) == (rules, labels)


@pytest.mark.parametrize(
    ("name", "regions", "states", "transitions", "guards"),
    [
        ("zone_lifecycle", 8, 27 + 3 * 4 + 4 * 6, 66, 14 + 4),
        ("zone_expansion", 2, 18, 20, 9 + 4),
        ("upgrade_to_national", 1, 20, 24, 5),
        ("zone_exit", 1, 7, 6, 1),
        ("zone_merge", 1, 7, 7, 0),
    ],
)
def test_nothing_of_the_charts_is_left_out(name: str, regions: int, states: int, transitions: int, guards: int) -> None:
    # The charts have no guard for which departments a zone's type requires; a gate needs four.
    definition = zones.shipped()[name]
    assert len(definition.regions) == regions
    assert sum(len(region.states) for region in definition.regions.values()) == states
    assert len(definition.transitions) == transitions
    assert len(definition.guards) == guards


def test_a_label_changes_no_rule_and_a_rule_does() -> None:
    one = document.load(GOOD)
    label = document.load(GOOD.replace("en: issue", "en: issue it"))
    rule = document.load(GOOD.replace("'10.5'", "'10.50'"))
    assert canonical.rules_document(label) == canonical.rules_document(one)
    assert canonical.labels_document(label) != canonical.labels_document(one)
    assert canonical.digest(canonical.rules_document(rule)) != canonical.digest(canonical.rules_document(one))
    assert '"lang":1' in canonical.rules_document(one)


@pytest.mark.parametrize("rules", ["{}", "[]", '{"name":"x"}', '{"lang":1,"name":1}', "not json"])
def test_documents_that_are_none_are_refused(rules: str) -> None:
    with pytest.raises(DefinitionError):
        canonical.from_documents(rules, None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_diagram_has_every_state_and_escapes_its_labels(lang: str) -> None:
    definition = zones.shipped()["zone_lifecycle"]
    text = mermaid(definition, lang)
    assert text == mermaid(definition, lang)
    for region in definition.regions.values():
        for state in region.states:
            assert f" as {region.name}__{state.replace('.', '_')}" in text
    assert "[*] --> main__application_scoping" in text
    hostile = document.load(GOOD.replace("zh: 启用", "zh: '\"启]:;用'"))
    assert '"#34;启#93;#58;#59;用"' in mermaid(hostile, "zh")


def test_a_definition_read_back_keeps_the_order_of_its_document() -> None:
    definition = zones.shipped()["zone_lifecycle"]
    again = canonical.from_documents(canonical.rules_document(definition), canonical.labels_document(definition))
    assert list(again.regions) == list(definition.regions)
    assert [list(region.states) for region in again.regions.values()] == [
        list(region.states) for region in definition.regions.values()
    ]
    assert list(again.attributes) == list(definition.attributes)
    assert next(iter(canonical.from_documents(canonical.rules_document(definition), None).regions)) == "main"
