"""Prefect's task runners for clusters, as the specification's ``run`` asks for: Ray or Dask, here or elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner

from flows.retries import RETRIES
from pipeline.errors import UsageError, WorkError
from pipeline.machines.dispatch import Dispatcher
from pipeline.machines.order import Done, Order
from pipeline.machines.worker import run_order
from pipeline.rounds.context import ShardRunner
from pipeline.schema.run import Run
from pipeline.shards import Shard

LOCAL_WORKERS = 2
"""Processes of a cluster that is started here, unless the specification says how many."""
SHARDS_WAITED_FOR = 512
"""Shards that are with a cluster at once, at most: at work there, or waiting for a worker."""
OBJECT_STORE_BYTES = 100 * 2**20
"""Ray's shared memory on this machine: nothing but orders passes through it."""

TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
"""Where Ray looks for the token of a cluster."""
CONNECTIONS = 4
"""Times that a cluster is asked: Ray starts a process for each client, and one that is busy now and then loses it."""

Lost = tuple[type[Exception], ...]
"""What a task runner raises for work whose workers were lost."""


@task(name="shard", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False, **RETRIES)
async def remote_shard_task(name: str, source: str, key: str, order: Order) -> Done:
    """Work on one shard in a worker. ``name``, ``source`` and ``key`` are what Prefect shows of it."""
    return await run_order(order)


class ClusterSender:
    """Sends orders to a cluster as Prefect tasks (a :data:`pipeline.machines.dispatch.Send`).

    Args:
        cluster: Prefect's task runner, started.
        lost: what is raised once a shard's worker was lost again and again.
        key: of a shard, which says which work it is.
    """

    def __init__(self, cluster: TaskRunner[Any], lost: Lost, key: str) -> None:
        self._cluster = cluster
        self._lost = lost
        self._key = key
        self._waiting = ThreadPoolExecutor(SHARDS_WAITED_FOR, thread_name_prefix="shard")

    async def __call__(self, shard: Shard, order: Order) -> Done:
        """Have an order done. The cluster does it again elsewhere if its worker is lost."""
        told = {"name": shard.name, "source": str(shard.source), "key": f"{self._key}/{shard.name}", "order": order}
        future: PrefectFuture[Done] = self._cluster.submit(remote_shard_task, told)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._waiting, future.result)
        except self._lost as error:
            raise WorkError(
                f"shard {shard.name}: its workers were lost again and again ({type(error).__name__}); look at what "
                "ends them (memory, as a rule) and run the same command again: what was paid for is kept"
            ) from error

    def close(self) -> None:
        """Wait for nothing any more."""
        self._waiting.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def on_cluster(run: Run, key: str) -> AsyncIterator[ShardRunner]:
    """Give what has shards worked on by the cluster that ``run`` names; one without an address ends with it.

    Args:
        run: its ``tasks`` is ``ray`` or ``dask``.
        key: of the build, for the keys of its shards.

    Raises:
        UsageError: if the cluster's package is not installed, or the cluster cannot be reached.
    """
    async with AsyncExitStack() as stack:
        started, lost = await asyncio.to_thread(_started, run)
        stack.push_async_callback(asyncio.to_thread, started.__exit__, None, None, None)
        sender = ClusterSender(started, lost, key)
        stack.callback(sender.close)
        yield await stack.enter_async_context(Dispatcher(run, sender))


def _started(run: Run) -> tuple[TaskRunner[Any], Lost]:
    try:
        for _ in range(CONNECTIONS - 1):
            with suppress(ConnectionAbortedError):
                return _connected(run)
        return _connected(run)
    except OSError as error:
        place = run.address or "this machine"
        hint = f"; is its token in {' or '.join(TOKENS)}?" if run.tasks == "ray" and run.address else ""
        raise UsageError(f"run.address: no {run.tasks} cluster answers at {place}: {error}{hint}") from error


def _connected(run: Run) -> tuple[TaskRunner[Any], Lost]:
    """Start a runner, and connect now: Prefect's for Dask would at the first shard, and hold up all else meanwhile."""
    if run.tasks == "ray":
        runner, lost = ray_runner(run)
        return runner.__enter__(), lost
    runner, lost = dask_runner(run)
    started = runner.__enter__()
    _ = started.client  # type: ignore[attr-defined]
    return started, lost


def dask_runner(run: Run) -> tuple[TaskRunner[Any], Lost]:
    """Return Prefect's runner for Dask, and what it raises for work whose workers were lost."""
    try:
        from distributed import KilledWorker
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise _missing("dask") from error
    if run.address is not None:
        return DaskTaskRunner(address=run.address), (KilledWorker,)
    processes = {
        "n_workers": run.workers or LOCAL_WORKERS,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": None,
        "silence_logs": logging.CRITICAL,
    }
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return DaskTaskRunner(cluster_kwargs=processes), (KilledWorker,)


def ray_runner(run: Run) -> tuple[TaskRunner[Any], Lost]:
    """Return Prefect's runner for Ray, and what it raises for work whose workers were lost. Ray reports to nobody."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if any(name in os.environ for name in TOKENS):
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # without it a client of Ray has a token and does not show it
    try:
        from prefect_ray.task_runners import RayTaskRunner
        from ray.exceptions import RayError
    except ImportError as error:
        raise _missing("ray") from error
    if run.address is not None:
        return RayTaskRunner(
            address=run.address, init_kwargs={"log_to_driver": False, "logging_level": logging.CRITICAL}
        ), (RayError,)
    processes = {
        "num_cpus": run.workers or LOCAL_WORKERS,
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
        "object_store_memory": OBJECT_STORE_BYTES,
    }
    return RayTaskRunner(init_kwargs=processes), (RayError,)


def _missing(tasks: str) -> UsageError:
    return UsageError(f"run.tasks: {tasks} is not installed: pip install 'impress-bench[{tasks}]'")
