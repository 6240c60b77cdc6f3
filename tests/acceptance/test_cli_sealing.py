"""Sealing, checkpoints, cosignatures, receipts and anchored verdicts on the command line."""

from __future__ import annotations

import re
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


def test_a_key_that_remembers_nothing_of_a_log_says_so(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    mine, first = str(tmp_path / "w.key"), str(tmp_path / "first")
    kfq.ok("key", "new", "second", "--out", mine, "--cosigner")
    said = "kfq: By {}.seen this is the first that the key signs of this log: nothing before it was compared\n"
    assert kfq.ok("checkpoint", "--key", path, "--out", first).err == said.format(path)
    assert kfq.ok("cosign", first, "--key", mine, "--trust", key).err == said.format(mine)
    assert kfq.ok("checkpoint", "--key", path).err == ""
    assert kfq.ok("cosign", first, "--key", mine, "--trust", key).err == ""
    assert kfq.ok("checkpoint").err == ""
    (tmp_path / "office.key.seen").unlink()
    told = kfq.ok("checkpoint", "--key", path, "--json", lang="zh")
    assert told.json["size"] == 165
    assert told.err == f"kfq: 据 {path}.seen，这是此密钥首次为本日志签名：没有与此前所签比对\n"
    ran = kfq("cosign", first, "--key", str(tmp_path / "none"), "--trust", key)
    assert (ran.code, "the first that" in ran.err) == (1, False)


def test_files_that_exist_or_do_not_are_told_in_words(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    there, none = str(tmp_path / "there"), str(tmp_path / "none")
    check = kfq.ok("history", "guxian-etdz", "--json").json["entries"][1]["check"]
    kfq.ok("checkpoint", "--key", path, "--out", there)
    new = str(tmp_path / "new.key")
    kfq.ok("key", "new", "next", "--out", new)
    for words in (("checkpoint",), ("receipt", check), ("key", "rotate", "--key", path, "--to", new)):
        assert kfq(*words, "--out", there).err == f"kfq: The file '{there}' exists: choose another.\n"
        assert kfq(*words, "--out", there, lang="zh").err == f"kfq: 文件“{there}”已存在：请换一个文件名。\n"
        assert kfq(*words, "--out", f"{none}/x").err.startswith(f"kfq: The file '{none}/x' cannot be written (")
    cosign = "cosign", none, "--key", path, "--trust", key
    assert kfq(*cosign).err == f"kfq: The file '{none}' cannot be read (No such file or directory).\n"
    assert kfq(*cosign, lang="zh").err.startswith(f"kfq: 无法读取“{none}”")


def test_a_log_that_shrank_is_not_signed(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, _ = sealed
    shutil.copy(tmp_path / "demo.db", tmp_path / "old.db")
    kfq.ok("annotate", "guxian-etdz", "later", "--actor", "registrar")
    kfq.ok("seal")
    text = kfq.ok("checkpoint", "--key", path).out
    assert Checkpoint.parse(Note.parse(text.encode()).text).size == 167
    ran = kfq("--database", f"sqlite:///{tmp_path / 'old.db'}", "checkpoint", "--key", path, lang="zh")
    assert (ran.code, "拒绝签名：此密钥签过 167 条，日志现在只有 165 条" in ran.err) == (4, True)


def test_a_page_a_code_and_the_bare_text(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    page, image, typed, kept = (tmp_path / name for name in ("sheet.html", "code.png", "typed", "kept"))
    said = kfq.ok("checkpoint", "--key", path, "--out", str(kept), "--page", str(page), "--qr", str(image)).out
    assert said.count("Checkpoint of 165 entries written to") == 3
    assert image.read_bytes().startswith(b"\x89PNG")
    sheet = page.read_text("utf-8")
    root = kfq.ok("checkpoint", "--json").json["root"]
    assert all(f"<code>{root[place : place + 8]}</code>" in sheet for place in range(0, 64, 8))
    rows = re.findall(r'row">(\d+)</th><td>(.*?)</td><td>(\w+)</td>', sheet)
    typed.write_text(f"CHECKPOINT {len(rows)}\n" + "".join(
        f"{number} {re.sub('<.*?>', ' ', groups)} {letters}\n" for number, groups, letters in rows
    ))  # fmt: skip
    assert "Signed by: zones.example.cn/log" in kfq.ok("verify", "--anchor", str(typed), "--trust", key).out
    typed.write_text(typed.read_text().replace(" 165 ", " 166 "))
    ran = kfq("verify", "--anchor", str(typed))
    assert (ran.code, "mistyped: line 2" in ran.err) == (1, True)
    assert "▄" in kfq.ok("checkpoint", "--qr", "-").out
    for bad in (("--page", str(page)), ("--qr", str(tmp_path / "code.gif"))):
        assert kfq("checkpoint", *bad).code == 1
    assert kfq.ok("checkpoint").out.count("\n") == 3
    assert kfq("checkpoint", "--since", "999").code == 1


def test_keys_hand_over_and_are_revoked(sealed: tuple[Kfq, str, str], tmp_path: Path) -> None:
    kfq, path, key = sealed
    assert "No handover" in kfq.ok("key", "list").out
    new, note, kept = (str(tmp_path / name) for name in ("new.key", "handover", "kept"))
    public = kfq.ok("key", "new", "next", "--out", new).out.strip()
    assert "keep it with the checkpoints" in kfq.ok("key", "rotate", "--key", path, "--to", new, "--out", note).out
    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", path, "--key", new, "--out", kept)
    said = kfq.ok("verify", "--anchor", kept, "--trust", key).out
    assert "Trusted through handovers: zones.example.cn/log → next (~log #3)" in said
    assert "经交接受信任" in kfq.ok("verify", "--anchor", kept, "--trust", key, lang="zh").out
    told = kfq.ok("verify", "--anchor", kept, "--trust", key, "--statement", note, "--json").json["anchored"]
    assert (told["signed"], len(told["through"])) == (["zones.example.cn/log", "next"], 1)
    text = kfq.ok("key", "revoke", key, "--key", new, "--reason", "compromised").out
    assert text.startswith("kfq-revocation/v1\n")
    assert "作废：泄露" in kfq.ok("key", "list", lang="zh").out
    listed = kfq.ok("key", "list", "--json").json["statements"]
    assert [(each["place"], each.get("new"), each.get("reason")) for each in listed] == [
        ("~log #3", public, None), ("~log #5", None, "compromised"),
    ]  # fmt: skip
    ran = kfq("key", "rotate", "--key", path, "--to", new)
    assert ran.code == 0  # the same handover again
    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", path, "--out", kept + "2")
    said = kfq("verify", "--anchor", kept + "2", "--trust", key)
    assert (said.code, "Only revoked keys (zones.example.cn/log)" in said.out) == (0, True)
    ran = kfq("verify", "--anchor", kept, "--statement", path)
    assert (ran.code, "no statement about keys" in ran.err) == (1, True)
    assert kfq("key", "revoke", "x", "--key", new, "--reason", "lost").code == 1


def test_a_log_of_national_algorithms(empty: Kfq, tmp_path: Path) -> None:
    kfq = empty
    kfq.ok("init", "--suite", "s2", "--admin", "administrator")
    made = kfq.ok("definition", "load", "zone_lifecycle", "--actor", "administrator", "--json").json
    assert kfq.ok("definition", "show", "zone_lifecycle", "--json").json["rules"] == made["rules"]
    path, kept = str(tmp_path / "k"), str(tmp_path / "kept")
    key = kfq.ok("key", "new", "办公室", "--out", path, "--suite", "s2").out.strip()
    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", path, "--out", kept)
    assert kfq.ok("verify", "--anchor", kept, "--trust", key).out.startswith("INTACT, anchored.\n")
    assert "s2" in kfq.ok("history", "~log").out
    ran = kfq("init", "--suite", "s1", lang="zh")
    assert (ran.code, "套件是 s2" in ran.err) == (1, True)
    kfq.ok("key", "new", "ed", "--out", path + "2")
    ran = kfq("checkpoint", "--key", path + "2")
    assert (ran.code, "--suite s2" in ran.err) == (1, True)


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
    misread = check.replace("O", "0").replace("B", "8").replace("I", "1", 1).lower()
    assert kfq.ok("receipt", f"{misread[:13]} {misread[13:]}", "--json").json["found"] == [found]
    ran = kfq("receipt", "A" * 25 + "9")
    assert (ran.code, "none of them may be: 9" in ran.err) == (1, True)
    ran = kfq("receipt", "A" * 26)
    assert (ran.code, "No entry has the check" in ran.err) == (1, True)
    ran = kfq("receipt", "ABC")
    assert (ran.code, "Here are 3." in ran.err, "may be" in ran.err) == (1, True, False)
    ran = kfq("receipt", "1" * 26)
    assert (ran.code, "four of them at most). Here are 26." in ran.err) == (1, True)
    ran = kfq("receipt", "short", lang="zh")
    assert (ran.code, "这里有 5 个。" in ran.err, "不该有的" in ran.err) == (1, True, False)
    assert "不该有的：9。" in kfq("receipt", "A" * 25 + "9", lang="zh").err


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
    assert said.startswith("INCOMPLETE: not everything could be checked.\nAnchored by ")
    assert f"instances that have nothing newer than {kept} were not read again" in said
    assert f"在 {kept} 之后没有新记录" in kfq.ok("verify", "--since", kept, "--trust", key, lang="zh").out
    told = kfq.ok("verify", "--since", kept, "--json").json
    everything = kfq.ok("verify", "--anchor", kept, "--json").json
    assert told["entries"] < everything["entries"] == 166
    assert told["anchored"] == everything["anchored"]
    assert kfq("verify", "--since", str(tmp_path / "none")).code == 1
