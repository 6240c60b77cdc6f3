"""Phrases about recoveries, accounts and what `kfq doctor` prints, in Chinese and in English: a part of `words`."""

from __future__ import annotations

#: code → (Chinese, English)
WATCH: dict[str, tuple[str, str]] = {
    "kind.recovered": ("恢复登记", "recovered"),
    "fact.size": ("封存后的条数", "entries sealed"),
    "fact.incarnation": ("第几代", "incarnation"),
    "fact.kept": ("保留", "left"),
    "fact.lost": ("丢失的检查点", "checkpoints lost"),
    "verdict.lost": (
        "曾从备份恢复：丢失已封存并发布的 {count} 条记录，见下列各项。",
        "Restored from a backup: {count} entries that were sealed and published are lost; see the findings.",
    ),
    "done.recover": (
        "已登记恢复：现为第 {number} 代，保留 {kept} 条，丢失 {lost} 条。",
        "Recovery recorded: incarnation {number}, {kept} entries left, {lost} lost.",
    ),
    "next.recover": (
        "此后检查点的来源为 {origin}；签名人和联署人须以 --recovered 各确认一次，并通知审计人员。",
        "Checkpoints are of {origin} from now on; signer and cosigners confirm once with --recovered. Tell the "
        "auditors.",
    ),
    # doctor
    "doctor.account": ("{server}，账号 {name}：{role}", "{server}, account {name}: {role}"),
    "doctor.limits": ("数据库的所有者仍然可以：", "What an owner of the database could still do:"),
    "doctor.sum": (
        "问题 {problem} 项，警告 {warning} 项，无法判断 {unknown} 项。",
        "{problem} problem(s), {warning} warning(s), {unknown} that cannot be told.",
    ),
    "role.owner": ("所有者，什么都能做", "an owner, who may do everything"),
    "role.application": ("应用程序", "an application"),
    "role.redactor": ("删除文字的账号", "a redactor"),
    "role.auditor": ("只能读取", "a reader"),
    "standing.ok": ("正常", "ok     "),
    "standing.warning": ("警告", "warning"),
    "standing.problem": ("问题", "PROBLEM"),
    "standing.unknown": ("不明", "unknown"),
    "area.schema": ("数据表", "Tables"),
    "area.triggers": ("触发器", "Triggers"),
    "area.account": ("账号", "Account"),
    "area.grants": ("权限", "Grants"),
    "area.roles": ("角色", "Roles"),
    "area.file": ("文件", "File"),
    "area.settings": ("设置", "Settings"),
    "area.clock": ("时钟", "Clocks"),
    "area.sealing": ("封存与检查点", "Seals and checkpoints"),
    "area.key": ("签名密钥", "Signing keys"),
    # help
    "help.officials": ("命令：办理与查看", "Commands for officials"),
    "help.auditors": ("命令：核验与报告", "Commands for auditors"),
    "help.operators": ("命令：建库与维护", "Commands for operators"),
    # accounts
    "needs.reader": (
        "kfq {command} 只读取日志，数据库账号须有读取（SELECT）的权限。",
        "kfq {command} only reads the log; the database account must be allowed to (SELECT).",
    ),
    "needs.signer": (
        "kfq checkpoint 在库内留存一份，须用能写入的数据库账号；只能读取的，加 --no-store。",
        "kfq checkpoint keeps a copy in the database and needs an account that may write; with --no-store, one that "
        "only reads is enough.",
    ),
    "needs.application": (
        "kfq {command} 要写入日志，须用应用程序的数据库账号。",
        "kfq {command} writes into the log and needs the application's database account.",
    ),
    "needs.owner": (
        "kfq {command} 要改动数据表，须用所有者的数据库账号。",
        "kfq {command} changes the tables and needs the owner's database account.",
    ),
}
