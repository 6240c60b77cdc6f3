"""The first tables: log, entry, text, document, instance.

Frozen: this file says what revision 0001 is, whatever the package says later. Tests hold that both make
the same tables as long as 0001 is the newest. Every step may find its work done: MariaDB keeps what was made before
a crash.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_UTF8: Any = {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin"}
_MYSQL = ("mysql", "mariadb")
_OPTIONS: Any = {
    f"{name}_{option}": value
    for name in _MYSQL
    for option, value in (("engine", "InnoDB"), ("default_charset", "utf8mb4"), ("collate", "utf8mb4_nopad_bin"))
}


def _word(length: int) -> Any:
    mariadb = mysql.VARCHAR(length, **_UTF8)  # type: ignore[no-untyped-call,unused-ignore]
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql").with_variant(mariadb, *_MYSQL)


def _words() -> Any:
    mariadb = mysql.MEDIUMTEXT(**_UTF8)  # type: ignore[no-untyped-call,unused-ignore]
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql").with_variant(mariadb, *_MYSQL)


def _octets(length: int) -> Any:
    return sa.LargeBinary(length).with_variant(mysql.BINARY(length), *_MYSQL)


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, autoincrement=False)


def _create(name: str, *parts: Any) -> None:
    tables = context.config.attributes["tables"]
    op.create_table(tables.prefix + name, *parts, schema=tables.schema, if_not_exists=True, **_OPTIONS)


def upgrade() -> None:
    """Make the five tables."""
    tables = context.config.attributes["tables"]
    prefix, schema = tables.prefix, tables.schema
    _create(
        "log",
        _column("id", sa.Integer()),
        _column("log", _word(32)),
        _column("suite", _word(8)),
        _column("genesis", _octets(32)),
        _column("utc_offset", sa.Integer()),
        _column("schema_revision", _word(32)),
        sa.PrimaryKeyConstraint("id", name=f"{prefix}log_pk"),
        sa.CheckConstraint("id = 1", name=f"{prefix}log_one"),
    )
    _create(
        "entry",
        _column("instance", _word(128)),
        _column("seq", sa.BigInteger()),
        _column("kind", _word(32)),
        _column("at", sa.BigInteger()),
        _column("actor", _word(64)),
        _column("via", _word(128)),
        _column("req", _word(64), null=True),
        _column("def", _octets(32), null=True),
        _column("v", sa.Integer()),
        _column("prev", _octets(32)),
        _column("leaf", _octets(32)),
        _column("body", _words()),
        sa.PrimaryKeyConstraint("instance", "seq", name=f"{prefix}entry_pk"),
        sa.UniqueConstraint("instance", "req", name=f"{prefix}entry_req"),
    )
    _create(
        "text",
        _column("instance", _word(128)),
        _column("seq", sa.BigInteger()),
        _column("field", _word(96)),
        _column("salt", _octets(16)),
        _column("value", _words()),
        sa.PrimaryKeyConstraint("instance", "seq", "field", name=f"{prefix}text_pk"),
    )
    _create(
        "document",
        _column("digest", _octets(32)),
        _column("kind", _word(16)),
        _column("body", _words()),
        sa.PrimaryKeyConstraint("digest", name=f"{prefix}document_pk"),
    )
    _instance(prefix, schema)


def _instance(prefix: str, schema: str | None) -> None:
    entry = f"{prefix}entry" if schema is None else f"{schema}.{prefix}entry"
    name = f"{prefix}instance"
    _create(
        "instance",
        _column("key", _word(128)),
        _column("workflow", _word(64)),
        _column("root", _word(128), null=True),
        _column("def", _octets(32), null=True),
        _column("seq", sa.BigInteger()),
        _column("rev", sa.BigInteger()),
        _column("head", _octets(32)),
        _column("at", sa.BigInteger()),
        _column("state", _word(64), null=True),
        _column("phase", _word(64), null=True),
        _column("snapshot", _words()),
        sa.PrimaryKeyConstraint("key", name=f"{name}_pk"),
        sa.ForeignKeyConstraint(["key", "seq"], [f"{entry}.instance", f"{entry}.seq"], name=f"{name}_entry"),
    )
    for index, columns in (("workflow", ["workflow", "state"]), ("root", ["root", "workflow"])):
        op.create_index(f"{name}_{index}", name, columns, schema=schema, if_not_exists=True)


def downgrade() -> None:
    """Refuse: a log is never dropped by a migration."""
    raise NotImplementedError
