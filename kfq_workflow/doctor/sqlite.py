"""SQLite: who may write the file may do everything, so its modes are what grants are elsewhere; and its settings."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow.doctor.model import AUDITOR, OWNER, Account, Item, Role, Standing
from kfq_workflow.stored.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.doctor.probe import Probe

#: What `PRAGMA synchronous` answers.
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}
_FULL = 2
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def account(probe: Probe) -> Account:
    """Return who asks: SQLite has no accounts, so it is the one that this process runs under."""
    version = probe.one("SELECT sqlite_version()")
    path = _path(probe)
    read_only = path is None or not os.access(path, os.W_OK) or _is_read_only(probe)
    return Account(f"SQLite {version}", _user(), AUDITOR if read_only and path is not None else OWNER)


def examine(probe: Probe, found: Account, meant: Role | None) -> Iterator[Item]:
    """Yield what there is to say of the file and of the settings."""
    path = _path(probe)
    if found.role == AUDITOR:
        yield Item("account", "sqlite_reads", "ok", {"name": found.name})
    else:
        standing: Standing = "problem" if meant == AUDITOR else "warning"
        yield Item("account", "sqlite_writes", standing, {"name": found.name})
    if path is None:
        yield Item("file", "sqlite_memory", "warning")
    else:
        yield from _file(path)
    yield from _intact(probe)
    yield from _settings(probe)


def _file(path: Path) -> Iterator[Item]:
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError as error:
        yield Item("file", "file_unknown", "unknown", {"path": str(path), "reason": error.strerror or str(error)})
        return
    mode = f"{stat.S_IMODE(file.st_mode):04o}"
    if file.st_mode & _OTHERS_WRITE:
        yield Item("file", "file_open", "problem", {"path": str(path), "mode": mode})
    elif file.st_mode & stat.S_IROTH:
        yield Item("file", "file_readable", "warning", {"path": str(path), "mode": mode})
    else:
        yield Item("file", "file_closed", "ok", {"path": str(path), "mode": mode})
    if folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX:
        values = {"path": str(path.parent), "mode": f"{stat.S_IMODE(folder.st_mode):04o}"}
        yield Item("file", "folder_open", "problem", values)


def _intact(probe: Probe) -> Iterator[Item]:
    """Yield what SQLite's own check finds in the file: also what is not the log's may be written over the log."""
    damage = SqliteFile(probe.connection, probe.tables).damage()
    if damage:
        yield Item("file", "file_damaged", "problem", {"reason": damage[0]})
    else:
        yield Item("file", "file_sound")


def _settings(probe: Probe) -> Iterator[Item]:
    immutable = "immutable=1" in str(probe.connection.engine.url)
    if immutable:
        yield Item("settings", "sqlite_immutable", "warning")

    def pragma(name: str) -> Any:
        return probe.one(f"PRAGMA {name}")

    def item(name: str, value: Any, code: str, standing: Any, *, good: bool) -> Item:
        return Item("settings", "durable" if good else code, "ok" if good else standing, {"name": name, "value": value})

    journal = str(pragma("journal_mode") or "-").lower()
    if not immutable:
        yield item("journal_mode", journal, "sqlite_journal", "warning", good=journal == "wal")
    on = pragma("foreign_keys")
    yield item("foreign_keys", on, "sqlite_foreign_keys", "problem", good=on == 1)
    level = pragma("synchronous")
    yield item(
        "synchronous", _SYNCHRONOUS.get(level, str(level)), "sqlite_synchronous",
        "problem" if not level else "warning", good=isinstance(level, int) and level >= _FULL,
    )  # fmt: skip
    erased = pragma("secure_delete")
    yield item("secure_delete", erased, "sqlite_secure_delete", "warning", good=erased in (1, 2))


def _path(probe: Probe) -> Path | None:
    wanted = probe.tables.schema or "main"
    for _, name, path in probe.ask("PRAGMA database_list") or []:
        if name == wanted and path:
            return Path(path)
    return None


def _is_read_only(probe: Probe) -> bool:
    url = str(probe.connection.engine.url)
    return "mode=ro" in url or "immutable=1" in url or probe.one("PRAGMA query_only") == 1


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return str(os.geteuid()) if hasattr(os, "geteuid") else "?"
