"""What a build is expected to take: attempts, calls, tokens and money, by stage and role, with a range.

Low is a build that accepts every first try at the least size of each call, high one in which each cell
uses all its attempts and each attempt all its tries at the highest size. The count of calls at the high
end is a bound; its tokens are as good as the sizes in ``seeds/estimates.yaml``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.models.prices import TOKENS_PRICED, charged, price_of, price_told
from pipeline.schema.cell import Estimate, PlannedCell
from pipeline.schema.estimate import (
    NOTHING,
    Amount,
    CallSize,
    CallSizes,
    EstimatePart,
    Prices,
    ProgramName,
    QuestionSize,
    StageName,
)
from pipeline.schema.specification import Budget, ModelRole, NoEndpoint, Specification, guard_role

CORE_PROGRAMS: tuple[ProgramName, ...] = ("premise", "world", "paths")
PER_MILLION = Amount.flat(1 / TOKENS_PRICED)


@dataclass(frozen=True)
class Demand:
    """Attempts at rows, those among them with a core by the model, and the memory entries that all of them write."""

    attempts: Amount
    model_cores: Amount
    notes: Amount


@dataclass(frozen=True)
class _Calls:
    """So many calls of one size."""

    name: str
    number: Amount
    size: CallSize


def estimate_of(
    cells: Sequence[PlannedCell],
    notes: Mapping[str, int],
    specification: Specification,
    sizes: CallSizes,
    prices: Prices,
) -> Estimate:
    """Estimate what a build takes.

    Args:
        cells: the planned cells.
        notes: memory entries of the cells' worked situations, by cell id.
        specification: attempts, tries, models, gates and budget.
        sizes: tokens of each kind of call, and what one attempt is expected to take.
        prices: what models cost.
    """
    demand = demand_of(cells, notes, specification, sizes)
    generator = _part("generate", "generator", _generating(demand, specification, sizes), specification, prices)
    judge = _part("validate", "judge", _judging(demand, specification, sizes), specification, prices)
    guards = [
        _part("validate", guard_role(name), _asking(demand, adapter, size), specification, prices)
        for name, adapter, size in _guards(specification, sizes)
    ]
    parts = tuple(part for part in (generator, judge, *guards) if part is not None)
    calls = sum((part.calls for part in parts), NOTHING)
    prompt = sum((part.prompt_tokens for part in parts), NOTHING)
    completion = sum((part.completion_tokens for part in parts), NOTHING)
    currencies = {part.currency for part in parts if part.currency is not None}
    costs = [part.cost for part in parts if part.cost is not None]
    known = len(costs) == len(parts) and len(currencies) <= 1
    cost = sum(costs, NOTHING) if known else None
    currency = next(iter(currencies), None) if known else None
    return Estimate(
        calls=int(calls.typical),
        calls_at_most=int(calls.high),
        prompt_tokens=int(prompt.typical),
        completion_tokens=int(completion.typical),
        cost=None if cost is None else cost.typical,
        currency=currency,
        basis=_basis(cells, demand, specification, sizes),
        attempts=demand.attempts,
        call_range=calls,
        prompt_range=prompt,
        completion_range=completion,
        cost_range=cost,
        parts=parts,
        budget_covers=covered(specification.budget, calls, prompt + completion, cost, currency),
        notes=tuple(_notes(cells, specification, sizes, parts, currencies)),
    )


def demand_of(
    cells: Sequence[PlannedCell], notes: Mapping[str, int], specification: Specification, sizes: CallSizes
) -> Demand:
    """Return the attempts that the cells take together; arguments as for :func:`estimate_of`.

    Rows beyond a cell's worked situations get cores from the model under ``kit_or_model`` and no attempt
    under ``kit``.
    """
    alike = Counter((cell.core, cell.quota, len(cell.situations), notes[cell.cell.id]) for cell in cells if cell.quota)
    attempts, model_cores, entries = NOTHING, NOTHING, NOTHING
    for (core, quota, situations, of_kit), number in alike.items():
        many = Amount.flat(number)
        from_kit = min(quota, situations) if core == "kit" else 0
        from_model = 0 if specification.generation.core == "kit" else quota - from_kit
        kit, model = _attempts(from_kit, from_model, specification.attempts_per_cell, sizes.acceptance)
        # At the high end any attempt may be one of either source, never both.
        longest = max(of_kit if from_kit else 0, sizes.notes if from_model else 0)
        written = Amount(
            low=kit.low * of_kit + model.low * sizes.notes,
            typical=kit.typical * of_kit + model.typical * sizes.notes,
            high=specification.attempts_per_cell * longest,
        )
        either = Amount(
            low=kit.low + model.low,
            typical=kit.typical + model.typical,
            high=specification.attempts_per_cell,
        )
        attempts, model_cores, entries = attempts + either * many, model_cores + model * many, entries + written * many
    return Demand(attempts, model_cores, entries)


def _attempts(kit_rows: int, model_rows: int, allowed: int, acceptance: float) -> tuple[Amount, Amount]:
    """Return a cell's attempts by source of their cores, for so many rows of each."""
    kit = min(allowed - model_rows, math.ceil(kit_rows / acceptance))
    model = min(allowed - kit, math.ceil(model_rows / acceptance))
    return (
        Amount(low=kit_rows, typical=kit, high=allowed if kit_rows else 0),
        Amount(low=model_rows, typical=model, high=allowed if model_rows else 0),
    )


def _generating(demand: Demand, specification: Specification, sizes: CallSizes) -> list[_Calls]:
    settings = specification.generation
    found = []
    for name, size in sizes.programs.items():
        of_core = name in CORE_PROGRAMS
        most = settings.core_tries if of_core else settings.prose_tries
        tries = Amount(low=1, typical=min(size.tries, most), high=most)
        due = demand.model_cores if of_core else demand.notes if name == "note" else demand.attempts
        found.append(_Calls(name, (due * tries).rounded_up(), size))
    return found


def _judging(demand: Demand, specification: Specification, sizes: CallSizes) -> list[_Calls]:
    """Return the judge's questions, as if every attempt came to the judge: some are turned away before."""
    asked = (item for item in sizes.questions.items() if item[0] not in specification.gates.left_out)
    return [calls for name, size in asked for calls in _asking(demand, name, size)]


def _asking(demand: Demand, name: str, size: QuestionSize) -> list[_Calls]:
    """Return the questions of a check about all attempts, and what is asked after them."""
    found = [_Calls(name, demand.attempts * Amount.flat(size.count), size)]
    if size.follow_up is not None:
        again = Amount(low=0, typical=min(size.follow_up.number, size.count), high=size.count)
        found.append(_Calls(name, (demand.attempts * again).rounded_up(), size.follow_up))
    return found


def _guards(specification: Specification, sizes: CallSizes) -> list[tuple[str, str, QuestionSize]]:
    """Return (name, adapter, size) of each guard model that is called and whose calls the table has."""
    return [
        (name, guard.adapter, sizes.guards[guard.adapter])
        for name, guard in specification.models.guards.items()
        if guard.adapter in sizes.guards and not isinstance(guard.endpoint, NoEndpoint)
    ]


def _part(
    stage: StageName, role: str, calls: Sequence[_Calls], specification: Specification, prices: Prices
) -> EstimatePart | None:
    """Return what a role takes in a stage; ``None`` if it is not called at all."""
    settings = specification.models.by_role[role]
    number = sum((one.number for one in calls), NOTHING)
    if number.high == 0:
        return None
    longest = settings.sampling.max_tokens
    prompt = sum((one.number * one.size.prompt for one in calls), NOTHING).rounded_up()
    completion = sum((one.number * one.size.completion.up_to(longest) for one in calls), NOTHING).rounded_up()
    cost, currency, said = _cost(settings, prompt, completion, prices)
    return EstimatePart(
        stage=stage,
        role=role,
        model=settings.model,
        calls=number,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=cost,
        currency=currency,
        price=said,
    )


def _cost(role: ModelRole, prompt: Amount, completion: Amount, prices: Prices) -> tuple[Amount | None, str | None, str]:
    """Return what tokens cost, in which currency, and where the price comes from or what is missing."""
    price = price_of(role, prices)
    told = price_told(role, price)
    if price is None:
        return (None if charged(role) else NOTHING), None, told
    rates = Amount.flat(price.prompt), Amount.flat(price.completion)
    return (prompt * rates[0] + completion * rates[1]) * PER_MILLION, price.currency, told


def covered(budget: Budget, calls: Amount, tokens: Amount, cost: Amount | None, currency: str | None) -> float | None:
    """Return the share of the typical build that a budget pays for, by the limit that is reached first."""
    limits: list[tuple[float | None, float]] = [(budget.calls, calls.typical), (budget.tokens, tokens.typical)]
    if budget.money is not None and cost is not None and currency in (None, budget.money.currency):
        limits.append((budget.money.amount, cost.typical))
    shares = [1.0 if due <= limit else limit / due for limit, due in limits if limit is not None]
    return min(shares, default=None)


def _basis(cells: Sequence[PlannedCell], demand: Demand, specification: Specification, sizes: CallSizes) -> str:
    settings = specification.generation
    return (
        f"{len(cells)} cells, {sum(cell.quota for cell in cells)} rows; {demand.attempts.typical:g} attempts if "
        f"{sizes.acceptance:.0%} are accepted, {demand.attempts.low:g} if all are, at most "
        f"{specification.attempts_per_cell} a cell; {demand.model_cores.typical:g} of them with a core by the model "
        f"(at most {settings.core_tries} tries; {settings.prose_tries} at each text); tokens per call from "
        "seeds/estimates.yaml, measured or supposed as it says there; repeats after failed connections are not counted"
    )


def _notes(
    cells: Sequence[PlannedCell],
    specification: Specification,
    sizes: CallSizes,
    parts: Sequence[EstimatePart],
    currencies: set[str],
) -> list[str]:
    """Return what the reader should know before paying."""
    notes = []
    few = sum(specification.generation.core == "kit" and cell.quota > len(cell.situations) for cell in cells)
    if few:
        notes.append(f"{few} cells have fewer worked situations than their quota and will stay short")
    if len(currencies) > 1:
        notes.append(f"prices are in {' and '.join(sorted(currencies))}, so they have no sum")
    if currencies:
        notes.append("the cost leaves out discounts, such as those for cached prompts and for batches")
    longest = specification.models.generator.sampling.max_tokens
    used = CORE_PROGRAMS if any(cell.core == "model" for cell in cells) else ()
    cut = [name for name in used if name in sizes.programs and sizes.programs[name].completion.high > longest]
    if cut:
        most = max(sizes.programs[name].completion.high for name in cut)
        notes.append(
            f"models.generator.sampling.max_tokens is {longest}: a {' or '.join(cut)} may take {most:g} and be cut off"
        )
    uncounted = [name for name, guard in specification.models.guards.items() if guard.adapter not in sizes.guards]
    if uncounted:
        named = ", ".join(sorted(uncounted))
        notes.append(
            f"calls of guard models ({named}) are not in these figures: seeds/estimates.yaml lacks their sizes"
        )
    unpriced = [part for part in parts if part.cost is None]
    if unpriced and specification.budget.money is not None:
        notes.append("budget.money cannot be kept while a price is unknown: a build refuses to start")
    notes += [f"{part.role}: {part.price}" for part in unpriced]
    return notes
