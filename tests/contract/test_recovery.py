"""A restored log says what it lost; signers and verifiers believe no more of it than checkpoints held outside show."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from kfq_workflow import InvalidInput, NotAuthorised, SignerRefused, WorkflowEngine, open_database, reading
from kfq_workflow.audit import checkpoints, ed25519, keyfile, recovery
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint, Witnessed, origin_of
from kfq_workflow.audit.incarnation import Lineage, Recovery, origin_at, split
from kfq_workflow.audit.note import ED25519, Note
from kfq_workflow.bundle import Scope, write_bundle
from kfq_workflow.entry import document_digest, encode_json, parse_canonical
from kfq_workflow.export import write_export
from kfq_workflow.hashing import check_letters
from kfq_workflow.verify import verify
from kfq_workflow.verify.anchors import NOBODY, Trust
from tests.beside import verify_bundled, verify_export
from tests.tampering import TABLES, build, places, rehash, remove, rows, tampering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from kfq_workflow.verify import Report

pytestmark = pytest.mark.tampers

Saved = dict[str, list[dict[str, Any]]]


def backup(database: Engine) -> Saved:
    """Return every row, as a dump would have it."""
    with database.connect() as connection:
        return {table.name: list(map(dict, connection.execute(select(table)).mappings())) for table in TABLES}


def restore(database: Engine, saved: Saved) -> None:
    """Put the rows of a dump in the place of what is there."""
    tables = sorted(TABLES, key=lambda table: table is TABLES.instance)  # whose rows cite entries
    with tampering(database) as connection:
        for table in reversed(tables):
            connection.execute(table.delete())
        for table in tables:
            if saved[table.name]:
                connection.execute(table.insert(), saved[table.name])


def held(note: Note, label: str = "held") -> Anchor:
    return Anchor(label, Checkpoint.parse(note.text), note)


def bare(engine: WorkflowEngine, label: str) -> Anchor:
    """Seal, and return what an auditor would have noted."""
    engine.seal()
    return held(checkpoints.checkpoint(engine), label)


def checked(database: Engine, tmp_path: Path, anchors: Sequence[Anchor] = (), trust: Trust = NOBODY) -> Report:
    """Verify the database and its export, which must say the same of the tree, its recoveries and the anchors."""
    with reading(database) as source:
        report = verify(source, anchors, trust=trust)
        path = tmp_path / "log.jsonl"
        write_export(source, path, overwrite=True)
    exported = verify_export(path, anchors, trust)
    assert [f for f in exported.findings if f.layer in ("anchor", "tree")] == [
        f for f in report.findings if f.layer in ("anchor", "tree")
    ]
    assert (exported.verdict, exported.anchored, exported.counts) == (report.verdict, report.anchored, report.counts)
    return report


def kinds(report: Report) -> list[tuple[str, str, str]]:
    return sorted((f.layer, f.kind, f.severity) for f in report.findings)


RECOVERED = ("tree", "recovered", "warning")
LOST = ("anchor", "lost", "warning")


@pytest.fixture
def office(tmp_path: Path) -> Path:
    keyfile.create(tmp_path / "office.key", "office")
    return tmp_path / "office.key"


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    keyfile.create(tmp_path / "witness.key", "witness", cosigner=True)
    return tmp_path / "witness.key"


def lose(engine: WorkflowEngine, saved: Saved | None = None) -> tuple[Anchor, Anchor]:
    """Make a backup, go on, publish, restore; return a checkpoint from before and the last one."""
    before = bare(engine, "before")
    saved = saved or backup(engine.database)
    for number in range(4):
        engine.annotate("o", f"将丢失 {number}", by="clerk")
    last = bare(engine, "last")
    restore(engine.database, saved)
    return before, last


def test_a_restored_log_says_what_it_lost(database: Engine, tmp_path: Path, office: Path) -> None:
    engine = build(database)
    engine.seal()
    older = held(checkpoints.checkpoint(engine, office), "older")
    saved = backup(database)
    for number in range(4):
        engine.annotate("o", f"将丢失 {number}", by="clerk")
    engine.seal()
    last = held(checkpoints.checkpoint(engine, office), "last")
    restore(database, saved)
    key = keyfile.load(office).key
    trust = Trust((key,), ed25519.check)

    # Before anybody says so it is what it looks like
    assert kinds(checked(database, tmp_path, [last])) == [("anchor", "size_shrunk", "error")]
    with pytest.raises(SignerRefused, match="Its tail was cut"):
        checkpoints.checkpoint(engine, office)

    made = engine.recover([last], by="administrator", reason="磁盘损坏，自备份恢复")
    kept, gone = older.checkpoint.size, last.checkpoint.size - older.checkpoint.size
    assert (made.incarnation, made.kept, made.lost) == (2, kept, gone)
    assert made.origin == f"{last.checkpoint.origin}/2"
    body = parse_canonical(rows(database, "~log")[made.seq - 1].body)
    assert body["lost"] == [{
        "note": document_digest(str(last.note).encode()).hex(), "origin": last.checkpoint.origin,
        "root": last.checkpoint.root.hex(), "size": last.checkpoint.size,
    }]  # fmt: skip
    assert body["kept"] == {"root": older.checkpoint.root.hex(), "size": kept}

    # Never silent, neither without an anchor nor with one that still holds
    report = checked(database, tmp_path)
    assert (report.verdict, kinds(report), report.counts.lost) == ("self-consistent", [RECOVERED], gone)
    assert report.as_json()["lost"] == gone
    report = checked(database, tmp_path, [older, last], trust)
    assert (report.verdict, kinds(report)) == ("anchored", [LOST, RECOVERED])
    assert report.anchored is not None
    assert (report.anchored.label, report.anchored.size) == ("older", kept)
    (lost,) = [f for f in report.findings if f.kind == "lost"]
    assert f"entries {kept + 1} to {last.checkpoint.size} were lost" in lost.text()
    # What was lost anchors nothing
    report = checked(database, tmp_path, [last], trust)
    assert (report.verdict, report.anchored, report.not_checked[0]) == ("incomplete", None, "anchor last")

    # The signer needs the operator's word, then goes on
    with pytest.raises(SignerRefused, match=rf"{kept} entries are left, {gone} are lost.*--recovered"):
        checkpoints.checkpoint(engine, office)
    first = checkpoints.checkpoint(engine, office, recovered=True)
    assert Checkpoint.parse(first.text).origin == made.origin
    engine.annotate("o", "其后", by="clerk")
    engine.seal()
    second = held(checkpoints.checkpoint(engine, office), "second")
    report = checked(database, tmp_path, [older, last, second], trust)
    assert (report.verdict, kinds(report)) == ("anchored", [LOST, RECOVERED])
    assert report.anchored is not None
    assert (report.anchored.label, report.anchored.origin) == ("second", made.origin)
    # a receipt is proved against a checkpoint of the line that stands
    for row in rows(database, "o"):
        (found,) = checkpoints.receipt(engine, check_letters(row.leaf))
        assert found.checkpoint is not None
        assert found.checkpoint.origin in (older.checkpoint.origin, made.origin)
        assert found.checkpoint != last.checkpoint


def test_what_is_no_loss_is_not_recovered(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    before, last = lose(engine)
    restored = backup(database)

    def refused(code: str, lost: Sequence[Anchor], **how: Any) -> None:
        with pytest.raises(InvalidInput) as caught:
            engine.recover(lost, by="administrator", reason="r", **how)
        assert caught.value.code == code
        assert caught.value.text("zh") != caught.value.text("en")

    refused("recover_none", [])
    refused("recover_nothing", [before], kept=0)
    refused("recover_kept_all", [before])
    refused("recover_kept", [last], kept=before.checkpoint.size - 1)
    refused("recover_kept", [last], kept=before.checkpoint.size + 1)
    refused("recover_kept", [last], kept=-1)
    other = Checkpoint(origin_of("ff" * 16, ""), 99, bytes(32))
    refused("recover_other_log", [Anchor("x", other, Note(str(other), ()))])
    forked = Checkpoint(last.checkpoint.origin, last.checkpoint.size, bytes(32))
    refused("recover_fork", [last, Anchor("x", forked, Note(str(forked), ()))])
    for who in ("clerk", "system"):
        with pytest.raises((NotAuthorised, InvalidInput)):
            engine.recover([last], by=who, reason="r")
    assert backup(database)["kfq_leaf"] == restored["kfq_leaf"]
    engine.recover([last], by="administrator", reason="r")
    refused("recover_known", [last])
    assert checked(database, tmp_path, [before]).verdict == "anchored"


def test_a_restore_that_was_noticed_late(database: Engine, tmp_path: Path) -> None:
    """The log was sealed again, and beyond the size of the last checkpoint, before anybody noticed."""
    engine = build(database)
    before, last = lose(engine)
    for number in range(9):
        engine.annotate("p", f"恢复后 {number}", by="clerk")
    engine.seal()
    assert kinds(checked(database, tmp_path, [last])) == [("anchor", "root_differs", "error")]
    with pytest.raises(InvalidInput, match="--kept"):
        engine.recover([last], by="administrator", reason="r")
    made = engine.recover([last], by="administrator", reason="r", kept=before.checkpoint.size)
    assert (made.kept, made.lost) == (before.checkpoint.size, last.checkpoint.size - before.checkpoint.size)
    report = checked(database, tmp_path, [before, last, bare(engine, "now")])
    assert (report.verdict, kinds(report)) == ("anchored", [LOST, RECOVERED])


def test_recovered_twice(database: Engine, tmp_path: Path, office: Path) -> None:
    """Once with the first recovery in the backup, and once from a backup of before it."""
    engine = build(database)
    start = backup(database)
    before, last = lose(engine)
    engine.recover([last], by="administrator", reason="一")
    two = held(checkpoints.checkpoint(engine, office), "two")
    assert two.checkpoint.origin.endswith("/2")
    kept = bare(engine, "kept")
    _, again = lose(engine)
    made = engine.recover([again], by="administrator", reason="二")
    assert (made.incarnation, made.kept) == (3, kept.checkpoint.size)
    report = checked(database, tmp_path, [before, last, kept, again, bare(engine, "now")])
    assert (report.verdict, kinds(report)) == ("anchored", [LOST, LOST, RECOVERED, RECOVERED])
    checkpoints.checkpoint(engine, office, recovered=True)
    three = bare(engine, "three")

    restore(database, start)  # nothing was sealed then
    report = checked(database, tmp_path, [three, again])
    assert {f.kind for f in report.findings} == {"incarnation_missing"}
    assert report.verdict == "tampered"
    made = engine.recover([three, again, two, last], by="administrator", reason="三")
    assert (made.incarnation, made.kept) == (4, 0)
    report = checked(database, tmp_path, [before, last, again, three])
    assert {f.kind for f in report.findings} == {"recovered", "lost"}
    assert (report.verdict, report.not_checked) == (
        "incomplete", ("anchor before", "anchor last", "anchor three", "signatures"),
    )  # fmt: skip
    assert report.counts.lost == sum(each.checkpoint.size for each in (last, again, three))
    with pytest.raises(SignerRefused, match="--recovered"):
        checkpoints.checkpoint(engine, office)
    checkpoints.checkpoint(engine, office, recovered=True)
    assert checked(database, tmp_path, [three, bare(engine, "now")]).verdict == "anchored"


def test_a_false_recovery(database: Engine, tmp_path: Path) -> None:
    """Each is written by somebody who may do everything, and found by who holds a checkpoint."""
    engine = build(database)
    before, last = lose(engine)
    clean = backup(database)
    origin, size = last.checkpoint.origin, last.checkpoint.size

    def named(of: int, root: bytes) -> Anchor:
        made = Checkpoint(origin, of, root)
        return Anchor("named", made, Note(str(made), ()))

    # It names a checkpoint that does not exist, of the size of one that does
    engine.recover([named(size, bytes(32))], by="administrator", reason="r")
    assert kinds(checked(database, tmp_path, [last])) == [("anchor", "fork", "error"), LOST, RECOVERED]
    # and one of fewer entries than were published: it keeps silent about the rest
    restore(database, clean)
    engine.recover([named(size - 1, bytes(32))], by="administrator", reason="r")
    assert kinds(checked(database, tmp_path, [before])) == [RECOVERED]
    assert kinds(checked(database, tmp_path, [before, last])) == [("anchor", "loss_unnamed", "error"), RECOVERED]
    # and one that nobody has: without a signature it rests on a word, and that is said
    restore(database, clean)
    engine.recover([named(size + 50, bytes(32))], by="administrator", reason="r")
    key = ed25519.signer("office", ED25519, bytes(32)).key
    report = checked(database, tmp_path, [before, last], Trust((key,), ed25519.check))
    assert ("tree", "recovery_unproved", "warning") in kinds(report)
    # It hides a rewrite of what was left
    restore(database, clean)
    chain = rows(database, "o")
    with tampering(database) as connection:
        chain[2] = chain[2]._replace(via="elsewhere")
        rehash(connection, engine.log().log, chain)
        for table in (TABLES.leaf, TABLES.sealed):
            connection.execute(table.delete())
        log = rows(database, "~log")
        connection.execute(TABLES.instance.update().where(TABLES.instance.c.key == "~log").values(
            seq=1, rev=1, head=log[0].leaf, at=log[0].at))  # fmt: skip
        remove(connection, "entry", {"instance": "~log", "seq": 2})
    engine.seal()
    engine.recover([last], by="administrator", reason="r")
    assert kinds(checked(database, tmp_path, [last])) == [LOST, RECOVERED]  # which shows only against an older one
    assert kinds(checked(database, tmp_path, [before, last])) == [LOST, ("anchor", "root_differs", "error"), RECOVERED]


def test_a_loss_that_did_not_happen(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    before = bare(engine, "before")
    engine.annotate("o", "其后", by="clerk")
    between = bare(engine, "between")
    engine.annotate("o", "其后", by="clerk")
    last = bare(engine, "last")
    # the library refuses, so its own check is passed by: the tree is asked for another root
    made = Checkpoint(last.checkpoint.origin, last.checkpoint.size + 1, bytes(32))
    engine.recover(
        [Anchor("x", made, Note(str(made), ()))], by="administrator", reason="r", kept=before.checkpoint.size
    )
    report = checked(database, tmp_path, [before, between, last])
    overstated = ("anchor", "recovery_overstated", "warning")
    assert kinds(report) == [overstated, overstated, RECOVERED]
    row = rows(database, "~log")[-2]
    body = parse_canonical(row.body)
    body["lost"][0] |= {"root": last.checkpoint.root.hex(), "size": last.checkpoint.size}
    _forge(database, engine, body)
    report = checked(database, tmp_path, [before, between, last])
    assert ("anchor", "recovery_false", "error") in kinds(report)


def _forge(database: Engine, engine: WorkflowEngine, body: dict[str, Any]) -> None:
    """Write another body into the newest recovery and hash and seal everything after it anew."""
    chain = rows(database, "~log")
    at = max(index for index, row in enumerate(chain) if row.kind == "recovered")
    keep = chain[at - 1]
    with tampering(database) as connection:
        size = parse_canonical(keep.body)["size"]
        connection.execute(TABLES.leaf.delete().where(TABLES.leaf.c.position >= size))
        forged = chain[at]._replace(body=encode_json(body))
        for row in chain[at + 1 :]:
            remove(connection, "entry", {"instance": "~log", "seq": row.seq})
        rehash(connection, engine.log().log, [*chain[:at], forged])
        connection.execute(TABLES.instance.update().where(TABLES.instance.c.key == "~log").values(
            seq=forged.seq, rev=forged.seq, at=forged.at))  # fmt: skip
    engine.rebuild()
    engine.seal()


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"incarnation": 1}, ("replay", "malformed")),
        ({"incarnation": 2, "kept": {"root": "00" * 32, "size": 12}}, ("tree", "recovery_kept")),
        ({"kept": {"root": "", "size": 0}}, ("replay", "malformed")),
        ({"lost": []}, ("replay", "malformed")),
        (
            {"lost": [{"note": "00" * 32, "origin": "other", "root": "00" * 32, "size": 99}]},
            ("tree", "recovery_origin"),
        ),
    ],
)
@pytest.mark.backends("sqlite")
def test_an_entry_that_cannot_be(
    database: Engine, tmp_path: Path, change: dict[str, Any], finding: tuple[str, str]
) -> None:
    engine = build(database)
    _, last = lose(engine)
    engine.recover([last], by="administrator", reason="r")
    body = parse_canonical(rows(database, "~log")[-2].body)
    _forge(database, engine, body | change)
    found = places(checked(database, tmp_path))
    assert {place[:3] for place in found} >= {(*finding, "~log")}


def test_the_cosigner_is_told_and_shown(database: Engine, office: Path, witness: Path) -> None:
    engine = build(database)
    engine.seal()
    log = keyfile.load(office).key
    first = checkpoints.checkpoint(engine, office)

    def proof(old: int, size: int) -> tuple[bytes, ...]:
        return checkpoints.consistency(engine, old, size)

    def shown(size: int) -> list[recovery.Shown]:
        return recovery.evidence(engine, size)

    def cosign(note: Note, **how: Any) -> Note:
        return checkpoints.cosigned(str(note).encode(), witness, [log], proof, **how)

    cosign(first)
    saved = backup(database)
    engine.annotate("o", "将丢失", by="clerk")
    engine.seal()
    lost = checkpoints.checkpoint(engine, office)
    cosign(lost)
    restore(database, saved)
    engine.recover([held(lost)], by="administrator", reason="r")
    note = checkpoints.checkpoint(engine, office, recovered=True)
    with pytest.raises(SignerRefused, match="shows no recovery"):
        cosign(note, recovered=True)
    with pytest.raises(SignerRefused, match="--recovered"):
        cosign(note, shown=shown)
    false = [(row, position + 1, path) for row, position, path in shown(Checkpoint.parse(note.text).size)]
    with pytest.raises(SignerRefused, match="shows no recovery"):
        cosign(note, shown=lambda _: false, recovered=True)
    cosign(note, shown=shown, recovered=True)
    # The old line is over for both, though it has come back
    restore(database, saved)
    old = checkpoints.checkpoint(engine)
    assert Checkpoint.parse(old.text).origin == Checkpoint.parse(first.text).origin
    with pytest.raises(SignerRefused, match="one line only"):
        checkpoints.checkpoint(engine, office)
    with pytest.raises(SignerRefused, match="one line only"):
        checkpoints.cosigned(str(Witnessed(0, (), lost)).encode(), witness, [log], proof)


def test_a_recovery_that_names_another_checkpoint_than_was_signed(database: Engine, office: Path) -> None:
    engine = build(database)
    engine.seal()
    saved = backup(database)
    engine.annotate("o", "将丢失", by="clerk")
    engine.seal()
    note = checkpoints.checkpoint(engine, office)
    restore(database, saved)
    said = Checkpoint.parse(note.text)
    other = Checkpoint(said.origin, said.size + 7, bytes(32))
    engine.recover([Anchor("x", other, Note(str(other), ()))], by="administrator", reason="r")
    with pytest.raises(SignerRefused, match="no recovery names that checkpoint"):
        checkpoints.checkpoint(engine, office, recovered=True)
    # A second recovery names what the first one forgot, and both are reported
    engine.recover([held(note)], by="administrator", reason="补报")
    assert Checkpoint.parse(checkpoints.checkpoint(engine, office, recovered=True).text).origin.endswith("/3")
    with reading(database) as source:
        assert kinds(verify(source, [held(note)])) == [LOST, RECOVERED, RECOVERED]


def test_bundles_tell_of_it(database: Engine, tmp_path: Path) -> None:
    engine = build(database)
    before, last = lose(engine)
    engine.recover([last], by="administrator", reason="磁盘损坏")
    now = bare(engine, "now")
    for number, scope in enumerate((Scope(), Scope(instance="p"), Scope(recorded=True))):
        path = tmp_path / f"{number}.zip"
        with reading(database) as source:
            write_bundle(source, path, scope, anchors=[before, now])
        report = verify_bundled(path, [before, last, now])
        assert kinds(report) == [LOST, RECOVERED], scope
        wanted = "incomplete" if scope.recorded else "anchored"  # of an interval nothing is decided again
        assert (report.verdict, report.counts.lost) == (wanted, 4 + 1)
        assert report.anchored is not None
        assert report.anchored.label == "now"
        report = verify_bundled(path, [last])
        assert (report.verdict, kinds(report)) == ("incomplete", [LOST, RECOVERED]), scope


@pytest.mark.backends("sqlite")
def test_a_backup_of_a_file(database_url: str, tmp_path: Path) -> None:
    """The real thing: VACUUM INTO, and the copy in the place of the file."""
    path, copy = database_url.removeprefix("sqlite:///"), tmp_path / "backup.db"
    database = open_database(database_url)
    engine = build(database)
    before = bare(engine, "before")
    with database.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{copy}'")
    engine.annotate("o", "将丢失", by="clerk")
    last = bare(engine, "last")
    database.dispose()
    gc.collect()  # closes what still has the file open
    for beside in ("-wal", "-shm"):
        Path(path + beside).unlink(missing_ok=True)
    copy.replace(path)
    database = open_database(database_url)
    engine = WorkflowEngine(database)
    engine.annotate("p", "恢复后", by="clerk")
    engine.recover([last], by="administrator", reason="自备份恢复")
    report = checked(database, tmp_path, [before, last])
    assert (report.verdict, kinds(report)) == ("anchored", [LOST, RECOVERED])
    database.dispose()


def test_origins_of_incarnations() -> None:
    base = origin_of("ab" * 16, "zones.example.cn/log")
    assert origin_at(base, 1) == base
    for number in (2, 9, 10, 123):
        assert split(origin_at(base, number)) == (base, number)
    for odd in (f"{base}/1", f"{base}/0", f"{base}/02", f"{base}/x", f"{base}/", "other"):
        assert split(odd) == (odd, 1)
    assert Lineage(base).number_of(f"{base}/02") is None
    body = Recovery(3, 2, 0, bytes(32), ()).body()
    with pytest.raises(ValueError, match="lost"):
        Recovery.parse(3, body)
