"""The library and the independent verifier side by side: both verify, and must say the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfq_workflow import bundle, verify_bundle
from kfq_workflow.export import ExportSource
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.verify import Report

#: What a finding is compared by.
_KEYS = ("layer", "kind", "severity", "instance", "seq")


def said(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says, without its sentences and what the independent verifier does not decide again."""
    found = {name: report.get(name) for name in ("entries", "instances", "anchored", "lost", "redacted")}
    found["findings"] = {tuple(finding[key] for key in _KEYS) for finding in report["findings"]}
    found["not_checked"] = set(report["not_checked"]) - verify_bundle.AREAS.keys()
    if not verify_bundle.AREAS.keys() & set(report["not_checked"]):
        found["verdict"] = report["verdict"]
    return found


def alone(path: str | Path, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> dict[str, Any]:
    """Return what the independent verifier says of a file, as JSON."""
    given = verify_bundle.Given(
        tuple(verify_bundle.read_anchor(each.label, each.data) for each in anchors),
        tuple(verify_bundle.read_key(str(key)) for key in trust.keys),
        tuple(verify_bundle.read_statement(each.label, str(each.note).encode()) for each in trust.statements),
    )
    return verify_bundle.verify(str(path), given).as_json()


def beside(path: str | Path, report: Report, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> None:
    """Hold what the independent verifier says of a file to what the library said."""
    found, expected = said(alone(path, anchors, trust)), said(report.as_json())
    if "verdict" not in found:
        expected.pop("verdict")
    if found.get("anchored"):
        found["anchored"] = {**found["anchored"], "signed": tuple(found["anchored"]["signed"])}
        found["anchored"]["through"] = tuple(found["anchored"]["through"])
    assert found == expected


def verify_export(path: str | Path, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> Report:
    """Let both verify an export."""
    anchors = tuple(anchors)
    report = verify(ExportSource(Path(path)), anchors, trust=trust)
    beside(path, report, anchors, trust)
    return report


def verify_bundled(
    path: str | Path, anchors: Iterable[Anchor] = (), *, trust: Trust = NOBODY,
    progress: Callable[[int], object] | None = None,
) -> Report:  # fmt: skip
    """Let both verify a bundle."""
    anchors = tuple(anchors)
    report = bundle.verify_bundle(path, anchors, trust=trust, progress=progress)
    beside(path, report, anchors, trust)
    return report
