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


#: Commands at the top level by who types them most, for the help; all others are officials'.
SECTIONS: dict[str, frozenset[str]] = {
    "officials": frozenset(),
    "auditors": frozenset({
        "history", "replay", "verify", "doctor", "report", "export", "bundle", "diff", "receipt", "cosign",
    }),
    "operators": frozenset({
        "demo", "init", "db", "rebuild", "seal", "checkpoint", "recover", "key", "scrub", "policy", "calendar", "actor",
        "definition", "import",
    }),
}  # fmt: skip


def section_of(name: str) -> str:
    """Return the section of the help that a command at the top level stands in."""
    return next((section for section, names in SECTIONS.items() if name in names), "officials")


#: path → command; a path of two words is in a group. The order is the order of the help.
COMMANDS: dict[str, Entry] = {
    "demo": Entry("cases", "用 2020 年临汾十一个开发区的事实演示全程", "show it all on eleven zones of Linfen in 2020"),
    "init": Entry("setup", "创建数据库，或升级其结构", "create the database, or bring its tables up to date"),
    "board": Entry("look", "各开发区所处阶段与已运营数", "zones by phase, and how many are open for business"),
    "list": Entry("look", "列出全部实例", "list every instance"),
    "show": Entry("detail", "查看一个实例的现状", "show one instance as it stands"),
    "next": Entry("look", "现在能做什么，不能做的为什么", "what may be done now, and why not"),
    "inbox": Entry(
        "inbox", "收件箱：待办、待轮到、已办、抄送、我提交的", "what one has to do, has done, was copied, has started"
    ),
    "explain": Entry("waits", "等谁、依何规则、如何有结果", "why it waits: on whom, by which rule, what decides"),
    "start": Entry("acts", "发起一个新实例", "begin an instance"),
    "fire": Entry("acts", "办理一个动作", "fire a trigger"),
    "register": Entry("acts", "补录过去已发生的动作", "put a past move on record"),
    "adopt": Entry("acts", "补记状态（不经动作）", "put states on record without a move"),
    "annotate": Entry("acts", "加注", "add a note"),
    "amend": Entry("acts", "修改登记的属性", "change declared attributes"),
    "submit": Entry("approvals", "提交审批", "submit a move for approval"),
    "approve": Entry("approvals", "签署：同意", "vote for it"),
    "reject": Entry("approvals", "签署：不同意", "vote against it"),
    "abstain": Entry("approvals", "签署：弃权", "abstain"),
    "retract": Entry("approvals", "收回自己的签署", "take one's own vote back"),
    "transfer": Entry("signers", "转办：把签署任务交给他人", "hand one's task to somebody else"),
    "delegate": Entry("signers", "委派：请他人出具意见", "ask somebody for an opinion"),
    "reply": Entry("signers", "答复所征求的意见", "give the opinion that one was asked for"),
    "signer": Entry("", "加签、减签", "signers added and removed"),
    "signer add": Entry("signers", "加签", "add a signer"),
    "signer remove": Entry("signers", "减签", "remove a signer who has not voted"),
    "return": Entry("approvals", "退回提交人或某个状态", "return it to the applicant, or to a state"),
    "withdraw": Entry("approvals", "撤回自己的提交", "take one's own request back"),
    "urge": Entry("notices", "催办", "urge those whose turn it is"),
    "copy": Entry("notices", "抄送", "send copies"),
    "read": Entry("notices", "把抄送标为已阅", "mark a copy as read"),
    "comment": Entry("notices", "发表意见，不算签署", "say something outside of any vote"),
    "calendar": Entry("", "工作日历", "working days"),
    "calendar load": Entry("calendars", "公布工作日历", "publish a calendar of working days"),
    "calendar show": Entry("calendars", "查看适用的工作日历", "show the calendar in force"),
    "suspend": Entry("supervision", "挂起", "suspend an instance"),
    "resume": Entry("supervision", "恢复", "resume a suspended instance"),
    "void": Entry("supervision", "作废", "void an instance"),
    "reinstate": Entry("supervision", "撤销作废", "reinstate a void instance"),
    "extend": Entry("supervision", "延长审批期限", "set another day by which an approval is due"),
    "waive": Entry("supervision", "豁免回避", "let somebody sign whom a duty bars"),
    "proxy": Entry("", "代理签署", "who may sign for whom"),
    "proxy grant": Entry("signers", "授权代理", "let somebody sign for an actor"),
    "proxy revoke": Entry("signers", "撤销代理", "end a proxy before its last day"),
    "proxy list": Entry("signers", "列出代理", "list the proxies that an actor has granted"),
    "history": Entry("detail", "一个实例的全部记录", "every entry of one instance"),
    "replay": Entry("replays", "由记录重放，可问过去某日", "replay from the entries, also as of a past day"),
    "diff": Entry("diffs", "比较两个时点：变了什么、何时登记", "compare two moments: what was, and what was known"),
    "verify": Entry("audit", "核验记录是否被改动", "check that nothing was changed behind the record's back"),
    "doctor": Entry("watching", "检查日志的保护：触发器、权限、时钟、密钥", "see how the log is protected"),
    "report": Entry("reports", "制成一个 HTML 文件的报告，可打印", "make a report in one HTML file, to read or print"),
    "export": Entry(
        "reports", "把全部记录写成一个文件：JSONL，或表格", "write the whole log to one file: JSONL, or a table"
    ),
    "bundle": Entry("bundles", "把日志或其一部分连同证明写成一个文件", "write the log, or a part, with its proofs"),
    "seal": Entry("sealing", "封存：把全部记录纳入日志树", "give every entry its place in the tree over the log"),
    "checkpoint": Entry("sealing", "出具检查点，存放到库外", "sign what the log is now, to be kept outside"),
    "cosign": Entry("sealing", "第二机关联署检查点", "vouch for a checkpoint as a second office"),
    "recover": Entry("restored", "恢复备份之后，登记丢失了哪些记录", "after a restore, put on record what was lost"),
    "receipt": Entry("sealing", "按回执校验码查找记录并证明", "find the entry that a receipt names, and prove it"),
    "key": Entry("", "签名密钥", "keys to sign with"),
    "key new": Entry("keys", "生成密钥", "make a key"),
    "key show": Entry("keys", "显示公钥", "print a key's public half"),
    "key rotate": Entry("keys", "交接给下一把密钥", "let a key hand over to the next one"),
    "key revoke": Entry("keys", "作废密钥", "revoke a key"),
    "key list": Entry("keys", "列出已记录的交接与作废", "list the handovers and revocations on record"),
    "rectify": Entry("corrections", "提议更正一条记录", "propose a correction of an entry"),
    "redact": Entry("corrections", "提议删除文字（个人信息）", "propose to erase texts"),
    "confirm": Entry("corrections", "由另一人确认提议，随即办理", "confirm what somebody else proposed, and so do it"),
    "decline": Entry("corrections", "不同意提议", "decline a proposal"),
    "scrub": Entry("corrections", "清除数据库文件中已删除的文字", "take erased texts out of the database's files"),
    "policy": Entry("", "由谁更正与删除", "who may correct and erase"),
    "policy show": Entry("corrections", "显示由谁更正与删除", "print who may correct and erase"),
    "policy set": Entry("corrections", "规定由谁更正与删除", "say who may correct and erase"),
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
