"""Who may correct and who may erase: two persons with two roles, as an entry on `~log` says (kind `ruled`).

    rectify {propose[role], confirm[role]}     who proposes a correction, and who confirms it
    redact  {propose[role], confirm[role]}     the same for erasing texts; absent: it is off
    apart   true                               whoever confirms must be of another organisation

A log begins without such an entry: nothing can be corrected or erased until an administrator puts on record who may.
The roles that propose and those that confirm have none in common, so that it always takes two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfq_workflow.values import Actor

    #: A reason against an act: its code and values.
    Objection = tuple[str, dict[str, Any]]

ACTS = ("rectify", "redact")
RULED = "ruled"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may propose and who may confirm one of the two acts; `apart`: of different organisations."""

    propose: frozenset[str]
    confirm: frozenset[str]
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Cited:
    """The entry on `~log` that a policy comes from."""

    seq: int
    leaf: str
    body: Mapping[str, Any]

    def policy(self, act: str) -> Policy | None:
        """Return who may do `rectify` or `redact`; None while nobody may."""
        rule = self.body.get(act)
        if rule is None:
            return None
        return Policy(frozenset(rule["propose"]), frozenset(rule["confirm"]), self.body.get("apart") is True)

    @property
    def told(self) -> dict[str, Any]:
        """What an entry says of the policy by which it was made."""
        return {"leaf": self.leaf, "seq": self.seq}


def well_formed(rule: Any) -> bool:
    """Tell whether a rule names roles for both persons, and none for both."""
    if not isinstance(rule, dict) or rule.keys() != {"propose", "confirm"}:
        return False
    if not all(isinstance(roles, list) and roles and all(isinstance(role, str) for role in roles)
               for roles in rule.values()):  # fmt: skip
        return False
    return set(rule["propose"]).isdisjoint(rule["confirm"])


def separate(
    policy: Policy, first: Actor, second: Actor, grants: Iterable[tuple[str, Mapping[str, Any]]], day: str
) -> list[Objection]:
    """Return what speaks against `second` confirming what `first` proposed, on an ISO day.

    `grants` are the proxies that either of the two has granted, with the id of who granted it: who signs for somebody
    is not a second person.
    """
    found: list[Objection] = []
    if first.id == second.id:
        found.append(("second_person", {"actor": second.id}))
    if second.roles.isdisjoint(policy.confirm):
        found.append(("role_missing", {"actor": second.id, "needs": sorted(policy.confirm)}))
    pairs = {(first.id, second.id), (second.id, first.id)}
    if any((of, grant["to"]) in pairs and grant["from"] <= day <= grant["until"] for of, grant in grants):
        found.append(("second_proxy", {"actor": second.id, "first": first.id}))
    if policy.apart and (not second.org or second.org == first.org):
        found.append(("second_org", {"actor": second.id, "org": second.org or "-"}))
    return found
