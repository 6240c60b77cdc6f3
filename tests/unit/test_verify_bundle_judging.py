"""The independent verifier beside the library: effects, corrections and erasures, honest ones and others."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import reading
from kfq_workflow.bundle import Scope, write_bundle
from tests import judged
from tests.beside import verify_bundled, verify_export
from tests.bundles import LOG, forged, members
from tests.mutants import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Work = Callable[[judged.Entry], object]


def alike(path: Path, data: bytes) -> Said:
    """Return what both say of a file, in which they agree."""
    path.write_bytes(data)
    return Said.of(verify_export(path).as_json())


def kinds(said: Said) -> set[str]:
    return {f"{layer}.{kind}" if severity == "error" else f"({kind})" for layer, kind, severity, _, _ in said.findings}


def named(expected: str) -> set[str]:
    return {kind if kind.startswith("(") else f"replay.{kind}" for kind in expected.split()}


def says(*place: Any, value: Any) -> Work:
    """Return what puts a value at a place of the body, or with an ellipsis takes away what is there."""
    return lambda entry: judged.put(entry["body"], place, value)


def by(actor: str) -> Work:
    return lambda entry: entry.update(actor=actor)


# Honest logs


@pytest.mark.parametrize("scene", judged.SCENES)
def test_honest_logs_are_honest_to_both(tmp_path: Path, scene: str) -> None:
    said = alike(tmp_path / "log.jsonl", judged.log(scene))
    assert (said.verdict, said.findings) == ("self-consistent", frozenset())


@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize("scene", judged.SCENES)
def test_what_a_bundle_of_one_instance_cannot_tell_both_say(tmp_path: Path, scene: str, *, texts: bool) -> None:
    engine = judged.made(scene, tmp_path)
    engine.seal()
    path, verdicts = tmp_path / "one.zip", set()
    with reading(engine.database) as source:
        for instance in engine.instances():
            write_bundle(source, path, Scope(instance.key), texts=texts, overwrite=True)
            report = verify_bundled(path)
            assert report.findings == ()
            verdicts.add(report.verdict)
    assert verdicts == {
        "expanded": {"incomplete"}, "merged": {"self-consistent", "incomplete"},
        "siblings": {"self-consistent", "incomplete"}, "valued": {"incomplete"},
        "corrected": {"self-consistent"}, "redated": {"self-consistent"},
    }[scene]  # fmt: skip
    engine.database.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("scene", judged.SCENES)
def test_of_a_bundle_of_one_instance_with_something_changed_both_say_the_same(tmp_path: Path, scene: str) -> None:
    engine, rng = judged.made(scene, tmp_path), random.Random(5)
    engine.seal()
    path = tmp_path / "one.zip"
    with reading(engine.database) as source:
        for instance in engine.instances():
            write_bundle(source, path, Scope(instance.key), overwrite=True)
            rows = [json.loads(line) for line in members(path)[LOG].splitlines() if line.startswith(b'{"actor":')]
            for _ in range(12):
                entry = rng.choice([row for row in rows if row["instance"] == instance.key])
                place, value = rng.choice(list(judged.inside(entry["body"]))), rng.choice(VALUES)
                key, seq, work = instance.key, entry["seq"], says(*place, value=value)
                verify_bundled(forged(path, lambda lines, of=(key, seq, work): judged.rechained(lines, *of)))
    engine.database.dispose()


# Effects

EFFECTS: dict[str, tuple[str, str, int, Work, str]] = {
    "an effect that is not said": ("expanded", "zone/1", 2, lambda entry: entry["body"]["effects"].pop(0),
        "effects_differs effect_twice effect_unknown"),
    "no effects": ("expanded", "zone/1", 2, says("effects", value=...), "effects_differs effect_twice effect_unknown"),
    "another attribute": ("expanded", "zone/1", 2, says("effects", 0, "amend", 0, value="name"), "effects_differs"),
    "another instance": ("expanded", "zone/1", 2, says("effects", 0, "on", value="zone/2"),
        "effects_differs effect_missing effect_twice effect_unknown"),
    "a name that is not changed": ("expanded", "zone/1", 2, says("effects", 0, "renamed", value=True),
        "effects_differs"),
    "a trigger that is not planned": ("expanded", "zone/1", 2, says("effects", 1, "fire", 0, value="revoke_zone"),
        "effects_differs effect_missing effect_twice effect_unknown"),
    "skipped, and there": ("expanded", "zone/1", 2, says("effects", 1, value={
        "fire": ["revise_master_plan"], "on": "zone", "skipped": ["redo_planning_eia", "resurvey_boundary"]}),
        "effect_twice effect_unknown"),
    "ran, and not there": ("expanded", "zone/1", 2, says("effects", 1, value={
        "fire": ["revise_master_plan", "redo_planning_eia", "resurvey_boundary"], "on": "zone"}), "effect_missing"),
    "skipped where it may not be": ("merged", "zone/merge", 2, says("effects", 0, value={
        "fire": [], "on": "small", "skipped": ["merge_into"]}), "effect_skipped effect_twice effect_unknown"),
    "effects of a past decision": ("expanded", "zone/2", 2, says("effects", value=[
        {"amend": ["area_km2"], "on": "zone"}]), "effects_differs"),
    "no cause": ("merged", "small", 2, says("cause", value=...), "not_allowed effect_missing"),
    "another cause": ("merged", "small", 2, says("cause", "seq", value=1),
        "effect_unknown effect_twice effect_missing seen_differs"),
    "a cause that is not there": ("merged", "small", 2, says("cause", "seq", value=9),
        "seen_missing not_allowed effect_missing"),
    "another cause's leaf": ("merged", "small", 2, says("cause", "leaf", value="00" * 32), "seen_leaf"),
    "an effect that is none": ("expanded", "zone", 3, says("trigger", value="resurvey_boundary"), "not_allowed"),
    "an amendment of nothing declared": ("expanded", "zone", 2, says("attrs", value={"colour": "red"}), "attributes"),
    "an amendment of something else": ("expanded", "zone", 2, says("attrs", value={"level": "national"}),
        "effect_unknown"),
    "an amendment of more": ("expanded", "zone", 2, says("attrs", "level", value="national"), "effect_unknown"),
    "an amendment that renames": ("expanded", "zone", 2, says("texts", value={"name": "0" * 64}), "effect_unknown"),
    "another value amended": ("expanded", "zone", 2, says("attrs", "area_km2", value="99"), "effect_values"),
    "another parameter": ("merged", "small", 2, says("params", "successor_zone", value="third"), "effect_values"),
    "no parameter": ("merged", "small", 2, says("params", value=...), "effect_values"),
    "a parameter that the case's act had not": ("expanded", "zone/1", 2, says("params", "total_area_km2", value="13"),
        "effect_values"),
    "a value of a vote": ("valued", "p", 6, says("attrs", "count", value=8), "effect_values"),
    "a value of another type": ("valued", "p", 2, says("attrs", "count", value="7"), "effect_values"),
    "a boolean that is a number": ("valued", "p", 2, says("attrs", "open", value=1), "effect_values"),
    "a personal value that is not given": ("valued", "p", 3, says("texts", value=...), "effect_values"),
    "a cause that is malformed": ("merged", "small", 2, says("cause", value=7), "malformed effect_missing"),
    "effects that are malformed": ("merged", "zone/merge", 2, says("effects", value=[{"fire": ["merge_into"]}]),
        "malformed"),
    "what was read is not cited": ("siblings", "zone/1", 2, says("seen", value=...), "not_allowed"),
    "a sibling that is not cited": ("siblings", "zone/1", 2, lambda entry: entry["body"]["seen"].pop(1), ""),
    "cited without being read": ("expanded", "zone/1", 2, says("seen", value=[
        {"instance": "zone", "leaf": "00" * 32, "seq": 1}]), "seen_differs"),
    "cited at another entry": ("merged", "third", 2, says("seen", 0, "seq", value=1), "not_allowed"),
    "cited with another leaf": ("merged", "third", 2, says("seen", 0, "leaf", value="00" * 32), "seen_leaf"),
    "cited from the future": ("merged", "third", 2, says("seen", 0, "seq", value=99), "seen_missing not_allowed"),
    "a root that comes later": ("siblings", "zone/1", 1, says("root", value="zone/2"), "root_missing"),
    "a root that is a case": ("siblings", "zone/2", 1, says("root", value="zone/1"), "root_differs"),
    "no root": ("siblings", "zone/1", 1, says("root", value=...), "root_missing"),
    "a root that is not there": ("siblings", "zone/1", 1, says("root", value="nowhere"), "root_missing"),
    "a state that is no word": ("siblings", "zone", 1, says("set", "main", value=["x"]), "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_that_were_tampered_with(tmp_path: Path, name: str) -> None:
    scene, key, seq, work, expected = EFFECTS[name]
    data = judged.changed(judged.log(scene), key, seq, work, cite="leaf" not in name)
    said = alike(tmp_path / "log.jsonl", data)
    assert named(expected) <= kinds(said), kinds(said)
    assert said.verdict == ("tampered" if kinds(said) else "self-consistent")


# Corrections and erasures. In the scene 5 proposes that 2 be corrected and 6 does it, 7 and 8 strike 4, 9 and 10
# correct 6, 11 and 12 correct 1, 13 and 14 say in the place of 8 when 4 was, 16 declines 15, 17 is late and 19 corrects
# it, 21 and 22 erase, 26 does what 23 proposes about 3, so that 24 has lapsed, 29 declines 28. On ~actor/clerk 3 and 4
# erase.

LATE = {"edtf": "2020-04-02", "hi": "2020-04-02", "lo": "2020-04-02"}


def both(*works: Work) -> Work:
    return lambda entry: [work(entry) for work in works]


CORRECTIONS: dict[str, tuple[str, int, Work, str]] = {
    "confirmed by who proposed": ("p", 6, by("rec"), "second_person actor_role"),
    "confirmed by somebody without the role": ("p", 6, by("app"), "actor_role"),
    "confirmed by nobody known": ("p", 6, by("nobody"), "(actor_unknown)"),
    "proposed by somebody without the role": ("p", 5, by("app"), "actor_role proposal_differs"),
    "a proposal that is none": ("p", 6, says("proposal", "seq", value=3), "proposal_missing"),
    "a proposal that comes later": ("p", 6, says("proposal", "seq", value=7), "proposal_missing"),
    "another proposal's leaf": ("p", 6, says("proposal", "leaf", value="00" * 32), "proposal_differs"),
    "another who proposed": ("p", 6, says("proposal", "by", value="both"), "proposal_differs"),
    "a proposal that was settled": ("p", 8, says("proposal", "seq", value=5), "proposal_settled corrects_differs"),
    "a proposal that lapsed": ("p", 29, says("proposal", "seq", value=24), "proposal_settled"),
    "no policy": ("p", 6, says("policy", value=...), "policy"),
    "another policy's leaf": ("p", 6, says("policy", "leaf", value="00" * 32), "policy"),
    "another entry as policy": ("p", 5, says("policy", "seq", value=1), "policy"),
    "another act proposed": ("p", 5, says("act", value="redact"), "act_differs malformed"),
    "an act of which there is no rule": ("p", 5, says("act", value="undo"), "policy act_differs"),
    "another entry corrected than proposed": ("p", 6, says("corrects", value=3), "corrects_differs correction"),
    "another correction than proposed": ("p", 6, says("instead", value={"struck": True}), "instead_differs"),
    "another document than proposed": ("p", 6, says("number", value="10"), "number_differs"),
    "an entry that is not there": ("p", 5, says("corrects", value=99), "correction corrects_differs"),
    "another entry's leaf": ("p", 5, says("of", value="00" * 32), "correction"),
    "the first entry struck": ("p", 5, both(says("corrects", value=1), says("instead", value={"struck": True})),
        "correction"),
    "what was struck corrected": ("p", 13, says("corrects", value=4), "correction corrects_differs"),
    "a part that is not there": ("p", 6, says("instead", "basis", value="stated"), "correction instead_differs"),
    "attributes that are not there": ("p", 11, says("instead", "attrs", "colour", value="red"), "correction"),
    "papers of another type": ("p", 6, says("instead", "papers", 0, "type", value="notice"), "correction"),
    "fewer papers": ("p", 6, says("instead", "papers", value=[]), "correction"),
    "words that are not there": ("p", 11, says("instead", "texts", value=["attribute.area"]), "correction"),
    "words that may not be corrected": ("p", 11, says("instead", "texts", value=["name"]), "correction"),
    "a day that breaks what comes after": ("p", 6, says("instead", "on", value=LATE),
        "correction_breaks instead_differs"),
    "an act that others need struck": ("p", 8, says("corrects", value=3), "correction_breaks corrects_differs"),
    "another state than it leads to": ("p", 8, says("set", "main", value="draft"), "set_differs"),
    "another state before": ("p", 8, says("was", "main", value="draft"), "was_differs"),
    "parts that it does not lead to": ("p", 6, says("becomes", "regions", value={"main": "draft"}), "becomes_differs"),
    "a part left out": ("p", 6, says("becomes", "out", value=...), "becomes_differs"),
    "a part that no correction changes": ("p", 6, says("becomes", "gates", value={}), "malformed"),
    "a part of another form": ("p", 6, says("becomes", "visited", "main", "review", 1, value=7), "malformed"),
    "no parts": ("p", 6, says("becomes", value=...), "malformed"),
    "it corrects itself": ("p", 6, says("corrects", value=6), "corrects_differs correction"),
    "it corrects a later one": ("p", 6, says("corrects", value=8), "corrects_differs correction"),
    "a correction of an actor": ("~actor/clerk", 3, both(
        lambda entry: entry.update(kind="rectified"), says("becomes", value={})), "kind_place"),
    "a correction of an actor that says nothing": ("~actor/clerk", 3, lambda entry: entry.update(kind="rectified"),
        "malformed"),
    "a proposal that sets a state": ("p", 5, says("set", value={"main": "draft"}), "set_differs"),
    "a decline of nothing": ("p", 16, says("proposal", "seq", value=14), "proposal_missing"),
    "declined by somebody without the role": ("p", 16, by("app"), "actor_role"),
    "declined by who proposed": ("p", 16, by("rec"), ""),
    "erased by who proposed": ("p", 22, by("rec"), "second_person actor_role"),
    "other texts than proposed": ("p", 22, says("erases", 0, "field", value="attribute.owner"), "erases_differs"),
    "texts that never were": ("p", 21, says("erases", 0, "field", value="never"), "erased_unknown erases_differs"),
    "texts of an entry that is not there": ("p", 22, says("erases", 0, "seq", value=99),
        "erased_unknown erases_differs"),
    "erased by nothing": ("p", 22, lambda entry: entry.update(kind="annotated"), ""),
    "an actor's name, by who proposed": ("~actor/clerk", 4, by("rec"), "second_person actor_role"),
    "an actor's name that never was": ("~actor/clerk", 4, says("erases", 0, "field", value="post"), "erased_unknown"),
    "one role for both": ("~log", 2, says("rectify", "confirm", value=["records"]), "malformed"),
    "nobody who confirms": ("~log", 2, says("rectify", "confirm", value=[]), "malformed actor_role"),
    "apart or not": ("~log", 2, says("apart", value=False), "malformed"),
    "apart": ("~log", 2, says("apart", value=True), "second_person"),
    "a policy by anybody": ("~log", 2, by("app"), "actor_role"),
    "a day after that of the entry": ("p", 17, says("on", value={
        "edtf": "2999", "hi": "2999-12-31", "lo": "2999-01-01"}), "date_differs"),
}  # fmt: skip


@pytest.mark.parametrize("name", CORRECTIONS)
def test_corrections_that_were_tampered_with(tmp_path: Path, name: str) -> None:
    key, seq, work, expected = CORRECTIONS[name]
    data = judged.changed(judged.log("corrected"), key, seq, work, cite="leaf" not in name)
    said = alike(tmp_path / "log.jsonl", data)
    assert named(expected) <= kinds(said), kinds(said)


def test_what_an_entry_erased_must_be_gone_and_all_else_there(tmp_path: Path) -> None:
    """A text that is put back, and one that goes without an entry, are found by both."""
    lines = judged.log("corrected").splitlines(keepends=True)
    place = next(
        number for number, line in enumerate(lines) if line.startswith(b'{"text":') and b'"instance":"p","' in line
    )
    about = {"field": "name", "instance": "p", "salt": "00" * 16, "seq": 1, "value": "某人"}
    line = json.dumps({"text": about}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    before = place + (b'"field":"attribute.owner"' in lines[place])
    there = alike(tmp_path / "log.jsonl", b"".join([*lines[:before], line, *lines[before:]]))
    assert kinds(there) == {"text.present", "text.differs"}
    gone = alike(tmp_path / "log.jsonl", b"".join(lines[:place] + lines[place + 1 :]))
    assert kinds(gone) == {"text.missing"}


# Anything


VALUES: tuple[Any, ...] = (
    None, True, 0, 1, 7, -1, "", "x", "main", "granted", "2020-01-01", "zone", "small", [], {}, {"struck": True},
    [{"field": "name", "seq": 1}], {"main": None}, ...,
)  # fmt: skip
KINDS = frozenset({"proposed", "rectified", "redacted", "declined", "ruled"})


def mutant(scene: str, rng: random.Random) -> bytes:
    """Return a scene in which something of an entry about corrections or effects, or any other, is anything else."""
    data = judged.log(scene)
    entries = [entry for entry in judged.entries(data) if not entry["instance"].startswith(("~definition", "~log"))]
    wanted = [one for one in entries if one["kind"] in KINDS or {"cause", "effects", "seen"} & one["body"].keys()]
    entry = rng.choice(wanted if rng.random() < 0.8 else entries)
    place = rng.choice(list(judged.inside(entry["body"])))
    return judged.changed(data, entry["instance"], entry["seq"], says(*place, value=rng.choice(VALUES)))


@pytest.mark.slow
def test_both_say_the_same_of_whatever_is_changed(tmp_path: Path) -> None:
    rng, path = random.Random(11), tmp_path / "log.jsonl"
    for _ in range(300):
        alike(path, mutant(rng.choice(list(judged.SCENES)), rng))
