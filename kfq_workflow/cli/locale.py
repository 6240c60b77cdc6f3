"""Which language to speak, and how to make the streams carry it under any locale."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("zh", "en")

_language: ContextVar[str] = ContextVar("kfq_language", default="en")


def language() -> str:
    """Return the language of this run, `zh` or `en`."""
    return _language.get()


def speak(lang: str) -> None:
    """Set the language of this run."""
    _language.set(lang)


def find_language(args: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """Return `--lang` of a command line, else KFQ_LANG, else what the locale says.

    Read before the command line is parsed, since help and usage errors need it. What is not a language is left to
    the parser to refuse.
    """
    for named in (_option(args, "--lang"), environ.get("KFQ_LANG")):
        if named in LANGUAGES:
            return str(named)
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def _option(args: Sequence[str], name: str) -> str | None:
    for at, arg in enumerate(args):
        if arg == "--":
            return None
        if arg == name:
            return args[at + 1] if at + 1 < len(args) else None
        if arg.startswith(f"{name}="):
            return arg.partition("=")[2]
    return None


def prepare_streams() -> None:
    """Write UTF-8 whatever the locale says, unless PYTHONIOENCODING names another encoding.

    What cannot be written in it, and what is not valid Unicode, is written escaped and breaks nothing.
    """
    named = not sys.flags.ignore_environment and os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding=None if named else "utf-8", errors="backslashreplace")
