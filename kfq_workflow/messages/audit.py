"""What is said of sealing, checkpoints and keys, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English)
AUDIT: dict[str, tuple[str, str]] = {
    "unknown_suite": (
        "日志的算法套件“{suite}”未知；本版本支持：{known}。",
        "The log's suite {suite!r} is not known; this version has: {known}.",
    ),
    "suite_differs": (
        "日志的算法套件是 {found}，不是 {wanted}；套件不可再改，请另建日志。",
        "The log's suite is {found}, not {wanted}; a suite is never changed, so make another log.",
    ),
    "sm3_missing": (
        "SM3 需要带 SM3 的 OpenSSL，或 cryptography 软件包；安装：pip install 'kfq-workflow[sign]'。",
        "SM3 needs an OpenSSL that has it, or the package cryptography; install it: pip install 'kfq-workflow[sign]'",
    ),
    "leaf_missing": (
        "日志树缺少位置 {position}：请运行 kfq verify。",
        "The tree over the log lacks position {position}: run kfq verify.",
    ),
    "sealed_wrong": (
        "表 {table} 与日志树不一致，无法封存：先运行 kfq verify 查明原因，再运行 kfq rebuild。",
        "The table {table} does not agree with the tree, so nothing can be sealed: run kfq verify, then kfq rebuild.",
    ),
    "signer_refused": ("拒绝签名。", "The signer refuses."),
    "signer_shrank": (
        "拒绝签名：此密钥签过 {old} 条，日志现在只有 {size} 条。末尾被截去，或恢复了旧备份。",
        "Refused: this key has signed {old} entries and the log now has {size}. Its tail was cut, or a backup restored.",
    ),
    "signer_forked": (
        "拒绝签名：日志（{size} 条）不是此密钥签过的 {old} 条的延续，已签过的记录被改动。",
        "Refused: the log ({size} entries) does not go on from the {old} that this key has signed; those were changed.",
    ),
    "signer_statement_bad": ("拒绝签名：密钥“{key}”的声明无效。", "Refused: the statement about {key!r} is not valid."),
    "signer_handover_second": (
        "拒绝签名：密钥“{key}”已交接给另一把密钥，见 kfq key list。",
        "Refused: the key {key!r} has handed over to another one already; see kfq key list.",
    ),
    "signer_handover_loop": (
        "拒绝签名：“{key}”不能交接给这条线上更早的密钥。",
        "Refused: the key {key!r} cannot hand over to one that came before it.",
    ),
    "signer_handover_revoked": (
        "拒绝签名：密钥“{key}”已作废，不能再交接。",
        "Refused: the key {key!r} is revoked and hands over no more.",
    ),
    "signer_revocation_foreign": (
        "拒绝签名：只有密钥“{key}”自己，或它交接后的密钥，才能使它作废。",
        "Refused: only the key {key!r} itself, or one that it has handed over to, can revoke it.",
    ),
    "cosign_untrusted": (
        "拒绝签名：检查点没有 --trust 所给密钥的签名。",
        "Refused: no key given with --trust has signed the checkpoint.",
    ),
    "checkpoint_bad": ("检查点无效（{reason}）。", "The checkpoint is not valid ({reason})."),
    "size_unknown": ("日志树没有 {size} 条（共 {found} 条）。", "The tree has no {size} entries (it has {found})."),
    "check_bad": (
        "“{check}”不是校验码：应为 26 个字符，只有字母和数字 2–7；这里有 {count} 个，不该有的：{wrong}。",
        "{check!r} is no check: it has 26 characters, letters and the digits 2 to 7. Here are {count}; "
        "none of them may be: {wrong}.",
    ),
    "check_altered": (
        "校验码是“{key}”第 {seq} 条记录的，但该记录其后被改动：内容与散列不符。请运行 kfq verify。",
        "This is the check of entry {seq} of {key!r}, which was altered since: what it says does not hash to it. "
        "Run: kfq verify",
    ),
    "check_bad.none": (
        "“{check}”不是校验码：应为 26 个字符，只有字母和数字 2–7（1 当作 I 或 L，至多四个）；这里有 {count} 个。",
        "{check!r} is no check: it has 26 characters, letters and the digits 2 to 7 (a 1 is read as I or L, four of them "
        "at most). Here are {count}.",
    ),
    "not_found.check": (
        "没有校验码为“{key}”的记录：抄写有误（易混：I 与 L、O 与 Q、S 与 5、Z 与 2、U 与 V），或记录已被改动、删除。",
        "No entry has the check {key!r}: it was copied wrongly (easily mistaken: I and L, O and Q, S and 5, Z and 2, "
        "U and V), or the entry was altered or removed.",
    ),
    "key_name": (
        "密钥名“{name}”无效：不能为空，不含空格和加号。",
        "The key's name {name!r} is not valid: not empty, no spaces, no plus.",
    ),
    "key_file": ("无法使用密钥文件“{path}”（{reason}）。", "The key file {path!r} cannot be used ({reason})."),
    "key_bad": ("“{path}”不是密钥文件。", "The file {path!r} is no key."),
    "key_open": (
        "密钥文件“{path}”须属于本账户且他人不可读：chmod 600。",
        "The key file {path!r} must be this account's own and closed to others: chmod 600.",
    ),
    "key_seen_bad": (
        "“{path}”损坏：其中是此密钥最后签过的内容；先查明原因。",
        "The file {path!r} is damaged; it holds what this key has signed last. Find out why first.",
    ),
    "key_suite": (
        "密钥“{key}”用于套件 {found}，日志的套件是 {suite}：用 kfq key new --suite {suite} 另建密钥。",
        "The key {key!r} is for suite {found} and the log's suite is {suite}: make one by kfq key new --suite {suite}.",
    ),
    "key_kind": ("密钥种类不对（{reason}）。", "The key is of the wrong kind ({reason})."),
    "trust_bad": ("“{key}”不是公钥。", "{key!r} is no public key."),
    "qr_too_long": (
        "检查点有 {size} 字节，放不进一个二维码（至多 2,331 字节）：请减少签名。",
        "The checkpoint has {size} bytes, too many for one QR code (2,331): let fewer keys sign it.",
    ),
    "qr_format": ("“{path}”的后缀应为 {known}。", "The name {path!r} must end in {known}."),
    "statement_bad": ("“{path}”不是密钥声明（{reason}）。", "The file {path!r} is no statement about keys ({reason})."),
    "anchor_bad": ("无法读取锚点“{path}”（{reason}）。", "The anchor {path!r} cannot be read ({reason})."),
    "signing_missing": (
        "签名需要 cryptography 软件包；安装：pip install 'kfq-workflow[sign]'。",
        "Signatures need the package cryptography; install it: pip install 'kfq-workflow[sign]'",
    ),
}
