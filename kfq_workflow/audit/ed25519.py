"""Ed25519 (RFC 8032) by the package `cryptography`, the extra `sign`: the one door to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kfq_workflow.audit.note import VerifierKey
from kfq_workflow.errors import KfqError


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise KfqError("signing_missing") from None
    return ed25519


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A private key in memory, which is never shown."""

    key: VerifierKey
    _private: Any

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        signature: bytes = self._private.sign(message)
        return signature

    def __repr__(self) -> str:
        return f"KeySigner({self.key})"


def signer(name: str, kind: int, seed: bytes) -> KeySigner:
    """Return a signer from the 32 bytes of a private key. Raises KfqError when `cryptography` is not installed."""
    private = _library().Ed25519PrivateKey.from_private_bytes(seed)
    return KeySigner(VerifierKey(name, kind, private.public_key().public_bytes_raw()), private)


def check(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is a public key's. Raises KfqError when `cryptography` is not installed."""
    library = _library()
    from cryptography.exceptions import InvalidSignature

    try:
        library.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
