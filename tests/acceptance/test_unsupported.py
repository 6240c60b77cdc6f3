"""The page of what is not supported yet lists exactly that."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.docs
def test_the_page_lists_exactly_what_is_refused() -> None:
    module = runpy.run_path(str(DOCS / "unsupported.py"))
    assert module["page"]() == (DOCS / "reference" / "unsupported.md").read_text("utf-8")
    assert "`propose_exit`" in module["page"]()  # a ranking
    assert "`province.upgrade_freeze=2y`" in module["page"]()  # an effect in words
    assert "`complete_department_review`" not in module["page"]()  # votes are counted
    assert "`submit_application`" not in module["page"]()  # its policy is off by default
