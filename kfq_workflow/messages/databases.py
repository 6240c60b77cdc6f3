"""What is said of databases: not ours, not new enough, not there, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
DATABASES: dict[str, tuple[str, str]] = {
    "database_gone": (
        "与数据库的连接中断（系统原文：{reason}）。请确认数据库仍在运行后重试。",
        "The connection to the database broke ({reason}). See that it is running, then try again.",
    ),
    "database_unreachable": (
        "无法连接或打开数据库 {database}（系统原文：{reason}）。请检查地址、路径和服务。",
        "The database {database} cannot be reached or opened ({reason}). Check the address, the path and the server.",
    ),
    "database_unknown": (
        "服务器上没有数据库 {database}（系统原文：{reason}）。请先创建它或更正地址。",
        "The server has no database {database} ({reason}). Create it first, or correct the address.",
    ),
    "database_no_schema": (
        "数据库 {database} 没有模式“{reason}”。请更正模式名；在 SQLite 中，模式是附加的数据库。",
        "The database {database} has no schema {reason!r}. Correct its name; in SQLite a schema is an attached database.",
    ),
    "database_denied": (
        "数据库拒绝了访问（系统原文：{reason}）。请检查账号及其权限。",
        "The database denied access ({reason}). Check the account and its privileges.",
    ),
    "database_full": (
        "数据库没有可用空间或资源（系统原文：{reason}），未写入任何内容。",
        "The database is out of space or resources ({reason}); nothing was written.",
    ),
    "database_damaged": (
        "{database} 不是数据库，或已损坏，或无法读写（系统原文：{reason}）。",
        "{database} is not a database, or is damaged, or its disk cannot be read or written ({reason}).",
    ),
    "triggers_missing": (
        "数据库 {database} 没有保留这些触发器：{triggers}。请检查账号的 TRIGGER 权限。",
        "The database {database} did not keep these triggers: {triggers}. Check the account's TRIGGER privilege.",
    ),
    "database_unsupported": (
        "不支持数据库 {dialect}。请使用 SQLite、PostgreSQL 或 MariaDB。",
        "The database {dialect} is not supported. Use SQLite, PostgreSQL or MariaDB.",
    ),
    "autocommit": (
        "连接处于 AUTOCOMMIT 模式，状态与记录无法同时提交。请使用事务。",
        "The connection is in AUTOCOMMIT mode, so state and entry could not commit together. Use a transaction.",
    ),
    "verification_interrupted": (
        "参与核验的一个进程提前结束（{reason}），没有核验结论。可用 --jobs 1 重试。",
        "A process that took part in the verification ended before its time ({reason}): there is no verdict. "
        "Try again with --jobs 1.",
    ),
    "verification_failed": ("核验发现 {count} 处问题。", "Verification found {count} problem(s)."),
    "definition_error": (
        "流程定义 {source} 有 {count} 处问题：",
        "The definition {source} has {count} problem(s):",
    ),
    "definition.unreadable": (
        "存储的定义文档无法读取：{reason}",
        "The stored document of the definition cannot be read: {reason}",
    ),
    "definition_changed": (
        "流程 {name} 第 {version} 版已登记且内容不同。请提高版本号。",
        "Version {version} of {name} is registered with other rules. Raise the version number.",
    ),
    "definition_old": (
        "流程 {name} 已有第 {newest} 版，不能再登记第 {version} 版。",
        "Version {newest} of {name} is registered; version {version} is older and cannot be added.",
    ),
    "unknown_stored_state": (
        "“{key}”存储的状态 {region}={state} 不在其定义中：请运行 kfq verify。",
        "The stored state {region}={state} of {key!r} is not in its definition: run kfq verify.",
    ),
}
