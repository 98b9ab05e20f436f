"""``impress dedup FILE``: which rows of a file are copies of others, and what shows it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE
from pipeline.errors import EXIT_DONE, EXIT_NO, InputError, UsageError

if TYPE_CHECKING:
    from pipeline.deduplicate.file_rows import FileRow
    from pipeline.deduplicate.files import FileDeduplication, Guarded, Pair
    from pipeline.schema.novelty import CurvePoint, NoveltyCurve

DOUBTFUL_SHOWN = 5


@click.command("dedup", cls=AnswerCommand)
@click.argument("file", metavar="FILE", type=EXISTING_FILE)
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), help="Cosine from which a row is a copy.")
@click.option(
    "--out",
    "kept_file",
    metavar="KEPT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows that stay, as they stand in FILE, here; with --calibrate the curve.",
)
@click.option(
    "--against",
    metavar="PATH",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A release's folder, or JSONL like FILE, whose rows must not be copied either; may be given several times.",
)
@click.option(
    "--protected",
    metavar="CORPUS[:COLUMN]",
    multiple=True,
    help="JSONL or parquet of texts (column `text`) that must not be copied; may be given several times.",
)
@click.option("--keep", metavar="N", type=click.IntRange(min=1), help="Of the rows that stay keep N, the most diverse.")
@click.option(
    "--show-clusters",
    is_flag=True,
    help="Show each row that has copies, with them, and near rows by group.",
)
@click.option("--calibrate", is_flag=True, help="FILE holds labelled pairs; say which threshold suits them.")
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.98,
    show_default=True,
    help="With --calibrate: share of right calls that the threshold has to reach.",
)
@click.option("--cache/--no-cache", default=True, help="Keep vectors in the cache of IMPRESS (default), or do not.")
def command(
    *,
    file: Path,
    threshold: float | None,
    kept_file: Path | None,
    against: tuple[Path, ...],
    protected: tuple[str, ...],
    keep: int | None,
    show_clusters: bool,
    calibrate: bool,
    precision: float,
    cache: bool,
) -> Answer:
    """Find the rows of FILE that copy others.

    FILE is JSONL, each line a scenario or {"text": ...}; it is not changed. Shows every row that goes with
    the row it copies, and the pairs nearest to the threshold. A row that differs from another in amounts alone stays
    and is shown.

    With --calibrate each line is {"a": ..., "b": ..., "copy": true or false}: precision and recall at every threshold,
    written to --out as JSON and drawn beside it as SVG.
    """
    if calibrate:
        if against or protected or keep is not None or threshold is not None:
            raise UsageError("--calibrate goes with --precision and --out alone")
        return calibrated(file, precision, kept_file)
    from pipeline.atomic import write_bytes_atomic
    from pipeline.deduplicate.files import DEFAULTS, deduplicate_file
    from pipeline.deduplicate.protected_files import corpus_at
    from pipeline.models.weights import cache_dir

    result = deduplicate_file(
        file,
        threshold=DEFAULTS.threshold if threshold is None else threshold,
        against=[row for path in against for row in rows_of(path)],
        protected=[corpus_at(value) for value in protected],
        keep=keep,
        folder=cache_dir() / "vectors" if cache else None,
        tell=said_on_terminal,
    )
    if kept_file is not None:
        lines = file.read_bytes().split(b"\n")
        kept = sorted(row.line for row in result.selected)
        write_bytes_atomic(kept_file, b"".join(lines[line - 1].rstrip(b"\r") + b"\n" for line in kept))
    return Answer(result.to_json(), "\n".join([text_of(result), *(clusters_of(result) if show_clusters else ())]))


def calibrated(file: Path, precision: float, out: Path | None) -> Answer:
    """Say which threshold suits labelled pairs; write the curve to ``out`` and draw it beside."""
    from pipeline.atomic import write_text_atomic
    from pipeline.deduplicate.encoder import load_encoder
    from pipeline.deduplicate.pairs import curve_of, read_pairs, svg_of

    curve = curve_of(read_pairs(file), load_encoder(), precision)
    if out is not None:
        write_text_atomic(out, json.dumps(curve.model_dump(mode="json"), indent=1) + "\n")
        write_text_atomic(out.with_suffix(".svg"), svg_of(curve))
    rows: list[tuple[object, ...]] = [("threshold", "called", "precision", "interval", "recall", "interval", "F1")]
    wanted = [point for point in curve.points if point == curve.recommended or point == max_f1(curve)]
    for point in wanted:
        ends = [f"[{low:.3f}, {high:.3f}]" for low, high in (point.precision_interval, point.recall_interval)]
        rows.append(
            (f"{point.threshold:.4f}", point.called, f"{point.precision:.3f}", ends[0], f"{point.recall:.3f}", ends[1],
             f"{point.f1:.3f}")
        )  # fmt: skip
    best = curve.recommended
    said = f"no threshold reaches a precision of {precision:g}" if best is None else f"threshold {best.threshold:.4f}"
    head = f"{curve.pairs} pairs, {curve.copies} of them copies: {said}; in the table, beside the best F1"
    return Answer(curve.model_dump(mode="json"), f"{head}\n{columns(rows)}", EXIT_NO if best is None else EXIT_DONE)


def max_f1(curve: NoveltyCurve) -> CurvePoint:
    """Return the point of the best F1; of equals the highest threshold."""
    return max(curve.points, key=lambda point: (point.f1, point.threshold))


def said_on_terminal(done: int, total: int) -> None:
    """Say on a terminal how far the encoding is; nothing where nobody looks."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total} texts encoded", err=True, nl=done == total)


def clusters_of(result: FileDeduplication) -> list[str]:
    """Write each row that has copies with all of them, the largest cluster first; then the groups."""
    ordered = sorted(result.clusters.items(), key=lambda item: (-len(item[1]), item[0]))
    groups, between = result.groups
    return [
        "clusters:",
        *(f"  {name}: {', '.join(copies)}" for name, copies in ordered),
        f"groups, from a cosine of {result.comparison.floor:g}:",
        *(f"  {name}: {', '.join(rows)}" for name, rows in groups.items()),
        *(f"  between {', '.join(joined)}: {name}" for name, joined in between.items()),
    ]


def rows_of(path: Path) -> list[FileRow]:
    """Return the rows of a release or a JSONL file, to compare with.

    Raises:
        InputError: if it is neither, or a row cannot be read.
    """
    from pipeline.deduplicate.file_rows import read_rows, scenario_row
    from pipeline.release.check_rows import read_splits

    if not path.is_dir():
        return [replace(row, source=path.name) for row in read_rows(path)]
    placed, _, problems = read_splits(path)
    if problems or not placed:
        said = problems[0].problem if problems else "no table under data/"
        raise InputError(f"not a release with rows: {said}", file=path)
    name = path.resolve().name
    return [scenario_row(row.scenario, number, name, row.group) for number, row in enumerate(placed, start=1)]


def text_of(result: FileDeduplication) -> str:
    """Write a deduplication for people."""
    beside = f"; compared with {len(result.against)} rows of others" if result.against else ""
    copies = len(result.filtered) + len(result.taken)
    lines = [f"{len(result.rows)} rows, {len(result.selected)} stay, {copies} are copies{beside}"]
    lines += [f"  {_guarded(one)}" for one in result.taken]
    if result.thinned:
        lines.append(f"{len(result.thinned)} more went, to keep the {len(result.selected)} most diverse")
    lines += [f"  {_pair(pair)}" for pair in result.filtered]
    held = [one for one in result.protected if one.found.outcome == "error"]
    if held:
        lines.append("near a protected text; they stay until you have looked:")
        lines += [f"  {_guarded(one)}; {one.found.doubt}" for one in held]
    undecided = result.undecided()
    if undecided:
        lines.append("copies but for what a mask or a vector does not see; they stay until you have looked:")
        lines += [f"  {_pair(pair)}; {pair.doubt}{_amounts(pair)}" for pair in undecided]
    doubtful = result.doubtful()[:DOUBTFUL_SHOWN]
    if doubtful:
        lines.append(f"nearest to the threshold of {result.threshold:g}; look at these yourself:")
        lines += [f"  {_pair(pair)}" for pair in doubtful]
    return "\n".join(lines)


def _guarded(one: Guarded) -> str:
    measure = "cosine" if one.found.layer == "semantic" else "share"
    evidence = f"{one.found.layer}, {measure} {one.found.score:.3f}"
    verb = "copies" if one.found.outcome == "fail" else "is near"
    return f"line {one.row.line} ({one.row.id}) {verb} {one.found.place}: {evidence}"


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
