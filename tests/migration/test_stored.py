"""Logs that past revisions wrote are upgraded and verify, on each database: one stored log for each revision.

`stored/NNNN.json` holds every table of a log of that revision, columns and rows; bytes are written {"hex": …}. It was
written by the library of that revision, and is never written again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import create_engine

from kfq_workflow import WorkflowEngine, open_database, schema, verify_database
from kfq_workflow.errors import SchemaOutOfDate
from kfq_workflow.stored import triggers
from kfq_workflow.stored.exclusive import exclusive
from kfq_workflow.stored.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Engine

STORED = sorted(Path(__file__).with_name("stored").glob("*.json"))


def put(database: Engine, file: Path, tables: Tables) -> dict[str, Any]:
    """Make the tables of a past revision and put its stored log into them."""
    with exclusive(database, tables) as connection:
        command.upgrade(schema.alembic_config(connection, tables), file.stem)
    log: dict[str, Any] = json.loads(file.read_text("utf-8"))
    with database.begin() as connection:
        for name, found in log.items():
            table = sa.table(tables.prefix + name, *map(sa.column, found["columns"]))
            for row in found["rows"]:
                values = [bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in row]
                connection.execute(table.insert().values(dict(zip(found["columns"], values, strict=True))))
    return log


def test_every_past_revision_has_a_stored_log() -> None:
    assert tuple(file.stem for file in STORED) == schema.REVISIONS[:-1]


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
@pytest.mark.parametrize("verb", ["init", "upgrade"])
def test_a_stored_log_is_upgraded_and_verifies(database_url: str, file: Path, verb: str) -> None:
    tables = Tables()
    plain = create_engine(database_url)
    log = put(plain, file, tables)
    with plain.connect() as connection, pytest.raises(SchemaOutOfDate, match="kfq db upgrade"):
        schema.check(connection, tables)
    getattr(schema, verb)(plain)
    plain.dispose()
    database = open_database(database_url)
    with database.connect() as connection:
        assert schema.check(connection, tables).revision == schema.REVISION
        assert set(triggers.status(connection, tables).values()) == {"present"}
        assert len(connection.execute(tables.entry.select()).all()) == len(log["entry"]["rows"])
    report = verify_database(database)
    signed = log.get("checkpoint", {}).get("rows")  # by whom, is not asked here
    assert (report.verdict, report.findings) == ("self-consistent", ())
    assert report.not_checked == (("signatures",) if signed else ())
    assert WorkflowEngine(database).rebuild() == 0
    database.dispose()
