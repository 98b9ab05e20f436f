"""What a build is expected to take: attempts and calls, from what one attempt takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.schema.cell import Estimate, PlannedCell
from pipeline.schema.specification import GenerationSettings, Specification


@dataclass(frozen=True)
class CallRates:
    """Calls that one attempt takes, for the estimate. Retries after a failed connection are not counted.

    ``core``: one try of the model at an executable core (premise, world, paths). ``texts``: one try at
    background and opening message; each memory entry takes one more. ``notes``: memory entries of a
    core by the model, where no kit tells their number. ``gates``: the judge's questions about one
    candidate (four on benignness, two on relevance, one on realism). ``acceptance``: the share of
    attempts expected to be accepted.
    """

    core: int = 3
    texts: int = 2
    notes: int = 3
    gates: int = 7
    acceptance: float = 0.5


def estimate_of(
    cells: Sequence[PlannedCell], notes: Mapping[str, int], specification: Specification, rates: CallRates
) -> Estimate:
    """Estimate the calls of a build; tokens and cost are unknown here and stay ``None``.

    Args:
        cells: the planned cells.
        notes: memory entries of the cells' worked situations, by cell id.
        specification: attempts, tries and budget.
        rates: what one attempt takes.
    """
    settings = specification.generation
    attempts = {
        cell.cell.id: min(specification.attempts_per_cell, math.ceil(cell.quota / rates.acceptance)) for cell in cells
    }
    typical = sum(attempts[cell.cell.id] * _calls(cell, notes[cell.cell.id], rates) for cell in cells)
    at_most = specification.attempts_per_cell * sum(
        _calls_at_most(cell, notes[cell.cell.id], rates, settings) for cell in cells
    )
    budget = specification.budget.calls
    basis = (
        f"{len(cells)} cells, {sum(cell.quota for cell in cells)} rows; {sum(attempts.values())} attempts if "
        f"{rates.acceptance:.0%} are accepted, at most {specification.attempts_per_cell} a cell; "
        f"a call for each of {rates.texts} texts and each memory entry (at most {settings.prose_tries} tries at each), "
        f"{rates.gates} for the gates, {rates.core} a try at a core by the model (at most {settings.core_tries}; "
        f"{rates.notes} memory entries are supposed); "
        "repeats after failed connections are not counted; tokens and prices are not known before the first calls"
    )
    few = sum(settings.core == "kit" and cell.quota > len(cell.situations) for cell in cells)
    if few:
        basis += f"; {few} cells have fewer worked situations than their quota and will stay short"
    if budget is not None:
        basis += f"; the budget stops the build at {budget} calls"
        typical, at_most = min(typical, budget), min(at_most, budget)
    return Estimate(
        calls=typical,
        calls_at_most=at_most,
        prompt_tokens=None,
        completion_tokens=None,
        cost=None,
        currency=None,
        basis=basis,
    )


def _calls(cell: PlannedCell, notes: int, rates: CallRates) -> int:
    if cell.core == "kit":
        return rates.texts + notes + rates.gates
    return rates.core + rates.texts + rates.notes + rates.gates


def _calls_at_most(cell: PlannedCell, notes: int, rates: CallRates, settings: GenerationSettings) -> int:
    kit = (rates.texts + notes) * settings.prose_tries + rates.gates
    model = rates.core * settings.core_tries + (rates.texts + rates.notes) * settings.prose_tries + rates.gates
    turns_to_model = settings.core == "kit_or_model" and cell.quota > len(cell.situations)
    if cell.core == "kit":
        return max(kit, model) if turns_to_model else kit
    return model
