"""Sealing: the tables leaf, sealed and checkpoint, which begin empty: the first seal places every entry.

Frozen, as 0001. Every step may find its work done: MariaDB keeps what was made before a crash.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
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


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _create(name: str, *parts: Any) -> None:
    schema = context.config.attributes["tables"].schema
    op.create_table(name, *parts, schema=schema, if_not_exists=True, **_OPTIONS)


def upgrade() -> None:
    """Make the three tables."""
    prefix = context.config.attributes["tables"].prefix
    leaf, sealed, checkpoint = (prefix + name for name in ("leaf", "sealed", "checkpoint"))
    _create(
        leaf,
        _column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        _column("leaf", _octets(32)),
        _column("node", _octets(32)),
        _column("instance", _word(128)),
        _column("seq", sa.BigInteger()),
        sa.PrimaryKeyConstraint("position", name=f"{leaf}_pk"),
        sa.UniqueConstraint("instance", "seq", name=f"{leaf}_entry"),
    )
    _create(
        sealed,
        _column("instance", _word(128)),
        _column("seq", sa.BigInteger()),
        _column("leaf", _octets(32)),
        sa.PrimaryKeyConstraint("instance", name=f"{sealed}_pk"),
    )
    _create(
        checkpoint,
        _column("digest", _octets(32)),
        _column("size", sa.BigInteger()),
        _column("root", _octets(32)),
        _column("note", _words()),
        sa.PrimaryKeyConstraint("digest", name=f"{checkpoint}_pk"),
    )


def downgrade() -> None:
    """Refuse: a log is never taken back by a migration."""
    raise NotImplementedError
