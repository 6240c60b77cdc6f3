"""What is said of sealing, checkpoints and keys, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English)
AUDIT: dict[str, tuple[str, str]] = {
    "unknown_suite": (
        "日志的算法套件“{suite}”未知；本版本支持：{known}。",
        "The log's suite {suite!r} is not known; this version has: {known}.",
    ),
    "signing_missing": (
        "签名需要 cryptography 软件包；安装：pip install 'kfq-workflow[sign]'。",
        "Signatures need the package cryptography; install it: pip install 'kfq-workflow[sign]'",
    ),
}
