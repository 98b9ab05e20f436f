"""Identities of the Vendi score, and nearest-neighbour distances against all pairs by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.diversity import plots
from pipeline.diversity.plots import BLOCK_ROWS, nearest_distances, vendi_score

Vectors = NDArray[np.float32]


@st.composite
def unit_vectors(draw: st.DrawFn, least: int = 1) -> Vectors:
    """Up to 12 unit vectors in up to 8 dimensions, so that both sides of rows = dimensions are met."""
    rows, dimensions = draw(st.integers(least, 12)), draw(st.integers(1, 8))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = dice.normal(size=(rows, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@given(unit_vectors(), st.integers(1, 20))
def test_equal_rows_are_one(vectors: Vectors, times: int) -> None:
    assert vendi_score(np.repeat(vectors[:1], times, axis=0)) == pytest.approx(1, abs=1e-5)


@given(st.integers(1, 12), st.integers(0, 12))
def test_orthogonal_rows_are_as_many_as_they_are(rows: int, more_dimensions: int) -> None:
    vectors = np.eye(rows, rows + more_dimensions, dtype=np.float32)
    assert vendi_score(vectors) == pytest.approx(rows)


@given(unit_vectors(), st.randoms())
def test_order_does_not_matter(vectors: Vectors, dice: object) -> None:
    order = np.arange(len(vectors))
    dice.shuffle(order)  # type: ignore[attr-defined]
    assert vendi_score(vectors[order]) == pytest.approx(vendi_score(vectors), rel=1e-9)


@given(unit_vectors())
def test_between_one_and_the_number_of_rows(vectors: Vectors) -> None:
    assert 1 - 1e-6 <= vendi_score(vectors) <= len(vectors) + 1e-6


@given(unit_vectors(), st.integers(2, 4))
def test_telling_every_row_again_changes_nothing(vectors: Vectors, times: int) -> None:
    assert vendi_score(np.repeat(vectors, times, axis=0)) == pytest.approx(vendi_score(vectors), rel=1e-6)


def test_two_rows_at_an_angle_by_hand() -> None:
    """K / 2 of two rows with cosine c has the eigenvalues (1 + c) / 2 and (1 - c) / 2."""
    vectors = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)
    assert vendi_score(vectors) == pytest.approx(math.exp(-0.8 * math.log(0.8) - 0.2 * math.log(0.2)))


def test_no_row_has_no_score() -> None:
    with pytest.raises(ValueError, match="no rows"):
        vendi_score(np.zeros((0, 4), dtype=np.float32))


@given(unit_vectors(least=2))
def test_nearest_is_the_least_over_all_other_rows(vectors: Vectors) -> None:
    exact = vectors.astype(np.float64)
    expected = [
        min(1 - float(row @ other) for at, other in enumerate(exact) if at != number)
        for number, row in enumerate(exact)
    ]
    assert nearest_distances(vectors) == pytest.approx(np.clip(expected, 0, None), abs=1e-9)


@given(unit_vectors(), st.integers(1, 6), st.integers(1, 6))
def test_where_blocks_end_changes_nothing(vectors: Vectors, rows: int, wide: int) -> None:
    nearest, others, score = nearest_distances(vectors), nearest_distances(vectors, vectors[::2]), vendi_score(vectors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "BLOCK_ROWS", rows)
        patch.setattr(plots, "WIDE_BLOCK_ROWS", wide)
        assert nearest_distances(vectors) == (None if nearest is None else pytest.approx(nearest, abs=1e-12))
        assert nearest_distances(vectors, vectors[::2]) == pytest.approx(others, abs=1e-12)
        assert vendi_score(vectors) == pytest.approx(score, rel=1e-9)


def test_rows_of_a_later_block_are_not_near_to_themselves() -> None:
    """Points on a circle, more than fit a block: each has its neighbour at the same angle."""
    rows = BLOCK_ROWS + 76
    angles = np.arange(rows) * 2 * np.pi / rows
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    nearest = nearest_distances(vectors)
    assert nearest is not None
    assert nearest == pytest.approx(np.full(rows, 1 - math.cos(2 * math.pi / rows)), abs=2e-7)
    assert nearest.min() > 0


def test_nearest_of_others() -> None:
    vectors = np.eye(2, dtype=np.float32)
    others = np.array([[0.6, 0.8]], dtype=np.float32)
    assert nearest_distances(vectors, others) == pytest.approx([0.4, 0.2])


@pytest.mark.parametrize(("rows", "others"), [(1, None), (0, None), (0, 1), (2, 0)])
def test_nobody_to_be_near_to_is_unmeasured(rows: int, others: int | None) -> None:
    among = None if others is None else np.eye(others, 3, dtype=np.float32)
    assert nearest_distances(np.eye(rows, 3, dtype=np.float32), among) is None
