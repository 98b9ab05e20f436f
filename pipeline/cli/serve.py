"""``impress serve SPEC``: make and publish releases by the specification's schedule."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.build import PREFECT
from pipeline.cli.options import out_option, spec_argument


@click.command(
    "serve",
    cls=AnswerCommand,
    when_interrupted="the last release is in place; a build that was under way goes on with the next run",
)
@spec_argument
@out_option
def command(specification: Path, out: Path) -> Answer:
    """Make and publish releases by SPEC's schedule.

    At each of its times the next release is built, compared with the last and published.

    Needs a Prefect server (PREFECT_API_URL), such as `prefect server start` gives. Runs until it is stopped.
    """
    from pipeline.plan import plan
    from pipeline.refresh import check_renewable, scheduled
    from pipeline.seeds import load_seeds, load_specification

    seeds = load_seeds()
    checked = load_specification(specification, seeds)
    scheduled(checked)
    check_renewable(checked, plan(checked, seeds))
    for name, value in PREFECT.items():
        os.environ.setdefault(name, value)
    from flows.serve import serve

    asyncio.run(serve(specification, checked, out))
    return Answer({"served": checked.name}, f"{checked.name}: no longer served")
