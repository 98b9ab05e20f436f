"""The schedule as a Prefect flow: build, gates, diff, publish; one at a time; the last release stays if it fails."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock, Timeout
from prefect import flow, runtime
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.build import open_task_runner
from flows.records import artifact_key
from pipeline.build import run_build
from pipeline.cli.diff import text_of
from pipeline.errors import ImpressError
from pipeline.plan import plan
from pipeline.progress import SilentProgress
from pipeline.publish.run import Published, Wish, publish
from pipeline.refresh import Next, check_renewable, due_early, next_release, scheduled
from pipeline.release.diff import diff_releases
from pipeline.release.views import read_release
from pipeline.schema.renewal import Schedule
from pipeline.schema.specification import Specification
from pipeline.seeds import load_seeds, load_specification
from pipeline.succession import NothingNewError

NOTHING_NEW = "NothingNew"
NOT_DUE = "NotDue"
SKIPPED = "Skipped"
"""Names of the states of runs that made no release, and rightly so."""

LATE = 60.0
"""Seconds that a run may start after its time before it counts as missed."""

WEBHOOK_TIMEOUT = 10.0


@flow(name="refresh", flow_run_name="refresh {specification}", persist_result=False)
async def refresh_flow(specification: str, out: str = "generated", only_if_contaminated: bool = False) -> State[Any]:
    """Make and publish the next release of a specification.

    Args:
        specification: path of the YAML file, with its ``schedule``.
        out: folder for ``runs/`` and ``releases/``.
        only_if_contaminated: go on only if the report of contamination asks for it.
    """
    read = load_specification(Path(specification))
    schedule = scheduled(read)
    try:
        check_renewable(read, plan(read, load_seeds()))
        with one_at_a_time(Path(out), read.name):
            return await refreshed(read, schedule, Path(out), only_if_contaminated=only_if_contaminated)
    except (ImpressError, OSError) as error:
        await tell_of_failure(read, schedule, str(error))
        raise


async def refreshed(
    specification: Specification, schedule: Schedule, out: Path, *, only_if_contaminated: bool
) -> State[Any]:
    """Make the next release, unless it is not due or nothing is new."""
    if only_if_contaminated:
        reason = due_early(specification, out / "releases")
        if reason is None:
            return Completed(name=NOT_DUE, message="the report of contamination asks for nothing")
    elif schedule.missed == "skip" and was_missed():
        return Completed(name=SKIPPED, message="due while nothing ran, and `missed` says to skip it")
    coming = next_release(specification, out / "releases", datetime.datetime.now(datetime.UTC).date())
    try:
        async with open_task_runner(coming.specification) as runner:
            result = await run_build(coming.specification, out=out, progress=SilentProgress(), runner=runner)
    except NothingNewError as error:
        done = await published(coming.last, schedule) if coming.last is not None else None
        return Completed(name=NOTHING_NEW, message=f"{error}: no commit{_also(done)}")
    await tell_difference(coming, result.release)
    done = await published(result.release, schedule)
    return Completed(message=f"{result.release.name}: made{_also(done)}")


async def published(release: Path, schedule: Schedule) -> Published | None:
    """Publish a release where the schedule says; one that is there already is left as it is."""
    to = schedule.publish
    if to is None:
        return None
    return await asyncio.to_thread(publish, release, Wish(repo=to.repo, private=to.private, gated=to.gated))


def _also(done: Published | None) -> str:
    words = {"published": "published", "was_published": "it was published before", "dry_run": ""}
    return "" if done is None else f"; {words[done.outcome]}: {done.repo}@{done.tag}"


@contextlib.contextmanager
def one_at_a_time(out: Path, name: str) -> Iterator[None]:
    """Hold the lock of a benchmark's schedule; the system frees it when a process is killed.

    Raises:
        OSError: if another run holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / f".{name}.refresh.lock", timeout=0):
            yield
    except Timeout as error:
        raise OSError(f"another run of {name} is at work in {out}") from error


def was_missed() -> bool:
    """Tell whether this run starts long after it was due."""
    due = runtime.flow_run.scheduled_start_time
    return due is not None and (datetime.datetime.now(datetime.UTC) - due).total_seconds() > LATE


async def tell_difference(coming: Next, release: Path) -> None:
    """Leave what differs from the last release as an artifact."""
    if coming.last is None:
        return
    told = text_of(diff_releases(read_release(coming.last), read_release(release)))
    await acreate_markdown_artifact(
        f"```\n{told}\n```", key=artifact_key(release.name, "diff"), description="What changed"
    )


async def tell_of_failure(specification: Specification, schedule: Schedule, reason: str) -> None:
    """Leave the reason as an artifact, and send it to the webhook if there is one; that it fails is a note."""
    text = f"{specification.name}: no new release, the last one stays in place.\n\n```\n{reason}\n```"
    await acreate_markdown_artifact(
        text, key=artifact_key(specification.name, "failed"), description="Why there is no release"
    )
    address = os.environ.get(schedule.webhook_env or "")
    if not address:
        return
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=WEBHOOK_TIMEOUT) as client:
            await client.post(address, json={"benchmark": specification.name, "released": False, "reason": reason})
