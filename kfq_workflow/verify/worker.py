"""A process that reads a part of a log for another one; see `workers` for what they say to each other."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from kfq_workflow.errors import KfqError
from kfq_workflow.stored.tree_source import Span
from kfq_workflow.verify.reader import read

if TYPE_CHECKING:
    from kfq_workflow.stored.source import Opened, Opening, Source


#: The answers to what to open and which state to see.
READY, OTHER = "ready", "other"
#: Who asked has ended, or does not ask any more.
_GONE = (EOFError, BrokenPipeError, ConnectionResetError)


def main(number: int) -> None:
    """Serve the process at the other end of a socket, whose file descriptor this is."""
    with suppress(*_GONE):
        _serve(Connection(number))


def _serve(line: Connection) -> None:
    opening: Opening = line.recv()
    try:
        with opening.open() as opened:
            line.send(READY)
            span, source = _asked(line, opened)
            outcome = read(source, span, progress=line.send)
            line.send(outcome)
            for data in outcome.heads.chunks():
                line.send_bytes(data)
            line.send_bytes(b"")
    except _GONE:
        raise
    except Exception as error:  # noqa: BLE001 - told to who asked, who raises it
        line.send(error.text() if isinstance(error, KfqError) else f"{type(error).__name__}: {error}")


def _asked(line: Connection, opened: Opened) -> tuple[Span, Source]:
    """Look for the states of the source that are told, until a span of instances to read is."""
    source: Source | None = None
    while True:
        told: Any = line.recv()
        if isinstance(told, Span):
            if source is None:
                raise EOFError
            return told, source
        try:
            source = opened.see(told)
        except Exception:  # noqa: BLE001 - locked, gone, not allowed: who asked reads it alone, and will see
            source = None
        line.send(READY if source is not None else OTHER)
