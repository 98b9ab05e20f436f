"""``impress plan SPEC``: the cells, their quotas, and what a build is expected to take."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answer import Answer, AnswerCommand, columns
from pipeline.cli.options import out_option, spec_argument

if TYPE_CHECKING:
    from pipeline.dry_run import DryRun
    from pipeline.plan import Pool
    from pipeline.schema.cell import Estimate, Plan
    from pipeline.schema.estimate import Amount
    from pipeline.schema.specification import Specification

CELLS_SHOWN = 24
"""Plans of up to so many cells are listed cell by cell."""


@click.command(
    "plan",
    cls=AnswerCommand,
    when_interrupted="every completion so far is kept: run the same command again and it goes on from there",
)
@spec_argument
@click.option("--cells", "every_cell", is_flag=True, help="List every cell, planned and excluded, however many.")
@click.option(
    "--measure",
    type=click.IntRange(min=1),
    metavar="N",
    help="Really try N cells, and estimate from what they take. This calls models; the build reuses it.",
)
@out_option
def command(specification: Path, *, every_cell: bool, measure: int | None, out: Path) -> Answer:
    """Show what SPEC would build, and at what cost.

    Calls nothing, unless --measure is given. Shows cells and rows by motive and risk type, what their rows can
    say, the cells that get no quota and why, and the calls, tokens and money to expect.
    """
    from pipeline.plan import plan, pools_of
    from pipeline.refresh import check_renewable
    from pipeline.seeds import load_seeds, load_specification

    seeds = load_seeds()
    checked = load_specification(specification, seeds)
    planned = plan(checked, seeds)
    check_renewable(checked, planned)
    document: dict[str, Any] = {}
    if measure is not None:
        found = measured(checked, out=out, cells=measure)
        planned, document["calls_made"] = planned.model_copy(update={"estimate": found.estimate}), found.calls_made
    pools = pools_of(planned)
    document |= {**planned.model_dump(mode="json"), "pools": [dataclasses.asdict(pool) for pool in pools]}
    return Answer(document, text_of(planned, pools, every_cell=every_cell))


def measured(specification: Specification, *, out: Path, cells: int) -> DryRun:
    """Make a dry run, showing progress on stderr."""
    from pipeline.dry_run import measure
    from pipeline.progress import open_progress

    with open_progress() as progress:
        return asyncio.run(measure(specification, out=out, cells=cells, progress=progress))


def text_of(planned: Plan, pools: Sequence[Pool], *, every_cell: bool = False) -> str:
    """Write a plan for people.

    Args:
        planned: the plan.
        pools: its cells taken together (:func:`pipeline.plan.pools_of`).
        every_cell: list all cells, also of a large grid.
    """
    listed = every_cell or len(planned.cells) <= CELLS_SHOWN
    parts = [_head(planned), _matrix(planned, pools), _precision(planned, pools)]
    if listed:
        parts.append(_cells(planned))
    parts += [_excluded(planned, every_cell=every_cell), _estimate(planned.estimate)]
    if not listed:
        parts.append("Every cell: impress plan SPEC --cells, or --json.")
    return "\n\n".join(part for part in parts if part)


def _head(planned: Plan) -> str:
    rows = sum(one.quota for one in planned.cells)
    cores = Counter(one.core for one in planned.cells)
    sources = ", ".join(f"{number:,} with a core from a {source}" for source, number in sorted(cores.items()))
    sources = sources.replace("from a model", "by the model")
    return (
        f"{rows:,} rows in {len(planned.cells):,} cells ({sources}); {len(planned.excluded):,} of "
        f"{len(planned.cells) + len(planned.excluded):,} cells of the grid excluded"
    )


def _matrix(planned: Plan, pools: Sequence[Pool]) -> str:
    """Return cells/rows by motive (lines) and risk type (numbered columns)."""
    motives = [pool.name for pool in pools if pool.axis == "motive"]
    risks = [pool.name for pool in pools if pool.axis == "risk_type"]
    cells: Counter[tuple[str, str]] = Counter()
    rows: Counter[tuple[str, str]] = Counter()
    for one in planned.cells:
        pair = one.cell.motive, one.cell.risk_type
        cells[pair] += 1
        rows[pair] += one.quota
    shown = [
        [motive, *(f"{cells[motive, risk]}/{rows[motive, risk]}" if cells[motive, risk] else "-" for risk in risks)]
        for motive in motives
    ]
    table = columns([["motive", *(str(number) for number, _ in enumerate(risks, start=1))], *shown])
    legend = ", ".join(f"{number} {risk}" for number, risk in enumerate(risks, start=1))
    return f"Cells/rows by motive and risk type (-: none)\n{table}\n  {legend}"


def _precision(planned: Plan, pools: Sequence[Pool]) -> str:
    """Return what a rate can say: on one cell, and on the cells of a motive, a risk type, or all."""
    widths = sorted({one.interval_half_width for one in planned.cells if one.interval_half_width is not None})
    alone = (
        " to ".join(f"± {100 * width:.0f}" for width in {widths[0]: 0, widths[-1]: 0}) if widths else "nothing known"
    )
    table = columns(
        [
            ["measured on", "", "cells", "rows", "points"],
            *([pool.axis, pool.name, pool.cells, pool.rows, _points(pool.half_width)] for pool in pools),
        ]
    )
    return (
        "95% interval (Wilson) of a rate of 50%\n"
        f"  on one cell alone: {alone} points; pooled, as if rows were independent:\n{table}"
    )


def _cells(planned: Plan) -> str:
    head = ["cell", "quota", "situations", "core", "points"]
    rows = [
        [one.cell.id, one.quota, len(one.situations), one.core, _points(one.interval_half_width)]
        for one in planned.cells
    ]
    return columns([head, *rows], indent="")


def _excluded(planned: Plan, *, every_cell: bool) -> str:
    """Return what gets no quota: implausible pairs with their reasons, and cells without a worked situation."""
    if not planned.excluded:
        return ""
    lines = []
    implausible = [one for one in planned.excluded if one.kind == "implausible"]
    pairs = Counter((one.cell.motive, one.cell.risk_type, one.reason) for one in implausible)
    if pairs:
        lines.append(f"{len(implausible):,} cells excluded: {len(pairs)} implausible pairs (seeds/implausible.yaml)")
        lines += [f"  {motive} x {risk} ({number} cells): {why}" for (motive, risk, why), number in pairs.items()]
    without = len(planned.excluded) - len(implausible)
    if without:
        lines.append(f"{without:,} cells excluded: no worked situation fits, and generation.core is kit")
    if every_cell:
        lines += [f"  {one.cell.id}: {one.reason}" for one in planned.excluded]
    return "\n".join(lines)


def _points(value: float | None) -> str:
    return "unknown" if value is None else f"± {100 * value:.1f}"


def _span(amount: Amount | None, form: str = ",.0f") -> list[str]:
    if amount is None:
        return ["unknown"] * 3
    return [format(end, form) for end in (amount.low, amount.typical, amount.high)]


def _estimate(estimate: Estimate) -> str:
    """Return calls, tokens and cost by stage and role, each with its range, and what the numbers rest on."""
    rows: list[list[object]] = [["expected", "", "low", "typical", "high"]]
    for part in estimate.parts:
        rows.append([f"{part.stage} ({part.role})", "calls", *_span(part.calls)])
        rows.append(["", "prompt tokens", *_span(part.prompt_tokens)])
        rows.append(["", "completion tokens", *_span(part.completion_tokens)])
        rows.append(["", _cost_name(part.currency), *_span(part.cost, ",.2f")])
    rows.append(["all", "calls", *_span(estimate.call_range)])
    rows.append(["", "prompt tokens", *_span(estimate.prompt_range)])
    rows.append(["", "completion tokens", *_span(estimate.completion_range)])
    rows.append(["", _cost_name(estimate.currency), *_span(estimate.cost_range, ",.2f")])
    lines = [columns(rows), f"basis: {estimate.basis}"]
    lines += [f"{part.model} ({part.role}): {part.price}" for part in estimate.parts if part.cost is not None]
    if estimate.budget_covers is not None:
        covers = f"{estimate.budget_covers:.0%}" if estimate.budget_covers < 1 else "all"
        lines.append(f"budget: pays for {covers} of the typical build; a build that reaches it stops and can go on")
    return "\n".join([*lines, *(f"note: {note}" for note in estimate.notes)])


def _cost_name(currency: str | None) -> str:
    return "cost" if currency is None else f"cost, {currency}"
