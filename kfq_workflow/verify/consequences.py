"""Effects on other instances: each is promised by the entry of a case and kept by an entry that cites it.

The entry of the case must say exactly the effects that its definition plans. Each effect that it says ran must stand on
the other instance, with the values that the move had for it, and an entry that claims a cause must be among the effects
of that cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.effects import planned
from kfq_workflow.entry import encode_json
from kfq_workflow.errors import InvalidInput
from kfq_workflow.inputs import typed
from kfq_workflow.values import EMPTY, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kfq_workflow.definition.model import Transition
    from kfq_workflow.effects import Planned
    from kfq_workflow.entry import Row
    from kfq_workflow.verify.case import Case
    from kfq_workflow.verify.past import Cited, Library, Witnesses
    from kfq_workflow.verify.report import Book

    #: An effect: the case and its entry, the instance that it is on, the trigger.
    Effect = tuple[str, int, str, str]

AMEND = "amend"
#: What an entry says that it does to a document number, and the kind of entry that stands on the number's chain.
NUMBERED = {"retire": "retired", "release": "released"}


def _does(item: Mapping[str, Any]) -> Iterable[str]:
    """Return what an effect does: the triggers it fires, or what else stands for it on the other instance."""
    for verb, kind in NUMBERED.items():
        if verb in item:
            return (kind,)
    found: Iterable[str] = item.get("fire", (AMEND,))
    return found


def _said(body: Mapping[str, Any], part: str, prefix: str) -> set[str]:
    """Return the attributes or parameters that an entry says, in clear or as texts."""
    texts = body.get("texts", {})
    return {*body.get(part, {}), *(name.removeprefix(prefix) for name in texts if name.startswith(prefix))}


def _amends(item: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Tell whether an amendment changes what the effect says, and nothing else."""
    names = sorted(_said(body, "attrs", "attribute."))
    return bool(item.get("amend") == names and item.get("renamed", False) is ("name" in body.get("texts", {})))


def _agrees(case: Case, plan: Planned) -> bool:
    """Tell whether an entry has the values that its cause had for it, as its own definition wants them.

    Those that are personal there are not in clear: only that they were given is compared.
    """
    part, prefix, values = ("params", "parameter.", plan.params) if plan.fire else ("attrs", "attribute.", plan.attrs)
    definition = case.rules.definition
    declared = definition.parameters if plan.fire else definition.attributes
    if _said(case.body, part, prefix) != values.keys():
        return False
    try:
        wanted = {name: typed(declared[name], values[name]) for name in case.body.get(part, {})}
    except (InvalidInput, KeyError):
        return False
    return encode_json(wanted) == encode_json(case.body.get(part, {}))


class Consequences:
    """Holds promised effects and those that are there against each other, in whichever order they are read."""

    def __init__(self, witnesses: Witnesses, library: Library) -> None:
        self._witnesses = witnesses
        self._library = library
        #: 1 promised and not seen yet, -1 seen before its promise was read.
        self.open: dict[Effect, int] = {}

    def promised(self, case: Case, rule: Transition, params: Mapping[str, Any]) -> None:
        """Compare the effects that a case's entry says with those that its transition has."""
        plans = planned(
            rule, key=case.row.instance, root=case.run.root, attrs=case.before.attrs, params=params
        )  # fmt: skip
        said = case.body.get("effects", [])
        ran = [tuple(item.get("fire", ())) for item in said]
        # Of what a plan fires some may not have run; what it does not fire cannot have.
        expected = [plan.told(tuple(t for t in plan.fire if t in done)) for plan, done in zip(plans, ran, strict=False)]
        case.equal("effects", expected if len(said) == len(plans) else [plan.told(plan.fire) for plan in plans], said)
        for plan, item in zip(plans, said, strict=False):
            if "skipped" in item and not plan.where_allowed:
                case.error("effect_skipped", target=plan.on, triggers=item["skipped"])
        self.expect(case.row, said)

    def expect(self, row: Row, said: Iterable[Mapping[str, Any]]) -> None:
        """Expect the entries on other instances that an entry says."""
        for item in said:
            for trigger in _does(item):
                self._count((row.instance, row.seq, item["on"], trigger), 1)

    def cause(self, case: Case, trigger: str) -> Witness | None:
        """Return the entry that caused this one, as its guards see it; note one that did not."""
        said = case.body["cause"]
        key, seq = said["instance"], said["seq"]
        cited = self._witnesses.after(key, seq)
        if cited is None or cited.at > case.row.at:
            case.error("seen_missing", cited=key, number=seq)
            return None
        if cited.leaf.hex() != said["leaf"]:
            case.error("seen_leaf", cited=key, number=seq)
        here = case.row.instance
        meant = [item for item in cited.effects if item["on"] == here and trigger in _does(item)]
        if not meant or (trigger == AMEND and not any(_amends(item, case.body) for item in meant)):
            case.error("effect_unknown", cited=key, number=seq, trigger=trigger)
        elif trigger not in NUMBERED.values():
            plans = [plan for plan in self._plans(key, cited) if plan.on == here and trigger in (plan.fire or (AMEND,))]
            if plans and not any(_agrees(case, plan) for plan in plans):
                case.error("effect_values", cited=key, number=seq, trigger=trigger)
        self._count((key, seq, here, trigger), -1)
        return Witness(key, cited.workflow or "", seq, said["leaf"], cited.regions)

    def _plans(self, key: str, cited: Cited) -> tuple[Planned, ...]:
        """Return the effects that the move of a cause has, with their values; none where that move is not known."""
        body, digest = cited.body, cited.row.def_
        force = self._library.rules(digest) if digest is not None else None
        rule = force.rules.transitions.get(body.get("transition", body.get("trigger"))) if force is not None else None
        if rule is None:
            return ()
        said = cited.gates.get(rule.id, {}) if cited.row.kind == "voted" else body
        return planned(rule, key=key, root=cited.root, attrs=cited.attrs, params=said.get("params", EMPTY))

    def _count(self, effect: Effect, by: int) -> None:
        found = self.open.pop(effect, 0) + by
        if found:
            self.open[effect] = found


def unkept(effects: Mapping[Effect, int], shows: Callable[[str], bool], book: Book) -> None:
    """Note the effects that were promised and are not there. One that is there twice was noted as unknown.

    `shows` tells whether the source shows an instance at all.
    """
    for (key, seq, target, trigger), count in sorted(effects.items(), key=repr):
        if not count:
            continue
        if not shows(target):
            book.not_checked(f"cited {target}", needed=True)
        elif count > 0 and trigger in NUMBERED.values():
            book.error("replay", f"{trigger}_missing", key, seq, target=target)
        elif count > 0:
            book.error("replay", "effect_missing", key, seq, target=target, trigger=trigger)
        else:
            book.error("replay", "effect_twice", target, None, cited=key, number=seq, trigger=trigger)
