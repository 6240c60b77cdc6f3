"""Both verifiers on one database: what the library finds in its export, the independent one finds there as well."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow import reading
from kfq_workflow.export import write_export
from tests.beside import verify_export

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow.verify import Report


def alike(database: Engine) -> Report:
    """Export a database, hold both verifiers to the same report on the export, and return the library's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        with reading(database) as source:
            write_export(source, path)
        return verify_export(path)
