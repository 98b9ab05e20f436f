"""The two stages that shards go through, and what they work with; the same in the build's own process and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipeline.generate.programs import Programs, load_programs
from pipeline.generate.stage import GenerationContext, generate
from pipeline.models.batch import CALLS_AT_ONCE
from pipeline.models.client import Completer, GuardCompleter
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.label import Reviews
from pipeline.schema.specification import EmbeddedEndpoint, ModelRole, OpenAIEndpoint, Specification
from pipeline.seeds import Seeds
from pipeline.shards import Shard, read_records, write_records
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import guard_checks
from pipeline.validate.prompts import GatePrompts, load_gate_prompts
from pipeline.validate.stage import ValidationContext, check_rules, validate


class Caller(Completer, GuardCompleter, Protocol):
    """Whoever makes the calls of both stages."""


@dataclass(frozen=True)
class Stages:
    """What the stages work with."""

    generation: GenerationContext
    validation: ValidationContext


def stages_of(
    specification: Specification,
    seeds: Seeds,
    calibration: Calibration | None,
    client: Caller,
    *,
    reviews: Reviews | None = None,
    programs: Programs | None = None,
    prompts: GatePrompts | None = None,
) -> Stages:
    """Return what the stages of a build work with, for one event loop.

    Args:
        specification: with its pins.
        seeds: all of them.
        calibration: that the specification names.
        client: makes the calls.
        reviews: what people decided on an earlier release.
        programs: the project's own if left out.
        prompts: likewise.

    Raises:
        UsageError: if a rule of the gates cannot be met.
    """
    generation = GenerationContext(
        seeds=seeds, specification=specification, client=client, programs=programs or load_programs()
    )
    validation = ValidationContext(
        seeds=seeds,
        settings=specification.gates,
        calibration=calibration,
        reviews=reviews,
        client=client,
        prompts=prompts or load_gate_prompts(),
        at_once=calls_at_once(specification.models.judge),
        guards=guard_checks(specification.models.guards, client, ADAPTERS),
    )
    check_rules(validation)
    return Stages(generation, validation)


def calls_at_once(role: ModelRole) -> int:
    """Return how many calls a role's endpoint takes at once; judging more scenarios would spoil its prefix cache."""
    if isinstance(role.endpoint, EmbeddedEndpoint):
        return role.endpoint.parallel
    if isinstance(role.endpoint, OpenAIEndpoint) and role.endpoint.batch:
        return CALLS_AT_ONCE
    return role.limits.in_flight


async def work_on(shard: Shard, stages: Stages) -> None:
    """Run a shard's stage over its file of records."""
    if shard.stage == "generate":
        made = await generate(read_records(shard.source, Attempt), stages.generation)
    else:
        made = await validate(read_records(shard.source, Candidate), stages.validation)
    write_records(shard.target, made)
