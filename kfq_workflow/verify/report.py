"""What a verification found, and what may be said of the log because of it.

anchored          intact, and as it was when an anchor held outside was made
self-consistent   nothing contradicts itself; whoever can rewrite all of it could have made it so
incomplete        nothing found, but something was not checked: an unknown version, kind or suite, old entries
tampered          at least one finding is an error
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from kfq_workflow.messages import render
from kfq_workflow.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Layer = Literal["database", "bytes", "chain", "replay", "cache", "text", "document", "tree", "anchor", "bundle"]
Severity = Literal["error", "warning"]
Verdict = Literal["anchored", "self-consistent", "incomplete", "tampered"]

#: Findings kept of one layer and kind; more are counted only, so that memory stays bounded.
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (`error`) or odd (`warning`), and its place.

    `instance` and `seq` are None where the finding is not about one instance or entry. `values` fill the sentence.
    """

    layer: Layer
    kind: str
    severity: Severity = "error"
    instance: str | None = None
    seq: int | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    def text(self, lang: str = "en") -> str:
        """Return the sentence for a person, `lang` being `zh` or `en`."""
        return _printable(render(f"finding.{self.layer}.{self.kind}", self.values, lang))

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the finding as `kfq verify --json` prints it."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "severity": self.severity,
            "instance": None if self.instance is None else _printable(self.instance),
            "seq": self.seq,
            "message": self.text(lang),
        }


def _printable(text: str) -> str:
    """Return text that any output takes: what was tampered with may hold lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Counts:
    """What the checked moves rest on, and what else a reader of the verdict should know.

    `decided` moves were decided again from their own chain, `witnessed` also from entries of other instances, and
    `attested` rest on answers of the application that were stored and are never run again. `late` entries were made
    after the fact; `refused` attempts moved nothing; `redacted` texts are gone because an entry erased them; `lost`
    entries were sealed and published, and are gone since a restore.
    """

    decided: int = 0
    witnessed: int = 0
    attested: int = 0
    late: int = 0
    refused: int = 0
    redacted: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Anchored:
    """The anchor that a verdict rests on: where it was found, its origin and size, and how many entries are newer.

    `signed` names the trusted keys that signed it; `at` is the latest time that a cosigner vouches for, in s since
    1970 UTC. `through` has a way for each of these that is trusted by handovers: `old → new (where that was said)`.
    """

    label: str
    origin: str
    size: int
    newer: int
    signed: tuple[str, ...] = ()
    at: int | None = None
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification. `left_out` counts findings beyond the first thousand of a kind."""

    verdict: Verdict
    entries: int
    instances: int
    not_checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: Counts
    left_out: int = 0
    anchored: Anchored | None = None

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the report as `kfq verify --json` prints it; `anchored` and `lost` are there where there is one."""
        return {
            "verdict": self.verdict,
            "entries": self.entries,
            "instances": self.instances,
            **({} if self.anchored is None else {"anchored": asdict(self.anchored)}),
            **({"lost": self.counts.lost} if self.counts.lost else {}),
            "redacted": self.counts.redacted,
            "not_checked": list(self.not_checked),
            "findings": [finding.as_json(lang) for finding in self.findings],
        }


#: Layers in the order in which they are told of one place.
_ORDER = {layer: rank for rank, layer in enumerate(get_args(Layer))}


def _place(finding: Finding) -> tuple[Any, ...]:
    """Return where a finding stands among others: what concerns the whole log, then by instance, entry and layer."""
    seq = finding.seq if type(finding.seq) is int else -1
    return finding.instance is not None, str(finding.instance or ""), seq, _ORDER[finding.layer]


class Book:
    """Collects findings and counts while a log is read.

    What it keeps depends on what was noted and not on when: books of parts of a log make up that of the whole.
    """

    def __init__(self) -> None:
        self.errors = 0
        self.noted = 0
        self.entries = 0
        self.instances = 0
        self.late = 0
        self.refused = 0
        self.redacted = 0
        self.lost = 0
        self.moves: Counter[str] = Counter()
        self.anchored: Anchored | None = None
        #: Size and root of the tree that the newest seal made, and how many entries have a place in it; no root where
        #: a leaf is missing.
        self.tree: tuple[int, bytes | None, int] | None = None
        #: Entries, and the instances that they are of, which were not read.
        self.skipped = [0, 0]
        self._kept: dict[tuple[str, str], list[Finding]] = {}
        self._not_checked: dict[str, bool] = {}

    @property
    def findings(self) -> list[Finding]:
        """The findings that are kept, by place."""
        kept = (finding for found in self._kept.values() for finding in sorted(found, key=_place)[:KEPT])
        return sorted(kept, key=_place)

    def error(
        self, layer: Layer, kind: str, instance: str | None = None, seq: int | None = None, /, **values: Any
    ) -> None:
        """Note something wrong."""
        self.errors += 1
        self.put(Finding(layer, kind, "error", instance, seq, values))

    def warning(
        self, layer: Layer, kind: str, instance: str | None = None, seq: int | None = None, /, **values: Any
    ) -> None:
        """Note something odd, which alone does not make the log tampered with."""
        self.put(Finding(layer, kind, "warning", instance, seq, values))

    def put(self, finding: Finding) -> None:
        """Keep a finding; of one kind the first thousand by place."""
        self.noted += 1
        self._keep(self._kept.setdefault((finding.layer, finding.kind), []), [finding])

    @staticmethod
    def _keep(kept: list[Finding], more: Iterable[Finding]) -> None:
        kept.extend(more)
        if len(kept) > 2 * KEPT:
            kept.sort(key=_place)
            del kept[KEPT:]

    def skip(self, *, new: bool) -> None:
        """Count an entry that was not read, of a `new` instance or of the same as before."""
        self.skipped[0] += 1
        self.skipped[1] += new

    def merge(self, other: Book) -> None:
        """Add what was noted in another book, of another part of the log or before this one was begun."""
        for name in ("errors", "noted", "entries", "instances", "late", "refused", "redacted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.moves.update(other.moves)
        self.skipped = [mine + theirs for mine, theirs in zip(self.skipped, other.skipped, strict=True)]
        for kind, findings in other._kept.items():
            self._keep(self._kept.setdefault(kind, []), findings)
        for what, needed in other._not_checked.items():
            self.not_checked(what, needed=needed)

    def not_checked(self, what: str, *, needed: bool = False) -> None:
        """Note what could not be checked; `needed` makes the verdict incomplete."""
        self._not_checked[what] = self._not_checked.get(what, False) or needed

    def report(self) -> Report:
        """Return the report of all that was noted."""
        verdict: Verdict = "self-consistent" if self.anchored is None else "anchored"
        if self.errors:
            verdict = "tampered"
        elif any(self._not_checked.values()):
            verdict = "incomplete"
        counts = Counts(
            self.moves["decided"], self.moves["witnessed"], self.moves["attested"], self.late, self.refused,
            self.redacted, self.lost,
        )  # fmt: skip
        findings = tuple(self.findings)
        return Report(
            verdict, self.entries, self.instances, tuple(sorted(self._not_checked)), findings, counts,
            self.noted - len(findings), self.anchored,
        )  # fmt: skip
