"""What a hash is here: its type, the names of the suites, and how a leaf is printed on a receipt.

Which function belongs to which suite is said in `audit.suite`.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

#: The suite of a log that names none when it is made, and all that there are.
SUITE = "s1"
SUITES = (SUITE, "s2")
#: Bytes of a digest, in every suite.
_BYTES = 32


class Digest(Protocol):
    """What a hash function of `hashlib` returns."""

    def digest(self) -> bytes:
        """Return the digest's bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the digest in hex."""
        ...


if TYPE_CHECKING:
    Hash = Callable[[bytes], Digest]

#: The hash when no suite is named: that of `s1`.
DEFAULT: Hash = hashlib.sha256


def digest_of(text: str) -> bytes:
    """Return a digest of 32 bytes from its one spelling in hex. Raises ValueError, TypeError."""
    data = bytes.fromhex(text)
    if len(data) != _BYTES or data.hex() != text:
        raise ValueError("not 32 bytes in hex")
    return data


def check_letters(leaf: bytes) -> str:
    """Return the 26 base32 characters (130 bits) of a leaf that a receipt prints."""
    return base64.b32encode(leaf)[:26].decode("ascii")
