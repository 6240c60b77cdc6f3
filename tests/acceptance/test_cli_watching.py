"""The doctor, recoveries and the sections of the help on the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kfq_workflow.cli.accounts import needs
from kfq_workflow.cli.commands import COMMANDS, SECTIONS, section_of

if TYPE_CHECKING:
    from tests.acceptance.conftest import Kfq

ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(demo: Kfq, tmp_path: Path) -> tuple[Kfq, str]:
    """Give the demo with a key to sign with."""
    path = str(tmp_path / "office.key")
    demo.ok("key", "new", "office", "--out", path)
    return demo, path


def test_the_doctor_says_what_is_so_and_what_to_do(office: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, key = office
    (tmp_path / "demo.db").chmod(0o600)
    ran = kfq.ok("doctor", "--key", key)
    assert "\n  ok       All 20 triggers stand as this program makes them.\n" in ran.out
    assert "→ Run kfq seal, and then every hour." in ran.out
    assert "What an owner of the database could still do:" in ran.out
    assert "kfq verify then finds nothing" in ran.out
    assert ran.out.endswith("4 warning(s), 1 that cannot be told.\n")
    said = kfq.ok("doctor", "--json", lang="zh").json
    assert (said["sound"], said["role"]) == (True, "owner")
    assert {"area", "code", "standing", "message", "advice", "values"} == said["items"][0].keys()
    assert any("存放在库外" in each for each in said["owner_could"])
    chinese = kfq.ok("doctor", lang="zh", LANG="C").out
    assert "警告" in chinese
    assert "warning" not in chinese


def test_the_doctor_ends_with_4_where_something_is_a_problem(office: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, key = office
    (tmp_path / "demo.db").chmod(0o666)
    Path(key).chmod(0o644)
    ran = kfq("doctor", "--key", key)
    assert ran.code == 4
    assert "PROBLEM  The file" in ran.out
    assert "PROBLEM  The key" in ran.out
    assert not kfq("doctor", "--json").json["sound"]
    assert kfq("doctor", "--as", "boss").code == 2


def test_the_doctor_speaks_under_any_locale(demo: Kfq) -> None:
    """In a process of its own, whose streams are what LANG=C makes them."""
    for lang, said in (("zh", "数据库的所有者仍然可以"), ("en", "What an owner")):
        environ = {"PATH": os.environ["PATH"], "LANG": "C", "LC_ALL": "C", "KFQ_DATABASE_URL": demo.url}
        done = subprocess.run([sys.executable, str(ROOT / "cli.py"), "doctor", "--lang", lang], env=environ,
                              capture_output=True, check=False)  # fmt: skip
        assert said in done.stdout.decode("utf-8"), done
        assert done.stderr == b""


def test_a_restore_is_put_on_record(office: tuple[Kfq, str], tmp_path: Path) -> None:
    kfq, key = office
    witness = str(tmp_path / "witness.key")
    kfq.ok("key", "new", "witness", "--out", witness, "--cosigner")
    trust = ("--trust", kfq.ok("key", "show", key).out.strip())

    def path(name: str) -> str:
        return str(tmp_path / name)

    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", key, "--out", path("first"))
    kfq.ok("cosign", path("first"), "--key", witness, *trust, "--out", path("first2"))
    shutil.copy(tmp_path / "demo.db", tmp_path / "backup.db")
    kfq.ok("annotate", "guxian-etdz", "lost", "--actor", "registrar")
    kfq.ok("seal")
    kfq.ok("checkpoint", "--key", key, "--out", path("last"))
    kfq.ok("cosign", path("last"), "--key", witness, *trust, "--out", path("last2"))
    (tmp_path / "backup.db").replace(tmp_path / "demo.db")

    administrator = ("--actor", "administrator", "--reason", "disk failed")
    assert "Its tail was cut" in kfq("checkpoint", "--key", key).err
    assert kfq("recover", "--checkpoint", path("last"), "--actor", "registrar", "--reason", "r").code == 3
    assert "none was lost" in kfq("recover", "--checkpoint", path("first"), *administrator).err
    assert "cannot be read" in kfq("recover", "--checkpoint", path("no"), *administrator).err
    made = kfq.ok("recover", "--checkpoint", path("last2"), *administrator, "--json").json
    assert (made["incarnation"], made["kept"], made["lost"]) == (2, 165, 2)
    assert kfq.ok("receipt", made["check"], "--json").json["found"][0]["seq"] == made["seq"]
    assert made["origin"].endswith("/2")
    assert "named this checkpoint" in kfq("recover", "--checkpoint", path("last"), *administrator).err

    ran = kfq("checkpoint", "--key", key, "--out", path("next"))
    assert (ran.code, "--recovered" in ran.err) == (4, True)
    kfq.ok("checkpoint", "--key", key, "--recovered", "--out", path("next"))
    ran = kfq("cosign", path("next"), "--key", witness, *trust)
    assert (ran.code, "--recovered" in ran.err) == (4, True)
    kfq.ok("cosign", path("next"), "--key", witness, *trust, "--recovered", "--out", path("next2"))

    ran = kfq.ok("verify", "--anchor", path("next2"), "--anchor", path("last2"), *trust)
    assert ran.out.startswith("INTACT, anchored.\n")
    assert "2 entries that were sealed and published are lost" in ran.out
    assert "warning anchor.lost" in ran.out
    found = kfq.ok("verify", "--anchor", path("last"), "--json", lang="zh").json
    assert (found["verdict"], found["lost"]) == ("incomplete", 2)
    assert any("丢失" in each["message"] for each in found["findings"])
    history = kfq.ok("history", "~log").out
    assert "checkpoints lost" in history
    assert "disk failed" in history
    kfq.ok("seal")
    assert "恢复登记" in kfq.ok("history", "~log", lang="zh").out


def test_help_is_in_sections(demo: Kfq) -> None:
    ran = demo.ok("--help")
    titles = ["Commands for officials:", "Commands for auditors:", "Commands for operators:"]
    places = [ran.out.index(title) for title in titles]
    assert places == sorted(places)
    assert places[1] < ran.out.index("\n  doctor ") < places[2] < ran.out.index("\n  recover ")
    assert "命令：核验与报告" in demo.ok("--help", lang="zh").out
    top = {path for path in COMMANDS if " " not in path}
    assert {name for name in top if section_of(name) not in SECTIONS} == set()
    assert needs("fire") == "application"
    assert (needs("rebuild"), needs("verify"), needs("checkpoint")) == ("owner", "reader", "signer")
