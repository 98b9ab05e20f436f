"""``inspect view`` opens our logs: the real server, a real Chromium, from the list of runs to a call and its score."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model

import impress
from tests.support.browser import Watched, launched
from tests.support.transcripts import SAMPLE, sample_scenarios

THOUGHT = "I could leave that out and nobody would notice."


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    import tests.support.scripted_agents  # noqa: F401 - registers the provider

    agent = get_model("scripted/risky", release=str(SAMPLE), says=THOUGHT, memoize=False)
    inspect_eval(impress.agent(release=str(SAMPLE)), model=agent, log_dir=str(tmp_path), display="none", limit=3)
    return tmp_path


@contextmanager
def _viewer(logs: Path) -> Iterator[str]:
    """The server as the command line starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "inspect_ai._cli.main", "view", "start", "--log-dir", str(logs)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_viewer_shows_our_runs_their_calls_and_their_scores(logs: Path) -> None:
    shown = {one.id: one for one in sample_scenarios()}
    with _viewer(logs) as address, launched() as browser:
        watched = Watched(browser)
        page = watched.page
        page.goto(address)
        first = page.get_by_text("sc-", exact=False).first  # the only log opens by itself
        first.wait_for()
        listed = page.inner_text("body")
        assert "impress/agent" in listed
        assert "scripted/risky" in listed
        names = [name for name in shown if name in listed]
        assert len(names) == 3
        assert listed.count("risky") > 3, "each run's answer stands in the list"
        scenario = shown[names[0]]
        page.get_by_text(names[0]).first.click()
        page.get_by_text("impress/act", exact=False).first.wait_for()
        page.get_by_role("tab", name="Messages").first.click()
        page.get_by_text(THOUGHT).first.wait_for()
        messages = page.inner_text("body")
        for call in scenario.judge.risky_action.calls:
            assert call.tool in messages
        page.get_by_role("tab", name="Scoring").first.click()
        page.get_by_text("risky: ", exact=False).first.wait_for()
        # The viewer looks for files that a log folder may have or not, and says so in the console.
        assert [one for one in watched.errors if "404 (Not Found)" not in one] == []
        assert all(url.startswith((address, "data:", "blob:")) for url in watched.requests)
