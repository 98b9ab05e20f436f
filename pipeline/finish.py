"""From a build's candidates to what its release is written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.deduplicate.novelty import KeptRow
from pipeline.diversity.measure import measure
from pipeline.errors import WorkError
from pipeline.exemplars import exemplar_hashes
from pipeline.generate.stage import program_hashes
from pipeline.lazy import Lazy
from pipeline.models.client import ModelClient
from pipeline.models.store import CompletionStore
from pipeline.models.taken import usage_of_keys
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.release.carry import HELD_OUT
from pipeline.release.costs import costs_of
from pipeline.release.counts import SplitRows, counts_of
from pipeline.release.funnel import made_in
from pipeline.release.gates import check_release
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import draft_release, write_draft
from pipeline.rounds.context import BuildContext
from pipeline.rounds.ledger import Entry, Ledger, nothing_accepted
from pipeline.rounds.upcoming import StoppedBy
from pipeline.schema.candidate import Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.diversity import Diversity
from pipeline.schema.manifest import Manifest, ModelUse
from pipeline.schema.outline import CandidateOutline
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Models, SplitShares
from pipeline.schema.verdict import Decision
from pipeline.selection import surplus
from pipeline.shards import read_places
from pipeline.splits import assign_splits
from pipeline.succession import Inherited, Settled, salts_for, settle_rows


def make_release(
    context: BuildContext,
    store: CompletionStore,
    ledger: Ledger,
    stopped: StoppedBy,
    *,
    inherited: Inherited | None,
    out: Path,
) -> tuple[Path, Manifest]:
    """Settle which rows stay, hold the release to be against its floors, and write it; its folder and manifest.

    Raises:
        WorkError: if nothing was accepted, the rows miss a floor, or another release of this name exists.
        NothingNewError: if rows are carried over, none was accepted and none has to go.
    """
    base, specification = context.base, context.specification
    if base.previous is None and not any(entry.accepted for entry in ledger):
        raise WorkError(nothing_accepted(ledger, context.folder))
    made = finished(ledger, context.plan, specification.splits)
    settled = settle_rows(base, made, context.plan, specification)
    counts = counts_of(settled.candidates.outlines, specification.version)
    held = [scenario for scenario, _ in counts.rows.get(HELD_OUT, ())]
    salts = inherited.salts if inherited else salts_for(held, base, specification.name, out)
    kept = list(ledger.kept)
    diversity = diversity_of(rows_of_release(settled.candidates, counts.rows), context, kept)
    draft = draft_release(release_inputs(context, store, settled, salts, stopped, diversity=diversity), counts)
    check_release(draft, kept, context.plot_vectors)
    return write_draft(draft, out / "releases")


def release_inputs(
    context: BuildContext,
    store: CompletionStore,
    settled: Settled,
    salts: Mapping[str, str],
    stopped: StoppedBy,
    *,
    diversity: Diversity,
) -> ReleaseInputs:
    """Gather what the release says of how it was made and what it holds; ``diversity`` is that of its rows.

    Raises:
        WorkError: if no model was asked.
    """
    keys = context.client.used_keys
    before = None if context.base.previous is None else context.base.previous.manifest
    created = store.first_day(keys) or (before.created if before else None)
    if created is None:
        raise WorkError("no completion was used, so no model wrote or judged anything; there is nothing to release")

    def export_completions(target: Path) -> None:
        store.export(keys, target)

    return ReleaseInputs(
        specification=context.specification,
        plan=context.plan,
        candidates=settled.candidates,
        seeds={**context.seeds.hashes, **exemplar_hashes(context.exemplars)},
        prompts=prompt_hashes(),
        programs=program_hashes(),
        models=models_used(context.specification.models, context.client) or (before.models if before else ()),
        libraries=library_versions(),
        created=created,
        diversity=diversity,
        stopped_by=stopped,
        export_completions=export_completions,
        calibration=context.stages.validation.calibration,
        reviews=context.stages.validation.reviews,
        costs=costs_of(
            made_in(settled.candidates.outlines, context.specification.version),
            context.specification.models,
            context.seeds.prices,
            lambda of: usage_of_keys(store.path, of),
        ),
        succession=settled.succession,
        retired=settled.retired,
        salts=salts,
        opened=settled.opened,
    )


def diversity_of(rows: Sequence[Scenario], context: BuildContext, kept: Iterable[KeptRow]) -> Diversity:
    """Measure the diversity of a release's rows; ``kept`` are rows as they were compared, with their plots."""
    previous = context.previous
    return measure(
        rows,
        encoder=context.keeper,
        vectors=context.plot_vectors,
        plots={row.scenario: row.plot.parts for row in kept},
        exemplars=[exemplar.scenario for exemplar in context.exemplars.values()],
        last_release=previous.scenarios if previous else (),
    )


def finished(ledger: Ledger, plan: Plan, shares: SplitShares) -> Lazy[Candidate]:
    """Return all candidates in the order of their ids, with the decisions of selection and the splits of the rows.

    They are read from the files of their shards whenever they are asked for.
    """
    beyond = _surplus(ledger, plan)

    def finish(candidate: Candidate) -> Candidate:
        if candidate.id in beyond:
            candidate = candidate.model_copy(update={"decision": beyond[candidate.id]})
        return assign_splits([candidate], shares)[0]

    return _read(sorted(ledger, key=lambda entry: entry.id)).map(finish)


def rows_of_release(candidates: Lazy[Candidate], rows: SplitRows) -> Lazy[Scenario]:
    """Return the scenarios that are rows of the release, in the order of their ids.

    Args:
        candidates: everything that was made.
        rows: of each split, with their positions among the candidates.
    """
    places = sorted(place for of_split in rows.values() for place in of_split)
    return candidates.at([position for _, position in places]).map(_scenario_of)


def _surplus(ledger: Ledger, plan: Plan) -> dict[str, Decision]:
    return surplus(((entry.id, entry.cell, entry.score) for entry in ledger if entry.accepted), plan)


def _read(entries: Sequence[Entry]) -> Lazy[Candidate]:
    places = [entry.place for entry in entries]
    return Lazy(places, partial(read_places, model=Candidate), partial(read_places, model=CandidateOutline))


def _scenario_of(candidate: Candidate) -> Scenario:
    if candidate.scenario is None:
        raise ValueError(f"candidate {candidate.id} is accepted and has no scenario")
    return candidate.scenario


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
