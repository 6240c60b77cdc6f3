"""What a record said of a day then, and what is known of it today: late entries, corrections, erased words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.edtf import parse_instant
from kfq_workflow.entry import Row, encode_json, parse_canonical
from kfq_workflow.errors import InvalidInput
from kfq_workflow.history.difference import diff, diffs
from kfq_workflow.history.moment import Moment
from kfq_workflow.history.order import Absence
from kfq_workflow.history.picture import Known, texts_of
from kfq_workflow.history.replay import replay, replays
from kfq_workflow.stored.source import TextRow
from tests.logs import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.history.difference import Difference

CHINA = 480
DAY = "2020-06-01"
THEN, NOW = Moment(DAY, parse_instant("2020-06-02", CHINA)), Moment(DAY)


def on(lo: str, hi: str | None = None) -> dict[str, str]:
    return {"edtf": lo, "hi": hi or lo, "lo": lo}


def chain(*entries: tuple[str, str, dict[str, Any]]) -> list[Row]:
    """Rows of one instance: when each was recorded, its kind and its body."""
    return [
        Row("p", seq, kind, parse_instant(f"{day}T12:00", CHINA), "registrar", "tests", None, None, 1, b"", b"",
            encode_json(body))
        for seq, (day, kind, body) in enumerate(entries, 1)
    ]  # fmt: skip


STARTED = ("2020-05-01", "started", {"mode": "live", "on": on("2020-05-01"), "set": {"main": "draft"},
           "attrs": {"area": "1.5"}, "texts": {"name": "-"}})  # fmt: skip
SUBMITTED = ("2020-05-10", "fired", {
    "mode": "live", "on": on("2020-05-10"), "set": {"main": "review"}, "was": {"main": "draft"}, "trigger": "submit",
    "papers": [{"filed": True, "number": "1", "type": "request"}],
})  # fmt: skip
LATE = ("2020-07-01", "fired", {"mode": "late", "on": on("2020-05-20"), "set": {"main": "granted"}, "trigger": "grant",
        "for": {"ground": "late", "id": "boss"}})  # fmt: skip


def rectified(corrects: int, **instead: Any) -> tuple[str, str, dict[str, Any]]:
    body = {"corrects": corrects, "instead": instead, "proposal": {"seq": 0}, "set": {}, "becomes": {}}
    return "2020-08-01", "rectified", body


def differ(*entries: tuple[str, str, dict[str, Any]], a: Moment = THEN, b: Moment = NOW) -> Difference:
    return diff(chain(*entries), a, b, utc_offset=CHINA)


def test_a_late_entry_changes_what_is_said_of_a_day() -> None:
    found = differ(STARTED, SUBMITTED, LATE)
    (change,) = found.changes
    assert (change.what, change.before.values, change.after.values) == ("region", ("review",), ("granted",))
    (shift,) = found.entries
    assert (shift.seq, shift.before, shift.after, shift.late, shift.actor) == (3, "unrecorded", "yes", True, "boss")
    assert differ(STARTED, SUBMITTED, LATE, a=NOW, b=Moment()).is_empty


def test_a_correction_of_a_day_makes_certain_what_was_not() -> None:
    vague = ("2020-06-02", "fired", LATE[2] | {"on": on("2020-05", "2020-06-02") | {"lo": "2020-05-01"}})
    found = differ(STARTED, SUBMITTED, vague, rectified(3, on=on("2020-05-20")))
    (change,) = found.changes
    assert (change.before.values, change.before.between) == (("review", "granted"), (2, 3))
    assert change.after.values == ("granted",)
    assert [(s.seq, s.before, s.after, s.corrects, s.corrected_after) for s in found.entries] == [
        (3, "perhaps", "yes", None, (4,)),
        (4, "unrecorded", "yes", 3, ()),
    ]


def test_an_act_that_was_struck_is_left_out_with_its_papers() -> None:
    found = differ(STARTED, SUBMITTED, rectified(2, struck=True))
    (change,) = found.changes
    assert (change.before.values, change.after.values) == (("review",), ("draft",))
    assert [(s.seq, s.before, s.after) for s in found.entries] == [(2, "yes", "struck"), (3, "unrecorded", "yes")]
    (paper,) = found.papers
    assert (paper.seq, paper.before and paper.before.paper["number"], paper.after) == (2, "1", None)
    whole = replay(chain(STARTED, SUBMITTED, rectified(2, struck=True)), None, "p")
    assert (whole.struck, [move.seq for move in whole.moves]) == ({2: 3}, [1])


def test_corrected_papers_and_attributes_are_seen() -> None:
    paper = {"filed": True, "number": "2", "type": "request"}
    found = differ(STARTED, SUBMITTED, rectified(2, papers=[paper]), rectified(1, attrs={"area": "15"}))
    (change,) = found.changes
    assert (change.what, change.before.values, change.after.values) == ("attribute", ("1.5",), ("15",))
    assert [(p.before and p.before.paper["number"], p.after and p.after.paper["number"]) for p in found.papers] == [
        ("1", "2")
    ]
    assert [(s.seq, s.corrected_before, s.corrected_after) for s in found.entries if s.seq < 3] == [
        (1, (), (4,)), (2, (), (3,))
    ]  # fmt: skip


def test_before_anything_was_recorded_nothing_is_known() -> None:
    early = Moment(DAY, parse_instant("2020-04-01", CHINA))
    found = differ(STARTED, SUBMITTED, a=early, b=Moment(DAY))
    assert {change.before.values for change in found.changes} == {(Absence.NOT_KNOWN,)}
    assert {(change.what, change.name) for change in found.changes} == {
        ("name", ""), ("region", "main"), ("attribute", "area"),
    }  # fmt: skip
    assert differ(STARTED, a=early, b=Moment("2016-01-01", early.known_at)).is_empty


def test_what_cannot_be_told_at_either_moment_is_said() -> None:
    vague = ("2020-06-02", "fired", LATE[2] | {"on": on("2020-05", "2020-06-02") | {"lo": "2020-05-01"}})
    found = differ(STARTED, SUBMITTED, vague, a=Moment("2020-05-30"), b=Moment("2020-06-01"))
    assert found.is_empty
    assert [(change.what, change.after.values) for change in found.unsure] == [("region", ("review", "granted"))]


def test_words_are_those_that_stand_where_they_stand() -> None:
    rows = chain(STARTED, ("2020-07-01", "amended", {"texts": {"name": "-", "attribute.owner": "-"}}))
    text = texts_of([(1, "name", "三号地块"), (2, "attribute.owner", "某办")])
    found = diff(rows, THEN, Moment(), utc_offset=CHINA, text=text)
    values = {(change.what, change.name): (change.before.values, change.after.values) for change in found.changes}
    assert values["name", ""] == (("三号地块",), (Absence.WITHHELD,))
    assert values["attribute", "owner"] == ((Absence.NOT_KNOWN,), ("某办",))


def test_days_that_contradict_each_other_are_named() -> None:
    early = ("2020-05-12", "fired", SUBMITTED[2] | {"on": on("2020-04-01")})
    with pytest.raises(InvalidInput) as caught:
        differ(STARTED, early)
    assert (caught.value.code, caught.value.values["seqs"]) == ("impossible_days", [1, 2])
    assert differ(STARTED, early, a=Moment(known_at=THEN.known_at), b=Moment()).is_empty


def test_a_condition_that_rests_on_a_struck_entry_is_bound_by_it_no_more() -> None:
    rests = ("2020-05-12", "fired", {"mode": "live", "on": on("2020-05-12"), "set": {"side": "x"}, "rests": [2]})
    rows = chain(STARTED, SUBMITTED, rests, rectified(2, struck=True))
    seen = [(row, parse_canonical(row.body)) for row in rows]
    assert Known(seen, utc_offset=CHINA).bounds(3) == ("2020-05-12", "2020-05-12")


def test_an_instant_outside_of_time_is_no_day() -> None:
    rows = chain(STARTED, ("2020-05-12", "amended", {"attrs": {"area": "3"}}))
    rows[1] = rows[1]._replace(at=2**60)
    seen = [(row, parse_canonical(row.body)) for row in rows]
    assert Known(seen, utc_offset=CHINA).at("2020-06-01").attrs["area"].values == ("1.5", "3")


def test_instances_are_read_one_at_a_time_and_reserved_ones_left_out() -> None:
    read: list[str] = []

    class Stream(Log):
        def entries(self, instance: str | None = None) -> Iterator[Row]:
            for row in super().entries(instance):
                read.append(row.instance)
                yield row

    log = Stream()
    rules = log.define()
    for key in ("a", "b", "c"):
        log.add("started", key, STARTED[2] | {"texts": {}}, actor="applicant", def_=rules)
        log.words.append(TextRow(key, 1, "name", b"", f"件 {key}"))
    found = replays(log, as_of="2020-06-01")
    assert next(found).key == "a"
    assert read == ["a", "b"]  # the first of the next one tells that this one is over
    assert [each.key for each in found] == ["b", "c"]
    names = [each.picture.moment.as_of for each in replays(log, as_of="2020-06-01")]
    assert names == ["2020-06-01"] * 3
    before, after = Moment("2020-04-30"), Moment("2020-05-01")
    assert [(each.key, len(each.changes)) for each in diffs(log, before, after)] == [("a", 2), ("b", 2), ("c", 2)]
    assert list(replays(log, known_at=0)) == []
