"""A SQLite file that is damaged, or whose tables and indexes say different things, is found by whoever looks."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from threading import active_count, current_thread, main_thread
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import DatabaseUnavailable, VerificationInterrupted, WorkflowEngine, open_database, verify_database
from kfq_workflow.doctor import examine
from kfq_workflow.stored.database_source import DatabaseSource
from kfq_workflow.verify import workers
from tests.gated import prepare
from tests.tampering import TABLES, change, tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow.verify import Report
    from kfq_workflow.verify.report import Book

pytestmark = [pytest.mark.backends("sqlite"), pytest.mark.tampers]

#: Each table that is verified row by row, its indexes, the one that it is read by first.
INDEXES = {
    "entry": ("sqlite_autoindex_kfq_entry_1", "sqlite_autoindex_kfq_entry_2"),
    "text": ("sqlite_autoindex_kfq_text_1",),
    "instance": ("sqlite_autoindex_kfq_instance_1", "kfq_instance_workflow", "kfq_instance_root"),
    "task": ("sqlite_autoindex_kfq_task_1", "kfq_task_holder", "kfq_task_role", "kfq_task_org"),
    "leaf": ("sqlite_autoindex_kfq_leaf_1",),
    "sealed": ("sqlite_autoindex_kfq_sealed_1",),
}
TREES = [(table, tree) for table, indexes in INDEXES.items() for tree in (f"kfq_{table}", *indexes)]


@pytest.fixture
def log(database: Engine) -> Engine:
    """A sealed log with open tasks, each of its trees a single page."""
    prepare(database)
    engine = WorkflowEngine(database)
    engine.submit("p", "grant", by="app")
    engine.seal()
    engine.annotate("p", "其后", by="c1")
    return database


class Pages:
    """The file of a database that nobody has open."""

    def __init__(self, database: Engine) -> None:
        with database.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            found = connection.exec_driver_sql("SELECT name, rootpage FROM sqlite_master").fetchall()
        database.dispose()
        self._roots: dict[str, int] = {name: page for name, page in found}  # noqa: C416 - rows are no pairs to mypy
        self.path = Path(str(database.url.database))
        self._data = bytearray(self.path.read_bytes())
        self._size = int.from_bytes(self._data[16:18], "big") % 65_535

    def leaves(self, tree: str) -> list[int]:
        """Return where the pages of a tree begin that have rows and no pages below, in order."""
        found, below = [], [self._roots[tree]]
        while below:
            page = (below.pop() - 1) * self._size
            if self._data[page] in (10, 13):
                found.append(page)
                continue
            cells = (self._number(page + 12 + 2 * cell, 2) for cell in range(self._number(page + 3, 2)))
            below += [self._number(page + 8, 4), *reversed([self._number(page + cell, 4) for cell in cells])]
        return found

    def drop(self, tree: str) -> None:
        """Take the last row out."""
        page = self.leaves(tree)[-1]
        number = self._number(page + 3, 2) - 1
        assert number > 0
        self._data[page + 3 : page + 5] = number.to_bytes(2, "big")

    def double(self, tree: str) -> None:
        """Let the last row be there twice, instead of the one before it."""
        page = self.leaves(tree)[-1]
        last = page + 8 + 2 * (self._number(page + 3, 2) - 1)
        assert last > page + 8
        self._data[last - 2 : last] = self._data[last : last + 2]

    def crowd(self, tree: str) -> None:
        """Say that rows begin further down the page than they do."""
        page = self.leaves(tree)[-1]
        self._data[page + 6] ^= 255

    def free(self, tree: str) -> None:
        """Say that the first page of a tree is free."""
        self._data[32:40] = self._roots[tree].to_bytes(4, "big") + (1).to_bytes(4, "big")

    def exchange(self, tree: str) -> None:
        """Exchange the last two rows."""
        page = self.leaves(tree)[-1]
        last = page + 8 + 2 * (self._number(page + 3, 2) - 1)
        assert last > page + 8
        self._data[last - 2 : last + 2] = self._data[last : last + 2] + self._data[last - 2 : last]

    def rename(self, tree: str, old: bytes, new: bytes) -> None:
        """Change a value that is there once."""
        pages = [slice(page, page + self._size) for page in self.leaves(tree)]
        (page,) = [page for page in pages if old in self._data[page]]
        assert self._data[page].count(old) == 1
        self._data[page] = self._data[page].replace(old, new)

    def _number(self, place: int, size: int) -> int:
        return int.from_bytes(self._data[place : place + size], "big")

    def write(self) -> None:
        self.path.write_bytes(self._data)


def damaged(report: Report) -> set[str]:
    """The tables that are reported as such."""
    return {str(found.values["table"]) for found in report.findings if found.kind == "damaged"}


@pytest.mark.parametrize(("how", "jobs"), [("drop", 1), ("drop", 2), ("double", 1), ("exchange", 1)])
@pytest.mark.parametrize(("table", "tree"), TREES)
def test_rows_that_only_the_table_or_an_index_has_or_elsewhere(
    log: Engine, table: str, tree: str, how: str, jobs: int
) -> None:
    pages = Pages(log)
    getattr(pages, how)(tree)
    pages.write()
    try:
        report = verify_database(log, jobs=jobs)
    except (DatabaseUnavailable, VerificationInterrupted) as error:  # an index leads to a row that is not there
        refused = error.text()
        report = None
    if report is None:
        assert tree == f"kfq_{table}"
        assert "malformed" in refused
        return
    assert report.verdict == "tampered"
    assert damaged(report) == {f"kfq_{table}"}


@pytest.mark.parametrize(
    "change",
    [
        "genesis = NULL",
        "genesis = 'x'",
        "log = x'00'",
        "suite = x'01'",
        "utc_offset = 'x'",
        "schema_revision = x'ff'",
        "log = CAST(x'ff41' AS TEXT)",
    ],
)
def test_a_log_whose_own_row_cannot_be_read(log: Engine, change: str) -> None:
    pages = Pages(log)
    with sqlite3.connect(pages.path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'kfq_log'")
        connection.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    connection.close()
    with sqlite3.connect(pages.path) as connection:
        connection.execute(f"UPDATE kfq_log SET {change}")
    connection.close()
    with pytest.raises(DatabaseUnavailable, match="kfq_log") as caught:
        verify_database(log)
    assert caught.value.code == "database_damaged"


def test_a_log_with_two_rows_about_itself(log: Engine) -> None:
    pages = Pages(log)
    with sqlite3.connect(pages.path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(
            "INSERT INTO kfq_log SELECT 2, log, suite, genesis, utc_offset, schema_revision FROM kfq_log"
        )
    connection.close()
    with pytest.raises(DatabaseUnavailable, match="kfq_log"):
        verify_database(log)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("table", ["entry", "text", "task", "leaf", "sealed"])
@pytest.mark.parametrize("side", ["table", "index"])
def test_a_row_that_has_another_key_in_the_index(log: Engine, table: str, side: str, jobs: int) -> None:
    """Which of the two is read would decide what the row is about."""
    pages = Pages(log)
    old, new = (b"pgrantapplicant", b"qgrantapplicant") if table == "task" else (b"~actor/c2", b"~actor/d2")
    pages.rename(f"kfq_{table}" if side == "table" else INDEXES[table][0], old, new)
    pages.write()
    report = verify_database(log, jobs=jobs)
    assert report.verdict == "tampered"
    assert damaged(report) >= {f"kfq_{table}"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_table_that_disagrees_with_its_index_is_found(
    log: Engine, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read through the index is then not what the table holds: a row that is gone for some is there."""
    stale(log)
    looked: list[str] = []
    sound = DatabaseSource.sound
    monkeypatch.setattr(
        DatabaseSource, "sound", lambda source, book: (looked.append(current_thread().name), sound(source, book))
    )
    report = verify_database(log, jobs=jobs)
    found = {
        (finding.kind, str(finding.values.get("table"))) for finding in report.findings if finding.layer == "database"
    }
    assert found == {("damaged", "kfq_instance")}
    assert report.verdict == "tampered"
    assert [name == "MainThread" for name in looked] == [jobs == 1]


def test_damage_is_found_where_the_thread_cannot_look(log: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    stale(log)
    sound = DatabaseSource.sound

    def unable(source: DatabaseSource, book: Book) -> None:
        if current_thread() is not main_thread():
            raise OSError
        sound(source, book)

    monkeypatch.setattr(DatabaseSource, "sound", unable)
    assert "damaged" in {finding.kind for finding in verify_database(log, jobs=2).findings}


def test_whoever_interrupts_does_not_wait_for_the_thread(log: Engine, monkeypatch: pytest.MonkeyPatch) -> None:

    def endless(source: DatabaseSource, book: Book) -> None:
        del book
        count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
        source._connection.exec_driver_sql(count)  # noqa: SLF001 - what only an interruption ends

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DatabaseSource, "sound", endless)
    monkeypatch.setattr(workers, "read_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        verify_database(log, jobs=2)
    assert active_count() == 1


def stale(database: Engine) -> None:
    """Change a row of a SQLite file's table while SQLite does not know of an index on it."""
    with tampering(database) as connection:
        name = "kfq_instance_workflow"
        row = connection.exec_driver_sql("SELECT * FROM sqlite_master WHERE name = ?", (name,)).one()
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("DELETE FROM sqlite_master WHERE name = ?", (name,))
        connection.commit()
    database.dispose()
    with tampering(database) as connection:
        change(connection, "instance", {"key": "p"}, {"workflow": "elsewhere"})
        connection.commit()
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", tuple(row))
        connection.commit()
    database.dispose()


def test_the_doctor_tells_what_is_wrong_with_the_file(log: Engine) -> None:
    """The rows of a page are all there, but SQLite would write the next one over them."""
    assert "file_sound" in {item.code for item in examine(log).items}
    pages = Pages(log)
    pages.crowd("kfq_sealed")
    pages.write()
    assert damaged(verify_database(log)) == {"kfq_sealed"}
    examination = examine(log)
    assert not examination.sound
    assert "file_damaged" in {item.code for item in examination.items}


def test_the_doctor_looks_at_the_whole_file(log: Engine) -> None:
    """A page in use that counts as free: SQLite would write over it next."""
    pages = Pages(log)
    pages.free("kfq_schema")
    pages.write()
    assert "file_damaged" in {item.code for item in examine(log).items}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("table", ["entry", "text", "task", "sealed"])
def test_a_row_without_a_key_is_in_one_part(log: Engine, tmp_path: Path, table: str, jobs: int) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(Pages(log).path, copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        sql = "replace(sql, 'instance VARCHAR(128) NOT NULL', 'instance VARCHAR(128)')"
        connection.execute(f"UPDATE sqlite_master SET sql = {sql} WHERE name = 'kfq_{table}'")
        connection.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    connection.close()
    with sqlite3.connect(copy) as connection:
        columns = ", ".join(column.name for column in list(getattr(TABLES, table).columns)[1:])
        columns = f'"{columns}"'.replace(", ", '", "')
        connection.execute(
            f"INSERT INTO kfq_{table} SELECT NULL, {columns} FROM kfq_{table} WHERE instance = 'p' LIMIT 1"
        )
    connection.close()
    report = verify_database(open_database(f"sqlite:///{copy}"), jobs=jobs)
    found = {(each.layer, each.kind) for each in report.findings if each.layer != "database"}
    assert found >= {
        "entry": {("bytes", "columns")}, "text": {("text", "orphan")}, "task": {("cache", "task_orphan")},
        "sealed": {("cache", "sealed_orphan")},
    }[table]  # fmt: skip


@pytest.mark.parametrize(
    "index",
    [
        "ON kfq_entry (actor)", "ON kfq_entry (actor COLLATE NOCASE, via)", "ON kfq_entry (lower(actor))",
        "ON kfq_entry (at) WHERE kind <> 'fired'", "ON kfq_entry (instance, seq)", "ON kfq_entry (instance DESC, seq)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_index_of_the_users_own(log: Engine, index: str, jobs: int) -> None:
    """It is seen to, too, and hinders nothing."""
    with log.connect() as connection:
        connection.exec_driver_sql(f"CREATE INDEX own {index}")
        connection.commit()
    report = verify_database(log, jobs=jobs)
    assert (report.verdict, report.findings) == ("self-consistent", ())
    pages = Pages(log)
    pages.drop("own")
    pages.write()
    assert damaged(verify_database(log, jobs=jobs)) == {"kfq_entry"}
