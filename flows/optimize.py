"""Optimisation as a Prefect flow: one task with retries, the scores as an artifact.

The whole search is the unit of retry: it is a chain of choices, each made of what came before. What
it pays for is in the completion store before it is used, so a retry asks for nothing twice.
"""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal

from prefect import flow, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.retries import RETRIES
from pipeline.optimize.order import Order, Outcome
from pipeline.optimize.run import optimize
from pipeline.progress import Progress, SilentProgress
from pipeline.seeds import load_specification

_order: ContextVar[Order] = ContextVar("order")
_progress: ContextVar[Progress] = ContextVar("progress")


@task(
    name="search",
    task_run_name="{program} with {optimizer}",
    cache_policy=NO_CACHE,
    persist_result=False,
    **RETRIES,
)
async def search_task(program: str, optimizer: str) -> Outcome:
    """Run the whole optimisation. ``program`` and ``optimizer`` are what Prefect shows of it."""
    return await optimize(_order.get(), _progress.get(SilentProgress()))


def score_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the scores as rows of a table artifact."""
    scores = {"before": outcome.before, "after": outcome.after, "gain": outcome.gain, "incumbent": outcome.incumbent}
    return [{"of": name, **score.model_dump()} for name, score in scores.items() if score is not None]


@flow(name="optimize", flow_run_name="optimize {program}", persist_result=False)
async def optimize_flow(
    program: str,
    specification: str,
    optimizer: Literal["gepa", "mipro"] = "gepa",
    *,
    seed: int = 0,
    calls: int | None = None,
    tokens: int | None = None,
    judge: bool = False,
    out: str = "prompts/compiled",
    work: str = "generated/optimize",
) -> Outcome:
    """Optimise a program (see :func:`pipeline.optimize.run.optimize`).

    Args:
        program: name of the program.
        specification: path of the YAML file whose models write, propose and judge.
        optimizer: who searches.
        seed: of the search.
        calls: most calls; ``None`` for no bound.
        tokens: most tokens; ``None`` for no bound.
        judge: whether the judge's checks are part of the metric.
        out: folder of compiled programs.
        work: folder of the completion stores.
    """
    order = _order.get(None) or Order(
        program=program,
        specification=load_specification(Path(specification)),
        optimizer=optimizer,
        seed=seed,
        calls=calls,
        tokens=tokens,
        judge=judge,
        out=Path(out),
        work=Path(work),
    )
    token = _order.set(order)
    try:
        outcome = await search_task(program, optimizer)
    finally:
        _order.reset(token)
    await acreate_table_artifact(
        score_rows(outcome), key=f"optimize-{program}", description=f"{program}: {outcome.verdict}"
    )
    return outcome


async def optimize_with_server(order: Order, *, progress: Progress) -> Outcome:
    """Run :func:`optimize_flow` on an order and show its progress on ``progress``."""
    tokens = _order.set(order), _progress.set(progress)
    try:
        return await optimize_flow(order.program, order.specification.name, order.optimizer)
    finally:
        _order.reset(tokens[0])
        _progress.reset(tokens[1])
