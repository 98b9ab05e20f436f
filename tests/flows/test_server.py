"""A build on ``prefect server start``, on SQLite and on PostgreSQL: killed, gone on with, and told truly."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builds import folder_hashes, impress, kit_cells, manifest_of, specification, write_specification
from tests.support.endurance import RELEASE
from tests.support.prefect_servers import asked, postgres, prefect_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(params=["sqlite", "postgresql"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        with prefect_server(tmp_path / "prefect") as url:
            yield url
    else:
        with postgres() as database, prefect_server(tmp_path / "prefect", database) as url:
            yield url


def test_a_killed_run_is_told_as_crashed_once_its_build_goes_on(api: str, tmp_path: Path) -> None:
    environment = {"PREFECT_API_URL": api, "PREFECT_HOME": str(tmp_path / "home")}
    with ScriptedServer(responder=respond, latency=3600) as server:
        cells = kit_cells(3)
        spec = write_specification(tmp_path, specification(server.base_url, cells=cells, shard_size=2))
        killed = impress("build", spec, "--out", tmp_path, **environment)
        deadline = time.monotonic() + 300
        while not server.counts().in_flight and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.counts().in_flight, "the build never called"
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        (run,) = asked(api, "flow_runs")
        assert run["state"]["type"] == "RUNNING", "as far as the server knows"
        server.latency = 0.0
        going_on = impress("build", spec, "--out", tmp_path, **environment)
        _, errors = going_on.communicate(timeout=500)
        assert going_on.returncode == 0, errors
        plain = impress("build", spec, "--out", tmp_path / "plain", "--no-server")
        _, errors = plain.communicate(timeout=500)
        assert plain.returncode == 0, errors
    assert folder_hashes(tmp_path / RELEASE) == folder_hashes(tmp_path / "plain" / RELEASE)

    first, second = sorted(asked(api, "flow_runs"), key=lambda one: str(one["start_time"]))
    assert (first["id"], first["state"]["type"]) == (run["id"], "CRASHED")
    assert second["id"] in first["state"]["message"]
    assert second["state"]["type"] == "COMPLETED"
    (folder,) = (tmp_path / "runs").iterdir()
    assert set(second["tags"]) == {"release:scripted-2026.11.0", f"build:{folder.name}"}

    tasks = asked(api, "task_runs")
    assert {task["state"]["type"] for task in tasks} <= {"COMPLETED", "CRASHED"}
    of_second = [task for task in tasks if task["flow_run_id"] == second["id"]]
    assert {task["state"]["type"] for task in of_second} == {"COMPLETED"}
    searched = asked(api, "task_runs", task_runs={"tags": {"all_": ["stage:validate", "round:0"]}})
    assert searched
    assert all("-validate-" in task["name"] and task["name"].startswith("000-") for task in searched)

    manifest = manifest_of(tmp_path / RELEASE)
    tables = {one["key"]: json.loads(one["data"]) for one in asked(api, "artifacts") if one["type"] == "table"}
    assert tables["scripted-2026-11-0-funnel"] == manifest["funnel"]
    coverage = {row["cell"]: row["accepted"] for row in tables["scripted-2026-11-0-coverage"]}
    assert coverage == dict.fromkeys(cells, 1)
    cost = tables["scripted-2026-11-0-cost"]
    assert cost[-1]["stage"] == "all"
    assert cost[-1]["calls"] == manifest["costs"]["total"]["usage"]["calls"]
    assert cost[-1]["money"] == "unknown", "no price of the scripted model is known"
