"""What was not checked is said in words, whatever part of verification says it."""

from __future__ import annotations

import re
from pathlib import Path

import kfq_workflow
from kfq_workflow.messages.unchecked import UNCHECKED, unchecked

PACKAGE = Path(kfq_workflow.__file__).parent
#: What is put together otherwise: by its layer, and with more than one value.
BUILT = {"{layer}", "heads", "since"}


def said() -> set[str]:
    calls = re.compile(r'not_checked\(\s*f?"([^"]+)"')
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "verify_bundle.py"]
    return {found for path in files for found in calls.findall(path.read_text("utf-8"))}


def test_there_are_words_for_everything() -> None:
    found = {what.partition(" {")[0] for what in said()}
    assert len(found) > 15
    assert found - UNCHECKED.keys() - BUILT == set()


def test_names_follow_their_kind() -> None:
    assert unchecked("anchor 2026.txt", "en") == "anchor 2026.txt"
    assert unchecked("anchor 2026.txt", "zh") == "锚点 2026.txt"
    assert unchecked("missing texts", "zh") == "缺失的文字"
    assert unchecked("heads 3", "en") == "the heads that the oldest seals say (3 of them)"
    assert unchecked("since 9 2 a b.txt", "en").startswith(
        "9 entries of 2 instances that have nothing newer than a b.txt"
    )
    assert unchecked("of another age", "zh") == "of another age"
