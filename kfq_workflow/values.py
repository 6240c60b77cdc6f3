"""The values that cross the library's boundary: who acts, with which papers, what was decided, what came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kfq_workflow.hashing import check_letters
from kfq_workflow.messages import render

if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY: Mapping[str, Any] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return EMPTY


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who may act: an office, a person or a system account.

    `valid_from` and `valid_to` are ISO days, both included; None is open. `name` and `post` are personal and
    never stand in an entry in clear.
    """

    id: str
    roles: frozenset[str] = frozenset()
    org: str = ""
    kind: str = "office"
    valid_from: str | None = None
    valid_to: str | None = None
    enabled: bool = True
    name: str = ""
    post: str = ""

    def acts_on(self, day: str) -> bool:
        """Tell whether the actor may act on this ISO day."""
        return (
            self.enabled
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper laid before a move.

    `type` is one of the definition's; `dates` maps meeting, signed, published or received to EDTF text; `sha256` is
    the file's digest, 64 hex digits; `title` and `issuer` are kept as commitments, never in clear.
    """

    type: str
    number: str | None = None
    dates: Mapping[str, str] = field(default_factory=_empty)
    sha256: str | None = None
    title: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a move is refused: a code, the values behind it, and the sentence in both languages.

    `category` names the error class: NotAllowed, NotAuthorised, EvidenceMissing or GuardFailed.
    """

    code: str
    category: str
    values: Mapping[str, Any]
    zh: str
    en: str

    def text(self, lang: str = "en") -> str:
        """Return the sentence, `lang` being `zh` or `en`."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a definition: where (line from 1, 0 if unknown; path), what, and how bad.

    `severity` is `error` (the definition is refused) or `warning`.
    """

    code: str
    line: int = 0
    path: str = ""
    severity: str = "error"
    values: Mapping[str, Any] = field(default_factory=_empty)

    def text(self, lang: str = "en") -> str:
        """Return place and sentence in one line."""
        place = f"{self.line}: " if self.line else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{render(self.code, self.values, lang)}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a decision read of another instance: its key, entry number and leaf (64 hex digits)."""

    instance: str
    seq: int
    leaf: str


@dataclass(frozen=True, slots=True)
class Witness:
    """Another instance of the same root as a guard sees it, read under the family's lock."""

    key: str
    workflow: str
    seq: int
    leaf: str
    regions: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a rule check: allowed with its target, or every refusal and the papers still missing.

    `set` and `was` map regions to states (None is no state); `rests` are the entries on which conditions have
    rested since; `remembers` names the region whose left state is kept; `gated` tells that the move is submitted
    for approval and not fired.
    """

    trigger: str
    allowed: bool
    transition: str | None = None
    region: str | None = None
    target: str | None = None
    refusals: tuple[Refusal, ...] = ()
    missing: tuple[str, ...] = ()
    set: Mapping[str, str | None] = field(default_factory=_empty)
    was: Mapping[str, str | None] = field(default_factory=_empty)
    rests: tuple[int, ...] = ()
    seen: tuple[Seen, ...] = ()
    attested: Mapping[str, Any] = field(default_factory=dict)
    remembers: str | None = None
    gated: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a successful act returns.

    `leaf` is 64 hex digits; `at` is µs since 1970 UTC; `replayed` tells that the request id had been seen and this
    is the old receipt. `effects` are the receipts of what the act did to other instances. In a joined transaction a
    receipt is provisional until the caller commits.
    """

    instance: str
    seq: int
    rev: int
    kind: str
    at: int
    leaf: str
    set: Mapping[str, str | None] = field(default_factory=_empty)
    was: Mapping[str, str | None] = field(default_factory=_empty)
    request: str | None = None
    replayed: bool = False
    effects: tuple[Receipt, ...] = ()

    @property
    def check(self) -> str:
        """The 26 base32 characters of the leaf that a printed approval carries."""
        return check_letters(bytes.fromhex(self.leaf))


@dataclass(frozen=True, slots=True)
class Relied:
    """An entry that rests on one that is to be corrected: its instance, number and kind."""

    instance: str
    seq: int
    kind: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What two persons do: proposed by the first, or done by the second, as `receipt.kind` tells.

    `act` is rectify or redact. Of a correction: `corrects` is the entry, `relied` are the entries that rest on it, of
    this instance first; `set` and `was` are the states that differ from then on and those before. Of an erasure:
    `erases` pairs entry and field, `copies` are other places (instance, entry, field) where the same words stand.
    """

    receipt: Receipt
    act: str
    corrects: int | None = None
    relied: tuple[Relied, ...] = ()
    set: Mapping[str, str | None] = field(default_factory=_empty)
    was: Mapping[str, str | None] = field(default_factory=_empty)
    erases: tuple[tuple[int, str], ...] = ()
    copies: tuple[tuple[str, int, str], ...] = ()
