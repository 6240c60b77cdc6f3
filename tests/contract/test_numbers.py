"""Document numbers of what was voided are never used again: on each database, told by the log alone, and in a race."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, reading, verify_database
from kfq_workflow.approval.numbers import ANY, NUMBERS, form, numbered
from kfq_workflow.bundle import Scope, write_bundle
from kfq_workflow.errors import EvidenceMissing, IdempotencyMismatch, InvalidInput
from kfq_workflow.export import write_export
from kfq_workflow.working_days import Calendar
from tests.approvals import BASIS, BOSS, CLERKS, Case, gate, guarded, in_review, prepared
from tests.beside import verify_bundled, verify_export
from tests.bundles import members
from tests.tampering import places, rehash, rows, tampering

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from kfq_workflow.entry import Row
    from kfq_workflow.verify import Report

NUMBER, VOIDING = "晋政函〔2020〕1号", BASIS["number"]


def file(engine: WorkflowEngine, key: str, number: str | None = NUMBER, **more: Any) -> Any:
    """Start a permit and lay its request, with a number."""
    engine.start("permit", key, by="app", name="许可", attrs={"area": "1"})
    return engine.fire(key, "submit", by="app", papers=[Paper("request", number=number)], **more)


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    """Give a log in which `old` was filed with a number and voided."""
    engine = prepared(database, guarded(gate(CLERKS, BOSS, papers=("request",))))
    file(engine, "old")
    engine.void("old", by="reg", **BASIS)
    return engine


def refused(engine: WorkflowEngine, key: str, number: str) -> EvidenceMissing:
    with pytest.raises(EvidenceMissing) as caught:
        file(engine, key, number)
    return caught.value


@pytest.mark.parametrize("number", [NUMBER, " 晋政函[2020]1号", "晋政函（２０２０）1号 ", VOIDING])
def test_a_number_of_what_is_void_is_refused(engine: WorkflowEngine, number: str) -> None:
    error = refused(engine, "new", number)
    (refusal,) = error.refusals
    today = engine.today()
    assert (refusal.code, refusal.values["instance"], refusal.values["document"], refusal.values["day"]) == (
        "number_retired", "old", VOIDING, today,
    )  # fmt: skip
    for lang in ("zh", "en"):
        assert all(part in error.text(lang) for part in (number, "old", VOIDING, today, "kfq reinstate old"))
    decision = engine.decide("new", "submit", by="app", papers=[Paper("request", number=number)])
    assert [refusal.code for refusal in decision.refusals] == ["number_retired"]
    assert engine.fire("new", "submit", by="app", papers=[Paper("request", number="晋政函〔2020〕2号")]).seq == 3


def test_the_same_number_of_another_type_of_paper_is_free(engine: WorkflowEngine) -> None:
    """A number belongs to a register, and each type of paper has its own; the voiding document's is no paper's."""
    assert numbered("request", NUMBER).chain != numbered("reply", NUMBER).chain
    assert form("Ａ1〔2020〕") == form("a 1 [2020]") != form("a1[2021]")
    assert engine.history(numbered("request", NUMBER).chain)[-1].body["type"] == "request"
    assert engine.history(numbered(ANY, VOIDING).chain)[-1].body["document"] == VOIDING


def test_a_vote_and_a_submission_lay_papers_too(database: Engine, engine: WorkflowEngine) -> None:
    file(engine, "new", None)
    papers = [Paper("request", number=NUMBER)]
    with pytest.raises(EvidenceMissing, match="never used again"):
        engine.submit("new", "grant", by="app", papers=papers)
    engine.submit("new", "grant", by="app")
    with pytest.raises(EvidenceMissing, match="never used again"):
        engine.approve("new", by="boss", papers=papers)
    assert verify_database(database).findings == ()


def test_a_number_is_free_again_when_its_instance_is_reinstated(database: Engine, engine: WorkflowEngine) -> None:
    other = in_review(engine, "other")
    refused(engine, "new", NUMBER)
    engine.reinstate("old", by="reg", reason="误作废", number="市函〔2026〕2号")
    assert engine.fire("new", "submit", by="app", papers=[Paper("request", number=NUMBER)]).seq == 3
    engine.void("old", by="reg2", reason="仍作废", number="市函〔2026〕3号")
    refused(engine, "newer", NUMBER)
    other.act("void", by="reg", **BASIS)  # one document may void several
    refused(engine, "newest", VOIDING)
    assert [found.row.kind for found in engine.history(numbered("request", NUMBER).chain)] == [
        "retired", "released", "retired",
    ]  # fmt: skip
    assert verify_database(database).findings == ()
    assert engine.rebuild() == 0


def test_two_void_instances_hold_a_number_until_both_are_reinstated(database: Engine) -> None:
    engine = prepared(database, guarded(gate(CLERKS)))
    for key in ("a", "b"):
        file(engine, key)
    for key in ("a", "b"):
        engine.void(key, by="reg", **BASIS)
    engine.reinstate("a", by="reg", **BASIS)
    assert [refusal.values["instance"] for refusal in refused(engine, "c", NUMBER).refusals] == ["b"]
    engine.reinstate("b", by="reg", **BASIS)
    assert engine.fire("c", "submit", by="app", papers=[Paper("request", number=NUMBER)]).seq == 3
    assert verify_database(database).findings == ()


def test_a_number_that_other_files_have_too_is_kept(database: Engine) -> None:
    engine = prepared(database, guarded(gate(CLERKS)))
    file(engine, "a")
    with pytest.raises(InvalidInput) as caught:
        engine.void("a", by="reg", keep=["晋政函〔2020〕9号"], **BASIS)
    assert NUMBER in caught.value.text("zh")
    engine.void("a", by="reg", keep=[NUMBER], request="r", **BASIS)
    assert engine.void("a", by="reg", keep=[NUMBER], request="r", **BASIS).replayed
    with pytest.raises(IdempotencyMismatch):
        engine.void("a", by="reg", request="r", **BASIS)
    assert file(engine, "b").seq == 2
    refused(engine, "c", VOIDING)
    assert verify_database(database).findings == ()


def test_what_a_caller_rolls_back_retires_nothing(database: Engine) -> None:
    engine = prepared(database, guarded(gate(CLERKS)))
    file(engine, "a")
    with database.connect() as connection:
        assert engine.join(connection).void("a", by="reg", **BASIS).seq == 3
        connection.rollback()
    assert file(engine, "b").seq == 2
    with database.begin() as connection:
        engine.join(connection).void("a", by="reg", **BASIS)
    refused(engine, "c", NUMBER)


def test_a_resolver_of_actors_changes_nothing(database: Engine) -> None:
    from kfq_workflow import Actor

    people = {"app": Actor("app", frozenset({"applicant"})), "reg": Actor("reg", frozenset({"registrar"}))}
    prepared(database, guarded(gate(CLERKS)))
    engine = WorkflowEngine(database, actors=lambda id, _: people.get(id))  # noqa: A006 - the field's word
    file(engine, "a")
    engine.void("a", by="reg", **BASIS)
    refused(engine, "b", NUMBER)
    assert verify_database(database).findings == ()


# In a bundle of one instance


def _bundled(database: Engine, path: Path, key: str) -> Report:
    with reading(database) as source:
        write_bundle(source, path, Scope(key))
    return verify_bundled(path)


def test_a_bundle_shows_what_it_alone_retired(database: Engine, engine: WorkflowEngine, tmp_path: Path) -> None:
    engine.enroll("adm", by="system", roles=["administrator"])
    engine.publish_calendar(Calendar(frozenset({engine.today()})), by="adm", number="国办发明电〔2025〕1号")
    engine.reinstate("old", by="reg", **BASIS)
    engine.submit("old", "grant", by="app")
    engine.urge("old", by="app")
    engine.void("old", by="reg", **BASIS)
    engine.seal()
    report = _bundled(database, tmp_path / "old.zip", "old")
    assert [finding.text() for finding in report.findings] == []
    assert (report.verdict, report.findings) == ("self-consistent", ())


def test_a_bundle_does_not_name_another_that_retired_the_same(database: Engine, tmp_path: Path) -> None:
    engine = prepared(database, guarded(gate(CLERKS)))
    for key in ("mine", "theirs"):
        file(engine, key)
    for key in ("mine", "theirs"):
        engine.void(key, by="reg", reason="作废", number=f"市函〔2026〕{key}号")
    engine.seal()
    report = _bundled(database, tmp_path / "mine.zip", "mine")
    assert [finding.text() for finding in report.findings] == []
    assert report.verdict == "incomplete"
    assert f"cited {numbered('request', NUMBER).chain}" in report.not_checked
    assert not any(b"theirs" in data for data in members(tmp_path / "mine.zip").values())


# Both at once


def test_a_void_and_a_use_at_the_same_instant(database: Engine) -> None:
    """Either the use came first, or it is refused; nobody uses the number once the void is committed."""
    times = 60
    engine = prepared(database, guarded(gate(CLERKS)))
    for number in range(times):
        file(engine, f"old{number}", f"市函〔2020〕{number}号")
        engine.start("permit", f"new{number}", by="app", name="许可", attrs={"area": "1"})
    barrier = threading.Barrier(2)

    def void() -> None:
        for number in range(times):
            barrier.wait(60)
            engine.void(f"old{number}", by="reg", reason="作废", number="市函〔2026〕1号")

    def use() -> int:
        used = 0
        for number in range(times):
            barrier.wait(60)
            with suppress(EvidenceMissing):
                paper = Paper("request", number=f"市函〔2020〕{number}号")
                engine.fire(f"new{number}", "submit", by="app", papers=[paper])
                used += 1
        return used

    with ThreadPoolExecutor(2) as pool:
        voided, used = pool.submit(void), pool.submit(use)
        voided.result()
        moved = sum(engine.show(f"new{number}").row.state == "review" for number in range(times))
        assert used.result() == moved
    for number in range(times):
        refused(engine, f"later{number}", f"市函〔2020〕{number}号")
    report = verify_database(database)
    assert {(finding.kind, finding.severity) for finding in report.findings} <= {("number_overlap", "warning")}
    if database.dialect.name == "sqlite":  # which writes one transaction after the other
        assert report.findings == ()


# What is changed behind the library's back


def _late(chain: list[Row], **changes: Any) -> list[Row]:
    """Change the last entry of a chain and put it off by an hour."""
    return [*chain[:-1], chain[-1]._replace(at=chain[-1].at + 3_600_000_000, **changes)]


def _forge(database: Engine, changed: list[Row]) -> None:
    with tampering(database) as connection:
        rehash(connection, _log(database), changed)
        connection.commit()


def _log(database: Engine) -> str:
    return WorkflowEngine(database).log().log


@pytest.mark.tampers
@pytest.mark.parametrize("where", ["database", "export"])
@pytest.mark.parametrize("key", ["aaa", "案件"])  # before and after the chains of numbers in the order of the log
def test_a_forged_reuse_is_found(
    database: Engine, engine: WorkflowEngine, tmp_path: Path, where: str, key: str
) -> None:
    for number in range(12):  # so many alike that what is usual is passed over
        file(engine, f"k{number:02}", f"晋政函〔2021〕{number}号")
    file(engine, key, "晋政函〔2021〕99号")
    chain = rows(database, key)
    body = chain[-1].body.replace("晋政函〔2021〕99号", "晋政函 [2020] 1号")
    _forge(database, _late(chain, body=body))
    engine.rebuild()
    if where == "database":
        report = verify_database(database)
    else:
        with reading(database) as source:
            write_export(source, tmp_path / "log.jsonl")
        report = verify_export(tmp_path / "log.jsonl")
    found = [finding for finding in report.findings if finding.layer == "replay" and finding.kind == "not_allowed"]
    assert [(finding.instance, finding.seq, finding.values["codes"]) for finding in found] == [
        (key, 2, ["number_retired"])
    ]


@pytest.mark.tampers
def test_a_void_that_says_of_no_number_is_found(database: Engine, engine: WorkflowEngine) -> None:
    chain = rows(database, "old")
    body = engine.history("old")[-1].body
    from kfq_workflow.entry import canonical

    left = {**body, "effects": [each for each in body["effects"] if each["retire"] == ANY]}
    _forge(database, [*chain[:-1], chain[-1]._replace(body=canonical(left))])
    kinds = {(kind, key) for _, kind, key, _ in places(verify_database(database))}
    assert {("effects_differs", "old"), ("effect_unknown", numbered("request", NUMBER).chain)} <= kinds


@pytest.mark.tampers
def test_a_number_that_nothing_retired_is_found(database: Engine, engine: WorkflowEngine) -> None:
    """A retirement moved to the chain of another number keeps somebody from using what is free."""
    file(engine, "x", "晋政函〔2021〕5号")
    target = numbered("request", NUMBER).chain
    chain = rows(database, target)
    body = chain[0].body.replace(NUMBER, "晋政函〔2021〕5号")
    _forge(database, [chain[0]._replace(body=body)])
    engine.rebuild()
    assert ("replay", "malformed", target, 1) in places(verify_database(database))
    assert Case(engine, "x").state == "review"
    assert all(
        key is None or not key.startswith(NUMBERS) or key == target
        for _, _, key, _ in places(verify_database(database))
    )
