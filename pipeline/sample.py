"""The sample: the exemplars as a small release of their own, marked as written by hand.

It goes through the same stages as any build, from the deduplicate stage on, with the checks that need no
judge. So it has the form of every release, and shows what the rest of a release is to be like.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.deduplicate.encoder import load_encoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.diversity.measure import measure
from pipeline.errors import WorkError
from pipeline.exemplars import exemplar_hashes, load_exemplars
from pipeline.intervals import half_width
from pipeline.provenance import library_versions, prompt_hashes
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import write_release
from pipeline.resources import seeds_dir
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell, Estimate, Plan, PlannedCell
from pipeline.schema.exemplar import Exemplar
from pipeline.schema.manifest import Manifest
from pipeline.schema.specification import Specification
from pipeline.seeds import Seeds, load_seeds
from pipeline.selection import select
from pipeline.splits import assign_splits
from pipeline.validate.stage import ValidationContext, validate


def default_specification() -> Path:
    """Return the specification of the sample that ships with the project."""
    return seeds_dir() / "specs" / "sample.yaml"


def write_sample(target: Path, specification: Specification, created: str) -> Manifest:
    """Write the exemplars as a release to ``target``, in place of what was there.

    Args:
        target: the folder to write; it is replaced only once the new one is complete.
        specification: name, version, gates (those that ask a judge left out), splits.
        created: the day that the manifest states, ``YYYY-MM-DD``.

    Returns:
        The manifest.

    Raises:
        WorkError: if a gate turns an exemplar away, or ``target`` holds something else than a release.
        InputError: if an exemplar or a seed has a mistake.
    """
    if target.exists() and not (target / "manifest.json").is_file():
        raise WorkError(f"{target} is there and is no release; it is left as it is, so name another folder")
    seeds = load_seeds()
    exemplars = load_exemplars(seeds=seeds)
    aside = target.with_name(f".{target.name}.making")
    shutil.rmtree(aside, ignore_errors=True)
    written, manifest = write_release(_inputs(exemplars, seeds, specification, created), aside)
    if target.exists():
        target.rename(aside / "before")
    written.rename(target)
    shutil.rmtree(aside)
    return manifest


def candidates_of(exemplars: Mapping[str, Exemplar]) -> list[Candidate]:
    """Return one candidate for each exemplar, numbered within its cell in the order of the ids."""
    made: Counter[str] = Counter()
    candidates = []
    for exemplar in exemplars.values():
        cell = _cell(exemplar)
        attempt = Attempt(cell=cell, number=made[cell.id], seed=0)
        made[cell.id] += 1
        candidates.append(Candidate.of(attempt, scenario=exemplar.scenario))
    return candidates


def plan_of(exemplars: Mapping[str, Exemplar]) -> Plan:
    """Return the plan that the exemplars fill: each cell with as many rows as there are."""
    counts = Counter(_cell(exemplar).id for exemplar in exemplars.values())
    cells = tuple(
        PlannedCell(cell=Cell.parse(name), quota=count, core="hand", interval_half_width=half_width(count))
        for name, count in sorted(counts.items())
    )
    basis = "written by hand: nothing is called"
    estimate = Estimate(
        calls=0, calls_at_most=0, prompt_tokens=0, completion_tokens=0, cost=0.0, currency=None, basis=basis
    )
    return Plan(cells=cells, estimate=estimate)


def _inputs(
    exemplars: Mapping[str, Exemplar], seeds: Seeds, specification: Specification, created: str
) -> ReleaseInputs:
    encoder = load_encoder(specification.deduplication.encoder)
    plan = plan_of(exemplars)
    compared = deduplicate(candidates_of(exemplars), [], specification.deduplication, encoder)
    context = ValidationContext(seeds, specification.gates, client=None, encoder=encoder)
    judged = assign_splits(select(asyncio.run(validate(compared, context)), plan), specification.splits)
    _all_accepted(judged)
    return ReleaseInputs(
        specification=specification,
        plan=plan,
        candidates=judged,
        seeds={**seeds.hashes, **exemplar_hashes(exemplars)},
        prompts=prompt_hashes(),
        programs={},
        models=(),
        libraries=library_versions(),
        created=created,
        diversity=measure([one.scenario for one in judged if one.scenario is not None], encoder=encoder),
        stopped_by="full",
        export_completions=_no_completions,
    )


def _no_completions(_folder: Path) -> None:
    """Write nothing: no model was asked."""


def _all_accepted(candidates: Sequence[Candidate]) -> None:
    for candidate in candidates:
        if not candidate.accepted:
            name = candidate.scenario and candidate.scenario.lineage.situation
            reason = candidate.decision and candidate.decision.reason
            raise WorkError(f"the exemplar {name} is turned away, so there is no sample: {reason}")


def _cell(exemplar: Exemplar) -> Cell:
    return Cell(motive=exemplar.motive, risk_type=exemplar.risk_type, domain=exemplar.domain)
