"""Sealing places every entry once, in the order of its chain, whatever commits meanwhile; on each database."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, open_database, reading, schema
from kfq_workflow.audit import merkle, sealing
from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.sealing import Planned, consistency_proof, inclusion_proof, plan, read_tree
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import DatabaseUnavailable
from kfq_workflow.stored.tables import Tables
from tests import racers
from tests.tampering import build
from tests.workflows import permit

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

TABLES = Tables()
SHA = hash_of("s1")


def leaves(database: Engine) -> list[Any]:
    with database.connect() as connection:
        return list(connection.execute(TABLES.leaf.select().order_by(TABLES.leaf.c.position)))


def in_order(database: Engine) -> list[Any]:
    """Return the leaves, and hold that each entry has one place and each chain's places ascend."""
    found = leaves(database)
    assert [row.position for row in found] == list(range(len(found)))
    with database.connect() as connection:
        entries = {(row.instance, row.seq): row.leaf for row in connection.execute(TABLES.entry.select())}
        sealed = {row.instance: (row.seq, bytes(row.leaf)) for row in connection.execute(TABLES.sealed.select())}
    last: dict[str, int] = {}
    for row in found:
        assert row.seq == last.get(row.instance, 0) + 1
        assert bytes(row.leaf) == bytes(entries[row.instance, row.seq])
        last[row.instance] = row.seq
    assert {instance: seq for instance, (seq, _) in sealed.items()} == last
    assert all(bytes(entries[key, seq]) == leaf for key, (seq, leaf) in sealed.items())
    return found


def prepared(database: Engine, *keys: str) -> WorkflowEngine:
    schema.init(database)
    engine = WorkflowEngine(database, via="tests")
    engine.define(permit(), by="system")
    for office in ("applicant", "clerk"):
        engine.enroll(office, by="system", roles=[office])
    for key in keys:
        engine.start("permit", key, by="applicant", name=key)
    return engine


def test_every_entry_is_placed_once(database: Engine) -> None:
    engine = build(database)
    made = engine.seal()
    found = in_order(database)
    assert (made.size, made.placed, made.seals) == (30, 30, 1)
    assert made.root == merkle.root_of(bytes(row.leaf) for row in found)
    assert found[-1].instance == "~log"
    assert (found[0].instance, found[0].seq) == ("~log", 1)
    keys = [(row.instance, row.seq) for row in found[1:-1]]
    assert keys == sorted(keys, key=lambda key: (key[0].encode(), key[1]))

    again = engine.seal()
    assert (again.size, again.root, again.placed, again.seals) == (30, made.root, 0, 0)
    engine.annotate("p", "其后", by="clerk")
    engine.annotate("o", "其后", by="clerk")
    more = engine.seal()
    assert (more.size, more.placed) == (33, 3)
    assert more.root == merkle.root_of(bytes(row.leaf) for row in in_order(database))
    assert engine.rebuild() == 0


def test_a_seal_says_the_heads_of_all_instances(database: Engine) -> None:
    engine = build(database)
    engine.start("permit", "临汾/甲", by="applicant", name="名")  # after ~ in the order of bytes
    for _ in range(2):
        engine.annotate("p", "其后", by="clerk")
        made = engine.seal()
        found = leaves(database)
        heads: dict[str, Any] = {}
        for row in found[:-1]:
            heads[row.instance] = row
        with reading(database) as source:
            last = list(source.entries("~log"))[-1]
        tree = merkle.Range()
        for key in sorted(heads, key=str.encode):
            tree.append(head_leaf(key, heads[key].seq, bytes(heads[key].leaf), SHA))
        body = parse_canonical(last.body)
        assert body == {"heads": tree.root().hex(), "instances": len(heads), "size": made.size}
        assert (last.kind, last.actor) == ("sealed", "system")


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_seals_of_any_size_make_the_same_order_of_chains(database: Engine, limit: int) -> None:
    engine = build(database)
    made = engine.seal(limit=limit)
    found = in_order(database)
    assert len(found) == made.size == 29 + made.seals
    assert made.seals == {1: 28, 7: 4, 1000: 1}[limit]
    assert made.root == merkle.root_of(bytes(row.leaf) for row in found)


def test_stored_nodes_are_enough_for_every_proof(database: Engine) -> None:
    engine = build(database)
    engine.seal(limit=11)
    all_leaves = [bytes(row.leaf) for row in leaves(database)]
    sizes = range(1, len(all_leaves) + 1)
    with database.connect() as connection:
        store, cursor = engine.store, connection.connection.cursor()
        for size in sizes:
            root = merkle.root_of(all_leaves[:size])
            assert read_tree(store, cursor, SHA, size).root() == root
            for index in range(0, size, 5):
                proof = inclusion_proof(store, cursor, SHA, index, size)
                merkle.verify_inclusion(index, size, all_leaves[index], proof, root)
            proof = consistency_proof(store, cursor, SHA, size // 2, size)
            merkle.verify_consistency(size // 2, size, proof, merkle.root_of(all_leaves[: size // 2]), root)
        with pytest.raises(DatabaseUnavailable, match="position"):
            read_tree(store, cursor, SHA, 999)


def test_what_commits_late_is_taken_by_the_next_seal(database: Engine) -> None:
    """An act that was begun before a seal and commits after it, although its clock is earlier."""
    if database.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    engine = prepared(database, "early", "late")
    with database.begin() as connection:
        late = engine.join(connection).annotate("late", "慢", by="clerk")
        early = engine.annotate("early", "快", by="clerk")
        assert engine.seal().placed == engine.seal().size
        assert ("early", early.seq) in {(row.instance, row.seq) for row in leaves(database)}
        assert ("late", late.seq) not in {(row.instance, row.seq) for row in leaves(database)}
        engine.annotate("early", "又", by="clerk")
    assert engine.seal().placed == 3
    assert ("late", late.seq) in {(row.instance, row.seq) for row in in_order(database)}


def test_writers_and_sealers_race_and_nothing_is_lost(database_url: str) -> None:
    """Writers hold their transactions open while two sealers run; at the end one seal takes what is left."""
    database = open_database(database_url)
    keys = [f"k{number}" for number in range(6)]
    engine = prepared(database, *keys)
    over = threading.Event()

    def write(key: str) -> int:
        for number in range(12):
            if number % 3:
                engine.annotate(key, str(number), by="clerk")
            else:
                engine.run(lambda tx, n=number: (tx.annotate(key, str(n), by="clerk"), over.wait(0.002)))  # type: ignore[misc]
        return 12

    def keep_sealing() -> int:
        count = 0
        while not over.is_set():
            count += engine.seal(limit=5).seals
        return count

    with ThreadPoolExecutor(8) as pool:
        sealing = [pool.submit(keep_sealing) for _ in range(2)]
        written = sum(pool.map(write, keys))
        over.set()
        made = sum(each.result() for each in sealing)
    made += (final := engine.seal()).seals
    assert made
    assert final.size == len(in_order(database)) == 1 + 1 + 2 + len(keys) + written + made
    assert engine.seal().placed == 0
    database.dispose()


# Between the plan of a seal and its lock


def planned(engine: WorkflowEngine, limit: int | None = None) -> Planned:
    with engine.reading() as looking:
        return plan(engine.store, looking.cursor, SHA, limit)


def sealed(engine: WorkflowEngine, what: Planned) -> sealing.Seal:
    return engine.run(lambda transaction: transaction.seal(planned=what))[0]


@pytest.mark.parametrize("already", [False, True], ids=["first", "later"])
def test_a_seal_that_was_planned_is_the_one_made_under_the_lock(database: Engine, *, already: bool) -> None:
    """Both make the same rows and say the same, so this is compared with what is made from the entries alone."""
    engine = build(database)
    if already:
        engine.seal()
        engine.annotate("p", "其后", by="clerk")
        engine.start("permit", "甲", by="applicant", name="名")
        engine.start("permit", "a", by="applicant", name="名")
    what = planned(engine)

    def under_the_lock(transaction: Any) -> Any:
        made, _ = transaction.seal()
        transaction.cursor.execute("SELECT position, leaf, node, instance, seq FROM kfq_leaf ORDER BY position")
        return made, [tuple(row) for row in transaction.cursor.fetchall()]

    other, rows = engine.dry_run(under_the_lock)
    made = sealed(engine, what)
    found = in_order(database)
    assert (made.size, made.placed) == (other.size, other.placed) == (len(found), len(what.leaves) + 1)
    assert [tuple(row) for row in found[:-1]] == rows[:-1]
    assert planned(engine).leaves == []


def test_acts_between_plan_and_lock_are_for_the_next_seal(database: Engine) -> None:
    """A note on what is placed, one on what is not, and a chain that begins among the others."""
    engine = build(database)
    engine.seal()
    engine.annotate("p", "其前", by="clerk")
    what, size = planned(engine), len(leaves(database))
    engine.annotate("p", "其间", by="clerk")
    engine.annotate("o", "其间", by="clerk")
    engine.start("permit", "oo", by="applicant", name="名")
    made = sealed(engine, what)
    found = in_order(database)
    assert (made.size, made.placed) == (len(found), 2) == (size + 2, 2)
    assert [row.instance for row in found[size:]] == ["p", "~log"]
    assert engine.seal().placed == 4
    in_order(database)


def test_a_plan_is_void_once_somebody_else_has_sealed(database: Engine) -> None:
    engine = build(database)
    first = planned(engine)
    other = engine.seal()
    assert sealed(engine, first) == sealing.Seal(other.size, other.root)
    engine.annotate("p", "其后", by="clerk")
    second = planned(engine)
    engine.seal()
    engine.annotate("p", "又后", by="clerk")
    assert sealed(engine, second).placed == 2
    assert len(in_order(database)) == other.size + 4


@pytest.mark.tampers
def test_a_plan_is_void_once_the_log_has_an_entry_of_its_own(database: Engine) -> None:
    """The tree is as it was, but the next seal begins with that entry. What it says is no statement of anybody."""
    engine = build(database)
    engine.annotate("p", "其前", by="clerk")
    what = planned(engine)
    key = engine.run(lambda transaction: transaction.keyed("-"))
    made = sealed(engine, what)
    found = in_order(database)
    assert made.placed == len(found) == len(what.leaves) + 2
    assert [(row.instance, row.seq) for row in found[:2]] == [("~log", 1), ("~log", key.seq)]


@pytest.mark.parametrize(("limit", "chunk"), [(None, 5), (3, 5), (12, 5), (29, 100)])
def test_a_plan_holds_no_more_than_a_chunk(
    database: Engine, monkeypatch: pytest.MonkeyPatch, limit: int | None, chunk: int
) -> None:
    monkeypatch.setattr(sealing, "_CHUNK", chunk)
    engine = build(database)
    engine.start("permit", "临汾/甲", by="applicant", name="名")  # after the log's own, which do not count
    sizes, more = [], []
    while (what := planned(engine, limit)).leaves:
        sizes.append(len(what.leaves))
        more.append(what.more)
        sealed(engine, what)
    genesis, others, most = 1, 29, min(limit or chunk, chunk)
    full, last = divmod(others, most)
    assert sizes == [most + genesis, *[most] * (full - 1), *filter(None, [last])]
    assert more == [size >= most for size in sizes]
    assert len(in_order(database)) == genesis + others + len(sizes)


def test_another_process_acts_while_the_heads_are_hashed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take the longest, so no writer may wait for them; what it commits is for the next seal."""
    database = open_database(database_url)
    keys = ["early", "late"]
    engine = prepared(database, *keys)
    honest, won = sealing.heads_root, []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:

        def heads_root(heads: Any, hasher: Any) -> Any:
            if not won:
                won.extend(pool.submit(racers.main, database_url, keys, 0, False).result(60))  # noqa: FBT003
            return honest(heads, hasher)

        monkeypatch.setattr(sealing, "heads_root", heads_root)
        made = engine.seal()
    assert sorted(won) == keys
    assert made.placed == len(in_order(database)) == 7
    assert engine.seal().placed == 3
    in_order(database)
    database.dispose()


@pytest.mark.backends("sqlite")
def test_a_backup_put_back_after_the_plan_is_sealed_as_it_is(database: Engine, tmp_path: Path) -> None:
    """It ends with the same seal, and where the plan has an entry it has another: what is not there is not placed."""
    engine = build(database)
    engine.seal()
    path = str(database.url.database)
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        live.backup(backup)
        engine.annotate("p", "其后", by="clerk")
        what = planned(engine)
        database.dispose()
        backup.backup(live)
    engine.annotate("p", "另外", by="clerk")
    assert sealed(engine, what).placed == 2
    in_order(database)


def test_an_odd_key_is_copied_as_it_is(database: Engine) -> None:
    engine = prepared(database, "a\\b", "a\\N", "区/\\x41 甲")
    engine.seal()
    in_order(database)


@pytest.mark.tampers
def test_what_is_sealed_already_cannot_be_sealed_twice(database: Engine) -> None:
    """A cache that says too little would place entries twice: the tree's table refuses, the seal is rolled back."""
    engine = build(database)
    size = engine.seal().size
    with database.begin() as connection:
        connection.execute(TABLES.sealed.delete().where(TABLES.sealed.c.instance == "p"))
        connection.execute(TABLES.sealed.insert(), {"instance": "none", "seq": 1, "leaf": bytes(32)})
    with pytest.raises(DatabaseUnavailable, match="kfq rebuild"):
        engine.seal()
    assert len(leaves(database)) == size
    assert engine.rebuild() == 2
    assert engine.rebuild() == 0
    assert engine.seal().placed == 0
    in_order(database)
