"""What people read for the library's own verbs, where a refusal names one."""

from __future__ import annotations

#: Name of an act → Chinese. In English its name is the word.
_VERBS = {
    "start": "发起", "adopt": "补记", "annotate": "备注", "amend": "修改属性", "extend": "延期", "waive": "豁免回避",
    "suspend": "挂起", "resume": "恢复", "void": "作废", "reinstate": "撤销作废", "approve": "同意", "reject": "不同意",
    "abstain": "弃权", "retract": "收回", "transfer": "转办", "delegate": "征求意见", "reply": "答复意见",
    "add_signer": "加签", "remove_signer": "减签", "return": "退回", "withdraw": "撤回", "urge": "催办", "copy": "抄送",
    "read": "已阅", "grant_proxy": "授权代理", "revoke_proxy": "撤销代理", "rectify": "更正", "redact": "删除文字",
    "confirm": "确认", "decline": "否决", "rule": "规定更正与删除的权限", "enroll": "登记办理人", "define": "登记流程",
    "publish": "公布工作日历", "recover": "登记恢复",
}  # fmt: skip

#: Acts that are called by a workflow's trigger, whatever that is called.
_BY_TRIGGER = frozenset({"fired", "opened"})


def verb(kind: str, name: str, lang: str = "en") -> str | None:
    """Return what people read for an act of this kind; None where its name is not a verb but a workflow's trigger."""
    if kind in _BY_TRIGGER or name not in _VERBS:
        return None
    return _VERBS[name] if lang == "zh" else name.replace("_", " ")
