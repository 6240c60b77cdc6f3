"""The verbs of two persons: rectify and redact propose, confirm and decline decide, rule says who may.

A proposal is an entry that says exactly what is to be done, so that its leaf is the digest of it. Somebody else with
another role confirms it by an entry that cites that leaf; everything is decided anew then, and done in the same
transaction. What may be corrected is said in `corrections`, who may in `policy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow import inputs
from kfq_workflow.entry import parse_canonical
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.history.corrections import change, final, objections, relied, rested_on, standing, tell
from kfq_workflow.history.effective import Effective, effective
from kfq_workflow.policy import separate
from kfq_workflow.refusals import refuse
from kfq_workflow.values import EMPTY, Actor, Proposal, Relied
from kfq_workflow.verbs.act import Act
from kfq_workflow.verbs.correction_ledger import LedgerSource
from kfq_workflow.verbs.registry import ACTORS
from kfq_workflow.verbs.ruling import Ruling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.definition.model import Definition
    from kfq_workflow.entry import Row
    from kfq_workflow.history.corrections import Change, Objection
    from kfq_workflow.history.effective import Told
    from kfq_workflow.policy import Policy
    from kfq_workflow.stored.ledger import Head
    from kfq_workflow.values import Paper, Receipt, Refusal
    from kfq_workflow.verify.report import Finding


@dataclass(slots=True)
class Chain:
    """An instance whose entries a correction looks at: its locked head, its entries, and its definition if any."""

    head: Head
    rows: dict[int, Row]
    told: list[Told]
    definition: Definition | None

    @property
    def key(self) -> str:
        """The instance's key."""
        return self.head.row.key


class Correcting(Ruling):
    """What it takes two persons to do, inside an open transaction."""

    def rectify(
        self, key: str, seq: int, *, by: str, reason: str, struck: bool = False, on: str | None = None,
        papers: Sequence[Paper] = (), attrs: Mapping[str, Any] = EMPTY, basis: str | None = None,
        source: str | None = None, number: str | None = None, expect: int | None = None, request: str | None = None,
    ) -> Proposal:  # fmt: skip
        """Propose a correction (更正) of entry `seq`, which may be a correction itself; somebody else must confirm it.

        `struck`: the act did not take place; or else what of it is other: its day (EDTF), its papers (all of them, in
        their order), some of its attributes, its basis and its source. `number` is that of a document that the
        correction itself rests on. The proposal that is returned names the entries that rest on the act.
        Raises Refused, with every act that the corrected history would not allow; NotFound, InvalidInput.
        """
        act = Act("proposed", inputs.key(key), inputs.identifier(by), request and inputs.request_id(request), "rectify")
        chain = self._chain(act.key)
        rules = self._rules(chain.head)
        about = final(chain.told, inputs.count(seq, "seq"))
        if about is None:
            raise NotFound("entry", f"{act.key}/{seq}")
        act.texts["reason"] = inputs.text(reason, "reason", required=True)
        act.put_text("source", source)
        instead = self._instead(act, chain, about, on=on, papers=papers, attrs=attrs, basis=basis)
        if struck is bool(instead):
            raise InvalidInput("rectify_what")
        instead = instead or {"struck": True}
        act.body |= {"act": "rectify", "corrects": seq, "instead": instead}
        if number:
            act.body["number"] = inputs.text(number, "number", required=True)
        act.body["of"] = bytes(chain.rows[seq].leaf).hex()
        if (receipt := self._resume(act, chain.head, None, expect)) is not None:
            return Proposal(receipt, "rectify", corrects=seq, relied=self._relied(chain, about[0]))
        self._propose(act, chain)
        at = chain.head.row.seq + 1
        proposed = (at, "proposed", {**act.body, "texts": dict.fromkeys(act.texts, "")})
        planned, rests = self._plan(act, chain, [proposed], seq, instead, at)
        return Proposal(
            self._ledger.append(act, chain.head, rules.definition), "rectify", corrects=seq, relied=rests,
            set=planned.set, was=planned.was,
        )  # fmt: skip

    def _instead(
        self, act: Act, chain: Chain, about: Told, *, on: str | None, papers: Sequence[Paper], attrs: Mapping[str, Any],
        basis: str | None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return what of an entry is to be other; the words of it are put beside the act."""
        definition, found = self._rules(chain.head).definition, dict[str, Any]()
        if on is not None:
            found["on"] = inputs.on(on, self._ledger.today(chain.rows[about[0]].at), late=False)
        if papers:
            found["papers"], titles = inputs.papers(definition, papers)
            act.texts |= titles
            for paper, was in zip(found["papers"], about[2].get("papers", ()), strict=False):
                paper["filed"] = was.get("filed", True)
        if attrs:
            clear, personal = inputs.fields(definition.attributes, attrs, "attribute")
            act.texts |= personal
            found |= {"attrs": clear} if clear else {}
        if basis is not None:
            found["basis"] = inputs.basis(basis)
        words = sorted(act.texts.keys() - {"reason"})
        return found | ({"texts": words} if words else {})

    def redact(
        self, key: str, texts: Sequence[tuple[int, str]], *, by: str, reason: str, number: str,
        request: str | None = None,
    ) -> Proposal:  # fmt: skip
        """Propose to erase texts (删除个人信息): what stands beside entry `seq` in a field, as `(seq, field)`.

        `key` may also be an actor's chain, `~actor/ID`. `number` is that of the document, or the article, that demands
        it; it stays on record in clear. The proposal names other places where the same words stand. Raises Refused,
        NotFound for a text that is not there, InvalidInput.
        """
        known = inputs.key(key, reserved=True)
        act = Act("proposed", known, inputs.identifier(by), request and inputs.request_id(request), "redact")
        chain = self._chain(act.key)
        wanted = sorted({(inputs.count(seq, "seq"), inputs.is_text(field, "field")) for seq, field in texts})
        if not wanted:
            raise InvalidInput("redact_what")
        act.texts["reason"] = inputs.text(reason, "reason", required=True)
        act.body |= {"act": "redact", "erases": [{"field": field, "seq": seq} for seq, field in wanted]}
        act.body["number"] = inputs.text(number, "number", required=True)
        copies = self._copies(chain, wanted)
        if (receipt := self._resume(act, chain.head, None, None)) is None:
            self._propose(act, chain)
            self._check_there(act, chain, wanted)
            receipt = self._ledger.append(act, chain.head, chain.definition)
        return Proposal(receipt, "redact", erases=tuple(wanted), copies=copies)

    def confirm(self, key: str, proposal: int, *, by: str, request: str | None = None) -> Proposal:
        """Confirm what somebody else proposed by entry `proposal`, and so do it.

        Everything is decided anew. Raises Refused: also for the same person, for a proxy of the other, and for a
        proposal that is settled or that another correction has overtaken.
        """
        act, chain, said = self._proposed("confirm", key, proposal, by, request)
        act.body |= {name: said[name] for name in ("corrects", "instead", "erases", "number") if name in said}
        if (receipt := self._resume(act, chain.head, None, None)) is not None:
            return self._done(receipt, said, relied=self._relied(chain, said.get("corrects", 0)))
        self._second(act, chain, said["act"], proposal)
        if said["act"] == "rectify":
            planned, rests = self._plan(act, chain, [], said["corrects"], said["instead"], proposal)
            act.body |= {"set": planned.set, "was": planned.was, "becomes": planned.becomes}
            return self._done(self._ledger.append(act, chain.head, chain.definition), said, relied=rests)
        wanted = [(item["seq"], item["field"]) for item in said["erases"]]
        self._check_there(act, chain, wanted)
        copies = self._copies(chain, wanted)
        receipt = self._ledger.append(act, chain.head, chain.definition)
        if self._ledger.store.erase(self._ledger.cursor, act.key, wanted) != len(wanted):  # pragma: no cover - locked
            raise AssertionError(wanted)
        return self._done(receipt, said, copies=copies)

    def decline(self, key: str, proposal: int, *, by: str, reason: str, request: str | None = None) -> Receipt:
        """Decline a proposal, as whoever may confirm it or who made it: nothing is done, and it is settled."""
        act, chain, said = self._proposed("decline", key, proposal, by, request)
        act.texts["reason"] = inputs.text(reason, "reason", required=True)
        if (receipt := self._resume(act, chain.head, None, None)) is not None:
            return receipt
        rule = self._allowed(act, chain, said["act"])
        actor = self._actor_of(act, chain)
        if act.by != act.body["proposal"]["by"] and actor.roles.isdisjoint(rule.confirm):
            needs = sorted(rule.confirm)
            self._deny(act, chain, [("role_missing", {"actor": actor.id, "needs": needs})])
        return self._ledger.append(act, chain.head, chain.definition)

    # What these have in common

    def _chain(self, key: str) -> Chain:
        head = self._ledger.lock(key)
        rows = self._ledger.store.chain(self._ledger.cursor, key, current=True)
        definition = self._rules(head).definition if head.row.def_ is not None else None
        if definition is None and not key.startswith(f"{ACTORS}/"):
            raise NotFound("instance", key)
        return Chain(head, {row.seq: row for row in rows}, [tell(row) for row in rows], definition)

    def _actor_of(self, act: Act, chain: Chain) -> Actor:
        return self._actor(act, self._rules(chain.head) if chain.definition else None, chain.head.now)

    def _allowed(self, act: Act, chain: Chain, what: str) -> Policy:
        """Return who may do it, and cite the entry that says so; refuse the act while nobody may."""
        cited = self.ruled()
        rule = None if cited is None else cited.policy(what)
        if cited is None or rule is None:
            self._refuse(act, refuse(chain.definition, "policy_off", act=what))
        act.body["policy"] = cited.told
        return rule

    def _propose(self, act: Act, chain: Chain) -> None:
        rule = self._allowed(act, chain, act.body["act"])
        actor = self._actor_of(act, chain)
        if actor.roles.isdisjoint(rule.propose):
            self._deny(act, chain, [("role_missing", {"actor": actor.id, "needs": sorted(rule.propose)})])

    def _proposed(
        self, name: str, key: str, proposal: int, by: str, request: str | None
    ) -> tuple[Act, Chain, Mapping[str, Any]]:
        """Begin to confirm or decline a proposal: return the act, the chain, and what was proposed."""
        known = inputs.key(key, reserved=True)
        act = Act("declined", known, inputs.identifier(by), request and inputs.request_id(request), name)
        chain = self._chain(act.key)
        row = chain.rows.get(inputs.count(proposal, "proposal"))
        if row is None or row.kind != "proposed":
            raise NotFound("proposal", f"{act.key}/{proposal}", known=[str(s) for s in standing(chain.told)])
        act.body["proposal"] = {"by": row.actor, "leaf": bytes(row.leaf).hex(), "seq": row.seq}
        said: Mapping[str, Any] = parse_canonical(row.body)
        if name == "confirm":
            act.kind = "rectified" if said["act"] == "rectify" else "redacted"
        if act.request is None or self._ledger.store.request(self._ledger.cursor, act.key, act.request) is None:
            state = standing(chain.told, settled=True).get(proposal)
            if state is not None:
                self._deny(act, chain, [(state[0], {"seq": proposal, "by": state[1]})])
        return act, chain, said

    def _second(self, act: Act, chain: Chain, what: str, proposal: int) -> None:
        """Refuse to confirm for whoever is not a second person with a role of its own."""
        rule = self._allowed(act, chain, what)
        second, first = self._actor_of(act, chain), self._proposer(chain.rows[proposal])
        grants = [(of, grant) for of in {first.id, second.id} for grant in self._grants(of)]
        found = separate(rule, first, second, grants, self._ledger.today(chain.head.now))
        if found:
            self._deny(act, chain, found)

    def _proposer(self, row: Row) -> Actor:
        told = parse_canonical(row.body).get("attested", {}).get("resolver")
        if told is None:
            return self._registry.actor(row.actor)
        return Actor(row.actor, frozenset(told["values"]["roles"]), told["values"].get("org", ""))

    def _grants(self, of: str) -> list[Mapping[str, Any]]:
        row = self._ledger.store.instance(self._ledger.cursor, f"{ACTORS}/{of}")
        return [] if row is None else list(self._ledger.look(row.key).snapshot.attrs.get("grants", {}).values())

    def _plan(
        self, act: Act, chain: Chain, more: list[Told], seq: int, instead: Mapping[str, Any], proposal: int
    ) -> tuple[Change, tuple[Relied, ...]]:
        """Return what a correction changes and what rests on it; refuse one that leads to an impossible history."""
        from kfq_workflow.verify.again import decided_again  # most runs correct nothing

        self._deny(act, chain, objections(chain.told, seq, instead))
        about = final(chain.told, seq)
        assert about is not None  # noqa: S101 - there are no objections
        rests = self._relied(chain, about[0])
        before = effective(chain.told)
        told = [*chain.told, *more]
        rectified = {"corrects": seq, "instead": instead, "proposal": {"seq": proposal}}
        after = effective([*told, (told[-1][0] + 1, "rectified", rectified)])
        if _bodies(before) == _bodies(entry for entry in after if entry.seq <= chain.head.row.seq):
            self._deny(act, chain, [("rectify_nothing", {"seq": seq})])
        source = LedgerSource(self._ledger, chain.head.row)
        broken = decided_again(source, self._ledger.log, chain.rows, [e for e in after if e.seq in chain.rows])
        if broken:
            known = {(found.seq, found.kind)
                     for found in decided_again(source, self._ledger.log, chain.rows, before)}  # fmt: skip
            broken = [found for found in broken if (found.seq, found.kind) not in known]
        if broken:
            self._refuse(act, *_told_relied(chain, rests), *map(_breaks, broken))
        return change(before, after), rests

    def _relied(self, chain: Chain, seq: int) -> tuple[Relied, ...]:
        """Return what rests on an entry: of the same instance first, then of others that read it."""
        about = final(chain.told, seq)
        if about is None:
            return ()
        entries = effective(chain.told)
        found = [Relied(chain.key, number, chain.rows[number].kind) for number in relied(entries, about[0])]
        there = rested_on(entries, about[0])
        for key in self._ledger.family(chain.head.row):
            for row in self._ledger.store.chain(self._ledger.cursor, key, current=True):
                body = parse_canonical(row.body)
                seen = [(cited["instance"], cited["seq"]) for cited in body.get("seen", ())]
                cause = body.get("cause", {})
                if (cause.get("instance"), cause.get("seq")) == (chain.key, about[0]) or any(
                    of == chain.key and number in there for of, number in seen
                ):
                    found.append(Relied(key, row.seq, row.kind))
        return tuple(found)

    def _check_there(self, act: Act, chain: Chain, wanted: Sequence[tuple[int, str]]) -> None:
        """Refuse to erase what is not there: no such text, or one that is gone already."""
        store, found = self._ledger.store, []
        stored = {seq: {text.field for text in store.texts(self._ledger.cursor, act.key, seq)} for seq, _ in wanted}
        bodies = {seq: body for seq, _, body in chain.told}
        for seq, field in wanted:
            if field not in bodies.get(seq, {}).get("texts", {}):
                raise NotFound("text", f"{act.key}/{seq}/{field}", known=sorted(bodies.get(seq, {}).get("texts", {})))
            if field not in stored[seq]:
                found.append(("redact_gone", {"seq": seq, "field": field}))
        self._deny(act, chain, found)

    def _copies(self, chain: Chain, wanted: Sequence[tuple[int, str]]) -> tuple[tuple[str, int, str], ...]:
        """Return where else the same words stand, which are not erased with them."""
        store, erased = self._ledger.store, {(chain.key, seq, field) for seq, field in wanted}
        found = {
            place for seq, field in wanted for place in store.same_words(self._ledger.cursor, chain.key, seq, field)
        }
        return tuple(sorted(found - erased))

    def _done(self, receipt: Receipt, said: Mapping[str, Any], **more: Any) -> Proposal:
        erases = tuple((item["seq"], item["field"]) for item in said.get("erases", ()))
        return Proposal(
            receipt, said["act"], corrects=said.get("corrects"), erases=erases, set=receipt.set, was=receipt.was, **more
        )

    def _deny(self, act: Act, chain: Chain, found: Sequence[Objection]) -> None:
        """Refuse an act with every reason; do nothing when there is none."""
        if found:
            self._refuse(act, *(refuse(chain.definition, code, **values) for code, values in found))


def _bodies(entries: Any) -> list[tuple[int, Mapping[str, Any]]]:
    found: list[Effective] = list(entries)
    return [(entry.seq, entry.body) for entry in found]


def _told_relied(chain: Chain, rests: Sequence[Relied]) -> list[Refusal]:
    """Say what rests on the entry before why it cannot be corrected."""
    if not rests:
        return []
    places = [str(one.seq) if one.instance == chain.key else f"{one.instance}/{one.seq}" for one in rests]
    return [refuse(chain.definition, "rectify_relied", entries=places)]


def _breaks(found: Finding) -> Refusal:
    """Return the refusal for an act that the corrected history would not allow."""
    about = {name: value if isinstance(value, (int, list)) else str(value) for name, value in found.values.items()}
    return refuse(None, "rectify_breaks", seq=found.seq, found=f"{found.layer}.{found.kind}", about=about)
