"""Can two conditions hold at once? Asked of transitions that share a trigger, of which one at most may be allowed.

The answer is yes unless the conditions plainly rule each other out: what is not understood here is a warning there.
"""

from __future__ import annotations

from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from kfq_workflow.definition import model

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}


def exclude(definition: model.Definition, left: model.Condition, right: model.Condition) -> bool:
    """Tell whether two conditions of one definition can never hold together."""
    return _one_way(definition, left, right) or _one_way(definition, right, left)


def _one_way(  # noqa: PLR0911 - one return for each pair that is understood
    definition: model.Definition, left: model.Condition, right: model.Condition
) -> bool:
    match left, right:
        case model.Not(of), _ if of == right:
            return True
        case model.All(parts), _:
            return any(exclude(definition, part, right) for part in parts)
        case model.Any(parts), _:
            return all(exclude(definition, part, right) for part in parts)
        case model.InStates(one, states), model.InStates(other, others):
            return one == other and states.isdisjoint(others)
        case model.InStates(one, states), model.Not(model.InStates(other, others)):
            return one == other and states <= others
        case model.FieldIs(), model.FieldIs() if (left.source, left.name) == (right.source, right.name):
            return _apart(definition, left, right)
        case _:
            return False


def _apart(definition: model.Definition, left: model.FieldIs, right: model.FieldIs) -> bool:
    """Tell whether no value compares so with both. What is absent passes `ne` alone, and two of these never exclude."""
    if left.op in ("eq", "in"):
        return not any(_passes(definition, right, value) for value in _values(definition, left))
    if left.op in ("lt", "le") and right.op in ("gt", "ge"):
        top, bottom = _values(definition, left)[0], _values(definition, right)[0]
        return bool(top < bottom or (top == bottom and (left.op, right.op) != ("le", "ge")))
    return False


def _passes(definition: model.Definition, condition: model.FieldIs, value: Any) -> bool:
    wanted = _values(definition, condition)
    return value in wanted if condition.op == "in" else _COMPARE[condition.op](value, wanted[0])


def _values(definition: model.Definition, condition: model.FieldIs) -> tuple[Any, ...]:
    given = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    declared = {"attribute": definition.attributes, "parameter": definition.parameters}.get(condition.source, {})
    field = declared.get(condition.name)
    return tuple(Decimal(value) for value in given) if field and field.type == "decimal" else given
