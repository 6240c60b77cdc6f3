"""Where attacks are tried: one database, put back before each, and the accounts of those who attack."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from kfq_workflow import open_database, reading
from kfq_workflow.bundle import Scope, write_bundle
from kfq_workflow.errors import KfqError
from kfq_workflow.export import write_export
from kfq_workflow.stored import triggers
from kfq_workflow.verify import verify
from tests.accounts import accounts
from tests.alongside import hold
from tests.attacked import SCENES, Scene, hash_anew, office, put_back, unseal
from tests.attacks.model import PLACES, Anew, Attack, By, Files, Hand
from tests.tampering import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.verify import Report

#: What keeps foreign keys out of an owner's way.
_UNCHECKED = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET FOREIGN_KEY_CHECKS = 0",
}


class Stage:
    """One database, the scenes that are played on it, and the accounts of those who attack.

    The triggers go down for the first attack of an owner and stay there: to put all of them back takes half a second on
    MariaDB. An attack that is about them puts them back itself; what is refused is tried while they stand.
    """

    def __init__(self, database: Engine, folder: Path, backend: str) -> None:
        self.database = database
        #: Its name among those of `tests.servers`.
        self.backend = backend
        self.name = database.dialect.name
        self._scenes = {"office": office(database, folder)}
        self._stand = True
        self._attacked = False
        self._stack = ExitStack()
        self._application: Engine | None = None

    def close(self) -> None:
        """Take the accounts away."""
        self._stack.close()

    def scene(self, name: str) -> Scene:
        """Return a scene, made the first time."""
        if name not in self._scenes:
            self._scenes[name] = SCENES[name](self._scenes["office"], self.owner)
        return self._scenes[name]

    def application(self) -> Engine:
        """Return the database as the application connects: by the grants of the manual, on SQLite as anybody."""
        if self._application is None:
            url = self.database.url.render_as_string(hide_password=False)
            if self.name != "sqlite":
                self.raise_triggers()
                url, _, _ = self._stack.enter_context(accounts(self.database))
            self._application = open_database(url)
            self._stack.callback(self._application.dispose)
        return self._application

    def tidy(self) -> None:
        """Put the log back as it was at first, with its triggers."""
        if self._attacked:
            with self.owner() as connection:
                put_back(connection, self.scene("office").saved)
            self._attacked = False
        self.raise_triggers()

    def raise_triggers(self) -> None:
        """Let the triggers stand, as the library makes them."""
        if not self._stand:
            with self.database.begin() as connection:
                triggers.create(connection, TABLES)
            self._stand = True

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """Yield the connection of an owner: no trigger stands, no foreign key is looked at."""
        self._attacked = True
        with self.database.connect() as connection:
            if self._stand:
                triggers.drop(connection, TABLES)
                connection.commit()
                self._stand = False
            connection.exec_driver_sql(_UNCHECKED[self.name])
            yield connection
            connection.commit()
            connection.invalidate()  # no setting of this session reaches the next

    def commit(self, attack: Attack, place: str) -> Scene:
        """Put the log back as it was, and attack it."""
        scene = self.scene(attack.scene)
        with self.owner() as connection:
            put_back(connection, scene.saved)
            if attack.by is By.OWNER:
                attack.do(Hand(connection, scene, PLACES.get(place, 0)))
            if attack.anew is Anew.ALL:
                unseal(connection)
            if attack.anew is not Anew.NOTHING:
                hash_anew(connection)
        self._stand = attack.watched
        if attack.by is By.APPLICATION:
            if self.name == "sqlite":  # elsewhere its grants hold it, whether triggers stand or not
                self.raise_triggers()
            with self.application().begin() as connection:
                attack.do(Hand(connection, scene))
        if attack.anew is not Anew.NOTHING:
            with suppress(KfqError):  # of an entry that no library wrote nothing can be made anew
                scene.engine.rebuild()
        if attack.anew is Anew.ALL:
            scene.engine.seal()
        return scene

    def report(self, scene: Scene, anchors: tuple[Anchor, ...] = ()) -> Report:
        """Verify the database as it is now, and hold its export to that."""
        with reading(self.database) as source:
            if not self._stand:
                source.inspect = lambda _book: None
            report = verify(source, anchors, trust=scene.trust)
            hold(source, report, anchors, scene.trust)
        return report


def handed(stage: Stage) -> Files:
    """Write what auditors were handed a day later, and what they were handed the day before; for SQLite."""
    scene = stage.scene("later")
    folder = scene.folder / "handed"
    folder.mkdir()
    files = Files(folder, *(folder / name for name in ("log.jsonl", "log.zip", "o.zip", "older.zip", "older.db")))
    assert scene.older is not None
    with stage.owner() as connection:
        put_back(connection, scene.older)
    stage.raise_triggers()
    with reading(stage.database) as source:
        write_bundle(source, files.older, Scope("o"))
    with stage.database.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{files.database}'")
    with stage.owner() as connection:
        put_back(connection, scene.saved)
    with reading(stage.database) as source:
        write_export(source, files.export)
        write_bundle(source, files.log, Scope())
        write_bundle(source, files.one, Scope("o"))
    return files
