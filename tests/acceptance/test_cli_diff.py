"""`kfq diff` and what `kfq replay` shows of gates: in both languages, as JSON, from a database and from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow.cli.safe import width
from kfq_workflow.edtf import instant_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq

DAYS = ("2019-06-30", "2020-05-31")


def at(kfq: Kfq, key: str = "p") -> str:
    """Return the moment of the newest entry of an instance, as it is written."""
    micros = kfq.ok("history", key, "--json").json["entries"][-1]["at"]
    return f"@{instant_text(micros, 0).replace(' ', 'T')}.{micros % 1_000_000:06}Z"


def gate_of(found: Any) -> Any:
    (change,) = [change for change in found["changes"] if change["what"] == "gate"]
    return change


def test_two_days_of_hongtong(demo: Kfq) -> None:
    found = demo.ok("diff", "hongtong-etdz", *DAYS, "--json").json
    assert (found["a"], found["b"]) == ({"as_of": DAYS[0], "known_at": None}, {"as_of": DAYS[1], "known_at": None})
    (each,) = found["instances"]
    main = next(change for change in each["changes"] if change["name"] == "main")
    assert (main["what"], main["before"]["certain"], main["after"]["certain"]) == ("region", False, True)
    assert len(main["before"]["states"]) == 4
    assert main["after"]["states"] == ["reform_rollout.underway"]
    assert {entry["before"]["status"] for entry in each["entries"]} == {"perhaps"}
    assert {entry["after"]["status"] for entry in each["entries"]} == {"yes"}
    assert all(paper["before"]["certain"] < paper["after"]["certain"] for paper in each["papers"])
    text = demo.ok("diff", "hongtong-etdz", *DAYS).out
    for words in ("  -  cannot be told (between entry 2 and entry 4); one of:", "  +  open, reforms rolling out",
                  "at the end of 2019-06-30, by all that is known now", "not filed, cannot be told"):  # fmt: skip
        assert words in text
    text = demo.ok("diff", "hongtong-etdz", *DAYS, lang="zh").out
    for words in ("  -  不能断定（在第 2 条与第 4 条之间），为其一：", "  +  已成立运营·改革推进", "2019-06-30 终了",
                  "未见原件、不能断定是否已有", "补录"):  # fmt: skip
        assert words in text


def test_the_columns_are_aligned_in_chinese(demo: Kfq) -> None:
    rows = demo.ok("diff", "hongtong-etdz", *DAYS, lang="zh").out.splitlines()
    start = next(number for number, row in enumerate(rows) if row.startswith("序"))
    header = rows[start]
    places = [width(header[: header.index(title)]) for title in ("日期", "事项", "登记时间")]
    entries = [row for row in rows[start + 2 :] if "[2017-01..2020-05]" in row]
    assert len(entries) == 7
    for row in entries:
        assert [width(row[: row.index("[2017")]), width(row[: row.index("20", row.index("]") + 1)])] == [
            places[0], places[2],
        ]  # fmt: skip


def test_what_the_record_said_then_and_what_is_known_today(demo: Kfq) -> None:
    text = demo.ok("diff", "hongtong-etdz", "2020-06-01@2020-06-02", "2020-06-01").out
    assert "by what was on record at 2020-06-02 23:59:59" in text
    assert "  -  (nothing recorded by then)\n  +  open, reforms rolling out" in text
    assert "unrecorded" in text
    assert "（当时尚无登记）" in demo.ok("diff", "hongtong-etdz", "2020-06-01@2020-06-02", "2020-06-01", lang="zh").out
    found = demo.ok("diff", "hongtong-etdz", "2020-06-01@2020-06-02", "now", "--json").json["instances"][0]
    assert {entry["before"]["status"] for entry in found["entries"]} == {"unrecorded"}
    assert {"absent": "not_known"} in found["changes"][0]["before"]["values"]


@pytest.mark.parametrize(("lang", "words"), [("en", "Nothing differs"), ("zh", "没有差异")])
def test_nothing_differs(demo: Kfq, lang: str, words: str) -> None:
    assert words in demo.ok("diff", "hongtong-etdz", "now", "now", lang=lang).out
    assert words in demo.ok("diff", "now", "now", lang=lang).out
    assert demo.ok("diff", "now", "now", "--json").json["instances"] == []
    (one,) = demo.ok("diff", "hongtong-etdz", "now", "now", "--json").json["instances"]
    assert (one["differs"], one["changes"], one["entries"], one["cannot_be_told"]) == (False, [], [], [])


def test_all_instances_that_differ_also_from_an_export(demo: Kfq, tmp_path: Path) -> None:
    text = demo.ok("diff", *DAYS).out
    assert "kfq diff hongtong-etdz and the same two moments" in text
    every = demo.ok("diff", *DAYS, "--json").json["instances"]
    assert f"{len(every)} instances differ." in text
    assert "个实例有差异" in demo.ok("diff", *DAYS, lang="zh").out
    assert [each["key"] for each in every] == sorted(each["key"] for each in every)
    for each in every:
        assert demo.ok("diff", each["key"], *DAYS, "--json").json["instances"] == [each]
    path = str(tmp_path / "log.jsonl")
    demo.ok("export", path)
    assert demo.ok("diff", *DAYS, "--json", "--file", path).json["instances"] == every


def test_what_is_wrong_says_what_to_type(demo: Kfq) -> None:
    for args, code in (
        (("diff", "hongtong-etdz", "2019", "now"), "not_a_moment"),
        (("diff", "2019-06-30", "hongtong-etdz"), "not_a_moment"),
        (("diff", "nowhere", *DAYS), "not_found.instance"),
        (("diff", "~log", *DAYS), "invalid_key"),
        (("diff", *DAYS, "--file", "/nowhere/x.jsonl"), "export_unreadable"),
    ):
        ran = demo(*args, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (1, code), args
    for wrong in (("diff",), ("diff", "now"), ("diff", "a", "b", "c", "now")):
        assert demo(*wrong).code == 2
    assert "2020-06-01@2020-06-02 now" in demo("diff", "a", "b", "c", "now").err
    for lang, words in (("en", "A moment is written"), ("zh", "时点的写法")):
        assert words in demo.ok("diff", "--help", lang=lang).out


def test_moments_are_completed() -> None:
    from kfq_workflow.cli.diffs import COMMANDS

    command = COMMANDS["diff"]
    context: Any = None
    for name in ("a", "b"):
        param = next(param for param in command.params if param.name == name)
        assert [item.value for item in param.shell_complete(context, "n")] == ["now"]
        assert all(item.value.startswith("@2") for item in param.shell_complete(context, "@"))


def test_a_gate_between_two_instants(gated: Kfq) -> None:
    gated.ok("submit", "p", "grant", "--actor", "app")
    first = at(gated)
    gated.ok("approve", "p", "--actor", "c1")
    second = at(gated)
    gated.ok("approve", "p", "--actor", "boss")
    (found,) = gated.ok("diff", "p", first, second, "--json").json["instances"]
    change = gate_of(found)
    before, after = change["before"]["values"][0], change["after"]["values"][0]
    assert (change["name"], before["state"], after["state"]) == ("grant", "open", "open")
    assert (before["tally"]["approve"], after["tally"]["approve"]) == (0, 1)
    text = gated.ok("diff", "p", second, "now").out
    assert "grant the permit, round 1, APPROVED" in text
    assert "main line" in text
    assert "“批准”第 1 轮已通过" in gated.ok("diff", "p", second, "now", lang="zh").out
    assert gated.ok("diff", "p", "@2000-01-01", first, "--json").json["instances"][0]["differs"]


def test_replay_shows_the_gate_on_whom_it_waits_and_the_votes_so_far(gated: Kfq) -> None:
    gated.ok("submit", "p", "grant", "--actor", "app")
    known = at(gated).removeprefix("@")
    gated.ok("approve", "p", "--actor", "c1")
    text = gated.ok("replay", "p").out
    assert "approval: grant the permit, round 1, open: 1 approve" in text
    assert "1: clerk · c1: approved (entry 4)" in text
    assert "2: clerk · to come" in text
    assert "3: authority · to come" in text
    assert "经办科室（clerk） · c1，同意（第 4 条）" in gated.ok("replay", "p", lang="zh").out
    (found,) = gated.ok("replay", "p", "--json").json["instances"]
    gate = found["gates"]["grant"]
    assert (gate["certain"], gate["values"][0]["tally"]["approve"], gate["between"]) == (True, 1, [4, 4])
    assert found["standing"]["values"] == [{"suspended": None, "void": None}]
    assert found["attributes"]["area"]["values"] == ["1.5"]
    assert found["name"]["values"] == ["三号地块 | lot 3"]
    (earlier,) = gated.ok("replay", "p", "--known-at", known, "--json").json["instances"]
    assert earlier["gates"]["grant"]["values"][0]["tally"]["approve"] == 0
    (past,) = gated.ok("replay", "p", "--as-of", "2020-01-01", "--json").json["instances"]
    assert past["gates"]["grant"]["values"] == [{"absent": "not_yet_started"}]
    assert "(not yet started)" in gated.ok("replay", "p", "--as-of", "2020-01-01").out


def test_standing_and_hostile_names_are_shown_harmless(gated: Kfq) -> None:
    gated.ok("start", "permit", "evil", "--actor", "app", "--name", "\u202e\x1b[31m红 | \x1b]0;x\x07red")
    before = at(gated)
    gated.ok("suspend", "p", "--actor", "reg", "--reason", "r", "--number", "市函1号")
    for args in (("replay", "evil"), ("diff", "evil", "@2000-01-01", "now"), ("diff", "@2000-01-01", "now")):
        out = gated.ok(*args).out
        assert "\x1b" not in out
        assert "\u202e" not in out
    assert "standing: suspended (entry 3)" in gated.ok("replay", "p").out
    assert (
        "standing\n  -  neither suspended nor void\n  +  suspended (entry 3)"
        in gated.ok("diff", "p", before, "now").out
    )
    assert "状况\n  -  未挂起、未作废\n  +  已挂起（第 3 条）" in gated.ok("diff", "p", before, "now", lang="zh").out
