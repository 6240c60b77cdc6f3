"""What a transition declares that more than one person must sign: signers, quorum, duties, ways back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who must be asked: whoever has a role, is of an organisation, or is named; or whom code names.

    `of` is the role, the organisation, the actor's id or `name@version`. `seats` different people of a role or an
    organisation sign, each for himself. `weight` counts in a quorum by weight; a `veto` alone rejects. `when` names
    a guard that is asked once, when the gate opens: without it this signer is not asked.
    """

    name: str
    kind: Literal["role", "org", "actor", "code"]
    of: str
    seats: int = 1
    weight: int = 1
    veto: bool = False
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Quorum:
    """When a gate is approved: all (会签), any (或签), `need` votes (count) or weight (票签), or a share of them.

    `ratio` is `p/q`, at least so much, or with `strict` more than it. `excluded` abstentions leave the denominator.
    With `wait` the gate stays open until everybody has voted; then a `need` of 0 asks for opinions only.
    """

    kind: Literal["all", "any", "count", "ratio", "weight"]
    need: int = 0
    ratio: str = ""
    strict: bool = False
    abstain: Literal["counts", "excluded"] = "counts"
    wait: bool = False


Duty = Literal["not_applicant", "not_applicant_org", "not_contributor"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One approval round on a transition: who signs, when it is decided, and what keeps duties apart.

    `sequential`: one signer after the other, in their order. `papers` must be laid with every vote. `duties` and
    `not_by` (transitions whose last actor may not sign) separate duties; nobody signs twice in a round. `binds` are
    the attributes a vote is bound to: when one changes, a new round begins. `withdraw` says until when the applicant
    may. `returns` are the states to which a signer may return the file, besides to the applicant; `direct` the
    attributes that may change before it goes straight back to the one who returned it.
    """

    signers: tuple[Signer, ...]
    quorum: Quorum
    sequential: bool = False
    papers: tuple[str, ...] = ()
    duties: tuple[Duty, ...] = ()
    not_by: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    withdraw: Literal["until_first_vote", "until_decided", "never"] = "until_first_vote"
    returns: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
