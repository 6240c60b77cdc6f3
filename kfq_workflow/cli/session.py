"""One run of a command: which database, which language, how to print; opened when it is first needed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from kfq_workflow.cli import locale
from kfq_workflow.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import TracebackType

    from sqlalchemy import Engine

    from kfq_workflow.engine import WorkflowEngine

DEFAULT_URL = "sqlite:///kfq.db"
_VARIABLES = {"database": "KFQ_DATABASE_URL", "schema": "KFQ_SCHEMA", "prefix": "KFQ_PREFIX"}


class Session:
    """The options that every command takes, and what they open."""

    def __init__(
        self, *, url: str = DEFAULT_URL, schema: str | None = None, prefix: str = "kfq_", json: bool = False
    ) -> None:
        self.url = url
        self.schema = schema
        self.prefix = prefix
        self.json = json
        self.lang = locale.language()
        self._database: Engine | None = None

    @classmethod
    def of(cls, ctx: click.Context, values: MutableMapping[str, Any]) -> Session:
        """Take the shared options out of a command's values.

        What is not given there comes from before the command, then from the environment.
        """
        root = ctx.find_root().params
        found = {name: values.pop(name, None) or root.get(name) for name in (*_VARIABLES, "lang", "debug")}
        for name, variable in _VARIABLES.items():
            found[name] = found[name] or os.environ.get(variable)
        return cls(
            url=found["database"] or DEFAULT_URL,
            schema=found["schema"],
            prefix=found["prefix"] or "kfq_",
            json=bool(values.pop("json", False)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.dispose()

    def database(self, *, create: bool = False) -> Engine:
        """Return the database. A SQLite file that is not there is made with `create` only, else refused."""
        from kfq_workflow.errors import NotInitialised
        from kfq_workflow.stored.database import open_database

        if self._database is None:
            self._database = open_database(self.url, waiting=_waiting())
        url = self._database.url
        path = str(url.database or "")
        is_file = url.get_backend_name() == "sqlite" and path not in ("", ":memory:") and not path.startswith("file:")
        if is_file and not create and not Path(path).exists():
            raise NotInitialised(database=url.render_as_string(hide_password=True))
        return self._database

    def engine(self) -> WorkflowEngine:
        """Return the engine on the database."""
        from kfq_workflow.engine import WorkflowEngine

        return WorkflowEngine(self.database(), via=via(), schema=self.schema, prefix=self.prefix)

    @property
    def place(self) -> dict[str, Any]:
        """Schema and prefix, as the functions of `kfq_workflow.stored.schema` take them."""
        return {"schema": self.schema, "prefix": self.prefix}


def _waiting() -> Callable[[], None]:
    """Return what says once that we wait for a lock; it is called in another thread, which has no language."""
    text, said = say("waiting"), [False]

    def tell() -> None:
        if not said[0]:
            said[0] = True
            with suppress(OSError, ValueError):
                click.echo(f"kfq: {text}", err=True)

    return tell


def via() -> str:
    """Return through what the acts come: `cli:user@host`."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    words = f"cli:{user}@{socket.gethostname()}"
    return "".join(letter if letter.isprintable() else "?" for letter in words)[:128]
