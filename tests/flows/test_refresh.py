"""The schedule against a real Prefect server: it fires, it goes on after a kill, and it says when nothing is new."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.release.verify import verify_release
from pipeline.release.views import changed_rows, read_release
from tests.support.builds import CHECKOUT, impress, kit_cells, specification, write_specification
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

IN_FLIGHT = 32
"""Calls of the scripted specification that may be under way at once."""

PATIENCE = 400.0
"""Seconds for one thing to happen on a busy machine."""


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """A server of its own, with its scheduler; gives the address of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "DO_NOT_TRACK": "1",
    }
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}/api"
        wait_for(lambda: is_up(address))
        yield address
    finally:
        end(server)


def is_up(address: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{address}/health", timeout=5).is_success
    return False


def wait_for(happened: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = happened()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"did not happen within {PATIENCE:g} s: {happened}")


def end(process: subprocess.Popen[Any], how: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    process.wait(timeout=60)


def states(address: str, name: str) -> list[tuple[str, str]]:
    """Name and message of the last state of each finished run of a deployment, oldest first."""
    asked = {"deployments": {"name": {"any_": [name]}}, "sort": "START_TIME_ASC", "limit": 200}
    runs = httpx.post(f"{address}/flow_runs/filter", json=asked, timeout=30).json()
    final = [run for run in runs if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]
    return [(run["state_name"], (run["state"] or {}).get("message") or "") for run in final]


def made(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "releases").glob("scripted-*"))


def test_runs_follow_each_other_go_on_after_a_kill_and_end_when_nothing_is_new(tmp_path: Path) -> None:
    tired: list[bool] = []

    def reply(request: dict[str, Any]) -> Any:
        # Once tired, the model hands in nothing that a core could be made of, so that no row is new.
        said = respond(request)
        return "I would rather not." if tired and "{" in str(said)[:12] else said

    home = tmp_path / "prefect"
    home.mkdir()
    with ScriptedServer(responder=reply) as model, prefect_server(home) as address:
        record = specification(
            model.base_url,
            cells=kit_cells(2),
            version="2026.01.0",
            attempts_per_cell=8,
            generation={"core": "kit_or_model"},
            gates={"left_out": ["relevance.motive", "relevance.risk_type"], "similarity_rank": 20},
            schedule={"every": 5, "missed": "catch_up", "carries": {"renews": 0.5, "anchors": 0.5}},
        )
        path, out = write_specification(tmp_path, record), tmp_path / "out"
        settings = {"PREFECT_API_URL": address, "PREFECT_HOME": str(home), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
        serving = impress("serve", path, "--out", out, **settings)
        try:
            wait_for(lambda: len(made(out)) >= 1)
            before = model.counts().calls
            wait_for(lambda: model.counts().calls > before)
            end(serving)
            assert len(made(out)) == 1, "the second was under way when it was killed"
            serving = impress("serve", path, "--out", out, **settings)
            wait_for(lambda: len(made(out)) >= 2)
            tired.append(True)
            wait_for(lambda: any(name == "NothingNew" for name, _ in states(address, "scripted")))
        finally:
            end(serving)
        assert model.counts().answered_again <= IN_FLIGHT, "the kill lost no more than what was under way"
        said = dict(reversed(states(address, "scripted")))["NothingNew"]
    assert "nothing new since scripted-" in said
    assert "no commit" in said
    releases = [out / "releases" / name for name in made(out)]
    assert all(verify_release(release) == [] for release in releases)
    assert changed_rows(read_release(releases[0]), read_release(releases[1])) == []


def test_prefect_yaml_names_a_flow_that_is_there() -> None:
    import yaml

    record = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))
    for one in record["deployments"]:
        file, _, name = one["entrypoint"].partition(":")
        assert f"async def {name}(" in (CHECKOUT / file).read_text(encoding="utf-8")
        assert (CHECKOUT / one["parameters"]["specification"]).is_file()
        assert one["concurrency_limit"]["limit"] == 1
        scheduled(load_specification(CHECKOUT / one["parameters"]["specification"]))
