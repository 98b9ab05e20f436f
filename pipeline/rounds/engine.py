"""The rounds of a build: attempts for the cells that are short, through the stages, until nothing is left to do."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from pipeline.attempts import attempts_for
from pipeline.concurrency import settle_all
from pipeline.deduplicate.stage import deduplicate
from pipeline.generate.refinement import refining_attempts
from pipeline.rounds.context import BuildContext, work_on
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.shards import Shard, StageName, cut, read_records, write_records

StoppedBy = Literal["full", "attempts"]
"""What ended a build: all cells full, or no attempts left. A budget that is reached ends it without a release."""


async def run_stage(
    stage: StageName,
    number: int,
    records: Sequence[BaseModel],
    context: BuildContext,
) -> list[Candidate]:
    """Run one stage of one round, shard by shard side by side; the result keeps the order of ``records``."""
    pieces = cut(records, context.specification.shard_size)
    shards = [Shard(stage, number, index, context.folder) for index in range(len(pieces))]
    context.progress.start(stage, total=len(records), round=number)

    async def work(shard: Shard) -> None:
        await work_on(shard, context)

    async def run(shard: Shard, piece: Sequence[BaseModel]) -> list[Candidate]:
        write_records(shard.source, piece)
        await context.runner(shard, work)
        made = read_records(shard.target, Candidate)
        context.progress.advance(stage, len(made))
        return made

    made = await settle_all(run(shard, piece) for shard, piece in zip(shards, pieces, strict=True))
    candidates = [candidate for piece in made for candidate in piece]
    context.progress.finish(stage, counts_of(stage, candidates))
    return candidates


def counts_of(stage: StageName, candidates: Sequence[Candidate]) -> dict[str, int]:
    """Say in numbers what came of a stage."""
    if stage == "generate":
        written = sum(candidate.scenario is not None for candidate in candidates)
        return {"written": written, "failed": len(candidates) - written}
    accepted = sum(candidate.accepted for candidate in candidates)
    return {"accepted": accepted, "turned_away": len(candidates) - accepted}


def is_copy(candidate: Candidate) -> bool:
    """Tell whether the deduplicate stage turned a candidate away."""
    return any(verdict.gate == "novelty" and verdict.outcome != "pass" for verdict in candidate.verdicts)


async def run_rounds(context: BuildContext) -> tuple[list[Candidate], StoppedBy]:
    """Make candidates round by round until each cell is full or its attempts run out.

    Returns:
        All candidates, in the order of their making, and what ended the build.
    """
    made: list[Candidate] = []
    for number in itertools.count():
        attempts = next_attempts(context, made)
        if not attempts:
            return made, stopped_by(context, made)
        fresh = await run_stage("generate", number, attempts, context)
        context.progress.start("deduplicate", total=len(fresh), round=number)
        fresh = await asyncio.to_thread(compare, fresh, made, context)
        context.progress.advance("deduplicate", len(fresh))
        context.progress.finish("deduplicate", {"copies": sum(is_copy(candidate) for candidate in fresh)})
        made += await run_stage("validate", number, fresh, context)
    raise AssertionError("unreachable")


def next_attempts(context: BuildContext, made: Sequence[Candidate]) -> list[Attempt]:
    """Return the attempts of the next round, from what the rounds before have given.

    The generator is shown the plots of the rows that a cell holds, and of those turned away as copies.
    """
    accepted = [candidate for candidate in made if candidate.accepted]
    plots: dict[str, list[str]] = {}
    situations: dict[str, set[str]] = {}
    for candidate in [*context.base.earlier, *made]:
        if candidate.scenario is not None and (candidate.accepted or is_copy(candidate)):
            plots.setdefault(candidate.attempt.cell.id, []).append(candidate.scenario.view.agent.task)
    for candidate in [*context.base.earlier, *accepted]:
        if candidate.attempt.situation is not None:
            situations.setdefault(candidate.attempt.cell.id, set()).add(candidate.attempt.situation)
    return attempts_for(
        context.plan,
        Counter(candidate.attempt.cell.id for candidate in accepted),
        Counter(candidate.attempt.cell.id for candidate in made),
        context.specification,
        already=plots,
        used=situations,
        refining=refining_attempts(made, context.specification.generation.refine),
    )


def compare(fresh: Sequence[Candidate], made: Sequence[Candidate], context: BuildContext) -> list[Candidate]:
    """Look for copies among fresh candidates, of the accepted ones, of earlier releases and protected texts."""
    kept = [*context.base.earlier, *(candidate for candidate in made if candidate.accepted)]
    settings, encoder = context.specification.deduplication, context.encoder
    return deduplicate(fresh, kept, settings, encoder, context.released, protected=context.protected)


def stopped_by(context: BuildContext, made: Sequence[Candidate]) -> StoppedBy:
    """Say what ended a build that makes no more attempts."""
    accepted = Counter(candidate.attempt.cell.id for candidate in made if candidate.accepted)
    full = all(accepted[planned.cell.id] >= planned.quota for planned in context.plan.cells)
    return "full" if full else "attempts"
