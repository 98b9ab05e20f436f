"""Figures agree with the definitions and with libraries of others."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from pipeline.calibration.rates import auc, errors_of, krippendorff_alpha, roc_of

scored = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({label for _, label in rows}) == 2
)
answers = st.lists(st.lists(st.sampled_from([True, False, None]), min_size=8, max_size=8), min_size=2, max_size=4)


@given(scored)
def test_the_area_is_the_mann_whitney_statistic(rows: list[tuple[int, bool]]) -> None:
    scores, benign = np.array([score / 8 for score, _ in rows]), np.array([label for _, label in rows])
    statistic = mannwhitneyu(scores[benign], scores[~benign]).statistic
    assert auc(scores, benign) == pytest.approx(statistic / (benign.sum() * (~benign).sum()))
    assert auc(scores, benign) == pytest.approx(roc_auc_score(benign, scores))


@settings(deadline=None, max_examples=20)
@given(scored)
def test_each_point_of_the_curve_is_what_its_threshold_does(rows: list[tuple[int, bool]]) -> None:
    scores, benign = [score / 8 for score, _ in rows], [label for _, label in rows]
    roc = roc_of(scores, benign, [str(number) for number in range(len(rows))], 0.95, 0)
    assert roc is not None
    for point in roc.points:
        errors = errors_of([point.above is None or score > point.above for score in scores], benign, 0.95)
        assert errors.true_positive.rate == pytest.approx(point.true_positive_rate)
        assert errors.false_positive.rate == pytest.approx(point.false_positive_rate)


@given(answers)
def test_alpha_is_that_of_the_library(table: list[list[bool | None]]) -> None:
    ours = krippendorff_alpha(table)
    if ours is not None:
        numbers = [[np.nan if answer is None else float(answer) for answer in row] for row in table]
        assert ours == pytest.approx(krippendorff.alpha(numbers, level_of_measurement="nominal"))


def test_what_did_not_answer_counts_as_turned_away() -> None:
    errors = errors_of([False, True, True, False], [False, False, True, True], 0.95)
    assert (errors.true_positive.rate, errors.false_positive.rate, errors.balanced_accuracy) == (0.5, 0.5, 0.5)
