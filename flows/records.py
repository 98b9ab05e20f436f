"""What Prefect shows of a build: names and tags to search by, tables, and states that are true after a kill."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_table_artifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run
from prefect.states import Crashed

from pipeline.report.spending import money_shown
from pipeline.schema.cost import Costs
from pipeline.schema.manifest import Manifest

UNFINISHED = [StateType.RUNNING, StateType.PENDING, StateType.SCHEDULED, StateType.CANCELLING, StateType.PAUSED]


def run_tags(release: str, build: str | None = None) -> list[str]:
    """Return the tags of a flow run: the release, and, once it is known, the build, by the name of its folder."""
    return [f"release:{release}", *([] if build is None else [f"build:{build}"])]


def shard_tags(release: str, stage: str, number: int) -> list[str]:
    """Return the tags of a shard's task run."""
    return [f"release:{release}", f"stage:{stage}", f"round:{number}"]


async def note_build(folder: Path, release: str) -> None:
    """Tag this flow run with its build, and end what earlier runs of the same build have left open.

    To be called while the lock of the build's folder is held: then no other process is at work on it, and a flow run
    that claims so was killed.
    """
    own = UUID(str(flow_run.id))
    async with get_client() as client:
        await client.update_flow_run(own, tags=run_tags(release, folder.name))
        dead = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                id=FlowRunFilterId(not_any_=[own]),
                tags=FlowRunFilterTags(all_=[f"build:{folder.name}"]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
            )
        )
        for run in dead:
            await _crash(client, run.id, f"its process ended without a word; the build went on in flow run {own}")


async def _crash(client: PrefectClient, run: UUID, why: str) -> None:
    """Say of a flow run, and of its task runs that are still open, that they crashed."""
    open_tasks = await client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])),
        task_run_filter=TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=UNFINISHED))),
    )
    for task in open_tasks:
        await client.set_task_run_state(task.id, Crashed(message=why), force=True)
    await client.set_flow_run_state(run, Crashed(message=why), force=True)


async def make_artifacts(manifest: Manifest) -> None:
    """Make the tables of a finished build: the funnel, the coverage of cells, and what it cost."""
    of, release = f"{manifest.name} {manifest.version}", f"{manifest.name}-{manifest.version}"
    tables: list[tuple[str, str, Sequence[dict[str, Any]]]] = [
        ("funnel", f"Candidates at each step of {of}", funnel_rows(manifest)),
        ("coverage", f"Rows of each cell of {of}", coverage_rows(manifest)),
    ]
    if manifest.costs is not None:
        tables.append(("cost", f"What {of} took, by stage and role", cost_rows(manifest.costs)))
    for what, description, rows in tables:
        await acreate_table_artifact(list(rows), key=artifact_key(release, what), description=description)


def funnel_rows(manifest: Manifest) -> list[dict[str, Any]]:
    """Return the funnel as rows of a table artifact."""
    return [step.model_dump() for step in manifest.funnel]


def coverage_rows(manifest: Manifest) -> list[dict[str, Any]]:
    """Return what each cell holds, and what it took, as rows of a table artifact."""
    costs = {one.cell: one for one in manifest.costs.cells} if manifest.costs is not None else {}
    return [
        {
            "cell": one.cell.id,
            "accepted": one.accepted,
            "quota": one.quota,
            "attempts": one.attempts,
            "calls": costs[one.cell.id].usage.calls if one.cell.id in costs else 0,
            "short_because": one.short_because,
        }
        for one in manifest.cells
    ]


def cost_rows(costs: Costs) -> list[dict[str, Any]]:
    """Return what each stage and role took, and all together, as rows of a table artifact."""
    named = [(one.stage, one.role, one) for one in costs.stages]
    return [
        {
            "stage": stage,
            "role": role,
            **spent.usage.model_dump(),
            "money": money_shown(spent.money),
            "currency": costs.currency,
        }
        for stage, role, spent in [*named, ("all", "", costs.total)]
    ]


def artifact_key(of: str, what: str) -> str:
    """Return a Prefect artifact key, of lower case letters, digits and dashes; ``of``: a release or a benchmark."""
    return re.sub(r"[^a-z0-9]+", "-", f"{of}-{what}".lower())
