"""The log that attacks are tried on: something of everything, one seal, one checkpoint held outside."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from kfq_workflow import Paper, WorkflowEngine
from kfq_workflow.audit import checkpoints, keyfile, keys
from kfq_workflow.audit.checkpoint import Anchor
from kfq_workflow.audit.ed25519 import check
from kfq_workflow.audit.suite import known_hash
from kfq_workflow.entry import Row, canonical, encode_fields, leaf_hash
from kfq_workflow.stored.clock import CLOCKS
from kfq_workflow.verify.anchors import NOBODY, Trust
from kfq_workflow.working_days import Calendar
from tests.tampering import TABLES, build, change, remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

Saved = dict[str, list[dict[str, Any]]]
#: Gives the connection of an owner, with the triggers out of the way.
Owner = Callable[[], AbstractContextManager["Connection"]]
#: The number that the voided permit `w` retires, that of `r`, and the field that was erased there.
NUMBER, OTHER_NUMBER, ERASED = "晋政函〔2020〕1号", "晋政函〔2021〕9号", (3, "note")


def dump(database: Engine) -> Saved:
    """Return every row, as a backup has it."""
    with database.connect() as connection:
        return {table.name: list(map(dict, connection.execute(select(table)).mappings())) for table in TABLES}


def put_back(connection: Connection, saved: Saved) -> None:
    """Put the rows of a backup in the place of what is there."""
    tables = sorted(TABLES, key=lambda table: table is TABLES.instance)  # whose rows cite entries
    for table in reversed(tables):
        connection.execute(table.delete())
    for table in tables:
        if saved[table.name]:
            connection.execute(table.insert(), saved[table.name])


@dataclass(frozen=True, slots=True)
class Scene:
    """A log as it was before the attack, what its auditor holds, and an older backup where there is one."""

    database: Engine
    saved: Saved
    anchors: tuple[Anchor, ...]
    folder: Path
    trust: Trust = NOBODY
    older: Saved | None = None

    @property
    def engine(self) -> WorkflowEngine:
        """An engine that knows nothing of the log yet: what it has read of it may be gone."""
        return WorkflowEngine(self.database, via="tests")


def _held(engine: WorkflowEngine, folder: Path, label: str = "held") -> Anchor:
    engine.seal()
    return Anchor.parse(label, str(checkpoints.checkpoint(engine, folder / "office.key")).encode())


@contextmanager
def _apart(database: Engine) -> Iterator[None]:
    """Let the clock show yesterday's noon in China, each entry 2 µs after the one before if not later.

    A database's clock may count milliseconds, and an hour more or less must not make another day of it.
    """
    name = "mysql" if database.dialect.name == "mariadb" else database.dialect.name
    clock = CLOCKS[name]
    since = (int(time.time()) + 480 * 60) % 86_400 + 43_200
    CLOCKS[name] = f"({clock} - {since}000000 + 2 * (SELECT count(*) FROM kfq_entry))"
    try:
        yield
    finally:
        CLOCKS[name] = clock


def office(database: Engine, folder: Path) -> Scene:
    """Make the log: permits `o` and `p`, a case citing `p`, gates on `g` and `u`, `w` void, a note of `r` erased."""
    keyfile.create(folder / "office.key", "office")
    with _apart(database):
        engine = build(database)
        _people(engine)
        _gates(engine)
        _late(engine)
        held = _held(engine, folder)
    return Scene(database, dump(database), (held,), folder)


def _people(engine: WorkflowEngine) -> None:
    from tests.approvals import BOSS, CLERKS, PEOPLE, gate, guarded

    asked = gate(CLERKS, BOSS, duties=("not_applicant",), binds=("area",))
    engine.define(guarded(asked, name="gated"), by="administrator")
    for name, (roles, org) in PEOPLE.items():
        engine.enroll(name, by="administrator", roles=roles, org=org, name=name)
    for name, role in (("rec", "records"), ("chief", "chief")):
        engine.enroll(name, by="administrator", roles=[role])


def _permit(engine: WorkflowEngine, key: str, number: str | None = None) -> None:
    engine.start("gated", key, by="app", name="许可", attrs={"area": "1.5"})
    engine.fire(key, "submit", by="app", papers=[Paper("request", number=number)])


def _gates(engine: WorkflowEngine) -> None:
    """On `g` three votes, the last of which decides; `u` is open, urged and voted on by proxy."""
    calendar = Calendar(frozenset({engine.today()}))
    engine.publish_calendar(calendar, by="administrator", number="国办发明电〔2025〕1号")
    for key in ("g", "u"):
        _permit(engine, key)
        engine.submit(key, "grant", by="app")
    engine.delegate("g", by="boss", to="x", question="可否")
    engine.approve("g", by="c1", opinion="同意")
    engine.approve("g", by="c2")
    engine.approve("g", by="boss")
    engine.urge("u", by="app")
    engine.grant_proxy("boss", by="boss", to="x", valid_from="2020-01-01", valid_to="2999-12-31", number="1")
    engine.approve("u", by="x", on_behalf_of="boss")


def _late(engine: WorkflowEngine) -> None:
    """`w` is void, with its number; a note of `r` is erased by two persons."""
    _permit(engine, "w", NUMBER)
    engine.void("w", by="reg", reason="作废", number="市函〔2026〕1号")
    _permit(engine, "r", OTHER_NUMBER)
    engine.annotate("r", "某人的身份证号", by="app")
    engine.rule(by="administrator", redact=(["records"], ["chief"]))
    proposal = engine.redact("r", [ERASED], by="rec", reason="依申请", number="〔2026〕9号")
    engine.confirm("r", proposal.receipt.seq, by="chief")


# Scenes that go on from it


def _from(scene: Scene, owner: Owner, name: str) -> tuple[WorkflowEngine, Path]:
    """Put the log back, and give it and a folder with the key and what its signer remembers, as they were then."""
    with owner() as connection:
        put_back(connection, scene.saved)
    folder = scene.folder / name
    folder.mkdir()
    for file in scene.folder.glob("office.key*"):
        shutil.copy2(file, folder)
    return scene.engine, folder


def later(scene: Scene, owner: Owner, name: str = "later") -> Scene:
    """A day later: one more note, sealed, and a second checkpoint; the backup of the day before exists."""
    engine, folder = _from(scene, owner, name)
    engine.annotate("o", "其后", by="clerk")
    newer = _held(engine, folder, "newer")
    return replace(scene, saved=dump(scene.database), anchors=(*scene.anchors, newer), older=scene.saved)


def trusting(scene: Scene, owner: Owner) -> Scene:
    """The same log; the auditor trusts the office's key."""
    _, folder = _from(scene, owner, "trusting")
    return replace(scene, trust=Trust((keyfile.load(folder / "office.key").key,), check), folder=folder)


def handed_over(scene: Scene, owner: Owner) -> Scene:
    """The log's key was handed over, the old one revoked; the auditor trusts the old one only."""
    engine, folder = _from(scene, owner, "handed_over")
    for name in ("next", "thief"):
        keyfile.create(folder / name, name)
    keys.rotate(engine, folder / "office.key", folder / "next")
    engine.seal()
    note = checkpoints.checkpoint(engine, folder / "next", keep=False)
    trust = Trust((keyfile.load(folder / "office.key").key,), check)
    held = Anchor.parse("held", str(note).encode())
    return replace(scene, saved=dump(scene.database), anchors=(held,), trust=trust, folder=folder)


def recovered(scene: Scene, owner: Owner) -> Scene:
    """The backup of the day before was restored, which the log says; both checkpoints are held."""
    after = later(scene, owner, "lost")
    engine, _ = _from(scene, owner, "recovered")
    engine.recover([after.anchors[1]], by="administrator", reason="磁盘损坏，自备份恢复")
    return replace(after, saved=dump(scene.database))


def went_on(scene: Scene, owner: Owner) -> Scene:
    """The backup of the day before was restored, nobody said so, and the log grew beyond what it had been."""
    after = later(scene, owner, "gone_on")
    engine, _ = _from(scene, owner, "went_on")
    for number in range(9):
        engine.annotate("p", f"恢复后 {number}", by="clerk")
    engine.seal()
    return replace(after, saved=dump(scene.database))


def older_held(scene: Scene, owner: Owner) -> Scene:
    """A day later, and the auditor holds the checkpoint of the day before only."""
    after = later(scene, owner, "older_held")
    return replace(after, anchors=after.anchors[:1])


def newer(scene: Scene, owner: Owner) -> Scene:
    """One more note, which no checkpoint covers yet."""
    engine, _ = _from(scene, owner, "newer")
    engine.annotate("o", "其后", by="clerk")
    return replace(scene, saved=dump(scene.database))


def two_histories(scene: Scene, owner: Owner) -> Scene:
    """An owner showed the log to one auditor, rewrote and sealed it anew, and showed that to another."""
    engine, folder = _from(scene, owner, "first")
    with owner() as connection:
        change(connection, "entry", {"instance": "o", "seq": 5}, {"via": "elsewhere"})
        unseal(connection)
        hash_anew(connection)
    engine.rebuild()
    engine.seal()
    (folder / "second").mkdir()
    keyfile.create(folder / "second" / "office.key", "office")
    second = _held(engine, folder / "second", "shown to the other")
    return replace(scene, saved=dump(scene.database), anchors=(*scene.anchors, second))


SCENES = {
    scene.__name__: scene
    for scene in (later, trusting, handed_over, recovered, went_on, older_held, newer, two_histories)
}


# What an owner can do once the rows are changed


def _cited(key: str, place: str, about: dict[str, Any]) -> str:
    """Return whose entry a citation is about."""
    named = about.get("instance")
    if isinstance(named, str):
        return named
    if place == "for":
        return f"~actor/{about.get('id')}"
    return "~log" if place == "policy" else key


def _citations(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if {"leaf", "seq"} <= value.keys():
            yield place, value
        for name, each in value.items():
            yield from _citations(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _citations(each, place)


def _again(row: Row, leaves: dict[tuple[str, int], str]) -> str:
    """Return the body with every citation as the leaves are now; one that is no JSON object stays as it is."""
    try:
        body = json.loads(row.body)
    except ValueError:
        return row.body
    changed = False
    for place, about in _citations(body):
        leaf = leaves.get((_cited(row.instance, place, about), about["seq"]), about["leaf"])
        changed, about["leaf"] = changed or leaf != about["leaf"], leaf
    return canonical(body) if changed else row.body


def hashed_anew(entries: list[Row], log: str, suite: str) -> list[Row]:
    """Return entries with every hash computed anew, numbers without a gap, and citations that agree."""
    hasher = known_hash(suite)
    order = sorted(entries, key=lambda row: ((row.instance, row.seq) != ("~log", 1), row.instance, row.seq))
    while True:  # a citation changes the leaf of whoever cites
        heads: dict[str, tuple[int, bytes]] = {}
        leaves: dict[tuple[str, int], str] = {}
        made = []
        for row in order:
            seq, prev = heads.get(row.instance, (0, bytes(32) if not made else made[0].leaf))
            leaf = leaf_hash(encode_fields(row._replace(seq=seq + 1), prev, log), hasher)
            made.append(row._replace(seq=seq + 1, prev=prev, leaf=leaf))
            heads[row.instance] = (seq + 1, leaf)
            leaves[row.instance, seq + 1] = leaf.hex()
        order = [row._replace(body=_again(row, leaves)) for row in made]
        if order == made:
            return made


def all_rows(connection: Connection) -> list[Row]:
    """Return every entry as it stands."""
    return [
        Row._make(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for row in connection.execute(TABLES.entry.select())
    ]


def write_rows(connection: Connection, made: list[Row]) -> None:
    """Put entries in the place of all that stand, and let the rows of instances name the newest."""
    connection.execute(TABLES.entry.delete())
    columns = [column.name for column in TABLES.entry.columns]
    connection.execute(TABLES.entry.insert(), [dict(zip(columns, row, strict=True)) for row in made])
    heads = {row.instance: row for row in made}
    for (key,) in connection.execute(select(TABLES.instance.c.key)).all():
        if key in heads:
            row = heads[key]
            change(connection, "instance", {"key": key}, {"seq": row.seq, "head": row.leaf, "at": row.at})
        else:
            remove(connection, "instance", {"key": key})


def hash_anew(connection: Connection) -> None:
    """Compute every hash anew, over whatever stands there."""
    head = connection.execute(TABLES.log.select()).one()
    made = hashed_anew(all_rows(connection), head.log, head.suite)
    genesis = next(row.leaf for row in made if (row.instance, row.seq) == ("~log", 1))
    connection.execute(TABLES.log.update().values(genesis=genesis))
    write_rows(connection, made)


def unseal(connection: Connection) -> None:
    """Take away the whole tree with its seals, so that sealing makes it anew as if it had always been so."""
    for table in (TABLES.leaf, TABLES.sealed, TABLES.checkpoint):
        connection.execute(table.delete())
    connection.execute(TABLES.entry.delete().where(TABLES.entry.c.kind == "sealed"))
