"""Each third party has one door, and importing the package opens none of the slow ones."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Who may import it: files, or folders with a slash at the end.
DOORS = {
    "transitions": ("kfq_workflow/machine.py",),
    "alembic": ("kfq_workflow/stored/schema.py", "migrations/"),
    "click": ("kfq_workflow/cli/",),
    "cryptography": ("kfq_workflow/audit/ed25519.py",),
    "rich": ("kfq_workflow/cli/",),
    "yaml": ("kfq_workflow/strict_yaml.py",),
    "jinja2": ("kfq_workflow/report/render.py",),
    "markupsafe": ("kfq_workflow/report/render.py",),
    "segno": ("kfq_workflow/audit/qr.py",),
    "xlsxwriter": ("kfq_workflow/export/xlsx.py",),
    "sqlalchemy": (
        "kfq_workflow/cli/session.py",
        "kfq_workflow/doctor/",
        "kfq_workflow/engine.py",
        "kfq_workflow/stored/",
        "kfq_workflow/verifying.py",
        "migrations/",
    ),
}
SLOW = ("alembic", "click", "cryptography", "jinja2", "rich", "segno", "xlsxwriter")


def sources() -> list[Path]:
    folders = (ROOT / "kfq_workflow", ROOT / "migrations")
    return [ROOT / "cli.py", *(path for folder in folders for path in folder.rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Return the top-level names of everything that a file imports, for types only too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("party", DOORS)
def test_a_third_party_comes_in_by_its_own_door(party: str) -> None:
    inside = [path.relative_to(ROOT).as_posix() for path in sources() if party in imported(path)]
    assert [path for path in inside if not path.startswith(DOORS[party])] == []


def test_the_reading_of_imports_sees_them() -> None:
    assert "sqlalchemy" in imported(ROOT / "kfq_workflow/stored/tables.py")
    assert "transitions" in imported(ROOT / "kfq_workflow/machine.py")


def test_importing_the_package_loads_nothing_slow() -> None:
    code = f"import sys, kfq_workflow; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
