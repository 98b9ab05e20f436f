"""What is told when a cluster, its package or a server for its workers is not there."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import dask
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.machines import CONNECTIONS, TOKENS, dask_runner, on_cluster, ray_runner
from flows.server import server_for_workers
from pipeline.cli.build import run
from pipeline.errors import UsageError
from pipeline.schema.run import Run
from tests.support.builds import specification, write_specification
from tests.support.prefect_servers import free_port


@pytest.mark.parametrize("tasks", ["ray", "dask"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (f"prefect_{tasks}", f"prefect_{tasks}.task_runners"):
        monkeypatch.setitem(sys.modules, module, None)
    runner = {"ray": ray_runner, "dask": dask_runner}[tasks]
    with pytest.raises(UsageError, match=rf"{tasks} is not installed: pip install 'impress-bench\[{tasks}\]'"):
        runner(Run.model_validate({"tasks": tasks}))


async def test_a_cluster_that_does_not_answer_is_told_with_its_address() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(UsageError, match=f"no dask cluster answers at {address}"),
    ):
        async with on_cluster(Run(tasks="dask", address=address), "key"):
            pass


class _Runner:
    """A Ray that loses the process it starts for a client, so many times, as its own client tells it."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.asked = 0

    def __enter__(self) -> _Runner:
        self.asked += 1
        if self.asked <= self.losses:
            raise ConnectionAbortedError("Initialization failure from server: ZombieProcess")
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("losses", [0, 2, CONNECTIONS - 1, CONNECTIONS])
async def test_a_cluster_that_loses_its_clients_process_is_asked_again_a_few_times(
    losses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = _Runner(losses)
    monkeypatch.setattr("flows.machines.ray_runner", lambda run: (runner, ()))
    told = pytest.raises(UsageError, match="no ray cluster answers at ray://head:10001: Initialization failure")
    with told if losses == CONNECTIONS else nullcontext():
        async with on_cluster(Run(tasks="ray", address="ray://head:10001"), "key"):
            pass
    assert runner.asked == min(losses + 1, CONNECTIONS)


@pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
def test_a_token_of_ray_is_shown_to_the_cluster(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in (*TOKENS, "RAY_AUTH_MODE"):
        monkeypatch.setenv(other, "so that it is put back")
        monkeypatch.delenv(other)
    ray_runner(Run(tasks="ray", address="ray://head:10001"))
    assert "RAY_AUTH_MODE" not in os.environ, "without a token Ray is left to its own ways"
    monkeypatch.setenv(name, "0" * 32)
    ray_runner(Run(tasks="ray", address="ray://head:10001"))
    assert os.environ["RAY_AUTH_MODE"] == "token"


def test_workers_elsewhere_need_a_server_that_they_reach() -> None:
    elsewhere = Run(tasks="dask", address="tcp://scheduler:8786")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        with pytest.raises(UsageError, match="set PREFECT_API_URL"), server_for_workers(elsewhere):
            pass
        with server_for_workers(Run()):
            assert PREFECT_API_URL.value() is None, "threads need no server that others reach"
    with temporary_settings({PREFECT_API_URL: "http://prefect:4200/api"}), server_for_workers(elsewhere):
        assert PREFECT_API_URL.value() == "http://prefect:4200/api"


def test_a_cluster_without_prefect_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    spec = write_specification(tmp_path, specification("http://127.0.0.1:9/v1", run={"tasks": "ray"}))
    with pytest.raises(UsageError, match="leave out --no-server"):
        run(spec, out=tmp_path / "out", replay=None, server=False)
    assert not (tmp_path / "out").exists()
