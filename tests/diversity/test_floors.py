"""Each floor looks at its own figure, and nothing unmeasured passes one."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.diversity.floors import FLOOR_PLACES, check_floors, figure_at, shortfall_table
from pipeline.schema.diversity import Diversity, DiversityFloors

SPREAD = {"evenness": 0.9, "most_common": "x"}


def distances(minimum: float, others: int) -> dict[str, Any]:
    return {"others": others, "minimum": minimum, "low": round(minimum + 0.01, 2), "median": round(minimum + 0.02, 2)}


def figures() -> dict[str, Any]:
    """A record in which no two figures that a floor may look at are the same."""
    facets = ("domains", "organisations", "people", "tools", "risk_types", "motives", "places")
    return {
        "rows": 10,
        "plots": {
            "encoder_hash": "0" * 64,
            "vendi": 6.1,
            "vendi_share": 0.61,
            "nearest": distances(0.11, 9),
            "nearest_exemplar": distances(0.31, 3),
            "nearest_previous": distances(0.51, 7),
        },
        "prose": {
            "distinct_1": 0.71, "distinct_2": 0.81, "distinct_3": 0.91, "self_bleu": 23.0, "self_bleu_rows": 10,
        },
        "spread": {
            facet: {**SPREAD, "values": 9, "effective": 3.0 + at / 8, "most_common_share": 0.14 + at / 8}
            for at, facet in enumerate(facets)
        },
    }  # fmt: skip


MEASURED = Diversity.model_validate(figures())
UNMEASURED = Diversity.model_validate(
    {
        "rows": 0,
        "plots": None,
        "prose": {"distinct_1": None, "distinct_2": None, "distinct_3": None, "self_bleu": None, "self_bleu_rows": 0},
        "spread": {},
    }
)


def test_every_floor_has_a_figure_of_its_own() -> None:
    assert set(FLOOR_PLACES) == set(DiversityFloors.model_fields)
    found = [figure_at(MEASURED, place) for place in FLOOR_PLACES.values()]
    assert None not in found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("floor", DiversityFloors.model_fields)
def test_a_floor_alone_is_missed_by_its_figure_and_by_no_other(floor: str) -> None:
    """A record whose one figure is a step worse misses, the record as it is does not."""
    ceiling = floor.endswith("_maximum")
    value = figure_at(MEASURED, FLOOR_PLACES[floor])
    assert value is not None
    reached, missed = (value, value - 0.001) if ceiling else (value, value + 0.001)
    assert check_floors(MEASURED, DiversityFloors.model_validate({floor: reached})) == []
    [shortfall] = check_floors(MEASURED, DiversityFloors.model_validate({floor: missed}))
    assert (shortfall.floor, shortfall.measured, shortfall.bound) == (floor, value, missed)
    assert shortfall.wanted == f"{'at most' if ceiling else 'at least'} {missed:g}"


def test_names_of_floors_say_their_figure() -> None:
    """``nearest_exemplar_median`` is the median of ``nearest_exemplar``, and so for all of them."""
    for floor, place in FLOOR_PLACES.items():
        said = floor.removesuffix("_maximum").replace("share", "most_common_share" if "people" in floor else "share")
        assert place.split(".", 1)[1].replace(".", "_") == said


@pytest.mark.parametrize("floor", DiversityFloors.model_fields)
def test_a_figure_that_was_not_measured_misses_its_floor(floor: str) -> None:
    [shortfall] = check_floors(UNMEASURED, DiversityFloors.model_validate({floor: 1}))
    assert (shortfall.floor, shortfall.measured) == (floor, None)
    assert "could not be measured" in shortfall_table([shortfall])


def test_no_floor_is_never_missed() -> None:
    assert check_floors(UNMEASURED, DiversityFloors()) == []


def test_the_table_names_what_was_measured_and_wanted() -> None:
    floors = DiversityFloors(vendi_share=0.7, self_bleu_maximum=20, domains_effective=2)
    lines = [line.split() for line in shortfall_table(check_floors(MEASURED, floors)).splitlines()]
    assert lines == [
        ["floor", "measured", "wanted"],
        ["vendi_share", "0.61", "at", "least", "0.7"],
        ["self_bleu_maximum", "23", "at", "most", "20"],
    ]
