"""``impress dedup FILE``: which rows of a file are copies of others, and what shows it."""

from __future__ import annotations

import sys
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
@click.option("--keep", metavar="N", type=click.IntRange(min=1), help="Of the rows that stay keep N, the most diverse.")
@click.option("--show-clusters", is_flag=True, help="Show each row that has copies, with all of them.")
@click.option("--cache/--no-cache", default=True, help="Keep vectors in the cache of IMPRESS (default), or do not.")
def command(
    *,
    file: Path,
    threshold: float | None,
    kept_file: Path | None,
    against: tuple[Path, ...],
    keep: int | None,
    show_clusters: bool,
    cache: bool,
) -> Answer:
    """Find the rows of FILE that copy others.

    FILE is JSONL, each line a scenario or {"text": ...}; it is not changed. Shows every row that goes with
    the row it copies, and the pairs nearest to the threshold.
    """
    from pipeline.atomic import write_bytes_atomic
    from pipeline.deduplicate.files import DEFAULTS, deduplicate_file
    from pipeline.models.weights import cache_dir

    result = deduplicate_file(
        file,
        threshold=DEFAULTS.threshold if threshold is None else threshold,
        against=[row for path in against for row in rows_of(path)],
        keep=keep,
        folder=cache_dir() / "vectors" if cache else None,
        tell=said_on_terminal,
    )
    if kept_file is not None:
        lines = file.read_bytes().split(b"\n")
        kept = sorted(row.line for row in result.selected)
        write_bytes_atomic(kept_file, b"".join(lines[line - 1].rstrip(b"\r") + b"\n" for line in kept))
    return Answer(result.to_json(), "\n".join([text_of(result), *(clusters_of(result) if show_clusters else ())]))


def said_on_terminal(done: int, total: int) -> None:
    """Say on a terminal how far the encoding is; nothing where nobody looks."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total} texts encoded", err=True, nl=done == total)


def clusters_of(result: FileDeduplication) -> list[str]:
    """Write each row that has copies with all of them, the largest cluster first."""
    ordered = sorted(result.clusters.items(), key=lambda item: (-len(item[1]), item[0]))
    return ["clusters:", *(f"  {name}: {', '.join(copies)}" for name, copies in ordered)]


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
    if result.thinned:
        lines.append(f"{len(result.thinned)} more went, to keep the {len(result.selected)} most diverse")
    lines += [f"  {_pair(pair)}" for pair in result.filtered]
    undecided = result.undecided()
    if undecided:
        lines.append("copies but for what a mask or a vector does not see; they stay until you have looked:")
        lines += [f"  {_pair(pair)}; {pair.doubt}{_amounts(pair)}" for pair in undecided]
    doubtful = result.doubtful()[:DOUBTFUL_SHOWN]
    if doubtful:
        lines.append(f"nearest to the threshold of {result.threshold:g}; look at these yourself:")
        lines += [f"  {_pair(pair)}" for pair in doubtful]
    return "\n".join(lines)


def _amounts(pair: Pair) -> str:
    shown = pair.to_json()
    here, there = (", ".join(shown[f"amounts_{side}_only"]) or "none" for side in ("here", "there"))
    return "" if (here, there) == ("none", "none") else f" ({here} | {there})"


def _pair(pair: Pair) -> str:
    verb = "copies" if pair.copy else "is near"
    measure = "Jaccard similarity" if pair.layer == "lexical" else "cosine"
    evidence = "exact" if pair.layer == "exact" else f"{pair.layer}, {measure} {pair.score:.3f}"
    other = f"line {pair.other.line} ({pair.other.id})" + (f" of {pair.other.source}" if pair.other.source else "")
    return f"line {pair.row.line} ({pair.row.id}) {verb} {other}: {evidence}"
