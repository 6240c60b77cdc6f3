"""What is said of recoveries after a restore, and of a signer who must be told, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English)
RECOVERY: dict[str, tuple[str, str]] = {
    "recover_none": (
        "须给出恢复之前最后发布的检查点（--checkpoint）；没有文件时，签名密钥旁的 .seen 文件里有其内容。",
        "Give the last checkpoint that was published before the restore (--checkpoint); where its file is lost, the "
        "file .seen beside the signer's key has what it said.",
    ),
    "recover_fork": (
        "所给的检查点中，有两个对大小 {size} 给出不同的根：先查明原因。",
        "Two of the checkpoints say different roots of size {size}: find out why first.",
    ),
    "recover_nothing": (
        "没有丢失记录：日志的前 {size} 条正是该检查点所述的。无须登记恢复。",
        "Nothing was lost: the first {size} entries are those of the checkpoint. There is nothing to recover.",
    ),
    "recover_kept": (
        "恢复所得的大小不能是 {kept}：应为某次封存之后的大小，且在上一次登记的恢复之后（日志树现有 {size} 条）。"
        "各次封存见：kfq history '~log'。",
        "The backup cannot have brought back {kept} entries: it must be the size after a seal, and after the recovery "
        "before (the tree has {size}). The seals are in: kfq history '~log'",
    ),
    "recover_kept_all": (
        "检查点有 {size} 条，而保留的有 {kept} 条：没有丢失。恢复之后又封存过的，用 --kept 给出恢复所得的大小，"
        "见 kfq history '~log'。",
        "The checkpoint has {size} entries and {kept} are left, so that none was lost. If the log was sealed again "
        "since the restore, give the size that the backup brought back with --kept; see kfq history '~log'",
    ),
    "recover_other_log": (
        "检查点是另一个日志的（{origin}），本日志为 {expected}。",
        "The checkpoint is of another log ({origin}, not {expected}).",
    ),
    "recover_known": (
        "大小为 {size} 的这个检查点，此前的恢复已经登记过。",
        "A recovery has named this checkpoint of {size} entries before.",
    ),
    "signer_unexplained": (
        "拒绝签名：检查点自称第 {number} 代，而日志中没有与之相符的恢复记录。联署时须能读取数据库。",
        "Refused: the checkpoint says incarnation {number}, and the log shows no recovery that began it. A cosigner "
        "must be able to read the database for this.",
    ),
    "signer_unnamed": (
        "拒绝签名：此密钥签过 {origin} 的 {old} 条，而恢复记录所列丢失的检查点（{named}）中没有它。",
        "Refused: this key has signed {old} entries of {origin}, and no recovery names that checkpoint as lost (named: "
        "{named}).",
    ),
    "signer_recovered": (
        "日志称曾从备份恢复（第 {number} 代）：保留 {kept} 条，丢失 {lost} 条；此密钥签过 {old} 条。"
        "截去末尾的人也会这样说。"
        "确知有过恢复的，加 --recovered 再签。",
        "The log says that it was restored from a backup (incarnation {number}): {kept} entries are left, {lost} are "
        "lost, and this key has signed {old}. Whoever cut its tail would say so, too. If you know of the restore, sign "
        "with --recovered.",
    ),
    "signer_superseded": (
        "拒绝签名：此密钥已签过第 {newest} 代，而这是第 {number} 代：同一日志只能有一个延续。",
        "Refused: this key has signed incarnation {newest}, and this is incarnation {number}: a log goes on in one "
        "line only.",
    ),
}

#: Findings about recoveries, code → (Chinese, English)
FOUND: dict[str, tuple[str, str]] = {
    "tree.recovered": (
        "曾从备份恢复，此后为第 {number} 代：第 {of} 代保留 {kept} 条，第 {first} 至 {last} 条已丢失。",
        "The log was restored from a backup and is incarnation {number} since: of incarnation {of}, {kept} entries are "
        "left, and entries {first} to {last} were lost.",
    ),
    "tree.recovery_number": (
        "恢复记录自称第 {found} 代，而此前已是第 {before} 代。",
        "The recovery says incarnation {found}, and the log was in incarnation {before} before.",
    ),
    "tree.recovery_kept": (
        "恢复记录所说保留的 {size} 条，与日志树不符：不是此前某次封存之后的样子。",
        "The recovery says that {size} entries were left, and that is not the tree after any seal before it.",
    ),
    "tree.recovery_origin": (
        "恢复记录所列的检查点不是本日志此前各代的（{origin}）。",
        "The recovery names a checkpoint that is not of an earlier incarnation of this log ({origin}).",
    ),
    "tree.recovery_nothing": (
        "恢复记录所列的检查点有 {size} 条，而保留的有 {kept} 条：没有丢失任何记录。",
        "The recovery names a checkpoint of {size} entries and says that {kept} were left: nothing was lost.",
    ),
    "tree.recovery_unproved": (
        "恢复记录所列的检查点（{size} 条）没有受信任密钥签名的副本：其存在只凭经办人所述。",
        "No copy of the checkpoint of {size} entries that the recovery names is signed by a trusted key: that it "
        "existed rests on the word of whoever recovered the log.",
    ),
    "anchor.lost": (
        "{label}：第 {first} 至 {last} 条在恢复备份时丢失；此锚点不能证明现存的记录。",
        "{label}: entries {first} to {last} were lost in a recovery; this anchor proves nothing of what is left.",
    ),
}

#: The same of a checkpoint that the log keeps (tree) and one that was held outside (anchor).
EITHER: dict[str, tuple[str, str]] = {
    "incarnation_missing": (
        "{label} 是第 {number} 代的，而日志只到第 {found} 代：又恢复了更旧的备份，或截去了恢复记录。",
        "{label} is of incarnation {number}, and the log knows only {found}: an older backup was restored since, or "
        "the recovery was cut off.",
    ),
    "loss_unnamed": (
        "{label} 有 {size} 条，而恢复记录只说丢失到第 {named} 条（保留 {kept} 条）：瞒报了丢失的记录。",
        "{label} has {size} entries, and recoveries say that entries up to {named} were lost ({kept} are left): they "
        "keep silent about the rest.",
    ),
    "recovery_false": (
        "恢复记录称 {label} 所述的第 {kept} 条以后已丢失，而其 {size} 条全都在。",
        "A recovery says that the entries of {label} after {kept} were lost, and all {size} are there.",
    ),
    "recovery_overstated": (
        "恢复记录称只保留 {kept} 条，而 {label} 所述的 {size} 条全都在。",
        "A recovery says that {kept} entries were left, and all {size} of {label} are there.",
    ),
}

RECOVERY |= {f"finding.{code}": pair for code, pair in FOUND.items()}
RECOVERY |= {f"finding.{layer}.{code}": pair for layer in ("tree", "anchor") for code, pair in EITHER.items()}
