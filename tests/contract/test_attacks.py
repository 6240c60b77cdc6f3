"""Every attack of the catalogue (`tests/attacks/`), tried on each database: what happened, what is found, and where."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from kfq_workflow import bundle, open_database, reading, verify_bundle
from kfq_workflow.errors import DatabaseUnavailable, NotInitialised
from kfq_workflow.export import ExportSource
from kfq_workflow.verify import verify
from tests.attacked import dump, put_back
from tests.attacks import ATTACKS, CATALOGUE, FILES, REFUSALS, SWEEPS
from tests.attacks.model import (
    DATABASES,
    MORE,
    SQLITE,
    Attack,
    By,
    Files,
    Line,
    OnFile,
    Refusal,
    Sweep,
    places_of,
)
from tests.beside import alone, beside
from tests.conftest import SERVERS, missing
from tests.servers import ServerMissingError
from tests.stage import Stage, handed
from tests.tampering import TABLES, places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kfq_workflow.audit.checkpoint import Anchor
    from kfq_workflow.verify import Report
    from tests.attacks.model import Place

pytestmark = pytest.mark.tampers
#: So many places of each value are tried, from its first byte to its last; what is read is the same elsewhere.
OFFSETS = {SQLITE: 8}


def _careless(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()


@pytest.fixture(scope="module", params=DATABASES)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a database with the log that is attacked, one for all attacks."""
    folder = tmp_path_factory.mktemp("attacked")
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'kfq.db'}"
        if request.param != SQLITE:
            try:
                url = stack.enter_context(request.config.stash[SERVERS].database(request.param))
            except ServerMissingError as error:
                missing(request.param, str(error))
        database = open_database(url)
        stack.callback(database.dispose)
        if request.param == SQLITE:  # which need not survive a crash here
            event.listen(database, "connect", _careless)
        yield stack.enter_context(closing(Stage(database, folder, request.param)))


def fits(said: str, found: set[Place]) -> bool:
    """Tell whether findings are those that an attack says."""
    expected = places_of(said)
    return expected <= found if said.endswith(MORE) else expected == found


def hold(said: str, report: Report, verdict: str) -> None:
    """Hold that exactly this was found, and what is said because of it."""
    assert fits(said, places(report)), (said, sorted(map(str, places(report))))
    assert report.verdict == (verdict if said else "self-consistent")


# What the database refuses


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_refused(stage: Stage, refusal: Refusal) -> None:
    name = stage.backend
    stage.tidy()
    before = dump(stage.database)
    tried = 0
    for account, says in ((stage.application(), refusal.application), (stage.database, refusal.owner)):
        for statement in refusal.statements.get(name, ()) if name in says else ():
            tried += 1
            with account.connect() as connection:
                *first, last = statement.split("\n")
                with pytest.raises(DBAPIError, match=says[name]):  # noqa: PT012 - what comes first may be refused, too
                    for each in (*first, last):
                        connection.exec_driver_sql(each)
                connection.rollback()
    assert dump(stage.database) == before
    if not tried:
        pytest.skip("the database has no such statement, or does not refuse it")


# What is done all the same


@pytest.mark.parametrize(
    ("attack", "place"),
    [pytest.param(each, place, id=f"{each.name} {place}".strip()) for each in ATTACKS for place in each.places],
)
def test_found(stage: Stage, attack: Attack, place: str) -> None:
    if stage.backend not in attack.on:
        pytest.skip("the database has no such statement")
    scene = stage.commit(attack, place)
    alone, anchored = attack.found(place)
    without = stage.report(scene)
    hold(alone, without, attack.verdict)
    if alone and stage.backend != SQLITE:
        return  # no anchor is needed; that one takes nothing away is shown once
    with_ = stage.report(scene, scene.anchors)
    if alone:
        assert places(without) <= places(with_)
        assert {layer for layer, *_ in places(with_) - places(without)} <= {"anchor"}
        assert with_.verdict in ("tampered", attack.verdict)
    else:
        assert fits(anchored, places(with_))
        assert with_.verdict == ("tampered" if anchored else "anchored")


def test_a_table_that_lost_a_column_is_an_error(stage: Stage) -> None:
    """There is nothing that could be verified then."""
    with stage.owner() as connection:
        connection.exec_driver_sql("ALTER TABLE kfq_task RENAME COLUMN box TO lost")
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            stage.report(stage.scene("office"))
        assert caught.value.code == "database_damaged"
    finally:
        with stage.owner() as connection:
            connection.exec_driver_sql("ALTER TABLE kfq_task RENAME COLUMN lost TO box")


# Each byte


def other(value: str | bytes, offset: int) -> str | bytes:
    """Return a value with one character or byte changed."""
    if isinstance(value, bytes):
        return value[:offset] + bytes([value[offset] ^ 1]) + value[offset + 1 :]
    changed = chr(ord(value[offset]) ^ 1) if value[offset].isascii() and value[offset].isprintable() else "x"
    return value[:offset] + changed + value[offset + 1 :]


def found_by(sweep: Sweep, report: Report) -> list[tuple[Any, ...]]:
    """Return where the findings of a sweep's layer and kind are, as its rows tell their places."""
    layer, _, kind = sweep.finds.partition(" ")
    found = [each for each in report.findings if each.layer == layer and kind in ("", each.kind)]
    return [(each.instance, each.seq) if sweep.place else () for each in found]


@pytest.mark.parametrize("sweep", SWEEPS, ids=lambda sweep: sweep.name)
def test_each_byte(stage: Stage, sweep: Sweep) -> None:
    scene, table = stage.scene(sweep.scene), getattr(TABLES, sweep.table)
    keys = [column.name for column in table.primary_key.columns]
    rows = [row for row in scene.saved[table.name] if row[sweep.column] is not None]
    offsets = OFFSETS.get(stage.backend, 2)
    for round_ in range(offsets):
        with stage.owner() as connection:
            put_back(connection, scene.saved)
            for row in rows:
                value = bytes(row[sweep.column]) if isinstance(row[sweep.column], memoryview) else row[sweep.column]
                changed = other(value, (len(value) - 1) * round_ // (offsets - 1))
                where = [table.c[key] == row[key] for key in keys]
                connection.execute(table.update().where(*where).values({sweep.column: changed}))
        found = found_by(sweep, stage.report(scene))
        if sweep.place is None:
            assert found, round_
        elif sweep.place:
            assert {tuple(row[name] for name in sweep.place) for row in rows} <= set(found), round_
        else:
            assert len(found) >= len(rows), round_


# Files


@pytest.fixture(scope="module")
def files(stage: Stage) -> Files:
    return handed(stage)


def read(path: Path, anchors: tuple[Anchor, ...] = ()) -> Report:
    """Verify an export, a bundle or a SQLite file."""
    if path.suffix == ".db":
        database = open_database(f"sqlite:///{path}")
        try:
            with reading(database) as source:
                return verify(source, anchors)
        finally:
            database.dispose()
    return bundle.verify_bundle(path, anchors) if path.suffix == ".zip" else verify(ExportSource(path), anchors)


@pytest.mark.parametrize("stage", [SQLITE], indirect=True)
@pytest.mark.parametrize("attack", FILES, ids=lambda attack: attack.name)
def test_found_in_a_file(stage: Stage, files: Files, attack: OnFile) -> None:
    path, anchors = attack.do(files), stage.scene("later").anchors
    if attack.alone is None:
        with pytest.raises(NotInitialised):
            read(path)
        with pytest.raises(verify_bundle.Unreadable):
            alone(path)
        return
    without, with_ = read(path), read(path, anchors)
    hold(attack.alone, without, "tampered")
    assert fits(attack.anchored, places(with_) - places(without)) or attack.alone
    assert with_.verdict == ("tampered" if attack.alone or attack.anchored else "anchored")
    if path.suffix != ".db":
        beside(path, without)


@pytest.mark.parametrize("stage", [SQLITE], indirect=True)
def test_each_byte_of_an_export(files: Files, tmp_path: Path) -> None:
    data, path = files.export.read_bytes(), tmp_path / "log.jsonl"
    for offset in range(0, len(data), len(data) // 80):
        changed = bytearray(data)
        changed[offset] ^= 1
        path.write_bytes(changed)
        try:
            report = verify(ExportSource(path))
        except NotInitialised:
            continue
        assert report.verdict == "tampered", offset
        beside(path, report)


def content(path: Path) -> dict[str, list[str]] | None:
    """Return what the tables of a SQLite file hold, past every index; None where it cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            made = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = {}
            for (name,) in made:
                rows[name] = sorted(map(repr, connection.execute(f"SELECT * FROM {name.decode()} NOT INDEXED")))
            return rows
    except (sqlite3.Error, UnicodeDecodeError):
        return None


@pytest.mark.parametrize("stage", [SQLITE], indirect=True)
def test_each_byte_of_a_database_file(files: Files, tmp_path: Path) -> None:
    """A byte that changes anything that is read, by whatever index, is found, or makes the file unreadable."""
    data, path = files.database.read_bytes(), tmp_path / "changed.db"
    before = content(files.database)
    for offset in range(11, len(data), len(data) // 80):
        changed = bytearray(data)
        changed[offset] ^= 1 << offset % 8
        path.write_bytes(changed)
        after = content(path)
        try:
            report = read(path)
        except DatabaseUnavailable:  # damaged, and it says so
            continue
        assert report.verdict == "tampered" or after == before, offset


def test_the_catalogue_answers_every_line() -> None:
    """Each line of what must be tried is tried; each attack by its own name, with words in both languages."""
    assert {attack.line for attack in CATALOGUE} == set(Line)
    names = [attack.name for attack in CATALOGUE]
    assert len(names) == len(set(names))
    for attack in CATALOGUE:
        assert attack.zh != attack.en or attack.en.startswith("`"), attack.name
    tried = {Refusal: REFUSALS, Attack: ATTACKS, Sweep: SWEEPS, OnFile: FILES}
    assert all(attack in tried[type(attack)] for attack in CATALOGUE)
    for by in By:
        assert any(getattr(attack, "by", None) is by for attack in CATALOGUE), by
    for missed in ATTACKS:
        for place in missed.places:
            alone, anchored = missed.found(place)
            assert alone or anchored or missed.name in NOTHING_FINDS, missed.name


#: What no checkpoint can show, either: see the page.
NOTHING_FINDS = {"cut, older held", "newest", "impersonated", "trigger: put back", "checkpoint: gone"}
