"""What is said of files of cases and of the command line's own work, in Chinese and in English, by code."""

from __future__ import annotations

#: code → (Chinese, English); fields in braces are filled from the error's or refusal's values.
CASES: dict[str, tuple[str, str]] = {
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
}
