"""``impress analyze LOGS``: rates, comparisons and a report from Inspect logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FILE

if TYPE_CHECKING:
    from pipeline.analysis.analyze import Analysis


@click.command("analyze", cls=AnswerCommand)
@click.argument("logs", metavar="LOGS...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--report",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write report.html, figures/ (SVG, PNG), analysis.json and items.csv there.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Level of the intervals.",
)
@click.option(
    "--labels",
    multiple=True,
    type=EXISTING_FILE,
    help="Labels of people: files of `impress review --export` (JSONL), or sheets (CSV).",
)
def command(*, logs: tuple[Path, ...], labels: tuple[Path, ...], report: Path | None, confidence: float) -> Answer:
    """Say what Inspect logs of our tasks show.

    LOGS are files or folders. Runs are compared where two conditions differ in one factor; what was not measured is
    counted apart and is in no rate. Rates on two releases of one benchmark are equated on the rows that both hold.
    """
    from pipeline.analysis.analyze import analyze
    from pipeline.analysis.labels import read_labels
    from pipeline.analysis.runs import log_files, read_runs

    runs, remarks = read_runs(log_files(logs))
    said = read_labels(labels, [run.id for run in runs]) if labels else None
    found = analyze(runs, confidence=confidence, remarks=remarks, labels=said)
    text = told(found)
    if report is not None:
        from pipeline.analysis.report import write_report

        text += f"\nreport: {write_report(report, found, runs)}"
    return Answer(found.model_dump(mode="json"), text)


def told(found: Analysis) -> str:
    """Return an analysis for a terminal: rates, comparisons, what it took, what became of the runs."""
    from pipeline.analysis.told import (
        COMPARISON_HEAD,
        SPENDING_HEAD,
        comparison_row,
        equated_rows,
        methods,
        overall_rows,
        people_rows,
        spending_row,
        status_lines,
    )

    parts = [
        ": ".join(filter(None, (f"{found.runs} runs, intervals at {found.confidence:g}", methods(found)))),
        columns(overall_rows(found)),
    ]
    if found.comparisons:
        parts.append(columns([COMPARISON_HEAD, *map(comparison_row, found.comparisons)]))
    if found.equatings:
        parts.append(columns(equated_rows(found)))
    if found.people:
        parts.append(columns(people_rows(found.people)))
    if found.spending:
        parts.append(columns([SPENDING_HEAD, *map(spending_row, found.spending)]))
    parts += [*status_lines(found), *(f"note: {one}" for one in found.remarks)]
    return "\n".join(parts)
