"""Text from a log, made harmless for a terminal, and measured the way a terminal does."""

from __future__ import annotations

from kfq_workflow.messages.bilingual import bilingual
from kfq_workflow.visible import visible as safe
from kfq_workflow.visible import width

__all__ = ["bilingual", "pad", "safe", "width"]


def pad(text: str, columns: int) -> str:
    """Return text filled with spaces up to so many columns."""
    return text + " " * max(columns - width(text), 0)
