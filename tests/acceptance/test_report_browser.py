"""Reports as a browser shows them: on a phone, on a desk, on paper; without script, without network, for everybody."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from kfq_workflow import WorkflowEngine, open_database, reading
from kfq_workflow.report import instance_report, overview_report
from tests.browser import open_browsers
from tests.gated import prepare
from tests.reported import prepare_reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
A4 = (595, 842)  # points
#: File → (log, key or none for the overview, language).
PAGES = {
    "zone": ("demo", "guxian-etdz", "zh"),
    "zone-en": ("demo", "hongtong-etdz", "en"),
    "overview": ("demo", None, "zh"),
    "overview-en": ("demo", None, "en"),
    "gated": ("gated", "p", "zh"),
    "hostile": ("gated", "q", "en"),
    "hostile-all": ("gated", None, "zh"),
    "tampered": ("tampered", "p", "zh"),
}
#: How much wider than its window a page is, and which elements stick out.
_WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > wide + 1);
  return [document.documentElement.scrollWidth - wide, out.map(e => e.outerHTML.slice(0, 120))];
}"""
#: Pairs of texts in the drawing that overlap, and texts that leave their box.
_CROWDED = """() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('svg')) {
    if (getComputedStyle(svg).display === 'none') continue;
    const size = svg.getBoundingClientRect();
    for (const state of svg.querySelectorAll('g.state')) {
      const box = state.querySelector('rect').getBoundingClientRect();
      for (const text of state.querySelectorAll('text:not(.badge)')) {
        const is = text.getBoundingClientRect();
        const out = is.right > box.right + 1 || is.bottom > box.bottom + 1 || is.top < box.top - 1;
        if (out) wrong.push(text.textContent);
      }
    }
    for (const text of svg.querySelectorAll('text')) {
      const is = text.getBoundingClientRect();
      if (is.right > size.right + 1 || is.left < size.left - 1) wrong.push(text.textContent);
    }
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def pages(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make every report once."""
    folder = tmp_path_factory.mktemp("reports")
    made: dict[str, Path] = {}
    for log in ("demo", "gated", "tampered"):
        path = demo_file if log == "demo" else folder / f"{log}.db"
        database = open_database(f"sqlite:///{path}")
        if log != "demo":
            prepare(database)
            prepare_reported(WorkflowEngine(database))
        if log == "tampered":
            with database.begin() as connection:
                for (name,) in connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                ).all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
                connection.exec_driver_sql("UPDATE kfq_entry SET body = '{' WHERE instance = 'p' AND seq = 4")
        with reading(database) as source:
            for name, (of, key, lang) in PAGES.items():
                if of == log:
                    report = instance_report(source, key, lang=lang) if key else overview_report(source, lang=lang)
                    made[name] = folder / f"{name}.html"
                    made[name].write_text(report.html, "utf-8")
        database.dispose()
    return made


@pytest.fixture(scope="module")
def browsers() -> Iterator[tuple[BrowserContext, BrowserContext]]:
    """Give a browser, and one that runs no scripts."""
    with open_browsers() as start:
        yield start(True), start(False)  # noqa: FBT003 - the only argument


@pytest.fixture(scope="module")
def browser(browsers: tuple[BrowserContext, BrowserContext]) -> BrowserContext:
    return browsers[0]


@pytest.fixture(params=sorted(PAGES))
def page(request: pytest.FixtureRequest, pages: dict[str, Path], browser: BrowserContext) -> Iterator[Page]:
    """Give each report, opened; it must have asked for nothing and complained about nothing."""
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(pages[request.param].as_uri())
    yield page
    assert [url for url in asked if not url.startswith("file:")] == []
    assert len(asked) == 1
    assert [words for words in said if "frame-ancestors" not in words] == []
    page.close()


@pytest.mark.parametrize("size", [PHONE, DESK, {"width": 320, "height": 600}], ids=["phone", "desk", "small"])
def test_nothing_sticks_out(page: Page, size: Any) -> None:
    page.set_viewport_size(size)
    wider, out = page.evaluate(_WIDER)
    assert (wider, out) == (0, [])
    assert page.evaluate(_CROWDED) == []


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_everybody_can_read_it(page: Page, size: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size(size)
    found = Axe().run(page).response
    assert len(found["passes"]) > 10
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]] == []


def test_one_drawing_is_shown_at_each_size(page: Page) -> None:
    drawings = page.locator("svg[role=img]")
    if not drawings.count():
        return
    for size, shape in ((PHONE, "narrow"), (DESK, "wide")):
        page.set_viewport_size(size)
        shown = page.locator("svg:visible")
        assert shown.count() == 1
        assert shown.get_attribute("class") == shape
        assert shown.get_attribute("aria-label")
        letters = page.locator("svg:visible text:not(.badge)").first
        height = letters.evaluate("e => e.getBoundingClientRect().height")
        assert height >= 10  # legible


def test_it_prints_on_a4(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})  # A4 between its margins
    wider, out = page.evaluate(_WIDER)
    assert (wider, out) == (0, [])
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    sizes = {tuple(round(float(n)) for n in box.split()[2:]) for box in media_boxes(printed)}
    assert sizes == {A4}
    page.emulate_media(media="screen")


def media_boxes(printed: bytes) -> list[str]:
    """Return the sizes of a PDF's pages, those in compressed objects too."""
    parts = [printed]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", printed, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return [box.decode() for part in parts for box in re.findall(rb"/MediaBox ?\[([^\]]+)\]", part)]


def test_it_reads_the_same_without_script(
    pages: dict[str, Path], browsers: tuple[BrowserContext, BrowserContext]
) -> None:
    for name in ("zone", "overview", "hostile"):
        texts = []
        for each in browsers:
            page = each.new_page()
            page.goto(pages[name].as_uri())
            texts.append(page.locator("body").inner_text())
            page.close()
        assert texts[0] == texts[1]
        assert len(texts[0]) > 500


def test_links_lead_to_entries(pages: dict[str, Path], browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(pages["zone"].as_uri())
    page.get_by_role("link", name="第 2 条").first.click()
    assert page.url.endswith("#entry-2")
    assert page.locator("#entry-2").is_visible()
    page.close()


def test_what_cannot_be_read_is_marked(pages: dict[str, Path], browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(pages["tampered"].as_uri())
    assert page.locator("li.unread").count() >= 1
    assert page.locator(".statement.tampered").is_visible()
    assert page.locator("tr.error").count() >= 1
    page.close()
