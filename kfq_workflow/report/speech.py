"""How a report names things: labels, people, days and entries in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.edtf import instant_text
from kfq_workflow.messages.bilingual import bilingual
from kfq_workflow.report import dates
from kfq_workflow.report.words import PHRASES, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kfq_workflow.definition.model import Definition


@dataclass(frozen=True, slots=True)
class Speech:
    """The language of a report, the log's offset in minutes, and `names`, which tells what a person is called."""

    lang: str
    utc_offset: int
    names: Callable[[str], str]

    def say(self, code: str, /, **values: object) -> str:
        """Return a phrase."""
        return phrase(code, self.lang, **values)

    def word(self, prefix: str, code: str) -> str:
        """Return the word for a code, or the code itself."""
        return phrase(f"{prefix}.{code}", self.lang) if f"{prefix}.{code}" in PHRASES else code

    def label(self, definition: Definition, kind: str, name: str) -> str:
        """Return an item's label, or its name."""
        return definition.label(kind, name, self.lang)

    def state(self, definition: Definition, region: str, state: str | None) -> str:
        """Return a state's label."""
        if state is None:
            return self.say("not_on_record")
        found = definition.label("state", f"{region}={state}", self.lang)
        return state if found == f"{region}={state}" else found

    def choice(self, definition: Definition, name: str, value: Any) -> str:
        """Return a value of an attribute or parameter, a choice by its label."""
        found = definition.label("choice", f"{name}={value}", self.lang)
        return str(value) if found == f"{name}={value}" else found

    def person(self, id: str) -> str:  # noqa: A002 - the field's word
        """Return a person's name with the id, or the id alone."""
        name = bilingual(self.names(id), self.lang)
        if name in ("", id):
            return id
        return f"{name}（{id}）" if self.lang == "zh" else f"{name} ({id})"

    def text(self, text: str) -> str:
        """Return what a person wrote in both languages in this one."""
        return bilingual(text, self.lang)

    def joined(self, words: Iterable[str]) -> str:
        """Return words as a list."""
        return ("、" if self.lang == "zh" else ", ").join(words)

    def day(self, edtf: str | None) -> str:
        """Return a day as people say it."""
        return dates.spoken(edtf, self.lang)

    def instant(self, at: int) -> str:
        """Return an instant as local text."""
        return instant_text(at, self.utc_offset)

    def local_day(self, at: int) -> str:
        """Return the local ISO day of an instant."""
        return dates.day_of(at, self.utc_offset)

    def entry(self, seq: int) -> str:
        """Return an entry's number in words."""
        return self.say("entry.ref", seq=seq)
