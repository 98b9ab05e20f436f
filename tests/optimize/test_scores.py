"""Intervals over examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.optimize.scores import gained, measured

scores = st.dictionaries(st.text(min_size=1), st.floats(0, 1), min_size=2, max_size=20)


@given(scores)
def test_the_mean_lies_in_its_interval_and_the_interval_among_the_scores(found: dict[str, float]) -> None:
    result = measured(found, 200)
    assert min(found.values()) - 1e-6 <= result.low <= result.high <= max(found.values()) + 1e-6
    assert result.n == len(found)


@given(scores, st.floats(-1, 1))
def test_an_equal_gain_everywhere_is_certain_however_much_examples_differ(found: dict[str, float], by: float) -> None:
    result = gained(found, {name: score + by for name, score in found.items()}, 200)
    assert result.low == pytest.approx(by, abs=2e-6)
    assert result.high == pytest.approx(by, abs=2e-6)


@given(scores)
def test_the_order_of_examples_does_not_matter(found: dict[str, float]) -> None:
    assert measured(dict(reversed(found.items())), 200) == measured(found, 200)


def test_programs_are_compared_on_the_same_examples_only() -> None:
    with pytest.raises(ValueError, match="different examples"):
        gained({"a": 1.0, "b": 0.0}, {"a": 1.0, "c": 0.0}, 200)
