"""What is tried next, from what was made so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pipeline.attempts import attempts_for
from pipeline.generate.refinement import refining_attempts
from pipeline.rounds.ledger import Ledger
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.specification import Specification
from pipeline.shards import read_places

StoppedBy = Literal["full", "attempts"]
"""What ended a build: all cells full, or no attempts left. A budget that is reached ends it without a release."""


def next_attempts(plan: Plan, ledger: Ledger, specification: Specification) -> list[Attempt]:
    """Return the attempts of the next round of the cells of ``plan``.

    What a cell tries next follows from its own candidates alone. The generator is shown the plots of the rows that
    the cell holds, and of those turned away as copies.

    Args:
        plan: cells and quotas; all candidates of these cells have to be decided on.
        ledger: what was made.
        specification: seed, attempts per cell, source of the cores, refinements.
    """
    cells = [planned.cell.id for planned in plan.cells]
    made = {cell: ledger.of_cell(cell) for cell in cells}
    return attempts_for(
        plan,
        {cell: sum(entry.accepted for entry in made[cell]) for cell in cells},
        {cell: len(made[cell]) for cell in cells},
        specification,
        already={cell: ledger.plots(cell) for cell in cells},
        used={cell: ledger.situations(cell) for cell in cells},
        refining=_refining(cells, ledger, specification.generation.refine),
    )


def stopped_by(plan: Plan, ledger: Ledger) -> StoppedBy:
    """Say what ended a build that makes no more attempts."""
    accepted = ledger.accepted()
    full = all(accepted[planned.cell.id] >= planned.quota for planned in plan.cells)
    return "full" if full else "attempts"


def _refining(cells: Iterable[str], ledger: Ledger, limit: int) -> dict[str, list[Attempt]]:
    """Return what could be refined, by cell; the texts are read back from the candidates' files."""
    rejected: list[Candidate] = []
    for cell in cells if limit else ():
        entries = ledger.of_cell(cell)
        refined = {entry.refines for entry in entries}
        places = [entry.place for entry in entries if entry.refinable and entry.number not in refined]
        rejected += read_places(places, Candidate)
    return refining_attempts(rejected, limit)


def cell_plans(plan: Plan) -> dict[str, Plan]:
    """Return a plan of its own for each cell."""
    return {planned.cell.id: plan.model_copy(update={"cells": (planned,)}) for planned in plan.cells}
