"""The hash of a log: one suite for a whole log, named in its genesis entry, never chosen by an entry or a caller.

    s1   SHA-256, signatures Ed25519

Another suite is another name here; what is proved under one is never accepted under the other.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from kfq_workflow.entry import SUITE
from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable


class Digest(Protocol):
    """What a hash function of `hashlib` returns."""

    def digest(self) -> bytes:
        """Return the digest's bytes."""
        ...


if TYPE_CHECKING:
    Hash = Callable[[bytes], Digest]

_HASHES: dict[str, Hash] = {SUITE: sha256}
#: The hash when no suite is named: that of `s1`.
DEFAULT: Hash = sha256


def hash_of(suite: str) -> Hash:
    """Return the hash function of a suite. Raises InvalidInput for one that this version does not have."""
    found = _HASHES.get(suite)
    if found is None:
        raise InvalidInput("unknown_suite", suite=suite, known=", ".join(_HASHES))
    return found
