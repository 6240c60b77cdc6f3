"""Making a log, finding it again, and refusing what is not one, on each database."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, event, inspect, select
from sqlalchemy.exc import IntegrityError

from kfq_workflow import entry, schema
from kfq_workflow.errors import DatabaseUnavailable, InvalidInput, NotInitialised, SchemaOutOfDate
from kfq_workflow.stored import triggers
from kfq_workflow.stored.clock import CLOCKS, clock_of
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from kfq_workflow.log import LogHead

KEYS = ("ab", "AB", "\u00e1b", "ab ", "ab\t", "a", "a\u0301b", "开发区", "𠀀", "～", "Ab", " ab", "ß", "ss", "ab/c")


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """Give an engine on an empty database."""
    database = create_engine(database_url)
    yield database
    database.dispose()


def head(database: Engine, tables: Tables | None = None) -> LogHead:
    """Return the log's head as `check` finds it."""
    with database.connect() as connection:
        return schema.check(connection, tables or Tables())


def entry_row(instance: str, seq: int = 1, **more: Any) -> dict[str, Any]:
    """Return columns of an entry that only has to be there."""
    common = {"kind": "k", "at": 1, "actor": "a", "via": "t", "v": 1, "prev": bytes(32), "leaf": bytes(32)}
    return {"instance": instance, "seq": seq, "body": "{}", **common, **more}


def test_init_makes_a_log_that_begins_with_its_genesis(empty: Engine) -> None:
    schema.init(empty, utc_offset=60, origin="zones.example", via="test", actor="setup")
    found = head(empty)
    assert (found.suite, found.utc_offset, found.revision) == ("s1", 60, schema.REVISION)
    assert len(found.log) == 32
    tables = Tables()
    with empty.connect() as connection:
        row = entry.Row(*connection.execute(tables.entry.select()).one())
        (instance,) = connection.execute(tables.instance.select()).all()
        assert set(triggers.status(connection, tables).values()) == {"present"}
    assert entry.leaf_hash(entry.encode(row, found.log)) == row.leaf == found.genesis == instance.head
    assert row[:3] == ("~log", 1, "genesis")
    assert row[4:10] == ("setup", "test", None, None, 1, bytes(32))
    assert row.body == '{"origin":"zones.example","suite":"s1","utc_offset":60}'
    assert instance[:6] == ("~log", "~log", None, None, 1, 1)
    assert instance[7:] == (row.at, None, None, "{}")
    assert schema.current(empty) == schema.REVISION


def test_at_is_the_databases_clock_in_microseconds(empty: Engine) -> None:
    import time

    before = time.time()
    schema.init(empty)
    with empty.connect() as connection:
        at = connection.execute(select(Tables().entry.c.at)).scalar_one()
    assert before - 2 < at / 1_000_000 < time.time() + 2


@pytest.mark.parametrize("zone", ["+08:00", "-11:30"])
def test_the_clock_does_not_depend_on_the_time_zone_of_the_session(empty: Engine, zone: str) -> None:
    if empty.dialect.name == "sqlite":
        pytest.skip("SQLite's sessions have no time zone")
    name = "TIME ZONE INTERVAL" if empty.dialect.name == "postgresql" else "time_zone ="
    more = " HOUR TO MINUTE" if empty.dialect.name == "postgresql" else ""
    with empty.connect() as connection:
        utc = clock_of(connection)
        connection.exec_driver_sql(f"SET SESSION {name} '{zone}'{more}")
        assert 0 <= clock_of(connection) - utc < 2_000_000


def test_the_clock_is_read_after_the_wait(empty: Engine) -> None:
    """A statement that waits for a lock before it reads the clock must not say when it began to wait."""
    if empty.dialect.name == "sqlite":
        pytest.skip("SQLite waits before a transaction begins")
    nap = "pg_sleep(0.3) IS NULL" if empty.dialect.name == "postgresql" else "SLEEP(0.3)"
    clock = CLOCKS["postgresql" if empty.dialect.name == "postgresql" else "mysql"]
    with empty.connect() as connection:
        began = clock_of(connection)
        _, at = connection.exec_driver_sql(f"SELECT {nap}, {clock}").one()
        assert at - began >= 250_000


def test_a_second_init_changes_nothing(empty: Engine) -> None:
    schema.init(empty)
    first = head(empty)
    schema.init(empty, utc_offset=0, origin="another")
    schema.upgrade(empty)
    assert head(empty) == first


def test_init_does_not_load_alembic(database_url: str) -> None:
    code = (
        "import sys; from sqlalchemy import create_engine; from kfq_workflow import schema;"
        "schema.init(create_engine(sys.argv[1])); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, database_url], check=True, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_logs_with_other_prefixes_live_side_by_side(empty: Engine) -> None:
    schema.init(empty)
    schema.init(empty, prefix="other_")
    assert head(empty).log != head(empty, Tables(prefix="other_")).log
    with empty.begin() as connection:
        assert set(triggers.status(connection, Tables(prefix="other_"))) == {
            name.replace("kfq_", "other_") for name in triggers.status(connection, Tables())
        }
        with pytest.raises(NotInitialised):
            schema.check(connection, Tables(prefix="third_"))


def test_a_schema_of_its_own(empty: Engine, tmp_path: Any) -> None:
    name = 'Kai Fa "Qu" %'
    if empty.dialect.name == "mariadb":
        name = f"{empty.url.database}_s"
        with empty.begin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    if empty.dialect.name == "sqlite":
        name = "second"

        @event.listens_for(empty, "connect")
        def attach(driver: Any, _: Any) -> None:
            driver.execute(f"ATTACH '{tmp_path}/second.db' AS second")

    try:
        tables = Tables(name, "z_")
        schema.init(empty, schema=name, prefix="z_")
        schema.init(empty, schema=name, prefix="z_")
        schema.upgrade(empty, schema=name, prefix="z_")
        with empty.connect() as connection:
            assert schema.check(connection, tables).revision == schema.REVISION
            assert set(triggers.status(connection, tables).values()) == {"present"}
            with pytest.raises(Exception, match="append-only"):
                connection.execute(tables.entry.update().values(body=""))
            connection.rollback()
            assert not inspect(connection).has_table("z_entry")
        if empty.dialect.name != "sqlite":  # which finds an unqualified name in any attached file
            with pytest.raises(NotInitialised):
                head(empty, Tables(prefix="z_"))
    finally:
        if empty.dialect.name == "mariadb":
            with empty.begin() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name}")


def test_of_several_processes_one_makes_the_log(database_url: str, empty: Engine) -> None:
    code = (
        "import sys; from sqlalchemy import create_engine; from kfq_workflow import schema;"
        "from kfq_workflow.stored.tables import Tables; database = create_engine(sys.argv[1]); sys.stdin.readline();"
        "schema.init(database); print(schema.check(database.connect(), Tables()).log)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    logs = {process.communicate(timeout=60)[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert logs == {head(empty).log + "\n"}
    with empty.connect() as connection:
        assert len(connection.execute(Tables().entry.select()).all()) == 1
        assert set(triggers.status(connection, Tables()).values()) == {"present"}


class Crash(BaseException):
    """What the test throws into the middle of an init."""


def test_an_init_that_was_cut_off_is_finished_by_the_next(empty: Engine) -> None:
    """Cut it off before each of its statements in turn."""
    schema.init(empty, prefix="whole_")
    left = 0

    @event.listens_for(empty, "before_cursor_execute")
    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash

    cut = 0
    for step in range(1, 500):
        prefix = f"c{step}_"
        left = step
        try:
            schema.init(empty, prefix=prefix)
        except Crash:
            cut += 1
        else:
            break
        left = 0
        schema.init(empty, prefix=prefix)
        tables = Tables(prefix=prefix)
        with empty.connect() as connection:
            assert schema.check(connection, tables).revision == schema.REVISION
            assert set(triggers.status(connection, tables).values()) == {"present"}
            assert len(connection.execute(tables.entry.select()).all()) == 1
            indexes = {index["name"] for index in inspect(connection).get_indexes(tables.instance.name)}
            tasks = {index["name"] for index in inspect(connection).get_indexes(tables.task.name)}
        assert {f"{prefix}instance_workflow", f"{prefix}instance_root"} <= indexes
        assert {f"{prefix}task_holder", f"{prefix}task_role", f"{prefix}task_org"} <= tasks
        if empty.dialect.name != "mariadb" and cut > 15:  # DDL is transactional: one cut is like another
            break
    assert cut > 10


FOREIGN = (
    "CREATE TABLE kfq_log (id INTEGER)",
    "CREATE TABLE kfq_entry (id INTEGER, what VARCHAR(9))",
    "CREATE TABLE kfq_text (instance VARCHAR(9), seq INTEGER, field VARCHAR(9), salt INTEGER, worth INTEGER)",
    "CREATE TABLE kfq_schema (name VARCHAR(9))",
    "CREATE VIEW kfq_instance AS SELECT 1 AS one",
)


@pytest.mark.parametrize("statement", FOREIGN)
def test_tables_of_others_are_left_alone(empty: Engine, statement: str) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql(statement)
        before = _names(connection)
    with pytest.raises(DatabaseUnavailable) as caught:
        schema.init(empty)
    assert caught.value.code == "not_ours"
    with empty.connect() as connection:
        assert _names(connection) == before
        with pytest.raises((DatabaseUnavailable, NotInitialised)):
            schema.check(connection, Tables())
    with pytest.raises((DatabaseUnavailable, NotInitialised)):
        schema.upgrade(empty)


def _names(connection: Connection) -> set[str]:
    inspector = inspect(connection)
    return {*inspector.get_table_names(), *inspector.get_view_names()}


def test_an_empty_database_is_not_initialised(empty: Engine) -> None:
    with pytest.raises(NotInitialised, match="kfq init"):
        head(empty)
    with pytest.raises(NotInitialised):
        schema.upgrade(empty)
    assert schema.current(empty) is None
    with empty.connect() as connection:
        assert _names(connection) == set()


def test_a_newer_revision_is_refused(empty: Engine) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        connection.execute(tables.log.update().values(schema_revision="9999"))
        connection.execute(tables.version.update().values(version_num="9999"))
    assert schema.current(empty) == "9999"
    for attempt in (head, schema.init, schema.upgrade):
        with pytest.raises(SchemaOutOfDate, match="9999") as caught:
            attempt(empty)
        assert caught.value.code == "schema_too_new"


def test_an_older_revision_names_the_command(empty: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.init(empty)
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "8000"))
    monkeypatch.setattr(schema, "REVISION", "8000")
    with pytest.raises(SchemaOutOfDate, match="kfq db upgrade"):
        head(empty)


@pytest.mark.parametrize(("revision", "code"), [("0000", "schema_unknown"), ("b7", "schema_unknown"),
                                                ("9999", "schema_too_new")])  # fmt: skip
def test_a_revision_that_is_not_known_is_newer_only_when_it_is(empty: Engine, revision: str, code: str) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        connection.execute(tables.log.update().values(schema_revision=revision))
        connection.execute(tables.version.update().values(version_num=revision))
    assert schema.current(empty) == revision
    for attempt in (head, schema.init, schema.upgrade):
        with pytest.raises(SchemaOutOfDate, match=revision) as caught:
            attempt(empty)
        assert caught.value.code == code


@pytest.mark.parametrize("table", ["log", "version"])
def test_two_revisions_that_differ_are_said(empty: Engine, table: str) -> None:
    schema.init(empty)
    tables = Tables()
    changed = {"log": {"schema_revision": "9999"}, "version": {"version_num": "0000"}}[table]
    with empty.begin() as connection:
        connection.execute(getattr(tables, table).update().values(**changed))
    for attempt in (schema.current, schema.upgrade):
        with pytest.raises(SchemaOutOfDate, match=next(iter(changed.values()))) as caught:
            attempt(empty)
        assert caught.value.code == "revision_changed"
        assert {caught.value.values["table"], caught.value.values["log_table"]} == {"kfq_schema", "kfq_log"}


@pytest.mark.parametrize("verb", ["init", "upgrade"])
def test_an_upgrade_that_was_interrupted_goes_on(empty: Engine, verb: str) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        connection.execute(tables.log.update().values(schema_revision=schema.REVISIONS[0]))
    with pytest.raises(SchemaOutOfDate, match="kfq db upgrade") as caught:
        schema.current(empty)
    assert caught.value.code == "revisions_differ"
    getattr(schema, verb)(empty)
    assert schema.current(empty) == head(empty).revision == schema.REVISION


@pytest.mark.parametrize("prefix", ["", "KFQ_", "1_", "a-b", "k" * 25, 'k"', "开"])
def test_a_bad_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidInput):
        Tables(prefix=prefix)


@pytest.mark.parametrize("offset", [1440, -1440, "480", 4.5])
def test_a_bad_offset_changes_nothing(empty: Engine, offset: Any) -> None:
    with pytest.raises(InvalidInput):
        schema.init(empty, utc_offset=offset)
    with empty.connect() as connection:
        assert _names(connection) == set()


@pytest.mark.tampers
def test_keys_stay_apart_and_sort_bytewise(empty: Engine) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        for key in KEYS:
            connection.execute(tables.entry.insert(), entry_row(key, req=key))
        found = [
            tuple(row)
            for row in connection.execute(
                select(tables.entry.c.instance, tables.entry.c.req).order_by(tables.entry.c.instance)
            )
        ]
        for key in KEYS:
            one = connection.execute(select(tables.entry.c.seq).where(tables.entry.c.instance == key)).all()
            assert len(one) == 1
    assert found == [(key, key if key != "~log" else None) for key in sorted((*KEYS, "~log"), key=str.encode)]


@pytest.mark.tampers
def test_the_same_key_or_request_twice_is_refused(empty: Engine) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        connection.execute(tables.entry.insert(), entry_row("a", 1, req="r"))
    for row in (entry_row("a", 1), entry_row("a", 2, req="r")):
        with empty.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(tables.entry.insert(), row)


@pytest.mark.tampers
def test_the_widest_row_fits(empty: Engine) -> None:
    schema.init(empty)
    tables = Tables()
    with empty.begin() as connection:
        widest = entry_row(
            "𠀀" * 128, 2**53 - 1, kind="k" * 32, actor="a" * 64, via="门" * 128, req="r" * 64, body="字" * 21_000
        )
        connection.execute(tables.entry.insert(), widest)
        text = {"instance": "𠀀" * 128, "seq": 2**53 - 1, "field": "f" * 96, "salt": bytes(16), "value": "字" * 400_000}
        connection.execute(tables.text.insert(), text)
    with empty.connect() as connection:
        row = connection.execute(tables.entry.select().where(tables.entry.c.instance == "𠀀" * 128)).one()
        assert row.body == "字" * 21_000
        assert connection.execute(select(tables.text.c.value)).scalar() == "字" * 400_000


def test_an_autocommit_engine_gets_a_transaction_all_the_same(database_url: str) -> None:
    database = create_engine(database_url, isolation_level="AUTOCOMMIT")
    schema.init(database)
    assert head(database).revision == schema.REVISION
    database.dispose()


def test_sqlite_events_that_begin_are_no_hindrance(empty: Engine) -> None:
    """SQLAlchemy's own recipe for SQLite switches the driver's transactions off and says BEGIN in an event."""
    if empty.dialect.name != "sqlite":
        pytest.skip("a recipe for SQLite")

    @event.listens_for(empty, "connect")
    def connect(driver: Any, _: Any) -> None:
        driver.isolation_level = None

    @event.listens_for(empty, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    schema.init(empty)
    assert head(empty).revision == schema.REVISION


def test_a_file_that_cannot_be_written(tmp_path: Any) -> None:
    path = tmp_path / "read.db"
    create_engine(f"sqlite:///{path}").connect().exec_driver_sql("CREATE TABLE other (id INTEGER)")
    database = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(DatabaseUnavailable) as caught:
        schema.init(database)
    assert caught.value.code == "database_readonly"
    with pytest.raises(DatabaseUnavailable) as caught:
        schema.init(create_engine(f"sqlite:///{tmp_path}/no/such/folder.db"))
    assert caught.value.code == "database_unreachable"
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(DatabaseUnavailable) as caught:
        schema.init(create_engine(f"sqlite:///{noise}"))
    assert caught.value.code == "database_damaged"


def test_a_file_that_somebody_else_holds(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/held.db"
    holder = create_engine(url).connect()
    holder.exec_driver_sql("BEGIN IMMEDIATE")
    database = create_engine(url, connect_args={"timeout": 0.1})
    with pytest.raises(DatabaseUnavailable) as caught:
        schema.init(database)
    assert caught.value.code == "database_locked"
    holder.rollback()
    schema.init(database)
