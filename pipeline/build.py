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
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.atomic import write_text_atomic
from pipeline.calibration.load import load_calibration
from pipeline.deduplicate.encoder import RememberingEncoder, load_encoder
from pipeline.deduplicate.novelty import PlotVectors
from pipeline.deduplicate.protected_files import Corpus, load_protected
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.errors import WorkError
from pipeline.exemplars import load_exemplars
from pipeline.finish import make_release
from pipeline.garbage import searched_seldom
from pipeline.label_files import load_reviews
from pipeline.mirror import fetch_releases, mirrored, put_release
from pipeline.models.client import ModelClient, open_client
from pipeline.models.store import CompletionStore
from pipeline.pins import INDEX, protected_by, rows_of, run_folder, with_pins
from pipeline.plan import plan
from pipeline.progress import Progress
from pipeline.release.against import Against, load_against
from pipeline.release.previous import Previous, load_previous
from pipeline.release.write import specification_text
from pipeline.rounds.context import BuildContext, ShardRunner, run_in_place
from pipeline.rounds.engine import run_rounds
from pipeline.rounds.stages import calls_at_once, stages_of
from pipeline.schema.calibration import Calibration
from pipeline.schema.cell import Plan
from pipeline.schema.label import Reviews
from pipeline.schema.manifest import Manifest
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds, load_seeds
from pipeline.succession import Base, Inherited, stand_on, with_items

__all__ = ["BuildResult", "run_build"]

STORE_NAME = "completions.sqlite"
LOCK_NAME = "lock"
WHAT_IS_BUILT = "specification.yaml"
"""Written into a run's folder, for whoever looks at it later."""
VECTORS = "vectors"
"""Folder of a run for the vectors of its rows: a build that goes on encodes nothing twice."""


@dataclass(frozen=True)
class BuildResult:
    """A finished build: the release folder, its manifest, and how many calls went to an endpoint."""

    release: Path
    manifest: Manifest
    calls_made: int


@contextmanager
def only_one_build(folder: Path) -> Iterator[None]:
    """Hold the lock of a run's folder. The system frees it when the process ends, however it ends.

    Raises:
        WorkError: if another process holds it.
    """
    try:
        with FileLock(folder / LOCK_NAME, timeout=0):
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


def weights_notes(progress: Progress) -> Callable[[str, int, int], None]:
    """Return what tells of each step of fetching weights, once."""
    told: set[str] = set()

    def tell(step: str, done: int, total: int) -> None:
        if step not in told:
            told.add(step)
            progress.note(f"weights: {step} ({total / 2**20:.0f} MiB)")

    return tell


def encoded_notes(progress: Progress) -> Callable[[int, int], None]:
    """Return what tells how many rows of earlier releases were taken into the index."""
    return lambda done, total: progress.note(f"earlier releases: {done} of {total} rows taken into the index")


async def run_build(
    specification: Specification,
    *,
    out: Path,
    replay: Path | None = None,
    inherited: Inherited | None = None,
    progress: Progress,
    runner: ShardRunner = run_in_place,
) -> BuildResult:
    """Build a release, or continue a build that was interrupted.

    Args:
        specification: what to build.
        out: folder that holds ``runs/`` and ``releases/``.
        replay: a completion store, or a release's ``completions/``, to rebuild from; then no model is
            touched and a completion that is missing is an error.
        inherited: what a release that is rebuilt says of the one before, in place of that one.
        progress: told of each stage.
        runner: runs the shards.

    Raises:
        WorkError: if nothing was accepted, the rows miss a floor, the previous release is not
            there, or another process is building the same specification.
        StorageError: if the specification's storage cannot be read or written; the build can be run again.
        NothingNewError: if rows are carried over, none was accepted and none has to go.
        EndpointUnavailable: if an endpoint gave out; the build can be run again and continues.
        BudgetReached: if the budget does not pay for the next call; with a higher one it continues.
        MissingCompletion: on a replay that needs a completion the store lacks.
    """
    seeds = load_seeds()
    await asyncio.to_thread(fetch_releases, specification, out / "releases")
    storage = specification.run.storage
    stands = stands_on(specification, seeds, out, inherited)
    specification = stands.specification
    folder = run_folder(specification, out)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_one_build(folder))
        write_text_atomic(folder / WHAT_IS_BUILT, specification_text(specification))
        store = stack.enter_context(open_store(folder, replay))
        if storage is not None and replay is None:
            runner = (await stack.enter_async_context(mirrored(storage, folder, store))).after_each(runner)
        opened = open_client(
            specification.models,
            store,
            replay=replay is not None,
            progress=weights_notes(progress),
            budget=specification.budget,
        )
        client = await stack.enter_async_context(opened)
        context = await context_of(stands, seeds, client, out=out, progress=progress, runner=runner)
        with searched_seldom():
            ledger, stopped = await run_rounds(context)
            making = partial(make_release, context, store, ledger, stopped, inherited=inherited, out=out)
            release, manifest = await asyncio.to_thread(making)
        if storage is not None:
            await asyncio.to_thread(put_release, storage, release)
        return BuildResult(release=release, manifest=manifest, calls_made=client.calls_made)


@dataclass(frozen=True)
class Stands:
    """What a build stands on: its specification with pins, its plan, and what these name, read."""

    specification: Specification
    plan: Plan
    previous: Previous | None
    base: Base
    calibration: Calibration | None
    against: tuple[Against, ...]
    corpora: tuple[Corpus, ...]
    reviews: Reviews | None


def stands_on(specification: Specification, seeds: Seeds, out: Path, inherited: Inherited | None) -> Stands:
    """Read what a build stands on, before anything is paid for; errors as for :func:`run_build`."""
    releases = out / "releases"
    previous = inherited.previous if inherited else load_previous(specification, releases)
    specification, previous = with_items(specification, previous)
    reviews = load_reviews(specification.reviews)
    base, planned = stand_on(specification, plan(specification, seeds), previous, reviews)
    calibration = load_calibration(specification.gates)
    against = load_against(specification, releases)
    corpora = tuple(load_protected(specification.deduplication, out))
    pinned = with_pins(specification, calibration, against, previous, corpora, reviews=reviews)
    return Stands(pinned, planned, previous, base, calibration, against, corpora, reviews)


async def context_of(
    stands: Stands,
    seeds: Seeds,
    client: ModelClient,
    *,
    out: Path,
    progress: Progress,
    runner: ShardRunner,
) -> BuildContext:
    """Return what the stages of a build share; rows and texts to look up in are embedded first."""
    specification = stands.specification
    folder, index = run_folder(specification, out), out / INDEX
    plain = load_encoder(specification.deduplication.encoder)
    released = await asyncio.to_thread(rows_of, stands.against, plain, index, encoded_notes(progress), progress.note)
    return BuildContext(
        specification=specification,
        seeds=seeds,
        exemplars=load_exemplars(seeds=seeds),
        previous=stands.previous,
        base=stands.base,
        released=released,
        protected=await asyncio.to_thread(protected_by, stands.corpora, plain, index, progress.note),
        plot_vectors=PlotVectors(RememberingEncoder(KeptEncoder(plain, folder / VECTORS))),
        keeper=KeptEncoder(plain, index),
        plan=stands.plan,
        folder=folder,
        client=client,
        stages=stages_of(specification, seeds, stands.calibration, client, reviews=stands.reviews),
        progress=progress,
        runner=runner,
        generate_at_once=calls_at_once(specification.models.generator),
    )
