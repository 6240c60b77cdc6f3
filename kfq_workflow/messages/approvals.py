"""What is said of approval gates, in Chinese and in English, by code: refusals and errors."""

from __future__ import annotations

#: code → (Chinese, English)
APPROVALS: dict[str, tuple[str, str]] = {
    # Nothing may be done, or not in this way
    "suspended": (
        "已挂起（第 {seq} 条记录）：恢复之前不能办理。恢复：kfq resume。",
        "It is suspended (entry {seq}): nothing can be done until it is resumed, with: kfq resume",
    ),
    "voided": (
        "已作废（第 {seq} 条记录）：不能再办理。如属误作废：kfq reinstate。",
        "It is void (entry {seq}): nothing can be done any more. If that was a mistake: kfq reinstate",
    ),
    "not_suspended": ("并未挂起，无需恢复。", "It is not suspended: there is nothing to resume."),
    "not_voided": ("并未作废，无需撤销作废。", "It is not void: there is nothing to reinstate."),
    "needs_approval": (
        "“{trigger}”须经审批，不能直接办理；请提交：kfq submit。",
        "{trigger} needs approval and cannot be fired; submit it with: kfq submit",
    ),
    "no_gate": (
        "“{trigger}”无需审批；请直接办理：kfq fire。",
        "{trigger} needs no approval; fire it with: kfq fire",
    ),
    "gate_open": (
        "“{gate}”已在审批中。等待谁、为什么：kfq explain。",
        "{gate} is under approval already. On whom it waits, and why: kfq explain",
    ),
    "gate_closed": (
        "“{gate}”当前没有进行中的审批。",
        "There is no open approval of {gate}.",
    ),
    "no_open_gate": (
        "“{key}”没有进行中的审批。可办理的动作：kfq next {key}。",
        "{key} has no open approval. What may be done: kfq next {key}",
    ),
    "no_gate_yet": (
        "“{key}”的“{trigger}”尚未提交审批。可办理的动作：kfq next {key}。",
        "{trigger} of {key} has not been submitted for approval. What may be done: kfq next {key}",
    ),
    "due_past": (
        "期限 {due} 已在今天（{today}）之前。请写今天或以后的日期。",
        "The day {due}, by which it is due, is before today ({today}). State today or a later day.",
    ),
    "gate_which": (
        "“{key}”有多项审批：{triggers}。请写明是哪一项。",
        "{key} has several approvals: {triggers}. Say which one is meant.",
    ),
    "nobody_to_ask": (
        "没有任何签署人适用：请核对属性和流程定义的签署人条件。",
        "No signer applies: check the attributes, and the conditions of the definition's signers.",
    ),
    "quorum_unreachable": (
        "需要 {need}，而一共只有 {of}：永远达不到。",
        "It would need {need} and there are only {of}: that can never be reached.",
    ),
    # Who signs
    "not_a_signer": (
        "{actor} 不是本轮的待签署人；等待：{signers}。",
        "{actor} is not asked to sign in this round; it waits for: {signers}.",
    ),
    "task_not_yours": (
        "任务 {task} 不由 {actor} 签署；{actor} 可签：{tasks}。",
        "Task {task} is not one for {actor} to sign; {actor} may sign: {tasks}.",
    ),
    "task_waiting": (
        "还没有轮到 {actor}：须先由前面的签署人办理。",
        "It is not yet {actor}'s turn: those before must sign first.",
    ),
    "task_done": (
        "{actor} 在本轮已经签署。如要更改，请先收回：kfq retract。",
        "{actor} has signed in this round. To change it, take it back first: kfq retract",
    ),
    "no_task": (
        "本轮没有编号为 {actor} 的待签任务；现有：{tasks}。",
        "There is no open task {actor} in this round; there are: {tasks}.",
    ),
    "not_applicant": (
        "只有提交人 {applicant} 可以撤回，{actor} 不可以。",
        "Only the applicant, {applicant}, can withdraw it; {actor} cannot.",
    ),
    "not_asked": (
        "没有人就此征求 {actor} 的意见，或已答复。",
        "Nobody has asked {actor} for an opinion, or it has been given.",
    ),
    "not_copied": (
        "没有抄送给 {actor}，或已标为已阅。",
        "{actor} was sent no copy, or has marked it as read.",
    ),
    "delegate_twice": (
        "已就此任务征求过 {actor} 的意见，或 {actor} 就是经办人本人。",
        "{actor} has been asked on this task, or is the one whose task it is.",
    ),
    "transfer_to_self": ("不能转办给本人（{actor}）。", "A task cannot be handed to oneself ({actor})."),
    "signer_twice": ("{actor} 已是待签署人。", "{actor} is asked to sign already."),
    "last_signer": (
        "任务 {task} 是最后一个待签任务，不能减签：至少须留一人签署。",
        "Task {task} is the last that is open and cannot be removed: somebody must be left to sign.",
    ),
    "would_decide": (
        "这样更改会使审批当即有结果（需要 {need}，已同意 {approve}）：结果只能由签署产生。",
        "The change itself would decide the approval (needed {need}, approved {approve}): only votes decide.",
    ),
    # Separation of duties
    "duty_applicant": (
        "职责分离：提交人 {actor} 不能签署自己的提交。",
        "Separation of duties: {actor} submitted it and may not sign it.",
    ),
    "duty_applicant_org": (
        "职责分离：{actor} 与提交人同属 {org}，不能签署。",
        "Separation of duties: {actor} is of the applicant's organisation, {org}, and may not sign.",
    ),
    "duty_not_by": (
        "职责分离：{actor} 办理过“{transition}”，不能签署。",
        "Separation of duties: {actor} did {transition} and may not sign.",
    ),
    "duty_contributor": (
        "职责分离：{actor} 在本轮已转办或出具过意见，不能签署。",
        "Separation of duties: {actor} has handed on a task or was asked for an opinion in this round, and may not sign.",
    ),
    "duty_voted": (
        "{actor} 在本轮已签署过一次：每人每轮只能签署一次。",
        "{actor} has signed once in this round: nobody signs twice.",
    ),
    "duty_handler": (
        "{actor} 是本轮的签署人，不能给自己延期。",
        "{actor} is to sign in this round and cannot extend the deadline.",
    ),
    "waive_second": (
        "豁免 {actor} 的回避须由两名不同的监督人各自确认，且不能是本人。",
        "Waiving a duty of {actor} takes two different supervisors, neither of them the one it binds.",
    ),
    "approver_may_not_void": (
        "{actor} 曾同意过本件，不能作废；须由他人办理。",
        "{actor} has approved it and may not void it; somebody else must.",
    ),
    "number_retired": (
        "文号“{number}”（{paper}）已随“{instance}”作废，不得再用：{day} 依“{document}”作废（第 {seq} 条记录）。"
        "请核对文号；如属误作废：kfq reinstate {instance}。",
        "The number {number} ({paper}) was retired with {instance}, which was voided on {day} by {document} (entry {seq}), "
        "and is never used again. Check the number; if the voiding was a mistake: kfq reinstate {instance}",
    ),
    "keep_unknown": (
        "“{key}”的文书中没有文号“{number}”，无从保留。其文号：{known}。",
        "{key} has no paper numbered {number} that could be kept. It has: {known}.",
    ),
    "proxy_none": (
        "{principal} 没有授权 {actor} 今天代为签署此类流程。",
        "{principal} has granted {actor} no proxy that covers this workflow today.",
    ),
    "proxy_days": (
        "代理的起止日期颠倒：{first} 至 {last}。",
        "The proxy would end before it begins: {first} to {last}.",
    ),
    "proxy_self": ("不能授权给本人（{id}）。", "{id} cannot be its own proxy."),
    "not_found.grant": (
        "没有这项代理授权：{key}。现有：{known}。",
        "There is no proxy {key}. There are: {known}.",
    ),
    "batch_too_long": (
        "批次名“{batch}”过长：最多 {limit} 个字符。",
        "The batch's name {batch!r} is too long: at most {limit} characters.",
    ),
    "keys_file": (
        "无法读取键的文件“{path}”：{reason}。每行写一个键，UTF-8 编码。",
        "The file of keys {path!r} cannot be read: {reason}. Write a key in each line, in UTF-8.",
    ),
    # Effects on other instances
    "effect_target": (
        "不知道要联动哪个实例（{target}）：请先登记指明它的属性（kfq amend）。",
        "It is not known which instance to act on ({target}): state the attribute that names it (kfq amend).",
    ),
    "effect_refused": (
        "它对“{target}”的联动“{effect}”不能进行，原因如下：",
        "Its effect {effect} on {target} is not possible:",
    ),
    # Taking back
    "withdraw_never": ("本项审批不允许撤回。", "This approval cannot be withdrawn."),
    "withdraw_too_late": (
        "已有人签署，不能再撤回；可请签署人退回。",
        "Somebody has signed, so it can no longer be withdrawn; a signer may return it.",
    ),
    "return_unknown": (
        "不能退回到 {state}；可退回到：提交人、{states}。",
        "It cannot be returned to {state}; possible: the applicant, {states}.",
    ),
    "return_applicant": (
        "“{gate}”只能退回提交人：请不写 --to。",
        "{gate} can be returned to the applicant only: leave out --to.",
    ),
    "return_not_visited": (
        "不能退回到 {state}：从未到过该状态。",
        "It cannot be returned to {state}: it has never been there.",
    ),
    "direct_not_allowed": (
        "不能直接送回退回人：须是退回提交人的，且只改动了允许的内容（另有改动：{fields}）。请逐级重新提交。",
        "It cannot go straight back: it must have been returned to the applicant, with no other changes than allowed "
        "(changed: {fields}). Submit it step by step.",
    ),
    "retract_not_yours": (
        "本轮没有 {actor} 签署的意见可以收回。",
        "There is no vote of {actor} in this round to take back.",
    ),
    "retract_relied": (
        "不能收回：审批已有结果，且其后已有依据它的记录（最新为第 {seq} 条）。",
        "It cannot be taken back: the approval is decided and relied on (the newest entry is {seq}).",
    ),
    "urged_today": (
        "{actor} 已就 {day} 催办过（每个工作日一次，休息日计入下一工作日）；{next} 起可再催。",
        "{actor} has urged for {day} (once each working day, a day of rest counting for the next); again from {next} on.",
    ),
    "calendar_line": (
        "工作日历第 {line} 行写法不对：“{text}”。每行写一个日期和 rest（休息）或 work（上班），如 2026-10-01 rest。",
        "Line {line} of the calendar is not understood: {text!r}. Write a day and rest or work in each line: 2026-10-01 rest",
    ),
    "calendar_empty": ("工作日历中没有任何日期。", "The calendar names no day."),
    "calendar_file": (
        "无法读取工作日历文件“{path}”：{reason}。",
        "The file of the calendar {path!r} cannot be read: {reason}.",
    ),
    "already_copied": ("已抄送过：{actors}。", "A copy was sent before to: {actors}."),
    "copy_to": ("请写明抄送给谁，每人一次。", "Say to whom copies go, each person once."),
    "extended_before": (
        "已延期一次（第 {seq} 条记录），不能再延。",
        "The deadline was extended once (entry {seq}) and cannot be again.",
    ),
}
