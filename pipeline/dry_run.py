"""A dry run: a few cells are really tried, so that an estimate rests on what calls take and not on a table.

Its attempts are the very ones that the build makes first, and their completions go to the build's own store: the
build does not pay for them again. Nothing else of it is kept. Copies are not looked for, since a few rows say nothing
of how many the whole will have.
"""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.attempts import attempts_for
from pipeline.build import only_one_build, open_store, stands_on, weights_notes
from pipeline.errors import WorkError
from pipeline.estimate import covered
from pipeline.generate.stage import generate
from pipeline.intervals import wilson_interval
from pipeline.mirror import fetch_releases
from pipeline.models.client import open_client
from pipeline.models.taken import usage_of_keys
from pipeline.pins import run_folder
from pipeline.progress import Progress
from pipeline.release.costs import costs_of
from pipeline.rounds.stages import stages_of
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Estimate, Plan
from pipeline.schema.cost import NOTHING as NO_CALL
from pipeline.schema.cost import Costs, Spending
from pipeline.schema.estimate import NOTHING, Amount, EstimatePart
from pipeline.schema.specification import Specification
from pipeline.schema.verdict import Verdict
from pipeline.seeds import load_seeds
from pipeline.succession import Base
from pipeline.validate.stage import validate

_NOT_COMPARED = Verdict(
    gate="novelty", checker="dry_run", version="1", outcome="pass", reason="copies are not looked for in a dry run"
)


@dataclass(frozen=True)
class DryRun:
    """What a dry run found: the plan, its estimate from what was measured, and how many calls were made now."""

    plan: Plan
    estimate: Estimate
    calls_made: int


async def measure(specification: Specification, *, out: Path, cells: int, progress: Progress) -> DryRun:
    """Try so many cells once each, spread evenly over the plan, and estimate the build from them.

    Args:
        specification: what is to be built. Its budget holds for the dry run too.
        out: folder of ``runs/`` and ``releases/``, the same as for the build.
        cells: how many cells to try, at least 1.
        progress: told of both stages.

    Raises:
        UsageError, WorkError, StorageError, EndpointError, EndpointUnavailable, BudgetReached, StoreError: as a build.
    """
    seeds = load_seeds()
    await asyncio.to_thread(fetch_releases, specification, out / "releases")
    stands = stands_on(specification, seeds, out, None)
    specification, planned = stands.specification, stands.plan
    folder = run_folder(specification, out)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one_build(folder))
        store = stack.enter_context(open_store(folder, None))
        client = await stack.enter_async_context(
            open_client(specification.models, store, progress=weights_notes(progress), budget=specification.budget)
        )
        attempts = chosen(first_attempts(stands.base, planned, specification), cells)
        progress.start("generate", total=len(attempts))
        stages = stages_of(specification, seeds, stands.calibration, client, reviews=stands.reviews)
        made = await generate(attempts, stages.generation)
        progress.advance("generate", len(made))
        progress.finish("generate")
        progress.start("validate", total=len(made))
        judged = await validate(
            [one.model_copy(update={"verdicts": (_NOT_COMPARED,)}) for one in made], stages.validation
        )
        progress.advance("validate", len(judged))
        progress.finish("validate", {"accepted": sum(one.accepted for one in judged)})
        tried = [
            costs_of([one], specification.models, seeds.prices, lambda of: usage_of_keys(store.path, of))
            for one in judged
        ]
        return DryRun(planned, estimate_from(tried, judged, planned, specification, folder), client.calls_made)


def first_attempts(base: Base, planned: Plan, specification: Specification) -> list[Attempt]:
    """Return what a build tries first: its first round.

    Raises:
        WorkError: if it makes no rows.
    """
    plots: dict[str, list[str]] = {}
    situations: dict[str, set[str]] = {}
    for candidate in base.earlier:
        if candidate.scenario is not None:
            plots.setdefault(candidate.attempt.cell.id, []).append(candidate.scenario.view.agent.task)
        if candidate.attempt.situation is not None:
            situations.setdefault(candidate.attempt.cell.id, set()).add(candidate.attempt.situation)
    attempts = attempts_for(planned, {}, {}, specification, already=plots, used=situations)
    if not attempts:
        raise WorkError("this specification makes no rows, so there is nothing to measure")
    return attempts


def chosen(attempts: Sequence[Attempt], cells: int) -> list[Attempt]:
    """Return the first attempt of so many cells, spread evenly over those with a core from a kit and from a model."""
    first: dict[str, Attempt] = {}
    for attempt in attempts:
        first.setdefault(attempt.cell.id, attempt)
    ordered = sorted(first.values(), key=lambda one: (one.situation is None, one.cell.id))
    many = min(cells, len(ordered))
    return [ordered[(2 * place + 1) * len(ordered) // (2 * many)] for place in range(many)]


def estimate_from(
    tried: Sequence[Costs], judged: Sequence[Candidate], planned: Plan, specification: Specification, folder: Path
) -> Estimate:
    """Estimate a build from what attempts took.

    The range of the mean of an attempt is its 95% interval (Student's t), within what was seen; the range of the
    number of attempts follows from the Wilson interval of the share that was accepted.

    Args:
        tried: what each attempt took.
        judged: the candidates, each with its decision.
        planned: the cells to fill.
        specification: quota, attempts, models and budget.
        folder: where the completions are.
    """
    accepted = sum(one.accepted for one in judged)
    attempts = attempts_needed(planned, accepted, len(judged), specification.attempts_per_cell)
    parts = _parts(tried, attempts, specification)
    calls = sum((part.calls for part in parts), NOTHING)
    prompt = sum((part.prompt_tokens for part in parts), NOTHING)
    written = sum((part.completion_tokens for part in parts), NOTHING)
    costs = [part.cost for part in parts if part.cost is not None]
    cost = sum(costs, NOTHING) if len(costs) == len(parts) else None
    currency = next((part.currency for part in parts if part.currency is not None), None)
    took = sum((one.total.usage for one in tried), NO_CALL.usage)
    tokens = "an unknown number of" if took.tokens is None else f"{took.tokens:,}"
    unknown = [one.role for one in tried[0].stages if one.usage.tokens is None]
    notes = [f"{role}: its endpoint gives no token counts, so tokens and cost are not known" for role in unknown]
    notes.append("attempts that only refine prose take less than these; copies among the rows take more attempts")
    return Estimate(
        calls=round(calls.typical),
        calls_at_most=math.ceil(calls.high),
        prompt_tokens=None if unknown else round(prompt.typical),
        completion_tokens=None if unknown else round(written.typical),
        cost=None if cost is None else cost.typical,
        currency=currency if cost is not None else None,
        basis=f"measured on {len(judged)} cells: {accepted} of {len(judged)} attempts accepted, {took.calls:,} calls, "
        f"{tokens} tokens; the completions are kept in {folder}, and the build does not pay for them again",
        attempts=attempts,
        call_range=calls,
        prompt_range=None if unknown else prompt,
        completion_range=None if unknown else written,
        cost_range=cost,
        parts=tuple(parts),
        budget_covers=covered(specification.budget, calls, prompt + written, cost, currency),
        notes=tuple(notes),
    )


def attempts_needed(planned: Plan, accepted: int, tried: int, allowed: int) -> Amount:
    """Return how many attempts fill the cells, given that so many of those tried were accepted."""
    low, high = wilson_interval(accepted, tried)

    def total(share: float) -> float:
        return sum(min(allowed, math.ceil(one.quota / share)) if share > 0 else allowed for one in planned.cells)

    return Amount(low=total(high), typical=total(accepted / tried), high=total(low))


def mean_range(seen: Sequence[float]) -> Amount:
    """Return the mean with its 95% interval (Student's t), cut to what was seen."""
    from scipy.stats import t

    mean = min(max(seen), max(min(seen), statistics.fmean(seen)))  # its last digit may be rounded out of the range
    if len(seen) < 2:
        return Amount.flat(mean)
    half = float(t.ppf(0.975, len(seen) - 1)) * statistics.stdev(seen) / math.sqrt(len(seen))
    return Amount(low=max(min(seen), mean - half), typical=mean, high=min(max(seen), mean + half))


def _parts(tried: Sequence[Costs], attempts: Amount, specification: Specification) -> list[EstimatePart]:
    parts = []
    for name, role in specification.models.by_role.items():
        taken = [next((one for one in costs.stages if one.role == name), None) for costs in tried]
        known = [one for one in taken if one is not None]
        if not known:
            continue
        spent: list[Spending] = [one or NO_CALL for one in taken]
        money = [one.money for one in spent if one.money is not None]
        currency = next((costs.currency for costs in tried if costs.currency is not None), None)
        parts.append(
            EstimatePart(
                stage=known[0].stage,
                role=name,
                model=role.model,
                calls=mean_range([one.usage.calls for one in spent]) * attempts,
                prompt_tokens=mean_range([one.usage.prompt_tokens or 0 for one in spent]) * attempts,
                completion_tokens=mean_range([one.usage.completion_tokens or 0 for one in spent]) * attempts,
                cost=mean_range(money) * attempts if len(money) == len(spent) else None,
                currency=currency,
                price=known[0].price,
            )
        )
    return parts
