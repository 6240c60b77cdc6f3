"""The sheet of a checkpoint as a browser shows and prints it: one page of A4, and a camera reads its code."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp

from kfq_workflow.audit import signers
from kfq_workflow.audit.checkpoint import Anchor, Checkpoint
from kfq_workflow.audit.note import COSIGNATURE, ED25519, Note, cosign, sign
from kfq_workflow.report.checkpoint import checkpoint_sheet
from tests.browser import open_browsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

TEXT = str(Checkpoint("zones.example.cn/0123456789abcdef0123456789abcdef", 20_852_163, bytes(range(32))))
LOG = signers.signer("zones.example.cn/log", ED25519, bytes(range(32)))
HOSTILE = signers.signer("<script>alert(1)</script>" + "甲" * 120, COSIGNATURE, bytes(range(1, 33)))
NOTES = {
    "signed": Note(TEXT, (sign(TEXT, LOG),)),
    "hostile": Note(TEXT, (sign(TEXT, LOG), cosign(TEXT, HOSTILE, 1_679_315_147))),
    "bare": Note(TEXT, ()),
}
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(params=sorted(NOTES))
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Page, Note]]:
    note = NOTES[request.param]
    (tmp_path / "sheet.html").write_text(checkpoint_sheet(note), "utf-8")
    with open_browsers() as start:
        page = start(True).new_page()  # noqa: FBT003 - scripts run, if there were any
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto((tmp_path / "sheet.html").as_uri())
        yield page, note
        assert len(asked) == 1


def pixels(png: bytes) -> memoryview:
    """Return the grey values of a picture that Chromium took: 8 bits, RGB or RGBA (ISO/IEC 15948 §9)."""
    wide, high, kind = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big"), png[25]
    step = {2: 3, 6: 4}[kind]
    packed, place = b"", 8
    while place < len(png):
        size = int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + size]
        place += 12 + size
    data, above, grey = zlib.decompress(packed), bytearray(wide * step), bytearray()
    for start in range(0, high * (wide * step + 1), wide * step + 1):
        row = bytearray(data[start + 1 : start + 1 + wide * step])
        for at in range(len(row)):
            left = row[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            row[at] = (row[at] + _predicted(data[start], left, above[at], corner)) & 255
        grey += row[1::step]
        above = row
    return memoryview(bytes(grey)).cast("B", (high, wide))


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    near = left + up - corner
    return min((abs(near - left), 0, left), (abs(near - up), 1, up), (abs(near - corner), 2, corner))[2]


def test_the_code_is_read_from_the_picture(page: tuple[Page, Note]) -> None:
    shown, note = page
    shown.set_viewport_size(SIZES["desk"])
    found = zxingcpp.read_barcodes(pixels(shown.locator(".code").screenshot()))
    assert [Anchor.parse("scanned", bytes(each.bytes)).note for each in found] == [note]


@pytest.mark.parametrize("size", sorted(SIZES))
def test_nothing_sticks_out_and_everybody_can_read_it(page: tuple[Page, Note], size: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    shown, _ = page
    shown.set_viewport_size(SIZES[size])
    assert shown.evaluate(_WIDER) == 0
    found: Any = Axe().run(shown).response
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


def test_it_prints_on_one_page(page: tuple[Page, Note]) -> None:
    shown, note = page
    printed = shown.pdf(format="A4", prefer_css_page_size=True)
    pages = printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/")
    assert pages == 1 or len(note.signatures) > 1
    assert pages <= 2


def test_words_of_others_are_text(page: tuple[Page, Note]) -> None:
    shown, note = page
    assert shown.locator("script").count() == 0
    for line in note.signatures:
        assert line.name in shown.locator("body").inner_text()
