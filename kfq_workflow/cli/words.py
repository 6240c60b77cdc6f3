"""What the command line says of its own, in Chinese and in English; the library's sentences are in `messages`."""

from __future__ import annotations

from kfq_workflow.cli import locale

#: code → (Chinese, English)
PHRASES: dict[str, tuple[str, str]] = {
    # help
    "help.kfq": (
        "审批流程与可核验的历史记录。",
        "Approval workflows whose history can be proved.",
    ),
    "help.usage": ("用法：", "Usage: "),
    "help.arguments": ("参数", "Arguments"),
    "help.options": ("选项", "Options"),
    "help.commands": ("命令", "Commands"),
    "help.options_metavar": ("[选项]", "[OPTIONS]"),
    "help.command_metavar": ("命令 [参数]...", "COMMAND [ARGS]..."),
    "help.help": ("显示帮助并退出。", "Show this help and exit."),
    "help.required": ("（必填）", " (required)"),
    # usage
    "usage.no_command": ("没有命令“{name}”。", "No such command {name!r}."),
    "usage.near": ("是不是：{names}？", " Did you mean: {names}?"),
    "usage.try": ("查看帮助：{command} --help", "Help: {command} --help"),
    "usage.pair": ("“{value}”应写成 {shape}", "write {shape}, not {value!r}"),
    "usage.twice": ("“{name}”给出了两次", "{name!r} is given twice"),
    "usage.nothing": ("没有给出要修改的内容", "nothing to change was given"),
    # errors
    "interrupted": ("已中断。", "Interrupted."),
    "unexpected": (
        "程序内部错误（{reason}）。加 --debug 可看详情；数据未因此改变的，请用 kfq verify 确认。",
        "Unexpected error ({reason}). Run it again with --debug for details; see with kfq verify that all is well.",
    ),
    "os_error": ("文件或系统错误（系统原文：{reason}）。", "File or system error: {reason}"),
    # words of tables and sheets
    "key": ("键", "key"),
    "name": ("名称", "name"),
    "workflow": ("流程", "workflow"),
    "root": ("所属", "belongs to"),
    "phase": ("阶段", "phase"),
    "state": ("状态", "state"),
    "revision": ("修订", "revision"),
    "entries": ("记录数", "entries"),
    "revision.of": ("{rev}（记录 {entries} 条，补录 {late} 条）", "{rev} ({entries} entries, {late} of them late)"),
    "day.promptly": ("尽快", "promptly"),
    "possible": ("可以办理", "possible"),
    "not_possible": ("现在不能办理", "not possible now"),
    "missing": ("还须", "still needs"),
    "reason.not_from_state": ("须处于：{sources}", "only from: {sources}"),
    "reason.role_missing": ("须由 {needs} 办理", "only by: {needs}"),
    "reason.region_inactive": ("“{region}”未启用", "{region} is not active"),
    "late": ("补录", "late"),
    "adopted": ("补记", "adopted"),
    "open": ("运营", "open"),
    "yes": ("是", "yes"),
    "not_on_record": ("（未记录）", "(not on record)"),
    "not_active": ("（未启用）", "(not active)"),
    "unknown_day": ("日期不详", "day unknown"),
    "region": ("区域", "region"),
    "attributes": ("属性", "attributes"),
    "papers": ("材料", "papers"),
    "not_filed": ("未见原件", "not filed"),
    "plans": ("计划", "plans"),
    "flags": ("存疑", "flags"),
    "may_next": ("现在可做", "possible now"),
    "check": ("校验码", "check"),
    "entry": ("序", "entry"),
    "day": ("日期", "day"),
    "recorded": ("登记时间", "recorded"),
    "act": ("事项", "act"),
    "by": ("经办", "by"),
    "changes": ("变化", "changes"),
    "trigger": ("动作", "trigger"),
    "target": ("转入", "leads to"),
    "reasons": ("不能办理的原因", "why not"),
    "source": ("来源", "source"),
    "opinion": ("意见", "opinion"),
    "note": ("备注", "note"),
    "reason": ("理由", "reason"),
    "basis": ("依据", "basis"),
    "basis.stated": ("明示", "stated"),
    "basis.implied": ("推定", "implied"),
    "basis.inferred": ("推断", "inferred"),
    "expected": ("预期", "expected"),
    "latest": ("最迟", "latest"),
    "plan.expectation": ("预计", "expectation"),
    "plan.intention": ("打算", "intention"),
    "plan.deadline": ("期限", "deadline"),
    "plan.goal": ("目标", "goal"),
    "plan.target": ("指标", "target"),
    "plan.flag": ("存疑", "flag"),
    "roles": ("角色", "roles"),
    "org": ("单位", "organisation"),
    "post": ("职务", "post"),
    "kind": ("类别", "kind"),
    "valid": ("有效期", "valid"),
    "enabled": ("启用", "enabled"),
    "disabled": ("已停用", "disabled"),
    "version": ("版本", "version"),
    "states": ("状态数", "states"),
    "triggers": ("动作数", "triggers"),
    "registered": ("已登记", "registered"),
    # kinds of entries
    "kind.genesis": ("日志创建", "log begun"),
    "kind.started": ("发起", "started"),
    "kind.fired": ("办理", "fired"),
    "kind.adopted": ("补记状态", "adopted"),
    "kind.annotated": ("加注", "note"),
    "kind.amended": ("修改属性", "amended"),
    "kind.refused": ("被拒绝：", "refused:"),
    "kind.enrolled": ("登记办理人", "enrolled"),
    "kind.defined": ("登记定义", "defined"),
    "moves": ("步数", "moves"),
    "agrees": ("与库一致", "agrees"),
    "from": ("自", "from"),
    "same": ("（原状态）", "(the same state)"),
    "left": ("（{trigger} 之前的状态）", "(the state that {trigger} left)"),
    "shipped": ("随附，未登记", "shipped, not registered"),
    "actor.id": ("标识", "id"),
    "": ("", ""),
    "absent.not_on_record": ("（未记录）", "(not on record)"),
    "absent.not_yet_started": ("（尚未发起）", "(not yet started)"),
    "absent.inactive": ("（未启用）", "(not active)"),
    "severity.error": ("错误", "error"),
    "severity.warning": ("提示", "warning"),
    "trigger.missing": ("不存在", "missing"),
    "trigger.disabled": ("已停用", "disabled"),
    "trigger.altered": ("被改动", "altered"),
    "trigger.unknown": ("无权查看，未检查", "not checked: this account may not see it"),
    # verdicts
    "verdict.anchored": ("完整，且与锚点一致。", "INTACT, anchored."),
    "verdict.self-consistent": ("自身一致（没有库外锚点可比对）。", "SELF-CONSISTENT ONLY: no anchor to compare with."),
    "verdict.incomplete": ("未能全部核验。", "INCOMPLETE: not everything could be checked."),
    "verdict.tampered": ("已被改动。", "TAMPERED."),
    "verdict.limits": (
        "整库被重算、末尾被截去或整个实例被删，要有存在库外的锚点才能发现。",
        "A log hashed anew, a cut tail or a removed instance would show only against an anchor kept outside.",
    ),
    "verified": (
        "核验了 {instances} 个实例的 {entries} 条记录。",
        "Verified {entries} entries of {instances} instances.",
    ),
    "verified.counts": (
        "重新判定 {decided} 步，其中参照其他实例 {witnessed} 步，依应用程序答复 {attested} 步；补录 {late} 条，被拒 {refused} 条。",
        "Decided again: {decided} moves; {witnessed} also from other instances, {attested} on answers of the "
        "application. Late: {late}. Refused attempts: {refused}.",
    ),
    "not_checked": ("未核验：{what}", "Not checked: {what}"),
    "unchecked.caches": ("实例表", "caches"),
    "unchecked.triggers": ("触发器", "triggers"),
    "unchecked.other instances": ("其他实例", "other instances"),
    "unchecked.trigger": ("触发器", "trigger"),
    "unchecked.version": ("记录版本", "version"),
    "unchecked.suite": ("算法套件", "suite"),
    "unchecked.kind": ("记录种类", "kind"),
    "unchecked.anchor": ("锚点", "anchor"),
    "unchecked.rules language": ("规则语言", "rules language"),
    "findings_left_out": ("另有 {count} 处发现未列出。", "{count} more findings are not listed."),
    "exporting": ("正在导出 {done} 条", "{done} entries exported"),
    "replay.as_of": ("截至 {day}：", "As of {day}:"),
    "replay.uncertain": (
        "不能断定（在第 {first} 条与第 {last} 条之间），为其一：",
        "cannot be told (between entry {first} and entry {last}); one of:",
    ),
    "replay.outer": (
        "每个区域各自的回答是准确的；合在一起只是外边界。",
        "Each answer is exact by itself; taken together they are an outer bound.",
    ),
    "replay.left_out": (
        "另有 {count} 条记录在此之后登记，未计入。",
        "{count} entries were recorded later and are left out.",
    ),
    "replay.stored": (
        "库中存储的状态与此不符（{states}）：请运行 kfq verify。",
        "The stored states differ ({states}): run kfq verify.",
    ),
    "replay.differs": ("不一致", "differs"),
    # results
    "done.init": (
        "数据库已就绪：{database}（结构版本 {revision}）",
        "Ready: {database} (tables of revision {revision})",
    ),
    "done.admin": ("管理员：{id}", "Administrator: {id}"),
    "next.admin": (
        "还没有管理员。请运行：kfq init --admin ID",
        "There is no administrator yet. Run: kfq init --admin ID",
    ),
    "next.define": (
        "接下来登记流程，例如：kfq definition load zone_lifecycle --actor {id}",
        "Next register a workflow, such as: kfq definition load zone_lifecycle --actor {id}",
    ),
    "done.act": ("已记录：{key} 第 {seq} 条，{what}", "Recorded: {key}, entry {seq}: {what}"),
    "done.replayed": (
        "此前已记录：{key} 第 {seq} 条，{what}。未重复写入。",
        "Recorded before: {key}, entry {seq}: {what}. Nothing was written again.",
    ),
    "dry.allowed": (
        "可以办理：{key} {trigger} → {target}。未写入任何内容。",
        "Allowed: {key} {trigger} → {target}. Nothing was written.",
    ),
    "empty.filtered": ("没有符合条件的实例。", "No instance is like that."),
    "empty.list": (
        "还没有任何实例。发起一个：kfq start WORKFLOW KEY --actor ID --name 名称；或看演示：kfq demo linfen-2020",
        "There are no instances yet. Begin one: kfq start WORKFLOW KEY --actor ID --name TEXT; "
        "or see the demo: kfq demo linfen-2020",
    ),
    "empty.board": (
        "还没有分阶段的实例。发起一个：kfq start zone_lifecycle KEY --actor ID --name 名称；或看演示：kfq demo linfen-2020",
        "There is nothing with phases yet. Begin a zone: kfq start zone_lifecycle KEY --actor ID --name TEXT; "
        "or see the demo: kfq demo linfen-2020",
    ),
    "empty.actors": (
        "还没有登记办理人。请运行：kfq init --admin ID",
        "No actor is registered yet. Run: kfq init --admin ID",
    ),
    "empty.next": (
        "已终结，没有可做的动作。历史：kfq history {key}",
        "It is closed; nothing can be done. Its history: kfq history {key}",
    ),
    "closed": ("已终结", "closed"),
    "open_count": ("已成立运营 {open} 个，共 {all} 个。", "{open} of {all} are open for business."),
    "legend.late": (
        "* 补录：事后依据来源登记，未见原件。",
        "* late: entered afterwards from a source, without the papers.",
    ),
    "legend.adopted": (
        "† 补记：状态依来源记入，未见其办理过程。",
        "† adopted: the state was put on record without the procedure that led to it.",
    ),
    "legend.unknown": (
        "! 存储的状态不在其定义中，不可采信：请运行 kfq verify。",
        "! a stored state is not in its definition and cannot be relied upon: run kfq verify.",
    ),
    "next.papers": ("须交：{papers}", "needs: {papers}"),
    "next.roles": ("由 {roles}", "by {roles}"),
    "next.more": (
        "其余 {count} 个动作现在不能办理，见：kfq next {key}",
        "{count} more are not possible now; see: kfq next {key}",
    ),
    "for_office": ("代记 {office}", "for {office}"),
    "check.ok": ("结构和触发器完好（版本 {revision}）。", "Tables and triggers are in order (revision {revision})."),
    "check.trigger": ("触发器 {name}：{state}", "trigger {name}: {state}"),
    "done.upgrade": ("数据库结构版本：{revision}", "The tables are of revision {revision}."),
    "done.rebuild": (
        "已重建；{count} 个实例的现状与记录不符，已改正。",
        "Rebuilt; {count} stored states differed from their entries.",
    ),
    "done.load": ("已登记流程 {name} 第 {version} 版（{digest}…）", "Registered {name}, version {version} ({digest}…)"),
    "done.check": ("{source}：没有错误，{warnings} 条提示。", "{source}: no errors, {warnings} warning(s)."),
    "done.export": ("已导出 {entries} 条记录到 {path}", "Exported {entries} entries to {path}"),
    "done.import": (
        "已导入 {cases} 个案件，{entries} 条记录，全部为补录。",
        "Entered {cases} cases in {entries} entries, all of them late.",
    ),
    "dry.import": (
        "检查通过：{cases} 个案件，{entries} 条记录。未写入任何内容。",
        "All of it can be entered: {cases} cases in {entries} entries. Nothing was written.",
    ),
    "importing": ("正在补录 {done}/{total}", "entering {done}/{total}"),
    "waiting": (
        "数据库正被另一个进程占用，等待中……",
        "the database is locked by another process; waiting …",
    ),
    "verifying": ("正在核验 {done} 条", "{done} entries verified"),
    # the demo
    "demo.built": (
        "已补录 2020 年访谈中的 {cases} 个案件（{entries} 条记录）。来源：{source}",
        "Entered the {cases} cases of the 2020 interview ({entries} entries). Source: {source}",
    ),
    "demo.there": ("演示记录已在库中，直接显示。", "The demo's record is here already; showing it."),
    "demo.replayed": (
        "重放：{instances} 个实例的 {moves} 步，{same} 个与库中现状一致。",
        "Replayed: {moves} moves of {instances} instances; {same} agree with the stored state.",
    ),
    "demo.next": (
        "接下来可试：\n  kfq show guxian-etdz\n  kfq next guxian-etdz --actor staffing_commission\n"
        "  kfq replay hongtong-etdz --as-of 2019-06-30",
        "Now try:\n  kfq show guxian-etdz\n  kfq next guxian-etdz --actor staffing_commission\n"
        "  kfq replay hongtong-etdz --as-of 2019-06-30",
    ),
}


def say(code: str, /, **values: object) -> str:
    """Return a phrase in the language of this run, filled with values."""
    template = PHRASES[code][0 if locale.language() == "zh" else 1]
    return template.format(**values) if values else template
