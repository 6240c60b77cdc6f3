"""What reports say of an instance at a past moment, in Chinese and in English."""

from __future__ import annotations

#: code → (Chinese, English)
THEN: dict[str, tuple[str, str]] = {
    "then.day": ("截至 {day}", "As of {day}"),
    "then.known": ("按 {at} 已登记的记录", "By what was on record at {at}"),
    "then.both": ("截至 {day}，按 {at} 已登记的记录", "As of {day}, by what was on record at {at}"),
    "then.about": (
        "各项回答单独看都是准确的；合在一起只是外边界。报告的其余部分按现在已登记的全部记录。",
        "Each answer is exact by itself; taken together they are an outer bound. The rest of this report is by all "
        "that is on record now.",
    ),
    "then.nothing": ("当时尚无登记。", "Nothing had been recorded by then."),
    "then.one_of": ("不能断定，为其一：{values}（{between}）", "cannot be told, one of: {values} ({between})"),
    "then.between": ("在第 {first} 条与第 {last} 条之间", "between entry {first} and entry {last}"),
    "then.standing": ("状况", "Standing"),
    "then.suspended": ("已挂起（第 {seq} 条）", "suspended (entry {seq})"),
    "then.voided": ("已作废（第 {seq} 条）", "void (entry {seq})"),
    "then.stands": ("未挂起、未作废", "neither suspended nor void"),
    "then.not_yet_started": ("（尚未发起）", "(not yet started)"),
    "then.not_known": ("（当时尚无登记）", "(nothing recorded by then)"),
    "then.withheld": ("（原文已不在）", "(the words are gone)"),
}
