"""Progress on stderr, for what takes more than a second and is watched on a terminal."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Self

import click

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

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int, total: int = 0) -> None:
        """Tell how far it is."""
        now = monotonic()
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + _PAUSE
        self._wrote = True
        click.echo(f"\r\x1b[K{say(self._code, done=done, total=total)}", nl=False, err=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wrote:
            click.echo("\r\x1b[K", nl=False, err=True)
