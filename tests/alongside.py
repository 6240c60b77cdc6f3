"""Both verifiers beside each other: what the library finds in a log, the independent one finds in its export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kfq_workflow import reading, verify_bundle
from kfq_workflow.export import write_export
from tests.mutants import by_file, by_library

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Kinds of findings about document numbers, which the independent verifier does not decide yet.
_NOT_YET = frozenset({"effects_differs", "retired_missing"})


def alike(database: Engine) -> None:
    """Hold that both give the export of a database the same verdict and the same findings.

    A log that has what the independent verifier does not decide again is incomplete for it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        with reading(database) as source:
            write_export(source, path)
        library, file = by_library(path), by_file(path)
    one = sorted((found for found in library.findings - file.findings if found[1] not in _NOT_YET), key=repr)
    other = sorted(file.findings - library.findings, key=repr)
    assert (one, other) == ([], []), f"only the library: {one}; only the file: {other}"
    left = set(file.not_checked) & set(verify_bundle.AREAS)
    assert file.verdict == ("incomplete" if left and library.verdict == "self-consistent" else library.verdict)
