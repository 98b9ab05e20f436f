"""The whole loop: plan, generate, deduplicate, validate, select, split, release.

Plain Python over the stages. Generation and validation are cut into shards: a file of records in, a
file of records out, run by a :class:`ShardRunner` (in place here, as Prefect tasks in ``flows``).

The completion store is the only state a build resumes from. An interrupted build runs the same
rounds again; every completion that was paid for comes from the store, and calls begin where the
store ends. So a resumed build and an undisturbed one make the same release, and a replay is a
build whose store is full and whose client may not call.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel

from pipeline.attempts import attempts_for
from pipeline.budget import attempts_affordable
from pipeline.calibration.load import load_calibration
from pipeline.concurrency import settle_all
from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.encoder import Encoder, RememberingEncoder, load_encoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.diversity.enough import diverse_enough
from pipeline.errors import WorkError
from pipeline.exemplars import exemplar_hashes, load_exemplars
from pipeline.generate.refinement import refining_attempts
from pipeline.generate.stage import GenerationContext, generate, program_hashes
from pipeline.models.client import ModelClient, open_client
from pipeline.models.store import CompletionStore
from pipeline.pins import INDEX, rows_of, run_folder, with_pins
from pipeline.plan import plan
from pipeline.progress import Progress
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.previous import Previous, load_against, load_previous
from pipeline.release.write import write_release
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.manifest import Manifest, ModelUse
from pipeline.schema.specification import EmbeddedEndpoint, ModelRole, Models, Specification
from pipeline.seeds import Seeds, load_seeds
from pipeline.selection import select
from pipeline.shards import Shard, StageName, cut, read_records, write_records
from pipeline.splits import assign_splits
from pipeline.validate.filters import ADAPTERS
from pipeline.validate.filters.guards import guard_checks
from pipeline.validate.stage import ValidationContext, check_rules, validate

STORE_NAME = "completions.sqlite"

StoppedBy = Literal["full", "attempts", "budget"]
"""What ended a build: all cells full, no attempts left, or no budget left."""

ShardRunner = Callable[[Shard, Callable[[Shard], Awaitable[None]]], Awaitable[None]]
"""Runs the given work on a shard; a runner may retry, since work on a shard is idempotent."""


async def run_in_place(shard: Shard, work: Callable[[Shard], Awaitable[None]]) -> None:
    """Run the work here and now."""
    await work(shard)


@dataclass(frozen=True)
class BuildContext:
    """What the stages of one build share."""

    specification: Specification
    seeds: Seeds
    exemplars: Mapping[str, Exemplar]
    previous: Previous | None
    released: EarlierRows | None
    encoder: Encoder
    plan: Plan
    folder: Path
    client: ModelClient
    generation: GenerationContext
    validation: ValidationContext
    progress: Progress
    runner: ShardRunner


@dataclass(frozen=True)
class BuildResult:
    """A finished build: the release folder, its manifest, and how many calls went to an endpoint."""

    release: Path
    manifest: Manifest
    calls_made: int


async def work_on(shard: Shard, context: BuildContext) -> None:
    """Run a shard's stage over its file of records."""
    if shard.stage == "generate":
        made = await generate(read_records(shard.source, Attempt), context.generation)
    else:
        made = await validate(read_records(shard.source, Candidate), context.validation)
    write_records(shard.target, made)


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
    """Make candidates round by round until each cell is full or attempts or the budget run out.

    Returns:
        All candidates, in the order of their making, and what ended the build.
    """
    made: list[Candidate] = []
    for number in itertools.count():
        affordable = attempts_affordable(context.specification.budget, made)
        attempts = next_attempts(context, made, affordable)
        if not attempts:
            return made, stopped_by(context, made)
        fresh = await run_stage("generate", number, attempts, context)
        context.progress.start("deduplicate", total=len(fresh), round=number)
        fresh = await asyncio.to_thread(compare, fresh, made, context)
        context.progress.advance("deduplicate", len(fresh))
        context.progress.finish("deduplicate", {"copies": sum(is_copy(candidate) for candidate in fresh)})
        made += await run_stage("validate", number, fresh, context)
    raise AssertionError("unreachable")


def next_attempts(context: BuildContext, made: Sequence[Candidate], limit: int | None) -> list[Attempt]:
    """Return the attempts of the next round, from what the rounds before have given.

    The generator is shown the plots of the rows that a cell holds, and of those turned away as copies.
    """
    accepted = [candidate for candidate in made if candidate.accepted]
    plots: dict[str, list[str]] = {}
    situations: dict[str, set[str]] = {}
    for candidate in made:
        if candidate.scenario is not None and (candidate.accepted or is_copy(candidate)):
            plots.setdefault(candidate.attempt.cell.id, []).append(candidate.scenario.view.agent.task)
    for candidate in accepted:
        if candidate.attempt.situation is not None:
            situations.setdefault(candidate.attempt.cell.id, set()).add(candidate.attempt.situation)
    return attempts_for(
        context.plan,
        Counter(candidate.attempt.cell.id for candidate in accepted),
        Counter(candidate.attempt.cell.id for candidate in made),
        context.specification,
        limit,
        already=plots,
        used=situations,
        refining=refining_attempts(made, context.specification.generation.refine),
    )


def compare(fresh: Sequence[Candidate], made: Sequence[Candidate], context: BuildContext) -> list[Candidate]:
    """Look for copies among fresh candidates, of the accepted ones and of rows of earlier releases."""
    kept = [candidate for candidate in made if candidate.accepted]
    return deduplicate(fresh, kept, context.specification.deduplication, context.encoder, context.released)


def stopped_by(context: BuildContext, made: Sequence[Candidate]) -> StoppedBy:
    """Say what ended a build that makes no more attempts."""
    accepted = Counter(candidate.attempt.cell.id for candidate in made if candidate.accepted)
    if all(accepted[planned.cell.id] >= planned.quota for planned in context.plan.cells):
        return "full"
    return "budget" if next_attempts(context, made, None) else "attempts"


@contextmanager
def only_one_build(folder: Path) -> Iterator[None]:
    """Hold the lock of a run's folder. The system frees it when the process ends, however it ends.

    Raises:
        WorkError: if another process holds it.
    """
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout as error:
        raise WorkError(f"{folder}: another process is building this specification; wait for it or stop it") from error


def open_store(folder: Path, replay: Path | None) -> CompletionStore:
    """Open the store of a run, or, for a replay, the given store or a copy of the given export.

    Raises:
        StoreError: if there is nothing to replay from.
    """
    if replay is None:
        return CompletionStore.open(folder / STORE_NAME)
    if not replay.is_dir():
        return CompletionStore.open(replay, must_exist=True)
    store = CompletionStore.open(folder / STORE_NAME)
    store.import_folder(replay)
    return store


def nothing_accepted(candidates: Sequence[Candidate]) -> str:
    """Say why there is no release."""
    turned_away = Counter(
        candidate.decision.gate or candidate.decision.outcome for candidate in candidates if candidate.decision
    )
    gates = ", ".join(f"{count} at {gate}" for gate, count in turned_away.most_common())
    return f"none of {len(candidates)} candidates was accepted, so there is no release; turned away: {gates or 'all'}"


def release_inputs(
    context: BuildContext, store: CompletionStore, candidates: Sequence[Candidate], stopped: StoppedBy
) -> ReleaseInputs:
    """Gather what the release says of how it was made and what it holds.

    Raises:
        WorkError: if no model was asked, or the accepted rows miss a floor of diversity.
    """
    keys = context.client.used_keys
    created = store.first_day(keys)
    if created is None:
        raise WorkError("no completion was used, so no model wrote or judged anything; there is nothing to release")

    def export_completions(target: Path) -> None:
        store.export(keys, target)

    previous, exemplars = context.previous, context.exemplars
    return ReleaseInputs(
        specification=context.specification.model_copy(update={"previous": previous and previous.reference}),
        plan=context.plan,
        candidates=candidates,
        seeds={**context.seeds.hashes, **exemplar_hashes(exemplars)},
        prompts=prompt_hashes(),
        programs=program_hashes(),
        models=models_used(context.specification.models, context.client),
        libraries=library_versions(),
        created=created,
        diversity=diverse_enough(
            [one.scenario for one in candidates if one.accepted and one.scenario is not None],
            context.specification,
            exemplars=[exemplar.scenario for exemplar in exemplars.values()],
            last_release=previous.scenarios if previous else (),
        ),
        stopped_by=stopped,
        export_completions=export_completions,
        calibration=context.validation.calibration,
    )


def models_used(models: Models, client: ModelClient) -> list[ModelUse]:
    """Say which model filled each role that was called on, and what it took."""
    return [
        ModelUse(
            role=name,
            endpoint_kind=role.endpoint.kind,
            model=role.model,
            reported=tuple(sorted(client.reported(name))),
            usage=client.usage(name),
        )
        for name, role in models.by_role.items()
        if client.usage(name).calls
    ]


def weights_notes(progress: Progress) -> Callable[[str, int, int], None]:
    """Return what tells of each step of fetching weights, once."""
    told: set[str] = set()

    def tell(step: str, done: int, total: int) -> None:
        if step not in told:
            told.add(step)
            progress.note(f"weights: {step} ({total / 2**20:.0f} MiB)")

    return tell


def judged_side_by_side(judge: ModelRole) -> int:
    """Return how many scenarios to judge at once: no more than the endpoint takes, or they spoil its prefix cache."""
    if isinstance(judge.endpoint, EmbeddedEndpoint):
        return judge.endpoint.parallel
    return judge.limits.in_flight


async def run_build(
    specification: Specification,
    *,
    out: Path,
    replay: Path | None = None,
    progress: Progress,
    runner: ShardRunner = run_in_place,
) -> BuildResult:
    """Build a release, or continue a build that was interrupted.

    Args:
        specification: what to build.
        out: folder that holds ``runs/`` and ``releases/``.
        replay: a completion store, or a release's ``completions/``, to rebuild from; then no model is
            touched and a completion that is missing is an error.
        progress: told of each stage.
        runner: runs the shards.

    Raises:
        WorkError: if nothing was accepted, the rows miss a floor of diversity, the previous release is not
            there, or another process is building the same specification.
        EndpointUnavailable: if an endpoint gave out; the build can be run again and continues.
        MissingCompletion: on a replay that needs a completion the store lacks.
    """
    seeds = load_seeds()
    planned = plan(specification, seeds)
    exemplars, previous = load_exemplars(seeds=seeds), load_previous(specification, out / "releases")
    calibration = load_calibration(specification.gates)
    against = load_against(specification, out / "releases")
    specification = with_pins(specification, calibration, against)
    folder = run_folder(specification, out)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one_build(folder))
        store = stack.enter_context(open_store(folder, replay))
        client = await stack.enter_async_context(
            open_client(specification.models, store, replay=replay is not None, progress=weights_notes(progress))
        )
        plain = load_encoder(specification.deduplication.encoder)
        context = BuildContext(
            specification=specification,
            seeds=seeds,
            exemplars=exemplars,
            previous=previous,
            released=await asyncio.to_thread(rows_of, against, plain, out / INDEX),
            encoder=RememberingEncoder(plain),
            plan=planned,
            folder=folder,
            client=client,
            generation=GenerationContext(seeds=seeds, specification=specification, client=client),
            validation=ValidationContext(
                seeds=seeds,
                settings=specification.gates,
                calibration=calibration,
                client=client,
                at_once=judged_side_by_side(specification.models.judge),
                guards=guard_checks(specification.models.guards, client, ADAPTERS),
            ),
            progress=progress,
            runner=runner,
        )
        check_rules(context.validation)
        made, stopped = await run_rounds(context)
        candidates = assign_splits(select(made, planned), specification.splits)
        if not any(candidate.accepted for candidate in candidates):
            raise WorkError(nothing_accepted(candidates))
        release, manifest = write_release(release_inputs(context, store, candidates, stopped), out / "releases")
        return BuildResult(release=release, manifest=manifest, calls_made=client.calls_made)
