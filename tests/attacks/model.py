"""What an attack is: a named value that says what is done, who can do it, and what comes of it.

What is found is written as `layer kind instance seq`, several after `; `, a run of entries as `5-7`; nothing at all is
MISSED. It is compared exactly, but where it ends with `…`: then more is found, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import Row, canonical, seal
from tests.tampering import TABLES, change, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.attacked import Scene

    Place = tuple[str, str, str | None, int | None]

MISSED = ""
MORE = "…"
SQLITE, POSTGRESQL, MARIADB = "sqlite", "postgresql18", "mariadb"
DATABASES = (SQLITE, POSTGRESQL, MARIADB)
#: Where the permit `o` is attacked: its first entry, a remark that nothing rests on, and its last.
FIRST, MIDDLE, LAST = "first", "middle", "last"
PLACES = {FIRST: 1, MIDDLE: 5, LAST: 7}


class By(Enum):
    """Who can do it, in English and Chinese."""

    APPLICATION = ("application's account", "应用程序账号")
    OWNER = ("owner of the tables", "表的所有者")
    FILE = ("whoever holds the file", "持有文件的人")


class Anew(Enum):
    """What is made anew after the change, so that it looks as if it had always been so; in English and Chinese."""

    NOTHING = ("", "")
    HASHES = ("everything after it re-hashed", "其后全部重算散列")
    ALL = ("re-hashed, and everything sealed anew", "全部重算散列并重新封存")


class Line(Enum):
    """The attacks that must be tried, in English and Chinese; the catalogue answers each."""

    COLUMN = ("edit each column", "改动每一列")
    BYTE = ("edit each byte", "改动每一字节")
    DELETE = ("delete the first, a middle, the last entry", "删除第一条、中间一条、最后一条记录")
    INSTANCE = ("delete an instance", "删除一个实例")
    INSERT = ("insert", "插入")
    DUPLICATE = ("duplicate", "复制")
    SWAP = ("swap", "对调")
    BACKDATE = ("back-date", "倒填时刻")
    ILLEGAL = ("an act that the rules forbid", "规则不许的行为")
    STATE = ("roll the stored state forward with no entry", "没有记录就推进所存状态")
    DOCUMENT = ("change the definition stored under a digest", "改动摘要之下所存的定义")
    TEXT = ("change what persons wrote", "改动人写的文字")
    REPLACE = ("replace the database", "整库替换")
    FORK = ("two histories shown to two auditors", "给两名审计人员看两种历史")
    RESTORE = ("restore an old backup", "恢复旧备份")
    CUT = ("a tail cut exactly at a checkpoint", "恰在检查点处截尾")
    SPELLING = ("a second spelling of the same value", "同一个值的另一种写法")
    STATEMENT = ("REPLACE, upsert, TRUNCATE, with triggers disabled", "REPLACE、upsert、TRUNCATE，停用触发器")
    VOTE = ("votes, gates and the inbox", "表决、审批关口与待办")
    TREE = ("sealed leaves, seals, checkpoints", "已封存的叶、封存、检查点")
    KEY = ("keys on record", "在案密钥")
    ERASURE = ("erasure", "删除文字")
    NUMBER = ("document numbers", "文号")
    CALENDAR = ("calendars", "工作日历")
    BUNDLE = ("an export or a bundle", "导出文件或审计包")


@dataclass(slots=True)
class Hand:
    """Somebody's connection to the database of a scene, and the entry of `o` that is meant."""

    connection: Connection
    scene: Scene
    seq: int = 0

    def rows(self, key: str) -> list[Row]:
        """Return the entries of an instance as they were before the attack."""
        columns = ("instance", "seq", "kind", "at", "actor", "via", "req", "def", "v", "prev", "leaf", "body")
        found = [Row._make(_plain(row[name]) for name in columns) for row in self.scene.saved["kfq_entry"]]
        return sorted(row for row in found if row.instance == key)

    def change(self, table: str, where: dict[str, Any], **values: Any) -> None:
        """Update rows of a table; `def_` is the column `def`."""
        change(self.connection, table, where, {name.rstrip("_"): value for name, value in values.items()})

    def remove(self, table: str, **where: Any) -> None:
        """Delete rows of a table."""
        remove(self.connection, table, where)

    def add(self, table: str, **values: Any) -> None:
        """Insert a row into a table."""
        self.connection.execute(getattr(TABLES, table).insert(), values)

    def append(self, row: Row) -> None:
        """Insert an entry."""
        columns = [column.name for column in TABLES.entry.columns]
        self.add("entry", **dict(zip(columns, row, strict=True)))

    def act(self, key: str, kind: str, actor: str, body: dict[str, Any], *, moves: bool = False) -> None:
        """Append an entry as the library would, rightly hashed, and move the row of its instance and its revision."""
        last = self.rows(key)[-1]
        log = self.scene.saved["kfq_log"][0]["log"]
        columns = (key, last.seq + 1, kind, last.at + 2, actor, "tests", None, last.def_, 1)
        row = seal(log, columns, last.leaf, body)
        self.append(row)
        rev = {"rev": row.seq} if moves else {}
        self.change("instance", {"key": key}, seq=row.seq, head=row.leaf, at=row.at, **rev)

    def run(self, *statements: str) -> None:
        """Run statements as they are."""
        for statement in statements:
            self.connection.exec_driver_sql(statement)

    def write(self, key: str, work: Callable[[list[Row], int], list[Row]]) -> None:
        """Put other entries in the place of an instance's, numbered from 1; each takes its texts with it.

        Whoever moves entries also moves what later ones say they rest on.
        """
        before = self.rows(key)
        after = work(before, self.seq)
        moved = {row.seq: number for number, row in reversed(list(enumerate(after, 1)))}
        texts = [row for row in self.scene.saved["kfq_text"] if row["instance"] == key]
        self.connection.execute(TABLES.text.delete().where(TABLES.text.c.instance == key))
        self.connection.execute(TABLES.entry.delete().where(TABLES.entry.c.instance == key))
        for number, row in enumerate(after, 1):
            self.append(row._replace(seq=number, body=_rests(row.body, moved)))
            for text in texts:
                if text["seq"] == row.seq:
                    self.add("text", **{**text, "seq": number})


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _rests(body: str, moved: Mapping[int, int]) -> str:
    try:
        said = json.loads(body)
        rests = said["rests"]
    except (ValueError, KeyError, TypeError):
        return body
    said["rests"] = [moved.get(seq, seq) for seq in rests]
    return body if said["rests"] == rests else canonical(said)


@dataclass(frozen=True, slots=True)
class Attack:
    """A change of the database, by its owner with the triggers out of the way or by the application's account.

    `alone` is what verification finds without an anchor, by place where the attack is tried at several. Where it is
    MISSED, `anchored` is what the anchors find; elsewhere they may find more. `verdict` is what is then said. `watched`:
    the attack is about the triggers, and puts them in its place itself; otherwise they are out of the owner's way.
    """

    name: str
    line: Line
    zh: str
    en: str
    do: Callable[[Hand], object]
    alone: str | Mapping[str, str] = MISSED
    anchored: str | Mapping[str, str] = MISSED
    by: By = By.OWNER
    anew: Anew = Anew.NOTHING
    scene: str = "office"
    verdict: str = "tampered"
    on: tuple[str, ...] = DATABASES
    watched: bool = False

    @property
    def places(self) -> tuple[str, ...]:
        """The places where it is tried; one without a name where there is no choice."""
        return ("",) if isinstance(self.alone, str) else tuple(self.alone)

    def found(self, place: str) -> tuple[str, str]:
        """Return what is found at a place without an anchor, and what besides with one."""
        alone, anchored = (said if isinstance(said, str) else said[place] for said in (self.alone, self.anchored))
        return alone, anchored


@dataclass(frozen=True, slots=True)
class Refusal:
    """Statements that the database refuses; nothing is changed then.

    `application` and `owner` have, by database, what is said to the application's account and to the owner while the
    triggers stand; a database that is missing there does not refuse it. Of a statement of several lines the last is it.
    """

    name: str
    line: Line
    zh: str
    en: str
    statements: Mapping[str, tuple[str, ...]]
    application: Mapping[str, str]
    owner: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One character or byte changed in a column of every row, at many offsets in turn: each row is found each time.

    `finds` is layer and kind, or the layer alone; `place` names the columns that say where. Where they are none it is
    counted, and where it is None one finding tells of all.
    """

    name: str
    zh: str
    en: str
    table: str
    column: str
    finds: str
    place: tuple[str, ...] | None = ("instance", "seq")
    scene: str = "office"
    line: Line = Line.BYTE
    by: By = By.OWNER


@dataclass(frozen=True, slots=True)
class OnFile:
    """A change to an export, a bundle or the file of the database; `do` gives the file that the auditor gets.

    `places` of findings and verdicts are as for an attack on the database. `alone` None: no log any more, and nothing to
    verify.
    """

    name: str
    line: Line
    zh: str
    en: str
    do: Callable[[Files], Path]
    alone: str | None = MISSED
    anchored: str = MISSED
    verdict: str = "tampered"
    by: By = By.FILE


@dataclass(frozen=True, slots=True)
class Files:
    """What was handed to an auditor: an export, bundles of the log and of `o`, and an older bundle and database file."""

    folder: Path
    export: Path
    log: Path
    one: Path
    older: Path
    database: Path


def everywhere(said: str) -> dict[str, str]:
    """Return what is found at each place of `o`; `{n}` is the entry, `{m}` the next one."""
    return {place: said.format(n=seq, m=seq + 1) for place, seq in PLACES.items()}


def places_of(said: str) -> set[Place]:
    """Return layer, kind, instance and number of what an attack says is found."""
    found: set[Place] = set()
    for part in filter(None, (each.strip() for each in said.removesuffix(MORE).split(";"))):
        layer, kind, *where = part.split(" ")
        instance = where[0] if where and where[0] != "-" else None
        first, _, last = (where[1] if len(where) > 1 else "").partition("-")
        numbers = range(int(first), int(last or first) + 1) if first else (None,)
        found |= {(layer, kind, instance, number) for number in numbers}
    return found
