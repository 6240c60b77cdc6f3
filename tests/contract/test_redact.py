"""Erasure: two persons, one entry, and the words are gone: from the tables, and from the files; on each database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DBAPIError

from kfq_workflow import InvalidInput, NotAllowed, NotAuthorised, NotFound, WorkflowEngine, reading, verify_database
from kfq_workflow.export import ExportSource, write_export
from kfq_workflow.export.table import write_csv
from kfq_workflow.stored import scrub, triggers
from kfq_workflow.stored.tables import Tables
from kfq_workflow.verify import verify
from tests.contract.test_rectify import WHO, agrees, prepared
from tests.tampering import tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

TEXT = Tables().text
WORDS = "某人的身份证号 140000-secret-marker"


def erased(engine: WorkflowEngine, *texts: tuple[int, str], key: str = "p") -> int:
    """Propose and confirm an erasure; return the number of the entry that erases."""
    proposal = engine.redact(key, texts, by="rec", reason="依申请", number="〔2026〕9号")
    done = engine.confirm(key, proposal.receipt.seq, by="chief")
    assert (done.receipt.kind, done.erases) == ("redacted", tuple(sorted(texts)))
    return done.receipt.seq


def fields(database: Engine, key: str, seq: int) -> list[str]:
    where = (TEXT.c.instance == key) & (TEXT.c.seq == seq)
    with database.connect() as connection:
        return [row.field for row in connection.execute(TEXT.select().where(where).order_by(TEXT.c.field))]


def test_a_text_is_erased_and_the_log_verifies(database: Engine, tmp_path: Path) -> None:
    engine = prepared(database)
    note = engine.annotate("p", WORDS, by="app", request="n1")
    rev = engine.show("p").rev
    proposal = engine.redact("p", [(note.seq, "note"), (1, "attribute.owner")], by="rec", reason="r", number="1")
    assert fields(database, "p", note.seq) == ["note"]  # a proposal erases nothing
    engine.confirm("p", proposal.receipt.seq, by="chief")
    assert (fields(database, "p", note.seq), fields(database, "p", 1)) == ([], ["name"])
    agrees(engine)
    report = verify_database(database)
    assert (report.counts.redacted, report.findings) == (2, ())
    assert engine.show("p").rev == rev
    entry = engine.history("p")[note.seq - 1]
    assert (entry.erased, dict(entry.texts)) == (("note",), {})
    # A repeated request cannot be compared with what is gone: nothing is made of that.
    assert engine.annotate("p", "別的", by="app", request="n1").seq == note.seq
    # The words are in no table, and in no export.
    with database.connect() as connection:
        for table in Tables():
            assert WORDS not in str(connection.execute(table.select()).all())
    out = tmp_path / "log.jsonl"
    with reading(database) as source:
        write_export(source, out)
    assert WORDS not in out.read_text("utf-8")
    again = verify(ExportSource(out))
    with reading(database) as source:
        write_csv(source, tmp_path / "log.csv")
    assert ",[已删除 redacted]," in (tmp_path / "log.csv").read_text("utf-8")
    assert (again.counts.redacted, again.findings) == (2, ())


def test_an_actors_name_is_erased(database: Engine) -> None:
    engine = prepared(database)
    engine.enroll("clerk", by="system", name=WORDS, post="科员")
    erased(engine, (2, "name"), key="~actor/clerk")
    assert engine.actor("clerk").id == "clerk"
    assert [entry.erased for entry in engine.history("~actor/clerk")][1] == ("name",)
    assert verify_database(database).findings == ()


def test_it_takes_two_persons_and_a_policy(database: Engine) -> None:
    engine = prepared(database)
    engine.rule(by="system", rectify=WHO)
    with pytest.raises(NotAllowed, match="kfq policy set"):
        engine.redact("p", [(1, "name")], by="rec", reason="r", number="1")
    engine.rule(by="system", redact=WHO)
    seq = engine.redact("p", [(1, "name")], by="both", reason="r", number="1").receipt.seq
    for by in ("both", "rec", "app"):
        with pytest.raises(NotAuthorised):
            engine.confirm("p", seq, by=by)
    assert fields(database, "p", 1) == ["attribute.owner", "name"]
    engine.rule(by="system", rectify=WHO)
    with pytest.raises(NotAllowed):
        engine.confirm("p", seq, by="chief")
    engine.rule(by="system", redact=WHO)
    other = engine.redact("p", [(1, "name"), (2, "papers.0.title")], by="rec", reason="r", number="1").receipt.seq
    engine.confirm("p", seq, by="chief")
    with pytest.raises(NotAllowed, match="lapsed"):
        engine.confirm("p", other, by="chief")
    with pytest.raises(NotAllowed, match="already"):
        engine.redact("p", [(1, "name")], by="rec", reason="r", number="1")
    for texts in ([(1, "nothing")], [(99, "name")]):
        with pytest.raises(NotFound):
            engine.redact("p", texts, by="rec", reason="r", number="1")
    with pytest.raises(NotFound):
        engine.redact("~definition/permit", [(1, "name")], by="rec", reason="r", number="1")
    with pytest.raises(InvalidInput):
        engine.redact("p", [], by="rec", reason="r", number="1")


def test_copies_of_the_words_are_told(database: Engine) -> None:
    engine = prepared(database)
    one = engine.annotate("p", WORDS, by="app").seq
    two = engine.annotate("p", WORDS, by="app").seq
    engine.start("permit", "q", by="app", name=WORDS)
    proposal = engine.redact("p", [(one, "note")], by="rec", reason="r", number="1")
    assert proposal.copies == (("p", two, "note"), ("q", 1, "name"))
    proposal = engine.redact("p", [(one, "note"), (two, "note")], by="rec", reason="r", number="1")
    assert proposal.copies == (("q", 1, "name"),)


def test_corrected_words_are_erased_beside_the_proposal(database: Engine) -> None:
    engine = prepared(database)
    proposal = engine.rectify("p", 1, by="rec", reason="r", attrs={"owner": WORDS})
    engine.confirm("p", proposal.receipt.seq, by="chief")
    assert engine.history("p", effective=True)[0].texts["attribute.owner"] == WORDS
    erased(engine, (proposal.receipt.seq, "attribute.owner"))
    assert engine.history("p", effective=True)[0].erased == ("attribute.owner",)
    agrees(engine)


@pytest.mark.tampers
def test_missing_present_and_never_there(database: Engine) -> None:
    engine = prepared(database)
    note = engine.annotate("p", WORDS, by="app").seq
    with database.connect() as connection:
        kept = connection.execute(TEXT.select().where(TEXT.c.seq == note)).one()
    seq = erased(engine, (note, "note"))

    def found() -> list[tuple[str, int | None]]:
        report = verify_database(database)
        return [(f"{finding.layer}.{finding.kind}", finding.seq) for finding in report.findings]

    assert found() == []
    with database.begin() as connection:  # the application may insert texts
        connection.execute(TEXT.insert(), dict(kept._mapping))  # noqa: SLF001 - SQLAlchemy's name for it
    assert found() == [("text.present", note)]
    with database.begin() as connection:  # and what an entry erased may go again
        connection.execute(TEXT.delete().where(TEXT.c.seq == note))
    assert found() == []
    with pytest.raises(DBAPIError), database.begin() as connection:
        connection.execute(TEXT.delete().where(TEXT.c.seq == 1))
    with tampering(database) as connection:
        connection.execute(TEXT.delete().where((TEXT.c.seq == 1) & (TEXT.c.field == "name")))
    assert [place for place in found() if place[1] == 1] == [("text.missing", 1)]
    assert seq > note


@pytest.mark.tampers
def test_a_forged_erasure_lets_a_text_go_and_is_found(database: Engine) -> None:
    """Whoever may insert entries can open the trigger, not fool the verification."""
    from kfq_workflow.verbs.act import Act

    engine = prepared(database)
    ruled = engine.ruled()
    assert ruled is not None
    body = {
        "erases": [{"field": "name", "seq": 1}, {"field": "never", "seq": 2}], "number": "1", "policy": ruled.told,
        "proposal": {"by": "rec", "leaf": "00" * 32, "seq": 2},
    }  # fmt: skip

    def work(transaction: Any) -> None:
        ledger = transaction._ledger  # noqa: SLF001 - behind the verbs' back
        ledger.append(Act("redacted", "p", "app", None, "x", body), ledger.lock("p"))
        ledger.store.erase(ledger.cursor, "p", [(1, "name")])

    engine.run(work)
    found = {f"{finding.layer}.{finding.kind}" for finding in verify_database(database).findings}
    assert {"replay.proposal_missing", "replay.erased_unknown"} <= found
    assert "text.missing" not in found


def test_the_trigger_is_as_it_was_made(database: Engine) -> None:
    prepared(database)
    with database.connect() as connection:
        assert set(triggers.status(connection, Tables()).values()) == {"present"}


# In the files


def files(folder: Path) -> dict[str, bytes]:
    """Return what stands in the files of a database; one that goes away meanwhile is left out."""
    found = {}
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
        except OSError:
            continue
    return found


def holding(folder: Path, words: str) -> list[str]:
    return sorted(name for name, data in files(folder).items() if words.encode() in data)


def filled(engine: WorkflowEngine, words: str) -> int:
    """Write many notes, and among them one with these words; return its entry."""
    found = 0
    for number in range(120):
        if number == 60:
            found = engine.annotate("p", words, by="app").seq
        engine.annotate("p", f"{number} {'x' * (number * 37 % 700)}", by="app")
    return found


def run(database: Engine, *statements: str) -> list[Any]:
    with database.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            result = connection.exec_driver_sql(statement)
        return list(result.all()) if result.returns_rows else []


@pytest.mark.backends("sqlite")
def test_words_are_gone_from_the_files_of_sqlite(database: Engine, tmp_path: Path) -> None:
    engine = prepared(database)
    seq = filled(engine, WORDS)
    reader = database.connect()  # keeps the write-ahead log in use
    assert holding(tmp_path, WORDS)
    erased(engine, (seq, "note"))
    reader.close()
    steps = engine.scrub()
    assert [(step.name, step.done) for step in steps] == [("file", True), ("wal", True)]
    assert holding(tmp_path, WORDS) == []
    assert (tmp_path / "kfq.db-wal").stat().st_size == 0
    agrees(engine)


@pytest.mark.backends("sqlite")
def test_a_reader_keeps_words_in_the_files(database: Engine, tmp_path: Path) -> None:
    engine = prepared(database)
    seq = filled(engine, WORDS)
    with database.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT count(*) FROM kfq_text").all()
        erased(engine, (seq, "note"))
        steps = engine.scrub()
        assert [step.done for step in steps if step.name == "wal"] == [False]
        assert holding(tmp_path, WORDS)
        reader.rollback()
    assert all(step.done for step in engine.scrub())
    assert holding(tmp_path, WORDS) == []


@pytest.mark.backends("postgresql18")
def test_words_are_gone_from_the_files_of_postgresql(database: Engine) -> None:
    engine = prepared(database)
    folder = Path(run(database, "SHOW data_directory")[0][0])
    words = f"{WORDS} {database.url.database}"  # the server has other tests' databases
    seq = filled(engine, words)
    run(database, "ANALYZE kfq_text", "CHECKPOINT")
    tables = [name for name in holding(folder, words) if name.startswith("base/")]
    assert len(tables) == 1  # the statistics have none
    erased(engine, (seq, "note"))
    run(database, "CHECKPOINT")
    assert tables[0] in holding(folder, words)  # a dead row
    assert {(step.name, step.done) for step in engine.scrub()} == {
        ("table", True), ("statistics", True), ("log", True)
    }  # fmt: skip
    left = holding(folder, words)
    assert [name for name in left if not name.startswith("pg_wal/")] == []
    # The write-ahead log keeps them, also in a segment that was put by, until it is written over.
    for _ in range(12):
        if not holding(folder, words):
            break
        run(database, "CREATE TABLE filler AS SELECT repeat('z', 900) FROM generate_series(1, 18000)")
        run(database, "DROP TABLE filler", "SELECT pg_switch_wal()", "CHECKPOINT")
    assert holding(folder, words) == []
    agrees(engine)


@pytest.mark.backends("postgresql18", "postgresql")
def test_a_transaction_keeps_words_in_the_files_of_postgresql(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VACUUM FULL takes a dead row along that somebody may still see, and is as content."""
    monkeypatch.setattr(scrub, "_PAUSE", 0.01)
    engine = prepared(database)
    seq = filled(engine, WORDS)
    with database.connect() as reader:
        reader.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.exec_driver_sql("SELECT 1").all()
        erased(engine, (seq, "note"))
        steps = {step.name: step for step in engine.scrub()}
        assert not steps["table"].done
        assert steps["table"].reason.startswith("1 ")
        reader.rollback()
    assert all(step.done for step in engine.scrub())


@pytest.mark.backends("mariadb")
def test_words_are_gone_from_the_files_of_mariadb(database: Engine) -> None:
    engine = prepared(database)
    folder = Path(run(database, "SELECT @@datadir")[0][0])
    words = f"{WORDS} {database.url.database}"
    seq = filled(engine, words)
    table = f"{database.url.database}/kfq_text.ibd"
    try:
        (folder / table).open("rb").close()
    except OSError:
        pytest.skip("the server's files cannot be read")
    run(database, "FLUSH TABLES kfq_text FOR EXPORT", "UNLOCK TABLES")
    assert table in holding(folder, words)
    erased(engine, (seq, "note"))
    assert [(step.name, step.done) for step in engine.scrub()] == [("table", True)]
    left = holding(folder, words)
    assert [name for name in left if not name.startswith(("ib_logfile", "ibdata", "ibtmp"))] == []
    agrees(engine)
