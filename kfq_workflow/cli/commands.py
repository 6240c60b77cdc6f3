"""The table of commands: where each lives and what it does in a line, so that help and completion load none."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: the module that has it (empty for a group), and its line of help in Chinese and in English."""

    module: str
    zh: str
    en: str

    def text(self, lang: str) -> str:
        """Return the line in a language."""
        return self.zh if lang == "zh" else self.en


#: path → command; a path of two words is in a group. The order is the order of the help.
COMMANDS: dict[str, Entry] = {
    "demo": Entry("cases", "用 2020 年临汾十一个开发区的事实演示全程", "show it all on eleven zones of Linfen in 2020"),
    "init": Entry("setup", "创建数据库，或升级其结构", "create the database, or bring its tables up to date"),
    "board": Entry("look", "各开发区所处阶段与已运营数", "zones by phase, and how many are open for business"),
    "list": Entry("look", "列出全部实例", "list every instance"),
    "show": Entry("detail", "查看一个实例的现状", "show one instance as it stands"),
    "next": Entry("look", "现在能做什么，不能做的为什么", "what may be done now, and why not"),
    "start": Entry("acts", "发起一个新实例", "begin an instance"),
    "fire": Entry("acts", "办理一个动作", "fire a trigger"),
    "register": Entry("acts", "补录过去已发生的动作", "put a past move on record"),
    "adopt": Entry("acts", "补记状态（不经动作）", "put states on record without a move"),
    "annotate": Entry("acts", "加注", "add a note"),
    "amend": Entry("acts", "修改登记的属性", "change declared attributes"),
    "history": Entry("detail", "一个实例的全部记录", "every entry of one instance"),
    "replay": Entry("audit", "由记录重放状态，可问过去某日", "replay states from the entries, also as of a day"),
    "verify": Entry("audit", "核验记录是否被改动", "check that nothing was changed behind the record's back"),
    "export": Entry("audit", "把全部记录写成一个 JSONL 文件", "write the whole log to one JSONL file"),
    "import": Entry("cases", "从文件补录一批案件，要么全部成功，要么不写", "enter cases from a file, all or nothing"),
    "actor": Entry("", "办理人", "who may act"),
    "actor add": Entry("people", "登记办理人", "register an actor"),
    "actor update": Entry("people", "修改办理人", "change an actor"),
    "actor list": Entry("people", "列出办理人", "list the actors"),
    "actor disable": Entry("people", "停用办理人", "disable an actor"),
    "definition": Entry("", "流程定义", "workflow definitions"),
    "definition list": Entry("definitions", "列出已登记和随附的定义", "list registered and shipped definitions"),
    "definition show": Entry("definitions", "查看一个定义", "show a definition"),
    "definition check": Entry("definitions", "检查定义文件", "check a definition's file"),
    "definition load": Entry("definitions", "登记定义", "register a definition"),
    "definition diagram": Entry("definitions", "输出 Mermaid 流程图", "print a Mermaid diagram"),
    "db": Entry("", "数据库结构", "the database's tables"),
    "db upgrade": Entry("setup", "升级数据库结构", "bring the tables up to date"),
    "db current": Entry("setup", "显示数据库结构的版本", "print the tables' revision"),
    "db check": Entry("setup", "检查结构和触发器", "check the tables and the triggers"),
    "rebuild": Entry("setup", "由记录重建现状缓存", "make the stored states anew from the entries"),
}
