"""The effective history against brute force, and random histories with corrections against acting them anew."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kfq_workflow import InvalidInput, Paper, Refused, WorkflowEngine, open_database
from kfq_workflow.history.corrections import tell
from kfq_workflow.history.effective import effective, marks
from tests.contract.test_rectify import agrees, prepared

Told = tuple[int, str, dict[str, Any]]
PARTS = st.fixed_dictionaries(
    {}, optional={"on": st.sampled_from("abc"), "basis": st.sampled_from("xyz"),
                  "attrs": st.dictionaries(st.sampled_from("kl"), st.integers(0, 3), min_size=1)},
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Return acts and corrections of any of them, corrections of corrections among them."""
    told: list[Told] = []
    for seq in range(1, draw(st.integers(1, 12)) + 1):
        if seq == 1 or draw(st.booleans()):
            told.append((seq, "fired", {"on": "0", "basis": "0", "attrs": {"k": 9, "l": 9}}))
            continue
        instead = draw(st.one_of(st.just({"struck": True}), PARTS.filter(bool)))
        words = draw(st.sampled_from(([], ["source"])))
        if words and "struck" not in instead:
            instead = {**instead, "texts": words}
        proposal = {"seq": seq}  # its own words, for short
        body = {"corrects": draw(st.integers(1, seq - 1)), "instead": instead, "proposal": proposal,
                "texts": {"source": f"of {seq}"}}  # fmt: skip
        told.append((seq, "rectified", body))
    return told


def said(told: list[Told], seq: int) -> tuple[bool, dict[str, Any]] | None:
    """Return whether an entry stands, and what it says in the end; None for a correction that does not count.

    Straight from the words of the page: from the top down, and each correction asked anew.
    """
    body = told[seq - 1][2]
    is_correction = told[seq - 1][1] == "rectified"
    says = (
        dict(body["instead"]) if is_correction else {"on": body["on"], "basis": body["basis"], "attrs": body["attrs"]}
    )
    words = says.pop("texts", None)
    if words:
        says["source"] = body["texts"]["source"]
    struck = False
    for later, kind, other in told:
        if kind != "rectified" or other["corrects"] != seq:
            continue
        answer = said(told, later)
        if answer is None:
            continue
        if answer[1].get("struck"):
            struck = True
            continue
        says.pop("struck", None)
        attrs = {**says.get("attrs", {}), **answer[1].get("attrs", {})}
        says = {**says, **answer[1], **({"attrs": attrs} if attrs else {})}
    if struck and is_correction:
        return None
    return not struck, says


@given(histories())
def test_the_effective_history_is_what_each_entry_says_in_the_end(told: list[Told]) -> None:
    found = {entry.seq: entry.body for entry in effective(told)}
    for seq, kind, _ in told:
        answer = said(told, seq)
        if kind == "rectified":
            assert seq not in found
            continue
        assert answer is not None
        stands, says = answer
        assert stands is (seq in found)
        if stands:
            body = found[seq]
            told_here = {"on": body["on"], "basis": body["basis"], "attrs": body["attrs"]}
            if "source" in body.get("texts", {}):
                told_here["source"] = body["texts"]["source"]
            assert told_here == says
    for seq, mark in marks(told).items():
        assert mark.corrected_by == tuple(sorted(mark.corrected_by))
        assert all(other > seq for other in mark.corrected_by)


@given(histories(), st.integers(0, 12))
def test_what_was_known_is_the_same_of_fewer_entries(told: list[Told], upto: int) -> None:
    """Entries that are not known yet change nothing of what was known."""
    known = told[:upto]
    assert effective(known) == effective([entry for entry in told if entry[0] <= upto])


DAYS = [f"2020-{month:02}-15" for month in range(1, 13)]
LATER = st.sampled_from([*DAYS, "2020", "[2020-03-01..2020-09-30]"])
ACTS = st.sampled_from(["submit", "survey", "undo", "comment", "grant", "suspend", "resume", "amend"])
WHO = {
    "submit": "app", "survey": "clerk", "undo": "clerk", "comment": "boss", "grant": "boss", "suspend": "boss",
    "resume": "boss", "amend": "app",
}  # fmt: skip
STEP = st.tuples(ACTS, LATER)
CORRECTION = st.tuples(st.integers(1, 12), st.one_of(st.just({"struck": True}), LATER.map(lambda day: {"on": day})))
_NUMBERS = count(1)


def act(engine: WorkflowEngine, key: str, name: str, day: str, area: str = "7") -> None:
    if name == "amend":
        engine.amend(key, {"area": area}, by="app")
    else:
        papers = [Paper("request", number="1")] if name == "submit" else []
        engine.fire(key, name, by=WHO[name], on=day, papers=papers)


def acted_anew(engine: WorkflowEngine, entries: list[Any]) -> bool:
    """Tell whether the acts of an effective history can be done one after the other on a new instance, on its days."""
    key = f"again-{next(_NUMBERS)}"
    first = entries[0].body
    engine.start("permit", key, by="app", name="n", on=first["on"]["edtf"], attrs=first["attrs"])
    try:
        for entry in entries[1:]:
            if entry.kind not in ("fired", "amended"):
                continue
            name = "amend" if entry.kind == "amended" else entry.body["trigger"]
            act(engine, key, name, entry.body.get("on", {}).get("edtf", ""))
            done = engine.history(key)[-1].body
            if (done.get("set"), done.get("was")) != (entry.body.get("set"), entry.body.get("was")):
                return False
    except (Refused, InvalidInput):
        return False
    return True


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=8), st.lists(CORRECTION, max_size=4), st.lists(STEP, max_size=3))
def test_a_correction_is_allowed_when_its_history_could_be_acted_anew(
    steps: list[tuple[str, str]], corrections: list[tuple[int, dict[str, Any]]], more: list[tuple[str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'log.db'}", synchronous="NORMAL")
        engine = prepared(database)
        try:
            begun(engine, steps)
            for seq, what in corrections:
                corrected(engine, seq, what)
            begun(engine, more)
            agrees(engine)
        finally:
            database.dispose()


def begun(engine: WorkflowEngine, steps: list[tuple[str, str]]) -> None:
    for name, day in steps:
        try:
            act(engine, "p", name, day)
        except (Refused, InvalidInput):
            continue


def corrected(engine: WorkflowEngine, seq: int, what: dict[str, Any]) -> None:
    """Try a correction, and see it allowed exactly when the corrected acts can be done anew."""
    told = [tell(entry.row) for entry in engine.history("p")]
    if seq > len(told) or told[seq - 1][1] not in ("started", "fired", "amended", "rectified"):
        return
    try:
        proposal = engine.rectify("p", seq, by="rec", reason="r", **what)
    except Refused as error:
        codes = {refusal.code for refusal in error.refusals}
        event(", ".join(sorted(codes)))
        if "rectify_breaks" in codes:
            at = len(told) + 1
            body = {"corrects": seq, "instead": {}, "proposal": {"seq": at}}
            body["instead"] = what if "struck" in what else {"on": _on(what["on"])}
            assert not acted_anew(engine, effective([*told, (at, "rectified", body)]))
        return
    done = engine.confirm("p", proposal.receipt.seq, by="chief")
    event("struck" if "struck" in what else "day")
    assert done.receipt.kind == "rectified"
    assert acted_anew(engine, effective(tell(entry.row) for entry in engine.history("p")))
    agrees(engine)


def _on(text: str) -> dict[str, str]:
    from kfq_workflow import edtf

    day = edtf.parse(text)
    return {"edtf": day.edtf, "lo": day.lo or "", "hi": day.hi or ""}
