"""What is said of what callers hand in, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
INPUTS: dict[str, tuple[str, str]] = {
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
    "invalid_day": (
        "日期“{text}”无效（{reason}）。这里须写明某一天，例如 2020-05-09。",
        "The date {text!r} is not valid ({reason}). Give one day, such as 2020-05-09.",
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
    "wrong_type": (
        "{what} 应为 {wanted}，而不是 {type}。",
        "The {what} must be of type {wanted}, not {type}.",
    ),
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
        "“{name}”的值“{value}”无效，应为：{type}。",
        "The value {value!r} of {name} is not valid: expected {type}.",
    ),
    "value_not_text": (
        "“{name}”的值应写成文字（{type}），而不是 {given} 类型的 {value}。",
        "The value of {name} must be given as text ({type}), not as the {given} {value}.",
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
}
