"""Text from a log, made harmless for a terminal, and measured the way a terminal does."""

from __future__ import annotations

import unicodedata

from kfq_workflow.bilingual import bilingual

__all__ = ["bilingual", "pad", "safe", "width"]

#: What a terminal may act upon or a reader may be misled by: controls, format characters such as right-to-left
#: overrides, line and paragraph separators, lone surrogates.
_HARMFUL = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def safe(text: str) -> str:
    r"""Return text with everything that is not plainly visible as its escape: `\n`, `\x1b`, `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(letter) if unicodedata.category(letter) in _HARMFUL else letter for letter in text)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Return how many columns a text takes: wide and full-width characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """Return text filled with spaces up to so many columns."""
    return text + " " * max(columns - width(text), 0)
