"""What the database refuses: the application's account by its grants, the tables' owner while the triggers stand."""

from __future__ import annotations

from dataclasses import replace

from tests.attacks.model import DATABASES, MARIADB, POSTGRESQL, SQLITE, Line, Refusal
from tests.tampering import TABLES

#: What each database says to an account that lacks the privilege; SQLite has no accounts, and its triggers say no.
DENIED = {SQLITE: "append-only", POSTGRESQL: "permission denied|must be owner", MARIADB: "denied"}
#: What triggers say.
KEPT = dict.fromkeys(DATABASES, "append-only")
NOBODY: dict[str, str] = {}
INSERT_ONLY = (TABLES.entry, TABLES.text, TABLES.document, TABLES.leaf, TABLES.checkpoint)
GUARDED = (*INSERT_ONLY, TABLES.log, TABLES.instance)


def everywhere(*statements: str) -> dict[str, tuple[str, ...]]:
    """Return the same statements for every database; `"` quotes a name."""
    return {
        name: tuple(each.replace('"', "`") if name == MARIADB else each for each in statements) for name in DATABASES
    }


def _replace(verb: str) -> tuple[str, ...]:
    """Return what takes the place of a row by its key, or by another key that is unique."""
    entry = "instance, seq, kind, at, actor, via, req, v, prev, leaf, body"
    rest = "'x', at, actor, via, req, v, prev, leaf, body FROM kfq_entry WHERE instance = 'o' AND seq = 2"
    return (
        f"{verb} INTO kfq_entry ({entry}) SELECT 'o', 2, {rest}",
        f"{verb} INTO kfq_entry ({entry}) SELECT 'o', 99, {rest}",  # the request id of another
        f"{verb} INTO kfq_text SELECT instance, seq, field, salt, 'x' FROM kfq_text WHERE instance = 'o' AND seq = 6",
        f"{verb} INTO kfq_document SELECT digest, kind, '[]' FROM kfq_document",
        f"{verb} INTO kfq_leaf SELECT position, leaf, node, 'x', seq FROM kfq_leaf",
        f"{verb} INTO kfq_leaf SELECT 999, leaf, node, instance, seq FROM kfq_leaf",  # the entry of another
        f"{verb} INTO kfq_checkpoint SELECT digest, size, root, 'x' FROM kfq_checkpoint",
        f"{verb} INTO kfq_log SELECT id, 'x', suite, genesis, utc_offset, schema_revision FROM kfq_log",
        f"{verb} INTO kfq_instance SELECT * FROM kfq_instance WHERE workflow = 'permit'",
    )


def _upserts(clause: str) -> tuple[str, ...]:
    return tuple(
        f"INSERT INTO kfq_{table} SELECT * FROM kfq_{table} WHERE {some} {clause.format(key=key)} {column} = 'x'"
        for table, some, key, column in (
            ("entry", "instance = 'o'", "instance, seq", "body"),
            ("text", "instance = 'o'", "instance, seq, field", "value"),
            ("document", "kind = 'rules'", "digest", "body"),
            ("leaf", "instance = 'o'", "position", "instance"),
            ("checkpoint", "size > 0", "digest", "note"),
        )
    )


_ON_CONFLICT = _upserts("ON CONFLICT ({key}) DO UPDATE SET")
_TRUNCATE = tuple(f"TRUNCATE {table.name}" for table in GUARDED)
_LOG = ("id", "log", "suite", "genesis", "utc_offset")

_ATTACKS = (
    *(
        Refusal(f"update {table.name}", Line.COLUMN, f"`UPDATE` `{table.name}` 的任一列", f"`UPDATE` any column of `{table.name}`",
                everywhere(*(f'UPDATE {table.name} SET "{column.name}" = "{column.name}"' for column in table.columns)),
                DENIED, KEPT)
        for table in INSERT_ONLY
    ),
    Refusal("update kfq_log", Line.COLUMN, "`UPDATE` `kfq_log`，版本号除外", "`UPDATE` `kfq_log`, but for its revision",
            everywhere(*(f"UPDATE kfq_log SET {name} = {2 if name in ('id', 'utc_offset') else repr('2')}" for name in _LOG)),
            DENIED, KEPT),
    Refusal("update kfq_instance", Line.STATE, "`UPDATE` 状态行的键、流程、所属", "`UPDATE` key, workflow and root of an instance's row",
            everywhere(*(f'UPDATE kfq_instance SET "{name}" = \'x\' WHERE "key" = \'o\'' for name in ("key", "workflow", "root"))),
            {POSTGRESQL: "permission denied", MARIADB: "denied"}, NOBODY),
    *(
        Refusal(f"delete {table.name}", Line.INSTANCE if table is TABLES.instance else Line.DELETE,
                f"`DELETE` `{table.name}`", f"`DELETE` from `{table.name}`", everywhere(f"DELETE FROM {table.name}"), DENIED, KEPT)
        for table in GUARDED
    ),
    Refusal("delete caches", Line.VOTE, "`DELETE` 待办和封存状态", "`DELETE` from the inbox, or what is sealed",
            everywhere("DELETE FROM kfq_task", "DELETE FROM kfq_sealed"),
            {POSTGRESQL: "permission denied", MARIADB: "denied"}, NOBODY),
    Refusal("truncate", Line.STATEMENT, "`TRUNCATE`", "`TRUNCATE`",
            {POSTGRESQL: tuple(f"{each} CASCADE" for each in _TRUNCATE), MARIADB: _TRUNCATE},
            {POSTGRESQL: "permission denied", MARIADB: "denied"}, {POSTGRESQL: "append-only"}),
    Refusal("truncate entries", Line.STATEMENT, "`TRUNCATE` 记录表（外键）", "`TRUNCATE` of the entries (a foreign key)",
            {MARIADB: ("TRUNCATE kfq_entry",)}, NOBODY, {MARIADB: "foreign key"}),
    Refusal("replace", Line.STATEMENT, "`REPLACE`，按任一唯一键", "`REPLACE`, by any key that is unique",
            {SQLITE: _replace("INSERT OR REPLACE"), MARIADB: _replace("REPLACE")}, DENIED, KEPT),
    Refusal("upsert", Line.STATEMENT, "`ON CONFLICT DO UPDATE`、`ON DUPLICATE KEY UPDATE`",
            "`ON CONFLICT DO UPDATE`, `ON DUPLICATE KEY UPDATE`",
            {SQLITE: _ON_CONFLICT, POSTGRESQL: _ON_CONFLICT, MARIADB: _upserts("ON DUPLICATE KEY UPDATE")}, DENIED, KEPT),
    Refusal("update or replace", Line.STATEMENT, "`UPDATE OR REPLACE`、`UPDATE OR IGNORE`", "`UPDATE OR REPLACE`, `UPDATE OR IGNORE`",
            {SQLITE: ("UPDATE OR REPLACE kfq_entry SET seq = 1, instance = '~log' WHERE instance = 'o'",
                      "UPDATE OR IGNORE kfq_entry SET body = ''")}, DENIED, KEPT),
    Refusal("replica", Line.STATEMENT, "`session_replication_role = replica`", "`session_replication_role = replica`",
            {POSTGRESQL: tuple(f"SET session_replication_role = replica\nDELETE FROM {table.name}" for table in GUARDED)},
            {POSTGRESQL: "permission denied to set parameter"}, KEPT),
    Refusal("triggers", Line.STATEMENT, "删除或停用触发器，另造触发器", "drop or disable a trigger, or make another",
            {POSTGRESQL: ("DROP TRIGGER kfq_entry_no_update ON kfq_entry", "ALTER TABLE kfq_entry DISABLE TRIGGER ALL",
                          "CREATE TRIGGER x BEFORE UPDATE ON kfq_entry EXECUTE FUNCTION kfq_refuse()"),
             MARIADB: ("DROP TRIGGER kfq_entry_no_update",
                       "CREATE TRIGGER x BEFORE INSERT ON kfq_entry FOR EACH ROW SET NEW.via = 'x'")}, DENIED, NOBODY),
    Refusal("tables", Line.STATEMENT, "删除、改造或另造表", "drop, alter or make a table",
            dict.fromkeys((POSTGRESQL, MARIADB), ("DROP TABLE kfq_entry", "ALTER TABLE kfq_entry DROP COLUMN via",
                                                  "CREATE TABLE kfq_more (a INT)")), DENIED, NOBODY),
    Refusal("state without entry", Line.STATE, "把状态行推进到没有的记录（外键）", "move a row to an entry that is none (a foreign key)",
            everywhere("UPDATE kfq_instance SET seq = 99 WHERE workflow = 'permit'"),
            dict.fromkeys(DATABASES, "(?i)foreign key"), NOBODY),
    Refusal("insert twice", Line.DUPLICATE, "在同一位置再插入一条记录", "insert a second entry at the same place",
            everywhere("INSERT INTO kfq_entry SELECT * FROM kfq_entry WHERE instance = 'o' AND seq = 5"),
            {SQLITE: "append-only", POSTGRESQL: "duplicate key", MARIADB: "Duplicate entry"}, NOBODY),
)  # fmt: skip
ATTACKS = tuple(replace(attack, name=f"refused: {attack.name}") for attack in _ATTACKS)
