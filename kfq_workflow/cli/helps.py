"""What options mean, and what is worth knowing of a command beyond its line, in Chinese and in English."""

from __future__ import annotations

#: option, or command and option → (Chinese, English)
OPTIONS: dict[str, tuple[str, str]] = {
    "database": (
        "数据库地址；KFQ_DATABASE_URL，默认 sqlite:///kfq.db",
        "database URL; KFQ_DATABASE_URL, else sqlite:///kfq.db",
    ),
    "schema": ("数据表所在的模式；KFQ_SCHEMA", "schema of the tables; KFQ_SCHEMA"),
    "prefix": ("表名前缀；KFQ_PREFIX，默认 kfq_", "prefix of the tables; KFQ_PREFIX, else kfq_"),
    "lang": ("语言；KFQ_LANG，默认随系统", "language; KFQ_LANG, else the locale's"),
    "debug": ("出错时显示详情；KFQ_DEBUG", "show tracebacks; KFQ_DEBUG"),
    "version": ("显示版本并退出", "print the version and exit"),
    "json": ("以 JSON 输出", "print JSON"),
    "actor": ("办理人", "who acts"),
    "next.actor": ("以谁的身份；不给则不论角色", "for whom; without it, for anyone"),
    "register.actor": ("补录员", "the registrar"),
    "admin.actor": ("管理员", "the administrator"),
    "name": ("名称", "its name"),
    "root": ("所属的上级实例", "the instance that it belongs to"),
    "attrs": ("属性，可多次给出", "an attribute; may be repeated"),
    "on": (
        "发生日，EDTF：2017、2017-05、2020-40、[..2017]；默认今天",
        "its day, EDTF: 2017, 2017-05, 2020-40, [..2017]; today by default",
    ),
    "late.on": (
        "发生日，EDTF；不给即不详",
        "its day, EDTF; unknown by default",
    ),
    "papers": (
        "材料=文号，@ 后为文件（记其 SHA-256），可多次给出",
        "a paper, its number and @FILE for its SHA-256; may be repeated",
    ),
    "params": ("参数，可多次给出", "a parameter; may be repeated"),
    "opinion": ("意见（不以明文进入记录）", "an opinion; not kept in the entry in clear"),
    "expect": ("只在修订仍为此数时办理", "act only if this is still its revision"),
    "request": ("请求号；重复提交时返回原回执", "request id: the same again returns the old receipt"),
    "dry_run": ("只判断，不写入", "only decide, write nothing"),
    "performed_by": ("当时作出决定的机关", "the office that decided then"),
    "source": ("依据的来源", "where this is known from"),
    "basis": ("来源怎么说：明示、推定、推断", "how sure the source is"),
    "reason": ("理由", "why"),
    "note": ("备注", "a note"),
    "adopt.workflow": ("流程，用于首条记录", "its workflow, if this is its first entry"),
    "adopt.name": ("名称，用于首条记录", "its name, if this is its first entry"),
    "list.workflow": ("只列此流程", "of this workflow only"),
    "list.root": ("只列属于此实例的", "of this root only"),
    "as_of": ("截至此日的状态", "states at the end of this day"),
    "known_at": ("只用此刻已登记的记录", "from the entries recorded by then"),
    "file": ("核验导出的文件", "verify an exported file"),
    "anchor": ("先前记下的校验码", "a check kept from before"),
    "admin": ("登记第一个管理员", "register the first administrator"),
    "origin": ("本库的名称，写入首条记录", "the installation's name, for the first entry"),
    "utc_offset": ("当地与 UTC 相差的分钟数，不可再改", "minutes east of UTC; fixed for ever"),
    "roles": (
        "角色：流程所用的，或 administrator、auditor（只读、可加注）；可多次给出",
        "a role: one that a workflow uses, administrator, or auditor (reads and annotates); may be repeated",
    ),
    "update.roles": ("新的全部角色，可多次给出", "all roles from now on; may be repeated"),
    "org": ("单位", "organisation"),
    "actor.name": ("姓名（不以明文进入记录）", "name; not kept in the entry in clear"),
    "post": ("职务（不以明文进入记录）", "post; not kept in the entry in clear"),
    "kind": ("类别", "kind"),
    "valid_from": ("自此日起有效", "valid from this day"),
    "valid_to": ("至此日有效", "valid up to this day"),
    "enable": ("重新启用", "enable again"),
    "force": ("覆盖已有的文件", "write over a file that is there"),
}

#: argument → (Chinese, English)
ARGUMENTS: dict[str, tuple[str, str]] = {
    "key": ("实例的键，如 guxian-etdz", "the instance's key, such as guxian-etdz"),
    "trigger": ("动作，见 kfq next", "what to do; see kfq next"),
    "workflow": ("流程，见 kfq definition list", "a workflow; see kfq definition list"),
    "states": ("区域=状态，不明者写 null", "a state for each region; null is not known"),
    "text": ("注文", "the note"),
    "id": ("办理人的标识：字母、数字或 . _ : -", "the actor's id: letters, digits or . _ : -"),
    "path": ("要写的文件", "the file to write"),
    "file": ("文件", "a file"),
    "name": ("名称", "its name"),
}

#: command → (Chinese, English), already broken into lines
HELP: dict[str, tuple[str, str]] = {
    "": (
        "先看演示：  kfq demo linfen-2020\n"
        "自己开始：  kfq init --admin ID\n"
        "\n"
        "退出码：0 完成，1 出错，2 用法有误，3 被规则拒绝，4 核验发现问题。",
        "See it work:     kfq demo linfen-2020\n"
        "Begin your own:  kfq init --admin ID\n"
        "\n"
        "Exit codes: 0 done, 1 error, 2 usage, 3 refused by a rule, 4 verification found something.",
    ),
    "fire": (
        "例：kfq fire guxian-etdz approve_posts --actor staffing_commission \\\n"
        "        --paper 'posts_reply=临编〔2020〕5号@批复.pdf' --opinion 同意",
        "Example: kfq fire guxian-etdz approve_posts --actor staffing_commission \\\n"
        "             --paper posts_reply=2020-5@reply.pdf --opinion agreed",
    ),
    "register": (
        "由补录员登记过去的动作：角色、状态和日期照样检查，来源代替材料，永久标为补录。\n"
        "例：kfq register guxian-etdz approve_posts --actor registrar \\\n"
        "        --performed-by staffing_commission --source 临汾日报 --basis stated --on 2020-06",
        "The registrar enters a move of the past: role, state and day are checked, the source takes the\n"
        "place of the papers, and the entry is marked late for ever.\n"
        "Example: kfq register guxian-etdz approve_posts --actor registrar \\\n"
        "             --performed-by staffing_commission --source 'Linfen Daily' --basis stated --on 2020-06",
    ),
    "adopt": (
        "把来源所述的状态记入，不经动作；所启用的每个区域都要写明，不明者写 区域=null。\n"
        "例：kfq adopt guxian-etdz plan_master=approved --actor registrar --source 年鉴 --reason 补记",
        "Puts states on record without a move. Every region that this activates is stated, REGION=null\n"
        "where it is not known.\n"
        "Example: kfq adopt guxian-etdz plan_master=approved --actor registrar --source yearbook --reason late",
    ),
    "history": (
        "办理人、流程和日志本身也各有一条链：~actor/ID、~definition/NAME、~log。\n"
        "例：kfq history guxian-etdz；kfq history '~actor/registrar'",
        "Actors, workflows and the log itself have chains, too: ~actor/ID, ~definition/NAME and ~log.\n"
        "Example: kfq history guxian-etdz; kfq history '~actor/registrar'",
    ),
    "replay": (
        "不给 KEY 时重放全部实例。区域之间互不牵连地作答；两个区域合起来只是外边界。\n"
        "库中存储的状态与记录不符时退出码为 4。\n"
        "例：kfq replay hongtong-etdz --as-of 2019-06-30",
        "Without KEY, all instances. Each region is answered by itself; two together are an outer bound.\n"
        "Exits 4 when a stored state is not what the entries say.\n"
        "Example: kfq replay hongtong-etdz --as-of 2019-06-30",
    ),
    "verify": (
        "逐条核对摘要、链接、状态与缓存；有发现时退出码为 4。\n"
        "整条链被重算、末尾被截去或整个实例被删，只有存在库外的锚点才能发现。",
        "Checks digests, links, states and caches; exits 4 when it finds something. A log that was hashed\n"
        "anew, a cut tail or a removed instance show only against an anchor kept outside the database.",
    ),
    "import": (
        "文件格式见随附的 linfen_2020_events.yaml；每条都按补录进入，计划只作记载，不推动任何状态。",
        "The shipped linfen_2020_events.yaml shows the format. Everything enters as late; a planned event is\n"
        "kept as a plan and moves nothing.",
    ),
    "init": (
        "没有库则创建，结构旧则升级，已就绪则不动。",
        "Creates the log, upgrades older tables, and leaves alone what is ready.",
    ),
    "demo": (
        "必要时建库、登记流程和办理机关、补录访谈所述的案件，然后显示、重放、核验。",
        "Makes the database if needed, registers workflows and offices, enters the interview's cases,\n"
        "then shows them, replays every move and verifies the log.",
    ),
}
