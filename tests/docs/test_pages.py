"""Every page of the guides, done as it says; every command and link in the others, looked up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.builds import CHECKOUT
from tests.support.doc_pages import ELSEWHERE, Reader, blocks_of, prints, respond_in
from tests.support.hub_server import TOKEN, hub_server
from tests.support.prefect_servers import prefect_server
from tests.support.scripted_server import ScriptedServer

DOCS = CHECKOUT / "docs"
FOLLOWED = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.md")
    if any(block.language in ("sh", "python") and not block.title for block in blocks_of(page))
)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Hub and a Prefect server for all pages: a build starts one of its own otherwise, which takes longer than it."""
    with hub_server() as hub, prefect_server(tmp_path_factory.mktemp("prefect")) as prefect:
        yield {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "PREFECT_API_URL": prefect}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", FOLLOWED)
def test_a_reader_who_does_what_the_page_says_gets_what_it_says(
    name: str, servers: dict[str, str], tmp_path: Path
) -> None:
    with ScriptedServer(responder=partial(respond_in, tmp_path)) as server:
        Reader(tmp_path, server.base_url, **servers).follow(DOCS / name)


def test_a_page_that_shows_other_output_than_there_is_is_found() -> None:
    printed = "one  row\ntwo rows\nend"
    assert prints("one row\n...\nend\n", printed)
    assert prints("one row two rows end", printed)
    assert not prints("two rows\n...\n", printed)
    assert not prints("one row\n...\nthree rows\n...\n", printed)


def test_what_is_not_run_needs_another_machine() -> None:
    told = [
        (page.name, line)
        for page in DOCS.rglob("*.md")
        for block in blocks_of(page)
        if block.language == "console"
        for line in block.text.splitlines()
        if line.strip() and not line.startswith(("#", " ")) and not line.startswith(ELSEWHERE)
    ]
    assert told == []
