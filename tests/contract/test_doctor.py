"""`kfq doctor` finds what is broken, on each database and with each account, and says what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import InvalidInput, NotInitialised, WorkflowEngine, open_database, schema, verify_database
from kfq_workflow.audit import checkpoints, keyfile
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
from kfq_workflow.audit.note import Note
from kfq_workflow.doctor import examine, keys
from kfq_workflow.doctor.mariadb import read_grants
from kfq_workflow.doctor.model import Account, Item, lasting
from kfq_workflow.messages import SENTENCES
from kfq_workflow.stored import triggers
from kfq_workflow.stored.tables import Tables
from tests.accounts import accounts, read_only
from tests.tampering import build, change, rows, tampering

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.doctor import Examination

TABLES = Tables()


def found(examination: Examination, *standings: str) -> set[str]:
    """Return the codes of the items that stand so, each of which says what to do."""
    items = [item for item in examination.items if item.standing in standings]
    for item in items:
        for lang in ("zh", "en"):
            assert "<" not in item.text(lang) + item.advice(lang), item
            assert item.advice(lang), item
            assert "doctor." not in item.text(lang), item
    return {item.code for item in items}


def looked(database: Engine, **how: Any) -> Examination:
    examination = examine(database, **how)
    assert examination.limits[-1].code == "outside"
    for limit in examination.limits:
        assert limit.text("zh") != limit.text("en")
    return examination


#: What the servers of the tests are set up without, to be fast.
SPEED = {"pg_not_durable", "pg_no_checksums", "my_flush", "my_doublewrite"}


def test_a_sound_log(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    engine.seal()
    keyfile.create(tmp_path / "office.key", "office")
    checkpoints.checkpoint(engine, tmp_path / "office.key")
    if database.url.database and database.dialect.name == "sqlite":
        os.chmod(database.url.database, 0o600)  # noqa: PTH101 - the URL has a text
    examination = looked(database, key_files=[tmp_path / "office.key"])
    assert found(examination, "problem") <= SPEED
    assert found(examination, "warning") <= SPEED | {"account_owner", "powers", "no_application", "sqlite_writes"}
    assert {i.code for i in examination.items} >= {"revision", "triggers", "clock", "clock_newest", "offset", "sealed",
                                                   "checkpoint", "key_closed"}  # fmt: skip
    assert examination.account.role == "owner"
    assert examination.sound is (found(examination, "problem") == set())
    said = examination.as_json("zh")
    assert said["role"] == "owner"
    assert len(said["items"]) == len(examination.items)


@pytest.mark.backends("postgresql18", "postgresql", "mariadb")
def test_each_account_is_known_by_what_it_may_do(database: Engine) -> None:
    engine = build(database)
    engine.seal()
    with accounts(database) as urls:
        application, auditor, redactor = map(open_database, urls)
        for one, role in ((application, "application"), (auditor, "auditor")):
            examination = looked(one, meant=role)
            assert examination.account.role == role
            assert found(examination, "problem") <= SPEED
            assert {f"account_{role}", "no_powers"} <= {i.code for i in examination.items}
            assert "grant_lacking" not in found(examination, "warning")
        assert "grant_application" not in found(looked(application), "problem", "warning")
        assert verify_database(application).findings == ()  # triggers that MariaDB half hides are not altered ones
        hidden = {"triggers_hidden"} if database.dialect.name in {"mariadb", "mysql"} else set()
        assert found(looked(application), "unknown") & {"triggers_hidden"} == hidden
        assert {"grant_auditor"} == found(looked(application, meant="auditor"), "problem") - SPEED
        assert "account_not_owner" in found(looked(application, meant="owner"), "warning")
        assert "account_owner" in found(looked(database, meant="application"), "problem")
        examination = looked(redactor, meant="redactor")
        assert (examination.account.role, found(examination, "problem") - SPEED) == ("redactor", set())
        assert "account_redactor" in found(looked(redactor), "warning")
        assert "grant_application" in found(looked(redactor, meant="application"), "problem")
        redactor.dispose()
        if database.dialect.name == "postgresql":
            assert "erasers" in {i.code for i in looked(auditor).items}
            assert "separate" in {i.code for i in looked(auditor).items}
        application.dispose()
        auditor.dispose()


@pytest.mark.backends("postgresql18", "postgresql", "mariadb")
def test_grants_that_are_too_many_or_too_few(database: Engine) -> None:
    build(database)
    postgresql = database.dialect.name == "postgresql"
    with accounts(database) as urls:
        application, auditor, _ = map(open_database, urls)
        name, reader = application.url.username, auditor.url.username
        at = "" if postgresql else "@'%%'"

        def run(statement: str) -> None:
            with database.begin() as connection:
                connection.exec_driver_sql(statement)

        run(f"GRANT DELETE ON kfq_entry TO {name}{at}")
        run(f"GRANT UPDATE (value) ON kfq_text TO {name}{at}")
        run(f"GRANT UPDATE ON kfq_instance TO {name}{at}")
        run(f"REVOKE INSERT ON kfq_leaf FROM {name}{at}")
        examination = looked(application)
        assert "grant_application" in found(examination, "problem")
        tables = {i.values["table"] for i in examination.items if i.code == "grant_application"}
        assert tables == {"kfq_entry", "kfq_text"}
        assert {"grant_wide", "grant_lacking"} <= found(examination, "warning")
        run(f"GRANT INSERT ON kfq_task TO {reader}{at}")
        assert "grant_auditor" in found(looked(auditor, meant="auditor"), "problem")
        if postgresql:
            other = next(i for i in looked(auditor).items if i.code == "grant_other")
            assert (other.values["name"], other.values["privileges"]) == (name, ["DELETE"])
            run(f"GRANT CREATE ON SCHEMA {_schema(database)} TO {name}")
            assert "schema_create" in found(looked(application), "problem")
            run(f"GRANT pg_write_all_data TO {name}")
            assert "powers" in found(looked(application), "problem")
            run(f"ALTER ROLE {name} SUPERUSER")
            assert found(looked(auditor), "problem") >= {"application_owns"}
            assert looked(application).account.role == "owner"
            run(f"ALTER ROLE {name} NOSUPERUSER")
            run(f"REVOKE pg_write_all_data FROM {name}")
        else:
            run(f"GRANT FILE ON *.* TO {name}{at}")
            assert "powers" in found(looked(application), "problem")
            run(f"GRANT DROP ON {database.url.database}.* TO {name}{at}")
            assert looked(application).account.role == "owner"
            assert "account_owner" in found(looked(application, meant="application"), "problem")
        application.dispose()
        auditor.dispose()


def _schema(database: Engine) -> str:
    with database.connect() as connection:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())


@pytest.mark.tampers
def test_triggers_and_clocks(database: Engine) -> None:
    engine = build(database)
    engine.seal()
    name = database.dialect.name
    with database.begin() as connection:
        on = " ON kfq_entry" if name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER kfq_entry_no_delete{on}")
        if name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE kfq_text DISABLE TRIGGER kfq_text_no_update")
            connection.exec_driver_sql("ALTER TABLE kfq_leaf ENABLE TRIGGER kfq_leaf_no_update")
    wanted = {"trigger_missing"} | ({"trigger_disabled", "trigger_altered"} if name == "postgresql" else set())
    assert found(looked(database), "problem") >= wanted
    with database.begin() as connection:
        triggers.create(connection, TABLES)
    assert not found(looked(database), "problem") - SPEED
    with tampering(database) as connection:
        change(connection, "instance", {"key": "p"}, {"at": rows(database, "p")[-1].at + 7_200_000_000})
    assert "clock_back" in found(looked(database), "problem")


@pytest.mark.tampers
def test_seals_and_checkpoints_that_are_old(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = build(database)
    assert found(looked(database), "warning") >= {"never_sealed", "no_checkpoint"}
    engine.seal()
    keyfile.create(tmp_path / "office.key", "office")
    checkpoints.checkpoint(engine, tmp_path / "office.key")
    engine.annotate("p", "其后", by="clerk")
    before = looked(database)
    assert {"sealed", "checkpoint"} <= {i.code for i in before.items}
    (sealed,) = [i for i in before.items if i.code == "sealed"]
    assert sealed.values["open"] == 1
    from kfq_workflow.doctor import log

    real = log.clock_of
    monkeypatch.setattr(log, "clock_of", lambda connection: real(connection) + 10 * 86_400_000_000)
    later = looked(database)
    assert {"seal_old", "checkpoint_old"} <= found(later, "warning")
    assert "clock_ahead" in found(later, "problem")
    (limit,) = [each for each in later.limits if each.code == "newer"]
    assert limit.values["newer"] == 1
    monkeypatch.setattr(log, "clock_of", lambda connection: real(connection) - 30_000_000)
    assert "clock_behind" in found(looked(database), "warning")
    with tampering(database) as connection:
        change(connection, "checkpoint", {"size": sealed.values["size"]}, {"note": "x"})
    monkeypatch.undo()
    assert "checkpoint_unreadable" in found(looked(database), "problem")


@pytest.mark.tampers
def test_a_log_that_was_restored(database: Engine) -> None:
    engine = build(database)
    engine.seal()
    said = checkpoints.current(engine)
    lost = Checkpoint(said.origin, said.size + 3, bytes(32))
    engine.recover([Anchor("x", lost, Note(str(lost), ()))], by="administrator", reason="r")
    (item,) = [i for i in looked(database).items if i.code == "recovered"]
    assert (item.standing, item.values) == ("warning", {"number": 2, "kept": said.size, "lost": 3})
    assert found(looked(database), "warning") >= {"recovered", "no_checkpoint"}  # the one that was lost is none


def test_tables_of_another_revision(database: Engine) -> None:
    with pytest.raises(NotInitialised):
        examine(database)
    build(database)
    with database.begin() as connection:
        connection.execute(TABLES.log.update().values(schema_revision="0001"))
    examination = looked(database)
    assert "revision_other" in found(examination, "problem")
    assert "triggers" in {i.code for i in examination.items}
    with database.begin() as connection:
        connection.execute(TABLES.log.update().values(schema_revision=schema.REVISION))
    with pytest.raises(InvalidInput):
        examine(database, meant="boss")  # type: ignore[arg-type]


@pytest.mark.backends("sqlite")
def test_the_file_and_its_settings(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "kfq.db"
    database = open_database(database_url)
    build(database)
    os.chmod(path, 0o666)  # noqa: PTH101, S103 - what is to be found
    os.chmod(tmp_path, 0o777)  # noqa: PTH101, S103
    assert {"file_open", "folder_open"} <= found(looked(database), "problem")
    os.chmod(path, 0o644)  # noqa: PTH101
    os.chmod(tmp_path, 0o700)  # noqa: PTH101
    assert "file_readable" in found(looked(database), "warning")
    database.dispose()
    reader = open_database(read_only(database))
    examination = looked(reader, meant="auditor")
    assert examination.account.role == "auditor"
    assert {i.code for i in examination.items} >= {"sqlite_reads"}
    reader.dispose()
    from sqlalchemy import create_engine

    plain = create_engine(database_url)  # as an application might, without what open_database does
    with plain.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    examination = looked(plain)
    assert "sqlite_foreign_keys" in found(examination, "problem")
    assert "sqlite_journal" in found(examination, "warning")
    plain.dispose()
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    immutable = open_database(f"sqlite:///file:{copy}?immutable=1&uri=true", synchronous="NORMAL")
    assert {"sqlite_immutable", "sqlite_synchronous"} <= found(looked(immutable), "warning")
    immutable.dispose()
    memory = open_database("sqlite:///:memory:")
    with pytest.raises(NotInitialised):
        examine(memory)
    memory.dispose()


def test_a_key_and_who_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "office.key"
    application, owner = Account("s", "app", "application"), Account("s", "o", "owner")

    def codes(account: Account = owner) -> dict[str, str]:
        return {item.code: item.standing for item in keys.examine(path, account)}

    assert codes() == {"key_missing": "problem"}
    keyfile.create(path, "office")
    assert codes() == {"key_closed": "ok", "key_application": "unknown", "key_no_memory": "warning"}
    assert codes(application)["key_readable"] == "problem"
    (tmp_path / "office.key.seen").touch()
    assert "key_no_memory" not in codes()
    path.chmod(0o640)
    tmp_path.chmod(0o770)
    assert codes() | {"key_loose": "problem", "key_folder": "problem"} == codes()
    tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, who may become somebody else")
def test_a_key_that_another_account_cannot_read(tmp_path: Path) -> None:
    """As the operating system tells it to that account, in a process of its own."""
    path = tmp_path / "office.key"
    keyfile.create(path, "office")
    code = (
        "import os, sys; os.setuid(65534); from kfq_workflow.doctor.keys import examine; "
        "from kfq_workflow.doctor.model import Account; "
        "print([i.code for i in examine(sys.argv[1], Account('s', 'a', 'application'))])"
    )

    def told() -> str:
        done = subprocess.run([sys.executable, "-c", f"import kfq_workflow.doctor; {code}", str(path)],
                              capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout.strip()

    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.name.startswith(("pytest-", "test_")):
            folder.chmod(0o755)
    assert told() in ("['key_closed', 'key_unreadable', 'key_no_memory']", "['key_hidden']")
    tmp_path.chmod(0o700)
    assert told() == "['key_hidden']"


def test_what_mariadb_says_of_grants() -> None:
    tables = ["kfq_entry", "kfq_text"]
    lines = [
        "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*X'",
        "GRANT SELECT ON `zo\\_nes`.* TO `app`@`%`",
        "GRANT INSERT, UPDATE (`a`, `b`) ON `zo_nes`.`kfq_entry` TO `app`@`%`",
        "GRANT DELETE ON `other`.* TO `app`@`%`",
        "GRANT `some_role` TO `app`@`%`",
        "GRANT EXECUTE ON FUNCTION `zo_nes`.`f` TO `app`@`%`",
    ]
    held, powers = read_grants(lines, "zo_nes", tables)
    assert held == {"kfq_entry": {"SELECT", "INSERT", "UPDATE(columns)"}, "kfq_text": {"SELECT"}}
    assert powers == set()
    assert read_grants(["GRANT DROP ON `zo_nes`.* TO x"], "zoXnes", tables)[0]["kfq_text"] == {"DROP"}
    assert read_grants(["GRANT DROP ON `z%`.* TO x"], "zones", tables)[0]["kfq_text"] == {"DROP"}
    assert read_grants(["GRANT DROP ON `zo\\_nes`.* TO x"], "zoXnes", tables)[0]["kfq_text"] == set()
    held, powers = read_grants(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], "z", tables)
    assert powers == {"SUPER", "FILE", "GRANT OPTION"}
    assert held["kfq_text"] >= {"DELETE", "DROP", "UPDATE", "TRIGGER"}
    assert read_grants(["GRANT SUPER, RELOAD ON *.* TO x"], "z", tables)[1] == {"SUPER", "RELOAD"}


def test_lengths_of_time() -> None:
    assert [lasting(each, "en") for each in (-1, 5, 119, 120, 7199, 7200, 200_000)] == [
        "0 s", "5 s", "119 s", "2 min", "119 min", "2 h", "2 d",
    ]  # fmt: skip
    assert lasting(200_000, "zh") == "2 天"
    assert Item("sealing", "sealed", "ok", {"age": 7200, "size": 1, "open": 0}).text("zh").count("小时") == 1


def test_every_item_that_can_be_wrong_says_what_to_do() -> None:
    codes = {code.removeprefix("doctor.") for code in SENTENCES if code.startswith("doctor.")}
    fine = {code for code in codes if not code.endswith(".do") and f"{code}.do" not in codes}
    assert {code for code in fine if not code.startswith("limit.")} == {
        "account_application", "account_auditor", "checkpoint", "clock", "clock_newest", "durable", "erasers",
        "file_closed", "file_sound", "grants", "key_closed", "key_hidden", "key_unreadable", "my_reads", "no_powers",
        "offset", "pg_reads", "revision", "sealed", "separate", "sqlite_reads", "triggers", "zone",
    }  # fmt: skip


def test_the_engine_is_not_needed_to_look(database: Engine) -> None:
    build(database)
    before = rows(database, "~log")
    examine(database)
    assert rows(database, "~log") == before
    assert WorkflowEngine(database).log().revision


@pytest.mark.backends("postgresql18", "postgresql")
def test_settings_of_postgresql_that_are_weak(database: Engine) -> None:
    build(database)
    url = database.url
    options = f"{url.query.get('options', '')} -csynchronous_commit=off -csession_replication_role=replica".strip()
    weak = open_database(url.update_query_dict({"options": options}).render_as_string(hide_password=False))
    examination = looked(weak)
    assert "pg_replica" in found(examination, "problem")
    assert "pg_commit_lost" in found(examination, "warning")
    assert {i.values["name"] for i in examination.items if i.area == "settings"} >= {
        "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "session_replication_role",
        "log_statement",
    }  # fmt: skip
    weak.dispose()
    with accounts(database) as (application, _, _):
        name = open_database(application).url.username
        with database.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE kfq_task OWNER TO {name}")
        assert {"owners"} <= found(looked(database), "warning")
        with database.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE kfq_task OWNER TO CURRENT_USER")


@pytest.mark.backends("mariadb")
def test_settings_of_mariadb_that_are_weak(database: Engine) -> None:
    build(database)
    weak = open_database(
        database.url.render_as_string(hide_password=False),
        connect_args={"init_command": "SET SESSION sql_mode = '', SESSION foreign_key_checks = 0"},
    )
    assert {"my_not_strict", "my_foreign_keys"} <= found(looked(weak), "problem")
    weak.dispose()
    with database.begin() as connection:
        connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
        connection.exec_driver_sql(
            "ALTER TABLE kfq_task MODIFY gate VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )
        connection.exec_driver_sql("ALTER TABLE kfq_checkpoint ENGINE = MyISAM")
    examination = looked(database)
    assert {"my_collation", "my_engine"} <= found(examination, "problem")
    (wrong,) = [i for i in examination.items if i.code == "my_collation"]
    assert (wrong.values["table"], wrong.values["column"]) == ("kfq_task", "gate")
