"""Phrases about recoveries, accounts and what `kfq doctor` prints, in Chinese and in English: a part of `words`."""

from __future__ import annotations

#: code → (Chinese, English)
WATCH: dict[str, tuple[str, str]] = {
    "kind.recovered": ("恢复登记", "recovered"),
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
        "Checkpoints are of {origin} from now on; signer and cosigners confirm once with --recovered. Tell the auditors.",
    ),
}
