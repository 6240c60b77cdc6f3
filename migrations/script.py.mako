"""${message}

The names of tables, indexes and constraints come from `context.config.attributes["tables"]`: its schema and prefix.
Write the columns out here: a migration does not change when `kfq_workflow.stored.tables` does. Add the revision to
`kfq_workflow.stored.schema.REVISIONS`. `env.py` makes the triggers anew when all migrations have run.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Bring the tables to revision ${up_revision}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Refuse: a log is never taken back to an older form."""
    raise NotImplementedError
