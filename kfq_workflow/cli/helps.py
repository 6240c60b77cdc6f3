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
    "keys": (
        "只输出本人能签署的键，每行一个，可交给 --many",
        "print only the keys of what one may sign oneself, one a line, as --many takes them",
    ),
    "many": (
        "KEY 是一个文件，每行一个键（- 为标准输入），逐件办理",
        "KEY is a file with a key in each line (- for standard input); each is done by itself",
    ),
    "batch": ("批次名；中断后用同一名称继续", "name of the batch; the same name continues it after a break"),
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
    "file": ("核验导出的文件，或核验包", "verify an exported file, or a bundle"),
    "bundle.instance": ("只含此实例及判断它所需的", "this instance only, with what it takes to judge it"),
    "bundle.from": ("只含自此日或此刻起登记的", "what was recorded from this day or instant on"),
    "bundle.to": ("只含至此日或此刻止登记的", "what was recorded up to this day or instant"),
    "no_texts": ("不含意见、姓名等文字，只留其承诺值", "without opinions, names and other words"),
    "bundle.anchors": ("一并带上的检查点，可多次给出", "a checkpoint to take along; may be repeated"),
    "receipt.file": ("在导出的文件或核验包中查找", "look in an exported file or a bundle"),
    "diff.file": ("比较导出的文件或核验包", "read an exported file or a bundle"),
    "anchors": ("存放在库外的检查点文件，可多次给出", "a checkpoint that was kept outside; may be repeated"),
    "verify.since": (
        "只核验此检查点之后有新记录的实例（检查点同时作为锚点）",
        "read only instances that have entries newer than this checkpoint, which is an anchor, too",
    ),
    "jobs": (
        "用几个进程核验；默认视日志大小与处理器核数而定",
        "processes to use; by default as many as cores where the log is large",
    ),
    "trust": ("受信任的公钥，可多次给出", "a public key whose signatures count; may be repeated"),
    "key_file": ("密钥文件，须只有本账户可读", "the key's file, closed to all other accounts"),
    "out": ("写到这个新文件", "write it to this new file"),
    "key.out": ("密钥写到这个新文件", "the new file for the key"),
    "since": ("附上自这一大小起的一致性证明，供联署", "with the proof from this size on, for a cosigner"),
    "page": ("写出供打印、扫描、录入的一页", "write a page to print, to scan and to type in"),
    "qr": ("写出二维码图像；- 显示在终端", "write the QR code as an image; - shows it in the terminal"),
    "key_files": (
        "密钥文件，须只有本账户可读；交接期间可给出新旧两个",
        "the key's file, closed to all other accounts; two while one takes over",
    ),
    "rotate.key": ("交出的密钥文件", "the file of the key that hands over"),
    "rotate.to": ("接任的密钥文件", "the file of the key that takes over"),
    "revoke.key": (
        "签署声明的密钥文件：该密钥自己，或其后的密钥",
        "the file of the key that signs: itself, or one after it",
    ),
    "revoke.reason": ("缘由：停用、遗失、泄露", "why: its time is over, nobody has it, somebody else has it"),
    "statement.out": ("声明写到这个新文件", "write the statement to this new file"),
    "statements": ("存在库外的密钥声明，可多次给出", "a statement about keys that was kept outside; may be repeated"),
    "no_store": ("不在库内留存", "do not keep it in the database as well"),
    "doctor.key": (
        "签名密钥的文件，只看其权限；可多次给出",
        "a signing key's file, of which only the modes are looked at; may be repeated",
    ),
    "meant": (
        "此账号应为谁所用；多出的权限算作问题",
        "whose account it is meant to be: what it may do beyond is a problem",
    ),
    "recovered": (
        "确认日志曾从备份恢复；每次恢复后首次签名时须给出",
        "confirm that the log was restored from a backup; for the first signature after one",
    ),
    "checkpoints": (
        "恢复之前最后发布的检查点，可多次给出",
        "the last checkpoint that was published before the restore; may be repeated",
    ),
    "kept": (
        "备份带回的已封存条数；默认为现有的全部",
        "sealed entries that the backup brought back; all there are now by default",
    ),
    "cosigner": ("联署用的密钥", "a key for cosignatures"),
    "anchor": ("先前记下的校验码", "a check kept from before"),
    "admin": ("登记第一个管理员", "register the first administrator"),
    "origin": ("本库的名称，写入首条记录", "the installation's name, for the first entry"),
    "suite": (
        "摘要与签名算法：s1 为 SHA-256、Ed25519，s2 为国密 SM3、SM2；不可再改",
        "hash and signatures: s1 SHA-256 and Ed25519, s2 SM3 and SM2; fixed for ever",
    ),
    "key.suite": (
        "所签日志的算法套件：s1 为 Ed25519，s2 为国密 SM2",
        "the suite of the log to sign: s1 Ed25519, s2 SM2",
    ),
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
    "inbox.actor": ("谁的收件箱", "whose inbox"),
    "box": ("哪一类，默认待办", "which part; todo by default"),
    "limit": ("最多多少行", "so many rows at most"),
    "supervisor.actor": ("监督人", "the supervisor"),
    "proxy.actor": ("授权人本人，或管理员", "the one who grants it, or an administrator"),
    "due": ("期限日", "the day by which it is due"),
    "direct": ("退回后直接送回退回人", "after a return: straight back to whoever returned it"),
    "on_behalf_of": ("代谁签署，须有其代理授权", "for whom, who must have granted a proxy"),
    "task": ("任务编号，见 kfq explain", "the task's number; see kfq explain"),
    "remove.task": ("要减去的任务编号，见 kfq explain", "the number of the task to remove; see kfq explain"),
    "return.to": ("退回到此状态；不给则退回提交人", "to this state; to the applicant by default"),
    "transfer.to": ("转办给谁", "who takes over"),
    "delegate.to": ("请谁出具意见", "who is asked"),
    "copy.to": ("抄送给谁，可多次给出", "who gets a copy; may be repeated"),
    "proxy.to": ("由谁代理", "who may sign"),
    "question": ("要问什么（不以明文进入记录）", "what is asked; not kept in the entry in clear"),
    "signer": ("加签的人", "who is to sign as well"),
    "waive.signer": ("豁免谁的回避", "who may sign after all"),
    "place": ("与本人同时、之前或之后签署", "beside one's own task, before it or after it"),
    "weight": ("权重，用于票签", "its weight, in a quorum by weight"),
    "need": ("此后须同意的票数（或权重）", "approvals, or weight, needed from now on"),
    "keep": (
        "保留此文号：别的案卷也有这份文书；可多次给出",
        "keep this number in use: other files have that paper, too; repeatable",
    ),
    "calendar.number": ("公布节假日安排的文号", "the number of the document that says so"),
    "number": ("所依据文件的文号", "the number of the document that it rests on"),
    "proxy.workflows": ("只限此流程，可多次给出", "for this workflow only; may be repeated"),
    "proxy.roles": ("只限此角色，可多次给出", "with this role only; may be repeated"),
    "proxy.from": ("自此日起", "from this day"),
    "proxy.until": ("至此日止", "up to this day"),
    "everything": ("总览：全部实例", "an overview of all instances"),
    "report.out": ("写入此文件；不给则写到标准输出", "write to this file; to stdout by default"),
    "report.file": ("依据导出的文件或核验包，而不是数据库", "from an exported file or a bundle"),
    "export.format": (
        "jsonl 为原样，可核验；csv、xlsx 为表格；不给时依文件名",
        "jsonl as it is, to verify; csv and xlsx are tables; as the file's name says where it is not given",
    ),
    "export.bom": ("CSV 开头写字节序标记，Excel 据此识别中文", "begin CSV with a byte order mark, for Excel"),
    "effective": ("更正后的记录", "the history as corrected"),
    "struck": ("此事并未发生", "the act did not take place"),
    "apart": ("提议人与确认人须为不同单位", "the two must be of different organisations"),
    "propose.actor": ("提议人", "who proposes it"),
    "confirm.actor": ("确认人，须为另一人", "who confirms it, somebody else"),
    "rectify.on": ("正确的发生日，EDTF", "its right day, EDTF"),
    "rectify.attrs": ("正确的属性，可多次给出", "a right attribute; may be repeated"),
    "policy.propose": ("可提议的角色，可多次给出", "a role that may propose; may be repeated"),
    "policy.confirm": ("可确认的角色，可多次给出", "a role that may confirm; may be repeated"),
    "force": ("覆盖已有的文件", "write over a file that is there"),
}

#: argument → (Chinese, English)
ARGUMENTS: dict[str, tuple[str, str]] = {
    "vkey": ("公钥", "a public key"),
    "a": ("一个时点，写法见上", "a moment, as above"),
    "b": ("另一个时点，或 now", "another one, or now"),
    "one_key": ("实例的键；不给则全部", "the instance's key; without it, all"),
    "checkpoint": ("检查点文件，可带一致性证明", "the checkpoint's file, with or without a proof"),
    "check": ("回执上的 26 个字符", "the 26 characters of a receipt"),
    "key_name": ("密钥名，如 zones.example.cn/log", "the key's name, such as zones.example.cn/log"),
    "key": ("实例的键，如 guxian-etdz", "the instance's key, such as guxian-etdz"),
    "trigger": ("动作，见 kfq next", "what to do; see kfq next"),
    "workflow": ("流程，见 kfq definition list", "a workflow; see kfq definition list"),
    "states": ("区域=状态，不明者写 null", "a state for each region; null is not known"),
    "text": ("注文", "the note"),
    "id": ("办理人的标识：字母、数字或 . _ : -", "the actor's id: letters, digits or . _ : -"),
    "path": ("要写的文件", "the file to write"),
    "file": ("文件", "a file"),
    "name": ("名称", "its name"),
    "seq": ("记录号，见 kfq history", "the entry's number; see kfq history"),
    "fields": ("文字的名称，如 opinion，见 kfq history", "which texts, such as opinion; see kfq history"),
    "proposal": ("提议的记录号", "the number of the proposal"),
    "grant": ("代理的编号，见 kfq proxy list", "the proxy's number; see kfq proxy list"),
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
    "rectify": (
        "记录从不改写：更正是一条新记录，由另一人确认后才生效；先列出依据它的记录。\n"
        "例：kfq rectify p-1 4 --on 2026-03-02 --reason 笔误 --actor archivist\n"
        "    kfq confirm p-1 7 --actor chief_archivist",
        "No entry is ever changed: a correction is a new one, which counts when somebody else has confirmed it. The\n"
        "entries that rest on it are told first.\n"
        "Example: kfq rectify p-1 4 --on 2026-03-02 --reason 'slip of the pen' --actor archivist\n"
        "         kfq confirm p-1 7 --actor chief_archivist",
    ),
    "redact": (
        "删除的是文字，记录及其承诺值保留；KEY 也可为 ~actor/ID。确认后不可恢复。\n"
        "例：kfq redact p-1 4 opinion --reason 依申请删除 --number 〔2026〕9号 --actor archivist",
        "The words go, the entry and its commitment stay; KEY may also be ~actor/ID. Once confirmed there is no\n"
        "way back.\n"
        "Example: kfq redact p-1 4 opinion --reason 'on request' --number 2026-9 --actor archivist",
    ),
    "policy set": (
        "全部重新规定：没有给出的即无人可办。提议与确认的角色不能相同。\n"
        "例：kfq policy set --rectify-propose archivist --rectify-confirm chief_archivist --actor admin",
        "It says all anew: what is not given nobody may do. No role may be on both sides.\n"
        "Example: kfq policy set --rectify-propose archivist --rectify-confirm chief_archivist --actor admin",
    ),
    "scrub": (
        "须用表的所有者的账户；期间其他连接可能要等待。日志、备份和副本中的，见文档。",
        "As the tables' owner; other connections may have to wait. Of logs, backups and copies, see the documents.",
    ),
    "fire": (
        "例：kfq fire guxian-etdz approve_posts --actor staffing_commission \\\n"
        "        --paper 'posts_reply=临编〔2020〕5号@批复.pdf' --opinion 同意",
        "Example: kfq fire guxian-etdz approve_posts --actor staffing_commission \\\n"
        "             --paper posts_reply=2020-5@reply.pdf --opinion agreed",
    ),
    "inbox": (
        "待办（todo）：待签署、被退回待改正、被征求意见的；waiting：还没有轮到或已挂起；done：已办；\n"
        "copied：抄送；started：本人提交的。",
        "todo: to sign, returned to be corrected, asked for an opinion; waiting: not yet one's turn, or suspended;\n"
        "done; copied; started: submitted by oneself.",
    ),
    "submit": (
        "须审批的动作不能直接办理：提交后由签署人签署，通过时状态随之变化。\n"
        "例：kfq submit p-1 grant --actor zone_office --opinion 请予批准",
        "A move with an approval gate cannot be fired: it is submitted, signed, and made when it is approved.\n"
        "Example: kfq submit p-1 grant --actor zone_office --opinion 'please approve'",
    ),
    "approve": (
        "不给 TRIGGER 时，指唯一一项进行中的审批。使审批有结果的那一票，同时使状态变化。\n"
        "例：kfq approve p-1 --actor land_bureau --opinion 同意",
        "Without TRIGGER, the one approval that is open. The vote that decides it also moves the instance.\n"
        "Example: kfq approve p-1 --actor land_bureau --opinion agreed",
    ),
    "retract": (
        "审批进行中随时可以；已有结果的，只在其后没有任何办理时可以。",
        "While the approval is open; once it is decided, only if nothing has been done since.",
    ),
    "delegate": (
        "所得的是意见，不是签署：任务仍由本人签署。",
        "What comes back is an opinion and no vote: the task remains one's own.",
    ),
    "return": (
        "例：kfq return p-1 --actor land_bureau --reason 材料不全\n"
        "    kfq return p-1 --actor land_bureau --to draft --reason 方案须重做",
        "Examples: kfq return p-1 --actor land_bureau --reason 'a paper is missing'\n"
        "          kfq return p-1 --actor land_bureau --to draft --reason 'plan it anew'",
    ),
    "signer add": (
        "签署人给自己的任务加签，监督人也可以。加签本身不能使审批有结果。",
        "A signer adds to one's own task, a supervisor to any. Adding decides nothing by itself.",
    ),
    "signer remove": (
        "只减尚未签署的；至少须留一人。",
        "Only who has not voted; somebody must be left to vote.",
    ),
    "urge": (
        "每人每个工作日一次；休息日催办的计入下一工作日。工作日历：kfq calendar show。",
        "Once each working day for each who urges; a day of rest counts for the next working day.\n"
        "The calendar: kfq calendar show",
    ),
    "calendar load": (
        "文件每行写一个日期和 rest（休息）或 work（上班），# 之后为注释；未写的日子周六、周日休息。\n"
        "新日历整个取代旧日历，所以文件里也要留着往年的日子。\n"
        "例：2026-10-01 rest    # 国庆节",
        "The file has a day and rest or work in each line, # begins a comment; of days that it does not name,\n"
        "Saturday and Sunday are rest. It takes the place of the calendar before, so keep the past years in it.\n"
        "Example: 2026-10-01 rest    # National Day",
    ),
    "calendar show": (
        "输出的格式 kfq calendar load 可以读入。",
        "What is printed can be loaded again: kfq calendar load",
    ),
    "void": (
        "曾同意过本件的人不能作废。其文书的文号和作废依据的文号不再使用；别的案卷也有的文书，用 --keep 保留其文号。\n"
        "误作废的：kfq reinstate。",
        "Not by one of its approvers. The numbers of its papers, and that of the document that voids it, are\n"
        "never used again; --keep the number of a paper that other files have as well.\n"
        "If it was a mistake: kfq reinstate",
    ),
    "waive": (
        "须由两名不同的监督人各办理一次，且都不是本人。每人每轮只签一次的规则不能豁免。",
        "Two supervisors must, neither of them the one it binds. That nobody signs twice is never waived.",
    ),
    "proxy grant": (
        "例：kfq proxy grant zhang --to li --from 2026-05-01 --until 2026-05-15 --number 〔2026〕7号 --actor zhang\n"
        "签署时：kfq approve p-1 --actor li --for zhang",
        "Example: kfq proxy grant zhang --to li --from 2026-05-01 --until 2026-05-15 --number 2026-7 --actor zhang\n"
        "To sign:  kfq approve p-1 --actor li --for zhang",
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
        "显示状态、审批、属性和状况。不给 KEY 时重放全部实例。各项回答单独看都是准确的；合起来只是外边界。\n"
        "库中存储的状态与记录不符时退出码为 4。\n"
        "例：kfq replay hongtong-etdz --as-of 2019-06-30",
        "Shows states, approvals, attributes and standing. Without KEY, all instances in a line each. Each answer\n"
        "is exact by itself; several together are an outer bound. Exits 4 when a stored state is not what the\n"
        "entries say. Example: kfq replay hongtong-etdz --as-of 2019-06-30",
    ),
    "diff": (
        "时点的写法：\n"
        "  2020-06-01             该日终了时，按现在已登记的全部记录\n"
        "  @2020-06-02            该日终了前已登记的全部记录；@2020-06-02T09:30 精确到分\n"
        "  2020-06-01@2020-06-02  前一日终了时，按后一日终了前已登记的记录\n"
        "  now                    现在已登记的全部记录\n"
        "不给 KEY 时列出有差异的全部实例。\n"
        "例：kfq diff hongtong-etdz 2020-06-01@2020-06-02 2020-06-01\n"
        "（当时的记录怎么说那一天，现在又怎么说：补录和更正一览无余）",
        "A moment is written\n"
        "  2020-06-01             at the end of that day, by all that is known now\n"
        "  @2020-06-02            all that was on record by the end of that day; @2020-06-02T09:30 to the minute\n"
        "  2020-06-01@2020-06-02  at the end of the one day, by what was on record at the end of the other\n"
        "  now                    all that is on record\n"
        "Without KEY, all instances that differ.\n"
        "Example: kfq diff hongtong-etdz 2020-06-01@2020-06-02 2020-06-01\n"
        "(what the record said of that day then, and says now: late entries and corrections become visible)",
    ),
    "verify": (
        "逐条核对摘要、链接、状态与缓存；有发现时退出码为 4。\n"
        "整条链被重算、末尾被截去或整个实例被删，只有存在库外的锚点才能发现。\n"
        '例：kfq verify --since 上次.checkpoint --trust "$(kfq key show office.key)"',
        "Checks digests, links, states and caches; exits 4 when it finds something. A log that was hashed\n"
        "anew, a cut tail or a removed instance show only against an anchor kept outside the database.\n"
        'Example: kfq verify --since last.checkpoint --trust "$(kfq key show office.key)"',
    ),
    "report": (
        "给 KEY，或给 --all。文件自成一体，不联网、不用脚本，可直接打印。\n例：kfq report guxian-etdz --out 古县.html",
        "Give KEY or --all. The file needs nothing else, neither network nor script, and prints on A4.\n"
        "Example: kfq report guxian-etdz --out guxian.html",
    ),
    "export": (
        "JSONL 是日志的原样，可用 kfq verify --file 核验。\n"
        "表格只供阅读和统计，不能核验；xlsx 须装 kfq-workflow[xlsx]。\n"
        "例：kfq export 记录.csv --bom",
        "JSONL is the log as it is, for kfq verify --file. A table is for reading and counting and proves nothing;\n"
        "xlsx needs kfq-workflow[xlsx].\n"
        "Example: kfq export log.csv --bom",
    ),
    "bundle": (
        "把日志或其一部分连同证明写成一个文件，交给审计人员；用 kfq verify --file 或独立的 verify.py 核验。\n"
        "只含一个实例的包证明该实例完整，不泄露其他实例。只写入最近一次封存为止能证明的；宜先运行 kfq seal。\n"
        "例：kfq bundle 古县.zip --instance guxian-etdz",
        "Writes the log, or a part, with what proves it, to one file for an auditor, who checks it with\n"
        "kfq verify --file or the independent verify.py. A bundle of one instance proves it complete and shows\n"
        "nothing of the others.\n"
        "The newest seal is taken as it is: run kfq seal before.\n"
        "Example: kfq bundle guxian.zip --instance guxian-etdz",
    ),
    "seal": (
        "封存不影响办理；之后提交的记录由下一次封存纳入。宜定时运行，例如每小时一次。",
        "Acts go on meanwhile; what commits later is taken by the next seal. Run it regularly, such as every hour.",
    ),
    "checkpoint": (
        "以自己的账户运行，密钥不得让应用程序读到。与此密钥上次所签不相延续的日志，拒绝签名。不给 --key 则不签名。\n"
        "例：kfq checkpoint --key office.key --out 2020-06-30.checkpoint",
        "Run it from an account of its own, whose key the application cannot read. A log that does not go on\n"
        "from what the key has signed last is refused. Without --key nothing is signed.\n"
        "Example: kfq checkpoint --key office.key --out 2020-06-30.checkpoint",
    ),
    "cosign": (
        "检查点文件可由 kfq checkpoint --since 写出，其中带有一致性证明；没有证明时从数据库读取。",
        "The file is best written by kfq checkpoint --since, with the proof from what was cosigned last; where it\n"
        "has none, the proof is read from the database.",
    ),
    "doctor": (
        "用哪个账号连接，就检查哪个账号；什么都不改。有问题时退出码为 4。\n"
        "例：kfq doctor --as application --key /srv/signer/office.key",
        "Examines the account that it connects with and changes nothing. Exits 4 when something is a problem.\n"
        "Example: kfq doctor --as application --key /srv/signer/office.key",
    ),
    "recover": (
        "恢复备份等于截去末尾。由管理员登记：此后日志为新的一代，检查点的来源随之不同，核验时一律报告丢失的范围。\n"
        "例：kfq recover --checkpoint 最后.checkpoint --actor admin --reason 磁盘损坏，恢复至昨日备份",
        "To the log a restore is a cut tail. An administrator says so: the log is a new incarnation from then on,\n"
        "with an origin of its own in checkpoints, and every verification reports what was lost.\n"
        "Example: kfq recover --checkpoint last.checkpoint --actor admin --reason 'disk failed; backup of 30 May'",
    ),
    "receipt": (
        "大小写、空格和连字符不计。--out 把证明写成文件，可脱离数据库核对。",
        "Case, spaces and hyphens do not count. With --out the proof is written to a file, to be checked offline.",
    ),
    "key new": (
        "输出公钥，交给审计人员；密钥文件只有本账户可读。",
        "Prints the public key, which auditors are given; the file can be read by this account only.",
    ),
    "key rotate": (
        "新旧两把密钥共同签署交接声明并记入日志；只信任旧密钥的审计人员由此接受新密钥的检查点。\n"
        "旧密钥在作废之前仍然有效。趁一切正常时交接，并把新密钥另处存放：旧密钥遗失或泄露时才有密钥可使它作废。\n"
        "例：kfq key rotate --key 2026.key --to 2027.key --out 交接.note",
        "Both keys sign the handover, and the log keeps it: an auditor who trusts the old key then accepts the\n"
        "checkpoints of the new one. The old one stays good until it is revoked. Hand over while all is well and keep\n"
        "the next key elsewhere: only that one can revoke an old key that was lost or stolen.\n"
        "Example: kfq key rotate --key 2026.key --to 2027.key --out handover.note",
    ),
    "key revoke": (
        "自声明之时起，该密钥在更大的检查点上的签名不再算数；此前的仍算。何时签名，除联署的时间外无从证明。",
        "From now on its signatures on larger checkpoints count no longer; those before do. When a signature was\n"
        "made, nothing but a cosigner's time tells.",
    ),
    "import": (
        "文件格式见随附的 linfen_2020_events.yaml；每条都按补录进入，计划只作记载，不推动任何状态。",
        "The shipped linfen_2020_events.yaml shows the format. Everything enters as late; a planned event is\n"
        "kept as a plan and moves nothing.",
    ),
    "init": (
        "没有库则创建，结构旧则升级，已就绪则不动。\n算法套件写入首条记录，不可再改；不给 --suite 时新库用 s1。",
        "Creates the log, upgrades older tables, and leaves alone what is ready.\n"
        "The suite stands in the first entry for ever; without --suite a new log has s1.",
    ),
    "demo": (
        "必要时建库、登记流程和办理机关、补录访谈所述的案件，然后显示、重放、核验。",
        "Makes the database if needed, registers workflows and offices, enters the interview's cases,\n"
        "then shows them, replays every move and verifies the log.",
    ),
}
