"""What is said of bundles, in Chinese and in English: errors by code, findings by `finding.LAYER.KIND`."""

from __future__ import annotations

#: code → (Chinese, English)
BUNDLES: dict[str, tuple[str, str]] = {
    "bundle_unreadable": (
        "无法读取核验包“{path}”（{reason}）。",
        "The bundle {path!r} cannot be read ({reason}).",
    ),
    "bundle_not_shown": (
        "核验包“{path}”无法显示：已损坏，或只含一段时间的记录，各实例并非从头开始。包内有什么，用 kfq verify --file 查看。",
        "What is in the bundle {path!r} cannot be shown: it is damaged, or of an interval, in which instances begin in the "
        "middle. kfq verify --file says what there is.",
    ),
    "bundle_anchors": (
        "一个核验包最多带 {most} 个检查点。",
        "A bundle takes {most} checkpoints along at most.",
    ),
    "bundle_other_log": (
        "“{path}”是另一个日志的检查点（{origin}），本日志为 {expected}；没有制作核验包。",
        "The checkpoint {path!r} is of another log ({origin}, not {expected}); no bundle was made.",
    ),
    "bundle_interval": (
        "区间为空：起点在终点之后。",
        "The interval is empty: it begins after its end.",
    ),
    "finding.bundle.container": (
        "文件自偏移 {offset} 起不是按核验包的格式打包的：被改动过，或重新打包过。可解包后对文件夹核验。",
        "From offset {offset} on the file is not packed as bundles are: it was altered, or packed again. "
        "Unpack it and verify the folder.",
    ),
    "finding.bundle.member_name": (
        "包内有不属于核验包的文件“{member}”，未读取。",
        "There is a file that is no part of a bundle, {member!r}; it was not read.",
    ),
    "finding.bundle.member_twice": ("包内有两个“{member}”。", "The file {member!r} is there twice."),
    "finding.bundle.member_size": (
        "“{member}”有 {size} 字节，上限为 {limit}，未读取。",
        "The file {member!r} has {size} bytes, the limit is {limit}; it was not read.",
    ),
    "finding.bundle.member_missing": (
        "缺少“{member}”，或清单没有列出。",
        "The file {member!r} is missing, or the manifest does not list it.",
    ),
    "finding.bundle.member_extra": (
        "“{member}”不在清单内，未读取。",
        "The manifest does not list the file {member!r}; it was not read.",
    ),
    "finding.bundle.member_differs": (
        "“{member}”与清单所记的大小、散列或校验和不符。",
        "The file {member!r} has not the size, the hash or the sum that are said of it.",
    ),
    "finding.bundle.manifest": ("清单不合格式（{reason}）。", "The manifest is not of the format ({reason})."),
    "finding.bundle.manifest_differs": (
        "清单的 {name} 为 {found}，实际为 {expected}。",
        "The manifest says {name} {found}; found was {expected}.",
    ),
    "finding.bundle.line": (
        "{member} 第 {line} 行无法读取（{reason}）。",
        "Line {line} of {member} cannot be read ({reason}).",
    ),
    "finding.bundle.scope": (
        "此记录不在清单所说的范围内。",
        "The entry does not belong to what the manifest says that the bundle has.",
    ),
    "finding.bundle.anchor": ("“{member}”不是检查点（{reason}）。", "The file {member!r} is no checkpoint ({reason})."),
    "finding.tree.position_twice": (
        "位置 {position} 被证明了两次，或证明的子树未对齐。",
        "Position {position} is covered twice, or by a tree that cannot be there.",
    ),
    "finding.tree.proof_differs": (
        "记录和所附散列算出的 {size} 条的根，不是清单所记的根。",
        "Entries and hashes lead to another root of {size} leaves than the manifest says.",
    ),
    "finding.tree.seal_missing": (
        "日志树（{size} 条）不以创世记录开始，或不以相应的封存记录结束。",
        "The tree of {size} leaves does not begin with the genesis or does not end with its seal.",
    ),
    "finding.tree.newest_missing": (
        "没有证明封存 {seal} 条时此链最新的一条是哪条。",
        "It is not proved which entry was this chain's newest when {seal} were sealed.",
    ),
    "finding.tree.newest_differs": (
        "关于封存 {seal} 条时此链最新一条的证明与封存记录或与此链不符。",
        "The proof of this chain's newest entry when {seal} were sealed fits the seal or the chain not.",
    ),
    "finding.tree.newest_orphan": (
        "证明所说的链或封存记录（{seal} 条）不在包内。",
        "There is a proof of a chain, or for a seal (of {seal}), that the bundle has not.",
    ),
    "finding.tree.entries_hidden": (
        "封存 {seal} 条时此链最新的一条是第 {newest} 条，包内没有：有记录被隐去。",
        "When {seal} were sealed, the newest entry of this chain was {newest}; the bundle hides entries.",
    ),
    "finding.tree.cited_unplaced": (
        "所引“{cited}”第 {number} 条没有证明在日志内。",
        "It cites entry {number} of {cited}, which is not proved to lie in the log.",
    ),
}
