"""What the commands of correcting and erasing say, in Chinese and in English."""

from __future__ import annotations

#: code → (Chinese, English)
PHRASES: dict[str, tuple[str, str]] = {
    "kind.proposed": ("提议", "proposed"),
    "kind.rectified": ("更正", "rectified"),
    "kind.redacted": ("删除文字", "redacted"),
    "kind.declined": ("不同意提议", "declined"),
    "kind.ruled": ("规定更正与删除", "ruled"),
    "relied": ("以下记录依据它：", "These entries rest on it:"),
    "relied.none": ("没有记录依据它。", "No entry rests on it."),
    "copies": ("同样的文字还见于（不随之删除）：", "The same words also stand here, and are not erased with it:"),
    "dry.proposal": ("可以办理。这只是试算，什么都没有写入。", "Allowed. Only tried, nothing was written."),
    "next.confirm": (
        "尚未生效：须由另一人确认：kfq confirm {key} {seq} --actor ID",
        "Nothing has changed yet: somebody else must confirm it, with: kfq confirm {key} {seq} --actor ID",
    ),
    "next.effective": (
        "更正后的记录：kfq history {key} --effective；完整记录保留两者：kfq history {key}",
        "The history as corrected: kfq history {key} --effective; the full one keeps both: kfq history {key}",
    ),
    "next.scrub": (
        "已从表中删除。数据库文件中的残留由表的所有者清除：kfq scrub",
        "It is gone from the table. What is left of it in the database's files the tables' owner takes out with: "
        "kfq scrub",
    ),
    "struck": ("此事并未发生", "the act did not take place"),
    "verified.redacted": ("已删除的文字：{count} 处，各有记录为据。", "Redacted texts: {count}, each by an entry."),
    "fact.rectify": ("更正", "corrections"),
    "fact.redact": ("删除文字", "erasures"),
    "fact.apart": ("须为不同单位", "of different organisations"),
    "redacted": ("（已删除，见第 {seq} 条）", "(redacted by entry {seq})"),
    "text.missing": (
        "（不在库中，也没有删除的记录：见 kfq verify）",
        "(missing, and no entry erased it: see kfq verify)",
    ),
    "struck_by": ("由第 {seq} 条撤销", "struck by entry {seq}"),
    "corrected_by": ("由第 {seqs} 条更正", "corrected by entry {seqs}"),
    "corrects": ("更正的记录号", "corrects entry"),
    "proposal": ("提议的记录号", "proposal, entry"),
    "document": ("文号", "document"),
    "erases": ("删除", "erases"),
    "policy.rectify.propose": ("提议更正的角色", "may propose corrections"),
    "policy.rectify.confirm": ("确认更正的角色", "may confirm corrections"),
    "policy.redact.propose": ("提议删除的角色", "may propose erasures"),
    "policy.redact.confirm": ("确认删除的角色", "may confirm erasures"),
    "policy.apart": ("须为不同单位", "of different organisations"),
    "policy.nobody": ("无人", "nobody"),
    "scrub.file": ("重写数据库文件：", "The database file was written anew: "),
    "scrub.wal": ("清空预写日志：", "The write-ahead log was emptied: "),
    "scrub.table": ("重写文字表：", "The table of texts was written anew: "),
    "scrub.statistics": ("重写统计信息：", "The planner's statistics were written anew: "),
    "scrub.log": ("检查点及新的日志段：", "A checkpoint, and a new segment of the write-ahead log: "),
    "scrub.done": ("完成", "done"),
    "scrub.not_done": ("未完成（{reason}）", "not done ({reason})"),
    "scrub.left.sqlite": (
        "仍会留有：此前的备份、副本、导出的文件，以及磁盘上已释放的块。",
        "It may still stand in backups, copies and exports made before, and in blocks that the disk has freed.",
    ),
    "scrub.left.postgresql": (
        "仍会留有：预写日志（至被覆盖为止）及其归档、从库、此前的备份和导出的文件。",
        "It still stands in the write-ahead log until that is written over, in its archive, in replicas that have not "
        "followed, and in backups and exports made before.",
    ),
    "scrub.left.mariadb": (
        "仍会留有：重做日志（至被覆盖为止）、二进制日志、从库、此前的备份和导出的文件。",
        "It still stands in the redo log until that is written over, in the binary log, in replicas that have not "
        "followed, and in backups and exports made before.",
    ),
}
