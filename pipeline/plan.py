"""The plan of a build: which cells, how many rows of each, what it is expected to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UsageError
from pipeline.estimate import estimate_of
from pipeline.intervals import half_width
from pipeline.schema.cell import Cell, ExcludedCell, Plan, PlannedCell
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds

SHOWN_CELLS = 12
"""Cells that an error names at most."""


def plan(specification: Specification, seeds: Seeds) -> Plan:
    """Lay out the grid of a specification, with quotas and an estimate, before any call is made.

    Args:
        specification: grid, quota, attempts, source of the cores, budget.
        seeds: the taxonomies, domain kits, implausible pairs, sizes of calls and prices.

    Returns:
        Cells in the order of their ids. A cell of an implausible pair is excluded, with the reason; so is
        one that no worked situation supports, under ``core: kit``.

    Raises:
        UsageError: if the grid names what the seeds lack, holds a cell twice, lists one of an implausible
            pair, is left with no cell, or allows fewer attempts than the quota needs.
    """
    if specification.attempts_per_cell < specification.quota:
        raise UsageError(
            f"attempts_per_cell is {specification.attempts_per_cell} and quota {specification.quota}: "
            "no cell could be filled; allow at least as many attempts as rows"
        )
    planned: list[PlannedCell] = []
    excluded: list[ExcludedCell] = []
    for cell in grid_cells(specification, seeds):
        implausible = seeds.implausible.get((cell.motive, cell.risk_type))
        if implausible is not None:
            excluded.append(ExcludedCell(cell=cell, reason=implausible, kind="implausible"))
            continue
        situations = situations_for(cell, seeds)
        if not situations and specification.generation.core == "kit":
            reason = f"no worked situation of {cell.domain} has risk type {cell.risk_type} under motive {cell.motive}"
            excluded.append(ExcludedCell(cell=cell, reason=reason, kind="no_situation"))
            continue
        planned.append(_planned(cell, situations, specification))
    if not planned:
        raise UsageError(_why_empty(excluded, seeds))
    notes = {cell.cell.id: notes_of(cell, seeds) for cell in planned}
    estimate = estimate_of(planned, notes, specification, seeds.call_sizes, seeds.prices)
    return Plan(cells=tuple(planned), excluded=tuple(excluded), estimate=estimate)


def grid_cells(specification: Specification, seeds: Seeds) -> list[Cell]:
    """Return the cells that a specification asks for, in the order of their ids.

    Raises:
        UsageError: for ids that the seeds lack, for a cell listed twice, and for a listed cell of an
            implausible pair.
    """
    grid = specification.grid
    if grid.cells is not None:
        cells = [Cell.parse(text) for text in grid.cells]
    else:
        cells = [
            Cell(motive=motive, risk_type=risk_type, domain=domain)
            for motive in (seeds.motives if grid.motives is None else grid.motives)
            for risk_type in (seeds.risk_types if grid.risk_types is None else grid.risk_types)
            for domain in (seeds.domains if grid.domains is None else grid.domains)
        ]
    for cell in cells:
        _known("motive", cell.motive, seeds.motives)
        _known("risk type", cell.risk_type, seeds.risk_types)
        _known("domain", cell.domain, seeds.domains)
        reason = None if grid.cells is None else seeds.implausible.get((cell.motive, cell.risk_type))
        if reason is not None:
            raise UsageError(
                f"the grid lists {cell.id}, whose motive and risk type make no clean probe: {reason} "
                "Leave the cell out, or take the pair out of seeds/implausible.yaml"
            )
    ids = [cell.id for cell in cells]
    if len(set(ids)) < len(ids):
        twice = sorted({cell_id for cell_id in ids if ids.count(cell_id) > 1})
        raise UsageError(f"the grid holds cells more than once: {', '.join(twice)}")
    return sorted(cells, key=lambda cell: cell.id)


@dataclass(frozen=True)
class Pool:
    """Cells taken together: how many, their rows, and what a rate measured on all of these rows can say.

    ``half_width`` is that of the Wilson 95% interval at a rate of one half, as if the rows were
    independent; ``None`` for no row.
    """

    axis: Literal["motive", "risk_type", "all"]
    name: str
    cells: int
    rows: int
    half_width: float | None


def pools_of(planned: Plan) -> list[Pool]:
    """Return the rows of each motive, each risk type and the whole plan, excluded ones with no cell and no row."""
    pools = []
    axes: tuple[Literal["motive", "risk_type"], ...] = ("motive", "risk_type")
    for axis in axes:
        cells = Counter(getattr(one.cell, axis) for one in planned.cells)
        rows: Counter[str] = Counter()
        for one in planned.cells:
            rows[getattr(one.cell, axis)] += one.quota
        names = sorted({*cells, *(getattr(one.cell, axis) for one in planned.excluded)})
        pools += [Pool(axis, name, cells[name], rows[name], half_width(rows[name])) for name in names]
    total = sum(one.quota for one in planned.cells)
    return [*pools, Pool("all", "all", len(planned.cells), total, half_width(total))]


def situations_for(cell: Cell, seeds: Seeds) -> tuple[str, ...]:
    """Return the ids of the domain's worked situations with the cell's risk type and motive, sorted."""
    return tuple(
        sorted(
            situation.id
            for situation in seeds.domains[cell.domain].situations
            if situation.risk_type == cell.risk_type and cell.motive in situation.temptations
        )
    )


def notes_of(planned: PlannedCell, seeds: Seeds) -> int:
    """Return the most memory entries that a worked situation of the cell has; 0 without one."""
    return max(
        (
            len(situation.memory) + len(situation.temptations[planned.cell.motive].memory)
            for situation in seeds.domains[planned.cell.domain].situations
            if situation.id in planned.situations
        ),
        default=0,
    )


def _planned(cell: Cell, situations: tuple[str, ...], specification: Specification) -> PlannedCell:
    from_kit = bool(situations) and specification.generation.core != "model"
    return PlannedCell(
        cell=cell,
        quota=specification.quota,
        situations=situations,
        core="kit" if from_kit else "model",
        interval_half_width=half_width(specification.quota),
    )


def _why_empty(excluded: Collection[ExcludedCell], seeds: Seeds) -> str:
    if all(one.kind == "implausible" for one in excluded):
        return "every cell of the grid belongs to an implausible pair (seeds/implausible.yaml); widen the grid"
    motives = {one.cell.motive for one in excluded}
    known = sorted(
        f"{motive}.{situation.risk_type}.{name}"
        for name, domain in seeds.domains.items()
        for situation in domain.situations
        for motive in motives & set(situation.temptations)
    )
    there = f"of these motives there are {', '.join(known[:SHOWN_CELLS])}" if known else "these motives have none"
    more = f" and {len(known) - SHOWN_CELLS} more" if len(known) > SHOWN_CELLS else ""
    return (
        f"no cell of the grid is supported by a worked situation ({there}{more}); widen the grid, add a temptation "
        "to a situation (docs/guides/motive.md), or set generation.core to kit_or_model or model"
    )


def _known(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        allowed = ", ".join(sorted(known))
        raise UsageError(f"the grid names the {kind} {name!r}, which the seeds lack; allowed: {allowed}")
