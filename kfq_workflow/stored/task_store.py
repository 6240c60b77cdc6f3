"""The SQL of the inbox: a part of `store`, and like it our own statements on a driver's cursor.

A row of `kfq_task` is its holder's; one without a holder is everybody's who has its role and is of its organisation,
where they are set. So an inbox is a union of ranges: one of the index (holder, box, at) for each box, one of
(role, box, at) for each role and shared box, one of (org, box, at) for each shared box; and the same for each of those
whose proxy one is. Each range reads no more rows than are asked for, whatever the number of tasks, and all of them are
one statement. Only where a grant is narrowed to some workflows are the tasks of others read and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.tasks import DUTIES, PROXY, SHARED, Listed, TaskRow
from kfq_workflow.state import InstanceRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kfq_workflow.approval.tasks import Reach
    from kfq_workflow.stored.cursor import Cursor

_COLUMNS = "instance, gate, round, task, box, state, role, org, holder, at"
_KEY = "instance = ? AND gate = ? AND round = ? AND task = ?"
_REST = ("box", "state", "role", "org", "holder", "at")
_UPSERT = {
    "sqlite": ("ON CONFLICT (instance, gate, round, task) DO UPDATE SET", "excluded.{0}"),
    "postgresql": ("ON CONFLICT (instance, gate, round, task) DO UPDATE SET", "excluded.{0}"),
    "mysql": ("ON DUPLICATE KEY UPDATE", "VALUES({0})"),
}
# What follows the range of an index must not look better than it: SQLite would take another index for `org IS NULL`,
# in which nearly all rows are; PostgreSQL would sort the whole range when it believed that few rows are left over.
_ANY_ORG = {
    "sqlite": "COALESCE(org, '') IN ('', ?)",
    "postgresql": "(org IS NULL OR org = ?)",
    "mysql": "COALESCE(org, '') IN ('', ?)",
}
_NO_ROLE = {"sqlite": "COALESCE(role, '') = ''", "postgresql": "role IS NULL", "mysql": "COALESCE(role, '') = ''"}
#: Nobody signs twice in a round. No NOT EXISTS, which may become a join with all that somebody ever signed.
_UNSIGNED = (
    " AND COALESCE((SELECT 1 FROM {task} s WHERE s.instance = t.instance AND s.gate = t.gate AND s.round = t.round"
    " AND s.holder = ? AND s.state IN ('approved', 'rejected', 'abstained') LIMIT 1), 0) <> 1"
)

#: A grant that is narrowed to some workflows reaches no instance of others.
_WORKFLOWS = " AND (SELECT w.workflow FROM {{instance}} w WHERE w.{{key}} = t.instance) IN ({marks})"


class TaskStore:
    """The statements of `kfq_task` for one dialect, schema and prefix."""

    dialect: str

    def _statement(self, template: str) -> str:
        raise NotImplementedError

    def _prepare_tasks(self) -> None:
        one = self._statement
        clause, value = _UPSERT[self.dialect]
        sets = ", ".join(f"{name} = {value.format(name)}" for name in _REST)
        marks = ", ".join("?" * len(TaskRow._fields))
        self._put_task = one(f"INSERT INTO {{task}} ({_COLUMNS}) VALUES ({marks}) {clause} {sets}")
        order = "ORDER BY instance, gate, round, task"
        self._tasks_of = one(f"SELECT {_COLUMNS} FROM {{task}} WHERE instance = ? {order}")
        self._drop_task = one(f"DELETE FROM {{task}} WHERE {_KEY}")
        columns = ", ".join(f"i.{'{key}' if name == 'key' else name.rstrip('_')}" for name in InstanceRow._fields)
        self._people = one(
            f"SELECT {columns}, {{clock}} FROM {{instance}} i WHERE i.{{key}} = ? UNION ALL "
            f"SELECT {columns}, {{clock}} FROM {{task}} t JOIN {{instance}} i ON i.{{key}} = t.instance "
            f"WHERE t.holder = ? AND t.box = '{PROXY}'"
        )
        self._drop_strays = one(
            "DELETE FROM {task} WHERE NOT EXISTS (SELECT 1 FROM {instance} i WHERE i.{key} = {task}.instance)"
        )

    def put_tasks(self, cursor: Cursor, rows: Sequence[TaskRow]) -> None:
        """Store rows, each in the place of the one with its key."""
        if rows:
            cursor.executemany(self._put_task, rows)

    def task_rows(self, cursor: Cursor, key: str) -> list[TaskRow]:
        """Return the rows of one instance in the order of their key."""
        cursor.execute(self._tasks_of, (key,))
        return [TaskRow._make(found) for found in cursor.fetchall()]

    def replace_tasks(self, cursor: Cursor, key: str, wanted: Iterable[TaskRow]) -> bool:
        """Make the rows of an instance these (rebuild); tell whether any were different."""
        stored, rows = set(self.task_rows(cursor, key)), set(wanted)
        keep = {row[:4] for row in rows}
        if too_many := sorted({row[:4] for row in stored} - keep):
            cursor.executemany(self._drop_task, too_many)
        self.put_tasks(cursor, sorted(rows - stored, key=lambda row: row[:4]))
        return stored != rows

    def drop_strays(self, cursor: Cursor) -> int:
        """Delete the rows of instances that do not exist (rebuild); return how many there were."""
        cursor.execute(self._drop_strays)
        return cursor.rowcount

    def inbox_people(self, cursor: Cursor, key: str, actor: str) -> tuple[dict[str, InstanceRow], int]:
        """Return the row of an actor's chain `key` and those of whoever granted him a proxy, by key, and the clock."""
        cursor.execute(self._people, (key, actor))
        found = cursor.fetchall()
        return {row[0]: InstanceRow._make(row[:11]) for row in found}, found[0][11] if found else 0

    def inbox(
        self,
        cursor: Cursor,
        actor: str,
        roles: Iterable[str],
        org: str | None,
        boxes: Iterable[str],
        limit: int,
        reaches: Sequence[Reach] = (),
    ) -> list[Listed]:
        """Return at most `limit` rows of an actor's inbox, in one statement.

        `boxes` are those of `kfq_task`; `approval.tasks.BOXES` says which of them answer what. Duties come first, the
        oldest first; then the rest, the newest first. Open tasks of a round in which the actor has voted are left out.
        `reaches` are the proxies by which he signs for others: what they reach is listed as well.
        """
        sql, values = self.inbox_statement(actor, roles, org, boxes, limit, reaches)
        # psycopg would prepare it, and PostgreSQL then plan it for an average role: it sorted 50,000 rows for 100.
        how: dict[str, Any] = {"prepare": False} if self.dialect == "postgresql" else {}
        cursor.execute(sql, values, **how)
        return [Listed(TaskRow._make(found[:10]), *found[10:]) for found in cursor.fetchall()]

    def inbox_statement(
        self, actor: str, roles: Iterable[str], org: str | None, boxes: Iterable[str], limit: int,
        reaches: Sequence[Reach] = (),
    ) -> tuple[str, list[Any]]:  # fmt: skip
        """Return the statement of `inbox` and its parameters."""
        ranges: list[str] = []
        values: list[Any] = []
        offices = sorted(set(roles))
        for box in sorted(set(boxes)):
            ranges.append(_range("holder = ? AND box = ?", box, limit))
            values += [actor, box]
            if box not in SHARED:
                continue
            self._shared(ranges, values, box, limit, offices, org, _UNSIGNED, [actor])
            for number, reach in enumerate(reaches):
                more, also = _UNSIGNED + _UNSIGNED, [actor, reach.principal.id]
                if reach.workflows:
                    more += _WORKFLOWS.format(marks=", ".join("?" * len(reach.workflows)))
                    also += reach.workflows
                ranges.append(_range("holder = ? AND box = ?" + more, box, limit, number))
                values += [reach.principal.id, box, *also]
                person = reach.principal
                theirs = sorted(person.roles.difference(offices))
                self._shared(ranges, values, box, limit, theirs, person.org or None, more, also, number)
        union = " UNION ALL ".join(f"SELECT * FROM ({part}) r{number}" for number, part in enumerate(ranges))
        columns = ", ".join(f"u.{name}" for name in TaskRow._fields)
        order = "ORDER BY later, turn, instance, gate, round, task, reach"
        sql = (
            f"SELECT {columns}, i.workflow, i.state, i.snapshot, i.def, u.reach "
            f"FROM (SELECT * FROM ({union}) x {order} LIMIT {int(limit)}) u "
            f"JOIN {{instance}} i ON i.{{key}} = u.instance {order}"
        )
        return self._statement(sql), values

    def _shared(
        self, ranges: list[str], values: list[Any], box: str, limit: int, roles: Iterable[str], org: str | None,
        more: str, also: Sequence[Any], reach: int = -1,
    ) -> None:  # fmt: skip
        """Add the ranges of what a role or an organisation is asked for."""
        for role in roles:
            ranges.append(_range(f"role = ? AND box = ? AND {_ANY_ORG[self.dialect]}{more}", box, limit, reach))
            values += [role, box, org or "", *also]
        if org:
            ranges.append(_range(f"org = ? AND box = ? AND {_NO_ROLE[self.dialect]}{more}", box, limit, reach))
            values += [org, box, *also]


def _range(where: str, box: str, limit: int, reach: int = -1) -> str:
    """Return the first rows of one range of an index: the oldest duties, of the rest the newest."""
    later, turn, order = (0, "at", "at") if box in DUTIES else (1, "-at", "at DESC")
    return (
        f"SELECT {_COLUMNS}, {later} AS later, {turn} AS turn, {reach} AS reach FROM {{task}} t WHERE {where} "
        f"ORDER BY {order} LIMIT {int(limit)}"
    )
