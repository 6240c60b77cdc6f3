"""What is said when a rule says no, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
REFUSALS: dict[str, tuple[str, str]] = {
    "refused": ("“{key}”的“{trigger}”被拒绝：", "{trigger} on {key} is refused:"),
    "not_from_state": (
        "“{trigger}”不能从当前状态 {state} 进行；可从：{sources}。",
        "{trigger} is not possible from the present state {state}; it leaves: {sources}.",
    ),
    "region_inactive": (
        "“{trigger}”所在的“{region}”现在没有启用。",
        "{trigger} belongs to {region}, which is not active now.",
    ),
    "not_on_record": (
        "“{region}”的当前状态没有记录，请先用 kfq adopt 补记。",
        "The present state of {region} is not on record; put it on record first with: kfq adopt",
    ),
    "role_missing": (
        "{actor} 不具备所需角色；需要：{needs}。",
        "{actor} has none of the roles needed: {needs}.",
    ),
    "actor_not_valid": (
        "{actor} 已停用或不在有效期内。",
        "{actor} is disabled or not within its period of validity.",
    ),
    "paper_missing": ("缺少材料：{paper}。", "A paper is missing: {paper}."),
    "parameter_missing": ("缺少参数：{parameter}。", "A parameter is missing: {parameter}."),
    "guard_failed": ("条件不满足：{guard}。", "A condition does not hold: {guard}."),
    "not_supported": (
        "本版本尚不支持：{guard}（{feature}）。",
        "Not supported yet in this version: {guard} ({feature}).",
    ),
    "effects_not_supported": (
        "本版本尚不支持“{trigger}”对其他实例的联动（{effects}）；可作为补录登记：kfq register。",
        "Not supported yet: the effects of {trigger} on another instance ({effects}). "
        "A past decision can be entered with: kfq register",
    ),
    "nothing_remembered": (
        "“{trigger}”要返回的原状态没有记录。",
        "{trigger} returns to the state that was left, and none is on record.",
    ),
    "guard_ambiguous": (
        "“{trigger}”同时符合多条转换：{transitions}。请报告流程定义的编写者。",
        "{trigger} matches several transitions at once: {transitions}. Tell the author of the definition.",
    ),
}
