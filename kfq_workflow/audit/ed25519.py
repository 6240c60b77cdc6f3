"""Ed25519 (RFC 8032), and SM3 where `hashlib` has none: the one door to the package `cryptography`, extra `sign`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kfq_workflow.audit.note import VerifierKey
from kfq_workflow.errors import KfqError

if TYPE_CHECKING:
    from kfq_workflow.audit.note import Kind
    from kfq_workflow.hashing import Hash


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


def signer(name: str, kind: Kind, seed: bytes) -> KeySigner:
    """Return a signer from the 32 bytes of a private key. Raises KfqError when `cryptography` is not installed."""
    private = _library().Ed25519PrivateKey.from_private_bytes(seed)
    return KeySigner(VerifierKey(name, kind, private.public_key().public_bytes_raw()), private)


def check(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is a public key's. Raises KfqError when `cryptography` is not installed."""
    library = _library()
    from cryptography.exceptions import InvalidSignature

    try:
        library.Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class _Sm3:
    """A digest as `hashlib` gives it."""

    __slots__ = ("_digest",)

    def __init__(self, hashes: Any, data: bytes) -> None:
        work = hashes.Hash(hashes.SM3())
        work.update(data)
        self._digest: bytes = work.finalize()

    def digest(self) -> bytes:
        """Return the 32 bytes."""
        return self._digest

    def hexdigest(self) -> str:
        """Return them in hex."""
        return self._digest.hex()


def sm3() -> Hash | None:
    """Return SM3, None where `cryptography` is not installed or has none."""
    try:
        from cryptography.hazmat.primitives import hashes

        found = partial(_Sm3, hashes)
        found(b"")
    except Exception:  # noqa: BLE001 - ImportError, UnsupportedAlgorithm, AttributeError of old ones: no SM3
        return None
    return found
