"""What is said to somebody who did something wrong: what was refused by its name, and what to do instead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Kfq

KFQ = str(Path(sys.executable).with_name("kfq"))
FULL = Path("/dev/full")
OPEN = ("submit", "p", "grant", "--actor", "app")


def test_a_refusal_names_the_trigger_as_people_call_it(demo: Kfq) -> None:
    fire = ("fire", "guxian-etdz", "approve_posts", "--actor", "registrar")
    assert "“guxian-etdz”的“批复机构编制（approve_posts）”被拒绝：" in demo(*fire, lang="zh").err
    assert "approve posts (approve_posts) on guxian-etdz is refused:" in demo(*fire).err
    assert "被拒绝：批复机构编制（approve_posts）" in demo.ok("history", "guxian-etdz", lang="zh").out


def test_a_refusal_names_a_verb_of_the_library(gated: Kfq) -> None:
    suspend = ("suspend", "p", "--actor", "app", "--reason", "r", "--number", "1")
    assert "“p”的“挂起”被拒绝：" in gated(*suspend, lang="zh").err
    assert "suspend on p is refused:" in gated(*suspend).err
    assert "被拒绝：挂起" in gated.ok("history", "p", lang="zh").out


def test_somebody_elses_task_is_no_task_of_yours(gated: Kfq) -> None:
    gated.ok(*OPEN)
    theirs = gated("approve", "p", "--actor", "boss", "--task", "1")
    assert (theirs.code, "Task 1 is not one for boss to sign; boss may sign: 3." in theirs.err) == (3, True)


@pytest.mark.parametrize(
    ("typed", "likely"), [("aprove_posts", "approve_posts"), ("open", "open_zone"), ("qqq", "start_drafting")]
)
def test_of_many_triggers_those_are_named_that_may_have_been_meant(demo: Kfq, typed: str, likely: str) -> None:
    said = demo("fire", "guxian-etdz", typed, "--actor", "registrar").err
    assert likely in said
    assert len(said) < 400


def test_an_empty_list_says_that_it_is_empty(demo: Kfq) -> None:
    fire = ("fire", "guxian-etdz", "return_posts", "--actor", "registrar", "--param", "x=1")
    assert demo(*fire).err.endswith("Known: none.\n")
    assert demo(*fire, lang="zh").err.endswith("可用：无。\n")


def test_where_nothing_can_be_done_show_says_so(gated: Kfq) -> None:
    gated.ok("suspend", "p", "--actor", "reg", "--reason", "r", "--number", "1")
    assert "Nothing can be done now; see why: kfq next p" in gated.ok("show", "p").out


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("args", [("list",), ("list", "--json")])
def test_output_that_cannot_be_written_is_an_error_without_a_traceback(demo: Kfq, args: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        ran = subprocess.run(
            [KFQ, *args], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "KFQ_DATABASE_URL": demo.url, "KFQ_LANG": "en"},
        )  # fmt: skip
    assert (ran.returncode, ran.stderr.count("\n"), "No space left" in ran.stderr) == (1, 1, True)


def test_an_auditor_reads_why_a_move_was_not_allowed(demo: Kfq, tmp_path: Path) -> None:
    fire = ("fire", "guxian-etdz", "approve_posts", "--actor", "staffing_commission", "--paper", "posts_reply=1")
    demo.ok(*fire)
    log = tmp_path / "log.jsonl"
    demo.ok("export", str(log))
    log.write_text(log.read_text("utf-8").replace('"type":"posts_reply"', '"type":"posts_request"'), "utf-8")
    zh, en = (demo("verify", "--file", str(log), lang=lang).out for lang in ("zh", "en"))
    assert "按当时的定义，“approve_posts”不应获准：缺少材料：posts_reply。" in zh
    assert "approve_posts was not allowed: A paper is missing: posts_reply." in en
