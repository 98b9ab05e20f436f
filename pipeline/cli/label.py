"""``impress label``: draw runs for people to label, and read their labels."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE

_SHEET, _KEY = "sheet.csv", "key.json"


@click.group("label")
def command() -> None:
    """Let people check what rule and judges say."""


@command.command("draw", cls=AnswerCommand)
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--per-stratum", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write to.")
def draw_command(*, logs: tuple[Path, ...], per_stratum: int, seed: int, out: Path) -> Answer:
    """Draw runs by model, condition and outcome, and write a sheet for raters and a key that is not for them."""
    from pipeline.analysis.labels import draw, sheet
    from pipeline.analysis.runs import log_files, read_runs
    from pipeline.atomic import write_text_atomic

    runs, _ = read_runs(log_files(logs))
    rows = draw(runs, per_stratum, seed)
    write_text_atomic(out / _SHEET, sheet(rows))
    write_text_atomic(out / _KEY, json.dumps([row.model_dump(mode="json") for row in rows], indent=1) + "\n")
    text = f"{len(rows)} runs: {out / _SHEET} for raters (a copy each, named after the rater), {out / _KEY} for you"
    return Answer({"rows": len(rows), "sheet": str(out / _SHEET), "key": str(out / _KEY)}, text)


@command.command("read", cls=AnswerCommand)
@click.argument("labels", metavar="LABELS...", nargs=-1, required=True, type=EXISTING_FILE)
@click.option("--key", type=EXISTING_FILE, required=True, help="The key that was drawn with the sheet.")
def read_command(*, labels: tuple[Path, ...], key: Path) -> Answer:
    """Give kappa and alpha of each question with intervals, and the judges against people.

    LABELS are sheets (CSV, one a rater) and labels files of `impress review` (JSONL).
    """
    from pydantic import TypeAdapter, ValidationError

    from pipeline.analysis.labels import KeyRow, agreements, read_labels
    from pipeline.analysis.told import people_rows
    from pipeline.errors import InputError

    try:
        rows = TypeAdapter(list[KeyRow]).validate_json(key.read_bytes())
    except ValidationError as error:
        raise InputError(f"not a key of `impress label draw`: {error.errors()[0]['msg']}", file=key) from error
    if any(row.item != row.run.id for row in rows):
        raise InputError("drawn by an older version, which named runs by where their log lay; draw again", file=key)
    runs = [row.run for row in rows]
    found = agreements(read_labels(labels, [row.item for row in rows]), runs)
    return Answer({"questions": [one.model_dump(mode="json") for one in found]}, columns(people_rows(found)))
