"""Every sentence that the library says, in Chinese and in English, by code.

A sentence says what happened, to what, and what to do next. Both languages of a code take the same values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfq_workflow.messages.approvals import APPROVALS
from kfq_workflow.messages.audit import AUDIT
from kfq_workflow.messages.bundles import BUNDLES
from kfq_workflow.messages.cases import CASES
from kfq_workflow.messages.corrections import CORRECTIONS
from kfq_workflow.messages.databases import DATABASES
from kfq_workflow.messages.definitions import DEFINITIONS
from kfq_workflow.messages.doctor import DOCTOR
from kfq_workflow.messages.findings import FINDINGS
from kfq_workflow.messages.inputs import INPUTS
from kfq_workflow.messages.records import RECORDS
from kfq_workflow.messages.recovery import RECOVERY
from kfq_workflow.messages.refusals import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("zh", "en")

#: code → (Chinese, English), of every subject.
SENTENCES: dict[str, tuple[str, str]] = {
    **APPROVALS,
    **AUDIT,
    **BUNDLES,
    **CASES,
    **CORRECTIONS,
    **DATABASES,
    **DEFINITIONS,
    **DOCTOR,
    **FINDINGS,
    **INPUTS,
    **RECORDS,
    **RECOVERY,
    **REFUSALS,
}

SENTENCES["rebuild_malformed"] = (
    "“{key}”第 {seq} 条记录不是本库写成的样子（{reason}），无法由它重建；什么也没有改。请先核验：kfq verify。",
    "Entry {seq} of {key} is not as this library writes entries ({reason}): nothing can be made anew from it, and nothing "
    "was changed. Look at it first with: kfq verify",
)

#: A list of what is known that is longer than this is cut to what is like the name that was given.
_MANY = 12
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
    "papers": ("材料", "papers"),
    "database": ("数据库", "database"),
    "database URL": ("数据库地址", "database URL"),
    "definition": ("流程定义", "definition"),
    "transaction": ("事务", "transaction"),
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

#: Types of values, and of the parts of a definition, as those read them who write one.
_TYPES = {
    "text": ("文字", "text"),
    "integer": ("整数", "a whole number"),
    "decimal": ("小数，例如 1.20", "a decimal, such as 1.20"),
    "boolean": ("true 或 false", "true or false"),
    "date": ("日期，例如 2020-05-09", "a day, such as 2020-05-09"),
    "mapping": ("映射（名称: 值）", "a mapping (name: value)"),
    "list": ("列表", "a list"),
    "true/false": ("true 或 false", "true or false"),
}
#: Sentence → which of its values is a type.
_TYPED = {"invalid_value": "type", "value_not_text": "type", "definition.expected": "wanted"}
#: Sentence → which of its values is a list. Where that is empty, `-`, another sentence is said: CODE.none.
_LISTED = {"check_bad": "wrong"}


def render(code: str, values: Mapping[str, Any], lang: str = "en") -> str:
    """Return the sentence of a code, filled with its values; a code without a sentence shows itself."""
    if code in _LISTED and values.get(_LISTED[code]) == "-":
        code = f"{code}.none"
    pair = SENTENCES.get(code)
    if pair is None:
        details = ", ".join(f"{name}={value}" for name, value in values.items())
        return f"{code}: {details}" if details else code
    template = pair[0] if lang == "zh" else pair[1]
    known = values.get("known")
    if isinstance(known, list) and len(known) > _MANY:
        values = {**values, "known": _nearest(str(values.get("key")), known)}
    shown = {name: _shown(name, value, lang) for name, value in values.items()}
    typed = _TYPED.get(code, "")
    if values.get(typed) in _TYPES:
        shown[typed] = _TYPES[values[typed]][0 if lang == "zh" else 1]
    return template.format_map(_Shown(shown))


def _shown(name: str, value: Any, lang: str) -> Any:
    if name in ("what", "reason") and value in _WORDS:
        return _WORDS[value][0 if lang == "zh" else 1]
    if name == "reasons" and isinstance(value, list):
        return ("" if lang == "zh" else " ").join(render(each["code"], each["values"], lang) for each in value)
    if isinstance(value, (list, tuple)):
        if not value:
            return "无" if lang == "zh" else "none"
        return _SEPARATORS["zh" if lang == "zh" else "en"].join(str(item) for item in value)
    return value


def _nearest(name: str, known: list[str]) -> list[str]:
    """Return what of a long list somebody may have meant who wrote this name."""
    from difflib import get_close_matches  # only where something was not found

    return [*(get_close_matches(name, known, n=5) or known[:_MANY]), "…"]


class _Shown(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return f"<{name}>"
