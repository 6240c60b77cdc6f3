"""What triggers refuse beside the catalogue of attacks, what they allow, and how one sees that they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.exc import DBAPIError

from kfq_workflow import schema
from kfq_workflow.stored import triggers
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

#: The rows here are bare, and the triggers are dropped: no log to verify.
pytestmark = pytest.mark.tampers

TABLES = ("log", "entry", "text", "document", "instance", "leaf", "checkpoint")
REFUSAL = "append-only"


@pytest.fixture
def log(database_url: str) -> Iterator[Engine]:
    """Give a database with a log that has a row in each table."""
    database = create_engine(database_url)
    schema.init(database)
    tables = Tables()
    with database.begin() as connection:
        for row in ROWS:
            connection.execute(getattr(tables, row[0]).insert(), dict(row[1]))
    yield database
    database.dispose()


ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "entry",
        {
            "instance": "zone",
            "seq": 1,
            "kind": "started",
            "at": 1,
            "actor": "office",
            "via": "test",
            "req": "r-1",
            "v": 1,
            "prev": bytes(32),
            "leaf": b"\x01" * 32,
            "body": "{}",
        },
    ),
    (
        "instance",
        {
            "key": "zone",
            "workflow": "w",
            "seq": 1,
            "rev": 1,
            "head": b"\x01" * 32,
            "at": 1,
            "snapshot": "{}",
        },
    ),
    ("text", {"instance": "zone", "seq": 1, "field": "note", "salt": bytes(16), "value": "said"}),
    ("document", {"digest": bytes(32), "kind": "rules", "body": "{}"}),
    ("leaf", {"position": 0, "leaf": bytes(32), "node": bytes(32), "instance": "zone", "seq": 1}),
    ("checkpoint", {"digest": bytes(32), "size": 1, "root": bytes(32), "note": "o"}),
)


def everything(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Return all rows of all tables."""
    return [[tuple(row) for row in connection.execute(table.select()).all()] for table in Tables()]


def refused(database: Engine, sql: str, *before: str, message: str = REFUSAL) -> None:
    """Run a statement, see it refused, and see that nothing changed."""
    with database.connect() as connection:
        rows = everything(connection)
    with database.connect() as connection:
        for statement in before:
            connection.exec_driver_sql(statement)
        with pytest.raises(DBAPIError, match=message):
            connection.exec_driver_sql(sql)
        connection.rollback()
    with database.connect() as connection:
        assert everything(connection) == rows


def test_only_the_revision_of_the_log_may_be_updated(log: Engine) -> None:
    for column in ("id", "log", "suite", "genesis", "utc_offset"):
        value = "2" if column in ("id", "utc_offset") else "'2'"
        refused(log, f"UPDATE kfq_log SET {column} = {value}")
    with log.begin() as connection:
        connection.exec_driver_sql("UPDATE kfq_log SET schema_revision = '0002'")
        assert connection.execute(select(Tables().log.c.schema_revision)).scalar() == "0002"


@pytest.mark.parametrize("name", TABLES)
def test_replace_by_rowid_is_refused(log: Engine, name: str) -> None:
    """SQLite's hidden key takes out a row whose own key is another."""
    if log.dialect.name != "sqlite":
        pytest.skip("only SQLite has a rowid")
    values = {
        "log": ("id, log, suite, genesis, utc_offset, schema_revision", "1, 'x', 's1', x'00', 0, ''"),
        "entry": (
            "instance, seq, kind, at, actor, via, v, prev, leaf, body",
            "'other', 1, '', 1, '', '', 1, x'00', x'00', ''",
        ),
        "text": ("instance, seq, field, salt, value", "'other', 1, 'note', x'00', ''"),
        "document": ("digest, kind, body", "x'01', 'rules', ''"),
        "leaf": ("leaf, node, instance, seq", "x'00', x'00', 'other', 1"),
        "checkpoint": ("digest, size, root, note", "x'01', 1, x'00', ''"),
        "instance": ("key, workflow, seq, rev, head, at, snapshot", "'other', 'w', 1, 1, x'00', 1, ''"),
    }
    columns, row = values[name]
    for alias in ("rowid", "_rowid_", "oid"):
        refused(
            log,
            f"INSERT OR REPLACE INTO kfq_{name} ({alias}, {columns}) SELECT min(rowid), {row} FROM kfq_{name}",
        )


#: An entry that erases the text `note` beside entry 1 of `zone`.
ERASES = '{"erases":[{"field":"note","seq":1}],"number":"1"}'
#: What looks like one: another entry, another field, another instance or kind, and words of a person between quotes.
ODD = (
    ("zone", "redacted", '{"erases":[{"field":"note","seq":11}]}'),
    ("zone", "redacted", '{"erases":[{"field":"notes","seq":1}]}'),
    ("zone", "redacted", '{"erases":[],"number":"{\\"field\\":\\"note\\",\\"seq\\":1}"}'),
    ("other", "redacted", ERASES),
    ("zone", "annotated", ERASES),
)


def erased(connection: Connection, instance: str, kind: str, body: str, seq: int) -> None:
    row = dict(ROWS[0][1], instance=instance, kind=kind, body=body, seq=seq, req=None)
    connection.execute(Tables().entry.insert(), row)


def test_a_text_goes_only_where_an_entry_erases_it(log: Engine) -> None:
    tables = Tables()
    with log.begin() as connection:
        for seq, (instance, kind, body) in enumerate(ODD, 2):
            erased(connection, instance, kind, body, seq)
        second = dict(ROWS[2][1], field="reason")
        connection.execute(tables.text.insert(), second)
    refused(log, "DELETE FROM kfq_text WHERE field = 'note'")
    with log.begin() as connection:
        erased(connection, "zone", "redacted", ERASES, 20)
    refused(log, "DELETE FROM kfq_text")
    refused(log, "DELETE FROM kfq_text WHERE field = 'reason'")
    refused(log, "UPDATE kfq_text SET value = '' WHERE field = 'note'")
    if log.dialect.name == "postgresql":
        refused(log, "TRUNCATE kfq_text")
    else:
        verb = "INSERT OR REPLACE" if log.dialect.name == "sqlite" else "REPLACE"
        refused(log, f"{verb} INTO kfq_text SELECT instance, seq, field, salt, '' FROM kfq_text WHERE field = 'reason'")
    with log.begin() as connection:
        assert connection.exec_driver_sql("DELETE FROM kfq_text WHERE field = 'note'").rowcount == 1
        assert connection.execute(select(tables.text.c.field)).scalars().all() == ["reason"]


def test_appending_and_moving_are_allowed(log: Engine) -> None:
    tables = Tables()
    with log.begin() as connection:
        row = dict(ROWS[0][1], seq=2, req=None)
        connection.execute(tables.entry.insert(), row)
        connection.execute(tables.entry.insert(), dict(row, seq=3))  # two entries without a request id
        moved = tables.instance.update().where(tables.instance.c.key == "zone").values(seq=3, state="s")
        assert connection.execute(moved).rowcount == 1


def test_status_names_what_is_missing(log: Engine) -> None:
    tables = Tables()
    with log.begin() as connection:
        assert set(triggers.status(connection, tables).values()) == {"present"}
        on = " ON kfq_entry" if log.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER kfq_entry_no_update{on}")
        assert triggers.status(connection, tables)["kfq_entry_no_update"] == "missing"
        triggers.drop(connection, tables)
        assert set(triggers.status(connection, tables).values()) == {"missing"}
        triggers.create(connection, tables)
        triggers.create(connection, tables)
        assert set(triggers.status(connection, tables).values()) == {"present"}


_ALTERED = {
    "sqlite": (
        "DROP TRIGGER kfq_entry_no_update",
        "CREATE TRIGGER kfq_entry_no_update BEFORE UPDATE ON kfq_entry WHEN 0 BEGIN SELECT 1; END",
    ),
    "mariadb": (
        "CREATE OR REPLACE TRIGGER kfq_entry_no_update BEFORE UPDATE ON kfq_entry FOR EACH ROW SET NEW.body = 'x'",
    ),
    "postgresql": (
        "DROP TRIGGER kfq_entry_no_update ON kfq_entry",
        """
        CREATE TRIGGER kfq_entry_no_update BEFORE UPDATE ON kfq_entry FOR EACH ROW WHEN (false)
        EXECUTE FUNCTION kfq_refuse()
        """,
        "ALTER TABLE kfq_entry ENABLE ALWAYS TRIGGER kfq_entry_no_update",
    ),
}


def test_status_names_what_was_altered(log: Engine) -> None:
    tables = Tables()
    with log.begin() as connection:
        for statement in _ALTERED[log.dialect.name]:
            connection.exec_driver_sql(statement)
        found = dict(triggers.status(connection, tables))
    assert found.pop("kfq_entry_no_update") == "altered"
    assert set(found.values()) == {"present"}


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("ALTER TABLE kfq_text DISABLE TRIGGER kfq_text_no_delete", "disabled"),
        ("ALTER TABLE kfq_text ENABLE REPLICA TRIGGER kfq_text_no_delete", "disabled"),
        ("ALTER TABLE kfq_text ENABLE TRIGGER kfq_text_no_delete", "altered"),
        (
            """
            CREATE OR REPLACE FUNCTION kfq_erase() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN RETURN COALESCE(NEW, OLD); END'
            """,
            "altered",
        ),
    ],
)
def test_status_on_postgresql(log: Engine, statement: str, state: str) -> None:
    if log.dialect.name != "postgresql":
        pytest.skip("PostgreSQL's switches")
    with log.begin() as connection:
        connection.exec_driver_sql(statement)
        assert triggers.status(connection, Tables())["kfq_text_no_delete"] == state


def test_status_is_unknown_to_an_account_that_may_not_see(log: Engine) -> None:
    if log.dialect.name != "mariadb":
        pytest.skip("the other databases show triggers to everybody")
    name = f"r_{log.url.database}"[:30]
    with log.begin() as connection:
        connection.exec_driver_sql(f"CREATE USER '{name}'@'%%' IDENTIFIED BY 'reader'")
        connection.exec_driver_sql(f"GRANT SELECT ON `{log.url.database}`.* TO '{name}'@'%%'")
        connection.exec_driver_sql("DROP TRIGGER kfq_entry_no_update")
    reader = create_engine(log.url.set(username=name, password="reader"))  # noqa: S106
    try:
        with reader.connect() as connection:
            found = dict(triggers.status(connection, Tables()))
    finally:
        reader.dispose()
        with log.begin() as connection:
            connection.exec_driver_sql(f"DROP USER '{name}'@'%%'")
    assert found.pop("kfq_entry_no_update") == "missing"
    assert set(found.values()) == {"unknown"}
