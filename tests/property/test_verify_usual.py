"""What is passed over at a glance is what careful checks find nothing in: both ways give the same report."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kfq_workflow.entry import NO_PREV, Row, commitment, encode_fields, leaf_hash
from kfq_workflow.log import LogHead
from kfq_workflow.state import InstanceRow, Snapshot
from kfq_workflow.stored.source import TextRow
from kfq_workflow.verify import verify
from kfq_workflow.verify.usual import Usual
from tests.logs import MINUTE, NAME, NOON, Log
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from kfq_workflow.verify import Report

#: Each move with what it sets and leaves, whose it is, and whether it comes with a paper or an opinion.
_WAY: tuple[tuple[str, dict[str, Any], dict[str, Any], str], ...] = (
    ("submit", {"main": "review", "survey": "none"}, {"main": "draft"}, "applicant"),
    ("comment", {"main": "review"}, {"main": "review"}, "clerk"),
    ("survey", {"survey": "done"}, {"survey": "none"}, "clerk"),
    ("undo", {"survey": "none"}, {"survey": "done"}, "clerk"),
    ("survey", {"survey": "done"}, {"survey": "none"}, "clerk"),
    ("comment", {"main": "review"}, {"main": "review"}, "clerk"),
    ("grant", {"main": "granted"}, {"main": "review"}, "authority"),
)
_DAYS = ("2020-02-27", "2020-02-28", "2020-02-29", "2020-03-01")
_ODD = (None, 0, 1, -1, 1.0, 1.5, True, "", "x", "1", b"", b"x", NO_PREV, "\ud800", 2**63, "clerk", "~log", "fired")


class Stored(Log):
    """A log whose rows are read as they lie, with caches."""

    caches: Sequence[InstanceRow] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.genesis = self.rows[0].leaf

    def log(self) -> LogHead:
        return LogHead(NAME, "s1", self.genesis, 480, "-")

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        return iter([row for row in self.rows if instance in (None, row.instance)])

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        return iter([text for text in self.words if instance in (None, text.instance)])

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:
        return iter([row for row in self.caches if instance in (None, row.key)])


def made(chance: random.Random) -> Stored:
    """Make a log in order, of instances that went the same way on other days, as far as each came."""
    log = Stored(now=NOON + 5000 * MINUTE)
    rules = log.define()
    for office in ("applicant", "clerk", "authority", "registrar"):
        log.enroll(office, [office])
    for number in range(chance.randint(6, 16)):
        key, day = f"p{number}", chance.randrange(len(_DAYS))
        moves, late = chance.choice((0, 4, 6, 7)), chance.random() < 0.3
        log.add("started", key, _body(log, chance, key, 1, day, {}), actor="applicant", def_=rules)
        for seq, (trigger, changes, was, actor) in enumerate(_WAY[:moves], start=2):
            day = min(day + chance.randrange(2), len(_DAYS) - 1)
            body = _body(log, chance, key, seq, day, {"trigger": trigger, "set": changes, "was": was})
            if late:
                body = _late(log, body, key, seq, actor)
            log.add("fired", key, body, actor="registrar" if late else actor, def_=rules, at=NOON + seq * MINUTE)
        if chance.random() < 0.3:
            log.add("annotated", key, {"texts": _told(log, key, moves + 2, "note")}, actor="clerk", def_=rules,
                    at=NOON + 20 * MINUTE)  # fmt: skip
    log.rows.sort(key=lambda row: row[:2])
    log.words.sort(key=lambda text: text[:3])
    log.caches = [_cached(log, key) for key in sorted({row.instance for row in log.rows})]
    return log


def _body(log: Stored, chance: random.Random, key: str, seq: int, day: int, more: dict[str, Any]) -> dict[str, Any]:
    told = _DAYS[day]
    body: dict[str, Any] = {"mode": "live", "on": {"edtf": told, "hi": told, "lo": told}} | more
    if not more:
        body |= {
            "attrs": {"area": str(chance.randrange(99))},
            "set": {"main": "draft"},
            "was": {},
            "workflow": "permit",
        }
    if more.get("trigger") == "submit":
        body["papers"] = [{"filed": True, "number": f"晋政函{chance.randrange(9)}号", "type": "request"}]
    if more.get("trigger") == "grant":
        body["rests"] = [6]
    if chance.random() < 0.1:
        body["texts"] = _told(log, key, seq, *(["opinion"] if more else ["attribute.owner", "name"]))
    return body


def _late(log: Stored, body: dict[str, Any], key: str, seq: int, office: str) -> dict[str, Any]:
    """Return the body of the same move as the registry enters it for an office."""
    log.words = [text for text in log.words if text[:2] != (key, seq)]
    papers = {"papers": [{**paper, "filed": False} for paper in body["papers"]]} if "papers" in body else {}
    about = {"ground": "late", "id": office, "role": office}
    texts = _told(log, key, seq, "source")
    return body | papers | {"basis": "stated", "for": about, "mode": "late", "texts": texts}


def _told(log: Stored, key: str, seq: int, *fields: str) -> dict[str, str]:
    salt, value = bytes([seq] * 16), f"第{seq}号"
    log.words += [TextRow(key, seq, field, salt, value) for field in fields]
    return {field: commitment(salt, field, value) for field in fields}


def _cached(log: Stored, key: str) -> InstanceRow:
    chain = [row for row in log.rows if row.instance == key]
    snapshot, last = Snapshot(), chain[-1]
    for row in chain:
        snapshot.apply(row.seq, row.kind, json.loads(row.body))
    state = snapshot.regions.get("main")
    rev = max(row.seq for row in chain if row.kind != "annotated")
    workflow = key.partition("/")[0] if key.startswith("~") else "permit"
    phase = None if key.startswith("~") else permit().phase_of(state)
    return InstanceRow(
        key, workflow, None, last.def_, last.seq, rev, last.leaf, last.at, state, phase, snapshot.encode()
    )


def change(log: Stored, chance: random.Random) -> None:
    """Change something, and sometimes hash the chain again so that only the other checks can tell."""
    place = chance.randrange(len(log.rows))
    row = log.rows[place]
    match chance.randrange(9):
        case 0:
            log.rows[place] = row._replace(**{chance.choice(Row._fields): chance.choice(_ODD)})
        case 1:
            del log.rows[place]
        case 2:
            log.rows.insert(place, row)
        case 3:
            other = chance.randrange(len(log.rows))
            log.rows[place], log.rows[other] = log.rows[other], row
        case 4 if log.words:
            _change_text(log, chance)
        case 5:
            name = chance.choice(["body", "at", "actor", "kind", "req", "via"])
            log.rows[place] = row._replace(**{name: getattr(chance.choice(log.rows), name)})
        case 6 if log.caches:
            log.caches = [cached for cached in log.caches if chance.random() < 0.9]
        case _ if isinstance(row.body, str) and row.body:
            log.rows[place] = row._replace(body=_changed(row.body, chance))
    if chance.random() < 0.7:
        rehash(log, row.instance)


def _changed(body: str, chance: random.Random) -> str:
    pairs = [
        ("2020-02-28", "2020-02-27"), ("2020-03-01", "2020-03-02"), ("2020-02", "2020-2"), ('"hi":', '"h":'),
        ('"live"', '"late"'), ("review", "granted"), ('"rests":[6]', '"rests":[5]'), ('"type":', '"typ":'),
        ('"area":"', '"area":"\ud800'), ('"area":', '"owner":'), ("true", "false"), ('"on":{', '"on":{"edtf":"x",'),
        ('"opinion"', '"note"'), ('{"', '{ "'), ('"attrs":{', '"attrs":{"a":{},'), ('"on":{', '"params":{"on":{},'),
        ('"was"', '"wa":"texts","was"'), ("a", "\\u0061"), ("}", ",}"), ('"id":"clerk"', '"id":"owner"'),
    ]  # fmt: skip
    old, new = chance.choice([pair for pair in pairs if pair[0] in body] or [("", " ")])
    if chance.random() < 0.2:
        spot = chance.randrange(len(body))
        return body[:spot] + chance.choice('09af"{}[],: 晋') + body[spot + 1 :]
    return body.replace(old, new, chance.choice((1, -1)))


def _change_text(log: Stored, chance: random.Random) -> None:
    place = chance.randrange(len(log.words))
    text = log.words[place]
    match chance.randrange(4):
        case 0:
            del log.words[place]
        case 1:
            log.words.insert(place, text)
        case 2:
            log.words[place] = text._replace(**{chance.choice(TextRow._fields): chance.choice(_ODD)})
        case _:
            log.words.insert(place, text._replace(field="another"))


def rehash(log: Stored, instance: str) -> None:
    """Chain the entries of an instance again, where they can be."""
    previous = log.genesis if instance != "~log" else NO_PREV
    for place, row in enumerate(log.rows):
        if row.instance != instance:
            continue
        try:
            leaf = leaf_hash(encode_fields(row, previous, NAME))
        except (TypeError, AttributeError, ValueError):
            return
        log.rows[place] = row._replace(prev=previous, leaf=leaf)
        previous = leaf


def reports(log: Stored) -> tuple[Report, Report]:
    """Verify with the glance and without."""
    both = verify(log)
    passes = Usual.passes
    try:
        Usual.passes = lambda _, rows, __: (0, len(rows))  # type: ignore[method-assign]
        return both, verify(log)
    finally:
        Usual.passes = passes  # type: ignore[method-assign]


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(0, 3))
def test_a_changed_log_gives_the_same_report_without_the_glance(seed: int, changes: int) -> None:
    chance = random.Random(seed)
    log = made(chance)
    for _ in range(changes):
        change(log, chance)
    quick, careful = reports(log)
    assert quick == careful
    assert changes or quick.verdict == "self-consistent"


def test_a_column_that_is_missing_takes_no_constant_of_the_entry_before() -> None:
    log = made(random.Random(3))
    place = next(place for place in range(len(log.rows) - 1, 0, -1) if log.rows[place].kind == "fired")
    row = log.rows[place]
    whole = encode_fields(row, row.prev, NAME)
    for name, left_out in (("via", b',"v":1,"via":"' + row.via.encode() + b'"}'), ("via", b""), ("v", b',"v":1')):
        log.rows[place] = row._replace(**{name: None}, leaf=leaf_hash(whole.replace(left_out, b"")))
        quick, careful = reports(log)
        assert quick == careful
        assert quick.verdict == "tampered"


def test_the_glance_passes_over_what_it_has_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[int] = []
    passes = Usual.passes

    def counted(self: Usual, rows: Sequence[Any], run: Any) -> tuple[int, int]:
        found = passes(self, rows, run)
        passed.append(found[0])
        return found

    monkeypatch.setattr(Usual, "passes", counted)
    chance = random.Random(1)
    entries = sum(verify(made(chance)).entries for _ in range(20))
    assert sum(passed) > entries // 3
