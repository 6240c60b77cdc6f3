"""Approvals of past days on every database: what they were then, what was known, and days that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import InvalidInput, Paper, WorkflowEngine, reading, verify_database
from kfq_workflow.definition import model as m
from kfq_workflow.entry import encode_json, parse_canonical
from kfq_workflow.history.difference import diff, diffs
from kfq_workflow.history.moment import Moment
from kfq_workflow.history.order import Absence, Answer
from kfq_workflow.history.picture import Standing
from kfq_workflow.history.replay import replay, replays
from tests.approvals import BASIS, REASON, gate, guarded, prepared
from tests.tampering import places, rehash, rows, tampering

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow.history.picture import Picture

CHINA = 480
PERMISSIONS = m.Permissions(
    start=frozenset({"applicant"}), supervise=frozenset({"registrar"}), amend=frozenset({"applicant"}),
    register=frozenset({"registrar"}), adopt=frozenset({"registrar"}),
)  # fmt: skip
LATE: dict[str, Any] = {"performed_by": "boss", "source": "报", "basis": "stated"}


def opened(database: Engine) -> WorkflowEngine:
    """A permit of May 2024 whose grant two clerks and the boss are asked to sign; submitted on the 13th."""
    engine = prepared(database, guarded(gate(), permissions=PERMISSIONS))
    engine.start("permit", "p", by="app", name="许可", attrs={"area": "1.5"}, on="2024-05-01")
    engine.fire("p", "submit", by="app", papers=[Paper("request", number="1")], on="2024-05-02")
    engine.submit("p", "grant", by="app", on="2024-05-13")
    return engine


def then(database: Engine, day: str | None, known_at: int | None = None) -> Picture:
    with reading(database) as source:
        return replay(source, None, "p", as_of=day, known_at=known_at).picture


def approvals(found: Picture) -> list[Any]:
    """Return state and approvals of each candidate for the gate, or why there is none."""
    return [
        value if isinstance(value, Absence) else (value["state"], value["tally"]["approve"])
        for value in found.gates["grant"].values
    ]


def test_a_gate_as_of_a_day_is_certain_or_one_of_several(database: Engine) -> None:
    engine = opened(database)
    engine.approve("p", by="c1", on="2024-05-20")
    engine.approve("p", by="c2", on="2024-06")
    engine.approve("p", by="boss", on="2024-06")
    assert approvals(then(database, "2024-05-12")) == [Absence.NOT_YET_STARTED]
    assert approvals(then(database, "2024-05-13")) == [("open", 0)]
    assert approvals(then(database, "2024-05-31")) == [("open", 1)]
    middle = then(database, "2024-06-15")
    assert approvals(middle) == [("open", 1), ("open", 2), ("approved", 3)]
    assert middle.gates["grant"].between == (4, 6)
    assert middle.regions["main"] == Answer(("review", "granted"), (2, 6))
    assert [middle.happened[seq] for seq in (4, 5, 6)] == ["yes", "perhaps", "perhaps"]
    assert middle.visited["main"].perhaps == ("granted",)
    assert not middle.certain
    end = then(database, "2024-06-30")
    assert (approvals(end), end.certain) == ([("approved", 3)], True)
    assert approvals(then(database, None)) == [("approved", 3)]


def test_a_vote_is_not_older_than_its_round(database: Engine) -> None:
    engine = opened(database)
    with pytest.raises(InvalidInput) as caught:
        engine.approve("p", by="c1", on="2024-05-12")
    assert caught.value.code == "date_order"
    assert caught.value.values["seq"] == 3
    assert caught.value.values["earliest"] == "2024-05-13"
    engine.approve("p", by="c1", on="2024-05")
    assert approvals(then(database, "2024-05-12")) == [Absence.NOT_YET_STARTED]
    assert approvals(then(database, "2024-05-20")) == [("open", 0), ("open", 1)]
    with pytest.raises(InvalidInput, match="entry 4, which must come before it"):
        engine.approve("p", by="c2", on="2024-05-10")
    engine.send_back("p", by="c2", **REASON)
    with pytest.raises(InvalidInput, match="entry 5, which must come before it"):  # a round follows the one before
        engine.submit("p", "grant", by="app", on="2024-06-01")
    engine.submit("p", "grant", by="app")


def test_a_move_is_not_older_than_the_round_that_decided_the_one_before(database: Engine) -> None:
    engine = opened(database)
    for signer in ("c1", "c2", "boss"):
        engine.approve("p", by=signer, on="2024-05")
    # The region alone allows it: the deciding vote may have been on the 1st of May. The gate was opened on the 13th.
    with pytest.raises(InvalidInput, match="entry 6, which must come before it, happened on 2024-05-13"):
        engine.adopt("p", {"main": "review"}, by="reg", source="报", reason="误", on="2024-05-12")


@pytest.mark.tampers
def test_verify_finds_a_vote_that_is_older_than_its_round(database: Engine) -> None:
    engine = opened(database)
    engine.approve("p", by="c1", on="2024-05-20")
    assert places(verify_database(database)) == set()
    chain = rows(database, "p")
    body = parse_canonical(chain[3].body)
    body["on"] = {"edtf": "2024-05-12", "hi": "2024-05-12", "lo": "2024-05-12"}
    with tampering(database) as connection:
        rehash(connection, engine.log().log, [*chain[:3], chain[3]._replace(body=encode_json(body))])
    report = verify_database(database)
    assert places(report) == {("replay", "date_order", "p", 4)}
    (finding,) = report.findings
    assert "2024-05-13" in finding.text("en")
    with pytest.raises(InvalidInput) as caught:
        then(database, "2024-06-01")
    assert (caught.value.code, caught.value.values["seqs"]) == ("impossible_days", [3, 4])


def test_a_gate_that_a_late_move_voids_stood_until_it_was_recorded(database: Engine) -> None:
    engine = opened(database)
    engine.register("p", "refuse", by="reg", on="2024-05-05", **LATE)
    found = then(database, "2024-05-20")
    assert found.regions["main"].values == ("refused",)
    assert approvals(found) == [("open", 0)]
    assert found.certain
    assert approvals(then(database, engine.today())) == [("void", 0)]
    assert places(verify_database(database)) == set()


def test_amendments_and_standing_belong_to_the_day_of_recording(database: Engine) -> None:
    engine = opened(database)
    before = engine.history("p")[-1].row.at
    engine.amend("p", {"area": "2"}, by="app")
    engine.suspend("p", by="reg", **BASIS)
    past, now = then(database, "2024-05-20"), then(database, engine.today())
    assert (past.attrs["area"].values, now.attrs["area"].values) == (("1.5",), ("2",))
    assert (past.standing.values, now.standing.values) == ((Standing(),), (Standing(suspended=5),))
    assert {task["state"] for task in past.gates["grant"].values[0]["tasks"].values()} == {"open"}
    assert {task["state"] for task in now.gates["grant"].values[0]["tasks"].values()} == {"blocked"}
    known = then(database, engine.today(), before)
    assert (known.attrs["area"].values, known.standing.values) == (("1.5",), (Standing(),))
    assert then(database, "2016-01-01").name.values == ("许可",)


def test_a_difference_between_days_and_between_instants(database: Engine) -> None:
    engine = opened(database)
    known = engine.history("p")[-1].row.at
    engine.approve("p", by="c1", papers=[Paper("request", number="9")], on="2024-05-20")
    engine.start("permit", "q", by="app", name="另一件", on="2024-05-25")
    with reading(database) as source:
        chain = list(source.entries("p"))
        days = diff(chain, Moment("2024-05-19"), Moment("2024-05-20"), utc_offset=CHINA)
        learnt = diff(chain, Moment("2024-05-20", known), Moment("2024-05-20"), utc_offset=CHINA)
        every = list(diffs(source, Moment("2024-05-19"), Moment("2024-05-20")))
        later = [found.key for found in diffs(source, Moment("2024-05-24"), Moment("2024-05-25"))]
        each = [found.key for found in replays(source, as_of="2024-05-20")]
    for found, status in ((days, "no"), (learnt, "unrecorded")):
        assert [(change.what, change.name) for change in found.changes] == [("gate", "grant")]
        before, after = found.changes[0].before.values[0], found.changes[0].after.values[0]
        assert (before["tally"]["approve"], after["tally"]["approve"]) == (0, 1)
        assert [(shift.seq, shift.before, shift.after) for shift in found.entries] == [(4, status, "yes")]
        assert [(paper.before, paper.after and paper.after.paper["number"]) for paper in found.papers] == [(None, "9")]
    assert [found.key for found in every] == ["p"]
    assert later == ["q"]
    assert each == ["p", "q"]
    assert diff(chain, Moment("2024-05-20"), Moment("2024-05-21"), utc_offset=CHINA).is_empty


def test_a_correction_does_not_make_a_vote_older_than_its_round(database: Engine) -> None:
    engine = opened(database)
    engine.rule(by="system", rectify=(["registrar"], ["authority"]))
    engine.approve("p", by="c1", on="2024-05-20")
    for seq, on, late in ((4, "2024-05-12", 3), (3, "2024-05-21", 3)):
        with pytest.raises(InvalidInput) as caught:
            engine.rectify("p", seq, by="reg", reason="日期有误", on=on)
        assert (caught.value.code, caught.value.values["seq"]) == ("date_order", late)
    proposed = engine.rectify("p", 3, by="reg", reason="日期有误", on="2024-05-15")
    assert approvals(then(database, "2024-05-14")) == [("open", 0)]
    engine.confirm("p", proposed.receipt.seq, by="boss")
    assert approvals(then(database, "2024-05-14")) == [Absence.NOT_YET_STARTED]
    known = engine.history("p")[-1].row.at - 1
    assert approvals(then(database, "2024-05-14", known)) == [("open", 0)]
    with reading(database) as source:
        found = diff(source.entries("p"), Moment("2024-05-14", known), Moment("2024-05-14"), utc_offset=CHINA)
    assert [(shift.seq, shift.before, shift.after, shift.corrected_after) for shift in found.entries] == [
        (3, "yes", "no", (6,)), (6, "unrecorded", "yes", ()),
    ]  # fmt: skip
    assert places(verify_database(database)) == set()
