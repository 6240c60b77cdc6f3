"""Every phrase of a report is there in both languages, takes the same values, and no kind of entry is left out."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from kfq_workflow import report
from kfq_workflow.cli import words as cli
from kfq_workflow.report.words import PHRASES, phrase

#: Phrases that are found by a code of the log.
BY_CODE = (
    "kind.", "vote.", "gate.", "task.", "basis.", "plan.", "place.", "text.", "fact.", "severity.", "verdict.",
    "meaning.", "paper.date.", "stay.", "short.", "day.",
)  # fmt: skip


#: Lines of the command line about anchors, which a report is not given.
CLI_ONLY = {"verdict.limits", "verdict.anchor", "verdict.signed", "verdict.through", "verdict.lost"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    for code, (zh, en) in PHRASES.items():
        assert zh, code
        assert en, code
        assert fields(zh) == fields(en) or code in ("day.month", "day.day"), code  # English names the month


@pytest.mark.parametrize("prefix", ["kind", "vote", "plan", "basis", "place", "severity", "verdict"])
def test_what_the_command_line_has_a_word_for_so_have_reports(prefix: str) -> None:
    known = {code for code in cli.PHRASES if code.startswith(f"{prefix}.")} - CLI_ONLY
    assert known
    assert known - PHRASES.keys() == set()


def test_no_phrase_is_left_over() -> None:
    folder = Path(report.__file__).parent
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".html") and "words" not in path.name]
    said = "".join(path.read_text("utf-8") for path in files)
    assert [code for code in PHRASES if not code.startswith(BY_CODE) and f'"{code}"' not in said] == []


def test_phrases_are_filled() -> None:
    assert phrase("entry.ref", "zh", seq=3) == "第 3 条"
    assert phrase("none", "en") == "none"
