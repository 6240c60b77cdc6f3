"""A workflow definition as frozen values: what may be done, by whom, with which papers, under which conditions.

A definition is two documents. The *rules* decide (their digest is stored with every entry); the *labels* are what
people read, so that a typo in a label changes no rule. `canonical` turns both into bytes and back; `document`
reads the YAML that people write; `lint` says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kfq_workflow.definition.effect_model import AmendEffect as AmendEffect
from kfq_workflow.definition.effect_model import Effect as Effect  # noqa: TC001 - handed on
from kfq_workflow.definition.effect_model import FireEffect as FireEffect
from kfq_workflow.definition.effect_model import LaterEffect as LaterEffect
from kfq_workflow.definition.effect_model import Taken as Taken
from kfq_workflow.definition.gate_model import Duty as Duty
from kfq_workflow.definition.gate_model import Gate as Gate  # noqa: TC001 - handed on
from kfq_workflow.definition.gate_model import Quorum as Quorum
from kfq_workflow.definition.gate_model import Signer as Signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The version of the rules' language that this library evaluates.
LANG = 1

ValueType = Literal["text", "integer", "decimal", "boolean", "date", "choice"]


@dataclass(frozen=True, slots=True)
class Label:
    """What people read, in both languages, and where the item comes from (seed, src, gk, …)."""

    zh: str
    en: str
    origin: tuple[str, ...] = ()

    def text(self, lang: str) -> str:
        """Return the Chinese or the English."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Field:
    """A declared attribute (of an instance) or parameter (of a move). Decimals and dates are strings.

    `personal` values are kept as salted commitments and no guard may read them.
    """

    name: str
    type: ValueType
    choices: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A state of a region. Nothing leaves a terminal state; only an adoption leads to an adopt-only one."""

    name: str
    phase: str | None = None
    terminal: bool = False
    adopt_only: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """A line of states. `active_in` maps another region to the states in which this one is active; empty: always."""

    name: str
    initial: str
    states: Mapping[str, State]
    active_in: Mapping[str, frozenset[str]] = field(default_factory=dict)


# Conditions. One of these, or All, Any, Not of them, is what a guard says.


@dataclass(frozen=True, slots=True)
class InStates:
    """The region is in one of the states (an inactive region is in none)."""

    region: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class Visited:
    """The region has been moved into the state at least once; adopted states do not count."""

    region: str
    state: str


@dataclass(frozen=True, slots=True)
class FieldIs:
    """An attribute, parameter or constant compares so with a value. Absent values compare false, except for `ne`."""

    source: Literal["attribute", "parameter", "constant"]
    name: str
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in"]
    value: str | int | bool | tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class ActorHas:
    """The actor has one of the roles."""

    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class RootIn:
    """The root instance's region is in one of the states. Witnessed."""

    region: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class OtherIn:
    """Some other instance of this workflow and the same root has its region in one of the states. Witnessed."""

    workflow: str
    region: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class Code:
    """Application code answers: `name@version`, looked up in an explicit registry. Attested."""

    name: str


@dataclass(frozen=True, slots=True)
class GateIs:
    """The votes of a transition's approval gate: everybody has voted (`voted`), nobody objects (`unopposed`).

    Asked when the gate closes, of the round that closes; a late record's source stands for its votes.
    """

    transition: str
    what: Literal["voted", "unopposed"]


@dataclass(frozen=True, slots=True)
class CausedBy:
    """The act is the effect of an act of a case of this workflow, whose region is then in one of the states.

    Nobody fires such a transition by hand. Witnessed: the entry cites the case's.
    """

    workflow: str
    region: str
    states: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What this version cannot decide yet: `clock`, `ranking` or `policy`. Refuses."""

    feature: str


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one holds."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    of: Condition


Condition = (
    InStates
    | Visited
    | FieldIs
    | ActorHas
    | RootIn
    | OtherIn
    | Code
    | GateIs
    | CausedBy
    | Unsupported
    | All
    | Any
    | Not
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit, kept and shown; no clock acts on it yet. `days` None: no limit is known."""

    days: int | None
    calendar: Literal["working", "calendar"] = "calendar"
    kind: Literal["maximum", "minimum"] = "maximum"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a transition leads: a named state, the same state, or the state that an earlier trigger left."""

    kind: Literal["state", "same", "left"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """What one may do from a state. `id` is unique; several may share a trigger when their guards exclude each other.

    `remembers`: the state left is kept, so that another transition can return to it by this trigger's name.
    `effects` are acts on other instances. With a `gate` nobody fires it: it is submitted, and fires when the gate
    is approved; `roles` then say who may submit.
    """

    id: str
    trigger: str
    region: str
    sources: tuple[str, ...]
    target: Target
    roles: tuple[str, ...]
    papers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    remembers: bool = False
    effects: tuple[Effect, ...] = ()
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Permissions:
    """The roles that may start an instance, register late moves, adopt states and amend attributes.

    Those that `supervise` suspend and resume, void and reinstate, extend a deadline and waive a duty.
    """

    start: frozenset[str]
    register: frozenset[str] = frozenset({"registrar"})
    adopt: frozenset[str] = frozenset({"registrar"})
    amend: frozenset[str] = frozenset({"registrar"})
    supervise: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole workflow. `root` names the workflow of the instance that this one's cases belong to, if any.

    `labels` maps (kind, name) to a Label; kinds are workflow, phase, role, paper, attribute, parameter, constant,
    choice (`field=value`), region, state (`region=state`), guard and trigger. `open_phases` are the phases in which
    an instance counts as open for business.
    """

    name: str
    version: int
    regions: Mapping[str, Region]
    transitions: tuple[Transition, ...]
    permissions: Permissions
    roles: frozenset[str]
    papers: frozenset[str] = frozenset()
    phases: tuple[str, ...] = ()
    open_phases: frozenset[str] = frozenset()
    attributes: Mapping[str, Field] = field(default_factory=dict)
    parameters: Mapping[str, Field] = field(default_factory=dict)
    constants: Mapping[str, str | int | bool] = field(default_factory=dict)
    guards: Mapping[str, Condition] = field(default_factory=dict)
    labels: Mapping[tuple[str, str], Label] = field(default_factory=dict, compare=False)
    root: str | None = None
    lang: int = LANG

    def label(self, kind: str, name: str, lang: str) -> str:
        """Return what people read for an item, or its name where no label is known."""
        found = self.labels.get((kind, name))
        return found.text(lang) if found else name

    def named(self, kind: str, name: str, lang: str, code: str = "") -> str:
        """Return an item's label followed by its name or code, or that alone where it has no label."""
        label, code = self.label(kind, name, lang), code or name
        if label in (name, code):
            return code
        return f"{label}（{code}）" if lang == "zh" else f"{label} ({code})"

    def phase_of(self, state: str | None) -> str | None:
        """Return the phase of a state of `main`."""
        found = self.regions["main"].states.get(state or "")
        return found.phase if found else None

    def is_terminal(self, region: str, state: str | None) -> bool:
        """Tell whether nothing leaves this state."""
        found = self.regions[region].states.get(state or "")
        return bool(found and found.terminal)

    def triggers(self) -> tuple[str, ...]:
        """Return every trigger once, in the order of the document."""
        return tuple(dict.fromkeys(transition.trigger for transition in self.transitions))

    def codes(self) -> frozenset[str]:
        """Return the names of the code that this definition needs: guards, and signers whom code names."""
        guards = {leaf.name for guard in self.guards.values() for leaf in leaves(guard) if isinstance(leaf, Code)}
        gates = (rule.gate for rule in self.transitions if rule.gate is not None)
        return frozenset(guards | {signer.of for gate in gates for signer in gate.signers if signer.kind == "code"})


def leaves(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions of which this one is made, without All, Any and Not."""
    if isinstance(condition, (All, Any)):
        for part in condition.of:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.of)
    else:
        yield condition
