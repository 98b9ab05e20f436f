"""A build on a cluster and with a Prefect server that run already: nothing of either is the build's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.build import run_build
from pipeline.progress import SilentProgress
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, impress, kit_cells, specification, write_specification
from tests.support.clusters import running_cluster
from tests.support.endurance import RELEASE
from tests.support.prefect_servers import prefect_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


def logs(folder: Path, tasks: str) -> str:
    return "".join(log.read_text(errors="replace") for log in sorted(folder.glob(f"{tasks}-*.log")))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tasks", ["dask", "ray"])
def test_a_cluster_that_runs_already_gives_the_release_of_one_process(tmp_path: Path, tasks: str) -> None:
    settings = {"PREFECT_HOME": str(tmp_path / "prefect"), "RAY_AUTH_TOKEN": "0" * 32}
    with (
        ScriptedServer(responder=respond) as server,
        prefect_server(tmp_path / "server") as api,
        running_cluster(tasks, tmp_path, PREFECT_API_URL=api, **settings) as address,
    ):
        contents = specification(server.base_url, cells=kit_cells(2), shard_size=2)
        alone = load_specification(write_specification(tmp_path, contents))
        asyncio.run(run_build(alone, out=tmp_path / "one", progress=SilentProgress()))
        calls = server.counts()
        spec = write_specification(tmp_path, {**contents, "run": {"tasks": tasks, "address": address}})
        process = impress("build", spec, "--out", tmp_path / "many", PREFECT_API_URL=api, **settings)
        _, errors = process.communicate(timeout=400)
        assert process.returncode == 0, errors + logs(tmp_path, tasks)
        again = server.counts()
    assert folder_hashes(tmp_path / "many" / RELEASE) == folder_hashes(tmp_path / "one" / RELEASE)
    assert again.answered.keys() == calls.answered.keys()
    assert again.answered_again == len(calls.answered), "each call once more, since the other build has its own store"
