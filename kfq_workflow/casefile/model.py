"""What a file of cases says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kfq_workflow.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class PastAct:
    """One act of a case. `kind` is adopt, register or start; `line` is its line in the file, from 1."""

    kind: str
    line: int
    on: str | None = None
    basis: str = "stated"
    note: str = ""
    trigger: str = ""
    by: str = ""
    states: Mapping[str, str | None] = field(default_factory=lambda: EMPTY)
    params: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Case:
    """One instance and its acts in order; `ends` are the states that it must have afterwards."""

    key: str
    workflow: str
    name: str
    line: int
    acts: tuple[PastAct, ...]
    root: str | None = None
    attrs: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    ends: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Remark:
    """A note on an instance with what machines need of it: a plan, or a flag (see `remarks`)."""

    key: str
    line: int
    note: str
    plan: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A move that the rules must refuse in the states that the cases end in."""

    key: str
    trigger: str
    by: str
    why: str
    line: int


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A whole file."""

    path: Path
    source: str
    cases: tuple[Case, ...]
    remarks: tuple[Remark, ...] = ()
    refused: tuple[Attempt, ...] = ()

    @property
    def size(self) -> int:
        """How many entries it makes."""
        return sum(len(case.acts) for case in self.cases) + len(self.remarks)
