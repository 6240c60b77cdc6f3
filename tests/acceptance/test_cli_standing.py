"""On the command line, in both languages: numbers that are not used again, working days, inboxes of proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Kfq

START = ("start", "permit", "q", "--actor", "app", "--name", "许可", "--set", "area=1")
FILE = ("fire", "q", "submit", "--actor", "app", "--paper", "request=市函〔2020〕1号")
VOID = ("void", "q", "--actor", "reg", "--reason", "重复", "--number", "市函〔2026〕5号")
AGAIN = ("fire", "r", "submit", "--actor", "app", "--paper")


@pytest.fixture
def filed(gated: Kfq) -> Kfq:
    gated.ok(*START)
    gated.ok(*FILE)
    gated.ok(*(word if word != "q" else "r" for word in START))
    return gated


# Numbers


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_a_void_retires_is_said_and_refused(filed: Kfq, lang: str) -> None:
    out = filed.ok(*VOID, lang=lang).out
    assert {"zh": "文号不再使用", "en": "retired numbers"}[lang] in out
    assert "市函〔2020〕1号" in out
    for number in ("市函[2020]1号", "市函〔2026〕5号"):
        ran = filed(*AGAIN, f"request={number}", lang=lang)
        assert ran.code == 3
        for said in (
            number,
            "q",
            "市函〔2026〕5号",
            {"zh": "已随“q”作废，不得再用", "en": "is never used again"}[lang],
        ):
            assert said in ran.err
        assert "kfq reinstate q" in ran.err
    filed.ok("reinstate", "q", "--actor", "reg", "--reason", "误作废", "--number", "市函〔2026〕6号")
    filed.ok(*AGAIN, "request=市函[2020]1号")
    assert {"zh": "文号恢复使用", "en": "released numbers"}[lang] in filed.ok("history", "q", lang=lang).out
    assert filed("verify").code == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_number_is_kept(filed: Kfq, lang: str) -> None:
    wrong = filed(*VOID, "--keep", "市函〔2020〕2号", lang=lang)
    assert (wrong.code, "市函〔2020〕1号" in wrong.err) == (1, True)
    out = filed.ok(*VOID, "--keep", "市函〔2020〕1号", lang=lang).out
    assert {"zh": "文号保留", "en": "numbers kept in use"}[lang] in out
    filed.ok(*AGAIN, "request=市函〔2020〕1号")


def test_the_chain_of_a_number_can_be_read(filed: Kfq) -> None:
    filed.ok(*VOID)
    effects = filed.ok("history", "q", "--json").json["entries"][-1]["body"]["effects"]
    chain = next(effect["on"] for effect in effects if effect["retire"] == "request")
    for lang, said in (("zh", ("文号作废", "作废依据", "市函〔2026〕5号")), ("en", ("number retired", "voided by"))):
        out = filed.ok("history", chain, lang=lang).out
        assert all(part in out for part in said)
    assert chain not in filed.ok("list").out


# Working days


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_calendar_is_loaded_and_shown(gated: Kfq, tmp_path: Path, lang: str) -> None:
    assert {"zh": "周六、周日休息", "en": "Saturday and Sunday"}[lang] in gated.ok("calendar", "show", lang=lang).out
    file = tmp_path / "calendar.txt"
    file.write_text("\ufeff# 国庆节\n2026-10-02 rest\n2026-10-10 work\n2026-10-01 rest\n", encoding="utf-8")
    load = ("calendar", "load", str(file), "--number", "国办发明电〔2025〕7号", "--actor", "admin")
    assert {"zh": "公布工作日历", "en": "calendar published"}[lang] in gated.ok(*load, lang=lang).out
    assert gated.ok("calendar", "show").out == "2026-10-01 rest\n2026-10-02 rest\n2026-10-10 work\n"
    found = gated.ok("calendar", "show", "--json").json
    assert found == {"rest": ["2026-10-01", "2026-10-02"], "work": ["2026-10-10"]}
    assert "国办发明电〔2025〕7号" in gated.ok("history", "~calendar", lang=lang).out
    assert gated(*load[:-1], "reg", lang=lang).code == 3
    assert gated("verify").code == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("text", "code"), [("2026-10-01 休\n", "calendar_line"), ("#\n", "calendar_empty"), (None, "calendar_file")]
)
def test_a_file_that_is_no_calendar(gated: Kfq, tmp_path: Path, text: str | None, code: str, lang: str) -> None:
    file = tmp_path / "calendar.txt"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    ran = gated("calendar", "load", str(file), "--number", "1", "--actor", "admin", lang=lang)
    assert (ran.code, any("\u4e00" <= letter <= "\u9fff" for letter in ran.err.replace("休", ""))) == (1, lang == "zh")
    ran = gated("calendar", "load", str(file), "--number", "1", "--actor", "admin", "--json")
    assert ran.json["error"]["code"] == code


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_who_urges_twice_is_told_when_to_urge_again(gated: Kfq, lang: str) -> None:
    gated.ok("submit", "p", "grant", "--actor", "app")
    gated.ok("urge", "p", "--actor", "app")
    values = gated("urge", "p", "--actor", "app", "--json").json["error"]["refusals"][0]["values"]
    ran = gated("urge", "p", "--actor", "app", lang=lang)
    assert (ran.code, values["day"] in ran.err, values["next"] in ran.err) == (3, True, True)


# Inboxes


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_inbox_names_proxies_and_what_a_duty_forbids(gated: Kfq, lang: str) -> None:
    gated.ok("actor", "update", "app", "--role", "applicant", "--role", "clerk", "--actor", "admin")
    gated.ok("submit", "p", "grant", "--actor", "app")
    gated.ok(
        "proxy", "grant", "boss", "--to", "app", "--from", "2020-01-01", "--until", "2999-12-31", "--number", "7",
        "--actor", "boss",
    )  # fmt: skip
    gated.ok(
        "proxy", "grant", "boss", "--to", "other", "--from", "2020-01-01", "--until", "2999-12-31", "--number", "8",
        "--actor", "boss",
    )  # fmt: skip
    out = gated.ok("inbox", "--actor", "other", lang=lang).out
    assert {"zh": "主管部门 代 boss", "en": "authority for boss"}[lang] in out
    assert {"zh": "不能签署", "en": "may not sign"}[lang] not in out
    (item,) = gated.ok("inbox", "--actor", "other", "--json").json["items"]
    assert (item["on_behalf_of"], item["grant"], item["barred"]) == ("boss", 3, [])
    out = gated.ok("inbox", "--actor", "app", lang=lang).out
    assert out.count({"zh": "职责分离：提交人 app", "en": "Separation of duties: app"}[lang]) == 3
    assert {"zh": "不能签署", "en": "may not sign"}[lang] in out
    items = gated.ok("inbox", "--actor", "app", "--json").json["items"]
    assert [(item["on_behalf_of"], [why["code"] for why in item["barred"]]) for item in items] == [
        (None, ["duty_applicant"]), (None, ["duty_applicant"]), ("boss", ["duty_applicant"]),
    ]  # fmt: skip
    assert gated.ok("inbox", "--actor", "app", "--keys").out == ""  # nothing that --many could sign
    assert gated.ok("inbox", "--actor", "c1", "--keys").out == "p\n"
