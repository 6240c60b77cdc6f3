"""Bodies read once: what many bodies have in common is parsed, checked and judged only once.

Most bodies of a log differ from others only in days, commitments, papers, attributes and cited leaves. Those parts
are cut out and read by themselves; what is left is the *shape*. A body is canonical JSON if and only if its shape,
with a word in place of each part, and each part by itself are: keys are sorted whatever stands under them. A part
counts only where this library puts it, at the top of the body; a body that has one elsewhere is read whole.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from kfq_workflow.entry import parse_canonical

FIRST = '{"attrs":{'
#: How parts begin, in the order of the keys; attributes come before all.
_ON, _TEXTS = '"on":{', '"texts":{'
_LISTS = (("papers", '"papers":[{', 9), ("seen", '"seen":[{', 7))
_FIELD = r'"[!#-\[\]-~]+":"[0-9a-f]{64}"'
_COMMITMENTS = re.compile(rf"\{{{_FIELD}(?:,{_FIELD})*\}}")
#: Papers as this library writes them: what matches is canonical JSON by its form alone.
_WORD = r'"[^"\\\x00-\x1f\ud800-\udfff]*"'
_ONE = (
    rf'\{{(?:"dates":\{{"(?:meeting|published|received|signed)":{_WORD}\}},)?"filed":(true|false)'
    rf'(?:,"number":{_WORD})?(?:,"sha256":{_WORD})?,"type":({_WORD})\}}'
)
_PAPERS = re.compile(rf"\[{_ONE}(?:,{_ONE})*\]")
_EACH = re.compile(_ONE)
_SINGLE = re.compile(rf"\[{_ONE}\]")
_SAYS = rf'"[!#-\[\]-~]+":(?:{_WORD}|true|false|null|0|-?[1-9][0-9]{{0,14}})'
_ATTRS = re.compile(rf"\{{{_SAYS}(?:,{_SAYS})*\}}")
#: Reads JSON that is known to be JSON.
_read = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # left out of the stubs
_PARTS = frozenset({"attrs", "on", "papers", "seen", "texts"})
_PAPER = frozenset({"dates", "filed", "number", "sha256", "type"})
_DATES = frozenset({"meeting", "published", "received", "signed"})
#: Shapes and days that are kept; when there are more, all are forgotten and read again as they come.
_LIMIT = 2_000


class On(NamedTuple):
    """The `on` of a body: EDTF text with its earliest and latest day, None for what is not said."""

    edtf: str | None
    lo: str | None
    hi: str | None


UNKNOWN = On(None, None, None)


class Shape:
    """What bodies that differ only in their parts have in common.

    `body` has everything that is not a part, and of `papers` type and `filed`; `fields` are the committed texts.
    A shape that is not `shared` belongs to one body alone, and its `body` is the whole.
    """

    __slots__ = ("body", "facts", "fields", "late", "parts", "performer", "sets", "shared")

    def __init__(
        self, body: dict[str, Any], parts: frozenset[str], fields: tuple[str, ...], *, shared: bool = True
    ) -> None:
        self.body = body
        self.parts = parts
        self.shared = shared
        self.fields = fields
        self.late = body.get("mode") == "late"
        self.sets = bool(body.get("set"))
        #: Whether the body says attributes.
        self.facts = "attrs" in parts or "attrs" in body
        self.performer = _performer(body)


class Body(NamedTuple):
    """One body: its shape, its text, and those parts that every check needs."""

    shape: Shape
    text: str
    on: On
    digests: list[str]
    attrs: dict[str, Any] | None

    def told(self) -> str:
        """Return the attributes as they are told, in canonical JSON."""
        return self.text[9 : self.text.find("}", 9) + 1]

    def parsed(self) -> dict[str, Any]:
        """Return the whole body as values."""
        found: dict[str, Any] = json.loads(self.text)
        return found


class Shapes:
    """Reads bodies and remembers a bounded number of shapes."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Shape] = {}
        self._days: dict[str, On] = {}

    def read(self, text: str) -> Body:
        """Return a body; raises ValueError unless it is canonical JSON of an object in the entry profile."""
        return self.cut(text) or _whole(text)

    def cut(self, text: str) -> Body | None:
        """Return a body that is made as this library makes bodies, None for another."""
        try:
            return self._cut(text)
        except Unusual:
            return None

    def day(self, part: str) -> On | None:
        """Return what an `on` by itself says, None for one that this library does not write."""
        try:
            return self._days.get(part) or self._day(part)
        except Unusual:
            return None

    def _cut(self, text: str) -> Body:
        """Cut the parts out and look the rest up."""
        pieces: list[Any] = []
        position, on = 0, UNKNOWN
        digests: list[str] = []
        attrs: dict[str, Any] | None = None
        if text.startswith(FIRST):
            position = text.find("}", 9) + 1
            attrs = attributes_of(text[9:position])
            pieces += ('{"attrs":', ("attrs", *attrs))
        found = text.find(_ON, position)
        if found >= 0:
            end = text.find("}", found) + 1
            part = text[found + 5 : end]
            on = self._days.get(part) or self._day(part)
            pieces += (text[position : found + 5], "on")
            position = end
        if '":[{' in text:
            position = _lists(text, position, pieces)
        found = text.find(_TEXTS, position)
        if found >= 0:
            end = text.find("}", found) + 1
            part = text[found + 8 : end]
            if _COMMITMENTS.fullmatch(part) is None:
                raise Unusual
            words = part.split('"')
            digests = words[3::4]
            pieces += (text[position : found + 8], ("texts", *words[1::4]))
            position = end
        pieces.append(text[position:])
        key = tuple(pieces)
        shape = self._known.get(key) or self._learn(key)
        return Body(shape, text, on, digests, attrs)

    def _day(self, part: str) -> On:
        found = _strict(part)
        if not isinstance(found, dict) or not found.keys() <= {"edtf", "hi", "lo"}:
            raise Unusual
        if not all(isinstance(value, str) for value in found.values()):
            raise Unusual
        if len(self._days) >= _LIMIT:
            self._days.clear()
        on = self._days[part] = On(found.get("edtf"), found.get("lo"), found.get("hi"))
        return on

    def _learn(self, key: tuple[Any, ...]) -> Shape:
        """Read a shape: the pieces with a word in place of each part."""
        names = [piece if isinstance(piece, str) else piece[0] for piece in key[1::2]]
        words = {name: f"part {number}" for number, name in enumerate(names)}
        text = "".join(
            f'"{words[names[number // 2]]}"' if number % 2 else str(piece) for number, piece in enumerate(key)
        )
        body = parse_canonical(text)
        if not isinstance(body, dict) or any(
            body.pop(name, None) != word or text.count(f'"{word}"') != 1 for name, word in words.items()
        ):
            raise Unusual
        if "gates" in body:  # with numbers and people of its own, as no other body has them
            raise Unusual
        if "on" in body or "texts" in body:  # which hold words, or they would have been cut out
            raise Unusual
        found = {piece[0]: piece[1:] for piece in key[1::2] if not isinstance(piece, str)}
        fields = found.get("texts", ())
        if list(fields) != sorted(set(fields)):
            raise Unusual
        if "papers" in found:
            body["papers"] = [{"filed": filed, "type": kind} for kind, filed in found["papers"]]
        if len(self._known) >= _LIMIT:
            self._known.clear()
        shape = self._known[key] = Shape(body, frozenset(words), fields)
        return shape


class Unusual(Exception):
    """The body is not made as this library makes bodies: read it whole."""


def _strict(part: str) -> Any:
    try:
        return parse_canonical(part)
    except ValueError:
        raise Unusual from None


def _lists(text: str, position: int, pieces: list[Any]) -> int:
    """Cut out papers and cited entries, each checked by itself; return where they end."""
    for name, opening, skip in _LISTS:
        found = text.find(opening, position)
        if found < 0:
            continue
        end = text.find("}]", found) + 2
        part = text[found + skip : end]
        pieces.append(text[position : found + skip])
        if name == "papers":
            pieces.append(("papers", *papers_of(part)))
        else:
            _strict(part)
            pieces.append(name)
        position = end
    return position


def attributes_of(part: str) -> dict[str, Any]:
    """Return attributes, which are words, integers and booleans; raises Unusual for others."""
    if _ATTRS.fullmatch(part):
        attrs: dict[str, Any] = _read(part, 0)[0]
        if len(attrs) == part.count('":') and (len(attrs) == 1 or list(attrs) == sorted(attrs)):
            return attrs
    attrs = _strict(part)
    if any(isinstance(value, (dict, list)) for value in attrs.values()):
        raise Unusual
    return attrs


def papers_of(part: str) -> list[tuple[Any, Any]]:
    """Return type and `filed` of each paper; raises Unusual for what this library does not write."""
    if (one := _SINGLE.fullmatch(part)) is not None:
        filed, kind = one.groups()
        return [(kind[1:-1], filed == "true")]
    if _PAPERS.fullmatch(part):
        return [(kind[1:-1], filed == "true") for filed, kind in _EACH.findall(part)]
    found = _strict(part)
    if any(_odd(paper) for paper in found):
        raise Unusual
    return [(paper.get("type"), paper.get("filed")) for paper in found]


def _odd(paper: Any) -> bool:
    if type(paper) is not dict or not paper.keys() <= _PAPER:
        return True
    dates = paper.get("dates")
    words = [value for name, value in paper.items() if name not in ("dates", "filed")]
    if dates is not None:
        if type(dates) is not dict or not dates.keys() <= _DATES:
            return True
        words += dates.values()
    return type(paper.get("filed", True)) is not bool or any(type(word) is not str for word in words)


def _performer(body: dict[str, Any]) -> str | None:
    """Return the office whose act a late entry is."""
    about = body.get("for")
    return str(about.get("id")) if isinstance(about, dict) else None


def parsed(text: str) -> dict[str, Any]:
    """Return a body. Raises ValueError unless it is canonical JSON of an object whose `texts` and `on` hold words."""
    body = parse_canonical(text)
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for all that is not a body
    if not _words(body.get("texts", {})) or not _words(body.get("on", {})):
        raise ValueError("texts and on must hold words")
    return body


def readable(text: str) -> dict[str, Any] | None:
    """Return a body, None for what is none: the main stream reports it, and whoever else looks passes over it."""
    try:
        return parsed(text)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _whole(text: str) -> Body:
    """Read a body that shares its shape with no other."""
    body = parsed(text)
    texts, on = body.get("texts", {}), body.get("on", {})
    fields = tuple(sorted(texts))
    days = On(on.get("edtf"), on.get("lo"), on.get("hi")) if "on" in body else UNKNOWN
    shape = Shape(body, _PARTS & body.keys(), fields, shared=False)
    return Body(shape, text, days, [texts[field] for field in fields], None)


def _words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())
