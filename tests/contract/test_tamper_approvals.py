"""Votes, tasks and tallies changed behind the library's back are found and named, hashed again or not, everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import verify_database
from kfq_workflow.definition import model as m
from kfq_workflow.entry import Row, canonical
from kfq_workflow.errors import KfqError
from tests.alongside import alike
from tests.approvals import BASIS, BOSS, CLERKS, REASON, Case, gate, guarded, in_review, prepared, submitted
from tests.tampering import change, insert, places, rehash, remove, tampering

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    Body = dict[str, Any]

pytestmark = pytest.mark.tampers
#: The entries of the case: 1 started, 2 fired, 3 opened, 4 delegated, 5 voted by c1, 6 voted by c2, 7 voted by boss.
FIRST, SECOND, LAST = 5, 6, 7


@pytest.fixture
def case(database: Engine) -> Case:
    """Three votes, the last of which decides; nobody votes on his own submission."""
    found = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",), binds=("area",)))
    found.act("delegate", by="boss", to="x", question="可否")
    found.act("approve", by="c1", opinion="同意")
    found.act("approve", by="c2")
    found.act("approve", by="boss")
    report = verify_database(database)
    assert (report.verdict, report.findings, report.not_checked) == ("self-consistent", (), ())
    return found


def edited(row: Row, edit: Callable[[Body], None]) -> Row:
    """The row with its body changed."""
    body = json.loads(row.body)
    edit(body)
    return row._replace(body=canonical(body))


def gates(body: Body) -> Body:
    """The patch of the gate in a body."""
    found: Body = body["gates"]["grant"]
    return found


def forge(case: Case, chain: list[Row], *, rebuilt: bool = True) -> set[tuple[str, str, str | None, int | None]]:
    """Write a changed chain, hashed anew from end to end, with the cache to match; return what verification finds."""
    database = case.engine.database
    numbered = [row._replace(seq=number) for number, row in enumerate(chain, 1)]
    with tampering(database) as connection:
        remove(connection, "entry", {"instance": "p"})
        for row in numbered:
            insert(connection, row)
        rehash(connection, case.engine.log().log, numbered)
        change(connection, "instance", {"key": "p"}, {"seq": len(numbered)})
    if rebuilt:
        case.engine.rebuild()
    return places(alike(database))


# Bytes changed and not hashed again


_STORED: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("tally", "approve"), 2),
    (("tasks", "1", "state"), "rejected"),
    (("tasks", "1", "by"), "c3"),
    (("tasks", "2", "vote"), 5),
    (("state",), "open"),
    (("need",), 1),
)


def test_a_changed_snapshot(case: Case, database: Engine) -> None:
    for (*path, last), value in _STORED:
        snapshot = json.loads(case.engine.show("p").row.snapshot)
        place = snapshot["gates"]["grant"]
        for name in path:
            place = place[name]
        place[last] = value
        with tampering(database) as connection:
            change(connection, "instance", {"key": "p"}, {"snapshot": canonical(snapshot)})
        report = verify_database(database)
        assert (report.verdict, places(report)) == ("tampered", {("cache", "snapshot", "p", 7)})
        assert "gates" in report.findings[0].text()
        assert case.engine.rebuild() == 1


# Illegal votes, made well: chain, hashes and cache agree with them


def voted(row: Row, actor: str, task: str) -> Row:
    """The vote as if this actor had cast it on that task, with the patch to match."""

    def edit(body: Body) -> None:
        body.update(task=task)
        made_up = {"kind": "actor", "of": actor, "seat": actor, "step": 1} if task == "9" else {}
        said = {"by": actor, "since": row.seq, "state": "approved", "vote": row.seq}
        gates(body)["tasks"] = {task: made_up | said}

    return edited(row, edit)._replace(actor=actor)


_NOT_HIS = (
    ("ghost", "2", "not_a_signer"),
    ("x", "2", "not_a_signer"),
    ("app", "2", "not_a_signer"),
    ("c1", "2", "duty_voted"),
    ("c2", "1", "task_done"),
    ("c2", "3", "task_not_yours"),
    ("c2", "9", "no_task"),
)


def test_a_gate_that_is_none_is_a_finding_and_no_crash(case: Case) -> None:
    chain = case.rows
    for edit in (
        lambda body: gates(body)["tasks"].update({"9": {"state": "approved"}}),
        lambda body: gates(body).update(tasks=[1]),
        lambda body: body.update(gates={"grant": 7}),
        lambda body: body.update(gates=[]),
    ):
        forged = [edited(row, edit) if row.seq == SECOND else row for row in chain]
        found = forge(case, forged, rebuilt=False)
        assert {("replay", "gates_differs", "p", SECOND), ("replay", "malformed", "p", SECOND)} & found, found


def test_a_vote_that_was_not_his_to_cast(case: Case, database: Engine) -> None:
    chain = case.rows
    for actor, task, code in _NOT_HIS:
        forged = voted(chain[SECOND - 1], actor, task)
        assert ("replay", "not_allowed", "p", SECOND) in forge(
            case, [forged if row.seq == SECOND else row for row in chain]
        )
        finding = next(f for f in verify_database(database).findings if (f.seq, f.kind) == (SECOND, "not_allowed"))
        assert finding.values["codes"] == [code]


def test_an_applicant_who_voted_on_his_own_submission(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS, duties=("not_applicant",)), by="app")
    case.act("approve", by="c1")
    chain = case.rows
    chain[2] = edited(chain[2], lambda body: gates(body).update(by="both"))._replace(actor="both")
    chain[3] = edited(chain[3], lambda body: gates(body)["tasks"]["1"].update(by="both"))._replace(actor="both")
    found = forge(case, chain)
    assert ("replay", "not_allowed", "p", 4) in found
    assert ("replay", "gates_differs", "p", 4) not in found


def test_a_gate_that_was_decided_too_early(case: Case) -> None:
    chain = case.rows[:SECOND]
    moved = json.loads(case.rows[LAST - 1].body)

    def decide(body: Body) -> None:
        gates(body).update(state="approved", closed=SECOND)
        gates(body)["tasks"]["3"] = {"since": SECOND, "state": "superseded"}
        gates(body)["tally"] = {"abstain": 0, "approve": 2, "need": 2, "of": 2, "open": 0, "reject": 0}
        body |= {name: moved[name] for name in ("set", "was")}

    chain[-1] = edited(chain[-1], decide)
    found = forge(case, chain)
    assert {("replay", "gates_differs", "p", SECOND), ("replay", "set_differs", "p", SECOND)} == found
    assert case.state == "granted"


def test_a_vote_after_the_gate_was_closed(case: Case) -> None:
    chain = case.rows
    late = edited(chain[SECOND - 1], lambda body: body.update(task="2"))._replace(seq=8, actor="c3", req="late")
    assert ("replay", "not_allowed", "p", 8) in forge(case, [*chain, late])


def test_a_proxy_that_was_never_granted_or_had_been_revoked(database: Engine) -> None:
    case = submitted(database, gate(BOSS))
    engine = case.engine
    days = {"valid_from": "2020-01-01", "valid_to": "2999-12-31", "number": "1"}
    grant = engine.grant_proxy("boss", by="boss", to="x", **days)
    case.act("approve", by="x", on_behalf_of="boss")
    chain = case.rows
    for about in ({"grant": 9}, {"seq": 1}, {"id": "c1"}, {"ground": "own"}):
        forged = edited(chain[3], lambda body, about=about: body["for"].update(about))
        assert ("replay", "not_allowed", "p", 4) in forge(case, [*chain[:3], forged]), about
    engine.revoke_proxy("boss", grant.seq, by="boss", reason="回来了")
    later = chain[3]._replace(at=chain[3].at + 3_600_000_000)
    assert ("replay", "not_allowed", "p", 4) in forge(case, [*chain[:3], later])


def test_a_proxy_of_somebody_who_may_not_act_any_more(database: Engine) -> None:
    case = submitted(database, gate(BOSS))
    days = {"valid_from": "2020-01-01", "valid_to": "2999-12-31", "number": "1"}
    case.engine.grant_proxy("boss", by="boss", to="x", **days)
    case.act("approve", by="x", on_behalf_of="boss")
    chain = case.rows
    case.engine.enroll("boss", by="system", enabled=False)
    assert forge(case, chain) == set()
    later = chain[3]._replace(at=chain[3].at + 3_600_000_000)
    assert ("replay", "not_allowed", "p", 4) in forge(case, [*chain[:3], later])


_OTHERS: tuple[tuple[str, str, Body], ...] = (
    ("suspended", "c1", {"number": "1"}),
    ("voided", "c1", {"number": "1"}),
    ("resumed", "reg", {"number": "1"}),
    ("withdrawn", "c1", {}),
    ("extended", "c1", {"due": "2999-01-01", "number": "1"}),
    ("urged", "app", {}),
    ("returned", "x", {"task": "1"}),
    ("retracted", "c2", {"task": "1"}),
    ("transferred", "x", {"task": "1", "to": "c1"}),
    ("removed", "x", {"task": "1"}),
    ("waived", "c1", {"signer": "c1"}),
    ("read", "x", {}),
)


def test_other_acts_that_were_not_allowed(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS))
    case.act("urge", by="app")
    chain = case.rows
    for kind, by, more in _OTHERS:
        stands = kind in ("suspended", "voided", "resumed")
        forged = edited(chain[3], lambda body, more=more: body.update(more))
        forged = edited(forged, lambda body: body.pop("gates")) if stands else forged
        found = forge(case, [*chain, forged._replace(kind=kind, actor=by, seq=5, req="forged")])
        assert found & {("replay", "not_allowed", "p", 5), ("replay", "actor_role", "p", 5)}, kind


def test_what_an_entry_says_was_needed_before_is_checked(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS))
    case.act("add_signer", by="reg", signer="x", **REASON)
    chain = case.rows
    assert case.body["old"] == {"need": 3, "of": 3}
    for change_ in (lambda body: body["old"].update(need=1), lambda body: body.pop("old")):
        assert forge(case, [*chain[:-1], edited(chain[-1], change_)]) == {("replay", "old_differs", "p", 4)}


def test_rounds_that_could_not_be_opened_or_decided(database: Engine) -> None:
    small = {"small": m.FieldIs("attribute", "area", "le", "2")}
    asked = gate(m.Signer("clerks", "role", "clerk", when="small"), binds=("area",))
    definition = guarded(asked, guards=small)
    grant = replace(definition.transitions[2], guards=("small",))
    rules = tuple(grant if rule.id == "grant" else rule for rule in definition.transitions)
    case = in_review(prepared(database, guarded(asked, guards=small, transitions=rules)))
    case.act("submit", "grant", by="app")
    case.act("amend", {"area": "2"}, by="app")
    case.act("approve", by="c1")
    chain = case.rows
    forgeries: tuple[tuple[int, Callable[[Row], Row], str], ...] = (
        (3, lambda row: edited(row, lambda body: body.update(trigger="fly")), "unknown_trigger"),
        (3, lambda row: edited(row, lambda body: body.update(trigger="suspend")), "not_allowed"),
        (3, lambda row: row._replace(actor="c1"), "not_allowed"),
        (3, lambda row: row._replace(actor="ghost"), "gates_differs"),
        (3, lambda row: edited(row, lambda body: body.update(direct=True)), "not_allowed"),
        (4, lambda row: edited(row, lambda body: body["attrs"].update(area="9")), "not_allowed"),
        (
            4,
            lambda row: edited(row, lambda body: body.update(attested={"panel@1": {"answer": True}})),
            "attested_differs",
        ),
        (4, lambda row: edited(row, lambda body: body["candidates"].update(clerks=["boss"])), "candidate"),
        (5, lambda row: edited(row, lambda body: body.update(trigger="suspend")), "not_allowed"),
        (5, lambda row: edited(row, lambda body: body.pop("gates")), "malformed"),
    )
    for seq, change_, kind in forgeries:
        found = forge(case, [change_(row) if row.seq == seq else row for row in chain])
        assert ("replay", kind, "p", seq) in found, (seq, kind, found)
    large = edited(chain[3], lambda body: (body["attrs"].update(area="3"), body.pop("gates"), body.pop("candidates")))
    bound = edited(chain[2], lambda body: gates(body).pop("bound"))
    assert ("replay", "not_allowed", "p", 5) in forge(case, [*chain[:2], bound, large, chain[4]])


# What no rule decides


_MORE: tuple[tuple[int, Body], ...] = (
    (1, {"gates": {}}),
    (1, {"did": {"grant": "boss"}}),
    (2, {"attrs": {"area": "9"}}),
    (3, {"set": {"main": "granted"}, "was": {"main": "review"}}),
    (3, {"did": {"grant": "boss"}}),
    (4, {"attrs": {"area": "9"}}),
    (FIRST, {"did": {"grant": "boss"}}),
    (LAST, {"root": "q"}),
    (8, {"gates": {"grant": {"state": "open"}}}),
    (8, {"workflow": "case"}),
    (9, {"gates": {"grant": {"state": "open"}}}),
    (9, {"attrs": {"area": "9"}}),
)


def test_an_entry_that_says_more_than_its_kind_may_is_found(case: Case) -> None:
    case.act("comment", "其后", by="x")  # a note: it may be anybody's, and changes nothing
    case.refuse("not_from_state", "fire", "refuse", by="boss")
    chain = case.rows
    for seq, more in _MORE:
        forged = [edited(row, lambda body, more=more: body.update(more)) if row.seq == seq else row for row in chain]
        found = forge(case, forged, rebuilt=False)
        assert ("replay", "says_more", "p", seq) in found, (seq, more, found)
    assert forge(case, chain) == set()


# What only an anchor shows


def test_a_legal_change_that_was_hashed_again_is_missed_without_an_anchor(case: Case, database: Engine) -> None:
    other = in_review(case.engine, "q")
    other.act("submit", "grant", by="app")
    other.act("delegate", by="boss", to="x")
    other.act("approve", by="c1")
    other.act("reject", by="c2")
    patch = other.body["gates"]
    chain = case.rows[:SECOND]
    chain[-1] = edited(chain[-1], lambda body: body.update(vote="reject", gates=patch))
    slip = edited(chain[-1], lambda body: gates(body)["tally"].update(need=3))
    assert forge(case, [*chain[:-1], slip]) == {("replay", "gates_differs", "p", SECOND)}  # the smallest slip is found
    assert (forge(case, chain), case.state) == (set(), "review")
    assert verify_database(database).verdict == "self-consistent"


def test_acts_of_suspension_are_found_where_a_vote_was_cast_in_between(database: Engine) -> None:
    case = submitted(database, gate(CLERKS, BOSS))
    case.act("approve", by="c1")
    case.act("suspend", by="reg", **BASIS)
    case.act("resume", by="reg", **BASIS)
    case.act("send_back", by="boss", **REASON)
    chain = case.rows
    moved = [*chain[:3], chain[4], chain[3], *chain[5:]]
    assert ("replay", "not_allowed", "p", 5) in forge(case, moved)


def test_a_rebuild_names_an_entry_that_it_cannot_read(case: Case) -> None:
    def no_kind(body: Body) -> None:
        del gates(body)["tasks"]["3"]["kind"]

    rows = case.rows
    found = forge(case, [*rows[:2], edited(rows[2], no_kind), *rows[3:]], rebuilt=False)
    assert ("replay", "malformed", "p", 3) in found
    before = case.engine.show("p").row
    with pytest.raises(KfqError) as caught:
        case.engine.rebuild()
    assert (caught.value.code, caught.value.values["key"], caught.value.values["seq"]) == ("rebuild_malformed", "p", 3)
    assert "3" in caught.value.text("zh")
    assert case.engine.show("p").row == before
