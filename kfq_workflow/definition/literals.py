"""Does a value that a guard writes out fit what it is compared with? A guard that can never hold is a mistake."""

from __future__ import annotations

import re
from typing import Any

from kfq_workflow import edtf
from kfq_workflow.definition import model

Constant = str | int | bool
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", re.ASCII)
_ORDER = ("lt", "le", "gt", "ge")
_ORDERED = ("integer", "decimal")


def unfit(declared: model.Field | Constant | None, op: str, value: Any) -> tuple[str, str]:
    """Return a problem's code and what was wanted, or two empty strings when the value fits.

    `declared` is the attribute or parameter, or the value of a constant; None (not declared) fits everything. Only
    numbers have an order: that of text is nobody's, and an imprecise date comes neither before nor after.
    """
    if declared is None:
        return "", ""
    kind = declared.type if isinstance(declared, model.Field) else _TYPES[type(declared)]
    choices = declared.choices if isinstance(declared, model.Field) else ()
    if op in _ORDER and kind not in _ORDERED:
        return "definition.no_order", kind
    if kind == "choice":
        return ("", "") if value in choices else ("definition.expected", ", ".join(choices))
    return ("", "") if _FITS[kind](value) else ("definition.expected", kind)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(edtf.parse(value))
    except edtf.InvalidDate:
        return False


_TYPES = {str: "text", int: "integer", bool: "boolean"}
_FITS = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "boolean": lambda value: type(value) is bool,
    "decimal": lambda value: isinstance(value, str) and _DECIMAL.fullmatch(value) is not None,
    "date": _is_date,
}
