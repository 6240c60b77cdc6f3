"""Every attack of the catalogue (`tests/attacks/`), tried on each database: what happened, what is found, and where."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import open_database
from kfq_workflow.errors import KfqError
from tests.attacked import SCENES, Scene, hash_anew, office, put_back, unseal
from tests.attacks import CATALOGUE
from tests.attacks.model import DATABASES, MISSED, MORE, PLACES, SQLITE, Anew, Attack, By, Hand, places_of
from tests.tampering import places, tampering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attacks.model import Place

pytestmark = pytest.mark.tampers


class Stage:
    """One database, the scenes that are played on it, and the accounts of those who attack."""

    def __init__(self, scene: Scene) -> None:
        self._scenes = {"office": scene}

    def scene(self, name: str) -> Scene:
        """Return a scene, made the first time."""
        if name not in self._scenes:
            self._scenes[name] = SCENES[name](self._scenes["office"])
        return self._scenes[name]

    def commit(self, attack: Attack, place: str) -> None:
        """Put the log back as it was, and attack it."""
        scene = self.scene(attack.scene)
        with tampering(scene.database) as connection:
            put_back(connection, scene.saved)
            if attack.by is By.OWNER:
                attack.do(Hand(connection, scene, PLACES.get(place, 0)))
            if attack.anew is Anew.ALL:
                unseal(connection)
            if attack.anew is not Anew.NOTHING:
                hash_anew(connection)
        if attack.anew is not Anew.NOTHING:
            with suppress(KfqError):  # of an entry that no library wrote nothing can be made anew
                scene.engine.rebuild()
        if attack.anew is Anew.ALL:
            scene.engine.seal()


def fits(said: str, found: set[Place]) -> bool:
    """Tell whether findings are those that an attack says."""
    expected = places_of(said)
    return expected <= found if said.endswith(MORE) else expected == found
