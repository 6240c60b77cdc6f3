"""The grants of docs/how-to/operate.md are enough for each role, and no more than enough."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from docs import pages
from kfq_workflow import DatabaseUnavailable, Paper, Refused, WorkflowEngine, open_database, schema, verify_database
from kfq_workflow.definition.document import load
from tests.gates import act, gate, stored, voted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

PERMIT = pages.ROOT / "examples/permit.yaml"
FORBIDDEN = (
    "UPDATE kfq_entry SET actor = 'x'",
    "DELETE FROM kfq_entry",
    "DELETE FROM kfq_text",
    "DELETE FROM kfq_instance",
    "DELETE FROM kfq_task",
    "UPDATE kfq_instance SET workflow = 'x'",
    "UPDATE kfq_document SET kind = 'x'",
    "UPDATE kfq_log SET utc_offset = 0",
    "UPDATE kfq_leaf SET leaf = node",
    "DELETE FROM kfq_leaf",
    "DELETE FROM kfq_sealed",
    "UPDATE kfq_checkpoint SET note = 'x'",
    "DELETE FROM kfq_checkpoint",
    "DROP TABLE kfq_entry",
    "CREATE TABLE kfq_more (a INT)",
)


def _statements(dialect: str) -> list[str]:
    found = [block.text for block in pages.blocks(pages.ROOT / "docs/how-to/operate.md") if block.word == "sql"]
    return [line.rstrip(";") for line in found[dialect != "postgresql"].splitlines()]


@pytest.fixture
def roles(database: Engine) -> Iterator[tuple[Engine, Engine, Engine]]:
    """Run the page's statements under names of this test; give the Engines of application, auditors and redactor."""
    schema.init(database)
    owner = WorkflowEngine(database)
    owner.enroll("admin", by="system", roles=["administrator"])
    mark, url = secrets.token_hex(4), database.url
    names = {name: f"{name}_{mark}" for name in ("kfq_app", "kfq_audit", "kfq_redact")}
    postgresql = database.dialect.name == "postgresql"

    def run(statement: str) -> None:
        for name, own in names.items():
            statement = statement.replace(name, own)
        with database.begin() as connection:
            connection.exec_driver_sql(statement.replace("zones.", f"`{url.database}`.").replace("%", "%%"))

    for statement in _statements(database.dialect.name):
        run(statement)
    if postgresql:
        run("ALTER ROLE kfq_app PASSWORD 'p'")
        run("ALTER ROLE kfq_audit PASSWORD 'p'")
        run("ALTER ROLE kfq_redact PASSWORD 'p'")
    engines = [
        open_database(url.set(username=own, password="p" if postgresql else None).render_as_string(hide_password=False))
        for own in names.values()
    ]
    yield engines[0], engines[1], engines[2]
    for engine in engines:
        engine.dispose()
    for name in names:
        if postgresql:
            run(f"DROP OWNED BY {name}")
        run(f"DROP ROLE {name}" if postgresql else f"DROP USER {name}@'%'")


@pytest.mark.backends("postgresql18", "mariadb")
def test_each_role_can_do_its_work_and_no_more(roles: tuple[Engine, Engine, Engine]) -> None:
    application, auditor, _ = roles
    engine = WorkflowEngine(application)
    engine.define(load(PERMIT), by="admin")
    for role in ("zone_office", "surveyor", "land_bureau"):
        engine.enroll(role, by="admin", roles=[role])
    engine.start("permit", "lot-1", by="zone_office", name="lot")
    with pytest.raises(Refused):
        engine.fire("lot-1", "submit", by="zone_office")
    papers = [Paper("application", title="t"), Paper("restoration_plan")]
    first = engine.fire("lot-1", "submit", by="zone_office", papers=papers, opinion="o", request="r")
    assert engine.fire("lot-1", "submit", by="zone_office", papers=papers, opinion="o", request="r").seq == first.seq
    with application.begin() as connection:
        engine.join(connection).fire("lot-1", "survey_lot", by="surveyor")

    assert engine.seal().placed == engine.seal().size

    report = verify_database(auditor)
    assert (report.verdict, report.findings, report.not_checked) == ("self-consistent", (), ())
    act(engine, "lot-1", {"grant": gate()}, by="surveyor")
    act(
        engine, "lot-1", {"grant": voted("1", "land_bureau")}, by="surveyor"
    )  # an upsert, which needs both INSERT and UPDATE
    assert [row.box for row in stored(auditor, "lot-1")] == ["done", "todo", "wait", "mine"]
    assert verify_database(auditor).findings == ()
    for database in roles:
        for statement in FORBIDDEN:  # of the texts here none was erased, so that the redactor may delete none
            with pytest.raises(DBAPIError), database.begin() as connection:
                connection.execute(text(statement))
    for statement in ("UPDATE kfq_sealed SET seq = 1",
                      "INSERT INTO kfq_document (digest, kind, body) VALUES ('', 'x', 'x')",
                      "UPDATE kfq_instance SET state = 'x'", "UPDATE kfq_task SET box = 'done'",
                      "INSERT INTO kfq_task SELECT * FROM kfq_task"):  # fmt: skip
        with pytest.raises(DBAPIError), auditor.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.backends("postgresql18", "mariadb")
def test_only_the_redactor_erases_and_only_the_owner_scrubs(
    roles: tuple[Engine, Engine, Engine], database: Engine
) -> None:
    application, _, redactor = roles
    owner = WorkflowEngine(database)
    for id_, role in (("rec", "records"), ("chief", "chief"), ("land_bureau", "land_bureau")):
        owner.enroll(id_, by="admin", roles=[role], name="姓名")
    owner.rule(by="admin", redact=(["records"], ["chief"]))
    proposal = WorkflowEngine(application).redact("~actor/land_bureau", [(1, "name")], by="rec", reason="r", number="1")
    seq = proposal.receipt.seq
    with pytest.raises(DatabaseUnavailable):
        WorkflowEngine(application).confirm("~actor/land_bureau", seq, by="chief")
    assert WorkflowEngine(redactor).confirm("~actor/land_bureau", seq, by="chief").receipt.kind == "redacted"
    for engine in (application, redactor):
        steps = WorkflowEngine(engine).scrub()
        assert [step.done for step in steps if step.name == "table"] == [False]
        assert all(step.reason for step in steps if not step.done)
    assert all(step.done for step in owner.scrub())
    assert verify_database(database).findings == ()
