"""A real Chromium, as the system has it, without a way to any network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
PATIENCE_MS = 60_000
"""A loaded machine is slow now and then."""


def chromium_path() -> str:
    """The browser of the system. Without one the test is skipped, but never where everything has to run."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None and "CI" not in os.environ:
        pytest.skip(f"none of {', '.join(NAMES)} is installed")
    assert found is not None, f"none of {', '.join(NAMES)} is installed"
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser that is closed at the end. One at a time: its loop runs in this thread until then."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page with all that it asked for, said and did wrong."""

    def __init__(self, browser: Browser, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **context})
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("pageerror", lambda one: self.errors.append(str(one)))
        self.page.on("console", lambda one: self.errors.append(one.text) if one.type in ("error", "warning") else None)
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, file: Path, at: str = "") -> Page:
        """Open a page from disk and wait until it is ready."""
        self.page.goto(file.resolve().as_uri() + at)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def go(self, at: str) -> None:
        """Go to another part of the page."""
        self.page.evaluate("at => { location.hash = at; }", at)

    def assert_quiet(self) -> None:
        """Nothing was asked of anybody, nothing failed, nothing popped up."""
        assert [url for url in self.requests if not url.startswith("file:")] == []
        assert len(set(self.requests)) == 1
        assert self.errors == []
        assert self.dialogs == []


def eventually(locator: Locator) -> Any:
    """What a part of the page is to show: waited for, since a page draws after a click has returned."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE_MS)
    return expect(locator)


def axe_faults(page: Page) -> list[str]:
    """Serious and critical faults that axe-core finds. The page must have been opened with ``bypass_csp``."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]}: {node.get('failureSummary', '')[:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
