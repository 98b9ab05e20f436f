"""``impress diff A B``: what came, what went and why, what moved, and what stops being comparable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import EXISTING_FOLDER
from pipeline.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from pipeline.schema.difference import Difference

SHOWN = 20
"""Rows and changes listed of each kind; ``--json`` has them all."""


@click.command("diff", cls=AnswerCommand)
@click.argument("before", metavar="A", type=EXISTING_FOLDER)
@click.argument("after", metavar="B", type=EXISTING_FOLDER)
def command(before: Path, after: Path) -> Answer:
    """Compare release A with the later release B.

    Exit code 1 when a row of A is not in B as it was, or a row that B opens is none that A committed to.
    """
    from pipeline.release.diff import diff_releases
    from pipeline.release.views import read_release

    difference = diff_releases(read_release(before), read_release(after))
    return Answer(difference.model_dump(mode="json"), text_of(difference), EXIT_NO if difference.broken else EXIT_DONE)


def text_of(difference: Difference) -> str:
    """Write a difference for people, in Markdown that reads as plain text."""
    one = difference
    lines = [
        f"{one.before} -> {one.after}",
        f"rows: {one.kept} kept, {len(one.added)} added, {len(one.retired)} retired",
        f"      {len(one.anchors)} anchors to equate rates on, {one.opened} rows opened that were held out",
    ]
    lines += [f"  BROKEN: {text}" for text in one.broken]
    retired = [[row.id, row.split, row.reason or "no reason given"] for row in one.retired]
    lines += _listed("retired", ["row", "split", "reason"], retired)
    cells = [[row.id, row.split, f"{row.motive}.{row.risk_type}.{row.domain}"] for row in one.added]
    lines += _listed("added", ["row", "split", "cell"], cells)
    changes = [[change.what, _short(change.before), _short(change.after)] for change in one.changes]
    lines += _listed("made otherwise", ["what", "before", "after"], changes)
    shifts = [
        [shift.of, shift.test, _figure(shift.distance), _figure(shift.statistic), _figure(shift.p)]
        for shift in one.shifts
    ]
    lines += _listed("distributions", ["of", "test", "distance", "statistic", "p"], shifts)
    lines.append("not comparable:" if one.incomparable else "comparable: every rate")
    lines += [f"  {text}" for text in one.incomparable]
    return "\n".join(lines)


def _listed(title: str, head: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    more = [f"  and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return [f"{title}:", columns([head, *rows[:SHOWN]]), *more]


def _short(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
