"""Permits for tests of reports: `p` goes through every operation on a gate, `q` has hostile texts and stands still."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kfq_workflow import Paper
from kfq_workflow.errors import KfqError

if TYPE_CHECKING:
    from kfq_workflow import WorkflowEngine

#: A script, quotes, and a right-to-left override.
HOSTILE = "<script>alert(1)</script>\"'&\u202eevil"
#: A name without a place to break it.
LONG = "W" * 500


def prepare_reported(engine: WorkflowEngine) -> None:
    """Bring the permit `p` of `tests.gated` to its grant, and begin `q`."""
    with suppress(KfqError):
        engine.submit("p", "grant", by="c1")  # refused, and on record
    engine.submit("p", "grant", by="app", opinion="请批\n三号地块进场道路用地，面积 1.5 公顷，期限十八个月。")
    engine.approve("p", by="c1", opinion="ok")
    engine.retract("p", by="c1", reason="点错")
    engine.approve("p", by="c1", opinion=HOSTILE)
    engine.amend("p", {"area": "2"}, by="app")
    engine.approve("p", by="c1", opinion="同意。")
    engine.transfer("p", by="c2", to="c3", reason="出差")
    engine.delegate("p", by="boss", to="other", question="是否占用基本农田？")
    engine.reply("p", by="other", opinion="不占用。")
    engine.grant_proxy(
        "boss", by="boss", to="reg", valid_from="2020-01-01", valid_to="2099-12-31", number="〔2026〕1号"
    )
    engine.suspend("p", by="reg", reason="群众来信反映，核实后再办", number="临纪〔2026〕5号")
    engine.resume("p", by="reg", reason="已核实", number="临纪〔2026〕6号")
    engine.add_signer("p", by="boss", signer="c2", reason="请一并审查", place="before")
    engine.approve("p", by="c2")
    engine.urge("p", by="app")
    engine.copy("p", by="app", to=["other"])
    engine.mark_read("p", by="other")
    engine.send_back("p", by="c3", reason="面积由 1.5 改为 2 公顷后，示意图未同步修改，请补正后重新提交。")
    engine.submit("p", "grant", by="app", opinion="已改")
    engine.approve("p", by="reg", on_behalf_of="boss")
    engine.approve("p", by="c3")
    engine.annotate("p", note="很长的备注" * 200, by="reg")
    engine.start("permit", "q", by="app", name=LONG, attrs={"area": "1.5"})
    engine.fire("q", "submit", by="app", papers=[Paper("request", number="<b>" + "9" * 100)])
    engine.submit("q", "grant", by="app", opinion="x" * 4000)
    engine.suspend("q", by="reg", reason="核实", number="5")
