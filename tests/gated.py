"""A workflow with an approval gate for tests of the command line: a permit that clerks and a chief sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfq_workflow import WorkflowEngine, open_database, schema
from kfq_workflow.definition import model as m
from tests.workflows import move, permit

if TYPE_CHECKING:
    from sqlalchemy import Engine

#: Who is enrolled, with which role: an applicant, three clerks, a chief with a veto, two supervisors.
PEOPLE = {
    "app": ("applicant", "开发区管委会 | Zone Committee"),
    "other": ("applicant", ""),
    "c1": ("clerk", "张三"),
    "c2": ("clerk", "李四"),
    "c3": ("clerk", ""),
    "boss": ("authority", "自然资源局 | Natural Resources Bureau"),
    "reg": ("registrar", ""),
    "reg2": ("registrar", ""),
}
LABELS = {
    ("workflow", "permit"): m.Label("临时用地许可", "land permit"),
    ("state", "main=draft"): m.Label("起草", "draft"),
    ("state", "main=review"): m.Label("审查中", "under review"),
    ("state", "main=granted"): m.Label("准予用地", "granted"),
    ("role", "clerk"): m.Label("经办科室", "clerk"),
    ("role", "authority"): m.Label("主管部门", "authority"),
    ("role", "applicant"): m.Label("申请人", "applicant"),
    ("role", "registrar"): m.Label("监督人", "supervisor"),
    ("trigger", "submit"): m.Label("报送", "hand in"),
    ("trigger", "grant"): m.Label("批准", "grant the permit"),
    ("trigger", "refuse"): m.Label("不予许可", "refuse the permit"),
    ("paper", "notice"): m.Label("告知书", "notice"),
    ("region", "main"): m.Label("主流程", "main line"),
}


def definition() -> m.Definition:
    """Return a permit: granted by two thirds of two clerks and the chief, refused by the chief's word and a notice."""
    signers = (m.Signer("clerks", "role", "clerk", seats=2), m.Signer("chief", "role", "authority", veto=True))
    grant = m.Gate(
        signers, m.Quorum("ratio", ratio="2/3"), duties=("not_applicant",), binds=("area",), returns=("draft",),
        direct=("remark",),
    )  # fmt: skip
    refuse = m.Gate((m.Signer("chief", "role", "authority"),), m.Quorum("any"), papers=("notice",))
    gates = {
        "grant": move("grant", "review", "granted", roles=("applicant",), gate=grant),
        "refuse": move("refuse", "review", "refused", roles=("applicant",), papers=("notice",), gate=refuse),
    }
    return permit(
        transitions=tuple(gates.get(rule.id, rule) for rule in permit().transitions),
        permissions=m.Permissions(
            start=frozenset({"applicant"}), amend=frozenset({"applicant"}), supervise=frozenset({"registrar"})
        ),
        guards={},
        attributes={"area": m.Field("area", "decimal"), "remark": m.Field("remark", "text")},
        labels=LABELS,
    )


def prepare(database: Engine) -> None:
    """Make the log, register workflow and people, and bring the permit `p` to where it can be granted."""
    schema.init(database)
    engine = WorkflowEngine(database)
    engine.define(definition(), by="system")
    for id_, (role, name) in PEOPLE.items():
        engine.enroll(id_, by="system", roles=[role], name=name or None)
    engine.enroll("admin", by="system", roles=["administrator"])
    engine.start("permit", "p", by="app", name="三号地块 | lot 3", attrs={"area": "1.5"})
    from kfq_workflow import Paper

    engine.fire("p", "submit", by="app", papers=[Paper("request", number="1")])


def prepare_file(path: str) -> None:
    """Do the same in a SQLite file."""
    database = open_database(f"sqlite:///{path}")
    prepare(database)
    database.dispose()
