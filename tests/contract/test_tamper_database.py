"""Every change behind the library's back is found, named and placed, on each database; and what is not is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import verify_database
from kfq_workflow.entry import canonical
from kfq_workflow.stored import triggers
from tests.tampering import TABLES, build, change, insert, places, rehash, remove, rows, tampering

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from kfq_workflow import WorkflowEngine

pytestmark = pytest.mark.tampers

P4 = {"instance": "p", "seq": 4}


@pytest.fixture
def log(database: Engine) -> WorkflowEngine:
    engine = build(database)
    report = verify_database(database)
    assert (report.verdict, report.findings, report.not_checked) == ("self-consistent", (), ())
    assert (report.entries, report.instances) == (29, 12)
    assert (report.counts.decided, report.counts.witnessed, report.counts.late, report.counts.refused) == (11, 1, 2, 1)
    return engine


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("instance", "q", {("bytes", "leaf", "q", 4), ("chain", "gap", "p", 5), ("chain", "gap", "q", 4),
                           ("cache", "row_missing", "q", 4)}),
        ("seq", 40, {("bytes", "leaf", "p", 40), ("chain", "gap", "p", 5), ("chain", "gap", "p", 40),
                     ("cache", "seq", "p", 40)}),
        ("kind", "adopted", {("bytes", "leaf", "p", 4)}),
        ("kind", "migrated", {("bytes", "leaf", "p", 4)}),
        ("at", 1, {("bytes", "leaf", "p", 4), ("chain", "clock_back", "p", 4)}),
        ("actor", "authority", {("bytes", "leaf", "p", 4), ("replay", "not_allowed", "p", 4)}),
        ("via", "other", {("bytes", "leaf", "p", 4)}),
        ("req", "r-9", {("bytes", "leaf", "p", 4)}),
        ("req", None, {("bytes", "leaf", "p", 4)}),
        ("def", b"\x01" * 32, {("bytes", "leaf", "p", 4), ("replay", "def_changed", "p", 4)}),
        ("def", None, {("bytes", "leaf", "p", 4), ("replay", "def_changed", "p", 4)}),
        ("v", 2, {("bytes", "leaf", "p", 4)}),
        ("prev", b"\x01" * 32, {("bytes", "leaf", "p", 4), ("chain", "prev", "p", 4)}),
        ("leaf", b"\x01" * 32, {("bytes", "leaf", "p", 4), ("chain", "prev", "p", 5)}),
        ("body", "{}", {("bytes", "leaf", "p", 4)}),
        ("body", '{"set":{"survey":"done"}, "trigger":"survey"}',
         {("bytes", "leaf", "p", 4), ("bytes", "not_canonical", "p", 4)}),
        ("body", '{"set":{},"set":{}}', {("bytes", "leaf", "p", 4), ("bytes", "not_canonical", "p", 4)}),
        ("body", "[", {("bytes", "leaf", "p", 4), ("bytes", "not_canonical", "p", 4)}),
        ("body", '{"n":NaN}', {("bytes", "leaf", "p", 4), ("bytes", "not_canonical", "p", 4)}),
    ],
)  # fmt: skip
def test_an_edited_column(database: Engine, column: str, value: Any, found: set[Any]) -> None:
    with tampering(database) as connection:
        change(connection, "entry", P4, {column: value})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert found <= places(report)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("seq", "found"),
    [
        (1, {("chain", "gap", "p", 2), ("text", "orphan", "p", 1)}),
        (4, {("chain", "gap", "p", 5), ("chain", "prev", "p", 5), ("cache", "snapshot", "p", 7)}),
        (7, {("cache", "seq", "p", 6), ("cache", "head", "p", 6), ("cache", "state", "p", 6)}),
    ],
)
def test_a_deleted_entry(database: Engine, seq: int, found: set[Any]) -> None:
    with tampering(database) as connection:
        remove(connection, "entry", {"instance": "p", "seq": seq})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert found <= places(report)


def test_a_tail_cut_from_the_cache_as_well_is_missed_without_an_anchor(log: WorkflowEngine, database: Engine) -> None:
    with tampering(database) as connection:
        remove(connection, "entry", {"instance": "o", "seq": 7})
    log.rebuild()
    assert verify_database(database).verdict == "self-consistent"


@pytest.mark.usefixtures("log")
def test_an_instance_removed_altogether_is_missed_without_an_anchor(database: Engine) -> None:
    with tampering(database) as connection:
        for table, column in (("text", "instance"), ("instance", "key"), ("entry", "instance")):
            remove(connection, table, {column: "o"})
    assert verify_database(database).verdict == "self-consistent"


@pytest.mark.usefixtures("log")
def test_an_inserted_entry(database: Engine) -> None:
    forged = rows(database, "p")[-1]._replace(seq=8, req="forged")
    with tampering(database) as connection:
        insert(connection, forged)
    found = places(verify_database(database))
    assert {("bytes", "leaf", "p", 8), ("chain", "prev", "p", 8), ("cache", "seq", "p", 8)} <= found


@pytest.mark.usefixtures("log")
def test_a_duplicated_entry(database: Engine) -> None:
    with tampering(database) as connection:
        insert(connection, rows(database, "p")[4]._replace(seq=9, req=None))
    found = places(verify_database(database))
    assert {("bytes", "leaf", "p", 9), ("chain", "gap", "p", 9), ("chain", "prev", "p", 9)} <= found


@pytest.mark.usefixtures("log")
def test_two_swapped_entries(database: Engine) -> None:
    with tampering(database) as connection:
        for before, after in ((5, 50), (6, 5), (50, 6)):
            change(connection, "entry", {"instance": "p", "seq": before}, {"seq": after})
    found = places(verify_database(database))
    assert {("bytes", "leaf", "p", 5), ("bytes", "leaf", "p", 6)} <= found
    assert {("chain", "prev", "p", 5), ("chain", "prev", "p", 6), ("chain", "prev", "p", 7)} <= found


@pytest.mark.usefixtures("log")
def test_an_entry_of_another_instance(database: Engine) -> None:
    with tampering(database) as connection:
        remove(connection, "entry", {"instance": "p", "seq": 5})
        insert(connection, rows(database, "o")[4]._replace(instance="p"))
    assert {("bytes", "leaf", "p", 5), ("chain", "prev", "p", 5)} <= places(verify_database(database))


def test_a_rehashed_tail_is_missed_without_an_anchor(log: WorkflowEngine, database: Engine) -> None:
    chain = rows(database, "o")
    chain[4] = chain[4]._replace(via="rewritten")
    with tampering(database) as connection:
        rehash(connection, log.log().log, chain)
    report = verify_database(database)
    assert (report.verdict, report.findings) == ("self-consistent", ())


def test_a_rehashed_tail_is_found_where_another_instance_cites_it(log: WorkflowEngine, database: Engine) -> None:
    chain = rows(database, "p")
    chain[4] = chain[4]._replace(via="rewritten")
    with tampering(database) as connection:
        rehash(connection, log.log().log, chain)
    assert places(verify_database(database)) == {("replay", "seen_leaf", "p/case", 2)}


@pytest.mark.parametrize(
    ("seq", "columns", "parts", "kind"),
    [
        (4, {"actor": "authority"}, {}, "not_allowed"),
        (7, {"actor": "nobody"}, {}, "actor_unknown"),
        (7, {}, {"was": {"main": "draft"}}, "was_differs"),
        (7, {}, {"set": {"main": "refused"}}, "set_differs"),
        (7, {}, {"set": {"main": "nowhere"}}, "set_differs"),
        (7, {}, {"trigger": "nothing"}, "unknown_trigger"),
        (7, {}, {"trigger": "submit"}, "not_allowed"),
        (7, {}, {"rests": []}, "rests_differs"),
        (7, {}, {"transition": "other"}, "transition_differs"),
        (7, {}, {"remembers": "main"}, "remembers_differs"),
        (7, {}, {"mode": "late"}, "late_flags"),
        (7, {}, {"for": {"ground": "late", "id": "clerk"}}, "late_unmarked"),
        (7, {}, {"on": {"edtf": "2020", "hi": "2020-12-31", "lo": "2020-01-02"}}, "date_differs"),
        (7, {}, {"on": {"edtf": "2020-13", "hi": "2020-12-31", "lo": "2020-01-01"}}, "date_malformed"),
        (7, {}, {"on": {"edtf": "2001", "hi": "2001-12-31", "lo": "2001-01-01"}}, "date_order"),
        (7, {}, {"on": None}, "date_missing"),
        (7, {}, {"seen": [{"instance": "o", "leaf": "00" * 32, "seq": 1}]}, "seen_leaf"),
        (7, {}, {"seen": [{"instance": "o", "leaf": "00" * 32, "seq": 99}]}, "seen_missing"),
        (7, {}, {"attested": {"quota@1": {"answer": True}}}, "attested_differs"),
        (7, {}, {"set": ["main"]}, "malformed"),
        (7, {"kind": "genesis"}, {}, "kind_place"),
        (7, {"kind": "annotated"}, {}, "set_differs"),
        (1, {"kind": "fired"}, {}, "not_started"),
        (7, {"kind": "started"}, {}, "not_first"),
        (1, {}, {"workflow": "case"}, "workflow_differs"),
        (1, {}, {"attrs": {"colour": "red"}}, "attributes"),
        (1, {}, {"root": "o"}, "root_differs"),
        (1, {}, {"root": "nowhere"}, "root_missing"),
    ],
)
def test_an_illegal_act_is_found_although_it_was_rehashed(
    log: WorkflowEngine, database: Engine, seq: int, columns: dict[str, Any], parts: dict[str, Any], kind: str
) -> None:
    chain = rows(database, "o")
    row = chain[seq - 1]
    body = {**json.loads(row.body), **parts}
    body = {name: value for name, value in body.items() if value is not None and value != []}
    chain[seq - 1] = row._replace(**columns, body=canonical(body))
    with tampering(database) as connection:
        rehash(connection, log.log().log, chain)
    assert ("replay", kind, "o", seq) in places(verify_database(database))


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("workflow", "case"),
        ("root", "o"),
        ("def", None),
        ("rev", 1),
        ("head", b"\x01" * 32),
        ("at", 5),
        ("state", "draft"),
        ("state", None),
        ("phase", "over"),
        ("snapshot", "{}"),
        ("snapshot", '{"regions":{"main":"draft"}}'),
        ("snapshot", "no JSON"),
        ("seq", 6),
    ],
)
def test_a_changed_cache(database: Engine, column: str, value: Any) -> None:
    with tampering(database) as connection:
        change(connection, "instance", {"key": "p"}, {column: value})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert places(report) == {("cache", column, "p", 7)}


@pytest.mark.usefixtures("log")
def test_a_cached_row_gone_or_too_many(database: Engine) -> None:
    with tampering(database) as connection:
        change(connection, "instance", {"key": "p"}, {"key": "pp"})
    assert places(verify_database(database)) == {("cache", "row_missing", "p", 7), ("cache", "row_orphan", "pp", 7)}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("value", "不同意", {("text", "differs", "p", 6)}),
        ("salt", b"\x01" * 16, {("text", "differs", "p", 6)}),
        ("field", "note", {("text", "uncommitted", "p", 6), ("text", "missing", "p", 6)}),
        ("seq", 60, {("text", "orphan", "p", 60), ("text", "missing", "p", 6)}),
        ("instance", "zz", {("text", "orphan", "zz", 6), ("text", "missing", "p", 6)}),
        (None, None, {("text", "missing", "p", 6)}),
    ],
)
def test_a_changed_text(database: Engine, column: str | None, value: Any, found: set[Any]) -> None:
    where = {"instance": "p", "seq": 6, "field": "opinion"}
    with tampering(database) as connection:
        if column is None:
            remove(connection, "text", where)
        else:
            change(connection, "text", where, {column: value})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert places(report) == found


def _add(connection: Connection) -> None:
    connection.execute(TABLES.document.insert(), {"digest": b"\x02" * 32, "kind": "rules", "body": "{}"})


@pytest.mark.usefixtures("log")
def test_changed_documents(database: Engine) -> None:
    with database.connect() as connection:
        digest = bytes(connection.execute(TABLES.instance.select().where(TABLES.instance.c.key == "p")).one()[3])
    with tampering(database) as connection:
        change(connection, "document", {"digest": digest}, {"kind": "labels"})
        _add(connection)
    found = places(verify_database(database))
    assert {("document", "digest", None, None), ("document", "unused", None, None)} <= found
    assert ("document", "kind", "~definition/permit", 1) in found
    with tampering(database) as connection:
        remove(connection, "document", {"digest": digest})
    assert ("document", "missing", "~definition/permit", 1) in places(verify_database(database))


@pytest.mark.usefixtures("log")
def test_a_changed_definition_under_its_digest(database: Engine) -> None:
    with tampering(database) as connection:
        change(connection, "document", {"kind": "rules"}, {"body": '{"name":"permit"}'})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert ("document", "digest", None, None) in places(report)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("log", "0" * 32, ("bytes", "leaf", "~log", 1)),
        ("suite", "s2", ("database", "log_differs", "~log", 1)),
        ("genesis", b"\x01" * 32, ("database", "genesis_differs", "~log", 1)),
        ("utc_offset", 0, ("database", "log_differs", "~log", 1)),
    ],
)
def test_a_changed_row_of_the_log(database: Engine, column: str, value: Any, found: Any) -> None:
    with tampering(database) as connection:
        change(connection, "log", {"id": 1}, {column: value})
    report = verify_database(database)
    assert report.verdict == "tampered"
    assert found in places(report)
    if column == "suite":  # hashes go by what the genesis says, or there would be a finding for each entry
        assert places(report) == {found}


@pytest.mark.usefixtures("log")
def test_missing_triggers(database: Engine) -> None:
    expected = {trigger.name for trigger in triggers.expected(database.dialect, TABLES)}
    with tampering(database, put_back=False):
        pass
    report = verify_database(database)
    assert places(report) == {("database", "trigger_missing", None, None)}
    assert {finding.values["trigger"] for finding in report.findings} == expected


def test_unknown_versions_kinds_and_suites_are_incomplete(log: WorkflowEngine, database: Engine) -> None:
    chain = rows(database, "late")
    chain[4] = chain[4]._replace(kind="unheard", body="{}")
    with tampering(database) as connection:
        rehash(connection, log.log().log, chain)
    report = verify_database(database)
    assert (report.verdict, report.not_checked, places(report)) == (
        "tampered", ("kind unheard",), {("cache", "rev", "late", 5)},
    )  # fmt: skip
    log.rebuild()
    assert verify_database(database).verdict == "incomplete"


@pytest.mark.usefixtures("log")
@pytest.mark.backends("sqlite")
@pytest.mark.parametrize("column", ["body", "via", "instance"])
def test_bytes_that_are_no_utf8_are_findings_and_no_crash(database: Engine, column: str) -> None:
    with tampering(database) as connection:
        where = "instance = 'p' AND seq = 4"
        connection.exec_driver_sql(f"UPDATE kfq_entry SET {column} = CAST(x'ff7b' AS TEXT) WHERE {where}")
    report = verify_database(database)
    place = "p" if column != "instance" else "\udcff{"
    assert ("bytes", "leaf", place, 4) in places(report)
    json.dumps(report.as_json(), ensure_ascii=False).encode()
    assert verify_database(database).entries == 29
