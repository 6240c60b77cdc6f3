"""The nine tables of a log, and Alembic's one, for a schema and a table prefix.

    kfq_log         one row: the log's name, suite, genesis, UTC offset and schema revision
    kfq_entry       the acts, insert only; (instance, seq) is the order in which everything reads them
    kfq_text        what persons wrote and their names: salt and value, beside their entry
    kfq_document    definitions' rules and labels under their digests, insert only
    kfq_instance    one row for each instance: a cache of the fold of its entries, and what an act locks
    kfq_task        the inbox: one row for each duty of an approval, a cache of the same fold
    kfq_leaf        the tree over all entries: one row for each that is sealed, in the order of its leaves, insert only
    kfq_sealed      one row for each instance: its newest entry that is sealed, a cache of kfq_leaf
    kfq_checkpoint  what was signed of the tree, under the digest of its text, insert only
    kfq_schema      Alembic's: the revision of these tables

Strings compare bytewise on every database: `ab`, `AB`, `áb` and `ab ` are four keys, in the order of their UTF-8
bytes. What is hashed is text, BIGINT or bytes, never a type that re-orders or rounds. Nothing cascades into the log.

On SQLite these are ordinary rowid tables. 200,000 entries of 2,000 instances in turn, SQLite 3.40, triggers on,
inserted in transactions of 200 and read by (instance, seq):

    body         rowid                                 WITHOUT ROWID
    200 bytes    28,000/s in, 290,000/s out, 111 MB    15,000/s in, 680,000/s out, 118 MB
    800 bytes    31,000/s in, 490,000/s out, 225 MB         7,000/s in, 300,000/s out, 951 MB

WITHOUT ROWID keeps rows in the key's B-tree: a row of over a quarter page goes to an overflow page of its own. The
price of the rowid is a second key that `INSERT OR REPLACE` can hit; the insert triggers refuse that too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
)

from kfq_workflow.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Dialect
    from sqlalchemy.types import TypeEngine

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,23}")
_UTF8: Any = {"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin"}
_MYSQL = ("mysql", "mariadb")
_OPTIONS = {"engine": "InnoDB", "default_charset": "utf8mb4", "collate": "utf8mb4_nopad_bin"}


# MariaDB's part of SQLAlchemy is slow to load: its types and options come in where the dialect is MariaDB's.
class _Word(TypeDecorator[str]):
    """A string of at most `length` characters, or where that is None a long text, comparing bytewise everywhere."""

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MYSQL:
            from sqlalchemy.dialects import mysql

            if self.length is None:
                return mysql.MEDIUMTEXT(**_UTF8)  # type: ignore[no-untyped-call,unused-ignore]
            return mysql.VARCHAR(self.length, **_UTF8)  # type: ignore[no-untyped-call,unused-ignore]
        collation = "C" if dialect.name == "postgresql" else None
        return Text(collation=collation) if self.length is None else String(self.length, collation=collation)


class _Octets(TypeDecorator[bytes]):
    """Exactly `length` bytes: BINARY on MariaDB, BYTEA on PostgreSQL, BLOB on SQLite."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _MYSQL:
            from sqlalchemy.dialects import mysql

            return mysql.BINARY(self.length)
        return LargeBinary(self.length)


def word(length: int) -> TypeEngine[str]:
    """Return the type of a string of at most `length` characters that compares bytewise on every database."""
    return _Word(length)


def words() -> TypeEngine[str]:
    """Return the type of a long text that compares bytewise on every database."""
    return _Word()


def octets(length: int) -> TypeEngine[bytes]:
    """Return the type of exactly `length` bytes: BINARY on MariaDB, BYTEA on PostgreSQL, BLOB on SQLite."""
    return _Octets(length)


def _before_create(table: Table, connection: Connection, **_more: Any) -> None:
    """Say what MariaDB's tables are made of."""
    name = connection.dialect.name
    if name in _MYSQL:
        for option, value in _OPTIONS.items():
            table.kwargs[f"{name}_{option}"] = value


class Tables:
    """The tables under one schema and prefix, all in one `metadata`.

    `schema` is a PostgreSQL schema, a MariaDB database or the name of an attached SQLite file; None takes the
    connection's own. `prefix` is 1 to 24 of a-z, 0-9 and _, beginning with a letter; InvalidInput otherwise.
    """

    def __init__(self, schema: str | None = None, prefix: str = "kfq_") -> None:
        if not _PREFIX.fullmatch(prefix):
            raise InvalidInput("invalid_value", name="prefix", value=prefix, type="[a-z][a-z0-9_]{0,23}")
        self.schema = schema
        self.prefix = prefix
        self.metadata = MetaData(schema=schema)
        self.log = self._log()
        self.entry = self._entry()
        self.text = self._text()
        self.document = self._document()
        self.instance = self._instance()
        self.task = self._task()
        self.leaf = self._leaf()
        self.sealed = self._sealed()
        self.checkpoint = self._checkpoint()
        self.version = self._version()

    def __iter__(self) -> Iterator[Table]:
        """Iterate over the nine tables of the log, the one that refers to another after it."""
        tree = (self.leaf, self.sealed, self.checkpoint)
        return iter((self.log, self.entry, self.text, self.document, self.instance, self.task, *tree))

    def is_cache(self, table: Table) -> bool:
        """Tell whether a table's rows can all be made anew from other tables, so that nothing refuses a change."""
        return table in (self.task, self.sealed)

    def _table(self, name: str, *parts: Any) -> Table:
        table = Table(self.prefix + name, self.metadata, *parts)
        event.listen(table, "before_create", _before_create)
        return table

    def _log(self) -> Table:
        name = f"{self.prefix}log"
        return self._table(
            "log",
            Column("id", Integer, autoincrement=False, nullable=False),
            Column("log", word(32), nullable=False),
            Column("suite", word(8), nullable=False),
            Column("genesis", octets(32), nullable=False),
            Column("utc_offset", Integer, nullable=False),
            Column("schema_revision", word(32), nullable=False),
            PrimaryKeyConstraint("id", name=f"{name}_pk"),
            CheckConstraint("id = 1", name=f"{name}_one"),
        )

    def _entry(self) -> Table:
        name = f"{self.prefix}entry"
        return self._table(
            "entry",
            Column("instance", word(128), nullable=False),
            Column("seq", BigInteger, autoincrement=False, nullable=False),
            Column("kind", word(32), nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("actor", word(64), nullable=False),
            Column("via", word(128), nullable=False),
            Column("req", word(64)),
            Column("def", octets(32)),
            Column("v", Integer, nullable=False),
            Column("prev", octets(32), nullable=False),
            Column("leaf", octets(32), nullable=False),
            Column("body", words(), nullable=False),
            PrimaryKeyConstraint("instance", "seq", name=f"{name}_pk"),
            UniqueConstraint("instance", "req", name=f"{name}_req"),
        )

    def _text(self) -> Table:
        return self._table(
            "text",
            Column("instance", word(128), nullable=False),
            Column("seq", BigInteger, autoincrement=False, nullable=False),
            Column("field", word(96), nullable=False),
            Column("salt", octets(16), nullable=False),
            Column("value", words(), nullable=False),
            PrimaryKeyConstraint("instance", "seq", "field", name=f"{self.prefix}text_pk"),
        )

    def _document(self) -> Table:
        return self._table(
            "document",
            Column("digest", octets(32), nullable=False),
            Column("kind", word(16), nullable=False),
            Column("body", words(), nullable=False),
            PrimaryKeyConstraint("digest", name=f"{self.prefix}document_pk"),
        )

    def _instance(self) -> Table:
        name = f"{self.prefix}instance"
        return self._table(
            "instance",
            Column("key", word(128), nullable=False),
            Column("workflow", word(64), nullable=False),
            Column("root", word(128)),
            Column("def", octets(32)),
            Column("seq", BigInteger, nullable=False),
            Column("rev", BigInteger, nullable=False),
            Column("head", octets(32), nullable=False),
            Column("at", BigInteger, nullable=False),
            Column("state", word(64)),
            Column("phase", word(64)),
            Column("snapshot", words(), nullable=False),
            PrimaryKeyConstraint("key", name=f"{name}_pk"),
            ForeignKeyConstraint(["key", "seq"], [self.entry.c.instance, self.entry.c.seq], name=f"{name}_entry"),
            Index(f"{name}_workflow", "workflow", "state"),
            Index(f"{name}_root", "root", "workflow"),
        )

    def _task(self) -> Table:
        name = f"{self.prefix}task"
        return self._table(
            "task",
            Column("instance", word(128), nullable=False),
            Column("gate", word(64), nullable=False),
            Column("round", Integer, autoincrement=False, nullable=False),
            Column("task", word(16), nullable=False),
            Column("box", word(8), nullable=False),
            Column("state", word(16), nullable=False),
            Column("role", word(64)),
            Column("org", word(128)),
            Column("holder", word(64)),
            Column("at", BigInteger, nullable=False),
            PrimaryKeyConstraint("instance", "gate", "round", "task", name=f"{name}_pk"),
            Index(f"{name}_holder", "holder", "box", "at"),
            Index(f"{name}_role", "role", "box", "at"),
            Index(f"{name}_org", "org", "box", "at"),
        )

    def _leaf(self) -> Table:
        # `node` is the root of the largest perfect tree that ends with the leaf: no more is needed for any proof.
        # On SQLite only a column of type INTEGER is the rowid.
        name = f"{self.prefix}leaf"
        place = BigInteger().with_variant(Integer(), "sqlite")
        return self._table(
            "leaf",
            Column("position", place, autoincrement=False, nullable=False),
            Column("leaf", octets(32), nullable=False),
            Column("node", octets(32), nullable=False),
            Column("instance", word(128), nullable=False),
            Column("seq", BigInteger, nullable=False),
            PrimaryKeyConstraint("position", name=f"{name}_pk"),
            UniqueConstraint("instance", "seq", name=f"{name}_entry"),
        )

    def _sealed(self) -> Table:
        return self._table(
            "sealed",
            Column("instance", word(128), nullable=False),
            Column("seq", BigInteger, nullable=False),
            Column("leaf", octets(32), nullable=False),
            PrimaryKeyConstraint("instance", name=f"{self.prefix}sealed_pk"),
        )

    def _checkpoint(self) -> Table:
        return self._table(
            "checkpoint",
            Column("digest", octets(32), nullable=False),
            Column("size", BigInteger, nullable=False),
            Column("root", octets(32), nullable=False),
            Column("note", words(), nullable=False),
            PrimaryKeyConstraint("digest", name=f"{self.prefix}checkpoint_pk"),
        )

    def _version(self) -> Table:
        # Exactly as Alembic makes it, so that a log made without Alembic can be migrated by it later.
        name = f"{self.prefix}schema"
        return Table(
            name,
            self.metadata,
            Column("version_num", String(32), nullable=False),
            PrimaryKeyConstraint("version_num", name=f"{name}_pkc"),
        )
