"""Which keys count: those that a verifier trusts, and those that these have handed over to. No I/O.

    trusted ──▶ handed over to ──▶ handed over to        a line: each key hands over once, and never back

1. A handover counts when the key that hands over counts, both keys signed it, and the former was not revoked before.
   Of two handovers by one key the first stands: a thief who comes later gets nothing, one who comes first is seen.
2. A revocation counts when the key itself signed it, or one after it in the line that is not revoked. So whoever
   stole an old key cannot revoke the new one.
3. A revoked key counts on checkpoints of at most as many leaves as the revocation says, for which its signer vouches,
   and on larger ones that a trusted cosigner saw no later than the revocation's time. Nothing else tells when a
   signature was made.

Statements come in the order of the log. Those that were kept outside are taken afterwards (`in_order`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow.audit.note import NoteError, verify
from kfq_workflow.audit.statements import Handover, Revocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.audit.note import Check, Signed, VerifierKey
    from kfq_workflow.audit.statements import Statement


class StatementError(ValueError):
    """A statement about a key that counts is false, or must not be made; `code` says why."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(reason or code)
        self.code = code


class KeyLine:
    """The keys that count, with what is known of each."""

    def __init__(self, trusted: Iterable[VerifierKey], check: Check) -> None:
        self._check = check
        #: The keys by which each key is trusted, from one that is trusted by itself; none for that.
        self._through: dict[VerifierKey, tuple[VerifierKey, ...]] = dict.fromkeys(trusted, ())
        self._next: dict[VerifierKey, VerifierKey] = {}
        self._revoked: dict[VerifierKey, Revocation] = {}

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key that counts, or did before it was revoked."""
        return tuple(self._through)

    def through(self, key: VerifierKey) -> tuple[VerifierKey, ...]:
        """Return the keys by which a key is trusted, the first being trusted by itself; none for such a one."""
        return self._through[key]

    def after(self, key: VerifierKey) -> Iterator[VerifierKey]:
        """Yield the keys after one in its line."""
        while (following := self._next.get(key)) is not None:
            yield following
            key = following

    def revocation(self, key: VerifierKey) -> Revocation | None:
        """Return the revocation of a key."""
        return self._revoked.get(key)

    def take(self, statement: Statement) -> bool:
        """Take note of a statement; return False for one about keys that do not count. Raises StatementError."""
        said = statement.said
        about = said.old if isinstance(said, Handover) else said.key
        if about not in self._through:
            return False
        keys = {*self._through, said.new} if isinstance(said, Handover) else self._through
        try:
            signed = {one.key for one in verify(statement.note, keys, self._check)}
        except NoteError as error:
            raise StatementError("statement_bad", str(error)) from error
        if isinstance(said, Handover):
            self._hand_over(said, signed)
        else:
            self._revoke(said, signed)
        return True

    def _hand_over(self, said: Handover, signed: set[VerifierKey]) -> None:
        if not {said.old, said.new} <= signed:
            raise StatementError("statement_bad", "both keys must sign")
        if said.old in {said.new, *self.after(said.new)}:
            raise StatementError("handover_loop")
        if self._next.get(said.old, said.new) != said.new:
            raise StatementError("handover_second")
        if said.old in self._revoked and said.old not in self._next:
            raise StatementError("handover_revoked")
        self._next[said.old] = said.new
        self._through.setdefault(said.new, (*self._through[said.old], said.old))

    def _revoke(self, said: Revocation, signed: set[VerifierKey]) -> None:
        able = {said.key} | {key for key in self.after(said.key) if key not in self._revoked}
        if not able & signed:
            raise StatementError("revocation_foreign")
        before = self._revoked.get(said.key)
        if before is None or said.checkpoint.size < before.checkpoint.size:
            self._revoked[said.key] = said

    def counting(self, signed: Sequence[Signed], size: int) -> list[Signed]:
        """Return those of the signatures on a checkpoint of a size that count (rule 3)."""
        times = [one.at for one in signed if one.at is not None and one.key not in self._revoked]
        found = []
        for one in signed:
            said = self._revoked.get(one.key)
            if said is None or size <= said.checkpoint.size or (times and min(times) <= said.at):
                found.append(one)
        return found


def in_order(statements: Iterable[Statement]) -> list[Statement]:
    """Return statements that were kept outside in the order in which they are taken: nothing tells which came first.

    Revocations that a key made of itself come before handovers, so that a stolen key gains nothing; those by a key
    after it need the handovers, and come last.
    """
    given = list(statements)
    own = [each for each in given if isinstance(each.said, Revocation) and _own(each, each.said)]
    left = [each for each in given if isinstance(each.said, Handover)]
    found = list(own)
    while left:  # a handover comes after the one that leads to its key; where they go round, as they are
        led = {each.said.new for each in left if isinstance(each.said, Handover)}
        ready = [each for each in left if isinstance(each.said, Handover) and each.said.old not in led] or left
        found += ready
        left = [each for each in left if each not in ready]
    return found + [each for each in given if isinstance(each.said, Revocation) and each not in own]


def _own(statement: Statement, said: Revocation) -> bool:
    return any((line.name, line.id) == (said.key.name, said.key.id) for line in statement.note.signatures)
