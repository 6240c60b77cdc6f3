"""What the migrations make is what `init` makes, on each database; and Alembic's own command line works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from kfq_workflow import schema
from kfq_workflow.errors import NotInitialised
from kfq_workflow.stored import triggers
from kfq_workflow.stored.exclusive import exclusive
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

CREATED, MIGRATED = Tables(prefix="new_"), Tables(prefix="old_")

_PG = (
    """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, co.collname, a.attnum
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relkind = 'r' AND a.attnum > 0 AND starts_with(c.relname, '{prefix}')
    """,
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE starts_with(conname, '{prefix}')",
    "SELECT indexname, indexdef FROM pg_indexes WHERE starts_with(indexname, '{prefix}')",
    """
    SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal AND starts_with(tgname, '{prefix}')
    """,
)


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """Give an engine on an empty database."""
    database = create_engine(database_url)
    yield database
    database.dispose()


def migrate(database: Engine, tables: Tables, revision: str = "head") -> None:
    """Bring an empty database to a revision by Alembic alone."""
    with exclusive(database, tables) as connection:
        command.upgrade(schema.alembic_config(connection, tables), revision)


def stored(connection: Connection, tables: Tables) -> set[tuple[Any, ...]]:
    """Return the database's own description of the tables, indexes, constraints and triggers, prefix removed."""
    if connection.dialect.name == "sqlite":
        queries = ["SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name LIKE '{prefix}%'"]
    elif connection.dialect.name == "postgresql":
        queries = list(_PG)
    else:
        queries = [f"SHOW CREATE TABLE {table.name}" for table in (*tables, tables.version)]
        queries += [f"SHOW CREATE TRIGGER {name}" for name in triggers.status(connection, tables)]
    found = set()
    for query in queries:
        for row in connection.exec_driver_sql(query.replace("{prefix}", tables.prefix)):
            values = row[:3] if "SHOW CREATE TRIGGER" in query else row  # what follows is when it was made
            found.add(tuple(plain(str(value)).replace(tables.prefix, "") for value in values))
    return found


def plain(text: str) -> str:
    """Return SQL with its white space made even and MariaDB's index lines, which stand as they were made, sorted."""
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    keys = sorted(line for line in lines if line.startswith("KEY "))
    return re.sub(r"\s+", " ", " ".join([*(line for line in lines if line not in keys), *keys]))


def test_migrated_tables_equal_created_ones(empty: Engine) -> None:
    schema.init(empty, prefix="new_")
    migrate(empty, MIGRATED)
    with empty.connect() as connection:
        created, migrated = stored(connection, CREATED), stored(connection, MIGRATED)
    assert created == migrated
    assert len(created) >= 15


def test_alembic_finds_nothing_to_change(empty: Engine) -> None:
    migrate(empty, MIGRATED)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": MIGRATED.version.name})
        changes = compare_metadata(context, MIGRATED.metadata)
    # MariaDB makes itself an index for the foreign key.
    assert [change for change in changes if "instance_entry" not in str(change)] == []


def test_init_begins_a_log_in_migrated_tables(empty: Engine) -> None:
    migrate(empty, MIGRATED)
    with empty.connect() as connection, pytest.raises(NotInitialised):
        schema.check(connection, MIGRATED)
    schema.init(empty, prefix="old_")
    schema.init(empty, prefix="old_")
    with empty.connect() as connection:
        assert schema.check(connection, MIGRATED).revision == schema.REVISION
        assert set(triggers.status(connection, MIGRATED).values()) == {"present"}


def test_an_interrupted_migration_goes_on(empty: Engine) -> None:
    """MariaDB keeps the tables of a migration that did not come to its end."""
    migrate(empty, MIGRATED)
    with empty.begin() as connection:
        connection.exec_driver_sql("DELETE FROM old_schema")
        connection.exec_driver_sql("DROP TABLE old_instance")
    migrate(empty, MIGRATED)
    schema.init(empty, prefix="new_")
    with empty.connect() as connection:
        assert stored(connection, CREATED) == stored(connection, MIGRATED)


def test_every_script_is_known_to_the_library() -> None:
    scripts = ScriptDirectory.from_config(schema.alembic_config())
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == schema.REVISIONS
    assert scripts.get_current_head() == schema.REVISION


def test_a_log_is_never_taken_back(empty: Engine) -> None:
    schema.init(empty, prefix="old_")
    with pytest.raises(NotImplementedError), exclusive(empty, MIGRATED) as connection:
        command.downgrade(schema.alembic_config(connection, MIGRATED), "base")
    with empty.connect() as connection:
        assert schema.check(connection, MIGRATED).revision == schema.REVISION


def alembic(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Alembic's command line on the configuration beside the migrations."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(schema.migrations_folder() / "alembic.ini"), *arguments],
        env={**os.environ, "KFQ_DATABASE_URL": url, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_line_of_alembic(database_url: str, empty: Engine) -> None:
    assert alembic(database_url, "-x", "prefix=old_", "upgrade", "head").returncode == 0
    assert alembic(database_url, "-x", "prefix=old_", "current").stdout.strip() == f"{schema.REVISION} (head)"
    assert "not supported" in alembic(database_url, "upgrade", "head", "--sql").stdout
    schema.init(empty, prefix="old_")
    schema.init(empty, prefix="new_")
    with empty.connect() as connection:
        assert stored(connection, CREATED) == stored(connection, MIGRATED)


_NEXT = '''
"""A table is rebuilt, as SQLite must for nearly every change."""
import sqlalchemy as sa
from alembic import context, op
revision = "9001"
down_revision = "0004"

def upgrade():
    tables = context.config.attributes["tables"]
    with op.batch_alter_table(tables.text.name, schema=tables.schema, recreate="always") as batch:
        batch.add_column(sa.Column("extra", sa.Integer()))
'''


@pytest.mark.parametrize("verb", ["init", "upgrade"])
def test_triggers_come_back_after_a_migration(
    empty: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, verb: str
) -> None:
    """A migration on top of a log in use: `batch_alter_table` drops the table's triggers without a word."""
    if empty.dialect.name != "sqlite":
        pytest.skip("only SQLite rebuilds tables")
    schema.init(empty)
    import shutil

    folder = tmp_path / "migrations"
    shutil.copytree(schema.migrations_folder(), folder)
    (folder / "versions" / "9001_next.py").write_text(_NEXT)
    monkeypatch.setattr(schema, "migrations_folder", lambda: folder)
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9001"))
    monkeypatch.setattr(schema, "REVISION", "9001")
    with empty.connect() as connection:
        genesis = connection.execute(Tables().entry.select()).all()
    getattr(schema, verb)(empty)
    tables = Tables()
    with empty.connect() as connection:
        assert schema.check(connection, tables).revision == "9001"
        assert set(triggers.status(connection, tables).values()) == {"present"}
        assert connection.execute(tables.entry.select()).all() == genesis
    assert schema.current(empty) == "9001"
