"""Near pairs against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.deduplicate.blocked import Precision, blocked_pairs, error_of
from pipeline.deduplicate.cells import Cells, pairs_in_cells
from pipeline.deduplicate.semantic import MARGIN, Method, Pairs, near_between, near_pairs, scored
from pipeline.deduplicate.shortened import shortened


def clustered(rows: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors around a hundred centres, so that there are pairs at every cosine."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(100, dimensions))
    vectors = centres[random.integers(0, 100, rows)] + random.normal(size=(rows, dimensions)) * random.uniform(
        0.02, 0.8, size=(rows, 1)
    )
    unit: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def brute_force(vectors: NDArray[np.float32], floor: float, first: int = 0) -> dict[tuple[int, int], float]:
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    left, right = np.nonzero(np.triu(cosines, 1) >= floor)
    return {(int(i), int(j)): float(cosines[i, j]) for i, j in zip(left, right, strict=True) if j >= first}


def cosines(vectors: NDArray[np.float32], pairs: set[tuple[int, int]]) -> list[float]:
    wide = vectors.astype(np.float64)
    return [float(wide[left] @ wide[right]) for left, right in pairs]


def as_dict(pairs: Pairs) -> dict[tuple[int, int], float]:
    return {(int(i), int(j)): float(c) for i, j, c in zip(pairs.left, pairs.right, pairs.cosine, strict=True)}


@pytest.mark.parametrize("first", [0, 700, 1400])
def test_flat_search_finds_what_brute_force_finds(first: int) -> None:
    vectors = clustered(1500, 48, seed=1)
    expected = brute_force(vectors, 0.9, first)
    assert len(expected) > 10
    assert as_dict(near_pairs(vectors, 0.9, first=first)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", ["flat", "cells", "blocked"])
def test_pairs_of_one_label_are_left_out_and_no_other(method: Method) -> None:
    vectors = clustered(1500, 48, seed=3)
    labels = np.random.default_rng(4).integers(0, 3, len(vectors)).astype(np.int32)
    everything = brute_force(vectors, 0.8, 300)
    expected = {(left, right): cosine for (left, right), cosine in everything.items() if labels[left] != labels[right]}
    assert 10 < len(expected) < len(everything)
    found = near_pairs(vectors, 0.8, first=300, labels=labels, method=method)
    assert as_dict(found) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", ["flat", "cells", "blocked"])
@pytest.mark.parametrize("floor", [0.6, 0.92])
@pytest.mark.parametrize("first", [0, 2900])
def test_every_method_finds_the_same_pairs(method: Method, floor: float, first: int) -> None:
    vectors = clustered(3000, 48, seed=2)
    found = near_pairs(vectors, floor, first=first, method=method)
    assert found.method == method
    assert as_dict(found) == pytest.approx(brute_force(vectors, floor, first), abs=1e-12)


@pytest.mark.parametrize("method", ["flat", "cells", "blocked"])
def test_rows_that_are_equal_or_all_over_the_place_are_no_exception(method: Method) -> None:
    random = np.random.default_rng(5)
    loose = random.normal(size=(900, 24))
    loose[500:600] = loose[0]
    vectors: NDArray[np.float32] = (loose / np.linalg.norm(loose, axis=1, keepdims=True)).astype(np.float32)
    found = as_dict(near_pairs(vectors, 0.5, method=method))
    assert found == pytest.approx(brute_force(vectors, 0.5), abs=1e-12)
    assert sum(cosine > 0.9999 for cosine in found.values()) == 101 * 100 // 2


def test_rows_in_clumps_are_searched_by_cells_and_loose_ones_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.deduplicate.semantic.FLAT_ROWS", 100)
    random = np.random.default_rng(6)
    loose = random.normal(size=(2000, 64))
    tight = np.repeat(random.normal(size=(40, 64)), 50, axis=0) + 0.1 * loose
    methods = []
    for rows in (tight, loose):
        unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        methods.append(near_pairs(unit.astype(np.float32), 0.9).method)
    assert methods == ["cells", "blocked"]


@given(seed=st.integers(0, 2**32 - 1), floor=st.floats(0.05, 0.99), number=st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_no_choice_of_centres_loses_a_pair(seed: int, floor: float, number: int) -> None:
    """The proof of the cells: whatever the centres, each near pair is among the candidates."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(120, 6)) + random.normal(size=(1, 6))
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = unit.astype(np.float32)
    centres = vectors[random.integers(0, len(vectors), number)]
    cells = Cells(centres, floor)
    found = {(min(a, b), max(a, b)) for lefts, rights in pairs_in_cells(vectors, cells, floor - 1e-3)
             for a, b in zip(lefts.tolist(), rights.tolist(), strict=True)}  # fmt: skip
    assert set(brute_force(vectors, floor)) <= found


@given(seed=st.integers(0, 2**32 - 1), fall=st.floats(0.5, 3.0), scale=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_products_of_shortened_vectors_are_never_below_the_true_ones(seed: int, fall: float, scale: float) -> None:
    random = np.random.default_rng(seed)
    spectrum = np.arange(1, 49) ** -fall
    rows = random.normal(size=(80, 48)) * spectrum + scale * random.normal(size=48) * spectrum
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    short = shortened(unit)
    assert short.shape[1] == 48 // 3 + 1 or short is unit
    assert np.all(short @ short.T >= unit @ unit.T - 1e-3)


def test_vectors_that_fill_all_dimensions_are_not_shortened() -> None:
    random = np.random.default_rng(9)
    rows = random.normal(size=(3000, 48))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    assert shortened(unit) is unit
    falling = rows * np.arange(1, 49) ** -1.0
    assert shortened((falling / np.linalg.norm(falling, axis=1, keepdims=True)).astype(np.float32)).shape == (3000, 17)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
def test_lower_precision_only_adds_candidates(precision: Precision) -> None:
    vectors = clustered(1200, 384, seed=7)
    exact = brute_force(vectors, 0.9)
    assert len(exact) > 10
    candidates = {
        pair
        for lefts, rights in blocked_pairs(vectors, 0.9, precision=precision, block=256)
        for pair in zip(lefts.tolist(), rights.tolist(), strict=True)
    }
    assert set(exact) <= candidates
    assert all(cosine >= 0.9 - 2 * error_of(precision, 384) for cosine in cosines(vectors, candidates))


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
def test_the_path_for_a_gpu_finds_the_pairs_of_faiss_to_the_last_bit(precision: Precision) -> None:
    vectors = clustered(2500, 384, seed=9)
    flat = near_pairs(vectors, 0.9, method="flat")
    assert len(flat.left) > 10
    found = scored(blocked_pairs(vectors, 0.9 - MARGIN, precision=precision, block=512), vectors, 0.9)
    assert as_dict(found) == as_dict(flat)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float32"])
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-4, 1.0))
@settings(max_examples=30, deadline=None)
def test_the_error_of_a_precision_is_a_bound(precision: Precision, seed: int, scale: float) -> None:
    import torch

    random = np.random.default_rng(seed)
    rows = random.normal(size=(20, 384)) * random.choice([1.0, scale], size=(1, 384))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    true = unit.astype(np.float64) @ unit.T.astype(np.float64)
    lower = torch.from_numpy(unit).to(getattr(torch, precision))
    said = (lower @ lower.T).to(torch.float64).numpy()
    assert np.abs(said - true).max() <= error_of(precision, 384)


def test_stored_and_fresh_rows_are_compared_with_each_other_alone() -> None:
    vectors = clustered(900, 48, seed=8)
    stored, fresh = vectors[:700], vectors[700:]
    expected = {(i, j - 700): cosine for (i, j), cosine in brute_force(vectors, 0.8, 700).items() if i < 700}
    assert expected
    assert as_dict(near_between(stored, fresh, 0.8)) == pytest.approx(expected, abs=1e-12)
    assert len(near_between(stored[:0], fresh, 0.8).left) == 0


def test_blocks_of_queries_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clustered(300, 16, seed=3)
    whole = as_dict(near_pairs(vectors, 0.8))
    monkeypatch.setattr("pipeline.deduplicate.semantic.QUERY_ROWS", 7)
    assert as_dict(near_pairs(vectors, 0.8)) == whole


def test_a_pair_exactly_at_the_floor_is_found() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]], dtype=np.float32)
    floor = float(vectors[0].astype(np.float64) @ vectors[1].astype(np.float64))
    assert set(as_dict(near_pairs(vectors, floor))) == {(0, 1), (0, 2), (1, 2)}


def test_pairs_come_sorted_by_the_later_row() -> None:
    pairs = near_pairs(clustered(400, 16, seed=4), 0.7)
    keys = list(zip(pairs.right.tolist(), pairs.left.tolist(), strict=True))
    assert keys == sorted(keys)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_pair_among_fewer_than_two_rows(rows: int) -> None:
    assert len(near_pairs(np.full((rows, 4), 0.5, dtype=np.float32), 0.5).left) == 0
