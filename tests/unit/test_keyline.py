"""Which keys count: handovers and revocations, and every way to forge one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.audit import signers
from kfq_workflow.audit.checkpoint import Checkpoint
from kfq_workflow.audit.keyline import KeyLine, StatementError, in_order
from kfq_workflow.audit.note import COSIGNATURE, ED25519, SM2, Note, NoteError, Signed, sign
from kfq_workflow.audit.statements import Handover, Revocation, Statement, is_statement, parse

if TYPE_CHECKING:
    from kfq_workflow.audit.note import Signer

A, B, C, THIEF, STRANGER = (signers.signer(name, ED25519, bytes([n] * 32)) for n, name in enumerate("abcts", 1))
WITNESS = signers.signer("w", COSIGNATURE, bytes(32))


def at(size: int) -> Checkpoint:
    return Checkpoint("kfq/" + "0" * 32, size, bytes(32))


def noted(said: Handover | Revocation, *by: Signer) -> Statement:
    return Statement.parse("x", str(Note(str(said), tuple(sign(str(said), each) for each in by))).encode())


def handover(old: Signer, new: Signer, *by: Signer, size: int = 10) -> Statement:
    return noted(Handover(at(size), old.key, new.key), *(by or (old, new)))


def revocation(key: Signer, by: Signer, size: int = 20, when: int = 1000) -> Statement:
    return noted(Revocation(at(size), key.key, "compromised", when), by)


def line(*statements: Statement, trusted: Signer = A) -> KeyLine:
    found = KeyLine((trusted.key, WITNESS.key), signers.check)
    for each in statements:
        found.take(each)
    return found


def refused(code: str, statement: Statement, *before: Statement) -> None:
    found = line(*before)
    known = found.keys
    with pytest.raises(StatementError) as raised:
        found.take(statement)
    assert raised.value.code == code
    assert found.keys == known


def test_a_line_of_handovers_is_trusted_from_its_first_key() -> None:
    found = line(handover(A, B), handover(B, C))
    assert found.keys == (A.key, WITNESS.key, B.key, C.key)
    assert (found.through(C.key), found.through(A.key)) == ((A.key, B.key), ())
    assert list(found.after(A.key)) == [B.key, C.key]
    assert found.take(handover(A, B))  # said again
    assert line(handover(A, B), handover(B, C), trusted=B).keys == (B.key, WITNESS.key, C.key)
    assert not line().take(handover(STRANGER, THIEF))  # of no concern


def test_forged_handovers_count_for_nothing() -> None:
    both = handover(A, THIEF, STRANGER, THIEF)
    refused("statement_bad", both)
    refused("statement_bad", handover(A, THIEF, THIEF))
    refused("statement_bad", handover(A, B, A))  # B has not said that it has the key
    genuine = handover(A, B)
    for text in (genuine.note.text.replace("\n10\n", "\n11\n"), str(Handover(at(10), A.key, THIEF.key))):
        refused("statement_bad", Statement("x", parse(text), Note(text, genuine.note.signatures)))


def test_a_key_hands_over_once() -> None:
    refused("handover_second", handover(A, THIEF), handover(A, B))
    refused("handover_second", handover(A, C), handover(A, B), handover(B, C))


def test_handovers_do_not_go_round() -> None:
    refused("handover_loop", handover(B, A), handover(A, B))
    refused("handover_loop", handover(C, A), handover(A, B), handover(B, C))
    with pytest.raises(NoteError):
        handover(A, A)


def test_a_revoked_key_hands_over_nothing() -> None:
    refused("handover_revoked", handover(A, THIEF), revocation(A, A))
    refused("handover_revoked", handover(A, THIEF, size=1), revocation(A, A))  # whatever size it says
    found = line(handover(A, B), revocation(A, A), handover(B, C))
    assert C.key in found.keys  # what was handed over before stands


def test_who_may_revoke() -> None:
    for by in (A, B, C):
        assert line(handover(A, B), handover(B, C), revocation(A, by)).revocation(A.key) is not None
    refused("revocation_foreign", revocation(A, STRANGER))
    refused("revocation_foreign", revocation(B, A), handover(A, B))  # the thief of an old key
    refused("revocation_foreign", revocation(A, B), handover(A, B), revocation(B, B))
    assert not line().take(revocation(STRANGER, STRANGER))


def test_what_a_revoked_key_has_signed() -> None:
    found = line(handover(A, B), revocation(A, B, size=20, when=1000))
    mine, other = Signed(A.key, None), Signed(B.key, None)
    early, late = Signed(WITNESS.key, 1000), Signed(WITNESS.key, 1001)
    assert found.counting([mine], 20) == [mine]
    assert found.counting([mine], 21) == []
    assert found.counting([mine, other], 21) == [other]
    assert found.counting([mine, early], 21) == [mine, early]
    assert found.counting([mine, late], 21) == [late]


def test_the_stricter_of_two_revocations_holds() -> None:
    found = line(handover(A, B), revocation(A, A, size=30), revocation(A, B, size=15), revocation(A, B, size=40))
    said = found.revocation(A.key)
    assert said is not None
    assert said.checkpoint.size == 15


def test_statements_from_outside_are_taken_in_an_order_that_helps_no_thief() -> None:
    thief, real = handover(A, THIEF), handover(B, C)
    own, by_next = revocation(A, A), revocation(A, C)
    assert in_order([thief, own]) == [own, thief]
    assert in_order([by_next, real, handover(A, B)]) == [handover(A, B), real, by_next]
    round_ = [handover(A, B), handover(B, A)]
    assert sorted(map(str, (e.said for e in in_order(round_)))) == sorted(map(str, (e.said for e in round_)))


@pytest.mark.parametrize(
    "change",
    [("v1", "v2"), ("\n10\n", "\n010\n"), ("\n10\n", "\n-1\n"), ("kfq/", ""), ("a+", "b+"), ("AAAA=", "AAAB=")],
)
def test_a_statement_has_one_spelling(change: tuple[str, str]) -> None:
    text = str(Handover(at(10), A.key, B.key))
    changed = text.replace(*change)
    assert changed != text
    if change[0] == "kfq/":  # another origin, which is another statement
        assert parse(changed) != parse(text)
        return
    with pytest.raises(NoteError):
        parse(changed)


def test_what_is_no_statement() -> None:
    good = str(Revocation(at(10), A.key, "retired", 7))
    assert str(parse(good)) == good
    bad: list[Any] = [
        good.replace("retired", "tired"), good.replace("\n7\n", "\n07\n"), good + "x\n", good.replace("retired\n", ""),
        str(at(10)), "x\n", str(Handover(at(10), A.key, B.key)) + "\n",
    ]  # fmt: skip
    for text in bad:
        with pytest.raises(NoteError):
            parse(text)
    sm2 = signers.signer("n", SM2, bytes([7] * 32))
    for new in (sm2, WITNESS):
        with pytest.raises(NoteError, match="one kind"):
            parse(str(Handover(at(10), A.key, new.key)))
    assert is_statement(good.encode())
    assert not is_statement(str(at(10)).encode())
    with pytest.raises(NoteError):
        Checkpoint.parse(good)
