"""A build on a Dask cluster and with a Prefect server that run already: nothing of either is the build's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.build import run_build
from pipeline.progress import SilentProgress
from pipeline.seeds import load_specification
from tests.support.builds import folder_hashes, impress, kit_cells, specification, write_specification
from tests.support.clusters import dask_elsewhere
from tests.support.endurance import RELEASE
from tests.support.prefect_servers import prefect_server
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_that_runs_already_gives_the_release_of_one_process(tmp_path: Path) -> None:
    home = str(tmp_path / "prefect")
    with (
        ScriptedServer(responder=respond) as server,
        prefect_server(tmp_path / "server") as api,
        dask_elsewhere(tmp_path, PREFECT_API_URL=api, PREFECT_HOME=home) as address,
    ):
        contents = specification(server.base_url, cells=kit_cells(2), shard_size=2)
        alone = load_specification(write_specification(tmp_path, contents))
        asyncio.run(run_build(alone, out=tmp_path / "one", progress=SilentProgress()))
        calls = server.counts()
        spec = write_specification(tmp_path, {**contents, "run": {"tasks": "dask", "address": address}})
        process = impress("build", spec, "--out", tmp_path / "many", PREFECT_API_URL=api, PREFECT_HOME=home)
        _, errors = process.communicate(timeout=400)
        assert process.returncode == 0, errors + (tmp_path / "worker.log").read_text(errors="replace")
        again = server.counts()
    assert folder_hashes(tmp_path / "many" / RELEASE) == folder_hashes(tmp_path / "one" / RELEASE)
    assert again.answered.keys() == calls.answered.keys()
    assert again.answered_again == len(calls.answered), "each call once more, since the other build has its own store"
