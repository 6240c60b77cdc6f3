"""Which database account a command needs: the auditors' to read, the application's to write, the owner's for tables.

A command that the database refuses says which one it should have had. docs/how-to/operate.md has their grants.
"""

from __future__ import annotations

from kfq_workflow.cli.words import say

#: Commands that only read: SELECT is enough, on a file that cannot be written, too.
READS = frozenset({
    "board", "list", "show", "next", "inbox", "explain", "proxy list", "history", "replay", "verify", "doctor",
    "report", "export", "bundle", "receipt", "actor list", "definition list", "definition show", "definition diagram",
    "db current", "db check", "cosign", "diff", "policy show", "calendar show", "key list",
})  # fmt: skip
#: Commands that change tables, or delete from them.
OWNS = frozenset({"demo", "init", "db upgrade", "rebuild", "scrub"})
#: Commands that read no log.
FREE = frozenset({"key new", "key show", "definition check"})
_DENIED = frozenset({"database_denied", "database_readonly", "database_readonly_folder"})


def needs(path: str) -> str:
    """Return whose account a command needs: reader, signer, application or owner."""
    if path in READS or path in FREE:
        return "reader"
    if path == "checkpoint":
        return "signer"
    return "owner" if path in OWNS else "application"


def explain(error: Exception, path: str) -> None:
    """Add to an error with which the database refused a command which account it needs."""
    if getattr(error, "code", None) in _DENIED:
        error.add_note(say(f"needs.{needs(path)}", command=path))
