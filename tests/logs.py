"""Logs made of pure rows, without a database: for tests of what reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import canonical
from kfq_workflow.entry import NO_PREV, Row, seal
from kfq_workflow.log import LogHead
from kfq_workflow.stored.source import Document, TextRow
from tests.workflows import permit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_workflow.approval.tasks import TaskRow
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.state import InstanceRow
    from kfq_workflow.stored.tree_source import TreeSource
    from kfq_workflow.verify.report import Book

NAME = "ab" * 16
MINUTE = 60_000_000
#: 2020-03-01 noon in China.
NOON = 1_583_035_200_000_000
ON = {"edtf": "2020-03-01", "hi": "2020-03-01", "lo": "2020-03-01"}


@dataclass
class Log:
    """A log that is written entry by entry, each rightly chained; a source for verify."""

    rows: list[Row] = field(default_factory=list)
    stored: list[Document] = field(default_factory=list)
    words: list[TextRow] = field(default_factory=list)
    now: int | None = None

    def __post_init__(self) -> None:
        self.add("genesis", "~log", {"suite": "s1", "utc_offset": 480}, actor="system", at=NOON - 1000 * MINUTE)

    def add(
        self, kind: str, key: str, body: dict[str, Any], *, actor: str, at: int = NOON, def_: bytes | None = None,
        v: int = 1,
    ) -> Row:  # fmt: skip
        chain = [row for row in self.rows if row.instance == key]
        prev = chain[-1].leaf if chain else self.rows[0].leaf if self.rows else NO_PREV
        columns = (key, len(chain) + 1, kind, at, actor, "tests", None, def_, v)
        self.rows.append(seal(NAME, columns, prev, body))
        return self.rows[-1]

    def define(self, definition: Definition | None = None, at: int = NOON - 900 * MINUTE, by: str = "system") -> bytes:
        definition = definition or permit()
        rules, labels = canonical.rules_document(definition), canonical.labels_document(definition)
        self.stored += [Document(canonical.digest(rules), "rules", rules)]
        self.stored += [Document(canonical.digest(labels), "labels", labels)]
        body = {
            "labels": canonical.digest(labels).hex(), "name": definition.name,
            "rules": canonical.digest(rules).hex(), "version": definition.version,
        }  # fmt: skip
        self.add("defined", f"~definition/{definition.name}", body, actor=by, at=at)
        return canonical.digest(rules)

    def enroll(self, actor: str, roles: list[str], at: int = NOON - 800 * MINUTE, **more: Any) -> None:
        body = {"enabled": True, "kind": "office", "org": "", "roles": roles} | more
        self.add("enrolled", f"~actor/{actor}", body, actor="system", at=at)

    # What a source has

    def log(self) -> LogHead:
        return LogHead(NAME, "s1", self.rows[0].leaf, 480, "-")

    def documents(self) -> Iterator[Document]:
        return iter(self.stored)

    def entries(self, instance: str | None = None) -> Iterator[Row]:
        return iter(sorted(row for row in self.rows if instance in (None, row.instance)))

    def texts(self, instance: str | None = None) -> Iterator[TextRow]:
        return iter(sorted(text for text in self.words if instance in (None, text.instance)))

    def instances(self, instance: str | None = None) -> Iterator[InstanceRow] | None:  # noqa: ARG002
        return None

    def tasks(self, instance: str | None = None) -> Iterator[TaskRow] | None:  # noqa: ARG002
        return None

    def heads(self, instance: str | None = None) -> Iterator[tuple[str, int, bytes]] | None:  # noqa: ARG002
        return None

    def tree(self) -> TreeSource | None:
        return None

    def clock(self) -> int | None:
        return self.now

    def inspect(self, book: Book) -> None:
        pass
