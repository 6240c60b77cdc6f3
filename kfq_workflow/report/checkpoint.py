"""A checkpoint on a sheet of paper, to be signed by hand and filed: in Chinese and English, to scan or to type in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.qr import svg
from kfq_workflow.audit.typed import lines_of
from kfq_workflow.report.model import CheckpointPage

if TYPE_CHECKING:
    from kfq_workflow.audit.note import Note

_GROUP = 8


def checkpoint_page(note: Note) -> CheckpointPage:
    """Return the sheet of a checkpoint. Raises NoteError; InvalidInput for a note that is too long for one code."""
    found = Checkpoint.parse(note.text)
    root = found.root.hex()
    return CheckpointPage(
        found.origin,
        f"{found.size:,}",
        tuple(root[place : place + _GROUP] for place in range(0, len(root), _GROUP)),
        tuple(line.name for line in note.signatures),
        tuple(lines_of(note)),
        svg(str(note) if note.signatures else note.text),
    )


def checkpoint_sheet(note: Note) -> str:
    """Return the sheet as HTML. Raises as `checkpoint_page`, and KfqError `extra_missing` without Jinja2 or segno."""
    from kfq_workflow.report.render import render_checkpoint

    return render_checkpoint(checkpoint_page(note))
