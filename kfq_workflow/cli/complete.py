"""Completion of keys, triggers, actors and workflows: reads the database and never fails loudly.

SQLite is read with the standard library, read-only: SQLAlchemy would take longer than a person waits for a Tab.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click

_LIMIT = 500
_QUERIES = {
    "keys": ("SELECT {key} FROM {instance} WHERE {key} >= ? AND {key} NOT LIKE '~%' ORDER BY {key} LIMIT ?", ""),
    "actors": (
        "SELECT {key} FROM {instance} WHERE {key} >= ? AND {key} LIKE '~actor/%' ORDER BY {key} LIMIT ?",
        "~actor/",
    ),
    "workflows": (
        "SELECT {key} FROM {instance} WHERE {key} >= ? AND {key} LIKE '~definition/%' ORDER BY {key} LIMIT ?",
        "~definition/",
    ),
}
_RULES = "SELECT d.body FROM {document} d JOIN {instance} i ON i.def = d.digest WHERE i.{key} = ?"

Query = "Callable[[str, Sequence[object]], list[str]]"


def find(what: str, ctx: click.Context, incomplete: str) -> list[str]:
    """Return completions of `what`: keys, triggers, actors or workflows; nothing where no database answers."""
    try:
        found = _found(what, ctx, incomplete)
    except Exception:  # noqa: BLE001 - a failing completion must not write into the command line
        return []
    return [word for word in found if word.startswith(incomplete)]


def _found(what: str, ctx: click.Context, incomplete: str) -> list[str]:
    root = ctx.find_root().params
    url = ctx.params.get("database") or root.get("database") or os.environ.get("KFQ_DATABASE_URL") or "sqlite:///kfq.db"
    prefix = ctx.params.get("prefix") or root.get("prefix") or os.environ.get("KFQ_PREFIX") or "kfq_"
    schema = ctx.params.get("schema") or root.get("schema") or os.environ.get("KFQ_SCHEMA")
    ask = _sqlite(url) if url.startswith("sqlite:///") and not schema else _sqlalchemy(url)
    quote = "`" if url.startswith(("mysql", "mariadb")) else '"'
    place = f"{quote}{schema}{quote}." if schema else ""
    names = {name: f"{place}{quote}{prefix}{name}{quote}" for name in ("instance", "document")}
    names["key"] = f"{quote}key{quote}"
    if what == "triggers":
        rules = ask(_RULES.format(**names), (ctx.params.get("key"),))
        return list(dict.fromkeys(transition["trigger"] for transition in json.loads(rules[0])["transitions"]))
    query, before = _QUERIES[what]
    return [key.removeprefix(before) for key in ask(query.format(**names), (before + incomplete, _LIMIT))]


def _sqlite(url: str) -> Callable[[str, Sequence[object]], list[str]]:
    import sqlite3
    from contextlib import closing
    from pathlib import Path

    path = Path(url.removeprefix("sqlite:///").partition("?")[0]).resolve()

    def ask(query: str, values: Sequence[object]) -> list[str]:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            return [row[0] for row in connection.execute(query, values)]

    return ask


def _sqlalchemy(url: str) -> Callable[[str, Sequence[object]], list[str]]:
    from kfq_workflow.stored.database import open_database

    def ask(query: str, values: Sequence[object]) -> list[str]:
        database = open_database(url)
        try:
            with database.connect() as connection:
                mark = "?" if database.dialect.paramstyle == "qmark" else "%s"
                text = query.replace("%", "%%").replace("?", mark) if mark == "%s" else query
                return [row[0] for row in connection.exec_driver_sql(text, tuple(values))]
        finally:
            database.dispose()

    return ask
