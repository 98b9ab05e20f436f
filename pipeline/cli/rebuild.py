"""``impress rebuild RELEASE``: make a release again from its own folder, without a model."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FOLDER
from pipeline.errors import EXIT_DONE, EXIT_NO


@click.command("rebuild", cls=AnswerCommand)
@click.argument("release", metavar="RELEASE", type=EXISTING_FOLDER)
@click.option(
    "--releases",
    metavar="FOLDER",
    type=EXISTING_FOLDER,
    help="Where the releases lie that it was compared with; beside RELEASE if left out.",
)
def command(release: Path, releases: Path | None) -> Answer:
    """Make RELEASE again without a model and compare.

    It is made from its own folder, and the two are compared byte by byte.

    Exit code 1 when anything differs; then it says which files, and which fields of the manifest.
    """
    from pipeline.progress import open_progress
    from pipeline.rebuild import rebuild

    with tempfile.TemporaryDirectory(prefix="impress-rebuild-") as work, open_progress() as progress:
        problems = asyncio.run(rebuild(release, Path(work), releases=releases, progress=progress))
    document = {
        "release": str(release),
        "equal": not problems,
        "differences": [problem.model_dump(mode="json") for problem in problems],
    }
    text = "\n".join(map(str, problems)) or f"{release}: made again, equal in every byte"
    return Answer(document, text, EXIT_NO if problems else EXIT_DONE)
