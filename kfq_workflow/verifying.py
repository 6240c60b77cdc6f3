"""The log in a database: opened to be read in one snapshot, or verified."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from kfq_workflow.errors import KfqError
from kfq_workflow.stored.database import recipe
from kfq_workflow.stored.database_errors import translate, unreadable
from kfq_workflow.stored.database_source import DatabaseSource
from kfq_workflow.stored.sharing import begin
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from kfq_workflow.verify.report import Report


@contextmanager
def reading(database: Engine, *, schema: str | None = None, prefix: str = "kfq_") -> Iterator[DatabaseSource]:
    """Open a connection that only reads, in one snapshot of the database, and yield it as a source.

    Raises NotInitialised, SchemaOutOfDate, DatabaseUnavailable.
    """
    try:
        with database.connect() as connection:
            begin(connection)
            source = DatabaseSource(connection, Tables(schema, prefix), recipe=recipe(database))
            try:
                yield source
            finally:
                with suppress(Exception):
                    source.close()
                    connection.rollback()
    except KfqError:
        raise
    except Exception as error:
        name = database.url.render_as_string(hide_password=True)
        found = translate(error, database=name) or unreadable(error, database=name)
        if found is None:
            raise
        raise found from error


def verify_database(
    database_or_connection: Engine | Connection,
    *,
    schema: str | None = None,
    prefix: str = "kfq_",
    key: str | None = None,
    jobs: int | None = 1,
) -> Report:
    """Verify the log in a database, or with `key` one instance of it, in so many processes (see `verify.verify`).

    A connection is read as it is, by this process alone: whether that is one snapshot is the caller's affair. So is an
    Engine that `open_database` has not made, for nobody else would know how to open it. Raises NotFound for an
    unknown key, NotInitialised, SchemaOutOfDate, DatabaseUnavailable.
    """
    from kfq_workflow.verify import verify  # much, and who only reads needs none of it

    if isinstance(database_or_connection, Connection):
        return verify(DatabaseSource(database_or_connection, Tables(schema, prefix)), key=key)
    with reading(database_or_connection, schema=schema, prefix=prefix) as source:
        return verify(source, key=key, jobs=jobs)
