"""The 14 cases and 8 probes of the interview, decided and folded without a database."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import casefile, edtf, zones
from kfq_workflow.decision import adoption, decide
from kfq_workflow.machine import Rules
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor

if TYPE_CHECKING:
    from kfq_workflow.casefile import Case

with as_file(files("kfq_workflow.zones")) as folder:
    FILE = casefile.load(folder / "linfen_2020_events.yaml")
CASES = {case.key: case for case in FILE.cases}


def live(case: Case) -> tuple[Rules, Snapshot]:
    """Go through the acts of a case, and check that each day is possible."""
    rules, snapshot = Rules(zones.shipped()[case.workflow]), Snapshot()
    for seq, act in enumerate(case.acts, 1):
        rests: tuple[int, ...] = ()
        body: dict[str, Any] = {}
        if act.kind == "start":
            body["set"], kind = rules.start(), "started"
        elif act.kind == "adopt":
            (body["set"], body["was"]), kind = adoption(rules, snapshot, act.states), "adopted"
        else:
            actor = Actor(act.by, frozenset({act.by}))
            decision = decide(rules, snapshot, act.trigger, actor=actor, late=True)
            assert decision.allowed, (case.key, act.line, decision.refusals)
            body["set"], kind, rests = dict(decision.set), "fired", decision.rests
        day = edtf.parse(act.on or "")
        bound = snapshot.earliest(rests, body["set"])
        assert bound is None or day.hi is None or bound[1] <= day.hi
        body |= {"rests": list(rests), "on": {"edtf": day.edtf, "hi": day.hi} | ({"lo": day.lo} if day.lo else {})}
        snapshot.apply(seq, kind, body)
    return rules, snapshot


@pytest.mark.parametrize("key", CASES)
def test_a_case_reaches_its_end(key: str) -> None:
    assert live(CASES[key])[1].regions == dict(CASES[key].ends)


@pytest.mark.parametrize("probe", FILE.refused, ids=lambda probe: f"{probe.key}-{probe.trigger}")
def test_a_probe_is_refused(probe: casefile.Attempt) -> None:
    rules, snapshot = live(CASES[probe.key])
    actor = Actor(probe.by, frozenset({probe.by}))
    decision = decide(rules, snapshot, probe.trigger, actor=actor, papers=rules.definition.papers)
    assert not decision.allowed
    assert not decision.missing


def test_nothing_is_missing() -> None:
    assert (len(CASES), len(FILE.refused)) == (14, 8)
