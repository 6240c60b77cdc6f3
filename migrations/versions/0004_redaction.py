"""Redaction: a text may go when an entry says so. No table changes; the triggers are made anew after every migration.

The trigger on the texts that refused every DELETE lets those rows go that an entry of kind `redacted` names. On
PostgreSQL the words are kept out of the planner's statistics, which would hold copies of them.
"""

from __future__ import annotations

from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep words out of PostgreSQL's statistics."""
    tables = context.config.attributes["tables"]
    if op.get_bind().dialect.name == "postgresql":
        quote = op.get_bind().dialect.identifier_preparer
        op.execute(f"ALTER TABLE {quote.format_table(tables.text)} ALTER COLUMN value SET STATISTICS 0")


def downgrade() -> None:
    """Refuse: a log is never taken back by a migration."""
    raise NotImplementedError
