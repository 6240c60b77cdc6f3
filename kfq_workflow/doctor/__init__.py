"""Is the log protected as it should be, and from whom? Looks, changes nothing, and says what it cannot tell.

    schema     the tables are of this revision
    triggers   there, enabled, as the library makes them
    account    whose this account is by what it may do: the owner's, the application's or the auditors'
    grants     what it may do on each table; where the database tells, what every other account may
    roles      what passes grants by: superuser, BYPASSRLS, SUPER, FILE, …; owner and application are two
    file       SQLite's file and folder, whose modes are its grants; what SQLite's own check says of the file
    settings   whether a commit survives a crash, words compare bytewise, foreign keys hold
    clock      the database's against this machine's and against the newest entry
    sealing    how old the newest seal and checkpoint are, and how many entries are newer
    key        the file of a signing key is closed, and the application cannot read it

It works with whatever account there is; an auditor's is enough. What no database can prevent, an owner, is said in
words at the end (`limits`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kfq_workflow.doctor import keys, log, mariadb, postgresql, sqlite
from kfq_workflow.doctor.model import ROLES, Account, Examination, Item, Limit
from kfq_workflow.doctor.probe import Probe
from kfq_workflow.errors import InvalidInput, KfqError
from kfq_workflow.stored.database_errors import translate
from kfq_workflow.stored.store import Store
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.doctor.model import Role

__all__ = ["Account", "Examination", "Item", "Limit", "examine"]


def examine(
    database: Engine,
    *,
    schema: str | None = None,
    prefix: str = "kfq_",
    key_files: Iterable[str | Path] = (),
    meant: Role | None = None,
) -> Examination:
    """Examine a log and its database with the account that `database` connects as; nothing is changed.

    `key_files` are files of signing keys on this machine. `meant` says whose account it is supposed to be (owner,
    application, auditor): what it may do beyond that is then a problem; without it that is told from its grants.
    Raises NotInitialised and DatabaseUnavailable where there is no log to look at, InvalidInput.
    """
    if meant is not None and meant not in ROLES:
        raise InvalidInput("invalid_value", name="meant", value=meant, type=", ".join(ROLES))
    tables = Tables(schema, prefix)
    try:
        with database.connect() as connection:
            if connection.dialect.name == "postgresql":  # which changes the connection itself
                connection.execution_options(postgresql_readonly=True)
            probe = Probe(connection, tables)
            try:
                return _examined(probe, Store(tables, database.dialect), tuple(key_files), meant)
            finally:
                with suppress(Exception):
                    connection.rollback()
    except KfqError:
        raise
    except Exception as error:
        found = translate(error, database=database.url.render_as_string(hide_password=True))
        if found is None:
            raise
        raise found from error


def _examined(probe: Probe, store: Store, key_files: tuple[str | Path, ...], meant: Role | None) -> Examination:
    first, head = log.revision(probe)
    items = [first, *log.standing_triggers(probe)]
    account, more = _account(probe, meant)
    items += more
    if head is not None:
        items += log.clocks(probe, head)
        items += log.sealing(probe, head, store, probe.connection.connection.cursor())
    for path in key_files:
        items += keys.examine(path, account)
    if not key_files:
        items.append(Item("key", "key_not_named", "unknown"))
    return Examination(account, tuple(items), log.limits(probe, items))


def _account(probe: Probe, meant: Role | None) -> tuple[Account, Iterator[Item]]:
    if probe.dialect == "sqlite":
        account = sqlite.account(probe)
        return account, sqlite.examine(probe, account, meant)
    server = postgresql if probe.dialect == "postgresql" else mariadb
    account, held, powers = server.account(probe)
    return account, server.examine(probe, account, held, powers, meant)
