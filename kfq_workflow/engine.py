"""The library's front door: open or join a transaction, run verbs in it, read what is on record.

engine = WorkflowEngine(create_engine("sqlite:///app.db"))
engine.fire("guxian-etdz", "approve_posts", by="staffing_commission", papers=[Paper("posts_reply")])

with Session(database) as session, session.begin():
    session.add(permit)                                  # the application's own rows
    engine.join(session).start("permit", "p-1", by="clerk", name="…")    # commit or fail with them
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine

from kfq_workflow import inputs
from kfq_workflow.audit.sealing import Seal, seal_all
from kfq_workflow.errors import InvalidInput, KfqError, NotFound, OutcomeUnknown, Refused, TransactionLost
from kfq_workflow.stored import schema
from kfq_workflow.stored.database_errors import connection_lost, translate, unavailable
from kfq_workflow.stored.ledger import Ledger
from kfq_workflow.stored.store import Store
from kfq_workflow.stored.tables import Tables
from kfq_workflow.verbs.on_corrections import CorrectionVerbs
from kfq_workflow.verbs.on_gates import ApprovalVerbs
from kfq_workflow.verbs.reading import Reading
from kfq_workflow.verbs.registry import Catalog, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from kfq_workflow.approval.waiting import Waiting
    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.audit.recovery import Recovered
    from kfq_workflow.definition.model import Definition
    from kfq_workflow.log import LogHead
    from kfq_workflow.stored.scrub import Step
    from kfq_workflow.values import Actor, Decision, Receipt
    from kfq_workflow.verbs.registry import Guard, Resolver
    from kfq_workflow.verbs.transaction import Transaction
    from kfq_workflow.views import HistoryEntry, InboxItem, Instance, Proxy
    from kfq_workflow.working_days import Calendar

T = TypeVar("T")
TRIES = 4
_READ_COMMITTED = "READ COMMITTED"


class WorkflowEngine(ApprovalVerbs, CorrectionVerbs):
    """Governs the instances of one log.

    `database` is SQLAlchemy's Engine. `guards` maps `name@version` to functions of a `GuardContext`; `actors`
    replaces the registry by `resolver(id, connection) -> Actor | None`; `via` says through what actors came, such as
    `zones-web`. Safe to share between threads.
    """

    def __init__(
        self,
        database: Engine,
        *,
        guards: Mapping[str, Guard] | None = None,
        actors: Resolver | None = None,
        via: str = "python",
        schema: str | None = None,
        prefix: str = "kfq_",
    ) -> None:
        inputs.expect(database, Engine, "database")
        self.database = database
        self.tables = Tables(schema, prefix)
        self.store = Store(self.tables, database.dialect)
        self._catalog = Catalog(guards or {})
        self._resolver = actors
        self._via = inputs.text(via, "via", required=True)[:128]
        self._log: LogHead | None = None

    # Transactions

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own, commit, and return its answer.

        When the database gives the transaction up, `work` runs again, up to three more times, deciding anew: it must
        have no effects outside the database. A refusal rolls everything back and is put on record by itself.
        """
        try:
            return self._tried(work, keep=True)
        except Refused as error:
            self._record(error)
            raise

    def dry_run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` as `run` does, roll it back, and return its answer: what it raises, `run` would raise as well.

        Nothing is put on record, refused attempts neither.
        """
        return self._tried(work, keep=False)

    def _tried(self, work: Callable[[Transaction], T], *, keep: bool) -> T:
        for attempt in range(TRIES):
            try:
                return self._once(work, keep=keep)
            except TransactionLost as lost:
                if attempt == TRIES - 1:
                    raise unavailable(lost) from lost
        raise AssertionError("unreachable")  # pragma: no cover

    def _once(self, work: Callable[[Transaction], T], *, keep: bool = True) -> T:
        with self._translated(), self.database.connect() as connection:
            transaction = self._begin(connection)
            result = work(transaction)
            if not keep:
                connection.rollback()
                return result
            try:
                connection.commit()
            except Exception as error:
                if not connection_lost(error):
                    # SQLite keeps a transaction open whose COMMIT found the file busy; SQLAlchemy thinks it is over.
                    connection.connection.rollback()
                    raise
                if not self._committed(transaction):
                    raise TransactionLost(reason=str(error)) from error
            return result

    def _begin(self, connection: Connection) -> Transaction:
        driver = connection.connection.driver_connection
        if self.store.dialect == "postgresql":
            level = getattr(driver, "isolation_level", None)
            standard = self.database.dialect.default_isolation_level
            autocommit = getattr(driver, "autocommit", False)
            if autocommit or level is not None or standard != _READ_COMMITTED:
                connection = connection.execution_options(isolation_level=_READ_COMMITTED)
        connection.begin()
        cursor = connection.connection.cursor()
        if self.store.dialect == "sqlite":
            if not getattr(driver, "in_transaction", False):
                cursor.execute("BEGIN IMMEDIATE")
        elif self.store.dialect == "mysql":
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            if _autocommits(connection, self.store.dialect):
                cursor.execute("START TRANSACTION")
        return self._transaction(connection, cursor, joined=False)

    def _transaction(self, connection: Connection, cursor: Any, *, joined: bool) -> Transaction:
        from kfq_workflow.verbs.transaction import Transaction  # who only reads needs no verbs

        return Transaction(*self._parts(connection, cursor, joined=joined))

    def _parts(
        self, connection: Connection, cursor: Any, *, joined: bool, reads: bool = False
    ) -> tuple[Ledger, Registry]:
        if self._log is None:
            self._log = schema.check(connection, self.tables)
        ledger = Ledger(self.store, cursor, self._log, self._via, joined=joined, reads=reads)
        return ledger, Registry(ledger, self._catalog, self._resolver, connection)

    def _committed(self, transaction: Transaction) -> bool:
        """Look up whether a commit whose answer was lost was done: all its entries are there or none is."""
        if not transaction.requests:
            return True
        key, request = transaction.requests[0]
        try:
            with self.database.connect() as connection:
                return self.store.request(connection.connection.cursor(), key, request) is not None
        except Exception as error:
            raise OutcomeUnknown(key=key, request=request) from error

    def join(self, session_or_connection: Session | Connection) -> Transaction:
        """Bind the verbs to the caller's transaction: they commit or fail with the caller's own rows.

        Refuses a connection in AUTOCOMMIT. When a verb raises TransactionLost the whole unit of work must run again.
        A refusal writes nothing; `record` can put it on record afterwards.
        """
        bound: Any = session_or_connection
        if not hasattr(bound, "connection"):  # a Connection has one as well as a Session, in whatever wrapping
            inputs.expect(bound, Connection, "transaction")
        connection: Connection = bound if isinstance(bound, Connection) else bound.connection()
        if _autocommits(connection, self.store.dialect):
            raise InvalidInput("autocommit")
        if not connection.in_transaction():
            connection.begin()
        with self._translated():
            cursor = connection.connection.cursor()
            if self._log is None:
                self.store.begin_write(cursor)
            return self._transaction(connection, cursor, joined=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except KfqError:
            raise
        except Exception as error:
            found = translate(error, database=self.database.url.render_as_string(hide_password=True))
            if found is None:
                raise
            raise found from error

    def _record(self, error: Refused) -> None:
        """Put a refused attempt on record, where its instance exists."""
        if error.act is None:
            return
        act, decision = error.act, error.decision
        try:
            self._once(lambda transaction: transaction.record(act, decision))
        except (NotFound, TransactionLost):
            return

    def record(self, error: Refused) -> None:
        """Put on record the refusal that a verb raised in a joined transaction, once that has ended."""
        self._record(error)

    # Verbs, each in a transaction of its own

    def start(self, workflow: str, key: str, **how: Any) -> Receipt:
        """Begin an instance; see `Transaction.start`."""
        return self.run(lambda transaction: transaction.start(workflow, key, **how))

    def fire(self, key: str, trigger: str, **how: Any) -> Receipt:
        """Fire a trigger; see `Transaction.fire`."""
        return self.run(lambda transaction: transaction.fire(key, trigger, **how))

    def register(self, key: str, trigger: str, **how: Any) -> Receipt:
        """Put a past move on record; see `Transaction.register`."""
        return self.run(lambda transaction: transaction.register(key, trigger, **how))

    def adopt(self, key: str, states: Mapping[str, str | None], **how: Any) -> Receipt:
        """Put states on record without a move; see `Transaction.adopt`."""
        return self.run(lambda transaction: transaction.adopt(key, states, **how))

    def annotate(self, key: str, note: str, **how: Any) -> Receipt:
        """Add a note or a plan; see `Transaction.annotate`."""
        return self.run(lambda transaction: transaction.annotate(key, note, **how))

    def amend(self, key: str, attrs: Mapping[str, Any], **how: Any) -> Receipt:
        """Change declared attributes; see `Transaction.amend`."""
        return self.run(lambda transaction: transaction.amend(key, attrs, **how))

    def enroll(self, id: str, **facts: Any) -> Receipt:  # noqa: A002 - the field's word
        """Register an actor or change one; see `Registry.enroll`."""
        return self.run(lambda transaction: transaction.enroll(id, **facts))

    def define(self, definition: Definition, *, by: str) -> Receipt:
        """Register a workflow definition; see `Registry.define`."""
        return self.run(lambda transaction: transaction.define(definition, by=by))

    # Reading

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Open a transaction that only reads."""
        with self._translated(), self.database.connect() as connection:
            connection.begin()
            yield Reading(*self._parts(connection, connection.connection.cursor(), joined=False, reads=True))

    def decide(self, key: str, trigger: str, **how: Any) -> Decision:
        """Say what firing would do, without writing; see `Transaction.decide`."""
        with self.reading() as transaction:
            return transaction.decide(key, trigger, **how)

    def available(self, key: str, *, by: str | None = None) -> tuple[Decision, ...]:
        """Decide every trigger; see `Transaction.available`."""
        with self.reading() as transaction:
            return transaction.available(key, by=by)

    def show(self, key: str, *, as_stored: bool = False) -> Instance:
        """Return an instance as it stands; see `Transaction.show`. Raises NotFound."""
        with self.reading() as transaction:
            return transaction.show(key, as_stored=as_stored)

    def today(self) -> str:
        """Return the ISO day that it is now, by the database's clock and the log's UTC offset."""
        with self.reading() as transaction:
            return transaction.today()

    def history(self, key: str, *, effective: bool = False) -> list[HistoryEntry]:
        """Return every entry of an instance, oldest first, or its effective history; see `Transaction.history`."""
        with self.reading() as transaction:
            return transaction.history(key, effective=effective)

    def explain(self, key: str) -> list[Waiting]:
        """Say why an instance waits, and what would move it on; see `Transaction.explain`."""
        with self.reading() as transaction:
            return transaction.explain(key)

    def inbox(self, actor: str, *, box: str | None = None, limit: int = 100) -> list[InboxItem]:
        """Return what an actor has to do, waits for, has done, was copied or has started; see `Transaction.inbox`."""
        with self.reading() as transaction:
            return transaction.inbox(actor, box=box, limit=limit)

    def proxies(self, id: str) -> list[Proxy]:  # noqa: A002
        """Return the proxies that an actor has granted and not revoked. Raises NotFound."""
        with self.reading() as transaction:
            return transaction.proxies(id)

    def calendar(self) -> Calendar:
        """Return the calendar of working days that is in force; see `Transaction.calendar`."""
        with self.reading() as transaction:
            return transaction.calendar()

    def instances(self, *, workflow: str | None = None, root: str | None = None) -> Iterator[Instance]:
        """Yield instances in key order, reserved ones left out; optionally of one workflow or one root."""
        with self.reading() as transaction:
            yield from transaction.instances(workflow=workflow, root=root)

    def actor(self, id: str) -> Actor:  # noqa: A002
        """Return an actor. Raises NotFound."""
        with self.reading() as transaction:
            return transaction.registry.actor(id)

    def actors(self) -> list[Actor]:
        """Return every registered actor."""
        with self.reading() as transaction:
            return transaction.registry.actors()

    def definitions(self) -> list[Definition]:
        """Return the newest version of every workflow."""
        with self.reading() as transaction:
            return transaction.registry.definitions()

    def definition(self, name: str) -> Definition:
        """Return the newest version of a workflow. Raises NotFound."""
        with self.reading() as transaction:
            return transaction.registry.newest(name)[1].definition

    def log(self) -> LogHead:
        """Return the log's head. Raises NotInitialised, SchemaOutOfDate."""
        with self._translated(), self.database.connect() as connection:
            return schema.check(connection, self.tables)

    def rebuild(self) -> int:
        """Make every instance's row anew from its entries; return how many were different."""
        return self.run(lambda transaction: transaction.rebuild())

    def recover(self, lost: Sequence[Anchor], **how: Any) -> Recovered:
        """Say, after a restore, which published checkpoints lost entries, and seal; see `Transaction.recover`."""
        made = self.run(lambda transaction: transaction.recover(lost, **how))
        self.seal()
        return made

    def scrub(self) -> tuple[Step, ...]:
        """Take what was erased out of the database's files; see `stored.scrub`. It needs the tables' owner."""
        from kfq_workflow.stored.scrub import scrub  # most runs erase nothing

        return scrub(self.database, self.tables)

    def seal(self, *, limit: int | None = None) -> Seal:
        """Give every entry that has none yet its place in the tree over the whole log, and return the tree.

        One seal is one transaction, of at most `limit` entries: by default a million, and never more than 20,000 on
        SQLite, whose writers wait while it is written. As many are made as it takes. Others may act meanwhile; what
        they commit too late for a seal is taken by the next.
        """
        return seal_all(self, limit)


def _autocommits(connection: Connection, dialect: str) -> bool:
    driver: Any = connection.connection.driver_connection
    if dialect == "sqlite":
        return driver.isolation_level is None and not driver.in_transaction
    if dialect == "postgresql":
        return bool(getattr(driver, "autocommit", False))
    return bool(driver.get_autocommit())
