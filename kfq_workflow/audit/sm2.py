"""SM2 signatures (GB/T 32918.2-2016, GB/T 32918.5-2017) in plain Python, for tests and for checking signatures.

    Z = SM3(bits of the id, 2 bytes ‖ id ‖ a ‖ b ‖ xG ‖ yG ‖ xA ‖ yA)        the id is 1234567812345678
    e = SM3(Z ‖ message)         r = (e + x1) mod n, (x1, y1) = k·G          s = (k − r·d) / (1 + d) mod n

    public key   04 ‖ x ‖ y, 65 bytes           signature   r ‖ s, 64 bytes, and not the DER of GM/T 0009

Checking uses public numbers only, so that any program may do it. **Signing here is for tests, trials and offices
without a certified module**: Python's integers take a time that depends on their value, and the key lies in memory
and in a file. Where GB/T 39786 asks for certified cryptography, a module certified by GM/T 0028 makes and keeps the
key and signs; it is put behind `note.Signer`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NamedTuple

from kfq_workflow.audit.note import Kind, VerifierKey
from kfq_workflow.audit.suite import hash_of
from kfq_workflow.hashing import SUITES

ID = b"1234567812345678"
_SIZE, _POINT, _SUITE = 32, b"\x04", SUITES[1]


class Curve(NamedTuple):
    """y² = x³ + ax + b over the integers modulo p, with a point (x, y) of the prime order n."""

    p: int
    a: int
    b: int
    n: int
    x: int
    y: int


#: The curve that GB/T 32918.5 recommends.
SM2P256V1 = Curve(
    0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF,
    0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFC,
    0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93,
    0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123,
    0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
    0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
)

#: A point; None is the one at infinity.
Point = tuple[int, int] | None


def _add(curve: Curve, one: Point, two: Point) -> Point:
    if one is None or two is None:
        return two if one is None else one
    p = curve.p
    if one[0] == two[0]:
        if (one[1] + two[1]) % p == 0:
            return None
        slope = (3 * one[0] * one[0] + curve.a) * pow(2 * one[1], -1, p)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, p)
    x = (slope * slope - one[0] - two[0]) % p
    return x, (slope * (one[0] - x) - one[1]) % p


def _times(curve: Curve, factor: int, point: Point) -> Point:
    found: Point = None
    for bit in f"{factor:b}":
        found = _add(curve, found, found)
        if bit == "1":
            found = _add(curve, found, point)
    return found


def public_of(secret: int, curve: Curve = SM2P256V1) -> bytes:
    """Return the public key of a private one, from 1 to n − 2. Raises ValueError for any other."""
    point = _times(curve, secret, (curve.x, curve.y)) if 0 < secret < curve.n - 1 else None
    if point is None:
        raise ValueError("not a private key")
    return _POINT + b"".join(number.to_bytes(_SIZE, "big") for number in point)


def digest(public: bytes, message: bytes, id_: bytes = ID, curve: Curve = SM2P256V1) -> int:
    """Return e, what is signed of a message by a public key (GB/T 32918.2 §5.5 and §6.1)."""
    sm3 = hash_of(_SUITE)
    numbers = (curve.a, curve.b, curve.x, curve.y)
    z = len(id_ * 8).to_bytes(2, "big") + id_ + b"".join(number.to_bytes(_SIZE, "big") for number in numbers)
    return int.from_bytes(sm3(sm3(z + public[1:]).digest() + message).digest(), "big")


def sign_digest(secret: int, e: int, k: int, curve: Curve = SM2P256V1) -> bytes | None:
    """Return the signature with a secret number k, never used twice; None where another must be taken (§6.1)."""
    point = _times(curve, k, (curve.x, curve.y))
    r = (e + (point[0] if point else 0)) % curve.n
    s = pow(1 + secret, -1, curve.n) * (k - r * secret) % curve.n
    return r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big") if r and r + k != curve.n and s else None


def check_digest(public: bytes, signature: bytes, e: int, curve: Curve = SM2P256V1) -> bool:
    """Tell whether a signature of a digest is a public key's (§7.1)."""
    point = _point(public, curve)
    if point is None or len(signature) != 2 * _SIZE:
        return False
    r, s = int.from_bytes(signature[:_SIZE], "big"), int.from_bytes(signature[_SIZE:], "big")
    t = (r + s) % curve.n
    if not (0 < r < curve.n and 0 < s < curve.n and t):
        return False
    found = _add(curve, _times(curve, s, (curve.x, curve.y)), _times(curve, t, point))
    return found is not None and (e + found[0]) % curve.n == r


def _point(public: bytes, curve: Curve) -> Point:
    """Return a public key's point, None where it is none of the curve, whose order is a prime."""
    if len(public) != 1 + 2 * _SIZE or public[:1] != _POINT:
        return None
    x, y = int.from_bytes(public[1 : 1 + _SIZE], "big"), int.from_bytes(public[1 + _SIZE :], "big")
    on = x < curve.p and y < curve.p and (y * y - x * x * x - curve.a * x - curve.b) % curve.p == 0
    return (x, y) if on else None


def check(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature of a message is a public key's. Raises KfqError where nothing installed has SM3."""
    return check_digest(key.public, signature, digest(key.public, message))


@dataclass(frozen=True, slots=True)
class PlainSigner:
    """A private key in memory, which is never shown; not a certified module."""

    key: VerifierKey
    _secret: int

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        e, found = digest(self.key.public, message), None
        while found is None:
            found = sign_digest(self._secret, e, 1 + secrets.randbelow(SM2P256V1.n - 1))
        return found

    def __repr__(self) -> str:
        return f"PlainSigner({self.key})"


def signer(name: str, kind: Kind, secret: bytes) -> PlainSigner:
    """Return a signer from the 32 bytes of a private key. Raises ValueError where they are none."""
    number = int.from_bytes(secret, "big")
    if len(secret) != _SIZE:
        raise ValueError("not a private key")
    return PlainSigner(VerifierKey(name, kind, public_of(number)), number)


def new_secret() -> bytes:
    """Return the 32 bytes of a new private key."""
    return (1 + secrets.randbelow(SM2P256V1.n - 2)).to_bytes(_SIZE, "big")
