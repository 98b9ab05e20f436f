"""From a build's candidates to what its release is written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.deduplicate.encoder import load_encoder
from pipeline.diversity.measure import measure
from pipeline.errors import WorkError
from pipeline.exemplars import exemplar_hashes
from pipeline.generate.stage import program_hashes
from pipeline.models.client import ModelClient
from pipeline.models.store import CompletionStore
from pipeline.models.taken import usage_of_keys
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.release.costs import costs_of
from pipeline.release.funnel import made_in
from pipeline.release.inputs import ReleaseInputs
from pipeline.rounds.context import BuildContext
from pipeline.rounds.engine import StoppedBy
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import ModelUse
from pipeline.schema.specification import Models
from pipeline.succession import Settled


def release_inputs(
    context: BuildContext, store: CompletionStore, settled: Settled, salts: Mapping[str, str], stopped: StoppedBy
) -> ReleaseInputs:
    """Gather what the release says of how it was made and what it holds.

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

    previous, exemplars = context.previous, context.exemplars
    return ReleaseInputs(
        specification=context.specification,
        plan=context.plan,
        candidates=settled.candidates,
        seeds={**context.seeds.hashes, **exemplar_hashes(exemplars)},
        prompts=prompt_hashes(),
        programs=program_hashes(),
        models=models_used(context.specification.models, context.client) or (before.models if before else ()),
        libraries=library_versions(),
        created=created,
        diversity=measure(
            [one.scenario for one in settled.candidates if one.accepted and one.scenario is not None],
            encoder=load_encoder(context.specification.deduplication.encoder),
            exemplars=[exemplar.scenario for exemplar in exemplars.values()],
            last_release=previous.scenarios if previous else (),
        ),
        stopped_by=stopped,
        export_completions=export_completions,
        calibration=context.validation.calibration,
        costs=costs_of(
            sorted(made_in(settled.candidates, context.specification.version), key=lambda one: one.id),
            context.specification.models,
            context.seeds.prices,
            lambda of: usage_of_keys(store.path, of),
        ),
        succession=settled.succession,
        retired=settled.retired,
        salts=salts,
        opened=settled.opened,
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


def nothing_accepted(candidates: Sequence[Candidate]) -> str:
    """Say why there is no release."""
    turned_away = Counter(
        candidate.decision.gate or candidate.decision.outcome for candidate in candidates if candidate.decision
    )
    gates = ", ".join(f"{count} at {gate}" for gate, count in turned_away.most_common())
    return f"none of {len(candidates)} candidates was accepted, so there is no release; turned away: {gates or 'all'}"
