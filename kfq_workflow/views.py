"""What readers get: an instance as it stands, and its history entry by entry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import parse_canonical
from kfq_workflow.hashing import check_letters
from kfq_workflow.history.effective import effective as effective_of
from kfq_workflow.history.effective import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.entry import Row
    from kfq_workflow.history.effective import Mark
    from kfq_workflow.state import InstanceRow, Snapshot
    from kfq_workflow.values import Refusal


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as it stands: its row, its snapshot, its definition and the name that people gave it."""

    row: InstanceRow
    snapshot: Snapshot
    definition: Definition
    name: str

    @property
    def key(self) -> str:
        """The key that the application chose."""
        return self.row.key

    @property
    def rev(self) -> int:
        """The entry that changed something last; what `expect` compares."""
        return self.row.rev

    @property
    def is_open_for_business(self) -> bool:
        """Whether it is in a phase that counts as open."""
        return self.row.phase in self.definition.open_phases

    @property
    def is_closed(self) -> bool:
        """Whether `main` is in a terminal state."""
        return self.definition.is_terminal("main", self.row.state)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The stored states, `region=state`, that its definition does not know: somebody changed them."""
        stored = list(self.snapshot.regions.items())
        if self.row.state is not None:
            stored.append(("main", self.row.state))
        return tuple(dict.fromkeys(f"{region}={state}" for region, state in unknown(self.definition, stored)))


def unknown(definition: Definition, stored: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each region and its stored state that a definition does not know."""
    for region, state in stored:
        known = definition.regions.get(region)
        if known is None or state not in known.states:
            yield region, state


@dataclass(frozen=True, slots=True)
class Proxy:
    """A standing proxy (代理) that an actor has granted: the entry that granted it, to whom, and how far it reaches.

    `valid_from` and `valid_to` are ISO days, both included; empty `workflows` or `roles` are all.
    """

    grant: int
    to: str
    valid_from: str
    valid_to: str
    number: str
    workflows: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A row of somebody's inbox: a duty, a copy, an opinion asked for, or a request of his own.

    `gate` is the id of the transition under approval, `task` the number of a signer's task, `applicant`, `copy:N` or
    `ask:TASK:N`; `box` is todo, back or ask for what must be done, wait, done, copy, read, mine or closed; `state` is
    the task's, `instance_state` that of the instance's main region. `role`, `org` and `holder` say whose it is; `at` is
    the time of the entry that last changed it, µs since 1970 UTC. What is listed by a proxy says for whom
    (`on_behalf_of`) and by which entry of theirs (`grant`); `barred` is why the actor may not sign it all the same.
    """

    instance: str
    workflow: str
    instance_state: str | None
    gate: str
    round: int
    task: str
    box: str
    state: str
    role: str | None
    org: str | None
    holder: str | None
    at: int
    on_behalf_of: str | None = None
    grant: int | None = None
    barred: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry as people read it: the row, its body, and the texts that are still there.

    `mark` tells what became of it where a correction is about it. In the effective history `body` and `texts` are as
    corrected; in the full one as they were written. `gone` are the fields whose words are not there any more, each
    with the entry that erased it, or None where none did: verification finds that one missing.
    """

    row: Row
    body: Mapping[str, Any]
    texts: Mapping[str, str]
    mark: Mark | None = None
    gone: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def late(self) -> bool:
        """Whether it was entered after the fact."""
        return self.body.get("mode") == "late"

    @property
    def check(self) -> str:
        """The 26 characters of its leaf that a receipt prints."""
        return check_letters(bytes(self.row.leaf))

    @property
    def erased(self) -> tuple[str, ...]:
        """The fields whose words are gone because an entry erased them."""
        return tuple(name for name, by in self.gone.items() if by is not None)


def histories(
    rows: Iterable[Row], texts: Mapping[int, Mapping[str, str]], *, effective: bool = False
) -> list[HistoryEntry]:
    """Return the history of one instance from its rows and its texts by entry: full, or `effective`."""
    entries = [HistoryEntry(row, parse_canonical(row.body), texts.get(row.seq, {})) for row in rows]
    return counted(entries) if effective else marked(entries)


def marked(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Return a full history with what became of each entry that a correction or an erasure is about."""
    known = marks((entry.row.seq, entry.row.kind, entry.body) for entry in entries)
    erased = {
        (item["seq"], item["field"]): entry.row.seq
        for entry in entries
        if entry.row.kind == "redacted"
        for item in entry.body["erases"]
    }
    return [
        replace(entry, mark=known.get(seq := entry.row.seq), gone={
            name: erased.get((seq, name)) for name in sorted(entry.body.get("texts", {})) if name not in entry.texts
        })
        for entry in entries
    ]  # fmt: skip


def counted(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Return the effective history of a full one, its words as corrected."""
    by_seq = {entry.row.seq: entry for entry in marked(entries)}
    found = []
    for entry in effective_of((entry.row.seq, entry.row.kind, entry.body) for entry in entries):
        own = by_seq[entry.seq]
        words = {name: text for name, text in own.texts.items() if name not in entry.words}
        gone = {name: by for name, by in own.gone.items() if name not in entry.words}
        for name, seq in entry.words.items():
            there = by_seq[seq]
            if name in there.texts:
                words[name] = there.texts[name]
            else:
                gone[name] = there.gone.get(name)
        found.append(replace(own, body=entry.body, texts=words, gone=gone))
    return found
