"""The engine's promises, on every database: one act is one entry with its state, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.orm import Session

from kfq_workflow import Actor, Paper, WorkflowEngine, schema
from kfq_workflow.errors import (
    AlreadyStarted,
    Conflict,
    EvidenceMissing,
    GuardFailed,
    IdempotencyMismatch,
    InvalidInput,
    KfqError,
    NotAllowed,
    NotAuthorised,
    NotFound,
    NotInitialised,
    Refused,
)
from tests.workflows import permit

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

OFFICES = ("applicant", "clerk", "authority", "registrar")
REQUEST = Paper("request", number="晋政函〔2020〕1号", title="请示", dates={"signed": "2020-02"}, sha256="ab" * 32)


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    """An engine on an initialised database, with the permit workflow and an office per role."""
    schema.init(database)
    engine = WorkflowEngine(database, via="tests")
    engine.define(permit(), by="system")
    for office in OFFICES:
        engine.enroll(office, by="system", roles=[office], org="市", name=f"{office} 办公室", post="经办")
    engine.enroll("administrator", by="system", roles=["administrator"])
    return engine


def kinds(engine: WorkflowEngine, key: str) -> list[str]:
    return [entry.row.kind for entry in engine.history(key)]


def to_review(engine: WorkflowEngine, key: str = "p") -> None:
    engine.start("permit", key, by="applicant", name="许可")
    engine.fire(key, "submit", by="applicant", papers=[REQUEST])


def test_a_move_writes_its_entry_its_texts_and_the_state_together(engine: WorkflowEngine) -> None:
    engine.start("permit", "许可/2020/一", by="applicant", name="一号许可", attrs={"area": "12.50", "owner": "某办"})
    receipt = engine.fire("许可/2020/一", "submit", by="applicant", papers=[REQUEST], opinion="请批示")
    shown = engine.show("许可/2020/一")
    entry = engine.history("许可/2020/一")[-1]
    assert (shown.row.state, shown.row.phase, shown.rev, shown.name) == ("review", "asking", 2, "一号许可")
    assert shown.snapshot.attrs == {"area": "12.50"}
    assert dict(receipt.set) == {"main": "review", "survey": "none"}
    assert entry.texts == {"opinion": "请批示", "papers.0.title": "请示"}
    assert "请" not in entry.row.body
    assert entry.row.via == "tests"
    assert receipt.check == entry.check
    assert len(receipt.check) == 26


def test_refused_attempts_are_on_record_and_move_nothing(engine: WorkflowEngine) -> None:
    to_review(engine)
    with pytest.raises(NotAuthorised) as caught:
        engine.fire("p", "refuse", by="clerk", request="try-1")
    assert [refusal.code for refusal in caught.value.refusals] == ["role_missing", "paper_missing"]
    last = engine.history("p")[-1]
    assert last.row.kind == "refused"
    assert last.body["tried_req"] == "try-1"
    assert [refusal["code"] for refusal in last.body["refusals"]] == ["role_missing", "paper_missing"]
    assert engine.show("p").rev == 2
    assert engine.fire("p", "refuse", by="authority", papers=[Paper("notice")], request="try-1", expect=2).seq == 4


@pytest.mark.parametrize(
    ("trigger", "by", "error"),
    [
        ("submit", "applicant", NotAllowed),
        ("comment", "applicant", NotAuthorised),
        ("refuse", "authority", EvidenceMissing),
        ("grant", "authority", GuardFailed),
    ],
)
def test_each_reason_has_its_own_error(engine: WorkflowEngine, trigger: str, by: str, error: type[Refused]) -> None:
    to_review(engine)
    with pytest.raises(Refused) as caught:
        engine.fire("p", trigger, by=by)
    assert type(caught.value) is error
    assert caught.value.text("zh") != caught.value.text("en")


def test_what_does_not_exist_is_an_error_and_never_an_entry(engine: WorkflowEngine) -> None:
    to_review(engine)
    attempts = [
        ("instance", lambda: engine.fire("nowhere", "submit", by="applicant")),
        ("actor", lambda: engine.fire("p", "comment", by="nobody")),
        ("trigger", lambda: engine.fire("p", "fly", by="clerk")),
        ("paper", lambda: engine.fire("p", "refuse", by="authority", papers=[Paper("napkin")])),
        ("parameter", lambda: engine.fire("p", "comment", by="clerk", params={"x": "1"})),
        ("workflow", lambda: engine.start("nothing", "q", by="applicant", name="n")),
        ("attribute", lambda: engine.amend("p", {"colour": "red"}, by="registrar")),
        ("region", lambda: engine.adopt("p", {"tower": "up"}, by="registrar", source="s", reason="r")),
        ("state", lambda: engine.adopt("p", {"main": "up"}, by="registrar", source="s", reason="r")),
    ]
    for kind, attempt in attempts:
        with pytest.raises(NotFound) as caught:
            attempt()
        assert caught.value.kind == kind
    assert kinds(engine, "p") == ["started", "fired"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "empty"),
        ("~x", "reserved"),
        ("a\n", "spaces"),
        ("a\x00b", "text_has_nul"),
        ("a\ud800", "text_has_surrogate"),
        ("区" * 129, "129 > 128"),
        ("a\u200bb", "control"),
        ("a\u202eb", "control"),
    ],
)
def test_a_key_that_cannot_be_read_is_refused(engine: WorkflowEngine, key: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        engine.start("permit", key, by="applicant", name="n")
    assert caught.value.values["reason"] == reason


def test_keys_that_look_alike_stay_apart(engine: WorkflowEngine) -> None:
    keys = ["ab", "AB", "áb", "a/b", "区" * 128]
    for key in keys:
        engine.start("permit", key, by="applicant", name="n")
    assert sorted(instance.key for instance in engine.instances()) == sorted(keys)
    with pytest.raises(AlreadyStarted):
        engine.start("permit", "a\u0301b", by="applicant", name="n")  # NFC makes it áb


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("2019-02-29", "invalid_date"),
        ("昨天", "invalid_date"),
        ("2999", "future_date"),
        ("2019", "date_order"),
        ("２０２０", "invalid_date"),
    ],
)
def test_a_date_that_cannot_be_is_refused_and_changes_nothing(engine: WorkflowEngine, on: str, code: str) -> None:
    to_review(engine)
    with pytest.raises(InvalidInput) as caught:
        engine.fire("p", "comment", by="clerk", on=on)
    assert caught.value.code == code
    assert kinds(engine, "p") == ["started", "fired"]


def test_texts_are_bounded_and_clean(engine: WorkflowEngine) -> None:
    to_review(engine)
    for opinion, code in (
        ("好" * 350_000, "text_too_long"),
        ("a\x00", "text_has_nul"),
        ("\udfff", "text_has_surrogate"),
    ):
        with pytest.raises(InvalidInput) as caught:
            engine.fire("p", "comment", by="clerk", opinion=opinion)
        assert caught.value.code == code
    assert kinds(engine, "p") == ["started", "fired"]


def test_hostile_text_is_kept_as_it_is(engine: WorkflowEngine) -> None:
    to_review(engine)
    opinion = "<script>alert(1)</script> '; DROP TABLE kfq_entry; -- %s \\ \u202e \x1b[31m 😀"
    engine.fire("p", "comment", by="clerk", opinion=opinion)
    assert engine.history("p")[-1].texts["opinion"] == opinion


def test_a_repeated_request_gets_its_old_receipt(engine: WorkflowEngine) -> None:
    to_review(engine)
    first = engine.fire("p", "comment", by="clerk", opinion="好", request="r-1")
    engine.fire("p", "survey", by="clerk")
    again = engine.fire("p", "comment", by="clerk", opinion="好", request="r-1")
    assert again.replayed
    assert (again.seq, again.leaf) == (first.seq, first.leaf)
    assert len(engine.history("p")) == 4


@pytest.mark.parametrize(
    "changed",
    [{"opinion": "不"}, {"opinion": None}, {"by": "authority"}, {"trigger": "survey"}, {"on": "2020-01-01"}],
)
def test_a_request_id_used_for_something_else_is_refused(engine: WorkflowEngine, changed: dict[str, str]) -> None:
    to_review(engine)
    asked = {"trigger": "comment", "by": "clerk", "opinion": "好", "request": "r-1"}
    engine.fire("p", **asked)
    with pytest.raises(IdempotencyMismatch):
        engine.fire("p", **(asked | changed))


def test_a_start_may_be_repeated(engine: WorkflowEngine) -> None:
    first = engine.start("permit", "p", by="applicant", name="n", request="r")
    assert engine.start("permit", "p", by="applicant", name="n", request="r").leaf == first.leaf
    with pytest.raises(IdempotencyMismatch):
        engine.start("permit", "p", by="applicant", name="m", request="r")
    with pytest.raises(AlreadyStarted):
        engine.start("permit", "p", by="applicant", name="n")


def test_what_there_is_cannot_be_adopted_as_new_under_another_request(engine: WorkflowEngine) -> None:
    found = {
        "by": "registrar", "source": "报", "reason": "-", "workflow": "permit", "name": "x", "states": {"main": "draft"}
    }  # fmt: skip
    first = engine.adopt("old", **found, request="r")
    assert engine.adopt("old", **found, request="r").leaf == first.leaf
    for request in ("s", None):
        with pytest.raises(AlreadyStarted):
            engine.adopt("old", **found, attrs={"area": "9"}, request=request)


def test_expect_compares_the_revision_and_not_the_newest_entry(engine: WorkflowEngine) -> None:
    to_review(engine)
    engine.annotate("p", "记一笔", by="clerk")
    engine.fire("p", "comment", by="clerk", expect=2)
    with pytest.raises(Conflict) as caught:
        engine.fire("p", "comment", by="clerk", expect=2)
    assert (caught.value.expected, caught.value.found) == (2, 4)
    assert len(engine.history("p")) == 4


def test_a_late_record_names_the_office_that_decided(engine: WorkflowEngine) -> None:
    engine.start("permit", "p", by="registrar", name="n", on="2017")
    engine.register(
        "p",
        "submit",
        by="registrar",
        performed_by="applicant",
        source="一份报纸",
        basis="stated",
        on="[2018..2019]",
    )
    entry = engine.history("p")[-1]
    assert entry.late
    assert entry.body["for"] == {"ground": "late", "id": "applicant", "role": "applicant"}
    assert entry.body["papers"] == [{"filed": False, "type": "request"}]
    assert entry.body["on"] == {"edtf": "[2018..2019]", "hi": "2019-12-31", "lo": "2018-01-01"}
    assert entry.texts == {"source": "一份报纸"}


def test_only_the_registrar_registers_and_the_office_must_have_had_the_role(engine: WorkflowEngine) -> None:
    engine.start("permit", "p", by="registrar", name="n")
    how = {"source": "s", "basis": "stated"}
    with pytest.raises(NotAuthorised):
        engine.register("p", "submit", by="clerk", performed_by="applicant", **how)
    with pytest.raises(NotAuthorised):
        engine.register("p", "submit", by="registrar", performed_by="clerk", **how)
    with pytest.raises(InvalidInput):
        engine.register("p", "submit", by="registrar", performed_by="applicant", source="s", basis="guessed")
    assert kinds(engine, "p") == ["started", "refused", "refused"]


def test_an_adoption_may_come_first_and_is_marked_for_ever(engine: WorkflowEngine) -> None:
    engine.adopt(
        "old", {"main": "granted", "survey": None}, by="registrar", source="年鉴", reason="早于本系统", on="[..2017]",
        workflow="permit", name="旧许可",
    )  # fmt: skip
    shown = engine.show("old")
    assert (shown.row.state, shown.snapshot.adopted) == ("granted", ["main", "survey"])
    engine.fire("old", "suspend", by="authority")
    assert engine.show("old").snapshot.adopted == []  # the present state came by a move, its history stays
    assert engine.history("old")[0].late


def test_amending_needs_the_permission_and_shows_in_the_state(engine: WorkflowEngine) -> None:
    to_review(engine)
    engine.amend("p", {"area": "13.0"}, by="registrar", reason="笔误")
    assert engine.show("p").snapshot.attrs == {"area": "13.0"}
    with pytest.raises(NotAuthorised):
        engine.amend("p", {"area": "14.0"}, by="clerk")
    with pytest.raises(InvalidInput):
        engine.amend("p", {"area": "1_0"}, by="registrar")


def test_a_disabled_actor_or_one_out_of_time_is_refused(engine: WorkflowEngine) -> None:
    to_review(engine)
    engine.enroll("clerk", by="administrator", enabled=False)
    with pytest.raises(NotAuthorised) as caught:
        engine.fire("p", "comment", by="clerk")
    assert caught.value.refusals[0].code == "actor_not_valid"
    engine.enroll("clerk", by="administrator", enabled=True, valid_to="2020-12-31")
    with pytest.raises(NotAuthorised):
        engine.fire("p", "comment", by="clerk")
    engine.enroll("clerk", by="administrator", valid_to="2999-12-31")
    engine.fire("p", "comment", by="clerk")


def test_only_an_administrator_enrolls_and_defines(engine: WorkflowEngine) -> None:
    with pytest.raises(NotAuthorised):
        engine.enroll("friend", by="clerk", roles=["authority"])
    with pytest.raises(InvalidInput, match="There is an administrator"):
        engine.enroll("friend", by="system", roles=["authority"])
    with pytest.raises(NotAuthorised):
        engine.define(permit(version=2), by="clerk")
    engine.define(permit(version=2), by="administrator")
    engine.start("permit", "p", by="applicant", name="n")
    assert engine.show("p").definition.version == 2


def test_a_version_never_changes_its_rules(engine: WorkflowEngine) -> None:
    changed = permit(constants={"x": 1})
    with pytest.raises(KfqError) as caught:
        engine.define(changed, by="administrator")
    assert caught.value.code == "definition_changed"
    assert engine.define(permit(), by="administrator").replayed


def test_nothing_is_asked_of_a_database_without_a_log(database: Engine) -> None:
    engine = WorkflowEngine(database)
    with pytest.raises(NotInitialised):
        engine.start("permit", "p", by="a", name="n")


# In the caller's transaction


PERMITS = Table("host_permits", MetaData(), Column("id", Integer, primary_key=True))


@pytest.fixture
def host(database: Engine, engine: WorkflowEngine) -> WorkflowEngine:
    PERMITS.create(database)
    return engine


def test_host_rows_and_acts_commit_together(database: Engine, host: WorkflowEngine) -> None:
    with Session(database) as session, session.begin():
        session.execute(insert(PERMITS).values(id=1))
        host.join(session).start("permit", "p", by="applicant", name="n")
    with database.connect() as connection:
        assert connection.execute(select(PERMITS.c.id)).scalars().all() == [1]
    assert host.show("p").row.state == "draft"


def test_host_rows_and_acts_roll_back_together(database: Engine, host: WorkflowEngine) -> None:
    with database.connect() as connection:
        host.join(connection).start("permit", "p", by="applicant", name="n")
        connection.execute(insert(PERMITS).values(id=1))
        connection.rollback()
        assert connection.execute(select(PERMITS.c.id)).all() == []
    with pytest.raises(NotFound):
        host.show("p")


def test_a_refusal_in_a_joined_transaction_writes_nothing_and_leaves_it_usable(
    database: Engine, host: WorkflowEngine
) -> None:
    to_review(host)
    with database.begin() as connection:
        with pytest.raises(GuardFailed) as caught:
            host.join(connection).fire("p", "grant", by="authority")
        connection.execute(insert(PERMITS).values(id=7))
    assert kinds(host, "p") == ["started", "fired"]
    host.record(caught.value)
    assert kinds(host, "p") == ["started", "fired", "refused"]


def test_a_savepoint_takes_the_act_with_it(database: Engine, host: WorkflowEngine) -> None:
    to_review(host)
    with Session(database) as session, session.begin():
        session.execute(insert(PERMITS).values(id=1))
        nested = session.begin_nested()
        host.join(session).fire("p", "comment", by="clerk")
        nested.rollback()
        host.join(session).fire("p", "survey", by="clerk")
    assert kinds(host, "p") == ["started", "fired", "fired"]
    assert host.show("p").snapshot.regions["survey"] == "done"


def test_autocommit_is_refused(database: Engine, host: WorkflowEngine) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(InvalidInput) as caught:
            host.join(connection)
        assert caught.value.code == "autocommit"


def test_run_is_one_transaction(host: WorkflowEngine) -> None:
    def work(tx: object) -> None:
        tx.start("permit", "a", by="applicant", name="n")  # type: ignore[attr-defined]
        tx.start("permit", "b", by="applicant", name="n")  # type: ignore[attr-defined]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        host.run(work)
    assert list(host.instances()) == []


@pytest.mark.usefixtures("engine")
def test_a_resolver_replaces_the_registry_and_its_answer_is_kept(database: Engine) -> None:
    def resolver(name: str, _connection: Connection) -> Actor | None:
        return Actor(name, frozenset({"applicant"})) if name == "u1" else None

    own = WorkflowEngine(database, actors=resolver)
    own.start("permit", "p", by="u1", name="n")
    assert own.history("p")[0].body["attested"]["resolver"]["values"] == {"roles": ["applicant"]}
    with pytest.raises(NotFound):
        own.fire("p", "submit", by="clerk")


def test_rebuild_finds_nothing_to_mend(engine: WorkflowEngine) -> None:
    to_review(engine)
    assert engine.rebuild() == 0


def test_an_engine_needs_no_orm(engine: WorkflowEngine) -> None:
    engine.start("permit", "p", by="applicant", name="n")
    decisions = {decision.trigger: decision for decision in engine.available("p", by="applicant")}
    assert decisions["submit"].missing == ("request",)
    assert engine.decide("p", "submit", by="applicant", papers=[REQUEST]).target == "review"
    assert [actor.id for actor in engine.actors()] == sorted([*OFFICES, "administrator"])
    assert engine.actor("clerk").roles == {"clerk"}
    assert [definition.name for definition in engine.definitions()] == ["permit"]
