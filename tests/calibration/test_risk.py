"""The threshold holds its bound in expectation, is the loosest that does, and is refused where rows are too few."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.calibration.risk import choose_threshold, halves, least_rows

scores = st.lists(st.one_of(st.none(), st.floats(0, 0.99)), max_size=60)


def test_over_many_draws_the_mean_risk_is_within_the_bound() -> None:
    random.seed(3)
    risks = []
    for _ in range(300):
        chosen = choose_threshold([random.betavariate(2, 3) for _ in range(49)], 0.1)
        assert chosen.above is not None
        fresh = [random.betavariate(2, 3) for _ in range(400)]
        risks.append(sum(score > chosen.above for score in fresh) / len(fresh))
    mean = sum(risks) / len(risks)
    assert mean <= 0.1 + 0.01
    assert mean > 0.05, "tight up to 1/(n+1): far below the bound, the threshold is not the loosest"


@given(scores, st.floats(0.01, 0.9))
def test_the_corrected_risk_holds_the_bound_and_the_next_looser_threshold_does_not(
    given_scores: list[float | None], bound: float
) -> None:
    chosen, n = choose_threshold(given_scores, bound), len(given_scores)
    if chosen.above is None:
        assert n < least_rows(bound)
        return
    known = [score for score in given_scores if score is not None]
    assert (sum(score > chosen.above for score in known) + 1) / (n + 1) <= bound + 1e-8
    if chosen.above > 0:
        looser = sum(score >= chosen.above for score in known)
        assert (looser + 1) / (n + 1) > bound - 1e-8


@pytest.mark.parametrize(("bound", "least"), [(0.05, 19), (0.1, 9), (0.01, 99), (0.5, 1)])
def test_too_few_rows_are_told_with_the_number_needed(bound: float, least: int) -> None:
    assert choose_threshold([0.1] * least, bound).above is not None
    few = choose_threshold([0.1] * (least - 1), bound)
    assert few.above is None
    assert few.why.startswith("too few")
    assert f"1/{least}" in few.why


def test_no_threshold_where_too_many_have_the_best_score() -> None:
    assert choose_threshold([1.0] * 30, 0.05).above is None


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1), st.integers(0, 9))
def test_a_group_lies_in_one_half(rows: list[tuple[int, bool]], seed: int) -> None:
    groups, benign = [str(group) for group, _ in rows], [label for _, label in rows]
    choosing = halves(groups, benign, seed)
    assert len(set(zip(groups, choosing, strict=True))) == len(set(groups))
