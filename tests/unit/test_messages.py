"""Every sentence exists in Chinese and English, takes the same values, and every code that is raised has one."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import kfq_workflow
from kfq_workflow.messages import SENTENCES, render

PACKAGE = Path(kfq_workflow.__file__).parent
CODED = {
    "InvalidInput": 0,
    "KfqError": 0,
    "DatabaseUnavailable": 0,
    "Problem": 0,
    "refuse": 1,
    "TransactionLost": 0,
}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def codes_in_source() -> dict[str, str]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODED:
                position = CODED[node.func.id]
                if len(node.args) > position and isinstance(node.args[position], ast.Constant):
                    found[str(node.args[position].value)] = f"{path.name}:{node.lineno}"
    return found


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_both_languages_take_the_same_values(code: str) -> None:
    zh, en = SENTENCES[code]
    assert fields(zh) == fields(en)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    assert en.isascii() or not any("\u4e00" <= letter <= "\u9fff" for letter in en)


def test_every_code_that_is_raised_has_a_sentence() -> None:
    found = codes_in_source()
    assert len(found) > 40
    assert {code: place for code, place in found.items() if code not in SENTENCES} == {}


def test_not_found_has_a_sentence_for_each_kind() -> None:
    kinds = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotFound":
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    kinds.add(f"not_found.{first.value}")
    assert kinds
    assert kinds <= SENTENCES.keys()


def test_lists_are_joined_in_the_language_and_gaps_are_shown() -> None:
    values = {"actor": "a", "needs": ["b", "c"]}
    assert "b、c" in render("role_missing", values, "zh")
    assert "b, c" in render("role_missing", values, "en")
    assert "<needs>" in render("role_missing", {"actor": "a"}, "en")
    assert render("no.such.code", {"x": 1}) == "no.such.code: x=1"
