"""What is said of what is not there, and of those who came too late, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
RECORDS: dict[str, tuple[str, str]] = {
    "not_found": ("找不到“{key}”。", "There is no {key!r}."),
    "not_found.instance": (
        "找不到“{key}”。用 kfq list 查看已有的键。",
        "There is no instance {key!r}. See the keys with: kfq list",
    ),
    "not_found.actor": (
        "没有登记办理人“{key}”。用 kfq actor list 查看，或由管理员用 kfq actor add 登记。",
        "No actor {key!r} is registered. See: kfq actor list, or let an administrator add it with: kfq actor add",
    ),
    "system_retired": (
        "已有管理员，“system”不能再办理：请由管理员办理。",
        "There is an administrator, so 'system' may act no more: let an administrator do it.",
    ),
    "not_found.workflow": (
        "没有流程“{key}”。已有：{known}。",
        "There is no workflow {key!r}. Known: {known}.",
    ),
    "not_found.trigger": (
        "流程中没有动作“{key}”。可用：{known}。",
        "The workflow has no trigger {key!r}. Known: {known}.",
    ),
    "not_found.role": ("没有角色“{key}”。已有：{known}。", "There is no role {key!r}. Known: {known}."),
    "not_found.paper": (
        "没有材料类型“{key}”。已有：{known}。",
        "There is no paper type {key!r}. Known: {known}.",
    ),
    "not_found.region": ("没有区域“{key}”。已有：{known}。", "There is no region {key!r}. Known: {known}."),
    "not_found.state": ("没有状态“{key}”。已有：{known}。", "There is no state {key!r}. Known: {known}."),
    "not_found.attribute": (
        "没有属性“{key}”。已有：{known}。",
        "There is no attribute {key!r}. Known: {known}.",
    ),
    "not_found.parameter": (
        "这个动作没有参数“{key}”。可用：{known}。",
        "The move has no parameter {key!r}. Known: {known}.",
    ),
    "not_found.date": ("没有日期“{key}”。可用：{known}。", "There is no date {key!r}. Known: {known}."),
    "not_found.guard": (
        "条件“{key}”没有登记实现。请在 WorkflowEngine(guards=…) 中登记。已登记：{known}。",
        "No code is registered for the guard {key!r}. Register it in WorkflowEngine(guards=…). Registered: {known}.",
    ),
    "not_found.document": (
        "数据库中缺少文档 {key}：请运行 kfq verify。",
        "The database lacks the document {key}: run kfq verify.",
    ),
    "not_found.first_adoption": (
        "“{key}”尚不存在：首次补记须给出流程（workflow）和名称（name）。",
        "{key!r} does not exist yet: its first adoption needs a workflow and a name.",
    ),
    "not_found.entry": (
        "那时日志中还没有“{key}”的记录。",
        "At that time nothing of {key!r} was on record yet.",
    ),
    "already_started": (
        "“{key}”已经存在，用 kfq show 查看。",
        "{key!r} exists already; see it with: kfq show",
    ),
    "conflict": (
        "“{key}”已被他人推进：预期修订 {expected}，实际为 {found}。未写入任何内容，请查看后重试。",
        "Somebody else moved {key!r} first: expected revision {expected}, found {found}. Nothing was written; "
        "look again and retry.",
    ),
    "idempotency_mismatch": (
        "请求号“{request}”已用于“{key}”的另一项操作（第 {seq} 条）。请换一个请求号。",
        "The request id {request!r} was used on {key!r} for another act (entry {seq}). Use a new id.",
    ),
    "transaction_lost": (
        "数据库放弃了事务（{reason}）。请把整个工作单元重新执行。",
        "The database gave the transaction up ({reason}). Run the whole unit of work again.",
    ),
    "outcome_unknown": (
        "提交时连接中断，结果未知。请用请求号 {request} 查询“{key}”。",
        "The connection broke at commit and the outcome is not known. Look request {request} up on {key!r}.",
    ),
    "not_initialised": (
        "数据库 {database} 中没有日志。请先运行：kfq init",
        "The database {database} holds no log. Run: kfq init",
    ),
    "schema_out_of_date": (
        "数据库结构版本为 {found}，本软件需要 {needed}。请运行：{command}",
        "The tables are of revision {found}; this version needs {needed}. Run: {command}",
    ),
    "schema_too_new": (
        "数据库结构版本 {found} 比本软件新（{needed}）。请升级 kfq-workflow。",
        "The tables are of revision {found}, newer than this version knows ({needed}). Upgrade kfq-workflow.",
    ),
    "schema_unknown": (
        "数据库结构版本 {found} 不是本软件所知的（{known}），也不比它新。未做任何改动：请查明是谁改了版本号，或恢复备份。",
        "The tables are of revision {found}, which this version does not know ({known}) and which is not newer. Nothing "
        "was done to them: find out who changed the revision, or go back to a backup.",
    ),
    "revisions_differ": (
        "结构升级没有完成：{table} 为版本 {found}，{log_table} 为 {log}。请运行：{command}",
        "An upgrade of the tables did not come to its end: {table} says revision {found}, {log_table} {log}. "
        "Run: {command}",
    ),
    "revision_changed": (
        "结构版本自相矛盾：{table} 为 {found}，{log_table} 为 {log}。升级不会这样：请查明是谁改了其中之一，或恢复备份。",
        "The revisions contradict each other: {table} says {found}, {log_table} {log}. No upgrade does that: find out who "
        "changed one of them, or go back to a backup.",
    ),
    "not_ours": (
        "数据库 {database} 中有同名但不属于本软件的表。请使用另一个数据库或表前缀。",
        "The database {database} has tables of these names that are not ours. Use another database or prefix.",
    ),
    "invalid_database_url": (
        "数据库地址“{url}”无效。例如：sqlite:///kfq.db、postgresql://user@host/name。",
        "The database URL {url!r} is not valid. Such as: sqlite:///kfq.db or postgresql://user@host/name",
    ),
    "unknown_database": (
        "不支持数据库 {backend}：请使用 SQLite、PostgreSQL 或 MariaDB。",
        "{backend} is not supported: use SQLite, PostgreSQL or MariaDB.",
    ),
    "driver_missing": (
        "缺少 {backend} 的驱动。请安装：pip install 'kfq-workflow[{extra}]'",
        "The driver for {backend} is not installed. Run: pip install 'kfq-workflow[{extra}]'",
    ),
    "extra_missing": (
        "缺少 {what}。请安装：pip install 'kfq-workflow[{extra}]'",
        "{what} is not installed. Run: pip install 'kfq-workflow[{extra}]'",
    ),
    "database_unavailable": ("无法使用数据库（系统原文：{reason}）。", "The database cannot be used: {reason}"),
    "database_locked": (
        "数据库被占用，等待超时。请稍后重试。",
        "The database is locked and the wait timed out. Try again later.",
    ),
    "database_readonly": (
        "数据库是只读的，未写入任何内容。请检查文件权限和磁盘。",
        "The database is read-only; nothing was written. Check the file's permissions and the disk.",
    ),
    "database_readonly_folder": (
        "SQLite 须在数据库旁建立文件，而其所在文件夹不可写；未写入任何内容。若要只读地打开这一副本，地址写作："
        "sqlite:///file:路径?immutable=1&uri=true",
        "SQLite needs files beside the database and its folder cannot be written; nothing was written. To read such a "
        "copy write its address as: sqlite:///file:PATH?immutable=1&uri=true",
    ),
}
