"""The triggers that refuse to change the log: a second belt beside the grants, on every database.

    table      refused                                          why
    entry      UPDATE, DELETE, REPLACE, TRUNCATE                insert only
    document   UPDATE, DELETE, REPLACE, TRUNCATE                insert only
    text       UPDATE, REPLACE, TRUNCATE, DELETE unless redacted  see below
    log        UPDATE except of schema_revision, DELETE, …      one row, for ever
    instance   DELETE, REPLACE, TRUNCATE                        its row is a cache; that it exists is not
    leaf       UPDATE, DELETE, REPLACE, TRUNCATE                insert only
    checkpoint UPDATE, DELETE, REPLACE, TRUNCATE                insert only
    task       nothing                                          a cache through and through: rebuilt from entries
    sealed     nothing                                          a cache of leaf

DELETE of a text is refused unless its instance has an entry of kind `redacted` that names the entry and the field:
whoever erases must first put on record, in the same transaction, what and why, and verify judges whether that was
allowed. The entry is found by its bytes, `{"field":…,"seq":…}`, which no word of a person can forge: JSON escapes
their quotes. SQLite has no grants to leave this to, and MariaDB's REPLACE is a DELETE that an UPDATE trigger never
sees.

On SQLite REPLACE fires no DELETE trigger, so an INSERT trigger looks whether a key of the new row is taken, the
rowid among them. That refuses `ON CONFLICT DO UPDATE` as well, on `instance` too; all triggers together leave 0.95
of the raw driver's rate with one act a transaction, 0.92 with a thousand. On PostgreSQL the triggers are
ENABLE ALWAYS, or `session_replication_role = replica` walks past them. MariaDB's TRUNCATE fires no trigger: the
foreign key stops it on `entry`, the missing DROP privilege on the others. Nothing here stops an owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import UniqueConstraint, bindparam, text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection, Dialect, Table

    from kfq_workflow.stored.tables import Tables

PRESENT, MISSING, DISABLED, ALTERED, UNKNOWN = "present", "missing", "disabled", "altered", "unknown"

_PG_EVENTS = {"DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_PG_BODY = """
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
    MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused';
END
"""
_PG_ERASE = """
BEGIN
  IF EXISTS (
    SELECT 1 FROM {entry} e WHERE e.instance = OLD.instance AND e.kind = 'redacted'
      AND strpos(e.body, '{{"field":"' || OLD.field || '","seq":' || OLD.seq || '}}') > 0
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
    MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused';
END
"""
_PG_STATUS = """
SELECT t.tgname, t.tgenabled, t.tgtype, t.tgqual IS NULL, p.prosrc, l.lanname,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum = ANY(t.tgattr))
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND c.relname IN :tables
AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
_MARIADB_STATUS = """
SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT FROM information_schema.TRIGGERS
WHERE EVENT_OBJECT_SCHEMA = COALESCE(:schema, DATABASE()) AND EVENT_OBJECT_TABLE IN :tables
"""
_MARIADB_ACCESS_DENIED = 1227


@dataclass(frozen=True, slots=True)
class Trigger:
    """One refusal: `event` on `table` is UPDATE, DELETE, TRUNCATE or INSERT (which stands for REPLACE).

    `columns` narrows an UPDATE to a change of these; empty means any. `redacted` is the table of entries where one of
    kind `redacted` that names the row lets it go.
    """

    table: Table
    event: str
    columns: tuple[str, ...] = ()
    redacted: Table | None = None

    @property
    def name(self) -> str:
        """The trigger's name, from its table's."""
        event = "replace" if self.event == "INSERT" else self.event.lower()
        return f"{self.table.name}_no_{event}"

    @property
    def message(self) -> str:
        """What the database says when it refuses."""
        event = "REPLACE" if self.event == "INSERT" else self.event
        return f"{self.table.name} is append-only: {event} is refused"


def expected(dialect: Dialect, tables: Tables) -> tuple[Trigger, ...]:
    """Return the triggers that belong on this database, in the order in which they are created."""
    found = []
    extra = {"sqlite": ("INSERT",), "postgresql": ("TRUNCATE",)}.get(dialect.name, ())
    fixed = tuple(column.name for column in tables.log.columns if column.name != "schema_revision")
    for table in tables:
        if tables.is_cache(table):
            continue
        if table is not tables.instance:
            found.append(Trigger(table, "UPDATE", fixed if table is tables.log else ()))
        found.append(Trigger(table, "DELETE", redacted=tables.entry if table is tables.text else None))
        found.extend(Trigger(table, event) for event in extra)
    return tuple(found)


def create(connection: Connection, tables: Tables, present: Collection[str] | None = None) -> None:
    """Create the triggers, replacing any of their names; commits nothing itself, though MariaDB's DDL does.

    `present` names the tables that there are, where a migration stopped before the newest revision.
    """
    dialect = connection.dialect
    if dialect.name == "postgresql":
        for erases in (False, True):
            connection.exec_driver_sql(
                f"CREATE OR REPLACE FUNCTION {_pg_function(dialect, tables, erases=erases)}() RETURNS trigger "
                f"LANGUAGE plpgsql AS $kfq${_pg_body(dialect, tables, erases=erases)}$kfq$"
            )
    for trigger in expected(dialect, tables):
        if present is not None and trigger.table.name not in present:
            continue
        for statement in _statements(dialect, tables, trigger):
            connection.exec_driver_sql(statement)


def drop(connection: Connection, tables: Tables) -> None:
    """Drop those of the triggers that exist: for migrations that rebuild a table, and for tests that tamper."""
    dialect = connection.dialect
    for trigger in expected(dialect, tables):
        name = _quoted(dialect, tables, trigger.name)
        if dialect.name == "postgresql":
            name = f"{dialect.identifier_preparer.quote(trigger.name)} ON {_table(dialect, trigger.table)}"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def status(connection: Connection, tables: Tables) -> Mapping[str, str]:
    """Tell of each expected trigger whether it is there and as this library makes it.

    `present`; `missing`; `disabled`; `altered`: it differs in anything, on PostgreSQL also in ENABLE ALWAYS;
    `unknown`: this account may not see it (MariaDB shows triggers only to accounts with the TRIGGER privilege).
    """
    dialect = connection.dialect
    read = {"sqlite": _sqlite_status, "postgresql": _pg_status}.get(dialect.name, _mariadb_status)
    triggers = expected(dialect, tables)
    seen = read(connection, tables, triggers)
    return {trigger.name: seen.get(trigger.name, MISSING) for trigger in triggers}


def _statements(dialect: Dialect, tables: Tables, trigger: Trigger) -> Iterable[str]:
    if dialect.name == "sqlite":
        yield f"DROP TRIGGER IF EXISTS {_quoted(dialect, tables, trigger.name)}"
        schema = "" if tables.schema is None else f"{dialect.identifier_preparer.quote(tables.schema)}."
        yield f"CREATE TRIGGER {schema}{_sqlite_rest(dialect, trigger)}"
        return
    table = _table(dialect, trigger.table)
    if dialect.name == "postgresql":
        name = dialect.identifier_preparer.quote(trigger.name)
        columns = f" OF {_names(dialect, trigger.columns)}" if trigger.columns else ""
        each = "STATEMENT" if trigger.event == "TRUNCATE" else "ROW"
        yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
        yield (
            f"CREATE TRIGGER {name} BEFORE {trigger.event}{columns} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION {_pg_function(dialect, tables, erases=trigger.redacted is not None)}()"
        )
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"
        return
    yield (
        f"CREATE OR REPLACE TRIGGER {_quoted(dialect, tables, trigger.name)} BEFORE {trigger.event} ON {table} "
        f"FOR EACH ROW {_mariadb_body(dialect, trigger)}"
    )


def _sqlite_rest(dialect: Dialect, trigger: Trigger) -> str:
    """Return what follows `CREATE TRIGGER` and the schema: exactly what SQLite keeps in its catalogue."""
    quote = dialect.identifier_preparer.quote
    table = quote(trigger.table.name)
    columns = f" OF {_names(dialect, trigger.columns)}" if trigger.columns else ""
    when = ""
    if trigger.event == "INSERT":
        keys = [("rowid",), *_keys(trigger.table)]
        taken = (
            f"EXISTS (SELECT 1 FROM {table} WHERE " + " AND ".join(f"{quote(c)} = NEW.{quote(c)}" for c in key) + ")"
            for key in keys
        )
        when = f" WHEN {' OR '.join(taken)}"
    if trigger.redacted is not None:
        when = f" WHEN NOT {_redacted(dialect, trigger.redacted, quote(trigger.redacted.name))}"
    return (
        f"{quote(trigger.name)} BEFORE {trigger.event}{columns} ON {table}{when} "
        f"BEGIN SELECT RAISE(ABORT, '{trigger.message}'); END"
    )


def _redacted(dialect: Dialect, entry: Table, name: str) -> str:
    """Return the SQL of: an entry says that the text is erased. SQLite's triggers name the tables of their own file."""
    words = ('\'{"field":"\'', "OLD.field", '\'","seq":\'', "OLD.seq", "'}'")
    sought = " || ".join(words) if dialect.name == "sqlite" else f"CONCAT({', '.join(words)})"
    table = name if dialect.name == "sqlite" else _table(dialect, entry)
    return (
        f"EXISTS (SELECT 1 FROM {table} e WHERE e.instance = OLD.instance AND e.kind = 'redacted' "
        f"AND INSTR(e.body, {sought}) > 0)"
    )


def _mariadb_body(dialect: Dialect, trigger: Trigger) -> str:
    refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{trigger.message}'"
    if trigger.redacted is not None:
        return f"IF NOT {_redacted(dialect, trigger.redacted, '')} THEN {refuse}; END IF"
    if not trigger.columns:
        return refuse
    quote = dialect.identifier_preparer.quote
    same = " AND ".join(f"OLD.{quote(name)} <=> NEW.{quote(name)}" for name in trigger.columns)
    return f"IF NOT ({same}) THEN {refuse}; END IF"


def _sqlite_status(connection: Connection, tables: Tables, triggers: Iterable[Trigger]) -> dict[str, str]:
    quote = connection.dialect.identifier_preparer.quote
    catalogue = f"{quote(tables.schema or 'main')}.sqlite_master"
    rows = connection.exec_driver_sql(f"SELECT name, sql FROM {catalogue} WHERE type = 'trigger'")
    stored = {row[0]: row[1] for row in rows}
    return {
        trigger.name: PRESENT
        if stored[trigger.name] == f"CREATE TRIGGER {_sqlite_rest(connection.dialect, trigger)}"
        else ALTERED
        for trigger in triggers
        if trigger.name in stored
    }


def _pg_status(connection: Connection, tables: Tables, triggers: Iterable[Trigger]) -> dict[str, str]:
    stored = _stored(connection, tables, _PG_STATUS)
    found = {}
    for trigger in triggers:
        if trigger.name not in stored:
            continue
        enabled, *shape, columns = stored[trigger.name]
        kind = 2 + _PG_EVENTS[trigger.event] + (trigger.event != "TRUNCATE")
        # A driver of the style `%s` reads the name of a schema with its percent signs doubled, and stores them single.
        body = _pg_body(connection.dialect, tables, erases=trigger.redacted is not None).replace("%%", "%")
        same = shape == [kind, True, body, "plpgsql"] and set(columns) == set(trigger.columns)
        off = _letter(enabled) in "DR"
        found[trigger.name] = DISABLED if off else PRESENT if same and _letter(enabled) == "A" else ALTERED
    return found


def _stored(connection: Connection, tables: Tables, query: str) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        text(query).bindparams(bindparam("tables", expanding=True)),
        {"schema": tables.schema, "tables": [table.name for table in tables]},
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _letter(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _mariadb_status(connection: Connection, tables: Tables, triggers: Iterable[Trigger]) -> dict[str, str]:
    stored = _stored(connection, tables, _MARIADB_STATUS)
    found = {}
    for trigger in triggers:
        if trigger.name in stored and stored[trigger.name][-1] is None:
            found[trigger.name] = (
                UNKNOWN  # an account that may write to the table sees that it is there, not what it does
            )
        elif trigger.name in stored:
            wanted = ("BEFORE", trigger.event, _mariadb_body(connection.dialect, trigger))
            found[trigger.name] = PRESENT if stored[trigger.name] == wanted else ALTERED
        elif _mariadb_hides(connection, tables, trigger):
            found[trigger.name] = UNKNOWN
    return found


def _mariadb_hides(connection: Connection, tables: Tables, trigger: Trigger) -> bool:
    """Tell whether a trigger that the catalogue does not show exists all the same."""
    name = _quoted(connection.dialect, tables, trigger.name)
    try:
        connection.exec_driver_sql(f"SHOW CREATE TRIGGER {name}")
    except DBAPIError as error:
        return bool(error.orig and error.orig.args and error.orig.args[0] == _MARIADB_ACCESS_DENIED)
    return False


def _keys(table: Table) -> list[tuple[str, ...]]:
    unique = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    return [tuple(column.name for column in key.columns) for key in (table.primary_key, *unique)]


def _pg_function(dialect: Dialect, tables: Tables, *, erases: bool) -> str:
    return _quoted(dialect, tables, f"{tables.prefix}{'erase' if erases else 'refuse'}")


def _pg_body(dialect: Dialect, tables: Tables, *, erases: bool) -> str:
    return _PG_ERASE.format(entry=_table(dialect, tables.entry)) if erases else _PG_BODY


def _quoted(dialect: Dialect, tables: Tables, name: str) -> str:
    quote = dialect.identifier_preparer.quote
    return quote(name) if tables.schema is None else f"{quote(tables.schema)}.{quote(name)}"


def _table(dialect: Dialect, table: Table) -> str:
    name: str = dialect.identifier_preparer.format_table(table)  # type: ignore[no-untyped-call,unused-ignore]
    return name


def _names(dialect: Dialect, names: Iterable[str]) -> str:
    return ", ".join(dialect.identifier_preparer.quote(name) for name in names)
