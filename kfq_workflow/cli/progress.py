"""Progress on stderr, for what takes more than a second and is watched on a terminal."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING

from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from types import TracebackType

_PATIENCE, _PAUSE = 1.0, 0.2


class Progress:
    """Call it with the number done, and the total where that is known; it writes one line over itself."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._next = monotonic() + _PATIENCE
        self._wrote = False

    def __enter__(self) -> Progress:
        return self

    def __call__(self, done: int, total: int = 0) -> None:
        now = monotonic()
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + _PAUSE
        self._wrote = True
        print(f"\r\x1b[K{say(self._code, done=done, total=total)}", end="", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wrote:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
