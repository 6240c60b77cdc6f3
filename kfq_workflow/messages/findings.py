"""What a verification's findings say, in Chinese and in English, by `finding.LAYER.KIND`; and export's errors."""

from __future__ import annotations

_SAYS = {
    "set": ("改变的状态", "states set"),
    "was": ("改变前的状态", "states before"),
    "workflow": ("流程", "workflow"),
    "transition": ("转换", "transition"),
    "rests": ("所依据的记录", "entries rested on"),
    "remembers": ("保留的区域", "region remembered"),
    "seen": ("所引其他实例的记录", "entries cited"),
    "attested": ("应用程序的答复", "answers attested"),
    "did": ("办理人", "who did it"),
    "effects": ("对其他实例的联动", "effects on other instances"),
    "gates": ("审批", "approvals"),
    "task": ("任务", "task"),
    "name": ("名称", "name"),
    "version": ("版本", "version"),
    "act": ("所提议的事项", "act proposed"),
    "becomes": ("更正后的快照", "snapshot after the correction"),
    "corrects": ("所更正的记录", "entry corrected"),
    "instead": ("更正内容", "correction"),
    "erases": ("所删除的文字", "texts erased"),
    "number": ("文号", "document number"),
}
_CACHED = {
    "workflow": ("流程", "workflow"),
    "root": ("所属实例", "root"),
    "def": ("流程定义", "definition"),
    "seq": ("记录号", "entry number"),
    "rev": ("修订号", "revision"),
    "head": ("链头", "head"),
    "at": ("时刻", "time"),
    "state": ("状态", "state"),
    "phase": ("阶段", "phase"),
    "snapshot": ("快照", "snapshot"),
}

_SENTENCES: dict[str, tuple[str, str]] = {
    "replay.correction": (
        "这项更正不被允许（{codes}）。",
        "This correction is not allowed ({codes}).",
    ),
    "replay.correction_breaks": (
        "更正后第 {number} 条记录不可能成立（{found}）。",
        "Entry {number} is impossible after this correction ({found}).",
    ),
    "replay.erased_unknown": (
        "所删除的文字（第 {number} 条的“{field}”）从未存在。",
        "The text that it erases ({field} of entry {number}) never was.",
    ),
    "replay.proposal_missing": (
        "第 {number} 条记录不是提议。",
        "Entry {number} is no proposal.",
    ),
    "replay.proposal_differs": (
        "所引提议为 {found}，记录在案的是 {expected}。",
        "The proposal cited is {found}; on record is {expected}.",
    ),
    "replay.proposal_settled": (
        "第 {number} 条提议此前已由第 {by} 条办结。",
        "The proposal, entry {number}, had been settled by entry {by}.",
    ),
    "replay.second_person": (
        "未由合格的第二人确认（{codes}）。",
        "No second person who may confirmed it ({codes}).",
    ),
    "replay.policy": (
        "当时的规定不允许此事（{act}），或所引规定当时不在施行。",
        "The policy of the time did not allow this ({act}), or the one cited was not in force.",
    ),
    "text.present": (
        "第 {by} 条记录已删除文字“{field}”，而文字仍在。",
        "Entry {by} erased the text {field}, which is still there.",
    ),
    "replay.effect_skipped": (
        "对“{target}”的联动 {triggers} 被略过，而定义不允许略过。",
        "The effects {triggers} on {target} were skipped, which the definition does not allow.",
    ),
    "replay.effect_unknown": (
        "记录称由“{cited}”第 {number} 条引起，而该条没有此联动（{trigger}）。",
        "The entry says that entry {number} of {cited} caused it; that one has no such effect ({trigger}).",
    ),
    "replay.effect_values": (
        "此联动（{trigger}）的参数或属性不是“{cited}”第 {number} 条所定的。",
        "This effect ({trigger}) has other parameters or attributes than entry {number} of {cited} had for it.",
    ),
    "replay.effect_missing": (
        "记录称联动了“{target}”的 {trigger}，而那里没有相应的记录。",
        "The entry says that it had the effect {trigger} on {target}; there is no such entry there.",
    ),
    "replay.effect_twice": (
        "“{cited}”第 {number} 条的联动 {trigger} 在此出现不止一次。",
        "The effect {trigger} of entry {number} of {cited} is here more than once.",
    ),
    "replay.retired_missing": (
        "作废记录称收回了一个文号（{target}），而那里没有相应的记录：该文号还能再用。",
        "The entry that voids it says that a document number is retired ({target}); no such entry is there, so that "
        "the number could be used again.",
    ),
    "replay.released_missing": (
        "撤销作废的记录称放开了一个文号（{target}），而那里没有相应的记录。",
        "The entry that reinstates it says that a document number is released ({target}); no such entry is there.",
    ),
    "replay.number_overlap": (
        "文号“{number}”在随“{other}”（第 {entry} 条）作废后一分钟之内又用：先后无从断定。",
        "The number {number} was laid within a minute of its retirement with {other} (entry {entry}): which came first "
        "cannot be told.",
    ),
    "replay.calendar": (
        "所用的工作日历（{document}）当时并不适用。",
        "The calendar of working days that it names ({document}) was not in force then.",
    ),
    "replay.candidate": (
        "记录称 {actor} 可签署“{seat}”，而其当时并无此资格。",
        "The entry says that {actor} could have signed for {seat}; then {actor} could not.",
    ),
    "database.genesis_differs": (
        "日志表所记的创世散列与创世记录不符。",
        "The genesis leaf in the log's row is not that of the genesis entry.",
    ),
    "database.log_differs": (
        "日志表的 {name} 为 {found}，创世记录为 {expected}。",
        "The log's row says {name} {found}; its genesis says {expected}.",
    ),
    "database.trigger_missing": (
        "触发器 {trigger} 不存在：该表已不受防改保护。查明原因后运行 kfq db upgrade。",
        "The trigger {trigger} is missing: its table is not protected. Find out why, then run: kfq db upgrade",
    ),
    "database.trigger_disabled": (
        "触发器 {trigger} 已被停用：该表已不受防改保护。查明原因后运行 kfq db upgrade。",
        "The trigger {trigger} is disabled: its table is not protected. Find out why, then run: kfq db upgrade",
    ),
    "database.trigger_altered": (
        "触发器 {trigger} 被改动：该表可能不受防改保护。查明原因后运行 kfq db upgrade。",
        "The trigger {trigger} is not as made: its table may be unprotected. Find out why, then run: kfq db upgrade",
    ),
    "database.damaged": (
        "数据库文件损坏：{table} 与其索引不一致，读到什么取决于怎样查询（系统原文：{reason}）。请改用备份，并查明原因。",
        "The file of the database is damaged: {table} and its index disagree, so what is read depends on how it is asked for ({reason}). Go back to a backup, and find out why.",
    ),
    "bytes.leaf": ("记录的内容与其散列不符：记录被改动。", "The entry does not hash to its leaf: it was altered."),
    "bytes.columns": (
        "记录的列类型不对：记录被改动。",
        "A column of the entry has a value of the wrong type: it was altered.",
    ),
    "bytes.version": (
        "记录的格式版本 {version} 未知，无法核验。",
        "The entry is of format version {version}, which this library does not know and cannot check.",
    ),
    "bytes.too_large": (
        "记录为 {size} 字节，超过上限 {limit}。",
        "The entry has {size} bytes; at most {limit} are allowed.",
    ),
    "bytes.not_canonical": (
        "记录正文不是规范 JSON（{reason}）。",
        "The body is not canonical JSON ({reason}).",
    ),
    "bytes.line": ("第 {line} 行无法读取（{reason}）。", "Line {line} cannot be read ({reason})."),
    "chain.genesis_missing": ("缺少创世记录。", "The genesis entry is missing."),
    "chain.gap": (
        "缺少第 {first} 至 {last} 条记录。",
        "Entries {first} to {last} are missing before this one.",
    ),
    "chain.duplicate": ("这个记录号出现两次。", "This entry number occurs twice."),
    "chain.order": (
        "记录号应当大于前一条的（{before}），并且从 1 开始。",
        "Its number must be larger than that of the entry before it ({before}), and numbers begin with 1.",
    ),
    "chain.sorted": (
        "实例排在“{before}”之后，次序不对，或重复出现。",
        "The instance stands after {before!r}: wrong order, or it occurs twice.",
    ),
    "chain.prev": (
        "记录没有接在上一条之后：上一条被改动、删除或调换。",
        "The entry does not follow the one before it: that one was altered, removed or moved.",
    ),
    "chain.first_prev": (
        "首条记录没有接在创世记录之后。",
        "The first entry does not follow the log's genesis.",
    ),
    "chain.clock_back": ("时刻早于第 {before} 条记录。", "Its time lies before that of entry {before}."),
    "chain.clock_ahead": (
        "时刻在数据库当前时间之后：时钟可能被调过。",
        "Its time lies in the future of the database's clock: a clock may have been set.",
    ),
    "tree.seal_size": (
        "封存记录所说的日志树大小不对（上一次为 {before}）。",
        "The seal says a size of the tree that is not possible after {before}.",
    ),
    "tree.columns": (
        "日志树的列类型不对：被改动。",
        "A column of the tree has a value of the wrong type: it was altered.",
    ),
    "tree.position_unsealed": (
        "位置 {position} 在最近一次封存（共 {size} 条）之后：不是封存时写入的。",
        "Position {position} lies after the newest seal ({size} entries): no seal put it there.",
    ),
    "tree.position_missing": (
        "日志树缺少位置 {first} 至 {last}：记录被删除或移动。",
        "Positions {first} to {last} of the tree are missing: entries were removed or moved.",
    ),
    "tree.position_moved": (
        "记录在日志树中位于 {position}，应在 {expected}：被移动或重复。",
        "The entry lies at position {position} of the tree and belongs at {expected}: it was moved or is there twice.",
    ),
    "tree.entry_unplaced": (
        "记录不在日志树中，而其后的第 {before} 条却在：被移出或插入。",
        "The entry is not in the tree, though entry {before} after it is: it was taken out, or inserted.",
    ),
    "tree.place_orphan": (
        "日志树位置 {position} 上的记录不存在：记录或整个实例被删除。",
        "The entry at position {position} of the tree does not exist: it, or its instance, was removed.",
    ),
    "tree.leaf_differs": (
        "记录与日志树位置 {position} 上的散列不符：封存后被改动。",
        "The entry is not the one at position {position} of the tree: it was altered after it was sealed.",
    ),
    "tree.node_differs": (
        "日志树位置 {position} 上存储的节点不对：不能据以出具证明。",
        "The node stored at position {position} of the tree is wrong: no proof made from it would hold.",
    ),
    "tree.heads_differ": (
        "最近一次封存所说的各实例末条与记录不符：有实例被删除、截短或改动。",
        "The newest seal says other newest entries of the instances: one was removed, cut or altered.",
    ),
    "tree.size_shrunk": (
        "{label} 之时有 {size} 条已封存，现在只有 {found} 条：末尾被截去，或恢复了旧备份。",
        "{label} was made of {size} sealed entries; now there are {found}: the tail was cut, or a backup restored.",
    ),
    "anchor.size_shrunk": (
        "{label} 之时有 {size} 条已封存，这里只有 {found} 条：末尾被截去，或恢复了旧备份；早于该检查点的文件看来也是如此。",
        "{label} was made of {size} sealed entries; here are {found}: the tail was cut, or a backup restored; a file that "
        "was made before {label} looks the same.",
    ),
    "tree.checkpoint_malformed": (
        "库内保存的检查点（大小 {size}）无法读取（{reason}）。",
        "The checkpoint of size {size} that the log keeps cannot be read ({reason}).",
    ),
    "cache.sealed_differs": (
        "封存进度表与日志树不符；运行 kfq rebuild。",
        "The table of what is sealed does not agree with the tree; run kfq rebuild.",
    ),
    "cache.sealed_orphan": (
        "封存进度表有日志树中没有的实例。",
        "The table of what is sealed has an instance that is not in the tree.",
    ),
    "text.missing": (
        "文字“{field}”不在了，也没有删除的记录。",
        "The text {field} is gone, and no redaction is on record.",
    ),
    "text.differs": (
        "文字“{field}”与记录的承诺不符：文字或盐被改动。",
        "The text {field} does not open its commitment: its words or its salt were altered.",
    ),
    "text.uncommitted": ("文字“{field}”没有被记录承诺。", "The text {field} is not committed to by its entry."),
    "text.orphan": ("文字“{field}”没有对应的记录。", "The text {field} stands beside no entry."),
    "document.digest": (
        "文档 {document} 的内容与其摘要不符。",
        "The document {document} does not hash to its digest.",
    ),
    "document.missing": ("缺少文档 {document}。", "The document {document} is missing."),
    "document.kind": (
        "文档 {document} 的类别 {found} 不对。",
        "The document {document} is kept as {found}, which it is not.",
    ),
    "document.unused": ("没有记录提到文档 {document}。", "No entry names the document {document}."),
    "document.unreadable": (
        "文档 {document} 不是流程规则，用到它的动作无法重新判断。",
        "The document {document} is no workflow's rules: the acts under it cannot be decided again.",
    ),
    "document.not_defined": (
        "流程 {workflow} 的规则 {document} 没有登记。",
        "The rules {document} of {workflow} were never registered.",
    ),
    "document.not_yet_defined": (
        "所用规则 {document} 在当时尚未登记。",
        "The rules {document} were not registered yet at that time.",
    ),
    "cache.row_missing": ("有记录但实例表中没有这一行。", "There are entries but no row of the instance."),
    "cache.task_missing": (
        "待办表中没有 {gate} 第 {round} 轮的任务 {task}。",
        "The inbox has no row of task {task} in round {round} of {gate}.",
    ),
    "cache.task_orphan": (
        "待办表中 {gate} 第 {round} 轮的任务 {task} 没有对应的记录。",
        "No entry makes the inbox's row of task {task} in round {round} of {gate}.",
    ),
    "cache.task_differs": (
        "待办表中 {gate} 第 {round} 轮任务 {task} 的 {name} 为 {found}，按记录应为 {expected}。",
        "The inbox says {name} {found} of task {task} in round {round} of {gate}; the entries make it {expected}.",
    ),
    "cache.row_orphan": ("实例表中有这一行但没有记录。", "There is a row of the instance but no entry."),
    "replay.malformed": ("记录内容不合格式（{reason}）。", "What the entry says is malformed ({reason})."),
    "replay.kind_place": (
        "{kind} 类记录不应出现在这个实例中。",
        "An entry of kind {kind} does not belong on this instance.",
    ),
    "replay.def_missing": ("记录没有指明流程定义。", "The entry names no definition."),
    "replay.def_changed": ("实例中途换了流程定义。", "The instance changed to another definition."),
    "replay.not_started": (
        "首条记录是 {kind}，不是启动或补记。",
        "The first entry is of kind {kind}; an instance begins by a start or an adoption.",
    ),
    "replay.not_first": ("{kind} 只能是首条记录。", "An entry of kind {kind} can only be the first."),
    "replay.root_missing": (
        "所属实例“{root}”当时不存在。",
        "The root {root!r} did not exist at that time.",
    ),
    "replay.root_differs": (
        "所属实例“{root}”的流程为 {found}，应为 {expected}。",
        "The root {root!r} is an instance of {found}; it must be one of {expected}.",
    ),
    "replay.attributes": ("属性 {names} 未在定义中声明。", "The definition declares no attributes {names}."),
    "replay.grounds_missing": (
        "记录缺少 {names}：此类事项须有理由或依据文件。",
        "The entry lacks {names}: this is done only for a reason, or on the basis of a document.",
    ),
    "replay.says_more": (
        "{kind} 类的记录不得写有 {names}：这会改变实例，而没有规则据以判断。",
        "An entry of kind {kind} may not say {names}: that would change the instance, and no rule decides it.",
    ),
    "replay.late_unmarked": (
        "记录写明代何机构，却没有标为补录。",
        "The entry names whose act it was but is not marked late.",
    ),
    "replay.late_flags": (
        "补录缺少必要的标记：作出决定的机构、依据、来源。",
        "A late entry lacks what marks it: whose act it was, its basis, its source.",
    ),
    "replay.not_allowed": (
        "按当时的定义，“{trigger}”不应获准：{reasons}",
        "By the definition then in force {trigger} was not allowed: {reasons}",
    ),
    "replay.attested_missing": (
        "缺少应用程序对条件 {guard} 的答复。",
        "The application's answer to the guard {guard} is not in the entry.",
    ),
    "replay.unknown_trigger": (
        "定义中没有动作“{trigger}”。",
        "The definition has no trigger {trigger}.",
    ),
    "replay.seen_missing": (
        "所引“{cited}”的第 {number} 条记录当时不存在。",
        "Entry {number} of {cited!r}, which it cites, did not exist at that time.",
    ),
    "replay.seen_leaf": (
        "所引“{cited}”的第 {number} 条记录与现存的不同。",
        "Entry {number} of {cited!r}, which it cites, is not the one on record.",
    ),
    "replay.adoption": (
        "补记的状态不符合定义（{reason}）。",
        "The definition does not allow the states adopted ({reason}).",
    ),
    "replay.actor_unknown": (
        "日志中没有登记办理人 {actor}：其角色无法核对。",
        "The actor {actor} is not enrolled in this log: the roles cannot be checked.",
    ),
    "replay.actor_changed": (
        "办理人 {actor} 的登记恰在此前变更，按变更前的登记有效。",
        "The actor {actor} was changed just before; the act is allowed by the enrolment before that.",
    ),
    "replay.actor_role": (
        "{actor} 当时不具备所需角色：{needs}。",
        "{actor} had none of the roles needed at that time: {needs}.",
    ),
    "replay.actor_not_valid": (
        "{actor} 当时已停用或不在有效期内。",
        "{actor} was disabled or outside the period of validity at that time.",
    ),
    "replay.mode": ("记录的方式 {found} 不对。", "The entry's mode {found} is wrong for its kind."),
    "replay.date_missing": ("记录没有日期。", "The entry has no day."),
    "replay.date_malformed": ("日期 {text} 无效。", "The date {text} is not valid."),
    "replay.date_differs": (
        "日期 {text} 与所记的最早、最晚日不符。",
        "The earliest and latest day on record are not those of the date {text}.",
    ),
    "replay.date_order": (
        "日期 {text} 不可能：第 {number} 条记录必在其前，而最早发生在 {earliest}。",
        "The date {text} is impossible: entry {number} comes before it and happened on {earliest} at the earliest.",
    ),
}


_EXPORT: dict[str, tuple[str, str]] = {
    "impossible_days": (
        "“{key}”的第 {seqs} 条记录的日期与记录的先后矛盾，不能回答某日的状态：请运行 kfq verify。",
        "The dates of entries {seqs} of {key!r} contradict their order, so no day can be answered: run kfq verify.",
    ),
    "export_exists": (
        "文件“{path}”已存在：请换一个文件名，或用 --force 覆盖。",
        "The file {path!r} exists: choose another, or write over it with --force.",
    ),
    "file_exists": (
        "文件“{path}”已存在：请换一个文件名。",
        "The file {path!r} exists: choose another.",
    ),
    "export_no_log": (
        "文件“{path}”不是导出的日志：其中没有日志的首条记录。",
        "The file {path!r} is no exported log: it does not hold the log's first entry.",
    ),
    "sheet_full": (
        "一张工作表放不下这么多记录（最多 {limit} 条）：请用 --format csv。",
        "A sheet does not hold so many entries (at most {limit}): use --format csv.",
    ),
    "export_failed": ("无法写入“{path}”（系统原文：{reason}）。", "The file {path!r} cannot be written ({reason})."),
    "export_unreadable": ("无法读取“{path}”（系统原文：{reason}）。", "The file {path!r} cannot be read ({reason})."),
    "export_tampered": (
        "“{key}”的第 {seq} 条记录与其散列不符，不能导出：请运行 kfq verify。",
        "Entry {seq} of {key!r} does not hash to its leaf and cannot be exported: run kfq verify.",
    ),
    "export_odd": (
        "有的文字、文书或检查点不成形，不能导出（系统原文：{reason}）：请运行 kfq verify。",
        "A text, a document or a checkpoint is not of its form and cannot be exported ({reason}): run kfq verify.",
    ),
}


#: Of a checkpoint, whether the log keeps it (tree) or it was held outside (anchor).
_CHECKPOINTS: dict[str, tuple[str, str]] = {
    "other_log": (
        "{label} 是另一个日志的检查点（{origin}）；本日志为 {expected}：数据库被替换，或给错了文件。",
        "{label} is of another log ({origin}, not {expected}): the database was replaced, or it is the wrong file.",
    ),
    "fork": (
        "{label} 与 {other} 对大小 {size} 给出不同的根：有人看到的是两份不同的历史。",
        "{label} and {other} say two roots of size {size}: two histories were shown.",
    ),
    "root_differs": (
        "前 {size} 条记录与 {label} 不符：其中有记录被改动、删除或移动后重新计算。",
        "The first {size} entries are not those of {label}: some were altered, removed or moved and all hashed anew.",
    ),
    "signature_bad": ("{label} 上的签名是假的（{reason}）。", "A signature on {label} is false ({reason})."),
    "signature_revoked": (
        "{label} 只有已作废的密钥（{names}）签名，无从证明签于作废之前。",
        "Only revoked keys ({names}) have signed {label}, and nothing tells that they did so before.",
    ),
    "statement_bad": (
        "{label} 关于密钥的声明是假的（{reason}）。",
        "The statement about keys in {label} is false ({reason}).",
    ),
    "handover_second": (
        "{label}：该密钥已交接给另一把密钥，以先记录的为准。密钥可能已被他人掌握。",
        "{label}: the key had handed over to another one before, which stands. Somebody else may hold the key.",
    ),
    "handover_loop": (
        "{label}：交接给了这条线上更早的密钥。",
        "{label} hands over to a key that came before in the line.",
    ),
    "handover_revoked": (
        "{label}：交接的密钥在此之前已作废。",
        "{label}: the key that hands over had been revoked before.",
    ),
    "revocation_foreign": (
        "{label}：作废声明既非该密钥自己、也非其后的密钥所签。",
        "{label}: neither the revoked key nor one after it in the line has signed.",
    ),
    "signature_missing": ("{label} 没有受信任的密钥签名。", "No trusted key has signed {label}."),
}


def _all() -> dict[str, tuple[str, str]]:
    found = {**_EXPORT, **{f"finding.{code}": pair for code, pair in _SENTENCES.items()}}
    for layer in ("tree", "anchor"):
        found |= {f"finding.{layer}.{code}": pair for code, pair in _CHECKPOINTS.items()}
    for name, (zh, en) in _SAYS.items():
        found[f"finding.replay.{name}_differs"] = (
            f"{zh}记为“{{found}}”，重新判断应为“{{expected}}”。",
            f"The entry says {en} {{found}}; deciding again gives {{expected}}.",
        )
    for name, (zh, en) in _CACHED.items():
        found[f"finding.cache.{name}"] = (
            f"实例表的{zh}为 {{found}}，按记录应为 {{expected}}。",
            f"The row's {en} is {{found}}; the entries make it {{expected}}.",
        )
    return found


FINDINGS = _all()
