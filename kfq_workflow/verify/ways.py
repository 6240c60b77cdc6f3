"""Ways: bodies found legal, by what stays the same in them, so that others are known by comparing bytes.

A way has the bytes of one body without its attributes, its day, its papers and its one commitment. A body that has
the same bytes around other such pieces is as canonical, and has the same shape, as the one it was learnt from, if
each piece is in order by itself: attributes and papers are read here by the code that reads them for `Shapes`, day
and commitment are checked by `usual`. What a way cuts out of the body that it is learnt from must be what `Shapes`
cut out of it, and no more; otherwise there is none.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring as quote
from typing import TYPE_CHECKING, Any

from kfq_workflow.state import NOTES
from kfq_workflow.verify.replayed import COUNTED
from kfq_workflow.verify.shapes import FIRST, Unusual, attributes_of, papers_of

if TYPE_CHECKING:
    from kfq_workflow.verify.fold import Edge
    from kfq_workflow.verify.shapes import Body

    #: What changes from body to body: day and commitment as they stand there, attributes read and in canonical JSON.
    Cut = tuple[bytes, bytes, dict[str, Any] | None, str]
    #: Who does what: an entry's kind, its actor's roles, its definition, the roles of whom it was entered late for.
    Acts = tuple[str, frozenset[str], bytes | None, frozenset[str] | None]

#: Hex digits of a commitment.
_SIZE = 64
_ATTRS, _ON, _PAPERS, _TEXTS = FIRST.encode(), b'"on":{', b'"papers":[{', b'"texts":{'
#: Attributes and papers in which one word changes: an attribute's, and a paper's number.
_FRAME = re.compile(r'(\{"[^"]+":"|\[\{"filed":(?:true|false),"number":")[^"]*("\}|","type":"[^"]*"\}\])')
_NO_FRAME = ("", "")


class Way:
    """A legal edge as it is met again: where it leads, and what an entry that takes it changes besides.

    A body is its attributes, `head`, its day, `gap` and papers, `middle` and its commitment, `tail`. In an `even` one,
    which has neither attributes nor papers, they stand at `on`, `end`, `digest` and `closed`, the latter three counted
    from its end; so by its size alone it is known which way it may be of. None that was entered late for another is.
    """

    __slots__ = (
        "after", "attrs", "closed", "dated", "def_", "digest", "end", "even", "field", "filed", "gap", "head", "kind",
        "late", "middle", "move", "names", "node", "on", "papers", "performer", "plain", "quoted", "refused", "roles",
        "sets", "shape", "silent", "tail", "their",
    )  # fmt: skip

    def __init__(self, edge: Edge, body: Body, text: bytes, acts: Acts) -> None:
        shape = self.shape = body.shape
        self.kind, self.roles, self.def_, self.their = acts
        self.performer = shape.performer
        self.quoted = quote(self.kind).encode()
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
        told = text[9:first].decode()
        #: The names of attributes, and what stands around the one that is a word.
        self.names = tuple(attributes_of(told)) if told else None
        self.attrs = _frame(told)
        found = text.find(_ON, first)
        self.dated = found >= 0
        self.on = 0
        if self.dated:
            self.on = found + 5 - first
            stop = text.find(b"}", found) + 1
        self.head = text[first : first + self.on]
        found = text.find(_PAPERS, stop)
        #: What is told of papers, and what stands around the number of one.
        self.gap, self.filed, self.papers = b"", None, _NO_FRAME
        if found >= 0:
            self.gap = text[stop : found + 9]
            stop = text.find(b"}]", found) + 2
            part = text[found + 9 : stop].decode()
            self.filed, self.papers = papers_of(part), _frame(part)
        found = text.find(_TEXTS, stop)
        closed = text.find(b"}", found) - 1 if found >= 0 else stop
        digest = closed - _SIZE if found >= 0 else stop
        self.middle, self.tail = text[stop:digest], text[closed:]
        self.even = self.names is None and self.filed is None and self.performer is None
        self.closed = -len(self.tail)
        self.digest = self.closed + digest - closed
        self.end = self.digest - len(self.middle)

    def cut(self, text: bytes) -> Cut | None:
        """Cut a body up; None where it is not of this way, or a piece is not as this library writes it."""
        first, told = 0, ""
        attrs: dict[str, Any] | None = None
        try:
            if self.names is not None:
                first = text.find(b"}", len(_ATTRS)) + 1
                told = text[9:first].decode()
                attrs = self._attributes(told)
            on = end = stop = first + self.on
            if text[first:on] != self.head or (first and not text.startswith(_ATTRS)):
                return None
            if self.dated:
                end = stop = text.find(b"}", on) + 1
            if self.filed is not None:
                start = end + len(self.gap)
                stop = text.find(b"}]", start) + 2
                if text[end:start] != self.gap or not self._files(text[start:stop].decode()):
                    return None
        except (Unusual, UnicodeDecodeError):
            return None
        closed = len(text) + self.closed
        digest = closed + self.digest - self.closed
        if text[stop:digest] != self.middle or text[closed:] != self.tail:
            return None
        return text[on:end], text[digest:closed], attrs, told

    def _attributes(self, told: str) -> dict[str, Any]:
        """Return attributes of these names; raises Unusual for others, and for what is no attributes."""
        word = _word(told, self.attrs)
        if word is not None:
            return {(self.names or ())[0]: word}
        attrs = attributes_of(told)
        if tuple(attrs) != self.names:
            raise Unusual
        return attrs

    def _files(self, part: str) -> bool:
        """Tell whether papers are of these types, and filed as these were; raises Unusual for what is no papers."""
        return _word(part, self.papers) is not None or papers_of(part) == self.filed


def _frame(part: str) -> tuple[str, str]:
    """Return what stands around the one word that changes; nothing where that is not all."""
    found = _FRAME.fullmatch(part)
    return _NO_FRAME if found is None else (found[1], found[2])


def _word(part: str, frame: tuple[str, str]) -> str | None:
    """Return the word in a frame if JSON writes it as it is; None where that takes a closer look."""
    before, after = frame
    word = part[len(before) : len(part) - len(after)]
    plain = before and word.isprintable() and '"' not in word and "\\" not in word
    return word if plain and f"{before}{word}{after}" == part else None


def learn(edge: Edge, body: Body, text: bytes, acts: Acts) -> tuple[Way, Cut] | None:
    """Make the way of a legal edge, and cut the body that took it; None where `Shapes` has cut it otherwise."""
    try:
        way = Way(edge, body, text, acts)
    except (Unusual, UnicodeDecodeError):
        return None
    cut = way.cut(text)
    if cut is None:
        return None
    _, digest, attrs, _ = cut
    pieces = {"on": way.dated, "attrs": attrs is not None, "papers": way.filed is not None, "texts": digest}
    parts = {name for name, found in pieces.items() if found}
    digests = [digest.decode()] if digest else []
    return (way, cut) if parts == body.shape.parts and digests == body.digests and attrs == body.attrs else None
