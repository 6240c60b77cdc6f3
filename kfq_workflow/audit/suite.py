"""The hash of a log: one suite for a whole log, named in its genesis entry, never chosen by an entry or a caller.

    s1   SHA-256 (FIPS 180-4)       signatures Ed25519
    s2   SM3 (GB/T 32905-2016)      signatures SM2 (GB/T 32918.2-2016)

Both give 32 bytes, so that nothing else differs between two logs. What is proved under one suite is never accepted
under the other. SM3 comes from `hashlib` where its OpenSSL has it, else from the package `cryptography`.
"""

from __future__ import annotations

import hashlib
from functools import cache, partial
from typing import TYPE_CHECKING

from kfq_workflow.errors import InvalidInput, KfqError
from kfq_workflow.hashing import DEFAULT, SUITE, SUITES

if TYPE_CHECKING:
    from kfq_workflow.hashing import Hash


def hash_of(suite: str) -> Hash:
    """Return the hash function of a suite.

    Raises InvalidInput for one that this version does not have, KfqError where nothing installed has SM3.
    """
    if suite == SUITE:
        return DEFAULT
    if suite in SUITES:
        return _sm3()
    raise InvalidInput("unknown_suite", suite=suite, known=", ".join(SUITES))


def known_hash(suite: str) -> Hash:
    """Return the hash function of a suite, that of `s1` for an unknown one: whoever reads a log then says so."""
    return hash_of(suite if suite in SUITES else SUITE)


@cache
def _sm3() -> Hash:
    try:
        hashlib.new("sm3")
    except ValueError:  # an OpenSSL without it
        from kfq_workflow.audit import ed25519

        found = ed25519.sm3()
        if found is None:
            raise KfqError("sm3_missing") from None
        return found
    return partial(hashlib.new, "sm3")
