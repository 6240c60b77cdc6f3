"""The SQL of sealing: a part of `store`, and like it our own statements on a driver's cursor.

What is unsealed is found without a queue: an instance's committed entries are a prefix of its chain, so they are
those after `kfq_sealed.seq`. The instances that moved come first in each plan and their entries by key, or a seal of
a few entries would read the whole log: SQLite and MariaDB are told the order, PostgreSQL gets a join that it cannot
turn round.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from kfq_workflow.entry import Row
from kfq_workflow.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfq_workflow.stored.cursor import Cursor

Named = TypeVar("Named", bound=tuple[Any, ...])

_MOVED = "{instance} i LEFT JOIN {sealed} s ON s.instance = i.{key} WHERE i.seq > COALESCE(s.seq, 0)"
_JOINED = (
    "SELECT e.instance, e.seq, e.leaf FROM {instance} i LEFT JOIN {sealed} s ON s.instance = i.{key} %s {entry} e "
    "ON e.instance = i.{key} AND e.seq > COALESCE(s.seq, 0) AND e.seq <= i.seq WHERE i.seq > COALESCE(s.seq, 0)"
)
_UNSEALED = {
    "sqlite": _JOINED % "CROSS JOIN",
    "mysql": _JOINED % "STRAIGHT_JOIN",
    "postgresql": "SELECT e.instance, e.seq, e.leaf FROM (SELECT i.key, COALESCE(s.seq, 0) AS a, i.seq AS b FROM "
    + _MOVED
    + ") i CROSS JOIN LATERAL (SELECT * FROM {entry} e WHERE e.instance = i.key AND e.seq > i.a AND e.seq <= i.b "
    "OFFSET 0) e WHERE TRUE",
}
#: As many instances as may be needed, of these as many as their entries fill, of the last one as many as fit.
_PG_CHUNK = (
    "WITH moved AS MATERIALIZED (SELECT key, a, b, SUM(b - a) OVER (ORDER BY key) - (b - a) AS before FROM "
    "(SELECT i.key, COALESCE(s.seq, 0) AS a, i.seq AS b FROM "
    + _MOVED
    + " AND i.key >= ? ORDER BY i.key LIMIT ?) i) SELECT e.instance, e.seq, e.leaf FROM moved CROSS JOIN LATERAL "
    "(SELECT * FROM {entry} e WHERE e.instance = moved.key AND e.seq > moved.a AND e.seq <= moved.b "
    "ORDER BY e.seq LIMIT ?) e WHERE moved.before < ? ORDER BY e.instance, e.seq LIMIT ?"
)
_UPSERT = {
    "sqlite": "ON CONFLICT (instance) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf",
    "postgresql": "ON CONFLICT (instance) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf",
    "mysql": "ON DUPLICATE KEY UPDATE seq = VALUES(seq), leaf = VALUES(leaf)",
}
_PG_SEALED = "SELECT * FROM unnest(?::text[], ?::bigint[], ?::bytea[])"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CHUNK = 20_000


class LeafRow(NamedTuple):
    """A leaf of the tree as the database keeps it, the columns in the order of `kfq_leaf`.

    `node` is the root of the largest perfect tree of leaves that ends with this one.
    """

    position: int
    leaf: bytes
    node: bytes
    instance: str
    seq: int


class SealedRow(NamedTuple):
    """How far an instance is sealed: its newest entry that is, and that entry's leaf."""

    instance: str
    seq: int
    leaf: bytes


class CheckpointRow(NamedTuple):
    """A checkpoint that was made of the log: its size, its root, and the text of the note."""

    size: int
    root: bytes
    note: str


def named(kind: type[Named], rows: Iterable[tuple[Any, ...]]) -> Iterator[Named]:
    """Yield rows, which must have its columns, as named tuples of a kind, in half the time of its `_make`."""
    return map(partial(tuple.__new__, kind), rows)


def in_order(rows: Iterable[CheckpointRow]) -> list[CheckpointRow]:
    """Return checkpoints as an export has them: by size, note and root, each once under whatever digests it lies."""

    def place(row: CheckpointRow) -> tuple[str, str, str]:  # of columns that may have been altered
        return str(row.size).zfill(20), str(row.note), row.root.hex() if type(row.root) is bytes else ""

    return sorted(set(rows), key=place)


def _copied(row: tuple[int, bytes, bytes, str, int]) -> str:
    """Return a leaf as COPY reads it."""
    place, leaf, node, instance, seq = row
    return f"{place}\t\\\\x{leaf.hex()}\t\\\\x{node.hex()}\t{instance.translate(_ESCAPES)}\t{seq}\n"


class SealStore:
    """The statements of `kfq_leaf`, `kfq_sealed` and `kfq_checkpoint` for one dialect, schema and prefix."""

    dialect: str

    def _statement(self, template: str) -> str:
        raise NotImplementedError

    def _sql(self, template: str) -> str:
        raise NotImplementedError

    def _prepare_seals(self) -> None:
        one = self._statement
        chunk = _UNSEALED[self.dialect] + " AND i.{key} >= ? ORDER BY i.{key}, e.seq LIMIT ?"
        self._unsealed = one(_PG_CHUNK if self.dialect == "postgresql" else chunk)
        self._unsealed_of = one(
            "SELECT instance, seq, leaf FROM {entry} WHERE instance = ? "
            "AND seq > COALESCE((SELECT s.seq FROM {sealed} s WHERE s.instance = ?), 0) ORDER BY seq"
        )
        self._last_place = one("SELECT position FROM {leaf} ORDER BY position DESC LIMIT 1")
        self._at_place = one("SELECT position, leaf, node, instance, seq FROM {leaf} WHERE position = ?")
        self._of_entry = one("SELECT position, leaf, node, instance, seq FROM {leaf} WHERE instance = ? AND seq = ?")
        self._of_instance = one("SELECT instance, seq, position, leaf FROM {leaf} WHERE instance = ? ORDER BY seq")
        self._add_leaf = one("INSERT INTO {leaf} (position, leaf, node, instance, seq) VALUES (?, ?, ?, ?, ?)")
        self._copy_leaves = one("COPY {leaf} (position, leaf, node, instance, seq) FROM STDIN")
        columns, clause = "INSERT INTO {sealed} (instance, seq, leaf) ", _UPSERT[self.dialect]
        self._put_sealed = one(f"{columns}VALUES (?, ?, ?) {clause}")
        self._put_many_sealed = one(f"{columns}{_PG_SEALED} {clause}")
        self._newest_leaves = one(
            "SELECT l.instance, l.seq, l.leaf FROM {leaf} l JOIN (SELECT instance, MAX(seq) AS seq FROM {leaf} "
            "GROUP BY instance) n ON n.instance = l.instance AND n.seq = l.seq"
        )
        self._heads_below = one(
            "SELECT l.instance, l.seq, l.leaf FROM {leaf} l JOIN (SELECT instance, MAX(seq) AS seq FROM {leaf} "
            "WHERE position < ? AND instance > ? GROUP BY instance ORDER BY instance LIMIT ?) n "
            "ON n.instance = l.instance AND n.seq = l.seq ORDER BY l.instance"
        )
        self._drop_sealed = one("DELETE FROM {sealed} WHERE instance = ?")
        self._heads = one("SELECT instance, seq, leaf FROM {sealed} WHERE instance > ? ORDER BY instance LIMIT ?")
        self._entry_at = one("SELECT {ecols} FROM {entry} WHERE instance = ? AND seq = ?")
        self._recoveries = one(
            "SELECT {ecols} FROM {entry} WHERE instance = '~log' AND kind = 'recovered' ORDER BY seq"
        )
        self._add_checkpoint = one("INSERT INTO {checkpoint} (digest, size, root, note) VALUES (?, ?, ?, ?)")
        self._checkpoints = one("SELECT size, root, note FROM {checkpoint}")
        self._found_sealed = one(
            "SELECT position, leaf, node, instance, seq FROM {leaf} WHERE leaf >= ? AND leaf <= ? ORDER BY position"
        )
        self._found_unsealed = one(
            _UNSEALED[self.dialect] + " AND e.leaf >= ? AND e.leaf <= ? ORDER BY e.instance, e.seq"
        )

    def unsealed(self, cursor: Cursor, start: str, limit: int) -> list[tuple[str, int, bytes]]:
        """Return instance, number and leaf of committed entries that are not sealed, from an instance on, in order."""
        chunk = (start, limit, limit, limit, limit) if self.dialect == "postgresql" else (start, limit)
        cursor.execute(self._unsealed, chunk)
        found: list[tuple[str, int, bytes]] = cursor.fetchall()
        return found

    def unsealed_of(self, cursor: Cursor, instance: str) -> list[tuple[str, int, bytes]]:
        """Return the entries of one instance that are not sealed, in order."""
        cursor.execute(self._unsealed_of, (instance, instance))
        found: list[tuple[str, int, bytes]] = cursor.fetchall()
        return found

    def tree_size(self, cursor: Cursor) -> int:
        """Return the number of leaves."""
        cursor.execute(self._last_place)
        found = cursor.fetchone()
        return 0 if found is None else int(found[0]) + 1

    def leaf_at(self, cursor: Cursor, position: int) -> LeafRow | None:
        """Return the leaf at a position."""
        cursor.execute(self._at_place, (position,))
        found = cursor.fetchone()
        return None if found is None else LeafRow._make(found)

    def leaf_of(self, cursor: Cursor, instance: str, seq: int) -> LeafRow | None:
        """Return the leaf of an entry, None while it is not sealed."""
        cursor.execute(self._of_entry, (instance, seq))
        found = cursor.fetchone()
        return None if found is None else LeafRow._make(found)

    def places_of(self, cursor: Cursor, instance: str) -> list[tuple[str, int, int, bytes]]:
        """Return instance, number, position and leaf of an instance's sealed entries, in order."""
        cursor.execute(self._of_instance, (instance,))
        return [(row[0], row[1], row[2], bytes(row[3])) for row in cursor.fetchall()]

    def add_leaves(self, cursor: Cursor, blocks: Iterable[Sequence[tuple[int, bytes, bytes, str, int]]]) -> None:
        """Append leaves, as `LeafRow`, block after block: PostgreSQL stores one while the next is hashed.

        Raises DatabaseUnavailable where a place or an entry has its leaf already.
        """
        try:
            self._insert_leaves(cursor, blocks)
        except Exception as error:
            if any(cls.__name__ == "IntegrityError" for cls in type(error).__mro__):
                raise DatabaseUnavailable("sealed_wrong", table=self._sql("{sealed}")) from error
            raise

    def _insert_leaves(self, cursor: Cursor, blocks: Iterable[Sequence[tuple[int, bytes, bytes, str, int]]]) -> None:
        copy = getattr(cursor, "copy", None)
        if self.dialect != "postgresql" or copy is None:
            for rows in blocks:
                cursor.executemany(self._add_leaf, rows)
            return
        with copy(self._copy_leaves) as copying:
            for rows in blocks:
                copying.write("".join(map(_copied, rows)))

    def put_sealed(self, cursor: Cursor, rows: Sequence[tuple[str, int, bytes]]) -> None:
        """Store how far instances are sealed, each in the place of what was known of it."""
        if self.dialect == "postgresql":
            cursor.execute(self._put_many_sealed, tuple(map(list, zip(*rows, strict=True))))
        else:
            cursor.executemany(self._put_sealed, rows)

    def heads(self, cursor: Cursor) -> Iterator[SealedRow]:
        """Yield how far each instance is sealed, by key, reading in chunks."""
        after = ""
        while True:
            cursor.execute(self._heads, (after, _CHUNK))
            found = cursor.fetchall()
            yield from named(SealedRow, found)
            if len(found) < _CHUNK:
                return
            after = found[-1][0]

    def heads_below(self, cursor: Cursor, position: int) -> Iterator[SealedRow]:
        """Yield the newest entry of each instance among the first leaves, by key, reading in chunks."""
        after = ""
        while True:
            cursor.execute(self._heads_below, (position, after, _CHUNK))
            found = cursor.fetchall()
            yield from (SealedRow(row[0], row[1], bytes(row[2])) for row in found)
            if len(found) < _CHUNK:
                return
            after = found[-1][0]

    def rebuild_sealed(self, cursor: Cursor) -> int:
        """Make the table of what is sealed anew from the leaves; return how many of its rows were different."""
        cursor.execute(self._newest_leaves)
        wanted = {row[0]: SealedRow(row[0], row[1], bytes(row[2])) for row in cursor.fetchall()}
        stored = {row.instance: SealedRow(row.instance, row.seq, bytes(row.leaf)) for row in self.heads(cursor)}
        wrong = [row for key, row in wanted.items() if stored.get(key) != row]
        strays = [(key,) for key in stored if key not in wanted]
        if wrong:
            self.put_sealed(cursor, wrong)
        if strays:
            cursor.executemany(self._drop_sealed, strays)
        return len(wrong) + len(strays)

    def entry(self, cursor: Cursor, instance: str, seq: int) -> Row | None:
        """Return one entry."""
        cursor.execute(self._entry_at, (instance, seq))
        found = cursor.fetchone()
        return None if found is None else Row._make(found)

    def recoveries(self, cursor: Cursor) -> list[Row]:
        """Return the entries `recovered` of the log's own chain, oldest first."""
        cursor.execute(self._recoveries)
        return [Row._make(found) for found in cursor.fetchall()]

    def add_checkpoint(self, cursor: Cursor, digest: bytes, row: CheckpointRow) -> None:
        """Keep a checkpoint under the digest of its note, unless it is there."""
        if row not in self.checkpoints(cursor):
            cursor.execute(self._add_checkpoint, (digest, *row))

    def checkpoints(self, cursor: Cursor) -> list[CheckpointRow]:
        """Return every checkpoint that is kept, by size, note and root."""
        cursor.execute(self._checkpoints)
        return in_order(map(CheckpointRow._make, cursor.fetchall()))

    def find_leaves(self, cursor: Cursor, first: bytes, last: bytes) -> list[tuple[str, int, int | None, bytes]]:
        """Return the entries whose leaf lies from `first` to `last`: instance, number, position or None, leaf.

        The sealed ones are looked for from leaf to leaf, 0.1 s for a million: an index would cost every seal.
        """
        cursor.execute(self._found_sealed, (first, last))
        sealed: list[Any] = [(row[3], row[4], row[0], bytes(row[1])) for row in cursor.fetchall()]
        cursor.execute(self._found_unsealed, (first, last))
        return sealed + [(row[0], row[1], None, bytes(row[2])) for row in cursor.fetchall()]
