"""What lies in a bundle, under which names, and what its manifest says.

log.jsonl  proofs.jsonl  anchors/001.checkpoint …  README.md  verify.py  manifest.json       in this order

{"bundle":1,"entries":I,"log":HEX,"made_at":I,"made_by":S,"members":{NAME:{"sha256":HEX,"size":I}},"mentions":[S],
 "scope":{"kind":"log"} | {"instance":S,"kind":"instance"} | {"from":I|null,"kind":"recorded","to":I|null},
 "suite":S,"texts":B,"tree":{"root":HEX,"size":I},"unsealed":I}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kfq_workflow.audit.note import MAX_NOTE
from kfq_workflow.edtf import DAY_US, InvalidDate, parse_instant
from kfq_workflow.entry import encode_json, parse_canonical
from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
LOG, PROOFS, README, VERIFIER, MANIFEST = "log.jsonl", "proofs.jsonl", "README.md", "verify.py", "manifest.json"
FOLDER = "anchors"
MOST_ANCHORS = 999
_ANCHOR = re.compile(r"anchors/(?!000)[0-9]{3}\.checkpoint", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_SMALL = 1024 * 1024
_SHA256, _NAME = 64, 32


class ManifestError(ValueError):
    """The manifest is not one of this format; the text says why."""


def anchor_name(number: int) -> str:
    """Return the name of an anchor's member, from 1 on."""
    return f"{FOLDER}/{number:03}.checkpoint"


def is_anchor(name: str) -> bool:
    """Tell whether this is the name of an anchor's member."""
    return _ANCHOR.fullmatch(name) is not None


def is_name(name: str) -> bool:
    """Tell whether a member may have this name."""
    return name in (LOG, PROOFS, README, VERIFIER, MANIFEST) or is_anchor(name)


def limit_of(name: str) -> int | None:
    """Return the bytes that a member has at most; None for those that are read line by line."""
    return None if name in (LOG, PROOFS) else MAX_NOTE if is_anchor(name) else _SMALL


@dataclass(frozen=True, slots=True)
class Scope:
    """What a bundle is about: the whole log, one instance, or what was recorded in an interval.

    `since` and `until` are µs since 1970 UTC, the latter not included; None is no limit.
    """

    instance: str | None = None
    since: int | None = None
    until: int | None = None
    recorded: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.instance is None and not self.recorded

    def holds(self, at: int) -> bool:
        """Tell whether an entry recorded at this instant is in the interval."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    @classmethod
    def between(cls, first: str | None, last: str | None, utc_offset: int) -> Scope:
        """Return the scope of what was recorded from one day or instant to another, both included.

        Days are local ones of the log, `utc_offset` minutes east of UTC; None is no limit. Raises InvalidInput.
        """
        since, until = _instant(first, utc_offset), _instant(last, utc_offset)
        if first is not None and since is not None and "T" not in first:
            since -= DAY_US - 1
        if until is not None:
            until += 1
        if since is not None and until is not None and since >= until:
            raise InvalidInput("bundle_interval")
        return cls(None, since, until, recorded=True)

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest says."""
        if self.instance is not None:
            return {"instance": self.instance, "kind": "instance"}
        return {"from": self.since, "kind": "recorded", "to": self.until} if self.recorded else {"kind": "log"}


def _instant(text: str | None, utc_offset: int) -> int | None:
    try:
        return None if text is None else parse_instant(text, utc_offset)
    except InvalidDate as error:
        raise InvalidInput("not_an_instant", text=error.text[:80]) from None


class MemberSum(NamedTuple):
    """The size of a member in bytes and its SHA-256 in hex, by which damage on the way is found."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself. Nothing rests on it: it is compared with what is found."""

    entries: int
    unsealed: int
    log: str
    made_at: int
    made_by: str
    members: Mapping[str, MemberSum]
    mentions: tuple[str, ...]
    scope: Scope
    suite: str
    texts: bool
    size: int
    root: bytes

    def encode(self) -> bytes:
        """Return the line of the manifest."""
        about = {
            "bundle": VERSION,
            "entries": self.entries,
            "log": self.log,
            "made_at": self.made_at,
            "made_by": self.made_by,
            "members": {name: each._asdict() for name, each in self.members.items()},
            "mentions": list(self.mentions),
            "scope": self.scope.as_json(),
            "suite": self.suite,
            "texts": self.texts,
            "tree": {"root": self.root.hex(), "size": self.size},
            "unsealed": self.unsealed,
        }
        return encode_json(about).encode() + b"\n"


_KEYS = {
    "bundle", "entries", "log", "made_at", "made_by", "members", "mentions", "scope", "suite", "texts", "tree",
    "unsealed",
}  # fmt: skip


def parse_manifest(data: bytes) -> tuple[int, Manifest | None]:
    """Return the format's version and, where it is this one's, what the manifest says. Raises ManifestError."""
    if not data.endswith(b"\n"):
        raise ManifestError("no line feed at its end")
    try:
        about = parse_canonical(data[:-1].decode())
        version = _count(about, "bundle")
        return version, _manifest(about) if version == VERSION else None
    except ManifestError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ManifestError(f"{type(error).__name__}: {error}"[:200]) from None


def _manifest(about: dict[str, Any]) -> Manifest:
    _exactly(about, _KEYS)
    members = {name: _sum(name, each) for name, each in about["members"].items()}
    tree = _exactly(about["tree"], {"root", "size"})
    mentions = about["mentions"]
    if not isinstance(mentions, list) or not all(isinstance(key, str) for key in mentions):
        raise ManifestError("mentions")
    if type(about["texts"]) is not bool:
        raise ManifestError("texts")
    root = _hex(tree["root"], "tree")
    return Manifest(
        _count(about, "entries"), _count(about, "unsealed"), _hex(about["log"], "log", _NAME),
        _count(about, "made_at"), _text(about, "made_by"), members, tuple(mentions), _scope(about["scope"]),
        _text(about, "suite"), about["texts"], _count(tree, "size"), bytes.fromhex(root),
    )  # fmt: skip


def _scope(about: Any) -> Scope:
    kind = about["kind"]
    if kind == "log":
        _exactly(about, {"kind"})
        return Scope()
    if kind == "instance":
        _exactly(about, {"instance", "kind"})
        return Scope(_text(about, "instance"))
    _exactly(about, {"from", "kind", "to"})
    if kind != "recorded" or any(type(about[name]) is not int and about[name] is not None for name in ("from", "to")):
        raise ManifestError("scope")
    return Scope(None, about["from"], about["to"], recorded=True)


def _exactly(about: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(about, dict) or about.keys() != names:
        raise ManifestError("keys")
    return about


def _sum(name: str, about: Any) -> MemberSum:
    _exactly(about, {"sha256", "size"})
    if not is_name(name) or name == MANIFEST:
        raise ManifestError("members")
    return MemberSum(_count(about, "size"), _hex(about["sha256"], "members", _SHA256))


def _count(about: dict[str, Any], name: str) -> int:
    found = about[name]
    if type(found) is not int or found < 0:
        raise ManifestError(name)
    return found


def _text(about: dict[str, Any], name: str) -> str:
    found = about[name]
    if not isinstance(found, str):
        raise ManifestError(name)
    return found


def _hex(found: Any, name: str, digits: int | None = None) -> str:
    if not isinstance(found, str) or not _HEX.fullmatch(found) or len(found) != (digits or len(found)):
        raise ManifestError(name)
    return found
