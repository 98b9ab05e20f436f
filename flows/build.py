"""The build as a Prefect flow: each shard a task with retries, the funnel as an artifact.

A task is a shard, never a row, and takes paths, never records. Work on a shard is idempotent: what
it pays for is in the completion store before it is used, so a retry, or a run after a kill, pays
for nothing twice. Prefect's own result cache stays off; the store is the one memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from pipeline.build import BuildResult, run_build
from pipeline.models.errors import EndpointUnavailable
from pipeline.progress import Progress, SilentProgress
from pipeline.schema.manifest import Manifest
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
async def shard_task(name: str, source: str) -> None:
    """Run one shard. ``name`` and ``source`` are what Prefect shows of it."""
    shard, work = _shard.get()
    await work(shard)


async def run_as_task(shard: Shard, work: Work) -> None:
    """Run a shard as a Prefect task (a :data:`pipeline.rounds.context.ShardRunner`)."""
    token = _shard.set((shard, work))
    try:
        await shard_task(shard.name, str(shard.source))
    finally:
        _shard.reset(token)


def funnel_rows(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the funnel as rows of a table artifact."""
    return [step.model_dump() for step in manifest.funnel]


def artifact_key(manifest: Manifest, what: str) -> str:
    """Return a Prefect artifact key: lower case letters, digits and dashes."""
    return f"{manifest.name}-{manifest.version}-{what}".replace(".", "-")


@flow(name="build", flow_run_name="build {specification}", persist_result=False)
async def build_flow(specification: str, out: str = "generated", replay: str | None = None) -> BuildResult:
    """Build a release from a specification file.

    Args:
        specification: path of the YAML file.
        out: folder for ``runs/`` and ``releases/``.
        replay: a completion store or a release's ``completions/`` to rebuild from without a model.
    """
    result = await run_build(
        load_specification(Path(specification)),
        out=Path(out),
        replay=Path(replay) if replay else None,
        progress=_progress.get(SilentProgress()),
        runner=run_as_task,
    )
    await acreate_table_artifact(
        funnel_rows(result.manifest),
        key=artifact_key(result.manifest, "funnel"),
        description=f"Candidates at each step of {result.manifest.name} {result.manifest.version}",
    )
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
