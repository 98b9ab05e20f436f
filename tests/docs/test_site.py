"""The documentation as a site: whole, and with nothing that is loaded from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.builds import CHECKOUT

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
NOT_LOADED = {"canonical", "next", "prev"}


class Loads(HTMLParser):
    """Collects the addresses that a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        given = dict(attrs)
        address = given.get(LOADED.get(tag, ""))
        if address and given.get("rel") not in NOT_LOADED:
            self.found.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, check=False, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert loads.found, page
        assert [one for one in loads.found if one.startswith(("http:", "https:", "//"))] == [], page


@pytest.mark.slow
def test_every_page_is_in_the_menu_and_speaks_of_what_it_names(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8")
    for page in (CHECKOUT / "docs").rglob("*.md"):
        assert f'href="{page.relative_to(CHECKOUT / "docs").with_suffix(".html").as_posix()}"' in menu, page
    assert "pipeline.build" in (site / "api.html").read_text(encoding="utf-8")
    assert "--measure" in (site / "cli.html").read_text(encoding="utf-8")
