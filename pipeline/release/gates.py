"""Decides whether a release may be made: every floor of its specification, and no leak between splits.

A figure that has a floor and could not be measured misses it. All reasons come in one table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.diversity.floors import Shortfall, check_floors, shortfall_table
from pipeline.errors import WorkError
from pipeline.lazy import picked
from pipeline.release.check_rows import Placed, check_across_splits
from pipeline.release.inputs import ReleaseInputs
from pipeline.release.write import draft_manifest
from pipeline.schema.calibration import Calibration
from pipeline.schema.manifest import FunnelStep, Manifest
from pipeline.schema.outline import outlines

if TYPE_CHECKING:
    from pipeline.deduplicate.novelty import PlotVectors

LEAKAGE = "split_leakage_maximum"


def check_release(inputs: ReleaseInputs, vectors: PlotVectors) -> None:
    """Hold a release to be against the floors of its specification; ``vectors`` are those of its rows' plots.

    Raises:
        WorkError: if it misses any, or a row is a near-duplicate of one of another split; the table says all.
    """
    manifest = draft_manifest(inputs, inputs.candidates, inputs.specification)
    leaks = list(check_across_splits(_rows(inputs), manifest, vectors))
    missed = [*release_shortfalls(manifest, inputs.calibration)]
    missed += [Shortfall(LEAKAGE, len(leaks), 0)] if leaks else []
    if missed:
        first = [f"first leak: {leaks[0]}"] if leaks else []
        lines = [
            f"the {sum(manifest.splits.values())} rows miss what `floors` asks for, so there is no release:",
            shortfall_table(missed),
            *first,
            "every completion is kept: with other floors the same rows are made again without a call",
        ]
        raise WorkError("\n".join(lines))


def _rows(inputs: ReleaseInputs) -> Iterator[Placed]:
    """Yield the rows that are and were, one at a time."""
    places = [number for number, one in enumerate(outlines(inputs.candidates)) if one.accepted]
    for number, one in zip(places, picked(inputs.candidates, places), strict=True):
        if one.scenario is not None:
            yield Placed("candidates", number, str(one.split), str(one.group), one.scenario)
    for number, row in enumerate(inputs.retired):
        yield Placed("retired", number, row.split, row.group, row.scenario)


def release_shortfalls(manifest: Manifest, calibration: Calibration | None) -> list[Shortfall]:
    """Return the floors that a release misses, by its manifest and its calibration; those of diversity first."""
    floors = manifest.specification.floors
    measured = {
        "coverage": _coverage(manifest),
        "cells_filled": _cells_filled(manifest),
        "acceptance": _passed(manifest.funnel, "attempts", to_the_end=True),
        "novel": _passed(manifest.funnel, "novelty"),
        "benign_error_maximum": _benign_error(manifest, calibration),
    }
    missed = check_floors(manifest.diversity, floors)
    for floor, value in measured.items():
        bound = getattr(floors, floor)
        if bound is None:
            continue
        one = Shortfall(floor, value, bound)
        if not one.reached:
            missed.append(one)
    return missed


def _coverage(manifest: Manifest) -> float | None:
    wanted = sum(cell.quota for cell in manifest.cells)
    return sum(min(cell.accepted, cell.quota) for cell in manifest.cells) / wanted if wanted else None


def _cells_filled(manifest: Manifest) -> float | None:
    return sum(cell.accepted > 0 for cell in manifest.cells) / len(manifest.cells) if manifest.cells else None


def _passed(funnel: Sequence[FunnelStep], name: str, *, to_the_end: bool = False) -> float | None:
    """Return the share of those that came to a step and passed it, or all steps; ``None`` if none came."""
    step = next((one for one in funnel if one.step == name), None)
    if step is None or not step.entered:
        return None
    return (funnel[-1].passed if to_the_end else step.passed) / step.entered


def _benign_error(manifest: Manifest, calibration: Calibration | None) -> float | None:
    """Return the highest share of non-benign rows that a filter in use may accept: upper ends of intervals."""
    if calibration is None:
        return None
    left_out = {name.partition(".")[2] for name in manifest.specification.gates.left_out}
    rates = [one.threshold.accepted_non_benign for one in calibration.filters if one.checker not in left_out]
    highs = [None if rate is None else rate.high for rate in rates]
    return None if not highs or None in highs else max(high for high in highs if high is not None)
