"""What the parts of one build share, and how its shards are run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.novelty import PlotVectors, Protected
from pipeline.models.client import ModelClient
from pipeline.progress import Progress
from pipeline.release.previous import Previous
from pipeline.rounds.stages import Stages, work_on
from pipeline.schema.cell import Plan
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds
from pipeline.shards import Shard
from pipeline.succession import Base


@dataclass(frozen=True)
class ShardWork:
    """The work on a shard of a build, with the build, for a runner that has it done elsewhere."""

    context: BuildContext

    async def __call__(self, shard: Shard) -> None:
        """Do the work here and now."""
        await work_on(shard, self.context.stages)


ShardRunner = Callable[[Shard, ShardWork], Awaitable[None]]
"""Has the given work done on a shard; a runner may retry, since work on a shard is idempotent."""


async def run_in_place(shard: Shard, work: ShardWork) -> None:
    """Run the work here and now."""
    await work(shard)


@dataclass(frozen=True)
class BuildContext:
    """What the stages of one build share.

    ``keeper`` keeps the vectors of texts that other builds look at too; ``generate_at_once``: calls that the
    generator's endpoint takes at once.
    """

    specification: Specification
    seeds: Seeds
    exemplars: Mapping[str, Exemplar]
    previous: Previous | None
    base: Base
    released: EarlierRows | None
    protected: Protected | None
    plot_vectors: PlotVectors
    keeper: Encoder
    plan: Plan
    folder: Path
    client: ModelClient
    stages: Stages
    progress: Progress
    runner: ShardRunner
    generate_at_once: int
