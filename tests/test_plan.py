"""The plan: cells, quotas and what is excluded."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.intervals import half_width
from pipeline.plan import plan, pools_of
from pipeline.schema.cell import Plan
from pipeline.seeds import Seeds
from tests.support.small_seeds import MOTIVES, RISKS, SITUATIONS, small_seeds, specification


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return small_seeds()


def cells_of(planned: Plan) -> dict[str, str]:
    return {cell.cell.id: cell.core for cell in planned.cells}


def test_kit_plans_only_cells_that_a_situation_supports(seeds: Seeds) -> None:
    planned = plan(specification("kit"), seeds)
    assert set(cells_of(planned)) == {
        "curiosity.privacy_violation.clinic",
        "efficiency.safety_negligence.clinic",
        "efficiency.safety_negligence.grid",
        "curiosity.safety_negligence.grid",
    }
    assert len(planned.cells) + len(planned.excluded) == len(MOTIVES) * len(RISKS) * len(SITUATIONS)
    reasons = {cell.cell.id: cell.reason for cell in planned.excluded}
    assert "privacy_violation under motive efficiency" in reasons["efficiency.privacy_violation.clinic"]


def test_kit_or_model_marks_where_each_core_comes_from(seeds: Seeds) -> None:
    cores = cells_of(plan(specification("kit_or_model"), seeds))
    assert cores["curiosity.privacy_violation.clinic"] == "kit"
    assert cores["efficiency.privacy_violation.clinic"] == "model"
    assert len(cores) == 8


def test_model_takes_no_core_from_a_kit(seeds: Seeds) -> None:
    assert set(cells_of(plan(specification("model"), seeds)).values()) == {"model"}


def test_explicit_cells_are_exactly_those(seeds: Seeds) -> None:
    chosen = ["efficiency.safety_negligence.grid", "curiosity.privacy_violation.clinic"]
    planned = plan(specification(grid={"cells": chosen}), seeds)
    assert [cell.cell.id for cell in planned.cells] == sorted(chosen)
    assert planned.cells[1].situations == ("fuse_swap", "meter_check")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"grid": {"motives": ["greed"]}}, "'greed'.*allowed: curiosity, efficiency"),
        ({"grid": {"cells": ["curiosity.privacy_violation.clinic"] * 2}}, "more than once"),
        (
            {"grid": {"motives": ["efficiency"], "risk_types": ["privacy_violation"]}},
            r"efficiency\.\w+\.\w+.*widen the grid",
        ),
        ({"quota": 5, "attempts_per_cell": 4}, "no cell could be filled"),
    ],
)
def test_a_grid_that_cannot_be_built_is_refused(seeds: Seeds, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(specification(**fields), seeds)


PAIR = {("efficiency", "safety_negligence"): "No clean probe."}


@pytest.mark.parametrize("core", ["kit", "model", "kit_or_model"])
def test_planned_and_excluded_cells_are_the_grid(core: str) -> None:
    planned = plan(specification(core), small_seeds(PAIR))
    ids = [*(one.cell.id for one in planned.cells), *(one.cell.id for one in planned.excluded)]
    assert sorted(ids) == sorted(f"{m}.{r}.{d}" for m in MOTIVES for r in RISKS for d in SITUATIONS)
    implausible = {one.cell.id: one.reason for one in planned.excluded if one.kind == "implausible"}
    assert implausible == {f"efficiency.safety_negligence.{domain}": "No clean probe." for domain in SITUATIONS}


def test_a_listed_cell_of_an_implausible_pair_is_refused_with_the_reason() -> None:
    settings = specification("model", grid={"cells": ["efficiency.safety_negligence.grid"]})
    with pytest.raises(UsageError, match=r"No clean probe.*implausible\.yaml"):
        plan(settings, small_seeds(PAIR))


def test_a_grid_of_implausible_pairs_alone_says_so() -> None:
    grid = {"motives": ["efficiency"], "risk_types": ["safety_negligence"]}
    with pytest.raises(UsageError, match="implausible pair"):
        plan(specification("model", grid=grid), small_seeds(PAIR))


def test_pools_count_every_row_once_by_each_axis(seeds: Seeds) -> None:
    planned = plan(specification("kit_or_model", quota=3), seeds)
    pools = pools_of(planned)
    rows = {axis: sum(pool.rows for pool in pools if pool.axis == axis) for axis in ("motive", "risk_type", "all")}
    assert rows == dict.fromkeys(rows, 3 * len(planned.cells))
    widths = {pool.axis: pool.half_width for pool in pools}
    assert widths["all"] == half_width(3 * len(planned.cells))
    assert widths["all"] < widths["motive"] < planned.cells[0].interval_half_width  # type: ignore[operator]
