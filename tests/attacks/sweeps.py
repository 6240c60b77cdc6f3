"""Each byte: one character of a column changed in every row, at many offsets in turn."""

from tests.attacks.model import Sweep

_LEAF = "bytes leaf"
SWEEPS = (
    *(
        Sweep(f"bytes of entry {column}", f"记录的 `{column}` 列任一字节", f"any byte of an entry's `{column}`", "entry", column, _LEAF)
        for column in ("body", "kind", "actor", "via", "req", "def", "prev", "leaf")
    ),
    Sweep("bytes of text value", "文字的任一字节", "any byte of a text", "text", "value", "text differs"),
    Sweep("bytes of text salt", "盐的任一字节", "any byte of a salt", "text", "salt", "text differs"),
    Sweep("bytes of text field", "栏目名的任一字节", "any byte of a text's field", "text", "field", "text uncommitted"),
    Sweep("bytes of document", "定义、名称、日历的任一字节", "any byte of rules, labels or a calendar", "document", "body",
          "document digest", ()),
    Sweep("bytes of snapshot", "快照的任一字节", "any byte of a snapshot", "instance", "snapshot", "cache snapshot", ("key", "seq")),
    Sweep("bytes of head", "末条散列的任一字节", "any byte of a head", "instance", "head", "cache head", ("key", "seq")),
    Sweep("bytes of leaf", "已封存的叶的任一字节", "any byte of a sealed leaf", "leaf", "leaf", "tree leaf_differs"),
    Sweep("bytes of node", "结点的任一字节", "any byte of a node", "leaf", "node", "tree node_differs", None),
    Sweep("bytes of sealed", "封存状态的任一字节", "any byte of what is sealed", "sealed", "leaf", "cache sealed_differs"),
    Sweep("bytes of checkpoint", "日志所存检查点的任一字节", "any byte of a checkpoint that the log keeps", "checkpoint", "note",
          "tree", (), "trusting"),
)  # fmt: skip
