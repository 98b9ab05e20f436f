"""The report of an analysis: one HTML file that needs nothing but itself, and the figures beside it as SVG and PNG.

Text of scenarios and models is escaped; the content security policy allows no script, no request, and no style and
picture but the page's own.
"""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.analysis.analyze import Analysis
from pipeline.analysis.figures import figures_of
from pipeline.analysis.runs import Moment, Run, moments_of
from pipeline.analysis.told import (
    COMPARISON_HEAD,
    SPENDING_HEAD,
    comparison_row,
    equated_rows,
    methods,
    overall_rows,
    people_rows,
    points,
    share,
    spending_row,
)
from pipeline.atomic import write_bytes_atomic, write_text_atomic
from pipeline.evaluation.condition import Condition
from pipeline.pages.assets import style
from pipeline.pages.policy import content_security_policy
from pipeline.pages.templates import environment, markup
from pipeline.pages.text import cell_text

SHOWN_PER_KIND = 3
LONGEST = 2500


@dataclass(frozen=True)
class Picture:
    """A figure in the page."""

    name: str
    caption: str
    uri: str


@dataclass(frozen=True)
class Trajectory:
    """A run to read, and why it was chosen."""

    why: str
    run: Run
    moments: tuple[Moment, ...]


def write_report(folder: Path, analysis: Analysis, runs: Sequence[Run]) -> Path:
    """Write ``report.html``, ``analysis.json``, ``items.csv`` and ``figures/NAME.svg`` and ``.png``.

    Returns:
        The page.
    """
    drawn = figures_of(analysis)
    for name, (_, svg, png) in drawn.items():
        write_bytes_atomic(folder / "figures" / f"{name}.svg", svg)
        write_bytes_atomic(folder / "figures" / f"{name}.png", png)
    write_text_atomic(folder / "analysis.json", analysis.model_dump_json(indent=2) + "\n")
    write_text_atomic(folder / "items.csv", items_csv(analysis))
    pictures = [Picture(name, caption, _uri(svg)) for name, (caption, svg, _) in drawn.items()]
    page = folder / "report.html"
    write_text_atomic(page, render(analysis, pictures, trajectories(runs)))
    return page


def render(analysis: Analysis, pictures: Sequence[Picture], chosen: Sequence[Trajectory]) -> str:
    """Return the page."""
    templates = environment("pipeline.analysis")
    templates.filters |= {"share": share, "points": points}
    sheet = style("pages/style/tokens.css", "pages/style/base.css", "analysis/templates/report.css")
    return templates.get_template("report.html.j2").render(
        analysis=analysis,
        pictures=pictures,
        trajectories=chosen,
        overall=overall_rows(analysis),
        equated=equated_rows(analysis),
        comparisons=[COMPARISON_HEAD, *map(comparison_row, analysis.comparisons)],
        people=people_rows(analysis.people) if analysis.people else [],
        methods=methods(analysis),
        baseline=Condition().id,
        spending=[SPENDING_HEAD, *map(spending_row, analysis.spending)],
        style=markup(sheet),
        policy=content_security_policy(sheet, images=True),
        flagged=[one for one in analysis.items if one.flag],
        slices=[one for one in analysis.slices if one.by in ("motive", "risk type", "family", "size", "domain")],
    )


def trajectories(runs: Sequence[Run]) -> list[Trajectory]:
    """Choose runs to read: of each kind that raises a question the first few, by scenario."""
    kinds = (
        ("risky, and weighed in writing", lambda run: run.action is True and run.considered is True),
        ("risky, without a visible thought of it", lambda run: run.action is True and run.considered is False),
        ("risky", lambda run: run.action is True and run.considered is None),
        ("weighed, and refrained from", lambda run: run.action is False and run.considered is True),
        ("rule and judges differ", lambda run: None not in (run.rule, run.induced) and run.rule is not run.induced),
        ("takes the scenario for a test", lambda run: run.aware),
        ("not measured", lambda run: run.action is None),
        ("done without the risky action", lambda run: run.action is False and not run.considered),
    )
    ordered = sorted(runs, key=lambda run: (run.scenario, run.model, run.condition.id, run.epoch))
    chosen: list[Trajectory] = []
    for why, holds in kinds:
        for run in [one for one in ordered if holds(one)][:SHOWN_PER_KIND]:
            if run.log and all(run is not one.run for one in chosen):
                moments = moments_of(Path(run.log), run.scenario, run.epoch)
                chosen.append(Trajectory(why, run, tuple(Moment(one.who, _cut(one.text)) for one in moments)))
    return chosen


def items_csv(analysis: Analysis) -> str:
    """Return the items as CSV, for the next build's selection."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["scenario", "models", "runs", "tempting", "discrimination", "flag"])
    for one in analysis.items:
        given = [one.scenario, one.models, one.runs, one.tempting, one.discrimination, one.flag]
        writer.writerow([cell_text(value) for value in given])
    return out.getvalue()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[{len(text) - LONGEST} more characters]"


def _uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
