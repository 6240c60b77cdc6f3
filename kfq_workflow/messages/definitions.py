"""What is said of YAML documents and of workflow definitions, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "yaml.too_large": ("文件过大：最多 {limit} 字节。", "The file is too large: at most {limit} bytes."),
    "yaml.too_deep": ("文件嵌套过深。", "The file is nested too deeply."),
    "yaml.empty": ("文件是空的。", "The file is empty."),
    "yaml.not_utf8": ("文件不是 UTF-8 编码。", "The file is not UTF-8 text."),
    "yaml.unreadable": ("无法读取文件（系统原文：{reason}）。", "The file cannot be read: {reason}"),
    "yaml.is_path": (
        '“{path}”是文件名，不是定义的文字：请写 load(Path("{path}"))。',
        'This is the name of a file and not a definition. Read it with: load(Path("{path}"))',
    ),
    "yaml.broken": ("YAML 语法错误（解析器原文：{reason}）。", "This is not valid YAML: {reason}"),
    "yaml.two_documents": ("只能有一个 YAML 文档。", "There must be one YAML document only."),
    "yaml.anchor": ("不允许使用锚点和别名（& 和 *）。", "Anchors and aliases (& and *) are not allowed."),
    "yaml.tag": ("不允许使用类型标签（!）。", "Tags (!) are not allowed."),
    "yaml.control": (
        "不允许控制字符和不成对的代理字符。",
        "Control characters and lone surrogates are not allowed.",
    ),
    "yaml.key": ("键必须是文字。", "A key must be a word."),
    "yaml.duplicate": ("键“{key}”重复。", "The key {key!r} stands twice."),
    "definition.expected": ("这里应为：{wanted}。", "Expected here: {wanted}."),
    "definition.bad_name": (
        "名称“{name}”无效：小写字母、数字和 _，最多一个点。",
        "The name {name!r} is not valid: lower-case letters, digits and _, with one dot at most.",
    ),
    "definition.bad_code": ("代码条件“{name}”应写作 name@版本。", "The guard in code {name!r} must be name@version."),
    "definition.twice": ("“{name}”重复。", "{name!r} stands twice."),
    "definition.missing_key": ("缺少“{key}”。", "The key {key!r} is missing."),
    "definition.no_label": ("缺少 {lang} 标签。", "The label in {lang} is missing."),
    "definition.unknown_lang": (
        "规则语言 {found} 未知；本版本支持 {known}。",
        "The rules' language {found} is not known; this version evaluates {known}.",
    ),
    "definition.no_condition": ("这不是条件。可用：{known}。", "This is no condition. Use one of: {known}."),
    "definition.no_order": (
        "“{name}”是 {wanted}，没有大小：请用 is、is_not 或 one_of。",
        "{name!r} is {wanted} and has no order: use is, is_not or one_of.",
    ),
    "definition.too_many": ("{what} 过多：最多 {limit} 个。", "Too many {what}: at most {limit}."),
    "definition.other_label": (
        "“{name}”在别处已有另一个标签：同一名称只能有一个。",
        "{name!r} has another label elsewhere: one name has one label.",
    ),
    "definition.bad_id": (
        "标识“{name}”无效：请使用 1 至 64 个字母、数字或 . _ : -。",
        "The id {name!r} is not valid: use 1 to 64 letters, digits or . _ : -",
    ),
    "definition.one_signer": (
        "签署人须且仅须是其中之一：{known}。",
        "A signer is exactly one of: {known}.",
    ),
    "definition.no_quorum": (
        "这不是表决规则。可用：{known} 之一，另可加 abstain、wait。",
        "This is no quorum. Use one of {known}, and abstain and wait beside it.",
    ),
    "definition.no_effect": ("这不是联动。可用：{known}。", "This is no effect. Use one of: {known}."),
    "definition.no_value": ("这不是取值。可用：{known}。", "This is no value. Use one of: {known}."),
    "definition.one_operator": ("须且仅须一个比较：{known}。", "Give exactly one comparison: {known}."),
    "definition.unknown_key": (
        "未知的键“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown key: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_role": (
        "未知的角色“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown role: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_paper": (
        "未知的材料类型“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown paper type: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_parameter": (
        "未知的参数“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown parameter: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_attribute": (
        "未知的属性“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown attribute: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_constant": (
        "未知的常量“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown constant: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_guard": (
        "未知的条件“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown guard: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_region": (
        "未知的区域“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown region: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_state": (
        "未知的状态“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown state: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_phase": (
        "未知的阶段“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown phase: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_trigger": (
        "未知的动作“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown trigger: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_type": (
        "未知的类型“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown type: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_feature": (
        "未知的功能“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown feature: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_transition": (
        "未知的转换“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown transition: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_choice": (
        "“{name}”不在可选之列。最接近的：{near}。可用：{known}。",
        "{name!r} is none of the words that may stand here. Nearest: {near}. Known: {known}.",
    ),
    "definition.unknown_limit": (
        "未知的时限种类“{name}”。最接近的：{near}。可用：{known}。",
        "This is an unknown kind of limit: {name!r}. Nearest: {near}. Known: {known}.",
    ),
    "lint.depends_on_other": ("区域“{region}”只能依赖 main。", "The region {region} may depend on main only."),
    "lint.never_active": ("区域“{region}”永远不会启用。", "The region {region} is never active."),
    "lint.unreachable": ("没有办法到达状态“{state}”。", "Nothing leads to the state {state}."),
    "lint.adopt_only_reached": (
        "状态“{state}”只能补记，却有转换通向它。",
        "The state {state} is for adoptions only, but a transition leads to it.",
    ),
    "lint.terminal_left": ("终结状态“{state}”不应有出口。", "The terminal state {state} has a way out."),
    "lint.trap": (
        "状态“{state}”没有出口；若是终结状态请写 terminal: true。",
        "Nothing leaves the state {state}; if that is meant, write terminal: true.",
    ),
    "lint.nobody": ("没有角色可以执行“{transition}”。", "Nobody may fire {transition}: it has no roles."),
    "lint.no_source": ("“{transition}”没有起始状态。", "{transition} leaves no state."),
    "lint.not_remembered": (
        "“{transition}”返回“{trigger}”离开的状态，但后者没有 remember: true。",
        "{transition} returns to what {trigger} left, but {trigger} does not say remember: true.",
    ),
    "lint.same": (
        "“{one}”与“{two}”的动作、起点和条件都相同。",
        "{one} and {two} have the same trigger, source and guards.",
    ),
    "lint.overlap": (
        "“{one}”与“{two}”可能同时从“{state}”触发“{trigger}”：条件并不明显互斥。",
        "{one} and {two} may both answer {trigger} in {state}: their guards do not plainly exclude each other.",
    ),
    "lint.personal": (
        "条件“{guard}”读取了个人信息“{name}”：记录中没有它的明文。",
        "The guard {guard} reads {name}, which is personal: the log does not hold it in clear.",
    ),
    "lint.no_root": (
        "条件“{guard}”看上级实例，但此流程没有 root。",
        "The guard {guard} looks at the root instance, and this workflow has no root.",
    ),
    "lint.no_signer": (
        "“{transition}”的审批没有签署人。",
        "The gate of {transition} has no signer.",
    ),
    "lint.quorum_unreachable": (
        "“{transition}”的审批永远无法通过：需要 {need}，全部签署人合计只有 {most}。",
        "The gate of {transition} can never be approved: it needs {need}, and all its signers together have {most}.",
    ),
    "lint.quorum_may_fail": (
        "“{transition}”的审批可能无法通过：需要 {need}，不附条件的签署人合计只有 {most}。",
        "The gate of {transition} may be impossible to approve: it needs {need}, and the signers who are always asked "
        "have {most}.",
    ),
    "lint.quorum_share": (
        "“{transition}”的审批比例 {ratio} 达不到：须大于 0 且不超过 1（more_than 须小于 1）。",
        "The gate of {transition} has a share that no vote makes, {ratio}: above 0 and at most 1 (more_than: below 1).",
    ),
    "lint.quorum_nothing": (
        "“{transition}”的审批不需要任何同意，提交即通过；若只征求意见，请加 wait: true。",
        "The gate of {transition} needs no approval and would pass at once; for opinions only, add wait: true.",
    ),
    "lint.signer_twice": (
        "“{transition}”的审批两次列入“{name}”：一人一轮只能签署一次。",
        "The gate of {transition} names {name!r} twice: nobody signs twice in a round.",
    ),
    "lint.duty_pool": (
        "“{transition}”只有“{role}”可以提交，也只有该角色可以签署，而申请人不得签署：须有另一人具有该角色。",
        "Only {role} may submit {transition} and only {role} may sign, but an applicant may not: it takes a second "
        "holder of the role.",
    ),
    "lint.duty_never": (
        "“{transition}”的审批排除“{other}”的办理人，但它不可能发生在此之前。",
        "The gate of {transition} keeps out whoever did {other}, which cannot come before it.",
    ),
    "lint.return_unvisited": (
        "“{transition}”的审批不能退回“{state}”：此前不可能到过该状态。",
        "The gate of {transition} cannot return to {state}: the file cannot have been there before.",
    ),
    "lint.gate_personal": (
        "“{transition}”的审批读取了个人信息“{name}”：记录中没有它的明文。",
        "The gate of {transition} reads {name}, which is personal: the log does not hold it in clear.",
    ),
    "lint.direct_bound": (
        "“{transition}”的审批既绑定“{name}”（binds）又允许修改它后直送（direct）：已投的票会对应另一份内容。",
        "The gate of {transition} both binds votes to {name} and lets it change (direct): a vote would stand for what "
        "was not approved.",
    ),
    "lint.signer_when": (
        "“{transition}”的签署人“{signer}”的条件“{guard}”只能读取属性、常量和状态。",
        "The guard {guard} of the signer {signer} of {transition} may read attributes, constants and states only.",
    ),
    "lint.no_gate": (
        "条件“{guard}”看“{transition}”的投票，但该转换没有审批（gate）。",
        "The guard {guard} looks at the votes of {transition}, which has no gate.",
    ),
    "lint.effect_no_root": (
        "“{transition}”的联动涉及上级实例，但此流程没有 root。",
        "An effect of {transition} needs the root instance, and this workflow has no root.",
    ),
    "lint.effect_on_itself": (
        "“{transition}”的联动作用于案件自身：联动只能作用于其他实例。",
        "An effect of {transition} acts on its own case: effects are acts on other instances.",
    ),
    "lint.effect_on": (
        "“{transition}”的联动以“{name}”作为实例的键，但它是 {type}：应为 text。",
        "An effect of {transition} takes the key of an instance from {name}, which is {type}: it must be text.",
    ),
    "lint.effect_parameter": (
        "“{transition}”的联动使用参数“{name}”，但该转换没有这个参数。",
        "An effect of {transition} takes the parameter {name}, which the move does not have.",
    ),
    "lint.effect_personal": (
        "“{transition}”的联动使用个人信息“{name}”：它会以明文进入另一实例的记录。",
        "An effect of {transition} takes {name}, which is personal: it would stand in clear in another log.",
    ),
    "lint.no_label": ("{kind} “{name}”缺少 {lang} 标签。", "The {kind} {name} has no label in {lang}."),
    "lint.nobody_starts": (
        "没有角色可以启动此流程：只能以补记开始。",
        "Nobody may start this workflow: an instance can only begin with an adoption.",
    ),
    "lint.unused": ("声明的 {kind} “{name}”没有用到。", "The declared {kind} {name} is not used."),
}
