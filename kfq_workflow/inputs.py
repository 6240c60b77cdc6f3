"""What callers hand in, made exact or refused: keys, ids, dates, texts, typed values, papers.

Everything here is checked before anything is read or written, so that bad input changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kfq_workflow import edtf
from kfq_workflow.entry import MAX_INTEGER, normal_text
from kfq_workflow.errors import InvalidInput, NotFound
from kfq_workflow.values import Paper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfq_workflow.definition.model import Definition, Field, ValueType

MAX_KEY = 128
MAX_TEXT = 16_384
BASES = ("stated", "implied", "inferred")
PAPER_DATES = ("meeting", "signed", "published", "received")

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", re.ASCII)


def is_text(value: object, what: str) -> str:
    """Return what is text. Raises InvalidInput for anything else: a program may hand in whatever it likes."""
    if not isinstance(value, str):
        raise InvalidInput("not_text", what=what, type=type(value).__name__)
    return value


def expect(value: object, wanted: type, what: str) -> None:
    """Raise InvalidInput for what is of another type than is wanted."""
    if not isinstance(value, wanted):
        raise InvalidInput("wrong_type", what=what, wanted=wanted.__name__, type=type(value).__name__)


def key(value: str, *, reserved: bool = False) -> str:
    """Return an instance's key in NFC.

    It has 1 to 128 characters, does not begin with ~ (`reserved` lets it, for who only reads), and has no control
    characters and no spaces at its ends. Slashes and Chinese are welcome.
    """
    try:
        text = normal_text(is_text(value, "key"))
    except InvalidInput as error:
        if error.code == "not_text":
            raise
        raise InvalidInput("invalid_key", key=ascii(value)[:80], reason=error.code) from None
    reason = ""
    if not text:
        reason = "empty"
    elif len(text) > MAX_KEY:
        reason = f"{len(text)} > {MAX_KEY}"
    elif text[0] == "~" and not reserved:
        reason = "reserved"
    elif text != text.strip():
        reason = "spaces"
    elif not text.isprintable() and any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in text):
        reason = "control"
    if reason:
        raise InvalidInput("invalid_key", key=text[:80], reason=reason)
    return text


def identifier(value: str) -> str:
    """Return an actor's or workflow's id: 1 to 64 letters, digits or `. _ : -`."""
    if not _ID.fullmatch(is_text(value, "id")):
        raise InvalidInput("invalid_id", id=value[:80])
    return value


def _is_list(values: object, what: str) -> None:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInput("not_a_list", what=what, type=type(values).__name__)


def identifiers(values: Iterable[str], what: str) -> list[str]:
    """Return several ids; one text is not a list of its letters."""
    _is_list(values, what)
    return [identifier(value) for value in values]


def request_id(value: str) -> str:
    """Return a request id: 1 to 64 letters, digits or `. _ : -`."""
    if not _ID.fullmatch(is_text(value, "request")):
        raise InvalidInput("invalid_request_id", request=value[:80])
    return value


def text(value: str, what: str, *, required: bool = False) -> str:
    """Return a person's text: NFC, at most 16,384 bytes, no NUL, no lone surrogate."""
    found = normal_text(value, limit=MAX_TEXT, what=what)
    if required and not found.strip():
        raise InvalidInput("required_text", what=what)
    return found


def texts(values: Iterable[str], what: str) -> list[str]:
    """Return several texts; one text is not a list of its letters."""
    _is_list(values, what)
    return [text(value, what, required=True) for value in values]


def basis(value: str) -> str:
    """Return how sure a late entry's source is: stated, implied or inferred."""
    if is_text(value, "basis") not in BASES:
        raise InvalidInput("invalid_basis", basis=value)
    return value


def day(value: str, today: str | None = None) -> edtf.Day:
    """Read EDTF text; with `today` (ISO) a day that lies wholly after it is refused."""
    try:
        found = edtf.parse(is_text(value, "date"))
    except edtf.InvalidDate as error:
        raise InvalidInput("invalid_date", text=value[:80], reason=error.reason) from None
    if today is not None and found.lo is not None and found.lo > today:
        raise InvalidInput("future_date", text=value, today=today)
    return found


def exact_day(value: str) -> str:
    """Return an ISO day; an imprecise date is refused."""
    try:
        found = edtf.parse(is_text(value, "date"))
    except edtf.InvalidDate as error:
        raise InvalidInput("invalid_day", text=value[:80], reason=error.reason) from None
    if found.lo is None or found.lo != found.hi or found.edtf != found.lo:
        raise InvalidInput("invalid_day", text=value[:80], reason="not_exact")
    return found.lo


def count(value: Any, name: str) -> int:
    """Return a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_INTEGER:
        raise InvalidInput("invalid_value", name=name, value=str(value)[:80], type="1, 2, 3, …")
    return value


def due(value: str, today: str) -> str:
    """Return the ISO day by which something is due, today or later."""
    found = exact_day(value)
    if found < today:
        raise InvalidInput("due_past", due=found, today=today)
    return found


def choice(value: str, name: str, known: Sequence[str]) -> str:
    """Return one of the words that are known."""
    if is_text(value, name) not in known:
        raise InvalidInput("invalid_value", name=name, value=value[:80], type=", ".join(known))
    return value


def on(value: str | None, today: str, *, late: bool) -> dict[str, str]:
    """Return the `on` of an act's body: EDTF text with its earliest and latest day, the latest no later than today.

    None means today for a live act, and unknown (nothing) for a late one.
    """
    if value is None:
        return {} if late else {"edtf": today, "hi": today, "lo": today}
    found = day(value, today)
    result = {"edtf": found.edtf, "hi": today if found.hi is None else min(found.hi, today)}
    if found.lo is not None:
        result["lo"] = found.lo
    return result


def typed(declared: Field, value: Any) -> str | int | bool:
    """Return a value as its declared type wants it; text from a command line is read, nothing is guessed."""
    found = _read(declared.type, value)
    if found is None or (declared.type == "choice" and found not in declared.choices):
        wanted = ", ".join(declared.choices) if declared.type == "choice" else declared.type
        about = {"name": declared.name, "value": str(value)[:80], "type": wanted}
        if declared.type not in ("integer", "boolean") and not isinstance(value, str):
            raise InvalidInput("value_not_text", **about, given=type(value).__name__)
        raise InvalidInput("invalid_value", **about)
    return found


def _read(kind: ValueType, value: Any) -> str | int | bool | None:
    if kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if kind == "integer":
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        good = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER
        return value if good else None
    if not isinstance(value, str):
        return None
    if kind == "decimal":
        return value if _DECIMAL.fullmatch(value) else None
    if kind == "date":
        return str(day(value).edtf)
    return normal_text(value, limit=MAX_TEXT)


def fields(
    declared: Mapping[str, Field], values: Mapping[str, Any], kind: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values as declared: those in clear, and the personal ones as texts by name.

    Raises NotFound (`kind` is attribute or parameter) for a name that is not declared.
    """
    clear: dict[str, Any] = {}
    personal: dict[str, str] = {}
    for name, value in values.items():
        if name not in declared:
            raise NotFound(kind, name, known=tuple(declared))
        found = typed(declared[name], value)
        if declared[name].personal:
            personal[f"{kind}.{name}"] = str(found)
        else:
            clear[name] = found
    return clear, personal


def papers(definition: Definition, laid: Sequence[Paper]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return papers as the body keeps them, and their titles and issuers as texts.

    Raises NotFound for a paper type that the definition does not have.
    """
    found: list[dict[str, Any]] = []
    texts: dict[str, str] = {}
    _is_list(laid, "papers")
    for number, paper in enumerate(laid):
        if not isinstance(paper, Paper):
            raise InvalidInput("not_a_paper", type=type(paper).__name__)
        if is_text(paper.type, "paper type") not in definition.papers:
            raise NotFound("paper", paper.type, known=sorted(definition.papers))
        item: dict[str, Any] = {"filed": True, "type": paper.type}
        if paper.number is not None:
            item["number"] = text(paper.number, "paper number", required=True)
        if paper.sha256 is not None:
            if not _SHA256.fullmatch(is_text(paper.sha256, "digest")):
                raise InvalidInput("invalid_digest", value=paper.sha256[:80])
            item["sha256"] = paper.sha256
        if paper.dates:
            item["dates"] = _paper_dates(paper.dates)
        for name, words in (("title", paper.title), ("issuer", paper.issuer)):
            if words is not None and words != "":
                texts[f"papers.{number}.{name}"] = text(words, f"paper {name}")
        found.append(item)
    return found, texts


def _paper_dates(dates: Mapping[str, str]) -> dict[str, str]:
    unknown = [name for name in dates if name not in PAPER_DATES]
    if unknown:
        raise NotFound("date", unknown[0], known=PAPER_DATES)
    return {name: day(value).edtf for name, value in dates.items()}
