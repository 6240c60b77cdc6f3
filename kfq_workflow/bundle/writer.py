"""Writes a bundle: what its scope has of the log, the hashes that lead to the root, and what it says of itself."""

from __future__ import annotations

import io
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from kfq_workflow import __version__
from kfq_workflow.audit.pruned import Hidden, hidden_places
from kfq_workflow.bundle import layout
from kfq_workflow.bundle.container import pack
from kfq_workflow.bundle.layout import Manifest, MemberSum, Scope
from kfq_workflow.bundle.proofs import hidden_line, newest_line
from kfq_workflow.bundle.readme import readme
from kfq_workflow.bundle.selection import Interval, OneInstance, Selection
from kfq_workflow.bundle.snapshot import Snapshot
from kfq_workflow.errors import InvalidInput
from kfq_workflow.export import write_lines
from kfq_workflow.files import new_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.stored.database_source import DatabaseSource

_CHUNK = 1 << 20
WHOLE = Scope()


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that was written.

    `entries` are in it, `unsealed` of them lie in no tree, so that nothing covers them; `size` and `root` are those of
    the tree that the newest seal made. `mentions` are the instances that its entries name and that are not in it.
    """

    entries: int
    unsealed: int
    size: int
    root: bytes
    mentions: tuple[str, ...]
    anchors: int


def write_bundle(
    source: DatabaseSource,
    path: str | Path,
    scope: Scope = WHOLE,
    *,
    texts: bool = True,
    anchors: Sequence[Anchor] = (),
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Made:
    """Write a bundle of a log, or of what `scope` has of it, and return what is in it.

    The newest seal is taken as it is: entries after it are in the bundle, and nothing covers them. Words that people
    wrote are in it in clear unless `texts` is off. `anchors` are checkpoints from outside that go along. The file
    appears complete or not at all, and only its owner may read it. Raises NotFound for an unknown instance,
    InvalidInput when the file exists and `overwrite` is not given, when an entry does not hash to its leaf or when
    there are more than 999 anchors, and DatabaseUnavailable where the tree has holes.
    """
    if len(anchors) > layout.MOST_ANCHORS:
        raise InvalidInput("bundle_anchors", most=layout.MOST_ANCHORS)
    snapshot = Snapshot(source)
    with new_file(path, overwrite=overwrite) as file, ExitStack() as stack:

        def beside() -> BinaryIO:
            return cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile(dir=Path(path).parent)))

        selection = _selected(snapshot, scope, [anchor.checkpoint.size for anchor in anchors], texts=texts)
        log = beside()
        entries = write_lines(selection, log, progress)
        members = [(layout.LOG, log)]
        if scope.whole:
            placed = snapshot.size
        else:
            proofs = beside()
            placed = _prove(snapshot, selection, anchors, proofs)
            members.append((layout.PROOFS, proofs))
        members += _beside(anchors)
        sums = {name: _sum(data) for name, data in members}
        manifest = Manifest(
            entries, entries - placed, snapshot.head.log, source.clock() or 0, f"kfq-workflow {__version__}", sums,
            selection.mentions, scope, snapshot.head.suite, texts, snapshot.size, snapshot.root,
        )  # fmt: skip
        pack(file, [*members, (layout.MANIFEST, io.BytesIO(manifest.encode()))])
    return Made(entries, manifest.unsealed, snapshot.size, snapshot.root, selection.mentions, len(anchors))


def _selected(snapshot: Snapshot, scope: Scope, anchors: Sequence[int], *, texts: bool) -> Selection:
    if scope.instance is not None:
        return OneInstance(snapshot, scope.instance, anchors, texts=texts)
    return Interval(snapshot, scope, texts=texts) if scope.recorded else Selection(snapshot, texts=texts)


def _prove(snapshot: Snapshot, selection: Selection, anchors: Iterable[Anchor], file: BinaryIO) -> int:
    """Write the hashes that lead from what is shown to the root; return how many entries have a place."""
    shown, placed = _ranges(place.position for place in selection.places())
    cuts = {row.size for row in selection.checkpoints()} | {anchor.checkpoint.size for anchor in anchors}
    cuts |= set(selection.stated())
    for instance, seq, _ in selection.citations():
        found = snapshot.store.leaf_of(snapshot.cursor, instance, seq)
        if found is not None:
            cuts |= {found.position, found.position + 1}
    places = hidden_places(shown, snapshot.size, cuts)
    trees = (Hidden(position, 1 << height, snapshot.node(position, height)) for position, height in places)
    file.writelines(map(hidden_line, trees))
    file.writelines(map(newest_line, selection.newest()))
    return placed


def _ranges(positions: Iterable[int]) -> tuple[list[tuple[int, int]], int]:
    """Join positions into ranges [start, end), in order, and count them.

    They come by (instance, seq): within a seal one after the other, so there are few ranges where little is hidden.
    """
    found: dict[int, int] = {}
    count = 0
    for position in positions:
        count += 1
        found[position + 1] = found.pop(position, position)
    return sorted((start, end) for end, start in found.items()), count


def _beside(anchors: Sequence[Anchor]) -> list[tuple[str, BinaryIO]]:
    """Return the small members: anchors as they were given, what people read, and the independent verifier."""
    found: list[tuple[str, bytes]] = [
        (layout.anchor_name(number), anchor.data) for number, anchor in enumerate(anchors, 1)
    ]
    found.append((layout.README, readme().encode()))
    verifier = files("kfq_workflow") / "verify_bundle.py"
    if verifier.is_file():
        found.append((layout.VERIFIER, verifier.read_bytes()))
    return [(name, io.BytesIO(data)) for name, data in found]


def _sum(data: BinaryIO) -> MemberSum:
    found, size = sha256(), 0
    data.seek(0)
    while part := data.read(_CHUNK):
        found.update(part)
        size += len(part)
    return MemberSum(size, found.hexdigest())
