"""Make the tables of a log, bring them up to date, and tell whether a database holds a log of this revision.

    absent ──init──▶ tables + triggers + genesis + row of kfq_log, revision = REVISION
    older  ──init or upgrade──▶ Alembic's migrations, then the triggers again
    newer or unknown, or tables of these names that are not ours: refused

The revision is stored twice: Alembic's table says up to where its migrations ran, kfq_log says for which one the log
was made ready. What reads and writes a log looks at kfq_log alone, with the head that it needs anyhow; what looks after
the tables compares the two. They differ where MariaDB kept an upgrade that was interrupted, which `upgrade` and `init`
bring to its end, or where somebody changed one of them, which is refused.

`init` makes a new log without loading Alembic; only a migration loads it. All of it happens under one lock, in one
transaction where the database allows DDL in one. MariaDB does not: there the row of kfq_log comes last, and until it
is there the next `init` goes on where the last one stopped.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import DBAPIError

from kfq_workflow.audit.suite import hash_of
from kfq_workflow.entry import NO_PREV, VERSION, normal_text, seal
from kfq_workflow.errors import (
    DatabaseUnavailable,
    InvalidInput,
    KfqError,
    NotInitialised,
    SchemaOutOfDate,
    TransactionLost,
)
from kfq_workflow.hashing import SUITE
from kfq_workflow.log import LogHead
from kfq_workflow.state import Snapshot
from kfq_workflow.stored import triggers
from kfq_workflow.stored.clock import clock_of
from kfq_workflow.stored.database_errors import translate, unavailable
from kfq_workflow.stored.exclusive import exclusive
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

#: Every revision that `migrations/` knows, oldest first.
REVISIONS = ("0001", "0002", "0003", "0004")
REVISION = REVISIONS[-1]

LOG = "~log"

_DAY = 24 * 60


def init(
    database: Engine,
    *,
    schema: str | None = None,
    prefix: str = "kfq_",
    utc_offset: int = 480,
    origin: str = "",
    suite: str | None = None,
    via: str = "python",
    actor: str = "system",
) -> None:
    """Create the log, or bring its tables up to date; a log of this revision is left as it is.

    `utc_offset` is in minutes and fixed for ever: it says when a day begins. `origin` names the installation in
    checkpoints. `suite` names hashes and signatures for ever: s1, SHA-256 with Ed25519, unless s2 is said, SM3 with
    SM2 (see `audit.suite`). `via` and `actor` stand in the genesis entry. A PostgreSQL schema is created when it
    is missing.

    Raises InvalidInput (also where the log has another suite than was asked for), SchemaOutOfDate (newer than this
    library) and DatabaseUnavailable (not ours, read-only, locked, gone, …).
    """
    tables = Tables(schema, prefix)
    if type(utc_offset) is not int or not -_DAY < utc_offset < _DAY:
        raise InvalidInput("invalid_value", name="utc_offset", value=utc_offset, type="-1439..1439")
    origin = normal_text(origin, limit=255, what="origin")
    if suite is not None:
        hash_of(suite)
    with _translated(database):
        if _is_current(database, tables):
            with database.connect() as connection:
                _check_suite(connection, tables, suite)
            return
        with exclusive(database, tables) as connection:
            revision = _revision(connection, tables)
            if revision is None:
                _create(connection, tables)
            elif revision != REVISION:
                _migrate(connection, tables)
            elif _differing(connection, tables, revision):
                finish_migration(connection, tables)
            if _head(connection, tables) is None:
                about = {"suite": suite or SUITE, "utc_offset": utc_offset} | ({"origin": origin} if origin else {})
                _begin_log(connection, tables, about, via=via, actor=actor)
            _check_suite(connection, tables, suite)
        if database.dialect.name == "sqlite":
            _write_ahead(database)


def _write_ahead(database: Engine) -> None:
    """Let readers and a writer of an SQLite file not wait for each other; the file remembers it."""
    connection = database.raw_connection()  # outside of any transaction, which a host's events may begin
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        connection.close()


def upgrade(database: Engine, *, schema: str | None = None, prefix: str = "kfq_") -> None:
    """Run the migrations that are missing and make the triggers anew.

    Raises NotInitialised when there is no log, else as `init`.
    """
    tables = Tables(schema, prefix)
    with _translated(database), exclusive(database, tables) as connection:
        if _revision(connection, tables) is None:
            raise NotInitialised(database=_name(connection))
        _migrate(connection, tables)
        finish_migration(connection, tables)


def current(database: Engine, *, schema: str | None = None, prefix: str = "kfq_") -> str | None:
    """Return the revision of the stored tables, or None when there are none.

    Raises SchemaOutOfDate `revisions_differ` or `revision_changed` when kfq_log names another one than Alembic's table.
    """
    tables = Tables(schema, prefix)
    with _translated(database), database.connect() as connection:
        revision = _stored_revision(connection, tables)
        if revision is not None and (log := _differing(connection, tables, revision)):
            raise _differ(tables, revision, log)
        return revision


def check(connection: Connection, tables: Tables) -> LogHead:
    """Return the log's head when the tables are there and of this revision, at the cost of one SELECT.

    Raises NotInitialised, SchemaOutOfDate and DatabaseUnavailable. On PostgreSQL a missing table spoils the
    caller's transaction, which could do nothing without it.
    """
    name = _name(connection)
    try:
        head = _head(connection, tables)
    except DBAPIError as error:
        found = translate(error, database=name)
        if found is None and "decode" in str(error):  # text that is none
            found = DatabaseUnavailable("database_damaged", database=name, reason=tables.log.name)
        if found is None:  # the table is there, its columns are not
            found = DatabaseUnavailable("not_ours", database=name)
        raise found from error
    if head is None:
        raise NotInitialised(database=name)
    _check_revision(head.revision)
    return head


def _is_current(database: Engine, tables: Tables) -> bool:
    """Tell whether nothing is to be done, without a lock; refuses tables that are newer or not ours."""
    with database.connect() as connection:
        try:
            return check(connection, tables).revision == REVISION
        except NotInitialised:
            return False
        except SchemaOutOfDate as error:
            if error.code != SchemaOutOfDate.default_code:
                raise
            return False


def _revision(connection: Connection, tables: Tables) -> str | None:
    """Return the stored revision, or None where the tables are still to be made; refuses what is not ours."""
    revision = _stored_revision(connection, tables)
    if revision is not None:
        log = _differing(connection, tables, revision)
        if log and (log not in REVISIONS or log > revision):
            raise _differ(tables, revision, log)
        if revision not in REVISIONS:
            _check_revision(revision)
        return revision
    inspector = inspect(connection)
    present = set(inspector.get_table_names(schema=tables.schema)) | set(inspector.get_view_names(schema=tables.schema))
    for table in (*tables, tables.version):
        if table.name in present:
            columns = [column["name"] for column in inspector.get_columns(table.name, schema=tables.schema)]
            if columns != [column.name for column in table.columns]:
                raise DatabaseUnavailable("not_ours", database=_name(connection))
    if tables.log.name in present and _head(connection, tables) is not None:
        raise DatabaseUnavailable("not_ours", database=_name(connection))
    return None


def _stored_revision(connection: Connection, tables: Tables) -> str | None:
    inspector = inspect(connection)
    if not inspector.has_table(tables.version.name, schema=tables.schema):
        return None
    columns = [column["name"] for column in inspector.get_columns(tables.version.name, schema=tables.schema)]
    if columns != ["version_num"]:
        raise DatabaseUnavailable("not_ours", database=_name(connection))
    return connection.execute(select(tables.version.c.version_num)).scalar()


def _differing(connection: Connection, tables: Tables, revision: str) -> str | None:
    """Return the revision that kfq_log names when it is another one than that of Alembic's table."""
    if not inspect(connection).has_table(tables.log.name, schema=tables.schema):
        return None
    try:
        head = _head(connection, tables)
    except DBAPIError:
        if revision in REVISIONS:
            raise
        return None  # the columns of a revision that is not known need not be ours
    return head.revision if head is not None and head.revision != revision else None


def _differ(tables: Tables, revision: str, log: str) -> SchemaOutOfDate:
    """Return the error for two revisions; the command helps where an upgrade was interrupted, and only there."""
    code = "revisions_differ" if log in REVISIONS and log < revision else "revision_changed"
    where = {"table": tables.version.name, "found": revision, "log_table": tables.log.name, "log": log}
    return SchemaOutOfDate(code, needed=REVISION, command="kfq db upgrade", **where)


def _check_revision(found: str) -> None:
    if found == REVISION:
        return
    if found in REVISIONS:
        raise SchemaOutOfDate(found=found, needed=REVISION, command="kfq db upgrade")
    is_newer = found.isdecimal() and int(found) > int(REVISION)
    known = f"{REVISIONS[0]}-{REVISION}"
    raise SchemaOutOfDate("schema_too_new" if is_newer else "schema_unknown", found=found, needed=REVISION, known=known)


def _head(connection: Connection, tables: Tables) -> LogHead | None:
    log = tables.log.c
    query = select(log.log, log.suite, log.genesis, log.utc_offset, log.schema_revision)
    rows = connection.execute(query).fetchmany(2)
    if not rows:
        return None
    name, suite, genesis, offset, revision = rows[0]
    kinds = type(name), type(suite), type(offset), type(revision)
    if len(rows) > 1 or kinds != (str, str, int, str) or not isinstance(genesis, bytes | memoryview):
        raise DatabaseUnavailable("database_damaged", database=_name(connection), reason=tables.log.name)
    return LogHead(name, suite, bytes(genesis), offset, revision)


def _create(connection: Connection, tables: Tables) -> None:
    """Make what is missing of the tables, indexes and triggers."""
    wanted = tables.schema if connection.dialect.name == "postgresql" else None
    if wanted is not None and wanted not in inspect(connection).get_schema_names():
        connection.exec_driver_sql(f"CREATE SCHEMA {connection.dialect.identifier_preparer.quote(wanted)}")
    tables.metadata.create_all(connection)
    for table in tables:
        for index in table.indexes:  # MariaDB may have stopped between a table and its indexes
            index.create(connection, checkfirst=True)
    if connection.dialect.name == "postgresql":  # ANALYZE would keep samples of words, which outlive their erasure
        text = connection.dialect.identifier_preparer.format_table(tables.text)  # type: ignore[no-untyped-call,unused-ignore]
        connection.exec_driver_sql(f"ALTER TABLE {text} ALTER COLUMN value SET STATISTICS 0")
    triggers.create(connection, tables)
    connection.execute(tables.version.insert(), {"version_num": REVISION})


def _check_suite(connection: Connection, tables: Tables, wanted: str | None) -> None:
    """Refuse to leave a log as it is whose suite is another than was asked for: it can never be changed."""
    head = _head(connection, tables)
    if wanted is not None and head is not None and head.suite != wanted:
        raise InvalidInput("suite_differs", found=head.suite, wanted=wanted)


def _begin_log(connection: Connection, tables: Tables, body: dict[str, Any], *, via: str, actor: str) -> None:
    """Write the genesis entry, its instance and the row of kfq_log, which makes the log exist."""
    name = secrets.token_hex(16)
    at = clock_of(connection)
    first = (LOG, 1, "genesis", at, actor, via, None, None, VERSION)
    row = seal(name, first, NO_PREV, body, hash_of(body["suite"]))
    snapshot = Snapshot()
    snapshot.apply(row.seq, row.kind, body)
    columns = [column.name for column in tables.entry.columns]
    connection.execute(tables.entry.insert(), dict(zip(columns, row, strict=True)))
    connection.execute(
        tables.instance.insert(),
        {"key": LOG, "workflow": LOG, "seq": 1, "rev": 1, "head": row.leaf, "at": at, "snapshot": snapshot.encode()},
    )
    connection.execute(
        tables.log.insert(),
        {
            "id": 1,
            "log": name,
            "suite": body["suite"],
            "genesis": row.leaf,
            "utc_offset": body["utc_offset"],
            "schema_revision": REVISION,
        },
    )


def _migrate(connection: Connection, tables: Tables) -> None:
    """Run Alembic from the stored revision to the newest; `migrations/env.py` makes the triggers anew."""
    from alembic import command

    command.upgrade(alembic_config(connection, tables), "head")


def finish_migration(connection: Connection, tables: Tables) -> None:
    """Make the triggers anew, which a migration that rebuilds a table drops, check them and note the revision."""
    present = set(inspect(connection).get_table_names(schema=tables.schema))
    triggers.create(connection, tables, present)
    wanted = {each.name for each in triggers.expected(connection.dialect, tables) if each.table.name in present}
    states = triggers.status(connection, tables)
    bad = sorted(name for name in wanted if states[name] != triggers.PRESENT)
    if bad:
        raise DatabaseUnavailable("triggers_missing", database=_name(connection), triggers=bad)
    connection.execute(
        tables.log.update().values(schema_revision=select(tables.version.c.version_num).scalar_subquery())
    )


def alembic_config(connection: Connection | None = None, tables: Tables | None = None) -> Config:
    """Return Alembic's configuration for this library's migrations, on a connection that `exclusive` opened."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes.update(connection=connection, tables=tables)
    return config


def migrations_folder() -> Path:
    """Return the folder of the migrations: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def _name(connection: Connection) -> str:
    """Return the database's address for a message, without its password."""
    return connection.engine.url.render_as_string(hide_password=True)


@contextmanager
def _translated(database: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        found: KfqError | None = translate(error, database=database.url.render_as_string(hide_password=True))
        if isinstance(found, TransactionLost):
            found = unavailable(found)
        if found is None:
            raise
        raise found from error
