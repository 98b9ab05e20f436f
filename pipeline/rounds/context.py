"""What the parts of one build share, and how a shard is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.novelty import PlotVectors, Protected
from pipeline.generate.stage import GenerationContext, generate
from pipeline.models.client import ModelClient
from pipeline.progress import Progress
from pipeline.release.previous import Previous
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds
from pipeline.shards import Shard, read_records, write_records
from pipeline.succession import Base
from pipeline.validate.stage import ValidationContext, validate

ShardRunner = Callable[[Shard, Callable[[Shard], Awaitable[None]]], Awaitable[None]]
"""Runs the given work on a shard; a runner may retry, since work on a shard is idempotent."""


async def run_in_place(shard: Shard, work: Callable[[Shard], Awaitable[None]]) -> None:
    """Run the work here and now."""
    await work(shard)


@dataclass(frozen=True)
class BuildContext:
    """What the stages of one build share. ``generate_at_once``: calls that the generator's endpoint takes at once."""

    specification: Specification
    seeds: Seeds
    exemplars: Mapping[str, Exemplar]
    previous: Previous | None
    base: Base
    released: EarlierRows | None
    protected: Protected | None
    plot_vectors: PlotVectors
    plan: Plan
    folder: Path
    client: ModelClient
    generation: GenerationContext
    validation: ValidationContext
    progress: Progress
    runner: ShardRunner
    generate_at_once: int


async def work_on(shard: Shard, context: BuildContext) -> None:
    """Run a shard's stage over its file of records."""
    if shard.stage == "generate":
        made = await generate(read_records(shard.source, Attempt), context.generation)
    else:
        made = await validate(read_records(shard.source, Candidate), context.validation)
    write_records(shard.target, made)
