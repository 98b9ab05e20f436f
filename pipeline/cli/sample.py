"""``impress sample``: the scenarios written by hand, as a small release."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import spec_option


@click.command("sample", cls=AnswerCommand)
@spec_option
@click.option(
    "--out",
    "target",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("generated/sample"),
    show_default=True,
    help="The folder to write; a sample that is there is replaced.",
)
@click.option(
    "--created",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="The day that the manifest states; today if left out.",
)
def command(specification: Path | None, target: Path, created: datetime.datetime | None) -> Answer:
    """Write the exemplars of seeds/ as a release of their own.

    Every exemplar has to pass the gates that need no judge. No model is called.
    """
    from pipeline.sample import default_specification, write_sample
    from pipeline.seeds import load_specification

    day = created.date() if created else datetime.datetime.now(datetime.UTC).date()
    checked = load_specification(default_specification() if specification is None else specification)
    manifest = write_sample(target, checked, day.isoformat())
    rows = sum(manifest.splits.values())
    document = {"folder": str(target), "rows": rows, "splits": manifest.splits, "version": manifest.version}
    return Answer(document, f"{target}: {rows} scenarios written by hand, {manifest.name} {manifest.version}")
