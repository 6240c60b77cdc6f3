"""What an account may do on each table, against what its role needs (docs/how-to/operate.md, three database roles).

    table                                auditor    application
    log                                  SELECT     SELECT
    entry, text, document, leaf, …       SELECT     SELECT, INSERT
    instance                             SELECT     SELECT, INSERT, UPDATE of some columns
    task, sealed (caches)                SELECT     SELECT, INSERT, UPDATE

The redactor is an application's account that may also DELETE from `text`, where the trigger lets only those go that an
entry names.

More than that on a table that is insert only is a problem: the triggers then stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.doctor.model import APPLICATION, AUDITOR, OWNER, REDACTOR, Account, Item, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.doctor.model import Standing
    from kfq_workflow.stored.tables import Tables

#: Privileges by table name. An UPDATE of some columns only is `UPDATE(columns)`.
Held = dict[str, set[str]]
COLUMNS = "UPDATE(columns)"
#: What changes or removes what is there, or the table itself.
CHANGES = frozenset({"UPDATE", COLUMNS, "DELETE", "TRUNCATE", "DROP", "ALTER", "REFERENCES", "TRIGGER", "INDEX"})


def needed(tables: Tables, table: Any, role: Role) -> set[str]:
    """Return the privileges that a role needs on a table."""
    if role == AUDITOR or table is tables.log:
        return {"SELECT"}
    found = {"SELECT", "INSERT"} | ({"DELETE"} if role == REDACTOR and table is tables.text else set())
    if table is tables.instance:
        return found | {COLUMNS}
    return found | {"UPDATE", COLUMNS} if tables.is_cache(table) else found


def judge(account: Account, tables: Tables, held: Mapping[str, set[str]], meant: Role | None) -> Iterator[Item]:
    """Compare what an account may do with what its role, or the one that it is meant for, needs."""
    role = meant or account.role
    if account.role == OWNER:
        standing: Standing = "problem" if role != OWNER else "warning"
        yield Item("account", "account_owner", standing, {"name": account.name, "role": role})
        return
    if role == OWNER:
        yield Item("account", "account_not_owner", "warning", {"name": account.name, "role": account.role})
        role = account.role
    else:
        weak = role == REDACTOR and meant is None
        yield Item("account", f"account_{role}", "warning" if weak else "ok", {"name": account.name})
    excess = False
    for table in tables:
        wanted, found = needed(tables, table, role), held.get(table.name, set())
        more = found - wanted
        values = {"table": table.name, "privileges": sorted(more), "name": account.name}
        if table is tables.instance and role in (APPLICATION, REDACTOR) and "UPDATE" in more:
            yield Item("grants", "grant_wide", "warning", values)
            more -= {"UPDATE"}
        if more == {"TRIGGER"} and role == AUDITOR:
            yield Item("grants", "grant_trigger", "warning", values)
        elif more:
            serious = more & CHANGES or role == AUDITOR
            yield Item("grants", f"grant_{role}", "problem" if serious else "warning", values)
        lacking = (wanted - found) - ({COLUMNS} if "UPDATE" in found else set())
        lacking &= {"SELECT", "DELETE"} if role == REDACTOR else lacking  # it only erases, and does no other act
        if lacking:
            yield Item("grants", "grant_lacking", "warning", values | {"privileges": sorted(lacking), "role": role})
        excess = excess or bool(more or lacking)
    if not excess:
        yield Item("grants", "grants", "ok", {"name": account.name, "count": len(list(tables))})


def role_of(held: Held, tables: Tables, *, owns: bool) -> Role:
    """Return whose account it is by what it may do."""
    if owns:
        return OWNER
    if "INSERT" not in held.get(tables.entry.name, set()):
        return AUDITOR
    return REDACTOR if "DELETE" in held.get(tables.text.name, set()) else APPLICATION
