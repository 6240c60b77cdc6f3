"""Bundles on the command line: made, checked, refused, in both languages."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq


@pytest.fixture
def sealed(demo: Kfq, tmp_path: Path) -> tuple[Kfq, str]:
    """Give the demo sealed, and a checkpoint of it."""
    demo.ok("seal")
    kept = str(tmp_path / "kept")
    demo.ok("checkpoint", "--out", kept)
    return demo, kept


def test_a_bundle_of_the_whole_log(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    path = str(tmp_path / "b.zip")
    assert kfq.ok("bundle", path).out == f"The bundle is in {path}: 165 entries, of a tree of 165.\n"
    assert kfq.ok("verify", "--file", path, "--anchor", kept).out.startswith("INTACT, anchored.\n")
    assert kfq.ok("verify", "--file", path, lang="zh").out.startswith("自身一致")
    assert kfq("bundle", path).code == 1
    assert "已存在" in kfq("bundle", path, lang="zh").err
    assert kfq.ok("bundle", path, "--force", lang="zh").out.startswith("核验包已写入")


def test_a_bundle_of_one_instance(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    path = str(tmp_path / "g.zip")
    made = kfq.ok("bundle", path, "--instance", "guxian-etdz", "--anchor", kept, "--json").json
    assert made["scope"] == {"instance": "guxian-etdz", "kind": "instance"}
    assert (made["size"], made["unsealed"], made["mentions"], made["anchors"], made["texts"]) == (165, 0, [], 1, True)
    told = kfq.ok("verify", "--file", path, "--anchor", kept, "--json").json
    assert (told["verdict"], told["entries"], told["findings"]) == ("anchored", made["entries"], [])
    assert told["not_checked"] == ["caches", "other instances", "triggers"]
    folder = tmp_path / "folder"
    with zipfile.ZipFile(path) as archive:
        assert "anchors/001.checkpoint" in archive.namelist()
        archive.extractall(folder)
    assert kfq.ok("verify", "--file", str(folder), "--anchor", kept, "--json").json == told


def test_what_is_not_sealed_and_what_is_mentioned_is_said(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    cases = [one["key"] for one in kfq.ok("list", "--json").json["instances"] if one["root"] is not None]
    path = str(tmp_path / "c.zip")
    kfq.ok("annotate", cases[0], "later", "--actor", "registrar")
    said = kfq.ok("bundle", path, "--instance", cases[0], "--no-texts").out
    assert "1 of them are not sealed" in said
    assert "The entries mention instances that are not in it: " in said
    told = kfq.ok("verify", "--file", path, lang="zh").out
    assert told.startswith("未能全部核验")
    assert "未核验：所引而未出示的实例 " in told
    assert "未核验：未封存、无从证明的记录数 1" in told
    assert "未核验：文字" in told


def test_an_interval(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    path = str(tmp_path / "r.zip")
    assert kfq.ok("bundle", path, "--from", "2020-01-01", "--json").json["entries"] == 165
    assert "Not checked: whether the moves were allowed" in kfq.ok("verify", "--file", path).out
    made = kfq.ok("bundle", path, "--to", "2020-01-01T00:00Z", "--force", "--json").json
    assert made["scope"] == {"from": None, "kind": "recorded", "to": 1_577_836_800_000_001}
    assert made["entries"] == 2
    said = kfq.ok("verify", "--file", path).out
    assert "Not checked: entries sealed in between that are not shown: 163" in said


def test_what_cannot_be_bundled_is_refused(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    path = str(tmp_path / "b.zip")
    for code, *words in (
        (2, "--instance", "guxian-etdz", "--from", "2020"), (1, "--from", "2020"), (1, "--to", "yesterday"),
        (1, "--from", "2021-01-01", "--to", "2020-01-01"), (1, "--instance", "none"), (1, "--anchor", path),
        (1, "--anchor", str(tmp_path)),
    ):  # fmt: skip
        assert kfq("bundle", path, *words).code == code, words
    kfq.ok("bundle", path)
    assert kfq("verify", "guxian-etdz", "--file", path).code == 2
    assert kfq("verify", "--file", kept).code == 1


def test_a_checkpoint_of_another_log_does_not_go_along(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    path, other = tmp_path / "b.zip", tmp_path / "other"
    lines = (tmp_path / "kept").read_text("utf-8").splitlines(keepends=True)
    other.write_text("".join([f"kfq/{'0' * 32}\n", *lines[1:]]), "utf-8")
    for lang, words in (
        ("en", f"{other}' is of another log"),
        ("zh", f"“{other}”是另一个日志的检查点"),
    ):
        ran = kfq("bundle", str(path), "--anchor", kept, "--anchor", str(other), lang=lang)
        assert (ran.code, words in ran.err, path.exists()) == (1, True, False)
    later = [lines[0].rstrip() + "/2\n", *lines[1:]]  # of an incarnation that is not there: for whoever verifies
    other.write_text("".join(later), "utf-8")
    kfq.ok("bundle", str(path), "--anchor", str(other))


def test_where_an_entry_is_altered_the_other_files_can_still_be_had(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    with sqlite3.connect(tmp_path / "demo.db") as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE kfq_entry SET actor = 'x' WHERE instance = 'guxian-etdz' AND seq = 4")
    database.close()
    path, said = str(tmp_path / "b.zip"), "Entry 4 of 'guxian-etdz' does not hash to its leaf and cannot be exported"
    refused = ("export", f"{path}.jsonl"), ("bundle", path), ("bundle", path, "--instance", "guxian-etdz")
    for words in refused:
        ran = kfq(*words)
        assert (ran.code, said in ran.err) == (1, True)
    ran = kfq("bundle", path, lang="zh")
    assert "“guxian-etdz”的第 4 条记录与其散列不符，不能导出" in ran.err
    kfq.ok("bundle", path, "--instance", "hongtong-etdz", "--anchor", kept)
    assert kfq.ok("verify", "--file", path, "--anchor", kept).out.startswith("INTACT, anchored.\n")
    ran = kfq("verify", "--anchor", kept)
    assert (ran.code, "error bytes.leaf  guxian-etdz #4" in ran.out) == (4, True)


def test_a_changed_bundle_ends_with_four(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    path = tmp_path / "b.zip"
    kfq.ok("bundle", str(path), "--instance", "guxian-etdz")
    data = path.read_bytes()
    path.write_bytes(data + b"\0")
    found = kfq("verify", "--file", str(path))
    assert found.code == 4
    assert "bundle.container" in found.out
    (finding,) = kfq("verify", "--file", str(path), "--json", lang="zh").json["findings"]
    assert (finding["layer"], finding["kind"], finding["instance"], finding["seq"]) == (
        "bundle",
        "container",
        None,
        None,
    )
    assert "重新打包" in finding["message"]


@pytest.mark.parametrize("scope", [(), ("--instance", "guxian-etdz"), ("--from", "2020-01-01")])
def test_the_verifier_in_a_bundle_says_the_same(
    sealed: tuple[Kfq, str], tmp_path: Path, scope: tuple[str, ...]
) -> None:
    kfq, _ = sealed
    path, key, kept = str(tmp_path / "b.zip"), str(tmp_path / "office.key"), str(tmp_path / "signed")
    kfq.ok("key", "new", "zones.example.cn/log", "--out", key)
    kfq.ok("checkpoint", "--key", key, "--out", kept)
    kfq.ok("bundle", path, *scope, "--anchor", kept)
    with zipfile.ZipFile(path) as archive:
        archive.extract("verify.py", tmp_path)
    told = kfq.ok("verify", "--file", path, "--anchor", kept, "--json").json
    words = [sys.executable, "-I", str(tmp_path / "verify.py"), path, "--anchor", kept, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (found["verdict"], found["findings"]) == (told["verdict"], [])
    assert sorted(found["not_checked"]) == told["not_checked"]


def test_of_the_same_checkpoint_that_of_the_auditor_is_named(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    key, kept, path = (str(tmp_path / name) for name in ("office.key", "mine.checkpoint", "g.zip"))
    trust = kfq.ok("key", "new", "office", "--out", key).out.strip()
    kfq.ok("checkpoint", "--key", key, "--out", kept)
    kfq.ok("bundle", path, "--instance", "guxian-etdz", "--anchor", kept)
    told = kfq.ok("verify", "--file", path, "--anchor", kept, "--trust", trust, "--json").json
    assert told["anchored"]["label"] == kept
    told = kfq.ok("verify", "--file", path, "--trust", trust, "--json").json
    assert told["anchored"]["label"] == "anchors/001.checkpoint"


def test_a_bundle_that_is_older_than_a_checkpoint_may_be_just_that(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    path, newer = str(tmp_path / "g.zip"), str(tmp_path / "newer")
    kfq.ok("bundle", path)
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    kfq.ok("seal")
    kfq.ok("checkpoint", "--out", newer)
    for lang, words in (("en", f"a file that was made before {newer} looks the same"), ("zh", "早于该检查点的文件")):
        ran = kfq("verify", "--file", path, "--anchor", newer, lang=lang)
        assert (ran.code, "anchor.size_shrunk" in ran.out, words in ran.out) == (4, True, True)
    kfq.ok("bundle", path, "--force")
    assert kfq.ok("verify", "--file", path, "--anchor", newer).out.startswith("INTACT, anchored.\n")


def test_what_is_in_a_bundle_is_shown(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, kept = sealed
    path, whole = str(tmp_path / "g.zip"), str(tmp_path / "w.zip")
    kfq.ok("bundle", path, "--instance", "guxian-etdz", "--anchor", kept)
    kfq.ok("bundle", whole)
    about = "guxian-etdz", "--json", "--anchor", kept
    told = kfq.ok("report", *about, "--file", path).json
    assert (told["verdict"], told["findings"]) == ("anchored", 0)
    assert "Gu County" in told["html"]
    assert kfq.ok("report", *about, "--file", whole).json["verdict"] == "anchored"
    assert kfq.ok("report", "--all", "--json", "--file", whole).json["verdict"] == "self-consistent"
    moments = "guxian-etdz", "2020-02-29", "now"
    assert kfq.ok("diff", *moments, "--file", path).out == kfq.ok("diff", *moments).out


def test_a_receipt_is_found_in_a_file(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    path, log = str(tmp_path / "g.zip"), str(tmp_path / "log.jsonl")
    kfq.ok("bundle", path, "--instance", "guxian-etdz")
    kfq.ok("export", log)
    check = kfq.ok("history", "guxian-etdz", "--json").json["entries"][1]["check"]
    for file in (path, log):
        (found,) = kfq.ok("receipt", check.lower(), "--file", file, "--json").json["found"]
        assert (found["key"], found["seq"]) == ("guxian-etdz", 2)
    assert "it is in the file" in kfq.ok("receipt", check, "--file", path).out
    assert kfq("receipt", "A" * 26, "--file", log).code == 1
    assert kfq("receipt", check, "--file", log, "--out", str(tmp_path / "p")).code == 2


def test_a_bundle_that_cannot_be_shown_is_refused(sealed: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, _ = sealed
    path, broken = tmp_path / "r.zip", tmp_path / "x.zip"
    kfq.ok("bundle", str(path), "--from", "2020-01-01")
    broken.write_bytes(path.read_bytes()[:-9])
    for file in (path, broken):
        ran = kfq("report", "guxian-etdz", "--file", str(file))
        assert ran.code == 1
        assert "cannot be shown" in ran.err
        assert "无法显示" in kfq("diff", "now", "now", "--file", str(file), lang="zh").err
