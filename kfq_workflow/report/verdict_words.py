"""What reports say of verification, in Chinese and in English."""

from __future__ import annotations

#: code → (Chinese, English)
VERDICTS: dict[str, tuple[str, str]] = {
    "verification": ("核验", "Verification"),
    "verdict.anchored": ("完整，且与锚点一致", "INTACT, anchored"),
    "verdict.self-consistent": ("自身一致，仅此而已", "SELF-CONSISTENT ONLY"),
    "verdict.incomplete": ("未能全部核验", "INCOMPLETE"),
    "verdict.tampered": ("已被改动", "TAMPERED"),
    "meaning.anchored": (
        "锚点所及的记录与锚点制作之时相同；其后的记录只受数据库权限保护。",
        "Up to the anchor kept outside the database, the log is as it was then; newer entries rest on the database only.",
    ),
    "meaning.self-consistent": (
        "所核验的记录彼此没有矛盾：逐条的摘要、前后链接、当时的规则、角色、日期和现状都对得上。"
        "这不等于证明没有人动过：能改写整个数据库的人，也能把一切重新算得前后一致。",
        "Nothing in what was checked contradicts anything else in it: digests, links, the rules and roles of the time, "
        "dates and present states all agree. That is no proof that nobody touched it: whoever can rewrite the whole "
        "database can also compute everything anew so that it agrees.",
    ),
    "meaning.incomplete": (
        "没有发现问题，但有些内容无法核验，下面列明。在补齐之前不要据此下结论。",
        "Nothing was found, but something could not be checked; it is listed below. Draw no conclusion until it is.",
    ),
    "meaning.tampered": (
        "至少有一处与当初写入的不同，下面逐一列明是哪一条、哪一层。请保全数据库，不要再写入。",
        "At least one thing is not as it was written; each is listed below with its entry and layer. Preserve the "
        "database and write nothing more to it.",
    ),
    "anchor": ("库外锚点", "Anchor outside"),
    "anchor.none": (
        "没有与库外的检查点比对。因此，整个日志被重新计算、最新的若干条被截去、整个案件被删除，都不能由本报告发现；"
        "只有事先留在库外的东西（检查点、回执、打印的报告、导出文件）才能对出来。",
        "None was compared. So this report cannot show that the whole log was computed anew, that the newest entries "
        "were cut off, or that a whole case was removed; only what was kept outside before (checkpoints, receipts, "
        "printed reports, exported files) can show it.",
    ),
    "anchor.held": (
        "与存放在库外的检查点“{label}”一致：前 {size} 条与该检查点作出之时相同，其后的 {newer} 条只受数据库权限保护。",
        "The log agrees with the checkpoint {label}, kept outside: its first {size} entries are what they were when that "
        "was made; the {newer} newer ones rest on the database only. ",
    ),
    "anchor.signed": ("检查点由 {names} 签名。", "It is signed by {names}. "),
    "anchor.through": ("签名密钥经交接受信任：{path}。", "The key is trusted through handovers: {path}. "),
    "anchor.whole": (
        "为此核验了整个日志，而不只是本报告所及的部分。",
        "The whole log was verified for this, not only what is reported on.",
    ),
    "head": ("最新一条的回执", "Receipt of the newest entry"),
    "head.about": (
        "请把它抄存于库外：日后对不上，就说明这条或之前的记录被改过。",
        "Keep it outside the database: should it differ one day, this entry or one before it was changed.",
    ),
    "checked": ("核验范围", "What was checked"),
    "scope": ("范围", "Scope"),
    "checked.of": (
        "{instances} 个实例的 {entries} 条记录",
        "{entries} entries of {instances} instances",
    ),
    "checked.one": ("本实例的 {entries} 条记录", "{entries} entries of this instance"),
    "decided": ("重新判定", "Decided again"),
    "decided.of": (
        "{decided} 步，其中参照其他实例 {witnessed} 步，依应用程序答复 {attested} 步",
        "{decided} moves, {witnessed} of them also from other instances, {attested} on answers of the application",
    ),
    "redacted": ("已删除的文字", "Redacted texts"),
    "redacted.of": ("{count} 处", "{count}"),
    "late_refused": ("补录与被拒", "Late and refused"),
    "late_refused.of": ("补录 {late} 条，被拒 {refused} 条", "{late} late, {refused} refused"),
    "not_checked": ("没有核验", "Not checked"),
    "nothing_left_out": ("无", "nothing"),
    "lost": ("恢复中的丢失", "Lost in a recovery"),
    "lost.of": (
        "曾从备份恢复：丢失已封存并发布的 {count} 条记录",
        "restored from a backup: {count} entries that were sealed and published are lost",
    ),
    "findings": ("发现的问题", "Findings"),
    "findings.count": ("发现 {count} 处", "findings: {count}"),
    "findings.none": ("没有发现问题。", "Nothing was found."),
    "findings.more": ("另有 {count} 处未列出。", "{count} more are not listed."),
    "finding.severity": ("程度", "Severity"),
    "finding.place": ("位置", "Place"),
    "finding.message": ("说明", "What it is"),
    "severity.error": ("错误", "error"),
    "severity.warning": ("提示", "warning"),
}
