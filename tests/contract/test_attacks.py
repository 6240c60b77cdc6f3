"""Every attack of the catalogue (`tests/attacks/`), tried on each database: what happened, what is found, and where."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from kfq_workflow import open_database, reading
from kfq_workflow.errors import KfqError
from kfq_workflow.stored import triggers
from kfq_workflow.verify import verify
from tests.accounts import accounts
from tests.attacked import SCENES, Scene, hash_anew, office, put_back, unseal
from tests.attacks import CATALOGUE
from tests.attacks.model import DATABASES, MISSED, MORE, PLACES, SQLITE, Anew, Attack, By, Hand, places_of
from tests.tampering import TABLES, places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.verify import Report
    from tests.attacks.model import Place

pytestmark = pytest.mark.tampers

#: What keeps foreign keys out of an owner's way.
_UNCHECKED = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mariadb": "SET FOREIGN_KEY_CHECKS = 0",
}


class Stage:
    """One database, the scenes that are played on it, and the accounts of those who attack.

    The triggers go down for the first attack of an owner and stay there: to put all of them back each time takes half a
    second on MariaDB. An attack that is about them puts them back itself.
    """

    def __init__(self, database: Engine, folder: Path) -> None:
        self.database = database
        self._scenes = {"office": office(database, folder)}
        self._stand = True

    def scene(self, name: str) -> Scene:
        """Return a scene, made the first time."""
        if name not in self._scenes:
            self._scenes[name] = SCENES[name](self._scenes["office"])
            self._stand = True
        return self._scenes[name]

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """Yield the connection of an owner: no trigger stands, no foreign key is looked at."""
        with self.database.connect() as connection:
            if self._stand:
                triggers.drop(connection, TABLES)
                connection.commit()
                self._stand = False
            connection.exec_driver_sql(_UNCHECKED[connection.dialect.name])
            yield connection
            connection.commit()
            connection.invalidate()  # no setting of this session reaches the next

    def commit(self, attack: Attack, place: str) -> Scene:
        """Put the log back as it was, and attack it."""
        scene = self.scene(attack.scene)
        with self.owner() as connection:
            put_back(connection, scene.saved)
            if True or attack.by is By.OWNER:
                attack.do(Hand(connection, scene, PLACES.get(place, 0)))
            if attack.anew is Anew.ALL:
                unseal(connection)
            if attack.anew is not Anew.NOTHING:
                hash_anew(connection)
        self._stand = attack.watched
        if attack.anew is not Anew.NOTHING:
            with suppress(KfqError):  # of an entry that no library wrote nothing can be made anew
                scene.engine.rebuild()
        if attack.anew is Anew.ALL:
            scene.engine.seal()
        return scene

    def report(self, scene: Scene, anchors: tuple[Anchor, ...] = ()) -> Report:
        """Verify the database as it is now."""
        with reading(self.database) as source:
            if not self._stand:
                source.inspect = lambda _book: None
            return verify(source, anchors, trust=scene.trust)


def fits(said: str, found: set[Place]) -> bool:
    """Tell whether findings are those that an attack says."""
    expected = places_of(said)
    return expected <= found if said.endswith(MORE) else expected == found
