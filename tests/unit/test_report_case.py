"""What a report says of single entries, of cases and of odd logs, from rows made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.definition import model as m
from kfq_workflow.definition.canonical import digest, labels_document, rules_document
from kfq_workflow.entry import Row, encode_json
from kfq_workflow.errors import NotFound
from kfq_workflow.log import LogHead
from kfq_workflow.report.board import Board
from kfq_workflow.report.material import Library, read_case, read_cases
from kfq_workflow.report.pages import instance
from kfq_workflow.report.speech import Speech
from kfq_workflow.report.verdict import verification
from kfq_workflow.stored.source import Document, TextRow
from kfq_workflow.verify.report import Book, Counts, Report
from tests.gated import definition as gated
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.report.model import InstancePage, Item

RULES = gated()
DAY = {"edtf": "2026-01-02", "lo": "2026-01-02", "hi": "2026-01-02"}


class Log:
    """A log made of bodies: instance → its entries as (kind, body), texts as {(instance, number): {field: words}}."""

    def __init__(
        self,
        entries: dict[str, list[tuple[str, Any]]],
        texts: dict[tuple[str, int], dict[str, str]] | None = None,
        rules: Definition = RULES,
    ) -> None:
        self.rules = digest(rules_document(rules))
        self.labels = digest(labels_document(rules))
        told = {"rules": self.rules.hex(), "labels": self.labels.hex(), "name": rules.name, "version": 1}
        self.chains = {**entries, f"~definition/{rules.name}": [("defined", told)]}
        self.words = texts or {}
        self.kept = [
            Document(self.rules, "rules", rules_document(rules)),
            Document(self.labels, "labels", labels_document(rules)),
        ]  # fmt: skip

    def log(self) -> LogHead:
        return LogHead("0" * 32, "s1", bytes(32), 480, "-")

    def documents(self) -> Iterator[Document]:
        yield from self.kept

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        for key in sorted(self.chains):
            if instance in (None, key):
                for seq, (kind, body) in enumerate(self.chains[key], 1):
                    said = body if isinstance(body, str) else encode_json(body)
                    yield Row(
                        key, seq, kind, 1_767_312_000_000_000, "c1", "t", None, self.rules, 1, b"", bytes(32), said
                    )

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        for (key, seq), fields in sorted(self.words.items()):
            if instance in (None, key):
                for field, value in sorted(fields.items()):
                    yield TextRow(key, seq, field, bytes(16), value)


def begun(**more: Any) -> tuple[str, dict[str, Any]]:
    return "started", {"set": {"main": "draft"}, "was": {}, "on": DAY, "workflow": "permit", **more}


def page(log: Any, key: str = "p", lang: str = "en") -> InstancePage:
    library = Library(log)
    speech = Speech(lang, 480, library.name)
    return instance(read_case(library, key), Book().report(), speech, today="2026-03-04", made=())


def last(kind: str, body: dict[str, Any], texts: dict[str, str] | None = None, lang: str = "en") -> Item:
    log = Log({"p": [begun(), (kind, body)]}, {("p", 2): texts or {}})
    return page(log, lang=lang).items[-1]


def said(item: Item) -> dict[str, str]:
    return {fact.label: fact.value for fact in (*item.facts, *item.more)}


def test_a_cause_and_what_it_brought_about_are_said() -> None:
    caused = last("fired", {"cause": {"instance": "case-1", "leaf": "0", "seq": 3}, "set": {"main": "review"}})
    assert said(caused)["How sure"] == "brought about by case-1, entry 3"
    effects = [{"on": "z", "fire": ["grant", "x"]}, {"on": "y", "amend": ["area"]}]
    causing = last("fired", {"effects": effects, "set": {"main": "review"}})
    found = [fact.value for fact in causing.more if fact.label == "Brought about"]
    assert found == ["on z: grant the permit, x", "on y: area"]


def test_a_region_that_ends_and_one_that_begins() -> None:
    item = last("fired", {"set": {"main": "granted", "survey": None}, "was": {"main": "draft", "survey": "done"}})
    values = [fact.value for fact in item.facts if fact.label in ("Changes", "")]
    assert values == ["main line: draft → granted", "survey: done → (not active)"]


def test_papers_say_their_days_and_digest() -> None:
    paper = {"type": "notice", "filed": True, "number": "7", "sha256": "ab" * 32, "dates": {"signed": "2020-05"}}
    (found,) = last("fired", {"papers": [paper], "set": {"main": "review"}}).papers
    assert (found.name, found.number, found.filed) == ("notice", "7", True)
    assert found.more == ("signed May 2020", f"SHA-256 {'ab' * 32}")


def test_texts_that_are_gone_and_personal_ones() -> None:
    item = last(
        "amended", {"texts": {"opinion": "0" * 64, "attribute.owner": "1" * 64}}, {"attribute.owner": "王五"}
    )  # fmt: skip
    assert [quote.text for quote in item.quotes] == ["(the words are no longer there, only their digest)"]
    assert said(item)["owner"] == "王五"


def test_refusals_that_nobody_knows_are_their_code() -> None:
    item = last("refused", {"trigger": "grant", "refusals": [{"code": "invented"}, {"code": "role_missing"}]})
    assert item.reasons == ("invented", "role_missing")
    assert item.style == "refused"


def test_parameters_attributes_and_unknown_kinds() -> None:
    item = last(
        "invented", {"params": {"months": 3}, "attrs": {"area": "2"}, "number": "5", "place": "before"}, lang="zh"
    )
    assert item.title == "invented"
    assert said(item)["months"] == "3"
    assert said(item)["位置"] == "在本人之前"
    assert said(item)["依据文号"] == "5"


def test_where_something_went() -> None:
    gate = {"round": 1, "state": "open", "by": "app", "opened": 2, "tally": {}, "tasks": {}}
    tally = {"approve": 0, "reject": 0, "abstain": 0, "open": 1, "of": 1, "need": 1}
    opened = last("opened", {"trigger": "grant", "direct": True, "gates": {"grant": {**gate, "tally": tally}}})
    assert said(opened)["To"] == "straight back to whoever returned it"
    log = Log({"p": [
        begun(),
        ("opened", {"trigger": "grant", "gates": {"grant": {**gate, "tally": tally, "due": "2026-05-01"}}}),
        ("returned", {"trigger": "grant", "to": "draft", "gates": {"grant": {
            "state": "returned", "closed": 3, "returned": {"by": "1", "to": "draft"}}}}),
    ]})  # fmt: skip
    made = page(log)
    assert said(made.items[-1])["To"] == "draft"
    facts = {fact.label: fact.value for fact in made.rounds[0].facts}
    assert facts["Due"] == "1 May 2026"
    assert facts["Returned to"] == "draft"


def test_signers_by_weight_and_organisation() -> None:
    tally = {"approve": 0, "reject": 0, "abstain": 0, "open": 2, "of": 2, "need": 1}
    task = {"seat": "s", "step": 1, "state": "open", "since": 2}
    tasks = {"1": {**task, "kind": "org", "of": "land office", "weight": 3}, "2": {**task, "kind": "actor", "of": "c1"}}
    gate = {"round": 1, "state": "open", "by": "app", "opened": 2, "tally": tally, "tasks": tasks}
    log = Log({"p": [begun(), ("opened", {"trigger": "grant", "gates": {"grant": gate, "nowhere": gate}})]})
    (found,) = page(log).rounds
    assert [signature.asked for signature in found.signatures] == ["land office (weight 3)", "c1"]
    assert page(log).waits[0].heading.startswith("grant the permit (grant) is under approval")


def test_dates_that_contradict_each_other_are_said() -> None:
    early = {"edtf": "2025-01-02", "lo": "2025-01-02", "hi": "2025-01-02"}
    log = Log({"p": [begun(), ("fired", {"set": {"main": "review"}, "was": {"main": "draft"}, "on": early})]})
    assert page(log).path.note.startswith("The dates on record contradict the order of the entries (")


def test_days_that_the_order_narrows_are_said() -> None:
    log = Log({"p": [
        begun(),
        ("fired", {"trigger": "submit", "set": {"main": "review"}, "was": {"main": "draft"}, "mode": "late"}),
    ]})  # fmt: skip
    step = page(log).path.steps[-1]
    assert (step.entered, step.bounds) == ("day unknown", "can be told: 2026-01-02 or later")
    assert step.stay == "at most 61 days (up to 2026-03-04)"
    before = Log({"p": [
        ("adopted", {"set": {"main": "draft"}, "mode": "late", "workflow": "permit"}),
        ("fired", {"set": {"main": "review"}, "was": {"main": "draft"}, "on": DAY}),
    ]})  # fmt: skip
    assert page(before).path.steps[0].bounds == "can be told: 2026-01-02 or earlier"


def test_a_closed_case_does_not_stay_on() -> None:
    log = Log({"p": [begun(root="z"), ("fired", {"set": {"main": "refused"}, "was": {"main": "draft"}, "on": DAY})]})
    found = page(log)
    assert found.path.steps[-1].stay == ""
    assert [mark.kind for mark in found.marks] == ["closed"]
    assert ("Belongs to", "z") in [(fact.label, fact.value) for fact in found.facts]


def test_nothing_on_record_of_the_main_line() -> None:
    log = Log({"p": [("annotated", {"workflow": "permit"})]})
    assert page(log).path.note == "No state of the main line is on record."
    assert page(log).title == "(no name on record)"


@pytest.mark.parametrize("spoil", ["missing", "no JSON", "other"])
def test_without_its_definition_a_case_is_told_by_codes(spoil: str) -> None:
    log = Log({"p": [begun(), ("fired", {"set": {"main": "review"}, "was": {"main": "draft"}, "on": DAY})]})
    log.kept = [] if spoil == "missing" else [Document(log.rules, "rules", "{" if spoil == "no JSON" else "{}")]
    found = page(log)
    assert [step.state for step in found.path.steps] == ["draft", "review"]
    assert "the definition" in found.path.note
    assert found.path.drawings == ()


def test_a_case_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        read_case(Library(Log({})), "p")  # type: ignore[arg-type]


def test_cases_come_one_by_one_with_their_own_texts() -> None:
    names = {(key.lower(), 1): {"name": key} for key in ("A", "C", "X")}
    log: Any = Log({key: [begun()] for key in ("a", "b", "c")}, names)
    assert [(case.key, case.name) for case in read_cases(Library(log))] == [("a", "A"), ("b", ""), ("c", "C")]


def test_workflows_without_phases_stand_by_themselves() -> None:
    regions = {"main": m.Region("main", "draft", {"draft": m.State("draft")})}
    plain = permit(
        phases=(), open_phases=frozenset(), regions=regions, transitions=(), attributes={}, guards={}, labels={}
    )  # fmt: skip
    log: Any = Log({"p": [begun()]}, rules=plain)
    board = Board(Speech("en", 480, lambda _: ""))
    for case in read_cases(Library(log)):
        board.add(case)
    made = board.page(Book().report(), ())
    assert [row.key for row in made.others] == ["p"]
    assert made.summary == "There is nothing with phases yet."


def test_a_verdict_says_what_it_could_not_check() -> None:
    book = Book()
    book.not_checked("version 9", needed=True)
    book.not_checked("triggers")
    book.warning("replay", "clock", "p", 2)
    found = verification(book.report(), Speech("en", 480, lambda _: ""))
    assert found.verdict == "INCOMPLETE"
    assert "version 9" in {fact.label: fact.value for fact in found.facts}["Not checked"]
    assert found.findings[0].place == "p · entry 2"
    many = Report("tampered", 1, 1, (), (), Counts(), left_out=5)
    assert verification(many, Speech("zh", 480, lambda _: "")).more == "另有 5 处未列出。"
