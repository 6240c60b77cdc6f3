"""Change a log behind the library's back: triggers and foreign keys out of the way, and put back afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kfq_workflow import WorkflowEngine, reading, schema
from kfq_workflow.audit.suite import known_hash
from kfq_workflow.definition import model as m
from kfq_workflow.entry import Row, encode_fields, leaf_hash
from kfq_workflow.errors import Refused
from kfq_workflow.stored import triggers
from kfq_workflow.stored.tables import Tables
from kfq_workflow.values import Paper
from tests.workflows import move, permit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from kfq_workflow.verify import Report

TABLES = Tables()


@contextmanager
def tampering(database: Engine, *, put_back: bool = True) -> Iterator[Connection]:
    """Yield a connection on which everything may be changed."""
    name = database.dialect.name
    off, on = {
        "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
        "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = origin"),
    }.get(name, ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"))
    with database.connect() as connection:
        connection.exec_driver_sql(off)
        triggers.drop(connection, TABLES)
        connection.commit()
        if name in {"sqlite", "postgresql"}:
            connection.exec_driver_sql(off)
        yield connection
        if put_back:
            triggers.create(connection, TABLES)
        connection.commit()
        connection.exec_driver_sql(on)
        connection.commit()


def case(**changes: Any) -> m.Definition:
    """A case of a permit: it may be opened only while the permit is in review or granted."""
    parts: dict[str, Any] = {
        "name": "case",
        "version": 1,
        "regions": {"main": m.Region("main", "new", {"new": m.State("new"), "open": m.State("open", terminal=True)})},
        "transitions": (move("open", "new", "open", roles=("clerk",), guards=("permitted",)),),
        "permissions": m.Permissions(start=frozenset({"clerk"})),
        "roles": frozenset({"clerk", "registrar"}),
        "guards": {"permitted": m.RootIn("main", frozenset({"review", "granted"}))},
        "root": "permit",
    }
    return m.Definition(**(parts | changes))


def build(database: Engine) -> WorkflowEngine:
    """Make a log with something of every kind in it; `p` has seven entries."""
    schema.init(database)
    engine = WorkflowEngine(database, via="tests")
    for definition in (permit(), case()):
        engine.define(definition, by="system")
    for office in ("applicant", "clerk", "authority", "registrar"):
        engine.enroll(office, by="system", roles=[office], name=office)
    engine.enroll("administrator", by="system", roles=["administrator"])
    for key in ("o", "p"):
        engine.start("permit", key, by="applicant", name="许可", attrs={"area": "12.50", "owner": "某办"})
        paper = Paper("request", number="1", title="请示", dates={"signed": "2020-02"})
        engine.fire(key, "submit", by="applicant", papers=[paper], opinion="请批示", request="r-2")
        engine.annotate(key, "材料齐全", by="clerk")
        engine.fire(key, "survey", by="clerk", request="r-4")
        engine.fire(key, "comment", by="clerk", opinion="无意见")
        engine.fire(key, "comment", by="authority", opinion="同意")
        engine.fire(key, "grant", by="authority")
    engine.start("case", "p/case", by="clerk", name="案", root="p")
    engine.fire("p/case", "open", by="clerk")
    engine.start("permit", "late", by="applicant", name="旧", on="2019")
    engine.register("late", "submit", by="registrar", performed_by="applicant", source="报", basis="stated", on="2020")
    engine.adopt("late", {"survey": "unknown"}, by="registrar", source="报", reason="不详")
    engine.amend("late", {"area": "3"}, by="registrar")
    try:
        engine.fire("late", "grant", by="clerk")
    except Refused:
        return engine
    raise AssertionError("not refused")


def rows(database: Engine, key: str) -> list[Row]:
    """Return the entries of an instance."""
    with reading(database) as source:
        return [row._replace(**{name: bytes(value) for name, value in row._asdict().items()
                                if isinstance(value, memoryview)}) for row in source.entries(key)]  # fmt: skip


def change(connection: Connection, table: str, where: dict[str, Any], values: dict[str, Any]) -> None:
    """Update rows of a table."""
    target = getattr(TABLES, table)
    statement = target.update().values({target.c[name]: value for name, value in values.items()})
    for name, value in where.items():
        statement = statement.where(target.c[name] == value)
    assert connection.execute(statement).rowcount >= 1


def remove(connection: Connection, table: str, where: dict[str, Any]) -> None:
    """Delete rows of a table."""
    target = getattr(TABLES, table)
    statement = target.delete()
    for name, value in where.items():
        statement = statement.where(target.c[name] == value)
    assert connection.execute(statement).rowcount >= 1


def insert(connection: Connection, row: Row) -> None:
    """Insert an entry."""
    columns = [column.name for column in TABLES.entry.columns]
    connection.execute(TABLES.entry.insert(), dict(zip(columns, row, strict=True)))


def rehash(connection: Connection, log: str, chain: list[Row]) -> None:
    """Hash a changed chain again from its first entry to its last, and put the new head into the cache."""
    hasher = known_hash(connection.execute(TABLES.log.select()).one().suite)
    previous = chain[0].prev
    for row in chain:
        leaf = leaf_hash(encode_fields(row, previous, log), hasher)
        sealed = row._replace(prev=previous, leaf=leaf)
        remove(connection, "entry", {"instance": row.instance, "seq": row.seq})
        insert(connection, sealed)
        previous = leaf
    change(connection, "instance", {"key": chain[0].instance}, {"head": previous})


def places(report: Report) -> set[tuple[str, str, str | None, int | None]]:
    """Return layer, kind and place of every finding."""
    return {(finding.layer, finding.kind, finding.instance, finding.seq) for finding in report.findings}


def reseal(database: Engine) -> None:
    """Do what an insider does who has all power: place everything anew, as if it had always been so."""
    with tampering(database) as connection:
        for table in (TABLES.leaf, TABLES.sealed):
            connection.execute(table.delete())
        (seal,) = (row for row in rows(database, "~log") if row.kind == "sealed")
        change(connection, "instance", {"key": "~log"}, {"seq": 1, "rev": 1, "head": seal.prev})
        remove(connection, "entry", {"instance": "~log", "seq": 2})
        change(connection, "instance", {"key": "~log"}, {"at": rows(database, "~log")[0].at})
    WorkflowEngine(database).seal()
