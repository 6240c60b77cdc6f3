"""With an account that only reads every reading command works, and every other one fails, says why, changes nothing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from kfq_workflow import Paper, WorkflowEngine
from kfq_workflow.audit import checkpoints, keyfile
from kfq_workflow.cli.accounts import FREE, OWNS, READS
from kfq_workflow.cli.commands import COMMANDS
from kfq_workflow.hashing import check_letters
from kfq_workflow.stored.tables import Tables
from tests.acceptance.conftest import Kfq
from tests.accounts import accounts, read_only
from tests.gated import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

TABLES = Tables()
CASES = """
kfq_cases: 1
source: register
cases:
- key: old
  workflow: permit
  name: {zh: 旧, en: old}
  acts:
  - {adopt: {main: draft}, on: 2020-04, basis: stated}
  ends: {main: draft}
"""

#: Every command that writes, with arguments that its form allows; the database is to refuse it.
CHANGES: dict[str, list[str]] = {
    "db upgrade": [],
    "rebuild": [],
    "start": ["permit", "q", "--actor", "app", "--name", "n"],
    "fire": ["p", "survey", "--actor", "c1"],
    "register": ["p", "survey", "--actor", "reg", "--performed-by", "c1", "--source", "s", "--basis", "stated"],
    "adopt": ["p", "main=draft", "--actor", "reg", "--source", "s", "--reason", "r"],
    "annotate": ["p", "n", "--actor", "c1"],
    "amend": ["p", "--set", "area=2", "--actor", "app"],
    "submit": ["p", "grant", "--actor", "app"],
    "approve": ["g", "--actor", "c1"],
    "reject": ["g", "--actor", "c1", "--opinion", "o"],
    "abstain": ["g", "--actor", "c1"],
    "retract": ["v", "--actor", "c1", "--reason", "r"],
    "transfer": ["g", "--to", "c3", "--actor", "c1", "--reason", "r"],
    "delegate": ["g", "--to", "c3", "--actor", "c1"],
    "reply": ["v", "--actor", "c3", "--opinion", "o"],
    "signer add": ["g", "--signer", "c3", "--actor", "c1", "--reason", "r"],
    "signer remove": ["g", "--task", "1", "--actor", "reg", "--reason", "r"],
    "return": ["g", "--actor", "c1", "--reason", "r"],
    "withdraw": ["g", "--actor", "app", "--reason", "r"],
    "urge": ["g", "--actor", "app"],
    "copy": ["g", "--to", "c3", "--actor", "app"],
    "read": ["v", "--actor", "c3"],
    "comment": ["g", "t", "--actor", "c3"],
    "suspend": ["p", "--actor", "reg", "--reason", "r", "--number", "1"],
    "resume": ["s", "--actor", "reg", "--reason", "r", "--number", "1"],
    "void": ["p", "--actor", "reg", "--reason", "r", "--number", "1"],
    "reinstate": ["w", "--actor", "reg", "--reason", "r", "--number", "1"],
    "extend": ["g", "--due", "2030-01-01", "--actor", "reg", "--reason", "r", "--number", "1"],
    "waive": ["g", "--signer", "app", "--actor", "reg", "--reason", "r"],
    "proxy grant": [
        "c1",
        "--to",
        "c2",
        "--from",
        "2020-01-01",
        "--until",
        "2030-01-01",
        "--number",
        "1",
        "--actor",
        "c1",
    ],
    "proxy revoke": ["c1", "2", "--reason", "r", "--actor", "c1"],
    "rectify": ["p", "2", "--paper", "request=2", "--actor", "reg", "--reason", "r", "--number", "1"],
    "redact": ["p", "1", "name", "--actor", "reg", "--reason", "r", "--number", "1"],
    "confirm": ["v", "7", "--actor", "boss"],
    "decline": ["v", "7", "--actor", "boss", "--reason", "r"],
    "policy set": ["--redact-propose", "registrar", "--redact-confirm", "authority", "--actor", "admin"],
    "calendar load": ["calendar.txt", "--number", "1", "--actor", "admin"],
    "seal": [],
    "import": ["cases.yaml", "--actor", "reg"],
    "actor add": ["new", "--role", "clerk", "--actor", "admin"],
    "actor update": ["c1", "--role", "clerk", "--role", "authority", "--actor", "admin"],
    "actor disable": ["c1", "--actor", "admin"],
    "definition load": ["zone_exit", "--actor", "admin"],
}
#: Written only by `test_a_signer_needs_only_to_read` and those about their own files.
ELSEWHERE = {"checkpoint", "recover", "init", "demo", "scrub", "key rotate", "key revoke"}


@pytest.fixture
def log(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkflowEngine:
    """Make a log on which each of CHANGES could be done: gates open on `g` and `v`, `s` suspended, `w` void."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases.yaml").write_text(CASES, "utf-8")
    (tmp_path / "calendar.txt").write_text("2030-01-01 rest\n", "utf-8")
    prepare(database)
    engine = WorkflowEngine(database)
    for key in ("g", "v", "s", "w"):
        engine.start("permit", key, by="app", name="四号地块")
        engine.fire(key, "submit", by="app", papers=[Paper("request", number="1")])
    for key in ("g", "v"):
        engine.submit(key, "grant", by="app")
    engine.approve("v", by="c1")
    engine.delegate("v", by="c2", to="c3")
    engine.copy("v", by="app", to=["c3"])
    engine.rule(by="admin", rectify=(["registrar"], ["authority"]), redact=(["registrar"], ["authority"]))
    assert engine.redact("v", [(1, "name")], by="reg", reason="r", number="1").receipt.seq == 7  # as CHANGES says
    engine.suspend("s", by="reg", reason="r", number="1")
    engine.void("w", by="reg", reason="r", number="1")
    engine.grant_proxy("c1", by="c1", to="c2", valid_from="2020-01-01", valid_to="2030-01-01", number="1")
    engine.seal()
    keyfile.create(tmp_path / "office.key", "office")
    checkpoints.checkpoint(engine, tmp_path / "office.key")
    engine.annotate("p", "尚未封存", by="c1")
    return engine


@pytest.fixture
def reader(log: WorkflowEngine) -> Iterator[Kfq]:
    """Give the command line with an account that only reads."""
    if log.database.dialect.name == "sqlite":
        yield Kfq(read_only(log.database))
        return
    with accounts(log.database) as (_, auditor, _):
        yield Kfq(auditor)


def content(database: Engine) -> dict[str, Any]:
    """Return every row of every table."""
    with database.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in TABLES}


def reads(log: WorkflowEngine, folder: Path) -> dict[str, list[str]]:
    """Return every reading command with arguments."""
    (row, *_) = log.history("p")
    return {
        "board": [], "list": [], "show": ["p"], "next": ["p", "--actor", "app"], "inbox": ["--actor", "c1"],
        "explain": ["g"], "proxy list": ["c1"], "history": ["g"], "replay": ["p", "--as-of", "2030-01-01"],
        "verify": ["--anchor", str(folder / "held")], "doctor": [], "report": ["g", "--out", str(folder / "g.html")],
        "export": [str(folder / "log.jsonl")], "bundle": [str(folder / "g.zip"), "--instance", "g"],
        "receipt": [check_letters(bytes(row.row.leaf))], "actor list": [],
        "definition list": [], "definition show": ["permit"], "definition diagram": ["permit"], "db current": [],
        "db check": [], "diff": ["2020-01-01", "2030-01-01"], "policy show": [], "key list": [],
        "calendar show": [],
        "cosign": [str(folder / "signed"), "--key", str(folder / "w.key"), "--trust", str(folder / "office")],
    }  # fmt: skip


def test_every_command_is_one_that_reads_or_one_that_is_tried_here(log: WorkflowEngine, tmp_path: Path) -> None:
    known = READS | FREE | CHANGES.keys() | ELSEWHERE
    assert {path for path, entry in COMMANDS.items() if entry.module} == known
    assert reads(log, tmp_path).keys() == READS
    assert not READS & (CHANGES.keys() | FREE | OWNS)


@pytest.mark.backends("sqlite")
def test_each_change_could_be_made(log: WorkflowEngine, tmp_path: Path) -> None:
    """With an account that may write: or the others would prove nothing of the account."""
    for path, arguments in CHANGES.items():
        with log.database.connect() as connection:
            copy = tmp_path / f"{path}.db"
            connection.exec_driver_sql(f"VACUUM INTO '{copy}'")
        Kfq(f"sqlite:///{copy}").ok(*path.split(), *arguments)


def test_whoever_only_reads_can_read_everything(
    log: WorkflowEngine, reader: Kfq, database: Engine, tmp_path: Path
) -> None:
    before = content(database)
    keyfile.create(tmp_path / "w.key", "witness", cosigner=True)
    trust = str(keyfile.load(tmp_path / "office.key").key)
    (tmp_path / "signed").write_text(str(checkpoints.checkpoint(log, tmp_path / "office.key", keep=False)), "utf-8")
    assert reader.ok("checkpoint", "--out", str(tmp_path / "held")).code == 0
    for path, given in reads(log, tmp_path).items():
        arguments = [trust if each == str(tmp_path / "office") else each for each in given]
        for lang, more in (("zh", ()), ("en", () if path == "definition diagram" else ("--json",))):
            for written in ("g.html", "log.jsonl", "g.zip"):
                (tmp_path / written).unlink(missing_ok=True)
            ran = reader(*path.split(), *arguments, *more, lang=lang, LANG="C")
            # the servers of the tests are not set up to survive a crash, which the doctor finds
            assert ran.code == 0 or path == "doctor", (path, ran)
            assert ran.out
    ran = reader.ok("verify", "--anchor", str(tmp_path / "held"), "--json")
    assert (ran.json["verdict"], ran.json["findings"]) == ("anchored", [])
    assert content(database) == before


def test_whoever_only_reads_can_change_nothing(log: WorkflowEngine, reader: Kfq, database: Engine) -> None:
    before = content(database)
    for path, arguments in CHANGES.items():
        ran = reader(*path.split(), *arguments)
        assert (ran.code, ran.out) == (1, ""), (path, ran)
        assert f"needs {'the owner' if path in OWNS else 'the application'}'s database account" in ran.err, (path, ran)
    assert "数据库账号" in reader("annotate", "p", "n", "--actor", "c1", lang="zh").err
    error = reader("annotate", "p", "n", "--actor", "c1", "--json").json["error"]
    assert error["code"] in ("database_denied", "database_readonly")
    assert "kfq annotate" in error["message"]
    assert content(database) == before
    assert log.seal().placed == 2  # the note of the fixture, and the seal


def test_a_signer_needs_only_to_read(log: WorkflowEngine, reader: Kfq, tmp_path: Path) -> None:
    keyfile.create(tmp_path / "own.key", "own")
    key = ("--key", str(tmp_path / "own.key"))
    ran = reader("checkpoint", *key)
    assert ran.code == 1
    assert "--no-store" in ran.err
    assert "office" not in reader.ok("checkpoint", *key, "--no-store").out
    del log


def test_recovering_and_beginning_need_more(log: WorkflowEngine, reader: Kfq, database: Engine, tmp_path: Path) -> None:
    before = content(database)
    note = checkpoints.checkpoint(log)
    size = int(note.text.split("\n")[1])
    (tmp_path / "lost").write_text(note.text.replace(f"\n{size}\n", f"\n{size + 5}\n"), "utf-8")
    ran = reader("recover", "--checkpoint", str(tmp_path / "lost"), "--actor", "admin", "--reason", "r")
    assert ran.code == 1
    assert "the application's" in ran.err
    assert reader("init", "--admin", "other").code == 1
    assert reader("demo", "linfen-2020").code == 1
    assert reader("scrub").code == 1
    keyfile.create(tmp_path / "next.key", "next")
    for given in (("rotate", "--to", "next.key"), ("revoke", str(keyfile.load("office.key").key), "--reason", "lost")):
        ran = reader("key", *given, "--key", "office.key")
        assert (ran.code, "the application's" in ran.err) == (1, True), ran
    assert content(database) == before


@pytest.mark.backends("sqlite")
def test_a_copy_on_a_disc(log: WorkflowEngine, tmp_path: Path) -> None:
    """Media that cannot be written: no file appears beside the copy, and its bytes stay."""
    folder = tmp_path / "disc"
    folder.mkdir()
    with log.database.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{folder / 'copy.db'}'")
    path = folder / "copy.db"
    path.chmod(0o400)
    folder.chmod(0o500)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    kfq = Kfq(f"sqlite:///file:{path}?immutable=1&uri=true")
    out = reads(log, tmp_path)
    for name in READS - {"cosign", "verify"}:
        ran = kfq(*name.split(), *out[name])
        assert ran.code == 0, (name, ran)
    assert "immutable=1" in kfq.ok("doctor").out
    assert kfq("annotate", "p", "n", "--actor", "c1").code == 1
    assert [each.name for each in folder.iterdir()] == ["copy.db"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    folder.chmod(0o700)
