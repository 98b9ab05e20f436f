"""Builds on a cluster of several processes on this machine, of which one is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.build import run_build
from pipeline.progress import SilentProgress
from pipeline.seeds import load_specification
from tests.support.builds import CHECKOUT, folder_hashes, impress, kit_cells, specification, write_specification
from tests.support.endurance import RELEASE
from tests.support.prefect_servers import free_port
from tests.support.scripted_replies import respond
from tests.support.scripted_server import ScriptedServer

SECONDS = 240.0
LOST = re.compile(r"shard (\d{3}-\w+-\d{4}): its worker was lost")


@dataclass(frozen=True)
class ClusterBuild:
    """A build on a cluster beside one in a process of its own, both from the same specification.

    ``again``: shards that were begun once more, since their worker was lost.
    """

    same_release: bool
    same_calls: bool
    answered_again: int
    again: tuple[str, ...]
    shards: int
    told: str


SIMILARITY = ("relevance.motive_similarity", "relevance.risk_type_similarity")
"""The checks for which a worker loads the sentence encoder, which takes it longer than all else in a small build."""


def build_on_cluster(
    folder: Path, tasks: str, *, left_out: Sequence[str] = (), storage: str | None = None, environment: dict[str, str]
) -> ClusterBuild:
    """Build on two workers, one of which is killed with kill -9 while it is at work on a shard, and compare."""
    port = free_port()
    run = {"tasks": tasks, "workers": 2, "gateway": f"127.0.0.1:{port}", "storage": storage}
    with ScriptedServer(responder=respond) as quiet:
        gates = {"left_out": list(left_out)}
        contents = specification(quiet.base_url, cells=kit_cells(3), shard_size=2, gates=gates)
        alone = load_specification(write_specification(folder, contents))
        asyncio.run(run_build(alone, out=folder / "one", progress=SilentProgress()))
        whole = quiet.counts()
    with ScriptedServer(responder=respond, latency=1.5, port=quiet.port) as server:
        spec = write_specification(folder, {**contents, "run": run})
        process = impress("build", spec, "--out", folder / "many", PREFECT_HOME=str(folder / "prefect"), **environment)
        os.kill(_worker_at_work(process, port, server), signal.SIGKILL)
        server.latency = 0
        told = _ended(process)
        counts = server.counts()
    return ClusterBuild(
        same_release=folder_hashes(folder / "many" / RELEASE) == folder_hashes(folder / "one" / RELEASE),
        same_calls=counts.answered.keys() == whole.answered.keys(),
        answered_again=counts.answered_again,
        again=tuple(LOST.findall(told)),
        shards=len(list((folder / "many").rglob("shards/*.in.jsonl"))),
        told=told,
    )


@contextmanager
def running_cluster(tasks: str, folder: Path, **environment: str) -> Iterator[str]:
    """Run a cluster of one worker by its own command line, as its makers say; give the address for ``run.address``."""
    # A Ray head forks for each client while gRPC's threads run, and about one fork in five is lost by it.
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "GRPC_ENABLE_FORK_SUPPORT": "0"}
    settings |= environment
    with ExitStack() as running:
        # Ray's sockets lie in its folder, and their paths have to be short.
        own = running.enter_context(tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True))
        address, commands = _dask(folder) if tasks == "dask" else _ray(own)
        for number, command in enumerate(commands):
            with (folder / f"{tasks}-{number}.log").open("wb") as log:
                process = subprocess.Popen(
                    command, cwd=CHECKOUT, env=settings, stdout=log, stderr=log, start_new_session=True
                )
            running.callback(_end_with_children, process)
        yield address


def _dask(folder: Path) -> tuple[str, list[list[str]]]:
    """Dask's scheduler and a worker, which waits for it."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"]
    worker = ["worker", address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard"]
    return address, [
        [sys.executable, "-m", "dask", *one] for one in (scheduler, [*worker, "--local-directory", str(folder)])
    ]


def _ray(folder: str) -> tuple[str, list[list[str]]]:
    """A head of Ray, which is a worker too, with Ray's server for clients."""
    port = free_port()
    head = ["start", "--head", "--block", "--num-cpus", "1", "--port", str(free_port()), "--disable-usage-stats"]
    head += ["--ray-client-server-port", str(port), "--include-dashboard", "false", "--temp-dir", folder]
    return f"ray://127.0.0.1:{port}", [[str(Path(sys.executable).parent / "ray"), *head]]


def _end_with_children(process: subprocess.Popen[bytes]) -> None:
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()


def _ended(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    return errors


def _worker_at_work(driver: subprocess.Popen[str], port: int, server: ScriptedServer) -> int:
    """Return the id of a process that waits for a call of a shard: it holds a connection to the build's gateway."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and driver.poll() is None:
        if server.counts().in_flight:
            for child in psutil.Process(driver.pid).children(recursive=True):
                if _calls(child, port):
                    return int(child.pid)
        time.sleep(0.05)
    os.killpg(driver.pid, signal.SIGKILL)
    raise AssertionError(f"no worker ever called: {driver.communicate()[1]}")


def _calls(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in connections)
