"""What a reader must know of a log before its first entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogHead:
    """The one row of `kfq_log`, or the first line of an export.

    `log` is the log's name, 32 hex digits, unique per installation; `suite` names its hashes and signatures;
    `genesis` is the leaf of its first entry, 32 bytes; `utc_offset` is in minutes and says what "today" is;
    `revision` is that of the stored schema.
    """

    log: str
    suite: str
    genesis: bytes
    utc_offset: int
    revision: str
