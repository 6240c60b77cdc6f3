"""Gates and effects in a document: what they say is read exactly, and everything wrong is reported where it stands."""

from __future__ import annotations

import pytest

from kfq_workflow import zones
from kfq_workflow.definition import canonical, document
from kfq_workflow.definition import model as m
from kfq_workflow.definition.diagram import mermaid
from kfq_workflow.definition.wording import effect_text, quorum_text, signer_label

GOOD = """\
definition: permit
version: 1
zh: 许可
en: permit
root: zone
may: {start: clerk, supervise: [chief]}
roles:
  clerk: {zh: 经办, en: clerk}
  chief: {zh: 负责人, en: chief}
  land: {zh: 土地, en: land office}
papers:
  opinion: {zh: 意见, en: opinion}
attributes:
  area: {zh: 面积, en: area, type: decimal}
  other: {zh: 另一实例, en: other instance}
  owner: {zh: 申请人, en: owner, personal: true}
parameters:
  size: {zh: 规模, en: size, type: decimal}
  phone: {zh: 电话, en: phone, personal: true}
regions:
  main:
    zh: 主流程
    en: main line
    initial: draft
    states:
      draft: {zh: 起草, en: draft}
      review: {zh: 审查, en: review}
      granted: {zh: 准予, en: granted, terminal: true}
guards:
  large: {zh: 面积大, en: large, when: {attribute: area, more: '10'}}
  voted: {zh: 均已表态, en: everybody voted, when: {gate: grant, is: voted}}
  caused: {zh: 由整合引起, en: caused by a merger, when: {caused_by: merge, region: main, in: [approved]}}
transitions:
  file: {zh: 报审, en: file, from: draft, to: review, roles: clerk}
  back: {zh: 退回, en: back, from: review, to: draft, roles: clerk, guards: caused}
  grant:
    zh: 准予
    en: grant
    from: review
    to: granted
    roles: [clerk]
    parameters: [size, phone]
    guards: [voted]
    gate:
      signers:
        land: {role: land}
        head: {role: chief, seats: 2, zh: 主任, en: heads}
        bureau: {org: bureau-1, seats: 3, zh: 局, en: bureau}
        chair: {actor: chair-office, veto: true, weight: 2, zh: 主席, en: chair}
        panel: {code: panel@1, when: large, zh: 专家, en: panel}
      quorum: {count: 3, abstain: excluded, wait: true}
      order: sequential
      papers: [opinion]
      duties: [not_applicant, not_applicant_org, not_contributor]
      not_by: [file]
      binds: [area]
      withdraw: until_decided
      returns: [draft]
      direct: other
    effects:
      - {on: root, fire: [open_zone, survey], where_allowed: true, params: {size: {parameter: size}, case: key}}
      - {on: {attribute: other}, amend: {level: {is: national}, root: root}, name: {attribute: other}}
      - {on: {is: zone-1}, name: {parameter: size}}
      - {later: 'province.freeze=2y'}
"""
SIGNER = "land: {role: land}"
QUORUM = "{count: 3, abstain: excluded, wait: true}"
EFFECT = "{later: 'province.freeze=2y'}"


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in document.check(text)[1]]


def line_of(words: str, text: str = GOOD) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def grant(text: str = GOOD) -> m.Transition:
    return document.load(text).transitions[2]


def test_a_gate_says_what_it_says() -> None:
    assert problems(GOOD) == []
    definition = document.load(GOOD)
    assert definition.transitions[2].gate == m.Gate(
        signers=(
            m.Signer("land", "role", "land"),
            m.Signer("head", "role", "chief", seats=2),
            m.Signer("bureau", "org", "bureau-1", seats=3),
            m.Signer("chair", "actor", "chair-office", weight=2, veto=True),
            m.Signer("panel", "code", "panel@1", when="large"),
        ),
        quorum=m.Quorum("count", 3, abstain="excluded", wait=True),
        sequential=True,
        papers=("opinion",),
        duties=("not_applicant", "not_applicant_org", "not_contributor"),
        not_by=("file",),
        binds=("area",),
        withdraw="until_decided",
        returns=("draft",),
        direct=("other",),
    )
    assert definition.permissions.supervise == {"chief"}
    assert definition.guards["voted"] == m.GateIs("grant", "voted")
    assert definition.guards["caused"] == m.CausedBy("merge", "main", frozenset({"approved"}))


def test_effects_say_what_they_say() -> None:
    root, other = m.Taken("root"), m.Taken("attribute", "other")
    assert grant().effects == (
        m.FireEffect(
            root,
            ("open_zone", "survey"),
            {"size": m.Taken("parameter", "size"), "case": m.Taken("key")},
            where_allowed=True,
        ),
        m.AmendEffect(other, {"level": m.Taken("literal", "national"), "root": root}, other),
        m.AmendEffect(m.Taken("literal", "zone-1"), {}, m.Taken("parameter", "size")),
        m.LaterEffect("province.freeze=2y"),
    )


@pytest.mark.parametrize(
    ("quorum", "read", "zh", "en"),
    [
        ("all", m.Quorum("all"), "会签", "all"),
        ("any", m.Quorum("any"), "或签", "any one"),
        ("{all: true, wait: true}", m.Quorum("all", wait=True), "会签", "all"),
        ("{any: true, abstain: excluded}", m.Quorum("any", abstain="excluded"), "或签", "any one"),
        ("{count: 3, abstain: counts}", m.Quorum("count", 3), "3 人同意", "3 approvals"),
        ("{ratio: 2/3}", m.Quorum("ratio", ratio="2/3"), "至少 2/3", "at least 2/3"),
        ("{more_than: 1/2}", m.Quorum("ratio", ratio="1/2", strict=True), "超过 1/2", "more than 1/2"),
        ("{weight: 4}", m.Quorum("weight", 4), "票权 4", "weight 4"),
        ("{count: 0, wait: true}", m.Quorum("count", 0, wait=True), "征求意见", "opinions"),
    ],
)
def test_a_quorum_is_read_and_said_in_words(quorum: str, read: m.Quorum, zh: str, en: str) -> None:
    gate = grant(GOOD.replace(QUORUM, quorum)).gate
    assert gate is not None
    assert gate.quorum == read
    assert (quorum_text(gate, "zh"), quorum_text(gate, "en")) == (zh, en)


def test_what_is_left_out_is_as_the_reference_says() -> None:
    start = GOOD.index("      order:")
    gate = grant(GOOD[:start] + GOOD[GOOD.index("    effects:") :]).gate
    assert gate is not None
    assert gate == m.Gate(gate.signers, gate.quorum)


@pytest.mark.parametrize(
    ("old", "new", "place", "code"),
    [
        (SIGNER, "land: {role: land, org: bureau-2}", "land: {role: land,", "definition.one_signer"),
        (SIGNER, "land: {seats: 2}", "land: {seats", "definition.unknown_key"),
        (SIGNER, "land: {weight: 2}", "land: {weight", "definition.one_signer"),
        (SIGNER, "land: land", "land: land", "definition.expected"),
        (SIGNER, "Land: {role: land}", "Land:", "definition.bad_name"),
        (SIGNER, "land: {role: lnd}", "{role: lnd}", "definition.unknown_role"),
        (SIGNER, "land: {role: land, colour: red}", "colour", "definition.unknown_key"),
        (SIGNER, "land: {role: land, zh: 土地}", "zh: 土地}", "definition.no_label"),
        (SIGNER, "land: {role: land, seats: 0}", "seats: 0", "definition.expected"),
        (SIGNER, "land: {role: land, seats: 1001}", "seats: 1001", "definition.expected"),
        (SIGNER, "land: {role: land, seats: '2'}", "seats: '2'", "definition.expected"),
        (SIGNER, "land: {role: land, weight: -1}", "weight: -1", "definition.expected"),
        (SIGNER, "land: {role: land, veto: yes}", "veto: yes", "definition.expected"),
        (SIGNER, "land: {role: land, when: lrge}", "when: lrge", "definition.unknown_guard"),
        (SIGNER, "land: {actor: '李 四', zh: 土地, en: land}", "李 四", "definition.bad_id"),
        (SIGNER, "land: {org: b u, zh: 土地, en: land}", "b u", "definition.bad_id"),
        (SIGNER, "land: {actor: a-1, seats: 2, zh: 土地, en: land}", "a-1, seats", "definition.unknown_key"),
        (SIGNER, "land: {code: panel, zh: 土地, en: land}", "code: panel,", "definition.bad_code"),
        (SIGNER, "land: {actor: a-1}", "actor: a-1}", "definition.no_label"),
        (QUORUM, "most", "quorum: most", "definition.no_quorum"),
        (QUORUM, "3", "quorum: 3", "definition.no_quorum"),
        (QUORUM, "{wait: true}", "quorum: {", "definition.no_quorum"),
        (QUORUM, "{count: 3, ratio: 1/2}", "quorum: {", "definition.no_quorum"),
        (QUORUM, "{count: '3'}", "quorum: {", "definition.expected"),
        (QUORUM, "{count: -1, wait: true}", "quorum: {", "definition.expected"),
        (QUORUM, "{all: false}", "quorum: {", "definition.expected"),
        (QUORUM, "{ratio: 0.5}", "quorum: {", "definition.expected"),
        (QUORUM, "{ratio: 1/0}", "quorum: {", "definition.expected"),
        (QUORUM, "{more_than: 1}", "quorum: {", "definition.expected"),
        (QUORUM, "{count: 3, abstain: ignored}", "quorum: {", "definition.unknown_choice"),
        (QUORUM, "{count: 3, veto: true}", "quorum: {", "definition.unknown_key"),
        ("order: sequential", "order: random", "order:", "definition.unknown_choice"),
        ("withdraw: until_decided", "withdraw: always", "withdraw:", "definition.unknown_choice"),
        ("duties: [not_applicant,", "duties: [applicant,", "duties:", "definition.unknown_choice"),
        ("not_by: [file]", "not_by: [fill]", "not_by:", "definition.unknown_transition"),
        ("      papers: [opinion]", "      papers: [poem]", "papers: [poem]", "definition.unknown_paper"),
        ("binds: [area]", "binds: [size]", "binds:", "definition.unknown_attribute"),
        ("direct: other", "direct: othr", "direct:", "definition.unknown_attribute"),
        ("returns: [draft]", "returns: [draf]", "returns:", "definition.unknown_state"),
        ("returns: [draft]", "return: [draft]", "return:", "definition.unknown_key"),
        ("{gate: grant, is: voted}", "{gate: grnt, is: voted}", "grnt", "definition.unknown_transition"),
        ("{gate: grant, is: voted}", "{gate: grant, is: open}", "is: open", "definition.unknown_choice"),
        ("{gate: grant, is: voted}", "{gate: grant}", "{gate: grant}", "definition.missing_key"),
        ("{caused_by: merge, region: main, in: [approved]}", "{caused_by: merge}", "merge}", "definition.missing_key"),
        ("supervise: [chief]", "supervise: [cheif]", "may:", "definition.unknown_role"),
        (EFFECT, "zone.fire:x", "zone.fire:x", "definition.no_effect"),
        (EFFECT, "{on: root}", "- {on: root}", "definition.no_effect"),
        (EFFECT, "{later: x, on: root}", "later: x", "definition.unknown_key"),
        (EFFECT, "{fire: [x]}", "{fire: [x]}", "definition.missing_key"),
        (EFFECT, "{on: root, fire: []}", "fire: []", "definition.expected"),
        (EFFECT, "{on: root, fire: [X]}", "fire: [X]", "definition.bad_name"),
        (EFFECT, "{on: root, fire: [x], params: {X: key}}", "X: key", "definition.bad_name"),
        (EFFECT, "{on: root, fire: [x], amend: {a: key}}", "amend: {a: key}", "definition.unknown_key"),
        (EFFECT, "{on: root, amend: {}}", "amend: {}", "definition.expected"),
        (EFFECT, "{on: zone, amend: {a: key}}", "on: zone", "definition.no_value"),
        (EFFECT, "{on: {state: x}, amend: {a: key}}", "state: x", "definition.no_value"),
        (EFFECT, "{on: {attribute: othr}, amend: {a: key}}", "othr", "definition.unknown_attribute"),
        (EFFECT, "{on: root, amend: {a: {parameter: sise}}}", "sise", "definition.unknown_parameter"),
        (EFFECT, "{on: root, amend: {a: {is: 3}}}", "is: 3", "definition.expected"),
        (EFFECT, "{on: root, amend: {a: {is: x, parameter: size}}}", "is: x", "definition.unknown_key"),
    ],
)
def test_what_is_wrong_is_reported_where_it_stands(old: str, new: str, place: str, code: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = problems(text)
    assert (line_of(place, text), code) in found
    assert all(line == line_of(place, text) for line, _ in found), found


def test_everything_wrong_with_a_gate_is_reported_at_once() -> None:
    text = (
        GOOD.replace(SIGNER, "land: {role: lnd}")
        .replace("order: sequential", "order: first")
        .replace("not_by: [file]", "not_by: [fill]")
        .replace("{later:", "{latter:")
    )
    lines = [text.splitlines()[line - 1].split(":")[0].strip() for line, _ in problems(text)]
    assert lines == ["land", "order", "not_by", "- {latter"]


@pytest.mark.parametrize("key", ["signers", "quorum"])
def test_signers_and_quorum_must_be_there(key: str) -> None:
    text = GOOD.replace(f"      {key}:", f"      {key}x:")
    found = problems(text)
    assert sorted(found) == [
        (line_of("    gate:"), "definition.missing_key"),
        (line_of(f"{key}x:", text), "definition.unknown_key"),
    ]


def test_a_signer_has_its_own_label_or_that_of_its_role() -> None:
    definition = document.load(GOOD)
    gate = definition.transitions[2].gate
    assert gate is not None
    shown = [
        (signer_label(definition, "grant", s, "zh"), signer_label(definition, "grant", s, "en")) for s in gate.signers
    ]
    assert shown == [("土地", "land office"), ("主任", "heads"), ("局", "bureau"), ("主席", "chair"), ("专家", "panel")]
    bare = canonical.from_documents(canonical.rules_document(definition), None)
    assert [signer_label(bare, "grant", s, "en") for s in gate.signers] == ["land", "chief", "bureau", "chair", "panel"]


def test_labels_of_signers_change_no_rule() -> None:
    one, two = document.load(GOOD), document.load(GOOD.replace("en: heads", "en: the heads"))
    assert canonical.rules_document(one) == canonical.rules_document(two)
    assert canonical.labels_document(one) != canonical.labels_document(two)


def without_gate(more: str = "") -> str:
    text = GOOD[: GOOD.index("    gate:\n")] + more
    for old, new in (
        ("{gate: grant, is: voted}", "{attribute: area, less: '9'}"),
        ("{caused_by: merge, region: main, in: [approved]}", "{unsupported: clock}"),
        ("root: zone\n", ""),
        (", supervise: [chief]", ""),
    ):
        text = text.replace(old, new)
    return canonical.rules_document(document.load(text))


def test_rules_that_were_on_record_before_there_were_gates_keep_their_digests() -> None:
    plain, later = without_gate(), without_gate("    effects: [{later: 'zone.fire:revoke_zone'}]\n")
    assert canonical.digest(plain).hex() == "42b2921d45e7865a4914f275040f84886e8c4b679b6b0c4c4e7f4a5801631607"
    assert '"effects":["zone.fire:revoke_zone"]' in later
    assert canonical.digest(later).hex() == "ed8fac14afc3c90aec8de4fe713c29e2a2d6e0984097b78f2ff738ceecc794ac"
    assert canonical.from_documents(later, None).transitions[2].effects == (m.LaterEffect("zone.fire:revoke_zone"),)


def test_effects_in_words() -> None:
    assert [effect_text(effect) for effect in grant().effects] == [
        "root: fire open_zone, survey (size = parameter size, case = key) where allowed",
        "attribute other: amend level = national, root = root, name = attribute other",
        "zone-1: amend name = parameter size",
        "province.freeze=2y",
    ]


def test_a_diagram_marks_the_moves_that_need_votes() -> None:
    assert "main__review --> main__granted: grant ⚖ 3 approvals" in mermaid(document.load(GOOD), "en")
    text = mermaid(zones.shipped()["zone_lifecycle"], "zh")
    assert "部门联审完成 ⚖ 会签" in text
    assert "专家评审通过(含原则通过) ⚖ 5 人中 3 人" in text
    assert text.count("⚖") == 2
