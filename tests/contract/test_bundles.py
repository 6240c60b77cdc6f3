"""Bundles on each database: what is in them, what they prove, and that they show nothing else."""

from __future__ import annotations

import json
import stat
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, reading
from kfq_workflow.audit import checkpoints, ed25519, keyfile
from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.audit.note import ED25519
from kfq_workflow.bundle import Scope, is_bundle, write_bundle
from kfq_workflow.bundle.container import unpack
from kfq_workflow.entry import encode
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.files import Part
from kfq_workflow.verify.anchors import Trust
from tests.approvals import BOSS, CLERKS, gate, submitted
from tests.beside import verify_bundled, verify_export
from tests.bundles import LOG, MANIFEST, PROOFS, members
from tests.contract.test_rectify import prepared
from tests.tampering import build, rows

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

EVERYTHING = Scope(recorded=True)
#: Seconds after which the coarsest clock, SQLite's, says another instant.
TICK = 0.002


def sealed(database: Engine) -> WorkflowEngine:
    """Make a log with two seals, the second of which placed `p`'s last entry."""
    engine = build(database)
    engine.seal()
    engine.annotate("p", "其后", by="clerk")
    engine.seal()
    return engine


def bundle(database: Engine, path: Path, scope: Scope | None = None, **how: Any) -> Path:
    with reading(database) as source:
        write_bundle(source, path, scope or Scope(), overwrite=True, **how)
    return path


def held(engine: WorkflowEngine, label: str = "held") -> Anchor:
    note = checkpoints.checkpoint(engine)
    return Anchor.parse(label, note.text.encode())


def test_a_whole_log_verifies_as_its_export_does(database: Engine, tmp_path: Path) -> None:
    engine = sealed(database)
    path = bundle(database, tmp_path / "b.zip")
    with reading(database) as source:
        write_export(source, tmp_path / "log.jsonl")
    assert members(path)[LOG] == (tmp_path / "log.jsonl").read_bytes()
    anchor = held(engine)
    exported = verify_export(tmp_path / "log.jsonl", [anchor])
    found = verify_bundled(path, [anchor])
    assert (found.verdict, found.findings) == ("anchored", ())
    assert found == exported
    assert verify_bundled(path).verdict == "self-consistent"


def test_one_instance_is_proved_complete(database: Engine, tmp_path: Path) -> None:
    engine = sealed(database)
    anchor = held(engine)
    engine.annotate("p", "更后", by="clerk")
    path = bundle(database, tmp_path / "p.zip", Scope("p"))
    report = verify_bundled(path, [anchor])
    assert (report.verdict, report.findings) == ("anchored", ())
    assert report.anchored is not None
    assert (report.anchored.size, report.anchored.newer) == (anchor.checkpoint.size, 1)
    assert report.not_checked == ("caches", "other instances", "triggers", "unsealed 1")
    assert report.counts.decided == 5
    said = json.loads(members(path)[MANIFEST])
    assert (said["entries"], said["unsealed"], said["mentions"]) == (report.entries, 1, [])
    chains = {json.loads(line)["head"]["instance"] for line in lines(path, b'{"head":')}
    assert chains == {"p", "~log", "~definition/permit", "~actor/applicant", "~actor/clerk", "~actor/authority"}
    assert [json.loads(line)["seq"] for line in lines(path, b'{"actor":') if b'"instance":"p"' in line] == [
        *range(1, 10)
    ]


@pytest.mark.parametrize("key", ["~log", "~actor/clerk", "~definition/permit"])
def test_a_bundle_of_a_reserved_chain(database: Engine, tmp_path: Path, key: str) -> None:
    """Of the log's own chain a bundle shows some seals only, so there is no newest entry to prove."""
    engine = sealed(database)
    anchor = held(engine)
    report = verify_bundled(bundle(database, tmp_path / "part.zip", Scope(key), anchors=[anchor]), [anchor])
    assert report.findings == ()
    assert report.verdict in ("anchored", "incomplete")


def lines(path: Path, start: bytes, member: str = LOG) -> list[bytes]:
    return [line for line in members(path)[member].splitlines() if line.startswith(start)]


def test_a_bundle_of_one_instance_shows_nothing_of_the_others(database: Engine, tmp_path: Path) -> None:
    engine = sealed(database)
    engine.start("permit", "secret-key-7", by="applicant", name="不可告人", attrs={"area": "98765.4", "owner": "某甲"})
    engine.annotate("secret-key-7", "秘密的话", by="clerk")
    engine.annotate("o", "别处的话", by="clerk")
    engine.seal()
    path = bundle(database, tmp_path / "p.zip", Scope("p"))
    data = path.read_bytes()
    others = [row for key in ("o", "p/case", "late", "secret-key-7") for row in rows(database, key)]
    assert len(others) > 15
    hidden = {json.loads(line)["hidden"]["hash"] for line in lines(path, b'{"hidden":', PROOFS)}
    for row in others:
        assert f'"instance":"{row.instance}"'.encode() not in data
        assert encode(row, engine.log().log) not in data
        assert bytes(row.leaf).hex().encode() not in data or bytes(row.leaf).hex() in hidden
    for word in (
        "secret-key-7",
        "不可告人",
        "秘密的话",
        "别处的话",
        "98765.4",
        "p/case",
        "~actor/registrar",
    ):
        assert word.encode() not in data
    with reading(database) as source:
        texts = [text for text in source.texts() if text.instance in ("o", "p/case", "late", "secret-key-7")]
    assert texts
    for text in texts:
        assert bytes(text.salt).hex().encode() not in data


def test_what_an_instance_cites_is_named_and_not_shown(database: Engine, tmp_path: Path) -> None:
    sealed(database)
    path = bundle(database, tmp_path / "case.zip", Scope("p/case"))
    report = verify_bundled(path)
    assert (report.verdict, report.findings) == ("incomplete", ())
    assert "cited p" in report.not_checked
    assert report.counts.decided == report.counts.witnessed == 0
    assert json.loads(members(path)[MANIFEST])["mentions"] == ["p"]
    cited = {seen["leaf"] for row in rows(database, "p/case") for seen in json.loads(row.body).get("seen", [])}
    alone = {about["hash"] for line in lines(path, b'{"hidden":', PROOFS)
             if (about := json.loads(line)["hidden"])["width"] == 1}  # fmt: skip
    assert cited
    assert cited <= alone
    assert "p" not in {json.loads(line)["instance"] for line in lines(path, b'{"actor":')}


def test_texts_are_left_out_when_asked(database: Engine, tmp_path: Path) -> None:
    sealed(database)
    for scope in (Scope(), Scope("p"), EVERYTHING):
        with_ = bundle(database, tmp_path / "with.zip", scope)
        without = bundle(database, tmp_path / "without.zip", scope, texts=False)
        assert "同意".encode() in with_.read_bytes()
        assert "同意".encode() not in without.read_bytes()
        assert lines(without, b'{"text":') == []
        report = verify_bundled(without)
        assert report.findings == ()
        assert "texts" in report.not_checked
        assert report.verdict == verify_bundled(with_).verdict


def test_an_interval_has_what_was_recorded_in_it(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    engine.seal()
    since = max(row.at for row in rows(database, "~log")) + 1
    time.sleep(TICK)
    for number in range(5):
        engine.annotate("p", f"注 {number}", by="clerk")
    engine.seal()
    until = max(row.at for row in rows(database, "~log"))
    time.sleep(TICK)
    engine.annotate("o", "其后", by="clerk")
    engine.seal()
    anchor = held(engine)
    path = bundle(database, tmp_path / "r.zip", Scope(None, since, until, recorded=True))
    report = verify_bundled(path, [anchor])
    assert (report.verdict, report.findings) == ("incomplete", ())
    assert report.anchored is not None
    assert report.not_checked == ("caches", "earlier entries", "replay", "triggers")
    own = [json.loads(line) for line in lines(path, b'{"actor":')]
    assert [(one["instance"], one["seq"]) for one in own] == [
        *(("p", number) for number in range(8, 13)), ("~log", 1), ("~log", 2), ("~log", 3), ("~log", 4),
    ]  # fmt: skip
    assert lines(path, b'{"document":') == []
    narrow = bundle(database, tmp_path / "n.zip", Scope(None, own[1]["at"], own[2]["at"] + 1, recorded=True))
    assert any(what.startswith("hidden ") for what in verify_bundled(narrow).not_checked)
    assert verify_bundled(bundle(database, tmp_path / "all.zip", EVERYTHING)).findings == ()


@pytest.mark.backends("sqlite")
def test_days_and_instants_are_local_and_both_included() -> None:
    noon = 1_577_851_200_000_000  # 2020-01-01T12:00+08:00
    day = Scope.between("2020-01-01", "2020-01-01", 480)
    assert [day.holds(noon + hours * 3_600_000_000) for hours in (-13, -12, 11, 12)] == [False, True, True, False]
    assert not day.holds(noon + 12 * 3_600_000_000)
    instant = Scope.between("2020-01-01T12:00", "2020-01-01T12:00", 480)
    assert [instant.holds(noon + step) for step in (-1, 0, 1)] == [False, True, False]
    assert Scope.between(None, "2020-01-01", 0).since is None
    for first, last, code in (("2020-02", None, "not_an_instant"), ("2020-01-02", "2020-01-01", "bundle_interval")):
        with pytest.raises(InvalidInput) as caught:
            Scope.between(first, last, 480)
        assert caught.value.code == code


def test_a_log_that_is_not_sealed_proves_nothing_of_its_ends(database: Engine, tmp_path: Path) -> None:
    build(database)
    whole = verify_bundled(bundle(database, tmp_path / "b.zip"))
    assert (whole.verdict, whole.findings) == ("self-consistent", ())
    one = verify_bundled(bundle(database, tmp_path / "p.zip", Scope("p")))
    assert (one.verdict, one.findings) == ("incomplete", ())
    assert {"later p", "later ~actor/clerk"} <= set(one.not_checked)
    assert verify_bundled(bundle(database, tmp_path / "r.zip", EVERYTHING)).findings == ()


def test_an_anchor_in_the_bundle_counts_when_a_trusted_key_signed_it(database: Engine, tmp_path: Path) -> None:
    engine = sealed(database)
    key = keyfile.create(tmp_path / "key", "zones.example.cn/log")
    note = checkpoints.checkpoint(engine, tmp_path / "key", keep=False)
    anchor = Anchor.parse("given", str(note).encode())
    other = ed25519.signer("other", ED25519, bytes(32)).key
    for scope in (Scope(), Scope("p")):
        path = bundle(database, tmp_path / "b.zip", scope, anchors=[anchor])
        assert members(path)["anchors/001.checkpoint"] == str(note).encode()
        assert verify_bundled(path).verdict == "self-consistent"
        report = verify_bundled(path, trust=Trust((key,), ed25519.check))
        assert report.verdict == "anchored"
        assert report.anchored is not None
        assert (report.anchored.label, report.anchored.signed) == ("anchors/001.checkpoint", ("zones.example.cn/log",))
        assert verify_bundled(path, trust=Trust((other,), ed25519.check)).verdict == "self-consistent"


def test_a_checkpoint_between_seals_that_were_not_cut_out_is_told_as_not_compared(
    database: Engine, tmp_path: Path
) -> None:
    engine = build(database)
    engine.seal()
    for number in range(2):
        engine.annotate("o", f"注 {number}", by="clerk")
        engine.seal()
    old = held(engine, "old")
    for number in range(3):
        engine.annotate("o", f"又注 {number}", by="clerk")
    engine.seal()
    path = bundle(database, tmp_path / "case.zip", Scope("late"))
    assert "anchor old" in verify_bundled(path, [old]).not_checked
    known = bundle(database, tmp_path / "late.zip", Scope("late"), anchors=[old])
    report = verify_bundled(known, [old])
    assert (report.verdict, report.findings) == ("anchored", ())


def test_a_folder_verifies_like_the_file(database: Engine, tmp_path: Path) -> None:
    engine = sealed(database)
    anchor = held(engine)
    for scope in (Scope(), Scope("p"), EVERYTHING):
        path = bundle(database, tmp_path / "b.zip", scope, anchors=[anchor])
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            archive.extractall(tmp_path / scope.as_json()["kind"])
        folder = tmp_path / scope.as_json()["kind"]
        assert is_bundle(folder)
        assert verify_bundled(folder, [anchor]) == verify_bundled(path, [anchor])


@pytest.mark.backends("sqlite")
def test_the_file_is_private_complete_and_never_replaced_unasked(database: Engine, tmp_path: Path) -> None:
    sealed(database)
    path = bundle(database, tmp_path / "b.zip")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with reading(database) as source:
        with pytest.raises(InvalidInput, match="exists"):
            write_bundle(source, path)
        with pytest.raises(InvalidInput, match="cannot be written"):
            write_bundle(source, tmp_path / "no" / "b.zip")
        with pytest.raises(NotFound):
            write_bundle(source, tmp_path / "other.zip", Scope("pp"))
        with pytest.raises(NotFound):
            write_bundle(source, tmp_path / "other.zip", Scope(""))
        with pytest.raises(InvalidInput, match="999"):
            write_bundle(source, tmp_path / "other.zip", anchors=[held(WorkflowEngine(database))] * 1000)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir() if "zip" in each.name) == ["b.zip"]


@pytest.mark.backends("sqlite")
def test_the_same_log_gives_the_same_bytes(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(database)
    monkeypatch.setattr("kfq_workflow.stored.database_source.DatabaseSource.clock", lambda _self: 1_600_000_000_000_000)
    for scope in (Scope(), Scope("p"), EVERYTHING):
        first = bundle(database, tmp_path / "1.zip", scope).read_bytes()
        assert bundle(database, tmp_path / "2.zip", scope).read_bytes() == first


@pytest.mark.backends("sqlite")
def test_a_member_is_read_where_it_lies(database: Engine, tmp_path: Path) -> None:
    sealed(database)
    path = bundle(database, tmp_path / "b.zip")
    found = {member.name: part for member, part in unpack(path)}
    assert isinstance(found[LOG], Part)
    assert found[LOG].path == path
    assert list(ExportSource(found[LOG]).entries("p")) == [
        row for row in ExportSource(found[LOG]).entries() if row.instance == "p"
    ]


def test_an_erased_text_is_erased_in_bundles_too(database: Engine, tmp_path: Path) -> None:
    engine = prepared(database)
    words = "某人的身份证号"
    seq = engine.annotate("p", words, by="app").seq
    proposal = engine.redact("p", [(seq, "note")], by="rec", reason="依申请", number="〔2026〕9号")
    engine.confirm("p", proposal.receipt.seq, by="chief")
    engine.seal()
    for scope in (Scope(), Scope("p"), EVERYTHING):
        for texts in (True, False):
            path = bundle(database, tmp_path / "b.zip", scope, texts=texts)
            assert words.encode() not in path.read_bytes()
            report = verify_bundled(path)
            assert (report.counts.redacted, report.findings) == (1, ())
            assert "missing texts" not in report.not_checked
    erased = rows(database, "p")[seq - 1]
    without = Scope(None, erased.at, erased.at + 1, recorded=True)
    report = verify_bundled(bundle(database, tmp_path / "b.zip", without))
    assert (report.verdict, report.findings) == ("incomplete", ())
    if max(row.at for row in rows(database, "p")) > erased.at:  # else a coarse clock put all into the interval
        assert "missing texts" in report.not_checked


def test_what_several_people_decided_is_decided_again_from_a_bundle(database: Engine, tmp_path: Path) -> None:
    case = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",)))
    case.act("approve", by="c1", opinion="同意")
    case.act("approve", by="c2")
    case.act("approve", by="boss")
    case.engine.seal()
    anchor = held(case.engine)
    report = verify_bundled(bundle(database, tmp_path / "p.zip", Scope("p")), [anchor])
    assert (report.verdict, report.findings) == ("anchored", ())
    assert report.counts.decided >= 1
