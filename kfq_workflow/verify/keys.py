"""Statements about keys, those on record and those that were kept outside: which keys count, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kfq_workflow.audit.checkpoint import log_of
from kfq_workflow.audit.keyline import KeyLine, StatementError, in_order
from kfq_workflow.audit.note import NoteError
from kfq_workflow.audit.statements import Handover, Statement
from kfq_workflow.entry import parse_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfq_workflow.audit.note import Check, VerifierKey
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.report import Book

LOG, KIND = "~log", "keyed"


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys whose signatures count, and what checks one; no keys: signatures are not checked.

    `statements` are handovers and revocations that were kept outside; those on record in the log are read as well.
    """

    keys: tuple[VerifierKey, ...] = ()
    check: Check | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(slots=True)
class Keys:
    """The keys that count for the log of an origin, and the statements that say so, each with its layer."""

    origin: str = ""
    line: KeyLine | None = None
    taken: list[tuple[Literal["tree", "anchor"], Statement]] = field(default_factory=list)
    #: Where the handover to a key was found.
    found: dict[VerifierKey, str] = field(default_factory=dict)

    def path(self, key: VerifierKey) -> str:
        """Return the way from a key that is trusted by itself to another, empty for such a one."""
        through = self.line.through(key) if self.line is not None else ()
        steps = [*through[1:], key] if through else []
        return "".join([str(each.name) for each in through[:1]] + [f" → {k.name} ({self.found[k]})" for k in steps])


def recorded(log: Iterable[Row]) -> Iterator[tuple[int, Statement]]:
    """Yield the statements on record, with the numbers of their entries; what is none is found by its form."""
    for row in log:
        if row.kind == KIND:
            try:
                note = parse_canonical(row.body)["note"].encode()
                yield row.seq, Statement.parse(f"~log #{row.seq}", note)
            except (NoteError, ValueError, TypeError, AttributeError, KeyError):
                continue


def keys_of(log: Iterable[Row], trust: Trust, origin: str, book: Book) -> Keys:
    """Return the keys that count for the log of an origin, and note the statements of such keys that must not be."""
    found = Keys(origin)
    if not trust.keys or trust.check is None:
        if trust.statements or any(row.kind == KIND for row in log):
            book.not_checked("signatures")
        return found
    found.line = KeyLine(trust.keys, trust.check)
    for seq, statement in recorded(log):
        _take(found, found.line, "tree", statement, seq, book)
    for statement in in_order(trust.statements):
        _take(found, found.line, "anchor", statement, None, book)
    return found


def _take(
    keys: Keys, line: KeyLine, layer: Literal["tree", "anchor"], statement: Statement, seq: int | None, book: Book
) -> None:
    where = (LOG, seq) if seq is not None else ()
    said = statement.said.checkpoint.origin
    if log_of(said) != log_of(keys.origin):
        book.error(layer, "other_log", *where, label=statement.label, origin=said, expected=keys.origin)
        return
    try:
        taken = line.take(statement)
    except StatementError as error:
        book.error(layer, error.code, *where, label=statement.label, reason=str(error))
        return
    if taken:
        keys.taken.append((layer, statement))
        if isinstance(statement.said, Handover):
            keys.found.setdefault(statement.said.new, statement.label)
