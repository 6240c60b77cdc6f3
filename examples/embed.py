"""An application with rows of its own: its bill and the permit's entry commit together, or neither does.

Run it in any folder; it makes `app.db` there. Lines that begin with `# →` are what it prints.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from kfq_workflow import GuardContext, KfqError, Paper, Refused, TransactionLost, WorkflowEngine, open_database, schema
from kfq_workflow.definition.document import load

QUOTA = 2.0  # hectares that this year's plan allows


class Base(DeclarativeBase):
    """The application's tables."""


class Bill(Base):
    """What the application keeps about a permit: the bill."""

    __tablename__ = "bill"

    permit: Mapped[str] = mapped_column(String(128), primary_key=True)
    hectares: Mapped[float]


def quota_left(about: GuardContext) -> tuple[bool, dict[str, str]]:
    """Answer the guard `quota_left@1`: the application's own rows, read in the transaction of the act.

    Two grants of different permits do not wait for each other. An application that must never exceed the quota locks a
    row of its own here, or before it joins.
    """
    used = about.connection.scalar(select(func.coalesce(func.sum(Bill.hectares), 0))) or 0
    asked = float(about.attrs.get("area", "0"))
    return used + asked <= QUOTA, {"used": f"{used:.2f}", "asked": f"{asked:.2f}"}


def definition_with_quota() -> str:
    """Return the permit's definition with one more guard, answered by code."""
    text = (Path(__file__).parent / "permit.yaml").read_text("utf-8")
    text = text.replace("guards:\n  surveyed:", "guards:\n  quota: {zh: 指标有余, en: the plan has land left, when: "
                        "{code: quota_left@1}}\n  surveyed:")  # fmt: skip
    return text.replace("guards: [surveyed, within_limit]", "guards: [quota, surveyed, within_limit]")


def grant(engine: WorkflowEngine, key: str, hectares: float) -> str:
    """Grant a permit and write its bill, in the application's own transaction; run it again when it was lost."""
    for _ in range(5):
        try:
            with Session(engine.database) as session, session.begin():
                workflow = engine.join(session)
                receipt = workflow.fire(
                    key, "grant", by="land_bureau", params={"months": 12}, papers=[Paper("permit_letter")]
                )
                session.add(Bill(permit=key, hectares=hectares))
        except TransactionLost:
            continue
        except Refused as refused:
            engine.record(refused)  # the attempt goes on record, now that the transaction has ended
            return str(refused)
        return f"{key}: entry {receipt.seq}, {receipt.set['main']}"
    raise SystemExit("the database is too busy")


def main() -> None:
    """Make the log, put two permits through it, and see that the second one finds no land left."""
    database = open_database("sqlite:///app.db")
    schema.init(database)
    Base.metadata.create_all(database)
    engine = WorkflowEngine(database, guards={"quota_left@1": quota_left}, via="permits-web")

    engine.enroll("admin", by="system", roles=["administrator"])
    engine.define(load(definition_with_quota()), by="admin")
    for office, role in (("committee", "zone_office"), ("surveyor", "surveyor"), ("land_bureau", "land_bureau")):
        engine.enroll(office, by="admin", roles=[role])

    for key, area in (("lot-1", "1.20"), ("lot-2", "0.90")):
        engine.start("permit", key, by="committee", name=key, attrs={"area": area})
        engine.fire(key, "submit", by="committee", papers=[Paper("application"), Paper("restoration_plan")])
        engine.fire(key, "survey_lot", by="surveyor")
        print(grant(engine, key, float(area)))
    # → lot-1: entry 4, granted
    # → grant on lot-2 is refused:
    # →   A condition does not hold: the plan has land left (quota).

    with Session(database) as session:
        print(session.scalars(select(Bill.permit)).all())
    # → ['lot-1']

    # The same request again, as after a double click or a lost answer, is the old receipt and no second entry.
    first = engine.fire("lot-2", "send_back", by="land_bureau", request="web-7f3a")
    again = engine.fire("lot-2", "send_back", by="land_bureau", request="web-7f3a")
    print(first.seq == again.seq, again.replayed)
    # → True True

    # Somebody who looked before that and decides now is told so.
    try:
        engine.fire("lot-2", "submit", by="committee", expect=3)
    except KfqError as error:
        print(error)
    # → Somebody else moved 'lot-2' first: expected revision 3, found 5. Nothing was written; look again and retry.
    database.dispose()


if __name__ == "__main__":
    main()
