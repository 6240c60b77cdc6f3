"""A bundle that was changed by whoever handed it over: what is found, where, and what only an anchor finds."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, reading
from kfq_workflow.audit import checkpoints, sealing
from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.bundle import Scope, verify_bundle, write_bundle
from kfq_workflow.bundle.container import pack
from kfq_workflow.entry import encode_json, leaf_hash
from kfq_workflow.errors import InvalidInput
from kfq_workflow.stored.seal_store import SealedRow, SealStore
from tests.beside import verify_bundled
from tests.bundles import LOG, MANIFEST, PROOFS, forged, members, packed, summed
from tests.tampering import build, change, places, rehash, rows, tampering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.verify import Report

pytestmark = [pytest.mark.tampers, pytest.mark.backends("sqlite")]

WHOLE, ONE, INTERVAL = Scope(), Scope("p"), Scope(recorded=True)
SCOPES = {"log": WHOLE, "instance": ONE, "recorded": INTERVAL}


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    engine = build(database)
    engine.seal()
    checkpoints.checkpoint(engine)
    engine.annotate("p", "其后", by="clerk")
    engine.seal()
    return engine


def bundle(engine: WorkflowEngine, path: Path, scope: Scope = ONE, **how: Any) -> Path:
    with reading(engine.database) as source:
        write_bundle(source, path, scope, overwrite=True, **how)
    return path


@pytest.fixture
def file(engine: WorkflowEngine, tmp_path: Path) -> Path:
    return bundle(engine, tmp_path / "p.zip")


def held(engine: WorkflowEngine) -> Anchor:
    return Anchor.parse("held", checkpoints.checkpoint(engine).text.encode())


def kinds(report: Report) -> set[tuple[str, str]]:
    return {(finding.layer, finding.kind) for finding in report.findings}


def named(report: Report, kind: str) -> list[Any]:
    return [finding.values["member"] for finding in report.findings if finding.kind == kind]


def find(lines: list[bytes], start: str, *parts: str) -> int:
    """The index of the line that begins so and has all the parts."""
    return next(
        number
        for number, line in enumerate(lines)
        if line.startswith(start.encode()) and all(part.encode() in line for part in parts)
    )


def drop(start: str, *parts: str) -> Callable[[list[bytes]], object]:
    return lambda lines: lines.pop(find(lines, start, *parts))


def say(start: str, *parts: str, **values: Any) -> Callable[[list[bytes]], object]:
    """Change what a line of one object says."""

    def work(lines: list[bytes]) -> None:
        number = find(lines, start, *parts)
        ((name, about),) = json.loads(lines[number]).items()
        lines[number] = encode_json({name: {**about, **values}}).encode() + b"\n"

    return work


ENTRY, TEXT, HEAD, PLACED = '{"actor":', '{"text":', '{"head":', '{"placed":'
HIDDEN, NEWEST = '{"hidden":', '{"newest":'
OF_P = '"instance":"p"'

# Members


@pytest.mark.parametrize("scope", SCOPES)
def test_each_member_changed_removed_or_added(engine: WorkflowEngine, tmp_path: Path, scope: str) -> None:
    path = bundle(engine, tmp_path / "b.zip", SCOPES[scope], anchors=[held(engine)])
    whole = members(path)
    assert len(whole) >= 4
    for name, data in whole.items():
        changed = verify_bundled(packed(tmp_path / "c.zip", {**whole, name: data + b" "}))
        assert changed.verdict == "tampered"
        if name != MANIFEST:
            assert named(changed, "member_differs") == [name]
        removed = verify_bundled(packed(tmp_path / "c.zip", {key: each for key, each in whole.items() if key != name}))
        assert (removed.verdict, named(removed, "member_missing")) == ("tampered", [name])
        unlisted = json.loads(whole[MANIFEST])
        if name != MANIFEST:
            del unlisted["members"][name]
            report = verify_bundled(
                packed(tmp_path / "c.zip", {**whole, MANIFEST: encode_json(unlisted).encode() + b"\n"})
            )
            assert named(report, "member_extra") == [name]
    assert verify_bundled(packed(tmp_path / "c.zip", whole)).findings == ()


def test_a_member_of_a_strange_name_is_never_opened(file: Path, tmp_path: Path) -> None:
    whole = members(file)
    for name in (
        "../../evil",
        "/etc/passwd",
        "a\\b",
        "anchors/000.checkpoint",
        "anchors/1.checkpoint",
        "x",
        "log.jsonl/",
    ):
        report = verify_bundled(packed(tmp_path / "c.zip", {**whole, name: b"x"}))
        assert (report.verdict, kinds(report), named(report, "member_name")) == (
            "tampered", {("bundle", "member_name")}, [name],
        )  # fmt: skip
        about = json.loads(whole[MANIFEST])
        about["members"][name] = {"sha256": "00" * 32, "size": 1}
        report = verify_bundled(packed(tmp_path / "c.zip", {**whole, MANIFEST: encode_json(about).encode() + b"\n"}))
        assert kinds(report) == {("bundle", "manifest")}
    assert not (tmp_path.parent / "evil").exists()


def test_a_member_twice(file: Path, tmp_path: Path) -> None:
    whole = members(file)
    for name, data in whole.items():
        parts = [*whole.items(), (name, data + b"more\n")]
        with (tmp_path / "c.zip").open("wb") as target:
            pack(target, [(each, io.BytesIO(content)) for each, content in parts])
        report = verify_bundled(tmp_path / "c.zip")
        assert (report.verdict, named(report, "member_twice")) == ("tampered", [name])


def test_a_member_beyond_its_size_is_not_read(file: Path, tmp_path: Path) -> None:
    whole = members(file)
    for name, kept in ((MANIFEST, False), ("README.md", True), ("anchors/001.checkpoint", True)):
        huge = {**whole, name: b"\0" * 2**21}
        report = verify_bundled(packed(tmp_path / "c.zip", summed(huge) if kept else huge))
        assert named(report, "member_size") == [name]
        assert report.entries == (14 if kept else 0)


def test_what_was_packed_otherwise_is_no_bundle_and_its_folder_is(file: Path, tmp_path: Path) -> None:
    whole = members(file)
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "c.zip", "w", how) as archive:
            for name, data in whole.items():
                archive.writestr(name, data)
        report = verify_bundled(tmp_path / "c.zip")
        assert (report.verdict, kinds(report), report.entries) == ("tampered", {("bundle", "container")}, 0)
        assert "folder" in report.findings[0].text("en")
        assert "文件夹" in report.findings[0].text("zh")
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        archive.extractall(tmp_path / "folder")
    assert verify_bundled(tmp_path / "folder").findings == ()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(LOG, b"0" * 50_000_000)
    report = verify_bundled(tmp_path / "c.zip")
    assert (report.verdict, kinds(report)) == ("tampered", {("bundle", "container")})


def test_what_lies_in_a_folder_besides_is_told(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    (folder / ".DS_Store").write_bytes(b"")
    (folder / "more").mkdir()
    report = verify_bundled(folder)
    assert (report.verdict, named(report, "member_name")) == ("self-consistent", ["more", ".DS_Store"])
    (folder / LOG).rename(tmp_path / "log")
    (folder / LOG).symlink_to(tmp_path / "log")
    os.mkfifo(folder / "pipe")
    report = verify_bundled(folder)
    assert named(report, "member_missing") == [LOG]
    assert {"pipe", LOG} <= set(named(report, "member_name"))


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        verify_bundled(tmp_path / "none.zip")
    (tmp_path / "empty").mkdir()
    report = verify_bundled(tmp_path / "empty")
    assert (report.verdict, named(report, "member_missing")) == ("tampered", [MANIFEST])
    (tmp_path / "c.zip").write_bytes(b"")
    assert kinds(verify_bundle(tmp_path / "c.zip")) == {("bundle", "container")}  # the other takes it for an export


# The manifest

BAD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a key too many": lambda about: {**about, "x": 1},
    "a key too few": lambda about: {key: each for key, each in about.items() if key != "texts"},
    "another type": lambda about: {**about, "entries": "14"},
    "a truth for a number": lambda about: {**about, "entries": True},
    "a number for a truth": lambda about: {**about, "texts": 1},
    "below nothing": lambda about: {**about, "unsealed": -1},
    "no hex": lambda about: {**about, "log": "X" * 32},
    "short hex": lambda about: {**about, "log": "ab"},
    "no scope": lambda about: {**about, "scope": {"kind": "all"}},
    "two scopes": lambda about: {**about, "scope": {"kind": "log", "instance": "p"}},
    "scope without a kind": lambda about: {**about, "scope": {}},
    "scope is a list": lambda about: {**about, "scope": []},
    "tree": lambda about: {**about, "tree": {"root": "00", "size": None}},
    "members is a list": lambda about: {**about, "members": []},
    "a member without a sum": lambda about: {**about, "members": {LOG: {}}},
    "itself": lambda about: {**about, "members": {**about["members"], MANIFEST: {"sha256": "00" * 32, "size": 1}}},
    "mentions": lambda about: {**about, "mentions": [1]},
    "version zero": lambda about: {**about, "bundle": -1},
    "no object": lambda about: [about],
}


@pytest.mark.parametrize("name", BAD)
def test_a_manifest_that_is_none(file: Path, tmp_path: Path, name: str) -> None:
    whole = members(file)
    about = BAD[name](json.loads(whole[MANIFEST]))
    report = verify_bundled(packed(tmp_path / "c.zip", {**whole, MANIFEST: encode_json(about).encode() + b"\n"}))
    assert (report.verdict, kinds(report), report.entries) == ("tampered", {("bundle", "manifest")}, 0)


@pytest.mark.parametrize("data", [b"", b"\n", b"{}", b"[[" * 100_000 + b"\n", b"\xff\n", b'{"bundle":1,"bundle":1}\n'])
def test_a_manifest_that_is_not_even_canonical(file: Path, tmp_path: Path, data: bytes) -> None:
    report = verify_bundled(packed(tmp_path / "c.zip", {**members(file), MANIFEST: data}))
    assert (report.verdict, kinds(report)) == ("tampered", {("bundle", "manifest")})


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("entries", 99), ("unsealed", 3), ("log", "ab" * 16), ("mentions", ["o"]), ("texts", False),
        ("tree", {"root": "ab" * 32, "size": 32}), ("tree", {"root": "ab" * 32, "size": 31}),
    ],
)  # fmt: skip
def test_a_manifest_that_says_something_else(
    engine: WorkflowEngine, tmp_path: Path, scope: str, name: str, value: Any
) -> None:
    path = bundle(engine, tmp_path / "b.zip", SCOPES[scope])
    report = verify_bundled(packed(tmp_path / "c.zip", summed(members(path), **{name: value})))
    assert report.verdict == "tampered"
    if name != "tree" or scope == "log":
        assert [f.values["name"] for f in report.findings if f.kind == "manifest_differs"] == [name]
    else:
        assert kinds(report) & {("tree", "proof_differs"), ("tree", "position_twice"), ("tree", "position_unsealed")}


def test_a_bundle_of_another_version_or_suite_is_not_checked(file: Path, tmp_path: Path) -> None:
    for says, what in (({"bundle": 2}, "bundle 2"), ({"suite": "s9"}, "suite s9")):
        report = verify_bundled(packed(tmp_path / "c.zip", summed(members(file), **says)))
        assert (report.verdict, report.not_checked, report.findings) == ("incomplete", (what,), ())


def test_another_zone_under_this_ones_name(engine: WorkflowEngine, tmp_path: Path) -> None:
    path = bundle(engine, tmp_path / "o.zip", Scope("o"))
    scope = {"instance": "p", "kind": "instance"}
    report = verify_bundled(packed(tmp_path / "c.zip", summed(members(path), scope=scope)))
    assert {("bundle", "scope", "o", number) for number in range(1, 8)} <= places(report)

    def rename(lines: list[bytes]) -> None:
        lines[:] = [line.replace(b'"instance":"o"', b'"instance":"p"') for line in lines]

    report = verify_bundled(forged(path, rename, scope=scope))
    assert report.verdict == "tampered"
    assert {("tree", "proof_differs", None, None), ("chain", "prev", "p", 2)} <= places(report)


# Entries and proofs, by a forger who makes every sum fit


def hide_tail(lines: list[bytes], proofs: list[bytes], chain: str = "p") -> int:
    """Take the newest entry of a chain out of the lines, and hide its leaf; return its number."""
    of = f'"instance":"{chain}"'
    head = json.loads(lines[find(lines, HEAD, of)])["head"]
    seq = head["seq"]
    before = lines[find(lines, ENTRY, of, f'"seq":{seq - 1},')]
    say(HEAD, of, seq=seq - 1, leaf=leaf_hash(before[:-1]).hex())(lines)
    lines[:] = [
        line
        for line in lines
        if not (
            line.startswith((ENTRY.encode(), TEXT.encode()))
            and of.encode() in line
            and f'"seq":{seq},'.encode() in line
        )
    ]
    placed = [json.loads(line)["placed"] for line in lines if line.startswith(PLACED.encode())]
    last = next(each for each in reversed(placed) if each["instance"] == chain)
    position = last["position"] + last["count"] - 1
    if last["count"] == 1:
        drop(PLACED, of, f'"position":{position},')(lines)
    else:
        say(PLACED, of, f'"position":{last["position"]},', count=last["count"] - 1)(lines)
    line = encode_json({"hidden": {"hash": head["leaf"], "position": position, "width": 1}}).encode() + b"\n"
    proofs.append(line)
    proofs.sort(
        key=lambda each: (each.startswith(NEWEST.encode()), json.loads(each).get("hidden", {}).get("position", 0))
    )
    return int(seq)


def hidden_tail(path: Path, chain: str = "p", *, newest: str = "") -> Path:
    """Return a bundle that hides the newest entry of a chain, everything else being right."""
    found = members(path)
    lines, proofs = found[LOG].splitlines(keepends=True), found[PROOFS].splitlines(keepends=True)
    hide_tail(lines, proofs, chain)
    if newest:
        proofs.pop(find(proofs, NEWEST, f'"instance":"{newest}"'))
    found |= {LOG: b"".join(lines), PROOFS: b"".join(proofs)}
    entries = sum(line.startswith(ENTRY.encode()) for line in lines)
    return packed(path.with_name("hidden.zip"), summed(found, entries=entries))


def test_a_hidden_tail_is_shown_by_the_seal(engine: WorkflowEngine, file: Path) -> None:
    report = verify_bundled(hidden_tail(file), [held(engine)])
    assert (report.verdict, places(report)) == ("tampered", {("tree", "entries_hidden", "p", 7)})
    report = verify_bundled(hidden_tail(file, newest="p"))
    assert places(report) == {("tree", "newest_missing", "p", None)}


def test_a_hidden_change_of_an_actor_is_shown_by_the_seal(engine: WorkflowEngine, tmp_path: Path) -> None:
    engine.enroll("clerk", by="administrator", roles=["clerk"], enabled=False)
    engine.seal()
    path = hidden_tail(bundle(engine, tmp_path / "p.zip"), "~actor/clerk")
    assert places(verify_bundled(path)) == {("tree", "entries_hidden", "~actor/clerk", 1)}


def test_an_actor_that_was_left_out_is_told(file: Path) -> None:
    def work(lines: list[bytes]) -> None:
        lines[:] = [line for line in lines if b'"instance":"~actor/clerk"' not in line]

    report = verify_bundled(forged(file, work, entries=13))
    assert "actor clerk" in report.not_checked
    assert ("tree", "position_missing", None, None) in places(report)
    assert ("tree", "newest_orphan", "~actor/clerk", None) not in places(
        report
    )  # where there are holes, no more is said


def test_a_newest_seal_that_lies_is_held_to_the_seal_of_the_anchor(
    engine: WorkflowEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has all power makes a seal that says what he likes of heads, and hides an entry that an anchor covers."""
    anchor = held(engine)
    path = bundle(engine, tmp_path / "before.zip")
    honest, seventh = SealStore.heads_below, rows(engine.database, "p")[6]

    def heads_below(store: SealStore, cursor: Any, position: int) -> Iterator[SealedRow]:
        for row in honest(store, cursor, position):
            lie = row.instance == "p" and position > anchor.checkpoint.size
            yield SealedRow("p", 7, bytes(seventh.leaf)) if lie else row

    def heads_root(heads: Iterable[tuple[str, int, bytes]], hasher: Any) -> Any:
        told = [SealedRow("p", 7, bytes(seventh.leaf)) if row[0] == "p" else row for row in heads]
        return honest_root(told, hasher)

    honest_root = sealing.heads_root
    monkeypatch.setattr(sealing, "heads_root", heads_root)
    monkeypatch.setattr(SealStore, "heads_below", heads_below)
    engine.annotate("o", "其后", by="clerk")
    engine.seal()
    assert verify_bundled(path, [anchor]).verdict == "anchored"
    without = hidden_tail(bundle(engine, tmp_path / "p.zip"))
    assert (verify_bundled(without).verdict, verify_bundled(without).findings) == ("self-consistent", ())
    report = verify_bundled(without, [anchor])
    assert (report.verdict, report.findings) == ("incomplete", ())
    assert {"anchor held", "ends held"} & set(report.not_checked)
    named_ = hidden_tail(bundle(engine, tmp_path / "p.zip", anchors=[anchor]))
    report = verify_bundled(named_, [anchor])
    assert (report.verdict, places(report)) == ("tampered", {("tree", "entries_hidden", "p", 7)})
    assert [finding.values["seal"] for finding in report.findings] == [anchor.checkpoint.size]


def test_a_chain_that_begins_after_the_anchor_is_told(engine: WorkflowEngine, tmp_path: Path) -> None:
    """Its entries may all have been made anew after the anchor, those that it covers being hidden."""
    anchor = held(engine)
    engine.start("permit", "q", by="applicant", name="许可", attrs={"area": "1.0", "owner": "某办"})
    engine.seal()
    report = verify_bundled(bundle(engine, tmp_path / "q.zip", Scope("q"), anchors=[anchor]), [anchor])
    assert (report.verdict, report.findings) == ("incomplete", ())
    assert "before q" in report.not_checked
    newer = held(engine)
    report = verify_bundled(bundle(engine, tmp_path / "q.zip", Scope("q"), anchors=[anchor]), [anchor, newer])
    assert (report.verdict, report.findings) == ("anchored", ())


def test_a_log_hashed_anew_is_consistent_until_there_is_an_anchor(
    engine: WorkflowEngine, database: Engine, tmp_path: Path
) -> None:
    anchor = held(engine)
    with tampering(database) as connection:
        chain = rows(database, "o")
        chain[2] = chain[2]._replace(via="another")
        rehash(connection, engine.log().log, chain)
        from kfq_workflow.stored.tables import Tables

        tables = Tables()
        for table in (tables.leaf, tables.sealed, tables.checkpoint):
            connection.execute(table.delete())
        genesis = rows(database, "~log")[0]
        connection.execute(tables.entry.delete().where(tables.entry.c.instance == "~log", tables.entry.c.seq > 1))
        change(connection, "instance", {"key": "~log"}, {"seq": 1, "rev": 1, "head": genesis.leaf, "at": genesis.at})
    WorkflowEngine(database).seal()
    path = bundle(engine, tmp_path / "c.zip", Scope("o"))
    assert verify_bundled(path).findings == ()
    report = verify_bundled(path, [anchor])
    assert report.verdict == "tampered"
    assert ("anchor", "size_shrunk", None, None) in places(report)


ODD_PROOFS: dict[str, tuple[Callable[[list[bytes]], object], tuple[str, str]]] = {
    "a hidden tree is gone": (drop(HIDDEN), ("tree", "position_missing")),
    "one is there twice": (lambda lines: lines.insert(0, lines[0]), ("tree", "position_twice")),
    "one of another root": (say(HIDDEN, hash="ab" * 32), ("tree", "proof_differs")),
    "one that is not aligned": (say(HIDDEN, position=1, width=2), ("tree", "position_twice")),
    "one without width": (say(HIDDEN, width=0), ("tree", "position_twice")),
    "one of three": (say(HIDDEN, width=3), ("tree", "position_twice")),
    "one beyond the tree": (say(HIDDEN, position=2**50, width=2**50), ("tree", "position_missing")),
    "one that is all": (say(HIDDEN, position=0, width=32), ("tree", "position_twice")),
    "two in another order": (lambda lines: lines.insert(1, lines.pop(0)), ("tree", "position_missing")),
    "no newest": (drop(NEWEST, OF_P), ("tree", "newest_missing")),
    "a newest of another number": (say(NEWEST, OF_P, seq=9), ("tree", "newest_differs")),
    "of another seal": (say(NEWEST, OF_P, seal=31), ("tree", "newest_orphan")),
    "of another leaf": (say(NEWEST, OF_P, leaf="ab" * 32), ("tree", "newest_differs")),
    "at another place": (say(NEWEST, OF_P, index=0), ("tree", "newest_differs")),
    "without hashes": (say(NEWEST, OF_P, hashes=[]), ("tree", "newest_differs")),
    "with too many": (say(NEWEST, OF_P, hashes=["ab" * 32] * 64), ("bundle", "line")),
    "with a short hash": (say(NEWEST, OF_P, hashes=["ab"]), ("bundle", "line")),
    "a newest of a chain that is not there": (say(NEWEST, OF_P, instance="pp"), ("tree", "newest_orphan")),
    "a newest twice": (lambda lines: lines.append(lines[-1]), ("bundle", "line")),
    "a newest first": (lambda lines: lines.insert(0, lines.pop()), ("bundle", "line")),
    "not canonical": (lambda lines: lines.insert(0, b'{"hidden": {}}\n'), ("bundle", "line")),
    "unknown": (lambda lines: lines.insert(0, b"{}\n"), ("bundle", "line")),
    "truncated": (lambda lines: lines.append(lines.pop()[:-1]), ("bundle", "line")),
    "a number that is none": (say(HIDDEN, position=True), ("bundle", "line")),
    "deep": (lambda lines: lines.append(b'{"newest":' + b"[" * 100_000 + b"\n"), ("bundle", "line")),
    "nothing": (lambda lines: lines.clear(), ("tree", "position_missing")),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_PROOFS)
def test_an_odd_proof(file: Path, name: str) -> None:
    work, found = ODD_PROOFS[name]
    report = verify_bundled(forged(file, work, PROOFS))
    assert report.verdict == "tampered"
    assert found in kinds(report)


ODD_PLACES: dict[str, tuple[Callable[[list[bytes]], object], tuple[str, str]]] = {
    "a place is gone": (drop(PLACED, OF_P, '"seq":1}'), ("tree", "entry_unplaced")),
    "moved": (say(PLACED, OF_P, '"seq":1}', position=0), ("tree", "position_twice")),
    "for another": (say(PLACED, OF_P, '"seq":1}', instance="oo"), ("tree", "place_orphan")),
    "for too many": (say(PLACED, OF_P, '"seq":8}', count=5), ("tree", "place_orphan")),
    "far too many": (say(PLACED, OF_P, '"seq":8}', count=2**52), ("tree", "place_orphan")),
    "beyond the tree": (say(PLACED, OF_P, '"seq":8}', position=2**52), ("tree", "position_unsealed")),
    "the genesis elsewhere": (say(PLACED, '"instance":"~log"', '"seq":1}', position=5), ("tree", "position_missing")),
    "the seal elsewhere": (say(PLACED, '"instance":"~log"', '"seq":3}', position=29), ("tree", "position_twice")),
    "one line twice": (
        lambda lines: lines.insert(find(lines, PLACED), lines[find(lines, PLACED)]), ("tree", "place_orphan"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_PLACES)
def test_an_odd_place(file: Path, name: str) -> None:
    work, found = ODD_PLACES[name]
    report = verify_bundled(forged(file, work))
    assert report.verdict == "tampered"
    assert found in kinds(report)


def test_the_log_needs_its_genesis_and_its_seal(file: Path, engine: WorkflowEngine, tmp_path: Path) -> None:
    report = verify_bundled(forged(file, drop(ENTRY, '"kind":"genesis"')))
    assert ("chain", "genesis_missing", "~log", 1) in places(report)
    report = verify_bundled(forged(file, drop(ENTRY, '"kind":"sealed"')))
    assert ("tree", "place_orphan", "~log", 3) in places(report)
    other = bundle(engine, tmp_path / "all.zip", INTERVAL)
    report = verify_bundled(forged(other, drop(ENTRY, '"kind":"genesis"')))
    assert ("chain", "genesis_missing", "~log", 1) in places(report)


def test_texts_of_a_bundle_are_held_to_their_commitments(file: Path) -> None:
    report = verify_bundled(forged(file, say(TEXT, OF_P, '"field":"opinion"', '"seq":6', value="不同意")))
    assert places(report) == {("text", "differs", "p", 6)}
    report = verify_bundled(forged(file, drop(TEXT, OF_P, '"field":"opinion"', '"seq":6')))
    assert places(report) == {("text", "missing", "p", 6)}


def test_a_citation_of_what_is_not_in_the_log_is_told(engine: WorkflowEngine, tmp_path: Path) -> None:
    path = bundle(engine, tmp_path / "case.zip", Scope("p/case"))
    cited = {
        json.loads(line)["hidden"]["position"] for line in members(path)[PROOFS].splitlines() if b'"width":1}' in line
    }
    assert cited
    whole = members(path)
    lines = whole[LOG].splitlines(keepends=True)
    number = find(lines, ENTRY, '"kind":"fired"')
    body = json.loads(lines[number])
    leaf = body["body"]["seen"][0]["leaf"]
    lines[number] = lines[number].replace(leaf.encode(), b"ab" * 32)
    whole[LOG] = b"".join(lines)
    report = verify_bundled(packed(tmp_path / "c.zip", summed(whole)))
    assert ("tree", "cited_unplaced", "p/case", 2) in places(report)


def test_an_anchor_in_a_bundle_that_is_none(engine: WorkflowEngine, file: Path, tmp_path: Path) -> None:
    whole = members(file)
    report = verify_bundled(packed(tmp_path / "c.zip", summed({**whole, "anchors/001.checkpoint": b"nothing\n"})))
    assert (report.verdict, named(report, "anchor")) == ("tampered", ["anchors/001.checkpoint"])
    other = held(engine).data.replace(b"32\n", b"30\n")
    report = verify_bundled(packed(tmp_path / "c.zip", summed({**whole, "anchors/001.checkpoint": other})))
    assert ("anchor", "root_differs", None, None) in places(report)


@pytest.mark.parametrize("scope", SCOPES)
def test_no_mutant_crashes_and_none_is_clean(engine: WorkflowEngine, tmp_path: Path, scope: str) -> None:
    path = bundle(engine, tmp_path / "b.zip", SCOPES[scope], anchors=[held(engine)])
    whole, raw = members(path), path.read_bytes()
    chance = random.Random(scope)
    names = [name for name in (LOG, PROOFS, MANIFEST) if whole.get(name)]
    clean = verify_bundled(path)
    for number in range(300):
        if number % 3 == 0:
            mutant = bytearray(raw)
            mutant[chance.randrange(len(mutant))] ^= 1 << chance.randrange(8)
            (tmp_path / "c.zip").write_bytes(mutant)
        else:
            name = chance.choice(names)
            data = bytearray(whole[name])
            data[chance.randrange(len(data))] = chance.choice(b'0123456789abcdef"{}[],:\n \xff\0~')
            if data == whole[name]:
                continue
            changed = {**whole, name: bytes(data)}
            packed(tmp_path / "c.zip", changed if name == MANIFEST else summed(changed))
        report = verify_bundled(tmp_path / "c.zip")
        assert all(finding.text(lang) for finding in report.findings for lang in ("zh", "en"))
        if (report.verdict, report.not_checked) == (
            clean.verdict,
            clean.not_checked,
        ):  # what nothing rests on: when it was made, and by whom
            assert report.findings == clean.findings
            before, after = json.loads(whole[MANIFEST]), json.loads(members(tmp_path / "c.zip")[MANIFEST])
            assert {key for key in before if before[key] != after[key]} <= {"made_at", "made_by"}
