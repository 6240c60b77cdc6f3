"""Corrections: proposed by one person, confirmed by another, decided over the effective history; on each database."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import (
    Actor,
    InvalidInput,
    NotAllowed,
    NotAuthorised,
    NotFound,
    Paper,
    Refused,
    WorkflowEngine,
    schema,
    verify_database,
)
from kfq_workflow.history.corrections import folded, tell
from kfq_workflow.history.effective import effective
from kfq_workflow.history.replay import replay
from kfq_workflow.state import Snapshot
from kfq_workflow.stored.database_source import DatabaseSource
from kfq_workflow.stored.tables import Tables
from kfq_workflow.verbs.act import Act
from kfq_workflow.verify import verify
from kfq_workflow.verifying import reading as source_reading
from tests import gated
from tests.tampering import build
from tests.workflows import permit

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow.history.replay import Replay

PEOPLE = {
    "app": ["applicant"], "clerk": ["clerk"], "boss": ["authority"], "reg": ["registrar"], "rec": ["records"],
    "chief": ["chief"], "both": ["records", "chief"],
}  # fmt: skip
WHO = (["records"], ["chief"])


def prepared(database: Engine, **more: Any) -> WorkflowEngine:
    """Return an engine on a log with people, a policy and the permit `p`: handed in, surveyed, granted."""
    schema.init(database)
    engine = WorkflowEngine(database)
    engine.define(permit(permissions=_everything()), by="system")
    for id_, roles in PEOPLE.items():
        engine.enroll(id_, by="system", roles=roles, org="zone" if id_ in ("rec", "chief") else "")
    engine.rule(by="system", rectify=WHO, redact=WHO, **more)
    engine.start("permit", "p", by="app", name="地块", attrs={"area": "1.5", "owner": "某人"}, on="2020-01-05")
    papers = [Paper("request", number="1号", title="请示")]
    engine.fire("p", "submit", by="app", papers=papers, on="2020-02-01")
    engine.fire("p", "survey", by="clerk", on="2020-03-01")
    engine.fire("p", "grant", by="boss", on="2020-04-01")
    return engine


def _everything() -> Any:
    from kfq_workflow.definition import model as m

    return m.Permissions(
        start=frozenset({"applicant"}), amend=frozenset({"applicant"}), register=frozenset({"registrar"}),
        adopt=frozenset({"registrar"}),
    )  # fmt: skip


def corrected(engine: WorkflowEngine, seq: int, *, key: str = "p", **what: Any) -> int:
    """Propose and confirm a correction; return the number of the entry that corrects."""
    proposal = engine.rectify(key, seq, by="rec", reason="笔误", **what)
    assert proposal.receipt.kind == "proposed"
    done = engine.confirm(key, proposal.receipt.seq, by="chief")
    assert done.receipt.kind == "rectified"
    assert (done.set, done.was, done.relied) == (proposal.set, proposal.was, proposal.relied)
    agrees(engine, key)
    return done.receipt.seq


def agrees(engine: WorkflowEngine, key: str = "p") -> None:
    """Check that stored state, fold, effective history, rebuild and verification agree."""
    rows = [entry.row for entry in engine.history(key)]
    stored = engine.show(key).snapshot.encode()
    assert folded(effective(map(tell, rows))).encode() == stored
    assert engine.rebuild() == 0
    report = verify_database(engine.database)
    assert ([finding.text() for finding in report.findings], report.verdict) == ([], "self-consistent")


def asked(engine: WorkflowEngine, **when: Any) -> Replay:
    with source_reading(engine.database) as source:
        return replay(source, None, "p", **when)


def test_nothing_is_corrected_until_it_is_ruled_who_may(database: Engine) -> None:
    engine = prepared(database)
    ruled = engine.ruled()
    assert ruled is not None
    engine.rule(by="system", redact=WHO)
    with pytest.raises(NotAllowed, match="kfq policy set"):
        engine.rectify("p", 2, by="rec", reason="r", on="2020-01-31")
    assert engine.ruled() != ruled
    for sides in ((["a"], ["a"]), ([], ["a"]), (["a"], [])):
        with pytest.raises(InvalidInput, match="two persons"):
            engine.rule(by="system", rectify=sides)
    engine.enroll("admin", by="system", roles=["administrator"])
    with pytest.raises(NotAuthorised):
        engine.rule(by="rec", rectify=WHO)


def test_a_day_is_corrected(database: Engine) -> None:
    engine = prepared(database)
    before = engine.show("p")
    known = engine.history("p")[-1].row.at
    assert asked(engine, as_of="2020-02-15").regions["main"].values == ("review",)
    proposal = engine.rectify("p", 2, by="rec", reason="笔误", on="2020-02-20", expect=before.rev)
    assert [(one.seq, one.kind) for one in proposal.relied] == [(3, "fired"), (4, "fired")]
    assert engine.show("p").rev == before.rev  # a proposal changes nothing
    done = engine.confirm("p", proposal.receipt.seq, by="chief")
    assert (done.receipt.rev, done.set) == (done.receipt.seq, {})
    agrees(engine)
    assert engine.show("p").snapshot.visited["main"]["review"] == [2, "2020-02-20"]
    assert asked(engine, as_of="2020-02-15").regions["main"].values == ("draft",)
    assert asked(engine, as_of="2020-02-15", known_at=known).regions["main"].values == ("review",)
    full, counted = engine.history("p"), engine.history("p", effective=True)
    assert full[1].body["on"]["edtf"] == "2020-02-01"
    assert full[1].mark is not None
    assert full[1].mark.corrected_by == (done.receipt.seq,)
    assert counted[1].body["on"]["edtf"] == "2020-02-20"
    assert [entry.row.kind for entry in counted] == ["started", "fired", "fired", "fired", "proposed"]
    engine.fire("p", "suspend", by="boss")
    agrees(engine)


def test_days_that_contradict_the_order_are_refused(database: Engine) -> None:
    engine = prepared(database)
    with pytest.raises(NotAllowed) as refused:
        engine.rectify("p", 2, by="rec", reason="r", on="2020-04-02")
    assert refused.value.refusals[0].code == "rectify_relied"
    assert refused.value.refusals[0].values == {"entries": ["3", "4"]}
    assert [(r.code, r.values["seq"]) for r in refused.value.refusals[1:]] == [
        ("rectify_breaks", 3),
        ("rectify_breaks", 4),
    ]
    assert "不可能" in refused.value.text("zh")
    assert engine.history("p")[-1].row.kind == "refused"
    # An imprecise day that leaves a way is possible.
    corrected(engine, 2, on="2020")
    with pytest.raises(InvalidInput):
        engine.rectify("p", 2, by="rec", reason="r", on="2999-01-01")


def test_an_act_that_did_not_take_place_is_struck(database: Engine) -> None:
    engine = prepared(database)
    with pytest.raises(NotAllowed) as refused:
        engine.rectify("p", 3, by="rec", reason="r", struck=True)
    assert [refusal.code for refusal in refused.value.refusals] == ["rectify_relied", "rectify_breaks"]
    done = corrected(engine, 4, struck=True)
    instance = engine.show("p")
    assert instance.snapshot.regions == {"main": "review", "survey": "done"}
    assert instance.row.state == "review"
    assert "granted" not in instance.snapshot.visited["main"]
    assert asked(engine, as_of="2021-01-01").regions["main"].values == ("review",)
    assert [entry.row.seq for entry in engine.history("p", effective=True) if entry.row.kind == "fired"] == [2, 3]
    # What struck it is corrected, not the act; struck itself, it brings the act back.
    with pytest.raises(NotAllowed, match=f"correct entry {done}"):
        engine.rectify("p", 4, by="rec", reason="r", on="2020-04-02")
    third = corrected(engine, 3, struck=True)
    with pytest.raises(NotAllowed) as refused:
        engine.rectify("p", done, by="rec", reason="r", struck=True)
    assert {refusal.code for refusal in refused.value.refusals} == {"rectify_breaks"}
    corrected(engine, third, struck=True)
    corrected(engine, done, on="2020-05-01")
    assert engine.show("p").snapshot.since["main"] == [4, "2020-05-01"]
    assert engine.show("p").row.state == "granted"
    assert engine.fire("p", "suspend", by="boss").set == {"main": "suspended", "survey": None}
    agrees(engine)


def test_corrections_of_corrections(database: Engine) -> None:
    engine = prepared(database)
    first = corrected(engine, 2, on="2020-02-10", papers=[Paper("request", number="2号", title="请示")])
    second = corrected(engine, first, on="2020-02-11")
    counted = engine.history("p", effective=True)[1]
    assert (counted.body["on"]["edtf"], counted.body["papers"][0]["number"]) == ("2020-02-11", "2号")
    assert counted.texts["papers.0.title"] == "请示"
    corrected(engine, second, struck=True)
    assert engine.history("p", effective=True)[1].body["on"]["edtf"] == "2020-02-10"
    corrected(engine, first, struck=True)
    counted = engine.history("p", effective=True)[1]
    assert (counted.body["on"]["edtf"], counted.body["papers"][0]["number"]) == ("2020-02-01", "1号")
    later = corrected(engine, 2, on="2020-02-03")
    corrected(engine, 2, on="2020-02-04")
    with pytest.raises(NotAllowed, match="the same"):  # a later one says otherwise
        engine.rectify("p", later, by="rec", reason="r", on="2020-02-05")
    assert engine.history("p", effective=True)[1].body["on"]["edtf"] == "2020-02-04"


def test_attributes_basis_and_source(database: Engine) -> None:
    engine = prepared(database)
    engine.amend("p", {"area": "2"}, by="app")
    corrected(engine, 1, attrs={"area": "1.6", "owner": "另一人"})
    assert engine.show("p").snapshot.attrs == {"area": "2"}
    assert engine.history("p", effective=True)[0].texts["attribute.owner"] == "另一人"
    assert engine.history("p")[0].texts["attribute.owner"] == "某人"
    corrected(engine, 5, struck=True)
    assert engine.show("p").snapshot.attrs == {"area": "1.6"}
    engine.register("p", "suspend", by="reg", performed_by="boss", source="旧档", basis="implied", on="2020-06")
    last = engine.history("p")[-1].row.seq
    corrected(engine, last, basis="stated", source="原件")
    counted = next(entry for entry in engine.history("p", effective=True) if entry.row.seq == last)
    assert (counted.body["basis"], counted.texts["source"]) == ("stated", "原件")


def test_what_cannot_be_corrected(database: Engine) -> None:
    engine = prepared(database)
    engine.annotate("p", "注", by="app")

    def codes(seq: int, **what: Any) -> list[str]:
        with pytest.raises(Refused) as refused:
            engine.rectify("p", seq, by="rec", reason="r", **what)
        return [refusal.code for refusal in refused.value.refusals]

    assert codes(1, struck=True) == ["rectify_first"]
    assert codes(5, struck=True) == ["rectify_gate"]
    assert codes(2, attrs={"area": "1"}) == ["rectify_absent"]
    assert codes(3, papers=[Paper("request")]) == ["rectify_absent"]
    assert codes(2, papers=[Paper("notice")]) == ["rectify_papers"]
    assert codes(2, basis="stated") == ["rectify_absent"]
    assert codes(2, source="x") == ["rectify_absent"]
    assert codes(2, on="2020-02-01") == ["rectify_nothing"]
    with pytest.raises(NotFound):
        engine.rectify("p", 99, by="rec", reason="r", struck=True)
    for what in ({}, {"struck": True, "on": "2020"}):
        with pytest.raises(InvalidInput):
            engine.rectify("p", 2, by="rec", reason="r", **what)


def test_it_takes_two_persons(database: Engine) -> None:
    engine = prepared(database)
    seq = engine.rectify("p", 2, by="both", reason="r", on="2020-02-02").receipt.seq

    def codes(by: str) -> list[str]:
        with pytest.raises(NotAuthorised) as refused:
            engine.confirm("p", seq, by=by)
        return [refusal.code for refusal in refused.value.refusals]

    assert codes("both") == ["second_person"]
    assert codes("rec") == ["role_missing"]
    with pytest.raises(NotAuthorised):
        engine.rectify("p", 2, by="chief", reason="r", on="2020-02-02")
    day = engine.today()
    engine.grant_proxy("both", by="both", to="chief", valid_from=day, valid_to=day, number="1")
    assert codes("chief") == ["second_proxy"]
    engine.rule(by="system", rectify=WHO, apart=True)
    other = engine.rectify("p", 2, by="rec", reason="r", on="2020-02-02").receipt.seq
    with pytest.raises(NotAuthorised) as refused:
        engine.confirm("p", other, by="chief")
    assert [refusal.code for refusal in refused.value.refusals] == ["second_org"]
    engine.enroll("chief", by="system", org="office")
    engine.confirm("p", other, by="chief")
    agrees(engine)


def test_a_proposal_is_settled_once(database: Engine) -> None:
    engine = prepared(database)
    one = engine.rectify("p", 2, by="rec", reason="r", on="2020-02-02", request="r1")
    again = engine.rectify("p", 2, by="rec", reason="r", on="2020-02-02", request="r1")
    assert (again.receipt.seq, again.receipt.replayed) == (one.receipt.seq, True)
    two = engine.rectify("p", 2, by="rec", reason="r", on="2020-02-03").receipt.seq
    three = engine.rectify("p", 3, by="rec", reason="r", on="2020-03-02").receipt.seq
    with pytest.raises(NotAuthorised):
        engine.decline("p", three, by="app", reason="r")
    assert engine.decline("p", three, by="chief", reason="r").kind == "declined"
    with pytest.raises(NotAllowed, match="settled"):
        engine.confirm("p", three, by="chief")
    done = engine.confirm("p", one.receipt.seq, by="chief", request="r2")
    assert engine.confirm("p", one.receipt.seq, by="chief", request="r2").receipt.seq == done.receipt.seq
    with pytest.raises(NotAllowed, match="lapsed"):
        engine.confirm("p", two, by="chief")
    with pytest.raises(NotFound):
        engine.confirm("p", 2, by="chief")
    agrees(engine)


def test_the_title_of_a_paper_is_corrected_where_there_is_a_gate(database: Engine) -> None:
    gated.prepare(database)
    engine = WorkflowEngine(database)
    for id_, role in (("rec", "records"), ("chief", "chief")):
        engine.enroll(id_, by="admin", roles=[role])
    engine.rule(by="admin", rectify=WHO)
    engine.start("permit", "q", by="app", name="四号地块")
    engine.fire("q", "submit", by="app", papers=[Paper("request", number="1", title="请")])
    engine.submit("q", "grant", by="app")
    proposal = engine.rectify("q", 2, by="rec", reason="笔误", papers=[Paper("request", number="1", title="请示")])
    assert engine.confirm("q", proposal.receipt.seq, by="chief").receipt.kind == "rectified"
    assert verify_database(database).findings == ()


def test_only_days_and_papers_of_gates(database: Engine) -> None:
    gated.prepare(database)
    engine = WorkflowEngine(database)
    for id_, role in (("rec", "records"), ("chief", "chief")):
        engine.enroll(id_, by="admin", roles=[role])
    engine.rule(by="admin", rectify=WHO)
    engine.submit("p", "grant", by="app")
    for by in ("c1", "c2", "boss"):
        engine.approve("p", "grant", by=by)
    rows = {entry.row.seq: entry for entry in engine.history("p")}
    voted = [seq for seq, entry in rows.items() if entry.row.kind == "voted"]
    assert rows[voted[-1]].body["set"]["main"] == "granted"
    for seq in (3, *voted):
        with pytest.raises(NotAllowed) as refused:
            engine.rectify("p", seq, by="rec", reason="r", struck=True)
        assert [refusal.code for refusal in refused.value.refusals] == ["rectify_gate"]
    with pytest.raises(NotAllowed) as refused:  # the gate was opened in the state that it set
        engine.rectify("p", 2, by="rec", reason="r", struck=True)
    assert {refusal.code for refusal in refused.value.refusals} == {"rectify_relied", "rectify_breaks"}
    with pytest.raises(NotAllowed) as refused:  # the votes were bound to it
        engine.rectify("p", 1, by="rec", reason="r", attrs={"area": "2"})
    assert "rectify_breaks" in {refusal.code for refusal in refused.value.refusals}
    day = engine.history("p")[0].body["on"]["edtf"]
    corrected(engine, 1, on="2020-01-01")
    corrected(engine, 2, on="2020")
    corrected(engine, voted[-1], on=f"[2020-01-01..{day}]")
    assert engine.show("p").row.state == "granted"


def test_what_rests_on_it_in_other_instances_is_told(database: Engine) -> None:
    engine = build(database)
    for id_, role in (("rec", "records"), ("chief", "chief")):
        engine.enroll(id_, by="administrator", roles=[role])
    engine.rule(by="administrator", rectify=WHO)
    day, cited = engine.today(), {}
    for instance in engine.instances(root="p"):
        for entry in engine.history(instance.key):
            for seen in entry.body.get("seen", ()):
                cited[instance.key, entry.row.seq] = seen["seq"]
    assert cited
    rows = [tell(entry.row) for entry in engine.history("p")]
    for seq, kind, _ in rows:
        if kind not in ("fired", "started"):
            continue
        proposal = engine.dry_run(
            lambda tx, seq=seq: tx.rectify("p", seq, by="rec", reason="r", on=f"[2020-01-01..{day}]")
        )
        told = {(one.instance, one.seq) for one in proposal.relied if one.instance != "p"}
        assert told == {place for place, at in cited.items() if seq in _setters(rows, at)}
    assert [entry.row.kind for entry in engine.history("p")] == [kind for _, kind, _ in rows]  # only tried


def _setters(rows: Any, upto: int) -> set[int]:
    """Return the entries that had set a region last when entry `upto` had been written."""
    found: dict[str, int] = {}
    for seq, _, body in rows:
        if seq <= upto:
            found.update(dict.fromkeys(body.get("set", {}), seq))
    return set(found.values())


def test_two_who_confirm_at_once_do_it_once(database: Engine) -> None:
    engine = prepared(database)
    engine.enroll("chief2", by="system", roles=["chief"])
    for number in range(8):
        day = f"2020-02-{number + 2:02}"
        seq = engine.rectify("p", 2, by="rec", reason="r", on=day).receipt.seq

        def attempt(by: str, seq: int = seq) -> str:
            try:
                return engine.confirm("p", seq, by=by).receipt.kind
            except NotAllowed as error:
                return error.refusals[0].code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(attempt, ("chief", "chief2"))) == ["proposal_settled", "rectified"]
    agrees(engine)


def test_it_goes_with_the_callers_transaction(database: Engine) -> None:
    engine = prepared(database)
    with database.connect() as connection:
        tx = engine.join(connection)
        seq = tx.rectify("p", 4, by="rec", reason="r", struck=True).receipt.seq
        tx.confirm("p", seq, by="chief")
        tx.redact("p", [(seq, "reason")], by="rec", reason="r", number="1")
        tx.confirm("p", seq + 2, by="chief")
        connection.rollback()
    assert engine.show("p").row.state == "granted"
    with database.connect() as connection:
        tx = engine.join(connection)
        tx.rectify("p", 4, by="rec", reason="r", struck=True)
        tx.confirm("p", 5, by="chief")
        tx.redact("p", [(5, "reason")], by="rec", reason="r", number="1")
        tx.confirm("p", 7, by="chief")
        connection.commit()
    assert engine.show("p").row.state == "review"
    assert engine.history("p")[4].erased == ("reason",)
    agrees(engine)


class Still(Snapshot):
    """A state that no entry changes, so that anything can be written."""

    __slots__ = ()

    def apply(self, seq: int, kind: str, body: Any) -> None:
        pass


def forged(transaction: Any, act: Act) -> None:
    """Append an entry as it is, without a verb."""
    ledger = transaction._ledger  # noqa: SLF001 - behind the verbs' back
    head = ledger.lock(act.key)
    head.snapshot = Still(**json.loads(head.row.snapshot))
    ledger.append(act, head, transaction._rules(head).definition)  # noqa: SLF001


@pytest.mark.tampers
def test_verification_decides_again_who_and_what(database: Engine) -> None:
    """Entries that the verbs refuse are written behind their back."""
    engine = prepared(database)
    seq = engine.rectify("p", 2, by="both", reason="r", on="2020-02-02").receipt.seq
    row = engine.history("p")[seq - 1].row
    ruled = engine.ruled()
    assert ruled is not None
    proposal = {"by": "both", "leaf": bytes(row.leaf).hex(), "seq": seq}
    instead = {"on": {"edtf": "2020-02-02", "hi": "2020-02-02", "lo": "2020-02-02"}}
    good = {
        "corrects": 2, "instead": instead, "proposal": proposal, "policy": ruled.told, "set": {}, "was": {},
        "becomes": {},
    }  # fmt: skip

    def found(by: str, **changes: Any) -> set[str]:
        with engine.database.connect() as connection:
            forged(engine.join(connection), Act("rectified", "p", by, None, "confirm", {**good, **changes}))
            report = verify(DatabaseSource(connection, Tables()))
            connection.rollback()
        return {f"{finding.layer}.{finding.kind}" for finding in report.findings}

    assert found("chief") == {"replay.becomes_differs"}
    assert "replay.second_person" in found("both")
    assert "replay.actor_role" in found("app")
    assert "replay.proposal_missing" in found("chief", proposal={**proposal, "seq": 3})
    assert "replay.proposal_differs" in found("chief", proposal={**proposal, "leaf": "00" * 32})
    assert "replay.policy" in found("chief", policy={"leaf": "00" * 32, "seq": 1})
    assert "replay.instead_differs" in found("chief", instead={"struck": True})
    assert "replay.correction" in found("chief", corrects=1, instead={"struck": True})
    late = {"on": {"edtf": "2020-04-02", "hi": "2020-04-02", "lo": "2020-04-02"}}
    assert {"replay.correction_breaks", "replay.instead_differs"} <= found("chief", instead=late)
    assert "replay.set_differs" in found("chief", set={"main": "refused"})
    assert "replay.malformed" in found("chief", becomes={"regions": 5})
    assert "replay.malformed" in found("chief", becomes={"gates": {}})


def test_a_resolver_attests_both(database: Engine) -> None:
    prepared(database)

    def resolver(id_: str, _connection: Any) -> Actor | None:
        return Actor(id_, frozenset(PEOPLE[id_]), org=f"org-{id_}") if id_ in PEOPLE else None

    engine = WorkflowEngine(database, actors=resolver)
    engine.rectify("p", 2, by="rec", reason="r", on="2020-02-02")
    engine.confirm("p", 5, by="chief")
    agrees(engine)
