"""The letters of a body: what stays the same when its attributes, day, papers and one commitment are cut out.

`Shapes` cuts more carefully, and says what the letters mean. Two bodies with the same letters have the same shape if
one of them was found to have been cut alike (`alike`): what is cut out of the other was checked by itself here, or
is by whoever asks: attributes and papers by the code of `shapes`, the day and the commitment by `usual`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.verify.shapes import FIRST, Unusual, attributes_of, papers_of

if TYPE_CHECKING:
    from kfq_workflow.verify.shapes import Body

#: Hex digits of a commitment.
SIZE = 64
#: Letters of `"on":`.
ON = 5


class Letters(NamedTuple):
    """A body cut up: its letters, the rest as it stands there, and the attributes read."""

    letters: tuple[Any, ...]
    on: str
    digest: str
    told: str
    attrs: dict[str, Any] | None


def letters(text: str) -> Letters | None:
    """Cut a body up; None where papers or attributes are not as this library writes them."""
    start = text.find('"on":{')
    end = text.find("}", start) + 1
    first, told, attrs = 0, "", None
    names: tuple[str, ...] = ()
    filed: Any = ()
    try:
        if text.startswith(FIRST):
            first = text.find("}", 9) + 1
            told = text[9:first]
            attrs = attributes_of(told)
            names = tuple(attrs)
        if start < 0:
            start = end = first
        stop, middle = end, ""
        found = text.find('"papers":[{', end)
        if found >= 0:
            stop = text.find("}]", found) + 2
            filed = papers_of(text[found + 9 : stop])
            middle = text[end:found]
    except Unusual:
        return None
    close = text.find('"texts":{', stop)
    if close < 0:
        key = (names, text[first:start], middle, *filed, text[stop:])
        return Letters(key, text[start + ON : end], "", told, attrs)
    close = text.find("}", close) - 1
    key = (names, text[first:start], middle, *filed, text[stop : close - SIZE], text[close:])
    return Letters(key, text[start + ON : end], text[close - SIZE : close], told, attrs)


def alike(found: Letters, body: Body) -> bool:
    """Tell whether `Shapes` has cut the same out of a body, and no more."""
    parts = {"on"} if found.on else set()
    if found.attrs is not None:
        parts.add("attrs")
    if found.digest:
        parts.add("texts")
    if '"papers":[{' in body.text:
        parts.add("papers")
    digests = [found.digest] if found.digest else []
    return parts == body.shape.parts and digests == body.digests and found.attrs == body.attrs
