"""The file of a signing key: closed to all others, and as far as can be told out of the application's reach."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow.doctor.model import APPLICATION, REDACTOR, Account, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS = 0o077
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def examine(path: str | Path, account: Account) -> Iterator[Item]:
    """Look at a key's file, its folder and what it has signed last; its contents are not read."""
    file = Path(path)
    values = {"path": str(path)}
    try:
        about, folder = file.stat(), file.parent.stat()
    except PermissionError:
        yield Item("key", "key_hidden", "ok", values)
        return
    except OSError as error:
        yield Item("key", "key_missing", "problem", values | {"reason": error.strerror or str(error)})
        return
    mode = f"{stat.S_IMODE(about.st_mode):04o}"
    if not stat.S_ISREG(about.st_mode) or about.st_mode & _OTHERS:
        yield Item("key", "key_loose", "problem", values | {"mode": mode})
    else:
        yield Item("key", "key_closed", "ok", values | {"mode": mode})
    if folder.st_mode & _OTHERS_WRITE and not folder.st_mode & stat.S_ISVTX:
        mode = f"{stat.S_IMODE(folder.st_mode):04o}"
        yield Item("key", "key_folder", "problem", {"path": str(file.parent), "mode": mode})
    yield _reader(file, about.st_uid, account)
    seen = Path(f"{path}.seen")
    if os.access(file.parent, os.X_OK) and not seen.exists():
        yield Item("key", "key_no_memory", "warning", values)


def _reader(file: Path, owner: int, account: Account) -> Item:
    """Tell whether the application's account can read the key, where this is it."""
    values = {"path": str(file), "owner": owner}
    if not os.access(file, os.R_OK):
        return Item("key", "key_unreadable", "ok", values)
    if account.role in (APPLICATION, REDACTOR):
        return Item("key", "key_readable", "problem", values)
    return Item("key", "key_application", "unknown", values)
