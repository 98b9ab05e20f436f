"""Fewer dimensions whose products are never below those of the whole vectors.

A unit vector ``x`` is split into its part ``p`` in the span of the first principal directions and the rest ``r``. By
Cauchy-Schwarz ``x . y = p . p' + r . r' <= p . p' + |r| |r'|``, the product of ``(p, |r|)`` and ``(p', |r'|)``: again
unit vectors, of one dimension more than were kept. So no near pair is lost by comparing these, and few others are taken
for one where most of the length lies in the directions kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARE = 3
"""The dimensions are cut to one in so many."""
LENGTH_KEPT = 0.8
"""Least mean squared length in the directions kept for which it is worth it."""
ASKED = 4000
"""Rows that the directions are taken from."""


def shortened(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return shorter vectors with products at least as high, up to 1e-3 of rounding; the same ones if not worth it.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions).
    """
    sample = vectors[:: max(1, len(vectors) // ASKED)].astype(np.float64)
    lengths, directions = np.linalg.eigh(sample.T @ sample / len(sample))
    number = vectors.shape[1] // SHARE
    if number == 0 or lengths[-number:].sum() < LENGTH_KEPT * lengths.sum():
        return vectors
    short = np.empty((len(vectors), number + 1), dtype=np.float32)
    np.matmul(vectors, directions[:, -number:].astype(np.float32), out=short[:, :number])
    squares = np.einsum("ij,ij->i", short[:, :number], short[:, :number], dtype=np.float64)
    short[:, number] = np.sqrt(np.maximum(0, 1 - squares))
    return short
