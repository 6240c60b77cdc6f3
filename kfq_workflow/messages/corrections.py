"""What is said of correcting and erasing, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English)
CORRECTIONS: dict[str, tuple[str, str]] = {
    "policy_off": (
        "尚无人获准办理（{act}）：须先由管理员记录在案由谁提议、由谁确认（kfq policy set）。",
        "Nobody may do this ({act}): first an administrator puts on record who proposes and who confirms it, with: "
        "kfq policy set",
    ),
    "policy_roles": (
        "提议的角色（{propose}）与确认的角色（{confirm}）都不能为空，且不能相同：必须由两人办理。",
        "The roles that propose ({propose}) and those that confirm ({confirm}) must not be empty, nor have one in "
        "common: it takes two persons.",
    ),
    "second_person": (
        "{actor} 是提议人：须由另一人确认。",
        "{actor} made the proposal: somebody else must confirm it.",
    ),
    "second_proxy": (
        "{actor} 与提议人 {first} 之间有代理关系，不算第二人。",
        "{actor} and {first}, who made the proposal, sign for each other: that is no second person.",
    ),
    "second_org": (
        "须由另一单位的人确认；{actor} 的单位为“{org}”。",
        "Somebody of another organisation must confirm it; that of {actor} is {org!r}.",
    ),
    "proposal_settled": (
        "第 {seq} 条提议已由第 {by} 条记录办结。",
        "The proposal, entry {seq}, is settled by entry {by}.",
    ),
    "proposal_lapsed": (
        "第 {seq} 条提议已失效：第 {by} 条记录已更正或删除同一内容。请重新提议。",
        "The proposal, entry {seq}, has lapsed: entry {by} corrected or erased the same. Propose it anew.",
    ),
    "not_found.proposal": (
        "没有提议“{key}”。待确认的提议：{known}。",
        "There is no proposal {key}. Open proposals: {known}.",
    ),
    "not_found.text": (
        "没有文字“{key}”。该条记录的文字：{known}。",
        "There is no text {key}. The entry's texts: {known}.",
    ),
    "rectify_what": (
        "请写明更正什么：未曾发生（--struck），或者日期、文件、属性、依据、来源中的一项或几项。",
        "Say what is to be corrected: that it did not take place (--struck), or one or more of day, papers, "
        "attributes, basis and source.",
    ),
    "redact_what": ("请写明删除哪些文字。", "Say which texts are to be erased."),
    "rectify_unknown": ("没有第 {seq} 条记录。", "There is no entry {seq}."),
    "rectify_struck": (
        "第 {seq} 条记录已由第 {by} 条撤销：要恢复或改正，请更正第 {by} 条。",
        "Entry {seq} was struck by entry {by}: to bring it back or change it, correct entry {by}.",
    ),
    "rectify_first": (
        "第 {seq} 条记录是实例的第一条，不能撤销：请作废该实例（kfq void）。",
        "Entry {seq} begins the instance and cannot be struck; void the instance, with: kfq void",
    ),
    "rectify_gate": (
        "第 {seq} 条记录（{kind}）只能更正日期和文件：签署、意见和审批结果不能更正。",
        "Of entry {seq} ({kind}) only day and papers can be corrected: votes, opinions and outcomes of approvals "
        "cannot.",
    ),
    "rectify_effects": (
        "第 {seq} 条记录联动了其他实例或由其他实例引起，不能撤销。",
        "Entry {seq} acted on other instances or was caused by one, and cannot be struck.",
    ),
    "rectify_absent": (
        "第 {seq} 条记录没有“{part}”，无从更正。",
        "Entry {seq} says nothing of {part}: there is nothing to correct.",
    ),
    "rectify_papers": (
        "第 {seq} 条记录的文件种类及顺序须保持不变：{types}。能更正的是文号、日期和摘要值。",
        "The papers of entry {seq} must stay of the same types in the same order: {types}. Numbers, dates and "
        "digests can be corrected.",
    ),
    "rectify_nothing": (
        "更正后的第 {seq} 条记录与原来相同。",
        "Entry {seq} would be the same as it is.",
    ),
    "rectify_relied": (
        "依据它的记录：{entries}。",
        "These entries rest on it: {entries}.",
    ),
    "rectify_breaks": (
        "更正后第 {seq} 条记录不可能成立：{found}",
        "Entry {seq} would be impossible then: {found}",
    ),
    "redact_gone": (
        "第 {seq} 条记录的“{field}”已经删除。",
        "The text {field} of entry {seq} has been erased already.",
    ),
}
