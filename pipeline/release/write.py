"""Writes a release: a folder that is complete in itself, there whole or not at all, and never changed.

The bytes follow from the inputs alone. Nothing in them depends on when or where they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import yaml

from pipeline.atomic import new_folder
from pipeline.canary import canary_of
from pipeline.errors import WorkError
from pipeline.framing.load import load_framings
from pipeline.lazy import Lazy, in_order
from pipeline.release.card import render_card
from pipeline.release.carry import HELD_OUT
from pipeline.release.citation import citation
from pipeline.release.counts import Counts, SplitRows, counts_of
from pipeline.release.croissant import croissant
from pipeline.release.files import (
    CALIBRATION,
    CANDIDATES,
    CARD,
    CITATION,
    COMPLETIONS,
    CROISSANT,
    LICENCE,
    MANIFEST,
    REPORT,
    RETIRED,
    REVIEWS,
    SPECIFICATION,
    SUMS,
    UNHASHED,
    data_file,
    file_entry,
    list_files,
    manifest_bytes,
    sums_bytes,
)
from pipeline.release.funnel import REVIEW, turned_away_at
from pipeline.release.held_out import PRIVATE, SALTS, commitments, salts_text
from pipeline.release.inputs import ReleaseInputs, as_released, without_budget
from pipeline.release.inspect_rows import CONFIG, EVAL, eval_yaml, inspect_file, inspect_rows, inspect_schema
from pipeline.release.licence import licence_file
from pipeline.release.tables import (
    candidate_rows,
    candidate_schema,
    scenario_rows,
    scenario_schema,
    scenarios_parquet,
    write_table,
    write_tables,
)
from pipeline.report.page import Extras, render_report
from pipeline.schema.base import sha256_of
from pipeline.schema.calibration import Calibration
from pipeline.schema.candidate import Candidate
from pipeline.schema.label import Reviewed, Reviews
from pipeline.schema.manifest import Manifest
from pipeline.schema.outline import Counted
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification


@dataclass(frozen=True)
class Draft:
    """A release before its files are written.

    Args:
        inputs: what it is made from.
        candidates: in the order of their ids, its own rows marked as first held by it.
        rows: of each split, with their positions among the candidates.
        manifest: without ``files``.
    """

    inputs: ReleaseInputs
    candidates: Lazy[Candidate]
    rows: SplitRows
    manifest: Manifest


def draft_release(inputs: ReleaseInputs, counts: Counts | None = None) -> Draft:
    """Return what a release says of itself and holds, before anything of it is written.

    Args:
        inputs: what it is made from.
        counts: of its candidates in the order of their ids, where they are there already.

    Raises:
        WorkError: if no candidate was accepted.
        ValueError: if an accepted candidate has no group or split, or two hold the same scenario.
    """
    specification = as_released(inputs.specification)
    ordered = in_order(inputs.candidates, key=lambda one: one.id)
    candidates = ordered.map(lambda one: _introduce(one, specification.version))
    counts = counts or counts_of(candidates.outlines, specification.version)
    rows_by_split = counts.rows
    manifest = Manifest(
        name=specification.name,
        version=specification.version,
        created=inputs.created,
        specification=specification,
        specification_hash=sha256_of(specification.model_dump(mode="json")),
        seeds=dict(inputs.seeds),
        prompts=dict(inputs.prompts),
        programs=dict(inputs.programs),
        models=tuple(sorted(inputs.models, key=lambda use: (use.role, use.endpoint_kind, use.model))),
        libraries=dict(inputs.libraries),
        plan=without_budget(inputs.plan),
        excluded=inputs.plan.excluded,
        funnel=counts.funnel.steps(),
        cells=counts.cells.results(inputs.plan.cells, inputs.stopped_by),
        splits={split: len(rows) for split, rows in sorted(rows_by_split.items())},
        diversity=inputs.diversity,
        costs=inputs.costs,
        stopped_by=inputs.stopped_by,
        canary=canary_of(specification.name, specification.version, open_ids(rows_by_split)),
        succession=inputs.succession,
        held_out=commitments(_held_out(candidates, rows_by_split), inputs.salts),
        opened=tuple(sorted(inputs.opened, key=lambda one: one.id)),
        reviewed=_reviewed(inputs, candidates.outlines),
        files=(),
    )
    return Draft(inputs, candidates, rows_by_split, manifest)


def write_release(inputs: ReleaseInputs, parent: Path) -> tuple[Path, Manifest]:
    """Draft a release and write it; folder, manifest and errors as for :func:`draft_release`, :func:`write_draft`."""
    return write_draft(draft_release(inputs), parent)


def write_draft(draft: Draft, parent: Path) -> tuple[Path, Manifest]:
    """Write a release to ``parent/NAME-VERSION``.

    A release that exists is never touched: if it equals this one, byte for byte, it is returned.

    Returns:
        The folder and its manifest.

    Raises:
        WorkError: if another release of this name and version exists.
    """
    specification, manifest = draft.manifest.specification, draft.manifest
    target = parent / specification.release_id
    try:
        with new_folder(target) as aside:
            manifest = _fill(aside, draft)
    except FileExistsError as error:
        different = first_difference(target, manifest)
        if different:
            raise WorkError(_exists(target, specification, different)) from error
    return target, manifest


def _reviewed(inputs: ReleaseInputs, candidates: Iterable[Counted]) -> Reviewed | None:
    """Return what reviews kept out of a release: rows that retired in it, and candidates that they turned away."""
    reviews = inputs.reviews
    if reviews is None:
        return None
    version = inputs.specification.version
    gone = {row.id for row in inputs.retired if row.scenario.retired and row.scenario.retired.version == version}
    gone |= {one.scenario.id for one in candidates if one.scenario and turned_away_at(one) == REVIEW}
    return Reviewed(
        release=reviews.release,
        reviews_sha256=reviews.sha256,
        read=reviews.read,
        excluded=tuple(one for one in reviews.rejected if one.scenario in gone),
    )


def _pairs(accepted: Lazy[Candidate]) -> Lazy[tuple[Scenario, str]]:
    """Return accepted candidates as (scenario, group) pairs; :func:`draft_release` has looked that they have both."""
    return accepted.map(lambda one: (_scenario_of(one), cast("str", one.group)))


def _held_out(candidates: Lazy[Candidate], rows: SplitRows) -> Iterable[Scenario]:
    return candidates.at([position for _, position in rows.get(HELD_OUT, ())]).map(_scenario_of)


def _scenario_of(accepted: Candidate) -> Scenario:
    return cast("Scenario", accepted.scenario)


def open_ids(rows: SplitRows) -> list[str]:
    """Return the ids of the rows that anyone may see."""
    return [scenario for split, of_split in rows.items() if split != HELD_OUT for scenario, _ in of_split]


def specification_text(specification: Specification) -> str:
    """Return a specification as YAML, every default spelt out; ``impress build`` reads it back."""
    return yaml.safe_dump(specification.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)


def first_difference(folder: Path, manifest: Manifest) -> str | None:
    """Return the first file in which a release folder differs from what ``manifest`` describes."""
    wanted = {entry.path: entry for entry in manifest.files}
    found = list_files(folder)
    expected = sorted([*wanted, *UNHASHED])
    if found != expected:
        return min(set(found) ^ set(expected))
    for path, entry in wanted.items():
        if file_entry(folder, path) != entry:
            return path
    whole = manifest_bytes(manifest)
    if (folder / MANIFEST).read_bytes() != whole:
        return MANIFEST
    return None if (folder / SUMS).read_bytes() == sums_bytes(manifest.files, whole) else SUMS


def _fill(folder: Path, draft: Draft) -> Manifest:
    """Write every file of the release into an empty folder and return the manifest that lists them."""
    inputs, candidates, manifest = draft.inputs, draft.candidates, draft.manifest
    (folder / "data").mkdir()
    for split, rows in draft.rows.items():
        pairs = _pairs(candidates.at([position for _, position in sorted(rows)]))
        tables = [(folder / data_file(split), scenario_schema(), partial(scenario_rows, canary=manifest.canary))]
        if split != HELD_OUT:
            (folder / CONFIG).mkdir(exist_ok=True)
            tables.append(
                (folder / inspect_file(split), inspect_schema(), partial(inspect_rows, canary=manifest.canary))
            )
        write_tables(pairs, tables)
    if inputs.retired:
        gone = [(row.scenario, row.group) for row in inputs.retired]
        (folder / RETIRED).write_bytes(scenarios_parquet(gone, manifest.canary))
    write_table(folder / CANDIDATES, candidate_rows(candidates, manifest.canary), candidate_schema())
    inputs.export_completions(folder / COMPLETIONS)
    if manifest.held_out is not None:
        held = [scenario for scenario, _ in draft.rows[HELD_OUT]]
        (folder / PRIVATE).mkdir()
        (folder / SALTS).write_text(salts_text({name: inputs.salts[name] for name in held}), encoding="utf-8")
    return finish_folder(folder, candidates, manifest, inputs.calibration, inputs.reviews)


def finish_folder(
    folder: Path,
    candidates: Sequence[Candidate],
    draft: Manifest,
    calibration: Calibration | None,
    reviews: Reviews | None = None,
) -> Manifest:
    """Write what follows from a release's tables, then the hashes of all files; return the manifest that lists them."""
    tables = [file_entry(folder, path) for path in list_files(folder)]
    texts = {
        SPECIFICATION: specification_text(draft.specification),
        LICENCE: licence_file(draft.specification),
        CARD: render_card(draft, candidates, calibration),
        REPORT: render_report(draft, candidates, Extras(calibration=calibration, framings=load_framings().texts)),
        CITATION: citation(draft),
        CROISSANT: croissant(draft, tables),
        EVAL: eval_yaml([split for split in draft.splits if split != HELD_OUT]),
    }
    if calibration is not None:
        texts[CALIBRATION] = calibration.model_dump_json(indent=2) + "\n"
    if reviews is not None:
        texts[REVIEWS] = reviews.model_dump_json(indent=2) + "\n"
    for path, text in texts.items():
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    manifest = draft.model_copy(update={"files": tuple(file_entry(folder, path) for path in list_files(folder))})
    whole = manifest_bytes(manifest)
    (folder / MANIFEST).write_bytes(whole)
    (folder / SUMS).write_bytes(sums_bytes(manifest.files, whole))
    return manifest


def _introduce(candidate: Candidate, version: str) -> Candidate:
    """Note on a row that this release is the first to hold it, unless an earlier one was."""
    if not candidate.accepted or candidate.scenario is None or candidate.scenario.introduced:
        return candidate
    scenario = candidate.scenario.model_copy(update={"introduced": version})
    return candidate.model_copy(update={"scenario": scenario})


def _exists(target: Path, specification: Specification, different: str) -> str:
    year, month, patch = specification.version.split(".")
    return (
        f"{target} exists and differs from this build (first in {different}); a release is never changed: "
        f"raise `version` in the specification, for instance to {year}.{month}.{int(patch) + 1}"
    )
