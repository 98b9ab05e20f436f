"""Artifacts of a build that is running, as a terminal shows it: how far it is, and a table of its cells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import httpx
from prefect.artifacts import acreate_progress_artifact, acreate_table_artifact, aupdate_progress_artifact

from flows.records import artifact_key
from pipeline.progress import Progress
from pipeline.schema.specification import Specification
from pipeline.standing import Standing

SECONDS_BETWEEN = 10.0
"""How often artifacts are renewed at most."""

CELLS_SHOWN = 200
"""Cells in the table, those first that are not full."""


class Watched:
    """Tells another progress everything, and keeps the last standing for who asks.

    Args:
        progress: the other one.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.standing: Standing | None = None
        self.shown: UUID | None = None
        self.changed = asyncio.Event()

    def start(self, stage: str, *, total: int | None = None, round: int | None = None) -> None:
        """Pass it on."""
        self._progress.start(stage, total=total, round=round)

    def advance(self, stage: str, by: int = 1, *, round: int | None = None) -> None:
        """Pass it on."""
        self._progress.advance(stage, by, round=round)

    def finish(self, stage: str, counts: Mapping[str, int] | None = None, *, round: int | None = None) -> None:
        """Pass it on."""
        self._progress.finish(stage, counts, round=round)

    def note(self, message: str) -> None:
        """Pass it on."""
        self._progress.note(message)

    def stand(self, standing: Standing) -> None:
        """Pass it on and keep it."""
        self._progress.stand(standing)
        self.standing = standing
        self.changed.set()


@asynccontextmanager
async def live_artifacts(
    specification: Specification, progress: Progress, *, seconds: float = SECONDS_BETWEEN
) -> AsyncIterator[Progress]:
    """Give a progress whose standing is shown by artifacts of the flow run, renewed while the block runs.

    Args:
        specification: names the artifacts: NAME-VERSION-progress and NAME-VERSION-cells.
        progress: is told everything, too.
        seconds: between two renewals at least.
    """
    watched = Watched(progress)
    release = specification.release_id
    renewing = asyncio.create_task(_renew(watched, release, seconds))
    try:
        yield watched
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
    if watched.changed.is_set():
        await _show(watched, release)


async def _renew(watched: Watched, release: str, seconds: float) -> None:
    while True:
        await watched.changed.wait()
        watched.changed.clear()
        await _show(watched, release)
        await asyncio.sleep(seconds)


async def _show(watched: Watched, release: str) -> None:
    """Renew both artifacts; the one of progress is changed in place, of the table there is a new version.

    A server that does not take them is noted: the build is worth more than its pictures.
    """
    standing = watched.standing
    if standing is None:
        return
    percent = 100.0 * standing.accepted / standing.quota if standing.quota else 100.0
    told = ", ".join(f"{name} {value}" for name, value in standing.counts().items())
    try:
        if watched.shown is None:
            key = artifact_key(release, "progress")
            made = await acreate_progress_artifact(percent, key=key, description="Rows of the quota")
            watched.shown = UUID(str(made))
        else:
            await aupdate_progress_artifact(watched.shown, percent)
        await acreate_table_artifact(cell_rows(standing), key=artifact_key(release, "cells"), description=told)
    except httpx.HTTPError as error:
        watched.note(f"Prefect's server took no artifact of where the build stands: {type(error).__name__}")


def cell_rows(standing: Standing) -> list[dict[str, Any]]:
    """Return the cells as rows of a table artifact, those first that are not full."""
    cells = sorted(standing.cells.values(), key=lambda cell: (cell.full, cell.cell))
    return [
        {"cell": one.cell, "accepted": one.accepted, "quota": one.quota, "decided": one.decided, "left": one.left}
        for one in cells[:CELLS_SHOWN]
    ]
