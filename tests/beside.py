"""The library and the independent verifier side by side: both verify, and must say the same."""

from __future__ import annotations

import json
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
#: How the lines of an export's blocks begin, and what they are sorted by.
_BLOCKS = (b'{"document":', b'{"actor":', b'{"text":', b'{"head":', b'{"placed":', b'{"checkpoint":')
_ORDER = (
    ("digest",), ("instance", "seq"), ("instance", "seq", "field"), ("instance",), ("instance", "seq"),
    ("size", "note", "root"),
)  # fmt: skip


def is_in_order(log: bytes) -> bool:
    """Tell whether the lines of an export stand in the order of their blocks, and in each block by their keys.

    Where they do not, both find that, and what else they find depends on where reading goes on.
    """
    last: tuple[Any, ...] = (-1,)
    for line in log.splitlines(keepends=True):
        start = line[: line.find(b":") + 1]
        if start not in _BLOCKS:
            continue
        try:
            about = json.loads(line)
            about = about if start == _BLOCKS[1] else next(iter(about.values()))
            key = tuple(about[name] for name in _ORDER[_BLOCKS.index(start)])
            here = (_BLOCKS.index(start), *key)
            if here < last:
                return False
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            here = (_BLOCKS.index(start), *last[1:]) if last[0] == _BLOCKS.index(start) else (_BLOCKS.index(start),)
            if here < last:
                return False
        last = here
    return True


def said(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says, without its sentences."""
    found = {name: report.get(name) for name in ("verdict", "entries", "instances", "anchored", "lost", "redacted")}
    found["findings"] = {tuple(finding[key] for key in _KEYS) for finding in report["findings"]}
    found["not_checked"] = set(report["not_checked"])
    return found


def given(anchors: Iterable[Anchor], trust: Trust) -> verify_bundle.Given:
    """Return what an auditor brings as the independent verifier takes it."""
    return verify_bundle.Given(
        tuple(verify_bundle.read_anchor(each.label, each.data) for each in anchors),
        tuple(verify_bundle.read_key(str(key)) for key in trust.keys),
        tuple(verify_bundle.read_statement(each.label, str(each.note).encode()) for each in trust.statements),
    )


def alone(path: str | Path, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> dict[str, Any]:
    """Return what the independent verifier says of a file, as JSON."""
    return verify_bundle.verify(str(path), given(anchors, trust)).as_json()


def beside(path: str | Path, report: Report, anchors: Iterable[Anchor] = (), trust: Trust = NOBODY) -> None:
    """Hold what the independent verifier says of a file to what the library said."""
    found, expected = said(alone(path, anchors, trust)), said(report.as_json())
    if "verdict" not in found:
        expected.pop("verdict")
    if found.get("anchored"):
        found["anchored"] = {**found["anchored"], "signed": tuple(found["anchored"]["signed"])}
        found["anchored"]["through"] = tuple(found["anchored"]["through"])
    if Path(path).is_file() and not is_in_order(Path(path).read_bytes()):
        for each in (found, expected):
            each["findings"] = {one for one in each["findings"] if one[:2] == ("bytes", "line")}
            each.update(dict.fromkeys(("entries", "instances", "redacted"), 0))
    differ = {
        name: (expected[name] - found[name], found[name] - expected[name])
        if isinstance(expected[name], set)
        else (expected[name], found[name])
        for name in expected
        if expected[name] != found[name]
    }
    assert not differ, f"the library and the independent verifier: {differ}"


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
