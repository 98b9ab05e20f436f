"""Holds measured diversity against the floors of a specification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.schema.diversity import Diversity, DiversityFloors

CEILING = "_maximum"

FLOOR_PLACES = {
    "vendi": "plots.vendi",
    "vendi_share": "plots.vendi_share",
    "nearest_minimum": "plots.nearest.minimum",
    "nearest_median": "plots.nearest.median",
    "nearest_exemplar_minimum": "plots.nearest_exemplar.minimum",
    "nearest_exemplar_median": "plots.nearest_exemplar.median",
    "nearest_previous_minimum": "plots.nearest_previous.minimum",
    "nearest_previous_median": "plots.nearest_previous.median",
    "distinct_1": "prose.distinct_1",
    "distinct_2": "prose.distinct_2",
    "distinct_3": "prose.distinct_3",
    "self_bleu_maximum": "prose.self_bleu",
    "domains_effective": "spread.domains.effective",
    "organisations_effective": "spread.organisations.effective",
    "people_effective": "spread.people.effective",
    "tools_effective": "spread.tools.effective",
    "risk_types_effective": "spread.risk_types.effective",
    "motives_effective": "spread.motives.effective",
    "places_effective": "spread.places.effective",
    "people_share_maximum": "spread.people.most_common_share",
}
"""Where each floor's figure stands in the JSON of :class:`~pipeline.schema.diversity.Diversity`."""


@dataclass(frozen=True)
class Shortfall:
    """A floor and what was measured. ``measured`` is ``None`` for a figure that could not be measured."""

    floor: str
    measured: float | None
    bound: float

    @property
    def wanted(self) -> str:
        """The bound in words: ``at least 0.5``."""
        return f"{'at most' if self.floor.endswith(CEILING) else 'at least'} {self.bound:g}"

    @property
    def reached(self) -> bool:
        """Whether the figure was measured and keeps the bound."""
        if self.measured is None:
            return False
        return self.measured <= self.bound if self.floor.endswith(CEILING) else self.measured >= self.bound


def check_floors(diversity: Diversity, floors: DiversityFloors) -> list[Shortfall]:
    """Return the floors that the figures miss, in the order of the record; unmeasured misses any floor."""
    bounds = ((floor, getattr(floors, floor)) for floor in FLOOR_PLACES)
    held = [
        Shortfall(floor, figure_at(diversity, FLOOR_PLACES[floor]), bound)
        for floor, bound in bounds
        if bound is not None
    ]
    return [one for one in held if not one.reached]


def figure_at(diversity: Diversity, place: str) -> float | None:
    """Return the figure at a dotted place, ``None`` where it was not measured."""
    value: object = diversity.model_dump(mode="json")
    for part in place.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None


def shortfall_table(shortfalls: Sequence[Shortfall]) -> str:
    """Return the shortfalls as lines in columns: floor, what was measured, what was wanted."""
    cells = [("floor", "measured", "wanted")]
    for one in shortfalls:
        measured = "could not be measured" if one.measured is None else f"{one.measured:g}"
        cells.append((one.floor, measured, one.wanted))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
