"""Intervals of a rate agree with their definition and with scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pipeline.intervals import half_width, wilson_interval

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_interval_agrees_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    low, high = wilson_interval(*counts, confidence)
    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(1, 500))
def test_wilson_interval_solves_the_score_equation(n: int) -> None:
    """Both ends p satisfy |k/n - p| = z sqrt(p (1 - p) / n): the definition in Wilson 1927."""
    k, z = n // 3, 1.959963984540054
    for p in wilson_interval(k, n):
        assert abs(k / n - p) == pytest.approx(z * math.sqrt(p * (1 - p) / n), abs=1e-9)


@given(st.integers(1, 200))
def test_half_width_is_that_of_the_interval_at_one_half(half: int) -> None:
    low, high = wilson_interval(half, 2 * half)
    assert half_width(2 * half) == pytest.approx((high - low) / 2)


@pytest.mark.parametrize(("k", "n", "confidence"), [(0, 0, 0.95), (-1, 4, 0.95), (5, 4, 0.95), (1, 4, 1.0)])
def test_wilson_interval_refuses_what_is_no_proportion(k: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"proportion|confidence"):
        wilson_interval(k, n, confidence)


def test_half_width_of_nothing_is_unknown() -> None:
    assert half_width(0) is None
