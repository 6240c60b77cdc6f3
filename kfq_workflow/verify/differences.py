"""Where two values of JSON differ, told by the shortest path to the first difference and what stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTHING = object()
_LONG = 200


def told(found: Any, expected: Any) -> tuple[str, str]:
    """Return what was found and what was expected where they differ first, each as `path = value`.

    Where they differ in more places, their number follows: `tasks.1.state = open (+2)`. Nothing is a dash.
    """
    places = list(_differing(found, expected, ""))
    if not places:
        return _value(found), _value(expected)
    path, left, right = places[0]
    before = f"{path} = " if path else ""
    after = f" (+{len(places) - 1})" if len(places) > 1 else ""
    return f"{before}{_value(left)}{after}", f"{before}{_value(right)}{after}"


def _differing(found: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(found, list) and isinstance(expected, list):
        found, expected = dict(enumerate(found)), dict(enumerate(expected))
    if not (isinstance(found, dict) and isinstance(expected, dict)):
        if found != expected or type(found) is not type(expected):
            yield path, found, expected
        return
    for name in sorted(found.keys() | expected.keys(), key=lambda name: (isinstance(name, str), name)):
        left, right = found.get(name, _NOTHING), expected.get(name, _NOTHING)
        yield from _differing(left, right, f"{path}.{name}" if path else str(name))


def _value(value: Any) -> str:
    """Return a value for a sentence."""
    if value is _NOTHING or value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name}={_value(item)}" for name, item in sorted(value.items()))[:_LONG] or "-"
    return str(value)[:_LONG]
