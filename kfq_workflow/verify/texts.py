"""Texts: every commitment opens, and every text that is kept is committed to."""

from __future__ import annotations

from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfq_workflow.source import TextRow
    from kfq_workflow.verify.report import Book

SALT = 16
_ODD = (TypeError, AttributeError, UnicodeEncodeError)
#: Field names that are kept encoded.
_NAMES = 1_000


class TextCheck:
    """Merges the stream of texts with the stream of entries, both in the order of (instance, seq)."""

    def __init__(self, texts: Iterator[TextRow], book: Book) -> None:
        self._stream = texts
        #: Texts that were read and given back.
        self._held: Iterator[TextRow] = iter(())
        self._texts: Iterator[TextRow] = texts
        self._book = book
        self._names: dict[str, bytes] = {}
        self.next = self._advance()

    def entry(self, instance: str, seq: int, fields: Sequence[str], digests: Sequence[str]) -> None:
        """Check the texts of one entry: its committed fields in order, and their commitments."""
        text = self.next
        if text is None or text[0] > instance or (text[0] == instance and text[1] > seq):
            for field in fields:
                self._book.error("text", "missing", instance, seq, field=field)
            return
        if text[0] != instance or text[1] != seq:
            self.skip(instance, seq)
        expected = dict(zip(fields, digests, strict=True))
        while (text := self.next) is not None and text[1] == seq and text[0] == instance:
            digest = expected.pop(text[2], None)
            if digest is None:
                self._book.error("text", "uncommitted", instance, seq, field=text[2])
            elif not self._opens(text, digest):
                self._book.error("text", "differs", instance, seq, field=text[2])
            self.next = self._advance()
        for field in expected:
            self._book.error("text", "missing", instance, seq, field=field)

    def opens(self, instance: str, last: int, wanted: Sequence[tuple[int, str, str]]) -> bool:
        """Pass over the texts of an instance's entries up to the number `last` if they are those that are wanted.

        `wanted` has number, field and commitment of each, in order. Where the texts are not exactly these, none is
        passed over, whatever is wrong.
        """
        text = self.next
        seen: list[Any] = []
        names, texts = self._names, self._texts
        try:
            for number, field, digest in wanted:
                key, seq, name, salt, value = text  # type: ignore[misc]  # None is odd
                seen.append(text)
                text = next(texts, None)
                data = b"\x02" + salt + (names.get(field) or self._name(field)) + value.encode()
                good = seq == number and name == field and key == instance and len(salt) == SALT
                if not good or sha256(data).hexdigest() != digest or type(seq) is not int:
                    return self._give_back(seen, text)
        except _ODD:
            return self._give_back(seen, text)
        if text is not None and (
            type(text[0]) is not str
            or type(text[1]) is not int
            or text[0] < instance
            or (text[0] == instance and text[1] <= last)
        ):
            return self._give_back(seen, text)
        self.next = text
        return True

    def _give_back(self, seen: list[TextRow], text: TextRow | None) -> bool:
        """Let texts be read again, all but the first, at which the check still stands."""
        if seen:
            back = [*seen[1:], text] if text is not None else seen[1:]
            self._held = iter([*back, *self._held])
            self._texts = chain(self._held, self._stream)
        return False

    def unreadable(self, instance: str, seq: int) -> None:
        """Pass over the texts of an entry whose commitments cannot be read."""
        self.skip(instance, seq)
        for _ in self._beside(instance, seq):
            pass

    def skip(self, instance: str | None = None, seq: int = 0) -> None:
        """Note texts that stand before an entry, and so beside none; all that are left when no instance is given."""
        while (text := self.next) is not None and (
            instance is None or text[0] < instance or (text[0] == instance and text[1] < seq)
        ):
            self._book.error("text", "orphan", text[0], text[1], field=text[2])
            self.next = self._advance()

    def _opens(self, text: TextRow, digest: str) -> bool:
        """Tell whether salt and words give the commitment; see `entry.commitment`."""
        field, salt = text[2], text[3]
        try:
            name = self._names.get(field) or self._name(field)
            return len(salt) == SALT and sha256(b"\x02" + salt + name + text[4].encode()).hexdigest() == digest
        except _ODD:
            return False

    def _name(self, field: str) -> bytes:
        """Return a field's name as commitments have it, and keep it for the others."""
        if len(self._names) >= _NAMES:
            self._names.clear()
        name = field.encode()
        name = self._names[field] = len(name).to_bytes(4, "big") + name
        return name

    def _beside(self, instance: str, seq: int) -> Iterator[TextRow]:
        while (text := self.next) is not None and text[1] == seq and text[0] == instance:
            yield text
            self.next = self._advance()

    def _advance(self) -> TextRow | None:
        """Return the next text; one whose key is of the wrong type can stand beside no entry."""
        for text in self._texts:
            if type(text[1]) is int and type(text[0]) is str:
                return text
            self._book.error("text", "orphan", str(text[0]), None, field=str(text[2]))
        return None
