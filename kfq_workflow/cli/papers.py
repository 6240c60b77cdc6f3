"""Papers as a command line names them, `TYPE=NUMBER@FILE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from kfq_workflow.values import Paper


def paper(text: str) -> Paper:
    """Read `TYPE=NUMBER[@FILE]`; the file is only read for its digest."""
    from kfq_workflow.values import Paper

    kind, equals, rest = text.partition("=")
    if not equals or not kind:
        raise click.BadParameter(say("usage.pair", value=text, shape="TYPE=NUMBER[@FILE]"), param_hint="--paper")
    number, at, path = rest.partition("@")
    return Paper(kind, number=number or None, sha256=_digest(path) if at else None)


def _digest(path: str) -> str:
    import hashlib
    from pathlib import Path

    from kfq_workflow.errors import InvalidInput

    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise InvalidInput("paper_file", path=path, reason=getattr(error, "strerror", None) or str(error)) from None
