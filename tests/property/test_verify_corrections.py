"""A correction or an erasure of which anything was changed, and what follows hashed anew, is found; nothing crashes."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kfq_workflow import Paper, open_database
from kfq_workflow.entry import Row, encode_fields, encode_json, leaf_hash
from kfq_workflow.export import write_export
from kfq_workflow.stored.source import Document, TextRow
from kfq_workflow.verify import verify
from kfq_workflow.verifying import reading
from tests.beside import verify_export
from tests.contract.test_rectify import prepared
from tests.logs import Log

if TYPE_CHECKING:
    from kfq_workflow.log import LogHead

KINDS = ("proposed", "rectified", "redacted", "declined")
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.sampled_from(["", "x", "main", "granted", "2020-01-01", "note"]),
    st.just([]), st.just({}), st.just({"struck": True}), st.just([{"seq": 1, "field": "name"}]),
    st.just({"main": None}),
)  # fmt: skip


class Stored(Log):
    """A log whose rows come from a database."""

    head: LogHead

    def __post_init__(self) -> None:
        pass

    def log(self) -> LogHead:
        return self.head


@cache
def original() -> Stored:
    """Return a log with corrections of every kind, one of a correction, an erasure and a proposal that was declined."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'log.db'}")
        engine = prepared(database)
        for seq, what in (
            (2, {"on": "2020-02-03", "papers": [Paper("request", number="2号", title="请示")]}),
            (4, {"struck": True}),
            (6, {"on": "2020-02-04"}),
            (1, {"attrs": {"area": "3", "owner": "另一人"}}),
        ):
            done = engine.rectify("p", seq, by="rec", reason="r", number="9", **what)  # type: ignore[arg-type]
            engine.confirm("p", done.receipt.seq, by="chief")
        engine.decline(
            "p", engine.rectify("p", 3, by="rec", reason="r", on="2020-03").receipt.seq, by="chief", reason="n"
        )
        done = engine.redact("p", [(1, "name"), (2, "papers.0.title")], by="rec", reason="r", number="1")
        engine.confirm("p", done.receipt.seq, by="chief")
        found = Stored()
        with reading(database) as source:
            found.head = source.log()
            found.rows = list(source.entries())
            found.words = [TextRow(*text) for text in source.texts()]
            found.stored = [Document(*document) for document in source.documents()]
        database.dispose()
    assert verify(found).verdict == "self-consistent"
    return found


def paths(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside of a body."""
    found = [place] if place else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inside:
        found += paths(item, (*place, name))
    return found


def changed(body: dict[str, Any], place: tuple[Any, ...], value: Any, *, gone: bool) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(body))
    at: Any = found
    for name in place[:-1]:
        at = at[name]
    if gone:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return found


def rehashed(log: Stored, row: Row, body: dict[str, Any]) -> Stored:
    """Return the log with another body in one entry, and its chain hashed anew from there on."""
    made = Stored()
    made.head, made.words, made.stored, made.rows = log.head, log.words, log.stored, []
    head = b""
    for each in log.rows:
        new = each
        if each.instance == row.instance and each.seq >= row.seq:
            prev = each.prev if each.seq == row.seq else head
            text = encode_json(body) if each.seq == row.seq else each.body
            new = each._replace(body=text, prev=prev)
            new = new._replace(leaf=leaf_hash(encode_fields(new, prev, log.head.log)))
            head = new.leaf
        made.rows.append(new)
    return made


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_correction_is_found(data: st.DataObject) -> None:
    log = original()
    row = data.draw(st.sampled_from([row for row in log.rows if row.kind in KINDS]), label="entry")
    body = json.loads(row.body)
    place = data.draw(st.sampled_from(paths(body)), label="place")
    gone, value = data.draw(st.booleans(), label="gone"), data.draw(VALUES, label="value")
    other = changed(body, place, value, gone=gone)
    if other == body:
        return
    made = rehashed(log, row, other)
    report = verify(made)
    assert report.verdict == "tampered", (row.kind, place)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        write_export(made, path)
        assert verify_export(path).verdict == "tampered"
