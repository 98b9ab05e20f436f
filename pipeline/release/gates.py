"""Decides whether a release may be made: every floor of its specification, and no leak between splits.

A figure that has a floor and could not be measured misses it. All reasons come in one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.diversity.floors import Shortfall, check_floors, shortfall_table
from pipeline.errors import WorkError
from pipeline.release.check_rows import Compared, Placed, check_across_splits
from pipeline.release.write import Draft
from pipeline.schema.calibration import Calibration
from pipeline.schema.manifest import FunnelStep, Manifest

if TYPE_CHECKING:
    from pipeline.deduplicate.novelty import KeptRow, PlotVectors

LEAKAGE = "split_leakage_maximum"


def check_release(draft: Draft, kept: Iterable[KeptRow], vectors: PlotVectors) -> None:
    """Hold a release to be against the floors of its specification.

    Args:
        draft: the release.
        kept: rows as they were compared when they were made; one that is not among them is read.
        vectors: of the rows' plots.

    Raises:
        WorkError: if it misses any, or a row is a near-duplicate of one of another split; the table says all.
    """
    manifest = draft.manifest
    leaks = list(check_across_splits(_rows(draft, kept), manifest, vectors))
    missed = [*release_shortfalls(manifest, draft.inputs.calibration)]
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


def _rows(draft: Draft, kept: Iterable[KeptRow]) -> Iterator[Compared]:
    """Yield the rows that are, in the order of the candidates, and those that were, one at a time."""
    known = {row.scenario: row for row in kept}
    placed = ((position, split, scenario) for split, rows in draft.rows.items() for scenario, position in rows)
    for position, split, scenario in sorted(placed):
        row = known.get(scenario)
        if row is not None:
            yield Compared("candidates", position, split, row.plot.parts, row.plot.surface, row.situation)
        elif (read := draft.candidates[position]).scenario is not None:
            yield Compared.of(Placed("candidates", position, split, str(read.group), read.scenario))
    for number, held in enumerate(draft.inputs.retired):
        yield Compared.of(Placed("retired", number, held.split, held.group, held.scenario))


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
