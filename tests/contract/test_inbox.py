"""The inbox on each database: written with each entry, read by one statement along its indexes, rebuilt, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import verify_database
from kfq_workflow.approval.tasks import BOXES, TaskRow, place, rows
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.store import Store
from kfq_workflow.stored.tables import Tables
from tests.gates import act, gate, stored, voted
from tests.tampering import build, places, tampering

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from kfq_workflow import WorkflowEngine

TABLES = Tables()
ALL = tuple(sorted({box for boxes in BOXES.values() for box in boxes}))


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    """Give a log in which a gate of `p` is in its second round, and one of `o` in its first."""
    engine = build(database)
    act(engine, "o", {"grant": gate()})
    act(engine, "p", {"grant": gate(), "close": gate(tasks={})})
    act(engine, "p", {"grant": voted("1", "authority", copies={"clerk": {"seq": 9}})})
    act(engine, "p", {"grant": {"state": "returned", "returned": {"by": "1"}, "tasks": {"2": {"state": "superseded"}}}})
    act(engine, "p", {"grant": gate(round=2, params={"text": '[7,null] "%s" 100%'})})
    act(engine, "p", {"grant": {"tasks": {"1": {"asked": {"clerk": {"seq": 12}}}}}})
    engine.annotate("p", "一句话", by="clerk")
    return engine


def inbox(database: Engine, actor: str, boxes: Any = ALL, **more: Any) -> list[tuple[str, str, int, str, str]]:
    """Return instance, gate, round, task and box of each row of an actor's inbox."""
    how = {"roles": [], "org": None, "limit": 100} | more
    with database.connect() as connection:
        store, cursor = Store(TABLES, connection.dialect), connection.connection.cursor()
        return [listed.row[:5] for listed in store.inbox(cursor, actor, how["roles"], how["org"], boxes, how["limit"])]


def test_the_stored_rows_are_those_of_the_gates(database: Engine, engine: WorkflowEngine) -> None:
    found = stored(database, "p")
    assert found == sorted(found, key=place)
    snapshot = Snapshot.parse(engine.show("p").row.snapshot)
    for transition, value in snapshot.gates.items():
        ours = {row.task: row._replace(at=0) for row in found if (row.gate, row.round) == (transition, value["round"])}
        assert ours == rows("p", transition, value)
    at = {entry.row.seq: entry.row.at for entry in engine.history("p")}
    assert {(row.task, row.box, row.state): row.at for row in found if (row.gate, row.round) == ("grant", 1)} == {
        ("1", "done", "approved"): at[9],
        ("2", "gone", "superseded"): at[10],
        ("3", "gone", "waiting"): at[10],
        ("applicant", "closed", "returned"): at[11],
        ("copy:1", "read", "unread"): at[11],
    }
    report = verify_database(database)
    assert (report.verdict, report.findings, report.not_checked) == ("incomplete", (), ("kind tried",))
    assert (verify_database(database, key="p").findings, verify_database(database, key="o").findings) == ((), ())
    assert engine.rebuild() == 0


@pytest.mark.usefixtures("engine")
def test_who_is_told_what(database: Engine) -> None:
    role, org = {"roles": ["authority"]}, {"org": "water"}
    assert inbox(database, "x", BOXES["todo"], **role) == [
        ("o", "grant", 1, "1", "todo"),
        ("p", "grant", 2, "1", "todo"),
    ]
    assert inbox(database, "x", BOXES["todo"], **org) == [
        ("o", "grant", 1, "2", "todo"),
        ("p", "grant", 2, "2", "todo"),
    ]
    assert len(inbox(database, "x", BOXES["todo"], **role, **org)) == 4
    assert inbox(database, "x", BOXES["todo"], **role, **org, limit=1) == [("o", "grant", 1, "1", "todo")]
    assert inbox(database, "x") == []
    assert inbox(database, "li") == [("p", "grant", 2, "3", "wait"), ("o", "grant", 1, "3", "wait")]
    assert inbox(database, "clerk", BOXES["todo"]) == [("p", "grant", 2, "ask:1:1", "ask")]
    assert inbox(database, "clerk", BOXES["copied"]) == [("p", "grant", 1, "copy:1", "read")]
    assert inbox(database, "authority", BOXES["done"]) == [("p", "grant", 1, "1", "done")]
    assert {row[:3] + row[4:] for row in inbox(database, "applicant", BOXES["started"])} == {
        ("o", "grant", 1, "mine"),
        ("p", "close", 1, "mine"),
        ("p", "grant", 1, "closed"),
        ("p", "grant", 2, "mine"),
    }


def test_duties_come_first_the_oldest_first_and_the_rest_newest_first(database: Engine, engine: WorkflowEngine) -> None:
    act(engine, "o", {"grant": voted("2", "clerk")})
    act(engine, "p", {"grant": {"tasks": {"3": {"asked": {"clerk": {"seq": 15}}, "state": "open"}}}})
    found = [row[3:] for row in inbox(database, "clerk")]
    assert found == [("ask:1:1", "ask"), ("ask:3:1", "ask"), ("2", "done"), ("copy:1", "read")]


def test_whoever_has_voted_in_a_round_is_not_asked_again(database: Engine, engine: WorkflowEngine) -> None:
    act(engine, "o", {"grant": {"tasks": {"4": gate()["tasks"]["1"]}}})
    act(engine, "o", {"grant": voted("1", "x")})
    assert [row[:4] for row in inbox(database, "x", BOXES["todo"], roles=["authority"])] == [("p", "grant", 2, "1")]
    assert ("o", "grant", 1, "4") in [row[:4] for row in inbox(database, "y", BOXES["todo"], roles=["authority"])]
    act(engine, "o", {"grant": {"tasks": {"1": {"state": "open", "by": None, "vote": None}}}})
    assert len(inbox(database, "x", BOXES["todo"], roles=["authority"])) == 3
    assert stored(database, "o")[0].holder is None


@pytest.mark.tampers
@pytest.mark.usefixtures("engine")
def test_a_role_within_an_organisation(database: Engine) -> None:
    """No gate makes such rows yet; the statement is ready for them."""
    with database.begin() as connection:
        connection.execute(TABLES.task.update().where(TABLES.task.c.task == "1").values(org="water"))
    assert inbox(database, "x", ["todo"], roles=["authority"]) == []
    assert inbox(database, "x", ["todo"], org="land", roles=["authority"]) == []
    assert [row[3] for row in inbox(database, "x", ["todo"], org="water")] == ["2", "2"]
    both = inbox(database, "x", ["todo"], org="water", roles=["authority"])
    assert sorted(row[3] for row in both) == ["1", "1", "2", "2"]


# What it costs


def _many(connection: Connection, count: int) -> None:
    """Add duties of one role and of one organisation to an instance, and as many done."""
    found = []
    for number in range(1, count + 1):
        row = TaskRow("o", "many", number, "1", "todo", "open", "authority", None, None, number)
        found += [row, row._replace(task="2", role=None, org="water"), row._replace(task="3", role=None, holder="li")]
        found.append(row._replace(task="4", box="done", state="approved", holder="li"))
    for first in range(0, len(found), 2_000):
        connection.execute(TABLES.task.insert(), [row._asdict() for row in found[first : first + 2_000]])


@pytest.mark.tampers
@pytest.mark.usefixtures("engine")
def test_one_statement_reads_ranges_of_the_indexes(database: Engine) -> None:
    with database.begin() as connection:
        _many(connection, 5_000)
    with database.connect() as connection:
        name = "mysql" if connection.dialect.name == "mariadb" else connection.dialect.name
        connection.exec_driver_sql("ANALYZE TABLE kfq_task" if name == "mysql" else "ANALYZE")
        connection.commit()
    with database.connect() as connection:
        cursor = Counted(connection.connection.cursor())
        store = Store(TABLES, connection.dialect)
        who: Any = ("x", ["authority", "clerk"], "water")
        assert len(store.inbox(cursor, *who, ALL, 50)) == 50
        assert cursor.count == 1
        for actor, roles, org in (who, ("li", [], None)):
            sql, values = store.inbox_statement(actor, roles, org, ALL, 50)
            cursor.execute(f"{'EXPLAIN QUERY PLAN' if name == 'sqlite' else 'EXPLAIN'} {sql}", values)
            _assert_ranges(name, cursor.fetchall(), len(ALL) + 2 * (len(roles) + bool(org)))


def _assert_ranges(name: str, plan: list[Any], ranges: int) -> None:
    """See each part of the union read along one of the three indexes, and no other way through the table."""
    if name == "mysql":
        read = [str(row[5]) for row in plan if row[2] == "t"]
        kinds = {row[3] for row in plan if row[2] == "t"}
        assert kinds <= {"ref", "range"}
    else:
        lines = [str(row[-1]).strip() for row in plan]
        read = [line for line in lines if "kfq_task" in line and ("SEARCH t " in line or " on kfq_task t" in line)]
        assert not [line for line in lines if line.startswith("SCAN t") or "Seq Scan on kfq_task" in line]
    assert len(read) == ranges
    assert all(any(f"kfq_task_{index}" in line for index in ("holder", "role", "org")) for line in read)


class Counted:
    """A cursor that counts what it is asked to run."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.count = 0

    def execute(self, *what: Any, **how: Any) -> Any:
        self.count += 1
        return self._cursor.execute(*what, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


# What is changed behind the library's back

GRANT = {"gate": "grant", "round": "2", "task": "1"}


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("column", "value"),
    [("box", "gone"), ("state", "approved"), ("role", "clerk"), ("role", None), ("org", "water"), ("holder", "x"),
     ("at", 5)],
)  # fmt: skip
def test_a_changed_row_is_named_and_mended(database: Engine, engine: WorkflowEngine, column: str, value: Any) -> None:
    task = TABLES.task.c
    before = stored(database, "p")
    with database.begin() as connection:
        where = (task.instance == "p") & (task.gate == "grant") & (task.round == 2) & (task.task == "1")
        expected = connection.execute(TABLES.task.select().where(where)).one()._asdict()[column]
        connection.execute(TABLES.task.update().where(where).values({column: value}))
    report = verify_database(database)
    assert (report.verdict, places(report)) == ("tampered", {("cache", "task_differs", "p", None)})
    (finding,) = report.findings
    shown = ["-" if word is None else str(word) for word in (value, expected)]
    assert finding.values == {**GRANT, "name": column, "found": shown[0], "expected": shown[1]}
    assert "grant" in finding.text("zh")
    assert "grant" in finding.text("en")
    assert engine.rebuild() == 1
    assert stored(database, "p") == before
    assert verify_database(database).findings == ()


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("column", "value", "orphan"),
    [("instance", "a", "a"), ("instance", "o", "o"), ("instance", "zz", "zz"), ("gate", "none", "p"), ("round", 7, "p"),
     ("task", "10", "p")],
)  # fmt: skip
def test_a_row_moved_is_missing_and_too_many(
    database: Engine, engine: WorkflowEngine, column: str, value: Any, orphan: str
) -> None:
    task, before = TABLES.task.c, stored(database, "p")
    free = {"round": 9} if orphan == "o" else {}  # where `o` has no row of its own
    with database.begin() as connection:
        where = (task.instance == "p") & (task.gate == "grant") & (task.round == 2) & (task.task == "1")
        connection.execute(TABLES.task.update().where(where).values({column: value, **free}))
    report = verify_database(database)
    assert places(report) == {("cache", "task_missing", "p", None), ("cache", "task_orphan", orphan, None)}
    missing = next(finding for finding in report.findings if finding.kind == "task_missing")
    assert missing.values == GRANT
    assert engine.rebuild() == (1 if orphan == "p" else 2)
    assert stored(database, "p") == before
    assert verify_database(database).findings == ()


@pytest.mark.tampers
def test_all_rows_gone_come_back(database: Engine, engine: WorkflowEngine) -> None:
    before = [stored(database, key) for key in ("o", "p")]
    with tampering(database) as connection:
        connection.execute(TABLES.task.delete())
    assert len(verify_database(database).findings) == len(before[0]) + len(before[1])
    assert engine.rebuild() == 2
    assert [stored(database, key) for key in ("o", "p")] == before


@pytest.mark.tampers
@pytest.mark.backends("sqlite")
def test_what_no_column_should_hold_is_a_finding_and_no_crash(database: Engine, engine: WorkflowEngine) -> None:
    with database.begin() as connection:
        where = "WHERE instance = 'p' AND gate = 'grant' AND round = 2"
        connection.exec_driver_sql(f"UPDATE kfq_task SET instance = x'ff' {where} AND task = '1'")
        connection.exec_driver_sql(f"UPDATE kfq_task SET round = 'two' {where} AND task = '2'")
        connection.exec_driver_sql(f"UPDATE kfq_task SET box = CAST(x'ff' AS TEXT) {where} AND task = '3'")
    assert places(verify_database(database)) == {
        ("cache", "task_missing", "p", None),
        ("cache", "task_orphan", "ff", None),
        ("cache", "task_orphan", "p", None),
        ("cache", "task_differs", "p", None),
    }
    assert engine.log() is not None
