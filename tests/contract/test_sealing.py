"""Sealing places every entry once, in the order of its chain, whatever commits meanwhile; on each database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, open_database, reading, schema
from kfq_workflow.audit import merkle
from kfq_workflow.audit.heads import head_leaf
from kfq_workflow.audit.sealing import consistency_proof, inclusion_proof, read_tree
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import DatabaseUnavailable
from kfq_workflow.stored.tables import Tables
from tests.tampering import build
from tests.workflows import permit

if TYPE_CHECKING:
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
