"""Checks the diversity that a release states: measured again from its rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pipeline.deduplicate.encoder import Encoder
from pipeline.diversity.floors import check_floors
from pipeline.diversity.measure import measure
from pipeline.release.check_rows import Placed
from pipeline.release.files import MANIFEST
from pipeline.release.problem import Problem
from pipeline.schema.manifest import Manifest

if TYPE_CHECKING:
    from pipeline.deduplicate.novelty import PlotVectors

ROUNDING = 1.5e-3
"""One step of the last digit stated, and half another: the same plots elsewhere differ in their last bits."""

OUTSIDE = ("plots.nearest_exemplar", "plots.nearest_previous")
"""Figures that need more than the release's own folder."""


def check_diversity(
    rows: Sequence[Placed], manifest: Manifest, encoder: Encoder | None, vectors: PlotVectors | None = None
) -> Iterator[Problem]:
    """Compare the stated figures with those of the rows, and with the specification's floors.

    ``vectors`` are those of the rows' plots, where they are there already.

    Without an encoder, figures of plots are not looked at; those against exemplars and the previous
    release never are.
    """
    for shortfall in check_floors(manifest.diversity, manifest.specification.floors):
        problem = f"`diversity` misses the floor {shortfall.floor} of the specification, {shortfall.wanted}"
        yield Problem(file=MANIFEST, problem=problem)
    stated = manifest.diversity.plots
    if encoder is not None and stated is not None and stated.encoder_hash != encoder.hash:
        problem = f"`diversity.plots` was measured with an encoder of hash {stated.encoder_hash}, not {encoder.hash}"
        yield Problem(file=MANIFEST, problem=problem)
        encoder = None
    scenarios = {row.scenario.id: row.scenario for row in rows}
    found = _flat(measure(list(scenarios.values()), encoder=encoder, vectors=vectors).model_dump(mode="json"))
    told = _flat(manifest.diversity.model_dump(mode="json"))
    for place in sorted(set(told) | set(found)):
        if place.startswith(OUTSIDE) or (encoder is None and place.startswith("plots")):
            continue
        if not _agree(place, told.get(place), found.get(place)):
            problem = f"`diversity.{place}` is {told.get(place)}, and {found.get(place)} by the rows"
            yield Problem(file=MANIFEST, problem=problem)


def _flat(record: Mapping[str, JsonValue], place: str = "") -> dict[str, JsonValue]:
    """Return the values of nested mappings by their dotted places."""
    flat: dict[str, JsonValue] = {}
    for name, value in record.items():
        flat |= _flat(value, f"{place}{name}.") if isinstance(value, dict) else {f"{place}{name}": value}
    return flat


def _agree(place: str, told: JsonValue, found: JsonValue) -> bool:
    if place.startswith("plots.") and isinstance(told, float) and isinstance(found, float):
        return math.isclose(told, found, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return told == found
