"""``impress doctor``: is everything in place, and if not, what mends it?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FOLDER, out_option, spec_option
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.doctor import Check


@click.command("doctor", cls=AnswerCommand)
@spec_option
@click.option("--build", metavar="DIR", type=EXISTING_FOLDER, help="Examine the folder of a run, OUT/runs/NAME.")
@out_option
def command(specification: Path | None, build: Path | None, out: Path) -> Answer:
    """Check the installation, or a run's folder.

    Without --build it looks at Python, libraries and seeds; with --spec also at the weights, endpoints and keys
    that it needs; no key is ever shown. Each problem comes with how to mend it. Exit code 1 when a check fails.
    """
    from pipeline.doctor import examine
    from pipeline.seeds import load_specification

    if build is not None:
        return _examined(build)
    checks = asyncio.run(examine(None if specification is None else load_specification(specification), out))
    return _answer(checks)


def _examined(folder: Path) -> Answer:
    """Say what is found in a run's folder, and what is to be done."""
    from pipeline.build_doctor import examine_build

    found = examine_build(folder)
    answer = _answer(found.checks)
    document = {**answer.document, **found.document()}
    return Answer(document, f"{answer.text}\nnext: {found.next}", answer.exit_code)


def _answer(checks: Sequence[Check]) -> Answer:
    from pipeline.doctor import worst

    outcome = worst(checks)
    document = {"outcome": outcome, "checks": [check.model_dump(mode="json") for check in checks]}
    return Answer(document, "\n".join(map(_line, checks)), EXIT_NO if outcome == "fail" else EXIT_DONE)


def _line(check: Check) -> str:
    line = f"{check.outcome:<4}  {check.name}: {check.found}"
    return f"{line}\n      to mend: {check.mend}" if check.mend else line
