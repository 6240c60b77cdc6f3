"""The documents cannot lie: every example runs, every link resolves, every generated page is as it must be."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import pytest

from docs import generate, pages

pytestmark = pytest.mark.docs
WRITTEN = pages.written_pages()


def _name(page: Path) -> str:
    return str(page.relative_to(pages.ROOT))


@pytest.mark.parametrize("page", [page for page in WRITTEN if pages.blocks(page)], ids=_name)
def test_a_page_shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    if lacking := pages.lacking(page):
        (pytest.fail if os.environ.get("KFQ_CI") == "1" else pytest.skip)(f"not installed: {lacking}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pages.Run(page, tmp_path).all() == []


@pytest.mark.parametrize("page", pages.pages(), ids=_name)
def test_links_resolve(page: Path) -> None:
    assert pages.broken_links(page) == []


@pytest.mark.parametrize("page", [page for page in WRITTEN if ".zh-CN." in page.name], ids=_name)
def test_both_languages_have_the_same_commands(page: Path) -> None:
    other = page.with_name(page.name.replace(".zh-CN", ""))
    assert pages.commands(page) == pages.commands(other)
    assert [block.word for block in pages.blocks(page)] == [block.word for block in pages.blocks(other)]
    statements = ([block.text for block in pages.blocks(each) if block.word == "sql"] for each in (page, other))
    assert next(statements) == next(statements)


def test_whatever_verification_finds_is_said_in_chinese_as_well() -> None:
    found = (pages.ROOT / f"docs/reference/what-verify-finds{lang}.md" for lang in ("", ".zh-CN"))
    english, chinese = (page.read_text("utf-8") for page in found)
    assert set(re.findall(r"`[^`\n]+`", english)) <= set(re.findall(r"`[^`\n]+`", chinese))


@pytest.mark.parametrize("page", sorted(generate.PAGES), ids=str)
def test_generated_pages_are_as_they_must_be(page: str) -> None:
    assert generate.PAGES[page]() == (pages.ROOT / "docs" / page).read_text("utf-8")


def test_every_name_that_a_page_imports_is_in_the_reference() -> None:
    reference = (pages.ROOT / "docs/reference/api.md").read_text("utf-8")
    imported = {name for page in WRITTEN for name in pages.imported(page)}
    missing = {name for name in imported if f"`{name}`" not in reference and f"kfq_workflow.{name}`" not in reference}
    assert missing == set()


def test_every_record_of_a_decision_is_in_the_map() -> None:
    index = (pages.ROOT / "docs/index.md").read_text("utf-8")
    for page in pages.ROOT.glob("docs/**/*.md"):
        assert page.name == "index.md" or str(page.relative_to(pages.ROOT / "docs")) in index


#: What the tour puts in the type of modules and is none: tables, fields, kinds, verbs, and a package of others.
NO_MODULES = {"expect", "fire", "kfq_instance", "kfq_task", "lang", "opened", "rests", "seen", "submit", "transitions"}


def test_the_tour_names_modules_that_are_there() -> None:
    prose = re.sub(r"(?ms)^```.*?^```$", "", (pages.ROOT / "docs/architecture.md").read_text("utf-8"))
    named = set(re.findall(r"`([a-z_0-9]+(?:/[a-z_0-9]*)*(?:\.py)?)`", prose)) - NO_MODULES
    assert len(named) > 80
    folders = pages.ROOT, pages.ROOT / "kfq_workflow"
    places = {name: [folder / name for folder in folders] for name in named}
    assert {n for n, found in places.items() if not any(p.exists() or Path(f"{p}.py").exists() for p in found)} == set()


@pytest.mark.parametrize("example", sorted(pages.ROOT.glob("examples/*.py")), ids=_name)
def test_examples_run(example: Path, tmp_path: Path) -> None:
    done = pages.run_example(example, tmp_path)
    assert done.returncode == 0, done.stdout
    expected = re.findall(r"^ *# → (.*)$", example.read_text("utf-8"), re.MULTILINE)
    assert pages.matches(expected, done.stdout.splitlines())


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a … c"], ["a b c"], True),
        (["a … c"], ["a b d"], False),
        (["a", "…", "d"], ["a", "b", "c", "d"], True),
        (["a", "…"], ["a"], True),
        (["…"], [], True),
        (["a"], ["a", "b"], False),
        (["  check    …"], ["  check  ABC"], True),
        (["by x  cli:…  recorded …"], ["by x  cli:me@here  recorded 2026-01-02 03:04:05"], True),
        (["day        …          act"], ["day        2026-01-02 act"], True),
    ],
)
def test_what_varies_is_written_with_an_ellipsis(shown: list[str], printed: list[str], *, same: bool) -> None:
    assert pages.matches(shown, printed) is same


def test_a_wrong_page_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo one\ntwo\n$ false\n$ true\n```\n\n```python\n1 / 0\n```\n\n```yaml\na: [\n```\n"
        "\n```sh\nmake nothing\n```\n",
        "utf-8",
    )
    found = pages.Run(page, folder).all()
    assert [re.sub(r".*?:(\d+):", r"\1", line.splitlines()[0]) for line in found][:3] == [
        "2 echo one", "4 ended with 1: false", "9 ZeroDivisionError: division by zero",
    ]  # fmt: skip
    assert len(found) == 5


def test_the_makefile_runs_modules_that_are_there() -> None:
    modules = set(re.findall(r"python -m (benchmarks[\w.]*)", (pages.ROOT / "Makefile").read_text("utf-8")))
    assert modules
    assert all((pages.ROOT / module.replace(".", "/")).with_suffix(".py").is_file() for module in modules), modules
