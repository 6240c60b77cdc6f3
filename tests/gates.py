"""Entries with gates, put on record without the verbs that make them: for what stores, folds and checks gates.

Their kind is one that no verb has, so that nothing judges whether they were legal: verify says `incomplete`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.stored.tables import Tables
from kfq_workflow.verbs.act import Act

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kfq_workflow import WorkflowEngine
    from kfq_workflow.approval.tasks import TaskRow

KIND = "tried"


def gate(**more: Any) -> dict[str, Any]:
    """Return the patch that opens a gate: a role, an organisation and a person are to sign."""
    tasks = {
        "1": {"seat": "land", "kind": "role", "of": "authority", "step": 1, "state": "open", "since": 3},
        "2": {"seat": "water", "kind": "org", "of": "water", "step": 1, "state": "open", "since": 3},
        "3": {"seat": "head", "kind": "actor", "of": "li", "step": 2, "state": "waiting", "since": 3},
    }
    return {"round": 1, "state": "open", "opened": 3, "by": "applicant", "tasks": tasks} | more


def voted(task: str, by: str, **more: Any) -> dict[str, Any]:
    """Return the patch of one vote."""
    return {"tasks": {task: {"state": "approved", "by": by, "vote": 4}}} | more


def act(engine: WorkflowEngine, key: str, gates: dict[str, Any], *, by: str = "clerk", **body: Any) -> None:
    """Append an entry with these patches."""

    def work(transaction: Any) -> None:
        ledger = transaction._ledger  # noqa: SLF001
        head = ledger.lock(key)
        rules = transaction.registry.rules(bytes(head.row.def_))
        ledger.append(Act(KIND, key, by, None, KIND, {"gates": gates, **body}), head, rules.definition)

    engine.run(work)


def stored(database: Engine, key: str) -> list[TaskRow]:
    """Return the rows of the inbox of one instance."""
    from kfq_workflow.stored.store import Store

    with database.connect() as connection:
        store = Store(Tables(), connection.dialect)
        return store.task_rows(connection.connection.cursor(), key)
