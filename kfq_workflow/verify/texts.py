"""Texts: every commitment opens or was erased by an entry, and every text that is kept is committed to.

Words come as the bytes that are hashed, those of UTF-8 (see `source.raw`); anything else is None.
"""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

from kfq_workflow.hashing import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfq_workflow.hashing import Hash
    from kfq_workflow.verify.erasure import Erasures
    from kfq_workflow.verify.report import Book

    #: A text as `source.raw` gives it: instance, number, field, salt, words.
    TextTuple = tuple[Any, ...]

SALT = 16
_ODD = (TypeError, AttributeError, UnicodeError)
#: Field names that are kept encoded.
_NAMES = 1_000


class TextCheck:
    """Merges the stream of texts with the stream of entries, both in the order of (instance, seq)."""

    def __init__(self, texts: Iterator[TextTuple], book: Book, erasures: Erasures, hasher: Hash = DEFAULT) -> None:
        self._hasher = hasher
        self._texts = texts
        self._book = book
        self._erasures = erasures
        self._names: dict[str, bytes] = {}
        #: A text that was read after the next one and given back.
        self._held: TextTuple | None = None
        self.next = self._advance()

    def entry(self, instance: str, seq: int, fields: Sequence[str], digests: Sequence[str]) -> None:
        """Check the texts of one entry: its committed fields in order, and their commitments."""
        text = self.next
        if text is None or text[0] > instance or (text[0] == instance and text[1] > seq):
            for field in fields:
                self._missing(instance, seq, field)
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
            self._missing(instance, seq, field)

    def _missing(self, instance: str, seq: int, field: str) -> None:
        """Note a text that is not there, unless an entry erased it."""
        if not self._erasures.covers(instance, seq, field):
            self._book.error("text", "missing", instance, seq, field=field)

    def ahead(self, instance: str) -> int:
        """Return the number of the entry of an instance beside which the next text stands.

        A large one where it stands beside none of this instance's, 0 where that is odd.
        """
        text = self.next
        if self._held is not None:
            return 0
        if text is None or text[0] > instance:
            return sys.maxsize
        return text[1] if text[0] == instance else 0

    def opens(self, field: str, digest: bytes) -> int:
        """Pass over the next text if it gives this commitment under this field, and return what `ahead` then does.

        Whose text it is `ahead` has told, whose number must be the entry's. Where anything is wrong, also with the
        text after it, the answer is 0 and none is passed over.
        """
        text = self.next
        instance, seq, name, salt, value = text or ()
        if not value.isascii():
            value.decode()  # raises what is no UTF-8
        known = self._names.get(field) or self._name(field)
        if (
            name != field
            or len(salt) != SALT
            or self._hasher(b"\x02" + salt + known + value).hexdigest().encode() != digest
        ):
            return 0
        after = next(self._texts, None)
        if after is not None:
            key, ahead = after[0], after[1]
            if type(key) is not str or type(ahead) is not int or key < instance or (key == instance and ahead <= seq):
                self._held = after
                return 0
            self.next = after
            return ahead if key == instance else sys.maxsize
        self.next = None
        return sys.maxsize

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

    def _opens(self, text: TextTuple, digest: str) -> bool:
        """Tell whether salt and words give the commitment; see `entry.commitment`."""
        field, salt = text[2], text[3]
        try:
            name = self._names.get(field) or self._name(field)
            text[4].decode()  # raises what is no UTF-8
            return len(salt) == SALT and self._hasher(b"\x02" + salt + name + text[4]).hexdigest() == digest
        except _ODD:
            return False

    def _name(self, field: str) -> bytes:
        """Return a field's name as commitments have it, and keep it for the others."""
        if len(self._names) >= _NAMES:
            self._names.clear()
        name = field.encode()
        name = self._names[field] = len(name).to_bytes(4, "big") + name
        return name

    def _beside(self, instance: str, seq: int) -> Iterator[TextTuple]:
        while (text := self.next) is not None and text[1] == seq and text[0] == instance:
            yield text
            self.next = self._advance()

    def _advance(self) -> TextTuple | None:
        """Return the next text; one whose key is of the wrong type can stand beside no entry."""
        held, self._held = self._held, None
        for text in self._texts if held is None else chain([held], self._texts):
            if type(text[1]) is int and type(text[0]) is str:
                return text
            self._book.error("text", "orphan", str(text[0]), None, field=str(text[2]))
        return None


class TextsWithheld(TextCheck):
    """For a source that was made without texts: commitments are not opened, which is noted once."""

    def __init__(self, book: Book, erasures: Erasures) -> None:
        super().__init__(iter(()), book, erasures)
        book.not_checked("texts")

    def entry(self, instance: str, seq: int, fields: Sequence[str], digests: Sequence[str]) -> None:  # noqa: ARG002
        """Open nothing; whether an entry of kind `redacted` erased a text can be told all the same."""
        for field in fields:
            self._erasures.covers(instance, seq, field)
