"""PostgreSQL: what this account and every other may do to the log's tables, and how the server keeps its word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.doctor.accounts import COLUMNS, Held, judge, role_of
from kfq_workflow.doctor.model import Account, Item, Role, Standing
from kfq_workflow.doctor.probe import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.doctor.probe import Probe

_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_TABLES = """
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname IN :tables
AND CASE WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = :schema END
"""
_HELD = (
    "SELECT c.relname, pg_has_role(c.relowner, 'USAGE'), has_schema_privilege(n.oid, 'CREATE'), "
    "pg_get_userbyid(c.relowner), has_any_column_privilege(c.oid, 'UPDATE'), "
    + ", ".join(f"has_table_privilege(c.oid, '{each}')" for each in _PRIVILEGES)
    + _TABLES
)
_ROLE = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user"
_ATTRIBUTES = ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION")
_MEMBERS = (
    "SELECT rolname FROM pg_roles WHERE rolname IN ('pg_write_all_data', 'pg_execute_server_program', "
    "'pg_write_server_files', 'pg_maintain') AND pg_has_role(oid, 'MEMBER') ORDER BY rolname"
)
#: Every other account's grants: table, account, privileges; PUBLIC has the number 0.
_OTHERS = (
    "SELECT c.relname, COALESCE(r.rolname, 'PUBLIC'), array_agg(a.privilege_type::text ORDER BY a.privilege_type), "
    "COALESCE(r.rolsuper OR pg_has_role(r.oid, c.relowner, 'USAGE'), FALSE) "
    "FROM (SELECT c.oid, c.relname, c.relowner, c.relacl" + _TABLES + ") c CROSS JOIN LATERAL aclexplode(c.relacl) a "
    "LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> c.relowner "
    "GROUP BY c.relname, r.rolname, r.oid, r.rolsuper, c.relowner ORDER BY 1, 2"
)
_SETTINGS = (
    "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "session_replication_role", "log_statement",
    "TimeZone", "server_version",
)  # fmt: skip


def account(probe: Probe) -> tuple[Account, Held, Item | None]:
    """Return who asks, what it may do on each table, and which of its attributes pass all grants by."""
    where = {"tables": probe.names, "schema": probe.tables.schema}
    rows = probe.ask(_HELD, **where) or []
    held: Held = {}
    for name, _, _, _, columns, *flags in rows:
        held[name] = {each for each, has in zip(_PRIVILEGES, flags, strict=True) if has}
        held[name] |= {COLUMNS} if columns else set()
    attributes = probe.ask(_ROLE) or [(False,) * len(_ATTRIBUTES)]
    powers = [each for each, has in zip(_ATTRIBUTES, attributes[0], strict=True) if has]
    powers += [row[0] for row in probe.ask(_MEMBERS) or []]
    owns = any(row[1] for row in rows) or "SUPERUSER" in powers
    version, name = probe.one("SHOW server_version"), probe.one("SELECT current_user")
    found = Account(f"PostgreSQL {version}", str(name), role_of(held, probe.tables, owns=owns))
    item = None
    if powers:
        standing: Standing = "warning" if found.role == "owner" else "problem"
        item = Item("roles", "powers", standing, {"name": name, "powers": powers})
    elif rows and rows[0][2] and not owns:
        item = Item("roles", "schema_create", "problem", {"name": name})
    return found, held, item


def examine(probe: Probe, found: Account, held: Held, powers: Item | None, meant: Role | None) -> Iterator[Item]:
    """Yield what there is to say of accounts and settings."""
    yield from judge(found, probe.tables, held, meant)
    yield powers or Item("roles", "no_powers", "ok", {"name": found.name})
    yield from _others(probe)
    yield from _settings(probe)


def _others(probe: Probe) -> Iterator[Item]:
    """Look at what the other accounts may do: everybody may read that of everybody here."""
    where = {"tables": probe.names, "schema": probe.tables.schema}
    rows = probe.ask(_OTHERS, **where)
    if rows is None:
        yield Item("grants", "others_unknown", "unknown")
        return
    owner = sorted({str(row[3]) for row in probe.ask(_HELD, **where) or []})
    excess = list(_excess(probe, rows))
    yield from excess
    erasers = sorted({row[1] for row in rows if row[0] == probe.tables.text.name and "DELETE" in row[2]})
    if erasers:
        yield Item("grants", "erasers", "ok", {"names": erasers})
    writers = {row[1]: row[3] for row in rows if row[0] == probe.tables.entry.name and "INSERT" in row[2]}
    values = {"owner": owner, "writers": sorted(writers) or ["-"]}
    if len(owner) > 1:
        yield Item("roles", "owners", "warning", values)
    if not writers:
        yield Item("roles", "no_application", "warning", values)
    for name in sorted(name for name, owns in writers.items() if owns):
        yield Item("roles", "application_owns", "problem", {"name": name, "owner": owner})
    if writers and not excess and not any(writers.values()):
        yield Item("roles", "separate", "ok", values)


def _excess(probe: Probe, rows: list[tuple[Any, ...]]) -> Iterator[Item]:
    """Yield what nobody but the owner should be able to do, of each account that can."""
    tables = probe.tables
    caches = {table.name for table in tables if tables.is_cache(table) or table is tables.instance}
    for table, name, privileges, _ in rows:
        more = set(privileges) & {"UPDATE", "DELETE", "TRUNCATE", "TRIGGER"}
        more -= {"UPDATE"} if table in caches else {"DELETE"} if table == tables.text.name else set()
        if more:
            yield Item("grants", "grant_other", "problem", {"table": table, "name": name, "privileges": sorted(more)})


def _settings(probe: Probe) -> Iterator[Item]:
    settings = pairs(probe.ask("SELECT name, setting FROM pg_settings WHERE name IN :names", names=list(_SETTINGS)))

    def item(code: str, name: str, standing: Any) -> Item:
        return Item("settings", code, standing, {"name": name, "value": settings.get(name, "-")})

    for name in ("fsync", "full_page_writes"):
        yield item("durable" if settings.get(name) == "on" else "pg_not_durable", name,
                   "ok" if settings.get(name) == "on" else "problem")  # fmt: skip
    sync = settings.get("synchronous_commit")
    yield item(
        "pg_commit_lost" if sync == "off" else "durable", "synchronous_commit", "warning" if sync == "off" else "ok"
    )
    sums = settings.get("data_checksums") == "on"
    yield item("durable" if sums else "pg_no_checksums", "data_checksums", "ok" if sums else "warning")
    origin = settings.get("session_replication_role") == "origin"
    yield item("durable" if origin else "pg_replica", "session_replication_role", "ok" if origin else "problem")
    yield item("pg_reads", "log_statement", "ok")
    yield Item("clock", "zone", "ok", {"value": settings.get("TimeZone", "-")})
