"""What the hand-written SQL needs of a database driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cursor(Protocol):
    """What we use of a driver's cursor (PEP 249)."""

    @property
    def rowcount(self) -> int: ...  # noqa: D102
    def execute(self, sql: str, parameters: Sequence[Any] = ...) -> Any: ...  # noqa: D102
    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Any: ...  # noqa: D102
    def fetchone(self) -> Any: ...  # noqa: D102
    def fetchall(self) -> Any: ...  # noqa: D102
    def close(self) -> Any: ...  # noqa: D102
