"""What a verification did not check, in Chinese and in English: the command line and reports say it alike."""

from __future__ import annotations

#: code → (Chinese, English): the whole of what was not checked, or the kind of what a name follows.
UNCHECKED: dict[str, tuple[str, str]] = {
    "caches": ("实例表", "the table of present states"),
    "triggers": ("触发器", "triggers"),
    "trigger": ("触发器", "trigger"),
    "other instances": ("其他实例", "other instances"),
    "signatures": ("检查点的签名", "the signatures of checkpoints"),
    "tree": ("日志树", "the tree"),
    "version": ("记录版本", "version"),
    "suite": ("算法套件", "suite"),
    "kind": ("记录种类", "kind"),
    "anchor": ("锚点", "anchor"),
    "rules language": ("规则语言", "rules language"),
    "missing texts": ("缺失的文字", "missing texts"),
    "texts": ("文字", "texts"),
    "replay": ("各步是否合规", "whether the moves were allowed"),
    "earlier entries": ("此前的记录", "earlier entries"),
    "cited": ("所引而未出示的实例", "what rests on an instance that is not shown,"),
    "actor": ("未出示的办理人", "an actor that is not shown,"),
    "later": ("是否另有更晚的记录：", "whether there are later entries of"),
    "ends": ("截至锚点时各链是否完整：", "whether nothing was left out of what is covered by"),
    "before": ("锚点之时是否已有记录：", "whether there were entries, when the anchor was made, of"),
    "hidden": ("其间封存而未出示的记录数", "entries sealed in between that are not shown:"),
    "unsealed": ("未封存、无从证明的记录数", "entries that are not sealed, and so not proved:"),
    "bundle": ("核验包版本", "version of bundles"),
}
_HEADS = ("最早 {} 次封存所记的各链末条", "the heads that the oldest seals say ({} of them)")
_SINCE = (
    "{} 条记录（{} 个实例，在 {} 之后没有新记录）及其文字、现状未重新读取",
    "{} entries of {} instances that have nothing newer than {} were not read again, nor were their texts and states",
)


def unchecked(what: str, lang: str) -> str:
    """Return what was not checked, an item of `Report.not_checked`, in a language; an unknown one as it is."""
    side = 0 if lang == "zh" else 1
    kind, space, name = what.partition(" ")
    if what in UNCHECKED:
        return UNCHECKED[what][side]
    if kind == "heads":
        return _HEADS[side].format(name)
    if kind == "since":
        return _SINCE[side].format(*name.split(" ", 2))
    return UNCHECKED[kind][side] + space + name if kind in UNCHECKED else what
