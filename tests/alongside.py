"""Both verifiers on the log in a database: they say the same of its export, and that is what the database says.

An export shows less than its database, so these of the database's report are left out of what must be equal:

- the layers `database` and `cache`, caches and triggers that were not checked; the leaves and nodes that are stored
  beside the entries (`tree leaf_differs`, `node_differs`); the clock that an entry is ahead of (`chain clock_ahead`);
- where the log's row names another genesis, that chains do not begin there (`chain first_prev`), and where it has
  another offset, all of `replay`, for days are others by it;
- where an entry is gone from its place, only the database has its leaf: then these places are all that is compared of
  the tree, and of anchors the export finds nothing that the database does not.

An entry whose body is no JSON at all is a line that cannot be read, and counts as not there: then both are tampered
with, and there are as many lines less as the database names such entries. An export is refused for the first entry that
the database says does not hash to its leaf; for the first of all where the log's row names another suite; and where
what lies beside the entries cannot be written, the database is tampered with. Without a genesis the file is no log for
either. All else must be equal: entries, instances, counts, the anchor, what was not checked, every finding to its
words, and the verdict that these lead to.
"""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import reading, verify_bundle
from kfq_workflow.errors import InvalidInput, NotInitialised
from kfq_workflow.export import write_export
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import alone, verify_export

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.stored.database_source import DatabaseSource
    from kfq_workflow.verify import Finding, Report

#: What only a database can show, and what only a database can check.
_LAYERS, _KINDS = ("database", "cache"), ("tree leaf_differs", "tree node_differs", "chain clock_ahead")
_CHECKS = ("caches", "trigger")


def alike(database: Engine, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> Report:
    """Verify a database, hold its export to that, and return what the database says.

    Raises NotInitialised, SchemaOutOfDate, DatabaseUnavailable.
    """
    anchors = tuple(anchors)
    with reading(database) as source:
        report = verify(source, anchors, trust=trust)
        hold(source, report, anchors, trust)
    return report


def hold(source: DatabaseSource, stored: Report, anchors: tuple[Anchor, ...] = (), trust: Trust = NOBODY) -> None:
    """Export what a database has, and hold both verifiers of the file to each other and to the database's report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        try:
            write_export(source, path)
            exported = _read(path.read_bytes(), anchors, trust)
        except InvalidInput as error:
            _refused(stored, error)
            return
        except NotInitialised:
            assert "chain genesis_missing" in map(_kind, stored.findings)
            with pytest.raises(verify_bundle.Unreadable):
                alone(path, anchors, trust)
            return
    _compare(stored, exported)


@lru_cache(maxsize=32)
def _read(log: bytes, anchors: tuple[Anchor, ...], trust: Trust) -> Report:
    """Let both verify an export; once, where what is changed in a database is in no export of it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(log)
        file.flush()
        return verify_export(file.name, anchors, trust)


def _kind(finding: Finding) -> str:
    return f"{finding.layer} {finding.kind}"


def _places(report: Report, kind: str) -> set[tuple[Any, Any]]:
    return {(each.instance, each.seq) for each in report.findings if _kind(each) == kind}


def _refused(stored: Report, error: InvalidInput) -> None:
    """Hold that the database says why it cannot be exported."""
    assert (error.code, stored.verdict) in (("export_tampered", "tampered"), ("export_odd", "tampered")), error
    altered = _places(stored, "bytes leaf")
    if error.code == "export_tampered" and altered:
        assert (error.values["key"], error.values["seq"]) == min(altered), error
    elif error.code == "export_tampered":
        assert _places(stored, "database log_differs"), error


def _compare(stored: Report, exported: Report) -> None:
    """Hold what an export says to what its database says."""
    if lines := [each for each in exported.findings if _kind(each) == "bytes line"]:
        odd = _places(stored, "bytes not_canonical") - _places(exported, "bytes not_canonical")
        assert (stored.verdict, len(lines), stored.entries - exported.entries) == ("tampered", len(odd), len(odd))
        return
    left_out = {*_KINDS, *(["chain first_prev"] if _places(stored, "database genesis_differs") else [])}
    layers = {*_LAYERS, *(["replay"] if _places(stored, "database log_differs") else [])}
    shown = [each for each in stored.findings if each.layer not in layers and _kind(each) not in left_out]
    here, there = _said(stored, shown), _said(exported, exported.findings)
    if _places(stored, "tree place_orphan"):
        for each in here, there:
            each["tree"] = {found for found in each["tree"] if found[1] == "place_orphan"}
            each["not_checked"] -= {found for found in each["not_checked"] if found.startswith(("tree ", "anchor "))}
        here["anchor"] &= there["anchor"]
        here["anchored"] = there["anchored"]
    if stored.verdict == "tampered" and exported.verdict != "tampered":  # because of what is left out
        here["verdict"] = "tampered" if any(each.severity == "error" for each in shown) else exported.verdict
    differ = {name: (here[name], there[name]) for name in here if here[name] != there[name]}
    assert not differ, f"the database and its export: {differ}"


def _said(report: Report, shown: Iterable[Finding]) -> dict[str, Any]:
    """Return what a report says, of these findings: those of the tree, of anchors, and the others."""
    found = {name: getattr(report, name) for name in ("verdict", "entries", "instances", "counts", "anchored")}
    layers: dict[str, set[tuple[Any, ...]]] = {"tree": set(), "anchor": set(), "findings": set()}
    for each in shown:
        layers.get(each.layer, layers["findings"]).add(tuple(each.as_json().values()))
    return {**found, **layers, "not_checked": {each for each in report.not_checked if not each.startswith(_CHECKS)}}
