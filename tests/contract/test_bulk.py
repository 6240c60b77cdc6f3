"""The same act on many instances: each by itself, each reported, and a batch that goes on after a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import InvalidInput, Paper, WorkflowEngine, schema
from kfq_workflow.errors import DatabaseUnavailable
from kfq_workflow.verbs.bulk import request_of
from tests.workflows import permit

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEYS = [f"permit-{number}" for number in range(5)]
REQUEST = [Paper("request")]


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    schema.init(database)
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    for office in ("applicant", "clerk", "authority", "registrar"):
        engine.enroll(office, by="system", roles=[office])
    for key in KEYS:
        engine.start("permit", key, by="applicant", name=key)
    return engine


def submitted(engine: WorkflowEngine, keys: list[str] = KEYS, **how: Any) -> dict[str, str]:
    given = {"by": "applicant", "batch": "b", "papers": REQUEST} | how
    return {outcome.key: outcome.what for outcome in engine.advance_many(keys, "fire", "submit", **given)}


def test_each_is_decided_by_itself_and_reported(engine: WorkflowEngine) -> None:
    engine.fire(KEYS[1], "submit", by="applicant", papers=REQUEST)
    assert submitted(engine, [*KEYS, "nowhere", "~odd", KEYS[0]]) == {
        KEYS[0]: "moved", KEYS[1]: "refused", KEYS[2]: "moved", KEYS[3]: "moved", KEYS[4]: "moved",
        "nowhere": "failed", "~odd": "failed",
    }  # fmt: skip
    assert engine.history(KEYS[1])[-1].row.kind == "refused"


def test_the_same_batch_again_finds_what_it_did(engine: WorkflowEngine) -> None:
    submitted(engine, KEYS[:3])
    lengths = [len(engine.history(key)) for key in KEYS[:3]]
    assert submitted(engine) == dict.fromkeys(KEYS[:3], "done") | dict.fromkeys(KEYS[3:], "moved")
    assert [len(engine.history(key)) for key in KEYS[:3]] == lengths


def test_another_batch_is_another_request(engine: WorkflowEngine) -> None:
    submitted(engine)
    assert set(submitted(engine, batch="c").values()) == {"refused"}


def test_a_dry_run_tells_the_same_and_writes_nothing(engine: WorkflowEngine) -> None:
    engine.fire(KEYS[1], "submit", by="applicant", papers=REQUEST)
    before = [len(engine.history(key)) for key in KEYS]
    told = submitted(engine, dry_run=True)
    assert [len(engine.history(key)) for key in KEYS] == before
    assert told == submitted(engine)


def test_the_outcome_says_why(engine: WorkflowEngine) -> None:
    [outcome] = engine.advance_many([KEYS[0]], "fire", "submit", by="applicant", batch="b")
    assert not outcome.ok
    assert "缺少材料" in outcome.text("zh")
    assert "missing" in outcome.text()


def test_a_stale_revision_is_a_conflict(engine: WorkflowEngine) -> None:
    assert set(submitted(engine, expect=7).values()) == {"conflict"}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"act": "void"}, "invalid_value"),
        ({"batch": "x" * 40}, "batch_too_long"),
        ({"batch": "no spaces"}, "invalid_request_id"),
        ({"trigger": None}, "required_text"),
    ],
)
def test_what_is_malformed_is_refused_before_the_first(engine: WorkflowEngine, how: dict[str, Any], code: str) -> None:
    given = {"act": "fire", "trigger": "submit", "batch": "b"} | how
    with pytest.raises(InvalidInput) as caught:
        engine.advance_many(KEYS, given["act"], given["trigger"], by="applicant", batch=given["batch"])
    assert caught.value.code == code


def test_nothing_is_done_before_it_is_asked_for(engine: WorkflowEngine) -> None:
    outcomes = engine.advance_many(KEYS, "fire", "submit", by="applicant", batch="b", papers=REQUEST)
    next(outcomes)
    assert [engine.show(key).row.state for key in KEYS[:2]] == ["review", "draft"]


def test_a_request_id_is_of_its_batch_and_key() -> None:
    assert len(request_of("x" * 39, "某开发区/扩区")) == 64
    assert len({request_of(batch, key) for batch in "ab" for key in ("k", "K")}) == 4


_CRASH = """
import os, sys
from kfq_workflow import Paper, WorkflowEngine, open_database
engine = WorkflowEngine(open_database(sys.argv[1]))
done = engine.advance_many(sys.argv[2:], "fire", "submit", by="applicant", batch="b", papers=[Paper("request")])
next(done), next(done)
os._exit(9)
"""


def test_a_batch_goes_on_after_its_process_was_killed(engine: WorkflowEngine, database_url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _CRASH, database_url, *KEYS], check=False, cwd=Path(__file__).parents[2]
    )
    assert ended.returncode == 9
    assert submitted(engine) == dict.fromkeys(KEYS[:2], "done") | dict.fromkeys(KEYS[2:], "moved")


@pytest.mark.backends("sqlite")
def test_a_database_that_is_gone_stops_the_batch(engine: WorkflowEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_work: object) -> None:
        raise DatabaseUnavailable("database_gone", reason="-")

    monkeypatch.setattr(engine, "run", gone)
    with pytest.raises(DatabaseUnavailable):
        submitted(engine)
