"""Incarnations: what a log says after a restore from a backup of the entries that it lost. No I/O.

    body of `recovered`, on ~log
    {"incarnation":N,"kept":{"root":HEX,"size":N},"lost":[{"note":HEX,"origin":S,"root":HEX,"size":N}],"texts":…}

    incarnation   the number of the line that begins here: 2 for the first recovery, always greater than any before it
    kept          the tree that the backup brought back: the newest seal in it, 0 where nothing was sealed yet
    lost          the last checkpoints that were published, by (origin, size): entries kept.size + 1 to size are lost;
                  `note` is the digest of the checkpoint as it was published, H(03 ‖ its bytes)

    origin of incarnation 1   HOST/LOG                origin of incarnation N   HOST/LOG/N

One tree goes on: its first `kept.size` leaves are those of the line before, the others are new, at places that had
other leaves once. So a checkpoint of an earlier incarnation is compared where its size is at most what was kept, and
beyond that it is evidence of what was lost. The origin differs, or two roots of one size would look like a fork.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.hashing import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORIGIN = re.compile(r"(.+/[0-9a-f]{32})(?:/([2-9]|[1-9][0-9]{1,8}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Lost:
    """A checkpoint of which entries were lost, and the digest of the note that was published, 32 bytes."""

    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True)
class Recovery:
    """An entry `recovered`: its number on `~log`, the incarnation that it begins, the tree that was left."""

    seq: int
    incarnation: int
    size: int
    root: bytes
    lost: tuple[Lost, ...]

    @classmethod
    def parse(cls, seq: int, body: Mapping[str, Any]) -> Recovery:
        """Read the body of an entry. Raises ValueError, KeyError or TypeError where it is not of its form."""
        kept = body["kept"]
        lost = tuple(map(_lost, body["lost"]))
        found = cls(seq, _number(body["incarnation"], 2), _number(kept["size"], 0), digest_of(kept["root"]), lost)
        places = [(each.checkpoint.origin, each.checkpoint.size) for each in lost]
        if not lost or places != sorted(set(places)):
            raise ValueError("lost: none, or not in order")
        return found

    def body(self) -> dict[str, Any]:
        """Return the body of the entry, without its texts."""
        return {
            "incarnation": self.incarnation,
            "kept": {"root": self.root.hex(), "size": self.size},
            "lost": [
                {
                    "note": each.note.hex(),
                    "origin": each.checkpoint.origin,
                    "root": each.checkpoint.root.hex(),
                    "size": each.checkpoint.size,
                }
                for each in self.lost
            ],
        }


@dataclass(frozen=True, slots=True)
class Lineage:
    """The incarnations of a log: the origin of its first, and its recoveries, oldest first."""

    base: str
    recoveries: tuple[Recovery, ...] = ()

    @property
    def number(self) -> int:
        """The incarnation that the log is in, 1 where it was never recovered."""
        return max((each.incarnation for each in self.recoveries), default=1)

    @property
    def origin(self) -> str:
        """The origin of checkpoints that are made now."""
        return origin_at(self.base, self.number)

    def number_of(self, origin: str) -> int | None:
        """Return the incarnation that an origin names, None where it is that of another log."""
        base, number = split(origin)
        return number if base == self.base else None

    def after(self, number: int) -> tuple[Recovery, ...]:
        """Return the recoveries that came after an incarnation."""
        return tuple(each for each in self.recoveries if each.incarnation > number)

    def cut(self, number: int) -> int | None:
        """Return how many leaves of an incarnation are left, None where none of it was lost."""
        return min((each.size for each in self.after(number)), default=None)

    def stands(self, checkpoint: Checkpoint) -> bool:
        """Tell whether a checkpoint is of this log, and of no more entries than its incarnation has left."""
        number = self.number_of(checkpoint.origin)
        cut = None if number is None else self.cut(number)
        return number is not None and number <= self.number and (cut is None or checkpoint.size <= cut)

    def named(self, number: int) -> tuple[Checkpoint, ...]:
        """Return the checkpoints of an incarnation that recoveries say were lost, by size."""
        lost = [each.checkpoint for recovery in self.after(number) for each in recovery.lost]
        return tuple(sorted((c for c in lost if self.number_of(c.origin) == number), key=lambda c: c.size))


def split(origin: str) -> tuple[str, int]:
    """Return the origin of a log's first incarnation, and the number of the one that an origin names."""
    found = _ORIGIN.fullmatch(origin)
    return (origin, 1) if found is None else (found[1], int(found[2] or 1))


def origin_at(base: str, number: int) -> str:
    """Return the origin of an incarnation."""
    return base if number == 1 else f"{base}/{number}"


def _lost(said: Mapping[str, Any]) -> Lost:
    origin = said["origin"]
    if type(origin) is not str or sorted(said) != ["note", "origin", "root", "size"]:
        raise ValueError("lost")
    return Lost(Checkpoint(origin, _number(said["size"], 1), digest_of(said["root"])), digest_of(said["note"]))


def _number(value: Any, least: int) -> int:
    if type(value) is not int or value < least:
        raise ValueError("not a number")
    return value
