"""The most diverse rows."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.deduplicate.diverse import most_diverse


def unit(seed: int, rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    made = np.random.default_rng(seed).normal(size=(rows, 5))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def apart(vectors: np.ndarray[tuple[int, ...], np.dtype[np.float32]], chosen: list[int]) -> float:
    return min(float(np.linalg.norm(vectors[a] - vectors[b])) for a, b in combinations(chosen, 2))


@given(seed=st.integers(0, 2**32 - 1), number=st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_the_least_distance_is_at_least_half_of_the_best(seed: int, number: int) -> None:
    vectors = unit(seed, 9)
    chosen = most_diverse(vectors, number)
    best = max(apart(vectors, list(some)) for some in combinations(range(9), number))
    assert len(set(chosen)) == number
    assert apart(vectors, chosen) >= best / 2 - 1e-6


def test_one_of_each_clump_is_kept() -> None:
    clumps = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    assert most_diverse(clumps, 4) == [0, 5, 10, 15]


@pytest.mark.parametrize("number", [3, 4])
def test_no_more_than_there_are(number: int) -> None:
    assert most_diverse(unit(1, 3), number) == [0, 1, 2]
