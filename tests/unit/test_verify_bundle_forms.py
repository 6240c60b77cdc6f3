"""Differences between the library and the independent verifier that mutants have shown, each by its name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, open_database, reading, schema
from kfq_workflow.definition.canonical import rules_document
from kfq_workflow.entry import document_digest
from kfq_workflow.export import write_export
from tests.beside import verify_export
from tests.everything import Everything, definitions, everything
from tests.mutants import auditor_of, by_file, by_library, hashed_anew
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Entry = dict[str, Any]
    Edit = Callable[[Entry], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    return everything(tmp_path_factory.mktemp("log"))


def says(name: str, value: Any = ...) -> Edit:
    """Let the body of an entry say something else; nothing at all where no value is given."""
    return lambda entry: entry["body"].pop(name) if value is ... else entry["body"].update({name: value})


def is_(name: str, value: Any) -> Edit:
    """Let a column of an entry say something else."""
    return lambda entry: entry.update({name: value})


def inside(name: str, **values: Any) -> Edit:
    """Let a part of the body say something else."""
    return lambda entry: entry["body"][name].update(values)


def lost(**values: Any) -> Edit:
    """Let a recovery name another checkpoint."""
    return lambda entry: entry["body"]["lost"][0].update(values)


def rules_of(entry: Entry) -> None:
    """Let a calendar be the rules of the permit."""
    entry["body"]["calendar"] = document_digest(rules_document(definitions()[0]).encode()).hex()


#: Which entry, by its instance or how that begins, what is done to it, and a finding that both then have.
CASES: dict[str, tuple[str, int, Edit, str]] = {
    "days that are no words": ("p", 3, says("on", 7), "bytes.not_canonical p 3"),
    "texts that are no words": ("p", 15, says("texts", []), "bytes.not_canonical p 15"),
    "an actor who cannot be read": ("~actor/app", 1, says("texts", {"name": None}), "replay.actor_unknown p 1"),
    "a root that cannot be read": ("p", 1, says("on", "x"), "replay.root_missing p/case 1"),
    "a paper without a type": ("p", 2, lambda entry: entry["body"]["papers"][0].pop("type"), "replay.malformed p 2"),
    "a basis that is no word": ("r", 1, says("basis", {}), "replay.malformed r 1"),
    "a state that is a number": ("p", 3, says("set", {"survey": 3}), "replay.malformed p 3"),
    "who did it is a word": ("p", 3, says("did", ""), "replay.malformed p 3"),
    "true for one": ("~definition/case", 1, says("version", value=True), "replay.version_differs ~definition/case 1"),
    "a digest with a space": (
        "~definition/case", 1, lambda entry: entry["body"].update(labels=entry["body"]["labels"][:30] + " " * 4
                                                                   + entry["body"]["labels"][30:]),
        "replay.malformed ~definition/case 1",
    ),
    "an entry of nothing is cited": ("p", 9, inside("cause", instance=None), "replay.malformed p 9"),
    "the entry true is cited": ("p", 8, lambda entry: entry["body"]["cause"].update(seq=True), "replay.malformed p 8"),
    "the last seal is of another version": ("~log", 7, is_("v", 3), "bytes.version ~log 7"),
    "a seal without heads": ("~log", 3, says("heads"), "tree.seal_size ~log 3"),
    "a proxy of an ordinary instance": ("p", 1, is_("kind", "granted"), "replay.kind_place p 1"),
    "a kind of numbers on an actor": ("~actor/reg", 1, is_("kind", "retired"), "replay.kind_place ~actor/reg 1"),
    "another version": ("~actor/c1", 1, is_("v", 11), "bytes.version ~actor/c1 1"),
    "a recovery whose words are numbers": ("~log", 5, says("texts", {"reason": 1}), "bytes.not_canonical ~log 5"),
    "a tally that says something else": (
        "p", 6, lambda entry: entry["body"]["gates"]["grant"].update(tally={"seq": 2}), "replay.gates_differs p 6",
    ),
    "a proxy that ends before": ("~actor/c2", 2, inside("grant", until="1999-01-01"), "replay.malformed ~actor/c2 2"),
    "a proxy by somebody else": ("~actor/c2", 2, is_("actor", "c1"), "replay.actor_role ~actor/c2 2"),
    "a calendar by anybody": ("~calendar", 1, is_("actor", "app"), "replay.actor_role ~calendar 1"),
    "a calendar without a document's number": ("~calendar", 1, says("number", ""), "replay.malformed ~calendar 1"),
    "a calendar that is rules": ("~calendar", 1, rules_of, "document.kind ~calendar 1"),
    "a number on another's chain": ("~number/", 1, says("number", "3号"), "replay.malformed"),
    "a number retired another day": ("~number/", 1, says("day", "2001-01-01"), "replay.malformed"),
    "a number retired by another document": ("~number/", 1, says("document", "x"), "replay.malformed"),
    "a number that nothing retired": ("~number/", 1, inside("cause", seq=1), "replay.retired_missing q 4"),
    "a number that is kept": ("q", 4, says("keep", ["2号"]), "replay.effects_differs q 4"),
    "people by anybody": ("~actor/reg", 1, is_("actor", "app"), "replay.actor_role ~actor/reg 1"),
    "people without roles": ("~actor/reg", 1, says("roles", "x"), "replay.malformed ~actor/reg 1"),
    "rules by a stranger": ("~definition/case", 1, is_("actor", "x"), "replay.actor_unknown ~definition/case 1"),
    "rules of another name": ("~definition/case", 1, says("name", "permit"), "replay.name_differs ~definition/case 1"),
    "rules that are labels": (
        "~definition/case", 1, lambda entry: entry["body"].update(rules=entry["body"]["labels"]),
        "document.kind ~definition/case 1",
    ),
    "a statement that is none": ("~log", 4, says("note", "x"), "replay.malformed ~log 4"),
    "a recovery by the library": ("~log", 5, is_("actor", "system"), "replay.actor_role ~log 5"),
    "a recovery by anybody": ("~log", 5, is_("actor", "app"), "replay.actor_role ~log 5"),
    "a first incarnation": ("~log", 5, says("incarnation", 1), "replay.malformed ~log 5"),
    "a third incarnation": ("~log", 5, says("incarnation", 3), "anchor.loss_unnamed - -"),
    "another tree was left": ("~log", 5, inside("kept", size=23), "tree.recovery_kept ~log 5"),
    "nothing was lost": ("~log", 5, lost(size=7), "tree.recovery_nothing ~log 5"),
    "another log was lost": ("~log", 5, lost(origin="kfq/" + "0" * 32), "tree.recovery_origin ~log 5"),
    "more was lost": ("~log", 5, lost(size=30), "tree.recovered ~log 5"),
    "a second genesis": ("~log", 2, is_("kind", "genesis"), "replay.kind_place ~log 2"),
    "a suite that is not known": ("~log", 1, says("suite", "s9"), ""),
    "an offset that is true": ("~log", 1, says("utc_offset", value=True), "no log"),
    "a number that is too large": ("p", 15, is_("at", 2**53), "bytes.line - -"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_both_say_the_same_of(tmp_path: Path, made: Everything, name: str) -> None:
    instance, seq, edit, expected = CASES[name]
    lines = made.log.splitlines()
    parsed = {number: json.loads(line) for number, line in enumerate(lines) if line.startswith(b'{"actor":')}
    edit(next(e for e in parsed.values() if e["instance"].startswith(instance) and e["seq"] == seq))
    path = tmp_path / "log.jsonl"
    path.write_bytes(hashed_anew(lines, parsed))
    library, file = by_library(path, auditor_of(made)), by_file(path, auditor_of(made))
    told = {f"{each[0]}.{each[1]} {each[3] or '-'} {each[4] or '-'}" for each in library.findings & file.findings}
    library, file = library.settled(file), file.settled(library)
    assert file == library, (library.findings - file.findings, file.findings - library.findings)
    if expected == "no log":
        assert library.verdict is None
    elif expected:
        assert any(each.startswith(expected) for each in told), told


@pytest.mark.parametrize("places", [(0, 1), (0, 0), (1, 1)], ids=["both", "first", "last"])
def test_a_seal_that_stands_twice(tmp_path: Path, made: Everything, places: tuple[int, int]) -> None:
    """It has no places of its own: `seal_size`, whichever of the two is the copy."""
    lines = made.log.splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if b'"kind":"sealed"' in line]
    path = tmp_path / "log.jsonl"
    for place in set(places):
        lines.insert(at[place], lines[at[place]])
    path.write_bytes(b"".join(lines))
    library, file = by_library(path), by_file(path)
    assert file == library, (library.findings - file.findings, file.findings - library.findings)
    assert "seal_size" in {each[1] for each in library.findings}


def test_a_year_that_is_not_over_ends_today(tmp_path: Path) -> None:
    """The last day of what is said is at most that of the entry: no false accusation."""
    database = open_database(f"sqlite:///{tmp_path / 'log.db'}")
    schema.init(database)
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    engine.enroll("applicant", by="system", roles=["applicant"])
    engine.start("permit", "p", by="applicant", name="许可", on=engine.today()[:4])
    with reading(database) as source:
        write_export(source, tmp_path / "log.jsonl")
    database.dispose()
    assert verify_export(tmp_path / "log.jsonl").findings == ()


def test_a_column_that_stands_twice_is_no_entry(tmp_path: Path, made: Everything) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        made.log.replace(b'},"def":null,"instance":"~actor/reg"', b'},"def":null,"def":null,"instance":"~actor/reg"', 1)
    )
    library, file = by_library(path), by_file(path)
    assert file == library, (library.findings - file.findings, file.findings - library.findings)
    assert ("bytes", "line", "error", None, None) in library.findings


def test_a_genesis_in_another_spelling_makes_no_log(tmp_path: Path, made: Everything) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(made.log.replace(b'"utc_offset":480', b'"utc_offset":\r80', 1))
    assert by_library(path).verdict is by_file(path).verdict is None


def test_a_proxy_that_cannot_be_read_is_none(tmp_path: Path, made: Everything) -> None:
    """So it has no leaf either that a vote by it could say wrongly."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(made.log.replace(b'"until":"2999', b'"until":"\\u00002999', 1))
    library, file = by_library(path), by_file(path)
    assert file == library, (library.findings - file.findings, file.findings - library.findings)
    assert ("replay", "not_allowed", "error", "p", 7) in library.findings
    assert "seen_leaf" not in {each[1] for each in library.findings}


def test_another_first_entry_of_the_log_before_its_own(tmp_path: Path, made: Everything) -> None:
    """One that says no suite begins no log, wherever it stands."""
    path = tmp_path / "log.jsonl"
    genesis = next(line for line in made.log.splitlines(keepends=True) if b'"kind":"genesis"' in line)
    first = made.log.index(b'{"actor":')
    path.write_bytes(made.log[:first] + genesis.replace(b'"suite":"s1",', b"") + made.log[first:])
    library, file = by_library(path), by_file(path)
    assert (library.verdict, file.verdict) == ("tampered", "tampered")
