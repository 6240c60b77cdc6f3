"""Bundles for tests: taken apart, changed, and put together again, with sums that fit or as they were."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kfq_workflow.bundle.container import pack, unpack
from kfq_workflow.entry import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Members = dict[str, bytes]
    Lines = list[bytes]

LOG, PROOFS, MANIFEST = "log.jsonl", "proofs.jsonl", "manifest.json"


def members(path: Path) -> Members:
    """Return what is in a bundle, in order."""
    found = {}
    for member, part in unpack(path):
        with part.open() as file:
            found[member.name] = file.read()
    return found


def packed(path: Path, found: Members) -> Path:
    """Write members to a container as they are."""
    with path.open("wb") as file:
        pack(file, [(name, io.BytesIO(data)) for name, data in found.items()])
    return path


def summed(found: Members, **says: Any) -> Members:
    """Return members with a manifest whose sums fit, and that says other things, too: what a forger would do."""
    about = json.loads(found[MANIFEST]) | says
    about["members"] = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
        for name, data in found.items()
        if name != MANIFEST
    }
    return {**found, MANIFEST: encode_json(about).encode() + b"\n"}


def forged(path: Path, work: Callable[[Lines], object], member: str = LOG, **says: Any) -> Path:
    """Change the lines of a member, and make every sum fit."""
    found = members(path)
    lines = found[member].splitlines(keepends=True)
    work(lines)
    found[member] = b"".join(lines)
    return packed(path.with_name(f"forged-{path.name}"), summed(found, **says))
