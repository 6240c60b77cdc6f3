"""What is of the wrong type is refused as input, in both languages, and changes nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import Paper, WorkflowEngine, open_database, schema
from kfq_workflow.definition.document import load
from kfq_workflow.errors import DefinitionError, InvalidInput
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


ANYTHING: Any = Path("kfq.db")
#: What a program may confuse → (what it calls, the error's code, words of its sentence).
CONFUSED: dict[str, tuple[Any, str, str]] = {
    "a URL for an engine": (lambda _: WorkflowEngine(ANYTHING), "wrong_type", "must be of type Engine, not PosixPath"),
    "a path for a URL": (lambda _: open_database(ANYTHING), "not_text", "PosixPath"),
    "a file for a definition": (lambda e: e.define("permit.yaml", by="system"), "wrong_type", "Definition, not str"),
    "a name for a session": (lambda e: e.join("session"), "wrong_type", "must be of type Connection, not str"),
    "one paper for a list": (
        lambda e: e.fire("p", "submit", by="clerk", papers=Paper("request")), "not_a_list", "not one Paper",
    ),
    "a float for a decimal": (
        lambda e: e.amend("p", {"area": 1.5}, by="clerk"), "value_not_text", "such as 1.20), not as the float 1.5",
    ),
    "words for a decimal": (
        lambda e: e.amend("p", {"area": "much"}, by="clerk"), "invalid_value", "expected a decimal, such as 1.20",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CONFUSED)
def test_what_a_program_confuses_is_said_in_words(engine: WorkflowEngine, what: str) -> None:
    call, code, words = CONFUSED[what]
    with pytest.raises(InvalidInput, match=re.escape(words)) as caught:
        call(engine)
    assert caught.value.code == code
    assert caught.value.text("zh") != str(caught.value)


def test_system_acts_no_more_once_there_is_an_administrator(engine: WorkflowEngine) -> None:
    engine.enroll("admin", by="system", roles=["administrator"])
    with pytest.raises(InvalidInput, match="let an administrator do it"):
        engine.enroll("new", by="system", roles=["registrar"])


def test_the_name_of_a_file_is_no_definition() -> None:
    with pytest.raises(DefinitionError, match=re.escape('load(Path("permit.yaml"))')):
        load("permit.yaml")
    with pytest.raises(DefinitionError) as caught:
        load("permit\n")
    assert [(problem.code, problem.line) for problem in caught.value.problems] == [("definition.expected", 1)]
    assert "映射" in caught.value.text("zh")
