"""Keys of every kind: who signs with one, and what checks its signatures."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from kfq_workflow.audit import ed25519, sm2
from kfq_workflow.audit.note import COSIGNATURE, ED25519, SM2, SM2_COSIGNATURE
from kfq_workflow.hashing import SUITE

if TYPE_CHECKING:
    from kfq_workflow.audit.note import Kind, Signer, VerifierKey

_SEED = 32


def check(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is a public key's. Raises KfqError where what its kind needs is not installed."""
    if key.kind.suite == SUITE:
        return ed25519.check(key, signature, message)
    return sm2.check(key, signature, message)


def signer(name: str, kind: Kind, secret: bytes) -> Signer:
    """Return a signer from the 32 bytes of a private key. Raises ValueError for other bytes, KfqError as `check`."""
    return ed25519.signer(name, kind, secret) if kind.suite == SUITE else sm2.signer(name, kind, secret)


def new_secret(kind: Kind) -> bytes:
    """Return the 32 bytes of a new private key."""
    return secrets.token_bytes(_SEED) if kind.suite == SUITE else sm2.new_secret()


def kind_of(suite: str, *, cosigner: bool) -> Kind:
    """Return the kind of the keys that sign logs of a suite, or cosign them."""
    if suite == SUITE:
        return COSIGNATURE if cosigner else ED25519
    return SM2_COSIGNATURE if cosigner else SM2
