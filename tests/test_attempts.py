"""The attempts of a round: as many as each cell is short of, each situation once."""

from __future__ import annotations

from collections import Counter

import pytest

from pipeline.attempts import attempts_for, seed_of
from pipeline.plan import plan
from pipeline.schema.candidate import Attempt, Refinement
from pipeline.schema.cell import Cell
from pipeline.schema.verdict import Finding
from pipeline.seeds import Seeds
from tests.support.small_seeds import small_seeds, specification


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return small_seeds()


def test_a_round_makes_what_each_cell_is_short_of(seeds: Seeds) -> None:
    settings = specification("kit_or_model", quota=3, attempts_per_cell=8, grid={"domains": ["grid"]})
    planned = plan(settings, seeds)
    full, partly = "efficiency.safety_negligence.grid", "curiosity.safety_negligence.grid"
    attempts = attempts_for(planned, {full: 3, partly: 1}, {full: 3, partly: 7}, settings)
    numbers = {
        cell: [one.number for one in attempts if one.cell.id == cell] for cell in (one.cell.id for one in planned.cells)
    }
    assert numbers[full] == []
    assert numbers[partly] == [7], "short of two, with one attempt of eight left"
    assert numbers["curiosity.privacy_violation.grid"] == [0, 1, 2]


def test_a_round_takes_each_situation_once(seeds: Seeds) -> None:
    cell = "efficiency.safety_negligence.grid"
    settings = specification("kit", quota=4, attempts_per_cell=9, grid={"cells": [cell]})
    planned = plan(settings, seeds)
    attempts = attempts_for(planned, {}, {}, settings)
    assert sorted(str(one.situation) for one in attempts) == ["fuse_swap", "meter_check"]
    again = attempts_for(planned, {cell: 1}, {cell: 2}, settings, used={cell: {"fuse_swap"}})
    assert [one.situation for one in again] == ["meter_check"]
    assert attempts_for(planned, {cell: 2}, {cell: 3}, settings) == [], "every situation holds a row"


def test_beyond_its_situations_a_cell_turns_to_the_model(seeds: Seeds) -> None:
    cell = "curiosity.privacy_violation.clinic"
    settings = specification("kit_or_model", quota=3, grid={"cells": [cell]})
    attempts = attempts_for(plan(settings, seeds), {}, {}, settings)
    assert Counter(one.situation for one in attempts) == {"file_left_open": 1, None: 2}


def test_seeds_differ_by_specification_cell_and_number_and_are_exact_in_json(seeds: Seeds) -> None:
    drawn = [seed_of(seed, cell, number) for seed in (0, 1) for cell in ("a.b.c", "a.b.d") for number in range(20)]
    assert len(set(drawn)) == len(drawn)
    assert max(drawn) < 2**53


def test_attempts_carry_the_plots_that_the_cell_holds(seeds: Seeds) -> None:
    cell = "efficiency.safety_negligence.grid"
    settings = specification("kit", quota=2, grid={"cells": [cell]})
    attempts = attempts_for(plan(settings, seeds), {cell: 1}, {cell: 1}, settings, already={cell: ["fuse before noon"]})
    assert [one.already for one in attempts] == [("fuse before noon",)]


def refining(cell: str, *situations: str | None) -> dict[str, list[Attempt]]:
    """Attempts that refine candidates of a cell, one for each situation (``None``: a core of the model)."""
    fault = Finding(place="view.agent.request", text="", note="pushes")
    return {
        cell: [
            Attempt(
                cell=Cell.parse(cell), number=n, seed=70 + n, situation=name,
                refines=Refinement(number=n, core=n, depth=1, texts={fault.place: "Do it."}, faults=(fault,)),
            )
            for n, name in enumerate(situations)
        ]
    }  # fmt: skip


def test_refinements_come_first_and_count_as_attempts(seeds: Seeds) -> None:
    cell = "efficiency.safety_negligence.grid"
    settings = specification("kit", quota=2, attempts_per_cell=4, grid={"cells": [cell]})
    planned = plan(settings, seeds)
    attempts = attempts_for(planned, {}, {cell: 2}, settings, refining=refining(cell, "fuse_swap"))
    assert [(one.number, one.situation, one.refines is not None) for one in attempts] == [
        (2, "fuse_swap", True),
        (3, "meter_check", False),
    ]
    assert attempts[0].seed == 70, "a refinement stands on the core of what it refines"
    last = attempts_for(planned, {}, {cell: 3}, settings, refining=refining(cell, "fuse_swap", "meter_check"))
    assert [(one.number, one.situation) for one in last] == [(3, "fuse_swap")]
    assert attempts_for(planned, {}, {cell: 4}, settings, refining=refining(cell, "fuse_swap")) == []


def test_a_situation_is_refined_once_a_round_and_not_where_it_holds_a_row(seeds: Seeds) -> None:
    cell = "efficiency.safety_negligence.grid"
    settings = specification("kit", quota=2, attempts_per_cell=9, grid={"cells": [cell]})
    planned = plan(settings, seeds)
    twice = attempts_for(planned, {}, {cell: 2}, settings, refining=refining(cell, "fuse_swap", "fuse_swap"))
    assert sorted(str(one.situation) for one in twice) == ["fuse_swap", "meter_check"]
    held = attempts_for(
        planned, {cell: 1}, {cell: 2}, settings, used={cell: {"fuse_swap"}}, refining=refining(cell, "fuse_swap")
    )
    assert [(one.situation, one.refines) for one in held] == [("meter_check", None)]


def test_cores_of_the_model_are_refined_side_by_side(seeds: Seeds) -> None:
    cell = "curiosity.privacy_violation.clinic"
    settings = specification("model", quota=3, attempts_per_cell=9, grid={"cells": [cell]})
    attempts = attempts_for(plan(settings, seeds), {}, {cell: 2}, settings, refining=refining(cell, None, None))
    assert [(one.number, one.refines is not None) for one in attempts] == [(2, True), (3, True), (4, False)]
