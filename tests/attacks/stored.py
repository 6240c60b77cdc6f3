"""Attacks on what lies beside the entries: rows of instances, the inbox, texts, documents, the log's row, the tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfq_workflow.entry import canonical
from kfq_workflow.stored import triggers
from tests.attacks.model import MISSED, POSTGRESQL, Attack, By, Line
from tests.tampering import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attacks.model import Hand

    Do = Callable[[Hand], None]

APP = By.APPLICATION
#: The open permit `u`: 1 started, 2 submitted, 3 opened, 4 urged, 5 voted by proxy.
U = {"key": "u"}


def row(**values: Any) -> Do:
    """Change the row of an instance."""
    return lambda hand: hand.change("instance", U, **values)


def other(table: str, where: dict[str, Any], **values: Any) -> Do:
    """Change rows of a table."""
    return lambda hand: hand.change(table, where, **values)


def gone(table: str, **where: Any) -> Do:
    """Delete rows of a table."""
    return lambda hand: hand.remove(table, **where)


def more(table: str, **values: Any) -> Do:
    """Insert a row."""
    return lambda hand: hand.add(table, **values)


def _snapshot(hand: Hand) -> dict[str, Any]:
    (found,) = (each for each in hand.scene.saved["kfq_instance"] if each["key"] == "u")
    said: dict[str, Any] = json.loads(found["snapshot"])
    return said


def _forward(hand: Hand) -> None:
    """Grant it, as far as the row says."""
    said = _snapshot(hand)
    said["regions"]["main"] = "granted"
    row(state="granted", phase="running", snapshot=canonical(said))(hand)


def _tally(hand: Hand) -> None:
    said = _snapshot(hand)
    said["gates"]["grant"]["tally"]["approve"] = 2
    row(snapshot=canonical(said))(hand)


def _renamed(hand: Hand) -> None:
    hand.change("instance", U, key="uu")


_ROWS = (
    *(
        Attack(f"row: {name}", Line.STATE, f"改动状态行的 `{name}` 列", f"change the row of an instance: `{name}`",
               row(**{"def_" if name == "def" else name: value}), f"cache {name} u 5", by=by)
        for name, value, by in (
            ("state", "granted", APP), ("phase", "over", APP), ("rev", 1, APP), ("at", 5, APP), ("seq", 4, APP),
            ("head", b"\x01" * 32, APP), ("def", b"\x01" * 32, APP), ("snapshot", "{}", APP),
            ("workflow", "permit", By.OWNER), ("root", "o", By.OWNER),
        )
    ),
    Attack("row: rolled forward", Line.STATE, "没有记录就把状态行推进到已批准", "roll the row forward with no entry",
           _forward, "cache state u 5; cache phase u 5; cache snapshot u 5", by=APP),
    Attack("row: tally", Line.VOTE, "多记一票，没有记录", "one more vote in the tally, with no entry", _tally,
           "cache snapshot u 5", by=APP),
    Attack("row: no JSON", Line.STATE, "状态行不再是 JSON", "a row that is no JSON", row(snapshot="no JSON"),
           "cache snapshot u 5", by=APP),
    Attack("row: renamed", Line.STATE, "把状态行挂到另一个键上", "give the row to another key", _renamed,
           "cache row_missing u 5; cache row_orphan uu 5"),
)  # fmt: skip

_TASK = {"instance": "u", "gate": "grant", "round": 1, "task": "1"}
_NEW_TASK = {"box": "todo", "state": "open", "role": "clerk", "org": None, "holder": None, "at": 1}
INBOX = (
    Attack("task: done", Line.VOTE, "把待办标为已办", "mark a duty as done", other("task", _TASK, box="done"), "cache task_differs u",
           by=APP),
    Attack("task: added", Line.VOTE, "给人加一件待办", "give somebody a duty",
           more("task", **(_TASK | {"task": "9"} | _NEW_TASK)), "cache task_orphan u", by=APP),
    Attack("task: gone", Line.VOTE, "拿走一件待办", "take a duty away", gone("task", **_TASK), "cache task_missing u"),
)  # fmt: skip

_TEXT = {"instance": "o", "seq": 6, "field": "opinion"}
_WORDS = {"salt": b"\x01" * 16, "value": "不同意"}


TEXTS = (
    Attack("text: value", Line.TEXT, "改写一段意见", "rewrite an opinion", other("text", _TEXT, value="不同意"),
           "text differs o 6"),
    Attack("text: salt", Line.TEXT, "改动一段意见的盐", "change the salt of an opinion", other("text", _TEXT, salt=b"\x01" * 16),
           "text differs o 6"),
    Attack("text: field", Line.TEXT, "把意见改挂到别的栏目", "give an opinion to another field", other("text", _TEXT, field="note"),
           "text uncommitted o 6; text missing o 6"),
    Attack("text: entry", Line.TEXT, "把意见改挂到别的记录", "give an opinion to another entry", other("text", _TEXT, seq=60),
           "text orphan o 60; text missing o 6"),
    Attack("text: gone", Line.TEXT, "删除一段意见", "delete an opinion", gone("text", **_TEXT), "text missing o 6"),
    Attack("text: added", Line.TEXT, "给记录添一段没有承诺的文字", "add a text that no entry commits to",
           more("text", **(_TEXT | {"seq": 7} | _WORDS)), "text uncommitted o 7", by=APP),
    Attack("text: of nothing", Line.TEXT, "给不存在的记录添文字", "add a text to an entry that is none",
           more("text", **(_TEXT | {"seq": 70} | _WORDS)), "text orphan o 70", by=APP),
    Attack("text: put back", Line.ERASURE, "把删除了的文字放回去", "put a text back that was erased",
           more("text", instance="r", seq=3, field="note", **_WORDS),
           "text present r 3; text differs r 3", by=APP),
    Attack("text: gone without a word", Line.ERASURE, "没有删除记录就删除一段文字", "erase a text with no entry that says so",
           gone("text", instance="r", seq=1, field="name"), "text missing r 1"),
)  # fmt: skip


def _document(kind: str, part: str, /, **values: Any) -> Do:
    """Change the document with a part in its body, under its digest; without values delete it."""

    def do(hand: Hand) -> None:
        kept = hand.scene.saved["kfq_document"]
        digest = next(each["digest"] for each in kept if each["kind"] == kind and part in each["body"])
        if values:
            hand.change("document", {"digest": digest}, **values)
        else:
            hand.remove("document", digest=digest)

    return do


def _fewer(hand: Hand) -> None:
    kept = hand.scene.saved["kfq_document"]
    body = next(each["body"] for each in kept if each["kind"] == "rules" and _GATED in each["body"])
    assert '"seats":2' in body
    _document("rules", _GATED, body=body.replace('"seats":2', '"seats":1'))(hand)


_GATED, _PERMIT = '"name":"gated"', '"name":"permit"'
#: Rules that are not those of their digest judge nobody: what they say of phases cannot be told either.
_UNRULED = "document digest; cache phase g 7; cache phase r 5; cache phase u 5; cache phase w 3"
_UNRULED_TOO = "cache phase late 5; cache phase o 7; cache phase p 7"
DOCUMENTS = (
    Attack("rules", Line.DOCUMENT, "改动摘要之下的规则：减少表决人", "change the rules under their digest: fewer signers",
           _fewer, _UNRULED),
    Attack("rules: no JSON", Line.DOCUMENT, "规则不再是 JSON", "rules that are no JSON",
           _document("rules", _GATED, body="["), _UNRULED),
    Attack("labels", Line.DOCUMENT, "改动摘要之下的名称", "change the labels under their digest",
           _document("labels", "", body="{}"), "document digest"),
    Attack("calendar", Line.CALENDAR, "改动摘要之下的工作日历", "change the calendar under its digest",
           _document("calendar", "", body='{"rest":[],"work":[]}'),
           "document digest; replay malformed ~calendar 1; replay gates_differs u 4"),
    Attack("document: kind", Line.DOCUMENT, "把规则改称名称", "call rules labels",
           _document("rules", _PERMIT, kind="labels"),
           f"document kind ~definition/permit 1; document missing; {_UNRULED_TOO}"),
    Attack("document: gone", Line.DOCUMENT, "删除规则", "delete the rules", _document("rules", _PERMIT),
           f"document missing ~definition/permit 1; document missing; {_UNRULED_TOO}"),
    Attack("document: added", Line.DOCUMENT, "添一份没有记录提到的规则", "add rules that no entry names",
           more("document", digest=b"\x02" * 32, kind="rules", body="{}"), "document digest; document unused", by=APP),
)  # fmt: skip

LOG = (
    Attack("log: name", Line.COLUMN, "改动日志的名称", "change the log's name", other("log", {"id": 1}, log="0" * 32),
           "bytes leaf o 1-7; bytes leaf ~log 1-3; tree other_log; …"),
    Attack("log: suite", Line.COLUMN, "改动日志的密码套件", "change the log's suite", other("log", {"id": 1}, suite="s2"),
           "database log_differs ~log 1"),
    Attack("log: genesis", Line.COLUMN, "改动创世记录的散列", "change the hash of the genesis",
           other("log", {"id": 1}, genesis=b"\x01" * 32),
           "database genesis_differs ~log 1; chain first_prev o 1; chain first_prev p 1; …"),
    Attack("log: offset", Line.COLUMN, "改动时差", "change the offset of days", other("log", {"id": 1}, utc_offset=0),
           "database log_differs ~log 1"),
)  # fmt: skip

# With the triggers disabled, whatever they refuse is possible, and found


def _by_dialect(**statements: str) -> Do:
    return lambda hand: hand.run(statements[hand.connection.dialect.name])


_UPSERT = (
    "INSERT INTO kfq_entry (instance, seq, kind, at, actor, via, v, prev, leaf, body) "
    "SELECT instance, seq, kind, at, actor, via, v, prev, leaf, '[]' FROM kfq_entry WHERE instance = 'o' AND seq = 5 {}"
)
_ON_CONFLICT = _UPSERT.format("ON CONFLICT (instance, seq) DO UPDATE SET body = '[]'")
_REPLACE = "{} INTO kfq_entry SELECT instance, seq, kind, at, actor, 'elsewhere', req, def, v, prev, leaf, body FROM kfq_entry WHERE instance = 'o' AND seq = 5"
_LIFTED = (
    Attack("upsert", Line.STATEMENT, "停用触发器后 `ON CONFLICT DO UPDATE`", "triggers disabled: `ON CONFLICT DO UPDATE`",
           _by_dialect(sqlite=_ON_CONFLICT, postgresql=_ON_CONFLICT, mariadb=_UPSERT.format("ON DUPLICATE KEY UPDATE body = '[]'")),
           "bytes leaf o 5; bytes not_canonical o 5"),
    Attack("replace", Line.STATEMENT, "停用触发器后 `REPLACE`", "triggers disabled: `REPLACE`",
           _by_dialect(sqlite=_REPLACE.format("INSERT OR REPLACE"), mariadb=_REPLACE.format("REPLACE")),
           "bytes leaf o 5", on=("sqlite", "mariadb")),
    Attack("truncate", Line.STATEMENT, "停用触发器后清空文字表", "triggers disabled: `TRUNCATE` of the texts",
           _by_dialect(sqlite="DELETE FROM kfq_text", postgresql="TRUNCATE kfq_text", mariadb="TRUNCATE kfq_text"),
           "text missing o 1-3; text missing o 5-6; text missing p 1-3; text missing g 1; text missing ~actor/app 1; …"),
    Attack("truncate entries", Line.STATEMENT, "停用触发器和外键后清空记录表", "triggers and foreign key disabled: `TRUNCATE` of the entries",
           _by_dialect(sqlite="DELETE FROM kfq_entry", postgresql="TRUNCATE kfq_entry CASCADE", mariadb="TRUNCATE kfq_entry"),
           "chain genesis_missing ~log 1; text orphan o 1-3; tree place_orphan o 1-7; …"),
)  # fmt: skip


def _stand(hand: Hand) -> None:
    triggers.create(hand.connection, TABLES)


def _without(hand: Hand) -> None:
    _stand(hand)
    on = " ON kfq_entry" if hand.connection.dialect.name == "postgresql" else ""
    hand.run(f"DROP TRIGGER kfq_entry_no_update{on}")


def _hollow(hand: Hand) -> None:
    """A trigger of the right name that refuses nothing."""
    _without(hand)
    on = "BEFORE UPDATE ON kfq_entry FOR EACH ROW"
    _by_dialect(
        sqlite="CREATE TRIGGER kfq_entry_no_update BEFORE UPDATE ON kfq_entry WHEN 0 BEGIN SELECT 1; END",
        postgresql=f"CREATE TRIGGER kfq_entry_no_update {on} WHEN (false) EXECUTE FUNCTION kfq_refuse()",
        mariadb=f"CREATE TRIGGER kfq_entry_no_update {on} SET NEW.body = NEW.body",
    )(hand)


def _switched_off(hand: Hand) -> None:
    _stand(hand)
    hand.run("ALTER TABLE kfq_text DISABLE TRIGGER kfq_text_no_delete")


def _quietly(hand: Hand) -> None:
    """Disable, do what is refused, undo it, and put the triggers back."""
    hand.change("text", _TEXT, value="不同意")
    hand.change("text", _TEXT, value="同意")
    _stand(hand)


TRIGGERS = (
    Attack("trigger: dropped", Line.STATEMENT, "删除一个触发器", "drop a trigger", _without, "database trigger_missing", watched=True),
    Attack("trigger: hollow", Line.STATEMENT, "换成同名而什么也不拒绝的触发器", "put one of the same name that refuses nothing in its place",
           _hollow, "database trigger_altered", watched=True),
    Attack("trigger: disabled", Line.STATEMENT, "停用一个触发器", "disable a trigger", _switched_off,
           "database trigger_disabled", watched=True, on=(POSTGRESQL,)),
    Attack("trigger: put back", Line.STATEMENT, "停用触发器，再原样放回", "disable the triggers, and put them back as they were",
           _quietly, MISSED, MISSED, watched=True),
)  # fmt: skip

ATTACKS = (
    *_ROWS, *INBOX, *TEXTS, *DOCUMENTS, *LOG, *_LIFTED, *TRIGGERS,
)  # fmt: skip
