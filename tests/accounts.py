"""The accounts of docs/how-to/operate.md on a database of a test, as addresses for the command line."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from docs import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

PAGE = pages.ROOT / "docs/how-to/operate.md"


def statements(dialect: str) -> list[str]:
    """Return the page's grants for a database: its first block of SQL is PostgreSQL's, the second MariaDB's."""
    found = [block.text for block in pages.blocks(PAGE) if block.word == "sql"]
    return [line.rstrip(";") for line in found[dialect != "postgresql"].splitlines()]


@contextmanager
def accounts(database: Engine) -> Iterator[tuple[str, str, str]]:
    """Run the page's grants under names of this test; give the addresses of application, auditors and redactor."""
    mark, url = secrets.token_hex(4), database.url
    names = {name: f"{name}_{mark}" for name in ("kfq_app", "kfq_audit", "kfq_redact")}
    postgresql = database.dialect.name == "postgresql"

    def run(statement: str) -> None:
        for name, own in names.items():
            statement = statement.replace(name, own)
        with database.begin() as connection:
            connection.exec_driver_sql(statement.replace("zones.", f"`{url.database}`.").replace("%", "%%"))

    for statement in statements(database.dialect.name):
        run(statement)
    if postgresql:
        for name in names:
            run(f"ALTER ROLE {name} PASSWORD 'p'")
    app, audit, redact = (
        url.set(username=own, password="p" if postgresql else None).render_as_string(hide_password=False)
        for own in names.values()
    )
    try:
        yield app, audit, redact
    finally:
        database.dispose()
        for name in names:
            if postgresql:
                run(f"DROP OWNED BY {name}")
            run(f"DROP ROLE {name}" if postgresql else f"DROP USER {name}@'%'")


def read_only(database: Engine) -> str:
    """Return the address under which a SQLite file can only be read."""
    return f"sqlite:///file:{database.url.database}?mode=ro&uri=true"
