"""Corrections and erasures: two persons, the policy of the time, and a history that is possible afterwards.

proposed    somebody who may has said exactly what is to be done
rectified   somebody else who may did that; the acts of the corrected history are decided again, and what the entry says
            that it changed is what the fold of that history gives
redacted    the same for texts, which were there once and are gone
declined    an open proposal was settled
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kfq_workflow.history.corrections import change, objections, standing
from kfq_workflow.history.effective import effective
from kfq_workflow.policy import RULED, Cited, separate
from kfq_workflow.state import Snapshot
from kfq_workflow.values import Actor
from kfq_workflow.verify.past import OVERLAP_US, bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfq_workflow.entry import Row
    from kfq_workflow.history.effective import Told
    from kfq_workflow.log import LogHead
    from kfq_workflow.policy import Policy
    from kfq_workflow.verify.case import Case
    from kfq_workflow.verify.erasure import Erasures
    from kfq_workflow.verify.legality import Judge
    from kfq_workflow.verify.past import Chains

LOG = "~log"


class CorrectionJudge:
    """Judges what it takes two persons to do, on behalf of `Judge`."""

    def __init__(self, judge: Judge, source: Chains, head: LogHead, erasures: Erasures | None) -> None:
        self._judge = judge
        self._source = source
        self._head = head
        self._erasures = erasures
        self._policies: list[tuple[int, Cited]] | None = None
        self.kinds: dict[str, Callable[[Case], None]] = {
            "proposed": self._proposed,
            "rectified": self._rectified,
            "redacted": self._redacted,
            "declined": self._declined,
        }

    def _proposed(self, case: Case) -> None:
        case.still()
        body, rows = case.body, self._chain(case)
        rule = self._policy(case, body["act"])
        if rule is not None:
            self._judge.authorise(case, rule.propose)
        if body["act"] == "redact":
            self._committed(case, rows)
            return
        target = rows.get(body["corrects"])
        if target is None or bytes(target[0].leaf).hex() != body["of"]:
            case.error("correction", codes=["rectify_unknown"])
            return
        self._form(case, rows)

    def _rectified(self, case: Case) -> None:
        from kfq_workflow.verify.again import decided_again  # it replays, and so needs this module

        body, rows = case.body, self._chain(case)
        self._second(case, rows, "rectify", ("corrects", "instead", "number"))
        if not self._form(case, rows):
            return
        told = _told(rows)
        before, after = effective(told), effective([*told, (case.row.seq, "rectified", body)])
        planned = change(before, after)
        case.equal("set", dict(planned.set), body.get("set"))
        case.equal("was", dict(planned.was), body.get("was"))
        case.equal("becomes", dict(planned.becomes), body.get("becomes"))
        plain = {seq: row for seq, (row, _) in rows.items()}
        broken = decided_again(self._source, self._head, plain, after)
        if not broken:
            return
        known = {(found.seq, found.kind) for found in decided_again(self._source, self._head, plain, before)}
        for found in broken:
            if (found.seq, found.kind) not in known:
                case.error("correction_breaks", number=found.seq, found=f"{found.layer}.{found.kind}")

    def _redacted(self, case: Case) -> None:
        case.still()
        rows = self._chain(case)
        self._second(case, rows, "redact", ("erases", "number"))
        self._committed(case, rows)
        instance = case.row.instance
        for item in case.body["erases"] if self._erasures is not None else ():
            committed = item["seq"] in rows and item["field"] in rows[item["seq"]][1].get("texts", {})
            if committed and not self._erasures.is_gone(instance, item["seq"], item["field"]):  # type: ignore[union-attr]
                case.book.error("text", "present", instance, item["seq"], field=item["field"], by=case.row.seq)

    def _declined(self, case: Case) -> None:
        case.still()
        rows = self._chain(case)
        said = self._cited(case, rows)
        if said is None:
            return
        rule = self._policy(case, said[1]["act"])
        if rule is not None and case.row.actor != said[0].actor:
            self._judge.authorise(case, rule.confirm)

    # What these have in common

    def _chain(self, case: Case) -> dict[int, tuple[Row, dict[str, Any]]]:
        """Return the entries before this one, by number: they are few, and corrections rare."""
        found = {}
        for row, body in bodies(self._source.entries(case.row.instance)):
            if row.seq >= case.row.seq:
                break
            found[row.seq] = row, body
        return found

    def _form(self, case: Case, rows: Mapping[int, tuple[Row, dict[str, Any]]]) -> bool:
        """Note what of its form speaks against a correction; tell whether nothing does."""
        found = objections(_told(rows), case.body["corrects"], case.body["instead"])
        if found:
            case.error("correction", codes=[code for code, _ in found])
        return not found

    def _committed(self, case: Case, rows: Mapping[int, tuple[Row, dict[str, Any]]]) -> None:
        """Check that every text that is to be erased was there once."""
        for item in case.body["erases"]:
            if item["seq"] not in rows or item["field"] not in rows[item["seq"]][1].get("texts", {}):
                case.error("erased_unknown", number=item["seq"], field=item["field"])

    def _cited(self, case: Case, rows: Mapping[int, tuple[Row, dict[str, Any]]]) -> tuple[Row, dict[str, Any]] | None:
        """Return the proposal that an entry cites; note one that is none, is another, or was settled."""
        cited = case.body["proposal"]
        found = rows.get(cited["seq"])
        if found is None or found[0].kind != "proposed":
            case.error("proposal_missing", number=cited["seq"])
            return None
        if cited["leaf"] != bytes(found[0].leaf).hex() or cited["by"] != found[0].actor:
            case.error("proposal_differs", expected=f"{found[0].actor} {found[0].leaf.hex()}",
                       found=f"{cited['by']} {cited['leaf']}")  # fmt: skip
        settled = standing(_told(rows), settled=True).get(cited["seq"])
        if settled is not None:
            case.error("proposal_settled", number=cited["seq"], by=settled[1])
        return found

    def _second(
        self, case: Case, rows: Mapping[int, tuple[Row, dict[str, Any]]], act: str, names: tuple[str, ...]
    ) -> None:
        """Check that a second person did what the first proposed."""
        rule, said = self._policy(case, act), self._cited(case, rows)
        if said is None:
            return
        proposed = said[1]
        case.equal("act", act, proposed["act"])
        for name in names:
            case.equal(name, proposed.get(name), case.body.get(name))
        second = case.actor
        if rule is None or second is None:
            return
        self._judge.authorise(case, rule.confirm)
        first = self._proposer(said[0], proposed, case.row.at)
        found = self._separate(case, rule, first, second, case.row.at)
        if found and self._separate(case, rule, first, second, case.row.at - OVERLAP_US):
            case.error("second_person", codes=found)
        elif found:
            case.book.warning("replay", "actor_changed", case.row.instance, case.row.seq, actor=second.id)

    def _separate(self, case: Case, rule: Policy, first: Actor, second: Actor, at: int) -> list[str]:
        grants = [(of, grant) for of in {first.id, second.id} for grant in self._grants(of, at)]
        found = separate(rule, first, second, grants, case.day)
        return [code for code, _ in found if code != "role_missing"]

    def _proposer(self, row: Row, body: Mapping[str, Any], at: int) -> Actor:
        told = body.get("attested", {}).get("resolver")
        if told is not None:
            return Actor(row.actor, frozenset(told["values"]["roles"]), told["values"].get("org", ""))
        return self._judge.actors.at(row.actor, at) or Actor(row.actor)

    def _grants(self, of: str, at: int) -> list[Mapping[str, Any]]:
        """Return the proxies that an actor had granted by an instant."""
        snapshot = Snapshot()
        for row, body in bodies(self._source.entries(f"~actor/{of}")):
            if row.at > at:
                break
            if row.kind in ("granted", "revoked"):
                snapshot.apply(row.seq, row.kind, body)
        return list(snapshot.attrs.get("grants", {}).values())

    def _policy(self, case: Case, act: str) -> Policy | None:
        """Return who might do it by the policy that the entry cites; note one that was not in force."""
        if self._policies is None:
            found = bodies(self._source.entries(LOG))
            self._policies = [
                (row.at, Cited(row.seq, bytes(row.leaf).hex(), body)) for row, body in found if row.kind == RULED
            ]
        known = self._policies[: bisect_right(self._policies, case.row.at, key=itemgetter(0))]
        cited = next((one for _, one in known if one.told == case.body.get("policy")), None)
        newer = cited is not None and any(at <= case.row.at - OVERLAP_US and one.seq > cited.seq for at, one in known)
        rule = None if cited is None else cited.policy(act)
        if newer or rule is None:
            case.error("policy", act=act)
        return rule


def _told(rows: Mapping[int, tuple[Row, dict[str, Any]]]) -> list[Told]:
    return [(seq, row.kind, body) for seq, (row, body) in rows.items()]
