"""What an examination found: items with a standing, what to do about each, and what nothing here can prevent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kfq_workflow.messages import SENTENCES, render
from kfq_workflow.values import EMPTY

if TYPE_CHECKING:
    from collections.abc import Mapping

#: `ok`; `warning`: weaker than it should be; `problem`: the log's protection does not hold; `unknown`: cannot be told.
Standing = Literal["ok", "warning", "problem", "unknown"]
#: Whose a database account is by what it may do: `owner` may do everything, `auditor` only reads, `redactor` also
#: deletes the texts that an entry names.
Role = Literal["owner", "application", "redactor", "auditor"]
OWNER: Role = "owner"
APPLICATION: Role = "application"
REDACTOR: Role = "redactor"
AUDITOR: Role = "auditor"
ROLES = (OWNER, APPLICATION, REDACTOR, AUDITOR)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at: its area, what is so, how it stands. `values` fill the sentence."""

    area: str
    code: str
    standing: Standing = "ok"
    values: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    def text(self, lang: str = "en") -> str:
        """Return what is so, `lang` being `zh` or `en`."""
        return render(f"doctor.{self.code}", self._said(lang), lang)

    def advice(self, lang: str = "en") -> str:
        """Return what to do next, empty where nothing is to be done."""
        code = f"doctor.{self.code}.do"
        return render(code, self._said(lang), lang) if code in SENTENCES and self.standing != "ok" else ""

    def _said(self, lang: str) -> dict[str, Any]:
        """Return the values as a sentence has them; `age` is in s."""
        return {name: lasting(value, lang) if name == "age" else value for name, value in self.values.items()}

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return the item as `kfq doctor --json` prints it."""
        return {
            "area": self.area,
            "code": self.code,
            "standing": self.standing,
            "message": self.text(lang),
            "advice": self.advice(lang),
            "values": dict(self.values),
        }


def lasting(seconds: int, lang: str) -> str:
    """Return a length of time in the largest unit of which it fills two."""
    for zh, en, length in (("天", "d", 86_400), ("小时", "h", 3_600), ("分钟", "min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {zh if lang == 'zh' else en}"
    return f"{max(seconds, 0)} {'秒' if lang == 'zh' else 's'}"


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that whoever owns the database can still do, whatever the items say."""

    code: str
    values: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    def text(self, lang: str = "en") -> str:
        """Return the sentence."""
        return render(f"doctor.limit.{self.code}", self.values, lang)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that asks: its name, what it may do at most, and the server that answered."""

    server: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was looked at, in order, and what an owner could still do."""

    account: Account
    items: tuple[Item, ...]
    limits: tuple[Limit, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is a problem."""
        return all(item.standing != "problem" for item in self.items)

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return it as `kfq doctor --json` prints it."""
        return {
            "sound": self.sound,
            "server": self.account.server,
            "account": self.account.name,
            "role": self.account.role,
            "items": [item.as_json(lang) for item in self.items],
            "owner_could": [limit.text(lang) for limit in self.limits],
        }
