"""What `kfq doctor` says of settings, clocks, seals and keys, in both languages: a part of `doctor_messages`."""

from __future__ import annotations

#: code → (Chinese, English), and where something is to be done (Chinese, English) of that
SETTINGS: dict[str, tuple[str, str] | tuple[str, str, str, str]] = {
    # settings
    "durable": ("设置 {name} = {value}", "{name} = {value}"),
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
    "clock_newest": ("最新的记录是 {age}前的。", "The newest entry is {age} old."),
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
        "执行：chmod 700 {path}",
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
