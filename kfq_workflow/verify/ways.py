"""Ways: bodies found legal, by what stays the same in them, so that others are known by comparing bytes.

A way has the bytes of one body without its attributes, its day, its papers and its one commitment. A body that has
the same bytes around other such pieces is as canonical, and has the same shape, as the one it was learnt from, if
each piece is in order by itself: attributes and papers are read here by the code that reads them for `Shapes`, day
and commitment are checked by `usual`. What a way cuts out of the body that it is learnt from must be what `Shapes`
cut out of it, and no more; otherwise there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.state import NOTES
from kfq_workflow.verify.replayed import COUNTED
from kfq_workflow.verify.shapes import FIRST, Unusual, attributes_of, papers_of

if TYPE_CHECKING:
    from kfq_workflow.verify.fold import Edge
    from kfq_workflow.verify.shapes import Body

#: Hex digits of a commitment.
SIZE = 64
_ATTRS, _ON, _PAPERS, _TEXTS = FIRST.encode(), b'"on":{', b'"papers":[{', b'"texts":{'


class Acts(NamedTuple):
    """Who does what under which definition: the kind of an entry, its actor's roles, its performer's."""

    kind: str
    roles: frozenset[str]
    def_: bytes | None


class Cut(NamedTuple):
    """What changes from body to body: day and commitment as they stand there, attributes read and as they stand."""

    on: bytes
    digest: bytes
    attrs: dict[str, Any] | None
    told: str


class Way:
    """A legal edge as it is met again: where it leads, and what an entry that takes it changes besides.

    A body is its attributes, `head`, its day, `gap` and papers, `middle` and its commitment, `tail`. In an `even` one,
    which has neither attributes nor papers, they stand at `on`, `end`, `digest` and `closed`, the latter three counted
    from its end; so its size is all that need be known of it to compare it.
    """

    __slots__ = (
        "after", "closed", "dated", "def_", "digest", "end", "even", "field", "filed", "gap", "head", "kind", "late",
        "middle", "move", "names", "node", "on", "performer", "plain", "refused", "roles", "sets", "shape", "silent",
        "tail", "their",
    )  # fmt: skip

    def __init__(self, edge: Edge, body: Body, text: bytes, acts: Acts, their: frozenset[str] | None) -> None:
        shape = self.shape = body.shape
        self.kind, self.roles, self.def_ = acts
        self.performer, self.their = shape.performer, their
        self.node = edge.node
        self.after = edge.after
        self.sets = shape.sets
        self.silent = self.kind in NOTES
        self.move = self.kind == "fired"
        self.refused = self.kind == "refused"
        self.late = shape.late and self.kind in COUNTED
        #: Whether it is a move that counts as nothing else, as most are.
        self.plain = self.move and not self.late
        self.field = shape.fields[0] if shape.fields else ""
        self._spell(text)

    def _spell(self, text: bytes) -> None:
        """Note the bytes between the pieces, and where the pieces stand."""
        first = stop = text.find(b"}", len(_ATTRS)) + 1 if text.startswith(_ATTRS) else 0
        self.names = tuple(attributes_of(text[9:first].decode())) if first else None
        found = text.find(_ON, first)
        self.dated = found >= 0
        self.on = 0
        if self.dated:
            self.on = found + 5 - first
            stop = text.find(b"}", found) + 1
        self.head = text[first : first + self.on]
        found = text.find(_PAPERS, stop)
        self.gap, self.filed = b"", None
        if found >= 0:
            self.gap = text[stop : found + 9]
            stop = text.find(b"}]", found) + 2
            self.filed = papers_of(text[found + 9 : stop].decode())
        found = text.find(_TEXTS, stop)
        closed = text.find(b"}", found) - 1 if found >= 0 else stop
        digest = closed - SIZE if found >= 0 else stop
        self.middle, self.tail = text[stop:digest], text[closed:]
        self.even = self.names is None and self.filed is None
        self.closed = -len(self.tail)
        self.digest = self.closed + digest - closed
        self.end = self.digest - len(self.middle)

    def cut(self, text: bytes) -> Cut | None:
        """Cut a body up; None where it is not of this way, or a piece is not as this library writes it."""
        first, told, attrs = 0, "", None
        try:
            if self.names is not None:
                if not text.startswith(_ATTRS):
                    return None
                first = text.find(b"}", 9) + 1
                told = text[9:first].decode()
                attrs = attributes_of(told)
                if tuple(attrs) != self.names:
                    return None
            on = stop = first + self.on
            if text[first:on] != self.head:
                return None
            if self.dated:
                stop = text.find(b"}", on) + 1
            end = stop
            if self.filed is not None:
                start = end + len(self.gap)
                stop = text.find(b"}]", start) + 2
                if text[end:start] != self.gap or papers_of(text[start:stop].decode()) != self.filed:
                    return None
        except (Unusual, UnicodeDecodeError):
            return None
        closed = len(text) + self.closed
        digest = closed - SIZE if self.field else closed
        if text[stop:digest] != self.middle or text[closed:] != self.tail:
            return None
        return Cut(text[on:end], text[digest:closed], attrs, told)


def learn(edge: Edge, body: Body, text: bytes, acts: Acts, their: frozenset[str] | None) -> tuple[Way, Cut] | None:
    """Make the way of a legal edge, and cut the body that took it; None where `Shapes` has cut it otherwise."""
    try:
        way = Way(edge, body, text, acts, their)
    except (Unusual, UnicodeDecodeError):
        return None
    cut = way.cut(text)
    if cut is None:
        return None
    pieces = (("on", way.dated), ("attrs", way.names is not None), ("papers", way.filed is not None), ("texts", cut.digest))
    parts = {name for name, found in pieces if found}
    digests = [cut.digest.decode()] if cut.digest else []
    if parts != body.shape.parts or digests != body.digests or cut.attrs != body.attrs:
        return None
    return way, cut
