"""The SQL of one act: our own statements, run on the driver's cursor behind SQLAlchemy's connection.

SQLAlchemy owns engine, pool, dialects, DDL and transactions; the few statements of the hot path are written once
per database, because building and compiling them in every call costs more than the database does. Every statement
is here, of the inbox in `task_store`, or of sealing in `seal_store`. `?` stands for a parameter in all of them and is
replaced by the driver's own mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval.numbers import NUMBERS
from kfq_workflow.entry import Row, Text
from kfq_workflow.errors import TransactionLost
from kfq_workflow.state import InstanceRow
from kfq_workflow.stored.clock import CLOCKS
from kfq_workflow.stored.seal_store import SealStore
from kfq_workflow.stored.task_store import TaskStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Dialect

    from kfq_workflow.stored.cursor import Cursor
    from kfq_workflow.stored.tables import Tables

_PARAMETERS = {"sqlite": "?", "postgresql": "%s", "mysql": "%s"}
_EXCLUSIVE = {"sqlite": "", "postgresql": " FOR UPDATE", "mysql": " FOR UPDATE"}
_SHARED = {"sqlite": "", "postgresql": " FOR SHARE", "mysql": " LOCK IN SHARE MODE"}
# A second row read plainly under MariaDB's default isolation shows what it was before our lock.
_CURRENT = {"sqlite": "", "postgresql": "", "mysql": " LOCK IN SHARE MODE"}


class Store(TaskStore, SealStore):
    """The statements for one dialect, schema and prefix. Holds no connection: each method takes a cursor."""

    def __init__(self, tables: Tables, dialect: Dialect) -> None:
        name = "mysql" if dialect.name in ("mysql", "mariadb") else dialect.name
        self.dialect = name
        quote = dialect.identifier_preparer.format_table
        self._names = {
            "log": quote(tables.log),
            "entry": quote(tables.entry),
            "text": quote(tables.text),
            "document": quote(tables.document),
            "instance": quote(tables.instance),
            "task": quote(tables.task),
            "leaf": quote(tables.leaf),
            "sealed": quote(tables.sealed),
            "checkpoint": quote(tables.checkpoint),
            "key": "`key`" if name == "mysql" else "key",
            "clock": CLOCKS[name],
            "x": _EXCLUSIVE[name],
            "s": _SHARED[name],
            "c": _CURRENT[name],
        }
        self._names["cols"] = self._sql("{key}, workflow, root, def, seq, rev, head, at, state, phase, snapshot")
        self._names["ecols"] = "instance, seq, kind, at, actor, via, req, def, v, prev, leaf, body"
        self._mark = _PARAMETERS[name]
        self._prepare()
        self._prepare_tasks()
        self._prepare_seals()

    def _sql(self, template: str) -> str:
        return template.format_map(self._names)

    def _statement(self, template: str) -> str:
        return self._sql(template).replace("?", self._mark)

    def _prepare(self) -> None:
        one = self._statement
        family = "{key} = COALESCE((SELECT i.root FROM {instance} i WHERE i.{key} = ?), ?)"
        self._head = one("SELECT {cols}, {clock} FROM {instance} WHERE " + family + "{x}")
        self._own = one("SELECT {cols}, {clock} FROM {instance} WHERE {key} = ?{x}")
        touch = "UPDATE {instance} SET seq = seq WHERE %s RETURNING {cols}, {clock}"
        self._touch_head = one(touch % family)
        self._touch_own = one(touch % "{key} = ?")
        self._touch_none = one("UPDATE {instance} SET seq = seq WHERE {key} = '~log'")
        self._now = one("SELECT {clock}")
        self._request = one("SELECT {ecols} FROM {entry} WHERE instance = ? AND req = ?{c}")
        self._salts = one("SELECT field, salt, value FROM {text} WHERE instance = ? AND seq = ? ORDER BY field")
        self._family = one("SELECT {cols} FROM {instance} WHERE {key} = ? OR root = ? ORDER BY {key}{s}")
        self._family_read = one("SELECT {cols} FROM {instance} WHERE {key} = ? OR root = ? ORDER BY {key}")
        self._current = one("SELECT {cols} FROM {instance} WHERE {key} = ?{c}")
        self._several = {1: self._current}
        self._named = one("SELECT value FROM {text} WHERE instance = ? AND field = ? ORDER BY seq DESC LIMIT 1")
        self._document = one("SELECT body FROM {document} WHERE digest = ?{c}")
        self._add_document = one("INSERT INTO {document} (digest, kind, body) VALUES (?, ?, ?)")
        self._add_entry = one("INSERT INTO {entry} ({ecols}) VALUES (" + ", ".join("?" * 12) + ")")
        self._add_text = one("INSERT INTO {text} (instance, seq, field, salt, value) VALUES (?, ?, ?, ?, ?)")
        self._add_instance = one("INSERT INTO {instance} ({cols}) VALUES (" + ", ".join("?" * 11) + ")")
        self._move = one(
            "UPDATE {instance} SET def = ?, seq = ?, rev = ?, head = ?, at = ?, state = ?, phase = ?, snapshot = ? "
            "WHERE {key} = ? AND seq = ?"
        )
        self._of_workflow = one("SELECT {cols} FROM {instance} WHERE workflow = ? ORDER BY {key}")
        self._rows = one("SELECT {cols} FROM {instance} WHERE {key} > ? ORDER BY {key} LIMIT ?")
        self._chain = one("SELECT {ecols} FROM {entry} WHERE instance = ? ORDER BY seq")
        self._chain_now = one("SELECT {ecols} FROM {entry} WHERE instance = ? ORDER BY seq{c}")
        self._erase = one("DELETE FROM {text} WHERE instance = ? AND seq = ? AND field = ?")
        self._same_words = one(
            "SELECT o.instance, o.seq, o.field FROM {text} t JOIN {text} o ON o.value = t.value "
            "WHERE t.instance = ? AND t.seq = ? AND t.field = ? "
            "AND NOT (o.instance = t.instance AND o.seq = t.seq AND o.field = t.field) "
            "ORDER BY o.instance, o.seq, o.field LIMIT 100"
        )
        self._numbers = one(
            "SELECT {ecols} FROM {entry} WHERE instance >= ? AND instance < ? ORDER BY instance, seq{c}"
        )
        self._chain_texts = one("SELECT seq, field, value FROM {text} WHERE instance = ? ORDER BY seq, field")
        self._acts = [one(_PG_ACT.replace("{texts}", _PG_TEXT if texts else "")) for texts in (False, True)]

    # Locks and reads

    def lock(self, cursor: Cursor, key: str, *, joined: bool) -> tuple[InstanceRow, int] | None:
        """Lock an instance, its family's root first; return its row and the database's clock, or None.

        On SQLite our own transaction has the write lock already; in a caller's, the first statement must write.
        """
        write = joined and self.dialect == "sqlite"
        cursor.execute(self._touch_head if write else self._head, (key, key))
        found = cursor.fetchone()
        if found is not None and found[0] != key:
            cursor.execute(self._touch_own if write else self._own, (key,))
            found = cursor.fetchone()
        return (InstanceRow._make(found[:11]), found[11]) if found is not None else None

    def begin_write(self, cursor: Cursor) -> None:
        """Take SQLite's write lock in a caller's transaction before anything is read; elsewhere do nothing."""
        if self.dialect == "sqlite":
            cursor.execute(self._touch_none)

    def now(self, cursor: Cursor) -> int:
        """Return the database's clock in µs since 1970 UTC."""
        cursor.execute(self._now)
        return int(cursor.fetchone()[0])

    def request(self, cursor: Cursor, key: str, req: str) -> Row | None:
        """Return the entry that a request id made on an instance, read after the lock."""
        cursor.execute(self._request, (key, req))
        found = cursor.fetchone()
        return Row._make(found) if found is not None else None

    def texts(self, cursor: Cursor, key: str, seq: int) -> list[Text]:
        """Return the texts of one entry with their salts."""
        cursor.execute(self._salts, (key, seq))
        return [Text(field, bytes(salt), value) for field, salt, value in cursor.fetchall()]

    def family(self, cursor: Cursor, root: str, *, locked: bool = True) -> list[InstanceRow]:
        """Return the root and every instance that belongs to it; a share lock is more than a reader may take."""
        cursor.execute(self._family if locked else self._family_read, (root, root))
        return [InstanceRow._make(found) for found in cursor.fetchall()]

    def instance(self, cursor: Cursor, key: str) -> InstanceRow | None:
        """Return one row as it is committed now, without locking it for writing."""
        cursor.execute(self._current, (key,))
        found = cursor.fetchone()
        return InstanceRow._make(found) if found is not None else None

    def instances(self, cursor: Cursor, keys: Sequence[str]) -> dict[str, InstanceRow]:
        """Return several rows by key, those that there are, as `instance` does and in one statement."""
        sql = self._several.get(len(keys))
        if sql is None:
            marks = ", ".join("?" * len(keys))
            sql = self._several[len(keys)] = self._statement(
                f"SELECT {{cols}} FROM {{instance}} WHERE {{key}} IN ({marks}){{c}}"
            )
        cursor.execute(sql, tuple(keys))
        return {found[0]: InstanceRow._make(found) for found in cursor.fetchall()}

    def rows(self, cursor: Cursor, chunk: int = 1000) -> Iterator[InstanceRow]:
        """Yield every row in key order, reading in chunks."""
        after = ""
        while True:
            cursor.execute(self._rows, (after, chunk))
            found = cursor.fetchall()
            for row in found:
                yield InstanceRow._make(row)
            if len(found) < chunk:
                return
            after = found[-1][0]

    def of_workflow(self, cursor: Cursor, workflow: str) -> list[InstanceRow]:
        """Return every row of one workflow in key order."""
        cursor.execute(self._of_workflow, (workflow,))
        return [InstanceRow._make(found) for found in cursor.fetchall()]

    def newest_text(self, cursor: Cursor, key: str, field: str) -> str:
        """Return the newest text of a field of an instance, or nothing."""
        cursor.execute(self._named, (key, field))
        found = cursor.fetchone()
        return found[0] if found is not None else ""

    def chain(self, cursor: Cursor, key: str, *, current: bool = False) -> list[Row]:
        """Return the entries of one instance in order; `current`: as they are committed now, read after its lock."""
        cursor.execute(self._chain_now if current else self._chain, (key,))
        return [Row._make(found) for found in cursor.fetchall()]

    def same_words(self, cursor: Cursor, key: str, seq: int, field: str) -> list[tuple[str, int, str]]:
        """Return where else the words of a text stand: instance, entry and field, at most 100."""
        cursor.execute(self._same_words, (key, seq, field))
        return [(found[0], int(found[1]), found[2]) for found in cursor.fetchall()]

    def number_chains(self, cursor: Cursor) -> list[Row]:
        """Return the entries of the chains of document numbers, by (instance, seq)."""
        cursor.execute(self._numbers, (f"{NUMBERS}/", f"{NUMBERS}0"))
        return [Row._make(found) for found in cursor.fetchall()]

    def chain_texts(self, cursor: Cursor, key: str) -> dict[int, dict[str, str]]:
        """Return the texts of one instance by entry number and field."""
        cursor.execute(self._chain_texts, (key,))
        found: dict[int, dict[str, str]] = {}
        for seq, name, value in cursor.fetchall():
            found.setdefault(seq, {})[name] = value
        return found

    def document(self, cursor: Cursor, digest: bytes) -> str | None:
        """Return the text of a document by its digest."""
        cursor.execute(self._document, (digest,))
        found = cursor.fetchone()
        return found[0] if found is not None else None

    # Writes

    def erase(self, cursor: Cursor, key: str, texts: Sequence[tuple[int, str]]) -> int:
        """Delete texts of an instance, by entry and field, whose erasure is on record; return how many there were.

        On SQLite their bytes are overwritten where they lie; copies that the file made earlier go with `scrub`.
        """
        if self.dialect == "sqlite":
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.fetchall()
        gone = 0
        for seq, field in texts:
            cursor.execute(self._erase, (key, seq, field))
            gone += cursor.rowcount
        return gone

    def add_document(self, cursor: Cursor, digest: bytes, kind: str, body: str) -> None:
        """Store a document under its digest unless it is there."""
        if self.document(cursor, digest) is None:
            cursor.execute(self._add_document, (digest, kind, body))

    def begin_chain(self, cursor: Cursor, entry: Row, texts: Sequence[Text], row: InstanceRow) -> None:
        """Write the first entry of an instance, its texts and its row.

        Raises TransactionLost when somebody else began the same instance meanwhile: there was no row to lock.
        """
        try:
            cursor.execute(self._add_entry, entry)
        except Exception as error:
            if any(cls.__name__ == "IntegrityError" for cls in type(error).__mro__):
                raise TransactionLost(reason=f"{entry.instance}: 1") from error
            raise
        self._add_texts(cursor, entry, texts)
        cursor.execute(self._add_instance, row)

    def append(self, cursor: Cursor, entry: Row, texts: Sequence[Text], row: InstanceRow, read: int) -> bool:
        """Write an entry and move its instance on from entry `read`; False when somebody else moved it."""
        moved = (
            row.def_,
            row.seq,
            row.rev,
            row.head,
            row.at,
            row.state,
            row.phase,
            row.snapshot,
            row.key,
            read,
        )
        if self.dialect == "postgresql":
            # One statement is one round trip: the update feeds the inserts, which do nothing when it moved nothing.
            columns: tuple[Any, ...] = (*moved, *entry)
            if texts:
                columns += (
                    [text.field for text in texts],
                    [text.salt for text in texts],
                    [text.value for text in texts],
                )
            cursor.execute(self._acts[bool(texts)], columns)
            return bool(cursor.fetchone()[0] == 1)
        cursor.execute(self._add_entry, entry)
        self._add_texts(cursor, entry, texts)
        cursor.execute(self._move, moved)
        return cursor.rowcount == 1

    def put(self, cursor: Cursor, row: InstanceRow) -> None:
        """Overwrite an instance's row with the fold of its entries (rebuild)."""
        moved = (row.def_, row.seq, row.rev, row.head, row.at, row.state, row.phase, row.snapshot)
        cursor.execute(self._move.removesuffix(f" AND seq = {self._mark}"), (*moved, row.key))

    def _add_texts(self, cursor: Cursor, entry: Row, texts: Sequence[Text]) -> None:
        if texts:
            cursor.executemany(
                self._add_text,
                [(entry.instance, entry.seq, text.field, text.salt, text.value) for text in texts],
            )


_PG_ACT = """\
WITH moved AS (
  UPDATE {instance} SET def = ?::bytea, seq = ?::bigint, rev = ?::bigint, head = ?::bytea, at = ?::bigint,
    state = ?::text, phase = ?::text, snapshot = ?::text
  WHERE key = ?::text AND seq = ?::bigint RETURNING key, seq),
entry AS (
  INSERT INTO {entry} ({ecols})
  SELECT ?::text, ?::bigint, ?::text, ?::bigint, ?::text, ?::text, ?::text, ?::bytea, ?::smallint, ?::bytea, ?::bytea,
    ?::text FROM moved){texts}
SELECT count(*) FROM moved"""
_PG_TEXT = """,
texts AS (
  INSERT INTO {text} (instance, seq, field, salt, value)
  SELECT moved.key, moved.seq, t.field, t.salt, t.value
  FROM moved, unnest(?::text[], ?::bytea[], ?::text[]) AS t (field, salt, value))"""
