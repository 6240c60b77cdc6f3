"""What is no text where text is wanted is refused as input, in both languages, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, schema
from kfq_workflow.errors import InvalidInput
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

pytestmark = pytest.mark.backends("sqlite")

#: What a program may hand in by mistake; falsy values too, which must not pass for "nothing was given".
NO_TEXT = (5, 0, b"", b"agreed", ["agreed"], {"a": "b"}, False, 1.5, object())

#: argument → how it is handed in
WORDS: dict[str, Callable[[WorkflowEngine, Any], object]] = {
    "opinion": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request")], opinion=x),
    "request": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request")], request=x),
    "on": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request")], on=x),
    "trigger": lambda e, x: e.fire("p", x, by="clerk"),
    "key": lambda e, x: e.fire(x, "submit", by="clerk"),
    "by": lambda e, x: e.fire("p", "submit", by=x),
    "paper": lambda e, x: e.fire("p", "submit", by="clerk", papers=[x]),
    "paper's type": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper(x)]),
    "paper's number": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request", number=x)]),
    "paper's title": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request", title=x)]),
    "paper's digest": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request", sha256=x)]),
    "paper's date": lambda e, x: e.fire("p", "submit", by="clerk", papers=[Paper("request", dates={"signed": x})]),
    "name": lambda e, x: e.start("permit", "q", by="clerk", name=x),
    "workflow": lambda e, x: e.start(x, "q", by="clerk", name="n"),
    "root": lambda e, x: e.start("permit", "q", by="clerk", name="n", root=x),
    "note": lambda e, x: e.annotate("p", x, by="clerk"),
    "plan": lambda e, x: e.annotate("p", "n", by="clerk", plan={"kind": x}),
    "source": lambda e, x: e.adopt("p", {"main": "review"}, by="clerk", source=x, reason="r"),
    "reason": lambda e, x: e.adopt("p", {"main": "review"}, by="clerk", source="s", reason=x),
    "basis": lambda e, x: e.adopt("p", {"main": "review"}, by="clerk", source="s", reason="r", basis=x),
    "performer": lambda e, x: e.register("p", "submit", by="clerk", performed_by=x, source="s", basis="stated"),
    "reason of an amendment": lambda e, x: e.amend("p", {"area": "2"}, by="clerk", reason=x),
    "id": lambda e, x: e.enroll(x, by="system"),
    "role": lambda e, x: e.enroll("new", by="system", roles=[x]),
    "actor's name": lambda e, x: e.enroll("new", by="system", name=x),
    "post": lambda e, x: e.enroll("new", by="system", post=x),
    "organisation": lambda e, x: e.enroll("new", by="system", org=x),
}


@pytest.fixture
def engine(database: Engine) -> WorkflowEngine:
    schema.init(database)
    engine = WorkflowEngine(database)
    engine.define(permit(), by="system")
    engine.enroll("clerk", by="system", roles=["applicant", "registrar"])
    engine.start("permit", "p", by="clerk", name="n")
    return engine


@pytest.mark.parametrize("what", WORDS)
def test_what_is_no_text_is_refused(engine: WorkflowEngine, what: str) -> None:
    before = len(engine.history("p"))
    for value in NO_TEXT:
        with pytest.raises(InvalidInput) as caught:
            WORDS[what](engine, value)
        assert caught.value.code in ("not_text", "not_a_paper"), value
        assert type(value).__name__ in caught.value.text("zh")
        assert type(value).__name__ in str(caught.value)
    assert len(engine.history("p")) == before
    assert [actor.id for actor in engine.actors()] == ["clerk"]


def test_one_role_is_not_a_list_of_letters(engine: WorkflowEngine) -> None:
    for roles in ("registrar", 5):
        with pytest.raises(InvalidInput) as caught:
            engine.enroll("new", by="system", roles=roles)
        assert caught.value.code == "not_a_list"
    with pytest.raises(InvalidInput, match="enabled"):
        engine.enroll("clerk", by="system", enabled="no")
