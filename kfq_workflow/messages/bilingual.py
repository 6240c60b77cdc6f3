"""Names that people wrote in both languages, `中文 | English`."""

from __future__ import annotations

import unicodedata


def bilingual(text: str, lang: str) -> str:
    """Return the part of a `中文 | English` text that is in this language; any other text is returned whole."""
    chinese, bar, english = text.partition(" | ")
    if not bar or _is_wide(english) or not _is_wide(chinese):
        return text
    return chinese if lang == "zh" else english


def _is_wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(letter) in "WF" for letter in text)
