"""SM2 gives what the standards and OpenSSL give, and accepts nothing else."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from kfq_workflow.audit import signers, sm2
from kfq_workflow.audit.note import SM2, SM2_COSIGNATURE, Note, NoteError, VerifierKey, cosign, sign, verify

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/suite-s2.json").read_text("utf-8"))["sm2"]


@pytest.mark.parametrize("told", GOLDEN["published"], ids=lambda told: told["source"])
def test_the_examples_of_the_standards(told: dict[str, str]) -> None:
    curve = sm2.Curve(**{name: int(told[name], 16) for name in ("p", "a", "b", "n", "x", "y")})
    secret, k = int(told["secret"], 16), int(told["k"], 16)
    public = sm2.public_of(secret, curve)
    assert public.hex() == told["public"]
    e = sm2.digest(public, told["message"].encode(), told["id"].encode(), curve)
    assert f"{e:064x}" == told["e"]
    signature = sm2.sign_digest(secret, e, k, curve)
    assert signature is not None
    assert signature.hex() == told["signature"]
    assert sm2.check_digest(public, signature, e, curve)


@pytest.mark.parametrize("told", GOLDEN["openssl"], ids=lambda told: told["message"][:8])
def test_what_openssl_has_signed(told: dict[str, str]) -> None:
    key = VerifierKey("k", SM2, bytes.fromhex(told["public"]))
    assert sm2.check(key, bytes.fromhex(told["signature"]), told["message"].encode())
    assert not sm2.check(key, bytes.fromhex(told["signature"]), told["message"].encode() + b"\n")


def test_a_signature_is_of_its_message_and_key() -> None:
    one, two = (sm2.signer("k", SM2, sm2.new_secret()) for _ in range(2))
    signature = one.sign(b"m")
    assert signature != one.sign(b"m")  # a new secret number each time
    assert sm2.check(one.key, signature, b"m")
    assert not sm2.check(two.key, signature, b"m")
    assert not sm2.check(one.key, signature, b"n")
    n = sm2.SM2P256V1.n
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    for bad in ((0, s), (r, 0), (n, s), (r, n), (r, n - r), (s, r), (r, s ^ 1)):
        assert not sm2.check(one.key, b"".join(number.to_bytes(32, "big") for number in bad), b"m")
    for data in (b"", signature[:-1], signature + b"\x00"):
        assert not sm2.check(one.key, data, b"m")


def test_a_point_beside_the_curve_is_no_key() -> None:
    key = sm2.signer("k", SM2, sm2.new_secret()).key
    signature = secrets.token_bytes(64)
    p = sm2.SM2P256V1.p
    x = int.from_bytes(key.public[1:33], "big")
    for public in (
        key.public[:-1] + bytes([key.public[-1] ^ 1]), b"\x02" + key.public[1:], b"\x04" + bytes(64),
        b"\x04" + p.to_bytes(32, "big") + key.public[33:], b"\x04" + ((x + p) % 2**256).to_bytes(32, "big") * 2,
    ):  # fmt: skip
        assert not sm2.check(VerifierKey("k", SM2, public), signature, b"m")


@pytest.mark.parametrize("secret", [0, sm2.SM2P256V1.n - 1, sm2.SM2P256V1.n, 2**256 - 1])
def test_what_is_no_private_key(secret: int) -> None:
    with pytest.raises(ValueError, match="private"):
        sm2.signer("k", SM2, secret.to_bytes(32, "big"))
    with pytest.raises(ValueError, match="private"):
        sm2.signer("k", SM2, b"\x01")


def test_notes_are_signed_and_read_back() -> None:
    text = "zones.example.cn/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    log, witness = (sm2.signer("临汾/log", kind, sm2.new_secret()) for kind in (SM2, SM2_COSIGNATURE))
    note = Note.parse(str(Note(text, (sign(text, log), cosign(text, witness, 1_679_315_147)))).encode())
    keys = [VerifierKey.parse(str(each.key)) for each in (log, witness)]
    assert keys == [log.key, witness.key]
    assert [(one.key, one.at) for one in verify(note, keys, signers.check)] == [
        (keys[0], None),
        (keys[1], 1_679_315_147),
    ]
    with pytest.raises(NoteError, match="false"):
        verify(Note(text.replace("7", "8"), note.signatures), keys, signers.check)
    with pytest.raises(NoteError):
        sign(text, witness)
    with pytest.raises(NoteError):
        VerifierKey.parse(str(log.key)[:-8] + "AAAA" + str(log.key)[-4:])
    assert "PlainSigner" in repr(log)
    assert str(log._secret) not in repr(log)  # noqa: SLF001 - that is the point
