"""What `kfq doctor` says of each item and what to do about it, in Chinese and in English, by code."""

from __future__ import annotations

from kfq_workflow.messages.doctor_settings import SETTINGS

#: code → (Chinese, English), and where something is to be done (Chinese, English) of that
_ITEMS: dict[str, tuple[str, str] | tuple[str, str, str, str]] = {
    # schema and triggers
    "revision": ("数据表为版本 {found}。", "The tables are of revision {found}."),
    "revision_other": (
        "数据表为版本 {found}，本程序需要 {needed}；其余各项有的未能查看。",
        "The tables are of revision {found} and this program needs {needed}; some things were not looked at.",
        "以数据库所有者的账号运行 kfq db upgrade；表比程序新的，升级程序。",
        "Run kfq db upgrade with the owner's account; where the tables are newer, upgrade the program.",
    ),
    "triggers": (
        "{count} 个触发器齐全，与本程序所建的相同。",
        "All {count} triggers stand as this program makes them.",
    ),
    "trigger_missing": (
        "触发器 {name} 不存在。",
        "The trigger {name} is missing.",
        "先查明是谁、何时删去的，并核验日志；再由所有者运行 kfq db upgrade 补上。",
        "Find out who dropped it and when, and verify the log; then let the owner put it back: kfq db upgrade",
    ),
    "trigger_disabled": (
        "触发器 {name} 已被停用。",
        "The trigger {name} is disabled.",
        "先查明是谁、何时停用的，并核验日志；再由所有者运行 kfq db upgrade。",
        "Find out who disabled it and when, and verify the log; then, as the owner: kfq db upgrade",
    ),
    "trigger_altered": (
        "触发器 {name} 与本程序所建的不同（在 PostgreSQL 上也指没有 ENABLE ALWAYS）。",
        "The trigger {name} is not as this program makes it (on PostgreSQL also: not ENABLE ALWAYS).",
        "先查明是谁、何时改动的，并核验日志；再由所有者运行 kfq db upgrade。",
        "Find out who altered it and when, and verify the log; then, as the owner: kfq db upgrade",
    ),
    "triggers_hidden": (
        "此账号看不到 {count} 个触发器。",
        "This account may not see {count} of the triggers.",
        "请所有者运行 kfq doctor；或授予审计账号 TRIGGER（那样它也能删去触发器）。",
        "Let the owner run kfq doctor, or grant TRIGGER to the auditors' account (which could then drop one).",
    ),
    # accounts and grants
    "account_owner": (
        "账号 {name} 拥有日志的表或能绕过一切权限：它什么都能做。",
        "The account {name} owns the log's tables, or passes all grants by: it may do everything.",
        "应用程序和审计人员不得用它；另建两个账号，见《Operate》的“三个数据库角色”。",
        "Let neither the application nor an auditor use it: make the two other roles of docs/how-to/operate.md.",
    ),
    "account_not_owner": (
        "账号 {name} 不是所有者，只有 {role} 的权限。",
        "The account {name} is no owner; it may do what an {role} may.",
        "核对连接地址所用的账号。",
        "Check which account the database's address names.",
    ),
    "account_application": (
        "账号 {name} 的权限是应用程序的：可写入新记录。",
        "The account {name} is an application's: it may add entries.",
    ),
    "account_redactor": (
        "账号 {name} 能删除记录指明的文字，是删除文字的账号。",
        "The account {name} may delete texts that an entry names: a redactor's.",
        "只用它确认删除；应用程序用另一个账号。",
        "Use it to confirm erasures only; the application has another one.",
    ),
    "grant_redactor": (
        "账号 {name} 对表 {table} 多出权限：{privileges}。",
        "On {table} the account {name} may also: {privileges}.",
        "由所有者收回：REVOKE … ON {table} FROM {name}。",
        "Let the owner take that back: REVOKE … ON {table} FROM {name}",
    ),
    "erasers": ("能删除文字的账号：{names}。", "These accounts may delete texts that an entry names: {names}."),
    "account_auditor": ("账号 {name} 只能读取，是审计账号。", "The account {name} may only read: an auditor's."),
    "grants": (
        "账号 {name} 对 {count} 张表的权限正好是所需的。",
        "On the {count} tables the account {name} may do what it needs to, and no more.",
    ),
    "grant_application": (
        "账号 {name} 对表 {table} 多出权限：{privileges}。",
        "On {table} the account {name} may also: {privileges}.",
        "由所有者收回：REVOKE … ON {table} FROM {name}。现在只有触发器在阻挡。",
        "Let the owner take that back: REVOKE … ON {table} FROM {name}. Until then the triggers stand alone.",
    ),
    "grant_auditor": (
        "审计账号 {name} 对表 {table} 不只能读取：{privileges}。",
        "On {table} the auditors' account {name} may do more than read: {privileges}.",
        "由所有者收回：REVOKE … ON {table} FROM {name}。",
        "Let the owner take that back: REVOKE … ON {table} FROM {name}",
    ),
    "grant_trigger": (
        "审计账号 {name} 对表 {table} 有 TRIGGER：能看到触发器，也能删去它。",
        "On {table} the auditors' account {name} has TRIGGER: it sees triggers and could drop them.",
        "MariaDB 上只能二选一；收回之后，由所有者查看触发器。",
        "On MariaDB it is one or the other; without it, let the owner look after the triggers.",
    ),
    "grant_wide": (
        "账号 {name} 可改表 {table} 的所有列，而不只是所需的几列。",
        "The account {name} may update every column of {table}, not only those that it needs.",
        "收回 UPDATE，只授予《Operate》所列的列。",
        "Revoke UPDATE and grant it on the columns that operate.md lists.",
    ),
    "grant_lacking": (
        "账号 {name} 对表 {table} 缺少 {role} 所需的权限：{privileges}。",
        "On {table} the account {name} lacks what an {role} needs: {privileges}.",
        "由所有者授予，语句见《Operate》。",
        "Let the owner grant it; the statements are in docs/how-to/operate.md.",
    ),
    "grant_other": (
        "账号 {name} 对表 {table} 有不该有的权限：{privileges}。",
        "The account {name} may do on {table} what nobody should: {privileges}.",
        "由所有者收回：REVOKE … ON {table} FROM {name}。",
        "Let the owner take that back: REVOKE … ON {table} FROM {name}",
    ),
    "others_unknown": (
        "此账号看不到其他账号的权限。",
        "This account may not see what other accounts may do.",
        "分别以应用程序和审计账号运行 kfq doctor，或由数据库管理员查看授权。",
        "Run kfq doctor with the application's and the auditors' account, too, or ask the database's administrator.",
    ),
    "powers": (
        "账号 {name} 有能绕过表权限的权力：{powers}。",
        "The account {name} has powers that pass grants by: {powers}.",
        "应用程序和审计账号都不得有；由数据库管理员收回。",
        "Neither the application nor an auditor may have them; let the database's administrator take them back.",
    ),
    "no_powers": ("账号 {name} 没有能绕过表权限的权力。", "The account {name} has no power that passes grants by."),
    "schema_create": (
        "账号 {name} 能在日志所在的模式中建表。",
        "The account {name} may create tables in the log's schema.",
        "收回：REVOKE CREATE ON SCHEMA … FROM {name}（或 FROM PUBLIC）。",
        "Take that back: REVOKE CREATE ON SCHEMA … FROM {name} (or FROM PUBLIC).",
    ),
    "application_owns": (
        "能写入记录的账号 {name} 同时是所有者（{owner}）或超级用户。",
        "The account {name}, which may add entries, is also the owner ({owner}) or a superuser.",
        "应用程序须用另一个账号。",
        "The application must have an account of its own.",
    ),
    "owners": (
        "日志的表属于几个账号：{owner}。",
        "The log's tables have several owners: {owner}.",
        "改为一个所有者：ALTER TABLE … OWNER TO …。",
        "Give all to one: ALTER TABLE … OWNER TO …",
    ),
    "no_application": (
        "除所有者（{owner}）外没有账号能写入：应用程序在用所有者的账号。",
        "Nobody but the owner ({owner}) may add entries: the application runs as the owner.",
        "为应用程序另建账号，见《Operate》的“三个数据库角色”。",
        "Make a role for the application: docs/how-to/operate.md, three database roles.",
    ),
    "separate": (
        "表属于 {owner}，能写入的是 {writers}，两者分开。",
        "The tables belong to {owner}; {writers} may add entries.",
    ),
    # SQLite's file
    "sqlite_reads": ("账户 {name} 只能读取此文件。", "The account {name} can only read the file."),
    "sqlite_writes": (
        "SQLite 没有账号：能写此文件的（此处为 {name}）什么都能做。",
        "SQLite has no accounts: whoever can write the file ({name} here) may do everything.",
        "文件归服务自己的账户所有；审计人员读取只读的副本。须分开所有者与应用程序的，用 PostgreSQL 或 MariaDB。",
        "Keep it with the service's own account and give auditors a copy to read; to keep owner and application apart, "
        "use PostgreSQL or MariaDB.",
    ),
    "sqlite_memory": (
        "数据库在内存中，不在文件里。",
        "The database is in memory, not in a file.",
        "只用于试验。",
        "For trials only.",
    ),
    "file_unknown": (
        "无法查看文件 {path}（{reason}）。",
        "The file {path} cannot be looked at ({reason}).",
        "以能进入该文件夹的账户运行。",
        "Run this with an account that may enter the folder.",
    ),
    "file_open": (
        "文件 {path}（{mode}）可被其他账户改写。",
        "The file {path} ({mode}) can be written by other accounts.",
        "chmod 600 {path}，并核验日志。",
        "chmod 600 {path}, and verify the log.",
    ),
    "file_readable": (
        "文件 {path}（{mode}）可被所有账户读取，其中有意见和姓名的明文。",
        "The file {path} ({mode}) can be read by every account, opinions and names included.",
        "执行：chmod 600 {path}",
        "chmod 600 {path}",
    ),
    "file_closed": ("文件 {path}（{mode}）不向其他账户开放。", "The file {path} ({mode}) is closed to others."),
    "file_sound": (
        "SQLite 自己的检查（integrity_check）未发现文件有损坏。",
        "SQLite's own check (integrity_check) finds no damage in the file.",
    ),
    "file_damaged": (
        "SQLite 自己的检查（integrity_check）发现文件已损坏：{reason}",
        "SQLite's own check (integrity_check) finds the file damaged: {reason}",
        "停止写入，用 kfq verify 核验，并从备份恢复。",
        "Stop writing, run kfq verify, and restore from a backup.",
    ),
    "folder_open": (
        "文件夹 {path}（{mode}）可被其他账户改写：文件可被换掉。",
        "The folder {path} ({mode}) can be written by other accounts: they could exchange the file.",
        "执行：chmod 700 {path}",
        "chmod 700 {path}",
    ),
}

#: What whoever owns the database can still do, and what finds it.
_LIMITS: dict[str, tuple[str, str]] = {
    "file": (
        "能写此文件的任何人就是所有者：系统管理员、备份软件、服务账户本身。",
        "Whoever can write the file is an owner: the system's administrator, backup software, the service's account.",
    ),
    "server": (
        "所有者不只是数据库账号：超级用户和服务器的系统管理员也是，他们可以直接改写数据文件。",
        "Owners are not only the owning role: superusers, and the machine's administrators, who can edit its files.",
    ),
    "triggers": (
        "可以停用或删去触发器，改动任何记录，再放回触发器。",
        "They can disable or drop the triggers, change any entry, and put the triggers back.",
    ),
    "rewrite": (
        "可以把改动之后的一切重新计算散列、重新封存：此后 kfq verify 什么也发现不了。",
        "They can hash everything after the change anew and seal it anew: kfq verify then finds nothing.",
    ),
    "cut": (
        "可以截去最新的记录，或把一个实例连同其全部记录删去。",
        "They can cut off the newest entries, or remove an instance with all that it has.",
    ),
    "replace": (
        "可以用另一个自洽的数据库整个换掉它，或给两名审计人员看两份历史。",
        "They can put another consistent database in its place, or show two auditors two histories.",
    ),
    "clock": (
        "可以拨动数据库的时钟：记录的时刻只保证不倒退。",
        "They can set the database's clock: the times of entries are only sure not to run back.",
    ),
    "name": (
        "可以让应用程序以任何人的名义办理：日志记下的是应用程序所说的办理人。",
        "They can let the application act in anybody's name: the log records who the application says it was.",
    ),
    "read": ("可以读取全部意见、姓名和备注。", "They can read every opinion, name and note."),
    "newer": (
        "比库内留存的最新检查点新的 {newer} 条记录，没有任何证明可以覆盖。",
        "The {newer} entries that are newer than the newest checkpoint kept here are covered by no proof at all.",
    ),
    "outside": (
        "改写、截去、删除和替换，只有存放在库外、由他人保管的检查点（kfq verify --anchor）才能发现。",
        "Rewriting, cutting, removing and replacing show only against checkpoints that others keep outside "
        "(kfq verify --anchor).",
    ),
}

_ITEMS |= SETTINGS

DOCTOR: dict[str, tuple[str, str]] = {f"doctor.{code}": (each[0], each[1]) for code, each in _ITEMS.items()}
DOCTOR |= {f"doctor.{code}.do": each[2:] for code, each in _ITEMS.items() if len(each) > 2}  # noqa: PLR2004 - has advice
DOCTOR |= {f"doctor.limit.{code}": each for code, each in _LIMITS.items()}
