"""A headless Chromium for tests of pages: Debian's, driven by Playwright, with nothing kept and nothing fetched."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def executable() -> str | None:
    """Return the browser that is installed, if one is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browsers() -> Iterator[Callable[[bool], BrowserContext]]:
    """Give what starts a browser with an empty profile, its argument telling whether scripts run.

    Skip where no browser is installed, but fail where one has to be.
    """
    path = executable()
    if path is None:
        reason = "no Chromium is installed (on Debian: apt-get install chromium fonts-noto-cjk)"
        (pytest.fail if os.environ.get("KFQ_CI") == "1" else pytest.skip)(reason)
    from playwright.sync_api import sync_playwright

    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())

        def start(scripts: bool) -> BrowserContext:  # noqa: FBT001 - the only argument
            profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            browser = playwright.chromium.launch_persistent_context(
                Path(profile), executable_path=path, args=list(FLAGS), headless=True, java_script_enabled=scripts
            )
            stack.callback(browser.close)
            return browser

        yield start
