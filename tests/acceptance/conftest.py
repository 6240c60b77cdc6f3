"""Fixtures of the acceptance tests: the command run in this process, and a copy of the demo's database."""

from __future__ import annotations

import gc
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kfq_workflow import open_database
from kfq_workflow.cli.root import kfq
from tests.gated import prepare_file

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Kfq:
    """Runs `kfq` in this process on one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *args: str, lang: str = "en", **environ: str) -> Ran:
        clean = dict.fromkeys(("KFQ_LANG", "KFQ_SCHEMA", "KFQ_PREFIX", "KFQ_DEBUG", "LC_ALL", "LC_MESSAGES", "LANG"))
        environ = {**clean, "KFQ_DATABASE_URL": self.url, "KFQ_LANG": lang, **environ}  # type: ignore[dict-item]
        gc.collect()  # a cursor that an earlier command left behind in this process would keep its lock
        result = CliRunner().invoke(kfq, list(args), prog_name="kfq", env=environ)
        return Ran(result.exit_code, result.stdout, result.stderr)

    def ok(self, *args: str, **how: str) -> Ran:
        ran = self(*args, **how)
        assert ran.code == 0, (args, ran)
        return ran

    def entries(self) -> int:
        """Return how many entries the whole log has, refusals included."""
        database = open_database(self.url)
        with database.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM kfq_entry").scalar_one()
        database.dispose()
        return int(count)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the demo's database, to be copied."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    Kfq(f"sqlite:///{path}").ok("demo", "linfen-2020")
    return path


@pytest.fixture
def demo(demo_file: Path, tmp_path: Path) -> Kfq:
    """Give the command on a fresh copy of the demo's database."""
    path = tmp_path / "demo.db"
    shutil.copy(demo_file, path)
    return Kfq(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def gated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database with a permit whose grant is signed, to be copied; see `tests.gated`."""
    path = tmp_path_factory.mktemp("gated") / "gated.db"
    prepare_file(str(path))
    return path


@pytest.fixture
def gated(gated_file: Path, tmp_path: Path) -> Kfq:
    """Give the command on a fresh copy of the database with the permit `p`."""
    path = tmp_path / "gated.db"
    shutil.copy(gated_file, path)
    return Kfq(f"sqlite:///{path}")


@pytest.fixture
def empty(tmp_path: Path) -> Kfq:
    """Give the command on a database file that is not there yet."""
    return Kfq(f"sqlite:///{tmp_path / 'kfq.db'}")
