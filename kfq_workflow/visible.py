"""Text from a log as letters that are plainly visible, and how many columns they take."""

from __future__ import annotations

import unicodedata

#: What a screen may act upon or a reader may be misled by: controls, format characters such as right-to-left
#: overrides, line and paragraph separators, lone surrogates.
_HARMFUL = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def visible(text: str, *, keep: str = "") -> str:
    r"""Return text with everything that is not plainly visible as its escape: `\n`, `\x1b`, `\u202e`.

    The letters in `keep` stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escaped(letter) if unicodedata.category(letter) in _HARMFUL and letter not in keep else letter
        for letter in text
    )


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """Return how many columns a text takes: wide and full-width characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(columns(letter) for letter in text)


def columns(letter: str) -> int:
    """Return how many columns a letter takes: 0, 1 or 2."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
