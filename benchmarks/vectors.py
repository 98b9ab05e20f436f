"""Sets of unit vectors for the benchmark of deduplication: 384 dimensions, seeded, with near-copies in them.

``topics`` is closest to what texts give: the variances of the dimensions fall off as a power, rows gather around plots
and plots around topics. ``clumps`` are isotropic clusters, all of them equally far from each other. ``loose`` has no
structure but its copies, the worst case of any index. A tenth of the rows of each set are copies of others with noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 384
COPIES = 0.1


def made(kind: str, rows: int, seed: int = 0) -> NDArray[np.float32]:
    """Return unit vectors, float32, shape (rows, 384).

    Args:
        kind: a key of :data:`KINDS`.
        rows: how many.
        seed: of all draws.
    """
    random = np.random.default_rng(seed)
    vectors = KINDS[kind](random, rows)
    number = int(COPIES * rows)
    copied, copies = random.integers(0, rows, number), random.permutation(rows)[:number]
    noise = _normal(random, number) * np.float32(0.35 / np.sqrt(DIMENSIONS))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit[copies] = unit[copied] + noise * random.random((number, 1), dtype=np.float32)
    whole: NDArray[np.float32] = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    return whole


def _topics(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    spectrum = (np.arange(1, DIMENSIONS + 1) ** -0.5).astype(np.float32)
    topics = _normal(random, max(20, rows // 500)) * spectrum
    number = max(50, rows // 5)
    plots = 0.7 * topics[random.integers(0, len(topics), number)] + 0.7 * _normal(random, number) * spectrum
    spread = random.uniform(0.1, 0.8, size=(rows, 1)).astype(np.float32)
    around: NDArray[np.float32] = plots[random.integers(0, number, rows)] + _normal(random, rows) * spectrum * spread
    return around


def _clumps(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    centres = _normal(random, max(20, rows // 50))
    spread = random.uniform(0.1, 1.2, size=(rows, 1)).astype(np.float32)
    around: NDArray[np.float32] = centres[random.integers(0, len(centres), rows)] + _normal(random, rows) * spread
    return around


def _loose(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    return _normal(random, rows)


def _normal(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    return random.standard_normal((rows, DIMENSIONS), dtype=np.float32)


KINDS = {"topics": _topics, "clumps": _clumps, "loose": _loose}
"""Makers of the sets, by name."""
