"""``impress report RELEASE``: the release as one page to read, with the map of its plots."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FOLDER


@click.command("report", cls=AnswerCommand)
@click.argument("release", metavar="RELEASE", type=EXISTING_FOLDER)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write; NAME-VERSION-report.html here if left out.",
)
@click.option(
    "--previous",
    metavar="FOLDER",
    type=EXISTING_FOLDER,
    help="The release before, to compare with; looked for beside RELEASE if left out.",
)
@click.option("--map/--no-map", "with_map", default=True, help="Embed plots for the map and the nearest neighbours.")
def command(*, release: Path, output: Path | None, previous: Path | None, with_map: bool) -> Answer:
    """Write RELEASE as one page to read and filter.

    It needs no network. It is the page that lies in the release, with the map of all plots, their nearest
    neighbours, and what has moved since the release before.
    """
    from pipeline.atomic import write_text_atomic
    from pipeline.errors import UsageError
    from pipeline.release.page import report_of

    target = output or Path(f"{release.resolve().name}-report.html")
    if target.resolve().is_relative_to(release.resolve()):
        raise UsageError(f"{target}: this lies in the release, which is never changed; name a file elsewhere")
    page = report_of(release, previous=previous, with_map=with_map)
    write_text_atomic(target, page)
    size = len(page.encode("utf-8"))
    return Answer({"page": str(target), "bytes": size}, f"{target}: {size / 1e6:.1f} MB; open it in a browser")
