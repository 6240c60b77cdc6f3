"""The inbox: the table task, a cache that begins empty, for no entry before this revision opens an approval.

Frozen, as 0001. Every step may find its work done: MariaDB keeps what was made before a crash.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
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


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, autoincrement=False)


def upgrade() -> None:
    """Make the table and its indexes."""
    tables = context.config.attributes["tables"]
    name = f"{tables.prefix}task"
    op.create_table(
        name,
        _column("instance", _word(128)),
        _column("gate", _word(64)),
        _column("round", sa.Integer()),
        _column("task", _word(16)),
        _column("box", _word(8)),
        _column("state", _word(16)),
        _column("role", _word(64), null=True),
        _column("org", _word(128), null=True),
        _column("holder", _word(64), null=True),
        _column("at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("instance", "gate", "round", "task", name=f"{name}_pk"),
        schema=tables.schema,
        if_not_exists=True,
        **_OPTIONS,
    )
    for owner in ("holder", "role", "org"):
        op.create_index(f"{name}_{owner}", name, [owner, "box", "at"], schema=tables.schema, if_not_exists=True)


def downgrade() -> None:
    """Refuse: a log is never taken back by a migration."""
    raise NotImplementedError
