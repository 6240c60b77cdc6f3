"""Alembic's environment: run the migrations on one connection, under the lock of `stored.exclusive`.

The library hands its connection and tables over in the configuration's attributes. On the command line the database
is KFQ_DATABASE_URL, and `-x schema=…` and `-x prefix=…` name the tables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import create_engine

from kfq_workflow.stored import schema
from kfq_workflow.stored.exclusive import exclusive
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run(connection: Connection, tables: Tables) -> None:
    """Run what the command asks for; when it moved the revision, make the triggers anew and note the revision."""
    applied: list[Any] = []
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        version_table=tables.version.name,
        version_table_schema=tables.schema,
        include_schemas=tables.schema is not None,
        on_version_apply=lambda **step: applied.append(step),
    )
    with context.begin_transaction():
        context.run_migrations()
    if applied:
        schema.finish_migration(connection, tables)


def main() -> None:
    """Take the library's connection, or open one for the command line."""
    if context.is_offline_mode():
        message = "Migrations of a log need its database: --sql is not supported."
        raise CommandError(message)
    attributes = context.config.attributes
    if attributes.get("connection") is not None:
        run(attributes["connection"], attributes["tables"])
        return
    given = context.get_x_argument(as_dictionary=True)
    tables = attributes["tables"] = Tables(given.get("schema"), given.get("prefix", "kfq_"))
    database = create_engine(os.environ.get("KFQ_DATABASE_URL", "sqlite:///kfq.db"))
    with exclusive(database, tables) as connection:
        run(connection, tables)
    database.dispose()


main()
