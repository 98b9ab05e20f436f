"""The funnel counts each candidate once, at the step that turned it away."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pipeline.release.funnel import HEAD, REVIEW, STEPS, cell_results, funnel, turned_away_at
from pipeline.schema.candidate import Candidate
from tests.support.releases import pharmacy, sample_candidates, sample_plan, sample_specification, scenario

CANDIDATES = sample_candidates(sample_specification())


def test_steps_follow_on_each_other_down_to_the_rows() -> None:
    steps = funnel(CANDIDATES)
    assert [step.step for step in steps] == [HEAD, *(step for step in STEPS if step != REVIEW)]
    assert steps[0].entered == len(CANDIDATES) == 14
    for before, after in pairwise(steps):
        assert after.entered == before.passed
    for step in steps:
        assert step.entered == step.passed + step.turned_away
        assert step.errors <= step.turned_away
    assert steps[-1].passed == sum(candidate.accepted for candidate in CANDIDATES) == 6


def test_each_fate_counts_at_its_step() -> None:
    by_step = {step.step: step for step in funnel(CANDIDATES)}
    away = {name: step.turned_away for name, step in by_step.items() if step.turned_away}
    assert away == dict.fromkeys(
        ["core", "prose", "novelty", "leakage", "benignness", "relevance", "realism", "selection"], 1
    )
    assert {name for name, step in by_step.items() if step.errors} == {"realism"}


def test_a_failure_without_a_decision_counts_at_the_step_that_failed() -> None:
    failed = [one.model_copy(update={"decision": None}) for one in CANDIDATES if one.failure]
    assert [turned_away_at(one) for one in failed] == ["core", "prose"]


def test_an_undecided_candidate_is_refused() -> None:
    fresh = Candidate.of(CANDIDATES[0].attempt, scenario=scenario(pharmacy, "efficiency", "safety_negligence"))
    with pytest.raises(ValueError, match=fresh.id):
        funnel([fresh])


def test_nothing_made_is_an_empty_funnel() -> None:
    assert {(step.entered, step.passed) for step in funnel([])} == {(0, 0)}


def test_short_cells_say_why_and_full_ones_do_not() -> None:
    plan = sample_plan(CANDIDATES)
    results = {result.cell.id: result for result in cell_results(plan.cells, CANDIDATES, "attempts", "2026.11.0")}
    assert list(results) == [cell.cell.id for cell in plan.cells]
    full = results["efficiency.safety_negligence.healthcare"]
    assert (full.accepted, full.attempts, full.short_because) == (2, 4, "")
    short = results["loyalty.corrupt_practice.procurement"]
    assert (short.accepted, short.attempts) == (0, 2)
    assert short.short_because == "its attempts were used up; turned away: 1 at core, 1 at prose"


def test_a_cell_that_was_never_tried_says_so() -> None:
    plan = sample_plan(CANDIDATES)
    [first, *_] = cell_results(plan.cells, [], "budget", "2026.11.0")
    assert first.short_because == "nothing was tried: the budget ran out"
