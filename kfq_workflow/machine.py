"""The topology of a definition: one flat `transitions` machine per region, flattened once into a table.

`transitions` owns which trigger leads from which state to which; roles, papers and guards are ours and are never
its `conditions`, so there is one evaluator and not two. This module is its only door: the machines are built
without a model, read once, and never fired at run time (a table look-up decides 24 times as fast).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import transitions

from kfq_workflow.definition.model import OtherIn, RootIn, leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfq_workflow.definition.model import Definition, Region, Transition

# At INFO every fire of a machine would be logged, at four times its cost.
logging.getLogger("transitions").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Edge:
    """One way out of a state: the definition's transition and the states it may lead to.

    A named target has one; a return to a remembered state has every state that could have been left.
    """

    transition: Transition
    targets: frozenset[str]


class _MachineTransition(transitions.Transition):
    """A transition that remembers which rule of the definition it comes from."""

    def __init__(self, source: str, dest: str, *args: Any, rule: Transition, **kwargs: Any) -> None:
        super().__init__(source, dest, *args, **kwargs)
        self.rule = rule


class _RegionMachine(transitions.Machine):
    transition_cls = _MachineTransition


Sources = dict[str, tuple[Edge, ...]]


class Rules:
    """A definition ready to decide: `table[trigger][region][source]` are the edges that leave a state.

    Immutable after construction and safe to share between threads; build it once per definition.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.table: dict[str, dict[str, Sources]] = {trigger: {} for trigger in definition.triggers()}
        dependent = (region for region in definition.regions.values() if region.active_in)
        #: Regions that depend on others, neighbours with the same condition together: it is asked once for them.
        self._dependent = [tuple(group) for _, group in groupby(dependent, key=attrgetter("active_in"))]
        for region in definition.regions.values():
            self._flatten(region)
        witnessed = {
            name
            for name, guard in definition.guards.items()
            if any(isinstance(leaf, (RootIn, OtherIn)) for leaf in leaves(guard))
        }
        #: Every transition by its id, those with an approval gate, and those that a gate's `not_by` asks about.
        self.transitions = {rule.id: rule for rule in definition.transitions}
        self.gated = {rule.id: rule for rule in definition.transitions if rule.gate is not None}
        self.watched = frozenset(name for rule in self.gated.values() if rule.gate for name in rule.gate.not_by)
        #: The triggers whose guards read other instances of the family.
        self.witnessed = frozenset(
            rule.trigger for rule in definition.transitions if not witnessed.isdisjoint(rule.guards)
        )

    def _flatten(self, region: Region) -> None:
        machine: Any = region_machine(self.definition, region)
        for trigger, event in machine.events.items():
            sources: Sources = {}
            for source, edges in event.transitions.items():
                targets: dict[str, set[str]] = {}
                rules: dict[str, Transition] = {}
                for edge in edges:
                    targets.setdefault(edge.rule.id, set()).add(edge.dest)
                    rules[edge.rule.id] = edge.rule
                sources[source] = tuple(Edge(rules[name], frozenset(found)) for name, found in targets.items())
            self.table[trigger][region.name] = sources

    def active(self, region: Region, regions: Mapping[str, str]) -> bool:
        """Tell whether a region is active while the others are in these states."""
        return all(regions.get(other) in states for other, states in region.active_in.items())

    def start(self) -> dict[str, str]:
        """Return the states in which an instance begins."""
        begun: dict[str, str] = {}
        for region in self.definition.regions.values():
            if not region.active_in:
                begun[region.name] = region.initial
        for group in self._dependent:
            if self.active(group[0], begun):
                begun |= {region.name: region.initial for region in group}
        return begun

    def moved(
        self, before: Mapping[str, str], kept: Mapping[str, str], changes: Mapping[str, str]
    ) -> dict[str, str | None]:
        """Return all that a change of states sets.

        That is the change itself, regions that it activates (their kept or initial state) and regions that it
        deactivates (None).
        """
        after = {**before, **changes}
        result: dict[str, str | None] = dict(changes)
        for group in self._dependent:
            was, now = self.active(group[0], before), self.active(group[0], after)
            if was is now:
                continue
            for region in group:
                if region.name not in changes:
                    result[region.name] = kept.get(region.name, region.initial) if now else None
        return result


def region_machine(definition: Definition, region: Region) -> transitions.Machine:
    """Build the `transitions` machine of one region, without a model and without a run-time state."""
    machine = _RegionMachine(
        model=None,
        states=list(region.states),
        initial=None,
        auto_transitions=False,
        send_event=True,
        queued=False,
    )
    for rule in definition.transitions:
        if rule.region == region.name:
            for source in rule.sources:
                for dest in _destinations(definition, rule, source):
                    machine.add_transition(rule.trigger, source, dest, rule=rule)
    return machine


def _destinations(definition: Definition, rule: Transition, source: str) -> tuple[str, ...]:
    if rule.target.kind == "same":
        return (source,)
    if rule.target.kind == "state":
        return (rule.target.name,)
    left = dict.fromkeys(
        state
        for other in definition.transitions
        if other.remembers and other.trigger == rule.target.name and other.region == rule.region
        for state in other.sources
    )
    return tuple(left)
