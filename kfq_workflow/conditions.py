"""The one evaluator of guards: does a condition hold, since which entry, and what was read to know it.

A condition has three answers: it holds, it does not, or this version cannot tell (`Unsupported`). Negation is
pushed down to the leaves, so that each leaf knows what it is asked and can name the entry since which its answer
has held: a later act *rests* on that entry and cannot have happened before it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, assert_never

from kfq_workflow.definition import model
from kfq_workflow.values import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from kfq_workflow.state import Snapshot
    from kfq_workflow.values import Actor, Witness

    CodeAnswers = Callable[[str], tuple[bool, Mapping[str, Any]]]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}

#: The states of a task whose vote is still to come, and that of one who objects.
_UNDECIDED = frozenset({"open", "waiting", "blocked"})
_OPPOSED = frozenset({"rejected"})


@dataclass(frozen=True, slots=True)
class Outside:
    """What is read outside an instance's own chain: its family, and the application's answers, kept in `attested`.

    `witnesses` are the other instances of the family by key, `root` the family's root. `code` answers a guard in code
    by name with (answer, values).
    """

    key: str = ""
    root: str | None = None
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    code: CodeAnswers | None = None
    attested: dict[str, Any] = field(default_factory=dict)


#: Nothing outside: no family, and no application that answers.
ALONE = Outside()


@dataclass(slots=True)
class Context:
    """What a condition may look at, and what it was seen to look at.

    `actor` None asks for anyone: conditions on the actor's role then hold. `gates` are the rounds of the instance's
    approval gates as its snapshot keeps them; None does not ask for votes: conditions on them then hold. `cause` is
    the case of whose act this one is an effect.
    """

    definition: model.Definition
    snapshot: Snapshot
    actor: Actor | None
    params: Mapping[str, Any]
    outside: Outside = ALONE
    rests: set[int] = field(default_factory=set)
    seen: dict[str, Seen] = field(default_factory=dict)
    attested: dict[str, Any] = field(default_factory=dict)
    unsupported: list[str] = field(default_factory=list)
    gates: Mapping[str, Mapping[str, Any]] | None = None
    cause: Witness | None = None


def holds(  # noqa: C901, PLR0911, PLR0912 - one case for each kind of condition, and no more
    condition: model.Condition, context: Context, *, negated: bool = False
) -> bool | None:
    """Tell whether a condition (or its negation) holds; None when this version cannot decide it."""
    match condition:
        case model.Not(of):
            return holds(of, context, negated=not negated)
        case model.All(of):
            return _some(of, context, negated=True) if negated else _every(of, context, negated=False)
        case model.Any(of):
            return _every(of, context, negated=True) if negated else _some(of, context, negated=False)
        case model.InStates(region, states):
            return _in_states(context.snapshot, region, states, context, negated=negated)
        case model.Visited(region, state):
            return _visited(context, region, state, negated=negated)
        case model.FieldIs():
            return _field_is(condition, context) is not negated
        case model.ActorHas(roles):
            return context.actor is None or bool(roles & context.actor.roles) is not negated
        case model.RootIn(region, states):
            return _root_in(context, region, states) is not negated
        case model.OtherIn(workflow, region, states):
            return _other_in(context, workflow, region, states) is not negated
        case model.Code(name):
            return _code(context, name) is not negated
        case model.GateIs(transition, what):
            return context.gates is None or _gate_is(context.gates, transition, what) is not negated
        case model.CausedBy(workflow, region, states):
            return _caused_by(context, workflow, region, states) is not negated
        case model.Unsupported(feature):
            context.unsupported.append(feature)
            return None
        case _:  # pragma: no cover - the type checker proves that no condition is left
            assert_never(condition)


def _every(parts: tuple[model.Condition, ...], context: Context, *, negated: bool) -> bool | None:
    answer: bool | None = True
    for part in parts:
        found = holds(part, context, negated=negated)
        if found is False:
            return False
        if found is None:
            answer = None
    return answer


def _some(parts: tuple[model.Condition, ...], context: Context, *, negated: bool) -> bool | None:
    """Try the parts in order; the first that holds is the one an act rests on."""
    answer: bool | None = False
    rests = set(context.rests)
    for part in parts:
        context.rests = set(rests)
        found = holds(part, context, negated=negated)
        if found:
            return True
        if found is None:
            answer = None
    context.rests = rests
    return answer


def _in_states(snapshot: Snapshot, region: str, states: Collection[str], context: Context, *, negated: bool) -> bool:
    inside = snapshot.regions.get(region) in states
    if inside is negated:
        return False
    # The answer has held since the region last came out of a state that would have given the other one.
    marks = [mark for state, mark in snapshot.out.get(region, {}).items() if (state in states) is negated]
    if marks:
        context.rests.add(max(mark[0] for mark in marks))
    return True


def _visited(context: Context, region: str, state: str, *, negated: bool) -> bool:
    mark = context.snapshot.visited.get(region, {}).get(state)
    if mark is not None and not negated:
        context.rests.add(mark[0])
    return (mark is not None) is not negated


def _field_is(condition: model.FieldIs, context: Context) -> bool:
    definition = context.definition
    declared: model.Field | None = None
    if condition.source == "constant":
        found = definition.constants.get(condition.name)
    elif condition.source == "attribute":
        found = context.snapshot.attrs.get(condition.name)
        declared = definition.attributes.get(condition.name)
    else:
        found = context.params.get(condition.name)
        declared = definition.parameters.get(condition.name)
    if found is None:
        return condition.op == "ne"
    wanted = condition.value
    if condition.op == "in":
        options = wanted if isinstance(wanted, tuple) else (wanted,)
        return any(_comparable(found, declared) == _comparable(option, declared) for option in options)
    left, right = _comparable(found, declared), _comparable(wanted, declared)
    if type(left) is not type(right):
        return condition.op == "ne"
    return _COMPARE[condition.op](left, right)


def _comparable(value: Any, declared: model.Field | None) -> Any:
    if declared is not None and declared.type == "decimal" and not isinstance(value, bool):
        with suppress(InvalidOperation):
            number = Decimal(value)
            return number if number.is_finite() else value  # not a number is less than nothing, and more than nothing
    return value


def _see(context: Context, witness: Witness) -> None:
    context.seen[witness.key] = Seen(witness.key, witness.seq, witness.leaf)


def _root_in(context: Context, region: str, states: Collection[str]) -> bool:
    witness = context.outside.witnesses.get(context.outside.root or "")
    if witness is None:
        return False
    _see(context, witness)
    return witness.regions.get(region) in states


def _other_in(context: Context, workflow: str, region: str, states: Collection[str]) -> bool:
    answer = False
    for key, witness in context.outside.witnesses.items():
        if witness.workflow == workflow and key not in (context.outside.key, context.outside.root):
            _see(context, witness)
            answer = answer or witness.regions.get(region) in states
    return answer


def _gate_is(gates: Mapping[str, Mapping[str, Any]], transition: str, what: str) -> bool:
    """Ask a round's tasks; where there was no round, nobody has voted and nothing was unopposed."""
    if transition not in gates:
        return False
    states = {task["state"] for task in gates[transition].get("tasks", {}).values()}
    return states.isdisjoint(_UNDECIDED if what == "voted" else _OPPOSED)


def _caused_by(context: Context, workflow: str, region: str, states: Collection[str]) -> bool:
    if context.cause is None:
        return False
    _see(context, context.cause)
    return context.cause.workflow == workflow and context.cause.regions.get(region) in states


def _code(context: Context, name: str) -> bool:
    if name not in context.attested:
        if context.outside.code is None:
            raise LookupError(name)
        answer, values = context.outside.code(name)
        context.attested[name] = {"answer": answer, **({"values": dict(values)} if values else {})}
    return bool(context.attested[name]["answer"])
