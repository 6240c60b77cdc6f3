"""Every phrase of a report is there in both languages, takes the same values, and no kind of entry is left out."""

from __future__ import annotations

import string

import pytest

from kfq_workflow.cli import words as cli
from kfq_workflow.report.words import PHRASES, phrase


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    for code, (zh, en) in PHRASES.items():
        assert zh, code
        assert en, code
        assert fields(zh) == fields(en) or code in ("day.month", "day.day"), code  # English names the month


@pytest.mark.parametrize("prefix", ["kind", "vote", "plan", "basis", "place", "severity", "verdict", "unchecked"])
def test_what_the_command_line_has_a_word_for_so_have_reports(prefix: str) -> None:
    known = {code for code in cli.PHRASES if code.startswith(f"{prefix}.")} - {"verdict.limits"}
    assert known
    assert known - PHRASES.keys() == set()


def test_phrases_are_filled() -> None:
    assert phrase("entry.ref", "zh", seq=3) == "第 3 条"
    assert phrase("none", "en") == "none"
