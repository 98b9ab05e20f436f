"""What a release is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.addresses import released_address
from pipeline.release.carry import HeldRow
from pipeline.release.files import CALIBRATION, REVIEWS
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.cell import Plan
from pipeline.schema.cost import Costs
from pipeline.schema.diversity import Diversity
from pipeline.schema.history import Opening, Succession
from pipeline.schema.label import Reviews
from pipeline.schema.manifest import ModelUse
from pipeline.schema.run import Run
from pipeline.schema.specification import (
    Budget,
    EmbeddedEndpoint,
    ModelRole,
    OpenAIEndpoint,
    Specification,
    TransformersEndpoint,
)


@dataclass(frozen=True)
class ReleaseInputs:
    """A finished build, ready to be written down.

    Args:
        specification: what was to be built; earlier releases are named with the hashes of their manifests.
        plan: cells, quotas and what was excluded.
        candidates: everything that was made, each with its decision; the accepted ones with group and split. Lazy
            ones (:class:`pipeline.lazy.Lazy`) come in the order of their ids.
        seeds: hash of each seed entry, by ``kind/id`` (``motives/efficiency``).
        prompts: hash of each prompt file, by its path under ``prompts/``.
        programs: hash of each generation program, by name.
        models: the models that wrote or judged, and what they took.
        libraries: versions of the libraries that bear on the result, by name.
        created: the day of the first completion (UTC, ``YYYY-MM-DD``), so that a replay gives the same.
        diversity: of the accepted scenarios.
        stopped_by: what ended the build: ``full`` or ``attempts``.
        calibration: measured error rates of the filters, whose thresholds the gates went by.
        reviews: what people decided on an earlier release.
        costs: what the completions took; ``None`` for rows written by hand.
        export_completions: writes the completions into the folder it is given; the same files each time.
        succession: how the release follows from the one before; then the accepted candidates of that one that
            stay are among ``candidates``.
        retired: all rows that ever retired, marked with version and reason.
        salts: of the rows that are held out, by id.
        opened: salts of rows that were held out once and have retired.
    """

    specification: Specification
    plan: Plan
    candidates: Sequence[Candidate]
    seeds: Mapping[str, str]
    prompts: Mapping[str, str]
    programs: Mapping[str, str]
    models: Sequence[ModelUse]
    libraries: Mapping[str, str]
    created: str
    diversity: Diversity
    stopped_by: str
    export_completions: Callable[[Path], None]
    calibration: Calibration | None = None
    reviews: Reviews | None = None
    costs: Costs | None = None
    succession: Succession | None = None
    retired: Sequence[HeldRow] = ()
    salts: Mapping[str, str] = field(default_factory=dict)
    opened: Sequence[Opening] = ()


def without_budget(plan: Plan) -> Plan:
    """Return the plan without what a budget covers of it, so that a build that was given more ends as any other."""
    return plan.model_copy(update={"estimate": plan.estimate.model_copy(update={"budget_covers": None})})


def as_released(specification: Specification) -> Specification:
    """Return the specification without its budget, and without paths and addresses of those who used it.

    Paths to weights, earlier releases and protected corpora say where a file lies, not what it is (its hash is
    checked), and private addresses of models where one ran; left in, they would tell readers of the release about
    somebody's disk and network, and the same build elsewhere would differ.
    """
    models = specification.models
    cleaned = {
        "generator": _from_anywhere(models.generator),
        "judge": _from_anywhere(models.judge),
        "guards": {name: _from_anywhere(guard) for name, guard in models.guards.items()},
    }
    previous = specification.previous and specification.previous.model_copy(update={"path": None})
    named = specification.gates.calibration and specification.gates.calibration.model_copy(update={"path": CALIBRATION})
    gates = specification.gates.model_copy(update={"calibration": named})
    compared = specification.deduplication
    nowhere = {
        "against": tuple(one.model_copy(update={"path": None}) for one in compared.against),
        "protected": tuple(one.model_copy(update={"path": None}) for one in compared.protected),
    }
    return specification.model_copy(
        update={
            "models": models.model_copy(update=cleaned),
            "previous": previous,
            "schedule": None,
            "reviews": specification.reviews and specification.reviews.model_copy(update={"path": REVIEWS}),
            "gates": gates,
            "deduplication": compared.model_copy(update=nowhere),
            "budget": Budget(),
            "run": Run(),
        }
    )


def _from_anywhere(role: ModelRole) -> ModelRole:
    if isinstance(role.endpoint, EmbeddedEndpoint | TransformersEndpoint):
        return role.model_copy(update={"endpoint": role.endpoint.model_copy(update={"path": None})})
    if isinstance(role.endpoint, OpenAIEndpoint):
        address = released_address(role.endpoint.base_url)
        return role.model_copy(update={"endpoint": role.endpoint.model_copy(update={"base_url": address})})
    return role
