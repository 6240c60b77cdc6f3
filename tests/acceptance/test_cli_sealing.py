"""Sealing, checkpoints, cosignatures, receipts and anchored verdicts on the command line."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.note import Note

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq


@pytest.fixture
def sealed(demo: Kfq, tmp_path: Path) -> tuple[Kfq, str, str]:
    """Give the demo sealed, the file of a key and its public half."""
    assert demo.ok("seal").out == "Sealed 165 entries; the tree has 165.\n"
    path = str(tmp_path / "office.key")
    key = demo.ok("key", "new", "zones.example.cn/log", "--out", path).out.strip()
    assert demo.ok("key", "show", path, "--json").json == {"path": path, "key": key, "cosigner": False}
    return demo, path, key


def test_seal_says_what_it_did(demo: Kfq) -> None:
    made = demo.ok("seal", "--json").json
    assert (made["size"], made["placed"], made["seals"]) == (165, 165, 1)
    assert demo.ok("seal", lang="zh").out == "没有待封存的记录；日志树共 165 条。\n"
    assert "sealed" not in demo.ok("list").out


def test_a_verdict_is_anchored_by_a_checkpoint(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    kept = tmp_path / "kept"
    assert "165 entries" in kfq.ok("checkpoint", "--key", path, "--out", str(kept)).out
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    said = kfq.ok("verify", "--anchor", str(kept), "--trust", key).out
    assert said.startswith("INTACT, anchored.\n")
    assert "the first 165 entries. The 1 newer ones" in said
    assert "Signed by: zones.example.cn/log" in said
    file = str(tmp_path / "log.jsonl")
    kfq.ok("export", file)
    told = kfq.ok("verify", "--file", file, "--anchor", str(kept), "--json").json
    assert (told["verdict"], told["anchored"]["size"], told["anchored"]["newer"]) == ("anchored", 165, 1)
    assert kfq.ok("verify").out.startswith("SELF-CONSISTENT ONLY")
    assert kfq.ok("verify", "--anchor", str(kept), lang="zh").out.startswith("完整，且与锚点一致。")

    bad = tmp_path / "bad"
    bad.write_text(kept.read_text().replace("\n165\n", "\n166\n"))
    ran = kfq("verify", "--anchor", str(bad))
    assert (ran.code, "anchor.size_shrunk" in ran.out) == (4, True)
    ran = kfq("verify", "--anchor", str(bad), "--trust", key, lang="zh")
    assert (ran.code, "签名是假的" in ran.out) == (4, True)
    bad.write_text("x")
    assert kfq("verify", "--anchor", str(bad)).code == 1
    assert kfq("verify", "--anchor", str(tmp_path / "none")).code == 1
    assert kfq("verify", "--anchor", str(kept), "--trust", "x").code == 1


def test_a_second_office_cosigns(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    mine = str(tmp_path / "w.key")
    public = kfq.ok("key", "new", "second", "--out", mine, "--cosigner").out.strip()
    first, sent, both = (tmp_path / name for name in ("first", "sent", "both"))
    kfq.ok("checkpoint", "--key", path, "--out", str(first), "--no-store")
    kfq.ok("cosign", str(first), "--key", mine, "--trust", key)
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", path, "--since", "165", "--out", str(sent))
    assert sent.read_text().startswith("old 165\n")
    kfq.ok("cosign", str(sent), "--key", mine, "--trust", key, "--out", str(both))
    assert len(Note.parse(both.read_bytes()).signatures) == 2
    said = kfq.ok("verify", "--anchor", str(both), "--trust", key, "--trust", public, "--json").json
    assert said["anchored"]["signed"] == ["zones.example.cn/log", "second"]
    assert said["anchored"]["at"] > 1_700_000_000
    ran = kfq("cosign", str(first), "--key", mine, "--trust", key)
    assert (ran.code, "has signed 167 entries" in ran.err) == (4, True)
    assert kfq("cosign", str(tmp_path / "none"), "--key", mine, "--trust", key).code == 1
    assert kfq("cosign", str(first), "--key", mine).code == 2


def test_a_log_that_shrank_is_not_signed(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, _ = sealed
    shutil.copy(tmp_path / "demo.db", tmp_path / "old.db")
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    kfq.ok("seal")
    text = kfq.ok("checkpoint", "--key", path).out
    assert Checkpoint.parse(Note.parse(text.encode()).text).size == 167
    ran = kfq("--database", f"sqlite:///{tmp_path / 'old.db'}", "checkpoint", "--key", path, lang="zh")
    assert (ran.code, "拒绝签名：此密钥签过 167 条，日志现在只有 165 条" in ran.err) == (4, True)


def test_a_page_and_the_bare_text(sealed: tuple[Kfq, str, str]) -> None:
    kfq, path, _ = sealed
    page = kfq.ok("checkpoint", "--key", path, "--page").out
    root = kfq.ok("checkpoint", "--json").json["root"]
    assert page.startswith("CHECKPOINT OF THE LOG\n")
    assert "  ".join(root[place : place + 8] for place in (0, 8, 16, 24)) in page
    assert "— zones.example.cn/log" in page
    assert kfq.ok("checkpoint").out.count("\n") == 3
    assert kfq("checkpoint", "--since", "999").code == 1


def test_a_receipt_is_found(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, _ = sealed
    args = ("annotate", "guxian-etdz", "later", "--actor", "registrar", "--json")
    check = kfq.ok(*args).json["check"]
    assert "not sealed yet" in kfq.ok("receipt", check).out
    kfq.ok("seal")
    assert "position 165 of 167" in kfq.ok("receipt", check).out
    kfq.ok("checkpoint", "--key", path)
    out = tmp_path / "entry.tlog-proof"
    assert "a signed checkpoint" in kfq.ok("receipt", check, "--out", str(out)).out
    assert out.read_text().startswith("c2sp.org/tlog-proof@v1\nindex 165\n")
    (found,) = kfq.ok("receipt", check, "--json").json["found"]
    assert (found["key"], found["position"], found["size"], found["signed"]) == ("guxian-etdz", 165, 167, True)
    ran = kfq("receipt", "A" * 26)
    assert (ran.code, "No entry has the check" in ran.err) == (1, True)
    assert kfq("receipt", "short", lang="zh").code == 1


def test_verify_takes_a_number_of_processes(demo: Kfq, tmp_path: Path) -> None:
    demo.ok("seal")
    one = demo.ok("verify", "--jobs", "1", "--json").json
    assert demo.ok("verify", "--jobs", "3", "--json").json == demo.ok("verify", "--json").json == one
    file = str(tmp_path / "log.jsonl")
    demo.ok("export", file)
    alone = demo.ok("verify", "--file", file, "--jobs", "1").out
    assert demo.ok("verify", "--file", file, "--jobs", "2").out == alone
    assert demo("verify", "--jobs", "0").code == 2


def test_verify_goes_on_from_a_checkpoint(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    kept = str(tmp_path / "kept")
    kfq.ok("checkpoint", "--key", path, "--out", kept)
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    said = kfq.ok("verify", "--since", kept, "--trust", key).out
    assert said.startswith("INTACT, anchored.\n")
    assert f"instances that have nothing newer than {kept} were not read again" in said
    assert f"在 {kept} 之后没有新记录" in kfq.ok("verify", "--since", kept, "--trust", key, lang="zh").out
    told = kfq.ok("verify", "--since", kept, "--json").json
    everything = kfq.ok("verify", "--anchor", kept, "--json").json
    assert told["entries"] < everything["entries"] == 166
    assert told["anchored"] == everything["anchored"]
    assert kfq("verify", "--since", str(tmp_path / "none")).code == 1
