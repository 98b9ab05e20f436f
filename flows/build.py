"""The build as a Prefect flow: each shard a task with retries; what it shows is in ``records.py``.

A task is a shard, never a row, and takes paths, never records. Work on a shard is idempotent: what
it pays for is in the completion store before it is used, so a retry, or a run after a kill, pays
for nothing twice. Prefect's own result cache stays off; the store is the one memory. A shard's key says
which work it is: equal keys mean equal programs, prompts, specification and shard, so equal results.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE

from flows.live import live_artifacts
from flows.records import make_artifacts, note_build, shard_tags
from flows.retries import RETRIES
from flows.server import server_for_workers
from pipeline.build import BuildResult, run_build
from pipeline.generate.stage import program_hashes
from pipeline.progress import Progress, SilentProgress
from pipeline.provenance import prompt_hashes
from pipeline.rounds.context import ShardRunner, ShardWork
from pipeline.schema.base import sha256_of
from pipeline.schema.run import Run
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from pipeline.shards import Shard

_shard: ContextVar[tuple[Shard, ShardWork]] = ContextVar("shard")
_progress: ContextVar[Progress] = ContextVar("progress")


@task(name="shard", task_run_name="{name}", cache_policy=NO_CACHE, persist_result=False, **RETRIES)
async def shard_task(name: str, source: str, key: str) -> None:
    """Run one shard. ``name``, ``source`` and ``key`` are what Prefect shows of it."""
    shard, work = _shard.get()
    await work(shard)


async def run_as_task(shard: Shard, work: ShardWork, key: str) -> None:
    """Run a shard as a task in this process."""
    token = _shard.set((shard, work))
    try:
        await shard_task(shard.name, str(shard.source), f"{key}/{shard.name}")
    finally:
        _shard.reset(token)


class TaskRunner:
    """Runs shards as Prefect tasks (a :data:`pipeline.rounds.context.ShardRunner`); made by :func:`open_task_runner`.

    Args:
        release: id of the release; part of tags.
        inner: runs a shard as a task.
    """

    def __init__(self, release: str, inner: ShardRunner) -> None:
        self._release = release
        self._inner = inner
        self._noted: asyncio.Task[None] | None = None

    async def __call__(self, shard: Shard, work: ShardWork) -> None:
        """Run a shard as a task. The first one also tells the server which build this is: its lock is held by then."""
        if self._noted is None:
            self._noted = asyncio.create_task(note_build(shard.folder, self._release))
        await self._noted
        with tags(*shard_tags(self._release, shard.stage, shard.round)):
            await self._inner(shard, work)


@asynccontextmanager
async def open_task_runner(specification: Specification) -> AsyncIterator[TaskRunner]:
    """Give what runs the shards of a build as Prefect tasks, in this process or on the cluster that its ``run`` names.

    Raises:
        UsageError: if the cluster's package is not installed, or the cluster cannot be reached.
    """
    key = sha256_of([program_hashes(), prompt_hashes(), specification.model_dump(mode="json")])[:16]
    async with AsyncExitStack() as stack:
        inner: ShardRunner = partial(run_as_task, key=key)
        if specification.run.tasks != "threads":
            from flows.machines import on_cluster

            inner = await stack.enter_async_context(on_cluster(specification.run, key))
        yield TaskRunner(specification.release_id, inner)


@flow(name="build", flow_run_name="build {specification}", persist_result=False)
async def build_flow(specification: str, out: str = "generated", replay: str | None = None) -> BuildResult:
    """Build a release from a specification file.

    Args:
        specification: path of the YAML file.
        out: folder for ``runs/`` and ``releases/``.
        replay: a completion store or a release's ``completions/`` to rebuild from without a model.
    """
    checked = load_specification(Path(specification))
    async with (
        live_artifacts(checked, shown_progress()) as progress,
        open_task_runner(checked) as runner,
    ):
        result = await run_build(
            checked,
            out=Path(out),
            replay=Path(replay) if replay else None,
            progress=progress,
            runner=runner,
        )
    await make_artifacts(result.manifest)
    return result


async def build_with_server(
    specification: Path, *, out: Path, replay: Path | None = None, progress: Progress, run: Run | None = None
) -> BuildResult:
    """Run :func:`build_flow` and show its progress on ``progress``; ``run`` is the specification's own."""
    token = _progress.set(progress)
    try:
        with server_for_workers(run or Run()):
            return await build_flow(str(specification), str(out), str(replay) if replay else None)
    finally:
        _progress.reset(token)


def shown_progress() -> Progress:
    """Return where progress is shown. A function, since a flow travels to workers by value, and a variable cannot."""
    return _progress.get(SilentProgress())
