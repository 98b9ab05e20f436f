"""``impress build SPEC``: make a release, or go on with one that was interrupted."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import out_option, spec_argument
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.build import BuildResult
    from pipeline.schema.manifest import Manifest

PREFECT = {
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
}
"""Prefect's settings for a build, where the environment does not say otherwise: it reports to nobody, leaves errors
to us, which it would repeat with tracebacks, and its server may take its time on a busy machine."""


@click.command(
    "build",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and the build goes on from there",
)
@spec_argument
@out_option
@click.option(
    "--replay",
    metavar="STORE",
    type=click.Path(exists=True, path_type=Path),
    help="Rebuild from a completion store, or a release's completions/, without any model.",
)
@click.option("--no-server", is_flag=True, help="Run the stages in this process alone, without Prefect.")
def command(specification: Path, out: Path, replay: Path | None, *, no_server: bool) -> Answer:
    """Build the release that SPEC describes.

    An interrupted build goes on where it stopped: completions that were paid for are not asked for
    again. Exit code 1 when an endpoint gave up or no candidate was accepted.
    """
    return answer_of(run(specification, out=out, replay=replay, server=not no_server))


def run(specification: Path, *, out: Path, replay: Path | None, server: bool) -> BuildResult:
    """Build from a specification file, with Prefect (``server``) or without, showing progress on stderr."""
    from pipeline.build import run_build
    from pipeline.progress import open_progress
    from pipeline.seeds import load_specification

    checked = load_specification(specification)
    with open_progress() as progress:
        if not server:
            if checked.run.tasks != "threads":
                raise UsageError(f"run.tasks: {checked.run.tasks} is a matter of Prefect; leave out --no-server")
            return asyncio.run(run_build(checked, out=out, replay=replay, progress=progress))
        for name, value in PREFECT.items():
            os.environ.setdefault(name, value)
        from flows.build import build_with_server

        return asyncio.run(build_with_server(specification, out=out, replay=replay, progress=progress, run=checked.run))


def answer_of(result: BuildResult) -> Answer:
    """Say where the release is and what it holds, short cells included."""
    manifest = result.manifest
    short = [cell for cell in manifest.cells if cell.accepted < cell.quota]
    accepted = sum(cell.accepted for cell in manifest.cells)
    filled = sum(cell.accepted > 0 for cell in manifest.cells)
    document = {
        "release": str(result.release),
        "name": manifest.name,
        "version": manifest.version,
        "accepted": accepted,
        "splits": dict(manifest.splits),
        "stopped_by": manifest.stopped_by,
        "calls_made": result.calls_made,
        "cost": costs_of(manifest),
        "funnel": [step.model_dump(mode="json") for step in manifest.funnel],
        "short_cells": [cell.model_dump(mode="json") for cell in short],
    }
    head = ["step", "entered", "passed", "turned away", "errors"]
    rows = [[step.step, step.entered, step.passed, step.turned_away, step.errors] for step in manifest.funnel]
    lines = [
        f"{manifest.name} {manifest.version}: {accepted} scenarios in {filled} of {len(manifest.cells)} cells",
        columns([head, *rows]),
        *(f"  short: {cell.cell.id} has {cell.accepted} of {cell.quota}: {cell.short_because}" for cell in short),
        f"calls to models: {result.calls_made or '0, since every completion was there already'}",
        *cost_lines(manifest),
        f"release: {result.release}",
        f"report:  {result.release / 'report.html'}",
        f"data:    {result.release / 'data'}",
    ]
    return Answer(document, "\n".join(lines))


def costs_of(manifest: Manifest) -> dict[str, Any] | None:
    """Return what the release took, without its cells; ``None`` where no model took part."""
    return None if manifest.costs is None else manifest.costs.model_dump(mode="json", exclude={"cells"})


def cost_lines(manifest: Manifest) -> list[str]:
    """Say what the release cost, where money is paid for it, and that it is unknown where it is."""
    from pipeline.report.spending import money_shown

    costs = manifest.costs
    if costs is None or costs.total.money == 0:
        return []
    if costs.total.money is None or costs.per_row is None:
        return ["cost: unknown; seeds/prices.yaml has no price of a model, or an endpoint gave no token counts"]
    each = f"{money_shown(costs.per_row.money)} for each row"
    return [f"cost: {costs.currency} {money_shown(costs.total.money)}, {each}"]
