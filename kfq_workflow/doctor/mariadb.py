"""MariaDB: what this account may do to the log's tables, from SHOW GRANTS, and how the server keeps its word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kfq_workflow.doctor.accounts import COLUMNS, Held, judge, role_of
from kfq_workflow.doctor.model import OWNER, Account, Item, Role, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfq_workflow.doctor.probe import Probe

_GRANT = re.compile(
    r"GRANT (?P<what>.+?) ON (?:TABLE )?(?P<database>\*|`(?:[^`]|``)+`)\.(?P<table>\*|`(?:[^`]|``)+`) TO .+?"
    r"(?P<option> WITH GRANT OPTION)?"
)
_PRIVILEGE = re.compile(r"([A-Z][A-Z_ ]*[A-Z])(?: \(([^)]*)\))?")
ALL, _COLLATION = "ALL PRIVILEGES", "utf8mb4_nopad_bin"
#: What passes the grants on a table by, or lets an account give itself more.
_POWERS = frozenset({
    "SUPER", "FILE", "GRANT OPTION", "CREATE USER", "SET USER", "SHUTDOWN", "RELOAD", "BINLOG ADMIN", "BINLOG REPLAY",
    "READ_ONLY ADMIN", "READ ONLY ADMIN", "REPLICATION SLAVE", "REPLICATION SLAVE ADMIN", "CREATE TABLESPACE",
    "FEDERATED ADMIN", "CONNECTION ADMIN",
})  # fmt: skip
_OWNS = frozenset({ALL, "DROP", "ALTER", "CREATE", "SUPER"})
_ON_TABLES = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "REFERENCES", "INDEX", "TRIGGER", "DELETE HISTORY",
)  # fmt: skip
#: variable → (what it must be, what else says, its standing then)
_SETTINGS: dict[str, tuple[tuple[str, ...], str, Any]] = {
    "innodb_flush_log_at_trx_commit": (("1",), "my_flush", "warning"),
    "innodb_doublewrite": (("ON", "1"), "my_doublewrite", "problem"),
    "foreign_key_checks": (("1", "ON"), "my_foreign_keys", "problem"),
}


def read_grants(lines: Iterable[str], database: str, tables: Iterable[str]) -> tuple[Held, set[str]]:
    """Return from SHOW GRANTS what is held on each table, and the powers that pass tables by.

    A database in a grant is a pattern in which % and _ stand for others, unless a backslash is before them.
    """
    names = list(tables)
    held: Held = {name: set() for name in names}
    powers: set[str] = set()
    for line in lines:
        found = _GRANT.fullmatch(line) or _GRANT.match(line)
        if found is None:
            continue
        everywhere = found["database"] == "*"
        if not everywhere and not _matches(_unquoted(found["database"]), database, pattern=found["table"] == "*"):
            continue
        privileges = {(name, columns) for name, columns in _PRIVILEGE.findall(found["what"])}
        plain = {name for name, columns in privileges if not columns}
        if line.rstrip().endswith("WITH GRANT OPTION"):
            powers.add("GRANT OPTION")
        if everywhere:
            powers |= plain & _POWERS
            powers |= {"SUPER", "FILE"} if ALL in plain else set()
        plain |= set(_ON_TABLES) if ALL in plain else set()
        columns = {f"{name}(columns)" for name, given in privileges if given}
        columns |= {COLUMNS} if "UPDATE" in plain else set()
        for name in names if found["table"] == "*" else [_unquoted(found["table"])]:
            if name in held:
                held[name] |= (plain & {*_ON_TABLES, "CREATE", ALL}) | columns
    return held, powers


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`")


def _matches(given: str, database: str, *, pattern: bool) -> bool:
    if not pattern:
        return given == database
    parts = re.split(r"(\\.|%|_)", given)
    regex = "".join({"%": ".*", "_": "."}.get(part, re.escape(part.removeprefix("\\"))) for part in parts)
    return re.fullmatch(regex, database, re.DOTALL) is not None


def account(probe: Probe) -> tuple[Account, Held, Item | None]:
    """Return who asks, what it may do on each table, and which of its privileges pass all grants by."""
    lines = [str(row[0]) for row in probe.ask("SHOW GRANTS") or []]
    database = probe.tables.schema or str(probe.one("SELECT DATABASE()"))
    held, powers = read_grants(lines, database, probe.names)
    owns = any(privileges & _OWNS for privileges in held.values()) or "SUPER" in powers
    version, name = probe.one("SELECT VERSION()"), str(probe.one("SELECT CURRENT_USER()"))
    found = Account(f"MariaDB {version}", name, role_of(held, probe.tables, owns=owns))
    for privileges in held.values():
        privileges -= {ALL, "CREATE"}
        if "DROP" in privileges:
            privileges.add("TRUNCATE")
    item = None
    if powers:
        standing: Standing = "warning" if found.role == OWNER else "problem"
        item = Item("roles", "powers", standing, {"name": name, "powers": sorted(powers)})
    return found, held, item


def examine(probe: Probe, found: Account, held: Held, powers: Item | None, meant: Role | None) -> Iterator[Item]:
    """Yield what there is to say of accounts and settings."""
    yield from judge(found, probe.tables, held, meant)
    yield powers or Item("roles", "no_powers", "ok", {"name": found.name})
    yield Item("grants", "others_unknown", "unknown")
    yield from _settings(probe)
    yield from _tables(probe)


def _settings(probe: Probe) -> Iterator[Item]:
    mode = str(probe.one("SELECT @@SESSION.sql_mode") or "")
    strict = "STRICT_TRANS_TABLES" in mode or "STRICT_ALL_TABLES" in mode
    values = {"name": "sql_mode", "value": mode or "-"}
    yield Item("settings", "durable" if strict else "my_not_strict", "ok" if strict else "problem", values)
    for name, (good, code, standing) in _SETTINGS.items():
        value = probe.one(f"SELECT @@{name}")
        values = {"name": name, "value": "-" if value is None else str(value)}
        if value is None:
            yield Item("settings", "setting_unknown", "unknown", values)
        elif str(value).upper() in good:
            yield Item("settings", "durable", "ok", values)
        else:
            yield Item("settings", code, standing, values)
    binlog, sync = probe.one("SELECT @@log_bin"), probe.one("SELECT @@sync_binlog")
    if binlog and str(binlog) not in ("0", "OFF"):
        weak = str(sync) != "1"
        values = {"name": "sync_binlog", "value": str(sync)}
        yield Item("settings", "my_binlog" if weak else "durable", "warning" if weak else "ok", values)
    yield Item("settings", "my_reads", "ok")
    zone = probe.one("SELECT @@SESSION.time_zone")
    yield Item("clock", "zone", "ok", {"value": zone or "-"})


def _tables(probe: Probe) -> Iterator[Item]:
    """Look at what the tables are made of: words compare bytewise, and a commit keeps all of its rows."""
    where = {"schema": probe.tables.schema, "tables": probe.names}
    collations = probe.ask(
        "SELECT TABLE_NAME, COLUMN_NAME, COLLATION_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE()) AND TABLE_NAME IN :tables "
        "AND COLLATION_NAME IS NOT NULL ORDER BY 1, 2", **where,
    )  # fmt: skip
    engines = probe.ask(
        "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = COALESCE(:schema, DATABASE()) AND TABLE_NAME IN :tables ORDER BY 1", **where,
    )  # fmt: skip
    if not collations or not engines:
        yield Item("settings", "setting_unknown", "unknown", {"name": "information_schema", "value": "-"})
        return
    wrong = [(table, column, name) for table, column, name in collations if name != _COLLATION]
    for table, column, name in wrong:
        values = {"table": table, "column": column, "value": name}
        yield Item("settings", "my_collation", "problem", values)
    for table, name in engines:
        if str(name).upper() != "INNODB":
            yield Item("settings", "my_engine", "problem", {"table": table, "value": name})
    if not wrong:
        names = sorted({str(row[2]) for row in collations})
        yield Item("settings", "durable", "ok", {"name": "collation", "value": ", ".join(names)})
