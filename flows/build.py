"""The build as a Prefect flow: each shard a task with retries; what it shows is in ``records.py``.

A task is a shard, never a row, and takes paths, never records. Work on a shard is idempotent: what
it pays for is in the completion store before it is used, so a retry, or a run after a kill, pays
for nothing twice. Prefect's own result cache stays off; the store is the one memory. A shard's key says
which work it is: equal keys mean equal programs, prompts, specification and shard, so equal results.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows.live import live_artifacts
from flows.records import make_artifacts, note_build, shard_tags
from pipeline.build import BuildResult, run_build
from pipeline.generate.stage import program_hashes
from pipeline.models.errors import EndpointUnavailable
from pipeline.progress import Progress, SilentProgress
from pipeline.provenance import prompt_hashes
from pipeline.schema.base import sha256_of
from pipeline.schema.specification import Specification
from pipeline.seeds import load_specification
from pipeline.shards import Shard

Work = Callable[[Shard], Awaitable[None]]

_shard: ContextVar[tuple[Shard, Work]] = ContextVar("shard")
_progress: ContextVar[Progress] = ContextVar("progress")


def endpoint_was_down(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Retry a shard when an endpoint gave out, and for nothing else: a wrong key does not mend itself."""
    return isinstance(state.data, EndpointUnavailable)


@task(
    name="shard",
    task_run_name="{name}",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=endpoint_was_down,
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def shard_task(name: str, source: str, key: str) -> None:
    """Run one shard. ``name``, ``source`` and ``key`` are what Prefect shows of it."""
    shard, work = _shard.get()
    await work(shard)


class TaskRunner:
    """Runs shards as Prefect tasks (a :data:`pipeline.rounds.context.ShardRunner`).

    Args:
        specification: what is built; its release and its hash are part of names and keys.
    """

    def __init__(self, specification: Specification) -> None:
        self._release = specification.release_id
        self._noted: asyncio.Task[None] | None = None
        work = [program_hashes(), prompt_hashes(), specification.model_dump(mode="json")]
        self._work = sha256_of(work)[:16]

    async def __call__(self, shard: Shard, work: Work) -> None:
        """Run a shard as a task. The first one also tells the server which build this is: its lock is held by then."""
        if self._noted is None:
            self._noted = asyncio.create_task(note_build(shard.folder, self._release))
        await self._noted
        token = _shard.set((shard, work))
        try:
            with tags(*shard_tags(self._release, shard.stage, shard.round)):
                await shard_task(shard.name, str(shard.source), f"{self._work}/{shard.name}")
        finally:
            _shard.reset(token)


@flow(name="build", flow_run_name="build {specification}", persist_result=False)
async def build_flow(specification: str, out: str = "generated", replay: str | None = None) -> BuildResult:
    """Build a release from a specification file.

    Args:
        specification: path of the YAML file.
        out: folder for ``runs/`` and ``releases/``.
        replay: a completion store or a release's ``completions/`` to rebuild from without a model.
    """
    checked = load_specification(Path(specification))
    async with live_artifacts(checked, _progress.get(SilentProgress())) as progress:
        result = await run_build(
            checked,
            out=Path(out),
            replay=Path(replay) if replay else None,
            progress=progress,
            runner=TaskRunner(checked),
        )
    await make_artifacts(result.manifest)
    return result


async def build_with_server(
    specification: Path, *, out: Path, replay: Path | None = None, progress: Progress
) -> BuildResult:
    """Run :func:`build_flow` and show its progress on ``progress``."""
    token = _progress.set(progress)
    try:
        return await build_flow(str(specification), str(out), str(replay) if replay else None)
    finally:
        _progress.reset(token)
