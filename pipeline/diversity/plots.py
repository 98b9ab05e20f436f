"""Diversity of vectors: the Vendi score, and distances to the nearest neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 1024
WIDE_BLOCK_ROWS = 8192
"""Rows that are held in float64 at once."""
LOW_PERCENTILE = 5


def vendi_score(vectors: NDArray[np.float32]) -> float:
    """Return the Vendi score of unit vectors under the cosine kernel (Friedman and Dieng 2023, arXiv:2210.02410).

    It is the exponential of the entropy of the eigenvalues of K / n, where K holds the cosine of each
    two rows: the effective number of distinct rows, 1 where all are the same, n where all are orthogonal.
    K = V V' and V' V have the same eigenvalues but for zeros, so the smaller one is taken.

    Args:
        vectors: unit vectors, shape (rows, dimensions).

    Raises:
        ValueError: if there is no row.
    """
    rows, dimensions = vectors.shape
    if not rows:
        raise ValueError("no rows, so there is no Vendi score")
    if rows <= dimensions:
        exact = vectors.astype(np.float64)
        gram = exact @ exact.T
    else:
        blocks = (vectors[start : start + WIDE_BLOCK_ROWS].astype(np.float64) for start in _starts(rows))
        gram = sum((exact.T @ exact for exact in blocks), np.zeros((dimensions, dimensions)))
    shares = np.linalg.eigvalsh(gram).clip(min=0)
    shares = shares[shares > 0] / shares.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def nearest_distances(
    vectors: NDArray[np.float32], others: NDArray[np.float32] | None = None
) -> NDArray[np.float64] | None:
    """Return each row's smallest distance, 1 - cosine in float64, to the others.

    Args:
        vectors: unit vectors, shape (rows, dimensions).
        others: unit vectors to be near to; the other rows of ``vectors`` if left out.

    Returns:
        Distances from 0 to 2, shape (rows,); ``None`` where there is no row, or none to be near to.
    """
    among = vectors if others is None else others
    if not len(vectors) or len(among) < (2 if others is None else 1):
        return None
    nearest = np.full(len(vectors), np.inf)
    for target in _starts(len(among)):
        targets = among[target : target + WIDE_BLOCK_ROWS].astype(np.float64)
        for start in range(0, len(vectors), BLOCK_ROWS):
            block = vectors[start : start + BLOCK_ROWS]
            cosines = block.astype(np.float64) @ targets.T
            if others is None:
                own = np.arange(max(start, target), min(start + len(block), target + len(targets)))
                cosines[own - start, own - target] = -np.inf
            here = nearest[start : start + BLOCK_ROWS]
            np.minimum(here, 1 - cosines.max(axis=1), out=here)
    return nearest.clip(min=0)


def _starts(rows: int) -> range:
    return range(0, rows, WIDE_BLOCK_ROWS)
