"""What `kfq doctor` says of each item and what to do about it, in Chinese and in English, by code."""

from __future__ import annotations

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
        "chmod 600 {path}",
        "chmod 600 {path}",
    ),
    "file_closed": ("文件 {path}（{mode}）不向其他账户开放。", "The file {path} ({mode}) is closed to others."),
    "folder_open": (
        "文件夹 {path}（{mode}）可被其他账户改写：文件可被换掉。",
        "The folder {path} ({mode}) can be written by other accounts: they could exchange the file.",
        "chmod 700 {path}",
        "chmod 700 {path}",
    ),
    # settings
    "durable": ("{name} = {value}", "{name} = {value}"),
    "setting_unknown": (
        "看不到设置 {name}。",
        "The setting {name} cannot be seen.",
        "请数据库管理员查看。",
        "Ask the database's administrator.",
    ),
    "sqlite_immutable": (
        "文件以 immutable=1 打开：尚未写入文件本身的内容看不到。",
        "The file is opened with immutable=1: what was not yet written into the file itself is not seen.",
        "副本须由 SQLite 制作（VACUUM INTO）。",
        "Have the copy made by SQLite (VACUUM INTO).",
    ),
    "sqlite_journal": (
        "{name} = {value}：读取与写入会互相等待。",
        "{name} = {value}: readers and a writer wait for each other.",
        "以可写的账户运行 PRAGMA journal_mode = WAL；只读的副本可不管。",
        "Run PRAGMA journal_mode = WAL with an account that may write; of no account in a copy to read.",
    ),
    "sqlite_foreign_keys": (
        "此连接的 {name} 为 {value}：没有记录的状态不会被拒绝。",
        "{name} is {value} on this connection: a state without its entry would not be refused.",
        "应用程序用 open_database 打开，或在每个连接上执行 PRAGMA foreign_keys = ON。",
        "Open the database with open_database, or run PRAGMA foreign_keys = ON on every connection.",
    ),
    "sqlite_synchronous": (
        "{name} = {value}：断电可能丢失最后提交的记录。",
        "{name} = {value}: a power cut may lose the last commits.",
        "设为 FULL。",
        "Set it to FULL.",
    ),
    "sqlite_secure_delete": (
        "{name} = {value}：删除的文字仍留在文件里。",
        "{name} = {value}: text that is erased stays in the file.",
        "删除个人信息之前设为 ON，删除之后截断 WAL。",
        "Set it to ON before any text is erased, and truncate the WAL afterwards.",
    ),
    "pg_not_durable": (
        "{name} = {value}：崩溃后数据库可能损坏。",
        "{name} = {value}: a crash may leave the database damaged.",
        "在 postgresql.conf 中设为 on。",
        "Set it to on in postgresql.conf.",
    ),
    "pg_commit_lost": (
        "{name} = {value}：崩溃会丢失已告知成功的记录，回执便落空。",
        "{name} = {value}: a crash loses acts whose receipts were given out.",
        "为应用程序的账号设为 on。",
        "Set it to on for the application's account.",
    ),
    "pg_no_checksums": (
        "{name} = {value}：磁盘的错误要到核验时才会发现。",
        "{name} = {value}: what a disk spoils shows only when the log is verified.",
        "停机后运行 pg_checksums --enable。",
        "Stop the server and run pg_checksums --enable.",
    ),
    "pg_replica": (
        "{name} = {value}：此会话中普通触发器和外键不起作用（日志的触发器仍起作用）。",
        "{name} = {value}: ordinary triggers and foreign keys do nothing in this session (the log's triggers do).",
        "查明是谁设置的：ALTER ROLE、ALTER DATABASE 或连接选项。",
        "Find out who set it: ALTER ROLE, ALTER DATABASE, or the connection's options.",
    ),
    "pg_reads": (
        "{name} = {value}：log_statement = all 或 pgaudit 才会记下谁读取了什么。",
        "{name} = {value}: only log_statement = all, or pgaudit, puts on record who read what.",
    ),
    "my_not_strict": (
        "{name} = {value}：过长的值会被截断而不报错。",
        "{name} = {value}: values that are too long are cut silently.",
        "在 sql_mode 中加入 STRICT_TRANS_TABLES。",
        "Add STRICT_TRANS_TABLES to sql_mode.",
    ),
    "my_flush": (
        "{name} = {value}：崩溃会丢失最后一秒已告知成功的记录。",
        "{name} = {value}: a crash loses the last second's acts, whose receipts were given out.",
        "设为 1。",
        "Set it to 1.",
    ),
    "my_doublewrite": (
        "{name} = {value}：崩溃后页可能损坏。",
        "{name} = {value}: a crash may leave pages torn.",
        "设为 ON，除非文件系统保证整页写入。",
        "Set it to ON, unless the file system writes whole pages.",
    ),
    "my_foreign_keys": (
        "{name} = {value}：没有记录的状态不会被拒绝，TRUNCATE 也不会。",
        "{name} = {value}: a state without its entry would not be refused, nor a TRUNCATE.",
        "设为 1，并查明是谁关闭的。",
        "Set it to 1, and find out who turned it off.",
    ),
    "my_binlog": (
        "{name} = {value}：崩溃后二进制日志可能少于数据库，副本随之缺少记录。",
        "{name} = {value}: after a crash the binary log, and replicas, may lack entries.",
        "设为 1。",
        "Set it to 1.",
    ),
    "my_reads": (
        "server_audit 插件才会记下谁读取了什么。",
        "Only the plugin server_audit puts on record who read what.",
    ),
    "my_collation": (
        "表 {table} 的列 {column} 用 {value} 比较：不同的键可能被当成同一个。",
        "The column {column} of {table} compares by {value}: two keys may be taken for one.",
        "改回 utf8mb4_nopad_bin；先查明是谁改的。",
        "Put it back to utf8mb4_nopad_bin; find out first who changed it.",
    ),
    "my_engine": (
        "表 {table} 的引擎是 {value}：不能与其他表一起提交或回滚。",
        "The table {table} is {value}: it does not commit and roll back with the others.",
        "改回 InnoDB；先查明是谁改的。",
        "Put it back to InnoDB; find out first who changed it.",
    ),
    # clocks
    "clock": (
        "数据库的时钟与本机相差 {seconds} 秒。",
        "The database's clock and this machine's differ by {seconds} s.",
    ),
    "clock_ahead": (
        "数据库的时钟比本机快 {seconds} 秒。",
        "The database's clock is {seconds} s ahead of this machine's.",
        "核对两台机器的时间同步（chrony、NTP）；记录的时刻以数据库的时钟为准。",
        "See that both are synchronised (chrony, NTP); entries are stamped by the database's clock.",
    ),
    "clock_behind": (
        "数据库的时钟比本机慢 {seconds} 秒。",
        "The database's clock is {seconds} s behind this machine's.",
        "核对两台机器的时间同步（chrony、NTP）；记录的时刻以数据库的时钟为准。",
        "See that both are synchronised (chrony, NTP); entries are stamped by the database's clock.",
    ),
    "clock_back": (
        "最新的记录比数据库的时钟晚 {seconds} 秒：时钟曾被拨快或拨回。",
        "The newest entry is {seconds} s later than the database's clock: the clock was set forward, or back.",
        "先校准时钟；在它赶上之前，新记录都取最新记录的时刻。查明是谁拨的。",
        "Set the clock right; until it catches up, entries keep the newest one's time. Find out who set it.",
    ),
    "clock_newest": ("最新的记录是 {age} 前的。", "The newest entry is {age} old."),
    "offset": (
        "日志的一天以 UTC{log} 计，本机为 UTC{here}。",
        "Days begin at UTC{log}; this machine is at UTC{here}.",
    ),
    "zone": (
        "会话时区 {value}；记录存的是 UTC 微秒，与它无关。",
        "The session's time zone is {value}; entries hold µs of UTC and do not depend on it.",
    ),
    # sealing
    "sealed": (
        "日志树有 {size} 条，最近一次封存在 {age} 前；{open} 条尚未封存。",
        "The tree has {size} entries, sealed {age} ago; {open} are not sealed yet.",
    ),
    "seal_old": (
        "最近一次封存在 {age} 前（{size} 条）；{open} 条尚未封存。",
        "The newest seal is {age} old ({size} entries); {open} are not sealed.",
        "定时运行 kfq seal，例如每小时一次。",
        "Run kfq seal regularly, such as every hour.",
    ),
    "never_sealed": (
        "从未封存：{open} 条记录都不在日志树中。",
        "Nothing was ever sealed: none of {open} entries is in the tree.",
        "运行 kfq seal，此后每小时一次。",
        "Run kfq seal, and then every hour.",
    ),
    "checkpoint": (
        "库内留存的最新检查点有 {size} 条，封存于 {age} 前；{newer} 条比它新。",
        "The newest checkpoint that the log keeps is of {size} entries, sealed {age} ago; {newer} are newer.",
    ),
    "checkpoint_old": (
        "库内留存的最新检查点有 {size} 条，封存于 {age} 前；{newer} 条比它新，只受数据库权限保护。",
        "The newest checkpoint that the log keeps is of {size} entries, sealed {age} ago; {newer} newer ones are "
        "protected by the database only.",
        "以签名账户运行 kfq checkpoint，并送到库外。",
        "Run kfq checkpoint with the signer's account, and send it away.",
    ),
    "no_checkpoint": (
        "库内没有检查点：{newer} 条记录是否有库外的检查点，从这里看不出。",
        "The log keeps no checkpoint: whether any is held outside for its {newer} entries cannot be told from here.",
        "以签名账户运行 kfq checkpoint，并送到库外；用 --no-store 的，向签名人核实。",
        "Run kfq checkpoint with the signer's account and send it away; where --no-store is used, ask the signer.",
    ),
    "checkpoint_unreadable": (
        "库内留存的检查点（大小 {size}）无法读取。",
        "A checkpoint of size {size} that the log keeps cannot be read.",
        "运行 kfq verify。",
        "Run kfq verify.",
    ),
    "recovered": (
        "曾从备份恢复，此后为第 {number} 代：保留 {kept} 条，丢失 {lost} 条。",
        "The log was restored from a backup (incarnation {number}): {kept} entries were left, {lost} lost.",
        "确认审计人员已知情：kfq verify --anchor 会报告。",
        "See that the auditors know: kfq verify --anchor reports it.",
    ),
    # keys
    "key_not_named": (
        "没有指明签名密钥的文件。",
        "No file of a signing key was named.",
        "在签名人的机器上运行 kfq doctor --key FILE；再以应用程序的账户运行一次，应当读不到。",
        "Run kfq doctor --key FILE on the signer's machine, and again as the application, which must not read it.",
    ),
    "key_hidden": ("此账户不能进入密钥 {path} 所在的文件夹。", "This account may not even enter the folder of {path}."),
    "key_missing": (
        "无法查看密钥 {path}（{reason}）。",
        "The key {path} cannot be looked at ({reason}).",
        "核对路径。",
        "Check the path.",
    ),
    "key_loose": (
        "密钥 {path}（{mode}）对其他账户开放，或不是普通文件。",
        "The key {path} ({mode}) is open to other accounts, or is no plain file.",
        "chmod 600 {path}；可能已被读走的，换一把密钥。",
        "chmod 600 {path}; where somebody may have read it, use a new key.",
    ),
    "key_closed": ("密钥 {path}（{mode}）不向其他账户开放。", "The key {path} ({mode}) is closed to other accounts."),
    "key_folder": (
        "密钥所在的文件夹 {path}（{mode}）可被其他账户改写：密钥和它最后签过的内容可被换掉。",
        "The key's folder {path} ({mode}) can be written by other accounts: they could exchange the key, and what it "
        "has signed last.",
        "chmod 700 {path}",
        "chmod 700 {path}",
    ),
    "key_readable": (
        "应用程序的账户能读取密钥 {path}：它可以为自己改写的日志签名。",
        "The application's account can read the key {path}: it could sign a log that it rewrote.",
        "换一把密钥，放到另一台机器或另一个账户下。",
        "Make a new key, on another machine or under another account.",
    ),
    "key_unreadable": ("此账户读不到密钥 {path}。", "This account cannot read the key {path}."),
    "key_application": (
        "密钥 {path} 属于账户号 {owner}；应用程序的账户能否读取，从这里看不出。",
        "The key {path} belongs to the account number {owner}; whether the application's can read it cannot be told "
        "from here.",
        "在应用程序的机器上以其账户运行 kfq doctor --key {path}。",
        "Run kfq doctor --key {path} as the application, on its machine.",
    ),
    "key_no_memory": (
        "密钥 {path} 旁没有 .seen 文件：没有它，签名人认不出被截短或改写的日志。",
        "There is no .seen beside the key {path}: without it the signer does not notice a log that was cut.",
        "从未签过名的，不必理会；否则从备份恢复 .seen。",
        "Nothing to do where it has never signed; else bring .seen back from its backup.",
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

DOCTOR: dict[str, tuple[str, str]] = {f"doctor.{code}": (each[0], each[1]) for code, each in _ITEMS.items()}
DOCTOR |= {f"doctor.{code}.do": each[2:] for code, each in _ITEMS.items() if len(each) > 2}  # noqa: PLR2004 - has advice
DOCTOR |= {f"doctor.limit.{code}": each for code, each in _LIMITS.items()}
