"""`--many`: the same act on every key of a file, each reported, and continued by the batch's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq

OPEN = ("submit", "p", "grant", "--actor", "app")


@pytest.fixture
def keys(tmp_path: Path) -> str:
    path = tmp_path / "keys.txt"
    path.write_text("p\r\n\nnowhere\np\n", "utf-8-sig")
    return str(path)


def test_votes_on_a_list_are_reported_and_go_on(gated: Kfq, keys: str) -> None:
    gated.ok(*OPEN)
    approve = ("approve", keys, "--many", "--batch", "monday", "--actor", "c1")
    ran = gated(*approve, lang="zh")
    assert ran.code == 1
    said = ran.out.splitlines()
    assert re.fullmatch("  校验码  [A-Z2-7]{26}", said.pop(1))
    assert said == [
        "p  已记录", "nowhere  失败", "  找不到“nowhere”。用 kfq list 查看已有的键。",
        "批次 monday：1 件已记录，1 件失败。",
    ]  # fmt: skip
    assert "p  done before" in gated(*approve).out


def test_a_refusal_says_why_and_exits_with_3(gated: Kfq, tmp_path: Path) -> None:
    gated.ok(*OPEN)
    path = tmp_path / "one"
    path.write_text("p\n")
    ran = gated("approve", str(path), "--many", "--batch", "b", "--actor", "app")
    assert ran.code == 3
    assert "app is not asked to sign" in ran.out
    assert ran.out.splitlines()[-1] == "Batch b: 1 refused."


def test_json_lists_every_outcome(gated: Kfq, keys: str) -> None:
    ran = gated("submit", keys, "grant", "--many", "--batch", "b", "--actor", "app", "--json")
    assert [(item["key"], item["outcome"]) for item in ran.json["outcomes"]] == [
        ("p", "recorded"), ("nowhere", "failed"),
    ]  # fmt: skip
    assert ran.json["outcomes"][1]["code"] == "not_found.instance"


def test_a_dry_run_writes_nothing(gated: Kfq, keys: str) -> None:
    before = gated.entries()
    ran = gated("submit", keys, "grant", "--many", "--batch", "b", "--actor", "app", "--dry-run")
    assert "Only tried, nothing was written: 1 recorded, 1 failed." in ran.out
    assert gated.ok(*OPEN, "--dry-run", lang="zh").out == "可以办理：p。这只是试算，什么都没有写入。\n"
    assert gated.entries() == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--many",), "name the batch with --batch"),
        (("--batch", "b"), "--batch goes with --many only"),
        (("--many", "--batch", "b", "--request-id", "r"), "--many does not go with --request-id"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(gated: Kfq, keys: str, args: tuple[str, ...], words: str) -> None:
    ran = gated("approve", keys, "--actor", "c1", *args)
    assert ran.code == 2
    assert words in ran.err


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(gated: Kfq, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    ran = gated("approve", str(path), "--many", "--batch", "b", "--actor", "c1", lang="zh")
    assert ran.code == 1
    assert f"无法读取键的文件“{path}”" in ran.err


def test_an_empty_file_does_nothing_and_says_so(gated: Kfq, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("\n")
    assert (
        gated.ok("approve", str(path), "--many", "--batch", "b", "--actor", "c1").out
        == "Batch b: no keys were given.\n"
    )


def test_an_inbox_is_approved_at_once(gated: Kfq, tmp_path: Path) -> None:
    gated.ok(*OPEN)
    path = tmp_path / "inbox"
    path.write_text(gated.ok("inbox", "--actor", "c1", "--keys").out)
    assert "p  recorded" in gated.ok("approve", str(path), "--many", "--batch", "b", "--actor", "c1").out
    assert gated.ok("inbox", "--actor", "c1").out == "The inbox of c1 is empty (to do).\n"
