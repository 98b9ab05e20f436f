"""The map and the neighbours are those of the vectors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.plots import NEIGHBOURS, STEPS, plot_map

ENCODER = ("words", "0" * 64)


def unit(rows: int, dimensions: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(rows=st.integers(3, 40), seed=st.integers(0, 10_000))
def test_axes_are_those_of_scikit_learn(rows: int, seed: int) -> None:
    from sklearn.decomposition import PCA

    vectors = unit(rows, 8, seed)
    ids = [f"sc-{number:03}" for number in range(rows)]
    found = plot_map(ids, vectors, ENCODER)
    other = PCA(n_components=2, svd_solver="full").fit(vectors)
    assert np.allclose(found.shares, other.explained_variance_ratio_, atol=2e-3)
    flat = other.transform(vectors)
    flat = (flat - flat.min(axis=0)) / np.ptp(flat, axis=0).max() * STEPS
    ours = np.array([found.at[identity] for identity in ids])
    for axis in (0, 1):
        turned = flat[:, axis].max() - flat[:, axis]
        assert min(abs(ours[:, axis] - flat[:, axis]).max(), abs(ours[:, axis] - turned).max()) <= STEPS / 500


def test_the_same_vectors_give_the_same_map_within_the_steps() -> None:
    vectors = unit(50, 16, 3)
    ids = [f"sc-{number}" for number in range(50)]
    noise = vectors + np.float32(1e-7)
    one, other = plot_map(ids, vectors, ENCODER), plot_map(ids, noise, ENCODER)
    assert max(abs(a - b) for i in ids for a, b in zip(one.at[i], other.at[i], strict=True)) <= 1
    assert plot_map(ids, vectors, ENCODER) == one


def test_neighbours_are_the_nearest_others() -> None:
    vectors = unit(30, 6, 1)
    ids = [f"sc-{number:02}" for number in range(30)]
    near = plot_map(ids, vectors, ENCODER).near
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    for row, identity in enumerate(ids):
        nearest = np.argsort(-cosines[row])[:NEIGHBOURS]
        assert [other for other, _ in near[identity]] == [ids[other] for other in nearest]
        assert np.allclose([cosine for _, cosine in near[identity]], cosines[row][nearest], atol=1e-3)


def test_rows_without_a_plot_have_no_place() -> None:
    found = plot_map(["sc-a", "sc-b"], unit(2, 4, 0), ENCODER).as_json(["sc-b", None, "sc-a", "sc-a"])
    assert found["x"][1] == found["y"][1] == -1
    assert found["near"][:NEIGHBOURS] == [2] + [-1] * (NEIGHBOURS - 1)
    assert found["near"][NEIGHBOURS : 2 * NEIGHBOURS] == [-1] * NEIGHBOURS
    assert plot_map([], np.zeros((0, 4), np.float32), ENCODER).as_json([None])["x"] == [-1]
