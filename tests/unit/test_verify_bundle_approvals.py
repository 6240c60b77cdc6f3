"""The independent verifier on approvals: what the library finds in a log whose approvals were altered, it finds too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import reading
from kfq_workflow import verify_bundle as alone
from kfq_workflow.bundle import Scope, write_bundle
from tests.approved import approved, approved_log
from tests.beside import verify_bundled
from tests.mutants import Result, Said, by_file, by_library, compare, hashed_anew, mutant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Body = dict[str, Any]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return approved_log(tmp_path_factory.mktemp("log"))


def altered(log: bytes, instance: str, seq: int, edit: Callable[[Body], object], **columns: Any) -> bytes:
    """Return the log with one entry that says something else, and all that follows hashed anew."""
    lines = log.splitlines()
    entries = {number: json.loads(line) for number, line in enumerate(lines) if line.startswith(b'{"actor":')}
    entry = next(e for e in entries.values() if (e["instance"], e["seq"]) == (instance, seq))
    edit(entry["body"])
    entry.update(columns)
    return hashed_anew(lines, entries)


def both(path: Path, data: bytes) -> tuple[Said, Said]:
    """Let both read it."""
    path.write_bytes(data)
    return by_library(path), by_file(path)


def gate(body: Body) -> Body:
    """Return the patch of the gate in a body."""
    found: Body = body["gates"]["grant"]
    return found


def day(text: str) -> Body:
    """Return an exact day as a body says it."""
    return {"edtf": text, "lo": text, "hi": text}


def test_an_honest_log_of_every_operation_has_no_findings(tmp_path: Path, log: bytes) -> None:
    library, file = both(tmp_path / "log.jsonl", log)
    assert (library.findings, file.findings) == (frozenset(), frozenset())
    kinds = {json.loads(line)["kind"] for line in log.splitlines() if line.startswith(b'{"actor":')}
    assert alone.Approvals.kinds <= kinds


@pytest.mark.parametrize("instance", ["p", "q", "r"])
def test_a_bundle_of_one_instance_is_decided_alike(tmp_path: Path, instance: str) -> None:
    engine = approved(tmp_path)
    engine.seal()
    with reading(engine.database) as source:
        write_bundle(source, tmp_path / "bundle.zip", Scope(instance))
    engine.database.dispose()
    assert verify_bundled(tmp_path / "bundle.zip").findings == ()


#: Of an instance's entry what is altered, and what is found at it.
_PROBES: tuple[tuple[str, int, Callable[[Body], object], str], ...] = (
    # opened
    ("p", 3, lambda body: gate(body).update(org="city"), "gates_differs"),
    ("p", 3, lambda body: gate(body).update(by="c1"), "gates_differs"),
    ("p", 3, lambda body: gate(body).pop("due"), "gates_differs"),
    ("p", 3, lambda body: gate(body).update(bound="00" * 32), "gates_differs"),
    ("p", 3, lambda body: gate(body)["tasks"].pop("2"), "gates_differs"),
    ("p", 3, lambda body: gate(body)["tasks"]["3"].pop("veto"), "gates_differs"),
    ("p", 3, lambda body: gate(body)["tasks"]["3"].update(veto=1), "gates_differs"),
    ("p", 3, lambda body: gate(body).update(round=True), "malformed"),
    ("p", 3, lambda body: body["candidates"].update(clerks=["c1", "x"]), "candidate"),
    ("p", 3, lambda body: body["candidates"].update(nobody=["c1"]), "candidate"),
    ("p", 3, lambda body: body.update(mode="late"), "mode"),
    ("p", 3, lambda body: body.pop("on"), "date_missing"),
    ("p", 3, lambda body: body.update(trigger="fly"), "unknown_trigger"),
    ("p", 3, lambda body: body.update(trigger="refuse"), "not_allowed"),
    ("p", 3, lambda body: body.update(set={"main": "granted"}), "says_more"),
    ("p", 19, lambda body: body.pop("direct"), "gates_differs"),
    ("p", 19, lambda body: gate(body).update(settled={"8": {"by": "c2"}}), "gates_differs"),
    ("p", 30, lambda body: body.update(direct=True), "not_allowed"),
    ("q", 3, lambda body: body["attested"].clear(), "attested_missing"),
    ("q", 3, lambda body: body["attested"]["panel@1"]["values"].update(actors=["c1"]), "gates_differs"),
    ("q", 3, lambda body: body["attested"].update({"other@1": {"answer": True}}), "attested_differs"),
    ("q", 10, lambda body: gate(body)["tasks"]["2"].update(step=1), "gates_differs"),
    # voted
    ("p", 6, lambda body: body.update(vote="reject"), "gates_differs"),
    ("p", 6, lambda body: body.update(papers=[]), "not_allowed"),
    ("p", 6, lambda body: body.update(task="3"), "not_allowed"),
    ("p", 6, lambda body: body.pop("task"), "malformed"),
    ("p", 6, lambda body: body.update(set={"main": "granted"}), "set_differs"),
    ("p", 6, lambda body: body.update(did={"grant": "c1"}), "says_more"),
    ("p", 8, lambda body: gate(body)["tally"].update(approve=2), "gates_differs"),
    ("p", 8, lambda body: gate(body)["tally"].update(of=3, reject=0, abstain=0), "gates_differs"),
    ("p", 27, lambda body: body["for"].update(grant=9), "not_allowed"),
    ("p", 27, lambda body: body.pop("for"), "not_allowed"),
    ("p", 27, lambda body: body["for"].update(id="c1"), "not_allowed"),
    ("p", 27, lambda body: body["for"].update(ground="late"), "not_allowed"),
    ("p", 27, lambda body: body.pop("set"), "set_differs"),
    ("p", 27, lambda body: body.update(did={"grant": "x"}), "did_differs"),
    ("p", 27, lambda body: body.update(rests=[2]), "rests_differs"),
    ("p", 27, lambda body: gate(body).update(state="rejected"), "gates_differs"),
    ("p", 27, lambda body: gate(body)["tasks"]["2"].update(state="approved"), "gates_differs"),
    ("q", 14, lambda body: body.update(rests=[]), "rests_differs"),
    ("q", 14, lambda body: body.update(rests=[1, 2]), "rests_differs"),
    # the others
    ("p", 4, lambda body: body.update(to="boss"), "not_allowed"),
    ("p", 5, lambda body: body.update(task="1"), "not_allowed"),
    ("p", 7, lambda body: gate(body)["tasks"]["4"].pop("from"), "gates_differs"),
    ("p", 7, lambda body: gate(body)["tally"].update(since=7), "gates_differs"),
    ("p", 13, lambda body: gate(body).update(tally={}), "gates_differs"),
    ("p", 9, lambda body: body.update(to="c2"), "not_allowed"),
    ("p", 9, lambda body: body.update(to="app"), "not_allowed"),
    ("p", 9, lambda body: body.update(to="x"), "not_allowed"),
    ("p", 10, lambda body: body.update(place="after"), "gates_differs"),
    ("p", 10, lambda body: body.update(weight=5), "gates_differs"),
    ("p", 11, lambda body: body.update(need=9), "not_allowed"),
    ("p", 11, lambda body: body["old"].update(of=9), "old_differs"),
    ("p", 23, lambda body: body.update(old={"due": "2999-12-31"}), "old_differs"),
    ("p", 10, lambda body: body.pop("old"), "old_differs"),
    ("p", 11, lambda body: body.update(need=0), "not_allowed"),
    ("p", 11, lambda body: body.update(need=1), "gates_differs"),
    ("p", 12, lambda body: body.update(task="1"), "not_allowed"),
    ("p", 13, lambda body: gate(body)["urged"].update(app="2026-01-01"), "gates_differs"),
    ("p", 13, lambda body: body.update(calendar="00" * 32), "calendar"),
    ("p", 14, lambda body: body.update(to=["c2"]), "gates_differs"),
    ("p", 15, lambda body: gate(body)["copies"]["x"].update(read=14), "gates_differs"),
    ("p", 16, lambda body: body.update(gates={"grant": {"state": "approved"}}), "says_more"),
    ("p", 16, lambda body: body.update(attrs={"area": "9"}), "says_more"),
    ("p", 17, lambda body: body.update(to="granted"), "not_allowed"),
    ("p", 18, lambda body: gate(body).update(touched=[]), "gates_differs"),
    ("p", 20, lambda body: body.pop("gates"), "gates_differs"),
    ("p", 20, lambda body: body["attrs"].update(area="2.6"), "gates_differs"),
    ("p", 21, lambda body: body.pop("gates"), "gates_differs"),
    ("p", 22, lambda body: gate(body)["tasks"]["1"].update(state="blocked"), "gates_differs"),
    ("p", 23, lambda body: body.update(due="2999-12-29"), "gates_differs"),
    ("p", 25, lambda body: gate(body)["waived"].update(both=["reg2"]), "gates_differs"),
    ("p", 25, lambda body: body.update(signer="reg2"), "not_allowed"),
    ("p", 28, lambda body: body.pop("set"), "set_differs"),
    ("p", 28, lambda body: body["set"].update(main="draft"), "set_differs"),
    ("p", 28, lambda body: gate(body).update(closed=1), "gates_differs"),
    ("p", 31, lambda body: body["set"].update(survey="done"), "set_differs"),
    ("p", 31, lambda body: body.pop("was"), "was_differs"),
    ("p", 34, lambda body: body.pop("gates"), "gates_differs"),
    ("q", 8, lambda body: body.pop("gates"), "gates_differs"),
    ("r", 4, lambda body: gate(body)["tasks"]["1"].update(state="open"), "gates_differs"),
    ("r", 6, lambda body: body.pop("gates"), "gates_differs"),
    # reasons and documents
    ("p", 9, lambda body: body["texts"].pop("reason"), "grounds_missing"),
    ("p", 21, lambda body: body["texts"].pop("reason"), "grounds_missing"),
    ("p", 22, lambda body: body.pop("number"), "grounds_missing"),
    ("p", 23, lambda body: body.update(number=""), "grounds_missing"),
    # days
    ("s", 4, lambda body: body.update(on=day("2020-02-20")), "date_order"),
    ("s", 5, lambda body: body.update(on=day("2020-03-04")), "date_order"),
    ("s", 5, lambda body: body.update(on=day("2020-01-04")), "date_order"),
    ("s", 4, lambda body: body.update(on={**day("2020-03-05"), "lo": "2020-03-04"}), "date_differs"),
    ("s", 4, lambda body: body.update(on=day("2020-02-31")), "date_malformed"),
    ("s", 4, lambda body: body.update(on=day("2999-01-01")), "date_differs"),
    # what is no gate
    ("p", 6, lambda body: body.update(gates=[]), "malformed"),
    ("p", 6, lambda body: body.update(gates={"grant": 7}), "malformed"),
    ("p", 6, lambda body: body.update(gates={}), "not_allowed"),
    ("p", 6, lambda body: body.pop("gates"), "malformed"),
    ("p", 3, lambda body: gate(body)["tasks"]["1"].pop("kind"), "malformed"),
    ("p", 4, lambda body: gate(body)["tasks"]["3"].update(asked={"x": {}}), "malformed"),
)


def test_every_probe_is_found_by_both_alike(tmp_path: Path, log: bytes) -> None:
    for number, (instance, seq, edit, kind) in enumerate(_PROBES):
        library, file = both(tmp_path / "log.jsonl", altered(log, instance, seq, edit))
        assert file.findings == library.findings, (number, instance, seq, kind)
        assert ("replay", kind, "error", instance, seq) in file.findings, (number, instance, seq, kind, file.findings)
        assert (library.verdict, file.verdict) == ("tampered", "tampered")


#: Of an instance's entry another actor, and what is found at it.
_ACTORS = (
    ("p", 3, "c1", "not_allowed"), ("p", 4, "c1", "not_allowed"), ("p", 5, "reg", "not_allowed"),
    ("p", 6, "app", "not_allowed"), ("p", 6, "nobody", "not_allowed"), ("p", 8, "c2", "gates_differs"),
    ("p", 7, "c2", "not_allowed"), ("p", 9, "boss", "not_allowed"), ("p", 11, "c3", "gates_differs"),
    ("p", 12, "x", "not_allowed"), ("p", 15, "c1", "not_allowed"), ("p", 21, "boss", "actor_role"),
    ("p", 22, "c1", "actor_role"), ("p", 23, "boss", "not_allowed"), ("p", 25, "reg", "not_allowed"),
    ("p", 25, "both", "not_allowed"), ("p", 27, "c3", "not_allowed"), ("p", 28, "boss", "not_allowed"),
    ("p", 31, "both", "gates_differs"), ("q", 8, "c3", "actor_role"), ("r", 4, "c1", "not_allowed"),
)  # fmt: skip


def test_whoever_acted_is_asked_by_both_alike(tmp_path: Path, log: bytes) -> None:
    for instance, seq, actor, kind in _ACTORS:
        data = altered(log, instance, seq, lambda _body: None, actor=actor)
        library, file = both(tmp_path / "log.jsonl", data)
        assert file.findings == library.findings, (instance, seq, actor)
        assert ("replay", kind, "error", instance, seq) in file.findings, (instance, seq, actor, file.findings)


@pytest.mark.slow
def test_both_give_mutants_of_approvals_the_same_findings(tmp_path: Path, log: bytes) -> None:
    result, path = Result(), tmp_path / "log.jsonl"
    for number in range(300):
        path.write_bytes(mutant(log, 11, number, hashed=True))
        compare(path, number, result)
    assert result.verdicts == 0, result.how
    assert result.findings <= result.mutants * 0.01, result.how
