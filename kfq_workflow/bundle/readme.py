"""What a bundle tells the people who open it, in Chinese and in English."""

from __future__ import annotations

_TEXT = """\
# 核验包 / Bundle

本包是审批记录，或其中一部分，连同证明。请勿只凭包内的说明判断。

1. 用自己的核验程序，不用包内的 `verify.py`：递交包的人也可以改动它。可以向另一家单位索取，或从 kfq-workflow 的
   发布版取得（`kfq_workflow/verify_bundle.py`，只用 Python 标准库），也可以照格式说明自己写。
2. 用自己保存的检查点，和另行取得的公钥：没有它们，只能看出记录前后一致，看不出记录是否被整体改写。
3. 运行：

       kfq verify --file 本包.zip --anchor 上次的检查点 --trust 公钥
       python verify.py 本包.zip --anchor 上次的检查点

   或先解包，对文件夹运行。
4. 看结论，也看“未核验”的各项：`manifest.json` 写明范围；不在包内的实例，只有散列值，其内容没有核验。

`log.jsonl` 每行一项，记录行就是参与散列的原文；意见、姓名等文字（如果放入）以明文附在后面，请按原件保管。

---

This is an approval log, or a part of one, with what proves it. Do not judge it by what it says of itself.

1. Use a verifier of your own, not the `verify.py` in here: whoever handed you the bundle could have changed it. Take
   it from another office, from a release of kfq-workflow (`kfq_workflow/verify_bundle.py`, Python's standard library
   only), or write one from the description of the format.
2. Use the checkpoint that you kept yourself, and the public key that you were given on another way. Without them you
   see that the log agrees with itself, and not whether all of it was written anew.
3. Run

       kfq verify --file BUNDLE.zip --anchor LAST.checkpoint --trust KEY
       python verify.py BUNDLE.zip --anchor LAST.checkpoint

   or unpack it first and give the folder.
4. Read the verdict, and what was not checked. `manifest.json` says what is in here; of instances that are not there
   are hashes only, and what they say was not checked.

Each line of `log.jsonl` is one thing, an entry's exactly the bytes that were hashed. Opinions and names, if they are
in it, follow in clear: keep the bundle as you keep the files themselves.
"""


def readme() -> str:
    """Return the text of `README.md`."""
    return _TEXT
