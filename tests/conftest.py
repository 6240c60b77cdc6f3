"""Fixtures of all tests: an empty database on each backend (`servers.py`)."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import open_database
from kfq_workflow.errors import DatabaseUnavailable, NotInitialised, SchemaOutOfDate
from tests.alongside import alike
from tests.servers import BACKENDS, ServerMissingError, Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SERVERS = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run of the tests, or as one of its workers join it."""
    folder = getattr(config, "workerinput", {}).get("servers")
    config.stash[SERVERS] = Servers(Path(folder)) if folder else Servers.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the run keeps its servers."""
    node.workerinput["servers"] = str(node.config.stash[SERVERS].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the run; the process that began it ends it."""
    servers = config.stash.get(SERVERS, None)
    if servers is not None:
        (servers.close if hasattr(config, "workerinput") else servers.end)()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that needs a database on every backend, or on those that its marker `backends` names."""
    if "database_url" not in metafunc.fixturenames:
        return
    given = [str(marker.args[0]) for marker in metafunc.definition.iter_markers("parametrize")]
    if any("database_url" in names for names in given):
        return
    marker = metafunc.definition.get_closest_marker("backends")
    backends = marker.args if marker else BACKENDS
    if unknown := set(backends) - set(BACKENDS):
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: unknown backends {sorted(unknown)}")
    metafunc.parametrize("database_url", backends, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of an empty database, on each backend in turn."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'kfq.db'}"
        else:
            try:
                url = stack.enter_context(request.config.stash[SERVERS].database(request.param))
            except ServerMissingError as error:
                missing(request.param, str(error))
        yield url
        found = _verify(url)
        if request.node.get_closest_marker("tampers") is None:
            assert found == []


def _verify(url: str) -> list[str]:
    """Return the errors in the log that a test leaves; fail where its export says something else."""
    database = open_database(url)
    try:
        report = alike(database)
    except (NotInitialised, SchemaOutOfDate, DatabaseUnavailable):
        return []
    finally:
        database.dispose()
    return [finding.text() for finding in report.findings if finding.severity == "error"]


def missing(backend: str, reason: str) -> None:
    """Skip, but where MariaDB has to be there, fail; PostgreSQL 18 comes with the tests and always is."""
    if backend == "postgresql18" or (backend == "mariadb" and os.environ.get("KFQ_CI") == "1"):
        pytest.fail(f"{backend}: {reason}")
    pytest.skip(f"{backend}: {reason}")


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """Give an Engine on an empty database, as the library opens it."""
    database = open_database(database_url)
    yield database
    database.dispose()
