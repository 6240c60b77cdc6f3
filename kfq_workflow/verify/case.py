"""One entry before the judge: what it says, what was before it, and where to note what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import encode_json
from kfq_workflow.verify import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.entry import Row
    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor
    from kfq_workflow.verify.fold import Run
    from kfq_workflow.verify.report import Book


#: What has values within values: only where they differ is of interest.
_NESTED = frozenset({"effects", "gates"})
#: What an entry says that changes its instance, whatever its kind: the fold takes it in.
_CHANGES = ("attrs", "did", "gates", "remembers", "rests", "root", "set", "workflow")


class Case:
    """One entry before the judge."""

    __slots__ = ("actor", "before", "body", "book", "compared", "day", "failed", "row", "run")

    def __init__(
        self, book: Book, row: Row, body: dict[str, Any], run: Run, before: Snapshot, actor: Actor | None, day: str
    ) -> None:
        self.book = book
        self.row = row
        self.body = body
        self.run = run
        self.before = before
        self.actor = actor
        self.day = day
        #: What of the body was compared with what it must be, and whether it was found wrong or not decided.
        self.compared: set[str] = set()
        self.failed = False

    @property
    def rules(self) -> Any:
        """The definition in force; only kinds that have one are judged by it."""
        return self.run.force.rules if self.run.force else None

    def supervises(self, actor: Actor) -> bool:
        """Tell whether an actor supervises this workflow."""
        return not actor.roles.isdisjoint(self.rules.definition.permissions.supervise)

    def answers(self) -> dict[str, Any]:
        """Return the application's answers in the entry, without the actor's roles."""
        return {name: answer for name, answer in self.body.get("attested", {}).items() if name != "resolver"}

    def error(self, kind: str, /, **values: Any) -> None:
        """Note what is wrong with this entry."""
        self.failed = True
        self.book.error("replay", kind, self.row.instance, self.row.seq, **values)

    def not_allowed(self, trigger: str | None, reasons: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Note that the act was not allowed: every reason, by its code and with its values."""
        told = [{"code": code, "values": dict(values)} for code, values in reasons]
        self.error("not_allowed", trigger=trigger, codes=sorted({each["code"] for each in told}), reasons=told)

    def equal(self, name: str, expected: Any, found: Any) -> None:
        """Compare what the entry says with what it must say."""
        self.compared.add(name)
        if expected == found and encode_json(expected) == encode_json(found):  # true is not 1
            return
        if name in _NESTED:
            said, wanted = differences.told(found, expected)
        else:
            said, wanted = shown(found), shown(expected)
        self.error(f"{name}_differs", expected=wanted, found=said)

    def first(self) -> None:
        """Check that an entry which begins an instance is its first."""
        if self.row.seq != 1:
            self.error("not_first", kind=self.row.kind)

    def live(self, *, late: bool) -> None:
        """Check that the entry says truly whether it was made after the fact, and when."""
        if self.body.get("mode") != ("late" if late else "live"):
            self.error("mode", found=self.body.get("mode"))
        if not late and "on" not in self.body:
            self.error("date_missing")

    def still(self) -> None:
        """Check that an entry which moves nothing sets nothing."""
        self.compared.add("set")
        if self.body.get("set"):
            self.error("set_differs", expected="-", found=shown(self.body["set"]))

    def nothing_else(self) -> None:
        """Check that a legal entry changes nothing besides what was compared: the fold asks no kind what it may say."""
        more = [name for name in _CHANGES if name in self.body and name not in self.compared]
        if more and not self.failed:
            self.error("says_more", kind=self.row.kind, names=more)


def shown(value: Any) -> str:
    """Return a value for a sentence."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(item)}" for name, item in sorted(value.items())) or "-"
    return "-" if value is None else str(value)[:200]
