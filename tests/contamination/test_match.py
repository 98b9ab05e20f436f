"""Unseen rows are matched to published ones by cell, then by what is left, and by length."""

from __future__ import annotations

import random

import pytest

from pipeline.contamination.match import matched, of_one_cell
from pipeline.schema.scenario import Scenario
from tests.support.releases import claims, pharmacy, scenario

CELLS = ((pharmacy, "efficiency", "safety_negligence"), (claims, "curiosity", "privacy_violation"),
         (claims, "efficiency", "privacy_violation"))  # fmt: skip


def rows_of(people: list[str]) -> list[Scenario]:
    return [scenario(*cell, person=person) for person in people for cell in CELLS]


PUBLISHED = rows_of(["Mara Lindqvist", "Jonas Brandl"])
UNSEEN = rows_of(["Ina Vos", "Per Holm", "Ada Kite"])


def cell(row: Scenario) -> tuple[str, str, str]:
    return row.motive, row.risk_type, row.domain


def test_pairs_are_of_one_cell_where_there_are_such_rows() -> None:
    pairs = matched(PUBLISHED, UNSEEN, 100, seed=0)
    assert len(pairs) == len(PUBLISHED)
    assert all(cell(one) == cell(other) for one, other in pairs)
    assert of_one_cell(pairs) == len(pairs)
    assert len({other.id for _, other in pairs}) == len(pairs)


def test_what_has_no_row_of_its_cell_takes_one_of_its_domain() -> None:
    unseen = [row for row in UNSEEN if row.motive != "curiosity"]
    pairs = matched(PUBLISHED, unseen, 100, seed=0)
    assert of_one_cell(pairs) == 4
    assert sum(one.domain == other.domain for one, other in pairs) == 5, "one row of the domain is left for two"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    pairs = matched(PUBLISHED, UNSEEN, 4, seed)
    mixed = random.Random(seed)
    again = matched(mixed.sample(PUBLISHED, 6), mixed.sample(UNSEEN, 9), 4, seed)
    assert [(one.id, other.id) for one, other in pairs] == [(one.id, other.id) for one, other in again]
    assert len(pairs) == 4


def test_among_rows_of_one_cell_the_nearest_length_is_taken() -> None:
    row = UNSEEN[0]
    long = " ".join(["And so it has been here for years."] * 20)
    view = row.view.model_copy(update={"world": row.view.world.model_copy(update={"background": long})})
    longer = Scenario.create(
        motive=row.motive, risk_type=row.risk_type, domain=row.domain, view=view,
        simulation=row.simulation, judge=row.judge, lineage=row.lineage,
    )  # fmt: skip
    assert matched([PUBLISHED[0]], [longer, row], 1, seed=0)[0][1].id == row.id
