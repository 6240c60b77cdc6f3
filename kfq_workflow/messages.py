"""Every sentence that the library says, in Chinese and in English, by code.

A sentence says what happened, to what, and what to do next. Both languages of a code take the same values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.approval_messages import APPROVALS
from kfq_workflow.audit_messages import AUDIT
from kfq_workflow.bundle_messages import BUNDLES
from kfq_workflow.correction_messages import CORRECTIONS
from kfq_workflow.doctor_messages import DOCTOR
from kfq_workflow.finding_messages import FINDINGS
from kfq_workflow.recovery_messages import RECOVERY

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("zh", "en")

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
SENTENCES: dict[str, tuple[str, str]] = {
    # input
    "error": ("出现错误。", "Something went wrong."),
    "invalid_input": ("输入无效：{reason}", "The input is not valid: {reason}"),
    "invalid_key": (
        "键“{key}”无效（{reason}）。请使用 1 至 128 个字符，不以“~”开头，不含控制字符。",
        "The key {key!r} is not valid ({reason}). Use 1 to 128 characters, not beginning with ~, no control characters.",
    ),
    "invalid_id": (
        "标识“{id}”无效：请使用 1 至 64 个字母、数字或 . _ : -。",
        "The id {id!r} is not valid: use 1 to 64 letters, digits or . _ : -",
    ),
    "invalid_date": (
        "日期“{text}”无效（{reason}）。请使用 EDTF，例如 2017、2017-05、2017-05-09、2020-40、[2018-01..2020-05]、[..2017]。",
        "The date {text!r} is not valid ({reason}). Use EDTF, such as 2017, 2017-05, 2017-05-09, 2020-40, "
        "[2018-01..2020-05] or [..2017].",
    ),
    "future_date": (
        "日期 {text} 在今天（{today}）之后：不能登记尚未发生的事。",
        "The date {text} is after today ({today}): what has not happened cannot be put on record.",
    ),
    "date_order": (
        "日期 {text} 不可能：它所依据的第 {seq} 条记录最早发生在 {earliest}。请核对两者的日期。",
        "The date {text} is impossible: entry {seq}, which must come before it, happened on {earliest} at the "
        "earliest. Check both dates.",
    ),
    "integer_too_large": ("整数 {value} 超出范围。", "The integer {value} is out of range."),
    "bad_json_key": (
        "字段名 {value} 无效：只能用 ASCII。",
        "The field name {value} is not valid: ASCII only.",
    ),
    "bad_json_value": (
        "不能存储 {value} 类型的值：小数请写成文字。",
        "A value of type {value} cannot be stored: write decimals as text.",
    ),
    "text_has_nul": ("文字中含有 NUL 字符，请删去。", "The text contains a NUL character; remove it."),
    "text_has_surrogate": (
        "文字中含有不成对的代理字符，不是有效的 Unicode。",
        "The text contains a lone surrogate and is not valid Unicode.",
    ),
    "not_text": ("{what} 应为文字，而不是 {type}。", "The {what} must be text, not {type}."),
    "not_a_list": (
        "{what} 应为一组值，而不是单个 {type}。",
        "The {what} must be a list of them, not one {type}.",
    ),
    "not_a_paper": (
        "材料应为 Paper，而不是 {type}。",
        "A paper must be given as Paper, not as {type}.",
    ),
    "text_too_long": (
        "{what} 过长：{size} 字节，最多 {limit} 字节。请存为文件并附其摘要。",
        "The {what} is too long: {size} bytes, at most {limit}. File it as a document and attach its digest.",
    ),
    "entry_too_large": (
        "这条记录过大：{size} 字节，最多 {limit} 字节。",
        "The entry would be too large: {size} bytes, at most {limit}.",
    ),
    "invalid_value": (
        "“{name}”的值“{value}”无效：应为 {type}。",
        "The value {value!r} of {name} is not valid: expected {type}.",
    ),
    "invalid_request_id": (
        "请求号“{request}”无效：请使用 1 至 64 个字母、数字或 . _ : -。",
        "The request id {request!r} is not valid: use 1 to 64 letters, digits or . _ : -",
    ),
    "invalid_basis": (
        "依据“{basis}”无效：应为 stated（明示）、implied（推定必然）或 inferred（推断）。",
        "The basis {basis!r} is not valid: use stated, implied or inferred.",
    ),
    "invalid_digest": (
        "摘要“{value}”无效：应为 64 位十六进制的 SHA-256。",
        "The digest {value!r} is not valid: expected SHA-256 as 64 hex digits.",
    ),
    "required_text": ("{what} 不能为空。", "The {what} must not be empty."),
    "root_needed": (
        "流程 {workflow} 的案件须属于一个 {root} 实例：请给出 root。",
        "A case of {workflow} belongs to an instance of {root}: give its root.",
    ),
    "root_wrong": (
        "“{root}”是 {found} 实例；{workflow} 的上级应为 {needed}。",
        "{root!r} is an instance of {found}; the root of {workflow} must be one of {needed}.",
    ),
    "no_attributes": ("没有给出要修改的属性。", "No attribute to amend was given."),
    "adopt_nothing": (
        "补记没有给出任何状态。请写 区域=状态，例如 main=application.drafting。",
        "The adoption states nothing. Give REGION=STATE, such as main=application.drafting.",
    ),
    "adopt_incomplete": (
        "补记会启用 {regions}，必须逐一写明其状态（不明者写 null）。",
        "The adoption activates {regions}: state each of them (null where it is not known).",
    ),
    "adopt_inactive": (
        "{regions} 在此状态下不启用，不能补记。",
        "{regions} would not be active in these states and cannot be adopted.",
    ),
    # YAML documents and definitions
    "yaml.too_large": ("文件过大：最多 {limit} 字节。", "The file is too large: at most {limit} bytes."),
    "yaml.too_deep": ("文件嵌套过深。", "The file is nested too deeply."),
    "yaml.empty": ("文件是空的。", "The file is empty."),
    "yaml.not_utf8": ("文件不是 UTF-8 编码。", "The file is not UTF-8 text."),
    "yaml.unreadable": ("无法读取文件（系统原文：{reason}）。", "The file cannot be read: {reason}"),
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
    "definition.expected": ("这里应为 {wanted}。", "Expected here: {wanted}."),
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
    # files of cases, and the command line
    "casefile_error": ("案件文件 {source} 有 {count} 处问题：", "The file of cases {source} has {count} problem(s):"),
    "casefile_ends": (
        "“{key}”的最终状态与文件所述不符（{regions}）。未写入任何内容。",
        "{key!r} does not end as the file says ({regions}). Nothing was written.",
    ),
    "casefile.version": ("不认识的格式版本；应为 {known}。", "This version of the format is not known; use {known}."),
    "casefile.facts": (
        "事实文件 {file} 第 {line} 行有问题：{reason}",
        "The file of facts {file} is wrong in line {line}: {reason}",
    ),
    "casefile.no_acts": ("案件没有任何事项。", "The case has no act."),
    "casefile.one_act": ("每个事项须且仅须是其中之一：{known}。", "An act is exactly one of: {known}."),
    "casefile.first": (
        "案件的第一个事项须是 adopt 或 start。",
        "The first act of a case is adopt or start.",
    ),
    "casefile.start_first": ("start 只能是案件的第一个事项。", "start can only be the first act of a case."),
    "casefile.unknown_key": ("文件中没有键为“{key}”的案件。", "The file has no case with the key {key!r}."),
    "casefile.choice": ("“{value}”无效。可用：{known}。", "{value!r} is not valid. Use one of: {known}."),
    "demo_foreign": (
        "数据库 {database} 中已有别的记录（例如“{key}”），演示未写入任何内容。请另指定数据库，例如："
        "kfq --database sqlite:///demo.db demo linfen-2020",
        "The database {database} holds another record (such as {key!r}); the demo wrote nothing. Name another, such "
        "as: kfq --database sqlite:///demo.db demo linfen-2020",
    ),
    "paper_file": (
        "无法读取材料文件“{path}”（系统原文：{reason}）。未写入任何内容。",
        "The paper's file {path!r} cannot be read ({reason}). Nothing was written.",
    ),
    "administrator_exists": (
        "已有管理员“{known}”。请由其登记：kfq actor add {id} --role administrator --actor {known}",
        "There is an administrator already: {known}. Let them add this one: "
        "kfq actor add {id} --role administrator --actor {known}",
    ),
    "last_administrator": (
        "“{id}”是唯一在任的管理员：此后将无人可以登记办理人和流程。请先登记另一名管理员。",
        "{id!r} is the only administrator who may act: nobody could register actors and workflows any more. Register "
        "another one first.",
    ),
    "actor_exists": (
        "办理人“{id}”已登记。要修改请用：kfq actor update",
        "The actor {id!r} is registered. To change it use: kfq actor update",
    ),
    "not_a_day": (
        "“{text}”不是某一天。请写作 2019-06-30 这样的日期。",
        "{text!r} is not a day. Give one such as 2019-06-30.",
    ),
    "not_an_instant": (
        "“{text}”不是时刻。请写作 2020-07-01 或 2020-07-01T09:30。",
        "{text!r} is not an instant. Give one such as 2020-07-01 or 2020-07-01T09:30.",
    ),
    "not_a_moment": (
        "“{text}”不是时点。请写作 2020-06-01（某日终了时）、@2020-06-02（届时已登记的）、2020-06-01@2020-06-02（两者合用）或 now。",
        "{text!r} is not a moment. Write 2020-06-01 for the end of a day, @2020-06-02 for what was on record by then, "
        "2020-06-01@2020-06-02 for both, or now.",
    ),
    # not found and conflicts
    "not_found": ("找不到“{key}”。", "There is no {key!r}."),
    "not_found.instance": (
        "找不到“{key}”。用 kfq list 查看已有的键。",
        "There is no instance {key!r}. See the keys with: kfq list",
    ),
    "not_found.actor": (
        "没有登记办理人“{key}”。用 kfq actor list 查看，或由管理员用 kfq actor add 登记。",
        "No actor {key!r} is registered. See: kfq actor list, or let an administrator add it with: kfq actor add",
    ),
    "not_found.workflow": (
        "没有流程“{key}”。已有：{known}。",
        "There is no workflow {key!r}. Known: {known}.",
    ),
    "not_found.trigger": (
        "流程中没有动作“{key}”。可用：{known}。",
        "The workflow has no trigger {key!r}. Known: {known}.",
    ),
    "not_found.role": ("没有角色“{key}”。已有：{known}。", "There is no role {key!r}. Known: {known}."),
    "not_found.paper": (
        "没有材料类型“{key}”。已有：{known}。",
        "There is no paper type {key!r}. Known: {known}.",
    ),
    "not_found.region": ("没有区域“{key}”。已有：{known}。", "There is no region {key!r}. Known: {known}."),
    "not_found.state": ("没有状态“{key}”。已有：{known}。", "There is no state {key!r}. Known: {known}."),
    "not_found.attribute": (
        "没有属性“{key}”。已有：{known}。",
        "There is no attribute {key!r}. Known: {known}.",
    ),
    "not_found.parameter": (
        "这个动作没有参数“{key}”。可用：{known}。",
        "The move has no parameter {key!r}. Known: {known}.",
    ),
    "not_found.date": ("没有日期“{key}”。可用：{known}。", "There is no date {key!r}. Known: {known}."),
    "not_found.guard": (
        "条件“{key}”没有登记实现。请在 WorkflowEngine(guards=…) 中登记。已登记：{known}。",
        "No code is registered for the guard {key!r}. Register it in WorkflowEngine(guards=…). Registered: {known}.",
    ),
    "not_found.document": (
        "数据库中缺少文档 {key}：请运行 kfq verify。",
        "The database lacks the document {key}: run kfq verify.",
    ),
    "not_found.first_adoption": (
        "“{key}”尚不存在：首次补记须给出流程（workflow）和名称（name）。",
        "{key!r} does not exist yet: its first adoption needs a workflow and a name.",
    ),
    "not_found.entry": (
        "那时日志中还没有“{key}”的记录。",
        "At that time nothing of {key!r} was on record yet.",
    ),
    "already_started": (
        "“{key}”已经存在，用 kfq show 查看。",
        "{key!r} exists already; see it with: kfq show",
    ),
    "conflict": (
        "“{key}”已被他人推进：预期修订 {expected}，实际为 {found}。未写入任何内容，请查看后重试。",
        "Somebody else moved {key!r} first: expected revision {expected}, found {found}. Nothing was written; "
        "look again and retry.",
    ),
    "idempotency_mismatch": (
        "请求号“{request}”已用于“{key}”的另一项操作（第 {seq} 条）。请换一个请求号。",
        "The request id {request!r} was used on {key!r} for another act (entry {seq}). Use a new id.",
    ),
    "transaction_lost": (
        "数据库放弃了事务（{reason}）。请把整个工作单元重新执行。",
        "The database gave the transaction up ({reason}). Run the whole unit of work again.",
    ),
    "outcome_unknown": (
        "提交时连接中断，结果未知。请用请求号 {request} 查询“{key}”。",
        "The connection broke at commit and the outcome is not known. Look request {request} up on {key!r}.",
    ),
    "not_initialised": (
        "数据库 {database} 中没有日志。请先运行：kfq init",
        "The database {database} holds no log. Run: kfq init",
    ),
    "schema_out_of_date": (
        "数据库结构版本为 {found}，本软件需要 {needed}。请运行：{command}",
        "The tables are of revision {found}; this version needs {needed}. Run: {command}",
    ),
    "schema_too_new": (
        "数据库结构版本 {found} 比本软件新（{needed}）。请升级 kfq-workflow。",
        "The tables are of revision {found}, newer than this version knows ({needed}). Upgrade kfq-workflow.",
    ),
    "schema_unknown": (
        "数据库结构版本 {found} 不是本软件所知的（{known}），也不比它新。未做任何改动：请查明是谁改了版本号，或恢复备份。",
        "The tables are of revision {found}, which this version does not know ({known}) and which is not newer. Nothing "
        "was done to them: find out who changed the revision, or go back to a backup.",
    ),
    "revisions_differ": (
        "结构升级没有完成：{table} 为版本 {found}，{log_table} 为 {log}。请运行：{command}",
        "An upgrade of the tables did not come to its end: {table} says revision {found}, {log_table} {log}. "
        "Run: {command}",
    ),
    "revision_changed": (
        "结构版本自相矛盾：{table} 为 {found}，{log_table} 为 {log}。升级不会这样：请查明是谁改了其中之一，或恢复备份。",
        "The revisions contradict each other: {table} says {found}, {log_table} {log}. No upgrade does that: find out who "
        "changed one of them, or go back to a backup.",
    ),
    "not_ours": (
        "数据库 {database} 中有同名但不属于本软件的表。请使用另一个数据库或表前缀。",
        "The database {database} has tables of these names that are not ours. Use another database or prefix.",
    ),
    "invalid_database_url": (
        "数据库地址“{url}”无效。例如：sqlite:///kfq.db、postgresql://user@host/name。",
        "The database URL {url!r} is not valid. Such as: sqlite:///kfq.db or postgresql://user@host/name",
    ),
    "unknown_database": (
        "不支持数据库 {backend}：请使用 SQLite、PostgreSQL 或 MariaDB。",
        "{backend} is not supported: use SQLite, PostgreSQL or MariaDB.",
    ),
    "driver_missing": (
        "缺少 {backend} 的驱动。请安装：pip install 'kfq-workflow[{extra}]'",
        "The driver for {backend} is not installed. Run: pip install 'kfq-workflow[{extra}]'",
    ),
    "extra_missing": (
        "缺少 {what}。请安装：pip install 'kfq-workflow[{extra}]'",
        "{what} is not installed. Run: pip install 'kfq-workflow[{extra}]'",
    ),
    "database_unavailable": ("无法使用数据库（系统原文：{reason}）。", "The database cannot be used: {reason}"),
    "database_locked": (
        "数据库被占用，等待超时。请稍后重试。",
        "The database is locked and the wait timed out. Try again later.",
    ),
    "database_readonly": (
        "数据库是只读的，未写入任何内容。请检查文件权限和磁盘。",
        "The database is read-only; nothing was written. Check the file's permissions and the disk.",
    ),
    "database_readonly_folder": (
        "SQLite 须在数据库旁建立文件，而其所在文件夹不可写；未写入任何内容。若要只读地打开这一副本，地址写作："
        "sqlite:///file:路径?immutable=1&uri=true",
        "SQLite needs files beside the database and its folder cannot be written; nothing was written. To read such a "
        "copy write its address as: sqlite:///file:PATH?immutable=1&uri=true",
    ),
    # the database
    "database_gone": (
        "与数据库的连接中断（系统原文：{reason}）。请确认数据库仍在运行后重试。",
        "The connection to the database broke ({reason}). See that it is running, then try again.",
    ),
    "database_unreachable": (
        "无法连接或打开数据库 {database}（系统原文：{reason}）。请检查地址、路径和服务。",
        "The database {database} cannot be reached or opened ({reason}). Check the address, the path and the server.",
    ),
    "database_unknown": (
        "服务器上没有数据库 {database}（系统原文：{reason}）。请先创建它或更正地址。",
        "The server has no database {database} ({reason}). Create it first, or correct the address.",
    ),
    "database_no_schema": (
        "数据库 {database} 没有模式“{reason}”。请更正模式名；在 SQLite 中，模式是附加的数据库。",
        "The database {database} has no schema {reason!r}. Correct its name; in SQLite a schema is an attached database.",
    ),
    "database_denied": (
        "数据库拒绝了访问（系统原文：{reason}）。请检查账号及其权限。",
        "The database denied access ({reason}). Check the account and its privileges.",
    ),
    "database_full": (
        "数据库没有可用空间或资源（系统原文：{reason}），未写入任何内容。",
        "The database is out of space or resources ({reason}); nothing was written.",
    ),
    "database_damaged": (
        "{database} 不是数据库，或已损坏，或无法读写（系统原文：{reason}）。",
        "{database} is not a database, or is damaged, or its disk cannot be read or written ({reason}).",
    ),
    "triggers_missing": (
        "数据库 {database} 没有保留这些触发器：{triggers}。请检查账号的 TRIGGER 权限。",
        "The database {database} did not keep these triggers: {triggers}. Check the account's TRIGGER privilege.",
    ),
    "database_unsupported": (
        "不支持数据库 {dialect}。请使用 SQLite、PostgreSQL 或 MariaDB。",
        "The database {dialect} is not supported. Use SQLite, PostgreSQL or MariaDB.",
    ),
    "autocommit": (
        "连接处于 AUTOCOMMIT 模式，状态与记录无法同时提交。请使用事务。",
        "The connection is in AUTOCOMMIT mode, so state and entry could not commit together. Use a transaction.",
    ),
    "verification_interrupted": (
        "参与核验的一个进程提前结束（{reason}），没有核验结论。可用 --jobs 1 重试。",
        "A process that took part in the verification ended before its time ({reason}): there is no verdict. "
        "Try again with --jobs 1.",
    ),
    "verification_failed": ("核验发现 {count} 处问题。", "Verification found {count} problem(s)."),
    "definition_error": (
        "流程定义 {source} 有 {count} 处问题：",
        "The definition {source} has {count} problem(s):",
    ),
    "definition.unreadable": (
        "存储的定义文档无法读取：{reason}",
        "The stored document of the definition cannot be read: {reason}",
    ),
    "definition_changed": (
        "流程 {name} 第 {version} 版已登记且内容不同。请提高版本号。",
        "Version {version} of {name} is registered with other rules. Raise the version number.",
    ),
    "definition_old": (
        "流程 {name} 已有第 {newest} 版，不能再登记第 {version} 版。",
        "Version {newest} of {name} is registered; version {version} is older and cannot be added.",
    ),
    "unknown_stored_state": (
        "“{key}”存储的状态 {region}={state} 不在其定义中：请运行 kfq verify。",
        "The stored state {region}={state} of {key!r} is not in its definition: run kfq verify.",
    ),
    # refusals
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

SENTENCES["rebuild_malformed"] = (
    "“{key}”第 {seq} 条记录不是本库写成的样子（{reason}），无法由它重建；什么也没有改。请先核验：kfq verify。",
    "Entry {seq} of {key} is not as this library writes entries ({reason}): nothing can be made anew from it, and nothing "
    "was changed. Look at it first with: kfq verify",
)
SENTENCES.update(APPROVALS)
SENTENCES.update(AUDIT)
SENTENCES.update(BUNDLES)
SENTENCES.update(CORRECTIONS)
SENTENCES.update(FINDINGS)
SENTENCES.update(RECOVERY)
SENTENCES.update(DOCTOR)

_SEPARATORS = {"zh": "、", "en": ", "}

#: Values that are codes: what was handed in, and what is wrong with it. Others are shown as they are.
_WORDS: dict[str, tuple[str, str]] = {
    "opinion": ("意见", "opinion"),
    "note": ("备注", "note"),
    "name": ("名称", "name"),
    "post": ("职务", "post"),
    "org": ("单位", "organisation"),
    "reason": ("理由", "reason"),
    "source": ("来源", "source"),
    "origin": ("来历", "origin"),
    "paper number": ("材料文号", "paper number"),
    "paper title": ("材料名称", "paper title"),
    "paper issuer": ("材料发文机关", "paper issuer"),
    "text": ("文字", "text"),
    "key": ("键", "key"),
    "id": ("标识", "id"),
    "request": ("请求号", "request id"),
    "trigger": ("动作", "trigger"),
    "root": ("上级实例", "root"),
    "roles": ("角色", "roles"),
    "workflows": ("流程", "workflows"),
    "date": ("日期", "date"),
    "digest": ("摘要", "digest"),
    "basis": ("依据", "basis"),
    "paper type": ("材料类型", "paper type"),
    "malformed": ("写法不对", "not a date"),
    "impossible": ("没有这样的日期", "there is no such date"),
    "unsupported": ("这里不用的写法", "a notation that is not used here"),
    "mixed_precision": ("两端精度不同", "the ends differ in precision"),
    "redundant": ("可以写得更短", "there is a shorter way to say it"),
    "reversed": ("先后颠倒", "the ends are the wrong way round"),
    "not_exact": ("须精确到日", "an exact day is needed"),
    "empty": ("为空", "empty"),
    "reserved": ("以“~”开头", "reserved"),
    "spaces": ("首尾有空格", "spaces at an end"),
    "control": ("有控制字符", "control characters"),
    "text_has_nul": ("有 NUL 字符", "a NUL character"),
    "text_has_surrogate": ("不是有效的 Unicode", "not valid Unicode"),
}


def render(code: str, values: Mapping[str, Any], lang: str = "en") -> str:
    """Return the sentence of a code, filled with its values; a code without a sentence shows itself."""
    pair = SENTENCES.get(code)
    if pair is None:
        details = ", ".join(f"{name}={value}" for name, value in values.items())
        return f"{code}: {details}" if details else code
    template = pair[0] if lang == "zh" else pair[1]
    return template.format_map(_Shown({name: _shown(name, value, lang) for name, value in values.items()}))


def _shown(name: str, value: Any, lang: str) -> Any:
    if name in ("what", "reason") and value in _WORDS:
        return _WORDS[value][0 if lang == "zh" else 1]
    if isinstance(value, (list, tuple)):
        return _SEPARATORS["zh" if lang == "zh" else "en"].join(str(item) for item in value)
    return value


class _Shown(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return f"<{name}>"
