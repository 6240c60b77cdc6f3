"""The words in which it is said why something waits, in Chinese and in English, by code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: code → (Chinese, English)
WAITING: dict[str, tuple[str, str]] = {
    # Headings
    "gate": ("“{name}”正在审批（第 {round} 轮）", "{name} is under approval (round {round})"),
    "gate.blocked": (
        "“{name}”正在审批（第 {round} 轮），因挂起而停办",
        "{name} is under approval (round {round}), and stopped while it is suspended",
    ),
    "suspended": (
        "已挂起：恢复之前不能办理、不能签署",
        "SUSPENDED: until it is resumed nothing moves and nobody signs",
    ),
    "void": ("已作废：不能再办理", "VOID: nothing can be done any more"),
    "returned": (
        "“{name}”已退回（第 {round} 轮），等待改正后重新提交",
        "{name} was returned (round {round}) and waits to be corrected and submitted again",
    ),
    "rejected": (
        "“{name}”上一次审批（第 {round} 轮）未通过",
        "The last approval of {name} (round {round}) was rejected",
    ),
    "withdrawn": (
        "“{name}”上一次提交（第 {round} 轮）已撤回",
        "The last submission of {name} (round {round}) was withdrawn",
    ),
    "ended": ("“{name}”上一次审批（第 {round} 轮）已作废", "The last approval of {name} (round {round}) was voided"),
    "moves": ("没有进行中的审批，等待办理下列动作之一", "No approval is open. It waits for one of these moves"),
    "nothing": ("没有进行中的审批，现在也没有可以办理的动作", "No approval is open, and no move is possible now"),
    "closed": ("已终结，不等待任何人", "It is closed and waits for nobody"),
    # What a line is about
    "since": ("始于", "since"),
    "waits": ("等待", "waits for"),
    "behind": ("其后", "then"),
    "signed": ("已签", "voted"),
    "rule": ("规则", "rule"),
    "tally": ("目前", "so far"),
    "decides": ("如何定", "decided by"),
    "urged": ("催办", "urged by"),
    "opinions": ("征求意见", "asked"),
    "waived": ("豁免回避", "waived for"),
    "due": ("期限", "due"),
    "applicant": ("等待", "waits for"),
    "basis": ("依据", "on the basis of"),
    "lift": ("解除", "to lift it"),
    "possible": ("可办理", "possible"),
    "not_yet": ("尚不能", "not yet"),
    # Their values
    "since.by": ("{day}（第 {seq} 条记录），提交人：{by}", "{day} (entry {seq}), submitted by {by}"),
    "since.at": ("{day}（第 {seq} 条记录），经办：{by}", "{day} (entry {seq}), by {by}"),
    "task": ("任务 {task}：{who}{more}，自 {day}", "task {task}: {who}{more}, since {day}"),
    "task.voted": ("任务 {task}：{who}，{vote}，{day}", "task {task}: {who} {vote}, {day}"),
    "role": ("{label}（角色 {of}）", "{label} (role {of})"),
    "role.bare": ("角色 {of}", "role {of}"),
    "org": ("{of}（单位）", "anybody of {of}"),
    "person": ("{label}（{of}）", "{label} ({of})"),
    "more.veto": ("，有否决权", ", with a veto"),
    "more.weight": ("，权重 {weight}", ", weight {weight}"),
    "more.step": ("，第 {step} 步", ", step {step}"),
    "for": ("{by}（代 {principal}）", "{by} (for {principal})"),
    "approved": ("同意", "approved"),
    "voted.rejected": ("不同意", "rejected"),
    "abstained": ("弃权", "abstained"),
    "all": ("全部同意（会签），共 {of}", "all {of} must approve"),
    "any": ("一人同意即可（或签），共 {of}", "one approval is enough, of {of} asked"),
    "count": ("{of} 人中至少 {need} 人同意", "at least {need} of {of} must approve"),
    "ratio.bare": ("至少 {ratio} 同意", "at least {ratio} of those asked must approve"),
    "ratio.strict.bare": ("超过 {ratio} 同意", "more than {ratio} of those asked must approve"),
    "ratio": ("至少 {ratio} 同意（{of} 中的 {need}）", "at least {ratio} of those asked must approve ({need} of {of})"),
    "ratio.strict": (
        "超过 {ratio} 同意（{of} 中的 {need}）",
        "more than {ratio} of those asked must approve ({need} of {of})",
    ),
    "weight": (
        "同意的权重至少 {need}，总权重 {of}（票签）",
        "approvals of weight {need} in all, out of {of}",
    ),
    "opinions.only": ("听取意见：不论同意与否", "opinions only, whatever they are"),
    "need": ("签署人变更后须 {need}（共 {of}）", "since the signers changed, {need} of {of}"),
    "settled": (
        "先前 {count} 票同意继续有效，还须 {need}（共 {of}）",
        "{count} earlier approvals stand, {need} of {of} more are needed",
    ),
    "sequential": ("依次签署", "one after another"),
    "parallel": ("同时签署", "in any order"),
    "counts": ("弃权计入总数、不算同意", "an abstention counts among those asked and is no approval"),
    "excluded": ("弃权不计入总数", "an abstention is not counted among those asked"),
    "wait": ("人人签署后才有结果", "decided only when everybody has voted"),
    "papers": ("签署须附 {papers}", "every vote needs: {papers}"),
    "count.now": (
        "同意 {approve}，不同意 {reject}，弃权 {abstain}，待签 {open}（共 {of}）",
        "{approve} approved, {reject} rejected, {abstain} abstained, {open} to come (of {of})",
    ),
    "count.cast": (
        "同意 {approve}，不同意 {reject}，弃权 {abstain}",
        "{approve} approved, {reject} rejected, {abstain} abstained",
    ),
    "weight.cast": (
        "按权重：同意 {approve}，不同意 {reject}，弃权 {abstain}",
        "by weight: {approve} approved, {reject} rejected, {abstain} abstained",
    ),
    "weight.now": (
        "按权重：同意 {approve}，不同意 {reject}，弃权 {abstain}，待签 {open}（共 {of}）",
        "by weight: {approve} approved, {reject} rejected, {abstain} abstained, {open} to come (of {of})",
    ),
    "approve.one": ("再有 {count} 票同意{among}即通过", "{count} more approval{among} approves it"),
    "approve": ("再有 {count} 票同意{among}即通过", "{count} more approvals{among} approve it"),
    "approve.weight": (
        "再有权重 {weight} 的同意{among}即通过（至少 {count} 票）",
        "approvals of weight {weight} more{among} approve it (at least {count} votes)",
    ),
    "reject.one": ("再有 {count} 票不同意即不通过", "{count} more rejection rejects it"),
    "reject": ("再有 {count} 票不同意即不通过", "{count} more rejections reject it"),
    "reject.weight": (
        "再有至少 {count} 票不同意即不通过",
        "{count} more rejections, at the least, reject it",
    ),
    "among": ("（须含：{who}）", ", that of {who} among them,"),
    "among.one": ("（须是：{who}）", ", that of {who},"),
    "veto": ("一票否决：{who}", "a rejection by {who} rejects it (veto)"),
    "abstain.approved": ("再有 {count} 票弃权也即通过", "{count} more abstentions approve it as well"),
    "abstain.approved.one": ("再有 {count} 票弃权也即通过", "{count} more abstention approves it as well"),
    "abstain.rejected": ("再有 {count} 票弃权也即不通过", "{count} more abstentions reject it as well"),
    "abstain.rejected.one": ("再有 {count} 票弃权也即不通过", "{count} more abstention rejects it as well"),
    "wait.any": ("全部签署后即通过", "approved when everybody has voted"),
    "wait.approve": (
        "全部签署后，其中至少 {count} 票同意即通过",
        "approved when everybody has voted, if {count} or more of the votes to come approve",
    ),
    "wait.reject": (
        "其中 {count} 票不同意即不通过",
        "rejected if {count} or more of them reject",
    ),
    "urge": ("{who}，{day}", "{who}, {day}"),
    "opinion": ("{who}（任务 {task}），自 {day}，尚未答复", "{who} (task {task}), since {day}, no answer yet"),
    "opinion.given": ("{who}（任务 {task}），{day} 已答复", "{who} (task {task}), answered {day}"),
    "waive.by": ("{who}：{by}", "{who}: by {by}"),
    "waive.half": ("{who}：{by}，尚须另一人确认", "{who}: by {by}; a second person must confirm"),
    "due.day": ("{day}", "{day}"),
    "due.extended": ("{day}（已延期，第 {seq} 条记录）", "{day} (extended, entry {seq})"),
    "resume": ("kfq resume，由 {roles}", "kfq resume, by {roles}"),
    "reinstate": ("kfq reinstate，由 {roles}", "kfq reinstate, by {roles}"),
    "resubmit": ("提交人 {who}：kfq submit", "the applicant, {who}: kfq submit"),
    "moved": ("退回到“{state}”", "returned to {state}"),
    "move": ("{name} → {target}，由 {roles}{papers}", "{name} → {target}, by {roles}{papers}"),
    "move.gated": (
        "{name} → {target}，由 {roles} 提交审批{papers}",
        "{name} → {target}, submitted for approval by {roles}{papers}",
    ),
    "move.papers": ("，须交 {papers}", ", needs {papers}"),
    "move.not": ("{name}：{why}", "{name}: {why}"),
}


def said(code: str, lang: str, /, **values: object) -> str:
    """Return a phrase in a language, filled with values."""
    return WAITING[code][0 if lang == "zh" else 1].format(**values)


def listed(words: Iterable[str], lang: str) -> str:
    """Return words as a list."""
    return ("、" if lang == "zh" else ", ").join(words)


def clauses(words: Iterable[str], lang: str) -> str:
    """Return clauses one after another."""
    return ("；" if lang == "zh" else "; ").join(words)
