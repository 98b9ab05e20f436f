"""Serves a specification's schedule: waits for the times and runs :mod:`flows.refresh`, one run after the other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner

from flows.refresh import refresh_flow
from pipeline.refresh import scheduled
from pipeline.schema.specification import Specification

ONE = 1
"""Runs at a time."""


async def deployments(path: Path, specification: Specification, out: Path) -> list[RunnerDeployment]:
    """Return the deployment of the schedule, and the one that looks at the report of contamination, if it names one."""
    schedule = scheduled(specification)
    given = {"specification": str(path.resolve()), "out": str(out.resolve())}
    every = None if schedule.every is None else timedelta(seconds=schedule.every)
    made = [await refresh_flow.ato_deployment(specification.name, cron=schedule.cron, interval=every, parameters=given)]
    if schedule.contamination is not None:
        early = {**given, "only_if_contaminated": True}
        name, watch = f"{specification.name}-early", timedelta(seconds=schedule.watch)
        made.append(await refresh_flow.ato_deployment(name, interval=watch, parameters=early))
    return made


async def serve(path: Path, specification: Specification, out: Path) -> None:
    """Register the deployments with the Prefect server and run what is due until the process is stopped."""
    runner = Runner(name=specification.name, limit=ONE, pause_on_shutdown=False)
    for deployment in await deployments(path, specification, out):
        await runner.aadd_deployment(deployment)
    await runner.start()
