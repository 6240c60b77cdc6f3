"""The chains of actors, definitions and of the log itself: who may write there, and whether it is well formed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.approval import numbers
from kfq_workflow.audit.incarnation import Recovery
from kfq_workflow.audit.note import NoteError
from kfq_workflow.audit.statements import Statement
from kfq_workflow.hashing import digest_of
from kfq_workflow.policy import ACTS, well_formed
from kfq_workflow.working_days import CALENDAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from kfq_workflow.verify.case import Case
    from kfq_workflow.verify.legality import Judge
    from kfq_workflow.verify.past import Library

ADMINISTRATOR = frozenset({"administrator"})
SYSTEM = "system"
#: The kinds of a reserved instance's entries.
RESERVED = {
    "~log": ("genesis", "sealed", "recovered", "keyed", "ruled"),
    "~actor": ("enrolled", "refused", "granted", "revoked", "proposed", "redacted", "declined"),
    "~definition": ("defined",),
    numbers.NUMBERS: ("retired", "released"),
    CALENDAR: ("published",),
}


class ReservedJudge:
    """Judges the entries of reserved instances, on behalf of `Judge`."""

    def __init__(self, judge: Judge, library: Library) -> None:
        self._judge = judge
        self._library = library
        self.kinds: dict[str, Callable[[Case], None]] = {
            "enrolled": self._enrolled,
            "defined": self._defined,
            "genesis": self._genesis,
            "sealed": self._sealed,
            "recovered": self._recovered,
            "keyed": self._keyed,
            "granted": self._granted,
            "revoked": self._granted,
            "published": self._published,
            "retired": self._retired,
            "released": self._retired,
            "ruled": self._ruled,
        }

    def _enrolled(self, case: Case) -> None:
        self._administer(case)
        body = case.body
        if not isinstance(body.get("roles"), list) or not isinstance(body.get("enabled"), bool):
            case.error("malformed", reason="roles, enabled")

    def _defined(self, case: Case) -> None:
        self._administer(case)
        for kind in ("rules", "labels"):
            self._library.named(digest_of(case.body[kind]), kind, case.run.instance, case.row.seq)
        force = self._library.rules(digest_of(case.body["rules"]))
        if force is not None:
            definition = force.rules.definition
            case.equal("name", definition.name, case.body.get("name"))
            case.equal("version", definition.version, case.body.get("version"))
            case.equal("name", definition.name, case.run.instance.partition("/")[2])

    def _granted(self, case: Case) -> None:
        """Check a proxy: the actor himself or an administrator grants and revokes it."""
        case.still()
        if case.run.instance != f"~actor/{case.row.actor}":
            self._administer(case)
        grant = case.body["grant"]
        if case.row.kind == "granted":
            if not grant["from"] <= grant["until"] or not isinstance(grant["to"], str) or not grant["number"]:
                case.error("malformed", reason="grant")
        elif str(grant) not in case.run.attrs.get("grants", {}):
            case.error("malformed", reason="grant")

    def _published(self, case: Case) -> None:
        """Check a calendar: an administrator published it, and its document is there."""
        self._administer(case)
        self._library.named(digest_of(case.body["calendar"]), "calendar", case.run.instance, case.row.seq)
        if not case.body["number"] or self._library.calendar(case.body["calendar"]) is None:
            case.error("malformed", reason="calendar, number")

    def _retired(self, case: Case) -> None:
        """Check what became of a document number: the entry that it cites says so, and the chain is that number's."""
        case.still()
        body, kind = case.body, case.row.kind
        if numbers.numbered(body["type"], body["number"]).chain != case.row.instance:
            case.error("malformed", reason="number")
        cited = self._judge.caused(case, kind)
        if cited is not None and kind == "retired":
            told = {"day": self._judge.day(cited.at), "document": cited.number}
            for name in (name for name in told if told[name] != body[name]):
                case.error("malformed", reason=name)

    def _genesis(self, case: Case) -> None:
        if case.row.seq != 1:
            case.error("kind_place", kind="genesis")

    def _sealed(self, case: Case) -> None:
        """Check what a seal says by its form; whether it is true is the tree's affair."""
        case.still()
        counts = case.body.get("instances"), case.body.get("size")
        digest_of(case.body["heads"])
        if case.row.seq == 1 or not all(type(count) is int and count > 0 for count in counts):
            case.error("malformed", reason="heads, instances, size")

    def _recovered(self, case: Case) -> None:
        """Check who recovered the log, and the form of what the entry says; the rest is the tree's affair."""
        case.still()
        if case.row.actor == SYSTEM:
            case.error("actor_role", actor=SYSTEM, needs=sorted(ADMINISTRATOR))
        self._judge.authorise(case, ADMINISTRATOR)
        Recovery.parse(case.row.seq, case.body)

    def _keyed(self, case: Case) -> None:
        """Check that a statement about keys is one; whose signature counts is the anchors' affair."""
        case.still()
        try:
            Statement.parse("", case.body["note"].encode())
        except (NoteError, AttributeError) as error:
            case.error("malformed", reason=str(error))

    def _ruled(self, case: Case) -> None:
        """Check who may say who corrects and erases, and that it always takes two."""
        self._administer(case)
        rules = [case.body[act] for act in ACTS if act in case.body]
        if not all(map(well_formed, rules)) or case.body.get("apart", True) is not True:
            case.error("malformed", reason=", ".join(ACTS))

    def _administer(self, case: Case) -> None:
        """Only an administrator enrolls and defines; the library's own account may until there is one."""
        case.still()
        if case.row.actor != SYSTEM:
            self._judge.authorise(case, ADMINISTRATOR)
