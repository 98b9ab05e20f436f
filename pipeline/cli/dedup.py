"""``impress dedup FILE``: which rows of a file are copies of others, and what shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand
from pipeline.cli.options import EXISTING_FILE
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.deduplicate.files import FileDeduplication, FileRow, Pair

DOUBTFUL_SHOWN = 5


@click.command("dedup", cls=AnswerCommand)
@click.argument("file", metavar="FILE", type=EXISTING_FILE)
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), help="Cosine from which a row is a copy.")
@click.option(
    "--out",
    "kept_file",
    metavar="KEPT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows that stay, as they stand in FILE, here.",
)
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A release's folder, or JSONL like FILE, whose rows must not be copied either; may be given several times.",
)
def command(file: Path, threshold: float | None, kept_file: Path | None, against: tuple[Path, ...]) -> Answer:
    """Find the rows of FILE that copy others.

    FILE is JSONL, each line a scenario or {"text": ...}; it is not changed. Shows every row that goes with
    the row it copies, and the pairs nearest to the threshold.
    """
    from pipeline.atomic import write_bytes_atomic
    from pipeline.deduplicate.files import DEFAULTS, deduplicate_file

    result = deduplicate_file(
        file,
        threshold=DEFAULTS.threshold if threshold is None else threshold,
        against=[row for path in against for row in rows_of(path)],
    )
    if kept_file is not None:
        lines = file.read_bytes().split(b"\n")
        kept = sorted(row.line for row in result.selected)
        write_bytes_atomic(kept_file, b"".join(lines[line - 1].rstrip(b"\r") + b"\n" for line in kept))
    return Answer(result.to_json(), text_of(result))


def rows_of(path: Path) -> list[FileRow]:
    """Return the rows of a release or a JSONL file, to compare with.

    Raises:
        InputError: if it is neither, or a row cannot be read.
    """
    from pipeline.deduplicate.files import read_rows, scenario_row
    from pipeline.release.check_rows import read_splits

    if not path.is_dir():
        return [replace(row, source=path.name) for row in read_rows(path)]
    placed, _, problems = read_splits(path)
    if problems or not placed:
        said = problems[0].problem if problems else "no table under data/"
        raise InputError(f"not a release with rows: {said}", file=path)
    name = path.resolve().name
    return [scenario_row(row.scenario, number, name) for number, row in enumerate(placed, start=1)]


def text_of(result: FileDeduplication) -> str:
    """Write a deduplication for people."""
    beside = f"; compared with {len(result.against)} rows of others" if result.against else ""
    lines = [f"{len(result.rows)} rows, {len(result.selected)} stay, {len(result.filtered)} are copies{beside}"]
    lines += [f"  {_pair(pair)}" for pair in result.filtered]
    doubtful = result.doubtful()[:DOUBTFUL_SHOWN]
    if doubtful:
        lines.append(f"nearest to the threshold of {result.threshold:g}; look at these yourself:")
        lines += [f"  {_pair(pair)}" for pair in doubtful]
    return "\n".join(lines)


def _pair(pair: Pair) -> str:
    verb = "copies" if pair.copy else "is near"
    evidence = "exact" if pair.layer == "exact" else f"{pair.layer}, cosine {pair.cosine:.3f}"
    other = f"line {pair.other.line} ({pair.other.id})" + (f" of {pair.other.source}" if pair.other.source else "")
    return f"line {pair.row.line} ({pair.row.id}) {verb} {other}: {evidence}"
