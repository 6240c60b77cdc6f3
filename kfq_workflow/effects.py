"""What an act does to other instances: planned before it is written, run after it, in the same transaction.

An approved merger fires `merge_into` on the zone that is absorbed; a finished exit revokes its zone; an approved
expansion reopens plans and amends the zone's area. The effect is an act of its own on the other instance: an entry
that cites the entry of the case as its `cause`. States and guards hold there; roles and papers are not asked again,
since the case's decision is the authority. An effect that cannot run refuses the whole act, unless it says
`where_allowed`.

The case's entry says in `effects` what it did:

    {"on": KEY, "fire": [trigger…], "skipped": [trigger…]}      {"on": KEY, "amend": [attribute…], "renamed": true}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from kfq_workflow.definition.model import AmendEffect, FireEffect, LaterEffect
from kfq_workflow.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfq_workflow.definition.model import Taken, Transition


@dataclass(frozen=True, slots=True)
class Planned:
    """One effect with its values: on which instance, which triggers with which parameters, or which attributes.

    `on` is empty where the act does not say which instance is meant.
    """

    on: str
    fire: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    where_allowed: bool = False
    attrs: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    name: str | None = None

    def told(self, ran: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what the case's entry says of it; `ran` are the triggers that were fired."""
        if not self.fire:
            renamed = {"renamed": True} if self.name else {}
            return {"on": self.on, "amend": sorted(self.attrs), **renamed}
        skipped = [trigger for trigger in self.fire if trigger not in ran]
        return {"on": self.on, "fire": list(ran), **({"skipped": skipped} if skipped else {})}


def planned(
    rule: Transition, *, key: str, root: str | None, attrs: Mapping[str, Any], params: Mapping[str, Any]
) -> tuple[Planned, ...]:
    """Return the effects of a transition on its way, `attrs` and `params` being those of the case and of the act.

    What the act does not say is left out; an amendment of nothing is no effect.
    """

    def take(taken: Taken) -> Any:
        values: dict[str, Any] = {"key": key, "root": root, "literal": taken.name}
        if taken.source in values:
            return values[taken.source]
        return (attrs if taken.source == "attribute" else params).get(taken.name)

    def given(wanted: Mapping[str, Taken]) -> dict[str, Any]:
        return {name: value for name, taken in wanted.items() if (value := take(taken)) is not None}

    def each() -> Iterator[Planned]:
        for effect in rule.effects:
            match effect:
                case FireEffect(on, triggers, wanted, where_allowed):
                    yield Planned(str(take(on) or ""), triggers, given(wanted), where_allowed)
                case AmendEffect(on, wanted, name):
                    values, called = given(wanted), take(name) if name else None
                    if values or called:
                        yield Planned(str(take(on) or ""), attrs=values, name=called)
                case LaterEffect():
                    continue  # the decision has refused it
                case _:  # pragma: no cover - the type checker proves that there is no other
                    assert_never(effect)

    return tuple(each())
